"""The nouns of requests: what is asked for, what becomes of it, who is away, and what a kind does about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from erp.base.dates import DaySpan


class Kind(StrEnum):
    LEAVE = "leave"
    TRIP = "trip"


class State(StrEnum):
    """How a request stands: named as the act that brought it there."""

    SUBMITTED = "submitted"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    APPROVED = "approved"
    RECALLED = "recalled"
    """Approved, and cut short: some of its days are left."""
    CANCELLED = "cancelled"
    """Approved, and taken back whole."""

    @property
    def is_waiting(self) -> bool:
        """Whether somebody still has to do something with it."""
        return self in (State.SUBMITTED, State.RETURNED)

    @property
    def is_in_force(self) -> bool:
        return self in (State.APPROVED, State.RECALLED)


class Decision(StrEnum):
    APPROVE = "approve"
    RETURN = "return"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it stands; ``version`` is the number of its last act.

    ``days`` are those asked for, after a recall those that are left; ``facts`` what its kind submitted with it.
    """

    organisation_id: int
    id: int
    key: UUID
    kind: Kind
    person_id: int
    state: State
    version: int
    approver_id: int | None
    """The person who decides; ``None``: a head of human resources."""
    days: DaySpan
    facts: Mapping[str, Any]

    @property
    def subject(self) -> str:
        """What the trail and notifications of who asked call it."""
        return f"request:{self.organisation_id}/{self.id}"


@dataclass(frozen=True, slots=True)
class Submitted:
    """What a submission made; ``is_new`` is false where its key had been used for the same before."""

    request: Request
    is_new: bool


@dataclass(frozen=True, slots=True)
class Consent:
    """That a person agreed in writing to be called back: when, and by what paper."""

    given_on: date
    document: str


@dataclass(frozen=True, slots=True)
class Recall:
    """``from_day`` is the first day back; ``is_correction``: days that are over are given back, being not taken."""

    from_day: date
    reason: str
    consent: Consent | None = None
    is_correction: bool = False


@dataclass(frozen=True, slots=True)
class RecallTerms:
    """What the law asks of giving some days of a request back."""

    needs_consent: bool
    too_young: bool
    """Whether not even consent would do, because of the age of the person."""


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did with a request: who, when, from where, why."""

    version: int
    act: State
    days: DaySpan | None
    """Of a submission: asked; of an approval: approved; of a recall: left."""
    actor_id: int
    actor: str
    on_behalf_of: str
    """Whose rights the actor used, where he is a delegate."""
    lenders: frozenset[int]
    origin: str
    reason: str
    has_consent: bool | None
    """Of a recall: whether the person agreed in writing."""
    consent: Consent | None
    """Which day and by what paper, where it was asked for when the recall was recorded."""
    is_correction: bool
    """Of a recall: whether days that were over are given back."""
    at: datetime


WAITING = tuple(state for state in State if state.is_waiting)


@dataclass(frozen=True, slots=True)
class RequestFilter:
    """What a list is narrowed to; ``None`` does not narrow."""

    states: tuple[State, ...] = WAITING
    kind: Kind | None = None
    person_id: int | None = None
    at_desk: bool = False
    """Only what is at the actor's own desk, or at one lent to them."""


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A request as a line of a list."""

    id: int
    kind: Kind
    state: State
    version: int
    person_id: int
    approver_id: int | None
    days: DaySpan
    submitted_at: datetime
    submitted_by_id: int
    facts: Mapping[str, Any]
    """What its kind submitted with it."""


@dataclass(frozen=True, slots=True)
class Page:
    """``names`` are of the people of the rows."""

    rows: Sequence[RequestRow]
    names: Mapping[int, str]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Away:
    """Somebody is away on some days: no kind and no reason, for everybody who serves there."""

    person_id: int
    days: DaySpan


@dataclass(frozen=True, slots=True)
class Absence:
    """The same for who may know of what kind it is."""

    request_id: int
    person_id: int
    kind: Kind
    days: DaySpan


@dataclass(frozen=True, slots=True)
class Stray:
    """An absence that was approved, and days of it on which the person does not serve, as it is known now."""

    absence: Absence
    outside: DaySpan

    @property
    def recall_from(self) -> date | None:
        """From which day a recall gives just these days back; ``None`` where the person serves after them again."""
        return self.outside.first if self.outside.last == self.absence.days.last else None


@dataclass(frozen=True, slots=True)
class RequestView:
    """A request whole, with every act on it."""

    request: Request
    person: str
    approver: str
    """Empty where a head of human resources decides, also because the approver does no more."""
    acts: tuple[Act, ...]
    decides: bool
    """Whether the actor may decide on it: it waits at a desk of theirs, and is not their own."""
    is_own: bool
    """Whether the actor asked for it, or stands for who did: then another decides."""

    @property
    def submitted(self) -> Act:
        """The last submission."""
        return next(act for act in reversed(self.acts) if act.act is State.SUBMITTED)

    @property
    def last(self) -> Act:
        return self.acts[-1]


@dataclass(frozen=True, slots=True)
class Whose:
    """People of some units, and others by number; without ``units`` everybody."""

    units: frozenset[int] | None = None
    people: frozenset[int] = frozenset()


class Covers(StrEnum):
    """What a calendar of another program shows."""

    OWN = "own"
    TEAM = "team"


@dataclass(frozen=True, slots=True)
class Feed:
    """A secret address that a person made for their calendar."""

    id: int
    covers: Covers
    made_at: datetime


def day_before(day: date) -> date:
    return date.fromordinal(day.toordinal() - 1)
