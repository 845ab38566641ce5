"""What is compiled gives what the formulas mean, to the last bit; draws of many paths give what each path gives."""

from collections.abc import Iterator
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
from erp.economy.formulas.tracing import LARGEST, MOST, Precedent, Told
from tests.erp.economy.formulas.a_model import (
    AXES,
    BASE_YEARS,
    DECLARED,
    LEVELS,
    MEASURES,
    YEARS,
    Given,
    axes_with,
    given_values,
    text,
)

seeds = st.integers(0, 2**32 - 1)
base_years = st.sampled_from(BASE_YEARS)


def a_program(said: str, values: Given, wanted: tuple[str, ...] | None = None, base_years: int = 2) -> Program:
    return engine.compile(check(parse(said), axes_with(base_years)), values.leaves, wanted)


def slowly(program: Program, values: Given) -> dict[str, Floats]:
    """[leaf, year] of each name, one cell at a time."""
    found = reckoned(program.checked, values.leaves, values.inputs, values.drivers)
    return {
        name: np.array([[np.nan if v is None else v for v in row] for row in rows], dtype=np.float64)
        for name, rows in found.items()
    }


@settings(max_examples=200)
@given(seeds, seeds, base_years)
def test_a_program_gives_what_the_formulas_mean_cell_by_cell(seed: int, of_values: int, base: int) -> None:
    said, values = text(seed), given_values(of_values)
    program = a_program(said, values, base_years=base)
    meant, result = slowly(program, values), program.run(values.inputs, values.drivers)
    if not any(np.isinf(each).any() for each in meant.values()):
        for name in MEASURES:
            found = np.broadcast_to(result[name], meant[name].shape)
            np.testing.assert_array_equal(found, meant[name], err_msg=f"{name} of {said}")


def all_of(told: Precedent) -> Iterator[Precedent]:
    yield told
    for child in told.children:
        yield from all_of(child)


@settings(max_examples=100)
@given(seeds, seeds, base_years)
def test_what_is_told_of_a_cell_is_what_the_formulas_mean(seed: int, of_values: int, base: int) -> None:
    """Of a program that keeps one measure alone, as scenarios have it."""
    values = given_values(of_values)
    program = a_program(text(seed), values, ("third",), base)
    meant, result = slowly(program, values), program.run(values.inputs, values.drivers)
    if any(np.isinf(each).any() for each in meant.values()):
        return
    for year in YEARS[1::2]:
        explained: list[tuple[str, int | None, int]] = []
        for each in all_of(result.precedents("third", 0, year)):
            if each.name in meant and not each.cells:
                expected = meant[each.name][each.leaf or 0, YEARS.index(each.year)]
                np.testing.assert_array_equal(np.nan if each.value is None else each.value, expected)
            if each.children and not each.cells:
                explained.append((each.name, each.leaf, each.year))
        assert len(explained) == len(set(explained)), "each value is explained once"


def test_an_explanation_grows_no_faster_than_its_text_and_ends_somewhere() -> None:
    """Eight layers of ten measures that each add up the next layer: a hundred million ways down."""
    layers, wide = 8, 10
    said = ["input base: KZT"]
    for layer in reversed(range(layers)):
        below = " + ".join(f"m{layer + 1}x{at}" for at in range(wide)) if layer < layers - 1 else "base"
        said += [f"measure m{layer}x{at}: KZT = {below}" for at in range(wide)]
    said.append("measure amount: KZT = " + " + ".join(f"m0x{at}" for at in range(wide)))
    values = given_values(7, 3)
    result = a_program(DECLARED[: DECLARED.index("input")] + "\n".join(said), values, ("amount",)).run(
        {"base": np.ones((3, len(YEARS)))}, values.drivers
    )
    nodes = list(all_of(result.precedents("amount", 0, 2027)))
    assert len(nodes) <= MOST + LARGEST
    assert {each.value for each in nodes if each.name == "m0x0"} == {10.0**7}
    told = {each.name: each.told for each in nodes if not each.children and each.formula}
    assert Told.ELSEWHERE in told.values()
    assert Told.NOWHERE in told.values()


