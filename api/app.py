"""Putting the application together: engine, guard, routes, problems, headers.

``web`` stands above this package, so its routes and its error pages are handed in by the composition root.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from litestar import Litestar, Request, Response, Router
from litestar.concurrency import set_asyncio_executor
from litestar.datastructures import CacheControlHeader, MutableScopeHeaders, State
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.static_files import create_static_files_router
from litestar.types import ControllerRouterHandler, Message, Scope
from sqlalchemy import Engine

from api.finance import journal, periods
from api.health import health
from api.problems import problem_response
from api.security import Visit, policy_guard, preferred_language, provide_visit
from erp.base.i18n import Language
from erp.reference.access.model import Permission

API_PREFIX = "/api/"
_FOR_PROGRAMS = (API_PREFIX, "/healthz")
_FOR_EVER = CacheControlHeader(max_age=31_536_000, public=True, immutable=True)  # addresses carry a content hash
_PUBLIC = {"policy": Permission.PUBLIC}

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


@dataclass(frozen=True, slots=True)
class Pages:
    """What the web package brings: its routes, its error pages, and the sentences in the caller's language."""

    routes: Sequence[ControllerRouterHandler]
    static: Path
    error_page: Callable[[Request[Any, Any, Any], Exception], Response[Any]]
    say: Callable[[Exception, Language], str]


async def _protect(message: Message, _: Scope) -> None:
    """Put the headers on every answer: pages, files, refusals."""
    if message["type"] == "http.response.start":
        MutableScopeHeaders.from_message(message).update(_HEADERS)


def create_app(engine: Engine, pages: Pages, *, threads: int = 8, secure_cookies: bool = False) -> Litestar:
    """The application over one engine; as many threads run handlers as the pool has connections."""
    executor = ThreadPoolExecutor(threads, thread_name_prefix="qazyna")
    set_asyncio_executor(executor)

    async def stop(_: Litestar) -> None:
        executor.shutdown(wait=True)
        engine.dispose()

    def refuse(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        if not request.url.path.startswith(_FOR_PROGRAMS):
            return pages.error_page(request, error)
        visit: Visit | None = getattr(request.state, "visit", None)
        language = visit.language if visit else preferred_language(request, None)
        return problem_response(error, lambda e: pages.say(e, language))

    return Litestar(
        route_handlers=[
            health,
            *journal.routes,
            *periods.routes,
            *pages.routes,
            create_static_files_router(
                "/static", [pages.static], opt=_PUBLIC, include_in_schema=False, cache_control=_FOR_EVER
            ),
        ],
        guards=[policy_guard],
        dependencies={"visit": Provide(provide_visit, sync_to_thread=False)},
        exception_handlers={Exception: refuse},
        on_shutdown=[stop],
        state=State({"engine": engine, "secure_cookies": secure_cookies}),
        before_send=[_protect],
        openapi_config=OpenAPIConfig(
            title="Qazyna",
            version="1",
            description="The internal API over HTTP. Amounts are decimal strings in tenge, days are ISO 8601 dates.",
            openapi_router=Router("/api/schema", route_handlers=[], opt=_PUBLIC, include_in_schema=False),
            render_plugins=[JsonRenderPlugin()],
            components=Components(
                security_schemes={
                    "token": SecurityScheme(type="http", scheme="bearer", description="`qazyna user token LOGIN`")
                }
            ),
            security=[{"token": []}],
        ),
        request_max_body_size=20 * 1024 * 1024,
        logging_config=None,
    )
