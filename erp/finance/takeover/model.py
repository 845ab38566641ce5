"""The nouns of a takeover.  Amounts are integer tiyn; *theirs* is the other program's, *ours* what is kept here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from erp.base.dates import MonthSpan
from ledger.model import Dimension


class State(StrEnum):
    UNDER_WAY = "under-way"
    FINISHED = "finished"
    GIVEN_UP = "given-up"


class Kind(StrEnum):
    """What a file of the other program is."""

    CHART = "chart"
    BALANCE = "balance"
    JOURNAL = "journal"
    COUNTERPARTIES = "counterparties"


@dataclass(frozen=True, slots=True)
class Takeover:
    """An institution that moves over: from which day, from which program."""

    id: int
    starts_on: date
    source_program: str
    state: State
    begun_by: str
    begun_at: datetime

    @property
    def is_under_way(self) -> bool:
        return self.state is State.UNDER_WAY


@dataclass(frozen=True, slots=True)
class Heading:
    """A column that was recognised: what it holds, where it stands, how the file calls it."""

    field: str
    letter: str
    words: str


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a file was taken for, and by which headings."""

    kind: Kind
    head_row: int
    headings: tuple[Heading, ...]
    ignored: tuple[str, ...]
    span: MonthSpan | None = None
    """Months that the file says it is of."""


@dataclass(frozen=True, slots=True)
class File:
    """A file taken in; ``set_aside_at`` where it counts no more."""

    id: int
    kind: Kind
    name: str
    sha256: bytes
    first_on: date | None
    last_on: date | None
    head_row: int
    recognised: Mapping[str, object]
    row_count: int
    amount_tiyn: int
    taken_by: str
    taken_at: datetime
    set_aside_at: datetime | None

    @property
    def span(self) -> MonthSpan:
        assert self.first_on is not None
        assert self.last_on is not None
        return MonthSpan.of(self.first_on, self.last_on)


# ------------------------------------------------------------------------------------------------ rows of files


