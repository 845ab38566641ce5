"""Use cases of scenarios.  Each runs inside the caller's unit of work."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from typing import Any
from uuid import uuid5

import numpy as np

from erp.base import audit
from erp.base.money import number_string
from erp.base.uow import UnitOfWork
from erp.economy.formulas.checking import Checked
from erp.economy.formulas.tracing import Precedent
from erp.economy.macro import service as macro
from erp.economy.macro.model import Series, Value
from erp.economy.plans import rules as plan_rules
from erp.economy.plans import service as plans
from erp.economy.plans.axes import Axes, Member
from erp.economy.plans.model import Cells, Plan, Section, Version, VersionKind
from erp.economy.scenarios import queries, rules, uncertainty
from erp.economy.scenarios.model import Driver, Form, Observation, Paths, Revision, ShippedModel, Typed
from erp.economy.scenarios.reckoning import AMOUNT, TIYN, Figures, Reckoner, changes, upon
from erp.economy.scenarios.rules import Published
from erp.economy.scenarios.schemas import BeginScenario, SaveScenario
from erp.economy.scenarios.uncertainty import Floats, Uncertainty
from ledger.errors import KeyReused


@dataclass(frozen=True)
class Row:
    """A scenario in a list."""

    plan: Plan
    version: Version
    parent: Version
    revision: Revision


@dataclass(frozen=True)
class Scenario:
    """A scenario as it is in force; ``reference`` is what the version that it starts from assumes."""

    plan: Plan
    version: Version
    parent: Version
    revision: Revision
    """That whose assumptions its figures follow: the last, unless the edit that saved it is undone."""
    last: int
    """The number of the revision that was saved last."""
    is_settled: bool
    """False where edits were undone in part: no revision has just those that are left, the last is shown."""
    saved: Paths
    reference: Paths
    drivers: tuple[Driver, ...]
    expected: Paths
    """What is published for each driver and year, or carried on from the last year that is."""
    axes: Axes
    base: Cells
    own: Cells

    @cached_property
    def reckoner(self) -> Reckoner:
        """Over the lines of the version above: one that the plan gets later makes no formula ambiguous."""
        return Reckoner(self.plan, self.axes.of(self.base.leaves), self.base, self.revision.model.body)

    @property
    def subject(self) -> str:
        return self.revision.subject

    @cached_property
    def driver(self) -> dict[str, Driver]:
        return {each.name: each for each in self.drivers}

    def reformulated(self, body: str) -> "Scenario":
        """The scenario with other formulas."""
        if body == self.revision.model.body:
            return self
        return replace(self, revision=replace(self.revision, model=rules.own(body, self.revision.model.name)))

    @property
    def understood(self) -> Checked:
        """Its formulas, as they were understood.  Raises: ModelFaulty."""
        return self.reckoner.understood(self.drivers)

    def paths(self, typed: Typed) -> Paths:
        """The saved paths with what is typed.  Raises: DriverUnknown, DriverOutOfRange."""
        return rules.with_typed(self.saved, self.expected, typed, self.driver)

    def figures(self, paths: Paths) -> Figures:
        """What its version would hold: its own cells, and upon them what the paths give.  Nothing is saved.

        Formulas give a figure wherever the version above has one in a plan year; every other cell stays.

        Raises: ModelFaulty, PlanTooLarge.
        """
        computed = self.reckoner.figures(paths, self.reference)
        cells = upon(self.own, self.base, computed.cells, self.plan.columns)
        plan_rules.check_summable(cells)
        return Figures(cells, computed.missing)

    @property
    def beside(self) -> dict[Section, Floats]:
        """What stands in the version where no formula gives a figure: float64[year] of plan years, tenge."""
        nothing = Cells(self.base.leaves, self.base.years, np.zeros_like(self.base.amounts), self.base.present)
        six = plans.sections_of(upon(self.own, self.base, nothing, self.plan.columns), self.axes.table)
        return {each: np.array(getattr(six, each.value)[self.plan.columns]) / TIYN for each in Section}

    def members(self, leaf_id: int, levels: Sequence[str]) -> dict[str, Member]:
        """What a line belongs to at each of the levels.  Raises: ScenarioLineUnknown."""
        table = self.axes.table
        if not table.has([leaf_id])[0]:
            raise rules.ScenarioLineUnknown()
        (at,) = table.positions([leaf_id])
        found = {level: self.axes.level(level) for level in levels}
        return {level: each.members[each.index[at]] for level, each in found.items()}

    def precedents(self, paths: Paths, leaf_id: int, year: int) -> Precedent:
        """Why a figure is as it is; one that no formula gives is given.  Raises: ScenarioLineUnknown."""
        if year in self.plan.plan_years and self.base.get(leaf_id, year) is not None:
            return self.reckoner.precedents(paths, self.reference, leaf_id, year)
        given = self.own.get(leaf_id, year)
        if given is None:
            raise rules.ScenarioLineUnknown()
        return Precedent(AMOUNT, leaf_id, year, given / TIYN, "KZT", formula="", line=0)


def scenarios(uow: UnitOfWork, organisation_id: int) -> list[Row]:
    """Scenarios in use of all plans, the latest plan and version first."""
    found = queries.latest(uow.connection, uow.scope, organisation_id)
    plan = {each.id: each for each in plans.plans(uow, organisation_id)}
    version = {(each.plan_id, each.id): each for each in plans.versions_of_all(uow, organisation_id)}
    rows = []
    for each in found:
        own = version.get((each.plan_id, each.version_id))
        if own is not None:
            assert own.parent_id is not None
            rows.append(Row(plan[each.plan_id], own, version[each.plan_id, own.parent_id], each))
    return rows


def parents(uow: UnitOfWork, organisation_id: int) -> list[tuple[Plan, Version]]:
    """Versions that a scenario may start from, the latest plan first."""
    plan = {each.id: each for each in plans.plans(uow, organisation_id)}
    found = plans.versions_of_all(uow, organisation_id)
    return [(plan[each.plan_id], each) for each in found if each.kind is not VersionKind.SANDBOX]


def begin(
    uow: UnitOfWork, organisation_id: int, command: BeginScenario, formulas: ShippedModel | None = None
) -> Revision:
    """Branch a scenario off a version; repeating it under its key changes nothing.

    It begins with what the scenario above it assumes, or with what is published: as the version above, to the tiyn.
    Its formulas are those of the scenario above, else ``formulas``, else those that come with the program.

    Raises: PlanUnknown, VersionUnknown, PlanUnnamed, SeriesMissing, SeriesTooShort, DriverOutOfRange where somebody
    expects what makes no sense, ScenarioUnsettled, KeyReused.
    """
    plan = plans.plan(uow, organisation_id, command.plan)
    version = plans.branch(
        uow,
        organisation_id,
        plan.id,
        command.parent,
        kind=VersionKind.SCENARIO,
        name=command.name,
        reason=command.reason,
        key=uuid5(command.key, "version"),
    )
    if done := _begun(uow, organisation_id, command):
        return done
    above = _above(uow, version)
    shipped, series = formulas or rules.shipped(), macro.series(uow, organisation_id)
    paths: Paths = (
        _assumed(uow, above)
        if above
        else {each.name: rules.expected(each, _latest(series), plan.plan_years) for each in shipped.drivers}
    )
    for each in shipped.drivers:
        for assumed in paths.get(each.name, {}).values():
            rules.check_sense(each, assumed.value)
    if not queries.insert_revision(
        uow.connection,
        uow.scope,
        organisation_id,
        plan.id,
        version.id,
        1,
        key=command.key,
        model_id=queries.keep_model(uow.connection, uow.scope, organisation_id, above.model if above else shipped),
        edit_no=None,
        uncertainty=_measured(shipped.drivers, series, seed=plan.first_year * 1000 + version.id).document,
        reason=command.reason,
    ):
        raise KeyReused(key=str(command.key))
    queries.insert_assumptions(uow.connection, uow.scope, organisation_id, plan.id, version.id, 1, paths)
    made = _revision(uow, organisation_id, plan.id, version.id)
    _record(uow, "scenario-begun", made, name=version.name, reason=command.reason)
    return made


def _above(uow: UnitOfWork, version: Version) -> Revision | None:
    """What the nearest scenario that a version stands upon was made of, as it is seen from there; none without one.

    The version above is locked by the branch, and of those above it nothing later is seen: none of it moves.

    Raises: ScenarioUnsettled.
    """
    at = version.organisation_id, version.plan_id
    versions = {each.id: each for each in plans.versions(uow, *at)}
    while version.parent_id is not None and version.parent_edits is not None:
        above = versions[version.parent_id]
        if above.kind is VersionKind.SCENARIO and (saved := revisions(uow, *at, above.id)):
            found = _held(uow, above, saved, version.parent_edits)
            if found is None:
                raise rules.ScenarioUnsettled(name=above.name)
            return found
        version = above
    return None


def _held(uow: UnitOfWork, version: Version, saved: Sequence[Revision], upto: int) -> Revision | None:
    """What the figures of a version assumed after so many of its edits; see ``rules.held``."""
    edits, _ = plans.history(uow, version.organisation_id, version.plan_id, version.id, limit=max(1, version.edits))
    return rules.held(saved, edits, upto)


def _in_force(uow: UnitOfWork, version: Version, last: Revision) -> Revision | None:
    """What the figures of a version assume; all its edits are read only where one was undone since the last save."""
    at = version.organisation_id, version.plan_id, version.id
    since = version.edits - (last.edit_no or 0)
    edits = plans.history(uow, *at, limit=since)[0] if since else ()
    if all(each.undoes is None for each in edits):
        return last
    return _held(uow, version, revisions(uow, *at), version.edits)


def scenario(uow: UnitOfWork, organisation_id: int, plan_id: int, version_id: int) -> Scenario:
    """A scenario with all that its figures need.  Raises: PlanUnknown, VersionUnknown, ScenarioUnknown."""
    plan = plans.plan(uow, organisation_id, plan_id)
    version = plans.version(uow, organisation_id, plan_id, version_id)
    last = _revision(uow, organisation_id, plan_id, version_id)
    in_force = _in_force(uow, version, last)
    revision = in_force or last
    assert version.parent_id is not None
    parent = plans.version(uow, organisation_id, plan_id, version.parent_id)
    assumed = queries.assumptions(
        uow.connection, uow.scope, organisation_id, plan_id, version_id, [1, revision.revision]
    )
    drivers = tuple(each for each in rules.shipped().drivers if each.name in assumed[1])
    series = _latest(macro.series(uow, organisation_id))
    return Scenario(
        plan,
        version,
        parent,
        revision,
        last.revision,
        in_force is not None,
        assumed[revision.revision],
        assumed[1],
        drivers,
        {each.name: rules.expected(each, series, plan.plan_years) for each in drivers},
        plans.axes(uow, organisation_id, plan_id),
        plans.cells(uow, organisation_id, plan_id, parent.id, version.parent_edits),
        plans.cells(uow, organisation_id, plan_id, version_id),
    )


def revisions(uow: UnitOfWork, organisation_id: int, plan_id: int, version_id: int) -> list[Revision]:
    """How a scenario was saved, the last first."""
    return queries.revisions(uow.connection, uow.scope, organisation_id, plan_id, version_id)


def save(
    uow: UnitOfWork, organisation_id: int, plan_id: int, version_id: int, revision: int, command: SaveScenario
) -> Revision:
    """Save what paths and formulas give as one edit of the version, and both beside it; twice under its key is once.

    The edit is of no cells where no figure moves: whoever edits or freezes the version next has to have seen it.
    Where edits were undone in part, a scenario is saved anew as it is.

    Raises: ScenarioUnknown, ScenarioChanged, VersionFrozen, VersionPutAway, NothingToSave, FiguresMissing,
    DriverUnknown, DriverOutOfRange, ModelFaulty, KeyReused; as an edit of a version does.
    """
    version = plans.lock(uow, organisation_id, plan_id, version_id)
    if done := _saved(uow, organisation_id, plan_id, version_id, command):
        return done
    plan_rules.require_open(version)
    found = scenario(uow, organisation_id, plan_id, version_id)
    if found.revision.revision != revision:
        raise rules.ScenarioChanged()
    formulas = found.reformulated(command.formulas or found.revision.model.body)
    is_rewritten = formulas is not found
    if is_rewritten:
        _ = formulas.understood
    paths = found.paths(command.assumptions)
    figures = formulas.figures(paths)
    if figures.missing:
        raise rules.FiguresMissing(count=figures.missing)
    said, cells = rules.changed(found.saved, paths), changes(found.own, figures.cells)
    if found.is_settled and not said and not cells and not is_rewritten:
        raise rules.NothingToSave()
    made = plans.edit(
        uow,
        organisation_id,
        plan_id,
        version_id,
        cells,
        command.reason,
        expected_edits=found.version.edits,
        key=uuid5(command.key, "edit"),
        may_be_empty=True,
    )
    if not queries.insert_revision(
        uow.connection,
        uow.scope,
        organisation_id,
        plan_id,
        version_id,
        found.last + 1,
        key=command.key,
        model_id=queries.keep_model(uow.connection, uow.scope, organisation_id, formulas.revision.model),
        edit_no=made.no,
        uncertainty=found.revision.uncertainty,
        reason=command.reason,
    ):
        raise KeyReused(key=str(command.key))
    queries.insert_assumptions(uow.connection, uow.scope, organisation_id, plan_id, version_id, found.last + 1, paths)
    saved = _revision(uow, organisation_id, plan_id, version_id)
    _record(
        uow,
        "scenario-saved",
        saved,
        before=_told({name: {year: found.saved[name][year].value for year in said[name]} for name in said}),
        after=_told(said) | {"revision": saved.revision},
        reason=command.reason,
        cells=len(cells),
        **({"formulas": _hash(saved.model.body)} if is_rewritten else {}),
    )
    return saved


def _begun(uow: UnitOfWork, organisation_id: int, command: BeginScenario) -> Revision | None:
    """What the key began before.  Raises: KeyReused, where that was asked for otherwise."""
    done = queries.revision_of_key(uow.connection, uow.scope, organisation_id, command.key)
    if done is None:
        return None
    version = plans.version(uow, organisation_id, done.plan_id, done.version_id)
    began = done.revision, done.plan_id, version.parent_id, version.name, done.reason
    if began != (1, command.plan, command.parent, plans.tidy_name(command.name), command.reason):
        raise KeyReused(key=str(command.key))
    return done


def _saved(
    uow: UnitOfWork, organisation_id: int, plan_id: int, version_id: int, command: SaveScenario
) -> Revision | None:
    """What the key saved before.  Raises: KeyReused, where that was another scenario, reason, value or text."""
    done = queries.revision_of_key(uow.connection, uow.scope, organisation_id, command.key)
    if done is None:
        return None
    same = (done.plan_id, done.version_id, done.reason) == (plan_id, version_id, command.reason) and done.revision > 1
    if not same or not _asks_for(uow, command, done):
        raise KeyReused(key=str(command.key))
    return done


def _asks_for(uow: UnitOfWork, command: SaveScenario, done: Revision) -> bool:
    """Whether a command makes of the revision that was in force before ``done`` what that is."""
    at = done.organisation_id, done.plan_id, done.version_id
    saved = [each for each in revisions(uow, *at) if each.revision < done.revision]
    held = _held(uow, plans.version(uow, *at), saved, done.edit_no - 1) if done.edit_no else None
    before = held or saved[0]
    assumed = queries.assumptions(uow.connection, uow.scope, *at, [before.revision, done.revision])
    values, asked = (
        {(driver, year): each.value for driver, path in assumed[revision].items() for year, each in path.items()}
        for revision in (done.revision, before.revision)
    )
    asked |= {(driver, year): value for driver, path in command.assumptions.items() for year, value in path.items()}
    return values == asked and done.model.body == (command.formulas or before.model.body)


def _hash(body: str) -> str:
    return sha256(body.encode()).hexdigest()


def _told(values: Typed) -> dict[str, Any]:
    return {f"{driver} {year}": number_string(value) for driver, path in values.items() for year, value in path.items()}


def _revision(uow: UnitOfWork, organisation_id: int, plan_id: int, version_id: int) -> Revision:
    found = queries.revision(uow.connection, uow.scope, organisation_id, plan_id, version_id)
    if found is None:
        raise rules.ScenarioUnknown()
    return found


def _assumed(uow: UnitOfWork, of: Revision) -> Paths:
    at = of.organisation_id, of.plan_id, of.version_id
    return queries.assumptions(uow.connection, uow.scope, *at, [of.revision])[of.revision]


def _record(uow: UnitOfWork, action: str, about: Revision, **facts: Any) -> None:
    audit.record(uow.connection, uow.scope, action, about.subject, organisation_id=about.organisation_id, **facts)


# ------------------------------------------------------------------------------------------------ uncertainty


_LARGEST_DRAWN = 2.0**53
"""Tenge of a section; a missing sum is not below it either."""


@dataclass(frozen=True)
class Fan:
    """Five sections of many draws, tenge: float64[draw, plan year], one row where all draws are alike."""

    years: tuple[int, ...]
    uncertainty: Uncertainty
    sections: Mapping[Section, Floats]

    @property
    def balance(self) -> Floats:
        """Deficit (below zero) or surplus of each draw: float64[draw, year]."""
        found: Floats = plan_rules.balance(self.sections)
        return found

    def shares(self, of: Section | None, percents: Sequence[int]) -> dict[int, tuple[int, ...]]:
        """Tiyn by plan year, of a section or of the balance, below which so many per cent of the draws lie."""
        table = self.balance if of is None else self.sections[of]
        found = np.rint(np.percentile(table, percents, axis=0) * 100).astype(np.int64).tolist()
        return {percent: tuple(row) for percent, row in zip(percents, found, strict=True)}


def fan(of: Scenario, paths: Paths, draws: int) -> Fan:
    """The same formulas over drawn paths of the drivers; the same paths and seed give the same draws.

    What no formula gives is the same in every draw.

    Raises: DrawsMissing.
    """
    kept = Uncertainty.of(of.revision.uncertainty)
    years = of.plan.plan_years
    central = {name: [float(path[year].value) for year in years] for name, path in paths.items()}
    drawn = uncertainty.draws(kept, central, draws)
    computed = of.reckoner.draws(drawn, of.reference)
    sections = {each: computed.get(each, np.zeros((1, len(years)))) + beside for each, beside in of.beside.items()}
    if of.figures(paths).missing or not all((np.abs(sums) < _LARGEST_DRAWN).all() for sums in sections.values()):
        raise rules.DrawsMissing()
    return Fan(years, kept, sections)


# ------------------------------------------------------------------------------------------------ measuring


def _observed(series: Sequence[Series], values: Callable[[Series], Mapping[int, Value]]) -> Published:
    return {
        each.code: {year: Observation(of.value, of.vintage, of.confidence) for year, of in values(each).items()}
        for each in series
    }


def _latest(series: Sequence[Series]) -> Published:
    """As known newest, one's own expectations among it."""
    return _observed(series, lambda each: each.latest)


def _measured(drivers: tuple[Driver, ...], series: Sequence[Series], *, seed: int) -> Uncertainty:
    """Over what is published: nobody's expectations stray.  Raises: SeriesTooShort."""
    published = _observed(series, lambda each: each.published)
    known = {
        each.name: {year: float(of.value) for year, of in rules.as_driver(each, published).items()} for each in drivers
    }
    return uncertainty.measured(seed, known, {each.name: each.form is Form.LEVEL for each in drivers})
