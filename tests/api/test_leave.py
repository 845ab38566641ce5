"""Leave under ``/api/v1``: one's own days, a preview, a request; everybody's days; the same figures everywhere."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from litestar.testing import TestClient

from erp.base.clock import today
from erp.hr.leave import service
from tests.conftest import TestServer
from tests.factories.office import Office, an_office

YEAR = today().year + 1


@pytest.fixture(scope="module")
def office(server: TestServer) -> Iterator[Office]:
    with an_office(server) as office:
        yield office


@pytest.fixture(scope="module")
def client(office: Office) -> Iterator[TestClient[Any]]:
    with TestClient(office.app) as client:
        yield client


def test_a_leave_from_the_working_years_to_the_balance(office: Office, client: TestClient[Any]) -> None:
    own, people = f"{office.books}/own/leave", f"{office.books}/leave"
    officer, teacher, lead = (office.bearer(who) for who in ("officer", "teacher", "lead"))
    given = client.post(f"{people}/grants", json={"day": today().isoformat()}, headers=officer)
    assert given.json() == {"movements": 7, "people": 7}
    assert client.post(f"{people}/grants", json={"day": today().isoformat()}, headers=officer).json()["movements"] == 0
    wanted = {"kind": "ANNUAL", "first": f"{YEAR}-03-20", "last": f"{YEAR}-03-28"}
    seen = client.post(f"{own}/previews", json=wanted, headers=teacher).json()
    assert (seen["counted"], seen["left_before"], seen["left_after"]) == (6, "30", "24")
    assert [d["day"][-2:] for d in seen["days"] if d["why_not"] == "holiday"] == ["21", "22", "23"]
    sent = {"key": str(uuid4())} | wanted
    asked = client.post(f"{own}/requests", json=sent, headers=teacher)
    assert asked.status_code == 201, asked.text
    number = asked.json()["request_id"]
    assert client.post(f"{own}/requests", json=sent, headers=teacher).json()["request_id"] == number
    longer = wanted | {"last": f"{YEAR}-03-29"}
    unseen = client.post(f"{own}/requests/{number}", json=longer, headers=teacher)
    assert unseen.json()["type"].endswith("tag-missing")
    changed = client.post(f"{own}/requests/{number}", json=longer, headers=teacher | {"If-Match": '"1"'})
    assert changed.json()["version"] == 2
    shown = client.get(f"{office.books}/absence-requests/{number}", headers=lead).json()
    assert (shown["facts"]["counted"], shown["facts"]["balance"], shown["facts"]["balance_after"]) == (7, 3000, 2300)
    done = client.post(f"{office.books}/absence-requests/{number}/approve", headers=lead | {"If-Match": '"2"'})
    assert done.status_code == 200, done.text
    end = f"{YEAR}-12-31"
    account = client.get(f"{own}?day={end}", headers=teacher).json()
    row = next(
        each
        for each in client.get(f"{people}/balances?day={end}&q=Teacher", headers=officer).json()["items"]
        if each["person_id"] == office.staff.persons["teacher"]
    )
    file = client.get(f"{people}/people/{row['person_id']}?day={end}", headers=officer).json()
    moved = sum(float(m["days"]) for m in account["movements"])
    assert account == file
    assert account["left"] == row["left"] == "23" == f"{moved:g}"
    assert [(m["act"], m["days"]) for m in account["movements"]] == [("grant", "30"), ("use", "-7")]


def test_human_resources_move_days_with_a_reason(office: Office, client: TestClient[Any]) -> None:
    people, officer = f"{office.books}/leave", office.bearer("officer")
    director = office.staff.persons["director"]
    said = {"person_id": director, "year_start": "2024-01-08", "reason": "From the ministry"}
    carried = {"key": str(uuid4()), "effective_on": "2024-01-08", "centidays": 250} | said
    first = client.post(f"{people}/carried", json=carried, headers=officer)
    assert first.status_code == 201, first.text
    assert client.post(f"{people}/carried", json=carried, headers=officer).json() == first.json()
    other = client.post(f"{people}/carried", json=carried | {"centidays": 300}, headers=officer)
    assert other.status_code == 409
    unsaid = client.post(f"{people}/corrections", json=carried | {"reason": ""}, headers=officer)
    assert unsaid.status_code == 400
    assert client.post(f"{people}/holiday-returns", headers=officer).json() == {"leaves": 0}
    none = carried | {"key": str(uuid4()), "year_start": "2024-01-09"}
    refused = client.post(f"{people}/carried", json=none, headers=officer)
    assert refused.json()["type"].endswith("leave-year-is-none")
    settled = {"key": str(uuid4()), "person_id": director, "last_day": "2026-07-07", "reason": "Order 5-l"}
    refused = client.post(f"{people}/compensations", json=settled, headers=officer)
    assert refused.json()["type"].endswith("leave-service-goes-on")
    stands = office.staff.read("officer", lambda u: service.years(u, office.staff.organisation, director, today()))
    assert stands[0].centidays == 250


def test_human_resources_ask_in_a_person_s_name(office: Office, client: TestClient[Any]) -> None:
    address = f"{office.books}/leave/people/{office.staff.persons['director']}/requests"
    wanted = {"key": str(uuid4()), "kind": "UNPAID_AGREED", "first": f"{YEAR}-05-12", "last": f"{YEAR}-05-12"}
    asked = client.post(address, json=wanted, headers=office.bearer("officer"))
    assert asked.status_code == 201, asked.text
    own = f"{office.books}/own/absence-requests/{asked.json()['request_id']}"
    assert client.get(own, headers=office.bearer("director")).json()["acts"][0]["actor"] == "Officer"
    assert client.post(address, json=wanted, headers=office.bearer("teacher")).status_code == 403
    nobody = f"{office.books}/leave/people/99999999999/requests"
    assert client.post(nobody, json=wanted, headers=office.bearer("officer")).status_code == 404


def test_nobody_sees_or_moves_another_s_days(office: Office, client: TestClient[Any]) -> None:
    people, teacher = f"{office.books}/leave", office.bearer("teacher")
    for path in ("balances", f"people/{office.staff.persons['lead']}"):
        assert client.get(f"{people}/{path}", headers=teacher).status_code == 403
    assert client.post(f"{people}/grants", json={"day": "2026-01-01"}, headers=teacher).status_code == 403
    assert client.get(f"{people}/balances?q=%00", headers=office.bearer("officer")).status_code == 422
    assert client.get(f"{people}/kinds", headers=teacher).json()["items"][0]["code"] == "ANNUAL"
