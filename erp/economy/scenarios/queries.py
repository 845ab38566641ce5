"""One named function a statement.  Every function takes the scope; row-level security is the second witness."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from erp.base.scope import Scope
from erp.economy.scenarios.model import Assumption, FormulaModel, PathOrigin, Revision

_REVISION = """
    SELECT s.organisation_id, s.plan_id, s.version_id, s.revision, s.key, s.edit_no, s.uncertainty, s.reason,
           coalesce(u.name, '') AS saved_by, s.saved_at, m.name, m.edition, m.source_kk, m.source_ru, m.source,
           m.confidence, m.body
      FROM economy_scenario s
      JOIN economy_model m ON (m.organisation_id, m.id) = (s.organisation_id, s.model_id)
      LEFT JOIN reference_user u ON u.id = s.saved_by
     WHERE s.organisation_id = :organisation"""
_OF_ONE = f"{_REVISION} AND s.plan_id = :plan AND s.version_id = :version ORDER BY s.revision DESC"


def _revision(row: Row[Any]) -> Revision:
    return Revision(
        row.organisation_id,
        row.plan_id,
        row.version_id,
        row.revision,
        row.key,
        FormulaModel(row.name, row.edition, row.source_kk, row.source_ru, row.source, row.confidence, row.body),
        row.edit_no,
        row.uncertainty,
        row.reason,
        row.saved_by,
        row.saved_at,
    )


def revisions(
    connection: Connection, scope: Scope, organisation_id: int, plan_id: int, version_id: int
) -> list[Revision]:
    """Every revision of a scenario, the last first."""
    at = {"organisation": organisation_id, "plan": plan_id, "version": version_id}
    return [_revision(row) for row in connection.execute(text(_OF_ONE), at)]


def revision(
    connection: Connection, scope: Scope, organisation_id: int, plan_id: int, version_id: int
) -> Revision | None:
    """The last revision of a scenario."""
    at = {"organisation": organisation_id, "plan": plan_id, "version": version_id}
    row = connection.execute(text(f"{_OF_ONE} LIMIT 1"), at).one_or_none()
    return _revision(row) if row else None


def revision_of_key(connection: Connection, scope: Scope, organisation_id: int, key: UUID) -> Revision | None:
    row = connection.execute(
        text(f"{_REVISION} AND s.key = :key"),
        {"organisation": organisation_id, "key": key},
    ).one_or_none()
    return _revision(row) if row else None


def latest(connection: Connection, scope: Scope, organisation_id: int) -> list[Revision]:
    """The last revision of each scenario of an organisation, by plan and version."""
    rows = connection.execute(
        text(f"""
            {_REVISION}
               AND s.revision = (SELECT max(l.revision) FROM economy_scenario l
                                  WHERE (l.organisation_id, l.plan_id, l.version_id)
                                      = (s.organisation_id, s.plan_id, s.version_id))
             ORDER BY s.plan_id DESC, s.version_id DESC
        """),
        {"organisation": organisation_id},
    )
    return [_revision(row) for row in rows]


def assumptions(
    connection: Connection, scope: Scope, organisation_id: int, plan_id: int, version_id: int, revisions: Sequence[int]
) -> dict[int, dict[str, dict[int, Assumption]]]:
    """What revisions of a scenario assume: by revision, driver and year."""
    rows = connection.execute(
        text("""
            SELECT a.revision, a.driver, a.year, a.value, a.origin, a.series, a.vintage, a.series_year, a.confidence,
                   a.said_by,
                   coalesce(u.name, '') AS said_by_name, a.said_at
              FROM economy_assumption a LEFT JOIN reference_user u ON u.id = a.said_by
             WHERE a.organisation_id = :organisation AND a.plan_id = :plan AND a.version_id = :version
               AND a.revision = ANY(CAST(:revisions AS int[]))
             ORDER BY a.revision, a.driver, a.year
        """),
        {"organisation": organisation_id, "plan": plan_id, "version": version_id, "revisions": list(revisions)},
    )
    found: dict[int, dict[str, dict[int, Assumption]]] = {revision: {} for revision in revisions}
    for row in rows:
        found[row.revision].setdefault(row.driver, {})[row.year] = Assumption(
            row.value,
            PathOrigin(row.origin),
            row.series,
            row.vintage,
            row.series_year,
            row.confidence or "",
            row.said_by,
            row.said_by_name,
            row.said_at,
        )
    return found


def keep_model(connection: Connection, scope: Scope, organisation_id: int, model: FormulaModel) -> int:
    """The number of the formulas among the organisation's; the same text is kept once."""
    hashed = sha256(model.body.encode()).digest()
    connection.execute(
        text("""
            INSERT INTO economy_model (organisation_id, hash, name, edition, source, source_kk, source_ru, confidence,
                                       body)
            VALUES (:organisation, :hash, :name, :edition, :source, :source_kk, :source_ru, :confidence, :body)
            ON CONFLICT (organisation_id, hash) DO NOTHING
        """),
        {
            "organisation": organisation_id,
            "hash": hashed,
            "name": model.name,
            "edition": model.edition,
            "source": model.source_en,
            "source_kk": model.source_kk,
            "source_ru": model.source_ru,
            "confidence": model.confidence,
            "body": model.body,
        },
    )
    kept: int = connection.execute(
        text("SELECT id FROM economy_model WHERE organisation_id = :organisation AND hash = :hash"),
        {"organisation": organisation_id, "hash": hashed},
    ).scalar_one()
    return kept


