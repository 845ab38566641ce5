"""One named function a statement.  Every function takes the scope; row-level security is the second witness."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from erp.base.db import literally, many, one
from erp.base.scope import Scope
from erp.finance.finder.model import (
    Deeds,
    FoundAccount,
    FoundCounterparty,
    FoundEntry,
    FoundPrepared,
    FoundTypical,
)

_ENTRIES = """
    SELECT e.organisation_id, e.id, e.fiscal_year, j.code AS journal_code, e.number, e.kind, e.effective_on, e.memo,
           e.document_number,
           (SELECT sum(q.amount_tiyn)::bigint FROM ledger_posting q
             WHERE q.organisation_id = e.organisation_id AND q.fiscal_year = e.fiscal_year
               AND q.entry_id = e.id) AS amount_tiyn
      FROM ({found}) e
      JOIN ledger_journal j ON j.id = e.journal_id
     ORDER BY e.effective_on DESC, e.id DESC
"""

_NUMBERED = text(
    _ENTRIES.format(
        found="""
        SELECT * FROM ledger_entry e
         WHERE e.organisation_id = ANY(CAST(:organisations AS int[])) AND e.journal_id = ANY(CAST(:journals AS int[]))
           AND e.fiscal_year BETWEEN :first_year AND :last_year AND e.number = :number
         ORDER BY e.effective_on DESC, e.id DESC LIMIT :limit"""
    )
)

_OF_AMOUNT = text(
    _ENTRIES.format(
        found="""
        SELECT e.*
          FROM (SELECT DISTINCT p.effective_on, p.entry_id, p.fiscal_year, p.organisation_id
                  FROM ledger_posting p
                 WHERE p.organisation_id = ANY(CAST(:organisations AS int[])) AND p.fiscal_year >= :first_year
                   AND p.amount_tiyn IN (CAST(:amount AS bigint), -CAST(:amount AS bigint))
                 ORDER BY p.effective_on DESC, p.entry_id DESC LIMIT :limit) p
          JOIN ledger_entry e
            ON e.organisation_id = p.organisation_id AND e.fiscal_year = p.fiscal_year AND e.id = p.entry_id"""
    )
)

_YEARS = (1, 9999)


def numbered(
    connection: Connection,
    scope: Scope,
    organisations: Collection[int],
    number: int,
    journals: Sequence[int],
    year: int | None,
    limit: int,
) -> list[FoundEntry]:
    """Entries with a legal number, the newest first."""
    first, last = (year, year) if year else _YEARS
    parameters = {"organisations": sorted(organisations), "journals": list(journals), "number": number}
    rows = connection.execute(_NUMBERED, parameters | {"first_year": first, "last_year": last, "limit": limit})
    return many(FoundEntry, rows)


def of_amount(
    connection: Connection, scope: Scope, organisations: Collection[int], amount: int, first_year: int, limit: int
) -> list[FoundEntry]:
    """Entries with a posting of an amount, or of the same below zero, in a year or later; the newest first."""
    parameters = {"organisations": sorted(organisations), "amount": amount, "first_year": first_year, "limit": limit}
    return many(FoundEntry, connection.execute(_OF_AMOUNT, parameters))


def prepared(
    connection: Connection,
    scope: Scope,
    organisations: Collection[int],
    *,
    number: int | None,
    documents: Sequence[str],
    amount: int | None,
    limit: int,
) -> list[FoundPrepared]:
    """What was prepared under a number of its own; of what still waits, also by document or amount."""
    rows = connection.execute(
        text("""
            SELECT p.organisation_id, p.id, p.state, j.code AS journal_code, r.effective_on, r.memo, r.document_number,
                   r.amount_tiyn
              FROM finance_prepared p
              JOIN finance_prepared_revision r
                ON (r.organisation_id, r.prepared_id, r.no) = (p.organisation_id, p.id, p.revision)
              JOIN ledger_journal j ON j.id = r.journal_id
             WHERE p.organisation_id = ANY(CAST(:organisations AS int[])) AND p.state <> 'draft'
               AND (p.id = CAST(:number AS bigint)
                    OR p.state NOT IN ('approved', 'withdrawn')
                       AND (r.document_number = ANY(CAST(:documents AS text[]))
                            OR r.amount_tiyn IN (CAST(:amount AS bigint), -CAST(:amount AS bigint))))
             ORDER BY p.id DESC LIMIT :limit
        """),
        {
            "organisations": sorted(organisations),
            "number": number,
            "documents": list(documents),
            "amount": amount,
            "limit": limit,
        },
    )
    return many(FoundPrepared, rows)


_SAYS = """{text} LIKE ALL (SELECT '%' || base_search_fold(word) || '%'
                              FROM regexp_split_to_table(r.said, ' ') AS word)"""
_BODIES = """
    SELECT c.code, c.name_kk, c.name_ru, c.name_en, u.organisation_id, '' AS iban
      FROM unnest(CAST(:said AS text[]), CAST(:longest AS text[])) AS r(said, longest)
     CROSS JOIN LATERAL (
           SELECT * FROM reference_counterparty c
            WHERE c.search_text LIKE '%' || base_search_fold(r.longest) || '%' AND {says} LIMIT {candidates}) c
     CROSS JOIN LATERAL ({used}) u(organisation_id)
