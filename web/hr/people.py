"""People of an organisation: the list of a day."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from litestar import Response, get

from api.security import Visitor
from erp.base.uow import UnitOfWork
from erp.hr.personnel import service
from erp.hr.personnel.model import PeoplePage, PersonRow
from erp.hr.staffing import service as staffing
from erp.hr.staffing.model import Unit
from erp.reference.access.model import Permission
from erp.reference.organisations.model import Organisation
from web import lists
from web.forms import TooLong
from web.hr.acts import Asked, chosen, share
from web.i18n import Speech, speech
from web.pages import Ask, Id, organisation_at, query_of, render
from web.tables.download import FORMATS, about, download
from web.tables.model import About, Column, Kind, Row, Table

_LONGEST = 100


@get("/o/{organisation_id:int}/staff", opt={"policy": Permission.STAFF_READ}, sync_to_thread=True)
def people(request: Ask, visit: Visitor, organisation_id: Id) -> Response[Any]:
    query, language = query_of(request), visit.language
    asked, words = Asked.of(visit, query), query.get("q", "")
    if len(words) > _LONGEST:
        asked, words = replace(asked, fault=TooLong(limit=_LONGEST)), ""

    def page(uow: UnitOfWork, unit_id: int | None, cursor: str | None) -> PeoplePage:
        return service.people_on(
            uow, organisation_id, asked.day, words=words, unit_id=unit_id, known_at=asked.known, cursor=cursor
        )

    def units_of(uow: UnitOfWork) -> tuple[list[Unit], int | None]:
        there = staffing.units(uow, organisation_id, asked.day, asked.known)
        return there, chosen([each.id for each in there], query.get("unit", ""))

    def whole(uow: UnitOfWork) -> tuple[Table, About]:
        _, unit_id = units_of(uow)

        def rows(after: str | None) -> tuple[Sequence[PersonRow], str | None]:
            found = page(uow, unit_id, after)
            return found.rows, found.next_cursor

        say = speech(language)
        return _table(lists.every(rows), say), about(visit, organisation_at(uow), "staff", *asked.facts(say))

    if query.get("as") in FORMATS and asked.fault is None:
        return download(visit, query["as"], whole)

    def read(uow: UnitOfWork) -> tuple[Organisation, list[Unit], int | None, PeoplePage, int]:
        there, unit_id = units_of(uow)
        count = service.count_on(uow, organisation_id, asked.day, asked.known)
        return organisation_at(uow), there, unit_id, page(uow, unit_id, query.get("cursor")), count

    organisation, there, unit_id, found, count = visit.read(read)
    more = asked.query(q=words, unit=str(unit_id or ""), cursor=found.next_cursor or "")
    return render(
        request,
        "personnel/list.html",
        organisation=organisation,
        section="staff",
        units=sorted(there, key=lambda each: each.name(language)),
        unit_id=unit_id,
        words=words,
        rows=found.rows,
        count=count,
        next_url=f"{request.url.path}{more}" if found.next_cursor else "",
        **asked.told(visit),
    )


def _table(found: Iterable[PersonRow], say: Speech) -> Table:
    language = say.language.value
    columns = [
        Column(say("Full name"), width=40),
        Column(say("Personnel number"), Kind.CODE),
        Column(say("Structural unit"), width=40),
        Column(say("Position"), width=40),
        Column(say("Category"), Kind.CODE),
        Column(say("Share"), Kind.CODE, width=8),
        Column(say("Since"), Kind.DAY),
    ]
    rows = (
        Row(
            [
                str(each.name),
                each.number,
                each.unit(language),
                each.title(language),
                each.category,
                share(each.percent),
                each.since,
            ]
        )
        for each in found
    )
    return Table(say("People on the staff"), columns, rows)
