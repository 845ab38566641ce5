"""Use cases of the accounting policy.  Each runs inside the caller's unit of work."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from erp.base import audit
from erp.base.clock import today
from erp.base.uow import UnitOfWork
from erp.finance.approvals import service as approvals
from erp.finance.approvals.model import Duty, Route
from erp.finance.approvals.schemas import ReleaseJournal, RequireApproval, StepAsked
from erp.finance.journal import service as journal
from erp.finance.policy import queries, rules
from erp.finance.policy.content import ROUTE, Content, JournalRule, Rounding
from erp.finance.policy.model import Act, Adopted, Difference, Edition, Numbering, Offer, State, Step
from erp.finance.policy.schemas import BeginPolicy, WritePolicy
from erp.reference.access.model import Role
from erp.reference.notifications import service as notifications
from erp.reference.notifications.model import NotificationKind
from erp.reference.signatures import service as signatures
from erp.reference.signatures.model import Evidence, Signature
from ledger.errors import KeyReused, PolicyChanged

FIRST, SECOND = "policy-first", "policy-second"
"""Purposes of the head's signature and of the chief accountant's."""


# ------------------------------------------------------------------------------------------------ write


def begin(uow: UnitOfWork, organisation_id: int, command: BeginPolicy) -> Edition:
    """Begin an edition; repeating it under its key changes nothing.

    Raises: PolicyNotTomorrow, PolicyNotOffered, KeyReused; Invalid with every fault of the content.
    """
    _check(uow, organisation_id, command)
    adopts = None
    if command.adopts_organisation is not None and command.adopts_policy is not None:
        adopts = Adopted(command.adopts_organisation, command.adopts_policy)
        if adopts not in {Adopted(each.organisation_id, each.id) for each in offered(uow, organisation_id)}:
            raise rules.PolicyNotOffered()
    policy_id = queries.insert_edition(
        uow.connection, uow.scope, organisation_id, command.key, command.since, command.content, adopts
    )
    if policy_id is None:
        found = queries.edition_of_key(uow.connection, uow.scope, organisation_id, command.key)
        if found is None or (found.since, found.content, found.adopts) != (command.since, command.content, adopts):
            raise KeyReused(key=str(command.key))
        return found
    done = edition(uow, organisation_id, policy_id)
    _record(uow, "policy-begun", done, since=done.since.isoformat(), adopts=done.adopts and f"{done.adopts.id}")
    return done


def rewrite(uow: UnitOfWork, organisation_id: int, policy_id: int, version: int, command: WritePolicy) -> Edition:
    """Replace what a draft says.  Raises: PolicyUnknown, PolicyChanged, PolicyNotTomorrow; Invalid."""
    before = edition(uow, organisation_id, policy_id)
    if (before.version, before.state, before.since, before.content) == (
        version + 1,
        State.DRAFT,
        command.since,
        command.content,
    ):
        return before  # sent twice
    rules.require_version(before, version, State.DRAFT)
    _check(uow, organisation_id, command)
    if not queries.rewrite(
        uow.connection, uow.scope, organisation_id, policy_id, version, command.since, command.content
    ):
        raise PolicyChanged()
    after = edition(uow, organisation_id, policy_id)
    was, said = _told(rules.differences(before.content, after.content))
    _record(
        uow,
        "policy-written",
        after,
        before={"since": before.since.isoformat(), **was},
        after={"since": after.since.isoformat(), **said},
    )
    return after


def _check(uow: UnitOfWork, organisation_id: int, said: WritePolicy | Edition) -> None:
    if not may_begin(uow, organisation_id, said.since):
        raise rules.PolicyNotTomorrow()
    rules.check(said.content, {each.code for each in journal.journals(uow)})


# ------------------------------------------------------------------------------------------------ sign


def propose(uow: UnitOfWork, organisation_id: int, policy_id: int, version: int, evidence: Evidence) -> Edition:
    """The chief accountant signs a draft, which from then on waits for the head of the institution.

    Raises: PolicyUnknown, PolicyChanged, PolicyNotTomorrow; as signing does.
    """
    found = edition(uow, organisation_id, policy_id)
    if _was_done(uow, found, version, Step.PROPOSED):
        return found
    rules.require_version(found, version, State.DRAFT)
    _check(uow, organisation_id, found)
    done = _act(uow, found, Step.PROPOSED, signature=_signed(uow, found, SECOND, evidence))
    proposers = acts(uow, organisation_id, policy_id)[-1].people
    heads = approvals.nearest(uow, organisation_id, [Role.MANAGER.value], proposers)
    notifications.notify_all(uow, heads, NotificationKind.POLICY_TO_SIGN, done.subject, what=f"№ {done.id}")
    return done


def sign(uow: UnitOfWork, organisation_id: int, policy_id: int, version: int, evidence: Evidence) -> Edition:
    """The head of the institution signs what was proposed: it counts from its day, and ends the edition before.

    Who signs which journal becomes what it says, from the same day; tomorrow at the earliest.

    Raises: HeadNeeded, PolicyUnknown, PolicyChanged, PolicyOwn, PolicyBeginsInThePast, PolicyDayTaken; as signing does.
    """
    found = edition(uow, organisation_id, policy_id)
    if _was_done(uow, found, version, Step.SIGNED):
        return found
    rules.require_version(found, version, State.PROPOSED)
    if Role.MANAGER.value not in queries.roles_here(uow.connection, uow.scope, organisation_id, today()):
        raise rules.HeadNeeded()
    done = _act(uow, found, Step.SIGNED, signature=_signed(uow, found, FIRST, evidence))
    _route(uow, done)
    return done


def return_(uow: UnitOfWork, organisation_id: int, policy_id: int, version: int, reason: str) -> Edition:
    """Send what was proposed back to be written anew, with a reason.  Raises: PolicyUnknown, PolicyChanged."""
    found = edition(uow, organisation_id, policy_id)
    if _was_done(uow, found, version, Step.RETURNED, reason):
        return found
    rules.require_version(found, version, State.PROPOSED)
    return _act(uow, found, Step.RETURNED, reason=reason)


def discard(uow: UnitOfWork, organisation_id: int, policy_id: int, version: int) -> Edition:
    """Give up an edition that is not signed.  Raises: PolicyUnknown, PolicyChanged."""
    found = edition(uow, organisation_id, policy_id)
    if _was_done(uow, found, version, Step.DISCARDED):
        return found
    rules.require_version(found, version, State.DRAFT, State.PROPOSED)
    return _act(uow, found, Step.DISCARDED)


def publish(uow: UnitOfWork, organisation_id: int, policy_id: int, *, published: bool) -> Edition:
    """Offer a signed edition to the institutions below, or offer it no longer.  Raises: PolicyUnknown, NotSigned."""
    found = edition(uow, organisation_id, policy_id)
    if found.state is not State.SIGNED:
        raise rules.NotSigned()
    if found.is_published != published:
        queries.publish(uow.connection, uow.scope, organisation_id, policy_id, published)
        _record(uow, "policy-published" if published else "policy-unpublished", found)
    return edition(uow, organisation_id, policy_id)


def _signed(uow: UnitOfWork, found: Edition, purpose: str, evidence: Evidence) -> Signature:
    content = rules.signed_bytes(found, purpose)
    return signatures.sign(uow, found.organisation_id, found.subject, purpose, content, evidence)


def _was_done(uow: UnitOfWork, found: Edition, version: int, step: Step, reason: str = "") -> bool:
    """Whether the actor did just this already, with what they saw in ``version``."""
    if found.version != version + 1:
        return False
    acts = queries.acts(uow.connection, uow.scope, found.organisation_id, found.id)
    return bool(acts) and (acts[-1].version, acts[-1].act, acts[-1].actor_id, acts[-1].reason) == (
        found.version,
        step,
        uow.scope.actor.id,
        reason,
    )


def _act(
    uow: UnitOfWork, found: Edition, step: Step, *, reason: str = "", signature: Signature | None = None
) -> Edition:
    queries.insert_act(
        uow.connection,
        uow.scope,
        found.organisation_id,
        found.id,
        step,
        version=found.version + 1,
        reason=reason,
        signature_id=signature.id if signature else None,
    )
    notifications.read_about(uow, found.subject)
    facts: dict[str, Any] = {"reason": reason} if reason else {}
    _record(uow, f"policy-{step.value}", found, since=found.since.isoformat(), **facts)
    return edition(uow, found.organisation_id, found.id)


def _record(uow: UnitOfWork, action: str, about: Edition, **facts: Any) -> None:
    audit.record(uow.connection, uow.scope, action, about.subject, organisation_id=about.organisation_id, **facts)


def _told(differences: Sequence[Difference]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Before and after as the trail keeps them."""
    places = [(f"{each.section}.{each.item}.{each.field}".replace("..", "."), each) for each in differences]
    return {name: each.before for name, each in places}, {name: each.after for name, each in places}


