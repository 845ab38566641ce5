"""One named function a statement.  Every function takes the scope; row-level security is the second witness."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text
from sqlalchemy.exc import IntegrityError

from erp.base.dates import DateInterval
from erp.base.db import many, one
from erp.base.scope import Scope
from erp.finance.approvals.model import (
    Act,
    Bookkeeper,
    Duty,
    DutyException,
    Hands,
    Head,
    PreparedFilter,
    PreparedRow,
    Revision,
    Route,
    Standing,
    State,
    Step,
    Unapproved,
    Waiting,
)
from erp.finance.journal.model import Journal

# ------------------------------------------------------------------------------------------------ prepared entries


def insert_prepared(connection: Connection, scope: Scope, organisation_id: int, key: UUID) -> int | None:
    """Id of what is going to be prepared; ``None`` where the key is taken."""
    return connection.execute(
        text("""
            INSERT INTO finance_prepared (organisation_id, key) VALUES (:organisation, :key)
            ON CONFLICT DO NOTHING RETURNING id
        """),
        {"organisation": organisation_id, "key": key},
    ).scalar_one_or_none()


def insert_revision(
    connection: Connection, scope: Scope, organisation_id: int, prepared_id: int, revision: Revision
) -> None:
    connection.execute(
        text("""
            INSERT INTO finance_prepared_revision (organisation_id, prepared_id, no, kind, schema_version, command,
                                                   content_hash, journal_id, effective_on, memo, document_number,
                                                   amount_tiyn)
            VALUES (:organisation, :prepared, :no, :kind, :schema_version, CAST(:command AS jsonb), :content_hash,
                    :journal, :effective_on, :memo, :document_number, :amount_tiyn)
        """),
        {
            "organisation": organisation_id,
            "prepared": prepared_id,
            "no": revision.no,
            "kind": revision.kind,
            "schema_version": revision.schema_version,
            "command": json.dumps(revision.command, ensure_ascii=False),
            "content_hash": revision.content_hash,
            "journal": revision.journal_id,
            "effective_on": revision.effective_on,
            "memo": revision.memo,
            "document_number": revision.document_number,
            "amount_tiyn": revision.amount_tiyn,
        },
    )


def insert_act(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    prepared_id: int,
    act: State,
    *,
    version: int,
    revision: int,
    reason: str = "",
    exception_id: int | None = None,
    signature_id: int | None = None,
) -> None:
    """What the scope's actor does; the database moves the prepared entry on, or refuses."""
    connection.execute(
        text("""
            INSERT INTO finance_prepared_act (organisation_id, prepared_id, version, act, revision, actor_id,
                                              on_behalf_of, origin, reason, exception_id, signature_id)
            VALUES (:organisation, :prepared, :version, :act, :revision, :actor, :on_behalf_of, :origin, :reason,
                    :exception, :signature)
        """),
        {
            "organisation": organisation_id,
            "prepared": prepared_id,
            "version": version,
            "act": act.value,
            "revision": revision,
            "actor": scope.actor.id,
            "on_behalf_of": scope.on_behalf_of,
            "origin": scope.actor.origin,
            "reason": reason,
            "exception": exception_id,
            "signature": signature_id,
        },
    )


def lock(connection: Connection, scope: Scope, organisation_id: int, prepared_id: int) -> None:
    """Wait for whoever acts on the same prepared entry just now."""
    connection.execute(
        text("SELECT finance_lock_prepared(:organisation, :prepared)"),
        {"organisation": organisation_id, "prepared": prepared_id},
    )


_HEAD = (
    "SELECT id, key, state, version, revision, next_step FROM finance_prepared WHERE organisation_id = :organisation"
)


def _head(row: Row[Any] | None) -> Head | None:
    if row is None:
        return None
    return Head(row.id, row.key, State(row.state), row.version, row.revision, _step(row.next_step))


def head(connection: Connection, scope: Scope, organisation_id: int, prepared_id: int) -> Head | None:
    found = connection.execute(
        text(f"{_HEAD} AND id = :prepared"), {"organisation": organisation_id, "prepared": prepared_id}
    )
    return _head(found.one_or_none())


def head_of_key(connection: Connection, scope: Scope, organisation_id: int, key: UUID) -> Head | None:
    found = connection.execute(text(f"{_HEAD} AND key = :key"), {"organisation": organisation_id, "key": key})
    return _head(found.one_or_none())


