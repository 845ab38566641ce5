"""One named function a statement.  Every function takes the scope; row-level security is the second witness."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from erp.base.dates import DateInterval, MonthSpan
from erp.base.db import many, one
from erp.base.scope import Scope
from erp.finance.journal.model import Account, EntryRow, Journal, Sums
from ledger.model import Dimension

_ACCOUNT = """a.id, a.code, a.parent_id, a.name_kk, a.name_ru, a.name_en, a.kind, a.normal_side, a.postable,
              a.mandatory, a.permitted, a.keeps_quantity, a.confidence"""

_SIDE_CODES = "s.programme, s.specific, s.source, s.counterparty, s.contract, s.item, s.project, s.person, s.currency"


def _account(row: Row[Any]) -> Account:
    fields = dict(row._mapping)
    return Account(
        **fields | {"mandatory": Dimension(fields["mandatory"]), "permitted": Dimension(fields["permitted"])}
    )


def accounts_in_force(connection: Connection, scope: Scope, on: date) -> list[Account]:
    """The chart on a day, in the order of codes; off-balance accounts last."""
    rows = connection.execute(
        text(f"""
            SELECT {_ACCOUNT} FROM ledger_account a WHERE a.in_force @> CAST(:on AS date)
             ORDER BY a.kind = 'off_balance', a.code
        """),
        {"on": on},
    )
    return [_account(r) for r in rows]


def accounts_by_code(connection: Connection, scope: Scope, codes: Sequence[str], on: date) -> dict[str, Account]:
    rows = connection.execute(
        text(f"SELECT {_ACCOUNT} FROM ledger_account a WHERE a.code = ANY(:codes) AND a.in_force @> CAST(:on AS date)"),
        {"codes": list(codes), "on": on},
    )
    return {a.code: a for a in map(_account, rows)}


def accounts_by_id(connection: Connection, scope: Scope, ids: Iterable[int]) -> list[Account]:
    rows = connection.execute(
        text(f"SELECT {_ACCOUNT} FROM ledger_account a WHERE a.id = ANY(:ids)"),
        {"ids": list(ids)},
    )
    return [_account(r) for r in rows]


def search_accounts(connection: Connection, scope: Scope, words: str, on: date, limit: int) -> list[Account]:
    """Postable accounts whose code starts with, or whose name in any language contains, what was typed."""
    rows = connection.execute(
        text(f"""
            SELECT {_ACCOUNT} FROM ledger_account a
             WHERE a.postable AND a.in_force @> CAST(:on AS date)
               AND (starts_with(a.code, :words)
                    OR strpos(lower(a.name_kk || ' ' || a.name_ru || ' ' || a.name_en), lower(:words)) > 0)
             ORDER BY NOT starts_with(a.code, :words), a.kind = 'off_balance', a.code
             LIMIT :limit
        """),
        {"words": words, "on": on, "limit": limit},
    )
    return [_account(r) for r in rows]


def journals(connection: Connection, scope: Scope) -> list[Journal]:
    rows = connection.execute(
        text("SELECT id, code, name_kk, name_ru, name_en, confidence FROM ledger_journal ORDER BY id")
    )
    return many(Journal, rows)


@dataclass(frozen=True, slots=True)
class Month:
    month: date
    state: str


def months(connection: Connection, scope: Scope, organisation_id: int) -> list[Month]:
    """Months the organisation keeps books for, the newest first."""
    rows = connection.execute(
        text("SELECT month, state FROM ledger_period WHERE organisation_id = :organisation ORDER BY month DESC"),
        {"organisation": organisation_id},
    )
    return many(Month, rows)


def currencies_known(connection: Connection, scope: Scope, codes: Sequence[str]) -> set[str]:
    rows = connection.execute(
        text("SELECT code FROM reference_currency WHERE code = ANY(:codes)"), {"codes": list(codes)}
    )
    return {code for (code,) in rows}


def last_month_posted(connection: Connection, scope: Scope, organisation_id: int) -> date | None:
    """The newest month with an entry."""
    return connection.execute(
        text("""
            SELECT date_trunc('month', effective_on)::date FROM ledger_entry
             WHERE organisation_id = :organisation ORDER BY effective_on DESC LIMIT 1
        """),
        {"organisation": organisation_id},
    ).scalar_one_or_none()


# ------------------------------------------------------------------------------------------------ entries


@dataclass(frozen=True, slots=True)
class EntryHead:
    organisation_id: int
    id: int
    fiscal_year: int
    journal_id: int
    number: int
    kind: str
    effective_on: date
    recorded_at: datetime
    actor_id: int
    actor: str | None
    origin: str | None
    memo: str
    document_number: str
    document_on: date | None
    source_kind: str
    source_line: int | None
    file_name: str | None


def entry_head(connection: Connection, scope: Scope, organisation_id: int, entry_id: int) -> EntryHead | None:
    row = connection.execute(
        text("""
            SELECT e.organisation_id, e.id, e.fiscal_year, e.journal_id, e.number, e.kind, e.effective_on,
                   e.recorded_at, e.actor_id, u.name AS actor, coalesce(c.origin, i.origin) AS origin, e.memo,
                   e.document_number, e.document_on, e.source_kind, e.source_line, i.file_name
              FROM ledger_entry e
              LEFT JOIN reference_user u ON u.id = e.actor_id
              LEFT JOIN ledger_command c ON c.organisation_id = e.organisation_id AND c.entry_id = e.id
              LEFT JOIN finance_journal_import i
                ON e.source_kind = 'import' AND i.organisation_id = e.organisation_id AND i.id = e.source_id
             WHERE e.organisation_id = :organisation AND e.id = :id
        """),
        {"organisation": organisation_id, "id": entry_id},
    ).one_or_none()
    return one(EntryHead, row) if row else None


@dataclass(frozen=True, slots=True)
class SideRow:
    """A posting's side: its account and dimension codes in the order of ``Dimension``."""

    account_id: int
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PostingRow:
    no: int
    debit: SideRow
    credit: SideRow
    amount_tiyn: int
    memo: str | None


