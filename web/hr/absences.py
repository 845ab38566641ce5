"""Who is away: a month of a unit or of everybody, and the calendars that people's own programs read of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from dateutil.relativedelta import relativedelta
from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from api.hr.desks import DECIDE, READ, SELF
from api.problems import status_of
from api.security import Visitor
from erp.base.clock import today
from erp.base.dates import DaySpan, MonthMalformed, month_string, parse_month
from erp.base.i18n import N_
from erp.base.uow import UnitOfWork
from erp.hr.requests import calendar, heads, service
from erp.hr.requests.calendar import Calendar, Stretch
from erp.hr.requests.model import Covers, Feed, State, Stray, Whose
from erp.reference.calendar import service as working
from erp.reference.calendar.rules import CalendarUnknown
from erp.reference.organisations.model import Organisation
from web import lists
from web.faults import fault_sheet
from web.forms import number_typed
from web.hr.inbox import KINDS, STATES
from web.i18n import Speech, speech
from web.pages import Ask, Id, organisation_at, query_of, render, visit_of
from web.session import Sent
from web.signing import public_url
from web.tables.download import FORMATS, about, download
from web.tables.model import About, Table

COVERS = {Covers.OWN: N_("My own absences"), Covers.TEAM: N_("My unit: who is away, without why")}
WEEKDAYS = (N_("Mo"), N_("Tu"), N_("We"), N_("Th"), N_("Fr"), N_("Sa"), N_("Su"))
_ALL, _MINE = "all", "mine"


@dataclass(frozen=True)
class Asked:
    """Which month and whose, as the address says it.

    ``unit`` is a number, ``all``, ``mine``: those whose requests come to the actor, or empty: one's own unit.
    """

    month: date
    unit: str

    @classmethod
    def of(cls, query: Mapping[str, str], default: str) -> "Asked":
        """Raises: MonthMalformed."""
        month = parse_month(query["month"]) if query.get("month") else today().replace(day=1)
        return cls(month, query.get("unit") or default)

    @property
    def days(self) -> DaySpan:
        return DaySpan(self.month, self.month + relativedelta(months=1, days=-1))

    def with_own(self, uow: UnitOfWork, organisation_id: int) -> "Asked":
        """The same, one's own unit by its number."""
        if self.unit in (_ALL, _MINE) or number_typed(self.unit) is not None:
            return self
        own = calendar.own_unit(uow, organisation_id)
        return replace(self, unit=_ALL if own is None else str(own))

    def whose(self, uow: UnitOfWork, organisation_id: int) -> Whose:
        if self.unit == _MINE:
            return heads.at_own_desks(uow, organisation_id)
        chosen = number_typed(self.unit)
        units = calendar.units(uow, organisation_id, self.days)
        return heads.EVERYBODY if chosen is None else heads.of_unit(chosen, units)

    def query(self, months: int = 0, **more: str) -> str:
        month = month_string(self.month + relativedelta(months=months))
        return urlencode({"month": month, "unit": self.unit} | more)


@get("/o/{organisation_id:int}/absences", opt=SELF, sync_to_thread=True)
def absences(request: Ask, visit: Visitor, organisation_id: Id) -> Response[Any]:
    """For everybody who serves there: who is away, without why."""
    return _page(request, organisation_id, "", with_kinds=False)


@get("/o/{organisation_id:int}/inbox/absences", opt=DECIDE, sync_to_thread=True)
def absences_decided(request: Ask, visit: Visitor, organisation_id: Id) -> Response[Any]:
    """For who decides: also whether on leave or on a trip; first of those whose requests come to them."""
    return _page(request, organisation_id, _MINE, with_kinds=True)


@get("/o/{organisation_id:int}/staff/absences", opt=READ, sync_to_thread=True)
def absences_of_staff(request: Ask, visit: Visitor, organisation_id: Id) -> Response[Any]:
    """For who keeps the records: also whether on leave or on a trip."""
    return _page(request, organisation_id, _ALL, with_kinds=True)


@dataclass(frozen=True)
class Looked:
    organisation: Organisation
    shown: Calendar
    feeds: list[Feed]
    free: frozenset[date] | None
    """Days on which nobody works by the calendar of the country; ``None`` where it is not loaded."""
    strays: list[tuple[str, Stray]]
    """Absences on days on which the person does not serve, with names; for who keeps the records and who decides."""


