"""Recodings under ``/api/v1``: a mapping of codes, what it would move, and moving it."""

from datetime import date, datetime
from typing import Annotated

from litestar import get, post
from litestar.openapi.spec import Example
from litestar.params import Body, PathParameter
from pydantic import Field

from api.conventions import API, BOOKS, Amount, Organisation, Page, View
from api.security import Visitor
from erp.base.money import decimal_string
from erp.base.uow import UnitOfWork
from erp.finance.recoding import model, service
from erp.finance.recoding.schemas import MakeRecoding
from erp.reference.access.model import Permission
from ledger.model import Dimension

_RECODE = {"policy": Permission.BOOKS_RECODE}
_OF_ALL = {"policy": Permission.PACKAGES_MANAGE}
_RECODINGS, _ALL = BOOKS + "/recodings", API + "/recodings"

_MAPPING = {
    "title": "Изменение плана счетов",
    "effective_on": "2027-01-01",
    "lines": [{"what": "account", "old": "7105", "new": "7150"}],
}
MakeBody = Annotated[MakeRecoding, Body(examples=[Example(summary="An account gets another code", value=_MAPPING)])]

Number = Annotated[int, PathParameter(ge=1, le=2_147_483_647)]


class LineView(View):
    what: str = Field(description="`account`, or the dimension the code is a value of.", examples=["account"])
    old: str
    new: str


class RecodingView(View):
    id: int
    title: str
    effective_on: date = Field(description="The first day of the new codes.")
    for_all: bool = Field(description="Whether it is for everybody's books.")
    created_by: str
    created_at: datetime
    ended_at: datetime | None = Field(description="When the old codes were ended, of one for everybody.")

    @classmethod
    def of(cls, r: model.Recoding) -> "RecodingView":
        return cls(
            id=r.id,
            title=r.title,
            effective_on=r.effective_on,
            for_all=r.is_for_all,
            created_by=r.created_by,
            created_at=r.created_at,
            ended_at=r.ended_at,
        )


class MoveView(View):
    account: str = Field(examples=["7105"])
    dimensions: dict[str, str]
    balance: Amount = Field(description="Debit positive.")
    new_account: str | None
    new_dimensions: dict[str, str]
    faults: list[str] = Field(description="Stable codes of what is wrong.")


class PlanView(View):
    recoding: RecodingView
    lines: list[LineView]
    faults: list[str] = Field(description="Stable codes of what is wrong with the mapping itself.")
    moves: list[MoveView]
    rounds: int = Field(description="How often balances were moved already.")
    possible: bool

    @classmethod
    def of(cls, plan: model.Plan) -> "PlanView":
        return cls(
            recoding=RecodingView.of(plan.recoding),
            lines=[LineView(what=line.what, old=line.old, new=line.new) for line in plan.recoding.lines],
            faults=[fault.code for fault in plan.faults],
            moves=[
                MoveView(
                    account=move.standing.account.code,
                    dimensions=_named(move.standing.codes),
                    balance=decimal_string(move.standing.balance_tiyn),
                    new_account=move.account.code if move.account else None,
                    new_dimensions=_named(move.codes),
                    faults=[fault.code for fault in move.faults],
                )
                for move in plan.moves
            ],
            rounds=plan.rounds,
            possible=plan.is_possible,
        )


class AppliedView(View):
    outcome: str = Field(description="`moved`, or `nothing` where no balance stood on old codes.")
    round: int
    postings: int


class ProgressView(View):
    organisation_id: int
    unmoved: int = Field(description="Balances that still stand on old codes.")
    rounds: int
    moved_at: datetime | None


class EndedView(View):
    codes: int = Field(description="How many old codes were ended.")


def _named(codes: tuple[str, ...]) -> dict[str, str]:
    return {dimension.slug: code for dimension, code in zip(Dimension, codes, strict=True) if code}


@get(_RECODINGS, opt=_RECODE, sync_to_thread=True)
def list_recodings(visit: Visitor, organisation_id: Organisation) -> Page[RecodingView]:
    """Recodings of these books and for everybody, the latest first."""
    found = visit.read(lambda u: service.recodings(u, organisation_id))
    return Page(items=[RecodingView.of(r) for r in found], next=None)


@post(_RECODINGS, opt=_RECODE, sync_to_thread=True, status_code=201)
def make_recoding(visit: Visitor, organisation_id: Organisation, data: MakeBody) -> PlanView:
    """Keep a mapping for these books, and say what it would move.  Nothing is moved."""

    def make(uow: UnitOfWork) -> model.Plan:
        return service.preview(uow, service.make(uow, organisation_id, data), organisation_id)

    return PlanView.of(visit.run(make))


@get(_RECODINGS + "/{recoding_id:int}", opt=_RECODE, sync_to_thread=True)
def preview_recoding(visit: Visitor, organisation_id: Organisation, recoding_id: Number) -> PlanView:
    """Every balance that would be moved, by its dimensions, and what is wrong."""
    return PlanView.of(visit.read(lambda u: service.preview(u, recoding_id, organisation_id)))


@post(_RECODINGS + "/{recoding_id:int}/apply", opt=_RECODE, sync_to_thread=True, status_code=200)
def apply_recoding(visit: Visitor, organisation_id: Organisation, recoding_id: Number) -> AppliedView:
    """Move the balances on the day of the effect; sending it again moves only what has come since."""
    done = visit.run(lambda u: service.apply(u, recoding_id, organisation_id))
    return AppliedView(outcome=done.outcome.value, round=done.round, postings=done.postings)


@get(_ALL, opt=_OF_ALL, sync_to_thread=True)
def list_recodings_of_all(visit: Visitor) -> Page[RecodingView]:
    """Recodings for everybody, the latest first."""
    return Page(items=[RecodingView.of(r) for r in visit.read(lambda u: service.recodings(u, None))], next=None)


@post(_ALL, opt=_OF_ALL, sync_to_thread=True, status_code=201)
def make_recoding_of_all(visit: Visitor, data: MakeBody) -> RecodingView:
    """Keep a mapping for everybody's books.  Nothing is moved."""
    return RecodingView.of(visit.run(lambda u: service.recoding(u, service.make(u, None, data))))


@get(_ALL + "/{recoding_id:int}/progress", opt=_OF_ALL, sync_to_thread=True)
def show_progress(visit: Visitor, recoding_id: Number) -> Page[ProgressView]:
    """Institutions that it concerns and how far each has come; without sums."""
    found = visit.read(lambda u: (service.recoding(u, recoding_id), service.progress(u, recoding_id))[1])
    return Page(
        items=[
            ProgressView(
                organisation_id=p.organisation_id, unmoved=p.unmoved, rounds=p.rounds, moved_at=p.moved_at
            )
            for p in found
        ],
        next=None,
    )  # fmt: skip


@post(_ALL + "/{recoding_id:int}/end", opt=_OF_ALL, sync_to_thread=True, status_code=200)
def end_codes(visit: Visitor, recoding_id: Number) -> EndedView:
    """End the old codes on the day; books whose balances still stand there are moved all the same."""
    return EndedView(codes=visit.run(lambda u: service.end_codes(u, recoding_id)))


routes = [
    list_recodings,
    make_recoding,
    preview_recoding,
    apply_recoding,
    list_recodings_of_all,
    make_recoding_of_all,
    show_progress,
    end_codes,
]
