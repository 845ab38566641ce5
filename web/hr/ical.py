"""The calendar that a person's own program reads at a secret address."""

from datetime import timedelta
from typing import Any

from icalendar import Calendar, Event, vDuration
from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from sqlalchemy import Engine

from erp.base import uow
from erp.base.clock import now, today
from erp.base.dates import DaySpan
from erp.base.errors import NotFound, NotPermitted
from erp.base.i18n import N_, Language
from erp.base.scope import system_scope
from erp.base.uow import UnitOfWork
from erp.hr.requests import service
from erp.hr.requests.model import Covers
from erp.hr.requests.queries import FeedOwner
from erp.reference.access import service as access
from erp.reference.access.model import Identity, Permission
from erp.reference.access.policy import authorise
from web.hr.inbox import KINDS
from web.i18n import Speech, speech
from web.pages import Ask

_BEFORE, _AFTER = timedelta(days=366), timedelta(days=550)
"""How far back and ahead a calendar reaches."""
_AGAIN = timedelta(hours=4)
"""How often a program that minds it asks again."""


@get("/ical/{code:str}", opt={"policy": Permission.PUBLIC, "anonymous": True}, sync_to_thread=True)
def feed(request: Ask, code: FromPath[str]) -> Response[Any]:
    """What the owner of the address may see today, and nothing once they may not or have revoked it."""
    engine: Engine = request.app.state.engine
    secret, _, ending = code.rpartition(".")
    try:
        owner, identity = uow.read(engine, system_scope(), lambda u: _owner(u, secret if ending == "ics" else ""))
        scope = authorise(identity, Permission.SELF_SERVICE, owner.organisation_id)
        written = uow.read(engine, scope, lambda u: _written(u, owner, speech(Language(identity.user.language))))
    except (NotFound, NotPermitted):  # whoever asks learns nothing of why
        raise NotFoundException from None
    return Response(
        written,
        media_type="text/calendar",
        headers={"Cache-Control": "private, no-cache", "Content-Disposition": 'inline; filename="qazyna.ics"'},
    )


def _owner(u: UnitOfWork, secret: str) -> tuple[FeedOwner, Identity]:
    """Raises: FeedUnknown, UserUnknown."""
    owner = service.feed_owner(u, secret)
    return owner, access.person(u, owner.login, today())


def _written(u: UnitOfWork, owner: FeedOwner, say: Speech) -> bytes:
    at, days = owner.organisation_id, DaySpan(today() - _BEFORE, today() + _AFTER)
    person = service.own_person(u, at)
    calendar = Calendar()
    calendar.add("prodid", "-//Qazyna//Absences//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", say(N_("My absences") if owner.covers == Covers.OWN else N_("Away in my unit")))
    calendar.add("refresh-interval", vDuration(_AGAIN, params={"value": "DURATION"}), encode=False)
    calendar.add("x-published-ttl", vDuration(_AGAIN), encode=False)
    if owner.covers == Covers.OWN:
        for each in service.absences(u, at, days, [person]):
            uid = f"absence-{at}-{each.request_id}@qazyna"
            calendar.add_component(_event(uid, each.days, say(KINDS[each.kind]).capitalize()))
    else:
        team = service.team(u, at, person, today())
        for away in service.availability(u, at, days, team):
            uid = f"away-{at}-{away.person_id}-{away.days.first:%Y%m%d}@qazyna"
            calendar.add_component(_event(uid, away.days, say(N_("{name} is away"), name=team[away.person_id])))
    written: bytes = calendar.to_ical()
    return written


def _event(uid: str, days: DaySpan, summary: str) -> Event:
    event = Event()
    event.add("uid", uid)
    event.add("dtstamp", now())
    event.add("dtstart", days.first)
    event.add("dtend", days.end)
    event.add("summary", summary)
    event.add("class", "PRIVATE")
    event.add("transp", "TRANSPARENT")
    return event


routes = [feed]
