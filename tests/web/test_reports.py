"""Reports as pages and files: each figure opens to what makes it, files say what pages say, views are kept."""

import csv
from collections.abc import Callable
from datetime import date
from io import BytesIO, StringIO
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID
from zipfile import ZipFile

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import text

from erp.base import uow
from erp.base.scope import Scope
from erp.base.uow import UnitOfWork
from ledger.model import Actor
from tests.web.desk import SCHOOL, STRANGERS, SUPPLIER, Desk, Reader
from tests.web.outline import Element, Outline

SignIn = Callable[[str], Reader]
MONTHS = "from=2026-01&to=2026-12"
OFF_BALANCE = {"debit": {"account": "01"}, "credit": {"account": ""}, "amount": "70"}
"""Posted on one side."""


@pytest.fixture(scope="module", autouse=True)
def posted(furnished: Desk) -> None:
    """Some correspondence beside that of the other tests, one entry taken back."""
    supplier = {"account": "3210", "dimensions": {"counterparty": SUPPLIER}}
    materials = {"account": "1316", "quantity": "5"}

    def post(no: int, **said: Any) -> None:
        """Once for a desk, though the tests of this module come in several turns."""
        furnished.post(key=str(UUID(int=no)), **said)

    post(1, on=date(2026, 2, 3), memo="=HYPERLINK(1)", document_number="@15")
    post(2, on=date(2026, 3, 4), postings=[{"debit": materials, "credit": supplier, "amount": "50.05"}])
    back = {"debit": supplier, "credit": materials, "amount": "10.01"}
    post(3, on=date(2026, 4, 5), journal="MO-16", postings=[back])
    post(4, on=date(2026, 4, 6), journal="MO-16", postings=[OFF_BALANCE])


REPORTS = [
    f"trial-balance?{MONTHS}",
    f"trial-balance?{MONTHS}&by=counterparty",
    f"trial-balance?{MONTHS}&by=counterparty&by2=item",
    "trial-balance?from=2026-03&to=2026-04&by=dimensions",
    "trial-balance?from=2026-03&to=2026-04&day=03.04.2026&closing=without",
    f"reports/analysis?{MONTHS}&account=3210",
    f"reports/analysis?{MONTHS}&account=1310",
    f"reports/ledger-book?{MONTHS}&account=3210",
    f"reports/journal-order?{MONTHS}&account=1316",
    f"reports/chessboard?{MONTHS}",
    f"reports/by-value?{MONTHS}",
    f"reports/by-value?{MONTHS}&by=item",
    "reports/comparison?base-from=2026-02&base-to=2026-03&from=2026-04&to=2026-12&part=closing&by=counterparty",
    f"reports/memorial-orders?{MONTHS}&month=2026-04&journal=MO-16",
]


def figures(page: Outline) -> list[Element]:
    return [a for a in page.one("main").inside if a.tag == "a" and "figure" in a["class"].split()]


def tiyn(text: str) -> int:
    return int(text.replace("\u00a0", "").replace(",", "").replace("\u2212", "-").replace(" ", ""))


@pytest.mark.parametrize("path", REPORTS)
def test_each_figure_opens_to_postings_that_sum_up_to_it(desk: Desk, accountant: Reader, path: str) -> None:
    answer = accountant.get(f"{desk.home}{path}")
    assert answer.status_code == 200, answer.text
    shown = figures(Outline(answer.text))
    assert shown, "the report has figures"
    for figure in {a["href"]: a for a in shown[-12:]}.values():
        page = Outline(accountant.get(figure["href"]).text)
        total = next(e for e in page.one("tfoot").inside if e["class"] == "number")
        assert abs(tiyn(total.text.removeprefix("Dt ").removeprefix("Ct "))) == abs(tiyn(figure.text)), figure["href"]
        back = page.one("p", class_="back").inside[0]["href"]
        address, _, place = back.partition("#")
        assert address.split("?")[0] == f"{desk.home}{path.split('?')[0]}"
        assert parse_qs(urlsplit(address).query) == parse_qs(urlsplit(path).query)
        assert any(e["id"] == place for e in Outline(answer.text).elements), "the way back leads to the figure's row"


def test_a_posting_behind_a_figure_opens_and_leads_back_to_its_line(desk: Desk, accountant: Reader) -> None:
    board = Outline(accountant.get(f"{desk.home}reports/chessboard?{MONTHS}").text)
    behind = figures(board)[0]["href"]
    line = next(a for a in Outline(accountant.get(behind).text).one("tbody").inside if a["class"] == "row-link")
    back = Outline(accountant.get(line["href"]).text).one("p", class_="back").inside[0]["href"]
    assert back.startswith(f"{desk.home}reports/postings?")
    assert back.partition("#")[2].startswith("p-")


