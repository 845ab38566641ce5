"""What may be set from outside: the ``QAZYNA_*`` environment variables, and nothing else."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

from erp.base.i18n import N_
from qazyna.errors import StartupError

PROJECT: Final = Path(__file__).resolve().parent.parent

_PREFIX = "QAZYNA_"
_POOL_LIMIT = 90  # of the embedded server's 100 connections; the rest is for the command line
_HOST = re.compile(r"[0-9A-Za-z.:_-]+")
_SWITCH = {
    "yes": True,
    "true": True,
    "on": True,
    "1": True,
    "no": False,
    "false": False,
    "off": False,
    "0": False,
}

Read = TypeVar("Read")


@dataclass(frozen=True)
class Settings:
    """One field per variable: ``database_url`` is ``QAZYNA_DATABASE_URL``, and so on.

    ``pool`` is both the number of database connections of a web process and
    the number of threads that use them. ``language`` is the command line's.
    """

    database_url: str | None = None  # libpq form, postgresql://; None: the embedded server
    data: Path = PROJECT / ".data"
    host: str = "127.0.0.1"
    port: int = 8080
    pool: int = 8
    language: str = "en"
    secure_cookies: bool = False  # to be switched on where the pages are served over TLS

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Settings of this process; a variable that is empty counts as not set.

        Raises: StartupError, when a value cannot be used or a name is not known.
        """
        found = {
            name.removeprefix(_PREFIX).lower(): value.strip()
            for name, value in environment.items()
            if name.startswith(_PREFIX)
        }
        _refuse_unknown(found)
        given = {field: value for field, value in found.items() if value}
        default = cls()

        def read(field: str, parse: Callable[[str], Read], otherwise: Read) -> Read:
            return parse(given[field]) if field in given else otherwise

        return cls(
            database_url=read("database_url", _database_url, default.database_url),
            data=read("data", _folder, default.data),
            host=read("host", _host, default.host),
            port=read("port", _port, default.port),
            pool=read("pool", _pool, default.pool),
            language=read("language", _language, default.language),
            secure_cookies=read("secure_cookies", _secure_cookies, default.secure_cookies),
        )


def _refuse_unknown(found: Mapping[str, str]) -> None:
    known = [field.name for field in fields(Settings)]
    for name in sorted(set(found) - set(known)):
        near = get_close_matches(name, known, n=1)
        if near:
            raise StartupError(
                N_("There is no setting {name}: did you mean {near}?"),
                name=_PREFIX + name.upper(),
                near=_PREFIX + near[0].upper(),
            )
        raise StartupError(
            N_("There is no setting {name}: the settings are {known}."),
            name=_PREFIX + name.upper(),
            known=", ".join(_PREFIX + field.upper() for field in known),
        )


def _database_url(text: str) -> str:
    try:
        address = urlsplit(text)
    except ValueError:
        address = urlsplit("")
    if address.scheme not in ("postgresql", "postgres") or not address.path.strip("/"):
        raise StartupError(  # what was found is not repeated: it may hold a password
            N_(
                "QAZYNA_DATABASE_URL is not the address of a PostgreSQL database:"
                " one like postgresql://user@host/database is expected."
            )
        )
    return "postgresql" + text.removeprefix(address.scheme)


def _folder(text: str) -> Path:
    folder = Path(text).expanduser().absolute()
    if folder.exists() and not folder.is_dir():
        raise StartupError(N_("QAZYNA_DATA is {found}, which is a file: a folder is expected."), found=folder)
    return folder


def _host(text: str) -> str:
    if not _HOST.fullmatch(text):
        raise StartupError(
            N_("QAZYNA_HOST is {found}, but an address or a host name is expected, like 127.0.0.1."),
            found=text,
        )
    return text


def _port(text: str) -> int:
    return _whole(text, 1, 65_535, N_("QAZYNA_PORT is {found}, but a whole number from {low} to {high} is expected."))


def _pool(text: str) -> int:
    return _whole(
        text,
        1,
        _POOL_LIMIT,
        N_("QAZYNA_POOL is {found}, but a whole number from {low} to {high} is expected."),
    )


def _whole(text: str, low: int, high: int, refusal: str) -> int:
    number = int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None
    if number is None or not low <= number <= high:
        raise StartupError(refusal, found=text, low=low, high=high)
    return number


def _language(text: str) -> str:
    if text not in ("kk", "ru", "en"):
        raise StartupError(N_("QAZYNA_LANGUAGE is {found}, but kk, ru or en is expected."), found=text)
    return text


def _secure_cookies(text: str) -> bool:
    if text.lower() not in _SWITCH:
        raise StartupError(N_("QAZYNA_SECURE_COOKIES is {found}, but yes or no is expected."), found=text)
    return _SWITCH[text.lower()]
