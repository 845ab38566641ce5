"""The web application over the books of a test, built once for all who enter it: building it takes half a second."""

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from litestar import Litestar
from litestar.concurrency import get_asyncio_executor, set_asyncio_executor
from sqlalchemy import Engine

from api.app import create_app
from web.app import pages


def app_over(engine: Engine) -> Litestar:
    """The application as it is by default; whoever sets something in its ``state`` builds one of their own."""
    app, threads = _built(engine)
    set_asyncio_executor(threads)
    return app


@lru_cache(maxsize=4)
def _built(engine: Engine) -> tuple[Litestar, ThreadPoolExecutor | None]:
    app = create_app(engine, pages, threads=4)
    app.on_shutdown.clear()  # it is entered again, by others at the same time too
    return app, get_asyncio_executor()
