from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from erp.base.dates import DateInterval


class DayKind(StrEnum):
    WORKING = "working"
    """A day off made working by an act: Saturdays and Sundays apart, days without a word are worked."""
    DAY_OFF = "day_off"
    """A working day made free by an act, or because a holiday fell on a day off."""
    HOLIDAY = "holiday"


@dataclass(frozen=True, slots=True)
class Holiday:
    """A day free of work in every year, ``12-16``."""

    code: str
    name_kk: str
    name_ru: str
    name_en: str
    moves: bool
    in_force: DateInterval
    confidence: str
    source: str


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A day that differs from a plain week."""

    day: date
    kind: DayKind
    name_kk: str
    name_ru: str
    name_en: str
    confidence: str
    source: str

    def name(self, language: str) -> str:
        return str(getattr(self, f"name_{language}"))

    @property
    def is_kurban_ait(self) -> bool:
        """Whether it is the holiday that floats: the register of single days tells it by its name alone."""
        return self.kind is DayKind.HOLIDAY and "курбан айт" in self.name_ru.casefold()

    @property
    def verified(self) -> bool:
        """Whether the package is sure enough of the day to pass it as official."""
        return self.confidence in ("verified", "high")


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days that differ from a plain week of five working days, over some years."""

    first_year: int
    last_year: int
    days: Mapping[date, CalendarDay]

    def is_working(self, day: date) -> bool:
        assert self.first_year <= day.year <= self.last_year
        special = self.days.get(day)
        if special is not None:
            return special.kind is DayKind.WORKING
        return day.weekday() < 5


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A day on which the calendar and the library ``holidays`` differ; ``is_ours`` says who holds it free."""

    day: date
    is_ours: bool
