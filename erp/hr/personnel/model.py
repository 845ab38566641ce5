"""The nouns of a personal file."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from erp.base.dates import DateInterval
from erp.hr.staffing.model import RecordedAct, StaffGroup


class ScheduleKind(StrEnum):
    FIVE_DAY = "five-day"
    SIX_DAY = "six-day"
    SHIFT = "shift"


class ReadKind(StrEnum):
    FILE = "file"
    IDENTITY = "identity"


@dataclass(frozen=True, slots=True)
class Name:
    """Family name, given name, and patronymic (empty where there is none)."""

    family: str
    given: str
    patronymic: str = ""

    def __str__(self) -> str:
        """In full, as orders and lists write it: Ахметов Ерлан Серікұлы."""
        return " ".join(part for part in (self.family, self.given, self.patronymic) if part)

    @property
    def short(self) -> str:
        """As tables write it: Ахметов Е. С."""
        return " ".join([self.family, *(f"{part[0]}." for part in (self.given, self.patronymic) if part)])


Claim = tuple[str, str]
"""An identity number, and the full name that it is said with."""


class Claimed(NamedTuple):
    """Somebody on record, wherever, who has the identity number of a claim."""

    person_id: int | None
    """``None``: they were never called so."""
    is_own: bool
    """Whether it is the one who acts, or in whose name."""


@dataclass(frozen=True, slots=True)
class Appointment:
    """A post held by a person on a day; titles and unit are those of that day.  ``percent`` of one full post."""

    id: int
    fact_id: int
    person_id: int
    valid: DateInterval
    staff_unit_id: int
    unit_id: int
    title_kk: str
    title_ru: str
    title_en: str
    category: str
    staff_group: StaffGroup
    percent: int
    number: str

    def title(self, language: str) -> str:
        return str(getattr(self, f"title_{language}"))


@dataclass(frozen=True, slots=True)
class Schedule:
    """How an appointment is worked: minutes of each day of a cycle that begins on ``begins_on``."""

    id: int
    appointment_id: int
    valid: DateInterval
    kind: ScheduleKind
    begins_on: date
    minutes: tuple[int, ...]

    def minutes_on(self, day: date) -> int:
        """Minutes to work on a day by the cycle alone: holidays are the calendar's."""
        return self.minutes[(day - self.begins_on).days % len(self.minutes)]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who serves at an organisation, as of a day: with the post of their greatest share first."""

    id: int
    organisation_id: int
    name: Name
    appointments: tuple[Appointment, ...]

    @property
    def appointment(self) -> Appointment | None:
        return next(iter(self.appointments), None)


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A line of the list of staff: a person and one post of theirs."""

    person_id: int
    name: Name
    appointment_id: int
    unit_id: int
    unit_kk: str
    unit_ru: str
    unit_en: str
    title_kk: str
    title_ru: str
    title_en: str
    category: str
    percent: int
    number: str
    since: date

    def unit(self, language: str) -> str:
        return str(getattr(self, f"unit_{language}"))

    def title(self, language: str) -> str:
        return str(getattr(self, f"title_{language}"))


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """Who answers to what was looked for, with the first of their posts that does."""

    organisation_id: int
    row: PersonRow


@dataclass(frozen=True, slots=True)
class PeoplePage:
    rows: tuple[PersonRow, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class NameFact:
    """A name with the days on which it holds, and the act that it stands on."""

    id: int
    valid: DateInterval
    name: Name
    act_id: int


@dataclass(frozen=True, slots=True)
class PrivateFact:
    """What only a person and those who keep their file know; the number itself is opened on its own."""

    id: int
    valid: DateInterval
    birth_on: date | None
    has_identity: bool
    act_id: int


@dataclass(frozen=True, slots=True)
class PersonFile:
    """All that is held true of a person at an organisation, on whatever day, and the acts it stands on.

    ``is_kept_here``: whether the organisation keeps the names and the facts; they serve there, or served there last.
    """

    person_id: int
    login: str
    is_kept_here: bool
    names: tuple[NameFact, ...]
    facts: tuple[PrivateFact, ...]
    appointments: tuple[Appointment, ...]
    schedules: tuple[Schedule, ...]
    acts: tuple[RecordedAct, ...]

    def name_on(self, day: date) -> Name:
        """The name of a day, or of the nearest one there is a name for."""
        first = self.names[0]
        return next((each.name for each in reversed(self.names) if (each.valid.start or day) <= day), first.name)


@dataclass(frozen=True, slots=True)
class Reading:
    """Somebody opened a file, or an identity number, so many times on a day."""

    day: date
    reader: str
    kind: ReadKind
    times: int
    last_at: datetime
