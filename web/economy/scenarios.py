"""Scenarios on their pages: drivers typed or slid, the figures they give beside others, why, and how uncertain."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from litestar import Response, get, post
from litestar.response import Redirect
from markupsafe import Markup
from pydantic import ValidationError

from api.problems import status_of
from api.security import Visit, Visitor
from erp.base.clock import now
from erp.base.dates import day_string
from erp.base.errors import DomainError, Invalid
from erp.base.i18n import N_
from erp.base.money import number_string
from erp.base.uow import UnitOfWork
from erp.economy.formulas.faults import ModelFaulty
from erp.economy.formulas.tracing import Precedent, Told
from erp.economy.plans import service as plans
from erp.economy.plans.axes import LEVELS, Member
from erp.economy.plans.comparison import LEAF, compared
from erp.economy.plans.model import Cells, Section, SixSections, Version
from erp.economy.plans.rules import PlanTooLarge, VersionPutAway, VersionUnknown
from erp.economy.scenarios import rules, service
from erp.economy.scenarios.model import Assumption, Driver, FormulaModel, PathOrigin, Typed
from erp.economy.scenarios.reckoning import AMOUNT, Figures, changes
from erp.economy.scenarios.schemas import BeginScenario, SaveScenario
from erp.economy.scenarios.service import Scenario
from erp.economy.scenarios.uncertainty import Uncertainty
from erp.reference.access.model import Permission
from erp.reference.organisations.model import Organisation
from ledger.errors import LedgerError
from web.economy import charts
from web.economy.plans import version_address
from web.economy.sections import (
    BALANCE,
    Identity,
    gaps_by,
    identities,
    millions,
    section_lines,
    section_name,
    signed_millions,
)
from web.faults import Fault, Refusal, fault_sheet
from web.forms import Empty, NotTaken, key_typed, number_typed, reason_typed, tidy
from web.i18n import MINUS, NO_BREAK, Speech, moment, money, number, speech
from web.pages import Ask, Id, organisation_at, render, visit_of
from web.session import Sent
from web.timeline import history

_READ = {"policy": Permission.PLAN_READ}
_EDIT = {"policy": Permission.PLAN_EDIT}
_REFUSED = (DomainError, LedgerError)
_ROWS = 200
"""Rows of the breakdown that are shown."""
_DRAWS = 1000
_SHARES = (5, 10, 25, 50, 75, 90, 95)

WAYS: Mapping[Section, tuple[str, ...]] = {
    Section.REVENUE: ("economic.category", "economic.subclass", "economic", LEAF),
    Section.EXPENDITURE: ("programme.group", "programme.programme", "economic", LEAF),
    Section.LENDING: ("programme.programme", "economic", LEAF),
    Section.ASSETS: ("programme.programme", "economic", LEAF),
    Section.FINANCING: ("economic.class", "economic", LEAF),
}
"""Levels by which each section is drilled, down to its lines."""


# ------------------------------------------------------------------------------------------------ numbers


def _number(value: float) -> str:
    """With the places that tell something: tenge by the tiyn, ratios by the millionth."""
    places = 2 if abs(value) >= 1000 else 6
    text = f"{abs(value):,.{places}f}".rstrip("0").rstrip(".").replace(",", NO_BREAK).replace(".", ",")
    return f"{MINUS if value < 0 else ''}{text}"


# ------------------------------------------------------------------------------------------------ what is asked


@dataclass(frozen=True)
class Asked:
    """What the address asks for: values typed, the version beside, how far the breakdown is opened."""

    texts: Mapping[str, str]
    """By field, ``brent.2027``, as typed."""
    typed: Mapping[str, Mapping[int, Decimal]]
    faults: Mapping[str, Exception]
    beside: int | None
    at: tuple[str, ...]

    @classmethod
    def of(cls, sent: Sequence[tuple[str, str]]) -> "Asked":
        texts = {name: tidy(value) for name, value in sent if "." in name}
        typed: dict[str, dict[int, Decimal]] = {}
        faults: dict[str, Exception] = {}
        for name, value in texts.items():
            driver, _, year = name.rpartition(".")
            try:
                read, known = rules.number(value), number_typed(year)
                if known is None:
                    raise rules.DriverUnknown(driver=driver, year=year)
            except DomainError as fault:
                faults[name] = fault
            else:
                typed.setdefault(driver, {})[known] = read
        beside = number_typed(next((value for name, value in sent if name == "with"), ""))
        return cls(texts, typed, faults, beside, tuple(tidy(value) for name, value in sent if name == "at"))

    @classmethod
    def by(cls, request: Ask) -> "Asked":
        return cls.of(list(request.query_params.multi_items()))

    def query(self, changed: Mapping[str, str], *at: str) -> str:
        """Of an address that shows the same values, opened elsewhere."""
        said = [*changed.items(), *([("with", str(self.beside))] if self.beside is not None else [])]
        said += [("at", each) for each in at]
        return f"?{urlencode(said)}" if said else ""


# ------------------------------------------------------------------------------------------------ what is shown


@dataclass(frozen=True)
class Row:
    """Figures of plan years: of the scenario, of what stands beside it, and their difference; tiyn."""

    name: str
    ours: tuple[int, ...]
    theirs: tuple[int, ...]
    code: str = ""
    address: str = ""
    section: Section | None = None
    is_balance: bool = False

    @property
    def differences(self) -> tuple[int, ...]:
        return tuple(mine - yours for mine, yours in zip(self.ours, self.theirs, strict=True))


def section_rows(of: Scenario, ours: Cells, theirs: Cells, say: Speech) -> list[Row]:
    """The six sections of two sets of cells, side by side, in plan years."""
    shown = of.plan.columns
    mine, yours = (section_lines(plans.sections_of(cells, of.axes.table), say) for cells in (ours, theirs))
    return [
        Row(m.name, m.amounts[shown], y.amounts[shown], section=m.section, is_balance=m.section is None)
        for m, y in zip(mine, yours, strict=True)
    ]


@dataclass(frozen=True)
class Node:
    """A figure or an assumption, and what it is reckoned from."""

    title: str
    year: int
    value: str
    formula: str
    source: str
    ends: str
    """Why what it is reckoned from does not stand below it; empty where it does."""
    children: tuple["Node", ...]
    more: int
    """How many values more the formula took."""


@dataclass(frozen=True)
class Value:
    """A field of a driver in a year."""

    field: str
    year: int
    text: str
    number: str
    saved: str
    source: str
    verified: bool
    is_changed: bool
    fault: str


@dataclass(frozen=True)
class Shown:
    """A scenario with figures for what is asked, beside another version."""

    scenario: Scenario
    asked: Asked
    figures: Figures
    refusals: Mapping[str, Exception]
    others: Mapping[int, Version]
    beside: int
    theirs: Cells
    changed: Mapping[str, Mapping[int, Decimal]]
    gone: Version | None
    """Asked for beside it, and put away."""

    @classmethod
    def read(cls, uow: UnitOfWork, organisation_id: int, plan_id: int, version_id: int, asked: Asked) -> "Shown":
        found = service.scenario(uow, organisation_id, plan_id, version_id)
        refusals = dict(asked.faults)
        typed: dict[str, dict[int, Decimal]] = {}
        for name, values in asked.typed.items():
            for year, value in values.items():
                try:
                    found.paths({name: {year: value}})
                except DomainError as refusal:
                    refusals[f"{name}.{year}"] = refusal
                else:
                    typed.setdefault(name, {})[year] = value
        paths = found.paths(typed)
        try:
            figures = found.figures(paths)
        except PlanTooLarge as refusal:  # of all that is typed together: what is saved is shown
            if not (changed := rules.changed(found.saved, paths)):
                raise
            refusals |= {f"{name}.{year}": refusal for name, values in changed.items() for year in values}
            paths = found.saved
            figures = found.figures(paths)
        others = {each.id: each for each in plans.versions(uow, organisation_id, plan_id) if each.id != version_id}
        others.setdefault(found.parent.id, found.parent)
        beside, gone = asked.beside if asked.beside in others else found.parent.id, None
        if asked.beside not in (None, beside):
            away = plans.versions(uow, organisation_id, plan_id, put_away=True)
            gone = next((each for each in away if each.id == asked.beside), None)
        theirs = found.base if beside == found.parent.id else plans.cells(uow, organisation_id, plan_id, beside)
        changed = rules.changed(found.saved, paths)
        return cls(found, asked, figures, refusals, others, beside, theirs, changed, gone)

    @property
    def address(self) -> str:
        version = self.scenario.version
        return f"/o/{version.organisation_id}/plans/{version.plan_id}/scenarios/{version.id}"

    @property
    def changed_texts(self) -> dict[str, str]:
        return {f"{name}.{year}": number(v) for name, path in self.changed.items() for year, v in path.items()}

    def link(self, *at: str, page: str = "") -> str:
        return f"{self.address}{page}{self.asked.query(self.changed_texts, *at)}"

    @property
    def years(self) -> tuple[int, ...]:
        return self.scenario.plan.plan_years

    @property
    def columns(self) -> slice:
        """Of the plan years."""
        return self.scenario.plan.columns

    # -------------------------------------------------------------------------------------------- sections

    def sections(self, say: Speech) -> list[Row]:
        rows = section_rows(self.scenario, self.figures.cells, self.theirs, say)
        return [
            replace(row, address=f"{self.link(row.section.value)}#breakdown") if row.section else row for row in rows
        ]

    def identities(self, say: Speech) -> list[Identity]:
        six = plans.sections_of(self.figures.cells, self.scenario.axes.table)
        return identities(six, self.scenario.plan.years, self.years, say)

    def by_budget(self) -> dict[Member, SixSections]:
        return plans.sections_by(self.figures.cells, self.scenario.axes, "budget")

    @property
    def name_beside(self) -> str:
        """Two versions may have one name: that beside is told by its number then."""
        name = self.others[self.beside].name
        return f"{name} № {self.beside}" if name == self.scenario.version.name else name

    def chart(self, say: Speech) -> Markup:
        shown = slice(max(0, self.columns.start - 1), None)
        table = self.scenario.axes.table
        ours, theirs = self.scenario.version.name, self.name_beside
        both = [(ours, plans.sections_of(self.figures.cells, table)), (theirs, plans.sections_of(self.theirs, table))]
        told = [
            charts.Line(section_name(section, say), name, [tiyn / 1e8 for tiyn in getattr(six, section.value)[shown]])
            for name, six in both
            for section in (Section.REVENUE, Section.EXPENDITURE)
        ]
        label = say(N_("Revenue and expenditure by year, million tenge; the table above says the same"))
        return charts.lines(self.scenario.plan.years[shown], told, label)

    # -------------------------------------------------------------------------------------------- breakdown

    def breakdown(self, say: Speech) -> dict[str, Any]:
        """The rows below what is opened, where that is, and the level that they are of."""
        section, keys = self._opened()
        way, axes = WAYS[section], self.scenario.axes
        level = way[len(keys)]
        within = {"section": section.value, **dict(zip(way, keys, strict=False))}
        found = compared(axes, self.theirs, self.figures.cells, [level], within)
        columns, rows = self.columns, []
        for each in found.rows():
            theirs, ours = (tuple(tiyn or 0 for tiyn in side[columns]) for side in (each.a, each.b))
            member = each.members[-1]
            if level == LEAF:
                assert each.leaf_id is not None
                rows.append(self._line(each.leaf_id, (section.value, *keys), ours, theirs, say))
            else:
                name = member.name(say.language.value) or say(N_("not classified"))
                address = f"{self.link(section.value, *keys, member.key)}#breakdown"
                rows.append(Row(name, ours, theirs, member.code, address))
        total = None
        if rows:
            total = Row(say(N_("Total")), _summed(row.ours for row in rows), _summed(row.theirs for row in rows))
        shown = rows
        if len(rows) > _ROWS:
            shown = sorted(rows, key=lambda row: -max(map(abs, row.differences)))[:_ROWS]
        return {
            "rows": shown,
            "total": total,
            "more": len(rows) > _ROWS,
            "count": len(rows),
            "level": say(LEVELS[level]) if level != LEAF else say(N_("Line")),
            "crumbs": list(self._crumbs(section, keys, say)),
            "path_codes": (section.value, *keys) if self.asked.at else (),
        }

    def _opened(self) -> tuple[Section, tuple[str, ...]]:
        """What the breakdown is opened at, as far as it is there."""
        if not self.asked.at or self.asked.at[0] not in set(Section):
            return Section.EXPENDITURE, ()
        section = Section(self.asked.at[0])
        way, keys = WAYS[section], []
        for level, key in zip(way[:-1], self.asked.at[1:], strict=False):
            if self.scenario.axes.level(level).place(key) < 0:
                break
            keys.append(key)
        return section, tuple(keys)

    def _crumbs(self, section: Section, keys: tuple[str, ...], say: Speech) -> Sequence[dict[str, str]]:
        crumbs = [{"name": section_name(section, say), "address": self.link(section.value)}]
        for at, (level, key) in enumerate(zip(WAYS[section], keys, strict=False), start=1):
            grouping = self.scenario.axes.level(level)
            name = _named(grouping.members[grouping.place(key)], say)
            crumbs.append({"name": name, "address": self.link(section.value, *keys[:at])})
        return crumbs

    def _line(
        self, leaf_id: int, at: tuple[str, ...], ours: tuple[int, ...], theirs: tuple[int, ...], say: Speech
    ) -> Row:
        members = self.scenario.members(leaf_id, ("organisation", "source", "region"))
        name = members["organisation"].name(say.language.value)
        rest = [members[level].code for level in ("source", "region") if members[level].code]
        return Row(name, ours, theirs, " · ".join(rest), self.link(*at, page=f"/lines/{leaf_id}"))

    # -------------------------------------------------------------------------------------------- drivers

    def drivers(self, say: Speech) -> list[dict[str, Any]]:
        return [self._driver(each, say) for each in self.scenario.drivers]

    def _driver(self, driver: Driver, say: Speech) -> dict[str, Any]:
        saved, name = self.scenario.saved[driver.name], driver.name
        values = []
        for year in self.years:
            place = f"{name}.{year}"
            is_now = self.changed.get(name, {}).get(year)
            value = saved[year].value if is_now is None else is_now
            fault = self.refusals.get(place)
            values.append(
                Value(
                    place,
                    year,
                    self.asked.texts[place] if fault else number(value),
                    number_string(value),
                    number_string(saved[year].value),
                    say(N_("tried here, not saved")) if is_now is not None else source_of(saved[year], say),
                    is_now is not None or saved[year].verified,
                    is_now is not None,
                    say.refusal(fault) if fault else "",
                )
            )
        reference = self.scenario.reference[name]
        low, high = driver.span(Decimal(each.number) for each in values)
        return {
            "title": driver.title(say.language.value),
            "unit": say(driver.unit),
            "low": number_string(low),
            "high": number_string(high),
            "step": number_string(driver.step),
            "fields": values,
            "reference": " · ".join(number(reference[year].value) for year in self.years),
        }

    def unusual(self, say: Speech) -> str:
        """Values that lie beyond what is usual, in words."""
        paths = self.scenario.paths(self.changed)
        return "; ".join(
            f"{driver.title(say.language.value)}, {year}: {number(each.value)}"
            f" ({number(driver.low)} – {number(driver.high)})"
            for driver in self.scenario.drivers
            for year, each in paths[driver.name].items()
            if not driver.is_usual(each.value)
        )

    def node(self, of: Precedent, say: Speech) -> Node:
        """A precedent in words: a driver with the source of its value, a figure of the version above by that name."""
        scenario, name = self.scenario, of.name.removeprefix(rules.BASE)
        driver, source = scenario.driver.get(name), ""
        if driver is not None:
            is_above = of.name.startswith(rules.BASE)
            path = scenario.reference if is_above else scenario.paths(self.changed)
            value = path[name].get(of.year)
            title = driver.title(say.language.value)
            title = say(N_("{driver}, as the plan assumes"), driver=title) if is_above else title
            if value is not None:
                is_tried = not is_above and of.year in self.changed.get(name, {})
                source = say(N_("tried here, not saved")) if is_tried else source_of(value, say)
        elif of.name == "base":
            title = scenario.parent.name
        elif of.name == AMOUNT:
            title = scenario.version.name
            source = "" if of.formula else say(N_("no formula gives it: it stands in this version as it was typed"))
        else:
            term = rules.shipped().measures.get(of.name)
            title = term.title(say.language.value) if term else of.name
        amount = say(N_("no value")) if of.value is None else _number(of.value)
        children = tuple(self.node(each, say) for each in of.children)
        unit = "" if of.unit == "1" else say(of.unit)
        ends = say(_ENDS[of.told]) if of.told in _ENDS else ""
        if of.formula and of.name == f"({of.formula})":  # a part that has no name but its text
            return Node(of.formula, of.year, f"{amount} {unit}".rstrip(), "", source, ends, children, of.more)
        return Node(title, of.year, f"{amount} {unit}".rstrip(), of.formula, source, ends, children, of.more)

    def faults(self, say: Speech) -> list[Fault]:
        titles = {each.name: each.title(say.language.value) for each in self.scenario.drivers}
        return [
            Fault(
                place, f"{titles.get(place.rpartition('.')[0], place)}, {place.rpartition('.')[2]}", say.refusal(each)
            )
            for place, each in self.refusals.items()
        ]

    def context(self, say: Speech) -> dict[str, Any]:
        """What the figures at the right are drawn from."""
        by_budget, version = self.by_budget(), self.scenario.version
        return {
            "address": self.address,
            "version_address": version_address(version.organisation_id, version.plan_id, version.id),
            "revision": self.scenario.revision,
            "seen": self.scenario.revision.revision,
            "is_settled": self.scenario.is_settled,
            "is_undone": self.scenario.revision.revision != self.scenario.last,
            "query": self.asked.query(self.changed_texts),
            "is_open": version.is_open,
            "years": self.years,
            "ours": version.name,
            "theirs": self.name_beside,
            "beside": self.beside,
            "gone_beside": version_address(version.organisation_id, version.plan_id, self.gone.id) if self.gone else "",
            "refusal_beside": say.refusal(VersionPutAway(name=self.gone.name)) if self.gone else "",
            "sections": self.sections(say),
            "identities": self.identities(say),
            "uncovered": gaps_by(by_budget, self.scenario.plan.years, self.years),
            "budgets": len(by_budget),
            "missing": self.figures.missing,
            "unusual": self.unusual(say),
            "other_cells": 0 if self.changed else len(changes(self.scenario.own, self.figures.cells)),
            "chart": self.chart(say),
            "refusals": self.faults(say),
            "typed": self.changed_texts | {field: self.asked.texts[field] for field in self.refusals},
            "key": str(uuid4()),
            "millions": millions,
            "signed_millions": signed_millions,
            **self.breakdown(say),
        }


_ENDS = {
    Told.ELSEWHERE: N_("explained in another place of this page, where it stands first"),
    Told.NOWHERE: N_("not explained any further here"),
}


def _named(member: Member, say: Speech) -> str:
    return member.name(say.language.value) or say(N_("not classified"))


def _summed(amounts: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(map(sum, zip(*amounts, strict=True)))


def formulas_title(model: FormulaModel, say: Speech) -> str:
    """What formulas are called: those that came with the program, by its name for them and their edition."""
    if model.is_own:
        return say(N_("Written here."))
    shipped = rules.shipped()
    name = shipped.title.title(say.language.value) if model.name == shipped.name else model.name
    return say(N_("{name}, edition of {edition}"), name=name, edition=model.edition)


def source_of(each: Assumption, say: Speech) -> str:
    """Where a value comes from, in words."""
    if each.origin is PathOrigin.TYPED:
        return say(N_("typed by {name}, {at}"), name=each.said_by_name, at=moment(each.said_at or now()))
    assert each.vintage is not None
    words = (
        N_("published: {series}, edition of {day}")
        if each.origin is PathOrigin.PUBLISHED
        else N_("held from {year}: {series}, edition of {day}")
    )
    return say(words, series=each.series, day=day_string(each.vintage), year=each.series_year)


# ------------------------------------------------------------------------------------------------ list


@dataclass(frozen=True)
class BeginForm:
    key: str = field(default_factory=lambda: str(uuid4()))
    parent: str = ""
    name: str = ""
    reason: str = ""

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> "BeginForm":
        return cls(sent.get("key", ""), *(tidy(sent.get(name, "")) for name in ("parent", "name", "reason")))

    def command(self) -> BeginScenario:
        """Raises: Invalid, KeyDamaged."""
        key = key_typed(self.key)
        faults: dict[str, Exception] = {}
        plan, parent = map(number_typed, self.parent.partition("/")[::2])
        if not (plan and parent):
            faults["parent"] = NotTaken()
        if not self.name:
            faults["name"] = Empty()
        try:
            reason_typed(self.reason)
        except DomainError as fault:
            faults["reason"] = fault
        if faults:
            raise Invalid(faults)
        try:
            return BeginScenario(key=key, plan=plan, parent=parent, name=self.name, reason=self.reason)
        except ValidationError as refusal:
            raise Invalid({str(each["loc"][0]): NotTaken() for each in refusal.errors()}) from None


@get("/o/{organisation_id:int}/scenarios", opt=_READ, sync_to_thread=True)
def scenarios(request: Ask, visit: Visitor, organisation_id: Id) -> Response[str]:
    return _list_page(request, organisation_id)


def _list_page(
    request: Ask, organisation_id: int, form: BeginForm | None = None, refusal: Refusal | None = None
) -> Response[str]:
    visit = visit_of(request)
    organisation, found, parents = visit.read(
        lambda uow: (
            organisation_at(uow),
            service.scenarios(uow, organisation_id),
            service.parents(uow, organisation_id),
        )
    )
    sheet = fault_sheet(refusal, visit.language, {"parent": N_("Starts from")})
    return render(
        request,
        "scenarios/list.html",
        organisation=organisation,
        status=status_of(refusal) if refusal else 200,
        section="scenarios",
        scenarios=found,
        parents=parents,
        form=form or BeginForm(),
        faults=sheet.by_field,
        summary=sheet.summary,
    )


@get("/o/{organisation_id:int}/plans/{plan_id:int}/scenarios", opt=_READ, sync_to_thread=True)
def of_plan(organisation_id: Id, plan_id: Id) -> Redirect:
    """The end of a scenario's address taken off leads to the list of them."""
    return Redirect(f"/o/{organisation_id}/scenarios")


