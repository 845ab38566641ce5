"""The nouns of the plan: a sparse cube of leaves and years, its versions, and the edits that made them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int32]
Years = npt.NDArray[np.int16]
Tiyn = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class Section(StrEnum):
    """Sections of a budget that hold amounts; the balance (V) is what follows from them."""

    REVENUE = "revenue"
    EXPENDITURE = "expenditure"
    LENDING = "lending"
    """Net budget lending: loans given less loans repaid."""
    ASSETS = "assets"
    """Balance on operations with financial assets: acquired less sold."""
    FINANCING = "financing"
    """Loans received and balances used less loans repaid."""


class LeafKey(NamedTuple):
    """What tells one line of a budget from another; codes are those of the classification, empty where there is none.

    ``economic`` is a specific of expenditure, or a revenue code.
    """

    section: Section
    budget_id: int
    """The body whose budget it is."""
    organisation_id: int
    """Who spends or collects."""
    programme: str
    economic: str
    source: str
    region: str


@dataclass(frozen=True, slots=True)
class Leaf:
    """A line of a plan, interned: the same key is the same leaf in every version."""

    id: int
    key: LeafKey


@dataclass(frozen=True, slots=True)
class Coded:
    """A column of many leaves: its distinct codes in order, and for each leaf the place of its code."""

    codes: tuple[str, ...]
    index: Ints

    def at(self, places: npt.NDArray[np.intp]) -> "Coded":
        """Of some of the leaves: the codes that these have."""
        index = self.index[places]
        there = np.bincount(index, minlength=len(self.codes)) > 0
        codes = tuple(code for code, is_there in zip(self.codes, there.tolist(), strict=True) if is_there)
        return Coded(codes, (np.cumsum(there) - 1).astype(np.int32)[index])


@dataclass(frozen=True, eq=False)
class LeafTable:
    """Every leaf of a plan, in the order of their ids; ``columns`` by the names of ``LeafKey``, ids as text."""

    ids: Ints
    columns: dict[str, Coded]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def newest(self) -> int:
        """Id of the newest leaf; 0 where there is none."""
        return int(self.ids[-1]) if len(self.ids) else 0

    def after(self, leaf_id: int) -> int:
        """Where the leaves of greater ids begin."""
        return int(np.searchsorted(self.ids, leaf_id, side="right"))

    def positions(self, ids: npt.NDArray[np.integer] | Sequence[int]) -> npt.NDArray[np.intp]:
        """Where leaves stand; every id must be there."""
        assert bool(self.has(ids).all()), "a leaf of another plan"
        return np.searchsorted(self.ids, ids)

    def has(self, ids: npt.NDArray[np.integer] | Sequence[int]) -> Flags:
        """Which of the ids are leaves of the plan."""
        return np.isin(ids, self.ids)

    def only(self, ids: Ints) -> "LeafTable":
        """The table of some of its leaves alone."""
        if len(ids) == len(self):
            return self
        at = self.positions(ids)
        return LeafTable(self.ids[at], {name: column.at(at) for name, column in self.columns.items()})

    def key_at(self, position: int) -> LeafKey:
        section, budget, organisation, *codes = (
            self.columns[name].codes[self.columns[name].index[position]] for name in LeafKey._fields
        )
        return LeafKey(Section(section), int(budget), int(organisation), *codes)

    def leaves(self, start: int = 0, stop: int | None = None) -> Iterator[Leaf]:
        return (Leaf(int(self.ids[at]), self.key_at(at)) for at in range(*slice(start, stop).indices(len(self))))

    def __iter__(self) -> Iterator[Leaf]:
        return self.leaves()


@dataclass(frozen=True, slots=True)
class Plan:
    """A budget as it is being planned, by whom it is planned: its years, and how many versions are in use."""

    organisation_id: int
    id: int
    name: str
    years: tuple[int, ...]
    """Base years (report, current) and then plan years, one after another."""
    first_year: int
    """The first of the plan years."""
    versions: int
    created_at: datetime

    @property
    def subject(self) -> str:
        return f"plan:{self.organisation_id}/{self.id}"

    @property
    def plan_years(self) -> tuple[int, ...]:
        return self.years[self.columns]

    @property
    def columns(self) -> slice:
        """Where the plan years stand among all years."""
        return slice(self.years.index(self.first_year), None)


class VersionKind(StrEnum):
    BASE = "base"
    """The root of a plan's versions."""
    DRAFT = "draft"
    """What is being worked on."""
    SCENARIO = "scenario"
    SANDBOX = "sandbox"
    """One's own trial."""


@dataclass(frozen=True, slots=True)
class Version:
    """An overlay upon a parent as that stood after ``parent_edits`` edits: what the parent became since is not seen.

    So what a version holds after its n-th edit never changes.
    """

    organisation_id: int
    plan_id: int
    id: int
    parent_id: int | None
    parent_edits: int | None
    kind: VersionKind
    name: str
    reason: str
    author_id: int
    author: str
    created_at: datetime
    edits: int
    """Number of its last edit; who changes it names the one they saw."""
    edited_at: datetime | None
    frozen_at: datetime | None
    frozen_by: str
    content_hash: bytes | None
    put_away_at: datetime | None
    """Since when it is put away: neither offered nor changed, until somebody brings it back."""
    put_away_by: str
    put_away_reason: str

    @property
    def subject(self) -> str:
        return f"version:{self.organisation_id}/{self.plan_id}/{self.id}"

    @property
    def is_frozen(self) -> bool:
        return self.frozen_at is not None

    @property
    def is_put_away(self) -> bool:
        return self.put_away_at is not None

    @property
    def is_open(self) -> bool:
        """Whether its cells may change."""
        return not self.is_frozen and not self.is_put_away


