"""Business trips at a lyceum: a report waits for approval, an advance for the accountant, a request for a decision.

They follow the clock, as people decide today; places are made up but for the cities.
"""

from datetime import date, timedelta
from uuid import UUID, uuid5

from sqlalchemy import Engine

from erp.base import uow
from erp.base.clock import today
from erp.base.scope import Scope, system_scope
from erp.base.uow import UnitOfWork
from erp.finance.wiring import settlement_port
from erp.hr.personnel import service as personnel
from erp.hr.requests import service as requests
from erp.hr.requests.model import Decision, Kind, Request, State
from erp.hr.trips import service
from erp.hr.trips.model import CostKind
from erp.hr.trips.schemas import AskTrip, HandIn
from erp.reference.access import policy
from erp.reference.access import service as access
from erp.reference.access.model import Permission
from erp.reference.attachments.model import Checked
from erp.reference.organisations import service as organisations
from qazyna.demonstration import oblast
from qazyna.demonstration.present import ORIGIN

_KEYS = UUID("7d1c0f52-0b1e-5c39-8a43-21f0c9a7e4b5")
_LYCEUM = "School-Lyceum No. 1"
_HOME, _AWAY = "Сарыдала", "Алматы"


def send(engine: Engine) -> None:
    """Lay out three trips; what an earlier load did is left alone."""
    lyceum, day = next(i for i in oblast.institutions() if i.en == _LYCEUM), today()
    found = uow.read(engine, system_scope(origin=ORIGIN), lambda u: organisations.find_by_code(u, lyceum.code))
    assert found is not None
    at = found.id

    def scope(login: str, permission: Permission) -> Scope:
        who = uow.read(engine, system_scope(origin=ORIGIN), lambda u: access.person(u, login, day))
        return policy.authorise(who, permission, at)

    own, keeps, decides = (
        scope("timur", Permission.SELF_SERVICE),
        scope("saule", Permission.STAFF_KEEP),
        scope("nurlan", Permission.ABSENCE_DECIDE),
    )
    port = settlement_port()

    def words(key: str) -> str:
        return oblast.say(lyceum.language, key)

    def asked(name: str, person_id: int, start: int, days: int, purpose: str, advance: str = "0") -> AskTrip:
        first = day + timedelta(days=start)
        return _trip(name, person_id, first, first + timedelta(days=days - 1), words(purpose), advance)

    def ask(by: Scope, command: AskTrip) -> Request:
        return uow.run(engine, by, lambda u: service.ask(u, at, command, port))

    def approve(of: Request) -> Request:
        joined = {Kind.TRIP: service.Trips(port)}
        return uow.run(
            engine, decides, lambda u: requests.decide(u, at, of.id, of.version, Decision.APPROVE, consequences=joined)
        )

    teacher = uow.read(engine, own, lambda u: requests.own_person(u, at))
    others = sorted(uow.read(engine, own, lambda u: [p.id for p in personnel.colleagues(u, at, teacher, day)]))[2:4]
    begun = asked("reported", teacher, -12, 3, "trip_course").model_copy(update={"belated": words("trip_belated")})
    reported = ask(keeps, begun)
    if reported.state is not State.SUBMITTED:
        return
    approved = approve(reported)
    uow.run(engine, own, lambda u: _report(u, at, approved, words("trip_result"), words("trip_ticket")))
    approve(ask(keeps, asked("paid", others[0], 9, 4, "trip_olympiad", "60000")))
    ask(keeps, asked("waits", others[1], 16, 3, "trip_course", "90000"))


def _trip(name: str, person_id: int, first: date, last: date, purpose: str, advance: str) -> AskTrip:
    way = {"place_class": "major", "transport": "rail", "fare": "6200"}
    there = {"from_place": _HOME, "to_place": _AWAY, "departs_on": first, "arrives_on": first, "night": "30000"}
    back = {"from_place": _AWAY, "to_place": _HOME, "departs_on": last, "arrives_on": last}
    return AskTrip.model_validate(
        {
            "key": uuid5(_KEYS, name),
            "person_id": person_id,
            "purpose": purpose,
            "legs": [way | there, way | back],
            "advance": advance,
        }
    )


def _report(u: UnitOfWork, at: int, of: Request, result: str, ticket: str) -> None:
    """What was estimated was spent; the tickets are attached."""
    lines = [
        {"kind": line.kind, "on": line.on, "what": line.what, "amount": f"{line.amount_tiyn // 100}"}
        | ({"paper": "71 2204518"} if line.kind is CostKind.FARE else {})
        for line in service.suggested(u, of)
    ]
    service.attach(u, at, of.id, Checked(f"{ticket}.txt", "text/plain", ticket.encode()))
    service.hand_in(u, at, of.id, 0, HandIn.model_validate({"lines": lines, "result": result}))
