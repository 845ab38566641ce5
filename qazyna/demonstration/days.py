"""The span of the story, and its days: when papers are signed, when schools teach.

Weekends and the fixed holidays are not worked; moved holidays are ignored.
"""

from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

MONTH = relativedelta(months=1)

BEGINNING = date(2023, 1, 1)
LAST_DAY = date(2026, 11, 20)
"""The demonstration's today, whatever the clock says."""

CLOSED_YEARS = (2023, 2024, 2025)
OPEN_FROM = date(2026, 10, 1)
BOOKS_UNTIL = date(2026, 12, 31)

HOLIDAYS = {(1, 1), (1, 2), (1, 7), (3, 8), (3, 21), (3, 22), (3, 23), (5, 1), (5, 7), (5, 9), (7, 6), (8, 30),
            (10, 25), (12, 16)}  # fmt: skip
"""Source: Law on public holidays (RK), 267-II of 13.12.2001."""


_SCHOOL_HOLIDAYS = (((1, 1), (1, 9)), ((3, 19), (3, 28)), ((5, 26), (8, 31)), ((10, 26), (11, 1)), ((12, 29), (12, 31)))
"""First and last days, each year the same; in life an order of the ministry sets them anew."""


def is_term(day: date) -> bool:
    """Whether schools teach."""
    return not any(first <= (day.month, day.day) <= last for first, last in _SCHOOL_HOLIDAYS)


def is_working(day: date) -> bool:
    return day.weekday() < 5 and (day.month, day.day) not in HOLIDAYS


def last_day(month: date) -> date:
    return month + relativedelta(day=31)


def working_day(month: date, number: int) -> date:
    """The first working day of the month on or after its day ``number``; the month's last one where there is none."""
    last = last_day(month)
    day = min(month.replace(day=1) + timedelta(days=number - 1), last)
    while day <= last and not is_working(day):
        day += timedelta(days=1)
    if day > last:
        day = last
        while not is_working(day):
            day -= timedelta(days=1)
    return day


def days_later(day: date, days: int) -> date:
    """The first working day at least so many days later."""
    later = day + timedelta(days=days)
    while not is_working(later):
        later += timedelta(days=1)
    return later


def weeks(month: date) -> list[tuple[date, date]]:
    """First and last working day of each calendar week in the month."""
    days = [d for n in range(last_day(month).day) if is_working(d := month.replace(day=1) + timedelta(days=n))]
    by_week: dict[tuple[int, int], list[date]] = {}
    for d in days:
        by_week.setdefault(d.isocalendar()[:2], []).append(d)
    return [(week[0], week[-1]) for week in by_week.values()]
