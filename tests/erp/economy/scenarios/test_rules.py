"""Paths: what they begin with, what typing does to their sources, what is refused."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from erp.economy.scenarios.model import Assumption, Observation, PathOrigin
from erp.economy.scenarios.rules import (
    DriverOutOfRange,
    DriverUnknown,
    Published,
    SeriesMissing,
    as_driver,
    changed,
    differences,
    expected,
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


def test_what_is_no_driver_or_out_of_its_range_is_refused() -> None:
    for typed in ({"rain": {2028: Decimal(1)}}, {"cpi": {2035: Decimal(1)}}):
        with pytest.raises(DriverUnknown):
            with_typed(SAVED, SAVED, typed, DRIVERS)
    for value in (Decimal("-0.1"), Decimal("25.1")):
        with pytest.raises(DriverOutOfRange):
            with_typed(SAVED, SAVED, {"cpi": {2028: value}}, DRIVERS)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.sampled_from(YEARS), st.decimals(0, 25, places=2)))
def test_what_changed_typed_again_gives_the_same_paths(values: dict[int, Decimal]) -> None:
    paths = with_typed(SAVED, SAVED, {"cpi": values}, DRIVERS)
    found = changed(SAVED, paths)
    assert found.get("cpi", {}) == {year: value for year, value in values.items() if value != Decimal("8.6")}
    assert with_typed(SAVED, SAVED, found, DRIVERS) == paths
