"""The trail of changes: of an organisation, and of what concerns none; on a page and as a file."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import StringIO
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get
from litestar.response import Stream

from api.problems import status_of
from api.security import Visit, Visitor
from erp.base.cursors import CursorMalformed
from erp.base.dates import parse_day
from erp.base.errors import RuleViolated
from erp.base.inert import inert
from erp.base.uow import UnitOfWork
from erp.reference.access.model import Permission
from erp.reference.trail import service
from erp.reference.trail.model import TrailFilter, TrailPage
from web import lists
from web.faults import fault_sheet
from web.i18n import speech
from web.pages import Ask, Id, organisation_at, query_of, render
from web.tables.download import FORMATS, about, download
from web.tables.model import About, Table
from web.timeline import ACTIONS, Told, told

_OF_ORGANISATION = {"policy": Permission.AUDIT_READ}
_OF_SYSTEM = {"policy": Permission.SYSTEM_AUDIT}
_READ_AT_ONCE = 2000  # rows of a file


@dataclass(frozen=True)
class _Asked:
    """What an address asks of the trail: as typed, and as far as it can be read."""

    typed: dict[str, str]
    filter: TrailFilter
    fault: RuleViolated | None = None

    @classmethod
    def of(cls, request: Ask) -> "_Asked":
        query = query_of(request)
        typed = {name: query.get(name, "") for name in ("who", "action", "subject", "from", "to", "sign_ins")}
        words = TrailFilter(typed["who"], typed["action"], typed["subject"], with_sign_ins=typed["sign_ins"] == "on")
        try:
            first, last = (parse_day(typed[name]) if typed[name] else None for name in ("from", "to"))
        except RuleViolated as fault:
            return cls(typed, words, fault)
        return cls(typed, replace(words, first=first, last=last))

    def address(self, path: str, **more: str) -> str:
        query = urlencode({name: text for name, text in (self.typed | more).items() if text})
        return f"{path}?{query}" if query else path


@get("/o/{organisation_id:int}/audit", opt=_OF_ORGANISATION, sync_to_thread=True)
def audit(request: Ask, visit: Visitor, organisation_id: Id) -> Response[Any]:
    return _page(request, visit, organisation_id)


@get("/admin/audit", opt=_OF_SYSTEM, sync_to_thread=True)
def system_audit(request: Ask, visit: Visitor) -> Response[Any]:
    return _page(request, visit, None)


@get("/o/{organisation_id:int}/audit.csv", opt=_OF_ORGANISATION, sync_to_thread=True)
def audit_file(request: Ask, visit: Visitor, organisation_id: Id) -> Stream:
    return _file(request, visit, organisation_id)


@get("/admin/audit.csv", opt=_OF_SYSTEM, sync_to_thread=True)
def system_audit_file(request: Ask, visit: Visitor) -> Stream:
    return _file(request, visit, None)


def _page(request: Ask, visit: Visit, organisation_id: int | None) -> Response[Any]:
    asked, cursor, form = _Asked.of(request), query_of(request).get("cursor"), query_of(request).get("as")
    fault = asked.fault
    if form in FORMATS and fault is None:
        return download(visit, form, lambda uow: _whole(uow, visit, organisation_id, asked.filter))
    try:
        found = visit.read(lambda uow: service.trail(uow, organisation_id, asked.filter, cursor))
    except CursorMalformed as malformed:
        found, fault = TrailPage((), None), malformed
    path, say = request.url.path, speech(visit.language)
    return render(
        request,
        "admin/audit.html" if organisation_id is None else "audit.html",
        organisation=None if organisation_id is None else visit.read(organisation_at),
        section="audit",
        status=status_of(fault) if fault else 200,
        faults=fault_sheet(fault, visit.language).summary,
        asked=asked.typed,
        narrowed=asked.filter.narrowed,
        actions=sorted(((action, say(name)) for action, name in ACTIONS.items()), key=lambda each: each[1]),
        events=told(found.events, visit.language),
        path=path,
        file_url=asked.address(f"{path}.csv"),
        file_urls={form: asked.address(path, **{"as": form}) for form in FORMATS},
        next_url=asked.address(path, cursor=found.next_cursor) if found.next_cursor else "",
    )


def _whole(uow: UnitOfWork, visit: Visit, organisation_id: int | None, asked: TrailFilter) -> tuple[Table, About]:
    """The same rows, all pages of them."""
    organisation = None if organisation_id is None else organisation_at(uow)

    def page(cursor: str | None) -> tuple[list[Told], str | None]:
        found = service.trail(uow, organisation_id, asked, cursor, _READ_AT_ONCE)
        return told(found.events, visit.language), found.next_cursor

    return lists.trail(lists.every(page), speech(visit.language)), about(visit, organisation, "audit")


def _file(request: Ask, visit: Visit, organisation_id: int | None) -> Stream:
    """The same rows, all pages of them, in UTF-8 with the mark by which spreadsheet programs know it."""
    asked = _Asked.of(request)
    if asked.fault is not None:
        raise asked.fault
    name = "audit.csv" if organisation_id is None else f"audit-{organisation_id}.csv"
    return Stream(
        _lines(visit, organisation_id, asked.filter),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def _lines(visit: Visit, organisation_id: int | None, asked: TrailFilter) -> Iterator[str]:
    """Page by page, so that a long trail is neither one transaction nor held whole."""
    say = speech(visit.language)
    cursor: str | None = None
    heading = [column.title for column in lists.trail((), say).columns]
    while True:
        found = visit.read(lambda uow: service.trail(uow, organisation_id, asked, cursor, _READ_AT_ONCE))  # noqa: B023
        text = StringIO()
        rows = csv.writer(text)
        if cursor is None:
            text.write("\ufeff")
            rows.writerow(heading)
        for each in told(found.events, visit.language):
            rows.writerow([inert(cell) for cell in lists.cells_of(each)])
        yield text.getvalue()
        cursor = found.next_cursor
        if cursor is None:
            return


routes = [audit, system_audit, audit_file, system_audit_file]
