"""People, roles and the tree of organisations by program."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from litestar.testing import TestClient

from erp.base import uow
from erp.base.clock import today
from erp.base.scope import system_scope
from erp.reference.access import service as access
from erp.reference.access.model import Limits, Permission, Role
from tests.conftest import TestServer
from tests.factories.application import app_over
from tests.factories.oblast import Oblast, a_bin, an_oblast

Client = TestClient[Any]
PEOPLE, TREE = "/api/v1/people", "/api/v1/tree"


@pytest.fixture(scope="module")
def oblast(server: TestServer) -> Iterator[Oblast]:
    url = server.new_database()
    oblast = an_oblast(url)
    yield oblast
    oblast.engine.dispose()
    server.drop_database(url)


@pytest.fixture(scope="module")
def program(oblast: Oblast) -> Iterator[Client]:
    with TestClient(app_over(oblast.engine)) as client:
        yield client


@pytest.fixture
def bearer(oblast: Oblast) -> Callable[..., dict[str, str]]:
    def header(login: str, limits: Limits | None = None) -> dict[str, str]:
        token = uow.run(oblast.engine, system_scope(), lambda u: access.issue_token(u, login, today(), limits=limits))
        return {"Authorization": f"Bearer {token}", "Accept-Language": "en"}

    return header


def test_a_person_is_added_given_a_role_and_blocked(
    oblast: Oblast, program: Client, bearer: Callable[..., Any]
) -> None:
    head, day = bearer("keeper"), today().isoformat()
    command = {
        "login": "by-program",
        "name": "По программе",
        "password": "given-by-hand",
        "role": "accountant",
        "organisation_id": oblast.at("school"),
        "since": day,
    }
    added = program.post(PEOPLE, json=command, headers=head)
    assert added.status_code == 201
    person = added.json()["person"]
    assert program.post(PEOPLE, json=command, headers=head).json()["title"] == "login-taken"
    own = f"{PEOPLE}/{person['id']}"
    role = {"role": "planner", "organisation_id": oblast.at("office"), "since": day, "last": day}
    given = program.post(f"{own}/roles", json=role, headers=head)
    assert given.status_code == 201
    assert {(r["way"]) for r in given.json()["reach"]} == {"itself"}
    tag = program.get(own, headers=head).headers["etag"]
    assert program.post(f"{own}/block", json={"since": day}, headers=head | {"If-Match": '"old"'}).status_code == 412
    blocked = program.post(f"{own}/block", json={"since": day}, headers=head | {"If-Match": tag})
    assert blocked.json()["person"]["is_admitted"] is False
    planner = next(r for r in given.json()["person"]["roles"] if r["role"] == "planner")
    ended = program.post(f"{own}/roles/{planner['id']}/end", json={"since": day}, headers=head)
    roles = {r["role"]: (r["since"], r["until"]) for r in ended.json()["person"]["roles"]}
    assert roles == {"accountant": (day, None), "planner": (day, day)}, "what counted, if for hours, stays told"


@pytest.mark.parametrize(
    ("login", "place", "title"),
    [("keeper", "roads", "organisation-beyond"), ("clerk", "school", "role-missing-everywhere")],
)
def test_nobody_gives_a_role_beyond_their_own(
    oblast: Oblast, program: Client, bearer: Callable[..., Any], login: str, place: str, title: str
) -> None:
    role = {"role": "auditor", "organisation_id": oblast.at(place), "since": today().isoformat()}
    answer = program.post(f"{PEOPLE}/{oblast.users['clerk']}/roles", json=role, headers=bearer(login))
    assert (answer.status_code, answer.json()["title"]) == (403, title)


def test_people_are_paged_by_name(program: Client, bearer: Callable[..., Any]) -> None:
    head, seen, cursor = bearer("root"), [], None
    while True:
        page = program.get(PEOPLE, params={"limit": 2} | ({"cursor": cursor} if cursor else {}), headers=head).json()
        seen += [each["name"] for each in page["items"]]
        if (cursor := page["next"]) is None:
            break
    whole = [each["name"] for each in program.get(PEOPLE, headers=head).json()["items"]]
    assert seen == whole
    assert len(set(seen)) == len(seen) >= 7
    for damaged in ("x", "1x", f"{2**31} A"):
        answer = program.get(PEOPLE, params={"cursor": damaged}, headers=head)
        assert (answer.status_code, answer.json()["code"]) == (422, "cursor-malformed")


def test_a_delegation_by_an_administrator_is_for_who_holds_the_role(
    oblast: Oblast, program: Client, bearer: Callable[..., Any]
) -> None:
    head, day = bearer("keeper"), today().isoformat()
    lent = {"login": "clerk", "role": "chief_accountant", "organisation_id": oblast.at("village"), "since": day,
            "last": day}  # fmt: skip
    answer = program.post(f"{PEOPLE}/{oblast.users['chief']}/delegations", json=lent, headers=head)
    assert answer.status_code == 201, answer.text
    own = next(o for o in program.get("/api/v1/me", headers=bearer("clerk")).json()["organisations"]
               if o["organisation_id"] == oblast.at("village"))  # fmt: skip
    assert own["roles"] == ["chief_accountant"]
    not_held = program.post(
        f"{PEOPLE}/{oblast.users['clerk']}/delegations", json=lent | {"login": "chief"}, headers=head
    )
    assert not_held.json()["title"] == "role-not-held"
    to_oneself = program.post(
        f"{PEOPLE}/{oblast.users['chief']}/delegations", json=lent | {"login": "keeper"}, headers=head
    )
    assert to_oneself.json()["title"] == "own-administration"


def test_the_tree_is_changed_and_read_as_of_a_day(oblast: Oblast, program: Client, bearer: Callable[..., Any]) -> None:
    head, code = bearer("root"), a_bin(700)
    names = {"name_kk": "а", "name_ru": "б", "name_en": "c"}
    new = {"code": code, "kind": "institution", "parent_id": oblast.at("roads"), "since": "2025-01-01"} | names
    added = program.post(TREE, json=new, headers=head)
    assert added.status_code == 201
    own = f"{TREE}/{added.json()['id']}"
    assert program.post(TREE, json=new, headers=head).json()["title"] == "organisation-there"
    wrong = program.post(TREE, json=new | {"code": "123456789012"}, headers=head)
    assert (wrong.status_code, wrong.json()["title"]) == (422, "bin-invalid")
    moved = program.post(
        f"{own}/parent", json={"parent_id": oblast.at("education"), "since": "2025-06-01"}, headers=head
    )
    assert [p["organisation_id"] for p in moved.json()["parents"]] == [oblast.at("roads"), oblast.at("education")]
    above = {
        day: next(
            p["parent_id"]
            for p in program.get(TREE, params={"day": day}, headers=head).json()["items"]
            if p["organisation"]["code"] == code
        )
        for day in ("2025-05-31", "2025-06-01")
    }
    assert above == {"2025-05-31": oblast.at("roads"), "2025-06-01": oblast.at("education")}
    below_itself = program.post(
        f"{TREE}/{oblast.at('education')}/parent",
        json={"parent_id": oblast.at("school"), "since": today().isoformat()},
        headers=head,
    )
    assert below_itself.json()["title"] == "stands-above-itself"
    closed = program.post(f"{own}/close", json={"since": "2026-01-01"}, headers=head).json()
    assert closed["until"] == "2026-01-01"
    assert program.post(f"{own}/reopen", headers=head).json()["until"] is None


def test_a_token_of_one_permission_has_no_other(oblast: Oblast, program: Client, bearer: Callable[..., Any]) -> None:
    head = bearer("root", Limits(frozenset({Permission.ORGANISATIONS_MANAGE})))
    assert program.get(TREE, headers=head).status_code == 200
    assert program.get(PEOPLE, headers=head).status_code == 403
    assert program.get("/account", headers=head).status_code == 403


def test_one_s_rights_end_with_the_day_of_the_role(oblast: Oblast, program: Client, bearer: Callable[..., Any]) -> None:
    oblast.add_person("until-today")
    head, yesterday = bearer("until-today"), today() - timedelta(days=1)

    def grant(u: uow.UnitOfWork) -> bool:
        return access.grant_role(u, oblast.users["until-today"], Role.AUDITOR, oblast.at("school"), yesterday, today())

    assert oblast.by_program(grant)
    assert program.get("/api/v1/me", headers=head).json()["organisations"] == []


@pytest.mark.parametrize("what", ["person", "organisation"])
def test_of_several_changes_of_what_was_read_once_one_is_made(
    oblast: Oblast, program: Client, bearer: Callable[..., Any], what: str
) -> None:
    head = bearer("keeper")
    address = f"{PEOPLE}/{_person(program, head)}" if what == "person" else f"{TREE}/{oblast.at('school')}"
    fields = ("name",) if what == "person" else ("name_kk", "name_ru", "name_en")
    day = {} if what == "person" else {"since": today().isoformat()}
    seen = {"If-Match": program.get(address, headers=head).headers["etag"]}

    def rename(number: int) -> int:
        said = dict.fromkeys(fields, f"Name {number}") | day
        return program.post(f"{address}/name", json=said, headers=head | seen).status_code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(rename, range(6))) == [200] + [412] * 5
    any_state = head | {"If-Match": "*"}
    last = program.post(f"{address}/name", json=dict.fromkeys(fields, "Last") | day, headers=any_state)
    assert last.status_code == 200


def _person(program: Client, head: dict[str, str]) -> int:
    people = program.get(PEOPLE, headers=head).json()["items"]
    return next(int(each["id"]) for each in people if each["is_manageable"])


def test_an_administrator_revokes_a_token_of_their_people(
    oblast: Oblast, program: Client, bearer: Callable[..., Any]
) -> None:
    owner = oblast.add_person("token-owner", (Role.ACCOUNTANT, "school"))
    limits = Limits(frozenset({Permission.JOURNAL_READ}), oblast.at("school"))
    stolen, head = bearer("token-owner", limits), bearer("keeper")
    [token] = program.get(f"{PEOPLE}/{owner}", headers=head).json()["tokens"]
    assert (token["permissions"], token["organisation_id"]) == (["journal.read"], oblast.at("school"))
    revoke = f"{PEOPLE}/{owner}/tokens/{token['id']}/revoke"
    assert program.post(revoke, headers=bearer("clerk")).status_code == 403
    assert program.post(revoke, headers=head).json()["tokens"] == []
    assert program.get("/api/v1/me", headers=stolen).status_code == 401
