"""What the files name, and what was decided on it: of several decisions the last one counts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from erp.base.db import many
from erp.base.scope import Scope
from erp.finance.takeover import tables
from erp.finance.takeover.files.model import CounterpartyRow
from erp.finance.takeover.mapping.model import Decision
from erp.finance.takeover.model import Account
from erp.finance.takeover.queries import IN_USE, NAMED, signed
from erp.finance.takeover.rows import add


@dataclass(frozen=True, slots=True)
class Used:
    account: Account
    uses: int


def accounts(connection: Connection, scope: Scope, organisation_id: int, takeover_id: int) -> list[Used]:
    """Their accounts that rows of the files in use name, by themselves or with an analysis, and how many rows."""
    rows = connection.execute(
        text(f"""
            WITH used AS (SELECT f.id FROM {IN_USE}),
                 uses AS (
                SELECT side_id AS id, count(*) AS n FROM finance_takeover_balance
                 WHERE organisation_id = :organisation AND counted AND file_id IN (SELECT id FROM used) GROUP BY 1
                 UNION ALL
                SELECT debit_side_id, count(*) FROM finance_takeover_posting
                 WHERE organisation_id = :organisation AND debit_side_id IS NOT NULL
                   AND file_id IN (SELECT id FROM used) GROUP BY 1
                 UNION ALL
                SELECT credit_side_id, count(*) FROM finance_takeover_posting
                 WHERE organisation_id = :organisation AND credit_side_id IS NOT NULL
                   AND file_id IN (SELECT id FROM used) GROUP BY 1)
            SELECT a.code, a.name, a.nature, a.off_balance, a.subconto, sum(n)::int AS uses
              FROM finance_takeover_account a
              JOIN finance_takeover_side s ON s.organisation_id = a.organisation_id
               AND s.takeover_id = a.takeover_id AND s.account = a.code
              JOIN uses ON uses.id = s.id
             WHERE a.organisation_id = :organisation AND a.takeover_id = :takeover
             GROUP BY a.code, a.name, a.nature, a.off_balance, a.subconto ORDER BY a.off_balance, a.code
        """),
        {"organisation": organisation_id, "takeover": takeover_id},
    )
    return [Used(Account(r.code, r.name, r.nature, r.off_balance, tuple(r.subconto)), r.uses) for r in rows]


def texts(connection: Connection, scope: Scope, organisation_id: int, takeover_id: int) -> list[str]:
    """Distinct texts of the files in use that may hold words of an old font."""
    rows = connection.execute(
        text(f"""
            WITH used AS (SELECT f.id FROM {IN_USE})
            SELECT name FROM finance_takeover_account WHERE organisation_id = :organisation AND takeover_id = :takeover
             UNION
            SELECT unnest(subconto) FROM finance_takeover_side
             WHERE organisation_id = :organisation AND takeover_id = :takeover
             UNION
            SELECT memo FROM finance_takeover_posting
             WHERE organisation_id = :organisation AND file_id IN (SELECT id FROM used)
             UNION
            SELECT unnest(ARRAY[name, full_name, bank]) FROM finance_takeover_counterparty
             WHERE organisation_id = :organisation AND file_id IN (SELECT id FROM used)
        """),
        {"organisation": organisation_id, "takeover": takeover_id},
    )
    return sorted(rows.scalars())


def counterparties(
    connection: Connection, scope: Scope, organisation_id: int, takeover_id: int
) -> list[CounterpartyRow]:
    """Of the lists in use, in their order."""
    rows = connection.execute(
        text(f"""
            SELECT row_no, name, full_name, code, iban, bank, cells FROM finance_takeover_counterparty
             WHERE organisation_id = :organisation AND file_id IN (SELECT f.id FROM {IN_USE})
             ORDER BY file_id, row_no
        """),
        {"organisation": organisation_id, "takeover": takeover_id},
    )
    return [CounterpartyRow(**{**row._mapping, "cells": tuple(row.cells)}) for row in rows]


# ------------------------------------------------------------------------------------------------ decisions


def decisions(connection: Connection, scope: Scope, organisation_id: int, takeover_id: int) -> dict[str, Decision]:
    """The last decision on each account."""
    rows = connection.execute(
        text(f"""
            SELECT DISTINCT ON (m.account) m.account, m.ours, m.dimensions, m.fixed, m.score, m.why,
                   {NAMED} AS decided_by, m.decided_at
              FROM finance_takeover_mapping m LEFT JOIN reference_user u ON u.id = m.decided_by
             WHERE m.organisation_id = :organisation AND m.takeover_id = :takeover
             ORDER BY m.account, m.id DESC
        """),
        {"organisation": organisation_id, "takeover": takeover_id},
    )
    return {row.account: Decision(**{**row._mapping, "dimensions": tuple(row.dimensions)}) for row in rows}


def insert_decisions(
    connection: Connection, scope: Scope, organisation_id: int, takeover_id: int, decided: Iterable[Decision]
) -> None:
    said = (
        {"account": d.account, "ours": d.ours, "dimensions": d.dimensions, "fixed": dict(d.fixed), "score": d.score,
         "why": d.why}
        for d in decided
    )  # fmt: skip
    add(connection, tables.mapping, said, _decided(scope, organisation_id, takeover_id))


def _decided(scope: Scope, organisation_id: int, takeover_id: int) -> dict[str, Any]:
    return {"organisation_id": organisation_id, "takeover_id": takeover_id, **signed(scope, "decided_by")}


def values(connection: Connection, scope: Scope, organisation_id: int, takeover_id: int) -> dict[tuple[str, str], str]:
    """Codes by the slug of a dimension and what the other program says, as last decided."""
    rows = connection.execute(
        text("""
            SELECT DISTINCT ON (dimension, said) dimension, said, code FROM finance_takeover_value
             WHERE organisation_id = :organisation AND takeover_id = :takeover ORDER BY dimension, said, id DESC
        """),
        {"organisation": organisation_id, "takeover": takeover_id},
    )
    return {(row.dimension, row.said): row.code for row in rows if row.code}


def insert_values(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    takeover_id: int,
    decided: Iterable[tuple[str, str, str, str]],
) -> None:
    """Decisions on values: dimension, what is said, code, why."""
    said = (dict(zip(("dimension", "said", "code", "why"), each, strict=True)) for each in decided)
    add(connection, tables.value, said, _decided(scope, organisation_id, takeover_id))


def words(connection: Connection, scope: Scope, organisation_id: int, takeover_id: int) -> dict[str, str]:
    """Words of old fonts and what they are, as last decided; those that stay as they are among them."""
    rows = connection.execute(
        text("""
            SELECT DISTINCT ON (before) before, after FROM finance_takeover_word
             WHERE organisation_id = :organisation AND takeover_id = :takeover ORDER BY before, id DESC
        """),
        {"organisation": organisation_id, "takeover": takeover_id},
    )
    return {row.before: row.after for row in rows}


def insert_words(
    connection: Connection, scope: Scope, organisation_id: int, takeover_id: int, decided: Mapping[str, str]
) -> None:
    said = ({"before": before, "after": after} for before, after in decided.items())
    add(connection, tables.word, said, _decided(scope, organisation_id, takeover_id))


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an account became in other takeovers that the asker may read."""

    account: str
    name: str
    ours: str
    takeovers: int


