"""Every route there is, with every address it may be asked at."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import product
from typing import Any
from urllib.parse import quote

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from litestar.types.internal_types import PathParameterDefinition
from pypdf import PdfReader

from erp.reference.access.model import Permission
from tests.canary.planting import FRAGMENT

SKIPPED = {"/static/{file_path:path}", "/metrics", "/api/schema", "/api/schema/openapi.json"}
"""What holds no data, or only of the whole system."""
MONTHS = {"first": "2025-01", "last": "2026-12", "from": "2025-01", "to": "2026-12"}
SEARCHES = ("q", "text", "words", "name", "memo", "login", "actor", "subject", "code", "account", "document")
_TEXTS = {
    "code": ["1010", "7460"],
    "month": ["2026-03"],
    "due_on": ["2026-03-31"],
    "dimension": ["counterparty", "person", "programme"],
    "year": ["2026"],
    "series": ["brent"],
    "no": ["1"],
}
"""Values of the parameters that are texts, the same in every institution."""


@dataclass(frozen=True)
class Door:
    """One method of one route."""

    route: HTTPRoute
    handler: HTTPRouteHandler
    method: str
    known: frozenset[str] | None = None
    """What may be asked, where nothing else may: the API refuses what it does not know."""

    def understood(self, sent: dict[str, str]) -> dict[str, str]:
        return sent if self.known is None else {name: said for name, said in sent.items() if name in self.known}

    def questions(self) -> Iterator[str]:
        """Those of ``QUESTIONS`` that differ at this door."""
        asked = list[dict[str, str]]()
        for name, sent in QUESTIONS.items():
            if (said := self.understood(sent)) not in asked:
                asked.append(said)
                yield name

    @property
    def is_of_an_organisation(self) -> bool:
        return "{organisation_id:int}" in self.route.path

    @property
    def permission(self) -> Permission:
        permission: Permission = self.handler.opt["policy"]
        return permission

    def addresses(self, organisation: int, numbers: list[int], texts: list[str]) -> Iterator[str]:
        """The route's addresses: each number in the place of every id, each text where a text stands.

        Where there are several ids, the first two numbers also in every order: what is in what has another number.
        """
        parts = [p for p in self.route.path_components if isinstance(p, PathParameterDefinition)]
        own = {p.name: self._values(p, numbers, texts) for p in parts if p.name != "organisation_id"}
        rounds = max(map(len, own.values()), default=1)
        each = [tuple(values[turn % len(values)] for values in own.values()) for turn in range(rounds)]
        crossed = product(*(values[:2] for values in own.values())) if len(own) > 1 else ()
        for filling in dict.fromkeys((*each, *crossed)):
            values = dict(zip(own, filling, strict=True)) | {"organisation_id": organisation}
            yield "/" + "/".join(
                quote(str(values[part.name]), safe="") if isinstance(part, PathParameterDefinition) else part
                for part in self.route.path_components
            )

    @staticmethod
    def _values(part: PathParameterDefinition, numbers: list[int], texts: list[str]) -> list[Any]:
        if part.name in _TEXTS:
            return _TEXTS[part.name] if part.type is not int else [int(v) for v in _TEXTS[part.name]]
        return numbers if part.type is int else [*texts, *map(str, numbers)]


def doors(app: Litestar) -> list[Door]:
    found = [
        Door(route, handler, method, _known(app, route, method))
        for route in app.routes
        if isinstance(route, HTTPRoute) and route.path not in SKIPPED and not route.path.startswith("/static")
        for handler in route.route_handlers
        for method in sorted(handler.http_methods - {"HEAD", "OPTIONS"})
    ]
    assert len(found) > 40
    return found


REFUSED = {401, 403}
"""Said at the door itself, before anything is looked up: the same whatever is asked there."""
UNKNOWN = {404}
"""Said where an id leads nowhere: whatever is asked there."""
DAYS = "days"
WHOLE = MONTHS | {"by": "dimensions", "by_dimensions": "true", "all": "1", "limit": "500"}
SEARCH = MONTHS | dict.fromkeys(SEARCHES, FRAGMENT)
QUESTIONS: dict[str, dict[str, str]] = {
    "whole": WHOLE,
    "search": SEARCH,
    DAYS: {"first": "2026-03-16", "last": "2026-03-24", "a": "1", "b": "2"},
}
"""What to ask at a door: for as much as there is, searching, and, where neither is taken, by days and in pairs."""


def _known(app: Litestar, route: HTTPRoute, method: str) -> frozenset[str] | None:
    path = (app.openapi_schema.paths or {}).get(route.path_format)
    operation = path and getattr(path, method.lower())
    if not operation:
        return None
    return frozenset(each.name for each in operation.parameters or () if each.param_in == "query")


_VOLATILE = re.compile(
    r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32,}"  # keys and tokens
    r"|\d\d:\d\d(:\d\d)?"  # the time of day
    r'|(?<=reference":")\w+|(?<=: )[0-9a-f]{12}(?:[0-9a-f]{4})?\b'  # incidents, requests
    r"|Nothing is sealed yet\.|last seal: block \d+, [\d.]+ [\d:]+"  # sealed while the walk goes on
    r"|entries not sealed: \d+, the oldest for \d+ s"
)


_READ_LOG = re.compile(r'\{"day":"[^"]*","reader":[^{}]*\},?')
_SIGHTINGS = re.compile(r'<section class="block" id="seen">.*?</section>\n', re.DOTALL)


def steady(body: str) -> str:
    """A body without what differs each time: keys, tokens, the time of day, and who looked at it before."""
    return _VOLATILE.sub("…", _SIGHTINGS.sub("", _READ_LOG.sub("", body)))


def told(answer: Any) -> str:
    """Everything an answer says: its status line, headers and body; of a PDF, what is read in it."""
    headers = {n: value for n, value in answer.headers.items() if n not in ("x-request-id", "content-length")}
    is_paper = headers.get("content-type") == "application/pdf"
    body = _read_in(answer.content) if is_paper else answer.text
    return f"{answer.status_code} {json.dumps(headers, ensure_ascii=False)}\n{body}"


def _read_in(paper: bytes) -> str:
    """With spaces where there are narrow ones, and once more without any, as a line may break in a word."""
    lines = [line for page in PdfReader(BytesIO(paper)).pages for line in page.extract_text().splitlines()]
    return " ".join(lines).replace("\u202f", " ") + "\n" + "".join("".join(lines).split())