def revision(connection: Connection, scope: Scope, organisation_id: int, prepared_id: int, no: int) -> Revision:
    row = connection.execute(
        text("""
            SELECT no, kind, schema_version, command, content_hash, journal_id, effective_on, memo, document_number,
                   amount_tiyn, steps, cms
              FROM finance_prepared_revision
             WHERE organisation_id = :organisation AND prepared_id = :prepared AND no = :no
        """),
        {"organisation": organisation_id, "prepared": prepared_id, "no": no},
    ).one()
    said = dict(row._mapping)
    route = _route(said.pop("steps"), said.pop("cms"))
    return Revision(**said, route=route)


def _route(steps: Sequence[str], cms: Sequence[str]) -> Route:
    return Route(tuple(map(Step, steps)), frozenset(map(Step, cms)))


def _step(name: str | None) -> Step | None:
    return Step(name) if name else None


def routes(connection: Connection, scope: Scope, organisation_id: int, prepared: Collection[int]) -> dict[int, Route]:
    """Routes of prepared entries as their last revisions go them."""
    rows = connection.execute(
        text("""
            SELECT p.id, r.steps, r.cms
              FROM finance_prepared p
              JOIN finance_prepared_revision r
                ON r.organisation_id = p.organisation_id AND r.prepared_id = p.id AND r.no = p.revision
             WHERE p.organisation_id = :organisation AND p.id = ANY(:prepared)
        """),
        {"organisation": organisation_id, "prepared": list(prepared)},
    )
    return {row.id: _route(row.steps, row.cms) for row in rows}


def acts(connection: Connection, scope: Scope, organisation_id: int, prepared: Collection[int]) -> dict[int, list[Act]]:
    """Every act on prepared entries, the first first."""
    rows = connection.execute(
        text("""
            SELECT a.prepared_id, a.version, a.act, a.revision, a.actor_id, coalesce(u.name, '') AS actor,
                   a.on_behalf_of AS on_behalf_of_id, coalesce(b.name, '') AS on_behalf_of, a.lenders,
                   a.origin, a.reason, a.exception_id, a.signature_id, a.at
              FROM finance_prepared_act a
              LEFT JOIN reference_user u ON u.id = a.actor_id
              LEFT JOIN reference_user b ON b.id = a.on_behalf_of
             WHERE a.organisation_id = :organisation AND a.prepared_id = ANY(:prepared) ORDER BY a.version
        """),
        {"organisation": organisation_id, "prepared": list(prepared)},
    )
    found: dict[int, list[Act]] = {each: [] for each in prepared}
    for row in rows:
        said = dict(row._mapping) | {"act": State(row.act), "lenders": frozenset(row.lenders)}
        found[said.pop("prepared_id")].append(Act(**said))
    return found


_FOR_HANDS = """
    p.next_step = ANY(:steps)
    AND (NOT p.behind && CASE p.next_step WHEN 'first-signature' THEN CAST(:signer AS int[])
                         ELSE CAST(:approver AS int[]) END
         OR EXISTS (SELECT FROM finance_duty_exception x
                     WHERE x.organisation_id = p.organisation_id AND x.user_id = :actor
                       AND x.in_force @> CAST(:day AS date)))
"""


def _hands(scope: Scope, hands: Hands, day: date) -> dict[str, Any]:
    return {
        "steps": [step.value for step in Step if hands.of(step) is not None],
        "approver": sorted(hands.approver or ()),
        "signer": sorted(hands.signer or ()),
        "actor": scope.actor.id,
        "day": day,
    }


