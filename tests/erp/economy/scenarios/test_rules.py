"""Paths: what they begin with, what typing does to their sources, what is refused."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from erp.economy.plans.model import Edit
from erp.economy.scenarios.model import Assumption, Observation, PathOrigin, Revision
from erp.economy.scenarios.rules import (
    DriverOutOfRange,
    DriverUnknown,
    Published,
    SeriesMissing,
    as_driver,
    changed,
    check_sense,
    differences,
    expected,
    held,
    shipped,
    with_typed,
)

DRIVERS = {each.name: each for each in shipped().drivers}
YEARS = (2027, 2028, 2029)
EDITION = date(2026, 11, 1)


def of(name: str, confidence: str = "verified", **values: str) -> Published:
    return {name: {int(year[1:]): Observation(Decimal(said), EDITION, confidence) for year, said in values.items()}}


def test_the_shipped_formulas_are_not_verified_and_say_where_they_come_from() -> None:
    assert shipped().confidence == "low"
    assert len({shipped().source(language) for language in ("kk", "ru", "en")}) == 3
    assert all(f"driver {name}: " in shipped().body for name in DRIVERS)
    assert all(f"driver base_{name}: {DRIVERS[name].unit}" in shipped().body for name in DRIVERS)


def test_a_path_begins_with_what_is_published_then_with_what_is_assumed_officially_then_with_the_last_held() -> None:
    series = {**of("brent", y2025="69.14"), **of("budget_oil_assumption", y2026="60", y2027="58")}
    path = expected(DRIVERS["brent"], series, (2025, 2026, 2027, 2028))
    assert [(each.value, each.origin, each.series, each.series_year) for each in path.values()] == [
        (Decimal("69.14"), PathOrigin.PUBLISHED, "brent", 2025),
        (Decimal("60"), PathOrigin.PUBLISHED, "budget_oil_assumption", 2026),
        (Decimal("58"), PathOrigin.PUBLISHED, "budget_oil_assumption", 2027),
        (Decimal("58"), PathOrigin.CARRIED, "budget_oil_assumption", 2027),
    ]


def test_growth_is_of_the_year_before() -> None:
    wages = of("nominal_wage_average", y2022="309697", y2023="364295", y2025="450000")["nominal_wage_average"]
    wages = {**wages, 2022: Observation(Decimal(309697), EDITION, "medium")}
    found = as_driver(DRIVERS["wage_growth"], {"nominal_wage_average": wages})
    assert found == {2023: Observation(Decimal("17.6"), EDITION, "medium")}, "no surer than what it grew from"


def test_from_a_year_of_nothing_nothing_grows() -> None:
    wages = of("nominal_wage_average", y2022="0", y2023="364295")
    assert as_driver(DRIVERS["wage_growth"], wages) == {}


def test_texts_are_compared_line_by_line_with_two_lines_around() -> None:
    before = "\n".join("abcdefghij")
    (place,) = differences(before, before.replace("e", "E\nE"))
    assert [(line.before, line.after, line.text) for line in place] == [
        (3, 3, "c"), (4, 4, "d"), (5, None, "e"), (None, 5, "E"), (None, 6, "E"), (6, 7, "f"), (7, 8, "g"),
    ]  # fmt: skip
    assert differences(before, before) == []


def test_nothing_published_is_told() -> None:
    with pytest.raises(SeriesMissing):
        expected(DRIVERS["brent"], {}, YEARS)
    with pytest.raises(SeriesMissing):
        expected(DRIVERS["brent"], of("brent", y2030="70"), YEARS)


SAVED = {
    "cpi": {
        year: Assumption(Decimal("8.6"), PathOrigin.CARRIED, "cpi_dec_dec", EDITION, 2025, "medium") for year in YEARS
    }
}


def test_a_typed_value_is_somebody_s_and_typing_the_published_one_again_gives_it_its_source_back() -> None:
    typed = with_typed(SAVED, SAVED, {"cpi": {2028: Decimal("12")}}, DRIVERS)
    assert typed["cpi"][2028] == Assumption(Decimal("12"), PathOrigin.TYPED)
    assert typed["cpi"][2027] is SAVED["cpi"][2027]
    again = with_typed(typed, SAVED, {"cpi": {2028: Decimal("8.60")}}, DRIVERS)
    assert again == SAVED


def test_what_is_no_driver_or_makes_no_sense_is_refused() -> None:
    for typed in ({"rain": {2028: Decimal(1)}}, {"cpi": {2035: Decimal(1)}}):
        with pytest.raises(DriverUnknown):
            with_typed(SAVED, SAVED, typed, DRIVERS)
    check_sense(DRIVERS["brent"], Decimal("0.01"))
    for driver, value in (("brent", Decimal(0)), ("usdkzt", Decimal(-5)), ("cpi", Decimal(-100))):
        with pytest.raises(DriverOutOfRange):
            check_sense(DRIVERS[driver], value)
    with pytest.raises(DriverOutOfRange):
        with_typed(SAVED, SAVED, {"cpi": {2028: Decimal(-101)}}, DRIVERS)


def test_what_is_unusual_is_taken_and_its_slider_reaches_it() -> None:
    for name, value in (("brent", "18.3"), ("usdkzt", "905"), ("cpi", "-1.5"), ("cpi", "99")):
        driver = DRIVERS[name]
        check_sense(driver, Decimal(value))
        assert not driver.is_usual(Decimal(value))
        low, high = driver.span([Decimal(value)])
        assert low <= min(driver.low, Decimal(value)) <= max(driver.high, Decimal(value)) <= high
        assert low % driver.step == high % driver.step == 0
    assert DRIVERS["brent"].span([]) == (Decimal(20), Decimal(140))


AT = datetime(2026, 11, 1, tzinfo=UTC)


def revision(number: int, edit_no: int | None, minute: int) -> Revision:
    return Revision(1, 1, 1, number, uuid4(), shipped(), edit_no, {}, "", "", AT + timedelta(minutes=minute))


def edits(*undoes: int | None) -> list[Edit]:
    """The last first; one a minute, each with the edit that it undoes."""
    made = [Edit(no, 1, "", "", AT + timedelta(minutes=no), "", of, None, 1) for no, of in enumerate(undoes, start=1)]
    return made[::-1]


@pytest.mark.parametrize(
    ("saved", "made", "upto", "expected"),
    [
        ([], (), 0, 1),
        ([1], (None,), 1, 2),
        ([1], (None,), 0, 1),
        ([1], (None, 1), 2, 1),
        ([1], (None, 1), 1, 2),
        ([1], (None, 1, 2), 3, 2),
        ([1, 2], (None, None, 2), 3, 2),
        ([1, 2], (None, None, 2, 1), 4, 1),
        ([1, 2], (None, None, 1), 3, None),
        ([1], (None, None), 2, 2),
        ([1], (None, None, 2), 3, 2),
        ([2], (None, None, 1), 3, 2),
        ([1, 3], (None, 1, None), 3, 3),
        ([1, 3], (None, 1, None, 3), 4, 1),
    ],
    ids=str,
)
def test_a_scenario_upon_another_assumes_what_its_figures_were_made_of(
    saved: list[int], made: tuple[int | None, ...], upto: int, expected: int | None
) -> None:
    """Edits of revisions by number; what else was typed changes no assumption."""
    revisions = [revision(1, None, 0), *(revision(at, no, no) for at, no in enumerate(saved, start=2))][::-1]
    found = held(revisions, edits(*made), upto)
    assert (found.revision if found else None) == expected


def test_a_revision_that_moved_no_figure_is_seen_from_what_was_begun_after_it() -> None:
    revisions = [revision(3, None, 1), revision(2, 1, 1), revision(1, None, 0)]
    assert [of.revision for upto in (0, 1) if (of := held(revisions, edits(None), upto))] == [1, 3]
    assert [of.revision for upto in (1, 2) if (of := held(revisions, edits(None, 1), upto))] == [3, 1]


@settings(max_examples=50)
@given(st.dictionaries(st.sampled_from(YEARS), st.decimals(0, 25, places=2)))
def test_what_changed_typed_again_gives_the_same_paths(values: dict[int, Decimal]) -> None:
    paths = with_typed(SAVED, SAVED, {"cpi": values}, DRIVERS)
    found = changed(SAVED, paths)
    assert found.get("cpi", {}) == {year: value for year, value in values.items() if value != Decimal("8.6")}
    assert with_typed(SAVED, SAVED, found, DRIVERS) == paths
