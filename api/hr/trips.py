"""Business trips under ``/api/v1``: one's own, those of staff, and the reports that wait for approval.

A trip is a request to be away: it is read and withdrawn under `own/absence-requests`, approved and recalled under
`absence-requests`.
"""

from datetime import date
from typing import Annotated, Any

from litestar import Request, get, post, put
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, QueryParameter, RawBody
from pydantic import Field

from api.conventions import BOOKS, Amount, Cursor, IfMatch, Limit, Organisation, Page, View, version_seen
from api.finance.papers import AttachmentView, FileName, FileSent, checked
from api.hr.desks import DECIDE, KEEP, OWN, READ, SELF, settlements_of
from api.security import Visit, Visitor
from erp.base.commands import Command
from erp.base.money import decimal_string
from erp.base.uow import UnitOfWork
from erp.hr.requests.model import State
from erp.hr.requests.service import own_person
from erp.hr.staffing.schemas import Reason
from erp.hr.trips import model, service
from erp.hr.trips.model import ReportState, Waiting
from erp.hr.trips.schemas import AskTrip, EstimateView, HandIn, ReportView, SendAdvance, TripAsked, TripShown, report_of

_OWN = OWN + "/trips"
_OWN_ONE = _OWN + "/{request_id:int}"
_STAFF = BOOKS + "/trips"
_STAFF_ONE = _STAFF + "/{request_id:int}"
_REPORTS = BOOKS + "/trip-reports"
_REPORT = _REPORTS + "/{request_id:int}"

_WAY = {"place_class": "major", "transport": "rail", "fare": "6200.00"}
_ASKED = {
    "purpose": "Курсы повышения квалификации",
    "host": "Национальный центр «Өрлеу»",
    "legs": [
        _WAY
        | {
            "from_place": "Сарыдала",
            "to_place": "Алматы",
            "departs_on": "2026-12-07",
            "arrives_on": "2026-12-07",
            "night": "30000.00",
        },
        _WAY | {"from_place": "Алматы", "to_place": "Сарыдала", "departs_on": "2026-12-09", "arrives_on": "2026-12-09"},
    ],
    "advance": "90000.00",
}
_REPORTED = {
    "lines": [
        {"kind": "per-diem", "on": "2026-12-09", "what": "KZ", "amount": "25950.00"},
        {"kind": "lodging", "on": "2026-12-09", "what": "Алматы", "paper": "чек 1584", "amount": "60000.00"},
    ],
    "result": "Курсы пройдены",
}
Narrowed = Annotated[
    Waiting,
    QueryParameter(
        description="`due`: over, or cancelled with its advance paid, and not reported on; `report`: the report waits."
    ),
]
AskBody = Annotated[
    AskTrip,
    Body(examples=[Example(summary="To a course", value=_ASKED | {"key": "5b0f4f3e-4c43-4b7f-9d0e-6f7f0f6c2a12"})]),
]
ChangeBody = Annotated[TripAsked, Body(examples=[Example(summary="To a course", value=_ASKED)])]
ReportBody = Annotated[HandIn, Body(examples=[Example(summary="A course", value=_REPORTED)])]


class ReturnReport(Command):
    """Send a report back."""

    reason: Reason


AdvanceBody = Annotated[
    SendAdvance, Body(examples=[Example(summary="Once declined", value={"sent": 1, "amount": "60000.00"})])
]
SendBackBody = Annotated[ReturnReport, Body(examples=[Example(summary="A paper", value={"reason": "Нет чека"})])]


class TripRowView(View):
    id: int = Field(examples=[81])
    state: State
    version: int = Field(examples=[1])
    person_id: int = Field(examples=[412])
    person: str = Field(examples=["Ахметов Ерлан Серікұлы"])
    first: date
    last: date
    route: str = Field(examples=["Сарыдала – Алматы – Сарыдала"])
    purpose: str
    estimate: Amount
    advance: Amount
    report: ReportState
    spent: Amount = Field(description="As the last report tells it.")
    over: Amount = Field(description="How much more that is than was estimated.")

    @classmethod
    def of(cls, row: model.TripRow, person: str) -> "TripRowView":
        return cls(
            id=row.id,
            state=row.state,
            version=row.version,
            person_id=row.person_id,
            person=person,
            first=row.first,
            last=row.last,
            route=row.trip.facts.route,
            purpose=row.trip.facts.purpose,
            estimate=decimal_string(row.trip.estimate.total_tiyn),
            advance=decimal_string(row.trip.facts.advance_tiyn),
            report=row.report,
            spent=decimal_string(row.spent_tiyn),
            over=decimal_string(row.over_tiyn),
        )