# ------------------------------------------------------------------------------------------------ who signs what


def _route(uow: UnitOfWork, signed: Edition) -> None:
    """From the edition's day each journal's entries go the way it says, until a later edition says otherwise."""
    at, since = signed.organisation_id, _begins(signed)
    goes_on = set()
    for duty in _meeting(uow, signed):
        if _goes_on(duty, signed):
            goes_on.add(duty.journal.code)
        else:
            assert duty.in_force.start is not None, "a duty begins"
            approvals.release_journal(uow, at, duty.id, ReleaseJournal(until=max(duty.in_force.start, since)))
    for rule in signed.content.journals:
        if rule.steps and rule.code not in goes_on:
            approvals.require_approval(uow, at, RequireApproval(journal=rule.code, since=since, steps=_steps(rule)))


def ends(uow: UnitOfWork, edition: Edition) -> list[Duty]:
    """Routes of documents that end with the day of the edition, once it is signed: it says otherwise, or nothing."""
    return [duty for duty in _meeting(uow, edition) if not _goes_on(duty, edition)]


def _meeting(uow: UnitOfWork, edition: Edition) -> list[Duty]:
    """Routes that are in force on the day of the edition or later."""
    since = _begins(edition)
    return [
        duty
        for duty in approvals.duties(uow, edition.organisation_id)
        if duty.in_force.start is not None and (duty.in_force.end is None or duty.in_force.end > since)
    ]