def postings_of(
    connection: Connection, scope: Scope, organisation_id: int, fiscal_year: int, entry_id: int
) -> list[PostingRow]:
    rows = connection.execute(
        text(f"""
            SELECT p.no, p.amount_tiyn, p.memo, d.account_id AS debit_account, c.account_id AS credit_account,
                   ARRAY[{_SIDE_CODES.replace("s.", "d.")}] AS debit_codes,
                   ARRAY[{_SIDE_CODES.replace("s.", "c.")}] AS credit_codes
              FROM ledger_posting p
              JOIN ledger_side d ON d.organisation_id = p.organisation_id AND d.id = p.debit_id
              JOIN ledger_side c ON c.organisation_id = p.organisation_id AND c.id = p.credit_id
             WHERE p.organisation_id = :organisation AND p.fiscal_year = :year AND p.entry_id = :id
             ORDER BY p.no
        """),
        {"organisation": organisation_id, "year": fiscal_year, "id": entry_id},
    )
    return [
        PostingRow(
            r.no,
            SideRow(r.debit_account, tuple(r.debit_codes)),
            SideRow(r.credit_account, tuple(r.credit_codes)),
            r.amount_tiyn,
            r.memo,
        )
        for r in rows
    ]


@dataclass(frozen=True, slots=True)
class Correction:
    entry_id: int
    fiscal_year: int
    number: int
    reason: str
    cancels: bool
    """Whether the other entry is the one cancelled (then this one is the storno)."""


def corrections_of(connection: Connection, scope: Scope, organisation_id: int, entry_id: int) -> list[Correction]:
    """The other end of every storno this entry has part in."""
    rows = connection.execute(
        text("""
            SELECT o.id AS entry_id, o.fiscal_year, o.number, k.reason, k.by_entry_id = :id AS cancels
              FROM ledger_correction k
              JOIN ledger_entry o ON o.organisation_id = k.organisation_id
               AND o.fiscal_year = CASE WHEN k.by_entry_id = :id THEN k.fiscal_year ELSE k.by_fiscal_year END
               AND o.id = CASE WHEN k.by_entry_id = :id THEN k.entry_id ELSE k.by_entry_id END
             WHERE k.organisation_id = :organisation AND (k.entry_id = :id OR k.by_entry_id = :id)
        """),
        {"organisation": organisation_id, "id": entry_id},
    )
    return many(Correction, rows)


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """What a journal list is narrowed to; ``None`` does not narrow."""

    span: MonthSpan | None = None
    journal: str | None = None
    account: str | None = None
    text: str | None = None


