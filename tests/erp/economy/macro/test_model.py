"""Which of many values of a year counts, and which is the published one."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from erp.economy.macro.model import Series, Value
from erp.economy.macro.schemas import ExpectSeries

FIRST = date(2026, 1, 1)


@st.composite
def values(draw: st.DrawFn) -> tuple[Value, ...]:
    """By year and vintage, as the database gives them: of a day one's own in the order in which they were said."""
    said = draw(st.lists(st.tuples(st.integers(2026, 2028), st.integers(0, 3), st.booleans()), max_size=14))
    made = [
        Value(year, FIRST + timedelta(day), Decimal(at), "A source", "own" if is_own else "verified", "")
        for at, (year, day, is_own) in enumerate(said)
    ]
    published = {(each.year, each.vintage): each for each in made if not each.is_own}
    kept = [each for each in made if each.is_own] + list(published.values())
    return tuple(sorted(kept, key=lambda each: (each.year, each.vintage)))


def series(of: tuple[Value, ...]) -> Series:
    return Series("brent", "USD/bbl", "Мұнай", "Нефть", "Oil", of)


@given(values())
def test_the_newest_day_counts_of_a_day_ones_own_and_of_those_the_last(of: tuple[Value, ...]) -> None:
    found = series(of).latest
    assert found.keys() == {each.year for each in of}
    for year, counts in found.items():
        same = [each for each in of if each.year == year]
        newest = [each for each in same if each.vintage == max(other.vintage for other in same)]
        own = [each for each in newest if each.is_own]
        assert counts is (own or newest)[-1]


@given(values())
def test_what_is_expected_here_never_changes_what_is_published(of: tuple[Value, ...]) -> None:
    published = tuple(each for each in of if not each.is_own)
    assert series(of).published == series(published).latest


@given(values(), st.integers(2026, 2028))
def test_a_revision_of_an_earlier_day_changes_nothing_that_counts(of: tuple[Value, ...], year: int) -> None:
    """A vintage that is loaded late is of the day on which it was published, and not of the day of loading."""
    late = Value(year, FIRST - timedelta(1), Decimal(-1), "Loaded late", "verified", "")
    before, after = series(of).latest, series((late, *of)).latest
    assert after == {year: late} | before


def test_a_value_from_memory_is_marked_and_ones_own_is_not() -> None:
    marks = {
        sureness: Value(2026, FIRST, Decimal(1), "A source", sureness, "").is_not_verified
        for sureness in ("verified", "high", "medium", "low", "own")
    }
    assert marks == {"verified": False, "high": False, "medium": True, "low": True, "own": False}


@pytest.mark.parametrize(
    "wrong",
    [
        {"values": {}},
        {"values": {1999: 1}},
        {"values": {2027: "NaN"}},
        {"values": {2027: "0.0000001"}},
        {"values": dict.fromkeys(range(2020, 2061), 1)},
        {"source": "  "},
        {"source": "No\x00where"},
        {"vintage": "2020-01-01"},
    ],
)
def test_an_expectation_says_years_numbers_and_a_source(wrong: dict[str, object]) -> None:
    good: dict[str, object] = {"values": {2027: "62.5"}, "source": "Forecast of the ministry"}
    assert ExpectSeries.model_validate(good).values == {2027: Decimal("62.5")}
    with pytest.raises(ValidationError):
        ExpectSeries.model_validate(good | wrong)
