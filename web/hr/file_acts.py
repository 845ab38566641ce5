"""Acts on personal files: to hire, to move, to change a name, a schedule, and to undo any of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeVar

from erp.base.clock import today
from erp.base.commands import Command
from erp.base.dates import day_string
from erp.base.i18n import N_, Language
from erp.base.uow import UnitOfWork
from erp.hr.personnel import service
from erp.hr.personnel.model import Appointment, Name, PersonFile, Schedule, ScheduleKind
from erp.hr.personnel.rules import DOUBTS, AppointmentUnknown, HoursMalformed, hours_of, minutes_of
from erp.hr.personnel.schemas import (
    Appoint,
    Hire,
    LinkAccount,
    RecordAppointment,
    RecordFacts,
    RecordName,
    RecordSchedule,
)
from erp.hr.requests.endings import AwayBeyond, looked_after
from erp.hr.staffing import service as staffing
from erp.hr.staffing.model import StaffUnit, Unit
from erp.hr.staffing.schemas import RescindAct
from web import forms
from web.hr.acts import Act, At, Subject, act_fields, chosen, dated, made, rescission, share, share_typed
from web.hr.staffing_acts import post_options
from web.sheets import Field, Option, Typed, day_field, said

T = TypeVar("T")

_SECTION = "staff"
_PERSON = "staff/{person_id:int}"
_APPOINTMENT = _PERSON + "/appointments/{appointment_id:int}"

SCHEDULES = {
    ScheduleKind.FIVE_DAY: N_("five-day week"),
    ScheduleKind.SIX_DAY: N_("six-day week"),
    ScheduleKind.SHIFT: N_("shifts"),
}


def hours(schedule: Schedule) -> str:
    """Hours of each day of a cycle: 8 8 8 8 8 0 0."""
    return " ".join(map(hours_of, schedule.minutes))


# ------------------------------------------------------------------------------------------------ whose file


@dataclass(frozen=True)
class OnFile(Subject):
    """The file an act is about to be on, none of a new person; and what may be chosen there."""

    file: PersonFile | None = None
    shown: Any = None
    """What the fields begin with: the fact to be corrected, or the last one."""
    post: str = ""
    units: Sequence[Unit] = ()
    posts: Sequence[StaffUnit] = ()


def _new(at: At, language: Language) -> OnFile:
    units, posts = at.visit.read(lambda uow: _posts(uow, at))
    return OnFile(_staff(at), _SECTION, post=at.asked("post"), units=units, posts=posts)


def _name(at: At, language: Language) -> OnFile:
    file = _read(at)
    return _on(at, file, file.names)


def _facts(at: At, language: Language) -> OnFile:
    file = _read(at)
    return _on(at, file, file.facts)


def _whole(at: At, language: Language) -> OnFile:
    units, posts = at.visit.read(lambda uow: _posts(uow, at))
    return _on(at, _read(at), (), units=units, posts=posts)


def _appointment(at: At, language: Language) -> OnFile:
    file, (units, posts) = _read(at), at.visit.read(lambda uow: _posts(uow, at))
    return _on(at, file, _own(at, file.appointments), units=units, posts=posts)


def _schedule(at: At, language: Language) -> OnFile:
    file = _read(at)
    _own(at, file.appointments)
    return _on(at, file, [each for each in file.schedules if each.appointment_id == at["appointment_id"]])


def _act(at: At, language: Language) -> Subject:
    act = at.visit.read(lambda uow: staffing.recorded_act(uow, at.organisation_id, at["act_id"]))
    return Subject(_file(at), _SECTION, f"№ {act.id}, {day_string(act.at.date())}")


def _read(at: At) -> PersonFile:
    """The file that an act is about to be on; that it was opened is noted."""
    file = at.visit.read(lambda uow: service.file_of(uow, at.organisation_id, at["person_id"]))
    at.visit.run(lambda uow: service.note_reading(uow, at.organisation_id, at["person_id"]))
    return file


def _on(at: At, file: PersonFile, facts: Sequence[Any], **there: Any) -> OnFile:
    """With the fact of ``facts`` that the address names to be corrected, if it is one of them."""
    numbers = {getattr(each, "fact_id", each.id): each for each in facts}
    fact = numbers.get(chosen(list(numbers), at.asked("fact")) or 0)
    shown = fact or (facts[-1] if facts else None)
    return OnFile(_file(at), _SECTION, str(file.name_on(today())), fact, file=file, shown=shown, **there)


def _own(at: At, appointments: Sequence[Appointment]) -> list[Appointment]:
    """The facts of the appointment that the address names.  Raises: AppointmentUnknown."""
    found = [each for each in appointments if each.id == at["appointment_id"]]
    if not found:
        raise AppointmentUnknown()
    return found


def _posts(uow: UnitOfWork, at: At) -> tuple[list[Unit], list[StaffUnit]]:
    return staffing.units(uow, at.organisation_id), staffing.posts(uow, at.organisation_id)


def _staff(at: At) -> str:
    return f"/o/{at.organisation_id}/staff"


def _file(at: At, result: object = None) -> str:
    return f"{_staff(at)}/{at['person_id']}"


# ------------------------------------------------------------------------------------------------ fields


def _name_fields(name: Name | None = None) -> tuple[Field, ...]:
    shown = name or Name("", "")
    return (
        Field("family", N_("Family name"), value=shown.family),
        Field("given", N_("Given name"), value=shown.given),
        Field("patronymic", N_("Patronymic"), value=shown.patronymic, required=False),
    )


def _private_fields(birth_on: date | None, hint: str) -> tuple[Field, ...]:
    return (
        day_field("birth_on", N_("Day of birth"), birth_on, required=False),
        Field("identity", N_("Identity number (IIN)"), required=False, hint=hint),
    )


def _login_field(login: str) -> Field:
    hint = N_("Their account, where they have one: then they see their own record and ask for leave.")
    return Field("login", N_("Login"), value=login, required=False, hint=hint)


def _appointment_fields(on: OnFile, language: Language) -> tuple[Field, ...]:
    shown: Appointment | None = on.shown
    open_to = [each for each in on.posts if each.free_percent > 0 or (shown and each.id == shown.staff_unit_id)]
    return (
        Field(
            "post",
            N_("Position"),
            "select",
            value=str(shown.staff_unit_id) if shown else on.post,
            options=[Option("", "—"), *post_options(on.units, open_to, language, vacant=True)],
        ),
        Field("share", N_("Share of the post"), value=share(shown.percent) if shown else "1", hint=N_("1, 0,5, 0,25.")),
        Field("number", N_("Personnel number"), value=shown.number if shown else "", required=False),
    )


def _schedule_fields(shown: Schedule | None, language: Language) -> tuple[Field, ...]:
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
            hint=N_("From Monday on; of shifts, from the day the cycle begins: 12 12 0 0. Part of an hour: 6:40."),
        ),
        day_field(
            "begins_on",
            N_("First day of the cycle"),
            shown.begins_on if shown and shown.kind is ScheduleKind.SHIFT else None,
            required=False,
            hint=N_("Of shifts only."),
        ),
    )


def _end_fields(on: OnFile, language: Language) -> tuple[Field, ...]:
    return day_field("since", N_("First day not served"), today() + timedelta(days=1)), *act_fields(None, ends=False)[
        1:
    ]


# ------------------------------------------------------------------------------------------------ what was typed


def _name_content(typed: Typed) -> dict[str, Any]:
    return {"family": typed.text("family"), "given": typed.text("given"), "patronymic": typed.raw("patronymic")}


def _private_content(typed: Typed) -> dict[str, Any]:
    return {"birth_on": typed.day_or_none("birth_on"), "identity": typed.raw("identity")}


def _appointment_content(typed: Typed) -> dict[str, Any]:
    return {
        "staff_unit_id": typed.number("post"),
        "percent": share_typed(typed, "share"),
        "number": typed.raw("number"),
    }


def _schedule_content(typed: Typed) -> dict[str, Any]:
    kind = typed.choice("schedule", ScheduleKind, ScheduleKind.FIVE_DAY)
    begins_on = typed.day_or_none("begins_on", needed=kind is ScheduleKind.SHIFT)
    if kind is not ScheduleKind.SHIFT:
        begins_on = today() - timedelta(days=today().weekday())
    minutes: tuple[int, ...] = ()
    try:
        minutes = minutes_of(typed.text("hours"), kind)
    except HoursMalformed as fault:
        typed.refuse("hours", fault)
    return {"kind": kind, "begins_on": begins_on, "minutes": minutes}


def _service_content(typed: Typed) -> dict[str, Any]:
    return {"appointment": _appointment_content(typed), "schedule": _schedule_content(typed)}


def _hire(typed: Typed) -> Hire:
    who = {"name": _name_content(typed), **_private_content(typed), "login": typed.raw("login")}
    return made(Hire, typed, _OF_SERVICE, **who, **_service_content(typed))


_OF_SERVICE = {"appointment.staff_unit_id": "post"}


# ------------------------------------------------------------------------------------------------ the acts


def _record_appointment(uow: UnitOfWork, at: At, command: RecordAppointment) -> None:
    here, person_id, appointment_id = at.organisation_id, at["person_id"], at["appointment_id"]

    def record() -> None:
        service.record_appointment(uow, here, person_id, appointment_id, command)

    looked_after(uow, here, person_id, lambda: _meant(uow, at, command, record), all_the_same=at.is_sure)


def _meant(uow: UnitOfWork, at: At, command: Command, act: Callable[[], T]) -> T:
    person_id = at.request.path_params.get("person_id")
    return service.meant(uow, at.vault, at.organisation_id, person_id, command, act, all_the_same=at.is_sure)


def _rescind(uow: UnitOfWork, at: At, command: RescindAct) -> bool:
    """Whether the person is of the staff yet: who was hired by mistake is not."""
    here, person_id = at.organisation_id, at["person_id"]
    looked_after(
        uow,
        here,
        person_id,
        lambda: service.rescind(uow, here, person_id, at["act_id"], command),
        all_the_same=at.is_sure,
    )
    return bool(service.persons(uow, here, [person_id], today()))


HIRE = Act(
    "staff/new",
    _new,
    N_("New on the staff"),
    lambda on, language: (
        *_name_fields(),
        *_private_fields(None, N_("Kept encrypted. Each opening of it is noted, and the person sees who it was.")),
        _login_field(""),
        *_appointment_fields(on, language),
        *_schedule_fields(None, language),
        *act_fields(today()),
    ),
    _hire,
    lambda uow, at, command: _meant(uow, at, command, lambda: service.hire(uow, at.vault, at.organisation_id, command)),
    lambda at, person_id: f"{_staff(at)}/{person_id}",
    doubts=DOUBTS,
)
NAME = Act(
    _PERSON + "/name",
    _name,
    N_("Change the name"),
    lambda on, language: (*_name_fields(on.shown.name), *on.dated),
    dated(RecordName, lambda typed: {"content": _name_content(typed)}),
    lambda uow, at, command: service.record_name(uow, at.organisation_id, at["person_id"], command),
    _file,
    correction=N_("Correct the name"),
)
FACTS = Act(
    _PERSON + "/facts",
    _facts,
    N_("Change personal data"),
    lambda on, language: (
        *_private_fields(on.shown.birth_on if on.shown else None, N_("Left empty, it stays as it is.")),
        *on.dated,
    ),
    dated(RecordFacts, _private_content),
    lambda uow, at, command: _meant(
        uow, at, command, lambda: service.record_facts(uow, at.vault, at.organisation_id, at["person_id"], command)
    ),
    _file,
    correction=N_("Correct personal data"),
    doubts=DOUBTS,
)
APPOINT = Act(
    _PERSON + "/appointments/new",
    _whole,
    N_("Another appointment"),
    lambda on, language: (
        *_appointment_fields(on, language),
        *_schedule_fields(None, language),
        *act_fields(today()),
    ),
    lambda typed: made(Appoint, typed, _OF_SERVICE, **_service_content(typed)),
    lambda uow, at, command: _meant(
        uow, at, command, lambda: service.appoint(uow, at.organisation_id, at["person_id"], command)
    ),
    _file,
    doubts=DOUBTS,
)
MOVE = Act(
    _APPOINTMENT,
    _appointment,
    N_("Move to another post"),
    lambda on, language: (*_appointment_fields(on, language), *on.dated),
    dated(RecordAppointment, lambda typed: {"content": _appointment_content(typed)}, {"content.staff_unit_id": "post"}),
    _record_appointment,
    _file,
    correction=N_("Correct the appointment"),
    doubts=(AwayBeyond, *DOUBTS),
)
END = Act(
    _APPOINTMENT + "/end",
    _appointment,
    N_("End the appointment"),
    _end_fields,
    dated(RecordAppointment, lambda typed: {"content": None}),
    _record_appointment,
    _file,
    lead=N_("From that day on the person does not hold this post. The file and its acts stay."),
    danger=True,
    doubts=(AwayBeyond,),
)
SCHEDULE = Act(
    _APPOINTMENT + "/schedule",
    _schedule,
    N_("Change the work schedule"),
    lambda on, language: (*_schedule_fields(on.shown, language), *on.dated),
    dated(RecordSchedule, lambda typed: {"content": _schedule_content(typed)}, {"content.minutes": "hours"}),
    lambda uow, at, command: _meant(
        uow,
        at,
        command,
        lambda: service.record_schedule(uow, at.organisation_id, at["person_id"], at["appointment_id"], command),
    ),
    _file,
    correction=N_("Correct the work schedule"),
    doubts=DOUBTS,
)
ACCOUNT = Act(
    _PERSON + "/account",
    _whole,
    N_("Account of the person"),
    lambda on, language: (_login_field(on.file.login if on.file else ""),),
    lambda typed: forms.made(LinkAccount, {"login": typed.raw("login")}),
    lambda uow, at, command: service.link_account(uow, at.organisation_id, at["person_id"], command.login),
    _file,
)
RESCIND = rescission(
    _PERSON + "/acts/{act_id:int}/rescind",
    _act,
    _rescind,
    lambda at, is_there: _file(at) if is_there else _staff(at),
    doubts=(AwayBeyond,),
)
ACTS = (HIRE, NAME, FACTS, APPOINT, MOVE, END, SCHEDULE, ACCOUNT, RESCIND)
routes = [route for act in ACTS for route in act.routes]
