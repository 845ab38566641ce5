"""Pivots over HTTP: asked at any level, typed into under the tag of the version, and files as checked drafts."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.api.test_plans import with_planners
from tests.conftest import TestServer
from tests.web.desk import Desk

Bearer = Callable[[str], dict[str, str]]


@pytest.fixture(scope="module")
def desk(server: TestServer) -> Iterator[Desk]:
    url = server.new_database()
    desk = with_planners(url)
    yield desk
    desk.engine.dispose()
    server.drop_database(url)


@pytest.fixture
def version(client: Any, bearer: Bearer, desk: Desk) -> str:
    """The address of a base with paper 300.00 and power 100.00 in 2027."""
    planner, at = bearer("planner"), f"/api/v1/organisations/{desk.school}/plans"
    body = {"key": str(uuid4()), "name": "Budget", "years": [2026, 2027], "first_year": 2027}
    plan = client.post(at, json=body, headers=planner).json()["id"]
    of = {"section": "expenditure", "budget_id": desk.school, "organisation_id": desk.school, "programme": "464.003"}
    lines = [of | {"economic": code} for code in ("149", "152")]
    leaves = client.post(f"{at}/{plan}/leaves", json={"leaves": lines}, headers=planner).json()["leaves"]
    base = client.get(f"{at}/{plan}/versions", headers=planner).json()["items"][0]["id"]
    figures = zip(leaves, ("300", "100"), strict=True)
    cells = [{"leaf": leaf, "year": 2027, "amount": amount} for leaf, amount in figures]
    answer = client.post(
        f"{at}/{plan}/versions/{base}/edits",
        json={"key": str(uuid4()), "reason": "First figures", "cells": cells},
        headers=planner | {"If-Match": '"0"'},
    )
    assert answer.status_code in (200, 201), answer.text
    return f"{at}/{plan}/versions/{base}"


def test_a_pivot_is_asked_and_typed_into(client: Any, bearer: Bearer, version: str) -> None:
    planner, auditor = bearer("planner"), bearer("auditor")
    asked = {"row": ["economic.class", "economic"], "column": "year", "within": "year:2027"}
    found = client.get(f"{version}/pivot", params=asked, headers=auditor)
    assert found.status_code == 200, found.text
    assert found.headers["etag"] == '"1"'
    assert [(each["path"], each["plan"]) for each in found.json()["figures"]] == [
        ([], ["400.00"]),
        (["1.1"], ["400.00"]),
        (["1.1", "149"], ["300.00"]),
        (["1.1", "152"], ["100.00"]),
    ]
    figures = [{"row": ["1.1"], "column": ["2027"], "amount": "500"}]
    body = {"key": str(uuid4()), "reason": "More", "rows": ["economic.class"], "columns": ["year"], "figures": figures}
    assert client.post(f"{version}/pivot", json=body, headers=auditor | {"If-Match": '"1"'}).status_code == 403
    assert client.post(f"{version}/pivot", json=body, headers=planner | {"If-Match": '"0"'}).status_code == 409
    made = client.post(f"{version}/pivot", json=body, headers=planner | {"If-Match": '"1"'})
    assert made.json() == {"edit": 2, "cells": 2}
    again = client.post(f"{version}/pivot", json=body, headers=planner | {"If-Match": '"1"'})
    assert again.status_code in (201, 409)
    after = client.get(f"{version}/pivot", params=asked, headers=planner).json()["figures"]
    assert [each["plan"] for each in after] == [["500.00"], ["500.00"], ["375.00"], ["125.00"]]
    assert client.get(f"{version}/pivot", params={"row": "nonsense"}, headers=planner).status_code == 422
    twice = client.get(f"{version}/pivot", params={"within": ["economic:149", "economic:152"]}, headers=planner)
    assert (twice.status_code, twice.json()["code"]) == (422, "level-twice")


def test_views_are_kept_asked_renamed_and_removed(client: Any, bearer: Bearer, version: str) -> None:
    planner, auditor = bearer("planner"), bearer("auditor")
    views = f"{version.partition('/plans/')[0]}/plan-views"
    asked = {"rows": ["economic"], "columns": ["year"], "within": {"economic": ["149"], "year": ["2027"]}}
    kept = client.post(views, json=asked | {"name": "Paper", "shared": True}, headers=planner)
    assert kept.status_code == 200, kept.text
    one, said = f"{views}/{kept.json()['id']}", kept.json()
    assert (said["name"], said["own"], said["shared"]) == ("Paper", True, True)
    assert client.post(views, json=asked | {"name": "Paper", "shared": True}, headers=planner).json() == said
    found = client.get(f"{version}/pivot", params={"view": said["id"]}, headers=auditor)
    assert [(each["path"], each["plan"]) for each in found.json()["figures"]] == [
        ([], ["300.00"]),
        (["149"], ["300.00"]),
    ]
    both = client.get(f"{version}/pivot", params={"view": said["id"], "row": "economic"}, headers=auditor)
    assert (both.status_code, both.json()["code"]) == (422, "view-alone")
    assert client.get(f"{version}/pivot", params={"view": 999}, headers=auditor).status_code == 404
    seen = [(each["name"], each["own"]) for each in client.get(views, headers=auditor).json()["items"]]
    assert seen == [("Paper", False)]
    for act, body in (("rename", {"name": "Mine"}), ("remove", None)):
        assert client.post(f"{one}/{act}", json=body, headers=auditor).status_code == 403
        unknown = client.post(f"{views}/999/{act}", json=body, headers=planner)
        assert (unknown.status_code, unknown.json()["code"]) == (404, "layout-unknown")
    client.post(views, json=asked | {"name": "Other"}, headers=planner)
    taken = client.post(f"{one}/rename", json={"name": "Other"}, headers=planner)
    assert (taken.status_code, taken.json()["code"]) == (409, "layout-twice")
    assert client.post(f"{one}/rename", json={"name": "Pulp"}, headers=planner).json() == said | {"name": "Pulp"}
    assert client.post(f"{one}/remove", headers=planner).status_code == 204
    assert client.post(f"{one}/remove", headers=planner).status_code == 404
    wrongs: list[dict[str, Any]] = [
        {"rows": []},
        {"rows": ["mood"]},
        {"rows": ["year"], "columns": ["year"]},
        {"name": " "},
    ]
    for wrong in wrongs:
        refused = client.post(views, json=asked | {"name": "Wrong"} | wrong, headers=planner)
        assert refused.status_code in (400, 422), refused.text


def test_a_file_is_checked_mended_and_accepted(client: Any, bearer: Bearer, version: str) -> None:
    planner = bearer("planner")
    sent = planner | {"Idempotency-Key": str(uuid4()), "Content-Type": "application/octet-stream"}
    content = b"specific;2027\n149;many\n152;7\n"
    brought = client.post(f"{version}/files", params={"name": "f.csv"}, content=content, headers=sent)
    assert brought.status_code == 201, brought.text
    said = brought.json()
    assert (said["good"], said["changes"], [each["row"] for each in said["faults"]]) == (1, 1, [2])
    assert (said["sheets"], said["sheet"]) == ([""], 0)
    again = client.post(f"{version}/files", params={"name": "f.csv"}, content=content, headers=sent)
    assert again.json()["id"] == said["id"]
    one = f"{version.partition('/plans/')[0]}/plan-files/{said['id']}"
    mended = client.post(f"{one}/mend", json={"cells": {"B2": "8"}}, headers=planner | {"If-Match": '"1"'}).json()
    assert (mended["good"], mended["faults"]) == (2, [])
    accept = {"reason": "From the school", "edits": mended["edits"]}
    done = client.post(f"{one}/accept", json=accept, headers=planner | {"If-Match": f'"{mended["revision"]}"'})
    assert done.json() == {"edit": 2, "cells": 2}
    assert client.get(one, headers=planner).json()["accepted_at"] is not None
    assert client.post(f"{one}/discard", headers=planner | {"If-Match": '"3"'}).status_code == 409
