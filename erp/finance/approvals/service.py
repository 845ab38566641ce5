"""Use cases of approval.  Each runs inside the caller's unit of work."""

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import date
from typing import Any

from erp.base import audit
from erp.base.clock import today
from erp.base.cursors import INTEGER, number_in
from erp.base.errors import Invalid, NotFound, NotPermitted
from erp.base.uow import Receipt, UnitOfWork, trial
from erp.finance.approvals import queries, rules
from erp.finance.approvals.model import (
    Approval,
    Bookkeeper,
    Duty,
    DutyException,
    Hands,
    Head,
    Prepared,
    PreparedFilter,
    PreparedRow,
    PreparedView,
    Revision,
    Route,
    Standing,
    State,
    Step,
    Waiting,
    chain,
)
from erp.finance.approvals.rules import signed_content, subject
from erp.finance.approvals.schemas import (
    AllowException,
    ChangeRoute,
    Preparable,
    PrepareCorrection,
    ReleaseJournal,
    RequireApproval,
)
from erp.finance.journal import service as journal
from erp.finance.journal.model import Journal, Page, PostingView
from erp.finance.journal.rules import JournalUnknown, cancelling
from erp.finance.journal.schemas import CorrectEntry
from erp.reference.access.model import Identity, Permission
from erp.reference.access.policy import ALLOWED, authorise
from erp.reference.notifications import service as notifications
from erp.reference.notifications.model import NotificationKind
from erp.reference.signatures import service as signatures
from erp.reference.signatures.model import Consent, Evidence
from ledger import service as ledger
from ledger.errors import KeyReused, OwnEntry, PeriodRestricted

# ------------------------------------------------------------------------------------------------ prepare


def prepare(uow: UnitOfWork, organisation_id: int, command: Preparable) -> Prepared:
    """Leave an entry, or a correction, for a second person; repeating it under its key changes nothing.

    It is checked as if it were posted, but for a month that only its approver may post into.

    Raises: ApprovalNotAsked; KeyReused; as posting it would.
    """
    connection, scope = uow.connection, uow.scope
    prepared_id = queries.insert_prepared(connection, scope, organisation_id, command.key)
    if prepared_id is None:
        return _prepared_before(uow, organisation_id, command)
    content = _content(uow, organisation_id, command, no=1)
    _require_asked(uow, organisation_id, content)
    if ledger.posted_before(connection, organisation_id, command.key, content.content_hash):
        raise KeyReused(key=str(command.key))
    _check(uow, organisation_id, command)
    _keep(uow, organisation_id, Head(prepared_id, command.key, State.PREPARED, 0, 0), content)
    return Prepared(prepared_id, 1, is_new=True)


def prepare_again(
    uow: UnitOfWork, organisation_id: int, prepared_id: int, version: int, command: Preparable
) -> Prepared:
    """Replace what was prepared by what it should have been; earlier revisions are kept.

    Raises: PreparedUnknown, PreparedChanged; as posting it would.
    """
    found = _lock(uow, organisation_id, prepared_id)
    command = command.model_copy(update={"key": found.key})
    content = _content(uow, organisation_id, command, no=found.revision + 1)
    if _was_done(uow, organisation_id, found, version, State.PREPARED):
        last = queries.revision(uow.connection, uow.scope, organisation_id, prepared_id, found.revision)
        if last.content_hash == content.content_hash:
            return Prepared(prepared_id, found.version, is_new=False)
    _require(found, version, State.PREPARED)
    _check(uow, organisation_id, command)
    _keep(uow, organisation_id, found, content)
    return Prepared(prepared_id, found.version + 1, is_new=True)


