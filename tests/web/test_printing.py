"""Documents on paper: what stands on them, who may have them, several at once."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from uuid import UUID

import pytest
from httpx import Response
from pypdf import PdfReader
from sqlalchemy import event

from erp.base import clock, uow
from erp.base.clock import today
from erp.base.scope import Scope, system_scope
from erp.finance.approvals import service as approvals
from erp.finance.approvals.schemas import RequireApproval
from erp.finance.journal.schemas import PostEntry
from erp.reference.signatures import service as signatures
from erp.reference.signatures.model import Certificate, Consent, Method, Signature
from ledger.model import Actor
from tests.conftest import TestServer
from tests.web.desk import LYCEUM, SCHOOL, STRANGERS, SUPPLIER, Desk, Reader, an_entry, furnish
from tests.web.outline import Outline
from web.finance import printing

SignIn = Callable[[str], Reader]
MONTHS = "from=2026-01&to=2026-12"


@pytest.fixture(scope="module")
def own_desk(server: TestServer) -> Iterator[Desk]:
    """A desk at whose lyceum entries of one journal need a second person."""
    url = server.new_database()
    desk = furnish(url)
    lyceum = desk.organisations[LYCEUM]
    command = RequireApproval(journal="MO-06", since=today())
    uow.run(desk.engine, system_scope(lyceum), lambda u: approvals.require_approval(u, lyceum, command))
    yield desk
    desk.engine.dispose()
    server.drop_database(url)


@pytest.fixture
def desk(own_desk: Desk) -> Desk:
    return own_desk


@pytest.fixture
def entry(desk: Desk) -> int:
    return desk.post(key=str(UUID(int=9001)), memo="Қағаз #set page() $x$ *b* @q", document_number="КЕҢСЕ-15")


@pytest.fixture
def prepared(desk: Desk) -> int:
    """An entry of the lyceum that waits for a second person."""
    lyceum, command = desk.organisations[LYCEUM], PostEntry.model_validate(an_entry(key=str(UUID(int=9002))))
    scope = Scope(Actor(desk.users["office"], "127.0.0.1"), writes=frozenset({lyceum}))
    return uow.run(desk.engine, scope, lambda u: approvals.prepare(u, lyceum, command)).id


def paper(answer: Response) -> PdfReader:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["cache-control"] == "no-store"
    return PdfReader(BytesIO(answer.content))


def told(answer: Response) -> str:
    """All that a PDF says, its lines joined, its spaces plain."""
    return " ".join(" ".join(page.extract_text() for page in paper(answer).pages).split())


def test_an_entry_is_printed_as_an_accounting_note(desk: Desk, accountant: Reader, entry: int) -> None:
    answer = accountant.get(f"{desk.home}journal/{entry}/print")
    assert answer.headers["content-disposition"] == f'inline; filename="entry-{SCHOOL}-{entry}.pdf"'
    for said in (
        "School-gymnasium No. 7", SCHOOL, "Accounting note №", "MO-06", "16.03.2026", "№ КЕҢСЕ-15 of 14.03.2026",
        "Қағаз #set page() $x$ *b* @q", "1316", "Quantity: 20", "3210", f"{SUPPLIER} Paper LLP", "1 234,56",
        "One thousand two hundred thirty-four tenge 56 tiyn", "Executed by Айгүл Серікова", "Checked by",
        "Chief accountant", "Printed: ", "1 / 1",
    ):  # fmt: skip
        assert said in told(answer), said
    assert "not posted" not in told(answer).lower()
    page = Outline(accountant.get(f"{desk.home}journal/{entry}").text)
    assert any(e["href"] == f"{desk.home}journal/{entry}/print" for e in page.all("a"))


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("kk", ["№ 7 мектеп-гимназия", "Журнал", "Бір мың екі жүз отыз төрт теңге 56 тиын", "«Қағаз» ЖШС"]),
        ("ru", ["Школа-гимназия № 7", "Содержание", "Одна тысяча двести тридцать четыре тенге 56 тиын", "Исполнитель"]),
    ],
)
def test_it_is_in_the_reader_s_language(
    desk: Desk, accountant: Reader, entry: int, language: str, said: list[str]
) -> None:
    accountant.send("/preferences", {"language": language, "next": desk.home})
    answer = accountant.get(f"{desk.home}journal/{entry}/print")
    accountant.send("/preferences", {"language": "en", "next": desk.home})
    assert paper(answer).trailer["/Root"]["/Lang"] == language  # type: ignore[index]
    for words in said:
        assert words in told(answer)


def test_a_storno_says_so_in_red_and_what_it_cancels(desk: Desk, accountant: Reader) -> None:
    posted = desk.post(key=str(UUID(int=9003)), memo="To be taken back")
    form = Outline(accountant.get(f"{desk.home}journal/{posted}/correct").text).fields("correction")
    answer = accountant.send(
        f"{desk.home}journal/{posted}/correct", form | {"effective_on": "17.03.2026", "reason": "Twice", "do": "post"}
    )
    storno = answer.headers["location"].partition("?")[0]
    said = told(accountant.get(f"{storno}/print"))
    for words in ("STORNO", "−1 234,56", "Cancels the entry", "Reason: Twice", "Minus one thousand"):
        assert words in said
    assert "Cancelled by the entry" in told(accountant.get(f"{desk.home}journal/{posted}/print"))


def test_a_prepared_entry_is_marked_as_not_posted_until_it_is(desk: Desk, sign_in: SignIn, prepared: int) -> None:
    office, home = sign_in("office"), f"/o/{desk.organisations[LYCEUM]}/"
    said = told(office.get(f"{home}approvals/{prepared}/print"))
    assert said.count("NOT POSTED") == 1
    assert "· not posted yet ·" in said, "on the foot of each page too"
    for words in ("№ ______", "Regional lyceum", "waits for approval", "Executed by Ерлан Ахметов", "Second signature"):
        assert words in said
    page = Outline(office.get(f"{home}approvals/{prepared}").text)
    assert any(e["href"] == f"{home}approvals/{prepared}/print" for e in page.all("a"))


def test_signatures_stand_on_the_paper_with_the_way_to_check_them(desk: Desk, sign_in: SignIn, prepared: int) -> None:
    lyceum, subject = desk.organisations[LYCEUM], f"prepared:{desk.organisations[LYCEUM]}/{prepared}"
    scope = Scope(Actor(desk.users["office"], "127.0.0.1"), writes=frozenset({lyceum}), reads=frozenset({lyceum}))
    content = json.dumps({"purpose": "second-signature", "subject": subject}, sort_keys=True).encode()
    taken = uow.run(
        desk.engine,
        scope,
        lambda u: signatures.sign(u, lyceum, subject, "second-signature", content, Consent()),
    )
    answer = sign_in("office").get(f"/o/{lyceum}/approvals/{prepared}/print")
    said = told(answer)
    assert "Second signature: Ерлан Ахметов" in said
    assert "/check/" in said
    assert taken.check_code[-4:].lower() in "".join(said.split()).lower()
    assert said.count("Second signature") == 1, "who signed electronically signs no line by hand"


def test_a_certificate_is_told_and_who_signed_an_earlier_revision_is_not(
    desk: Desk, sign_in: SignIn, prepared: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lyceum, later = desk.organisations[LYCEUM], clock.now() + timedelta(hours=1)
    certificate = Certificate(
        b"", "7a1f4c1e6f0b4c399d550f2f3a6f2b10", "АХМЕТОВ ЕРЛАН", "850719300124", None, "ҰЛТТЫҚ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ",
        later, datetime(2027, 11, 22, tzinfo=UTC),
    )  # fmt: skip
    signed = Signature(
        lyceum, 1, "", "first-signature", 1, "Ерлан Ахметов", None, "", ("manager",), Method.CMS, later, later,
        "AAAABBBBCCCCDDDD", b"", b"", certificate, "iin",
    )  # fmt: skip
    outdated = replace(signed, signer="Басқа Біреу", signed_at=datetime(2020, 1, 1, tzinfo=UTC))
    monkeypatch.setattr(printing.signatures, "signatures_of", lambda *_: (outdated, signed))
    said = told(sign_in("office").get(f"/o/{lyceum}/approvals/{prepared}/print"))
    for words in ("First signature: Ерлан Ахметов", "manager", "Signed electronically", "ҰЛТТЫҚ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ",
                  "АХМЕТОВ ЕРЛАН", "7a1f4c1e6f0b4c399d550f2f3a6f2b10", "valid until 22.11.2027"):  # fmt: skip
        assert words.replace(" ", "") in said.replace(" ", ""), words
    assert "Басқа Біреу" not in said
    assert "850719300124" not in said, "nobody's number is printed"


def test_several_entries_are_one_file_with_its_contents(desk: Desk, accountant: Reader, entry: int) -> None:
    others = [desk.post(key=str(UUID(int=9010 + n)), memo=f"Among several {n}") for n in range(3)]
    picked = "&".join(f"pick.{each}=on" for each in (entry, *others))
    answer = accountant.get(f"{desk.home}journal/print?{picked}")
    pages = [page.extract_text() for page in paper(answer).pages]
    assert len(pages) == 5
    assert "Accounting documents" in pages[0]
    for number in range(3):
        at = next(n for n, page in enumerate(pages[1:], start=2) if f"Among several {number}" in page)
        line = next(row for row in pages[0].splitlines() if f"Among several {number}" in row)
        assert line.endswith(str(at)), "contents name the page"
    assert "4 938,24" in told(answer), "and the sum of all"

    listed = accountant.get(f"{desk.home}journal/print?{MONTHS}&text=Among several")
    assert len(paper(listed).pages) == 4


def test_many_are_read_with_as_many_statements_as_a_few(desk: Desk, accountant: Reader) -> None:
    """Of several days, with stornos among them."""
    days = [f"2026-06-{day:02}" for day in range(1, 9)]
    made = [
        desk.post(key=str(UUID(int=9100 + n)), memo=f"Set-based {n}", effective_on=day) for n, day in enumerate(days)
    ]
    correct = f"{desk.home}journal/{made[0]}/correct"
    form = Outline(accountant.get(correct).text).fields("correction")
    accountant.send(correct, form | {"effective_on": "09.06.2026", "reason": "Twice", "do": "post"})

    def statements(chosen: list[int]) -> int:
        asked: list[str] = []
        note = lambda _c, _cursor, statement, *_: asked.append(statement)  # noqa: E731
        event.listen(desk.engine, "before_cursor_execute", note)
        try:
            said = told(accountant.get(f"{desk.home}journal/print?" + "&".join(f"pick.{each}=on" for each in chosen)))
        finally:
            event.remove(desk.engine, "before_cursor_execute", note)
        assert all(f"Set-based {made.index(each)}" in said for each in chosen)
        assert "Cancelled by the entry" in said
        return len(asked)

    statements(made[:2])  # what is remembered from now on
    assert statements(made[:2]) == statements(made)


def test_the_list_offers_to_tick_and_to_print(desk: Desk, accountant: Reader, entry: int) -> None:
    page = Outline(accountant.get(f"{desk.home}journal?{MONTHS}").text)
    assert any(e["name"] == f"pick.{entry}" for e in page.all("input", type="checkbox"))
    assert any(e["href"] == f"{desk.home}journal/print?{MONTHS}" for e in page.all("a"))
    form = next(e for e in page.all("form") if e["action"] == f"{desk.home}journal/print")
    assert form["method"] == "get"


def test_nothing_and_too_much_are_refused_in_a_sentence(
    desk: Desk, accountant: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = accountant.get(f"{desk.home}journal/print?{MONTHS}&text=nowhere to be found")
    assert nothing.status_code == 422
    assert "No entry is chosen" in nothing.text
    monkeypatch.setattr(printing, "MOST", 1)
    for number in range(2):
        desk.post(key=str(UUID(int=9020 + number)), memo="Of many")
    many = accountant.get(f"{desk.home}journal/print?{MONTHS}&text=Of many")
    assert many.status_code == 422
    assert "At most 1 documents" in many.text


def test_another_s_documents_are_not_there(desk: Desk, accountant: Reader, prepared: int) -> None:
    """By their own address, by one's own address, and among one's own."""
    own = desk.post(key=str(UUID(int=9030)))
    lyceum, strangers = desk.organisations[LYCEUM], desk.organisations[STRANGERS]
    for address in (
        f"/o/{lyceum}/approvals/{prepared}/print",
        f"{desk.home}approvals/{prepared + 1000}/print",
        f"/o/{strangers}/journal/{own}/print",
        f"/o/{strangers}/journal/print?{MONTHS}",
        f"{desk.home}journal/{own + 100000}/print",
        f"{desk.home}journal/print?pick.{own}=on&pick.{own + 100000}=on",
    ):
        answer = accountant.get(address)
        assert answer.status_code == 404, address
        assert answer.headers["content-type"].startswith("text/html")


def test_who_reads_no_journal_prints_none(desk: Desk, sign_in: SignIn, entry: int) -> None:
    for address in (f"journal/{entry}/print", f"journal/print?{MONTHS}", f"trial-balance?{MONTHS}&as=pdf"):
        assert sign_in("nobody").get(f"{desk.home}{address}").status_code in (403, 404)
    assert sign_in("auditor").get(f"{desk.home}journal/{entry}/print").status_code == 200


@pytest.mark.parametrize("path", ["journal/print?pick.x=on&pick.999999999999999999999=1", "journal/print?from=2026-13"])
def test_a_hostile_address_prints_nothing(desk: Desk, accountant: Reader, path: str) -> None:
    assert accountant.get(f"{desk.home}{path}").status_code in (200, 404, 422)


# ------------------------------------------------------------------------------------------------ reports

REPORTS = [
    f"trial-balance?{MONTHS}&by=counterparty",
    f"accounts/3210/card?{MONTHS}",
    f"reports/ledger-book?{MONTHS}&account=3210",
    f"reports/journal-order?{MONTHS}&account=1316",
    f"reports/chessboard?{MONTHS}",
    f"reports/memorial-orders?{MONTHS}",
    f"reports/memorial-orders?{MONTHS}&month=2026-03&journal=MO-06",
    f"reports/postings?part=debit&account=1316&{MONTHS}",
    f"journal?{MONTHS}",
]


def test_every_report_is_a_pdf_that_says_what_the_page_says(desk: Desk, accountant: Reader, entry: int) -> None:
    for path in REPORTS:
        page = Outline(accountant.get(f"{desk.home}{path}").text)
        assert any(e.text == "PDF" and "as=pdf" in e["href"] for e in page.all("a")), path
        answer = accountant.get(f"{desk.home}{path}&as=pdf")
        assert answer.headers["content-disposition"].startswith("attachment")
        said = told(answer)
        for words in ("School-gymnasium No. 7", SCHOOL, "January – December 2026", "Made: ", "Айгүл Серікова"):
            assert words in said, path
        if "journal?" not in path:
            shown = {e.text.replace("\u00a0", " ") for e in page.elements if "figure" in e["class"].split() and e.text}
            assert [figure for figure in shown if figure.lstrip("−") not in said] == [], path


def test_a_memorial_order_names_its_form_as_not_verified_and_who_signs(
    desk: Desk, accountant: Reader, entry: int
) -> None:
    said = told(accountant.get(f"{desk.home}reports/memorial-orders?{MONTHS}&month=2026-03&journal=MO-06&as=pdf"))
    for words in ("Form 408", "not verified", "Executed by", "Checked by", "Chief accountant", "March 2026"):
        assert words in said


def test_a_list_too_long_for_paper_leads_to_excel(
    desk: Desk, accountant: Reader, entry: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.tables.pdf.MOST_CELLS", 1)
    answer = accountant.get(f"{desk.home}journal?{MONTHS}&as=pdf")
    assert answer.status_code == 422
    assert "take it to Excel" in answer.text


def test_form_numbers_are_data_with_their_days() -> None:
    from web.print.forms import form_of

    assert form_of("MO-01", date(2026, 1, 1)) is not None
    assert form_of("MO-01", date(2012, 12, 31)) is None
    assert form_of("OPEN", date(2026, 1, 1)) is None
    assert all(not each.verified for n in range(1, 17) if (each := form_of(f"MO-{n:02}", date(2026, 1, 1))))


LISTS = {
    "counterparties": [SUPPLIER, "Paper LLP"],
    "counterparties?q=paper": [SUPPLIER, "Name, BIN or IIN"],
    "typical-entries?q=wages": ["Typical entries", "Debit"],
}


def test_lists_are_files_too(desk: Desk, accountant: Reader) -> None:
    for path, said in LISTS.items():
        page = Outline(accountant.get(f"{desk.home}{path}").text)
        for form in ("pdf", "xlsx", "csv"):
            link = next(e["href"] for e in page.all("a") if f"as={form}" in e["href"])
            answer = accountant.get(link)
            assert answer.status_code == 200
            assert answer.headers["content-disposition"].endswith(f'.{form}"')
            if form == "pdf":
                assert [words for words in said if words not in told(answer)] == [], path


def test_what_waits_for_approval_is_a_file_too(desk: Desk, sign_in: SignIn, prepared: int) -> None:
    office, home = sign_in("office"), f"/o/{desk.organisations[LYCEUM]}/"
    page = Outline(office.get(f"{home}approvals?journal=MO-06").text)
    link = next(e["href"] for e in page.all("a") if "as=pdf" in e["href"])
    said = told(office.get(link))
    for words in ("For approval", "Regional lyceum", "Paper bought", "1 234,56", "waits for approval"):
        assert words in said
    assert "Paper bought" not in told(office.get(f"{home}approvals?journal=MO-16&as=pdf"))