_ENTRIES = text("""
    SELECT e.id, e.fiscal_year, j.code AS journal_code, e.number, e.kind, e.effective_on, e.memo, e.document_number,
           p.amount_tiyn, p.postings, da.code AS debit_account, ca.code AS credit_account,
           k.entry_id IS NOT NULL AS cancelled
      FROM (SELECT * FROM ledger_entry e
             WHERE e.organisation_id = :organisation
               AND e.effective_on >= :start AND e.effective_on < :end
               AND (e.effective_on, e.id) < (:before_day, :before_id)
               AND (CAST(:journal AS smallint) IS NULL OR e.journal_id = :journal)
               AND (CAST(:words AS text) IS NULL OR strpos(lower(e.memo || ' ' || e.document_number), lower(:words)) > 0
                    OR e.number::text = :words)
               AND (CAST(:account AS text) IS NULL OR EXISTS (
                    SELECT FROM ledger_posting q
                      JOIN ledger_subaccount s
                        ON s.organisation_id = q.organisation_id AND s.id IN (q.debit_id, q.credit_id)
                      JOIN ledger_account a ON a.id = s.account_id AND starts_with(a.code, :account)
                     WHERE q.organisation_id = e.organisation_id AND q.fiscal_year = e.fiscal_year
                       AND q.entry_id = e.id))
             ORDER BY e.effective_on DESC, e.id DESC LIMIT :limit) e
      JOIN ledger_journal j ON j.id = e.journal_id
      JOIN LATERAL (SELECT sum(q.amount_tiyn)::bigint AS amount_tiyn, count(*)::int AS postings,
                           min(q.debit_id) FILTER (WHERE q.no = 1) AS debit_id,
                           min(q.credit_id) FILTER (WHERE q.no = 1) AS credit_id
                      FROM ledger_posting q
                     WHERE q.organisation_id = e.organisation_id AND q.fiscal_year = e.fiscal_year
                       AND q.entry_id = e.id) p ON true
      JOIN ledger_subaccount d ON d.organisation_id = e.organisation_id AND d.id = p.debit_id
      JOIN ledger_account da ON da.id = d.account_id
      JOIN ledger_subaccount c ON c.organisation_id = e.organisation_id AND c.id = p.credit_id
      JOIN ledger_account ca ON ca.id = c.account_id
      LEFT JOIN ledger_correction k ON k.organisation_id = e.organisation_id AND k.entry_id = e.id
     ORDER BY e.effective_on DESC, e.id DESC
""")

_BEFORE_ALL, _AFTER_ALL = date(1, 1, 1), date(9999, 12, 31)


def entries(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    narrowed: EntryFilter,
    journal_id: int | None,
    before: tuple[date, int] | None,
    limit: int,
) -> list[EntryRow]:
    """Entries, the newest first, before the (day, id) of a cursor."""
    day, entry_id = before or (_AFTER_ALL, 2**62)
    rows = connection.execute(
        _ENTRIES,
        {
            "organisation": organisation_id,
            "start": narrowed.span.start if narrowed.span else _BEFORE_ALL,
            "end": narrowed.span.end if narrowed.span else _AFTER_ALL,
            "before_day": day,
            "before_id": entry_id,
            "journal": journal_id,
            "words": narrowed.text or None,
            "account": narrowed.account or None,
            "limit": limit,
        },
    )
    return many(EntryRow, rows)


# ------------------------------------------------------------------------------------------------ reports


# Balances brought in by an opening entry stand in the opening column of the month they are dated in.
_OPENING = "b.month < :start OR (b.kind = 1 AND b.month < :end)"
_TURNOVER = "b.month >= :start AND b.kind <> 1"

_SUMS = f"""
    (coalesce(sum(b.debit_tiyn - b.credit_tiyn) FILTER (WHERE {_OPENING}), 0))::bigint AS opening_tiyn,
    (coalesce(sum(b.debit_tiyn) FILTER (WHERE {_TURNOVER}), 0))::bigint AS debit_tiyn,
    (coalesce(sum(b.credit_tiyn) FILTER (WHERE {_TURNOVER}), 0))::bigint AS credit_tiyn
"""


