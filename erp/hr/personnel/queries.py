"""One named function a statement.  Every function takes the scope; row-level security is the second witness."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, text

from erp.base.bitemporal import AsOf, History
from erp.base.dates import DateInterval
from erp.base.db import many
from erp.base.scope import Scope
from erp.hr.personnel.model import (
    Appointment,
    Claimed,
    FoundPerson,
    Name,
    NameFact,
    Person,
    PersonRow,
    PrivateFact,
    Reading,
    ReadKind,
    Schedule,
    ScheduleKind,
)
from erp.hr.personnel.rules import IdentityTaken
from erp.hr.staffing.model import StaffGroup

_OF_APPOINTMENT = {"organisation_id": "int", "appointment_id": "int", "person_id": "int"}
APPOINTMENTS = History(
    "hr_appointment_fact", _OF_APPOINTMENT, {"staff_unit_id": "int", "percent": "int", "number": "text"}
)
SCHEDULES = History("hr_schedule", _OF_APPOINTMENT, {"kind": "text", "begins_on": "date", "minutes": "smallint[]"})
NAMES = History(
    "hr_person_name",
    {"person_id": "int"},
    {"family_name": "text", "given_name": "text", "patronymic": "text"},
    keeper="kept_by",
)
FACTS = History(
    "hr_person_fact",
    {"person_id": "int"},
    {"birth_on": "date", "identity_sealed": "bytea", "identity_index": "bytea"},
    keeper="kept_by",
    refusals={"hr_person_fact_identity_of_one": IdentityTaken},
)
OF_SERVICE = (APPOINTMENTS, SCHEDULES)
OF_FILES = (NAMES, FACTS, *OF_SERVICE)
"""Names and facts first: they are kept by where one serves."""


# ------------------------------------------------------------------------------------------------ persons


def register_persons(connection: Connection, scope: Scope, organisation_id: int, count: int) -> list[int]:
    """Ids of new persons, whom nobody sees until they are appointed."""
    rows = connection.execute(
        text("SELECT hr_register_person(:organisation) FROM generate_series(1, :count)"),
        {"organisation": organisation_id, "count": count},
    )
    return list(rows.scalars())


def person_known(connection: Connection, scope: Scope, organisation_id: int, indexes: Sequence[bytes]) -> int | None:
    """Who has the identity number of these indexes, wherever they serve."""
    found: int | None = connection.execute(
        text("SELECT hr_person_known(:organisation, CAST(:indexes AS bytea[]))"),
        {"organisation": organisation_id, "indexes": list(indexes)},
    ).scalar_one()
    return found


def persons_claimed(
    connection: Connection, scope: Scope, organisation_id: int, indexes: Sequence[bytes], names: Sequence[str]
) -> dict[int, Claimed]:
    """Who has the identity number of each index, wherever they serve, by its place: under the name beside it alone."""
    rows = connection.execute(
        text("""
            SELECT place - 1 AS place, person_id, is_own
              FROM hr_persons_claimed(:organisation, CAST(:indexes AS bytea[]), CAST(:names AS text[]))
        """),
        {"organisation": organisation_id, "indexes": list(indexes), "names": list(names)},
    )
    return {row.place: Claimed(row.person_id, row.is_own) for row in rows}


def serves_otherwise(connection: Connection, scope: Scope, organisation_id: int, person_id: int, act_id: int) -> bool:
    """Whether a person has an appointment, wherever, that does not stand on the act."""
    found: bool = connection.execute(
        text("SELECT hr_serves_otherwise(:organisation, :person, :act)"),
        {"organisation": organisation_id, "person": person_id, "act": act_id},
    ).scalar_one()
    return found


def is_own(connection: Connection, scope: Scope, person_id: int) -> bool:
    """Whether a person is the one who acts, or in whose name."""
    found: bool = connection.execute(text("SELECT hr_own(:person)"), {"person": person_id}).scalar_one()
    return found


def keeps(connection: Connection, scope: Scope, organisation_id: int, person_id: int) -> bool:
    """Whether the organisation keeps a person's name and facts: they serve there, or served there last."""
    found: bool = connection.execute(
        text("SELECT hr_keeps(ARRAY[CAST(:organisation AS int)], :person)"),
        {"organisation": organisation_id, "person": person_id},
    ).scalar_one()
    return found


