"""A calendar of absences: people and days, as far as the reader may know of what kind each is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from erp.base.dates import DaySpan
from erp.base.uow import UnitOfWork
from erp.hr.personnel import service as personnel
from erp.hr.personnel.model import PersonRow
from erp.hr.requests import service
from erp.hr.requests.model import Kind
from erp.hr.staffing import service as staffing
from erp.hr.staffing.model import Unit


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days of one absence, as far as they are days of the calendar; ``kind`` is ``None`` for who may not know it."""

    days: DaySpan
    kind: Kind | None
    request_id: int | None = None

    @property
    def length(self) -> int:
        return (self.days.end - self.days.first).days


@dataclass(frozen=True, slots=True)
class Line:
    """A person of the calendar."""

    person: PersonRow
    stretches: tuple[Stretch, ...]

    def cells(self, days: DaySpan) -> Iterator[date | Stretch]:
        """The calendar from left to right: a stretch of absence, or a day that is none."""
        day, coming = days.first, iter(self.stretches)
        following = next(coming, None)
        while day < days.end:
            if following is not None and day == following.days.first:
                yield following
                day, following = following.days.end, next(coming, None)
            else:
                yield day
                day += timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Calendar:
    days: DaySpan
    lines: Sequence[Line]
    units: Sequence[Unit]
    """All there are, to choose from."""
    unit_id: int | None
    """Whose people it shows; ``None``: everybody's."""
    next_cursor: str | None

    @property
    def away(self) -> list[Line]:
        """Who is away at all."""
        return [line for line in self.lines if line.stretches]


def calendar(
    uow: UnitOfWork,
    organisation_id: int,
    days: DaySpan,
    *,
    unit_id: int | None,
    with_kinds: bool,
    cursor: str | None = None,
    limit: int = 100,
) -> Calendar:
    """Who serves in a unit on the last of the days, and who of them is away.  Raises: CursorMalformed."""
    page = personnel.people_on(uow, organisation_id, days.last, unit_id=unit_id, cursor=cursor, limit=limit)
    people = {row.person_id: row for row in reversed(page.rows)}  # one line a person, by the first of their posts
    found: dict[int, list[Stretch]] = {}
    if with_kinds:
        for absence in service.absences(uow, organisation_id, days, people):
            stretch = Stretch(_within(absence.days, days), absence.kind, absence.request_id)
            found.setdefault(absence.person_id, []).append(stretch)
    else:
        for away in service.availability(uow, organisation_id, days, people):
            found.setdefault(away.person_id, []).append(Stretch(away.days, None))
    lines = [Line(row, tuple(found.get(row.person_id, ()))) for row in reversed(people.values())]
    return Calendar(days, lines, staffing.units(uow, organisation_id, days.last), unit_id, page.next_cursor)


def own_unit(uow: UnitOfWork, organisation_id: int, day: date) -> int | None:
    """The unit in which the actor serves on a day."""
    person = personnel.person_of(uow, organisation_id)
    appointment = person.appointment if person else None
    return appointment.unit_id if appointment else None


def _within(days: DaySpan, frame: DaySpan) -> DaySpan:
    return DaySpan(max(days.first, frame.first), min(days.last, frame.last))
