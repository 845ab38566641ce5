"""Serving pages and API on one port, until Ctrl-C."""

import asyncio
import signal
import socket
from collections.abc import Callable
from functools import partial

import psycopg
from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar
from sqlalchemy import Connection, Engine

from api.app import create_app
from api.health import Copies, Program
from api.logs import logger, write_logs
from erp.base.db import make_engine
from erp.base.i18n import N_
from erp.reference.mail.service import Server as MailServer
from ledger import seals
from ledger import service as ledger
from qazyna import __version__, backup
from qazyna.database import Database
from qazyna.errors import StartupError
from qazyna.keys import vault_of
from qazyna.migrate import heads
from qazyna.postgres import EmbeddedPostgres
from qazyna.settings import Settings
from qazyna.worker import Worker
from web.app import pages


def application(url: str, settings: Settings, copies: Callable[[], Copies] | None = None) -> Litestar:
    """The whole application over a database, acting as the application role."""
    engine = make_engine(url, pool=settings.pool)
    told = Program(__version__, heads(), settings.shown(), settings.metrics_token, copies)
    return create_app(
        engine,
        pages,
        threads=settings.pool,
        secure_cookies=settings.secure_cookies,
        trusted_proxies=settings.trusted_proxies,
        program=told,
        largest_file=settings.attachment_mb << 20,
        vault=vault_of(settings),
        options=settings.options(),
    )


def _copies_of(postgres: EmbeddedPostgres) -> Copies:
    stand = backup.status(postgres)
    return Copies(str(stand.folder) if stand.folder else None, stand.newest.at if stand.newest else None, stand.bases)


def require_free_port(settings: Settings) -> None:
    """Raises: StartupError, when another program listens at the address."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise StartupError(
                N_(
                    "Port {port} at {host} cannot be used ({reason}): stop what uses it, or set QAZYNA_PORT to another."
                ),
                port=settings.port,
                host=settings.host,
                reason=(error.strerror or str(error)).lower(),
            ) from error


def serve(database: Database, settings: Settings, *, announce: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; ``announce`` is told the address once it answers.

    Raises: StartupError, when the embedded database dies; what the sealer or the worker died of.
    """
    write_logs(settings.logs)
    copies = partial(_copies_of, database.postgres) if database.postgres else None
    sealer = Sealer(make_engine(database.application, pool=1, timeouts=False))
    worker = Worker(database.application, mail_server(settings)) if settings.worker else None
    app = application(database.application, settings, copies)
    asyncio.run(_serve(app, settings, announce, database.is_alive, sealer, worker))


def run_worker(database: Database, settings: Settings) -> None:
    """Take up jobs and letters until SIGINT or SIGTERM."""
    write_logs(settings.logs)
    asyncio.run(_work(Worker(database.application, mail_server(settings))))


async def _work(worker: Worker) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, worker.stop)
    await worker.run()


def mail_server(settings: Settings) -> MailServer | None:
    """Where letters are handed over; ``None`` where none is set."""
    return MailServer.of(settings.smtp_url, settings.mail_from) if settings.smtp_url else None


_Work = Callable[[Connection], object]
_BESIDE: tuple[_Work, ...] = (seals.seal, ledger.roll_groups)


class Sealer:
    """Seals, and rolls group balances forward, every few seconds beside the serving; a failure is told once, and stops
    nothing."""

    def __init__(self, engine: Engine, *, pause: float = 5) -> None:
        self._engine, self._pause = engine, pause
        self._connection: psycopg.Connection | None = None

    async def run(self) -> None:
        told: dict[_Work, type[object] | None] = {}
        while True:
            await asyncio.sleep(self._pause)
            for work in _BESIDE:  # neither waits for the other
                try:
                    await asyncio.to_thread(self._in_transaction, work)
                    told[work] = None
                except Exception as failure:
                    kind = type(getattr(failure, "orig", failure))
                    if kind is not told.get(work):
                        logger().warning("waits", work="sealing" if work is seals.seal else "rolling", exc_info=failure)
                    told[work] = kind

    def stop(self) -> None:
        """Break off what is being done just now: it is done after the next start."""
        under_way = self._connection  # the thread that seals may be done with it at any moment
        if under_way is not None:
            under_way.cancel_safe(timeout=5)

    def _in_transaction(self, work: _Work) -> object:
        with self._engine.begin() as connection:
            self._connection = connection.connection.driver_connection
            try:
                return work(connection)
            finally:
                self._connection = None


async def _serve(
    app: Litestar,
    settings: Settings,
    announce: Callable[[str], None],
    database_is_alive: Callable[[], bool],
    sealer: Sealer,
    worker: Worker | None,
) -> None:
    server = Server(app, settings.host, settings.port, interface=Interfaces.ASGI, log_enabled=False)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.stop)
    running = loop.create_task(server.serve())
    while not running.done() and not await _answers(settings):
        await asyncio.sleep(0.02)
    if not running.done():
        announce(f"http://{settings.host}:{settings.port}")
    sealing = loop.create_task(sealer.run())
    working = loop.create_task(worker.run()) if worker else None
    try:
        await _until_stopped(server, running, [sealing, working] if working else [sealing], database_is_alive)
    finally:
        sealing.cancel()
        sealer.stop()
        if worker and working:
            worker.stop()
            await working


async def _until_stopped(
    server: Server,
    running: asyncio.Task[None],
    beside: list[asyncio.Task[None]],
    database_is_alive: Callable[[], bool],
) -> None:
    """Serve, but not on without what belongs beside it: that ends by itself only where it broke."""
    while True:
        ended, _ = await asyncio.wait([running, *beside], timeout=1, return_when=asyncio.FIRST_COMPLETED)
        if running in ended:
            break
        for task in ended:
            server.stop()  # type: ignore[no-untyped-call]
            await running
            task.result()
        if not database_is_alive():
            server.stop()  # type: ignore[no-untyped-call]
            await running
            raise StartupError(
                N_("The embedded PostgreSQL stopped by itself: start Qazyna again, and it recovers what was saved.")
            )
    await running


async def _answers(settings: Settings) -> bool:
    try:
        _, writer = await asyncio.open_connection(settings.host, settings.port)
    except OSError:
        return False
    writer.close()
    return True