def reinstate(uow: UnitOfWork, organisation_id: int, prepared_id: int, version: int) -> Prepared:
    """Undo a withdrawal: the document goes its route anew, as it was; doing it twice changes nothing.

    Raises: PreparedUnknown, PreparedChanged, NotWithdrawn; as posting it would.
    """
    found = _lock(uow, organisation_id, prepared_id)
    if _was_done(uow, organisation_id, found, version, State.PREPARED):
        return Prepared(prepared_id, found.version, is_new=False)
    if found.state is not State.WITHDRAWN:
        raise rules.NotWithdrawn()
    rules.require_version(found.version, version)
    last = queries.revision(uow.connection, uow.scope, organisation_id, prepared_id, found.revision)
    _check(uow, organisation_id, rules.command_of(last.kind, last.command, found.key))
    _keep(uow, organisation_id, found, replace(last, no=last.no + 1), "entry-reinstated")
    return Prepared(prepared_id, found.version + 1, is_new=True)


def _prepared_before(uow: UnitOfWork, organisation_id: int, command: Preparable) -> Prepared:
    """Raises: KeyReused, where the key stands for something else."""
    found = queries.head_of_key(uow.connection, uow.scope, organisation_id, command.key)
    if found is None:
        raise KeyReused(key=str(command.key))
    first = queries.revision(uow.connection, uow.scope, organisation_id, found.id, 1)
    if first.kind != rules.kind_of(command) or first.command != rules.document_of(command):
        raise KeyReused(key=str(command.key))
    return Prepared(found.id, found.version, is_new=False)


def _content(uow: UnitOfWork, organisation_id: int, command: Preparable, *, no: int) -> Revision:
    """What is kept of a command.  Raises: EntryUnknown; Invalid where the journal is none."""
    document = rules.document_of(command)
    if isinstance(command, PrepareCorrection):
        cancelled = journal.entry(uow, organisation_id, command.entry_id)
        correction = journal.correction_of(organisation_id, cancelled.id, cancelled.fiscal_year, command)
        return Revision(
            no,
            rules.kind_of(command),
            rules.SCHEMA_VERSION,
            document,
            ledger.content_hash(correction),
            cancelled.journal.id,
            command.effective_on,
            cancelled.memo,
            cancelled.document_number,
            cancelled.amount_tiyn if command.kind == "reversal" else -cancelled.amount_tiyn,
        )
    return Revision(
        no,
        rules.kind_of(command),
        rules.SCHEMA_VERSION,
        document,
        journal.content_of(command),
        _journal(uow, command.journal).id,
        command.effective_on,
        command.memo,
        command.document_number,
        sum(posting.amount for posting in command.postings),
    )


def _require_asked(uow: UnitOfWork, organisation_id: int, content: Revision) -> None:
    """Raises: ApprovalNotAsked."""
    code = next(j.code for j in journal.journals(uow) if j.id == content.journal_id)
    if code not in journal.journals_to_approve(uow, organisation_id):
        raise rules.ApprovalNotAsked(journal=code)


def _check(uow: UnitOfWork, organisation_id: int, command: Preparable) -> None:
    """Post it and undo it.  Raises: what posting it would."""
    with suppress(PeriodRestricted):  # its approver may be one who posts there
        trial(uow, lambda work: _post(work, organisation_id, command))


def _keep(
    uow: UnitOfWork, organisation_id: int, found: Head, content: Revision, action: str = "entry-prepared"
) -> None:
    connection, scope = uow.connection, uow.scope
    before = None
    if found.revision:
        before = queries.revision(connection, scope, organisation_id, found.id, found.revision).command
    queries.insert_revision(connection, scope, organisation_id, found.id, content)
    queries.insert_act(
        connection,
        scope,
        organisation_id,
        found.id,
        State.PREPARED,
        version=found.version + 1,
        revision=content.no,
    )
    if action == "entry-prepared":
        _record(uow, action, organisation_id, found.id, before=before, after=content.command)
    else:
        _record(uow, action, organisation_id, found.id)
    _call_the_next(uow, organisation_id, found.id)


def _call_the_next(uow: UnitOfWork, organisation_id: int, prepared_id: int) -> None:
    """Tell those who may take the step that is due, in the nearest body that has any."""
    (row,) = some_prepared(uow, organisation_id, [prepared_id])
    assert row.next_step is not None, "something waits for a step"
    called = nearest(uow, organisation_id, roles_that(rules.PERMISSIONS[row.next_step]), row.behind)
    _notify(uow, organisation_id, prepared_id, called, _CALLS[row.next_step])


