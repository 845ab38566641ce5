"""Finding over the API: the same as people find, in what the caller reads."""

from collections.abc import Callable
from datetime import date

from httpx import Client

from tests.web.desk import LYCEUM, STRANGERS, SUPPLIER, Desk

Bearer = Callable[..., dict[str, str]]
POSTING = {
    "debit": {"account": "1316", "quantity": "1"},
    "credit": {"account": "3210", "dimensions": {"counterparty": SUPPLIER}},
    "amount": "55321.09",
}


def test_an_amount_a_number_and_a_name_are_found(desk: Desk, client: Client, bearer: Bearer) -> None:
    head = bearer("auditor")
    posted = desk.post(on=date(2026, 8, 8), postings=[POSTING])
    (hit,) = client.get("/api/v1/find", params={"q": "55 321,09"}, headers=head).json()["items"]
    assert (hit["kind"], hit["id"], hit["organisation_id"]) == ("amount", posted, desk.school)
    assert hit["amount"] == "55321.09"
    by_number = client.get("/api/v1/find", params={"q": hit["code"]}, headers=head).json()["items"]
    assert ("entry", posted) in {(each["kind"], each["id"]) for each in by_number}
    named = client.get("/api/v1/find", params={"q": ",evfuf", "organisation": desk.school}, headers=head).json()
    assert ("counterparty", SUPPLIER) in {(each["kind"], each["code"]) for each in named["items"]}


def test_nothing_is_found_where_the_caller_reads_nothing(desk: Desk, client: Client, bearer: Bearer) -> None:
    desk.post(on=date(2026, 8, 9), postings=[POSTING | {"amount": "66321.09"}])
    assert client.get("/api/v1/find", params={"q": "66321.09"}, headers=bearer("nobody")).json()["items"] == []
    lyceum = {"q": "66321.09", "organisation": desk.organisations[LYCEUM]}
    assert client.get("/api/v1/find", params=lyceum, headers=bearer("office")).json()["items"] == []
    for at in (desk.organisations[STRANGERS], 999_999):
        answer = client.get("/api/v1/find", params={"q": "1", "organisation": at}, headers=bearer("office"))
        assert (answer.status_code, answer.json()["code"]) == (404, "organisation-unknown")


def test_a_token_for_one_organisation_finds_in_it_alone(desk: Desk, client: Client) -> None:
    assert client.get("/api/v1/find", params={"q": "1"}).status_code == 401
