import re
from collections.abc import Callable
from datetime import date
from urllib.parse import quote

import pytest

from erp.finance.journal.model import DimensionValue
from ledger.model import Dimension
from tests.web.desk import LYCEUM, STRANGERS, SUPPLIER, Desk, Reader
from tests.web.outline import Outline

SignIn = Callable[[str], Reader]

_FILLED = {
    "effective_on": "17.03.2026",
    "memo": "Two lines of paper",
    "postings.0.debit.account": "1316",
    "postings.0.debit.quantity": "100",
    "postings.0.credit.account": "3210",
    "postings.0.credit.dimensions.counterparty": SUPPLIER,
    "postings.0.amount": "1 000,50",
    "postings.1.debit.account": "1316",
    "postings.1.debit.quantity": "0,05",
    "postings.1.credit.account": "3210",
    "postings.1.credit.dimensions.counterparty": SUPPLIER,
    "postings.1.amount": "0,50",
    "do": "post",
}


def blank_form(reader: Reader, desk: Desk) -> dict[str, str]:
    return Outline(reader.get(f"{desk.home}journal/new").text).fields("entry")


# ---------------------------------------------------------------- every page


@pytest.fixture
def every_page(desk: Desk, accountant: Reader) -> dict[str, str]:
    entry = desk.post()
    paths = [
        "?all=1",
        f"o/{desk.school}/",
        f"o/{desk.school}/journal",
        f"o/{desk.school}/journal/new",
        f"o/{desk.school}/journal/new?copy={entry}",
        f"o/{desk.school}/journal/{entry}",
        f"o/{desk.school}/journal/{entry}/correct",
        f"o/{desk.school}/trial-balance",
        f"o/{desk.school}/trial-balance?by=dimensions",
        f"o/{desk.school}/accounts/3210/card",
        f"o/{desk.school}/accounts/1316/card",
        f"o/{desk.school}/months",
        "no-such-page",
    ]
    return {path: accountant.get(f"/{path}").text for path in paths}


def test_pages_keep_the_strict_content_policy(every_page: dict[str, str]) -> None:
    for path, page in every_page.items():
        for element in Outline(page).elements:
            assert "style" not in element.attributes, path
            assert not any(name.startswith(("on", "hx-on")) for name in element.attributes), path
            if element.tag == "script":
                assert element["src"].startswith("/static/"), path
            assert element.tag != "style", path


def test_pages_have_one_heading_one_main_and_a_way_past_the_navigation(every_page: dict[str, str]) -> None:
    for path, page in every_page.items():
        outline = Outline(page)
        assert len(outline.all("h1")) == 1, path
        assert outline.one("main")["id"] == "main"
        assert outline.elements[outline.elements.index(outline.one("body")) + 2]["href"] == "#main", path
        assert outline.one("html")["lang"] == "en"


def test_every_field_has_a_label_and_every_id_is_its_own(every_page: dict[str, str]) -> None:
    for path, page in every_page.items():
        outline = Outline(page)
        labelled = {label["for"] for label in outline.all("label")}
        for element in outline.elements:
            if element.tag in ("input", "select") and element["type"] != "hidden":
                assert element["id"] in labelled or element["aria-label"], (path, element["name"])
        ids = [e["id"] for e in outline.elements if e["id"]]
        assert len(ids) == len(set(ids)), path


def test_the_first_load_is_light(desk: Desk, accountant: Reader) -> None:
    page = accountant.get(f"{desk.home}journal/new").text
    addresses = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
    weight = len(page.encode()) + sum(len(accountant.get(address).content) for address in set(addresses))
    assert weight < 150_000


def test_static_files_exist_under_the_addresses_that_pages_use(accountant: Reader) -> None:
    page = accountant.get("/?all=1").text
    for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
        assert accountant.get(address).status_code == 200, address


