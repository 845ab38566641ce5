"""Takes the pictures of the documentation: ``make screenshots``.

Starts the demonstration in a throw-away folder, as a newcomer would, and drives headless Chromium through its pages.
With arguments, only pictures whose names begin with one of them.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin

from playwright.sync_api import Browser, Page, sync_playwright

from qazyna import demonstration
from qazyna.browser import BROWSER_FLAGS, find_browser
from qazyna.demonstration import oblast
from qazyna.postgres import temporary_data

PICTURES = Path(__file__).with_name("screenshots")
DESKTOP, PHONE = (1440, 900), (375, 812)


def _half_an_entry(page: Page) -> None:
    """Type an entry up to its amount, so that the picture shows the dimensions that the accounts ask for."""
    page.fill("[name='memo']", "Кеңсе тауарлары алынды")
    for side, code in (("debit", "1316"), ("credit", "3210")):
        account = page.locator(f"[name='postings.0.{side}.account']")
        account.fill(code)
        account.press("Tab")
    page.locator("[name='postings.0.credit.dimensions.counterparty']").wait_for()
    page.fill("[name='postings.0.debit.quantity']", "250")
    page.fill("[name='postings.0.amount']", "128 450,00")


def _search(words: str) -> Callable[[Page], None]:
    """Open the search window and type."""

    def act(page: Page) -> None:
        page.locator("[data-palette]").click()
        page.locator("#palette-q").fill(words)
        page.locator("#palette [role=option][aria-selected=true]").wait_for()

    return act


def _help(page: Page) -> None:
    page.locator("#effective_on").focus()
    page.keyboard.press("F1")
    page.locator("#help-effective_on").wait_for()


def _open(pattern: str) -> Callable[[Page], None]:
    """Go on by the first link of a list, or of the page, whose address holds ``pattern``; by several in turn."""

    def act(page: Page) -> None:
        for part in pattern.split(" "):
            listed = page.locator(f"main :is(table, ul) a[href*='{part}']")
            link = listed if listed.count() else page.locator(f"main a[href*='{part}']")
            page.goto(urljoin(page.url, link.first.get_attribute("href")))

    return act


def _asked_leave(page: Page) -> None:
    """Type the days of a leave over Nauryz, and go down to what they mean."""
    page.fill("[name='first']", "15.03.2027")
    page.fill("[name='last']", "28.03.2027")
    page.locator("main form button[type='submit']").first.click()
    page.locator("main table").first.scroll_into_view_if_needed()


def _open_first(page: Page) -> None:
    """Open the first document of a list, and go down to the papers beside it."""
    page.goto(urljoin(page.url, page.locator("main table tbody a").first.get_attribute("href")))
    page.locator("main > :last-child").scroll_into_view_if_needed()


@dataclass(frozen=True)
class Shot:
    name: str
    path: str
    """After ``/o/{id}/``; one that begins with a stroke belongs to no institution."""
    language: str
    scheme: str = "light"
    size: tuple[int, int] = DESKTOP
    prepare: Callable[[Page], None] = field(default=lambda page: None)
    login: str = "aigul"
    books: str = "Besterek Basic School"


def _at_both_sizes(
    name: str, path: str, language: str, login: str, books: str = "", prepare: Callable[[Page], None] | None = None
) -> tuple[Shot, Shot]:
    act = prepare or (lambda page: None)
    return (
        Shot(f"{name}-{language}-light", path, language, prepare=act, login=login, books=books),
        Shot(f"{name}-{language}-phone", path, language, size=PHONE, prepare=act, login=login, books=books),
    )


_OBLAST, _EDUCATION, _LYCEUM = "Sarydala oblast", "Education Department of Sarydala oblast", "School-Lyceum No. 1"
_MONTHS = "from=2026-01&to=2026-10"
_TALK = "journal?journal=MO-06&from=2026-10&to=2026-10&text=Тепловая"
SHOTS = [
    Shot("home-ru-light", "", "ru"),
    Shot("journal-kk-light", "journal", "kk"),
    Shot("journal-ru-phone", "journal", "ru", size=PHONE),
    Shot("entry-form-kk-dark", "journal/new", "kk", scheme="dark", prepare=_half_an_entry),
    Shot("entry-form-en-phone", "journal/new", "en", scheme="dark", size=PHONE),
    Shot("trial-balance-ru-light", f"trial-balance?{_MONTHS}", "ru"),
    Shot("trial-balance-en-dark", f"trial-balance?{_MONTHS}&by=dimensions", "en", scheme="dark"),
    Shot("account-card-ru-light", f"accounts/3210/card?{_MONTHS}", "ru"),
    Shot("account-card-kk-phone", f"accounts/3210/card?{_MONTHS}", "kk", scheme="dark", size=PHONE),
    *_at_both_sizes("months", "months", "ru", "erlan", "School No. 12"),
    *_at_both_sizes("approvals", "approvals", "ru", "svetlana", "School-Gymnasium No. 4"),
    *_at_both_sizes("papers", _TALK, "ru", "erlan", "School No. 12", _open_first),
    *(
        shot
        for language in ("kk", "ru", "en")
        for shot in (
            *_at_both_sizes("find", "journal", language, "aigul", "Besterek Basic School", _search("41 090,66")),
            Shot(f"keys-{language}-light", "/keys", language),
            Shot(f"help-{language}-light", "journal/new", language, prepare=_help),
            *_at_both_sizes("tour", "/tour", language, "aigul"),
        )
    ),
    *_at_both_sizes("scenario", "scenarios", "ru", "gulnara", _OBLAST, _open("/scenarios/")),
    Shot("scenario-kk-dark", "scenarios", "kk", "dark", DESKTOP, _open("/scenarios/"), "gulnara", _OBLAST),
    Shot("fan-en-light", "scenarios", "en", "light", DESKTOP, _open("/scenarios/ /fan"), "gulnara", _OBLAST),
    Shot("plan-ru-light", "plans", "ru", "light", DESKTOP, _open("/plans/"), "gulnara", _OBLAST),
    Shot("pivot-ru-light", "plans", "ru", "light", DESKTOP, _open("/plans/ /versions/ /pivot"), "gulnara", _OBLAST),
    *_at_both_sizes("drivers", "drivers", "kk", "gulnara", _OBLAST),
    *(
        shot
        for language in ("kk", "ru", "en")
        for shot in (
            Shot(f"leave-{language}-phone", "leave", language, "light", PHONE, login="timur", books=_LYCEUM),
            Shot(f"leave-days-{language}-phone", "leave/new", language, "light", PHONE, _asked_leave, "timur", _LYCEUM),
            Shot(f"inbox-{language}-phone", "inbox", language, "dark", PHONE, login="zhanar", books=_LYCEUM),
        )
    ),
    *_at_both_sizes("request", "inbox", "ru", "zhanar", _LYCEUM, _open("/inbox/")),
    *_at_both_sizes("who-is-away", "inbox/absences", "ru", "zhanar", _LYCEUM),
    *_at_both_sizes("staff", "staff", "ru", "saule", _EDUCATION),
    *_at_both_sizes("person", "staff", "kk", "saule", _EDUCATION, _open("/staff/")),
    *_at_both_sizes("units", "units", "ru", "saule", _EDUCATION),
    *_at_both_sizes("trip", "trips/staff", "ru", "saule", _LYCEUM, _open("/trips/staff/")),
    *_at_both_sizes("settlements", "settlements", "ru", "raushan", _LYCEUM),
    *_at_both_sizes("admin", "/admin", "en", "bolat"),
    *_at_both_sizes("admin-users", "/admin/users", "en", "bolat"),
    *_at_both_sizes("admin-organisations", "/admin/organisations", "en", "bolat"),
    *_at_both_sizes("admin-packages", "/admin/packages", "en", "bolat"),
    *_at_both_sizes("admin-jobs", "/admin/jobs", "en", "bolat"),
    *_at_both_sizes("admin-audit", "/admin/audit", "en", "bolat"),
    *_at_both_sizes("admin-health", "/admin/health", "en", "bolat"),
]


@contextmanager
def _demonstration() -> Iterator[str]:
    """The address of ``qazyna demo`` over a fresh database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with temporary_data("qazyna-screenshots-") as folder:
        settings = {"QAZYNA_DATA": str(folder), "QAZYNA_PORT": str(port)}
        program = subprocess.Popen(
            [sys.executable, "-P", "-m", "qazyna", "demo"], env={**os.environ, **settings}, stdout=subprocess.DEVNULL
        )
        try:
            _wait_for(program, f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}"
        finally:
            program.terminate()
            program.wait()


