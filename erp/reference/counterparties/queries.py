"""Bodies are everybody's, persons each institution's own: row-level security hides those of the others."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, TextClause, text

from erp.base.dates import DateInterval
from erp.base.db import literally, many
from erp.base.scope import Scope
from erp.reference.counterparties.model import BankAccount, Counterparty

_COLUMNS = "code, name_kk, name_ru, name_en, in_force, version"
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
        SELECT rank, {_COLUMNS}, sort_key
          FROM (SELECT 1 AS rank, begins.* FROM begins
                 UNION ALL
                SELECT 2, {_COLUMNS}, {_key(language)} FROM holds
                 WHERE code NOT IN (SELECT code FROM begins)) AS found
         ORDER BY rank, sort_key, code LIMIT :limit"""


def _individuals(language: str, *, by_number: bool) -> str:
    """Persons of the institutions in scope: few beside the bodies, so no index of their texts is asked for."""
    if by_number:
        key, begins = 'code COLLATE "C"', "starts_with(code, :text)"
    else:
        key, begins = _key(language), f"starts_with(base_kazakh_sort_key(name_{language}), base_kazakh_sort_key(:text))"
    return f"""
        SELECT DISTINCT ON (rank, sort_key, code) CASE WHEN {begins} THEN 1 ELSE 2 END AS rank, {_COLUMNS},
               CASE WHEN {begins} THEN {key} ELSE {_key(language)} END AS sort_key
          FROM reference_individual
         WHERE ({begins} OR :sifts AND search_text LIKE ALL (ARRAY(SELECT '%' || base_search_fold(word) || '%'
                                                                    FROM unnest(CAST(:words AS text[])) AS word)))
           AND {_IN_FORCE}
         ORDER BY rank, sort_key, code LIMIT :limit"""


_SHORT = {language: text(f"SELECT 1 AS rank, b.* FROM ({_begins(language)}) b") for language in _LANGUAGES}
_SHORT_NUMBER = {language: text(f"SELECT 1 AS rank, b.* FROM ({_begins_number()}) b") for language in _LANGUAGES}
_LONG = {language: text(_begins_or_holds(_begins(language), language)) for language in _LANGUAGES}
_LONG_NUMBER = {language: text(_begins_or_holds(_begins_number(), language)) for language in _LANGUAGES}
_PERSONS = {
    (language, by_number): text(_individuals(language, by_number=by_number))
    for language in _LANGUAGES
    for by_number in (False, True)
}

_LABELS = text(f"""
    SELECT {_COLUMNS} FROM reference_counterparty WHERE code = ANY(:codes)
     UNION ALL
    SELECT * FROM (SELECT DISTINCT ON (code) {_COLUMNS} FROM reference_individual WHERE code = ANY(:codes)
                    ORDER BY code, organisation_id) AS persons
""")


def _listing(language: str) -> str:
    key = _key(language)
    after = f"""(CAST(:after AS text) IS NULL
                 OR ({key}, code) > (base_kazakh_sort_key(:after) COLLATE "C", CAST(:after_code AS text)))"""
    return f"""
        SELECT * FROM (
            (SELECT {_COLUMNS}, {key} AS sort_key FROM reference_counterparty
              WHERE {after} ORDER BY {key}, code LIMIT :limit)
             UNION ALL
            (SELECT {_COLUMNS}, {key} FROM reference_individual
              WHERE organisation_id = :organisation AND {after} ORDER BY {key}, code LIMIT :limit)) AS found
         ORDER BY sort_key, code LIMIT :limit"""


_LISTING = {language: text(_listing(language)) for language in _LANGUAGES}


def _insert(table: str, whose: str = "", value: str = "") -> TextClause:
    """New rows only, of a number given twice the last."""
    return text(f"""
        INSERT INTO {table} ({whose}code, name_kk, name_ru, name_en)
        SELECT DISTINCT ON (code) {value}code, name_kk, name_ru, name_en
          FROM unnest(CAST(:code AS text[]), CAST(:name_kk AS text[]), CAST(:name_ru AS text[]),
                      CAST(:name_en AS text[])) WITH ORDINALITY AS n(code, name_kk, name_ru, name_en, no)
         ORDER BY code, no DESC
            ON CONFLICT DO NOTHING
        RETURNING code
    """)


_INSERT_BODIES = _insert("reference_counterparty")
_INSERT_PERSONS = _insert("reference_individual", "organisation_id, ", ":organisation, ")

_RENAME_BODY = text("""
    UPDATE reference_counterparty SET name_kk = :name_kk, name_ru = :name_ru, name_en = :name_en, version = version + 1
     WHERE code = :code AND version = :version
""")
_RENAME_PERSON = text("""
    UPDATE reference_individual SET name_kk = :name_kk, name_ru = :name_ru, name_en = :name_en, version = version + 1
     WHERE organisation_id = :organisation AND code = :code AND version = :version
""")


