"""Pivots of a version under ``/api/v1``: asked, typed into at any level, and files of figures as checked drafts."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import parse_qsl
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, QueryParameter, RawBody
from pydantic import Field

from api.conventions import BOOKS, IfMatch, Organisation, Page, View, version_seen
from api.economy.plans import narrowed
from api.finance.papers import FileName, FileSent, Key, name_sent
from api.security import Visit, Visitor
from erp.base.commands import Amount as AmountIn
from erp.base.commands import Code, Command, Text
from erp.base.cursors import INTEGER
from erp.base.errors import RuleViolated
from erp.base.i18n import Language
from erp.base.money import decimal_string
from erp.base.uow import UnitOfWork
from erp.economy.pivot import rules, service
from erp.economy.pivot.asked import Asked
from erp.economy.pivot.files import Checked
from erp.economy.pivot.model import YEAR, Actual, Entry, Head, Layout, Mended, Question
from erp.economy.plans import service as plans
from erp.economy.plans.axes import LEVELS
from erp.economy.plans.model import Edit, Version
from erp.reference.access.model import Permission
from erp.reference.access.policy import reach

_PIVOT = BOOKS + "/plans/{plan_id:int}/versions/{version_id:int}/pivot"
_FILES = BOOKS + "/plans/{plan_id:int}/versions/{version_id:int}/files"
_FILE = BOOKS + "/plan-files/{file_id:int}"
_VIEWS = BOOKS + "/plan-views"
_VIEW = _VIEWS + "/{view_id:int}"
_READ = {"policy": Permission.PLAN_READ}
_EDIT = {"policy": Permission.PLAN_EDIT}
_MOST_FAULTS = 1000

_LEVEL_NAMES = ", ".join((*LEVELS, YEAR))
Rows = Annotated[
    list[str] | None,
    QueryParameter(description=f"Levels down, the outermost first, any of: {_LEVEL_NAMES}.", max_items=3),
]
Columns = Annotated[list[str] | None, QueryParameter(description="Levels across.", max_items=3)]
Narrowed = Annotated[
    list[str] | None,
    QueryParameter(description="Only groups of levels: `programme.group:04,06`, by their keys.", max_items=8),
]
Beside = Annotated[
    Actual | None, QueryParameter(description="What of the books stands beside: `paid` (cash execution) or `spent`.")
]
Kept = Annotated[
    int | None, QueryParameter(description="A kept view, in place of all that is asked otherwise.", ge=1, le=INTEGER)
]
Tenge = Annotated[str | None, Field(description="Tenge as a decimal string; null: there is no cell.")]
Path = Annotated[list[Code], Field(max_length=3, description="Keys of its groups, the outermost first.")]


class ViewAlone(RuleViolated):
    code = "view-alone"
    template = "A kept view says what is asked: leave out `row`, `column`, `within` and `actual`."


class TypedFigure(Command):
    """A figure at the crossing of a row and a column; null takes the cells behind it away."""

    row: Path = Field(examples=[["261"]])
    column: Path = Field(examples=[["2027"]])
    amount: AmountIn | None = Field(description="Tenge; a total goes to its cells by their shares.")


class TypeFigures(Command):
    """Figures typed into a pivot, saved as one edit."""

    key: UUID
    reason: Text = Field(min_length=3)
    rows: list[Code] = Field(default_factory=list, max_length=3)
    columns: list[Code] = Field(default_factory=list, max_length=3)
    within: dict[Code, list[Code]] = Field(default_factory=dict, max_length=8)
    figures: list[TypedFigure] = Field(min_length=1, max_length=5_000)


class KeepView(Command):
    """What is asked of versions, under a name; one's own of the same name asks this from now on."""

    name: Annotated[Text, Field(min_length=1, max_length=rules.LONGEST_NAME)]
    shared: bool = Field(False, description="Whether all who read these plans see it.")
    rows: list[Code] = Field(min_length=1, max_length=3)
    columns: list[Code] = Field(default_factory=list, max_length=3)
    within: dict[Code, list[Code]] = Field(default_factory=dict, max_length=8)
    actual: Actual | None = None


class RenameView(Command):
    name: Annotated[Text, Field(min_length=1, max_length=rules.LONGEST_NAME)]


class MendFile(Command):
    """What cells should say, by address, and which rows are left out; whole, in place of what was said before."""

    cells: dict[Annotated[str, Field(pattern=r"^[A-Z]{1,3}[1-9][0-9]{0,6}$")], Text] = Field(default_factory=dict)
    left: list[int] = Field(default_factory=list, max_length=20_000)
    sheet: int | None = Field(None, description="The place of the sheet to be read, from 0; null: as before.")


class AcceptFile(Command):
    """Save what the good rows say as one edit of the version, if that still has ``edits`` edits."""

    reason: Text = Field(min_length=3)
    edits: int = Field(ge=0, description="Edits of the version, as the file was checked against.", examples=[4])


