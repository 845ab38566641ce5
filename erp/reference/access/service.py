"""Signing in and out.  Secrets are random; the database keeps only their SHA-256."""

from datetime import date, datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Engine

from erp.base import audit
from erp.base.clock import LOCAL_TIME
from erp.base.errors import Conflict, NotFound, NotPermitted, RuleViolated
from erp.base.i18n import Language
from erp.base.scope import Scope
from erp.base.uow import UnitOfWork, run
from erp.reference.access import queries
from erp.reference.access.model import Identity, Role, SessionKind, User

_HASHER = PasswordHasher()
_NOBODY = _HASHER.hash(token_urlsafe())  # verified for unknown logins, so that they take as long as known ones
_VERIFYING = BoundedSemaphore(2)  # each verification takes a processor and 64 MiB
_LONGEST_LOGIN = 100
_FAILURES_KEPT = timedelta(days=1)

BROWSER_SESSION = timedelta(hours=12)
API_TOKEN = timedelta(days=90)


class WrongCredentials(NotPermitted):
    code = "wrong-credentials"
    template = "The login or the password is wrong."


class TooManyAttempts(NotPermitted):
    code = "too-many-attempts"
    template = "Too many attempts to sign in. Try again after {retry_at}."


class LoginTaken(Conflict):
    code = "login-taken"
    template = "The login “{login}” is taken. Choose another."


class LoginMalformed(RuleViolated):
    code = "login-malformed"
    template = "“{login}” is not a login. Use small Latin letters, digits and . _ - @."


class PasswordTooShort(RuleViolated):
    code = "password-too-short"
    template = "The password is too short: at least {minimum} characters."


class UserUnknown(NotFound):
    code = "user-unknown"
    template = "There is no user “{login}”."


_MINIMUM_PASSWORD = 8


def sign_in(engine: Engine, scope: Scope, login: str, password: str, day: date) -> tuple[str, User]:
    """A new browser session's secret, and whose it is.

    In three steps, because the password takes long to verify: neither a connection nor a lock waits for it.  The
    attempt is counted first, so that many at once cannot outrun the count.

    Raises: WrongCredentials, TooManyAttempts; of both, the same for a login that nobody has.
    """
    login = login.strip().lower()[:_LONGEST_LOGIN]
    retry_at, known = run(engine, scope, lambda u: _attempt(u, login, day))
    if retry_at is not None:
        raise TooManyAttempts(retry_at=f"{retry_at.astimezone(LOCAL_TIME):%H:%M:%S}")
    if not _verify(known.password_hash if known else _NOBODY, password) or known is None:
        user_id = known.id if known else 0
        run(engine, scope, lambda u: audit.record(u.connection, u.scope, "sign-in-refused", f"user:{user_id}"))
        raise WrongCredentials()
    return run(engine, scope, lambda u: _signed_in(u, known))


def _attempt(uow: UnitOfWork, login: str, day: date) -> tuple[datetime | None, queries.Credentials | None]:
    retry_at = queries.count_attempt(uow.connection, uow.scope, login)
    return retry_at, queries.credentials_of(uow.connection, uow.scope, login, day)


def _signed_in(uow: UnitOfWork, known: queries.Credentials) -> tuple[str, User]:
    queries.forget_failures(uow.connection, uow.scope, known.login, _FAILURES_KEPT)
    queries.delete_expired_sessions(uow.connection, uow.scope)
    audit.record(uow.connection, uow.scope, "signed-in", f"user:{known.id}")
    user = User(known.id, known.login, known.name, known.language)
    return _open_session(uow, known.id, SessionKind.BROWSER, BROWSER_SESSION), user


def issue_token(uow: UnitOfWork, login: str, day: date) -> str:
    """A bearer token for programs that act as the user.  Raises: UserUnknown."""
    user = person(uow, login, day).user
    audit.record(uow.connection, uow.scope, "token-issued", f"user:{user.id}")
    return _open_session(uow, user.id, SessionKind.TOKEN, API_TOKEN)


def _open_session(uow: UnitOfWork, user_id: int, kind: SessionKind, life: timedelta) -> str:
    secret = token_urlsafe(32)
    queries.insert_session(uow.connection, uow.scope, _digest(secret), user_id, kind, life)
    return secret


def sign_out(uow: UnitOfWork, secret: str) -> None:
    queries.delete_session(uow.connection, uow.scope, _digest(secret))


def identify(uow: UnitOfWork, secret: str, kind: SessionKind, origin: str, day: date) -> Identity | None:
    """The person behind a session of this kind, with their roles on ``day``."""
    found = queries.session_of(uow.connection, uow.scope, _digest(secret), kind, day)
    return Identity(*found, origin, kind) if found else None


def person(uow: UnitOfWork, login: str, day: date) -> Identity:
    """A user by login, for commands that a program gives in their name.  Raises: UserUnknown."""
    found = queries.user_with_grants(uow.connection, uow.scope, login.strip().lower(), day)
    if found is None:
        raise UserUnknown(login=login)
    return Identity(*found, uow.scope.actor.origin, "program")


def csrf_token(secret: str) -> str:
    """What a session's forms must carry; derived from its secret, so it needs no storage."""
    return sha256(b"csrf:" + secret.encode()).hexdigest()


def choose_language(uow: UnitOfWork, language: Language) -> None:
    queries.update_language(uow.connection, uow.scope, uow.scope.actor.id, language.value)


def create_user(uow: UnitOfWork, login: str, name: str, password: str, language: Language) -> int:
    """Raises: LoginTaken, LoginMalformed, PasswordTooShort."""
    login = login.strip().lower()
    right_length = 2 <= len(login) <= _LONGEST_LOGIN
    if not right_length or not all(c.isascii() and (c.isalnum() or c in "._@-") for c in login) or login[0] in "._@-":
        raise LoginMalformed(login=login)
    if len(password) < _MINIMUM_PASSWORD:
        raise PasswordTooShort(minimum=_MINIMUM_PASSWORD)
    user_id = queries.insert_user(uow.connection, uow.scope, login, name, _HASHER.hash(password), language.value)
    if user_id is None:
        raise LoginTaken(login=login)
    audit.record(uow.connection, uow.scope, "user-created", f"user:{user_id}", login=login)
    return user_id


def grant_role(uow: UnitOfWork, user_id: int, role: Role, organisation_id: int, since: date) -> None:
    queries.insert_grant(uow.connection, uow.scope, user_id, role, organisation_id, since)
    audit.record(
        uow.connection,
        uow.scope,
        "role-granted",
        f"user:{user_id}",
        organisation_id=organisation_id,
        role=role.value,
    )


def _verify(password_hash: str, password: str) -> bool:
    try:
        with _VERIFYING:
            return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
