"""One named function a statement.  Every function takes the scope; row-level security shows each person their own."""

import json
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from erp.base.scope import Scope
from erp.finance.drafts.model import Became, Draft, DraftRow, Origin
from erp.finance.drafts.rules import sheet_of

_BECAME = """
    LEFT JOIN ledger_command c ON c.organisation_id = d.organisation_id AND c.key = d.key
    LEFT JOIN finance_prepared p ON p.organisation_id = d.organisation_id AND p.key = d.key
"""
_OWN = "d.organisation_id = :organisation AND d.owner_id = :owner"


def insert(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    key: UUID,
    document: dict[str, Any],
    dated_on: date | None,
    origin: Origin,
    note: str,
) -> int | None:
    """Id of a new draft of the scope's actor; ``None`` where the key is taken."""
    return connection.execute(
        text("""
            INSERT INTO finance_draft (organisation_id, owner_id, key, origin, note, dated_on, sheet)
            VALUES (:organisation, :owner, :key, :origin, :note, :dated_on, CAST(:sheet AS jsonb))
            ON CONFLICT DO NOTHING RETURNING id
        """),
        {
            "organisation": organisation_id,
            "owner": scope.actor.id,
            "key": key,
            "origin": origin.value,
            "note": note,
            "dated_on": dated_on,
            "sheet": json.dumps(document, ensure_ascii=False),
        },
    ).scalar_one_or_none()


def lock(connection: Connection, scope: Scope, organisation_id: int, draft_id: int) -> None:
    """Wait for whoever changes the same draft just now."""
    connection.execute(
        text(f"SELECT FROM finance_draft d WHERE {_OWN} AND d.id = :draft FOR UPDATE"),
        {"organisation": organisation_id, "owner": scope.actor.id, "draft": draft_id},
    )


def draft(
    connection: Connection, scope: Scope, organisation_id: int, *, draft_id: int | None = None, key: UUID | None = None
) -> Draft | None:
    """A draft of the scope's actor, by its id or its key."""
    row = connection.execute(
        text(f"""
            SELECT d.id, d.key, d.version, d.sheet, d.origin, d.note, d.begun_at, d.updated_at, d.discarded_at,
                   p.id AS prepared_id, c.entry_id
              FROM finance_draft d {_BECAME}
             WHERE {_OWN} AND (d.id = :draft OR d.key = CAST(:key AS uuid))
        """),
        {"organisation": organisation_id, "owner": scope.actor.id, "draft": draft_id, "key": key},
    ).one_or_none()
    if row is None:
        return None
    return Draft(
        organisation_id,
        row.id,
        row.key,
        row.version,
        sheet_of(row.sheet),
        Origin(row.origin),
        row.note,
        row.begun_at,
        row.updated_at,
        row.discarded_at,
        Became(row.prepared_id, row.entry_id),
    )


def update(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    draft_id: int,
    document: dict[str, Any],
    dated_on: date | None,
) -> None:
    """Another content, another version."""
    connection.execute(
        text(f"""
            UPDATE finance_draft d
               SET sheet = CAST(:sheet AS jsonb), dated_on = :dated_on, version = version + 1,
                   updated_at = clock_timestamp()
             WHERE {_OWN} AND d.id = :draft
        """),
        {
            "organisation": organisation_id,
            "owner": scope.actor.id,
            "draft": draft_id,
            "dated_on": dated_on,
            "sheet": json.dumps(document, ensure_ascii=False),
        },
    )


def set_discarded(
    connection: Connection, scope: Scope, organisation_id: int, draft_id: int, *, discarded: bool
) -> None:
    connection.execute(
        text(f"""
            UPDATE finance_draft d
               SET discarded_at = CASE WHEN :discarded THEN clock_timestamp() END, version = version + 1,
                   updated_at = clock_timestamp()
             WHERE {_OWN} AND d.id = :draft
        """),
        {"organisation": organisation_id, "owner": scope.actor.id, "draft": draft_id, "discarded": discarded},
    )


