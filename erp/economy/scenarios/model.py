"""The nouns of a scenario: formulas, drivers, where each of their values comes from, and what is computed from them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum
from uuid import UUID


class PathOrigin(StrEnum):
    """Where the value of a driver in a year comes from."""

    PUBLISHED = "published"
    CARRIED = "carried"
    """The last published year, held."""
    TYPED = "typed"


class Form(StrEnum):
    """How a driver is read from its series, and how it strays."""

    LEVEL = "level"
    RATE = "rate"
    """A percentage, published as one."""
    GROWTH = "growth"
    """The yearly growth of what is published, in per cent."""


@dataclass(frozen=True, slots=True)
class Driver:
    """A number of a year from which formulas compute; ``low`` to ``high`` is usual, ``step`` is of its slider."""

    name: str
    unit: str
    form: Form
    series: str
    outlook: str
    """Series of what is assumed officially for years to come; empty where there is none."""
    low: Decimal
    high: Decimal
    step: Decimal
    name_kk: str
    name_ru: str
    name_en: str

    def title(self, language: str) -> str:
        return str(getattr(self, f"name_{language}"))

    @property
    def places(self) -> int:
        return max(0, -int(self.step.as_tuple().exponent))

    @property
    def bound(self) -> Decimal:
        """Above which every value lies that makes sense: a price is not given away, nothing shrinks by all of it."""
        return Decimal(0) if self.form is Form.LEVEL else Decimal(-100)

    def is_usual(self, value: Decimal) -> bool:
        return self.low <= value <= self.high

    def span(self, values: Iterable[Decimal]) -> tuple[Decimal, Decimal]:
        """What its slider goes over: the usual range and these values, in whole steps."""
        among = (self.low, self.high, *values)
        low, high = (
            (end / self.step).to_integral_value(rounding) * self.step
            for end, rounding in ((min(among), ROUND_FLOOR), (max(among), ROUND_CEILING))
        )
        return low, high


@dataclass(frozen=True, slots=True)
class Assumption:
    """The value of a driver in a year, with its source."""

    value: Decimal
    origin: PathOrigin
    series: str | None = None
    vintage: date | None = None
    series_year: int | None = None
    confidence: str = ""
    """Of the published value; empty where it was typed."""
    said_by: int = 0
    said_by_name: str = ""
    said_at: datetime | None = None

    @property
    def verified(self) -> bool:
        return self.confidence not in ("medium", "low")


@dataclass(frozen=True, slots=True)
class Observation:
    """A published value of a year."""

    value: Decimal
    vintage: date
    confidence: str


Paths = Mapping[str, Mapping[int, Assumption]]
"""By driver, then by year."""
Typed = Mapping[str, Mapping[int, Decimal]]


@dataclass(frozen=True, slots=True)
class FormulaModel:
    """A text of formulas; ``edition`` is that of its package, empty where it was written here."""

    name: str
    edition: str
    source_kk: str
    source_ru: str
    source_en: str
    """Where it comes from, and what nobody has checked; empty where it was written here."""
    confidence: str
    """As the package says it, or ``own``."""
    body: str

    def source(self, language: str) -> str:
        """In the language, or in English where the package did not say it so."""
        return str(getattr(self, f"source_{language}") or self.source_en)

    @property
    def is_own(self) -> bool:
        return self.confidence == "own"

    @property
    def verified(self) -> bool:
        return self.confidence in ("verified", "high")


@dataclass(frozen=True, slots=True)
class Term:
    """What a name in the shipped formulas means."""

    kk: str
    ru: str
    en: str

    def title(self, language: str) -> str:
        return str(getattr(self, language))


@dataclass(frozen=True, slots=True)
class ShippedModel(FormulaModel):
    """The formulas that come with the program, with the drivers and the measures that they name."""

    title: Term
    drivers: tuple[Driver, ...]
    measures: Mapping[str, Term]


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of two texts that are compared, with its number in each that has it."""

    before: int | None
    after: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Revision:
    """What a scenario is computed from, as it was saved once."""

    organisation_id: int
    plan_id: int
    version_id: int
    revision: int
    key: UUID
    model: FormulaModel
    edit_no: int | None
    uncertainty: Mapping[str, object]
    reason: str
    saved_by: str
    saved_at: datetime

    @property
    def subject(self) -> str:
        """What the trail knows the scenario by."""
        return f"scenario:{self.organisation_id}/{self.plan_id}/{self.version_id}"
