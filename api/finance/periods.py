"""Months and years of the books under ``/api/v1``: locks, the close of a year, and who changed them."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, Literal

from litestar import Request, Response, get, post
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, PathParameter, QueryParameter
from pydantic import Field

from api.conventions import BOOKS, Amount, IfMatch, Organisation, Page, View, require_match, tagged
from api.security import Visit, Visitor
from erp.base.dates import month_string, parse_month
from erp.base.errors import NotFound
from erp.base.money import decimal_string
from erp.base.uow import UnitOfWork
from erp.finance.closing import service as closing
from erp.finance.journal import model, service
from erp.finance.journal.schemas import CloseYear, ReopenMonth, ReopenYear
from erp.reference.access.model import Permission

_MONTHS, _YEARS = BOOKS + "/months", BOOKS + "/years"
_READ = {"policy": Permission.JOURNAL_READ}
_LOCK = {"policy": Permission.PERIOD_CLOSE}
_CLOSE = {"policy": Permission.YEAR_CLOSE}

Month = Annotated[str, PathParameter(description="A month, `2026-11`.", pattern=r"^\d{4}-\d{2}$")]
Limit = Annotated[int, QueryParameter(description="Rows, the latest first.", ge=1, le=500)]

_KEY = "5b0c8b52-54a1-4a3e-9a55-6d1f1a9d7c41"
ReopenMonthBody = Annotated[
    ReopenMonth, Body(examples=[Example(summary="A late bill", value={"reason": "Счёт за свет"})])
]
CloseYearBody = Annotated[CloseYear, Body(examples=[Example(summary="The close of a year", value={"key": _KEY})])]
ReopenYearBody = Annotated[
    ReopenYear, Body(examples=[Example(summary="An audit", value={"key": _KEY, "reason": "По акту аудита"})])
]
State = Annotated[
    Literal["open", "restricted", "closed"],
    Field(description="Restricted: only who may adjust (the chief accountant) posts into it."),
]


class MonthNotKept(NotFound):
    code = "month-not-kept"
    template = "The books of this organisation are not kept for {month}."


class MonthView(View):
    month: str = Field(examples=["2026-11"])
    state: State


class PeriodChangeView(View):
    month: str = Field(examples=["2026-11"])
    was: State
    state: State
    reason: str
    actor: str
    origin: str
    at: datetime

    @classmethod
    def of(cls, c: model.PeriodChange) -> "PeriodChangeView":
        return cls(
            month=month_string(c.month),
            was=c.was,
            state=c.state,
            reason=c.reason,
            actor=c.actor,
            origin=c.origin,
            at=c.at,
        )


class YearView(View):
    year: int = Field(examples=[2026])
    state: Literal["open", "closed"]
    closed_at: datetime | None
    closed_by: str | None
    result: Amount | None = Field(description="Surplus of a closed year, a deficit negative.")

    @classmethod
    def of(cls, y: model.Year) -> "YearView":
        result = None if y.result_tiyn is None else decimal_string(y.result_tiyn)
        return cls(
            year=y.year,
            state=y.state,
            closed_at=y.closed_at,
            closed_by=y.closed_by,
            result=result,
        )


class YearClosedView(View):
    """What was posted; ``is_new`` is false when the key had been used for the same command before."""

    entries: int
    postings: int
    result: Amount = Field(description="Surplus of the year, a deficit negative.")
    is_new: bool


class YearReopenedView(View):
    """How many closing entries were cancelled, and by how many postings."""

    entries: int
    postings: int
    is_new: bool


@get(_MONTHS, opt=_READ, sync_to_thread=True)
def list_months(visit: Visitor, organisation_id: Organisation) -> Page[MonthView]:
    """Months the books are kept for, the newest first."""
    months = visit.read(lambda uow: service.months(uow, organisation_id))
    return Page(items=[MonthView(month=month_string(m.month), state=m.state) for m in months])


@get(f"{_MONTHS}/{{month:str}}", opt=_READ, sync_to_thread=True)
def get_month(
    request: Request[Any, Any, Any], visit: Visitor, organisation_id: Organisation, month: Month
) -> Response[MonthView]:
    """One month; its `ETag`, sent as `If-Match`, lets one close what one has seen and nothing else."""
    first = parse_month(month)
    return tagged(request, visit.read(lambda uow: _month(uow, organisation_id, first)))


@get(f"{BOOKS}/period-changes", opt=_READ, sync_to_thread=True)
def list_period_changes(visit: Visitor, organisation_id: Organisation, limit: Limit = 50) -> Page[PeriodChangeView]:
    """Months closed, restricted and reopened: who, when, why; the latest first."""
    changes = visit.read(lambda uow: service.period_changes(uow, organisation_id, limit))
    return Page(items=[PeriodChangeView.of(c) for c in changes])


@post(f"{_MONTHS}/{{month:str}}/restrict", opt=_LOCK, sync_to_thread=True, status_code=200)
def restrict_month(visit: Visitor, organisation_id: Organisation, month: Month, if_match: IfMatch = None) -> MonthView:
    """Leave an open month to who may adjust."""
    return _set(visit, organisation_id, month, if_match, service.restrict_month)


@post(f"{_MONTHS}/{{month:str}}/close", opt=_LOCK, sync_to_thread=True, status_code=200)
def close_month(visit: Visitor, organisation_id: Organisation, month: Month, if_match: IfMatch = None) -> MonthView:
    """Close a month: nobody posts into it."""
    return _set(visit, organisation_id, month, if_match, closing.close_month)


@post(f"{_MONTHS}/{{month:str}}/reopen", opt=_LOCK, sync_to_thread=True, status_code=200)
def reopen_month(
    visit: Visitor, organisation_id: Organisation, month: Month, data: ReopenMonthBody, if_match: IfMatch = None
) -> MonthView:
    """Open a restricted or closed month again, for a reason; not in a closed year."""

    def reopen(uow: UnitOfWork, at: int, day: date) -> None:
        service.reopen_month(uow, at, day, data.reason)

    return _set(visit, organisation_id, month, if_match, reopen)


@get(_YEARS, opt=_READ, sync_to_thread=True)
def list_years(visit: Visitor, organisation_id: Organisation) -> Page[YearView]:
    """Years the books are kept for, the newest first."""
    years = visit.read(lambda uow: service.years(uow, organisation_id))
    return Page(items=[YearView.of(y) for y in years])


@post(f"{_YEARS}/{{year:int}}/close", opt=_CLOSE, sync_to_thread=True, status_code=200)
def close_year(
    visit: Visitor, organisation_id: Organisation, year: FromPath[int], data: CloseYearBody
) -> YearClosedView:
    """Close a year: revenue and expense come to zero against its result. The `key` makes it safe to send again."""
    done = visit.run(lambda uow: closing.close_year(uow, organisation_id, year, data.key))
    return YearClosedView(
        entries=done.entries, postings=done.postings, result=decimal_string(done.result_tiyn), is_new=done.is_new
    )


@post(f"{_YEARS}/{{year:int}}/reopen", opt=_CLOSE, sync_to_thread=True, status_code=200)
def reopen_year(
    visit: Visitor, organisation_id: Organisation, year: FromPath[int], data: ReopenYearBody
) -> YearReopenedView:
    """Cancel the closing entries of a year, for a reason; its December is restricted then."""
    done = visit.run(lambda uow: service.reopen_year(uow, organisation_id, year, data.key, data.reason))
    return YearReopenedView(entries=done.entries, postings=done.postings, is_new=done.is_new)


def _set(
    visit: Visit,
    organisation_id: int,
    month: str,
    if_match: str | None,
    act: Callable[[UnitOfWork, int, date], None],
) -> MonthView:
    first = parse_month(month)

    def set_and_look(uow: UnitOfWork) -> MonthView:
        if if_match is not None:
            service.lock_months(uow, organisation_id)
            require_match(if_match, _month(uow, organisation_id, first))
        act(uow, organisation_id, first)
        return _month(uow, organisation_id, first)

    return visit.run(set_and_look)


def _month(uow: UnitOfWork, organisation_id: int, first: date) -> MonthView:
    """Raises: MonthNotKept."""
    month = next((m for m in service.months(uow, organisation_id) if m.month == first), None)
    if month is None:
        raise MonthNotKept(month=month_string(first))
    return MonthView(month=month_string(first), state=month.state)


routes = [
    list_months,
    get_month,
    list_period_changes,
    restrict_month,
    close_month,
    reopen_month,
    list_years,
    close_year,
    reopen_year,
]
