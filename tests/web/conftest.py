from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import psycopg
import pytest
from litestar.testing import TestClient
from playwright.sync_api import Page

from tests.conftest import TestServer
from tests.factories.program import served
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
    with served(url) as address:
        yield Site(desk, address)
    desk.engine.dispose()
    server.drop_database(url)


def let_in(page: Page, login: str) -> None:
    """Sign in without the page for it, which test_keyboard and test_accessibility fill in as people do."""
    answer = page.request.post("/sign-in", form={"login": login, "password": PASSWORD}, max_redirects=0)
    assert answer.status == 303, answer.text()
