"""One named function a statement.  Every function takes the scope; of tables a person sees those they brought."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from erp.base.scope import Scope
from erp.base.sheets.model import Sheet as Brought
from erp.finance.intake import form
from erp.finance.intake.model import Became, Grouping, Intake, IntakeRow, Mended, Purpose, Remembered, Settings

_OWN = "i.organisation_id = :organisation AND i.owner_id = :owner"


def insert(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    key: UUID,
    origin: str,
    name: str,
    brought: Sequence[Brought],
    settings: Settings,
) -> int | None:
    """Id of what the scope's actor brought; ``None`` where the key is taken."""
    return connection.execute(
        text("""
            INSERT INTO finance_intake (organisation_id, owner_id, key, origin, name, brought, settings)
            VALUES (:organisation, :owner, :key, :origin, :name, CAST(:brought AS jsonb), CAST(:settings AS jsonb))
            ON CONFLICT DO NOTHING RETURNING id
        """),
        {
            "organisation": organisation_id,
            "owner": scope.actor.id,
            "key": key,
            "origin": origin,
            "name": name,
            "brought": json.dumps(form.of_sheets(brought), ensure_ascii=False),
            "settings": json.dumps(form.of_settings(settings)),
        },
    ).scalar_one_or_none()


def intake(
    connection: Connection, scope: Scope, organisation_id: int, *, intake_id: int | None = None, key: UUID | None = None
) -> Intake | None:
    """What the scope's actor brought, by its id or its key."""
    row = connection.execute(
        text(f"""
            SELECT i.organisation_id, i.id, i.key, i.origin, i.name, i.brought AS sheets, i.settings, i.mended,
                   i.version, i.begun_at, i.updated_at, i.became
              FROM finance_intake i WHERE {_OWN} AND (i.id = :intake OR i.key = CAST(:key AS uuid))
        """),
        {"organisation": organisation_id, "owner": scope.actor.id, "intake": intake_id, "key": key},
    ).one_or_none()
    if row is None:
        return None
    read = {
        "sheets": form.sheets(row.sheets),
        "settings": form.settings(row.settings),
        "mended": form.mended(row.mended),
        "became": form.became(row.became) if row.became is not None else None,
    }
    return Intake(**dict(row._mapping) | read)


def lock(connection: Connection, scope: Scope, organisation_id: int, intake_id: int) -> None:
    """Wait for whoever changes the same table just now."""
    connection.execute(
        text(f"SELECT FROM finance_intake i WHERE {_OWN} AND i.id = :intake FOR UPDATE"),
        {"organisation": organisation_id, "owner": scope.actor.id, "intake": intake_id},
    )


def update(
    connection: Connection, scope: Scope, organisation_id: int, intake_id: int, settings: Settings, mended: Mended
) -> None:
    connection.execute(
        text(f"""
            UPDATE finance_intake i
               SET settings = CAST(:settings AS jsonb), mended = CAST(:mended AS jsonb), version = version + 1,
                   updated_at = clock_timestamp()
             WHERE {_OWN} AND i.id = :intake
        """),
        {
            "organisation": organisation_id,
            "owner": scope.actor.id,
            "intake": intake_id,
            "settings": json.dumps(form.of_settings(settings)),
            "mended": json.dumps(form.of_mended(mended), ensure_ascii=False),
        },
    )


def accept(connection: Connection, scope: Scope, organisation_id: int, intake_id: int, became: Became) -> None:
    """What was made of it; from now on it changes no more."""
    connection.execute(
        text(f"""
            UPDATE finance_intake i
               SET became = CAST(:became AS jsonb), accepted_at = clock_timestamp(), version = version + 1,
                   updated_at = clock_timestamp()
             WHERE {_OWN} AND i.id = :intake
        """),
        {
            "organisation": organisation_id,
            "owner": scope.actor.id,
            "intake": intake_id,
            "became": json.dumps(form.of_became(became)),
        },
    )


def delete(connection: Connection, scope: Scope, organisation_id: int, intake_id: int) -> None:
    connection.execute(
        text(f"DELETE FROM finance_intake i WHERE {_OWN} AND i.id = :intake"),
        {"organisation": organisation_id, "owner": scope.actor.id, "intake": intake_id},
    )


