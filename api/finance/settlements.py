"""Entries that business trips make, as the accountant's inbox, under ``/api/v1``."""

from datetime import date, datetime
from typing import Annotated

from litestar import Response, get, post
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, QueryParameter
from pydantic import BaseModel, ConfigDict, Field

from api.conventions import BOOKS, Amount, Cursor, IfMatch, Limit, Organisation, Page, View, version_seen
from api.finance.drafts import DraftRef
from api.security import Visitor
from erp.base.money import decimal_string
from erp.base.uow import UnitOfWork
from erp.finance.drafts.rules import document_of
from erp.finance.drafts.schemas import SheetTyped
from erp.finance.settlements import model, service
from erp.finance.settlements.model import Kind, Settlement, SettlementState
from erp.reference.access.model import Permission

_ALL = BOOKS + "/settlements"
_ONE = _ALL + "/{settlement_id:int}"
_READ = {"policy": Permission.JOURNAL_READ}
_POST = {"policy": Permission.JOURNAL_POST}
Standing = Annotated[
    SettlementState | None, QueryParameter(name="state", description="How it stands; without it, what waits.")
]


class DeclineSettlement(BaseModel):
    """Send a drafted entry back to who approved the trip."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=3, max_length=1000)


_WHY = {"reason": "Чек гостиницы другого месяца"}
DeclineBody = Annotated[DeclineSettlement, Body(examples=[Example(summary="A wrong paper", value=_WHY)])]


class SettlementRowView(View):
    id: int = Field(examples=[4])
    version: int = Field(description="Number of the last act; its `ETag` is this number.", examples=[1])
    kind: Kind
    state: SettlementState
    person: str = Field(examples=["Ахметов Ерлан Серікұлы"])
    route: str = Field(examples=["Сарыдала – Алматы – Сарыдала"])
    first: date
    last: date
    amount: Amount
    drafted_by: str
    drafted_at: datetime
    taken_by: str = Field(description="Whose draft it is; empty while it waits.", examples=[""])
    entry_id: int | None = Field(description="Where it is posted.")

    @classmethod
    def of(cls, row: model.Row) -> "SettlementRowView":
        return cls(
            id=row.id,
            version=row.version,
            kind=row.kind,
            state=row.state,
            person=row.person,
            route=row.route,
            first=row.first,
            last=row.last,
            amount=decimal_string(row.amount_tiyn),
            drafted_by=row.drafted_by,
            drafted_at=row.drafted_at,
            taken_by=row.taken_by,
            entry_id=row.entry_id,
        )


class SettlementView(View):
    """A drafted entry whole."""

    id: int = Field(examples=[4])
    version: int = Field(description="Number of the last act; its `ETag` is this number.", examples=[1])
    kind: Kind
    state: SettlementState
    subject: str = Field(description="The trip.", examples=["trip:12/81"])
    person: str
    route: str
    purpose: str
    first: date
    last: date
    amount: Amount
    advance: Amount = Field(description="Of an advance: to be paid; of a report: what was paid.")
    sheet: SheetTyped = Field(description="The entry as drafted; what only the accountant knows is left out.")
    reason: str = Field(description="Why it was declined or taken back.", examples=[""])
    prepared_id: int | None = Field(description="Where it waits for a second person.")
    entry_id: int | None = Field(description="Where it is posted.")

    @classmethod
    def of(cls, of: Settlement) -> "SettlementView":
        return cls(
            id=of.id,
            version=of.version,
            kind=of.kind,
            state=of.state,
            subject=of.facts.subject,
            person=of.facts.person,
            route=of.facts.route,
            purpose=of.facts.purpose,
            first=of.facts.first,
            last=of.facts.last,
            amount=decimal_string(of.amount_tiyn),
            advance=decimal_string(of.facts.advance_tiyn),
            sheet=SheetTyped.model_validate(document_of(of.sheet)),
            reason=of.reason,
            prepared_id=of.prepared_id,
            entry_id=of.entry_id,
        )


@get(_ALL, opt=_READ, sync_to_thread=True)
def list_settlements(
    visit: Visitor, organisation_id: Organisation, standing: Standing = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[SettlementRowView]:
    """Entries that approved trips and reports have drafted, the newest first; without `state` what waits."""
    states = (standing,) if standing else service.OPEN
    page = visit.read(lambda uow: service.settlements(uow, organisation_id, states, cursor, limit))
    return Page(items=[SettlementRowView.of(row) for row in page.rows], next=page.next_cursor)


@post(f"{_ONE}/take", opt=_POST, sync_to_thread=True, status_code=200)
def take_settlement(
    visit: Visitor, organisation_id: Organisation, settlement_id: FromPath[int], if_match: IfMatch = None
) -> DraftRef:
    """Make it a draft of one's own, dated today, to be completed and posted there. Sent again, it gives that draft."""
    seen = version_seen(if_match)
    return DraftRef.of(visit.run(lambda uow: service.take(uow, organisation_id, settlement_id, seen)))


@post(f"{_ONE}/put-back", opt=_POST, sync_to_thread=True, status_code=200)
def put_settlement_back(
    visit: Visitor, organisation_id: Organisation, settlement_id: FromPath[int], if_match: IfMatch = None
) -> SettlementView:
    """Leave it to another; one's own draft of it is thrown away."""
    seen = version_seen(if_match)

    def run(uow: UnitOfWork) -> SettlementView:
        service.put_back(uow, organisation_id, settlement_id, seen)
        return SettlementView.of(service.settlement(uow, organisation_id, settlement_id))

    return visit.run(run)


@post(f"{_ONE}/decline", opt=_POST, sync_to_thread=True, status_code=200)
def decline_settlement(
    visit: Visitor,
    organisation_id: Organisation,
    settlement_id: FromPath[int],
    data: DeclineBody,
    if_match: IfMatch = None,
) -> SettlementView:
    """Send it back with the reason; the person and who approved the trip are told."""
    seen = version_seen(if_match)

    def run(uow: UnitOfWork) -> SettlementView:
        service.decline(uow, organisation_id, settlement_id, seen, data.reason)
        return SettlementView.of(service.settlement(uow, organisation_id, settlement_id))

    return visit.run(run)


@get(_ONE, opt=_READ, sync_to_thread=True)
def get_settlement(
    visit: Visitor, organisation_id: Organisation, settlement_id: FromPath[int]
) -> Response[SettlementView]:
    """One of them whole. Its `ETag` is its version: whoever acts sends it back as `If-Match`."""
    shown = visit.read(lambda uow: SettlementView.of(service.settlement(uow, organisation_id, settlement_id)))
    return Response(shown, headers={"ETag": f'"{shown.version}"'})


routes = [list_settlements, take_settlement, put_settlement_back, decline_settlement, get_settlement]
