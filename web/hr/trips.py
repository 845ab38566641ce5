"""Business trips on their pages: asked for, sent by human resources, reported on, the report decided on.

Three people look at a trip, each from an address of their own: who makes it (``trips``), who keeps the records of staff
(``trips/staff``), and who decides on its report (``trips/reports``).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, ClassVar
from uuid import uuid4

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.response import Redirect

from api.finance.papers import file_response
from api.hr.desks import DECIDE, KEEP, READ, SELF, settlements_of
from api.problems import status_of
from api.security import Visitor
from erp.base.clock import today
from erp.base.dates import day_string
from erp.base.errors import DomainError, Invalid
from erp.base.i18n import N_
from erp.base.uow import UnitOfWork
from erp.hr.contracts.ports import SettlementPort
from erp.hr.personnel import service as personnel
from erp.hr.personnel.model import PersonRow
from erp.hr.requests import service as requests
from erp.hr.requests.model import RequestView, State
from erp.hr.trips import rules, service
from erp.hr.trips.model import HOME, CostKind, Estimate, Facts, Leg, ReportLine, ReportState, TripPage, TripRow, Waiting
from erp.hr.trips.schemas import AskTrip, EstimateView, HandIn, SendAdvance, TripAsked, TripShown
from erp.reference.attachments.model import Attachment
from erp.reference.organisations.model import Organisation
from ledger.errors import LedgerError
from web import lists
from web.faults import Refusal, fault_sheet
from web.forms import Empty, kept_day, key_typed, made, number_typed, tidy
from web.hr.inbox import ACTS, STATES, version_typed
from web.i18n import money, speech
from web.pages import Ask, Id, organisation_at, query_of, render, visit_of
from web.papers import TAKEN, Uploaded, checked
from web.session import Choice, Sent, choice_in, remember
from web.tables.download import FORMATS, about, download
from web.tables.model import About, Table

_REFUSED = (DomainError, LedgerError)
_FOUND = 20

REPORTS = {
    ReportState.NONE: N_("not handed in"),
    ReportState.SUBMITTED: N_("waits for approval"),
    ReportState.RETURNED: N_("report returned"),
    ReportState.APPROVED: N_("report approved"),
}


# ------------------------------------------------------------------------------------------------ what is typed


@dataclass(frozen=True)
class LegTyped:
    """A way as typed."""

    from_place: str = ""
    to_place: str = ""
    country: str = HOME
    place_class: str = ""
    departs_on: str = ""
    arrives_on: str = ""
    transport: str = "rail"
    fare: str = ""
    night: str = ""

    @classmethod
    def of(cls, leg: Leg) -> "LegTyped":
        return cls(
            leg.from_place,
            leg.to_place,
            leg.country,
            leg.place_class.value if leg.place_class else "",
            day_string(leg.departs_on),
            day_string(leg.arrives_on),
            leg.transport.value,
            money(leg.fare_tiyn) if leg.fare_tiyn else "",
            money(leg.night_tiyn) if leg.night_tiyn else "",
        )


@dataclass(frozen=True)
class TripForm:
    """The form of a trip as typed; ``key`` makes a second sending of it harmless."""

    key: str
    purpose: str = ""
    host: str = ""
    comes_home: str = ""
    advance: str = ""
    ground: str = ""
    belated: str = ""
    version: str = ""
    legs: tuple[LegTyped, ...] = (LegTyped(), LegTyped())

    _SAID: ClassVar = ("purpose", "host", "comes_home", "advance", "ground", "belated")

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> "TripForm":
        said = {name: tidy(sent.get(name, "")) for name in cls._SAID}
        legs = tuple(
            LegTyped(**{name: fields.get(name, "") for name in LegTyped.__dataclass_fields__})
            for fields in _numbered(sent, "legs")
        )
        return cls(sent.get("key", ""), version=sent.get("version", ""), legs=legs or (LegTyped(),), **said)

    @classmethod
    def of_facts(cls, facts: Facts, version: int) -> "TripForm":
        return cls(
            str(uuid4()),
            facts.purpose,
            facts.host,
            "on" if facts.comes_home else "",
            money(facts.advance_tiyn) if facts.advance_tiyn else "",
            facts.ground,
            facts.belated,
            str(version),
            tuple(map(LegTyped.of, facts.legs)),
        )

    def led_on(self) -> "TripForm":
        """Where a way does not say where it begins, it begins where the one before ends; the last leads home."""
        legs = list(self.legs)
        for place in range(1, len(legs)):
            if not legs[place].from_place:
                legs[place] = replace(legs[place], from_place=legs[place - 1].to_place)
        if len(legs) > 1 and not legs[-1].to_place:
            legs[-1] = replace(legs[-1], to_place=legs[0].from_place)
        return replace(self, legs=tuple(legs))

    def with_leg(self) -> "TripForm":
        """Raises: Invalid, where there is no room for another."""
        rules.require_room(len(self.legs) + 1, rules.MOST_LEGS, "legs", rules.LegsTooMany)
        return replace(self, legs=(*self.legs, LegTyped()))

    def without_leg(self, place: int) -> "TripForm":
        kept = (*self.legs[:place], *self.legs[place + 1 :])
        return replace(self, legs=kept or (LegTyped(),))

    def asked(self, person_id: int | None = None) -> AskTrip:
        """Raises: Invalid, with every field that cannot be read; KeyDamaged."""
        rules.require_room(len(self.legs), rules.MOST_LEGS, "legs", rules.LegsTooMany)
        faults: dict[str, Exception] = {}
        legs = []
        for place, leg in enumerate(self.legs):
            days = {name: _day(getattr(leg, name)) for name in ("departs_on", "arrives_on")}
            faults |= {f"legs.{place}.{name}": day for name, day in days.items() if isinstance(day, Exception)}
            blank = {name: Empty() for name in ("from_place", "to_place") if not getattr(leg, name)}
            faults |= {f"legs.{place}.{name}": fault for name, fault in blank.items()}
            legs.append(
                {
                    name: getattr(leg, name)
                    for name in ("from_place", "to_place", "country", "transport", "fare", "night")
                }
                | {name: day for name, day in days.items() if isinstance(day, date)}
                | {"place_class": leg.place_class or None}
            )
        if not self.purpose:
            faults["purpose"] = Empty()
        if faults:
            raise Invalid(faults)
        content = {
            "key": key_typed(self.key),
            "person_id": person_id,
            "purpose": self.purpose,
            "host": self.host,
            "legs": legs,
            "comes_home": self.comes_home == "on",
            "advance": self.advance,
            "ground": self.ground,
            "belated": self.belated,
        }
        return made(AskTrip, content)


@dataclass(frozen=True)
class LineTyped:
    """A cost as typed."""

    kind: str = "fare"
    on: str = ""
    what: str = ""
    paper: str = ""
    abroad: str = ""
    amount: str = ""

    @classmethod
    def of(cls, line: ReportLine) -> "LineTyped":
        abroad = "on" if line.abroad else ""
        return cls(line.kind.value, day_string(line.on), line.what, line.paper, abroad, money(line.amount_tiyn))

    @property
    def is_blank(self) -> bool:
        return not (self.what or self.paper or self.amount)


@dataclass(frozen=True)
class ReportForm:
    """The advance report as typed."""

    version: str
    result: str = ""
    lines: tuple[LineTyped, ...] = ()

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> "ReportForm":
        lines = tuple(
            LineTyped(**{name: fields.get(name, "") for name in LineTyped.__dataclass_fields__})
            for fields in _numbered(sent, "lines")
        )
        return cls(sent.get("version", ""), tidy(sent.get("result", "")), lines)

    @classmethod
    def begun(cls, version: int, result: str, lines: Sequence[ReportLine]) -> "ReportForm":
        return cls(str(version), result, tuple(map(LineTyped.of, lines)))

    def with_line(self) -> "ReportForm":
        """Raises: Invalid, where there is no room for another."""
        rules.require_room(len(self.lines) + 1, rules.MOST_LINES, "lines", rules.LinesTooMany)
        return replace(self, lines=(*self.lines, LineTyped()))

    def told(self) -> "ReportForm":
        """Without the rows in which nothing is told: faults are numbered as the rows that the page then shows."""
        return replace(self, lines=tuple(line for line in self.lines if not line.is_blank))

    def without_line(self, place: int) -> "ReportForm":
        return replace(self, lines=(*self.lines[:place], *self.lines[place + 1 :]))

    def command(self) -> HandIn:
        """Raises: Invalid."""
        rules.require_room(len(self.lines), rules.MOST_LINES, "lines", rules.LinesTooMany)
        faults: dict[str, Exception] = {}
        told = []
        for place, line in enumerate(self.lines):
            day = _day(line.on)
            if isinstance(day, Exception):
                faults[f"lines.{place}.on"] = day
            if not line.amount:
                faults[f"lines.{place}.amount"] = Empty()
            told.append(
                {name: getattr(line, name) for name in ("kind", "what", "paper", "amount")}
                | {"on": day, "abroad": line.abroad == "on"}
            )
        if faults:
            raise Invalid(faults)
        return made(HandIn, {"lines": told, "result": self.result})


def _numbered(sent: Mapping[str, str], prefix: str) -> list[dict[str, str]]:
    """Fields named ``legs.3.fare`` by their number, in the order of the numbers: every one that was sent."""
    found: dict[int, dict[str, str]] = {}
    for name, value in sent.items():
        first, _, rest = name.partition(".")
        number, _, inner = rest.partition(".")
        if first == prefix and (at := number_typed(number)) is not None:
            found.setdefault(at, {})[inner] = tidy(value)
    return [fields for _, fields in sorted(found.items())]


def _day(text: str) -> date | DomainError | LedgerError:
    """The day, or what is wrong with it."""
    if not text:
        return Empty()
    try:
        return kept_day(text)
    except _REFUSED as fault:
        return fault


# ------------------------------------------------------------------------------------------------ lists


@get("/o/{organisation_id:int}/trips", opt=SELF, sync_to_thread=True)
def own_trips(request: Ask, visit: Visitor, organisation_id: Id) -> Response[Any]:
    return _list(request, organisation_id, "own", Waiting.ALL)


@get("/o/{organisation_id:int}/trips/staff", opt=READ, sync_to_thread=True)
def staff_trips(request: Ask, visit: Visitor, organisation_id: Id) -> Response[Any]:
    asked = query_of(request).get("state", "")
    return _list(request, organisation_id, "staff", Waiting(asked) if asked in set(Waiting) else Waiting.ALL)


@get("/o/{organisation_id:int}/trips/reports", opt=DECIDE, sync_to_thread=True)
def reports(request: Ask, visit: Visitor, organisation_id: Id) -> Response[Any]:
    asked = query_of(request).get("state", "")
    return _list(request, organisation_id, "reports", Waiting.ALL if asked == "all" else Waiting.REPORT)


def _list(request: Ask, organisation_id: int, desk: str, narrowed: Waiting) -> Response[Any]:
    visit, query, port = visit_of(request), query_of(request), settlements_of(request)

    def person(uow: UnitOfWork) -> int | None:
        return requests.own_person(uow, organisation_id) if desk == "own" else None

    def whole(uow: UnitOfWork) -> tuple[Table, About]:
        say, who = speech(visit.language), person(uow)

        def page(cursor: str | None) -> tuple[Sequence[tuple[TripRow, str]], str | None]:
            found = service.trips(uow, organisation_id, port, narrowed, cursor, person_id=who)
            return [(row, found.people.get(row.person_id, "")) for row in found.rows], found.next_cursor

        def words(row: TripRow) -> tuple[str, str]:
            return say(STATES[row.state]), say(REPORTS[row.report]) if row.is_reported_on else ""

        return lists.trips(lists.every(page), words, say), about(visit, organisation_at(uow), "trips")

    if query.get("as") in FORMATS:
        return download(visit, query["as"], whole)

    def show(uow: UnitOfWork) -> tuple[Organisation, TripPage]:
        found = service.trips(uow, organisation_id, port, narrowed, query.get("cursor"), person_id=person(uow))
        return organisation_at(uow), found

    organisation, found = visit.read(show)
    state = f"state={narrowed.value}&" if desk != "own" else ""
    return render(
        request,
        "trips/list.html",
        organisation=organisation,
        section={"own": "trips", "staff": "trips/staff", "reports": "trips/reports"}[desk],
        by=desk,
        rows=found.rows,
        people=found.people,
        narrowed=narrowed,
        states=STATES,
        reports=REPORTS,
        next_url=f"{request.url.path}?{state}cursor={found.next_cursor}" if found.next_cursor else "",
    )


# ------------------------------------------------------------------------------------------------ ask


@get("/o/{organisation_id:int}/trips/new", opt=SELF, sync_to_thread=True)
def new_trip(request: Ask, visit: Visitor, organisation_id: Id) -> Response[str]:
    """An empty form, or that of a request to be changed."""
    wanted = number_typed(query_of(request).get("request", ""))
    if wanted is None:
        return _form(request, organisation_id, TripForm(str(uuid4())))
    return _to_change(request, organisation_id, wanted, "own")


def _to_change(request: Ask, organisation_id: int, wanted: int, desk: str) -> Response[str]:
    of = visit_of(request).read(lambda uow: service.trip(uow, organisation_id, wanted)).request
    form = TripForm.of_facts(service.trip_of(of).facts, of.version)
    return _form(request, organisation_id, form, person_id=of.person_id if desk == "staff" else None, of=of.id)


@post("/o/{organisation_id:int}/trips/new", opt=SELF, sync_to_thread=True)
def ask(request: Ask, visit: Visitor, organisation_id: Id, data: Sent) -> Response[Any]:
    return _ask(request, organisation_id, data)


@get("/o/{organisation_id:int}/trips/staff/new", opt=KEEP, sync_to_thread=True)
def new_staff_trip(request: Ask, visit: Visitor, organisation_id: Id) -> Response[str]:
    """Whom to send; once a person is chosen, the form.  Or that of somebody's request to be changed."""
    query = query_of(request)
    if (wanted := number_typed(query.get("request", ""))) is not None:
        return _to_change(request, organisation_id, wanted, "staff")
    chosen = number_typed(query.get("person", ""))
    if chosen is not None:
        return _form(request, organisation_id, TripForm(str(uuid4())), person_id=chosen)
    words = query.get("q", "")

    def look(uow: UnitOfWork) -> tuple[Organisation, tuple[PersonRow, ...]]:
        found = personnel.people_on(uow, organisation_id, today(), words=words, limit=_FOUND)
        return organisation_at(uow), found.rows

    organisation, found = visit.read(look)
    return render(
        request, "trips/whom.html", organisation=organisation, section="trips/staff", words=words, found=found
    )


