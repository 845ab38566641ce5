"""Leave from a telephone, in a real browser: asked for with its days seen, found at the desk, approved."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from erp.base.clock import today
from erp.hr.leave import service
from erp.hr.leave.schemas import GrantYears
from tests.conftest import TestServer
from tests.factories.office import Office, an_office
from tests.factories.program import served
from tests.web.conftest import let_in

PHONE = ViewportSize(width=375, height=812)
YEAR = today().year + 1

_TELL_VIOLATIONS = """
    addEventListener("securitypolicyviolation", of => console.error(
        `${of.violatedDirective} ${of.sourceFile}:${of.lineNumber}:${of.columnNumber} ${of.sample}`))
"""


@pytest.fixture(scope="module")
def office(server: TestServer) -> Iterator[tuple[Office, str]]:
    """The program as it is run, over an office in which everybody has their working years."""
    with an_office(server) as office:
        command = GrantYears(day=today())
        office.staff.run("officer", lambda u: service.grant_years(u, office.staff.organisation, command))
        with served(office.url) as address:
            yield office, address


def test_leave_is_asked_for_and_approved_on_telephones(browser: Browser, office: tuple[Office, str]) -> None:
    staffed, address = office
    errors: list[str] = []

    def phone(who: str) -> Page:
        context = browser.new_context(base_url=address, locale="en", viewport=PHONE, has_touch=True)
        context.on("weberror", lambda error: errors.append(str(error.error)))
        context.add_init_script(_TELL_VIOLATIONS)
        page = context.new_page()
        page.on("console", lambda said: errors.append(said.text) if _is_fault(said.type, said.text) else None)
        let_in(page, staffed.logins[who])
        return page

    teacher = phone("teacher")
    teacher.goto(f"{staffed.home}leave")
    teacher.get_by_role("link", name="Ask for leave").first.click()
    teacher.get_by_label("First day").fill(f"20.03.{YEAR}")
    teacher.get_by_label("Last day").fill(f"28.03.{YEAR}")
    teacher.get_by_role("button", name="Show what it means").click()
    expect(teacher.get_by_role("region", name="Day by day").locator("tr.free")).to_have_count(3)
    _holds_its_width(teacher)
    teacher.get_by_role("button", name="Send").click()
    expect(teacher.get_by_role("status")).to_contain_text("Sent.")
    _holds_its_width(teacher)

    lead = phone("lead")
    lead.goto(f"{staffed.home}absences")
    menu = lead.get_by_role("button", name="Sections")
    expect(menu).to_contain_text("1")
    menu.click()
    lead.get_by_role("link", name="Staff 1").click()
    lead.get_by_role("link", name=re.compile("Teacher Test")).click()
    expect(lead.get_by_role("main")).to_contain_text("30 → 24")
    _holds_its_width(lead)
    lead.get_by_role("button", name="Return").click()
    expect(lead.locator("#reason-fault")).to_contain_text("Say why")
    lead.get_by_role("button", name="Approve").click()
    expect(lead.get_by_role("status")).to_contain_text("Done.")
    expect(lead.get_by_role("button", name="Sections")).not_to_contain_text("1")
    _holds_its_width(lead)
    teacher.goto(f"{staffed.home}leave?day=31.12.{YEAR}")
    expect(teacher.locator(".leave-number")).to_have_text("24")
    for page in (teacher, lead):
        page.context.close()
    assert errors == []


def _holds_its_width(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], "nothing sticks out"


def _is_fault(kind: str, text: str) -> bool:
    """What the browser complains of; that a page was refused is said on the page itself."""
    return kind == "error" and "status of 422" not in text
