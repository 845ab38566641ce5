"""Rows of the other program go in and come out in sets; sides of theirs meet ours by arrays made in ``rules``."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from erp.base.db import many
from erp.base.scope import Scope
from erp.finance.takeover.model import (
    Account,
    Agreement,
    BalanceRow,
    Batch,
    CounterpartyRow,
    Decision,
    Difference,
    File,
    Kind,
    MonthLine,
    OurLine,
    OurSide,
    PostingRow,
    Recognised,
    Side,
    State,
    Takeover,
    TheirLine,
    Unread,
)
from ledger.model import Dimension

_AT_ONCE = 20_000
"""Rows that go into one statement."""
MOST_LINES = 500
"""Behind a difference, of each side."""

_SLUGS = [dimension.slug for dimension in Dimension]
_NAMED = "coalesce(u.name, '')"


def _by(scope: Scope) -> dict[str, Any]:
    return {"actor": scope.actor.id, "behalf": scope.on_behalf_of, "origin": scope.actor.origin}


# ------------------------------------------------------------------------------------------------ takeovers

_TAKEOVER = f"""
    SELECT t.id, t.starts_on, t.source_program, t.state, {_NAMED} AS begun_by, t.begun_at
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
    made: int = connection.execute(
        text("""INSERT INTO finance_takeover (organisation_id, starts_on, source_program, begun_by, origin)
                VALUES (:organisation, :starts_on, :program, :actor, :origin) RETURNING id"""),
        {"organisation": organisation_id, "starts_on": starts_on, "program": source_program, **_by(scope)},
    ).scalar_one()
    return made


def set_state(connection: Connection, scope: Scope, organisation_id: int, takeover_id: int, state: State) -> None:
    connection.execute(
        text("UPDATE finance_takeover SET state = :state WHERE organisation_id = :organisation AND id = :id"),
        {"organisation": organisation_id, "id": takeover_id, "state": state.value},
    )


# ------------------------------------------------------------------------------------------------ files

