"""Pivot of a version: any rows, columns and filters; figures typed at any level; what the books say beside them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode
from uuid import uuid4

from litestar import Response, get, post
from litestar.response import Redirect

from api.economy.pivot import seeing_plans
from api.problems import status_of
from api.security import Visit, Visitor
from erp.base.clock import today
from erp.base.errors import Conflict, DomainError, Invalid, RuleViolated
from erp.base.i18n import N_
from erp.base.money import parse_scaled, parse_tiyn
from erp.base.uow import UnitOfWork
from erp.economy.pivot import rules, service
from erp.economy.pivot.asked import IN, Asked
from erp.economy.pivot.model import YEAR, Actual, Behind, Entry, Head, Layout, Pivot, Question, Turnover
from erp.economy.plans import service as plans
from erp.economy.plans.axes import LEVELS, Member
from erp.economy.plans.model import Plan, Section, Version
from erp.economy.plans.rules import require_version
from erp.finance.reports.model import Figure, Part
from erp.reference.access.model import Permission
from erp.reference.access.policy import permissions_at, reach
from erp.reference.organisations import service as organisations
from erp.reference.organisations.model import Organisation
from ledger.errors import LedgerError
from ledger.model import Dimension
from web.economy.plans import version_address
from web.economy.sections import BALANCE, UNIT, gaps_told, section_name
from web.faults import Fault, Refusal, fault_sheet
from web.finance.figures import Ways
from web.forms import key_typed, number_typed, tidy
from web.i18n import UNITS, Speech, money_in, speech
from web.pages import Ask, Id, query_of, render, visit_of
from web.session import Choice, Sent, choice_in, remember
from web.tables.download import FORMATS, about, download
from web.tables.model import About, Column, Kind, Row, Table

_READ = {"policy": Permission.PLAN_READ}
_EDIT = {"policy": Permission.PLAN_EDIT}
_PIVOT = "/o/{organisation_id:int}/plans/{plan_id:int}/versions/{version_id:int}/pivot"

ROWS_A_PAGE, TYPED_A_PAGE, MOST_COLUMNS, MOST_OFFERED = 300, 80, 40, 300
LEVEL_NAMES = {**LEVELS, YEAR: N_("Year")}
ACTUALS = {Actual.PAID: N_("Paid (cash execution)"), Actual.SPENT: N_("Expense accrued")}
_BETWEEN = "~"
"""Between the keys of a path in addresses and fields; no code holds it."""

Place = tuple[tuple[str, ...], tuple[str, ...]]
"""Of a figure: the paths of its row and its column."""


# ------------------------------------------------------------------------------------------------ what is asked


def _address(organisation_id: int, plan_id: int, version_id: int) -> str:
    return f"{version_address(organisation_id, plan_id, version_id)}/pivot"


def _unit(asked: Asked) -> str:
    unit = asked.said.get("unit", "")
    return unit if unit in UNITS else UNIT


def _path(keys: Sequence[str]) -> str:
    return _BETWEEN.join(keys)


def _keys(path: str) -> tuple[str, ...]:
    return tuple(path.split(_BETWEEN)) if path else ()


# ------------------------------------------------------------------------------------------------ the page


@get(_PIVOT, opt=_READ, sync_to_thread=True)
def pivot(request: Ask, visit: Visitor, organisation_id: Id, plan_id: Id, version_id: Id) -> Response[Any]:
    query = _query(request)
    if query.get("as") in FORMATS:
        say = speech(visit.language)

        def file(uow: UnitOfWork) -> tuple[Table, About]:
            shown = _look(uow, organisation_id, plan_id, version_id, Asked.of(query))
            if shown.fault:
                raise shown.fault
            return _table(shown, say), _about(visit, shown, say)

        return download(seeing_plans(visit), query["as"], file)
    return _page(request, organisation_id, plan_id, version_id)


def _query(request: Ask) -> dict[str, str]:
    """What the address asks for; groups ticked in a list are ``keys`` as well as typed ones."""
    query, ticked = query_of(request), request.query_params.getall("key", [])
    return query | {"keys": ",".join(filter(None, [query.get("keys", ""), *map(tidy, ticked)]))}


class Shown(NamedTuple):
    organisation: Organisation
    looked: service.Looked
    asked: Asked
    layouts: list[Layout]
    fault: Refusal | None = None


def _look(
    uow: UnitOfWork, organisation_id: int, plan_id: int, version_id: int, asked: Asked, edits: int | None = None
) -> Shown:
    """The version as asked, as it is or was after ``edits``; where that cannot be read, as usual, with why."""
    plan, fault = plans.plan(uow, organisation_id, plan_id), None
    at = organisation_id, plan_id, version_id
    try:
        looked = service.look(uow, *at, asked.question(plan), edits=edits)
    except RuleViolated as refusal:
        asked, fault = Asked.of({}), refusal
        looked = service.look(uow, *at, asked.question(plan), edits=edits)
    organisation = organisations.by_ids(uow, [organisation_id], today())[organisation_id]
    return Shown(organisation, looked, asked, service.layouts(uow, organisation_id), fault)


@dataclass(frozen=True)
class Filled:
    """What was typed into a page, as it was typed, and what would become of it."""

    texts: Mapping[Place, str]
    reason: str
    key: str
    edits: int
    trial: Pivot | None = None
    """The pivot as it would be."""
    cells: int = 0
    """How many cells would change."""
    faults: Mapping[Place, Exception] = field(default_factory=dict)


def _page(
    request: Ask,
    organisation_id: int,
    plan_id: int,
    version_id: int,
    *,
    filled: Filled | None = None,
    refusal: Refusal | None = None,
    choice: Choice | None = None,
    query: Mapping[str, str] | None = None,
    naming: Mapping[str, str] | None = None,
) -> Response[str]:
    visit, chosen, query = visit_of(request), choice or Choice(), query or _query(request)
    asked = Asked.of(query)
    whole = seeing_plans(visit).read(lambda uow: _look(uow, organisation_id, plan_id, version_id, asked))
    say = speech(chosen.language or visit.language)
    shown = whole._replace(looked=replace(whole.looked, pivot=whole.looked.pivot.narrow(MOST_COLUMNS)))
    looked, plan, version = shown.looked, shown.looked.plan, shown.looked.version
    may_share = _edits_plans(visit, organisation_id)
    may_type = may_share and version.is_open
    types = may_type and (filled is not None or query.get("type") == "1")
    home, address = f"/o/{organisation_id}/plans/{plan_id}", _address(organisation_id, plan_id, version_id)
    a_page = TYPED_A_PAGE if types else ROWS_A_PAGE
    page = number_typed(query.get("page", "")) or 1
    rows = _rows(looked)
    lines = [_line(shown, at, say, address, filled) for at in rows[(page - 1) * a_page : page * a_page]]
    fault = refusal or shown.fault
    sheet = fault_sheet(fault, say.language)
    following = f"{address}?{asked.query}&page={page + 1}" + ("&type=1" if types else "")
    return render(
        request,
        "pivot/pivot.html",
        organisation=shown.organisation,
        section="plans",
        status=status_of(fault) if fault else 200,
        language=chosen.language,
        theme=chosen.theme,
        cookies=chosen.cookies(request),
        form_id="typing" if types else "",
        form_default="check" if types else "",
        here=f"{address}?{asked.query}&page={page}" + ("&type=1" if types else ""),
        page=page,
        plan=plan,
        version=version,
        home=home,
        address=address,
        asked=shown.asked,
        offered=_offered(looked, query, say),
        question=looked.pivot.question,
        levels=[(level, say(name)) for level, name in LEVEL_NAMES.items()],
        sections=[
            ("all", say("All")),
            *((each.value, section_name(each, say)) for each in Section),
        ],
        years=[("", say("All")), ("plan", say("Plan years")), *((str(year), str(year)) for year in plan.years)],
        row_title=" / ".join(say(LEVEL_NAMES[level]) for level in looked.pivot.question.rows) or say("Total"),
        measure=say(ACTUALS[looked.pivot.question.actual]) if looked.pivot.question.actual else "",
        chosen_section=_chosen_section(looked.pivot.question, shown.asked),
        actuals=[("", say("not shown")), *((each.value, say(name)) for each, name in ACTUALS.items())],
        unit=_unit(shown.asked),
        units=[(unit, say(name)) for unit, name in UNITS.items()],
        unit_name=say(UNITS[_unit(shown.asked)]),
        chips=_chips(shown, say),
        layouts=shown.layouts,
        naming=naming or {},
        naming_fault=sheet.by_field.get("name", "") if naming else "",
        reason_fault=sheet.by_field.get("reason", ""),
        own=visit.scope.actor.id,
        groups=_groups(looked.pivot.columns, say),
        columns=[(_path(head.path), _last(head, say)) for head in looked.pivot.columns],
        lines=lines,
        columns_left_out=len(whole.looked.pivot.columns) - len(looked.pivot.columns),
        next_url=following if page * a_page < len(rows) else "",
        may_type=may_type,
        may_share=may_share,
        types=types,
        filled=filled,
        key=filled.key if filled else str(uuid4()),
        saved=query.get("saved", "") if filled is None else "",
        faults=[_placed(each, lines, looked.pivot.columns, say) for each in sheet.summary],
        unverified=any(not member.verified for head in looked.pivot.rows for member in head.members),
        balance=say(BALANCE),
        uncovered=_uncovered(looked, say),
        has_revenue=Section.REVENUE in looked.pivot.question.filters.get("section", Section),
        is_unspent=not any(each is not None for row in looked.pivot.actual for each in row),
        whole_url=f"{address}?{shown.asked.without('years')}" if shown.asked.said.get("years") else "",
    )


def _edits_plans(visit: Visit, organisation_id: int) -> bool:
    return bool(visit.identity and Permission.PLAN_EDIT in permissions_at(visit.identity, organisation_id))


def _chosen_section(question: Question, asked: Asked) -> str:
    if asked.said.get("section") == "all":
        return "all"
    kept = question.filters.get("section", ())
    return kept[0] if len(kept) == 1 else ""


def _rows(looked: service.Looked) -> list[int]:
    """Places of the rows that are shown; one above some sections only, which make no balance, is not."""
    question = looked.pivot.question
    return [at for at, head in enumerate(looked.pivot.rows) if question.counts_every_section or _is_sum(question, head)]


def _is_sum(question: Question, row: Head) -> bool:
    """Whether a row's figures are of one section each; else they are balances."""
    return question.is_of_one_section(len(row.path), len(question.columns))


