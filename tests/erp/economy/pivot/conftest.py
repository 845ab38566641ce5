"""An oblast with one lyceum's books, and its plan."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from erp.base import uow
from erp.base.scope import Scope, system_scope
from erp.base.uow import UnitOfWork
from erp.economy.plans import service as plans
from erp.economy.plans.model import CellChange, LeafKey, Section
from erp.finance.journal import service as journal
from erp.finance.journal.schemas import CorrectEntry, PostEntry
from erp.reference.access.model import Role
from erp.reference.packages.service import load_shipped
from ledger import service as ledger
from ledger.model import Actor
from tests.conftest import TestServer
from tests.factories.oblast import Oblast, an_oblast

ACTOR = Actor(1, "test")
_OF = {"programme": "464.003", "specific": "149"}


def _side(account: str, **dimensions: str) -> dict[str, Any]:
    return {"account": account, "dimensions": dimensions}


@pytest.fixture(scope="package")
def oblast(server: TestServer) -> Iterator[Oblast]:
    """A lyceum that was planned 500.00, paid 100.00, of which 30.00 came back, and used paper for 40.00."""
    url = server.new_database()
    oblast = an_oblast(url)
    oblast.by_program(lambda u: load_shipped(u.connection, system_scope()))
    at = oblast.at("lyceum")
    scope = Scope(ACTOR, writes=frozenset({at}))
    uow.run(
        oblast.engine,
        scope,
        lambda u: ledger.open_books(u.connection, at, "lyceum", date(2026, 1, 1), date(2026, 12, 31), ACTOR),
    )

    def post(debit: dict[str, Any], credit: dict[str, Any], amount: str) -> int:
        said = {
            "key": str(uuid4()),
            "journal": "MO-16",
            "effective_on": "2026-03-16",
            "memo": "A payment",
            "postings": [{"debit": debit, "credit": credit, "amount": amount}],
        }
        command = PostEntry.model_validate(said)
        return uow.run(oblast.engine, scope, lambda u: journal.post_entry(u, at, command))().entry_id

    plan = _side("1091", **_OF)
    advance = _side("1010")
    post(plan, _side("6010", **_OF), "500.00")
    post(advance, plan, "100.00")
    post(plan, advance, "30.00")
    post(_side("7460", **_OF), advance, "40.00")
    slip = post(advance, plan, "7.00")
    storno = CorrectEntry(key=uuid4(), effective_on=date(2026, 3, 20), reason="A slip", kind="storno")
    uow.run(oblast.engine, scope, lambda u: journal.correct_entry(u, at, slip, storno))
    yield oblast
    oblast.engine.dispose()
    server.drop_database(url)


@dataclass
class Planned:
    """A plan of the oblast for 2027 upon 2026: paper (149) and power (152) of two places, and a tax."""

    oblast: Oblast
    plan: int
    version: int
    leaves: dict[str, int]

    @property
    def at(self) -> int:
        return self.oblast.at("oblast")

    @property
    def scope(self) -> Scope:
        here = frozenset({self.at})
        actor = Actor(self.oblast.users["planner"], "test")
        return Scope(actor, plans=frozenset(self.oblast.organisations.values()), edits=here)


LINES = {
    # who, programme, specific, 2026, 2027, in tiyn
    "lyceum paper": ("lyceum", "464.003", "149", 9_000, 30_000),
    "lyceum power": ("lyceum", "464.003", "152", 20_000, 10_000),
    "school paper": ("school", "464.003", "149", 1_000, None),
    "roads paper": ("roads", "458.012", "149", 500, 700),
}


@pytest.fixture
def planned(oblast: Oblast) -> Planned:
    """A plan by itself for each test."""
    at = oblast.at("oblast")
    if "planner" not in oblast.users:
        oblast.add_person("planner", (Role.PLANNER, "oblast"))
    here = frozenset({at})
    scope = Scope(Actor(oblast.users["planner"], "test"), plans=here, edits=here)

    def make(u: UnitOfWork) -> Planned:
        plan = plans.create_plan(u, at, "Oblast", (2026, 2027), 2027, key=uuid4())
        base = plans.versions(u, at, plan.id)[0]
        keys = [
            LeafKey(Section.EXPENDITURE, at, oblast.at(who), programme, specific, "", "")
            for who, programme, specific, *_ in LINES.values()
        ]
        tax = LeafKey(Section.REVENUE, at, at, "", "101201", "", "")
        ids = [int(each) for each in plans.intern(u, at, plan.id, [*keys, tax])]
        leaves = dict(zip([*LINES, "tax"], ids, strict=True))
        said = [
            CellChange(leaves[name], year, tiyn)
            for name, (*_, first, second) in LINES.items()
            for year, tiyn in ((2026, first), (2027, second))
            if tiyn is not None
        ]
        said.append(CellChange(leaves["tax"], 2027, 99_000))
        plans.edit(u, at, plan.id, base.id, said, "First figures", expected_edits=0, key=uuid4())
        return Planned(oblast, plan.id, base.id, leaves)

    return uow.run(oblast.engine, scope, make)