@dataclass(frozen=True, slots=True)
class Side:
    """A side as the other program names it: an account and values of its analysis; no account: single-sided."""

    account: str
    subconto: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the other program."""

    code: str
    name: str
    nature: str = ""
    """``active``, ``passive``, ``both``; empty where no chart said."""
    off_balance: bool = False
    subconto: tuple[str, ...] = ()
    """Kinds of its analysis."""


@dataclass(frozen=True, slots=True)
class Six:
    """The six figures of a row of a trial balance."""

    opening_debit: int = 0
    opening_credit: int = 0
    debit: int = 0
    credit: int = 0
    closing_debit: int = 0
    closing_credit: int = 0

    @property
    def net(self) -> tuple[int, int, int, int]:
        """Opening and closing debit less credit, and both turnovers: what parts add up to, however they are shown."""
        return (
            self.opening_debit - self.opening_credit,
            self.debit,
            self.credit,
            self.closing_debit - self.closing_credit,
        )

    def __add__(self, other: "Six") -> "Six":
        return Six(
            self.opening_debit + other.opening_debit,
            self.opening_credit + other.opening_credit,
            self.debit + other.debit,
            self.credit + other.credit,
            self.closing_debit + other.closing_debit,
            self.closing_credit + other.closing_credit,
        )


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """A row of their trial balance; ``counted`` where no row below tells its parts."""

    row_no: int
    side: Side
    name: str
    depth: int
    counted: bool
    off_balance: bool
    figures: Six
    quantity_milli: int | None
    cells: tuple[str, ...]

    @property
    def place(self) -> str:
        return f"A{self.row_no}"


@dataclass(frozen=True, slots=True)
class Unread:
    """Why a row cannot be read: a refusal kept as its template and its facts."""

    code: str
    template: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PostingRow:
    """A row of their journal; what could not be read is absent, and ``unread`` says why."""

    row_no: int
    document_row: int
    no: int
    on: date | None
    document: str
    document_number: str
    document_on: date | None
    memo: str
    debit: Side
    credit: Side
    amount_tiyn: int | None
    cells: tuple[str, ...]
    debit_quantity_milli: int | None = None
    credit_quantity_milli: int | None = None
    debit_currency_minor: int | None = None
    credit_currency_minor: int | None = None
    unread: Unread | None = None


@dataclass(frozen=True, slots=True)
class CounterpartyRow:
    """A row of their list of counterparties; ``code`` is the BIN or IIN as written, right or wrong."""

    row_no: int
    name: str
    full_name: str
    code: str
    iban: str
    bank: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Contents:
    """What is in a file, whichever kind it is."""

    recognised: Recognised
    accounts: tuple[Account, ...] = ()
    balances: tuple[BalanceRow, ...] = ()
    postings: tuple[PostingRow, ...] = ()
    counterparties: tuple[CounterpartyRow, ...] = ()

    @property
    def rows(self) -> int:
        listed = self.accounts if self.recognised.kind is Kind.CHART else ()
        return len(self.balances) + len(self.postings) + len(self.counterparties) + len(listed)

    @property
    def amount_tiyn(self) -> int:
        turned = sum(row.figures.debit for row in self.balances if row.counted)
        return turned + sum(row.amount_tiyn or 0 for row in self.postings)


# ------------------------------------------------------------------------------------------------ mapping


@dataclass(frozen=True, slots=True)
class Decision:
    """What an account of the other program becomes, as the last decision says."""

    account: str
    ours: str
    dimensions: tuple[str, ...] = ()
    """By place of the analysis, the dimension its values become; empty where they are not kept."""
    fixed: Mapping[str, str] = field(default_factory=dict)
    score: int | None = None
    why: str = ""
    decided_by: str = ""
    decided_at: datetime | None = None


class Why(StrEnum):
    """What a suggestion rests on."""

    SAME_CODE = "same-code"
    SAME_DIGITS = "same-digits"
    ABOVE = "above"
    CORRESPONDENCE = "correspondence"
    NAME = "name"
    EARLIER = "earlier"
    CHOSEN = "chosen"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Our account for one of theirs: how sure, from 0 to 100, and why."""

    account: str
    ours: str
    dimensions: tuple[str, ...]
    score: int
    why: Why


@dataclass(frozen=True, slots=True)
class AccountLine:
    """An account of the other program with what it becomes, or could."""

    account: Account
    name: str
    """Repaired."""
    uses: int
    """Rows of files that name it."""
    decision: Decision | None
    suggestion: Suggestion | None


@dataclass(frozen=True, slots=True)
class ValueLine:
    """A value of their analysis that becomes one of a dimension: the code, if it is decided or can be proposed."""

    dimension: Dimension
    said: str
    shown: str
    """Repaired."""
    uses: int
    code: str
    proposed: str
    why: str
    known: bool
    """Whether the register has the code; true where the dimension has no register."""


@dataclass(frozen=True, slots=True)
class OurSide:
    """Where a side of theirs stands here: an account's code, and codes in the order of ``Dimension``."""

    account: str
    codes: tuple[str, ...]


# ------------------------------------------------------------------------------------------------ parallel run


@dataclass(frozen=True, slots=True)
class Difference:
    """A side on which the two trial balances differ; ``account`` begins with ? for one of theirs mapped to none."""

    account: str
    codes: tuple[str, ...]
    theirs_opening: int
    theirs_debit: int
    theirs_credit: int
    ours_opening: int
    ours_debit: int
    ours_credit: int
    reason: str = ""
    explained_by: str = ""
    explained_at: datetime | None = None

    @property
    def opening(self) -> int:
        """Ours less theirs, debit positive; the turnovers alike."""
        return self.ours_opening - self.theirs_opening

    @property
    def debit(self) -> int:
        return self.ours_debit - self.theirs_debit

    @property
    def credit(self) -> int:
        return self.ours_credit - self.theirs_credit

    @property
    def closing(self) -> int:
        return self.opening + self.debit - self.credit

    @property
    def theirs_closing(self) -> int:
        return self.theirs_opening + self.theirs_debit - self.theirs_credit

    @property
    def ours_closing(self) -> int:
        return self.ours_opening + self.ours_debit - self.ours_credit

    @property
    def size(self) -> int:
        """How far apart they are: what the opening balance brought, and what the months themselves added."""
        return abs(self.opening) + abs(self.debit) + abs(self.credit)

    @property
    def is_carried(self) -> bool:
        """Whether it came with the opening balance, and the months themselves agree."""
        return not (self.debit or self.credit)

    @property
    def is_explained(self) -> bool:
        return bool(self.reason)

    @property
    def is_unmapped(self) -> bool:
        return self.account.startswith("?")


