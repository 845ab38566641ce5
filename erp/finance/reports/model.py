"""The nouns of the reports.  Amounts are integer tiyn."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from erp.finance.journal.model import Account, BalanceRow, DimensionValue, Journal
from ledger.model import Dimension


class Part(StrEnum):
    """What of an account a figure counts; the two balances and the net of both turnovers are debit less credit."""

    OPENING = "opening"
    DEBIT = "debit"
    CREDIT = "credit"
    TURNOVER = "turnover"
    CLOSING = "closing"


class Step(StrEnum):
    """How turnovers are told apart in time."""

    MONTH = "month"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Figure:
    """The sides of postings that one figure of a report sums.

    ``None`` does not narrow; without an account all but the off-balance ones count.
    """

    part: Part
    account: str | None = None
    """Code of an account, with all its editions, or of a heading with all below it."""
    edition: int | None = None
    """Id of one edition of the account, where a report tells them apart."""
    against: str | None = None
    """Code of the corresponding account; empty for the hidden side of a single-sided posting."""
    dimensions: Mapping[Dimension, str] = field(default_factory=dict)
    """Values that the side names; an empty code: those sides that name none."""
    journal: str | None = None
    since: date | None = None
    """First day of the turnovers counted, and the day after the last, where they are not all of the span's."""
    until: date | None = None


@dataclass(frozen=True, slots=True)
class PairSum:
    """Turnover of one account's debit with another's credit, by account id."""

    debit_id: int
    credit_id: int
    on: date | None
    """First day of the month, or the day, where turnovers are told apart in time."""
    journal_id: int | None
    amount_tiyn: int
    postings: int


@dataclass(frozen=True, slots=True)
class Turnover:
    debit_tiyn: int = 0
    credit_tiyn: int = 0

    def __bool__(self) -> bool:
        return bool(self.debit_tiyn or self.credit_tiyn)

    def __add__(self, other: "Turnover") -> "Turnover":
        return Turnover(self.debit_tiyn + other.debit_tiyn, self.credit_tiyn + other.credit_tiyn)

    @property
    def net_tiyn(self) -> int:
        return self.debit_tiyn - self.credit_tiyn


@dataclass(frozen=True, slots=True)
class Analysis:
    """Turnovers of an account with each corresponding account, in the order of codes."""

    account: Account
    opening_tiyn: int
    """Debit positive."""
    rows: tuple[tuple[Account, Turnover], ...]

    @property
    def turnover(self) -> Turnover:
        return sum((turnover for _, turnover in self.rows), Turnover())

    @property
    def closing_tiyn(self) -> int:
        return self.opening_tiyn + self.turnover.net_tiyn


@dataclass(frozen=True, slots=True)
class BookRow:
    """A month or a day of an account: with which accounts it turned over, and what stands after it."""

    on: date
    by_account: Mapping[str, Turnover]
    turnover: Turnover
    closing_tiyn: int


@dataclass(frozen=True, slots=True)
class Book:
    """An account month by month (the general ledger book) or day by day (the journal-order)."""

    account: Account
    step: Step
    opening_tiyn: int
    debited_with: tuple[str, ...]
    """Codes of the accounts credited when this one is debited; empty for the hidden side."""
    credited_with: tuple[str, ...]
    rows: tuple[BookRow, ...]

    @property
    def by_account(self) -> dict[str, Turnover]:
        totals: dict[str, Turnover] = {}
        for row in self.rows:
            for code, turnover in row.by_account.items():
                totals[code] = totals.get(code, Turnover()) + turnover
        return totals

    @property
    def turnover(self) -> Turnover:
        return sum((row.turnover for row in self.rows), Turnover())

    @property
    def closing_tiyn(self) -> int:
        return self.rows[-1].closing_tiyn if self.rows else self.opening_tiyn


