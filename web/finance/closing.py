"""The close of a month and of a year on one page each: steps, proofs, ticks; and the matrix of many institutions."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from api.problems import status_of
from api.security import Visit, Visitor
from erp.base.clock import today
from erp.base.dates import MonthMalformed, month_string, parse_month
from erp.base.errors import DomainError, NotPermitted
from erp.base.uow import UnitOfWork
from erp.finance.closing import rules, service
from erp.finance.closing.model import Cell, Checklist, Kind, Period, Standing
from erp.finance.closing.schemas import TickStep
from erp.finance.journal import service as journal
from erp.reference.access.model import ROLE_NAMES, Permission, Role
from erp.reference.access.policy import permissions_at
from erp.reference.attachments.model import Attachment
from erp.reference.organisations import service as organisations
from erp.reference.organisations.model import Organisation
from ledger.errors import LedgerError
from web.faults import Refusal, fault_sheet
from web.forms import tidy
from web.i18n import alphabetical
from web.pages import Ask, Id, organisation_at, query_of, render, visit_of
from web.papers import TAKEN, Uploaded, checked
from web.session import Sent
from web.timeline import History, history

_READ = {"policy": Permission.JOURNAL_READ}
_TICK = {"policy": Permission.JOURNAL_POST}
_CLOSE = {"policy": Permission.PERIOD_CLOSE}
_REFUSED = (DomainError, LedgerError)

OWNERS = {role: ROLE_NAMES[Role(role)] for role in ("accountant", "chief_accountant")}


@dataclass(frozen=True)
class Shown:
    organisation: Organisation
    checklist: Checklist
    months: dict[date, Cell]
    """Of a year's page: how each of its months stands."""
    papers: dict[str, list[Attachment]]
    history: History

    @classmethod
    def read(cls, request: Ask, uow: UnitOfWork, organisation_id: int, period: Period) -> "Shown":
        found = service.checklist(uow, organisation_id, period)
        months: dict[date, Cell] = {}
        if period.kind is Kind.YEAR:
            standing = service.overview(uow, [organisation_id], period.start, period.span.last, today())
            months = {month: cell for (_, month), cell in standing.items()}
        papers = {
            step.rule.step: service.papers(uow, organisation_id, period, step.rule.step)
            for step in found.steps
            if step.files
        }
        locks = f"{period.kind.value}:{organisation_id}/{period.key}"
        past = history(request, uow, f"/o/{organisation_id}/closing/{period.key}", found.subject, locks)
        return cls(organisation_at(uow), found, months, papers, past)


@get("/o/{organisation_id:int}/closing", opt=_READ, sync_to_thread=True)
def current(visit: Visitor, organisation_id: Id) -> Redirect:
    """To the first month that is not closed; to the months where there is none."""
    months = visit.read(lambda uow: journal.months(uow, organisation_id))
    past = [each.month for each in months if each.month <= today()]
    waiting = [each.month for each in months if each.state != "closed" and each.month <= today()]
    if not past:
        return Redirect(f"/o/{organisation_id}/months", status_code=303)
    return Redirect(f"/o/{organisation_id}/closing/{month_string(min(waiting, default=max(past)))}", status_code=303)


@get("/o/{organisation_id:int}/closing/{month:str}", opt=_READ, sync_to_thread=True)
def checklist(request: Ask, visit: Visitor, organisation_id: Id, month: FromPath[str]) -> Response[str]:
    return _page(request, organisation_id, _period(month))


def _page(
    request: Ask, organisation_id: int, period: Period, refusal: Refusal | None = None, step: str = ""
) -> Response[str]:
    visit, day = visit_of(request), today()
    shown = visit.read(lambda uow: Shown.read(request, uow, organisation_id, period))
    sheet = fault_sheet(refusal, visit.language)
    return render(
        request,
        "closing/checklist.html",
        help_of="closing",
        organisation=shown.organisation,
        status=status_of(refusal) if refusal else 200,
        section="months",
        address=f"/o/{organisation_id}/closing/{period.key}",
        checklist=shown.checklist,
        period=period,
        is_month=period.kind is Kind.MONTH,
        kinds=rules.STEPS,
        needs_paper=lambda step: rules.needs_paper(step.rule.step, step.proof),
        owners=OWNERS,
        standing={each.name: each for each in Standing},
        months=shown.months,
        papers=shown.papers,
        owns=_owns(visit, organisation_id),
        is_chief=_is_chief(visit, organisation_id),
        taken=TAKEN,
        today=day,
        history=shown.history,
        summary=sheet.summary,
        refused=step,
        neighbours=[period.before, _after(period)],
    )


def _after(period: Period) -> Period:
    return Period(period.kind, period.end)


def _is_chief(visit: Visit, organisation_id: int) -> bool:
    held = permissions_at(visit.identity, organisation_id) if visit.identity else frozenset[Permission]()
    return Permission.PERIOD_CLOSE in held


def _owns(visit: Visit, organisation_id: int) -> Callable[[Any], bool]:
    """Whether the visitor may tick a step."""
    chief = _is_chief(visit, organisation_id)
    held = permissions_at(visit.identity, organisation_id) if visit.identity else frozenset[Permission]()

    def owns(rule: Any) -> bool:
        if Permission.JOURNAL_POST not in held:
            return False
        return chief or service.is_owner(rule, visit.scope.actor.id)

    return owns


