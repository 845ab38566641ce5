"""One named function a statement.  Every function takes the scope; row-level security is the second witness."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text
from sqlalchemy.exc import IntegrityError

from erp.base.dates import DaySpan
from erp.base.db import many, one
from erp.base.scope import Scope
from erp.hr.personnel.model import Name, PersonRow
from erp.hr.requests.model import (
    Absence,
    Act,
    Away,
    Consent,
    Covers,
    Feed,
    Kind,
    RecallTerms,
    Request,
    RequestFilter,
    RequestRow,
    State,
    Stray,
    Whose,
)

_OVERLAP = "23P01"  # exclusion constraint


def _span(start: date, end: date) -> DaySpan:
    """Days as people say them, of an interval's first day and the one after its last."""
    return DaySpan(start, end - timedelta(days=1))


def _days(days: DaySpan | None) -> dict[str, date | None]:
    return {"first": days.first if days else None, "end": days.end if days else None}


# ------------------------------------------------------------------------------------------------ requests


def insert_request(
    connection: Connection, scope: Scope, organisation_id: int, kind: Kind, person_id: int, key: UUID
) -> int | None:
    """Id of what is going to be submitted; ``None`` where the key is taken."""
    return connection.execute(
        text("""
            INSERT INTO hr_request (organisation_id, key, kind, person_id)
            VALUES (:organisation, :key, :kind, :person) ON CONFLICT DO NOTHING RETURNING id
        """),
        {"organisation": organisation_id, "key": key, "kind": kind.value, "person": person_id},
    ).scalar_one_or_none()


def insert_act(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    request_id: int,
    act: State,
    *,
    version: int,
    days: DaySpan | None = None,
    approver_id: int | None = None,
    facts: Mapping[str, Any] | None = None,
    reason: str = "",
    consent: Consent | None = None,
    is_correction: bool = False,
) -> bool:
    """What the scope's actor does; the database moves the request on.

    False where the person is away on some of the days already, and so it cannot be approved.
    """
    try:
        with connection.begin_nested():
            connection.execute(
                text("""
                    INSERT INTO hr_request_act (organisation_id, request_id, version, act, days, approver_id, facts,
                                                origin, reason, consent_on, consent_document, is_correction)
                    VALUES (:organisation, :request, :version, :act,
                            CASE WHEN CAST(:first AS date) IS NOT NULL
                                 THEN daterange(CAST(:first AS date), CAST(:end AS date)) END,
                            :approver, CAST(:facts AS jsonb), :origin, :reason, :consent_on, :consent_document,
                            :is_correction)
                """),
                {
                    "organisation": organisation_id,
                    "request": request_id,
                    "version": version,
                    "act": act.value,
                    **_days(days),
                    "approver": approver_id,
                    "facts": None if facts is None else json.dumps(facts, ensure_ascii=False),
                    "origin": scope.actor.origin,
                    "reason": reason,
                    "consent_on": consent.given_on if consent else None,
                    "consent_document": consent.document if consent else "",
                    "is_correction": is_correction,
                },
            )
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) == _OVERLAP:
            return False
        raise
    return True


def lock(connection: Connection, scope: Scope, organisation_id: int, request_id: int) -> None:
    """Wait for whoever acts on the same request just now."""
    connection.execute(
        text("SELECT hr_request_lock(:organisation, :request)"),
        {"organisation": organisation_id, "request": request_id},
    )


def lock_person(connection: Connection, scope: Scope, person_id: int) -> None:
    """Wait for whoever asks for days of the same person just now."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('hr_request'), :person)"), {"person": person_id})


_REQUEST = """
    SELECT organisation_id, id, key, kind, person_id, state, version, approver_id, lower(days) AS start,
           upper(days) AS "end", facts
      FROM hr_request WHERE organisation_id = :organisation AND state <> 'draft'
