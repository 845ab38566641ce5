"""The accountant's inbox of entries that business trips make: the list, one of them, and what becomes of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect

from api.problems import status_of
from api.security import Visitor
from erp.base.errors import DomainError
from erp.base.i18n import N_
from erp.base.money import parse_tiyn
from erp.base.uow import UnitOfWork
from erp.finance.settlements import rules, service
from erp.finance.settlements.model import Act, Kind, Page, Row, Settlement, SettlementState
from erp.reference.access.model import Permission
from erp.reference.attachments import service as attachments
from erp.reference.attachments.model import Attachment
from erp.reference.organisations.model import Organisation
from ledger.errors import LedgerError
from web import lists
from web.faults import Refusal, fault_sheet
from web.forms import tidy
from web.i18n import speech
from web.pages import Ask, Id, organisation_at, query_of, render, visit_of
from web.session import Choice, Sent, choice_in, remember
from web.tables.download import FORMATS, about, download
from web.tables.model import About, Table

_READ = {"policy": Permission.JOURNAL_READ}
_POST = {"policy": Permission.JOURNAL_POST}
_REFUSED = (DomainError, LedgerError)
ALL = "all"

KINDS = {Kind.ADVANCE: N_("advance"), Kind.REPORT: N_("advance report")}
STATES = {
    SettlementState.WAITING: N_("waits for the accountant"),
    SettlementState.TAKEN: N_("is being posted"),
    SettlementState.DECLINED: N_("declined"),
    SettlementState.WITHDRAWN: N_("taken back"),
    SettlementState.PREPARED: N_("waits for approval"),
    SettlementState.POSTED: N_("posted"),
    SettlementState.REVERSED: N_("posted and cancelled"),
}
ACTS = {
    Act.DRAFTED: N_("Drafted"),
    Act.TAKEN: N_("Taken by the accountant"),
    Act.PUT_BACK: N_("Put back"),
    Act.DECLINED: N_("Declined"),
    Act.WITHDRAWN: N_("Taken back"),
}
COSTS = {
    "per-diem": N_("per diem"),
    "lodging": N_("lodging"),
    "fare": N_("fare"),
    "other": N_("other costs"),
}
WITHDRAWN_WHY = {
    "trip-cancelled": N_("The trip was cancelled."),
    "reported-without": N_("The report was approved before the advance was paid."),
}


@get("/o/{organisation_id:int}/settlements", opt=_READ, sync_to_thread=True)
def inbox(request: Ask, visit: Visitor, organisation_id: Id) -> Response[Any]:
    query = query_of(request)
    asked = query.get("state", "")
    states = (
        (SettlementState(asked),)
        if asked in set(SettlementState)
        else tuple(SettlementState)
        if asked == ALL
        else service.OPEN
    )

    def whole(uow: UnitOfWork) -> tuple[Table, About]:
        say = speech(visit.language)

        def page(cursor: str | None) -> tuple[Sequence[Row], str | None]:
            found = service.settlements(uow, organisation_id, states, cursor)
            return found.rows, found.next_cursor

        def words(row: Row) -> tuple[str, str]:
            return say(KINDS[row.kind]), say(STATES[row.state])

        return lists.settlements(lists.every(page), words, say), about(visit, organisation_at(uow), "settlements")

    if query.get("as") in FORMATS:
        return download(visit, query["as"], whole)

    def show(uow: UnitOfWork) -> tuple[Organisation, Page]:
        return organisation_at(uow), service.settlements(uow, organisation_id, states, query.get("cursor"))

    organisation, found = visit.read(show)
    return render(
        request,
        "settlements/list.html",
        organisation=organisation,
        section="drafts",
        asked=asked,
        rows=found.rows,
        kinds=KINDS,
        states=STATES,
        next_url=f"{request.url.path}?state={asked}&cursor={found.next_cursor}" if found.next_cursor else "",
    )


@dataclass(frozen=True)
class Looked:
    """What the page of a settlement is made of."""

    organisation: Organisation
    shown: Settlement
    papers: list[Attachment]

    @classmethod
    def of(cls, uow: UnitOfWork, organisation_id: int, settlement_id: int) -> "Looked":
        shown = service.settlement(uow, organisation_id, settlement_id)
        return cls(
            organisation_at(uow),
            shown,
            attachments.attachments_of(uow, organisation_id, shown.subject),
        )


@get("/o/{organisation_id:int}/settlements/{settlement_id:int}", opt=_READ, sync_to_thread=True)
def settlement(request: Ask, visit: Visitor, organisation_id: Id, settlement_id: Id) -> Response[str]:
    return _page(request, organisation_id, settlement_id)


@post("/o/{organisation_id:int}/settlements/{settlement_id:int}/take", opt=_POST, sync_to_thread=True)
def take(request: Ask, visit: Visitor, organisation_id: Id, settlement_id: Id, data: Sent) -> Response[Any]:
    """Make it one's own draft, and go on there."""
    version = _version(data)
    try:
        begun = visit.run(lambda uow: service.take(uow, organisation_id, settlement_id, version))
    except _REFUSED as refusal:
        return _page(request, organisation_id, settlement_id, refusal=refusal)
    return Redirect(f"/o/{organisation_id}/drafts/{begun.id}", status_code=303)


