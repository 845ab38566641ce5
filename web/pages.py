"""How a page is made: the template engine, what every page knows, and pages that say what went wrong."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Request, Response
from litestar.datastructures import Cookie
from litestar.params import FromPath
from litestar.status_codes import HTTP_200_OK, HTTP_500_INTERNAL_SERVER_ERROR

from api.security import Visit, masked
from erp.base.clock import today
from erp.base.dates import day_string, last_day
from erp.base.i18n import Language
from erp.base.scope import Scope
from erp.base.uow import UnitOfWork
from erp.finance.approvals import service as approvals
from erp.finance.policy import service as policies
from erp.finance.policy.model import Numbering
from erp.finance.reports import service as reports
from erp.finance.reports.model import SavedView
from erp.hr.requests import service as requests
from erp.reference.access.model import Permission, Role
from erp.reference.access.policy import authorise, permissions, permissions_at, reach
from erp.reference.desk import service as desk
from erp.reference.desk.model import DeskSettings
from erp.reference.notifications import service as notifications
from erp.reference.organisations import service as organisations
from erp.reference.organisations.model import Organisation
from ledger.model import Actor
from web import sections
from web.forms import tidy
from web.hints import hint_of
from web.i18n import countries, measure, moment, money, money_or_blank, size, speech
from web.places import place_of
from web.signing import headers_for, words

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
THEME_COOKIE = "qazyna_theme"
THEMES = ("auto", "light", "dark")

Ask = Request[Any, Any, Any]
Id = FromPath[int]


@cache
def asset(name: str) -> str:
    """Address of a static file; it changes with the content, so that browsers may keep it for ever.

    Modules change theirs together: they import one another by the address of the one that was loaded.
    """
    content = sorted((STATIC / "js").glob("*.js")) if name.startswith("js/") else [STATIC / name]
    return f"/static/{name}?v={sha256(b''.join(each.read_bytes() for each in content)).hexdigest()[:12]}"


@cache
def htmx() -> str | None:
    """Address of htmx, or none where it could not be installed: every page then works as plain forms."""
    return asset("vendor/htmx.min.js") if (STATIC / "vendor" / "htmx.min.js").exists() else None


template_globals: dict[str, Callable[..., Any]] = {
    "asset": asset,
    "money": money,
    "money_or_blank": money_or_blank,
    "measure": measure,
    "day": day_string,
    "this_day": lambda: day_string(today()),
    "last_day": last_day,
    "moment": moment,
    "size": size,
    "countries": countries,
    "hint_of": hint_of,
}


@cache
def environment(language: Language) -> Environment:
    """Jinja speaking one language."""
    say = speech(language)
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(
        template_globals,
        _=say,
        month_name=say.month,
        dimension_name=say.dimension,
        language=language.value,
        **words(language),
    )
    return made


def visit_of(request: Ask) -> Visit:
    visit: Visit = request.state.visit
    return visit


def render(
    request: Ask,
    template: str,
    *,
    organisation: Organisation | None = None,
    language: Language | None = None,
    theme: str | None = None,
    status: int = 200,
    cookies: Sequence[Cookie] = (),
    **context: Any,
) -> Response[str]:
    """A page of the visit; ``language`` and ``theme`` win over the visit's own when just chosen."""
    visit, signed_here = visit_of(request), context.get("signing")
    if is_part(request) and signed_here is not None and signed_here.ncalayer:
        return Response("", headers={"HX-Redirect": here(request)})  # a whole page, with a security policy of its own
    page = environment(language or visit.language).get_template(template)
    everywhere = {
        "theme": theme or theme_of(request),
        "identity": visit.identity,
        "can": lambda permission: visit.identity is not None and Permission(permission) in permissions(visit.identity),
        "csrf_token": masked(visit.csrf),
        "here": here(request),
        "is_place": request.method == "GET" and status == HTTP_200_OK,
        "htmx": htmx(),
        "largest_file_mb": request.app.state.largest_file >> 20,
        **_own(visit, status),
        "organisation": organisation,
        "section": "",
        "signing": None,
        "form_id": "",
        "help_of": "",
        "form_default": "",
        **(_at(request, visit, organisation) if organisation else {}),
    }
    return Response(
        page.render(everywhere | context),
        media_type=MediaType.HTML,
        status_code=status,
        cookies=list(cookies),
        headers={"Cache-Control": "no-store"} | headers_for(signed_here),
    )


