"""What every test may ask for: a database of its own on one shared server, and a page in a real browser.

``--postgres=system`` runs the database tests on the machine's own PostgreSQL
instead of the embedded one.
"""

from __future__ import annotations

import fcntl
import gc
import os
import shutil
import time
import uuid
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import psycopg
import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings
from psycopg import sql

from erp.base import clock
from erp.reference.access import service as access
from qazyna.browser import BROWSER_FLAGS, find_browser
from qazyna.migrate import upgrade
from qazyna.postgres import EmbeddedPostgres, temporary_data

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter
    from playwright.sync_api import Browser, Page

FOLDER = "PYTEST_QAZYNA_FOLDER"  # tells the workers of one session where their common server lives
TEMPLATE = "qazyna_template"
SUPPORTED_MAJORS = range(15, 19)
_MEMORY_NEEDED = 6 << 30  # bytes; most of it stays free
_LONGEST_RUN = timedelta(minutes=25)
_LOOK_FOR = 30_000  # milliseconds that a page is given until it shows what is expected

# How long an example takes says how busy the machine is; and what a test asks of its fixtures all its examples share.
settings.register_profile(
    "qazyna",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    print_blob=True,
)
settings.load_profile("qazyna")
# A test server is thrown away, so nothing of it has to survive the machine.
HASTY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "archive_mode": "off",
    "max_wal_size": "1GB",
}


class TestServer:
    """A running PostgreSQL with a migrated template, from which databases are copied."""

    __test__ = False

    def __init__(self, postgres: EmbeddedPostgres) -> None:
        self.postgres = postgres

    @property
    def admin_url(self) -> str:
        """Address of the maintenance database, in libpq's form."""
        return self.postgres.url("postgres")

    def new_database(self) -> str:
        """A fresh migrated database; returns its address in SQLAlchemy's form."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        self._run(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(name), sql.Identifier(TEMPLATE)
            )
        )
        return self._sqlalchemy_url(name)

    def empty_database(self) -> str:
        """A database without any table of ours, for tests of the migrations themselves."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        self._run(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self._sqlalchemy_url(name)

    def drop_database(self, url: str) -> None:
        """Drop a database made here, whoever is still connected to it."""
        name = url.partition("@/")[2].partition("?")[0]
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def make_template(self) -> None:
        """Migrate the template once; the other workers wait for it and find it made."""
        with self._alone(), psycopg.connect(self.admin_url, autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone():
                return
            unfinished = f"{TEMPLATE}_unfinished"
            connection.execute(f"DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {unfinished}")
            upgrade(self._sqlalchemy_url(unfinished))
            connection.execute(f"ALTER DATABASE {unfinished} ALLOW_CONNECTIONS false")
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [unfinished]
            )
            connection.execute(f"ALTER DATABASE {unfinished} RENAME TO {TEMPLATE}")

    def _sqlalchemy_url(self, name: str) -> str:
        return self.postgres.url(name).replace("postgresql://", "postgresql+psycopg://", 1)

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(statement)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self.postgres.home / "template.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def servers(folder: Path) -> list[psutil.Process]:
    """Processes of the PostgreSQL clusters below a folder."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.name() == "postgres" and Path(process.cwd()).is_relative_to(folder):
                found.append(process)
    return found


def kill_servers(folder: Path) -> None:
    """Kill every server below a folder, as a crash would."""
    for process in servers(folder):
        with suppress(psutil.NoSuchProcess):
            process.kill()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--postgres",
        choices=("embedded", "system"),
        default="embedded",
        help="server for the database tests: the wheel's (default) or the machine's own",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "database: needs PostgreSQL (set by the fixtures that are asked for)")
    if config.getoption("--postgres") == "system" and _system_bin_dir() is None:
        raise pytest.UsageError("this machine has no PostgreSQL 15 to 18 of its own")
    if not hasattr(config, "workerinput"):
        session = ExitStack()
        config.add_cleanup(session.close)
        os.environ[FOLDER] = str(session.enter_context(temporary_data("qazyna-test-", inside=_quickest_folder())))


def pytest_sessionstart(session: pytest.Session) -> None:
    """Modules reckon days from today's when they are read: a session of many ends on the day on which it began."""
    midnight = datetime.combine(clock.today() + timedelta(days=1), datetime.min.time(), clock.LOCAL_TIME)
    left = midnight - clock.now()
    is_of_many = all(Path(asked).is_dir() for asked in session.config.args)
    if left < _LONGEST_RUN and is_of_many and not hasattr(session.config, "workerinput"):
        terminal: TerminalReporter = session.config.pluginmanager.getplugin("terminalreporter")
        terminal.write_line(f"Nearly midnight in Kazakhstan: the tests begin in {left.seconds // 60 + 1} minutes.")
        time.sleep(left.total_seconds())


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Modules and tests live until the end: nothing of them is looked through for what could be freed."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        asked = set(getattr(item, "fixturenames", ()))
        if asked & {"server", "database", "shared_database"}:
            item.add_marker("database")
        if asked & {"browser", "page"}:
            item.add_marker("browser")


@pytest.fixture(scope="session")
def server(pytestconfig: pytest.Config) -> Iterator[TestServer]:
    """The server that all workers of this session share: the first starts it, the last stops it."""
    bin_dir = _system_bin_dir() if pytestconfig.getoption("--postgres") == "system" else None
    with EmbeddedPostgres(Path(os.environ[FOLDER]), extra=HASTY, bin_dir=bin_dir) as postgres:
        server = TestServer(postgres)
        server.make_template()
        yield server


@pytest.fixture(scope="session", autouse=True)
def light_passwords() -> Iterator[None]:
    """Passwords that are verified at once; the programs that tests start verify them in earnest."""
    light = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(access, "_HASHER", light)
        patch.setattr(access, "_NOBODY", light.hash("nobody"))
        yield


@pytest.fixture
def data_folder() -> Iterator[Path]:
    """A data folder for a server of the test's own; ``tmp_path`` is closed to the account that root runs it as."""
    with temporary_data() as folder:
        yield folder
        kill_servers(folder)


@pytest.fixture
def database(server: TestServer) -> Iterator[str]:
    """Address of a fresh migrated database, for one test."""
    url = server.new_database()
    yield url
    server.drop_database(url)


@pytest.fixture(scope="module")
def shared_database(server: TestServer) -> Iterator[str]:
    """Address of a fresh migrated database, for all tests of a module."""
    url = server.new_database()
    yield url
    server.drop_database(url)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium; without it the test is skipped, or refused where ``CI`` is set."""
    program = find_browser()
    if program is None:
        no_browser = "there is no Chromium on this machine"
        if os.environ.get("CI"):
            pytest.fail(no_browser)
        pytest.skip(no_browser)
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=_LOOK_FOR)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=BROWSER_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page without cookies of other tests; English, 1280 by 800."""
    context = browser.new_context(locale="en", viewport={"width": 1280, "height": 800})
    yield context.new_page()
    context.close()


def _quickest_folder() -> Path | None:
    """Memory, where there is enough: a database is a thousand files, and hundreds of them come and go."""
    memory = Path("/dev/shm")  # noqa: S108
    return memory if memory.is_dir() and shutil.disk_usage(memory).free > _MEMORY_NEEDED else None


def _system_bin_dir() -> Path | None:
    """Programs of the newest supported PostgreSQL in Debian's place."""
    places = (Path("/usr/lib/postgresql", str(major), "bin") for major in reversed(SUPPORTED_MAJORS))
    return next((place for place in places if (place / "initdb").exists()), None)
