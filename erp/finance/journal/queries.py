"""One named function a statement.  Every function takes the scope; row-level security is the second witness."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from erp.base.dates import DateInterval, MonthSpan
from erp.base.db import many
from erp.base.scope import Scope
from erp.finance.journal.model import (
    Account,
    CardMeasures,
    EntryFilter,
    EntryRow,
    Journal,
    Month,
    PeriodChange,
    Year,
)
from erp.finance.journal.turnovers import SIDE_CODES, Span, amounts, moved, sums
from ledger.model import Dimension

_ACCOUNT = """a.id, a.code, a.parent_id, a.name_kk, a.name_ru, a.name_en, a.kind, a.normal_side, a.postable,
              a.mandatory, a.permitted, a.keeps_quantity, a.confidence, a.role"""

_CONTRA = "a.role = 'contra'"


def _shown(account: str) -> str:
    """An account's code as people see it: the contra account's is empty."""
    return f"CASE WHEN {_CONTRA.replace('a.', f'{account}.')} THEN '' ELSE {account}.code END"


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
    """Accounts in force; under the empty code, where it is among those asked, the contra account."""
    rows = connection.execute(
        text(f"""
            SELECT {_ACCOUNT} FROM ledger_account a
             WHERE (a.code = ANY(:codes) OR ('' = ANY(:codes) AND {_CONTRA})) AND a.in_force @> CAST(:on AS date)
        """),
        {"codes": list(codes), "on": on},
    )
    found = [_account(r) for r in rows]
    chart = {a.code: a for a in found}
    contra = [a for a in found if a.is_contra and "" in codes]
    return chart | {"": contra[0]} if contra else chart


def accounts_by_id(connection: Connection, scope: Scope, ids: Iterable[int]) -> list[Account]:
    rows = connection.execute(
        text(f"SELECT {_ACCOUNT} FROM ledger_account a WHERE a.id = ANY(:ids)"),
        {"ids": list(ids)},
    )
    return [_account(r) for r in rows]


def accounts_with_headings(connection: Connection, scope: Scope, ids: Iterable[int]) -> list[Account]:
    """Accounts and all headings above them, of whichever edition, in the order of the chart."""
    rows = connection.execute(
        text(f"""
            WITH RECURSIVE wanted AS (
                SELECT id, parent_id FROM ledger_account WHERE id = ANY(:ids)
                 UNION
                SELECT h.id, h.parent_id FROM ledger_account h JOIN wanted w ON h.id = w.parent_id
            )
            SELECT {_ACCOUNT} FROM ledger_account a JOIN wanted w ON w.id = a.id
             ORDER BY a.kind = 'off_balance', a.code, a.postable, lower(a.in_force) NULLS FIRST, a.id
        """),
        {"ids": list(ids)},
    )
    return [_account(r) for r in rows]


def editions_of_account(connection: Connection, scope: Scope, code: str, span: Span) -> list[Account]:
    """Every edition of an account; first the latest in force in the span, which gives the name."""
    rows = connection.execute(
        text(f"""
            SELECT {_ACCOUNT} FROM ledger_account a WHERE a.code = :code
             ORDER BY a.in_force && daterange(:start, :end) DESC, lower(a.in_force) DESC NULLS LAST
        """),
        {"code": code, "start": span.start, "end": span.end},
    )
    return [_account(r) for r in rows]


def latest_editions(connection: Connection, scope: Scope, codes: Collection[str], span: Span) -> dict[str, Account]:
    """Of each account the edition that gives its name: the latest in force in the span, or the latest there was."""
    rows = connection.execute(
        text(f"""
            SELECT DISTINCT ON (a.code) {_ACCOUNT} FROM ledger_account a WHERE a.code = ANY(:codes)
             ORDER BY a.code, a.in_force && daterange(:start, :end) DESC, lower(a.in_force) DESC NULLS LAST
        """),
        {"codes": list(codes), "start": span.start, "end": span.end},
    )
    return {each.code: each for each in map(_account, rows)}


_ANSWERS = """starts_with(a.code, {words})
              OR strpos(base_search_fold(a.name_kk || ' ' || a.name_ru || ' ' || a.name_en),
                        base_search_fold({words})) > 0"""


def search_accounts(connection: Connection, scope: Scope, words: str, on: date, limit: int) -> list[Account]:
    """Postable accounts whose code starts with, or whose name in any language contains, what was typed.

    The contra account, which people do not name, is not among them.
    """
    rows = connection.execute(
        text(f"""
            SELECT {_ACCOUNT} FROM ledger_account a
             WHERE a.postable AND NOT {_CONTRA} AND a.in_force @> CAST(:on AS date)
               AND ({_ANSWERS.format(words=":words")})
             ORDER BY NOT starts_with(a.code, :words), a.kind = 'off_balance', a.code
             LIMIT :limit
        """),
        {"words": words, "on": on, "limit": limit},
    )
    return [_account(r) for r in rows]


def now(connection: Connection, scope: Scope) -> datetime:
    """The database's clock, by which entries are recorded and sealed."""
    instant: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return instant


