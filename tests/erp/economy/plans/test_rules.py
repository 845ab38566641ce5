"""Overlays, sums and rounding as properties, held against slow and plain reckoning."""

from fractions import Fraction
from hashlib import sha256
from math import floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from erp.economy.plans import rules
from erp.economy.plans.model import CellChange, Cells, Coded, EditedCell, LeafKey, LeafTable, Overlay, Section

YEARS = (2026, 2027, 2028)
Plain = dict[tuple[int, int], int]
quick = settings(max_examples=60)

cells = st.tuples(st.integers(1, 6), st.sampled_from(YEARS))
overlays = st.dictionaries(cells, st.none() | st.integers(-5, 5) | st.integers(-rules.LARGEST_TIYN, rules.LARGEST_TIYN))
amounts = st.integers(-(10**12), 10**12)


def an_overlay(said: dict[tuple[int, int], int | None]) -> Overlay:
    return Overlay.of(CellChange(leaf, year, tiyn) for (leaf, year), tiyn in said.items())


def plain(held: Cells) -> Plain:
    return {
        (leaf, year): tiyn
        for leaf, row in held.rows()
        for year, tiyn in zip(held.years, row, strict=True)
        if tiyn is not None
    }


def plainly_composed(*said: dict[tuple[int, int], int | None]) -> Plain:
    whole: dict[tuple[int, int], int | None] = {}
    for each in said:
        whole |= each
    return {cell: tiyn for cell, tiyn in whole.items() if tiyn is not None}


@quick
@given(st.lists(overlays, max_size=4))
def test_overlays_compose_as_the_nearest_wins(said: list[dict[tuple[int, int], int | None]]) -> None:
    held = rules.no_cells(YEARS)
    for each in said:
        held = rules.compose(held, an_overlay(each))
    assert plain(held) == plainly_composed(*said)
    assert held.leaves.tolist() == sorted({leaf for leaf, _ in plain(held)}), "no leaf is listed without a cell"
    assert not held.amounts[~held.present].any(), "what is absent is nothing"


@quick
@given(overlays, overlays)
def test_the_same_content_is_the_same_arrays(
    first: dict[tuple[int, int], int | None], second: dict[tuple[int, int], int | None]
) -> None:
    one_by_one = rules.compose(rules.compose(rules.no_cells(YEARS), an_overlay(first)), an_overlay(second))
    at_once = rules.compose(rules.no_cells(YEARS), an_overlay(first | second))
    assert one_by_one.same_as(at_once)


@quick
@given(overlays, overlays)
def test_only_what_changes_is_kept_and_it_suffices(
    first: dict[tuple[int, int], int | None], second: dict[tuple[int, int], int | None]
) -> None:
    below = rules.compose(rules.no_cells(YEARS), an_overlay(first))
    overlay = an_overlay(second)
    kept = rules.only_changes(below, overlay)
    assert rules.compose(below, kept).same_as(rules.compose(below, overlay))
    now = plain(below)
    assert {(c.leaf_id, c.year): c.amount_tiyn for c in kept} == {
        cell: tiyn for cell, tiyn in second.items() if now.get(cell) != tiyn
    }


@quick
@given(st.lists(st.tuples(st.integers(0, 3), amounts, amounts), max_size=30))
def test_sums_are_exact_and_absent_is_not_zero(rows: list[tuple[int, int, int]]) -> None:
    tiyn = np.array([row[1:] for row in rows], np.int64).reshape(-1, 2)
    present = tiyn % 3 != 0
    groups = np.array([row[0] for row in rows], np.int32)
    told = rules.sums(np.where(present, tiyn, 0), present, groups, 4)
    for group in range(4):
        for column in range(2):
            inside = [row[1 + column] for row in rows if row[0] == group and row[1 + column] % 3]
            assert int(told.amounts[group, column]) == sum(inside)
            assert bool(told.present[group, column]) == bool(inside)


# ------------------------------------------------------------------------------------------------ rounding that ties


_LARGEST = 2**63 - 1
of_int64 = st.integers(-_LARGEST, _LARGEST)
exact_amounts = st.floats(-1e12, 1e12) | st.floats(-9.2e18, 9.2e18) | st.integers(-(2**62), 2**62).map(float)


@quick
@given(st.lists(exact_amounts, min_size=1, max_size=40))
def test_rounded_amounts_tie_and_each_is_less_than_one_off(exact: list[float]) -> None:
    rounded = rules.tie(np.array(exact)).tolist()
    whole = sum(map(Fraction, exact))
    assert abs(sum(rounded) - whole) <= Fraction(1, 2) + Fraction(1, 1000)
    assert all(abs(tiyn - Fraction(each)) < 1 for tiyn, each in zip(rounded, exact, strict=True))
    assert all(tiyn == each for tiyn, each in zip(rounded, exact, strict=True) if each.is_integer()), "left alone"


def test_amounts_whose_sum_no_float_holds_stay_as_they_are() -> None:
    largest = float(rules.LARGEST_TIYN)
    for exact in ([largest, largest - 1], [largest, largest - 1, largest - 2]):
        assert rules.tie(np.array(exact)).tolist() == exact


@quick
@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=12), st.data())
def test_the_largest_remainders_take_what_is_missing(exact: list[float], data: st.DataObject) -> None:
    low = sum(floor(each) for each in exact)
    total = data.draw(st.integers(low, low + len(exact)))
    order = sorted(range(len(exact)), key=lambda at: (-(exact[at] - floor(exact[at])), at))
    expected = [floor(each) for each in exact]
    for at in order[: total - low]:
        expected[at] += 1
    assert rules.tie(np.array(exact), total).tolist() == expected


