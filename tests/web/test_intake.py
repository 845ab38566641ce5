"""A table is pasted or sent as a file, looked through, mended and accepted by plain forms."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from sqlalchemy import text

from qazyna.worker import Worker
from tests.erp.base.sheets.files import a_zip_bomb, an_xlsx
from tests.factories import loops
from tests.web.desk import SUPPLIER, Desk, Reader
from tests.web.outline import Outline
from tests.web.test_papers import send_file

SignIn = Callable[[str], Reader]
HEADS = "Дата\t№ документа\tСчет Дт\tКол-во Дт\tСчет Кт\tБИН\tСумма\tСодержание\n"


def a_row(number: str, debit: str = "1316", amount: str = "1 234,56") -> str:
    return f"16.03.2026\t{number}\t{debit}\t20\t3210\t{SUPPLIER}\t{amount}\tБумага {number}\n"


@pytest.fixture
def drain(desk: Desk) -> Callable[[], None]:
    with desk.engine.begin() as connection:
        connection.execute(text("DELETE FROM procrastinate_jobs"))
    url = desk.engine.url.render_as_string(hide_password=False)
    return lambda: loops.run(Worker(url, None).drain())


def paste(reader: Reader, desk: Desk, rows: str, **fields: str) -> str:
    """The address of the table's page."""
    answer = reader.send(f"{desk.home}intake", {"key": str(uuid4()), "text": rows, "do": "bring"} | fields)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def form_of(page: Outline) -> dict[str, str]:
    """What the page's form would send without a change."""
    return page.fields("intake")


def counts(page: Outline) -> str:
    return page.one("dl", id="counts").text


def test_what_is_pasted_is_mended_and_posted_as_a_job(
    desk: Desk, accountant: Reader, drain: Callable[[], None]
) -> None:
    assert f"{desk.home}intake" in accountant.get(f"{desk.home}journal").text
    address = paste(accountant, desk, HEADS + a_row("W1") + a_row("W2", debit="9999") + "Итого\t\t\t\t\t\t2 469,12\n")
    page = Outline(accountant.get(address).text)
    assert "Entries without faults 1 of 2" in counts(page)
    assert "Totals 1" in counts(page)
    wrong = page.one("input", id="cell.C3")
    assert (wrong["value"], wrong["aria-invalid"]) == ("9999", "true")
    sent = accountant.send(address, form_of(page) | {"cell.C3": "1316", "do": "check"})
    assert sent.headers["location"] == address
    page = Outline(accountant.get(address).text)
    assert "Entries without faults 2 of 2" in counts(page)
    job = accountant.send(address, form_of(page) | {"do": "post"}).headers["location"]
    drain()
    done = accountant.get(job)
    assert any("Entries posted 2" in each.text for each in Outline(done.text).all("dl")), done.text
    link = next(e["href"] for e in Outline(done.text).all("a") if e.text == "Show in the journal")
    assert "Бумага W2" in accountant.get(link).text
    accepted = accountant.get(address)
    assert "This table was accepted." in accepted.text
    again = accountant.send(address, form_of(page) | {"do": "post"})
    assert again.status_code == 409


def test_a_row_is_left_out_and_the_rest_downloaded_with_the_reasons(desk: Desk, accountant: Reader) -> None:
    address = paste(accountant, desk, HEADS + a_row("R1") + a_row("R2", amount="много") + a_row("R3", debit="9999"))
    rest = accountant.get(f"{address}?as=csv").text
    assert "R2" in rest
    assert "is not an amount" in rest
    assert "R1" not in rest
    fields = form_of(Outline(accountant.get(address).text))
    accountant.send(address, fields | {"leave.3": "1", "do": "check"})
    page = Outline(accountant.get(address).text)
    assert "Left out by you 1" in counts(page)
    assert page.one("input", name="leave.3").attributes.keys() >= {"checked"}
    assert "Left out by you" in accountant.get(f"{address}?as=csv").text