"""


def _request(row: Row[Any] | None) -> Request | None:
    if row is None:
        return None
    said = dict(row._mapping)
    days = _span(said.pop("start"), said.pop("end"))
    return Request(**said | {"kind": Kind(row.kind), "state": State(row.state), "days": days})


def request(connection: Connection, scope: Scope, organisation_id: int, request_id: int) -> Request | None:
    found = connection.execute(
        text(f"{_REQUEST} AND id = :request"), {"organisation": organisation_id, "request": request_id}
    )
    return _request(found.one_or_none())


def request_of_key(connection: Connection, scope: Scope, organisation_id: int, key: UUID) -> Request | None:
    found = connection.execute(text(f"{_REQUEST} AND key = :key"), {"organisation": organisation_id, "key": key})
    return _request(found.one_or_none())


def request_after(
    connection: Connection, scope: Scope, organisation_id: int, request_id: int, version: int
) -> Request | None:
    """How a request stood after one of its acts."""
    found = connection.execute(
        text("""
            SELECT r.organisation_id, r.id, r.key, r.kind, r.person_id, a.act AS state, a.version, s.approver_id,
                   lower(d.days) AS start, upper(d.days) AS "end", s.facts
              FROM hr_request r
              JOIN hr_request_act a ON a.organisation_id = r.organisation_id AND a.request_id = r.id
                                   AND a.version = :version
             CROSS JOIN LATERAL (SELECT approver_id, facts FROM hr_request_act
                                  WHERE organisation_id = r.organisation_id AND request_id = r.id
                                    AND act = 'submitted' AND version <= :version ORDER BY version DESC LIMIT 1) s
             CROSS JOIN LATERAL (SELECT days FROM hr_request_act
                                  WHERE organisation_id = r.organisation_id AND request_id = r.id
                                    AND days IS NOT NULL AND version <= :version ORDER BY version DESC LIMIT 1) d
             WHERE r.organisation_id = :organisation AND r.id = :request
        """),
        {"organisation": organisation_id, "request": request_id, "version": version},
    )
    return _request(found.one_or_none())


def recall_terms(
    connection: Connection, scope: Scope, organisation_id: int, request_id: int, back: DaySpan
) -> RecallTerms:
    """What the law asks of giving the days back."""
    row = connection.execute(
        text("""
            SELECT needs_consent, too_young
              FROM hr_recall_terms(:organisation, :request, daterange(CAST(:first AS date), CAST(:end AS date)))
        """),
        {"organisation": organisation_id, "request": request_id, **_days(back)},
    ).one()
    return one(RecallTerms, row)


def acts(connection: Connection, scope: Scope, organisation_id: int, request_id: int) -> list[Act]:
    """Every act on a request, the first first."""
    rows = connection.execute(
        text("""
            SELECT a.version, a.act, lower(a.days) AS start, upper(a.days) AS "end", a.actor_id,
                   coalesce(u.name, '') AS actor, coalesce(b.name, '') AS on_behalf_of, a.lenders, a.origin, a.reason,
                   a.has_consent, a.consent_on, a.consent_document, a.is_correction, a.at
              FROM hr_request_act a
              LEFT JOIN reference_user u ON u.id = a.actor_id
              LEFT JOIN reference_user b ON b.id = a.on_behalf_of
             WHERE a.organisation_id = :organisation AND a.request_id = :request ORDER BY a.version
        """),
        {"organisation": organisation_id, "request": request_id},
    )
    found = []
    for row in rows:
        said = dict(row._mapping)
        start, end = said.pop("start"), said.pop("end")
        given_on, document = said.pop("consent_on"), said.pop("consent_document")
        read = {
            "act": State(row.act),
            "lenders": frozenset(row.lenders),
            "days": None if start is None else _span(start, end),
            "consent": None if given_on is None else Consent(given_on, document),
        }
        found.append(Act(**said | read))
    return found


@dataclass(frozen=True, slots=True)
class Hand:
    """As whom the actor would decide on a request."""

    decides: bool
    is_own: bool


def hand(connection: Connection, scope: Scope, organisation_id: int, request_id: int) -> Hand:
    row = connection.execute(
        text("SELECT decides, is_own FROM hr_request_hand(:organisation, :request)"),
        {"organisation": organisation_id, "request": request_id},
    ).one()
    return one(Hand, row)


def has_desk(connection: Connection, scope: Scope, organisation_id: int, person_id: int) -> bool:
    """Whether a person decides there by their own right."""
    return bool(
        connection.execute(
            text("SELECT hr_request_has_desk(:organisation, :person)"),
            {"organisation": organisation_id, "person": person_id},
        ).scalar_one()
    )


def desks(connection: Connection, scope: Scope, organisation_id: int) -> set[int]:
    """People whose requests the actor may decide on by the desk; 0: everybody's."""
    found = connection.execute(
        text("SELECT person_id FROM hr_request_desks() WHERE organisation_id = :organisation"),
        {"organisation": organisation_id},
    )
    return set(found.scalars())


