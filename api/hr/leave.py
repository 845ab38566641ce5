"""Leave under ``/api/v1``: kinds, one's own days with their why, asking; for human resources everybody's."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from litestar import get, post
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, QueryParameter
from pydantic import Field

from api.conventions import BOOKS, Cursor, IfMatch, Limit, Organisation, Page, View, version_seen
from api.hr.desks import KEEP, OWN, READ, SELF
from api.security import Visitor
from erp.base.clock import today
from erp.base.money import scaled_string
from erp.base.uow import UnitOfWork
from erp.hr.leave import model, rules, service
from erp.hr.leave.schemas import AskLeave, Compensate, GrantNorm, GrantYears, LeaveWanted, MoveDays
from erp.hr.personnel import service as personnel
from erp.hr.requests import service as requests
from erp.hr.requests.model import Request

_LEAVE = BOOKS + "/leave"
_OWN = OWN + "/leave"

Days = Annotated[str, Field(description="Days as a decimal string.", examples=["17.53"])]
OnDay = Annotated[date | None, QueryParameter(name="day", description="As of the end of this day; today where absent.")]
Words = Annotated[str, QueryParameter(name="q", description="Part of a name or of a post.", max_length=100)]

YearAllTheSame = Annotated[
    bool,
    QueryParameter(
        name="all_the_same", description="The working year begins on that day, though not by the personal file."
    ),
]

_WANTED = {"kind": "ANNUAL", "first": "2027-03-15", "last": "2027-03-28"}
_KEY = "8f1f7b1a-52f5-4f0b-9c0f-2d8a1a6f2b77"
_MOVED = {
    "key": _KEY,
    "person_id": 412,
    "year_start": "2026-03-01",
    "effective_on": "2026-03-01",
    "centidays": 1400,
    "reason": "Остаток из прежнего государственного органа",
}
WantedBody = Annotated[LeaveWanted, Body(examples=[Example(summary="Two weeks at Nauryz", value=_WANTED)])]
AskBody = Annotated[AskLeave, Body(examples=[Example(summary="Two weeks", value=_WANTED | {"key": _KEY})])]
YearsBody = Annotated[GrantYears, Body(examples=[Example(summary="Begun by today", value={"day": "2026-11-22"})])]
MoveBody = Annotated[MoveDays, Body(examples=[Example(summary="Fourteen days", value=_MOVED)])]
NormBody = Annotated[
    GrantNorm,
    Body(
        examples=[
            Example(
                summary="Additional days",
                value={
                    "key": _KEY,
                    "person_id": 412,
                    "norm": "ADD_DISABILITY",
                    "year_start": "2026-03-01",
                    "reason": "Справка об инвалидности",
                },
            )
        ]
    ),
]
CompensateBody = Annotated[
    Compensate,
    Body(
        examples=[
            Example(
                summary="At the end of service",
                value={"key": _KEY, "person_id": 412, "last_day": "2026-11-30", "reason": "Приказ № 41-к"},
            )
        ]
    ),
]


def _days(centidays: int) -> str:
    return scaled_string(centidays, model.DAY_PLACES)


class LeaveKindView(View):
    code: str = Field(examples=["ANNUAL"])
    name_kk: str
    name_ru: str
    name_en: str = Field(examples=["Annual paid leave"])
    act: str = Field(description="The act that sets it.", examples=["Labour Code, art. 88"])
    verified: bool
    draws: bool = Field(description="Whether its days are drawn from working years.")
    counting: Literal["calendar", "working"]
    paid: Literal["yes", "partly", "no"]
    least_days: int | None = Field(description="Of one request, days that count.", examples=[None])
    most_days: int | None = Field(examples=[5])

    @classmethod
    def of(cls, k: model.Kind) -> "LeaveKindView":
        said = {name: getattr(k, name) for name in ("code", "name_kk", "name_ru", "name_en", "verified", "draws")}
        limits = {"least_days": k.least_days, "most_days": k.most_days}
        return cls.model_validate(said | limits | {"act": k.act_en, "counting": k.counting.value, "paid": k.paid})


class LeaveYearView(View):
    year_start: date = Field(description="First day of the working year.")
    left: Days


class LeaveMovementView(View):
    id: int
    act: Literal["grant", "ungrant", "carry", "use", "give-back", "compensation", "correction"]
    year_start: date
    effective_on: date = Field(description="From which day it counts.")
    days: Days
    norm: str | None = Field(description="Code of the norm that a grant follows from.", examples=["ANNUAL_CS"])
    act_of_law: str = Field(
        description="The act that sets the norm; empty elsewhere.", examples=["Labour Code, art. 88"]
    )
    request_id: int | None = Field(description="The leave that used the days, or gave them back.")
    reason: str = Field(examples=[""])
    recorded_at: datetime

    @classmethod
    def of(cls, m: model.Movement) -> "LeaveMovementView":
        return cls(
            id=m.id,
            act=m.act.value,
            year_start=m.year_start,
            effective_on=m.effective_on,
            days=_days(m.centidays),
            norm=m.norm.code if m.norm else None,
            act_of_law=m.norm.act_en if m.norm else "",
            request_id=m.request_id,
            reason=m.reason,
            recorded_at=m.recorded_at,
        )


class LeaveUngrantedView(View):
    """A working year that has begun and was not given: its days are in no balance yet."""

    year_start: date
    days: int | None = Field(description="Null where no norm is loaded for the group of the post.")


class LeaveAccountView(View):
    """A person's days of leave, by working year, with all that they are the sum of."""

    person_id: int = Field(examples=[412])
    day: date
    left: Days
    given: Days
    taken: Days
    years: list[LeaveYearView]
    ungranted: list[LeaveUngrantedView] = Field(description="Begun and not given yet: not in `left`.")
    movements: list[LeaveMovementView]

    @classmethod
    def read(cls, uow: UnitOfWork, organisation_id: int, person_id: int, day: date) -> "LeaveAccountView":
        stands = service.balance(uow, organisation_id, person_id, day)
        return cls(
            person_id=person_id,
            day=day,
            left=_days(stands.centidays),
            given=_days(stands.given),
            taken=_days(stands.taken),
            years=[
                LeaveYearView(year_start=p.year_start, left=_days(p.centidays))
                for p in service.years(uow, organisation_id, person_id, day)
            ],
            ungranted=[
                LeaveUngrantedView(year_start=u.year_start, days=u.days)
                for u in service.ungranted(uow, organisation_id, day, person_id)
            ],
            movements=[LeaveMovementView.of(m) for m in service.movements(uow, organisation_id, person_id, day)],
        )


