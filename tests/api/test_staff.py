"""The record over HTTP: the same acts, under keys, as of a day and as known at an instant."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from litestar.testing import TestClient

from erp.base import uow
from erp.base.clock import now, today
from erp.base.scope import system_scope
from erp.reference.access import service as access
from tests.conftest import TestServer
from tests.factories.application import app_over
from tests.factories.seals import seal_everything
from tests.factories.staff import VAULT, Staff, a_hire, a_post, a_staff, an_identity
from tests.web.desk import furnish

Call = Callable[..., Any]


@pytest.fixture(scope="module")
def served(server: TestServer) -> Iterator[tuple[str, Staff]]:
    url = server.new_database()
    desk = furnish(url)
    yield url, a_staff(url, desk.engine, organisation=desk.school)
    desk.engine.dispose()
    server.drop_database(url)


@pytest.fixture
def staff(served: tuple[str, Staff]) -> Staff:
    return served[1]


@pytest.fixture
def call(staff: Staff) -> Iterator[Call]:
    """Ask as somebody; paths are below the organisation's."""
    app = app_over(staff.engine, vault=VAULT)
    with TestClient(app) as client:

        def ask(who: str, method: str, path: str, **sent: Any) -> Any:
            token = uow.run(staff.engine, system_scope(), lambda u: access.issue_token(u, staff.logins[who], today()))
            headers = {"Authorization": f"Bearer {token}"} | sent.pop("headers", {})
            address = f"/api/v1/organisations/{staff.organisation}/{path}"
            return client.request(method, address, headers=headers, **sent)

        yield ask


def test_a_post_is_made_filled_and_the_file_read_as_it_was_known(call: Call, staff: Staff, served: Any) -> None:
    made = call(
        "officer",
        "POST",
        "staff-units",
        headers={"Idempotency-Key": str(uuid4())},
        json={
            "reason": "Order 1",
            "since": "2026-01-05",
            "content": {
                "unit_id": staff.units["teaching"], "title_kk": "Мұғалім", "title_ru": "Учитель", "title_en": "Teacher",
                "staff_group": "civil-employee", "percent": 100,
            },
        },
    )  # fmt: skip
    assert made.status_code == 201, made.text
    post_id, number = made.json()["items"][0]["id"], an_identity()
    hire = {
        "key": str(uuid4()), "reason": "Order 2", "since": "2026-01-05", "birth_on": "1985-07-19", "identity": number,
        "name": {"family": "Ахметов", "given": "Ерлан"}, "appointment": {"staff_unit_id": post_id},
    }  # fmt: skip
    hired = call("officer", "POST", "staff", json=hire)
    assert hired.status_code == 201, hired.text
    assert number not in hired.text
    assert call("officer", "POST", "staff", json=hire).json()["person_id"] == hired.json()["person_id"]
    taken = call("officer", "POST", "staff", json=hire | {"key": str(uuid4()), "identity": ""})
    assert (taken.status_code, taken.json()["type"].rpartition(":")[2]) == (409, "post-taken")
    file = f"staff/{hired.json()['person_id']}"
    known = seal_everything(served[0]).sealed_at
    name = {"family": "Смағұлов", "given": "Ерлан"}
    told = {"key": str(uuid4()), "reason": "Court decision", "since": "2026-02-02", "content": name}
    assert len(call("officer", "POST", f"{file}/name", json=told).json()["names"]) == 2
    seal_everything(served[0])
    before = call("officer", "GET", file, params={"known_at": known.isoformat()}).json()
    assert [each["name"]["family"] for each in before["names"]] == ["Ахметов"]
    assert call("officer", "GET", file, params={"known_at": (now() + timedelta(days=1)).isoformat()}).status_code == 422
    assert call("officer", "POST", f"{file}/identity").json() == {"identity": number}
    act = call("officer", "GET", file).json()["acts"][0]
    undo = {"key": str(uuid4()), "reason": "Signed by mistake"}
    assert call("officer", "POST", f"{file}/acts/{act['id']}/rescind", json=undo).status_code == 204
    assert len(call("officer", "GET", file).json()["names"]) == 1


