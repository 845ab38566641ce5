"""The staffing table on its pages: the chart of units, posts and who holds them, and the acts on both."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect

from api.security import Visit, Visitor
from erp.base.clock import today
from erp.base.errors import Conflict, NotFound, RuleViolated
from erp.base.i18n import N_, Language
from erp.base.uow import UnitOfWork
from erp.hr.personnel import service as personnel
from erp.hr.personnel.model import Appointment, Name
from erp.hr.staffing import service
from erp.hr.staffing.model import About, RecordedAct, StaffGroup, StaffUnit, Unit
from erp.hr.staffing.schemas import RecordPost, RecordUnit
from erp.reference.access.model import Permission
from erp.reference.organisations.model import Organisation
from web.hr.acts import (
    GROUPS,
    Asked,
    act_fields,
    chosen,
    fields_for,
    made,
    rescind_sheet,
    rescinding,
    share,
    share_typed,
)
from web.i18n import Speech, alphabetical, moment, speech
from web.pages import Ask, Id, organisation_at, query_of, render, visit_of
from web.session import Sent
from web.sheets import Field, Option, Sheet, Typed, done, said, send, show
from web.tables.download import FORMATS, about, download
from web.tables.model import About as AboutFile
from web.tables.model import Column, Kind, Row, Table

_READ = {"policy": Permission.STAFF_READ}
_KEEP = {"policy": Permission.STAFF_KEEP}
_SECTION = "units"
_REFUSED = (RuleViolated, Conflict, NotFound)


# ------------------------------------------------------------------------------------------------ the chart


@dataclass(frozen=True)
class Branch:
    """A unit with its posts and the units under it; ``depth`` is how many stand above."""

    unit: Unit
    depth: int
    posts: Sequence[StaffUnit]
    below: Sequence["Branch"]

    @property
    def percent(self) -> int:
        return sum(post.percent for post in self.posts) + sum(branch.percent for branch in self.below)

    @property
    def held_percent(self) -> int:
        return sum(post.held_percent for post in self.posts) + sum(branch.held_percent for branch in self.below)

    def walk(self) -> Iterable["Branch"]:
        yield self
        for branch in self.below:
            yield from branch.walk()


@dataclass(frozen=True)
class Chart:
    """All units of a day as a tree, and who holds which post."""

    organisation: Organisation
    tops: Sequence[Branch]
    holders: Mapping[int, Sequence[Appointment]]
    names: Mapping[int, Name]

    @classmethod
    def read(cls, uow: UnitOfWork, organisation_id: int, asked: Asked, language: Language) -> "Chart":
        units = service.units(uow, organisation_id, asked.day, asked.known)
        posts = service.posts(uow, organisation_id, asked.day, asked.known)
        held = personnel.holders(uow, organisation_id, [each.id for each in posts], asked.day, asked.known)
        names = personnel.names(uow, sorted({each.person_id for each in held}), asked.day, asked.known)
        holders: dict[int, list[Appointment]] = {}
        for each in sorted(held, key=lambda one: alphabetical(str(names.get(one.person_id, "")))):
            holders.setdefault(each.staff_unit_id, []).append(each)
        there = {unit.id for unit in units}
        units.sort(key=lambda unit: alphabetical(unit.name(language)))

        def branch(unit: Unit, depth: int) -> Branch:
            own = sorted(
                (each for each in posts if each.unit_id == unit.id), key=lambda each: (each.id != unit.head_id, each.id)
            )
            return Branch(unit, depth, own, [branch(each, depth + 1) for each in units if each.parent_id == unit.id])

        tops = [branch(each, 0) for each in units if each.parent_id not in there]
        return cls(organisation_at(uow), tops, holders, names)

    @property
    def branches(self) -> list[Branch]:
        return [branch for top in self.tops for branch in top.walk()]

    def head(self, unit: Unit) -> str:
        """Who heads a unit; nobody where the post is vacant."""
        held = self.holders.get(unit.head_id or 0, ())
        return str(self.names[held[0].person_id]) if held and held[0].person_id in self.names else ""


@get("/o/{organisation_id:int}/units", opt=_READ, sync_to_thread=True)
def units(request: Ask, visit: Visitor, organisation_id: Id) -> Response[Any]:
    query, say = query_of(request), speech(visit.language)
    asked = Asked.of(visit, query)

    def whole(uow: UnitOfWork) -> tuple[Table, AboutFile]:
        chart = Chart.read(uow, organisation_id, asked, visit.language)
        facts = [(say("As of the day"), f"{asked.day:%d.%m.%Y}")]
        if asked.known:
            facts.append((say("As known at"), moment(asked.known)))
        return _staffing_table(chart, say), about(visit, chart.organisation, "staffing", *facts)

    if query.get("as") in FORMATS and asked.fault is None:
        return download(visit, query["as"], whole)
    chart = visit.read(lambda uow: Chart.read(uow, organisation_id, asked, visit.language))
    return render(
        request,
        "staffing/chart.html",
        organisation=chart.organisation,
        section=_SECTION,
        chart=chart,
        **asked.told(visit),
    )


def _staffing_table(chart: Chart, say: Speech) -> Table:
    language = say.language.value
    columns = [
        Column(say("Position"), width=50),
        Column(say("Category"), Kind.CODE),
        Column(say("Units"), Kind.CODE, width=9),
        Column(say("Filled"), Kind.CODE, width=9),
        Column(say("Vacant"), Kind.CODE, width=9),
        Column(say("Who holds it"), width=60),
    ]
    rows = []
    for branch in chart.branches:
        rows.append(
            Row([branch.unit.name(language), "", "", "", "", ""], depth=branch.depth, is_heading=True, is_counted=False)
        )
        for each in branch.posts:
            who = ", ".join(
                str(chart.names[held.person_id])
                for held in chart.holders.get(each.id, ())
                if held.person_id in chart.names
            )
            figures = [share(each.percent), share(each.held_percent), share(each.free_percent)]
            rows.append(Row([each.title(language), each.category, *figures, who], depth=branch.depth))
    return Table(say("Staffing table"), columns, rows)


# ------------------------------------------------------------------------------------------------ a unit


@dataclass(frozen=True)
class Shown:
    """A unit or a post with all that holds of it, and the acts it stands on."""

    organisation: Organisation
    facts: Sequence[Any]
    acts: list[RecordedAct]
    units: dict[int, Unit]
    posts: dict[int, StaffUnit]


def _shown(uow: UnitOfWork, organisation_id: int, what: About, number: int) -> Shown:
    read = service.unit_facts if what is About.UNIT else service.post_facts
    return Shown(
        organisation_at(uow),
        read(uow, organisation_id, number),
        service.acts_on(uow, organisation_id, what, number),
        {each.id: each for each in service.units(uow, organisation_id)},
        {each.id: each for each in service.posts(uow, organisation_id)},
    )


def _subject_page(request: Ask, organisation_id: int, what: About, number: int) -> Response[str]:
    visit = visit_of(request)
    shown = visit.read(lambda uow: _shown(uow, organisation_id, what, number))
    return render(
        request,
        "staffing/unit.html" if what is About.UNIT else "staffing/post.html",
        organisation=shown.organisation,
        section=_SECTION,
        shown=shown,
        number=number,
        today=today(),
        **Asked.of(visit, {}).told(visit),
    )


@get("/o/{organisation_id:int}/units/{unit_id:int}", opt=_READ, sync_to_thread=True)
def unit(request: Ask, visit: Visitor, organisation_id: Id, unit_id: Id) -> Response[str]:
    return _subject_page(request, organisation_id, About.UNIT, unit_id)


@get("/o/{organisation_id:int}/posts/{post_id:int}", opt=_READ, sync_to_thread=True)
def staff_unit(request: Ask, visit: Visitor, organisation_id: Id, post_id: Id) -> Response[str]:
    return _subject_page(request, organisation_id, About.POST, post_id)


@get("/o/{organisation_id:int}/units/new", opt=_KEEP, sync_to_thread=True)
def new_unit_page(request: Ask, visit: Visitor, organisation_id: Id) -> Response[str]:
    return show(request, _unit_sheet(visit, organisation_id, visit.language), organisation=visit.read(organisation_at))


@post("/o/{organisation_id:int}/units/new", opt=_KEEP, sync_to_thread=True)
def add_unit(request: Ask, visit: Visitor, organisation_id: Id, data: Sent) -> Response[Any]:
    def add(visit: Visit, typed: Typed) -> Redirect:
        command = made(RecordUnit, typed, content=_unit_content(typed))
        unit_id = visit.run(lambda uow: service.begin_unit(uow, organisation_id, command))
        return done(f"/o/{organisation_id}/units/{unit_id}")

    return _send(request, data, lambda language: _unit_sheet(visit, organisation_id, language), add)


@get("/o/{organisation_id:int}/units/{unit_id:int}/change", opt=_KEEP, sync_to_thread=True)
def unit_page(request: Ask, visit: Visitor, organisation_id: Id, unit_id: Id) -> Response[str]:
    sheet = _unit_sheet(visit, organisation_id, visit.language, unit_id, request.query_params.get("fact", ""))
    return show(request, sheet, organisation=visit.read(organisation_at))


@post("/o/{organisation_id:int}/units/{unit_id:int}/change", opt=_KEEP, sync_to_thread=True)
def change_unit(request: Ask, visit: Visitor, organisation_id: Id, unit_id: Id, data: Sent) -> Response[Any]:
    fact = request.query_params.get("fact", "")

    def change(visit: Visit, typed: Typed) -> Redirect:
        command = made(RecordUnit, typed, content=_unit_content(typed), corrects=typed.number_or_none("corrects"))
        visit.run(lambda uow: service.record_unit(uow, organisation_id, unit_id, command))
        return done(f"/o/{organisation_id}/units/{unit_id}")

    return _send(request, data, lambda language: _unit_sheet(visit, organisation_id, language, unit_id, fact), change)


def _unit_content(typed: Typed) -> dict[str, Any]:
    names = {name: typed.text(name) for name in ("name_kk", "name_ru", "name_en")}
    return {**names, "parent_id": typed.number_or_none("parent"), "head_id": typed.number_or_none("head")}


def _unit_sheet(
    visit: Visit, organisation_id: int, language: Language, unit_id: int | None = None, fact: str = ""
) -> Sheet:
    """Of a new unit, of a change of one, or of the correction of the fact that is named."""

    def read(uow: UnitOfWork) -> tuple[list[Unit], list[StaffUnit], list[Unit]]:
        facts = service.unit_facts(uow, organisation_id, unit_id) if unit_id else []
        return service.units(uow, organisation_id), service.posts(uow, organisation_id), facts

    there, posts, facts = visit.read(read)
    corrects = chosen([each.fact_id for each in facts], fact)
    shown = next((each for each in facts if each.fact_id == corrects), facts[-1] if facts else None)
    home = f"/o/{organisation_id}/units"
    none = Option("", "—")
    return Sheet(
        N_("New unit") if shown is None else N_("Correct the unit") if corrects else N_("Change the unit"),
        N_("Save"),
        f"{home}/{unit_id}" if unit_id else home,
        (
            Field("name_kk", N_("Name in Kazakh"), value=shown.name_kk if shown else ""),
            Field("name_ru", N_("Name in Russian"), value=shown.name_ru if shown else ""),
            Field("name_en", N_("Name in English"), value=shown.name_en if shown else ""),
            Field(
                "parent",
                N_("Stands under"),
                "select",
                value=str(shown.parent_id or "") if shown else "",
                required=False,
                options=[none, *_unit_options(there, language, but=unit_id)],
            ),
            Field(
                "head",
                N_("Headed by the holder of"),
                "select",
                value=str(shown.head_id or "") if shown else "",
                required=False,
                options=[none, *post_options(there, posts, language)],
            ),
            Field("corrects", "", "hidden", str(corrects or "")),
            *fields_for(shown.valid if corrects and shown else None),
        ),
        about=shown.name(language) if shown else "",
        layout="base.html",
        section=_SECTION,
    )


def _unit_options(units: Sequence[Unit], language: Language, *, but: int | None = None) -> list[Option]:
    named = sorted(units, key=lambda each: alphabetical(each.name(language)))
    return [Option(str(each.id), each.name(language)) for each in named if each.id != but]


def post_options(
    units: Sequence[Unit], posts: Sequence[StaffUnit], language: Language, *, vacant: bool = False
) -> list[Option]:
    """Posts under their units; with ``vacant`` what is free of each."""
    named = {each.id: each.name(language) for each in units}
    options = [
        Option(
            str(each.id),
            f"{named.get(each.unit_id, '')} · {each.title(language)}"
            + (f" · {said(N_('free: {share}'), language, share=share(each.free_percent))}" if vacant else ""),
        )
        for each in posts
    ]
    return sorted(options, key=lambda option: alphabetical(option.label))


# ------------------------------------------------------------------------------------------------ a post


@get("/o/{organisation_id:int}/posts/new", opt=_KEEP, sync_to_thread=True)
def new_post_page(request: Ask, visit: Visitor, organisation_id: Id) -> Response[str]:
    sheet = _post_sheet(visit, organisation_id, visit.language, unit=request.query_params.get("unit", ""))
    return show(request, sheet, organisation=visit.read(organisation_at))


@post("/o/{organisation_id:int}/posts/new", opt=_KEEP, sync_to_thread=True)
def add_post(request: Ask, visit: Visitor, organisation_id: Id, data: Sent) -> Response[Any]:
    def add(visit: Visit, typed: Typed) -> Redirect:
        command = made(RecordPost, typed, content=_post_content(typed))
        post_id = visit.run(lambda uow: service.begin_post(uow, organisation_id, command))
        return done(f"/o/{organisation_id}/posts/{post_id}")

    return _send(request, data, lambda language: _post_sheet(visit, organisation_id, language), add)


@get("/o/{organisation_id:int}/posts/{post_id:int}/change", opt=_KEEP, sync_to_thread=True)
def post_page(request: Ask, visit: Visitor, organisation_id: Id, post_id: Id) -> Response[str]:
    sheet = _post_sheet(visit, organisation_id, visit.language, post_id, request.query_params.get("fact", ""))
    return show(request, sheet, organisation=visit.read(organisation_at))


@post("/o/{organisation_id:int}/posts/{post_id:int}/change", opt=_KEEP, sync_to_thread=True)
def change_post(request: Ask, visit: Visitor, organisation_id: Id, post_id: Id, data: Sent) -> Response[Any]:
    fact = request.query_params.get("fact", "")

    def change(visit: Visit, typed: Typed) -> Redirect:
        command = made(RecordPost, typed, content=_post_content(typed), corrects=typed.number_or_none("corrects"))
        visit.run(lambda uow: service.record_post(uow, organisation_id, post_id, command))
        return done(f"/o/{organisation_id}/posts/{post_id}")

    return _send(request, data, lambda language: _post_sheet(visit, organisation_id, language, post_id, fact), change)


def _post_content(typed: Typed) -> dict[str, Any]:
    titles = {name: typed.text(name) for name in ("title_kk", "title_ru", "title_en")}
    return {
        **titles,
        "unit_id": typed.number("unit"),
        "category": typed.raw("category"),
        "staff_group": typed.choice("staff_group", StaffGroup, StaffGroup.WORKER),
        "percent": share_typed(typed, "share"),
    }


def _post_sheet(
    visit: Visit,
    organisation_id: int,
    language: Language,
    post_id: int | None = None,
    fact: str = "",
    unit: str = "",
) -> Sheet:
    """Of a new post, of a change of one, or of the correction of the fact that is named."""

    def read(uow: UnitOfWork) -> tuple[list[Unit], list[StaffUnit]]:
        facts = service.post_facts(uow, organisation_id, post_id) if post_id else []
        return service.units(uow, organisation_id), facts

    there, facts = visit.read(read)
    corrects = chosen([each.fact_id for each in facts], fact)
    shown = next((each for each in facts if each.fact_id == corrects), facts[-1] if facts else None)
    home = f"/o/{organisation_id}"
    return Sheet(
        N_("New post") if shown is None else N_("Correct the post") if corrects else N_("Change the post"),
        N_("Save"),
        f"{home}/posts/{post_id}" if post_id else f"{home}/units",
        (
            Field(
                "unit",
                N_("Structural unit"),
                "select",
                value=str(shown.unit_id) if shown else unit,
                options=_unit_options(there, language),
            ),
            Field("title_kk", N_("Title in Kazakh"), value=shown.title_kk if shown else ""),
            Field("title_ru", N_("Title in Russian"), value=shown.title_ru if shown else ""),
            Field("title_en", N_("Title in English"), value=shown.title_en if shown else ""),
            Field(
                "staff_group",
                N_("Serves as"),
                "select",
                value=shown.staff_group.value if shown else StaffGroup.CIVIL_SERVANT.value,
                options=[Option(group.value, said(name, language)) for group, name in GROUPS.items()],
                hint=N_("By it leave is counted."),
            ),
            Field(
                "category",
                N_("Category"),
                value=shown.category if shown else "",
                required=False,
                hint=N_("Code of the register of posts, such as D-O-4; empty where posts have none."),
            ),
            Field(
                "share",
                N_("Units"),
                value=share(shown.percent) if shown else "1",
                hint=N_("How many of it the staffing table has: 1, 0,5, 18,25."),
            ),
            Field("corrects", "", "hidden", str(corrects or "")),
            *fields_for(shown.valid if corrects and shown else None),
        ),
        about=shown.title(language) if shown else "",
        layout="base.html",
        section=_SECTION,
    )


# ------------------------------------------------------------------------------------------------ to close, to undo


@get("/o/{organisation_id:int}/units/{unit_id:int}/close", opt=_KEEP, sync_to_thread=True)
def close_unit_page(request: Ask, visit: Visitor, organisation_id: Id, unit_id: Id) -> Response[str]:
    sheet = _close_sheet(visit, organisation_id, About.UNIT, unit_id, visit.language)
    return show(request, sheet, organisation=visit.read(organisation_at))


@post("/o/{organisation_id:int}/units/{unit_id:int}/close", opt=_KEEP, sync_to_thread=True)
def close_unit(request: Ask, visit: Visitor, organisation_id: Id, unit_id: Id, data: Sent) -> Response[Any]:
    def close(visit: Visit, typed: Typed) -> Redirect:
        command = made(RecordUnit, typed, content=None)
        visit.run(lambda uow: service.record_unit(uow, organisation_id, unit_id, command))
        return done(f"/o/{organisation_id}/units")

    return _send(
        request, data, lambda language: _close_sheet(visit, organisation_id, About.UNIT, unit_id, language), close
    )


@get("/o/{organisation_id:int}/posts/{post_id:int}/close", opt=_KEEP, sync_to_thread=True)
def close_post_page(request: Ask, visit: Visitor, organisation_id: Id, post_id: Id) -> Response[str]:
    sheet = _close_sheet(visit, organisation_id, About.POST, post_id, visit.language)
    return show(request, sheet, organisation=visit.read(organisation_at))


@post("/o/{organisation_id:int}/posts/{post_id:int}/close", opt=_KEEP, sync_to_thread=True)
def close_post(request: Ask, visit: Visitor, organisation_id: Id, post_id: Id, data: Sent) -> Response[Any]:
    def close(visit: Visit, typed: Typed) -> Redirect:
        command = made(RecordPost, typed, content=None)
        visit.run(lambda uow: service.record_post(uow, organisation_id, post_id, command))
        return done(f"/o/{organisation_id}/units")

    return _send(
        request, data, lambda language: _close_sheet(visit, organisation_id, About.POST, post_id, language), close
    )


def _close_sheet(visit: Visit, organisation_id: int, what: About, number: int, language: Language) -> Sheet:
    shown = visit.read(lambda uow: _shown(uow, organisation_id, what, number)).facts[-1]
    is_unit = what is About.UNIT
    return Sheet(
        N_("Close the unit") if is_unit else N_("Close the post"),
        N_("Close"),
        f"/o/{organisation_id}/{'units' if is_unit else 'posts'}/{number}",
        act_fields(today() + timedelta(days=1), ends=False),
        lead=N_("From that day on it is there no more. Whoever holds its posts has to leave them first."),
        about=shown.name(language) if is_unit else shown.title(language),
        danger=True,
        layout="base.html",
        section=_SECTION,
    )


@get("/o/{organisation_id:int}/units/acts/{act_id:int}/rescind", opt=_KEEP, sync_to_thread=True)
def rescind_page(request: Ask, visit: Visitor, organisation_id: Id, act_id: Id) -> Response[str]:
    return show(request, _rescind_sheet(visit, organisation_id, act_id), organisation=visit.read(organisation_at))


@post("/o/{organisation_id:int}/units/acts/{act_id:int}/rescind", opt=_KEEP, sync_to_thread=True)
def rescind(request: Ask, visit: Visitor, organisation_id: Id, act_id: Id, data: Sent) -> Response[Any]:
    def undo(visit: Visit, typed: Typed) -> Redirect:
        command = rescinding(typed)
        visit.run(lambda uow: service.rescind(uow, organisation_id, act_id, command))
        return done(f"/o/{organisation_id}/units")

    return _send(request, data, lambda _: _rescind_sheet(visit, organisation_id, act_id), undo)


def _rescind_sheet(visit: Visit, organisation_id: int, act_id: int) -> Sheet:
    act = visit.read(lambda uow: service.recorded_act(uow, organisation_id, act_id))
    where = "units" if act.about is About.UNIT else "posts"
    return rescind_sheet(act, f"/o/{organisation_id}/{where}/{act.subject_id}", _SECTION)


def _send(request: Ask, data: Sent, sheet: Any, command: Any) -> Response[Any]:
    visit = visit_of(request)
    context = {"organisation": visit.read(organisation_at)}
    return send(request, data, sheet, command, refused_by=_REFUSED, shown=lambda: context)


routes = [
    units,
    unit,
    staff_unit,
    new_unit_page,
    add_unit,
    unit_page,
    change_unit,
    new_post_page,
    add_post,
    post_page,
    change_post,
    close_unit_page,
    close_unit,
    close_post_page,
    close_post,
    rescind_page,
    rescind,
]