_FILE = f"""
    SELECT f.id, f.kind, f.name, f.sha256, f.first_on, f.last_on, f.head_row, f.recognised, f.row_count, f.amount_tiyn,
           {_NAMED} AS taken_by, f.taken_at, f.set_aside_at
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


def insert_file(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    takeover_id: int,
    *,
    name: str,
    sha256: bytes,
    recognised: Recognised,
    rows: int,
    amount_tiyn: int,
) -> int:
    said = {
        "columns": [[heading.field, heading.letter, heading.words] for heading in recognised.headings],
        "ignored": list(recognised.ignored),
    }
    span = recognised.span
    made: int = connection.execute(
        text("""
            INSERT INTO finance_takeover_file (organisation_id, takeover_id, kind, name, sha256, first_on, last_on,
                   head_row, recognised, row_count, amount_tiyn, taken_by, origin)
            VALUES (:organisation, :takeover, :kind, :name, :sha256, :first, :last, :head, CAST(:recognised AS jsonb),
                    :rows, :amount, :actor, :origin) RETURNING id
        """),
        {
            "organisation": organisation_id,
            "takeover": takeover_id,
            "kind": recognised.kind.value,
            "name": name,
            "sha256": sha256,
            "first": span.start if span else None,
            "last": span.last_day if span else None,
            "head": recognised.head_row,
            "recognised": json.dumps(said, ensure_ascii=False),
            "rows": rows,
            "amount": amount_tiyn,
            **_by(scope),
        },
    ).scalar_one()
    return made


def set_aside(connection: Connection, scope: Scope, organisation_id: int, file_id: int) -> None:
    connection.execute(
        text("""UPDATE finance_takeover_file SET set_aside_by = :actor, set_aside_at = clock_timestamp()
                 WHERE organisation_id = :organisation AND id = :id"""),
        {"organisation": organisation_id, "id": file_id, "actor": scope.actor.id},
    )


# ------------------------------------------------------------------------------------------------ rows of files


def keep_accounts(
    connection: Connection, scope: Scope, organisation_id: int, takeover_id: int, accounts: Iterable[Account]
) -> None:
    """Add accounts, and to those known what is new: a name, a nature, kinds of analysis."""
    said = [
        {"code": a.code, "name": a.name, "nature": a.nature, "off": a.off_balance, "subconto": a.subconto}
        for a in accounts
    ]
    connection.execute(
        text("""
            INSERT INTO finance_takeover_account AS a
                   (organisation_id, takeover_id, code, name, nature, off_balance, subconto)
            SELECT :organisation, :takeover, r.code, r.name, r.nature, r.off, r.subconto
              FROM json_to_recordset(CAST(:rows AS json))
                   AS r(code text, name text, nature text, off boolean, subconto text[])
                ON CONFLICT (organisation_id, takeover_id, code) DO UPDATE
               SET name = coalesce(nullif(excluded.name, ''), a.name),
                   nature = coalesce(nullif(excluded.nature, ''), a.nature),
                   off_balance = a.off_balance OR excluded.off_balance,
                   subconto = CASE WHEN array_to_string(excluded.subconto, '') <> ''
                                     OR cardinality(excluded.subconto) > cardinality(a.subconto)
                                        AND array_to_string(a.subconto, '') = ''
                                   THEN excluded.subconto ELSE a.subconto END
        """),
        {"organisation": organisation_id, "takeover": takeover_id, "rows": json.dumps(said, ensure_ascii=False)},
    )


def keep_sides(
    connection: Connection, scope: Scope, organisation_id: int, takeover_id: int, sides: Iterable[Side]
) -> dict[Side, int]:
    """Ids of sides, new ones made; all there are in the takeover come back."""
    said = json.dumps([{"account": s.account, "subconto": s.subconto} for s in sides], ensure_ascii=False)
    parameters = {"organisation": organisation_id, "takeover": takeover_id, "rows": said}
    connection.execute(
        text("""
            INSERT INTO finance_takeover_side (organisation_id, takeover_id, account, subconto)
            SELECT :organisation, :takeover, r.account, r.subconto
              FROM json_to_recordset(CAST(:rows AS json)) AS r(account text, subconto text[])
                ON CONFLICT DO NOTHING
        """),
        parameters,
    )
    return {side: id_ for id_, side in sides_of(connection, scope, organisation_id, takeover_id).items()}


def sides_of(connection: Connection, scope: Scope, organisation_id: int, takeover_id: int) -> dict[int, Side]:
    rows = connection.execute(
        text("""SELECT id, account, subconto FROM finance_takeover_side
                 WHERE organisation_id = :organisation AND takeover_id = :takeover ORDER BY id"""),
        {"organisation": organisation_id, "takeover": takeover_id},
    )
    return {row.id: Side(row.account, tuple(row.subconto)) for row in rows}


def _insert_rows(connection: Connection, statement: str, parameters: Mapping[str, Any], rows: Sequence[object]) -> None:
    for start in range(0, len(rows), _AT_ONCE):
        said = json.dumps(rows[start : start + _AT_ONCE], ensure_ascii=False, default=str)
        connection.execute(text(statement), {**parameters, "rows": said})


def insert_balances(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    file_id: int,
    rows: Iterable[BalanceRow],
    ids: Mapping[Side, int],
) -> None:
    _insert_rows(
        connection,
        """
        INSERT INTO finance_takeover_balance (organisation_id, file_id, row_no, side_id, depth, counted,
               opening_debit_tiyn, opening_credit_tiyn, debit_tiyn, credit_tiyn, closing_debit_tiyn,
               closing_credit_tiyn, opening_quantity_milli, cells)
        SELECT :organisation, :file, r.no, r.side, r.depth, r.counted, r.od, r.oc, r.d, r.c, r.cd, r.cc, r.quantity,
               r.cells
          FROM json_to_recordset(CAST(:rows AS json)) AS r(no int, side int, depth smallint, counted boolean,
               od bigint, oc bigint, d bigint, c bigint, cd bigint, cc bigint, quantity bigint, cells text[])
        """,
        {"organisation": organisation_id, "file": file_id},
        [
            {
                "no": row.row_no, "side": ids.get(row.side), "depth": row.depth, "counted": row.counted,
                "od": row.figures.opening_debit, "oc": row.figures.opening_credit, "d": row.figures.debit,
                "c": row.figures.credit, "cd": row.figures.closing_debit, "cc": row.figures.closing_credit,
                "quantity": row.quantity_milli, "cells": row.cells,
            }
            for row in rows
        ],
    )  # fmt: skip


def insert_postings(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    file_id: int,
    rows: Iterable[PostingRow],
    ids: Mapping[Side, int],
) -> None:
    _insert_rows(
        connection,
        """
        INSERT INTO finance_takeover_posting (organisation_id, file_id, row_no, document_row, no, effective_on,
               document, document_number, document_on, memo, debit_side_id, credit_side_id, amount_tiyn,
               debit_quantity_milli, credit_quantity_milli, debit_currency_minor, credit_currency_minor, fault, cells)
        SELECT :organisation, :file, r.no, r.first, r.place, r.day, r.document, r.number, r.document_on, r.memo,
               r.debit, r.credit, r.amount, r.dq, r.cq, r.dc, r.cc, r.fault, r.cells
          FROM json_to_recordset(CAST(:rows AS json)) AS r(no int, first int, place smallint, day date, document text,
               number text, document_on date, memo text, debit int, credit int, amount bigint, dq bigint, cq bigint,
               dc bigint, cc bigint, fault jsonb, cells text[])
        """,
        {"organisation": organisation_id, "file": file_id},
        [
            {
                "no": row.row_no, "first": row.document_row, "place": row.no, "day": row.on, "document": row.document,
                "number": row.document_number, "document_on": row.document_on, "memo": row.memo,
                "debit": ids.get(row.debit), "credit": ids.get(row.credit), "amount": row.amount_tiyn,
                "dq": row.debit_quantity_milli, "cq": row.credit_quantity_milli, "dc": row.debit_currency_minor,
                "cc": row.credit_currency_minor, "fault": _said(row.unread), "cells": row.cells,
            }
            for row in rows
        ],
    )  # fmt: skip


def _said(unread: Unread | None) -> dict[str, object] | None:
    return None if unread is None else {"code": unread.code, "template": unread.template, "fields": dict(unread.fields)}


def insert_counterparties(
    connection: Connection, scope: Scope, organisation_id: int, file_id: int, rows: Iterable[CounterpartyRow]
) -> None:
    _insert_rows(
        connection,
        """
        INSERT INTO finance_takeover_counterparty (organisation_id, file_id, row_no, name, full_name, code, iban, bank,
               cells)
        SELECT :organisation, :file, r.no, r.name, r.full_name, r.code, r.iban, r.bank, r.cells
          FROM json_to_recordset(CAST(:rows AS json)) AS r(no int, name text, full_name text, code text, iban text,
               bank text, cells text[])
        """,
        {"organisation": organisation_id, "file": file_id},
        [
            {
                "no": row.row_no, "name": row.name, "full_name": row.full_name, "code": row.code, "iban": row.iban,
                "bank": row.bank, "cells": row.cells,
            }
            for row in rows
        ],
    )  # fmt: skip


_IN_USE = """finance_takeover_file f
       WHERE f.organisation_id = :organisation AND f.takeover_id = :takeover AND f.set_aside_at IS NULL"""


@dataclass(frozen=True, slots=True)
class Used:
    account: Account
    uses: int


def accounts(connection: Connection, scope: Scope, organisation_id: int, takeover_id: int) -> list[Used]:
    """Their accounts, with how many rows of the files in use name each, whether by itself or with an analysis.

    An account of which no row counts, such as a heading, has no use.
    """
    rows = connection.execute(
        text(f"""
            WITH used AS (SELECT f.id FROM {_IN_USE}),
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
            SELECT a.code, a.name, a.nature, a.off_balance, a.subconto, coalesce(sum(n), 0)::bigint AS uses
              FROM finance_takeover_account a
              LEFT JOIN finance_takeover_side s ON s.organisation_id = a.organisation_id
               AND s.takeover_id = a.takeover_id AND s.account = a.code
              LEFT JOIN uses ON uses.id = s.id
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
            WITH used AS (SELECT f.id FROM {_IN_USE})
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
             WHERE organisation_id = :organisation AND file_id IN (SELECT f.id FROM {_IN_USE})
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
                   {_NAMED} AS decided_by, m.decided_at
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
    said = [
        {"account": d.account, "ours": d.ours, "dimensions": d.dimensions, "fixed": dict(d.fixed), "score": d.score,
         "why": d.why} for d in decided
    ]  # fmt: skip
    connection.execute(
        text("""
            INSERT INTO finance_takeover_mapping (organisation_id, takeover_id, account, ours, dimensions, fixed, score,
                   why, decided_by, on_behalf_of, origin)
            SELECT :organisation, :takeover, r.account, r.ours, r.dimensions, r.fixed, r.score, r.why, :actor, :behalf,
                   :origin
              FROM json_to_recordset(CAST(:rows AS json)) AS r(account text, ours text, dimensions text[], fixed jsonb,
                   score smallint, why text)
        """),
        {
            "organisation": organisation_id,
            "takeover": takeover_id,
            "rows": json.dumps(said, ensure_ascii=False),
            **_by(scope),
        },
    )


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
    columns = list(zip(*decided, strict=True)) or [(), (), (), ()]
    connection.execute(
        text("""
            INSERT INTO finance_takeover_value (organisation_id, takeover_id, dimension, said, code, why, decided_by,
                   on_behalf_of, origin)
            SELECT :organisation, :takeover, r.dimension, r.said, r.code, r.why, :actor, :behalf, :origin
              FROM unnest(CAST(:dimension AS text[]), CAST(:said AS text[]), CAST(:code AS text[]),
                          CAST(:why AS text[])) AS r(dimension, said, code, why)
        """),
        {
            "organisation": organisation_id,
            "takeover": takeover_id,
            **{name: list(column) for name, column in zip(("dimension", "said", "code", "why"), columns, strict=True)},
            **_by(scope),
        },
    )


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
    connection.execute(
        text("""
            INSERT INTO finance_takeover_word (organisation_id, takeover_id, before, after, decided_by, on_behalf_of,
                   origin)
            SELECT :organisation, :takeover, r.before, r.after, :actor, :behalf, :origin
              FROM unnest(CAST(:before AS text[]), CAST(:after AS text[])) AS r(before, after)
        """),
        {
            "organisation": organisation_id,
            "takeover": takeover_id,
            "before": list(decided),
            "after": list(decided.values()),
            **_by(scope),
        },
    )


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an account became in other takeovers that the asker may read."""

    account: str
    name: str
    ours: str
    takeovers: int


def earlier(connection: Connection, scope: Scope, codes: Sequence[str]) -> list[Earlier]:
    """Decisions of all takeovers within the scope on accounts with these codes, the most frequent last."""
    rows = connection.execute(
        text("""
            SELECT m.account, a.name, m.ours, count(*)::int AS takeovers
              FROM (SELECT DISTINCT ON (organisation_id, takeover_id, account)
                           organisation_id, takeover_id, account, ours
                      FROM finance_takeover_mapping
                     WHERE organisation_id = ANY(:organisations) AND account = ANY(:codes)
                     ORDER BY organisation_id, takeover_id, account, id DESC) m
              JOIN finance_takeover_account a ON a.organisation_id = m.organisation_id
               AND a.takeover_id = m.takeover_id AND a.code = m.account
             GROUP BY 1, 2, 3 ORDER BY takeovers, 1, 2, 3
        """),
        {"organisations": sorted(scope.reads | scope.writes), "codes": list(codes)},
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


# ------------------------------------------------------------------------------------------------ posting


@dataclass(frozen=True, slots=True)
class OpeningRow:
    side_id: int
    row_no: int
    off_balance: bool
    tiyn: int
    quantity_milli: int | None


def opening_rows(connection: Connection, scope: Scope, organisation_id: int, file_id: int) -> list[OpeningRow]:
    """What the counted rows of a trial balance begin with, debit positive."""
    rows = connection.execute(
        text("""
            SELECT b.side_id, b.row_no, a.off_balance, b.opening_debit_tiyn - b.opening_credit_tiyn AS tiyn,
                   b.opening_quantity_milli AS quantity_milli
              FROM finance_takeover_balance b
              JOIN finance_takeover_side s ON s.organisation_id = b.organisation_id AND s.id = b.side_id
              JOIN finance_takeover_account a ON a.organisation_id = s.organisation_id
               AND a.takeover_id = s.takeover_id AND a.code = s.account
             WHERE b.organisation_id = :organisation AND b.file_id = :file AND b.counted ORDER BY b.row_no
        """),
        {"organisation": organisation_id, "file": file_id},
    )
    return many(OpeningRow, rows)


def opened(connection: Connection, scope: Scope, organisation_id: int, month: date) -> dict[str, int]:
    """What opening entries of a month brought onto each account, debit positive."""
    rows = connection.execute(
        text("""
            SELECT a.code, sum(b.debit_tiyn - b.credit_tiyn)::bigint AS tiyn
              FROM ledger_account_balance b JOIN ledger_account a ON a.id = b.account_id
             WHERE b.organisation_id = :organisation AND b.month = :month AND b.kind = 1 AND a.role <> 'contra'
             GROUP BY 1
        """),
        {"organisation": organisation_id, "month": month},
    )
    return {row.code: row.tiyn for row in rows}


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


_POSTED = """ledger_entry e
     WHERE e.organisation_id = :organisation AND e.source_kind = 'takeover' AND e.kind = 'ordinary'
       AND e.effective_on >= :first AND e.effective_on < :end AND e.fiscal_year BETWEEN :first_year AND :last_year"""


def _within(first: date, end: date) -> dict[str, Any]:
    return {"first": first, "end": end, "first_year": first.year, "last_year": end.year}


def rows_of_month(
    connection: Connection, scope: Scope, organisation_id: int, file_id: int, first: date, end: date
) -> list[PostingRow]:
    """Rows of a journal and a month whose documents are not posted; unread ones of no day come with the first month
    of the file.  The sides are theirs."""
    rows = connection.execute(
        text(f"""
            SELECT p.row_no, p.document_row, p.no, p.effective_on, p.document, p.document_number, p.document_on, p.memo,
                   d.account AS debit, d.subconto AS debit_subconto, c.account AS credit,
                   c.subconto AS credit_subconto, p.amount_tiyn, p.cells, p.debit_quantity_milli,
                   p.credit_quantity_milli, p.debit_currency_minor, p.credit_currency_minor, p.fault
              FROM finance_takeover_posting p
              JOIN finance_takeover_file f ON f.organisation_id = p.organisation_id AND f.id = p.file_id
              LEFT JOIN finance_takeover_side d ON d.organisation_id = p.organisation_id AND d.id = p.debit_side_id
              LEFT JOIN finance_takeover_side c ON c.organisation_id = p.organisation_id AND c.id = p.credit_side_id
             WHERE p.organisation_id = :organisation AND p.file_id = :file
               AND (p.effective_on >= :first AND p.effective_on < :end
                    OR p.effective_on IS NULL AND f.first_on = :first)
               AND p.document_row NOT IN (SELECT e.source_line FROM {_POSTED} AND e.source_id = :file)
             ORDER BY p.row_no
        """),
        {"organisation": organisation_id, "file": file_id, **_within(first, end)},
    )
    return [_posting(row) for row in rows]


def _posting(row: Row[Any]) -> PostingRow:
    return PostingRow(
        row_no=row.row_no,
        document_row=row.document_row,
        no=row.no,
        on=row.effective_on,
        document=row.document,
        document_number=row.document_number,
        document_on=row.document_on,
        memo=row.memo,
        debit=Side(row.debit or "", tuple(row.debit_subconto or ())),
        credit=Side(row.credit or "", tuple(row.credit_subconto or ())),
        amount_tiyn=row.amount_tiyn,
        cells=tuple(row.cells),
        debit_quantity_milli=row.debit_quantity_milli,
        credit_quantity_milli=row.credit_quantity_milli,
        debit_currency_minor=row.debit_currency_minor,
        credit_currency_minor=row.credit_currency_minor,
        unread=Unread(**row.fault) if row.fault else None,
    )


def months(connection: Connection, scope: Scope, organisation_id: int, takeover_id: int) -> list[MonthLine]:
    """Months of the journals in use, with how many of their documents are here."""
    rows = connection.execute(
        text(f"""
            WITH used AS (SELECT f.id, f.first_on, f.last_on FROM {_IN_USE} AND f.kind = 'journal'),
                 met AS (  -- grouped and not joined: rows come in by the hundred thousand, before they are analysed
                SELECT p.file_id, p.document_row, p.amount_tiyn, 1 AS rows, 0 AS posted,
                       coalesce(p.effective_on, u.first_on) AS effective_on
                  FROM finance_takeover_posting p JOIN used u ON u.id = p.file_id
                 WHERE p.organisation_id = :organisation
                 UNION ALL
                SELECT e.source_id, e.source_line, 0, 0, 1, NULL FROM ledger_entry e
                 WHERE e.organisation_id = :organisation AND e.source_kind = 'takeover' AND e.kind = 'ordinary'
                   AND e.effective_on >= (SELECT min(first_on) FROM used)
                   AND e.effective_on <= (SELECT max(last_on) FROM used)),
                 document AS (
                SELECT file_id, date_trunc('month', min(effective_on)::timestamp)::date AS month, sum(rows) AS rows,
                       max(posted) AS posted, coalesce(sum(amount_tiyn), 0) AS amount
                  FROM met GROUP BY file_id, document_row HAVING sum(rows) > 0)
            SELECT month, file_id::int, sum(rows)::int AS rows, count(*)::int AS documents, sum(posted)::int AS posted,
                   sum(amount)::bigint AS amount_tiyn
              FROM document GROUP BY 1, 2 ORDER BY 1, 2
        """),
        {"organisation": organisation_id, "takeover": takeover_id},
    )
    return many(MonthLine, rows)


_BATCH = f"""
    SELECT b.id, b.kind, b.file_id, b.month, b.entries, b.postings, b.amount_tiyn, b.rows_left, {_NAMED} AS actor,
           b.posted_at
      FROM finance_takeover_batch b LEFT JOIN reference_user u ON u.id = b.actor_id
     WHERE b.organisation_id = :organisation"""


def _batch(row: Row[Any]) -> Batch:
    return Batch(**{**row._mapping, "amount_tiyn": int(row.amount_tiyn)})


def batches(connection: Connection, scope: Scope, organisation_id: int, takeover_id: int) -> list[Batch]:
    """What was posted, in order."""
    rows = connection.execute(
        text(f"{_BATCH} AND b.takeover_id = :takeover ORDER BY b.id"),
        {"organisation": organisation_id, "takeover": takeover_id},
    )
    return [_batch(row) for row in rows]


def batch_by_key(
    connection: Connection, scope: Scope, organisation_id: int, takeover_id: int, key: UUID
) -> Batch | None:
    row = connection.execute(
        text(f"{_BATCH} AND b.takeover_id = :takeover AND b.key = :key"),
        {"organisation": organisation_id, "takeover": takeover_id, "key": key},
    ).one_or_none()
    return _batch(row) if row else None


def insert_batch(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    takeover_id: int,
    *,
    file_id: int,
    kind: str,
    month: date,
    key: UUID,
    entries: int,
    postings: int,
    amount_tiyn: int,
    rows_left: int,
) -> None:
    connection.execute(
        text("""
            INSERT INTO finance_takeover_batch (organisation_id, takeover_id, file_id, kind, month, key, entries,
                   postings, amount_tiyn, rows_left, actor_id, on_behalf_of, origin)
            VALUES (:organisation, :takeover, :file, :kind, :month, :key, :entries, :postings, :amount, :left, :actor,
                    :behalf, :origin)
        """),
        {
            "organisation": organisation_id,
            "takeover": takeover_id,
            "file": file_id,
            "kind": kind,
            "month": month,
            "key": key,
            "entries": entries,
            "postings": postings,
            "amount": amount_tiyn,
            "left": rows_left,
            **_by(scope),
        },
    )


# ------------------------------------------------------------------------------------------------ parallel run

_ARRAYS = ", ".join(f"CAST(:side_{slug} AS text[])" for slug in _SLUGS)
_SIDES = f"""unnest(CAST(:side_id AS int[]), CAST(:side_account AS text[]), {_ARRAYS})
                   AS s(id, account, {", ".join(_SLUGS)})"""


def _masked(source: str) -> str:
    return ", ".join(
        f"CASE WHEN coalesce(g.mask, 0) & {int(dimension)} <> 0 THEN {source}.{dimension.slug} ELSE '' END"
        f" AS {dimension.slug}"
        for dimension in Dimension
    )


_COLUMNS = ", ".join(_SLUGS)
_KEY = f"file_id, account, {_COLUMNS}"
_COMPARED = f"""
    WITH side AS MATERIALIZED (SELECT * FROM {_SIDES}),
         span AS (SELECT * FROM unnest(CAST(:file AS int[]), CAST(:first AS date[]), CAST(:end AS date[]))
                         AS s(file_id, first, "end")),
         grain AS MATERIALIZED (SELECT * FROM unnest(CAST(:grain_file AS int[]), CAST(:grain_account AS text[]),
                                                     CAST(:grain_mask AS int[])) AS g(file_id, account, mask)),
         theirs AS (
        SELECT b.file_id, s.account, {_masked("s")},
               b.opening_debit_tiyn - b.opening_credit_tiyn AS opening, b.debit_tiyn AS debit, b.credit_tiyn AS credit
          FROM finance_takeover_balance b
          JOIN span ON span.file_id = b.file_id
          JOIN side s ON s.id = b.side_id
          LEFT JOIN grain g ON g.file_id = b.file_id AND g.account = s.account
         WHERE b.organisation_id = :organisation AND b.counted),
         own AS (
        SELECT span.file_id, b.subaccount_id,
               sum(b.debit_tiyn - b.credit_tiyn) FILTER (WHERE b.month < span.first OR b.kind = 1) AS opening,
               sum(b.debit_tiyn) FILTER (WHERE b.month >= span.first AND b.kind <> 1) AS debit,
               sum(b.credit_tiyn) FILTER (WHERE b.month >= span.first AND b.kind <> 1) AS credit
          FROM ledger_balance b JOIN span ON b.month < span."end"
         WHERE b.organisation_id = :organisation GROUP BY 1, 2),
         ours AS (
        SELECT o.file_id, a.code AS account, {_masked("s")}, o.opening, o.debit, o.credit
          FROM own o
          JOIN ledger_side s ON s.organisation_id = :organisation AND s.id = o.subaccount_id
          JOIN ledger_account a ON a.id = s.account_id AND a.role <> 'contra'
          LEFT JOIN grain g ON g.file_id = o.file_id AND g.account = a.code),
         met AS (
        SELECT {_KEY}, coalesce(sum(opening) FILTER (WHERE mine), 0) AS ours_opening,
               coalesce(sum(debit) FILTER (WHERE mine), 0) AS ours_debit,
               coalesce(sum(credit) FILTER (WHERE mine), 0) AS ours_credit,
               coalesce(sum(opening) FILTER (WHERE NOT mine), 0) AS theirs_opening,
               coalesce(sum(debit) FILTER (WHERE NOT mine), 0) AS theirs_debit,
               coalesce(sum(credit) FILTER (WHERE NOT mine), 0) AS theirs_credit
          FROM (SELECT {_KEY}, opening, debit, credit, true AS mine FROM ours
                 UNION ALL SELECT {_KEY}, opening, debit, credit, false FROM theirs) u
         GROUP BY {_KEY})"""
_DIFFERENT = """(ours_opening, ours_debit, ours_credit) <> (theirs_opening, theirs_debit, theirs_credit)"""
_DIFFERENCES = text(f"""{_COMPARED}
    SELECT t.file_id, t.sides, t.turned, m.account, m.codes, m.ours_opening, m.ours_debit, m.ours_credit,
           m.theirs_opening, m.theirs_debit, m.theirs_credit, x.reason, x.explained_by, x.explained_at
      FROM (SELECT s.file_id, count(met.file_id)::int AS sides, coalesce(sum(met.theirs_debit), 0)::bigint AS turned
              FROM span s LEFT JOIN met ON met.file_id = s.file_id GROUP BY 1) t
      LEFT JOIN (SELECT *, ARRAY[{_COLUMNS}] AS codes FROM met WHERE {_DIFFERENT}) m ON m.file_id = t.file_id
      LEFT JOIN LATERAL (
           SELECT e.reason, {_NAMED} AS explained_by, e.explained_at
             FROM finance_takeover_explanation e LEFT JOIN reference_user u ON u.id = e.explained_by
            WHERE e.organisation_id = :organisation AND e.file_id = m.file_id AND e.account = m.account
              AND e.codes = m.codes
              AND (e.opening_tiyn, e.debit_tiyn, e.credit_tiyn)
                  = (m.ours_opening - m.theirs_opening, m.ours_debit - m.theirs_debit, m.ours_credit - m.theirs_credit)
            ORDER BY e.id DESC LIMIT 1) x ON true
     ORDER BY t.file_id, m.account, m.codes
