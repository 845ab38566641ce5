"""What one is told of, under ``/api/v1``."""

from datetime import datetime
from typing import Annotated, Any

from litestar import get, post, put
from litestar.openapi.spec import Example
from litestar.params import Body
from pydantic import BaseModel, ConfigDict, Field

from api.conventions import API, Cursor, Limit, Page, View
from api.reference.jobs import below
from api.security import Visitor
from erp.reference.access.model import Permission
from erp.reference.notifications import service
from erp.reference.notifications.model import Notification

_OWN = {"policy": Permission.SIGNED_IN}


class NotificationView(View):
    id: int
    kind: str = Field(examples=["mentioned"])
    subject: str = Field(description="What it is about.", examples=["entry:12/2026/345"])
    facts: dict[str, Any] = Field(examples=[{"what": "MO-06 № 15"}])
    actor: str | None = Field(description="Null for the program.", examples=["Айгүл Серікова"])
    at: datetime
    read_at: datetime | None

    @classmethod
    def of(cls, told: Notification) -> "NotificationView":
        return cls(
            id=told.id,
            kind=told.kind.value,
            subject=told.subject,
            facts=told.facts,
            actor=told.actor,
            at=told.at,
            read_at=told.read_at,
        )


class ContactView(View):
    address: str = Field(description="Of electronic mail; empty where none is known.", examples=["aigul@example.kz"])
    by_mail: bool = Field(description="Whether notifications are sent there as well.")


class SetContact(BaseModel):
    """Where you are written to, and whether."""

    model_config = ConfigDict(extra="forbid")

    address: str = Field(max_length=254)
    by_mail: bool


_CONTACT = Example(summary="Notifications by mail", value={"address": "aigul@example.kz", "by_mail": True})
ContactBody = Annotated[SetContact, Body(examples=[_CONTACT])]


@get(f"{API}/notifications", opt=_OWN, sync_to_thread=True)
def list_notifications(visit: Visitor, cursor: Cursor = None, limit: Limit = 50) -> Page[NotificationView]:
    """Your own, the newest first."""
    found = visit.read(lambda u: service.own(u, below=below(cursor), limit=limit + 1))
    return Page(
        items=[NotificationView.of(each) for each in found[:limit]],
        next=str(found[limit - 1].id) if len(found) > limit else None,
    )


@post(f"{API}/notifications/read", opt=_OWN, sync_to_thread=True, status_code=204)
def read_all(visit: Visitor) -> None:
    """Mark all of yours as read."""
    visit.run(service.read_all)


@get(f"{API}/contact", opt=_OWN, sync_to_thread=True)
def get_contact(visit: Visitor) -> ContactView:
    """Where you are written to, and whether."""
    found = visit.read(service.contact)
    return ContactView(address=found.address, by_mail=found.by_mail)


@put(f"{API}/contact", opt=_OWN, sync_to_thread=True)
def put_contact(visit: Visitor, data: ContactBody) -> ContactView:
    """Where you are written to, and whether."""
    visit.run(lambda u: service.set_contact(u, data.address, by_mail=data.by_mail))
    found = visit.read(service.contact)
    return ContactView(address=found.address, by_mail=found.by_mail)


routes = [list_notifications, read_all, get_contact, put_contact]
