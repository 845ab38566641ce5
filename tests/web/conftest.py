import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import psycopg
import pytest
from litestar.testing import TestClient
from playwright.sync_api import Page

from tests.conftest import TestServer
from tests.factories.seals import libpq
from tests.web.desk import PASSWORD, Desk, Reader, furnish


@pytest.fixture(scope="session")
def furnished(server: TestServer) -> Iterator[Desk]:
    """One desk for the tests that only read it, or that look at what they themselves wrote."""
    url = server.new_database()
    desk = furnish(url)
    yield desk
    desk.engine.dispose()
    server.drop_database(url)


@pytest.fixture
def desk(furnished: Desk) -> Desk:
    """The desk as each test finds it: everybody reads English, whatever another test chose."""
    with psycopg.connect(libpq(furnished.engine.url.render_as_string(hide_password=False))) as connection:
        connection.execute("UPDATE reference_user SET language = 'en' WHERE language <> 'en'")
    return furnished


@pytest.fixture
def sign_in(desk: Desk) -> Iterator[Callable[[str], Reader]]:
    """Somebody at the desk, by login; each has cookies of their own."""
    with ExitStack() as stack:
        yield lambda login: Reader(stack.enter_context(TestClient(desk.app)), login)


@pytest.fixture
def accountant(sign_in: Callable[[str], Reader]) -> Reader:
    return sign_in("accountant")


@dataclass
class Site:
    """The program as it is run, for a browser; its books are its own."""

    desk: Desk
    address: str


@pytest.fixture(scope="session")
def site(server: TestServer) -> Iterator[Site]:
    url = server.new_database()
    desk = furnish(url)
    port = _free_port()
    settings = {"QAZYNA_DATABASE_URL": url.replace("+psycopg", "", 1), "QAZYNA_PORT": str(port), "QAZYNA_POOL": "4"}
    program = subprocess.Popen([sys.executable, "-m", "qazyna", "serve"], env=os.environ | settings)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(f"{address}/sign-in", program)
        yield Site(desk, address)
    finally:
        program.terminate()
        program.wait(timeout=20)
        desk.engine.dispose()
        server.drop_database(url)


def let_in(page: Page, login: str) -> None:
    """Sign in without the page for it, which test_keyboard and test_accessibility fill in as people do."""
    answer = page.request.post("/sign-in", form={"login": login, "password": PASSWORD}, max_redirects=0)
    assert answer.status == 303, answer.text()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _wait_for(address: str, program: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert program.poll() is None, "the program ended"
        try:
            urllib.request.urlopen(address, timeout=5)  # noqa: S310
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the program does not answer")