def link_user(connection: Connection, scope: Scope, organisation_id: int, person_id: int, user_id: int | None) -> bool:
    """Whether the account is the person's now."""
    linked: bool = connection.execute(
        text("SELECT hr_link_user(:organisation, :person, :user)"),
        {"organisation": organisation_id, "person": person_id, "user": user_id},
    ).scalar_one()
    return linked


def user_here(connection: Connection, scope: Scope, organisation_id: int, login: str, day: date) -> int | None:
    """The account of a login that has a role at the organisation on a day."""
    found: int | None = connection.execute(
        text("""
            SELECT u.id FROM reference_user u
             WHERE u.login = :login
               AND EXISTS (SELECT FROM reference_grants_of(u.id, :day) g WHERE g.organisation_id = :organisation)
        """),
        {"login": login, "day": day, "organisation": organisation_id},
    ).scalar_one_or_none()
    return found


def insert_appointments(
    connection: Connection, scope: Scope, organisation_id: int, persons: Sequence[int]
) -> list[int]:
    """Ids of new appointments, one a person, in their order."""
    rows = connection.execute(
        text("""
            INSERT INTO hr_appointment (organisation_id, person_id)
            SELECT :organisation, p.id FROM unnest(CAST(:persons AS int[])) WITH ORDINALITY AS p(id, place)
             ORDER BY p.place RETURNING id
        """),
        {"organisation": organisation_id, "persons": list(persons)},
    )
    return sorted(rows.scalars())


_NEAREST = "ORDER BY lower(valid) > CAST(:day AS date), abs(lower(valid) - CAST(:day AS date)) LIMIT 1"
"""What holds on the day; where nothing does, what held last before it, or else first after it."""


def _named(person: str, as_of: AsOf) -> str:
    """The name of whoever ``person`` says."""
    return f"""
        JOIN LATERAL (SELECT n.family_name, n.given_name, n.patronymic FROM hr_person_name n
                       WHERE n.person_id = {person} AND {as_of.was_known("n")} {_NEAREST}) n ON true
    """


def persons(
    connection: Connection, scope: Scope, organisation_id: int, as_of: AsOf, ids: Sequence[int]
) -> list[Person]:
    """Those of the persons who have, or had, an appointment at the organisation; with what they hold on the day."""
    rows = connection.execute(
        text(f"""
            SELECT p.id, n.family_name, n.given_name, n.patronymic
              FROM hr_person p {_named("p.id", as_of)}
             WHERE p.id = ANY (CAST(:ids AS bigint[]))
               AND EXISTS (SELECT FROM hr_appointment_fact a
                            WHERE a.organisation_id = :organisation AND a.person_id = p.id AND {as_of.was_known("a")})
             ORDER BY p.id
        """),
        {"organisation": organisation_id, "ids": list(ids), **as_of.asked},
    ).all()
    held: dict[int, list[Appointment]] = {}
    for each in appointments(connection, scope, organisation_id, as_of, [row.id for row in rows]):
        held.setdefault(each.person_id, []).append(each)
    return [Person(row.id, organisation_id, _name(row), tuple(held.get(row.id, ()))) for row in rows]


def own_person(connection: Connection, scope: Scope) -> int | None:
    """The person in whose name the scope acts."""
    found: int | None = connection.execute(text("SELECT hr_self()")).scalar_one()
    return found


def login_of(connection: Connection, scope: Scope, person_id: int) -> str:
    """What a person signs in with; empty where they do not."""
    found: str | None = connection.execute(
        text("SELECT u.login FROM hr_person p JOIN reference_user u ON u.id = p.user_id WHERE p.id = :person"),
        {"person": person_id},
    ).scalar_one_or_none()
    return found or ""


_HELD = """
    SELECT a.appointment_id AS id, a.id AS fact_id, a.person_id, lower(a.valid) AS start, upper(a.valid) AS until,
           a.staff_unit_id, p.unit_id, p.title_kk, p.title_ru, p.title_en, p.category, p.staff_group, a.percent,
           a.number
      FROM hr_appointment_fact a
"""


def _appointment(row: Row[Any]) -> Appointment:
    return Appointment(
        row.id, row.fact_id, row.person_id, DateInterval(row.start, row.until), row.staff_unit_id, row.unit_id,
        row.title_kk, row.title_ru, row.title_en, row.category, StaffGroup(row.staff_group), row.percent, row.number,
    )  # fmt: skip