@post("/o/{organisation_id:int}/trips/staff/new", opt=KEEP, sync_to_thread=True)
def send(request: Ask, visit: Visitor, organisation_id: Id, data: Sent) -> Response[Any]:
    chosen = number_typed(data.get("person", ""))
    if chosen is None:
        return Redirect(f"/o/{organisation_id}/trips/staff/new", status_code=303)
    return _ask(request, organisation_id, data, person_id=chosen)


def _ask(request: Ask, organisation_id: int, data: Mapping[str, str], person_id: int | None = None) -> Response[Any]:
    """Estimate what is typed, add or take away a way, or send it."""
    visit, do, form = visit_of(request), data.get("do", ""), TripForm.of(data).led_on()
    of = number_typed(data.get("of", ""))
    typed: dict[str, Any] = {"person_id": person_id, "of": of}
    if choice := choice_in(data):
        remember(visit, choice)
        return _form(request, organisation_id, form, choice=choice, **typed)
    if do == "add":
        try:
            return _form(request, organisation_id, form.with_leg().led_on(), **typed)
        except Invalid as refusal:
            return _form(request, organisation_id, form, refusal=refusal, **typed)
    if do.startswith("remove."):
        return _form(request, organisation_id, form.without_leg(number_typed(do.removeprefix("remove.")) or 0), **typed)
    port, found = settlements_of(request), None
    try:
        command = form.asked(person_id)
        if do != "send":
            found = visit.read(lambda uow: service.estimate(uow, command.facts))
            visit.read(lambda uow: service.require_ahead(uow, organisation_id, person_id, command.facts))
            return _form(request, organisation_id, form, found=found, **typed)
        if of is None:
            sent = visit.run(lambda uow: service.ask(uow, organisation_id, command, port))
        else:
            asked = TripAsked.model_validate(command.model_dump(exclude={"key", "person_id"}))
            seen, which = number_typed(form.version) or -1, of
            sent = visit.run(lambda uow: service.mend(uow, organisation_id, which, seen, asked, port))
    except _REFUSED as refusal:
        return _form(request, organisation_id, form, found=found, refusal=refusal, **typed)
    place = f"trips/staff/{sent.id}" if person_id else f"requests/{sent.id}?sent=1"
    return Redirect(f"/o/{organisation_id}/{place}", status_code=303)


