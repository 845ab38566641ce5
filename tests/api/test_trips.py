"""Trips and their settlement over HTTP: the same commands and views as the pages, versions as entity tags."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from litestar.testing import TestClient

from erp.base import uow
from erp.base.clock import today
from erp.base.scope import system_scope
from ledger import service as ledger
from tests.conftest import TestServer
from tests.factories.office import Office, an_office
from tests.factories.staff import on_day

Client = TestClient[Any]


@pytest.fixture(scope="module")
def office(server: TestServer) -> Iterator[Office]:
    with an_office(server) as office:
        at, first, last = office.staff.organisation, date(today().year, 1, 1), date(today().year, 12, 31)

        def open_books(u: uow.UnitOfWork) -> None:
            ledger.open_books(u.connection, at, str(at), first, last, u.scope.actor)

        uow.run(office.staff.engine, system_scope(at), open_books)
        yield office


@pytest.fixture(scope="module")
def client(office: Office) -> Iterator[Client]:
    with TestClient(office.app) as client:
        yield client


def a_trip(start: int, days: int = 3, **changes: Any) -> dict[str, Any]:
    first = today() + timedelta(days=start)
    last = first + timedelta(days=days - 1)
    way = {"place_class": "major", "transport": "rail", "fare": "6200.00"}
    there = {"from_place": "Sarydala", "to_place": "Almaty", "departs_on": f"{first}", "arrives_on": f"{first}"}
    back = {"from_place": "Almaty", "to_place": "Sarydala", "departs_on": f"{last}", "arrives_on": f"{last}"}
    legs = [way | there | {"night": "30000.00"}, way | back]
    return {"purpose": "Course", "legs": legs} | changes


def seen(version: int) -> dict[str, str]:
    return {"If-Match": f'"{version}"'}


def test_a_trip_is_asked_for_approved_reported_on_and_its_entry_taken(office: Office, client: Client) -> None:
    own, books = f"{office.books}/own/trips", office.books
    teacher, lead, keeper = (office.bearer(who) for who in ("teacher", "lead", "bookkeeper"))
    told = client.post(f"{own}/estimate", json=a_trip(-9), headers=teacher).json()
    assert (told["total"], told["days"], told["gaps"]) == ("98350.00", 3, [])
    assert told["costs"][0] | {"first": "", "last": ""} == {
        "kind": "per-diem",
        "first": "",
        "last": "",
        "what": "KZ",
        "quantity": 3,
        "rate": "8650.00",
        "amount": "25950.00",
        "norm": "2 × 4325",
        "limit": None,
        "verified": True,
        "is_over_limit": False,
    }
    command, key = a_trip(-9, advance="1000.00"), {"Idempotency-Key": str(uuid4())}
    late = client.post(own, json=command, headers=teacher | key)
    assert (late.status_code, late.json()["errors"][0]["code"]) == (422, "trip-begun")
    with on_day(today() - timedelta(days=9)):
        made = [client.post(own, json=command, headers=teacher | key) for _ in range(2)]
    assert [each.status_code for each in made] == [201, 201], made[0].text
    assert made[0].json() == made[1].json()
    number = made[0].json()["id"]
    desk = f"{books}/absence-requests/{number}"
    with on_day(today() - timedelta(days=9)):
        assert client.post(f"{desk}/approve", headers=lead | seen(1)).status_code == 200
    trip = client.get(f"{own}/{number}", headers=teacher).json()
    assert (trip["advance"]["state"], trip["advance"]["amount"], trip["advance_paid"]) == ("waiting", "1000.00", "0.00")

    lines = [{"kind": "fare", "on": f"{today()}", "what": "Sarydala – Almaty", "amount": "6200.00"}]
    refused = client.post(f"{own}/{number}/report", json={"lines": lines}, headers=teacher | seen(0))
    assert (refused.status_code, refused.json()["code"]) == (422, "papers-missing")
    paper = client.post(f"{own}/{number}/papers?name=ticket.txt", content=b"71 2204518", headers=teacher)
    assert paper.status_code == 201, paper.text
    assert client.post(f"{own}/{number}/report", json={"lines": lines}, headers=teacher).status_code == 428
    handed = client.post(f"{own}/{number}/report", json={"lines": lines}, headers=teacher | seen(0))
    assert (handed.status_code, handed.json()["state"], handed.json()["version"]) == (201, "submitted", 1)
    report = f"{books}/trip-reports/{number}"
    assert [row["id"] for row in client.get(f"{books}/trip-reports", headers=lead).json()["items"]] == [number]
    assert client.get(report, headers=lead).json()["report"]["spent"] == "6200.00"
    assert client.post(f"{report}/approve", headers=lead | seen(5)).status_code == 409
    left = client.post(f"{report}/approve", headers=lead | seen(1)).json()
    assert left == {"advance": "0.00", "spent": "6200.00", "owed": "6200.00", "returns": "0.00"}

    (row,) = client.get(f"{books}/settlements", headers=keeper).json()["items"]
    one = f"{books}/settlements/{row['id']}"
    shown = client.get(one, headers=keeper)
    assert (shown.headers["etag"], shown.json()["sheet"]["rows"][0]["credit"]["account"]) == ('"1"', "3242")
    taken = client.post(f"{one}/take", headers=keeper | seen(1))
    assert taken.status_code == 200, taken.text
    draft = client.get(f"{books}/drafts/{taken.json()['id']}", headers=keeper).json()
    assert (draft["origin"], draft["sheet"]["journal"]) == ("settlement", "MO-08")
    back = client.post(f"{one}/put-back", headers=keeper | seen(2))
    assert (back.status_code, back.json()["state"]) == (200, "waiting")
    declined = client.post(f"{one}/decline", json={"reason": "No ticket back"}, headers=keeper | seen(3))
    assert (declined.status_code, declined.json()["state"]) == (200, "declined")
    returned = client.post(f"{report}/return", json={"reason": "See the accountant"}, headers=lead | seen(2))
    assert (returned.status_code, returned.json()["state"]) == (200, "returned")
    states = client.get(f"{books}/settlements?state=withdrawn", headers=keeper).json()["items"]
    assert [each["kind"] for each in states] == ["advance"], "it was never paid"


def test_what_no_database_keeps_is_refused_where_it_is_sent(office: Office, client: Client) -> None:
    officer, lead = office.bearer("officer"), office.bearer("lead")
    for path in ("trip-reports/1/return", "absence-requests/1/return"):
        refused = client.post(f"{office.books}/{path}", json={"reason": "Not\0now"}, headers=lead | seen(1))
        assert refused.status_code == 400, refused.text
    back = {"from_day": f"{today()}", "reason": "Needed here"}
    for amiss in (
        {"reason": "Needed\0here"},
        {"consent": {"given_on": f"{today()}", "document": "No.\0 14"}},
    ):
        refused = client.post(f"{office.books}/absence-requests/1/recall", json=back | amiss, headers=lead | seen(1))
        assert refused.status_code == 400, amiss
    for person in (0, -1, 99_999_999_999):
        command = a_trip(200) | {"key": str(uuid4()), "person_id": person}
        refused = client.post(f"{office.books}/trips", json=command, headers=officer)
        assert refused.status_code == 400, person


def test_a_paper_is_taken_off_by_who_attached_it(office: Office, client: Client) -> None:
    officer, teacher = office.bearer("officer"), office.bearer("teacher")
    person = {"key": str(uuid4()), "person_id": office.staff.persons["teacher"]}
    number = client.post(f"{office.books}/trips", json=a_trip(70) | person, headers=officer).json()["id"]
    own, kept = (f"{office.books}/{path}/{number}/papers" for path in ("own/trips", "trips"))
    file = client.post(f"{own}?name=passport.txt", content=b"of another", headers=teacher).json()["id"]
    refused = client.post(f"{kept}/{file}/remove", headers=officer)
    assert (refused.status_code, refused.json()["code"]) == (403, "paper-of-another")
    gone = [client.post(f"{own}/{file}/remove", headers=teacher).status_code for _ in range(2)]
    assert gone == [204, 404]


def test_staff_are_sent_and_others_may_not(office: Office, client: Client) -> None:
    officer, teacher = office.bearer("officer"), office.bearer("teacher")
    person = office.staff.persons["colleague"]
    command = a_trip(12) | {"key": str(uuid4()), "person_id": person}
    sent = client.post(f"{office.books}/trips", json=command, headers=officer)
    assert sent.status_code == 201, sent.text
    listed = client.get(f"{office.books}/trips", headers=officer).json()["items"]
    assert (listed[0]["person_id"], listed[0]["estimate"], listed[0]["report"]) == (person, "98350.00", "none")
    assert (
        client.get(f"{office.books}/trips/{sent.json()['id']}", headers=officer).json()["route"].startswith("Sarydala")
    )
    for path in ("trips", "trip-reports", "settlements"):
        assert client.get(f"{office.books}/{path}", headers=teacher).status_code == 403
    assert client.get(f"{office.books}/own/trips/{sent.json()['id']}", headers=teacher).status_code == 404
    begun = a_trip(-30) | {"key": str(uuid4()), "person_id": person}
    assert client.post(f"{office.books}/trips", json=begun, headers=officer).status_code == 422
    begun["belated"] = "The order came late"
    recorded = client.post(f"{office.books}/trips", json=begun, headers=officer)
    assert recorded.status_code == 201, recorded.text
    desk = client.get(f"{office.books}/absence-requests/{recorded.json()['id']}", headers=office.bearer("lead"))
    assert desk.json()["facts"]["belated"] == "The order came late"
    number = recorded.json()["id"]
    changed = a_trip(-30, belated="Order 7 came late")
    one = f"{office.books}/trips/{number}"
    assert client.put(one, json=changed, headers=teacher | seen(1)).status_code == 403
    assert client.put(one, json=changed, headers=officer).status_code == 428
    made = [client.put(one, json=changed, headers=officer | seen(1)) for _ in range(2)]
    assert [each.json() for each in made] == [{"id": number, "version": 2, "state": "submitted"}] * 2, "twice is once"
    assert client.get(one, headers=officer).json()["belated"] == "Order 7 came late"
    gone = [client.post(f"{one}/withdraw", headers=officer | seen(2)) for _ in range(2)]
    assert [each.json() for each in gone] == [{"id": number, "version": 3, "state": "withdrawn"}] * 2
    again = {"person_id": office.staff.persons["lead"], "key": str(uuid4())}
    for_oneself = client.post(f"{office.books}/own/trips", json=a_trip(50) | again, headers=teacher)
    assert for_oneself.status_code == 201
    own = client.get(f"{office.books}/own/trips", headers=teacher).json()["items"]
    assert own[0]["id"] == for_oneself.json()["id"], "whoever is named, one asks for oneself here"
