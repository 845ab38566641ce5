"""Plans over HTTP: lines, a branch, edits by their tags, undo, two versions side by side, freezing by another."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from erp.base import uow
from erp.base.db import make_engine
from erp.base.i18n import Language
from erp.base.scope import system_scope
from erp.reference.access import service as access
from erp.reference.access.model import Role
from tests.conftest import TestServer
from tests.web.desk import PASSWORD, Desk, furnish

Bearer = Callable[[str], dict[str, str]]


def with_planners(url: str) -> Desk:
    """A desk whose school has somebody who plans, and somebody who freezes."""
    desk = furnish(url)

    def people(u: uow.UnitOfWork) -> None:
        for login, role in (("planner", Role.PLANNER), ("budget-head", Role.BUDGET_HEAD)):
            desk.users[login] = access.create_user(u, login, login.title(), PASSWORD, Language.EN)
            access.grant_role(u, desk.users[login], role, desk.school, date(2020, 1, 1))

    owner = make_engine(url, role=None, pool=1)
    uow.run(owner, system_scope(*desk.organisations.values()), people)
    owner.dispose()
    return desk


@pytest.fixture(scope="module")
def desk(server: TestServer) -> Iterator[Desk]:
    url = server.new_database()
    desk = with_planners(url)
    yield desk
    desk.engine.dispose()
    server.drop_database(url)


@pytest.fixture
def at(desk: Desk) -> str:
    return f"/api/v1/organisations/{desk.school}/plans"


def test_a_plan_from_its_lines_to_its_freezing(client: Any, bearer: Bearer, at: str, desk: Desk) -> None:
    planner, head, auditor = bearer("planner"), bearer("budget-head"), bearer("auditor")
    body = {"name": "Budget", "years": [2026, 2027, 2028], "first_year": 2027}
    assert client.post(at, json=body | {"key": str(uuid4())}, headers=auditor).status_code == 403
    keyed = planner | {"Idempotency-Key": str(uuid4())}
    made = client.post(at, json=body, headers=keyed)
    assert made.status_code == 201, made.text
    assert client.post(at, json=body, headers=keyed).json() == made.json()
    assert (
        client.post(
            at, json=body | {"years": [2026, 2028]}, headers=planner | {"Idempotency-Key": str(uuid4())}
        ).json()["code"]
        == "plan-years-wrong"
    )
    plan = f"{at}/{made.json()['id']}"

    line = {"section": "expenditure", "budget_id": desk.school, "organisation_id": desk.school, "economic": "111"}
    lines = [line | {"programme": "261.082.015"}, line | {"programme": "261.003.015"}, line | {"economic": "x y"}]
    wrong = client.post(f"{plan}/leaves", json={"leaves": lines}, headers=planner)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "leaf-malformed")
    strange = client.post(f"{plan}/leaves", json={"leaves": [line | {"organisation_id": 999_999}]}, headers=planner)
    assert (strange.status_code, strange.json()["code"]) == (422, "plan-body-unknown")
    leaves = client.post(f"{plan}/leaves", json={"leaves": lines[:2]}, headers=planner).json()["leaves"]
    listed = client.get(f"{plan}/leaves?limit=1", headers=auditor).json()
    assert (listed["items"][0]["programme"], listed["next"]) == ("261.082.015", str(leaves[0]))
    (rest,) = client.get(f"{plan}/leaves?cursor={listed['next']}", headers=auditor).json()["items"]
    assert rest["id"] == leaves[1]

    (base,) = client.get(f"{plan}/versions", headers=planner).json()["items"]
    version = f"{plan}/versions/{base['id']}"
    edit = {
        "key": str(uuid4()),
        "reason": "As reported",
        "cells": [
            {"leaf": leaves[0], "year": 2027, "amount": "100.00"},
            {"leaf": leaves[1], "year": 2027, "amount": "7.5"},
        ],
    }
    assert client.post(f"{version}/edits", json=edit, headers=planner).status_code == 428, "without a tag nobody edits"
    told = client.post(f"{version}/edits", json=edit, headers=planner | {"If-Match": '"0"'})
    assert (told.status_code, told.json()["cells"]) == (201, 2), told.text
    again = client.post(f"{version}/edits", json=edit, headers=planner | {"If-Match": '"0"'})
    assert again.json() == told.json()
    stale = client.post(f"{version}/edits", json=edit | {"key": str(uuid4())}, headers=planner | {"If-Match": '"0"'})
    assert (stale.status_code, stale.json()["code"]) == (409, "version-moved")
    shown = client.get(version, headers=auditor)
    assert (shown.headers["etag"], shown.json()["edits"]) == ('"1"', 1)

    own = client.post(f"{version}/freeze", headers=planner | {"If-Match": '"1"'})
    assert own.status_code == 403, "a planner does not freeze"
    frozen = client.post(f"{version}/freeze", headers=head | {"If-Match": '"1"'}).json()
    assert len(frozen["content_hash"]) == 64
    branched = client.post(
        f"{plan}/versions", json={"key": str(uuid4()), "parent": base["id"], "name": "Draft"}, headers=planner
    ).json()
    assert (branched["kind"], branched["parent_edits"]) == ("draft", 1)
    draft = f"{plan}/versions/{branched['id']}"
    raised = {
        "key": str(uuid4()),
        "reason": "Higher pay",
        "cells": [{"leaf": leaves[0], "year": 2027, "amount": "110.00"}],
    }
    client.post(f"{draft}/edits", json=raised, headers=planner | {"If-Match": '"0"'})
    compared = client.get(
        f"{plan}/comparison?a={base['id']}&b={branched['id']}&by=programme.programme&only_different=true",
        headers=auditor,
    ).json()["items"]
    (row,) = compared
    assert [member["key"] for member in row["members"]] == ["expenditure", "261.082"]
    assert (row["a"], row["b"], row["difference"]) == (
        [None, "100.00", None],
        [None, "110.00", None],
        ["0.00", "10.00", "0.00"],
    )
    narrowed = f"{plan}/comparison?a={base['id']}&b={branched['id']}&by=leaf&within=programme.programme:261.003"
    assert [r["leaf"] for r in client.get(narrowed, headers=auditor).json()["items"]] == [leaves[1]]
    unknown = client.get(f"{plan}/comparison?a={base['id']}&b={branched['id']}&by=mood", headers=auditor)
    assert (unknown.status_code, unknown.json()["code"]) == (422, "level-unknown")

    (cell,) = client.get(f"{draft}/edits/1/cells", headers=auditor).json()["items"]
    assert (cell["before_inherited"], cell["after"], cell["changed_since"]) == (True, "110.00", False)
    undone = client.post(
        f"{draft}/edits/1/undo",
        json={"key": str(uuid4()), "reason": "A mistake"},
        headers=planner | {"If-Match": '"1"'},
    )
    assert (undone.status_code, undone.json()["undoes"]) == (201, 1), undone.text
    held = client.get(f"{draft}/cells", headers=auditor).json()["items"]
    assert [row["amounts"][1] for row in held] == ["100.00", "7.50"]
    assert client.get(f"{draft}/edits", headers=auditor).json()["items"][1]["undone_by"] == 2
    sections = client.get(f"{draft}/sections", headers=auditor).json()
    assert (sections["expenditure"][1], sections["balance"][1]) == ("107.50", "-107.50")


def test_a_version_is_put_away_and_brought_back(client: Any, bearer: Bearer, at: str, desk: Desk) -> None:
    planner, auditor = bearer("planner"), bearer("auditor")
    asked = {"key": str(uuid4()), "name": "Trials", "years": [2026, 2027], "first_year": 2027}
    plan = f"{at}/{client.post(at, json=asked, headers=planner).json()['id']}"
    (base,) = client.get(f"{plan}/versions", headers=auditor).json()["items"]
    asked = {"key": str(uuid4()), "parent": base["id"], "kind": "sandbox", "name": "Trial"}
    trial = client.post(f"{plan}/versions", json=asked, headers=planner).json()
    line = {"section": "expenditure", "budget_id": desk.school, "organisation_id": desk.school, "economic": "111"}
    leaves = client.post(f"{plan}/leaves", json={"leaves": [line]}, headers=planner).json()["leaves"]
    edit = {"key": str(uuid4()), "reason": "A try", "cells": [{"leaf": leaves[0], "year": 2027, "amount": "5"}]}
    version = f"{plan}/versions/{trial['id']}"
    assert client.post(f"{version}/edits", json=edit, headers=planner | {"If-Match": '"0"'}).status_code == 201

    why, seen = {"reason": "It leads nowhere"}, {"If-Match": '"1"'}
    assert client.post(f"{version}/put-away", json=why, headers=auditor | seen).status_code == 403
    assert client.post(f"{version}/put-away", json=why, headers=planner | {"If-Match": '"0"'}).status_code == 409
    of_base = client.post(f"{plan}/versions/{base['id']}/put-away", json=why, headers=planner | {"If-Match": '"0"'})
    assert (of_base.status_code, of_base.json()["code"]) == (422, "base-stays")
    away = client.post(f"{version}/put-away", json=why, headers=planner | seen).json()
    assert (away["put_away_reason"], away["put_away_at"] is not None) == ("It leads nowhere", True)
    assert [each["id"] for each in client.get(f"{plan}/versions", headers=auditor).json()["items"]] == [base["id"]]
    hidden = client.get(f"{plan}/versions?put_away=true", headers=auditor).json()["items"]
    assert [each["id"] for each in hidden] == [trial["id"]]
    for refused in (
        client.get(f"{plan}/comparison?a={base['id']}&b={trial['id']}", headers=auditor),
        client.get(f"{version}/pivot?row=economic", headers=auditor),
        client.post(f"{version}/edits", json=edit | {"key": str(uuid4())}, headers=planner | seen),
        client.post(f"{plan}/versions", json=asked | {"key": str(uuid4()), "parent": trial["id"]}, headers=planner),
    ):
        assert (refused.status_code, refused.json()["code"]) == (409, "version-put-away"), refused.text
    assert client.get(f"{version}/cells", headers=auditor).json()["items"][0]["leaf"] == leaves[0], "nothing is lost"
    assert client.get(f"{plan}/leaves?version={base['id']}", headers=auditor).json()["items"] == []
    assert client.post(f"{version}/bring-back", headers=planner).json()["put_away_at"] is None
    assert client.get(f"{plan}/comparison?a={base['id']}&b={trial['id']}", headers=auditor).status_code == 200


def test_a_new_line_has_codes_that_the_registers_have(client: Any, bearer: Bearer, at: str, desk: Desk) -> None:
    planner = bearer("planner")
    asked = {"key": str(uuid4()), "name": "Codes", "years": [2027], "first_year": 2027}
    plan = f"{at}/{client.post(at, json=asked, headers=planner).json()['id']}"
    line = {"section": "expenditure", "budget_id": desk.school, "organisation_id": desk.school, "economic": "111"}
    refused = client.post(f"{plan}/leaves", json={"leaves": [line, line | {"programme": "261.083"}]}, headers=planner)
    assert (refused.status_code, refused.json()["code"]) == (422, "code-mistyped")
    assert "261.082" in refused.json()["detail"]
    assert client.get(f"{plan}/leaves", headers=planner).json()["items"] == []


def test_another_s_plan_is_not_there(client: Any, bearer: Bearer, at: str, desk: Desk) -> None:
    planner = bearer("planner")
    for path in (
        "77",
        "77/versions",
        "77/leaves",
        "77/versions/1",
        "77/versions/1/cells",
        "77/versions/1/edits/1/cells",
    ):
        assert client.get(f"{at}/{path}", headers=planner).status_code == 404, path
    assert client.get(at, headers=bearer("accountant")).status_code == 403


def test_a_planner_finds_where_to_plan(client: Any, bearer: Bearer, desk: Desk) -> None:
    (found,) = client.get("/api/v1/organisations", headers=bearer("planner")).json()["items"]
    assert (found["id"], found["open"]) == (desk.school, ["plan.edit", "plan.read"])


def test_a_body_that_is_no_utf_8_is_the_sender_s_fault(client: Any, bearer: Bearer, at: str) -> None:
    headers = bearer("planner") | {"Content-Type": "application/json"}
    refused = client.post(at, content=b'{"name": "\xff\xfe"}', headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (400, "body-not-utf-8")
