"""One named function a statement.  Every function takes the scope; row-level security is the second witness."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from erp.base.dates import DateInterval, DaySpan
from erp.base.db import many, one
from erp.base.scope import Scope
from erp.hr.leave.model import Act, Balance, Batch, Counting, Kind, Movement, Norm, Pool, Rule, Ungranted

_NAMED = "code, name_kk, name_ru, name_en, act_kk, act_ru, act_en, confidence"
_ON_DAY = "WHERE in_force @> CAST(:day AS date) ORDER BY id"


def kinds(connection: Connection, scope: Scope, day: date) -> list[Kind]:
    rows = connection.execute(
        text(f"""SELECT {_NAMED}, draws, counting, paid, seniority, least_days, most_days, timesheet_code
                   FROM reference_leave_kind WHERE in_force @> CAST(:day AS date) ORDER BY draws DESC, code"""),
        {"day": day},
    )
    return many(lambda counting, **said: Kind(counting=Counting(counting), **said), rows)


def norms(connection: Connection, scope: Scope, day: date) -> list[Norm]:
    rows = connection.execute(
        text(f"SELECT {_NAMED}, staff_group, days FROM reference_leave_norm {_ON_DAY}"), {"day": day}
    )
    return many(Norm, rows)


def groups(connection: Connection, scope: Scope, organisation_id: int, person_id: int, day: date) -> frozenset[str]:
    """Groups of staff of the posts that a person holds on a day."""
    found = connection.execute(
        text("""
            SELECT DISTINCT staff_group FROM hr_service
             WHERE organisation_id = :organisation AND person_id = :person AND valid @> CAST(:day AS date)
        """),
        {"organisation": organisation_id, "person": person_id, "day": day},
    )
    return frozenset(found.scalars())


def carried_years(connection: Connection, scope: Scope, organisation_id: int, person_id: int) -> frozenset[date]:
    """Working years that were carried in and not given here: what was taken of them before is not known."""
    found = connection.execute(
        text("""
            SELECT year_start FROM hr_leave_movement
             WHERE organisation_id = :organisation AND person_id = :person AND act IN ('grant', 'carry')
             GROUP BY year_start HAVING bool_and(act = 'carry')
        """),
        {"organisation": organisation_id, "person": person_id},
    )
    return frozenset(found.scalars())


def values(connection: Connection, scope: Scope) -> list[Rule]:
    """Numbers of rules, of all days."""
    rows = connection.execute(
        text(f"""SELECT {_NAMED}, value, lower(in_force) AS first, upper(in_force) AS last
                   FROM reference_leave_rule ORDER BY code, in_force""")
    )
    return many(lambda first, last, **said: Rule(in_force=DateInterval(first, last), **said), rows)


# ------------------------------------------------------------------------------------------------ balances


def balances(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    day: date,
    people: Collection[int] | None = None,
) -> list[Balance]:
    """How everybody's days stand on a day, by person; of some people where they are given.

    Of one organisation, so that the index ``hr_leave_movement_balance`` gives its rows by person, and none are sorted.
    """
    rows = connection.execute(
        text("""
            SELECT person_id, left_now::int, given::int, (given - left_now)::int, last_used_on FROM (
            SELECT person_id, sum(centidays) AS left_now,
                   coalesce(sum(centidays) FILTER (WHERE act IN ('grant', 'ungrant', 'carry', 'correction')), 0)
                   AS given,
                   max(effective_on) FILTER (WHERE act = 'use') AS last_used_on
              FROM hr_leave_movement
             WHERE organisation_id = :organisation AND effective_on <= :day
               AND (CAST(:people AS int[]) IS NULL OR person_id = ANY(:people))
             GROUP BY person_id) b ORDER BY person_id
        """),
        {
            "organisation": organisation_id,
            "day": day,
            "people": None if people is None else list(people),
        },
    )
    return [Balance(*row) for row in rows]


def pools(connection: Connection, scope: Scope, organisation_id: int, person_id: int, day: date) -> list[Pool]:
    """What may be drawn by a leave that begins on a day: what is given through it, less all that is taken ever.

    A correction that takes days away counts at once, from whatever day on it is.
    """
    rows = connection.execute(
        text("""
            SELECT year_start, sum(centidays)::int AS centidays FROM hr_leave_movement
             WHERE organisation_id = :organisation AND person_id = :person
               AND (act IN ('use', 'give-back', 'compensation', 'ungrant') OR act = 'correction' AND centidays < 0
                    OR effective_on <= :day)
             GROUP BY year_start ORDER BY year_start
        """),
        {"organisation": organisation_id, "person": person_id, "day": day},
    )
    return many(Pool, rows)


def left_by_year(connection: Connection, scope: Scope, organisation_id: int, person_id: int, day: date) -> list[Pool]:
    """What is left of each working year on a day, used up ones included; not of those that were taken back."""
    rows = connection.execute(
        text("""
            SELECT year_start, sum(centidays)::int AS centidays FROM hr_leave_movement
             WHERE organisation_id = :organisation AND person_id = :person AND effective_on <= :day
             GROUP BY year_start HAVING sum(centidays) <> 0 OR bool_or(act NOT IN ('grant', 'ungrant'))
             ORDER BY year_start
        """),
        {"organisation": organisation_id, "person": person_id, "day": day},
    )
    return many(Pool, rows)


@dataclass(frozen=True, slots=True)
class Part:
    """What one leave took of one working year, less what it gave back."""

    request_id: int
    year_start: date
    centidays: int


def parts(
    connection: Connection, scope: Scope, organisation_id: int, person_id: int, request_id: int | None = None
) -> list[Part]:
    """By leave and working year, what is used; of one leave where it is given."""
    rows = connection.execute(
        text("""
            SELECT request_id, year_start, -sum(centidays)::int AS centidays FROM hr_leave_movement
             WHERE organisation_id = :organisation AND person_id = :person AND request_id IS NOT NULL
               AND (CAST(:request AS int) IS NULL OR request_id = :request)
             GROUP BY request_id, year_start HAVING sum(centidays) <> 0 ORDER BY year_start, request_id
        """),
        {"organisation": organisation_id, "person": person_id, "request": request_id},
    )
    return many(Part, rows)


def movements(connection: Connection, scope: Scope, organisation_id: int, person_id: int, day: date) -> list[Movement]:
    """What makes up a person's balance on a day, in the order of days."""
    rows = connection.execute(
        text(f"""
            SELECT m.id, m.person_id, m.act, m.year_start, m.effective_on, m.centidays, to_jsonb(n) AS norm,
                   m.request_id, m.reason, coalesce(u.name, '') AS actor, m.recorded_at
              FROM hr_leave_movement m
              LEFT JOIN LATERAL (SELECT {_NAMED}, staff_group, days FROM reference_leave_norm
                                  WHERE code = m.norm AND in_force @> m.year_start) n ON true
              LEFT JOIN reference_user u ON u.id = m.actor_id
             WHERE m.organisation_id = :organisation AND m.person_id = :person AND m.effective_on <= :day
             ORDER BY m.effective_on, m.id
        """),
        {"organisation": organisation_id, "person": person_id, "day": day},
    )
    return many(lambda act, norm, **said: Movement(act=Act(act), norm=norm and Norm(**norm), **said), rows)


