"""The nouns of the journal as pages and programs see them.  Amounts are integer tiyn."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Generic, TypeVar

from erp.base.dates import MonthSpan
from erp.reference.trail.model import EntrySubject
from ledger.model import Dimension

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the chart, with what its postings must and may name."""

    id: int
    code: str
    parent_id: int | None
    name_kk: str
    name_ru: str
    name_en: str
    kind: str
    normal_side: str
    postable: bool
    mandatory: Dimension
    permitted: Dimension
    keeps_quantity: bool
    confidence: str
    role: str
    """What the program itself uses it for: ``year_result``, ``earlier_years``, ``contra``; mostly empty."""

    def name(self, language: str) -> str:
        return str(getattr(self, f"name_{language}"))

    @property
    def verified(self) -> bool:
        """Whether the package is sure enough of this row to pass it as official."""
        return self.confidence in ("verified", "high")

    @property
    def is_off_balance(self) -> bool:
        return self.kind == "off_balance"

    @property
    def is_contra(self) -> bool:
        """Whether it is the hidden other side of single-sided entries."""
        return self.role == "contra"


@dataclass(frozen=True, slots=True)
class Journal:
    id: int
    code: str
    name_kk: str
    name_ru: str
    name_en: str
    confidence: str

    def name(self, language: str) -> str:
        return str(getattr(self, f"name_{language}"))


@dataclass(frozen=True, slots=True)
class Month:
    """A month the books are kept for, by its first day: ``open``, ``restricted`` or ``closed``."""

    month: date
    state: str


@dataclass(frozen=True, slots=True)
class PeriodChange:
    """A lock of a month put on or loosened: who, when, from where, why."""

    month: date
    was: str
    state: str
    reason: str
    actor: str
    origin: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Year:
    """A year the books are kept for, ``open`` or ``closed``; what says more is absent while it is open."""

    year: int
    state: str
    closed_at: datetime | None
    closed_by: str | None
    result_tiyn: int | None
    """Surplus of the year, a deficit negative."""


@dataclass(frozen=True, slots=True)
class DimensionValue:
    """A code with its label; the label is the code itself where no register names it."""

    dimension: Dimension
    code: str
    label_kk: str
    label_ru: str
    label_en: str
    verified: bool = True
    """Whether the register is sure enough of the row to pass it as official."""

    def label(self, language: str) -> str:
        return str(getattr(self, f"label_{language}"))


@dataclass(frozen=True, slots=True)
class Measured:
    """A quantity (of ``unit`` ""), or an amount of the currency ``unit``: ``scaled`` by ten to the power ``places``."""

    unit: str
    places: int
    scaled: int


@dataclass(frozen=True, slots=True)
class Movement:
    """What stood at the beginning (debit positive), and both turnovers."""

    opening: int = 0
    debit: int = 0
    credit: int = 0

    def __bool__(self) -> bool:
        return bool(self.opening or self.debit or self.credit)

    def __add__(self, other: "Movement") -> "Movement":
        return Movement(self.opening + other.opening, self.debit + other.debit, self.credit + other.credit)

    @property
    def closing(self) -> int:
        return self.opening + self.debit - self.credit


NOTHING = Movement()


@dataclass(frozen=True, slots=True)
class MeasuredMovement:
    """A movement in quantity (of ``unit`` ""), or in the currency ``unit``; scaled by ten to the power ``places``."""

    unit: str
    places: int
    scaled: Movement

    def at(self, scaled: int) -> Measured:
        """A standing of the same measure."""
        return Measured(self.unit, self.places, scaled)


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a posting: an account, the dimensions it names, and the quantity or currency amount it is of."""

    account: Account
    dimensions: tuple[DimensionValue, ...]
    quantity: Measured | None = None
    currency: Measured | None = None

    @property
    def negative(self) -> "Side":
        """The same side with its quantity and currency amount taken away instead of added."""
        quantity, currency = (
            measured and replace(measured, scaled=-measured.scaled) for measured in (self.quantity, self.currency)
        )
        return replace(self, quantity=quantity, currency=currency)


@dataclass(frozen=True, slots=True)
class PostingView:
    """A side is absent where the other is an off-balance account's: people see such a posting single-sided."""

    no: int
    debit: Side | None
    credit: Side | None
    amount_tiyn: int
    memo: str | None


@dataclass(frozen=True, slots=True)
class CorrectionView:
    """The other end of a storno or reversal: which entry cancels, or is cancelled."""

    entry_id: int
    fiscal_year: int
    number: int
    effective_on: date
    reason: str
    kind: str
    """Of the correction: ``storno`` or ``reversal``."""
    through_earlier_years: bool
    """Whether revenue and expense of a closed year were corrected through the result of earlier years."""


