"""The nouns of approval: what is asked for where, what was prepared, who did what with it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from erp.base.dates import DateInterval
from erp.finance.journal.model import Journal, PostingView


class Step(StrEnum):
    """What follows on the preparation, in this order."""

    CHECK = "check"
    FIRST_SIGNATURE = "first-signature"
    SECOND_SIGNATURE = "second-signature"

    @property
    def purpose(self) -> str:
        """What is signed for by it, as ``erp.reference.signatures`` calls it."""
        return "checked" if self is Step.CHECK else self.value


class State(StrEnum):
    """How a prepared entry stands: named as the act that brought it there.

    ``CHECKED`` and ``FIRST_SIGNED`` wait for a further step; the last step of a route, whichever it is, approves.
    """

    PREPARED = "prepared"
    CHECKED = "checked"
    FIRST_SIGNED = "first-signed"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    APPROVED = "approved"

    @property
    def is_under_way(self) -> bool:
        """Whether a step of its route is due."""
        return self in (State.PREPARED, State.CHECKED, State.FIRST_SIGNED)

    @property
    def is_waiting(self) -> bool:
        """Whether somebody still has to do something with it."""
        return self.is_under_way or self is State.RETURNED

    @property
    def is_step(self) -> bool:
        """Whether a step of the route led there."""
        return self in (State.CHECKED, State.FIRST_SIGNED, State.APPROVED)


WAITING = tuple(state for state in State if state.is_waiting)


@dataclass(frozen=True, slots=True)
class Route:
    """The steps a document takes before it is posted, in order, and those that need an ЭЦП (``cms``)."""

    steps: tuple[Step, ...] = (Step.SECOND_SIGNATURE,)
    cms: frozenset[Step] = frozenset()

    @property
    def last(self) -> Step:
        return self.steps[-1]

    def state_after(self, step: Step) -> State:
        if step is self.last:
            return State.APPROVED
        return State.CHECKED if step is Step.CHECK else State.FIRST_SIGNED

    def step_of(self, act: State) -> Step | None:
        """The step that an act on a document of this route took."""
        steps = {State.CHECKED: Step.CHECK, State.FIRST_SIGNED: Step.FIRST_SIGNATURE, State.APPROVED: self.last}
        return steps.get(act)


@dataclass(frozen=True, slots=True)
class Duty:
    """A journal whose entries pass several persons, by which route, and the days on which it is so."""

    id: int
    journal: Journal
    in_force: DateInterval
    route: Route = Route()

    @property
    def last_on(self) -> date | None:
        return self.in_force.end - timedelta(days=1) if self.in_force.end else None

    @property
    def asked(self) -> dict[Step, str]:
        """What each step is done with: ``consent`` or ``cms``."""
        return {step: "cms" if step in self.route.cms else "consent" for step in self.route.steps}


@dataclass(frozen=True, slots=True)
class Hands:
    """As whom somebody would take the steps here: everybody they stand for, ``None`` where they may not.

    ``excepted``: whether an exception lets them take a step of what they prepared or signed themselves.
    """

    approver: frozenset[int] | None = None
    """Who checks and gives second signatures."""
    signer: frozenset[int] | None = None
    """Who gives first signatures."""
    excepted: bool = False

    def of(self, step: Step) -> frozenset[int] | None:
        return self.signer if step is Step.FIRST_SIGNATURE else self.approver

    def only(self, *, signing: bool) -> "Hands":
        """Those that give first signatures, or those that do not."""
        return replace(self, approver=None) if signing else replace(self, signer=None)

    def may_take(self, step: Step | None, behind: Collection[int]) -> bool:
        """Whether the step is theirs, where some people stand behind the document already."""
        people = self.of(step) if step else None
        return people is not None and (self.excepted or people.isdisjoint(behind))


@dataclass(frozen=True, slots=True)
class DutyException:
    """Who may for a time take a step of what they prepared, or a second step; allowed by whom, and how often used."""

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
    """Entries that one person prepared and approved under it, or that one person signed twice."""

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

    states: tuple[State, ...] = WAITING
    journal: str | None = None
    through: date | None = None
    """The last day that an entry may count for."""
    hands: Hands | None = None
    """Only what waits for these hands."""
    preparer: int | None = None
    """Only what this person prepared last."""


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
    next_step: Step | None
    """The step that is due."""
    needs_cms: bool
    """Whether that step needs an ЭЦП."""
    behind: frozenset[int]
    """Who prepared any revision or took a step of the last, and for whom: none of them takes the next."""
    prepared_at: datetime
    entry_id: int | None
    """Where it is posted."""
    under_exception: bool
    """Whether one person did what two should have."""

    @property
    def what(self) -> str:
        """As people name it."""
        return f"{self.journal_code} «{self.memo}»"


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did with a prepared entry: who, when, from where, why."""

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
    signature_id: int | None
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
    next_step: Step | None = None


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
    route: Route = Route()
    """As the database gave it."""


@dataclass(frozen=True, slots=True)
class Link:
    """A step of a document's route: who took it, or whether it is due, or still to come."""

    step: Step
    act: Act | None
    is_due: bool
    needs_cms: bool


def chain(route: Route, acts: Sequence[Act], revision: int, due: Step | None) -> tuple[Link, ...]:
    """A route as the acts on a revision went it."""
    taken = {route.step_of(act.act): act for act in acts if act.act.is_step and act.revision == revision}
    return tuple(Link(step, taken.get(step), step is due, step in route.cms) for step in route.steps)


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
    """Under which one person did what two should have."""
    route: Route
    next_step: Step | None

    @property
    def authors(self) -> frozenset[int]:
        """Whoever prepared any revision, or for whom it was prepared."""
        return frozenset().union(*(act.people for act in self.acts if act.act is State.PREPARED))

    @property
    def steps(self) -> tuple[Act, ...]:
        """The steps of its route that were taken with the last revision."""
        return tuple(act for act in self.acts if act.act.is_step and act.revision == self.prepared.revision)

    @property
    def behind(self) -> frozenset[int]:
        """Its authors, and who took a step of the last revision: none of them takes the next."""
        return self.authors.union(*(act.people for act in self.steps))

    @property
    def chain(self) -> tuple[Link, ...]:
        """Its route, step by step."""
        return chain(self.route, self.acts, self.prepared.revision, self.next_step)

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
    """What the person may take the next step of."""
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
    """How the posted entry came to be: who prepared it, who took which step, and whether one person did two's work."""

    prepared_id: int
    prepared_by: str
    approved_by: str
    approved_at: datetime
    exception: DutyException | None
    prepared_at: datetime
    chain: tuple[Link, ...]


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