class CellChange(NamedTuple):
    """``None`` takes the cell away: absent is not zero."""

    leaf_id: int
    year: int
    amount_tiyn: int | None


@dataclass(frozen=True, eq=False)
class Overlay:
    """Cells that a version says itself, each once; where not ``present``, it takes the parent's cell away.

    All are of one length: int32[cell], int16[cell], int64[cell] tiyn (0 where absent), bool[cell].
    """

    leaves: Ints
    years: Years
    amounts: Tiyn
    present: Flags

    def __len__(self) -> int:
        return len(self.leaves)

    @classmethod
    def of(cls, changes: Iterable[CellChange]) -> "Overlay":
        said = list(changes)
        return cls(
            np.array([each.leaf_id for each in said], np.int32),
            np.array([each.year for each in said], np.int16),
            np.array([each.amount_tiyn or 0 for each in said], np.int64),
            np.array([each.amount_tiyn is not None for each in said], np.bool_),
        )

    def where(self, kept: Flags | npt.NDArray[np.intp]) -> "Overlay":
        return Overlay(self.leaves[kept], self.years[kept], self.amounts[kept], self.present[kept])

    def __iter__(self) -> Iterator[CellChange]:
        columns = (self.leaves.tolist(), self.years.tolist(), self.amounts.tolist(), self.present.tolist())
        return (
            CellChange(leaf, year, tiyn if there else None) for leaf, year, tiyn, there in zip(*columns, strict=True)
        )


@dataclass(frozen=True, eq=False)
class Cells:
    """What a version holds: int32[leaf] in order, int64[leaf, year] tiyn (0 where absent), bool[leaf, year].

    A leaf without a single cell is not listed, so the same content is the same arrays.
    """

    leaves: Ints
    years: tuple[int, ...]
    amounts: Tiyn
    present: Flags

    @property
    def count(self) -> int:
        return int(np.count_nonzero(self.present))

    def after(self, leaf_id: int) -> int:
        """Where the leaves of greater ids begin."""
        return int(np.searchsorted(self.leaves, leaf_id, side="right"))

    def rows(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, tuple[int | None, ...]]]:
        """Leaves with their amounts by year, ``None`` where there is no cell."""
        there = (self.leaves, self.amounts, self.present)
        for leaf, amounts, present in zip(*(column[start:stop].tolist() for column in there), strict=True):
            yield leaf, tuple(tiyn if is_there else None for tiyn, is_there in zip(amounts, present, strict=True))

    def same_as(self, other: "Cells") -> bool:
        return self.years == other.years and all(
            np.array_equal(mine, theirs)
            for mine, theirs in (
                (self.leaves, other.leaves), (self.amounts, other.amounts), (self.present, other.present),
            )
        )  # fmt: skip

    def get(self, leaf_id: int, year: int) -> int | None:
        at = int(np.searchsorted(self.leaves, leaf_id))
        if at == len(self.leaves) or self.leaves[at] != leaf_id or year not in self.years:
            return None
        column = self.years.index(year)
        return int(self.amounts[at, column]) if self.present[at, column] else None


@dataclass(frozen=True, slots=True)
class Edit:
    """One act on a version: who changed how many cells, when and why; ``undoes`` is the edit that it takes back."""

    no: int
    author_id: int
    author: str
    on_behalf_of: str
    at: datetime
    reason: str
    undoes: int | None
    undone_by: int | None
    cells: int


@dataclass(frozen=True, slots=True)
class EditedCell:
    """What an edit did to one cell.  Where the version said nothing of its own, ``inherited``: the parent's shows."""

    leaf_id: int
    year: int
    before_tiyn: int | None
    before_inherited: bool
    after_tiyn: int | None
    after_inherited: bool
    changed_since: bool
    """By a later edit that was not undone."""


@dataclass(frozen=True, slots=True)
class Step:
    """A version on the way to the root, as far as its edits are seen."""

    version_id: int
    edits: int
    content_hash: bytes | None
    """Of a frozen one."""


@dataclass(frozen=True, eq=False)
class Totals:
    """Sums of groups of leaves: int64[group, year] tiyn, and bool[group, year] where any cell is there."""

    amounts: Tiyn
    present: Flags


@dataclass(frozen=True, slots=True)
class SixSections:
    """A budget by its six sections, one amount a year, tiyn; ``gap`` is what financing does not cover."""

    revenue: tuple[int, ...]
    expenditure: tuple[int, ...]
    lending: tuple[int, ...]
    assets: tuple[int, ...]
    balance: tuple[int, ...]
    """Deficit (below zero) or surplus: I − II − III − IV."""
    financing: tuple[int, ...]
    gap: tuple[int, ...]
    """Balance + financing: zero where the budget holds together."""