def journals(connection: Connection, scope: Scope) -> list[Journal]:
    rows = connection.execute(
        text("SELECT id, code, name_kk, name_ru, name_en, confidence FROM ledger_journal ORDER BY id")
    )
    return many(Journal, rows)


def duties(connection: Connection, scope: Scope, organisation_id: int) -> dict[int, list[DateInterval]]:
    """Journals, by id, whose entries a second person approves, with the days on which it is so."""
    rows = connection.execute(
        text("""
            SELECT journal_id, lower(in_force) AS start, upper(in_force) AS "end"
              FROM finance_journal_duty WHERE organisation_id = :organisation
        """),
        {"organisation": organisation_id},
    )
    found: dict[int, list[DateInterval]] = {}
    for journal_id, start, end in rows:
        found.setdefault(journal_id, []).append(DateInterval(start, end))
    return found


def kept_journals(
    connection: Connection, scope: Scope, organisation_id: int
) -> list[tuple[DateInterval, frozenset[str]]]:
    """Codes of the journals that each signed policy keeps, with the days on which it counts."""
    rows = connection.execute(
        text("""
            SELECT lower(in_force) AS start, upper(in_force) AS "end",
                   ARRAY(SELECT j->>'code' FROM jsonb_array_elements(content->'journals') j) AS codes
              FROM finance_policy WHERE organisation_id = :organisation AND state = 'signed'
        """),
        {"organisation": organisation_id},
    )
    return [(DateInterval(start, end), frozenset(codes)) for start, end, codes in rows]


def months(connection: Connection, scope: Scope, organisation_id: int) -> list[Month]:
    """Months the organisation keeps books for, the newest first."""
    rows = connection.execute(
        text("SELECT month, state FROM ledger_period WHERE organisation_id = :organisation ORDER BY month DESC"),
        {"organisation": organisation_id},
    )
    return many(Month, rows)


def period_changes(connection: Connection, scope: Scope, organisation_id: int, limit: int) -> list[PeriodChange]:
    """Changes of months, the latest first."""
    rows = connection.execute(
        text("""
            SELECT c.month, c.was, c.state, c.reason, coalesce(u.name, '') AS actor, c.origin, c.at
              FROM ledger_period_change c LEFT JOIN reference_user u ON u.id = c.actor_id
             WHERE c.organisation_id = :organisation ORDER BY c.id DESC LIMIT :limit
        """),
        {"organisation": organisation_id, "limit": limit},
    )
    return many(PeriodChange, rows)


def years(connection: Connection, scope: Scope, organisation_id: int) -> list[Year]:
    """Years the organisation keeps books for, the newest first."""
    rows = connection.execute(
        text("""
            SELECT b.year, coalesce(y.state, 'open') AS state,
                   CASE y.state WHEN 'closed' THEN y.changed_at END AS closed_at,
                   CASE y.state WHEN 'closed' THEN coalesce(u.name, '') END AS closed_by, y.result_tiyn
              FROM (SELECT DISTINCT extract(year FROM month)::int AS year FROM ledger_period
                     WHERE organisation_id = :organisation) b
              LEFT JOIN ledger_year y ON y.organisation_id = :organisation AND y.fiscal_year = b.year
              LEFT JOIN reference_user u ON u.id = y.changed_by
             ORDER BY b.year DESC
        """),
        {"organisation": organisation_id},
    )
    return many(Year, rows)


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