@post("/o/{organisation_id:int}/scenarios", opt=_EDIT, sync_to_thread=True)
def begin(request: Ask, visit: Visitor, organisation_id: Id, data: Sent) -> Response[Any]:
    form = BeginForm.of(data)
    try:
        command = form.command()
        made = visit.run(lambda uow: service.begin(uow, organisation_id, command))
    except (VersionPutAway, VersionUnknown) as refusal:
        return _list_page(request, organisation_id, form, Invalid({"parent": refusal}))
    except _REFUSED as refusal:
        return _list_page(request, organisation_id, form, refusal)
    return Redirect(f"/o/{organisation_id}/plans/{made.plan_id}/scenarios/{made.version_id}", status_code=303)


# ------------------------------------------------------------------------------------------------ one scenario

_ONE = "/o/{organisation_id:int}/plans/{plan_id:int}/scenarios/{version_id:int}"


@get(_ONE, opt=_READ, sync_to_thread=True)
def scenario(request: Ask, visit: Visitor, organisation_id: Id, plan_id: Id, version_id: Id) -> Response[Any]:
    return _page(request, organisation_id, plan_id, version_id, Asked.by(request))


@get(f"{_ONE}/figures", opt=_READ, sync_to_thread=True)
def figures(request: Ask, visit: Visitor, organisation_id: Id, plan_id: Id, version_id: Id) -> Response[Any]:
    """The part of the page at the right, for the values that are asked."""
    try:
        organisation, shown = _shown(request, visit, organisation_id, plan_id, version_id)
    except ModelFaulty:
        return _to_formulas(organisation_id, plan_id, version_id)
    context = shown.context(speech(visit.language))
    if (seen := number_typed(request.query_params.get("revision", ""))) is not None:
        context["seen"] = seen
    return render(request, "scenarios/figures.html", organisation=organisation, **context)


