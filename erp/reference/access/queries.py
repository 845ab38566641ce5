from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, text

from erp.base.db import many, one
from erp.base.scope import Scope
from erp.reference.access.model import (
    Challenge,
    Delegation,
    Grant,
    Held,
    Identity,
    Limits,
    OpenSession,
    PeopleCount,
    PeopleFilter,
    Permission,
    PersonRow,
    Reach,
    Role,
    SecondFactor,
    SessionKind,
    Token,
    User,
)


@dataclass(frozen=True, slots=True)
class Credentials:
    id: int
    login: str
    name: str
    language: str
    password_hash: str
    has_second_factor: bool


def credentials_of(connection: Connection, scope: Scope, login: str, day: date) -> Credentials | None:
    """What sign-in checks, for a user in force on ``day``."""
    row = connection.execute(
        text("""
            SELECT u.id, login, name, language, password_hash, coalesce(f.is_confirmed, false) AS has_second_factor
              FROM reference_user u LEFT JOIN reference_second_factor f ON f.user_id = u.id
             WHERE login = :login AND in_force @> CAST(:day AS date)
        """),
        {"login": login, "day": day},
    ).one_or_none()
    return one(Credentials, row) if row else None


def count_attempt(connection: Connection, scope: Scope, login: str) -> datetime | None:
    """Count a sign-in from the scope's origin as failed until it succeeds; ``None`` where it may be tried.

    From the third on the wait doubles, up to a quarter of an hour; one that comes too early is not counted, and
    the instant from which the next may be tried is returned.
    """
    who = {"login": login, "origin": scope.actor.origin}
    counted = connection.execute(
        text("""
            INSERT INTO reference_sign_in_failure AS f (login, origin, failures, retry_at)
            VALUES (:login, :origin, 1, clock_timestamp())
            ON CONFLICT (login, origin) DO UPDATE
               SET failures = f.failures + 1,
                   retry_at = clock_timestamp() + CASE WHEN f.failures >= 2
                       THEN least(interval '15 minutes', interval '2 seconds' * 2 ^ least(f.failures - 2, 10))
                       ELSE interval '0' END
             WHERE f.retry_at <= clock_timestamp()
            RETURNING failures
        """),
        who,
    ).one_or_none()
    if counted is not None:
        return None
    retry_at: datetime = connection.execute(
        text("SELECT retry_at FROM reference_sign_in_failure WHERE login = :login AND origin = :origin"), who
    ).scalar_one()
    return retry_at


def forget_failures(connection: Connection, scope: Scope, login: str, kept: timedelta) -> None:
    """Those of the login from the scope's origin, and everybody's whose wait ended longer than ``kept`` ago."""
    connection.execute(
        text("""
            DELETE FROM reference_sign_in_failure
             WHERE (login = :login AND origin = :origin) OR retry_at < clock_timestamp() - CAST(:kept AS interval)
        """),
        {"login": login, "origin": scope.actor.origin, "kept": kept},
    )


def insert_session(
    connection: Connection,
    scope: Scope,
    token_hash: bytes,
    user_id: int,
    kind: SessionKind,
    life: timedelta,
    *,
    agent: str = "",
    name: str = "",
    limits: Limits | None = None,
) -> int:
    """Returns the session's number."""
    session_id: int = connection.execute(
        text("""
            INSERT INTO reference_session (token_hash, user_id, kind, origin, expires_at, agent, name, permissions,
                                           only_at)
            VALUES (:token_hash, :user, :kind, :origin, clock_timestamp() + :life, :agent, :name, :permissions,
                    :only_at)
            RETURNING id
        """),
        {
            "token_hash": token_hash,
            "user": user_id,
            "kind": kind.value,
            "origin": scope.actor.origin,
            "life": life,
            "agent": agent,
            "name": name,
            "permissions": sorted(limits.permissions) if limits else None,
            "only_at": limits.organisation_id if limits else None,
        },
    ).scalar_one()
    return session_id


def delete_session(connection: Connection, scope: Scope, token_hash: bytes) -> None:
    connection.execute(text("DELETE FROM reference_session WHERE token_hash = :token_hash"), {"token_hash": token_hash})


def delete_expired_sessions(connection: Connection, scope: Scope) -> None:
    connection.execute(text("DELETE FROM reference_session WHERE expires_at < clock_timestamp()"))


