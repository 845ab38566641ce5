"""The nouns of an intake.  What was brought stays as it came; what a person says of it stands beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

from erp.base.sheets.model import Limits, address, letters
from erp.base.sheets.model import Mended as Mended
from erp.base.sheets.model import Sheet as Brought
from erp.finance.drafts.model import Sheet, TypedRow
from ledger.model import Dimension

LIMITS = Limits(rows=10_000, columns=100)
"""Of a table that is looked through on a page; a longer journal is imported whole."""
MOST_DRAFTS = 50
"""Entries that are opened as drafts at once."""

SUBCONTO = "subconto"
"""A column of 1C that names a value without saying of what: the account says it, or the registers."""


class Purpose(StrEnum):
    ENTRIES = "entries"
    COUNTERPARTIES = "counterparties"


class Grouping(StrEnum):
    """What makes one entry."""

    DOCUMENT = "document"
    """Rows of one journal, day and document; a row without its own day and document goes with the one above it."""
    ROW = "row"
    ONE = "one"


HEAD_FIELDS = ("effective_on", "journal", "document_number", "document_on", "memo")
"""Fields of a row that are of its whole entry; ``memo`` too where all rows say the same."""
REGISTRAR = "registrar"
"""A document as 1C names it: what it is, its number and its day in one text."""

ENTRY_FIELDS: tuple[str, ...] = (
    *HEAD_FIELDS,
    REGISTRAR,
    *(f"{side}.account" for side in ("debit", "credit")),
    "amount",
    *(f"{side}{name}" for name in ("quantity", "currency_amount") for side in ("", "debit.", "credit.")),
    *(f"{side}{SUBCONTO}" for side in ("debit.", "credit.")),
    *(f"{side}dimensions.{d.slug}" for d in Dimension for side in ("", "debit.", "credit.")),
)
COUNTERPARTY_FIELDS: tuple[str, ...] = ("code", "name_ru", "name_kk", "name_en")
FIELDS = {Purpose.ENTRIES: ENTRY_FIELDS, Purpose.COUNTERPARTIES: COUNTERPARTY_FIELDS}
ADDED: tuple[str, ...] = (
    *(f"{side}.{name}" for side in ("debit", "credit") for name in ("quantity", "currency_amount")),
    *(f"{side}.dimensions.{d.slug}" for side in ("debit", "credit") for d in Dimension),
)
"""Fields that an account may ask for and no column bring: they get columns of their own beyond the table's."""
REPEATABLE = frozenset({f"debit.{SUBCONTO}", f"credit.{SUBCONTO}"})
"""Fields that several columns may mean."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a table is read."""

    purpose: Purpose = Purpose.ENTRIES
    sheet: int = 0
    heads: tuple[int, int] | None = None
    """Numbers of the first and the last row of heads; ``None`` where the table has none."""
    columns: tuple[str, ...] = ()
    """The field of each column; empty where it means nothing.  Those beyond the table's own were added to be filled."""
    grouping: Grouping = Grouping.DOCUMENT
    journal: str = ""
    """Of rows that name none."""
    effective_on: str = ""
    memo: str = ""

    def column_of(self, name: str) -> int | None:
        return self.columns.index(name) if name in self.columns else None


@dataclass(frozen=True, slots=True)
class Became:
    """What was made of a table: drafts, a job that posts, counterparties."""

    drafts: tuple[int, ...] = ()
    job: int | None = None
    counterparties: int = 0


@dataclass(frozen=True)
class Intake:
    """A table that a person brought, as they see it; ``version`` grows with every change."""

    organisation_id: int
    id: int
    key: UUID
    origin: str
    """``paste`` or ``file``."""
    name: str
    sheets: tuple[Brought, ...]
    settings: Settings
    mended: Mended
    version: int
    begun_at: datetime
    updated_at: datetime
    became: Became | None = None

    @property
    def subject(self) -> str:
        return f"intake:{self.organisation_id}/{self.id}"

    @property
    def sheet(self) -> Brought:
        return self.sheets[min(self.settings.sheet, len(self.sheets) - 1)]

    def reading(self, settings: Settings, mended: Mended) -> "Intake":
        return replace(self, settings=settings, mended=mended)


