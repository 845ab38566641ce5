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


def lend_from(
    oblast: Oblast, lender: int, login: str, role: Role, place: str, since: date, last: date
) -> Callable[[uow.UnitOfWork], None]:
    return lambda u: people.delegate(u, lender, login, role, oblast.at(place), since, last, DAY)


# ------------------------------------------------------------------------------------------------ who may change whom


def test_an_administrator_gives_roles_only_below_and_only_to_their_own_people(oblast: Oblast) -> None:
    assert refused(oblast, "keeper", give(oblast, "clerk", Role.AUDITOR, "roads")) == "organisation-beyond"
    assert refused(oblast, "keeper", give(oblast, "driver", Role.AUDITOR, "school")) == "person-unknown"
    assert refused(oblast, "keeper", give(oblast, "keeper", Role.ACCOUNTANT, "school")) == "own-administration"
    assert refused(oblast, "keeper", give(oblast, "root", Role.ACCOUNTANT, "school")) == "person-unknown"
    oblast.act("root", give(oblast, "driver", Role.EMPLOYEE, "school"), DAY)
    assert refused(oblast, "keeper", give(oblast, "driver", Role.AUDITOR, "school")) == "person-beyond"


def test_what_was_lent_takes_nobody_away_from_their_administrator(oblast: Oblast) -> None:
    """Nor does the administrator below get it with a password they gave: it ends then."""
    oblast.add_person("stand-in", (Role.ACCOUNTANT, "school"))
    own, lender, later = oblast.users["stand-in"], oblast.users["inspector"], DAY + timedelta(days=9)
    for since, last in ((DAY, DAY + timedelta(days=5)), (later, later)):
        oblast.act("root", lend_from(oblast, lender, "stand-in", Role.AUDITOR, "oblast", since, last), DAY)
    oblast.act("root", lend_from(oblast, oblast.users["clerk"], "stand-in", Role.ACCOUNTANT, "school", DAY, later), DAY)

    oblast.act("keeper", lambda u: people.block(u, own, DAY, DAY), DAY)
    oblast.act("keeper", lambda u: people.unblock(u, own, DAY, DAY), DAY)
    assert oblast.at("oblast") in oblast.identity("stand-in", DAY).roles, "a block ends nothing that was lent"
    oblast.act("keeper", lambda u: people.give_password(u, own, "mine-from-now", DAY), DAY)
    for day in (DAY, later):
        assert set(oblast.identity("stand-in", day).roles) == {oblast.at("school")}
    told = oblast.by_program(
        lambda u: (
            u.execute(text("SELECT facts FROM base_audit_event WHERE action = 'password-given' ORDER BY id DESC"))
            .scalars()
            .first()
        )
    )
    assert len(told["delegations_ended"]) == 2


def test_a_password_past_the_service_opens_no_door_above(oblast: Oblast) -> None:
    oblast.add_person("under-cover", (Role.ACCOUNTANT, "school"))
    lender = oblast.users["inspector"]
    oblast.act("root", lend_from(oblast, lender, "under-cover", Role.AUDITOR, "oblast", DAY, DAY), DAY)
    scope = inside(oblast, "keeper", "education", "school", "village", "lyceum", "office")
    change = text("UPDATE reference_user SET password_hash = 'x' WHERE id = :id")
    assert uow.run(oblast.engine, scope, lambda u: u.execute(change, {"id": oblast.users["under-cover"]}).rowcount) == 1
    assert set(oblast.identity("under-cover", DAY).roles) == {oblast.at("school")}