def nearest(uow: UnitOfWork, organisation_id: int, roles: Sequence[str], apart: Iterable[int]) -> list[int]:
    """Who holds one of the roles in the nearest body that has anybody, apart from some."""
    return sorted(queries.nearest(uow.connection, uow.scope, organisation_id, roles, today(), apart))


_CALLS = {
    Step.CHECK: NotificationKind.TO_CHECK,
    Step.FIRST_SIGNATURE: NotificationKind.TO_SIGN,
    Step.SECOND_SIGNATURE: NotificationKind.TO_APPROVE,
}


# ------------------------------------------------------------------------------------------------ decide


def return_prepared(
    uow: UnitOfWork, organisation_id: int, prepared_id: int, version: int, reason: str, *, due: Step | None = None
) -> None:
    """Send it back to who prepared it, with a reason; doing it twice changes nothing.

    Whoever may only take one step returns what waits for that step, which is ``due``.

    Raises: PreparedUnknown, PreparedChanged, StepNotDue.
    """
    found = _lock(uow, organisation_id, prepared_id)
    if not _was_done(uow, organisation_id, found, version, State.RETURNED, reason):
        if due is not None and found.next_step not in (due, None):
            raise rules.StepNotDue()
        _require(found, version, State.RETURNED)
        _act(uow, organisation_id, found, State.RETURNED, reason=reason)


def withdraw(uow: UnitOfWork, organisation_id: int, prepared_id: int, version: int, reason: str = "") -> None:
    """Take it back for good: it will not be posted; doing it twice changes nothing.

    Whoever withdraws what somebody else prepared says why.

    Raises: PreparedUnknown, PreparedChanged, WithdrawalUnexplained.
    """
    reason = reason.strip()
    found = _lock(uow, organisation_id, prepared_id)
    if not _was_done(uow, organisation_id, found, version, State.WITHDRAWN, reason):
        _require(found, version, State.WITHDRAWN)
        acts = queries.acts(uow.connection, uow.scope, organisation_id, [prepared_id])[prepared_id]
        preparers = next(act.people for act in reversed(acts) if act.act is State.PREPARED)
        rules.require_own_or_reason(preparers, uow.scope.stands_for, reason)
        _act(uow, organisation_id, found, State.WITHDRAWN, reason=reason)


def take_step(
    uow: UnitOfWork,
    organisation_id: int,
    prepared_id: int,
    version: int,
    step: Step,
    evidence: Evidence = Consent(),  # noqa: B008
) -> Receipt | None:
    """Check or sign what was prepared; the last step of its route posts it.  Doing it twice does it once.

    Nobody takes a step of what they prepared, nor a second one, nor is lent a role here by who did, but under an
    exception.  Returns where it is posted; ``None`` where a further step is to come.

    Raises: PreparedUnknown, PreparedChanged, StepNotDue, OwnEntry, SignatureNeeded; as signing, as posting it would.
    """
    found = _lock(uow, organisation_id, prepared_id)
    kept = queries.revision(uow.connection, uow.scope, organisation_id, prepared_id, found.revision)
    act = kept.route.state_after(step)
    if not _was_done(uow, organisation_id, found, version, act):
        rules.require_version(found.version if found.next_step else -1, version)
        if found.next_step is not step:
            raise rules.StepNotDue()
        under = _exception_needed(uow, organisation_id, prepared_id)
        rules.require_evidence(kept.route, step, evidence)
        content = signed_content(organisation_id, prepared_id, kept, step)
        about = subject(organisation_id, prepared_id)
        signed = signatures.sign(uow, organisation_id, about, step.purpose, content, evidence)
        _act(uow, organisation_id, found, act, exception_id=under, signature_id=signed.id)
        if act is not State.APPROVED:
            _call_the_next(uow, organisation_id, prepared_id)
    if act is not State.APPROVED:
        return None
    return _post(uow, organisation_id, rules.command_of(kept.kind, kept.command, found.key))


