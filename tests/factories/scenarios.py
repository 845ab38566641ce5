"""A small budget of an oblast with a frozen base, from which scenarios are begun."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID, uuid4

from erp.economy.plans.model import Section
from erp.economy.scenarios import service
from erp.economy.scenarios.model import Revision
from erp.economy.scenarios.schemas import BeginScenario, SaveScenario
from erp.economy.scenarios.service import Scenario
from tests.factories.plans import Planning, a_leaf, planning

INCOME_TAX, SUBVENTION, PAY, GOODS, BUILDING, LOAN, BALANCES = range(7)
TENGE = 100
_AMOUNTS = {
    INCOME_TAX: 700_000_000,
    SUBVENTION: 300_000_000,
    PAY: 500_000_001,
    GOODS: 200_000_003,
    BUILDING: 350_000_000,
    LOAN: 50_000_000,
    BALANCES: 100_000_004,
}
"""Tenge of the first year; each year has a tenth more."""


@dataclass
class Scenarios:
    planning: Planning

    @property
    def at(self) -> int:
        return self.planning.at

    @property
    def plan(self) -> int:
        return self.planning.plan_id

    def begin(
        self, name: str = "Cheap oil", *, parent: int | None = None, key: UUID | None = None, who: str = "planner"
    ) -> Revision:
        command = BeginScenario(
            key=key or uuid4(), plan=self.plan, parent=parent or self.planning.base_id, name=name, reason="What if"
        )
        return self.planning.run(lambda u: service.begin(u, self.at, command), who)

    def scenario(self, version_id: int, who: str = "planner") -> Scenario:
        return self.planning.read(lambda u: service.scenario(u, self.at, self.plan, version_id), who)

    def save(
        self,
        version_id: int,
        assumptions: Mapping[str, Mapping[int, str]],
        *,
        revision: int | None = None,
        key: UUID | None = None,
        who: str = "planner",
        formulas: str | None = None,
    ) -> Revision:
        said = {name: {year: Decimal(v) for year, v in path.items()} for name, path in assumptions.items()}
        command = SaveScenario(key=key or uuid4(), assumptions=said, formulas=formulas, reason="Another world")
        seen = revision or self.scenario(version_id).revision.revision
        return self.planning.run(lambda u: service.save(u, self.at, self.plan, version_id, seen, command), who)


def budgeted(planning: Planning) -> Planning:
    """A plan of seven lines with a frozen base."""
    here, there = planning.oblast.at("oblast"), planning.oblast.at("roads")
    made = planning.begin(
        [
            a_leaf(Section.REVENUE, budget=here, organisation=here, programme="", economic="101201"),
            a_leaf(Section.REVENUE, budget=here, organisation=here, programme="", economic="4.02.1"),
            a_leaf(budget=here, organisation=there, economic="111"),
            a_leaf(budget=here, organisation=there, economic="149"),
            a_leaf(budget=here, organisation=there, economic="431"),
            a_leaf(Section.LENDING, budget=here, organisation=here, economic="511"),
            a_leaf(Section.FINANCING, budget=here, organisation=here, programme="", economic="8.01.1"),
        ]
    )
    made.edit(
        [
            (leaf, year, tenge * TENGE + tenge * TENGE * at // 10)
            for leaf, tenge in _AMOUNTS.items()
            for at, year in enumerate((2025, 2026, 2027, 2028, 2029))
        ]
    )
    made.freeze()
    return made


def scenarios(url: str) -> Scenarios:
    return Scenarios(budgeted(planning(url)))