@settings(max_examples=20)
@given(st.integers(2, 200), st.integers(0, 300), st.sampled_from(["min({})", "part * min({})"]))
def test_an_explanation_is_no_wider_either(names: int, sums: int, shape: str) -> None:
    """A step that takes hundreds of names and sums: so many are told, and how many more there are."""
    took = [*(f"n{at}" for at in range(names)), *(f"sum(base * {at + 2})" for at in range(sums))]
    listed = ", ".join(took)
    said = ["input base: KZT", *(f"measure n{at}: KZT = base * {at}" for at in range(names))]
    said += [f"measure part: 1 = max({listed}) / min({listed})", f"measure amount: KZT = {shape.format(listed)}"]
    values = given_values(7, 30)
    result = a_program(DECLARED[: DECLARED.index("input")] + "\n".join(said), values, ("amount",)).run(
        {"base": np.ones((30, len(YEARS)))}, values.drivers
    )
    told = result.precedents("amount", 0, 2027)
    nodes = list(all_of(told))
    assert len(nodes) <= MOST + LARGEST
    assert len(told.children) + told.more == names + sums + shape.startswith("part")
    added = [each for each in nodes if each.cells]
    assert all(len(each.children) == LARGEST for each in added)
    assert all(each.value == sum(30 * (child.value or 0) for child in each.children[:1]) for each in added)


@settings(max_examples=60)
@given(seeds, seeds, seeds)
def test_a_machine_that_runs_again_forgets_what_was(seed: int, of_values: int, of_others: int) -> None:
    values, others = given_values(of_values), given_values(of_others)
    program = a_program(text(seed), values, ("third",))
    machine = program.machine()
    machine.load(values.inputs)
    machine.run(others.drivers)
    again = machine.run(values.drivers)["third"]
    np.testing.assert_array_equal(again, program.run(values.inputs, values.drivers)["third"])


@settings(max_examples=60)
@given(seeds, seeds, base_years, st.booleans())
def test_draws_give_the_totals_that_each_path_gives(seed: int, of_values: int, base: int, asks: bool) -> None:
    """Of what is known; or of every cell that an input has, where one of these without a value leaves no total."""
    values = given_values(of_values, 7)
    program = a_program(text(seed), values, base_years=base)
    groups = np.arange(7, dtype=np.int32) % 3 - 1
    paths = [given_values(of_values + more).drivers for more in range(3)]
    drawn = {name: np.stack([path[name] for path in paths]) for name in paths[0]}
    for measure in MEASURES:
        if program.checked.shapes[measure] is Shape.CELLS:
            found = program.draws(values.inputs, drawn, measure, groups, 2, asked="base" if asks else "")
            for of_path, path in zip(found, paths, strict=True):
                result = program.run(values.inputs, path)
                totals = result.totals(measure, groups, 2).values
                if asks:
                    asked = np.where(np.isnan(values.inputs["base"]), 0, result[measure])
                    totals = np.stack([asked[groups == group].sum(axis=0) for group in range(2)])
                size = float(np.abs(np.nan_to_num(result[measure])).max())
                np.testing.assert_allclose(of_path, totals, rtol=1e-9, atol=1e-9 * size)


@pytest.mark.parametrize(
    ("formula", "years", "found"),
    [
        ("base * index(rate) from base", (2027, 2028), [[110, 132]]),
        ("base * index(rate) from base", (2026, 2027, 2028), [[100, 120, 156]]),
        ("base * (1 + rate) from base", (2027, 2028), [[110, 120]]),
        ("lag(amount) * (1 + rate) from base", (2027, 2028), [[100, 120]]),
        ("grow(base, rate)", (2027, 2028), [[100, 120]]),
        ("lag(lag(base)) from base", (2026, 2027, 2028), [[100, 100, 100]]),
        ("lag(base + lag(base, 2)) - lag(base) from base", (2026, 2027, 2028, 2029), [[100, 100, 100, 100]]),
    ],
)
def test_the_first_plan_year_follows_its_drivers_also_where_no_base_year_is_before_it(
    formula: str, years: tuple[int, ...], found: list[list[float]]
) -> None:
    said = f"driver rate: %  input base: KZT  measure amount: KZT = {formula}"
    program = engine.compile(check(parse(said), Axes(years, 2027, {})), Leaves(1, {}))
    rate = np.array([10.0, 20.0, 30.0, 40.0])[: len(years)]
    np.testing.assert_allclose(program.run({"base": np.full((1, len(years)), 100.0)}, {"rate": rate})["amount"], found)


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
