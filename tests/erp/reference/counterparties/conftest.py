from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from erp.base.db import make_engine


@pytest.fixture
def owner(shared_database: str) -> Iterator[Connection]:
    """A connection of the owner, rolled back after the test."""
    engine = make_engine(shared_database, role=None)
    with engine.connect() as connection:
        yield connection
    engine.dispose()
