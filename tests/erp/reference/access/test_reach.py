"""Where roles count on any day: what the database says is what a slow and simple reading of the registers says."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from erp.base.db import make_engine
from erp.reference.access.model import SERVING_ROLES, Role

ORGANISATIONS, USERS = 6, 3
FIRST = date(2026, 1, 1)
DAYS = 8
ROLES = (Role.CHIEF_ACCOUNTANT, Role.ADMINISTRATOR, Role.MANAGER)

Days = tuple[int, int]
"""From the first up to the last, which is not among them; counted from ``FIRST``."""

spans = st.tuples(st.integers(0, DAYS - 1), st.integers(1, DAYS)).map(lambda p: (p[0], min(p[0] + p[1], DAYS)))
places = st.integers(0, ORGANISATIONS - 1)
people = st.integers(0, USERS - 1)


@dataclass(frozen=True)
class World:
    links: list[tuple[int, int, Days]]
    """Child, parent."""
    serving: list[tuple[int, int, Days]]
    """Institution, office."""
    grants: list[tuple[int, Role, int, Days]]
    delegations: list[tuple[int, int, Role, int, Days]]
    """Lender, delegate, role, organisation."""
    blocks: list[tuple[int, Days]]


worlds = st.builds(
    World,
    st.lists(st.tuples(places, places, spans), max_size=8),
    st.lists(st.tuples(places, places, spans), max_size=4),
    st.lists(st.tuples(people, st.sampled_from(ROLES), places, spans), min_size=1, max_size=5),
    st.lists(st.tuples(people, people, st.sampled_from(ROLES), places, spans), max_size=4),
    st.lists(st.tuples(people, spans), max_size=2),
)


# ------------------------------------------------------------------------------------------------ the slow reference


def reach(world: World, role: Role, organisation: int, day: int) -> set[int]:
    """The organisation, all below it, and, for roles of books, those it serves."""
    reached, grown = {organisation}, True
    while grown:
        below = {child for child, parent, days in world.links if parent in reached and counts(days, day)}
        grown = not below <= reached
        reached |= below
    if role in SERVING_ROLES:
        reached |= {i for i, office, days in world.serving if office == organisation and counts(days, day)}
    return reached


def own(world: World, user: int, day: int) -> set[tuple[int, Role]]:
    return {
        (place, role)
        for holder, role, organisation, days in world.grants
        if holder == user and counts(days, day)
        for place in reach(world, role, organisation, day)
    }


def holdings(world: World, user: int, day: int) -> set[tuple[int, Role, int | None]]:
    lent = {
        (place, role, lender)
        for lender, delegate, role, organisation, days in world.delegations
        if delegate == user and counts(days, day) and not is_blocked(world, lender, day)
        for place in reach(world, role, organisation, day)
        if (place, role) in own(world, lender, day)
    }
    return {(place, role, None) for place, role in own(world, user, day)} | lent


def is_blocked(world: World, user: int, day: int) -> bool:
    return any(user == who and counts(days, day) for who, days in world.blocks)


def counts(days: Days, day: int) -> bool:
    return days[0] <= day < days[1]


# ------------------------------------------------------------------------------------------------ the database


@pytest.fixture(scope="module")
def connection(shared_database: str) -> Iterator[Connection]:
    """Of the owner; each example is rolled back."""
    engine = make_engine(shared_database, role=None, pool=1)
    with engine.connect() as connection:
        for number in range(ORGANISATIONS):
            connection.execute(
                text("""
                    INSERT INTO reference_organisation (code, kind, name_kk, name_ru, name_en)
                    VALUES (:code, 'institution', 'a', 'a', 'a')
                """),
                {"code": str(number)},
            )
        for number in range(USERS):
            connection.execute(
                text("INSERT INTO reference_user (login, name, password_hash) VALUES (:login, 'a', '')"),
                {"login": f"user{number}"},
            )
        connection.commit()
        yield connection
    engine.dispose()


def a_day(day: int) -> date:
    return FIRST + timedelta(days=day)


class Books:
    """Enters a world row by row, leaving out what the constraints refuse; ``world`` is what was taken."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._organisations = list(
            connection.execute(text("SELECT id FROM reference_organisation ORDER BY id")).scalars()
        )
        self._users = list(connection.execute(text("SELECT id FROM reference_user ORDER BY id")).scalars())
        self.world = World([], [], [], [], [])

    def enter(self, world: World) -> None:
        for link in world.links:
            child, parent, days = link
            if self._taken(
                "INSERT INTO reference_organisation_link (child_id, parent_id, in_force) VALUES (:a, :b, {days})",
                days,
                a=self._organisations[child],
                b=self._organisations[parent],
            ):
                self.world.links.append(link)
        for served in world.serving:
            institution, office, days = served
            if self._taken(
                "INSERT INTO reference_serving (institution_id, office_id, in_force) VALUES (:a, :b, {days})",
                days,
                a=self._organisations[institution],
                b=self._organisations[office],
            ):
                self.world.serving.append(served)
        for grant in world.grants:
            user, role, place, days = grant
            if self._taken(
                """INSERT INTO reference_role_grant (user_id, role, organisation_id, in_force)
                   VALUES (:a, :r, :b, {days})""",
                days,
                a=self._users[user],
                r=role.value,
                b=self._organisations[place],
            ):
                self.world.grants.append(grant)
        for lent in world.delegations:
            lender, delegate, role, place, days = lent
            if self._taken(
                """INSERT INTO reference_delegation (lender_id, delegate_id, role, organisation_id, in_force)
                   VALUES (:a, :d, :r, :b, {days})""",
                days,
                a=self._users[lender],
                d=self._users[delegate],
                r=role.value,
                b=self._organisations[place],
            ):
                self.world.delegations.append(lent)
        for blocked in world.blocks:
            user, days = blocked
            self._taken(
                "UPDATE reference_user SET in_force = in_force - datemultirange({days}) WHERE id = :a",
                days,
                a=self._users[user],
            )
            self.world.blocks.append(blocked)

    def _taken(self, statement: str, days: Days, **values: object) -> bool:
        start, end = a_day(days[0]), a_day(days[1])
        try:
            with self._connection.begin_nested():
                self._connection.execute(
                    text(statement.format(days="daterange(:start, :end)")), {"start": start, "end": end, **values}
                )
        except IntegrityError:
            return False
        return True

    def holdings(self, user: int, day: int) -> set[tuple[int, Role, int | None]]:
        rows = self._connection.execute(
            text("SELECT organisation_id, role, on_behalf_of FROM reference_grants_of(:user, :day)"),
            {"user": self._users[user], "day": a_day(day)},
        )
        return {
            (
                self._organisations.index(r.organisation_id),
                Role(r.role),
                None if r.on_behalf_of is None else self._users.index(r.on_behalf_of),
            )
            for r in rows
        }


