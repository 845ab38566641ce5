"""Serving pages and API on one port, until Ctrl-C."""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable

import psycopg
from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from api.app import create_app
from erp.base.db import make_engine
from erp.base.i18n import N_
from ledger import seals
from ledger import service as ledger
from ledger.errors import LedgerError
from qazyna.database import Database
from qazyna.errors import StartupError
from qazyna.settings import Settings
from web.app import pages

_log = logging.getLogger("qazyna")


def application(url: str, settings: Settings) -> Litestar:
    """The whole application over a database, acting as the application role."""
    engine = make_engine(url, pool=settings.pool)
    return create_app(engine, pages, threads=settings.pool, secure_cookies=settings.secure_cookies)


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

    Raises: StartupError, when the embedded database dies.
    """
    sealer = Sealer(make_engine(database.application, pool=1, timeouts=False))
    asyncio.run(_serve(application(database.application, settings), settings, announce, database.is_alive, sealer))


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
                except (SQLAlchemyError, LedgerError) as failure:
                    kind = type(getattr(failure, "orig", failure))
                    if kind is not told.get(work):
                        _log.warning("%s waits: %s", "sealing" if work is seals.seal else "rolling", failure)
                    told[work] = kind

    def stop(self) -> None:
        """Break off what is being done just now: it is done after the next start."""
        if self._connection is not None:
            self._connection.cancel_safe(timeout=5)

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
    try:
        await _until_stopped(server, running, database_is_alive)
    finally:
        sealing.cancel()
        sealer.stop()


async def _until_stopped(server: Server, running: asyncio.Task[None], database_is_alive: Callable[[], bool]) -> None:
    while not (await asyncio.wait([running], timeout=1))[0]:
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
