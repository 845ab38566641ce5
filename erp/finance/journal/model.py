"""The nouns of the journal as pages and programs see them.  Amounts are integer tiyn."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, TypeVar

from erp.base.dates import MonthSpan
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

    def name(self, language: str) -> str:
        return str(getattr(self, f"name_{language}"))

    @property
    def verified(self) -> bool:
        """Whether the package is sure enough of this row to pass it as official."""
        return self.confidence in ("verified", "high")


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
    """A month the books are kept for, by its first day: ``open`` or ``closed``."""

    month: date
    state: str


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
class Side:
    """One side of a posting: an account and the dimensions it names."""

    account: Account
    dimensions: tuple[DimensionValue, ...]


@dataclass(frozen=True, slots=True)
class PostingView:
    no: int
    debit: Side
    credit: Side
    amount_tiyn: int
    memo: str | None


@dataclass(frozen=True, slots=True)
class CorrectionView:
    """The other end of a storno: which entry cancels, or is cancelled."""

    entry_id: int
    fiscal_year: int
    number: int
    reason: str


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
    """A line of the journal list."""

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


@dataclass(frozen=True, slots=True)
class AccountCard:
    """The postings of an account, or of one subaccount of it, whose ``dimensions`` it then names."""

    account: Account
    dimensions: tuple[DimensionValue, ...]
    opening_tiyn: int
    debit_tiyn: int
    """Turnover of the whole span, not of the page."""
    credit_tiyn: int
    lines: Page[CardLine]

    @property
    def closing_tiyn(self) -> int:
        return self.opening_tiyn + self.debit_tiyn - self.credit_tiyn