def approve(
    uow: UnitOfWork,
    organisation_id: int,
    prepared_id: int,
    version: int,
    evidence: Evidence = Consent(),  # noqa: B008
) -> Receipt:
    """Give the second signature, which posts.  Raises: as ``take_step``."""
    receipt = take_step(uow, organisation_id, prepared_id, version, Step.SECOND_SIGNATURE, evidence)
    assert receipt is not None, "the second signature is the last step of every route that has it"
    return receipt


def content_to_sign(uow: UnitOfWork, organisation_id: int, prepared_id: int, step: Step) -> bytes:
    """The bytes that whoever takes the step signs.  Raises: PreparedUnknown."""
    found = _head(uow, organisation_id, prepared_id)
    kept = queries.revision(uow.connection, uow.scope, organisation_id, prepared_id, found.revision)
    return signed_content(organisation_id, prepared_id, kept, step)


def try_to_approve(uow: UnitOfWork, organisation_id: int, prepared_id: int, version: int) -> None:
    """Approve and undo it.  Raises: what approving it would."""
    trial(uow, lambda work: approve(work, organisation_id, prepared_id, version))


def _post(uow: UnitOfWork, organisation_id: int, command: Preparable) -> Receipt:
    if isinstance(command, PrepareCorrection):
        said = CorrectEntry(**command.model_dump(exclude={"entry_id"}))
        return journal.correct_entry(uow, organisation_id, command.entry_id, said, approved=True)
    return journal.post_entry(uow, organisation_id, command, approved=True)


def _lock(uow: UnitOfWork, organisation_id: int, prepared_id: int) -> Head:
    """How it stands, when nobody else acts on it.  Raises: PreparedUnknown."""
    queries.lock(uow.connection, uow.scope, organisation_id, prepared_id)
    return _head(uow, organisation_id, prepared_id)


def _head(uow: UnitOfWork, organisation_id: int, prepared_id: int) -> Head:
    """Raises: PreparedUnknown."""
    found = queries.head(uow.connection, uow.scope, organisation_id, prepared_id)
    if found is None:
        raise rules.PreparedUnknown()
    return found


def _require(found: Head, version: int, act: State) -> None:
    """Raises: PreparedChanged, where it is not what the actor saw, or no such act is left to do."""
    rules.require_version(found.version if found.state in rules.FROM[act] else -1, version)


def _was_done(uow: UnitOfWork, organisation_id: int, found: Head, version: int, act: State, reason: str = "") -> bool:
    """Whether the actor did just this already, with what they saw in ``version``."""
    if found.version != version + 1 or found.state is not act:
        return False
    last = queries.acts(uow.connection, uow.scope, organisation_id, [found.id])[found.id][-1]
    return last.actor_id == uow.scope.actor.id and last.reason == reason


def _exception_needed(uow: UnitOfWork, organisation_id: int, prepared_id: int) -> int | None:
    """The exception under which the actor takes a step; ``None`` for another person.  Raises: OwnEntry."""
    scope = uow.scope
    (row,) = some_prepared(uow, organisation_id, [prepared_id])
    if row.behind.isdisjoint(scope.stands_for):
        return None
    found = queries.exception_in_force(uow.connection, scope, organisation_id, scope.actor.id, today())
    if found is None:
        raise OwnEntry()
    return found


def _act(
    uow: UnitOfWork,
    organisation_id: int,
    found: Head,
    act: State,
    *,
    reason: str = "",
    exception_id: int | None = None,
    signature_id: int | None = None,
) -> None:
    queries.insert_act(
        uow.connection,
        uow.scope,
        organisation_id,
        found.id,
        act,
        version=found.version + 1,
        revision=found.revision,
        reason=reason,
        exception_id=exception_id,
        signature_id=signature_id,
    )
    facts: dict[str, Any] = {"reason": reason} if reason else {}
    if act is not State.WITHDRAWN:
        notifications.read_about(uow, subject(organisation_id, found.id))
    kind = {State.RETURNED: NotificationKind.RETURNED, State.APPROVED: NotificationKind.APPROVED}.get(act)
    if kind is not None:
        preparer = queries.preparer(uow.connection, uow.scope, organisation_id, found.id)
        if preparer != uow.scope.actor.id:
            _notify(uow, organisation_id, found.id, [preparer], kind, **facts)
    if exception_id is not None:
        facts["exception"] = exception_id
    _record(uow, f"entry-{act.value}", organisation_id, found.id, **facts)