@dataclass(frozen=True, slots=True)
class Agreement:
    agreed_by: str
    agreed_at: datetime
    sides: int


@dataclass(frozen=True)
class Comparison:
    """Their trial balance of some months against ours: the sides that differ, and how much was compared."""

    file: File
    differences: tuple[Difference, ...]
    sides: int
    turnover_tiyn: int
    agreement: Agreement | None

    @property
    def size(self) -> int:
        """Sum of the absolute differences."""
        return sum(d.size for d in self.differences)

    @property
    def unexplained(self) -> int:
        return sum(d.size for d in self.differences if not d.is_explained)

    @property
    def is_equal(self) -> bool:
        return not self.differences


@dataclass(frozen=True, slots=True)
class TheirLine:
    """A posting of theirs behind a difference; ``entry_id`` where it was posted here."""

    file_id: int
    row_no: int
    on: date
    document: str
    memo: str
    debit: str
    credit: str
    amount_tiyn: int
    entry_id: int | None

    @property
    def place(self) -> str:
        return f"A{self.row_no}"


@dataclass(frozen=True, slots=True)
class OurLine:
    """A posting of ours behind a difference."""

    entry_id: int
    number: int
    journal: str
    on: date
    memo: str
    debit: str
    credit: str
    amount_tiyn: int


@dataclass(frozen=True)
class Drill:
    """What is behind a difference: pairs of the same day, amount and correspondence set aside, and what is left."""

    paired: int
    theirs: tuple[TheirLine, ...]
    ours: tuple[OurLine, ...]
    near: tuple[tuple[TheirLine, OurLine], ...]
    """Left on both sides with the same amount: likely the same with another day or account."""


# ------------------------------------------------------------------------------------------------ how far it is


@dataclass(frozen=True, slots=True)
class Batch:
    """What was posted at once."""

    id: int
    kind: str
    file_id: int
    month: date
    entries: int
    postings: int
    amount_tiyn: int
    rows_left: int
    actor: str
    posted_at: datetime


@dataclass(frozen=True, slots=True)
class MonthLine:
    """A month of their journal: how many of its documents are here."""

    month: date
    file_id: int
    rows: int
    documents: int
    posted: int
    """Documents."""
    amount_tiyn: int


@dataclass(frozen=True)
class Refused:
    """A row of their journal that is not posted, and why."""

    row: PostingRow
    column: str
    """``debit``, ``credit``, or empty for the row itself."""
    error: Exception | Unread


@dataclass(frozen=True)
class Path:
    """How far a takeover is, in the order of its steps."""

    files: tuple[File, ...]
    accounts: int
    mapped: int
    values: int
    valued: int
    words: int
    """Words of old fonts that nobody has decided on."""
    counterparties: int
    linked: int
    opening: Batch | None
    months: tuple[MonthLine, ...]
    comparisons: tuple[Comparison, ...]

    def has(self, kind: Kind) -> bool:
        return any(f.kind is kind for f in self.files)

    @property
    def next_step(self) -> str:
        """What to do now: the first step that is not done."""
        if not self.has(Kind.BALANCE):
            return "files"
        if self.words:
            return "words"
        if self.linked < self.counterparties:
            return "counterparties"
        if self.mapped < self.accounts:
            return "accounts"
        if self.valued < self.values:
            return "values"
        if self.opening is None:
            return "opening"
        if any(month.posted < month.documents for month in self.months):
            return "months"
        return "compare"
