"""Pure rules of requests: what may become of one, and what is refused."""

from collections.abc import Callable, Mapping, Sequence, Set
from datetime import date
from typing import Protocol, TypeVar

from erp.base.dates import DaySpan, day_string
from erp.base.errors import Conflict, NotFound, NotPermitted, RuleViolated
from erp.hr.requests.model import Act, Recall, RecallTerms, Request, State, day_before


class RequestUnknown(NotFound):
    code = "request-unknown"
    template = "There is no such request here."


class RequestChanged(Conflict):
    code = "request-changed"
    template = "Somebody has acted on this request since you opened it. Look at it anew, then decide."


class OwnRequest(NotPermitted):
    code = "own-request"
    template = "Nobody decides on their own request, nor on one they submitted. Leave it to another person."


class NotAtYourDesk(NotPermitted):
    code = "not-at-your-desk"
    template = "This request waits for another person's decision."


class AbsencesOverlap(Conflict):
    code = "absences-overlap"
    template = "The person is away from {first} through {last} already. Choose other days."


class AskedAlready(Conflict):
    code = "asked-already"
    template = "A request for {first} – {last} waits already. Change that one, or withdraw it."


class NotServing(Conflict):
    code = "not-serving"
    template = "The person does not serve here on every day of {first} – {last}."


class NobodyDecides(Conflict):
    code = "nobody-decides"
    template = (
        "Nobody may decide on this request but who asks or sends it. Ask the administrator to make another person head"
        " of human resources here, or manager of the unit."
    )


class ReasonMissing(RuleViolated):
    code = "request-reason-missing"
    template = "Say why, in at least {limit} characters."


class RecallOutside(RuleViolated):
    code = "recall-outside"
    template = "The day of the recall must be one of {first} – {last}."


class DayIsOver(RuleViolated):
    code = "recall-day-over"
    template = (
        "{day} is over. Days that are over are given back only as a correction, where the person did not take them:"
        " say so, and why."
    )


class ConsentMissing(RuleViolated):
    code = "recall-consent-missing"
    template = "Leave is recalled only with the employee’s written consent: say on which day it was given."


class ConsentToCome(RuleViolated):
    code = "recall-consent-to-come"
    template = "The consent is of a day to come. Recall once it is given."


class ConsentUnnamed(RuleViolated):
    code = "recall-consent-unnamed"
    template = "Name the paper of the consent, in at least {limit} characters."


class RecallForbidden(RuleViolated):
    code = "recall-forbidden"
    template = "The person is younger than the law asks: they are not recalled from leave, even with consent."


class DaysTooMany(RuleViolated):
    code = "days-too-many"
    template = "One request is for at most {limit} days."


class PersonUnknownHere(NotFound):
    code = "person-unknown-here"
    template = "You are not in the staff record of this organisation. Ask human resources to link your account to it."


class FeedUnknown(NotFound):
    code = "feed-unknown"
    template = "This calendar address opens no more."


class Done(Protocol):
    """An act on something whose version is the number of its acts."""

    @property
    def actor_id(self) -> int: ...


A = TypeVar("A", bound=Done)

LONGEST = 3 * 366
"""Days of one request: child-care leave lasts three years."""
SHORTEST_REASON = 3

FROM: Mapping[State, Set[State]] = {
    State.SUBMITTED: {State.SUBMITTED, State.RETURNED},
    State.RETURNED: {State.SUBMITTED},
    State.WITHDRAWN: {State.SUBMITTED, State.RETURNED},
    State.APPROVED: {State.SUBMITTED},
    State.RECALLED: {State.APPROVED, State.RECALLED},
    State.CANCELLED: {State.APPROVED, State.RECALLED},
}
"""Where each act finds what it moves on."""


def require(request: Request, version: int, act: State) -> None:
    """Raises: RequestChanged, where it is not what the actor saw, or no such act is left to do."""
    if request.version != version or request.state not in FROM[act]:
        raise RequestChanged()


def repeated(acts: Sequence[A], version: int, actor_id: int, is_same: Callable[[A], bool]) -> A | None:
    """What the actor did with what they saw in ``version``, where it was the same: each act makes the next version."""
    if not 0 <= version < len(acts):
        return None
    done = acts[version]
    return done if done.actor_id == actor_id and is_same(done) else None


def require_recall(recall: Recall, terms: RecallTerms, today: date) -> None:
    """Days that are over are a correction; who is to come back from leave has agreed in writing, by a named paper.

    Raises: DayIsOver, RecallForbidden, ConsentMissing, ConsentToCome, ConsentUnnamed.
    Source: Labour Code (RK), art. 95.
    """
    if recall.from_day < today and not recall.is_correction:
        raise DayIsOver(day=day_string(recall.from_day))
    if terms.too_young:
        raise RecallForbidden()
    if recall.consent is None:
        if terms.needs_consent:
            raise ConsentMissing()
        return
    if recall.consent.given_on > today:
        raise ConsentToCome()
    if len(recall.consent.document) < SHORTEST_REASON:
        raise ConsentUnnamed(limit=SHORTEST_REASON)


def is_same_recall(done: Act, recall: Recall, first: date) -> bool:
    """Whether an act is just this recall, of an absence that begins on ``first``."""
    if (done.reason, done.consent) != (recall.reason, recall.consent):
        return False
    if done.days is None:
        return done.act is State.CANCELLED and recall.from_day == first
    return done.act is State.RECALLED and done.days.end == recall.from_day


def require_days(days: DaySpan) -> None:
    """Raises: DaysTooMany."""
    if (days.end - days.first).days > LONGEST:
        raise DaysTooMany(limit=LONGEST)


def reason_given(reason: str) -> str:
    """Raises: ReasonMissing."""
    if len(reason.strip()) < SHORTEST_REASON:
        raise ReasonMissing(limit=SHORTEST_REASON)
    return reason.strip()


def split(days: DaySpan, from_day: date) -> tuple[DaySpan | None, DaySpan]:
    """The days that are left before a recall, if any, and those given back.  Raises: RecallOutside."""
    if not days.first <= from_day <= days.last:
        raise RecallOutside(first=day_string(days.first), last=day_string(days.last))
    left = DaySpan(days.first, day_before(from_day)) if from_day > days.first else None
    return left, DaySpan(from_day, days.last)