def is_heard(
    connection: Connection, scope: Scope, organisation_id: int, person_id: int, approver_id: int | None
) -> bool:
    """Whether anybody could decide on what the actor would ask for a person now."""
    return bool(
        connection.execute(
            text("SELECT hr_request_is_heard(:organisation, :person, :approver)"),
            {"organisation": organisation_id, "person": person_id, "approver": approver_id},
        ).scalar_one()
    )


def hearers(connection: Connection, scope: Scope, organisation_id: int, request_id: int) -> list[int]:
    """Users who are told that it waits."""
    found = connection.execute(
        text("SELECT user_id FROM hr_request_hearers(:organisation, :request)"),
        {"organisation": organisation_id, "request": request_id},
    )
    return list(found.scalars())


def waits_no_more(connection: Connection, scope: Scope, organisation_id: int, request_id: int) -> None:
    """Whoever was told that it waits has no need to look any more."""
    connection.execute(
        text("SELECT hr_request_waits_no_more(:organisation, :request)"),
        {"organisation": organisation_id, "request": request_id},
    )


def asker(connection: Connection, scope: Scope, organisation_id: int, request_id: int) -> int | None:
    """The user whom a request is for; ``None`` where the person does not sign in."""
    found: int | None = connection.execute(
        text("SELECT hr_request_asker(:organisation, :request)"),
        {"organisation": organisation_id, "request": request_id},
    ).scalar_one()
    return found


_AT_DESK = """CASE WHEN hr_request_has_desk(r.organisation_id, r.approver_id) THEN r.approver_id ELSE 0 END
              IN (SELECT d.person_id FROM hr_request_desks() d WHERE d.organisation_id = :organisation)
              AND r.person_id IS DISTINCT FROM hr_self()"""
"""What waits for somebody who decides there no more is, as what waits for nobody, the heads' of human resources."""


def rows(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    narrowed: RequestFilter,
    before: int | None,
    limit: int,
) -> list[RequestRow]:
    """Requests in scope, the newest first; below the id ``before``."""
    found = connection.execute(
        text(f"""
            SELECT r.id, r.kind, r.state, r.version, r.person_id, r.approver_id, lower(r.days) AS start,
                   upper(r.days) AS "end", r.facts, a.at AS submitted_at, a.actor_id AS submitted_by_id
              FROM hr_request r
             CROSS JOIN LATERAL (SELECT at, actor_id FROM hr_request_act
                                  WHERE organisation_id = r.organisation_id AND request_id = r.id
                                    AND act = 'submitted' ORDER BY version DESC LIMIT 1) a
             WHERE r.organisation_id = :organisation AND r.state = ANY(:states)
               AND (CAST(:kind AS text) IS NULL OR r.kind = :kind)
               AND (CAST(:person AS int) IS NULL OR r.person_id = :person)
               AND (CAST(:before AS int) IS NULL OR r.id < :before)
               AND ({_AT_DESK if narrowed.at_desk else "true"})
             ORDER BY r.id DESC LIMIT :limit
        """),
        {
            "organisation": organisation_id,
            "states": [state.value for state in narrowed.states],
            "kind": narrowed.kind.value if narrowed.kind else None,
            "person": narrowed.person_id,
            "before": before,
            "limit": limit,
        },
    )
    rows = []
    for row in found:
        said = dict(row._mapping)
        days = _span(said.pop("start"), said.pop("end"))
        rows.append(RequestRow(**said | {"kind": Kind(row.kind), "state": State(row.state), "days": days}))
    return rows


