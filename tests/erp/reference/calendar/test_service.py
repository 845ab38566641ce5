from datetime import date

import pytest
from sqlalchemy import Engine

from erp.base import uow
from erp.base.db import make_engine
from erp.base.scope import system_scope
from erp.reference.calendar import service
from erp.reference.calendar.rules import CalendarUnknown
from erp.reference.packages.service import load_shipped


@pytest.fixture(scope="module")
def engine(shared_database: str) -> Engine:
    owner = make_engine(shared_database, role=None, pool=1)
    with owner.begin() as connection:
        load_shipped(connection, system_scope())
    owner.dispose()
    return make_engine(shared_database, pool=1)


def test_others_ask_whether_a_day_is_worked(engine: Engine) -> None:
    def ask(u: uow.UnitOfWork) -> tuple[bool, bool, int]:
        return (
            service.calendar(u, 2026, 2026).is_working(date(2026, 5, 8)),
            service.calendar(u, 2026, 2026).is_working(date(2026, 5, 11)),
            service.working_days_between(u, date(2026, 5, 1), date(2026, 6, 1)),
        )

    assert uow.read(engine, system_scope(), ask) == (True, False, 17)


def test_years_that_nobody_described_are_refused_not_guessed(engine: Engine) -> None:
    with pytest.raises(CalendarUnknown):
        uow.read(engine, system_scope(), lambda u: service.calendar(u, 2019, 2019))
    assert (
        uow.read(engine, system_scope(), lambda u: service.working_days_between(u, date(2019, 1, 9), date(2019, 1, 9)))
        == 0
    )
