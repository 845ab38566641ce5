"""Templates over HTTP: kept, changed by who saw the last version, used, fallen due."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from litestar.testing import TestClient

from tests.web.desk import Desk

Bearer = Callable[[str], dict[str, str]]
Client = TestClient[Any]


@pytest.fixture
def books(desk: Desk) -> str:
    return f"/api/v1/organisations/{desk.school}"


def content(**said: Any) -> dict[str, Any]:
    rows = [{"debit": {"account": "1010"}, "credit": {"account": "6360"}, "amount": "=оклад * 2"}]
    return {"name": f"Pay {uuid4()}", "shared": True, "sheet": {"journal": "MO-16", "memo": "m", "rows": rows}} | said


def test_a_template_is_kept_changed_used_and_removed(client: Client, bearer: Bearer, books: str) -> None:
    who = bearer("accountant")
    said = content(key=str(uuid4()))
    made = client.post(f"{books}/templates", json=said, headers=who)
    assert (made.status_code, made.json()["asks"]) == (201, ["оклад"])
    assert client.post(f"{books}/templates", json=said, headers=who).json()["id"] == made.json()["id"]
    one = f"{books}/templates/{made.json()['id']}"
    tag = client.get(one, headers=who).headers["etag"]
    changed = client.put(one, json=content(), headers=who | {"If-Match": tag})
    assert changed.json().get("version") == 2, changed.text
    stale = client.put(one, json=content(), headers=who | {"If-Match": tag})
    assert (stale.status_code, stale.json()["title"]) == (409, "template-changed")
    used = {"key": str(uuid4()), "effective_on": "2026-03-31", "inputs": {"оклад": "1 000,5"}}
    draft = client.post(f"{one}/use", json=used, headers=who)
    assert (draft.status_code, draft.json()["origin"]) == (201, "template")
    assert draft.json()["sheet"]["rows"][0]["amount"] == "2001,00"
    missing = client.post(f"{one}/use", json=used | {"key": str(uuid4()), "inputs": {}}, headers=who)
    assert (missing.status_code, missing.json()["title"]) == (422, "invalid")
    assert client.post(f"{one}/retire", headers=who | {"If-Match": '"2"'}).status_code == 204
    assert client.get(one, headers=who).status_code == 404


def test_what_recurs_is_told_by_day(client: Client, bearer: Bearer, books: str) -> None:
    who = bearer("accountant")
    made = client.post(f"{books}/templates", json=content(key=str(uuid4())), headers=who).json()
    said = {"key": str(uuid4()), "every": "quarter", "day": 31, "since": "2025-01-01", "inputs": {"оклад": "5"}}
    recurs = client.post(f"{books}/templates/{made['id']}/recur", json=said, headers=who)
    assert recurs.status_code == 201, recurs.text
    number = recurs.json()["id"]

    def due() -> dict[str, str]:
        asked = {"since": "2025-01-01", "through": "2025-12-31"}
        items = client.get(f"{books}/recurring/due", params=asked, headers=bearer("auditor")).json()["items"]
        return {each["due_on"]: each["state"] for each in items if each["recurrence_id"] == number}

    days = ["2025-01-31", "2025-04-30", "2025-07-31", "2025-10-31"]
    assert due() == dict.fromkeys(days, "due")
    one = f"{books}/recurring/{number}"
    assert client.post(f"{one}/due/{days[0]}/draft", headers=who).status_code == 201
    left = client.post(f"{one}/due/{days[1]}/leave-out", json={"reason": "not then"}, headers=who)
    assert left.status_code == 204
    assert list(due().values()) == ["drafted", "left-out", "due", "due"]
    ended = client.post(f"{one}/end", json={"until": "2025-09-01"}, headers=who)
    assert ended.json()["until"] == "2025-09-01"
    assert list(due()) == days[:3]
    assert number in [each["id"] for each in client.get(f"{books}/recurring", headers=who).json()["items"]]
    far = client.get(f"{books}/recurring/due", params={"since": "9998-01-01", "through": "9998-12-30"}, headers=who)
    assert far.status_code == 200, far.text


def test_who_only_reads_keeps_none(client: Client, bearer: Bearer, books: str) -> None:
    refused = client.post(f"{books}/templates", json=content(key=str(uuid4())), headers=bearer("auditor"))
    assert refused.status_code == 403
