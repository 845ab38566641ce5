import re
from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, text

from erp.base.dates import DateInterval
from erp.base.scope import Scope
from erp.reference.counterparties.model import Counterparty, CounterpartyKind

_COLUMNS = "code, kind, name_kk, name_ru, name_en, in_force"
_IN_FORCE = "(CAST(:day AS date) IS NULL OR in_force @> CAST(:day AS date))"

_LANGUAGES = ("kk", "ru", "en")
_CANDIDATES = 300


def _key(language: str) -> str:
    return f'base_kazakh_sort_key(name_{language}) COLLATE "C"'


def _begins(language: str) -> str:
    """Names that begin so, in the order of the alphabet, straight from the index."""
    return f"""
        SELECT {_COLUMNS}, {_key(language)} AS sort_key FROM reference_counterparty
         WHERE {_key(language)} >= base_kazakh_sort_key(:text)
           AND {_key(language)} < base_kazakh_sort_key(:text) || chr(1114111)
           AND {_IN_FORCE}
         ORDER BY {_key(language)}, code LIMIT :limit"""


def _begins_number() -> str:
    return f"""
        SELECT {_COLUMNS}, code COLLATE "C" AS sort_key FROM reference_counterparty
         WHERE code LIKE :text || '%' AND {_IN_FORCE} ORDER BY code COLLATE "C" LIMIT :limit"""


def _begins_or_holds(begins: str, language: str) -> str:
    """The longest word finds rows through the trigram index, the others sift them; a common word finds no end of
    them, so only so many are put in order."""
    return f"""
        WITH begins AS ({begins}),
             holds AS (SELECT {_COLUMNS} FROM reference_counterparty
                        WHERE search_text LIKE '%' || base_search_fold(:longest) || '%'
                          AND search_text LIKE ALL (ARRAY(SELECT '%' || base_search_fold(word) || '%'
                                                            FROM unnest(CAST(:words AS text[])) AS word))
                          AND {_IN_FORCE}
                        LIMIT {_CANDIDATES})
        SELECT {_COLUMNS}
          FROM (SELECT 1 AS rank, begins.* FROM begins
                 UNION ALL
                SELECT 2, {_COLUMNS}, {_key(language)} FROM holds
                 WHERE code NOT IN (SELECT code FROM begins)) AS found
         ORDER BY rank, sort_key, code LIMIT :limit"""


_SHORT = {language: text(_begins(language)) for language in _LANGUAGES}
_SHORT_NUMBER = {language: text(_begins_number()) for language in _LANGUAGES}
_LONG = {language: text(_begins_or_holds(_begins(language), language)) for language in _LANGUAGES}
_LONG_NUMBER = {language: text(_begins_or_holds(_begins_number(), language)) for language in _LANGUAGES}

_LABELS = text(f"SELECT {_COLUMNS} FROM reference_counterparty WHERE code = ANY(:codes)")

_UPSERT = text("""
    INSERT INTO reference_counterparty AS c (code, kind, name_kk, name_ru, name_en)
    SELECT DISTINCT ON (code) code, kind, name_kk, name_ru, name_en
      FROM unnest(CAST(:code AS text[]), CAST(:kind AS text[]), CAST(:name_kk AS text[]),
                  CAST(:name_ru AS text[]), CAST(:name_en AS text[]))
           WITH ORDINALITY AS n(code, kind, name_kk, name_ru, name_en, no)
     ORDER BY code, no DESC
        ON CONFLICT (code) DO UPDATE
       SET name_kk = excluded.name_kk, name_ru = excluded.name_ru, name_en = excluded.name_en
     WHERE (c.name_kk, c.name_ru, c.name_en)
           IS DISTINCT FROM (excluded.name_kk, excluded.name_ru, excluded.name_en)
    RETURNING c.code
""")


def search(
    connection: Connection, scope: Scope, text: str, *, language: str, day: date | None = None, limit: int = 20
) -> list[Counterparty]:
    """Counterparties that hold every word of ``text`` in the number or in a name of any language.

    Those in force on ``day`` only, where it is given.

    Those that begin so come first: digits by number, letters by name in ``language``; then the others, by the
    Kazakh alphabet.  One or two letters find only what begins so.
    """
    words = text.split()
    phrase, longest = " ".join(words), max(words, key=len, default="")
    parameters: dict[str, Any] = {"text": phrase, "day": day, "limit": limit}
    is_number = phrase.isdecimal()
    if len(longest) < 3:
        statements = _SHORT_NUMBER if is_number else _SHORT
    else:
        statements = _LONG_NUMBER if is_number else _LONG
        parameters |= {"words": [_literally(w) for w in words], "longest": _literally(longest)}
    return [_counterparty(row) for row in connection.execute(statements[language], parameters)]


def labels(connection: Connection, scope: Scope, codes: Collection[str]) -> dict[str, Counterparty]:
    """Counterparties by their numbers; those not registered are absent."""
    rows = connection.execute(_LABELS, {"codes": list(codes)})
    return {row.code: _counterparty(row) for row in rows}


def upsert(connection: Connection, scope: Scope, counterparties: Sequence[Counterparty]) -> list[str]:
    """Register or rename; of a number given twice the last counts.  Returns the numbers that changed."""
    parameters = {
        name: [getattr(c, name) for c in counterparties] for name in ("code", "kind", "name_kk", "name_ru", "name_en")
    }
    return sorted(connection.execute(_UPSERT, parameters).scalars())


def _literally(word: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", word)


def _counterparty(row: Row[Any]) -> Counterparty:
    days = row.in_force
    in_force = DateInterval(date.min, date.min) if days.isempty else DateInterval(days.lower, days.upper)
    return Counterparty(row.code, CounterpartyKind(row.kind), row.name_kk, row.name_ru, row.name_en, in_force)