def _to_formulas(organisation_id: int, plan_id: int, version_id: int) -> Redirect:
    """A register has changed under the formulas: there they are told with what is wrong."""
    return Redirect(f"/o/{organisation_id}/plans/{plan_id}/scenarios/{version_id}/formulas", status_code=303)


def _shown(
    request: Ask, visit: Visit, organisation_id: int, plan_id: int, version_id: int
) -> tuple[Organisation, Shown]:
    """What the address asks for."""
    at, asked = (organisation_id, plan_id, version_id), Asked.by(request)
    return visit.read(lambda uow: (organisation_at(uow), Shown.read(uow, *at, asked)))


def _page(
    request: Ask,
    organisation_id: int,
    plan_id: int,
    version_id: int,
    asked: Asked,
    refusal: Refusal | None = None,
    reason: str = "",
) -> Response[Any]:
    visit = visit_of(request)
    say = speech(visit.language)

    def read(uow: UnitOfWork) -> tuple[Any, ...]:
        shown = Shown.read(uow, organisation_id, plan_id, version_id, asked)
        revisions = service.revisions(uow, organisation_id, plan_id, version_id)
        past = history(request, uow, shown.address, shown.scenario.subject, shown.scenario.version.subject, latest=8)
        return organisation_at(uow), shown, revisions, past

    try:
        organisation, shown, revisions, past = visit.read(read)
    except ModelFaulty:
        return _to_formulas(organisation_id, plan_id, version_id)
    sheet = fault_sheet(refusal, visit.language)
    return render(
        request,
        "scenarios/scenario.html",
        organisation=organisation,
        status=status_of(refusal) if refusal else 200,
        section="scenarios",
        plan=shown.scenario.plan,
        version=shown.scenario.version,
        model=shown.scenario.revision.model,
        formulas_title=formulas_title(shown.scenario.revision.model, say),
        others={each.id: each.name for each in shown.others.values()},
        drivers=shown.drivers(say),
        revisions=revisions,
        history=past,
        reason=reason,
        faults=sheet.by_field,
        summary=sheet.summary,
        **shown.context(say),
    )