def entry_heads(
    connection: Connection, scope: Scope, organisation_id: int, entries: Collection[int]
) -> dict[int, EntryHead]:
    """Heads of entries by id; looked for in each year that has books, which is each partition's key."""
    rows = connection.execute(
        text("""
            SELECT e.organisation_id, e.id, e.fiscal_year, e.journal_id, e.number, e.kind, e.effective_on,
                   e.recorded_at, e.actor_id, u.name AS actor, coalesce(c.origin, i.origin) AS origin, e.memo,
                   e.document_number, e.document_on, e.source_kind, e.source_line,
                   coalesce(i.file_name, t.name) AS file_name
              FROM (SELECT DISTINCT extract(year FROM month)::int AS year FROM ledger_period
                     WHERE organisation_id = :organisation) book
              JOIN ledger_entry e
                ON e.organisation_id = :organisation AND e.fiscal_year = book.year AND e.id = ANY(:entries)
              LEFT JOIN reference_user u ON u.id = e.actor_id
              LEFT JOIN ledger_command c ON c.organisation_id = e.organisation_id AND c.entry_id = e.id
              LEFT JOIN finance_journal_import i
                ON e.source_kind = 'import' AND i.organisation_id = e.organisation_id AND i.id = e.source_id
              LEFT JOIN finance_takeover_file t
                ON e.source_kind = 'takeover' AND t.organisation_id = e.organisation_id AND t.id = e.source_id
        """),
        {"organisation": organisation_id, "entries": list(entries)},
    )
    return {head.id: head for head in many(EntryHead, rows)}


@dataclass(frozen=True, slots=True)
class SideRow:
    """A posting's side: its account and dimension codes in the order of ``Dimension``."""

    account_id: int
    codes: tuple[str, ...]
    quantity_milli: int | None
    currency_minor: int | None


@dataclass(frozen=True, slots=True)
class PostingRow:
    no: int
    debit: SideRow
    credit: SideRow
    amount_tiyn: int
    memo: str | None


def postings_of(
    connection: Connection, scope: Scope, organisation_id: int, entries: Collection[EntryHead]
) -> dict[int, list[PostingRow]]:
    """Lines of entries, by entry."""
    rows = connection.execute(
        text(f"""
            SELECT p.entry_id, p.no, p.amount_tiyn, p.memo,
                   d.account_id AS debit_account, c.account_id AS credit_account,
                   p.debit_quantity_milli, p.credit_quantity_milli, p.debit_currency_minor, p.credit_currency_minor,
                   ARRAY[{SIDE_CODES.replace("s.", "d.")}] AS debit_codes,
                   ARRAY[{SIDE_CODES.replace("s.", "c.")}] AS credit_codes
              FROM unnest(CAST(:years AS int[]), CAST(:entries AS bigint[])) AS e(year, id)
              JOIN ledger_posting p
                ON p.organisation_id = :organisation AND p.fiscal_year = e.year AND p.entry_id = e.id
              JOIN ledger_side d ON d.organisation_id = p.organisation_id AND d.id = p.debit_id
              JOIN ledger_side c ON c.organisation_id = p.organisation_id AND c.id = p.credit_id
             ORDER BY p.entry_id, p.no
        """),
        {
            "organisation": organisation_id,
            "years": [each.fiscal_year for each in entries],
            "entries": [each.id for each in entries],
        },
    )
    found: dict[int, list[PostingRow]] = {each.id: [] for each in entries}
    for r in rows:
        line = PostingRow(
            r.no,
            SideRow(r.debit_account, tuple(r.debit_codes), r.debit_quantity_milli, r.debit_currency_minor),
            SideRow(r.credit_account, tuple(r.credit_codes), r.credit_quantity_milli, r.credit_currency_minor),
            r.amount_tiyn,
            r.memo,
        )
        found[r.entry_id].append(line)
    return found


