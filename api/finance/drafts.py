"""Drafts under ``/api/v1``: what a person is typing, kept as typed, checked by the cell, posted.

They are the caller's own: nobody else's are here, whoever asks.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from litestar import Request, Response, get, post, put
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, QueryParameter
from pydantic import Field

from api.conventions import BOOKS, Cursor, IfMatch, Limit, Organisation, Page, View, version_seen
from api.security import Visit, Visitor
from erp.base.uow import Receipt, UnitOfWork
from erp.finance.drafts import model, rules, service
from erp.finance.drafts.model import DraftState
from erp.finance.drafts.schemas import BeginDraft, SheetTyped
from erp.reference.access.model import Permission

_DRAFTS = BOOKS + "/drafts"
_ONE = _DRAFTS + "/{draft_id:int}"
_POST = {"policy": Permission.JOURNAL_POST}

_SHEET = {
    "journal": "MO-06",
    "effective_on": "20.11.2026",
    "document_number": "4187",
    "memo": "Получены канцелярские товары",
    "rows": [
        {
            "debit": {"account": "1316", "quantity": "250"},
            "credit": {"account": "3210", "dimensions": {"counterparty": "210940991839"}},
            "amount": "128 450,00",
        }
    ],
}
_BEGUN = {"key": "0b0f4f3e-4c43-4b7f-9d0e-6f7f0f6c2a11", "sheet": _SHEET, "note": "накладная.xlsx", "origin": "file"}
BeginBody = Annotated[BeginDraft, Body(examples=[Example(summary="Rows of a file", value=_BEGUN)])]
SheetBody = Annotated[SheetTyped, Body(examples=[Example(summary="One row", value=_SHEET)])]
Discarded = Annotated[bool, QueryParameter(description="Those thrown away, instead of those that are open.")]
StateName = Literal["open", "discarded", "prepared", "posted"]
OriginName = Literal["grid", "paste", "file", "template", "takeover", "settlement"]


class DraftRow(View):
    id: int = Field(examples=[9])
    version: int = Field(description="Grows with every change; its `ETag` is this number.", examples=[4])
    origin: OriginName
    note: str = Field(description="Where it comes from, in words.", examples=["накладная.xlsx"])
    journal: str = Field(description="As typed, like all that follows.", examples=["MO-06"])
    effective_on: str = Field(examples=["20.11.2026"])
    memo: str
    rows: int = Field(examples=[12])
    updated_at: datetime

    @classmethod
    def of(cls, row: model.DraftRow) -> "DraftRow":
        return cls(
            id=row.id,
            version=row.version,
            origin=row.origin.value,
            note=row.note,
            journal=row.journal,
            effective_on=row.effective_on,
            memo=row.memo,
            rows=row.rows,
            updated_at=row.updated_at,
        )


class DraftRef(View):
    """How a draft stands; where it became a prepared entry or a posted one, which."""

    id: int = Field(examples=[9])
    version: int = Field(description="Grows with every change; its `ETag` is this number.", examples=[4])
    state: StateName
    prepared_id: int | None = Field(description="Where it waits for a second person.", examples=[None])
    entry_id: int | None = Field(description="Where it is posted.", examples=[None])
    updated_at: datetime

    @classmethod
    def of(cls, draft: model.Draft) -> "DraftRef":
        return cls(
            id=draft.id,
            version=draft.version,
            state=draft.state.value,
            prepared_id=draft.became.prepared_id,
            entry_id=draft.became.entry_id,
            updated_at=draft.updated_at,
        )


class DraftView(DraftRef):
    """A draft whole, to the letter."""

    origin: OriginName
    note: str = Field(examples=["накладная.xlsx"])
    sheet: SheetTyped = Field(examples=[_SHEET])

    @classmethod
    def of(cls, draft: model.Draft) -> "DraftView":
        return cls(
            **DraftRef.of(draft).model_dump(),
            origin=draft.origin.value,
            note=draft.note,
            sheet=SheetTyped.model_validate(rules.document_of(draft.sheet)),
        )


class CellFaultView(View):
    """What is wrong with one cell."""

    row: int | None = Field(description="Its row, from 0; null for the head.", examples=[0])
    field: str = Field(
        description="The cell: `debit.account`, `credit.dimensions.counterparty`, `amount`; of the head, its field.",
        examples=["debit.account"],
    )
    code: str = Field(examples=["account-unknown"])
    detail: str = Field(description="In the caller's language.", examples=["There is no account “1399” on that day."])


class FaultsView(View):
    faults: list[CellFaultView] = Field(description="Empty where nothing is wrong.")


class SentView(View):
    """What a draft became; ``is_new`` is false when it had been sent before."""

    entry_id: int | None = Field(description="Where it is posted.", examples=[345])
    number: int | None = Field(description="Of the posted entry, in its journal and year.", examples=[15])
    prepared_id: int | None = Field(description="Where it waits for a second person.", examples=[None])
    is_new: bool


@get(_DRAFTS, opt=_POST, sync_to_thread=True)
def list_drafts(
    visit: Visitor,
    organisation_id: Organisation,
    discarded: Discarded = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[DraftRow]:
    """The caller's own drafts that have become nothing yet, the newest first."""
    page = visit.read(lambda uow: service.drafts(uow, organisation_id, cursor, limit, discarded=discarded))
    return Page(items=[DraftRow.of(row) for row in page.rows], next=page.next_cursor)


