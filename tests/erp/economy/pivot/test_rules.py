"""A pivot is the slow sum it stands for, and what is typed at a total comes back as that total."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from erp.economy.pivot.model import Key, Typed
from erp.economy.pivot.rules import (
    Amounts,
    FiguresTooMany,
    LevelTwice,
    Mask,
    NothingToSpread,
    ShareTooLarge,
    SpreadCancelsOut,
    TypedPartsDiffer,
    lay_out,
    question,
    spreading,
)

LEAVES, YEARS = 5, 3
tiyn = st.integers(-(10**15), 10**15)
positive = st.integers(0, 10**15)


@st.composite
def cells(draw: st.DrawFn) -> tuple[list[list[int]], list[list[int]], list[int]]:
    """Row groups by axis, column groups by axis, amounts."""
    n = draw(st.integers(0, 40))
    axis = st.lists(st.integers(0, 4), min_size=n, max_size=n)
    rows, columns = draw(st.lists(axis, max_size=3)), draw(st.lists(axis, max_size=2))
    return rows, columns, draw(st.lists(tiyn, min_size=n, max_size=n))


@given(cells())
@settings(max_examples=80)
def test_every_figure_is_the_sum_of_its_cells(given: tuple[list[list[int]], list[list[int]], list[int]]) -> None:
    rows, columns, amounts = given
    grid = lay_out(
        [np.array(axis, np.int32) for axis in rows],
        [np.array(axis, np.int32) for axis in columns],
        [np.array(amounts, np.int64)] * (len(rows) + 1),
    )
    slow: defaultdict[tuple[Key, Key], int] = defaultdict(int)
    for at, amount in enumerate(amounts):
        for depth in range(len(rows) + 1):
            slow[tuple(axis[at] for axis in rows[:depth]), tuple(axis[at] for axis in columns)] += amount
    found = {
        (row, column): int(grid.tiyn[r, c])
        for r, row in enumerate(grid.rows)
        for c, column in enumerate(grid.columns)
        if grid.there[r, c]
    }
    assert found == slow
    assert list(grid.rows) == sorted(grid.rows)


def test_more_figures_than_a_page_can_hold_are_refused_before_they_are_laid_out() -> None:
    many = np.arange(100_000, dtype=np.int32)
    with pytest.raises(FiguresTooMany) as refusal:
        lay_out([many], [many], [np.ones(len(many), np.int64)] * 2)
    assert refusal.value.fields["figures"] == 100_001 * 100_000


def test_a_level_is_narrowed_once() -> None:
    assert question(["economic"], [], {"programme": ["261"], "programme.subprogramme": ["261"]}).filters["programme"]
    with pytest.raises(LevelTwice):
        question(["economic"], [], {"programme": ["261"], "programme.subprogramme": ["262"]})


def cells_of(amounts: list[list[int | None]]) -> tuple[Amounts, Mask]:
    present = np.array([[each is not None for each in row] for row in amounts])
    return np.array([[each or 0 for each in row] for row in amounts], np.int64), present


grids = st.lists(st.lists(st.none() | positive, min_size=YEARS, max_size=YEARS), min_size=LEAVES, max_size=LEAVES)
blocks = st.tuples(
    st.lists(st.integers(0, LEAVES - 1), min_size=1, unique=True),
    st.lists(st.integers(0, YEARS - 1), min_size=1, unique=True),
)


@given(grids, blocks, positive)
@settings(max_examples=80)
def test_a_typed_total_ties_and_touches_nothing_else(
    amounts: list[list[int | None]], block: tuple[list[int], list[int]], total: int
) -> None:
    before, present = cells_of(amounts)
    made, there, faults = spreading(before, present, [Typed(*block, total)])
    inside = np.zeros(made.shape, bool)
    inside[np.ix_(*block)] = True
    assert (made[~inside] == before[~inside]).all()
    assert (there[~inside] == present[~inside]).all()
    if faults:
        assert isinstance(faults[0], NothingToSpread)
    else:
        assert sum(made[inside & there].tolist()) == total


def test_shares_follow_the_figures_there_are() -> None:
    made, _, faults = spreading(*cells_of([[300, 1], [100, 2], [None, 3]]), [Typed([0, 1, 2], [0], 1001)])
    assert not faults
    assert made[:, 0].tolist() == [751, 250, 0]


def test_a_year_without_figures_takes_the_shares_of_the_year_before() -> None:
    made, there, faults = spreading(*cells_of([[300, None], [100, None], [None, None]]), [Typed([0, 1, 2], [1], 800)])
    assert not faults
    assert made[:, 1].tolist() == [600, 200, 0]
    assert there[:, 1].tolist() == [True, True, False]


def test_what_was_typed_at_a_part_holds_and_the_rest_goes_to_the_others() -> None:
    made, _, faults = spreading(*cells_of([[300], [100], [100]]), [Typed([0, 1, 2], [0], 1000), Typed([0], [0], 200)])
    assert not faults
    assert made[:, 0].tolist() == [200, 400, 400]


def test_parts_that_do_not_make_the_typed_total_are_told() -> None:
    _, _, faults = spreading(
        *cells_of([[300], [100]]), [Typed([0, 1], [0], 1000), Typed([0], [0], 1), Typed([1], [0], 2)]
    )
    assert {place: type(fault) for place, fault in faults.items()} == {0: TypedPartsDiffer}


def test_a_figure_taken_away_is_gone_and_no_zero() -> None:
    made, there, faults = spreading(*cells_of([[300], [100]]), [Typed([0, 1], [0], None)])
    assert not faults
    assert not made.any()
    assert not there.any()


def test_figures_that_cancel_out_give_no_shares() -> None:
    _, _, faults = spreading(*cells_of([[300], [-300]]), [Typed([0, 1], [0], 5)])
    assert isinstance(faults[0], SpreadCancelsOut)


def test_shares_that_no_cell_holds_are_told() -> None:
    _, _, faults = spreading(*cells_of([[10**15], [1 - 10**15]]), [Typed([0, 1], [0], 10**15)])
    assert isinstance(faults[0], ShareTooLarge)


def test_one_empty_leaf_takes_what_is_typed_at_it() -> None:
    made, there, faults = spreading(*cells_of([[None], [100]]), [Typed([0], [0], 5)])
    assert not faults
    assert made[:, 0].tolist() == [5, 100]
    assert there.all()