@post("/o/{organisation_id:int}/closing/{month:str}/ticks", opt=_TICK, sync_to_thread=True)
def tick(request: Ask, visit: Visitor, organisation_id: Id, month: FromPath[str], data: Sent) -> Response[Any]:
    """Say that a step is done."""
    period, step = _period(month), tidy(data.get("step", ""))[:60]
    command = TickStep(step=step, reason=tidy(data.get("reason", ""))[:1000])
    chief = _is_chief(visit, organisation_id)
    return _do(
        request,
        organisation_id,
        period,
        lambda uow: service.tick(uow, organisation_id, period, command, is_chief=chief),
        step,
    )


@post("/o/{organisation_id:int}/closing/{month:str}/files", opt=_TICK, sync_to_thread=True)
def attach(request: Ask, visit: Visitor, organisation_id: Id, month: FromPath[str], data: Uploaded) -> Response[Any]:
    """Hang a paper on a step."""
    period, step = _period(month), tidy(str(data.get("step", "")))[:60]
    try:
        file = checked(request, data.get("file"))
        visit.run(lambda uow: service.attach(uow, organisation_id, period, step, file))
    except NotPermitted:
        raise
    except _REFUSED as refusal:
        return _page(request, organisation_id, period, refusal, step)
    return _to(organisation_id, period, step)


@post("/o/{organisation_id:int}/closing/{month:str}/close", opt=_CLOSE, sync_to_thread=True)
def close(request: Ask, visit: Visitor, organisation_id: Id, month: FromPath[str], data: Sent) -> Response[Any]:
    """Restrict or close the month, as the button says."""
    period = _period(month)
    act = {"restrict": journal.restrict_month, "close": service.close_month}.get(data.get("do", ""))
    if act is None or period.kind is not Kind.MONTH:
        raise NotFoundException
    return _do(request, organisation_id, period, lambda uow: act(uow, organisation_id, period.start))


def _do(
    request: Ask, organisation_id: int, period: Period, act: Callable[[UnitOfWork], object], step: str = ""
) -> Response[Any]:
    try:
        visit_of(request).run(act)
    except _REFUSED as refusal:
        return _page(request, organisation_id, period, refusal, step)
    return _to(organisation_id, period, step)


def _to(organisation_id: int, period: Period, step: str = "") -> Redirect:
    place = f"#s-{step}" if step else ""
    return Redirect(f"/o/{organisation_id}/closing/{period.key}{place}", status_code=303)


def _period(text: str) -> Period:
    """A month or a year of an address."""
    if text.isascii() and text.isdecimal() and len(text) == 4 and 1991 <= int(text) <= 2199:
        return Period.year(int(text))
    try:
        return Period.month(parse_month(text))
    except MonthMalformed:
        raise NotFoundException from None


# ------------------------------------------------------------------------------------------------ many institutions

_MOST = 200
"""Institutions on a page; who works with more looks for one by name."""


@get("/closing", opt={"policy": Permission.SIGNED_IN}, sync_to_thread=True)
def overview(request: Ask, visit: Visitor) -> Response[str]:
    """Institutions by the steps of one month, or by the months of a year: who is late."""
    query, day = query_of(request), today()
    by_year = query.get("by") == "year"
    last_month = (day.replace(day=1) - timedelta(days=1)).replace(day=1)
    try:
        month = parse_month(query["month"]) if query.get("month") else last_month
    except MonthMalformed:
        month = last_month
    words = query.get("q", "").casefold()

    def read(uow: UnitOfWork) -> tuple[list[Organisation], dict[Any, Any]]:
        known = organisations.organisations_of(uow)
        found = [each for each in known if words in f"{each.code} {each.name(visit.language)}".casefold()]
        found.sort(key=lambda each: alphabetical(each.name(visit.language)))
        ids = [each.id for each in found[:_MOST]]
        if by_year:
            first = month.replace(month=1)
            return found, dict(service.overview(uow, ids, first, first.replace(month=12), day))
        return found, dict(service.steps_of(uow, ids, month, day))

    found, cells = visit.read(read)
    months = [month.replace(month=number) for number in range(1, 13)]
    kept = [each for each in found[:_MOST] if _has_books(each.id, cells, months, by_year)]
    steps = list(dict.fromkeys(step for at in cells.values() for step in at)) if not by_year else []
    return render(
        request,
        "closing/overview.html",
        found=kept,
        cells=cells,
        by_year=by_year,
        month=month,
        months=months,
        choices=sorted({month, *(_back(day, n) for n in range(18))}, reverse=True),
        steps=[step for step in rules.STEPS if step in steps],
        kinds=rules.STEPS,
        words=query.get("q", ""),
        more=len(found) > _MOST,
    )


def _has_books(at: int, cells: dict[Any, Any], months: list[date], by_year: bool) -> bool:
    return any((at, each) in cells for each in months) if by_year else at in cells


def _back(day: date, months: int) -> date:
    number = day.year * 12 + day.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


routes = [current, checklist, tick, attach, close, overview]