class TripRef(View):
    """The request that the trip is; its `ETag` under `own/absence-requests` is the version."""

    id: int = Field(examples=[81])
    version: int = Field(examples=[1])
    state: State


class TripBalanceView(View):
    """What is left between the advance that was paid and what was spent."""

    advance: Amount
    spent: Amount
    owed: Amount = Field(description="To be paid to the person.")
    returns: Amount = Field(description="To be returned by the person.")


def _page(
    http: Request[Any, Any, Any],
    visit: Visit,
    organisation_id: int,
    narrowed: Waiting,
    cursor: str | None,
    limit: int,
    *,
    own: bool = False,
) -> Page[TripRowView]:
    def read(uow: UnitOfWork) -> model.TripPage:
        person = own_person(uow, organisation_id) if own else None
        return service.trips(uow, organisation_id, settlements_of(http), narrowed, cursor, limit, person_id=person)

    found = visit.read(read)
    return Page(
        items=[TripRowView.of(row, found.people.get(row.person_id, "")) for row in found.rows], next=found.next_cursor
    )


def _shown(http: Request[Any, Any, Any], visit: Visit, organisation_id: int, request_id: int) -> TripShown:
    def read(uow: UnitOfWork) -> TripShown:
        return service.shown(uow, service.trip(uow, organisation_id, request_id).request, settlements_of(http))

    return visit.read(read)


# ------------------------------------------------------------------------------------------------ one's own