def sums_by_account(connection: Connection, scope: Scope, organisations: Sequence[int], span: MonthSpan) -> list[Sums]:
    """From the coarse grain: cost follows balance rows, not postings."""
    rows = connection.execute(
        text(f"""
            SELECT b.account_id, {_SUMS} FROM ledger_account_balance b
             WHERE b.organisation_id = ANY(:organisations) AND b.month < :end GROUP BY 1
        """),
        {"organisations": list(organisations), "start": span.start, "end": span.end},
    )
    return [Sums(r.account_id, (), r.opening_tiyn, r.debit_tiyn, r.credit_tiyn) for r in rows]


def sums_by_subaccount(
    connection: Connection, scope: Scope, organisation_id: int, span: MonthSpan, account_id: int | None = None
) -> list[Sums]:
    """From the fine grain: every subaccount that has a balance or a turnover in the span."""
    rows = connection.execute(
        text(f"""
            SELECT s.account_id, ARRAY[{_SIDE_CODES}] AS codes, t.opening_tiyn, t.debit_tiyn, t.credit_tiyn
              FROM (SELECT b.subaccount_id, {_SUMS} FROM ledger_balance b
                     WHERE b.organisation_id = :organisation AND b.month < :end GROUP BY 1) t
              JOIN ledger_side s ON s.organisation_id = :organisation AND s.id = t.subaccount_id
             WHERE CAST(:account AS int) IS NULL OR s.account_id = :account
        """),
        {"organisation": organisation_id, "start": span.start, "end": span.end, "account": account_id},
    )
    return [Sums(r.account_id, tuple(r.codes), r.opening_tiyn, r.debit_tiyn, r.credit_tiyn) for r in rows]


def sums_of_account(
    connection: Connection, scope: Scope, organisation_id: int, account_id: int, span: MonthSpan
) -> Sums:
    row = connection.execute(
        text(f"""
            SELECT {_SUMS} FROM ledger_account_balance b
             WHERE b.organisation_id = :organisation AND b.account_id = :account AND b.month < :end
        """),
        {"organisation": organisation_id, "account": account_id, "start": span.start, "end": span.end},
    ).one()
    return Sums(account_id, (), row.opening_tiyn, row.debit_tiyn, row.credit_tiyn)


@dataclass(frozen=True, slots=True)
class CardRow:
    entry_id: int
    fiscal_year: int
    no: int
    side: int
    """0 debit, 1 credit."""
    journal_code: str
    number: int
    kind: str
    effective_on: date
    memo: str
    document_number: str
    corresponding_account: str
    codes: tuple[str, ...]
    amount_tiyn: int


_CARD_LINES = """
    SELECT p.organisation_id, p.fiscal_year, p.entry_id, p.no, {side} AS side, p.effective_on, p.amount_tiyn, p.memo,
           p.{own}_id AS own_id, p.{other}_id AS other_id
      FROM ledger_posting p
     WHERE p.organisation_id = :organisation AND p.effective_on >= :start AND p.effective_on < :end
       AND p.fiscal_year BETWEEN extract(year FROM CAST(:start AS date)) AND extract(year FROM CAST(:end AS date))
       AND p.{own}_id IN (SELECT s.id FROM ledger_subaccount s
                           WHERE s.organisation_id = :organisation AND s.account_id = :account)
"""
_DEBIT_LINES = _CARD_LINES.format(side=0, own="debit", other="credit")
_CREDIT_LINES = _CARD_LINES.format(side=1, own="credit", other="debit")

