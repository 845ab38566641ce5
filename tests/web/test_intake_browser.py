"""A block from Excel in a real browser: pasted anywhere on the page, mended at its cell, on a phone too."""

import re

from playwright.sync_api import Browser, Page, expect

from tests.web.conftest import Site, let_in
from tests.web.desk import SUPPLIER

HEADS = "Дата\t№ документа\tСчет Дт\tКол-во Дт\tСчет Кт\tБИН\tСумма\tСодержание\n"
BLOCK = (
    HEADS
    + f"16.03.2026\tB1\t1316\t20\t3210\t{SUPPLIER}\t1 234,56\tБумага\n"
    + f'16.03.2026\tB2\t1316\t5\t3210\t{SUPPLIER}\tсто\t"Папки\nсерые"\n'
    + "Итого\t\t\t\t\t\t1 334,56\t\n"
)
_PASTE = """text => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""


def signed_in(browser: Browser, site: Site, width: int) -> Page:
    context = browser.new_context(base_url=site.address, locale="en", viewport={"width": width, "height": 800})
    page = context.new_page()
    let_in(page, "accountant")
    return page


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def test_a_block_is_pasted_on_the_page_mended_and_opened_as_drafts(browser: Browser, site: Site) -> None:
    page = signed_in(browser, site, 375)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{site.desk.home}intake")
    assert fits(page)
    page.evaluate(_PASTE, BLOCK)
    expect(page.locator("#text")).to_have_value(BLOCK)
    expect(page.locator("[data-intake-count]")).to_contain_text("Lines: 5")
    page.keyboard.press("Enter")  # the button has the focus
    expect(page).to_have_url(re.compile(r"/intake/\d+$"))
    assert fits(page)
    wrong = page.locator("[id='cell.G3']")
    expect(wrong).to_have_attribute("aria-invalid", "true")
    expect(page.locator("[id='cell.G3-fault']")).to_contain_text("is not an amount")
    wrong.fill("100")
    wrong.press("Enter")
    expect(page.locator("#counts")).to_contain_text("2 of 2")
    expect(wrong).to_have_count(0)
    page.get_by_role("button", name="Open as drafts: 2").click()
    expect(page).to_have_url(re.compile(r"/drafts"))
    assert errors == []
    page.context.close()
