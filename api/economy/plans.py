"""Plans under ``/api/v1``: leaves, versions, what they hold, edits and their undoing, freezing, two side by side."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, QueryParameter
from pydantic import Field

from api.conventions import BOOKS, Cursor, IfMatch, Limit, Organisation, Page, View, version_seen
from api.security import Visitor
from erp.base.commands import Amount as AmountIn
from erp.base.commands import Code, Command, Text
from erp.base.cursors import INTEGER, number_in
from erp.base.money import decimal_string
from erp.base.uow import UnitOfWork
from erp.economy.pivot.rules import LevelTwice
from erp.economy.plans import model, service
from erp.economy.plans.axes import LEVELS, Member
from erp.economy.plans.comparison import LEAF, ComparedRow
from erp.reference.access.model import Permission

_PLANS = BOOKS + "/plans"
_PLAN = _PLANS + "/{plan_id:int}"
_VERSION = _PLAN + "/versions/{version_id:int}"
_READ = {"policy": Permission.PLAN_READ}
_EDIT = {"policy": Permission.PLAN_EDIT}
_FREEZE = {"policy": Permission.PLAN_FREEZE}

_KEY = "0c4b8c52-54a1-4a3e-9a55-6d1f1a9d7c41"
_LEAF = {
    "section": "expenditure",
    "budget_id": 2,
    "organisation_id": 17,
    "programme": "261.082.015",
    "economic": "111",
    "source": "015",
    "region": "",
}
SectionName = Literal["revenue", "expenditure", "lending", "assets", "financing"]
KindName = Literal["draft", "sandbox"]
Tenge = Annotated[str | None, Field(description="Tenge as a decimal string; null: there is no such cell.")]
By = Annotated[
    list[str] | None,
    QueryParameter(description=f"Levels below the section, any of: {', '.join(LEVELS)}, {LEAF}.", max_items=4),
]
Within = Annotated[
    list[str] | None,
    QueryParameter(description="Only members of levels: `programme.group:04`, by their keys.", max_items=8),
]
PlanYear = Annotated[int, Field(ge=2000, le=2199, examples=[2027])]


class CreatePlan(Command):
    """Begin a plan with an empty base."""

    key: UUID
    name: Annotated[Text, Field(min_length=1, max_length=200)]
    years: list[PlanYear] = Field(min_length=1, max_length=40, description="One after another, base years first.")
    first_year: PlanYear = Field(description="The first of the plan years.")


class LeafInput(Command):
    """A line of a plan by its codes."""

    section: SectionName
    budget_id: int = Field(gt=0, le=INTEGER, description="The body whose budget it is.")
    organisation_id: int = Field(gt=0, le=INTEGER, description="Who spends or collects.")
    programme: Code = Field("", examples=["261.082.015"])
    economic: Code = Field(min_length=1, description="A specific, or a revenue code.", examples=["111"])
    source: Code = Field("", examples=["015"])
    region: Code = ""


class InternLeaves(Command):
    leaves: list[LeafInput] = Field(max_length=20_000)


class BranchVersion(Command):
    """Begin a version upon another as that is now."""

    key: UUID
    parent: int = Field(gt=0, le=INTEGER)
    kind: KindName = "draft"
    name: Annotated[Text, Field(min_length=1, max_length=200)]
    reason: Text = ""


class PutAwayVersion(Command):
    """Why nobody needs it."""

    reason: Text = Field(min_length=3)


class CellInput(Command):
    """A cell as it is to be; null takes it away."""

    leaf: int = Field(gt=0, le=INTEGER)
    year: PlanYear
    amount: AmountIn | None


class EditVersion(Command):
    """Change cells; what is already as asked is left out."""

    key: UUID
    reason: Text = Field(min_length=3)
    cells: list[CellInput] = Field(min_length=1, max_length=100_000)


class UndoEdit(Command):
    """Put back what an edit's cells were before it."""

    key: UUID
    reason: Text = Field(min_length=3)


