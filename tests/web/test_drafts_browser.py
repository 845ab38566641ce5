"""The table of an entry in a real browser: by keyboard alone, from Excel, over a lost connection, in two windows."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, ViewportSize, expect
from sqlalchemy import text

from erp.base import uow
from qazyna.assets import install
from tests.factories.books import scope_of
from tests.web.conftest import Site, let_in
from tests.web.desk import PASSWORD, SUPPLIER
from tests.web.test_accessibility import AXE, Eyes

SCREEN = ViewportSize(width=1440, height=900)


@dataclass
class Desk:
    """The accountant's browser, with a table open."""

    context: BrowserContext
    page: Page
    site: Site

    def new_table(self) -> Page:
        self.page.goto(f"{self.site.desk.home}drafts")
        self.page.get_by_role("button", name="New table").click()
        return ready(self.page)

    def same_table(self) -> Page:
        """Another window on the same draft."""
        other = self.context.new_page()
        other.goto(self.page.url)
        return ready(other)


def ready(page: Page) -> Page:
    page.locator("form[data-ready]").wait_for()
    return page


@pytest.fixture
def desk(browser: Browser, site: Site) -> Iterator[Desk]:
    context = browser.new_context(base_url=site.address, locale="en", viewport=SCREEN, reduced_motion="reduce")
    if not AXE.exists():
        install()
    context.add_init_script(path=AXE)
    errors: list[str] = []
    context.on("weberror", lambda error: errors.append(str(error.error)))
    page = context.new_page()
    let_in(page, "accountant")
    yield Desk(context, page, site)
    context.close()
    assert errors == []


def saved(page: Page) -> None:
    expect(page.locator("[data-saved]")).to_have_attribute("data-state", "saved")


def without_saving(route: Route) -> None:
    if route.request.method == "PUT":
        route.abort()
    else:
        route.continue_()


def slowly(route: Route) -> None:
    time.sleep(0.3)
    route.continue_()


def answer_lost(route: Route) -> None:
    route.fetch()
    route.abort()


def paste(page: Page, block: str) -> None:
    """As Ctrl+V does, with a spreadsheet's cells on the clipboard."""
    page.evaluate(
        """block => {
            const clipboardData = new DataTransfer();
            clipboardData.setData("text/plain", block);
            const event = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
            document.activeElement.dispatchEvent(event);
        }""",
        block,
    )


def postings(site: Site, memo: str) -> list[int]:
    """Postings of each entry with a text."""
    counted = text("""
        SELECT count(p.no) FROM ledger_entry e
          JOIN ledger_posting p USING (organisation_id, fiscal_year)
         WHERE e.memo = :memo AND p.entry_id = e.id GROUP BY e.id
    """)
    scope = scope_of(site.desk.school)
    return list(uow.read(site.desk.engine, scope, lambda u: u.execute(counted, {"memo": memo}).scalars().all()))


def choose(page: Page, typed: str, code: str) -> None:
    """Type into the cell one is at, wait for the list, take what it points at."""
    page.keyboard.type(typed)
    expect(page.locator("[role=listbox] [aria-selected=true]")).to_contain_text(code)
    page.keyboard.press("Enter")


def test_an_entry_of_several_rows_is_typed_corrected_and_posted_with_the_keyboard_alone(desk: Desk) -> None:
    page, keys = desk.new_table(), desk.page.keyboard
    expect(page.locator("#memo")).to_be_focused()
    keys.type("Typed in the table")
    keys.press("Enter")
    choose(page, "household", "1316")
    choose(page, "3210", "3210")
    choose(page, ",evfuf", SUPPLIER)  # «бумага», with the Latin layout left on
    keys.type("1 234,5")
    keys.press("Enter")
    keys.type("12")
    keys.press("Enter")
    keys.press("Enter")  # past the text of the row
    keys.press("Enter")
    expect(page.locator(":focus")).to_have_attribute("aria-colindex", "2")
    for _ in range(6):
        keys.press("Control+KeyD")  # the row above, cell by cell
        keys.press("ArrowUp")
        keys.press("ArrowRight")
    expect(page.locator("[data-total]")).to_have_text(re.compile("2.469,00"))
    keys.press("Control+KeyZ")
    keys.press("Control+KeyZ")
    expect(page.locator("[data-total]")).to_have_text(re.compile("1.234,50"))
    keys.press("Control+Delete")
    saved(page)
    keys.press("Control+Enter")
    expect(page.locator(".notice.good")).to_contain_text("posted")
    assert postings(desk.site, "Typed in the table") == [1]


