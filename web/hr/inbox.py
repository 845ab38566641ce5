"""The inbox of who decides on absences, and a request as who asked for it sees it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect
from pydantic import BaseModel

from api.hr.desks import DECIDE, SELF, consequences_of
from api.problems import status_of
from api.security import Visitor
from erp.base.clock import today
from erp.base.dates import DaySpan, day_string, parse_day
from erp.base.errors import DomainError, Invalid
from erp.base.i18n import N_
from erp.base.uow import UnitOfWork
from erp.hr.requests import rules, service
from erp.hr.requests.consequences import Consequences
from erp.hr.requests.model import (
    WAITING,
    Consent,
    Decision,
    Kind,
    Page,
    Recall,
    Request,
    RequestFilter,
    RequestRow,
    RequestView,
    State,
    Stray,
)
from erp.hr.trips import service as trips
from erp.hr.trips.schemas import TripShown
from erp.reference.organisations.model import Organisation
from ledger.errors import LedgerError
from web import lists
from web.faults import Refusal, fault_sheet
from web.forms import number_typed, tidy
from web.i18n import speech
from web.pages import Ask, Id, organisation_at, own_address, query_of, render, visit_of
from web.session import Choice, Sent, choice_in, remember
from web.tables.download import FORMATS, about, download
from web.tables.model import About, Table

_REFUSED = (DomainError, LedgerError)

KINDS = {Kind.LEAVE: N_("leave"), Kind.TRIP: N_("business trip")}
STATES = {
    State.SUBMITTED: N_("waits for a decision"),
    State.RETURNED: N_("is returned"),
    State.WITHDRAWN: N_("is withdrawn"),
    State.APPROVED: N_("is approved"),
    State.RECALLED: N_("is recalled early"),
    State.CANCELLED: N_("is cancelled"),
}
ACTS = {
    State.SUBMITTED: N_("Sent"),
    State.RETURNED: N_("Sent back"),
    State.WITHDRAWN: N_("Withdrawn"),
    State.APPROVED: N_("Approved"),
    State.RECALLED: N_("Recalled"),
    State.CANCELLED: N_("Cancelled"),
}
FACTS = {Kind.LEAVE: "leave/_facts.html", Kind.TRIP: "trips/_facts.html"}
"""How what a kind says of a request is shown."""
CHANGES = {Kind.LEAVE: "leave", Kind.TRIP: "trips"}
"""Where a request is changed, below the organisation's address."""


# ------------------------------------------------------------------------------------------------ list


MINE, ALL = "", "all"
"""What the list may be narrowed to beside a state: what waits at one's desk, everything."""


@dataclass(frozen=True)
class Asked:
    """What the list is narrowed to, as the address says it."""

    state: str
    kind: str

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Asked":
        return cls(query.get("state", MINE), query.get("kind", ""))

    def narrowed(self) -> RequestFilter:
        kind = Kind(self.kind) if self.kind in set(Kind) else None
        if self.state in set(State):
            return RequestFilter((State(self.state),), kind)
        if self.state == ALL:
            return RequestFilter(tuple(State), kind)
        if self.state == "waiting":
            return RequestFilter(WAITING, kind)
        return RequestFilter((State.SUBMITTED,), kind, at_desk=True)

    def address(self, path: str, cursor: str | None) -> str:
        return f"{path}?state={self.state}&kind={self.kind}&cursor={cursor}" if cursor else ""


@get("/o/{organisation_id:int}/inbox", opt=DECIDE, sync_to_thread=True)
def inbox(request: Ask, visit: Visitor, organisation_id: Id) -> Response[Any]:
    query = query_of(request)
    asked = Asked.of(query)
    narrowed = asked.narrowed()

    def whole(uow: UnitOfWork) -> tuple[Table, About]:
        say = speech(visit.language)

        def page(cursor: str | None) -> tuple[Sequence[tuple[RequestRow, str]], str | None]:
            found = service.requests(uow, organisation_id, narrowed, cursor)
            return [(row, found.names.get(row.person_id, "")) for row in found.rows], found.next_cursor

        rows = lists.every(page)
        table = lists.requests(rows, lambda row: (say(KINDS[row.kind]), say(STATES[row.state])), say)
        return table, about(visit, organisation_at(uow), "inbox")

    if query.get("as") in FORMATS:
        return download(visit, query["as"], whole)

    def show(uow: UnitOfWork) -> tuple[Organisation, Page, int]:
        found = service.requests(uow, organisation_id, narrowed, query.get("cursor"))
        return organisation_at(uow), found, trips.reports_waiting(uow, organisation_id)

    organisation, found, reports = visit.read(show)
    return render(
        request,
        "inbox/list.html",
        organisation=organisation,
        section="inbox",
        asked=asked,
        rows=found.rows,
        reports=reports,
        names=found.names,
        kinds=KINDS,
        states=STATES,
        next_url=asked.address(request.url.path, found.next_cursor),
    )


