"""What may be set from outside: the ``QAZYNA_*`` environment variables, and nothing else."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Final, TypeVar, cast, get_args
from urllib.parse import urlsplit

from api.logs import Form
from api.options import NCALAYER, Options, Provider
from api.origin import Networks
from erp.base.i18n import N_
from erp.reference.mail.service import Server
from qazyna.errors import StartupError

PROJECT: Final = Path(__file__).resolve().parent.parent

_PREFIX = "QAZYNA_"
_POOL_LIMIT = 80  # of the embedded server's 100 connections; the rest is for the worker, the sealer, the command line
_SHORTEST_TOKEN = 16
_SECRET = ("token", "password", "secret", "key")  # endings of the names of settings that are never shown
_LARGEST_ATTACHMENT_MB = 500
_MAIL_ADDRESS = re.compile(r"[^@\s<>,;:\"()]+@[^@\s<>,;:\"()]+")
_OWN_SOCKET = re.compile(r"wss?://(?:127\.0\.0\.1|localhost):[0-9]{1,5}")
_LOOPBACK = ("127.0.0.1", "localhost")
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
    trusted_proxies: Networks = ()  # whose X-Forwarded-For is believed: addresses and networks, by commas
    logs: Form = "quiet"  # what is written to standard error: quiet, console or json
    worker: bool = True  # whether serving takes up jobs as well; no, where qazyna worker runs beside it
    smtp_url: str | None = None  # smtp://user:password@host:port, or smtps://; None: letters wait
    mail_from: str = "qazyna@localhost"
    attachment_mb: int = 20  # how large a file may be
    secret_key: Path | None = None  # file of the keys that seal secrets; None: secret.key in the data folder
    public_url: str | None = None  # how the program is reached from outside; None: as each request came
    trust_store: Path | None = None  # folder of certificates and revocation lists for qazyna trust load
    ncalayer: str | None = None  # address of the reader's own NCALayer; None: no signing in the browser
    oidc_issuer: str | None = None  # OpenID Connect provider to sign in with; None: passwords only
    oidc_client_id: str | None = None
    oidc_client_secret_file: Path | None = None  # None: a public client
    oidc_label: str = "OpenID Connect"  # what its button says
    metrics_token: str | None = None  # who may see /metrics from elsewhere; None: only this machine

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
            trusted_proxies=read("trusted_proxies", _trusted_proxies, default.trusted_proxies),
            logs=read("logs", _logs, default.logs),
            worker=read("worker", _worker, default.worker),
            smtp_url=read("smtp_url", _smtp_url, default.smtp_url),
            mail_from=read("mail_from", _mail_from, default.mail_from),
            attachment_mb=read("attachment_mb", _attachment_mb, default.attachment_mb),
            secret_key=read("secret_key", _key_file, default.secret_key),
            public_url=read("public_url", _public_url, default.public_url),
            trust_store=read("trust_store", _trust_store, default.trust_store),
            ncalayer=read("ncalayer", _ncalayer, default.ncalayer),
            oidc_issuer=read("oidc_issuer", _oidc_issuer, default.oidc_issuer),
            oidc_client_id=read("oidc_client_id", str, default.oidc_client_id),
            oidc_client_secret_file=read(
                "oidc_client_secret_file", _oidc_client_secret_file, default.oidc_client_secret_file
            ),
            oidc_label=read("oidc_label", str, default.oidc_label),
            metrics_token=read("metrics_token", _metrics_token, default.metrics_token),
        )

    def options(self) -> Options:
        """What pages offer beyond the program itself.  Raises: StartupError."""
        return Options(self.public_url, self.ncalayer, self._provider())

    def _provider(self) -> Provider | None:
        if self.oidc_issuer is None:
            return None
        if self.oidc_client_id is None:
            raise StartupError(
                N_("QAZYNA_OIDC_ISSUER is set, but QAZYNA_OIDC_CLIENT_ID is not: set what the provider calls Qazyna.")
            )
        file = self.oidc_client_secret_file
        try:
            secret = file.read_text(encoding="utf-8").strip() if file else None
        except (OSError, UnicodeDecodeError) as error:
            raise StartupError(
                N_("QAZYNA_OIDC_CLIENT_SECRET_FILE cannot be read: {reason}."), reason=_reason(error)
            ) from error
        return Provider(self.oidc_issuer, self.oidc_client_id, self.oidc_label, secret)

    def shown(self) -> dict[str, str]:
        """What may be shown of them: no password, no token."""
        return {_PREFIX + each.name.upper(): _shown(each.name, getattr(self, each.name)) for each in fields(self)}


def _shown(name: str, value: object) -> str:
    if value is None or value in ("", ()):
        return "-"
    if name in ("database_url", "smtp_url"):
        address = urlsplit(str(value))
        return f"{address.hostname or ''}{address.path}"
    if name.endswith(_SECRET):
        return "***"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value)


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


def _key_file(text: str) -> Path:
    file = Path(text).expanduser().absolute()
    if file.is_dir():
        raise StartupError(N_("QAZYNA_SECRET_KEY is {found}, which is a folder: a file is expected."), found=file)
    return file


def _public_url(text: str) -> str:
    return _address(
        text, N_("QAZYNA_PUBLIC_URL is {found}, but an address is expected, like https://qazyna.example.kz.")
    )


def _oidc_issuer(text: str) -> str:
    """As its provider writes it, a slash at the end counts; unencrypted only on this machine."""
    refusal = N_("QAZYNA_OIDC_ISSUER is {found}, but an address with https:// is expected.")
    _address(text, refusal)
    if not text.startswith("https://") and urlsplit(text).hostname not in _LOOPBACK:
        raise StartupError(refusal, found=text)
    return text


def _address(text: str, refusal: str) -> str:
    try:
        address = urlsplit(text)
    except ValueError:
        address = urlsplit("")
    if address.scheme not in ("http", "https") or not address.hostname or address.query or address.fragment:
        raise StartupError(refusal, found=text)
    return text.rstrip("/")


def _trust_store(text: str) -> Path:
    folder = Path(text).expanduser().absolute()
    if not folder.is_dir():
        raise StartupError(N_("QAZYNA_TRUST_STORE is {found}, but a folder is expected."), found=folder)
    return folder


def _oidc_client_secret_file(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _ncalayer(text: str) -> str | None:
    """Yes or no, or another address on the reader's own machine."""
    refusal = N_("QAZYNA_NCALAYER is {found}, but yes, no or an address like wss://127.0.0.1:13579 is expected.")
    if text.lower() in _SWITCH:
        return NCALAYER if _SWITCH[text.lower()] else None
    if not _OWN_SOCKET.fullmatch(text):
        raise StartupError(refusal, found=text)
    return text


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()


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
    return _switch(text, N_("QAZYNA_SECURE_COOKIES is {found}, but yes or no is expected."))


