"""Whose address stands in the trail: the caller's, not what the caller says."""

from ipaddress import ip_network
from typing import Any, cast

import pytest
from litestar.connection import ASGIConnection
from litestar.testing import RequestFactory, TestClient
from sqlalchemy import text

from api.origin import origin_of
from erp.base.db import make_engine
from tests.factories.application import app_over
from tests.web.desk import Desk

_SAID = "x-forwarded-for"
PROXIES = ("10.0.0.1", "10.0.0.2", "fd00::/8")


def told(peer: str, *said: str, proxies: tuple[str, ...] = PROXIES) -> str:
    request = RequestFactory().get("/")
    request.app.state.trusted_proxies = tuple(ip_network(each) for each in proxies)
    request.scope["client"] = (peer, 1)
    request.scope["headers"] = [(_SAID.encode(), each.encode()) for each in said]
    return origin_of(cast("ASGIConnection[Any, Any, Any, Any]", type(request)(request.scope)))


@pytest.mark.parametrize(
    ("peer", "said", "origin"),
    [
        ("10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["192.0.2.66, 198.51.100.7"], "198.51.100.7"),  # forged by the caller before the proxy
        ("10.0.0.1", ["192.0.2.66", "198.51.100.7"], "198.51.100.7"),  # the same in a header of its own
        ("10.0.0.1", ["10.0.0.2, 198.51.100.7"], "198.51.100.7"),  # forged as if of a proxy
        ("10.0.0.1", ["192.0.2.66, 198.51.100.7, 10.0.0.2"], "198.51.100.7"),  # through two proxies
        ("::ffff:10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("fd00::1", ["2001:db8::7"], "2001:db8::7"),
        ("10.0.0.1", ["198.51.100.7, nonsense"], "10.0.0.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("203.0.113.5", ["198.51.100.7"], "203.0.113.5"),  # who is no proxy is not believed
    ],
)
def test_the_last_address_that_is_no_proxy_is_the_caller_s(peer: str, said: list[str], origin: str) -> None:
    assert told(peer, *said) == origin


def test_nobody_is_believed_where_no_proxy_is_named() -> None:
    assert told("10.0.0.1", "198.51.100.7", proxies=()) == "10.0.0.1"


def test_who_forges_the_header_neither_hides_nor_locks_others_out(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with TestClient(app_over(desk.engine)) as client:
        monkeypatch.setattr("api.security.origin_of", lambda asked: told("10.0.0.1", *asked.headers.getall(_SAID)))

        def tried(password: str, said: str) -> int:
            form = {"login": "accountant", "password": password}
            head = {"X-Forwarded-For": said}
            return client.post("/sign-in", data=form, headers=head, follow_redirects=False).status_code

        forged = [tried("wrong", f"192.0.2.{n}, 198.51.100.66") for n in range(5)]
        assert forged == [403] * 3 + [429] * 2, "another forged address is no other caller"
        assert tried("correct-horse", "198.51.100.7") == 303
    owner = make_engine(desk.engine.url.render_as_string(hide_password=False), role=None, pool=1)
    with owner.connect() as connection:
        found = "SELECT DISTINCT origin FROM base_audit_event WHERE action IN ('signed-in', 'sign-in-refused')"
        origins = set(connection.execute(text(found)).scalars())
    owner.dispose()
    assert {"198.51.100.66", "198.51.100.7"} <= origins
    assert not any(each.startswith("192.0.2.") for each in origins)
