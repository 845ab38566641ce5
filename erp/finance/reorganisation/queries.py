from datetime import date

from sqlalchemy import Connection, text

from erp.base.db import many, one
from erp.base.scope import Scope
from erp.finance.reorganisation.model import Handed, Reorganisation
from ledger.model import Dimension

_COLUMNS = "id, from_id, to_id, effective_on, act, transit, created_at, left_at, joined_at, left_rounds, joined_rounds"
_CODES = ", ".join(dimension.slug for dimension in Dimension)


def of_organisation(connection: Connection, scope: Scope, organisation_id: int) -> list[Reorganisation]:
    """What an institution joined, and what joined it; the latest first."""
    rows = connection.execute(
        text(f"""SELECT {_COLUMNS} FROM finance_reorganisation
                  WHERE from_id = :organisation OR to_id = :organisation ORDER BY effective_on DESC, id DESC"""),
        {"organisation": organisation_id},
    )
    return many(Reorganisation, rows)


def lock(connection: Connection, scope: Scope, reorganisation_id: int) -> Reorganisation | None:
    """A joining, held to the end of the transaction: its steps are taken one at a time."""
    row = connection.execute(
        text(f"SELECT {_COLUMNS} FROM finance_reorganisation WHERE id = :id FOR UPDATE"), {"id": reorganisation_id}
    ).one_or_none()
    return one(Reorganisation, row) if row else None


def lock_leaving(
    connection: Connection, scope: Scope, from_id: int, to_id: int, effective_on: date, act: str, transit: str
) -> Reorganisation:
    """The joining by which an institution leaves for another, held like ``lock``; made where there was none."""
    connection.execute(
        text("""INSERT INTO finance_reorganisation (from_id, to_id, effective_on, act, transit, created_by, origin)
                VALUES (:from_id, :to_id, :on, :act, :transit, :actor, :origin) ON CONFLICT (from_id) DO NOTHING"""),
        {
            "from_id": from_id,
            "to_id": to_id,
            "on": effective_on,
            "act": act,
            "transit": transit,
            "actor": scope.actor.id,
            "origin": scope.actor.origin,
        },
    )
    row = connection.execute(
        text(f"SELECT {_COLUMNS} FROM finance_reorganisation WHERE from_id = :from_id FOR UPDATE"),
        {"from_id": from_id},
    ).one()
    return one(Reorganisation, row)


def lock_books(connection: Connection, scope: Scope, organisation_id: int) -> None:
    """Wait for the postings under way in an institution's books, and let no other begin."""
    connection.execute(
        text("""SELECT pg_advisory_xact_lock(:organisation, ledger_month_key(m.month))
                  FROM (SELECT month FROM ledger_period
                         WHERE organisation_id = :organisation AND state <> 'closed' ORDER BY month) m"""),
        {"organisation": organisation_id},
    )


def mark_left(connection: Connection, scope: Scope, reorganisation_id: int) -> None:
    connection.execute(
        text("""UPDATE finance_reorganisation
                   SET left_at = clock_timestamp(), left_rounds = left_rounds + 1, joined_at = NULL WHERE id = :id"""),
        {"id": reorganisation_id},
    )


def mark_joined(connection: Connection, scope: Scope, reorganisation_id: int) -> None:
    connection.execute(
        text("""UPDATE finance_reorganisation
                   SET joined_at = clock_timestamp(), joined_rounds = left_rounds WHERE id = :id"""),
        {"id": reorganisation_id},
    )


def handed(connection: Connection, scope: Scope, reorganisation_id: int) -> list[Handed]:
    """The balances that left and have not entered yet, for who keeps the books they enter."""
    rows = connection.execute(
        text(f"""SELECT account_id, {_CODES}, balance_tiyn, quantity_milli, currency_minor
                   FROM finance_reorganisation_left(:id)"""),
        {"id": reorganisation_id},
    )
    return [
        Handed(
            row.account_id,
            tuple(getattr(row, dimension.slug) for dimension in Dimension),
            row.balance_tiyn,
            row.quantity_milli,
            row.currency_minor,
        )
        for row in rows
    ]


def organisation_codes(connection: Connection, scope: Scope, ids: list[int]) -> dict[int, str]:
    """BINs of institutions, which are public."""
    rows = connection.execute(text("SELECT id, code FROM reference_organisation WHERE id = ANY(:ids)"), {"ids": ids})
    return {row.id: row.code for row in rows}


def contra_account(connection: Connection, scope: Scope, day: date) -> int | None:
    """Id of the hidden other side of off-balance entries."""
    found: int | None = connection.execute(
        text("SELECT id FROM ledger_account WHERE role = 'contra' AND in_force @> CAST(:day AS date)"), {"day": day}
    ).scalar_one_or_none()
    return found


def off_balance_accounts(connection: Connection, scope: Scope, ids: list[int]) -> set[int]:
    """Those of the accounts that stand off the balance sheet."""
    rows = connection.execute(
        text("SELECT id FROM ledger_account WHERE id = ANY(:ids) AND kind = 'off_balance'"), {"ids": ids}
    )
    return set(rows.scalars())
