"""Statements of loading.  The rows of a package travel as JSON to one function of the database, ``reference_load``.

Rows of a register that reach past the first day of an edition are the *present* ones; a code has at most one, because
editions are loaded in their order.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from erp.base.dates import DateInterval
from erp.base.db import many, one
from erp.base.scope import Scope
from erp.reference.packages.model import Content, LoadedPackage, Package, PackageRow, UnverifiedRow

_LOADED = """
    SELECT p.name, p.edition, p.title_kk, p.title_ru, p.title_en, p.act, lower(p.in_force) AS first,
           upper(p.in_force) AS last, p.contents, p.sha256, p.rows, p.not_verified, p.loaded_at, u.name AS loaded_by
      FROM reference_package p LEFT JOIN reference_user u ON u.id = p.loaded_by"""


@dataclass(frozen=True, slots=True)
class Changes:
    content: str
    added: list[str]
    changed: list[str]
    closed: list[str]


def loaded_packages(connection: Connection, scope: Scope) -> list[LoadedPackage]:
    """The packages in use: of each name the one loaded last."""
    last = "SELECT max(id) FROM reference_package GROUP BY name"
    rows = connection.execute(text(f"{_LOADED} WHERE p.id IN ({last}) ORDER BY p.name"))
    return many(LoadedPackage, rows)


def loading_history(connection: Connection, scope: Scope, name: str) -> list[LoadedPackage]:
    """Every loading of a package, the latest first."""
    rows = connection.execute(text(f"{_LOADED} WHERE p.name = :name ORDER BY p.id DESC"), {"name": name})
    return many(LoadedPackage, rows)


def lock_packages(connection: Connection, scope: Scope) -> None:
    """One loading at a time, to the end of the transaction."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('reference_package'))"))