""")


@dataclass(frozen=True, slots=True)
class Compared:
    """A file's comparison: how many sides, their turnover, what differs."""

    sides: int
    turnover_tiyn: int
    differences: tuple[Difference, ...]


def compared(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    spans: Mapping[int, tuple[date, date]],
    sides: Mapping[int, OurSide],
    grains: Mapping[tuple[int, str], Dimension],
) -> dict[int, Compared]:
    """Trial balances of theirs, by file, against ours of the same months.

    Args:
        spans: first day, and the day after the last, by file.
        sides: where each side of theirs stands here.
        grains: by file and account of ours, the dimensions that sides are told apart by; else the account alone.
    """
    rows = connection.execute(
        _DIFFERENCES,
        {
            "organisation": organisation_id,
            **_side_arrays(sides),
            "file": list(spans),
            "first": [first for first, _ in spans.values()],
            "end": [end for _, end in spans.values()],
            "grain_file": [file_id for file_id, _ in grains],
            "grain_account": [account for _, account in grains],
            "grain_mask": [int(mask) for mask in grains.values()],
        },
    )
    found: dict[int, list[Difference]] = {file_id: [] for file_id in spans}
    counts: dict[int, tuple[int, int]] = {}
    for row in rows:
        counts[row.file_id] = (row.sides, row.turned)
        if row.account is not None:
            found[row.file_id].append(_difference(row))
    return {file_id: Compared(*counts[file_id], tuple(differences)) for file_id, differences in found.items()}


