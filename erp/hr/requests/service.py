"""Use cases of requests.  Each runs inside the caller's unit of work.

The kinds stand above: they submit and change through here, and are told of decisions as ``Consequence`` says.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any
from uuid import UUID

from erp.base import audit
from erp.base.clock import today
from erp.base.cursors import INTEGER, number_in
from erp.base.dates import DaySpan, day_string
from erp.base.uow import UnitOfWork
from erp.hr.personnel import service as personnel
from erp.hr.requests import heads, queries, rules
from erp.hr.requests.consequences import Consequences
from erp.hr.requests.model import (
    Absence,
    Act,
    Away,
    Consent,
    Covers,
    Decision,
    Feed,
    Kind,
    Page,
    Recall,
    RecallTerms,
    Request,
    RequestFilter,
    RequestView,
    State,
    Stray,
    Submitted,
)
from erp.reference.notifications import service as notifications
from erp.reference.notifications.model import NotificationKind
from ledger.errors import KeyReused

_STRAYS = 100

# ------------------------------------------------------------------------------------------------ ask


def submit(
    uow: UnitOfWork,
    organisation_id: int,
    kind: Kind,
    person_id: int,
    days: DaySpan,
    *,
    key: UUID,
    facts: Mapping[str, Any],
) -> Submitted:
    """Ask, for oneself or as who keeps the records, to be away; repeating it under its key changes nothing.

    It goes to the head of the person's unit who decides here, else to a head of human resources.  ``facts`` are what
    JSON can hold.  A command that is repeated gets its first answer, here and below, whatever has become of the
    request since.

    Raises: DaysTooMany, NotServing, AbsencesOverlap, AskedAlready, NobodyDecides; KeyReused, where the key stands for
    something else.
    """
    said = _as_kept(facts)
    request_id = queries.insert_request(uow.connection, uow.scope, organisation_id, kind, person_id, key)
    if request_id is None:
        return Submitted(_submitted_before(uow, organisation_id, kind, person_id, days, key, said), is_new=False)
    queries.lock_person(uow.connection, uow.scope, person_id)
    require_free(uow, organisation_id, person_id, days)
    _send(uow, organisation_id, request_id, person_id, days, said, version=1)
    found = request(uow, organisation_id, request_id)
    _record(uow, found, State.SUBMITTED, after=_said(days))
    return Submitted(found, is_new=True)


def change(
    uow: UnitOfWork, organisation_id: int, request_id: int, version: int, days: DaySpan, *, facts: Mapping[str, Any]
) -> Request:
    """Submit it anew, while it waits or once it was returned; doing it twice changes nothing.

    Raises: RequestUnknown, RequestChanged; as ``submit``.
    """
    found, said = lock(uow, organisation_id, request_id), _as_kept(facts)
    if (sent := sent_after(uow, found, version)) is not None and (sent.days, sent.facts) == (days, said):
        return sent
    rules.require(found, version, State.SUBMITTED)
    queries.lock_person(uow.connection, uow.scope, found.person_id)
    require_free(uow, organisation_id, found.person_id, days, but=request_id)
    queries.waits_no_more(uow.connection, uow.scope, organisation_id, request_id)
    _send(uow, organisation_id, request_id, found.person_id, days, said, version=version + 1)
    changed = request(uow, organisation_id, request_id)
    _record(uow, changed, State.SUBMITTED, before=_said(found.days) if found.days != days else None, after=_said(days))
    return changed


def withdraw(uow: UnitOfWork, organisation_id: int, request_id: int, version: int) -> Request:
    """Take it back before it is approved; doing it twice changes nothing.  Raises: RequestUnknown, RequestChanged."""
    found = lock(uow, organisation_id, request_id)
    if (before := _answered(uow, found, version, lambda done: done.act is State.WITHDRAWN)) is not None:
        return before
    rules.require(found, version, State.WITHDRAWN)
    queries.insert_act(
        uow.connection, uow.scope, organisation_id, request_id, State.WITHDRAWN, version=found.version + 1
    )
    queries.waits_no_more(uow.connection, uow.scope, organisation_id, request_id)
    _record(uow, found, State.WITHDRAWN)
    return request(uow, organisation_id, request_id)


def _submitted_before(
    uow: UnitOfWork,
    organisation_id: int,
    kind: Kind,
    person_id: int,
    days: DaySpan,
    key: UUID,
    facts: Mapping[str, Any],
) -> Request:
    """Raises: KeyReused."""
    sent = sent_under(uow, organisation_id, key)
    if sent is None or (sent.kind, sent.person_id, sent.days, sent.facts) != (kind, person_id, days, facts):
        raise KeyReused(key=str(key))
    return sent


def sent_under(uow: UnitOfWork, organisation_id: int, key: UUID) -> Request | None:
    """What was sent under a key, as it was sent."""
    found = queries.request_of_key(uow.connection, uow.scope, organisation_id, key)
    return None if found is None else _after(uow, found, 1)


def sent_after(uow: UnitOfWork, found: Request, version: int) -> Request | None:
    """What the actor sent anew once they had seen ``version`` of a request, as they sent it."""
    return _answered(uow, found, version, lambda done: done.act is State.SUBMITTED)


def _answered(uow: UnitOfWork, found: Request, version: int, is_same: Callable[[Act], bool]) -> Request | None:
    """How the request stood after what the actor did with what they saw in ``version``, where it was the same."""
    if not 0 < version < found.version:
        return None
    acts = queries.acts(uow.connection, uow.scope, found.organisation_id, found.id)
    done = rules.repeated(acts, version, uow.scope.actor.id, is_same)
    return _after(uow, found, done.version) if done is not None else None


def _after(uow: UnitOfWork, found: Request, version: int) -> Request | None:
    return queries.request_after(uow.connection, uow.scope, found.organisation_id, found.id, version)


def require_free(uow: UnitOfWork, organisation_id: int, person_id: int, days: DaySpan, but: int | None = None) -> None:
    """Whether a person may ask for the days; ``but`` a request that is changed.

    Raises: DaysTooMany, NotServing, AbsencesOverlap, AskedAlready, NobodyDecides.
    """
    rules.require_days(days)
    _require_serving(uow, organisation_id, person_id, days)
    approver = _approver(uow, organisation_id, person_id)
    if not queries.is_heard(uow.connection, uow.scope, organisation_id, person_id, approver):
        raise rules.NobodyDecides()
    for request_id, (state, taken) in queries.asked(
        uow.connection, uow.scope, organisation_id, person_id, days
    ).items():
        if request_id != but:
            refusal = rules.AbsencesOverlap if state.is_in_force else rules.AskedAlready
            raise refusal(first=day_string(taken.first), last=day_string(taken.last))


def _require_serving(uow: UnitOfWork, organisation_id: int, person_id: int, days: DaySpan) -> None:
    """Raises: NotServing."""
    if not queries.serves_throughout(uow.connection, uow.scope, organisation_id, person_id, days):
        raise rules.NotServing(**_said(days))


def _send(
    uow: UnitOfWork,
    organisation_id: int,
    request_id: int,
    person_id: int,
    days: DaySpan,
    facts: Mapping[str, Any],
    *,
    version: int,
) -> None:
    connection, scope = uow.connection, uow.scope
    queries.insert_act(
        connection,
        scope,
        organisation_id,
        request_id,
        State.SUBMITTED,
        version=version,
        days=days,
        approver_id=_approver(uow, organisation_id, person_id),
        facts=facts,
    )
    sent = request(uow, organisation_id, request_id)
    called = queries.hearers(connection, scope, organisation_id, request_id)
    kind = {Kind.LEAVE: NotificationKind.LEAVE_ASKED, Kind.TRIP: NotificationKind.TRIP_ASKED}[sent.kind]
    who = names(uow, organisation_id, [person_id])[person_id]
    notifications.notify_all(uow, called, kind, desk_subject(sent), who=who, **_said(days))


def _approver(uow: UnitOfWork, organisation_id: int, person_id: int) -> int | None:
    """The head of the person's unit, where they decide here; ``None``: a head of human resources does."""
    chief = personnel.chief_of(uow, organisation_id, person_id, today())
    if chief is None or chief == person_id:
        return None
    return chief if queries.has_desk(uow.connection, uow.scope, organisation_id, chief) else None


