"""Signing in and out, and one's own account.  Secrets are random; the database keeps only their SHA-256."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Engine

from erp.base import audit
from erp.base.clock import LOCAL_TIME, now
from erp.base.commands import one_line
from erp.base.errors import Conflict, NotFound, NotPermitted, RuleViolated
from erp.base.i18n import Language
from erp.base.scope import Scope
from erp.base.uow import UnitOfWork, run
from erp.base.vault import Vault
from erp.reference.access import queries, second_factor
from erp.reference.access.model import (
    Identity,
    Limits,
    OpenSession,
    Role,
    SecondFactor,
    SessionKind,
    Token,
    User,
)
from erp.reference.access.policy import permissions, permissions_at
from ledger.model import Actor

_HASHER = PasswordHasher()
_NOBODY = _HASHER.hash(token_urlsafe())  # verified for unknown logins, so that they take as long as known ones
_VERIFYING = BoundedSemaphore(2)  # each verification takes a processor and 64 MiB
_PATIENCE = 3.0  # seconds that a password waits for its turn
_LONGEST_LOGIN = 100
_FAILURES_KEPT = timedelta(days=1)

BROWSER_SESSION = timedelta(hours=12)
CHALLENGE = timedelta(minutes=5)
API_TOKEN = timedelta(days=90)
LONGEST_TOKEN = timedelta(days=366)
_TRIES = 5  # codes at one challenge; then the password is asked for again
_ALL_ORIGINS = ""  # wrong codes are counted wherever they come from: who tries them knows the password
_LONGEST_AGENT = 200


class WrongCredentials(NotPermitted):
    code = "wrong-credentials"
    template = "The login or the password is wrong."


class TooManyAttempts(NotPermitted):
    code = "too-many-attempts"
    template = "Too many attempts to sign in. Try again after {retry_at}."


class ChallengePassed(NotPermitted):
    code = "challenge-passed"
    template = "Too much time has passed, or too many codes were wrong. Sign in again."


class CodeRefused(NotPermitted):
    code = "code-refused"
    template = second_factor.CodeWrong.template


class IdentityNotLinked(NotPermitted):
    code = "identity-not-linked"
    template = (
        "That account is not linked to anybody here. Sign in with your password and link it under My account,"
        " or ask the administrator."
    )


class LoginTaken(Conflict):
    code = "login-taken"
    template = "The login “{login}” is taken. Choose another."


class LoginMalformed(RuleViolated):
    code = "login-malformed"
    template = "“{login}” is not a login. Use small Latin letters, digits and . _ - @."


class PasswordTooShort(RuleViolated):
    code = "password-too-short"
    template = "The password is too short: at least {minimum} characters."


class PasswordTooLong(RuleViolated):
    code = "password-too-long"
    template = "The password is too long: at most {maximum} characters."


class PasswordUnchanged(RuleViolated):
    code = "password-unchanged"
    template = "This is the password you have. Choose another."


class PasswordWrong(RuleViolated):
    code = "password-wrong"
    template = "This is not your password of now."


class UserUnknown(NotFound):
    code = "user-unknown"
    template = "There is no user “{login}”."


class NameNotGiven(RuleViolated):
    code = "name-not-given"
    template = "Give a name, of at most {limit} characters."


class SessionUnknown(NotFound):
    code = "session-unknown"
    template = "It has ended already."


class TokenBeyondRights(RuleViolated):
    code = "token-beyond-rights"
    template = "A token can be made only for what you may do yourself."


class TokenLifeOutOfRange(RuleViolated):
    code = "token-life-out-of-range"
    template = "A token is good for 1 to {limit} days."


_MINIMUM_PASSWORD = 8
_MAXIMUM_PASSWORD = 1000  # characters: what is hashed costs time and memory by its length


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A secret for the browser, and whose it is; ``needs_code``: nobody is signed in before ``answer_challenge``."""

    secret: str
    user: User
    needs_code: bool = False


