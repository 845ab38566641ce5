"""What a planner waits for: two versions of 200,000 cells side by side, from a server of its own."""

from collections.abc import Iterator
from itertools import islice, product
from uuid import uuid4

from sqlalchemy import Engine, text

from bench.measure import Figure, duration, timed
from erp.base import uow
from erp.base.db import make_engine
from erp.base.scope import Scope, system_scope
from erp.base.uow import UnitOfWork
from erp.economy.plans import recall, service
from erp.economy.plans.model import CellChange, LeafKey, Section, VersionKind
from erp.reference.organisations.model import OrganisationDraft, OrganisationKind
from erp.reference.organisations.service import register_organisations
from erp.reference.packages import service as packages
from ledger.model import Actor
from qazyna.migrate import upgrade
from qazyna.postgres import EmbeddedPostgres, temporary_data

LEAVES, YEARS = 40_000, (2025, 2026, 2027, 2028, 2029)
ROUNDS = 9
_AT = 1
_PLANNER, _HEAD = (Scope(Actor(number, "bench"), plans=frozenset({_AT}), edits=frozenset({_AT})) for number in (1, 2))
_LEVELS = (("programme.group",), ("organisation", "economic.class"))


def figures() -> Iterator[Figure]:
    """Milliseconds of a comparison in the process that serves it, registers and leaves read before."""
    with temporary_data("qazyna-bench-") as folder, EmbeddedPostgres(folder) as postgres:
        url = postgres.url("postgres")
        upgrade(url)
        engine = make_engine(url, pool=2)
        try:
            plan_id, base, other = _prepared(url, engine)
            yield from _compared(engine, plan_id, base, other)
        finally:
            engine.dispose()


def _prepared(url: str, engine: Engine) -> tuple[int, int, int]:
    """A plan whose frozen base holds 200,000 cells, and a version that says all of them otherwise."""
    owner = make_engine(url, role=None, pool=1)
    with owner.begin() as connection:
        packages.load_shipped(connection, system_scope())
    bodies = [
        OrganisationDraft(f"{number:012d}", OrganisationKind.INSTITUTION, *(str(number),) * 3)
        for number in range(1, 11)
    ]
    uow.run(owner, system_scope(), lambda u: register_organisations(u, bodies))
    codes = {
        kind: _codes(owner, kind, level) for kind, level in (("functional", "programme"), ("economic", "specific"))
    }
    owner.dispose()
    keys = [
        LeafKey(Section.EXPENDITURE, _AT, organisation, f"{programme}.{source}", economic, source, "")
        for programme, organisation, source, economic in islice(
            product(codes["functional"], range(1, 11), ("015", "011"), codes["economic"]), LEAVES
        )
    ]
    assert len(keys) == LEAVES

    def begin(u: UnitOfWork) -> tuple[int, int, list[int]]:
        plan = service.create_plan(u, _AT, "Bench", YEARS, YEARS[2], key=uuid4())
        leaves = service.intern(u, _AT, plan.id, keys).tolist()
        return plan.id, service.versions(u, _AT, plan.id)[0].id, leaves

    plan_id, base, leaves = uow.run(engine, _PLANNER, begin)

    def said(factor: int) -> list[CellChange]:
        return [CellChange(leaf, year, leaf * factor + year) for leaf in leaves for year in YEARS]

    _edit(engine, plan_id, base, said(100_000))
    uow.run(engine, _HEAD, lambda u: service.freeze(u, _AT, plan_id, base, expected_edits=1))
    other = uow.run(
        engine,
        _PLANNER,
        lambda u: service.branch(u, _AT, plan_id, base, kind=VersionKind.DRAFT, name="Other", reason="", key=uuid4()),
    ).id
    _edit(engine, plan_id, other, said(101_000))
    return plan_id, base, other


def _codes(owner: Engine, kind: str, level: str) -> list[str]:
    asked = text("SELECT code FROM reference_classification WHERE kind = :kind AND level = :level ORDER BY code")
    with owner.connect() as connection:
        return list(connection.execute(asked, {"kind": kind, "level": level}).scalars())


def _edit(engine: Engine, plan_id: int, version_id: int, changes: list[CellChange]) -> None:
    uow.run(
        engine,
        _PLANNER,
        lambda u: service.edit(u, _AT, plan_id, version_id, changes, "Bench", expected_edits=0, key=uuid4()),
    )


def _compared(engine: Engine, plan_id: int, base: int, other: int) -> Iterator[Figure]:
    def compare() -> None:
        for by in _LEVELS:
            found = uow.read(engine, _PLANNER, lambda u, by=by: service.compare(u, _AT, plan_id, base, other, by))  # type: ignore[misc]
            assert found.cells.sum() == found.different.sum() == LEAVES * len(YEARS)

    def anew() -> None:
        recall.forget(engine)
        compare()

    anew()
    rounds = [(timed(compare) / len(_LEVELS), timed(anew) / len(_LEVELS)) for _ in range(ROUNDS)]
    compare()
    note = (
        "two versions of 200,000 cells that all differ, by functional group and by institution with class, the mean of"
        " both; aim 300 ms; baseline: with nothing remembered, neither leaves nor frozen cells"
    )
    yield duration("plan.compare", [each[0] for each in rounds], [each[1] for each in rounds], note)
