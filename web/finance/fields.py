"""The lines of the entry form as shown: accounts found, and the dimensions that each asks for."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from erp.base.uow import UnitOfWork
from erp.finance.drafts.model import TypedRow, TypedSide
from erp.finance.journal import service
from erp.finance.journal.model import Account, DimensionValue
from ledger.model import Dimension


@dataclass(frozen=True)
class DimensionField:
    dimension: Dimension
    code: str
    label: str
    verified: bool
    mandatory: bool

    @property
    def slug(self) -> str:
        return self.dimension.slug


@dataclass(frozen=True)
class SideFields:
    """One side as the form shows it: the account typed, the account found, and the dimensions it asks for."""

    typed: str
    account: Account | None
    fields: tuple[DimensionField, ...]
    quantity: str | None = None
    """As typed; ``None`` where it is not asked for."""
    currency_amount: str = ""

    @property
    def asked(self) -> list[DimensionField]:
        """Fields that must be filled, or are."""
        return [f for f in self.fields if self._is_asked(f)]

    @property
    def optional(self) -> list[DimensionField]:
        return [f for f in self.fields if not self._is_asked(f)]

    def _is_asked(self, field: DimensionField) -> bool:
        return bool(field.mandatory or field.code or (field.slug == "currency" and self.currency_amount))


@dataclass(frozen=True)
class LineFields:
    debit: SideFields
    credit: SideFields
    amount: str
    memo: str


def all_verified(values: Iterable[DimensionValue]) -> bool:
    return all(value.verified for value in values)


_BLANK_SIDE = SideFields("", None, ())
BLANK_LINE = LineFields(_BLANK_SIDE, _BLANK_SIDE, "", "")


class Chart:
    """The chart on a day with the labels of the values typed: what a form needs to show its lines."""

    def __init__(self, uow: UnitOfWork, sides: Iterable[TypedSide], day: date, language: str) -> None:
        self._accounts = {a.code: a for a in service.accounts(uow, day)}
        wanted = {(Dimension.of(slug), code) for side in sides for slug, code in side.dimensions.items()}
        self._labels = service.labels(uow, wanted, on=day)
        self._language = language

    def side(self, side: TypedSide) -> SideFields:
        account = self._accounts.get(side.account)
        permitted = account.permitted | account.mandatory if account and account.postable else Dimension(0)
        asked = [d for d in Dimension if d in permitted or d.slug in side.dimensions]
        if side.currency_amount and Dimension.CURRENCY not in asked:
            asked.append(Dimension.CURRENCY)
        counted = side.quantity or (account is not None and account.keeps_quantity)
        return SideFields(
            side.account,
            account,
            tuple(self._field(d, side, account) for d in asked),
            side.quantity if counted else None,
            side.currency_amount,
        )

    def line(self, line: TypedRow) -> LineFields:
        return LineFields(self.side(line.debit), self.side(line.credit), line.amount, line.memo)

    def _field(self, dimension: Dimension, side: TypedSide, account: Account | None) -> DimensionField:
        code = side.dimensions.get(dimension.slug, "")
        mandatory = account is not None and dimension in account.mandatory
        if not code:
            return DimensionField(dimension, "", "", True, mandatory)
        value = self._labels[dimension, code]
        label = value.label(self._language)
        return DimensionField(dimension, code, "" if label == code else label, value.verified, mandatory)
