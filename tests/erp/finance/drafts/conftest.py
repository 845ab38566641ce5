"""Books in which one person types and others must not look on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text

from erp.base import uow
from erp.base.clock import today
from erp.base.scope import Scope, system_scope
from erp.base.uow import Receipt, UnitOfWork
from erp.finance.approvals import service as approvals
from erp.finance.approvals.model import Prepared
from erp.finance.approvals.schemas import RequireApproval
from erp.finance.drafts import service
from erp.finance.drafts.model import CellFault, Draft, Sheet, TypedRow, TypedSide
from ledger.model import Actor
from tests.factories.books import institutions

T = TypeVar("T")

FREE, GUARDED = "MO-16", "MO-01"


def a_row(amount: str = "100", debit: str = "1010", credit: str = "6010", memo: str = "") -> TypedRow:
    return TypedRow(TypedSide(debit), TypedSide(credit), amount, memo)


def a_sheet(*rows: TypedRow, **head: str) -> Sheet:
    """Cash received, as somebody typed it."""
    told = {"journal": FREE, "effective_on": "15.03.2026", "memo": "Cash received"} | head
    return Sheet(**told, rows=rows or (a_row(),))


@dataclass
class Desk:
    """One organisation; each act is a command of its own, by whom it says."""

    engine: Engine
    organisation: int
    people: dict[str, int] = field(default_factory=dict)

    def run(self, command: Callable[[UnitOfWork], T], who: str = "aigul") -> T:
        here = frozenset({self.organisation})
        return uow.run(self.engine, Scope(Actor(self.people[who], "test"), writes=here), command)

    def begin(self, sheet: Sheet | None = None, *, key: UUID | None = None, who: str = "aigul") -> Draft:
        typed = sheet or a_sheet()
        return self.run(lambda u: service.begin(u, self.organisation, typed, key=key or uuid4()), who)

    def look(self, draft_id: int, who: str = "aigul") -> Draft:
        return self.run(lambda u: service.draft(u, self.organisation, draft_id), who)

    def save(self, draft_id: int, version: int, sheet: Sheet, who: str = "aigul") -> Draft:
        return self.run(lambda u: service.save(u, self.organisation, draft_id, version, sheet), who)

    def discard(self, draft_id: int, version: int) -> Draft:
        return self.run(lambda u: service.discard(u, self.organisation, draft_id, version))

    def restore(self, draft_id: int, version: int) -> Draft:
        return self.run(lambda u: service.restore(u, self.organisation, draft_id, version))

    def post(self, draft_id: int, version: int, who: str = "aigul") -> Receipt | Prepared:
        return self.run(lambda u: service.post(u, self.organisation, draft_id, version), who)

    def check(self, sheet: Sheet) -> tuple[CellFault, ...]:
        return self.run(lambda u: service.check(u, self.organisation, sheet))

    def entries(self, memo: str) -> int:
        """How many entries of the books have a text."""
        counted = text("SELECT count(*) FROM ledger_entry WHERE organisation_id = :at AND memo = :memo")
        found: int = self.run(lambda u: u.execute(counted, {"at": self.organisation, "memo": memo}).scalar_one())
        return found

    def require_approval(self, journal: str = GUARDED) -> None:
        command = RequireApproval(journal=journal, since=today())
        uow.run(
            self.engine,
            system_scope(self.organisation),
            lambda u: approvals.require_approval(u, self.organisation, command),
        )


@pytest.fixture(scope="module")
def new_desk(shared_database: str) -> Iterator[Callable[[], Desk]]:
    """One desk after another, each with books of its own."""
    with institutions(shared_database, {"aigul": "accountant", "bolat": "accountant"}) as make:
        yield lambda: Desk(*make())


@pytest.fixture(scope="module")
def desk(new_desk: Callable[[], Desk]) -> Desk:
    return new_desk()
