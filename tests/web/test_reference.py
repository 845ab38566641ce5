"""Pages of the registers: counterparties, typical entries, data packages."""

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from httpx import Response
from sqlalchemy import Engine

from erp.base import uow
from erp.base.db import make_engine
from erp.base.i18n import Language
from erp.base.scope import system_scope
from erp.reference.access import service as access
from erp.reference.access.model import Role
from erp.reference.counterparties.rules import check_digit, iban_check_digits
from erp.reference.packages import service as packages
from tests.conftest import TestServer
from tests.web.desk import _SINCE, LYCEUM, PASSWORD, SCHOOL, SUPPLIER, Desk, Reader, furnish
from tests.web.outline import Outline

IIN = f"85010130012{check_digit('85010130012')}"
IBAN = f"KZ{iban_check_digits('125KZT5004100100')}125KZT5004100100"


@pytest.fixture(scope="module")
def furnished(server: TestServer) -> Iterator[Desk]:
    """A desk of this module's own: institutions are joined and packages loaded here."""
    url = server.new_database()
    desk = furnish(url)
    yield desk
    desk.engine.dispose()
    server.drop_database(url)


@pytest.fixture
def office(sign_in: Callable[[str], Reader]) -> Reader:
    return sign_in("office")


@pytest.fixture(scope="module")
def keeper_login(furnished: Desk) -> str:
    """An administrator of a body with nobody above it."""

    def make(u: uow.UnitOfWork) -> None:
        user = access.create_user(u, "keeper", "Сания Омарова", PASSWORD, Language.EN)
        access.grant_role(u, user, Role.ADMINISTRATOR, furnished.organisations[SCHOOL], _SINCE)

    uow.run(make_owner(furnished), system_scope(), make)
    return "keeper"


def make_owner(desk: Desk) -> Engine:
    return make_engine(desk.engine.url.render_as_string(hide_password=False), role=None, pool=1)


@pytest.fixture
def keeper(keeper_login: str, sign_in: Callable[[str], Reader]) -> Reader:
    return sign_in(keeper_login)


# ------------------------------------------------------------------------------------------------ counterparties


def test_a_body_is_added_found_and_renamed(desk: Desk, accountant: Reader) -> None:
    register = f"{desk.home}counterparties"
    answer = accountant.send(f"{register}/new", {"code": "940140000385", "name_ru": "ТОО «Лист»"})
    assert answer.headers["location"] == f"{register}/940140000385"
    assert "940140000385" in accountant.get(f"{register}?q=Лист").text
    page = accountant.get(f"{register}/940140000385").text
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version
    fields = {"version": version[1], "name_ru": "ТОО «Лист плюс»", "do": "post"}
    assert accountant.send(f"{register}/940140000385", fields).status_code == 303
    late = accountant.send(f"{register}/940140000385", fields | {"name_ru": "ТОО «Другой»"})
    assert late.status_code == 409
    assert "Somebody changed 940140000385" in late.text
    assert "ТОО «Другой»" in late.text  # what was typed stays
    past = Outline(accountant.get(f"{register}/940140000385").text).one("section", id="history").text
    assert past.index("Counterparty renamed") < past.index("Counterparties registered"), "the latest first"


def test_a_mistyped_number_is_told_beside_its_field(desk: Desk, accountant: Reader) -> None:
    answer = accountant.send(f"{desk.home}counterparties/new", {"code": "940140000386", "name_ru": "ТОО «Лист»"})
    assert answer.status_code == 422
    assert "940140000386 is not a BIN or IIN" in Outline(answer.text).one("p", id="code-fault").text
    answer = accountant.send(f"{desk.home}counterparties/new", {"code": SUPPLIER, "name_ru": "ТОО «Лист»"})
    assert answer.status_code == 409
    assert "registered already" in answer.text