@get(_OWN, opt=SELF, sync_to_thread=True)
def list_own_trips(
    request: Request[Any, Any, Any],
    visit: Visitor,
    organisation_id: Organisation,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[TripRowView]:
    """One's own trips, the latest asked first."""
    return _page(request, visit, organisation_id, Waiting.ALL, cursor, limit, own=True)


@post(_OWN, opt=SELF, sync_to_thread=True)
def ask_for_trip(
    request: Request[Any, Any, Any], visit: Visitor, organisation_id: Organisation, data: AskBody
) -> TripRef:
    """Ask to be sent on a trip; who decides is told. Sent again under its key, it gives the request it made."""
    command = data.model_copy(update={"person_id": None})
    made = visit.run(lambda uow: service.ask(uow, organisation_id, command, settlements_of(request)))
    return TripRef(id=made.id, version=made.version, state=made.state)


@post(f"{_OWN}/estimate", opt=SELF, sync_to_thread=True, status_code=200)
def estimate_trip(visit: Visitor, organisation_id: Organisation, data: ChangeBody) -> EstimateView:
    """What a trip is expected to cost by the norms of its days, and the norms that are not loaded. Nothing is saved."""
    return EstimateView.of(visit.read(lambda uow: service.estimate(uow, data.facts)))


@put(_OWN_ONE, opt=SELF, sync_to_thread=True)
def change_trip(
    request: Request[Any, Any, Any],
    visit: Visitor,
    organisation_id: Organisation,
    request_id: FromPath[int],
    data: ChangeBody,
    if_match: IfMatch = None,
) -> TripRef:
    """Ask anew for what waits, or was returned."""
    return _changed(request, visit, organisation_id, request_id, data, if_match)


def _changed(
    http: Request[Any, Any, Any], visit: Visit, organisation_id: int, request_id: int, data: TripAsked, tag: str | None
) -> TripRef:
    seen = version_seen(tag)
    made = visit.run(lambda uow: service.mend(uow, organisation_id, request_id, seen, data, settlements_of(http)))
    return TripRef(id=made.id, version=made.version, state=made.state)


@get(_OWN_ONE, opt=SELF, sync_to_thread=True)
def get_own_trip(
    request: Request[Any, Any, Any], visit: Visitor, organisation_id: Organisation, request_id: FromPath[int]
) -> TripShown:
    """One of them whole: route, estimate, report, and where its money stands."""
    return _shown(request, visit, organisation_id, request_id)


@post(f"{_OWN_ONE}/papers", opt=SELF, sync_to_thread=True, operation_class=FileSent)
def attach_own_paper(
    request: Request[Any, Any, Any],
    visit: Visitor,
    organisation_id: Organisation,
    request_id: FromPath[int],
    name: FileName,
    body: RawBody,
) -> AttachmentView:
    """Attach a ticket or a receipt: the body is its content, as it is."""
    return _attach(request, visit, organisation_id, request_id, name, body)


def _attach(
    http: Request[Any, Any, Any], visit: Visit, organisation_id: int, request_id: int, name: str, body: bytes
) -> AttachmentView:
    file = checked(http, name, body)
    return AttachmentView.of(visit.run(lambda uow: service.attach(uow, organisation_id, request_id, file)))


@post(f"{_OWN_ONE}/papers/{{file_id:int}}/remove", opt=SELF, sync_to_thread=True, status_code=204)
def remove_own_paper(
    visit: Visitor, organisation_id: Organisation, request_id: FromPath[int], file_id: FromPath[int]
) -> None:
    """Take off a file that you attached, as long as no report is handed in."""
    visit.run(lambda uow: service.remove_paper(uow, organisation_id, request_id, file_id))


@post(f"{_OWN_ONE}/report", opt=SELF, sync_to_thread=True)
def hand_in_report(
    visit: Visitor,
    organisation_id: Organisation,
    request_id: FromPath[int],
    data: ReportBody,
    if_match: IfMatch = None,
) -> ReportView:
    """Hand in the advance report. `If-Match` is the report's version: 0 where there is none yet."""
    return _hand_in(visit, organisation_id, request_id, data, if_match)


def _hand_in(visit: Visit, organisation_id: int, request_id: int, data: HandIn, if_match: str | None) -> ReportView:
    seen = version_seen(if_match)

    def act(uow: UnitOfWork) -> ReportView:
        told = service.hand_in(uow, organisation_id, request_id, seen, data)
        return report_of(told, service.estimated(service.trip(uow, organisation_id, request_id).request))

    return visit.run(act)


# ------------------------------------------------------------------------------------------------ staff


@get(_STAFF, opt=READ, sync_to_thread=True)
def list_trips(
    request: Request[Any, Any, Any],
    visit: Visitor,
    organisation_id: Organisation,
    narrowed: Narrowed = Waiting.ALL,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[TripRowView]:
    """Trips of staff, the latest asked first; `due`: over, or cancelled with the advance paid, and not reported on."""
    return _page(request, visit, organisation_id, narrowed, cursor, limit)


@post(_STAFF, opt=KEEP, sync_to_thread=True)
def send_on_trip(
    request: Request[Any, Any, Any], visit: Visitor, organisation_id: Organisation, data: AskBody
) -> TripRef:
    """Send somebody, named by `person_id`, on a trip; another decides on it."""
    made = visit.run(lambda uow: service.ask(uow, organisation_id, data, settlements_of(request)))
    return TripRef(id=made.id, version=made.version, state=made.state)


@get(_STAFF_ONE, opt=READ, sync_to_thread=True)
def get_trip(
    request: Request[Any, Any, Any], visit: Visitor, organisation_id: Organisation, request_id: FromPath[int]
) -> TripShown:
    """One of them whole."""
    return _shown(request, visit, organisation_id, request_id)


@put(_STAFF_ONE, opt=KEEP, sync_to_thread=True)
def change_trip_for(
    request: Request[Any, Any, Any],
    visit: Visitor,
    organisation_id: Organisation,
    request_id: FromPath[int],
    data: ChangeBody,
    if_match: IfMatch = None,
) -> TripRef:
    """Ask anew, for somebody, for what waits or was returned; once the trip has begun, you alone may, and say why."""
    return _changed(request, visit, organisation_id, request_id, data, if_match)


@post(f"{_STAFF_ONE}/withdraw", opt=KEEP, sync_to_thread=True, status_code=200)
def withdraw_trip_for(
    visit: Visitor, organisation_id: Organisation, request_id: FromPath[int], if_match: IfMatch = None
) -> TripRef:
    """Take back what somebody asked for and nobody approved yet."""
    seen = version_seen(if_match)
    made = visit.run(lambda uow: service.withdraw(uow, organisation_id, request_id, seen))
    return TripRef(id=made.id, version=made.version, state=made.state)


@post(f"{_STAFF_ONE}/papers", opt=KEEP, sync_to_thread=True, operation_class=FileSent)
def attach_paper_for(
    request: Request[Any, Any, Any],
    visit: Visitor,
    organisation_id: Organisation,
    request_id: FromPath[int],
    name: FileName,
    body: RawBody,
) -> AttachmentView:
    """Attach a ticket or a receipt of somebody else, whose report you hand in."""
    return _attach(request, visit, organisation_id, request_id, name, body)


@post(f"{_STAFF_ONE}/papers/{{file_id:int}}/remove", opt=KEEP, sync_to_thread=True, status_code=204)
def remove_paper_for(
    visit: Visitor, organisation_id: Organisation, request_id: FromPath[int], file_id: FromPath[int]
) -> None:
    """Take off a file that you attached for somebody, as long as no report is handed in."""
    visit.run(lambda uow: service.remove_paper(uow, organisation_id, request_id, file_id))


@post(f"{_STAFF_ONE}/report", opt=KEEP, sync_to_thread=True)
def hand_in_report_for(
    visit: Visitor,
    organisation_id: Organisation,
    request_id: FromPath[int],
    data: ReportBody,
    if_match: IfMatch = None,
) -> ReportView:
    """Hand in the report of somebody else; another approves it."""
    return _hand_in(visit, organisation_id, request_id, data, if_match)


# ------------------------------------------------------------------------------------------------ who decides


@get(_REPORTS, opt=DECIDE, sync_to_thread=True)
def list_trip_reports(
    request: Request[Any, Any, Any],
    visit: Visitor,
    organisation_id: Organisation,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[TripRowView]:
    """Trips whose reports wait for approval at one's desk."""
    return _page(request, visit, organisation_id, Waiting.REPORT, cursor, limit)


@get(_REPORT, opt=DECIDE, sync_to_thread=True)
def get_trip_report(
    request: Request[Any, Any, Any], visit: Visitor, organisation_id: Organisation, request_id: FromPath[int]
) -> TripShown:
    """A trip with its report."""
    return _shown(request, visit, organisation_id, request_id)


@post(f"{_REPORT}/approve", opt=DECIDE, sync_to_thread=True, status_code=200)
def approve_trip_report(
    request: Request[Any, Any, Any],
    visit: Visitor,
    organisation_id: Organisation,
    request_id: FromPath[int],
    if_match: IfMatch = None,
) -> TripBalanceView:
    """Approve a report: its entry waits with the accountant from then on."""
    seen = version_seen(if_match)
    left = visit.run(
        lambda uow: service.approve_report(uow, organisation_id, request_id, seen, settlements_of(request))
    )
    return TripBalanceView(
        advance=decimal_string(left.advance_tiyn),
        spent=decimal_string(left.spent_tiyn),
        owed=decimal_string(left.owed_tiyn),
        returns=decimal_string(left.returns_tiyn),
    )


@post(f"{_REPORT}/advance", opt=DECIDE, sync_to_thread=True, status_code=200)
def send_trip_advance(
    request: Request[Any, Any, Any],
    visit: Visitor,
    organisation_id: Organisation,
    request_id: FromPath[int],
    data: AdvanceBody,
) -> TripShown:
    """Send an advance that the accountant declined, or whose entry was cancelled, to the accountant anew."""
    port = settlements_of(request)
    visit.run(lambda uow: service.send_advance(uow, organisation_id, request_id, data, port))
    return _shown(request, visit, organisation_id, request_id)


@post(f"{_REPORT}/return", opt=DECIDE, sync_to_thread=True, status_code=200)
def return_trip_report(
    request: Request[Any, Any, Any],
    visit: Visitor,
    organisation_id: Organisation,
    request_id: FromPath[int],
    data: SendBackBody,
    if_match: IfMatch = None,
) -> ReportView:
    """Send a report back; one that was approved only where its entry was declined or cancelled."""
    seen, port = version_seen(if_match), settlements_of(request)

    def act(uow: UnitOfWork) -> ReportView:
        back = service.return_report(uow, organisation_id, request_id, seen, data.reason, port)
        return report_of(back, service.estimated(service.trip(uow, organisation_id, request_id).request))

    return visit.run(act)


routes = [
    list_own_trips,
    ask_for_trip,
    estimate_trip,
    change_trip,
    get_own_trip,
    attach_own_paper,
    remove_own_paper,
    hand_in_report,
    list_trips,
    send_on_trip,
    get_trip,
    change_trip_for,
    withdraw_trip_for,
    attach_paper_for,
    remove_paper_for,
    hand_in_report_for,
    list_trip_reports,
    get_trip_report,
    approve_trip_report,
    send_trip_advance,
    return_trip_report,
]
