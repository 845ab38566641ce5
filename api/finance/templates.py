"""Templates under ``/api/v1``: entries to be typed again, with amounts by formula, and what falls due of them."""

from datetime import date
from typing import Annotated, Literal

from litestar import Response, get, post, put
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, PathParameter, QueryParameter
from pydantic import Field

from api.conventions import BOOKS, IfMatch, Organisation, View, version_seen
from api.finance.drafts import DraftView
from api.security import Visitor
from erp.base.clock import today
from erp.base.dates import DaySpan, parse_day
from erp.base.uow import UnitOfWork
from erp.finance.drafts.model import Draft
from erp.finance.drafts.rules import document_of
from erp.finance.drafts.schemas import SheetTyped
from erp.finance.policy import service as policies
from erp.finance.templates import model, rules, service
from erp.finance.templates.schemas import ChangeTemplate, EndRecurrence, LeaveOut, MakeTemplate, Recur, UseTemplate
from erp.reference.access.model import Permission

_POST = {"policy": Permission.JOURNAL_POST}
_READ = {"policy": Permission.JOURNAL_READ}
_TEMPLATES, _RECURRING = BOOKS + "/templates", BOOKS + "/recurring"
_ONE, _ONE_RECURRING = _TEMPLATES + "/{template_id:int}", _RECURRING + "/{recurrence_id:int}"

_SHEET = {
    "journal": "MO-05",
    "memo": "Начислена заработная плата за {month}",
    "rows": [
        {"debit": {"account": "7010"}, "credit": {"account": "3241"}, "amount": "=оклад"},
        {"debit": {"account": "3241"}, "credit": {"account": "3142"}, "amount": "=№1 * 10%"},
    ],
}
_CONTENT = {"name": "Зарплата", "shared": True, "sheet": _SHEET}
_KEY = "0b0f4f3e-4c43-4b7f-9d0e-6f7f0f6c2a12"
_USED = {"key": _KEY, "effective_on": "2026-11-30", "inputs": {"оклад": "245 333"}}
_RECURS = {"key": _KEY, "every": "month", "day": 31, "since": "2026-12-01", "inputs": {"оклад": "245 333"}}

MakeBody = Annotated[MakeTemplate, Body(examples=[Example(summary="Pay", value={"key": _KEY} | _CONTENT)])]
ChangeBody = Annotated[ChangeTemplate, Body(examples=[Example(summary="Pay", value=_CONTENT)])]
UseBody = Annotated[UseTemplate, Body(examples=[Example(summary="November's pay", value=_USED)])]
RecurBody = Annotated[Recur, Body(examples=[Example(summary="At the end of each month", value=_RECURS)])]
EndBody = Annotated[EndRecurrence, Body(examples=[Example(summary="No more", value={"until": "2027-01-01"})])]
LeaveOutBody = Annotated[LeaveOut, Body(examples=[Example(summary="Why", value={"reason": "В январе не начисляется"})])]
DueOn = Annotated[str, PathParameter(description="The due day.", examples=[Example(value="2026-12-31")])]
From = Annotated[date | None, QueryParameter(description="The first day; without it, that of this month.")]
Through = Annotated[date | None, QueryParameter(description="The last day; without it, today.")]


class TemplateRow(View):
    id: int
    version: int = Field(description="Its `ETag` is this number.")
    name: str = Field(examples=["Зарплата"])
    shared: bool = Field(description="Whether all who post here see it.")
    owner: str
    journal: str = Field(examples=["MO-05"])
    memo: str
    rows: int
    recurs: bool

    @classmethod
    def of(cls, row: model.TemplateRow) -> "TemplateRow":
        return cls(
            id=row.id,
            version=row.version,
            name=row.name,
            shared=row.shared,
            owner=row.owner,
            journal=row.journal,
            memo=row.memo,
            rows=row.rows,
            recurs=row.recurs,
        )