def test_a_person_is_seen_by_the_institution_that_works_with_them_only(
    desk: Desk, accountant: Reader, office: Reader
) -> None:
    accountant.send(f"{desk.home}counterparties/new", {"code": IIN, "name_ru": "Касымов Арман"})
    assert accountant.get(f"{desk.home}counterparties/{IIN}").status_code == 200
    assert IIN in accountant.get(f"{desk.home}values/counterparty?q=Касымов").text
    lyceum = f"/o/{desk.organisations[LYCEUM]}/"
    assert office.get(f"{lyceum}counterparties/{IIN}").status_code == 404
    assert IIN not in office.get(f"{lyceum}counterparties?q=Касымов").text
    assert IIN not in office.get(f"{lyceum}counterparties").text
    assert IIN not in office.get(f"{lyceum}values/counterparty?q={IIN[:6]}").text


def test_bank_accounts_are_checked_and_each_institution_s_own(desk: Desk, accountant: Reader, office: Reader) -> None:
    address = f"{desk.home}counterparties/{SUPPLIER}"
    wrong = accountant.send(address, {"do": "account", "iban": "KZ00" + IBAN[4:], "bank": "АО «Банк»"})
    assert wrong.status_code == 422
    assert "is not an account number" in Outline(wrong.text).one("p", id="iban-fault").text
    assert accountant.send(address, {"do": "account", "iban": IBAN.lower(), "bank": "АО «Банк»"}).status_code == 303
    page = accountant.get(address).text
    assert "125KZT" in page.replace(" ", "")
    assert "<td>125</td>" in page
    elsewhere = f"/o/{desk.organisations[LYCEUM]}/counterparties/{SUPPLIER}"
    assert "125KZT" not in office.get(elsewhere).text.replace(" ", "")
    accountant.send(address, {"do": f"retire:{IBAN}"})
    assert "not in use" in accountant.get(address).text


def test_who_only_reads_is_offered_no_form(desk: Desk, sign_in: Callable[[str], Reader]) -> None:
    auditor = sign_in("auditor")
    page = auditor.get(f"{desk.home}counterparties/{SUPPLIER}").text
    assert "name_ru" not in page
    assert auditor.send(f"{desk.home}counterparties/new", {}).status_code == 403


# ------------------------------------------------------------------------------------------------ typical entries


def test_a_typical_entry_fills_the_accounts_as_a_plain_form(desk: Desk, accountant: Reader) -> None:
    form = accountant.get(f"{desk.home}journal/new").text
    assert 'name="typical"' in form
    sent = {"key": "x", "do": "typical", "typical": "111", "effective_on": "16.03.2026", "postings.0.amount": ""}
    page = Outline(accountant.send(f"{desk.home}journal/new", sent).text)
    assert page.one("input", name="postings.0.debit.account")["value"] == "7010"
    assert page.one("input", name="postings.0.credit.account")["value"] == "3241"
    assert page.one("input", name="memo")["value"] == "Wages, leave pay, sick leave accrued"
    assert page.one("input", name="postings.0.debit.dimensions.programme")["value"] == ""


def test_what_is_typed_stays_and_the_next_line_is_filled(desk: Desk, accountant: Reader) -> None:
    sent = {
        "key": "x", "do": "typical", "typical": "113", "memo": "Ведомость", "effective_on": "16.03.2026",
        "postings.0.debit.account": "7010", "postings.0.credit.account": "3241", "postings.0.amount": "5",
    }  # fmt: skip
    page = Outline(accountant.send(f"{desk.home}journal/new", sent).text)
    assert page.one("input", name="postings.0.amount")["value"] == "5"
    assert page.one("input", name="postings.1.credit.account")["value"] == "3121"
    assert page.one("input", name="memo")["value"] == "Ведомость"


def test_where_an_account_must_be_chosen_the_choices_are_told(desk: Desk, accountant: Reader) -> None:
    text = accountant.get(f"{desk.home}journal/new?typical=23").text
    assert "Credit: choose one of 1081, 1091." in text


def test_words_that_nothing_answers_to_are_told_beside_the_field(desk: Desk, accountant: Reader) -> None:
    answer = accountant.send(f"{desk.home}journal/new", {"key": "x", "do": "typical", "typical": "космодром"})
    assert answer.status_code == 422
    assert Outline(answer.text).one("p", id="typical-fault").text.startswith("No typical entry")