def sign_in(engine: Engine, scope: Scope, login: str, password: str, day: date, agent: str = "") -> SignedIn:
    """A new browser session, or the challenge to say a code first.

    In three steps, because the password takes long to verify: neither a connection nor a lock waits for it.  The
    attempt is counted first, so that many at once cannot outrun the count.

    Raises: WrongCredentials, TooManyAttempts; of both, the same for a login that nobody has.
    """
    login = login.strip().lower()[:_LONGEST_LOGIN]
    retry_at, known = run(engine, scope, lambda u: _attempt(u, login, day))
    if retry_at is not None:
        raise _wait(retry_at)
    if not _verify(known.password_hash if known else _NOBODY, password) or known is None:
        user_id = known.id if known else 0
        run(engine, scope, lambda u: audit.record(u.connection, u.scope, "sign-in-refused", f"user:{user_id}"))
        raise WrongCredentials()
    return run(engine, scope, lambda u: _known(u, known, agent))


def _attempt(uow: UnitOfWork, login: str, day: date) -> tuple[datetime | None, queries.Credentials | None]:
    retry_at = queries.count_attempt(uow.connection, uow.scope, login)
    return retry_at, queries.credentials_of(uow.connection, uow.scope, login, day)


def _known(uow: UnitOfWork, known: queries.Credentials, agent: str) -> SignedIn:
    """Let in, or first to say a code, who has shown who they are."""
    return _challenged(uow, known, agent) if known.has_second_factor else _signed_in(uow, _user(known), agent)


def _challenged(uow: UnitOfWork, known: queries.Credentials, agent: str) -> SignedIn:
    queries.forget_failures(uow.connection, uow.scope, known.login, _FAILURES_KEPT)
    secret = _open_session(uow, known.id, SessionKind.CHALLENGE, CHALLENGE, agent=agent)
    return SignedIn(secret, _user(known), needs_code=True)


def _signed_in(uow: UnitOfWork, user: User, agent: str) -> SignedIn:
    queries.forget_failures(uow.connection, uow.scope, user.login, _FAILURES_KEPT)
    queries.delete_expired_sessions(uow.connection, uow.scope)
    audit.record(uow.connection, Scope(Actor(user.id, uow.scope.actor.origin)), "signed-in", f"user:{user.id}")
    return SignedIn(_open_session(uow, user.id, SessionKind.BROWSER, BROWSER_SESSION, agent=agent), user)


def answer_challenge(
    engine: Engine, scope: Scope, vault: Vault, secret: str, code: str, at: datetime, agent: str = ""
) -> SignedIn:
    """Sign in with the code of the second factor, or with a recovery code.

    Wrong codes make the next one wait like wrong passwords do, wherever they come from.

    Raises: ChallengePassed, CodeRefused, TooManyAttempts, SecretUnreadable.
    """
    answered = run(engine, scope, lambda u: _answered(u, vault, secret, code, at, agent))
    if isinstance(answered, NotPermitted):  # raised once what was counted is saved
        raise answered
    return answered


def _answered(
    uow: UnitOfWork, vault: Vault, secret: str, code: str, at: datetime, agent: str
) -> SignedIn | NotPermitted:
    challenge = queries.try_challenge(uow.connection, uow.scope, _digest(secret), at.date())
    if challenge is None or challenge.tries > _TRIES:
        return ChallengePassed()
    user = challenge.user
    refusal = _counting_codes(uow, user.id, lambda: second_factor.accepts(uow, vault, user.id, code, at.timestamp()))
    if refusal is not None:
        if isinstance(refusal, CodeRefused):
            audit.record(uow.connection, uow.scope, "code-refused", f"user:{user.id}")
        return refusal
    sign_out(uow, secret)
    return _signed_in(uow, user, agent)


def sign_in_by(engine: Engine, scope: Scope, issuer: str, subject: str, day: date, agent: str = "") -> SignedIn:
    """A browser session, or the challenge to say a code first, for who signed in at a provider as ``subject``.

    Whoever turned one-time codes on here says one whatever the provider asked for: else to link an account, which a
    browser left open is enough for, would turn them off.

    Raises: IdentityNotLinked, also of who is not let in.
    """
    opened = run(engine, scope, lambda u: _signed_in_by(u, issuer, subject, day, agent))
    if opened is None:  # raised once the trail is saved
        raise IdentityNotLinked()
    return opened


