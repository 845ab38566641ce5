"""The nouns of approval: what is asked for where, what was prepared, who did what with it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from erp.base.dates import DateInterval
from erp.finance.journal.model import Journal, PostingView


class State(StrEnum):
    """How a prepared entry stands: named as the act that brought it there."""

    PREPARED = "prepared"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    APPROVED = "approved"

    @property
    def is_waiting(self) -> bool:
        """Whether somebody still has to do something with it."""
        return self in (State.PREPARED, State.RETURNED)


@dataclass(frozen=True, slots=True)
class Duty:
    """A journal whose entries a second person approves, and the days on which it is so."""

    id: int
    journal: Journal
    in_force: DateInterval

    @property
    def last_on(self) -> date | None:
        return self.in_force.end - timedelta(days=1) if self.in_force.end else None


@dataclass(frozen=True, slots=True)
class DutyException:
    """Who may for a time approve what they prepared themselves, who allowed it, and how often it was used."""

    id: int
    user_id: int
    user: str
    since: date
    until: date
    """The first day on which it no longer counts."""
    reason: str
    allowed_by: str
    allowed_at: datetime
    used: int
    """Entries that their preparer approved under it."""

    @property
    def last_on(self) -> date:
        return self.until - timedelta(days=1)

    def counts_on(self, day: date) -> bool:
        return self.since <= day < self.until


@dataclass(frozen=True, slots=True)
class Bookkeeper:
    """A person who prepares entries, for whom an exception may be allowed."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class PreparedFilter:
    """What a list is narrowed to; ``None`` does not narrow."""

    states: tuple[State, ...] = (State.PREPARED, State.RETURNED)
    journal: str | None = None


@dataclass(frozen=True, slots=True)
class PreparedRow:
    """A prepared entry as a line of the list: its last revision, and how it stands."""

    id: int
    version: int
    state: State
    kind: str
    """``entry``, or ``correction`` of one that is posted."""
    journal_code: str
    effective_on: date
    memo: str
    document_number: str
    amount_tiyn: int
    prepared_by_id: int
    prepared_by: str
    authors: frozenset[int]
    """Who prepared any revision, or for whom it was prepared: none of them approves it."""
    prepared_at: datetime
    entry_id: int | None
    """Where it is posted."""
    under_exception: bool
    """Whether its own preparer approved it."""


@dataclass(frozen=True, slots=True)
class Act:
    """One step of a prepared entry: who, when, from where, why."""

    version: int
    act: State
    revision: int
    actor_id: int
    actor: str
    on_behalf_of_id: int | None
    on_behalf_of: str
    """Whose rights the actor used, where he is a delegate."""
    lenders: frozenset[int]
    """Everybody who lent the delegate a role there that day."""
    origin: str
    reason: str
    exception_id: int | None
    at: datetime

    @property
    def people(self) -> frozenset[int]:
        """Who stands behind it."""
        return frozenset({self.actor_id}) | self.lenders


@dataclass(frozen=True, slots=True)
class Head:
    """How a prepared entry stands; ``version`` is the number of its last act."""

    id: int
    key: UUID
    state: State
    version: int
    revision: int


@dataclass(frozen=True, slots=True)
class Revision:
    """What was prepared: a command of ``kind``, in the form of ``schema_version``."""

    no: int
    kind: str
    schema_version: int
    command: dict[str, object]
    content_hash: bytes
    journal_id: int
    effective_on: date
    memo: str
    document_number: str
    amount_tiyn: int


@dataclass(frozen=True, slots=True)
class PreparedView:
    """A prepared entry whole: its last revision as it would be posted, and every act on it."""

    organisation_id: int
    id: int
    version: int
    state: State
    kind: str
    journal: Journal
    effective_on: date
    memo: str
    document_number: str
    document_on: date | None
    amount_tiyn: int
    postings: tuple[PostingView, ...]
    corrects: int | None
    """Of a correction: the entry it cancels."""
    correction: str
    """Of a correction: ``storno`` or ``reversal``."""
    reason: str
    """Of a correction."""
    acts: tuple[Act, ...]
    entry_id: int | None
    entry_number: int | None
    exception: DutyException | None
    """Under which its own preparer approved it."""

    @property
    def authors(self) -> frozenset[int]:
        """Whoever prepared any revision, or for whom it was prepared."""
        return frozenset().union(*(act.people for act in self.acts if act.act is State.PREPARED))

    @property
    def prepared(self) -> Act:
        """The last preparation."""
        return next(act for act in reversed(self.acts) if act.act is State.PREPARED)

    @property
    def last(self) -> Act:
        return self.acts[-1]


@dataclass(frozen=True, slots=True)
class Standing:
    """How an institution stands for a person: its month of work, and what waits for them; no month where none is kept.

    The month of work is today's where it is kept, else the last one posted in.
    """

    organisation_id: int
    month: date | None
    state: str | None
    to_approve: int
    to_mend: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for a person here."""

    to_approve: int
    """Prepared by others, where the person may approve."""
    to_mend: int
    """Returned to the person."""
    is_asked: bool
    """Whether some journal here needs, needed or will need a second person."""

    @property
    def number(self) -> int:
        return self.to_approve + self.to_mend

    @property
    def is_shown(self) -> bool:
        return self.is_asked or self.number > 0


@dataclass(frozen=True, slots=True)
class Approval:
    """How the posted entry came to be: who prepared it, who approved it, and whether that is one person."""

    prepared_id: int
    prepared_by: str
    approved_by: str
    approved_at: datetime
    exception: DutyException | None


@dataclass(frozen=True, slots=True)
class Prepared:
    """Where a command to prepare ended up; ``is_new`` is false when its key, or its version, had been used before."""

    id: int
    version: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class Unapproved:
    """An entry that stands in a journal without the approval it needed."""

    book: str
    journal: str
    year: int
    number: int
