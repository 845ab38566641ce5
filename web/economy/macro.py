"""Series of drivers on their pages: what is published, of which day and how sure, and what is expected here."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from api.problems import status_of
from api.security import Visitor
from erp.base.clock import today
from erp.base.errors import DomainError, Invalid, RuleViolated
from erp.base.i18n import N_
from erp.base.money import parse_scaled
from erp.base.uow import UnitOfWork
from erp.economy.macro import service
from erp.economy.macro.model import Series
from erp.economy.macro.schemas import ExpectSeries
from erp.reference.access.model import Permission
from erp.reference.organisations.model import Organisation
from ledger.errors import LedgerError
from web.faults import Refusal, fault_sheet
from web.forms import tidy
from web.i18n import Speech, number, speech
from web.pages import Ask, Id, organisation_at, query_of, render, visit_of
from web.session import Sent
from web.tables.download import FORMATS, about, download
from web.tables.model import About, Column, Kind, Row, Table
from web.timeline import History, history

_READ = {"policy": Permission.PLAN_READ}
_EDIT = {"policy": Permission.PLAN_EDIT}
_REFUSED = (DomainError, LedgerError)
_YEARS_SHOWN = 8
_YEARS_ASKED = 5
_PLACES = 4

CONFIDENCE = {
    "verified": N_("read in the source"),
    "high": N_("agrees with several reports"),
    "medium": N_("not verified"),
    "low": N_("not verified"),
    "own": N_("said here"),
}


class ValueWanted(RuleViolated):
    code = "series-value-wanted"
    template = N_("Give the value of one year at least.")


class SourceWanted(RuleViolated):
    code = "series-source-wanted"
    template = N_("Say where the figures come from: three letters at least, 500 at most.")


MEASURES = (
    N_("USD/bbl"), N_("KZT/USD"), N_("KZT/month"), N_("KZT"), N_("bn KZT"), N_("trn KZT"), N_("bn USD"), N_("people")
)  # fmt: skip
"""Units of series as the language of formulas writes them; people read them in their own."""


@get("/o/{organisation_id:int}/drivers", opt=_READ, sync_to_thread=True)
def drivers(request: Ask, visit: Visitor, organisation_id: Id) -> Response[Any]:
    say = speech(visit.language)
    form = query_of(request).get("as", "")
    if form in FORMATS:

        def table(uow: UnitOfWork) -> tuple[Table, About]:
            return _table(service.series(uow, organisation_id), say), about(visit, organisation_at(uow), "drivers")

        return download(visit, form, table)
    organisation, series = visit.read(lambda uow: (organisation_at(uow), service.series(uow, organisation_id)))
    years = sorted({year for each in series for year in each.latest})[-_YEARS_SHOWN:]
    return render(
        request,
        "drivers/list.html",
        organisation=organisation,
        section="drivers",
        series=series,
        years=years,
        number=number,
    )


@get("/o/{organisation_id:int}/drivers/{series:str}", opt=_READ, sync_to_thread=True)
def driver(request: Ask, visit: Visitor, organisation_id: Id, series: FromPath[str]) -> Response[str]:
    return _page(request, organisation_id, series, {})


def _page(
    request: Ask, organisation_id: int, code: str, typed: Mapping[str, str], refusal: Refusal | None = None
) -> Response[str]:
    visit = visit_of(request)

    def read(uow: UnitOfWork) -> tuple[Organisation, Series, History]:
        past = history(request, uow, f"/o/{organisation_id}/drivers/{code}", f"series:{organisation_id}/{code}")
        return organisation_at(uow), service.one(uow, organisation_id, code), past

    organisation, found, past = visit.read(read)
    sheet = fault_sheet(refusal, visit.language)
    return render(
        request,
        "drivers/series.html",
        organisation=organisation,
        status=status_of(refusal) if refusal else 200,
        section="drivers",
        series=found,
        values=sorted(found.values, key=lambda each: (-each.year, -each.vintage.toordinal(), not each.is_own)),
        counts={(each.year, each.vintage, each.said_at) for each in found.latest.values()},
        asked=_asked(),
        typed=typed,
        faults=sheet.by_field,
        summary=sheet.summary,
        number=number,
        confidence=CONFIDENCE,
        history=past,
    )


@post("/o/{organisation_id:int}/drivers/{series:str}", opt=_EDIT, sync_to_thread=True)
def expect(request: Ask, visit: Visitor, organisation_id: Id, series: FromPath[str], data: Sent) -> Response[Any]:
    typed = {name: tidy(text) for name, text in data.items()}
    try:
        command = _command(typed)
        visit.run(lambda uow: service.expect(uow, organisation_id, series, command))
    except _REFUSED as refusal:
        return _page(request, organisation_id, series, typed, refusal)
    return Redirect(f"/o/{organisation_id}/drivers/{series}", status_code=303)


def _asked() -> range:
    """Years that the form asks for."""
    return range(today().year, today().year + _YEARS_ASKED)


def _command(typed: Mapping[str, str]) -> ExpectSeries:
    """Raises: Invalid."""
    faults: dict[str, Exception] = {}
    values: dict[int, Decimal] = {}
    for year in _asked():
        if text := typed.get(f"year-{year}", ""):
            try:
                values[year] = Decimal(parse_scaled(text, _PLACES)) / 10**_PLACES
            except RuleViolated as fault:
                faults[f"year-{year}"] = fault
    if not values and not faults:
        faults[f"year-{_asked()[0]}"] = ValueWanted()
    source = typed.get("source", "")
    if not 3 <= len(source) <= 500:
        faults["source"] = SourceWanted()
    if faults:
        raise Invalid(faults)
    return ExpectSeries(values=values, source=source)


def _table(series: list[Series], say: Speech) -> Table:
    """Every value of every vintage."""
    columns = [
        Column(say(N_("Series")), width=30),
        Column(say(N_("Name")), width=44),
        Column(say(N_("Unit"))),
        Column(say(N_("Year")), Kind.COUNT),
        Column(say(N_("As of")), Kind.DAY),
        Column(say(N_("Value"))),
        Column(say(N_("How sure")), width=24),
        Column(say(N_("Source")), width=60),
    ]
    language = say.language.value
    rows = [
        Row(
            [
                each.code,
                each.name(language),
                say(each.unit),
                value.year,
                value.vintage,
                number(value.value),
                say(CONFIDENCE[value.confidence]),
                value.source,
            ]
        )
        for each in series
        for value in each.values
    ]
    return Table(say(N_("Drivers")), columns, rows)


routes = [drivers, driver, expect]