def _signed_in_by(uow: UnitOfWork, issuer: str, subject: str, day: date, agent: str) -> SignedIn | None:
    known = queries.credentials_known_as(uow.connection, uow.scope, issuer, subject, day)
    if known is None:
        audit.record(uow.connection, uow.scope, "sign-in-refused", "user:0", issuer=issuer)
        return None
    return _known(uow, known, agent)


def _wait(retry_at: datetime) -> TooManyAttempts:
    return TooManyAttempts(retry_at=f"{retry_at.astimezone(LOCAL_TIME):%H:%M:%S}")


def _user(known: queries.Credentials) -> User:
    return User(known.id, known.login, known.name, known.language)


def issue_token(
    uow: UnitOfWork,
    login: str,
    day: date,
    *,
    name: str = "",
    limits: Limits | None = None,
    life: timedelta = API_TOKEN,
) -> str:
    """A bearer token for programs that act as the user; without ``limits``, for all that they may.

    Raises: UserUnknown, TokenBeyondRights, TokenLifeOutOfRange.
    """
    return _make_token(uow, person(uow, login, day), name, limits, life)


def make_token(uow: UnitOfWork, identity: Identity, name: str, limits: Limits, life: timedelta) -> str:
    """A token for a program of one's own.  Raises: NameNotGiven, TokenBeyondRights, TokenLifeOutOfRange."""
    return _make_token(uow, identity, given_name(name, limit=100), limits, life)


def _make_token(uow: UnitOfWork, identity: Identity, name: str, limits: Limits | None, life: timedelta) -> str:
    if not timedelta(days=1) <= life <= LONGEST_TOKEN:
        raise TokenLifeOutOfRange(limit=LONGEST_TOKEN.days)
    if limits is not None:
        there = limits.organisation_id
        own = permissions(identity) if there is None else permissions_at(identity, there)
        if not limits.permissions or limits.permissions - own:
            raise TokenBeyondRights()
    secret = _open_session(uow, identity.user.id, SessionKind.TOKEN, life, name=name, limits=limits)
    audit.record(
        uow.connection,
        uow.scope,
        "token-issued",
        f"user:{identity.user.id}",
        name=name,
        permissions=sorted(limits.permissions) if limits else None,
        only_at=limits.organisation_id if limits else None,
        days=life.days,
    )
    return secret


def _open_session(
    uow: UnitOfWork,
    user_id: int,
    kind: SessionKind,
    life: timedelta,
    *,
    agent: str = "",
    name: str = "",
    limits: Limits | None = None,
) -> str:
    secret = token_urlsafe(32)
    queries.insert_session(
        uow.connection,
        uow.scope,
        _digest(secret),
        user_id,
        kind,
        life,
        agent=agent[:_LONGEST_AGENT],
        name=name,
        limits=limits,
    )
    return secret


def sign_out(uow: UnitOfWork, secret: str) -> None:
    queries.delete_session(uow.connection, uow.scope, _digest(secret))


def identify(uow: UnitOfWork, secret: str, kind: SessionKind, origin: str, day: date) -> Identity | None:
    """The person behind a session of this kind, with their roles on ``day``."""
    return queries.session_of(uow.connection, Scope(Actor(0, origin)), _digest(secret), kind, day)


def mark_seen(uow: UnitOfWork, secret: str) -> None:
    """Note that a session is in use; asked for once in some minutes of its use."""
    queries.mark_seen(uow.connection, uow.scope, _digest(secret))


def person(uow: UnitOfWork, login: str, day: date) -> Identity:
    """A user by login, for commands that a program gives in their name.  Raises: UserUnknown."""
    found = queries.user_with_grants(uow.connection, uow.scope, login.strip().lower(), day)
    if found is None:
        raise UserUnknown(login=login)
    return found