def waiting(connection: Connection, scope: Scope, organisation_id: int, person_id: int, but: int | None = None) -> int:
    """Whole days that other leaves of a person would draw, which wait for a decision."""
    return int(
        connection.execute(
            text("""
                SELECT coalesce(sum((facts->>'counted')::int), 0) FROM hr_request
                 WHERE organisation_id = :organisation AND person_id = :person AND kind = 'leave'
                   AND state = 'submitted' AND facts->>'draws' = 'true' AND id IS DISTINCT FROM :but
            """),
            {"organisation": organisation_id, "person": person_id, "but": but},
        ).scalar_one()
    )


# ------------------------------------------------------------------------------------------------ what moves days


def lock(connection: Connection, scope: Scope, person_id: int) -> None:
    """Wait for whoever takes the same person's days just now."""
    connection.execute(text("SELECT hr_leave_lock(:person)"), {"person": person_id})


@dataclass(frozen=True, slots=True)
class NewMovement:
    person_id: int
    act: Act
    year_start: date
    effective_on: date
    centidays: int
    norm: str | None = None
    request_id: int | None = None


def insert_movements(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    moved: Sequence[NewMovement],
    *,
    key: UUID | None = None,
    reason: str = "",
) -> int:
    """Add to the ledger by one statement; returns how many: none where the key was used before."""
    done = connection.execute(
        text("""
            INSERT INTO hr_leave_movement (organisation_id, person_id, act, year_start, effective_on, centidays, norm,
                                           request_id, key, reason, actor_id, on_behalf_of, origin)
            SELECT :organisation, m.person_id, m.act, m.year_start, m.effective_on, m.centidays, m.norm, m.request_id,
                   :key, :reason, :actor, :behalf, :origin
              FROM unnest(CAST(:people AS int[]), CAST(:acts AS text[]), CAST(:years AS date[]), CAST(:days AS date[]),
                          CAST(:centidays AS int[]), CAST(:norms AS text[]), CAST(:requests AS int[]))
                   AS m(person_id, act, year_start, effective_on, centidays, norm, request_id)
                ON CONFLICT (organisation_id, key, person_id, year_start, act) WHERE key IS NOT NULL DO NOTHING
        """),
        {
            "people": [m.person_id for m in moved],
            "acts": [m.act.value for m in moved],
            "years": [m.year_start for m in moved],
            "days": [m.effective_on for m in moved],
            "centidays": [m.centidays for m in moved],
            "norms": [m.norm for m in moved],
            "requests": [m.request_id for m in moved],
            **_said(scope, organisation_id, key, reason),
        },
    )
    return done.rowcount


