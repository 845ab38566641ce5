"""Requests to be away under ``/api/v1``: the inbox of who decides, and one's own."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from litestar import Request, Response, get, post
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, QueryParameter
from pydantic import BaseModel, Field

from api.conventions import BOOKS, Cursor, IfMatch, Limit, Organisation, Page, View, version_seen
from api.hr.desks import DECIDE, OWN, SELF, consequences_of
from api.security import Visit, Visitor
from erp.base.uow import UnitOfWork
from erp.hr.requests import model, service
from erp.hr.requests.consequences import Consequences
from erp.hr.requests.model import WAITING, Decision, Kind, RequestFilter, State
from erp.hr.requests.schemas import RecallAbsence, ReturnRequest

_ALL = BOOKS + "/absence-requests"
_ONE = _ALL + "/{request_id:int}"
_OWN = OWN + "/absence-requests"
_OWN_ONE = _OWN + "/{request_id:int}"

ReturnBody = Annotated[
    ReturnRequest, Body(examples=[Example(summary="Other days", value={"reason": "В эти дни проверка"})])
]
RecallBody = Annotated[
    RecallAbsence,
    Body(
        examples=[
            Example(
                summary="Called back early",
                value={
                    "from_day": "2027-07-12",
                    "reason": "Производственная необходимость",
                    "consent": {"given_on": "2027-07-09", "document": "заявление № 14"},
                },
            )
        ]
    ),
]
StateName = Literal["submitted", "returned", "withdrawn", "approved", "recalled", "cancelled"]
KindName = Literal["leave", "trip"]
Standing = Annotated[StateName | None, QueryParameter(name="state", description="How it stands.")]
Which = Annotated[KindName | None, QueryParameter(name="kind", description="Leave or business trips alone.")]
Mine = Annotated[
    Literal["me"] | None, QueryParameter(name="waits_for", description="`me`: only what waits at your desk.")
]
Name = Annotated[str, Field(examples=["Айгүл Серікова"])]


class AbsenceRequestRow(View):
    id: int = Field(examples=[81])
    version: int = Field(description="Number of the last act; its `ETag` is this number.", examples=[1])
    kind: KindName
    state: StateName
    person_id: int = Field(examples=[412])
    person: Name
    first: date
    last: date
    submitted_at: datetime

    @classmethod
    def of(cls, r: model.RequestRow, person: str) -> "AbsenceRequestRow":
        return cls(
            id=r.id,
            version=r.version,
            kind=r.kind.value,
            state=r.state.value,
            person_id=r.person_id,
            person=person,
            first=r.days.first,
            last=r.days.last,
            submitted_at=r.submitted_at,
        )


class RequestActView(View):
    version: int = Field(examples=[1])
    act: StateName
    first: date | None = Field(description="Of a submission: asked; of an approval: approved; of a recall: left.")
    last: date | None
    actor: Name
    on_behalf_of: str = Field(description="Whose rights a delegate used; mostly empty.", examples=[""])
    reason: str = Field(examples=[""])
    has_consent: bool | None = Field(description="Of a recall: whether the person agreed in writing.")
    consent_on: date | None = Field(description="On which day they did.")
    consent_document: str = Field(description="By what paper they did.", examples=[""])
    is_correction: bool = Field(description="Of a recall: whether days that were over were given back.")
    at: datetime


class AbsenceRequestView(View):
    """A request whole, with every act on it; ``facts`` are those of its kind."""

    id: int = Field(examples=[81])
    version: int = Field(description="Number of the last act; its `ETag` is this number.", examples=[1])
    kind: KindName
    state: StateName
    person_id: int = Field(examples=[412])
    person: Name
    approver: str = Field(description="Empty where a head of human resources decides.", examples=["Ерлан Ахметов"])
    first: date = Field(description="After a recall, of the days that are left.")
    last: date
    decides: bool = Field(description="Whether you may decide on it.")
    facts: dict[str, Any] = Field(description="What its kind says of it: days counted and balance, or route and costs.")
    acts: list[RequestActView]

    @classmethod
    def of(cls, shown: model.RequestView, facts: BaseModel) -> "AbsenceRequestView":
        r = shown.request
        return cls(
            id=r.id,
            version=r.version,
            kind=r.kind.value,
            state=r.state.value,
            person_id=r.person_id,
            person=shown.person,
            approver=shown.approver,
            first=r.days.first,
            last=r.days.last,
            decides=shown.decides,
            facts=facts.model_dump(mode="json"),
            acts=[
                RequestActView(
                    version=act.version,
                    act=act.act.value,
                    first=act.days.first if act.days else None,
                    last=act.days.last if act.days else None,
                    actor=act.actor,
                    on_behalf_of=act.on_behalf_of,
                    reason=act.reason,
                    has_consent=act.has_consent,
                    consent_on=act.consent.given_on if act.consent else None,
                    consent_document=act.consent.document if act.consent else "",
                    is_correction=act.is_correction,
                    at=act.at,
                )
                for act in shown.acts
            ],
        )


def _narrowed(standing: StateName | None, kind: KindName | None, *, at_desk: bool = False) -> RequestFilter:
    states = (State(standing),) if standing else (State.SUBMITTED,) if at_desk else WAITING
    return RequestFilter(states, Kind(kind) if kind else None, at_desk=at_desk)


def _page(
    visit: Visit, organisation_id: int, narrowed: RequestFilter, cursor: str | None, limit: int
) -> Page[AbsenceRequestRow]:
    page = visit.read(lambda uow: service.requests(uow, organisation_id, narrowed, cursor, limit))
    return Page(items=[AbsenceRequestRow.of(r, page.names[r.person_id]) for r in page.rows], next=page.next_cursor)


def _seen(uow: UnitOfWork, organisation_id: int, request_id: int, consequences: Consequences) -> AbsenceRequestView:
    shown = service.view(uow, organisation_id, request_id)
    return AbsenceRequestView.of(shown, consequences[shown.request.kind].facts(uow, shown.request))


def _answer(request: Request[Any, Any, Any], visit: Visit, organisation_id: int, request_id: int) -> Response[Any]:
    consequences = consequences_of(request)
    found = visit.read(lambda uow: _seen(uow, organisation_id, request_id, consequences))
    return Response(found, headers={"ETag": f'"{found.version}"'})


# ------------------------------------------------------------------------------------------------ decide


@get(_ALL, opt=DECIDE, sync_to_thread=True)
def list_absence_requests(
    visit: Visitor,
    organisation_id: Organisation,
    standing: Standing = None,
    which: Which = None,
    waits_for: Mine = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[AbsenceRequestRow]:
    """Requests that you may decide on, the newest first; without `state` what waits, or was returned."""
    narrowed = _narrowed(standing, which, at_desk=waits_for is not None)
    return _page(visit, organisation_id, narrowed, cursor, limit)


@post(f"{_ONE}/approve", opt=DECIDE, sync_to_thread=True, status_code=200)
def approve_absence(
    request: Request[Any, Any, Any],
    visit: Visitor,
    organisation_id: Organisation,
    request_id: FromPath[int],
    if_match: IfMatch = None,
) -> AbsenceRequestView:
    """Approve it; what the kind does about it is done with it, or refuses it. Nobody approves their own."""
    return _decided(request, visit, organisation_id, request_id, version_seen(if_match), Decision.APPROVE)


@post(f"{_ONE}/return", opt=DECIDE, sync_to_thread=True, status_code=200)
def return_absence(
    request: Request[Any, Any, Any],
    visit: Visitor,
    organisation_id: Organisation,
    request_id: FromPath[int],
    data: ReturnBody,
    if_match: IfMatch = None,
) -> AbsenceRequestView:
    """Send it back to who asked, with a reason."""
    version = version_seen(if_match)
    return _decided(request, visit, organisation_id, request_id, version, Decision.RETURN, data.reason)


@post(f"{_ONE}/recall", opt=DECIDE, sync_to_thread=True, status_code=200)
def recall_absence(
    request: Request[Any, Any, Any],
    visit: Visitor,
    organisation_id: Organisation,
    request_id: FromPath[int],
    data: RecallBody,
    if_match: IfMatch = None,
) -> AbsenceRequestView:
    """Call somebody back from a day on; from the first day on, the absence is cancelled whole.

    Leave is recalled by written consent alone (Labour Code, art. 95); days that are over are given back as a
    correction.
    """
    version, consequences = version_seen(if_match), consequences_of(request)

    def call_back(uow: UnitOfWork) -> AbsenceRequestView:
        service.recall(uow, organisation_id, request_id, version, data.content, consequences=consequences)
        return _seen(uow, organisation_id, request_id, consequences)

    return visit.run(call_back)


def _decided(
    request: Request[Any, Any, Any],
    visit: Visit,
    organisation_id: int,
    request_id: int,
    version: int,
    decision: Decision,
    reason: str = "",
) -> AbsenceRequestView:
    consequences = consequences_of(request)

    def decide(uow: UnitOfWork) -> AbsenceRequestView:
        service.decide(uow, organisation_id, request_id, version, decision, reason, consequences=consequences)
        return _seen(uow, organisation_id, request_id, consequences)

    return visit.run(decide)


@get(_ONE, opt=DECIDE, sync_to_thread=True)
def get_absence_request(
    request: Request[Any, Any, Any], visit: Visitor, organisation_id: Organisation, request_id: FromPath[int]
) -> Response[AbsenceRequestView]:
    """One with every act on it and what its kind says of it; its `ETag` is the version that a decision names."""
    return _answer(request, visit, organisation_id, request_id)


# ------------------------------------------------------------------------------------------------ one's own


@get(_OWN, opt=SELF, sync_to_thread=True)
def list_own_absence_requests(
    visit: Visitor,
    organisation_id: Organisation,
    standing: Standing = None,
    which: Which = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[AbsenceRequestRow]:
    """What you asked for, the newest first; without `state` what waits, or was returned to you."""
    return _page(visit, organisation_id, _narrowed(standing, which), cursor, limit)


@post(f"{_OWN_ONE}/withdraw", opt=SELF, sync_to_thread=True, status_code=200)
def withdraw_absence(
    request: Request[Any, Any, Any],
    visit: Visitor,
    organisation_id: Organisation,
    request_id: FromPath[int],
    if_match: IfMatch = None,
) -> AbsenceRequestView:
    """Take back what is not approved yet."""
    version, consequences = version_seen(if_match), consequences_of(request)

    def take_back(uow: UnitOfWork) -> AbsenceRequestView:
        service.withdraw(uow, organisation_id, request_id, version)
        return _seen(uow, organisation_id, request_id, consequences)

    return visit.run(take_back)


@get(_OWN_ONE, opt=SELF, sync_to_thread=True)
def get_own_absence_request(
    request: Request[Any, Any, Any], visit: Visitor, organisation_id: Organisation, request_id: FromPath[int]
) -> Response[AbsenceRequestView]:
    """One of your own with every act on it."""
    return _answer(request, visit, organisation_id, request_id)


routes = [
    list_absence_requests,
    approve_absence,
    return_absence,
    recall_absence,
    get_absence_request,
    list_own_absence_requests,
    withdraw_absence,
    get_own_absence_request,
]
