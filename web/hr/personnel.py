"""People of an organisation: the list of a day, the personal file with its acts, one's own record."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect

from api.problems import status_of
from api.security import Visit, Visitor
from erp.base.clock import today
from erp.base.dates import DateInterval, day_string
from erp.base.errors import Conflict, NotFound, RuleViolated
from erp.base.i18n import N_, Language
from erp.base.uow import UnitOfWork
from erp.hr.personnel import service
from erp.hr.personnel.model import (
    Appointment,
    PeoplePage,
    Person,
    PersonFile,
    PersonRow,
    Reading,
    ReadKind,
    Schedule,
    ScheduleKind,
)
from erp.hr.personnel.rules import AppointmentUnknown
from erp.hr.personnel.schemas import (
    Appoint,
    Hire,
    LinkAccount,
    RecordAppointment,
    RecordFacts,
    RecordName,
    RecordSchedule,
)
from erp.hr.staffing import service as staffing
from erp.hr.staffing.model import StaffUnit, Unit
from erp.reference.access.model import Permission
from erp.reference.organisations.model import Organisation
from web import lists
from web.faults import Refusal, fault_sheet
from web.hr.acts import (
    Asked,
    act_fields,
    chosen,
    fields_for,
    made,
    rescind_sheet,
    rescinding,
    share,
    share_typed,
)
from web.hr.staffing import post_options
from web.i18n import Speech, moment, speech
from web.pages import Ask, Id, organisation_at, query_of, render, visit_of
from web.session import Sent
from web.sheets import Field, Option, Sheet, Typed, day_field, done, said, send, show
from web.tables.download import FORMATS, about, download
from web.tables.model import About, Column, Kind, Row, Table
from web.timeline import History, history

_READ = {"policy": Permission.STAFF_READ}
_KEEP = {"policy": Permission.STAFF_KEEP}
_OPEN = {"policy": Permission.STAFF_IDENTITY}
_SELF = {"policy": Permission.SELF_SERVICE}
_SECTION = "staff"
_REFUSED = (RuleViolated, Conflict, NotFound)

SCHEDULES = {
    ScheduleKind.FIVE_DAY: N_("five-day week"),
    ScheduleKind.SIX_DAY: N_("six-day week"),
    ScheduleKind.SHIFT: N_("shifts"),
}
_HOURS = re.compile(r"\d{1,2}([.,]\d{1,2})?", re.ASCII)
READINGS = {ReadKind.FILE: N_("opened the file"), ReadKind.IDENTITY: N_("opened the identity number")}


class HoursMalformed(RuleViolated):
    code = "hours-malformed"
    template = "“{text}” are not hours by day. Write those of each day of the cycle: 8 8 8 8 8 0 0."


# ------------------------------------------------------------------------------------------------ list


@get("/o/{organisation_id:int}/staff", opt=_READ, sync_to_thread=True)
def people(request: Ask, visit: Visitor, organisation_id: Id) -> Response[Any]:
    query, language = query_of(request), visit.language
    asked, words = Asked.of(visit, query), query.get("q", "")[:100]

    def page(uow: UnitOfWork, unit_id: int | None, cursor: str | None) -> PeoplePage:
        return service.people_on(
            uow, organisation_id, asked.day, words=words, unit_id=unit_id, known_at=asked.known, cursor=cursor
        )

    def units_of(uow: UnitOfWork) -> tuple[list[Unit], int | None]:
        there = staffing.units(uow, organisation_id, asked.day, asked.known)
        return there, chosen([each.id for each in there], query.get("unit", ""))

    def whole(uow: UnitOfWork) -> tuple[Table, About]:
        _, unit_id = units_of(uow)

        def rows(after: str | None) -> tuple[Sequence[PersonRow], str | None]:
            found = page(uow, unit_id, after)
            return found.rows, found.next_cursor

        say = speech(language)
        facts = [(say("As of the day"), day_string(asked.day))]
        if asked.known:
            facts.append((say("As known at"), moment(asked.known)))
        return _table(lists.every(rows), say), about(visit, organisation_at(uow), "staff", *facts)

    if query.get("as") in FORMATS and asked.fault is None:
        return download(visit, query["as"], whole)

    def read(uow: UnitOfWork) -> tuple[Organisation, list[Unit], int | None, PeoplePage, int]:
        there, unit_id = units_of(uow)
        count = service.count_on(uow, organisation_id, asked.day, asked.known)
        return organisation_at(uow), there, unit_id, page(uow, unit_id, query.get("cursor")), count

    organisation, there, unit_id, found, count = visit.read(read)
    more = asked.query(q=words, unit=str(unit_id or ""), cursor=found.next_cursor or "")
    return render(
        request,
        "personnel/list.html",
        organisation=organisation,
        section=_SECTION,
        units=sorted(there, key=lambda each: each.name(language)),
        unit_id=unit_id,
        words=words,
        rows=found.rows,
        count=count,
        next_url=f"{request.url.path}{more}" if found.next_cursor else "",
        **asked.told(visit),
    )


def _table(found: Any, say: Speech) -> Table:
    language = say.language.value
    columns = [
        Column(say("Full name"), width=40),
        Column(say("Personnel number"), Kind.CODE),
        Column(say("Structural unit"), width=40),
        Column(say("Position"), width=40),
        Column(say("Category"), Kind.CODE),
        Column(say("Share"), Kind.CODE, width=8),
        Column(say("Since"), Kind.DAY),
    ]
    rows = (
        Row(
            [
                str(each.name),
                each.number,
                each.unit(language),
                each.title(language),
                each.category,
                share(each.percent),
                each.since,
            ]
        )
        for each in found
    )
    return Table(say("People"), columns, rows)


# ------------------------------------------------------------------------------------------------ a file


@dataclass(frozen=True)
class Shown:
    """A personal file as its page tells it."""

    organisation: Organisation
    file: PersonFile
    person: Person
    units: Mapping[int, Unit]
    history: History


@get("/o/{organisation_id:int}/staff/{person_id:int}", opt=_READ, sync_to_thread=True)
def person(request: Ask, visit: Visitor, organisation_id: Id, person_id: Id) -> Response[str]:
    return _file_page(request, organisation_id, person_id)


@post("/o/{organisation_id:int}/staff/{person_id:int}/identity", opt=_OPEN, sync_to_thread=True)
def open_identity(request: Ask, visit: Visitor, organisation_id: Id, person_id: Id, data: Sent) -> Response[str]:
    """The identity number, once: it is told on the answer alone, and that it was opened stays."""
    vault = request.app.state.vault
    try:
        number = visit.run(lambda uow: service.open_identity(uow, vault, organisation_id, person_id))
    except Conflict as refusal:
        return _file_page(request, organisation_id, person_id, refusal=refusal)
    return _file_page(request, organisation_id, person_id, identity=number)


def _file_page(
    request: Ask, organisation_id: int, person_id: int, *, identity: str = "", refusal: Refusal | None = None
) -> Response[str]:
    visit = visit_of(request)
    asked = Asked.of(visit, query_of(request))
    shown = visit.read(lambda uow: _shown(request, uow, organisation_id, person_id, asked))
    if request.method == "GET":
        visit.run(lambda uow: service.note_reading(uow, organisation_id, person_id))
    told = asked.told(visit)
    if refusal:
        told |= {"summary": fault_sheet(refusal, visit.language).summary, "status": status_of(refusal)}
    return render(
        request,
        "personnel/file.html",
        organisation=shown.organisation,
        section=_SECTION,
        address=f"/o/{organisation_id}/staff/{person_id}",
        opened=identity,
        schedules=SCHEDULES,
        hours=hours,
        **_of(shown),
        **told,
    )


def _of(shown: Shown) -> dict[str, Any]:
    return {"file": shown.file, "person": shown.person, "units": shown.units, "history": shown.history}


def _shown(request: Ask, uow: UnitOfWork, organisation_id: int, person_id: int, asked: Asked) -> Shown:
    file = service.file_of(uow, organisation_id, person_id, day=asked.day, known_at=asked.known)
    there = service.person(uow, organisation_id, person_id, day=asked.day, known_at=asked.known)
    units = {each.id: each for each in staffing.units(uow, organisation_id, asked.day, asked.known)}
    past = history(request, uow, f"/o/{organisation_id}/staff/{person_id}", f"person:{person_id}")
    return Shown(organisation_at(uow), file, there, units, past)


def hours(schedule: Schedule) -> str:
    """Hours of each day of a cycle: 8 8 8 8 8 0 0."""
    return " ".join(f"{minutes / 60:g}".replace(".", ",") for minutes in schedule.minutes)


# ------------------------------------------------------------------------------------------------ one's own record


@get("/o/{organisation_id:int}/me", opt=_SELF, sync_to_thread=True)
def me(request: Ask, visit: Visitor, organisation_id: Id) -> Response[str]:
    """One's own record, and who read it."""

    def read(uow: UnitOfWork) -> tuple[Organisation, Shown | None, list[Reading], str]:
        own = service.person_of(uow, organisation_id)
        if own is None:
            return organisation_at(uow), None, [], ""
        chief_id = service.chief_of(uow, organisation_id, own.id, today())
        chief = service.names(uow, [chief_id], today()).get(chief_id) if chief_id else None
        shown = _shown(request, uow, organisation_id, own.id, Asked.of(visit, {}))
        return shown.organisation, shown, service.readings(uow, own.id), str(chief or "")

    organisation, shown, readings, chief = visit.read(read)
    return render(
        request,
        "personnel/me.html",
        organisation=organisation,
        section="me",
        readings=readings,
        reading_kinds=READINGS,
        chief=chief,
        schedules=SCHEDULES,
        hours=hours,
        **(_of(shown) if shown else {"person": None}),
        **Asked.of(visit, {}).told(visit),
    )


