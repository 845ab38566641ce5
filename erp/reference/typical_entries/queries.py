from collections.abc import Collection
from datetime import date

from sqlalchemy import Connection, text

from erp.base.db import literally
from erp.base.scope import Scope
from erp.reference.typical_entries.model import Section, TypicalEntry

# Accounts that are no longer in force on the day are not offered; an entry left without a side it had is not either.
_ENTRIES = text("""
    SELECT e.code, e.name_kk, e.name_ru, e.name_en, e.confidence, e.source, e.parent_code,
           s.name_kk AS section_kk, s.name_ru AS section_ru, s.name_en AS section_en,
           d.codes AS debit, c.codes AS credit
      FROM reference_typical_entry e
      JOIN reference_typical_entry s
        ON s.code = e.parent_code AND s.parent_code = '' AND s.in_force @> CAST(:day AS date)
     CROSS JOIN LATERAL (SELECT ARRAY(SELECT w.code FROM unnest(e.debit) WITH ORDINALITY AS w(code, no)
                                        JOIN ledger_account a ON a.code = w.code AND a.postable
                                                             AND a.in_force @> CAST(:day AS date)
                                       ORDER BY w.no) AS codes) d
     CROSS JOIN LATERAL (SELECT ARRAY(SELECT w.code FROM unnest(e.credit) WITH ORDINALITY AS w(code, no)
                                        JOIN ledger_account a ON a.code = w.code AND a.postable
                                                             AND a.in_force @> CAST(:day AS date)
                                       ORDER BY w.no) AS codes) c
     WHERE e.in_force @> CAST(:day AS date)
       AND (CAST(:code AS text) IS NULL OR e.code = :code)
       AND e.search_text LIKE ALL (ARRAY(SELECT '%' || base_search_fold(word) || '%'
                                           FROM unnest(CAST(:words AS text[])) AS word))
       AND (e.debit = '{}' OR d.codes <> '{}') AND (e.credit = '{}' OR c.codes <> '{}')
     ORDER BY e.parent_code, e.code
""")

_ACCOUNTS_IN_USE = text("""
    SELECT DISTINCT a.code
      FROM ledger_account a
     WHERE a.code = ANY(:codes)
       AND EXISTS (SELECT FROM ledger_subaccount s WHERE s.organisation_id = :organisation AND s.account_id = a.id)
""")


def entries(
    connection: Connection, scope: Scope, day: date, words: str = "", code: str | None = None
) -> list[TypicalEntry]:
    """Typical entries on a day that hold every word in the number or a name of any language, by section."""
    parameters = {
        "day": day,
        "code": code,
        "words": [literally(word) for word in words.split()],
    }
    return [
        TypicalEntry(
            row.code,
            Section(row.parent_code, row.section_kk, row.section_ru, row.section_en),
            row.name_kk,
            row.name_ru,
            row.name_en,
            tuple(row.debit),
            tuple(row.credit),
            row.confidence,
            row.source,
        )
        for row in connection.execute(_ENTRIES, parameters)
    ]


def accounts_in_use(
    connection: Connection, scope: Scope, organisation_id: int, codes: Collection[str]
) -> frozenset[str]:
    """Those of the accounts that an organisation's books have."""
    rows = connection.execute(_ACCOUNTS_IN_USE, {"organisation": organisation_id, "codes": list(codes)})
    return frozenset(rows.scalars())
