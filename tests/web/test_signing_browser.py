"""Signing in a real browser: NCALayer on the reader's own machine, which a socket of the tests stands in for."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import TestServer
from tests.factories import authority as authorities
from tests.factories.authority import Authority, national
from tests.factories.ncalayer import Ncalayer, ncalayer
from tests.factories.program import served
from tests.web.conftest import let_in
from tests.web.desk import furnish

PHONE = {"width": 375, "height": 740}


@dataclass
class Booth:
    """The program with NCALayer switched on, and what stands in for that."""

    address: str
    authority: Authority
    ncalayer: Ncalayer


@pytest.fixture(scope="module")
def booth(server: TestServer) -> Iterator[Booth]:
    url, authority = server.new_database(), Authority.new()
    desk = furnish(url)
    authorities.trust(url, authority)
    with (
        ncalayer(authority.person().sign) as standing_in,
        served(url, QAZYNA_NCALAYER=standing_in.address) as address,
    ):
        yield Booth(address, authority, standing_in)
    desk.engine.dispose()
    server.drop_database(url)


@pytest.fixture
def window(browser: Browser, booth: Booth) -> Iterator[Page]:
    context = browser.new_context(base_url=booth.address, locale="en", viewport=PHONE)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    let_in(page, "accountant")
    yield page
    context.close()
    assert errors == []


def open_form(page: Page) -> None:
    """By a link, as people come: the page comes whole, with its own security policy."""
    page.goto("/account")
    page.get_by_role("link", name="Register a certificate").click()
    expect(page.get_by_role("button", name="Sign with NCALayer")).to_be_visible()


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def test_a_certificate_is_registered_with_ncalayer_by_keyboard(window: Page, booth: Booth) -> None:
    open_form(window)
    assert fits(window)
    booth.ncalayer.signs = booth.authority.person().sign
    window.get_by_role("button", name="Sign with NCALayer").focus()
    window.keyboard.press("Enter")
    window.wait_for_url(re.compile(r"/account#certificates"))
    expect(window.locator("#certificates")).to_contain_text("СЕРІКОВА АЙГҮЛ")
    assert fits(window)
    asked = booth.ncalayer.asked[-1]
    assert (asked["module"], asked["method"], asked["args"]["format"]) == ("kz.gov.pki.knca.basics", "sign", "cms")
    assert asked["args"]["signingParams"]["encapsulate"] == "false"
    assert asked["args"]["locale"] == "en"


def test_who_presses_cancel_in_ncalayer_reads_so_and_may_try_again(window: Page, booth: Booth) -> None:
    open_form(window)
    booth.ncalayer.signs = lambda _: None
    button = window.get_by_role("button", name="Sign with NCALayer")
    button.click()
    expect(window.get_by_role("alert").filter(has_text="NCALayer did not sign")).to_contain_text("Отменено")
    expect(button).to_be_enabled()


def test_a_national_key_is_refused_with_what_to_do(window: Page, booth: Booth) -> None:
    open_form(window)
    holder = booth.authority.person()
    booth.ncalayer.signs = lambda content: national(holder.sign(content))
    window.get_by_role("button", name="Sign with NCALayer").click()
    expect(window.locator(".faults")).to_contain_text("GOST 34.310")
    expect(window.locator(".faults")).to_contain_text("Sign with an RSA or ECDSA key")


def test_where_ncalayer_does_not_run_the_page_says_so(window: Page, booth: Booth) -> None:
    open_form(window)
    window.evaluate("document.querySelector('[data-ncalayer]').dataset.ncalayer = 'ws://127.0.0.1:9'")
    window.get_by_role("button", name="Sign with NCALayer").click()
    expect(window.get_by_role("alert").filter(has_text="NCALayer does not answer")).to_be_visible()
    assert fits(window)
