"""A body that plans a budget of few leaves: calls name only what a test is about."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID, uuid4

from erp.base import uow
from erp.base.scope import Scope, system_scope
from erp.base.uow import UnitOfWork
from erp.economy.plans import service
from erp.economy.plans.model import CellChange, Edit, LeafKey, Section, Version, VersionKind
from erp.reference.access.model import Role
from erp.reference.packages.service import load_shipped
from ledger.model import Actor
from tests.factories.oblast import Oblast, an_oblast

T = TypeVar("T")
YEARS = (2025, 2026, 2027, 2028, 2029)
_PEOPLE = (
    ("planner", Role.PLANNER, "oblast"),
    ("second", Role.PLANNER, "oblast"),
    ("head", Role.BUDGET_HEAD, "oblast"),
    ("inspector", Role.AUDITOR, "oblast"),
    ("driver", Role.EMPLOYEE, "roads"),
)


def a_leaf(
    section: Section = Section.EXPENDITURE,
    *,
    budget: int,
    organisation: int,
    programme: str = "261.082.015",
    economic: str = "111",
    source: str = "",
    region: str = "",
) -> LeafKey:
    return LeafKey(section, budget, organisation, programme, economic, source, region)


@dataclass
class Planning:
    """The oblast plans; each act is a command of its own, by whom it says."""

    oblast: Oblast
    plan_id: int = 0
    base_id: int = 0
    leaves: list[int] = field(default_factory=list)

    @property
    def at(self) -> int:
        return self.oblast.at("oblast")

    def scope(self, who: str) -> Scope:
        here = frozenset({self.at})
        return Scope(
            Actor(self.oblast.users[who], "test"), plans=here, edits=here if who != "inspector" else frozenset()
        )

    def run(self, command: Callable[[UnitOfWork], T], who: str = "planner") -> T:
        return uow.run(self.oblast.engine, self.scope(who), command)

    def read(self, query: Callable[[UnitOfWork], T], who: str = "planner") -> T:
        return uow.read(self.oblast.engine, self.scope(who), query)

    def begin(
        self, keys: Iterable[LeafKey], *, years: tuple[int, ...] = YEARS, name: str = "Budget 2027–2029"
    ) -> "Planning":
        """Another plan of the same oblast, with these leaves and an empty base."""

        def act(u: UnitOfWork) -> Planning:
            plan = service.create_plan(u, self.at, name, years, years[-3] if len(years) > 2 else years[0], key=uuid4())
            leaves = service.intern(u, self.at, plan.id, list(keys)).tolist()
            (base,) = service.versions(u, self.at, plan.id)
            return Planning(self.oblast, plan.id, base.id, leaves)

        return self.run(act)

    def version(self, version_id: int | None = None, who: str = "planner") -> Version:
        return self.read(lambda u: service.version(u, self.at, self.plan_id, version_id or self.base_id), who)

    def branch(
        self,
        parent: int | None = None,
        *,
        kind: VersionKind = VersionKind.DRAFT,
        name: str = "Draft",
        who: str = "planner",
    ) -> Version:
        return self.run(
            lambda u: service.branch(
                u, self.at, self.plan_id, parent or self.base_id, kind=kind, name=name, reason="", key=uuid4()
            ),
            who,
        )

    def edit(
        self,
        changes: Iterable[tuple[int, int, int | None]],
        version_id: int | None = None,
        *,
        reason: str = "Typed anew",
        who: str = "planner",
        key: UUID | None = None,
        expected: int | None = None,
    ) -> Edit:
        """Change cells given as (number of the leaf in the plan, year, tiyn)."""
        said = [CellChange(self.leaves[leaf], year, tiyn) for leaf, year, tiyn in changes]
        wanted = version_id or self.base_id

        def act(u: UnitOfWork) -> Edit:
            seen = service.version(u, self.at, self.plan_id, wanted).edits if expected is None else expected
            return service.edit(u, self.at, self.plan_id, wanted, said, reason, expected_edits=seen, key=key or uuid4())

        return self.run(act, who)

    def undo(self, no: int, version_id: int | None = None, *, who: str = "planner") -> Edit:
        wanted = version_id or self.base_id

        def act(u: UnitOfWork) -> Edit:
            seen = service.version(u, self.at, self.plan_id, wanted).edits
            return service.undo(u, self.at, self.plan_id, wanted, no, "Undone", expected_edits=seen, key=uuid4())

        return self.run(act, who)

    def freeze(self, version_id: int | None = None, *, who: str = "head") -> Version:
        wanted = version_id or self.base_id
        return self.run(
            lambda u: service.freeze(
                u, self.at, self.plan_id, wanted, expected_edits=service.version(u, self.at, self.plan_id, wanted).edits
            ),
            who,
        )

    def put_away(self, version_id: int, *, reason: str = "It leads nowhere", who: str = "planner") -> Version:
        at = self.at, self.plan_id, version_id
        return self.run(lambda u: service.put_away(u, *at, reason, expected_edits=service.version(u, *at).edits), who)

    def bring_back(self, version_id: int, *, who: str = "planner") -> Version:
        return self.run(lambda u: service.bring_back(u, self.at, self.plan_id, version_id), who)

    def in_use(self) -> list[int]:
        return [each.id for each in self.read(lambda u: service.versions(u, self.at, self.plan_id))]

    def holds(self, version_id: int | None = None, edits: int | None = None) -> dict[tuple[int, int], int]:
        """What a version holds, or held after so many edits, by number of the leaf and year."""
        cells = self.read(lambda u: service.cells(u, self.at, self.plan_id, version_id or self.base_id, edits))
        return {
            (self.leaves.index(leaf), year): tiyn
            for leaf, amounts in cells.rows()
            for year, tiyn in zip(cells.years, amounts, strict=True)
            if tiyn is not None
        }


def planning(url: str) -> Planning:
    """An oblast with its planners and the shipped classifications, in a migrated, empty database."""
    oblast = an_oblast(url, people=_PEOPLE)
    oblast.by_program(lambda u: load_shipped(u.connection, system_scope()))
    return Planning(oblast)
