"""One's own account: password, one-time codes, sessions, tokens of programs, delegations."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any

import segno
from litestar import Response, get, post
from litestar.params import PathParameter
from litestar.response import Redirect
from markupsafe import Markup

from api.options import Provider
from api.security import SESSION_COOKIE, Visit, Visitor
from erp.base.clock import now, today
from erp.base.i18n import N_, Language
from erp.base.uow import UnitOfWork
from erp.reference.access import identities, people, second_factor
from erp.reference.access import service as access
from erp.reference.access.identities import Linked
from erp.reference.access.model import (
    PERMISSION_NAMES,
    ROLE_NAMES,
    Delegation,
    Identity,
    Limits,
    OpenSession,
    Permission,
    Role,
    SecondFactor,
    Token,
)
from erp.reference.access.policy import permissions
from erp.reference.desk import service as desk
from erp.reference.desk.model import Density, DeskSettings
from erp.reference.organisations import service as organisations
from erp.reference.organisations.model import Organisation
from erp.reference.signatures import service as signatures
from erp.reference.signatures.model import Registered
from web.agents import in_words
from web.i18n import alphabetical
from web.pages import Ask, own_address, render, visit_of
from web.session import Sent
from web.sheets import TRIED_TOO_OFTEN, Field, Option, Sheet, Typed, day_field, done, said, send, show
from web.signing import options_of

_OWN = {"policy": Permission.OWN_ACCOUNT}
_HOME = "/account"
_LAYOUT = "account/base.html"

Number = Annotated[int, PathParameter(ge=1, le=2_147_483_647)]


@dataclass(frozen=True)
class Account:
    """What the page of one's own account shows."""

    sessions: list[OpenSession]
    tokens: list[Token]
    second_factor: SecondFactor | None
    delegations: list[Delegation]
    organisations: dict[int, Organisation]
    certificates: list[Registered]
    linked: Linked | None
    """The account at the provider that is set up here."""

    @classmethod
    def read(cls, uow: UnitOfWork, identity: Identity, secret: str, day: date, provider: Provider | None) -> "Account":
        links = identities.identities(uow, identity.user.id)
        tokens, delegations = access.tokens(uow), people.delegations(uow)
        ids = {*identity.roles, *(each.organisation_id for each in delegations)}
        ids |= {t.limits.organisation_id for t in tokens if t.limits and t.limits.organisation_id}
        return cls(
            access.sessions(uow, secret),
            tokens,
            access.second_factor_of(uow),
            delegations,
            organisations.by_ids(uow, sorted(ids), day),
            signatures.certificates(uow),
            next((each for each in links if provider and each.issuer == provider.issuer), None),
        )


@get(_HOME, opt=_OWN, sync_to_thread=True)
def account(request: Ask, visit: Visitor) -> Response[str]:
    identity, secret = _identity(visit), _secret(request)
    provider = options_of(request).provider
    read = visit.read(lambda uow: Account.read(uow, identity, secret, today(), provider))
    return render(
        request,
        "account/account.html",
        account=read,
        provider=provider,
        agent_in_words=in_words,
        role_names=ROLE_NAMES,
        permission_names=PERMISSION_NAMES,
        densities=DENSITIES,
        today=today(),
        roles=_roles(identity, read.organisations, visit.language),
    )


def _roles(
    identity: Identity, known: dict[int, Organisation], language: Language
) -> list[tuple[str, list[Organisation]]]:
    """Each role with the organisations it reaches, by name."""
    return [
        (
            ROLE_NAMES[role],
            sorted((known[i] for i in identity.reached[role]), key=lambda o: alphabetical(o.name(language))),
        )
        for role in Role
        if role in identity.reached
    ]


# ------------------------------------------------------------------------------------------------ desk


@get("/account/desk", opt=_OWN, sync_to_thread=True)
def desk_page(request: Ask, visit: Visitor) -> Response[str]:
    return show(request, _desk_sheet(visit, visit.language))


@post("/account/desk", opt=_OWN, sync_to_thread=True)
def choose_desk(request: Ask, visit: Visitor, data: Sent) -> Response[Any]:
    def choose(visit: Visit, typed: Typed) -> Redirect:
        density = typed.choice("density", Density, Density.COMFORTABLE)
        typed.check()
        chosen = DeskSettings(density, typed.ticked("single_keys"), typed.ticked("tour_shown"))
        visit.run(lambda uow: desk.choose(uow, chosen))
        return done(f"{_HOME}#desk")

    return send(request, data, lambda language: _desk_sheet(visit, language), choose)


