"""Months and years: their locks, the close of a year, and who changed what and why."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from api.problems import status_of
from api.security import Visitor
from erp.base.dates import MonthMalformed, month_string, parse_month
from erp.base.errors import Conflict, RuleViolated
from erp.base.uow import UnitOfWork
from erp.finance.closing import service as closing
from erp.finance.journal import service
from erp.finance.journal.model import Month, Year
from erp.reference.access.model import Permission
from erp.reference.organisations.model import Organisation
from ledger.errors import LedgerError
from web.faults import Refusal, fault_sheet
from web.forms import ReasonForm
from web.pages import Ask, Id, organisation_at, render, visit_of
from web.session import Choice, Sent, choice_in, remember
from web.timeline import History, history

_READ = {"policy": Permission.JOURNAL_READ}
_LOCK = {"policy": Permission.PERIOD_CLOSE}
_YEAR = {"policy": Permission.YEAR_CLOSE}


@dataclass(frozen=True)
class YearOfMonths:
    """A year as the page shows it, with those of its months that are kept, the newest first."""

    year: Year
    months: tuple[Month, ...]


@dataclass(frozen=True)
class Calendar:
    organisation: Organisation
    years: list[YearOfMonths]
    history: History

    @classmethod
    def read(cls, request: Ask, uow: UnitOfWork, organisation_id: int) -> "Calendar":
        months = service.months(uow, organisation_id)
        years = [
            YearOfMonths(year, tuple(m for m in months if m.month.year == year.year))
            for year in service.years(uow, organisation_id)
        ]
        subjects = [f"month:{organisation_id}/{month_string(each.month)}" for each in months]
        subjects += [f"year:{organisation_id}/{each.year.year}" for each in years]
        return cls(organisation_at(uow), years, history(request, uow, f"/o/{organisation_id}/months", *subjects))


@get("/o/{organisation_id:int}/months", opt=_READ, sync_to_thread=True)
def months(request: Ask, visit: Visitor, organisation_id: Id) -> Response[str]:
    return _months_page(request, organisation_id)


@post("/o/{organisation_id:int}/months/{month:str}", opt=_LOCK, sync_to_thread=True)
def lock_month(request: Ask, visit: Visitor, organisation_id: Id, month: FromPath[str], data: Sent) -> Response[Any]:
    """Restrict or close a month, as the button says."""
    day = _month(month)
    lock = {"restrict": service.restrict_month, "close": closing.close_month}.get(data.get("do", ""))
    if lock is None:
        raise NotFoundException
    try:
        visit.run(lambda uow: lock(uow, organisation_id, day))
    except (RuleViolated, Conflict, LedgerError) as refusal:
        return _months_page(request, organisation_id, refusal)
    return _back_to(organisation_id, month_string(day))


@get("/o/{organisation_id:int}/months/{month:str}/reopen", opt=_LOCK, sync_to_thread=True)
def reopen_month_page(request: Ask, visit: Visitor, organisation_id: Id, month: FromPath[str]) -> Response[str]:
    return _reason_page(request, "periods/reopen_month.html", ReasonForm.new(), month=_month(month))


@post("/o/{organisation_id:int}/months/{month:str}/reopen", opt=_LOCK, sync_to_thread=True)
def reopen_month(request: Ask, visit: Visitor, organisation_id: Id, month: FromPath[str], data: Sent) -> Response[Any]:
    day, form = _month(month), ReasonForm.of(data)

    def reopen(uow: UnitOfWork) -> None:
        service.reopen_month(uow, organisation_id, day, form.content().reason)

    return _send(request, data, form, reopen, "periods/reopen_month.html", _back_to(organisation_id, month), month=day)


@get("/o/{organisation_id:int}/years/{year:int}/close", opt=_YEAR, sync_to_thread=True)
def close_year_page(request: Ask, visit: Visitor, organisation_id: Id, year: FromPath[int]) -> Response[str]:
    return _reason_page(request, "periods/close_year.html", ReasonForm.new(), year=year)


@post("/o/{organisation_id:int}/years/{year:int}/close", opt=_YEAR, sync_to_thread=True)
def close_year(request: Ask, visit: Visitor, organisation_id: Id, year: FromPath[int], data: Sent) -> Response[Any]:
    form = ReasonForm.of(data)

    def close(uow: UnitOfWork) -> None:
        closing.close_year(uow, organisation_id, year, form.key_read())

    return _send(request, data, form, close, "periods/close_year.html", _back_to(organisation_id, str(year)), year=year)


@get("/o/{organisation_id:int}/years/{year:int}/reopen", opt=_YEAR, sync_to_thread=True)
def reopen_year_page(request: Ask, visit: Visitor, organisation_id: Id, year: FromPath[int]) -> Response[str]:
    return _reason_page(request, "periods/reopen_year.html", ReasonForm.new(), year=year)


@post("/o/{organisation_id:int}/years/{year:int}/reopen", opt=_YEAR, sync_to_thread=True)
def reopen_year(request: Ask, visit: Visitor, organisation_id: Id, year: FromPath[int], data: Sent) -> Response[Any]:
    form = ReasonForm.of(data)

    def reopen(uow: UnitOfWork) -> None:
        said = form.content()
        service.reopen_year(uow, organisation_id, year, said.key, said.reason)

    return _send(
        request, data, form, reopen, "periods/reopen_year.html", _back_to(organisation_id, str(year)), year=year
    )


def _send(
    request: Ask,
    data: dict[str, str],
    form: ReasonForm,
    command: Callable[[UnitOfWork], None],
    template: str,
    done: Redirect,
    **about: Any,
) -> Response[Any]:
    """Run a form's command; where it is refused, the form comes back."""
    visit = visit_of(request)
    if choice := choice_in(data):
        remember(visit, choice)
        return _reason_page(request, template, form, choice=choice, **about)
    try:
        visit.run(command)
    except (RuleViolated, Conflict, LedgerError) as refusal:
        return _reason_page(request, template, form, refusal=refusal, **about)
    return done


def _reason_page(
    request: Ask,
    template: str,
    form: ReasonForm,
    *,
    refusal: Refusal | None = None,
    choice: Choice | None = None,
    **about: date | int,
) -> Response[str]:
    visit, chosen = visit_of(request), choice or Choice()
    sheet = fault_sheet(refusal, chosen.language or visit.language)
    return render(
        request,
        template,
        organisation=visit.read(organisation_at),
        status=status_of(refusal) if refusal else 200,
        language=chosen.language,
        theme=chosen.theme,
        cookies=chosen.cookies(request),
        section="months",
        form_id="period",
        form_default="post",
        form=form,
        faults=sheet.by_field,
        summary=sheet.summary,
        **about,
    )


def _months_page(request: Ask, organisation_id: int, refusal: Refusal | None = None) -> Response[str]:
    visit = visit_of(request)
    calendar = visit.read(lambda uow: Calendar.read(request, uow, organisation_id))
    return render(
        request,
        "periods/months.html",
        organisation=calendar.organisation,
        section="months",
        status=status_of(refusal) if refusal else 200,
        here=f"/o/{organisation_id}/months",
        years=calendar.years,
        history=calendar.history,
        summary=fault_sheet(refusal, visit.language).summary,
    )


def _month(text: str) -> date:
    try:
        return parse_month(text)
    except MonthMalformed:
        raise NotFoundException from None


def _back_to(organisation_id: int, place: str) -> Redirect:
    return Redirect(f"/o/{organisation_id}/months#p-{place}", status_code=303)


routes = [
    months,
    lock_month,
    reopen_month_page,
    reopen_month,
    close_year_page,
    close_year,
    reopen_year_page,
    reopen_year,
]