# ------------------------------------------------------------------------------------------------ one, decided on


@dataclass(frozen=True)
class RecallForm:
    """From which day somebody is called back, why, when and by what paper they agreed, and whether days are over."""

    since: str = ""
    reason: str = ""
    consent_on: str = ""
    document: str = ""
    correction: str = ""

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> "RecallForm":
        return cls(*(tidy(sent.get(name, "")) for name in cls.__dataclass_fields__))

    def content(self) -> Recall:
        """Raises: Invalid."""
        read: dict[str, date] = {}
        faults: dict[str, Exception] = {}
        for name in ("since", *(["consent_on"] if self.consent_on or self.document else [])):
            try:
                read[name] = parse_day(getattr(self, name))
            except DomainError as fault:
                faults[name] = fault
        if faults:
            raise Invalid(faults)
        consent = Consent(read["consent_on"], self.document) if "consent_on" in read else None
        return Recall(read["since"], self.reason, consent, self.correction == "on")


@get("/o/{organisation_id:int}/inbox/{request_id:int}", opt=DECIDE, sync_to_thread=True)
def decided_request(request: Ask, visit: Visitor, organisation_id: Id, request_id: Id) -> Response[str]:
    return _desk_page(request, organisation_id, request_id)


@post("/o/{organisation_id:int}/inbox/{request_id:int}/approve", opt=DECIDE, sync_to_thread=True)
def approve(request: Ask, visit: Visitor, organisation_id: Id, request_id: Id, data: Sent) -> Response[Any]:
    version, consequences = version_typed(data), consequences_of(request)

    def decide(uow: UnitOfWork) -> Request:
        return service.decide(uow, organisation_id, request_id, version, Decision.APPROVE, consequences=consequences)

    return _done(request, organisation_id, request_id, decide)


@post("/o/{organisation_id:int}/inbox/{request_id:int}/return", opt=DECIDE, sync_to_thread=True)
def return_request(request: Ask, visit: Visitor, organisation_id: Id, request_id: Id, data: Sent) -> Response[Any]:
    version, reason, consequences = version_typed(data), tidy(data.get("reason", "")), consequences_of(request)
    if choice := choice_in(data):
        remember(visit, choice)
        return _desk_page(request, organisation_id, request_id, reason=reason, choice=choice)

    def decide(uow: UnitOfWork) -> Request:
        return service.decide(
            uow, organisation_id, request_id, version, Decision.RETURN, reason, consequences=consequences
        )

    return _done(request, organisation_id, request_id, decide, reason=reason)


@post("/o/{organisation_id:int}/inbox/{request_id:int}/recall", opt=DECIDE, sync_to_thread=True)
def recall(request: Ask, visit: Visitor, organisation_id: Id, request_id: Id, data: Sent) -> Response[Any]:
    version, form, consequences = version_typed(data), RecallForm.of(data), consequences_of(request)
    if choice := choice_in(data):
        remember(visit, choice)
        return _desk_page(request, organisation_id, request_id, form=form, choice=choice)

    def call_back(uow: UnitOfWork) -> Request:
        return service.recall(uow, organisation_id, request_id, version, form.content(), consequences=consequences)

    return _done(request, organisation_id, request_id, call_back, form=form)


def _done(
    request: Ask, organisation_id: int, request_id: int, act: Callable[[UnitOfWork], Request], **typed: Any
) -> Response[Any]:
    """Do it and show what became of it; where it is refused, the page comes back."""
    try:
        visit_of(request).run(act)
    except _REFUSED as refusal:
        return _desk_page(request, organisation_id, request_id, refusal=refusal, **typed)
    return Redirect(f"/o/{organisation_id}/inbox/{request_id}?decided=1", status_code=303)


@dataclass(frozen=True)
class Looked:
    """What the page of a request is made of."""

    organisation: Organisation
    shown: RequestView
    facts: BaseModel
    away: list[tuple[str, DaySpan]]
    """Colleagues of the same unit who are away on some of the days."""
    strays: list[Stray]
    """Days of it on which the person does not serve."""

    @classmethod
    def of(cls, uow: UnitOfWork, organisation_id: int, request_id: int, consequences: Consequences) -> "Looked":
        shown = service.view(uow, organisation_id, request_id)
        of = shown.request
        team = service.team(uow, organisation_id, of.person_id, of.days.first)
        away = [(team[each.person_id], each.days) for each in service.availability(uow, organisation_id, of.days, team)]
        strays = [
            each
            for each in service.outside_service(uow, organisation_id, [of.person_id])
            if each.absence.request_id == of.id
        ]
        return cls(organisation_at(uow), shown, consequences[of.kind].facts(uow, of), away, strays)