def _begins(edition: Edition) -> date:
    return max(edition.since, today() + timedelta(days=1))


def _goes_on(duty: Duty, edition: Edition) -> bool:
    """Whether the edition says what is so before its day, and without end, already."""
    asked = {rule.code: _steps(rule) for rule in edition.content.journals if rule.steps}
    begun = duty.in_force.start is not None and duty.in_force.start < _begins(edition) and duty.in_force.end is None
    return begun and _as_asked(duty) == asked.get(duty.journal.code)


def _steps(rule: JournalRule) -> tuple[StepAsked, ...]:
    return tuple(StepAsked(step=step, evidence="cms" if step in rule.cms else "consent") for step in rule.steps)


def _as_asked(duty: Duty) -> tuple[StepAsked, ...]:
    return tuple(
        StepAsked(step=step, evidence="cms" if step in duty.route.cms else "consent") for step in duty.route.steps
    )


# ------------------------------------------------------------------------------------------------ views


def editions(uow: UnitOfWork, organisation_id: int) -> list[Edition]:
    """Every edition, the latest day first."""
    return queries.editions(uow.connection, uow.scope, organisation_id)


def edition(uow: UnitOfWork, organisation_id: int, policy_id: int) -> Edition:
    """Raises: PolicyUnknown."""
    found = queries.edition(uow.connection, uow.scope, organisation_id, policy_id)
    if found is None:
        raise rules.PolicyUnknown()
    return found


def acts(uow: UnitOfWork, organisation_id: int, policy_id: int) -> list[Act]:
    """What was done with an edition, the first first."""
    return queries.acts(uow.connection, uow.scope, organisation_id, policy_id)


def to_sign(uow: UnitOfWork, organisation_id: int) -> list[int]:
    """Numbers of the editions that wait for the head's signature and that the actor did not propose."""
    return queries.to_sign(uow.connection, uow.scope, organisation_id)


def in_force(uow: UnitOfWork, organisation_id: int, day: date) -> Edition | None:
    """The edition that counts on a day."""
    return next(iter(queries.in_force(uow.connection, uow.scope, [organisation_id], day)), None)


def may_begin(uow: UnitOfWork, organisation_id: int, since: date) -> bool:
    """Whether an edition may begin on a day: tomorrow or later; the first one before anything is posted too."""
    return since > today() or queries.is_untouched(uow.connection, uow.scope, organisation_id, since)


def before(uow: UnitOfWork, shown: Edition) -> Edition | None:
    """The edition that the shown one follows, or would follow: what counts on the day before it begins."""
    earlier = [each for each in queries.signed(uow.connection, uow.scope, shown.organisation_id) if each.id != shown.id]
    return next((each for each in reversed(earlier) if each.since < shown.since), None)


def offered(uow: UnitOfWork, organisation_id: int) -> list[Offer]:
    """Editions that bodies above publish, the nearest body first."""
    return queries.offers(uow.connection, uow.scope, organisation_id)


def numbering(uow: UnitOfWork, organisation_id: int) -> Numbering:
    """How the organisation's legal numbers are written."""
    kept = queries.signed(uow.connection, uow.scope, organisation_id)
    return Numbering(
        tuple((each.in_force, {rule.code: rule for rule in each.content.journals}) for each in kept if each.in_force)
    )


def rounding(uow: UnitOfWork, organisation_id: int, day: date) -> Callable[[Fraction], int]:
    """How the policy of the day rounds computed amounts, in tiyn; to the tiyn, halves up, where there is none."""
    found = in_force(uow, organisation_id, day)
    return (found.content.amounts if found else Rounding()).rounded


def usual(uow: UnitOfWork, organisation_id: int) -> Content:
    """What a new edition begins from: the last one signed, or the default with the journals there are.

    Who signs what stays as the institution has it, so that a first edition lifts no duty unsaid.
    """
    kept = queries.signed(uow.connection, uow.scope, organisation_id)
    if kept:
        return kept[-1].content
    there, day = {each.code for each in journal.document_journals(uow)}, today()
    default = rules.default().content
    routes = {
        duty.journal.code: duty.route
        for duty in approvals.duties(uow, organisation_id)
        if duty.in_force.end is None or duty.in_force.end > day
    }
    journals = (_by_route(each, routes.get(each.code)) for each in default.journals if each.code in there)
    return default.model_copy(update={"journals": tuple(journals)})


def _by_route(rule: JournalRule, route: Route | None) -> JournalRule:
    """The rule with the steps that are asked for already."""
    if route is None:
        return rule
    steps, cms = (tuple(step for step in ROUTE if step in asked) for asked in (route.steps, route.cms))
    return rule.model_copy(update={"steps": steps, "cms": cms})
