"""Plans on their pages: versions as a tree, what one holds, its edits and their undoing, two versions side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from litestar import Response, get, post
from litestar.response import Redirect

from api.problems import status_of
from api.security import Visitor
from erp.base.clock import today
from erp.base.errors import DomainError, Invalid, RuleViolated
from erp.base.i18n import N_
from erp.base.uow import UnitOfWork
from erp.economy.plans import service
from erp.economy.plans.axes import LEVELS, Axes, Member, canonical
from erp.economy.plans.comparison import LEAF, ComparedRow, Comparison, compared
from erp.economy.plans.model import Edit, EditedCell, Plan, Section, SixSections, Version, VersionKind
from erp.economy.plans.rules import CellsChangedSince, VersionPutAway, VersionUnknown
from erp.reference.access.model import Permission
from erp.reference.organisations.model import Organisation
from ledger.errors import LedgerError
from web.economy.sections import BALANCE, GAP, UNIT, gap_lines, gaps_by, identities, section_lines
from web.faults import Refusal, fault_sheet
from web.forms import key_typed, number_typed, tidy
from web.i18n import UNITS, Speech, money, money_in, speech
from web.pages import Ask, Id, organisation_at, query_of, render, visit_of
from web.session import Sent
from web.tables.download import FORMATS, about, download
from web.tables.model import About, Column, Kind, Row, Table
from web.timeline import VERSION_KINDS, History, history

_PLANS = "/o/{organisation_id:int}/plans"
_PLAN = f"{_PLANS}/{{plan_id:int}}"
_VERSION = f"{_PLAN}/versions/{{version_id:int}}"
_READ = {"policy": Permission.PLAN_READ}
_EDIT = {"policy": Permission.PLAN_EDIT}
_FREEZE = {"policy": Permission.PLAN_FREEZE}
_REFUSED = (DomainError, LedgerError)
_ROWS_A_PAGE = 300
_EDITS_A_PAGE, _LATEST = 50, 8
"""Edits and events that a page begins with are the latest few; those before them stand on pages of their own."""

BRANCHED = (VersionKind.DRAFT, VersionKind.SANDBOX)
"""Kinds that are begun here; a scenario is begun on its own page."""
OF_SECTION = {
    Section.REVENUE: "economic.class",
    Section.EXPENDITURE: "programme.group",
    Section.LENDING: "programme.programme",
    Section.ASSETS: "economic.class",
    Section.FINANCING: "economic.class",
}
"""The level that a section opens to."""
_BELOW = {
    "programme.group": "programme.programme",
    "programme.subgroup": "programme.programme",
    "programme.administrator": "programme.programme",
    "programme.programme": "organisation",
    "programme": "organisation",
    "economic.category": "economic.class",
    "economic.class": "economic.subclass",
    "economic.subclass": "economic",
    "economic": LEAF,
    "organisation.oblast": "organisation.district",
    "organisation.district": "organisation",
    "organisation.administrator": "organisation",
    "organisation": "economic",
    "budget": "programme.group",
    "source": "programme.group",
    "region": "programme.group",
}
"""The level that a figure opens to."""
_OPENED = {"by": OF_SECTION[Section.EXPENDITURE], "in.section": Section.EXPENDITURE.value}
"""What a version's page shows below its sections, where nothing else is asked for."""
_OF_A_LEAF = ("organisation", "programme", "economic")
_AWAY = "away"
"""In the name of the field that asks why a version is put away, as the number of an edit is where it is undone."""


class YearWanted(RuleViolated):
    code = "plan-year-malformed"
    template = "“{text}” is not a year. Write the plan’s first year and how many years it has, like 2027 and 3."


# ------------------------------------------------------------------------------------------------ plans


@get(_PLANS, opt=_READ, sync_to_thread=True)
def plans(request: Ask, visit: Visitor, organisation_id: Id) -> Response[str]:
    return _plans_page(request, organisation_id, {})