def _uncovered(looked: service.Looked, say: Speech) -> str:
    """By column, what financing does not cover, where the whole is a balance; nothing where it covers all."""
    pivot, question = looked.pivot, looked.pivot.question
    if not question.counts_every_section or "section" in question.columns or () not in pivot.row_places:
        return ""
    financing = looked.cube.ask(replace(question, rows=("section",), actual=None))
    gaps = {
        _last(head, say): (pivot.figure((), head.path) or 0) + (financing.figure((Section.FINANCING,), head.path) or 0)
        for head in pivot.columns
    }
    return gaps_told(gaps)


class Cell(NamedTuple):
    name: str
    tiyn: int | None
    text: str
    typed: str
    would_be: str
    """What it would be, where that is something else."""
    actual: str
    percent: str
    url: str
    """What the actual is made of."""
    fault: str


class Line(NamedTuple):
    path: str
    depth: int
    code: str
    name: str
    verified: bool
    url: str
    is_heading: bool
    is_balance: bool
    """What sections make together: it follows, and is not typed."""
    cells: list[Cell]


def _line(shown: Shown, at: int, say: Speech, address: str, filled: Filled | None) -> Line:
    pivot, asked = shown.looked.pivot, shown.asked
    head, question = pivot.rows[at], pivot.question
    member = head.members[-1] if head.members else None
    written = money_in(_unit(asked))
    trial = filled.trial if filled and filled.trial and head.path in filled.trial.row_places else None
    cells = []
    for to, column in enumerate(pivot.columns):
        tiyn, actual = pivot.plan[at][to], pivot.actual[at][to]
        place = head.path, column.path
        text = "" if tiyn is None else written(tiyn)
        would_be = ""
        if trial:
            after = trial.figure(head.path, column.path)
            would_be = "" if after == tiyn else "—" if after is None else written(after)
        fault = filled.faults.get(place) if filled else None
        behind = urlencode({"row": _path(head.path), "column": _path(column.path)})
        cells.append(
            Cell(
                f"f.{at}.{to}",
                tiyn,
                text,
                filled.texts.get(place, text) if filled else text,
                would_be,
                "" if actual is None else written(actual),
                f"{100 * actual / tiyn:.1f}".replace(".", ",") if actual is not None and tiyn and tiyn > 0 else "",
                f"{address}/actual?{asked.query}&{behind}" if actual else "",
                say.refusal(fault) if fault else "",
            )
        )
    return Line(
        _path(head.path),
        max(len(head.path) - 1, 0),
        _code(member) if member else "",
        _name(member, say) if member else say("Total") if _is_sum(question, head) else say(BALANCE),
        member.verified if member else True,
        f"{address}?{asked.within(question.rows, head.path)}" if head.path else "",
        len(head.path) < len(question.rows),
        not _is_sum(question, head),
        cells,
    )


