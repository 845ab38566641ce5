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
_SHORT_DAY = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{2})")
_FIRST_SHORT_YEAR = 91  # the books begin in 1991: 91 is of that century, 90 of the next
_OF_YEAR = r"(?:г|год|года|ж|жыл|жылы|жылғы|year)?\.?"
_DAY_IN_WORDS = (
    re.compile(rf"[«\"“]?(?P<day>[0-9]{{1,2}})[»\"”]?\s+(?P<month>[^\W\d_]+)\s+(?P<year>[0-9]{{4}})\s*{_OF_YEAR}"),
    re.compile(rf"(?P<year>[0-9]{{4}})\s*{_OF_YEAR}\s+[«\"“]?(?P<day>[0-9]{{1,2}})[»\"”]?\s+(?P<month>[^\W\d_]+)"),
)
_MONTH_NAMES = {
    name: number
    for names in (
        "қаңтар ақпан наурыз сәуір мамыр маусым шілде тамыз қыркүйек қазан қараша желтоқсан",
        "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
        "january february march april may june july august september october november december",
    )
    for number, name in enumerate(names.split(), start=1)
}
_ISO_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]00:00(?::00)?)?")
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")


def parse_day(text: str) -> date:
    """A day as people write it (``dd.mm.yyyy``, ``d.m.yy``, «5 марта 2026 г.») or as programs do (``yyyy-mm-dd``).

    Its neighbours must be days too, so the first and the last year there are, 1 and 9999, are none.

    Raises: DayMalformed.
    """
    bare, numbers = text.strip(), (0, 0, 0)
    if match := _DAY.fullmatch(bare):
        numbers = int(match[3]), int(match[2]), int(match[1])
    elif match := _ISO_DAY.fullmatch(bare):
        numbers = int(match[1]), int(match[2]), int(match[3])
    elif match := _SHORT_DAY.fullmatch(bare):
        century = 1900 if int(match[3]) >= _FIRST_SHORT_YEAR else 2000
        numbers = century + int(match[3]), int(match[2]), int(match[1])
    elif match := next((found for form in _DAY_IN_WORDS if (found := form.fullmatch(bare))), None):
        numbers = int(match["year"]), _MONTH_NAMES.get(match["month"].casefold(), 0), int(match["day"])
    with suppress(ValueError):
        if date.min.year < numbers[0] < date.max.year:
            return date(*numbers)
    raise DayMalformed(text=text)


def parse_month(text: str) -> date:
    """First day of a month written ``yyyy-mm``.  Raises: MonthMalformed."""
    if match := _MONTH.fullmatch(text.strip()):
        year, month = int(match[1]), int(match[2])
        if date.min.year < year < date.max.year and 1 <= month <= 12:  # so that those around it exist too
            return date(year, month, 1)
    raise MonthMalformed(text=text)


def month_string(day: date) -> str:
    return f"{day:%Y-%m}"


def day_string(day: date) -> str:
    return f"{day:%d.%m.%Y}"


def last_day(end: date) -> date:
    """The last day of an interval that ends before ``end``: how people say it."""
    return end - timedelta(days=1)
