"""One act on many documents under ``/api/v1``: asked for, tried, carried out, each document by itself."""

from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from typing import Annotated, Any, Literal

from litestar import Request, get, post
from litestar.di import NamedDependency, Provide
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, QueryParameter
from pydantic import Field

from api.conventions import BOOKS, Amount, Cursor, Limit, Organisation, View
from api.security import Visit, Visitor
from erp.base.money import decimal_string
from erp.base.uow import UnitOfWork
from erp.finance.approvals import service as approvals
from erp.finance.approvals.bulk import service
from erp.finance.approvals.bulk.model import BulkAct, Item
from erp.finance.approvals.bulk.schemas import AskForCorrections, AskOfPrepared
from erp.finance.approvals.model import WAITING, PreparedFilter
from erp.finance.journal.model import EntryFilter
from erp.reference.access.model import Permission
from erp.reference.jobs.model import Retold, Told

_BULK = BOOKS + "/bulk"
_READ = {"policy": Permission.JOURNAL_READ}
_APPROVE = {"policy": Permission.JOURNAL_APPROVE}
_SIGN = {"policy": Permission.DOCUMENT_SIGN}
_WITHDRAW = {"policy": Permission.JOURNAL_POST}
_CORRECT = {"policy": Permission.JOURNAL_CORRECT}

_KEY = {"key": "6a7f5b1e-2c1d-4f57-9f43-0d8a52b0a9c1"}
PreparedBody = Annotated[
    AskOfPrepared,
    Body(
        examples=[
            Example(summary="All of MO-04 until October", value=_KEY | {"journal": "MO-04", "through": "2026-10-31"}),
            Example(summary="Two of them", value=_KEY | {"chosen": [{"id": 7, "version": 1}, {"id": 9, "version": 3}]}),
        ]
    ),
]
_CORRECTIONS = {
    "first": "2026-10-01",
    "last": "2026-10-01",
    "journal": "MO-06",
    "text": "Накладная",
    "kind": "storno",
    "effective_on": "2026-11-21",
    "reason": "Реестр загружен дважды",
}
CorrectionsBody = Annotated[
    AskForCorrections, Body(examples=[Example(summary="A register loaded twice", value=_KEY | _CORRECTIONS)])
]
RefusedOnly = Annotated[bool, QueryParameter(description="Only those that were refused.")]


Say = Callable[[Exception], str]


def _say(request: Request[Any, Any, Any], visit: Visitor) -> Say:
    return partial(request.app.state.say, language=visit.language)


Saying = NamedDependency[Say]
"""How a refusal is said in the caller's language."""
_IN_WORDS = {"say": Provide(_say, sync_to_thread=False)}


class RefusalView(View):
    code: str = Field(examples=["own-entry"])
    detail: str = Field(description="In the caller's language.")
    fields: dict[str, Any]

    @classmethod
    def of(cls, told: Told, say: "Say") -> "RefusalView":
        return cls(code=told.code, detail=say(Retold(told)), fields=told.fields)


class ReasonView(View):
    refusal: RefusalView
    items: int


class ItemView(View):
    """A document among the many."""

    id: int = Field(description="Of a prepared entry, or of corrections of the posted one.", examples=[7])
    name: str = Field(examples=["MO-06 № 15"])
    effective_on: date
    amount: Amount
    refusal: RefusalView | None = Field(description="Of the trial, or of the act itself.")
    done_at: datetime | None
    entry_id: int | None = Field(description="Where the outcome is posted.")
    prepared_id: int | None = Field(description="The prepared entry; of a correction, where it was sent for approval.")

    @classmethod
    def of(cls, item: Item, say: "Say") -> "ItemView":
        return cls(
            id=item.target.id,
            name=item.target.name,
            effective_on=item.target.effective_on,
            amount=decimal_string(item.target.amount_tiyn),
            refusal=RefusalView.of(item.refusal, say) if item.refusal else None,
            done_at=item.done_at,
            entry_id=item.entry_id if item.done_at else None,
            prepared_id=item.prepared_id,
        )