@dataclass(frozen=True, slots=True)
class Correction:
    of_entry_id: int
    entry_id: int
    """The other one."""
    fiscal_year: int
    number: int
    effective_on: date
    reason: str
    kind: str
    through_earlier_years: bool
    cancels: bool
    """Whether the other entry is the one cancelled (then this one is the correction)."""


def corrections_of(
    connection: Connection, scope: Scope, organisation_id: int, entries: Collection[int]
) -> list[Correction]:
    """The other end of every correction that each of these entries has part in."""
    rows = connection.execute(
        text("""
            SELECT e.id AS of_entry_id, o.id AS entry_id, o.fiscal_year, o.number, o.effective_on, k.reason, k.kind,
                   k.through_earlier_years, e.cancels
              FROM ledger_correction k
             CROSS JOIN LATERAL (
                   VALUES (k.entry_id, k.by_fiscal_year, k.by_entry_id, false),
                          (k.by_entry_id, k.fiscal_year, k.entry_id, true)) AS e(id, other_year, other_id, cancels)
              JOIN ledger_entry o
                ON o.organisation_id = k.organisation_id AND o.fiscal_year = e.other_year AND o.id = e.other_id
             WHERE k.organisation_id = :organisation AND (k.entry_id = ANY(:entries) OR k.by_entry_id = ANY(:entries))
               AND e.id = ANY(:entries)
        """),
        {"organisation": organisation_id, "entries": list(entries)},
    )
    return many(Correction, rows)


# Reads of an account's postings go month by month, in order, and as far as the page needs: each month is one look into
# the indexes by side, which OFFSET 0 keeps apart from the others.
_POSTINGS_OF_MONTH = """
      FROM ledger_posting p
     WHERE p.organisation_id = :organisation AND p.fiscal_year = m.year
       AND p.effective_on >= m.month AND p.effective_on < m.next
       AND p.{own}_id = ANY (ARRAY(SELECT s.id FROM ledger_subaccount s
                                    WHERE s.organisation_id = :organisation AND s.account_id = ANY (:accounts)
                                      AND (CAST(:subaccount AS int) IS NULL OR s.id = :subaccount)))"""

_MONTH = "b.month, (b.month + interval '1 month')::date AS next, extract(year FROM b.month)::int AS year"

_ENTRIES_OF_ACCOUNTS = f"""
    SELECT e.*
      FROM (SELECT DISTINCT {_MONTH}
              FROM ledger_account_balance b
             WHERE b.organisation_id = :organisation AND b.account_id = ANY (:accounts) AND {{months}}
             ORDER BY b.month DESC) m
     CROSS JOIN LATERAL (
           SELECT e.*
             FROM (SELECT p.entry_id {_POSTINGS_OF_MONTH.format(own="debit")}
                    UNION
                   SELECT p.entry_id {_POSTINGS_OF_MONTH.format(own="credit")}) p
             JOIN ledger_entry e ON e.organisation_id = :organisation AND e.fiscal_year = m.year AND e.id = p.entry_id
            WHERE {{narrowed}} OFFSET 0) e
     ORDER BY m.month DESC, e.effective_on DESC, e.id DESC LIMIT :limit
"""

_ENTRIES_BY_DAY = """
    SELECT * FROM ledger_entry e WHERE e.organisation_id = :organisation AND {narrowed}
     ORDER BY e.effective_on DESC, e.id DESC LIMIT :limit
"""

_ENTRIES = """
    SELECT e.id, e.fiscal_year, j.code AS journal_code, e.number, e.kind, e.effective_on, e.memo, e.document_number,
           p.amount_tiyn, p.postings, {debit_account} AS debit_account, {credit_account} AS credit_account,
           k.entry_id IS NOT NULL AS cancelled
      FROM ({found}) e
      JOIN ledger_journal j ON j.id = e.journal_id
      JOIN LATERAL (SELECT sum(q.amount_tiyn) AS amount_tiyn, count(*)::int AS postings,
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
"""