def _record(uow: UnitOfWork, action: str, organisation_id: int, prepared_id: int, **facts: Any) -> None:
    about = subject(organisation_id, prepared_id)
    audit.record(uow.connection, uow.scope, action, about, organisation_id=organisation_id, **facts)


def _notify(
    uow: UnitOfWork,
    organisation_id: int,
    prepared_id: int,
    user_ids: Sequence[int],
    kind: NotificationKind,
    **facts: Any,
) -> None:
    (row,) = some_prepared(uow, organisation_id, [prepared_id])
    notifications.notify_all(uow, user_ids, kind, subject(organisation_id, prepared_id), what=row.what, **facts)


def roles_that(permission: Permission) -> list[str]:
    """Roles that hold a permission."""
    return sorted(role.value for role, held in ALLOWED.items() if permission in held)


# ------------------------------------------------------------------------------------------------ views


def hands_of(identity: Identity | None, organisation_id: int) -> Hands:
    """As whom a signed-in person would take steps here."""

    def people(permission: Permission) -> frozenset[int] | None:
        try:
            return authorise(identity, permission, organisation_id).stands_for
        except (NotPermitted, NotFound):
            return None

    return Hands(people(Permission.JOURNAL_APPROVE), people(Permission.DOCUMENT_SIGN))


def waiting(uow: UnitOfWork, organisation_id: int, hands: Hands) -> Waiting:
    """What waits for the scope's actor, who has some ``hands`` here."""
    return queries.waiting(uow.connection, uow.scope, organisation_id, hands, today())


def standings(
    uow: UnitOfWork, organisations: Collection[int], approves: Collection[int], signs: Collection[int], day: date
) -> dict[int, Standing]:
    """How organisations stand for the scope's actor on ``day``, who ``approves`` at some and ``signs`` at some."""
    return queries.standings(uow.connection, uow.scope, organisations, approves, signs, day)


def prepared_entries(
    uow: UnitOfWork, organisation_id: int, narrowed: PreparedFilter, cursor: str | None = None, limit: int = 50
) -> Page[PreparedRow]:
    """A page of what was prepared, the newest first.  Raises: CursorMalformed, JournalUnknown."""
    if narrowed.journal and all(j.code != narrowed.journal for j in journal.journals(uow)):
        raise JournalUnknown(journal=narrowed.journal)
    before = number_in(cursor, most=INTEGER) if cursor else None
    rows = queries.rows(uow.connection, uow.scope, organisation_id, narrowed, before, limit + 1, today())
    shown = tuple(rows[:limit])
    return Page(shown, str(shown[-1].id) if len(rows) > limit else None)


def some_prepared(uow: UnitOfWork, organisation_id: int, ids: Sequence[int]) -> list[PreparedRow]:
    """Those of the ids that are here, however they stand, the newest first."""
    everything = PreparedFilter(tuple(State))
    return queries.rows(uow.connection, uow.scope, organisation_id, everything, None, len(ids), today(), ids)