def _name(member: Member, say: Speech) -> str:
    return member.name(say.language.value) if member.key else say("not named")


def _code(member: Member) -> str:
    """As people write it; a section's and a year's own is in its name."""
    return "" if member.key in set(Section) or member.code == member.en else member.code


def _last(head: Head, say: Speech) -> str:
    return _titled(head.members[-1], say) if head.members else say("Total")


def _titled(member: Member, say: Speech) -> str:
    return f"{_code(member)} {_name(member, say)}".strip()


def _offered(looked: service.Looked, query: Mapping[str, str], say: Speech) -> tuple[str, list[tuple[str, str]]] | None:
    """The level whose groups are to be chosen from, and their keys and titles; ``None`` where none is asked for."""
    level = query.get("level", "")
    if level not in LEVEL_NAMES or query.get("keys"):
        return None
    members = looked.cube.members(level)[:MOST_OFFERED]
    return level, [(member.key, _titled(member, say)) for member in members if member.key]


def _groups(columns: Sequence[Head], say: Speech) -> list[tuple[str, int]]:
    """Titles above neighbouring columns that share all but their last level, and how many each spans."""
    spans: list[tuple[tuple[str, ...], str, int]] = []
    for head in columns:
        above = head.path[:-1]
        if spans and spans[-1][0] == above:
            spans[-1] = (above, spans[-1][1], spans[-1][2] + 1)
        else:
            spans.append((above, " · ".join(_titled(each, say) for each in head.members[:-1]), 1))
    return [(title, width) for _, title, width in spans] if any(above for above, _, _ in spans) else []


