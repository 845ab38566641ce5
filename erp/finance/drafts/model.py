"""The nouns of a draft.  Everything typed is text: no amount, day or code is read until the draft is checked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from erp.finance.journal.rules import Fault

MOST_ROWS = 1000
"""Rows of a sheet: as many postings as one entry may have."""


class Origin(StrEnum):
    """How a draft began."""

    GRID = "grid"
    PASTE = "paste"
    FILE = "file"
    TEMPLATE = "template"
    TAKEOVER = "takeover"
    SETTLEMENT = "settlement"


class DraftState(StrEnum):
    OPEN = "open"
    DISCARDED = "discarded"
    PREPARED = "prepared"
    POSTED = "posted"


@dataclass(frozen=True, slots=True)
class TypedSide:
    """One side of a row as typed; dimensions by slug, those left empty absent."""

    account: str = ""
    dimensions: Mapping[str, str] = field(default_factory=dict)
    quantity: str = ""
    currency_amount: str = ""

    @property
    def blank(self) -> bool:
        texts = (self.account, *self.dimensions.values(), self.quantity, self.currency_amount)
        return not any(text.strip() for text in texts)


@dataclass(frozen=True, slots=True)
class TypedRow:
    debit: TypedSide = field(default_factory=TypedSide)
    credit: TypedSide = field(default_factory=TypedSide)
    amount: str = ""
    memo: str = ""

    @property
    def blank(self) -> bool:
        return self.debit.blank and self.credit.blank and not self.amount.strip() and not self.memo.strip()


@dataclass(frozen=True, slots=True)
class Sheet:
    """An entry as typed: its head, and at most ``MOST_ROWS`` rows."""

    journal: str = ""
    effective_on: str = ""
    document_number: str = ""
    document_on: str = ""
    memo: str = ""
    rows: tuple[TypedRow, ...] = ()

    @property
    def told(self) -> Iterator[tuple[int, TypedRow]]:
        """Rows that say something, by their place; the first where none does."""
        filled = [(place, row) for place, row in enumerate(self.rows) if not row.blank]
        yield from filled or enumerate(self.rows[:1])


@dataclass(frozen=True, slots=True)
class CellFault:
    """What is wrong with one cell: ``debit.account``, ``credit.dimensions.counterparty``, ``amount``.

    ``row`` is ``None`` for the head, whose fields are the sheet's own; ``field`` is empty for the sheet as a whole.
    """

    row: int | None
    field: str
    fault: Fault

    @property
    def place(self) -> str:
        """As a command to post names it: ``postings.2.amount``."""
        return self.field if self.row is None else f"postings.{self.row}.{self.field}"


@dataclass(frozen=True, slots=True)
class Became:
    """Where a draft ended up: a prepared entry, a posted one, or both."""

    prepared_id: int | None
    entry_id: int | None


NOTHING_YET = Became(None, None)


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft whole, as its owner sees it; ``version`` grows with every change."""

    organisation_id: int
    id: int
    key: UUID
    version: int
    sheet: Sheet
    origin: Origin
    note: str
    begun_at: datetime
    updated_at: datetime
    discarded_at: datetime | None = None
    became: Became = NOTHING_YET

    @property
    def state(self) -> DraftState:
        if self.became.entry_id is not None:
            return DraftState.POSTED
        if self.became.prepared_id is not None:
            return DraftState.PREPARED
        return DraftState.DISCARDED if self.discarded_at else DraftState.OPEN


@dataclass(frozen=True, slots=True)
class DraftRow:
    """A draft as a line of its owner's list."""

    id: int
    version: int
    origin: Origin
    note: str
    journal: str
    effective_on: str
    memo: str
    rows: int
    updated_at: datetime
    discarded_at: datetime | None
