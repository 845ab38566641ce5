"""Around every request: its id, one line of the log, its share in the figures."""

from http import HTTPMethod
from time import perf_counter
from typing import Any
from uuid import uuid4

from litestar.datastructures import MutableScopeHeaders
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from api.logs import logger
from api.metrics import Metrics

REQUEST_ID = "X-Request-Id"
_NOWHERE = "(no route)"


class Observed:
    """An application that is watched; what it answers gets the request's id."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request, started, status = uuid4().hex[:16], perf_counter(), 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableScopeHeaders.from_message(message)[REQUEST_ID] = request
            await send(message)

        with bound_contextvars(request=request):
            try:
                await self._app(scope, receive, answer)
            finally:
                self._note(scope, status, perf_counter() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        asked, route = str(scope.get("method", "")), str(scope.get("path_template") or _NOWHERE)
        method = asked if asked in HTTPMethod.__members__ else "other"
        self._metrics.answered(method, route, status, seconds)
        logger().info(
            "request", method=method, route=route, status=status, ms=round(seconds * 1000, 1), user=_user(scope)
        )


def _user(scope: Scope) -> int | None:
    """The number of the person who asks; nothing where nobody signed in."""
    visit: Any = scope["state"].get("visit")
    return visit.identity.user.id if visit is not None and visit.identity is not None else None
