"""Scenarios under ``/api/v1``: what they assume, what that gives, saving it with its formulas, and fans."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, QueryParameter
from pydantic import Field

from api.conventions import BOOKS, Amount, IfMatch, Organisation, Page, View, version_seen
from api.security import Visitor
from erp.base.cursors import INTEGER
from erp.base.money import decimal_string, number_string
from erp.base.uow import UnitOfWork
from erp.economy.formulas.tracing import Precedent, Told
from erp.economy.plans import service as plans
from erp.economy.plans.model import Section
from erp.economy.scenarios import model, rules, service
from erp.economy.scenarios.schemas import BeginScenario, SaveScenario, TryFormulas
from erp.reference.access.model import Permission

_SCENARIOS = BOOKS + "/scenarios"
_ONE = BOOKS + "/plans/{plan_id:int}/scenarios/{version_id:int}"
_READ = {"policy": Permission.PLAN_READ}
_EDIT = {"policy": Permission.PLAN_EDIT}
_SHARES = (5, 25, 50, 75, 95)
_DRAWS = 1000

_KEY = "0c4b8c52-54a1-4a3e-9a55-6d1f1a9d7c41"
_CHEAP = {"brent": {"2027": "45", "2028": "45"}, "wage_growth": {"2027": "12.5"}}
BeginBody = Annotated[
    BeginScenario,
    Body(
        examples=[
            Example(
                summary="Cheap oil",
                value={
                    "key": _KEY,
                    "plan": 1,
                    "parent": 1,
                    "name": "Дешёвая нефть",
                    "reason": "Прогноз МНЭ от 15.08.2026",
                },
            )
        ]
    ),
]
SaveBody = Annotated[
    SaveScenario,
    Body(
        examples=[
            Example(
                summary="Oil at 45 dollars, pay up by 12.5 %",
                value={"key": _KEY, "assumptions": _CHEAP, "reason": "Цена нефти по консервативному сценарию"},
            )
        ]
    ),
]
_TEXT = "driver cpi: %\ninput base: KZT\nmeasure amount: KZT = base * index(cpi) from base"
TryBody = Annotated[
    TryFormulas, Body(examples=[Example(summary="All by prices", value={"formulas": _TEXT, "assumptions": _CHEAP})])
]
Assume = Annotated[
    list[str] | None,
    QueryParameter(description="A value to try, like `brent.2027=45`; may be given many times.", max_items=200),
]


class ScenarioRowView(View):
    plan_id: int = Field(examples=[1])
    version_id: int = Field(examples=[3])
    name: str = Field(examples=["Дешёвая нефть"])
    plan: str = Field(examples=["Бюджет области на 2027–2029 годы"])
    parent_id: int = Field(description="The version that it starts from.", examples=[1])
    revision: int = Field(description="The last; of one scenario that in force: edits may be undone.", examples=[2])
    saved_by: str
    saved_at: datetime
    frozen: bool


class AssumptionView(View):
    year: int = Field(examples=[2027])
    value: str = Field(description="A decimal string, in the driver's unit.", examples=["60"])
    reference: str = Field(description="What the version that it starts from assumes.", examples=["60"])
    origin: model.PathOrigin = Field(examples=["carried"])
    series: str | None = Field(description="The series it was taken from.", examples=["budget_oil_assumption"])
    vintage: date | None = Field(description="Edition of the series.")
    series_year: int | None = Field(examples=[2026])
    verified: bool = Field(description="False where the published value is not verified.")
    said_by: str = Field(description="Who typed it, or took it from the series.")


class DriverView(View):
    name: str = Field(examples=["brent"])
    unit: str = Field(examples=["USD/bbl"])
    kk: str
    ru: str
    en: str
    low: str = Field(description="From here to `high` values are usual; others are taken too.", examples=["20"])
    high: str = Field(examples=["140"])
    path: list[AssumptionView]


class ScenarioView(ScenarioRowView):
    """A scenario as it was last saved, saves that were undone left out; its `ETag` is that revision."""

    drivers: list[DriverView]
    formulas: str = Field(description="Their text.", examples=["driver brent: USD/bbl"])
    formulas_verified: bool


class BudgetYearView(View):
    """Six sections of a year."""

    year: int = Field(examples=[2027])
    revenue: Amount
    expenditure: Amount
    lending: Amount
    assets: Amount
    balance: Amount
    financing: Amount
    gap: Amount = Field(description="Balance and financing together; zero where financing covers the deficit.")


class ScenarioTotalsView(View):
    """What values give: nothing is saved."""

    scenario: list[BudgetYearView]
    reference: list[BudgetYearView] = Field(description="The version that it starts from.")
    missing: int = Field(description="Figures that the formulas give no value for.", examples=[0])


class FanBandView(View):
    share: int = Field(description="Per cent of the draws that are below.", examples=[5])
    amounts: list[Amount] = Field(description="By plan year.")


class FanView(View):
    """The balance of many draws of the drivers, through the same formulas."""

    years: list[int] = Field(examples=[[2027, 2028, 2029]])
    draws: int = Field(examples=[1000])
    seed: int = Field(examples=[2027003])
    drivers: list[str] = Field(examples=[["brent", "cpi"]])
    spread: list[float] = Field(
        examples=[[0.31, 4.4]], description="Standard deviation of a year; of prices and rates, of their logarithm."
    )
    correlation: list[list[float]] = Field(examples=[[[1.0, 0.2], [0.2, 1.0]]])
    balance: list[FanBandView]


class PrecedentView(View):
    """A value with what its formula took."""

    name: str = Field(
        description="As the formulas know it; a part of a formula or a sum stands in brackets.", examples=["amount"]
    )
    leaf: int | None = Field(description="The line of the plan; null where there is one value a year.", examples=[7])
    year: int = Field(examples=[2027])
    value: str | None = Field(description="A decimal string; null: missing.", examples=["560000"])
    unit: str = Field(examples=["KZT"])
    formula: str = Field(description="The text that it follows; empty where it is given.", examples=["base * pay"])
    line: int = Field(description="Of the text of the formulas; 0: no formula gives it.", examples=[33])
    cells: int = Field(description="How many cells a sum is of; its `children` are the largest.", examples=[0])
    told: Told = Field(
        description="Where its `children` are: `elsewhere` in this answer, as each value is explained once; `nowhere`"
        " where the explanation ends before them."
    )
    assumption: AssumptionView | None = Field(description="Of a driver: its value with the source.")
    children: list["PrecedentView"] = Field(description="What it was reckoned from, alike.", examples=[[]])
    more: int = Field(description="How many values more its formula took, beyond its `children`.", examples=[0])


class ScenarioRevisionView(View):
    """A scenario as it was saved once."""

    revision: int = Field(examples=[2])
    saved_by: str
    saved_at: datetime
    reason: str
    edit: int | None = Field(description="The edit of the version that saved it; null: the first.", examples=[1])
    rewritten: bool = Field(description="Whether it changed the formulas.")


class FormulasView(View):
    """Formulas as a revision has them."""

    revision: int = Field(examples=[2])
    name: str = Field(examples=["oblast"])
    edition: str = Field(description="Of the package; empty where they were written here.", examples=["2026-12"])
    kk: str = Field(description="Where they come from, and what nobody has checked.")
    ru: str
    en: str
    verified: bool
    text: str = Field(examples=["driver brent: USD/bbl"])


class FormulaLineView(View):
    before: int | None = Field(description="Its number in the first text; null: it is not there.", examples=[33])
    after: int | None = Field(description="Its number in the second text.", examples=[33])
    text: str


class FormulasComparedView(View):
    """Places where two texts differ, each with two lines around."""

    places: list[list[FormulaLineView]]


@get(_SCENARIOS, opt=_READ, sync_to_thread=True)
def list_scenarios(visit: Visitor, organisation_id: Organisation) -> Page[ScenarioRowView]:
    """Scenarios of all plans, the latest first."""
    found = visit.read(lambda uow: service.scenarios(uow, organisation_id))
    return Page(items=[ScenarioRowView(**_head(r.plan, r.version, r.revision)) for r in found])


@post(_SCENARIOS, opt=_EDIT, sync_to_thread=True)
def begin_scenario(visit: Visitor, organisation_id: Organisation, data: BeginBody) -> ScenarioView:
    """Branch a scenario off a version. The same `key` with the same content answers with the same scenario."""

    def act(uow: UnitOfWork) -> service.Scenario:
        made = service.begin(uow, organisation_id, data)
        return service.scenario(uow, organisation_id, made.plan_id, made.version_id)

    return _view(visit.run(act))


@get(_ONE, opt=_READ, sync_to_thread=True)
def get_scenario(
    request: Request[Any, Any, Any],
    visit: Visitor,
    organisation_id: Organisation,
    plan_id: FromPath[int],
    version_id: FromPath[int],
) -> Response[ScenarioView]:
    """A scenario with what it assumes, each value with its source. Whoever saves sends its `ETag` as `If-Match`."""
    found = visit.read(lambda uow: service.scenario(uow, organisation_id, plan_id, version_id))
    tag = f'"{found.revision.revision}"'
    if tag in request.headers.get("if-none-match", ""):
        return Response(None, status_code=304, headers={"ETag": tag})  # type: ignore[arg-type]
    return Response(_view(found), headers={"ETag": tag})


@get(f"{_ONE}/totals", opt=_READ, sync_to_thread=True)
def scenario_totals(
    visit: Visitor,
    organisation_id: Organisation,
    plan_id: FromPath[int],
    version_id: FromPath[int],
    assume: Assume = None,
) -> ScenarioTotalsView:
    """Six sections for other values of the drivers, beside the version that it starts from. Nothing is saved."""
    typed = rules.typed_in(assume or [])

    def read(uow: UnitOfWork) -> ScenarioTotalsView:
        found = service.scenario(uow, organisation_id, plan_id, version_id)
        return _totals(found, found.paths(typed))

    return visit.read(read)


def _totals(found: service.Scenario, paths: model.Paths) -> ScenarioTotalsView:
    figures, years = found.figures(paths), found.plan.years
    ours, theirs = (plans.sections_of(each, found.axes.table) for each in (figures.cells, found.base))
    return ScenarioTotalsView(scenario=_budget(years, ours), reference=_budget(years, theirs), missing=figures.missing)


@post(f"{_ONE}/save", opt=_EDIT, sync_to_thread=True, status_code=200)
def save_scenario(
    visit: Visitor,
    organisation_id: Organisation,
    plan_id: FromPath[int],
    version_id: FromPath[int],
    data: SaveBody,
    if_match: IfMatch = None,
) -> ScenarioView:
    """Save what the values and the formulas give as one edit of the version, and both beside it.

    What is wrong in the text of the formulas is told by line and column: `/2:23`.
    """
    seen = version_seen(if_match)

    def act(uow: UnitOfWork) -> service.Scenario:
        service.save(uow, organisation_id, plan_id, version_id, seen, data)
        return service.scenario(uow, organisation_id, plan_id, version_id)

    return _view(visit.run(act))


@get(f"{_ONE}/lines/{{leaf_id:int}}/precedents", opt=_READ, sync_to_thread=True)
def cell_precedents(
    visit: Visitor,
    organisation_id: Organisation,
    plan_id: FromPath[int],
    version_id: FromPath[int],
    leaf_id: FromPath[int],
    year: Annotated[int, QueryParameter(description="Of the plan.", ge=1991, le=2200)],
    assume: Assume = None,
) -> PrecedentView:
    """Why a figure of a line is as it is, down to the drivers and the figures of the version above."""
    typed = rules.typed_in(assume or [])

    def read(uow: UnitOfWork) -> PrecedentView:
        found = service.scenario(uow, organisation_id, plan_id, version_id)
        paths = found.paths(typed)
        return _precedent(found, paths, found.precedents(paths, leaf_id, year))

    return visit.read(read)


def _precedent(found: service.Scenario, paths: model.Paths, of: Precedent) -> PrecedentView:
    name = of.name.removeprefix(rules.BASE)
    path = (found.reference if of.name != name else paths).get(name, {}) if name in found.driver else {}
    assumed = path.get(of.year)
    return PrecedentView(
        name=of.name,
        leaf=of.leaf,
        year=of.year,
        value=None if of.value is None else number_string(Decimal(repr(of.value))),
        unit=of.unit,
        formula=of.formula,
        line=of.line,
        cells=of.cells,
        told=of.told,
        assumption=_assumed(of.year, assumed, found.reference[name][of.year]) if assumed else None,
        children=[_precedent(found, paths, each) for each in of.children],
        more=of.more,
    )


@get(f"{_ONE}/revisions", opt=_READ, sync_to_thread=True)
def list_scenario_revisions(
    visit: Visitor, organisation_id: Organisation, plan_id: FromPath[int], version_id: FromPath[int]
) -> Page[ScenarioRevisionView]:
    """How a scenario was saved, the last first."""
    found = visit.read(lambda uow: _revisions(uow, organisation_id, plan_id, version_id))
    rewritten = {after.revision for after, _ in rules.rewritten(found)}
    items = [
        ScenarioRevisionView(
            revision=each.revision,
            saved_by=each.saved_by,
            saved_at=each.saved_at,
            reason=each.reason,
            edit=each.edit_no,
            rewritten=each.revision in rewritten,
        )
        for each in found
    ]
    return Page(items=items)


def _revisions(uow: UnitOfWork, organisation_id: int, plan_id: int, version_id: int) -> list[model.Revision]:
    """Raises: ScenarioUnknown."""
    found = service.revisions(uow, organisation_id, plan_id, version_id)
    if not found:
        raise rules.ScenarioUnknown()
    return found


def _one_of(revisions: Sequence[model.Revision], revision: int | None) -> model.Revision:
    """The last where none is asked for.  Raises: RevisionUnknown."""
    found = next((each for each in revisions if revision in (None, each.revision)), None)
    if found is None:
        raise rules.RevisionUnknown(revision=revision)
    return found


@get(f"{_ONE}/formulas", opt=_READ, sync_to_thread=True)
def scenario_formulas(
    visit: Visitor,
    organisation_id: Organisation,
    plan_id: FromPath[int],
    version_id: FromPath[int],
    revision: Annotated[int | None, QueryParameter(description="The last, if left out.", ge=1, le=INTEGER)] = None,
) -> FormulasView:
    """The formulas of a scenario. They are changed by saving it with others: `POST …/save`."""
    found = _one_of(visit.read(lambda uow: _revisions(uow, organisation_id, plan_id, version_id)), revision)
    of = found.model
    return FormulasView(
        revision=found.revision,
        name=of.name,
        edition=of.edition,
        kk=of.source("kk"),
        ru=of.source("ru"),
        en=of.source("en"),
        verified=of.verified,
        text=of.body,
    )


@get(f"{_ONE}/formulas/comparison", opt=_READ, sync_to_thread=True)
def compare_formulas(
    visit: Visitor,
    organisation_id: Organisation,
    plan_id: FromPath[int],
    version_id: FromPath[int],
    a: Annotated[int, QueryParameter(description="The first revision.", ge=1, le=INTEGER)],
    b: Annotated[int | None, QueryParameter(description="The second; the last, if left out.", ge=1, le=INTEGER)] = None,
) -> FormulasComparedView:
    """The formulas of two revisions, line by line."""
    found = visit.read(lambda uow: _revisions(uow, organisation_id, plan_id, version_id))
    places = rules.differences(_one_of(found, a).model.body, _one_of(found, b).model.body)
    return FormulasComparedView(
        places=[
            [FormulaLineView(before=each.before, after=each.after, text=each.text) for each in place]
            for place in places
        ]
    )


@post(f"{_ONE}/formulas/try", opt=_EDIT, sync_to_thread=True, status_code=200)
def try_formulas(
    visit: Visitor, organisation_id: Organisation, plan_id: FromPath[int], version_id: FromPath[int], data: TryBody
) -> ScenarioTotalsView:
    """Six sections by other formulas, beside the version that the scenario starts from. Nothing is saved.

    What is wrong in the text is told by line and column: `/2:23`.
    """

    def read(uow: UnitOfWork) -> ScenarioTotalsView:
        found = service.scenario(uow, organisation_id, plan_id, version_id).reformulated(data.formulas)
        _ = found.understood
        return _totals(found, found.paths(data.assumptions))

    return visit.read(read)


@get(f"{_ONE}/fan", opt=_READ, sync_to_thread=True)
def scenario_fan(
    visit: Visitor, organisation_id: Organisation, plan_id: FromPath[int], version_id: FromPath[int]
) -> FanView:
    """The deficit or surplus of 1,000 seeded draws of correlated drivers. The same scenario gives the same fan."""
    found = visit.read(lambda uow: service.scenario(uow, organisation_id, plan_id, version_id))
    drawn = service.fan(found, found.saved, _DRAWS)
    return FanView(
        years=list(drawn.years),
        draws=_DRAWS,
        seed=drawn.uncertainty.seed,
        drivers=list(drawn.uncertainty.drivers),
        spread=list(drawn.uncertainty.spread),
        correlation=[list(row) for row in drawn.uncertainty.correlation],
        balance=[
            FanBandView(share=share, amounts=list(map(decimal_string, amounts)))
            for share, amounts in drawn.shares(None, _SHARES).items()
        ],
    )


def _head(plan: Any, version: Any, revision: model.Revision) -> dict[str, Any]:
    return {
        "plan_id": plan.id,
        "version_id": version.id,
        "name": version.name,
        "plan": plan.name,
        "parent_id": version.parent_id,
        "revision": revision.revision,
        "saved_by": revision.saved_by,
        "saved_at": revision.saved_at,
        "frozen": version.is_frozen,
    }


def _view(found: service.Scenario) -> ScenarioView:
    return ScenarioView(
        **_head(found.plan, found.version, found.revision),
        drivers=[
            DriverView(
                name=driver.name,
                unit=driver.unit,
                kk=driver.name_kk,
                ru=driver.name_ru,
                en=driver.name_en,
                low=number_string(driver.low),
                high=number_string(driver.high),
                path=[
                    _assumed(year, each, found.reference[driver.name][year])
                    for year, each in found.saved[driver.name].items()
                ],
            )
            for driver in found.drivers
        ],
        formulas=found.revision.model.body,
        formulas_verified=found.revision.model.verified,
    )


def _assumed(year: int, each: model.Assumption, reference: model.Assumption) -> AssumptionView:
    return AssumptionView(
        year=year,
        value=number_string(each.value),
        reference=number_string(reference.value),
        origin=each.origin,
        series=each.series,
        vintage=each.vintage,
        series_year=each.series_year,
        verified=each.verified,
        said_by=each.said_by_name,
    )


def _budget(years: tuple[int, ...], six: Any) -> list[BudgetYearView]:
    names = [each.value for each in Section] + ["balance", "gap"]
    return [
        BudgetYearView(year=year, **{name: decimal_string(getattr(six, name)[at]) for name in names})
        for at, year in enumerate(years)
    ]


routes = [
    list_scenarios,
    begin_scenario,
    scenario_totals,
    cell_precedents,
    list_scenario_revisions,
    scenario_formulas,
    compare_formulas,
    try_formulas,
    save_scenario,
    scenario_fan,
    get_scenario,
]
