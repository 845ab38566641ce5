"""Personal files: of those who serve, for who keeps them, and one's own with who read it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from litestar import Response, get, post

from api.problems import status_of
from api.security import Visitor
from erp.base.clock import today
from erp.base.dates import DateInterval, day_string
from erp.base.errors import Conflict
from erp.base.i18n import N_
from erp.base.uow import UnitOfWork
from erp.hr.personnel import service
from erp.hr.personnel.model import Person, PersonFile, Reading, ReadKind, ScheduleKind
from erp.hr.personnel.rules import hours_of
from erp.hr.staffing import service as staffing
from erp.hr.staffing.model import Unit
from erp.reference.access.model import Permission
from erp.reference.organisations.model import Organisation
from web.faults import Refusal, fault_sheet
from web.hr import file_acts, people
from web.hr.acts import ABOUT, KINDS, Asked, share
from web.hr.file_acts import SCHEDULES, hours
from web.i18n import Speech, moment, speech
from web.pages import Ask, Id, organisation_at, query_of, render, visit_of
from web.session import Sent
from web.tables.download import FORMATS, about, download
from web.tables.model import About, Column, Row, Table
from web.timeline import History, history

_READ = {"policy": Permission.STAFF_READ}
_OPEN = {"policy": Permission.STAFF_IDENTITY}
_SELF = {"policy": Permission.SELF_SERVICE}
_WEEK = 7

READINGS = {ReadKind.FILE: N_("opened the file"), ReadKind.IDENTITY: N_("opened the identity number")}


@dataclass(frozen=True)
class Shown:
    """A personal file as its page tells it; what was known then has no history after it."""

    organisation: Organisation
    file: PersonFile
    person: Person
    units: Mapping[int, Unit]
    asked: Asked
    history: History | None

    @classmethod
    def read(cls, request: Ask, uow: UnitOfWork, organisation_id: int, person_id: int, asked: Asked) -> "Shown":
        day, known_at = asked.day, asked.known
        address, subject = f"/o/{organisation_id}/staff/{person_id}", f"person:{person_id}"
        return cls(
            organisation_at(uow),
            service.file_of(uow, organisation_id, person_id, day=day, known_at=known_at),
            service.person(uow, organisation_id, person_id, day=day, known_at=known_at),
            {each.id: each for each in staffing.units(uow, organisation_id, day, known_at)},
            asked,
            None if known_at else _besides_acts(history(request, uow, address, subject)),
        )

    @property
    def coming(self) -> Mapping[int, list[tuple[date, int]]]:
        """By schedule of shifts that holds on the day: minutes of the seven days from it on."""
        first = self.asked.day
        return {
            each.id: [(day, each.minutes_on(day)) for day in (first + timedelta(days=n) for n in range(_WEEK))]
            for each in self.file.schedules
            if each.kind is ScheduleKind.SHIFT and first in each.valid
        }

    @property
    def told(self) -> dict[str, Any]:
        """What the parts of the record are drawn from."""
        return {
            "file": self.file,
            "person": self.person,
            "units": self.units,
            "history": self.history,
            "coming": self.coming,
            "schedules": SCHEDULES,
            "hours": hours,
            "hours_of": hours_of,
        }


def _besides_acts(past: History) -> History:
    """What no line of the acts tells: accounts that were linked, numbers that were opened."""
    return replace(past, events=[each for each in past.events if "act_no" not in each.event.facts])


@get("/o/{organisation_id:int}/staff/{person_id:int}", opt=_READ, sync_to_thread=True)
def person(request: Ask, visit: Visitor, organisation_id: Id, person_id: Id) -> Response[Any]:
    query = query_of(request)
    asked = Asked.of(visit, query)
    if query.get("as") in FORMATS and asked.fault is None:
        say = speech(visit.language)

        def whole(uow: UnitOfWork) -> tuple[Table, About]:
            shown = Shown.read(request, uow, organisation_id, person_id, asked)
            facts = [(say("Full name"), str(shown.person.name)), *asked.facts(say)]
            return card(shown, say), about(visit, shown.organisation, f"personal-file-{person_id}", *facts)

        file = download(visit, query["as"], whole)
        visit.run(lambda uow: service.note_reading(uow, organisation_id, person_id))
        return file
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
    shown = visit.read(lambda uow: Shown.read(request, uow, organisation_id, person_id, asked))
    if request.method == "GET":
        visit.run(lambda uow: service.note_reading(uow, organisation_id, person_id))
    told = asked.told(visit)
    if refusal:
        told |= {"summary": fault_sheet(refusal, visit.language).summary, "status": status_of(refusal)}
    return render(
        request,
        "personnel/file.html",
        organisation=shown.organisation,
        section="staff",
        address=f"/o/{organisation_id}/staff/{person_id}",
        opened=identity,
        **shown.told,
        **told,
    )


# ------------------------------------------------------------------------------------------------ on paper


def card(shown: Shown, say: Speech) -> Table:
    """A file as a table, a section of it below another; without the identity number."""
    columns = [Column(say("Days"), width=26), Column(say("Meaning"), width=70), Column(say("Details"), width=50)]
    rows: list[Row] = []
    for title, section in _sections(shown, say):
        lines = [Row(line) for line in section]
        if lines:
            rows += [Row([title, "", ""], is_heading=True, is_counted=False), *lines]
    return Table(say("Personal file"), columns, rows)


def _sections(shown: Shown, say: Speech) -> Iterator[tuple[str, list[list[str]]]]:
    language, file, units = say.language.value, shown.file, shown.units
    yield (
        say("Appointments"),
        [
            [
                _days(each.valid, say),
                each.title(language),
                ", ".join(filter(None, [_unit(units, each.unit_id, language), share(each.percent), each.number])),
            ]
            for each in file.appointments
        ],
    )
    yield (
        say("Work schedule"),
        [[_days(each.valid, say), say(SCHEDULES[each.kind]), hours(each)] for each in file.schedules],
    )
    yield say("Name of the person"), [[_days(each.valid, say), str(each.name), ""] for each in file.names]
    yield (
        say("Personal data"),
        [
            [_days(each.valid, say), say("Day of birth"), day_string(each.birth_on)]
            for each in file.facts
            if each.birth_on
        ],
    )
    yield (
        say("Acts"),
        [
            [
                moment(act.at),
                f"№ {act.id} {say(ABOUT[act.about])}"
                + ("" if act.begins else f": {say(KINDS[act.kind])}")
                + (f" № {act.rescinds}" if act.rescinds else "")
                + (f" ({say('rescinded by act № {act}', act=str(act.rescinded_by))})" if act.rescinded_by else ""),
                ", ".join(filter(None, [act.reason, act.actor])),
            ]
            for act in file.acts
        ],
    )


def _unit(units: Mapping[int, Unit], unit_id: int, language: str) -> str:
    return units[unit_id].name(language) if unit_id in units else ""


def _days(valid: DateInterval, say: Speech) -> str:
    start, last = valid.start, valid.end - timedelta(days=1) if valid.end else None
    if start and last:
        return day_string(start) if start == last else f"{day_string(start)} – {day_string(last)}"
    return say("from {day}", day=day_string(start)) if start else ""


# ------------------------------------------------------------------------------------------------ one's own record


@get("/o/{organisation_id:int}/me", opt=_SELF, sync_to_thread=True)
def me(request: Ask, visit: Visitor, organisation_id: Id) -> Response[str]:
    """One's own record, and who read it."""
    now = Asked.of(visit, {})

    def read(uow: UnitOfWork) -> tuple[Organisation, Shown | None, list[Reading], str]:
        own = service.person_of(uow, organisation_id)
        if own is None:
            return organisation_at(uow), None, [], ""
        chief_id = service.chief_of(uow, organisation_id, own.id, today())
        chief = service.names(uow, [chief_id], today()).get(chief_id) if chief_id else None
        shown = Shown.read(request, uow, organisation_id, own.id, now)
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
        **(shown.told if shown else {"person": None}),
        **now.told(visit),
    )


routes = [me, *file_acts.routes, open_identity, people.people, person]
