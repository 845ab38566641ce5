"""The pages of a takeover, as plain forms: a school moves over and reaches zero."""

import io
import re
from collections.abc import Callable, Iterator
from datetime import date

import pytest
from httpx import Response

from erp.finance.takeover.files import job
from qazyna.worker import Worker
from tests.conftest import TestServer
from tests.factories import loops, onec
from tests.factories.onec import Their, TheirPosting, Theirs
from tests.web.desk import SUPPLIER, Desk, Reader, furnish
from tests.web.outline import Outline

JANUARY = date(2026, 1, 1)
NAME = "ТОО «Бумага»"
PAPER, OWED = Their("1316", ("Бумага",)), Their("3210", (NAME,))
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture(scope="module")
def furnished(server: TestServer) -> Iterator[Desk]:
    """A desk of this module's own: a school's books are taken over here."""
    url = server.new_database()
    desk = furnish(url)
    yield desk
    desk.engine.dispose()
    server.drop_database(url)


@pytest.fixture
def office(sign_in: Callable[[str], Reader]) -> Reader:
    return sign_in("office")


def books() -> Theirs:
    made = Theirs(
        names={"1010": "Касса", "3210": "Кредиторская задолженность", "1316": "Шаруашылыќ материалдары",
               "5220": "Результат прошлых лет"},
        kinds={"3210": ("Контрагенты",), "1316": ("Номенклатура",)},
        counterparties={NAME: SUPPLIER},
    )  # fmt: skip
    made.opening = {Their("1010"): 100_000, OWED: -40_000, Their("5220"): -60_000}
    made.postings = [
        TheirPosting(
            date(2026, 1, 15), "Поступление 0001 от 15.01.2026 12:00:00", PAPER, OWED, 123_456, "ќўжат бойынша"
        )
    ]
    return made


def send_file(by: Reader, address: str, name: str, content: bytes) -> Response:
    page = by.get(address).text
    token = re.search(r'name="csrf" value="([0-9a-f]+)"', page)
    assert token
    return by.client.post(
        f"{address}/files",
        data={"csrf": token[1], "key": key_of(page)},
        files={"file": (f"{name}.xlsx", io.BytesIO(content), _XLSX)},
        follow_redirects=False,
    )


def key_of(page: str) -> str:
    found = re.search(r'name="key" value="([0-9a-f-]{36})"', page)
    assert found
    return found[1]


def test_a_school_moves_over_page_by_page_down_to_zero(desk: Desk, office: Reader) -> None:
    begun = office.send(f"{desk.home}takeover", {"starts_on": "01.01.2026", "source_program": "1С:Бухгалтерия 8"})
    assert begun.status_code == 303, begun.text
    home = begun.headers["location"]
    assert "Nothing is taken in yet" in office.get(home).text
    theirs = books()
    for name, content in (
        ("осв", onec.balance(theirs, JANUARY)),
        ("проводки", onec.journal(theirs, JANUARY)),
        ("контрагенты", onec.counterparties(theirs)),
    ):
        assert send_file(office, home, name, content).status_code == 303
    page = office.get(home).text
    assert "Trial balance" in page
    assert "Сальдо на начало периода" in page, "what was recognised is told"
    words = office.get(f"{home}/words").text
    assert "Шаруашылық" in words
    assert office.send(f"{home}/words", {"word:Шаруашылыќ": "yes", "word:ќўжат": "yes"}).status_code == 303
    assert "Mapping of accounts" in office.get(f"{home}/accounts").text
    assert office.send(f"{home}/accounts", {"least": "60"}).status_code == 303
    accepted = office.get(f"{home}/account?code=3210").text
    assert Outline(accepted).one("input", id="ours")["value"] == "3210"
    said = {"code": "1316", "ours": "1316", "places": "1", "place0": ""}
    assert office.send(f"{home}/account", said).status_code == 303
    assert office.send(f"{home}/values", {"do": "accept"}).status_code == 303
    for language in ("kk", "ru", "en"):
        office.client.cookies.set("qazyna_language", language)
        for step in ("", "/words", "/counterparties", "/accounts", "/values", "/opening", "/months", "/months/2026-01"):
            assert office.get(f"{home}{step}").status_code == 200, f"{step} in {language}"
    opening = office.get(f"{home}/opening").text
    assert "Post the opening balances" in opening
    posted = office.send(f"{home}/opening", {"do": "post", "key": key_of(opening)})
    assert posted.status_code == 303, posted.text
    assert "tied to the file to the tiyn" in office.get(f"{home}/opening").text
    compare = office.get(f"{home}/compare").text
    way = re.search(rf'href="({home}/compare/\d+)"', compare)
    assert way
    differences = office.get(way[1]).text
    assert "1316" in differences
    behind = re.search(rf'href="({way[1]}/behind\?account=1316[^"]*)"', differences)
    assert behind
    drilled = office.get(behind[1].replace("&amp;", "&")).text
    assert "құжат бойынша" in drilled, "the text of a posting is repaired where it is shown"
    assert "ќўжат" not in drilled
    month = office.get(f"{home}/months/2026-01").text
    assert office.send(f"{home}/months/2026-01", {"key": key_of(month)}).status_code == 303
    assert "Every document of this month is here" in office.get(f"{home}/months/2026-01").text
    assert "Nothing differs" in office.get(way[1]).text
    assert office.send(way[1], {}).status_code == 303
    assert "agreed by Ерлан Ахметов" in office.get(f"{home}/compare").text
    journal = office.get(f"{desk.home}journal?from=2026-01&to=2026-01").text
    assert "құжат бойынша" in journal
    assert "ќўжат" not in journal
    assert office.send(f"{home}/end", {"do": "finish"}).status_code == 303
    assert "finished" in office.get(home).text


