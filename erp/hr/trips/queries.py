"""One named function a statement.  Every function takes the scope; row-level security is the second witness."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import Connection, text

from erp.base.dates import DateInterval
from erp.base.db import many
from erp.base.scope import Scope
from erp.hr.requests.model import State
from erp.hr.trips.model import (
    CostKind,
    Norm,
    NormKind,
    Report,
    ReportAct,
    ReportLine,
    ReportState,
    TripRow,
    Waiting,
)
from erp.hr.trips.schemas import KEPT


def norms(connection: Connection, scope: Scope, first: date, last: date) -> list[Norm]:
    """Norms in force on some day from ``first`` through ``last``."""
    rows = connection.execute(
        text("""
            SELECT code, kind, area, value, unit, lower(in_force) AS start, upper(in_force) AS "end", confidence, source
              FROM reference_trip_norm
             WHERE in_force && daterange(CAST(:first AS date), CAST(:last AS date), '[]') ORDER BY code
        """),
        {"first": first, "last": last},
    )
    return [
        Norm(r.code, NormKind(r.kind), r.area, r.value, r.unit, DateInterval(r.start, r.end), r.confidence, r.source)
        for r in rows
    ]


# ------------------------------------------------------------------------------------------------ trips


def cancelled(connection: Connection, scope: Scope, organisation_id: int, person_id: int | None) -> dict[UUID, int]:
    """Cancelled trips in scope that asked for an advance and have no approved report: key to id."""
    rows = connection.execute(
        text("""
            SELECT r.key, r.id FROM hr_request r
              LEFT JOIN hr_trip_report t ON t.organisation_id = r.organisation_id AND t.request_id = r.id
             WHERE r.organisation_id = :organisation AND r.kind = 'trip' AND r.state = 'cancelled'
               AND (CAST(:person AS int) IS NULL OR r.person_id = :person)
               AND CAST(r.facts -> 'facts' ->> 'advance_tiyn' AS bigint) > 0 AND t.state IS DISTINCT FROM 'approved'
        """),
        {"organisation": organisation_id, "person": person_id},
    )
    return {row.key: row.id for row in rows}


def trips(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    narrowed: Waiting,
    person_id: int | None,
    paid: Collection[int],
    before: int | None,
    limit: int,
) -> list[TripRow]:
    """Trips in scope, the latest asked first; below the id ``before``.

    ``paid`` are the cancelled ones whose advance is paid.
    """
    rows = connection.execute(
        text("""
            SELECT r.id, r.key, r.person_id, r.state, r.version, lower(r.days) AS first, upper(r.days) - 1 AS last,
                   r.facts, coalesce(t.state, 'none') AS report, coalesce(t.revision, 0) AS revision, d.is_due,
                   (SELECT coalesce(sum(l.amount_tiyn), 0)::bigint FROM hr_trip_report_line l
                     WHERE l.organisation_id = r.organisation_id AND l.request_id = r.id
                       AND l.revision = t.revision) AS spent_tiyn
              FROM hr_request r
              LEFT JOIN hr_trip_report t ON t.organisation_id = r.organisation_id AND t.request_id = r.id
             CROSS JOIN LATERAL (
                   SELECT coalesce(t.state, 'none') IN ('none', 'returned')
                      AND (r.state IN ('approved', 'recalled') AND upper(r.days) <= reference_today()
                           OR r.id = ANY(:paid)) AS is_due) d
             WHERE r.organisation_id = :organisation AND r.kind = 'trip'
               AND (CAST(:person AS int) IS NULL OR r.person_id = :person)
               AND (CAST(:before AS int) IS NULL OR r.id < :before)
               AND CASE :narrowed
                   WHEN 'report' THEN t.state = 'submitted'
                   WHEN 'due' THEN d.is_due
                   ELSE true END
             ORDER BY r.id DESC LIMIT :limit
        """),
        {
            "organisation": organisation_id,
            "person": person_id,
            "paid": list(paid),
            "before": before,
            "narrowed": narrowed.value,
            "limit": limit,
        },
    )
    return many(
        lambda facts, state, report, **said: TripRow(
            trip=KEPT.validate_python(facts), state=State(state), report=ReportState(report), **said
        ),
        rows,
    )


def reports_waiting(connection: Connection, scope: Scope, organisation_id: int) -> int:
    """How many reports in scope wait for their approval."""
    number: int = connection.execute(
        text("SELECT count(*) FROM hr_trip_report WHERE organisation_id = :organisation AND state = 'submitted'"),
        {"organisation": organisation_id},
    ).scalar_one()
    return number


def advances(
    connection: Connection, scope: Scope, organisation_id: int, person_id: int, but: int | None
) -> list[tuple[UUID, date]]:
    """Key and first day of a person's trips that asked for an advance and have no approved report.

    For the person, who keeps records, and who decides on a request of theirs, at whatever desk the others were.
    """
    rows = connection.execute(
        text("""
            SELECT key, first FROM hr_trip_advances(:organisation, :person)
             WHERE request_id IS DISTINCT FROM CAST(:but AS int)
        """),
        {"organisation": organisation_id, "person": person_id, "but": but},
    )
    return [(row.key, row.first) for row in rows]


def lock_advances(connection: Connection, scope: Scope, person_id: int) -> None:
    """Wait for whoever approves an advance of the same person just now."""
    connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtext('hr_trip_advance'), :person)"), {"person": person_id}
    )


# ------------------------------------------------------------------------------------------------ reports


def report(connection: Connection, scope: Scope, organisation_id: int, request_id: int) -> Report | None:
    """The last revision with every act; ``None`` where nothing was handed in."""
    which = {"organisation": organisation_id, "request": request_id}
    head = connection.execute(
        text("""
            SELECT state, version, revision FROM hr_trip_report
             WHERE organisation_id = :organisation AND request_id = :request
        """),
        which,
    ).one_or_none()
    if head is None:
        return None
    acts = connection.execute(
        text("""
            SELECT a.version, a.act, a.revision, a.result, a.actor_id, coalesce(u.name, '') AS actor,
                   coalesce(o.name, '') AS on_behalf_of, a.lenders, a.reason, a.at
              FROM hr_trip_report_act a
              LEFT JOIN reference_user u ON u.id = a.actor_id LEFT JOIN reference_user o ON o.id = a.on_behalf_of
             WHERE a.organisation_id = :organisation AND a.request_id = :request ORDER BY a.version
        """),
        which,
    )
    return Report(
        ReportState(head.state),
        head.version,
        head.revision,
        tuple(lines(connection, scope, organisation_id, request_id, head.revision)),
        tuple(
            many(lambda act, lenders, **said: ReportAct(act=ReportState(act), lenders=frozenset(lenders), **said), acts)
        ),
    )


def lines(
    connection: Connection, scope: Scope, organisation_id: int, request_id: int, revision: int
) -> list[ReportLine]:
    """Costs as a revision of a report tells them."""
    rows = connection.execute(
        text("""
            SELECT kind, spent_on AS on, what, paper, abroad, amount_tiyn FROM hr_trip_report_line
             WHERE organisation_id = :organisation AND request_id = :request AND revision = :revision ORDER BY no
        """),
        {"organisation": organisation_id, "request": request_id, "revision": revision},
    )
    return many(lambda kind, **said: ReportLine(CostKind(kind), **said), rows)


def begin_report(connection: Connection, scope: Scope, organisation_id: int, request_id: int) -> None:
    """A report there is for each trip once."""
    connection.execute(
        text("""
            INSERT INTO hr_trip_report (organisation_id, request_id) VALUES (:organisation, :request)
            ON CONFLICT DO NOTHING
        """),
        {"organisation": organisation_id, "request": request_id},
    )


def insert_lines(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    request_id: int,
    revision: int,
    lines: Sequence[ReportLine],
) -> None:
    connection.execute(
        text("""
            INSERT INTO hr_trip_report_line (organisation_id, request_id, revision, no, kind, spent_on, what, paper,
                                             abroad, amount_tiyn)
            SELECT :organisation, :request, :revision, l.no, l.kind, l.spent_on, l.what, l.paper, l.abroad, l.amount
              FROM unnest(CAST(:kinds AS text[]), CAST(:days AS date[]), CAST(:whats AS text[]),
                          CAST(:papers AS text[]), CAST(:abroad AS boolean[]), CAST(:amounts AS bigint[]))
                   WITH ORDINALITY AS l(kind, spent_on, what, paper, abroad, amount, no)
        """),
        {
            "organisation": organisation_id,
            "request": request_id,
            "revision": revision,
            "kinds": [line.kind.value for line in lines],
            "days": [line.on for line in lines],
            "whats": [line.what for line in lines],
            "papers": [line.paper for line in lines],
            "abroad": [line.abroad for line in lines],
            "amounts": [line.amount_tiyn for line in lines],
        },
    )


def insert_act(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    request_id: int,
    act: ReportState,
    *,
    version: int,
    revision: int,
    result: str = "",
    reason: str = "",
) -> None:
    """What the scope's actor does; the database moves the report on, or refuses."""
    connection.execute(
        text("""
            INSERT INTO hr_trip_report_act (organisation_id, request_id, version, act, revision, result, origin, reason)
            VALUES (:organisation, :request, :version, :act, :revision, :result, :origin, :reason)
        """),
        {
            "organisation": organisation_id,
            "request": request_id,
            "version": version,
            "act": act.value,
            "revision": revision,
            "result": result,
            "origin": scope.actor.origin,
            "reason": reason,
        },
    )
