from collections.abc import Iterator

import pytest

from tests.factories.staff import Staff, a_staff


@pytest.fixture(scope="module")
def staff(shared_database: str) -> Iterator[Staff]:
    made = a_staff(shared_database)
    yield made
    made.engine.dispose()
