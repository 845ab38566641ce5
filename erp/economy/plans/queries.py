"""Plans in the database.  Cells travel packed, a few megabytes at once, and not row by row."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import Connection, Row, text

from erp.base.db import many
from erp.base.scope import Scope
from erp.economy.plans.axes import Code
from erp.economy.plans.model import (
    CellChange,
    Coded,
    Edit,
    EditedCell,
    Flags,
    LeafKey,
    LeafTable,
    Overlay,
    Plan,
    Step,
    Version,
    VersionKind,
)
from erp.economy.plans.rules import years_of

_PLAN = """
    SELECT p.organisation_id, p.id, p.key, p.name, p.base_year, p.first_year, p.last_year, p.created_at,
           (SELECT count(*)::int FROM economy_version v
             WHERE v.organisation_id = p.organisation_id AND v.plan_id = p.id AND v.put_away_at IS NULL) AS versions
      FROM economy_plan p WHERE p.organisation_id = :organisation
"""
_ANY_VERSIONS = """
    SELECT v.organisation_id, v.plan_id, v.id, v.parent_id, v.parent_edits, v.kind, v.name, v.reason, v.author_id,
           coalesce(a.name, '') AS author, v.created_at, v.edits, v.edited_at, v.frozen_at,
           coalesce(f.name, '') AS frozen_by, v.content_hash, v.put_away_at, coalesce(w.name, '') AS put_away_by,
           coalesce(v.put_away_reason, '') AS put_away_reason
      FROM economy_version v
      LEFT JOIN reference_user a ON a.id = v.author_id
      LEFT JOIN reference_user f ON f.id = v.frozen_by
      LEFT JOIN reference_user w ON w.id = v.put_away_by
"""
_VERSIONS = f"{_ANY_VERSIONS} WHERE v.organisation_id = :organisation"
_VERSION = f"{_VERSIONS} AND v.plan_id = :plan"
_EDIT = """
    SELECT e.no, e.author_id, coalesce(a.name, '') AS author, coalesce(b.name, '') AS on_behalf_of, e.at, e.reason,
           e.undoes, u.no AS undone_by, e.cells
      FROM economy_edit e
      LEFT JOIN economy_edit u ON (u.organisation_id, u.plan_id, u.version_id, u.undoes)
                                = (e.organisation_id, e.plan_id, e.version_id, e.no)
      LEFT JOIN reference_user a ON a.id = e.author_id
      LEFT JOIN reference_user b ON b.id = e.on_behalf_of
     WHERE e.organisation_id = :organisation AND e.plan_id = :plan AND e.version_id = :version
"""
_WAY = text("""
    WITH RECURSIVE way AS (
        SELECT 0 AS distance, v.id, least(v.edits, CAST(:edits AS int)) AS upto, v.parent_id, v.parent_edits,
               CASE WHEN v.edits <= coalesce(:edits, v.edits) THEN v.content_hash END AS content_hash
          FROM economy_version v
         WHERE v.organisation_id = :organisation AND v.plan_id = :plan AND v.id = :version
        UNION ALL
        SELECT way.distance + 1, v.id, way.parent_edits, v.parent_id, v.parent_edits,
               CASE WHEN v.edits = way.parent_edits THEN v.content_hash END
          FROM way
          JOIN economy_version v ON v.organisation_id = :organisation AND v.plan_id = :plan AND v.id = way.parent_id
    )
    SELECT id AS version_id, upto AS edits, content_hash FROM way ORDER BY distance
""")
_ABSENT = np.iinfo(np.int64).min
# One look into the index for each version, whatever the planner knows of their sizes.
_OVERLAYS = text(f"""
    SELECT o.leaves, o.years, o.amounts
      FROM unnest(CAST(:versions AS int[]), CAST(:uptos AS int[])) WITH ORDINALITY AS w(version_id, upto, place)
     CROSS JOIN LATERAL (
           SELECT coalesce(string_agg(int4send(c.leaf_id), ''), '') AS leaves,
                  coalesce(string_agg(int2send(c.year), ''), '') AS years,
                  coalesce(string_agg(int8send(coalesce(c.amount_tiyn, {_ABSENT})), ''), '') AS amounts
             FROM economy_cell c
            WHERE c.organisation_id = :organisation AND c.plan_id = :plan AND c.version_id = w.version_id
              AND c.until_no > w.upto AND c.edit_no <= w.upto) o
     ORDER BY w.place
