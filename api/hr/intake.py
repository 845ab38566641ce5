"""Lists of people under ``/api/v1``: brought, checked row by row, mended, accepted.  Identity numbers are masked."""

from datetime import datetime
from typing import Annotated, Any, Literal

from litestar import Request, Response, get, post
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, RawBody
from pydantic import Field

from api.conventions import BOOKS, Cursor, IfMatch, Limit, Organisation, Page, View, version_seen
from api.finance.papers import FileName, FileSent, Key, name_sent
from api.security import Visit, Visitor
from erp.base.cursors import INTEGER, number_in
from erp.base.sheets.model import Mended, letters
from erp.base.uow import UnitOfWork
from erp.hr.intake import rules, service
from erp.hr.intake.model import Checked, IntakeRow, Line, LineKind, Settings
from erp.hr.intake.schemas import AcceptList, ReadList
from erp.reference.access.model import Permission

_KEEP = {"policy": Permission.STAFF_KEEP}
_FILES = BOOKS + "/people-files"
_FILE = _FILES + "/{file_id:int}"
_READ = {"creates_units": True, "creates_posts": True, "cells": {"B7": "19.07.1985"}, "left": [12]}
ReadListBody = Annotated[
    ReadList, Body(examples=[Example(summary="Bring the staffing table too; a cell, a row left out", value=_READ)])
]
AcceptListBody = Annotated[
    AcceptList, Body(examples=[Example(summary="Put the good rows on the staff", value={"reason": "Из 1С:ЗУП"})])
]


class PeopleColumnView(View):
    column: str = Field(examples=["B"])
    title: str = Field(description="Its head; of heads above one another joined.", examples=["Дата рождения"])
    means: str = Field(description="The field; empty where it means none.", examples=["birth_on"])


class PeopleFileView(View):
    """A list with what is found in it.  Nobody is on the staff by it before it is accepted."""

    id: int = Field(examples=[3])
    revision: int = Field(description="Its `ETag` is this number.", examples=[1])
    name: str = Field(examples=["кадры.xlsx"])
    heads: int = Field(description="The last row of heads; 0: none.", examples=[1])
    columns: list[PeopleColumnView]
    rows: dict[str, int] = Field(description="How many there are of each kind.", examples=[{"person": 412, "head": 1}])
    good: int = Field(description="Rows that would be accepted.", examples=[410])
    faulty: int = Field(examples=[2])
    new_people: int = Field(description="Of the good rows, those of people who are not on record.", examples=[398])
    new_units: list[str] = Field(description="Units that would be created.", examples=[["Отдел кадров"]])
    new_posts: int = Field(description="Posts that would be created.", examples=[12])
    problem: str = Field(description="Why nothing of it can be read; else empty.", examples=[""])
    people: int = Field(description="On the staff by it already.", examples=[0])
    appointments: int = Field(examples=[0])
    identities: int = Field(description="Identity numbers that it has added.", examples=[0])
    accepted_at: datetime | None
    is_open: bool = Field(description="Whether rows of it are left here.")


class PeopleFileRef(View):
    id: int = Field(examples=[3])
    name: str = Field(examples=["кадры.xlsx"])
    begun_at: datetime
    accepted_at: datetime | None
    people: int = Field(examples=[398])
    appointments: int = Field(examples=[410])
    identities: int = Field(description="Identity numbers that it has added.", examples=[3])
    is_open: bool

    @classmethod
    def of(cls, row: IntakeRow) -> "PeopleFileRef":
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class PeopleFaultView(View):
    column: str | None = Field(description="Null: of the row.", examples=["B"])
    code: str = Field(examples=["day-malformed"])
    detail: str = Field(description="In the caller's language.")


class PeopleNoteView(View):
    """What one ought to know of a row that is no fault."""

    code: Literal[
        "on-record", "on-record-elsewhere", "same-as-row", "already-appointed", "namesake", "birth-differs",
        "identity-offered", "identity-added", "identity-unsure",
    ]  # fmt: skip
    person: int | None = Field(None, description="Somebody on record.", examples=[412])
    name: str = Field("", examples=["Ахметов Ерлан Серікұлы"])
    row: int | None = Field(None, examples=[7])


class PeopleFileRowView(View):
    row: int = Field(examples=[7])
    kind: Literal["person", "head", "blank", "total", "left", "appointed"]
    is_good: bool = Field(description="Whether it would be accepted.")
    cells: list[str] = Field(description="As they would be read; long numbers are masked.")
    faults: list[PeopleFaultView]
    notes: list[PeopleNoteView]


class PeopleAcceptedView(View):
    people: int = Field(description="New on record.", examples=[398])
    appointments: int = Field(examples=[410])
    identities: int = Field(description="Identity numbers added to people on record.", examples=[3])
    units: int = Field(examples=[4])
    posts: int = Field(examples=[12])
    left: int = Field(description="Rows that stay in the list.", examples=[2])


# ------------------------------------------------------------------------------------------------ bring


@post(_FILES, opt=_KEEP, sync_to_thread=True, operation_class=FileSent)
def bring_people(
    request: Request[Any, Any, Any],
    visit: Visitor,
    organisation_id: Organisation,
    name: FileName,
    key: Key,
    body: RawBody,
) -> Response[PeopleFileView]:
    """Bring a list of people (xlsx, xls, ods, CSV): the body is its content. It is checked row by row."""
    table, vault = service.read(body, name_sent(request, name, body)), request.app.state.vault

    def bring(uow: UnitOfWork) -> Checked:
        return service.check(uow, vault, service.bring(uow, vault, organisation_id, table, key=key))

    return _view(request, visit, visit.run(bring))


