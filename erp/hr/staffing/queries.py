"""One named function a statement.  Every function takes the scope; row-level security is the second witness."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from erp.base.bitemporal import AsOf, History
from erp.base.dates import DateInterval
from erp.base.scope import Scope
from erp.hr.staffing.model import About, ActKind, RecordedAct, StaffGroup, StaffUnit, Unit

ACTS = "hr_act"
UNITS = History(
    "hr_unit_fact",
    {"organisation_id": "int", "unit_id": "int"},
    {"name_kk": "text", "name_ru": "text", "name_en": "text", "parent_id": "int", "head_id": "int"},
)
POSTS = History(
    "hr_staff_unit_fact",
    {"organisation_id": "int", "staff_unit_id": "int"},
    {
        "unit_id": "int",
        "title_kk": "text",
        "title_ru": "text",
        "title_en": "text",
        "category": "text",
        "staff_group": "text",
        "percent": "int",
    },
)


# ------------------------------------------------------------------------------------------------ acts


def insert_acts(
    connection: Connection, scope: Scope, organisation_id: int, acts: Sequence[Mapping[str, Any]]
) -> list[int]:
    """Numbers of the acts, in their order."""
    rows = connection.execute(
        text("""
            INSERT INTO hr_act (organisation_id, key, content_hash, kind, about, subject_id, person_id, reason,
                                rescinds, actor_id, on_behalf_of, origin)
            SELECT :organisation, a.key, a.content_hash, a.kind, a.about, a.subject_id, a.person_id, a.reason,
                   a.rescinds, :actor, :on_behalf_of, :origin
              FROM unnest(CAST(:key AS uuid[]), CAST(:content_hash AS bytea[]), CAST(:kind AS text[]),
                          CAST(:about AS text[]), CAST(:subject_id AS int[]), CAST(:person_id AS int[]),
                          CAST(:reason AS text[]), CAST(:rescinds AS int[])) WITH ORDINALITY
                   AS a(key, content_hash, kind, about, subject_id, person_id, reason, rescinds, place)
             ORDER BY a.place RETURNING id
        """),
        {
            "organisation": organisation_id,
            "actor": scope.actor.id,
            "on_behalf_of": scope.on_behalf_of,
            "origin": scope.actor.origin,
            **{
                column: [act.get(column) for act in acts]
                for column in (
                    "key", "content_hash", "kind", "about", "subject_id", "person_id", "reason", "rescinds"
                )
            },
        },
    )  # fmt: skip
    return sorted(rows.scalars())


def acts_of_keys(
    connection: Connection, scope: Scope, organisation_id: int, keys: Sequence[UUID]
) -> dict[UUID, tuple[int, bytes, int, int | None]]:
    """Number, content hash, subject and person of acts by their keys."""
    rows = connection.execute(
        text("""
            SELECT key, id, content_hash, subject_id, person_id FROM hr_act
             WHERE organisation_id = :organisation AND key = ANY (CAST(:keys AS uuid[]))
        """),
        {"organisation": organisation_id, "keys": list(keys)},
    )
    return {row.key: (row.id, bytes(row.content_hash), row.subject_id, row.person_id) for row in rows}


def _acts(connection: Connection, organisation_id: int, as_of: AsOf, which: str, **asked: Any) -> list[RecordedAct]:
    """The acts that were known, the last first."""
    rows = connection.execute(
        text(f"""
            SELECT a.id, a.kind, a.about, a.subject_id, a.person_id, a.reason, a.rescinds, r.id AS rescinded_by,
                   coalesce(u.name, '') AS actor, coalesce(b.name, '') AS on_behalf_of, a.at
              FROM hr_act a
              LEFT JOIN hr_act r ON r.organisation_id = a.organisation_id AND r.rescinds = a.id
                                AND {as_of.was_recorded("r")}
              LEFT JOIN reference_user u ON u.id = a.actor_id
              LEFT JOIN reference_user b ON b.id = a.on_behalf_of
             WHERE a.organisation_id = :organisation AND {as_of.was_recorded("a")} AND {which} ORDER BY a.id DESC
        """),
        {"organisation": organisation_id, **asked, **as_of.asked},
    )
    return [RecordedAct(**(row._asdict() | {"kind": ActKind(row.kind), "about": About(row.about)})) for row in rows]


def act(connection: Connection, scope: Scope, organisation_id: int, as_of: AsOf, act_id: int) -> RecordedAct | None:
    return next(iter(_acts(connection, organisation_id, as_of, "a.id = :id", id=act_id)), None)


def acts_of_person(
    connection: Connection, scope: Scope, organisation_id: int, as_of: AsOf, person_id: int
) -> list[RecordedAct]:
    """The acts of a person's file, the last first."""
    return _acts(connection, organisation_id, as_of, "a.person_id = :person", person=person_id)


def acts_of_subject(
    connection: Connection, scope: Scope, organisation_id: int, as_of: AsOf, about: About, subject_id: int
) -> list[RecordedAct]:
    """The acts on a unit or a post, the last first."""
    which = "a.about = :about AND a.subject_id = :subject"
    return _acts(connection, organisation_id, as_of, which, about=about.value, subject=subject_id)


# ------------------------------------------------------------------------------------------------ units and posts