# ------------------------------------------------------------------------------------------------ decide


def decide(
    uow: UnitOfWork,
    organisation_id: int,
    request_id: int,
    version: int,
    decision: Decision,
    reason: str = "",
    *,
    consequences: Consequences,
) -> Request:
    """Approve a request, or return it with a reason, as its approver, who stands for them, or a head of HR.

    Approving does what the kind of request asks for in the same transaction; a refusal there refuses the approval.
    Doing it twice does it once.

    Raises: RequestUnknown, RequestChanged, OwnRequest, NotAtYourDesk, ReasonMissing, NotServing, AbsencesOverlap; what
    the kind's ``approved`` does.
    """
    act = State.APPROVED if decision is Decision.APPROVE else State.RETURNED
    reason = rules.reason_given(reason) if act is State.RETURNED else ""
    found = lock(uow, organisation_id, request_id)
    if (before := _answered(uow, found, version, lambda done: (done.act, done.reason) == (act, reason))) is not None:
        return before
    _require_hand(uow, found)
    rules.require(found, version, act)
    if act is State.APPROVED:
        _require_serving(uow, organisation_id, found.person_id, found.days)
    decided = _act(uow, found, act, reason=reason)
    if act is State.APPROVED:
        consequences[found.kind].approved(uow, decided)
        _tell(uow, decided, NotificationKind.ABSENCE_APPROVED, **_said(found.days))
    else:
        _tell(uow, decided, NotificationKind.ABSENCE_RETURNED, reason=reason, **_said(found.days))
    _record(uow, decided, act)
    return decided


