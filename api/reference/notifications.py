"""What one is told of, under ``/api/v1``."""

from datetime import datetime
from typing import Any

from litestar import get
from pydantic import Field

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


@get(f"{API}/notifications", opt=_OWN, sync_to_thread=True)
def list_notifications(visit: Visitor, cursor: Cursor = None, limit: Limit = 50) -> Page[NotificationView]:
    """Your own, the newest first; by a token that was made for less than all you may, those of the books it reads."""
    cut = visit.identity is not None and visit.identity.limits is not None
    within = visit.scope.reads if cut else None
    found = visit.read(lambda u: service.own(u, below=below(cursor), limit=limit + 1, within=within))
    return Page(
        items=[NotificationView.of(each) for each in found[:limit]],
        next=str(found[limit - 1].id) if len(found) > limit else None,
    )


routes = [list_notifications]