def rows(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    narrowed: PreparedFilter,
    before: int | None,
    limit: int,
    day: date,
    ids: Sequence[int] | None = None,
) -> list[PreparedRow]:
    """Prepared entries, the newest first; below the id ``before``, of ``ids`` alone where they are given.

    ``day`` is that on which exceptions count.
    """
    found = connection.execute(
        text(f"""
            SELECT p.id, p.version, p.state, p.next_step, coalesce(p.next_step = ANY(r.cms), false) AS needs_cms,
                   r.kind, j.code AS journal_code, r.effective_on, r.memo, r.document_number, r.amount_tiyn,
                   p.prepared_by AS prepared_by_id, coalesce(u.name, '') AS prepared_by, p.behind,
                   a.at AS prepared_at, c.entry_id,
                   EXISTS (SELECT FROM finance_prepared_act x
                            WHERE x.organisation_id = p.organisation_id AND x.prepared_id = p.id
                              AND x.revision = p.revision AND x.exception_id IS NOT NULL) AS under_exception
              FROM finance_prepared p
              JOIN finance_prepared_revision r
                ON (r.organisation_id, r.prepared_id, r.no) = (p.organisation_id, p.id, p.revision)
              JOIN ledger_journal j ON j.id = r.journal_id
             CROSS JOIN LATERAL (SELECT at FROM finance_prepared_act
                                  WHERE organisation_id = p.organisation_id AND prepared_id = p.id AND act = 'prepared'
                                  ORDER BY version DESC LIMIT 1) a
              LEFT JOIN reference_user u ON u.id = p.prepared_by
              LEFT JOIN ledger_command c
                ON p.state = 'approved' AND c.organisation_id = p.organisation_id AND c.key = p.key
             WHERE p.organisation_id = :organisation AND p.state = ANY(:states)
               AND (CAST(:journal AS text) IS NULL OR j.code = :journal)
               AND (CAST(:through AS date) IS NULL OR r.effective_on <= :through)
               AND (CAST(:preparer AS int) IS NULL OR p.prepared_by = :preparer)
               AND (CAST(:before AS int) IS NULL OR p.id < :before)
               AND (CAST(:ids AS int[]) IS NULL OR p.id = ANY(:ids))
               AND ({_FOR_HANDS if narrowed.hands else "true"})
             ORDER BY p.id DESC LIMIT :limit
        """),
        {
            "organisation": organisation_id,
            "states": [state.value for state in narrowed.states],
            "journal": narrowed.journal,
            "through": narrowed.through,
            "preparer": narrowed.preparer,
            "before": before,
            "ids": list(ids) if ids is not None else None,
            "limit": limit,
            **(_hands(scope, narrowed.hands, day) if narrowed.hands else {}),
        },
    )
    return [
        PreparedRow(
            **dict(row._mapping)
            | {"state": State(row.state), "next_step": _step(row.next_step), "behind": frozenset(row.behind)}
        )
        for row in found
    ]


def preparer(connection: Connection, scope: Scope, organisation_id: int, prepared_id: int) -> int:
    """The author of the last revision."""
    return int(
        connection.execute(
            text("SELECT prepared_by FROM finance_prepared WHERE organisation_id = :organisation AND id = :prepared"),
            {"organisation": organisation_id, "prepared": prepared_id},
        ).scalar_one()
    )


def waiting(connection: Connection, scope: Scope, organisation_id: int, hands: Hands, day: date) -> Waiting:
    """What waits here for the scope's actor: steps that are ``hands``' to take, and what was returned to the actor."""
    row = connection.execute(
        text(f"""
            SELECT count(*) FILTER (WHERE {_FOR_HANDS}) AS to_approve,
                   count(*) FILTER (WHERE p.state = 'returned' AND p.prepared_by = :actor) AS to_mend,
                   EXISTS (SELECT FROM finance_journal_duty WHERE organisation_id = :organisation) AS is_asked
              FROM finance_prepared p
             WHERE p.organisation_id = :organisation AND p.state IN ('prepared', 'checked', 'first-signed', 'returned')
        """),
        {"organisation": organisation_id, **_hands(scope, hands, day)},
    ).one()
    return one(Waiting, row)


