"""Days and months.  Intervals are half-open: ``start`` is inside, ``end`` is not."""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from erp.base.errors import RuleViolated


class DayMalformed(RuleViolated):
    code = "day-malformed"
    template = "“{text}” is not a day. Write it like 22.11.2026."


class MonthMalformed(RuleViolated):
    code = "month-malformed"
    template = "“{text}” is not a month. Write it like 2026-11."


class IntervalReversed(RuleViolated):
    code = "interval-reversed"
    template = "The period ends ({last}) before it starts ({first})."


@dataclass(frozen=True, slots=True)
class DateInterval:
    """Days from ``start`` up to, not including, ``end``; ``None`` is unbounded."""

    start: date | None
    end: date | None

    def __contains__(self, day: date) -> bool:
        return (self.start is None or self.start <= day) and (self.end is None or day < self.end)


@dataclass(frozen=True, slots=True)
class MonthSpan:
    """Whole months from that of ``first`` through that of ``last``; both are first days of months."""

    first: date
    last: date

    @classmethod
    def of(cls, first: date, last: date) -> "MonthSpan":
        """Raises: IntervalReversed."""
        span = cls(first.replace(day=1), last.replace(day=1))
        if span.last < span.first:
            raise IntervalReversed(first=month_string(span.first), last=month_string(span.last))
        return span

    @property
    def start(self) -> date:
        return self.first

    @property
    def end(self) -> date:
        """The first day after the span."""
        return self.last + relativedelta(months=1)

    @property
    def last_day(self) -> date:
        return self.end - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DaySpan:
    """Days from ``first`` through ``last``."""

    first: date
    last: date

    @classmethod
    def of(cls, first: date, last: date) -> "DaySpan":
        """Raises: IntervalReversed; DayMalformed where no month comes after the last day."""
        if last.year == date.max.year:
            raise DayMalformed(text=f"{last:%d.%m.%Y}")
        if last < first:
            raise IntervalReversed(first=f"{first:%d.%m.%Y}", last=f"{last:%d.%m.%Y}")
        return cls(first, last)

    @property
    def start(self) -> date:
        return self.first

    @property
    def end(self) -> date:
        """The first day after the span."""
        return self.last + timedelta(days=1)

    @property
    def last_day(self) -> date:
        return self.last


_DAY = re.compile(r"([0-9]{1,2})[./]([0-9]{1,2})[./]([0-9]{4})")
_ISO_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]00:00(?::00)?)?")
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")


def parse_day(text: str) -> date:
    """A day as people write it (``dd.mm.yyyy``) or as programs do (``yyyy-mm-dd``).

    Its neighbours must be days too, so the first and the last year there are, 1 and 9999, are none.

    Raises: DayMalformed.
    """
    bare, numbers = text.strip(), (0, 0, 0)
    if match := _DAY.fullmatch(bare):
        numbers = int(match[3]), int(match[2]), int(match[1])
    elif match := _ISO_DAY.fullmatch(bare):
        numbers = int(match[1]), int(match[2]), int(match[3])
    with suppress(ValueError):
        if date.min.year < numbers[0] < date.max.year:
            return date(*numbers)
    raise DayMalformed(text=text)


def parse_month(text: str) -> date:
    """First day of a month written ``yyyy-mm``.  Raises: MonthMalformed."""
    match = _MONTH.fullmatch(text.strip())
    if match and 1 <= int(match[2]) <= 12 and 1 <= int(match[1]) < 9999:  # the month after it must exist too
        return date(int(match[1]), int(match[2]), 1)
    raise MonthMalformed(text=text)


def month_string(day: date) -> str:
    return f"{day:%Y-%m}"


def day_string(day: date) -> str:
    return f"{day:%d.%m.%Y}"


def last_day(end: date) -> date:
    """The last day of an interval that ends before ``end``: how people say it."""
    return end - timedelta(days=1)
