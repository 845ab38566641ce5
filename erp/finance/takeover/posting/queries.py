"""What of the other program's books is to be posted, and what was."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, insert, text

from erp.base.db import many
from erp.base.scope import Scope
from erp.finance.takeover import tables
from erp.finance.takeover.files.model import PostingRow, Unread
from erp.finance.takeover.model import Side
from erp.finance.takeover.posting.model import Batch, MonthLine
from erp.finance.takeover.queries import IN_USE, NAMED, signed, within


@dataclass(frozen=True, slots=True)
class OpeningRow:
    side_id: int
    row_no: int
    off_balance: bool
    tiyn: int
    quantity_milli: int | None
    currency_minor: int | None


def opening_rows(connection: Connection, scope: Scope, organisation_id: int, file_id: int) -> list[OpeningRow]:
    """What the counted rows of a trial balance begin with, debit positive."""
    rows = connection.execute(
        text("""
            SELECT b.side_id, b.row_no, a.off_balance, b.opening_debit_tiyn - b.opening_credit_tiyn AS tiyn,
                   b.opening_quantity_milli AS quantity_milli, b.opening_currency_minor AS currency_minor
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


_POSTED = """ledger_entry e
     WHERE NOT EXISTS (SELECT FROM ledger_correction k
                        WHERE k.organisation_id = e.organisation_id AND k.entry_id = e.id)
       AND e.organisation_id = :organisation AND e.source_kind = 'takeover' AND e.kind = 'ordinary'
       AND e.effective_on >= :first AND e.effective_on < :end AND e.fiscal_year BETWEEN :first_year AND :last_year"""


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
        {"organisation": organisation_id, "file": file_id, **within(first, end)},
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
            WITH used AS (SELECT f.id, f.first_on, f.last_on FROM {IN_USE} AND f.kind = 'journal'),
                 met AS (  -- grouped and not joined: rows come in by the hundred thousand, before they are analysed
                SELECT p.file_id, p.document_row, p.amount_tiyn, 1 AS rows, 0 AS posted,
                       coalesce(p.effective_on, u.first_on) AS effective_on
                  FROM finance_takeover_posting p JOIN used u ON u.id = p.file_id
                 WHERE p.organisation_id = :organisation
                 UNION ALL
                SELECT e.source_id, e.source_line, 0, 0, 1, NULL FROM ledger_entry e
                 WHERE e.organisation_id = :organisation AND e.source_kind = 'takeover' AND e.kind = 'ordinary'
                   AND NOT EXISTS (SELECT FROM ledger_correction k
                                    WHERE k.organisation_id = e.organisation_id AND k.entry_id = e.id)
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
    SELECT b.id, b.kind, b.file_id, b.month, b.entries, b.postings, b.amount_tiyn, b.rows_left, {NAMED} AS actor,
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
    connection: Connection, scope: Scope, organisation_id: int, takeover_id: int, batch: Mapping[str, Any]
) -> None:
    row = {"organisation_id": organisation_id, "takeover_id": takeover_id, **batch, **signed(scope, "actor_id")}
    connection.execute(insert(tables.batch), row)
