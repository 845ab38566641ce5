"""What an accountant waits for: reports of one institution's year, a long list as a spreadsheet, a long entry typed."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from statistics import median, quantiles
from tempfile import TemporaryFile
from typing import Any

from playwright.sync_api import Page, sync_playwright

from bench.measure import Figure, duration, size, timed
from bench.pages import served
from bench.reports import BUSIEST, POSTINGS, read, slower_first
from bench.world import World
from erp.base import clock
from erp.base.dates import MonthSpan
from erp.base.db import make_engine
from erp.base.i18n import Language
from erp.base.uow import UnitOfWork
from erp.finance.journal.turnovers import Cut
from erp.finance.reports import service
from erp.finance.reports.model import Figure as Sum
from erp.finance.reports.model import Part, PostingLine, Step
from ledger.model import Dimension
from qazyna import demonstration
from qazyna.browser import BROWSER_FLAGS, find_browser
from web.finance import layouts
from web.i18n import speech
from web.tables import csv_file, sheet
from web.tables.model import About

YEAR = MonthSpan.of(date(2026, 1, 1), date(2026, 12, 1))
_ROWS = 100_000
_LINES = 500


def figures(world: World) -> Iterator[Figure]:
    """At the size the world has now; the baseline is the trial balance by account of the same institution."""
    engine, at, cut = make_engine(world.url, pool=2, timeouts=False), size(world.postings), Cut(YEAR)
    busiest = str(world.ask(BUSIEST))
    reports: dict[str, Callable[[UnitOfWork], object]] = {
        "by_dimensions": lambda u: service.trial_balance(u, 1, cut, (Dimension.PROGRAMME, Dimension.COUNTERPARTY)),
        "by_value": lambda u: service.by_value(u, 1, cut, Dimension.COUNTERPARTY),
        "chessboard": lambda u: service.chessboard(u, 1, cut),
        "analysis": lambda u: service.analysis(u, 1, cut, busiest),
        "ledger_book": lambda u: service.book(u, 1, cut, busiest, Step.MONTH),
        "journal_order": lambda u: service.book(u, 1, cut, busiest, Step.DAY),
        "memorial_orders": lambda u: service.memorial_orders(u, 1, cut),
        "comparison": lambda u: service.comparison(u, 1, cut, cut, Part.CLOSING),
        "behind": lambda u: service.behind(u, 1, cut, Sum(Part.CLOSING, account=busiest)),
    }
    note = (
        f"one institution's year of {world.ask(POSTINGS):,} postings; aim 1 s; baseline: its trial balance by account"
    )
    baseline = read(engine, [1], lambda u: service.trial_balance(u, 1, cut))
    yield from slower_first(
        f"desk.reports.{at}",
        *(
            duration(f"desk.reports.{at}.{name}", read(engine, [1], report), baseline, note)
            for name, report in reports.items()
        ),
    )
    engine.dispose()


def exported() -> Iterator[Figure]:
    """A journal of 100,000 postings as a spreadsheet; the baseline is the same as CSV."""
    day, nothing = date(2026, 1, 1), ("",) * len(Dimension)

    def lines() -> Iterator[PostingLine]:
        for at in range(_ROWS):
            on = day + timedelta(days=at * 365 // _ROWS)
            yield PostingLine(
                on, "MO-16", at, 1, "ordinary", str(at), on, "bench", "1316", nothing, "3210", nothing, 1 + at * 7919
            )

    say = speech(Language.RU)
    about = About([("", "bench")], clock.now(), "bench")
    with TemporaryFile() as book, TemporaryFile() as flat:
        seconds = timed(lambda: sheet.write(layouts.postings(lines(), say), about, book))
        baseline = timed(lambda: csv_file.write(layouts.postings(lines(), say), flat))
    note = "100,000 postings as xlsx, without reading them; aim 10 s; baseline: as CSV"
    yield duration("desk.xlsx.100k", [seconds], [baseline], note)


# ------------------------------------------------------------------------------------------------ typing

_TIMES = """() => {
    window.times = [];
    addEventListener("keydown", (event) => {
        const began = event.timeStamp;
        requestAnimationFrame(() => setTimeout(() => window.times.push(performance.now() - began)));
    }, { capture: true });
}"""
"""Milliseconds from a key to the end of the frame that shows what it did."""

_SEND = """async ({ home, csrf, sheet }) => {
    const drafts = home.replace("/o/", "/api/v1/organisations/") + "drafts";
    const ask = async (method, path, version, body) => {
        const headers = { "X-CSRF-Token": csrf, "If-Match": `"${version}"`, "Content-Type": "application/json" };
        const answer = await fetch(drafts + path, { method, headers, body: JSON.stringify(body) });
        if (!answer.ok) throw new Error(await answer.text());
        return answer.json();
    };
    const times = [];
    for (let round = 0; round < 5; round++) {
        const { id, version } = await ask("POST", "", 0, { key: crypto.randomUUID(), sheet: { rows: [] } });
        const began = performance.now();
        const saved = await ask("PUT", `/${id}`, version, sheet);
        await ask("POST", `/${id}/post`, saved.version);
        times.push((performance.now() - began) / 1000);
    }
    return times;
}"""
"""Seconds that a draft takes to be saved and posted, five times over."""


def typed() -> Iterator[Figure]:
    """An entry of 500 rows in the browser: each key until it is seen, and the whole until it is posted."""
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=BROWSER_FLAGS)
        page = browser.new_page(base_url=address, viewport={"width": 1440, "height": 900})
        home = _at_the_desk(page)
        sheet = _long_entry(page, home)
        csrf = page.locator("[data-sheet]").get_attribute("data-csrf")
        long = page.evaluate(_SEND, {"home": home, "csrf": csrf, "sheet": sheet})
        short = page.evaluate(_SEND, {"home": home, "csrf": csrf, "sheet": sheet | {"rows": sheet["rows"][:1]}})
        note = f"an entry of {_LINES} rows, a draft saved, checked and posted; aim 1 s; baseline: of one row"
        yield duration("desk.post_500", long, short, note)
        keys = _keystrokes(page)
        page.goto(f"{home}journal/new")
        page.evaluate(_TIMES)
        page.locator("#memo").press_sequentially("1234567890" * 3, delay=30)
        plain = page.evaluate("window.times")
        slowest = quantiles(keys, n=20)[-1]
        note = (
            f"what 19 of 20 keys take in a table of {_LINES} rows, up to the frame; aim 50 ms; baseline: a text field"
        )
        yield Figure(
            "desk.keystroke", round(slowest, 1), "ms", round(median(plain), 1), round(slowest / median(plain), 1), note
        )
        browser.close()


def _at_the_desk(page: Page) -> str:
    """Sign in as an accountant and begin a table; the address of the books."""
    accountant = next(each for each in demonstration.SIGN_INS if each.login == "aigul")
    page.goto("/sign-in")
    page.locator("#login").fill(accountant.login)
    page.locator("#password").fill(accountant.password)
    page.locator("main button[type=submit]").click()
    page.wait_for_function("!location.pathname.startsWith('/sign-in')")
    home = page.locator("a[href^='/o/']").first.get_attribute("href")
    assert home is not None
    home = "/".join(home.split("/")[:3]) + "/"
    page.goto(f"{home}drafts")
    page.locator("main form button[type=submit]").first.click()
    page.locator("form[data-ready]").wait_for()
    return home


def _long_entry(page: Page, home: str) -> dict[str, Any]:
    """Materials of several suppliers, as somebody types them; pasted into the table too."""
    suppliers = [each["code"] for each in page.request.get(f"{home}values/counterparty?q=2").json()]
    rows = [
        {
            "debit": {"account": "1316", "quantity": str(1 + at % 7)},
            "credit": {"account": "3210", "dimensions": {"counterparty": suppliers[at % len(suppliers)]}},
            "amount": f"{1000 + at * 37},{at % 100:02d}",
        }
        for at in range(_LINES)
    ]
    block = "\n".join(f"1316\t3210\t{row['amount']}" for row in rows)
    page.locator("[role=gridcell]").first.click()
    page.evaluate(
        """block => {
            const clipboardData = new DataTransfer();
            clipboardData.setData("text/plain", block);
            document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
        }""",
        block,
    )
    head = {name: page.locator(f"#{name}").input_value() for name in ("journal", "effective_on")}
    return head | {"memo": "bench", "rows": rows}


def _keystrokes(page: Page) -> list[float]:
    """Milliseconds of each key: moving about, typing amounts and accounts, taking them, copying down, undoing."""
    page.locator("[data-saved][data-state=saved]").wait_for()
    page.locator("[role=gridcell]").first.click()
    page.evaluate(_TIMES)
    for row in range(6):
        for press in ("ArrowRight", "ArrowRight", "ArrowRight", *f"12{row}4,5", "Enter", "Home", "ArrowDown"):
            page.keyboard.press(press, delay=10)
            page.wait_for_timeout(25)
        for press in (*"1316", "Enter", "ArrowLeft", "Control+KeyD", "Control+KeyZ", "PageDown", "Home"):
            page.keyboard.press(press, delay=10)
            page.wait_for_timeout(25)
    times: list[float] = page.evaluate("window.times")
    return times
