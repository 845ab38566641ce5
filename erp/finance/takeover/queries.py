"""Takeovers, their files, and what was posted from them."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, insert, text

from erp.base.db import many
from erp.base.scope import Scope
from erp.finance.takeover import tables
from erp.finance.takeover.model import File, Kind, State, Takeover

NAMED = "coalesce(u.name, '')"


def signed(scope: Scope, by: str) -> dict[str, Any]:
    """Who adds a row, in the column ``by``, for whom, and from where."""
    return {by: scope.actor.id, "on_behalf_of": scope.on_behalf_of, "origin": scope.actor.origin}


def within(first: date, end: date) -> dict[str, Any]:
    return {"first": first, "end": end, "first_year": first.year, "last_year": end.year}


IN_USE = """finance_takeover_file f
       WHERE f.organisation_id = :organisation AND f.takeover_id = :takeover AND f.set_aside_at IS NULL"""


# ------------------------------------------------------------------------------------------------ takeovers

_TAKEOVER = f"""
    SELECT t.id, t.starts_on, t.source_program, t.state, {NAMED} AS begun_by, t.begun_at
      FROM finance_takeover t LEFT JOIN reference_user u ON u.id = t.begun_by
     WHERE t.organisation_id = :organisation"""


def _takeover(row: Row[Any]) -> Takeover:
    return Takeover(**{**row._mapping, "state": State(row.state)})


def takeovers(connection: Connection, scope: Scope, organisation_id: int) -> list[Takeover]:
    """Of an organisation, the latest first."""
    rows = connection.execute(text(f"{_TAKEOVER} ORDER BY t.id DESC"), {"organisation": organisation_id})
    return [_takeover(row) for row in rows]


def takeover(connection: Connection, scope: Scope, organisation_id: int, takeover_id: int) -> Takeover | None:
    row = connection.execute(
        text(f"{_TAKEOVER} AND t.id = :id"), {"organisation": organisation_id, "id": takeover_id}
    ).one_or_none()
    return _takeover(row) if row else None


def lock(connection: Connection, scope: Scope, organisation_id: int) -> None:
    """One change of an organisation's takeovers at a time, to the end of the transaction."""
    connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtext('finance_takeover'), :organisation)"),
        {"organisation": organisation_id},
    )


def insert_takeover(
    connection: Connection, scope: Scope, organisation_id: int, starts_on: date, source_program: str
) -> int:
    row = {"organisation_id": organisation_id, "starts_on": starts_on, "source_program": source_program,
           "begun_by": scope.actor.id, "origin": scope.actor.origin}  # fmt: skip
    return int(connection.execute(insert(tables.takeover).returning(tables.takeover.c.id), row).scalar_one())


def set_state(connection: Connection, scope: Scope, organisation_id: int, takeover_id: int, state: State) -> None:
    connection.execute(
        text("UPDATE finance_takeover SET state = :state WHERE organisation_id = :organisation AND id = :id"),
        {"organisation": organisation_id, "id": takeover_id, "state": state.value},
    )


# ------------------------------------------------------------------------------------------------ files

_FILE = f"""
    SELECT f.id, f.kind, f.name, f.sha256, f.first_on, f.last_on, f.head_row, f.recognised, f.row_count, f.amount_tiyn,
           {NAMED} AS taken_by, f.taken_at, f.set_aside_at
      FROM finance_takeover_file f LEFT JOIN reference_user u ON u.id = f.taken_by
     WHERE f.organisation_id = :organisation AND f.takeover_id = :takeover"""


def _file(row: Row[Any]) -> File:
    return File(**{**row._mapping, "kind": Kind(row.kind), "amount_tiyn": int(row.amount_tiyn)})


def files(connection: Connection, scope: Scope, organisation_id: int, takeover_id: int) -> list[File]:
    """Files taken in, those set aside among them, by what they are and the months they tell of."""
    rows = connection.execute(
        text(f"{_FILE} ORDER BY f.set_aside_at IS NOT NULL, f.kind, f.first_on NULLS FIRST, f.id"),
        {"organisation": organisation_id, "takeover": takeover_id},
    )
    return [_file(row) for row in rows]


@dataclass(frozen=True, slots=True)
class EntryOfFile:
    entry_id: int
    fiscal_year: int
    kind: str


def entries_of_file(
    connection: Connection, scope: Scope, organisation_id: int, file_id: int, first: date, end: date
) -> list[EntryOfFile]:
    """Entries of some days that were posted from a file and are not cancelled."""
    rows = connection.execute(
        text("""
            SELECT e.id AS entry_id, e.fiscal_year, e.kind
              FROM ledger_entry e
             WHERE e.organisation_id = :organisation AND e.effective_on >= :first AND e.effective_on < :end
               AND e.fiscal_year BETWEEN :first_year AND :last_year
               AND e.source_kind = 'takeover' AND e.source_id = :file
               AND NOT EXISTS (SELECT FROM ledger_correction k
                                WHERE k.organisation_id = e.organisation_id AND k.entry_id = e.id)
             ORDER BY e.id
        """),
        {
            "organisation": organisation_id, "file": file_id, "first": first, "end": end,
            "first_year": first.year, "last_year": end.year,
        },
    )  # fmt: skip
    return many(EntryOfFile, rows)
