"""Reading the trail: of an organisation, of the whole system, of one document."""

from datetime import UTC, datetime, timedelta

from erp.base.cursors import CursorMalformed, number_in
from erp.base.uow import UnitOfWork
from erp.reference.trail import queries
from erp.reference.trail.model import Place, Sighting, TrailEvent, TrailFilter, TrailPage

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def trail(
    uow: UnitOfWork, organisation_id: int | None, asked: TrailFilter, cursor: str | None = None, limit: int = 50
) -> TrailPage:
    """Changes at an organisation, or with ``None`` those that concern none; the latest first.

    Raises: CursorMalformed.
    """
    after = _place(cursor) if cursor else None
    return _page(queries.trail(uow.connection, uow.scope, organisation_id, asked, after, limit + 1), limit)


def timeline(uow: UnitOfWork, *subjects: str, cursor: str | None = None, limit: int = 50) -> TrailPage:
    """All that happened to a document, like ``entry:12/2026/345``, and may be read; the latest first.

    A document may have been another before: ``prepared:12/7``.

    Raises: CursorMalformed.
    """
    after = _place(cursor) if cursor else None
    return _page(queries.timeline(uow.connection, uow.scope, subjects, after, limit + 1), limit)


def _page(events: list[TrailEvent], limit: int) -> TrailPage:
    shown = tuple(events[:limit])
    return TrailPage(shown, _cursor(shown[-1]) if len(events) > limit else None)


def _cursor(event: TrailEvent) -> str:
    return f"{(event.at - _EPOCH) // _MICROSECOND}.{event.source}.{event.id}"


def _place(cursor: str) -> Place:
    try:
        at, source, number = cursor.split(".")
        return Place(_EPOCH + number_in(at) * _MICROSECOND, source, number_in(number))
    except (ValueError, OverflowError):
        raise CursorMalformed() from None


def sightings(uow: UnitOfWork, organisation_id: int, *subjects: str) -> list[Sighting]:
    """Who opened the page of a document, the latest first; for those who may read it."""
    return queries.sightings(uow.connection, uow.scope, organisation_id, subjects)


def saw(uow: UnitOfWork, organisation_id: int, subject: str) -> None:
    """The scope's actor, who need not be let to write there, opened the page of a document.

    For a unit of work of its own: whatever else is in it would not wait for the disk either.
    """
    queries.note_sighting(uow.connection, uow.scope, organisation_id, subject)