class BulkView(View):
    """How an act on many documents stands."""

    id: int = Field(examples=[3])
    act: Literal["approve", "sign", "withdraw", "storno", "reversal"]
    state: Literal["asked", "tried", "begun", "done"] = Field(description="`tried`: the dry run is over.")
    asked_by: str
    asked_at: datetime
    job_id: int | None = Field(description="The job that tries it, or carries it out, where they are many.")
    documents: int
    can_be_done: int = Field(description="As the dry run found.")
    done: int
    refused: int = Field(description="By the dry run, or when their turn came.")
    amount: Amount
    reasons: list[ReasonView] = Field(description="Why some were refused, the most frequent first.")


class BulkItemsView(View):
    bulk: BulkView
    items: list[ItemView]
    next: str | None = Field(None, description="`cursor` of the following page; null on the last one.", examples=[None])


@post(f"{_BULK}/approve", opt=_APPROVE, dependencies=_IN_WORDS, sync_to_thread=True)
def ask_to_approve(visit: Visitor, organisation_id: Organisation, data: PreparedBody, say: Saying) -> BulkView:
    """Choose documents that wait for your check or second signature, and try each; nothing is done yet."""
    return _ask_of_prepared(visit, say, organisation_id, BulkAct.APPROVE, data)


@post(f"{_BULK}/sign", opt=_SIGN, dependencies=_IN_WORDS, sync_to_thread=True)
def ask_to_sign(visit: Visitor, organisation_id: Organisation, data: PreparedBody, say: Saying) -> BulkView:
    """Choose documents that wait for your first signature, and try each; nothing is done yet."""
    return _ask_of_prepared(visit, say, organisation_id, BulkAct.SIGN, data)


@post(f"{_BULK}/withdraw", opt=_WITHDRAW, dependencies=_IN_WORDS, sync_to_thread=True)
def ask_to_withdraw(visit: Visitor, organisation_id: Organisation, data: PreparedBody, say: Saying) -> BulkView:
    """Choose documents that you prepared and that wait, and try each; nothing is done yet."""
    return _ask_of_prepared(visit, say, organisation_id, BulkAct.WITHDRAW, data)


@post(f"{_BULK}/correct", opt=_CORRECT, dependencies=_IN_WORDS, sync_to_thread=True)
def ask_to_correct(visit: Visitor, organisation_id: Organisation, data: CorrectionsBody, say: Saying) -> BulkView:
    """Choose posted entries to be cancelled, and try each; nothing is done yet."""
    wanted = EntryFilter(data.span, data.journal, data.account, data.text)

    def ask(uow: UnitOfWork) -> int:
        return service.ask_for_corrections(
            uow,
            organisation_id,
            BulkAct(data.kind),
            data.key,
            wanted,
            effective_on=data.effective_on,
            reason=data.reason,
        )

    return _try(visit, say, organisation_id, Permission.JOURNAL_CORRECT, ask)


@post(f"{_BULK}/approve/{{bulk_id:int}}", opt=_APPROVE, dependencies=_IN_WORDS, sync_to_thread=True, status_code=200)
def approve_all(visit: Visitor, organisation_id: Organisation, bulk_id: FromPath[int], say: Saying) -> BulkView:
    """Take the step of each that the trial let through. Sent again it does nothing twice."""
    return _carry_out(visit, say, organisation_id, bulk_id, Permission.JOURNAL_APPROVE)


@post(f"{_BULK}/sign/{{bulk_id:int}}", opt=_SIGN, dependencies=_IN_WORDS, sync_to_thread=True, status_code=200)
def sign_all(visit: Visitor, organisation_id: Organisation, bulk_id: FromPath[int], say: Saying) -> BulkView:
    """Sign each that the trial let through. Sent again it does nothing twice."""
    return _carry_out(visit, say, organisation_id, bulk_id, Permission.DOCUMENT_SIGN)


