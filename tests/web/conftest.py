from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from litestar.testing import TestClient

from tests.conftest import TestServer
from tests.web.desk import Desk, Reader, furnish


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
    return furnished


@pytest.fixture
def sign_in(desk: Desk) -> Iterator[Callable[[str], Reader]]:
    """Somebody at the desk, by login; each has cookies of their own."""
    with ExitStack() as stack:
        yield lambda login: Reader(stack.enter_context(TestClient(desk.app)), login)


@pytest.fixture
def accountant(sign_in: Callable[[str], Reader]) -> Reader:
    return sign_in("accountant")
