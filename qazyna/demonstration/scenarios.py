"""Two scenarios of the oblast's plan: cheap oil, and pay that grows faster."""

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID, uuid5

from sqlalchemy import Engine

from erp.base import uow
from erp.base.scope import Scope, system_scope
from erp.base.uow import UnitOfWork
from erp.economy.plans import service as plans
from erp.economy.plans.model import Plan, Version
from erp.economy.scenarios import service
from erp.economy.scenarios.schemas import BeginScenario, SaveScenario
from erp.reference.access import service as access
from erp.reference.organisations import service as organisations
from ledger.model import Actor
from qazyna.demonstration import days, oblast
from qazyna.demonstration.plans import OBLAST, PLANNER
from qazyna.demonstration.present import ORIGIN

_KEYS = UUID("0d6c3b52-7d0e-5a62-9c4e-0a3d2b1f4e77")
_ASSUMED: Mapping[str, Mapping[str, tuple[str, str, str]]] = {
    "cheap_oil": {"brent": ("45", "45", "48"), "usdkzt": ("600", "620", "640"), "cpi": ("13", "11", "9")},
    "higher_pay": {"wage_growth": ("18", "15", "12")},
}


def think(engine: Engine) -> None:
    """Put the scenarios there, in the planner's name; what an earlier load did already is left alone."""
    planner = uow.read(engine, system_scope(origin=ORIGIN), _planner)
    (at,) = planner.edits
    plan, base = uow.read(engine, planner, lambda u: _first(u, at))
    for name, drivers in _ASSUMED.items():
        values = {
            driver: {year: Decimal(value) for year, value in zip(plan.plan_years, path, strict=True)}
            for driver, path in drivers.items()
        }

        def assume(u: UnitOfWork, name: str = name, values: dict[str, dict[int, Decimal]] = values) -> None:
            title, reason = (oblast.say("ru", f"scenario_{name}{end}") for end in ("", "_why"))
            begin = BeginScenario(key=uuid5(_KEYS, name), plan=plan.id, parent=base.id, name=title, reason=reason)
            begun = service.begin(u, at, begin)
            save = SaveScenario(key=uuid5(_KEYS, f"{name} saved"), assumptions=values, reason=reason)
            service.save(u, at, plan.id, begun.version_id, 1, save)

        uow.run(engine, planner, assume)


def _planner(u: UnitOfWork) -> Scope:
    user = access.person(u, PLANNER, days.LAST_DAY).user
    (code,) = (each.code for each in (*oblast.bodies(), *oblast.institutions()) if each.en == OBLAST)
    found = organisations.find_by_code(u, code)
    assert found is not None
    return Scope(Actor(user.id, ORIGIN), edits=frozenset({found.id}))


def _first(u: UnitOfWork, at: int) -> tuple[Plan, Version]:
    plan = plans.plans(u, at)[-1]
    return plan, plans.versions(u, at, plan.id)[0]
