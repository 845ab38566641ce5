from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, text

from erp.base.db import one
from erp.base.scope import Scope
from erp.reference.access.model import Grant, Role, User


@dataclass(frozen=True, slots=True)
class Credentials:
    id: int
    login: str
    name: str
    language: str
    password_hash: str


def credentials_of(connection: Connection, scope: Scope, login: str, day: date) -> Credentials | None:
    """What sign-in checks, for a user in force on ``day``."""
    row = connection.execute(
        text("""
            SELECT id, login, name, language, password_hash
              FROM reference_user WHERE login = :login AND in_force @> CAST(:day AS date)
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
    connection: Connection, scope: Scope, token_hash: bytes, user_id: int, kind: str, life: timedelta
) -> None:
    connection.execute(
        text("""
            INSERT INTO reference_session (token_hash, user_id, kind, origin, expires_at)
            VALUES (:token_hash, :user, :kind, :origin, clock_timestamp() + :life)
        """),
        {"token_hash": token_hash, "user": user_id, "kind": kind, "origin": scope.actor.origin, "life": life},
    )


def delete_session(connection: Connection, scope: Scope, token_hash: bytes) -> None:
    connection.execute(text("DELETE FROM reference_session WHERE token_hash = :token_hash"), {"token_hash": token_hash})


def delete_expired_sessions(connection: Connection, scope: Scope) -> None:
    connection.execute(text("DELETE FROM reference_session WHERE expires_at < clock_timestamp()"))


_SESSION = text("""
    SELECT u.id, u.login, u.name, u.language,
           ARRAY(SELECT organisation_id || ' ' || role FROM reference_grants_of(u.id, :day)) AS grants
      FROM reference_session s JOIN reference_user u ON u.id = s.user_id AND u.in_force @> CAST(:day AS date)
     WHERE s.token_hash = :token_hash AND s.kind = :kind AND s.expires_at > clock_timestamp()
""")


def session_of(
    connection: Connection, scope: Scope, token_hash: bytes, kind: str, day: date
) -> tuple[User, frozenset[Grant]] | None:
    """The person behind a session of this kind, with every role they hold on ``day``."""
    row = connection.execute(_SESSION, {"token_hash": token_hash, "kind": kind, "day": day}).one_or_none()
    return (User(row.id, row.login, row.name, row.language), _grants(row.grants)) if row else None


def user_with_grants(
    connection: Connection, scope: Scope, login: str, day: date
) -> tuple[User, frozenset[Grant]] | None:
    """A user in force on ``day`` with every role they hold then."""
    row = connection.execute(
        text("""
            SELECT u.id, u.login, u.name, u.language,
                   ARRAY(SELECT organisation_id || ' ' || role FROM reference_grants_of(u.id, :day)) AS grants
              FROM reference_user u WHERE u.login = :login AND u.in_force @> CAST(:day AS date)
        """),
        {"login": login, "day": day},
    ).one_or_none()
    return (User(row.id, row.login, row.name, row.language), _grants(row.grants)) if row else None


def _grants(texts: list[str]) -> frozenset[Grant]:
    pairs = (t.split(" ") for t in texts)
    return frozenset(Grant(int(organisation), Role(role)) for organisation, role in pairs)


def update_language(connection: Connection, scope: Scope, user_id: int, language: str) -> None:
    connection.execute(
        text("UPDATE reference_user SET language = :language WHERE id = :id"),
        {"id": user_id, "language": language},
    )


def insert_user(
    connection: Connection, scope: Scope, login: str, name: str, password_hash: str, language: str
) -> int | None:
    """The new user's id; ``None`` when the login is taken."""
    return connection.execute(
        text("""
            INSERT INTO reference_user (login, name, password_hash, language)
            VALUES (:login, :name, :password_hash, :language) ON CONFLICT DO NOTHING RETURNING id
        """),
        {"login": login, "name": name, "password_hash": password_hash, "language": language},
    ).scalar_one_or_none()


def insert_grant(
    connection: Connection, scope: Scope, user_id: int, role: Role, organisation_id: int, since: date
) -> None:
    connection.execute(
        text("""
            INSERT INTO reference_role_grant (user_id, role, organisation_id, in_force)
            VALUES (:user, :role, :organisation, daterange(:since, NULL)) ON CONFLICT DO NOTHING
        """),
        {"user": user_id, "role": role.value, "organisation": organisation_id, "since": since},
    )
