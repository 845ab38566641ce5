"""Pages as a browser prints them: A4, what they say and nothing to press; and a document opened from its page."""

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page
from pypdf import PdfReader

from tests.web.conftest import Site, let_in

A4 = (595, 842)
MONTHS = "from=2026-01&to=2026-12"


@pytest.fixture(scope="module")
def page(browser: Browser, site: Site) -> Iterator[Page]:
    for number in range(60):
        site.desk.post(key=str(UUID(int=9100 + number)), memo=f"Printed {number}")
    context = browser.new_context(base_url=site.address, locale="en", color_scheme="dark")
    page = context.new_page()
    let_in(page, "accountant")
    yield page
    context.close()


def printed(page: Page, address: str) -> PdfReader:
    page.goto(address)
    page.locator("main").wait_for()
    return PdfReader(BytesIO(page.pdf(prefer_css_page_size=True)))


PAGES = [
    (f"journal?{MONTHS}&text=Printed", "Printed 59", False),
    (f"trial-balance?{MONTHS}", "1316", True),
    (f"accounts/3210/card?{MONTHS}", "Printed 7", True),
    (f"reports/chessboard?{MONTHS}", "1316", True),
    ("months", "March 2026", False),
]


@pytest.mark.browser
@pytest.mark.parametrize(("path", "said", "is_across"), PAGES)
def test_a_page_is_printed_without_what_is_only_for_the_screen(
    site: Site, page: Page, path: str, said: str, is_across: bool
) -> None:
    paper = printed(page, f"{site.desk.home}{path}")
    texts = [each.extract_text() for each in paper.pages]
    told = " ".join(" ".join(texts).split())
    assert said in told
    assert "School-gymnasium No. 7" in told
    for only_seen in ("Sign out", "Trial balance Reports", "Skip to", "New entry", "Save this view", "CSV", "Show",
                      "Print the chosen", "Close the month", "Қаз"):  # fmt: skip
        assert only_seen not in told, only_seen
    width, height = (round(float(each)) for each in paper.pages[0].mediabox[2:])
    assert (width, height) == pytest.approx(A4[::-1] if is_across else A4, abs=2)
    assert f"1 / {len(texts)}" in texts[0]


@pytest.mark.browser
def test_a_long_table_has_its_head_on_each_page_and_no_row_in_two(site: Site, page: Page) -> None:
    texts = [each.extract_text() for each in printed(page, f"{site.desk.home}accounts/3210/card?{MONTHS}").pages]
    assert len(texts) > 1
    assert all("Corr. account" in " ".join(text.split()) for text in texts[:-1])
    for number in range(60):
        lines = [n for n, text in enumerate(texts) if re.search(rf"Printed {number}\b", text)]
        assert len(lines) == 1, number


@pytest.mark.browser
def test_links_are_black_on_white_though_the_screen_is_dark(site: Site, page: Page) -> None:
    page.goto(f"{site.desk.home}journal?{MONTHS}")
    page.emulate_media(media="print")
    looks = "[...document.querySelectorAll('main a')].map(a => getComputedStyle(a))"
    colours = page.evaluate(f"[...new Set({looks}.map(look => look.color + look.textDecorationLine))]")
    ground = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--ground')")
    page.emulate_media(media="screen")
    assert colours == ["rgb(0, 0, 0)none"]
    assert ground.strip() == "#fff"


@pytest.mark.browser
def test_the_print_button_brings_a_pdf(site: Site, page: Page, tmp_path: Path) -> None:
    page.goto(f"{site.desk.home}journal?{MONTHS}&text=Printed 7")
    page.locator(".entries .row-link").first.click()
    link = page.get_by_role("link", name="Print", exact=True)
    answer = page.request.get(link.get_attribute("href") or "")
    assert answer.ok
    assert "Printed 7" in PdfReader(BytesIO(answer.body())).pages[0].extract_text()
