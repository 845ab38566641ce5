"""A form that was sent when its session had run out: kept in the page that asks to sign in, and given back filled.

It stays in the browser that typed it, in a hidden field, and nothing of it is saved until it is sent once more from its
own page with the new session's token.  Only what came from a page of ours gets here: the guard refuses a foreign form
before it asks who sends it.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from litestar import Response
from litestar.datastructures import Cookie, FormMultiDict
from litestar.routes import HTTPRoute

from api.security import STRANGERS_FORM, masked
from web.pages import Ask, here, own_address, render, theme_of

_LONGEST = STRANGERS_FORM - 50_000
"""Bytes as a form sends them, beside the other fields of signing in; a longer form is not kept."""
_NEVER = re.compile(r"csrf|password|secret|token|^code$|^do$|^language$|^theme$")
"""Fields that are no part of what was typed, or that must not be kept."""


@dataclass(frozen=True)
class Kept:
    """A form's own address and what was typed into it."""

    action: str
    fields: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return json.dumps([self.action, self.fields], ensure_ascii=False)


def kept_of(request: Ask) -> Kept | None:
    """The form that was just sent, where its address is that of the page it stands on."""
    if request.method != "POST" or not _is_a_page(request):
        return None
    form: FormMultiDict | None = getattr(request.state, "form", None)  # not read where nobody could be asked who sends
    if form is None:
        return None
    sent = form.multi_items()
    kept = Kept(here(request), tuple((n, v) for n, v in sent if isinstance(v, str) and not _NEVER.search(n)))
    return kept if len(quote_plus(str(kept))) <= _LONGEST else None


def read(text: str) -> Kept | None:
    """What a page of ours kept; nothing where the text is not of that form."""
    try:
        action, fields = json.loads(text)
        pairs = tuple((str(name), str(value)) for name, value in fields)
    except (ValueError, TypeError):
        return None
    return Kept(action, pairs) if isinstance(action, str) and own_address(action) == action else None


def page_before(request: Ask) -> str:
    """Where to lead who must sign in first: the page asked for, or the one whose button was pressed."""
    if request.method == "GET" or _is_a_page(request):
        return here(request)
    host, _, path = request.headers.get("referer", "").partition("://")[2].partition("/")
    return own_address(f"/{path}") if host == request.headers.get("host") else "/"


def filled_again(request: Ask, kept: Kept, csrf: str, cookies: Sequence[Cookie]) -> Response[Any]:
    """The page that leads back to the form; with script it goes there by itself."""
    return render(
        request, "resume.html", kept=kept, csrf_token=masked(csrf), now_theme=theme_of(request), cookies=cookies
    )


def _is_a_page(request: Ask) -> bool:
    template = request.scope.get("path_template")
    return any(
        isinstance(route, HTTPRoute) and route.path_format == template and "GET" in route.methods
        for route in request.app.routes
    )
