"""Signing in and out, and what a visitor prefers: language and theme."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect

from api.allowance import Allowance
from api.problems import status_of
from api.security import LANGUAGE_COOKIE, SESSION_COOKIE, Visit, Visitor
from erp.base.clock import now, today
from erp.base.errors import NotPermitted
from erp.base.i18n import Language
from erp.base.uow import run
from erp.base.vault import SecretUnreadable
from erp.reference.access import service as access
from erp.reference.access.model import Permission
from erp.reference.access.policy import authorise
from web import resume
from web.faults import Fault
from web.forms import tidy
from web.i18n import translate
from web.pages import THEME_COOKIE, THEMES, Ask, own_address, render
from web.signing import options_of

Sent = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]

CHALLENGE_COOKIE = "qazyna_challenge"
_YEAR = 365 * 24 * 60 * 60
_PUBLIC = {"policy": Permission.PUBLIC}


@dataclass(frozen=True)
class Choice:
    """A language or a theme just chosen; every form may carry one and comes back as it was filled."""

    language: Language | None = None
    theme: str | None = None

    def cookies(self, request: Ask) -> list[Cookie]:
        chosen = {LANGUAGE_COOKIE: self.language, THEME_COOKIE: self.theme}
        return [cookie(request, name, value, _YEAR) for name, value in chosen.items() if value]


def choice_in(sent: Mapping[str, str]) -> Choice | None:
    language, theme = sent.get("language", ""), sent.get("theme", "")
    if language in set(Language):
        return Choice(language=Language(language))
    return Choice(theme=theme) if theme in THEMES else None


def remember(visit: Visit, choice: Choice) -> None:
    """Keep a signed-in person's language for their next sign-in."""
    language = choice.language
    if visit.identity is not None and visit.identity.is_by_browser and language is not None:
        own = authorise(visit.identity, Permission.OWN_ACCOUNT)
        run(visit.engine, own, lambda uow: access.choose_language(uow, language))


@get("/sign-in", opt=_PUBLIC, sync_to_thread=True)
def sign_in_page(request: Ask, visit: Visitor) -> Response[Any]:
    wanted = own_address(request.query_params.get("next", "/"))
    if visit.identity is not None:
        return Redirect(wanted, status_code=303)
    return sign_in_form(request, wanted)


@post("/sign-in", opt=_PUBLIC, sync_to_thread=True)
def sign_in(request: Ask, visit: Visitor, data: Sent) -> Response[Any]:
    login, wanted, kept = tidy(data.get("login", "")), own_address(data.get("next", "/")), data.get("kept", "")
    if choice := choice_in(data):
        return sign_in_form(request, wanted, login=login, choice=choice, kept=kept)
    sign_ins: Allowance = request.app.state.sign_ins
    password, agent = data.get("password", ""), agent_of(request)
    try:
        with sign_ins.counting(visit.scope.actor.origin, access.WrongCredentials):
            opened = access.sign_in(visit.engine, visit.scope, login, password, today(), agent)
    except NotPermitted as refusal:
        return sign_in_form(request, wanted, login=login, refusal=refusal, kept=kept)
    return let_in(request, opened, wanted, kept)


@get("/sign-in/code", opt=_PUBLIC, sync_to_thread=True)
def code_page(request: Ask, visit: Visitor) -> Response[Any]:
    wanted = own_address(request.query_params.get("next", "/"))
    if CHALLENGE_COOKIE not in request.cookies:
        return Redirect("/sign-in", query_params={"next": wanted}, status_code=303)
    return _code_form(request, wanted)