DENSITIES = {Density.COMFORTABLE: N_("comfortable"), Density.COMPACT: N_("compact")}


def _desk_sheet(visit: Visit, language: Language) -> Sheet:
    own = visit.read(desk.settings)
    densities = [Option(each.value, said(name, language)) for each, name in DENSITIES.items()]
    return Sheet(
        N_("Rows and keys"),
        N_("Save"),
        f"{_HOME}#desk",
        (
            Field("density", N_("Rows and fields"), "select", own.density.value, hint=_DENSITY, options=densities),
            Field("single_keys", N_("Keys without Ctrl"), "check", "on" * own.single_keys, False, _SINGLE_KEYS),
            Field("tour_shown", N_("Show the tour on the first page"), "check", "on" * own.tour_shown, False),
        ),
        layout=_LAYOUT,
    )


_DENSITY = N_("Compact rows show more of a long list at once.")
_SINGLE_KEYS = N_(
    "Outside of fields “?” lists the keys, “/” opens the search, “g” and a letter lead to a page."
    " Switch them off if you speak to the computer or press keys by accident."
)


# ------------------------------------------------------------------------------------------------ password


@get("/account/password", opt=_OWN, sync_to_thread=True)
def password_page(request: Ask, visit: Visitor) -> Response[str]:
    return show(request, _password_sheet(visit))


@post("/account/password", opt=_OWN, sync_to_thread=True)
def change_password(request: Ask, visit: Visitor, data: Sent) -> Response[Any]:
    def change(visit: Visit, typed: Typed) -> Redirect:
        old, new = typed.secret("old"), typed.secret("password")
        typed.check()
        access.change_password(visit.engine, visit.scope, old, new, _secret(request))
        return done(own_address(request.query_params.get("next", _HOME), otherwise=_HOME))

    return send(request, data, lambda _: _password_sheet(visit), change, refused_by=TRIED_TOO_OFTEN)


def _password_sheet(visit: Visit) -> Sheet:
    given = _identity(visit).must_change_password
    return Sheet(
        N_("Choose a password"),
        N_("Change the password"),
        _HOME,
        (
            Field("old", N_("Password of now"), "password", autocomplete="current-password"),
            Field(
                "password",
                N_("New password"),
                "password",
                hint=N_("At least 8 characters. A long phrase is better than a short riddle."),
                autocomplete="new-password",
            ),
        ),
        lead=N_("An administrator gave you the password of now. Choose one that only you know.")
        if given
        else N_("Your other browsers will be signed out, and the tokens of your programs end: make new ones."),
        layout=_LAYOUT,
    )


# ------------------------------------------------------------------------------------------------ one-time codes


@get("/account/codes", opt=_OWN, sync_to_thread=True)
def codes_page(request: Ask, visit: Visitor) -> Response[str]:
    return show(request, _begin_sheet())


@post("/account/codes", opt=_OWN, sync_to_thread=True)
def begin_codes(request: Ask, visit: Visitor, data: Sent) -> Response[Any]:
    """A new secret for the device."""

    def begin(visit: Visit, _: Typed) -> Redirect:
        visit.run(lambda uow: second_factor.begin(uow, request.app.state.vault))
        return done("/account/codes/confirm")

    return send(request, data, lambda _: _begin_sheet(), begin)


@get("/account/codes/confirm", opt=_OWN, sync_to_thread=True)
def confirm_page(request: Ask, visit: Visitor) -> Response[Any]:
    if visit.read(lambda uow: second_factor.begun(uow, request.app.state.vault)) is None:
        return done("/account/codes")
    return show(request, _confirm_sheet(), **_picture(request))


@post("/account/codes/confirm", opt=_OWN, sync_to_thread=True)
def confirm_codes(request: Ask, visit: Visitor, data: Sent) -> Response[Any]:
    def confirm(visit: Visit, typed: Typed) -> Response[str]:
        code = typed.text("code")
        typed.check()
        codes = visit.run(lambda uow: second_factor.confirm(uow, request.app.state.vault, code, now().timestamp()))
        return render(request, "account/recovery.html", codes=codes)

    return send(request, data, lambda _: _confirm_sheet(), confirm, shown=lambda: _picture(request))


@get("/account/codes/off", opt=_OWN, sync_to_thread=True)
def codes_off_page(request: Ask, visit: Visitor) -> Response[str]:
    return show(request, _off_sheet())


