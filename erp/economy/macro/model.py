"""Series of drivers: yearly values, each of the day on which it was published or said."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

_NOT_VERIFIED = ("medium", "low")


@dataclass(frozen=True, slots=True)
class Value:
    """A year's value as one vintage has it."""

    year: int
    vintage: date
    """The day it is of."""
    value: Decimal
    source: str
    confidence: str
    """``verified``, ``high``, ``medium`` or ``low``; ``own`` is what the organisation expects itself."""
    said_by: str
    """Who said it, of one's own."""
    said_at: datetime | None = None
    """When, of one's own: of a day the last counts."""

    @property
    def is_own(self) -> bool:
        return self.confidence == "own"

    @property
    def is_not_verified(self) -> bool:
        """Whether it must be shown as not verified."""
        return self.confidence in _NOT_VERIFIED


@dataclass(frozen=True, slots=True)
class Series:
    """A series with every value of it, by year and vintage."""

    code: str
    unit: str
    """As formulas write it."""
    name_kk: str
    name_ru: str
    name_en: str
    values: tuple[Value, ...]

    def name(self, language: str) -> str:
        return str(getattr(self, f"name_{language}"))

    @property
    def latest(self) -> dict[int, Value]:
        """Each year as the newest vintage has it; of one day, one's own counts."""
        return {
            each.year: each for each in sorted(self.values, key=lambda each: (each.year, each.vintage, each.is_own))
        }

    @property
    def published(self) -> dict[int, Value]:
        """Each year as the newest published vintage has it."""
        return {each.year: each for each in sorted(self.values, key=lambda v: (v.year, v.vintage)) if not each.is_own}