@post(f"{_ONE}/save", opt=_EDIT, sync_to_thread=True)
def save(request: Ask, visit: Visitor, organisation_id: Id, plan_id: Id, version_id: Id, data: Sent) -> Response[Any]:
    """Save the values that were shown; a value that cannot be taken saves nothing."""
    asked, reason = Asked.of(list(data.items())), tidy(data.get("reason", ""))
    try:
        if asked.faults:
            raise Invalid(asked.faults)
        try:
            reason_typed(reason)
        except DomainError as fault:
            raise Invalid({"reason": fault}) from None
        if (seen := number_typed(data.get("revision", ""))) is None:
            raise NotTaken()
        command = _command(data.get("key", ""), asked.typed, reason)
        visit.run(lambda uow: service.save(uow, organisation_id, plan_id, version_id, seen, command))
    except _REFUSED as refusal:
        return _page(request, organisation_id, plan_id, version_id, asked, refusal, reason)
    address = f"/o/{organisation_id}/plans/{plan_id}/scenarios/{version_id}"
    return Redirect(f"{address}{asked.query({})}", status_code=303)


def _command(key: str, typed: Typed, reason: str) -> SaveScenario:
    """Raises: KeyDamaged, NotTaken."""
    said = {driver: dict(path) for driver, path in typed.items()}
    try:
        return SaveScenario(key=key_typed(key), assumptions=said, reason=reason)
    except ValidationError:
        raise NotTaken() from None