@post("/account/codes/off", opt=_OWN, sync_to_thread=True)
def codes_off(request: Ask, visit: Visitor, data: Sent) -> Response[Any]:
    def turn_off(visit: Visit, typed: Typed) -> Redirect:
        code = typed.text("code")
        typed.check()
        access.turn_off_codes(visit.engine, visit.scope, request.app.state.vault, code, now())
        return done(_HOME)

    return send(request, data, lambda _: _off_sheet(), turn_off, refused_by=TRIED_TOO_OFTEN)


def _picture(request: Ask) -> dict[str, Any]:
    """The secret to be shared with the device: drawn, and spelt for who cannot photograph it."""
    visit = visit_of(request)
    secret = visit.read(lambda uow: second_factor.begun(uow, request.app.state.vault)) or ""
    address = second_factor.address(secret, _identity(visit).user.login)
    drawn = segno.make(address, error="m").svg_inline(scale=5, dark="#000", light="#fff", border=3)
    return {"template": "account/codes.html", "picture": Markup(drawn), "secret": secret}  # noqa: S704


def _begin_sheet() -> Sheet:
    return Sheet(
        N_("One-time codes"),
        N_("Begin"),
        _HOME,
        lead=N_(
            "Besides the password, sign-in will ask for six digits that an application on your telephone shows and"
            " that change every half a minute. Who learns your password alone does not get in."
        ),
        layout=_LAYOUT,
    )


def _confirm_sheet() -> Sheet:
    return Sheet(
        N_("One-time codes"),
        N_("Turn on"),
        _HOME,
        (Field("code", N_("Code that the application shows"), autocomplete="one-time-code"),),
        layout=_LAYOUT,
    )


def _off_sheet() -> Sheet:
    return Sheet(
        N_("Turn one-time codes off"),
        N_("Turn off"),
        _HOME,
        (Field("code", N_("Code that the application shows, or a recovery code"), autocomplete="one-time-code"),),
        lead=N_("From then on the password alone lets you in."),
        danger=True,
        layout=_LAYOUT,
    )


# ------------------------------------------------------------------------------------------------ sessions and tokens


@post("/account/sessions/{session_id:int}/end", opt=_OWN, sync_to_thread=True)
def end_session(request: Ask, visit: Visitor, session_id: Number, data: Sent) -> Redirect:
    visit.run(lambda uow: access.end_session(uow, session_id))
    return done(f"{_HOME}#sessions")


@post("/account/sessions/end", opt=_OWN, sync_to_thread=True)
def end_other_sessions(request: Ask, visit: Visitor, data: Sent) -> Redirect:
    visit.run(lambda uow: access.end_other_sessions(uow, _secret(request)))
    return done(f"{_HOME}#sessions")


@get("/account/tokens/new", opt=_OWN, sync_to_thread=True)
def token_page(request: Ask, visit: Visitor) -> Response[str]:
    return show(request, _token_sheet(visit, visit.language))


@post("/account/tokens/new", opt=_OWN, sync_to_thread=True)
def make_token(request: Ask, visit: Visitor, data: Sent) -> Response[Any]:
    def make(visit: Visit, typed: Typed) -> Response[str]:
        name, days = typed.text("name"), typed.number("days")
        where = typed.number_or_none("organisation")
        chosen = frozenset(p for p in PERMISSION_NAMES if typed.ticked(p.value))
        typed.check()
        identity, limits = _identity(visit), Limits(chosen, where)
        secret = visit.run(lambda uow: access.make_token(uow, identity, name, limits, timedelta(days=days)))
        return render(request, "account/token.html", name=name, secret=secret)

    return send(request, data, lambda language: _token_sheet(visit, language), make)


def _token_sheet(visit: Visit, language: Language) -> Sheet:
    identity = _identity(visit)
    own = permissions(identity)
    known = visit.read(lambda uow: organisations.by_ids(uow, sorted(identity.roles), today())).values()
    everywhere = Option("", said(N_("all where I have a role"), language))
    return Sheet(
        N_("New token"),
        N_("Make the token"),
        f"{_HOME}#tokens",
        (
            Field("name", N_("What it is for"), hint=N_("The program that will use it, as you will know it again.")),
            Field(
                "organisation",
                N_("Organisation"),
                "select",
                required=False,
                options=[everywhere, *organisation_options(known, language)],
            ),
            Field("days", N_("Days it is good for"), value="90"),
            *(Field(p.value, name, "check", required=False) for p, name in PERMISSION_NAMES.items() if p in own),
        ),
        lead=N_(
            "A program that sends the token acts in your name, in what you tick below and only as long as you may do"
            " it yourself."
        ),
        layout=_LAYOUT,
    )


