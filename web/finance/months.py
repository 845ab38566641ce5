"""Months, days and instants in the address of a page: which are asked for, and which may be chosen."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time

from erp.base.clock import LOCAL_TIME
from erp.base.dates import DayMalformed, DaySpan, MonthSpan, parse_day, parse_month
from erp.base.errors import RuleViolated
from erp.finance.journal.model import Month


class InstantMalformed(RuleViolated):
    code = "instant-malformed"
    template = "“{text}” is not a time of a day. Write it like 22.11.2026 14:05."


def asked_span(query: Mapping[str, str], usual: MonthSpan) -> tuple[MonthSpan, RuleViolated | None]:
    """The months ``from`` … ``to`` of an address, the usual where absent; with the fault where they cannot be read."""
    try:
        first = parse_month(query["from"]) if query.get("from") else usual.first
        last = parse_month(query["to"]) if query.get("to") else max(usual.last, first)
        return MonthSpan.of(first, last), None
    except RuleViolated as fault:
        return usual, fault


def asked_day(query: Mapping[str, str], months: MonthSpan) -> tuple[DaySpan | None, RuleViolated | None]:
    """Days from the first of the months through ``day`` of an address; nothing where it names none."""
    try:
        return (DaySpan.of(months.start, parse_day(query["day"])) if query.get("day") else None), None
    except RuleViolated as fault:
        return None, fault


_INSTANT = re.compile(r"(\S+)[ T]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")


def parse_instant(text: str) -> datetime:
    """An instant in the country's time, as people write it: ``22.11.2026 14:05``.  Raises: InstantMalformed."""
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise InstantMalformed(text=text)
    try:
        clock = time(int(match[2]), int(match[3]), int(match[4] or 0), tzinfo=LOCAL_TIME)
        return datetime.combine(parse_day(match[1]), clock)
    except (DayMalformed, ValueError):
        raise InstantMalformed(text=text) from None


def month_of_work(months: Sequence[Month], last_posted: date | None, day: date) -> Month | None:
    """The month of ``day`` where it is kept, else the last one posted in, else the last of ``months``."""
    by_day = {m.month: m for m in months}
    for wanted in (day.replace(day=1), last_posted):
        if wanted in by_day:
            return by_day[wanted]
    return months[-1] if months else None


def year_to(last: date) -> MonthSpan:
    """From January to the month of ``last``."""
    return MonthSpan.of(last.replace(month=1), last)


def choices(months: Iterable[Month], span: MonthSpan) -> list[date]:
    """Months to choose from, the newest first, with those of ``span`` among them."""
    return sorted({*(m.month for m in months), span.first, span.last}, reverse=True)