def _trusted_proxies(text: str) -> Networks:
    try:
        return tuple(ip_network(each.strip()) for each in text.split(","))
    except ValueError:
        raise StartupError(
            N_("QAZYNA_TRUSTED_PROXIES is {found}, but addresses are expected, like 127.0.0.1, 10.1.0.0/16."),
            found=text,
        ) from None


def _worker(text: str) -> bool:
    return _switch(text, N_("QAZYNA_WORKER is {found}, but yes or no is expected."))


def _switch(text: str, refusal: str) -> bool:
    if text.lower() not in _SWITCH:
        raise StartupError(refusal, found=text)
    return _SWITCH[text.lower()]


def _smtp_url(text: str) -> str:
    try:
        Server.of(text, "")
    except ValueError:
        raise StartupError(  # what was found is not repeated: it may hold a password
            N_("QAZYNA_SMTP_URL is not the address of a mail server: one like smtp://mail.example.kz:25 is expected.")
        ) from None
    return text


def _mail_from(text: str) -> str:
    if not _MAIL_ADDRESS.fullmatch(text):
        raise StartupError(
            N_("QAZYNA_MAIL_FROM is {found}, but an address is expected, like qazyna@example.kz."), found=text
        )
    return text


def _attachment_mb(text: str) -> int:
    refusal = N_("QAZYNA_ATTACHMENT_MB is {found}, but a whole number from {low} to {high} is expected.")
    return _whole(text, 1, _LARGEST_ATTACHMENT_MB, refusal)


def _logs(text: str) -> Form:
    for form in get_args(Form):
        if text == form:
            return cast(Form, form)
    raise StartupError(N_("QAZYNA_LOGS is {found}, but quiet, console or json is expected."), found=text)


def _metrics_token(text: str) -> str:
    if len(text) < _SHORTEST_TOKEN or not text.isascii() or not text.isprintable() or " " in text:
        raise StartupError(  # what was found is not repeated: it is a secret
            N_("QAZYNA_METRICS_TOKEN is not a token: at least {least} letters and digits without blanks are expected."),
            least=_SHORTEST_TOKEN,
        )
    return text