"""
_USED = """SELECT DISTINCT s.organisation_id FROM ledger_subaccount s
            WHERE s.counterparty = c.code AND s.organisation_id = ANY(CAST(:organisations AS int[]))"""
_PERSONS = """
    SELECT c.code, c.name_kk, c.name_ru, c.name_en, c.organisation_id, ''
      FROM reference_individual c
     WHERE c.organisation_id = ANY(CAST(:organisations AS int[]))
       AND EXISTS (SELECT FROM unnest(CAST(:said AS text[])) AS r(said) WHERE {says})
"""
_ACCOUNTED = """
    SELECT c.code, c.name_kk, c.name_ru, c.name_en, b.organisation_id, b.iban
      FROM reference_bank_account b
      JOIN LATERAL (
           SELECT code, name_kk, name_ru, name_en FROM reference_counterparty WHERE code = b.counterparty
            UNION ALL
           SELECT code, name_kk, name_ru, name_en FROM reference_individual
            WHERE organisation_id = b.organisation_id AND code = b.counterparty) c ON true
     WHERE b.organisation_id = ANY(CAST(:organisations AS int[])) AND :iban <> '' AND starts_with(b.iban, :iban)
"""
_CANDIDATES = 300
"""Of a common word no end is found: so many are put in order."""


def _counterparties(used: str) -> str:
    says = _SAYS.format(text="c.search_text")
    bodies = _BODIES.format(says=says, used=used, candidates=_CANDIDATES)
    return f"""
        SELECT organisation_id, code, name_kk, name_ru, name_en, max(iban) AS iban
          FROM ({bodies} UNION ALL {_PERSONS.format(says=says)} UNION ALL {_ACCOUNTED}) AS found
         GROUP BY 1, 2, 3, 4, 5
         ORDER BY NOT starts_with(code, :first),
                  NOT starts_with(base_search_fold({{name}}), base_search_fold(:first)),
                  base_kazakh_sort_key({{name}}) COLLATE "C", code, organisation_id
         LIMIT :limit"""


_AT_ONE, _ANYWHERE = _counterparties("SELECT CAST(:at AS int)"), _counterparties(_USED)
_PARTIES = {
    (language, at_one): text((_AT_ONE if at_one else _ANYWHERE).format(name=f"name_{language}"))
    for language in ("kk", "ru", "en")
    for at_one in (True, False)
}


def counterparties(
    connection: Connection,
    scope: Scope,
    organisations: Collection[int],
    said: Sequence[str],
    *,
    iban: str,
    language: str,
    limit: int,
) -> list[FoundCounterparty]:
    """Counterparties that hold every word of one of the readings, or have the account; those that begin so first.

    At one organisation all bodies of the register; at several, those that their books name.
    """
    at = list(organisations)
    parameters: dict[str, Any] = {
        "organisations": sorted(at),
        "at": at[0],
        "said": [literally(each) for each in said],
        "longest": [literally(max(each.split(), key=len)) for each in said],
        "first": said[0] if said else "",
        "iban": iban,
        "limit": limit,
    }
    rows = connection.execute(_PARTIES[language, len(at) == 1], parameters)
    return many(FoundCounterparty, rows)


def accounts(connection: Connection, scope: Scope, said: Sequence[str], on: date, limit: int) -> list[FoundAccount]:
    """Postable accounts whose code begins so, or whose name holds every word of one of the readings."""
    names = "base_search_fold(a.name_kk || ' ' || a.name_ru || ' ' || a.name_en)"
    rows = connection.execute(
        text(f"""
            SELECT a.code, a.name_kk, a.name_ru, a.name_en
              FROM ledger_account a
             CROSS JOIN LATERAL (SELECT min(r.no) AS no, bool_or(starts_with(a.code, r.said)) AS by_code
                                   FROM unnest(CAST(:said AS text[])) WITH ORDINALITY AS r(said, no)
                                  WHERE starts_with(a.code, r.said) OR {_SAYS.format(text=names)}) m
             WHERE a.postable AND a.role IS DISTINCT FROM 'contra' AND a.in_force @> CAST(:on AS date)
               AND m.no IS NOT NULL
             ORDER BY NOT m.by_code, m.no, a.kind = 'off_balance', a.code LIMIT :limit
        """),
        {"said": [literally(each) for each in said], "on": on, "limit": limit},
    )
    return many(FoundAccount, rows)


def typical(connection: Connection, scope: Scope, said: Sequence[str], on: date, limit: int) -> list[FoundTypical]:
    """Typical entries that hold every word of one of the readings, in the number or a name."""
    rows = connection.execute(
        text(f"""
            SELECT e.code, e.name_kk, e.name_ru, e.name_en
              FROM reference_typical_entry e
             WHERE e.parent_code <> '' AND e.in_force @> CAST(:on AS date)
               AND EXISTS (SELECT FROM unnest(CAST(:said AS text[])) AS r(said)
                            WHERE {_SAYS.format(text="e.search_text")})
             ORDER BY e.code LIMIT :limit
        """),
        {"said": [literally(each) for each in said], "on": on, "limit": limit},
    )
    return many(FoundTypical, rows)


_LATEST = 500
"""How many of an organisation's latest entries are asked who posted them."""


def deeds(connection: Connection, scope: Scope, organisation_id: int) -> Deeds:
    """What the actor has done at an organisation."""
    row = connection.execute(
        text(f"""
            WITH latest AS MATERIALIZED (
                SELECT actor_id, kind FROM ledger_entry WHERE organisation_id = :organisation
                 ORDER BY effective_on DESC, id DESC LIMIT {_LATEST})
            SELECT EXISTS (SELECT FROM latest WHERE actor_id = :actor AND kind = 'ordinary') AS posted,
                   EXISTS (SELECT FROM latest WHERE actor_id = :actor AND kind IN ('storno', 'reversal')) AS corrected,
                   EXISTS (SELECT FROM finance_prepared_act WHERE organisation_id = :organisation
                                                              AND actor_id = :actor AND act = 'approved') AS approved,
                   EXISTS (SELECT FROM base_comment
                            WHERE organisation_id = :organisation AND author_id = :actor) AS commented,
                   EXISTS (SELECT FROM finance_report_view
                            WHERE organisation_id = :organisation AND owner_id = :actor) AS kept_a_view
        """),
        {"organisation": organisation_id, "actor": scope.actor.id},
    ).one()
    return one(Deeds, row)
