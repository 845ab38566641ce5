"""Reports over the API: figures of pages, and what is behind them."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from httpx import Client

from tests.web.desk import STRANGERS, SUPPLIER, Desk

Bearer = Callable[..., dict[str, str]]
MONTHS = {"first": "2026-01", "last": "2026-12"}


def total(rows: list[dict[str, Any]]) -> Decimal:
    return sum((Decimal(row["amount"]) for row in rows), Decimal(0))


def test_the_correspondence_adds_up_to_the_trial_balance(desk: Desk, client: Client, bearer: Bearer) -> None:
    head, reports = bearer("auditor"), f"/api/v1/organisations/{desk.school}/reports"
    desk.post(on=date(2026, 9, 1))
    table = client.get(f"{reports}/trial-balance", params=MONTHS | {"by": "counterparty"}, headers=head).json()
    pairs = client.get(f"{reports}/correspondence", params=MONTHS, headers=head).json()["items"]
    assert total([p for p in pairs if not p["off_balance"]]) == Decimal(table["debit"])
    by_month = client.get(f"{reports}/correspondence", params=MONTHS | {"step": "month"}, headers=head).json()["items"]
    assert total(by_month) == total(pairs)
    of_journal = client.get(f"{reports}/correspondence", params=MONTHS | {"journal": "MO-06"}, headers=head).json()
    assert {(p["debit"], p["credit"]) for p in of_journal["items"]} >= {("1316", "3210")}


def test_a_figure_comes_with_the_postings_that_make_it(desk: Desk, client: Client, bearer: Bearer) -> None:
    head, reports = bearer("auditor"), f"/api/v1/organisations/{desk.school}/reports"
    for _ in range(3):
        desk.post(on=date(2026, 10, 2))
    rows = client.get(f"{reports}/trial-balance", params=MONTHS | {"by": "counterparty"}, headers=head).json()["rows"]
    row = next(r for r in rows if r["account"] == "3210" and r["dimensions"] == {"counterparty": SUPPLIER})
    asked: dict[str, Any] = MONTHS | {"part": "credit", "account": "3210", "values": f"counterparty:{SUPPLIER}"}
    items, cursor = [], None
    while True:
        more = {"cursor": cursor, "limit": 2} if cursor else {"limit": 2}
        page = client.get(f"{reports}/postings", params=asked | more, headers=head).json()
        items, cursor = [*items, *page["items"]], page["next"]
        if cursor is None:
            break
    assert page["total"] == row["credit"] == f"{total(items):.2f}"
    assert page["count"] == len(items)
    assert {item["side"] for item in items} == {"credit"}


def test_two_periods_are_compared(desk: Desk, client: Client, bearer: Bearer) -> None:
    head, reports = bearer("auditor"), f"/api/v1/organisations/{desk.school}/reports"
    desk.post(on=date(2026, 11, 2))
    asked = {"base_first": "2026-11", "base_last": "2026-11", "first": "2026-12", "last": "2026-12"}
    rows = client.get(f"{reports}/comparison", params=asked, headers=head).json()["items"]
    row = next(r for r in rows if r["account"] == "1316")
    assert Decimal(row["difference"]) == Decimal(row["amount"]) - Decimal(row["base"]) < 0


def test_what_cannot_be_asked_is_refused(desk: Desk, client: Client, bearer: Bearer) -> None:
    head, reports = bearer("auditor"), f"/api/v1/organisations/{desk.school}/reports"
    for path, asked, problem in (
        ("postings", {"part": "credit", "values": "nonsense"}, "value-malformed"),
        ("postings", {"part": "credit", "account": "9999"}, "account-unknown"),
        ("postings", {"part": "credit", "cursor": "1.2"}, "cursor-malformed"),
        ("correspondence", {"journal": "NONE"}, "journal-unknown"),
    ):
        answer = client.get(f"{reports}/{path}", params=MONTHS | asked, headers=head)
        assert (answer.status_code in (404, 422), answer.json()["title"]) == (True, problem)
    strangers = f"/api/v1/organisations/{desk.organisations[STRANGERS]}/reports/correspondence"
    assert client.get(strangers, params=MONTHS, headers=head).status_code == 404