# ------------------------------------------------------------------------------------------------ to hire


@get("/o/{organisation_id:int}/staff/new", opt=_KEEP, sync_to_thread=True)
def new_person_page(request: Ask, visit: Visitor, organisation_id: Id) -> Response[str]:
    sheet = _hire_sheet(visit, organisation_id, visit.language, request.query_params.get("post", ""))
    return show(request, sheet, organisation=visit.read(organisation_at))


@post("/o/{organisation_id:int}/staff/new", opt=_KEEP, sync_to_thread=True)
def hire(request: Ask, visit: Visitor, organisation_id: Id, data: Sent) -> Response[Any]:
    vault = request.app.state.vault

    def begin(visit: Visit, typed: Typed) -> Redirect:
        content = {
            "name": _name_content(typed),
            "birth_on": typed.day_or_none("birth_on"),
            "identity": typed.raw("identity"),
            "login": typed.raw("login"),
            "appointment": _appointment_content(typed),
            "schedule": _schedule_content(typed),
        }
        command = made(Hire, typed, {"appointment.staff_unit_id": "post"}, **content)
        person_id = visit.run(lambda uow: service.hire(uow, vault, organisation_id, command))
        return done(f"/o/{organisation_id}/staff/{person_id}")

    return _send(request, data, lambda language: _hire_sheet(visit, organisation_id, language), begin)


