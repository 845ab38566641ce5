from collections.abc import Iterator

import pytest

from tests.conftest import TestServer
from tests.factories.scenarios import Scenarios, scenarios


@pytest.fixture(scope="module")
def planned(server: TestServer) -> Iterator[Scenarios]:
    url = server.new_database()
    made = scenarios(url)
    yield made
    made.planning.oblast.engine.dispose()
    server.drop_database(url)