def delete_sessions_of(
    connection: Connection,
    scope: Scope,
    user_id: int,
    kinds: Iterable[SessionKind],
    *,
    session_id: int | None = None,
    but: bytes | None = None,
) -> int:
    """End a person's sessions of these kinds: all, or one, but not that of the secret ``but``; how many there were."""
    return connection.execute(
        text("""
            DELETE FROM reference_session
             WHERE user_id = :user AND kind = ANY(:kinds) AND id = coalesce(:session, id)
               AND token_hash IS DISTINCT FROM CAST(:but AS bytea)
        """),
        {"user": user_id, "kinds": [kind.value for kind in kinds], "session": session_id, "but": but},
    ).rowcount


def sessions_of(connection: Connection, scope: Scope, token_hash: bytes) -> list[OpenSession]:
    """Browsers signed in as the actor, the last used first; ``is_this`` is that of the secret."""
    rows = connection.execute(
        text("""
            SELECT id, origin, agent, created_at, seen_at, token_hash = :token_hash AS is_this
              FROM reference_session
             WHERE user_id = :user AND kind = 'browser' AND expires_at > clock_timestamp()
             ORDER BY token_hash = :token_hash DESC, seen_at DESC
        """),
        {"user": scope.actor.id, "token_hash": token_hash},
    )
    return many(OpenSession, rows)


def tokens_of(connection: Connection, scope: Scope, user_id: int) -> list[Token]:
    """A person's tokens that have not run out, the newest first."""
    rows = connection.execute(
        text("""
            SELECT id, name, permissions, only_at, created_at, expires_at,
                   CASE WHEN seen_at > created_at + interval '1 second' THEN seen_at END AS used_at
              FROM reference_session
             WHERE user_id = :user AND kind = 'token' AND expires_at > clock_timestamp() ORDER BY id DESC
        """),
        {"user": user_id},
    )
    return [Token(r.id, r.name, _limits(r.permissions, r.only_at), r.created_at, r.used_at, r.expires_at) for r in rows]


def mark_seen(connection: Connection, scope: Scope, token_hash: bytes) -> None:
    connection.execute(
        text("UPDATE reference_session SET seen_at = clock_timestamp() WHERE token_hash = :token_hash"),
        {"token_hash": token_hash},
    )


def try_challenge(connection: Connection, scope: Scope, token_hash: bytes, day: date) -> Challenge | None:
    """Whose challenge a secret is; each look counts as a try of it."""
    row = connection.execute(
        text("""
            UPDATE reference_session s SET tries = tries + 1 FROM reference_user u
             WHERE s.token_hash = :token_hash AND s.kind = 'challenge' AND s.expires_at > clock_timestamp()
               AND u.id = s.user_id AND u.in_force @> CAST(:day AS date)
            RETURNING u.id, u.login, u.name, u.language, s.tries
        """),
        {"token_hash": token_hash, "day": day},
    ).one_or_none()
    return Challenge(User(row.id, row.login, row.name, row.language), row.tries) if row else None


_HOLDINGS = """
    CROSS JOIN LATERAL (
        SELECT array_agg(g.organisation_id || ' ' || g.role || ' ' || coalesce(g.on_behalf_of::text, '')) AS grants,
               array_agg(DISTINCT g.organisation_id)
                   FILTER (WHERE g.role = 'administrator' AND reference_is_on_top(g.organisation_id, :day)) AS summits
          FROM reference_grants_of(u.id, :day) g
    ) h
"""
_SESSION = text(f"""
    SELECT u.id, u.login, u.name, u.language, u.must_change_password, h.grants, h.summits,
           s.permissions, s.only_at, s.seen_at < clock_timestamp() - interval '5 minutes' AS is_stale
      FROM reference_session s JOIN reference_user u ON u.id = s.user_id AND u.in_force @> CAST(:day AS date)
      {_HOLDINGS}
     WHERE s.token_hash = :token_hash AND s.kind = :kind AND s.expires_at > clock_timestamp()
""")


def session_of(
    connection: Connection, scope: Scope, token_hash: bytes, kind: SessionKind, day: date
) -> Identity | None:
    """The person behind a session of this kind, with every role they hold on ``day``."""
    row = connection.execute(_SESSION, {"token_hash": token_hash, "kind": kind.value, "day": day}).one_or_none()
    if row is None:
        return None
    return _identity(row, scope, kind.value, _limits(row.permissions, row.only_at), is_stale=row.is_stale)