def csrf_token(secret: str) -> str:
    """What a session's forms must carry; derived from its secret, so it needs no storage."""
    return sha256(b"csrf:" + secret.encode()).hexdigest()


def choose_language(uow: UnitOfWork, language: Language) -> None:
    queries.update_language(uow.connection, uow.scope, uow.scope.actor.id, language.value)


# ------------------------------------------------------------------------------------------------ one's own account


def change_password(engine: Engine, scope: Scope, old: str, new: str, secret: str) -> None:
    """Choose a new password; every other browser is signed out, and every token ends.

    In two steps, as at sign-in: no connection waits for the old password to be verified.

    Raises: PasswordWrong, PasswordTooShort, PasswordTooLong, PasswordUnchanged, TooManyAttempts.
    """
    user_id = scope.actor.id
    retry_at, password_hash = run(engine, scope, lambda u: _attempt_own(u, user_id))
    if retry_at is not None:
        raise _wait(retry_at)
    if not _verify(password_hash, old):
        raise PasswordWrong()
    _require_length(new)
    if new == old:
        raise PasswordUnchanged()
    hashed = _HASHER.hash(new)

    def change(uow: UnitOfWork) -> None:
        queries.forget_failures(uow.connection, uow.scope, _counted(user_id), _FAILURES_KEPT)
        queries.update_password(uow.connection, uow.scope, user_id, hashed, must_change=False)
        ended = queries.delete_sessions_of(uow.connection, uow.scope, user_id, SessionKind, but=_digest(secret))
        audit.record(uow.connection, uow.scope, "password-changed", f"user:{user_id}", sessions=ended)

    run(engine, scope, change)


def _attempt_own(uow: UnitOfWork, user_id: int) -> tuple[datetime | None, str]:
    retry_at = queries.count_attempt(uow.connection, uow.scope, _counted(user_id))
    return retry_at, queries.password_hash_of(uow.connection, uow.scope, user_id)


def _counted(user_id: int) -> str:
    return f"user:{user_id} password"


def sessions(uow: UnitOfWork, secret: str) -> list[OpenSession]:
    """Browsers one is signed in at; that of ``secret`` first."""
    return queries.sessions_of(uow.connection, uow.scope, _digest(secret))


def end_session(uow: UnitOfWork, session_id: int) -> None:
    """Sign another browser of one's own out.  Raises: SessionUnknown."""
    _end_own(uow, SessionKind.BROWSER, session_id, "signed-out-elsewhere")


def end_other_sessions(uow: UnitOfWork, secret: str) -> int:
    """Sign all browsers of one's own out but that of ``secret``; how many there were."""
    user_id = uow.scope.actor.id
    ended = queries.delete_sessions_of(uow.connection, uow.scope, user_id, (SessionKind.BROWSER,), but=_digest(secret))
    audit.record(uow.connection, uow.scope, "signed-out-elsewhere", f"user:{user_id}", sessions=ended)
    return ended


def tokens(uow: UnitOfWork) -> list[Token]:
    return queries.tokens_of(uow.connection, uow.scope, uow.scope.actor.id)


def revoke_token(uow: UnitOfWork, token_id: int) -> None:
    """Raises: SessionUnknown."""
    _end_own(uow, SessionKind.TOKEN, token_id, "token-revoked")


def _end_own(uow: UnitOfWork, kind: SessionKind, session_id: int, action: str) -> None:
    user_id = uow.scope.actor.id
    if not queries.delete_sessions_of(uow.connection, uow.scope, user_id, (kind,), session_id=session_id):
        raise SessionUnknown()
    audit.record(uow.connection, uow.scope, action, f"user:{user_id}", session=session_id)


def turn_off_codes(engine: Engine, scope: Scope, vault: Vault, code: str, at: datetime) -> None:
    """The password alone is enough from now on.

    Raises: SecondFactorOff, CodeRefused, TooManyAttempts, SecretUnreadable.
    """
    refusal = run(engine, scope, lambda u: _turned_off(u, vault, code, at))
    if refusal is not None:  # raised once what was counted is saved
        raise refusal


