"""One named function a statement.  Every function takes the scope; row-level security is the second witness."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, text

from erp.base.dates import DateInterval
from erp.base.db import many
from erp.base.scope import Scope
from erp.hr.intake.model import Held, IntakeRow, Known, PostDays, UnitDays
from erp.hr.personnel.model import Name

_OWN = "i.organisation_id = :organisation AND i.owner_id = :owner"


class Sealed(NamedTuple):
    """A list as it is kept."""

    id: int
    key: UUID
    mark: bytes
    name: str
    brought: bytes | None
    mended: bytes | None
    settings: Mapping[str, Any]
    revision: int
    begun_at: datetime
    accepted_at: datetime | None
    people: int
    appointments: int
    identities: int


def insert(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    key: UUID,
    mark: bytes,
    name: str,
    brought: bytes,
    settings: Mapping[str, Any],
) -> int | None:
    """Id of what the actor brought; ``None`` where the key is taken."""
    return connection.execute(
        text("""
            INSERT INTO hr_intake (organisation_id, owner_id, key, mark, name, brought, settings)
            VALUES (:organisation, :owner, :key, :mark, :name, :brought, CAST(:settings AS jsonb))
            ON CONFLICT DO NOTHING RETURNING id
        """),
        {
            "organisation": organisation_id,
            "owner": scope.actor.id,
            "key": key,
            "mark": mark,
            "name": name,
            "brought": brought,
            "settings": json.dumps(settings),
        },
    ).scalar_one_or_none()


def intake(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    *,
    intake_id: int | None = None,
    key: UUID | None = None,
) -> Sealed | None:
    """One that the actor brought, by its id or its key."""
    rows = connection.execute(
        text(f"""
            SELECT i.id, i.key, i.mark, i.name, i.brought, i.mended, i.settings, i.revision, i.begun_at, i.accepted_at,
                   i.people, i.appointments, i.identities
              FROM hr_intake i WHERE {_OWN} AND (i.id = :intake OR i.key = CAST(:key AS uuid))
        """),
        {"organisation": organisation_id, "owner": scope.actor.id, "intake": intake_id, "key": key},
    )
    return next(iter(many(Sealed, rows)), None)


def intakes(connection: Connection, scope: Scope, organisation_id: int) -> list[IntakeRow]:
    """The actor's last lists, the latest first."""
    rows = connection.execute(
        text(f"""
            SELECT i.id, i.name, i.begun_at, i.accepted_at, i.people, i.appointments, i.identities,
                   i.brought IS NOT NULL AS is_open
              FROM hr_intake i WHERE {_OWN} ORDER BY i.id DESC LIMIT 20
        """),
        {"organisation": organisation_id, "owner": scope.actor.id},
    )
    return many(IntakeRow, rows)


def lock(connection: Connection, scope: Scope, organisation_id: int, intake_id: int) -> None:
    """Wait for whoever changes the same list just now."""
    connection.execute(
        text(f"SELECT FROM hr_intake i WHERE {_OWN} AND i.id = :intake FOR UPDATE"),
        {"organisation": organisation_id, "owner": scope.actor.id, "intake": intake_id},
    )


def put_away(connection: Connection, scope: Scope, days: int) -> list[int]:
    """Put away lists, wherever, that still hold rows and were not touched for so many days.  Returns at whom."""
    return list(connection.execute(text("SELECT hr_put_away_intakes(:days)"), {"days": days}).scalars())