CreateBody = Annotated[
    CreatePlan,
    Body(
        examples=[
            Example(
                summary="Two base years and three plan years",
                value={
                    "key": _KEY,
                    "name": "Бюджет области на 2027–2029 годы",
                    "years": [2025, 2026, 2027, 2028, 2029],
                    "first_year": 2027,
                },
            )
        ]
    ),
]
InternBody = Annotated[InternLeaves, Body(examples=[Example(summary="Wages of a school", value={"leaves": [_LEAF]})])]
BranchBody = Annotated[
    BranchVersion,
    Body(
        examples=[
            Example(
                summary="A working version",
                value={
                    "key": _KEY,
                    "parent": 1,
                    "kind": "draft",
                    "name": "Рабочая версия",
                    "reason": "К бюджетной комиссии",
                },
            )
        ]
    ),
]
EditBody = Annotated[
    EditVersion,
    Body(
        examples=[
            Example(
                summary="One cell",
                value={
                    "key": _KEY,
                    "reason": "Повышение заработной платы",
                    "cells": [{"leaf": 12, "year": 2027, "amount": "412600000.00"}],
                },
            )
        ]
    ),
]
PutAwayBody = Annotated[
    PutAwayVersion, Body(examples=[Example(summary="A trial", value={"reason": "Проба, дальше не пойдёт"})])
]
UndoBody = Annotated[
    UndoEdit,
    Body(examples=[Example(summary="A mistake", value={"key": _KEY, "reason": "Расчёт был в тысячах тенге"})]),
]


# ------------------------------------------------------------------------------------------------ views


class BudgetPlanView(View):
    id: int = Field(examples=[1])
    name: str = Field(examples=["Бюджет области на 2027–2029 годы"])
    years: list[int] = Field(examples=[[2025, 2026, 2027, 2028, 2029]])
    first_year: int = Field(description="The first of the plan years.", examples=[2027])
    versions: int = Field(description="How many are in use.", examples=[2])
    created_at: datetime

    @classmethod
    def of(cls, p: model.Plan) -> "BudgetPlanView":
        return cls(
            id=p.id,
            name=p.name,
            years=list(p.years),
            first_year=p.first_year,
            versions=p.versions,
            created_at=p.created_at,
        )


class VersionView(View):
    id: int = Field(examples=[2])
    parent: int | None = Field(description="The version it stands upon; null for the base.", examples=[1])
    parent_edits: int | None = Field(description="How many of the parent's edits it sees.", examples=[1])
    kind: str = Field(examples=["draft"])
    name: str = Field(examples=["Рабочая версия"])
    reason: str
    author: str = Field(examples=["Гульнара Исаева"])
    created_at: datetime
    edits: int = Field(description="Number of its last edit; its `ETag` is this number.", examples=[4])
    edited_at: datetime | None
    frozen_at: datetime | None = Field(description="Since when it changes no more.")
    frozen_by: str = Field(examples=["Данияр Омаров"])
    content_hash: str | None = Field(description="SHA-256 of what a frozen one holds, hexadecimal.")
    put_away_at: datetime | None = Field(description="Since when it is neither offered nor changed.")
    put_away_by: str
    put_away_reason: str

    @classmethod
    def of(cls, v: model.Version) -> "VersionView":
        return cls(
            id=v.id,
            parent=v.parent_id,
            parent_edits=v.parent_edits,
            kind=v.kind.value,
            name=v.name,
            reason=v.reason,
            author=v.author,
            created_at=v.created_at,
            edits=v.edits,
            edited_at=v.edited_at,
            frozen_at=v.frozen_at,
            frozen_by=v.frozen_by,
            content_hash=v.content_hash.hex() if v.content_hash else None,
            put_away_at=v.put_away_at,
            put_away_by=v.put_away_by,
            put_away_reason=v.put_away_reason,
        )


class PlanLeafView(View):
    """A line of a plan."""

    id: int = Field(examples=[12])
    section: SectionName
    budget_id: int
    organisation_id: int
    programme: str = Field(examples=["261.082.015"])
    economic: str = Field(examples=["111"])
    source: str = Field(examples=["015"])
    region: str

    @classmethod
    def of(cls, leaf: model.Leaf) -> "PlanLeafView":
        return cls(id=leaf.id, **leaf.key._asdict())


