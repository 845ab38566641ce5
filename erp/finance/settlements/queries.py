"""One named function a statement.  Every function takes the scope; row-level security is the second witness."""

import json
from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from erp.base.db import many
from erp.base.scope import Scope
from erp.finance.drafts.rules import sheet_of
from erp.finance.settlements.model import Act, Done, Kind, Movement, Row, Settlement, SettlementState
from erp.hr.contracts.types import SettlementStanding, TripSettlement

_STATE = """
    CASE WHEN k.entry_id IS NOT NULL THEN 'reversed' WHEN c.entry_id IS NOT NULL THEN 'posted'
         WHEN p.id IS NOT NULL AND p.state <> 'withdrawn' THEN 'prepared' ELSE s.state END"""
_BECAME = """
    LEFT JOIN ledger_command c ON c.organisation_id = s.organisation_id AND c.key = s.key
    LEFT JOIN ledger_correction k ON k.organisation_id = c.organisation_id AND k.entry_id = c.entry_id
    LEFT JOIN finance_prepared p ON p.organisation_id = s.organisation_id AND p.key = s.key
    LEFT JOIN reference_user t ON t.id = s.taken_by
    LEFT JOIN reference_user b ON b.id = s.drafted_by
"""


# ------------------------------------------------------------------------------------------------ doors


def settle(connection: Connection, scope: Scope, told: TripSettlement, sheet: dict[str, Any]) -> int | None:
    """Id of the settlement that is drafted now; ``None`` where its key was used before."""
    return connection.execute(
        text("""
            SELECT finance_settle(:organisation, :key, :kind, :subject, CAST(:facts AS jsonb), CAST(:sheet AS jsonb),
                                  :amount, :origin)
        """),
        {
            "organisation": told.organisation_id,
            "key": told.key,
            "kind": told.kind,
            "subject": told.subject,
            "facts": told.model_dump_json(),
            "sheet": json.dumps(sheet, ensure_ascii=False),
            "amount": told.advance_tiyn if told.kind == "advance" else told.spent_tiyn,
            "origin": scope.actor.origin,
        },
    ).scalar_one_or_none()


def withdraw(connection: Connection, scope: Scope, organisation_id: int, key: UUID, reason: str) -> str | None:
    """The state it is in then; ``None`` where there is none of the key."""
    return connection.execute(
        text("SELECT finance_withdraw_settlement(:organisation, :key, :reason, :origin)"),
        {"organisation": organisation_id, "key": key, "reason": reason, "origin": scope.actor.origin},
    ).scalar_one_or_none()


def standing(
    connection: Connection, scope: Scope, organisation_id: int, keys: Collection[UUID]
) -> dict[UUID, SettlementStanding]:
    rows = connection.execute(
        text("SELECT * FROM finance_settlements_standing(:organisation, CAST(:keys AS uuid[]))"),
        {"organisation": organisation_id, "keys": list(keys)},
    )
    found = {}
    for row in rows:
        told = row._asdict()
        key = told.pop("key")
        found[key] = SettlementStanding(**told | {"journal": row.journal or ""})
    return found


# ------------------------------------------------------------------------------------------------ the inbox


def rows(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    states: Sequence[SettlementState],
    before: int | None,
    limit: int,
) -> list[Row]:
    """Settlements that stand so, the newest first; below the id ``before``."""
    found = connection.execute(
        text(f"""
            SELECT * FROM (
                SELECT s.id, s.version, s.kind, {_STATE} AS state, s.facts ->> 'person' AS person,
                       s.facts ->> 'route' AS route, CAST(s.facts ->> 'first' AS date) AS first,
                       CAST(s.facts ->> 'last' AS date) AS last, s.amount_tiyn, coalesce(b.name, '') AS drafted_by,
                       s.drafted_at, coalesce(t.name, '') AS taken_by, c.entry_id
                  FROM finance_settlement s {_BECAME}
                 WHERE s.organisation_id = :organisation AND (CAST(:before AS int) IS NULL OR s.id < :before)) found
             WHERE state = ANY(:states) ORDER BY id DESC LIMIT :limit
        """),
        {
            "organisation": organisation_id,
            "states": [state.value for state in states],
            "before": before,
            "limit": limit,
        },
    )
    return many(lambda kind, state, **said: Row(kind=Kind(kind), state=SettlementState(state), **said), found)