class LeaveBalanceRow(View):
    person_id: int = Field(examples=[412])
    person: str = Field(examples=["Ахметов Ерлан Серікұлы"])
    left: Days
    given: Days
    taken: Days
    last_leave_from: date | None


class LeaveDayView(View):
    day: date
    counts: bool
    why_not: Literal["holiday", "day-off"] | None
    name: str = Field(description="Of the holiday or the day off, where it is one.", examples=["Nauryz"])
    verified: bool
    year_start: date | None = Field(description="The working year that it is drawn from.")
    left: Days | None


class LeaveAwayView(View):
    """A colleague of the unit who is away: no kind and no reason."""

    person_id: int
    first: date
    last: date


class LeavePreviewView(View):
    """What a leave would mean, day by day."""

    kind: str = Field(examples=["ANNUAL"])
    first: date
    last: date
    counted: int = Field(description="Days that count.", examples=[11])
    back_on: date = Field(description="The first working day after it.")
    left_before: Days
    left_after: Days
    doubts: list[Literal["no-long-part", "paid-late", "not-verified", "moves-year", "already-asked"]]
    away: list[LeaveAwayView]
    days: list[LeaveDayView]

    @classmethod
    def of(cls, p: model.Preview) -> "LeavePreviewView":
        return cls(
            kind=p.kind.code,
            first=p.days.first,
            last=p.days.last,
            counted=p.counted,
            back_on=p.back_on,
            left_before=_days(p.balance_before),
            left_after=_days(p.balance),
            doubts=[doubt.value for doubt in p.doubts],
            away=[LeaveAwayView(person_id=a.person_id, first=a.days.first, last=a.days.last) for a in p.away],
            days=[
                LeaveDayView(
                    day=d.day,
                    counts=d.outside is None,
                    why_not=d.outside.value if d.outside else None,
                    name=d.special.name_en if d.special else "",
                    verified=d.sure,
                    year_start=d.year_start,
                    left=None if d.balance is None else _days(d.balance),
                )
                for d in p.each
            ],
        )