def _hire_sheet(visit: Visit, organisation_id: int, language: Language, post_id: str = "") -> Sheet:
    return _sheet(
        organisation_id,
        None,
        N_("New on the staff"),
        (
            *_name_fields(),
            day_field("birth_on", N_("Day of birth"), required=False),
            Field(
                "identity",
                N_("Identity number (IIN)"),
                required=False,
                hint=N_("Kept encrypted. Each opening of it is noted, and the person sees who it was."),
            ),
            Field(
                "login",
                N_("Login"),
                required=False,
                hint=N_("Their account, where they have one: then they see their own record and ask for leave."),
            ),
            *_appointment_fields(visit, organisation_id, language, post_id=post_id),
            *_schedule_fields(language),
            *act_fields(today()),
        ),
    )


def _name_fields(shown: Any = None) -> tuple[Field, ...]:
    return (
        Field("family", N_("Family name"), value=shown.family if shown else ""),
        Field("given", N_("Given name"), value=shown.given if shown else ""),
        Field("patronymic", N_("Patronymic"), value=shown.patronymic if shown else "", required=False),
    )


def _name_content(typed: Typed) -> dict[str, str]:
    return {"family": typed.text("family"), "given": typed.text("given"), "patronymic": typed.raw("patronymic")}


def _appointment_fields(
    visit: Visit, organisation_id: int, language: Language, shown: Appointment | None = None, post_id: str = ""
) -> tuple[Field, ...]:
    def read(uow: UnitOfWork) -> tuple[list[Unit], list[StaffUnit]]:
        return staffing.units(uow, organisation_id), staffing.posts(uow, organisation_id)

    units, posts = visit.read(read)
    open_to = [each for each in posts if each.free_percent > 0 or (shown and each.id == shown.staff_unit_id)]
    return (
        Field(
            "post",
            N_("Position"),
            "select",
            value=str(shown.staff_unit_id) if shown else post_id,
            options=[Option("", "—"), *post_options(units, open_to, language, vacant=True)],
        ),
        Field("share", N_("Share of the post"), value=share(shown.percent) if shown else "1", hint=N_("1, 0,5, 0,25.")),
        Field("number", N_("Personnel number"), value=shown.number if shown else "", required=False),
    )