_NARROWING = {
    "start": """e.effective_on >= :start AND e.effective_on < :end
                AND e.fiscal_year BETWEEN :first_year AND :last_year""",
    "before": "(e.effective_on, e.id) < (:before, :before_id) AND e.fiscal_year <= :before_year",
    "journal": "e.journal_id = :journal",
    "words": """(e.number::text = :words
                 OR strpos(lower(e.memo || ' ' || e.document_number), lower(:words)) > 0)""",
}
_NARROWING_MONTHS = {"start": "b.month >= :start AND b.month < :end", "before": "b.month <= :before"}


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
    parameters: dict[str, Any] = {"organisation": organisation_id, "limit": limit}
    if span := narrowed.span:
        parameters |= {"start": span.start, "end": span.end}
        parameters |= {"first_year": span.first.year, "last_year": span.last.year}
    if before:
        day, entry_id = before
        parameters |= {"before": day, "before_id": entry_id, "before_year": day.year}
    if journal_id is not None:
        parameters["journal"] = journal_id
    if narrowed.text:
        parameters["words"] = narrowed.text
    found = _ENTRIES_BY_DAY
    if narrowed.account:
        found = _ENTRIES_OF_ACCOUNTS
        parameters |= {"accounts": _accounts_beginning(connection, narrowed.account), "subaccount": None}
    statement = _ENTRIES.format(found=found, debit_account=_shown("da"), credit_account=_shown("ca")).format(
        narrowed=_conditions(_NARROWING, parameters), months=_conditions(_NARROWING_MONTHS, parameters)
    )
    rows = connection.execute(text(statement), parameters)
    return [EntryRow(**{**r._mapping, "amount_tiyn": int(r.amount_tiyn)}) for r in rows]


def _conditions(conditions: Mapping[str, str], parameters: Mapping[str, Any]) -> str:
    """Those conditions whose parameter is given."""
    return " AND ".join([condition for name, condition in conditions.items() if name in parameters] or ["true"])


def _accounts_beginning(connection: Connection, code: str) -> list[int]:
    rows = connection.execute(text("SELECT id FROM ledger_account WHERE starts_with(code, :code)"), {"code": code})
    return list(rows.scalars())


# ------------------------------------------------------------------------------------------------ reports


_SUMS = sums("tiyn", day="b.month")
_MEASURES = f"{sums('quantity_milli', day='b.month')}, {sums('currency_minor', day='b.month')}"


@dataclass(frozen=True, slots=True)
class Carded:
    """What a card is of: the editions of an account, or one subaccount of them."""

    accounts: tuple[int, ...]
    subaccount: int | None

    @property
    def balances(self) -> str:
        """The grain of balances that is its own, as ``b``."""
        if self.subaccount is None:
            return "ledger_account_balance b WHERE b.account_id = ANY (:accounts)"
        return "ledger_balance b WHERE b.subaccount_id = :subaccount"

    @property
    def parameters(self) -> dict[str, object]:
        return {"accounts": list(self.accounts), "subaccount": self.subaccount}


def codes_of_subaccount(
    connection: Connection, scope: Scope, organisation_id: int, carded: Carded
) -> tuple[str, ...] | None:
    """Dimension codes of a subaccount of the accounts; ``None`` where there is no such."""
    row = connection.execute(
        text(f"""
            SELECT ARRAY[{SIDE_CODES}] FROM ledger_side s
             WHERE s.organisation_id = :organisation AND s.id = :subaccount AND s.account_id = ANY (:accounts)
        """),
        {"organisation": organisation_id, **carded.parameters},
    ).scalar_one_or_none()
    return tuple(row) if row is not None else None


def sums_of_card(
    connection: Connection, scope: Scope, organisation_id: int, carded: Carded, span: MonthSpan
) -> tuple[int, int, int]:
    """Opening balance, debit and credit turnover of what a card is of."""
    row = connection.execute(
        text(f"SELECT {_SUMS} FROM {carded.balances} AND b.organisation_id = :organisation AND b.month < :end"),
        {"organisation": organisation_id, **carded.parameters, "start": span.start, "end": span.end},
    ).one()
    return amounts(row)


_OF_CARD = "s.account_id = ANY (:accounts) AND (CAST(:subaccount AS int) IS NULL OR s.id = :subaccount)"


