"""Files of the other program and their rows go in, in sets."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict

from sqlalchemy import Connection, insert, text

from erp.base.scope import Scope
from erp.finance.takeover import tables
from erp.finance.takeover.files.model import BalanceRow, Contents, CounterpartyRow, PostingRow
from erp.finance.takeover.model import Account, Side
from erp.finance.takeover.rows import add


def insert_file(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    takeover_id: int,
    name: str,
    sha256: bytes,
    found: Contents,
) -> int:
    said = found.recognised
    row = {
        "organisation_id": organisation_id, "takeover_id": takeover_id, "kind": said.kind.value, "name": name,
        "sha256": sha256, "first_on": said.span.start if said.span else None,
        "last_on": said.span.last_day if said.span else None, "head_row": said.head_row,
        "recognised": {"columns": [[h.field, h.letter, h.words] for h in said.headings], "ignored": said.ignored},
        "row_count": found.rows, "amount_tiyn": found.amount_tiyn, "taken_by": scope.actor.id,
        "origin": scope.actor.origin,
    }  # fmt: skip
    return int(connection.execute(insert(tables.file).returning(tables.file.c.id), row).scalar_one())


def set_aside(connection: Connection, scope: Scope, organisation_id: int, file_id: int) -> None:
    connection.execute(
        text("""UPDATE finance_takeover_file SET set_aside_by = :actor, set_aside_at = clock_timestamp()
                 WHERE organisation_id = :organisation AND id = :id"""),
        {"organisation": organisation_id, "id": file_id, "actor": scope.actor.id},
    )


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


def charted(connection: Connection, scope: Scope, organisation_id: int, takeover_id: int) -> list[str]:
    """Codes of all their accounts that any file named."""
    rows = connection.execute(
        text("""SELECT code FROM finance_takeover_account
                 WHERE organisation_id = :organisation AND takeover_id = :takeover ORDER BY code"""),
        {"organisation": organisation_id, "takeover": takeover_id},
    )
    return list(rows.scalars())


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


def insert_balances(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    file_id: int,
    rows: Iterable[BalanceRow],
    ids: Mapping[Side, int],
    kept: Callable[[int], None],
) -> None:
    said = (
        {
            "row_no": row.row_no, "side_id": ids.get(row.side), "depth": row.depth, "counted": row.counted,
            **{f"{name}_tiyn": tiyn for name, tiyn in asdict(row.figures).items()},
            "opening_quantity_milli": row.quantity_milli, "opening_currency_minor": row.currency_minor,
            "cells": row.cells,
        }
        for row in rows
    )  # fmt: skip
    add(connection, tables.balance, said, {"organisation_id": organisation_id, "file_id": file_id}, kept)


def insert_postings(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    file_id: int,
    rows: Iterable[PostingRow],
    ids: Mapping[Side, int],
    kept: Callable[[int], None],
) -> None:
    said = (
        {
            "row_no": row.row_no, "document_row": row.document_row, "no": row.no, "effective_on": row.on,
            "document": row.document, "document_number": row.document_number, "document_on": row.document_on,
            "memo": row.memo, "debit_side_id": ids.get(row.debit), "credit_side_id": ids.get(row.credit),
            "amount_tiyn": row.amount_tiyn, "debit_quantity_milli": row.debit_quantity_milli,
            "credit_quantity_milli": row.credit_quantity_milli, "debit_currency_minor": row.debit_currency_minor,
            "credit_currency_minor": row.credit_currency_minor, "fault": row.unread and asdict(row.unread),
            "cells": row.cells,
        }
        for row in rows
    )  # fmt: skip
    add(connection, tables.posting, said, {"organisation_id": organisation_id, "file_id": file_id}, kept)


def insert_counterparties(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    file_id: int,
    rows: Iterable[CounterpartyRow],
    kept: Callable[[int], None],
) -> None:
    always = {"organisation_id": organisation_id, "file_id": file_id}
    add(connection, tables.counterparty, map(asdict, rows), always, kept)