""")
# Each undoing takes back what the one before it in its row did: of a row that goes on after :no, an even number of
# edits leaves cells as they were, an odd number does not.
_TOUCHED = text("""
    WITH RECURSIVE later AS (
        SELECT e.no, e.no AS first FROM economy_edit e
         WHERE e.organisation_id = :organisation AND e.plan_id = :plan AND e.version_id = :version
           AND e.no > :no AND coalesce(e.undoes, 0) <= :no
        UNION ALL
        SELECT e.no, later.first FROM later
          JOIN economy_edit e ON e.organisation_id = :organisation AND e.plan_id = :plan AND e.version_id = :version
                             AND e.undoes = later.no
    ), standing AS (SELECT first AS no FROM later GROUP BY first HAVING count(*) % 2 = 1)
    SELECT c.leaf_id, c.year,
           max(c.amount_tiyn) FILTER (WHERE c.until_no = :no) AS before_tiyn,
           NOT bool_or(c.until_no = :no) AS before_inherited,
           max(c.amount_tiyn) FILTER (WHERE c.edit_no = :no) AS after_tiyn,
           NOT bool_or(c.edit_no = :no) AS after_inherited,
           bool_or(c.edit_no IN (SELECT no FROM standing) OR c.until_no IN (SELECT no FROM standing)) AS changed_since
      FROM economy_cell c
     WHERE c.organisation_id = :organisation AND c.plan_id = :plan AND c.version_id = :version AND c.until_no >= :no
     GROUP BY c.leaf_id, c.year
    HAVING bool_or(c.until_no = :no OR c.edit_no = :no)
     ORDER BY c.leaf_id, c.year
""")
_LEAVES = text("""
    SELECT id, section, budget_id::text, institution_id::text, programme, economic, source, region
      FROM economy_leaf WHERE organisation_id = :organisation AND plan_id = :plan ORDER BY id
