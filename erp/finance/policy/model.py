"""The nouns of the accounting policy.  What it lays down is in ``schemas``."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from erp.base.dates import DateInterval
from erp.finance.policy.content import Content, JournalRule


class State(StrEnum):
    """How an edition stands; ``PROPOSED`` carries the chief accountant's signature and waits for the head's."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    SIGNED = "signed"
    DISCARDED = "discarded"


class Step(StrEnum):
    """What moves an edition on: the act that is recorded."""

    PROPOSED = "proposed"
    RETURNED = "returned"
    SIGNED = "signed"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class Adopted:
    """An edition that a body above publishes, by whom it was signed first."""

    organisation_id: int
    id: int


@dataclass(frozen=True, slots=True)
class Edition:
    """One edition of an organisation's policy."""

    organisation_id: int
    id: int
    key: UUID
    state: State
    version: int
    since: date
    content: Content
    adopts: Adopted | None
    is_published: bool
    written_by: str
    written_at: datetime
    in_force: DateInterval | None

    @property
    def subject(self) -> str:
        """What the trail and its signatures know it by."""
        return f"policy:{self.organisation_id}/{self.id}"

    @property
    def last_on(self) -> date | None:
        return self.in_force.end - timedelta(days=1) if self.in_force and self.in_force.end else None

    def counts_on(self, day: date) -> bool:
        return self.in_force is not None and day in self.in_force


@dataclass(frozen=True, slots=True)
class Act:
    """Who proposed, returned, signed or discarded an edition."""

    version: int
    act: Step
    actor_id: int
    actor: str
    on_behalf_of: str
    lenders: frozenset[int]
    reason: str
    signature_id: int | None
    at: datetime

    @property
    def people(self) -> frozenset[int]:
        """Who stands behind it."""
        return frozenset({self.actor_id}) | self.lenders


@dataclass(frozen=True, slots=True)
class Offer:
    """An edition that a body above publishes for those below."""

    organisation_id: int
    id: int
    since: date
    until: date | None
    content: Content


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting that two editions give differently; ``None`` where an edition does not have it."""

    section: str
    item: str
    """Code of the journal, group, step or threshold; empty where the section has one setting of each field."""
    field: str
    before: object | None
    after: object | None


@dataclass(frozen=True, slots=True)
class Note:
    """Where a part of the default policy comes from, and how sure it is."""

    confidence: str
    source: str

    @property
    def verified(self) -> bool:
        return self.confidence in ("verified", "high")


@dataclass(frozen=True, slots=True)
class Sourced(Note):
    """A row of the default policy under its code."""

    code: str
    name_kk: str
    name_ru: str
    name_en: str

    def name(self, language: str) -> str:
        return str(getattr(self, f"name_{language}"))


@dataclass(frozen=True, slots=True)
class Default:
    """The policy that an institution begins from, with what is known of where each of its rows comes from."""

    act: str
    edition: str
    content: Content
    groups: tuple[Sourced, ...]
    """Groups of long-term assets."""
    thresholds: tuple[Sourced, ...]
    notes: Mapping[str, Note]
    """On ``journals``, ``amounts`` and ``reports``."""


@dataclass(frozen=True, slots=True)
class Numbering:
    """How the legal numbers of an organisation's entries are written, by the policy of the entry's own day."""

    editions: tuple[tuple[DateInterval, Mapping[str, JournalRule]], ...] = ()

    def written(self, journal: str, day: date, number: int) -> str:
        for in_force, rules in self.editions:
            if day in in_force and journal in rules:
                return rules[journal].written(number, day.year)
        return str(number)
