"""Statements of loading.  The rows of a file travel as one JSON parameter; each step is one statement.

In all of them ``:edition_from`` is the first day of the edition being loaded.  Rows of the register that
reach past it are the *present* ones; a code has at most one, because editions are loaded in their order.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, TextClause, text

from erp.base.db import many, one
from erp.base.scope import Scope
from erp.reference.packages.model import (
    AccountRow,
    ClassificationRow,
    Content,
    CurrencyRow,
    LoadedPackage,
    Package,
    PackageRow,
)

_LOADED_COLUMNS = """name, edition, title_kk, title_ru, title_en, act, lower(in_force) AS first,
    upper(in_force) AS last, contents, sha256, rows, not_verified, loaded_at"""

_COMMON_COLUMNS = """code text, name_kk text, name_ru text, name_en text, first date, last date,
    confidence text, source text"""


@dataclass(frozen=True, slots=True)
class Changes:
    added: int
    changed: int
    closed: int


def loaded_packages(connection: Connection, scope: Scope) -> list[LoadedPackage]:
    """The packages in use: of each name the one loaded last."""
    rows = connection.execute(
        text(f"SELECT DISTINCT ON (name) {_LOADED_COLUMNS} FROM reference_package ORDER BY name, id DESC")
    )
    return many(LoadedPackage, rows)


def loading_history(connection: Connection, scope: Scope, name: str) -> list[LoadedPackage]:
    """Every loading of a package, the latest first."""
    rows = connection.execute(
        text(f"SELECT {_LOADED_COLUMNS} FROM reference_package WHERE name = :name ORDER BY id DESC"),
        {"name": name},
    )
    return many(LoadedPackage, rows)


def lock_packages(connection: Connection, scope: Scope) -> None:
    """One loading at a time, to the end of the transaction."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('reference_package'))"))


def package_in_use(connection: Connection, scope: Scope, name: str) -> LoadedPackage | None:
    row = connection.execute(
        text(f"SELECT {_LOADED_COLUMNS} FROM reference_package WHERE name = :name ORDER BY id DESC LIMIT 1"),
        {"name": name},
    ).one_or_none()
    return one(LoadedPackage, row) if row else None


def other_owner(connection: Connection, scope: Scope, package: Package) -> tuple[str, str] | None:
    """Name of another package that fills one of the same registers, and that register."""
    row = connection.execute(
        text("""
            SELECT p.name, c.content
              FROM (SELECT DISTINCT ON (name) name, contents FROM reference_package
                      ORDER BY name, id DESC) AS p,
                   unnest(p.contents) AS c(content)
             WHERE p.name <> :name AND c.content = ANY(:contents)
             ORDER BY p.name, c.content LIMIT 1
        """),
        {"name": package.name, "contents": list(package.contents)},
    ).one_or_none()
    return (row.name, row.content) if row else None


def insert_package(connection: Connection, scope: Scope, package: Package) -> None:
    connection.execute(
        text("""
            INSERT INTO reference_package (name, edition, title_kk, title_ru, title_en, act, in_force,
                                           contents, sha256, rows, not_verified)
            VALUES (:name, :edition, :kk, :ru, :en, :act, daterange(:first, :last), :contents,
                    :sha256, :rows, :not_verified)
        """),
        {
            "name": package.name,
            "edition": package.edition,
            "kk": package.titles.kk,
            "ru": package.titles.ru,
            "en": package.titles.en,
            "act": package.act,
            "first": package.in_force.start,
            "last": package.in_force.end,
            "contents": [str(c) for c in package.contents],
            "sha256": package.sha256,
            "rows": package.rows,
            "not_verified": package.not_verified,
        },
    )


# --------------------------------------------------------------------------------------------- accounts

_ACCOUNTS = f"""
    WITH r AS (SELECT *, daterange(first, last) AS in_force
                 FROM jsonb_to_recordset(CAST(:rows AS jsonb))
                      AS r({_COMMON_COLUMNS}, parent_code text, kind text, normal_side text, postable boolean,
                           mandatory int, permitted int, keeps_quantity boolean, role text))"""