def package_in_use(connection: Connection, scope: Scope, name: str) -> LoadedPackage | None:
    row = connection.execute(
        text(f"{_LOADED} WHERE p.name = :name ORDER BY p.id DESC LIMIT 1"), {"name": name}
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


# --------------------------------------------------------------------------------------------- registers

_CLASSIFICATION = "SELECT a.*, to_jsonb(a) AS said FROM reference_classification a WHERE a.kind = '{0}'"
_REGISTERS = {
    Content.ACCOUNTS: """SELECT a.*, to_jsonb(a) || jsonb_build_object('parent_code', p.code) AS said
                           FROM ledger_account a LEFT JOIN ledger_account p ON p.id = a.parent_id""",
    Content.JOURNALS: """SELECT a.*, NULL::daterange AS in_force, '' AS source, to_jsonb(a) AS said
                           FROM ledger_journal a""",
    Content.FUNCTIONAL: _CLASSIFICATION.format("functional"),
    Content.ECONOMIC: _CLASSIFICATION.format("economic"),
    Content.REVENUE: _CLASSIFICATION.format("revenue"),
    Content.CURRENCIES: "SELECT a.*, to_jsonb(a) AS said FROM reference_currency a",
    Content.HOLIDAYS: "SELECT a.*, to_jsonb(a) AS said FROM reference_holiday a",
    Content.DAYS: "SELECT a.*, to_jsonb(a) AS said FROM reference_calendar_day a",
    Content.TYPICAL_ENTRIES: "SELECT a.*, to_jsonb(a) AS said FROM reference_typical_entry a",
    Content.LEAVE_KINDS: "SELECT a.*, to_jsonb(a) AS said FROM reference_leave_kind a",
    Content.LEAVE_NORMS: "SELECT a.*, to_jsonb(a) AS said FROM reference_leave_norm a",
    Content.LEAVE_RULES: "SELECT a.*, to_jsonb(a) AS said FROM reference_leave_rule a",
    Content.TRIP_NORMS: "SELECT a.*, to_jsonb(a) AS said FROM reference_trip_norm a",
    Content.DRIVER_VALUES: "SELECT a.*, to_jsonb(a) AS said FROM reference_driver_value a",
}


def present_rows(connection: Connection, scope: Scope, content: Content, edition_from: date) -> list[dict[str, Any]]:
    """Rows of a register that an edition from that day would change or end, as ``offered_rows`` writes them."""
    rows = connection.execute(
        text(f"""SELECT a.said, lower(a.in_force) AS first, upper(a.in_force) AS last FROM ({_REGISTERS[content]}) a
                  WHERE a.in_force IS NULL OR a.in_force && daterange(CAST(:edition_from AS date), NULL)"""),
        {"edition_from": edition_from},
    )
    return [row.said | {"in_force": DateInterval(row.first, row.last)} for row in rows]


def unverified_rows(connection: Connection, scope: Scope, contents: Sequence[str], day: date) -> list[UnverifiedRow]:
    """Rows in force on a day that nobody has compared with the act, in the order of codes."""
    statements = [
        f"""SELECT '{content}' AS content, a.code, a.name_kk, a.name_ru, a.name_en, a.confidence, a.source
              FROM ({_REGISTERS[content]}) a
             WHERE a.confidence IN ('medium', 'low') AND coalesce(upper(a.in_force) > :day, true)"""
        for content in map(Content, contents)
    ]
    if not statements:
        return []
    rows = connection.execute(text(" UNION ALL ".join(statements) + " ORDER BY 1, 2"), {"day": day})
    return many(UnverifiedRow, rows)


def offered_rows(package: Package, content: Content) -> list[dict[str, Any]]:
    """The rows of a package as the register keeps them."""
    return [_flat(row, content) for row in package.contents[content]]


def recast_accounts(connection: Connection, scope: Scope, package: Package) -> list[str]:
    """Codes of accounts already in use that the package would turn into something else."""
    parameters = {"rows": _json(package, Content.ACCOUNTS), "from": package.in_force.start}
    statement = text("SELECT reference_recast_accounts(CAST(:rows AS jsonb), :from)")
    return list(connection.execute(statement, parameters).scalars())


def accounts_unfit(connection: Connection, scope: Scope, codes: Sequence[str], day: date) -> list[str]:
    """Those of the codes that are no postable account in force on the day or later."""
    statement = text("""
        SELECT w.code FROM unnest(CAST(:codes AS text[])) AS w(code)
         WHERE NOT EXISTS (SELECT FROM ledger_account a WHERE a.code = w.code AND a.postable
                              AND a.in_force && daterange(CAST(:day AS date), NULL))
         ORDER BY w.code
    """)
    return list(connection.execute(statement, {"codes": list(codes), "day": day}).scalars())


def load(connection: Connection, scope: Scope, package: Package) -> list[Changes]:
    """The registers become what the package says; what each of them met."""
    said = {
        "name": package.name,
        "edition": package.edition,
        "title_kk": package.titles.kk,
        "title_ru": package.titles.ru,
        "title_en": package.titles.en,
        "act": package.act,
        "first": package.in_force.start,
        "last": package.in_force.end,
        "sha256": package.sha256,
        "rows": package.rows,
        "not_verified": package.not_verified,
        "contents": {content: offered_rows(package, content) for content in package.contents},
    }
    rows = connection.execute(
        text("SELECT content, added, changed, closed FROM reference_load(CAST(:package AS jsonb), :actor, :origin)"),
        {"package": _dumped(said), "actor": scope.actor.id, "origin": scope.actor.origin},
    )
    return many(Changes, rows)


_COMMON = {field.name for field in fields(PackageRow)}
_KINDS = {Content.FUNCTIONAL, Content.ECONOMIC, Content.REVENUE}


def _flat(row: PackageRow, content: Content) -> dict[str, Any]:
    flat = {
        "code": row.code,
        "name_kk": row.names.kk,
        "name_ru": row.names.ru,
        "name_en": row.names.en,
        "confidence": str(row.confidence),
        **({} if content is Content.JOURNALS else {"in_force": row.in_force, "source": row.source}),
        **({"kind": str(content)} if content in _KINDS else {}),
    }
    own = {field.name: getattr(row, field.name) for field in fields(row) if field.name not in _COMMON}
    if content is not Content.TYPICAL_ENTRIES and "parent_code" in own:
        own["parent_code"] = own["parent_code"] or None
    return flat | own


def _json(package: Package, content: Content) -> str:
    return _dumped(offered_rows(package, content))


def _dumped(said: object) -> str:
    return json.dumps(said, ensure_ascii=False, default=_plain)


def _plain(value: object) -> str:
    if isinstance(value, DateInterval):
        return f"[{value.start or ''},{value.end or ''})"
    return str(value)


# --------------------------------------------------------------------------------------------- offers


def keep_offer(connection: Connection, scope: Scope, sha256: str, files: Mapping[str, str]) -> None:
    """Keep what an administrator looks at before taking it; offers of yesterday go."""
    connection.execute(
        text("DELETE FROM reference_package_offer WHERE offered_at < clock_timestamp() - interval '1 day'")
    )
    connection.execute(
        text("""INSERT INTO reference_package_offer (sha256, files, offered_by)
                VALUES (:sha256, CAST(:files AS jsonb), :actor) ON CONFLICT DO NOTHING"""),
        {"sha256": sha256, "files": _dumped(files), "actor": scope.actor.id},
    )


def offer(connection: Connection, scope: Scope, sha256: str) -> dict[str, bytes] | None:
    """The files of an offer; ``None`` where there is none."""
    files = connection.execute(
        text("SELECT files FROM reference_package_offer WHERE sha256 = :sha256"), {"sha256": sha256}
    ).scalar_one_or_none()
    return None if files is None else {name: content.encode() for name, content in files.items()}


def forget_offer(connection: Connection, scope: Scope, sha256: str) -> None:
    connection.execute(text("DELETE FROM reference_package_offer WHERE sha256 = :sha256"), {"sha256": sha256})
