"""Drafts over HTTP: the caller's own, kept to the letter, versions as entity tags, checked by the cell, posted once."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from litestar.testing import TestClient

from erp.reference.access import service as access
from tests.web.desk import PASSWORD, SUPPLIER, Desk

Bearer = Callable[[str], dict[str, str]]
Client = TestClient[Any]

ROW = {
    "debit": {"account": "1316", "quantity": "20"},
    "credit": {"account": "3210", "dimensions": {"counterparty": SUPPLIER}},
    "amount": " 1 234,56 ",
}


def a_sheet(*rows: dict[str, Any], **head: str) -> dict[str, Any]:
    return {"journal": "MO-06", "effective_on": "16.03.2026", "memo": "Paper"} | head | {"rows": list(rows or [ROW])}


@pytest.fixture
def drafts(desk: Desk) -> str:
    return f"/api/v1/organisations/{desk.school}/drafts"


def seen(version: int) -> dict[str, str]:
    return {"If-Match": f'"{version}"'}


def test_a_draft_is_begun_saved_checked_and_posted_once(client: Client, bearer: Bearer, drafts: str) -> None:
    own, key = bearer("accountant"), {"Idempotency-Key": str(uuid4())}
    begun = [client.post(drafts, json={"sheet": a_sheet(memo="As typed ")}, headers=own | key) for _ in range(2)]
    assert [each.status_code for each in begun] == [201, 201]
    assert begun[0].json() == begun[1].json()
    draft = begun[0].json()
    address = f"{drafts}/{draft['id']}"
    assert (draft["version"], draft["state"], draft["sheet"]["memo"]) == (1, "open", "As typed ")
    assert draft["sheet"]["rows"][0]["amount"] == " 1 234,56 "
    shown = client.get(address, headers=own)
    assert shown.headers["etag"] == '"1"'
    assert client.get(address, headers=own | {"If-None-Match": '"1"'}).status_code == 304

    assert client.put(address, json=a_sheet(), headers=own).status_code == 428
    saved = client.put(address, json=a_sheet(memo="Posted by a program"), headers=own | seen(1))
    assert (saved.status_code, saved.json()["version"]) == (200, 2)
    late = client.put(address, json=a_sheet(memo="Of another window"), headers=own | seen(1))
    assert (late.status_code, late.json()["code"]) == (412, "draft-changed")

    sent = [client.post(f"{address}/post", headers=own | seen(2)).json() for _ in range(2)]
    assert [each["is_new"] for each in sent] == [True, False]
    assert sent[0]["entry_id"] == sent[1]["entry_id"]
    found = client.get(address, headers=own).json()
    assert (found["state"], found["entry_id"]) == ("posted", sent[0]["entry_id"])
    assert client.put(address, json=a_sheet(), headers=own | seen(2)).json()["code"] == "draft-sent"


def test_every_fault_of_every_cell_is_told_in_the_caller_s_language(
    client: Client, bearer: Bearer, drafts: str
) -> None:
    wrong = ROW | {"amount": "десять", "credit": {"account": "3210"}}
    told = client.post(f"{drafts}/check", json=a_sheet(ROW, wrong), headers=bearer("accountant"))
    assert told.status_code == 200
    assert [(f["row"], f["field"], f["code"]) for f in told.json()["faults"]] == [
        (1, "credit.dimensions.counterparty", "value-missing"),
        (1, "amount", "amount-malformed"),
    ]
    assert "десять" in told.json()["faults"][1]["detail"]
    begun = client.post(
        drafts, json={"key": str(uuid4()), "sheet": a_sheet(wrong)}, headers=bearer("accountant")
    ).json()
    refused = client.post(f"{drafts}/{begun['id']}/post", headers=bearer("accountant") | seen(1))
    assert refused.status_code == 422
    assert {each["pointer"] for each in refused.json()["errors"]} >= {"/postings/0/amount"}


def test_thrown_away_and_taken_back(client: Client, bearer: Bearer, drafts: str) -> None:
    own = bearer("accountant")
    draft = client.post(drafts, json={"key": str(uuid4()), "sheet": a_sheet()}, headers=own).json()
    gone = client.post(f"{drafts}/{draft['id']}/discard", headers=own | seen(1)).json()
    assert (gone["state"], gone["version"]) == ("discarded", 2)

    def listed(**asked: Any) -> list[int]:
        return [row["id"] for row in client.get(drafts, params=asked, headers=own).json()["items"]]

    assert draft["id"] in listed(discarded=True)
    assert draft["id"] not in listed()
    back = client.post(f"{drafts}/{draft['id']}/restore", headers=own | seen(2)).json()
    assert (back["state"], draft["id"] in listed()) == ("open", True)
    first = client.get(drafts, params={"limit": 1}, headers=own).json()
    assert len(first["items"]) == 1


def test_drafts_are_nobody_else_s(client: Client, bearer: Bearer, drafts: str) -> None:
    sheet = {"key": str(uuid4()), "sheet": a_sheet(memo="Private")}
    draft = client.post(drafts, json=sheet, headers=bearer("accountant")).json()
    address = f"{drafts}/{draft['id']}"
    for method, path in (("GET", ""), ("POST", "/post"), ("POST", "/discard")):
        refused = client.request(method, address + path, headers=bearer("office") | seen(1))
        assert (refused.status_code, refused.json()["code"]) == (404, "draft-unknown")
    assert draft["id"] not in [row["id"] for row in client.get(drafts, headers=bearer("office")).json()["items"]]
    assert client.get(drafts, headers=bearer("auditor")).status_code == 403


def test_what_is_no_sheet_is_refused_and_nothing_kept(client: Client, bearer: Bearer, drafts: str) -> None:
    own = bearer("accountant")
    for wrong in (a_sheet(*[ROW] * 1001), a_sheet(memo="x" * 4001), a_sheet() | {"colour": "red"}, a_sheet(memo="\0")):
        answer = client.post(drafts, json={"key": str(uuid4()), "sheet": wrong}, headers=own)
        assert answer.status_code in (400, 422), answer.text


def test_a_page_of_ours_saves_by_its_session_and_token(client: Client, desk: Desk, drafts: str) -> None:
    client.post("/sign-in", data={"login": "accountant", "password": PASSWORD}, follow_redirects=False)
    begin = {"key": str(uuid4()), "sheet": a_sheet()}
    assert client.post(drafts, json=begin).status_code == 403
    token = {"X-CSRF-Token": access.csrf_token(client.cookies["qazyna_session"])}
    assert client.post(drafts, json=begin, headers=token).status_code == 201