def _own(visit: Visit, status: int) -> dict[str, Any]:
    """What is the person's own on every page; nothing is asked of a database that has just failed."""
    identity = visit.identity
    if identity is None or status >= HTTP_500_INTERNAL_SERVER_ERROR:
        return {"unread": 0, "desk": DeskSettings()}
    own = replace(visit, scope=Scope(Actor(identity.user.id, identity.origin)))  # a refused visit has no scope
    unread, settings = own.read(lambda uow: (notifications.unread(uow), desk.settings(uow)))
    return {"unread": unread, "desk": settings}


def _at(request: Ask, visit: Visit, organisation: Organisation) -> dict[str, Any]:
    identity = visit.identity
    allowed = permissions_at(identity, organisation.id) if identity else frozenset[Permission]()
    open_here = sections.parts(request, identity, organisation.id) if identity else []
    is_head = identity is not None and Role.MANAGER in identity.roles.get(organisation.id, ())
    waiting, policies_to_sign = visit.read(
        lambda uow: (
            approvals.waiting(uow, organisation.id, approvals.hands_of(identity, organisation.id)),
            policies.to_sign(uow, organisation.id) if is_head else [],
        )
    )
    requests_waiting = _requests_waiting(visit, organisation.id)
    return {
        "waiting": waiting,
        "policies_to_sign": policies_to_sign,
        "waiting_number": waiting.number + len(policies_to_sign),
        "waits_at": {"inbox": requests_waiting},
        "waits_anywhere": waiting.number + len(policies_to_sign) + requests_waiting,
        "may": lambda permission: Permission(permission) in allowed,
        "open_parts": open_here,
        "in_finance": not any(each.is_here and each.part is not sections.FINANCE for each in open_here),
        "workplace_count": len(sections.workplaces(identity)) if identity else 0,
        "organisation_count": len(reach(identity, Permission.JOURNAL_READ)) if identity else 0,
        "place": place_of(request),
        "views_here": lambda: _views_here(request, visit, organisation),
        "written": _Numbers(visit, organisation.id),
        "home_url": f"/o/{organisation.id}/",
        "journal_url": f"/o/{organisation.id}/journal",
    }


def _requests_waiting(visit: Visit, organisation_id: int) -> int:
    """How many requests for leave and trips wait at the person’s desk, whatever page is open."""
    identity = visit.identity
    if identity is None or Permission.ABSENCE_DECIDE not in permissions_at(identity, organisation_id):
        return 0
    decides = replace(visit, scope=authorise(identity, Permission.ABSENCE_DECIDE, organisation_id))
    return decides.read(lambda uow: requests.waiting(uow, organisation_id))


class _Numbers:
    """Writes legal numbers as the organisation's policy does; asks for it once, where a page shows a number at all."""

    def __init__(self, visit: Visit, organisation_id: int) -> None:
        self._visit, self._organisation_id = visit, organisation_id

    @cached_property
    def _numbering(self) -> Numbering:
        return self._visit.read(lambda uow: policies.numbering(uow, self._organisation_id))

    def __call__(self, journal: str, day: date, number: int) -> str:
        return self._numbering.written(journal, day, number)


def is_part(request: Ask) -> bool:
    """Whether a script asks for the page, to put it in the place of the one that is shown."""
    return request.method == "GET" and "hx-request" in request.headers


def _views_here(request: Ask, visit: Visit, organisation: Organisation) -> list[tuple[SavedView, bool]]:
    """Views of this list that the person keeps or sees, and whether each is what is shown."""
    roles = sorted(visit.identity.roles.get(organisation.id, ())) if visit.identity else []
    report = request.url.path.removeprefix(f"/o/{organisation.id}/")
    kept = visit.read(lambda uow: reports.views(uow, organisation.id, roles))
    shown = {(name, value) for name, value in parse_qsl(request.url.query) if name != "cursor"}
    return [(view, set(parse_qsl(view.query)) == shown) for view in kept if view.report == report]


def theme_of(request: Ask) -> str:
    theme = request.cookies.get(THEME_COOKIE, "")
    return theme if theme in THEMES else "auto"


def here(request: Ask) -> str:
    """Path and query of this page, as links back to it write them."""
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path


def query_of(request: Ask) -> dict[str, str]:
    """What the address asks for."""
    return {name: tidy(value) for name, value in request.query_params.items()}


def own_address(address: str, *, under: str = "/", otherwise: str = "/") -> str:
    """``address`` if it is a page of ours below ``under``; anything else could lead a visitor astray."""
    safe = address.startswith(under) and not address.startswith("//")
    return address if safe and "\\" not in address and address.isprintable() else otherwise


def organisation_at(uow: UnitOfWork) -> Organisation:
    """The one organisation of a page's scope."""
    return organisations.organisations_of(uow)[0]