@dataclass(frozen=True, slots=True)
class Chessboard:
    """Debit accounts down, credit accounts across; off-balance accounts stand outside."""

    debits: tuple[Account, ...]
    credits: tuple[Account, ...]
    cells: Mapping[tuple[str, str], int]

    @property
    def total_tiyn(self) -> int:
        return sum(self.cells.values())

    def debit_total(self, code: str) -> int:
        return sum(amount for (debit, _), amount in self.cells.items() if debit == code)


@dataclass(frozen=True, slots=True)
class OrderRow:
    """Postings of one correspondence together."""

    debit: Account
    credit: Account
    amount_tiyn: int
    postings: int

    @property
    def is_off_balance(self) -> bool:
        return self.debit.is_off_balance


@dataclass(frozen=True, slots=True)
class MemorialOrder:
    """A journal's postings of a month by correspondence; off-balance ones stand below and outside the total."""

    journal: Journal
    month: date
    rows: tuple[OrderRow, ...]

    @property
    def total_tiyn(self) -> int:
        return sum(row.amount_tiyn for row in self.rows if not row.is_off_balance)

    @property
    def postings(self) -> int:
        return sum(row.postings for row in self.rows if not row.is_off_balance)


@dataclass(frozen=True, slots=True)
class ValueRow:
    """A value of a dimension with the accounts kept by it; off-balance ones are not part of its sums."""

    value: DimensionValue | None
    """``None`` where none is named."""
    accounts: tuple[BalanceRow, ...]
    opening_tiyn: int
    debit_tiyn: int
    credit_tiyn: int

    @property
    def closing_tiyn(self) -> int:
        return self.opening_tiyn + self.debit_tiyn - self.credit_tiyn


@dataclass(frozen=True, slots=True)
class Compared:
    """The same figure of two periods."""

    account: Account
    dimensions: tuple[DimensionValue, ...]
    is_heading: bool
    first_tiyn: int
    second_tiyn: int

    @property
    def difference_tiyn(self) -> int:
        return self.second_tiyn - self.first_tiyn


@dataclass(frozen=True, slots=True)
class SideLine:
    """A side of a posting, as the list behind a figure shows it."""

    entry_id: int
    fiscal_year: int
    no: int
    side: int
    """0 debit, 1 credit."""
    journal_code: str
    number: int
    kind: str
    effective_on: date
    memo: str
    document_number: str
    debit_account: str
    """Empty where the posting is single-sided."""
    credit_account: str
    codes: tuple[str, ...]
    """Of the side, in the order of ``Dimension``."""
    amount_tiyn: int
    """Of a balance or a net turnover, credit negative."""


@dataclass(frozen=True, slots=True)
class Behind:
    """What is behind a figure: all of it, and a page of the list."""

    total_tiyn: int
    count: int
    lines: tuple[SideLine, ...]
    dimensions: Mapping[tuple[Dimension, str], DimensionValue]
    next_cursor: str | None

    def named(self, line: SideLine) -> tuple[DimensionValue, ...]:
        return tuple(self.dimensions[d, code] for d, code in zip(Dimension, line.codes, strict=False) if code)


@dataclass(frozen=True, slots=True)
class PostingLine:
    """A posting whole, as exports list it; codes of dimensions in the order of ``Dimension``."""

    effective_on: date
    journal_code: str
    number: int
    no: int
    kind: str
    document_number: str
    document_on: date | None
    memo: str
    debit_account: str
    debit_codes: tuple[str, ...]
    credit_account: str
    credit_codes: tuple[str, ...]
    amount_tiyn: int


@dataclass(frozen=True, slots=True)
class SavedView:
    """What somebody asks of a report, under a name."""

    id: int
    owner_id: int
    owner: str
    name: str
    report: str
    """Its address below the organisation's: ``reports/chessboard``."""
    query: str
    shared_with: str | None
    """Role whose holders here see it too."""
    saved_at: datetime
    is_start: bool
    """Whether the asker begins with it."""

    @property
    def address(self) -> str:
        return f"{self.report}?{self.query}" if self.query else self.report