def _difference(row: Row[Any]) -> Difference:
    names = [f"{whose}_{what}" for whose in ("theirs", "ours") for what in ("opening", "debit", "credit")]
    amounts = {name: int(row._mapping[name]) for name in names}
    return Difference(
        row.account,
        tuple(row.codes),
        **amounts,
        reason=row.reason or "",
        explained_by=row.explained_by or "",
        explained_at=row.explained_at,
    )


def _side_arrays(sides: Mapping[int, OurSide]) -> dict[str, Any]:
    codes = {f"side_{slug}": [side.codes[at] for side in sides.values()] for at, slug in enumerate(_SLUGS)}
    return {"side_id": list(sides), "side_account": [side.account for side in sides.values()], **codes}


def counted_sides(
    connection: Connection, scope: Scope, organisation_id: int, file_ids: Sequence[int]
) -> list[tuple[int, int]]:
    """Which sides the rows that count of each trial balance are of: file, side."""
    rows = connection.execute(
        text("""SELECT DISTINCT file_id, side_id FROM finance_takeover_balance
                 WHERE organisation_id = :organisation AND file_id = ANY(:files) AND counted"""),
        {"organisation": organisation_id, "files": list(file_ids)},
    )
    return [(row.file_id, row.side_id) for row in rows]


def agreements(connection: Connection, scope: Scope, organisation_id: int, takeover_id: int) -> dict[int, Agreement]:
    """The last agreement on each trial balance, by file."""
    rows = connection.execute(
        text(f"""
            SELECT DISTINCT ON (g.file_id) g.file_id, {_NAMED} AS agreed_by, g.agreed_at, g.sides
              FROM finance_takeover_agreement g LEFT JOIN reference_user u ON u.id = g.agreed_by
             WHERE g.organisation_id = :organisation AND g.takeover_id = :takeover ORDER BY g.file_id, g.id DESC
        """),
        {"organisation": organisation_id, "takeover": takeover_id},
    )
    return {row.file_id: Agreement(row.agreed_by, row.agreed_at, row.sides) for row in rows}