def test_a_block_of_excel_is_pasted_checked_mended_and_posted_once(desk: Desk) -> None:
    page, keys = desk.new_table(), desk.page.keyboard
    page.locator("#memo").fill("From Excel")
    page.locator("#memo").press("Enter")
    choose(page, "1316", "1316")
    choose(page, "3210", "3210")
    page.locator(".sheet-cell[tabindex='0']").press("Home")
    line = f"1316\t3210\t{SUPPLIER}\t1 000,50\t2,5\tpaper"
    paste(page, "\r\n".join([line, line.replace("1 000,50", "ten"), "", line.replace("1316", "9999")]) + "\r\n")
    wrong = page.locator("[role=gridcell][aria-invalid=true]")
    expect(wrong).to_have_count(2)
    expect(wrong.first).to_contain_text("is not an amount")
    described = wrong.first.get_attribute("aria-describedby")
    assert "not an amount" in page.locator(f"[id='{described}']").inner_text()
    keys.press("Control+Home")
    keys.press("F8")
    expect(page.locator(":focus")).to_contain_text("ten")
    keys.type("999,50")
    keys.press("Enter")
    keys.press("F8")
    expect(page.locator(":focus")).to_contain_text("9999")
    keys.type("1316")
    keys.press("Enter")
    expect(wrong).to_have_count(0)
    expect(page.locator("[data-total]")).to_have_text(re.compile("3.000,50"))
    post = page.locator("[data-post-sheet]")
    post.dblclick()
    expect(page.locator(".notice.good")).to_contain_text("posted")
    assert postings(desk.site, "From Excel") == [3]


def test_what_is_typed_before_the_script_comes_stays(desk: Desk) -> None:
    page = desk.new_table()
    page.locator("#memo").fill("As it was kept")
    saved(page)

    def late(route: Route) -> None:
        held.append(route)

    held: list[Route] = []
    page.route("**/grid.js*", late)
    page.reload(wait_until="commit")
    page.locator("#memo").press("End")
    page.keyboard.type(", typed early")
    page.locator("#journal").select_option("MO-16")
    for each in held:
        each.continue_()
    ready(page)
    expect(page.locator("#memo")).to_have_value("As it was kept, typed early")
    saved(page)
    page.unroute_all()
    page.reload()
    expect(ready(page).locator("#memo")).to_have_value("As it was kept, typed early")
    expect(page.locator("#journal")).to_have_value("MO-16")