def _plans_page(
    request: Ask, organisation_id: int, typed: Mapping[str, str], refusal: Refusal | None = None
) -> Response[str]:
    visit = visit_of(request)

    organisation, found = visit.read(lambda uow: (organisation_at(uow), service.plans(uow, organisation_id)))
    sheet = fault_sheet(refusal, visit.language)
    return render(
        request,
        "plans/list.html",
        organisation=organisation,
        status=status_of(refusal) if refusal else 200,
        section="plans",
        plans=found,
        typed={"key": str(uuid4()), "name": "", "first": str(today().year + 1), "years": "3", "base": "2", **typed},
        faults=sheet.by_field,
        summary=sheet.summary,
    )


@post(_PLANS, opt=_EDIT, sync_to_thread=True)
def create(request: Ask, visit: Visitor, organisation_id: Id, data: Sent) -> Response[Any]:
    typed = {name: tidy(data.get(name, "")) for name in ("key", "name", "first", "years", "base")}
    try:
        first, years, base = (_number(typed[name]) for name in ("first", "years", "base"))
        key = key_typed(typed["key"])
        span = range(first - base, first + years)
        made = visit.run(lambda uow: service.create_plan(uow, organisation_id, typed["name"], span, first, key=key))
    except _REFUSED as refusal:
        return _plans_page(request, organisation_id, typed, refusal)
    return Redirect(f"/o/{organisation_id}/plans/{made.id}", status_code=303)


def _number(text: str) -> int:
    """Raises: YearWanted."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 4):
        raise YearWanted(text=text)
    return int(text)


# ------------------------------------------------------------------------------------------------ the tree of versions


@dataclass(frozen=True)
class Branch:
    """A version in the tree, as deep as it stands."""

    version: Version
    depth: int


def tree_of(versions: Sequence[Version]) -> list[Branch]:
    """Each after its parent and the older branches of that."""
    below: dict[int | None, list[Version]] = {}
    for version in versions:
        below.setdefault(version.parent_id, []).append(version)

    laid, waiting = [], [Branch(version, 0) for version in reversed(below.get(None, []))]
    while waiting:
        branch = waiting.pop()
        laid.append(branch)
        waiting += [Branch(version, branch.depth + 1) for version in reversed(below.get(branch.version.id, []))]
    return laid


@get(_PLAN, opt=_READ, sync_to_thread=True)
def plan(request: Ask, visit: Visitor, organisation_id: Id, plan_id: Id) -> Response[str]:
    return _plan_page(request, organisation_id, plan_id, {})


def _plan_page(
    request: Ask, organisation_id: int, plan_id: int, typed: Mapping[str, str], refusal: Refusal | None = None
) -> Response[str]:
    visit = visit_of(request)

    address = f"/o/{organisation_id}/plans/{plan_id}"

    def read(uow: UnitOfWork) -> tuple[Organisation, Plan, list[Version], list[Version], History]:
        found = service.plan(uow, organisation_id, plan_id)
        in_use, away = (service.versions(uow, organisation_id, plan_id, put_away=is_away) for is_away in (False, True))
        names = {found.subject: found.name} | {each.subject: each.name for each in (*in_use, *away)}
        past = history(request, uow, address, *names, latest=_LATEST)
        events = [replace(each, subject=names[each.event.subject]) for each in past.events]
        return organisation_at(uow), found, in_use, away, replace(past, events=events)

    organisation, found, versions, away, past = visit.read(read)
    sheet = fault_sheet(refusal, visit.language, {"parent": N_("Stands upon")})
    latest = max(versions, key=lambda each: each.id)
    usual = {"key": str(uuid4()), "parent": str(latest.id), "kind": VersionKind.DRAFT.value, "name": "", "reason": ""}
    return render(
        request,
        "plans/plan.html",
        organisation=organisation,
        status=status_of(refusal) if refusal else 200,
        section="plans",
        plan=found,
        tree=tree_of(versions),
        by_id={each.id: each for each in (*versions, *away)},
        put_away=away,
        kinds=VERSION_KINDS,
        branched=BRANCHED,
        levels=_levels(speech(visit.language)),
        address=address,
        history=past,
        a=versions[0].id,
        b=latest.id,
        typed={**usual, **typed},
        faults=sheet.by_field,
        summary=sheet.summary,
    )


def _levels(say: Speech) -> list[tuple[str, str]]:
    return [(level, say(name)) for level, name in (*LEVELS.items(), (LEAF, N_("Every line")))]


@get(f"{_PLAN}/versions", opt=_READ, sync_to_thread=True)
def versions(organisation_id: Id, plan_id: Id) -> Redirect:
    """The end of a version's address taken off leads to the plan that lists them."""
    return Redirect(f"/o/{organisation_id}/plans/{plan_id}#versions")