_PRESENT = "a.in_force && daterange(CAST(:edition_from AS date), NULL)"

# a row that began before the edition keeps its beginning; one of this very edition takes the corrected one
_CONTINUED = """daterange(CASE WHEN lower_inf(a.in_force) OR lower(a.in_force) < CAST(:edition_from AS date)
                               THEN lower(a.in_force) ELSE r.first END, r.last)"""

# nothing is deleted: what an edition dropped ends there, what never counted is left an empty interval
_ENDED = "daterange(lower(a.in_force), greatest(CAST(:edition_from AS date), lower(a.in_force)))"

_RECAST_ACCOUNTS = text(f"""{_ACCOUNTS}
    SELECT a.code FROM ledger_account a JOIN r USING (code)
     WHERE {_PRESENT}
       AND (a.kind, a.normal_side, a.postable) IS DISTINCT FROM (r.kind, r.normal_side, r.postable)
       AND EXISTS (SELECT FROM ledger_subaccount s WHERE s.account_id = a.id)
     ORDER BY a.code""")

_CLOSE_ACCOUNTS = text(f"""{_ACCOUNTS}
    UPDATE ledger_account a SET in_force = {_ENDED}
     WHERE {_PRESENT} AND NOT EXISTS (SELECT FROM r WHERE r.code = a.code) RETURNING a.id""")

_UPDATE_ACCOUNTS = text(f"""{_ACCOUNTS}
    UPDATE ledger_account a
       SET name_kk = r.name_kk, name_ru = r.name_ru, name_en = r.name_en, kind = r.kind,
           normal_side = r.normal_side, postable = r.postable, mandatory = r.mandatory,
           permitted = r.permitted, keeps_quantity = r.keeps_quantity, in_force = {_CONTINUED},
           source = r.source, confidence = r.confidence, role = r.role
      FROM r
     WHERE a.code = r.code AND {_PRESENT}
       AND (a.name_kk, a.name_ru, a.name_en, a.kind, a.normal_side, a.postable, a.mandatory, a.permitted,
            a.keeps_quantity, a.in_force, a.source, a.confidence, a.role)
           IS DISTINCT FROM (r.name_kk, r.name_ru, r.name_en, r.kind, r.normal_side, r.postable, r.mandatory,
            r.permitted, r.keeps_quantity, {_CONTINUED}, r.source, r.confidence, r.role)
    RETURNING a.id""")

_INSERT_ACCOUNTS = text(f"""{_ACCOUNTS}
    INSERT INTO ledger_account (code, name_kk, name_ru, name_en, kind, normal_side, postable, mandatory,
                                permitted, keeps_quantity, in_force, source, confidence, role)
    SELECT r.code, r.name_kk, r.name_ru, r.name_en, r.kind, r.normal_side, r.postable, r.mandatory,
           r.permitted, r.keeps_quantity, r.in_force, r.source, r.confidence, r.role
      FROM r
     WHERE NOT EXISTS (SELECT FROM ledger_account a WHERE a.code = r.code AND {_PRESENT})
     ORDER BY r.code
    RETURNING id""")

_LINK_ACCOUNTS = text(f"""{_ACCOUNTS}
    UPDATE ledger_account a SET parent_id = l.parent_id
      FROM (SELECT r.code, p.id AS parent_id
              FROM r LEFT JOIN ledger_account p
                ON p.code = r.parent_code AND p.in_force && daterange(CAST(:edition_from AS date), NULL)) AS l
     WHERE a.code = l.code AND {_PRESENT} AND a.parent_id IS DISTINCT FROM l.parent_id
    RETURNING a.id""")


def recast_accounts(connection: Connection, scope: Scope, package: Package) -> list[str]:
    """Codes of accounts already in use that the package would turn into something else."""
    parameters = _parameters(package, Content.ACCOUNTS)
    return list(connection.execute(_RECAST_ACCOUNTS, parameters).scalars())


