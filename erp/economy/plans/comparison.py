"""Two versions side by side at any level of any hierarchy."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from erp.economy.plans import rules
from erp.economy.plans.axes import Axes, Member
from erp.economy.plans.model import Cells, Ints, Section, SixSections, Totals

LEAF = "leaf"
"""The level at which every leaf is a row of its own."""


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """One group; ``members`` are its section and then those of the levels asked for.

    Amounts are tiyn by year, ``None`` where neither of the group's cells is there: absent is not zero.
    """

    members: tuple[Member, ...]
    leaf_id: int | None
    a: tuple[int | None, ...]
    b: tuple[int | None, ...]
    cells: int
    """Cells behind it, in either version."""
    different: int
    """Of them, those that differ."""

    @property
    def difference(self) -> tuple[int, ...]:
        """B less A, an absent one counted as nothing."""
        return tuple((b or 0) - (a or 0) for a, b in zip(self.a, self.b, strict=True))


@dataclass(frozen=True, eq=False)
class Comparison:
    """Rows in the order of the classification; arrays are int64[row, year] tiyn and int64[row]."""

    years: tuple[int, ...]
    by: tuple[str, ...]
    """Section first."""
    narrowed: tuple[tuple[str, Member], ...]
    """Levels with the members that it is narrowed to."""
    members: tuple[tuple[Member, ...], ...]
    leaves: Ints | None
    """int32[row], where every row is a leaf."""
    a: Totals
    b: Totals
    cells: npt.NDArray[np.int64]
    different: npt.NDArray[np.int64]
    sections: tuple[SixSections, SixSections]
    """Of all leaves that it is narrowed to, be their rows shown or not."""

    def __len__(self) -> int:
        return len(self.members)

    @property
    def difference(self) -> npt.NDArray[np.int64]:
        return self.b.amounts - self.a.amounts

    def rows(self, start: int = 0, stop: int | None = None) -> Iterator[ComparedRow]:
        for at in range(*slice(start, stop).indices(len(self.members))):
            yield ComparedRow(
                self.members[at],
                None if self.leaves is None else int(self.leaves[at]),
                _shown(self.a, at),
                _shown(self.b, at),
                int(self.cells[at]),
                int(self.different[at]),
            )


def _shown(side: Totals, at: int) -> tuple[int | None, ...]:
    there = zip(side.amounts[at].tolist(), side.present[at].tolist(), strict=True)
    return tuple(tiyn if is_there else None for tiyn, is_there in there)


def compared(
    axes: Axes, a: Cells, b: Cells, by: Sequence[str], within: Mapping[str, str], *, only_different: bool = False
) -> Comparison:
    """Rows of all leaves, or where ``only_different`` those behind which a cell differs: whole rows all the same.

    Raises: LevelUnknown.
    """
    leaves = np.union1d(a.leaves, b.leaves)
    at = axes.table.positions(leaves)
    (tiyn_a, there_a), (tiyn_b, there_b) = (rules.laid_out(cells, leaves) for cells in (a, b))
    differs, is_there = (tiyn_a != tiyn_b) | (there_a != there_b), there_a | there_b
    kept = np.ones(len(at), np.bool_)
    narrowed = []
    for level, key in within.items():
        grouping = axes.level(level)
        place = grouping.place(key)
        kept &= grouping.index[at] == place
        narrowed.append((level, grouping.members[place] if place >= 0 else Member(key, key, key, key, key)))
    leaves, at, differs, is_there = leaves[kept], at[kept], differs[kept], is_there[kept]
    by_leaf = LEAF in by
    levels = [axes.level("section"), *(axes.level(level) for level in by if level not in ("section", LEAF))]
    groupings = [(level.index[at], len(level)) for level in levels]
    if by_leaf:
        groupings.append((np.arange(len(at), dtype=np.int32), len(at)))
    numbers, first, groups = np.unique(rules.combined(groupings, len(at)), return_index=True, return_inverse=True)
    sign = rules.signs(axes.table)[at, np.newaxis].astype(np.int64)
    counts = np.stack([is_there.sum(axis=1), differs.sum(axis=1)], axis=1)
    counted = rules.sums(counts, counts > 0, groups, len(numbers)).amounts
    shown = np.flatnonzero(counted[:, 1]) if only_different else np.arange(len(numbers))
    sums = [
        rules.sums(tiyn[kept] * sign, there[kept], groups, len(numbers))
        for tiyn, there in ((tiyn_a, there_a), (tiyn_b, there_b))
    ]
    section = levels[0].index[at[first]]
    sections = [
        {Section(each.key): side.amounts[section == place].sum(axis=0) for place, each in enumerate(levels[0].members)}
        for side in sums
    ]
    a_sums, b_sums = (Totals(each.amounts[shown], each.present[shown]) for each in sums)
    first, counted = first[shown], counted[shown]
    return Comparison(
        a.years,
        tuple(level.level for level in levels),
        tuple(narrowed),
        tuple(tuple(level.members[level.index[place]] for level in levels) for place in at[first].tolist()),
        leaves[first] if by_leaf else None,
        a_sums,
        b_sums,
        counted[:, 0],
        counted[:, 1],
        (rules.six_sections(sections[0], len(a.years)), rules.six_sections(sections[1], len(a.years))),
    )