def _form(
    request: Ask,
    organisation_id: int,
    form: TripForm,
    *,
    person_id: int | None = None,
    of: int | None = None,
    found: Estimate | None = None,
    refusal: Refusal | None = None,
    choice: Choice | None = None,
) -> Response[str]:
    visit, chosen = visit_of(request), choice or Choice()

    def look(uow: UnitOfWork) -> tuple[Organisation, str]:
        who = str(personnel.person(uow, organisation_id, person_id).name) if person_id else ""
        return organisation_at(uow), who

    organisation, who = visit.read(look)
    sheet = fault_sheet(refusal, chosen.language or visit.language)
    listed = f"/o/{organisation_id}/trips{'/staff' if person_id else ''}"
    return render(
        request,
        "trips/form.html",
        organisation=organisation,
        status=status_of(refusal) if refusal else 200,
        language=chosen.language,
        theme=chosen.theme,
        cookies=chosen.cookies(request),
        section="trips/staff" if person_id else "trips",
        form_id="trip",
        form_default="estimate",
        address=f"{listed}/new",
        back=listed if of is None else f"{listed}/{of}" if person_id else f"/o/{organisation_id}/requests/{of}",
        form=form,
        of=of,
        person_id=person_id,
        who=who,
        estimate=EstimateView.of(found) if found else None,
        home=HOME,
        faults=sheet.by_field,
        summary=sheet.summary,
    )