@post(f"{_PLAN}/versions", opt=_EDIT, sync_to_thread=True)
def branch(request: Ask, visit: Visitor, organisation_id: Id, plan_id: Id, data: Sent) -> Response[Any]:
    typed = {name: tidy(data.get(name, "")) for name in ("key", "parent", "kind", "name", "reason")}
    kind = VersionKind(typed["kind"]) if typed["kind"] in BRANCHED else VersionKind.DRAFT
    parent = number_typed(typed["parent"]) or 0
    try:
        key = key_typed(typed["key"])
        made = visit.run(
            lambda uow: service.branch(
                uow,
                organisation_id,
                plan_id,
                parent,
                kind=kind,
                name=typed["name"],
                reason=typed["reason"],
                key=key,
            )
        )
    except (VersionPutAway, VersionUnknown) as refusal:
        return _plan_page(request, organisation_id, plan_id, typed, Invalid({"parent": refusal}))
    except _REFUSED as refusal:
        return _plan_page(request, organisation_id, plan_id, typed, refusal)
    return Redirect(version_address(organisation_id, plan_id, made.id), status_code=303)


# ------------------------------------------------------------------------------------------------ one version


def version_address(organisation_id: int, plan_id: int, version_id: int) -> str:
    return f"/o/{organisation_id}/plans/{plan_id}/versions/{version_id}"


@dataclass(frozen=True)
class Shown:
    """A version with all that its page tells."""

    organisation: Organisation
    plan: Plan
    version: Version
    parent: Version | None
    sections: SixSections
    by_budget: Mapping[Member, SixSections]
    cells: int
    edits: tuple[Edit, ...]
    following: str | None
    groups: Comparison
    """Of the version alone, on both sides."""
    history: History
    agrees: bool | None
    """Whether a frozen version, reckoned anew from its edits, has the hash that was kept; ``None`` if not asked."""
    in_the_way: list[tuple[list[Member], str]]
    """Cells that an undoing was refused for: their lines and years."""

    @classmethod
    def read(
        cls,
        request: Ask,
        uow: UnitOfWork,
        organisation_id: int,
        plan_id: int,
        version_id: int,
        asked: "Asked",
        refusal: Refusal | None,
    ) -> "Shown":
        at = organisation_id, plan_id
        plan, version = service.plan(uow, *at), service.version(uow, *at, version_id)
        address = version_address(organisation_id, plan_id, version_id)
        held, axes = service.cells(uow, *at, version_id), service.axes(uow, *at)
        cursor = request.query_params.get("cursor")
        edits, following = service.history(uow, *at, version_id, cursor, limit=_EDITS_A_PAGE if cursor else _LATEST)
        return cls(
            organisation_at(uow),
            plan,
            version,
            service.version(uow, *at, version.parent_id) if version.parent_id else None,
            service.sections_of(held, axes.table),
            service.sections_by(held, axes, "budget"),
            held.count,
            edits,
            following,
            compared(axes, held, held, asked.by, asked.within),
            history(request, uow, address, version.subject, latest=_LATEST),
            service.hash_of(uow, version) == version.content_hash
            if version.is_frozen and request.query_params.get("check") == "1"
            else None,
            _named_cells(uow, *at, refusal.fields["cells"]) if isinstance(refusal, CellsChangedSince) else [],
        )


