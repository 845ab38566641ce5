"""Takes the pictures of the documentation: ``make screenshots``.

Starts the demonstration in a throw-away folder, as a newcomer would, and drives headless Chromium through its pages.
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

from playwright.sync_api import Browser, Page, sync_playwright

from qazyna import demonstration
from qazyna.browser import BROWSER_FLAGS, find_browser
from qazyna.postgres import temporary_data

PICTURES = Path(__file__).with_name("screenshots")
DESKTOP, PHONE = (1440, 900), (375, 812)
ACCOUNTANT = demonstration.SIGN_INS[0]


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


@dataclass(frozen=True)
class Shot:
    name: str
    path: str
    """After ``/o/{id}/``."""
    language: str
    scheme: str = "light"
    size: tuple[int, int] = DESKTOP
    prepare: Callable[[Page], None] = field(default=lambda page: None)


_MONTHS = "from=2026-01&to=2026-10"
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
    page.goto(f"{address}/sign-in")
    page.fill("[name='login']", ACCOUNTANT.login)
    page.fill("[name='password']", ACCOUNTANT.password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/o/*/")
    page.goto(page.url + shot.path)
    shot.prepare(page)
    page.screenshot(path=PICTURES / f"{shot.name}.png")
    context.close()


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with _demonstration() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=BROWSER_FLAGS)
        for shot in SHOTS:
            _take(browser, address, shot)
        browser.close()


if __name__ == "__main__":
    main()