def insert_agreement(
    connection: Connection, scope: Scope, organisation_id: int, takeover_id: int, file_id: int, found: Compared
) -> None:
    connection.execute(
        text("""
            INSERT INTO finance_takeover_agreement (organisation_id, takeover_id, file_id, sides, turnover_tiyn,
                   agreed_by, on_behalf_of, origin)
            VALUES (:organisation, :takeover, :file, :sides, :turnover, :actor, :behalf, :origin)
        """),
        {
            "organisation": organisation_id,
            "takeover": takeover_id,
            "file": file_id,
            "sides": found.sides,
            "turnover": found.turnover_tiyn,
            **_by(scope),
        },
    )


def insert_explanation(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    takeover_id: int,
    file_id: int,
    difference: Difference,
    reason: str,
) -> None:
    connection.execute(
        text("""
            INSERT INTO finance_takeover_explanation (organisation_id, takeover_id, file_id, account, codes,
                   opening_tiyn, debit_tiyn, credit_tiyn, reason, explained_by, on_behalf_of, origin)
            VALUES (:organisation, :takeover, :file, :account, CAST(:codes AS text[]), :opening, :debit, :credit,
                    :reason, :actor, :behalf, :origin)
        """),
        {
            "organisation": organisation_id,
            "takeover": takeover_id,
            "file": file_id,
            "account": difference.account,
            "codes": list(difference.codes),
            "opening": difference.opening,
            "debit": difference.debit,
            "credit": difference.credit,
            "reason": reason,
            **_by(scope),
        },
    )


