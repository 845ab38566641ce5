"""Use cases of drafts.  Each runs inside the caller's unit of work, and concerns the actor's own drafts alone."""

from dataclasses import replace
from uuid import UUID

from erp.base import audit
from erp.base.clock import today
from erp.base.cursors import INTEGER, number_in
from erp.base.errors import Invalid
from erp.base.uow import Receipt, UnitOfWork
from erp.finance.approvals import service as approvals
from erp.finance.approvals.model import Prepared
from erp.finance.drafts import queries, rules
from erp.finance.drafts.model import CellFault, Draft, DraftRow, DraftState, Origin, Sheet
from erp.finance.journal import service as journal
from erp.finance.journal.model import Page
from ledger.errors import ApprovalNeeded
from ledger.model import Posted


def begin(
    uow: UnitOfWork, organisation_id: int, sheet: Sheet, *, origin: Origin = Origin.GRID, note: str = "", key: UUID
) -> Draft:
    """Keep what was typed as a draft; the same key gives the draft it began, as it stands now.

    The key is also that of the posting.  Raises: TooManyPostings of ``ledger.errors``.
    """
    connection, scope = uow.connection, uow.scope
    queries.delete_old(connection, scope, organisation_id, rules.KEPT_DAYS)
    document = rules.document_of(sheet)
    draft_id = queries.insert(connection, scope, organisation_id, key, document, rules.dated_on(sheet), origin, note)
    if draft_id is not None:
        _record(uow, "draft-begun", organisation_id, draft_id)
    found = queries.draft(connection, scope, organisation_id, key=key)
    if found is None:  # the key's draft was deleted just now
        raise rules.DraftUnknown()
    return found


def draft(uow: UnitOfWork, organisation_id: int, draft_id: int) -> Draft:
    """One of the actor's own.  Raises: DraftUnknown."""
    found = queries.draft(uow.connection, uow.scope, organisation_id, draft_id=draft_id)
    if found is None:
        raise rules.DraftUnknown()
    return found


def drafts(
    uow: UnitOfWork, organisation_id: int, cursor: str | None = None, limit: int = 50, *, discarded: bool = False
) -> Page[DraftRow]:
    """A page of the actor's drafts that have become nothing yet, the newest first.  Raises: CursorMalformed."""
    before = number_in(cursor, most=INTEGER) if cursor else None
    found = queries.rows(
        uow.connection, uow.scope, organisation_id, discarded=discarded, before=before, limit=limit + 1
    )
    shown = tuple(found[:limit])
    return Page(shown, str(shown[-1].id) if len(found) > limit else None)


def open_drafts(uow: UnitOfWork, organisation_id: int) -> int:
    """How many of the actor's drafts wait to be finished."""
    return queries.open_drafts(uow.connection, uow.scope, organisation_id)


def save(uow: UnitOfWork, organisation_id: int, draft_id: int, version: int, sheet: Sheet) -> Draft:
    """Keep what is typed now; saving the same twice is saving once.

    Raises: DraftUnknown, DraftChanged, DraftDiscarded, DraftSent; TooManyPostings of ``ledger.errors``.
    """
    found = _lock(uow, organisation_id, draft_id)
    document = rules.document_of(sheet)
    if found.version == version + 1 and rules.document_of(found.sheet) == document:
        return found
    rules.require_changeable(found.state, found.version, version)
    queries.update(uow.connection, uow.scope, organisation_id, draft_id, document, rules.dated_on(sheet))
    return draft(uow, organisation_id, draft_id)


def discard(uow: UnitOfWork, organisation_id: int, draft_id: int, version: int) -> Draft:
    """Throw a draft away; it can be taken back for thirty days.  Doing it twice is doing it once.

    Raises: DraftUnknown, DraftChanged, DraftSent.
    """
    found = _lock(uow, organisation_id, draft_id)
    if found.state is DraftState.DISCARDED:
        return found
    rules.require_changeable(found.state, found.version, version)
    queries.set_discarded(uow.connection, uow.scope, organisation_id, draft_id, discarded=True)
    _record(uow, "draft-discarded", organisation_id, draft_id)
    return draft(uow, organisation_id, draft_id)