ALWAYS = (0, DAYS)
LENDER_BLOCKED = World(
    [],
    [],
    [(0, Role.CHIEF_ACCOUNTANT, 0, ALWAYS)],
    [(0, 1, Role.CHIEF_ACCOUNTANT, 0, ALWAYS)],
    [(0, (2, 5))],
)
LENT_AT_A_SERVED_ONE = World(
    [(2, 1, ALWAYS)],
    [(1, 0, ALWAYS)],
    [(0, Role.CHIEF_ACCOUNTANT, 0, (0, 6))],
    [(0, 1, Role.CHIEF_ACCOUNTANT, 1, ALWAYS), (1, 2, Role.CHIEF_ACCOUNTANT, 1, ALWAYS)],
    [],
)


@settings(max_examples=150)
@given(world=worlds)
@example(world=LENDER_BLOCKED)
@example(world=LENT_AT_A_SERVED_ONE)
def test_what_a_person_holds_on_any_day_is_what_the_registers_say(connection: Connection, world: World) -> None:
    try:
        books = Books(connection)
        books.enter(world)
        for user in range(USERS):
            for day in range(DAYS):
                assert books.holdings(user, day) == holdings(books.world, user, day), (user, day)
    finally:
        connection.rollback()


@settings(max_examples=100)
@given(world=worlds)
def test_nobody_lends_more_than_they_hold(connection: Connection, world: World) -> None:
    """A delegation of what is not held on its first day is refused; on no day does it give what the lender has not."""
    try:
        books = Books(connection)
        books.enter(world)
        for lender, _, role, place, days in books.world.delegations:
            assert (place, role) in own(books.world, lender, days[0])
        for user in range(USERS):
            for day in range(DAYS):
                for place, role, lender in books.holdings(user, day):
                    if lender is not None:
                        assert (place, role, None) in books.holdings(lender, day)
    finally:
        connection.rollback()


def test_the_roles_that_serving_carries_are_those_of_books(connection: Connection) -> None:
    """The list stands in the database as well: both say the same."""
    try:
        books = Books(connection)
        books.enter(World([], [(1, 0, ALWAYS)], [(0, role, 0, ALWAYS) for role in Role], [], []))
        assert {role for place, role, _ in books.holdings(0, 0) if place == 1} == SERVING_ROLES
    finally:
        connection.rollback()