def _turned_off(uow: UnitOfWork, vault: Vault, code: str, at: datetime) -> NotPermitted | None:
    return _counting_codes(uow, uow.scope.actor.id, lambda: second_factor.turn_off(uow, vault, code, at.timestamp()))


def _counting_codes(uow: UnitOfWork, user_id: int, accepts: Callable[[], bool]) -> NotPermitted | None:
    """Try a code of a person's one secret: wherever it is asked for, wrong ones make the next wait."""
    counted, everywhere = f"user:{user_id} code", Scope(Actor(uow.scope.actor.id, _ALL_ORIGINS))
    retry_at = queries.count_attempt(uow.connection, everywhere, counted)
    if retry_at is not None:
        return _wait(retry_at)
    if not accepts():
        return CodeRefused()
    queries.forget_failures(uow.connection, everywhere, counted, _FAILURES_KEPT)
    return None


def second_factor_of(uow: UnitOfWork) -> SecondFactor | None:
    return queries.second_factor_of(uow.connection, uow.scope, uow.scope.actor.id)


# ------------------------------------------------------------------------------------------------ people


def create_user(
    uow: UnitOfWork, login: str, name: str, password: str, language: Language, *, must_change: bool = False
) -> int:
    """Raises: LoginTaken, LoginMalformed, NameNotGiven, PasswordTooShort, PasswordTooLong."""
    login = login.strip().lower()
    right_length = 2 <= len(login) <= _LONGEST_LOGIN
    if not right_length or not all(c.isascii() and (c.isalnum() or c in "._@-") for c in login) or login[0] in "._@-":
        raise LoginMalformed(login=login)
    name = given_name(name)
    user_id = queries.insert_user(
        uow.connection, uow.scope, login, name, hashed(password), language.value, must_change=must_change
    )
    if user_id is None:
        raise LoginTaken(login=login)
    audit.record(uow.connection, uow.scope, "user-created", f"user:{user_id}", login=login)
    return user_id


def grant_role(
    uow: UnitOfWork, user_id: int, role: Role, organisation_id: int, since: date, until: date | None = None
) -> bool:
    """Give a role from ``since`` up to ``until``; false where it is held on some of these days already."""
    is_new = queries.insert_grant(uow.connection, uow.scope, user_id, role, organisation_id, since, until)
    if is_new:
        audit.record(
            uow.connection,
            uow.scope,
            "role-granted",
            f"user:{user_id}",
            organisation_id=organisation_id,
            role=role.value,
            since=since.isoformat(),
            until=until.isoformat() if until else None,
        )
    return is_new


def hashed(password: str) -> str:
    """A password as it is kept.  Raises: PasswordTooShort, PasswordTooLong."""
    _require_length(password)
    return _HASHER.hash(password)


def _require_length(password: str) -> None:
    if len(password) < _MINIMUM_PASSWORD:
        raise PasswordTooShort(minimum=_MINIMUM_PASSWORD)
    if len(password) > _MAXIMUM_PASSWORD:
        raise PasswordTooLong(maximum=_MAXIMUM_PASSWORD)


def given_name(name: str, *, limit: int = 200) -> str:
    """Raises: NameNotGiven."""
    name = one_line(name)
    if not 0 < len(name) <= limit:
        raise NameNotGiven(limit=limit)
    return name


def _verify(password_hash: str, password: str) -> bool:
    """Raises: TooManyAttempts, where so many passwords are being verified that its turn does not come."""
    if not _VERIFYING.acquire(timeout=_PATIENCE):
        raise _wait(now() + timedelta(seconds=_PATIENCE))
    try:
        return _HASHER.verify(password_hash, password[:_MAXIMUM_PASSWORD]) and len(password) <= _MAXIMUM_PASSWORD
    except (VerificationError, InvalidHashError):
        return False
    finally:
        _VERIFYING.release()


def _digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
