"""Requests to be away over HTTP: the inbox, one's own, who is away, calendar addresses."""

from collections.abc import Iterator
from typing import Any

import pytest
from litestar.testing import TestClient

from api.options import Options
from erp.base.clock import today
from tests.conftest import TestServer
from tests.factories.application import app_over
from tests.factories.office import Office, an_office

Client = TestClient[Any]
CONSENT = {"consent": {"given_on": today().isoformat(), "document": "application № 14"}}


@pytest.fixture(scope="module")
def office(server: TestServer) -> Iterator[Office]:
    with an_office(server) as office:
        yield office


@pytest.fixture(scope="module")
def client(office: Office) -> Iterator[Client]:
    with TestClient(office.app) as client:
        yield client


def seen(version: int) -> dict[str, str]:
    return {"If-Match": f'"{version}"'}


def test_a_request_waits_is_approved_once_and_recalled(client: Client, office: Office) -> None:
    asked = office.ask_leave("teacher", 30, 6)
    lead, teacher, requests = office.bearer("lead"), office.bearer("teacher"), f"{office.books}/absence-requests"
    listed = client.get(requests, params={"waits_for": "me", "kind": "leave"}, headers=lead).json()["items"]
    assert [(row["id"], row["person"], row["state"]) for row in listed] == [(asked.id, "Teacher Test", "submitted")]
    address = f"{requests}/{asked.id}"
    shown = client.get(address, headers=lead)
    assert (shown.headers["etag"], shown.json()["decides"]) == ('"1"', True)
    assert client.post(f"{address}/approve", headers=lead).status_code == 428, "which version was seen"
    for _ in range(2):
        approved = client.post(f"{address}/approve", headers=lead | seen(1))
        assert (approved.status_code, approved.json()["state"], approved.json()["version"]) == (200, "approved", 2)
    command = {"from_day": asked.days.last.isoformat(), "reason": "Needed"} | CONSENT
    recalled = client.post(f"{address}/recall", json=command, headers=lead | seen(2)).json()
    assert (recalled["state"], recalled["first"]) == ("recalled", asked.days.first.isoformat())
    own = client.get(f"{office.books}/own/absence-requests/{asked.id}", headers=teacher).json()
    assert [act["act"] for act in own["acts"]] == ["submitted", "approved", "recalled"]


def test_what_is_returned_is_withdrawn(client: Client, office: Office) -> None:
    asked = office.ask_leave("colleague", 50)
    lead, colleague, requests = office.bearer("lead"), office.bearer("colleague"), f"{office.books}/absence-requests"
    address = f"{requests}/{asked.id}"
    stale = client.post(f"{address}/return", json={"reason": "Other days"}, headers=lead | seen(9))
    assert (stale.status_code, stale.json()["code"]) == (409, "request-changed")
    assert client.post(f"{address}/return", json={"reason": " "}, headers=lead | seen(1)).status_code == 400
    returned = client.post(f"{address}/return", json={"reason": "Other days"}, headers=lead | seen(1)).json()
    assert (returned["state"], returned["acts"][-1]["reason"]) == ("returned", "Other days")
    own = f"{office.books}/own/absence-requests"
    assert asked.id in [row["id"] for row in client.get(own, headers=colleague).json()["items"]]
    withdrawn = client.post(f"{own}/{asked.id}/withdraw", headers=colleague | seen(2)).json()
    assert withdrawn["state"] == "withdrawn"


def test_nobody_decides_on_their_own_or_sees_another_s(client: Client, office: Office) -> None:
    asked = office.ask_leave("hr_head", 70)
    head = office.bearer("hr_head")
    refused = client.post(f"{office.books}/absence-requests/{asked.id}/approve", headers=head | seen(1))
    assert (refused.status_code, refused.json()["code"]) == (403, "own-request")
    for who, path in (("colleague", "own/absence-requests"), ("lead", "absence-requests")):
        answer = client.get(f"{office.books}/{path}/{asked.id}", headers=office.bearer(who))
        assert (answer.status_code, answer.json()["code"]) == (404, "request-unknown")


def test_who_is_away_is_told_without_why_but_to_who_keeps_records(client: Client, office: Office) -> None:
    asked = office.ask_leave("teacher", 90, 5)
    lead, version = office.bearer("lead"), seen(1)
    client.post(f"{office.books}/absence-requests/{asked.id}/approve", headers=lead | version)
    days = {"first": asked.days.first.isoformat(), "last": asked.days.first.isoformat()}
    away = client.get(f"{office.books}/absences", params=days, headers=office.bearer("colleague")).json()["items"]
    assert away == [
        {"person_id": asked.person_id, "person": "Teacher Test", "first": days["first"], "last": days["first"]}
    ]
    kept = client.get(f"{office.books}/staff/absences", params=days, headers=office.bearer("officer")).json()["items"]
    assert [(each["kind"], each["last"]) for each in kept] == [("leave", asked.days.last.isoformat())]
    assert client.get(f"{office.books}/staff/absences", params=days, headers=lead).status_code == 403
    backwards = {"first": days["last"], "last": "2020-01-01"}
    assert client.get(f"{office.books}/absences", params=backwards, headers=office.bearer("teacher")).status_code == 422


def test_a_calendar_address_is_the_one_that_is_seen_from_outside(office: Office) -> None:
    app = app_over(office.staff.engine, options=Options(public_url="https://qazyna.example.kz"))
    with TestClient(app, base_url="http://127.0.0.1:8080") as behind_a_proxy:
        feeds, body = f"{office.books}/own/calendar-feeds", {"covers": "own"}
        made = behind_a_proxy.post(feeds, json=body, headers=office.bearer("colleague")).json()
    assert made["address"].startswith("https://qazyna.example.kz/ical/")


def test_a_calendar_address_is_made_told_once_and_revoked(client: Client, office: Office) -> None:
    teacher, feeds = office.bearer("teacher"), f"{office.books}/own/calendar-feeds"
    made = client.post(feeds, json={"covers": "own"}, headers=teacher)
    assert made.status_code == 201
    path = "/ical/" + made.json()["address"].partition("/ical/")[2]
    assert client.get(path).text.startswith("BEGIN:VCALENDAR")
    (feed,) = client.get(feeds, headers=teacher).json()["items"]
    assert (feed["covers"], set(feed)) == ("own", {"id", "covers", "made_at"})
    assert client.post(f"{feeds}/{feed['id']}/revoke", headers=office.bearer("colleague")).status_code == 404
    assert client.post(f"{feeds}/{feed['id']}/revoke", headers=teacher).json()["items"] == []
    assert client.get(path).status_code == 404


def test_a_number_that_none_can_have_is_of_nothing(client: Client, office: Office) -> None:
    far = f"{office.books}/absence-requests/99999999999"
    assert client.get(far, headers=office.bearer("lead")).status_code == 404
    assert client.post(f"{far}/approve", headers=office.bearer("lead") | seen(1)).status_code == 404
    feed = f"{office.books}/own/calendar-feeds/99999999999/revoke"
    assert client.post(feed, headers=office.bearer("teacher")).status_code == 404
