"""Who is calling, and whether this route is theirs: one guard before every handler.

A route declares ``opt={"policy": Permission.X}``; one without is refused to everybody.  The guard identifies the
caller by session cookie or bearer token, asks the one policy for the scope at the path's organisation, and leaves a
``Visit`` for the handler.  A route that is ``anonymous`` too is answered without asking the database who calls.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from secrets import token_bytes
from typing import Any, TypeVar

from litestar import Request
from litestar.concurrency import sync_to_thread
from litestar.connection import ASGIConnection
from litestar.datastructures import FormMultiDict
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.exceptions import ImproperlyConfiguredException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.handlers.base import BaseRouteHandler
from sqlalchemy import Engine

from api.conventions import API, FormNotTaken
from api.origin import origin_of
from api.problems import database_refusals
from erp.base import uow
from erp.base.clock import today
from erp.base.errors import NotPermitted, RuleViolated
from erp.base.i18n import Language
from erp.base.scope import Scope, system_scope
from erp.base.uow import UnitOfWork
from erp.reference.access import service as access
from erp.reference.access.model import Identity, Permission, SessionKind
from erp.reference.access.policy import authorise
from ledger.model import Actor

T = TypeVar("T")

SESSION_COOKIE = "qazyna_session"
LANGUAGE_COOKIE = "qazyna_language"
_LANGUAGES = {language.value: language for language in Language}
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_FORMS = {RequestEncodingType.MULTI_PART, RequestEncodingType.URL_ENCODED}
STRANGERS_FORM = 1 << 20
"""Bytes of a form that are read before anybody is known; a form kept over signing in must pass (``web.resume``)."""


class ForeignForm(NotPermitted):
    code = "foreign-form"
    template = "The form did not come from this page, or you have signed in anew since. Open the page again and resend."


class CharacterUnknown(RuleViolated):
    code = "character-unknown"
    template = "The address or the form holds a character that no text has. Type it anew."


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of one person: what the policy granted, and the way to the database."""

    identity: Identity | None
    scope: Scope
    engine: Engine
    language: Language
    csrf: str

    def read(self, query: Callable[[UnitOfWork], T]) -> T:
        """Raises: TookTooLong, and what the query raises."""
        with database_refusals(changing=False):
            return uow.read(self.engine, self.scope, query)

    def run(self, command: Callable[[UnitOfWork], T]) -> T:
        """Raises: OutcomeUnknown, TookTooLong, and what the command raises."""
        with database_refusals(changing=True):
            return uow.run(self.engine, self.scope, command)


Visitor = NamedDependency[Visit]


async def policy_guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Refuse, or leave the visit in ``connection.state``."""
    if connection.scope.get("method") == "OPTIONS":  # Litestar's own answer: which methods there are
        return
    permission = handler.opt.get("policy")
    if not isinstance(permission, Permission):
        raise ImproperlyConfiguredException(f"{handler} declares no policy")
    secret, kind = (None, SessionKind.BROWSER) if handler.opt.get("anonymous") else _secret(connection)
    engine: Engine = connection.app.state.engine
    origin = origin_of(connection)
    identity = await sync_to_thread(_identify, engine, secret, kind, origin) if secret else None
    by_cookie = kind is SessionKind.BROWSER
    csrf = access.csrf_token(secret) if secret and by_cookie else ""
    language = preferred_language(connection, identity)
    scope = Scope(Actor(0, origin))
    connection.state.visit = Visit(identity, scope, engine, language, csrf)
    connection.state.form = None  # until it is read
    if identity is None and _is_long_form(connection):
        authorise(identity, permission, connection.path_params.get("organisation_id"))
        raise RequestEntityTooLarge
    form = connection.state.form = await _form(connection)
    query = connection.query_params.multi_items()
    if any("\0" in str(text) for text in (connection.url.path, *chain(*query), *chain(*form.multi_items()))):
        raise CharacterUnknown()
    if connection.scope.get("method") not in _SAFE_METHODS and (by_cookie or not secret):
        _require_own_form(connection, form, csrf)
    if permission is not Permission.PUBLIC:
        scope = authorise(identity, permission, connection.path_params.get("organisation_id"))
    if _is_of_api(connection) and connection.headers.get("content-type", "").lower().startswith("multipart/"):
        raise FormNotTaken()
    connection.state.visit = Visit(identity, scope, engine, language, csrf)


def provide_visit(request: Request[Any, Any, Any]) -> Visit:
    visit: Visit = request.state.visit
    return visit


def _identify(engine: Engine, secret: str, kind: SessionKind, origin: str) -> Identity | None:
    identity = uow.read(engine, system_scope(), lambda u: access.identify(u, secret, kind, origin, today()))
    if identity is not None and identity.is_stale:
        uow.run(engine, system_scope(), lambda u: access.mark_seen(u, secret))
    return identity


async def _form(connection: ASGIConnection[Any, Any, Any, Any]) -> FormMultiDict:
    """The fields of the form that was sent to a page; none where another thing was, or to a program's address."""
    if isinstance(connection, Request) and connection.method not in _SAFE_METHODS and not _is_of_api(connection):
        return await connection.form()
    return FormMultiDict()


