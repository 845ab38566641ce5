"""The nouns of a pivot.  Amounts are integer tiyn; a figure that is not there is no zero."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from erp.base.sheets.model import Mended as Mended
from erp.economy.plans.axes import Member
from erp.economy.plans.model import Section

Key = tuple[int, ...]
"""Groups of a row or a column, from the outermost axis in."""


class Actual(StrEnum):
    """What the books say beside a plan (``pub_finance_actuals``)."""

    PAID = "paid"
    """From planned assignments, less what was returned to them: cash execution."""
    SPENT = "spent"
    """Expense as it accrued."""


class Beside(StrEnum):
    """What figure of a cell it is: of the plan, or of the books."""

    PLAN = "plan"
    ACTUAL = "actual"


YEAR = "year"
"""The level of years, beside those of ``plans.axes.LEVELS``."""


@dataclass(frozen=True)
class Question:
    """What is asked of a version: levels down and across, which groups count, what of the books stands beside."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By level, the keys of the groups that count."""
    actual: Actual | None = None

    def is_of_one_section(self, rows: int, columns: int) -> bool:
        """Whether a figure so many levels down and across is of one section; else it is what sections make together."""
        return len(self.filters.get("section", ())) == 1 or "section" in (*self.rows[:rows], *self.columns[:columns])

    @property
    def counts_every_section(self) -> bool:
        """Whether what sections make together is the balance of a budget."""
        return set(self.filters.get("section", Section)) == set(Section)


@dataclass(frozen=True)
class Grid:
    """Figures of ``rows`` × ``columns``; int64[row, column], tiyn."""

    rows: tuple[Key, ...]
    """In the order of an outline: each above its parts, which have longer keys."""
    columns: tuple[Key, ...]
    tiyn: NDArray[np.int64]
    there: NDArray[np.bool_]


class Typed(NamedTuple):
    """A figure typed for all cells of some leaves in some years, by their places; ``None`` takes the cells away."""

    leaves: Sequence[int]
    years: Sequence[int]
    tiyn: int | None


@dataclass(frozen=True)
class Head:
    """A row or a column: what tells it from others, what it is called, whether the register is sure of it."""

    path: tuple[str, ...]
    """Keys of its groups, from the outermost in."""
    members: tuple[Member, ...]


@dataclass(frozen=True)
class Pivot:
    """A version laid out; ``plan`` and ``actual`` are by row and column, ``None`` where there is no cell.

    Above sections stands the balance of the plan (V), where every section counts, and nothing otherwise.
    """

    question: Question
    rows: tuple[Head, ...]
    columns: tuple[Head, ...]
    plan: tuple[tuple[int | None, ...], ...]
    actual: tuple[tuple[int | None, ...], ...]

    def figure(self, row: tuple[str, ...], column: tuple[str, ...]) -> int | None:
        """Of the plan, by paths."""
        at, to = self.row_places.get(row), self.column_places.get(column)
        return None if at is None or to is None else self.plan[at][to]

    def narrow(self, columns: int) -> "Pivot":
        """With its first columns alone."""
        plan, actual = (tuple(row[:columns] for row in figures) for figures in (self.plan, self.actual))
        return replace(self, columns=self.columns[:columns], plan=plan, actual=actual)

    @cached_property
    def row_places(self) -> Mapping[tuple[str, ...], int]:
        """By path."""
        return {head.path: place for place, head in enumerate(self.rows)}

    @cached_property
    def column_places(self) -> Mapping[tuple[str, ...], int]:
        """By path."""
        return {head.path: place for place, head in enumerate(self.columns)}


class Entry(NamedTuple):
    """A figure typed into a pivot, by the paths of its row and column; ``None`` takes the cells away."""

    row: tuple[str, ...]
    column: tuple[str, ...]
    tiyn: int | None


@dataclass(frozen=True, slots=True)
class Actuals:
    """What was paid or spent in a year, by organisation and budget classification."""

    organisation_id: int
    fiscal_year: int
    programme: str
    specific: str
    source: str
    actual_tiyn: int


@dataclass(frozen=True, slots=True)
class Turnover:
    """What one account of an organisation adds to an actual; what its postings are found by."""

    organisation_id: int
    fiscal_year: int
    account: str
    against: str | None
    """Account that money came back from to planned assignments; none for what was paid or spent."""
    programme: str
    specific: str
    source: str
    actual_tiyn: int


@dataclass(frozen=True, slots=True)
class Behind:
    """What an actual is made of at one organisation: its total, and the accounts where the reader reads its books."""

    organisation_id: int
    fiscal_year: int
    actual_tiyn: int
    turnovers: tuple[Turnover, ...]
    is_open: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """What somebody asks of versions, under a name."""

    id: int
    owner_id: int
    owner: str
    name: str
    query: str
    shared: bool


BroughtRow = tuple[int, tuple[str, ...]]
"""Its number and the texts of its cells."""


@dataclass(frozen=True, slots=True)
class BroughtSheet:
    name: str
    """Empty for a text."""
    rows: tuple[BroughtRow, ...]


@dataclass(frozen=True)
class Intake:
    """A file of figures that a person brought for a version; ``revision`` grows with every change."""

    organisation_id: int
    id: int
    key: UUID
    plan_id: int
    version_id: int
    name: str
    sheets: tuple[BroughtSheet, ...]
    sheet: int
    """The place of the one that is read; what is mended is of that."""
    mended: Mended
    revision: int
    begun_at: datetime
    accepted_at: datetime | None
    cells: int | None
    """Cells that it changed once it was accepted."""

    @property
    def rows(self) -> tuple[BroughtRow, ...]:
        return self.sheets[self.sheet].rows

    @property
    def subject(self) -> str:
        return f"plan-file:{self.organisation_id}/{self.id}"


@dataclass(frozen=True, slots=True)
class IntakeRow:
    """A file as a line of its owner's list."""

    id: int
    name: str
    begun_at: datetime
    accepted_at: datetime | None
    cells: int | None