def prepared_entry(uow: UnitOfWork, organisation_id: int, prepared_id: int) -> PreparedView:
    """A prepared entry whole.  Raises: PreparedUnknown."""
    connection, scope = uow.connection, uow.scope
    found = _head(uow, organisation_id, prepared_id)
    kept = queries.revision(connection, scope, organisation_id, prepared_id, found.revision)
    acts = tuple(queries.acts(connection, scope, organisation_id, [prepared_id])[prepared_id])
    command = rules.command_of(kept.kind, kept.command, found.key)
    posted = None
    if found.state is State.APPROVED:
        posted = queries.entry_number(connection, scope, organisation_id, found.key)
    under = next((a.exception_id for a in acts if a.revision == found.revision and a.exception_id), None)
    return PreparedView(
        organisation_id=organisation_id,
        id=found.id,
        version=found.version,
        state=found.state,
        kind=kept.kind,
        journal=next(j for j in journal.journals(uow) if j.id == kept.journal_id),
        effective_on=kept.effective_on,
        memo=kept.memo,
        document_number=kept.document_number,
        document_on=None if isinstance(command, PrepareCorrection) else command.document_on,
        amount_tiyn=kept.amount_tiyn,
        postings=_postings(uow, organisation_id, command),
        corrects=command.entry_id if isinstance(command, PrepareCorrection) else None,
        correction=command.kind if isinstance(command, PrepareCorrection) else "",
        reason=command.reason if isinstance(command, PrepareCorrection) else "",
        acts=acts,
        entry_id=posted[0] if posted else None,
        entry_number=posted[1] if posted else None,
        exception=queries.exception(connection, scope, organisation_id, under) if under is not None else None,
        route=kept.route,
        next_step=found.next_step,
    )


def command_prepared(uow: UnitOfWork, organisation_id: int, prepared_id: int) -> Preparable:
    """The command of the last revision.  Raises: PreparedUnknown."""
    found = _head(uow, organisation_id, prepared_id)
    kept = queries.revision(uow.connection, uow.scope, organisation_id, prepared_id, found.revision)
    return rules.command_of(kept.kind, kept.command, found.key)


def approval_of(uow: UnitOfWork, organisation_id: int, entry_id: int) -> Approval | None:
    """How a posted entry was approved; ``None`` where it needed no approval."""
    return approvals_of(uow, organisation_id, [entry_id]).get(entry_id)


def approvals_of(uow: UnitOfWork, organisation_id: int, entries: Sequence[int]) -> dict[int, Approval]:
    """How posted entries were approved; those that needed no approval are absent."""
    connection, scope = uow.connection, uow.scope
    found = queries.approvals_of(connection, scope, organisation_id, entries)
    if not found:
        return {}
    prepared = [prepared_id for prepared_id, _ in found.values()]
    acts = queries.acts(connection, scope, organisation_id, prepared)
    routes = queries.routes(connection, scope, organisation_id, prepared)
    exceptions = {each.id: each for each in queries.exceptions(connection, scope, organisation_id)}

    def approval(prepared_id: int, under: int | None) -> Approval:
        done = acts[prepared_id]
        revision = done[-1].revision
        begun = next(act for act in done if act.act is State.PREPARED and act.revision == revision)
        return Approval(
            prepared_id,
            begun.actor,
            done[-1].actor,
            done[-1].at,
            exceptions[under] if under is not None else None,
            begun.at,
            chain(routes[prepared_id], done, revision, None),
        )

    return {entry_id: approval(*each) for entry_id, each in found.items()}


def under_exception(uow: UnitOfWork, organisation_id: int, entries: Sequence[int]) -> frozenset[int]:
    """Those of the posted entries with which one person did what two should have."""
    found = queries.approvals_of(uow.connection, uow.scope, organisation_id, entries)
    return frozenset(entry_id for entry_id, (_, under) in found.items() if under is not None)


def _postings(uow: UnitOfWork, organisation_id: int, command: Preparable) -> tuple[PostingView, ...]:
    """The lines as they would be posted."""
    if isinstance(command, PrepareCorrection):
        cancelled = journal.entry(uow, organisation_id, command.entry_id).postings
        return tuple(cancelling(posting, command.kind) for posting in cancelled)
    return journal.postings_of(uow, command)


# ------------------------------------------------------------------------------------------------ settings


def duties(uow: UnitOfWork, organisation_id: int) -> list[Duty]:
    """Journals that need an approval, needed one or will need one."""
    return queries.duties(uow.connection, uow.scope, organisation_id)


