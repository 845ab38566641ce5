"""The nouns of the staffing table."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from erp.base.dates import DateInterval


class ActKind(StrEnum):
    """What is done to what is recorded."""

    CHANGE = "change"
    CORRECT = "correct"
    RESCIND = "rescind"


class About(StrEnum):
    """What an act is about."""

    HIRE = "hire"
    NAME = "name"
    FACTS = "facts"
    APPOINTMENT = "appointment"
    SCHEDULE = "schedule"
    UNIT = "unit"
    POST = "post"


class StaffGroup(StrEnum):
    """By which law the holders of a post serve."""

    CIVIL_SERVANT = "civil-servant"
    CIVIL_EMPLOYEE = "civil-employee"
    WORKER = "worker"


@dataclass(frozen=True, slots=True)
class RecordedAct:
    """An act as it stands in the record; ``rescinded_by`` is the act that undid it."""

    id: int
    kind: ActKind
    about: About
    subject_id: int
    person_id: int | None
    reason: str
    rescinds: int | None
    rescinded_by: int | None
    actor: str
    on_behalf_of: str
    at: datetime

    @property
    def begins(self) -> bool:
        """Whether it is a hiring, which changes nothing that was there."""
        return self.about is About.HIRE and self.kind is ActKind.CHANGE

    @property
    def may_be_rescinded(self) -> bool:
        return self.kind is not ActKind.RESCIND and self.rescinded_by is None


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit on a day; ``parent_id`` is the one above it, ``head_id`` the staff unit whose holder heads it."""

    id: int
    fact_id: int
    valid: DateInterval
    name_kk: str
    name_ru: str
    name_en: str
    parent_id: int | None
    head_id: int | None

    def name(self, language: str) -> str:
        return str(getattr(self, f"name_{language}"))


@dataclass(frozen=True, slots=True)
class StaffUnit:
    """A post on a day, whoever holds it; ``percent`` of one full post, ``held_percent`` of it is appointed."""

    id: int
    fact_id: int
    valid: DateInterval
    unit_id: int
    title_kk: str
    title_ru: str
    title_en: str
    category: str
    staff_group: StaffGroup
    percent: int
    held_percent: int

    def title(self, language: str) -> str:
        return str(getattr(self, f"title_{language}"))

    @property
    def free_percent(self) -> int:
        return self.percent - self.held_percent