def test_a_cell_that_is_too_long_is_told_and_the_rest_is_kept(desk: Desk) -> None:
    page = desk.new_table()
    page.locator("[role=gridcell]").first.click()
    paste(page, f"1010\t6360\t{'9' * 10_000}\tpa\0per\n1010\t6360\t5\tone")
    wrong = page.locator("[role=gridcell][aria-invalid=true]")
    expect(wrong).to_have_count(1)
    expect(wrong).to_contain_text("too long")
    expect(page.locator("[data-notice]")).to_contain_text("cut: 1")
    expect(page.locator("[data-total]")).to_have_text("5,00")
    saved(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= SCREEN["width"]
    page.reload()
    expect(ready(page).locator("[role=row]", has_text="paper")).to_have_count(1)


def test_words_that_mean_several_accounts_stay_and_are_told(desk: Desk) -> None:
    page, keys = desk.new_table(), desk.page.keyboard
    page.locator("[role=gridcell]").first.click()
    page.route("**/accounts?*", slowly)
    keys.type("materials")
    keys.press("Enter")  # before the list has come
    first = page.locator("[role=gridcell]").first
    expect(first).to_have_attribute("aria-invalid", "true")
    expect(first.locator(".sheet-text")).to_have_text("materials")
    page.unroute_all()


def test_escape_closes_the_list_or_the_one_to_come_and_keeps_what_is_typed(desk: Desk) -> None:
    page, keys = desk.new_table(), desk.page.keyboard
    field, options = page.locator("input.sheet-input"), page.locator("[role=listbox] [role=option]")
    page.locator("[role=gridcell]").first.click()
    keys.type("mater")
    expect(options.first).to_be_visible()
    keys.press("Escape")
    expect(options).to_have_count(0)
    expect(field).to_be_focused()
    expect(field).to_have_value("mater")
    page.route("**/accounts?*", slowly)
    keys.type("ials")
    keys.press("Escape")  # before the list has come
    page.wait_for_timeout(500)
    expect(options).to_have_count(0)
    expect(field).to_be_focused()
    expect(field).to_have_value("materials")
    page.unroute_all()
    keys.press("Tab")
    expect(page.locator("[role=gridcell]").first.locator(".sheet-text")).to_have_text("materials")


def test_a_column_in_use_stays_and_says_why(desk: Desk) -> None:
    page = desk.new_table()
    page.locator("[role=gridcell]").first.click()
    paste(page, "1316\t3210\t7")
    page.get_by_text("Columns", exact=True).click()
    used = page.locator("[data-do=column][data-field='credit.dimensions.counterparty']")
    expect(used).to_have_attribute("aria-disabled", "true")
    expect(used).to_have_attribute("title", re.compile("it stays"))
    used.click(force=True)
    expect(page.locator("[data-notice]")).to_contain_text("it stays")
    free = page.locator("[data-do=column][data-field='credit.dimensions.contract']")
    for pressed in ("true", "false"):
        free.click()
        expect(free).to_have_attribute("aria-pressed", pressed)


def test_a_template_is_put_in_by_the_keyboard_and_asks_for_what_it_lacks(desk: Desk) -> None:
    page, keys = desk.page, desk.page.keyboard
    page.goto(f"{desk.site.desk.home}templates/new")
    fields = {
        "name": "Rent of a month",
        "memo": "Rent",
        "postings.0.debit.account": "1010",
        "postings.0.credit.account": "6360",
        "postings.0.amount": "= rent * 2",
    }
    for name, text_ in fields.items():
        page.locator(f"[id='{name}']").fill(text_)
    page.locator("button[value=keep]").click()
    page.wait_for_url(re.compile(r"/templates/\d+"))
    desk.new_table()
    page.locator("#insert-template").focus()
    choose(page, "rent", "Rent of a month")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("rent")).to_be_focused()
    keys.type("much")
    keys.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("much")
    dialog.get_by_label("rent").fill("50")
    keys.press("Enter")
    expect(page.locator("[data-total]")).to_have_text("100,00")
    expect(page.locator("#memo")).to_have_value("Rent")


def test_a_range_is_copied_as_spreadsheets_take_it(desk: Desk) -> None:
    page, keys = desk.new_table(), desk.page.keyboard
    page.locator("[role=gridcell]").first.click()
    paste(page, '1010\t6360\t5\t"two\nlines"\n1010\t6360\t6\tone')
    keys.press("Control+Home")
    for press in ("Shift+ArrowDown", "Shift+End"):
        keys.press(press)
    copied = page.evaluate("""() => {
        const clipboardData = new DataTransfer();
        const event = new ClipboardEvent("copy", { clipboardData, bubbles: true, cancelable: true });
        document.activeElement.dispatchEvent(event);
        return clipboardData.getData("text/plain");
    }""")
    assert copied == "1010\t6360\t5\ttwo lines\n1010\t6360\t6\tone"
    expect(page.locator("[data-selected]")).to_contain_text("11,00")
    keys.press("Delete")
    expect(page.locator("[data-filled]")).to_have_text("0")
    keys.press("Control+KeyZ")
    expect(page.locator("[data-filled]")).to_have_text("2")
    for press in ("Control+Home", "ArrowDown", "ArrowDown"):
        keys.press(press)
    paste(page, "1316\t3210\t7")  # accounts that ask for more columns
    expect(page.locator("[data-filled]")).to_have_text("3")
    keys.press("Delete")
    expect(page.locator("[data-filled]")).to_have_text("2")