def measures_of_card(
    connection: Connection, scope: Scope, organisation_id: int, carded: Carded, span: MonthSpan
) -> list[CardMeasures]:
    """Quantities and currency amounts of what a card is of, item by item and currency by currency."""
    rows = connection.execute(
        text(f"""
            SELECT s.item, s.currency, {_MEASURES}
              FROM ledger_subaccount s
              JOIN ledger_balance b ON b.organisation_id = s.organisation_id AND b.subaccount_id = s.id
             WHERE s.organisation_id = :organisation AND {_OF_CARD} AND b.month < :end
             GROUP BY 1, 2
        """),
        {"organisation": organisation_id, **carded.parameters, "start": span.start, "end": span.end},
    )
    return [CardMeasures(r.item, r.currency, moved(r, "quantity_milli"), moved(r, "currency_minor")) for r in rows]


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
    quantity_milli: int | None
    currency_minor: int | None


# Opening entries, and their stornos, are the opening balance and not lines of the card; which they are is looked up
# only in the few months that have some.
_CARD_LINES = (
    """
    SELECT p.fiscal_year, p.entry_id, p.no, {side} AS side, p.effective_on, p.amount_tiyn, p.memo,
           p.{own}_id AS own_id, p.{other}_id AS other_id, p.{own}_quantity_milli AS quantity_milli,
           p.{own}_currency_minor AS currency_minor"""
    + _POSTINGS_OF_MONTH
    + """
       AND {place}
       AND p.entry_id <> ALL (m.opening)"""
)


def _card_lines(place: str) -> str:
    arms = [
        _CARD_LINES.format(side=side, own=own, other=other, place=place.format(side=side))
        for side, own, other in ((0, "debit", "credit"), (1, "credit", "debit"))
    ]
    return " UNION ALL ".join(arms)


_CARD_MONTHS = f"""
    month AS MATERIALIZED (
        SELECT b.*, CASE WHEN b.has_opening THEN ARRAY(
                    SELECT e.id FROM ledger_entry e
                     WHERE e.organisation_id = :organisation AND e.fiscal_year = b.year AND e.balance_kind = 1
                       AND e.effective_on >= b.month AND e.effective_on < b.next) ELSE '{{}}' END AS opening
          FROM (SELECT {_MONTH}, bool_or(b.kind = 1) AS has_opening
                  FROM ledger_account_balance b
                 WHERE b.organisation_id = :organisation AND b.account_id = ANY (:accounts)
                   AND b.month >= :from_month AND b.month < :to_month
                 GROUP BY b.month) b)"""

_CARD_AFTER = "p.effective_on >= :day AND (p.effective_on, p.entry_id, p.no, {side}) > (:day, :entry, :no, :side)"
_CARD_THROUGH = "p.effective_on <= :day AND (p.effective_on, p.entry_id, p.no, {side}) <= (:day, :entry, :no, :side)"

_CARD = text(f"""
    WITH {_CARD_MONTHS}
    SELECT l.entry_id, l.fiscal_year, l.no, l.side, j.code AS journal_code, e.number, e.kind, l.effective_on,
           coalesce(l.memo, e.memo) AS memo, e.document_number, {_shown("a")} AS corresponding_account,
           ARRAY[{SIDE_CODES}] AS codes, l.amount_tiyn, l.quantity_milli, l.currency_minor
      FROM (SELECT l.* FROM (SELECT * FROM month ORDER BY month) m
             CROSS JOIN LATERAL ({_card_lines(_CARD_AFTER)} OFFSET 0) l
             ORDER BY m.month, l.effective_on, l.entry_id, l.no, l.side LIMIT :limit) l
      JOIN ledger_entry e
        ON e.organisation_id = :organisation AND e.fiscal_year = l.fiscal_year AND e.id = l.entry_id
      JOIN ledger_journal j ON j.id = e.journal_id
      JOIN ledger_side s ON s.organisation_id = :organisation AND s.id = l.own_id
      JOIN ledger_subaccount o ON o.organisation_id = :organisation AND o.id = l.other_id
      JOIN ledger_account a ON a.id = o.account_id
     ORDER BY l.effective_on, l.entry_id, l.no, l.side
""")

