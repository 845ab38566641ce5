"""For those who watch the program: whether it lives, whether it can serve, and its figures."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from typing import Any

from litestar import Request, Response, get

from api.metrics import CONTENT_TYPE, Metrics
from api.problems import SchemaNotCurrent
from api.security import Visitor
from erp.base import state
from erp.base.errors import NotPermitted
from erp.reference.access.model import Permission

_PUBLIC = {"policy": Permission.PUBLIC, "anonymous": True}


class MetricsElsewhere(NotPermitted):
    code = "metrics-elsewhere"
    template = "The figures are for this machine only, or for who knows QAZYNA_METRICS_TOKEN."


@dataclass(frozen=True)
class Copies:
    """How the backups stand, where the program itself makes them."""

    folder: str | None
    newest: datetime | None
    number: int


@dataclass(frozen=True)
class Program:
    """What the running program tells of itself.  ``schema`` is the migrations it knows; none: it does not look."""

    version: str = ""
    schema: frozenset[str] = frozenset()
    settings: Mapping[str, str] = field(default_factory=dict)
    """As they may be shown: without secrets."""
    metrics_token: str | None = None
    copies: Callable[[], Copies] | None = None


UNTOLD = Program()


@get("/healthz", opt=_PUBLIC, sync_to_thread=True, include_in_schema=False)
def health() -> dict[str, str]:
    """That the program answers."""
    return {"status": "ok"}


@get("/readyz", opt=_PUBLIC, sync_to_thread=True, include_in_schema=False)
def ready(request: Request[Any, Any, Any], visit: Visitor) -> dict[str, str]:
    """That it can serve: it reaches its database, which is of the schema that it knows.  Raises: SchemaNotCurrent."""
    expected = program_of(request).schema
    found = visit.read(lambda uow: state.schema(uow.connection))
    if expected and found != expected:
        raise SchemaNotCurrent(found=", ".join(sorted(found)) or "-", expected=", ".join(sorted(expected)))
    return {"status": "ready"}


@get("/metrics", opt=_PUBLIC, sync_to_thread=True, include_in_schema=False)
def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Figures for Prometheus.  Raises: MetricsElsewhere."""
    if not _may_see(request, program_of(request).metrics_token):
        raise MetricsElsewhere()
    figures: Metrics = request.app.state.metrics
    return Response(figures.text(), media_type=CONTENT_TYPE)


def program_of(request: Request[Any, Any, Any]) -> Program:
    program: Program = request.app.state.program
    return program


def _may_see(request: Request[Any, Any, Any], token: str | None) -> bool:
    """With the token where one is set; else from this machine, and not on somebody else's behalf through a proxy."""
    if token is not None:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), token.encode())
    if {"x-forwarded-for", "forwarded", "x-real-ip"} & set(request.headers):
        return False
    try:
        return request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        return False


routes = [health, ready, metrics]
