# ruff: noqa: S310  (our own program on this machine)
"""What people wait for: every page of the demonstration, asked over HTTP of the program as it is served."""

import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from statistics import median, quantiles
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin, urlsplit

from rich.progress import Progress

from bench.measure import Figure, timed
from qazyna import demonstration
from qazyna.migrate import upgrade
from qazyna.postgres import EmbeddedPostgres, temporary_data

REPEATS = 5
PAGES_OF_EACH = 40
"""How many pages of one person are asked, from the first one on."""
_LINK = re.compile(r'href="(/[^"#]*)')
_NO_PAGE = re.compile(r"^/(static|sign-out)|\.(csv|xlsx|pdf|json)(\?|$)")


def figures() -> Iterator[Figure]:
    """Milliseconds a page takes, whole: over the wire, from a server of its own with the demonstration."""
    with served() as address:
        baseline = _milliseconds(_Visitor(address), "/healthz", REPEATS * 20)
        pages = [page for sign_in in demonstration.SIGN_INS for page in _pages_of(address, sign_in)]
        times = sorted(pages)
        ninety_fifth = quantiles(times, n=20)[-1]
        note = f"the median of {len(times)} pages of {len(demonstration.SIGN_INS)} people, each the median of {REPEATS}"
        yield _figure("web.page.median", median(times), baseline, f"{note}; aim 100 ms; baseline: /healthz")
        yield _figure("web.page.95th", ninety_fifth, baseline, "what 19 of 20 of them take at most; baseline: /healthz")


def _figure(name: str, value: float, baseline: float, note: str) -> Figure:
    return Figure(name, round(value, 2), "ms", round(baseline, 2), round(value / baseline, 1), note)


class _Visitor:
    """A browser that keeps its cookies and takes what the program sends."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._open = urllib.request.build_opener(urllib.request.HTTPCookieProcessor()).open

    def get(self, path: str) -> str:
        """Text of a page; nothing where it is refused, or no page."""
        request = urllib.request.Request(urljoin(self._address, path), headers={"Accept-Language": "ru"})
        try:
            with self._open(request, timeout=60) as answer:
                body, kind = answer.read(), answer.headers.get_content_type()
        except HTTPError:
            return ""
        return body.decode() if kind == "text/html" else ""

    def sign_in(self, login: str, password: str) -> None:
        form = urlencode({"login": login, "password": password}).encode()
        self._open(urljoin(self._address, "/sign-in"), form, timeout=60).read()


def _milliseconds(visitor: _Visitor, path: str, repeats: int) -> float:
    return 1000 * median(timed(lambda: visitor.get(path)) for _ in range(repeats))


def _pages_of(address: str, person: demonstration.SignIn) -> list[float]:
    """Milliseconds of each page, found by following links from the first one on."""
    visitor = _Visitor(address)
    visitor.sign_in(person.login, person.password)
    times: list[float] = []
    waiting, seen = ["/"], {"/"}
    while waiting and len(times) < PAGES_OF_EACH:
        path = waiting.pop(0)
        body = visitor.get(path)
        if not body:
            continue
        times.append(_milliseconds(visitor, path, REPEATS))
        for link in map(unescape, _LINK.findall(body)):
            kinds = re.sub(r"\d+", "0", urlsplit(link).path)  # one of each kind first
            if kinds not in seen and not _NO_PAGE.search(link):
                seen.add(kinds)
                waiting.append(link)
    return times


@contextmanager
def served() -> Iterator[str]:
    """Address of a server of its own with the demonstration."""
    with temporary_data("qazyna-bench-") as folder, EmbeddedPostgres(folder) as postgres:
        upgrade(postgres.url())
        with Progress(disable=True) as progress:
            demonstration.load(postgres.url(), progress)
        port = 18_300 + os.getpid() % 1000
        settings = {"QAZYNA_DATABASE_URL": postgres.url(), "QAZYNA_PORT": str(port)}
        program = subprocess.Popen(
            [sys.executable, "-m", "qazyna", "serve"], env=os.environ | settings, stdout=subprocess.DEVNULL
        )
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(address, program)
            yield address
        finally:
            program.terminate()
            program.wait(timeout=30)


def _wait_for(address: str, program: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if program.poll() is not None:
            raise RuntimeError("the program ended")
        try:
            urllib.request.urlopen(f"{address}/readyz", timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the program does not answer")