def separable_journals(uow: UnitOfWork) -> list[Journal]:
    """Journals for which an approval may be asked."""
    return [each for each in journal.journals(uow) if each.code not in rules.NOT_SEPARABLE]


def require_approval(uow: UnitOfWork, organisation_id: int, command: RequireApproval) -> int:
    """From a day on, nothing is posted into a journal but by the steps asked for; returns the setting's id.

    Raises: StepsMissing, JournalNotSeparable, BeginsInThePast, SeparatedAlready; Invalid where there is no such
    journal.
    """
    route, found = rules.route_of(command.steps), _journal(uow, command.journal)
    if found.code in rules.NOT_SEPARABLE:
        raise rules.JournalNotSeparable(journal=found.code)
    rules.require_from_today(command.since, today())
    duty_id = queries.insert_duty(uow.connection, uow.scope, organisation_id, found.id, command.since, route)
    if duty_id is None:
        raise rules.SeparatedAlready(journal=found.code)
    _record_duty(uow, organisation_id, found.code, None, _said(command.since, None, route))
    return duty_id


def arrange(uow: UnitOfWork, organisation_id: int, journal_code: str, command: ChangeRoute) -> int | None:
    """From a day on, a journal's entries go by these steps and no others; returns the setting's id, if one is needed.

    What counted until then ends the day before; what was to begin later is taken away.  Where the steps are the same
    already, nothing changes.

    Raises: JournalNotSeparable, BeginsInThePast; EndsTooEarly where another setting counts today; Invalid where there
    is no such journal.
    """
    rules.require_from_today(command.since, today())
    route = rules.route_of(command.steps) if command.steps else None
    there = [d for d in duties(uow, organisation_id) if d.journal.code == journal_code and _reaches(d, command.since)]
    if [(d.in_force.end, d.route) for d in there] == [(None, route)] and command.since in there[0].in_force:
        return there[0].id
    for duty in there:
        release_journal(uow, organisation_id, duty.id, ReleaseJournal(until=command.since))
    if route is None:
        return None
    wanted = RequireApproval(journal=journal_code, since=command.since, steps=command.steps)
    return require_approval(uow, organisation_id, wanted)


def _reaches(duty: Duty, since: date) -> bool:
    """Whether a setting counts on a day or later."""
    return duty.in_force.end is None or duty.in_force.end > since


def change_route(uow: UnitOfWork, organisation_id: int, duty_id: int, command: ChangeRoute) -> int | None:
    """As ``arrange``, of the journal of a setting.  Raises: DutyUnknown, and what ``arrange`` does."""
    found = next((d for d in duties(uow, organisation_id) if d.id == duty_id), None)
    if found is None or not _reaches(found, today()):
        raise rules.DutyUnknown()
    return arrange(uow, organisation_id, found.journal.code, command)


def release_journal(uow: UnitOfWork, organisation_id: int, duty_id: int, command: ReleaseJournal) -> None:
    """From a day on, tomorrow or later, a journal needs no second person; one that has not begun is taken away.

    Raises: DutyUnknown, EndsTooEarly.
    """
    found = next((d for d in queries.duties(uow.connection, uow.scope, organisation_id) if d.id == duty_id), None)
    since, until = (found.in_force.start, found.in_force.end) if found else (None, None)
    if found is None or since is None or (until is not None and until <= today()):
        raise rules.DutyUnknown()
    before = _said(since, until, found.route)
    if since > today() and command.until <= since:
        queries.delete_duty(uow.connection, uow.scope, organisation_id, duty_id)
        _record_duty(uow, organisation_id, found.journal.code, before, None)
        return
    rules.require_through_today(command.until, since, today())
    until = queries.end_duty(uow.connection, uow.scope, organisation_id, duty_id, command.until)
    _record_duty(uow, organisation_id, found.journal.code, before, before | {"until": until})


def _said(since: date, until: date | None, route: Route) -> dict[str, Any]:
    """A setting as the trail has it."""
    steps = [step.value for step in route.steps]
    return {"since": since, "until": until, "steps": steps, "cms": [s.value for s in route.steps if s in route.cms]}


