"""Working days: when papers are signed.  Weekends and the fixed holidays are not; moved holidays are ignored."""

from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

HOLIDAYS = {(1, 1), (1, 2), (1, 7), (3, 8), (3, 21), (3, 22), (3, 23), (5, 1), (5, 7), (5, 9), (7, 6), (8, 30),
            (10, 25), (12, 16)}  # fmt: skip
"""Source: Law on public holidays (RK), 267-II of 13.12.2001."""


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
