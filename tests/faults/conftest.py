"""Two institutions' books, an address for writers, and a proxy on the way to the database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from erp.base import uow
from erp.base.clock import today
from erp.base.scope import system_scope
from erp.reference.access import service as access
from tests.faults.commands import Place
from tests.faults.proxy import Proxy
from tests.web.desk import Desk, furnish


@pytest.fixture(scope="module")
def desk(shared_database: str) -> Iterator[Desk]:
    desk = furnish(shared_database)
    yield desk
    desk.engine.dispose()


@pytest.fixture(scope="module")
def place(shared_database: str, desk: Desk) -> Place:
    token = uow.run(desk.engine, system_scope(), lambda u: access.issue_token(u, "office", today()))
    organisations = tuple(sorted(desk.organisations.values()))[:2]
    owner = shared_database.replace("postgresql+psycopg://", "postgresql://", 1)
    return Place(organisations, desk.users["office"], owner, shared_database, "", token)


@pytest.fixture
def proxy(data_folder: Path, shared_database: str) -> Iterator[Proxy]:
    with Proxy(data_folder, shared_database) as proxy:
        yield proxy
