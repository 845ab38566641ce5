"""Keys: what each does, told on a page of its own and, with script, in a window over any page."""

import re
from dataclasses import dataclass
from typing import Any

from litestar import Response, get

from api.security import Visitor
from erp.base.i18n import N_
from erp.reference.access.model import Permission
from web.pages import Ask, query_of, render
from web.rooms import ROOMS


@dataclass(frozen=True)
class Key:
    """``keys`` are pressed together; one after another where a blank stands between."""

    keys: str
    does: str

    @property
    def presses(self) -> list[list[str]]:
        return [press.split("+") if len(press) > 1 else [press] for press in self.keys.split(" ")]


@dataclass(frozen=True)
class Keys:
    """The keys of a place: of every page, or of those whose address is ``of`` this form."""

    title: str
    keys: tuple[Key, ...]
    of: str = ""
    single: bool = False
    """Whether they need no Ctrl or Alt, and can be switched off."""


EVERYWHERE = Keys(
    N_("On every page"),
    (
        Key("Ctrl+K", N_("Find, go to a page, begin something new")),
        Key("Tab", N_("To the next link, button or field; with Shift to the one before")),
        Key("Esc", N_("Close the window or the list")),
        Key("F1", N_("In a field with “?”: what it is, and why")),
    ),
)
SINGLE = Keys(
    N_("On every page, outside of fields"),
    (
        Key("/", N_("Find, go to a page, begin something new")),
        Key("?", N_("This list")),
        *(Key(f"g {room.key}", room.name) for room in ROOMS if room.key),
    ),
    single=True,
)
FIND = Keys(
    N_("In the search window"),
    (
        Key("↓", N_("To the next finding; ↑ to the one before")),
        Key("Enter", N_("Go to it; where none is marked, all findings on a page")),
    ),
)
LIST = Keys(
    N_("In a field with a list"),
    (
        Key("↓", N_("Open the list; to the next row")),
        Key("Enter", N_("Take the marked row; Tab takes it too and goes on")),
        Key("Esc", N_("Close the list; what was typed stays")),
    ),
)
ENTRY = Keys(
    N_("On the form of an entry"),
    (Key("Enter", N_("To the next field")), Key("Ctrl+Enter", N_("Post, or send for approval"))),
    of=r"/(?:journal/new|correct)$",
)
TABLE = Keys(
    N_("In the table of an entry"),
    (
        Key("Enter", N_("Open the cell; take what is typed and go to the next one")),
        Key("F2", N_("Edit the cell")),
        Key("Esc", N_("Leave the cell as it was; after it, Tab leads out of the table")),
        Key("Shift+↓", N_("Choose several cells")),
        Key("Ctrl+D", N_("Copy down")),
        Key("Ctrl+Insert", N_("Insert a row; Ctrl+Delete deletes it")),
        Key("Ctrl+Z", N_("Undo; Ctrl+Y does it again")),
        Key("F8", N_("To the next fault")),
        Key("Ctrl+Enter", N_("Post, or send for approval")),
    ),
    of=r"/drafts/\d+$",
)
FIGURES = Keys(
    N_("In the table of a report"),
    (
        Key("↓", N_("To the figure below; ↑ ← → to those beside it")),
        Key("Home", N_("To the first figure of the row; End to the last, with Ctrl of the table")),
        Key("Enter", N_("Open what is behind the figure")),
        Key("Tab", N_("Out of the table; back in, to the figure one was at")),
    ),
    of=r"/(?:trial-balance|reports/(?!views|postings).+)$",
)
OF_PLACES = (ENTRY, TABLE, FIGURES)
ALL = (EVERYWHERE, SINGLE, FIND, LIST)


@get("/keys", opt={"policy": Permission.SIGNED_IN}, sync_to_thread=True)
def keys(request: Ask, visit: Visitor) -> Response[Any]:
    """All keys, those of the page one comes from first."""
    page = query_of(request).get("of", "").partition("?")[0].rstrip("/")
    here = tuple(each for each in OF_PLACES if re.search(each.of, page))
    there = tuple(each for each in OF_PLACES if each not in here)
    return render(request, "keys.html", groups=(*here, *ALL, *there))


routes = [keys]
