"""The trail of changes under ``/api/v1``."""

from collections.abc import Callable
from typing import Any

import pytest
from litestar.testing import TestClient

from tests.web.desk import Desk

Bearer = Callable[[str], dict[str, str]]
Client = TestClient  # type: ignore[type-arg]


def test_the_trail_says_who_when_from_where_before_and_after(desk: Desk, client: Client, bearer: Bearer) -> None:
    books = f"/api/v1/organisations/{desk.school}"
    assert client.post(f"{books}/months/2026-09/restrict", headers=bearer("office")).status_code == 200
    answer = client.get(f"{books}/audit", params={"subject": "month", "who": "office"}, headers=bearer("auditor"))
    assert answer.status_code == 200, answer.text
    (event,) = answer.json()["items"]
    assert event.items() >= {
        "actor": "Ерлан Ахметов", "login": "office", "on_behalf_of": None, "action": "month-restricted",
        "subject": f"month:{desk.school}/2026-09", "before": {"state": "open"}, "after": {"state": "restricted"},
    }.items()  # fmt: skip
    assert event["number"].startswith("month/")
    assert event["origin"]


def test_the_trail_of_an_entry_is_asked_by_its_subject(desk: Desk, client: Client, bearer: Bearer) -> None:
    entry, head = desk.post(), bearer("auditor")
    where = f"/api/v1/organisations/{desk.school}/audit"
    found = client.get(where, params={"subject": f"entry:{desk.school}/2026/{entry}"}, headers=head).json()["items"]
    assert [(e["number"], e["action"]) for e in found] == [(f"entry/{entry}", "posted-ordinary")]


def test_pages_follow_one_another(desk: Desk, client: Client, bearer: Bearer) -> None:
    entries = [desk.post() for _ in range(5)]
    where, head = f"/api/v1/organisations/{desk.school}/audit", bearer("auditor")
    seen: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        page = client.get(where, params={"subject": "entry", "limit": 2, **cursor}, headers=head).json()
        seen += [e["number"] for e in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen[:5] == [f"entry/{entry}" for entry in reversed(entries)]
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("login", ["accountant", "nobody"])
def test_who_does_not_audit_reads_no_trail(desk: Desk, client: Client, bearer: Bearer, login: str) -> None:
    for where in (f"/api/v1/organisations/{desk.school}/audit", "/api/v1/audit"):
        assert client.get(where, headers=bearer(login)).status_code == 403


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"cursor": "x"}, 422),
        ({"first": "yesterday"}, 400),
        ({"last": "9999-12-31"}, 200),
        ({"first": "0001-01-01"}, 200),
        ({"limit": "0"}, 400),
        ({"subject": "entry:1/2/99999999999999999999"}, 200),
        ({"subject": ":%_"}, 200),
    ],
)
def test_strange_questions_are_answered(
    desk: Desk, client: Client, bearer: Bearer, asked: dict[str, str], status: int
) -> None:
    answer = client.get(f"/api/v1/organisations/{desk.school}/audit", params=asked, headers=bearer("auditor"))
    assert answer.status_code == status, answer.text