def appointments(
    connection: Connection, scope: Scope, organisation_id: int, as_of: AsOf, persons: Sequence[int]
) -> list[Appointment]:
    """What the persons hold on a day, the greatest share of each first."""
    return _held(connection, organisation_id, as_of, "person_id", persons)


def holders(
    connection: Connection, scope: Scope, organisation_id: int, as_of: AsOf, posts: Sequence[int]
) -> list[Appointment]:
    """Who holds the posts on a day, the greatest share of each post first."""
    return _held(connection, organisation_id, as_of, "staff_unit_id", posts)


def _held(
    connection: Connection, organisation_id: int, as_of: AsOf, column: str, ids: Sequence[int]
) -> list[Appointment]:
    rows = connection.execute(
        text(f"""
            {_HELD} JOIN hr_staff_unit_fact p ON p.organisation_id = a.organisation_id
                     AND p.staff_unit_id = a.staff_unit_id AND {as_of.holds("p")}
             WHERE a.organisation_id = :organisation AND a.{column} = ANY (CAST(:ids AS int[])) AND {as_of.holds("a")}
             ORDER BY a.{column}, a.percent DESC, a.appointment_id
        """),
        {"organisation": organisation_id, "ids": list(ids), **as_of.asked},
    )
    return [_appointment(row) for row in rows]


def _name(row: Row[Any]) -> Name:
    return Name(row.family_name, row.given_name, row.patronymic)


def people_on(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    as_of: AsOf,
    words: str,
    unit_id: int | None,
    after: tuple[str, int] | None,
    limit: int,
) -> list[PersonRow]:
    """Who serves on a day and is asked for, a line a post, by name.

    Each of the ``words`` is part of the name, the number, or the post or its unit in one of the three languages.
    """
    rows = connection.execute(
        text(f"""
            {_serving(as_of)}
             WHERE a.organisation_id = :organisation AND {as_of.holds("a")}
               AND p.unit_id = coalesce(CAST(:unit AS int), p.unit_id)
               AND (:words = '' OR (SELECT bool_and(strpos(said.text, word) > 0)
                                      FROM hr_folded({_SAID}) AS said(text),
                                           string_to_table(hr_folded(:words), ' ') AS word))
               AND (:after_id = 0 OR (base_kazakh_sort_key(w.whole) COLLATE "C", a.appointment_id)
                                   > (base_kazakh_sort_key(:after_name) COLLATE "C", :after_id))
             ORDER BY base_kazakh_sort_key(w.whole) COLLATE "C", a.appointment_id LIMIT :limit
        """),
        {
            "organisation": organisation_id,
            "words": " ".join(words.split()),
            "unit": unit_id,
            "after_name": after[0] if after else "",
            "after_id": after[1] if after else 0,
            "limit": limit,
            **as_of.asked,
        },
    )
    return [_person_row(row) for row in rows]


def people_found(
    connection: Connection,
    scope: Scope,
    organisations: Collection[int],
    as_of: AsOf,
    said: Sequence[str],
    indexes: Sequence[bytes],
    limit: int,
) -> list[FoundPerson]:
    """Who serves on a day and answers to every word of one of the readings ``said``, or has a number of ``indexes``.

    A line a person; whose name begins so first.
    """
    answers = f"""
        SELECT bool_and(strpos(hr_folded({_SAID}), word) > 0)
          FROM string_to_table(hr_folded(r.said), ' ') AS word
    """
    rows = connection.execute(
        text(f"""
            SELECT * FROM (
                SELECT DISTINCT ON (organisation_id, person_id) * FROM (
                    {_serving(as_of)}
                     WHERE a.organisation_id = ANY (CAST(:organisations AS int[])) AND {as_of.holds("a")}
                       AND (EXISTS (SELECT FROM unnest(CAST(:said AS text[])) AS r(said) WHERE ({answers}))
                            OR EXISTS (SELECT FROM hr_person_fact f
                                        WHERE f.person_id = a.person_id AND {as_of.holds("f")}
                                          AND f.identity_index = ANY (CAST(:indexes AS bytea[]))))
                ) serving ORDER BY organisation_id, person_id, percent DESC, appointment_id
            ) found
             ORDER BY NOT starts_with(hr_folded(whole), hr_folded(:first)),
                      base_kazakh_sort_key(whole) COLLATE "C", organisation_id, person_id
             LIMIT :limit
        """),
        {
            "organisations": sorted(organisations),
            "said": list(said),
            "first": said[0] if said else "",
            "indexes": list(indexes),
            "limit": limit,
            **as_of.asked,
        },
    )
    return [FoundPerson(row.organisation_id, _person_row(row)) for row in rows]