# ------------------------------------------------------------------------------------------------ behind a difference

_PLACE = "PARTITION BY effective_on, debit, credit, amount_tiyn"
_BEHIND = f"""
    WITH side AS MATERIALIZED (
        SELECT * FROM unnest(CAST(:side_id AS int[]), CAST(:side_account AS text[]), CAST(:side_hit AS boolean[]))
                      AS s(id, account, hit)),
         theirs AS (
        SELECT t.*, row_number() OVER ({_PLACE} ORDER BY file_id, row_no) AS place
          FROM (SELECT p.file_id, p.row_no, p.document_row, coalesce(p.effective_on, f.first_on) AS effective_on,
                       p.document, p.memo, coalesce(d.account, '') AS debit, coalesce(c.account, '') AS credit,
                       coalesce(p.amount_tiyn, 0) AS amount_tiyn
                  FROM finance_takeover_posting p
                  JOIN finance_takeover_file f ON f.organisation_id = p.organisation_id AND f.id = p.file_id
                   AND f.takeover_id = :takeover AND f.set_aside_at IS NULL
                  LEFT JOIN side d ON d.id = p.debit_side_id
                  LEFT JOIN side c ON c.id = p.credit_side_id
                 WHERE p.organisation_id = :organisation AND (d.hit OR c.hit)
                   AND coalesce(p.effective_on, f.first_on) >= :first
                   AND coalesce(p.effective_on, f.first_on) < :end) t),
         hit AS MATERIALIZED (
        SELECT s.id FROM ledger_side s JOIN ledger_account a ON a.id = s.account_id
         WHERE s.organisation_id = :organisation AND a.code = :account
           AND {" AND ".join(f"(:mask & {int(d)} = 0 OR s.{d.slug} = :code_{d.slug})" for d in Dimension)}),
         ours AS (
        SELECT o.*, row_number() OVER ({_PLACE} ORDER BY entry_id, no) AS place
          FROM (SELECT e.id AS entry_id, p.no, e.number, e.journal_id, e.effective_on, coalesce(p.memo, e.memo) AS memo,
                       CASE da.role WHEN 'contra' THEN '' ELSE da.code END AS debit,
                       CASE ca.role WHEN 'contra' THEN '' ELSE ca.code END AS credit, p.amount_tiyn
                  FROM ledger_posting p
                  JOIN ledger_entry e ON e.organisation_id = p.organisation_id AND e.fiscal_year = p.fiscal_year
                   AND e.id = p.entry_id
                  JOIN ledger_subaccount d ON d.organisation_id = p.organisation_id AND d.id = p.debit_id
                  JOIN ledger_account da ON da.id = d.account_id
                  JOIN ledger_subaccount c ON c.organisation_id = p.organisation_id AND c.id = p.credit_id
                  JOIN ledger_account ca ON ca.id = c.account_id
                 WHERE p.organisation_id = :organisation AND p.fiscal_year BETWEEN :first_year AND :last_year
                   AND p.effective_on >= :first AND p.effective_on < :end AND e.balance_kind <> 1
                   AND (p.debit_id IN (SELECT id FROM hit) OR p.credit_id IN (SELECT id FROM hit))) o)"""
