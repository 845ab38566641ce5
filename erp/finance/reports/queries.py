"""Two relations make every report: turnovers by subaccount (``turnovers``), and postings by correspondence.

Both count the same entries: those of the cut.  A figure and the list behind it share one condition.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, text

from erp.base.db import many
from erp.base.scope import Scope
from erp.finance.journal.model import EntryFilter, Sums
from erp.finance.journal.turnovers import COUNTED, SIDE_CODES, Cut, amounts, rows_by_subaccount, sums
from erp.finance.reports.model import Figure, PairSum, Part, PostingLine, SavedView, SideLine, Step
from ledger.model import Dimension

_BATCH = 2000
"""Rows that a long list is fetched by."""


def _codes_of(dimensions: Sequence[Dimension]) -> str:
    return ", ".join(f"s.{d.slug}" if d in dimensions else "''" for d in Dimension)


def sums_by_dimensions(
    connection: Connection, scope: Scope, organisation_id: int, cut: Cut, dimensions: Sequence[Dimension]
) -> list[Sums]:
    """Opening balance and turnovers by account and the values of some dimensions; the other codes are empty."""
    rows = connection.execute(
        text(f"""
            SELECT s.account_id, ARRAY[{_codes_of(dimensions)}]::text[] AS codes, {sums("tiyn")}
              FROM ({rows_by_subaccount(cut)}) b
              JOIN ledger_side s ON s.organisation_id = :organisation AND s.id = b.id
             WHERE {COUNTED} GROUP BY 1, 2
        """),
        {"organisation": organisation_id, "organisations": [organisation_id], **cut.parameters},
    )
    return [Sums(r.account_id, None, tuple(r.codes), *amounts(r)) for r in rows]


# ------------------------------------------------------------------------------------------------ postings

_ENTRIES = """ledger_entry e
      JOIN ledger_posting p
        ON p.organisation_id = e.organisation_id AND p.fiscal_year = e.fiscal_year AND p.entry_id = e.id"""
_OF_CUT = """e.organisation_id = :organisation AND e.effective_on < :end AND e.fiscal_year <= :last_year
       AND (:closing OR e.balance_kind <> 2 OR e.effective_on < :start)"""
_KNOWN = " AND e.recorded_xid < CAST(:known AS xid8)"
_TURNED_OVER = "e.balance_kind <> 1 AND e.effective_on >= :since AND e.effective_on < :until"
_OPENED = "(e.effective_on < :start OR e.balance_kind = 1)"


def _of_cut(cut: Cut) -> str:
    return _OF_CUT + (_KNOWN if cut.known is not None else "")


def _parameters(organisation_id: int, cut: Cut) -> dict[str, Any]:
    start, end = cut.span.start, cut.span.end
    named = {"organisation": organisation_id, "start": start, "end": end, "closing": cut.closing}
    return {**named, "known": str(cut.known), "last_year": end.year, "since": start, "until": end}


_STEPS = {None: "NULL::date", Step.MONTH: "date_trunc('month', e.effective_on)::date", Step.DAY: "e.effective_on"}


def pairs(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    cut: Cut,
    *,
    accounts: Sequence[int] | None = None,
    step: Step | None = None,
    journal_id: int | None = None,
    by_journal: bool = False,
) -> list[PairSum]:
    """Turnovers of the span by correspondence; of ``accounts``, those where one of them is debited or credited."""
    journal = "e.journal_id" if by_journal else "NULL::smallint"
    of_journal = "AND e.journal_id = :journal" if journal_id is not None else ""
    of_accounts = ""
    if accounts is not None:
        of_accounts = "WHERE d.account_id = ANY(:accounts) OR c.account_id = ANY(:accounts)"
    rows = connection.execute(
        text(f"""
            SELECT d.account_id AS debit_id, c.account_id AS credit_id, t.step AS "on", t.journal_id,
                   sum(t.amount_tiyn) AS amount_tiyn, sum(t.postings)::bigint AS postings
              FROM (SELECT p.debit_id, p.credit_id, {_STEPS[step]} AS step, {journal} AS journal_id,
                           sum(p.amount_tiyn) AS amount_tiyn, count(*) AS postings
                      FROM {_ENTRIES}
                     WHERE {_of_cut(cut)} AND {_TURNED_OVER} {of_journal}
                     GROUP BY 1, 2, 3, 4) t
              JOIN ledger_subaccount d ON d.organisation_id = :organisation AND d.id = t.debit_id
              JOIN ledger_subaccount c ON c.organisation_id = :organisation AND c.id = t.credit_id
            {of_accounts}
             GROUP BY 1, 2, 3, 4
        """),
        {**_parameters(organisation_id, cut), "accounts": list(accounts or ()), "journal": journal_id},
    )
    return [PairSum(**{**r._mapping, "amount_tiyn": int(r.amount_tiyn)}) for r in rows]


def accounts_under(connection: Connection, scope: Scope, code: str, edition: int | None = None) -> list[int]:
    """Every edition of an account, or one of them, and all accounts below; the empty code is the contra account's.

    The contra account, which has no row of its own in any report, is under no heading.
    """
    found = "a.id = :edition" if edition is not None else "a.code = :code OR (:code = '' AND a.role = 'contra')"
    rows = connection.execute(
        text(f"""
            WITH RECURSIVE under AS (
                SELECT a.id FROM ledger_account a WHERE {found}
                 UNION
                SELECT a.id FROM ledger_account a JOIN under u ON a.parent_id = u.id
            )
            SELECT u.id FROM under u JOIN ledger_account a ON a.id = u.id WHERE (a.role = 'contra') = (:code = '')
        """),
        {"code": code, "edition": edition},
    )
    return list(rows.scalars())


# ------------------------------------------------------------------------------------------------ behind a figure


@dataclass(frozen=True, slots=True)
class Sought:
    """A figure whose accounts and journal were found."""

    figure: Figure
    accounts: Sequence[int] | None
    against: Sequence[int] | None
    journal_id: int | None

    def condition(self, cut: Cut) -> str:
        figure = self.figure
        own = ["s.account_id = ANY(:accounts)" if self.accounts is not None else "a.kind <> 'off_balance'"]
        own += [f"s.{dimension.slug} = :{dimension.slug}" for dimension in figure.dimensions]
        conditions = [
            _of_cut(cut),
            _IN_PART[figure.part],
            f"""side.own_id IN (SELECT s.id FROM ledger_side s JOIN ledger_account a ON a.id = s.account_id
                                 WHERE s.organisation_id = :organisation AND {" AND ".join(own)})""",
        ]
        if self.against is not None:
            conditions.append("""side.other_id IN (SELECT s.id FROM ledger_subaccount s
                                 WHERE s.organisation_id = :organisation AND s.account_id = ANY(:against))""")
        if self.journal_id is not None:
            conditions.append("e.journal_id = :journal")
        return "\n   AND ".join(conditions)

    def parameters(self, organisation_id: int, cut: Cut) -> dict[str, Any]:
        figure = self.figure
        stretch = {"since": figure.since or cut.span.start, "until": figure.until or cut.span.end}
        found = {"accounts": self.accounts, "against": self.against, "journal": self.journal_id}
        codes = {dimension.slug: code for dimension, code in figure.dimensions.items()}
        return _parameters(organisation_id, cut) | stretch | found | codes


_IN_PART = {
    Part.OPENING: _OPENED,
    Part.DEBIT: f"{_TURNED_OVER} AND side.no = 0",
    Part.CREDIT: f"{_TURNED_OVER} AND side.no = 1",
    Part.TURNOVER: _TURNED_OVER,
    Part.CLOSING: f"({_OPENED} OR {_TURNED_OVER})",
}
_SIDES = f"""{_ENTRIES}
     CROSS JOIN LATERAL (VALUES (0, p.debit_id, p.credit_id), (1, p.credit_id, p.debit_id))
           AS side(no, own_id, other_id)"""


def _signed(part: Part) -> str:
    if part in (Part.DEBIT, Part.CREDIT):
        return "p.amount_tiyn"
    return "CASE side.no WHEN 0 THEN p.amount_tiyn ELSE -p.amount_tiyn END"


def total_behind(
    connection: Connection, scope: Scope, organisation_id: int, cut: Cut, sought: Sought
) -> tuple[int, int]:
    """The figure, and of how many sides it is."""
    statement = f"""
        SELECT coalesce(sum({_signed(sought.figure.part)}), 0), count(*) FROM {_SIDES} WHERE {sought.condition(cut)}
    """
    total, count = connection.execute(text(statement), sought.parameters(organisation_id, cut)).one()
    return int(total), count


Place = tuple[date, int, int, int]
"""Where a page of a list starts: after this day, entry, posting number and side."""


def _lines_behind(cut: Cut, sought: Sought, *, place: bool, limit: bool) -> str:
    after = " AND (e.effective_on, e.id, p.no, side.no) > (:day, :entry, :no, :side)" if place else ""
    return f"""
        SELECT l.*, j.code AS journal_code, {_shown("da")} AS debit_account, {_shown("ca")} AS credit_account,
               ARRAY[{SIDE_CODES}] AS codes
          FROM (SELECT e.id AS entry_id, e.fiscal_year, p.no, side.no AS side, e.journal_id, e.number, e.kind,
                       e.effective_on, coalesce(p.memo, e.memo) AS memo, e.document_number, p.debit_id, p.credit_id,
                       side.own_id, {_signed(sought.figure.part)} AS amount_tiyn
                  FROM {_SIDES} WHERE {sought.condition(cut)}{after}
                 ORDER BY e.effective_on, e.id, p.no, side.no {"LIMIT :limit" if limit else ""}) l
          JOIN ledger_journal j ON j.id = l.journal_id
          JOIN ledger_side s ON s.organisation_id = :organisation AND s.id = l.own_id
          JOIN ledger_subaccount d ON d.organisation_id = :organisation AND d.id = l.debit_id
          JOIN ledger_account da ON da.id = d.account_id
          JOIN ledger_subaccount c ON c.organisation_id = :organisation AND c.id = l.credit_id
          JOIN ledger_account ca ON ca.id = c.account_id
         ORDER BY l.effective_on, l.entry_id, l.no, l.side
    """


def _shown(account: str) -> str:
    """An account's code as people see it: the contra account's is empty."""
    return f"CASE {account}.role WHEN 'contra' THEN '' ELSE {account}.code END"


def _side_line(row: Row[Any]) -> SideLine:
    fields = {name: row._mapping[name] for name in SideLine.__slots__}
    return SideLine(**fields | {"codes": tuple(row.codes)})


def lines_behind(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    cut: Cut,
    sought: Sought,
    after: Place | None,
    limit: int,
) -> list[SideLine]:
    """The sides that a figure sums, by day."""
    parameters = sought.parameters(organisation_id, cut) | {"limit": limit}
    if after:
        parameters |= dict(zip(("day", "entry", "no", "side"), after, strict=True))
    statement = _lines_behind(cut, sought, place=after is not None, limit=True)
    return [_side_line(row) for row in connection.execute(text(statement), parameters)]


def every_line_behind(
    connection: Connection, scope: Scope, organisation_id: int, cut: Cut, sought: Sought
) -> Iterator[SideLine]:
    """All of them, fetched as they are asked for."""
    statement = text(_lines_behind(cut, sought, place=False, limit=False)).execution_options(
        stream_results=True, yield_per=_BATCH
    )
    for row in connection.execute(statement, sought.parameters(organisation_id, cut)):
        yield _side_line(row)


# ------------------------------------------------------------------------------------------------ the journal whole

_TOUCHES = """EXISTS (SELECT FROM ledger_posting q
                        JOIN ledger_subaccount s
                          ON s.organisation_id = q.organisation_id AND s.id IN (q.debit_id, q.credit_id)
                        JOIN ledger_account a ON a.id = s.account_id
                       WHERE q.organisation_id = e.organisation_id AND q.fiscal_year = e.fiscal_year
                         AND q.entry_id = e.id
                         AND starts_with(a.code, :account))"""
_SAYS = "(e.number::text = :words OR strpos(lower(e.memo || ' ' || e.document_number), lower(:words)) > 0)"


def journal_postings(
    connection: Connection, scope: Scope, organisation_id: int, narrowed: EntryFilter, journal_id: int | None
) -> Iterator[PostingLine]:
    """Every posting of the entries of a journal list, the oldest first, fetched as they are asked for."""
    conditions, parameters = ["e.organisation_id = :organisation"], {"organisation": organisation_id}
    asked: list[tuple[str, dict[str, Any]]] = []
    if span := narrowed.span:
        asked.append(("e.effective_on >= :start AND e.effective_on < :end", {"start": span.start, "end": span.end}))
    if journal_id is not None:
        asked.append(("e.journal_id = :journal", {"journal": journal_id}))
    if narrowed.account:
        asked.append((_TOUCHES, {"account": narrowed.account}))
    if narrowed.text:
        asked.append((_SAYS, {"words": narrowed.text}))
    for condition, named in asked:
        conditions.append(condition)
        parameters |= named
    statement = text(f"""
        SELECT e.effective_on, j.code AS journal_code, e.number, p.no, e.kind, e.document_number, e.document_on,
               coalesce(p.memo, e.memo) AS memo, {_shown("da")} AS debit_account, {_shown("ca")} AS credit_account,
               ARRAY[{SIDE_CODES.replace("s.", "d.")}] AS debit_codes,
               ARRAY[{SIDE_CODES.replace("s.", "c.")}] AS credit_codes, p.amount_tiyn
          FROM {_ENTRIES}
          JOIN ledger_journal j ON j.id = e.journal_id
          JOIN ledger_side d ON d.organisation_id = e.organisation_id AND d.id = p.debit_id
          JOIN ledger_account da ON da.id = d.account_id
          JOIN ledger_side c ON c.organisation_id = e.organisation_id AND c.id = p.credit_id
          JOIN ledger_account ca ON ca.id = c.account_id
         WHERE {" AND ".join(conditions)}
         ORDER BY e.effective_on, e.id, p.no
    """).execution_options(stream_results=True, yield_per=_BATCH)
    for row in connection.execute(statement, parameters):
        codes = {"debit_codes": tuple(row.debit_codes), "credit_codes": tuple(row.credit_codes)}
        yield PostingLine(**{**row._mapping, **codes})


# ------------------------------------------------------------------------------------------------ saved views

_VIEWS = """
    SELECT v.id, v.owner_id, coalesce(u.name, '') AS owner, v.name, v.report, v.query, v.shared_with, v.saved_at,
           b.view_id IS NOT NULL AS is_start
      FROM finance_report_view v
      LEFT JOIN reference_user u ON u.id = v.owner_id
      LEFT JOIN finance_report_start b
        ON b.organisation_id = v.organisation_id AND b.view_id = v.id AND b.user_id = :user
     WHERE v.organisation_id = :organisation AND (v.owner_id = :user OR v.shared_with = ANY(:roles))
