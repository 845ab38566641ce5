"""Use cases of the accountant's inbox.  Each runs inside the caller's unit of work.

``draft``, ``withdraw`` and ``standing`` are what other contexts ask for, through the port that ``erp.finance.wiring``
makes of them: they go through the database's own doors, because who approves a trip reads no books.
"""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from erp.base import audit
from erp.base.clock import today
from erp.base.cursors import INTEGER, number_in
from erp.base.dates import day_string
from erp.base.uow import UnitOfWork
from erp.finance.drafts import queries as draft_queries
from erp.finance.drafts import rules as draft_rules
from erp.finance.drafts import service as drafts
from erp.finance.drafts.model import Draft, DraftState, Origin
from erp.finance.settlements import queries, rules
from erp.finance.settlements.model import Act, Kind, Page, Settlement, SettlementState, Ties
from erp.hr.contracts.types import SettlementStanding, TripSettlement
from erp.reference.notifications import service as notifications
from erp.reference.notifications.model import NotificationKind
from erp.reference.typical_entries import queries as typical_entries

OPEN = tuple(state for state in SettlementState if state.is_open)


# ------------------------------------------------------------------------------------------------ for other contexts


def draft(uow: UnitOfWork, told: TripSettlement) -> None:
    """Lay the drafted entry into the inbox, with the papers of its subject; the same key lays it once."""
    sheet = draft_rules.document_of(rules.sheet_of(told))
    settlement_id = queries.settle(uow.connection, uow.scope, told, sheet)
    if settlement_id is not None:
        _record(uow, "settlement-drafted", told.organisation_id, settlement_id, of=told.subject)


def withdraw(uow: UnitOfWork, organisation_id: int, key: UUID, reason: str) -> bool:
    """Take back what nobody has begun to post; whether it is back."""
    state = queries.withdraw(uow.connection, uow.scope, organisation_id, key, reason)
    found = standing(uow, organisation_id, [key]).get(key)
    if state == SettlementState.WITHDRAWN and found is not None:
        _record(uow, "settlement-withdrawn", organisation_id, found.id, reason=reason)
    return state == SettlementState.WITHDRAWN


def standing(uow: UnitOfWork, organisation_id: int, keys: Collection[UUID]) -> dict[UUID, SettlementStanding]:
    """How settlements stand, by key."""
    return queries.standing(uow.connection, uow.scope, organisation_id, keys) if keys else {}


# ------------------------------------------------------------------------------------------------ the accountant


def settlements(
    uow: UnitOfWork,
    organisation_id: int,
    states: Sequence[SettlementState] = OPEN,
    cursor: str | None = None,
    limit: int = 50,
) -> Page:
    """A page of the inbox, the newest first.  Raises: CursorMalformed."""
    before = number_in(cursor, most=INTEGER) if cursor else None
    found = queries.rows(uow.connection, uow.scope, organisation_id, states, before, limit + 1)
    return Page(found[:limit], str(found[limit - 1].id) if len(found) > limit else None)


def settlement(uow: UnitOfWork, organisation_id: int, settlement_id: int) -> Settlement:
    """Raises: SettlementUnknown."""
    found = queries.settlement(uow.connection, uow.scope, organisation_id, settlement_id)
    if found is None:
        raise rules.SettlementUnknown()
    return found


def settlement_of_entry(uow: UnitOfWork, organisation_id: int, entry_id: int) -> Settlement | None:
    """The one that an entry was posted from."""
    return queries.settlement_of_entry(uow.connection, uow.scope, organisation_id, entry_id)


def waiting(uow: UnitOfWork, organisation_id: int) -> int:
    """How many nobody has taken yet."""
    return queries.waiting(uow.connection, uow.scope, organisation_id)


def ties(uow: UnitOfWork, organisation_id: int, end: date) -> Ties:
    """Open advances of trips at the end of the day before ``end`` beside their control account."""
    connection, scope, codes = uow.connection, uow.scope, rules.control_accounts()
    found = queries.movements(connection, scope, organisation_id, end, codes)
    return Ties(tuple(found), queries.balance(connection, scope, organisation_id, end, codes))