def _desk_page(
    request: Ask,
    organisation_id: int,
    request_id: int,
    *,
    refusal: Refusal | None = None,
    reason: str = "",
    form: RecallForm | None = None,
    choice: Choice | None = None,
) -> Response[str]:
    visit, chosen, home = visit_of(request), choice or Choice(), f"/o/{organisation_id}/"
    consequences = consequences_of(request)
    looked = visit.read(lambda uow: Looked.of(uow, organisation_id, request_id, consequences))
    shown, of = looked.shown, looked.shown.request
    sheet = fault_sheet(refusal, chosen.language or visit.language)
    recalls = shown.decides and of.state.is_in_force
    decides = shown.decides and of.state is State.SUBMITTED
    return render(
        request,
        "inbox/request.html",
        organisation=looked.organisation,
        status=status_of(refusal) if refusal else 200,
        language=chosen.language,
        theme=chosen.theme,
        cookies=chosen.cookies(request),
        section="inbox",
        form_id="absence" if decides or recalls else "",
        form_default="act" if decides or recalls else "",
        **_told(looked),
        decides=decides,
        recalls=recalls,
        decided="decided" in request.query_params,
        back=own_address(request.query_params.get("back", ""), under=home, otherwise=f"{home}inbox"),
        reason=reason,
        recalling=form is not None,
        form=form or RecallForm(day_string(day) if (day := _recall_day(looked)) else ""),
        faults=sheet.by_field,
        summary=sheet.summary,
    )


def _told(looked: Looked) -> dict[str, Any]:
    """What both pages of a request show of it."""
    shown, of = looked.shown, looked.shown.request
    return {
        "shown": shown,
        "of": of,
        "days": (of.days.end - of.days.first).days,
        "facts": looked.facts,
        "facts_template": FACTS[of.kind],
        "away": looked.away,
        "strays": looked.strays,
        "kinds": KINDS,
        "states": STATES,
        "acts": ACTS,
    }


def _recall_day(looked: Looked) -> date | None:
    """Where the person serves no more, or else tomorrow; none of an absence to come, which it would cancel whole."""
    days = looked.shown.request.days
    ended = next((each.recall_from for each in looked.strays if each.recall_from), None)
    tomorrow = today() + timedelta(days=1)
    return ended or (None if tomorrow <= days.first else min(tomorrow, days.last))


def version_typed(data: Mapping[str, str]) -> int:
    """Number of the last act that the page showed; one that cannot be read is none that is there."""
    found = number_typed(data.get("version", ""))
    return -1 if found is None else found


# ------------------------------------------------------------------------------------------------ one's own


@get("/o/{organisation_id:int}/requests/{request_id:int}", opt=SELF, sync_to_thread=True)
def own_request(request: Ask, visit: Visitor, organisation_id: Id, request_id: Id) -> Response[str]:
    return _own_page(request, organisation_id, request_id)


@post("/o/{organisation_id:int}/requests/{request_id:int}/withdraw", opt=SELF, sync_to_thread=True)
def withdraw(request: Ask, visit: Visitor, organisation_id: Id, request_id: Id, data: Sent) -> Response[Any]:
    version = version_typed(data)
    try:
        visit.run(lambda uow: service.withdraw(uow, organisation_id, request_id, version))
    except _REFUSED as refusal:
        return _own_page(request, organisation_id, request_id, refusal)
    return Redirect(f"/o/{organisation_id}/requests/{request_id}", status_code=303)


def _own_page(request: Ask, organisation_id: int, request_id: int, refusal: Refusal | None = None) -> Response[str]:
    visit, home = visit_of(request), f"/o/{organisation_id}/"
    consequences = consequences_of(request)
    looked = visit.read(lambda uow: Looked.of(uow, organisation_id, request_id, consequences))
    of = looked.shown.request
    return render(
        request,
        "inbox/own.html",
        organisation=looked.organisation,
        status=status_of(refusal) if refusal else 200,
        section=CHANGES[of.kind],
        **_told(looked),
        may_withdraw=of.state in rules.FROM[State.WITHDRAWN],
        may_change=not (isinstance(looked.facts, TripShown) and looked.facts.has_begun),
        change_url=f"{home}{CHANGES[of.kind]}/new?request={of.id}",
        sent="sent" in request.query_params,
        back=own_address(request.query_params.get("back", ""), under=home, otherwise=f"{home}{CHANGES[of.kind]}"),
        summary=fault_sheet(refusal, visit.language).summary,
    )


routes = [inbox, decided_request, approve, return_request, recall, own_request, withdraw]
