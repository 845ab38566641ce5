"""Signing in and out, and what a visitor prefers: language and theme."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from api.problems import status_of
from api.security import LANGUAGE_COOKIE, SESSION_COOKIE, Visit, Visitor
from erp.base.clock import today
from erp.base.errors import NotPermitted
from erp.base.i18n import Language
from erp.base.uow import run
from erp.reference.access import service as access
from erp.reference.access.model import Permission
from erp.reference.access.policy import authorise
from web.faults import Fault
from web.forms import tidy
from web.i18n import translate
from web.pages import THEME_COOKIE, THEMES, Ask, own_address, render

Sent = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]

_YEAR = 365 * 24 * 60 * 60
_PUBLIC = {"policy": Permission.PUBLIC}


@dataclass(frozen=True)
class Choice:
    """A language or a theme just chosen; every form may carry one and comes back as it was filled."""

    language: Language | None = None
    theme: str | None = None

    def cookies(self, request: Ask) -> list[Cookie]:
        chosen = {LANGUAGE_COOKIE: self.language, THEME_COOKIE: self.theme}
        return [_cookie(request, name, value, _YEAR) for name, value in chosen.items() if value]


def choice_in(sent: Mapping[str, str]) -> Choice | None:
    language, theme = sent.get("language", ""), sent.get("theme", "")
    if language in set(Language):
        return Choice(language=Language(language))
    return Choice(theme=theme) if theme in THEMES else None


def remember(visit: Visit, choice: Choice) -> None:
    """Keep a signed-in person's language for their next sign-in."""
    language = choice.language
    if visit.identity is not None and language is not None:
        own = authorise(visit.identity, Permission.SIGNED_IN)
        run(visit.engine, own, lambda uow: access.choose_language(uow, language))


@get("/sign-in", opt=_PUBLIC, sync_to_thread=True)
def sign_in_page(request: Ask, visit: Visitor) -> Response[Any]:
    wanted = own_address(request.query_params.get("next", "/"))
    if visit.identity is not None:
        return Redirect(wanted, status_code=303)
    return _sign_in_form(request, wanted)


@post("/sign-in", opt=_PUBLIC, sync_to_thread=True)
def sign_in(request: Ask, visit: Visitor, data: Sent) -> Response[Any]:
    login, wanted = tidy(data.get("login", "")), own_address(data.get("next", "/"))
    if choice := choice_in(data):
        return _sign_in_form(request, wanted, login=login, choice=choice)
    try:
        secret, _ = access.sign_in(visit.engine, visit.scope, login, data.get("password", ""), today())
    except NotPermitted as refusal:
        return _sign_in_form(request, wanted, login=login, refusal=refusal)
    life = int(access.BROWSER_SESSION.total_seconds())
    return Redirect(wanted, status_code=303, cookies=[_cookie(request, SESSION_COOKIE, secret, life)])


@post("/sign-out", opt=_PUBLIC, sync_to_thread=True)
def sign_out(request: Ask, visit: Visitor) -> Response[Any]:
    secret = request.cookies.get(SESSION_COOKIE, "")
    visit.run(lambda uow: access.sign_out(uow, secret))
    return Redirect("/sign-in", status_code=303, cookies=[_cookie(request, SESSION_COOKIE, "", 0)])


@post("/preferences", opt=_PUBLIC, sync_to_thread=True)
def prefer(request: Ask, visit: Visitor, data: Sent) -> Response[Any]:
    choice = choice_in(data) or Choice()
    remember(visit, choice)
    return Redirect(own_address(data.get("next", "/")), status_code=303, cookies=choice.cookies(request))


def _sign_in_form(
    request: Ask, wanted: str, *, login: str = "", refusal: NotPermitted | None = None, choice: Choice | None = None
) -> Response[str]:
    chosen = choice or Choice()
    language = chosen.language or request.state.visit.language
    return render(
        request,
        "sign_in.html",
        status=status_of(refusal) if refusal else 200,
        language=chosen.language,
        theme=chosen.theme,
        cookies=chosen.cookies(request),
        form_id="sign-in",
        next=wanted,
        login=login,
        faults=[Fault("login", "", translate(refusal, language))] if refusal else [],
    )


def _cookie(request: Ask, name: str, value: str, max_age: int) -> Cookie:
    secure = request.url.scheme == "https" or bool(request.app.state.get("secure_cookies", False))
    return Cookie(name, value=value, max_age=max_age, httponly=name != THEME_COOKIE, secure=secure, samesite="lax")


routes = [sign_in_page, sign_in, sign_out, prefer]