@post("/o/{organisation_id:int}/settlements/{settlement_id:int}/put-back", opt=_POST, sync_to_thread=True)
def put_back(request: Ask, visit: Visitor, organisation_id: Id, settlement_id: Id, data: Sent) -> Response[Any]:
    version = _version(data)
    return _do(
        request, organisation_id, settlement_id, lambda u: service.put_back(u, organisation_id, settlement_id, version)
    )


@post("/o/{organisation_id:int}/settlements/{settlement_id:int}/decline", opt=_POST, sync_to_thread=True)
def decline(request: Ask, visit: Visitor, organisation_id: Id, settlement_id: Id, data: Sent) -> Response[Any]:
    version, reason = _version(data), tidy(data.get("reason", ""))
    if choice := choice_in(data):
        remember(visit, choice)
        return _page(request, organisation_id, settlement_id, reason=reason, choice=choice)

    def act(uow: UnitOfWork) -> None:
        service.decline(uow, organisation_id, settlement_id, version, reason)

    return _do(request, organisation_id, settlement_id, act, reason)


def _do(
    request: Ask, organisation_id: int, settlement_id: int, act: Callable[[UnitOfWork], None], reason: str = ""
) -> Response[Any]:
    try:
        visit_of(request).run(act)
    except _REFUSED as refusal:
        return _page(request, organisation_id, settlement_id, refusal=refusal, reason=reason)
    return Redirect(f"/o/{organisation_id}/settlements/{settlement_id}", status_code=303)


def _page(
    request: Ask,
    organisation_id: int,
    settlement_id: int,
    *,
    refusal: Refusal | None = None,
    reason: str = "",
    choice: Choice | None = None,
) -> Response[str]:
    visit, chosen = visit_of(request), choice or Choice()
    looked = visit.read(lambda uow: Looked.of(uow, organisation_id, settlement_id))
    sheet = fault_sheet(refusal, chosen.language or visit.language)
    return render(
        request,
        "settlements/settlement.html",
        organisation=looked.organisation,
        status=status_of(refusal) if refusal else 200,
        language=chosen.language,
        theme=chosen.theme,
        cookies=chosen.cookies(request),
        section="drafts",
        form_id="decline",
        form_default="act",
        shown=looked.shown,
        facts=looked.shown.facts,
        papers=looked.papers,
        amounts=[parse_tiyn(row.amount) for row in looked.shown.sheet.rows],
        verified=rules.accounts_on(looked.shown.facts.first).verified,
        kinds=KINDS,
        states=STATES,
        acts=ACTS,
        costs=COSTS,
        withdrawn_why=WITHDRAWN_WHY,
        is_mine=looked.shown.taken_by_id == visit.scope.actor.id,
        reason=reason,
        faults=sheet.by_field,
        summary=sheet.summary,
    )


def _version(data: Mapping[str, str]) -> int:
    """Number of the last act that the page showed; one that cannot be read is none that is there."""
    text = data.get("version", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else -1


routes = [inbox, settlement, take, put_back, decline]