def _appointment_content(typed: Typed) -> dict[str, Any]:
    return {
        "staff_unit_id": typed.number("post"),
        "percent": share_typed(typed, "share"),
        "number": typed.raw("number"),
    }


def _schedule_fields(language: Language, shown: Schedule | None = None) -> tuple[Field, ...]:
    return (
        Field(
            "schedule",
            N_("Work schedule"),
            "select",
            value=(shown.kind if shown else ScheduleKind.FIVE_DAY).value,
            options=[Option(kind.value, said(name, language)) for kind, name in SCHEDULES.items()],
        ),
        Field(
            "hours",
            N_("Hours by day"),
            value=hours(shown) if shown else "8 8 8 8 8 0 0",
            hint=N_("From Monday on; of shifts, from the day the cycle begins: 12 12 0 0."),
        ),
        day_field(
            "begins_on",
            N_("First day of the cycle"),
            shown.begins_on if shown and shown.kind is ScheduleKind.SHIFT else None,
            required=False,
            hint=N_("Of shifts only."),
        ),
    )


def _schedule_content(typed: Typed) -> dict[str, Any]:
    kind = typed.choice("schedule", ScheduleKind, ScheduleKind.FIVE_DAY)
    begins_on = typed.day_or_none("begins_on", needed=kind is ScheduleKind.SHIFT)
    if kind is not ScheduleKind.SHIFT:
        begins_on = _monday(today())
    text = typed.text("hours")
    each_day = [int(Decimal(day.replace(",", ".")) * 60) for day in text.split() if _HOURS.fullmatch(day)]
    minutes = each_day if len(each_day) == len(text.split()) else []
    length = range(1, 57) if kind is ScheduleKind.SHIFT else (7,)
    if len(minutes) not in length or max(minutes) > 24 * 60:
        typed.refuse("hours", HoursMalformed(text=text))
    return {"kind": kind, "begins_on": begins_on, "minutes": minutes}


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


# ------------------------------------------------------------------------------------------------ acts on a file