def lock_units(connection: Connection, scope: Scope, organisation_id: int) -> None:
    """Changes of one organisation's units wait for each other."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('hr_unit'), :id)"), {"id": organisation_id})


def lock_staff_units(connection: Connection, scope: Scope, staff_units: Iterable[int]) -> None:
    """Appointments to one post wait for each other."""
    connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtext('hr_staff_unit'), u) FROM unnest(CAST(:ids AS int[])) u"),
        {"ids": sorted(set(staff_units))},
    )


def insert_units(connection: Connection, scope: Scope, organisation_id: int, count: int = 1) -> list[int]:
    """Ids of new units, of which nothing is recorded yet."""
    rows = connection.execute(
        text("INSERT INTO hr_unit (organisation_id) SELECT :organisation FROM generate_series(1, :count) RETURNING id"),
        {"organisation": organisation_id, "count": count},
    )
    return list(rows.scalars())


def insert_staff_units(connection: Connection, scope: Scope, organisation_id: int, count: int = 1) -> list[int]:
    """Ids of new posts, of which nothing is recorded yet."""
    rows = connection.execute(
        text("""
            INSERT INTO hr_staff_unit (organisation_id) SELECT :organisation FROM generate_series(1, :count)
            RETURNING id
        """),
        {"organisation": organisation_id, "count": count},
    )
    return list(rows.scalars())


def units(
    connection: Connection, scope: Scope, organisation_id: int, as_of: AsOf, unit_id: int | None = None
) -> list[Unit]:
    """Units of a day, in the order of their names; or all that is held true of one, in the order of days."""
    which = as_of.holds("f") if unit_id is None else f"f.unit_id = :unit AND {as_of.was_known('f')}"
    order = 'base_kazakh_sort_key(f.name_ru) COLLATE "C", f.unit_id' if unit_id is None else "f.valid"
    rows = connection.execute(
        text(f"""
            SELECT f.unit_id AS id, f.id AS fact_id, lower(f.valid) AS start, upper(f.valid) AS until, f.name_kk,
                   f.name_ru, f.name_en, f.parent_id, f.head_id
              FROM hr_unit_fact f WHERE f.organisation_id = :organisation AND {which} ORDER BY {order}
        """),
        {"organisation": organisation_id, "unit": unit_id, **as_of.asked},
    )
    return [Unit(valid=DateInterval(row.start, row.until), **_own(row)) for row in rows]


def staff_units(
    connection: Connection, scope: Scope, organisation_id: int, as_of: AsOf, staff_unit_id: int | None = None
) -> list[StaffUnit]:
    """Posts of a day, in the order they were made; or all that is held true of one, in the order of days.

    With what of each is appointed on the day.
    """
    which = as_of.holds("f") if staff_unit_id is None else f"f.staff_unit_id = :post AND {as_of.was_known('f')}"
    rows = connection.execute(
        text(f"""
            SELECT f.staff_unit_id AS id, f.id AS fact_id, lower(f.valid) AS start, upper(f.valid) AS until, f.unit_id,
                   f.title_kk, f.title_ru, f.title_en, f.category, f.staff_group, f.percent,
                   coalesce(h.percent, 0) AS held_percent
              FROM hr_staff_unit_fact f
              LEFT JOIN (SELECT a.staff_unit_id, sum(a.percent)::int AS percent FROM hr_appointment_fact a
                          WHERE a.organisation_id = :organisation AND {as_of.holds("a")}
                          GROUP BY 1) h USING (staff_unit_id)
             WHERE f.organisation_id = :organisation AND {which}
             ORDER BY f.staff_unit_id, f.valid
        """),
        {"organisation": organisation_id, "post": staff_unit_id, **as_of.asked},
    )
    return [
        StaffUnit(
            valid=DateInterval(row.start, row.until),
            **(_own(row) | {"staff_group": StaffGroup(row.staff_group)}),
        )
        for row in rows
    ]


def _own(row: Row[Any]) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name not in ("start", "until")}


def posts_known(connection: Connection, scope: Scope, organisation_id: int, staff_units: Iterable[int]) -> set[int]:
    """Those of the posts of which something is held true, on whatever day."""
    rows = connection.execute(
        text("""
            SELECT DISTINCT staff_unit_id FROM hr_staff_unit_fact
             WHERE organisation_id = :organisation AND staff_unit_id = ANY (CAST(:ids AS int[]))
               AND superseded_xid IS NULL
        """),
        {"organisation": organisation_id, "ids": sorted(set(staff_units))},
    )
    return set(rows.scalars())


def overfilled(connection: Connection, scope: Scope, organisation_id: int, staff_units: Iterable[int]) -> date | None:
    """The first day on which more is appointed to one of the posts than there is of it."""
    found: date | None = connection.execute(
        text("SELECT min(hr_overfilled(:organisation, u)) FROM unnest(CAST(:ids AS int[])) u"),
        {"organisation": organisation_id, "ids": sorted(set(staff_units))},
    ).scalar_one()
    return found


def uncovered(connection: Connection, scope: Scope, organisation_id: int, units: Iterable[int]) -> date | None:
    """The first day on which posts or units stand in one of the units that is not there."""
    found: date | None = connection.execute(
        text("SELECT min(hr_uncovered(:organisation, u)) FROM unnest(CAST(:ids AS int[])) u"),
        {"organisation": organisation_id, "ids": sorted(set(units))},
    ).scalar_one()
    return found


def stands_under_itself(connection: Connection, scope: Scope, organisation_id: int, unit_id: int) -> bool:
    found: bool = connection.execute(
        text("SELECT hr_stands_under_itself(:organisation, :unit)"),
        {"organisation": organisation_id, "unit": unit_id},
    ).scalar_one()
    return found
