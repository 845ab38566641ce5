"""Secrets that the database keeps and cannot read."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from os import urandom

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from erp.base.errors import Conflict

_NONCE = 12  # bytes


class SecretUnreadable(Conflict):
    code = "secret-unreadable"
    template = "This was sealed with a key that this server does not have. Tell the administrator."


class Vault:
    """AES-256-GCM under keys kept outside the database: the first seals, each may open.

    What is sealed is bound to what it is ``about``: moved to another row it does not open.

    Source: NIST SP 800-38D.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        assert keys, "a vault has a key"
        self._ciphers = [AESGCM(key) for key in keys]
        self._marks = [hmac.digest(key, b"blind index", "sha256") for key in keys]

    @classmethod
    def fresh(cls) -> Vault:
        """With a key that nobody else has, gone with the process."""
        return cls([new_key()])

    def seal(self, plain: str, *, about: str) -> bytes:
        nonce = urandom(_NONCE)
        return nonce + self._ciphers[0].encrypt(nonce, plain.encode(), about.encode())

    def open(self, sealed: bytes, *, about: str) -> str:
        """Raises: SecretUnreadable."""
        for cipher in self._ciphers if len(sealed) > _NONCE else ():
            try:
                return cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], about.encode()).decode()
            except InvalidTag:
                continue
        raise SecretUnreadable()

    def indexes(self, plain: str, *, about: str) -> list[bytes]:
        """By what the same secret is found again without being read: HMAC-SHA-256, 32 bytes, under each of the keys.

        The first is the one to keep; the others find what was kept under keys of earlier days.

        Source: FIPS 198-1.
        """
        return [hmac.digest(mark, f"{about}:{plain}".encode(), "sha256") for mark in self._marks]


def new_key() -> bytes:
    return AESGCM.generate_key(256)


def written(key: bytes) -> str:
    """A key as a line of text."""
    return urlsafe_b64encode(key).decode()


def key_of(line: str) -> bytes:
    """Raises: ValueError, where it is not 32 bytes in base64."""
    key = urlsafe_b64decode(line.strip())
    if len(key) != 32:
        raise ValueError(line)
    return key