def test_memorial_orders_lead_to_the_order_of_a_month(desk: Desk, accountant: Reader) -> None:
    page = Outline(accountant.get(f"{desk.home}reports/memorial-orders?{MONTHS}").text)
    assert "have not been compared" in page.one("p", class_="legend").text
    order = next(a for a in page.one("tbody").inside if a.tag == "a" and "month=2026-04&journal=MO-16" in a["href"])
    opened = Outline(accountant.get(order["href"]).text)
    assert "MO-16" in opened.one("h1").text
    assert "April 2026" in opened.one("h1").text
    assert "10,01" in opened.one("tfoot").text


OTHER_LISTS = [f"journal?{MONTHS}", f"accounts/3210/card?{MONTHS}", f"reports/memorial-orders?{MONTHS}"]


@pytest.mark.parametrize("path", [*REPORTS, *OTHER_LISTS])
def test_a_spreadsheet_says_what_the_page_says(desk: Desk, accountant: Reader, path: str) -> None:
    page = Outline(accountant.get(f"{desk.home}{path}").text)
    answer = accountant.get(f"{desk.home}{path}&as=xlsx")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment")
    rows = CalamineWorkbook.from_filelike(BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    head = "\n".join(str(row[0]) for row in rows[:8])
    for said in ("School-gymnasium No. 7", f"BIN: {SCHOOL}", "Period: ", "Made: ", "Айгүл Серікова"):
        assert said in head
    numbers = [round(cell * 100) for cell in rows[-1] if isinstance(cell, float)]
    shown = {tiyn(e.text) for e in page.elements if "figure" in e["class"].split() and e.text}
    if "journal?" not in path:
        counted = {int(e.text) * 100 for e in page.all("td", class_="number") if e.text.isdecimal()}
        assert {abs(number) for number in numbers if number} <= {abs(each) for each in shown} | counted
    with ZipFile(BytesIO(answer.content)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert 'state="frozen"' in sheet
    assert "HYPERLINK(1)</f>" not in sheet
    if page.all("tfoot") and "analysis" not in path:
        assert "<f>SUM" in sheet


def test_totals_of_a_spreadsheet_are_formulas_with_the_page_s_values(desk: Desk, accountant: Reader) -> None:
    page = Outline(accountant.get(f"{desk.home}trial-balance?{MONTHS}").text)
    totals = [tiyn(e.text) for e in page.one("tfoot").inside if e.tag == "td"]
    content = accountant.get(f"{desk.home}trial-balance?{MONTHS}&as=xlsx").content
    rows = CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_index(0).to_python()
    assert [round(cell * 100) for cell in rows[-1][2:8]] == totals


def test_the_journal_s_file_adds_up_to_its_turnover_and_runs_nothing(desk: Desk, accountant: Reader) -> None:
    content = accountant.get(f"{desk.home}journal?{MONTHS}&as=csv").content
    assert content.startswith(b"\xef\xbb\xbf")
    assert b"\r\n" in content
    rows = list(csv.reader(StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))
    at = rows[0].index("Amount, ₸")
    total = sum(int(row[at].replace(",", "")) for row in rows[1:] if row[6])
    page = Outline(accountant.get(f"{desk.home}trial-balance?{MONTHS}").text)
    assert total == tiyn([e.text for e in page.one("tfoot").inside if e.tag == "td"][2])
    assert any("'=HYPERLINK(1)" in row for row in rows)
    assert not any(cell.startswith(("=", "@", "+")) for row in rows for cell in row)
    narrowed = accountant.get(f"{desk.home}journal?{MONTHS}&text=HYPERLINK&as=csv").content.decode("utf-8-sig")
    assert len(narrowed.strip().splitlines()) == 2


def test_a_file_is_in_the_person_s_language(desk: Desk, accountant: Reader) -> None:
    accountant.send("/preferences", {"language": "ru", "next": desk.home})
    head = accountant.get(f"{desk.home}journal?{MONTHS}&as=csv").content.decode("utf-8-sig").splitlines()[0]
    accountant.send("/preferences", {"language": "en", "next": desk.home})
    assert "Сумма, ₸" in head


def test_a_report_asked_wrongly_says_so_above_its_form(desk: Desk, accountant: Reader) -> None:
    for path, words in (
        ("reports/analysis?account=9999", "There is no account “9999”"),
        ("reports/chessboard?from=2026-13", "is not a month"),
        ("reports/memorial-orders?month=2026-04&journal=NONE", "There is no journal “NONE”"),
        ("reports/comparison?base-from=2026-05&base-to=2026-01", "ends"),
        ("reports/chessboard?known=01.01.2199 00:00", "is still to come"),
    ):
        answer = accountant.get(f"{desk.home}{path}")
        assert answer.status_code in (404, 422), path
        assert words in Outline(answer.text).one("section", id="faults").text
    assert "Choose the account" in accountant.get(f"{desk.home}reports/ledger-book").text


@pytest.mark.parametrize(
    "path",
    [
        "reports/postings",
        "reports/postings?part=debit&edition=99999999999",
        "reports/postings?part=debit&since=1",
        "reports/postings?part=debit&cursor=1.2.3",
        "reports/postings?part=debit&cursor=20260101.99999999999999999999.1.0",
        "reports/postings?part=debit&account=%3Cscript%3E",
        "reports/analysis?account=%27",
        "reports/chessboard?page=99999",
        "reports/views/new?of=//evil.example",
        "reports/views/new?of=/sign-out",
        "journal?from=2026-13&as=xlsx",
        "trial-balance?from=2026-13&as=xlsx",
        "reports/postings?part=debit&from=2026-13&as=csv",
        "accounts/3210/card?from=2026-13&as=csv",
    ],
)
def test_a_hostile_address_of_a_report_breaks_nothing(desk: Desk, accountant: Reader, path: str) -> None:
    answer = accountant.get(f"{desk.home}{path}")
    assert answer.status_code < 500
    assert "<script>" not in answer.text
    assert "content-disposition" not in answer.headers


def test_another_s_reports_and_files_are_not_there(desk: Desk, accountant: Reader) -> None:
    board = "reports/chessboard"
    for path in ("reports", board, f"{board}?as=xlsx", "reports/postings?part=debit", "journal?as=csv"):
        assert accountant.get(f"/o/{desk.organisations[STRANGERS]}/{path}").status_code == 404, path


# ---------------------------------------------------------------- saved views


def keep(reader: Reader, desk: Desk, name: str, path: str, **fields: str) -> Any:
    address = f"{desk.home}reports/views/new?of={desk.home}{path.replace('?', '%3F').replace('&', '%26')}"
    return reader.send(address, {"name": name, "do": "send", **fields})


def test_a_view_is_kept_shared_begun_with_and_forgotten(desk: Desk, accountant: Reader, sign_in: SignIn) -> None:
    office = sign_in("office")
    path = f"reports/chessboard?{MONTHS}&page=2"
    assert keep(office, desk, "Whole year", path, shared_with="auditor", start="on").status_code == 303
    page = Outline(office.get(f"{desk.home}reports").text)
    view = next(a for a in page.one("section", id="views").inside if a.text == "Whole year")
    assert view["href"] == f"{desk.home}reports/chessboard?{MONTHS}"
    assert "start page" in page.one("section", id="views").text

    assert "Whole year" not in accountant.get(f"{desk.home}reports").text, "it is not shared with accountants"
    auditor = sign_in("auditor")
    shared = Outline(auditor.get(f"{desk.home}reports").text)
    row = next(e for e in shared.one("section", id="views").inside if e.tag == "tr" and "Whole year" in e.text)
    assert not any("/delete" in e["action"] for e in row.inside)
    begin = next(e["action"] for e in row.inside if e.tag == "form")
    assert auditor.send(begin, {}).status_code == 303
    assert auditor.get("/").headers["location"] == f"{desk.home}reports/chessboard?{MONTHS}"
    assert auditor.send(begin.replace("/start", "/delete"), {}).status_code == 404
    assert auditor.send(f"{desk.home}reports/views/home", {}).status_code == 303
    assert auditor.get("/").headers["location"] == desk.home

    again = keep(office, desk, "Whole year", path)
    assert again.status_code in (409, 422)
    assert "already" in again.text
    delete = begin.replace("/start", "/delete")
    assert office.send(delete, {}).status_code == 303
    assert "Whole year" not in office.get(f"{desk.home}reports").text


def test_a_view_needs_a_name_and_a_page_that_can_be_kept(desk: Desk, accountant: Reader) -> None:
    answer = keep(accountant, desk, "", f"trial-balance?{MONTHS}")
    assert answer.status_code == 422
    assert "Fill in this field" in answer.text
    assert keep(accountant, desk, "x" * 121, "trial-balance").status_code == 422
    assert keep(accountant, desk, "Mine", "months").status_code in (404, 422)


def test_keeping_a_view_stands_in_the_trail(desk: Desk, accountant: Reader) -> None:
    assert keep(accountant, desk, "Audited", "trial-balance").status_code == 303

    def actions(u: UnitOfWork) -> set[str]:
        return set(u.execute(text("SELECT action FROM base_audit_event WHERE subject LIKE 'view:%'")).scalars())

    assert "view-saved" in uow.read(desk.engine, Scope(Actor(0, "test"), audits=frozenset({desk.school})), actions)
