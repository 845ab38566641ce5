"""A text is refused where it is wrong, with what was expected there; what is right is understood as it was meant."""

import numpy as np
import pytest

from erp.economy.formulas import program as engine
from erp.economy.formulas.checking import MOST_TOLD, Checked, check
from erp.economy.formulas.faults import ModelFaulty
from erp.economy.formulas.model import Axes, Leaves, Shape
from erp.economy.formulas.reading import DEEPEST, parse
from tests.erp.economy.formulas.a_model import AXES, DECLARED


def checked(text: str) -> Checked:
    return check(parse(DECLARED + text), AXES)


def faults(text: str) -> list[tuple[str, str]]:
    """Column and code of every fault in the line after the declarations."""
    with pytest.raises(ModelFaulty) as refused:
        checked(text)
    assert all(place.startswith("2:") for place in refused.value.faults)
    return [(place[2:], getattr(fault, "code", "")) for place, fault in refused.value.faults.items()]


@pytest.mark.parametrize(
    ("text", "column", "code"),
    [
        ("measures", "1", "declaration-expected"),
        ("measure sum: KZT = 1", "9", "name-expected"),
        ("measure a KZT = 1", "11", "word-expected"),
        ("measure a: = 1", "12", "unit-expected"),
        ("measure a: KZT = ", "18", "expression-expected"),
        ("measure a: KZT = (base", "23", "word-expected"),
        ("measure a: KZT = base base", "23", "declaration-expected"),
        ("measure a: KZT = 1.2.3 KZT", "18", "number-unclear"),
        ("measure a: KZT = lag(base, 1.5)", "28", "formula-whole-number-expected"),
        ("measure a: KZT where economic in = 1", "34", "code-expected"),
        ("measure a: KZT where economic = 111 112", "37", "word-expected"),
        ("measure a: KZT = " + "(" * 200, "119", "formula-too-deep"),
    ],
)
def test_what_cannot_be_read_is_refused_at_its_place(text: str, column: str, code: str) -> None:
    assert faults(text) == [(column, code)]


@pytest.mark.parametrize(
    ("formula", "column", "code"),
    [
        ("base + rate", "25", "units-differ"),
        ("base * more", "18", "unit-not-declared"),
        ("base / more", "18", "unit-not-declared"),
        ("bas", "18", "name-mistyped"),
        ("quite_another", "18", "name-unknown"),
        ("max(base, 1 USD)", "28", "units-differ"),
        ("if(base, base, 0)", "21", "condition-expected"),
        ("base > 0", "18", "number-needed"),
        ("grow(base, price)", "29", "rate-expected"),
        ("base * index(rate, 1999)", "25", "year-outside"),
        ("lag(base, 51)", "18", "lag-years"),
        ("sum(price)", "22", "cells-expected"),
        ("sum(base over programme.division)", "32", "formula-level-unknown"),
        ("if(region in 11, base, 0)", "21", "dimension-unknown"),
        ("a", "9", "formula-cycle"),
        ("base / 2 price", "27", "formula-product-unsaid"),
        ("1.2 base", "22", "formula-product-unsaid"),
        ("3 thousand base", "29", "formula-product-unsaid"),
        ("sum(a over programme.group)", "9", "formula-cycle"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_place(formula: str, column: str, code: str) -> None:
    assert faults(f"measure a: KZT = {formula}") == [(column, code)]


def test_every_fault_is_told_at_once() -> None:
    said = "measure a: KZT = base + 1  measure a: USD = price  input rate: tonne"
    assert [code for _, code in faults(said)] == ["units-differ", "name-taken", "name-taken", "formula-unit-unknown"]


def test_a_cycle_is_refused_with_its_path() -> None:
    with pytest.raises(ModelFaulty, match="x → y → z → x"):
        checked("measure x: KZT = y  measure y: KZT = z + lag(x)  measure z: KZT = 2 * x")


def test_a_loop_through_last_year_is_none() -> None:
    found = checked("measure x: KZT = lag(y) from base  measure y: KZT = x * 2")
    assert list(found.formulas) == ["x", "y"]


def test_units_are_reckoned_with() -> None:
    found = checked(
        """
        unit pupil
        driver usd: KZT/USD  driver oil: USD/bbl  input barrels: mln bbl  input pupils: pupil
        measure tax: bn KZT = barrels * oil * usd * 10%
        measure norm: thousand KZT/pupil/month = base / pupils / 12 month
        measure share: % = base / sum(base over programme.group)
        measure nothing: KZT = max(0, missing)
        """
    )
    assert [str(found.names[name].unit) for name in ("tax", "norm")] == ["bn KZT", "thousand KZT/pupil/month"]


def test_what_has_one_value_a_year_is_told_from_what_each_cell_has() -> None:
    found = checked(
        "measure a: 1 = index(rate)  measure b: KZT = sum(base)  measure c: KZT where economic in 111 = price"
    )
    assert [found.shapes[name] for name in "abc"] == [Shape.YEARS, Shape.YEARS, Shape.CELLS]


def test_a_code_that_no_cell_has_is_noted() -> None:
    found = checked("measure a: KZT where economic in (111, 999) = base")
    assert [note.fields for note in found.notes] == [{"code": "999", "dimension": "economic"}]


@pytest.mark.parametrize(
    ("coarse", "fine", "is_clear"),
    [
        ([0, 0, 1], [0, 1, 1], True),
        ([0, 1, 1], [0, 1, 1], True),
        ([0, 1, 1], [0, 0, 1], True),
        ([0, 0, 1], [1, 0, 0], False),
        ([1, 0, -1], [0, 1, 1], False),
    ],
)
def test_a_code_at_two_levels_is_refused_unless_one_group_lies_within_the_other(
    coarse: list[int], fine: list[int], *, is_clear: bool
) -> None:
    model = parse("measure a: KZT where kind in x = 2 KZT otherwise = 1 KZT")
    axes = Axes((2027,), 2027, {"kind": {"coarse": ("x", "y"), "fine": ("x", "y")}})
    groups = {"kind.coarse": np.array(coarse, np.int32), "kind.fine": np.array(fine, np.int32)}
    leaves = Leaves(3, groups)
    if is_clear:
        found = engine.compile(check(model, axes, leaves), leaves).run({}, {})["a"][:, 0]
        assert found.tolist() == [2 if 0 in pair else 1 for pair in zip(coarse, fine, strict=True)], (
            "the larger is meant"
        )
    for told in (None, leaves)[: 1 if is_clear else 2]:
        with pytest.raises(ModelFaulty, match=r"kind\.coarse, kind\.fine"):
            check(model, axes, told)


def test_a_long_sum_is_split_by_its_author() -> None:
    checked("measure a: KZT = " + " + ".join(["base"] * DEEPEST))
    assert faults("measure a: KZT = " + " + ".join(["base"] * (DEEPEST + 2)))[0][1] == "formula-too-deep"


def test_a_text_of_thousands_of_faults_is_told_the_first_of_them_at_once() -> None:
    with pytest.raises(ModelFaulty) as refused:
        checked("\n".join(f"measure m{at}: KZT = nothing{at}" for at in range(3000)))
    assert list(refused.value.faults)[:2] == ["2:19", "3:19"]
    assert len(refused.value.faults) == MOST_TOLD


def test_the_path_of_a_long_cycle_is_shortened() -> None:
    names = [f"m{at}" for at in range(500)]
    with pytest.raises(ModelFaulty, match="… →") as refused:
        checked(" ".join(f"measure {name}: KZT = {names[at - 1]}" for at, name in enumerate(names)))
    assert len(str(refused.value)) < 300
