"""One-time codes by the clock, and recovery codes for who has lost the device."""

import hmac
from base64 import b32encode
from collections.abc import Iterator
from hashlib import sha256
from secrets import token_bytes

import pyotp
from sqlalchemy import Connection

from erp.base import audit
from erp.base.errors import Conflict, RuleViolated
from erp.base.scope import Scope
from erp.base.uow import UnitOfWork
from erp.base.vault import Vault
from erp.reference.access import queries

_STEP = 30  # seconds a code is shown
_DRIFT = 1  # steps that a device's clock may be off
_RECOVERY_CODES = 10


class CodeWrong(RuleViolated):
    code = "code-wrong"
    template = "The code is wrong or was used before. Wait for the next one, and check the clock of your device."


class SecondFactorOn(Conflict):
    code = "second-factor-on"
    template = "One-time codes are on already. Turn them off first to use another device."


class SecondFactorOff(Conflict):
    code = "second-factor-off"
    template = "One-time codes are not on."


def begin(uow: UnitOfWork, vault: Vault) -> str:
    """A new secret to be shared with the person's device; nothing is asked for until ``confirm``.

    Raises: SecondFactorOn.
    """
    user_id, secret = uow.scope.actor.id, pyotp.random_base32()
    sealed = vault.seal(secret, about=_about(user_id))
    if not queries.put_second_factor(uow.connection, uow.scope, user_id, sealed):
        raise SecondFactorOn()
    return secret


def begun(uow: UnitOfWork, vault: Vault) -> str | None:
    """The secret that waits for its first code.  Raises: SecretUnreadable."""
    user_id = uow.scope.actor.id
    found = queries.second_factor_of(uow.connection, uow.scope, user_id)
    return vault.open(found.sealed, about=_about(user_id)) if found and not found.is_confirmed else None


def address(secret: str, login: str) -> str:
    """What a device reads from the picture (``otpauth://``)."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name="Qazyna")


def confirm(uow: UnitOfWork, vault: Vault, code: str, at: float) -> list[str]:
    """Ask for codes from now on; returns the recovery codes, which are shown this once.

    Args:
        at: this instant, seconds since 1970.

    Raises: SecondFactorOff, CodeWrong, SecretUnreadable.
    """
    user_id, secret = uow.scope.actor.id, begun(uow, vault)
    if secret is None:
        raise SecondFactorOff()
    if not _takes(uow, user_id, secret, code, at, is_confirmed=False):
        raise CodeWrong()
    codes = [_readable(token_bytes(10)) for _ in range(_RECOVERY_CODES)]
    queries.put_recovery_codes(uow.connection, uow.scope, user_id, [_digest(each) for each in codes])
    audit.record(uow.connection, uow.scope, "second-factor-on", f"user:{user_id}")
    return codes


def turn_off(uow: UnitOfWork, vault: Vault, code: str, at: float) -> bool:
    """Whether the code was right.  Raises: SecondFactorOff, SecretUnreadable."""
    user_id = uow.scope.actor.id
    if queries.second_factor_of(uow.connection, uow.scope, user_id) is None:
        raise SecondFactorOff()
    if not accepts(uow, vault, user_id, code, at):
        return False
    queries.delete_second_factor(uow.connection, uow.scope, user_id)
    audit.record(uow.connection, uow.scope, "second-factor-off", f"user:{user_id}")
    return True


def accepts(uow: UnitOfWork, vault: Vault, user_id: int, code: str, at: float) -> bool:
    """Whether it is the code of now, or a recovery code; either is used up.

    Raises: SecretUnreadable, where it is no recovery code either.
    """
    found = queries.second_factor_of(uow.connection, uow.scope, user_id)
    if found is None or not found.is_confirmed:
        return False
    if queries.take_recovery_code(uow.connection, uow.scope, user_id, _digest(code)):
        return True
    secret = vault.open(found.sealed, about=_about(user_id))
    return _takes(uow, user_id, secret, code, at, is_confirmed=True)


def _about(user_id: int) -> str:
    """What a sealed secret is bound to."""
    return f"second factor of user:{user_id}"


def seal_what_is_plain(connection: Connection, scope: Scope, vault: Vault) -> None:
    """Seal secrets from before there was a key, where the login may: the owner of the tables may."""
    if not queries.reads_plain_secrets(connection, scope):
        return
    plain = queries.plain_secrets(connection, scope)
    sealed = {user_id: vault.seal(secret, about=_about(user_id)) for user_id, secret in plain.items()}
    queries.put_sealed(connection, scope, sealed)


def _takes(uow: UnitOfWork, user_id: int, secret: str, code: str, at: float, *, is_confirmed: bool) -> bool:
    return any(
        queries.take_step(uow.connection, uow.scope, user_id, step, is_confirmed=is_confirmed)
        for step in _matching(secret, _bare(code), at)
    )


def _matching(secret: str, code: str, at: float) -> Iterator[int]:
    """Time steps about now whose code it is.

    Source: RFC 6238, section 5.2 (one step of drift each way, each code good once).
    """
    now = int(at) // _STEP
    made = pyotp.TOTP(secret)
    for step in range(now - _DRIFT, now + _DRIFT + 1):
        if hmac.compare_digest(made.generate_otp(step).encode(), code.encode()):
            yield step


def _readable(random: bytes) -> str:
    """``ABCD-EFGH-…``: easy to copy from paper."""
    letters = b32encode(random).decode()
    return "-".join(letters[start : start + 4] for start in range(0, len(letters), 4))


def _bare(code: str) -> str:
    return "".join(code.split()).replace("-", "").upper()


def _digest(code: str) -> bytes:
    return sha256(b"recovery:" + _bare(code).encode()).digest()
