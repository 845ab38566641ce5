from collections.abc import Callable, Iterator

import pytest

from qazyna.worker import Worker
from tests.conftest import TestServer
from tests.factories import loops
from tests.web.desk import Desk, furnish


@pytest.fixture(scope="module")
def address(server: TestServer) -> Iterator[str]:
    url = server.new_database()
    yield url
    server.drop_database(url)


@pytest.fixture(scope="module")
def desk(address: str) -> Iterator[Desk]:
    desk = furnish(address)
    yield desk
    desk.engine.dispose()


@pytest.fixture
def drain(address: str) -> Callable[[], None]:
    """A worker works through what waits, and ends."""

    def work() -> None:
        worker = Worker(address, None)
        loops.run(worker.drain())

    return work