_TYPED = {
    "key": "6f1c2a8e-3a0f-4b7e-9d55-0f6a3b0f4a12",
    "reason": "Прибавка образованию",
    "rows": ["programme.administrator"],
    "columns": ["year"],
    "within": {"section": ["expenditure"]},
    "figures": [{"row": ["261"], "column": ["2027"], "amount": "120000000.00"}],
}
TypeBody = Annotated[TypeFigures, Body(examples=[Example(summary="A total of an administrator", value=_TYPED)])]
_KEPT = {
    "name": "Школы по спецификам",
    "shared": True,
    "rows": ["programme.administrator", "economic"],
    "columns": ["year"],
    "within": {"section": ["expenditure"], "programme.group": ["04"]},
    "actual": "paid",
}
KeepBody = Annotated[KeepView, Body(examples=[Example(summary="Education by specific", value=_KEPT)])]
RenameBody = Annotated[RenameView, Body(examples=[Example(summary="Another name", value={"name": "Образование"})])]
MendBody = Annotated[
    MendFile, Body(examples=[Example(summary="A cell and a row", value={"cells": {"E4": "1200.00"}, "left": [5]})])
]
AcceptBody = Annotated[
    AcceptFile, Body(examples=[Example(summary="Accept", value={"reason": "Заявки отделов", "edits": 4})])
]


# ------------------------------------------------------------------------------------------------ views


class PivotRowView(View):
    path: list[str] = Field(description="Keys of its groups; shorter for totals.", examples=[["261", "261.001"]])
    name: str = Field(examples=["Услуги по реализации государственной политики"])
    plan: list[Tenge] = Field(description="By column.", examples=[["1200.00"]])
    actual: list[Tenge] = Field(description="By column; empty where nothing of the books is asked for.", examples=[[]])


class PivotView(View):
    """A version laid out; each row that has rows below it is their sum, above sections it is their balance."""

    edits: int = Field(description="Edits of the version; its `ETag` is this number.", examples=[4])
    rows: list[str] = Field(examples=[["programme.administrator", "programme.programme"]])
    columns: list[list[str]] = Field(description="Paths of the columns.", examples=[[["2027"]]])
    figures: list[PivotRowView]


class PivotViewView(View):
    """A view that somebody keeps."""

    id: int = Field(description="Ask a version by it: `…/pivot?view=3`.", examples=[3])
    name: str = Field(examples=["Школы по спецификам"])
    shared: bool
    own: bool = Field(description="Whether it is yours to rename and remove.")
    owner: str = Field(examples=["Гульнара Исаева"])
    query: str = Field(
        description="What the address of the pivot's page says of it.", examples=["row1=economic&col1=year"]
    )

    @classmethod
    def of(cls, visit: Visit, kept: Layout) -> "PivotViewView":
        own = kept.owner_id == visit.scope.actor.id
        return cls(id=kept.id, name=kept.name, shared=kept.shared, own=own, owner=kept.owner, query=kept.query)


class TypedView(View):
    """The edit that was made."""

    edit: int = Field(examples=[5])
    cells: int = Field(description="Cells that it changed.", examples=[36])


class PlanFileFaultView(View):
    row: int = Field(examples=[4])
    column: int | None = Field(description="From 0; null: of the row as a whole.", examples=[4])
    code: str = Field(examples=["code-unknown"])
    detail: str = Field(description="In the caller's language.", examples=["There is no “999” in the register today."])


class PlanFileView(View):
    """A file with everything found in it.  Nothing of the version changes before it is accepted."""

    id: int = Field(examples=[3])
    revision: int = Field(description="Its `ETag` is this number.", examples=[1])
    name: str = Field(examples=["figures.xlsx"])
    plan_id: int = Field(examples=[1])
    version_id: int = Field(examples=[2])
    edits: int = Field(description="Edits of the version that it was checked against.", examples=[4])
    sheets: list[str] = Field(description="Names of its sheets; empty for a text.", examples=[["Доходы", "Расходы"]])
    sheet: int = Field(description="The place of the one that is read, from 0; `mend` chooses another.", examples=[1])
    columns: list[str] = Field(description="What each column is read as; empty where it is not.", examples=[["2027"]])
    rows: dict[str, int] = Field(description="How many rows of each kind.", examples=[{"line": 12, "head": 1}])
    good: int = Field(description="Rows that would be taken over.", examples=[11])
    changes: int = Field(description="Cells that would change.", examples=[11])
    added: int = Field(description="Lines that the plan would get.", examples=[0])
    faults: list[PlanFileFaultView] = Field(description=f"The first {_MOST_FAULTS}.")
    problem: str = Field(description="Why nothing of it can be read; empty otherwise.", examples=[""])
    accepted_at: datetime | None


