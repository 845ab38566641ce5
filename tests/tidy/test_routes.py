"""Every route says who may use it."""

from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.handlers.base import BaseRouteHandler
from litestar.routes import BaseRoute
from litestar.testing import TestClient
from sqlalchemy import create_engine

from api.app import API_PREFIX, create_app
from erp.reference.access.model import ANYBODY, SYSTEM_WIDE, WHEREVER_HELD, Permission
from erp.reference.access.policy import ALLOWED
from web.app import pages

WITHOUT_ORGANISATION = ANYBODY | SYSTEM_WIDE | WHEREVER_HELD
"""What a route may ask for that names no organisation."""


def _is_of_an_organisation(route: BaseRoute) -> bool:
    return "{organisation_id:int}" in route.path


@pytest.fixture(scope="module")
def app() -> Litestar:
    return create_app(create_engine("postgresql+psycopg://"), pages)


@pytest.fixture(scope="module")
def handlers(app: Litestar) -> list[tuple[BaseRoute, BaseRouteHandler]]:
    """Handlers the project wrote; Litestar's own answer to OPTIONS says only which methods there are."""

    def of(route: BaseRoute) -> Iterator[BaseRouteHandler]:
        yield from getattr(route, "route_handlers", None) or [route.route_handler]  # type: ignore[attr-defined]

    return [
        (route, handler)
        for route in app.routes
        for handler in of(route)
        if set(getattr(handler, "http_methods", {"GET"})) != {"OPTIONS"}
    ]


def test_every_route_has_a_policy(handlers: list[tuple[BaseRoute, BaseRouteHandler]]) -> None:
    assert len(handlers) > 10
    without = [route.path for route, handler in handlers if not isinstance(handler.opt.get("policy"), Permission)]
    assert without == []


def test_routes_of_an_organisation_ask_for_a_permission_there_and_no_others_do(
    handlers: list[tuple[BaseRoute, BaseRouteHandler]],
) -> None:
    wrong = [
        (route.path, handler.opt["policy"])
        for route, handler in handlers
        if handler.opt["policy"]
        not in (set(Permission) - ANYBODY - SYSTEM_WIDE if _is_of_an_organisation(route) else WITHOUT_ORGANISATION)
    ]
    assert wrong == []


def test_one_s_own_account_is_no_program_s_business(handlers: list[tuple[BaseRoute, BaseRouteHandler]]) -> None:
    by_program = [
        route.path
        for route, handler in handlers
        if handler.opt["policy"] in (Permission.OWN_ACCOUNT, Permission.IN_PERSON) and route.path.startswith(API_PREFIX)
    ]
    assert by_program == []


def test_a_change_that_anybody_signed_in_may_make_says_why(handlers: list[tuple[BaseRoute, BaseRouteHandler]]) -> None:
    """A token of any limits is signed in too: what a person does for themself asks for them in person."""
    unsaid = [
        route.path
        for route, handler in handlers
        if handler.opt["policy"] is Permission.SIGNED_IN and not handler.opt.get("because")
        if not {"GET", "HEAD"} >= set(handler.http_methods)  # type: ignore[attr-defined]
    ]
    assert unsaid == []


def test_changes_of_an_organisation_ask_for_more_than_reading(
    handlers: list[tuple[BaseRoute, BaseRouteHandler]],
) -> None:
    reading = [
        route.path
        for route, handler in handlers
        if route.path.startswith(API_PREFIX) and "{organisation_id:int}" in route.path
        if not {"GET", "HEAD"} >= set(handler.http_methods)  # type: ignore[attr-defined]
        if handler.opt["policy"].endswith(".read")
    ]
    assert reading == []


def test_handlers_are_synchronous(handlers: list[tuple[BaseRoute, BaseRouteHandler]]) -> None:
    """They run in as many threads as the pool has connections; a coroutine would hold the loop while it queries.

    But for those that wait for another program, and would hold a thread meanwhile.
    """
    ours = [(r, h) for r, h in handlers if not r.path.startswith(("/static", "/api/schema"))]
    waiting = {r.path for r, h in ours if h.sync_to_thread is not True}  # type: ignore[attr-defined]
    assert waiting == {"/sign-in/oidc", "/sign-in/oidc/back", "/account/provider/link"}


def test_asking_for_the_methods_is_no_fault_of_the_server(app: Litestar) -> None:
    with TestClient(app, raise_server_exceptions=False) as client:
        assert client.options("/healthz").status_code < 500


def test_every_permission_is_somebody_s(handlers: list[tuple[BaseRoute, BaseRouteHandler]]) -> None:
    held = frozenset().union(*ALLOWED.values())
    assert set(Permission) - ANYBODY == held
