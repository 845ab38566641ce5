"""What a planner waits for: a driver moved, and the budget of 20,000 lines as it then is, as the page asks for it."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, product
from time import perf_counter
from uuid import uuid4

from litestar.testing import TestClient
from sqlalchemy import Engine, text

from api.app import create_app
from bench.measure import Figure, duration
from erp.base import uow
from erp.base.db import make_engine
from erp.base.i18n import Language
from erp.base.scope import Scope, system_scope
from erp.base.uow import UnitOfWork
from erp.economy.plans import recall
from erp.economy.plans import service as plans
from erp.economy.plans.model import CellChange, LeafKey, Section
from erp.economy.scenarios import reckoning, rules, service
from erp.economy.scenarios.model import Revision, ShippedModel
from erp.economy.scenarios.schemas import BeginScenario
from erp.reference.access import service as access
from erp.reference.access.model import Role
from erp.reference.organisations.model import OrganisationDraft, OrganisationKind
from erp.reference.organisations.service import register_organisations
from erp.reference.packages import service as packages
from ledger.model import Actor
from qazyna.demonstration import days
from qazyna.migrate import upgrade
from qazyna.postgres import EmbeddedPostgres, temporary_data
from web.app import pages

LEAVES, YEARS, MEASURES = 20_000, (2025, 2026, 2027, 2028, 2029), 40
ROUNDS = 15
_AT = 1
_LOGIN, _PASSWORD = "bench", "correct-horse"
_PLANNER, _HEAD = (Scope(Actor(number, "bench"), plans=frozenset({_AT}), edits=frozenset({_AT})) for number in (1, 2))


def figures() -> Iterator[Figure]:
    """Milliseconds from a request with another value to the whole part of the page, in the process that serves it."""
    with temporary_data("qazyna-bench-") as folder, EmbeddedPostgres(folder) as postgres:
        url = postgres.url("postgres")
        upgrade(url)
        engine = make_engine(url, pool=2)
        try:
            begun = _prepared(url, engine)
            yield _edited(engine, f"/o/{_AT}/plans/{begun.plan_id}/scenarios/{begun.version_id}/figures")
        finally:
            engine.dispose()


def _prepared(url: str, engine: Engine) -> Revision:
    """A scenario upon a frozen base of 100,000 cells, with forty formulas."""
    owner = make_engine(url, role=None, pool=1)
    with owner.begin() as connection:
        packages.load_shipped(connection, system_scope())
    bodies = [
        OrganisationDraft(f"{number:012d}", OrganisationKind.INSTITUTION, *(str(number),) * 3)
        for number in range(1, 11)
    ]
    uow.run(owner, system_scope(), lambda u: register_organisations(u, bodies))
    uow.run(owner, system_scope(), _a_planner)
    functional, economic, revenue = (
        _codes(owner, kind, level)
        for kind, level in (("functional", "programme"), ("economic", "specific"), ("revenue", "specific"))
    )
    owner.dispose()
    spent = (
        LeafKey(Section.EXPENDITURE, _AT, organisation, f"{programme}.{source}", specific, source, "")
        for programme, organisation, source, specific in product(functional, range(1, 11), ("015", "011"), economic)
    )
    keys = [LeafKey(Section.REVENUE, _AT, at, "", code, "", "") for at, code in product(range(1, 11), revenue)]
    keys += islice(spent, LEAVES - len(keys))
    assert len(keys) == LEAVES

    def base(u: UnitOfWork) -> tuple[int, int]:
        plan = plans.create_plan(u, _AT, "Bench", YEARS, YEARS[2], key=uuid4())
        leaves = plans.intern(u, _AT, plan.id, keys).tolist()
        (version,) = plans.versions(u, _AT, plan.id)
        said = [CellChange(leaf, year, leaf * 100_000 + year) for leaf in leaves for year in YEARS]
        plans.edit(u, _AT, plan.id, version.id, said, "Bench", expected_edits=0, key=uuid4())
        return plan.id, version.id

    plan_id, base_id = uow.run(engine, _PLANNER, base)
    uow.run(engine, _HEAD, lambda u: plans.freeze(u, _AT, plan_id, base_id, expected_edits=1))
    command = BeginScenario(key=uuid4(), plan=plan_id, parent=base_id, name="Bench", reason="Bench")
    return uow.run(engine, _PLANNER, lambda u: service.begin(u, _AT, command, _forty()))


def _a_planner(u: UnitOfWork) -> None:
    user = access.create_user(u, _LOGIN, "Bench", _PASSWORD, Language.EN)
    access.grant_role(u, user, Role.PLANNER, _AT, days.BEGINNING)


def _codes(owner: Engine, kind: str, level: str) -> list[str]:
    asked = text("SELECT code FROM reference_classification WHERE kind = :kind AND level = :level ORDER BY code")
    with owner.connect() as connection:
        return list(connection.execute(asked, {"kind": kind, "level": level}).scalars())


def _forty() -> ShippedModel:
    """The shipped formulas with others of every cell before them, on which all the rest depends."""
    shipped = rules.shipped()
    more = MEASURES - shipped.body.count("\nmeasure ")
    chain = [
        f"measure step{at}: KZT = if(base < 0, lag({before}), max({before} * prices / dollar, {before} * pay / oil))"
        for at, before in ((at, f"step{at - 1}" if at else "base") for at in range(more))
    ]
    head, tail = shipped.body.split("measure amount")
    tail = tail.replace("otherwise = base", f"otherwise = step{more - 1} from base")
    return replace(shipped, name="bench", body=f"{head}{chr(10).join(chain)}\nmeasure amount{tail}")


def _edited(engine: Engine, address: str) -> Figure:
    with TestClient(create_app(engine, pages, threads=2)) as client:
        signed_in = client.post("/sign-in", data={"login": _LOGIN, "password": _PASSWORD}, follow_redirects=False)
        assert signed_in.status_code == 303, signed_in.text

        def asked(number: int) -> float:
            start = perf_counter()
            answer = client.get(address, params={"brent.2027": f"{40 + number / 10:.1f}"})
            took = perf_counter() - start
            assert answer.status_code == 200, answer.text
            assert "brent.2027" in answer.text
            return took

        def anew(number: int) -> float:
            recall.forget(engine)
            reckoning.forget()
            return asked(number)

        anew(-1)
        rounds = [(asked(number), anew(number + 100)) for number in range(ROUNDS)]
    note = (
        f"a driver moved: six sections, breakdown and chart of {LEAVES:,} lines × {len(YEARS)} years by {MEASURES}"
        " formulas, over HTTP in the process; aim 300 ms; baseline: formulas compiled and cells read anew"
    )
    return duration("plan.edit_to_totals", [each[0] for each in rounds], [each[1] for each in rounds], note)
