"""Personal files under ``/api/v1``: who serves on a day, a file as it was known, and the acts on it."""

from datetime import date, datetime
from typing import Annotated, Any

from litestar import Request, get, post
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, PathParameter, QueryParameter
from pydantic import Field

from api.conventions import BOOKS, Cursor, Limit, Organisation, Page, View
from api.security import Visit, Visitor
from erp.base.clock import today
from erp.base.cursors import INTEGER
from erp.base.dates import DateInterval
from erp.base.uow import UnitOfWork
from erp.hr.personnel import model, service
from erp.hr.personnel.rules import PersonNotOfStaff
from erp.hr.personnel.schemas import (
    Appoint,
    Hire,
    LinkAccount,
    RecordAppointment,
    RecordFacts,
    RecordName,
    RecordSchedule,
)
from erp.hr.requests.endings import looked_after
from erp.hr.staffing.model import RecordedAct
from erp.hr.staffing.schemas import RescindAct
from erp.reference.access.model import Permission

_READ = {"policy": Permission.STAFF_READ}
_KEEP = {"policy": Permission.STAFF_KEEP}
_OPEN = {"policy": Permission.STAFF_IDENTITY}
_SELF = {"policy": Permission.SELF_SERVICE}
_STAFF = BOOKS + "/staff"
_PERSON = _STAFF + "/{person_id:int}"

PersonId = Annotated[int, PathParameter(ge=1, le=INTEGER)]
Day = Annotated[date | None, QueryParameter(description="The day that is asked for; today, where it is left out.")]
KnownAt = Annotated[
    datetime | None,
    QueryParameter(name="known_at", description="As it was known at this instant; now, where it is left out."),
]
Words = Annotated[
    str, QueryParameter(description="Parts of the name, the personnel number, the post or its unit.", max_length=100)
]
UnitId = Annotated[int | None, QueryParameter(name="unit", description="Who serves in this unit.", ge=1, le=INTEGER)]

AllTheSame = Annotated[
    bool,
    QueryParameter(
        description="Do it though it is rarely meant so: the person is to be away on days that would be served no more,"
        " holds more than one whole post, has no day of rest, or a number of another day of birth."
    ),
]

_KEY, _GROUND = "6a1f0c9e-0a57-4b43-8a0e-0a4c5a6f9d11", "Order No. 12-k"
_HIRE = {
    "key": _KEY,
    "reason": _GROUND,
    "since": "2026-11-23",
    "name": {"family": "Ахметов", "given": "Ерлан", "patronymic": "Серікұлы"},
    "birth_on": "1985-07-19",
    "appointment": {"staff_unit_id": 12, "percent": 100, "number": "0417"},
}
_MOVE = {
    "key": _KEY,
    "reason": _GROUND,
    "since": "2027-01-04",
    "content": {"staff_unit_id": 14, "percent": 50, "number": "0417"},
}
_NAME = {"key": _KEY, "reason": "Marriage", "since": "2027-02-01", "content": {"family": "Омарова", "given": "Гүлсім"}}
_FACTS = {"key": _KEY, "reason": "A slip", "since": "2026-11-23", "corrects": 31, "birth_on": "1985-07-29"}
_SHIFTS = {
    "key": _KEY,
    "reason": _GROUND,
    "since": "2027-01-04",
    "content": {"kind": "shift", "begins_on": "2027-01-04", "minutes": [720, 720, 0, 0]},
}
HireBody = Annotated[Hire, Body(examples=[Example(summary="Somebody begins to serve", value=_HIRE)])]
AppointBody = Annotated[
    Appoint,
    Body(examples=[Example(value={name: _HIRE[name] for name in ("key", "reason", "since", "appointment")})]),
]
NameBody = Annotated[RecordName, Body(examples=[Example(summary="A name from a day on", value=_NAME)])]
FactsBody = Annotated[RecordFacts, Body(examples=[Example(summary="A correction", value=_FACTS)])]
MoveBody = Annotated[RecordAppointment, Body(examples=[Example(summary="To another post", value=_MOVE)])]
ScheduleBody = Annotated[RecordSchedule, Body(examples=[Example(summary="Shifts", value=_SHIFTS)])]
RescindBody = Annotated[RescindAct, Body(examples=[Example(value={"key": _KEY, "reason": "Signed by mistake"})])]
LoginBody = Annotated[LinkAccount, Body(examples=[Example(value={"login": "gulsim"})])]


