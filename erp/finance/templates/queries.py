"""One named function a statement.  Every function takes the scope; row-level security shows each what is theirs."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text
from sqlalchemy.exc import IntegrityError

from erp.base.db import many
from erp.base.scope import Scope
from erp.finance.drafts.rules import sheet_of
from erp.finance.templates.model import Every, Occurrence, OccurrenceState, Recurrence, Template, TemplateRow

# ------------------------------------------------------------------------------------------------ templates


def insert_template(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    key: UUID,
    *,
    name: str,
    shared: bool,
    document: dict[str, Any],
) -> int | None:
    """Its id; ``None`` where the key was used before, or the actor has one of that name."""
    made = connection.execute(
        text("""
            INSERT INTO finance_template (organisation_id, owner_id, key, name, shared, sheet)
            VALUES (:organisation, :owner, :key, :name, :shared, CAST(:sheet AS jsonb))
            ON CONFLICT DO NOTHING RETURNING id
        """),
        {
            "organisation": organisation_id,
            "owner": scope.actor.id,
            "key": key,
            "name": name,
            "shared": shared,
            "sheet": json.dumps(document, ensure_ascii=False),
        },
    )
    return made.scalar_one_or_none()


def template_of_key(connection: Connection, scope: Scope, organisation_id: int, key: UUID) -> int | None:
    found = connection.execute(
        text("""
            SELECT id FROM finance_template
             WHERE organisation_id = :organisation AND owner_id = :owner AND key = :key
        """),
        {"organisation": organisation_id, "owner": scope.actor.id, "key": key},
    )
    return found.scalar_one_or_none()


def template(
    connection: Connection, scope: Scope, organisation_id: int, template_id: int, *, lock: bool = False
) -> Template | None:
    """One that is offered still."""
    row = connection.execute(
        text(f"""
            SELECT t.id, t.version, t.name, t.shared, t.owner_id, u.name AS owner, t.sheet, t.changed_at
              FROM finance_template t JOIN reference_user u ON u.id = t.owner_id
             WHERE t.organisation_id = :organisation AND t.id = :template AND t.retired_at IS NULL
             {"FOR UPDATE OF t" if lock else ""}
        """),
        {"organisation": organisation_id, "template": template_id},
    ).one_or_none()
    if row is None:
        return None
    return Template(
        organisation_id,
        row.id,
        row.version,
        row.name,
        row.shared,
        row.owner_id,
        row.owner,
        sheet_of(row.sheet),
        row.changed_at,
    )


def templates(connection: Connection, scope: Scope, organisation_id: int) -> list[TemplateRow]:
    """Those that are offered, by name."""
    rows = connection.execute(
        text("""
            SELECT t.id, t.version, t.name, t.shared, t.owner_id, u.name AS owner,
                   coalesce(t.sheet ->> 'journal', '') AS journal, coalesce(t.sheet ->> 'memo', '') AS memo,
                   jsonb_array_length(t.sheet -> 'rows') AS rows,
                   EXISTS (SELECT FROM finance_recurrence r
                            WHERE r.organisation_id = t.organisation_id AND r.template_id = t.id
                              AND (upper_inf(r.in_force) OR upper(r.in_force) > reference_today())) AS recurs
              FROM finance_template t JOIN reference_user u ON u.id = t.owner_id
             WHERE t.organisation_id = :organisation AND t.retired_at IS NULL
             ORDER BY lower(t.name), t.id
        """),
        {"organisation": organisation_id},
    )
    return many(TemplateRow, rows)


_TAKEN = "23505"  # unique index


def update_template(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    template_id: int,
    *,
    name: str,
    shared: bool,
    document: dict[str, Any],
) -> bool:
    """Another content, another version; false where the owner has another template of that name, seen or not."""
    try:
        with connection.begin_nested():
            connection.execute(
                text("""
                    UPDATE finance_template
                       SET name = :name, shared = :shared, sheet = CAST(:sheet AS jsonb), version = version + 1,
                           changed_at = clock_timestamp()
                     WHERE organisation_id = :organisation AND id = :template
                """),
                {
                    "organisation": organisation_id,
                    "template": template_id,
                    "name": name,
                    "shared": shared,
                    "sheet": json.dumps(document, ensure_ascii=False),
                },
            )
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) == _TAKEN:
            return False
        raise
    return True


def retire_template(connection: Connection, scope: Scope, organisation_id: int, template_id: int) -> None:
    connection.execute(
        text("""
            UPDATE finance_template SET retired_at = clock_timestamp()
             WHERE organisation_id = :organisation AND id = :template
        """),
        {"organisation": organisation_id, "template": template_id},
    )


# ------------------------------------------------------------------------------------------------ what recurs


def insert_recurrence(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    template_id: int,
    key: UUID,
    *,
    every: Every,
    day: int,
    since: date,
    until: date | None,
    inputs: Mapping[str, str],
) -> int | None:
    """Its id; ``None`` where the key was used before."""
    made = connection.execute(
        text("""
            INSERT INTO finance_recurrence (organisation_id, template_id, owner_id, key, inputs, every, day, in_force)
            VALUES (:organisation, :template, :owner, :key, CAST(:inputs AS jsonb), :every, :day,
                    daterange(:since, :until))
            ON CONFLICT (organisation_id, owner_id, key) DO NOTHING RETURNING id
        """),
        {
            "organisation": organisation_id,
            "template": template_id,
            "owner": scope.actor.id,
            "key": key,
            "inputs": json.dumps(inputs, ensure_ascii=False),
            "every": every.value,
            "day": day,
            "since": since,
            "until": until,
        },
    )
    return made.scalar_one_or_none()


def recurrence_of_key(connection: Connection, scope: Scope, organisation_id: int, key: UUID) -> int | None:
    found = connection.execute(
        text("""
            SELECT id FROM finance_recurrence
             WHERE organisation_id = :organisation AND owner_id = :owner AND key = :key
        """),
        {"organisation": organisation_id, "owner": scope.actor.id, "key": key},
    )
    return found.scalar_one_or_none()


def recurrences(
    connection: Connection, scope: Scope, organisation_id: int, recurrence_id: int | None = None
) -> list[Recurrence]:
    """All, or one, with the due days that were dealt with."""
    rows = connection.execute(
        text("""
            SELECT r.id, r.template_id, t.name AS template, r.owner_id, u.name AS owner, r.inputs, r.every, r.day,
                   lower(r.in_force) AS since, upper(r.in_force) AS until,
                   ARRAY(SELECT o.due_on FROM finance_occurrence o
                          WHERE o.organisation_id = r.organisation_id AND o.recurrence_id = r.id) AS done
              FROM finance_recurrence r
              JOIN finance_template t ON t.organisation_id = r.organisation_id AND t.id = r.template_id
              JOIN reference_user u ON u.id = r.owner_id
             WHERE r.organisation_id = :organisation AND (CAST(:recurrence AS int) IS NULL OR r.id = :recurrence)
             ORDER BY lower(t.name), r.id
        """),
        {"organisation": organisation_id, "recurrence": recurrence_id},
    )
    return [_recurrence(row) for row in rows]


def _recurrence(row: Row[Any]) -> Recurrence:
    return Recurrence(
        row.id,
        row.template_id,
        row.template,
        row.owner_id,
        row.owner,
        row.inputs,
        Every(row.every),
        row.day,
        row.since,
        row.until,
        frozenset(row.done),
    )


def end_recurrence(connection: Connection, scope: Scope, organisation_id: int, recurrence_id: int, until: date) -> None:
    connection.execute(
        text("""
            UPDATE finance_recurrence SET in_force = daterange(lower(in_force), :until)
             WHERE organisation_id = :organisation AND id = :recurrence
        """),
        {"organisation": organisation_id, "recurrence": recurrence_id, "until": until},
    )


def is_recurring(connection: Connection, scope: Scope, organisation_id: int, template_id: int, day: date) -> bool:
    """Whether it falls due on a day or later."""
    found: bool = connection.execute(
        text("""
            SELECT EXISTS (SELECT FROM finance_recurrence
                            WHERE organisation_id = :organisation AND template_id = :template
                              AND (upper_inf(in_force) OR upper(in_force) > :day))
        """),
        {"organisation": organisation_id, "template": template_id, "day": day},
    ).scalar_one()
    return found


def insert_occurrence(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    recurrence_id: int,
    due_on: date,
    *,
    key: UUID | None,
    reason: str = "",
) -> bool:
    """False where the due day was dealt with before."""
    made = connection.execute(
        text("""
            INSERT INTO finance_occurrence (organisation_id, recurrence_id, due_on, key, reason, done_by)
            VALUES (:organisation, :recurrence, :due, :key, :reason, :actor)
            ON CONFLICT (organisation_id, recurrence_id, due_on) DO NOTHING RETURNING due_on
        """),
        {
            "organisation": organisation_id,
            "recurrence": recurrence_id,
            "due": due_on,
            "key": key,
            "reason": reason,
            "actor": scope.actor.id,
        },
    )
    return made.scalar_one_or_none() is not None


def occurrences(
    connection: Connection, scope: Scope, organisation_id: int, since: date, through: date
) -> list[Occurrence]:
    """Due days of a span that were dealt with, and what became of each; of drafts the reader finds their own."""
    rows = connection.execute(
        text("""
            SELECT o.recurrence_id, t.name AS template, r.owner_id, u.name AS owner, o.due_on, o.key, o.reason,
                   d.id AS draft_id, p.id AS prepared_id, c.entry_id
              FROM finance_occurrence o
              JOIN finance_recurrence r ON r.organisation_id = o.organisation_id AND r.id = o.recurrence_id
              JOIN finance_template t ON t.organisation_id = r.organisation_id AND t.id = r.template_id
              JOIN reference_user u ON u.id = r.owner_id
              LEFT JOIN finance_draft d ON d.organisation_id = o.organisation_id AND d.key = o.key
              LEFT JOIN finance_prepared p ON p.organisation_id = o.organisation_id AND p.key = o.key
              LEFT JOIN ledger_command c ON c.organisation_id = o.organisation_id AND c.key = o.key
             WHERE o.organisation_id = :organisation AND o.due_on BETWEEN :since AND :through
             ORDER BY o.due_on, o.recurrence_id
        """),
        {"organisation": organisation_id, "since": since, "through": through},
    )
    return [_occurrence(row) for row in rows]


def _occurrence(row: Row[Any]) -> Occurrence:
    if row.key is None:
        state = OccurrenceState.LEFT_OUT
    elif row.entry_id is not None:
        state = OccurrenceState.POSTED
    else:
        state = OccurrenceState.DRAFTED if row.prepared_id is None else OccurrenceState.PREPARED
    return Occurrence(
        row.recurrence_id,
        row.template,
        row.owner_id,
        row.owner,
        row.due_on,
        state,
        row.key,
        row.draft_id,
        row.prepared_id,
        row.entry_id,
        row.reason,
    )