""")


# ------------------------------------------------------------------------------------------------ plans


def plans(connection: Connection, scope: Scope, organisation_id: int) -> list[Plan]:
    """The latest first."""
    rows = connection.execute(text(f"{_PLAN} ORDER BY p.id DESC"), {"organisation": organisation_id})
    return [_plan(row) for row in rows]


def plan(connection: Connection, scope: Scope, organisation_id: int, plan_id: int) -> Plan | None:
    row = connection.execute(
        text(f"{_PLAN} AND p.id = :plan"), {"organisation": organisation_id, "plan": plan_id}
    ).one_or_none()
    return _plan(row) if row else None


def plan_of_key(connection: Connection, scope: Scope, organisation_id: int, key: UUID) -> Plan | None:
    row = connection.execute(
        text(f"{_PLAN} AND p.key = :key"), {"organisation": organisation_id, "key": key}
    ).one_or_none()
    return _plan(row) if row else None


def _plan(row: Row[Any]) -> Plan:
    years = years_of(row.base_year, row.last_year)
    return Plan(row.organisation_id, row.id, row.name, years, row.first_year, row.versions, row.created_at)


def insert_plan(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    key: UUID,
    name: str,
    years: Sequence[int],
    first_year: int,
) -> int | None:
    """Id of the new plan; ``None`` where the key is taken."""
    return connection.execute(
        text("""
            INSERT INTO economy_plan (organisation_id, key, name, base_year, first_year, last_year)
            VALUES (:organisation, :key, :name, :base_year, :first_year, :last_year)
            ON CONFLICT (organisation_id, key) DO NOTHING RETURNING id
        """),
        {
            "organisation": organisation_id,
            "key": key,
            "name": name,
            "base_year": years[0],
            "first_year": first_year,
            "last_year": years[-1],
        },
    ).scalar_one_or_none()


# ------------------------------------------------------------------------------------------------ leaves


def newest_leaf(connection: Connection, scope: Scope, organisation_id: int, plan_id: int) -> int:
    """Id of the newest leaf of a plan, by which all its leaves are known; 0 where there is none."""
    found: int = connection.execute(
        text("SELECT coalesce(max(id), 0) FROM economy_leaf WHERE organisation_id = :organisation AND plan_id = :plan"),
        {"organisation": organisation_id, "plan": plan_id},
    ).scalar_one()
    return found


def leaves(connection: Connection, scope: Scope, organisation_id: int, plan_id: int) -> LeafTable:
    rows = connection.execute(_LEAVES, {"organisation": organisation_id, "plan": plan_id}).all()
    ids, *columns = zip(*rows, strict=True) if rows else [()] * (1 + len(LeafKey._fields))
    named = dict(zip(LeafKey._fields, map(_coded, columns), strict=True))
    return LeafTable(np.array(ids, np.int32), named)


def _coded(column: Sequence[str]) -> Coded:
    codes = sorted(set(column))
    place = {code: at for at, code in enumerate(codes)}
    return Coded(tuple(codes), np.array([place[code] for code in column], np.int32))


def intern(
    connection: Connection, scope: Scope, organisation_id: int, plan_id: int, keys: Sequence[LeafKey]
) -> list[int]:
    """Ids of the leaves in the order asked, new ones made."""
    columns = zip(*keys, strict=True)
    named = dict(zip(LeafKey._fields, map(list, columns), strict=True))
    found = connection.execute(
        text("""
            SELECT economy_intern(:owner, :plan, CAST(:section AS text[]), CAST(:budget_id AS int[]),
                                  CAST(:organisation_id AS int[]), CAST(:programme AS text[]),
                                  CAST(:economic AS text[]), CAST(:source AS text[]), CAST(:region AS text[]))
        """),
        {"owner": organisation_id, "plan": plan_id} | named,
    ).scalar_one()
    return list(found)


# ------------------------------------------------------------------------------------------------ versions


def versions(
    connection: Connection, scope: Scope, organisation_id: int, plan_id: int, *, put_away: bool
) -> list[Version]:
    """Those in use, or those put away; the oldest first, so each stands after its parent."""
    rows = connection.execute(
        text(f"{_VERSION} AND (v.put_away_at IS NOT NULL) = :put_away ORDER BY v.id"),
        {"organisation": organisation_id, "plan": plan_id, "put_away": put_away},
    )
    return [_version(row) for row in rows]


def versions_of_all(connection: Connection, scope: Scope, organisation_id: int) -> list[Version]:
    """Those in use of every plan, the latest plan first."""
    rows = connection.execute(
        text(f"{_VERSIONS} AND v.put_away_at IS NULL ORDER BY v.plan_id DESC, v.id"), {"organisation": organisation_id}
    )
    return [_version(row) for row in rows]


def frozen(connection: Connection, scope: Scope) -> list[Version]:
    """Every frozen version that the scope sees, by organisation and plan."""
    rows = connection.execute(
        text(f"{_ANY_VERSIONS} WHERE v.frozen_at IS NOT NULL ORDER BY v.organisation_id, v.plan_id, v.id")
    )
    return [_version(row) for row in rows]


def version(
    connection: Connection, scope: Scope, organisation_id: int, plan_id: int, version_id: int, *, lock: bool = False
) -> Version | None:
    """A version; ``lock`` lets those who change it come one after another."""
    row = connection.execute(
        text(f"{_VERSION} AND v.id = :version {'FOR NO KEY UPDATE OF v' if lock else ''}"),
        {"organisation": organisation_id, "plan": plan_id, "version": version_id},
    ).one_or_none()
    return _version(row) if row else None


def version_of_key(
    connection: Connection, scope: Scope, organisation_id: int, plan_id: int, key: UUID
) -> Version | None:
    row = connection.execute(
        text(f"{_VERSION} AND v.key = :key"), {"organisation": organisation_id, "plan": plan_id, "key": key}
    ).one_or_none()
    return _version(row) if row else None


def _version(row: Row[Any]) -> Version:
    return Version(**dict(row._mapping) | {"kind": VersionKind(row.kind)})


def insert_version(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    plan_id: int,
    key: UUID,
    kind: VersionKind,
    name: str,
    reason: str,
    parent: Version | None,
) -> int | None:
    """Id of the new version, upon its parent as that is now; ``None`` where the key is taken."""
    return connection.execute(
        text("""
            INSERT INTO economy_version (organisation_id, plan_id, key, parent_id, parent_edits, kind, name, reason)
            VALUES (:organisation, :plan, :key, :parent, :parent_edits, :kind, :name, :reason)
            ON CONFLICT (organisation_id, key) DO NOTHING RETURNING id
        """),
        {
            "organisation": organisation_id,
            "plan": plan_id,
            "key": key,
            "parent": parent.id if parent else None,
            "parent_edits": parent.edits if parent else None,
            "kind": kind.value,
            "name": name,
            "reason": reason,
        },
    ).scalar_one_or_none()


def freeze(
    connection: Connection, scope: Scope, organisation_id: int, plan_id: int, version_id: int, content_hash: bytes
) -> None:
    connection.execute(
        text("""
            UPDATE economy_version
               SET frozen_at = clock_timestamp(), frozen_by = :actor, content_hash = :hash
             WHERE organisation_id = :organisation AND plan_id = :plan AND id = :version
        """),
        {
            "organisation": organisation_id,
            "plan": plan_id,
            "version": version_id,
            "actor": scope.actor.id,
            "hash": content_hash,
        },
    )


def put_away(
    connection: Connection, scope: Scope, organisation_id: int, plan_id: int, version_id: int, reason: str | None
) -> None:
    """Put a version away; without a reason, bring it back."""
    connection.execute(
        text("""
            UPDATE economy_version
               SET put_away_at = CASE WHEN :is_away THEN clock_timestamp() END,
                   put_away_by = CASE WHEN :is_away THEN :actor END, put_away_reason = :reason
             WHERE organisation_id = :organisation AND plan_id = :plan AND id = :version
        """),
        {
            "organisation": organisation_id,
            "plan": plan_id,
            "version": version_id,
            "is_away": reason is not None,
            "actor": scope.actor.id,
            "reason": reason,
        },
    )


def edited_by(
    connection: Connection, scope: Scope, organisation_id: int, plan_id: int, version_id: int
) -> frozenset[int]:
    """Who stands behind the edits that a version would freeze."""
    found = connection.execute(
        text("SELECT economy_edited_by(:organisation, :plan, :version)"),
        {"organisation": organisation_id, "plan": plan_id, "version": version_id},
    ).scalar_one()
    return frozenset(found)


# ------------------------------------------------------------------------------------------------ cells


def way(
    connection: Connection, scope: Scope, organisation_id: int, plan_id: int, version_id: int, edits: int | None
) -> list[Step]:
    """From a version, as it was after so many edits, to the base; empty where there is none such."""
    asked = {"organisation": organisation_id, "plan": plan_id, "version": version_id, "edits": edits}
    return many(Step, connection.execute(_WAY, asked))


def overlays(
    connection: Connection, scope: Scope, organisation_id: int, plan_id: int, steps: Sequence[Step]
) -> list[Overlay]:
    """What each of the versions says itself, as far as its edits are seen."""
    asked = {
        "organisation": organisation_id,
        "plan": plan_id,
        "versions": [step.version_id for step in steps],
        "uptos": [step.edits for step in steps],
    }
    return [_unpacked(*row) for row in connection.execute(_OVERLAYS, asked)]


def _unpacked(leaves: bytes, years: bytes, amounts: bytes) -> Overlay:
    tiyn = np.frombuffer(amounts, ">i8").astype(np.int64)
    present = tiyn != _ABSENT
    return Overlay(
        np.frombuffer(leaves, ">i4").astype(np.int32),
        np.frombuffer(years, ">i2").astype(np.int16),
        np.where(present, tiyn, 0),
        present,
    )


def record_edit(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    plan_id: int,
    version_id: int,
    no: int,
    *,
    key: UUID,
    content_hash: bytes,
    reason: str,
    undoes: int | None,
    overlay: Overlay,
    own: Flags,
) -> None:
    """Make the edit ``no``; where not ``own``, the parent's cell shows again."""
    columns = list(zip(*overlay, strict=True)) or [()] * len(CellChange._fields)
    connection.execute(
        text("""
            SELECT economy_record_edit(:organisation, :plan, :version, :no, :key, :hash, :reason, :undoes,
                                       CAST(:leaves AS int[]), CAST(:years AS smallint[]), CAST(:amounts AS bigint[]),
                                       CAST(:own AS boolean[]))
        """),
        {
            "organisation": organisation_id,
            "plan": plan_id,
            "version": version_id,
            "no": no,
            "key": key,
            "hash": content_hash,
            "reason": reason,
            "undoes": undoes,
            "leaves": list(columns[0]),
            "years": list(columns[1]),
            "amounts": list(columns[2]),
            "own": own.tolist(),
        },
    )