def _record_duty(
    uow: UnitOfWork,
    organisation_id: int,
    code: str,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> None:
    audit.record(
        uow.connection,
        uow.scope,
        "approval-required" if before is None else "approval-released",
        f"organisation:{organisation_id}",
        organisation_id=organisation_id,
        before=_told(before),
        after=_told(after),
        journal=code,
    )


def require_all_approved(uow: UnitOfWork) -> None:
    """Look through the books that are read: whoever owns the database can get past its triggers.

    Raises: UnapprovedFound, with the first entry that stands without the approval it needed.
    """
    for found in queries.unapproved(uow.connection, uow.scope, 1):
        raise rules.UnapprovedFound(**asdict(found))


def bookkeepers(uow: UnitOfWork, organisation_id: int) -> list[Bookkeeper]:
    """Who may be allowed an exception."""
    return queries.bookkeepers(uow.connection, uow.scope, organisation_id, roles_that(Permission.JOURNAL_POST), today())


def exceptions(uow: UnitOfWork, organisation_id: int) -> list[DutyException]:
    """Every exception there is, will be or has been, the latest first."""
    return queries.exceptions(uow.connection, uow.scope, organisation_id)


def allow_exception(uow: UnitOfWork, organisation_id: int, command: AllowException) -> int:
    """Let another person approve for a time what they prepared; returns the exception's id.

    Raises: ExceptionForOneself, NotABookkeeper, BeginsInThePast, EndsTooEarly, ExceptionAlready.
    """
    scope, day = uow.scope, today()
    if command.user_id in scope.stands_for:
        raise rules.ExceptionForOneself()
    if command.user_id not in {person.id for person in bookkeepers(uow, organisation_id)}:
        raise rules.NotABookkeeper()
    rules.require_from_today(command.since, day)
    rules.require_through_today(command.until, command.since, day)
    exception_id = queries.insert_exception(
        uow.connection,
        scope,
        organisation_id,
        user_id=command.user_id,
        since=command.since,
        until=command.until,
        reason=command.reason,
    )
    if exception_id is None:
        raise rules.ExceptionAlready()
    after = {"since": command.since, "until": command.until, "reason": command.reason}
    _record_exception(uow, organisation_id, command.user_id, None, after)
    return exception_id


def end_exception(uow: UnitOfWork, organisation_id: int, exception_id: int, until: date) -> None:
    """End an exception early, tomorrow or later; one that has not begun is taken away.

    Raises: ExceptionUnknown, EndsTooEarly.
    """
    found = queries.exception(uow.connection, uow.scope, organisation_id, exception_id)
    if found is None or found.until <= today():
        raise rules.ExceptionUnknown()
    before: dict[str, Any] = {"since": found.since, "until": found.until}
    if found.since > today() and until <= found.since:
        queries.delete_exception(uow.connection, uow.scope, organisation_id, exception_id)
        _record_exception(uow, organisation_id, found.user_id, before, None)
        return
    rules.require_through_today(until, found.since, today())
    until = queries.end_exception(uow.connection, uow.scope, organisation_id, exception_id, until)
    _record_exception(uow, organisation_id, found.user_id, before, before | {"until": until})


def _record_exception(
    uow: UnitOfWork, organisation_id: int, user_id: int, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> None:
    audit.record(
        uow.connection,
        uow.scope,
        "exception-allowed" if before is None else "exception-ended",
        f"user:{user_id}",
        organisation_id=organisation_id,
        before=_told(before),
        after=_told(after),
    )


def _told(facts: dict[str, Any] | None) -> dict[str, Any] | None:
    """Days as the trail writes them."""
    if facts is None:
        return None
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in facts.items()}


def _journal(uow: UnitOfWork, code: str) -> Journal:
    """Raises: Invalid."""
    for each in journal.journals(uow):
        if each.code == code:
            return each
    raise Invalid({"journal": JournalUnknown(journal=code)})