def earlier(connection: Connection, scope: Scope, takeover_id: int, codes: Sequence[str]) -> list[Earlier]:
    """Decisions of the other takeovers within the scope on accounts with these codes, the most frequent last."""
    rows = connection.execute(
        text("""
            SELECT m.account, a.name, m.ours, count(*)::int AS takeovers
              FROM (SELECT DISTINCT ON (organisation_id, takeover_id, account)
                           organisation_id, takeover_id, account, ours
                      FROM finance_takeover_mapping
                     WHERE organisation_id = ANY(:organisations) AND takeover_id <> :takeover AND account = ANY(:codes)
                     ORDER BY organisation_id, takeover_id, account, id DESC) m
              JOIN finance_takeover_account a ON a.organisation_id = m.organisation_id
               AND a.takeover_id = m.takeover_id AND a.code = m.account
             GROUP BY 1, 2, 3 ORDER BY takeovers, 1, 2, 3
        """),
        {"organisations": sorted(scope.reads | scope.writes), "takeover": takeover_id, "codes": list(codes)},
    )
    return many(Earlier, rows)


def correspondences(connection: Connection, scope: Scope) -> dict[str, str]:
    """Old accounts and what they became, of recodings for everybody; of several the latest."""
    rows = connection.execute(
        text("""
            SELECT l.old_code, l.new_code FROM finance_recoding r JOIN finance_recoding_line l ON l.recoding_id = r.id
             WHERE r.books_of IS NULL AND l.what = 'account' ORDER BY r.effective_on, r.id
        """)
    )
    return {row.old_code: row.new_code for row in rows}


# ------------------------------------------------------------------------------------------------ counterparties


def keep_bank_accounts(
    connection: Connection, scope: Scope, organisation_id: int, found: Iterable[tuple[str, str, str]]
) -> int:
    """Add bank accounts (counterparty, IBAN, bank) that are not known yet; how many were new."""
    columns = list(zip(*found, strict=True)) or [(), (), ()]
    return connection.execute(
        text("""
            INSERT INTO reference_bank_account (organisation_id, counterparty, iban, bank, in_use)
            SELECT DISTINCT ON (r.code, r.iban) :organisation, r.code, r.iban, r.bank, true
              FROM unnest(CAST(:code AS text[]), CAST(:iban AS text[]), CAST(:bank AS text[])) AS r(code, iban, bank)
                ON CONFLICT DO NOTHING
        """),
        {
            "organisation": organisation_id,
            **{name: list(column) for name, column in zip(("code", "iban", "bank"), columns, strict=True)},
        },
    ).rowcount
