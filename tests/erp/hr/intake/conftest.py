from collections.abc import Iterator

import pytest

from tests.factories.staff import Staff, a_staff


@pytest.fixture
def staff(shared_database: str) -> Iterator[Staff]:
    """An organisation of its own for each test: what a list makes stays."""
    made = a_staff(shared_database)
    yield made
    made.engine.dispose()
