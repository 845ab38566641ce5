"""Laying figures out by any axes, and bringing a figure typed at a total down to its cells.

A cell is a leaf in a year; every axis says of each cell which of its groups it belongs to.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from erp.base.commands import one_line
from erp.base.errors import Conflict, DomainError, NotFound, NotPermitted, RuleViolated
from erp.base.i18n import N_
from erp.base.money import decimal_string
from erp.economy.pivot.model import YEAR, Actual, Grid, Key, Question, Typed
from erp.economy.plans.axes import canonical
from erp.economy.plans.model import Section
from erp.economy.plans.rules import LARGEST_TIYN, spread

Codes = NDArray[np.int32]
Amounts = NDArray[np.int64]
Mask = NDArray[np.bool_]


class NothingToSpread(RuleViolated):
    code = "nothing-to-spread"
    template = N_(
        "There is nothing here to spread the figure over: type it at the cells below, or bring them in a file."
    )


class SpreadCancelsOut(RuleViolated):
    code = "spread-cancels-out"
    template = N_(
        "The figures below add up to zero, so no share of theirs can be told. Type the figure at one of them."
    )


class ShareTooLarge(RuleViolated):
    code = "share-too-large"
    template = N_(
        "Shares of this figure would be more than a cell holds (90 000 000 000 000,00). Type it at the cells below."
    )


class TypedPartsDiffer(RuleViolated):
    code = "typed-parts-differ"
    template = N_("All parts of this total were typed as well, and they make {found}. Mend one or the other.")


class BalanceFollows(RuleViolated):
    code = "balance-follows"
    template = N_("Several sections stand behind this figure: it follows from them. Type at a figure of one section.")


class FigureUnknown(RuleViolated):
    code = "figure-unknown"
    template = N_("There is no such figure in this view. Open it again from the version.")


class FiguresTooMany(RuleViolated):
    code = "figures-too-many"
    template = N_(
        "This view would have {figures} figures; at most {limit} are laid out. Narrow it, or choose coarser levels."
    )


class LevelTwice(RuleViolated):
    code = "level-twice"
    template = N_("“{level}” stands twice. Choose each level once.")


class LevelsTooMany(RuleViolated):
    code = "levels-too-many"
    template = N_("Choose at most {limit} levels of rows and {limit} of columns.")


class LayoutUnnamed(RuleViolated):
    code = "layout-unnamed"
    template = N_("Give the view a name of at most {limit} characters.")


class LayoutTooLong(RuleViolated):
    code = "layout-too-long"
    template = N_("The view is narrowed to too many codes to be kept. Narrow it to a coarser level.")


class LayoutUnknown(NotFound):
    code = "layout-unknown"
    template = N_("There is no such view among those you keep or see.")


class SharingNotPermitted(NotPermitted):
    code = "layout-sharing-not-permitted"
    template = N_("Views are shared by those who edit plans. Keep it for yourself.")


class LayoutTwice(Conflict):
    code = "layout-twice"
    template = N_("You keep another view under the name “{name}”. Give it another name.")


class IntakeUnknown(NotFound):
    code = "plan-file-unknown"
    template = N_("There is no such file among those you brought.")


class SheetUnknown(RuleViolated):
    code = "plan-file-sheet-unknown"
    template = N_("The file has no such sheet. Choose one of: {known}.")


class IntakeChanged(Conflict):
    code = "plan-file-changed"
    template = N_("Another window has changed this file since. Look at it as it is now.")


class IntakeAccepted(Conflict):
    code = "plan-file-accepted"
    template = N_("This file was accepted already.")


TAKEN_AWAY = ("-", "–", "—", "−")
"""What people write where a cell is not to be: a dash is no zero."""
MOST_LEVELS, LONGEST_NAME, LONGEST_QUERY = 3, 120, 2000
MOST_FIGURES = 500_000
"""Of a grid, blank ones too: some 5 MB, and ten times that as they are told."""


# ------------------------------------------------------------------------------------------------ asking


def question(
    rows: Sequence[str],
    columns: Sequence[str],
    filters: Mapping[str, Sequence[str]],
    actual: Actual | None = None,
) -> Question:
    """What is asked, with levels as ``plans.axes`` writes them.

    Revenue and expenditure make no sum: without a word about sections, expenditure is meant.

    Raises: LevelUnknown, LevelTwice, LevelsTooMany.
    """
    down, across = (tuple(dict.fromkeys(_level(each) for each in said if each)) for said in (rows, columns))
    if twice := set(down) & set(across):
        raise LevelTwice(level=min(twice))
    if max(len(down), len(across)) > MOST_LEVELS:
        raise LevelsTooMany(limit=MOST_LEVELS)
    kept: dict[str, tuple[str, ...]] = {}
    for level, keys in ((_level(name), tuple(dict.fromkeys(said))) for name, said in filters.items() if said):
        if kept.setdefault(level, keys) != keys:
            raise LevelTwice(level=level)
    if "section" not in (*down, *across, *kept):
        kept["section"] = (Section.EXPENDITURE.value,)
    return Question(down, across, kept, actual)


def _level(name: str) -> str:
    return YEAR if name == YEAR else canonical(name)


def tidy_name(name: str) -> str:
    """Raises: LayoutUnnamed."""
    bare = one_line(name)
    if not 1 <= len(bare) <= LONGEST_NAME:
        raise LayoutUnnamed(limit=LONGEST_NAME)
    return bare


# ------------------------------------------------------------------------------------------------ laying out


def lay_out(rows: Sequence[Codes], columns: Sequence[Codes], tiyn: Sequence[Amounts]) -> Grid:
    """Sums of cells by groups, each level of the rows above its parts; the whole is the row without a key.

    Args:
        rows: by axis from the outermost in, the group of each cell; int32[cell].
        columns: the same of the columns.
        tiyn: what is added up, for the whole and then for each level down; int64[cell].

    Raises: FiguresTooMany.
    """
    columns_found, column_of = _numbered(columns, len(tiyn[0]))
    rows_found = [_numbered(rows[:depth], len(added)) for depth, added in enumerate(tiyn)]
    if (figures := sum(len(keys) for keys, _ in rows_found) * len(columns_found)) > MOST_FIGURES:
        raise FiguresTooMany(figures=figures, limit=MOST_FIGURES)
    levels: dict[Key, tuple[Amounts, Mask]] = {}
    for (keys, row_of), added in zip(rows_found, tiyn, strict=True):
        sums = np.zeros((len(keys), len(columns_found)), np.int64)
        there = np.zeros(sums.shape, np.bool_)
        np.add.at(sums, (row_of, column_of), added)
        there[row_of, column_of] = True
        levels.update(zip(keys, zip(sums, there, strict=True), strict=True))
    keys = sorted(levels)
    shape = len(keys), len(columns_found)
    return Grid(
        tuple(keys),
        tuple(columns_found),
        np.array([levels[key][0] for key in keys], np.int64).reshape(shape),
        np.array([levels[key][1] for key in keys], np.bool_).reshape(shape),
    )


def _numbered(axes: Sequence[Codes], cells: int) -> tuple[list[Key], NDArray[np.intp]]:
    """The combinations of groups that there are, in order, and which of them each cell has."""
    if not axes:
        return [()] if cells else [], np.zeros(cells, np.intp)
    mixed = np.zeros(cells, np.int64)
    for codes in axes:
        mixed = mixed * (int(codes.max(initial=0)) + 2) + codes + 1
    _, first, place = np.unique(mixed, return_index=True, return_inverse=True)
    return list(zip(*(codes[first].tolist() for codes in axes), strict=True)), place


# ------------------------------------------------------------------------------------------------ typing


def spreading(tiyn: Amounts, present: Mask, typed: Sequence[Typed]) -> tuple[Amounts, Mask, Mapping[int, DomainError]]:
    """What figures typed at leaves and totals make of the cells of a version.

    The smaller a figure's set of cells, the surer it is: what was typed at a part holds, and the rest of a total goes
    to the parts that were not typed, by their shares.

    Args:
        tiyn: int64[leaf, year]; ``present`` says which cells there are.

    Returns: new amounts, which cells there are then, and by place in ``typed`` what cannot be done.
    """
    made, there = tiyn.copy(), present.copy()
    held = np.zeros(tiyn.shape, np.bool_)
    faults: dict[int, DomainError] = {}
    done = _set_cells(typed, made, there, held)
    for place in sorted(
        (at for at in range(len(typed)) if at not in done),
        key=lambda at: (len(typed[at].leaves) * len(typed[at].years), at),
    ):
        each = typed[place]
        block = np.ix_(each.leaves, each.years)
        free = ~held[block]
        try:
            made[block], there[block] = _spread(each, made[block], there[block], free, (tiyn, present))
        except RuleViolated as fault:
            faults[place] = fault
        held[block] = True
    return made, there, faults


def _set_cells(typed: Sequence[Typed], tiyn: Amounts, present: Mask, held: Mask) -> set[int]:
    """Set all that was typed at one cell alone, at once; which places these are.  What repeats one is left."""
    ones = [
        (place, each.leaves[0], each.years[0], each.tiyn)
        for place, each in enumerate(typed)
        if len(each.leaves) == len(each.years) == 1 and abs(each.tiyn or 0) <= LARGEST_TIYN
    ]
    if not ones:
        return set()
    places, leaves, years, _ = (np.array(column) for column in zip(*ones, strict=True))
    _, first = np.unique(leaves * tiyn.shape[1] + years, return_index=True)
    at = leaves[first], years[first]
    tiyn[at] = [ones[place][3] or 0 for place in first]
    present[at] = [ones[place][3] is not None for place in first]
    held[at] = True
    return set(places[first].tolist())


def _spread(
    typed: Typed, before: Amounts, present: Mask, free: Mask, seen: tuple[Amounts, Mask]
) -> tuple[Amounts, Mask]:
    """A figure over the free cells of its block, by shares of the cells as they were ``seen``; the others hold.

    Raises: TypedPartsDiffer, NothingToSpread, SpreadCancelsOut, ShareTooLarge.
    """
    made, there = before.copy(), present.copy()
    if typed.tiyn is None:
        made[free], there[free] = 0, False
        return made, there
    rest = typed.tiyn - sum(before[~free & present].tolist())
    if not free.any():
        if rest:
            raise TypedPartsDiffer(found=decimal_string(typed.tiyn - rest))
        return made, there
    weights = _weights(*seen, typed, free)
    places = np.nonzero(weights)
    shares = weights[places]
    if not len(shares):
        raise NothingToSpread()
    base = sum(shares.tolist())
    if not base:
        raise SpreadCancelsOut()
    if abs(rest) * int(np.abs(shares).max()) > LARGEST_TIYN * abs(base):
        raise ShareTooLarge()
    made[free & present] = 0
    made[places], there[places] = spread(rest, shares), True
    return made, there


def _weights(tiyn: Amounts, present: Mask, typed: Typed, free: Mask) -> Amounts:
    """What shares are by: the figures there are, else those of the nearest year with some, the earlier first."""
    block = np.ix_(typed.leaves, typed.years)
    own = np.where(free & present[block], tiyn[block], 0)
    if own.any():
        return own
    if free.sum() == 1:
        return free.astype(np.int64)
    last = tiyn.shape[1]
    for distance in range(1, last):
        for step in (-distance, distance):
            near = np.zeros_like(own)
            for column, year in enumerate(typed.years):
                if 0 <= year + step < last:
                    there = present[typed.leaves, year + step]
                    near[:, column] = np.where(there, tiyn[typed.leaves, year + step], 0)
            near[~free] = 0
            if near.any():
                return near
    return own