def _chips(shown: Shown, say: Speech) -> list[tuple[str, str, str]]:
    """What narrows the view: of each filter its level, its groups in words, and the address without it."""
    chips = []
    for name, text in shown.asked.said.items():
        if not name.startswith(IN):
            continue
        level = name.removeprefix(IN)
        keys = text.split(",")
        known = {member.key: _titled(member, say) for member in shown.looked.cube.members(level)}
        words = ", ".join(known.get(key, key) for key in keys)
        chips.append((say(LEVEL_NAMES.get(level, level)), words, shown.asked.without(name)))
    return chips


def _placed(fault: Fault, lines: Sequence[Line], columns: Sequence[Head], say: Speech) -> Fault:
    """Under the names of its row and column; one of no field of this page leads nowhere."""
    for line in lines:
        for cell, column in zip(line.cells, columns, strict=True):
            if cell.name == fault.field:
                return Fault(fault.field, f"{line.code} {line.name}, {_last(column, say)}".strip(), fault.text)
    return fault if fault.field in ("reason", "name") else Fault("", "", fault.text)


# ------------------------------------------------------------------------------------------------ typing


@post(_PIVOT, opt=_EDIT, sync_to_thread=True)
def type_in(
    request: Ask, visit: Visitor, organisation_id: Id, plan_id: Id, version_id: Id, data: Sent
) -> Response[Any]:
    """Show what typed figures would make of the version, or save them as one edit.

    What was typed is told by the version as the person saw it; it is shown upon the version as it is.
    """
    choice = choice_in(data)
    if choice:
        remember(visit, choice)
    at, asked = (organisation_id, plan_id, version_id), Asked.of(query_of(request))
    seen = number_typed(data.get("edits", "")) or 0
    filled = Filled({}, tidy(data.get("reason", "")), data.get("key", ""), seen)
    try:
        shown = seeing_plans(visit).read(lambda uow: _look(uow, *at, asked, seen))
        filled, entries = _read(shown, data, filled)
        if shown.looked.version.edits != seen:
            shown = seeing_plans(visit).read(lambda uow: _look(uow, *at, asked))
        changes = shown.looked.cube.typed(shown.looked.pivot.question, entries)
        places = list(filled.texts)
        filled = replace(
            filled,
            edits=shown.looked.version.edits,
            trial=changes.cube.ask(shown.looked.pivot.question),
            cells=len(changes.cells),
            faults={places[place]: fault for place, fault in changes.faults.items()} | dict(filled.faults),
        )
        if filled.faults:
            raise Invalid({_named(shown, place): fault for place, fault in filled.faults.items()})
        if choice or data.get("do") != "save":
            require_version(shown.looked.version, seen)
            return _page(request, *at, filled=filled, choice=choice)
        key = key_typed(filled.key)
        edit = visit.run(
            lambda uow: service.type_in(
                uow,
                *at,
                shown.looked.pivot.question,
                entries,
                filled.reason,
                expected_edits=seen,
                key=key,
            )
        )
    except (DomainError, LedgerError) as refusal:
        return _page(request, *at, filled=filled, refusal=refusal, choice=choice)
    page = number_typed(query_of(request).get("page", "")) or 1
    return Redirect(f"{request.url.path}?{asked.query}&type=1&page={page}&saved={edit.no}", status_code=303)