def waiting(connection: Connection, scope: Scope, organisation_id: int) -> int:
    """How many requests wait at the actor's desks."""
    return int(
        connection.execute(
            text(f"""
                SELECT count(*) FROM hr_request r
                 WHERE r.organisation_id = :organisation AND r.state = 'submitted' AND {_AT_DESK}
            """),
            {"organisation": organisation_id},
        ).scalar_one()
    )


def asked(
    connection: Connection, scope: Scope, organisation_id: int, person_id: int, days: DaySpan
) -> dict[int, tuple[State, DaySpan]]:
    """Requests of a person that share a day and wait or count: id to state and days."""
    found = connection.execute(
        text("""
            SELECT id, state, lower(days) AS start, upper(days) AS "end" FROM hr_request
             WHERE organisation_id = :organisation AND person_id = :person
               AND state IN ('submitted', 'approved', 'recalled')
               AND days && daterange(CAST(:first AS date), CAST(:end AS date))
             ORDER BY lower(days)
        """),
        {"organisation": organisation_id, "person": person_id, **_days(days)},
    )
    return {row.id: (State(row.state), _span(row.start, row.end)) for row in found}


def serves_throughout(
    connection: Connection, scope: Scope, organisation_id: int, person_id: int, days: DaySpan
) -> bool:
    """Whether a person holds some post on each of the days, as it is known now."""
    return bool(
        connection.execute(
            text("""
                SELECT coalesce(range_agg(valid) @> daterange(CAST(:first AS date), CAST(:end AS date)), false)
                  FROM hr_service WHERE organisation_id = :organisation AND person_id = :person
            """),
            {"organisation": organisation_id, "person": person_id, **_days(days)},
        ).scalar_one()
    )


def outside_service(
    connection: Connection, scope: Scope, organisation_id: int, people: Collection[int] | None, limit: int
) -> list[Stray]:
    """Absences with days on which the person does not serve, as it is known now; the latest days first."""
    found = connection.execute(
        text("""
            SELECT a.request_id, a.person_id, a.kind, lower(a.days) AS start, upper(a.days) AS "end",
                   lower(o.days) AS outside_start, upper(o.days) AS outside_end
              FROM hr_absence a
             CROSS JOIN LATERAL (SELECT coalesce(range_agg(s.valid), '{}') AS days FROM hr_service s
                                  WHERE s.organisation_id = a.organisation_id AND s.person_id = a.person_id
                                    AND s.valid && a.days) s
             CROSS JOIN LATERAL unnest(datemultirange(a.days) - s.days) o(days)
             WHERE a.organisation_id = :organisation AND NOT s.days @> a.days
               AND (CAST(:people AS int[]) IS NULL OR a.person_id = ANY(:people))
             ORDER BY lower(a.days) DESC, a.request_id, lower(o.days) LIMIT :limit
        """),
        {"organisation": organisation_id, "people": None if people is None else list(people), "limit": limit},
    )
    return [Stray(_absence(row), _span(row.outside_start, row.outside_end)) for row in found]


