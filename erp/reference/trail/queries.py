"""The trail is a union of what its owners publish; row-level security decides who reads which of it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, text

from erp.base.clock import LOCAL_TIME
from erp.base.db import many
from erp.base.scope import Scope
from erp.reference.trail.model import EntrySubject, Place, Sighting, TrailEvent, TrailFilter

# Each source gives the first rows of its own, so that no page reads more than it shows of any of them.
_SOURCE = """(
    SELECT t.source, t.id, t.organisation_id, t.at, t.actor_id, t.on_behalf_of, t.origin, t.action, t.subject, t.facts,
           t.before, t.after
      FROM {relation} t WHERE {narrowed}
     ORDER BY t.at DESC, t.id DESC LIMIT :limit)"""

# Schema 0010 wrote down locks and closes as events beside the changes of months and years, which tell them already.
_ONCE = """NOT (t.source = 'event' AND t.action IN
    ('month-closed', 'month-reopened', 'month-restricted', 'year-closed', 'year-reopened'))"""

SIGN_INS = ["signed-in", "sign-in-refused", "code-refused"]

_PERIOD = re.compile(r"(month|year):(\d{1,9})/.+")

_POSTED = """(
    SELECT 'entry' AS source, e.id, e.organisation_id, e.recorded_at AS at, e.actor_id, c.on_behalf_of,
           coalesce(c.origin, '') AS origin, 'posted-' || e.kind AS action,
           'entry:' || e.organisation_id || '/' || e.fiscal_year || '/' || e.id AS subject,
           CASE WHEN k.reason IS NULL THEN '{}' ELSE jsonb_build_object('reason', k.reason) END AS facts,
           NULL::jsonb AS before, NULL::jsonb AS after
      FROM ledger_entry e
      LEFT JOIN ledger_command c ON c.organisation_id = e.organisation_id AND c.entry_id = e.id
      LEFT JOIN ledger_correction k ON k.organisation_id = e.organisation_id AND k.by_entry_id = e.id
     WHERE (e.organisation_id, e.fiscal_year, e.id) = (:organisation, :year, :entry)
     UNION ALL
    SELECT 'entry', b.id, b.organisation_id, b.recorded_at, b.actor_id, c.on_behalf_of, coalesce(c.origin, ''),
           'cancelled-' || k.kind, 'entry:' || k.organisation_id || '/' || k.fiscal_year || '/' || k.entry_id,
           jsonb_build_object('reason', k.reason, 'number', b.number), NULL, NULL
      FROM ledger_correction k
      JOIN ledger_entry b
        ON (b.organisation_id, b.fiscal_year, b.id) = (k.organisation_id, k.by_fiscal_year, k.by_entry_id)
      LEFT JOIN ledger_command c ON c.organisation_id = b.organisation_id AND c.entry_id = b.id
     WHERE (k.organisation_id, k.entry_id) = (:organisation, :entry))"""

_NAMED = """
    SELECT t.source, t.id, t.organisation_id, t.at, t.actor_id, coalesce(u.name, '') AS actor,
           coalesce(u.login, '') AS login, w.name AS principal, t.origin, t.action, t.subject,
           CASE WHEN t.source = 'entry' THEN (
               SELECT j.code || ' № ' || e.number FROM ledger_entry e JOIN ledger_journal j ON j.id = e.journal_id
                WHERE e.organisation_id = t.organisation_id AND e.fiscal_year = split_part(t.subject, '/', 2)::int
                  AND e.id = split_part(t.subject, '/', 3)::bigint)
           ELSE coalesce(s.name, o.code, '') END AS subject_name, t.facts, t.before, t.after
      FROM ({sources}) t
      LEFT JOIN reference_user u ON u.id = t.actor_id
      LEFT JOIN reference_user w ON w.id = t.on_behalf_of
      LEFT JOIN reference_user s ON t.subject = 'user:' || s.id
      LEFT JOIN reference_organisation o ON t.subject = 'organisation:' || o.id
     WHERE {narrowed}
     ORDER BY t.at DESC, t.source DESC, t.id DESC LIMIT :limit