class DaysView(View):
    since: date | None
    until: date | None = Field(description="The first day after; null: as long as nothing else is recorded.")

    @classmethod
    def of(cls, valid: DateInterval) -> "DaysView":
        return cls(since=valid.start, until=valid.end)


class PersonNameView(View):
    family: str
    given: str
    patronymic: str

    @classmethod
    def of(cls, name: model.Name) -> "PersonNameView":
        return cls(family=name.family, given=name.given, patronymic=name.patronymic)


class StaffRowView(View):
    """A person and one post of theirs."""

    person_id: int
    name: PersonNameView
    appointment_id: int
    unit_id: int
    title_kk: str
    title_ru: str
    title_en: str
    category: str
    percent: int = Field(description="Of one full post.")
    number: str = Field(description="Personnel number.")
    since: date

    @classmethod
    def of(cls, row: model.PersonRow) -> "StaffRowView":
        own = {name: getattr(row, name) for name in cls.model_fields if name != "name"}
        return cls(name=PersonNameView.of(row.name), **own)


class AppointmentView(View):
    id: int
    fact_id: int
    valid: DaysView
    staff_unit_id: int
    unit_id: int
    title_kk: str
    title_ru: str
    title_en: str
    category: str
    staff_group: str
    percent: int
    number: str

    @classmethod
    def of(cls, of: model.Appointment) -> "AppointmentView":
        own = {name: getattr(of, name) for name in cls.model_fields if name != "valid"}
        return cls(valid=DaysView.of(of.valid), **own)


class ScheduleFactView(View):
    id: int
    appointment_id: int
    valid: DaysView
    kind: str
    begins_on: date
    minutes: list[int]

    @classmethod
    def of(cls, of: model.Schedule) -> "ScheduleFactView":
        return cls(
            id=of.id,
            appointment_id=of.appointment_id,
            valid=DaysView.of(of.valid),
            kind=of.kind.value,
            begins_on=of.begins_on,
            minutes=list(of.minutes),
        )


class NameFactView(View):
    id: int
    valid: DaysView
    name: PersonNameView
    act_id: int


class PrivateFactView(View):
    """The identity number itself is opened on its own, which is noted."""

    id: int
    valid: DaysView
    birth_on: date | None
    has_identity: bool
    act_id: int


class RecordedActView(View):
    id: int
    kind: str = Field(description="`change`, `correct` or `rescind`.")
    about: str
    subject_id: int
    person_id: int | None
    reason: str
    rescinds: int | None
    rescinded_by: int | None
    actor: str
    at: datetime

    @classmethod
    def of(cls, of: RecordedAct) -> "RecordedActView":
        return cls(**{name: getattr(of, name) for name in cls.model_fields})


class PersonFileView(View):
    person_id: int
    login: str
    names: list[NameFactView]
    facts: list[PrivateFactView]
    appointments: list[AppointmentView]
    schedules: list[ScheduleFactView]
    acts: list[RecordedActView]

    @classmethod
    def of(cls, file: model.PersonFile) -> "PersonFileView":
        return cls(
            person_id=file.person_id,
            login=file.login,
            names=[
                NameFactView(id=n.id, valid=DaysView.of(n.valid), name=PersonNameView.of(n.name), act_id=n.act_id)
                for n in file.names
            ],
            facts=[
                PrivateFactView(
                    id=f.id,
                    valid=DaysView.of(f.valid),
                    birth_on=f.birth_on,
                    has_identity=f.has_identity,
                    act_id=f.act_id,
                )
                for f in file.facts
            ],
            appointments=[AppointmentView.of(each) for each in file.appointments],
            schedules=[ScheduleFactView.of(each) for each in file.schedules],
            acts=[RecordedActView.of(each) for each in file.acts],
        )


class IdentityView(View):
    identity: str = Field(description="IIN.")


class ReadingView(View):
    day: date
    reader: str
    kind: str = Field(description="`file` or `identity`.")
    times: int
    last_at: datetime


class OwnRecordView(View):
    """One's own file, and who read it."""

    file: PersonFileView
    chief_id: int | None = Field(description="Who heads the person's unit today.")
    readings: list[ReadingView]


