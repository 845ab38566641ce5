"""The staff of a school that keeps books: one sends, one decides, one posts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest

from erp.base import uow
from erp.base.scope import Scope, system_scope
from erp.base.uow import Receipt, UnitOfWork
from erp.finance.drafts import service as drafts
from erp.finance.drafts.model import Draft, Sheet
from erp.finance.settlements import service as settlements
from erp.finance.settlements.model import Settlement
from erp.finance.wiring import settlement_port
from erp.hr.requests import service as requests
from erp.hr.requests.model import Decision, Kind, Recall, Request
from erp.hr.trips import service
from erp.hr.trips.model import Report
from erp.hr.trips.schemas import AskTrip, HandIn, TripShown
from erp.hr.trips.service import Trips
from erp.reference.attachments.model import Checked
from ledger import service as ledger
from ledger.model import Actor
from tests.conftest import TestServer
from tests.factories.staff import Staff, a_staff, on_day, shipped

T = TypeVar("T")
PORT = settlement_port()
TICKET = Checked("ticket.txt", "text/plain", b"ticket 71 2204518")


def a_trip(first: date, last: date, **changes: Any) -> AskTrip:
    """To Almaty and back by train, one room at 30 000 a night."""
    there = {"departs_on": first, "arrives_on": first, "place_class": "major", "transport": "rail", "fare": "6200"}
    legs = [
        there | {"from_place": "Сарыдала", "to_place": "Алматы", "night": "30000"},
        there | {"from_place": "Алматы", "to_place": "Сарыдала", "departs_on": last, "arrives_on": last},
    ]
    return AskTrip.model_validate({"key": uuid4(), "purpose": "Course of teachers", "legs": legs} | changes)


def a_report(first: date, last: date, per_diem: str = "25950", lodging: str = "60000", fare: str = "12400") -> HandIn:
    lines = [
        {"kind": "per-diem", "on": last, "what": "KZ", "amount": per_diem},
        {"kind": "lodging", "on": last, "what": "Алматы", "paper": "receipt 15", "amount": lodging},
        {"kind": "fare", "on": first, "what": "Сарыдала – Алматы", "paper": "71 2204518", "amount": fare},
    ]
    return HandIn.model_validate({"lines": lines, "result": "The course was attended"})


@dataclass
class Desk:
    staff: Staff

    @property
    def at(self) -> int:
        return self.staff.organisation

    def ask(self, who: str, command: AskTrip) -> Request:
        """On the day the trip begins."""
        with on_day(command.facts.first):
            return self.ask_today(who, command)

    def ask_today(self, who: str, command: AskTrip) -> Request:
        return self.staff.run(who, lambda u: service.ask(u, self.at, command, PORT))

    def mend(self, who: str, of: Request, version: int, command: AskTrip) -> Request:
        """On the day the trip begins."""
        with on_day(command.facts.first):
            return self.mend_today(who, of, version, command)

    def mend_today(self, who: str, of: Request, version: int, command: AskTrip) -> Request:
        return self.staff.run(who, lambda u: service.mend(u, self.at, of.id, version, command, PORT))

    def withdraw(self, who: str, of: Request) -> Request:
        return self.staff.run(who, lambda u: service.withdraw(u, self.at, of.id, of.version))

    def decide(self, who: str, of: Request, decision: Decision = Decision.APPROVE, reason: str = "") -> Request:
        """On the day the trip begins."""
        with on_day(of.days.first):
            return self.decide_today(who, of, decision, reason)

    def decide_today(self, who: str, of: Request, decision: Decision = Decision.APPROVE, reason: str = "") -> Request:
        consequences = {Kind.TRIP: Trips(PORT)}
        return self.staff.run(
            who,
            lambda u: requests.decide(u, self.at, of.id, of.version, decision, reason, consequences=consequences),  # type: ignore[arg-type]
        )

    def recall(self, who: str, of: Request, day: date, *, is_correction: bool = False) -> Request:
        command = Recall(day, "Needed here", is_correction=is_correction)
        return self.staff.run(
            who,
            lambda u: requests.recall(u, self.at, of.id, of.version, command, consequences={Kind.TRIP: Trips(PORT)}),
        )

    def report(self, who: str, of: Request, command: HandIn, *, version: int = 0, paper: bool = True) -> Report:
        def act(u: UnitOfWork) -> Report:
            if paper:
                service.attach(u, self.at, of.id, TICKET)
            return service.hand_in(u, self.at, of.id, version, command)

        return self.staff.run(who, act)

    def approve(self, who: str, of: Request, version: int = 1) -> Any:
        return self.staff.run(who, lambda u: service.approve_report(u, self.at, of.id, version, PORT))

    def send_back(self, who: str, of: Request, version: int, reason: str = "A receipt is missing") -> Report:
        return self.staff.run(who, lambda u: service.return_report(u, self.at, of.id, version, reason, PORT))

    def shown(self, who: str, of: Request) -> TripShown:
        def look(u: UnitOfWork) -> TripShown:
            return service.shown(u, requests.request(u, self.at, of.id), PORT)

        return self.staff.read(who, look)

    # ---------------------------------------------------------------- the accountant

    def keep(self, command: Callable[[UnitOfWork], T], who: str = "bookkeeper") -> T:
        """A command of who keeps the books."""
        scope = Scope(Actor(self.staff.users[who], "test"), writes=frozenset({self.at}))
        return uow.run(self.staff.engine, scope, command)

    def settlement(self, key: UUID) -> Settlement:
        found = self.keep(lambda u: settlements.standing(u, self.at, [key]))[key]
        return self.keep(lambda u: settlements.settlement(u, self.at, found.id))

    def take(self, key: UUID, who: str = "bookkeeper") -> Draft:
        of = self.settlement(key)
        return self.keep(lambda u: settlements.take(u, self.at, of.id, of.version), who)

    def post(self, key: UUID, day: str = "20.11.2026") -> int:
        """Take it, fill in what only the accountant knows, and post it."""
        begun = self.take(key)
        sheet = completed(begun.sheet, day)
        saved = self.keep(lambda u: drafts.save(u, self.at, begun.id, begun.version, sheet))
        receipt = self.keep(lambda u: drafts.post(u, self.at, saved.id, saved.version))
        assert isinstance(receipt, Receipt)
        return receipt().entry_id


def completed(sheet: Sheet, day: str) -> Sheet:
    def side(of: Any) -> Any:
        return replace(of, account=of.account or "1081", dimensions={"programme": "464.003"} | dict(of.dimensions))

    rows = tuple(replace(row, debit=side(row.debit), credit=side(row.credit)) for row in sheet.rows)
    return replace(sheet, effective_on=day, rows=rows)


@pytest.fixture(scope="module")
def desk(server: TestServer) -> Iterator[Desk]:
    url = server.new_database()
    shipped(url)
    staff = a_staff(url)
    begins, ends = date(2026, 1, 1), date(2026, 12, 31)
    uow.run(
        staff.engine,
        system_scope(staff.organisation),
        lambda u: ledger.open_books(u.connection, staff.organisation, "120540000021", begins, ends, u.scope.actor),
    )
    yield Desk(staff)
    staff.engine.dispose()
    server.drop_database(url)
