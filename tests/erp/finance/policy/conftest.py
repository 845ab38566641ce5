from collections.abc import Callable, Iterator
from datetime import date

import pytest

from erp.base.db import make_engine
from tests.factories.books import a_chart
from tests.factories.institution import TOMORROW, Institution, new_institution


@pytest.fixture(scope="module")
def new(shared_database: str) -> Iterator[Callable[[], Institution]]:
    """One institution after another over one chart, with books open around today."""
    a_chart(shared_database)
    engine = make_engine(shared_database, pool=6)
    first, last = date(TOMORROW.year - 1, 1, 1), date(TOMORROW.year + 1, 12, 31)
    yield lambda: new_institution(shared_database, engine, first=first, last=last)
    engine.dispose()


@pytest.fixture
def institution(new: Callable[[], Institution]) -> Institution:
    return new()