def recall(
    uow: UnitOfWork,
    organisation_id: int,
    request_id: int,
    version: int,
    command: Recall,
    *,
    consequences: Consequences,
) -> Request:
    """Call somebody back from a day on; from the first day on, the absence is cancelled whole.

    The days from then on are free again, and the kind gives back what they used.  Doing it twice does it once.

    Raises: RequestUnknown, RequestChanged, OwnRequest, NotAtYourDesk, ReasonMissing, RecallOutside; as
    ``rules.require_recall``, and what the kind's ``recalled`` does.
    """
    command = replace(command, reason=rules.reason_given(command.reason))
    found = lock(uow, organisation_id, request_id)
    first = found.days.first
    if (before := _answered(uow, found, version, lambda done: rules.is_same_recall(done, command, first))) is not None:
        return before
    _require_hand(uow, found)
    rules.require(found, version, State.RECALLED)
    left, back = rules.split(found.days, command.from_day)
    rules.require_recall(command, recall_terms(uow, found, back), today())
    act = State.RECALLED if left else State.CANCELLED
    recalled = _act(
        uow, found, act, days=left, reason=command.reason, consent=command.consent, is_correction=command.is_correction
    )
    consequences[found.kind].recalled(uow, recalled, back)
    _tell(uow, recalled, NotificationKind.ABSENCE_RECALLED, reason=command.reason, **_said(back))
    _record(uow, recalled, act, before=_said(found.days), after=_said(left) if left else {})
    return recalled


def recall_terms(uow: UnitOfWork, of: Request, back: DaySpan) -> RecallTerms:
    """What the law asks of giving days of a request back."""
    return queries.recall_terms(uow.connection, uow.scope, of.organisation_id, of.id, back)


def _act(
    uow: UnitOfWork,
    found: Request,
    act: State,
    *,
    days: DaySpan | None = None,
    reason: str = "",
    consent: Consent | None = None,
    is_correction: bool = False,
) -> Request:
    """Raises: AbsencesOverlap."""
    connection, scope = uow.connection, uow.scope
    is_free = queries.insert_act(
        connection,
        scope,
        found.organisation_id,
        found.id,
        act,
        version=found.version + 1,
        days=days,
        reason=reason,
        consent=consent,
        is_correction=is_correction,
    )
    if not is_free:
        there = queries.absences(connection, scope, found.organisation_id, found.days, [found.person_id])
        raise rules.AbsencesOverlap(first=day_string(there[0].days.first), last=day_string(there[0].days.last))
    queries.waits_no_more(connection, scope, found.organisation_id, found.id)
    return request(uow, found.organisation_id, found.id)