def test_lending_does_not_tell_who_is_there_beyond_one_s_own(oblast: Oblast) -> None:
    """One stands at another department; the chief keeps the school's books from the office."""
    oblast.add_person("elsewhere", (Role.CHIEF_ACCOUNTANT, "roads"))
    clerk = oblast.users["clerk"]

    def lent(login: str) -> Any:
        lend = lend_from(oblast, clerk, login, Role.ACCOUNTANT, "school", DAY, DAY)
        return lambda: uow.run(oblast.engine, Scope(Actor(clerk, "")), lend)

    answers = []
    for login in ("elsewhere", "nobody-at-all"):
        with pytest.raises(people.DelegateUnknown) as refusal:
            lent(login)()
        answers.append((refusal.value.code, str(refusal.value).replace(login, "…")))
    assert answers[0] == answers[1]
    lent("chief")()


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
        return bool(oblast.by_program(lambda u: queries.credentials_of(u.connection, u.scope, "on-leave", day)))

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


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE reference_user SET in_force = '{(,)}' WHERE id = :id",
        "UPDATE reference_user SET name = 'Somebody Else' WHERE id = :id",
        "UPDATE reference_user SET must_change_password = false WHERE id = :id",
    ],
)
def test_of_oneself_a_person_changes_only_what_is_theirs(oblast: Oblast, change: str) -> None:
    """Even one who administers everything, themself among it."""
    user_id = oblast.users["keeper"]
    oblast.by_program(
        lambda u: u.execute(
            text("UPDATE reference_user SET in_force = '{[2020-01-01,)}', must_change_password = true WHERE id = :id"),
            {"id": user_id},
        )
    )
    scope = inside(oblast, "keeper", "oblast", "education", "school", "village", "lyceum", "office")
    with pytest.raises(DBAPIError, match="only their own password and language"):
        uow.run(oblast.engine, scope, lambda u: u.execute(text(change), {"id": user_id}))
    own = (
        "UPDATE reference_user SET language = 'ru', password_hash = gen_random_uuid(), must_change_password = false"
        " WHERE id = :id"
    )
    assert uow.run(oblast.engine, scope, lambda u: u.execute(text(own), {"id": user_id}).rowcount) == 1


SECRETS = ("reference_second_factor", "reference_recovery_code", "reference_session")


def with_secrets(oblast: Oblast, login: str) -> int:
    user_id = oblast.add_person(login, (Role.ACCOUNTANT, "village"))
    oblast.by_program(
        lambda u: u.execute(
            text("""
                WITH f AS (INSERT INTO reference_second_factor (user_id, sealed, is_confirmed) VALUES (:id, 'S', true)),
                     r AS (INSERT INTO reference_recovery_code (user_id, code_hash) VALUES (:id, 'x'))
                INSERT INTO reference_session (token_hash, user_id, kind, origin, expires_at)
                VALUES (sha256(CAST(:login AS text)::bytea), :id, 'browser', '', clock_timestamp() + interval '1 day')
            """),
            {"id": user_id, "login": login},
        )
    )
    return user_id


def seen(oblast: Oblast, scope: Scope, user_id: int) -> list[int]:
    return [
        uow.run(
            oblast.engine,
            scope,
            lambda u, table=table: u.execute(  # type: ignore[misc]
                text(f"SELECT count(*) FROM {table} WHERE user_id = :id"), {"id": user_id}
            ).scalar_one(),
        )
        for table in SECRETS
    ]


def test_secrets_are_seen_by_their_owner_and_by_the_program_alone(oblast: Oblast) -> None:
    user_id = with_secrets(oblast, "secretive")
    assert seen(oblast, inside(oblast, "secretive"), user_id) == [1, 1, 1]
    assert seen(oblast, Scope(Actor(0, "")), user_id) == [1, 1, 1]
    assert seen(oblast, inside(oblast, "clerk"), user_id) == [0, 0, 0]
    keeper = inside(oblast, "keeper", "education", "school", "village", "lyceum", "office")
    assert seen(oblast, keeper, user_id) == [0, 0, 1], "who manages a person ends their sessions, and sees no secret"
    forged = text("""
        INSERT INTO reference_session (token_hash, user_id, kind, origin, expires_at)
        VALUES ('forged', :id, 'browser', '', clock_timestamp() + interval '1 day')
    """)
    with pytest.raises(ProgrammingError, match="row-level security"):
        uow.run(oblast.engine, keeper, lambda u: u.execute(forged, {"id": user_id}))


