"""Serving pages and API on one port, until Ctrl-C."""

import asyncio
import signal
import socket
from collections.abc import Callable

from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar

from api.app import create_app
from erp.base.db import make_engine
from erp.base.i18n import N_
from qazyna.database import Database
from qazyna.errors import StartupError
from qazyna.settings import Settings
from web.app import pages


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
    asyncio.run(_serve(application(database.application, settings), settings, announce, database.is_alive))


async def _serve(
    app: Litestar, settings: Settings, announce: Callable[[str], None], database_is_alive: Callable[[], bool]
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