def _read(shown: Shown, data: Mapping[str, str], filled: Filled) -> tuple[Filled, list[Entry]]:
    """Figures that say something else than the version does, in the unit of the page."""
    pivot, unit = shown.looked.pivot, _unit(shown.asked)
    written = money_in(unit)
    texts: dict[Place, str] = {}
    entries: list[Entry] = []
    faults: dict[Place, Exception] = {}
    for name, sent in data.items():
        kind, _, rest = name.partition(".")
        row, _, column = rest.partition(".")
        if kind != "f" or f"r.{row}" not in data or f"c.{column}" not in data:
            continue
        place, text = (_keys(data[f"r.{row}"]), _keys(data[f"c.{column}"])), tidy(sent)
        before = pivot.figure(*place)
        if text == ("" if before is None else written(before)):
            continue
        try:
            tiyn = _typed(text, unit)
        except RuleViolated as fault:
            faults[place], tiyn = fault, before
        texts[place] = text
        entries.append(Entry(*place, tiyn))
    return replace(filled, texts=texts, faults=faults), entries


def _typed(text: str, unit: str) -> int | None:
    """Tiyn of a figure typed in a unit; nothing takes the cells away.  Raises: AmountMalformed, NumberMalformed."""
    if not text or text in rules.TAKEN_AWAY:
        return None
    return parse_scaled(text, 4) * 10 if unit == "thousand" else parse_tiyn(text)


def _named(shown: Shown, place: Place) -> str:
    """The field that a figure is typed into."""
    pivot = shown.looked.pivot
    return f"f.{pivot.row_places.get(place[0], -1)}.{pivot.column_places.get(place[1], -1)}"


