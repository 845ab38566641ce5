"""Months and years on their page: who may lock them, what is asked, what stays on record."""

from collections.abc import Callable
from datetime import date
from itertools import count

import pytest

from erp.base import uow
from erp.base.scope import system_scope
from erp.finance.journal import service as journal
from erp.finance.journal.schemas import PostEntry
from ledger import service as ledger
from tests.web.desk import LYCEUM, SUPPLIER, Desk, Reader, an_entry
from tests.web.outline import Outline

SignIn = Callable[[str], Reader]
_years = count(2025, -1)  # earlier and earlier: years are closed in order


@pytest.fixture
def office(sign_in: SignIn) -> Reader:
    """The chief accountant's office."""
    return sign_in("office")


@pytest.fixture
def lyceum(desk: Desk) -> int:
    return desk.organisations[LYCEUM]


@pytest.fixture
def year(desk: Desk, lyceum: int) -> int:
    """A year of the lyceum's books that no other test has, with an expense of 100.00 in March."""
    year = next(_years)
    everywhere = system_scope(lyceum)
    uow.run(
        desk.engine,
        everywhere,
        lambda u: ledger.open_books(u.connection, lyceum, LYCEUM, date(year, 1, 1), date(year, 12, 1), u.scope.actor),
    )
    return year


def an_expense(desk: Desk, organisation: int, year: int) -> int:
    line = {
        "debit": {"account": "7060", "dimensions": {"programme": "110.001", "specific": "149"}},
        "credit": {"account": "3210", "dimensions": {"counterparty": SUPPLIER}},
        "amount": "100.00",
    }
    command = PostEntry.model_validate(an_entry(effective_on=f"{year}-03-16", postings=[line], document_on=None))
    scope = system_scope(organisation)
    return uow.run(desk.engine, scope, lambda u: journal.post_entry(u, organisation, command))().entry_id


def months(reader: Reader, organisation: int) -> Outline:
    return Outline(reader.get(f"/o/{organisation}/months").text)


def state(page: Outline, place: str) -> str:
    row = page.one("tr", id=f"p-{place}")
    return next(e.text for e in row.inside if e["class"].startswith("state"))


def test_a_month_is_restricted_closed_and_opened_again_with_a_reason(office: Reader, lyceum: int, year: int) -> None:
    address, place = f"/o/{lyceum}/months/{year}-03", f"{year}-03"
    for button, expected in (("restrict", "restricted"), ("close", "closed")):
        answer = office.send(address, {"do": button})
        assert answer.headers["location"] == f"/o/{lyceum}/months#p-{place}"
        assert state(months(office, lyceum), place) == expected
    form = Outline(office.get(f"{address}/reopen").text).fields("period")
    refused = office.send(f"{address}/reopen", form | {"reason": "x"})
    assert refused.status_code == 422
    assert "at least 3 characters" in Outline(refused.text).one("p", id="reason-fault").text
    assert office.send(f"{address}/reopen", form | {"reason": "A bill came late"}).status_code == 303
    page = months(office, lyceum)
    assert state(page, place) == "open"
    history = page.one("ol", class_="timeline").text
    assert "A bill came late" in history
    assert "Ерлан Ахметов" in history
    assert f"March {year}" in history


def test_a_strange_month_or_button_is_no_page(office: Reader, lyceum: int) -> None:
    assert office.send(f"/o/{lyceum}/months/2026-13", {"do": "close"}).status_code == 404
    assert office.send(f"/o/{lyceum}/months/2026-03", {"do": "burn"}).status_code == 404
    unkept = office.send(f"/o/{lyceum}/months/1995-01", {"do": "close"})
    assert "not open for the month January 1995" in Outline(unkept.text).one("section", id="faults").text


def test_only_the_chief_accountant_is_offered_the_locks_and_has_them(desk: Desk, accountant: Reader) -> None:
    page = accountant.get(f"{desk.home}months").text
    assert "Months and years" in page
    assert "months/2026-03" not in page
    assert f"{desk.home}years" not in page
    assert accountant.send(f"{desk.home}months/2026-03", {"do": "close"}).status_code == 403
    assert accountant.get(f"{desk.home}years/2026/close").status_code == 403


def test_a_year_is_closed_reopened_with_a_reason_and_closed_anew(
    desk: Desk, office: Reader, lyceum: int, year: int
) -> None:
    entry, home = an_expense(desk, lyceum, year), f"/o/{lyceum}/"
    close, reopen = f"{home}years/{year}/close", f"{home}years/{year}/reopen"
    form = Outline(office.get(close).text).fields("period")
    early = Outline(office.send(close, form).text)
    assert "Close these months first: January" in early.one("section", id="faults").text
    for month in range(1, 13):
        office.send(f"{home}months/{year}-{month:02}", {"do": "close"})
    assert office.send(close, form).headers["location"] == f"{home}months#p-{year}"
    assert "Deficit of the year, ₸: 100,00" in " ".join(
        months(office, lyceum).one("section", id=f"p-{year}").text.split()
    )
    correction = office.get(f"{home}journal/{entry}/correct").text
    assert f"The year {year} is closed. Revenue and expenses" in correction

    balance = f"{home}trial-balance?from={year}-01&to={year}-12"
    assert "5210" in office.get(balance).text
    without = Outline(office.get(f"{balance}&closing=without").text)
    assert "5210" not in without.one("table").text
    assert "checked" in without.one("input", id="closing").attributes

    form = Outline(office.get(reopen).text).fields("period")
    assert office.send(reopen, form).status_code == 422
    assert office.send(reopen, form | {"reason": "An audit found a mistake"}).status_code == 303
    page = months(office, lyceum)
    assert state(page, f"{year}-12") == "restricted"
    assert "An audit found a mistake" in page.one("ol", class_="timeline").text
    office.send(f"{home}months/{year}-12", {"do": "close"})
    form = Outline(office.get(close).text).fields("period")
    assert office.send(close, form).status_code == 303


def test_another_language_keeps_the_reason_typed(office: Reader, lyceum: int) -> None:
    address = f"/o/{lyceum}/months/2026-01/reopen"
    form = Outline(office.get(address).text).fields("period")
    page = Outline(office.send(address, form | {"reason": "Typed already", "language": "ru"}).text)
    assert page.one("html")["lang"] == "ru"
    assert page.fields("period")["reason"] == "Typed already"