class TemplateView(View):
    id: int
    version: int = Field(description="Its `ETag` is this number.")
    name: str = Field(examples=["Зарплата"])
    shared: bool
    owner: str
    sheet: SheetTyped = Field(examples=[_SHEET])
    asks: list[str] = Field(description="What its formulas ask for.", examples=[["оклад"]])

    @classmethod
    def of(cls, found: model.Template) -> "TemplateView":
        return cls(
            id=found.id,
            version=found.version,
            name=found.name,
            shared=found.shared,
            owner=found.owner,
            sheet=SheetTyped.model_validate(document_of(found.sheet)),
            asks=list(rules.read(found.sheet).names),
        )


class TemplatesView(View):
    items: list[TemplateRow]


class RecurrenceView(View):
    id: int
    template_id: int
    template: str
    owner: str
    every: Literal["month", "quarter", "year"]
    day: int
    since: date
    until: date | None = Field(description="The first day on which it no longer falls due.")
    inputs: dict[str, str]
    next_due: date | None

    @classmethod
    def of(cls, each: model.Recurrence) -> "RecurrenceView":
        return cls(
            id=each.id,
            template_id=each.template_id,
            template=each.template,
            owner=each.owner,
            every=each.every.value,
            day=each.day,
            since=each.since,
            until=each.until,
            inputs=dict(each.inputs),
            next_due=rules.next_due(each, today()),
        )


class RecurrencesView(View):
    items: list[RecurrenceView]


class OccurrenceView(View):
    recurrence_id: int
    template: str
    owner: str
    due_on: date
    state: Literal["due", "drafted", "prepared", "posted", "left-out"]
    draft_id: int | None = Field(description="Where it is the caller's own.")
    prepared_id: int | None
    entry_id: int | None
    reason: str = Field(description="Why it was left out.")

    @classmethod
    def of(cls, each: model.Occurrence) -> "OccurrenceView":
        return cls(
            recurrence_id=each.recurrence_id,
            template=each.template,
            owner=each.owner,
            due_on=each.due_on,
            state=each.state.value,
            draft_id=each.draft_id,
            prepared_id=each.prepared_id,
            entry_id=each.entry_id,
            reason=each.reason,
        )


class OccurrencesView(View):
    items: list[OccurrenceView]


@get(_TEMPLATES, opt=_POST, sync_to_thread=True)
def list_templates(visit: Visitor, organisation_id: Organisation) -> TemplatesView:
    """Shared templates and the caller's own, by name."""
    found = visit.read(lambda uow: service.templates(uow, organisation_id))
    return TemplatesView(items=[TemplateRow.of(row) for row in found])


@post(_TEMPLATES, opt=_POST, sync_to_thread=True)
def make_template(visit: Visitor, organisation_id: Organisation, data: MakeBody) -> TemplateView:
    """Keep an entry to be typed again; sent again, the key gives the template it made."""
    return TemplateView.of(visit.run(lambda uow: service.make(uow, organisation_id, data)))


@put(_ONE, opt=_POST, sync_to_thread=True)
def change_template(
    visit: Visitor,
    organisation_id: Organisation,
    template_id: FromPath[int],
    data: ChangeBody,
    if_match: IfMatch = None,
) -> TemplateView:
    """Give it another content."""
    seen = version_seen(if_match)
    return TemplateView.of(visit.run(lambda uow: service.change(uow, organisation_id, template_id, seen, data)))


@post(f"{_ONE}/retire", opt=_POST, sync_to_thread=True, status_code=204)
def retire_template(
    visit: Visitor, organisation_id: Organisation, template_id: FromPath[int], if_match: IfMatch = None
) -> None:
    """Offer it no more; what was made from it stays."""
    seen = version_seen(if_match)
    visit.run(lambda uow: service.retire(uow, organisation_id, template_id, seen))