def user_with_grants(connection: Connection, scope: Scope, login: str, day: date) -> Identity | None:
    """A user in force on ``day`` with every role they hold then."""
    row = connection.execute(
        text(f"""
            SELECT u.id, u.login, u.name, u.language, false AS must_change_password, h.grants, h.summits
              FROM reference_user u {_HOLDINGS}
             WHERE u.login = :login AND u.in_force @> CAST(:day AS date)
        """),
        {"login": login, "day": day},
    ).one_or_none()
    return _identity(row, scope, "program", None) if row else None


def _identity(row: Row[Any], scope: Scope, kind: str, limits: Limits | None, *, is_stale: bool = False) -> Identity:
    parts = (each.split(" ") for each in row.grants or ())
    grants = frozenset(Grant(int(at), Role(role), int(lender) if lender else None) for at, role, lender in parts)
    return Identity(
        User(row.id, row.login, row.name, row.language),
        grants,
        scope.actor.origin,
        kind,
        frozenset(row.summits or ()),
        limits,
        row.must_change_password,
        is_stale,
    )


def _limits(permissions: list[str] | None, organisation_id: int | None) -> Limits | None:
    """A permission that the program no longer knows is one nobody has."""
    if permissions is None:
        return None
    known = set(Permission)
    return Limits(frozenset(Permission(each) for each in permissions if each in known), organisation_id)


def update_language(connection: Connection, scope: Scope, user_id: int, language: str) -> None:
    connection.execute(
        text("UPDATE reference_user SET language = :language WHERE id = :id"),
        {"id": user_id, "language": language},
    )


def insert_user(
    connection: Connection, scope: Scope, login: str, name: str, password_hash: str, language: str, *, must_change: bool
) -> int | None:
    """The new user's id; ``None`` when the login is taken."""
    return connection.execute(
        text("""
            INSERT INTO reference_user (login, name, password_hash, language, must_change_password)
            VALUES (:login, :name, :password_hash, :language, :must_change) ON CONFLICT DO NOTHING RETURNING id
        """),
        {
            "login": login,
            "name": name,
            "password_hash": password_hash,
            "language": language,
            "must_change": must_change,
        },
    ).scalar_one_or_none()


def password_hash_of(connection: Connection, scope: Scope, user_id: int) -> str:
    password_hash: str = connection.execute(
        text("SELECT password_hash FROM reference_user WHERE id = :id"), {"id": user_id}
    ).scalar_one()
    return password_hash


def update_password(
    connection: Connection, scope: Scope, user_id: int, password_hash: str, *, must_change: bool
) -> None:
    connection.execute(
        text("UPDATE reference_user SET password_hash = :hash, must_change_password = :must_change WHERE id = :id"),
        {"id": user_id, "hash": password_hash, "must_change": must_change},
    )


def update_name(connection: Connection, scope: Scope, user_id: int, name: str) -> None:
    connection.execute(text("UPDATE reference_user SET name = :name WHERE id = :id"), {"id": user_id, "name": name})


def update_in_force(connection: Connection, scope: Scope, user_id: int, day: date, *, is_admitted: bool) -> None:
    """Let a person in from ``day`` on, or no more."""
    operator = "+" if is_admitted else "-"
    connection.execute(
        text(f"""
            UPDATE reference_user SET in_force = in_force {operator} datemultirange(daterange(:day, NULL))
             WHERE id = :id
        """),
        {"id": user_id, "day": day},
    )


# ------------------------------------------------------------------------------------------------ people and roles

_PERSON = """
    SELECT u.id, u.login, u.name, u.language, u.in_force @> CAST(:day AS date) AS is_admitted,
           (SELECT min(lower(r)) FROM unnest(u.in_force) r WHERE lower(r) > :day) AS admitted_from,
           (SELECT upper(r) FROM unnest(u.in_force) r WHERE r @> CAST(:day AS date)) AS blocked_from,
           s.has_second_factor, s.seen_at, reference_may_manage(u.id) AS is_manageable
      FROM reference_user u CROSS JOIN LATERAL reference_signs_in(u.id) s
"""
_ADMINISTERED = "ANY((SELECT reference_administered())::int[])"
_KNOWN_HERE = f"""
    (EXISTS (SELECT FROM reference_role_grant g WHERE g.user_id = u.id AND g.organisation_id = {_ADMINISTERED})
     OR EXISTS (SELECT FROM reference_delegation d WHERE d.delegate_id = u.id AND d.organisation_id = {_ADMINISTERED})
     OR NOT EXISTS (SELECT FROM reference_role_grant g WHERE g.user_id = u.id) AND reference_may_manage(u.id))
"""


