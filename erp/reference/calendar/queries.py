from datetime import date

from sqlalchemy import Connection, text

from erp.base.dates import DateInterval
from erp.base.db import many
from erp.base.scope import Scope
from erp.reference.calendar.model import CalendarDay, DayKind, Holiday


def holidays(connection: Connection, scope: Scope, first_year: int, last_year: int) -> list[Holiday]:
    """Rules that count on some day of the years."""
    rows = connection.execute(
        text("""SELECT code, name_kk, name_ru, name_en, moves, lower(in_force) AS first, upper(in_force) AS last,
                       confidence, source
                  FROM reference_holiday WHERE in_force && daterange(:first, :last) ORDER BY code"""),
        {"first": date(first_year, 1, 1), "last": date(last_year + 1, 1, 1)},
    )
    return [
        Holiday(r.code, r.name_kk, r.name_ru, r.name_en, r.moves, DateInterval(r.first, r.last), r.confidence, r.source)
        for r in rows
    ]


def single_days(connection: Connection, scope: Scope, first_year: int, last_year: int) -> list[CalendarDay]:
    """Days that differ by a row of their own."""
    rows = connection.execute(
        text("""SELECT CAST(code AS date) AS day, kind, name_kk, name_ru, name_en, confidence, source
                  FROM reference_calendar_day
                 WHERE code BETWEEN :first AND :last AND in_force @> CAST(code AS date) ORDER BY code"""),
        {"first": f"{first_year:04d}-01-01", "last": f"{last_year:04d}-12-31"},
    )
    return many(lambda kind, **said: CalendarDay(kind=DayKind(kind), **said), rows)