@dataclass(frozen=True, slots=True)
class IntakeRow:
    """A table as a line of its owner's list."""

    id: int
    origin: str
    name: str
    begun_at: datetime
    is_accepted: bool


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the columns under certain heads mean to an organisation."""

    id: int
    purpose: Purpose
    signature: bytes
    name: str
    heads: tuple[str, ...]
    columns: tuple[str, ...]
    grouping: Grouping
    remembered_by: str
    remembered_at: datetime


class LineKind(StrEnum):
    """What a row of the table is taken for; each is kept and counted."""

    ENTRY = "entry"
    HEAD = "head"
    BLANK = "blank"
    TOTAL = "total"
    NUMBERING = "numbering"
    NOTE = "note"
    """Says something, but names neither an account nor an amount."""
    LEFT = "left"
    """Left out by the person."""
    KNOWN = "known"
    """A counterparty that is registered already."""


@dataclass(frozen=True, slots=True)
class Head:
    """What rows say of their whole entry."""

    journal: str = ""
    effective_on: str = ""
    document_number: str = ""
    document_on: str = ""
    registrar: str = ""
    """The document as 1C names it: those of different kinds have numbers of their own."""


NO_HEAD = Head()


@dataclass(frozen=True, slots=True)
class Line:
    """A row as it is understood."""

    number: int
    """Of the row in its sheet."""
    kind: LineKind
    head: Head = NO_HEAD
    typed: TypedRow = field(default_factory=TypedRow)
    day: date | None = None
    found_in: Mapping[str, int] = field(default_factory=dict)
    """The column each of its fields came from."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A fault at its cell; without a column it is the row's, without a row the whole table's."""

    row: int | None
    column: int | None
    field: str
    fault: Exception

    @property
    def address(self) -> str:
        if self.row is None:
            return "" if self.column is None else letters(self.column)
        return str(self.row) if self.column is None else address(self.row, self.column)


@dataclass(frozen=True, slots=True)
class Gathered:
    """Rows that make one entry, as a sheet of a draft."""

    sheet: Sheet
    lines: tuple[Line, ...]


class Named(NamedTuple):
    """A counterparty as a row says it."""

    code: str
    name_ru: str
    name_kk: str
    name_en: str


@dataclass(frozen=True)
class Looked:
    """A table with everything found in it: each row understood, the entries, every fault."""

    intake: Intake
    titles: tuple[str, ...]
    lines: tuple[Line, ...]
    entries: tuple[Gathered, ...]
    marks: tuple[Mark, ...]
    counterparties: Mapping[int, "Named"] = field(default_factory=dict)
    """By row, where the table is a list of them."""

    @cached_property
    def faulty(self) -> frozenset[int]:
        """Numbers of the rows that have a fault, or whose entry has one of its head."""
        return frozenset(mark.row for mark in self.marks if mark.row is not None)

    @cached_property
    def good(self) -> tuple[Gathered, ...]:
        """Entries without a fault."""
        if any(mark.row is None for mark in self.marks):
            return ()
        return tuple(e for e in self.entries if not any(line.number in self.faulty for line in e.lines))

    def count(self, kind: LineKind) -> int:
        return sum(line.kind is kind for line in self.lines)

    @cached_property
    def good_rows(self) -> frozenset[int]:
        """Numbers of the rows that would be accepted."""
        if self.intake.settings.purpose is Purpose.ENTRIES:
            return frozenset(line.number for entry in self.good for line in entry.lines)
        if any(mark.row is None for mark in self.marks):
            return frozenset()
        return frozenset(line.number for line in self.lines if line.kind is LineKind.ENTRY) - self.faulty

    @property
    def rows_left(self) -> int:
        """Rows of entries that cannot be accepted yet."""
        return self.count(LineKind.ENTRY) - len(self.good_rows)