def standings(
    connection: Connection,
    scope: Scope,
    organisations: Collection[int],
    approves: Collection[int],
    signs: Collection[int],
    day: date,
) -> dict[int, Standing]:
    """How organisations in scope stand for its actor, who checks and approves at some and gives first signatures."""
    rows = connection.execute(
        text("""
            WITH waiting AS (
                SELECT organisation_id,
                       count(*) FILTER (WHERE next_step IS NOT NULL AND NOT behind && ARRAY[CAST(:actor AS int)]
                                          AND organisation_id = ANY(CASE next_step WHEN 'first-signature'
                                              THEN CAST(:signs AS int[]) ELSE CAST(:approves AS int[]) END))
                           AS to_approve,
                       count(*) FILTER (WHERE state = 'returned' AND prepared_by = :actor) AS to_mend
                  FROM finance_prepared
                 WHERE organisation_id = ANY(:organisations)
                   AND state IN ('prepared', 'checked', 'first-signed', 'returned')
                 GROUP BY organisation_id
            ), kept AS (
                SELECT organisation_id, min(month) AS first, max(month) FILTER (WHERE month = :month) AS this
                  FROM ledger_period WHERE organisation_id = ANY(:organisations) GROUP BY organisation_id
            ), worked AS (
                SELECT organisation_id, coalesce(this, (
                           SELECT date_trunc('month', e.effective_on)::date FROM ledger_entry e
                            WHERE e.organisation_id = kept.organisation_id ORDER BY e.effective_on DESC LIMIT 1
                       ), first) AS month
                  FROM kept
            )
            SELECT o.id AS organisation_id, p.month, p.state, coalesce(w.to_approve, 0) AS to_approve,
                   coalesce(w.to_mend, 0) AS to_mend
              FROM unnest(CAST(:organisations AS int[])) AS o(id)
              LEFT JOIN worked k ON k.organisation_id = o.id
              LEFT JOIN ledger_period p ON p.organisation_id = o.id AND p.month = k.month
              LEFT JOIN waiting w ON w.organisation_id = o.id
             WHERE o.id IN (SELECT unnest(ledger_readable()))
        """),
        {
            "organisations": list(organisations),
            "approves": list(approves),
            "signs": list(signs),
            "actor": scope.actor.id,
            "month": day.replace(day=1),
        },
    )
    return {each.organisation_id: each for each in many(Standing, rows)}


# ------------------------------------------------------------------------------------------------ posted entries


def approvals_of(
    connection: Connection, scope: Scope, organisation_id: int, entries: Sequence[int]
) -> dict[int, tuple[int, int | None]]:
    """Of those posted entries that were approved: what was prepared, and the exception where one did two's work."""
    found = connection.execute(
        text("""
            SELECT c.entry_id, p.id, (
                       SELECT max(a.exception_id) FROM finance_prepared_act a
                        WHERE a.organisation_id = p.organisation_id AND a.prepared_id = p.id AND a.revision = p.revision
                   ) AS exception_id
              FROM ledger_command c
              JOIN finance_prepared p
                ON p.organisation_id = c.organisation_id AND p.key = c.key AND p.state = 'approved'
             WHERE c.organisation_id = :organisation AND c.entry_id = ANY(:entries)
        """),
        {"organisation": organisation_id, "entries": list(entries)},
    )
    return {row.entry_id: (row.id, row.exception_id) for row in found}


def entry_number(connection: Connection, scope: Scope, organisation_id: int, key: UUID) -> tuple[int, int] | None:
    """Id and number of the entry that was posted under a key."""
    row = connection.execute(
        text("""
            SELECT e.id, e.number FROM ledger_command c
              JOIN ledger_entry e
                ON e.organisation_id = c.organisation_id AND e.fiscal_year = c.fiscal_year AND e.id = c.entry_id
             WHERE c.organisation_id = :organisation AND c.key = :key
        """),
        {"organisation": organisation_id, "key": key},
    ).one_or_none()
    return (row.id, row.number) if row else None


# ------------------------------------------------------------------------------------------------ settings


def duties(connection: Connection, scope: Scope, organisation_id: int) -> list[Duty]:
    """Journals that need an approval, needed one or will need one; by journal and day."""
    found = connection.execute(
        text("""
            SELECT d.id, lower(d.in_force) AS start, upper(d.in_force) AS "end", j.id AS journal_id, j.code,
                   j.name_kk, j.name_ru, j.name_en, j.confidence, d.steps, d.cms
              FROM finance_journal_duty d JOIN ledger_journal j ON j.id = d.journal_id
             WHERE d.organisation_id = :organisation ORDER BY j.id, start
        """),
        {"organisation": organisation_id},
    )
    return [
        Duty(
            row.id,
            Journal(row.journal_id, row.code, row.name_kk, row.name_ru, row.name_en, row.confidence),
            DateInterval(row.start, row.end),
            _route(row.steps, row.cms),
        )
        for row in found
    ]


def insert_duty(
    connection: Connection, scope: Scope, organisation_id: int, journal_id: int, since: date, route: Route
) -> int | None:
    """Id of the setting; ``None`` where there is one for these days."""
    return _unless_taken(
        connection,
        """
        INSERT INTO finance_journal_duty (organisation_id, journal_id, in_force, steps, cms)
        VALUES (:organisation, :journal, daterange(:since, NULL), :steps, :cms) RETURNING id
        """,
        {
            "organisation": organisation_id,
            "journal": journal_id,
            "since": since,
            "steps": [step.value for step in route.steps],
            "cms": sorted(step.value for step in route.cms),
        },
    )


