"""Where pages are: that of a subject, and the same page at another organisation."""

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


_PAGES = {
    "entry": "/o/{0}/journal/{2}",
    "prepared": "/o/{0}/approvals/{1}",
    "settlement": "/o/{0}/settlements/{1}",
    "bulk": "/o/{0}/bulk/{1}",
    "policy": "/o/{0}/policy/{1}",
    "closing": "/o/{0}/closing/{1}",
    "month": "/o/{0}/months#p-{1}",
    "year": "/o/{0}/months#p-{1}",
    "takeover": "/o/{0}/takeover/{1}",
    "plan": "/o/{0}/plans/{1}",
    "version": "/o/{0}/plans/{1}/versions/{2}",
    "scenario": "/o/{0}/plans/{1}/scenarios/{2}",
    "plan-file": "/o/{0}/plans/files/{1}",
    "series": "/o/{0}/drivers/{1}",
    "people-file": "/o/{0}/staff/import/{1}",
    "request": "/o/{0}/requests/{1}",
    "trip": "/o/{0}/requests/{1}",
    "inbox": "/o/{0}/inbox/{1}",
    "tripreport": "/o/{0}/trips/reports/{1}",
    "job": "/jobs/{1}",
}
"""Pages by the kind of a subject, with the parts of its key in their places."""


def page_of(subject: str) -> str | None:
    """The page of a subject, as the trail, signatures and notifications name it; ``None`` where it has none."""
    kind, _, key = subject.partition(":")
    parts = key.split("/")
    address = _PAGES.get(kind)
    return address.format(*parts) if address and len(parts) >= 2 + ("{2}" in address) else None


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
