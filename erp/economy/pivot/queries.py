"""Statements over kept layouts, files on their way into a version, and what finance publishes."""

import json
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from erp.base.db import many
from erp.base.scope import Scope
from erp.economy.pivot.model import Actual, Actuals, BroughtSheet, Intake, IntakeRow, Layout, Mended, Turnover

# ------------------------------------------------------------------------------------------------ actuals


def actuals(
    connection: Connection,
    scope: Scope,
    owner_id: int,
    organisations: Collection[int],
    years: Sequence[int],
    measure: Actual,
) -> list[Actuals]:
    """Totals of some organisations, and of those below ``owner_id``, where the scope reads plans; finance decides."""
    rows = connection.execute(
        text("SELECT * FROM finance_actuals_for_plans(:owner, :organisations, CAST(:years AS int[]), :measure)"),
        {
            "owner": owner_id,
            "organisations": sorted(organisations),
            "years": list(years),
            "measure": measure.value,
        },
    )
    return many(Actuals, rows)


def turnovers(
    connection: Connection, scope: Scope, organisations: Collection[int], years: Sequence[int], measure: Actual
) -> list[Turnover]:
    """Of those among ``organisations`` whose books the scope reads."""
    rows = connection.execute(
        text("""
            SELECT organisation_id, fiscal_year, account, against, programme, specific, source, actual_tiyn
              FROM pub_finance_actuals
             WHERE organisation_id = ANY(:organisations) AND fiscal_year = ANY(CAST(:years AS int[]))
               AND measure = :measure AND actual_tiyn <> 0
             ORDER BY organisation_id, fiscal_year, account, against NULLS FIRST, programme, specific, source
        """),
        {"organisations": sorted(organisations), "years": list(years), "measure": measure.value},
    )
    return many(Turnover, rows)


# ------------------------------------------------------------------------------------------------ layouts


def layouts(connection: Connection, scope: Scope, organisation_id: int) -> list[Layout]:
    """Those that the actor keeps, then those that others share, by name."""
    rows = connection.execute(
        text("""
            SELECT l.id, l.owner_id, u.name AS owner, l.name, l.query, l.shared
              FROM economy_layout l JOIN reference_user u ON u.id = l.owner_id
             WHERE l.organisation_id = :organisation AND (l.shared OR l.owner_id = :actor)
             ORDER BY l.owner_id <> :actor, base_kazakh_sort_key(l.name) COLLATE "C", l.id
        """),
        {"organisation": organisation_id, "actor": scope.actor.id},
    )
    return many(Layout, rows)


def keep_layout(
    connection: Connection, scope: Scope, organisation_id: int, *, name: str, query: str, shared: bool
) -> tuple[int, bool]:
    """Id of the actor's layout of that name, and whether it is new; one that was there asks this from now on."""
    row = connection.execute(
        text("""
            INSERT INTO economy_layout (organisation_id, owner_id, name, query, shared)
            VALUES (:organisation, :actor, :name, :query, :shared)
            ON CONFLICT ON CONSTRAINT economy_layout_name_key
               DO UPDATE SET query = excluded.query, shared = excluded.shared, saved_at = clock_timestamp()
            RETURNING id, xmax = 0 AS is_new
        """),
        {
            "organisation": organisation_id,
            "actor": scope.actor.id,
            "name": name,
            "query": query,
            "shared": shared,
        },
    ).one()
    return row.id, row.is_new


def rename_layout(connection: Connection, scope: Scope, organisation_id: int, layout_id: int, name: str) -> None:
    connection.execute(
        text("""
            UPDATE economy_layout SET name = :name, saved_at = clock_timestamp()
             WHERE organisation_id = :organisation AND id = :layout AND owner_id = :actor
        """),
        {"organisation": organisation_id, "layout": layout_id, "actor": scope.actor.id, "name": name},
    )


def delete_layout(connection: Connection, scope: Scope, organisation_id: int, layout_id: int) -> str | None:
    """Its name; ``None`` where the actor keeps no such."""
    return connection.execute(
        text("""
            DELETE FROM economy_layout
             WHERE organisation_id = :organisation AND id = :layout AND owner_id = :actor RETURNING name
        """),
        {"organisation": organisation_id, "layout": layout_id, "actor": scope.actor.id},
    ).scalar_one_or_none()


# ------------------------------------------------------------------------------------------------ files


_OWN = "i.organisation_id = :organisation AND i.owner_id = :owner"


