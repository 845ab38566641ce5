"""The accounting policy and the close over HTTP: editions by their tags, two signatures, ticks, many institutions."""

from base64 import b64decode
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from erp.base.clock import today
from tests.conftest import TestServer
from tests.web.desk import Desk
from tests.web.test_policy import with_a_director

Bearer = Callable[[str], dict[str, str]]
TOMORROW = today() + timedelta(days=1)
CONTENT = {
    "journals": [{"code": "MO-06", "prefix": "6-", "width": 4}, {"code": "MO-16"}],
    "closing": [
        {"step": "balance-ties", "owner": "accountant", "due": 5, "blocking": True},
        {"step": "numbers-whole", "owner": "chief_accountant", "due": 5, "blocking": True},
    ],
}


@pytest.fixture(scope="module")
def desk(server: TestServer) -> Iterator[Desk]:
    url = server.new_database()
    desk = with_a_director(url)
    yield desk
    desk.engine.dispose()
    server.drop_database(url)


@pytest.fixture
def at(desk: Desk) -> str:
    return f"/api/v1/organisations/{desk.school}"


def test_a_policy_is_begun_written_proposed_and_signed(client: Any, bearer: Bearer, at: str, desk: Desk) -> None:
    office, director, accountant = bearer("office"), bearer("director"), bearer("accountant")
    body = {"key": str(uuid4()), "since": TOMORROW.isoformat(), "content": CONTENT}
    assert client.post(f"{at}/policies", json=body, headers=accountant).status_code == 403
    begun = client.post(f"{at}/policies", json=body, headers=office)
    assert begun.status_code == 201, begun.text
    again = client.post(f"{at}/policies", json=body, headers=office)
    assert again.json() == begun.json()
    other = client.post(f"{at}/policies", json=body | {"since": "2027-05-01"}, headers=office)
    assert (other.status_code, other.json()["code"]) == (409, "key-reused")
    one = f"{at}/policies/{begun.json()['id']}"

    wrong = {"since": TOMORROW.isoformat(), "content": CONTENT | {"journals": [{"code": "MO-99"}]}}
    refused = client.put(one, json=wrong, headers=office | {"If-Match": '"1"'})
    assert refused.status_code == 422
    assert "/content/journals/0/code" in refused.text
    assert client.put(one, json=wrong, headers=office).status_code == 428, "without a tag nobody writes"
    said = {"since": TOMORROW.isoformat(), "content": CONTENT | {"reports": "thousand"}}
    assert client.put(one, json=said, headers=office | {"If-Match": '"1"'}).json()["version"] == 2
    stale = client.put(
        one, json={"since": TOMORROW.isoformat(), "content": CONTENT}, headers=office | {"If-Match": '"1"'}
    )
    assert (stale.status_code, stale.json()["code"]) == (409, "policy-changed")

    to_sign = client.get(f"{one}/content", headers=accountant).json()
    assert b'"purpose":"policy-second"' in b64decode(to_sign["proposal"])
    assert client.post(f"{one}/sign", json={}, headers=director | {"If-Match": '"2"'}).status_code == 409
    proposed = client.post(f"{one}/propose", json={}, headers=office | {"If-Match": '"2"'})
    assert proposed.json()["state"] == "proposed"
    damaged = client.post(f"{one}/sign", json={"container": "?"}, headers=director | {"If-Match": '"3"'})
    assert damaged.status_code == 422
    nobody = client.post(f"{one}/sign", json={}, headers=office | {"If-Match": '"3"'})
    assert (nobody.status_code, nobody.json()["code"]) == (403, "head-needed")
    signed = client.post(f"{one}/sign", json={}, headers=director | {"If-Match": '"3"'})
    assert (signed.json()["state"], signed.json()["in_force"]) == ("signed", True)
    told = client.get(f"{one}/differences", headers=accountant).json()["items"]
    assert {"section": "reports", "item": "", "field": "reports", "before": None, "after": "thousand"} in told
    found = client.get(one, headers=accountant)
    assert found.headers["etag"] == '"4"'
    assert client.get(one, headers=accountant | {"If-None-Match": '"4"'}).status_code == 304
    (listed,) = client.get(f"{at}/policies", headers=accountant).json()["items"]
    assert listed["id"] == begun.json()["id"]

    entry = {
        "key": str(uuid4()),
        "journal": "MO-02",
        "effective_on": TOMORROW.isoformat(),
        "memo": "Left out",
        "postings": [{"debit": {"account": "1010"}, "credit": {"account": "6360"}, "amount": "1.00"}],
    }
    refused = client.post(f"{at}/entries", json=entry, headers=accountant)
    assert (refused.status_code, refused.json()["code"]) == (409, "journal-not-kept")


def test_the_close_of_a_month_over_http(client: Any, bearer: Bearer, at: str, desk: Desk) -> None:
    office, accountant = bearer("office"), bearer("accountant")
    month = f"{TOMORROW + timedelta(days=60):%Y-%m}"
    shown = client.get(f"{at}/closings/{month}", headers=accountant).json()
    assert shown["binding"]
    assert [(s["step"], s["standing"]) for s in shown["steps"]] == [("balance-ties", "open"), ("numbers-whole", "open")]
    early = client.post(f"{at}/months/{month}/close", headers=office)
    assert (early.status_code, early.json()["code"]) == (409, "month-not-proved")
    ticked = client.post(f"{at}/closings/{month}/ticks", json={"step": "balance-ties"}, headers=accountant).json()
    assert ticked["steps"][0]["standing"] == "done"
    assert ticked["steps"][0]["tick"]["proof"]["figures"][0] == {
        "name": "Debit turnover",
        "unit": "tiyn",
        "amount": "0.00",
        "count": None,
    }
    theirs = client.post(f"{at}/closings/{month}/ticks", json={"step": "numbers-whole"}, headers=accountant)
    assert (theirs.status_code, theirs.json()["code"]) == (403, "closing-step-of-another")
    strange = client.post(f"{at}/closings/{month}/ticks", json={"step": "dance"}, headers=office)
    assert strange.status_code == 404
    client.post(f"{at}/closings/{month}/ticks", json={"step": "numbers-whole"}, headers=office)
    (standing,) = client.get(f"/api/v1/closings?month={month}", headers=accountant).json()["items"]
    assert (standing["organisation_id"], standing["done"], standing["steps"]) == (desk.school, 2, 2)
    assert client.post(f"{at}/months/{month}/close", headers=office).json()["state"] == "closed"
    year = client.get(f"{at}/year-closings/{month[:4]}", headers=accountant).json()
    assert {s["step"] for s in year["steps"]} >= {"months-closed", "inventory-confirmed"}
