from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from erp.base.db import make_engine
from erp.base.scope import system_scope
from erp.reference.packages import service as packages
from erp.reference.packages.rules import parse
from tests.conftest import TestServer
from tests.factories.staff import Staff, a_staff


@pytest.fixture(scope="package")
def url(server: TestServer) -> Iterator[str]:
    """A database with the shipped packages; each test has an organisation of its own."""
    url = server.new_database()
    owner = make_engine(url, role=None, pool=1)
    with owner.begin() as connection:
        for directory in packages.shipped():
            if directory.name in ("calendar", "leave"):
                packages.load(connection, system_scope(), parse(directory))
    owner.dispose()
    yield url
    server.drop_database(url)


@pytest.fixture(scope="package")
def engine(url: str) -> Iterator[Engine]:
    engine = make_engine(url, pool=4)
    yield engine
    engine.dispose()


@pytest.fixture
def staff(url: str, engine: Engine) -> Staff:
    return a_staff(url, engine)