def test_codes_are_turned_off_by_who_manages_the_person_alone(oblast: Oblast) -> None:
    user_id = with_secrets(oblast, "forgetful")
    for scope in (inside(oblast, "clerk"), inside(oblast, "root", "roads"), Scope(Actor(0, ""))):
        with pytest.raises(ProgrammingError, match="beyond what this transaction administers"):
            uow.run(oblast.engine, scope, lambda u: queries.delete_second_factor(u.connection, u.scope, user_id))
    row = oblast.act("keeper", lambda u: people.person(u, user_id, DAY), DAY).row
    assert row.has_second_factor
    assert row.seen_at is not None
    oblast.act("keeper", lambda u: people.reset_second_factor(u, user_id, DAY), DAY)
    assert seen(oblast, inside(oblast, "forgetful"), user_id) == [0, 0, 0]


def test_a_role_ended_on_its_first_day_is_over_at_once_and_stays_told(oblast: Oblast) -> None:
    user_id = oblast.add_person("brief", (Role.ACCOUNTANT, "village"), since=DAY)
    held = oblast.act("keeper", lambda u: people.person(u, user_id, DAY), DAY).held[0]
    oblast.act("keeper", lambda u: people.end_role(u, user_id, held.id, DAY, DAY), DAY)
    assert oblast.identity("brief", DAY).roles == {}
    [kept] = oblast.act("keeper", lambda u: people.person(u, user_id, DAY), DAY).held
    assert (kept.id, kept.since, kept.until) == (held.id, DAY, DAY)
    oblast.act("keeper", give(oblast, "brief", Role.ACCOUNTANT, "village"), DAY)
    assert set(oblast.identity("brief", DAY).roles) == {oblast.at("village")}
    coming = oblast.add_person("coming", (Role.ACCOUNTANT, "village"), since=DAY + timedelta(days=2))
    [held] = oblast.by_program(lambda u: queries.held_by(u.connection, u.scope, [coming]))
    oblast.by_program(lambda u: queries.end_grant(u.connection, u.scope, held.id, DAY))
    assert oblast.by_program(lambda u: queries.held_by(u.connection, u.scope, [coming])) == []


def test_what_is_lent_only_ends_earlier_and_stays_told(oblast: Oblast) -> None:
    oblast.add_person("on-holiday", (Role.ACCOUNTANT, "village"))
    oblast.add_person("substitute", (Role.EMPLOYEE, "village"))
    lender = inside(oblast, "on-holiday")
    last = DAY + timedelta(days=5)
    uow.run(
        oblast.engine,
        lender,
        lambda u: people.delegate(
            u, oblast.users["on-holiday"], "substitute", Role.ACCOUNTANT, oblast.at("village"), DAY, last, DAY
        ),
    )
    for days in ("daterange(lower(in_force), upper(in_force) + 1)", "daterange(lower(in_force) - 1, upper(in_force))"):
        longer = f"UPDATE reference_delegation SET in_force = {days} WHERE lender_id = {oblast.users['on-holiday']}"
        with pytest.raises(DBAPIError, match="only ends earlier"):
            uow.run(oblast.engine, lender, lambda u, s=longer: u.execute(text(s)))  # type: ignore[misc]
    gone = text("DELETE FROM reference_delegation WHERE lender_id = :id")
    with pytest.raises(DBAPIError, match="what counted stays"):
        uow.run(oblast.engine, lender, lambda u: u.execute(gone, {"id": oblast.users["on-holiday"]}))
    [lent] = uow.run(oblast.engine, lender, people.delegations)
    uow.run(oblast.engine, lender, lambda u: people.end_delegation(u, lent.id, DAY))
    [kept] = uow.run(oblast.engine, lender, people.delegations)
    assert (kept.id, kept.since, kept.until) == (lent.id, DAY, DAY)
    assert oblast.identity("substitute", DAY).roles == {oblast.at("village"): {Role.EMPLOYEE}}
