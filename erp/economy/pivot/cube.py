"""A version and what the books say beside it over one table of leaves: asked, and typed into.

Amounts of a leaf that lessens its section (a loan repaid, an asset sold) count below zero, so that a section's figure
is the sum of what stands under it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from erp.base.errors import DomainError
from erp.economy.pivot.model import YEAR, Actuals, Entry, Head, Key, Pivot, Question, Typed
from erp.economy.pivot.rules import BalanceFollows, FigureUnknown, lay_out, spreading
from erp.economy.plans.axes import Axes, Member
from erp.economy.plans.model import CellChange, Cells, Coded, LeafKey, LeafTable, Section
from erp.economy.plans.rules import SIDES, check_summable, laid_out, signs

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Cube:
    """Signed tiyn, int64[leaf, year]; the leaves are those of the plan, then those that only the books have."""

    axes: Axes
    years: tuple[int, ...]
    leaves: int
    """Of the plan."""
    signs: NDArray[np.int8]
    plan: NDArray[np.int64]
    present: Mask
    actual: NDArray[np.int64]
    spent: Mask
    """Where the books say something."""

    @classmethod
    def of(cls, axes: Axes, cells: Cells, actuals: "Placed | None" = None) -> "Cube":
        table = axes.table
        sign = signs(table)
        amounts, present = laid_out(cells, table.ids)
        actual, spent = (
            (actuals.amounts, actuals.there) if actuals else (np.zeros_like(amounts), np.zeros_like(present))
        )
        own = len(table) if actuals is None else actuals.leaves
        return cls(axes, cells.years, own, sign, amounts * sign[:, None], present, actual * sign[:, None], spent)

    # -------------------------------------------------------------------------------------------- asking

    def ask(self, question: Question) -> Pivot:
        leaf_mask, year_mask = self._counted(question.filters)
        counted = leaf_mask[:, None] & year_mask[None, :]
        parts = [(self.plan, self.present & counted), (self.actual, self.spent & counted)]
        leaf, year = (np.concatenate([np.nonzero(there)[axis] for _, there in parts]) for axis in (0, 1))
        beside = np.repeat(np.arange(2, dtype=np.int32), [int(there.sum()) for _, there in parts])
        tiyn = np.concatenate([amounts[there] for amounts, there in parts])
        sections = self.axes.table.columns["section"]
        sides = np.array([SIDES[Section(code)] for code in sections.codes], np.int64)[sections.index[leaf]]
        across = len(question.columns)
        is_sum = [question.is_of_one_section(depth, across) for depth in range(len(question.rows) + 1)]
        grid = lay_out(
            [self._codes(level, leaf, year) for level in question.rows],
            [*(self._codes(level, leaf, year) for level in question.columns), beside],
            [tiyn if adds_up else tiyn * sides for adds_up in is_sum],
        )
        columns = sorted({column[:-1] for column in grid.columns})
        place = {column: at for at, column in enumerate(grid.columns)}

        def figures(part: int) -> tuple[tuple[int | None, ...], ...]:
            at = [place.get((*column, part)) for column in columns]
            told = question.counts_every_section and not part
            return tuple(
                tuple(None if to is None or not there[to] else tiyn[to] for to in at)
                if told or is_sum[len(row)]
                else (None,) * len(at)
                for row, tiyn, there in zip(grid.rows, grid.tiyn.tolist(), grid.there.tolist(), strict=True)
            )

        return Pivot(
            question,
            tuple(self._head(question.rows, key) for key in grid.rows),
            tuple(self._head(question.columns, key) for key in columns),
            figures(0),
            figures(1),
        )

    def _codes(self, level: str, leaf: NDArray[np.intp], year: NDArray[np.intp]) -> NDArray[np.int32]:
        return year.astype(np.int32) if level == YEAR else self.axes.level(level).index[leaf]

    def members(self, level: str) -> tuple[Member, ...]:
        if level == YEAR:
            return tuple(_year(year) for year in self.years)
        return self.axes.level(level).members

    def _head(self, levels: Sequence[str], key: Key) -> Head:
        members = tuple(self.members(level)[group] for level, group in zip(levels, key, strict=False))
        return Head(tuple(member.key for member in members), members)

    def _counted(self, filters: Mapping[str, Sequence[str]]) -> tuple[Mask, Mask]:
        """Which leaves and which years."""
        leaf_mask, year_mask = np.ones(len(self.axes.table), np.bool_), np.ones(len(self.years), np.bool_)
        for level, keys in filters.items():
            wanted = [at for at, member in enumerate(self.members(level)) if member.key in keys]
            if level == YEAR:
                year_mask &= np.isin(np.arange(len(self.years)), wanted)
            else:
                leaf_mask &= np.isin(self.axes.level(level).index, wanted)
        return leaf_mask, year_mask

    # -------------------------------------------------------------------------------------------- typing

    def typed(self, question: Question, entries: Sequence[Entry]) -> "Changes":
        """What entries make of the cells; those that cannot be done are told by their places.

        Raises: PlanTooLarge, where the cells could not be added up any more.
        """
        faults: dict[int, DomainError] = {}
        blocks: list[Typed] = []
        places: list[int] = []
        for place, entry in enumerate(entries):
            try:
                leaves, years = self.behind(question, entry.row, entry.column)
                if not question.is_of_one_section(len(entry.row), len(entry.column)):
                    raise BalanceFollows()
            except (FigureUnknown, BalanceFollows) as fault:
                faults[place] = fault
                continue
            leaves = leaves[leaves < self.leaves]
            held = self.present[leaves].any(axis=1)
            leaves = leaves[held] if held.any() else leaves
            if not len(leaves) or not len(years):
                faults[place] = FigureUnknown()
            else:
                blocks.append(Typed(leaves.tolist(), years.tolist(), entry.tiyn))
                places.append(place)
        amounts, present, refused = spreading(self.plan, self.present, blocks)
        check_summable(Cells(self.axes.table.ids, self.years, amounts, present))
        faults |= {places[at]: fault for at, fault in refused.items()}
        changed = np.argwhere((present != self.present) | (amounts != self.plan))
        said = [
            CellChange(
                int(self.axes.table.ids[leaf]),
                self.years[year],
                int(amounts[leaf, year]) * int(self.signs[leaf]) if present[leaf, year] else None,
            )
            for leaf, year in changed.tolist()
        ]
        return Changes(tuple(said), replace(self, plan=amounts, present=present), faults)

    def behind(
        self, question: Question, row: Sequence[str], column: Sequence[str]
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Places of the leaves and years that a figure of a pivot sums.

        Raises: FigureUnknown, for a path longer than the pivot is deep.
        """
        if len(row) > len(question.rows) or len(column) > len(question.columns):
            raise FigureUnknown()
        chosen = [*zip(question.rows, row, strict=False), *zip(question.columns, column, strict=False)]
        leaf_mask, year_mask = self._counted(question.filters)
        for level, key in chosen:
            more_leaves, more_years = self._counted({level: (key,)})
            leaf_mask, year_mask = leaf_mask & more_leaves, year_mask & more_years
        return np.flatnonzero(leaf_mask), np.flatnonzero(year_mask)