def end_duty(connection: Connection, scope: Scope, organisation_id: int, duty_id: int, until: date) -> date:
    """The day it ends, which is never later than was said before."""
    ended: date = connection.execute(
        text("""
            UPDATE finance_journal_duty SET in_force = daterange(lower(in_force), least(upper(in_force), :until))
             WHERE organisation_id = :organisation AND id = :id RETURNING upper(in_force)
        """),
        {"organisation": organisation_id, "id": duty_id, "until": until},
    ).scalar_one()
    return ended


def delete_duty(connection: Connection, scope: Scope, organisation_id: int, duty_id: int) -> None:
    """A setting that has not begun."""
    connection.execute(
        text("DELETE FROM finance_journal_duty WHERE organisation_id = :organisation AND id = :id"),
        {"organisation": organisation_id, "id": duty_id},
    )


_EXCEPTION = """
    SELECT x.id, x.user_id, coalesce(u.name, '') AS "user", lower(x.in_force) AS since, upper(x.in_force) AS until,
           x.reason, coalesce(b.name, '') AS allowed_by, x.allowed_at,
           (SELECT count(*) FROM finance_prepared_act a
             WHERE a.organisation_id = x.organisation_id AND a.exception_id = x.id) AS used
      FROM finance_duty_exception x
      LEFT JOIN reference_user u ON u.id = x.user_id
      LEFT JOIN reference_user b ON b.id = x.allowed_by
     WHERE x.organisation_id = :organisation"""


def exceptions(connection: Connection, scope: Scope, organisation_id: int) -> list[DutyException]:
    """Every exception there is, will be or has been, the latest first."""
    found = connection.execute(
        text(f"{_EXCEPTION} ORDER BY lower(x.in_force) DESC, x.id DESC"), {"organisation": organisation_id}
    )
    return many(DutyException, found)


def exception(connection: Connection, scope: Scope, organisation_id: int, exception_id: int) -> DutyException | None:
    row = connection.execute(
        text(f"{_EXCEPTION} AND x.id = :id"), {"organisation": organisation_id, "id": exception_id}
    ).one_or_none()
    return one(DutyException, row) if row else None


def exception_in_force(
    connection: Connection, scope: Scope, organisation_id: int, user_id: int, day: date
) -> int | None:
    """Id of the exception under which a person may approve their own on a day."""
    return connection.execute(
        text("""
            SELECT id FROM finance_duty_exception
             WHERE organisation_id = :organisation AND user_id = :user AND in_force @> CAST(:day AS date)
        """),
        {"organisation": organisation_id, "user": user_id, "day": day},
    ).scalar_one_or_none()


def insert_exception(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    *,
    user_id: int,
    since: date,
    until: date,
    reason: str,
) -> int | None:
    """Id of the exception; ``None`` where the person has one on these days."""
    return _unless_taken(
        connection,
        """
        INSERT INTO finance_duty_exception (organisation_id, user_id, in_force, reason, allowed_by, origin)
        VALUES (:organisation, :user, daterange(:since, :until), :reason, :actor, :origin) RETURNING id
        """,
        {
            "organisation": organisation_id,
            "user": user_id,
            "since": since,
            "until": until,
            "reason": reason,
            "actor": scope.actor.id,
            "origin": scope.actor.origin,
        },
    )


def end_exception(connection: Connection, scope: Scope, organisation_id: int, exception_id: int, until: date) -> date:
    """The day it ends, which is never later than was said before."""
    ended: date = connection.execute(
        text("""
            UPDATE finance_duty_exception SET in_force = daterange(lower(in_force), least(upper(in_force), :until))
             WHERE organisation_id = :organisation AND id = :id RETURNING upper(in_force)
        """),
        {"organisation": organisation_id, "id": exception_id, "until": until},
    ).scalar_one()
    return ended


def delete_exception(connection: Connection, scope: Scope, organisation_id: int, exception_id: int) -> None:
    """An exception that has not begun."""
    connection.execute(
        text("DELETE FROM finance_duty_exception WHERE organisation_id = :organisation AND id = :id"),
        {"organisation": organisation_id, "id": exception_id},
    )


