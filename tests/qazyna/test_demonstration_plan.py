"""The oblast's plan: two versions that hold together, edited by one person and frozen by another."""

from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

from erp.base import uow
from erp.base.db import make_engine
from erp.base.scope import Scope, system_scope
from erp.base.uow import UnitOfWork
from erp.economy.plans import service
from erp.reference.packages.service import load_shipped
from ledger.model import Actor
from qazyna.demonstration import loading, plans
from qazyna.demonstration.luck import Luck
from tests.conftest import TestServer

T = TypeVar("T")
Read = Callable[[Callable[[UnitOfWork, int], T]], T]


@pytest.fixture(scope="module")
def read(server: TestServer) -> Iterator[Read[object]]:
    """The plan alone, without the books, loaded twice; what is asked is asked where it is planned."""
    url = server.new_database()
    owner, engine = make_engine(url, role=None, pool=1), make_engine(url, pool=1)
    with owner.begin() as connection:
        load_shipped(connection, system_scope())
    uow.run(owner, system_scope(), loading._settle)
    owner.dispose()
    plans.plan(engine)
    plans.plan(engine)
    at = uow.read(engine, system_scope(), plans._ids)[plans.OBLAST]
    scope = Scope(Actor(0, "test"), plans=frozenset({at}))
    yield lambda query: uow.read(engine, scope, lambda u: query(u, at))
    engine.dispose()
    server.drop_database(url)


def test_the_plan_is_loaded_once_in_a_frozen_base_and_a_working_version(read: Read[object]) -> None:
    def look(u: UnitOfWork, at: int) -> None:
        (plan,) = service.plans(u, at)
        assert plan.plan_years == (2027, 2028, 2029)
        base, working = service.versions(u, at, plan.id)
        assert (base.is_frozen, base.author, base.frozen_by) == (True, "Гульнара Исаева", "Данияр Омаров")
        assert service.hash_of(u, base) == base.content_hash
        assert (working.parent_id, working.edits, working.is_frozen) == (base.id, 4, False)
        assert service.one_edit(u, at, plan.id, working.id, 3).undone_by == 4
        held = service.cells(u, at, plan.id, base.id)
        assert 3_000 <= len(held.leaves) <= 5_000
        assert held.count == 5 * len(held.leaves)
        told = service.totals(u, at, plan.id, base.id)
        assert not any(told.gap), "each budget is closed by the balances it uses"
        differing = service.compare(u, at, plan.id, base.id, working.id, ("programme.group",), only_different=True)
        assert int(differing.different.sum()) == sum(
            edit.cells for edit in service.history(u, at, plan.id, working.id)[0] if edit.no in (1, 2)
        )

    read(look)


def test_codes_of_the_plan_are_those_of_the_shipped_classification(read: Read[object]) -> None:
    def look(u: UnitOfWork, at: int) -> None:
        (plan,) = service.plans(u, at)
        axes = service.axes(u, at, plan.id)
        for level in ("programme.programme", "programme.group", "economic", "economic.category", "source", "region"):
            grouping = axes.level(level)
            unnamed = [member.code for member in grouping.members if member.code and member.ru == member.code]
            assert unnamed == [], level

    read(look)


def test_what_books_say_is_the_base_and_the_plan_goes_on_from_there() -> None:
    paid = {2025: 123_456_789, 2026: 200_000_000}
    running, *later = plans._onwards(Luck("any"), "141", paid)[1:]
    assert plans._onwards(Luck("any"), "141", paid)[0] == paid[2025]
    assert paid[2026] * 110 // 100 <= running <= paid[2026] * 122 // 100
    assert sorted(later) == later
    assert later[0] > running