# ------------------------------------------------------------------------------------------------ pivots


@get(_PIVOT, opt=_READ, sync_to_thread=True)
def ask_pivot(
    visit: Visitor,
    organisation_id: Organisation,
    plan_id: FromPath[int],
    version_id: FromPath[int],
    row: Rows = None,
    column: Columns = None,
    within: Narrowed = None,
    actual: Beside = None,
    view: Kept = None,
) -> Response[PivotView]:
    """Lay a version out by any levels, or as a kept view asks.

    Expenditure is meant where nothing is said of sections. Above all sections stands their balance: I − II − III − IV.
    """
    if view is not None and (row or column or within or actual):
        raise ViewAlone()

    def read(uow: UnitOfWork) -> service.Looked:
        if view is None:
            filters = {level: keys.split(",") for level, keys in narrowed(within).items()}
            question = rules.question(row or [], column or [], filters, actual)
        else:
            asked = Asked.of(dict(parse_qsl(service.layout(uow, organisation_id, view).query)))
            question = asked.question(plans.plan(uow, organisation_id, plan_id))
        return service.look(uow, organisation_id, plan_id, version_id, question)

    found = seeing_plans(visit).read(read)
    question = found.pivot.question
    answer = PivotView(
        edits=found.version.edits,
        rows=list(question.rows),
        columns=[list(head.path) for head in found.pivot.columns],
        figures=[
            PivotRowView(
                path=list(head.path),
                name=_named(head, visit.language),
                plan=_tenge(plan),
                actual=_tenge(beside) if question.actual else [],
            )
            for head, plan, beside in zip(found.pivot.rows, found.pivot.plan, found.pivot.actual, strict=True)
        ],
    )
    return Response(answer, headers={"ETag": f'"{found.version.edits}"'})


def seeing_plans(visit: Visit) -> Visit:
    """With the plans of all places where the visitor reads plans: there the books' yearly figures are theirs too."""
    where = reach(visit.identity, Permission.PLAN_READ) if visit.identity else frozenset[int]()
    return replace(visit, scope=replace(visit.scope, plans=where))


def _named(head: Head, language: Language) -> str:
    return head.members[-1].name(language.value) if head.members else ""


def _tenge(figures: Sequence[int | None]) -> list[str | None]:
    return [None if each is None else decimal_string(each) for each in figures]


@post(_PIVOT, opt=_EDIT, sync_to_thread=True)
def type_figures(
    visit: Visitor,
    organisation_id: Organisation,
    plan_id: FromPath[int],
    version_id: FromPath[int],
    data: TypeBody,
    if_match: IfMatch = None,
) -> TypedView:
    """Save figures typed at leaves or totals as one edit. A total goes to its cells by their shares, to the tiyn."""
    edits = version_seen(if_match)
    question: Question = rules.question(data.rows, data.columns, data.within)
    entries = [Entry(tuple(each.row), tuple(each.column), each.amount) for each in data.figures]
    made: Edit = visit.run(
        lambda uow: service.type_in(
            uow,
            organisation_id,
            plan_id,
            version_id,
            question,
            entries,
            data.reason,
            expected_edits=edits,
            key=data.key,
        )
    )
    return TypedView(edit=made.no, cells=made.cells)


# ------------------------------------------------------------------------------------------------ views that are kept


@get(_VIEWS, opt=_READ, sync_to_thread=True)
def list_views(visit: Visitor, organisation_id: Organisation) -> Page[PivotViewView]:
    """Views that you keep, then those that others share, by name."""
    found = visit.read(lambda uow: service.layouts(uow, organisation_id))
    return Page(items=[PivotViewView.of(visit, each) for each in found])


@post(_VIEWS, opt=_EDIT, sync_to_thread=True, status_code=200)
def keep_view(visit: Visitor, organisation_id: Organisation, data: KeepBody) -> PivotViewView:
    """Keep what is asked under a name; a view of yours by that name asks this from now on."""
    asked = Asked.by(rules.question(data.rows, data.columns, data.within, data.actual))

    def act(uow: UnitOfWork) -> Layout:
        kept = service.keep_layout(
            uow, organisation_id, name=data.name, query=asked.query, shared=data.shared, may_share=True
        )
        return service.layout(uow, organisation_id, kept)

    return PivotViewView.of(visit, visit.run(act))


@post(f"{_VIEW}/rename", opt=_EDIT, sync_to_thread=True, status_code=200)
def rename_view(
    visit: Visitor, organisation_id: Organisation, view_id: FromPath[int], data: RenameBody
) -> PivotViewView:
    """Call a view of yours otherwise."""
    return PivotViewView.of(
        visit, visit.run(lambda uow: service.rename_layout(uow, organisation_id, view_id, data.name))
    )