@get("/o/{organisation_id:int}/staff/{person_id:int}/name", opt=_KEEP, sync_to_thread=True)
def name_page(request: Ask, visit: Visitor, organisation_id: Id, person_id: Id) -> Response[str]:
    return _show(request, _name_sheet(request, visit, organisation_id, person_id))


@post("/o/{organisation_id:int}/staff/{person_id:int}/name", opt=_KEEP, sync_to_thread=True)
def record_name(request: Ask, visit: Visitor, organisation_id: Id, person_id: Id, data: Sent) -> Response[Any]:
    def record(visit: Visit, typed: Typed) -> Redirect:
        command = made(RecordName, typed, content=_name_content(typed), corrects=typed.number_or_none("corrects"))
        visit.run(lambda uow: service.record_name(uow, organisation_id, person_id, command))
        return _to(organisation_id, person_id)

    return _send(request, data, lambda _: _name_sheet(request, visit, organisation_id, person_id), record)


def _name_sheet(request: Ask, visit: Visit, organisation_id: int, person_id: int) -> Sheet:
    file = _file(visit, organisation_id, person_id)
    fact = _fact(request, file.names)
    shown = fact or file.names[-1]
    return _sheet(
        organisation_id,
        file,
        N_("Correct the name") if fact else N_("Change the name"),
        (*_name_fields(shown.name), *_dated(fact)),
    )


@get("/o/{organisation_id:int}/staff/{person_id:int}/facts", opt=_KEEP, sync_to_thread=True)
def facts_page(request: Ask, visit: Visitor, organisation_id: Id, person_id: Id) -> Response[str]:
    return _show(request, _facts_sheet(request, visit, organisation_id, person_id))


@post("/o/{organisation_id:int}/staff/{person_id:int}/facts", opt=_KEEP, sync_to_thread=True)
def record_facts(request: Ask, visit: Visitor, organisation_id: Id, person_id: Id, data: Sent) -> Response[Any]:
    vault = request.app.state.vault

    def record(visit: Visit, typed: Typed) -> Redirect:
        content: dict[str, Any] = {"birth_on": typed.day_or_none("birth_on"), "identity": typed.raw("identity")}
        command = made(RecordFacts, typed, **content, corrects=typed.number_or_none("corrects"))
        visit.run(lambda uow: service.record_facts(uow, vault, organisation_id, person_id, command))
        return _to(organisation_id, person_id)

    return _send(request, data, lambda _: _facts_sheet(request, visit, organisation_id, person_id), record)


def _facts_sheet(request: Ask, visit: Visit, organisation_id: int, person_id: int) -> Sheet:
    file = _file(visit, organisation_id, person_id)
    fact = _fact(request, file.facts)
    shown = fact or next(iter(reversed(file.facts)), None)
    return _sheet(
        organisation_id,
        file,
        N_("Correct personal data") if fact else N_("Change personal data"),
        (
            day_field("birth_on", N_("Day of birth"), shown.birth_on if shown else None, required=False),
            Field(
                "identity",
                N_("Identity number (IIN)"),
                required=False,
                hint=N_("Left empty, it stays as it is."),
            ),
            *_dated(fact),
        ),
    )


@get("/o/{organisation_id:int}/staff/{person_id:int}/appointments/new", opt=_KEEP, sync_to_thread=True)
def new_appointment_page(request: Ask, visit: Visitor, organisation_id: Id, person_id: Id) -> Response[str]:
    return _show(request, _appoint_sheet(visit, organisation_id, person_id, visit.language))


@post("/o/{organisation_id:int}/staff/{person_id:int}/appointments/new", opt=_KEEP, sync_to_thread=True)
def appoint(request: Ask, visit: Visitor, organisation_id: Id, person_id: Id, data: Sent) -> Response[Any]:
    def record(visit: Visit, typed: Typed) -> Redirect:
        content = {"appointment": _appointment_content(typed), "schedule": _schedule_content(typed)}
        command = made(Appoint, typed, {"appointment.staff_unit_id": "post"}, **content)
        visit.run(lambda uow: service.appoint(uow, organisation_id, person_id, command))
        return _to(organisation_id, person_id)

    return _send(request, data, lambda language: _appoint_sheet(visit, organisation_id, person_id, language), record)