# ------------------------------------------------------------------------------------------------ files


def _table(shown: Shown, say: Speech) -> Table:
    """The pivot as it is laid out, exact to the tiyn."""
    pivot = shown.looked.pivot
    with_actual = pivot.question.actual is not None
    columns = [Column(say("Code"), Kind.CODE), Column(say("Name"), width=60)]
    for head in pivot.columns:
        above = " · ".join(_titled(each, say) for each in head.members[:-1])
        if with_actual:
            columns += [
                Column(say(name), Kind.MONEY, group=" · ".join(filter(None, (above, _last(head, say)))))
                for name in (N_("Plan"), N_("Actual"))
            ]
        else:
            columns.append(Column(_last(head, say), Kind.MONEY, group=above))

    def rows() -> Iterator[Row]:
        for at in _rows(shown.looked):
            head = pivot.rows[at]
            member = head.members[-1] if head.members else None
            figures = [
                each
                for plan, actual in zip(pivot.plan[at], pivot.actual[at], strict=True)
                for each in ((plan, actual) if with_actual else (plan,))
            ]
            code = _code(member) if member else ""
            is_sum = _is_sum(pivot.question, head)
            name = _name(member, say) if member else say("Total") if is_sum else say(BALANCE)
            name = name if is_sum or member is None else f"{name}: {say(BALANCE)}"
            is_heading = len(head.path) < len(pivot.question.rows)
            yield Row([code, name, *figures], depth=max(len(head.path) - 1, 0), is_heading=is_heading, is_counted=False)

    title = f"{shown.looked.plan.name}: {shown.looked.version.name}"
    return Table(title, columns, rows(), is_flat=not pivot.question.rows)


def _about(visit: Visit, shown: Shown, say: Speech) -> About:
    version = shown.looked.version
    facts = [
        (say("Version"), f"{version.name} ({version.edits})"),
        *((level, words) for level, words, _ in _chips(shown, say)),
    ]
    if shown.looked.pivot.question.actual:
        facts.append((say("Actual"), say(ACTUALS[shown.looked.pivot.question.actual])))
    return about(visit, shown.organisation, f"pivot-{version.plan_id}-{version.id}", *facts)


# ------------------------------------------------------------------------------------------------ behind an actual


@get(f"{_PIVOT}/actual", opt=_READ, sync_to_thread=True)
def actual(request: Ask, visit: Visitor, organisation_id: Id, plan_id: Id, version_id: Id) -> Response[str]:
    """What an actual is made of, by organisation; accounts and postings where the reader reads those books."""
    query = query_of(request)
    measure = query.get("actual", "")
    said = query | {"actual": measure if measure in set(Actual) else Actual.PAID.value}
    asked, say = Asked.of(said), speech(visit.language)
    readable = reach(visit.identity, Permission.JOURNAL_READ) if visit.identity else frozenset[int]()
    row, column = _keys(query.get("row", "")), _keys(query.get("column", ""))

    at = organisation_id, plan_id, version_id

    def read(uow: UnitOfWork) -> tuple[Plan, Version, Question, list[Behind], dict[int, Organisation]]:
        plan, version = plans.plan(uow, organisation_id, plan_id), plans.version(uow, *at)
        question = asked.question(plan)
        found = service.behind_actual(uow, *at, question, row, column, readable)
        named = organisations.by_ids(uow, sorted({organisation_id, *(each.organisation_id for each in found)}), today())
        return plan, version, question, found, named

    seeing = seeing_plans(visit)
    of_books = replace(seeing, scope=replace(seeing.scope, reads=readable))
    plan, version, question, found, named = of_books.read(read)
    assert question.actual is not None
    back = f"{request.url.path}?{urlencode(said)}"
    names = {each.code: f"{each.code} {each.name(say.language)}" for each in named.values()}
    return render(
        request,
        "pivot/actual.html",
        organisation=named[organisation_id],
        section="plans",
        plan=plan,
        version=version,
        measure=say(ACTUALS[question.actual]),
        back=f"{_address(*at)}?{asked.query}",
        facts=[
            (say(LEVEL_NAMES[level]), names.get(key, key) or say("not named"))
            for level, key in _chosen(question, row, column)
        ],
        total=sum(each.actual_tiyn for each in found),
        found=[
            (each, named[each.organisation_id], [(t, _postings(t, question.actual, back)) for t in each.turnovers])
            for each in found
        ],
        closed=any(not each.is_open for each in found),
    )