def test_the_list_of_typical_entries_marks_what_is_not_verified(desk: Desk, accountant: Reader) -> None:
    page = accountant.get(f"{desk.home}typical-entries?q=wages").text
    assert f"{desk.home}journal/new?typical=111" in page
    assert "Not verified against the official act" in page


# ------------------------------------------------------------------------------------------------ packages


def archive_of(directory: Path, **replaced: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as out:
        for path in directory.iterdir():
            out.writestr(f"{directory.name}/{path.name}", replaced.get(path.name, path.read_bytes()))
    return packed.getvalue()


def calendar_folder() -> Path:
    return next(d for d in packages.shipped() if d.name == "calendar")


def send_archive(reader: Reader, archive: bytes) -> Response:
    csrf = access.csrf_token(reader.client.cookies["qazyna_session"])
    files = {"archive": ("package.zip", archive, "application/zip")}
    return reader.client.post("/admin/packages/offers", data={"csrf": csrf}, files=files, follow_redirects=False)


def test_the_list_says_what_is_loaded_by_which_act_and_how_much_is_not_verified(keeper: Reader) -> None:
    page = keeper.get("/admin/packages").text
    for directory in packages.shipped():
        assert f"/admin/packages/{directory.name}" in page
    assert "Order of the Minister of Finance 281 of 15.06.2010" in page
    detail = keeper.get("/admin/packages/calendar").text
    assert "2024-06-16" in detail
    assert "one news page 17 June" in detail


def test_a_newer_edition_is_looked_at_before_it_is_taken(keeper: Reader) -> None:
    folder = calendar_folder()
    manifest = (folder / "package.toml").read_text("utf-8")
    later = manifest.replace('edition = "2026-11"', 'edition = "2027-01"').replace("= 2023-01-01", "= 2027-01-01")
    holidays = (folder / "holidays.csv").read_text("utf-8")
    kept = (line for line in holidays.splitlines(keepends=True) if not line.startswith("08-30"))
    holidays = "".join(kept).replace("03-08,", "03-09,")
    answer = send_archive(
        keeper, archive_of(folder, **{"package.toml": later.encode(), "holidays.csv": holidays.encode()})
    )
    address = answer.headers["location"]
    page = keeper.get(address).text
    assert "Added: 1, changed:" in page
    assert "ended: 1." in page
    assert "2026-11" in keeper.get("/admin/packages/calendar").text  # nothing is loaded yet
    assert keeper.send(address, {"do": "post"}).headers["location"] == "/admin/packages/calendar"
    detail = keeper.get("/admin/packages/calendar").text
    assert "2027-01" in detail
    assert "Сания Омарова" in detail
    assert "Data package loaded" in Outline(detail).one("section", id="history").text


def test_a_package_with_faults_is_told_every_one_of_them(keeper: Reader) -> None:
    answer = send_archive(keeper, archive_of(calendar_folder(), **{"days.csv": b"code,kind\n"}))
    assert answer.status_code == 422
    assert "calendar/days.csv:1" in answer.text
    answer = send_archive(keeper, b"no archive")
    assert "This is no package" in answer.text


def test_who_keeps_books_neither_sees_nor_loads_packages(accountant: Reader) -> None:
    assert accountant.get("/admin/packages").status_code == 403
    assert send_archive(accountant, b"").status_code == 403


# ------------------------------------------------------------------------------------------------ recoding


@pytest.fixture(scope="module")
def posted(furnished: Desk) -> int:
    """Materials from a supplier in the school's books, for those who recode them."""
    return furnished.post()


def test_an_institution_sees_every_balance_before_it_is_moved_and_then_none(
    desk: Desk, office: Reader, posted: int
) -> None:
    home = f"{desk.home}recodings"
    fields = {"title": "Жаңа жоспар", "effective_on": "01.12.2026", "lines": "account; 3210; 3241"}
    answer = office.send(home, fields)
    page = office.get(answer.headers["location"]).text
    assert "3210" in page
    assert "1\u00a0234,56" in page
    assert "is not kept by what this balance has" in page  # 3241 permits no counterparty
    assert "Move the balances" not in page
    assert office.send(answer.headers["location"], {"do": "post"}).status_code == 409
    answer = office.send(home, fields | {"lines": "account; 1316; 1319"})
    page = office.get(answer.headers["location"]).text
    assert "Move the balances" in page
    assert office.send(answer.headers["location"], {"do": "post"}).headers["location"].endswith("?moved=1")
    done = office.get(answer.headers["location"]).text
    assert "No balance stands on the old codes." in done
    past = Outline(done).one("section", id="history").text
    assert past.index("Accounts recoded") < past.index("Mapping of codes made"), "the latest first"


def test_a_mapping_that_cannot_be_read_is_told_and_stays(desk: Desk, office: Reader) -> None:
    answer = office.send(f"{desk.home}recodings", {"title": "", "effective_on": "02.12.2026", "lines": "account; 1"})
    assert answer.status_code == 422
    faults = Outline(answer.text)
    assert faults.one("p", id="lines-fault").text.startswith("Line 1 of the mapping cannot be read")
    assert "first day of a month" in faults.one("p", id="effective_on-fault").text
    assert faults.one("p", id="title-fault").text == "Fill in this field."
    assert "account; 1" in answer.text


def test_who_may_not_recode_is_not_let_in(desk: Desk, accountant: Reader) -> None:
    assert accountant.get(f"{desk.home}recodings").status_code == 403
    assert accountant.get(f"{desk.home}reorganisations").status_code == 403
    assert accountant.get("/admin/recodings").status_code == 403


def test_an_administrator_maps_for_everybody_and_sees_no_sums(keeper: Reader, posted: int) -> None:
    fields = {"title": "Новый план", "effective_on": "01.12.2026", "lines": "account; 3210; 3999"}
    answer = keeper.send("/admin/recodings", fields)
    page = keeper.get(answer.headers["location"]).text
    assert "School-gymnasium No. 7" in page
    assert "1\u00a0234,56" not in page
    assert "The new code 3999 is not in force" in page
    assert "End the old codes" not in page
    assert "Mapping of codes made" in Outline(page).one("section", id="history").text
    assert keeper.send(answer.headers["location"], {"do": "post"}).status_code == 409


def test_an_institution_joins_another_in_two_steps(desk: Desk, office: Reader, posted: int) -> None:
    lyceum = desk.organisations[LYCEUM]
    fields = {"other": LYCEUM, "effective_on": "01.12.2026", "act": "Қаулы № 12", "transit": "1280", "do": "look"}
    page = office.send(f"{desk.home}reorganisations", fields).text
    assert "Balances that leave" in page
    assert "Let the balances leave" in page
    wrong = office.send(f"{desk.home}reorganisations", fields | {"other": "999", "transit": ""})
    assert wrong.status_code == 422
    assert office.send(f"{desk.home}reorganisations", fields | {"do": "leave"}).status_code == 303
    taking = office.get(f"/o/{lyceum}/reorganisations").text
    assert "School-gymnasium No. 7" in taking
    number = re.search(r"reorganisations/(\d+)/join", taking)
    assert number
    assert office.send(f"/o/{lyceum}/reorganisations/{number[1]}/join", {"do": "join"}).status_code == 303
    assert "balances entered" in office.get(f"/o/{lyceum}/reorganisations").text
    again = fields | {"do": "leave"}
    assert "none has come since" in office.send(f"{desk.home}reorganisations", again).text
    kept = Outline(office.get(f"{desk.home}reorganisations").text)
    offered = {i.attributes["name"]: i.attributes["value"] for i in kept.all("input", type="hidden")}
    assert {name: offered[name] for name in ("other", "effective_on", "act", "transit")} == {
        name: fields[name] for name in ("other", "effective_on", "act", "transit")
    }
    for report in ("trial-balance", "accounts/1316/card"):
        december = f"/o/{lyceum}/{report}?from=2026-12&to=2026-12"
        named = Outline(office.get(december).text).one("p", class_="notice")
        assert named.text.startswith("With the balances of institutions that joined: School-gymnasium No. 7")
        assert f'href="/o/{desk.school}/trial-balance"' in office.get(december).text
        assert "that joined" not in office.get(f"/o/{lyceum}/{report}?from=2026-11&to=2026-11").text
    assert "Go to its page" not in office.get(f"{desk.home}reorganisations").text  # who only keeps books ends nothing