# ------------------------------------------------------------------------------------------------ one of them


@dataclass(frozen=True)
class Looked:
    """A trip as each of its pages shows it."""

    organisation: Organisation
    shown: RequestView
    facts: TripShown
    papers: list[Attachment]

    @classmethod
    def of(cls, uow: UnitOfWork, organisation_id: int, request_id: int, port: SettlementPort) -> "Looked":
        shown = service.trip(uow, organisation_id, request_id)
        return cls(
            organisation_at(uow),
            shown,
            service.shown(uow, shown.request, port),
            service.papers(uow, organisation_id, request_id),
        )


@get("/o/{organisation_id:int}/trips/staff/{request_id:int}", opt=READ, sync_to_thread=True)
def staff_trip(request: Ask, visit: Visitor, organisation_id: Id, request_id: Id) -> Response[str]:
    return _page(request, organisation_id, request_id, "staff")


@post("/o/{organisation_id:int}/trips/staff/{request_id:int}/withdraw", opt=KEEP, sync_to_thread=True)
def withdraw_for(request: Ask, visit: Visitor, organisation_id: Id, request_id: Id, data: Sent) -> Response[Any]:
    """Take back what somebody asked for and nobody approved yet."""
    version = version_typed(data)
    try:
        visit.run(lambda uow: service.withdraw(uow, organisation_id, request_id, version))
    except _REFUSED as refusal:
        return _page(request, organisation_id, request_id, "staff", refusal=refusal)
    return Redirect(f"/o/{organisation_id}/trips/staff/{request_id}", status_code=303)