def moved_by(connection: Connection, scope: Scope, organisation_id: int, key: UUID) -> list[NewMovement]:
    """What was added under a key."""
    rows = connection.execute(
        text("""
            SELECT person_id, act, year_start, effective_on, centidays, norm, request_id FROM hr_leave_movement
             WHERE organisation_id = :organisation AND key = :key ORDER BY id
        """),
        {"organisation": organisation_id, "key": key},
    )
    return many(lambda act, **said: NewMovement(act=Act(act), **said), rows)


def _said(scope: Scope, organisation_id: int, key: UUID | None, reason: str) -> dict[str, Any]:
    return {
        "organisation": organisation_id,
        "key": key,
        "reason": reason,
        "actor": scope.actor.id,
        "behalf": scope.on_behalf_of,
        "origin": scope.actor.origin,
    }


def given_at(connection: Connection, scope: Scope, organisations: Collection[int]) -> list[int]:
    """Those of the organisations where human resources have given working years before."""
    found = connection.execute(
        text("""
            SELECT o.id FROM unnest(CAST(:organisations AS int[])) o(id)
             WHERE EXISTS (SELECT FROM hr_leave_movement m WHERE m.organisation_id = o.id AND m.act = 'grant')
             ORDER BY o.id
        """),
        {"organisations": list(organisations)},
    )
    return list(found.scalars())


@dataclass(frozen=True, slots=True)
class Granted:
    movements: int
    people: int


_BEGUN = """
    WITH years AS (
        SELECT y.person_id, y.number, y.year_start, y.number = max(y.number) OVER (PARTITION BY y.person_id) AS is_last
          FROM hr_leave_years(:organisation, :day, :person, true) y WHERE y.service @> CAST(:day AS date)
    ), known AS (
        SELECT k.person_id, max(k.number) AS last
          FROM hr_leave_known(:organisation, :day, :person) k WHERE k.service @> CAST(:day AS date) GROUP BY k.person_id
    ), begun AS (
        SELECT y.person_id, y.year_start,
               ARRAY(SELECT v.staff_group FROM hr_service v
                      WHERE v.organisation_id = :organisation AND v.person_id = y.person_id
                        AND v.valid @> CAST(:day AS date)) AS groups
          FROM years y LEFT JOIN known k USING (person_id)
         WHERE CASE WHEN k.last IS NULL THEN y.is_last ELSE y.number > k.last END
    ), normed AS (
        SELECT DISTINCT ON (b.person_id, b.year_start) b.person_id, b.year_start, n.days, n.code
          FROM begun b
          LEFT JOIN reference_leave_norm n ON n.staff_group = ANY(b.groups) AND n.in_force @> b.year_start
         ORDER BY b.person_id, b.year_start, n.days DESC NULLS LAST, n.code
    )"""
"""Working years of who serves on a day that have begun and were not given.

Those of the service that the day lies in, after the last that is known; of somebody of whom the ledger knows nothing
only the year that the day lies in: what was left of earlier ones is carried in.  By the group of the post; of several,
the norm that gives most.
"""


def ungranted(
    connection: Connection, scope: Scope, organisation_id: int, day: date, person_id: int | None = None
) -> list[Ungranted]:
    """Working years that have begun and were not given, of everybody or of one person."""
    rows = connection.execute(
        text(f"{_BEGUN} SELECT person_id, year_start, days FROM normed ORDER BY person_id, year_start"),
        {"organisation": organisation_id, "day": day, "person": person_id},
    )
    return many(Ungranted, rows)