class LeavesView(View):
    leaves: list[int] = Field(description="Ids in the order asked.", examples=[[12]])


class CellsView(View):
    """A leaf's cells, one a year of the plan."""

    leaf: int = Field(examples=[12])
    amounts: list[Tenge] = Field(examples=[["1200.00", None, "1300.00", "1400.00", "1500.00"]])


class SectionsView(View):
    """The six sections, an amount for each year; the balance follows from the others."""

    years: list[int]
    revenue: list[str] = Field(examples=[["1000.00"]])
    expenditure: list[str]
    lending: list[str] = Field(description="Loans given less loans repaid.")
    assets: list[str] = Field(description="Financial assets acquired less sold.")
    balance: list[str] = Field(description="Deficit (below zero) or surplus.")
    financing: list[str]
    gap: list[str] = Field(description="Balance and financing together: zero where the budget holds.")


class EditView(View):
    no: int = Field(description="In the order of the version's edits.", examples=[3])
    author: str = Field(examples=["Гульнара Исаева"])
    on_behalf_of: str
    at: datetime
    reason: str
    cells: int = Field(description="How many cells it changed.", examples=[354])
    undoes: int | None = Field(description="The edit that it takes back.", examples=[None])
    undone_by: int | None = Field(examples=[None])

    @classmethod
    def of(cls, e: model.Edit) -> "EditView":
        return cls(
            no=e.no,
            author=e.author,
            on_behalf_of=e.on_behalf_of,
            at=e.at,
            reason=e.reason,
            cells=e.cells,
            undoes=e.undoes,
            undone_by=e.undone_by,
        )


class EditedCellView(View):
    """What an edit did to a cell.  Where `…_inherited`, the version itself said nothing and its parent's cell shows."""

    leaf: int
    year: int
    before: Tenge
    before_inherited: bool
    after: Tenge
    after_inherited: bool
    changed_since: bool


class MemberView(View):
    level: str = Field(examples=["programme.group"])
    key: str = Field(description="Tells it from the others of its level.", examples=["04"])
    code: str = Field(examples=["04"])
    name_kk: str
    name_ru: str
    name_en: str = Field(examples=["Education"])
    verified: bool = Field(description="Whether the code was compared with the official act.")

    @classmethod
    def of(cls, level: str, m: Member) -> "MemberView":
        return cls(level=level, key=m.key, code=m.code, name_kk=m.kk, name_ru=m.ru, name_en=m.en, verified=m.verified)


class ComparedVersionsView(View):
    """A group of two versions; an amount for each year."""

    members: list[MemberView] = Field(description="Its section first.")
    leaf: int | None = Field(description="Where every leaf is a row.", examples=[None])
    a: list[Tenge]
    b: list[Tenge]
    difference: list[str] = Field(description="B less A.", examples=[["100.00"]])
    cells: int = Field(description="Cells behind it, in either version.")
    different: int = Field(description="Of them, those that differ.")

    @classmethod
    def of(cls, by: tuple[str, ...], row: ComparedRow) -> "ComparedVersionsView":
        return cls(
            members=[MemberView.of(level, member) for level, member in zip(by, row.members, strict=True)],
            leaf=row.leaf_id,
            a=_tenge(row.a),
            b=_tenge(row.b),
            difference=[decimal_string(tiyn) for tiyn in row.difference],
            cells=row.cells,
            different=row.different,
        )


def _tenge(amounts: tuple[int | None, ...]) -> list[str | None]:
    return [None if tiyn is None else decimal_string(tiyn) for tiyn in amounts]


# ------------------------------------------------------------------------------------------------ routes


@get(_PLANS, opt=_READ, sync_to_thread=True)
def list_plans(visit: Visitor, organisation_id: Organisation) -> Page[BudgetPlanView]:
    """Plans of the organisation, the latest first."""
    return Page(items=[BudgetPlanView.of(p) for p in visit.read(lambda uow: service.plans(uow, organisation_id))])