def _appoint_sheet(visit: Visit, organisation_id: int, person_id: int, language: Language) -> Sheet:
    return _sheet(
        organisation_id,
        _file(visit, organisation_id, person_id),
        N_("Another appointment"),
        (
            *_appointment_fields(visit, organisation_id, language),
            *_schedule_fields(language),
            *act_fields(today()),
        ),
    )


@get(
    "/o/{organisation_id:int}/staff/{person_id:int}/appointments/{appointment_id:int}",
    opt=_KEEP,
    sync_to_thread=True,
)
def appointment_page(
    request: Ask, visit: Visitor, organisation_id: Id, person_id: Id, appointment_id: Id
) -> Response[str]:
    sheet = _appointment_sheet(request, visit, organisation_id, person_id, appointment_id, visit.language)
    return _show(request, sheet)


@post(
    "/o/{organisation_id:int}/staff/{person_id:int}/appointments/{appointment_id:int}",
    opt=_KEEP,
    sync_to_thread=True,
)
def record_appointment(
    request: Ask, visit: Visitor, organisation_id: Id, person_id: Id, appointment_id: Id, data: Sent
) -> Response[Any]:
    def record(visit: Visit, typed: Typed) -> Redirect:
        places = {"content.staff_unit_id": "post"}
        content, corrects = _appointment_content(typed), typed.number_or_none("corrects")
        command = made(RecordAppointment, typed, places, content=content, corrects=corrects)
        visit.run(lambda uow: service.record_appointment(uow, organisation_id, person_id, appointment_id, command))
        return _to(organisation_id, person_id)

    return _send(
        request,
        data,
        lambda language: _appointment_sheet(request, visit, organisation_id, person_id, appointment_id, language),
        record,
    )


def _appointment_sheet(
    request: Ask, visit: Visit, organisation_id: int, person_id: int, appointment_id: int, language: Language
) -> Sheet:
    file = _file(visit, organisation_id, person_id)
    own = _own(file.appointments, appointment_id)
    fact = _fact(request, own, "fact_id")
    return _sheet(
        organisation_id,
        file,
        N_("Correct the appointment") if fact else N_("Move to another post"),
        (*_appointment_fields(visit, organisation_id, language, fact or own[-1]), *_dated(fact)),
    )


@get(
    "/o/{organisation_id:int}/staff/{person_id:int}/appointments/{appointment_id:int}/end",
    opt=_KEEP,
    sync_to_thread=True,
)
def end_page(request: Ask, visit: Visitor, organisation_id: Id, person_id: Id, appointment_id: Id) -> Response[str]:
    return _show(request, _end_sheet(visit, organisation_id, person_id, appointment_id, visit.language))


@post(
    "/o/{organisation_id:int}/staff/{person_id:int}/appointments/{appointment_id:int}/end",
    opt=_KEEP,
    sync_to_thread=True,
)
def end_appointment(
    request: Ask, visit: Visitor, organisation_id: Id, person_id: Id, appointment_id: Id, data: Sent
) -> Response[Any]:
    def end(visit: Visit, typed: Typed) -> Redirect:
        command = made(RecordAppointment, typed, content=None)
        visit.run(lambda uow: service.record_appointment(uow, organisation_id, person_id, appointment_id, command))
        return _to(organisation_id, person_id)

    return _send(
        request, data, lambda language: _end_sheet(visit, organisation_id, person_id, appointment_id, language), end
    )


