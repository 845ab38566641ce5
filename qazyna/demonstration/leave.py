"""Leave in the oblast: everybody's working years with what was left of earlier ones, and a few requests under way.

What was left of years before is taken over as from another program; requests follow the clock, as people decide today.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID, uuid5

from dateutil.relativedelta import relativedelta
from sqlalchemy import Engine

from erp.base import uow
from erp.base.clock import today
from erp.base.scope import Scope, system_scope
from erp.base.uow import UnitOfWork
from erp.hr.leave import service
from erp.hr.leave.model import ANNUAL, CENTIDAYS
from erp.hr.leave.schemas import AskLeave, GrantYears, MoveDays
from erp.hr.personnel import service as personnel
from erp.hr.personnel.model import PersonRow
from erp.hr.requests import service as requests
from erp.hr.requests.model import Decision, Kind, Request, State
from erp.reference.access import policy
from erp.reference.access import service as access
from erp.reference.access.model import Permission
from erp.reference.organisations import service as organisations
from qazyna.demonstration import oblast
from qazyna.demonstration.luck import Luck
from qazyna.demonstration.model import Institution
from qazyna.demonstration.present import ORIGIN

_KEYS = UUID("5b3a9c55-6e0a-5b62-9e1c-7a61c2a4b0d3")
_LYCEUM = "School-Lyceum No. 1"
_LEFT_OVER = (0, 0, 3, 5, 7, 10, 12, 14)
"""Days of the working year before the last that somebody may have left."""
_A_PAGE = 500


def give(engine: Engine) -> None:
    """Give everybody their days, and lay out the requests; what an earlier load did is left alone."""
    for institution in oblast.institutions():
        at = _id(engine, institution)
        uow.run(engine, system_scope(at, origin=ORIGIN), lambda u, i=institution, at=at: _take_over(u, i, at))  # type: ignore[misc]
    lyceum = next(i for i in oblast.institutions() if i.en == _LYCEUM)
    _ask(engine, lyceum, _id(engine, lyceum))


def _id(engine: Engine, institution: Institution) -> int:
    found = uow.read(engine, system_scope(origin=ORIGIN), lambda u: organisations.find_by_code(u, institution.code))
    assert found is not None
    return found.id


def _take_over(u: UnitOfWork, institution: Institution, at: int) -> None:
    """What is left of earlier working years, then the years that have begun."""
    luck, day = Luck("leave", institution.code), today()
    carried = [
        MoveDays(
            key=uuid5(_KEYS, institution.code),
            person_id=row.person_id,
            year_start=year,
            effective_on=year,
            centidays=days * CENTIDAYS,
            reason=oblast.say(institution.language, "leave_taken_over"),
        )
        for row in {row.person_id: row for row in _people(u, at, day)}.values()
        if (days := luck.pick(_LEFT_OVER)) and (year := _year_before(row.since, day)) is not None
    ]
    if carried and not service.balances(u, at, day):
        service.carry_many(u, at, carried)
    service.grant_years(u, at, GrantYears(day=day))


def _people(u: UnitOfWork, at: int, day: date) -> Iterator[PersonRow]:
    page = personnel.people_on(u, at, day, limit=_A_PAGE)
    yield from page.rows
    while page.next_cursor is not None:
        page = personnel.people_on(u, at, day, cursor=page.next_cursor, limit=_A_PAGE)
        yield from page.rows


def _year_before(since: date, day: date) -> date | None:
    """First day of the working year before the one that has begun."""
    served = relativedelta(day, since).years
    return since + relativedelta(years=served - 1) if served else None


# ------------------------------------------------------------------------------------------------ requests


def _ask(engine: Engine, institution: Institution, at: int) -> None:
    """A teacher's leave waits for the director; of two colleagues one is going away, one was sent back."""
    day = today()

    def scope(login: str, permission: Permission) -> Scope:
        who = uow.read(engine, system_scope(origin=ORIGIN), lambda u: access.person(u, login, day))
        return policy.authorise(who, permission, at)

    own, keeps, decides = (
        scope("timur", Permission.SELF_SERVICE),
        scope("saule", Permission.STAFF_KEEP),
        scope("nurlan", Permission.ABSENCE_DECIDE),
    )

    def ask(u: UnitOfWork, person_id: int, name: str, start: int, length: int) -> Request:
        first = day + timedelta(days=start)
        last = first + timedelta(days=length - 1)
        command = AskLeave(key=uuid5(_KEYS, f"{institution.code}/{name}"), kind=ANNUAL, first=first, last=last)
        return service.ask(u, at, person_id, command).request

    teacher = uow.read(engine, own, lambda u: requests.own_person(u, at))
    if uow.read(engine, own, lambda u: service.balance(u, at, teacher, day)).centidays < 14 * CENTIDAYS:
        return
    others = sorted(uow.read(engine, own, lambda u: [p.id for p in personnel.colleagues(u, at, teacher, day)]))[:2]
    uow.run(engine, own, lambda u: ask(u, teacher, "own", 30, 14))
    for number, person_id in enumerate(others):
        asked = uow.run(engine, keeps, lambda u, p=person_id, n=number: ask(u, p, str(n), 35 + 20 * n, 10))  # type: ignore[misc]
        if asked.state is not State.SUBMITTED:
            continue
        decision, why = (
            (Decision.RETURN, oblast.say(institution.language, "leave_returned")) if number else (Decision.APPROVE, "")
        )
        uow.run(
            engine,
            decides,
            lambda u, a=asked, d=decision, w=why: requests.decide(  # type: ignore[misc]
                u, at, a.id, a.version, d, w, consequences={Kind.LEAVE: service.Leave()}
            ),
        )