def _page(request: Ask, organisation_id: int, default: str, *, with_kinds: bool) -> Response[Any]:
    visit, query, fault = visit_of(request), query_of(request), None
    try:
        asked = Asked.of(query, default)
    except MonthMalformed as refusal:
        fault, asked = refusal, Asked.of({"unit": query.get("unit", "")}, default)
    asked = visit.read(lambda uow: asked.with_own(uow, organisation_id))

    def shown(uow: UnitOfWork, cursor: str | None) -> Calendar:
        whose = asked.whose(uow, organisation_id)
        return calendar.calendar(uow, organisation_id, asked.days, whose=whose, with_kinds=with_kinds, cursor=cursor)

    def whole(uow: UnitOfWork) -> tuple[Table, About]:
        say = speech(visit.language)

        def page(cursor: str | None) -> tuple[list[tuple[str, str, Stretch]], str | None]:
            found = shown(uow, cursor)
            lines = [
                (str(line.person.name), line.person.unit(visit.language), each)
                for line in found.lines
                for each in line.stretches
            ]
            return lines, found.next_cursor

        table = lists.absences(lists.every(page), lambda stretch: _called(stretch, say), say)
        return table, about(visit, organisation_at(uow), f"absences-{month_string(asked.month)}")

    if query.get("as") in FORMATS and fault is None:
        return download(visit, query["as"], whole)

    def look(uow: UnitOfWork) -> Looked:
        return Looked(
            organisation_at(uow),
            shown(uow, query.get("cursor")),
            [] if with_kinds else service.feeds(uow, organisation_id),
            _free_days(uow, asked.days),
            _strays(uow, organisation_id) if with_kinds else [],
        )

    looked, address = visit.read(look), request.url.path
    cursor = looked.shown.next_cursor
    return render(
        request,
        "absences/month.html",
        organisation=looked.organisation,
        status=status_of(fault) if fault else 200,
        section="inbox" if address.endswith("/inbox/absences") else "absences",
        asked=asked,
        address=address,
        calendar=looked.shown,
        days=[asked.days.first + timedelta(days=n) for n in range((asked.days.end - asked.days.first).days)],
        today=today(),
        free=looked.free,
        weekdays=WEEKDAYS,
        kinds=KINDS,
        with_kinds=with_kinds,
        has_desk=default == _MINE,
        is_first=not query.get("cursor"),
        feeds={feed.covers: feed for feed in looked.feeds},
        covers=COVERS,
        strays=looked.strays,
        faults=fault_sheet(fault, visit.language).summary,
        earlier=f"{address}?{asked.query(-1)}",
        later=f"{address}?{asked.query(1)}",
        files=f"{address}?{asked.query()}",
        next_url=f"{address}?{asked.query(cursor=cursor)}" if cursor else "",
    )


def _called(of: Stretch, say: Speech) -> str:
    kind = say(KINDS[of.kind]) if of.kind else say("away")
    return f"{kind}, {say(STATES[State.SUBMITTED])}" if of.waits else kind


def _strays(uow: UnitOfWork, organisation_id: int) -> list[tuple[str, Stray]]:
    found = service.outside_service(uow, organisation_id)
    called = service.names(uow, organisation_id, {each.absence.person_id for each in found})
    return [(called[each.absence.person_id], each) for each in found]


def _free_days(uow: UnitOfWork, days: DaySpan) -> frozenset[date] | None:
    try:
        found = working.calendar(uow, days.first.year, days.last.year)
    except CalendarUnknown:  # said on the page: the days are shown all the same
        return None
    every = (days.first + timedelta(days=n) for n in range((days.end - days.first).days))
    return frozenset(day for day in every if not found.is_working(day))


# ------------------------------------------------------------------------------------------------ calendar addresses


@post("/o/{organisation_id:int}/absences/feeds", opt=SELF, sync_to_thread=True)
def make_feed(request: Ask, visit: Visitor, organisation_id: Id, data: Sent) -> Response[Any]:
    """The address is shown this once."""
    covers = Covers(data["covers"]) if data.get("covers") in set(Covers) else Covers.OWN
    made = visit.run(lambda uow: service.make_feed(uow, organisation_id, covers))
    return render(
        request,
        "absences/feed.html",
        organisation=visit.read(organisation_at),
        section="absences",
        covers=COVERS[covers],
        feed_url=f"{public_url(request)}/ical/{made.secret}.ics",
    )


@post("/o/{organisation_id:int}/absences/feeds/{feed_id:int}/revoke", opt=SELF, sync_to_thread=True)
def revoke_feed(request: Ask, visit: Visitor, organisation_id: Id, feed_id: FromPath[int], data: Sent) -> Redirect:
    visit.run(lambda uow: service.revoke_feed(uow, organisation_id, feed_id))
    return Redirect(f"/o/{organisation_id}/absences#feeds", status_code=303)


routes = [absences, absences_decided, absences_of_staff, make_feed, revoke_feed]