@post(_PLANS, opt=_EDIT, sync_to_thread=True)
def create_plan(visit: Visitor, organisation_id: Organisation, data: CreateBody) -> BudgetPlanView:
    """Begin a plan. The same `key` with the same content answers with the same plan."""
    return BudgetPlanView.of(
        visit.run(
            lambda uow: service.create_plan(uow, organisation_id, data.name, data.years, data.first_year, key=data.key)
        )
    )


@get(_PLAN, opt=_READ, sync_to_thread=True)
def get_plan(visit: Visitor, organisation_id: Organisation, plan_id: FromPath[int]) -> BudgetPlanView:
    """One plan."""
    return BudgetPlanView.of(visit.read(lambda uow: service.plan(uow, organisation_id, plan_id)))


@get(f"{_PLAN}/leaves", opt=_READ, sync_to_thread=True)
def list_plan_leaves(
    visit: Visitor,
    organisation_id: Organisation,
    plan_id: FromPath[int],
    version: Annotated[
        int | None, QueryParameter(description="Only lines that this version holds.", ge=1, le=INTEGER)
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[PlanLeafView]:
    """Lines of a plan, by number: all that any version ever named, or those that one version holds."""

    def read(uow: UnitOfWork) -> model.LeafTable:
        service.plan(uow, organisation_id, plan_id)
        table = service.leaves(uow, organisation_id, plan_id)
        return table if version is None else table.only(service.cells(uow, organisation_id, plan_id, version).leaves)

    table = visit.read(read)
    start = table.after(_leaf_in(cursor))
    items = [PlanLeafView.of(leaf) for leaf in table.leaves(start, start + limit)]
    return Page(items=items, next=str(items[-1].id) if start + limit < len(table) else None)


@post(f"{_PLAN}/leaves", opt=_EDIT, sync_to_thread=True, status_code=200)
def intern_plan_leaves(
    visit: Visitor, organisation_id: Organisation, plan_id: FromPath[int], data: InternBody
) -> LeavesView:
    """Numbers of lines, made where there are none. Asking twice makes nothing twice."""
    keys = [model.LeafKey(**row.model_dump() | {"section": model.Section(row.section)}) for row in data.leaves]
    found = visit.run(lambda uow: service.intern(uow, organisation_id, plan_id, keys))
    return LeavesView(leaves=found.tolist())


@get(f"{_PLAN}/versions", opt=_READ, sync_to_thread=True)
def list_plan_versions(
    visit: Visitor,
    organisation_id: Organisation,
    plan_id: FromPath[int],
    put_away: Annotated[bool, QueryParameter(description="Those put away, instead of those in use.")] = False,
) -> Page[VersionView]:
    """Versions of a plan, each after the one it stands upon."""

    def read(uow: UnitOfWork) -> list[model.Version]:
        service.plan(uow, organisation_id, plan_id)
        return service.versions(uow, organisation_id, plan_id, put_away=put_away)

    return Page(items=[VersionView.of(v) for v in visit.read(read)])


@post(f"{_PLAN}/versions", opt=_EDIT, sync_to_thread=True)
def branch_version(
    visit: Visitor, organisation_id: Organisation, plan_id: FromPath[int], data: BranchBody
) -> VersionView:
    """Begin a version upon another. What that becomes afterwards is not seen in it."""
    made = visit.run(
        lambda uow: service.branch(
            uow,
            organisation_id,
            plan_id,
            data.parent,
            kind=model.VersionKind(data.kind),
            name=data.name,
            reason=data.reason,
            key=data.key,
        )
    )
    return VersionView.of(made)


@get(_VERSION, opt=_READ, sync_to_thread=True)
def get_version(
    request: Request[Any, Any, Any],
    visit: Visitor,
    organisation_id: Organisation,
    plan_id: FromPath[int],
    version_id: FromPath[int],
) -> Response[VersionView]:
    """One version. Its `ETag` is the number of its last edit: whoever changes it sends it back as `If-Match`."""
    found = visit.read(lambda uow: service.version(uow, organisation_id, plan_id, version_id))
    return Response(VersionView.of(found), headers={"ETag": f'"{found.edits}"'})


@get(f"{_VERSION}/sections", opt=_READ, sync_to_thread=True)
def version_sections(
    visit: Visitor, organisation_id: Organisation, plan_id: FromPath[int], version_id: FromPath[int]
) -> SectionsView:
    """The six sections of the budget."""

    def read(uow: UnitOfWork) -> tuple[tuple[int, ...], model.SixSections]:
        plan = service.plan(uow, organisation_id, plan_id)
        return plan.years, service.totals(uow, organisation_id, plan_id, version_id)

    years, told = visit.read(read)
    return SectionsView(
        years=list(years),
        **{name: [decimal_string(tiyn) for tiyn in getattr(told, name)] for name in model.SixSections.__slots__},
    )


@get(f"{_VERSION}/cells", opt=_READ, sync_to_thread=True)
def list_version_cells(
    visit: Visitor,
    organisation_id: Organisation,
    plan_id: FromPath[int],
    version_id: FromPath[int],
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[CellsView]:
    """What a version holds, leaf by leaf: its own cells, and those of the versions it stands upon."""
    held = visit.read(lambda uow: service.cells(uow, organisation_id, plan_id, version_id))
    start = held.after(_leaf_in(cursor))
    items = [CellsView(leaf=leaf, amounts=_tenge(amounts)) for leaf, amounts in held.rows(start, start + limit)]
    return Page(items=items, next=str(items[-1].leaf) if start + limit < len(held.leaves) else None)


@get(f"{_VERSION}/edits", opt=_READ, sync_to_thread=True)
def list_edits(
    visit: Visitor,
    organisation_id: Organisation,
    plan_id: FromPath[int],
    version_id: FromPath[int],
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[EditView]:
    """Who changed what, the latest first."""

    def read(uow: UnitOfWork) -> tuple[tuple[model.Edit, ...], str | None]:
        service.version(uow, organisation_id, plan_id, version_id)
        return service.history(uow, organisation_id, plan_id, version_id, cursor, limit)

    found, following = visit.read(read)
    return Page(items=[EditView.of(e) for e in found], next=following)


@post(f"{_VERSION}/edits", opt=_EDIT, sync_to_thread=True)
def edit_version(
    visit: Visitor,
    organisation_id: Organisation,
    plan_id: FromPath[int],
    version_id: FromPath[int],
    data: EditBody,
    if_match: IfMatch = None,
) -> EditView:
    """Change cells of a version. Nothing is saved where one of them cannot be."""
    seen = version_seen(if_match)
    changes = [model.CellChange(cell.leaf, cell.year, cell.amount) for cell in data.cells]
    made = visit.run(
        lambda uow: service.edit(
            uow,
            organisation_id,
            plan_id,
            version_id,
            changes,
            data.reason,
            expected_edits=seen,
            key=data.key,
        )
    )
    return EditView.of(made)


@get(f"{_VERSION}/edits/{{no:int}}/cells", opt=_READ, sync_to_thread=True)
def list_edited_cells(
    visit: Visitor,
    organisation_id: Organisation,
    plan_id: FromPath[int],
    version_id: FromPath[int],
    no: FromPath[int],
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[EditedCellView]:
    """What an edit did, cell by cell."""
    found = visit.read(lambda uow: service.changes(uow, organisation_id, plan_id, version_id, no))
    start = number_in(cursor, most=INTEGER) if cursor else 0
    items = [
        EditedCellView(
            leaf=c.leaf_id,
            year=c.year,
            before=None if c.before_tiyn is None else decimal_string(c.before_tiyn),
            before_inherited=c.before_inherited,
            after=None if c.after_tiyn is None else decimal_string(c.after_tiyn),
            after_inherited=c.after_inherited,
            changed_since=c.changed_since,
        )
        for c in found[start : start + limit]
    ]
    return Page(items=items, next=str(start + limit) if start + limit < len(found) else None)


@post(f"{_VERSION}/edits/{{no:int}}/undo", opt=_EDIT, sync_to_thread=True)
def undo_edit(
    visit: Visitor,
    organisation_id: Organisation,
    plan_id: FromPath[int],
    version_id: FromPath[int],
    no: FromPath[int],
    data: UndoBody,
    if_match: IfMatch = None,
) -> EditView:
    """A new edit that puts back what was; refused where a later edit of its cells stands. It can be undone too."""
    seen = version_seen(if_match)
    made = visit.run(
        lambda uow: service.undo(
            uow, organisation_id, plan_id, version_id, no, data.reason, expected_edits=seen, key=data.key
        )
    )
    return EditView.of(made)


@post(f"{_VERSION}/freeze", opt=_FREEZE, sync_to_thread=True, status_code=200)
def freeze_version(
    visit: Visitor,
    organisation_id: Organisation,
    plan_id: FromPath[int],
    version_id: FromPath[int],
    if_match: IfMatch = None,
) -> VersionView:
    """Let a version change no more. Whoever edited it does not freeze it."""
    seen = version_seen(if_match)
    return VersionView.of(
        visit.run(lambda uow: service.freeze(uow, organisation_id, plan_id, version_id, expected_edits=seen))
    )


@post(f"{_VERSION}/put-away", opt=_EDIT, sync_to_thread=True, status_code=200)
def put_version_away(
    visit: Visitor,
    organisation_id: Organisation,
    plan_id: FromPath[int],
    version_id: FromPath[int],
    data: PutAwayBody,
    if_match: IfMatch = None,
) -> VersionView:
    """Let a version be neither offered nor changed until it is brought back. Other versions stay as they are."""
    seen = version_seen(if_match)
    return VersionView.of(
        visit.run(
            lambda uow: service.put_away(uow, organisation_id, plan_id, version_id, data.reason, expected_edits=seen)
        )
    )


@post(f"{_VERSION}/bring-back", opt=_EDIT, sync_to_thread=True, status_code=200)
def bring_version_back(
    visit: Visitor, organisation_id: Organisation, plan_id: FromPath[int], version_id: FromPath[int]
) -> VersionView:
    """Let a version that was put away be used again."""
    return VersionView.of(visit.run(lambda uow: service.bring_back(uow, organisation_id, plan_id, version_id)))


@get(f"{_PLAN}/comparison", opt=_READ, sync_to_thread=True)
def compare_versions(
    visit: Visitor,
    organisation_id: Organisation,
    plan_id: FromPath[int],
    a: Annotated[int, QueryParameter(description="The first version.", ge=1, le=INTEGER)],
    b: Annotated[int, QueryParameter(description="The second.", ge=1, le=INTEGER)],
    by: By = None,
    within: Within = None,
    only_different: Annotated[bool, QueryParameter(description="Only rows behind which a cell differs.")] = False,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[ComparedVersionsView]:
    """Two versions side by side, by section and any levels, with the cells behind each row counted."""
    members = narrowed(within)
    found = visit.read(
        lambda uow: service.compare(
            uow, organisation_id, plan_id, a, b, by or (), within=members, only_different=only_different
        )
    )
    start = number_in(cursor, most=INTEGER) if cursor else 0
    items = [ComparedVersionsView.of(found.by, row) for row in found.rows(start, start + limit)]
    return Page(items=items, next=str(start + limit) if start + limit < len(found) else None)


def narrowed(within: Sequence[str] | None) -> dict[str, str]:
    """By level, what it is narrowed to.  Raises: LevelTwice."""
    found: dict[str, str] = {}
    for level, _, members in (each.partition(":") for each in within or ()):
        if level in found:
            raise LevelTwice(level=level)
        found[level] = members
    return found


def _leaf_in(cursor: str | None) -> int:
    """The leaf that a page begins after.  Raises: CursorMalformed."""
    return number_in(cursor, most=INTEGER) if cursor else 0


routes = [
    list_plans,
    create_plan,
    get_plan,
    list_plan_leaves,
    intern_plan_leaves,
    list_plan_versions,
    branch_version,
    get_version,
    version_sections,
    list_version_cells,
    list_edits,
    edit_version,
    list_edited_cells,
    undo_edit,
    freeze_version,
    put_version_away,
    bring_version_back,
    compare_versions,
]