def _require_hand(uow: UnitOfWork, found: Request) -> None:
    """Raises: OwnRequest, NotAtYourDesk."""
    hand = queries.hand(uow.connection, uow.scope, found.organisation_id, found.id)
    if hand.is_own:
        raise rules.OwnRequest()
    if not hand.decides:
        raise rules.NotAtYourDesk()


def lock(uow: UnitOfWork, organisation_id: int, request_id: int) -> Request:
    """How it stands, when nobody else acts on it.  Raises: RequestUnknown."""
    queries.lock(uow.connection, uow.scope, organisation_id, request_id)
    return request(uow, organisation_id, request_id)


def _tell(uow: UnitOfWork, decided: Request, kind: NotificationKind, **facts: Any) -> None:
    """Tell who asked."""
    asker = queries.asker(uow.connection, uow.scope, decided.organisation_id, decided.id)
    if asker is not None:
        notifications.notify(uow, asker, kind, decided.subject, **facts)


def _record(uow: UnitOfWork, of: Request, act: State, **changes: Any) -> None:
    """The trail has the days, and neither the kind nor any reason: others read it."""
    action = f"request-{act.value}"
    audit.record(uow.connection, uow.scope, action, of.subject, organisation_id=of.organisation_id, **changes)


def _said(days: DaySpan) -> dict[str, str]:
    """Days as sentences and the trail write them."""
    return {"first": day_string(days.first), "last": day_string(days.last)}


