"""The working calendar under ``/api/v1``."""

from datetime import date
from typing import Annotated

from litestar import get
from litestar.params import FromQuery, PathParameter
from pydantic import Field

from api.conventions import API, View
from api.security import Visitor
from erp.base.dates import DayMalformed
from erp.reference.access.model import Permission
from erp.reference.calendar import service

_READ = {"policy": Permission.SIGNED_IN}
_CALENDAR = API + "/calendar"

Year = Annotated[int, PathParameter(description="Like 2026.", ge=1991, le=2199)]


class CalendarDayView(View):
    day: date
    kind: str = Field(description="`holiday`, `day_off` (a working day made free), `working` (a day off made working).")
    name_kk: str
    name_ru: str
    name_en: str
    verified: bool = Field(description="False where the data package is not sure of the day.")


class CalendarView(View):
    year: int
    days: list[CalendarDayView] = Field(description="Days that differ from a week of five working days.")


class WorkingDaysView(View):
    start: date
    end: date
    working_days: int


@get(_CALENDAR + "/{year:int}", opt=_READ, sync_to_thread=True)
def show_calendar(visit: Visitor, year: Year) -> CalendarView:
    """Holidays, and days off moved by the Government, of one year."""
    found = visit.read(lambda u: service.calendar(u, year, year))
    return CalendarView(
        year=year,
        days=[
            CalendarDayView(
                day=d.day, kind=d.kind.value, name_kk=d.name_kk, name_ru=d.name_ru, name_en=d.name_en,
                verified=d.verified,
            )
            for d in found.days.values()
        ],
    )  # fmt: skip


@get(_CALENDAR + "/working-days", opt=_READ, sync_to_thread=True)
def count_working_days(visit: Visitor, start: FromQuery[date], end: FromQuery[date]) -> WorkingDaysView:
    """How many days from `start` up to, not including, `end` are worked."""
    for day in (start, end):
        if not 1991 <= day.year <= 2199:
            raise DayMalformed(text=day.isoformat())
    count = visit.read(lambda u: service.working_days_between(u, start, end))
    return WorkingDaysView(start=start, end=end, working_days=count)


routes = [show_calendar, count_working_days]
