"""A day at the desk in a real browser: by keyboard, without script, on a phone."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, expect
from sqlalchemy import text

from erp.base import uow
from tests.factories.books import scope_of
from tests.web.conftest import Site, let_in
from tests.web.desk import PASSWORD, SUPPLIER
from web.pages import asset

Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, site: Site) -> Iterator[Open]:
    """The page of somebody signed in, usually the accountant; a console error or a refused script fails the test."""
    contexts = []
    errors: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            errors.append(message.text)

    def open_(path: str = "", login: str = "accountant", **options: Any) -> Page:
        defaults: dict[str, Any] = {"locale": "en", "viewport": {"width": 1280, "height": 800}}
        context = browser.new_context(base_url=site.address, **(defaults | options))
        contexts.append(context)
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: errors.append(str(error)))
        let_in(page, login)
        page.goto(f"{site.desk.home}{path}")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert errors == []


def count_entries(site: Site, memo: str) -> int:
    counted = text("SELECT count(*) FROM ledger_entry WHERE memo = :memo")
    scope = scope_of(site.desk.school)
    return int(uow.read(site.desk.engine, scope, lambda u: u.execute(counted, {"memo": memo}).scalar_one()))


def type_line(page: Page, amount: str) -> None:
    """Fill a line from its debit field on, with the keyboard alone."""
    keys = page.keyboard
    keys.type("household")
    expect(page.locator(".option").first).to_contain_text("1316")
    keys.press("Enter")  # chooses
    expect(page.locator(":focus")).to_have_value("1316")
    expect(page.locator("[name$='debit.quantity']").last).to_be_visible()
    keys.press("Enter")  # leads on to what the account asks for
    expect(page.locator(":focus")).to_have_attribute("name", re.compile(r"debit\.quantity$"))
    keys.type("12,5")
    keys.press("Enter")
    keys.type("3210")
    expect(page.locator(".option[aria-selected=true]")).to_contain_text("3210")
    keys.press("Tab")  # accepts, and leads to what the account asks for
    expect(page.locator(":focus")).to_have_attribute("name", re.compile(r"credit\.dimensions\.counterparty$"))
    keys.type("paper")
    expect(page.locator(".option").first).to_contain_text(SUPPLIER)
    keys.press("ArrowDown")
    keys.press("ArrowUp")
    keys.press("Enter")
    keys.press("Enter")
    expect(page.locator(":focus")).to_have_attribute("data-amount", "")
    keys.type(amount)


def test_an_entry_of_two_lines_is_posted_with_the_keyboard_alone(open_page: Open, site: Site) -> None:
    page = open_page("journal/new")
    page.locator("#effective_on").focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("18032026")
    for _ in range(3):
        page.keyboard.press("Enter")
    expect(page.locator(":focus")).to_have_attribute("name", "memo")
    page.keyboard.type("By keyboard")
    page.keyboard.press("Enter")
    type_line(page, "1234,5")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")  # past the text of the line, on to the button
    expect(page.locator(":focus")).to_have_text("Add line")
    page.keyboard.press("Enter")
    expect(page.locator(":focus")).to_have_attribute("name", "postings.1.debit.account")
    type_line(page, "0,50")
    expect(page.locator("[data-total]")).to_have_text(re.compile("1.235,00"))
    page.evaluate("window.sameDocument = true")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status")).to_contain_text(re.compile(r"Entry MO-16 № \d+ posted"))
    assert page.evaluate("window.sameDocument"), "posted without a reload"
    expect(page.locator("h1")).to_be_focused()
    expect(page.get_by_role("main")).to_contain_text("18.03.2026")
    assert page.url.endswith("?posted=1")
    assert count_entries(site, "By keyboard") == 1


def fill_line(page: Page, memo: str) -> None:
    page.get_by_label("Text*", exact=True).or_(page.locator("#memo")).first.fill(memo)
    page.locator("#effective_on").fill("18.03.2026")
    page.locator("[id='postings.0.debit.account']").fill("1316")
    page.locator("[id='postings.0.credit.account']").fill("3210")
    page.locator("[id='postings.0.credit.account']").blur()
    page.locator("[id='postings.0.debit.quantity']").fill("3")
    page.locator("[id='postings.0.credit.dimensions.counterparty']").fill(SUPPLIER)
    page.locator("[id='postings.0.amount']").fill("10")


def test_the_list_is_of_the_entry_s_day_and_marks_what_nobody_has_verified(open_page: Open) -> None:
    page = open_page("journal/new")
    day, debit = page.locator("[name=effective_on]"), page.locator("[name='postings.0.debit.account']")
    debit.press_sequentially("7080")
    expect(page.locator(".option abbr.unverified")).to_have_text("?")
    debit.press("Tab")
    expect(page.locator("[id='postings.0.debit.account-hint'] abbr")).to_have_attribute("title", re.compile("act"))
    day.fill("16.03.1980")
    debit.fill("")
    debit.press_sequentially("1316")
    expect(page.locator(".option.none")).to_be_visible()


def test_faults_come_back_with_focus_and_all_that_was_typed(open_page: Open) -> None:
    page = open_page("journal/new")
    fill_line(page, "Will be mended")
    page.locator("[id='postings.0.amount']").fill("ten")
    page.get_by_role("button", name="Post", exact=True).click()
    expect(page.locator("#faults")).to_be_focused()
    expect(page.locator("#memo")).to_have_value("Will be mended")
    page.locator("#faults a").click()
    expect(page.locator("[id='postings.0.amount']")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("10")
    page.get_by_role("button", name="Post", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("posted")


def test_a_double_click_posts_once(open_page: Open, site: Site) -> None:
    page = open_page("journal/new")
    fill_line(page, "Clicked twice")
    page.get_by_role("button", name="Post", exact=True).dblclick()
    expect(page.get_by_role("status")).to_contain_text("posted")
    assert count_entries(site, "Clicked twice") == 1


def test_lines_are_copied_and_removed_in_place(open_page: Open) -> None:
    page = open_page("journal/new")
    fill_line(page, "Copies")
    page.get_by_role("button", name="Copy line").click()
    expect(page.locator("[id='postings.1.credit.dimensions.counterparty']")).to_have_value(SUPPLIER)
    expect(page.locator("[data-total]")).to_have_text("20,00")
    page.get_by_role("button", name="Remove line").first.click()
    expect(page.locator("[data-line]")).to_have_count(1)
    expect(page.locator("[data-line-number]")).to_have_text("1")
    page.get_by_role("button", name="Post", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("posted")


def test_an_entry_is_cancelled_by_storno(open_page: Open, site: Site) -> None:
    entry = site.desk.post(memo="To be cancelled")
    page = open_page(f"journal/{entry}")
    page.get_by_role("link", name="Storno").click()
    page.locator("#reason").fill("A test of storno")
    page.locator("#effective_on").fill("18.03.2026")
    page.get_by_role("button", name="Post the correction").click()
    expect(page.get_by_role("status")).to_contain_text("posted")
    expect(page.get_by_role("main")).to_contain_text("\u22121\u00a0234,56")
    page.get_by_role("link", name=re.compile("№")).click()
    expect(page.get_by_role("main")).to_contain_text("A test of storno")


def test_an_entry_is_cancelled_by_opposite_sides(open_page: Open, site: Site) -> None:
    page = open_page(f"journal/{site.desk.post(memo='Undone later')}/correct")
    page.get_by_label("Reversal").check()
    page.locator("#reason").fill("The supplier took it back")
    page.locator("#effective_on").fill("18.03.2026")
    page.get_by_role("button", name="Post the correction").click()
    expect(page.get_by_role("status")).to_contain_text("posted")
    line = page.locator(".postings tbody tr")
    expect(line.locator("[data-label=Debit]")).to_contain_text("3210")
    expect(line.locator("[data-label=Credit]")).to_contain_text(re.compile(r"1316.*Quantity\s+20", re.DOTALL))
    expect(line).to_contain_text("1\u00a0234,56")


@pytest.mark.parametrize("scripted", [True, False])
def test_quantities_and_a_currency_stand_beside_the_amount(open_page: Open, scripted: bool) -> None:
    page = open_page("journal/new", java_script_enabled=scripted)
    page.locator("#memo").fill("Petrol for dollars")
    page.locator("#effective_on").fill("18.03.2026")
    for side, code in (("debit", "1315"), ("credit", "1051")):
        page.locator(f"[id='postings.0.{side}.account']").fill(code)
        page.locator(f"[id='postings.0.{side}.account']").blur()
    if not scripted:
        page.get_by_role("button", name="Refresh lines").click()
    page.locator("[id='postings.0.credit.dimensions.currency']").wait_for()
    page.locator("[id='postings.0.debit.quantity']").fill("212,5")
    page.locator("[id='postings.0.amount']").fill("41 000")
    page.locator("[id='postings.0.credit.dimensions.currency']").fill("USD")
    page.get_by_role("button", name="Post", exact=True).click()
    expect(page.locator("[id='postings.0.credit.currency_amount-fault']")).to_contain_text("amount in USD")
    page.locator("[id='postings.0.credit.currency_amount']").fill("78,43")
    page.get_by_role("button", name="Post", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("posted")
    expect(page.locator(".postings")).to_contain_text("212,5")
    expect(page.locator(".postings")).to_contain_text("78,43\u00a0USD")
    page.goto(page.url.partition("/journal")[0] + "/trial-balance?from=2026-03&to=2026-03&by=dimensions")
    expect(page.locator("#a-1315 + tr.measure")).to_contain_text("Quantity")
    expect(page.locator("tr.measure", has_text="Amount in the currency, USD")).to_be_visible()
    page.goto(page.url.partition("/trial-balance")[0] + "/accounts/1315/card?from=2026-03&to=2026-03")
    expect(page.locator(".card-lines thead")).to_contain_text("Quantity, balance")


@pytest.mark.parametrize("scripted", [True, False])
def test_an_off_balance_account_is_posted_on_one_side(open_page: Open, scripted: bool) -> None:
    page = open_page("journal/new", java_script_enabled=scripted)
    page.locator("#memo").fill("Forms taken in")
    page.locator("#effective_on").fill("18.03.2026")
    page.locator("[id='postings.0.debit.account']").fill("03")
    page.locator("[id='postings.0.debit.account']").blur()
    if not scripted:
        page.get_by_role("button", name="Refresh lines").click()
    expect(page.locator("[data-line]")).to_contain_text("leave the other side empty")
    page.locator("[id='postings.0.debit.quantity']").fill("150")
    page.locator("[id='postings.0.amount']").fill("15000")
    page.get_by_role("button", name="Post", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("posted")
    expect(page.locator(".postings [data-label=Debit]")).to_contain_text("03")
    expect(page.locator(".postings [data-label=Credit]")).to_have_count(0)
    page.goto(page.url.partition("/journal")[0] + "/trial-balance?from=2026-03&to=2026-03")
    expect(page.locator("#a-03")).to_contain_text("000,00")
    expect(page.locator("#a-00")).to_have_count(0)


@pytest.mark.parametrize("scripted", [True, False])
def test_a_month_is_locked_and_opened_again_on_its_page(open_page: Open, site: Site, scripted: bool) -> None:
    page = open_page("months", login="office", java_script_enabled=scripted)
    row = page.locator("[id='p-2026-12']")
    row.get_by_role("button", name="Restrict").click()
    expect(row).to_contain_text("restricted")
    row.get_by_role("button", name="Close").click()
    expect(row).to_contain_text("closed")
    row.get_by_role("link", name="Open again").click()
    page.locator("#reason").fill("A bill came late")
    page.get_by_role("button", name="Open the month again").click()
    expect(row).to_contain_text("open")
    expect(page.locator(".timeline")).to_contain_text("A bill came late")


def test_a_figure_opens_to_its_card_and_its_entry_and_back_keeps_the_place(open_page: Open, site: Site) -> None:
    site.desk.post(memo="Drilled")
    page = open_page("trial-balance?from=2026-03&to=2026-03")
    page.get_by_role("link", name="3210").click()
    expect(page.locator("h1")).to_contain_text("Account card: 3210")
    page.locator("tr", has_text="Drilled").get_by_role("link").click()
    expect(page.get_by_role("heading", name="Source")).to_be_visible()
    page.get_by_role("link", name="Back").click()
    expect(page.locator("h1")).to_contain_text("Account card: 3210")
    page.get_by_role("link", name="Back").click()
    expect(page.locator("h1")).to_contain_text("Trial balance")
    assert page.url.endswith("trial-balance?from=2026-03&to=2026-03#a-3210")
    expect(page.locator(":focus")).to_have_text("3210")


_WATCHED = """() => {
    window.undressed = 0;
    const look = () => {
        const late = [...document.querySelectorAll("link[rel=stylesheet]")].some((link) => !link.sheet);
        if (late && getComputedStyle(document.querySelector(".shell")).opacity !== "0") window.undressed += 1;
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""


def test_a_page_that_comes_without_a_reload_has_its_own_sheets_and_scripts_once(open_page: Open) -> None:
    page = open_page("journal")

    def with_a_sheet(route: Route) -> None:
        answer = route.fetch()
        sheet = f'<link rel="stylesheet" href="{asset("grid.css")}">'
        route.fulfill(response=answer, body=re.sub(r"(<body[^>]*>)", rf"\1{sheet}", answer.text()))

    page.route("**/intake", with_a_sheet)
    page.evaluate(_WATCHED)
    for _ in range(2):
        page.get_by_role("link", name="From Excel or a file").first.click()
        page.wait_for_load_state("networkidle")
        page.locator("[data-intake-paste]").press_sequentially("ab")
        expect(page.locator("[data-intake-count]")).to_contain_text("1")
        page.go_back()
        expect(page.get_by_role("link", name="From Excel or a file").first).to_be_visible()
    assert page.evaluate("window.undressed") == 0, "of a page that was never loaded anew"
    scripts = "performance.getEntriesByType('resource').filter((each) => /intake[.]js/.test(each.name)).length"
    assert page.evaluate(scripts) == 1


def test_everything_works_without_script(open_page: Open, site: Site) -> None:
    page = open_page("journal/new", java_script_enabled=False)
    page.locator("#effective_on").fill("18.03.2026")
    page.locator("#memo").fill("Without script")
    page.locator("[id='postings.0.debit.account']").fill("1316")
    page.locator("[id='postings.0.credit.account']").fill("3210")
    page.locator("[id='postings.0.credit.account']").press("Enter")  # never posts by accident
    expect(page.locator("[id='postings.0.credit.dimensions.counterparty']")).to_be_visible()
    page.get_by_role("button", name="Add line").click()
    for line in (0, 1):
        page.locator(f"[id='postings.{line}.debit.account']").fill("1316")
        page.locator(f"[id='postings.{line}.credit.account']").fill("3210")
    page.get_by_role("button", name="Refresh lines").click()
    for line in (0, 1):
        page.locator(f"[id='postings.{line}.debit.quantity']").fill("1")
        page.locator(f"[id='postings.{line}.credit.dimensions.counterparty']").fill(SUPPLIER)
        page.locator(f"[id='postings.{line}.amount']").fill("7,25")
    page.get_by_role("button", name="Post", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("posted")
    expect(page.get_by_role("main")).to_contain_text("14,50")
    page.get_by_role("link", name="Storno").click()
    page.locator("#reason").fill("Also without script")
    page.locator("#effective_on").fill("18.03.2026")
    page.get_by_role("button", name="Post the correction").click()
    expect(page.get_by_role("status")).to_contain_text("posted")


def test_where_htmx_could_not_be_installed_the_form_is_posted_with_a_reload(open_page: Open) -> None:
    page = open_page()
    page.route("**/vendor/htmx.min.js*", lambda route: route.abort())
    page.goto(f"{page.url.rstrip('/')}/journal/new")
    fill_line(page, "Without htmx")
    page.get_by_role("button", name="Post", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("posted")


@pytest.mark.parametrize("scripted", [True, False])
def test_another_language_keeps_the_filled_form(open_page: Open, scripted: bool) -> None:
    page = open_page("journal/new", java_script_enabled=scripted)
    page.locator("#memo").fill("Stays as typed")
    page.locator("[id='postings.0.amount']").fill("1 234,56")
    page.get_by_role("button", name="Қаз", exact=True).click()
    expect(page.locator("h1")).to_have_text("Жаңа операция")
    expect(page.locator("html")).to_have_attribute("lang", "kk")
    expect(page.locator("#memo")).to_have_value("Stays as typed")
    expect(page.locator("[id='postings.0.amount']")).to_have_value(re.compile("1.234,56"))
    page.get_by_role("button", name="Eng", exact=True).click()
    expect(page.locator("h1")).to_have_text("New entry")


def test_the_theme_changes_at_once_and_stays(open_page: Open) -> None:
    page = open_page("journal/new")
    page.locator("#memo").fill("Stays")
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("#memo")).to_have_value("Stays")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_a_phone_never_scrolls_sideways(open_page: Open, site: Site, language: str) -> None:
    entry = site.desk.post(memo="On a phone")
    page = open_page(login="office", viewport={"width": 375, "height": 740})
    page.context.add_cookies([{"name": "qazyna_language", "value": language, "url": site.address}])
    for path in (
        "",
        "journal",
        "journal/new",
        f"journal/new?copy={entry}",
        f"journal/{entry}",
        f"journal/{entry}/correct",
        "trial-balance",
        "trial-balance?by=dimensions",
        "accounts/3210/card",
        "accounts/1316/card",
        "reports",
        "reports/chessboard",
        "reports/ledger-book?account=3210",
        "reports/memorial-orders",
        "reports/comparison?part=closing&by=counterparty",
        "reports/postings?part=credit&account=3210",
        "reports/views/new?of={home}reports/by-value",
        "months",
        "months/2026-03/reopen",
        "years/2026/close",
        "years/2026/reopen",
    ):
        page.goto(f"{site.desk.home}{path.format(home=site.desk.home)}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 375, path


@pytest.mark.parametrize("scripted", [True, False])
def test_a_phone_opens_the_sections_by_one_button(open_page: Open, scripted: bool) -> None:
    page = open_page(viewport={"width": 375, "height": 740}, java_script_enabled=scripted)
    months = page.get_by_role("link", name="Months", exact=True)
    head = page.locator("header.top").bounding_box()
    assert head
    assert head["height"] < 64
    expect(months).to_be_hidden()
    page.get_by_role("button", name="Sections").click()
    months.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Months and years")
    expect(months).to_be_hidden()


def test_targets_on_a_phone_are_large_enough(open_page: Open) -> None:
    page = open_page("journal/new", viewport={"width": 375, "height": 740}, has_touch=True)
    small = page.evaluate("""
        [...document.querySelectorAll("button, .button, input:not([type=hidden]), select, nav a")]
          .filter((e) => e.checkVisibility())
          .map((e) => [e.getBoundingClientRect(), e.outerHTML.slice(0, 90)])
          .filter(([box]) => box.height < 43.5 && box.width > 1)
    """)
    assert small == []


def test_a_form_comes_back_by_itself_after_signing_in_again(open_page: Open, site: Site) -> None:
    page = open_page("journal/new")
    page.locator("#memo").fill("Typed before the session ended")
    page.context.clear_cookies()
    page.get_by_role("button", name="Post", exact=True).click()
    expect(page.get_by_text("what you typed is kept")).to_be_visible()
    page.get_by_label("Login").fill("accountant")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="New entry")).to_be_visible()
    expect(page.locator("#memo")).to_have_value("Typed before the session ended")
    assert count_entries(site, "Typed before the session ended") == 0
