"""The same page at another organisation."""

from typing import Any
from urllib.parse import parse_qsl, urlencode

from litestar import Request
from litestar.exceptions import HTTPException
from litestar.routes import HTTPRoute

from erp.reference.access.model import ANYBODY, Identity, Permission
from erp.reference.access.policy import permissions, permissions_at

Ask = Request[Any, Any, Any]
_OF_ONE = {"cursor", "back", "subaccount", "copy", "draft", "posted", "key"}
"""What an address may ask for that only one organisation has, or that is over when one leaves the page."""


def place_of(request: Ask) -> str:
    """Where a page stands among an organisation's own, with what it asks for; up to what has a number there."""
    template = str(request.scope.get("path_template"))
    route = next((r for r in request.app.routes if isinstance(r, HTTPRoute) and r.path_format == template), None)
    parts: list[str] = []
    for part in route.path_components[2:] if route else []:
        if isinstance(part, str):
            parts.append(part)
        elif part.type is str:
            parts.append(str(request.path_params[part.name]))
        else:
            break
    asked = [(name, value) for name, value in parse_qsl(request.url.query) if name not in _OF_ONE]
    return "/".join(parts) + (f"?{urlencode(asked)}" if asked else "")


def address_at(request: Ask, identity: Identity, organisation_id: int, place: str) -> str:
    """The page at an organisation; its first page where there is no such one, or not for this person."""
    home = f"/o/{organisation_id}/"
    return address_of(request, identity, organisation_id, place.lstrip("/")) or home


def address_of(request: Ask, identity: Identity, organisation_id: int | None, place: str) -> str | None:
    """A page of an organisation, or, beginning with a stroke, of none; ``None`` where it is not this person's."""
    if place.startswith("/"):
        return _if_open(request, place, permissions(identity) | ANYBODY, "")
    if organisation_id is None:
        return None
    granted = permissions_at(identity, organisation_id)
    return _if_open(request, f"/o/{organisation_id}/{place}", granted, "/o/{organisation_id}")


def _if_open(request: Ask, address: str, granted: frozenset[Permission], under: str) -> str | None:
    """The address, where a route below ``under`` answers it whose policy is among what is ``granted``."""
    path, _, _ = address.partition("?")
    try:
        _, handler, _, _, template = request.app.asgi_router.handle_routing(path.rstrip("/") or "/", "GET")
    except HTTPException:
        return None
    policy = getattr(handler, "opt", {}).get("policy")
    return address if template.startswith(under) and policy in granted else None
