"""What is compiled gives what the formulas mean, to the last bit; draws of many paths give what each path gives."""

from threading import Thread

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from erp.economy.formulas import program as engine
from erp.economy.formulas.checking import check
from erp.economy.formulas.meaning import reckoned
from erp.economy.formulas.model import Axes, Floats, Leaves, Shape
from erp.economy.formulas.program import Program
from erp.economy.formulas.reading import parse
from tests.erp.economy.formulas.a_model import AXES, DECLARED, LEVELS, MEASURES, YEARS, Given, given_values, text

seeds = st.integers(0, 2**32 - 1)


def a_program(said: str, values: Given, wanted: tuple[str, ...] | None = None) -> Program:
    return engine.compile(check(parse(said), AXES), values.leaves, wanted)


def slowly(said: str, values: Given) -> dict[str, Floats]:
    """[leaf, year] of each measure, one cell at a time."""
    found = reckoned(check(parse(said), AXES), values.leaves, values.inputs, values.drivers)
    return {
        name: np.array([[np.nan if v is None else v for v in row] for row in found[name]], dtype=np.float64)
        for name in MEASURES
    }


@settings(max_examples=200, deadline=None)
@given(seeds, seeds)
def test_a_program_gives_what_the_formulas_mean_cell_by_cell(seed: int, of_values: int) -> None:
    said, values = text(seed), given_values(of_values)
    meant = slowly(said, values)
    result = a_program(said, values).run(values.inputs, values.drivers)
    if not any(np.isinf(each).any() for each in meant.values()):
        for name in MEASURES:
            found = np.broadcast_to(result[name], meant[name].shape)
            np.testing.assert_array_equal(found, meant[name], err_msg=f"{name} of {said}")


@settings(max_examples=60, deadline=None)
@given(seeds, seeds, seeds)
def test_a_machine_that_runs_again_forgets_what_was(seed: int, of_values: int, of_others: int) -> None:
    values, others = given_values(of_values), given_values(of_others)
    program = a_program(text(seed), values, ("third",))
    machine = program.machine()
    machine.load(values.inputs)
    machine.run(others.drivers)
    again = machine.run(values.drivers)["third"]
    np.testing.assert_array_equal(again, program.run(values.inputs, values.drivers)["third"])


@settings(max_examples=60, deadline=None)
@given(seeds, seeds)
def test_draws_give_the_totals_that_each_path_gives(seed: int, of_values: int) -> None:
    values = given_values(of_values, 7)
    program = a_program(text(seed), values)
    groups = np.arange(7, dtype=np.int32) % 3 - 1
    paths = [given_values(of_values + more).drivers for more in range(3)]
    drawn = {name: np.stack([path[name] for path in paths]) for name in paths[0]}
    for measure in MEASURES:
        if program.checked.shapes[measure] is Shape.CELLS:
            found = program.draws(values.inputs, drawn, measure, groups, 2)
            for of_path, path in zip(found, paths, strict=True):
                result = program.run(values.inputs, path)
                totals = result.totals(measure, groups, 2).values
                size = float(np.abs(np.nan_to_num(result[measure])).max())
                np.testing.assert_allclose(of_path, totals, rtol=1e-9, atol=1e-9 * size)


def an_outlook() -> tuple[Program, Given]:
    """Wages that grow, food that follows prices, a share of its group; two leaves of education, one of health."""
    said = """
        driver wage_growth: %
        driver cpi: %
        input base: KZT
        measure amount: KZT
            where economic in 111 = lag(amount) * (1 + wage_growth) from base
            otherwise = grow(base, cpi)
        measure share: % = amount / sum(amount over programme.group)
    """
    groups = {
        "economic.specific": np.array([0, 2, 2], dtype=np.int32),
        "programme.group": np.array([0, 0, 1], dtype=np.int32),
    }
    levels = {"economic": {"specific": LEVELS["economic"]["specific"]}, "programme": LEVELS["programme"]}
    base = np.full((3, 5), np.nan)
    base[:, :2] = [[100, 200], [300, 400], [np.nan, 50]]
    drivers = {"wage_growth": np.array([0, 0, 10.0, 10, 10]), "cpi": np.array([0, 0, 5.0, 5, np.nan])}
    leaves = Leaves(3, groups)
    program = engine.compile(check(parse(said), Axes(YEARS, 2027, levels)), leaves)
    return program, Given(leaves, {"base": base}, drivers)


def test_base_years_stay_and_plan_years_follow_the_drivers() -> None:
    program, values = an_outlook()
    result = program.run(values.inputs, values.drivers)
    np.testing.assert_allclose(
        result["amount"],
        [[100, 200, 220, 242, 266.2], [300, 400, 420, 441, np.nan], [np.nan, 50, 52.5, 55.125, np.nan]],
    )
    np.testing.assert_allclose(result["share"][:, 2], [100 * 220 / 640, 100 * 420 / 640, 100])
    assert result.missing("share")[:, 4].tolist() == [True, True, True], "a sum of which one is missing is missing"
    totals = result.totals("amount", values.leaves.groups["programme.group"], 2)
    np.testing.assert_allclose(totals.values, [[400, 600, 640, 683, 266.2], [np.nan, 50, 52.5, 55.125, np.nan]])
    assert totals.missing.tolist() == [[0, 0, 0, 0, 1], [1, 0, 0, 0, 1]]


def test_a_cell_tells_what_it_was_reckoned_from() -> None:
    program, values = an_outlook()
    result = program.run(values.inputs, values.drivers)
    told = result.precedents("amount", 0, 2028)
    assert (told.value, told.unit, told.formula, told.line) == (
        pytest.approx(242),
        "KZT",
        "lag(amount) * (1 + wage_growth)",
        6,
    )
    assert [(c.name, c.year, c.value, c.leaf) for c in told.children] == [
        ("amount", 2027, pytest.approx(220), 0),
        ("wage_growth", 2028, 10, None),
    ]
    assert [child.name for child in result.precedents("amount", 0, 2026).children] == ["base"], "a base year"
    share = result.precedents("share", 1, 2027)
    (_, total) = share.children
    assert (total.name, total.cells, total.value) == ("(sum(amount over programme.group))", 2, pytest.approx(640))
    assert [child.leaf for child in total.children] == [1, 0], "the largest first"
    grown = result.precedents("(grow(base, cpi))", 1, 2027)
    assert {child.name for child in grown.children} == {"(grow(base, cpi))", "cpi"}


def test_one_program_serves_many_threads() -> None:
    program, values = an_outlook()
    found: dict[int, Floats] = {}

    def run(rate: int) -> None:
        drivers = values.drivers | {"wage_growth": np.full(5, float(rate))}
        for _ in range(20):
            found[rate] = program.run(values.inputs, drivers)["amount"]

    threads = [Thread(target=run, args=(rate,)) for rate in (0, 10, 50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[rate][0, 3] for rate in (0, 10, 50)] == [200, pytest.approx(242), pytest.approx(450)]


def test_nothing_comes_of_no_leaves() -> None:
    empty = Leaves(0, {key: indices[:0] for key, indices in given_values(1).leaves.groups.items()})
    values = {name: np.empty((0, 5)) for name in ("base", "more")}
    program = engine.compile(check(parse(DECLARED + "measure a: KZT = sum(known base)"), AXES), empty)
    assert np.isnan(program.run(values, given_values(1).drivers)["a"]).all()