def test_one_entry_is_opened_as_a_draft(desk: Desk, accountant: Reader) -> None:
    address = paste(accountant, desk, HEADS + a_row("D1") + a_row("D2"))
    fields = form_of(Outline(accountant.get(address).text))
    opened = accountant.send(address, fields | {"do": "drafts", "grouping": "document"})
    assert opened.headers["location"].startswith(f"{desk.home}drafts?")
    address = paste(accountant, desk, HEADS + a_row("D3"))
    opened = accountant.send(address, form_of(Outline(accountant.get(address).text)) | {"do": "drafts"})
    draft = accountant.get(opened.headers["location"])
    assert draft.status_code == 200
    assert "D3" in draft.text


def test_what_was_typed_stays_where_another_window_changed_the_table(desk: Desk, accountant: Reader) -> None:
    address = paste(accountant, desk, HEADS + a_row("T1", debit="9999") + a_row("T2", debit="9998"))
    fields = form_of(Outline(accountant.get(address).text))
    assert accountant.send(address, fields | {"cell.C2": "1316", "do": "check"}).status_code == 303
    answer = accountant.send(address, fields | {"cell.H3": "Қағаз", "do": "check"})
    assert answer.status_code == 409
    page = Outline(answer.text)
    assert page.one("input", id="cell.H3")["value"] == "Қағаз"
    again = form_of(page)
    assert accountant.send(address, again | {"do": "check"}).status_code == 303
    assert "Қағаз" in accountant.get(address).text


def test_columns_are_chosen_and_remembered_and_forgotten(desk: Desk, accountant: Reader) -> None:
    rows = "Мерзім\tАлдымен\tСосын\tҚанша\n16.03.2026\t1010\t6010\t5\n"
    address = paste(accountant, desk, rows)
    fields = form_of(Outline(accountant.get(address).text))
    swapped = {"column.1": "credit.account", "column.2": "debit.account", "do": "check"}
    accountant.send(address, fields | swapped)
    again = Outline(accountant.get(paste(accountant, desk, rows)).text)
    assert form_of(again)["column.1"] == "credit.account"
    mappings = Outline(accountant.get(f"{desk.home}intake/mappings").text)
    kept = next(s for s in mappings.all("section") if "Мерзім" in s.text)
    assert "Алдымен Credit" in kept.text
    accountant.send(next(e["action"] for e in kept.inside if e.tag == "form"), {})
    assert "Мерзім" not in accountant.get(f"{desk.home}intake/mappings").text


def test_a_file_of_several_sheets_is_read_sheet_by_sheet(desk: Desk, accountant: Reader) -> None:
    heads = ["Дата", "Дт", "Количество", "Кт", "БИН", "Сумма"]
    content = an_xlsx([["Обложка", "лист"]], [heads, ["16.03.2026", 1316, 2, 3210, SUPPLIER, 5]])
    answer = send_file(accountant, f"{desk.home}intake/file", "книга.xlsx", content, key=str(uuid4()))
    address = answer.headers["location"]
    fields = form_of(Outline(accountant.get(address).text))
    accountant.send(address, fields | {"sheet": "1", "do": "check"})
    assert "Entries without faults 1 of 1" in counts(Outline(accountant.get(address).text))


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("empty.xlsx", b"", "is empty"),
        ("picture.xlsx", b"\x89PNG\r\n\x1a\n\x00\x00", "is not what its name says"),
        ("broken.xlsx", b"PK\x03\x04" + b"\x00" * 60, "is damaged or locked"),
        ("bomb.xlsx", a_zip_bomb, "too large to be opened"),
        ("blank.csv", b";;;\n;;\n", "There is nothing in"),
        ("quotes.csv", 'a;b\nc;"ТОО "Заря""\n'.encode(), "do not pair"),
        ("long.csv", b"a;b\n" * 10_001, "larger than"),
    ],
)
def test_what_is_no_table_is_told_in_a_sentence(
    desk: Desk, accountant: Reader, name: str, content: bytes | Callable[[], bytes], told: str
) -> None:
    content = content() if callable(content) else content
    answer = send_file(accountant, f"{desk.home}intake/file", name, content, key=str(uuid4()))
    assert answer.status_code == 422
    assert told in Outline(answer.text).one("section", id="faults").text


