"""A takeover over HTTP, from files to agreement."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import uuid4

from litestar.testing import TestClient

from tests.factories import onec
from tests.web.desk import LYCEUM, Desk
from tests.web.test_takeover import books

JANUARY = date(2026, 1, 1)
KEY = {"Idempotency-Key": str(uuid4())}
Bearer = Callable[[str], dict[str, str]]


def test_a_program_takes_books_over(desk: Desk, client: TestClient[Any], bearer: Bearer) -> None:
    by = bearer("office")
    home = f"/api/v1/organisations/{desk.school}/takeovers"
    made = client.post(home, json={"starts_on": "2026-01-01", "source_program": "1С"}, headers=by)
    assert made.status_code == 201, made.text
    address = f"{home}/{made.json()['id']}"
    again = client.post(home, json={"starts_on": "2026-01-01", "source_program": "1С"}, headers=by)
    assert (again.status_code, again.json()["title"]) == (409, "takeover-under-way")
    theirs = books()
    for name, content in (
        ("осв", onec.balance(theirs, JANUARY)),
        ("проводки", onec.journal(theirs, JANUARY)),
        ("контрагенты", onec.counterparties(theirs)),
    ):
        sent = client.post(f"{address}/files", params={"name": f"{name}.xlsx"}, content=content, headers=by)
        assert sent.status_code == 201, sent.text
    left = {"params": {"name": "осв ещё раз.xlsx"}, "content": onec.balance(theirs, JANUARY)}
    asked = [client.post(f"{address}/large-files", headers=by | KEY, **left) for _ in range(2)]  # type: ignore[arg-type]
    assert [answer.status_code for answer in asked] == [202, 202]
    assert asked[0].json()["id"] == asked[1].json()["id"]
    assert asked[0].json()["kind"] == "takeover-file"
    words = client.get(f"{address}/words", headers=by).json()["items"]
    said = [{"before": w["before"], "after": w["after"]} for w in words]
    assert client.post(f"{address}/words", json={"decisions": said}, headers=by).json() == {"count": 2}
    assert client.post(f"{address}/accounts/accept", json={"least": 60}, headers=by).json()["count"] == 4
    assert client.post(f"{address}/values/accept", headers=by).json()["count"] == 1
    key = {"key": str(uuid4())}
    first = client.post(f"{address}/opening", json=key, headers=by)
    assert first.status_code == 200, first.text
    assert client.post(f"{address}/opening", json=key, headers=by).json() == first.json()
    file = client.get(f"{address}/comparisons", headers=by).json()["items"][0]["file"]
    differences = client.get(f"{address}/comparisons/{file}", headers=by).json()
    assert {d["account"] for d in differences["items"]} == {"1316", "3210"}
    behind = client.get(f"{address}/comparisons/{file}/behind", params={"account": "1316"}, headers=by).json()
    assert [t["place"] for t in behind["theirs"]] == ["A6"]
    plan = client.get(f"{address}/months/2026-01", headers=by).json()
    assert (plan["documents"], plan["refused"]) == (1, [])
    posted = client.post(f"{address}/months", json={"key": str(uuid4()), "month": "2026-01"}, headers=by)
    assert posted.json()["amount"] == "1234.56"
    assert client.post(f"{address}/comparisons/{file}/agreement", headers=by).status_code == 204
    assert client.get(f"{address}/comparisons", headers=by).json()["items"][0]["agreed_by"] == "Ерлан Ахметов"
    assert client.post(f"{address}/finish", headers=by).status_code == 204
    february = onec.balance(theirs, date(2026, 2, 1))
    late = client.post(f"{address}/files", params={"name": "осв.xlsx"}, content=february, headers=by)
    assert (late.status_code, late.json()["title"]) == (409, "takeover-ended")


def test_a_takeover_is_its_institution_s_own_and_agreed_by_who_may(
    desk: Desk, client: TestClient[Any], bearer: Bearer
) -> None:
    by = bearer("office")
    home = f"/api/v1/organisations/{desk.organisations[LYCEUM]}/takeovers"
    made = client.post(home, json={"starts_on": "2026-01-01", "source_program": "Excel"}, headers=by).json()
    assert client.get(f"{home}/{made['id']}", headers=bearer("accountant")).status_code == 404
    strange = f"/api/v1/organisations/{desk.school}/takeovers/{made['id'] + 1000}"
    assert client.get(strange, headers=by).status_code == 404
    assert client.post(f"{strange}/finish", headers=bearer("accountant")).status_code == 403
    nothing = client.post(f"{home}/{made['id']}/finish", headers=by)
    assert (nothing.status_code, nothing.json()["title"]) == (409, "takeover-nothing-compared")
    nothing = client.post(f"{home}/{made['id']}/opening/storno", json={"key": str(uuid4())}, headers=by)
    assert (nothing.status_code, nothing.json()["title"]) == (409, "takeover-opening-not-posted")
    assert client.post(f"{home}/{made['id']}/give-up", headers=by).status_code == 204
    assert client.get(f"{home}/{made['id']}", headers=by).json()["takeover"]["state"] == "given-up"
