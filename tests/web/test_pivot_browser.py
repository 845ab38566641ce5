"""Typing into a pivot in a real browser, on a phone: arrows, Enter, Escape, a block from a spreadsheet, saving."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import TestServer
from tests.factories.plans import Planning, a_leaf, planning
from tests.factories.program import served
from tests.web.desk import PASSWORD

_PASTE = """(field, text) => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""


@pytest.fixture(scope="module")
def planned(server: TestServer) -> Iterator[tuple[Planning, str]]:
    """Wages 100.00 and 200.00, food 300.00 and 400.00."""
    url = server.new_database()
    found = planning(url)
    at = found.oblast.at("oblast")
    keys = [a_leaf(budget=at, organisation=at, economic=code) for code in ("111", "141")]
    plan = found.begin(keys, years=(2026, 2027))
    plan.edit([(0, 2026, 10_000), (0, 2027, 20_000), (1, 2026, 30_000), (1, 2027, 40_000)])
    with served(url) as address:
        yield plan, address
    found.oblast.engine.dispose()
    server.drop_database(url)


def test_figures_are_typed_by_keys_and_pasted_as_a_block(browser: Browser, planned: tuple[Planning, str]) -> None:
    plan, address = planned
    context = browser.new_context(base_url=address, locale="en", viewport={"width": 375, "height": 800})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    _sign_in(page)
    home = f"/o/{plan.at}/plans/{plan.plan_id}/versions/{plan.base_id}"
    page.goto(f"{home}/pivot?row1=economic&col1=year&unit=tiyn&type=1")
    page.locator("html.scripted").wait_for()
    wages, food = page.locator("[name='f.1.0']"), page.locator("[name='f.2.0']")
    wages.click()
    wages.press("ArrowDown")
    expect(food).to_be_focused()
    food.fill("7")
    food.press("Escape")
    expect(food).to_have_value("300,00")
    food.press("Shift+Enter")
    expect(wages).to_be_focused()
    wages.evaluate(_PASTE, "150,00\t250,00\r\n350,00\t450,00\r\n")
    expect(page.locator("[name='f.2.1']")).to_have_value("450,00")
    expect(page.locator("td.mended")).to_have_count(4)
    food.evaluate(_PASTE, "350,00\t450,00\t1,00\r\n2,00\t\t3,00\r\n")
    expect(page.get_by_role("alert").filter(has_text="Pasted")).to_contain_text(
        "Pasted: 2. Not pasted: 3, from “1,00” on: this page has no row or column for them."
    )
    expect(page.locator("td.mended")).to_have_count(4)
    food.evaluate(_PASTE, "350,00\t450,00")
    expect(page.locator("[data-lost-notice]")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= 375, "nothing sticks out"
    page.get_by_role("button", name="Show what becomes of it").click()
    expect(page.locator("[name='f.2.1'] ~ .pivot-new")).to_have_text("→ 450,00")
    expect(page.locator("[name='f.0.1'] ~ .pivot-new")).to_have_text("→ 700,00")
    page.get_by_label("Why the figures change").fill("Dearer food")
    page.get_by_role("button", name="Save as one edit").click()
    expect(page.get_by_text("Saved as edit № 2")).to_be_visible()
    assert plan.holds() == {(0, 2026): 15_000, (0, 2027): 25_000, (1, 2026): 35_000, (1, 2027): 45_000}
    context.close()
    assert errors == []


def _sign_in(page: Page) -> None:
    page.goto("/sign-in")
    page.get_by_label("Login").fill("planner")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile(r"/(\?|$|o/\d+)"))
