from collections.abc import Callable, Iterator

import pytest
from litestar.testing import TestClient

from erp.base import uow
from erp.base.clock import today
from erp.base.scope import system_scope
from erp.reference.access import service as access
from tests.conftest import TestServer
from tests.web.desk import Desk, furnish


@pytest.fixture(scope="module")
def desk(server: TestServer) -> Iterator[Desk]:
    url = server.new_database()
    desk = furnish(url)
    yield desk
    desk.engine.dispose()
    server.drop_database(url)


@pytest.fixture
def client(desk: Desk) -> Iterator[TestClient]:  # type: ignore[type-arg]
    with TestClient(desk.app) as client:
        yield client


@pytest.fixture
def bearer(desk: Desk) -> Callable[[str], dict[str, str]]:
    """The header that a program sends in somebody's name."""

    def header(login: str) -> dict[str, str]:
        token = uow.run(desk.engine, system_scope(), lambda u: access.issue_token(u, login, today()))
        return {"Authorization": f"Bearer {token}"}

    return header