def waiting_on(
    connection: Connection, scope: Scope, organisation_id: int, days: DaySpan, people: Collection[int]
) -> list[Absence]:
    """What some people ask for on the days and nobody has decided on, as far as the actor decides, or keeps records."""
    found = connection.execute(
        text("""
            SELECT id AS request_id, person_id, kind, lower(days) AS start, upper(days) AS "end"
              FROM hr_request
             WHERE organisation_id = :organisation AND state = 'submitted' AND person_id = ANY(:people)
               AND days && daterange(CAST(:first AS date), CAST(:end AS date))
             ORDER BY person_id, lower(days)
        """),
        {"organisation": organisation_id, **_days(days), "people": list(people)},
    )
    return [_absence(row) for row in found]


# ------------------------------------------------------------------------------------------------ absences


def away(connection: Connection, scope: Scope, organisation_id: int, days: DaySpan) -> list[Away]:
    """Who is away on which of the days, for everybody who serves there."""
    found = connection.execute(
        text("""
            SELECT person_id, lower(days) AS start, upper(days) AS "end"
              FROM hr_away(:organisation, daterange(CAST(:first AS date), CAST(:end AS date)))
        """),
        {"organisation": organisation_id, **_days(days)},
    )
    return [Away(row.person_id, _span(row.start, row.end)) for row in found]


def absences(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    days: DaySpan,
    people: Collection[int] | None = None,
) -> list[Absence]:
    """The same, each with its kind and whole, for who may know; of some people where they are given."""
    found = connection.execute(
        text("""
            SELECT request_id, person_id, kind, lower(days) AS start, upper(days) AS "end"
              FROM hr_absence
             WHERE organisation_id = :organisation
               AND days && daterange(CAST(:first AS date), CAST(:end AS date))
               AND (CAST(:people AS int[]) IS NULL OR person_id = ANY(:people))
             ORDER BY person_id, lower(days)
        """),
        {"organisation": organisation_id, **_days(days), "people": None if people is None else list(people)},
    )
    return [_absence(row) for row in found]


def _absence(row: Row[Any]) -> Absence:
    return Absence(row.request_id, row.person_id, Kind(row.kind), _span(row.start, row.end))


@dataclass(frozen=True, slots=True)
class Place:
    """After whom a page of ``served`` begins."""

    is_here: bool
    name: str
    person_id: int


def served(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    days: DaySpan,
    whose: Whose,
    with_waiting: bool,
    after: Place | None = None,
    limit: int | None = None,
) -> list[tuple[bool, PersonRow]]:
    """Who serves on any of the days, each in the post held last of the days: by name, whoever is away first.

    With what waits, also who asks to be away.  Without a limit all of them.
    """
    found = connection.execute(
        text("""
            WITH gone AS (
                SELECT person_id FROM hr_away(:organisation, daterange(CAST(:first AS date), CAST(:end AS date)))
                 UNION
                SELECT person_id FROM hr_request
                 WHERE :with_waiting AND organisation_id = :organisation AND state = 'submitted'
                   AND days && daterange(CAST(:first AS date), CAST(:end AS date))
            )
            SELECT s.*, n.family_name, n.given_name, n.patronymic, u.name_kk AS unit_kk, u.name_ru AS unit_ru,
                   u.name_en AS unit_en, w.is_here
              FROM (SELECT DISTINCT ON (person_id) person_id, appointment_id, unit_id, title_kk, title_ru, title_en,
                           category, percent, number, lower(valid) AS since, upper(valid * d.days) - 1 AS day
                      FROM hr_service
                     CROSS JOIN (SELECT daterange(CAST(:first AS date), CAST(:end AS date)) AS days) d
                     WHERE organisation_id = :organisation AND valid && d.days
                       AND (CAST(:units AS int[]) IS NULL OR unit_id = ANY(:units) OR person_id = ANY(:people))
                     ORDER BY person_id, upper(valid * d.days) DESC, percent DESC, appointment_id) s
              JOIN hr_unit_fact u ON u.organisation_id = :organisation AND u.unit_id = s.unit_id AND u.valid @> s.day
                                 AND u.superseded_xid IS NULL
              JOIN hr_person_name n ON n.person_id = s.person_id AND n.valid @> s.day AND n.superseded_xid IS NULL
             CROSS JOIN LATERAL (
                   SELECT concat_ws(' ', n.family_name, n.given_name, nullif(n.patronymic, '')) AS whole,
                          s.person_id NOT IN (SELECT person_id FROM gone) AS is_here) w
             WHERE :after_id = 0 OR (w.is_here, base_kazakh_sort_key(w.whole) COLLATE "C", s.person_id)
                                  > (:after_here, base_kazakh_sort_key(:after_name) COLLATE "C", :after_id)
             ORDER BY w.is_here, base_kazakh_sort_key(w.whole) COLLATE "C", s.person_id LIMIT :limit
        """),
        {
            "organisation": organisation_id,
            **_days(days),
            "units": None if whose.units is None else sorted(whose.units),
            "people": sorted(whose.people),
            "with_waiting": with_waiting,
            "after_here": after.is_here if after else False,
            "after_name": after.name if after else "",
            "after_id": after.person_id if after else 0,
            "limit": limit,
        },
    )
    rows = []
    for row in found:
        said = dict(row._mapping)
        is_here = said.pop("is_here")
        del said["day"]
        name = Name(said.pop("family_name"), said.pop("given_name"), said.pop("patronymic"))
        rows.append((is_here, PersonRow(name=name, **said)))
    return rows


