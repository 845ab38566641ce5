"""Signing in at an OpenID Connect provider, and linking one's account there.

Nobody is made a user by it: a person is known by a link that they made themselves while signed in, or that an
administrator made.  Who turned one-time codes on here says one after the provider, as after a password.
"""

from typing import Any

from litestar import Request, Response, get, post
from litestar.concurrency import sync_to_thread
from litestar.response import Redirect

from api.options import Provider
from api.security import Visitor
from erp.base.clock import today
from erp.base.errors import Conflict, NotFound, NotPermitted
from erp.base.uow import run
from erp.reference.access import identities
from erp.reference.access import service as access
from erp.reference.access.model import Permission
from erp.reference.access.policy import authorise
from web.pages import Ask, own_address
from web.provider import Client, Errand, ProviderNotBelieved, ProviderRefused, SignInBroken
from web.session import Sent, agent_of, cookie, let_in, sign_in_form
from web.signing import options_of, public_url

_PUBLIC = {"policy": Permission.PUBLIC}
_OWN = {"policy": Permission.OWN_ACCOUNT}
_COOKIE = "qazyna_oidc"
_PATIENCE = 600  # seconds
_HOME = "/account"
_COUNTED = (ProviderRefused, ProviderNotBelieved, access.IdentityNotLinked)
"""What an address may meet with so often: strangers must not keep the provider's turns from others."""


class NoProvider(NotFound):
    code = "no-provider"
    template = "No provider is set up here. Sign in with your password."


class AccountLinked(Conflict):
    code = "account-linked"
    template = "That account is linked to somebody already, or you are linked to another one. Ask the administrator."


@get("/sign-in/oidc", opt=_PUBLIC)
async def begin(request: Ask, visit: Visitor) -> Response[Any]:
    """Send the browser to the provider."""
    wanted = own_address(request.query_params.get("next", "/"))
    try:
        return await _sent_on(request, Errand.begin(wanted))
    except NotPermitted as refusal:
        return await sync_to_thread(sign_in_form, request, wanted, refusal=refusal)


@get("/sign-in/oidc/back", opt=_PUBLIC)
async def back(request: Ask, visit: Visitor) -> Response[Any]:
    """The browser comes back with a code: who it is of is signed in, or linked to who began."""
    said, wanted = request.query_params, "/"
    client, sign_ins = client_of(request), request.app.state.sign_ins
    issuer, agent = client.provider.issuer, agent_of(request)
    try:
        errand = Errand.of(request.cookies.get(_COOKIE, ""), said.get("state", ""))
        wanted = own_address(errand.wanted)
        if "code" not in said:
            raise ProviderRefused(label=client.provider.label)
        with sign_ins.counting(visit.scope.actor.origin, *_COUNTED):
            subject = await client.subject(errand, said["code"], _back_to(request))
            if errand.links:
                return await sync_to_thread(_linked, request, client.provider, subject, errand.links)
            opened = await sync_to_thread(access.sign_in_by, visit.engine, visit.scope, issuer, subject, today(), agent)
    except NotPermitted as refusal:
        answer = await sync_to_thread(sign_in_form, request, wanted, refusal=refusal)
        answer.cookies.append(cookie(request, _COOKIE, "", 0))
        return answer
    answer = let_in(request, opened, wanted, "")
    answer.cookies.append(cookie(request, _COOKIE, "", 0))
    return answer


@post("/account/provider/link", opt=_OWN)
async def link(request: Ask, visit: Visitor, data: Sent) -> Response[Any]:
    """Send the browser to the provider, to be known here by that account from then on."""
    return await _sent_on(request, Errand.begin(_HOME, links=visit.scope.actor.id))


@post("/account/provider/unlink", opt=_OWN, sync_to_thread=True)
def unlink(request: Ask, visit: Visitor, data: Sent) -> Redirect:
    issuer = client_of(request).provider.issuer
    visit.run(lambda uow: identities.unlink(uow, uow.scope.actor.id, issuer))
    return Redirect(f"{_HOME}#provider", status_code=303)


def client_of(request: Request[Any, Any, Any]) -> Client:
    """This program at the provider; one for all requests, so that it remembers.  Raises: NoProvider."""
    state, provider = request.app.state, options_of(request).provider
    if provider is None:
        raise NoProvider()
    if "provider" not in state:
        state["provider"] = Client(provider)
    client: Client = state["provider"]
    return client


async def _sent_on(request: Ask, errand: Errand) -> Redirect:
    address = await client_of(request).address(errand, _back_to(request))
    return Redirect(address, status_code=303, cookies=[cookie(request, _COOKIE, errand.cookie, _PATIENCE)])


def _linked(request: Ask, provider: Provider, subject: str, begun_by: int) -> Redirect:
    """Raises: SignInNeeded, SignInBroken where somebody else is signed in by now, AccountLinked."""
    visit = request.state.visit
    own = authorise(visit.identity, Permission.OWN_ACCOUNT)
    user_id = own.actor.id
    if user_id != begun_by:
        raise SignInBroken()

    def act(uow: Any) -> None:
        if identities.subject_of(uow, user_id, provider.issuer) == subject:
            return
        if not identities.link(uow, user_id, provider.issuer, subject):
            raise AccountLinked()

    run(visit.engine, own, act)
    return Redirect(f"{_HOME}#provider", status_code=303, cookies=[cookie(request, _COOKIE, "", 0)])


def _back_to(request: Ask) -> str:
    return f"{public_url(request)}/sign-in/oidc/back"


routes = [begin, back, link, unlink]