def _wait_for(program: "subprocess.Popen[bytes]", address: str) -> None:
    while True:
        try:
            urllib.request.urlopen(f"{address}/healthz").close()  # noqa: S310
        except urllib.error.URLError:
            if program.poll() is not None:
                raise SystemExit("the demonstration did not start") from None
            time.sleep(0.2)
        else:
            return


def _take(browser: Browser, address: str, shot: Shot) -> None:
    context = browser.new_context(
        viewport={"width": shot.size[0], "height": shot.size[1]},
        color_scheme="dark" if shot.scheme == "dark" else "light",
    )
    context.add_cookies([{"name": "qazyna_language", "value": shot.language, "url": address}])
    page = context.new_page()
    person = next(each for each in demonstration.SIGN_INS if each.login == shot.login)
    page.goto(f"{address}/sign-in")
    page.fill("[name='login']", person.login)
    page.fill("[name='password']", person.password)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/sign-in" not in url)
    answer = page.goto(address + shot.path if shot.path.startswith("/") else _books(page, address, shot) + shot.path)
    if answer is None or not answer.ok:
        raise SystemExit(f"{shot.name}: {page.url} does not answer")
    shot.prepare(page)
    page.screenshot(path=PICTURES / f"{shot.name}.png")
    context.close()


def _books(page: Page, address: str, shot: Shot) -> str:
    """Address of the institution's pages; it is found by its BIN, as people find it."""
    code = next(i.code for i in (*oblast.bodies(), *oblast.institutions()) if i.en == shot.books)
    page.goto(f"{address}/?all=1&q={code}")
    first = page.locator("main a[href^='/o/']").first.get_attribute("href") or ""
    return f"{address}/{'/'.join(first.split('/')[1:3])}/"


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    wanted = tuple(sys.argv[1:]) or ("",)
    with _demonstration() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=BROWSER_FLAGS)
        for shot in SHOTS:
            if shot.name.startswith(wanted):
                _take(browser, address, shot)
        browser.close()


if __name__ == "__main__":
    main()
