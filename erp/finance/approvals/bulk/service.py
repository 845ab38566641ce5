"""Use cases of acting on many documents.

Each document is tried, and then acted on, in a unit of work of its own, by the same use case as one alone: one that is
refused does not stop the others, and one that was acted on is never acted on again, however often it is asked for.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Protocol, TypeVar
from uuid import UUID, uuid5

from erp.base import audit
from erp.base.cursors import INTEGER, number_in
from erp.base.errors import DomainError
from erp.base.uow import UnitOfWork, trial
from erp.finance.approvals import service as approvals
from erp.finance.approvals.bulk import queries, rules
from erp.finance.approvals.bulk.model import Bulk, BulkAct, BulkState, Item, Reason, Tally, Target
from erp.finance.approvals.model import PreparedFilter, Step
from erp.finance.approvals.rules import StepNotDue
from erp.finance.approvals.schemas import PrepareCorrection
from erp.finance.journal import service as journal
from erp.finance.journal.model import EntryFilter, Page
from erp.finance.journal.schemas import CorrectEntry
from erp.reference.access.model import Permission
from erp.reference.jobs import service as jobs
from erp.reference.jobs.model import Told
from ledger.errors import ApprovalNeeded, LedgerError

T = TypeVar("T")

_TRIED_AT_ONCE = 25  # in one transaction, which holds their rows
_REASONS = 10
_REFUSED = (DomainError, LedgerError)


class Run(Protocol):
    """Runs a command in a unit of work of its own, in the scope of who asked."""

    def __call__(self, command: Callable[[UnitOfWork], T], /) -> T: ...


Report = Callable[[str, int, int], None]
"""How far it is: what it is busy with, how many of how many."""


# ------------------------------------------------------------------------------------------------ ask


def ask_of_prepared(
    uow: UnitOfWork,
    organisation_id: int,
    act: BulkAct,
    key: UUID,
    wanted: PreparedFilter | Mapping[int, int],
    narrowed: str = "",
) -> int:
    """Choose prepared entries: all that a filter finds, or some by id, each as it stood in a version.

    Returns the id of the act on them; the same key asks once.  Raises: BulkEmpty, BulkTooLarge, BulkKeyReused.
    """
    if isinstance(wanted, PreparedFilter):
        rows = list(approvals.prepared_entries(uow, organisation_id, wanted, limit=rules.MOST + 1).rows)
        versions = {row.id: row.version for row in rows}
    else:
        rows, versions = approvals.some_prepared(uow, organisation_id, list(wanted)), dict(wanted)
    targets = [Target(row.id, versions[row.id], row.what, row.effective_on, row.amount_tiyn) for row in rows]
    return _ask(uow, organisation_id, act, key, targets, narrowed)


def ask_for_corrections(
    uow: UnitOfWork,
    organisation_id: int,
    act: BulkAct,
    key: UUID,
    wanted: EntryFilter,
    *,
    effective_on: date,
    reason: str,
    narrowed: str = "",
) -> int:
    """Choose the posted entries that a filter of the journal finds, to be cancelled on a day, each by itself.

    Raises: JournalUnknown, BulkEmpty, BulkTooLarge, BulkKeyReused.
    """
    rows = journal.entries(uow, organisation_id, wanted, limit=rules.MOST + 1).rows
    targets = [
        Target(row.id, 0, f"{row.journal_code} № {row.number}", row.effective_on, row.amount_tiyn) for row in rows
    ]
    return _ask(uow, organisation_id, act, key, targets, narrowed, effective_on=effective_on, reason=reason)


def _ask(
    uow: UnitOfWork,
    organisation_id: int,
    act: BulkAct,
    key: UUID,
    targets: Sequence[Target],
    narrowed: str,
    *,
    effective_on: date | None = None,
    reason: str = "",
) -> int:
    connection, scope = uow.connection, uow.scope
    before = queries.bulk_of_key(connection, scope, organisation_id, key)
    if before is None:
        rules.require_some(targets)
        bulk_id = queries.insert_bulk(
            connection, scope, organisation_id, key, act, narrowed=narrowed, reason=reason, effective_on=effective_on
        )
        if bulk_id is not None:
            queries.insert_items(connection, scope, organisation_id, bulk_id, targets)
            return bulk_id
        before = queries.bulk_of_key(connection, scope, organisation_id, key)
    if before is None or (before.act, before.asked_by_id) != (act, scope.actor.id):
        raise rules.BulkKeyReused()
    return before.id


def leave_to_a_job(uow: UnitOfWork, organisation_id: int, bulk_id: int, permission: Permission) -> int | None:
    """Where they are many, ask for a job that does what comes next; returns its id, ``None`` where they are few.

    ``permission`` is that by which the scope was given.

    Raises: BulkUnknown, BulkOfAnother.
    """
    found = _own(uow, organisation_id, bulk_id, permission)
    if queries.tally(uow.connection, uow.scope, organisation_id, bulk_id).items <= rules.AT_ONCE:
        return None
    phase = "try" if found.state is BulkState.ASKED else "do"
    key, wishes = uuid5(found.key, phase), {"what": f"№ {bulk_id}", "bulk": bulk_id, "phase": phase}
    job_id = jobs.ask(uow, organisation_id, key, f"bulk-{found.act}", None, **wishes)
    queries.set_job(uow.connection, uow.scope, organisation_id, bulk_id, job_id)
    return job_id


# ------------------------------------------------------------------------------------------------ try


def try_out(
    run: Run, organisation_id: int, bulk_id: int, permission: Permission, report: Report = lambda *_: None
) -> None:
    """Find out what would become of each document; nothing is done to any.  Raises: BulkUnknown, BulkOfAnother."""
    while run(lambda u: _try_some(u, _own(u, organisation_id, bulk_id, permission), report)):
        pass


def _try_some(uow: UnitOfWork, found: Bulk, report: Report) -> int:
    connection, scope, organisation_id, bulk_id = uow.connection, uow.scope, found.organisation_id, found.id
    items = queries.untried(connection, scope, organisation_id, bulk_id, _TRIED_AT_ONCE)
    if not items:
        queries.go_on(connection, scope, organisation_id, bulk_id, BulkState.TRIED, BulkState.ASKED)
        return 0
    queries.set_verdicts(
        connection, scope, organisation_id, bulk_id, {item.no: _verdict(uow, found, item) for item in items}
    )
    tally = queries.tally(connection, scope, organisation_id, bulk_id)
    report("trying", tally.tried, tally.items)
    return len(items)


def _verdict(uow: UnitOfWork, found: Bulk, item: Item) -> Told | None:
    try:
        trial(uow, lambda work: _act(work, found, item))
    except _REFUSED as refusal:
        return rules.told(refusal, item.target)
    return None


# ------------------------------------------------------------------------------------------------ carry out


def carry_out(
    run: Run, organisation_id: int, bulk_id: int, permission: Permission, report: Report = lambda *_: None
) -> None:
    """Act on each document that the trial let through; what was done already is left alone.

    Raises: BulkUnknown, BulkOfAnother, BulkNotTried.
    """
    found = run(lambda u: _begin(u, _own(u, organisation_id, bulk_id, permission)))
    while numbers := run(lambda u: queries.left(u.connection, u.scope, organisation_id, bulk_id, rules.AT_ONCE)):
        for no in numbers:
            _carry_out_one(run, found, no)
        tally = run(lambda u: queries.tally(u.connection, u.scope, organisation_id, bulk_id))
        report("acting", tally.done + tally.refused, tally.fit)
    run(lambda u: queries.go_on(u.connection, u.scope, organisation_id, bulk_id, BulkState.DONE, BulkState.BEGUN))


def _begin(uow: UnitOfWork, found: Bulk) -> Bulk:
    connection, scope, organisation_id, bulk_id = uow.connection, uow.scope, found.organisation_id, found.id
    if found.state is BulkState.ASKED:
        raise rules.BulkNotTried()
    if queries.go_on(connection, scope, organisation_id, bulk_id, BulkState.BEGUN, BulkState.TRIED):
        documents = queries.tally(connection, scope, organisation_id, bulk_id).fit
        facts: dict[str, Any] = {"reason": found.reason} if found.reason else {}
        audit.record(
            connection,
            scope,
            "bulk-begun",
            found.subject,
            organisation_id=organisation_id,
            act=found.act.value,
            documents=documents,
            **facts,
        )
    return found


def _carry_out_one(run: Run, found: Bulk, no: int) -> None:
    organisation_id, bulk_id = found.organisation_id, found.id

    def act(uow: UnitOfWork) -> None:
        item = queries.take_item(uow.connection, uow.scope, organisation_id, bulk_id, no)
        if item is not None:
            _act(uow, found, item)
            queries.finish_item(uow.connection, uow.scope, organisation_id, bulk_id, no, None)

    try:
        run(act)
    except _REFUSED as refusal:
        why = refusal

        def refuse(uow: UnitOfWork) -> None:
            item = queries.take_item(uow.connection, uow.scope, organisation_id, bulk_id, no)
            if item is not None:
                fault = rules.told(why, item.target)
                queries.finish_item(uow.connection, uow.scope, organisation_id, bulk_id, no, fault)

        run(refuse)


def _act(uow: UnitOfWork, found: Bulk, item: Item) -> None:
    """What is done to one document.  Raises: what doing it to it alone would."""
    organisation_id, target = found.organisation_id, item.target
    match found.act:
        case BulkAct.WITHDRAW:
            approvals.withdraw(uow, organisation_id, target.id, target.version)
        case BulkAct.SIGN:
            approvals.take_step(uow, organisation_id, target.id, target.version, Step.FIRST_SIGNATURE)
        case BulkAct.APPROVE:
            (row,) = approvals.some_prepared(uow, organisation_id, [target.id])
            if row.next_step is Step.FIRST_SIGNATURE:
                raise StepNotDue()
            approvals.take_step(uow, organisation_id, target.id, target.version, row.next_step or Step.SECOND_SIGNATURE)
        case BulkAct.STORNO | BulkAct.REVERSAL:
            assert found.effective_on is not None, "a correction has a day"
            said = {"effective_on": found.effective_on, "reason": found.reason, "kind": found.act.value}
            command = CorrectEntry.model_validate(said | {"key": item.key})
            try:
                journal.correct_entry(uow, organisation_id, target.id, command)
            except ApprovalNeeded:
                wanted = PrepareCorrection.model_validate(said | {"key": item.key, "entry_id": target.id})
                approvals.prepare(uow, organisation_id, wanted)


# ------------------------------------------------------------------------------------------------ views


def bulk(uow: UnitOfWork, organisation_id: int, bulk_id: int) -> tuple[Bulk, Tally, list[Reason]]:
    """How it stands, how many there are of each outcome, and why some were refused.  Raises: BulkUnknown."""
    connection, scope = uow.connection, uow.scope
    found = queries.bulk(connection, scope, organisation_id, bulk_id)
    if found is None:
        raise rules.BulkUnknown()
    return (
        found,
        queries.tally(connection, scope, organisation_id, bulk_id),
        queries.reasons(connection, scope, organisation_id, bulk_id, _REASONS),
    )


def items(
    uow: UnitOfWork,
    organisation_id: int,
    bulk_id: int,
    cursor: str | None = None,
    limit: int = 100,
    *,
    refused_only: bool = False,
) -> Page[Item]:
    """A page of the documents, in the order in which they were chosen.  Raises: CursorMalformed."""
    after = number_in(cursor, most=INTEGER) if cursor else 0
    found = queries.items(
        uow.connection, uow.scope, organisation_id, bulk_id, after, limit + 1, refused_only=refused_only
    )
    shown = tuple(found[:limit])
    return Page(shown, str(shown[-1].no) if len(found) > limit else None)


def _own(uow: UnitOfWork, organisation_id: int, bulk_id: int, permission: Permission) -> Bulk:
    """What the scope's actor asked for, if it may be done by the permission they have now.

    Raises: BulkUnknown, BulkOfAnother.
    """
    found = queries.bulk(uow.connection, uow.scope, organisation_id, bulk_id)
    if found is None or found.act.permission is not permission:
        raise rules.BulkUnknown()
    if found.asked_by_id != uow.scope.actor.id:
        raise rules.BulkOfAnother()
    return found