_ALIKE = " AND ".join(f"t.{name} = o.{name}" for name in ("effective_on", "debit", "credit", "amount_tiyn", "place"))


def behind(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    takeover_id: int,
    first: date,
    end: date,
    sides: Mapping[int, tuple[str, bool]],
    account: str,
    mask: Dimension,
    codes: Mapping[str, str],
) -> tuple[int, list[TheirLine], list[OurLine]]:
    """How many postings of both are alike, and those of each that have no like.

    Args:
        sides: account here of each side of theirs, and whether it is of the difference.
        mask: dimensions that ``codes``, by their slugs, tell apart.
    """
    parameters = {
        "organisation": organisation_id,
        "takeover": takeover_id,
        **_within(first, end),
        "side_id": list(sides),
        "side_account": [found for found, _ in sides.values()],
        "side_hit": [hit for _, hit in sides.values()],
        "account": account,
        "mask": int(mask),
        **{f"code_{slug}": codes.get(slug, "") for slug in _SLUGS},
        "most": MOST_LINES,
    }
    rows = connection.execute(
        text(f"""{_BEHIND},
         met AS (SELECT t.file_id, t.row_no, t.document_row, t.document, o.entry_id, o.number, o.journal_id,
                        coalesce(t.effective_on, o.effective_on) AS effective_on, coalesce(t.memo, o.memo) AS memo,
                        coalesce(t.debit, o.debit) AS debit, coalesce(t.credit, o.credit) AS credit,
                        coalesce(t.amount_tiyn, o.amount_tiyn) AS amount_tiyn
                   FROM theirs t FULL JOIN ours o ON {_ALIKE})
        SELECT n.paired, m.*, j.code AS journal, posted.id AS posted_id
          FROM (SELECT count(*)::int AS paired FROM met WHERE file_id IS NOT NULL AND entry_id IS NOT NULL) n
          LEFT JOIN (SELECT *, row_number() OVER (PARTITION BY file_id IS NULL ORDER BY effective_on, row_no, entry_id)
                            AS line FROM met WHERE file_id IS NULL OR entry_id IS NULL) m ON m.line <= :most
          LEFT JOIN ledger_journal j ON j.id = m.journal_id
          LEFT JOIN LATERAL (SELECT e.id FROM ledger_entry e
                              WHERE e.organisation_id = :organisation
                                AND e.fiscal_year BETWEEN :first_year AND :last_year
                                AND e.effective_on = m.effective_on AND e.source_kind = 'takeover'
                                AND e.source_id = m.file_id AND e.source_line = m.document_row LIMIT 1) posted ON true
         ORDER BY m.file_id IS NULL, m.line
        """),
        parameters,
    ).all()
    theirs, ours = [], []
    for row in rows:
        if row.effective_on is None:
            continue
        if row.file_id is not None:
            theirs.append(
                TheirLine(
                    row.file_id, row.row_no, row.effective_on, row.document, row.memo, row.debit, row.credit,
                    row.amount_tiyn, row.posted_id,
                )
            )  # fmt: skip
        else:
            ours.append(
                OurLine(
                    row.entry_id, row.number, row.journal, row.effective_on, row.memo, row.debit, row.credit,
                    row.amount_tiyn,
                )
            )  # fmt: skip
    return rows[0].paired, theirs, ours
