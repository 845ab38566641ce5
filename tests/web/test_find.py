"""One field finds pages, numbers, amounts, codes and names: what one may see, and nothing else."""

from collections.abc import Callable
from datetime import date
from uuid import uuid4

import pytest

from erp.base import uow
from erp.base.layouts import Layout, retyped
from erp.base.scope import Scope
from erp.reference.counterparties import service as counterparties
from erp.reference.counterparties.schemas import KeepBankAccount
from ledger.model import Actor
from tests.web.desk import LYCEUM, SCHOOL, STRANGERS, SUPPLIER, Desk, Reader
from tests.web.outline import Outline

SignIn = Callable[[str], Reader]
IBAN = "KZ86125KZT5004100100"


def found(reader: Reader, words: str, at: int | None = None, **more: str) -> dict[str, str]:
    """Titles of what is found, with where each leads."""
    asked = {"q": words} | ({"at": str(at)} if at else {}) | more
    page = reader.client.get("/find", params=asked)
    assert page.status_code == 200, page.text
    return {e.text: e["href"] for e in Outline(page.text).one("main").inside if e.tag == "a"}


@pytest.fixture(scope="module")
def entry(furnished: Desk) -> tuple[int, str]:
    """An entry with an amount of its own: its id, and the number that pages show."""
    side = {"account": "3210", "dimensions": {"counterparty": SUPPLIER}}
    posting = {"debit": {"account": "1316", "quantity": "1"}, "credit": side, "amount": "77123.45"}
    posted = furnished.post(on=date(2026, 5, 5), memo="Found by its number", postings=[posting], key=str(uuid4()))
    scope = Scope(Actor(furnished.users["accountant"], "127.0.0.1"), writes=frozenset({furnished.school}))
    account = KeepBankAccount(iban=IBAN, bank="АО «Банк»")
    uow.run(furnished.engine, scope, lambda u: counterparties.keep_bank_account(u, furnished.school, SUPPLIER, account))
    with furnished.engine.connect() as connection:
        connection.exec_driver_sql(f"SELECT set_config('qazyna.reads', '{furnished.school}', false)")
        number = connection.exec_driver_sql(f"SELECT number FROM ledger_entry WHERE id = {posted}").scalar_one()
    return posted, f"MO-06 № {number}"


def test_an_entry_is_found_by_its_number(desk: Desk, accountant: Reader, entry: tuple[int, str]) -> None:
    posted, number = entry
    for words in (number, number.replace("MO", "МО"), number.replace(" № ", " "), f"{number}/2026"):
        assert found(accountant, words, desk.school)[number] == f"{desk.home}journal/{posted}", words
    assert number not in found(accountant, f"{number}/2025", desk.school)
    assert number in found(accountant, retyped(number.replace(" № ", " "), Layout.LATIN, Layout.RUSSIAN), desk.school)


@pytest.mark.parametrize("words", ["77 123,45", "77123.45", "77123,45 ₸", "-77123,45"])
def test_a_posting_is_found_by_its_amount(desk: Desk, accountant: Reader, entry: tuple[int, str], words: str) -> None:
    posted, number = entry
    assert found(accountant, words, desk.school)[number] == f"{desk.home}journal/{posted}"


def test_amounts_of_earlier_years_are_looked_for_when_asked(desk: Desk, accountant: Reader) -> None:
    page = Outline(accountant.get(f"/find?q=77123,45&at={desk.school}").text)
    assert any(e["href"].endswith("years=all") for e in page.all("a"))


@pytest.mark.parametrize("words", ["бумага", "paper llp", SUPPLIER, "1205 4000 0001", ",evfuf", IBAN, "KZ86 125"])
def test_a_counterparty_is_found_by_name_number_and_account(
    desk: Desk, accountant: Reader, entry: tuple[int, str], words: str
) -> None:
    assert f"{desk.home}counterparties/{SUPPLIER}" in found(accountant, words, desk.school).values()
    assert f"{desk.home}counterparties/{SUPPLIER}" in found(accountant, words).values(), "in all books too"


def test_an_account_is_found_by_code_and_by_name_in_any_language(desk: Desk, accountant: Reader) -> None:
    card = f"{desk.home}accounts/3210/card"
    assert card in found(accountant, "3210", desk.school).values()
    title = next(title for title, url in found(accountant, "3210", desk.school).items() if url == card)
    assert card in found(accountant, title.partition(" ")[2], desk.school).values()


@pytest.mark.parametrize("words", ["оборотно-сальдовая", "айналым-сальдо", "trial bal", "j,jhjnyj", "екшфд"])
def test_a_page_is_found_by_its_name_in_any_language_and_layout(desk: Desk, accountant: Reader, words: str) -> None:
    assert f"{desk.home}trial-balance" in found(accountant, words, desk.school).values()


def test_a_typical_entry_is_found_by_its_words(desk: Desk, accountant: Reader) -> None:
    hits = found(accountant, "wages", desk.school).values()
    assert any("/typical-entries?q=" in url for url in hits)


def test_without_words_all_that_is_open_is_listed(desk: Desk, sign_in: SignIn) -> None:
    accountant, auditor = (found(sign_in(login), "", desk.school) for login in ("accountant", "auditor"))
    assert {"New entry", "Journal", "Reports"} <= set(accountant)
    assert "New entry" not in auditor
    assert "Audit trail" in auditor
    assert not {"Administration", "People"} & set(accountant)


def test_books_of_others_are_not_looked_through(desk: Desk, sign_in: SignIn, entry: tuple[int, str]) -> None:
    """Neither by naming the organisation nor without; nor does the answer say that it is there."""
    for login in ("nobody", "office"):
        reader = sign_in(login)
        page = reader.get(f"/find?q={STRANGERS}&at={desk.organisations[STRANGERS]}").text
        nowhere = reader.get(f"/find?q={STRANGERS}&at=999999").text
        assert "Another’s hospital" not in page
        assert _plain(page) == _plain(nowhere)
    nobody = sign_in("nobody")
    assert all(not url.startswith("/o/") for url in found(nobody, "77123,45").values())
    assert all(not url.startswith("/o/") for url in found(nobody, SUPPLIER, desk.school).values())


def _plain(page: str) -> str:
    return Outline(page).one("main").text


def test_all_books_are_looked_through_at_once_and_each_finding_says_whose(
    desk: Desk, sign_in: SignIn, entry: tuple[int, str]
) -> None:
    office = sign_in("office")
    page = office.get("/find?q=77123,45").text
    assert "School-gymnasium No. 7" in Outline(page).one("main").text
    assert f"/o/{desk.organisations[LYCEUM]}/" in found(office, "лицей").values()
    assert f"/o/{desk.school}/" in found(office, SCHOOL).values()


def test_the_window_has_the_same_as_rows_of_a_list(desk: Desk, accountant: Reader, entry: tuple[int, str]) -> None:
    rows = Outline(accountant.get(f"/find/options?q=77123,45&at={desk.school}").text)
    options = rows.all("a", role="option")
    assert entry[1] in " ".join(e.text for e in options)
    assert len({e["id"] for e in options}) == len(options)
    assert rows.elements[0]["data-found"]


@pytest.mark.parametrize("words", ["%", "_", "\\", "''", "a" * 5000, "№", "/", "9" * 60, "KZ%", "٣٤"])
def test_a_hostile_question_finds_nothing_and_breaks_nothing(desk: Desk, accountant: Reader, words: str) -> None:
    for at in (desk.school, None):
        assert all("counterparties/" not in url for url in found(accountant, words, at).values())