class LeaveAskedView(View):
    request_id: int = Field(examples=[81])
    version: int = Field(description="Send it back as `If-Match` to change the request.", examples=[1])
    state: str = Field(examples=["submitted"])
    first: date
    last: date

    @classmethod
    def of(cls, r: Request) -> "LeaveAskedView":
        return cls(request_id=r.id, version=r.version, state=r.state.value, first=r.days.first, last=r.days.last)


class LeaveGivenView(View):
    movements: int = Field(description="How many working years were given, or taken back, now.", examples=[1500])
    people: int = Field(examples=[1500])


class LeaveToGiveView(View):
    """A working year that would be given to a person."""

    person_id: int = Field(examples=[412])
    year_start: date
    days: int | None = Field(description="Null where no norm is loaded for the group of the post: it is not given.")


class LeaveBatchView(View):
    """Working years that one act gave to everybody."""

    id: UUID
    given_at: datetime
    given_by: str
    years: int
    people: int
    open_years: int = Field(description="Of which nothing was drawn or moved since: those can be taken back.")


class LeaveReturnedView(View):
    leaves: int = Field(description="How many leaves got days back.", examples=[3])


class LeavePaidView(View):
    days: Days


@get(f"{_LEAVE}/kinds", opt=SELF, sync_to_thread=True)
def list_leave_kinds(visit: Visitor, organisation_id: Organisation, day: OnDay = None) -> Page[LeaveKindView]:
    """Kinds of leave on a day, annual leave first."""
    found = visit.read(lambda uow: service.kinds(uow, day or today()))
    return Page(items=[LeaveKindView.of(k) for k in found])


@get(_OWN, opt=SELF, sync_to_thread=True)
def own_leave_account(visit: Visitor, organisation_id: Organisation, day: OnDay = None) -> LeaveAccountView:
    """One's own days of leave, and why they are so many."""
    return visit.read(
        lambda uow: LeaveAccountView.read(
            uow, organisation_id, requests.own_person(uow, organisation_id), day or today()
        )
    )


@post(f"{_OWN}/previews", opt=SELF, sync_to_thread=True, status_code=200)
def preview_leave(visit: Visitor, organisation_id: Organisation, data: WantedBody) -> LeavePreviewView:
    """What a leave would mean, day by day. Nothing is saved."""
    return LeavePreviewView.of(
        visit.read(lambda uow: service.preview(uow, organisation_id, requests.own_person(uow, organisation_id), data))
    )


@post(f"{_OWN}/requests", opt=SELF, sync_to_thread=True)
def ask_for_leave(visit: Visitor, organisation_id: Organisation, data: AskBody) -> LeaveAskedView:
    """Send a request for leave. The same `key` with the same content answers with the same request."""

    def act(uow: UnitOfWork) -> Request:
        person_id = requests.own_person(uow, organisation_id)
        return service.ask(uow, organisation_id, person_id, data).request

    return LeaveAskedView.of(visit.run(act))