"""


def views(connection: Connection, scope: Scope, organisation_id: int, roles: Sequence[str]) -> list[SavedView]:
    """Views that the actor keeps, and those shared with one of the roles; the own first."""
    rows = connection.execute(
        text(f"{_VIEWS} ORDER BY v.owner_id <> :user, v.name, v.id"),
        {"organisation": organisation_id, "user": scope.actor.id, "roles": list(roles)},
    )
    return many(SavedView, rows)


def starts(connection: Connection, scope: Scope) -> dict[int, str]:
    """Address below the organisation's that the actor begins with, by organisation."""
    rows = connection.execute(
        text("""
            SELECT b.organisation_id, v.report, v.query
              FROM finance_report_start b
              JOIN finance_report_view v ON v.organisation_id = b.organisation_id AND v.id = b.view_id
             WHERE b.user_id = :user AND (v.owner_id = :user OR v.shared_with IS NOT NULL)
        """),
        {"user": scope.actor.id},
    )
    return {r.organisation_id: f"{r.report}?{r.query}" if r.query else r.report for r in rows}


def insert_view(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    *,
    name: str,
    report: str,
    query: str,
    shared_with: str | None,
) -> int | None:
    """Keep a view of the actor's; ``None`` where he has one of that name."""
    return connection.execute(
        text("""
            INSERT INTO finance_report_view (organisation_id, owner_id, name, report, query, shared_with)
            VALUES (:organisation, :user, :name, :report, :query, :shared_with)
                ON CONFLICT (organisation_id, owner_id, name) DO NOTHING
            RETURNING id
        """),
        {
            "organisation": organisation_id,
            "user": scope.actor.id,
            "name": name,
            "report": report,
            "query": query,
            "shared_with": shared_with,
        },
    ).scalar_one_or_none()


