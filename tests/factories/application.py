"""The web application over the books of a test; its routes, which take most of a second, are built once."""

from concurrent.futures import ThreadPoolExecutor
from copy import copy
from functools import lru_cache
from typing import Any

from litestar import Litestar
from litestar.concurrency import get_asyncio_executor, set_asyncio_executor
from litestar.datastructures import State
from litestar.types import ASGIApp
from sqlalchemy import Engine, create_engine

from api.allowance import Allowance
from api.app import create_app
from api.metrics import Metrics
from api.observed import Observed
from web.app import pages


def app_over(engine: Engine, **said: Any) -> Litestar:
    """The application as it is by default, or with other things than by default in its ``state``."""
    app, watched, threads = _built()
    set_asyncio_executor(threads)
    figures = Metrics(engine)
    own = copy(app)
    own.asgi_handler = Observed(watched, figures)
    asked = {"engine": engine, "metrics": figures, "checks": Allowance(60, 60), "sign_ins": Allowance(30, 60)}
    own.state = State(app.state.dict() | asked | said, deep_copy=False)
    return own


@lru_cache(maxsize=1)
def _built() -> tuple[Litestar, ASGIApp, ThreadPoolExecutor | None]:
    app = create_app(create_engine("postgresql+psycopg://"), pages, threads=4)
    app.on_shutdown.clear()  # it is entered again, by others at the same time too
    assert isinstance(app.asgi_handler, Observed)
    return app, app.asgi_handler._app, get_asyncio_executor()