def test_a_strange_file_is_refused_with_what_was_expected_and_found(desk: Desk, office: Reader) -> None:
    lyceum = desk.home.replace(str(desk.school), str(desk.organisations["120540000031"]))
    begun = office.send(f"{lyceum}takeover", {"starts_on": "01.01.2026", "source_program": "Excel"})
    home = begun.headers["location"]
    import xlsxwriter  # type: ignore[import-untyped]

    file = io.BytesIO()
    book = xlsxwriter.Workbook(file)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["Фамилия", "Оклад"])
    book.close()
    answer = send_file(office, home, "штат", file.getvalue())
    assert answer.status_code == 422
    assert "was not recognised" in answer.text
    assert "Фамилия; Оклад" in answer.text
    assert office.send(f"{home}/end", {"do": "give-up"}).status_code == 303


def test_a_large_file_is_taken_in_by_a_job_that_leads_back(
    desk: Desk, office: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "_LARGE", 1000)
    lyceum = desk.home.replace(str(desk.school), str(desk.organisations["120540000031"]))
    home = office.send(f"{lyceum}takeover", {"starts_on": "01.01.2026", "source_program": "1С"}).headers["location"]
    left = send_file(office, home, "осв", onec.balance(books(), JANUARY))
    assert left.headers["location"].startswith("/jobs/")
    assert "File of another program" in office.get(left.headers["location"]).text
    assert "Nothing is taken in yet" in office.get(home).text
    url = desk.engine.url.render_as_string(hide_password=False)
    loops.run(Worker(url, None).drain())
    done = Outline(office.get(left.headers["location"]).text)
    back = next(a["href"] for a in done.all("a") if a.text == "Go on with moving over")
    assert back == f"{home}#files"
    assert "осв.xlsx" in office.get(home).text
    again = send_file(office, home, "осв", onec.balance(books(), JANUARY, indicator=True))
    loops.run(Worker(url, None).drain())
    assert "tells of the same months" in office.get(again.headers["location"]).text, "a refusal is told at the job"
    assert office.send(f"{home}/end", {"do": "give-up"}).status_code == 303


def test_a_form_that_somebody_bent_is_refused_and_breaks_nothing(desk: Desk, office: Reader) -> None:
    lyceum = desk.home.replace(str(desk.school), str(desk.organisations["120540000031"]))
    home = office.send(f"{lyceum}takeover", {"starts_on": "01.01.2026", "source_program": "1С"}).headers["location"]
    assert send_file(office, home, "осв", onec.balance(books(), JANUARY)).status_code == 303
    for address, said in (
        ("account", {"code": "1010", "ours": "1010", "places": "три", "place0": "weather"}),
        ("account", {"code": "1010", "ours": "нет такого"}),
        ("accounts", {"least": "сто"}),
        ("opening", {"do": "post", "key": "не ключ"}),
        ("months/2026-01", {"key": "не ключ"}),
    ):
        assert office.send(f"{home}/{address}", said).status_code == 422, (address, said)
    assert office.send(f"{home}/account", {"code": "0000", "ours": "1010"}).status_code == 404
    assert office.send(f"{home}/end", {"do": "give-up"}).status_code == 303
    assert office.send(f"{home}/end", {"do": "give-up"}).status_code == 409


def test_who_only_reads_the_books_takes_nothing_over(desk: Desk, sign_in: Callable[[str], Reader]) -> None:
    assert sign_in("auditor").get(f"{desk.home}takeover").status_code == 403