def _chosen(question: Question, row: Sequence[str], column: Sequence[str]) -> list[tuple[str, str]]:
    return [*zip(question.rows, row, strict=False), *zip(question.columns, column, strict=False)]


def _postings(turnover: Turnover, measure: Actual, back: str) -> str:
    """Address of the postings that make a turnover, with the way back."""
    part = Part.TURNOVER if measure is Actual.SPENT else Part.CREDIT if turnover.against is None else Part.DEBIT
    named = {
        Dimension.PROGRAMME: turnover.programme,
        Dimension.SPECIFIC: turnover.specific,
        Dimension.SOURCE: turnover.source,
    }
    figure = Figure(part, account=turnover.account, against=turnover.against, dimensions=named)
    months = {"from": f"{turnover.fiscal_year}-01", "to": f"{turnover.fiscal_year}-12", "closing": "without"}
    return Ways(f"/o/{turnover.organisation_id}/", months, back).to(figure)


# ------------------------------------------------------------------------------------------------ kept views


@post("/o/{organisation_id:int}/plans/{plan_id:int}/views", opt=_READ, sync_to_thread=True)
def keep_view(request: Ask, visit: Visitor, organisation_id: Id, plan_id: Id, data: Sent) -> Response[Any]:
    """Keep what is asked of a version under a name, and go on where it was."""
    query = dict(parse_qsl(data.get("query", "")))
    asked, version_id = Asked.of(query), number_typed(data.get("version", "")) or 0
    name, shared = tidy(data.get("name", "")), data.get("shared") == "on"
    try:
        may_share = _edits_plans(visit, organisation_id)
        visit.run(
            lambda uow: service.keep_layout(
                uow, organisation_id, name=name, query=asked.query, shared=shared, may_share=may_share
            )
        )
    except RuleViolated as refusal:
        naming = {"name": name, "shared": data.get("shared", "")}
        return _page(request, organisation_id, plan_id, version_id, refusal=refusal, query=query, naming=naming)
    return Redirect(f"{_address(organisation_id, plan_id, version_id)}?{asked.query}", status_code=303)


@post("/o/{organisation_id:int}/plans/{plan_id:int}/views/{view_id:int}/rename", opt=_READ, sync_to_thread=True)
def rename_view(
    request: Ask, visit: Visitor, organisation_id: Id, plan_id: Id, view_id: Id, data: Sent
) -> Response[Any]:
    """Call a view of one's own otherwise."""
    version_id, name = number_typed(data.get("version", "")) or 0, tidy(data.get("name", ""))
    try:
        kept = visit.run(lambda uow: service.rename_layout(uow, organisation_id, view_id, name))
    except (RuleViolated, Conflict) as refusal:
        naming = {"id": str(view_id), "name": name}
        return _page(request, organisation_id, plan_id, version_id, refusal=refusal, naming=naming)
    return Redirect(f"{_address(organisation_id, plan_id, version_id)}?{kept.query}", status_code=303)


@post("/o/{organisation_id:int}/plans/{plan_id:int}/views/{view_id:int}/delete", opt=_READ, sync_to_thread=True)
def delete_view(visit: Visitor, organisation_id: Id, plan_id: Id, view_id: Id, data: Sent) -> Response[Any]:
    """Forget a view of one's own."""
    visit.run(lambda uow: service.delete_layout(uow, organisation_id, view_id))
    version_id = number_typed(data.get("version", "")) or 0
    return Redirect(_address(organisation_id, plan_id, version_id), status_code=303)


routes = [pivot, type_in, actual, keep_view, rename_view, delete_view]