def search(
    connection: Connection, scope: Scope, text: str, *, language: str, day: date | None = None, limit: int = 20
) -> list[Counterparty]:
    """Counterparties that hold every word of ``text`` in the number or in a name of any language.

    Those in force on ``day`` only, where it is given; of persons, those of the organisations in scope.

    Those that begin so come first: digits by number, letters by name in ``language``; then the others, by the
    Kazakh alphabet.  One or two letters find only what begins so.
    """
    words = text.split()
    phrase, longest = " ".join(words), max(words, key=len, default="")
    is_number, sifts = phrase.isdecimal(), len(longest) >= 3
    parameters: dict[str, Any] = {"text": phrase, "day": day, "limit": limit}
    sifting = {"words": [literally(w) for w in words]}
    if sifts:
        bodies = (_LONG_NUMBER if is_number else _LONG)[language]
        found = list(connection.execute(bodies, parameters | sifting | {"longest": literally(longest)}))
    else:
        found = list(connection.execute((_SHORT_NUMBER if is_number else _SHORT)[language], parameters))
    found += connection.execute(_PERSONS[language, is_number], parameters | sifting | {"sifts": sifts})
    found.sort(key=lambda row: (row.rank, row.sort_key, row.code))
    return [_counterparty(row) for row in found[:limit]]


def listing(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    *,
    language: str,
    after: Counterparty | None,
    limit: int,
) -> list[Counterparty]:
    """All an organisation sees, by name in ``language``; from the one after ``after`` on."""
    parameters = {
        "organisation": organisation_id,
        "after": after.name(language) if after else None,
        "after_code": after.code if after else None,
        "limit": limit,
    }
    return [_counterparty(row) for row in connection.execute(_LISTING[language], parameters)]


def labels(connection: Connection, scope: Scope, codes: Collection[str]) -> dict[str, Counterparty]:
    """Counterparties by their numbers; those not registered, or others' persons, are absent."""
    rows = connection.execute(_LABELS, {"codes": list(codes)})
    return {row.code: _counterparty(row) for row in rows}


def insert(connection: Connection, scope: Scope, bodies: Sequence[Counterparty]) -> list[str]:
    """Register bodies; those known stay as they are.  Returns the numbers that are new."""
    return sorted(connection.execute(_INSERT_BODIES, _columns(bodies)).scalars())


def insert_persons(
    connection: Connection, scope: Scope, organisation_id: int, persons: Sequence[Counterparty]
) -> list[str]:
    """Register an organisation's persons; those known stay as they are.  Returns the numbers that are new."""
    parameters = _columns(persons) | {"organisation": organisation_id}
    return sorted(connection.execute(_INSERT_PERSONS, parameters).scalars())


def rename(connection: Connection, scope: Scope, organisation_id: int | None, renamed: Counterparty) -> bool:
    """Give other names to what still has the version of ``renamed``; false where it has another."""
    statement = _RENAME_PERSON if renamed.is_individual else _RENAME_BODY
    parameters: dict[str, Any] = {n: getattr(renamed, n) for n in ("code", "name_kk", "name_ru", "name_en", "version")}
    if renamed.is_individual:
        parameters["organisation"] = organisation_id
    return bool(connection.execute(statement, parameters).rowcount)


def used_by(connection: Connection, scope: Scope, code: str) -> list[int]:
    """All organisations whose books name a body, or who keep a bank account of it."""
    found: list[int] = connection.execute(text("SELECT reference_body_used_by(:code)"), {"code": code}).scalar_one()
    return found


def heads_all(connection: Connection, scope: Scope) -> bool:
    """Whether the scope's actor is an administrator of a body on top."""
    return bool(connection.execute(text("SELECT reference_heads_all()")).scalar_one())


def bank_accounts(connection: Connection, scope: Scope, organisation_id: int, code: str) -> list[BankAccount]:
    """Accounts of a counterparty that an organisation knows, those in use first."""
    rows = connection.execute(
        text("""SELECT iban, bank, in_use FROM reference_bank_account
                 WHERE organisation_id = :organisation AND counterparty = :code ORDER BY NOT in_use, iban"""),
        {"organisation": organisation_id, "code": code},
    )
    return many(BankAccount, rows)


def keep_bank_account(
    connection: Connection, scope: Scope, organisation_id: int, code: str, account: BankAccount
) -> bool:
    """Add an account, or change its bank and whether it is in use; false where that changes nothing."""
    parameters = {
        "organisation": organisation_id,
        "code": code,
        "iban": account.iban,
        "bank": account.bank,
        "in_use": account.in_use,
    }
    statement = text("""
        INSERT INTO reference_bank_account AS b (organisation_id, counterparty, iban, bank, in_use)
        VALUES (:organisation, :code, :iban, :bank, :in_use)
            ON CONFLICT (organisation_id, counterparty, iban) DO UPDATE
           SET bank = excluded.bank, in_use = excluded.in_use
         WHERE (b.bank, b.in_use) IS DISTINCT FROM (excluded.bank, excluded.in_use)
    """)
    return bool(connection.execute(statement, parameters).rowcount)


def _columns(counterparties: Sequence[Counterparty]) -> dict[str, Any]:
    return {name: [getattr(c, name) for c in counterparties] for name in ("code", "name_kk", "name_ru", "name_en")}


def _counterparty(row: Row[Any]) -> Counterparty:
    days = row.in_force
    in_force = DateInterval(date.min, date.min) if days.isempty else DateInterval(days.lower, days.upper)
    return Counterparty(row.code, row.name_kk, row.name_ru, row.name_en, in_force, row.version)