def _end_sheet(visit: Visit, organisation_id: int, person_id: int, appointment_id: int, language: Language) -> Sheet:
    file = _file(visit, organisation_id, person_id)
    shown = _own(file.appointments, appointment_id)[-1]
    return _sheet(
        organisation_id,
        file,
        N_("End the appointment"),
        (
            Field("title", N_("Position"), "hidden", shown.title(language)),
            day_field("since", N_("First day not served"), today() + timedelta(days=1)),
            *act_fields(None, ends=False)[1:],
        ),
        lead=N_("From that day on the person does not hold this post. The file and its acts stay."),
        danger=True,
    )


@get(
    "/o/{organisation_id:int}/staff/{person_id:int}/appointments/{appointment_id:int}/schedule",
    opt=_KEEP,
    sync_to_thread=True,
)
def schedule_page(
    request: Ask, visit: Visitor, organisation_id: Id, person_id: Id, appointment_id: Id
) -> Response[str]:
    sheet = _schedule_sheet(request, visit, organisation_id, person_id, appointment_id, visit.language)
    return _show(request, sheet)


@post(
    "/o/{organisation_id:int}/staff/{person_id:int}/appointments/{appointment_id:int}/schedule",
    opt=_KEEP,
    sync_to_thread=True,
)
def record_schedule(
    request: Ask, visit: Visitor, organisation_id: Id, person_id: Id, appointment_id: Id, data: Sent
) -> Response[Any]:
    def record(visit: Visit, typed: Typed) -> Redirect:
        content, corrects = _schedule_content(typed), typed.number_or_none("corrects")
        command = made(RecordSchedule, typed, {"content.minutes": "hours"}, content=content, corrects=corrects)
        visit.run(lambda uow: service.record_schedule(uow, organisation_id, person_id, appointment_id, command))
        return _to(organisation_id, person_id)

    return _send(
        request,
        data,
        lambda language: _schedule_sheet(request, visit, organisation_id, person_id, appointment_id, language),
        record,
    )


def _schedule_sheet(
    request: Ask, visit: Visit, organisation_id: int, person_id: int, appointment_id: int, language: Language
) -> Sheet:
    file = _file(visit, organisation_id, person_id)
    _own(file.appointments, appointment_id)
    own = [each for each in file.schedules if each.appointment_id == appointment_id]
    fact = _fact(request, own)
    shown = fact or next(iter(reversed(own)), None)
    return _sheet(
        organisation_id,
        file,
        N_("Correct the work schedule") if fact else N_("Change the work schedule"),
        (*_schedule_fields(language, shown), *_dated(fact)),
    )


@get("/o/{organisation_id:int}/staff/{person_id:int}/account", opt=_KEEP, sync_to_thread=True)
def account_page(request: Ask, visit: Visitor, organisation_id: Id, person_id: Id) -> Response[str]:
    return _show(request, _account_sheet(visit, organisation_id, person_id))


@post("/o/{organisation_id:int}/staff/{person_id:int}/account", opt=_KEEP, sync_to_thread=True)
def link_account(request: Ask, visit: Visitor, organisation_id: Id, person_id: Id, data: Sent) -> Response[Any]:
    def link(visit: Visit, typed: Typed) -> Redirect:
        login = LinkAccount(login=typed.raw("login")[:100]).login
        visit.run(lambda uow: service.link_account(uow, organisation_id, person_id, login))
        return _to(organisation_id, person_id)

    return _send(request, data, lambda _: _account_sheet(visit, organisation_id, person_id), link)


def _account_sheet(visit: Visit, organisation_id: int, person_id: int) -> Sheet:
    file = _file(visit, organisation_id, person_id)
    return _sheet(
        organisation_id,
        file,
        N_("Account of the person"),
        (
            Field(
                "login",
                N_("Login"),
                value=file.login,
                required=False,
                hint=N_("Their account, where they have one: then they see their own record and ask for leave."),
            ),
        ),
    )


@get("/o/{organisation_id:int}/staff/{person_id:int}/acts/{act_id:int}/rescind", opt=_KEEP, sync_to_thread=True)
def rescind_page(request: Ask, visit: Visitor, organisation_id: Id, person_id: Id, act_id: Id) -> Response[str]:
    return _show(request, _rescind_sheet(visit, organisation_id, person_id, act_id))