@post(_DRAFTS, opt=_POST, sync_to_thread=True)
def begin_draft(visit: Visitor, organisation_id: Organisation, data: BeginBody) -> DraftView:
    """Keep what is typed as a draft, to be posted under the same `key`. Sent again, it gives the draft it began."""
    typed = data.sheet.sheet
    begun = visit.run(
        lambda uow: service.begin(uow, organisation_id, typed, origin=data.origin, note=data.note, key=data.key)
    )
    return DraftView.of(begun)


@post(f"{_DRAFTS}/check", opt=_POST, sync_to_thread=True, status_code=200)
def check_sheet(
    request: Request[Any, Any, Any], visit: Visitor, organisation_id: Organisation, data: SheetBody
) -> FaultsView:
    """Tell every fault of every cell at once. Nothing is saved."""
    say: Callable[..., str] = request.app.state.say
    found = visit.read(lambda uow: service.check(uow, organisation_id, data.sheet))
    return FaultsView(
        faults=[
            CellFaultView(row=f.row, field=f.field, code=f.fault.code, detail=say(f.fault, visit.language))
            for f in found
        ]
    )


@put(_ONE, opt=_POST, sync_to_thread=True)
def save_draft(
    visit: Visitor, organisation_id: Organisation, draft_id: FromPath[int], data: SheetBody, if_match: IfMatch = None
) -> DraftRef:
    """Keep what is typed now. Refused where another window has saved since; then nothing of either is lost."""
    version = version_seen(if_match)
    return DraftRef.of(visit.run(lambda uow: service.save(uow, organisation_id, draft_id, version, data.sheet)))


@get(_ONE, opt=_POST, sync_to_thread=True)
def get_draft(
    request: Request[Any, Any, Any], visit: Visitor, organisation_id: Organisation, draft_id: FromPath[int]
) -> Response[DraftView]:
    """One of them whole. Its `ETag` is its version: whoever saves sends it back as `If-Match`."""
    shown = visit.read(lambda uow: DraftView.of(service.draft(uow, organisation_id, draft_id)))
    tag = f'"{shown.version}"'
    if shown.state in _CHANGEABLE and tag in request.headers.get("if-none-match", ""):
        return Response(None, status_code=304, headers={"ETag": tag})  # type: ignore[arg-type]
    return Response(shown, headers={"ETag": tag})


_CHANGEABLE = (DraftState.OPEN, DraftState.DISCARDED)
"""In which a draft's version tells all of it: what it becomes later is no change of its own."""


@post(f"{_ONE}/post", opt=_POST, sync_to_thread=True, status_code=200)
def post_draft(
    visit: Visitor, organisation_id: Organisation, draft_id: FromPath[int], if_match: IfMatch = None
) -> SentView:
    """Post it, or send it for approval where its journal asks for a second person. Sent again it posts nothing more."""
    version = version_seen(if_match)
    sent = visit.run(lambda uow: service.post(uow, organisation_id, draft_id, version))
    if isinstance(sent, Receipt):
        posted = sent()
        return SentView(entry_id=posted.entry_id, number=posted.number, prepared_id=None, is_new=posted.is_new)
    return SentView(entry_id=None, number=None, prepared_id=sent.id, is_new=sent.is_new)


@post(f"{_ONE}/discard", opt=_POST, sync_to_thread=True, status_code=200)
def discard_draft(
    visit: Visitor, organisation_id: Organisation, draft_id: FromPath[int], if_match: IfMatch = None
) -> DraftRef:
    """Throw it away; for thirty days it can be taken back."""
    return _done(visit, if_match, lambda uow, seen: service.discard(uow, organisation_id, draft_id, seen))


@post(f"{_ONE}/restore", opt=_POST, sync_to_thread=True, status_code=200)
def restore_draft(
    visit: Visitor, organisation_id: Organisation, draft_id: FromPath[int], if_match: IfMatch = None
) -> DraftRef:
    """Take back what was thrown away."""
    return _done(visit, if_match, lambda uow, seen: service.restore(uow, organisation_id, draft_id, seen))


def _done(visit: Visit, if_match: str | None, act: Callable[[UnitOfWork, int], model.Draft]) -> DraftRef:
    seen = version_seen(if_match)
    return DraftRef.of(visit.run(lambda uow: act(uow, seen)))


routes = [
    list_drafts,
    begin_draft,
    check_sheet,
    save_draft,
    get_draft,  # after its path's other method, as every handler that answers a ``Response``
    post_draft,
    discard_draft,
    restore_draft,
]