@quick
@given(of_int64, st.lists(st.integers(0, _LARGEST), min_size=1, max_size=30))
def test_the_largest_total_is_spread_to_the_tiyn(total: int, weights: list[int]) -> None:
    parts = rules.spread(total, weights).tolist()
    assert sum(parts) == total
    base = sum(weights)
    shares = [Fraction(total * w, base) if base else Fraction(total, len(weights)) for w in weights]
    assert all(abs(part - share) < 1 for part, share in zip(parts, shares, strict=True))


@quick
@given(amounts, st.lists(amounts, min_size=1, max_size=30))
def test_a_spread_total_is_the_total_and_in_proportion(total: int, weights: list[int]) -> None:
    parts = rules.spread(total, weights).tolist()
    assert sum(parts) == total
    base = sum(weights)
    shares = [Fraction(total * w, base) if base else Fraction(total, len(weights)) for w in weights]
    assert all(abs(part - share) < 1 for part, share in zip(parts, shares, strict=True))


def test_spreading_the_same_total_changes_nothing() -> None:
    assert rules.spread(60, [10, 20, 30]).tolist() == [10, 20, 30]
    assert rules.spread(100, [0, 0, 0]).tolist() == [34, 33, 33], "in equal parts, the earlier first"
    assert rules.spread(0, []).tolist() == []
    with pytest.raises(AssertionError):
        rules.tie(np.array([1.5, 1.5]), 30)


# ------------------------------------------------------------------------------------------------ undo, sections, hash


def test_undo_names_the_cells_that_changed_since() -> None:
    kept = EditedCell(1, 2027, 5, False, 7, False, False)
    gone = EditedCell(2, 2027, None, True, 3, False, False)
    overlay, own = rules.put_back([kept, gone], 4)
    assert (list(overlay), own.tolist()) == ([CellChange(1, 2027, 5), CellChange(2, 2027, None)], [True, False])
    with pytest.raises(rules.CellsChangedSince) as refusal:
        rules.put_back([kept, EditedCell(3, 2028, 1, False, 2, False, True)], 4)
    assert refusal.value.fields == {"no": 4, "count": 1, "cells": ["3/2028"]}


def a_table(*keys: tuple[str, ...]) -> LeafTable:
    columns = {}
    for name, column in zip(
        ("section", "budget_id", "organisation_id", "programme", "economic", "source", "region"),
        zip(*keys, strict=True),
        strict=True,
    ):
        codes = sorted(set(column))
        columns[name] = Coded(tuple(codes), np.array([codes.index(code) for code in column], np.int32))
    return LeafTable(np.arange(1, len(keys) + 1, dtype=np.int32), columns)


def test_what_comes_back_lessens_its_section() -> None:
    table = a_table(
        ("revenue", "1", "1", "", "101201", "", ""),
        ("expenditure", "1", "1", "261.001", "111", "", ""),
        ("lending", "1", "1", "459.018", "512", "", ""),
        ("lending", "1", "1", "", "5.01.1", "", ""),
        ("assets", "1", "1", "", "6.01.1", "", ""),
        ("financing", "1", "1", "", "8.01.1", "", ""),
        ("financing", "1", "1", "452.008", "711", "", ""),
    )
    assert rules.signs(table).tolist() == [1, 1, 1, -1, -1, 1, -1]
    told = rules.six_sections({Section.REVENUE: [100], Section.EXPENDITURE: [120], Section.LENDING: [-5]}, 1)
    assert (told.balance, told.financing, told.gap) == ((-15,), (0,), (-15,))


def test_the_hash_is_over_codes_in_the_order_of_the_lines() -> None:
    table = a_table(
        ("revenue", "2", "2", "", "101201", "", ""), ("expenditure", "2", "3", "261.001.015", "111", "015", "")
    )
    held = rules.compose(rules.no_cells(YEARS), an_overlay({(1, 2027): 5, (2, 2026): 0, (2, 2028): -7}))
    expected = (
        b"expenditure,BIN2,BIN3,261.001.015,111,015,,2026,0\n"
        b"expenditure,BIN2,BIN3,261.001.015,111,015,,2028,-7\n"
        b"revenue,BIN2,BIN2,,101201,,,2027,5\n"
    )
    assert rules.content_hash(held, table, {2: "BIN2", 3: "BIN3"}) == sha256(expected).digest()


def test_too_much_to_add_up_is_refused() -> None:
    many = {(leaf, 2027): rules.LARGEST_TIYN for leaf in range(1, 1002)}
    held = rules.compose(rules.no_cells(YEARS), an_overlay(dict(many)))
    with pytest.raises(rules.PlanTooLarge):
        rules.check_summable(held)
    over_years = {(leaf, year): rules.LARGEST_TIYN for leaf in range(1, 400) for year in (2026, 2027)}
    with pytest.raises(rules.PlanTooLarge):
        rules.check_summable(rules.compose(rules.no_cells(YEARS), an_overlay(dict(over_years))))


@pytest.mark.parametrize(
    ("section", "economic"),
    [(Section.REVENUE, "111"), (Section.EXPENDITURE, "101201"), (Section.EXPENDITURE, "1.01.2")],
)
def test_a_code_of_another_section_is_no_line(section: Section, economic: str) -> None:
    with pytest.raises(rules.CodeOfAnotherSection):
        rules.check_keys([LeafKey(section, 1, 1, "", economic, "", "")])
    rules.check_keys([LeafKey(Section.LENDING, 1, 1, "", economic, "", "")])
