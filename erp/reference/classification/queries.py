"""Codes of the dimensions that have a register: programme, specific, currency."""

from collections.abc import Collection
from datetime import date

from sqlalchemy import Connection, text

from erp.base.db import literally, many
from erp.base.scope import Scope
from erp.reference.classification.model import CodeName
from ledger.model import Dimension

REGISTERED = Dimension.PROGRAMME | Dimension.SPECIFIC | Dimension.CURRENCY

_SEARCH = text("""
    SELECT code, name_kk, name_ru, name_en, confidence
      FROM reference_dimension_value
     WHERE dimension = :dimension AND in_force @> CAST(:day AS date)
       AND search_text LIKE ALL (ARRAY(SELECT '%' || base_search_fold(word) || '%'
                                         FROM unnest(CAST(:words AS text[])) AS word))
     ORDER BY code <> upper(:text),
              NOT starts_with(code, upper(:text)),
              NOT starts_with(base_search_fold(CASE :language WHEN 'kk' THEN name_kk WHEN 'ru' THEN name_ru
                                                              ELSE name_en END), base_search_fold(:text)),
              length(code), code COLLATE "C"
     LIMIT :limit
""")

# a subprogramme that is not a typical one goes by its programme's name
_LABELS = text("""
    SELECT DISTINCT ON (w.code, w.day) w.day, w.code, v.name_kk, v.name_ru, v.name_en, v.confidence
      FROM unnest(CAST(:codes AS text[]), CAST(:days AS date[])) AS w(code, day)
      JOIN reference_dimension_value v
        ON v.dimension = :dimension AND v.code IN (w.code, CASE :dimension WHEN 1 THEN left(w.code, 7) END)
     ORDER BY w.code, w.day, v.code <> w.code, NOT v.in_force @> w.day, upper_inf(v.in_force) DESC,
              upper(v.in_force) DESC NULLS LAST
""")

_UNKNOWN = text("""
    SELECT w.code
      FROM unnest(CAST(:codes AS text[])) AS w(code)
     WHERE NOT EXISTS (SELECT FROM reference_dimension_value v
                        WHERE v.dimension = :dimension AND v.in_force @> CAST(:day AS date)
                          AND v.code = CASE WHEN :dimension = 1 AND w.code ~ '^\\d{3}\\.\\d{3}\\.\\d{3}$'
                                            THEN left(w.code, 7) ELSE w.code END)
     ORDER BY w.code
""")

_PLACES = text("SELECT code, minor_units FROM reference_currency WHERE code = ANY(:codes)")


def search(
    connection: Connection,
    scope: Scope,
    dimension: Dimension,
    text: str,
    *,
    day: date,
    language: str,
    limit: int = 20,
) -> list[CodeName]:
    """Codes in force on ``day`` that hold every word of ``text`` in the code or in a name of any language.

    The code itself comes first, then codes that begin so, then names in ``language`` that begin so.
    """
    parameters = {
        "dimension": int(dimension),
        "day": day,
        "words": [literally(word) for word in text.split()],
        "text": " ".join(text.split()),
        "language": language,
        "limit": limit,
    }
    return many(CodeName, connection.execute(_SEARCH, parameters))


def labels(
    connection: Connection, scope: Scope, dimension: Dimension, wanted: Collection[tuple[str, date]]
) -> dict[tuple[str, date], CodeName]:
    """Names of codes, preferably as they were on each one's day; codes without a name are absent."""
    parameters = {
        "dimension": int(dimension),
        "codes": [code for code, _ in wanted],
        "days": [day for _, day in wanted],
    }
    rows = (dict(row._mapping) for row in connection.execute(_LABELS, parameters))
    return {(row["code"], row.pop("day")): CodeName(**row) for row in rows}


def unknown_codes(
    connection: Connection, scope: Scope, dimension: Dimension, codes: Collection[str], *, day: date
) -> list[str]:
    """Those of ``codes`` that are not in force on ``day``; any subprogramme of a known programme is known."""
    parameters = {"dimension": int(dimension), "codes": list(codes), "day": day}
    return list(connection.execute(_UNKNOWN, parameters).scalars())


def minor_units(connection: Connection, scope: Scope, currencies: Collection[str]) -> dict[str, int]:
    """Decimal places of the currencies that the register knows."""
    return {row.code: row.minor_units for row in connection.execute(_PLACES, {"codes": list(currencies)})}