def insert_intake(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    plan_id: int,
    version_id: int,
    key: UUID,
    name: str,
    sheets: Sequence[BroughtSheet],
    sheet: int,
) -> int | None:
    """Id of what the actor brought; ``None`` where the key is taken."""
    return connection.execute(
        text("""
            INSERT INTO economy_intake (organisation_id, owner_id, key, plan_id, version_id, name, brought, sheet)
            VALUES (:organisation, :owner, :key, :plan, :version, :name, CAST(:brought AS jsonb), :sheet)
            ON CONFLICT DO NOTHING RETURNING id
        """),
        {
            "organisation": organisation_id,
            "owner": scope.actor.id,
            "key": key,
            "plan": plan_id,
            "version": version_id,
            "name": name,
            "brought": json.dumps(
                [{"name": each.name, "rows": [[number, *texts] for number, texts in each.rows]} for each in sheets],
                ensure_ascii=False,
            ),
            "sheet": sheet,
        },
    ).scalar_one_or_none()


def intake(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    *,
    intake_id: int | None = None,
    key: UUID | None = None,
) -> Intake | None:
    """One that the actor brought, by its id or its key."""
    row = connection.execute(
        text(f"""
            SELECT i.id, i.key, i.plan_id, i.version_id, i.name, i.brought, i.sheet, i.mended, i.revision, i.begun_at,
                   i.accepted_at, i.cells
              FROM economy_intake i WHERE {_OWN} AND (i.id = :intake OR i.key = CAST(:key AS uuid))
        """),
        {"organisation": organisation_id, "owner": scope.actor.id, "intake": intake_id, "key": key},
    ).one_or_none()
    return None if row is None else _intake(organisation_id, row)


def _intake(organisation_id: int, row: Row[Any]) -> Intake:
    said = row._mapping
    mended = Mended(
        {place: text for place, text in row.mended.items() if text is not None},
        frozenset(int(place) for place, text in row.mended.items() if text is None),
    )
    sheets = tuple(
        BroughtSheet(each["name"], tuple((number, tuple(texts)) for number, *texts in each["rows"]))
        for each in row.brought
    )
    named = {name: said[name] for name in said if name not in ("brought", "mended")}
    return Intake(organisation_id=organisation_id, sheets=sheets, mended=mended, **named)


def intakes(
    connection: Connection, scope: Scope, organisation_id: int, plan_id: int, version_id: int
) -> list[IntakeRow]:
    """The actor's last files for a version, the latest first."""
    rows = connection.execute(
        text(f"""
            SELECT i.id, i.name, i.begun_at, i.accepted_at, i.cells FROM economy_intake i
             WHERE {_OWN} AND i.plan_id = :plan AND i.version_id = :version ORDER BY i.id DESC LIMIT 20
        """),
        {"organisation": organisation_id, "owner": scope.actor.id, "plan": plan_id, "version": version_id},
    )
    return many(IntakeRow, rows)


def lock_intake(connection: Connection, scope: Scope, organisation_id: int, intake_id: int) -> None:
    """Wait for whoever changes the same file just now."""
    connection.execute(
        text(f"SELECT FROM economy_intake i WHERE {_OWN} AND i.id = :intake FOR UPDATE"),
        {"organisation": organisation_id, "owner": scope.actor.id, "intake": intake_id},
    )


def mend_intake(
    connection: Connection, scope: Scope, organisation_id: int, intake_id: int, mended: Mended, sheet: int
) -> None:
    said: dict[str, str | None] = {**mended.cells, **{str(number): None for number in sorted(mended.left)}}
    connection.execute(
        text(f"""
            UPDATE economy_intake i
               SET mended = CAST(:mended AS jsonb), sheet = :sheet, revision = revision + 1,
                   updated_at = clock_timestamp()
             WHERE {_OWN} AND i.id = :intake
        """),
        {
            "organisation": organisation_id,
            "owner": scope.actor.id,
            "intake": intake_id,
            "mended": json.dumps(said, ensure_ascii=False),
            "sheet": sheet,
        },
    )


def accept_intake(connection: Connection, scope: Scope, organisation_id: int, intake_id: int, cells: int) -> None:
    connection.execute(
        text(f"""
            UPDATE economy_intake i
               SET accepted_at = clock_timestamp(), updated_at = clock_timestamp(), cells = :cells,
                   revision = revision + 1
             WHERE {_OWN} AND i.id = :intake
        """),
        {"organisation": organisation_id, "owner": scope.actor.id, "intake": intake_id, "cells": cells},
    )


def delete_intake(connection: Connection, scope: Scope, organisation_id: int, intake_id: int) -> None:
    connection.execute(
        text(f"DELETE FROM economy_intake i WHERE {_OWN} AND i.id = :intake"),
        {"organisation": organisation_id, "owner": scope.actor.id, "intake": intake_id},
    )