@dataclass(frozen=True, slots=True)
class SourceView:
    """Where an entry came from; ``file_name`` and ``line`` for an import."""

    kind: str
    file_name: str | None
    line: int | None


@dataclass(frozen=True, slots=True)
class EntryView:
    """A posted entry whole, with all that says where it came from."""

    organisation_id: int
    id: int
    fiscal_year: int
    journal: Journal
    number: int
    kind: str
    effective_on: date
    recorded_at: datetime
    actor: str
    origin: str
    memo: str
    document_number: str
    document_on: date | None
    source: SourceView
    postings: tuple[PostingView, ...]
    cancelled_by: CorrectionView | None
    cancels: CorrectionView | None

    @property
    def subject(self) -> str:
        """What the trail, files and comments know it by."""
        return str(EntrySubject(self.organisation_id, self.fiscal_year, self.id))

    @property
    def amount_tiyn(self) -> int:
        return sum(p.amount_tiyn for p in self.postings)


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """What a journal list is narrowed to; ``None`` does not narrow."""

    span: MonthSpan | None = None
    journal: str | None = None
    account: str | None = None
    """An account's code, or its beginning."""
    text: str | None = None


@dataclass(frozen=True, slots=True)
class EntryRow:
    """A line of the journal list; an account is empty where the posting is single-sided."""

    id: int
    fiscal_year: int
    journal_code: str
    number: int
    kind: str
    effective_on: date
    memo: str
    document_number: str
    amount_tiyn: int
    postings: int
    debit_account: str
    """Account of the first posting's debit side."""
    credit_account: str
    cancelled: bool


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows and the cursor of the next; ``None`` at the end."""

    rows: tuple[T, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Sums:
    """Opening balance and turnovers of one account, or of one subaccount with its dimension codes."""

    account_id: int
    subaccount_id: int | None
    codes: tuple[str, ...]
    opening_tiyn: int
    debit_tiyn: int
    credit_tiyn: int
    quantity_milli: Movement = NOTHING
    currency_minor: Movement = NOTHING
    """In the currency among ``codes``."""


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """A line of a trial balance; each balance stands on one side only."""

    account: Account
    subaccount_id: int | None
    """Where the line is one subaccount's."""
    dimensions: tuple[DimensionValue, ...]
    opening_tiyn: int
    """Debit positive, credit negative."""
    debit_tiyn: int
    credit_tiyn: int
    quantity: MeasuredMovement | None = None
    """Of one subaccount that is kept in quantities."""
    currency: MeasuredMovement | None = None

    @property
    def closing_tiyn(self) -> int:
        return self.opening_tiyn + self.debit_tiyn - self.credit_tiyn


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """Opening balances, turnovers and closing balances of a span of months.

    Headings sum their accounts and are not part of the totals.
    """

    rows: tuple[BalanceRow, ...]
    opening_debit_tiyn: int
    opening_credit_tiyn: int
    debit_tiyn: int
    credit_tiyn: int
    closing_debit_tiyn: int
    closing_credit_tiyn: int


@dataclass(frozen=True, slots=True)
class CardMeasures:
    """How what a card is of moved in one item and one currency."""

    item: str
    currency: str
    quantity_milli: Movement
    currency_minor: Movement

    @property
    def codes(self) -> tuple[str, ...]:
        named = {Dimension.ITEM: self.item, Dimension.CURRENCY: self.currency}
        return tuple(named.get(dimension, "") for dimension in Dimension)


@dataclass(frozen=True, slots=True)
class CardLine:
    """One posting seen from an account, with the balance after it (debit positive)."""

    entry_id: int
    fiscal_year: int
    no: int
    journal_code: str
    number: int
    kind: str
    effective_on: date
    memo: str
    document_number: str
    corresponding_account: str
    dimensions: tuple[DimensionValue, ...]
    debit_tiyn: int
    credit_tiyn: int
    balance_tiyn: int
    quantity: Measured | None
    """On the posting's own side, as its amount is."""
    quantity_balance: Measured | None
    currency: Measured | None
    currency_balance: Measured | None

    @property
    def is_debit(self) -> bool:
        return self.debit_tiyn != 0


@dataclass(frozen=True, slots=True)
class AccountCard:
    """The postings of an account, or of one subaccount of it, whose ``dimensions`` it then names.

    It has balances of quantity where all of it is one item's, and of a currency where all of it is one currency's.
    """

    account: Account
    dimensions: tuple[DimensionValue, ...]
    opening_tiyn: int
    debit_tiyn: int
    """Turnover of the whole span, not of the page."""
    credit_tiyn: int
    lines: Page[CardLine]
    quantity: MeasuredMovement | None
    currency: MeasuredMovement | None

    @property
    def closing_tiyn(self) -> int:
        return self.opening_tiyn + self.debit_tiyn - self.credit_tiyn