def _as_kept(facts: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(json.dumps(facts))
    return kept


def desk_subject(of: Request) -> str:
    """What notifications of who decides call a request: they lead to the inbox."""
    return f"inbox:{of.organisation_id}/{of.id}"


# ------------------------------------------------------------------------------------------------ views


def request(uow: UnitOfWork, organisation_id: int, request_id: int) -> Request:
    """One that the actor may see.  Raises: RequestUnknown."""
    found = queries.request(uow.connection, uow.scope, organisation_id, request_id)
    if found is None:
        raise rules.RequestUnknown()
    return found


def view(uow: UnitOfWork, organisation_id: int, request_id: int) -> RequestView:
    """One whole, with every act on it.  Raises: RequestUnknown."""
    found = request(uow, organisation_id, request_id)
    approver = found.approver_id
    if approver is not None and not queries.has_desk(uow.connection, uow.scope, organisation_id, approver):
        approver = None
    called = names(uow, organisation_id, {found.person_id} | ({approver} if approver else set()))
    hand = queries.hand(uow.connection, uow.scope, organisation_id, request_id)
    return RequestView(
        found,
        called[found.person_id],
        called[approver] if approver else "",
        tuple(queries.acts(uow.connection, uow.scope, organisation_id, request_id)),
        decides=hand.decides and not hand.is_own,
        is_own=hand.is_own,
    )


def requests(
    uow: UnitOfWork, organisation_id: int, narrowed: RequestFilter, cursor: str | None = None, limit: int = 50
) -> Page:
    """Those that the actor may see, the newest first.  Raises: CursorMalformed."""
    before = number_in(cursor, most=INTEGER) if cursor is not None else None
    found = queries.rows(uow.connection, uow.scope, organisation_id, narrowed, before, limit + 1)
    shown = found[:limit]
    called = names(uow, organisation_id, {row.person_id for row in shown})
    return Page(shown, called, str(shown[-1].id) if len(found) > limit else None)


def waiting(uow: UnitOfWork, organisation_id: int) -> int:
    """How many requests wait at the actor's desks."""
    return queries.waiting(uow.connection, uow.scope, organisation_id)


def own_person(uow: UnitOfWork, organisation_id: int) -> int:
    """The person that the actor is.  Raises: PersonUnknownHere."""
    person = personnel.person_of(uow, organisation_id)
    if person is None:
        raise rules.PersonUnknownHere()
    return person.id


def names(uow: UnitOfWork, organisation_id: int, people: Collection[int]) -> dict[int, str]:
    """How people are called today, in full; empty of whom the scope may not see."""
    found = personnel.names(uow, sorted(people), today())
    return {each: str(found[each]) if each in found else "" for each in people}


def team(uow: UnitOfWork, organisation_id: int, person_id: int, day: date) -> dict[int, str]:
    """Who else serves in the person's unit on a day, and whom the person heads, with their names."""
    colleagues = {each.id: str(each.name) for each in personnel.colleagues(uow, organisation_id, person_id, day)}
    led = heads.led_by(uow, organisation_id, {person_id}, day)
    under = queries.served(uow.connection, uow.scope, organisation_id, DaySpan(day, day), led, False)
    return colleagues | {row.person_id: str(row.name) for _, row in under if row.person_id != person_id}


# ------------------------------------------------------------------------------------------------ who is away


def availability(
    uow: UnitOfWork, organisation_id: int, days: DaySpan, people: Collection[int] | None = None
) -> list[Away]:
    """Who is away on which of the days, without why; of some people where they are given."""
    found = queries.away(uow.connection, uow.scope, organisation_id, days)
    return [each for each in found if people is None or each.person_id in people]


def absences(
    uow: UnitOfWork, organisation_id: int, days: DaySpan, people: Collection[int] | None = None
) -> list[Absence]:
    """The same, each whole and with its kind: for who keeps records, decides, or is the person."""
    return queries.absences(uow.connection, uow.scope, organisation_id, days, people)


def outside_service(uow: UnitOfWork, organisation_id: int, people: Collection[int] | None = None) -> list[Stray]:
    """Absences approved for days on which the person does not serve: a dismissal, or a correction, came after.

    For who keeps records and decides; the latest first, a hundred at most.  A recall gives such days back.
    """
    return queries.outside_service(uow.connection, uow.scope, organisation_id, people, _STRAYS)


def asked_for(uow: UnitOfWork, organisation_id: int, days: DaySpan, people: Collection[int]) -> list[Absence]:
    """What some people ask for on the days and waits for a decision: for who keeps records, or decides on it."""
    return queries.waiting_on(uow.connection, uow.scope, organisation_id, days, people)


# ------------------------------------------------------------------------------------------------ calendar feeds


def feeds(uow: UnitOfWork, organisation_id: int) -> list[Feed]:
    """The actor's own."""
    return queries.feeds(uow.connection, uow.scope, organisation_id)


@dataclass(frozen=True, slots=True)
class FeedMade:
    id: int
    secret: str


def make_feed(uow: UnitOfWork, organisation_id: int, covers: Covers) -> FeedMade:
    """A secret for the address of a calendar; one that was made before for the same opens no more."""
    secret = token_urlsafe(32)
    queries.revoke_feeds(uow.connection, uow.scope, organisation_id, covers=covers)
    feed_id = queries.insert_feed(uow.connection, uow.scope, organisation_id, covers, _digest(secret))
    _record_feed(uow, organisation_id, "feed-made", covers)
    return FeedMade(feed_id, secret)


def revoke_feed(uow: UnitOfWork, organisation_id: int, feed_id: int) -> None:
    """Its address opens no more; doing it twice does it once.  Raises: FeedUnknown."""
    revoked = queries.revoke_feeds(uow.connection, uow.scope, organisation_id, feed_id=feed_id)
    if not revoked:
        if queries.was_feed(uow.connection, uow.scope, organisation_id, feed_id):
            return
        raise rules.FeedUnknown()
    _record_feed(uow, organisation_id, "feed-revoked", Covers(revoked[0]))


def feed_owner(uow: UnitOfWork, secret: str) -> queries.FeedOwner:
    """Whose calendar an address is, for the program; what they may see is the policy's to say.  Raises: FeedUnknown."""
    found = queries.feed_owner(uow.connection, uow.scope, _digest(secret))
    if found is None:
        raise rules.FeedUnknown()
    return found


def _record_feed(uow: UnitOfWork, organisation_id: int, action: str, covers: Covers) -> None:
    about = f"user:{uow.scope.actor.id}"
    audit.record(uow.connection, uow.scope, action, about, organisation_id=organisation_id, covers=covers.value)


def _digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
