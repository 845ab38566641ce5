from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest
from pydantic import BaseModel
from sqlalchemy import text

from erp.base.clock import today
from erp.base.dates import DaySpan
from erp.base.db import make_engine
from erp.base.uow import UnitOfWork
from erp.hr.requests import service
from erp.hr.requests.model import Consent, Decision, Kind, Recall, Request, RequestView
from tests.factories.staff import Staff, a_staff

T = TypeVar("T")

CONSENT = Consent(today(), "application № 14")


def rivalled(
    staff: Staff, who: str, act: Callable[[UnitOfWork], object], rival: str, late: Callable[[UnitOfWork], T]
) -> Callable[[], T]:
    """Do an act, and before it is saved begin a rival's, saving the first once the server has made the rival wait.

    Gives the rival's answer; a rival who need not wait is over before the first is saved.
    """
    thread, begun = ThreadPoolExecutor(1), list[Future[T]]()
    waits = text("SELECT count(*) FROM pg_stat_activity WHERE :pid = ANY (pg_blocking_pids(pid))")

    def first(u: UnitOfWork) -> None:
        act(u)
        pid = u.execute(text("SELECT pg_backend_pid()")).scalar_one()
        begun.append(thread.submit(staff.run, rival, late))
        while not begun[0].done() and not staff.read(who, lambda v: v.execute(waits, {"pid": pid}).scalar()):
            pass

    staff.run(who, first)
    thread.shutdown()
    return begun[0].result


class NothingToSay(BaseModel):
    pass


@dataclass
class Told:
    """A kind that keeps what it was told of; ``refuses`` is raised by its approval."""

    approvals: list[int] = field(default_factory=list)
    given_back: list[tuple[int, DaySpan]] = field(default_factory=list)
    refuses: Exception | None = None

    def facts(self, uow: UnitOfWork, request: Request) -> BaseModel:
        return NothingToSay()

    def approved(self, uow: UnitOfWork, request: Request) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.approvals.append(request.id)

    def recalled(self, uow: UnitOfWork, request: Request, days: DaySpan) -> None:
        self.given_back.append((request.id, days))


def days(start: int, length: int = 1) -> DaySpan:
    """``length`` days from so many days after today on."""
    first = today() + timedelta(days=start)
    return DaySpan(first, first + timedelta(days=length - 1))


@dataclass
class Desk:
    """The staff of an institution asking and deciding, each act a command by whom it says."""

    staff: Staff
    leave: Told = field(default_factory=Told)
    trip: Told = field(default_factory=Told)

    @property
    def consequences(self) -> dict[Kind, Told]:
        return {Kind.LEAVE: self.leave, Kind.TRIP: self.trip}

    def ask(
        self,
        who: str,
        wanted: DaySpan,
        kind: Kind = Kind.LEAVE,
        *,
        key: UUID | None = None,
        by: str = "",
        **facts: Any,
    ) -> Request:
        at, person = self.staff.organisation, self.staff.persons[who]
        made = key or uuid4()
        return self.staff.run(
            by or who, lambda u: service.submit(u, at, kind, person, wanted, key=made, facts=facts)
        ).request

    def decide(
        self, who: str, of: Request, decision: Decision = Decision.APPROVE, reason: str = "", **behalf: str
    ) -> Request:
        at = self.staff.organisation
        return self.staff.run(
            who,
            lambda u: service.decide(u, at, of.id, of.version, decision, reason, consequences=self.consequences),
            **behalf,
        )

    def recall(
        self,
        who: str,
        of: Request,
        from_day: date,
        reason: str = "The minister comes",
        *,
        consent: Consent | None = CONSENT,
        is_correction: bool = False,
    ) -> Request:
        at, command = self.staff.organisation, Recall(from_day, reason, consent, is_correction)
        return self.staff.run(
            who,
            lambda u: service.recall(u, at, of.id, of.version, command, consequences=self.consequences),
        )

    def change(self, who: str, of: Request, wanted: DaySpan) -> Request:
        at = self.staff.organisation
        return self.staff.run(who, lambda u: service.change(u, at, of.id, of.version, wanted, facts={}))

    def withdraw(self, who: str, of: Request) -> Request:
        return self.staff.run(who, lambda u: service.withdraw(u, self.staff.organisation, of.id, of.version))

    def view(self, who: str, of: Request) -> RequestView:
        return self.staff.read(who, lambda u: service.view(u, self.staff.organisation, of.id))

    def away(self, who: str, wanted: DaySpan) -> list[tuple[int, DaySpan]]:
        found = self.staff.read(who, lambda u: service.availability(u, self.staff.organisation, wanted))
        return [(each.person_id, each.days) for each in found]


@pytest.fixture
def desk(shared_database: str) -> Iterator[Desk]:
    """An institution of its own for each test."""
    engine = make_engine(shared_database, pool=3)
    yield Desk(a_staff(shared_database, engine))
    engine.dispose()
