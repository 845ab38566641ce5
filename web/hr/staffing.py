"""The staffing table on its pages: the chart of units, posts and who holds them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Response, get

from api.security import Visitor
from erp.base.i18n import Language
from erp.base.uow import UnitOfWork
from erp.hr.personnel import service as personnel
from erp.hr.personnel.model import Appointment, Name
from erp.hr.staffing import service
from erp.hr.staffing.model import About, RecordedAct, StaffUnit, Unit
from erp.reference.access.model import Permission
from erp.reference.organisations.model import Organisation
from web.hr import staffing_acts
from web.hr.acts import Asked, share
from web.i18n import Speech, alphabetical, speech
from web.pages import Ask, Id, organisation_at, query_of, render, visit_of
from web.tables.download import FORMATS, about, download
from web.tables.model import About as AboutFile
from web.tables.model import Column, Kind, Row, Table

_READ = {"policy": Permission.STAFF_READ}
_SECTION = "units"


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
        return _staffing_table(chart, say), about(visit, chart.organisation, "staffing", *asked.facts(say))

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


def _shown(uow: UnitOfWork, organisation_id: int, what: About, number: int, asked: Asked) -> Shown:
    day, known_at = asked.day, asked.known
    return Shown(
        organisation_at(uow),
        service.facts(uow, organisation_id, what, number, day, known_at),
        service.acts_on(uow, organisation_id, what, number, known_at),
        {each.id: each for each in service.units(uow, organisation_id, day, known_at)},
        {each.id: each for each in service.posts(uow, organisation_id, day, known_at)},
    )


def _subject_page(request: Ask, organisation_id: int, what: About, number: int) -> Response[str]:
    visit = visit_of(request)
    asked = Asked.of(visit, query_of(request))
    shown = visit.read(lambda uow: _shown(uow, organisation_id, what, number, asked))
    return render(
        request,
        "staffing/unit.html" if what is About.UNIT else "staffing/post.html",
        organisation=shown.organisation,
        section=_SECTION,
        shown=shown,
        number=number,
        **asked.told(visit),
    )


@get("/o/{organisation_id:int}/units/{unit_id:int}", opt=_READ, sync_to_thread=True)
def unit(request: Ask, visit: Visitor, organisation_id: Id, unit_id: Id) -> Response[str]:
    return _subject_page(request, organisation_id, About.UNIT, unit_id)


@get("/o/{organisation_id:int}/posts/{post_id:int}", opt=_READ, sync_to_thread=True)
def staff_unit(request: Ask, visit: Visitor, organisation_id: Id, post_id: Id) -> Response[str]:
    return _subject_page(request, organisation_id, About.POST, post_id)


routes = [*staffing_acts.routes, units, unit, staff_unit]