def _named_cells(
    uow: UnitOfWork, organisation_id: int, plan_id: int, cells: Sequence[str]
) -> list[tuple[list[Member], str]]:
    """Lines and years of cells written ``12/2027``."""
    named = [each.partition("/")[::2] for each in cells]
    lines = _lines_of(service.axes(uow, organisation_id, plan_id), [int(leaf) for leaf, _ in named])
    return [(line, year) for line, (_, year) in zip(lines, named, strict=True)]


def _lines_of(axes: Axes, leaf_ids: Sequence[int]) -> list[list[Member]]:
    """Who, what for and on what, of each leaf."""
    levels = [axes.level(level) for level in _OF_A_LEAF]
    return [[level.members[level.index[at]] for level in levels] for at in axes.table.positions(leaf_ids).tolist()]


@get(_VERSION, opt=_READ, sync_to_thread=True)
def version(request: Ask, visit: Visitor, organisation_id: Id, plan_id: Id, version_id: Id) -> Response[str]:
    return _version_page(request, organisation_id, plan_id, version_id)


def _version_page(
    request: Ask,
    organisation_id: int,
    plan_id: int,
    version_id: int,
    refusal: Refusal | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response[str]:
    visit = visit_of(request)
    query = query_of(request)
    asked = Asked.of(query if "by" in query else _OPENED)
    shown = visit.read(lambda uow: Shown.read(request, uow, organisation_id, plan_id, version_id, asked, refusal))
    sheet, say = fault_sheet(refusal, visit.language), speech(visit.language)
    typed = {"of": "", "reason": "", **(typed or {})}
    field = f"reason-{typed['of']}"
    address = version_address(organisation_id, plan_id, version_id)
    return render(
        request,
        "plans/version.html",
        organisation=shown.organisation,
        status=status_of(refusal) if refusal else 200,
        section="plans",
        shown=shown,
        plan=shown.plan,
        version=shown.version,
        kinds=VERSION_KINDS,
        lines=[
            (line, _opening(line.section))
            for line in (*section_lines(shown.sections, say), *gap_lines(shown.sections, say))
        ],
        identities=identities(shown.sections, shown.plan.years, shown.plan.years, say),
        uncovered=gaps_by(shown.by_budget, shown.plan.years, shown.plan.years),
        groups=Groups.of(shown.groups, asked, address, say),
        asked=asked,
        levels=_levels(say),
        written=money_in(UNIT),
        unit_name=say(UNITS[UNIT]),
        plan_address=f"/o/{organisation_id}/plans/{plan_id}",
        address=address,
        more_edits=f"{address}?{urlencode({'cursor': shown.following})}#edits" if shown.following else "",
        key=str(uuid4()),
        typed=typed,
        reason_fault=sheet.by_field.get("reason", ""),
        summary=[replace(each, field=field) if each.field == "reason" else each for each in sheet.summary],
    )


def _opening(section: Section | None) -> str:
    """What a section opens to; nothing for the balance, which follows from the others."""
    return urlencode({"by": OF_SECTION[section], "in.section": section.value}) if section else ""


@post(f"{_VERSION}/freeze", opt=_FREEZE, sync_to_thread=True)
def freeze(request: Ask, visit: Visitor, organisation_id: Id, plan_id: Id, version_id: Id, data: Sent) -> Response[Any]:
    seen = _seen(data)
    try:
        visit.run(lambda uow: service.freeze(uow, organisation_id, plan_id, version_id, expected_edits=seen))
    except _REFUSED as refusal:
        return _version_page(request, organisation_id, plan_id, version_id, refusal)
    return Redirect(version_address(organisation_id, plan_id, version_id), status_code=303)


@post(f"{_VERSION}/edits/{{no:int}}/undo", opt=_EDIT, sync_to_thread=True)
def undo(
    request: Ask, visit: Visitor, organisation_id: Id, plan_id: Id, version_id: Id, no: Id, data: Sent
) -> Response[Any]:
    reason, seen = tidy(data.get("reason", "")), _seen(data)
    try:
        key = key_typed(data.get("key", ""))
        visit.run(
            lambda uow: service.undo(
                uow, organisation_id, plan_id, version_id, no, reason, expected_edits=seen, key=key
            )
        )
    except _REFUSED as refusal:
        typed = {"of": str(no), "reason": reason}
        return _version_page(request, organisation_id, plan_id, version_id, refusal, typed)
    return Redirect(f"{version_address(organisation_id, plan_id, version_id)}#edits", status_code=303)


@post(f"{_VERSION}/put-away", opt=_EDIT, sync_to_thread=True)
def put_away(
    request: Ask, visit: Visitor, organisation_id: Id, plan_id: Id, version_id: Id, data: Sent
) -> Response[Any]:
    reason, seen = tidy(data.get("reason", "")), _seen(data)
    try:
        visit.run(lambda uow: service.put_away(uow, organisation_id, plan_id, version_id, reason, expected_edits=seen))
    except _REFUSED as refusal:
        typed = {"of": _AWAY, "reason": reason}
        return _version_page(request, organisation_id, plan_id, version_id, refusal, typed)
    return Redirect(version_address(organisation_id, plan_id, version_id), status_code=303)


def put_away_page(request: Ask, error: VersionPutAway) -> Redirect:
    """Whoever asks what a version that is put away does not answer comes to its page: by whom, why, the way back."""
    at = request.path_params["organisation_id"], error.fields["plan"], error.fields["version"]
    return Redirect(version_address(*at), status_code=303)


@post(f"{_VERSION}/bring-back", opt=_EDIT, sync_to_thread=True)
def bring_back(request: Ask, visit: Visitor, organisation_id: Id, plan_id: Id, version_id: Id) -> Response[Any]:
    try:
        visit.run(lambda uow: service.bring_back(uow, organisation_id, plan_id, version_id))
    except _REFUSED as refusal:
        return _version_page(request, organisation_id, plan_id, version_id, refusal)
    return Redirect(version_address(organisation_id, plan_id, version_id), status_code=303)


def _seen(sent: Mapping[str, str]) -> int:
    """The number of the last edit that the person saw."""
    seen = number_typed(sent.get("edits", ""))
    return -1 if seen is None else seen


@get(f"{_VERSION}/edits/{{no:int}}", opt=_READ, sync_to_thread=True)
def edit(request: Ask, visit: Visitor, organisation_id: Id, plan_id: Id, version_id: Id, no: Id) -> Response[str]:
    """What one edit did, cell by cell, to the tiyn."""
    at, page = (organisation_id, plan_id), number_typed(query_of(request).get("page", "")) or 1
    address = version_address(organisation_id, plan_id, version_id)

    def read(uow: UnitOfWork) -> dict[str, Any]:
        shown = service.version(uow, *at, version_id)
        made, cells = service.one_edit(uow, *at, version_id, no), service.changes(uow, *at, version_id, no)
        before = service.cells(uow, *at, shown.parent_id, shown.parent_edits) if shown.parent_id else None
        shown_cells = cells[(page - 1) * _ROWS_A_PAGE : page * _ROWS_A_PAGE]
        lines = _lines_of(service.axes(uow, *at), [each.leaf_id for each in shown_cells])

        def amount(each: EditedCell, own: int | None, inherited: bool) -> int | None:
            return before.get(each.leaf_id, each.year) if before and inherited else own

        rows = [
            (
                line,
                each.year,
                amount(each, each.before_tiyn, each.before_inherited),
                amount(each, each.after_tiyn, each.after_inherited),
                each.changed_since,
            )
            for line, each in zip(lines, shown_cells, strict=True)
        ]
        more = f"{address}/edits/{no}?page={page + 1}" if page * _ROWS_A_PAGE < len(cells) else ""
        return {"organisation": organisation_at(uow), "version": shown, "edit": made, "rows": rows, "more": more}

    return render(
        request,
        "plans/edit.html",
        section="plans",
        address=address,
        written=money,
        unit_name=speech(visit.language)(UNITS["tiyn"]),
        **visit.read(read),
    )


# ------------------------------------------------------------------------------------------------ groups of leaves


@dataclass(frozen=True)
class Asked:
    """What an address asks for: a level, members that it is narrowed to, the year, only what differs."""

    level: str
    """As ``LEVELS`` writes it, or ``LEAF``."""
    within: Mapping[str, str]
    year: int | None = None
    only_different: bool = False

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Asked":
        """Raises: LevelUnknown."""
        within = {name.removeprefix("in."): text for name, text in query.items() if name.startswith("in.")}
        level, year = query.get("by") or "section", number_typed(query.get("year", ""))
        return cls(level if level == LEAF else canonical(level), within, year, bool(query.get("different")))

    @property
    def by(self) -> tuple[str, ...]:
        """Levels to ask for: of single leaves, those that tell them apart."""
        return (*_OF_A_LEAF, LEAF) if self.level == LEAF else (self.level,)

    def said(self, level: str, within: Mapping[str, str]) -> dict[str, str]:
        """The same question of another level, narrowed otherwise."""
        year = {} if self.year is None else {"year": str(self.year)}
        different = {"different": "1"} if self.only_different else {}
        return {"by": level, **year, **different, **{f"in.{name}": key for name, key in within.items()}}

    def into(self, row: ComparedRow, by: Sequence[str]) -> dict[str, str] | None:
        """The question that opens a row; ``None`` where it is a leaf already."""
        if self.level == LEAF:
            return None
        narrowed = dict(self.within) | {level: each.key for level, each in zip(by, row.members, strict=True)}
        if self.level == "section":
            return self.said(OF_SECTION[Section(row.members[0].key)], narrowed)
        below = _BELOW[self.level]
        return self.said(LEAF if below in narrowed else below, narrowed)


@dataclass(frozen=True)
class Line:
    """A row as the page writes it."""

    section: str
    """Where it begins a section; empty below."""
    codes: tuple[str, ...]
    name: str
    verified: bool
    url: str
    row: ComparedRow


@dataclass(frozen=True)
class Groups:
    """A comparison as a page shows it: its first rows, and what it is narrowed to with the ways back."""

    lines: list[Line]
    crumbs: list[tuple[str, str]]
    left_out: int

    @classmethod
    def of(cls, found: Comparison, asked: Asked, address: str, say: Speech, **fixed: str) -> "Groups":
        lines, begun, language = [], "", say.language.value
        for row in found.rows(0, _ROWS_A_PAGE):
            section, *members = row.members
            into = asked.into(row, found.by)
            lines.append(
                Line(
                    "" if section.key == begun else section.name(language),
                    tuple(member.code for member in members if member.code),
                    ", ".join(member.name(language) for member in members if member.key),
                    all(member.verified for member in members),
                    f"{address}?{urlencode(fixed | into)}" if into else "",
                    row,
                )
            )
            begun = section.key
        if found.by == ("section",) and "section" not in asked.within:
            lines = _with_balance(lines, found, say)
        crumbs = []
        for place, (level, member) in enumerate(found.narrowed):
            back = asked.said(level, {name: each.key for name, each in found.narrowed[:place]})
            crumbs.append((member.name(language) or "—", f"{address}?{urlencode(fixed | back)}"))
        return cls(lines, crumbs, max(0, len(found) - _ROWS_A_PAGE))


def _with_balance(lines: Sequence[Line], found: Comparison, say: Speech) -> list[Line]:
    """Sections with the balance that follows in its place, and what financing does not cover of it at the end."""
    a, b = found.sections

    def line(name: str, a: tuple[int, ...], b: tuple[int, ...]) -> Line:
        return Line(say(name), (), "", True, "", ComparedRow((), None, a, b, 0, 0))

    place = len(lines) - any(each.row.members[0].key == Section.FINANCING for each in lines)
    gap = [line(GAP, a.gap, b.gap)] if any((*a.gap, *b.gap)) else []
    return [*lines[:place], line(BALANCE, a.balance, b.balance), *lines[place:], *gap] if lines else []


# ------------------------------------------------------------------------------------------------ side by side


@get(f"{_PLAN}/compare", opt=_READ, sync_to_thread=True)
def compare(request: Ask, visit: Visitor, organisation_id: Id, plan_id: Id) -> Response[Any]:
    query = query_of(request)
    asked = Asked.of(query)
    at, begun = (organisation_id, plan_id), query.get("begun") == "1"
    address = f"/o/{organisation_id}/plans/{plan_id}/compare"

    def read(uow: UnitOfWork) -> tuple[Plan, list[Version], Version, Version, Comparison]:
        plan = service.plan(uow, *at)
        versions = service.versions(uow, *at)

        def chosen(side: str, otherwise: Version) -> Version:
            asked_for = query.get(side)
            return service.version(uow, *at, number_typed(asked_for) or 0) if asked_for else otherwise

        a, b = chosen("a", versions[0]), chosen("b", versions[-1])
        found = service.compare(
            uow,
            *at,
            a.id,
            b.id,
            asked.by,
            a_edits=b.parent_edits if begun and b.parent_id == a.id else None,
            within=asked.within,
            only_different=asked.only_different,
        )
        return plan, versions, a, b, found

    say = speech(visit.language)
    if query.get("as") in FORMATS:

        def table(uow: UnitOfWork) -> tuple[Table, About]:
            plan, _, a, b, found = read(uow)
            facts = ((say("Plan"), plan.name), ("A", a.name), ("B", b.name))
            return _table(found, a, b, say), about(visit, organisation_at(uow), f"plan-{plan.id}-{a.id}-{b.id}", *facts)

        return download(visit, query["as"], table)
    organisation, (shown, versions, a, b, found) = visit.read(lambda uow: (organisation_at(uow), read(uow)))
    year = asked.year if asked.year in shown.years else shown.first_year
    is_pinned = begun and b.parent_id == a.id
    fixed = {"a": str(a.id), "b": str(b.id)} | ({"begun": "1"} if is_pinned else {})
    return render(
        request,
        "plans/compare.html",
        organisation=organisation,
        section="plans",
        plan=shown,
        versions=versions,
        a=a,
        b=b,
        year=year,
        column=shown.years.index(year),
        asked=asked,
        levels=_levels(say),
        groups=Groups.of(found, asked, address, say, **fixed),
        written=money_in(UNIT),
        unit_name=say(UNITS[UNIT]),
        plan_address=f"/o/{organisation_id}/plans/{plan_id}",
        address=address,
        pinned=b.parent_edits if is_pinned and a.edits > (b.parent_edits or 0) else None,
        query=urlencode(fixed | asked.said(asked.level, asked.within)),
    )


def _table(found: Comparison, a: Version, b: Version, say: Speech) -> Table:
    """All years, all rows: exact amounts."""
    names = {level: say(name) for level, name in LEVELS.items()}
    codes = [Column(names[level], Kind.CODE) for level in found.by[1:]]
    titles = [Column(say(N_("Name")), width=60)] if codes else []
    amounts = [
        Column(title, Kind.MONEY, str(year))
        for year in found.years
        for title in (f"A: {a.name}", f"B: {b.name}", say(N_("Difference")))
    ]
    columns = [Column(names["section"], width=36), *codes, *titles, *amounts, Column(say(N_("Cells")), Kind.COUNT)]
    language = say.language.value

    def row(each: ComparedRow) -> Row:
        section, *members = each.members
        name = [", ".join(m.name(language) for m in members if m.key)] if members else []
        figures = [value for three in zip(each.a, each.b, each.difference, strict=True) for value in three]
        return Row([section.name(language), *(m.code for m in members), *name, *figures, each.cells])

    return Table(say(N_("Comparison of versions")), columns, (row(each) for each in found.rows()))


routes = [plans, create, plan, versions, branch, version, freeze, put_away, bring_back, undo, edit, compare]