def test_the_list_and_the_chart_are_of_a_day(call: Call, staff: Staff) -> None:
    rows = call("officer", "GET", "staff", params={"q": "teacher test"}).json()["items"]
    assert [row["person_id"] for row in rows] == [staff.persons["teacher"]]
    assert call("officer", "GET", "staff", params={"day": "2020-01-01"}).json()["items"] == []
    units = {each["id"]: each for each in call("officer", "GET", "units").json()["items"]}
    assert units[staff.units["teaching"]]["parent_id"] == staff.units["office"]
    posts = {each["id"]: each for each in call("officer", "GET", "staff-units").json()["items"]}
    assert posts[staff.posts["lead"]]["held_percent"] == 100
    page = call("officer", "GET", "staff", params={"limit": 2}).json()
    following = call("officer", "GET", "staff", params={"limit": 2, "cursor": page["next"]}).json()
    assert not {r["appointment_id"] for r in page["items"]} & {r["appointment_id"] for r in following["items"]}


def test_one_s_own_record_says_who_read_it_and_others_are_refused(call: Call, staff: Staff) -> None:
    teacher = staff.persons["teacher"]
    assert call("officer", "GET", f"staff/{teacher}").status_code == 200
    own = call("teacher", "GET", "me").json()
    assert own["file"]["person_id"] == teacher
    assert own["chief_id"] == staff.persons["lead"]
    assert ("Officer", "file") in {(each["reader"], each["kind"]) for each in own["readings"]}
    for method, path in (
        ("GET", "staff"),
        ("GET", f"staff/{teacher}"),
        ("GET", "units"),
        ("POST", f"staff/{teacher}/identity"),
    ):
        assert call("teacher", method, path).status_code == 403
        assert call("lead", method, path).status_code == 403
    assert call("officer", "GET", "staff/999999").status_code == 404


def test_what_the_database_cannot_keep_or_number_is_a_problem_of_the_caller(call: Call, staff: Staff) -> None:
    person = f"staff/{staff.persons['teacher']}"
    assert call("officer", "POST", f"{person}/account", json={"login": "a\0b"}).status_code == 400
    hire = {
        "key": str(uuid4()), "reason": "Order 2", "since": "2026-01-05", "login": "a\0b",
        "name": {"family": "Ахметов", "given": "Ерлан"}, "appointment": {"staff_unit_id": staff.posts["lead"]},
    }  # fmt: skip
    assert call("officer", "POST", "staff", json=hire).status_code == 400
    for asked in ({"q": "a\0b"}, {"cursor": "1 a\0b"}, {"unit": 99_999_999_999}):
        answer = call("officer", "GET", "staff", params=asked)
        assert answer.status_code in {400, 422}, (asked, answer.text)
    name = {"family": "Смағұлов", "given": "Ерлан"}
    told = {"key": str(uuid4()), "reason": "Court decision", "since": "2026-02-02", "content": name}
    beyond = "staff/99999999999"
    acts = {
        f"{beyond}/name": told,
        f"{beyond}/facts": {k: told[k] for k in ("key", "reason", "since")},
        f"{beyond}/account": {"login": ""},
        f"{beyond}/appointments": {k: hire[k] for k in ("key", "reason", "since", "appointment")},
        f"{beyond}/appointments/1": told | {"content": None},
        f"{person}/appointments/99999999999": told | {"content": None},
        f"{person}/acts/99999999999/rescind": {"key": str(uuid4()), "reason": "Signed by mistake"},
        f"{beyond}/identity": None,
    }
    for path, body in acts.items():
        assert call("officer", "POST", path, json=body).status_code in ({400, 422} if beyond in path else {404}), path
    assert call("officer", "GET", beyond).status_code in {400, 422}


def test_a_unit_is_closed_only_when_it_is_empty(call: Call, staff: Staff) -> None:
    command = {"key": str(uuid4()), "reason": "Order 3", "since": "2027-01-04", "content": None}
    refused = call("officer", "POST", f"units/{staff.units['teaching']}", json=command)
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (409, "unit-not-there")


def test_people_are_found_where_their_records_are_read(call: Call, staff: Staff) -> None:
    def found(who: str, words: str) -> list[tuple[str, int]]:
        answer = call(who, "GET", "../../find", params={"q": words, "organisation": staff.organisation})
        return [(each["kind"], each["id"]) for each in answer.json().get("items", [])]

    identity = an_identity()
    person = staff.hire(
        a_hire(staff.add_post(a_post(staff.units["teaching"], "Лаборант")), "Шыңғыс", identity=identity)
    )
    for words in ("шынгыс", "лаборант", identity):
        assert ("person", person) in found("officer", words)
        assert ("person", person) not in found("teacher", words)
    assert ("person", person) not in found("officer", identity[:10])
