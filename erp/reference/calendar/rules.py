"""The calendar of a year from the law's rules, and the library ``holidays`` beside it."""

from collections.abc import Iterable
from datetime import date, timedelta

import holidays as library

from erp.base.errors import Conflict
from erp.base.i18n import N_
from erp.reference.calendar.model import Calendar, CalendarDay, DayKind, Disagreement, Holiday

_ONE_DAY = timedelta(days=1)
_AIT = "Eid al-Adha"
_AIT_NAMES = ("Құрбан айттың бірінші күні", "Первый день Курбан айта", "First day of Kurban Ait")


class CalendarUnknown(Conflict):
    code = "calendar-unknown"
    template = N_(
        "The working calendar does not describe the year {year}. Ask the administrator to load its data package."
    )


def calendar(first_year: int, last_year: int, yearly: Iterable[Holiday], single: Iterable[CalendarDay]) -> Calendar:
    """Days that differ from a plain week in the years from ``first_year`` through ``last_year``.

    A holiday that falls on a day off, where it moves, makes the next working day free.  The first day of Kurban Ait
    of a year without a row of its own is computed by the library, and is not verified.

    Raises: CalendarUnknown, where the rules of a year are not there.
    Source: Labour Code (RK), art. 84 and 85.
    """
    days: dict[date, CalendarDay] = {}
    moving: list[tuple[date, Holiday]] = []
    rules = list(yearly)
    for year in range(first_year, last_year + 1):
        of_year = [(day, each) for each in rules if (day := _in(year, each)) is not None and day in each.in_force]
        if not of_year:
            raise CalendarUnknown(year=year)
        for day, each in of_year:
            days[day] = CalendarDay(day, DayKind.HOLIDAY, *_names(each), each.confidence, each.source)
        moving += [(day, each) for day, each in of_year if each.moves]
    told = [each for each in single if first_year <= each.day.year <= last_year]
    days |= {each.day: each for each in told}
    untold = set(range(first_year, last_year + 1)) - {each.day.year for each in told if each.is_kurban_ait}
    for year in untold:
        said = _library(year, year)
        days |= {day: _computed(day) for day in said if _AIT in said[day]}
    for day, each in sorted(moving, key=lambda found: found[0]):
        if day.weekday() >= 5:
            free = day + _ONE_DAY
            while free.weekday() >= 5 or free in days:
                free += _ONE_DAY
            days[free] = CalendarDay(free, DayKind.DAY_OFF, *_names(each), each.confidence, each.source)
    within = {day: each for day, each in sorted(days.items()) if first_year <= day.year <= last_year}
    return Calendar(first_year, last_year, within)


def working_days(found: Calendar, start: date, end: date) -> int:
    """How many days from ``start`` up to, not including, ``end`` are worked."""
    return sum(found.is_working(start + timedelta(days=n)) for n in range((end - start).days))


def working_day_after(found: Calendar, day: date, number: int) -> date:
    """The last of ``number`` working days that follow a day; the day itself for none."""
    while number:
        day += _ONE_DAY
        number -= found.is_working(day)
    return day


def disagreements(found: Calendar) -> list[Disagreement]:
    """Days of plain weeks that only one of the calendar and the library holds free, and the other way about."""
    said = _library(found.first_year, found.last_year)
    first, last = date(found.first_year, 1, 1), date(found.last_year, 12, 31)
    whole = (first + timedelta(days=n) for n in range((last - first).days + 1))
    differing = [day for day in whole if found.is_working(day) != said.is_working_day(day)]
    return [Disagreement(day, is_ours=not found.is_working(day)) for day in differing]


def _library(first_year: int, last_year: int) -> library.HolidayBase:
    return library.country_holidays("KZ", years=range(first_year, last_year + 1), language="en_US")


def _in(year: int, holiday: Holiday) -> date | None:
    try:
        return date.fromisoformat(f"{year:04d}-{holiday.code}")
    except ValueError:  # the 29th of February
        return None


def _names(holiday: Holiday) -> tuple[str, str, str]:
    return holiday.name_kk, holiday.name_ru, holiday.name_en


def _computed(day: date) -> CalendarDay:
    return CalendarDay(day, DayKind.HOLIDAY, *_AIT_NAMES, "low", "Computed by the library holidays")