@get(_FILES, opt=_KEEP, sync_to_thread=True)
def list_people_files(visit: Visitor, organisation_id: Organisation) -> Page[PeopleFileRef]:
    """The last lists that you brought."""
    found = visit.read(lambda uow: service.intakes(uow, organisation_id))
    return Page(items=[PeopleFileRef.of(row) for row in found])


# ------------------------------------------------------------------------------------------------ one of them


@get(_FILE, opt=_KEEP, sync_to_thread=True)
def people_file(
    request: Request[Any, Any, Any], visit: Visitor, organisation_id: Organisation, file_id: FromPath[int]
) -> Response[PeopleFileView]:
    """A list that you brought, checked against the record as that is now."""
    return _view(request, visit, visit.read(lambda uow: _look(request, uow, organisation_id, file_id)))


@get(f"{_FILE}/rows", opt=_KEEP, sync_to_thread=True)
def people_file_rows(
    request: Request[Any, Any, Any],
    visit: Visitor,
    organisation_id: Organisation,
    file_id: FromPath[int],
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[PeopleFileRowView]:
    """Every row of a list, with what is wrong at which cell and what becomes of it."""
    after = number_in(cursor, most=INTEGER) if cursor else 0
    found = visit.read(lambda uow: _look(request, uow, organisation_id, file_id))
    lines = [line for line in found.lines if line.number > after]
    shown = [_row(request, visit, found, line) for line in lines[:limit]]
    return Page(items=shown, next=str(shown[-1].row) if len(lines) > limit else None)


@post(f"{_FILE}/mend", opt=_KEEP, sync_to_thread=True, status_code=200)
def mend_people(
    request: Request[Any, Any, Any],
    visit: Visitor,
    organisation_id: Organisation,
    file_id: FromPath[int],
    data: ReadListBody,
    if_match: IfMatch = None,
) -> Response[PeopleFileView]:
    """Say how a list is read, write over its cells, and leave rows out; it is checked anew."""
    revision, vault = version_seen(if_match), request.app.state.vault
    said = data.model_dump(exclude={"cells", "left"})
    mended = Mended(data.cells, frozenset(data.left))

    def mend(uow: UnitOfWork) -> Checked:
        at = organisation_id, file_id, revision
        return service.check(uow, vault, service.change(uow, vault, *at, Settings(**said), mended))

    return _view(request, visit, visit.run(mend))


@post(f"{_FILE}/accept", opt=_KEEP, sync_to_thread=True, status_code=200)
def accept_people(
    request: Request[Any, Any, Any],
    visit: Visitor,
    organisation_id: Organisation,
    file_id: FromPath[int],
    data: AcceptListBody,
    if_match: IfMatch = None,
) -> PeopleAcceptedView:
    """Put the good rows on the staff in one act, with the units and posts they bring; the others stay in the list."""
    at, vault = (organisation_id, file_id, version_seen(if_match)), request.app.state.vault
    said = visit.run(lambda uow: service.accept(uow, vault, *at, data))
    return PeopleAcceptedView(
        people=said.new_people,
        appointments=len(said.placed),
        identities=len(said.numbered),
        units=len(said.units),
        posts=len(said.posts),
        left=len(said.faulty) + said.count(LineKind.LEFT),
    )


@post(f"{_FILE}/discard", opt=_KEEP, sync_to_thread=True, status_code=204)
def discard_people(
    request: Request[Any, Any, Any],
    visit: Visitor,
    organisation_id: Organisation,
    file_id: FromPath[int],
    if_match: IfMatch = None,
) -> None:
    """Throw away a list, or what is left of one."""
    at, vault = (organisation_id, file_id, version_seen(if_match)), request.app.state.vault
    visit.run(lambda uow: service.discard(uow, vault, *at))


def _look(request: Request[Any, Any, Any], uow: UnitOfWork, organisation_id: int, file_id: int) -> Checked:
    vault = request.app.state.vault
    return service.check(uow, vault, service.intake(uow, vault, organisation_id, file_id))


def _view(request: Request[Any, Any, Any], visit: Visit, found: Checked) -> Response[PeopleFileView]:
    intake = found.intake
    view = PeopleFileView(
        id=intake.id,
        revision=intake.revision,
        name=intake.name,
        heads=found.heads,
        columns=[
            PeopleColumnView(column=letters(at), title=rules.masked(title), means=means)
            for at, (title, means) in enumerate(zip(found.titles, found.columns, strict=True))
        ],
        rows={kind.value: number for kind in LineKind if (number := found.count(kind))},
        good=len(found.good),
        faulty=len(found.faulty),
        new_people=found.new_people,
        new_units=[unit.name for unit in found.units],
        new_posts=len(found.posts),
        problem=request.app.state.say(found.fault, visit.language) if found.fault else "",
        people=intake.people,
        appointments=intake.appointments,
        identities=intake.identities,
        accepted_at=intake.accepted_at,
        is_open=intake.is_open,
    )
    return Response(view, headers={"ETag": f'"{intake.revision}"'})


def _row(request: Request[Any, Any, Any], visit: Visit, found: Checked, line: Line) -> PeopleFileRowView:
    faults = [
        PeopleFaultView(
            column=letters(at) if at >= 0 else None,
            code=fault.code,
            detail=request.app.state.say(fault, visit.language),
        )
        for at, fault in sorted(line.faults.items())
    ]
    return PeopleFileRowView(
        row=line.number,
        kind=line.kind.value,
        is_good=line.number in found.good,
        cells=[rules.shown(found.columns[at], text) for at, text in enumerate(line.texts)],
        faults=faults,
        notes=[PeopleNoteView(code=note.value, **facts) for note, facts in line.notes],
    )


routes = [
    list_people_files,
    bring_people,
    people_file,
    people_file_rows,
    mend_people,
    accept_people,
    discard_people,
]
