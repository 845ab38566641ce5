"""Files, comments, imports, jobs and notifications over HTTP."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from litestar.testing import TestClient

from qazyna.worker import Worker
from tests.erp.reference.attachments.test_rules import EXE, PDF
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
    assert client.post("/api/v1/notifications/read", headers=mine).status_code == 204
    assert client.get("/api/v1/notifications", headers=mine).json()["items"][0]["read_at"] is not None


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
    asyncio.run(Worker(desk.engine.url.render_as_string(hide_password=False), None).drain())
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


def test_a_contact_is_kept(client: Client, bearer: Bearer) -> None:
    mine = bearer("accountant")
    wish = {"address": "aigul@mektep.kz", "by_mail": True}
    assert client.put("/api/v1/contact", json=wish, headers=mine).json() == wish
    assert client.get("/api/v1/contact", headers=mine).json() == wish
    refused = client.put("/api/v1/contact", json={"address": "", "by_mail": True}, headers=mine)
    assert (refused.status_code, refused.json()["code"]) == (422, "address-missing")