_ASKED = f"""
    (:words = '' OR strpos(base_search_fold(u.name || ' ' || u.login), base_search_fold(:words)) > 0)
    AND (CAST(:blocked AS boolean) IS NULL OR u.in_force @> CAST(:day AS date) <> CAST(:blocked AS boolean))
    AND (CAST(:organisation AS int) IS NULL AND :role = ''
         OR EXISTS (SELECT FROM reference_role_grant g
                     WHERE g.user_id = u.id AND g.in_force @> CAST(:day AS date)
                       AND g.organisation_id = coalesce(CAST(:organisation AS int), g.organisation_id)
                       AND (:role = '' OR g.role = :role) AND g.organisation_id = {_ADMINISTERED}))
"""


def people(
    connection: Connection, scope: Scope, day: date, asked: PeopleFilter, after: tuple[str, int] | None, limit: int
) -> list[PersonRow]:
    """Who has or had a role where the scope administers, and is asked for; by name."""
    rows = connection.execute(
        text(f"""
            {_PERSON} WHERE {_KNOWN_HERE} AND {_ASKED}
               AND (:after_id = 0 OR (base_kazakh_sort_key(u.name) COLLATE "C", u.id) >
                                     (base_kazakh_sort_key(:after_name) COLLATE "C", :after_id))
             ORDER BY base_kazakh_sort_key(u.name) COLLATE "C", u.id LIMIT :limit
        """),
        {
            "day": day,
            "words": asked.words,
            "organisation": asked.organisation_id,
            "role": asked.role.value if asked.role else "",
            "blocked": asked.is_blocked,
            "after_name": after[0] if after else "",
            "after_id": after[1] if after else 0,
            "limit": limit,
        },
    )
    return many(PersonRow, rows)


def people_counted(connection: Connection, scope: Scope, day: date) -> PeopleCount:
    """Of those whom ``people`` lists."""
    row = connection.execute(
        text(f"""
            SELECT count(*) AS people, count(*) FILTER (WHERE NOT u.in_force @> CAST(:day AS date)) AS blocked,
                   count(*) FILTER (WHERE u.in_force @> CAST(:day AS date) AND NOT s.has_second_factor)
                       AS without_second_factor
              FROM reference_user u CROSS JOIN LATERAL reference_signs_in(u.id) s WHERE {_KNOWN_HERE}
        """),
        {"day": day},
    ).one()
    return one(PeopleCount, row)


def person_known_here(connection: Connection, scope: Scope, user_id: int, day: date) -> PersonRow | None:
    row = connection.execute(
        text(f"{_PERSON} WHERE u.id = :id AND {_KNOWN_HERE}"), {"id": user_id, "day": day}
    ).one_or_none()
    return one(PersonRow, row) if row else None


def user_by_id(connection: Connection, scope: Scope, user_id: int) -> User | None:
    row = connection.execute(
        text("SELECT id, login, name, language FROM reference_user WHERE id = :id"), {"id": user_id}
    ).one_or_none()
    return one(User, row) if row else None


def lock_person(connection: Connection, scope: Scope, user_id: int) -> None:
    """Changes of one person's roles wait for each other."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('reference_user'), :id)"), {"id": user_id})


def organisation_of(connection: Connection, scope: Scope, user_id: int) -> int | None:
    """Where, of what the scope administers, a person has or had a role: the trail of their account stands there."""
    return connection.execute(
        text(f"""
            SELECT organisation_id FROM reference_role_grant
             WHERE user_id = :id AND organisation_id = {_ADMINISTERED}
             ORDER BY upper_inf(in_force) DESC, id LIMIT 1
        """),
        {"id": user_id},
    ).scalar_one_or_none()


_HELD = """
    SELECT g.id, g.user_id, g.role, g.organisation_id, coalesce(lower(g.in_force), g.withdrawn_on) AS since,
           coalesce(upper(g.in_force), g.withdrawn_on) AS until,
           g.organisation_id = ANY((SELECT reference_administered())::int[]) AS is_changeable
      FROM reference_role_grant g
