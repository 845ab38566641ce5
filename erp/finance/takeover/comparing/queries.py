"""Sides of theirs meet ours by arrays: where each stands is worked out in ``mapping.rules`` and stored nowhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, insert, text

from erp.base.scope import Scope
from erp.finance.takeover import tables
from erp.finance.takeover.comparing.model import Agreement, Comparison, Difference, OurLine, TheirLine
from erp.finance.takeover.model import OurSide
from erp.finance.takeover.queries import NAMED, signed, within
from ledger.model import Dimension

MOST_LINES = 500
"""Behind a difference, of each side."""
_SLUGS = [dimension.slug for dimension in Dimension]
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
        SELECT {_KEY}, coalesce(sum(opening) FILTER (WHERE mine), 0)::bigint AS ours_opening,
               coalesce(sum(debit) FILTER (WHERE mine), 0)::bigint AS ours_debit,
               coalesce(sum(credit) FILTER (WHERE mine), 0)::bigint AS ours_credit,
               coalesce(sum(opening) FILTER (WHERE NOT mine), 0)::bigint AS theirs_opening,
               coalesce(sum(debit) FILTER (WHERE NOT mine), 0)::bigint AS theirs_debit,
               coalesce(sum(credit) FILTER (WHERE NOT mine), 0)::bigint AS theirs_credit
          FROM (SELECT {_KEY}, opening, debit, credit, true AS mine FROM ours
                 UNION ALL SELECT {_KEY}, opening, debit, credit, false FROM theirs) u
         GROUP BY {_KEY})"""
_DIFFERENT = """(ours_opening, ours_debit, ours_credit) <> (theirs_opening, theirs_debit, theirs_credit)"""
_DIFFERENCES = text(f"""{_COMPARED}
    SELECT t.file_id, t.sides, t.turned, m.account, m.codes, m.ours_opening, m.ours_debit, m.ours_credit,
           m.theirs_opening, m.theirs_debit, m.theirs_credit, coalesce(x.reason, '') AS reason,
           coalesce(x.explained_by, '') AS explained_by, x.explained_at
      FROM (SELECT s.file_id, count(met.file_id)::int AS sides, coalesce(sum(met.theirs_debit), 0)::bigint AS turned
              FROM span s LEFT JOIN met ON met.file_id = s.file_id GROUP BY 1) t
      LEFT JOIN (SELECT *, ARRAY[{_COLUMNS}] AS codes FROM met WHERE {_DIFFERENT}) m ON m.file_id = t.file_id
      LEFT JOIN LATERAL (
           SELECT e.reason, {NAMED} AS explained_by, e.explained_at
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
    said = {f.name: row._mapping[f.name] for f in fields(Difference)}
    return Difference(**{**said, "codes": tuple(row.codes)})


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
            SELECT DISTINCT ON (g.file_id) g.file_id, {NAMED} AS agreed_by, g.agreed_at, g.sides
              FROM finance_takeover_agreement g LEFT JOIN reference_user u ON u.id = g.agreed_by
             WHERE g.organisation_id = :organisation AND g.takeover_id = :takeover ORDER BY g.file_id, g.id DESC
        """),
        {"organisation": organisation_id, "takeover": takeover_id},
    )
    return {row.file_id: Agreement(row.agreed_by, row.agreed_at, row.sides) for row in rows}


def insert_agreement(
    connection: Connection, scope: Scope, organisation_id: int, takeover_id: int, found: Comparison
) -> None:
    row = {"organisation_id": organisation_id, "takeover_id": takeover_id, "file_id": found.file.id,
           "sides": found.sides, "turnover_tiyn": found.turnover_tiyn}  # fmt: skip
    connection.execute(insert(tables.agreement), {**row, **signed(scope, "agreed_by")})


def insert_explanation(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    takeover_id: int,
    file_id: int,
    found: Difference,
    reason: str,
) -> None:
    row = {
        "organisation_id": organisation_id, "takeover_id": takeover_id, "file_id": file_id, "account": found.account,
        "codes": found.codes, "opening_tiyn": found.opening, "debit_tiyn": found.debit, "credit_tiyn": found.credit,
        "reason": reason,
    }  # fmt: skip
    connection.execute(insert(tables.explanation), {**row, **signed(scope, "explained_by")})


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
        **within(first, end),
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
        SELECT n.paired, m.file_id, m.row_no, m.document, coalesce(m.entry_id, posted.id) AS entry_id, m.number,
               j.code AS journal, m.effective_on AS "on", m.memo, m.debit, m.credit, m.amount_tiyn
          FROM (SELECT count(*)::int AS paired FROM met WHERE file_id IS NOT NULL AND entry_id IS NOT NULL) n
          LEFT JOIN (SELECT *, row_number() OVER (PARTITION BY file_id IS NULL ORDER BY effective_on, row_no, entry_id)
                            AS line FROM met WHERE file_id IS NULL OR entry_id IS NULL) m ON m.line <= :most
          LEFT JOIN ledger_journal j ON j.id = m.journal_id
          LEFT JOIN LATERAL (SELECT e.id FROM ledger_entry e
                              WHERE e.organisation_id = :organisation
                                AND e.fiscal_year BETWEEN :first_year AND :last_year
                                AND e.effective_on = m.effective_on AND e.source_kind = 'takeover'
                                AND e.source_id = m.file_id AND e.source_line = m.document_row
                              ORDER BY e.id DESC LIMIT 1) posted ON true
         ORDER BY m.file_id IS NULL, m.line
        """),
        parameters,
    ).all()
    theirs, ours = [], []
    for row in rows:
        if row.on is None:
            continue
        if row.file_id is not None:
            theirs.append(TheirLine(**{f.name: row._mapping[f.name] for f in fields(TheirLine)}))
        else:
            ours.append(OurLine(**{f.name: row._mapping[f.name] for f in fields(OurLine)}))
    return rows[0].paired, theirs, ours