def take(uow: UnitOfWork, organisation_id: int, settlement_id: int, version: int) -> Draft:
    """Make it a draft of one's own, dated today and completed by what the books leave no choice of.

    Posted under the settlement's key, so two who take it never post it twice.  Doing it twice is doing it once.

    Raises: SettlementUnknown, SettlementChanged.
    """
    found = _lock(uow, organisation_id, settlement_id)
    connection, scope = uow.connection, uow.scope
    if found.state is SettlementState.TAKEN and found.draft_id is not None:
        return drafts.draft(uow, organisation_id, found.draft_id)
    if _was_done(uow, found, version, Act.TAKEN):
        begun = draft_queries.draft(connection, scope, organisation_id, key=found.key)
        if begun is not None:
            return begun
    _require(found, version, SettlementState.WAITING, SettlementState.TAKEN)
    paid_from = rules.accounts_on(found.facts.first).paid_from if found.kind is Kind.ADVANCE else ()
    sheet = rules.completed(
        found.sheet,
        today(),
        typical_entries.accounts_in_use(connection, scope, organisation_id, paid_from),
        queries.programmes(connection, scope, organisation_id),
    )
    queries.insert_act(connection, scope, organisation_id, settlement_id, found.version + 1, Act.TAKEN)
    _record(uow, "settlement-taken", organisation_id, settlement_id)
    begun = drafts.begin(uow, organisation_id, sheet, origin=Origin.SETTLEMENT, note=found.facts.person, key=found.key)
    if begun.state is DraftState.DISCARDED:  # taken, thrown away, and now taken again
        begun = drafts.restore(uow, organisation_id, begun.id, begun.version)
    return begun


def put_back(uow: UnitOfWork, organisation_id: int, settlement_id: int, version: int) -> None:
    """Leave it to somebody else; one's own draft of it is thrown away.  Doing it twice does it once.

    Raises: SettlementUnknown, SettlementChanged.
    """
    found = _lock(uow, organisation_id, settlement_id)
    if _was_done(uow, found, version, Act.PUT_BACK):
        return
    _require(found, version, SettlementState.TAKEN)
    queries.insert_act(uow.connection, uow.scope, organisation_id, settlement_id, found.version + 1, Act.PUT_BACK)
    _record(uow, "settlement-put-back", organisation_id, settlement_id)
    _discard_own(uow, found)


def decline(uow: UnitOfWork, organisation_id: int, settlement_id: int, version: int, reason: str) -> None:
    """Send it back to who drafted it, with the reason; doing it twice does it once.

    Raises: SettlementReasonMissing, SettlementUnknown, SettlementChanged.
    """
    reason = reason.strip()
    if len(reason) < rules.SHORTEST_REASON:
        raise rules.SettlementReasonMissing(limit=rules.SHORTEST_REASON)
    found = _lock(uow, organisation_id, settlement_id)
    if _was_done(uow, found, version, Act.DECLINED, reason):
        return
    _require(found, version, SettlementState.WAITING, SettlementState.TAKEN)
    queries.insert_act(
        uow.connection, uow.scope, organisation_id, settlement_id, found.version + 1, Act.DECLINED, reason
    )
    _record(uow, "settlement-declined", organisation_id, settlement_id, reason=reason)
    _discard_own(uow, found)
    days = f"{day_string(found.facts.first)} – {day_string(found.facts.last)}"
    said = {"what": f"{found.facts.route}, {days}", "reason": reason}
    told = [each for each in found.facts.tells if each.user_id != uow.scope.actor.id]
    notifications.notify_each(
        uow, [(each.user_id, NotificationKind.SETTLEMENT_DECLINED, each.subject, said) for each in told]
    )


def _was_done(uow: UnitOfWork, found: Settlement, version: int, act: Act, reason: str = "") -> bool:
    """Whether the actor did just this already, with what they saw in ``version``."""
    done = next((each for each in found.acts if each.version == version + 1), None)
    return done is not None and (done.act, done.actor_id, done.reason) == (act, uow.scope.actor.id, reason)


def _require(found: Settlement, version: int, *states: SettlementState) -> None:
    if found.state not in states or found.version != version:
        raise rules.SettlementChanged()


def _discard_own(uow: UnitOfWork, found: Settlement) -> None:
    if found.draft_id is not None:
        own = drafts.draft(uow, found.organisation_id, found.draft_id)
        drafts.discard(uow, found.organisation_id, own.id, own.version)


def _lock(uow: UnitOfWork, organisation_id: int, settlement_id: int) -> Settlement:
    queries.lock(uow.connection, uow.scope, organisation_id, settlement_id)
    return settlement(uow, organisation_id, settlement_id)


def _record(uow: UnitOfWork, action: str, organisation_id: int, settlement_id: int, **facts: Any) -> None:
    subject = f"settlement:{organisation_id}/{settlement_id}"
    audit.record(uow.connection, uow.scope, action, subject, organisation_id=organisation_id, **facts)