def insert_revision(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    plan_id: int,
    version_id: int,
    revision: int,
    *,
    key: UUID,
    model_id: int,
    edit_no: int | None,
    uncertainty: Mapping[str, Any],
    reason: str,
) -> bool:
    """Whether it was added; false where the revision, or the key, is there already."""
    found = connection.execute(
        text("""
            INSERT INTO economy_scenario (organisation_id, plan_id, version_id, revision, key, model_id, edit_no,
                                          uncertainty, reason, on_behalf_of)
            VALUES (:organisation, :plan, :version, :revision, :key, :model, :edit, CAST(:uncertainty AS jsonb),
                    :reason, :on_behalf_of)
            ON CONFLICT DO NOTHING RETURNING revision
        """),
        {
            "organisation": organisation_id,
            "plan": plan_id,
            "version": version_id,
            "revision": revision,
            "key": key,
            "model": model_id,
            "edit": edit_no,
            "uncertainty": json.dumps(uncertainty),
            "reason": reason,
            "on_behalf_of": scope.on_behalf_of,
        },
    )
    return found.first() is not None


def insert_assumptions(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    plan_id: int,
    version_id: int,
    revision: int,
    paths: Mapping[str, Mapping[int, Assumption]],
) -> None:
    """All of a revision in one statement; what says nothing of who and when was said now by the actor."""
    rows = [
        {
            "driver": driver,
            "year": year,
            "value": str(each.value),
            "origin": each.origin.value,
            "series": each.series,
            "vintage": each.vintage.isoformat() if each.vintage else None,
            "series_year": each.series_year,
            "confidence": each.confidence or None,
            "said_by": each.said_by if each.said_at else scope.actor.id,
            "said_at": each.said_at.isoformat() if each.said_at else None,
        }
        for driver, path in paths.items()
        for year, each in path.items()
    ]
    connection.execute(
        text("""
            INSERT INTO economy_assumption (organisation_id, plan_id, version_id, revision, driver, year, value, origin,
                                            series, vintage, series_year, confidence, said_by, said_at)
            SELECT :organisation, :plan, :version, :revision, r.driver, r.year, r.value, r.origin, r.series, r.vintage,
                   r.series_year, r.confidence, r.said_by, coalesce(r.said_at, clock_timestamp())
              FROM jsonb_to_recordset(CAST(:rows AS jsonb))
                   AS r(driver text, year smallint, value numeric, origin text, series text, vintage date,
                        series_year smallint, confidence text, said_by int, said_at timestamptz)
        """),
        {
            "organisation": organisation_id,
            "plan": plan_id,
            "version": version_id,
            "revision": revision,
            "rows": json.dumps(rows),
        },
    )
