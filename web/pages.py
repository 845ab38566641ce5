"""How a page is made: the template engine, what every page knows, and pages that say what went wrong."""

from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Request, Response
from litestar.datastructures import Cookie
from litestar.params import FromPath
from litestar.status_codes import HTTP_500_INTERNAL_SERVER_ERROR

from api.security import Visit, masked
from erp.base.dates import day_string, last_day
from erp.base.i18n import Language
from erp.base.uow import UnitOfWork
from erp.finance.approvals import service as approvals
from erp.reference.access.model import Permission
from erp.reference.access.policy import permissions, permissions_at, reach
from erp.reference.notifications import service as notifications
from erp.reference.organisations import service as organisations
from erp.reference.organisations.model import Organisation
from web.forms import tidy
from web.i18n import measure, moment, money, money_or_blank, size, speech
from web.places import place_of

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
THEME_COOKIE = "qazyna_theme"
THEMES = ("auto", "light", "dark")

Ask = Request[Any, Any, Any]
Id = FromPath[int]


@cache
def asset(name: str) -> str:
    """Address of a static file; it changes with the content, so that browsers may keep it for ever."""
    return f"/static/{name}?v={sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"


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
    "last_day": last_day,
    "moment": moment,
    "size": size,
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
    visit = visit_of(request)
    page = environment(language or visit.language).get_template(template)
    everywhere = {
        "theme": theme or theme_of(request),
        "identity": visit.identity,
        "can": lambda permission: visit.identity is not None and Permission(permission) in permissions(visit.identity),
        "csrf_token": masked(visit.csrf),
        "here": here(request),
        "htmx": htmx(),
        "largest_file_mb": request.app.state.largest_file >> 20,
        "unread": visit.read(notifications.unread) if visit.identity and status < HTTP_500_INTERNAL_SERVER_ERROR else 0,
        "organisation": organisation,
        "section": "",
        "form_id": "",
        "form_default": "",
        **(_at(request, visit, organisation) if organisation else {}),
    }
    return Response(
        page.render(everywhere | context),
        media_type=MediaType.HTML,
        status_code=status,
        cookies=list(cookies),
        headers={"Cache-Control": "no-store"},
    )


def _at(request: Ask, visit: Visit, organisation: Organisation) -> dict[str, Any]:
    identity = visit.identity
    allowed = permissions_at(identity, organisation.id) if identity else frozenset[Permission]()
    return {
        "waiting": visit.read(
            lambda uow: approvals.waiting(uow, organisation.id, approves=Permission.JOURNAL_APPROVE in allowed)
        ),
        "may": lambda permission: Permission(permission) in allowed,
        "organisation_count": len(reach(identity, Permission.JOURNAL_READ)) if identity else 0,
        "place": place_of(request),
        "home_url": f"/o/{organisation.id}/",
        "journal_url": f"/o/{organisation.id}/journal",
    }


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
