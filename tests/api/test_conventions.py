"""What every route of the API keeps to: pages, tags, keys, and refusals that a program and a person can read."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import pytest
from litestar.routes import HTTPRoute
from litestar.testing import TestClient

from api.conventions import API
from tests.web.desk import Desk, an_entry

Bearer = Callable[[str], dict[str, str]]
Client = TestClient[Any]


@pytest.fixture
def books(desk: Desk) -> str:
    return f"/api/v1/organisations/{desk.school}"


def test_a_list_is_read_page_by_page_until_there_is_no_next(client: Client, bearer: Bearer, desk: Desk) -> None:
    head, journal = bearer("accountant"), f"/api/v1/organisations/{desk.school}/entries"
    posted = [desk.post(memo=f"Page {n}") for n in range(5)]
    seen: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        page = client.get(journal, params={"limit": 2, "first": "2026-03"} | cursor, headers=head).json()
        assert set(page) == {"items", "next"}
        seen += [row["id"] for row in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen[:5] == posted[::-1]


def test_what_has_not_changed_is_not_sent_again(client: Client, bearer: Bearer, desk: Desk, books: str) -> None:
    head, address = bearer("accountant"), f"{books}/entries/{desk.post()}"
    first = client.get(address, headers=head)
    again = client.get(address, headers=head | {"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    command = {"key": str(uuid4()), "effective_on": "2026-03-20", "reason": "Entered twice"}
    assert client.post(f"{address}/storno", json=command, headers=head).status_code == 201
    changed = client.get(address, headers=head | {"If-None-Match": first.headers["etag"]})
    assert (changed.status_code, changed.headers["etag"] == first.headers["etag"]) == (200, False)


def test_a_change_of_what_somebody_changed_meanwhile_is_refused(client: Client, bearer: Bearer, books: str) -> None:
    chief, month = bearer("office"), f"{books}/months/2026-11"
    seen = client.get(month, headers=chief).headers["etag"]
    assert client.post(f"{month}/restrict", headers=chief | {"If-Match": seen}).status_code == 200
    stale = client.post(f"{month}/close", headers=chief | {"If-Match": seen})
    assert (stale.status_code, stale.json()["code"]) == (412, "changed-meanwhile")
    assert client.get(month, headers=chief).json()["state"] == "restricted"
    now = client.get(month, headers=chief).headers["etag"]
    assert client.post(f"{month}/close", headers=chief | {"If-Match": f'"x", {now}'}).status_code == 200
    assert client.get(f"{books}/months/2031-01", headers=chief).json()["code"] == "month-not-kept"


def test_the_key_of_a_command_may_stand_in_the_header(client: Client, bearer: Bearer, books: str) -> None:
    key = str(uuid4())
    head = bearer("accountant") | {"Idempotency-Key": key.upper()}
    entry = an_entry()
    without = {name: value for name, value in entry.items() if name != "key"}
    first, second = (client.post(f"{books}/entries", json=without, headers=head) for _ in range(2))
    assert (first.status_code, first.json()["is_new"], second.json()["is_new"]) == (201, True, False)
    assert first.json()["entry_id"] == second.json()["entry_id"]
    assert client.post(f"{books}/entries", json=entry | {"key": key}, headers=head).json()["is_new"] is False
    differs = client.post(f"{books}/entries", json=entry, headers=head)
    assert (differs.status_code, differs.json()["code"]) == (422, "keys-differ")
    unread = client.post(f"{books}/entries", content=b"{", headers=head | {"Content-Type": "application/json"})
    assert (unread.status_code, unread.json()["code"]) == (400, "body-unreadable")
    assert client.post(f"{books}/entries", json=entry, headers=bearer("accountant")).status_code == 201
    assert client.post(f"{books}/entries", json=without, headers=bearer("accountant")).status_code == 400


_LINE = {"debit": {"account": "1010"}, "credit": {"account": "2310"}, "amount": "1"}


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"key": "x"}, "/key", "key-expected"),
        ({"colour/~": "red"}, "/colour~1~0", "field-unknown"),
        ({"memo": ""}, "/memo", "too-short"),
        ({"memo": "x" * 1001}, "/memo", "too-long"),
        ({"memo": 5}, "/memo", "words-expected"),
        ({"memo": "a\0b"}, "/memo", "shape-wrong"),
        ({"effective_on": "31.02.2026"}, "/effective_on", "day-malformed"),
        ({"effective_on": "1812-09-07"}, "/effective_on", "year-out-of-range"),
        ({"effective_on": 5}, "/effective_on", "text-expected"),
        ({"postings": []}, "/postings", "too-short"),
        ({"postings": {}}, "/postings", "list-expected"),
        ({"postings": ["x"]}, "/postings/0", "object-expected"),
        ({"postings": [_LINE | {"amount": "1,2,3"}]}, "/postings/0/amount", "amount-malformed"),
        ({"postings": [_LINE | {"amount": 5}]}, "/postings/0/amount", "text-expected"),
        ({"postings": [{"debit": {}, "credit": {}}]}, "/postings/0/amount", "field-missing"),
        ({"postings": [_LINE | {"debit": {"dimensions": {"colour": "x"}}}]},
         "/postings/0/debit/dimensions/colour/[key]", "choice-unknown"),
    ],
)  # fmt: skip
def test_a_fault_of_form_has_a_place_a_code_and_a_sentence_in_the_caller_s_language(
    client: Client, bearer: Bearer, books: str, change: dict[str, Any], pointer: str, code: str
) -> None:
    told = {}
    for language in ("en", "ru", "kk"):
        head = bearer("accountant") | {"Cookie": f"qazyna_language={language}"}
        answer = client.post(f"{books}/entries", json=an_entry(**change), headers=head)
        assert answer.status_code == 400, answer.text
        body = answer.json()
        assert (body["code"], body["type"]) == ("invalid", "urn:qazyna:problem:invalid")
        (fault,) = [each for each in body["errors"] if each["pointer"] == pointer]
        assert (fault["in"], fault["code"]) == ("body", code)
        told[language] = fault["detail"]
    assert told["en"].isascii() or "“" in told["en"]


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ("entries?limit=0", "/limit", "too-small"),
        ("entries?limit=501", "/limit", "too-large"),
        ("entries?limit=many", "/limit", "whole-number-expected"),
        ("entries?first=2026", "/first", "shape-wrong"),
        (f"entries?cursor={'x' * 300}", "/cursor", "too-long"),
        ("trial-balance?first=2026-01", "/last", "field-missing"),
        ("trial-balance?first=2026-01&last=2026-02&closing=perhaps", "/closing", "switch-expected"),
        ("trial-balance?first=2026-01&last=2026-02&day=soon", "/day", "day-expected"),
        ("trial-balance?first=2026-01&last=2026-02&known_at=soon", "/known_at", "instant-expected"),
    ],
)
def test_so_has_a_fault_of_the_address(
    client: Client, bearer: Bearer, books: str, query: str, pointer: str, code: str
) -> None:
    answer = client.get(f"{books}/{query}", headers=bearer("accountant"))
    assert answer.status_code == 400, answer.text
    assert [(e["in"], e["pointer"], e["code"]) for e in answer.json()["errors"]] == [("query", pointer, code)]


def test_the_framework_s_own_refusals_are_ours_too(client: Client, bearer: Bearer, books: str) -> None:
    head = bearer("accountant")
    for method, address, status, code in (
        ("GET", "/api/v1/nothing", 404, "address-unknown"),
        ("DELETE", f"{books}/entries", 405, "method-unknown"),
        ("POST", f"{books}/entries", 400, "invalid"),
    ):
        answer = client.request(method, address, headers=head)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("login", "address"),
    [
        ("accountant", "{books}/entries"),
        ("accountant", "{books}/accounts/1316/card?first=2026-01&last=2026-02"),
        ("accountant", "{books}/prepared-entries"),
        ("accountant", "{books}/counterparties"),
        ("accountant", "/api/v1/jobs"),
        ("accountant", "/api/v1/notifications"),
        ("auditor", "{books}/audit"),
    ],
)
@pytest.mark.parametrize("cursor", ["x", "9" * 20, "20260101.x", "20260101.1_0.1.1"])
def test_a_damaged_cursor_is_refused_alike_everywhere(
    client: Client, bearer: Bearer, desk: Desk, login: str, address: str, cursor: str
) -> None:
    where = address.format(books=f"/api/v1/organisations/{desk.school}")
    answer = client.get(
        where, params=dict(parse_qsl(urlsplit(where).query)) | {"cursor": cursor}, headers=bearer(login)
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "cursor-malformed"), answer.text


def test_of_several_changes_of_what_was_read_once_one_is_made(client: Client, bearer: Bearer, books: str) -> None:
    chief, month = bearer("office"), f"{books}/months/2026-10"
    seen = {"If-Match": client.get(month, headers=chief).headers["etag"]}
    with ThreadPoolExecutor(6) as pool:
        answers = pool.map(lambda _: client.post(f"{month}/restrict", headers=chief | seen).status_code, range(6))
    assert sorted(answers) == [200] + [412] * 5


def _addresses(desk: Desk, *methods: str) -> list[tuple[str, str]]:
    """Every route of the API that takes one of the methods, with something in the place of each parameter."""
    found = []
    for route in desk.app.routes:
        if isinstance(route, HTTPRoute) and route.path.startswith(API):
            path = route.path.replace("{organisation_id:int}", str(desk.school))
            path = re.sub(r"\{[^}]+:int\}", "1", path)
            path = re.sub(r"\{[^}]+\}", "x", path)
            found += [(method, path) for method in methods if method in route.methods]
    return found


def test_a_form_of_several_parts_is_refused_and_breaks_nothing(client: Client, bearer: Bearer, desk: Desk) -> None:
    head = bearer("office")
    addresses = _addresses(desk, "POST", "PUT")
    assert len(addresses) > 30
    for method, address in addresses:
        headers = head | {"Idempotency-Key": str(uuid4())}
        answer = client.request(method, address, files={"file": ("a.csv", b"a;b", "text/csv")}, headers=headers)
        assert 400 <= answer.status_code < 500, (address, answer.text)
        assert answer.headers["content-type"].startswith("application/problem+json"), address
    sent = client.post(
        f"{API}/organisations/{desk.school}/imports?name=a.csv", files={"file": b"a;b"}, headers=bearer("accountant")
    )
    assert (sent.status_code, sent.json()["code"]) == (415, "form-not-taken")


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_first_and_the_last_day_there_are_break_nothing(
    client: Client, bearer: Bearer, desk: Desk, day: str
) -> None:
    head = bearer("office")
    names = ("day", "on", "since", "until", "start", "end", "from", "to", "first", "last", "known_at", "effective_on")
    months = {"first": day[:7], "last": day[:7]}
    for _, address in _addresses(desk, "GET"):
        for query in (dict.fromkeys(names, day), dict.fromkeys(names, day) | months):
            assert client.get(address, params=query, headers=head).status_code < 500, address
    for method, address in _addresses(desk, "POST", "PUT"):
        said = dict.fromkeys(names, day) | {"user_id": 1, "journal": "MO-06", "reason": "because", "key": str(uuid4())}
        assert client.request(method, address, json=said, headers=head).status_code < 500, address


def test_a_parameter_that_is_not_taken_is_refused_and_not_passed_over(
    client: Client, bearer: Bearer, books: str
) -> None:
    misspelt = client.get(f"{books}/entries", params={"frist": "2026-03"}, headers=bearer("accountant"))
    assert (misspelt.status_code, misspelt.json()["code"]) == (400, "parameter-unknown")
    assert "first" in misspelt.json()["fields"]["known"].split(", ")
    bare = client.get(f"{books}/entries/1", params={"first": "2026-03"}, headers=bearer("accountant"))
    assert (bare.status_code, bare.json()["code"]) == (400, "no-parameters")


def test_a_body_that_is_not_taken_is_refused_and_nothing_is_done(client: Client, bearer: Bearer, books: str) -> None:
    chief, month = bearer("office"), f"{books}/months/2026-09"
    seen = client.get(month, headers=chief).headers["etag"]
    for sent in ({"json": {"month": "2026-08"}}, {"content": iter([b"[1]"])}, {"content": b"now"}):
        answer = client.post(f"{month}/restrict", headers=chief | {"If-Match": seen}, **sent)
        assert (answer.status_code, answer.json()["code"]) == (400, "body-unexpected")
    asked = client.request("GET", month, json={"first": "2026-03"}, headers=chief)
    assert (asked.status_code, asked.json()["code"]) == (400, "body-unexpected")
    assert client.get(month, headers=chief).headers["etag"] == seen
    for nothing in (b"", b"{}", b"{ }", b" \n", b"{\r\n}\n", b"null"):
        assert client.request("GET", month, content=nothing, headers=chief).status_code == 200, nothing
    assert client.post(f"{month}/restrict", content=b"{ }", headers=chief | {"If-Match": seen}).status_code == 200
