"""Months and years over HTTP: who may lock them, how each refusal is told, and what a closed year still shows."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from litestar.testing import TestClient

from tests.web.desk import LYCEUM, Desk, an_entry

Bearer = Callable[[str], dict[str, str]]
Client = TestClient[Any]

PROGRAMME = {"programme": "464.003", "specific": "149"}
REVENUE = {"debit": {"account": "1010"}, "credit": {"account": "6360"}, "amount": "1000.00"}
EXPENSE = {"debit": {"account": "7460", "dimensions": PROGRAMME}, "credit": {"account": "1010"}, "amount": "400.00"}


@pytest.fixture
def books(desk: Desk) -> str:
    return f"/api/v1/organisations/{desk.school}"


@pytest.fixture
def lyceum(desk: Desk) -> str:
    return f"/api/v1/organisations/{desk.organisations[LYCEUM]}"


def test_a_month_is_restricted_closed_and_reopened(client: Client, bearer: Bearer, books: str) -> None:
    chief, other = bearer("office"), bearer("accountant")
    entry = an_entry(effective_on="2026-05-05", document_on=None)
    answer = client.post(f"{books}/months/2026-05/restrict", headers=chief)
    assert (answer.status_code, answer.json()) == (200, {"month": "2026-05", "state": "restricted"})
    refused = client.post(f"{books}/entries", json=entry, headers=other)
    assert (refused.status_code, refused.json()["title"]) == (409, "period-restricted")
    assert client.post(f"{books}/entries", json=entry, headers=chief).status_code == 201
    assert client.post(f"{books}/months/2026-05/close", headers=chief).json()["state"] == "closed"
    refused = client.post(f"{books}/entries", json=entry | {"key": str(uuid4())}, headers=chief)
    assert (refused.status_code, refused.json()["title"]) == (409, "period-closed")
    assert client.post(f"{books}/entries", json=entry, headers=chief).json()["is_new"] is False
    assert client.post(f"{books}/months/2026-05/reopen", json={"reason": "x"}, headers=chief).status_code == 400
    reopened = client.post(f"{books}/months/2026-05/reopen", json={"reason": "A late bill"}, headers=chief)
    assert reopened.json()["state"] == "open"
    changes = client.get(f"{books}/period-changes", headers=other).json()["items"]
    assert [(c["was"], c["state"], c["reason"], c["actor"]) for c in changes[:3]] == [
        ("closed", "open", "A late bill", "Ерлан Ахметов"),
        ("restricted", "closed", "", "Ерлан Ахметов"),
        ("open", "restricted", "", "Ерлан Ахметов"),
    ]
    months = client.get(f"{books}/months", headers=other).json()["items"]
    assert months[0] == {"month": "2026-12", "state": "open"}
    assert len(months) == 12


@pytest.mark.parametrize("what", ["months/2026-06/close", "months/2026-06/restrict", "months/2026-06/reopen",
                                  "years/2026/close", "years/2026/reopen"])  # fmt: skip
def test_only_a_chief_accountant_locks(client: Client, bearer: Bearer, books: str, what: str) -> None:
    body = {"key": str(uuid4()), "reason": "a reason"}
    for login in ("accountant", "auditor"):
        answer = client.post(f"{books}/{what}", json=body, headers=bearer(login))
        assert (answer.status_code, answer.json()["title"]) == (403, "role-missing")


def test_what_is_no_month_or_has_no_books_is_told(client: Client, bearer: Bearer, books: str) -> None:
    chief = bearer("office")
    assert client.post(f"{books}/months/May/close", headers=chief).status_code in (400, 422)
    missing = client.post(f"{books}/months/2031-05/close", headers=chief)
    assert (missing.status_code, missing.json()["title"]) == (409, "period-not-opened")


def test_a_reversal_and_a_storno_by_the_same_route(desk: Desk, client: Client, bearer: Bearer, books: str) -> None:
    head = bearer("accountant")
    for kind in ("storno", "reversal"):
        entry_id = desk.post()
        command = {"key": str(uuid4()), "effective_on": "2026-03-20", "reason": "typed twice", "kind": kind}
        posted = client.post(f"{books}/entries/{entry_id}/correction", json=command, headers=head)
        assert posted.status_code == 201
        entry = client.get(f"{books}/entries/{entry_id}", headers=head).json()
        assert (entry["cancelled_by"]["kind"], entry["cancelled_by"]["through_earlier_years"]) == (kind, False)
        by = client.get(f"{books}/entries/{posted.json()['entry_id']}", headers=head).json()
        assert (by["kind"], by["amount"]) == (kind, "-1234.56" if kind == "storno" else "1234.56")
        side = by["postings"][0]["credit" if kind == "reversal" else "debit"]
        assert side["account"] == "1316"
    wrong = client.post(f"{books}/entries/{entry_id}/correction", json=command | {"kind": "closing"}, headers=head)
    assert wrong.status_code == 400


def test_a_year_is_closed_reported_reopened_and_closed_again(client: Client, bearer: Bearer, lyceum: str) -> None:
    chief = bearer("office")
    for line, day in ((REVENUE, "2026-02-10"), (EXPENSE, "2026-12-31")):
        entry = an_entry(journal="MO-16", effective_on=day, document_on=None, postings=[line])
        assert client.post(f"{lyceum}/entries", json=entry, headers=chief).status_code == 201

    def closed(key: str) -> Any:
        return client.post(f"{lyceum}/years/2026/close", json={"key": key}, headers=chief)

    early = closed(str(uuid4()))
    assert (early.status_code, early.json()["title"]) == (409, "months-not-closed")
    assert early.json()["fields"]["months"][0] == "2026-01"
    for month in range(1, 12):
        assert client.post(f"{lyceum}/months/2026-{month:02}/close", headers=chief).status_code == 200
    key = str(uuid4())
    first, again = closed(key), closed(key)
    assert first.json() == {"entries": 2, "postings": 2, "result": "600.00", "is_new": True}
    assert (again.status_code, again.json()) == (200, first.json() | {"is_new": False})
    other = closed(str(uuid4()))
    assert (other.status_code, other.json()["title"]) == (409, "year-already-closed")
    (year,) = client.get(f"{lyceum}/years", headers=chief).json()["items"]
    assert (year["year"], year["state"], year["closed_by"], year["result"]) == (
        2026,
        "closed",
        "Ерлан Ахметов",
        "600.00",
    )

    table = f"{lyceum}/trial-balance?first=2026-01&last=2026-12"

    def standing(address: str) -> dict[str, str]:
        rows = client.get(address, headers=chief).json()["rows"]
        return {r["account"]: r["closing"] for r in rows if not r["heading"]}

    assert standing(table) == {"1010": "600.00", "5210": "-600.00", "6360": "0.00", "7460": "0.00"}
    for address in (f"{table}&closing=false", f"{table}&closing=false&by_dimensions=true"):
        assert standing(address) == {"1010": "600.00", "6360": "-1000.00", "7460": "400.00"}

    locked = client.post(f"{lyceum}/months/2026-03/reopen", json={"reason": "A late bill"}, headers=chief)
    assert (locked.status_code, locked.json()["title"]) == (409, "year-closed")
    undo = {"key": str(uuid4()), "reason": "By the act of the audit"}
    reopened = client.post(f"{lyceum}/years/2026/reopen", json=undo, headers=chief)
    assert reopened.json() == {"entries": 2, "postings": 2, "is_new": True}
    assert client.get(f"{lyceum}/months", headers=chief).json()["items"][0] == {
        "month": "2026-12",
        "state": "restricted",
    }
    (year,) = client.get(f"{lyceum}/years", headers=chief).json()["items"]
    assert (year["state"], year["closed_at"], year["closed_by"], year["result"]) == ("open", None, None, None)
    assert standing(table) == {"1010": "600.00", "6360": "-1000.00", "7460": "400.00"}
    assert closed(str(uuid4())).json() == first.json()