@post(f"{_ONE}/use", opt=_POST, sync_to_thread=True)
def use_template(visit: Visitor, organisation_id: Organisation, template_id: FromPath[int], data: UseBody) -> DraftView:
    """Begin a draft from it, its amounts reckoned; sent again, the key gives the draft it began."""

    def use(uow: UnitOfWork) -> Draft:
        rounded = policies.rounding(uow, organisation_id, data.effective_on)
        return service.use(uow, organisation_id, template_id, data, rounded=rounded)

    return DraftView.of(visit.run(use))


@post(f"{_ONE}/recur", opt=_POST, sync_to_thread=True)
def recur(visit: Visitor, organisation_id: Organisation, template_id: FromPath[int], data: RecurBody) -> RecurrenceView:
    """Let a shared template fall due again and again."""
    return RecurrenceView.of(visit.run(lambda uow: service.recur(uow, organisation_id, template_id, data)))


@get(_ONE, opt=_POST, sync_to_thread=True)
def get_template(visit: Visitor, organisation_id: Organisation, template_id: FromPath[int]) -> Response[TemplateView]:
    """One of them whole."""
    found = visit.read(lambda uow: service.template(uow, organisation_id, template_id))
    return Response(TemplateView.of(found), headers={"ETag": f'"{found.version}"'})


@get(_RECURRING, opt=_READ, sync_to_thread=True)
def list_recurring(visit: Visitor, organisation_id: Organisation) -> RecurrencesView:
    """What recurs, or once did."""
    found = visit.read(lambda uow: service.recurrences(uow, organisation_id))
    return RecurrencesView(items=[RecurrenceView.of(each) for each in found])


@get(f"{_RECURRING}/due", opt=_READ, sync_to_thread=True)
def list_due(
    visit: Visitor, organisation_id: Organisation, since: From = None, through: Through = None
) -> OccurrencesView:
    """What falls due in a span of days, and what became of each."""
    last = through or today()
    span = DaySpan.of(since or last.replace(day=1), last)
    found = visit.read(lambda uow: service.occurrences(uow, organisation_id, span.first, span.last))
    return OccurrencesView(items=[OccurrenceView.of(each) for each in found])


@post(f"{_ONE_RECURRING}/end", opt=_POST, sync_to_thread=True, status_code=200)
def end_recurrence(
    visit: Visitor, organisation_id: Organisation, recurrence_id: FromPath[int], data: EndBody
) -> RecurrenceView:
    """From a day on it falls due no more."""
    return RecurrenceView.of(visit.run(lambda uow: service.end_recurrence(uow, organisation_id, recurrence_id, data)))


@post(f"{_ONE_RECURRING}/due/{{due_on:str}}/draft", opt=_POST, sync_to_thread=True)
def draft_due(visit: Visitor, organisation_id: Organisation, recurrence_id: FromPath[int], due_on: DueOn) -> DraftView:
    """The caller's draft for a due day; sent again it is the same."""
    day = parse_day(due_on)

    def draft(uow: UnitOfWork) -> Draft:
        rounded = policies.rounding(uow, organisation_id, day)
        return service.draft_due(uow, organisation_id, recurrence_id, day, rounded=rounded)

    return DraftView.of(visit.run(draft))


@post(f"{_ONE_RECURRING}/due/{{due_on:str}}/leave-out", opt=_POST, sync_to_thread=True, status_code=204)
def leave_out(
    visit: Visitor, organisation_id: Organisation, recurrence_id: FromPath[int], due_on: DueOn, data: LeaveOutBody
) -> None:
    """Pass over one due day."""
    visit.run(lambda uow: service.leave_out(uow, organisation_id, recurrence_id, parse_day(due_on), data))


routes = [
    list_templates,
    make_template,
    retire_template,
    change_template,
    use_template,
    recur,
    get_template,  # after its path's other methods, as every handler that answers a ``Response``
    list_recurring,
    list_due,
    end_recurrence,
    draft_due,
    leave_out,
]
