"""What is posted of the other program's books, and what has no place yet."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from erp.base.errors import RuleViolated
from erp.finance.takeover.files.model import PostingRow, Unread
from erp.finance.takeover.model import File, OurSide, Side


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
class MonthPlan:
    """Documents of a month that can be posted, and rows that cannot."""

    file: File
    month: date
    documents: tuple[tuple[PostingRow, ...], ...]
    sides: Mapping[Side, OurSide]
    refused: tuple[Refused, ...]

    @property
    def amount_tiyn(self) -> int:
        return sum(row.amount_tiyn or 0 for document in self.documents for row in document)

    @property
    def rows(self) -> int:
        return sum(len(document) for document in self.documents)

    @property
    def rows_left(self) -> int:
        """One may be refused for several reasons."""
        return len({fault.row.row_no for fault in self.refused})


class FaultyBalance(NamedTuple):
    """An opening balance that has no place here, and why."""

    side: Side
    tiyn: int
    error: RuleViolated


@dataclass(frozen=True)
class Opening:
    """What the books would begin with: sides of ours with their balances, and what has no place yet."""

    file: File
    balances: Mapping[OurSide, int]
    quantities: Mapping[OurSide, int]
    currencies: Mapping[OurSide, int]
    faults: tuple[FaultyBalance, ...]
    posted: Batch | None
    debit_tiyn: int
    credit_tiyn: int
