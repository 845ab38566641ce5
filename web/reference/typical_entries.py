"""Typical entries: the list, and the suggestions under the field of the entry form."""

from itertools import groupby
from typing import Any

from litestar import Response, get
from litestar.params import FromQuery

from api.security import Visitor
from erp.base.clock import today
from erp.base.uow import UnitOfWork
from erp.reference.access.model import Permission
from erp.reference.typical_entries import service
from web import lists
from web.finance.reports import UNVERIFIED
from web.forms import day_typed, tidy
from web.i18n import speech
from web.pages import Ask, Id, organisation_at, query_of, render
from web.tables.download import FORMATS, about, download
from web.tables.model import About, Table

_READ = {"policy": Permission.JOURNAL_READ}
_SUGGESTED = 20


@get("/o/{organisation_id:int}/typical-entries", opt=_READ, sync_to_thread=True)
def typical_entries(request: Ask, visit: Visitor, organisation_id: Id, q: FromQuery[str] = "") -> Response[Any]:
    words, form = tidy(q), query_of(request).get("as")

    def whole(u: UnitOfWork) -> tuple[Table, About]:
        found, say = service.entries(u, today(), words), speech(visit.language)
        notes = [] if all(each.verified for each in found) else [say(UNVERIFIED)]
        facts = [(say("Words or number"), words)] if words else []
        head = about(visit, organisation_at(u), "typical-entries", *facts, notes=notes)
        return lists.typical_entries(found, say), head

    if form in FORMATS:
        return download(visit, form, whole)
    organisation, found = visit.read(lambda u: (organisation_at(u), service.entries(u, today(), words)))
    sections = [(section, list(entries)) for section, entries in groupby(found, key=lambda e: e.section)]
    return render(
        request, "typical/list.html", organisation=organisation, section="journal", words=words, sections=sections,
        unverified=any(not each.verified for each in found),
    )  # fmt: skip


@get("/o/{organisation_id:int}/typical-entries/suggest", opt=_READ, sync_to_thread=True)
def suggest_typical_entries(
    visit: Visitor, organisation_id: Id, q: FromQuery[str] = "", on: FromQuery[str] = ""
) -> list[dict[str, str | bool]]:
    """Typical entries for the list under a field."""
    day = day_typed(on) or today()
    found = visit.read(lambda u: service.entries(u, day, tidy(q)))[:_SUGGESTED]
    return [{"code": e.code, "name": e.name(visit.language), "verified": e.verified} for e in found]


routes = [typical_entries, suggest_typical_entries]