@get("/o/{organisation_id:int}/trips/reports/{request_id:int}", opt=DECIDE, sync_to_thread=True)
def decided_report(request: Ask, visit: Visitor, organisation_id: Id, request_id: Id) -> Response[str]:
    return _page(request, organisation_id, request_id, "reports")


@post("/o/{organisation_id:int}/trips/reports/{request_id:int}/approve", opt=DECIDE, sync_to_thread=True)
def approve(request: Ask, visit: Visitor, organisation_id: Id, request_id: Id, data: Sent) -> Response[Any]:
    version, port = version_typed(data), settlements_of(request)
    return _decide(
        request,
        organisation_id,
        request_id,
        lambda uow: service.approve_report(uow, organisation_id, request_id, version, port),
    )


@post("/o/{organisation_id:int}/trips/reports/{request_id:int}/return", opt=DECIDE, sync_to_thread=True)
def send_back(request: Ask, visit: Visitor, organisation_id: Id, request_id: Id, data: Sent) -> Response[Any]:
    version, reason, port = version_typed(data), tidy(data.get("reason", "")), settlements_of(request)
    if choice := choice_in(data):
        remember(visit, choice)
        return _page(request, organisation_id, request_id, "reports", reason=reason, choice=choice)
    return _decide(
        request,
        organisation_id,
        request_id,
        lambda uow: service.return_report(uow, organisation_id, request_id, version, reason, port),
        reason,
    )


