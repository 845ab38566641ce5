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
from litestar.config.compression import CompressionConfig
from litestar.datastructures import CacheControlHeader, MutableScopeHeaders, State
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.static_files import create_static_files_router
from litestar.types import ControllerRouterHandler, Message, Scope
from sqlalchemy import Engine

from api import audit
from api.allowance import Allowance
from api.conventions import look_at
from api.economy import macro, pivot, plans, scenarios
from api.finance import (
    approvals,
    bulk,
    closing,
    drafts,
    finder,
    intake,
    journal,
    papers,
    periods,
    policy,
    recodings,
    reorganisations,
    reports,
    settlements,
    takeovers,
    templates,
)
from api.health import UNTOLD, Program
from api.health import routes as health_routes
from api.hr import absences, inbox, leave, personnel, staffing, trips
from api.hr import intake as people_files
from api.metrics import Metrics
from api.observed import Observed
from api.openapi import Described
from api.options import PLAIN, Options
from api.origin import Networks
from api.problems import problem_response
from api.reference import access, calendar, counterparties, jobs, notifications, organisations, packages, signatures
from api.security import Visit, policy_guard, preferred_language, provide_visit
from erp.base.i18n import Language
from erp.base.vault import Vault
from erp.finance.wiring import settlement_port
from erp.hr import wiring as hr
from erp.reference.access.model import Permission

API_PREFIX = "/api/"
_FOR_PROGRAMS = (API_PREFIX, "/healthz", "/readyz", "/metrics")
_NOT_PACKED = (*_FOR_PROGRAMS, "/ical/")  # their tags are of the octets that are sent
_FOR_EVER = CacheControlHeader(max_age=31_536_000, public=True, immutable=True)  # addresses carry a content hash
_PUBLIC = {"policy": Permission.PUBLIC}
_MEBIBYTE = 1 << 20
_CHECKS = 60  # of signatures that an address may ask for in a minute
_REFUSED = 30  # attempts to sign in from an address in a minute


def security_policy(*, also: str = "") -> str:
    """What a page may load; ``also`` is one more address that its script may speak to."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src"
        f" 'self'{also and ' '}{also}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


_HEADERS = {
    "Content-Security-Policy": security_policy(),
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
        headers = MutableScopeHeaders.from_message(message)
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)


def create_app(
    engine: Engine,
    pages: Pages,
    *,
    threads: int = 8,
    secure_cookies: bool = False,
    trusted_proxies: Networks = (),
    program: Program = UNTOLD,
    largest_file: int = 20 * _MEBIBYTE,
    vault: Vault | None = None,
    options: Options = PLAIN,
) -> Litestar:
    """The application over one engine; as many threads run handlers as the pool has connections.

    Without a ``vault`` what it seals opens no more once it is gone.
    """
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

    metrics = Metrics(engine)
    app = Litestar(
        route_handlers=[
            *health_routes,
            *journal.routes,
            *reports.routes,
            *finder.routes,
            *approvals.routes,
            *policy.routes,
            *closing.routes,
            *bulk.routes,
            *intake.routes,
            *takeovers.routes,
            *drafts.routes,
            *templates.routes,
            *periods.routes,
            *papers.routes,
            *plans.routes,
            *pivot.routes,
            *scenarios.routes,
            *macro.routes,
            *staffing.routes,
            *people_files.routes,
            *personnel.routes,
            *jobs.routes,
            *notifications.routes,
            *access.routes,
            *organisations.routes,
            *counterparties.routes,
            *recodings.routes,
            *reorganisations.routes,
            *packages.routes,
            *calendar.routes,
            *signatures.routes,
            *inbox.routes,
            *leave.routes,
            *trips.routes,
            *settlements.routes,
            *absences.routes,
            *audit.routes,
            *pages.routes,
            create_static_files_router(
                "/static",
                [pages.static],
                opt=_PUBLIC | {"anonymous": True},
                include_in_schema=False,
                cache_control=_FOR_EVER,
            ),
        ],
        guards=[policy_guard],
        before_request=look_at,
        dependencies={"visit": Provide(provide_visit, sync_to_thread=False)},
        exception_handlers={Exception: refuse},
        on_shutdown=[stop],
        state=State(
            {
                "engine": engine,
                "secure_cookies": secure_cookies,
                "trusted_proxies": trusted_proxies,
                "program": program,
                "metrics": metrics,
                "largest_file": largest_file,
                "options": options,
                "checks": Allowance(_CHECKS, 60),
                "sign_ins": Allowance(_REFUSED, 60),
                "vault": vault or Vault.fresh(),
                "say": pages.say,
                "consequences": hr.consequences(settlement_port()),
                "settlements": settlement_port(),
            }
        ),
        before_send=[_protect],
        openapi_config=OpenAPIConfig(
            title="Qazyna",
            version="1",
            description="The internal API over HTTP. Amounts are decimal strings in tenge, days are ISO 8601 dates.",
            openapi_router=Router("/api/schema", route_handlers=[], opt=_PUBLIC, include_in_schema=False),
            render_plugins=[Described()],
            components=Components(
                security_schemes={
                    "token": SecurityScheme(type="http", scheme="bearer", description="`qazyna user token LOGIN`")
                }
            ),
            security=[{"token": []}],
        ),
        request_max_body_size=largest_file + _MEBIBYTE,  # a form around the file
        compression_config=CompressionConfig(
            "gzip", minimum_size=1000, gzip_compress_level=4, exclude=[f"^{each}" for each in _NOT_PACKED]
        ),
        logging_config=None,
    )
    app.asgi_handler = Observed(app.asgi_handler, metrics)  # around the routing: what it refuses is seen too
    return app
