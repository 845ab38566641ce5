"""What the database itself refuses, and the rules of who may change whom."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from erp.base import uow
from erp.base.clock import today
from erp.base.errors import DomainError
from erp.base.scope import Scope
from erp.reference.access import people, queries
from erp.reference.access.model import Role
from ledger.model import Actor
from tests.factories.oblast import Oblast, an_oblast

DAY = today()


@pytest.fixture(scope="module")
def oblast(shared_database: str) -> Iterator[Oblast]:
    oblast = an_oblast(shared_database)
    yield oblast
    oblast.engine.dispose()


def refused(oblast: Oblast, login: str, command: Callable[[uow.UnitOfWork], Any]) -> str:
    with pytest.raises(DomainError) as refusal:
        oblast.act(login, command, DAY)
    return refusal.value.code


def give(oblast: Oblast, login: str, role: Role, place: str, **days: Any) -> Callable[[uow.UnitOfWork], None]:
    since, last = days.get("since", DAY), days.get("last")
    return lambda u: people.give_role(u, oblast.users[login], role, oblast.at(place), since, last, DAY)


# ------------------------------------------------------------------------------------------------ who may change whom


def test_an_administrator_gives_roles_only_below_and_only_to_their_own_people(oblast: Oblast) -> None:
    assert refused(oblast, "keeper", give(oblast, "clerk", Role.AUDITOR, "roads")) == "organisation-beyond"
    assert refused(oblast, "keeper", give(oblast, "driver", Role.AUDITOR, "school")) == "person-unknown"
    assert refused(oblast, "keeper", give(oblast, "keeper", Role.ACCOUNTANT, "school")) == "own-administration"
    assert refused(oblast, "keeper", give(oblast, "root", Role.ACCOUNTANT, "school")) == "person-unknown"
    oblast.act("root", give(oblast, "driver", Role.EMPLOYEE, "school"), DAY)
    assert refused(oblast, "keeper", give(oblast, "driver", Role.AUDITOR, "school")) == "person-beyond"


def test_who_was_lent_something_from_above_is_beyond_too(oblast: Oblast) -> None:
    """Else the administrator below would get it with a password they gave."""
    oblast.add_person("stand-in", (Role.ACCOUNTANT, "school"))
    own = oblast.users["stand-in"]
    oblast.act("keeper", lambda u: people.rename(u, own, "Stand In", DAY), DAY)
    lender = oblast.users["inspector"]
    oblast.act(
        "root",
        lambda u: people.delegate(u, lender, "stand-in", Role.AUDITOR, oblast.at("oblast"), DAY, DAY, DAY),
        DAY,
    )
    assert refused(oblast, "keeper", lambda u: people.give_password(u, own, "mine-from-now", DAY)) == "person-beyond"


def test_rights_change_from_today_on_only(oblast: Oblast) -> None:
    yesterday = DAY - timedelta(days=1)
    assert refused(oblast, "keeper", give(oblast, "clerk", Role.PLANNER, "school", since=yesterday)) == "day-passed"
    backwards = give(oblast, "clerk", Role.PLANNER, "school", since=DAY + timedelta(days=2), last=DAY)
    assert refused(oblast, "keeper", backwards) == "days-reversed"


def test_a_role_that_ended_stays_in_the_registers_for_its_days(oblast: Oblast) -> None:
    user_id = oblast.add_person("leaving", (Role.ACCOUNTANT, "village"))
    held = oblast.act("keeper", lambda u: people.person(u, user_id, DAY), DAY).held[0]
    oblast.act("keeper", lambda u: people.end_role(u, user_id, held.id, DAY, DAY), DAY)
    [kept] = oblast.act("keeper", lambda u: people.person(u, user_id, DAY), DAY).held
    assert (kept.since, kept.until) == (held.since, DAY)
    assert oblast.identity("leaving", DAY).roles == {}
    assert set(oblast.identity("leaving", DAY - timedelta(days=1)).roles) == {oblast.at("village")}
    assert refused(oblast, "keeper", lambda u: people.end_role(u, user_id, held.id, DAY, DAY)) == "role-grant-unknown"


def test_a_block_leaves_a_gap(oblast: Oblast) -> None:
    user_id = oblast.add_person("on-leave", (Role.ACCOUNTANT, "village"))
    first, back = DAY + timedelta(days=3), DAY + timedelta(days=10)
    oblast.act("keeper", lambda u: people.block(u, user_id, first, DAY), DAY)
    oblast.act("keeper", lambda u: people.unblock(u, user_id, back, DAY), DAY)

    def admitted(day: date) -> bool:
        return bool(oblast.by_program(lambda u: queries.user_by_login(u.connection, u.scope, "on-leave", day)))

    days = (DAY, first - timedelta(days=1), first, back - timedelta(days=1), back)
    assert [admitted(day) for day in days] == [True, True, False, False, True]


def test_the_trail_of_a_delegate_names_the_lender(oblast: Oblast) -> None:
    oblast.add_person("deputy")
    keeper = oblast.users["keeper"]
    oblast.act(
        "root",
        lambda u: people.delegate(u, keeper, "deputy", Role.ADMINISTRATOR, oblast.at("education"), DAY, DAY, DAY),
        DAY,
    )
    oblast.act("deputy", give(oblast, "clerk", Role.PLANNER, "lyceum"), DAY)
    told = oblast.by_program(
        lambda u: u.execute(
            text("SELECT actor_id, on_behalf_of FROM base_audit_event WHERE action = 'role-granted' ORDER BY id DESC")
        ).first()
    )
    assert tuple(told) == (oblast.users["deputy"], keeper)


# ------------------------------------------------------------------------------------------------ the second witness


STATEMENTS = {
    "a role elsewhere": "INSERT INTO reference_role_grant (user_id, role, organisation_id, in_force)"
    " VALUES (:other, 'auditor', :roads, '[2026-01-01,)')",
    "a role to oneself": "INSERT INTO reference_role_grant (user_id, role, organisation_id, in_force)"
    " VALUES (:actor, 'auditor', :school, '[2026-01-01,)')",
    "another's role lent": "INSERT INTO reference_delegation"
    " (lender_id, delegate_id, role, organisation_id, in_force)"
    " VALUES (:inspector, :other, 'auditor', :oblast, '[2026-01-01,2026-02-01)')",
    "a role lent to oneself": "INSERT INTO reference_delegation"
    " (lender_id, delegate_id, role, organisation_id, in_force)"
    " VALUES (:other, :actor, 'accountant', :school, '[2026-01-01,2026-02-01)')",
    "a body below another's": "INSERT INTO reference_organisation_link (child_id, parent_id, in_force)"
    " VALUES (:school, :roads, '[2026-01-01,)')",
    "a name of another's": "INSERT INTO reference_organisation_name"
    " (organisation_id, in_force, name_kk, name_ru, name_en) VALUES (:roads, '[2010-01-01,2010-02-01)', 'a', 'a', 'a')",
    "an office for another": "INSERT INTO reference_serving (office_id, institution_id, in_force)"
    " VALUES (:school, :roads, '[2026-01-01,)')",
}


def inside(oblast: Oblast, login: str, *administers: str) -> Scope:
    return Scope(Actor(oblast.users[login], ""), administers=frozenset(oblast.at(place) for place in administers))


@pytest.mark.parametrize("what", STATEMENTS)
def test_the_database_refuses_what_the_scope_does_not_administer(oblast: Oblast, what: str) -> None:
    facts = {**oblast.organisations, "actor": oblast.users["keeper"], "other": oblast.users["clerk"],
             "inspector": oblast.users["inspector"]}  # fmt: skip
    used = {name: facts[name] for name in facts if f":{name}" in STATEMENTS[what]}
    scope = inside(oblast, "keeper", "education", "school", "village", "lyceum", "office")
    with pytest.raises(ProgrammingError, match="row-level security"):
        uow.run(oblast.engine, scope, lambda u: u.execute(text(STATEMENTS[what]), used))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE reference_user SET password_hash = 'x' WHERE id = :id",
        "UPDATE reference_user SET in_force = '{}' WHERE id = :id",
        "UPDATE reference_role_grant SET in_force = '[2020-01-01,2020-02-01)' WHERE user_id = :id",
        "DELETE FROM reference_role_grant WHERE user_id = :id",
    ],
)
def test_changes_of_a_person_beyond_touch_no_row(oblast: Oblast, change: str) -> None:
    scope = inside(oblast, "keeper", "education", "school", "village", "lyceum", "office")
    touched = uow.run(oblast.engine, scope, lambda u: u.execute(text(change), {"id": oblast.users["root"]}).rowcount)
    assert touched == 0


def test_what_is_not_held_cannot_be_lent_even_past_the_service(oblast: Oblast) -> None:
    clerk = inside(oblast, "clerk")
    statement = text("""
        INSERT INTO reference_delegation (lender_id, delegate_id, role, organisation_id, in_force)
        VALUES (:lender, :delegate, 'chief_accountant', :at, daterange(:day, :day + 1))
    """)
    facts = {"lender": oblast.users["clerk"], "delegate": oblast.users["driver"], "at": oblast.at("school"), "day": DAY}
    with pytest.raises(DBAPIError, match="does not hold the role"):
        uow.run(oblast.engine, clerk, lambda u: u.execute(statement, facts))
