"""Files, comments, imports, jobs and notifications over HTTP."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from litestar.testing import TestClient

from erp.base import uow
from erp.base.clock import today
from erp.base.scope import system_scope
from erp.reference.access import service as access
from erp.reference.access.model import Limits, Permission
from qazyna.worker import Worker
from tests.erp.reference.attachments.test_rules import EXE, PDF
from tests.factories import loops
from tests.web.desk import LYCEUM, SUPPLIER, Desk

Bearer = Callable[[str], dict[str, str]]
Client = TestClient[Any]


@pytest.fixture
def books(desk: Desk) -> str:
    return f"/api/v1/organisations/{desk.school}"


@pytest.fixture
def entry(desk: Desk, books: str) -> str:
    return f"{books}/entries/{desk.post()}"


def test_a_file_goes_in_and_comes_out(client: Client, bearer: Bearer, desk: Desk, books: str, entry: str) -> None:
    mine = bearer("accountant")
    sent = client.post(f"{entry}/attachments?name=Акт.pdf", content=PDF, headers=mine)
    assert sent.status_code == 201, sent.text
    file = sent.json()
    assert (file["name"], file["media_type"], file["size"]) == ("Акт.pdf", "application/pdf", len(PDF))
    again = client.post(f"{entry}/attachments?name=other.pdf", content=PDF, headers=mine).json()
    assert again["id"] == file["id"]
    assert client.get(f"{entry}/attachments", headers=mine).json()["items"] == [file]
    assert client.get(f"{books}/attachments/{file['id']}", headers=mine).json() == file
    content = client.get(f"{books}/attachments/{file['id']}/content", headers=bearer("auditor"))
    assert content.content == PDF
    assert content.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert content.headers["content-disposition"].startswith("attachment;")
    elsewhere = f"/api/v1/organisations/{desk.organisations[LYCEUM]}/attachments/{file['id']}"
    for address in (elsewhere, f"{elsewhere}/content"):
        assert client.get(address, headers=bearer("office")).status_code == 404
    for login, status in (("auditor", 403), ("nobody", 403), ("accountant", 204)):
        removed = client.post(
            f"{books}/attachments/{file['id']}/remove", json={"reason": "by mistake"}, headers=bearer(login)
        )
        assert removed.status_code == status
    assert client.get(f"{books}/attachments/{file['id']}/content", headers=mine).status_code == 404


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.pdf", EXE, "file-type-differs"),
        ("a.exe", EXE, "file-type-not-taken"),
        ("a.pdf", b"", "file-empty"),
        ("a.txt", b"x" * (20 << 20) + b"x", "file-too-large"),
    ],
)
def test_what_is_not_taken_is_told(
    client: Client, bearer: Bearer, entry: str, name: str, content: bytes, code: str
) -> None:
    refused = client.post(f"{entry}/attachments?name={name}", content=content, headers=bearer("accountant"))
    assert (refused.status_code, refused.json()["code"]) == (422, code)


def test_a_comment_is_said_once(client: Client, bearer: Bearer, entry: str) -> None:
    auditor, key = bearer("auditor"), str(uuid4())
    command = {"said": "@accountant, where is the act?"}
    first = client.post(f"{entry}/comments", json=command, headers=auditor | {"Idempotency-Key": key})
    assert first.status_code == 201, first.text
    again = client.post(f"{entry}/comments", json=command | {"key": key}, headers=auditor)
    assert again.json() == first.json()
    other = client.post(f"{entry}/comments", json={"said": "Another", "key": key}, headers=auditor)
    assert (other.status_code, other.json()["code"]) == (409, "comment-key-reused")
    mine = bearer("accountant")
    assert [c["said"] for c in client.get(f"{entry}/comments", headers=mine).json()["items"]] == [command["said"]]
    (told, *_) = client.get("/api/v1/notifications", headers=mine).json()["items"]
    assert (told["kind"], told["actor"], told["read_at"]) == ("mentioned", "Дина Оспанова", None)


def test_an_import_is_a_job_that_is_asked_how_it_stands(client: Client, bearer: Bearer, desk: Desk, books: str) -> None:
    mine, key = bearer("accountant"), str(uuid4())
    content = (
        "journal;date;document;memo;debit;credit;credit counterparty;amount\n"
        f"MO-06;16.03.2026;77;By the API;1316;3210;{SUPPLIER};777,77\n"
    ).encode()
    address = f"{books}/imports?name=march.csv"
    assert client.post(address, content=content, headers=mine).status_code == 400  # without a key
    headers = mine | {"Idempotency-Key": key}
    asked = client.post(address, content=content, headers=headers)
    assert asked.status_code == 202, asked.text
    job = asked.json()
    assert (job["state"], job["what"], [f["name"] for f in job["files"]]) == ("queued", "march.csv", ["march.csv"])
    assert client.post(address, content=content, headers=headers).json()["id"] == job["id"]
    loops.run(Worker(desk.engine.url.render_as_string(hide_password=False), None).drain())
    done = client.get(f"/api/v1/jobs/{job['id']}", headers=mine).json()
    assert (done["state"], done["result"]["entries"], done["error"]) == ("done", 1, None)
    assert client.get(f"/api/v1/jobs/{job['id']}", headers=bearer("office")).status_code == 404
    for what in ("cancel", "retry"):
        late = client.post(f"/api/v1/jobs/{job['id']}/{what}", headers=mine)
        assert (late.status_code, late.json()["code"]) == (409, "job-not-ordered")
    assert (
        client.post(address, content=content, headers=bearer("auditor") | {"Idempotency-Key": key}).status_code == 403
    )


def test_a_job_that_waits_is_cancelled_and_tried_again(client: Client, bearer: Bearer, books: str) -> None:
    mine = bearer("accountant")
    asked = client.post(
        f"{books}/imports?name=a.csv", content=b"no headings", headers=mine | {"Idempotency-Key": str(uuid4())}
    ).json()
    address = f"/api/v1/jobs/{asked['id']}"
    assert client.post(f"{address}/cancel", headers=mine).json()["state"] == "cancelled"
    assert client.post(f"{address}/retry", headers=mine).json()["state"] == "queued"
    page = client.get("/api/v1/jobs?limit=1", headers=mine).json()
    assert page["items"][0]["id"] == asked["id"]
    following = client.get(f"/api/v1/jobs?limit=1&cursor={page['next'] or asked['id']}", headers=mine).json()
    assert all(each["id"] < asked["id"] for each in following["items"])
    assert client.get("/api/v1/jobs?cursor=x", headers=mine).status_code == 422
    client.post(f"{address}/cancel", headers=mine)


def test_a_program_changes_nothing_of_a_person_s_own(client: Client, bearer: Bearer, entry: str) -> None:
    mine, said = bearer("accountant"), {"said": "@accountant, unread", "key": str(uuid4())}
    assert client.post(f"{entry}/comments", json=said, headers=bearer("auditor")).status_code == 201
    wish = {"address": "evil@mektep.kz", "by_mail": "yes"}
    for address in ("/notifications", "/notifications/read"):
        refused = client.post(address, data=wish, headers=mine, follow_redirects=False)
        assert refused.status_code in (303, 403), address
    assert client.put("/api/v1/contact", json=wish | {"by_mail": True}, headers=mine).status_code == 404
    before = client.get("/api/v1/me", headers=mine).json()["language"]
    other = "ru" if before != "ru" else "kk"
    client.post("/preferences", data={"language": other}, headers=mine, follow_redirects=False)
    assert client.get("/api/v1/me", headers=mine).json()["language"] == before
    assert [t["read_at"] for t in client.get("/api/v1/notifications", headers=mine).json()["items"][:1]] == [None]


def test_a_token_reads_what_it_was_made_for(client: Client, bearer: Bearer, desk: Desk, entry: str, books: str) -> None:
    said = {"said": "@office, for tokens", "key": str(uuid4())}
    assert client.post(f"{entry}/comments", json=said, headers=bearer("auditor")).status_code == 201
    mine = bearer("office")
    job = client.post(
        f"{books}/imports?name=b.csv", content=b"no headings", headers=mine | {"Idempotency-Key": str(uuid4())}
    ).json()

    def cut(*permissions: Permission, at: int) -> dict[str, str]:
        limits = Limits(frozenset(permissions), at)
        token = uow.run(desk.engine, system_scope(), lambda u: access.issue_token(u, "office", today(), limits=limits))
        return {"Authorization": f"Bearer {token}"}

    here, comments = cut(Permission.JOURNAL_READ, at=desk.school), cut(Permission.JOURNAL_COMMENT, at=desk.school)
    mine_at = [each["organisation_id"] for each in client.get("/api/v1/me", headers=mine).json()["organisations"]]
    other = next(each for each in mine_at if each != desk.school)
    elsewhere = cut(Permission.JOURNAL_READ, at=other)
    assert [each["organisation_id"] for each in client.get("/api/v1/me", headers=here).json()["organisations"]] == [
        desk.school
    ]
    assert client.get("/api/v1/notifications", headers=here).json()["items"] != []
    assert client.get("/api/v1/jobs", headers=here).json()["items"] != []
    for head in (comments, elsewhere):
        assert client.get("/api/v1/jobs", headers=head).json()["items"] == []
        assert client.get(f"/api/v1/jobs/{job['id']}", headers=head).status_code == 404
    assert client.get("/api/v1/notifications", headers=elsewhere).json()["items"] == []
    assert client.post(f"/api/v1/jobs/{job['id']}/cancel", headers=here).json()["code"] == "beyond-token"
    imports = cut(Permission.JOURNAL_IMPORT, Permission.JOURNAL_READ, at=desk.school)
    assert client.post(f"/api/v1/jobs/{job['id']}/cancel", headers=imports).json()["state"] == "cancelled"


def test_comments_are_read_page_by_page_the_newest_first(client: Client, bearer: Bearer, entry: str) -> None:
    mine = bearer("office")
    before = len(client.get(f"{entry}/comments?limit=500", headers=mine).json()["items"])
    for said in ("first", "second", "third"):
        command = {"said": said, "key": str(uuid4())}
        assert client.post(f"{entry}/comments", json=command, headers=mine).status_code == 201
    page = client.get(f"{entry}/comments?limit=2", headers=mine).json()
    assert [c["said"] for c in page["items"]] == ["third", "second"]
    rest = client.get(f"{entry}/comments?limit=500&cursor={page['next']}", headers=mine).json()
    assert (rest["items"][0]["said"], len(rest["items"]), rest["next"]) == ("first", before + 1, None)