def _is_long_form(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    """Whether a form is longer than is read for who is not signed in, or does not say how long it is."""
    if not isinstance(connection, Request) or connection.method in _SAFE_METHODS:
        return False
    if connection.content_type[0] not in _FORMS:
        return False
    length = connection.content_length
    return length is None or length > STRANGERS_FORM


def _is_of_api(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    return connection.url.path.startswith(API)


def _secret(connection: ASGIConnection[Any, Any, Any, Any]) -> tuple[str | None, SessionKind]:
    """The caller's secret, and the way it came: by cookie a browser sends it by itself."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip(), SessionKind.TOKEN
    return connection.cookies.get(SESSION_COOKIE), SessionKind.BROWSER


def _require_own_form(connection: ASGIConnection[Any, Any, Any, Any], form: FormMultiDict, csrf: str) -> None:
    """A change by cookie must come from our own page: same origin, and the session's token where there is one."""
    site = connection.headers.get("sec-fetch-site")
    if site not in (None, "same-origin", "none"):
        raise ForeignForm()
    sent_from, known_as = connection.headers.get("origin", ""), connection.app.state.options.origin
    host = sent_from.partition("://")[2]  # without its scheme: a proxy with TLS asks without
    if sent_from not in ("", known_as) and host != connection.headers.get("host"):
        raise ForeignForm()
    if connection.state.visit.identity is None:
        return
    given = _unmasked(str(connection.headers.get("x-csrf-token") or form.get("csrf", "")))
    if not hmac.compare_digest(given.encode(), csrf.encode()):
        raise ForeignForm()


def masked(csrf: str) -> str:
    """A session's token as a page carries it: other letters each time, so that how well a page packs tells nothing."""
    token = csrf.encode()
    mask = token_bytes(len(token))
    return (mask + _mixed(token, mask)).hex()


def _unmasked(given: str) -> str:
    try:
        both = bytes.fromhex(given)
        return _mixed(both[len(both) // 2 :], both[: len(both) // 2]).decode()
    except ValueError:
        return given


def _mixed(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def preferred_language(connection: ASGIConnection[Any, Any, Any, Any], identity: Identity | None) -> Language:
    """The cookie's, else the user's own, else the browser's, else Kazakh."""
    chosen = connection.cookies.get(LANGUAGE_COOKIE)
    if chosen in _LANGUAGES:
        return _LANGUAGES[chosen]
    if identity is not None:
        return Language(identity.user.language)
    for accepted in connection.headers.get("accept-language", "").split(","):
        tag = accepted.strip()[:2].lower()
        if tag in _LANGUAGES:
            return _LANGUAGES[tag]
    return Language.KK