def apply_accounts(connection: Connection, scope: Scope, package: Package) -> Changes:
    """The chart becomes what the package says; an account keeps its id, and so its balances."""
    parameters = _parameters(package, Content.ACCOUNTS)

    def ids(statement: TextClause) -> set[int]:
        return set(connection.execute(statement, parameters).scalars())

    closed, updated, added, linked = map(ids, (_CLOSE_ACCOUNTS, _UPDATE_ACCOUNTS, _INSERT_ACCOUNTS, _LINK_ACCOUNTS))
    return Changes(len(added), len((updated | linked) - added), len(closed))


# --------------------------------------------------------------------------------------------- classification

_CODES = f"""
    WITH r AS (SELECT *, daterange(first, last) AS in_force
                 FROM jsonb_to_recordset(CAST(:rows AS jsonb))
                      AS r({_COMMON_COLUMNS}, parent_code text, level text, international text))"""

_MEANING = "{0}.parent_code, {0}.level, {0}.name_kk, {0}.name_ru, {0}.name_en"
_MEANS_OTHERWISE = f"({_MEANING.format('a')}) IS DISTINCT FROM ({_MEANING.format('r')})"

_CLOSE_CODES = text(f"""{_CODES}
    UPDATE reference_classification a SET in_force = {_ENDED}
     WHERE a.kind = :kind AND {_PRESENT} AND NOT EXISTS (SELECT FROM r WHERE r.code = a.code)""")

# a code that now means something else is a new row, so that old documents keep the old name
_SUPERSEDE_CODES = text(f"""{_CODES}
    UPDATE reference_classification a SET in_force = {_ENDED}
      FROM r
     WHERE a.kind = :kind AND a.code = r.code AND {_PRESENT} AND {_MEANS_OTHERWISE}
       AND (lower_inf(a.in_force) OR lower(a.in_force) < CAST(:edition_from AS date))""")

_UPDATE_CODES = text(f"""{_CODES}
    UPDATE reference_classification a
       SET parent_code = r.parent_code, level = r.level, name_kk = r.name_kk, name_ru = r.name_ru,
           name_en = r.name_en, international = r.international, in_force = {_CONTINUED},
           confidence = r.confidence, source = r.source
      FROM r
     WHERE a.kind = :kind AND a.code = r.code AND {_PRESENT}
       AND ({_MEANING.format("a")}, a.international, a.in_force, a.confidence, a.source)
           IS DISTINCT FROM ({_MEANING.format("r")}, r.international, {_CONTINUED}, r.confidence,
                             r.source)""")

_INSERT_CODES = text(f"""{_CODES}
    INSERT INTO reference_classification (kind, code, parent_code, level, name_kk, name_ru, name_en,
                                          international, in_force, confidence, source)
    SELECT :kind, r.code, {_MEANING.format("r")},
           r.international, r.in_force, r.confidence, r.source
      FROM r
     WHERE NOT EXISTS (SELECT FROM reference_classification a
                        WHERE a.kind = :kind AND a.code = r.code AND {_PRESENT})
     ORDER BY r.code""")


def apply_classification(connection: Connection, scope: Scope, package: Package, content: Content) -> Changes:
    """One kind of the budget classification becomes what the package says."""
    parameters = _parameters(package, content) | {"kind": str(content)}
    steps = (_CLOSE_CODES, _SUPERSEDE_CODES, _UPDATE_CODES, _INSERT_CODES)
    closed, superseded, updated, inserted = (connection.execute(step, parameters).rowcount for step in steps)
    return Changes(inserted - superseded, superseded + updated, closed)


# --------------------------------------------------------------------------------------------- others

_CLOSE_CURRENCIES = text(f"""
    WITH r AS (SELECT code FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(code text))
    UPDATE reference_currency a SET in_force = {_ENDED}
     WHERE {_PRESENT} AND NOT EXISTS (SELECT FROM r WHERE r.code = a.code)""")