def restore(uow: UnitOfWork, organisation_id: int, draft_id: int, version: int) -> Draft:
    """Take back what was thrown away.  Doing it twice is doing it once.

    Raises: DraftUnknown, DraftChanged, DraftSent.
    """
    found = _lock(uow, organisation_id, draft_id)
    if found.state is DraftState.OPEN:
        return found
    rules.require_changeable(replace(found, discarded_at=None).state, found.version, version)
    queries.set_discarded(uow.connection, uow.scope, organisation_id, draft_id, discarded=False)
    _record(uow, "draft-restored", organisation_id, draft_id)
    return draft(uow, organisation_id, draft_id)


def check(uow: UnitOfWork, organisation_id: int, sheet: Sheet) -> tuple[CellFault, ...]:
    """Every fault of every cell at once, those of the head first; nothing is saved."""
    reading = rules.read(sheet)
    read_on = reading.day or today()
    head = journal.head_faults(uow, organisation_id, reading.head["journal"], reading.day)
    head |= {each.field: each.fault for each in reading.faults if each.row is None}
    registered = journal.registered(uow, reading.postings.values(), read_on)
    return (
        *(CellFault(None, name, fault) for name, fault in head.items()),
        *rules.row_faults(reading, registered),
    )


def post(uow: UnitOfWork, organisation_id: int, draft_id: int, version: int) -> Receipt | Prepared:
    """Post what was typed, or send it for signature where its journal asks; doing it twice posts once.

    Raises: Invalid with every fault of every cell; DraftUnknown, DraftChanged, DraftDiscarded, SettlementGone; others
    of ``ledger.errors`` where the books refuse.
    """
    found = _lock(uow, organisation_id, draft_id)
    if found.state in (DraftState.POSTED, DraftState.PREPARED):
        return _became(uow, found)
    rules.require_changeable(found.state, found.version, version)
    if faults := check(uow, organisation_id, found.sheet):
        raise Invalid({each.place: each.fault for each in faults})
    if found.origin is Origin.SETTLEMENT and not queries.settlement_stands(
        uow.connection, uow.scope, organisation_id, found.key
    ):
        raise rules.SettlementGone()
    command = rules.read(found.sheet).command(found.key)
    _record(uow, "draft-sent", organisation_id, draft_id)
    try:
        return journal.post_entry(uow, organisation_id, command)
    except ApprovalNeeded:
        return approvals.prepare(uow, organisation_id, command)


def subject(organisation_id: int, draft_id: int) -> str:
    """What the trail calls it."""
    return f"draft:{organisation_id}/{draft_id}"


def _became(uow: UnitOfWork, found: Draft) -> Receipt | Prepared:
    connection, scope, prepared_id = uow.connection, uow.scope, found.became.prepared_id
    if found.became.entry_id is None:
        assert prepared_id is not None
        version = queries.prepared_version(connection, scope, found.organisation_id, prepared_id)
        return Prepared(prepared_id, version, is_new=False)
    return Receipt(Posted(*queries.posted(connection, scope, found.organisation_id, found.key), is_new=False))


def _lock(uow: UnitOfWork, organisation_id: int, draft_id: int) -> Draft:
    """How it stands, when no other window changes it.  Raises: DraftUnknown."""
    queries.lock(uow.connection, uow.scope, organisation_id, draft_id)
    return draft(uow, organisation_id, draft_id)


def _record(uow: UnitOfWork, action: str, organisation_id: int, draft_id: int) -> None:
    about = subject(organisation_id, draft_id)
    audit.record(uow.connection, uow.scope, action, about, organisation_id=organisation_id)