_OVERLAP = "23P01"  # exclusion constraint


def _unless_taken(connection: Connection, statement: str, parameters: Mapping[str, Any]) -> int | None:
    try:
        with connection.begin_nested():
            return int(connection.execute(text(statement), parameters).scalar_one())
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) == _OVERLAP:
            return None
        raise


_PLACES = """
    WITH RECURSIVE above AS (
        SELECT CAST(:organisation AS int) AS id, 0 AS steps
         UNION
        SELECT l.parent_id, a.steps + 1 FROM above a
          JOIN reference_organisation_link l ON l.child_id = a.id AND l.in_force @> CAST(:day AS date)
    ), places AS (
        SELECT id, steps FROM above
         UNION
        SELECT office_id, 0 FROM reference_serving
         WHERE institution_id = :organisation AND in_force @> CAST(:day AS date)
    ), held AS (
        SELECT g.user_id, p.steps FROM places p
          JOIN reference_role_grant g
            ON g.organisation_id = p.id AND g.role = ANY(:roles) AND g.in_force @> CAST(:day AS date)
         UNION
        SELECT d.delegate_id, p.steps FROM places p
          JOIN reference_delegation d
            ON d.organisation_id = p.id AND d.role = ANY(:roles) AND d.in_force @> CAST(:day AS date)
    )"""


def bookkeepers(
    connection: Connection, scope: Scope, organisation_id: int, roles: Sequence[str], day: date
) -> list[Bookkeeper]:
    """Who holds one of the roles on a day: here, in a body above, or in the office that serves the organisation."""
    found = connection.execute(
        text(f"""{_PLACES}
            SELECT DISTINCT u.id, u.name FROM held h
              JOIN reference_user u ON u.id = h.user_id AND u.in_force @> CAST(:day AS date) ORDER BY u.name
        """),
        {"organisation": organisation_id, "roles": list(roles), "day": day},
    )
    return many(Bookkeeper, found)


def nearest(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    roles: Sequence[str],
    day: date,
    apart: Iterable[int],
) -> frozenset[int]:
    """Of those who hold one of the roles, ``apart`` from some, the ones in the nearest body that has any."""
    found = connection.execute(
        text(f"""{_PLACES}, others AS (
                SELECT h.user_id, h.steps FROM held h
                  JOIN reference_user u ON u.id = h.user_id AND u.in_force @> CAST(:day AS date)
                 WHERE h.user_id <> ALL(CAST(:apart AS int[]))
            )
            SELECT user_id FROM others WHERE steps = (SELECT min(steps) FROM others)
        """),
        {"organisation": organisation_id, "roles": list(roles), "day": day, "apart": list(apart)},
    )
    return frozenset(found.scalars())


def unapproved(connection: Connection, scope: Scope, limit: int) -> list[Unapproved]:
    """Entries of journals that needed an approval when they were recorded, and have none: in whatever books are read.

    On the day on which a journal was set, what was recorded before the setting needed none.
    """
    found = connection.execute(
        text("""
            SELECT b.code AS book, j.code AS journal, e.fiscal_year AS year, e.number
              FROM finance_journal_duty d
              JOIN ledger_journal j ON j.id = d.journal_id
              JOIN ledger_book b ON b.organisation_id = d.organisation_id
              JOIN ledger_entry e ON e.organisation_id = d.organisation_id AND e.journal_id = d.journal_id
             WHERE d.in_force @> reference_day(e.recorded_at)
               AND coalesce(
                   e.recorded_at > (
                       SELECT max(t.at) FROM base_audit_event t
                        WHERE t.subject = 'organisation:' || d.organisation_id AND t.action = 'approval-required'
                          AND t.facts ->> 'journal' = j.code AND t.after ->> 'since' = lower(d.in_force)::text),
                   reference_day(e.recorded_at) > lower(d.in_force))
               AND NOT EXISTS (
                   SELECT FROM ledger_command c
                     JOIN finance_passed_prepared f
                       ON (f.organisation_id, f.key, f.content_hash) = (c.organisation_id, c.key, c.content_hash)
                    WHERE c.organisation_id = e.organisation_id AND c.entry_id = e.id)
             ORDER BY e.organisation_id, e.fiscal_year, e.id LIMIT :limit
        """),
        {"limit": limit},
    )
    return many(Unapproved, found)
