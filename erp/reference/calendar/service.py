"""Which days are worked, in a week of five days.  Other parts ask here."""

from datetime import date, timedelta

from erp.base.uow import UnitOfWork
from erp.reference.calendar import queries, rules
from erp.reference.calendar.model import Calendar, Disagreement


def calendar(uow: UnitOfWork, first_year: int, last_year: int) -> Calendar:
    """Days that differ from a plain week.  Raises: CalendarUnknown."""
    yearly = queries.holidays(uow.connection, uow.scope, first_year, last_year)
    single = queries.single_days(uow.connection, uow.scope, first_year, last_year)
    return rules.calendar(first_year, last_year, yearly, single)


def working_days_between(uow: UnitOfWork, start: date, end: date) -> int:
    """How many days from ``start`` up to, not including, ``end`` are worked.  Raises: CalendarUnknown."""
    if end <= start:
        return 0
    return rules.working_days(calendar(uow, start.year, (end - timedelta(days=1)).year), start, end)


def working_day_after(uow: UnitOfWork, day: date, number: int) -> date:
    """The last of so many working days that follow a day.  Raises: CalendarUnknown."""
    return rules.working_day_after(calendar(uow, day.year, (day + timedelta(days=3 * number + 31)).year), day, number)


def disagreements(uow: UnitOfWork, year: int) -> list[Disagreement]:
    """Days on which the calendar and the library ``holidays`` differ.  Raises: CalendarUnknown."""
    return rules.disagreements(calendar(uow, year, year))