def grant_years(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    day: date,
    *,
    batch: UUID | None = None,
    person_id: int | None = None,
) -> Granted:
    """Give everybody who serves on a day, or one of them, the working years that have begun and were not given yet.

    What was given under a ``batch`` can be taken back.
    """
    row = connection.execute(
        text(f"""
            {_BEGUN}, given AS (
                INSERT INTO hr_leave_movement (organisation_id, person_id, act, year_start, effective_on, centidays,
                                               norm, batch, round, actor_id, on_behalf_of, origin)
                SELECT :organisation, n.person_id, 'grant', n.year_start, n.year_start, n.days * 100, n.code, :batch,
                       (SELECT count(*) FROM hr_leave_movement u
                         WHERE u.organisation_id = :organisation AND u.act = 'ungrant'
                           AND (u.person_id, u.year_start, u.norm) = (n.person_id, n.year_start, n.code)),
                       :actor, :behalf, :origin
                  FROM normed n WHERE n.days IS NOT NULL
                    ON CONFLICT DO NOTHING RETURNING person_id
            )
            SELECT count(*) AS movements, count(DISTINCT person_id) AS people FROM given
        """),
        {"day": day, "person": person_id, "batch": batch, **_said(scope, organisation_id, None, "")},
    ).one()
    return one(Granted, row)


_OPEN = """
    SELECT g.person_id, g.year_start, g.norm, g.round, g.centidays, g.effective_on FROM hr_leave_movement g
     WHERE g.organisation_id = :organisation AND g.batch = :batch AND g.act = 'grant'
       AND NOT EXISTS (SELECT FROM hr_leave_movement m
                        WHERE (m.organisation_id, m.person_id, m.year_start)
                              = (g.organisation_id, g.person_id, g.year_start)
                          AND m.id > g.id)
"""
"""What an act gave and nothing has moved since."""


def batches(connection: Connection, scope: Scope, organisation_id: int, days: int, limit: int) -> list[Batch]:
    """What people gave to everybody in the last days, the latest first, where something of it can be taken back."""
    rows = connection.execute(
        text(f"""
            SELECT b.batch AS id, b.given_at, coalesce(u.name, '') AS actor, b.years, b.people, o.open_years
              FROM (SELECT batch, min(recorded_at) AS given_at, min(actor_id) AS actor_id, count(*)::int AS years,
                           count(DISTINCT person_id)::int AS people
                      FROM hr_leave_movement
                     WHERE organisation_id = :organisation AND batch IS NOT NULL AND act = 'grant'
                       AND actor_id <> 0 AND recorded_at > now() - make_interval(days => :days)
                     GROUP BY batch) b
             CROSS JOIN LATERAL (SELECT count(*)::int AS open_years FROM ({_OPEN.replace(":batch", "b.batch")}) g) o
              LEFT JOIN reference_user u ON u.id = b.actor_id
             WHERE o.open_years > 0 ORDER BY b.given_at DESC LIMIT :limit
        """),
        {"organisation": organisation_id, "days": days, "limit": limit},
    )
    return many(Batch, rows)


def was_given(connection: Connection, scope: Scope, organisation_id: int, batch: UUID) -> bool:
    found = connection.execute(
        text("SELECT FROM hr_leave_movement WHERE organisation_id = :organisation AND batch = :batch LIMIT 1"),
        {"organisation": organisation_id, "batch": batch},
    )
    return found.rowcount > 0


def ungrant(connection: Connection, scope: Scope, organisation_id: int, batch: UUID) -> Granted:
    """Take back what one act gave to everybody, where nothing has moved since; the people are locked first."""
    people = text("""
        SELECT hr_leave_lock(person_id)
          FROM (SELECT DISTINCT person_id FROM hr_leave_movement
                 WHERE organisation_id = :organisation AND batch = :batch ORDER BY person_id) p
    """)
    connection.execute(people, {"organisation": organisation_id, "batch": batch})
    row = connection.execute(
        text(f"""
            WITH taken AS (
                INSERT INTO hr_leave_movement (organisation_id, person_id, act, year_start, effective_on, centidays,
                                               norm, batch, round, actor_id, on_behalf_of, origin)
                SELECT :organisation, person_id, 'ungrant', year_start, effective_on, -centidays, norm, :batch, round,
                       :actor, :behalf, :origin
                  FROM ({_OPEN}) given
                    ON CONFLICT DO NOTHING RETURNING person_id
            )
            SELECT count(*) AS movements, count(DISTINCT person_id) AS people FROM taken
        """),
        {"batch": batch, **_said(scope, organisation_id, None, "")},
    ).one()
    return one(Granted, row)