# ------------------------------------------------------------------------------------------------ why


@get(f"{_ONE}/lines/{{leaf_id:int}}", opt=_READ, sync_to_thread=True)
def line(request: Ask, visit: Visitor, organisation_id: Id, plan_id: Id, version_id: Id, leaf_id: Id) -> Response[str]:
    """Where the figure of a line comes from, for the values that are asked."""
    organisation, shown = _shown(request, visit, organisation_id, plan_id, version_id)
    found, at, say = shown.scenario, shown.asked.at, speech(visit.language)
    wanted = request.query_params.get("year", "")
    ours = {each: shown.figures.cells.get(leaf_id, each) for each in shown.years}
    first = next((each for each, tiyn in ours.items() if tiyn is not None), shown.years[0])
    year = next((each for each in shown.years if str(each) == wanted), first)
    told = _of_line(found, leaf_id, say)
    try:
        tree = found.precedents(found.paths(shown.changed), leaf_id, year)
    except rules.ScenarioLineUnknown:  # of a line of the plan: there is no figure to explain
        tree = None
    own = shown.link(*at, page=f"/lines/{leaf_id}")
    links = [(each, f"{own}{'&' if '?' in own else '?'}year={each}") for each in shown.years]
    return render(
        request,
        "scenarios/why.html",
        organisation=organisation,
        section="scenarios",
        version=found.version,
        back=shown.link(*at),
        told=[
            *((say(LEVELS[level]), name) for level, name in told),
            (found.parent.name, _money(found.base.get(leaf_id, year))),
            (found.version.name, _money(ours[year])),
        ],
        year=year,
        year_links=links,
        tree=shown.node(tree, say) if tree else None,
    )