def test_what_was_typed_stays_when_it_is_no_table_or_another_language_is_chosen(desk: Desk, accountant: Reader) -> None:
    typed = 'a;b\nc;"d "e""\n'
    fields = {"key": str(uuid4()), "text": typed}
    refused = accountant.send(f"{desk.home}intake", fields | {"do": "bring"})
    assert refused.status_code == 422
    assert Outline(refused.text).one("textarea").text.replace(" ", "") == typed.replace("\n", "").replace(" ", "")
    switched = accountant.send(f"{desk.home}intake", fields | {"language": "ru"})
    assert Outline(switched.text).one("html")["lang"] == "ru"
    assert "d " in switched.text
    accountant.send("/preferences", {"language": "en", "next": "/"})


def test_counterparties_are_registered_from_a_list(desk: Desk, accountant: Reader) -> None:
    rows = "Наименование\tБИН\nТОО «Тау»\t940340000144\nТОО «Ошибка»\t940340000145\n"
    address = paste(accountant, desk, rows, purpose="counterparties")
    page = Outline(accountant.get(address).text)
    assert page.one("input", id="cell.B3")["aria-invalid"] == "true"
    registered = accountant.send(address, form_of(page) | {"do": "register"})
    assert registered.headers["location"] == address
    assert "Counterparties registered: 1." in accountant.get(address).text
    assert "Тау" in accountant.get(f"{desk.home}counterparties?q=Тау").text


def test_nobody_else_sees_a_table_and_who_only_reads_brings_none(
    desk: Desk, accountant: Reader, sign_in: SignIn
) -> None:
    address = paste(accountant, desk, HEADS + a_row("P1"))
    assert sign_in("office").get(address).status_code == 404
    assert sign_in("auditor").get(f"{desk.home}intake").status_code == 403
    assert accountant.send(address, {"do": "discard", "version": "1"}).headers["location"] == f"{desk.home}intake"
    assert accountant.get(address).status_code == 404


def test_what_an_account_asks_for_and_no_column_brings_is_named_and_written_in(desk: Desk, accountant: Reader) -> None:
    heads = "Дата\tДебет\tКредит\tСумма\tСодержание\n"
    address = paste(accountant, desk, heads + f"16.03.2026\t1316\t3210\t5,00\t{'Бумага ' * 2000}\n")
    page = Outline(accountant.get(address).text)
    mend = page.one("section", id="faulty").text
    assert "Account 3210 asks for: counterparty." in mend
    assert "Debit, quantity" in mend
    asked = {"cell.G2": SUPPLIER, "cell.F2": "20"}
    assert form_of(page).keys() >= asked.keys()
    accountant.send(address, form_of(page) | asked | {"do": "check", "cell.E2": "Бумага"})
    page = Outline(accountant.get(address).text)
    assert "Entries without faults 1 of 1" in counts(page)
    opened = accountant.send(address, form_of(page) | {"do": "drafts"})
    assert SUPPLIER in accountant.get(opened.headers["location"]).text


def test_a_forged_column_is_none(desk: Desk, accountant: Reader) -> None:
    address = paste(accountant, desk, HEADS + a_row("F1"))
    fields = form_of(Outline(accountant.get(address).text))
    answer = accountant.send(address, fields | {"column.8": "debit.account", "column.9": "nonsense", "do": "check"})
    assert answer.status_code == 303
    assert "Entries without faults 1 of 1" in counts(Outline(accountant.get(address).text))
