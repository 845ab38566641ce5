"""The shipped calendar, and the library beside it.  Source: Labour Code (RK), art. 84 and 85; Law on Holidays."""

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis.strategies import dates, integers

from erp.base.dates import DateInterval
from erp.reference.calendar import rules
from erp.reference.calendar.model import Calendar, CalendarDay, DayKind, Holiday
from erp.reference.packages import rules as packages
from erp.reference.packages import service
from erp.reference.packages.model import Content, DayRow, HolidayRow

FIRST, LAST = 2023, 2030


def shipped(first: int = FIRST, last: int = LAST) -> Calendar:
    directory = next(d for d in service.shipped() if d.name == "calendar")
    contents = packages.parse(directory).contents
    yearly = [
        Holiday(r.code, r.names.kk, r.names.ru, r.names.en, r.moves, r.in_force, r.confidence, r.source)
        for r in contents[Content.HOLIDAYS]
        if isinstance(r, HolidayRow)
    ]
    single = [
        CalendarDay(
            date.fromisoformat(r.code), DayKind(r.kind), r.names.kk, r.names.ru, r.names.en, r.confidence, r.source
        )
        for r in contents[Content.DAYS]
        if isinstance(r, DayRow)
    ]
    return rules.calendar(first, last, yearly, single)


@pytest.mark.parametrize("year", range(FIRST, LAST + 1))
def test_the_shipped_calendar_is_what_the_library_says(year: int) -> None:
    assert rules.disagreements(shipped(year, year)) == []


@pytest.mark.parametrize(
    ("year", "by_month"),
    [
        (2024, [21, 21, 17, 22, 20, 20, 22, 21, 21, 22, 21, 21]),
        (2025, [20, 20, 17, 22, 19, 20, 22, 21, 21, 22, 20, 22]),
        (2026, [19, 20, 18, 22, 17, 22, 22, 21, 22, 21, 21, 22]),
    ],
)
def test_months_have_the_working_days_that_were_published(year: int, by_month: list[int]) -> None:
    found = shipped(year, year)
    firsts = [date(year + month // 12, month % 12 + 1, 1) for month in range(13)]
    assert [rules.working_days(found, a, b) for a, b in itertools.pairwise(firsts)] == by_month


@pytest.mark.parametrize(
    ("day", "working"),
    [
        ("2026-05-08", True),
        ("2026-05-09", False),  # Victory Day on a Saturday
        ("2026-05-11", False),  # the working day after it is free
        ("2026-05-27", False),  # the first day of Kurban Ait
        ("2024-01-07", False),  # Christmas on a Sunday
        ("2024-01-08", True),  # which is not moved
        ("2024-05-04", True),  # a Saturday made working
        ("2024-05-08", False),  # the day it was exchanged for
        ("2025-08-30", False),
        ("2025-09-01", False),  # the former Constitution Day on a Saturday
        ("2026-08-31", True),  # an ordinary day since 2026
        ("2027-03-15", False),  # the new Constitution Day
        ("2026-03-16", True),
        ("2026-03-24", False),  # Nauryz on Saturday and Sunday: two days after
        ("2026-03-25", False),
        ("2026-03-26", True),
    ],
)
def test_worked_examples(day: str, working: bool) -> None:
    assert shipped().is_working(date.fromisoformat(day)) is working


def test_what_was_not_read_is_not_verified() -> None:
    days = shipped().days
    assert days[date(2026, 5, 27)].verified
    assert not days[date(2024, 5, 8)].verified  # the Government's act was not read
    assert not days[date(2024, 6, 16)].verified  # two sources differ
    assert not days[date(2027, 3, 15)].verified
    assert not next(d for d in days.values() if d.day.year == 2028 and "Ait" in d.name_en).verified  # computed


def test_a_year_before_the_package_is_unknown() -> None:
    with pytest.raises(rules.CalendarUnknown, match="2022"):
        shipped(2022, 2023)


@given(start=dates(date(FIRST, 1, 1), date(LAST, 6, 1)), first=integers(0, 100), second=integers(0, 100))
def test_working_days_of_two_stretches_add_up(start: date, first: int, second: int) -> None:
    found = CALENDAR
    middle, end = start + timedelta(days=first), start + timedelta(days=first + second)
    both = rules.working_days(found, start, middle) + rules.working_days(found, middle, end)
    assert both == rules.working_days(found, start, end)


CALENDAR = shipped()


def test_a_rule_that_ended_counts_no_more() -> None:
    ended = Holiday("06-01", "x", "x", "x", False, DateInterval(None, date(2025, 1, 1)), "high", "")
    other = Holiday("01-01", "x", "x", "x", False, DateInterval(None, None), "high", "")
    found = rules.calendar(2024, 2025, [ended, other], [])
    assert date(2024, 6, 1) in found.days
    assert date(2025, 6, 1) not in found.days