_APPLY_CURRENCIES = text(f"""
    INSERT INTO reference_currency AS a (code, number, minor_units, name_kk, name_ru, name_en, in_force,
                                         confidence, source)
    SELECT code, number, minor_units, name_kk, name_ru, name_en, daterange(first, last), confidence, source
      FROM jsonb_to_recordset(CAST(:rows AS jsonb))
           AS r({_COMMON_COLUMNS}, number text, minor_units smallint)
        ON CONFLICT (code) DO UPDATE
       SET number = excluded.number, minor_units = excluded.minor_units, name_kk = excluded.name_kk,
           name_ru = excluded.name_ru, name_en = excluded.name_en, confidence = excluded.confidence,
           source = excluded.source,
           in_force = daterange(least(lower(a.in_force), lower(excluded.in_force)), upper(excluded.in_force))
     WHERE (a.number, a.minor_units, a.name_kk, a.name_ru, a.name_en, a.confidence, a.source,
            upper(a.in_force))
           IS DISTINCT FROM (excluded.number, excluded.minor_units, excluded.name_kk, excluded.name_ru,
            excluded.name_en, excluded.confidence, excluded.source, upper(excluded.in_force))
    RETURNING xmax = 0 AS is_new""")

_APPLY_JOURNALS = text(f"""
    INSERT INTO ledger_journal AS a (code, name_kk, name_ru, name_en, confidence)
    SELECT r.code, r.name_kk, r.name_ru, r.name_en, r.confidence
      FROM ROWS FROM (jsonb_to_recordset(CAST(:rows AS jsonb)) AS ({_COMMON_COLUMNS})) WITH ORDINALITY AS r
     ORDER BY r.ordinality
        ON CONFLICT (code) DO UPDATE
       SET name_kk = excluded.name_kk, name_ru = excluded.name_ru, name_en = excluded.name_en,
           confidence = excluded.confidence
     WHERE (a.name_kk, a.name_ru, a.name_en, a.confidence)
           IS DISTINCT FROM (excluded.name_kk, excluded.name_ru, excluded.name_en, excluded.confidence)
    RETURNING xmax = 0 AS is_new""")


def apply_currencies(connection: Connection, scope: Scope, package: Package) -> Changes:
    """The currencies become what the package says."""
    parameters = _parameters(package, Content.CURRENCIES)
    closed = connection.execute(_CLOSE_CURRENCIES, parameters).rowcount
    is_new = list(connection.execute(_APPLY_CURRENCIES, parameters).scalars())
    return Changes(sum(is_new), len(is_new) - sum(is_new), closed)


def apply_journals(connection: Connection, scope: Scope, package: Package) -> Changes:
    """Journals are added and renamed; a journal that numbered entries never goes away."""
    is_new = list(connection.execute(_APPLY_JOURNALS, _parameters(package, Content.JOURNALS)).scalars())
    return Changes(sum(is_new), len(is_new) - sum(is_new), 0)


def _parameters(package: Package, content: Content) -> dict[str, Any]:
    return {"rows": _json(package.contents[content]), "edition_from": package.in_force.start}


def _json(rows: Sequence[PackageRow]) -> str:
    return json.dumps([_flat(row) for row in rows], ensure_ascii=False)


def _flat(row: PackageRow) -> dict[str, Any]:
    flat: dict[str, Any] = {
        "code": row.code,
        "name_kk": row.names.kk,
        "name_ru": row.names.ru,
        "name_en": row.names.en,
        "first": _iso(row.in_force.start),
        "last": _iso(row.in_force.end),
        "confidence": row.confidence,
        "source": row.source,
    }
    match row:
        case AccountRow():
            own: tuple[str, ...] = (
                "kind",
                "normal_side",
                "postable",
                "mandatory",
                "permitted",
                "keeps_quantity",
                "role",
            )
            flat["parent_code"] = row.parent_code or None
        case ClassificationRow():
            own = ("level", "international")
            flat["parent_code"] = row.parent_code or None
        case CurrencyRow():
            own = ("number", "minor_units")
        case _:
            own = ()
    return flat | {name: getattr(row, name) for name in own}


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