"""


def trail(
    connection: Connection,
    scope: Scope,
    organisation_id: int | None,
    asked: TrailFilter,
    after: Place | None,
    limit: int,
) -> list[TrailEvent]:
    """Changes at an organisation, or with ``None`` those that concern no organisation; the latest first."""
    where = "t.organisation_id IS NULL" if organisation_id is None else "t.organisation_id = :at_organisation"
    sources = ("event",) if organisation_id is None else ("event", "month", "year", "entry")
    narrowed = [where, *_narrowed(asked, after)]
    entry = EntrySubject.parse(asked.subject)
    if entry is not None:
        sources = ("event",)
    parts = [_source(source, narrowed) for source in sources]
    parameters = _parameters(asked, after) | {"at_organisation": organisation_id, "limit": limit}
    if entry is not None and entry.organisation_id == organisation_id:
        parts, parameters = [*parts, _POSTED], parameters | _named(entry)
    return _events(connection, parts, [*_narrowed(asked, after)], parameters)


def timeline(
    connection: Connection, scope: Scope, subjects: Sequence[str], after: Place | None, limit: int
) -> list[TrailEvent]:
    """All that happened to the subjects and may be read, wherever it was done; the latest first."""
    everything = TrailFilter()
    parameters = _parameters(everything, after) | {"limit": limit, "subjects": list(subjects)}
    narrowed = ["t.subject = ANY(:subjects)", *_narrowed(everything, after)]
    parts = [_source("event", narrowed)]
    periods = [found.groups() for subject in subjects if (found := _PERIOD.fullmatch(subject))]
    if periods:
        parameters |= {"of_books": sorted({int(organisation) for _, organisation in periods})}
        of_books = [*narrowed, "t.organisation_id = ANY(:of_books)"]  # their subjects are made as they are read
        parts += [_source(source, of_books) for source in sorted({kind for kind, _ in periods})]
    entries = [entry for subject in subjects if (entry := EntrySubject.parse(subject))]
    if entries:
        (entry,) = entries  # a document has one entry
        parts, parameters = [*parts, _POSTED], parameters | _named(entry)
    return _events(connection, parts, narrowed, parameters)


def _events(
    connection: Connection, parts: list[str], narrowed: list[str], parameters: Mapping[str, Any]
) -> list[TrailEvent]:
    statement = _NAMED.format(sources=" UNION ALL ".join(parts), narrowed=" AND ".join(narrowed) or "true")
    return many(TrailEvent, connection.execute(text(statement), parameters))


def _source(source: str, narrowed: list[str]) -> str:
    return _SOURCE.format(relation="base_trail", narrowed=" AND ".join([f"t.source = '{source}'", _ONCE, *narrowed]))


def _named(entry: EntrySubject) -> dict[str, int]:
    return {"organisation": entry.organisation_id, "year": entry.fiscal_year, "entry": entry.entry_id}


def _narrowed(asked: TrailFilter, after: Place | None) -> Iterator[str]:
    if asked.who:
        yield """t.actor_id IN (SELECT id FROM reference_user
                                 WHERE login = :who OR strpos(base_search_fold(name), base_search_fold(:who)) > 0)"""
    if asked.action:
        yield "t.action = :action"
    if not (asked.with_sign_ins or asked.action):
        yield "t.action <> ALL (:sign_ins)"
    if ":" in asked.subject:
        yield "t.subject = :subject"
    elif asked.subject:
        yield """(starts_with(t.subject, :subject || ':')
                  OR t.subject IN (SELECT 'user:' || id FROM reference_user
                                    WHERE login = :subject
                                       OR strpos(base_search_fold(name), base_search_fold(:subject)) > 0))"""
    if asked.first:
        yield "t.at >= :since"
    if asked.last:
        yield "t.at < coalesce(CAST(:until AS timestamptz), 'infinity')"
    if after is not None:
        yield "t.at <= :place_at AND (t.at, t.source, t.id) < (:place_at, :place_source, :place_id)"


def _parameters(asked: TrailFilter, after: Place | None) -> dict[str, Any]:
    def begins(day: date) -> datetime:
        return datetime.combine(day, time(), LOCAL_TIME)

    typed: dict[str, Any] = {"sign_ins": SIGN_INS, "who": asked.who, "action": asked.action, "subject": asked.subject}
    since = begins(asked.first) if asked.first else None
    until = begins(asked.last + timedelta(days=1)) if asked.last and asked.last < date.max else None
    place = {"place_at": after.at, "place_source": after.source, "place_id": after.id} if after else {}
    return {**typed, "since": since, "until": until, **place}


# ------------------------------------------------------------------------------------------------ who saw it


def sightings(connection: Connection, scope: Scope, organisation_id: int, subjects: Sequence[str]) -> list[Sighting]:
    """Who saw any of the subjects, the latest first."""
    found = connection.execute(
        text("""
            SELECT s.user_id, coalesce(u.name, '') AS name, min(s.at) AS first_at, max(s.at) AS last_at,
                   count(DISTINCT s.seen_on) AS days, bool_or(s.seen_on = reference_today()) AS is_today
              FROM base_sighting s LEFT JOIN reference_user u ON u.id = s.user_id
             WHERE s.organisation_id = :organisation AND s.subject = ANY(:subjects)
             GROUP BY s.user_id, u.name ORDER BY last_at DESC, s.user_id
        """),
        {"organisation": organisation_id, "subjects": list(subjects)},
    )
    return many(Sighting, found)


def note_sighting(connection: Connection, scope: Scope, organisation_id: int, subject: str) -> None:
    """The scope's actor sees the subject; nobody waits until the disk has it."""
    connection.execute(
        text("SELECT set_config('synchronous_commit', 'off', true), base_note_sighting(:organisation, :subject)"),
        {"organisation": organisation_id, "subject": subject},
    )