def _money(tiyn: int | None) -> str:
    return "—" if tiyn is None else money(tiyn)


def _of_line(found: Scenario, leaf_id: int, say: Speech) -> Sequence[tuple[str, str]]:
    told = found.members(leaf_id, ("section", "organisation", "programme", "economic", "source")).items()
    return [
        (level, f"{member.code} {member.name(say.language.value)}" if level != "section" else _named(member, say))
        for level, member in told
        if member.code
    ]


# ------------------------------------------------------------------------------------------------ uncertainty


@get(f"{_ONE}/fan", opt=_READ, sync_to_thread=True)
def fan(request: Ask, visit: Visitor, organisation_id: Id, plan_id: Id, version_id: Id) -> Response[str]:
    """How far the figures stray for 1,000 seeded draws of the drivers around the values that are asked."""
    organisation, shown = _shown(request, visit, organisation_id, plan_id, version_id)
    found, at, say = shown.scenario, shown.asked.at, speech(visit.language)
    drawn = service.fan(found, found.paths(shown.changed), _DRAWS)
    of = at[0] if at and at[0] in _FANS else "balance"
    shares = drawn.shares(None if of == "balance" else Section(of), _SHARES)
    central = getattr(plans.sections_of(shown.figures.cells, found.axes.table), of)[shown.columns]
    bands = [([v / 1e8 for v in shares[low]], [v / 1e8 for v in shares[high]]) for low, high in _BANDS]
    name = _fan_name(of, say)
    label = say(N_("{what}: bands that hold 90, 80 and 50 of 100 draws; the table below says the same"), what=name)
    return render(
        request,
        "scenarios/fan.html",
        organisation=organisation,
        section="scenarios",
        version=found.version,
        back=shown.link(),
        draws=_DRAWS,
        first=drawn.uncertainty.years[0],
        last=drawn.uncertainty.years[-1],
        measured=len(drawn.uncertainty.years),
        seed=drawn.uncertainty.seed,
        choices=[(each, _fan_name(each, say), shown.link(each, page="/fan")) for each in _FANS],
        of=of,
        title=name,
        label=label,
        chart=charts.fan(drawn.years, bands, [tiyn / 1e8 for tiyn in central], label),
        years=drawn.years,
        shares=list(shares.items()),
        central=central,
        spread=_spread(drawn.uncertainty, found.drivers, say),
        millions=millions,
    )


_FANS = ("balance", Section.REVENUE.value, Section.EXPENDITURE.value)
_OF_LEVEL, _OF_RATE = N_("per cent"), N_("points")
_BANDS = ((5, 95), (10, 90), (25, 75))


def _fan_name(of: str, say: Speech) -> str:
    return say(BALANCE) if of == "balance" else section_name(Section(of), say)


def _spread(kept: Uncertainty, drivers: Sequence[Driver], say: Speech) -> list[dict[str, Any]]:
    by_name = {each.name: each for each in drivers}
    rows = []
    for at, name in enumerate(kept.drivers):
        spread = kept.spread[at] * (100 if kept.levels[at] else 1)
        rows.append(
            {
                "short": name,
                "title": by_name[name].title(say.language.value) if name in by_name else name,
                "spread": f"{spread:.1f}".replace(".", ",")
                + NO_BREAK
                + say(_OF_LEVEL if kept.levels[at] else _OF_RATE),
                "correlation": [f"{value:.2f}".replace(".", ",").replace("-", MINUS) for value in kept.correlation[at]],
            }
        )
    return rows


routes = [scenarios, of_plan, begin, figures, scenario, save, line, fan]