def rows(
    connection: Connection, scope: Scope, organisation_id: int, *, before: int | None, limit: int
) -> list[IntakeRow]:
    """What the scope's actor brought, the newest first; below the id ``before``."""
    found = connection.execute(
        text(f"""
            SELECT i.id, i.origin, i.name, i.begun_at, i.accepted_at IS NOT NULL AS is_accepted
              FROM finance_intake i
             WHERE {_OWN} AND (CAST(:before AS int) IS NULL OR i.id < :before)
             ORDER BY i.id DESC LIMIT :limit
        """),
        {"organisation": organisation_id, "owner": scope.actor.id, "before": before, "limit": limit},
    )
    return [IntakeRow(**row._mapping) for row in found]


# ------------------------------------------------------------------------------------------------ mappings

_MAPPING = """
    SELECT m.id, m.purpose, m.signature, m.name, m.heads, m.columns, m.grouping, u.name AS remembered_by,
           m.remembered_at
      FROM finance_intake_mapping m JOIN reference_user u ON u.id = m.remembered_by
     WHERE m.organisation_id = :organisation
"""


def mappings(connection: Connection, scope: Scope, organisation_id: int) -> list[Remembered]:
    """By name."""
    found = connection.execute(text(f"{_MAPPING} ORDER BY m.name, m.id"), {"organisation": organisation_id})
    return [_remembered(row) for row in found]


def mappings_of(
    connection: Connection, scope: Scope, organisation_id: int, signatures: Mapping[Purpose, bytes]
) -> dict[Purpose, Remembered]:
    """What is remembered of tables with these heads, for each purpose."""
    found = connection.execute(
        text(f"{_MAPPING} AND m.signature = ANY(:signatures)"),
        {"organisation": organisation_id, "signatures": list(signatures.values())},
    )
    return {each.purpose: each for each in map(_remembered, found)}


def keep_mapping(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    purpose: Purpose,
    signature: bytes,
    name: str,
    heads: Collection[str],
    columns: Collection[str],
    grouping: Grouping,
) -> int:
    """Remember what columns mean, in the place of what was remembered of the same heads; returns its id."""
    return int(
        connection.execute(
            text("""
                INSERT INTO finance_intake_mapping (organisation_id, purpose, signature, name, heads, columns, grouping,
                                                    remembered_by)
                VALUES (:organisation, :purpose, :signature, :name, CAST(:heads AS jsonb), CAST(:columns AS jsonb),
                        :grouping, :actor)
                ON CONFLICT (organisation_id, purpose, signature) DO UPDATE
                   SET name = excluded.name, heads = excluded.heads, columns = excluded.columns,
                       grouping = excluded.grouping, remembered_by = excluded.remembered_by,
                       remembered_at = clock_timestamp()
                RETURNING id
            """),
            {
                "organisation": organisation_id,
                "purpose": purpose.value,
                "signature": signature,
                "name": name,
                "heads": json.dumps(list(heads), ensure_ascii=False),
                "columns": json.dumps(list(columns)),
                "grouping": grouping.value,
                "actor": scope.actor.id,
            },
        ).scalar_one()
    )


def delete_mapping(connection: Connection, scope: Scope, organisation_id: int, mapping_id: int) -> None:
    connection.execute(
        text("DELETE FROM finance_intake_mapping WHERE organisation_id = :organisation AND id = :mapping"),
        {"organisation": organisation_id, "mapping": mapping_id},
    )


def _remembered(row: Row[Any]) -> Remembered:
    said = dict(row._mapping)
    return Remembered(
        **said
        | {
            "purpose": Purpose(row.purpose),
            "heads": tuple(row.heads),
            "columns": tuple(row.columns),
            "grouping": Grouping(row.grouping),
        }
    )


# ------------------------------------------------------------------------------------------------ registers


def counterparties_named(connection: Connection, scope: Scope, names: Collection[str]) -> dict[str, list[str]]:
    """Codes of counterparties by name; ``names`` are as ``rules.name_key`` writes them."""
    found = connection.execute(
        text("""
            WITH named AS (
                SELECT c.code, key.name
                  FROM (SELECT code, name_kk, name_ru, name_en FROM reference_counterparty
                         UNION
                        SELECT code, name_kk, name_ru, name_en FROM reference_individual) AS c
                 CROSS JOIN LATERAL (
                       SELECT DISTINCT btrim(regexp_replace(lower(translate(n, '«»"“”„', '      ')), '\\s+', ' ', 'g'))
                         FROM unnest(ARRAY[c.name_kk, c.name_ru, c.name_en]) AS n) AS key(name)
            )
            SELECT name, array_agg(DISTINCT code ORDER BY code) AS codes FROM named
             WHERE name = ANY(:names) GROUP BY name
        """),
        {"names": list(names)},
    )
    return {row.name: list(row.codes) for row in found}
