"""Signing in and out.  Secrets are random; the database keeps only their SHA-256."""

from datetime import date, timedelta
from hashlib import sha256
from secrets import token_urlsafe

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from erp.base import audit
from erp.base.errors import Conflict, NotFound, NotPermitted, RuleViolated
from erp.base.i18n import Language
from erp.base.uow import UnitOfWork
from erp.reference.access import queries
from erp.reference.access.model import Identity, Role, User

_HASHER = PasswordHasher()
_NOBODY = _HASHER.hash(token_urlsafe())  # verified for unknown logins, so that they take as long as known ones

BROWSER_SESSION = timedelta(hours=12)
API_TOKEN = timedelta(days=90)


class WrongCredentials(NotPermitted):
    code = "wrong-credentials"
    template = "The login or the password is wrong."


class TooManyAttempts(NotPermitted):
    code = "too-many-attempts"
    template = "Too many wrong passwords. Try again after {retry_at}."


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


def sign_in(uow: UnitOfWork, login: str, password: str, day: date) -> tuple[str, User] | NotPermitted:
    """A new browser session's secret.  A refusal is returned, not raised, so that the failure stays counted."""
    known = queries.credentials_of(uow.connection, uow.scope, login.strip().lower(), day)
    if known is not None and known.locked:
        assert known.retry_at is not None
        return TooManyAttempts(retry_at=f"{known.retry_at:%H:%M:%S} UTC")
    if not _verify(known.password_hash if known else _NOBODY, password) or known is None:
        if known is not None:
            queries.record_failure(uow.connection, uow.scope, known.id)
        audit.record(uow.connection, uow.scope, "sign-in-refused", f"user:{known.id if known else 0}")
        return WrongCredentials()
    queries.record_success(uow.connection, uow.scope, known.id)
    queries.delete_expired_sessions(uow.connection, uow.scope)
    audit.record(uow.connection, uow.scope, "signed-in", f"user:{known.id}")
    return _open_session(uow, known.id, "browser", BROWSER_SESSION), User(
        known.id, known.login, known.name, known.language
    )


def issue_token(uow: UnitOfWork, login: str, day: date) -> str:
    """A bearer token for programs that act as the user.  Raises: UserUnknown."""
    user = person(uow, login, day).user
    audit.record(uow.connection, uow.scope, "token-issued", f"user:{user.id}")
    return _open_session(uow, user.id, "token", API_TOKEN)


def _open_session(uow: UnitOfWork, user_id: int, kind: str, life: timedelta) -> str:
    secret = token_urlsafe(32)
    queries.insert_session(uow.connection, uow.scope, _digest(secret), user_id, kind, life)
    return secret


def sign_out(uow: UnitOfWork, secret: str) -> None:
    queries.delete_session(uow.connection, uow.scope, _digest(secret))


def identify(uow: UnitOfWork, secret: str, origin: str, day: date) -> Identity | None:
    """The person behind a session or token, with their roles on ``day``."""
    found = queries.session_of(uow.connection, uow.scope, _digest(secret), day)
    if found is None:
        return None
    user, grants, kind = found
    return Identity(user, grants, origin, kind)


def person(uow: UnitOfWork, login: str, day: date) -> Identity:
    """A user by login, for commands that a program gives in their name.  Raises: UserUnknown."""
    found = queries.user_with_grants(uow.connection, uow.scope, login.strip().lower(), day)
    if found is None:
        raise UserUnknown(login=login)
    user, grants = found
    return Identity(user, grants, uow.scope.actor.origin, "program")


def csrf_token(secret: str) -> str:
    """What a session's forms must carry; derived from its secret, so it needs no storage."""
    return sha256(b"csrf:" + secret.encode()).hexdigest()


def choose_language(uow: UnitOfWork, language: Language) -> None:
    queries.update_language(uow.connection, uow.scope, uow.scope.actor.id, language.value)


def create_user(uow: UnitOfWork, login: str, name: str, password: str, language: Language) -> int:
    """Raises: LoginTaken, LoginMalformed, PasswordTooShort."""
    login = login.strip().lower()
    if len(login) < 2 or not all(c.isascii() and (c.isalnum() or c in "._@-") for c in login) or not login[0].isalnum():
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
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