def appointment_ends(
    connection: Connection, scope: Scope, organisation_id: int, person_id: int, last_day: date
) -> bool:
    """Whether a day is the last of an appointment."""
    said = {"organisation": organisation_id, "person": person_id, "day": last_day}
    return bool(connection.execute(text("SELECT hr_appointment_ends(:organisation, :person, :day)"), said).scalar_one())


def years_of_service(
    connection: Connection, scope: Scope, organisation_id: int, person_id: int, day: date
) -> list[date]:
    """First days of the working years of a person that have begun by a day, whether given or not."""
    found = connection.execute(
        text("SELECT year_start FROM hr_leave_years(:organisation, :day, :person, true) ORDER BY 1"),
        {"organisation": organisation_id, "person": person_id, "day": day},
    )
    return list(found.scalars())


def unfinished(
    connection: Connection, scope: Scope, organisation_id: int, person_id: int, day: date
) -> dict[date, date | None]:
    """Years that the ledger knows and the service through a day does not fill: as it knows them, and where they begin.

    The last one that has begun by then, and those to come, which begin nowhere yet.
    """
    rows = connection.execute(
        text("""
            WITH years AS (
                SELECT y.number, y.year_start, max(y.number) OVER () AS last
                  FROM hr_leave_years(:organisation, :day, :person, true) y WHERE y.service @> CAST(:day AS date)
            )
            SELECT k.year_start, y.year_start AS begins
              FROM hr_leave_known(:organisation, :day, :person) k LEFT JOIN years y USING (number)
             WHERE k.service @> CAST(:day AS date) AND k.number >= (SELECT max(last) FROM years) ORDER BY 1
        """),
        {"organisation": organisation_id, "person": person_id, "day": day},
    )
    return {row.year_start: row.begins for row in rows}


def year_begins(connection: Connection, scope: Scope, organisation_id: int, person_id: int, day: date) -> bool:
    """Whether a working year of the service begins on a day, or the day is not in the service."""
    said = {"organisation": organisation_id, "person": person_id, "day": day}
    return bool(connection.execute(text("SELECT hr_leave_begins(:organisation, :person, :day)"), said).scalar_one())


def uncounted(
    connection: Connection, scope: Scope, organisation_id: int, person_id: int, first: date, end: date
) -> int:
    """Days from ``first`` up to, not including, ``end`` that are away and no service: unpaid leave, child care."""
    return int(
        connection.execute(
            text("""
                SELECT coalesce(sum(upper(d.days) - lower(d.days)), 0)
                  FROM hr_absence a
                  JOIN hr_request r ON r.organisation_id = a.organisation_id AND r.id = a.request_id
                  JOIN reference_leave_kind k ON k.code = r.facts->>'kind' AND k.in_force @> lower(a.days)
                                             AND NOT k.seniority
                 CROSS JOIN LATERAL (SELECT a.days * daterange(CAST(:first AS date), CAST(:end AS date)) AS days) d
                 WHERE a.organisation_id = :organisation AND a.person_id = :person AND a.kind = 'leave'
                   AND NOT isempty(d.days)
            """),
            {"organisation": organisation_id, "person": person_id, "first": first, "end": end},
        ).scalar_one()
    )


def cut_by_settlements(connection: Connection, scope: Scope, organisation_id: int, person_id: int) -> dict[date, int]:
    """Hundredths of a day by which earlier settlements have cut working years, by their first days; below nought."""
    rows = connection.execute(
        text("""
            SELECT c.year_start, sum(c.centidays)::int AS centidays FROM hr_leave_movement c
             WHERE c.organisation_id = :organisation AND c.person_id = :person AND c.act = 'correction'
               AND EXISTS (SELECT FROM hr_leave_movement p
                            WHERE p.organisation_id = c.organisation_id AND p.key = c.key AND p.act = 'compensation')
             GROUP BY c.year_start
        """),
        {"organisation": organisation_id, "person": person_id},
    )
    return {row.year_start: row.centidays for row in rows}


