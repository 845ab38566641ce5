from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from erp.base.errors import DomainError
from ledger.model import Dimension, SubaccountKey

ACCOUNT = "account"
RECODED = (
    Dimension.PROGRAMME, Dimension.SPECIFIC, Dimension.SOURCE, Dimension.COUNTERPARTY, Dimension.CONTRACT,
    Dimension.ITEM, Dimension.PROJECT,
)  # fmt: skip
"""Dimensions whose values may be recoded; persons keep their own, and a currency is what it is."""


@dataclass(frozen=True, slots=True)
class Line:
    """One old code and what it becomes; ``what`` is ``account``, or the dimension the code is a value of."""

    what: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Recoding:
    """A mapping table with the day it takes effect, for everybody's books or for one organisation's."""

    id: int
    books_of: int | None
    title: str
    effective_on: date
    created_by: str
    created_at: datetime
    ended_at: datetime | None
    """When the old codes were ended, of a recoding for everybody; ``None`` while they are not."""
    lines: tuple[Line, ...] = ()

    @property
    def is_for_all(self) -> bool:
        return self.books_of is None

    def mapping(self, what: str) -> dict[str, str]:
        return {line.old: line.new for line in self.lines if line.what == what}


@dataclass(frozen=True, slots=True)
class AccountEdition:
    """A row of the chart: an account over the days it counts."""

    id: int
    code: str
    name_kk: str
    name_ru: str
    name_en: str
    kind: str
    normal_side: str
    postable: bool
    mandatory: Dimension
    permitted: Dimension
    keeps_quantity: bool
    role: str
    first: date | None
    last: date | None
    """The first day it no longer counts; ``None`` while it does."""

    def name(self, language: str) -> str:
        return str(getattr(self, f"name_{language}"))

    def counts_on(self, day: date) -> bool:
        return (self.first is None or self.first <= day) and (self.last is None or day < self.last)

    @property
    def is_of_one_year(self) -> bool:
        """Whether the close of a year brings it to zero."""
        return self.kind in ("revenue", "expense")


@dataclass(frozen=True, slots=True)
class Registers:
    """What the registers say of the codes of a mapping: the chart's rows by code, and values not known on the days."""

    accounts: Mapping[str, tuple[AccountEdition, ...]]
    unknown_before: frozenset[tuple[str, str]]
    """Old values that were not in force on the day before the effect."""
    unknown_after: frozenset[tuple[str, str]]
    """New values that are not in force on the day of the effect."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A balance of one subaccount that a recoding concerns; debit positive, in all its measures."""

    subaccount_id: int
    account: AccountEdition
    codes: tuple[str, ...]
    """One a dimension, in the order of ``Dimension``."""
    balance_tiyn: int
    quantity_milli: int
    currency_minor: int
    moved_since: bool
    """Whether entries dated on or after the effect changed it."""


@dataclass(frozen=True, slots=True)
class Move:
    """A balance and where it goes; ``faults`` say why it cannot."""

    standing: Standing
    account: AccountEdition | None
    codes: tuple[str, ...]
    faults: tuple[DomainError, ...]

    @property
    def target(self) -> SubaccountKey:
        assert self.account is not None
        return SubaccountKey(self.account.id, self.codes)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a recoding would do to one organisation's books."""

    recoding: Recoding
    organisation_id: int
    faults: tuple[DomainError, ...]
    """Of the mapping itself."""
    moves: tuple[Move, ...]
    rounds: int
    """How often balances were moved already."""

    @property
    def is_possible(self) -> bool:
        return not self.faults and not any(move.faults for move in self.moves)

    @property
    def all_faults(self) -> tuple[DomainError, ...]:
        return (*self.faults, *(fault for move in self.moves for fault in move.faults))


class Outcome(StrEnum):
    MOVED = "moved"
    NOTHING = "nothing"
    """There was no balance on old codes."""


@dataclass(frozen=True, slots=True)
class Applied:
    outcome: Outcome
    round: int
    postings: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a recoding for everybody has come in one organisation; no sums."""

    organisation_id: int
    unmoved: int
    """Balances that still stand on old codes."""
    rounds: int
    moved_at: datetime | None