def settlement(connection: Connection, scope: Scope, organisation_id: int, settlement_id: int) -> Settlement | None:
    return _one(connection, scope, "s.id = :which", organisation_id, settlement_id)


def settlement_of_entry(connection: Connection, scope: Scope, organisation_id: int, entry_id: int) -> Settlement | None:
    """The settlement that an entry was posted from."""
    return _one(connection, scope, "c.entry_id = :which", organisation_id, entry_id)


def _one(connection: Connection, scope: Scope, narrowed: str, organisation_id: int, which: int) -> Settlement | None:
    row = connection.execute(
        text(f"""
            SELECT s.organisation_id, s.id, s.key, s.version, {_STATE} AS state, s.facts, s.sheet, s.amount_tiyn,
                   s.reason, s.taken_by AS taken_by_id, coalesce(t.name, '') AS taken_by,
                   coalesce(b.name, '') AS drafted_by, s.drafted_at, c.entry_id,
                   CASE WHEN p.state <> 'withdrawn' THEN p.id END AS prepared_id,
                   d.id AS draft_id
              FROM finance_settlement s {_BECAME}
              LEFT JOIN finance_draft d ON d.organisation_id = s.organisation_id AND d.key = s.key
                                       AND d.owner_id = :actor AND d.discarded_at IS NULL
             WHERE s.organisation_id = :organisation AND {narrowed}
        """),
        {"organisation": organisation_id, "which": which, "actor": scope.actor.id},
    ).one_or_none()
    if row is None:
        return None
    told = row._asdict()
    return Settlement(
        **told
        | {
            "state": SettlementState(row.state),
            "facts": TripSettlement.model_validate(row.facts),
            "sheet": sheet_of(row.sheet),
            "acts": tuple(_acts(connection, scope, organisation_id, row.id)),
        }
    )


def _acts(connection: Connection, scope: Scope, organisation_id: int, settlement_id: int) -> list[Done]:
    rows = connection.execute(
        text("""
            SELECT a.version, a.act, a.actor_id, coalesce(u.name, '') AS actor,
                   coalesce(o.name, '') AS on_behalf_of, a.reason, a.at
              FROM finance_settlement_act a
              LEFT JOIN reference_user u ON u.id = a.actor_id LEFT JOIN reference_user o ON o.id = a.on_behalf_of
             WHERE a.organisation_id = :organisation AND a.settlement_id = :settlement ORDER BY a.version
        """),
        {"organisation": organisation_id, "settlement": settlement_id},
    )
    return many(lambda act, **said: Done(act=Act(act), **said), rows)


def waiting(connection: Connection, scope: Scope, organisation_id: int) -> int:
    """How many nobody has taken yet."""
    number: int = connection.execute(
        text("SELECT count(*) FROM finance_settlement WHERE organisation_id = :organisation AND state = 'waiting'"),
        {"organisation": organisation_id},
    ).scalar_one()
    return number