_CARD_BEFORE = f"""
    WITH {_CARD_MONTHS}
    SELECT ((SELECT coalesce(sum(b.debit_tiyn) - sum(b.credit_tiyn), 0)
               FROM {{balances}} AND b.organisation_id = :organisation
                AND b.month >= :start AND b.month < :from_month AND b.kind <> 1)
          + (SELECT coalesce(sum(CASE l.side WHEN 0 THEN l.amount_tiyn ELSE -l.amount_tiyn END), 0)
               FROM month m CROSS JOIN LATERAL ({_card_lines(_CARD_THROUGH)}) l))
"""

_CARD_MEASURES_BEFORE = f"""
    WITH {_CARD_MONTHS}
    SELECT coalesce(sum(quantity_milli), 0)::bigint, coalesce(sum(currency_minor), 0)::bigint
      FROM (SELECT b.debit_quantity_milli - b.credit_quantity_milli AS quantity_milli,
                   b.debit_currency_minor - b.credit_currency_minor AS currency_minor
              FROM ledger_subaccount s
              JOIN ledger_balance b ON b.organisation_id = s.organisation_id AND b.subaccount_id = s.id
             WHERE s.organisation_id = :organisation AND {_OF_CARD}
               AND b.month >= :start AND b.month < :from_month AND b.kind <> 1
            UNION ALL
            SELECT CASE l.side WHEN 0 THEN l.quantity_milli ELSE -l.quantity_milli END,
                   CASE l.side WHEN 0 THEN l.currency_minor ELSE -l.currency_minor END
              FROM month m CROSS JOIN LATERAL ({_card_lines(_CARD_THROUGH)}) l) moved
"""

CardPlace = tuple[date, int, int, int]
"""Where a card's page starts: after this day, entry, posting number and side."""


def card_lines(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    carded: Carded,
    span: MonthSpan,
    after: CardPlace | None,
    limit: int,
) -> list[CardRow]:
    """Postings that touch the accounts, by day; a posting inside them stands twice, once a side."""
    day, entry_id, no, side = after or (span.start, 0, 0, 0)
    rows = connection.execute(
        _CARD,
        {
            "organisation": organisation_id,
            **carded.parameters,
            "from_month": max(span.start, day.replace(day=1)),
            "to_month": span.end,
            "day": day,
            "entry": entry_id,
            "no": no,
            "side": side,
            "limit": limit,
        },
    )
    return [CardRow(**{**r._mapping, "codes": tuple(r.codes)}) for r in rows]


def card_sum_through(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    carded: Carded,
    span: MonthSpan,
    place: CardPlace,
) -> int:
    """Debit less credit of the span's lines up to and including a place: whole months from the balances."""
    statement = _CARD_BEFORE.replace("{balances}", carded.balances)
    parameters = _through(organisation_id, carded, span, place)
    return int(connection.execute(text(statement), parameters).scalar_one())


def card_measures_through(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    carded: Carded,
    span: MonthSpan,
    place: CardPlace,
) -> tuple[int, int]:
    """The same in thousandths of a quantity and in minor units of a currency."""
    parameters = _through(organisation_id, carded, span, place)
    quantity, currency = connection.execute(text(_CARD_MEASURES_BEFORE), parameters).one()
    return int(quantity), int(currency)


def _through(organisation_id: int, carded: Carded, span: MonthSpan, place: CardPlace) -> dict[str, object]:
    day, entry_id, no, side = place
    month = MonthSpan.of(day, day)
    return {
        "organisation": organisation_id,
        **carded.parameters,
        "start": span.start,
        "from_month": month.start,
        "to_month": month.end,
        "day": day,
        "entry": entry_id,
        "no": no,
        "side": side,
    }


# ------------------------------------------------------------------------------------------------ imports


def import_of_file(connection: Connection, scope: Scope, organisation_id: int, sha256: bytes) -> datetime | None:
    """When the same file was imported here before."""
    return connection.execute(
        text("""
            SELECT imported_at FROM finance_journal_import WHERE organisation_id = :organisation AND sha256 = :sha256
        """),
        {"organisation": organisation_id, "sha256": sha256},
    ).scalar_one_or_none()


