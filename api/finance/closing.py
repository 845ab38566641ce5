"""The close of months and years under ``/api/v1``: steps with their proofs, ticks, and many institutions at once."""

from datetime import date, datetime
from typing import Annotated, Literal

from litestar import get, post
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, PathParameter, QueryParameter
from pydantic import Field

from api.conventions import API, BOOKS, Amount, Organisation, Page, View
from api.security import Visitor
from erp.base.clock import today
from erp.base.dates import month_string, parse_month
from erp.base.money import decimal_string
from erp.base.uow import UnitOfWork
from erp.finance.closing import model, service
from erp.finance.closing.model import Period
from erp.finance.closing.schemas import TickStep
from erp.reference.access.model import Permission
from erp.reference.access.policy import permissions_at

_MONTH = BOOKS + "/closings/{month:str}"
_YEAR = BOOKS + "/year-closings/{year:int}"
_READ = {"policy": Permission.JOURNAL_READ}
_TICK = {"policy": Permission.JOURNAL_POST}

Month = Annotated[str, PathParameter(description="A month, `2026-11`.", pattern=r"^\d{4}-\d{2}$")]
AskedMonth = Annotated[str, QueryParameter(description="A month, `2026-11`.", pattern=r"^\d{4}-\d{2}$")]
TickBody = Annotated[
    TickStep, Body(examples=[Example(summary="A proof that holds", value={"step": "balance-ties", "reason": ""})])
]
Verdict = Literal["holds", "fails"]


class FigureView(View):
    name: str = Field(examples=["Debit turnover"])
    unit: Literal["tiyn", "count"]
    amount: Amount | None = Field(description="Of the unit tiyn, in tenge.")
    count: int | None = Field(description="Of the unit count.")


class FindingView(View):
    what: str = Field(examples=["1010"])
    amount: Amount | None
    was: Amount | None = Field(description="Of a comparison: what it was before.")


class ProofView(View):
    """What the program computed: figures, the first of what was found, and how much was found."""

    verdict: Verdict
    figures: list[FigureView]
    findings: list[FindingView]
    found: int

    @classmethod
    def of(cls, p: model.Proof) -> "ProofView":
        return cls(
            verdict=p.verdict.value,
            figures=[
                FigureView(
                    name=f.name,
                    unit="count" if f.unit == "count" else "tiyn",
                    amount=None if f.unit == "count" else decimal_string(f.value),
                    count=f.value if f.unit == "count" else None,
                )
                for f in p.figures
            ],
            findings=[FindingView(what=f.what, amount=_amount(f.tiyn), was=_amount(f.was_tiyn)) for f in p.findings],
            found=p.found,
        )


def _amount(tiyn: int | None) -> str | None:
    return None if tiyn is None else decimal_string(tiyn)


class StepTickView(View):
    """Who ticked the step, and the proof of that moment."""

    actor: str = Field(examples=["Ерлан Ахметов"])
    at: datetime
    known_at: datetime = Field(description="Entries recorded later make the step stale.")
    reason: str
    proof: ProofView


class StepView(View):
    step: str = Field(examples=["balance-ties"])
    owner: str = Field(examples=["chief_accountant"])
    person_id: int | None = Field(description="The owner, where it is a person.")
    due_on: date
    blocking: bool = Field(description="Whether nothing but the proof closes the month.")
    standing: Literal["open", "done", "stale"]
    proof: ProofView = Field(description="As computed now.")
    tick: StepTickView | None

    @classmethod
    def of(cls, s: model.StepView) -> "StepView":
        tick = s.tick and StepTickView(
            actor=s.tick.actor,
            at=s.tick.at,
            known_at=s.tick.known_at,
            reason=s.tick.reason,
            proof=ProofView.of(s.tick.proof),
        )
        return cls(
            step=s.rule.step,
            owner=s.rule.owner,
            person_id=s.rule.person_id,
            due_on=s.rule.due_on,
            blocking=s.rule.blocking,
            standing=s.standing.value,
            proof=ProofView.of(s.proof),
            tick=tick,
        )


class ChecklistView(View):
    period: str = Field(examples=["2026-11"])
    state: str = Field(description="Of the month: open, restricted, closed.", examples=["open"])
    binding: bool = Field(description="Whether a policy lays the checklist down; else it is an offer.")
    steps: list[StepView]

    @classmethod
    def of(cls, c: model.Checklist) -> "ChecklistView":
        return cls(
            period=c.period.key, state=c.state, binding=c.is_binding, steps=[StepView.of(step) for step in c.steps]
        )


class StandingView(View):
    """How the close of a month stands at an institution."""

    organisation_id: int
    month: str = Field(examples=["2026-11"])
    state: str = Field(examples=["open"])
    steps: int = Field(examples=[12])
    done: int = Field(examples=[7])
    stale: int = Field(examples=[1])
    late: int = Field(examples=[2])


@get(_MONTH, opt=_READ, sync_to_thread=True)
def get_closing(visit: Visitor, organisation_id: Organisation, month: Month) -> ChecklistView:
    """The checklist of a month, each step with its proof as computed now. Closing is `POST …/months/{month}/close`."""
    period = Period.month(parse_month(month))
    return ChecklistView.of(visit.read(lambda uow: service.checklist(uow, organisation_id, period)))


@post(f"{_MONTH}/ticks", opt=_TICK, sync_to_thread=True, status_code=200)
def tick_step(visit: Visitor, organisation_id: Organisation, month: Month, data: TickBody) -> ChecklistView:
    """Say that a step is done: its proof is computed and kept."""
    return _tick(visit, organisation_id, Period.month(parse_month(month)), data)


@get(_YEAR, opt=_READ, sync_to_thread=True)
def get_year_closing(visit: Visitor, organisation_id: Organisation, year: FromPath[int]) -> ChecklistView:
    """The checklist of a year."""
    return ChecklistView.of(visit.read(lambda uow: service.checklist(uow, organisation_id, _year(year))))


@post(f"{_YEAR}/ticks", opt=_TICK, sync_to_thread=True, status_code=200)
def tick_step_of_year(
    visit: Visitor, organisation_id: Organisation, year: FromPath[int], data: TickBody
) -> ChecklistView:
    """Say that a step of the year is done."""
    return _tick(visit, organisation_id, _year(year), data)


def _year(year: int) -> Period:
    return Period.month(parse_month(f"{year:04d}-01")).of_year


def _tick(visit: Visitor, organisation_id: int, period: Period, data: TickStep) -> ChecklistView:
    held = permissions_at(visit.identity, organisation_id) if visit.identity else frozenset[Permission]()

    def act(uow: UnitOfWork) -> ChecklistView:
        service.tick(uow, organisation_id, period, data, is_chief=Permission.PERIOD_CLOSE in held)
        return ChecklistView.of(service.checklist(uow, organisation_id, period))

    return visit.run(act)


@get(f"{API}/closings", opt={"policy": Permission.SIGNED_IN}, sync_to_thread=True)
def list_closings(visit: Visitor, month: AskedMonth) -> Page[StandingView]:
    """How the close of a month stands at every institution whose books the caller reads."""
    first = parse_month(month)
    found = visit.read(lambda uow: service.overview(uow, uow.scope.reads, first, first, today()))
    return Page(
        items=[
            StandingView(
                organisation_id=at,
                month=month_string(first),
                state=cell.state or "",
                steps=cell.steps,
                done=cell.done,
                stale=cell.stale,
                late=cell.late,
            )
            for (at, _), cell in found.items()
        ]
    )


routes = [get_closing, tick_step, get_year_closing, tick_step_of_year, list_closings]
