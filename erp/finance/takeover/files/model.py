"""What the files of another program hold, row by row."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from erp.finance.takeover.model import Account, Kind, Recognised, Side


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

    @property
    def fault(self) -> int:
        """What the closing balance has more than the opening balance and the turnovers come to."""
        opening, debit, credit, closing = self.net
        return closing - (opening + debit - credit)

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
    currency_minor: int | None
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