@post(f"{_OWN}/requests/{{request_id:int}}", opt=SELF, sync_to_thread=True, status_code=200)
def change_leave(
    visit: Visitor,
    organisation_id: Organisation,
    request_id: FromPath[int],
    data: WantedBody,
    if_match: IfMatch = None,
) -> LeaveAskedView:
    """Send a request anew with other days, while it waits or once it was returned."""
    version = version_seen(if_match)

    def act(uow: UnitOfWork) -> Request:
        person_id = requests.own_person(uow, organisation_id)
        return service.change(uow, organisation_id, person_id, request_id, version, data)

    return LeaveAskedView.of(visit.run(act))


@get(f"{_LEAVE}/balances", opt=READ, sync_to_thread=True)
def list_leave_balances(
    visit: Visitor,
    organisation_id: Organisation,
    day: OnDay = None,
    words: Words = "",
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[LeaveBalanceRow]:
    """How everybody's days of leave stand on a day, by name."""

    def show(uow: UnitOfWork) -> Page[LeaveBalanceRow]:
        on = day or today()
        page = personnel.people_on(uow, organisation_id, on, words=words, cursor=cursor, limit=limit)
        stands = service.balances(uow, organisation_id, on, {row.person_id for row in page.rows})
        nothing = model.Balance(0, 0, 0, 0, None)
        rows = [(row, stands.get(row.person_id, nothing)) for row in page.rows]
        return Page(
            items=[
                LeaveBalanceRow(
                    person_id=row.person_id,
                    person=str(row.name),
                    left=_days(b.centidays),
                    given=_days(b.given),
                    taken=_days(b.taken),
                    last_leave_from=b.last_used_on,
                )
                for row, b in rows
            ],
            next=page.next_cursor,
        )

    return visit.read(show)


@get(f"{_LEAVE}/people/{{person_id:int}}", opt=READ, sync_to_thread=True)
def leave_account(
    visit: Visitor, organisation_id: Organisation, person_id: FromPath[int], day: OnDay = None
) -> LeaveAccountView:
    """A person's days of leave, and why they are so many; that they were opened is noted."""

    def show(uow: UnitOfWork) -> LeaveAccountView:
        personnel.person(uow, organisation_id, person_id)
        personnel.note_reading(uow, organisation_id, person_id)
        return LeaveAccountView.read(uow, organisation_id, person_id, day or today())

    return visit.run(show)


@post(f"{_LEAVE}/people/{{person_id:int}}/requests", opt=KEEP, sync_to_thread=True)
def ask_for_another(
    visit: Visitor, organisation_id: Organisation, person_id: FromPath[int], data: AskBody
) -> LeaveAskedView:
    """Send a request for leave in a person's name: somebody else then decides on it."""

    def act(uow: UnitOfWork) -> Request:
        personnel.person(uow, organisation_id, person_id)
        return service.ask(uow, organisation_id, person_id, data).request

    return LeaveAskedView.of(visit.run(act))


@post(f"{_LEAVE}/grants", opt=KEEP, sync_to_thread=True, status_code=200)
def grant_leave_years(visit: Visitor, organisation_id: Organisation, data: YearsBody) -> LeaveGivenView:
    """Give everybody the working years that have begun. Sent again it gives nothing more."""
    done = visit.run(lambda uow: service.grant_years(uow, organisation_id, data))
    return LeaveGivenView(movements=done.movements, people=done.people)


@get(f"{_LEAVE}/ungranted", opt=KEEP, sync_to_thread=True)
def list_leave_to_give(visit: Visitor, organisation_id: Organisation, day: OnDay = None) -> Page[LeaveToGiveView]:
    """What giving the working years through a day would give, and to whom."""
    found = visit.read(lambda uow: service.ungranted(uow, organisation_id, day or today()))
    return Page(items=[LeaveToGiveView(person_id=u.person_id, year_start=u.year_start, days=u.days) for u in found])


@get(f"{_LEAVE}/grants", opt=KEEP, sync_to_thread=True)
def list_leave_grants(visit: Visitor, organisation_id: Organisation) -> Page[LeaveBatchView]:
    """What was given to everybody lately and can be taken back, the latest first."""
    found = visit.read(lambda uow: service.batches(uow, organisation_id))
    return Page(
        items=[
            LeaveBatchView(
                id=b.id,
                given_at=b.given_at,
                given_by=b.actor,
                years=b.years,
                people=b.people,
                open_years=b.open_years,
            )
            for b in found
        ]
    )


@post(f"{_LEAVE}/grants/{{batch:uuid}}/undo", opt=KEEP, sync_to_thread=True, status_code=200)
def undo_leave_grant(visit: Visitor, organisation_id: Organisation, batch: FromPath[UUID]) -> LeaveGivenView:
    """Take back what one act gave to everybody, where nothing of it was drawn or moved since."""
    done = visit.run(lambda uow: service.ungrant(uow, organisation_id, batch))
    return LeaveGivenView(movements=done.movements, people=done.people)


@post(f"{_LEAVE}/additional", opt=KEEP, sync_to_thread=True)
def grant_additional_leave(visit: Visitor, organisation_id: Organisation, data: NormBody) -> LeaveAccountView:
    """Give a person additional days of a working year, by a norm that names a ground."""

    def act(uow: UnitOfWork) -> LeaveAccountView:
        personnel.person(uow, organisation_id, data.person_id)
        service.grant_norm(uow, organisation_id, data)
        return LeaveAccountView.read(uow, organisation_id, data.person_id, today())

    return visit.run(act)


@post(f"{_LEAVE}/carried", opt=KEEP, sync_to_thread=True)
def carry_leave(
    visit: Visitor, organisation_id: Organisation, data: MoveBody, all_the_same: YearAllTheSame = False
) -> LeaveAccountView:
    """Bring a person's days along from another body or another program."""

    def act(uow: UnitOfWork) -> LeaveAccountView:
        personnel.person(uow, organisation_id, data.person_id)
        service.carry(uow, organisation_id, data, all_the_same=all_the_same)
        return LeaveAccountView.read(uow, organisation_id, data.person_id, today())

    return visit.run(act)


@post(f"{_LEAVE}/corrections", opt=KEEP, sync_to_thread=True)
def correct_leave(visit: Visitor, organisation_id: Organisation, data: MoveBody) -> LeaveAccountView:
    """Correct a person's days, with a reason; days below nought take away."""

    def act(uow: UnitOfWork) -> LeaveAccountView:
        personnel.person(uow, organisation_id, data.person_id)
        service.correct(uow, organisation_id, data)
        return LeaveAccountView.read(uow, organisation_id, data.person_id, today())

    return visit.run(act)


@post(f"{_LEAVE}/compensations", opt=KEEP, sync_to_thread=True)
def compensate_leave(visit: Visitor, organisation_id: Organisation, data: CompensateBody) -> LeavePaidView:
    """Settle the days of who leaves the service: what is earned and not taken is to be paid."""

    def act(uow: UnitOfWork) -> int:
        personnel.person(uow, organisation_id, data.person_id)
        return service.compensate(uow, organisation_id, data)

    return LeavePaidView(days=_days(visit.run(act)))


@post(f"{_LEAVE}/holiday-returns", opt=KEEP, sync_to_thread=True, status_code=200)
def return_leave_holidays(visit: Visitor, organisation_id: Organisation) -> LeaveReturnedView:
    """Give back the days of approved leaves that have become holidays since."""
    span = rules.years_around(today())
    return LeaveReturnedView(leaves=visit.run(lambda uow: service.give_back_holidays(uow, organisation_id, span)))


routes = [
    list_leave_kinds,
    own_leave_account,
    preview_leave,
    ask_for_leave,
    change_leave,
    list_leave_balances,
    leave_account,
    ask_for_another,
    list_leave_to_give,
    list_leave_grants,
    grant_leave_years,
    undo_leave_grant,
    grant_additional_leave,
    carry_leave,
    correct_leave,
    compensate_leave,
    return_leave_holidays,
]