def delete_view(connection: Connection, scope: Scope, organisation_id: int, view_id: int) -> str | None:
    """Forget a view of the actor's; returns its name, ``None`` where he has no such."""
    return connection.execute(
        text("""
            DELETE FROM finance_report_view
             WHERE organisation_id = :organisation AND id = :id AND owner_id = :user RETURNING name
        """),
        {"organisation": organisation_id, "id": view_id, "user": scope.actor.id},
    ).scalar_one_or_none()


def set_start(connection: Connection, scope: Scope, organisation_id: int, view_id: int) -> None:
    """Let the actor begin with a view."""
    connection.execute(
        text("""
            INSERT INTO finance_report_start (organisation_id, user_id, view_id) VALUES (:organisation, :user, :view)
                ON CONFLICT (organisation_id, user_id) DO UPDATE SET view_id = EXCLUDED.view_id
        """),
        {"organisation": organisation_id, "user": scope.actor.id, "view": view_id},
    )


def clear_start(connection: Connection, scope: Scope, organisation_id: int) -> bool:
    """Let the actor begin at the organisation's own page again; whether there was another."""
    return bool(
        connection.execute(
            text("DELETE FROM finance_report_start WHERE organisation_id = :organisation AND user_id = :user"),
            {"organisation": organisation_id, "user": scope.actor.id},
        ).rowcount
    )