"""


def held_by(connection: Connection, scope: Scope, user_ids: list[int]) -> list[Held]:
    """The roles granted to people, past ones too, those in force first."""
    rows = connection.execute(
        text(f"{_HELD} WHERE g.user_id = ANY(:ids) ORDER BY upper_inf(g.in_force) DESC, since DESC NULLS LAST, g.id"),
        {"ids": user_ids},
    )
    return many(Held, rows)


def held(connection: Connection, scope: Scope, grant_id: int) -> Held | None:
    row = connection.execute(text(f"{_HELD} WHERE g.id = :id FOR UPDATE"), {"id": grant_id}).one_or_none()
    return one(Held, row) if row else None


def reach_of(connection: Connection, scope: Scope, grant_ids: list[int], day: date) -> list[Reach]:
    """Where granted roles count on ``day``, and whether by standing above or by serving."""
    rows = connection.execute(
        text("""
            SELECT g.id AS grant_id, r.organisation_id,
                   CASE WHEN r.organisation_id = g.organisation_id THEN 'itself'
                        WHEN EXISTS (SELECT FROM reference_serving s
                                      WHERE s.office_id = g.organisation_id AND s.institution_id = r.organisation_id
                                        AND s.in_force @> CAST(:day AS date)) THEN 'serving'
                        ELSE 'above' END AS way
              FROM reference_role_grant g
             CROSS JOIN LATERAL reference_reach(g.organisation_id, g.role, :day) r
             WHERE g.id = ANY(:ids) AND g.in_force @> CAST(:day AS date)
        """),
        {"ids": grant_ids, "day": day},
    )
    return many(Reach, rows)


def insert_grant(
    connection: Connection,
    scope: Scope,
    user_id: int,
    role: Role,
    organisation_id: int,
    since: date,
    until: date | None = None,
) -> bool:
    """Whether it is new: one held on any of these days already stays as it is."""
    inserted = connection.execute(
        text("""
            INSERT INTO reference_role_grant (user_id, role, organisation_id, in_force)
            VALUES (:user, :role, :organisation, daterange(:since, :until)) ON CONFLICT DO NOTHING RETURNING id
        """),
        {"user": user_id, "role": role.value, "organisation": organisation_id, "since": since, "until": until},
    )
    return inserted.scalar_one_or_none() is not None


def end_grant(connection: Connection, scope: Scope, grant_id: int, day: date) -> None:
    """From ``day`` on the role is no longer held; one that was still to come is gone, any other stays with its days."""
    _end(connection, "reference_role_grant", grant_id, day)


def end_delegation(connection: Connection, scope: Scope, delegation_id: int, day: date) -> None:
    _end(connection, "reference_delegation", delegation_id, day)


def _end(connection: Connection, table: str, row_id: int, day: date) -> None:
    connection.execute(
        text(f"DELETE FROM {table} WHERE id = :id AND lower(in_force) >= :day AND lower(in_force) > reference_today()"),
        {"id": row_id, "day": day},
    )
    connection.execute(
        text(f"""
            UPDATE {table} SET in_force = in_force * daterange(NULL, :day)
             WHERE id = :id
        """),
        {"id": row_id, "day": day},
    )


_DELEGATION = """
    SELECT d.id, d.role, d.organisation_id, coalesce(lower(d.in_force), d.withdrawn_on) AS since,
           coalesce(upper(d.in_force), d.withdrawn_on) AS until,
           l.id AS lender_id, l.name AS lender, t.id AS delegate_id, t.name AS delegate
      FROM reference_delegation d
      JOIN reference_user l ON l.id = d.lender_id JOIN reference_user t ON t.id = d.delegate_id
