"""The nouns of templates: an entry to be typed again, and when it comes again by itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from erp.finance.drafts.model import Sheet

FORMULA = "="
"""Begins an amount that is reckoned."""


@dataclass(frozen=True, slots=True)
class Template:
    """An entry as it is typed, but that amounts may be formulas; its document, day and names come when it is used."""

    organisation_id: int
    id: int
    version: int
    name: str
    shared: bool
    """Whether all who post here see it, or its owner alone."""
    owner_id: int
    owner: str
    sheet: Sheet
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """A template as a line of the list."""

    id: int
    version: int
    name: str
    shared: bool
    owner_id: int
    owner: str
    journal: str
    memo: str
    rows: int
    recurs: bool


class Every(StrEnum):
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    @property
    def months(self) -> int:
        return {Every.MONTH: 1, Every.QUARTER: 3, Every.YEAR: 12}[self]


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A template that falls due again and again."""

    id: int
    template_id: int
    template: str
    owner_id: int
    owner: str
    inputs: Mapping[str, str]
    """What its names stand for, as typed."""
    every: Every
    day: int
    """Of the month; the last one of months that are shorter."""
    since: date
    until: date | None
    """The first day on which it no longer falls due."""
    done: frozenset[date] = field(default_factory=frozenset)
    """Due days that were drafted or left out."""


class OccurrenceState(StrEnum):
    """What became of a due day."""

    DUE = "due"
    DRAFTED = "drafted"
    PREPARED = "prepared"
    POSTED = "posted"
    LEFT_OUT = "left-out"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A due day of a recurrence, and what became of it."""

    recurrence_id: int
    template: str
    owner_id: int
    owner: str
    due_on: date
    state: OccurrenceState
    key: UUID | None
    """Of its draft, and of the posting the draft is meant for; ``None`` where it was left out."""
    draft_id: int | None
    """Where it is the reader's own."""
    prepared_id: int | None
    entry_id: int | None
    reason: str
    """Why it was left out."""