# Opening entries are the opening balance, not lines of the card.
_CARD = text(f"""
    WITH line AS ({_DEBIT_LINES} UNION ALL {_CREDIT_LINES})
    SELECT l.entry_id, l.fiscal_year, l.no, l.side, j.code AS journal_code, e.number, e.kind, l.effective_on,
           coalesce(l.memo, e.memo) AS memo, e.document_number, a.code AS corresponding_account,
           ARRAY[{_SIDE_CODES}] AS codes, l.amount_tiyn
      FROM (SELECT l.* FROM line l
              JOIN ledger_entry e
        ON e.organisation_id = l.organisation_id AND e.fiscal_year = l.fiscal_year AND e.id = l.entry_id
             WHERE e.kind <> 'opening' AND (l.effective_on, l.entry_id, l.no, l.side) > (:day, :entry, :no, :side)
             ORDER BY l.effective_on, l.entry_id, l.no, l.side LIMIT :limit) l
      JOIN ledger_entry e
        ON e.organisation_id = l.organisation_id AND e.fiscal_year = l.fiscal_year AND e.id = l.entry_id
      JOIN ledger_journal j ON j.id = e.journal_id
      JOIN ledger_side s ON s.organisation_id = l.organisation_id AND s.id = l.own_id
      JOIN ledger_subaccount o ON o.organisation_id = l.organisation_id AND o.id = l.other_id
      JOIN ledger_account a ON a.id = o.account_id
     ORDER BY l.effective_on, l.entry_id, l.no, l.side
""")

_CARD_BEFORE = text(f"""
    WITH line AS ({_DEBIT_LINES} UNION ALL {_CREDIT_LINES})
    SELECT coalesce(sum(CASE l.side WHEN 0 THEN l.amount_tiyn ELSE -l.amount_tiyn END), 0)::bigint
      FROM line l
      JOIN ledger_entry e
        ON e.organisation_id = l.organisation_id AND e.fiscal_year = l.fiscal_year AND e.id = l.entry_id
     WHERE e.kind <> 'opening' AND (l.effective_on, l.entry_id, l.no, l.side) <= (:day, :entry, :no, :side)
""")

CardPlace = tuple[date, int, int, int]
"""Where a card's page starts: after this day, entry, posting number and side."""

_CARD_START: CardPlace = (_BEFORE_ALL, 0, 0, 0)


def _card_parameters(
    organisation_id: int, account_id: int, span: MonthSpan, after: CardPlace | None
) -> dict[str, object]:
    day, entry_id, no, side = after or _CARD_START
    return {
        "organisation": organisation_id,
        "account": account_id,
        "start": span.start,
        "end": span.end,
        "day": day,
        "entry": entry_id,
        "no": no,
        "side": side,
    }


def card_lines(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    account_id: int,
    span: MonthSpan,
    after: CardPlace | None,
    limit: int,
) -> list[CardRow]:
    """Postings that touch the account, by day; a posting inside the account stands twice, once a side."""
    rows = connection.execute(_CARD, _card_parameters(organisation_id, account_id, span, after) | {"limit": limit})
    return [CardRow(**{**r._mapping, "codes": tuple(r.codes)}) for r in rows]


def card_sum_through(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    account_id: int,
    span: MonthSpan,
    after: CardPlace,
) -> int:
    """Debit less credit of the span's lines up to and including a place."""
    return int(
        connection.execute(_CARD_BEFORE, _card_parameters(organisation_id, account_id, span, after)).scalar_one()
    )


# ------------------------------------------------------------------------------------------------ imports


def import_of_file(connection: Connection, scope: Scope, organisation_id: int, sha256: bytes) -> datetime | None:
    """When the same file was imported here before."""
    return connection.execute(
        text("""
            SELECT imported_at FROM finance_journal_import WHERE organisation_id = :organisation AND sha256 = :sha256
        """),
        {"organisation": organisation_id, "sha256": sha256},
    ).scalar_one_or_none()


_CHART = text(f"""
    SELECT {_ACCOUNT}, lower(a.in_force) AS in_force_start, upper(a.in_force) AS in_force_end FROM ledger_account a
""")


def every_edition(connection: Connection, scope: Scope) -> list[tuple[Account, DateInterval]]:
    """Every account of every edition of the chart, with the days it is in force."""
    editions = []
    for row in connection.execute(_CHART):
        fields = dict(row._mapping)
        in_force = DateInterval(fields.pop("in_force_start"), fields.pop("in_force_end"))
        dimensions = {name: Dimension(fields[name]) for name in ("mandatory", "permitted")}
        editions.append((Account(**fields | dimensions), in_force))
    return editions


_VALUES_IN_FORCE = text(r"""
    SELECT w.code, lower(v.in_force) AS start, upper(v.in_force) AS "end"
      FROM unnest(CAST(:codes AS text[])) AS w(code)
      JOIN reference_dimension_value v
        ON v.dimension = :dimension AND NOT isempty(v.in_force)
       AND v.code = CASE WHEN :dimension = 1 AND w.code ~ '^\d{3}\.\d{3}\.\d{3}$' THEN left(w.code, 7) ELSE w.code END
""")


