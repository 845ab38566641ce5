"""The scenario page in a real browser: a slider moves, the figures follow, nothing is saved until it is asked."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.conftest import TestServer
from tests.factories.program import served
from tests.factories.scenarios import Scenarios, scenarios
from tests.web.desk import PASSWORD


@pytest.fixture(scope="module")
def planned(server: TestServer) -> Iterator[tuple[Scenarios, str]]:
    url = server.new_database()
    made = scenarios(url)
    with served(url) as address:
        yield made, address
    made.planning.oblast.engine.dispose()
    server.drop_database(url)


@pytest.mark.parametrize("width", [375, 1440])
def test_a_slider_moves_the_figures_and_only_saving_saves(
    browser: Browser, planned: tuple[Scenarios, str], width: int
) -> None:
    made, address = planned
    begun = made.begin(f"Seen at {width}")
    context = browser.new_context(
        base_url=address, locale="en", viewport=ViewportSize(width=width, height=900), reduced_motion="reduce"
    )
    errors: list[str] = []
    context.on("weberror", lambda error: errors.append(str(error.error)))
    page = context.new_page()
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    _sign_in(page)
    page.goto(f"/o/{made.at}/plans/{made.plan}/scenarios/{begun.version_id}")
    page.locator("html.scripted").wait_for()
    spent = page.locator("table.figures").first.locator("tbody tr").nth(1)
    before = spent.inner_text()
    slider = page.locator('[data-value]:has(input[name="wage_growth.2027"]) input[type=range]')
    slider.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile(r"\?wage_growth\.2027=12(%2C|,)0?|wage_growth\.2027=12$"))
    expect(spent).not_to_have_text(before)
    assert made.scenario(begun.version_id).revision.revision == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "nothing sticks out"
    page.get_by_label("Why it is saved").fill("Higher pay")
    page.get_by_role("button", name="Save the scenario").click()
    expect(page.get_by_role("cell", name="Higher pay")).to_be_visible()
    assert made.scenario(begun.version_id).revision.revision == 2
    page.get_by_role("link", name="See the formulas and change them").click()
    text = page.get_by_label("Text of the formulas")
    text.fill(text.input_value().replace("base * pay from base", "base * pay * 110% from base"))
    page.get_by_role("button", name="Try, without saving").click()
    expect(page.get_by_role("heading", name="What these formulas give")).to_be_visible()
    page.get_by_label("Why it is saved").fill("Pay is higher here")
    page.get_by_role("button", name="Save the formulas").click()
    expect(page.get_by_role("cell", name="Pay is higher here")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "nothing sticks out"
    assert made.scenario(begun.version_id).revision.model.is_own
    context.close()
    assert errors == []


def test_a_page_of_an_error_is_not_shown_for_figures(browser: Browser, planned: tuple[Scenarios, str]) -> None:
    made, address = planned
    context = browser.new_context(base_url=address, locale="en")
    page = context.new_page()
    _sign_in(page)
    page.goto(f"/o/{made.at}/plans/{made.plan}/scenarios/{made.begin('Seen without figures').version_id}")
    page.locator("html.scripted").wait_for()
    before = page.locator("#shown").inner_html()
    page.route("**/figures?**", lambda route: route.fulfill(status=422, content_type="text/html", body="<h1>No</h1>"))
    page.locator('[data-value]:has(input[name="wage_growth.2027"]) input[type=range]').press("ArrowRight")
    expect(page.locator("#no-answer")).to_be_visible()
    assert page.locator("#shown").inner_html() == before
    context.close()


def _sign_in(page: Page) -> None:
    page.goto("/sign-in")
    page.get_by_label("Login").fill("planner")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile(r"/(\?|$|o/\d+)"))
