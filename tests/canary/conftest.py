from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import psycopg
import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import Engine, text

from erp.base import uow
from erp.base.clock import today
from erp.base.db import make_engine
from erp.base.i18n import Language
from erp.base.scope import system_scope
from erp.reference.access import service as access
from erp.reference.access.model import ANYBODY, Role
from erp.reference.access.policy import ALLOWED
from tests.canary.planting import Planted, inserted, plant
from tests.canary.rooms import ROOMS, Tenant
from tests.canary.walk import DAYS, QUESTIONS, REFUSED, UNKNOWN, Door, doors, steady, told
from tests.conftest import TestServer
from tests.factories.seals import libpq
from tests.web.desk import PASSWORD, Desk, furnish

Client = TestClient[Any]


@dataclass
class Walker:
    """Somebody who goes round: pages by cookie, the API by token."""

    name: str
    client: Client
    token: str
    role: Role | None = None

    def may(self, door: Door) -> bool:
        """Whether the policy lets them through where they work."""
        return self.role is not None and door.permission in ALLOWED[self.role] | ANYBODY

    def ask(self, door: Door, address: str, **sent: Any) -> Any:
        headers = (
            {"Authorization": f"Bearer {self.token}"} if door.route.path.startswith("/api/") and self.token else {}
        )
        if "params" in sent:
            sent["params"] = door.understood(sent["params"])
        return self.client.request(door.method, address, headers=headers, follow_redirects=False, **sent)


@dataclass
class Garden:
    """The books before and after the canaries came, and those who walk in them."""

    desk: Desk
    url: str
    doors: list[Door]
    walkers: list[Walker]
    own: list[int]
    planted: Planted
    before: list["Asked"] = field(default_factory=list)


@dataclass(frozen=True)
class Asked:
    """What a door of the own institution said to somebody before."""

    walker: Walker
    door: Door
    address: str
    question: str
    status: int
    said: str


def sent(walkers: list[Walker], door: Door, *, home: bool) -> list[Walker]:
    """Who goes to a door of the own institution, or of another one; nobody, who is not signed in, goes to all.

    The policy decides by the door's permission alone, and before anything is looked up: of those whom it refuses
    alike one goes, at each door another. Elsewhere it refuses whoever works here.
    """
    may = [each for each in walkers if each.role and each.may(door)]
    may_not = [each for each in walkers if each.role and not each.may(door)]
    return [*(may if home else _one(may, door)), *_one(may_not, door), *(each for each in walkers if not each.role)]


def _one(walkers: list[Walker], door: Door) -> list[Walker]:
    at = len(door.route.path) % max(1, len(walkers))
    return walkers[at : at + 1]


def own_round(walker: Walker, door: Door, school: int, own: list[int]) -> Iterator[Asked]:
    """A door of the own institution; whoever is refused for lack of a role asks there no further."""
    if door.method != "GET":
        return
    for address in door.addresses(school, own, ["x"]):
        taken = False
        for question in door.questions():
            if question == DAYS and taken:
                continue
            answer = walker.ask(door, address, params=QUESTIONS[question])
            yield Asked(walker, door, address, question, answer.status_code, steady(told(answer)))
            taken = taken or answer.status_code == 200
            if answer.status_code in REFUSED | UNKNOWN:
                break
        if answer.status_code in REFUSED:
            break


def walking_roles() -> list[Role]:
    """One role of each kind: two that are allowed the same are let through by the same words of the policy."""
    return list({permissions: role for role, permissions in reversed(ALLOWED.items())}.values())


@pytest.fixture(scope="package")
def garden(server: TestServer) -> Iterator[Garden]:
    url = server.new_database()
    desk = furnish(url)
    _under_one_roof(desk, url)
    with ExitStack() as stack:
        owner = make_engine(url, role=None, pool=1)
        app = desk.app
        walkers = [_walker(stack, app, desk, owner, role) for role in walking_roles()]
        with owner.begin() as connection:  # so that on no way, however long, it is noted that they were seen
            connection.execute(text("UPDATE reference_session SET seen_at = clock_timestamp() + interval '1 day'"))
        owner.dispose()
        walkers.append(Walker("nobody", _client(stack, app), ""))
        own = [desk.post(memo=f"Own {n}") for n in range(2)]
        keeper, planner = _user(url, "walker-hr-head"), _user(url, "walker-budget-head")
        inserted(url, ROOMS, Tenant(desk.school, keeper, planner, "walker-employee", "Own", 12345).facts)
        app_doors = doors(app)
        rounds = [(walker, door) for door in app_doors for walker in sent(walkers, door, home=True)]
        before = [asked for walker, door in rounds for asked in own_round(walker, door, desk.school, own)]
        yield Garden(desk, url, app_doors, walkers, own, plant(desk, url), before)
    desk.engine.dispose()
    server.drop_database(url)


def _under_one_roof(desk: Desk, url: str) -> None:
    """A ministry above all of them, so that nobody who works at one of them stands at the top of the tree."""
    with psycopg.connect(libpq(url)) as connection:
        connection.execute(
            """
            WITH ministry AS (
                INSERT INTO reference_organisation (code, kind, name_kk, name_ru, name_en, in_force)
                SELECT '000740000728', kind, 'Министрлік', 'Министерство', 'Ministry', in_force
                  FROM reference_organisation WHERE id = %(one)s RETURNING id, in_force
            ), told AS (
                INSERT INTO base_audit_event (actor_id, origin, action, subject)
                VALUES (0, 'test', 'organisation-registered', 'organisation:0')
            )
            INSERT INTO reference_organisation_link (parent_id, child_id, in_force)
            SELECT m.id, o.id, m.in_force FROM ministry m, reference_organisation o WHERE o.id = ANY (%(all)s)
            """,
            {"one": desk.school, "all": list(desk.organisations.values())},
        )


def _user(url: str, login: str) -> int:
    with psycopg.connect(libpq(url)) as connection:
        ((user,),) = connection.execute("SELECT id FROM reference_user WHERE login = %s", [login]).fetchall()
    return int(user)


def _client(stack: ExitStack, app: Litestar) -> Client:
    client: Client = stack.enter_context(TestClient(app, raise_server_exceptions=False))
    client.headers.update({"accept-language": "en", "accept-encoding": "identity"})
    return client


def _walker(stack: ExitStack, app: Litestar, desk: Desk, owner: Engine, role: Role) -> Walker:
    login = f"walker-{role.value.replace('_', '-')}"

    def make(u: uow.UnitOfWork) -> None:
        user = access.create_user(u, login, role.value, PASSWORD, Language.EN)
        access.grant_role(u, user, role, desk.school, date(2020, 1, 1))

    uow.run(owner, system_scope(), make)
    client = _client(stack, app)
    signed = client.post("/sign-in", data={"login": login, "password": PASSWORD}, follow_redirects=False)
    assert signed.status_code == 303, signed.text
    token = uow.run(desk.engine, system_scope(), lambda u: access.issue_token(u, login, today()))
    return Walker(login, client, token if isinstance(token, str) else token.secret, role)