@post("/account/tokens/{token_id:int}/revoke", opt=_OWN, sync_to_thread=True)
def revoke_token(request: Ask, visit: Visitor, token_id: Number, data: Sent) -> Redirect:
    visit.run(lambda uow: access.revoke_token(uow, token_id))
    return done(f"{_HOME}#tokens")


# ------------------------------------------------------------------------------------------------ delegations


@get("/account/delegations/new", opt=_OWN, sync_to_thread=True)
def delegation_page(request: Ask, visit: Visitor) -> Response[str]:
    return show(request, _delegation_sheet(visit, visit.language))


@post("/account/delegations/new", opt=_OWN, sync_to_thread=True)
def delegate(request: Ask, visit: Visitor, data: Sent) -> Response[Any]:
    def lend(visit: Visit, typed: Typed) -> Redirect:
        lent = Lent.typed(typed)
        visit.run(lambda uow: lent.lend(uow, uow.scope.actor.id))
        return done(f"{_HOME}#delegations")

    return send(request, data, lambda language: _delegation_sheet(visit, language), lend)


@post("/account/delegations/{delegation_id:int}/end", opt=_OWN, sync_to_thread=True)
def end_delegation(request: Ask, visit: Visitor, delegation_id: Number, data: Sent) -> Redirect:
    visit.run(lambda uow: people.end_delegation(uow, delegation_id, today()))
    return done(f"{_HOME}#delegations")


@dataclass(frozen=True)
class Lent:
    """A delegation as a form sends it."""

    login: str
    role: Role
    organisation_id: int
    since: date
    last: date

    @classmethod
    def typed(cls, typed: Typed) -> "Lent":
        """``role`` and organisation come as one choice: only what is held can be chosen."""
        login = typed.text("login")
        role, organisation_id = typed.choice("what", _role_there, (Role.EMPLOYEE, 0))
        lent = cls(login, role, organisation_id, typed.day("since"), typed.day("last"))
        typed.check()
        return lent

    def lend(self, uow: UnitOfWork, lender_id: int) -> None:
        people.delegate(uow, lender_id, self.login, self.role, self.organisation_id, self.since, self.last, today())


def _role_there(chosen: str) -> tuple[Role, int]:
    role, _, organisation_id = chosen.partition(" ")
    return Role(role), int(organisation_id)


def delegation_fields(visit: Visit, lender_id: int, language: Language) -> tuple[Field, ...]:
    """To whom, what of what the lender holds, and for which days."""

    def read(uow: UnitOfWork) -> tuple[list[tuple[int, Role]], dict[int, Organisation]]:
        held = people.lendable(uow, lender_id, today())
        if lender_id != uow.scope.actor.id:
            held = [each for each in held if each[0] in uow.scope.administers]
        return held, organisations.by_ids(uow, sorted({at for at, _ in held}), today())

    held, known = visit.read(read)
    options = [
        Option(f"{role.value} {at}", f"{said(ROLE_NAMES[role], language)}: {known[at].name(language)}")
        for at, role in sorted(held, key=lambda each: (each[1], alphabetical(known[each[0]].name(language))))
    ]
    return (
        Field("login", N_("Login of the other person")),
        Field("what", N_("Role and organisation"), "select", options=options),
        day_field("since", N_("First day"), today()),
        day_field("last", N_("Last day"), hint=N_("It ends by itself after this day.")),
    )


def _delegation_sheet(visit: Visit, language: Language) -> Sheet:
    return Sheet(
        N_("Lend a role"),
        N_("Lend"),
        f"{_HOME}#delegations",
        delegation_fields(visit, _identity(visit).user.id, language),
        lead=N_(
            "The other person then acts in their own name, and the trail says that it was on your behalf. What was lent"
            " to you cannot be lent on."
        ),
        layout=_LAYOUT,
    )


def organisation_options(known: Iterable[Organisation], language: Language) -> list[Option]:
    """Organisations to choose from, by name."""
    named = sorted(known, key=lambda each: alphabetical(each.name(language)))
    return [Option(str(each.id), f"{each.name(language)} ({each.code})") for each in named]


def _identity(visit: Visit) -> Identity:
    assert visit.identity is not None, "the policy lets nobody else here"
    return visit.identity


def _secret(request: Ask) -> str:
    return request.cookies.get(SESSION_COOKIE, "")


routes = [
    account,
    desk_page,
    choose_desk,
    password_page,
    change_password,
    codes_page,
    begin_codes,
    confirm_page,
    confirm_codes,
    codes_off_page,
    codes_off,
    end_session,
    end_other_sessions,
    token_page,
    make_token,
    revoke_token,
    delegation_page,
    delegate,
    end_delegation,
]
