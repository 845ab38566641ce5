"""One act on many documents: asked on a list, tried, carried out; the page of what became of each stays."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from api.problems import status_of
from api.security import Visit, Visitor
from erp.base.clock import today
from erp.base.errors import DomainError
from erp.base.i18n import N_
from erp.base.uow import UnitOfWork
from erp.finance.approvals import service as approvals
from erp.finance.approvals.bulk import service
from erp.finance.approvals.bulk.model import Bulk, BulkAct, BulkState, Item, Reason, Tally
from erp.finance.approvals.model import State
from erp.finance.journal import service as journal
from erp.finance.journal.model import EntryRow, Page
from erp.reference.access.model import Permission
from erp.reference.jobs import service as jobs
from erp.reference.jobs.model import Told
from erp.reference.organisations.model import Organisation
from ledger.errors import LedgerError
from web.faults import Refusal, fault_sheet
from web.finance.approvals import MINE, OWN, Asked
from web.finance.journal import asked_filter
from web.forms import CorrectionForm, key_typed
from web.i18n import speech
from web.jobs import KINDS
from web.pages import Ask, Id, organisation_at, query_of, render, visit_of
from web.session import Choice, Sent, choice_in, remember

_READ = {"policy": Permission.JOURNAL_READ}
_CORRECT = {"policy": Permission.JOURNAL_CORRECT}

_REFUSED = (DomainError, LedgerError)
_MOST_CHOSEN = 500
_FILTERS = ("from", "to", "journal", "account", "text")

CARRY_OUT = {
    BulkAct.APPROVE: N_("Approve: {count}"),
    BulkAct.SIGN: N_("Sign: {count}"),
    BulkAct.WITHDRAW: N_("Withdraw: {count}"),
    BulkAct.STORNO: N_("Cancel by storno: {count}"),
    BulkAct.REVERSAL: N_("Cancel by reversal: {count}"),
}
"""Words of the button."""


# ------------------------------------------------------------------------------------------------ ask and carry out


def _routes_of(name: str, permission: Permission, acts: Mapping[str, BulkAct]) -> list[HTTPRouteHandler]:
    """The ways to ask for some acts that need one permission, and to carry out what was asked."""
    path, opt = f"/o/{{organisation_id:int}}/bulk/{name}", {"policy": permission}

    @post(path, opt=opt, sync_to_thread=True)
    def ask(request: Ask, visit: Visitor, organisation_id: Id, data: Sent) -> Response[Any]:
        if permission is Permission.JOURNAL_CORRECT:
            return _ask_for_corrections(request, organisation_id, data, acts)
        return _ask_of_prepared(request, organisation_id, data, acts[""])

    @post(f"{path}/{{bulk_id:int}}", opt=opt, sync_to_thread=True)
    def carry_out(request: Ask, visit: Visitor, organisation_id: Id, bulk_id: Id) -> Response[Any]:
        try:
            job_id = visit.run(lambda uow: service.leave_to_a_job(uow, organisation_id, bulk_id, permission))
            if job_id is not None:
                return Redirect(f"/jobs/{job_id}", status_code=303)
            service.carry_out(visit.run, organisation_id, bulk_id, permission)
        except _REFUSED as refusal:
            return _page(request, organisation_id, bulk_id, refusal)
        return Redirect(f"/o/{organisation_id}/bulk/{bulk_id}", status_code=303)

    return [ask, carry_out]


def _ask_of_prepared(request: Ask, organisation_id: int, data: Mapping[str, str], act: BulkAct) -> Response[Any]:
    visit = visit_of(request)
    hands, me = approvals.hands_of(visit.identity, organisation_id), visit.scope.actor.id
    asked = Asked.of({**data, "state": OWN if act is BulkAct.WITHDRAW else MINE}, hands)
    home = f"/o/{organisation_id}/approvals?{asked.query}"

    def choose(uow: UnitOfWork) -> int:
        key = key_typed(data.get("key", ""))
        wanted = (
            asked.narrowed(hands.only(signing=act is BulkAct.SIGN), me) if data.get("do") == "all" else _chosen(data)
        )
        return service.ask_of_prepared(uow, organisation_id, act, key, wanted, asked.query)

    try:
        return _tried(visit, organisation_id, visit.run(choose), act.permission)
    except _REFUSED as refusal:
        return _refused(request, organisation_id, refusal, home)


def _ask_for_corrections(
    request: Ask, organisation_id: int, data: Mapping[str, str], acts: Mapping[str, BulkAct]
) -> Response[Any]:
    visit, form = visit_of(request), CorrectionForm.of(data)
    query = {name: data[name] for name in _FILTERS if data.get(name)}
    if choice := choice_in(data):
        remember(visit, choice)
        return _correction_page(request, organisation_id, query, form, choice=choice)

    def choose(uow: UnitOfWork) -> int:
        command = form.command()
        _, wanted = asked_filter(uow, organisation_id, query)
        return service.ask_for_corrections(
            uow,
            organisation_id,
            acts[command.kind],
            command.key,
            wanted,
            effective_on=command.effective_on,
            reason=command.reason,
            narrowed=urlencode(query),
        )

    try:
        return _tried(visit, organisation_id, visit.run(choose), Permission.JOURNAL_CORRECT)
    except _REFUSED as refusal:
        return _correction_page(request, organisation_id, query, form, refusal=refusal)


def _tried(visit: Visit, organisation_id: int, bulk_id: int, permission: Permission) -> Redirect:
    """Find out what would become of each, or leave that to a job."""
    job_id = visit.run(lambda uow: service.leave_to_a_job(uow, organisation_id, bulk_id, permission))
    if job_id is not None:
        return Redirect(f"/jobs/{job_id}", status_code=303)
    service.try_out(visit.run, organisation_id, bulk_id, permission)
    return Redirect(f"/o/{organisation_id}/bulk/{bulk_id}", status_code=303)


def _chosen(data: Mapping[str, str]) -> dict[int, int]:
    """Versions of the prepared entries that were ticked, by id; fields named ``pick.17``."""
    picked = ((name.partition(".")[2], version) for name, version in data.items() if name.startswith("pick."))
    readable = {int(id_): int(v) for id_, v in picked if id_.isdecimal() and v.isdecimal() and len(id_ + v) < 18}
    return dict(list(readable.items())[:_MOST_CHOSEN])


def _refused(request: Ask, organisation_id: int, refusal: Refusal, back: str) -> Response[str]:
    visit = visit_of(request)
    return render(
        request,
        "bulk/refused.html",
        organisation=visit.read(organisation_at),
        section="approvals",
        status=status_of(refusal),
        here=back,
        back=back,
        summary=fault_sheet(refusal, visit.language).summary,
    )


# ------------------------------------------------------------------------------------------------ cancel what is found


@get("/o/{organisation_id:int}/bulk/correct", opt=_CORRECT, sync_to_thread=True)
def correction_page(request: Ask, visit: Visitor, organisation_id: Id) -> Response[Any]:
    query = {name: value for name, value in query_of(request).items() if name in _FILTERS and value}
    return _correction_page(request, organisation_id, query, CorrectionForm.new(today()))


def _correction_page(
    request: Ask,
    organisation_id: int,
    query: Mapping[str, str],
    form: CorrectionForm,
    *,
    refusal: Refusal | None = None,
    choice: Choice | None = None,
) -> Response[str]:
    visit, chosen = visit_of(request), choice or Choice()
    sheet = fault_sheet(refusal, chosen.language or visit.language)

    def look(uow: UnitOfWork) -> tuple[Organisation, Page[EntryRow], bool]:
        _, wanted = asked_filter(uow, organisation_id, query)
        page = journal.entries(uow, organisation_id, wanted, limit=_COUNTED)
        return organisation_at(uow), page, bool(journal.journals_to_approve(uow, organisation_id))

    organisation, page, asks_approval = visit.read(look)
    return render(
        request,
        "bulk/correct.html",
        organisation=organisation,
        status=status_of(refusal) if refusal else 200,
        language=chosen.language,
        theme=chosen.theme,
        cookies=chosen.cookies(request),
        section="journal",
        here=f"/o/{organisation_id}/bulk/correct?{urlencode(query)}",
        form_id="correction",
        form_default="try",
        form=form,
        query=query,
        entries=page.rows,
        sample=_SAMPLE,
        more=page.next_cursor is not None,
        back=f"/o/{organisation_id}/journal?{urlencode(query)}",
        asks_approval=asks_approval,
        faults=sheet.by_field,
        summary=sheet.summary,
    )


_SAMPLE, _COUNTED = 10, 500
"""So many entries the page shows, and so many it counts."""


# ------------------------------------------------------------------------------------------------ what became of each


@dataclass(frozen=True)
class Standing:
    organisation: Organisation
    bulk: Bulk
    tally: Tally
    reasons: list[Reason]
    page: Page[Item]
    states: dict[int, State]
    """How the prepared entries stand now."""
    job_is_over: bool


@get("/o/{organisation_id:int}/bulk/{bulk_id:int}", opt=_READ, sync_to_thread=True)
def bulk_page(request: Ask, visit: Visitor, organisation_id: Id, bulk_id: Id) -> Response[str]:
    return _page(request, organisation_id, bulk_id)


def _page(request: Ask, organisation_id: int, bulk_id: int, refusal: Refusal | None = None) -> Response[str]:
    visit, query = visit_of(request), query_of(request)
    refused_only = "refused" in query

    def look(uow: UnitOfWork) -> Standing:
        found, tally, reasons = service.bulk(uow, organisation_id, bulk_id)
        page = service.items(uow, organisation_id, bulk_id, query.get("cursor"), refused_only=refused_only)
        prepared = [item.prepared_id for item in page.rows if item.prepared_id is not None]
        rows = approvals.some_prepared(uow, organisation_id, prepared) if prepared else []
        own = found.job_id is not None and found.asked_by_id == uow.scope.actor.id
        over = not own or jobs.own_job(uow, found.job_id or 0).state.is_over
        return Standing(organisation_at(uow), found, tally, reasons, page, {r.id: r.state for r in rows}, over)

    standing = visit.read(look)
    found, say, cursor = standing.bulk, speech(visit.language), standing.page.next_cursor

    def told(told: Told) -> str:
        return say.told(told.template, told.fields)

    address = f"/o/{organisation_id}/bulk/{bulk_id}"
    shown = {"refused": "1"} if refused_only else {}
    way = "correct" if found.act.is_correction else found.act.value
    list_of = "journal" if found.act.is_correction else "approvals"
    return render(
        request,
        "bulk/bulk.html",
        organisation=standing.organisation,
        section=list_of,
        status=status_of(refusal) if refusal else 200,
        here=address,
        of=found,
        title=say(KINDS[f"bulk-{found.act}"]),
        tally=standing.tally,
        reasons=standing.reasons,
        items=standing.page.rows,
        states=standing.states,
        told=told,
        act_url=f"/o/{organisation_id}/bulk/{way}/{bulk_id}",
        act=say(CARRY_OUT[found.act]).format(count=standing.tally.fit - standing.tally.done - standing.tally.refused),
        may_act=found.asked_by_id == visit.scope.actor.id
        and found.state in (BulkState.TRIED, BulkState.BEGUN)
        and standing.job_is_over,
        job_id=None if standing.job_is_over else found.job_id,
        back=f"/o/{organisation_id}/{list_of}?{found.narrowed}",
        refused_only=refused_only,
        refused_url=f"{address}?refused=1",
        all_url=address,
        next_url=f"{address}?{urlencode(shown | {'cursor': cursor})}" if cursor else "",
        summary=fault_sheet(refusal, visit.language).summary,
    )


routes = [
    correction_page,
    *_routes_of("approve", Permission.JOURNAL_APPROVE, {"": BulkAct.APPROVE}),
    *_routes_of("sign", Permission.DOCUMENT_SIGN, {"": BulkAct.SIGN}),
    *_routes_of("withdraw", Permission.JOURNAL_POST, {"": BulkAct.WITHDRAW}),
    *_routes_of("correct", Permission.JOURNAL_CORRECT, {"storno": BulkAct.STORNO, "reversal": BulkAct.REVERSAL}),
    bulk_page,
]
