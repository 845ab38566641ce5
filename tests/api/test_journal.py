"""The journal over HTTP: commands, views, and how each is refused."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from litestar.testing import TestClient

from erp.base.clock import now
from tests.factories.seals import seal_everything
from tests.web.desk import LYCEUM, STRANGERS, SUPPLIER, Desk, an_entry

Bearer = Callable[[str], dict[str, str]]
Client = TestClient[Any]


def books(desk: Desk, organisation: int | None = None) -> str:
    return f"/api/v1/organisations/{organisation or desk.school}"


def test_an_entry_is_posted_read_back_and_cancelled(desk: Desk, client: Client, bearer: Bearer) -> None:
    head = bearer("accountant")
    posted = client.post(f"{books(desk)}/entries", json=an_entry(memo="Chalk"), headers=head)
    assert posted.status_code == 201
    entry_id = posted.json()["entry_id"]
    entry = client.get(f"{books(desk)}/entries/{entry_id}", headers=head).json()
    assert (entry["memo"], entry["amount"], entry["postings"][0]["debit"]["account"]) == ("Chalk", "1234.56", "1316")
    command = {"key": str(uuid4()), "effective_on": "2026-03-20", "reason": "typed twice"}
    storno = client.post(f"{books(desk)}/entries/{entry_id}/storno", json=command, headers=head)
    assert storno.status_code == 201
    entry = client.get(f"{books(desk)}/entries/{entry_id}", headers=head).json()
    assert entry["cancelled_by"]["reason"] == "typed twice"
    again = client.post(f"{books(desk)}/entries/{entry_id}/storno", json=command | {"key": str(uuid4())}, headers=head)
    assert (again.status_code, again.json()["title"]) == (409, "already-corrected")


def test_the_same_key_posts_once_and_another_content_is_refused(desk: Desk, client: Client, bearer: Bearer) -> None:
    head, command = bearer("accountant"), an_entry()
    first, second = (client.post(f"{books(desk)}/entries", json=command, headers=head).json() for _ in range(2))
    assert (first["is_new"], second["is_new"]) == (True, False)
    assert first["entry_id"] == second["entry_id"]
    other = client.post(f"{books(desk)}/entries", json=command | {"memo": "else"}, headers=head)
    assert (other.status_code, other.json()["title"]) == (409, "key-reused")


def test_the_trial_balance_the_card_and_the_entries_agree(desk: Desk, client: Client, bearer: Bearer) -> None:
    head, months = bearer("auditor"), "first=2026-01&last=2026-12"
    desk.post(memo="One more")
    table = client.get(f"{books(desk)}/trial-balance?{months}", headers=head).json()
    assert table["debit"] == table["credit"]
    assert table["closing_debit"] == table["closing_credit"]
    row = next(r for r in table["rows"] if r["account"] == "1316")
    card = client.get(f"{books(desk)}/accounts/1316/card?{months}&limit=500", headers=head).json()
    assert (card["debit"], card["credit"], card["closing"]) == (row["debit"], row["credit"], row["closing"])
    assert card["items"][-1]["balance"] == row["closing"]
    by_dimensions = client.get(f"{books(desk)}/trial-balance?{months}&by_dimensions=true", headers=head).json()
    assert by_dimensions["debit"] == table["debit"]


def test_a_trial_balance_is_as_of_a_day_and_as_known_at_an_instant(desk: Desk, client: Client, bearer: Bearer) -> None:
    head, months = bearer("auditor"), {"first": "2026-08", "last": "2026-08"}

    def debit(**asked: str) -> str:
        answer = client.get(f"{books(desk)}/trial-balance", params=months | asked, headers=head)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["debit"])

    desk.post(on=date(2026, 8, 5))
    seal_everything(desk.engine.url.render_as_string(hide_password=False))
    first_known = now()
    desk.post(on=date(2026, 8, 20))
    assert (debit(), debit(day="2026-08-19"), debit(day="2026-08-20")) == ("2469.12", "1234.56", "2469.12")
    for _ in range(2):
        assert debit(known_at=first_known.isoformat()) == "1234.56"
    later = months | {"known_at": "2199-01-01T00:00:00"}
    still_to_come = client.get(f"{books(desk)}/trial-balance", params=later, headers=head)
    assert (still_to_come.status_code, still_to_come.json()["title"]) == (422, "instant-to-come")


def test_the_books_a_person_may_read_are_added_up(desk: Desk, client: Client, bearer: Bearer) -> None:
    months = {"first": "2026-01", "last": "2026-12"}

    def tables(login: str) -> tuple[Any, list[Any]]:
        head = bearer(login)
        joint = client.get("/api/v1/trial-balance", params=months, headers=head)
        assert joint.status_code == 200, joint.text
        apart = [
            client.get(f"/api/v1/organisations/{id_}/trial-balance", params=months, headers=head)
            for id_ in desk.organisations.values()
        ]
        return joint.json(), [table.json() for table in apart if table.status_code == 200]

    desk.post(memo="One more")
    for login in ("accountant", "auditor"):
        joint, apart = tables(login)
        assert apart
        for column in ("debit", "credit"):
            assert Decimal(joint[column]) == sum(Decimal(table[column]) for table in apart)
    assert client.get("/api/v1/trial-balance", params=months).status_code == 401


def test_quantities_and_currencies_stand_beside_the_amounts(desk: Desk, client: Client, bearer: Bearer) -> None:
    head, months = bearer("accountant"), "first=2026-09&last=2026-09"
    dollars = {"account": "1051", "dimensions": {"currency": "USD"}, "currency_amount": "78.43"}
    line = {"debit": {"account": "1315", "quantity": "212.5"}, "credit": dollars, "amount": "41000.00"}
    entry_id = desk.post(on=date(2026, 9, 1), postings=[line, line])
    posting = client.get(f"{books(desk)}/entries/{entry_id}", headers=head).json()["postings"][0]
    assert (posting["debit"]["quantity"], posting["credit"]["currency_amount"]) == ("212.5", "78.43")
    rows = client.get(f"{books(desk)}/trial-balance?{months}&by_dimensions=true", headers=head).json()["rows"]
    by_account = {row["account"]: row for row in rows}
    assert by_account["1315"]["quantity"]["closing"] == "425"
    assert by_account["1051"]["currency"]["credit"] == "156.86"
    card = f"{books(desk)}/accounts/1315/card?{months}"
    first = client.get(f"{card}&limit=1", headers=head).json()
    second = client.get(f"{card}&limit=1&cursor={first['next']}", headers=head).json()
    assert [line["quantity"] for line in first["items"] + second["items"]] == ["212.5", "212.5"]
    assert first["quantity"] == second["quantity"] == by_account["1315"]["quantity"]


def test_an_off_balance_account_is_kept_on_one_side(desk: Desk, client: Client, bearer: Bearer) -> None:
    head, months = bearer("accountant"), "first=2026-10&last=2026-10"
    entry_id = desk.post(
        on=date(2026, 10, 1), postings=[{"debit": {"account": "03", "quantity": "150"}, "amount": "15000.00"}]
    )
    posting = client.get(f"{books(desk)}/entries/{entry_id}", headers=head).json()["postings"][0]
    assert (posting["debit"]["account"], posting["credit"]) == ("03", None)
    rows = client.get(f"{books(desk)}/trial-balance?{months}", headers=head).json()["rows"]
    assert [row["closing"] for row in rows if row["account"] in ("00", "03")] == ["15000.00"]
    card = client.get(f"{books(desk)}/accounts/03/card?{months}", headers=head).json()
    assert card["items"][0]["corresponding_account"] == ""
    assert "00" not in [a["code"] for a in client.get(f"{books(desk)}/accounts", headers=head).json()["items"]]


def test_pages_of_a_card_and_of_the_journal_join_without_a_gap(desk: Desk, client: Client, bearer: Bearer) -> None:
    head = bearer("accountant")
    for n in range(5):
        desk.post(memo=f"Page {n}")

    def walk(address: str) -> list[Any]:
        found, cursor = [], ""
        while True:
            page = client.get(f"{address}&limit=2{cursor}", headers=head).json()
            found += page["items"]
            if page["next"] is None:
                return found
            cursor = f"&cursor={page['next']}"

    card = f"{books(desk)}/accounts/3210/card?first=2026-01&last=2026-12"
    assert walk(card) == client.get(f"{card}&limit=500", headers=head).json()["items"]
    journal = f"{books(desk)}/entries?first=2026-01&last=2026-12"
    assert walk(journal) == client.get(f"{journal}&limit=500", headers=head).json()["items"]


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"postings": [{"debit": {"account": "1010"}, "credit": {"account": "3210"}, "amount": "1"}]},
         "/postings/0/credit/dimensions/counterparty", "value-missing"),
        ({"postings": [{"debit": {"account": "9999"}, "credit": {"account": "1010"}, "amount": "1"}]},
         "/postings/0/debit/account", "account-unknown"),
        ({"postings": [{"debit": {"account": "1000"}, "credit": {"account": "1010"}, "amount": "1"}]},
         "/postings/0/debit/account", "account-not-postable"),
        ({"postings": [{"debit": {"account": "1010"}, "credit": {"account": "1010"}, "amount": "1"}]},
         "/postings/0/credit/account", "same-sides"),
        ({"postings": [{"debit": {"account": "1010"}, "credit": {"account": "2310"}, "amount": "0"}]},
         "/postings/0/amount", "amount-zero"),
        ({"postings": [{"debit": {"account": "01"}, "credit": {"account": "1010"}, "amount": "1"}]},
         "/postings/0/credit/account", "off-balance-mixed"),
        ({"postings": [{"debit": {"account": "1315"}, "credit": {"account": "1010"}, "amount": "1"}]},
         "/postings/0/debit/quantity", "quantity-missing"),
        ({"postings": [{"debit": {"account": "1010", "quantity": "1"}, "credit": {"account": "2310"}, "amount": "1"}]},
         "/postings/0/debit/quantity", "quantity-not-kept"),
        ({"postings": [{"debit": {"account": "1315", "quantity": "-1"}, "credit": {"account": "1010"}, "amount": "1"}]},
         "/postings/0/debit/quantity", "signs-differ"),
        ({"postings": [{"debit": {"account": "1051", "dimensions": {"currency": "USD"}},
                        "credit": {"account": "1010"}, "amount": "1"}]},
         "/postings/0/debit/currency_amount", "currency-amount-missing"),
        ({"postings": [{"debit": {"account": "1010", "currency_amount": "1"},
                        "credit": {"account": "2310"}, "amount": "1"}]},
         "/postings/0/debit/currency_amount", "currency-amount-not-kept"),
        ({"postings": [{"debit": {"account": "1051", "dimensions": {"currency": "JPY"}, "currency_amount": "1.5"},
                        "credit": {"account": "1010"}, "amount": "1"}]},
         "/postings/0/debit/currency_amount", "number-malformed"),
        ({"postings": [{"debit": {"account": "1010"}, "amount": "1"}]},
         "/postings/0/credit/account", "account-missing"),
        ({"journal": "MO-99"}, "/journal", "journal-unknown"),
        ({"journal": "OPEN"}, "/journal", "journal-reserved"),
    ],
)  # fmt: skip
def test_a_faulty_line_is_named_by_its_place(
    desk: Desk, client: Client, bearer: Bearer, change: dict[str, Any], pointer: str, code: str
) -> None:
    answer = client.post(f"{books(desk)}/entries", json=an_entry(**change), headers=bearer("accountant"))
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [(pointer, code)]


def test_what_is_no_command_is_refused_field_by_field(desk: Desk, client: Client, bearer: Bearer) -> None:
    line = {"debit": {"account": "1010"}, "credit": {"account": "2310"}, "amount": "12,345,6"}
    answer = client.post(
        f"{books(desk)}/entries", json=an_entry(key="x", postings=[line], colour="red"), headers=bearer("accountant")
    )
    assert answer.status_code == 400
    assert {e["pointer"] for e in answer.json()["errors"]} >= {"/key", "/postings/0/amount", "/colour"}


def test_a_month_that_is_not_open_refuses(desk: Desk, client: Client, bearer: Bearer) -> None:
    answer = client.post(
        f"{books(desk)}/entries", json=an_entry(effective_on="2027-01-05"), headers=bearer("accountant")
    )
    assert (answer.status_code, answer.json()["title"]) == (409, "period-not-opened")
    assert answer.json()["fields"]["month"] == "2027-01"


@pytest.mark.parametrize("day", [1795305600, "0001-01-01", "9999-12-31", "31.02.2026", "tomorrow"])
def test_a_day_is_a_text_of_a_year_that_the_ledger_keeps(desk: Desk, client: Client, bearer: Bearer, day: Any) -> None:
    head = bearer("accountant")
    for field in ("effective_on", "document_on"):
        answer = client.post(f"{books(desk)}/entries", json=an_entry(**{field: day}), headers=head)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, f"/{field}")


def test_each_line_by_dimensions_opens_to_a_card_of_its_own(desk: Desk, client: Client, bearer: Bearer) -> None:
    head, months = bearer("accountant"), "first=2026-01&last=2026-12"
    for contract in ("7", "8", ""):
        credit = {"account": "3210", "dimensions": {"counterparty": SUPPLIER, "contract": contract}}
        line = {"debit": {"account": "1316", "quantity": "2"}, "credit": credit, "amount": f"{contract or 9}00.00"}
        desk.post(postings=[line, line])
    rows = client.get(f"{books(desk)}/trial-balance?{months}&by_dimensions=true", headers=head).json()["rows"]
    own = [r for r in rows if r["account"] == "3210"]
    assert len(own) == 3
    for row in own:
        card = f"{books(desk)}/accounts/3210/card?{months}&subaccount={row['subaccount']}"
        whole = client.get(f"{card}&limit=500", headers=head).json()
        assert (whole["debit"], whole["credit"], whole["closing"]) == (row["debit"], row["credit"], row["closing"])
        assert whole["items"][-1]["balance"] == row["closing"]
        assert {tuple(line["dimensions"].items()) for line in whole["items"]} == {tuple(row["dimensions"].items())}
        first = client.get(f"{card}&limit=1", headers=head).json()
        second = client.get(f"{card}&limit=1&cursor={first['next']}", headers=head).json()
        assert first["items"] + second["items"] == whole["items"][:2]
    foreign = client.get(f"{books(desk)}/accounts/1316/card?{months}&subaccount={own[0]['subaccount']}", headers=head)
    assert (foreign.status_code, foreign.json()["title"]) == (404, "subaccount-unknown")


def test_totals_past_any_one_balance_are_still_shown(desk: Desk, client: Client, bearer: Bearer) -> None:
    head = bearer("office")
    lyceum = desk.organisations[LYCEUM]
    lines = [{"debit": {"account": "2310"}, "credit": {"account": "2391"}, "amount": "90000000000000.00"}] * 1000
    for day in ("2026-10-01", "2026-11-01", "2026-12-01"):
        posted = client.post(
            f"{books(desk, lyceum)}/entries", json=an_entry(effective_on=day, postings=lines), headers=head
        )
        assert posted.status_code == 201
    span = "first=2026-10&last=2026-12"
    total = "270000000000000000.00"
    table = client.get(f"{books(desk, lyceum)}/trial-balance?{span}", headers=head).json()
    card = client.get(f"{books(desk, lyceum)}/accounts/2310/card?{span}&limit=1", headers=head).json()
    assert (table["debit"], card["closing"]) == (total, total)


def test_a_nul_character_is_refused_and_breaks_nothing(desk: Desk, client: Client, bearer: Bearer) -> None:
    head = bearer("accountant")
    assert client.post(f"{books(desk)}/entries", json=an_entry(memo="a\0b"), headers=head).status_code == 400
    assert client.get(f"{books(desk)}/entries?text=a%00b", headers=head).status_code == 422
    assert client.get(f"{books(desk)}/accounts/1%00/card?first=2026-01&last=2026-02", headers=head).status_code == 422
    assert client.options("/healthz").status_code == 204


def test_refusals_speak_the_callers_language(desk: Desk, client: Client, bearer: Bearer) -> None:
    details = {
        language: client.get(
            f"{books(desk)}/entries/1000000", headers=bearer("accountant") | {"Cookie": f"qazyna_language={language}"}
        ).json()["detail"]
        for language in ("kk", "ru", "en")
    }
    assert len(set(details.values())) == 3


def test_nobody_without_a_role_learns_that_the_books_exist(desk: Desk, client: Client, bearer: Bearer) -> None:
    strangers = desk.organisations[STRANGERS]
    for path in ("entries", "entries/1", "trial-balance?first=2026-01&last=2026-02", "accounts",
                 "accounts/1010/card?first=2026-01&last=2026-02"):  # fmt: skip
        real = client.get(f"{books(desk, strangers)}/{path}", headers=bearer("accountant"))
        none = client.get(f"{books(desk, 999_999)}/{path}", headers=bearer("accountant"))
        assert (real.status_code, real.json()) == (404, none.json())
        assert client.get(f"{books(desk)}/{path}").status_code == 401


def test_an_auditor_reads_and_changes_nothing(desk: Desk, client: Client, bearer: Bearer) -> None:
    head, entry_id = bearer("auditor"), desk.post()
    assert client.get(f"{books(desk)}/entries/{entry_id}", headers=head).status_code == 200
    assert client.post(f"{books(desk)}/entries", json=an_entry(), headers=head).status_code == 403
    command = {"key": str(uuid4()), "effective_on": "2026-03-20", "reason": "not mine"}
    assert client.post(f"{books(desk)}/entries/{entry_id}/storno", json=command, headers=head).status_code == 403


def test_sixty_four_requests_on_one_account_all_count(desk: Desk, client: Client, bearer: Bearer) -> None:
    head = bearer("accountant")

    def post(_: int) -> tuple[int, int]:
        answer = client.post(f"{books(desk)}/entries", json=an_entry(journal="MO-07"), headers=head)
        return answer.status_code, answer.json()["number"]

    with ThreadPoolExecutor(64) as crowd:
        answers = list(crowd.map(post, range(64)))
    assert {status for status, _ in answers} == {201}
    assert sorted(number for _, number in answers) == list(range(1, 65))