def leave_after(
    connection: Connection, scope: Scope, organisation_id: int, person_id: int, day: date
) -> DaySpan | None:
    """The first leave in force of a person with days after a day that drew on working years."""
    row = connection.execute(
        text("""
            SELECT lower(a.days) AS first, upper(a.days) - 1 AS last FROM hr_absence a
             WHERE a.organisation_id = :organisation AND a.person_id = :person AND upper(a.days) - 1 > :day
               AND EXISTS (SELECT FROM hr_leave_movement m
                            WHERE m.organisation_id = a.organisation_id AND m.request_id = a.request_id)
             ORDER BY 1 LIMIT 1
        """),
        {"organisation": organisation_id, "person": person_id, "day": day},
    ).one_or_none()
    return None if row is None else DaySpan(row.first, row.last)


@dataclass(frozen=True, slots=True)
class Return:
    """Hundredths of a day that a leave gives back, and from which day that counts."""

    request_id: int
    centidays: int
    effective_on: date


def give_back(
    connection: Connection, scope: Scope, organisation_id: int, returns: Sequence[Return], reason: str
) -> int:
    """Give days of leaves back by one statement, to the working years that were drawn from last.

    Returns how many movements.  As ``rules.given_back`` says of one leave.
    """
    done = connection.execute(
        text("""
            INSERT INTO hr_leave_movement (organisation_id, person_id, act, year_start, effective_on, centidays,
                                           request_id, reason, actor_id, on_behalf_of, origin)
            SELECT :organisation, u.person_id, 'give-back', u.year_start, u.effective_on,
                   least(u.used, u.back - u.newer), u.request_id, :reason, :actor, :behalf, :origin
              FROM (SELECT m.person_id, m.request_id, m.year_start, r.effective_on, r.back, m.used,
                           coalesce(sum(m.used) OVER (PARTITION BY m.request_id ORDER BY m.year_start DESC
                                                      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS newer
                      FROM (SELECT person_id, request_id, year_start, -sum(centidays)::int AS used
                              FROM hr_leave_movement
                             WHERE organisation_id = :organisation AND request_id = ANY(:requests)
                             GROUP BY person_id, request_id, year_start HAVING sum(centidays) < 0) m
                      JOIN unnest(CAST(:requests AS int[]), CAST(:backs AS int[]), CAST(:days AS date[]))
                           AS r(request_id, back, effective_on) USING (request_id)) u
             WHERE u.back > u.newer
        """),
        {
            "requests": [r.request_id for r in returns],
            "backs": [r.centidays for r in returns],
            "days": [r.effective_on for r in returns],
            **_said(scope, organisation_id, None, reason),
        },
    )
    return done.rowcount


def lock_away(connection: Connection, scope: Scope, organisation_id: int, days: DaySpan) -> None:
    """Wait for whoever moves the days of people just now who are on leave on some of the days, and hold them."""
    connection.execute(
        text("""
            SELECT hr_leave_lock(person_id)
              FROM (SELECT DISTINCT person_id FROM hr_absence
                     WHERE organisation_id = :organisation AND kind = 'leave'
                       AND days && daterange(CAST(:first AS date), CAST(:end AS date)) ORDER BY person_id) p
        """),
        {"organisation": organisation_id, "first": days.first, "end": days.end},
    )


def overcounted(
    connection: Connection, scope: Scope, organisation_id: int, excluded: Sequence[date], days: DaySpan
) -> list[Return]:
    """Leaves of calendar days in force on some of the days that used more days than count in them now.

    ``excluded`` are the days that do not count, of all years that leaves in force on the days reach into.
    """
    rows = connection.execute(
        text("""
            SELECT u.request_id, (u.used - 100 * ((upper(a.days) - lower(a.days)) - x.excluded))::int AS centidays,
                   lower(a.days) AS effective_on
              FROM (SELECT request_id, -sum(centidays)::int AS used FROM hr_leave_movement
                     WHERE organisation_id = :organisation AND request_id IS NOT NULL GROUP BY request_id) u
              JOIN hr_absence a ON a.organisation_id = :organisation AND a.request_id = u.request_id
             CROSS JOIN LATERAL (SELECT count(*)::int AS excluded FROM unnest(CAST(:excluded AS date[])) e(day)
                                  WHERE a.days @> e.day) x
             WHERE a.days && daterange(CAST(:first AS date), CAST(:end AS date))
               AND u.used > 100 * ((upper(a.days) - lower(a.days)) - x.excluded)
             ORDER BY 1
        """),
        {"organisation": organisation_id, "excluded": list(excluded), "first": days.first, "end": days.end},
    )
    return many(Return, rows)