class Changes(NamedTuple):
    cells: tuple[CellChange, ...]
    cube: Cube
    """As it is with them."""
    faults: Mapping[int, DomainError]


def _year(year: int) -> Member:
    name = str(year)
    return Member(name, name, name, name, name)


# ------------------------------------------------------------------------------------------------ actuals


@dataclass(frozen=True, eq=False)
class Placed:
    """What the books say, at leaves of the plan and at those that it lacks; int64[leaf, year], tiyn."""

    table: LeafTable
    """Of the plan, then what only the books have, under ids that no plan uses."""
    leaves: int
    amounts: NDArray[np.int64]
    there: Mask
    actuals: tuple[tuple[Actuals, int], ...]
    """Each with the place of its leaf."""


def placed(table: LeafTable, years: Sequence[int], owner_id: int, actuals: Iterable[Actuals]) -> Placed:
    """Actuals at the leaf that they are of.

    Books name neither budget nor region, and the source as the third part of a programme, or not at all: what they say
    goes to the one leaf of that organisation, programme, specific and source.  Where a plan has several, or none, it
    stands by itself, in the same organisation, programme and specific.
    """
    keys = [table.key_at(at) for at in range(len(table))]
    lines: dict[tuple[int, str, str], list[int]] = {}
    budgets: dict[int, set[int]] = {}
    sections: dict[str, Section] = {}
    for at, key in enumerate(keys):
        if key.section is not Section.REVENUE:
            lines.setdefault((key.organisation_id, key.programme[:7], key.economic), []).append(at)
            budgets.setdefault(key.organisation_id, set()).add(key.budget_id)
            sections.setdefault(key.economic, key.section)
    names_source, names_part = any(key.source for key in keys), any(key.programme[8:] for key in keys)
    found = list(actuals)
    own: dict[LeafKey, int] = {}
    at_leaf: list[int] = []
    for each in found:
        programme, part = each.programme[:7], each.programme[8:]
        source = each.source or part
        same = lines.get((each.organisation_id, programme, each.specific), [])
        alike = [at for at in same if (keys[at].source or keys[at].programme[8:]) == source]
        if len(alike) == 1 or (len(same) == 1 and not source):
            at_leaf.append((alike or same)[0])
            continue
        budget = budgets.get(each.organisation_id, {owner_id})
        key = LeafKey(
            sections.get(each.specific, Section.EXPENDITURE),
            min(budget) if len(budget) == 1 else owner_id,
            each.organisation_id,
            each.programme if names_part or not names_source else programme,
            each.specific,
            source if names_source else each.source,
            "",
        )
        at_leaf.append(own.setdefault(key, len(keys) + len(own)))
    size = len(keys) + len(own), len(years)
    amounts, there = np.zeros(size, np.int64), np.zeros(size, np.bool_)
    columns = {year: at for at, year in enumerate(years)}
    for each, at in zip(found, at_leaf, strict=True):
        amounts[at, columns[each.fiscal_year]] += each.actual_tiyn
        there[at, columns[each.fiscal_year]] = True
    return Placed(extended(table, list(own)), len(keys), amounts, there, tuple(zip(found, at_leaf, strict=True)))


def first_id_beyond(more: int) -> int:
    """Of the leaves that a table is extended by; larger than those of any plan."""
    return int(np.iinfo(np.int32).max) - more + 1


def extended(table: LeafTable, more: Sequence[LeafKey]) -> LeafTable:
    """The table with more leaves at its end, whose ids are larger than those of any plan."""
    if not more:
        return table
    columns = {}
    for name, column in table.columns.items():
        said = [str(getattr(key, name)) for key in more]
        codes = tuple(sorted({*column.codes, *said}))
        place = {code: at for at, code in enumerate(codes)}
        old = np.array([place[code] for code in column.codes], np.int32)
        columns[name] = Coded(
            codes, np.concatenate([old[column.index], np.array([place[each] for each in said], np.int32)])
        )
    first = first_id_beyond(len(more))
    return LeafTable(np.concatenate([table.ids, np.arange(first, first + len(more), dtype=np.int32)]), columns)