@post("/o/{organisation_id:int}/trips/reports/{request_id:int}/advance", opt=DECIDE, sync_to_thread=True)
def send_advance(request: Ask, visit: Visitor, organisation_id: Id, request_id: Id, data: Sent) -> Response[Any]:
    """Send an advance that the accountant declined anew."""
    amount, port = tidy(data.get("amount", "")), settlements_of(request)
    if choice := choice_in(data):
        remember(visit, choice)
        return _page(request, organisation_id, request_id, "reports", amount=amount, choice=choice)
    try:
        command = made(SendAdvance, {"sent": max(number_typed(data.get("sent", "")) or 1, 1), "amount": amount})
        visit.run(lambda uow: service.send_advance(uow, organisation_id, request_id, command, port))
    except _REFUSED as refusal:
        return _page(request, organisation_id, request_id, "reports", refusal=refusal, amount=amount)
    return Redirect(f"/o/{organisation_id}/trips/reports/{request_id}?decided=1", status_code=303)


def _decide(
    request: Ask, organisation_id: int, request_id: int, act: Callable[[UnitOfWork], object], reason: str = ""
) -> Response[Any]:
    try:
        visit_of(request).run(act)
    except _REFUSED as refusal:
        return _page(request, organisation_id, request_id, "reports", refusal=refusal, reason=reason)
    return Redirect(f"/o/{organisation_id}/trips/reports/{request_id}?decided=1", status_code=303)