def edit_of_key(
    connection: Connection, scope: Scope, organisation_id: int, key: UUID
) -> tuple[int, int, int, bytes] | None:
    """Plan, version and number of the edit made under a key, and the hash of its content."""
    row = connection.execute(
        text("""
            SELECT plan_id, version_id, no, content_hash FROM economy_edit
             WHERE organisation_id = :organisation AND key = :key
        """),
        {"organisation": organisation_id, "key": key},
    ).one_or_none()
    return (row.plan_id, row.version_id, row.no, row.content_hash) if row else None


def edits(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    plan_id: int,
    version_id: int,
    *,
    before: int | None = None,
    limit: int,
) -> list[Edit]:
    """The latest first; ``before`` is the number that the page begins below."""
    rows = connection.execute(
        text(f"{_EDIT} AND (CAST(:before AS int) IS NULL OR e.no < :before) ORDER BY e.no DESC LIMIT :limit"),
        {"organisation": organisation_id, "plan": plan_id, "version": version_id, "before": before, "limit": limit},
    )
    return many(Edit, rows)


def edit(
    connection: Connection, scope: Scope, organisation_id: int, plan_id: int, version_id: int, no: int
) -> Edit | None:
    row = connection.execute(
        text(f"{_EDIT} AND e.no = :no"),
        {"organisation": organisation_id, "plan": plan_id, "version": version_id, "no": no},
    ).one_or_none()
    return Edit(**row._mapping) if row else None