@get(_STAFF, opt=_READ, sync_to_thread=True)
def list_staff(
    visit: Visitor,
    organisation_id: Organisation,
    day: Day = None,
    known_at: KnownAt = None,
    q: Words = "",
    unit: UnitId = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[StaffRowView]:
    """Who serves on a day, a row a post, by name."""
    page = visit.read(
        lambda u: service.people_on(
            u,
            organisation_id,
            day or today(),
            words=q.strip(),
            unit_id=unit,
            known_at=known_at,
            cursor=cursor,
            limit=limit,
        )
    )
    return Page(items=[StaffRowView.of(row) for row in page.rows], next=page.next_cursor)


@post(_STAFF, opt=_KEEP, sync_to_thread=True, status_code=201)
def hire(
    request: Request[Any, Any, Any],
    visit: Visitor,
    organisation_id: Organisation,
    data: HireBody,
    all_the_same: AllTheSame = False,
) -> PersonFileView:
    """Somebody begins to serve; whose identity number is known already is the same person."""
    vault = request.app.state.vault

    def record(u: UnitOfWork) -> int:
        def act() -> int:
            return service.hire(u, vault, organisation_id, data)

        return service.meant(u, vault, organisation_id, None, data, act, all_the_same=all_the_same)

    person_id = visit.run(record)
    return _file(visit, organisation_id, person_id)


@get(_PERSON, opt=_READ, sync_to_thread=True)
def show_file(
    visit: Visitor, organisation_id: Organisation, person_id: PersonId, day: Day = None, known_at: KnownAt = None
) -> PersonFileView:
    """A personal file with its acts, as it is known now or was at an instant; that it was opened is noted."""
    file = visit.read(lambda u: service.file_of(u, organisation_id, person_id, day=day, known_at=known_at))
    visit.run(lambda u: service.note_reading(u, organisation_id, person_id))
    return PersonFileView.of(file)


@post(_PERSON + "/identity", opt=_OPEN, sync_to_thread=True, status_code=200)
def open_identity(
    request: Request[Any, Any, Any], visit: Visitor, organisation_id: Organisation, person_id: PersonId
) -> IdentityView:
    """The identity number; that it was opened is noted, and the person sees by whom."""
    vault = request.app.state.vault
    return IdentityView(identity=visit.run(lambda u: service.open_identity(u, vault, organisation_id, person_id)))


@post(_PERSON + "/name", opt=_KEEP, sync_to_thread=True, status_code=200)
def record_name(visit: Visitor, organisation_id: Organisation, person_id: PersonId, data: NameBody) -> PersonFileView:
    """Another name from a day on, or the correction of a fact (`corrects`)."""
    visit.run(lambda u: service.record_name(u, organisation_id, person_id, data))
    return _file(visit, organisation_id, person_id)


@post(_PERSON + "/facts", opt=_KEEP, sync_to_thread=True, status_code=200)
def record_facts(
    request: Request[Any, Any, Any],
    visit: Visitor,
    organisation_id: Organisation,
    person_id: PersonId,
    data: FactsBody,
    all_the_same: AllTheSame = False,
) -> PersonFileView:
    """Day of birth and identity number; what is left out stays as it was."""
    vault = request.app.state.vault

    def record(u: UnitOfWork) -> None:
        def act() -> None:
            service.record_facts(u, vault, organisation_id, person_id, data)

        service.meant(u, vault, organisation_id, person_id, data, act, all_the_same=all_the_same)

    visit.run(record)
    return _file(visit, organisation_id, person_id)


@post(_PERSON + "/account", opt=_KEEP, sync_to_thread=True, status_code=200)
def link_account(visit: Visitor, organisation_id: Organisation, person_id: PersonId, data: LoginBody) -> PersonFileView:
    """The account that the person signs in with; it has a role here, and is nobody else's."""
    visit.run(lambda u: service.link_account(u, organisation_id, person_id, data.login.strip()))
    return _file(visit, organisation_id, person_id)


@post(_PERSON + "/appointments", opt=_KEEP, sync_to_thread=True, status_code=201)
def appoint(
    request: Request[Any, Any, Any],
    visit: Visitor,
    organisation_id: Organisation,
    person_id: PersonId,
    data: AppointBody,
    all_the_same: AllTheSame = False,
) -> PersonFileView:
    """Another appointment of somebody who serves here, or served."""
    vault = request.app.state.vault

    def record(u: UnitOfWork) -> None:
        def act() -> None:
            service.appoint(u, organisation_id, person_id, data)

        service.meant(u, vault, organisation_id, person_id, data, act, all_the_same=all_the_same)

    visit.run(record)
    return _file(visit, organisation_id, person_id)


@post(_PERSON + "/appointments/{appointment_id:int}", opt=_KEEP, sync_to_thread=True, status_code=200)
def record_appointment(
    request: Request[Any, Any, Any],
    visit: Visitor,
    organisation_id: Organisation,
    person_id: PersonId,
    appointment_id: FromPath[int],
    data: MoveBody,
    all_the_same: AllTheSame = False,
) -> PersonFileView:
    """To another post or share from a day on; without `content` the appointment ends."""
    vault = request.app.state.vault

    def record(u: UnitOfWork) -> None:
        def act() -> None:
            service.record_appointment(u, organisation_id, person_id, appointment_id, data)

        def meant() -> None:
            service.meant(u, vault, organisation_id, person_id, data, act, all_the_same=all_the_same)

        looked_after(u, organisation_id, person_id, meant, all_the_same=all_the_same)

    visit.run(record)
    return _file(visit, organisation_id, person_id)


@post(_PERSON + "/appointments/{appointment_id:int}/schedule", opt=_KEEP, sync_to_thread=True, status_code=200)
def record_schedule(
    request: Request[Any, Any, Any],
    visit: Visitor,
    organisation_id: Organisation,
    person_id: PersonId,
    appointment_id: FromPath[int],
    data: ScheduleBody,
    all_the_same: AllTheSame = False,
) -> PersonFileView:
    """Another schedule of work from a day on."""
    vault = request.app.state.vault

    def record(u: UnitOfWork) -> None:
        def act() -> None:
            service.record_schedule(u, organisation_id, person_id, appointment_id, data)

        service.meant(u, vault, organisation_id, person_id, data, act, all_the_same=all_the_same)

    visit.run(record)
    return _file(visit, organisation_id, person_id)


@post(_PERSON + "/acts/{act_id:int}/rescind", opt=_KEEP, sync_to_thread=True, status_code=204)
def rescind(
    visit: Visitor,
    organisation_id: Organisation,
    person_id: PersonId,
    act_id: FromPath[int],
    data: RescindBody,
    all_the_same: AllTheSame = False,
) -> None:
    """Undo an act of a file: what it recorded no longer holds, what it superseded holds again."""

    def record(u: UnitOfWork) -> None:
        def act() -> None:
            service.rescind(u, organisation_id, person_id, act_id, data)

        looked_after(u, organisation_id, person_id, act, all_the_same=all_the_same)

    visit.run(record)


@get(BOOKS + "/me", opt=_SELF, sync_to_thread=True)
def own_record(visit: Visitor, organisation_id: Organisation) -> OwnRecordView:
    """One's own file, and who read it."""

    def read(u: UnitOfWork) -> OwnRecordView:
        own = service.person_of(u, organisation_id)
        if own is None:
            raise PersonNotOfStaff()
        readings = [
            ReadingView(day=r.day, reader=r.reader, kind=r.kind.value, times=r.times, last_at=r.last_at)
            for r in service.readings(u, own.id)
        ]
        file = PersonFileView.of(service.file_of(u, organisation_id, own.id))
        return OwnRecordView(
            file=file, chief_id=service.chief_of(u, organisation_id, own.id, today()), readings=readings
        )

    return visit.read(read)


def _file(visit: Visit, organisation_id: int, person_id: int) -> PersonFileView:
    """The file after an act; that it was opened is noted."""
    file = visit.read(lambda u: service.file_of(u, organisation_id, person_id))
    visit.run(lambda u: service.note_reading(u, organisation_id, person_id))
    return PersonFileView.of(file)


routes = [
    list_staff,
    hire,
    own_record,
    open_identity,
    record_name,
    record_facts,
    link_account,
    appoint,
    record_appointment,
    record_schedule,
    rescind,
    show_file,
]
