"""The trail of changes under ``/api/v1``: who changed what, when, from where, and what it was before."""

from datetime import date, datetime
from typing import Annotated, Any

from litestar import get
from litestar.params import QueryParameter
from pydantic import Field

from api.conventions import API, BOOKS, Cursor, Limit, Organisation, Page, View
from api.security import Visit, Visitor
from erp.reference.access.model import Permission
from erp.reference.trail import service
from erp.reference.trail.model import TrailEvent, TrailFilter

Who = Annotated[str, QueryParameter(description="A login, or a part of a name.", max_length=100)]
Action = Annotated[str, QueryParameter(description="What was done: `month-closed`.", max_length=100)]
Subject = Annotated[
    str,
    QueryParameter(
        description="One subject, `entry:12/2026/345` (organisation, year, id) or `user:5`; or a kind, `user`.",
        max_length=200,
    ),
]
First = Annotated[date | None, QueryParameter(description="The first day, in the country's time.")]
Last = Annotated[date | None, QueryParameter(description="The last day, counted too.")]
Fields = Annotated[
    dict[str, Any] | None,
    Field(description="By field, what the act changed; null where there was nothing.", examples=[{"state": "open"}]),
]


class EventView(View):
    """One change; `number` names it where its proof is asked for."""

    number: str = Field(examples=["month/17"])
    at: datetime
    actor: str = Field(description="Empty for the program itself.", examples=["Гүлнар Сейітқали"])
    login: str = Field(examples=["gulnar"])
    on_behalf_of: str | None = Field(description="Whose rights the actor used, where he is a delegate.")
    origin: str = Field(description="Network address, or program.", examples=["10.20.0.15"])
    action: str = Field(examples=["month-closed"])
    subject: str = Field(examples=["month:12/2026-03"])
    facts: dict[str, Any] = Field(examples=[{"reason": ""}])
    before: Fields
    after: Fields

    @classmethod
    def of(cls, event: TrailEvent) -> "EventView":
        return cls(
            number=event.number,
            at=event.at,
            actor=event.actor,
            login=event.login,
            on_behalf_of=event.principal,
            origin=event.origin,
            action=event.action,
            subject=event.subject,
            facts=dict(event.facts),
            before=None if event.before is None else dict(event.before),
            after=None if event.after is None else dict(event.after),
        )


@get(f"{BOOKS}/audit", opt={"policy": Permission.AUDIT_READ}, sync_to_thread=True)
def list_events(
    visit: Visitor,
    organisation_id: Organisation,
    who: Who = "",
    action: Action = "",
    subject: Subject = "",
    first: First = None,
    last: Last = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[EventView]:
    """Changes at an organisation, the latest first: its books, months, years, people."""
    return _page(visit, organisation_id, TrailFilter(who, action, subject, first, last), cursor, limit)


@get(f"{API}/audit", opt={"policy": Permission.SYSTEM_AUDIT}, sync_to_thread=True)
def list_system_events(
    visit: Visitor,
    who: Who = "",
    action: Action = "",
    subject: Subject = "",
    first: First = None,
    last: Last = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[EventView]:
    """Changes that concern no organisation, the latest first: sign-ins, people, packages."""
    return _page(visit, None, TrailFilter(who, action, subject, first, last), cursor, limit)


def _page(
    visit: Visit, organisation_id: int | None, asked: TrailFilter, cursor: str | None, limit: int
) -> Page[EventView]:
    found = visit.read(lambda uow: service.trail(uow, organisation_id, asked, cursor, limit))
    return Page(items=[EventView.of(event) for event in found.events], next=found.next_cursor)


routes = [list_events, list_system_events]