def delete_old(connection: Connection, scope: Scope, organisation_id: int, days: int) -> None:
    """Drafts of the scope's actor that were thrown away, or became entries, and were not touched for so many days."""
    connection.execute(
        text(f"""
            DELETE FROM finance_draft d
             WHERE {_OWN} AND d.updated_at < clock_timestamp() - :age
               AND (d.discarded_at IS NOT NULL
                    OR EXISTS (SELECT FROM ledger_command c
                                WHERE (c.organisation_id, c.key) = (d.organisation_id, d.key))
                    OR EXISTS (SELECT FROM finance_prepared p
                                WHERE (p.organisation_id, p.key) = (d.organisation_id, d.key)))
        """),
        {"organisation": organisation_id, "owner": scope.actor.id, "age": timedelta(days=days)},
    )


def rows(
    connection: Connection, scope: Scope, organisation_id: int, *, discarded: bool, before: int | None, limit: int
) -> list[DraftRow]:
    """The actor's drafts that have become nothing yet, the newest first; below the id ``before``."""
    found = connection.execute(
        text(f"""
            SELECT d.id, d.version, d.origin, d.note, coalesce(d.sheet ->> 'journal', '') AS journal,
                   coalesce(d.sheet ->> 'effective_on', '') AS effective_on, coalesce(d.sheet ->> 'memo', '') AS memo,
                   jsonb_array_length(d.sheet -> 'rows') AS rows, d.updated_at, d.discarded_at
              FROM finance_draft d {_BECAME}
             WHERE {_OWN} AND (d.discarded_at IS NOT NULL) = :discarded AND c.entry_id IS NULL AND p.id IS NULL
               AND (CAST(:before AS int) IS NULL OR d.id < :before)
             ORDER BY d.id DESC LIMIT :limit
        """),
        {
            "organisation": organisation_id,
            "owner": scope.actor.id,
            "discarded": discarded,
            "before": before,
            "limit": limit,
        },
    )
    return [_row(row) for row in found]


def open_drafts(connection: Connection, scope: Scope, organisation_id: int) -> int:
    """How many of the actor's drafts wait to be finished."""
    number: int = connection.execute(
        text(f"""
            SELECT count(*) FROM finance_draft d {_BECAME}
             WHERE {_OWN} AND d.discarded_at IS NULL AND c.entry_id IS NULL AND p.id IS NULL
        """),
        {"organisation": organisation_id, "owner": scope.actor.id},
    ).scalar_one()
    return number


def settlement_stands(connection: Connection, scope: Scope, organisation_id: int, key: UUID) -> bool:
    """Whether what another context drafted under the key is still to be posted, and stays so until the commit."""
    stands: bool = connection.execute(
        text("SELECT finance_settlement_stands(:organisation, :key)"), {"organisation": organisation_id, "key": key}
    ).scalar_one()
    return stands


def posted(connection: Connection, scope: Scope, organisation_id: int, key: UUID) -> tuple[int, int, int]:
    """Id, year and number of the entry that a key posted."""
    row = connection.execute(
        text("""
            SELECT e.id, e.fiscal_year, e.number FROM ledger_command c
              JOIN ledger_entry e
                ON (e.organisation_id, e.fiscal_year, e.id) = (c.organisation_id, c.fiscal_year, c.entry_id)
             WHERE c.organisation_id = :organisation AND c.key = :key
        """),
        {"organisation": organisation_id, "key": key},
    ).one()
    return row.id, row.fiscal_year, row.number


def prepared_version(connection: Connection, scope: Scope, organisation_id: int, prepared_id: int) -> int:
    version: int = connection.execute(
        text("SELECT version FROM finance_prepared WHERE organisation_id = :organisation AND id = :prepared"),
        {"organisation": organisation_id, "prepared": prepared_id},
    ).scalar_one()
    return version


def _row(row: Row[Any]) -> DraftRow:
    return DraftRow(**dict(row._mapping) | {"origin": Origin(row.origin)})