def _serving(as_of: AsOf) -> str:
    """Appointments, each with the name of its person, its post and its unit."""
    return f"""
        SELECT a.organisation_id, a.person_id, n.family_name, n.given_name, n.patronymic, a.appointment_id, p.unit_id,
               u.name_kk AS unit_kk, u.name_ru AS unit_ru, u.name_en AS unit_en, p.title_kk, p.title_ru, p.title_en,
               p.category, a.percent, a.number, lower(a.valid) AS since, w.whole
          FROM hr_appointment_fact a
          JOIN hr_staff_unit_fact p ON p.organisation_id = a.organisation_id AND p.staff_unit_id = a.staff_unit_id
                                   AND {as_of.holds("p")}
          JOIN hr_unit_fact u ON u.organisation_id = a.organisation_id AND u.unit_id = p.unit_id
                             AND {as_of.holds("u")}
          {_named("a.person_id", as_of)}
          CROSS JOIN LATERAL (
               SELECT concat_ws(' ', n.family_name, n.given_name, nullif(n.patronymic, '')) AS whole) w
    """


def _person_row(row: Row[Any]) -> PersonRow:
    return PersonRow(name=_name(row), **{name: getattr(row, name) for name in _ROW})


_SAID = """
    concat_ws(' ', w.whole, a.number, p.title_kk, p.title_ru, p.title_en, u.name_kk, u.name_ru, u.name_en)
"""
_ROW = (
    "person_id", "appointment_id", "unit_id", "unit_kk", "unit_ru", "unit_en", "title_kk", "title_ru", "title_en",
    "category", "percent", "number", "since",
)  # fmt: skip


def names(connection: Connection, scope: Scope, as_of: AsOf, persons: Sequence[int]) -> dict[int, Name]:
    """Names of a day, of those whom the scope may see."""
    rows = connection.execute(
        text(f"""
            SELECT p.id, n.family_name, n.given_name, n.patronymic
              FROM unnest(CAST(:persons AS int[])) p(id) {_named("p.id", as_of)}
        """),
        {"persons": list(persons), **as_of.asked},
    )
    return {row.id: _name(row) for row in rows}


def count_on(connection: Connection, scope: Scope, organisation_id: int, as_of: AsOf) -> int:
    """How many persons serve on a day."""
    found: int = connection.execute(
        text(f"""
            SELECT count(DISTINCT a.person_id) FROM hr_appointment_fact a
             WHERE a.organisation_id = :organisation AND {as_of.holds("a")}
        """),
        {"organisation": organisation_id, **as_of.asked},
    ).scalar_one()
    return found


# ------------------------------------------------------------------------------------------------ a file


def name_facts(connection: Connection, scope: Scope, person_id: int, as_of: AsOf) -> list[NameFact]:
    """All that was known of a person's names, whatever the day; in the order of days."""
    rows = connection.execute(
        text(f"""
            SELECT n.id, lower(n.valid) AS start, upper(n.valid) AS until, n.family_name, n.given_name, n.patronymic,
                   n.act_id
              FROM hr_person_name n WHERE n.person_id = :person AND {as_of.was_known("n")} ORDER BY n.valid
        """),
        {"person": person_id, **as_of.asked},
    )
    return [NameFact(row.id, DateInterval(row.start, row.until), _name(row), row.act_id) for row in rows]


def private_facts(connection: Connection, scope: Scope, person_id: int, as_of: AsOf) -> list[PrivateFact]:
    """All that was known of a person besides, on whatever day, without the numbers; in the order of days."""
    rows = connection.execute(
        text(f"""
            SELECT f.id, lower(f.valid) AS start, upper(f.valid) AS until, f.birth_on,
                   f.identity_sealed IS NOT NULL AS has_identity, f.act_id
              FROM hr_person_fact f WHERE f.person_id = :person AND {as_of.was_known("f")} ORDER BY f.valid
        """),
        {"person": person_id, **as_of.asked},
    )
    return [
        PrivateFact(row.id, DateInterval(row.start, row.until), row.birth_on, row.has_identity, row.act_id)
        for row in rows
    ]