@post("/o/{organisation_id:int}/staff/{person_id:int}/acts/{act_id:int}/rescind", opt=_KEEP, sync_to_thread=True)
def rescind(request: Ask, visit: Visitor, organisation_id: Id, person_id: Id, act_id: Id, data: Sent) -> Response[Any]:
    def undo(visit: Visit, typed: Typed) -> Redirect:
        command = rescinding(typed)
        visit.run(lambda uow: service.rescind(uow, organisation_id, person_id, act_id, command))
        is_there = visit.read(lambda uow: service.persons(uow, organisation_id, [person_id], today()))
        return _to(organisation_id, person_id) if is_there else done(f"/o/{organisation_id}/staff")

    return _send(request, data, lambda _: _rescind_sheet(visit, organisation_id, person_id, act_id), undo)


def _rescind_sheet(visit: Visit, organisation_id: int, person_id: int, act_id: int) -> Sheet:
    act = visit.read(lambda uow: staffing.recorded_act(uow, organisation_id, act_id))
    return rescind_sheet(act, f"/o/{organisation_id}/staff/{person_id}", _SECTION)


# ------------------------------------------------------------------------------------------------ sheets


def _file(visit: Visit, organisation_id: int, person_id: int) -> PersonFile:
    """The file that an act is about to be on; that it was opened is noted."""
    file = visit.read(lambda uow: service.file_of(uow, organisation_id, person_id))
    visit.run(lambda uow: service.note_reading(uow, organisation_id, person_id))
    return file


def _own(appointments: Sequence[Appointment], appointment_id: int) -> list[Appointment]:
    """The facts of one appointment.  Raises: AppointmentUnknown."""
    found = [each for each in appointments if each.id == appointment_id]
    if not found:
        raise AppointmentUnknown()
    return found


def _fact(request: Ask, facts: Sequence[Any], name: str = "id") -> Any:
    """The fact that the address names to be corrected, if it is one of them."""
    number = chosen([getattr(each, name) for each in facts], request.query_params.get("fact", ""))
    return next((each for each in facts if getattr(each, name) == number), None)


def _dated(fact: Any) -> tuple[Field, ...]:
    number = "" if fact is None else str(getattr(fact, "fact_id", fact.id))
    valid: DateInterval | None = fact.valid if fact else None
    return Field("corrects", "", "hidden", number), *fields_for(valid)


def _sheet(
    organisation_id: int,
    file: PersonFile | None,
    title: str,
    fields: tuple[Field, ...],
    *,
    lead: str = "",
    danger: bool = False,
) -> Sheet:
    home = f"/o/{organisation_id}/staff"
    return Sheet(
        title,
        N_("Save"),
        f"{home}/{file.person_id}" if file else home,
        fields,
        lead=lead,
        about=str(file.name_on(today())) if file else "",
        danger=danger,
        layout="base.html",
        section=_SECTION,
    )


def _show(request: Ask, sheet: Sheet) -> Response[str]:
    return show(request, sheet, organisation=visit_of(request).read(organisation_at))


def _send(request: Ask, data: Sent, sheet: Any, command: Any) -> Response[Any]:
    context = {"organisation": visit_of(request).read(organisation_at)}
    return send(request, data, sheet, command, refused_by=_REFUSED, shown=lambda: context)


def _to(organisation_id: int, person_id: int) -> Redirect:
    return done(f"/o/{organisation_id}/staff/{person_id}")


routes = [
    me,
    new_person_page,
    hire,
    name_page,
    record_name,
    facts_page,
    record_facts,
    new_appointment_page,
    appoint,
    appointment_page,
    record_appointment,
    end_page,
    end_appointment,
    schedule_page,
    record_schedule,
    account_page,
    link_account,
    rescind_page,
    rescind,
    open_identity,
    people,
    person,
]
