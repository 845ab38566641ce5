"""A day's main job without a mouse: sign in, find the form, post, read the trial balance, open a figure, come back."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.factories.patience import until
from tests.web.conftest import Site
from tests.web.desk import PASSWORD, SUPPLIER

MOST_TABS = 80
_IN_SIGHT = """() => {
    const at = document.activeElement, box = at.getBoundingClientRect();
    const seen = document.elementFromPoint(box.x + Math.min(box.width, 40) / 2, box.y + box.height / 2);
    return !!seen && (at === seen || at.contains(seen) || seen.contains(at));
}"""
_OUTLINED = "() => getComputedStyle(document.activeElement).outlineStyle !== 'none'"
_FOCUSED = "document.activeElement.outerHTML.slice(0, 200)"


@pytest.fixture
def keyboard(browser: Browser, site: Site) -> Iterator[Page]:
    """A low window that nobody clicks in: much of each page is out of sight."""
    context = browser.new_context(base_url=site.address, locale="en", viewport={"width": 1280, "height": 480})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto("/sign-in")
    tab_to(page, "#login")
    page.keyboard.type("accountant")
    tab_to(page, "#password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/o/\d+/?$"))
    yield page
    context.close()
    assert errors == []


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is there; on the way it is always seen, but on the heading that a page begins with."""
    for _ in range(MOST_TABS):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
        if not page.evaluate("document.activeElement.matches('body, h1')"):
            for question in (_IN_SIGHT, _OUTLINED):  # a page that just came scrolls and paints a moment later
                until(lambda asked=question: page.evaluate(asked), lambda: page.evaluate(_FOCUSED))  # type: ignore[misc]
    raise AssertionError(f"{selector} is not reached by Tab")


def find(page: Page, words: str) -> None:
    """Through the search window to the first finding."""
    page.keyboard.press("Control+k")
    expect(page.locator("#palette-q")).to_be_focused()
    page.keyboard.type(words)
    page.keyboard.press("Enter")  # at once: it goes as soon as the finding is there


def test_an_entry_is_posted_read_and_traced_without_a_mouse(keyboard: Page) -> None:
    page = keyboard
    find(page, "yjdfz jgthfwbz")  # “новая операция” under the Latin layout
    page.wait_for_url("**/journal/new")
    tab_to(page, "#memo")
    page.keyboard.type("Posted without a mouse")
    tab_to(page, "[id='postings.0.debit.account']")
    page.keyboard.type("1316")
    page.keyboard.press("Tab")
    expect(page.locator("[id='postings.0.debit.quantity']")).to_be_visible()
    tab_to(page, "[id='postings.0.debit.quantity']")
    page.keyboard.type("20")
    tab_to(page, "[id='postings.0.credit.account']")
    page.keyboard.type("3210")
    page.keyboard.press("Tab")
    counterparty = "[id='postings.0.credit.dimensions.counterparty']"
    expect(page.locator(counterparty)).to_be_visible()
    tab_to(page, counterparty)
    page.keyboard.type(SUPPLIER)
    tab_to(page, "[id='postings.0.amount']")
    page.keyboard.type("4321,5")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**?posted=1")
    entry = page.url.partition("?")[0]
    page.keyboard.press("g")
    page.keyboard.press("t")
    page.wait_for_url("**/trial-balance")
    tab_to(page, "table a")
    walk_the_figures(page)
    row = page.evaluate("document.activeElement.closest('tr').id")
    page.keyboard.press("Enter")
    page.wait_for_url("**/reports/postings?**")
    expect(page.locator("h1:focus")).to_be_visible()
    page.keyboard.press("Shift+Tab")
    expect(page.locator(".back a")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/trial-balance**")
    if row:
        expect(page.locator(f"#{row} :focus")).to_be_visible()
    find(page, "4321,50")
    page.wait_for_url(f"{entry}**")


def walk_the_figures(page: Page) -> None:
    """From the first one by arrows; Tab leads past all the others, and back to the one that was left."""
    keys, here = page.keyboard, page.locator("table a:focus")
    keys.press("Control+End")
    last = here.get_attribute("href")
    assert last
    keys.press("Control+Home")
    keys.press("End")
    opened = here.get_attribute("href")
    keys.press("ArrowDown")
    expect(here).to_have_count(1)
    keys.press("ArrowUp")
    keys.press("Tab")
    assert page.evaluate("!document.activeElement.closest('table')"), "Tab leads out of the table"
    keys.press("Shift+Tab")
    expect(here).to_have_attribute("href", opened or "")
    expect(here).to_have_class(re.compile("figure"))
    expect(page.locator("table a[tabindex='0']")).to_have_count(1)


def test_windows_open_by_keys_give_the_focus_back_and_remember_places(keyboard: Page) -> None:
    page = keyboard
    find(page, "counterpart")
    page.wait_for_url("**/counterparties")
    tab_to(page, "#q")
    page.keyboard.type("?/g")
    assert page.locator("dialog[open]").count() == 0, "keys are letters in a field"
    page.keyboard.press("Control+k")
    expect(page.locator("#palette [role=group]").first).to_contain_text("School-gymnasium No. 7")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#palette [role=option][aria-selected=true]")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("?")
    expect(page.locator("#keys h2").nth(1)).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()
    switch_single_keys(page)
    page.keyboard.press("?")
    page.keyboard.press("/")
    assert page.locator("dialog[open]").count() == 0, "they are switched off"
    page.keyboard.press("Control+k")
    expect(page.locator("#palette-q")).to_be_focused()
    switch_single_keys(page)
    page.keyboard.press("?")
    expect(page.locator("#keys h2").nth(1)).to_be_visible()


def switch_single_keys(page: Page) -> None:
    page.goto("/account/desk")
    tab_to(page, "#single_keys")
    page.keyboard.press("Space")
    tab_to(page, "main button[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/account(#desk)?$"))


def test_help_of_a_field_opens_by_its_key(keyboard: Page) -> None:
    page = keyboard
    page.goto(f"{page.url.rstrip('/')}/journal/new")
    tab_to(page, "#effective_on")
    page.keyboard.press("F1")
    help_text = page.locator("#help-effective_on")
    expect(help_text).to_be_visible()
    expect(help_text).to_contain_text("393")
    expect(page.locator("#effective_on")).to_be_focused()
    page.keyboard.press("Escape")
    expect(help_text).to_be_hidden()
