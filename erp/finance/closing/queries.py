"""One named function a statement.  Every function takes the scope; row-level security is the second witness."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from erp.base.db import many
from erp.base.scope import Scope
from erp.finance.closing.model import Finding, MonthOf, Period, Proof, Tick

# ------------------------------------------------------------------------------------------------ proofs


def known(connection: Connection, scope: Scope) -> tuple[str, datetime]:
    """What is committed now, and the instant: asked before a proof, so that nothing later passes for seen."""
    row = connection.execute(text("SELECT pg_current_snapshot()::text AS known, clock_timestamp() AS at")).one()
    return row.known, row.at


def undecided(connection: Connection, scope: Scope, organisation_id: int, period: Period) -> list[Finding]:
    """Prepared entries dated in the period that are neither posted nor withdrawn."""
    rows = connection.execute(
        text("""
            SELECT j.code || ' «' || r.memo || '»' AS what, 'approvals/' || p.id AS place, r.amount_tiyn AS tiyn
              FROM finance_prepared p
              JOIN finance_prepared_revision r
                ON (r.organisation_id, r.prepared_id, r.no) = (p.organisation_id, p.id, p.revision)
              JOIN ledger_journal j ON j.id = r.journal_id
             WHERE p.organisation_id = :organisation AND p.state NOT IN ('draft', 'approved', 'withdrawn')
               AND r.effective_on >= :start AND r.effective_on < :end
             ORDER BY r.effective_on, p.id
        """),
        _of(organisation_id, period),
    )
    return [Finding(**row._mapping) for row in rows]


def drafts(connection: Connection, scope: Scope, organisation_id: int, period: Period) -> list[Finding]:
    """Who has open drafts dated in the month; how many stands for the amount."""
    rows = connection.execute(
        text("""
            SELECT coalesce(u.name, '') AS what, d.drafts
              FROM finance_drafts_dated(:organisation, :start) d LEFT JOIN reference_user u ON u.id = d.owner_id
             ORDER BY 1
        """),
        _of(organisation_id, period),
    )
    return [Finding(f"{row.what}: {row.drafts}") for row in rows]


@dataclass(frozen=True, slots=True)
class Ties:
    """Turnovers of a month by its balances, and how many subaccounts differ from what their postings add up to."""

    debit_tiyn: int
    credit_tiyn: int
    posted_tiyn: int
    differing: int


def ties(connection: Connection, scope: Scope, organisation_id: int, period: Period) -> Ties:
    """The balances of a month beside its postings."""
    row = connection.execute(
        text("""
            WITH kept AS (
                SELECT subaccount_id AS id, sum(debit_tiyn) AS debit, sum(credit_tiyn) AS credit
                  FROM ledger_balance WHERE organisation_id = :organisation AND month = :start GROUP BY 1
            ), posted AS (
                SELECT side.id, sum(side.debit) AS debit, sum(side.credit) AS credit
                  FROM ledger_posting p
                 CROSS JOIN LATERAL (VALUES (p.debit_id, p.amount_tiyn, 0::bigint), (p.credit_id, 0, p.amount_tiyn))
                       AS side(id, debit, credit)
                 WHERE p.organisation_id = :organisation AND p.fiscal_year = :year
                   AND p.effective_on >= :start AND p.effective_on < :end
                 GROUP BY 1
            )
            SELECT coalesce(sum(k.debit), 0) AS debit, coalesce(sum(k.credit), 0) AS credit,
                   coalesce(sum(p.debit), 0) AS posted,
                   count(*) FILTER (WHERE (coalesce(k.debit, 0), coalesce(k.credit, 0))
                                          <> (coalesce(p.debit, 0), coalesce(p.credit, 0))) AS differing
              FROM kept k FULL JOIN posted p ON p.id = k.id
        """),
        _of(organisation_id, period),
    ).one()
    return Ties(int(row.debit), int(row.credit), int(row.posted), row.differing)


def numbers_missing(connection: Connection, scope: Scope, organisation_id: int, period: Period) -> list[Finding]:
    """Journals of the year that do not have as many entries as numbers."""
    rows = connection.execute(
        text("""
            SELECT j.code || ': ' || n.last_number || ' / ' || coalesce(e.entries, 0) AS what,
                   'journal?journal=' || j.code AS place, ARRAY[j.name_kk, j.name_ru, j.name_en] AS names
              FROM ledger_number n
              JOIN ledger_journal j ON j.id = n.journal_id
              LEFT JOIN (SELECT journal_id, count(*) AS entries, max(number) AS last FROM ledger_entry
                          WHERE organisation_id = :organisation AND fiscal_year = :year GROUP BY 1) e
                ON e.journal_id = n.journal_id
             WHERE n.organisation_id = :organisation AND n.fiscal_year = :year
               AND (coalesce(e.entries, 0), coalesce(e.last, 0)) <> (n.last_number, n.last_number)
             ORDER BY j.id
        """),
        _of(organisation_id, period),
    )
    return [_finding(row) for row in rows]


_UNDER = """
    WITH RECURSIVE under AS (
        SELECT id FROM ledger_account WHERE code = ANY(:codes)
         UNION
        SELECT a.id FROM ledger_account a JOIN under u ON a.parent_id = u.id WHERE a.code <> ALL(:apart)
    )"""
_NAMES = "ARRAY[a.name_kk, a.name_ru, a.name_en] AS names"
_CARD = "'accounts/' || a.code || '/card' AS place"


def cash_below_zero(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    period: Period,
    codes: Sequence[str],
    apart: Sequence[str],
) -> list[Finding]:
    """Cash accounts that stood below zero at the end of some day of the month, with the lowest balance."""
    rows = connection.execute(
        text(f"""{_UNDER}, cash AS (
                SELECT s.id, s.account_id FROM ledger_subaccount s
                 WHERE s.organisation_id = :organisation AND s.account_id IN (SELECT id FROM under)
            ), moved AS (
                SELECT c.account_id, b.month AS day, sum(b.debit_tiyn - b.credit_tiyn) AS tiyn
                  FROM ledger_balance b JOIN cash c ON c.id = b.subaccount_id
                 WHERE b.organisation_id = :organisation AND b.month < :start GROUP BY 1, 2
                 UNION ALL
                SELECT c.account_id, p.effective_on, sum(CASE WHEN p.debit_id = c.id THEN p.amount_tiyn ELSE 0 END
                                                       - CASE WHEN p.credit_id = c.id THEN p.amount_tiyn ELSE 0 END)
                  FROM ledger_posting p JOIN cash c ON c.id IN (p.debit_id, p.credit_id)
                 WHERE p.organisation_id = :organisation AND p.fiscal_year = :year
                   AND p.effective_on >= :start AND p.effective_on < :end
                 GROUP BY 1, 2
            ), stood AS (
                SELECT account_id, day, sum(sum(tiyn)) OVER (PARTITION BY account_id ORDER BY day) AS tiyn
                  FROM moved GROUP BY account_id, day
            ), lowest AS (
                SELECT DISTINCT ON (account_id) account_id, day, tiyn FROM stood
                 WHERE day >= :start AND tiyn < 0 ORDER BY account_id, tiyn, day
            )
            SELECT a.code || ', ' || to_char(l.day, 'DD.MM.YYYY') AS what, {_CARD}, l.tiyn::bigint AS tiyn, {_NAMES}
              FROM lowest l JOIN ledger_account a ON a.id = l.account_id ORDER BY a.code
        """),
        _of(organisation_id, period) | {"codes": list(codes), "apart": list(apart)},
    )
    return [_finding(row) for row in rows]


_STOOD = """
    SELECT b.account_id, sum(b.debit_tiyn - b.credit_tiyn)::bigint AS tiyn FROM ledger_account_balance b
     WHERE b.organisation_id = :organisation AND b.month < :end
     GROUP BY 1 HAVING sum(b.debit_tiyn - b.credit_tiyn) <> 0"""


def wrong_sides(connection: Connection, scope: Scope, organisation_id: int, period: Period) -> list[Finding]:
    """Accounts of assets and liabilities whose balance stands on the other side than theirs."""
    rows = connection.execute(
        text(f"""
            SELECT a.code AS what, {_CARD}, t.tiyn, {_NAMES} FROM ({_STOOD}) t
              JOIN ledger_account a ON a.id = t.account_id
             WHERE a.kind IN ('asset', 'liability', 'budgetary') AND (a.normal_side = 'debit') <> (t.tiyn > 0)
             ORDER BY a.code
        """),
        _of(organisation_id, period),
    )
    return [_finding(row) for row in rows]


def standing(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    period: Period,
    codes: Sequence[str],
    apart: Sequence[str] = (),
) -> list[Finding]:
    """Balances at the end of the period of accounts and of all below them."""
    rows = connection.execute(
        text(f"""{_UNDER}
            SELECT a.code AS what, {_CARD}, t.tiyn, {_NAMES} FROM ({_STOOD}) t
              JOIN ledger_account a ON a.id = t.account_id
             WHERE a.id IN (SELECT id FROM under) ORDER BY a.code
        """),
        _of(organisation_id, period) | {"codes": list(codes), "apart": list(apart)},
    )
    return [_finding(row) for row in rows]


def off_balance(connection: Connection, scope: Scope, organisation_id: int, period: Period) -> list[Finding]:
    """Balances of off-balance accounts at the end of the period."""
    rows = connection.execute(
        text(f"""
            SELECT a.code AS what, {_CARD}, t.tiyn, {_NAMES} FROM ({_STOOD}) t
              JOIN ledger_account a ON a.id = t.account_id
             WHERE a.kind = 'off_balance' AND a.role <> 'contra' ORDER BY a.code
        """),
        _of(organisation_id, period),
    )
    return [_finding(row) for row in rows]


def changes(connection: Connection, scope: Scope, organisation_id: int, period: Period) -> list[Finding]:
    """Revenue and expense of a month beside those of the month before, by account; as they stand, credit negative."""
    rows = connection.execute(
        text(f"""
            SELECT a.code AS what, {_CARD}, t.tiyn, t.was_tiyn, {_NAMES}
              FROM (SELECT b.account_id,
                           coalesce(sum(b.debit_tiyn - b.credit_tiyn) FILTER (WHERE b.month = :start), 0)::bigint
                               AS tiyn,
                           coalesce(sum(b.debit_tiyn - b.credit_tiyn) FILTER (WHERE b.month = :before), 0)::bigint
                               AS was_tiyn
                      FROM ledger_account_balance b
                     WHERE b.organisation_id = :organisation AND b.month IN (:start, :before) AND b.kind = 0
                     GROUP BY 1) t
              JOIN ledger_account a ON a.id = t.account_id
             WHERE a.kind IN ('revenue', 'expense') AND t.tiyn <> t.was_tiyn ORDER BY a.code
        """),
        _of(organisation_id, period) | {"before": period.before.start},
    )
    return [_finding(row) for row in rows]


def not_agreed(connection: Connection, scope: Scope, organisation_id: int, period: Period) -> tuple[int, list[Finding]]:
    """How many trial balances of another program tell of the month, and those that ours was not found equal to.

    Found equal before an entry that came later is not found equal.
    """
    rows = connection.execute(
        text("""
            SELECT f.name AS what, 'takeover/' || t.id AS place,
                   g.at IS NOT NULL
                   AND NOT EXISTS (SELECT FROM ledger_entry e
                                    WHERE e.organisation_id = f.organisation_id AND e.effective_on <= f.last_on
                                      AND e.recorded_at > g.at) AS is_agreed
              FROM finance_takeover t
              JOIN finance_takeover_file f ON f.organisation_id = t.organisation_id AND f.takeover_id = t.id
             CROSS JOIN LATERAL (SELECT max(agreed_at) AS at FROM finance_takeover_agreement
                                  WHERE organisation_id = f.organisation_id AND file_id = f.id) g
             WHERE t.organisation_id = :organisation AND t.state <> 'given-up' AND f.kind = 'balance'
               AND f.set_aside_at IS NULL AND f.first_on >= :start AND f.last_on < :end AND f.first_on >= t.starts_on
             ORDER BY f.id
        """),
        _of(organisation_id, period),
    ).all()
    return len(rows), [Finding(row.what, row.place) for row in rows if not row.is_agreed]


def months_open(connection: Connection, scope: Scope, organisation_id: int, period: Period) -> list[Finding]:
    """Months of a year before its December that are not closed."""
    rows = connection.execute(
        text("""
            SELECT to_char(month, 'MM.YYYY') AS what, 'closing/' || to_char(month, 'YYYY-MM') AS place
              FROM ledger_period
             WHERE organisation_id = :organisation AND month >= :start AND month < :december AND state <> 'closed'
             ORDER BY month
        """),
        _of(organisation_id, period) | {"december": period.span.last},
    )
    return [Finding(**row._mapping) for row in rows]


def years_open(connection: Connection, scope: Scope, organisation_id: int, period: Period) -> list[Finding]:
    """Earlier years that are not closed."""
    rows = connection.execute(
        text("""
            SELECT b.year::text AS what, 'closing/' || b.year AS place
              FROM (SELECT DISTINCT extract(year FROM month)::int AS year FROM ledger_period
                     WHERE organisation_id = :organisation AND month < :start) b
              LEFT JOIN ledger_year y ON y.organisation_id = :organisation AND y.fiscal_year = b.year
             WHERE y.state IS DISTINCT FROM 'closed' ORDER BY b.year
        """),
        _of(organisation_id, period),
    )
    return [Finding(**row._mapping) for row in rows]


def files(connection: Connection, scope: Scope, organisation_id: int, subjects: Sequence[str]) -> dict[str, int]:
    """How many files hang on each subject that has any."""
    rows = connection.execute(
        text("""
            SELECT subject, count(*) AS files FROM base_attachment
             WHERE organisation_id = :organisation AND subject = ANY(:subjects) AND removed_at IS NULL GROUP BY 1
        """),
        {"organisation": organisation_id, "subjects": list(subjects)},
    )
    return {row.subject: row.files for row in rows}


def _of(organisation_id: int, period: Period) -> dict[str, Any]:
    return {
        "organisation": organisation_id,
        "start": period.start,
        "end": period.end,
        "year": period.start.year,
    }


def _finding(row: Row[Any]) -> Finding:
    return Finding(**dict(row._mapping) | {"names": tuple(row.names)})


# ------------------------------------------------------------------------------------------------ ticks

_ENTRIES_SINCE = """EXISTS (
    SELECT FROM ledger_entry e
     WHERE e.organisation_id = t.organisation_id AND e.effective_on >= t.period
       AND e.effective_on < (t.period + CASE t.kind WHEN 'month' THEN interval '1 month' ELSE interval '1 year' END)
       AND e.fiscal_year = extract(year FROM t.period) AND e.balance_kind <> 2
       AND e.recorded_xid >= pg_snapshot_xmin(t.known) AND NOT pg_visible_in_snapshot(e.recorded_xid, t.known))"""


def ticks(connection: Connection, scope: Scope, organisation_id: int, period: Period) -> list[Tick]:
    """The last tick of each step, with whether entries of the period were recorded since."""
    rows = connection.execute(
        text(f"""
            SELECT t.id, t.step, t.verdict, t.proof, t.known_at, t.reason, t.actor_id, coalesce(u.name, '') AS actor,
                   coalesce(b.name, '') AS on_behalf_of, t.at, {_ENTRIES_SINCE} AS entries_since
              FROM (SELECT DISTINCT ON (step) * FROM finance_closing_tick
                     WHERE organisation_id = :organisation AND kind = :kind AND period = :start
                     ORDER BY step, id DESC) t
              LEFT JOIN reference_user u ON u.id = t.actor_id
              LEFT JOIN reference_user b ON b.id = t.on_behalf_of
        """),
        {"organisation": organisation_id, "kind": period.kind.value, "start": period.start},
    )
    return [
        Tick(
            row.id,
            row.step,
            Proof.of(row.verdict, row.proof),
            row.known_at,
            row.reason,
            row.actor_id,
            row.actor,
            row.on_behalf_of,
            row.at,
            row.entries_since,
        )
        for row in rows
    ]


def insert_tick(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    period: Period,
    step: str,
    proof: Proof,
    known: str,
    known_at: datetime,
    reason: str,
) -> int:
    return int(
        connection.execute(
            text("""
                INSERT INTO finance_closing_tick (organisation_id, kind, period, step, verdict, proof, known, known_at,
                                                  reason, actor_id, on_behalf_of, origin)
                VALUES (:organisation, :kind, :start, :step, :verdict, CAST(:proof AS jsonb),
                        CAST(:known AS pg_snapshot), :known_at, :reason, :actor, :on_behalf_of, :origin)
                RETURNING id
            """),
            {
                "organisation": organisation_id,
                "kind": period.kind.value,
                "start": period.start,
                "step": step,
                "verdict": proof.verdict.value,
                "proof": json.dumps(proof.document, ensure_ascii=False),
                "known": known,
                "known_at": known_at,
                "reason": reason,
                "actor": scope.actor.id,
                "on_behalf_of": scope.on_behalf_of,
                "origin": scope.actor.origin,
            },
        ).scalar_one()
    )


def months_of(
    connection: Connection, scope: Scope, organisations: Sequence[int], first: date, last: date
) -> list[MonthOf]:
    """Months of many organisations from ``first`` through ``last``: state, steps of the policy, what is ticked."""
    rows = connection.execute(
        text(f"""
            SELECT m.organisation_id, m.month, m.state, p.content->'closing' AS closing,
                   coalesce(k.ticks, '{{}}') AS ticks
              FROM ledger_period m
              LEFT JOIN finance_policy p
                ON p.organisation_id = m.organisation_id
               AND p.in_force @> (m.month + interval '1 month' - interval '1 day')::date
              LEFT JOIN LATERAL (
                    SELECT jsonb_object_agg(t.step, {_ENTRIES_SINCE}) AS ticks
                      FROM (SELECT DISTINCT ON (step) * FROM finance_closing_tick
                             WHERE organisation_id = m.organisation_id AND kind = 'month' AND period = m.month
                             ORDER BY step, id DESC) t) k ON true
             WHERE m.organisation_id = ANY(:organisations) AND m.month BETWEEN :first AND :last
             ORDER BY m.organisation_id, m.month
        """),
        {"organisations": list(organisations), "first": first, "last": last},
    )
    return many(MonthOf, rows)


def names(connection: Connection, scope: Scope, people: Sequence[int]) -> dict[int, str]:
    """Names of people, by id."""
    rows = connection.execute(
        text("SELECT id, name FROM reference_user WHERE id = ANY(:people)"), {"people": list(people)}
    )
    return {row.id: row.name for row in rows}


# ------------------------------------------------------------------------------------------------ reminders


def organisations(connection: Connection, scope: Scope) -> list[int]:
    """Every organisation: that a body is there is public."""
    return list(connection.execute(text("SELECT id FROM reference_organisation ORDER BY id")).scalars())


@dataclass(frozen=True, slots=True)
class Due:
    """A step to tell its owners of."""

    organisation_id: int
    period: date
    step: str
    kind: str
    """``due`` or ``late``."""


def remember_told(connection: Connection, scope: Scope, due: Sequence[Due]) -> set[Due]:
    """Those of the steps that nobody was told of yet; from now on they are told."""
    rows = connection.execute(
        text("""
            INSERT INTO finance_closing_reminder (organisation_id, period, step, kind)
            SELECT * FROM unnest(CAST(:organisations AS int[]), CAST(:periods AS date[]), CAST(:steps AS text[]),
                                 CAST(:kinds AS text[]))
            ON CONFLICT DO NOTHING RETURNING organisation_id, period, step, kind
        """),
        {
            "organisations": [each.organisation_id for each in due],
            "periods": [each.period for each in due],
            "steps": [each.step for each in due],
            "kinds": [each.kind for each in due],
        },
    )
    return set(many(Due, rows))


def owners(
    connection: Connection, scope: Scope, organisations: Sequence[int], roles: Sequence[str], day: date
) -> list[tuple[int, str, int]]:
    """Organisation, role and person: who holds each role at the body nearest to each organisation that has anybody."""
    rows = connection.execute(
        text("""
            WITH RECURSIVE above AS (
                SELECT o.id AS at, o.id, 0 AS steps FROM unnest(CAST(:organisations AS int[])) o(id)
                 UNION
                SELECT a.at, l.parent_id, a.steps + 1 FROM above a
                  JOIN reference_organisation_link l ON l.child_id = a.id AND l.in_force @> CAST(:day AS date)
            ), places AS (
                SELECT at, id, steps FROM above
                 UNION
                SELECT institution_id, office_id, 0 FROM reference_serving
                 WHERE institution_id = ANY(:organisations) AND in_force @> CAST(:day AS date)
            ), held AS (
                SELECT p.at, g.role, g.user_id, p.steps FROM places p
                  JOIN reference_role_grant g
                    ON g.organisation_id = p.id AND g.role = ANY(:roles) AND g.in_force @> CAST(:day AS date)
                  JOIN reference_user u ON u.id = g.user_id AND u.in_force @> CAST(:day AS date)
            )
            SELECT h.at, h.role, h.user_id FROM held h
              JOIN (SELECT at, role, min(steps) AS steps FROM held GROUP BY 1, 2) n
                ON (n.at, n.role, n.steps) = (h.at, h.role, h.steps)
             GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
        """),
        {"organisations": list(organisations), "roles": list(roles), "day": day},
    )
    return [(row.at, row.role, row.user_id) for row in rows]
