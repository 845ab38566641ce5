"""Which days are worked, in a week of five days.  Other parts ask here."""

from datetime import date, timedelta

from erp.base.uow import UnitOfWork
from erp.reference.calendar import queries, rules
from erp.reference.calendar.model import Calendar, Disagreement

_LONGEST_BREAK = timedelta(days=31)


def calendar(uow: UnitOfWork, first_year: int, last_year: int) -> Calendar:
    """Days that differ from a plain week.  Raises: CalendarUnknown."""
    yearly = queries.holidays(uow.connection, uow.scope, first_year, last_year)
    single = queries.single_days(uow.connection, uow.scope, first_year, last_year)
    return rules.calendar(first_year, last_year, yearly, single)


def is_working_day(uow: UnitOfWork, day: date) -> bool:
    """Raises: CalendarUnknown."""
    return calendar(uow, day.year, day.year).is_working(day)


def working_days_between(uow: UnitOfWork, start: date, end: date) -> int:
    """How many days from ``start`` up to, not including, ``end`` are worked.  Raises: CalendarUnknown."""
    if end <= start:
        return 0
    return rules.working_days(calendar(uow, start.year, (end - timedelta(days=1)).year), start, end)


def next_working_day(uow: UnitOfWork, day: date) -> date:
    """The first working day after ``day``.  Raises: CalendarUnknown."""
    found = calendar(uow, day.year, (day + _LONGEST_BREAK).year)
    following = day + timedelta(days=1)
    while not found.is_working(following):
        following += timedelta(days=1)
    return following


def disagreements(uow: UnitOfWork, year: int) -> list[Disagreement]:
    """Days on which the calendar and the library ``holidays`` differ.  Raises: CalendarUnknown."""
    return rules.disagreements(calendar(uow, year, year))
