"""An organisation with a staff: units, posts, people in them who sign in; each act is a command by whom it says."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import Any, TypeVar
from unittest.mock import patch
from uuid import uuid4

from sqlalchemy import Engine, text

from erp.base import uow
from erp.base.db import make_engine
from erp.base.scope import Scope, system_scope
from erp.base.uow import UnitOfWork
from erp.base.vault import Vault
from erp.hr.personnel import service as personnel
from erp.hr.personnel.schemas import AppointmentContent, Hire, NameContent
from erp.hr.staffing import service as staffing
from erp.hr.staffing.model import StaffGroup
from erp.hr.staffing.schemas import PostContent, RecordPost, RecordUnit, UnitContent
from erp.hr.trips import service as trips
from erp.reference.access import service as access
from erp.reference.counterparties.rules import check_digit
from erp.reference.packages.service import load_shipped
from ledger.model import Actor

T = TypeVar("T")

SINCE = date(2024, 1, 8)
REASON = "Order No. 1-k"
VAULT = Vault.fresh()
"""One for all tests of a process, as a server has one key file."""

PEOPLE = {
    # login: roles, unit, post that heads the unit
    "director": (("manager", "employee"), "office", True),
    "hr_head": (("hr_head", "employee"), "personnel", True),
    "officer": (("hr_officer", "employee"), "personnel", False),
    "lead": (("manager", "employee"), "teaching", True),
    "teacher": (("employee",), "teaching", False),
    "colleague": (("employee",), "teaching", False),
    "bookkeeper": (("chief_accountant", "employee"), "office", False),
}
"""``office`` stands on top; ``personnel`` and ``teaching`` stand under it."""

_codes = count(800_000_000_001)
_serials = count(1)


@contextmanager
def on_day(day: date) -> Iterator[None]:
    """Trips are asked for as on this day: one that is over by now was asked for ahead, as is usual."""
    with patch.object(trips, "today", lambda: day):
        yield


def an_identity(born: date = date(1985, 7, 19)) -> str:
    """An identity number whose check digit holds; each call gives another."""
    while True:
        eleven = f"{born:%y%m%d}4{next(_serials):04d}"
        if (last := check_digit(eleven)) is not None:
            return f"{eleven}{last}"


def a_unit(name: str, **changes: Any) -> RecordUnit:
    told = {"name_kk": name, "name_ru": name, "name_en": name, "parent_id": None, "head_id": None}
    dated = {name: changes.pop(name) for name in ("since", "until", "corrects") if name in changes}
    return RecordUnit(key=uuid4(), reason=REASON, **{"since": SINCE} | dated, content=UnitContent(**told | changes))


def a_post(unit_id: int, title: str, **changes: Any) -> RecordPost:
    told = {"unit_id": unit_id, "title_kk": title, "title_ru": title, "title_en": title}
    dated = {name: changes.pop(name) for name in ("since", "until", "corrects") if name in changes}
    content = PostContent.model_validate({"staff_group": StaffGroup.CIVIL_EMPLOYEE} | told | changes)
    return RecordPost(key=uuid4(), reason=REASON, **{"since": SINCE} | dated, content=content)


def a_hire(staff_unit_id: int, family: str = "Ахметов", given: str = "Ерлан", **changes: Any) -> Hire:
    """A command to hire somebody without an identity number; ``percent`` is that of the appointment."""
    appointment = AppointmentContent(staff_unit_id=staff_unit_id, percent=changes.pop("percent", 100))
    name = NameContent(family=family, given=given, patronymic=changes.pop("patronymic", ""))
    told = {"key": uuid4(), "reason": REASON, "since": SINCE, "name": name, "appointment": appointment}
    return Hire.model_validate(told | changes)


@dataclass
class Staff:
    """``users``, ``persons``, ``units`` and ``posts`` by the names of ``PEOPLE``; a post is called after its holder."""

    engine: Engine
    organisation: int
    users: dict[str, int] = field(default_factory=dict)
    persons: dict[str, int] = field(default_factory=dict)
    units: dict[str, int] = field(default_factory=dict)
    posts: dict[str, int] = field(default_factory=dict)
    logins: dict[str, str] = field(default_factory=dict)

    def scope(self, who: str, on_behalf_of: str | None = None) -> Scope:
        """With all that the roles of the person give here, however it was asked for."""
        here, roles = frozenset({self.organisation}), PEOPLE[who][0] if who in PEOPLE else ()
        keeps = here if {"hr_officer", "hr_head"} & set(roles) else frozenset()
        decides = here if {"manager", "hr_head"} & set(roles) else frozenset()
        lender = self.users[on_behalf_of] if on_behalf_of else None
        return Scope(
            Actor(self.users[who], "test"), staff=keeps, keeps=keeps, decides=decides, serves=here, on_behalf_of=lender
        )

    def run(self, who: str, command: Callable[[UnitOfWork], T], on_behalf_of: str | None = None) -> T:
        return uow.run(self.engine, self.scope(who, on_behalf_of), command)

    def read(self, who: str, query: Callable[[UnitOfWork], T]) -> T:
        return uow.read(self.engine, self.scope(who), query)

    def hire(self, command: Hire, who: str = "officer") -> int:
        return self.run(who, lambda u: personnel.hire(u, VAULT, self.organisation, command))

    def add_unit(self, command: RecordUnit, who: str = "officer") -> int:
        return self.run(who, lambda u: staffing.begin_unit(u, self.organisation, command))

    def add_post(self, command: RecordPost, who: str = "officer") -> int:
        return self.run(who, lambda u: staffing.begin_post(u, self.organisation, command))


def shipped(url: str) -> None:
    """The shipped packages, with the monthly index of 2026 on all days: a trip costs the same whatever today is."""
    owner = make_engine(url, role=None, pool=1)
    with owner.begin() as connection:
        load_shipped(connection, system_scope())
        connection.execute(text("DELETE FROM reference_trip_norm WHERE kind = 'mci' AND code <> 'mci.2026'"))
        connection.execute(text("UPDATE reference_trip_norm SET in_force = '(,)' WHERE code = 'mci.2026'"))
    owner.dispose()


def a_staff(
    url: str, engine: Engine | None = None, *, organisation: int | None = None, password: str | None = None
) -> Staff:
    """A new organisation with everybody of ``PEOPLE`` in their posts; or the same at one that is there.

    With a ``password`` they sign in with it.
    """
    code = str(next(_codes))
    secret = access.hashed(password) if password else ""
    owner = make_engine(url, role=None, pool=1)
    with owner.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO base_audit_event (actor_id, origin, action, subject)"
                " VALUES (0, 'test', 'user-created', 'user:0')"
            )
        )
        at = (
            organisation
            or connection.execute(
                text("""
                INSERT INTO reference_organisation (code, kind, name_kk, name_ru, name_en)
                VALUES (:code, 'institution', :code, :code, :code) RETURNING id
            """),
                {"code": code},
            ).scalar_one()
        )
        staff = Staff(engine or make_engine(url, pool=4), at)
        for who, (roles, _, _) in PEOPLE.items():
            staff.logins[who] = f"{who}-{code}"
            staff.users[who] = connection.execute(
                text("""
                    WITH made AS (INSERT INTO reference_user (login, name, password_hash, language)
                                  VALUES (:login, :name, :hash, 'en') RETURNING id)
                    INSERT INTO reference_role_grant (user_id, role, organisation_id)
                    SELECT id, unnest(CAST(:roles AS text[])), :organisation FROM made RETURNING user_id
                """),
                {
                    "login": staff.logins[who],
                    "name": who.title(),
                    "hash": secret,
                    "roles": list(roles),
                    "organisation": at,
                },
            ).scalars().all()[0]  # fmt: skip
    owner.dispose()
    staff.run("officer", lambda u: _settle(u, staff))
    return staff


def _settle(u: UnitOfWork, staff: Staff) -> None:
    at = staff.organisation
    for name in ("office", "personnel", "teaching"):
        staff.units[name] = staffing.begin_unit(u, at, a_unit(name, parent_id=staff.units.get("office")))
    for who, (_, unit, _) in PEOPLE.items():
        staff.posts[who] = staffing.begin_post(u, at, a_post(staff.units[unit], f"post of {who}"))
    for who, (_, unit, heads) in PEOPLE.items():
        if heads:
            under = None if unit == "office" else staff.units["office"]
            command = a_unit(unit, parent_id=under, head_id=staff.posts[who])
            staffing.record_unit(u, at, staff.units[unit], command)
    for who in PEOPLE:
        hired = a_hire(staff.posts[who], family=who.title(), given="Test", login=staff.logins[who])
        staff.persons[who] = personnel.hire(u, VAULT, at, hired)