def movements(
    connection: Connection, scope: Scope, organisation_id: int, end: date, codes: Sequence[str]
) -> list[Movement]:
    """What each settlement posted before ``end`` moves, by what it says and on the accounts of its entry."""
    rows = connection.execute(
        text("""
            WITH held AS MATERIALIZED (
                SELECT s.id FROM ledger_subaccount s JOIN ledger_account a ON a.id = s.account_id
                 WHERE s.organisation_id = :organisation AND a.code = ANY(:codes))
            SELECT e.id AS entry_id, j.code || ' № ' || e.number AS entry,
                   sum(x.sign) * CASE s.kind WHEN 'advance' THEN s.amount_tiyn
                                 ELSE -least((s.facts ->> 'advance_tiyn')::bigint, s.amount_tiyn) END AS told_tiyn,
                   sum(b.tiyn) AS booked_tiyn
              FROM finance_settlement s
              JOIN ledger_command c ON c.organisation_id = s.organisation_id AND c.key = s.key
              JOIN ledger_entry e ON (e.organisation_id, e.fiscal_year, e.id)
                                   = (c.organisation_id, c.fiscal_year, c.entry_id)
              JOIN ledger_journal j ON j.id = e.journal_id
              LEFT JOIN ledger_correction k ON (k.organisation_id, k.entry_id) = (e.organisation_id, e.id)
             CROSS JOIN LATERAL (VALUES (e.fiscal_year, e.id, 1), (k.by_fiscal_year, k.by_entry_id, -1))
                   AS x(fiscal_year, id, sign)
              JOIN ledger_entry m ON (m.organisation_id, m.fiscal_year, m.id) = (s.organisation_id, x.fiscal_year, x.id)
             CROSS JOIN LATERAL (
                   SELECT coalesce(sum(CASE WHEN d.id IS NULL THEN 0 ELSE p.amount_tiyn END
                                     - CASE WHEN r.id IS NULL THEN 0 ELSE p.amount_tiyn END), 0) AS tiyn
                     FROM ledger_posting p
                     LEFT JOIN held d ON d.id = p.debit_id
                     LEFT JOIN held r ON r.id = p.credit_id
                    WHERE (p.organisation_id, p.fiscal_year, p.entry_id) = (m.organisation_id, m.fiscal_year, m.id)) b
             WHERE s.organisation_id = :organisation AND m.effective_on < :end
             GROUP BY s.organisation_id, s.id, e.id, e.number, j.code ORDER BY s.id
        """),
        {"organisation": organisation_id, "end": end, "codes": list(codes)},
    )
    return many(
        lambda told_tiyn, booked_tiyn, **said: Movement(told_tiyn=int(told_tiyn), booked_tiyn=int(booked_tiyn), **said),
        rows,
    )


def balance(connection: Connection, scope: Scope, organisation_id: int, end: date, codes: Sequence[str]) -> int:
    """What is on the accounts before ``end``, the first day of a month; debit above nought."""
    tiyn: int = connection.execute(
        text("""
            SELECT coalesce(sum(b.debit_tiyn - b.credit_tiyn), 0)::bigint
              FROM ledger_account_balance b JOIN ledger_account a ON a.id = b.account_id
             WHERE b.organisation_id = :organisation AND b.month < :end AND a.code = ANY(:codes)
        """),
        {"organisation": organisation_id, "end": end, "codes": list(codes)},
    ).scalar_one()
    return tiyn


def insert_act(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    settlement_id: int,
    version: int,
    act: Act,
    reason: str = "",
) -> None:
    """What the scope's actor does; the database moves the settlement on."""
    connection.execute(
        text("""
            INSERT INTO finance_settlement_act (organisation_id, settlement_id, version, act, actor_id, on_behalf_of,
                                                origin, reason)
            VALUES (:organisation, :settlement, :version, :act, :actor, :on_behalf_of, :origin, :reason)
        """),
        {
            "organisation": organisation_id,
            "settlement": settlement_id,
            "version": version,
            "act": act.value,
            "actor": scope.actor.id,
            "on_behalf_of": scope.on_behalf_of,
            "origin": scope.actor.origin,
            "reason": reason,
        },
    )


def lock(connection: Connection, scope: Scope, organisation_id: int, settlement_id: int) -> None:
    """Let those who act on one settlement come one after another."""
    connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtext('finance_settlement'), hashtext(:which))"),
        {"which": f"{organisation_id}/{settlement_id}"},
    )


def programmes(connection: Connection, scope: Scope, organisation_id: int) -> frozenset[str]:
    """Budget programmes that the books know, two at most: more than one leaves a choice."""
    rows = connection.execute(
        text("""
            SELECT DISTINCT k.programme FROM ledger_subaccount s
              JOIN ledger_classification k ON k.id = s.classification_id
             WHERE s.organisation_id = :organisation AND k.programme <> '' LIMIT 2
        """),
        {"organisation": organisation_id},
    )
    return frozenset(rows.scalars())