@post("/sign-in/code", opt=_PUBLIC, sync_to_thread=True)
def say_code(request: Ask, visit: Visitor, data: Sent) -> Response[Any]:
    wanted, kept = own_address(data.get("next", "/")), data.get("kept", "")
    if choice := choice_in(data):
        return _code_form(request, wanted, choice=choice, kept=kept)
    secret = request.cookies.get(CHALLENGE_COOKIE, "")
    try:
        opened = access.answer_challenge(
            visit.engine,
            visit.scope,
            request.app.state.vault,
            secret,
            tidy(data.get("code", "")),
            now(),
            agent_of(request),
        )
    except access.ChallengePassed as refusal:
        return sign_in_form(request, wanted, refusal=refusal, kept=kept)
    except (NotPermitted, SecretUnreadable) as refusal:
        return _code_form(request, wanted, refusal=refusal, kept=kept)
    return let_in(request, opened, wanted, kept)


@post("/sign-out", opt=_PUBLIC, sync_to_thread=True)
def sign_out(request: Ask, visit: Visitor) -> Response[Any]:
    secret = request.cookies.get(SESSION_COOKIE, "")
    visit.run(lambda uow: access.sign_out(uow, secret))
    return Redirect("/sign-in", status_code=303, cookies=[cookie(request, SESSION_COOKIE, "", 0)])


@post("/preferences", opt=_PUBLIC, sync_to_thread=True)
def prefer(request: Ask, visit: Visitor, data: Sent) -> Response[Any]:
    choice = choice_in(data) or Choice()
    remember(visit, choice)
    return Redirect(own_address(data.get("next", "/")), status_code=303, cookies=choice.cookies(request))


def agent_of(request: Ask) -> str:
    """What the browser calls itself."""
    return tidy(request.headers.get("user-agent", ""))


def let_in(request: Ask, opened: access.SignedIn, wanted: str, kept: str) -> Response[Any]:
    """Go on where the person wanted to, or with the form that was kept; where a code is needed, ask for it first."""
    if opened.needs_code:
        asked = cookie(request, CHALLENGE_COOKIE, opened.secret, int(access.CHALLENGE.total_seconds()))
        if kept:
            return _code_form(request, wanted, kept=kept, cookies=[asked])
        return Redirect("/sign-in/code", query_params={"next": wanted}, status_code=303, cookies=[asked])
    life = int(access.BROWSER_SESSION.total_seconds())
    cookies = [
        cookie(request, SESSION_COOKIE, opened.secret, life),
        cookie(request, CHALLENGE_COOKIE, "", 0),
    ]
    if form := resume.read(kept):
        return resume.filled_again(request, form, access.csrf_token(opened.secret), cookies)
    return Redirect(wanted, status_code=303, cookies=cookies)


def _code_form(
    request: Ask,
    wanted: str,
    *,
    refusal: NotPermitted | SecretUnreadable | None = None,
    choice: Choice | None = None,
    kept: str = "",
    cookies: Sequence[Cookie] = (),
) -> Response[str]:
    chosen = choice or Choice()
    language = chosen.language or request.state.visit.language
    return render(
        request,
        "sign_in_code.html",
        status=status_of(refusal) if refusal else 200,
        language=chosen.language,
        theme=chosen.theme,
        cookies=[*chosen.cookies(request), *cookies],
        form_id="sign-in",
        next=wanted,
        kept=kept,
        faults=[Fault("code", "", translate(refusal, language))] if refusal else [],
    )


def sign_in_form(
    request: Ask,
    wanted: str,
    *,
    login: str = "",
    refusal: NotPermitted | SecretUnreadable | None = None,
    choice: Choice | None = None,
    kept: str = "",
) -> Response[str]:
    """The page to sign in at; ``kept`` is a form that is given back afterwards."""
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
        kept=kept,
        faults=[Fault("login", "", translate(refusal, language))] if refusal else [],
        provider=options_of(request).provider,
    )


def cookie(request: Ask, name: str, value: str, max_age: int) -> Cookie:
    """A cookie that no script reads and no other site's form sends; the theme's a script may."""
    secure = request.url.scheme == "https" or bool(request.app.state.get("secure_cookies", False))
    return Cookie(name, value=value, max_age=max_age, httponly=name != THEME_COOKIE, secure=secure, samesite="lax")


routes = [sign_in_page, sign_in, code_page, say_code, sign_out, prefer]