def _page(
    request: Ask,
    organisation_id: int,
    request_id: int,
    desk: str,
    *,
    refusal: Refusal | None = None,
    reason: str = "",
    amount: str | None = None,
    choice: Choice | None = None,
) -> Response[str]:
    visit, chosen, port = visit_of(request), choice or Choice(), settlements_of(request)
    looked = visit.read(lambda uow: Looked.of(uow, organisation_id, request_id, port))
    report = looked.facts.report
    sheet = fault_sheet(refusal, chosen.language or visit.language)
    decides = desk == "reports" and looked.shown.decides and not looked.shown.is_own
    returns, sends = looked.facts.may_be_returned, looked.facts.advance_may_be_sent
    form = "report" if decides and returns else "advance" if decides and sends else ""
    return render(
        request,
        "trips/trip.html",
        organisation=looked.organisation,
        status=status_of(refusal) if refusal else 200,
        language=chosen.language,
        theme=chosen.theme,
        cookies=chosen.cookies(request),
        section=f"trips/{desk}",
        form_id=form,
        form_default="act" if form else "",
        by=desk,
        address=f"/o/{organisation_id}/trips/{desk}/{request_id}",
        shown=looked.shown,
        of=looked.shown.request,
        facts=looked.facts,
        papers=looked.papers,
        acts=ACTS,
        states=STATES,
        reports=REPORTS,
        decides=decides,
        returns=returns,
        sends=sends,
        amount=money(looked.facts.advance_asked) if amount is None else amount,
        reportable=_reportable(looked.shown) and report.state not in rules.IN_HAND,
        decided="decided" in request.query_params,
        reason=reason,
        faults=sheet.by_field,
        summary=sheet.summary,
    )


def _reportable(shown: RequestView) -> bool:
    of = shown.request
    return of.state is State.CANCELLED or (of.state.is_in_force and of.days.first <= today())


# ------------------------------------------------------------------------------------------------ the report is written


@get("/o/{organisation_id:int}/trips/{request_id:int}/report", opt=SELF, sync_to_thread=True)
def report_page(request: Ask, visit: Visitor, organisation_id: Id, request_id: Id) -> Response[str]:
    return _report(request, organisation_id, request_id, "own")


@post("/o/{organisation_id:int}/trips/{request_id:int}/report", opt=SELF, sync_to_thread=True)
def write_report(request: Ask, visit: Visitor, organisation_id: Id, request_id: Id, data: Uploaded) -> Response[Any]:
    return _write(request, organisation_id, request_id, "own", data)


@get("/o/{organisation_id:int}/trips/staff/{request_id:int}/report", opt=KEEP, sync_to_thread=True)
def staff_report_page(request: Ask, visit: Visitor, organisation_id: Id, request_id: Id) -> Response[str]:
    return _report(request, organisation_id, request_id, "staff")


@post("/o/{organisation_id:int}/trips/staff/{request_id:int}/report", opt=KEEP, sync_to_thread=True)
def write_staff_report(
    request: Ask, visit: Visitor, organisation_id: Id, request_id: Id, data: Uploaded
) -> Response[Any]:
    return _write(request, organisation_id, request_id, "staff", data)


def _write(request: Ask, organisation_id: int, request_id: int, desk: str, data: Mapping[str, Any]) -> Response[Any]:
    """Attach or take off a paper, add or take away a line, or hand the report in.

    A paper that is chosen in the form is kept also where the report has a fault: the browser forgets the choice.
    """
    visit, sent = visit_of(request), {name: value for name, value in data.items() if isinstance(value, str)}
    do, form = sent.get("do", ""), ReportForm.of(sent)
    if choice := choice_in(sent):
        remember(visit, choice)
        return _report(request, organisation_id, request_id, desk, form=form, choice=choice)
    if do == "add":
        try:
            return _report(request, organisation_id, request_id, desk, form=form.with_line())
        except Invalid as refusal:
            return _report(request, organisation_id, request_id, desk, form=form, refusal=refusal)
    if do.startswith("remove."):
        removed = form.without_line(number_typed(do.removeprefix("remove.")) or 0)
        return _report(request, organisation_id, request_id, desk, form=removed)
    seen, is_sent = version_typed(sent), do == "send"
    form = form.told() if is_sent else form
    try:
        if do.startswith("file."):
            paper = number_typed(do.removeprefix("file.")) or 0
            visit.run(lambda uow: service.remove_paper(uow, organisation_id, request_id, paper))
        elif not is_sent or _is_chosen(data.get("file")):
            file = checked(request, data.get("file"))
            visit.run(lambda uow: service.attach(uow, organisation_id, request_id, file))
        if not is_sent:
            return _report(request, organisation_id, request_id, desk, form=form)
        visit.run(lambda uow: service.hand_in(uow, organisation_id, request_id, seen, form.command()))
    except _REFUSED as refusal:
        return _report(request, organisation_id, request_id, desk, form=form, refusal=refusal)
    place = f"trips/staff/{request_id}" if desk == "staff" else f"requests/{request_id}"
    return Redirect(f"/o/{organisation_id}/{place}", status_code=303)