def test_what_is_typed_while_the_connection_is_lost_outlives_the_window(desk: Desk) -> None:
    page = desk.new_table()
    page.locator("#memo").fill("Before")
    saved(page)
    page.route("**/api/v1/**", lambda route: route.abort())
    page.locator("#memo").fill("While it was lost")
    page.locator("[role=gridcell]").first.click()
    page.keyboard.type("1010")  # not even taken with Enter
    expect(page.locator("[data-notice]")).to_contain_text("no connection")
    page.unroute("**/api/v1/**")
    page.route("**/drafts/*", without_saving)
    page.evaluate("for (const name of Object.keys(localStorage)) localStorage.setItem(`${name}-cut`, '{\"version')")
    page.reload()
    ready(page)
    expect(page.locator("#memo")).to_have_value("While it was lost")
    expect(page.locator("[role=gridcell]").first).to_contain_text("1010")
    expect(page.locator("[data-saved]")).to_have_attribute("data-state", "offline")
    page.unroute_all()
    page.evaluate("dispatchEvent(new Event('online'))")
    saved(page)
    page.reload()
    expect(ready(page).locator("#memo")).to_have_value("While it was lost")


def test_the_second_of_two_windows_is_told_and_keeps_its_own_as_a_new_draft(desk: Desk) -> None:
    page = desk.new_table()
    page.locator("#memo").fill("As begun")
    saved(page)
    other = desk.same_table()
    other.locator("#memo").fill("Of the other window")
    saved(other)
    expect(page.locator("#memo")).to_have_value("Of the other window")  # nothing typed here, so it follows
    page.route("**/drafts/*", without_saving)
    page.locator("#memo").fill("Of this window")
    expect(page.locator("[data-notice]")).to_contain_text("no connection")
    other.locator("#memo").fill("Newer")
    saved(other)
    page.unroute_all()
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("[data-notice]")).to_contain_text("newer state")
    page.route("**/drafts", answer_lost)
    page.get_by_role("button", name="Keep mine as a new draft").click()
    expect(page.locator("[data-notice]")).to_contain_text("did not answer")
    page.unroute_all()
    page.locator("#memo").fill("Of this window, to the end")
    page.get_by_role("button", name="Keep mine as a new draft").click()
    page.wait_for_url(lambda url: url != other.url)
    expect(ready(page).locator("#memo")).to_have_value("Of this window, to the end")
    other.reload()
    expect(ready(other).locator("#memo")).to_have_value("Newer")


def test_who_was_signed_out_signs_in_again_and_finds_what_was_typed(desk: Desk) -> None:
    page = desk.new_table()
    session = [cookie for cookie in desk.context.cookies() if cookie["name"] == "qazyna_session"]
    desk.context.clear_cookies(name="qazyna_session")
    page.locator("#memo").fill("Typed after the session ended")
    expect(page.locator("[data-notice]")).to_contain_text("signed out")
    page.locator("[data-notice]").get_by_role("link", name="Sign in").click()
    page.get_by_label("Login").fill("accountant")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(ready(page).locator("#memo")).to_have_value("Typed after the session ended")
    saved(page)
    assert session


def test_without_script_the_draft_opens_as_a_form_and_is_posted_from_it(desk: Desk, browser: Browser) -> None:
    page = desk.new_table()
    page.locator("#memo").fill("Finished in the form")
    page.locator("[role=gridcell]").first.click()
    paste(page, "1010\t6360\t7,25\t")
    saved(page)
    cookies = desk.context.cookies()
    plain = browser.new_context(base_url=desk.site.address, java_script_enabled=False, locale="en")
    plain.add_cookies(cookies)  # type: ignore[arg-type]
    bare = plain.new_page()
    bare.goto(page.url)
    bare.get_by_role("main").get_by_role("link", name="Open as a form").last.click()
    expect(bare.locator("[id='postings.0.amount']")).to_have_value("7,25")
    bare.get_by_role("button", name="Post", exact=True).click()
    expect(bare.get_by_role("status")).to_contain_text("posted")
    plain.close()
    page.reload()
    expect(page).to_have_url(re.compile(r"/journal/\d+"))  # the draft leads to its entry


def test_the_table_is_for_everybody_by_day_and_by_night_and_fits_a_phone(desk: Desk) -> None:
    page = desk.new_table()
    page.locator("[role=gridcell]").first.click()
    paste(page, "1316\t3210\tten\tpaper\n9999\t6360\t5")
    expect(page.locator("[role=gridcell][aria-invalid=true]")).to_have_count(2)
    page.get_by_role("button", name="Check").click()  # what is empty is told then too
    page.locator("[role=gridcell]").first.click()
    page.keyboard.type("321")
    expect(page.locator("#sheet-list [role=option]").first).to_be_visible()
    eyes = Eyes()
    eyes.look(page, "accountant")
    assert eyes.faults == []
    page.set_viewport_size({"width": 375, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