def private_values(connection: Connection, scope: Scope, person_id: int, as_of: AsOf) -> Mapping[str, Any] | None:
    """Day of birth, sealed number and its index, of the day or else the nearest before or after."""
    row = connection.execute(
        text(f"""
            SELECT f.birth_on, f.identity_sealed, f.identity_index FROM hr_person_fact f
             WHERE f.person_id = :person AND {as_of.was_known("f")} {_NEAREST}
        """),
        {"person": person_id, **as_of.asked},
    ).one_or_none()
    return row._asdict() if row else None


def appointment_facts(
    connection: Connection, scope: Scope, organisation_id: int, person_id: int, as_of: AsOf
) -> list[Appointment]:
    """All that was known of a person's appointments, whatever the day; titles are those of the first day of each."""
    rows = connection.execute(
        text(f"""
            {_HELD} CROSS JOIN LATERAL (
                    SELECT p.* FROM hr_staff_unit_fact p
                     WHERE p.organisation_id = a.organisation_id AND p.staff_unit_id = a.staff_unit_id
                       AND p.valid && a.valid AND {as_of.was_known("p")} ORDER BY lower(p.valid) LIMIT 1) p
             WHERE a.organisation_id = :organisation AND a.person_id = :person AND {as_of.was_known("a")}
             ORDER BY lower(a.valid), a.appointment_id
        """),
        {"organisation": organisation_id, "person": person_id, **as_of.asked},
    )
    return [_appointment(row) for row in rows]


def schedule_facts(
    connection: Connection, scope: Scope, organisation_id: int, person_id: int, as_of: AsOf
) -> list[Schedule]:
    """All that was known of a person's schedules, whatever the day; in the order of days."""
    rows = connection.execute(
        text(f"""
            SELECT s.id, s.appointment_id, lower(s.valid) AS start, upper(s.valid) AS until, s.kind,
                   s.begins_on, s.minutes
              FROM hr_schedule s
             WHERE s.organisation_id = :organisation AND s.person_id = :person AND {as_of.was_known("s")}
             ORDER BY s.valid, s.id
        """),
        {"organisation": organisation_id, "person": person_id, **as_of.asked},
    )
    return [
        Schedule(
            row.id,
            row.appointment_id,
            DateInterval(row.start, row.until),
            ScheduleKind(row.kind),
            row.begins_on,
            tuple(row.minutes),
        )
        for row in rows
    ]


# ------------------------------------------------------------------------------------------------ who read it


def insert_readings(
    connection: Connection, scope: Scope, organisation_id: int, persons: Sequence[int], kind: ReadKind
) -> None:
    connection.execute(
        text("""
            INSERT INTO hr_read_log (organisation_id, person_id, kind, reader_id, on_behalf_of, origin)
            SELECT :organisation, p.id, :kind, :reader, CAST(:on_behalf_of AS int), :origin
              FROM unnest(CAST(:persons AS int[])) AS p(id)
        """),
        {
            "organisation": organisation_id,
            "persons": list(persons),
            "kind": kind.value,
            "reader": scope.actor.id,
            "on_behalf_of": scope.on_behalf_of,
            "origin": scope.actor.origin,
        },
    )


def readings(connection: Connection, scope: Scope, person_id: int, limit: int = 200) -> list[Reading]:
    """Who opened a person's file, or identity number, on which days, the last first."""
    rows = connection.execute(
        text("""
            SELECT reference_day(l.at) AS day, coalesce(u.name, '') AS reader, l.kind, count(*)::int AS times,
                   max(l.at) AS last_at
              FROM hr_read_log l LEFT JOIN reference_user u ON u.id = l.reader_id
             WHERE l.person_id = :person
             GROUP BY 1, l.reader_id, u.name, l.kind ORDER BY max(l.at) DESC LIMIT :limit
        """),
        {"person": person_id, "limit": limit},
    )
    return many(lambda **row: Reading(**(row | {"kind": ReadKind(row["kind"])})), rows)