"""


def delegations_of(connection: Connection, scope: Scope, user_id: int) -> list[Delegation]:
    """What a person lent, and what was lent to them, the latest first."""
    rows = connection.execute(
        text(f"{_DELEGATION} WHERE :id IN (d.lender_id, d.delegate_id) ORDER BY since DESC, d.id DESC"),
        {"id": user_id},
    )
    return many(Delegation, rows)


def delegation(connection: Connection, scope: Scope, delegation_id: int) -> Delegation | None:
    row = connection.execute(text(f"{_DELEGATION} WHERE d.id = :id"), {"id": delegation_id}).one_or_none()
    return one(Delegation, row) if row else None


def insert_delegation(
    connection: Connection,
    scope: Scope,
    lender_id: int,
    delegate_id: int,
    role: Role,
    organisation_id: int,
    since: date,
    until: date,
) -> int | None:
    """Its number; ``None`` where the same was lent to them for some of these days already."""
    return connection.execute(
        text("""
            INSERT INTO reference_delegation (lender_id, delegate_id, role, organisation_id, in_force)
            VALUES (:lender, :delegate, :role, :organisation, daterange(:since, :until))
            ON CONFLICT DO NOTHING RETURNING id
        """),
        {
            "lender": lender_id,
            "delegate": delegate_id,
            "role": role.value,
            "organisation": organisation_id,
            "since": since,
            "until": until,
        },
    ).scalar_one_or_none()


def delegate_by_login(connection: Connection, scope: Scope, lender_id: int, login: str, day: date) -> User | None:
    """Who signs in on ``day`` and is known to the lender, by a role that counts where one of the lender's counts too,
    or to whom the scope administers.  Of others nobody learns whether they are there.
    """
    row = connection.execute(
        text(f"""
            SELECT u.id, u.login, u.name, u.language FROM reference_user u
             WHERE u.login = :login AND u.in_force @> CAST(:day AS date)
               AND ({_KNOWN_HERE}
                    OR EXISTS (SELECT FROM reference_own_grants_of(u.id, :day) t
                                 JOIN reference_own_grants_of(:lender, :day) l USING (organisation_id)))
        """),
        {"login": login, "day": day, "lender": lender_id},
    ).one_or_none()
    return one(User, row) if row else None


def own_roles(connection: Connection, scope: Scope, user_id: int, day: date) -> list[tuple[int, Role]]:
    """What was granted to a person, and so may be lent: organisations it reaches on ``day``, and roles."""
    rows = connection.execute(
        text("SELECT organisation_id, role FROM reference_own_grants_of(:user, :day) ORDER BY 1, 2"),
        {"user": user_id, "day": day},
    )
    return [(row.organisation_id, Role(row.role)) for row in rows]


# ------------------------------------------------------------------------------------------------ the second factor


def second_factor_of(connection: Connection, scope: Scope, user_id: int) -> SecondFactor | None:
    row = connection.execute(
        text("""
            SELECT sealed, is_confirmed,
                   (SELECT count(*) FROM reference_recovery_code r WHERE r.user_id = f.user_id AND r.used_at IS NULL)
                       AS recovery_codes
              FROM reference_second_factor f WHERE user_id = :user
        """),
        {"user": user_id},
    ).one_or_none()
    return one(SecondFactor, row) if row else None


def put_second_factor(connection: Connection, scope: Scope, user_id: int, sealed: bytes) -> bool:
    """Whether the secret was taken: one already confirmed stays."""
    taken = connection.execute(
        text("""
            INSERT INTO reference_second_factor AS f (user_id, sealed) VALUES (:user, :sealed)
            ON CONFLICT (user_id) DO UPDATE SET sealed = excluded.sealed, last_step = 0 WHERE NOT f.is_confirmed
            RETURNING user_id
        """),
        {"user": user_id, "sealed": sealed},
    )
    return taken.scalar_one_or_none() is not None


def reads_plain_secrets(connection: Connection, scope: Scope) -> bool:
    asked = "SELECT has_column_privilege('reference_second_factor', 'secret', 'UPDATE')"
    return bool(connection.execute(text(asked)).scalar_one())


def plain_secrets(connection: Connection, scope: Scope) -> dict[int, str]:
    """Secrets that are not sealed yet, by user; locked."""
    rows = connection.execute(
        text("SELECT user_id, secret FROM reference_second_factor WHERE secret IS NOT NULL ORDER BY user_id FOR UPDATE")
    )
    return {row.user_id: row.secret for row in rows}


def put_sealed(connection: Connection, scope: Scope, sealed: Mapping[int, bytes]) -> None:
    """In the place of what is plain."""
    connection.execute(
        text("""
            UPDATE reference_second_factor f SET sealed = s.sealed, secret = NULL
              FROM unnest(CAST(:users AS int[]), CAST(:sealed AS bytea[])) s(user_id, sealed)
             WHERE f.user_id = s.user_id
        """),
        {"users": list(sealed), "sealed": list(sealed.values())},
    )


def take_step(connection: Connection, scope: Scope, user_id: int, step: int, *, is_confirmed: bool) -> bool:
    """Use up the code of a time step; false where it, or one of a later step, was used before."""
    taken = connection.execute(
        text("""
            UPDATE reference_second_factor SET last_step = :step, is_confirmed = true
             WHERE user_id = :user AND last_step < :step AND is_confirmed = :confirmed RETURNING user_id
        """),
        {"user": user_id, "step": step, "confirmed": is_confirmed},
    )
    return taken.scalar_one_or_none() is not None


def take_recovery_code(connection: Connection, scope: Scope, user_id: int, code_hash: bytes) -> bool:
    """Use up a recovery code; false where it is none, or was used before."""
    taken = connection.execute(
        text("""
            UPDATE reference_recovery_code SET used_at = clock_timestamp()
             WHERE user_id = :user AND code_hash = :hash AND used_at IS NULL RETURNING user_id
        """),
        {"user": user_id, "hash": code_hash},
    )
    return taken.scalar_one_or_none() is not None


def put_recovery_codes(connection: Connection, scope: Scope, user_id: int, hashes: list[bytes]) -> None:
    """Instead of those there were."""
    connection.execute(text("DELETE FROM reference_recovery_code WHERE user_id = :user"), {"user": user_id})
    connection.execute(
        text("INSERT INTO reference_recovery_code (user_id, code_hash) SELECT :user, unnest(CAST(:hashes AS bytea[]))"),
        {"user": user_id, "hashes": hashes},
    )


def delete_second_factor(connection: Connection, scope: Scope, user_id: int) -> bool:
    """With its recovery codes; whether there was one."""
    return bool(
        connection.execute(text("SELECT reference_forget_second_factor(:user)"), {"user": user_id}).scalar_one()
    )


# ------------------------------------------------------------------------------------------------ known elsewhere


def identities_of(connection: Connection, scope: Scope, user_id: int) -> list[tuple[str, str, datetime]]:
    """Issuer, subject and when it was linked, of a person."""
    rows = connection.execute(
        text("SELECT issuer, subject, linked_at FROM reference_user_identity WHERE user_id = :user ORDER BY issuer"),
        {"user": user_id},
    )
    return [(row.issuer, row.subject, row.linked_at) for row in rows]


def insert_identity(connection: Connection, scope: Scope, user_id: int, issuer: str, subject: str) -> bool:
    """Whether it is linked now, and was to nobody, and the person to nothing else of the issuer."""
    return (
        connection.execute(
            text("""
                INSERT INTO reference_user_identity (user_id, issuer, subject) VALUES (:user, :issuer, :subject)
                ON CONFLICT DO NOTHING
            """),
            {"user": user_id, "issuer": issuer, "subject": subject},
        ).rowcount
        == 1
    )


def delete_identity(connection: Connection, scope: Scope, user_id: int, issuer: str) -> bool:
    return (
        connection.execute(
            text("DELETE FROM reference_user_identity WHERE user_id = :user AND issuer = :issuer"),
            {"user": user_id, "issuer": issuer},
        ).rowcount
        == 1
    )


def credentials_known_as(
    connection: Connection, scope: Scope, issuer: str, subject: str, day: date
) -> Credentials | None:
    """Of the person that an issuer calls so, if they are let in on ``day``."""
    row = connection.execute(
        text("""
            SELECT u.id, login, name, language, password_hash, coalesce(f.is_confirmed, false) AS has_second_factor
              FROM reference_user_identity i JOIN reference_user u ON u.id = i.user_id
              LEFT JOIN reference_second_factor f ON f.user_id = u.id
             WHERE i.issuer = :issuer AND i.subject = :subject AND u.in_force @> CAST(:day AS date)
        """),
        {"issuer": issuer, "subject": subject, "day": day},
    ).one_or_none()
    return one(Credentials, row) if row else None
