"""A calendar of absences: people and days, as far as the reader may know of what kind each is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from erp.base.cursors import INTEGER, number_in
from erp.base.dates import DaySpan
from erp.base.uow import UnitOfWork
from erp.hr.personnel import service as personnel
from erp.hr.personnel.model import PersonRow
from erp.hr.requests import queries, service
from erp.hr.requests.heads import EVERYBODY
from erp.hr.requests.model import Kind, Whose
from erp.hr.staffing import service as staffing
from erp.hr.staffing.model import Unit


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days of one absence, as far as they are days of the calendar; ``kind`` is ``None`` for who may not know it."""

    days: DaySpan
    kind: Kind | None
    request_id: int | None = None
    waits: bool = False
    """Whether it is asked for, and nobody has decided yet."""

    @property
    def length(self) -> int:
        return (self.days.end - self.days.first).days


@dataclass(frozen=True, slots=True)
class Line:
    """A person of the calendar."""

    person: PersonRow
    stretches: tuple[Stretch, ...]

    def cells(self, days: DaySpan) -> Iterator[date | Stretch]:
        """The calendar from left to right: a stretch of absence, or a day that is none.

        Of stretches that share days, which only those that wait can, the first is shown.
        """
        day = days.first
        for stretch in (*self.stretches, None):
            until = stretch.days.first if stretch else days.end
            while day < until:
                yield day
                day += timedelta(days=1)
            if stretch and stretch.days.first == day:
                yield stretch
                day = stretch.days.end


@dataclass(frozen=True, slots=True)
class Calendar:
    days: DaySpan
    lines: Sequence[Line]
    units: Sequence[Unit]
    """All there are, to choose from."""
    next_cursor: str | None

    @property
    def away(self) -> list[Line]:
        """Who is away at all, or asks to be."""
        return [line for line in self.lines if line.stretches]


def calendar(
    uow: UnitOfWork,
    organisation_id: int,
    days: DaySpan,
    *,
    whose: Whose = EVERYBODY,
    with_kinds: bool,
    cursor: str | None = None,
    limit: int = 100,
) -> Calendar:
    """Who serves on any of the days, those first who are away; with kinds also who asks to be.

    Raises: CursorMalformed.
    """
    connection, scope = uow.connection, uow.scope
    served = queries.served(
        connection, scope, organisation_id, days, whose, with_kinds, _read_cursor(cursor), limit + 1
    )
    people = {row.person_id: row for _, row in served[:limit]}
    found: dict[int, list[Stretch]] = {}
    if with_kinds:
        for each, waits in (
            *((each, False) for each in service.absences(uow, organisation_id, days, people)),
            *((each, True) for each in service.asked_for(uow, organisation_id, days, people)),
        ):
            stretch = Stretch(_within(each.days, days), each.kind, each.request_id, waits)
            found.setdefault(each.person_id, []).append(stretch)
    else:
        for away in service.availability(uow, organisation_id, days, people):
            found.setdefault(away.person_id, []).append(Stretch(away.days, None))
    lines = [
        Line(row, tuple(sorted(found.get(row.person_id, ()), key=lambda of: (of.days.first, of.waits))))
        for row in people.values()
    ]
    is_here, last = served[limit - 1] if len(served) > limit else (False, None)
    further = f"{is_here:d} {last.person_id} {last.name}" if last else None
    return Calendar(days, lines, units(uow, organisation_id, days), further)


def units(uow: UnitOfWork, organisation_id: int, days: DaySpan) -> list[Unit]:
    """Those of the last day, then those that were there on the first and are no more."""
    there = {unit.id: unit for day in (days.last, days.first) for unit in staffing.units(uow, organisation_id, day)}
    return list(there.values())


def _read_cursor(cursor: str | None) -> queries.Place | None:
    """Raises: CursorMalformed."""
    is_here, number, name = (*(cursor or "").split(" ", 2), "", "")[:3]
    return queries.Place(is_here == "1", name, number_in(number, most=INTEGER)) if cursor else None


def own_unit(uow: UnitOfWork, organisation_id: int) -> int | None:
    """The unit in which the actor serves today."""
    person = personnel.person_of(uow, organisation_id)
    appointment = person.appointment if person else None
    return appointment.unit_id if appointment else None


def _within(days: DaySpan, frame: DaySpan) -> DaySpan:
    return DaySpan(max(days.first, frame.first), min(days.last, frame.last))