@post(f"{_VIEW}/remove", opt=_EDIT, sync_to_thread=True, status_code=204)
def remove_view(visit: Visitor, organisation_id: Organisation, view_id: FromPath[int]) -> None:
    """Forget a view of yours."""
    visit.run(lambda uow: service.delete_layout(uow, organisation_id, view_id))


# ------------------------------------------------------------------------------------------------ files


@post(_FILES, opt=_EDIT, sync_to_thread=True, operation_class=FileSent)
def bring_figures(
    request: Request[Any, Any, Any],
    visit: Visitor,
    organisation_id: Organisation,
    plan_id: FromPath[int],
    version_id: FromPath[int],
    name: FileName,
    key: Key,
    body: RawBody,
) -> Response[PlanFileView]:
    """Bring a file of figures (xlsx, xls, ods, CSV) for a version: the body is its content. It is checked by cell."""
    table = service.read(body, name_sent(request, name, body))

    def bring(uow: UnitOfWork) -> tuple[Version, Checked]:
        found = service.bring(uow, organisation_id, plan_id, version_id, table, key=key)
        return service.check(uow, found)

    return _view(request, visit, *visit.run(bring))


@get(_FILE, opt=_EDIT, sync_to_thread=True)
def plan_file(
    request: Request[Any, Any, Any], visit: Visitor, organisation_id: Organisation, file_id: FromPath[int]
) -> Response[PlanFileView]:
    """A file that you brought, checked against its version as that is now."""

    def look(uow: UnitOfWork) -> tuple[Version, Checked]:
        return service.check(uow, service.intake(uow, organisation_id, file_id))

    return _view(request, visit, *visit.read(look))


@post(f"{_FILE}/mend", opt=_EDIT, sync_to_thread=True, status_code=200)
def mend_figures(
    request: Request[Any, Any, Any],
    visit: Visitor,
    organisation_id: Organisation,
    file_id: FromPath[int],
    data: MendBody,
    if_match: IfMatch = None,
) -> Response[PlanFileView]:
    """Write over cells of a file, leave rows out, choose the sheet of a workbook; it is checked anew."""
    revision, mended = version_seen(if_match), Mended(data.cells, frozenset(data.left))

    def mend(uow: UnitOfWork) -> tuple[Version, Checked]:
        return service.check(uow, service.mend(uow, organisation_id, file_id, revision, mended, data.sheet))

    return _view(request, visit, *visit.run(mend))


@post(f"{_FILE}/accept", opt=_EDIT, sync_to_thread=True, status_code=200)
def accept_figures(
    visit: Visitor,
    organisation_id: Organisation,
    file_id: FromPath[int],
    data: AcceptBody,
    if_match: IfMatch = None,
) -> TypedView:
    """Save what the good rows of a file say as one edit of its version."""
    revision = version_seen(if_match)
    made = visit.run(
        lambda uow: service.accept(uow, organisation_id, file_id, revision, data.reason, expected_edits=data.edits)
    )
    return TypedView(edit=made.no, cells=made.cells)


@post(f"{_FILE}/discard", opt=_EDIT, sync_to_thread=True, status_code=204)
def discard_figures(
    visit: Visitor, organisation_id: Organisation, file_id: FromPath[int], if_match: IfMatch = None
) -> None:
    """Throw away a file that was not accepted."""
    revision = version_seen(if_match)
    visit.run(lambda uow: service.discard(uow, organisation_id, file_id, revision))


def _view(request: Request[Any, Any, Any], visit: Visit, version: Version, found: Checked) -> Response[PlanFileView]:
    say = request.app.state.say
    faults = [
        PlanFileFaultView(
            row=line.number,
            column=None if column < 0 else column,
            code=fault.code,
            detail=say(fault, visit.language),
        )
        for line in found.lines
        for column, fault in sorted(line.faults.items())
    ]
    kinds = ("line", "head", "blank", "total", "left")
    view = PlanFileView(
        id=found.intake.id,
        revision=found.intake.revision,
        name=found.intake.name,
        plan_id=found.intake.plan_id,
        version_id=found.intake.version_id,
        edits=version.edits,
        sheets=[each.name for each in found.intake.sheets],
        sheet=found.intake.sheet,
        columns=list(found.names),
        rows={kind: number for kind in kinds if (number := found.count(kind))},
        good=found.good,
        changes=len(found.changes),
        added=len(found.added),
        faults=faults[:_MOST_FAULTS],
        problem=say(found.fault, visit.language) if found.fault else "",
        accepted_at=found.intake.accepted_at,
    )
    return Response(view, headers={"ETag": f'"{found.intake.revision}"'})


routes = [
    type_figures,
    ask_pivot,
    list_views,
    keep_view,
    rename_view,
    remove_view,
    bring_figures,
    plan_file,
    mend_figures,
    accept_figures,
    discard_figures,
]
