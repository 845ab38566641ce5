from collections.abc import Iterator

import pytest

from tests.conftest import TestServer
from tests.factories.plans import Planning, planning


@pytest.fixture(scope="session")
def oblast(server: TestServer) -> Iterator[Planning]:
    url = server.new_database()
    made = planning(url)
    yield made
    made.oblast.engine.dispose()
    server.drop_database(url)