def _is_chosen(file: object) -> bool:
    return isinstance(file, UploadFile) and bool(file.filename)


def _report(
    request: Ask,
    organisation_id: int,
    request_id: int,
    desk: str,
    *,
    form: ReportForm | None = None,
    refusal: Refusal | None = None,
    choice: Choice | None = None,
) -> Response[Any]:
    visit, chosen, port = visit_of(request), choice or Choice(), settlements_of(request)

    def look(uow: UnitOfWork) -> tuple[Looked, ReportForm]:
        looked = Looked.of(uow, organisation_id, request_id, port)
        if form is not None:
            return looked, form
        there = service.report(uow, organisation_id, request_id)
        lines = there.lines or service.suggested(uow, looked.shown.request)
        return looked, ReportForm.begun(there.version, there.result, lines)

    looked, typed = visit.read(look)
    sheet = fault_sheet(refusal, chosen.language or visit.language)
    base = f"/o/{organisation_id}/trips/{'staff/' if desk == 'staff' else ''}{request_id}"
    return render(
        request,
        "trips/report.html",
        organisation=looked.organisation,
        status=status_of(refusal) if refusal else 200,
        language=chosen.language,
        theme=chosen.theme,
        cookies=chosen.cookies(request),
        section="trips/staff" if desk == "staff" else "trips",
        form_id="report",
        form_default="add",
        by=desk,
        address=f"{base}/report",
        files_url=f"{base}/files",
        back=base if desk == "staff" else f"/o/{organisation_id}/requests/{request_id}",
        shown=looked.shown,
        of=looked.shown.request,
        facts=looked.facts,
        papers=looked.papers,
        taken=TAKEN,
        user_id=visit.scope.actor.id,
        form=typed if typed.lines else typed.with_line(),
        reportable=_reportable(looked.shown),
        kinds=list(CostKind),
        faults=sheet.by_field,
        summary=sheet.summary,
    )


# ------------------------------------------------------------------------------------------------ papers


@get("/o/{organisation_id:int}/trips/{request_id:int}/files/{file_id:int}", opt=SELF, sync_to_thread=True)
def own_paper(visit: Visitor, organisation_id: Id, request_id: Id, file_id: Id) -> Response[bytes]:
    return file_response(*visit.read(lambda uow: service.paper(uow, organisation_id, request_id, file_id)))


@get("/o/{organisation_id:int}/trips/staff/{request_id:int}/files/{file_id:int}", opt=READ, sync_to_thread=True)
def staff_paper(visit: Visitor, organisation_id: Id, request_id: Id, file_id: Id) -> Response[bytes]:
    return file_response(*visit.read(lambda uow: service.paper(uow, organisation_id, request_id, file_id)))


@get("/o/{organisation_id:int}/trips/reports/{request_id:int}/files/{file_id:int}", opt=DECIDE, sync_to_thread=True)
def decided_paper(visit: Visitor, organisation_id: Id, request_id: Id, file_id: Id) -> Response[bytes]:
    return file_response(*visit.read(lambda uow: service.paper(uow, organisation_id, request_id, file_id)))


routes = [
    own_trips,
    staff_trips,
    reports,
    new_trip,
    ask,
    new_staff_trip,
    send,
    staff_trip,
    withdraw_for,
    decided_report,
    approve,
    send_advance,
    send_back,
    report_page,
    write_report,
    staff_report_page,
    write_staff_report,
    own_paper,
    staff_paper,
    decided_paper,
]
