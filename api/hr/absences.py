"""Who is away under ``/api/v1``, and the addresses of calendars."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from litestar import Request, get, post
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, QueryParameter
from pydantic import Field

from api.conventions import BOOKS, Organisation, Page, View
from api.hr.desks import OWN, READ, SELF
from api.security import Visitor
from erp.base.dates import DaySpan
from erp.hr.requests import model, service
from erp.hr.requests.schemas import MakeFeed

_AWAY = BOOKS + "/absences"
_FEEDS = OWN + "/calendar-feeds"

First = Annotated[date, QueryParameter(name="first", description="First day.")]
Last = Annotated[date, QueryParameter(name="last", description="Last day.")]
FeedBody = Annotated[MakeFeed, Body(examples=[Example(summary="One's own absences", value={"covers": "own"})])]


class AwayView(View):
    """Somebody is away on some of the days asked for: no kind, no reason."""

    person_id: int = Field(examples=[412])
    person: str = Field(examples=["Ахметов Ерлан Серікұлы"])
    first: date
    last: date


class AbsenceView(View):
    """The same whole, and of what kind, for who may know it."""

    request_id: int = Field(examples=[81])
    person_id: int = Field(examples=[412])
    person: str = Field(examples=["Ахметов Ерлан Серікұлы"])
    kind: Literal["leave", "trip"]
    first: date
    last: date


class StrayAbsenceView(AbsenceView):
    """An absence, and days of it on which the person does not serve, as it is known now."""

    outside_first: date
    outside_last: date


class CalendarFeedView(View):
    id: int = Field(examples=[3])
    covers: Literal["own", "team"]
    made_at: datetime

    @classmethod
    def of(cls, feed: model.Feed) -> "CalendarFeedView":
        return cls(id=feed.id, covers=feed.covers.value, made_at=feed.made_at)


class CalendarAddressView(View):
    id: int = Field(description="By which it is revoked.", examples=[3])
    address: str = Field(
        description="Who has it reads the calendar; it is told this once.",
        examples=["https://qazyna.example.kz/ical/Zm9v.ics"],
    )


@get(_AWAY, opt=SELF, sync_to_thread=True)
def list_away(visit: Visitor, organisation_id: Organisation, first: First, last: Last) -> Page[AwayView]:
    """Who is away on which of the days, for everybody who serves there; without why."""
    days = DaySpan.of(first, last)
    found, names = visit.read(
        lambda uow: (
            away := service.availability(uow, organisation_id, days),
            service.names(uow, organisation_id, {each.person_id for each in away}),
        )
    )
    return Page(
        items=[
            AwayView(person_id=a.person_id, person=names[a.person_id], first=a.days.first, last=a.days.last)
            for a in found
        ]
    )


@get(BOOKS + "/staff/absences", opt=READ, sync_to_thread=True)
def list_absences(visit: Visitor, organisation_id: Organisation, first: First, last: Last) -> Page[AbsenceView]:
    """Absences that share a day with those asked for, each with its kind."""
    days = DaySpan.of(first, last)
    found, names = visit.read(
        lambda uow: (
            absences := service.absences(uow, organisation_id, days),
            service.names(uow, organisation_id, {each.person_id for each in absences}),
        )
    )
    return Page(
        items=[
            AbsenceView(
                request_id=a.request_id,
                person_id=a.person_id,
                person=names[a.person_id],
                kind=a.kind.value,
                first=a.days.first,
                last=a.days.last,
            )
            for a in found
        ]
    )


@get(BOOKS + "/staff/absences/outside-service", opt=READ, sync_to_thread=True)
def list_absences_outside_service(visit: Visitor, organisation_id: Organisation) -> Page[StrayAbsenceView]:
    """Absences approved for days on which the person does not serve: a recall gives the days back."""
    found, names = visit.read(
        lambda uow: (
            strays := service.outside_service(uow, organisation_id),
            service.names(uow, organisation_id, {each.absence.person_id for each in strays}),
        )
    )
    return Page(
        items=[
            StrayAbsenceView(
                request_id=each.absence.request_id,
                person_id=each.absence.person_id,
                person=names[each.absence.person_id],
                kind=each.absence.kind.value,
                first=each.absence.days.first,
                last=each.absence.days.last,
                outside_first=each.outside.first,
                outside_last=each.outside.last,
            )
            for each in found
        ]
    )


@get(_FEEDS, opt=SELF, sync_to_thread=True)
def list_calendar_feeds(visit: Visitor, organisation_id: Organisation) -> Page[CalendarFeedView]:
    """Your addresses of calendars that still open."""
    found = visit.read(lambda uow: service.feeds(uow, organisation_id))
    return Page(items=[CalendarFeedView.of(feed) for feed in found])


@post(_FEEDS, opt=SELF, sync_to_thread=True)
def make_calendar_feed(
    request: Request[Any, Any, Any], visit: Visitor, organisation_id: Organisation, data: FeedBody
) -> CalendarAddressView:
    """Make a secret address by which a program reads a calendar (iCal); one made before for the same opens no more."""
    made = visit.run(lambda uow: service.make_feed(uow, organisation_id, data.covers))
    seen_at = request.app.state.options.seen_at(request.base_url)
    return CalendarAddressView(id=made.id, address=f"{seen_at}/ical/{made.secret}.ics")


@post(f"{_FEEDS}/{{feed_id:int}}/revoke", opt=SELF, sync_to_thread=True, status_code=200)
def revoke_calendar_feed(
    visit: Visitor, organisation_id: Organisation, feed_id: FromPath[int]
) -> Page[CalendarFeedView]:
    """Close one. Answers with those that still open."""

    visit.run(lambda uow: service.revoke_feed(uow, organisation_id, feed_id))
    found = visit.read(lambda uow: service.feeds(uow, organisation_id))
    return Page(items=[CalendarFeedView.of(feed) for feed in found])


routes = [
    list_away,
    list_absences,
    list_absences_outside_service,
    list_calendar_feeds,
    make_calendar_feed,
    revoke_calendar_feed,
]