def touched(
    connection: Connection, scope: Scope, organisation_id: int, plan_id: int, version_id: int, no: int
) -> list[EditedCell]:
    """Cells that an edit changed, with what they were before and after it, by leaf and year."""
    asked = {"organisation": organisation_id, "plan": plan_id, "version": version_id, "no": no}
    return many(EditedCell, connection.execute(_TOUCHED, asked))


# ------------------------------------------------------------------------------------------------ registers


def classification(connection: Connection, scope: Scope, day: date) -> list[Code]:
    """The whole budget classification as it is on a day."""
    rows = connection.execute(
        text("""
            SELECT kind, code, coalesce(parent_code, '') AS parent_code, level, name_kk, name_ru, name_en, confidence
              FROM reference_classification WHERE in_force @> CAST(:day AS date)
        """),
        {"day": day},
    )
    return many(Code, rows)


def bodies(connection: Connection, scope: Scope, codes: Collection[str]) -> dict[str, int]:
    """Ids of organisations by BIN, also of those that are closed: base years are theirs too.

    Whatever the scope, as names of bodies are public.
    """
    rows = connection.execute(
        text("SELECT code, id FROM reference_organisation WHERE code = ANY(:codes)"), {"codes": sorted(codes)}
    )
    return {row.code: row.id for row in rows}
