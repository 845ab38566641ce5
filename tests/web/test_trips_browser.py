"""A business trip in a real browser, on a phone: the form and the receipts, under the strict policy of content."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from erp.base.clock import today
from erp.base.dates import day_string
from tests.conftest import TestServer
from tests.factories.office import Office, an_office
from tests.factories.program import served
from tests.web.desk import PASSWORD

PHONE = ViewportSize(width=375, height=720)


@pytest.fixture(scope="module")
def place(server: TestServer) -> Iterator[tuple[Office, str]]:
    """An office, and the address where the program serves it."""
    with an_office(server) as office, served(office.url) as address:
        yield office, address


def test_a_trip_and_its_receipts_are_told_from_a_phone(
    browser: Browser, place: tuple[Office, str], tmp_path: Path
) -> None:
    office, address = place
    said: list[str] = []
    context = browser.new_context(base_url=address, locale="en", viewport=PHONE, reduced_motion="reduce")
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    enter(page, office.logins["teacher"])
    page.goto(f"{office.home}trips/new")
    day, back = day_string(today()), day_string(today() + timedelta(days=2))
    page.get_by_label("Purpose").fill("Course of teachers")
    for name, value in (
        ("from_place", "Sarydala"), ("to_place", "Almaty"), ("departs_on", day), ("arrives_on", day),
        ("night", "30 000"), ("fare", "6 200"),
    ):  # fmt: skip
        page.locator(f"[name='legs.0.{name}']").fill(value)
    page.locator("[name='legs.0.place_class']").select_option("major")
    for name in ("departs_on", "arrives_on"):
        page.locator(f"[name='legs.1.{name}']").fill(back)
    page.get_by_role("button", name="Estimate").click()
    expect(page.locator("#estimate")).to_contain_text("92\u00a0150,00")
    fits(page)
    page.get_by_role("button", name="Send for approval").click()
    page.wait_for_url(re.compile(r"/requests/\d+"))
    number = page.url.partition("/requests/")[2].partition("?")[0]

    lead = browser.new_context(base_url=address, locale="en", viewport=PHONE)
    desk = lead.new_page()
    enter(desk, office.logins["lead"])
    desk.goto(f"{office.home}inbox/{number}")
    desk.get_by_role("button", name="Approve").click()
    expect(desk.get_by_text("approved").first).to_be_visible()
    lead.close()

    page.goto(f"{office.home}trips/{number}/report")
    fits(page)
    receipt = tmp_path / "receipt.txt"
    receipt.write_text("hotel 15")
    strange = tmp_path / "receipt.exe"
    strange.write_bytes(b"MZ")
    page.get_by_label("File").set_input_files(strange)
    page.get_by_role("button", name="Attach").click()
    expect(page.locator("#faults")).to_be_visible()
    page.get_by_label("What was done").fill("The course was attended")
    page.get_by_label("File").set_input_files(receipt)
    page.get_by_role("button", name="Hand in the report").click()
    page.wait_for_url(re.compile(rf"/requests/{number}"))
    expect(page.get_by_text("92\u00a0150,00").first).to_be_visible()
    context.close()
    assert [text for text in said if "Failed to load resource" not in text] == []


def enter(page: Page, login: str) -> None:
    page.goto("/sign-in")
    page.get_by_label("Login").fill(login)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile(r"/(\?|$|o/\d+)"))


def fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing goes beyond the screen"
