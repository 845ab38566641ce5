"""Law and arithmetic of leave.  Source: Labour Code (RK), art. 87-97; Law on Civil Service, art. 54."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from erp.base.dates import DateInterval, DaySpan
from erp.hr.leave import rules
from erp.hr.leave.model import CENTIDAYS, Counting, Doubt, Inside, Kind, LeaveDay, Pool, Preview, Rule, Rules
from erp.reference.calendar import rules as calendar_rules
from erp.reference.calendar.model import CalendarDay, DayKind, Holiday
from erp.reference.packages import rules as packages
from erp.reference.packages import service as shipped_packages
from erp.reference.packages.model import Content, LeaveKindRow, LeaveNormRow, LeaveRuleRow, Package
from tests.erp.reference.calendar.test_rules import shipped as shipped_calendar

CALENDAR = shipped_calendar()
TODAY = date(2026, 1, 1)


def package() -> Package:
    return packages.parse(next(Path(d) for d in shipped_packages.shipped() if d.name == "leave"))


def law() -> Rules:
    rows = package().contents[Content.LEAVE_RULES]
    return Rules(
        {
            r.code: (Rule(r.code, *_names(r), r.confidence, r.value, DateInterval(r.in_force.start, r.in_force.end)),)
            for r in rows
            if isinstance(r, LeaveRuleRow)
        }
    )


def _names(r: LeaveKindRow | LeaveRuleRow) -> tuple[str, str, str, str, str, str]:
    return r.names.kk, r.names.ru, r.names.en, r.act_kk, r.act_ru, r.act_en


def kind(code: str = "ANNUAL") -> Kind:
    r = next(r for r in package().contents[Content.LEAVE_KINDS] if r.code == code)
    assert isinstance(r, LeaveKindRow)
    return Kind(
        code, *_names(r), r.confidence, r.draws, Counting(r.counting), r.paid, r.seniority, r.least_days, r.most_days,
        r.timesheet_code,
    )  # fmt: skip


LAW, ANNUAL = law(), kind()


def pool(year: int, days: float) -> Pool:
    return Pool(date(year, 3, 1), round(days * CENTIDAYS))


def asked(first: str, last: str, *pools: Pool, of: Kind = ANNUAL, today: date = TODAY, **more: Any) -> Preview:
    days = DaySpan(date.fromisoformat(first), date.fromisoformat(last))
    return rules.preview(of, days, CALENDAR, LAW, pools or (pool(2025, 30),), today=today, **more)


# ------------------------------------------------------------------------------------------------ days that count


def test_holidays_inside_a_leave_are_not_counted() -> None:
    """Nauryz, 21-23 March: three holidays; the days off moved for them, the 24th and 25th, are ordinary days off."""
    seen = asked("2026-03-16", "2026-03-29")
    assert seen.counted == 11
    assert [d.day.day for d in seen.each if d.outside is Inside.HOLIDAY] == [21, 22, 23]
    assert seen.balance == 19 * CENTIDAYS


def test_christmas_and_kurban_ait_are_days_off_and_count_which_is_not_verified() -> None:
    christmas, ait = asked("2026-01-05", "2026-01-11"), asked("2026-05-25", "2026-05-31")
    assert (christmas.counted, ait.counted) == (7, 7)
    assert Doubt.NOT_VERIFIED in christmas.doubts
    assert Doubt.NOT_VERIFIED in ait.doubts


def test_a_holiday_of_one_year_alone_is_no_kurban_ait() -> None:
    """Declared by an act, in the register of single days: it follows the rule of all holidays."""
    by_decree = CalendarDay(date(2026, 8, 5), DayKind.HOLIDAY, "Мереке", "Праздник", "A holiday", "high", "an act")
    assert rules.is_excluded(by_decree, LAW)
    found = calendar_rules.calendar(2027, 2027, [a_holiday()], [replace(by_decree, day=date(2027, 8, 5))])
    assert [day.is_kurban_ait for day in found.days.values()].count(True) == 1, "it does not strike out Kurban Ait"


def a_holiday() -> Holiday:
    return Holiday("12-16", "Мереке", "Праздник", "A holiday", False, DateInterval(date(2000, 1, 1), None), "high", "")


def test_the_end_of_the_former_constitution_day_is_seen_by_the_year() -> None:
    assert asked("2025-08-25", "2025-08-31", today=date(2025, 1, 1)).counted == 6
    assert asked("2026-08-25", "2026-08-31").counted == 7


def test_a_social_leave_counts_working_days() -> None:
    seen = asked("2026-03-05", "2026-03-10", of=kind("SCREENING"))
    assert seen.counted == 3  # Thursday, Friday, Tuesday: the 9th is free for the 8th
    assert [d.outside for d in seen.each] == [None, None, Inside.DAY_OFF, Inside.HOLIDAY, Inside.DAY_OFF, None]
    assert not seen.kind.draws


def test_holidays_lengthen_annual_leave_alone() -> None:
    """Maternity leave is so many calendar days, whatever falls into them.  Source: Labour Code (RK), art. 99."""
    assert asked("2026-01-01", "2026-05-06", of=kind("MATERNITY_126")).counted == 126


def test_a_leave_of_holidays_alone_is_none() -> None:
    with pytest.raises(rules.LeaveEmpty):
        asked("2026-01-01", "2026-01-02")


@pytest.mark.parametrize(("code", "last"), [("UNPAID_MARRIAGE", "2026-02-06"), ("SCREENING", "2026-02-05")])
def test_a_kind_with_a_limit_lasts_no_longer(code: str, last: str) -> None:
    with pytest.raises(rules.LeaveTooLong):
        asked("2026-02-01", last, of=kind(code))


def test_maternity_leave_is_one_whole() -> None:
    first = date(2026, 7, 7)
    with pytest.raises(rules.LeaveTooShort):
        asked("2026-07-07", str(first + timedelta(days=100)), of=kind("MATERNITY_126"))


# ------------------------------------------------------------------------------------------------ which days move


def test_the_oldest_working_year_is_drawn_first() -> None:
    seen = asked("2026-06-01", "2026-06-20", pool(2025, 30), pool(2024, 5))
    assert [d.year_start and d.year_start.year for d in seen.each] == [2024] * 5 + [2025] * 15
    assert seen.after == (pool(2025, 15), pool(2024, 0))
    assert [d.balance for d in seen.each][-1] == 15 * CENTIDAYS


def test_what_is_owed_is_taken_off() -> None:
    with pytest.raises(rules.LeaveNotEnough) as refused:
        asked("2026-06-01", "2026-06-28", pool(2025, 30), pool(2024, -3))
    assert refused.value.fields == {"balance": "27", "asked": "28"}


def test_too_many_days_are_refused_with_both_numbers() -> None:
    with pytest.raises(rules.LeaveNotEnough, match=r"balance 17,53, asked 18"):
        asked("2026-06-01", "2026-06-18", pool(2025, 17.53))


pools = st.lists(
    st.builds(Pool, st.dates(date(2015, 1, 1), date(2025, 1, 1)), st.integers(0, 4000)),
    max_size=5,
    unique_by=lambda p: p.year_start,
)


@given(pools, st.integers(0, 12000), st.integers(0, 12000))
@settings(max_examples=200)
def test_what_is_given_back_leaves_what_a_shorter_leave_would_have_drawn(
    there: list[Pool], asked_for: int, back: int
) -> None:
    whole = sum(p.centidays for p in there)
    asked_for = min(asked_for, whole)
    back = min(back, asked_for)
    drawn = rules.drawn(there, asked_for)
    assert sum(p.centidays for p in drawn) == asked_for
    returned = {p.year_start: p.centidays for p in rules.given_back(drawn, back)}
    kept = [Pool(p.year_start, p.centidays - returned.get(p.year_start, 0)) for p in drawn]
    assert [p for p in kept if p.centidays] == rules.drawn(there, asked_for - back)


# ------------------------------------------------------------------------------------------------ warnings


WORKER, SERVANT = frozenset({"worker"}), frozenset({"civil-servant"})


def test_one_is_warned_when_no_part_can_reach_two_weeks() -> None:
    assert Doubt.NO_LONG_PART not in asked("2026-02-02", "2026-02-08").doubts  # 23 of 30 are left
    assert Doubt.NO_LONG_PART in asked("2026-02-02", "2026-02-08", pool(2025, 15), groups=WORKER).doubts
    assert Doubt.NO_LONG_PART not in asked("2026-02-02", "2026-02-08", pool(2025, 15), groups=SERVANT).doubts
    days = DaySpan(date(2026, 2, 2), date(2026, 2, 8))
    had = rules.preview(
        ANNUAL,
        days,
        CALENDAR,
        LAW,
        [pool(2025, 15)],
        today=TODAY,
        groups=WORKER,
        long_parts=frozenset({date(2025, 3, 1)}),
    )
    assert Doubt.NO_LONG_PART not in had.doubts


def test_one_is_warned_when_it_cannot_be_paid_in_time() -> None:
    late, in_time = date(2026, 1, 31), date(2026, 1, 30)
    assert Doubt.PAID_LATE in asked("2026-02-02", "2026-02-15", today=late, groups=SERVANT).doubts
    assert Doubt.PAID_LATE not in asked("2026-02-02", "2026-02-15", today=in_time, groups=SERVANT).doubts
    assert Doubt.PAID_LATE not in asked("2026-02-02", "2026-02-15", today=late, groups=WORKER).doubts


def test_one_is_warned_of_days_that_other_requests_would_draw() -> None:
    assert Doubt.ALREADY_ASKED in asked("2026-02-02", "2026-02-15", waiting=17).doubts
    assert Doubt.ALREADY_ASKED not in asked("2026-02-02", "2026-02-15", waiting=16).doubts


# ------------------------------------------------------------------------------------------------ working years


def test_days_are_earned_by_full_months_and_the_days_of_the_last() -> None:
    start = date(2026, 1, 12)
    assert rules.accrued(3000, start, date(2026, 7, 12)) == 1500
    assert rules.accrued(3000, start, date(2026, 1, 12)) == 0
    assert rules.accrued(3000, start, date(2027, 1, 12)) == 3000
    assert rules.accrued(3000, start, date(2026, 4, 22)) == 833  # three months and 10 of 30 days
    assert rules.accrued(2400, start, date(2028, 1, 12)) == 2400  # an overlong year earns no more


@pytest.mark.parametrize(
    ("start", "until", "earned"),
    [
        ("2026-01-31", "2026-02-28", 250),  # a month from the 31st ends on the last day of a shorter one
        ("2026-01-31", "2026-03-30", 492),  # and the next one on the 31st: 30 of its 31 days
        ("2026-01-31", "2026-03-31", 500),
        ("2024-02-29", "2024-03-28", 241),  # 28 of 29 days
        ("2024-02-29", "2025-02-28", 3000),
        ("2023-02-28", "2024-02-28", 3000),
        ("2023-02-28", "2024-02-27", 2992),  # 30 of the 31 days from 28 January
    ],
)
def test_a_month_is_as_long_as_it_is(start: str, until: str, earned: int) -> None:
    assert rules.accrued(3000, date.fromisoformat(start), date.fromisoformat(until)) == earned


@example(3000, date(2026, 1, 31), 58)
@given(st.integers(600, 5000), st.dates(date(2020, 1, 1), date(2026, 1, 1)), st.integers(0, 364))
@settings(max_examples=100)
def test_what_is_earned_never_shrinks(norm: int, start: date, days: int) -> None:
    until = start + timedelta(days=days)
    assert 0 <= rules.accrued(norm, start, until) <= rules.accrued(norm, start, until + timedelta(days=1)) <= norm


def test_days_are_written_as_people_write_them() -> None:
    assert [rules.days_string(n) for n in (2400, 1753, 1750, -300, 0, 5)] == ["24", "17,53", "17,5", "−3", "0", "0,05"]


# ------------------------------------------------------------------------------------------------ the package


def test_norms_of_the_package_are_those_of_the_acts() -> None:
    found = {
        r.staff_group: r.days
        for r in package().contents[Content.LEAVE_NORMS]
        if isinstance(r, LeaveNormRow) and r.staff_group
    }
    assert found == {"civil-servant": 30, "civil-employee": 30, "worker": 24}


def test_what_was_recalled_only_is_not_verified() -> None:
    found = package()
    doubtful = {row.code for rows in found.contents.values() for row in rows if row.confidence.is_not_verified}
    assert {"excluded_01-07", "excluded_floating", "ADD_ARAL_CRISIS", "SCREENING"} <= doubtful
    assert not doubtful & {"ANNUAL", "ANNUAL_CS", "excluded_holiday"}


def test_every_day_has_its_reason() -> None:
    seen = asked("2026-03-16", "2026-03-29")
    assert all(isinstance(d, LeaveDay) and (d.outside is None) == (d.year_start is not None) for d in seen.each)
