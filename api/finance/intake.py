"""Tables from Excel, a file or the clipboard under ``/api/v1``: brought, checked by cell, mended, accepted."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal

from litestar import Request, Response, delete, get, post, put
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, QueryParameter, RawBody
from pydantic import Field

from api.conventions import BOOKS, Cursor, IfMatch, Limit, Organisation, Page, View, version_seen
from api.finance.papers import FileName, FileSent, Key, name_sent
from api.security import Visit, Visitor
from erp.base.i18n import Language
from erp.base.sheets.model import Table, letters
from erp.base.uow import UnitOfWork
from erp.finance.intake import model, service
from erp.finance.intake.model import Intake, LineKind, Looked, Mark, Mended, Purpose, Settings
from erp.finance.intake.schemas import AcceptTable, BringTable, ReadTable
from erp.reference.access.model import Permission

_TABLES = BOOKS + "/intake"
_ONE = _TABLES + "/{intake_id:int}"
_MAPPINGS = BOOKS + "/intake-mappings"
_POST = {"policy": Permission.JOURNAL_POST}
_MOST_FAULTS = 1000

_PASTED = {
    "key": "5d0d5a3e-7c1f-4c63-9b8f-0f6a3b0f4a11",
    "name": "Март",
    "text": "Дата\tДт\tКт\tБИН\tСумма\n05.03.2026\t1316\t3210\t120540000001\t1 234,56\n",
}
BringBody = Annotated[BringTable, Body(examples=[Example(summary="Cells from the clipboard", value=_PASTED)])]
_READ_SO = {"columns": ["effective_on", "debit.account", "credit.account", "dimensions.counterparty", "amount"]}
_MENDED = {"cells": {"B7": "1316"}, "left": [12]}
ReadBody = Annotated[
    ReadTable,
    Body(
        examples=[
            Example(summary="What the columns mean", value=_READ_SO),
            Example(summary="A cell mended, a row left out", value=_MENDED),
        ]
    ),
]
AcceptBody = Annotated[AcceptTable, Body(examples=[Example(summary="Post what is good", value={"make": "entries"})])]
PurposeAsked = Annotated[Purpose, QueryParameter(description="What the table holds.")]


class TableColumnView(View):
    column: str = Field(examples=["B"])
    title: str = Field(description="Its head; of heads above one another joined.", examples=["Счет Дт"])
    means: str = Field(description="The field; empty where it means none.", examples=["debit.account"])


class TableFaultView(View):
    """A fault at its cell; without a column it is the row's, without a row the table's."""

    address: str = Field(examples=["B7"])
    row: int | None = Field(examples=[7])
    field: str = Field(examples=["debit.account"])
    code: str = Field(examples=["account-unknown"])
    detail: str = Field(description="In the caller's language.", examples=["There is no account 9999 on that day."])


class TableRowView(View):
    row: int = Field(examples=[7])
    kind: Literal["entry", "head", "blank", "total", "numbering", "note", "left", "known"]
    entry: int | None = Field(description="The row in which its entry begins.", examples=[7])
    is_good: bool = Field(description="Whether it would be accepted.")


class BecameView(View):
    """What was made of the table."""

    drafts: list[int] = Field(examples=[[12]])
    job: int | None = Field(description="The job that posts its entries.", examples=[None])
    counterparties: int = Field(description="How many were registered.", examples=[0])

    @classmethod
    def of(cls, became: model.Became) -> "BecameView":
        return cls(drafts=list(became.drafts), job=became.job, counterparties=became.counterparties)


class IntakeView(View):
    """A table with everything found in it.  Nothing is posted before it is accepted."""

    id: int = Field(examples=[3])
    version: int = Field(description="Its `ETag` is this number.", examples=[1])
    name: str = Field(examples=["март.xlsx"])
    purpose: Literal["entries", "counterparties"]
    sheets: list[str] = Field(examples=[["Март"]])
    sheet: int = Field(description="Which of them is read, from 0.", examples=[0])
    heads: tuple[int, int] | None = Field(description="Rows of the heads.", examples=[[1, 1]])
    columns: list[TableColumnView]
    grouping: Literal["document", "row", "one"]
    journal: str = Field(description="Of rows that name none.", examples=["MO-16"])
    effective_on: str = Field(examples=["31.03.2026"])
    memo: str = Field(examples=["март.xlsx"])
    entries: int = Field(examples=[12])
    entries_good: int = Field(description="Those without faults.", examples=[11])
    rows: list[TableRowView] = Field(description="Every row of the table, as it is understood.")
    faults: list[TableFaultView] = Field(description=f"The first {_MOST_FAULTS}.")
    fault_count: int = Field(examples=[1])
    became: BecameView | None = Field(description="Null until it is accepted.")


class IntakeRef(View):
    id: int = Field(examples=[3])
    name: str = Field(examples=["март.xlsx"])
    begun_at: datetime
    is_accepted: bool


class MappingView(View):
    """What columns under certain heads are known to mean."""

    id: int = Field(examples=[2])
    name: str = Field(examples=["март.xlsx"])
    purpose: Literal["entries", "counterparties"]
    columns: list[TableColumnView]
    remembered_by: str = Field(examples=["Айгүл Серікова"])
    remembered_at: datetime


# ------------------------------------------------------------------------------------------------ bring


@post(_TABLES, opt=_POST, sync_to_thread=True)
def bring_table(
    request: Request[Any, Any, Any], visit: Visitor, organisation_id: Organisation, data: BringBody
) -> IntakeView:
    """Bring a table as a text and have it checked cell by cell. The same `key` is the same table."""
    table = service.read(data.text, data.name or "table")
    return _bring(request, visit, organisation_id, table, origin="paste", key=data.key, purpose=data.purpose)


@post(f"{_TABLES}/files", opt=_POST, sync_to_thread=True, operation_class=FileSent)
def bring_file(
    request: Request[Any, Any, Any],
    visit: Visitor,
    organisation_id: Organisation,
    name: FileName,
    key: Key,
    body: RawBody,
    purpose: PurposeAsked = Purpose.ENTRIES,
) -> IntakeView:
    """Bring a table as a file (xlsx, xls, ods, CSV): the body is its content. It is checked cell by cell."""
    table = service.read(body, name_sent(request, name, body))
    return _bring(request, visit, organisation_id, table, origin="file", key=key, purpose=purpose)


def _bring(request: Request[Any, Any, Any], visit: Visit, organisation_id: int, table: Table, **how: Any) -> IntakeView:
    def bring(uow: UnitOfWork) -> Looked:
        return service.looked(uow, service.bring(uow, organisation_id, table, **how))

    return _view(visit.run(bring), request.app.state.say, visit.language)


@get(_TABLES, opt=_POST, sync_to_thread=True)
def list_tables(
    visit: Visitor, organisation_id: Organisation, cursor: Cursor = None, limit: Limit = 50
) -> Page[IntakeRef]:
    """Tables that you brought, the newest first."""
    page = visit.read(lambda uow: service.intakes(uow, organisation_id, cursor, limit))
    items = [IntakeRef(id=r.id, name=r.name, begun_at=r.begun_at, is_accepted=r.is_accepted) for r in page.rows]
    return Page(items=items, next=page.next_cursor)


# ------------------------------------------------------------------------------------------------ one of them


@put(_ONE, opt=_POST, sync_to_thread=True)
def read_table(
    request: Request[Any, Any, Any],
    visit: Visitor,
    organisation_id: Organisation,
    intake_id: FromPath[int],
    data: ReadBody,
    if_match: IfMatch = None,
) -> IntakeView:
    """Say how the table is to be read, and mend its cells; it is checked anew. What columns mean is remembered."""
    version = version_seen(if_match)

    def change(uow: UnitOfWork) -> Looked:
        found = service.intake(uow, organisation_id, intake_id)
        settings, mended = _said(found, data)
        return service.looked(uow, service.change(uow, organisation_id, intake_id, version, settings, mended))

    return _view(visit.run(change), request.app.state.say, visit.language)


@post(f"{_ONE}/discard", opt=_POST, sync_to_thread=True, status_code=204)
def throw_away(
    visit: Visitor, organisation_id: Organisation, intake_id: FromPath[int], if_match: IfMatch = None
) -> None:
    """Throw away a table that was not accepted."""
    version = version_seen(if_match)
    visit.run(lambda uow: service.discard(uow, organisation_id, intake_id, version))


@post(f"{_ONE}/accept", opt=_POST, sync_to_thread=True, status_code=200)
def accept_table(
    visit: Visitor,
    organisation_id: Organisation,
    intake_id: FromPath[int],
    data: AcceptBody,
    if_match: IfMatch = None,
) -> BecameView:
    """Accept the table: as drafts, as entries that a job posts where they have no faults, or as counterparties."""
    version = version_seen(if_match)
    accept: dict[str, Callable[[UnitOfWork, int, int, int], object]] = {
        "drafts": service.accept_as_drafts,
        "entries": service.accept_as_job,
        "counterparties": service.accept_counterparties,
    }

    def run(uow: UnitOfWork) -> model.Became:
        accept[data.make](uow, organisation_id, intake_id, version)
        became = service.intake(uow, organisation_id, intake_id).became
        assert became is not None
        return became

    return BecameView.of(visit.run(run))


@get(_ONE, opt=_POST, sync_to_thread=True)
def get_table(
    request: Request[Any, Any, Any], visit: Visitor, organisation_id: Organisation, intake_id: FromPath[int]
) -> Response[IntakeView]:
    """The table with everything found in it. Its `ETag` is its version."""
    shown = visit.read(lambda uow: service.look(uow, organisation_id, intake_id))
    return Response(_view(shown, request.app.state.say, visit.language), headers={"ETag": f'"{shown.intake.version}"'})


# ------------------------------------------------------------------------------------------------ mappings


@get(_MAPPINGS, opt=_POST, sync_to_thread=True)
def list_mappings(visit: Visitor, organisation_id: Organisation) -> Page[MappingView]:
    """What columns under certain heads are known to mean, by name."""
    found = visit.read(lambda uow: service.mappings(uow, organisation_id))
    return Page(
        items=[
            MappingView(
                id=each.id,
                name=each.name,
                purpose=each.purpose.value,
                columns=_columns(each.heads, each.columns),
                remembered_by=each.remembered_by,
                remembered_at=each.remembered_at,
            )
            for each in found
        ]
    )


@delete(f"{_MAPPINGS}/{{mapping_id:int}}", opt=_POST, sync_to_thread=True)
def forget_mapping(visit: Visitor, organisation_id: Organisation, mapping_id: FromPath[int]) -> None:
    """Forget what the columns of a table mean."""
    visit.run(lambda uow: service.forget_mapping(uow, organisation_id, mapping_id))


# ------------------------------------------------------------------------------------------------ shown


def _said(found: Intake, data: ReadTable) -> tuple[Settings, Mended]:
    asked = {name: value for name in _SETTINGS if (value := getattr(data, name)) is not None}
    if not data.has_heads:
        asked["heads"] = None
    if "columns" in asked:
        asked["columns"] = tuple(asked["columns"])
    left = found.mended.left if data.left is None else frozenset(data.left)
    return replace(found.settings, **asked), Mended({**found.mended.cells, **data.cells}, left)


_SETTINGS = ("purpose", "sheet", "heads", "columns", "grouping", "journal", "effective_on", "memo")


def _view(looked: Looked, say: Callable[[Exception, Language], str], language: Language) -> IntakeView:
    found, settings = looked.intake, looked.intake.settings
    begins = {line.number: entry.lines[0].number for entry in looked.entries for line in entry.lines}
    return IntakeView(
        id=found.id,
        version=found.version,
        name=found.name,
        purpose=settings.purpose.value,
        sheets=[sheet.name for sheet in found.sheets],
        sheet=settings.sheet,
        heads=settings.heads,
        columns=_columns(looked.titles, settings.columns),
        grouping=settings.grouping.value,
        journal=settings.journal,
        effective_on=settings.effective_on,
        memo=settings.memo,
        entries=len(looked.entries),
        entries_good=len(looked.good),
        rows=[
            TableRowView(
                row=line.number,
                kind=line.kind.value,
                entry=begins.get(line.number),
                is_good=line.kind is LineKind.ENTRY and line.number in looked.good_rows,
            )
            for line in looked.lines
        ],
        faults=[_fault(mark, say(mark.fault, language)) for mark in looked.marks[:_MOST_FAULTS]],
        fault_count=len(looked.marks),
        became=BecameView.of(found.became) if found.became else None,
    )


def _fault(mark: Mark, detail: str) -> TableFaultView:
    code = getattr(mark.fault, "code", "invalid")
    return TableFaultView(address=mark.address, row=mark.row, field=mark.field, code=code, detail=detail)


def _columns(titles: tuple[str, ...], columns: tuple[str, ...]) -> list[TableColumnView]:
    pairs = enumerate(zip(titles, columns, strict=True))
    return [TableColumnView(column=letters(at), title=title, means=name) for at, (title, name) in pairs]


routes = [
    bring_table,
    bring_file,
    list_tables,
    read_table,
    throw_away,
    accept_table,
    list_mappings,
    forget_mapping,
    get_table,  # last of its path: Litestar awaits a ``Response`` only of what it registered once
]
