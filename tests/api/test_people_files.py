"""Lists of people over HTTP: brought as a body, looked at by rows, mended, accepted once."""

from typing import Any
from uuid import uuid4

from tests.api.test_staff import Call
from tests.api.test_staff import call as call
from tests.api.test_staff import served as served
from tests.api.test_staff import staff as staff
from tests.factories.staff import Staff, an_identity


def bring(call: Call, content: str, key: str) -> Any:
    sent = {"Idempotency-Key": key, "Content-Type": "application/octet-stream"}
    return call("officer", "POST", "people-files", params={"name": "l.csv"}, content=content.encode(), headers=sent)


def test_a_list_is_brought_looked_at_mended_and_accepted(call: Call, staff: Staff) -> None:
    identity, key = an_identity(), str(uuid4())
    content = (
        "Full name;IIN;Structural unit;Position;First day\n"
        f"Ахметов Ерлан;{identity};Registry;Clerk;05.01.2026\n"
        "Ким Олег;;Registry;Clerk;sometime\n"
        "Пак Анна;;Registry;Clerk;05.01.2026\n"
    )
    brought = bring(call, content, key)
    assert brought.status_code == 201, brought.text
    said, tag = brought.json(), brought.headers["etag"]
    assert (said["good"], said["faulty"], [each["means"] for each in said["columns"]]) == (
        0, 3, ["name", "identity", "unit", "post", "since"],
    )  # fmt: skip
    assert bring(call, content, key).json()["id"] == said["id"]
    assert bring(call, content + "x", key).status_code == 409
    one = f"people-files/{said['id']}"
    read = {"creates_units": True, "creates_posts": True, "left": [4]}
    mended = call("officer", "POST", f"{one}/mend", json=read, headers={"If-Match": tag})
    assert mended.json()["rows"] == {"person": 2, "head": 1, "left": 1}
    assert (mended.json()["good"], mended.json()["new_units"], mended.json()["new_posts"]) == (1, ["Registry"], 1)
    first = call("officer", "GET", f"{one}/rows", params={"limit": 2}).json()
    assert [each["kind"] for each in first["items"]] == ["head", "person"]
    assert first["items"][1]["cells"][1] == f"{identity[:6]}••••••"
    (faulty, _) = call("officer", "GET", f"{one}/rows", params={"cursor": first["next"]}).json()["items"]
    assert [(each["column"], each["code"]) for each in faulty["faults"]] == [("E", "day-malformed")]
    accept = {"json": {"reason": "Order 7"}, "headers": {"If-Match": mended.headers["etag"]}}
    done = call("officer", "POST", f"{one}/accept", **accept)
    assert done.json() == {"people": 1, "appointments": 1, "identities": 0, "units": 1, "posts": 1, "left": 2}
    assert call("officer", "POST", f"{one}/accept", **accept).status_code == 409
    left = call("officer", "GET", one)
    assert (left.json()["is_open"], left.json()["people"], left.json()["rows"]["person"]) == (True, 1, 1)
    assert "Ахметов" not in call("officer", "GET", f"{one}/rows").text
    thrown = call("officer", "POST", f"{one}/discard", headers={"If-Match": left.headers["etag"]})
    assert thrown.status_code == 204
    assert call("officer", "GET", "people-files").json()["items"][0]["is_open"] is False
    assert call("hr_head", "GET", one).status_code == 404
    assert call("lead", "GET", "people-files").status_code == 403