@post(f"{_BULK}/withdraw/{{bulk_id:int}}", opt=_WITHDRAW, dependencies=_IN_WORDS, sync_to_thread=True, status_code=200)
def withdraw_all(visit: Visitor, organisation_id: Organisation, bulk_id: FromPath[int], say: Saying) -> BulkView:
    """Withdraw each that the trial let through. Sent again it does nothing twice."""
    return _carry_out(visit, say, organisation_id, bulk_id, Permission.JOURNAL_POST)


@post(f"{_BULK}/correct/{{bulk_id:int}}", opt=_CORRECT, dependencies=_IN_WORDS, sync_to_thread=True, status_code=200)
def correct_all(visit: Visitor, organisation_id: Organisation, bulk_id: FromPath[int], say: Saying) -> BulkView:
    """Cancel each that the trial let through, or send that for approval where asked for. Sent again it cancels once."""
    return _carry_out(visit, say, organisation_id, bulk_id, Permission.JOURNAL_CORRECT)


@get(f"{_BULK}/{{bulk_id:int}}", opt=_READ, dependencies=_IN_WORDS, sync_to_thread=True)
def get_bulk(
    visit: Visitor,
    organisation_id: Organisation,
    bulk_id: FromPath[int],
    say: Saying,
    refused: RefusedOnly = False,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> BulkItemsView:
    """How it stands, and what became, or would become, of each document."""

    def look(uow: UnitOfWork) -> BulkItemsView:
        shown = _view(uow, say, organisation_id, bulk_id)
        page = service.items(uow, organisation_id, bulk_id, cursor, limit, refused_only=refused)
        return BulkItemsView(bulk=shown, items=[ItemView.of(item, say) for item in page.rows], next=page.next_cursor)

    return visit.read(look)


def _ask_of_prepared(visit: Visit, say: Say, organisation_id: int, act: BulkAct, data: AskOfPrepared) -> BulkView:
    hands = approvals.hands_of(visit.identity, organisation_id).only(signing=act is BulkAct.SIGN)
    own = act is BulkAct.WITHDRAW
    wanted = PreparedFilter(
        WAITING, data.journal, data.through, None if own else hands, visit.scope.actor.id if own else None
    )
    chosen = None if data.chosen is None else {each.id: each.version for each in data.chosen}
    return _try(
        visit,
        say,
        organisation_id,
        act.permission,
        lambda uow: service.ask_of_prepared(uow, organisation_id, act, data.key, wanted if chosen is None else chosen),
    )


def _try(
    visit: Visit, say: Say, organisation_id: int, permission: Permission, ask: Callable[[UnitOfWork], int]
) -> BulkView:
    bulk_id = visit.run(ask)
    if visit.run(lambda uow: service.leave_to_a_job(uow, organisation_id, bulk_id, permission)) is None:
        service.try_out(visit.run, organisation_id, bulk_id, permission)
    return visit.read(lambda uow: _view(uow, say, organisation_id, bulk_id))


def _carry_out(visit: Visit, say: Say, organisation_id: int, bulk_id: int, permission: Permission) -> BulkView:
    if visit.run(lambda uow: service.leave_to_a_job(uow, organisation_id, bulk_id, permission)) is None:
        service.carry_out(visit.run, organisation_id, bulk_id, permission)
    return visit.read(lambda uow: _view(uow, say, organisation_id, bulk_id))


def _view(uow: UnitOfWork, say: Say, organisation_id: int, bulk_id: int) -> BulkView:
    found, tally, reasons = service.bulk(uow, organisation_id, bulk_id)
    return BulkView(
        id=found.id,
        act=found.act.value,
        state=found.state.value,
        asked_by=found.asked_by,
        asked_at=found.asked_at,
        job_id=found.job_id,
        documents=tally.items,
        can_be_done=tally.fit,
        done=tally.done,
        refused=tally.unfit + tally.refused,
        amount=decimal_string(tally.fit_tiyn),
        reasons=[ReasonView(refusal=RefusalView.of(each.told, say), items=each.items) for each in reasons],
    )


routes = [
    ask_to_approve,
    ask_to_sign,
    ask_to_withdraw,
    ask_to_correct,
    approve_all,
    sign_all,
    withdraw_all,
    correct_all,
    get_bulk,
]