def import_by_digest(connection: Connection, scope: Scope, organisation_id: int, start: str) -> int | None:
    """Id of the import whose file's digest begins so, in hexadecimal digits."""
    return connection.execute(
        text("""
            SELECT id FROM finance_journal_import
             WHERE organisation_id = :organisation AND starts_with(encode(sha256, 'hex'), :start)
        """),
        {"organisation": organisation_id, "start": start},
    ).scalar_one_or_none()


@dataclass(frozen=True, slots=True)
class RepeatedImport:
    file_name: str
    imported_at: datetime
    found: int


_REPEATED = text("""
    WITH entry AS (
        SELECT e.source_id, e.journal_id, e.effective_on, e.document_number, p.debit_id, p.credit_id, p.amount_tiyn
          FROM ledger_entry e JOIN ledger_posting p
            ON (p.organisation_id, p.fiscal_year, p.entry_id, p.no) = (e.organisation_id, e.fiscal_year, e.id, 1)
         WHERE e.organisation_id = :organisation AND e.source_kind = 'import'
           AND e.effective_on BETWEEN :first AND :last AND e.fiscal_year BETWEEN :first_year AND :last_year
    ), fresh AS (
        SELECT DISTINCT journal_id, effective_on, document_number, debit_id, credit_id, amount_tiyn
          FROM entry WHERE source_id = :import
    )
    SELECT i.file_name, i.imported_at, count(*) AS found
      FROM entry JOIN fresh USING (journal_id, effective_on, document_number, debit_id, credit_id, amount_tiyn)
      JOIN finance_journal_import i ON i.id = entry.source_id
     WHERE i.organisation_id = :organisation AND i.id > :after AND i.id <> :import
       AND (i.rows_left > 0 OR i.rest_of IS NOT NULL)
     GROUP BY i.id, i.file_name, i.imported_at, i.entries
    HAVING 2 * count(*) >= i.entries
     ORDER BY i.id LIMIT 1
""")


def import_repeated(
    connection: Connection, scope: Scope, organisation_id: int, import_id: int, after: int, first: date, last: date
) -> RepeatedImport | None:
    """The import in parts, later than ``after``, of whose entries half or more are in this import again."""
    partial = text("""
        SELECT EXISTS (SELECT FROM finance_journal_import
                        WHERE organisation_id = :organisation AND id > :after AND id <> :import
                          AND (rows_left > 0 OR rest_of IS NOT NULL))
    """)
    parameters = {"organisation": organisation_id, "import": import_id, "after": after, "first": first, "last": last}
    if not connection.execute(partial, parameters).scalar_one():
        return None
    connection.execute(_NO_NESTED_LOOPS)
    row = connection.execute(_REPEATED, parameters | {"first_year": first.year, "last_year": last.year}).one_or_none()
    return RepeatedImport(row.file_name, row.imported_at, row.found) if row else None


_CHART = text(f"""
    SELECT {_ACCOUNT}, lower(a.in_force) AS in_force_start, upper(a.in_force) AS in_force_end
      FROM ledger_account a WHERE NOT isempty(a.in_force)
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


def lock_months(connection: Connection, scope: Scope, organisation_id: int) -> None:
    """Held until commit by whoever sets a month; postings do not wait for it."""
    connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtext('ledger_period'), :organisation)"),
        {"organisation": organisation_id},
    )


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
    SELECT account, sum(debit) AS debit_tiyn, sum(credit) AS credit_tiyn,
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
    rows = connection.execute(_IMPORTED, parameters | years)
    return [
        ImportedAccount(r.account, int(r.debit_tiyn), int(r.credit_tiyn), r.debit_postings, r.entries) for r in rows
    ]


def record_import(connection: Connection, scope: Scope, **columns: Any) -> int:
    """Record a file as imported; returns the import's id, which needs no right on the table's sequence."""
    return int(
        connection.execute(
            text("""
                INSERT INTO finance_journal_import (organisation_id, file_name, sha256, entries, postings, amount_tiyn,
                                                    rows_left, rest_of, actor_id, origin)
                VALUES (:organisation_id, :file_name, :sha256, :entries, :postings, :amount_tiyn,
                        :rows_left, :rest_of, :actor_id, :origin)
                RETURNING id
            """),
            columns | {"actor_id": scope.actor.id, "origin": scope.actor.origin},
        ).scalar_one()
    )