# ------------------------------------------------------------------------------------------------ calendar feeds


def insert_feed(connection: Connection, scope: Scope, organisation_id: int, covers: Covers, code_hash: bytes) -> int:
    return int(
        connection.execute(
            text("""
                INSERT INTO hr_calendar_feed (organisation_id, user_id, covers, code_hash)
                VALUES (:organisation, :user, :covers, :code_hash) RETURNING id
            """),
            {
                "organisation": organisation_id,
                "user": scope.actor.id,
                "covers": covers.value,
                "code_hash": code_hash,
            },
        ).scalar_one()
    )


def feeds(connection: Connection, scope: Scope, organisation_id: int) -> list[Feed]:
    """The actor's own that still open."""
    found = connection.execute(
        text("""
            SELECT id, covers, made_at FROM hr_calendar_feed
             WHERE organisation_id = :organisation AND user_id = :user AND revoked_at IS NULL ORDER BY covers
        """),
        {"organisation": organisation_id, "user": scope.actor.id},
    )
    return [Feed(row.id, Covers(row.covers), row.made_at) for row in found]


def revoke_feeds(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    *,
    feed_id: int | None = None,
    covers: Covers | None = None,
) -> list[str]:
    """Close those of the actor's own that still open: one by its id, or all of a cover; what each covered."""
    revoked = connection.execute(
        text("""
            UPDATE hr_calendar_feed SET revoked_at = clock_timestamp()
             WHERE organisation_id = :organisation AND user_id = :user AND revoked_at IS NULL
               AND (id = :id OR covers = :covers) RETURNING covers
        """),
        {
            "organisation": organisation_id,
            "user": scope.actor.id,
            "id": feed_id,
            "covers": covers.value if covers else None,
        },
    )
    return list(revoked.scalars())


def was_feed(connection: Connection, scope: Scope, organisation_id: int, feed_id: int) -> bool:
    """Whether the actor once made such an address."""
    found = connection.execute(
        text("SELECT FROM hr_calendar_feed WHERE organisation_id = :organisation AND user_id = :user AND id = :id"),
        {"organisation": organisation_id, "user": scope.actor.id, "id": feed_id},
    )
    return found.rowcount > 0


@dataclass(frozen=True, slots=True)
class FeedOwner:
    organisation_id: int
    login: str
    covers: str


def feed_owner(connection: Connection, scope: Scope, code_hash: bytes) -> FeedOwner | None:
    found = connection.execute(
        text("SELECT organisation_id, login, covers FROM hr_calendar_feed_of(:code_hash)"), {"code_hash": code_hash}
    )
    owners = many(FeedOwner, found)
    return owners[0] if owners else None