def test_pages_ask_for_no_script_that_could_not_be_installed(
    accountant: Reader, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.pages.htmx", lambda: None)
    assert "htmx.min.js" not in accountant.get(desk.home).text


# ---------------------------------------------------------------- signing in


def test_who_is_not_signed_in_is_led_to_sign_in_and_back(desk: Desk, sign_in: SignIn) -> None:
    reader = sign_in("accountant")
    reader.client.cookies.clear()
    answer = reader.get(f"{desk.home}journal?text=paper")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/sign-in?next={quote(f'{desk.home}journal?text=paper', safe='')}"
    page = reader.get(answer.headers["location"]).text
    assert Outline(page).fields("sign-in")["next"] == f"{desk.home}journal?text=paper"


def test_a_wrong_password_says_so_and_keeps_the_login(sign_in: SignIn) -> None:
    reader = sign_in("accountant")
    reader.client.cookies.clear()
    answer = reader.client.post("/sign-in", data={"login": "accountant", "password": "wrong", "next": "/"})
    assert answer.status_code == 403
    assert "The login or the password is wrong." in answer.text
    assert Outline(answer.text).one("input", name="login")["value"] == "accountant"


@pytest.mark.parametrize(
    "next_", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_signing_in_never_leads_to_a_foreign_page(sign_in: SignIn, next_: str) -> None:
    reader = sign_in("accountant")
    answer = reader.client.post(
        "/sign-in", data={"login": "accountant", "password": "correct-horse", "next": next_}, follow_redirects=False
    )
    assert answer.headers.get("location", "/") == "/" or answer.status_code == 403


def test_signing_out_ends_the_session(desk: Desk, accountant: Reader) -> None:
    assert accountant.send("/sign-out", {}).status_code == 303
    assert accountant.get(desk.home).headers["location"].startswith("/sign-in")


def test_one_organisation_is_opened_at_once_and_of_several_one_is_chosen(desk: Desk, sign_in: SignIn) -> None:
    assert sign_in("accountant").get("/").headers["location"] == desk.home
    office = sign_in("office")
    page = office.get("/").text
    assert "School-gymnasium No. 7" in page
    assert f"/o/{desk.organisations[LYCEUM]}/" in page
    assert "School-gymnasium" not in office.get("/?q=лицей").text
    assert "Another’s hospital" not in page


def test_who_reads_no_books_begins_where_their_role_leads(desk: Desk, sign_in: SignIn) -> None:
    nobody = sign_in("nobody")
    first = nobody.get("/")
    assert (first.status_code, first.headers["location"]) == (303, f"{desk.home}leave")
    assert nobody.get(desk.home).status_code == 403


# ---------------------------------------------------------------- posting


def test_an_entry_is_posted_by_plain_forms_and_told(desk: Desk, accountant: Reader) -> None:
    answer = accountant.send(f"{desk.home}journal/new", blank_form(accountant, desk) | _FILLED)
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"].endswith("?posted=1")
    page = Outline(accountant.get(answer.headers["location"]).text)
    assert re.fullmatch(r"Entry MO-16 № \d+ posted", page.one("p", role="status").text)
    assert "1\u00a0001,00" in page.one("tfoot").text.replace(" ", "\u00a0").replace("Total\u00a0", "")
    assert "Paper LLP" in page.one("table").text


def test_the_same_form_sent_twice_is_posted_once(desk: Desk, accountant: Reader) -> None:
    form = blank_form(accountant, desk) | _FILLED
    first = accountant.send(f"{desk.home}journal/new", form)
    second = accountant.send(f"{desk.home}journal/new", form)
    assert first.headers["location"] == second.headers["location"]


def test_a_form_used_before_with_other_content_is_offered_again_with_a_new_key(desk: Desk, accountant: Reader) -> None:
    form = blank_form(accountant, desk) | _FILLED
    accountant.send(f"{desk.home}journal/new", form)
    answer = accountant.send(f"{desk.home}journal/new", form | {"memo": "Another"})
    assert answer.status_code == 409
    assert "posted already" in answer.text
    again = Outline(answer.text).fields("entry")
    assert again["key"] != form["key"]
    assert again["memo"] == "Another"


def test_faults_stand_beside_their_fields_and_nothing_typed_is_lost(desk: Desk, accountant: Reader) -> None:
    wrong = {
        "memo": "",
        "postings.0.amount": "1,2,3",
        "postings.1.debit.account": "нет",
    }
    answer = accountant.send(f"{desk.home}journal/new", blank_form(accountant, desk) | _FILLED | wrong)
    assert answer.status_code == 422
    page = Outline(answer.text)
    assert page.one("p", id="memo-fault").text == "Fill in this field."
    amount = page.one("input", name="postings.0.amount")
    assert amount["value"] == "1,2,3"
    assert amount["aria-invalid"] == "true"
    assert "postings.0.amount-fault" in amount["aria-describedby"]
    assert page.one("input", name="postings.1.debit.account")["value"] == "нет"
    assert page.one("input", name="postings.0.credit.dimensions.counterparty")["value"] == SUPPLIER
    summary = page.one("section", id="faults")
    assert {a["href"] for a in summary.inside if a.tag == "a"} == {"#memo", "#postings.0.amount"}


def test_faults_that_only_the_books_know_stand_beside_their_fields_too(desk: Desk, accountant: Reader) -> None:
    wrong = {"postings.0.credit.dimensions.counterparty": "", "postings.1.debit.account": "1310"}
    answer = accountant.send(f"{desk.home}journal/new", blank_form(accountant, desk) | _FILLED | wrong)
    assert answer.status_code == 422
    page = Outline(answer.text)
    assert page.one("p", id="postings.0.credit.dimensions.counterparty-fault").text == "Account 3210 needs this."
    assert "is a heading" in page.one("p", id="postings.1.debit.account-fault").text
    assert "Line 1, Credit, Counterparty: Account 3210 needs this." in page.one("section", id="faults").text


def test_a_day_outside_the_open_months_is_told_at_the_date(desk: Desk, accountant: Reader) -> None:
    answer = accountant.send(
        f"{desk.home}journal/new", blank_form(accountant, desk) | _FILLED | {"effective_on": "16.03.2031"}
    )
    assert answer.status_code == 409
    assert "March 2031" in Outline(answer.text).one("p", id="effective_on-fault").text


def test_a_form_with_more_or_longer_than_an_entry_takes_comes_back(desk: Desk, accountant: Reader) -> None:
    form = blank_form(accountant, desk) | _FILLED
    long = accountant.send(f"{desk.home}journal/new", form | {"postings.0.debit.account": "1" * 61})
    assert long.status_code == 422
    assert "at most 60" in Outline(long.text).one("p", id="postings.0.debit.account-fault").text
    many = {f"postings.{n}.amount": "1" for n in range(1001)}
    answer = accountant.send(f"{desk.home}journal/new", form | many)
    assert answer.status_code == 422
    page = Outline(answer.text)
    assert "1001 lines" in page.one("section", id="faults").text
    assert page.fields("entry")["postings.1000.amount"] == "1"


def test_without_script_the_buttons_of_the_form_work_on_the_server(desk: Desk, accountant: Reader) -> None:
    form = blank_form(accountant, desk)

    def press(do: str) -> dict[str, str]:
        page = accountant.send(f"{desk.home}journal/new", form | {"do": do})
        assert page.status_code == 200
        return Outline(page.text).fields("entry")

    form = press("add")
    assert "postings.1.amount" in form
    form |= {"postings.0.debit.account": "Household materials", "postings.0.credit.account": "3210"}
    form = press("refresh")
    assert form["postings.0.debit.account"] == "1316", "the only account of that name"
    assert "postings.0.credit.dimensions.counterparty" in form
    form |= {"postings.0.credit.dimensions.counterparty": SUPPLIER, "postings.0.amount": "5"}
    form = press("copy:0")
    assert form["postings.1.credit.dimensions.counterparty"] == SUPPLIER
    form = press("remove:2")
    assert "postings.2.amount" not in form
    assert form["postings.1.amount"] == "5"


def test_the_language_changes_and_the_filled_form_stays(desk: Desk, accountant: Reader) -> None:
    form = blank_form(accountant, desk) | _FILLED
    del form["do"]
    answer = accountant.send(f"{desk.home}journal/new", form | {"language": "ru"})
    assert answer.status_code == 200
    page = Outline(answer.text)
    assert page.one("html")["lang"] == "ru"
    assert page.one("h1").text == "Новая операция"
    kept = page.fields("entry")
    assert {name: kept[name] for name in form if name != "csrf"} == {n: v for n, v in form.items() if n != "csrf"}
    assert Outline(accountant.get(desk.home).text).one("html")["lang"] == "ru"
    accountant.send("/preferences", {"language": "en", "next": desk.home})


def test_preferences_lead_back_to_the_page_they_were_chosen_on(desk: Desk, accountant: Reader) -> None:
    answer = accountant.send("/preferences", {"theme": "dark", "next": f"{desk.home}journal?text=a"})
    assert answer.headers["location"] == f"{desk.home}journal?text=a"
    assert Outline(accountant.get(desk.home).text).one("html")["data-theme"] == "dark"


def test_an_account_brings_the_fields_it_asks_for(desk: Desk, accountant: Reader) -> None:
    query = "name=postings.3.credit&account=3210&dimensions.item=X&dimensions.contract=12"
    page = Outline(accountant.get(f"{desk.home}journal/side?{query}").text)
    fields = {e["name"]: e for e in page.all("input")}
    assert fields["postings.3.credit.dimensions.counterparty"]["aria-required"] == "true"
    assert fields["postings.3.credit.dimensions.contract"]["value"] == "12"
    assert "postings.3.credit.dimensions.item" not in fields, "3210 is not kept by items"


@pytest.mark.parametrize("words", ["1316", "Household", "Хозяйственные", "Шаруашылық"])
def test_accounts_are_found_by_code_and_by_name_in_each_language(desk: Desk, accountant: Reader, words: str) -> None:
    found = accountant.get(f"{desk.home}accounts?q={words}").json()
    assert "1316" in [each["code"] for each in found]


def test_values_of_a_dimension_are_found(desk: Desk, accountant: Reader) -> None:
    found = accountant.get(f"{desk.home}values/counterparty?q=Бумага").json()
    assert found == [{"code": SUPPLIER, "name": "Paper LLP", "verified": True}]
    assert accountant.get(f"{desk.home}values/nonsense?q=x").status_code == 404


def test_suggestions_are_of_the_day_in_the_form_and_of_today_while_it_cannot_be_read(
    desk: Desk, accountant: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[date] = []

    def note(*_: object, on: date, **__: object) -> list[DimensionValue]:
        asked.append(on)
        return [DimensionValue(Dimension.SPECIFIC, "111", "a", "a", "a", verified=False)]

    monkeypatch.setattr("web.finance.journal.service.search_values", note)
    monkeypatch.setattr("web.finance.journal.today", lambda: date(2026, 5, 5))
    for typed in ("16.03.2026", "16.0", ""):
        (found,) = accountant.get(f"{desk.home}values/specific?q=1&on={typed}").json()
        assert found["verified"] is False
    assert asked == [date(2026, 3, 16), date(2026, 5, 5), date(2026, 5, 5)]
    assert accountant.get(f"{desk.home}accounts?q=1316&on=16.03.1980").json() == []
    side = accountant.get(f"{desk.home}journal/side?name=postings.0.credit&account=3210&on=16.03.1980").text
    assert "counterparty" not in side


def test_a_value_of_doubtful_origin_carries_its_mark(
    desk: Desk, accountant: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry, value = desk.post(), DimensionValue(Dimension.COUNTERPARTY, SUPPLIER, "a", "a", "a", verified=False)
    monkeypatch.setattr(
        "erp.finance.journal.values.labels_by_day",
        lambda _, wanted: {day: dict.fromkeys(those, value) for day, those in wanted.items()},
    )
    for path in (f"journal/{entry}", f"journal/new?copy={entry}", "accounts/3210/card", "trial-balance?by=dimensions"):
        page = Outline(accountant.get(f"{desk.home}{path}").text)
        marked = [e for e in page.elements if e["class"] == "dimension" or "data-hint" in e.attributes]
        assert any(inner.tag == "abbr" for each in marked for inner in each.inside), path


# ---------------------------------------------------------------- storno


def test_a_storno_links_both_ways_and_cannot_be_repeated(desk: Desk, accountant: Reader) -> None:
    entry = desk.post(memo="A mistake")
    path = f"{desk.home}journal/{entry}/correct"
    form = Outline(accountant.get(path).text).fields("correction")
    answer = accountant.send(path, form | {"effective_on": "17.03.2026", "reason": "Typed twice"})
    assert answer.status_code == 303, answer.text
    storno = accountant.get(answer.headers["location"].partition("?")[0]).text
    assert f"{desk.home}journal/{entry}" in storno
    assert "\u22121\u00a0234,56" in storno
    original = accountant.get(f"{desk.home}journal/{entry}").text
    assert "cancelled by storno" in original
    assert "Typed twice" in original
    assert f"{path}" not in original, "no second storno is offered"
    form = Outline(accountant.get(path).text).fields("correction")
    again = accountant.send(path, form | {"effective_on": "17.03.2026", "reason": "Once more"})
    assert again.status_code == 409
    assert "already cancelled" in again.text


def test_a_storno_before_its_entry_is_told_at_the_date(desk: Desk, accountant: Reader) -> None:
    path = f"{desk.home}journal/{desk.post()}/correct"
    form = Outline(accountant.get(path).text).fields("correction")
    answer = accountant.send(path, form | {"effective_on": "01.01.2026", "reason": "Too early"})
    assert "before its entry" in Outline(answer.text).one("p", id="effective_on-fault").text
    assert Outline(answer.text).fields("correction")["reason"] == "Too early"


# ---------------------------------------------------------------- reading


def test_the_journal_is_narrowed_by_its_address_and_paged(desk: Desk, accountant: Reader) -> None:
    for number in range(60):
        desk.post(memo="Paged many", document_number=f"p{number}", on=date(2026, 7, 7))
    first = accountant.get(f"{desk.home}journal?text=paged many&from=2026-07&to=2026-07&account=3210&journal=MO-06")
    page = Outline(first.text)
    assert len(page.one("tbody").inside) > 0
    rows = [e for e in page.one("tbody").inside if e.tag == "tr"]
    assert len(rows) == 50
    following = page.one("a", rel="next")["href"]
    assert "text=paged+many" in following
    assert len([e for e in Outline(accountant.get(following).text).one("tbody").inside if e.tag == "tr"]) == 10
    nothing = accountant.get(f"{desk.home}journal?text=no such words")
    assert "Nothing found" in nothing.text


def test_an_address_with_a_damaged_month_says_so(desk: Desk, accountant: Reader) -> None:
    for report in ("journal", "trial-balance", "accounts/3210/card"):
        answer = accountant.get(f"{desk.home}{report}?from=2026-13")
        assert answer.status_code == 422, report
        assert "is not a month" in answer.text


def test_figures_of_the_trial_balance_open_to_their_card_and_their_entry(desk: Desk, accountant: Reader) -> None:
    entry = desk.post(memo="Drill here", on=date(2026, 5, 5))
    balance = Outline(accountant.get(f"{desk.home}trial-balance?from=2026-05&to=2026-05").text)
    card_url = next(a["href"] for a in balance.one("tbody").inside if a.tag == "a" and a.text == "3210")
    assert "from=2026-05&to=2026-05" in card_url
    card = Outline(accountant.get(card_url).text)
    assert "Drill here" in card.one("tbody").text
    back = card.one("p", class_="back").inside[0]["href"]
    assert back == f"{desk.home}trial-balance?from=2026-05&to=2026-05#a-3210"
    entry_url = next(
        a["href"] for a in card.one("tbody").inside if a["href"].startswith(f"{desk.home}journal/{entry}?")
    )
    page = Outline(accountant.get(entry_url).text)
    assert page.one("p", class_="back").inside[0]["href"].startswith(f"{desk.home}accounts/3210/card?")
    assert "Entered by hand" in page.one("dl", class_="facts source").text


def test_the_trial_balance_of_a_day_and_of_an_instant_keeps_its_address(desk: Desk, accountant: Reader) -> None:
    for day in (5, 20):
        desk.post(on=date(2026, 7, day))
    address = f"{desk.home}trial-balance?from=2026-07&to=2026-07"
    totals = [
        Outline(accountant.get(f"{address}{asked}").text).one("tfoot").text
        for asked in ("&day=19.07.2026", "&day=20.07.2026", "&day=31.07.2026", "")
    ]
    assert totals[0] != totals[1]
    assert totals[2] == totals[3]
    page = Outline(accountant.get(f"{address}&day=19.07.2026").text)
    assert "as of 19.07.2026" in page.one("h1").text
    card = next(a["href"] for a in page.one("tbody").inside if "/accounts/3210/card" in a["href"])
    assert quote("day=19.07.2026", safe="") in card, "the way back leads to the same question"
    known = f"{address}&known={quote('01.02.2026 09:30')}"
    page = Outline(accountant.get(known).text)
    assert "As known at 01.02.2026 09:30" in page.one("p", class_="notice").text
    assert page.all("tfoot") == []
    assert page.one("input", id="known")["value"] == "01.02.2026 09:30"


@pytest.mark.parametrize(
    ("asked", "field", "words"),
    [
        ("day=31.02.2026", "day", "is not a day"),
        ("known=yesterday", "known", "is not a time of a day"),
        ("known=01.01.2199+00:00", "known", "is still to come"),
        ("from=2026-05&day=01.02.2026", "from", "ends (01.02.2026) before it starts"),
    ],
)
def test_a_day_or_an_instant_that_cannot_be_is_told_above_the_report(
    desk: Desk, accountant: Reader, asked: str, field: str, words: str
) -> None:
    answer = accountant.get(f"{desk.home}trial-balance?{asked}")
    assert answer.status_code == 422
    summary = Outline(answer.text).one("section", id="faults")
    assert words in summary.text
    assert any(e["href"] == f"#{field}" for e in summary.inside)


def test_an_account_of_doubtful_origin_carries_its_mark(desk: Desk, accountant: Reader) -> None:
    page = accountant.get(f"{desk.home}accounts/7080/card").text
    assert "not verified" in page


def test_who_only_reads_is_offered_no_posting(desk: Desk, sign_in: SignIn) -> None:
    auditor = sign_in("auditor")
    entry = desk.post()
    assert "/journal/new" not in auditor.get(f"{desk.home}journal").text
    assert "/correct" not in auditor.get(f"{desk.home}journal/{entry}").text
    answer = auditor.get(f"{desk.home}journal/new")
    assert answer.status_code == 403
    assert "Your role at this organisation does not allow this." in answer.text


# ---------------------------------------------------------------- what went wrong


def test_another_s_organisation_and_none_at_all_look_the_same(desk: Desk, accountant: Reader) -> None:
    others, none = (accountant.get(f"/o/{n}/journal") for n in (desk.organisations[STRANGERS], 999_999))
    assert others.status_code == none.status_code == 404
    without_address = [re.sub(r"/o/\d+|[0-9a-f]{16,}|\d\d:\d\d", "…", answer.text) for answer in (others, none)]
    assert without_address[0] == without_address[1]


def test_a_back_link_never_leads_out_of_the_organisation(desk: Desk, accountant: Reader) -> None:
    entry = desk.post()
    for back in ("//evil.example", "https://evil.example", f"/o/{desk.school + 1}/", "/sign-out"):
        page = Outline(accountant.get(f"{desk.home}journal/{entry}?back={quote(back)}").text)
        assert page.all("p", class_="back") == []


def test_a_form_without_its_token_is_refused(desk: Desk, accountant: Reader) -> None:
    answer = accountant.client.post(f"{desk.home}journal/new", data=_FILLED, follow_redirects=False)
    assert answer.status_code == 403
    assert "The form did not come from this page" in answer.text


def test_an_unforeseen_error_tells_only_its_number(
    desk: Desk, accountant: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("web.home._standing", fail)
    answer = accountant.get(desk.home)
    assert answer.status_code == 500
    assert re.search(r"Number of the incident: [0-9a-f]{12}", answer.text)
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "journal?text=%00&account=%00",
        "journal?cursor=99991231.99999999999999999999999",
        "journal/99999999999999999999999",
        "journal/new?copy=99999999999999999999999",
        "journal/side?name=%22%3E%3Cscript%3E&account=%00",
        "accounts?q=%00",
        "values/programme?q=%00",
        "accounts/%00/card",
        "trial-balance?from=0001-01&to=9999-12",
    ],
)
def test_a_hostile_address_breaks_nothing(desk: Desk, accountant: Reader, path: str) -> None:
    answer = accountant.get(f"{desk.home}{path}")
    assert answer.status_code < 500
    assert '"><script' not in answer.text