def lock_acceptance(connection: Connection, scope: Scope) -> None:
    """Lists are accepted one after another, wherever: persons are common to all, and each is looked for first."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('hr_intake'))"))


def change(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    intake_id: int,
    mended: bytes | None,
    settings: Mapping[str, Any],
) -> None:
    connection.execute(
        text(f"""
            UPDATE hr_intake i
               SET mended = :mended, settings = CAST(:settings AS jsonb), revision = revision + 1,
                   updated_at = clock_timestamp()
             WHERE {_OWN} AND i.id = :intake
        """),
        {
            "organisation": organisation_id,
            "owner": scope.actor.id,
            "intake": intake_id,
            "mended": mended,
            "settings": json.dumps(settings),
        },
    )


def accept(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    intake_id: int,
    rest: bytes | None,
    mended: bytes | None,
    settings: Mapping[str, Any],
    *,
    people: int,
    appointments: int,
    identities: int,
) -> None:
    """Of the list there is only the rest now; nothing, where all of it was accepted."""
    connection.execute(
        text(f"""
            UPDATE hr_intake i
               SET brought = :rest, mended = :mended, settings = CAST(:settings AS jsonb), revision = revision + 1,
                   accepted_at = clock_timestamp(), updated_at = clock_timestamp(), people = people + :people,
                   appointments = appointments + :appointments, identities = identities + :identities
             WHERE {_OWN} AND i.id = :intake
        """),
        {
            "organisation": organisation_id,
            "owner": scope.actor.id,
            "intake": intake_id,
            "rest": rest,
            "mended": mended,
            "settings": json.dumps(settings),
            "people": people,
            "appointments": appointments,
            "identities": identities,
        },
    )


def clear(connection: Connection, scope: Scope, organisation_id: int, intake_id: int) -> None:
    """Of a list that was accepted, the rest is gone too."""
    connection.execute(
        text(f"""
            UPDATE hr_intake i
               SET brought = NULL, mended = NULL, revision = revision + 1, updated_at = clock_timestamp()
             WHERE {_OWN} AND i.id = :intake
        """),
        {"organisation": organisation_id, "owner": scope.actor.id, "intake": intake_id},
    )


def delete(connection: Connection, scope: Scope, organisation_id: int, intake_id: int) -> None:
    connection.execute(
        text(f"DELETE FROM hr_intake i WHERE {_OWN} AND i.id = :intake"),
        {"organisation": organisation_id, "owner": scope.actor.id, "intake": intake_id},
    )


# ------------------------------------------------------------------------------------------------ what is on record


def units(connection: Connection, scope: Scope, organisation_id: int) -> list[UnitDays]:
    rows = connection.execute(
        text("""
            SELECT f.unit_id, lower(f.valid) AS start, upper(f.valid) AS until, f.name_kk, f.name_ru, f.name_en,
                   f.parent_id
              FROM hr_unit_fact f WHERE f.organisation_id = :organisation AND f.superseded_xid IS NULL
        """),
        {"organisation": organisation_id},
    )
    return [
        UnitDays(r.unit_id, DateInterval(r.start, r.until), (r.name_ru, r.name_kk, r.name_en), r.parent_id)
        for r in rows
    ]


def posts(connection: Connection, scope: Scope, organisation_id: int) -> list[PostDays]:
    rows = connection.execute(
        text("""
            SELECT f.staff_unit_id, lower(f.valid) AS start, upper(f.valid) AS until, f.unit_id, f.title_kk, f.title_ru,
                   f.title_en, f.category, f.percent
              FROM hr_staff_unit_fact f WHERE f.organisation_id = :organisation AND f.superseded_xid IS NULL
             ORDER BY f.staff_unit_id, f.valid
        """),
        {"organisation": organisation_id},
    )
    return [
        PostDays(
            r.staff_unit_id,
            DateInterval(r.start, r.until),
            r.unit_id,
            (r.title_ru, r.title_kk, r.title_en),
            r.category,
            r.percent,
        )
        for r in rows
    ]


def held(connection: Connection, scope: Scope, organisation_id: int) -> list[Held]:
    rows = connection.execute(
        text("""
            SELECT f.person_id, f.staff_unit_id, lower(f.valid) AS start, upper(f.valid) AS until, f.percent
              FROM hr_appointment_fact f WHERE f.organisation_id = :organisation AND f.superseded_xid IS NULL
        """),
        {"organisation": organisation_id},
    )
    return [Held(r.person_id, r.staff_unit_id, DateInterval(r.start, r.until), r.percent) for r in rows]


def people(connection: Connection, scope: Scope, organisation_id: int) -> list[Known]:
    """Everybody who serves, or served, here, under each of their names; the last name of each first."""
    rows = connection.execute(
        text("""
            SELECT n.person_id, n.family_name, n.given_name, n.patronymic, f.birth_on, coalesce(f.has_identity, false)
                   AS has_identity, o.is_own,
                   CASE WHEN NOT f.has_identity AND NOT o.is_own
                        THEN hr_keeps(ARRAY[CAST(:organisation AS int)], n.person_id) ELSE false END AS takes_identity
              FROM hr_person_name n
             CROSS JOIN LATERAL (SELECT hr_own(n.person_id) AS is_own OFFSET 0) o
              LEFT JOIN LATERAL (
                   SELECT p.birth_on, p.identity_sealed IS NOT NULL AS has_identity FROM hr_person_fact p
                    WHERE p.person_id = n.person_id AND p.superseded_xid IS NULL
                    ORDER BY lower(p.valid) DESC LIMIT 1) f ON true
             WHERE n.superseded_xid IS NULL
               AND EXISTS (SELECT FROM hr_appointment_fact a
                            WHERE a.organisation_id = :organisation AND a.person_id = n.person_id
                              AND a.superseded_xid IS NULL)
             ORDER BY n.person_id, lower(n.valid) DESC
        """),
        {"organisation": organisation_id},
    )
    return [
        Known(
            r.person_id,
            Name(r.family_name, r.given_name, r.patronymic),
            r.birth_on,
            r.has_identity,
            r.takes_identity,
            r.is_own,
        )
        for r in rows
    ]