def values_in_force(
    connection: Connection, scope: Scope, dimension: Dimension, codes: Sequence[str]
) -> dict[str, list[DateInterval]]:
    """When each code of a classified dimension is in force; any subprogramme of a known programme is known."""
    found: dict[str, list[DateInterval]] = {}
    for code, start, end in connection.execute(_VALUES_IN_FORCE, {"dimension": int(dimension), "codes": list(codes)}):
        found.setdefault(code, []).append(DateInterval(start, end))
    return found


def allow_long_statements(connection: Connection, scope: Scope) -> None:
    """Let this transaction's statements take an hour: a large batch is one statement."""
    connection.execute(text("SELECT set_config('statement_timeout', '1h', true)"))


@dataclass(frozen=True, slots=True)
class ImportedAccount:
    """What the ledger holds of an import on one account, and of the whole import in each row alike."""

    account: str
    debit_tiyn: int
    credit_tiyn: int
    debit_postings: int
    entries: int


# Fresh rows have no statistics yet, and joins would be planned for one of them: so the account is a subquery of its
# own, and no nested loops.
_NO_NESTED_LOOPS = text("SELECT set_config('enable_nestloop', 'off', true)")
_IMPORTED = text("""
    WITH entry AS (
        SELECT organisation_id, fiscal_year, id FROM ledger_entry
         WHERE organisation_id = :organisation AND source_kind = 'import' AND source_id = :import
           AND effective_on BETWEEN :first AND :last AND fiscal_year BETWEEN :first_year AND :last_year
    ), posting AS (
        SELECT p.debit_id, p.credit_id, p.amount_tiyn
          FROM entry e JOIN ledger_posting p
            ON (p.organisation_id, p.fiscal_year, p.entry_id) = (e.organisation_id, e.fiscal_year, e.id)
         WHERE p.organisation_id = :organisation AND p.effective_on BETWEEN :first AND :last
           AND p.fiscal_year BETWEEN :first_year AND :last_year
    ), side AS (
        SELECT debit_id AS id, sum(amount_tiyn) AS debit, 0 AS credit, count(*) AS postings FROM posting GROUP BY 1
        UNION ALL
        SELECT credit_id, 0, sum(amount_tiyn), 0 FROM posting GROUP BY 1
    ), turnover AS (
        SELECT (SELECT a.code FROM ledger_subaccount s JOIN ledger_account a ON a.id = s.account_id
                 WHERE s.organisation_id = :organisation AND s.id = side.id) AS account, debit, credit, postings
          FROM side
    )
    SELECT account, sum(debit)::bigint AS debit_tiyn, sum(credit)::bigint AS credit_tiyn,
           sum(postings)::bigint AS debit_postings, (SELECT count(*) FROM entry) AS entries
      FROM turnover GROUP BY account ORDER BY account COLLATE "C"
""")


def imported_by_account(
    connection: Connection, scope: Scope, organisation_id: int, import_id: int, first: date, last: date
) -> list[ImportedAccount]:
    """Turnovers of an import's postings, read from the postings themselves; all are dated ``first`` to ``last``.

    The last step of its transaction, whose later statements would be planned without nested loops.
    """
    parameters = {"organisation": organisation_id, "import": import_id, "first": first, "last": last}
    years = {"first_year": first.year, "last_year": last.year}
    connection.execute(_NO_NESTED_LOOPS)
    return many(ImportedAccount, connection.execute(_IMPORTED, parameters | years))


def record_import(connection: Connection, scope: Scope, **columns: Any) -> int:
    """Record a file as imported; returns the import's id, which needs no right on the table's sequence."""
    return int(
        connection.execute(
            text("""
                INSERT INTO finance_journal_import (organisation_id, file_name, sha256, entries, postings, amount_tiyn,
                                                    actor_id, origin)
                VALUES (:organisation_id, :file_name, :sha256, :entries, :postings, :amount_tiyn, :actor_id, :origin)
                RETURNING id
            """),
            columns | {"actor_id": scope.actor.id, "origin": scope.actor.origin},
        ).scalar_one()
    )
