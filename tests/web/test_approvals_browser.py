"""Two persons in a real browser: the button follows the journal, a double click prepares once, a phone is enough."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from erp.base import uow
from erp.base.clock import today
from erp.base.scope import Scope, system_scope
from erp.finance.approvals import service
from erp.finance.approvals.schemas import RequireApproval
from erp.finance.journal import service as journal
from erp.finance.journal.schemas import PostEntry
from ledger.model import Actor
from tests.web.conftest import Site, let_in
from tests.web.desk import LYCEUM, SUPPLIER, an_entry

PHONE = {"width": 375, "height": 740}


@dataclass
class Window:
    """A signed-in person's browser."""

    page: Page
    home: str

    def open(self, path: str) -> Page:
        self.page.goto(f"{self.home}{path}")
        return self.page


@pytest.fixture(scope="module")
def lyceum(site: Site) -> int:
    """Books of which one journal needs two persons; other tests of the site do not use them."""
    organisation = site.desk.organisations[LYCEUM]
    command = RequireApproval(journal="MO-06", since=today())
    uow.run(site.desk.engine, system_scope(organisation), lambda u: service.require_approval(u, organisation, command))
    return organisation


@pytest.fixture
def window(browser: Browser, site: Site, lyceum: int) -> Iterator[Window]:
    """The chief accountant's office, with a phone's width."""
    context = browser.new_context(base_url=site.address, locale="en", viewport=PHONE)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    let_in(page, "office")
    yield Window(page, f"/o/{lyceum}/")
    context.close()
    assert errors == []


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def test_the_button_follows_the_journal_and_every_page_fits_a_phone(site: Site, lyceum: int, window: Window) -> None:
    page = window.open("journal/new")
    button = page.locator("[data-post]")
    expect(button).to_have_text("Post")
    page.locator("#journal").select_option("MO-06")
    expect(button).to_have_text("Send for approval")
    expect(page.locator("[data-approval-hint]")).to_be_visible()
    for field, value in (
        ("effective_on", "16.03.2026"),
        ("memo", "By one person"),
        ("postings.0.debit.account", "1316"),
        ("postings.0.debit.quantity", "2"),
        ("postings.0.credit.account", "3210"),
        ("postings.0.credit.dimensions.counterparty", SUPPLIER),
        ("postings.0.amount", "100"),
    ):
        page.locator(f"[id='{field}']").fill(value)
        page.keyboard.press("Tab")
    expect(page.get_by_text("Paper LLP")).to_be_visible()  # what comes later moves the button
    button.dblclick()
    expect(page).to_have_url(re.compile(r"/approvals/\d+"))
    expect(page.locator(".notice.good")).to_contain_text("Sent for approval")
    expect(page.get_by_text("You prepared it, so a second person approves it.")).to_be_visible()
    assert fits(page)
    window.open("approvals")
    assert fits(page)
    expect(page.locator(".prepared tbody tr")).to_have_count(1)
    window.open("approvals/rules")
    assert fits(page)


def test_what_is_found_is_cancelled_once_however_often_it_is_clicked(site: Site, lyceum: int, window: Window) -> None:
    scope = Scope(Actor(site.desk.users["office"], "test"), writes=frozenset({lyceum}))
    for n in range(3):
        command = PostEntry.model_validate(an_entry(journal="MO-16", memo=f"Loaded twice {n}"))
        uow.run(site.desk.engine, scope, lambda u, said=command: journal.post_entry(u, lyceum, said))  # type: ignore[misc]
    page = window.open("journal?text=Loaded twice")
    page.get_by_role("link", name="Cancel all that is found").click()
    assert fits(page)
    page.locator("#effective_on").fill("31.03.2026")
    page.locator("#reason").fill("The register was loaded twice")
    page.get_by_role("button", name="Try").dblclick()
    expect(page.locator("#outcome")).to_contain_text("Can be done: 3")
    assert fits(page)
    page.get_by_role("button", name="Cancel by storno: 3").dblclick()
    expect(page.locator("#outcome")).to_contain_text("Done: 3")
    expect(page.locator("#documents tbody tr")).to_have_count(3)
    window.open("journal?text=Loaded twice")
    expect(page.get_by_text("storno", exact=True)).to_have_count(3)
