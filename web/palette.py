"""Find: one field for pages, numbers, amounts, codes and names; a page by itself, with script a window over any."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from litestar import Response, get

from api.hr.people import people_found, wherever_read
from api.security import Visit, Visitor
from erp.base.clock import today
from erp.base.dates import day_string
from erp.base.layouts import readings
from erp.base.uow import UnitOfWork
from erp.finance.finder import service
from erp.finance.finder.model import (
    Findings,
    FoundAccount,
    FoundCounterparty,
    FoundEntry,
    FoundPrepared,
    FoundTypical,
)
from erp.finance.finder.rules import answers
from erp.hr.personnel.model import FoundPerson
from erp.reference.access.model import Permission
from erp.reference.organisations import service as organisations
from erp.reference.organisations.model import Organisation
from web.i18n import Speech, money, speech
from web.pages import Ask, query_of, render
from web.places import address_of
from web.rooms import Room, rooms
from web.sections import workplaces

_SIGNED_IN = {"policy": Permission.SIGNED_IN}
_IN_A_WINDOW, _ON_A_PAGE = 5, 50
"""Findings of each kind."""


@dataclass(frozen=True)
class Hit:
    """A line that leads somewhere; ``detail`` says more of it."""

    title: str
    url: str
    detail: str = ""
    key: str = ""


@dataclass(frozen=True)
class Group:
    title: str
    hits: Sequence[Hit]


@dataclass(frozen=True)
class Search:
    """What was asked, where, and what answered."""

    words: str
    at: Organisation | None
    """The organisation whose books were looked through; else all that one reads."""
    groups: list[Group]
    every_year: bool
    amount: bool
    """Whether an amount was asked for."""


@get("/find", opt=_SIGNED_IN, sync_to_thread=True)
def find(request: Ask, visit: Visitor) -> Response[Any]:
    search = _search(request, visit, _ON_A_PAGE)
    return render(request, "find/page.html", organisation=search.at, section="find", search=search, limit=_ON_A_PAGE)


@get("/find/options", opt=_SIGNED_IN, sync_to_thread=True)
def options(request: Ask, visit: Visitor) -> Response[Any]:
    """The same as rows of a list, for the window."""
    return render(request, "find/options.html", search=_search(request, visit, _IN_A_WINDOW))


def _search(request: Ask, visit: Visit, limit: int) -> Search:
    query, say = query_of(request), speech(visit.language)
    words, every_year = query.get("q", ""), query.get("years") == "all"
    visit = wherever_read(visit)
    within = workplaces(visit.identity) if visit.identity else frozenset[int]()
    at = next((id_ for id_ in within if str(id_) == query.get("at") or len(within) == 1), None)
    places = within if at is None else {at}

    def look(uow: UnitOfWork) -> tuple[dict[int, Organisation], Findings]:
        known = organisations.by_ids(uow, sorted(within), today())
        language = visit.language.value
        return known, service.find(uow, places, words, today(), language=language, limit=limit, every_year=every_year)

    known, found = visit.read(look)
    people = people_found(request, visit, words, at, places, limit)
    own = known[at] if at is not None else None
    whereabouts = _Whereabouts(known, own, say)
    groups = [*_rooms(request, visit, words, at, say, limit), whereabouts.people(people), *whereabouts.groups(found)]
    if words and own is not None:
        groups.append(Group(say("Look further"), _further(request, visit, words, own, len(visit.scope.reads), say)))
    return Search(words, own, [g for g in groups if g.hits], every_year, bool(words) and found.amount_tiyn is not None)


def _rooms(request: Ask, visit: Visit, words: str, at: int | None, say: Speech, limit: int) -> Iterable[Group]:
    """Pages to go to, and what may be begun; without words all of them."""
    if visit.identity is None:
        return
    said = readings(words)
    held = [
        (room, address)
        for room, address in rooms(request, visit.identity, at)
        if not words or answers(said, room.names())
    ]

    def hits(begins: bool) -> list[Hit]:
        shown = [(room, address) for room, address in held if room.begins is begins]
        return [Hit(say(room.name), address, key=_key(room)) for room, address in shown[: limit if words else None]]

    begun, gone_to = Group(say("Begin"), hits(begins=True)), Group(say("Go to"), hits(begins=False))
    yield from (gone_to, begun) if words else (begun, gone_to)


def _key(room: Room) -> str:
    return f"g {room.key}" if room.key else ""


@dataclass(frozen=True)
class _Whereabouts:
    """Findings as lines; at several organisations each says whose books it is of."""

    known: dict[int, Organisation]
    own: Organisation | None
    say: Speech

    def people(self, found: Iterable[FoundPerson]) -> Group:
        return Group(self.say("People on the staff"), [self._person(each) for each in found])

    def _person(self, found: FoundPerson) -> Hit:
        row, language = found.row, self.say.language.value
        detail = self._detail(found.organisation_id, row.title(language), row.unit(language), row.number)
        return Hit(str(row.name), f"/o/{found.organisation_id}/staff/{row.person_id}", detail)

    def groups(self, found: Findings) -> Iterable[Group]:
        say, language = self.say, self.say.language.value
        yield Group(say("Entries by number"), [self._entry(each) for each in found.entries])
        yield Group(
            say("Postings of {amount} ₸", amount=money(found.amount_tiyn or 0)),
            [self._entry(each) for each in found.of_amount],
        )
        yield Group(say("Prepared, not posted yet"), [self._prepared(each) for each in found.prepared])
        yield Group(say("Counterparties"), [self._counterparty(each) for each in found.counterparties])
        at = f"/o/{self.own.id}" if self.own else ""
        yield Group(say("Accounts"), [self._named(each, f"{at}/accounts/{each.code}/card") for each in found.accounts])
        yield Group(
            say("Typical entries"),
            [self._named(each, f"{at}/typical-entries?q={quote(each.code)}") for each in found.typical],
        )
        others = [each for each in found.organisations if self.own is None or each.id != self.own.id]
        yield Group(say("Organisations"), [Hit(each.name(language), f"/o/{each.id}/", each.code) for each in others])

    def _entry(self, entry: FoundEntry) -> Hit:
        facts = day_string(entry.effective_on), money(entry.amount_tiyn), entry.memo
        at = entry.organisation_id
        return Hit(f"{entry.journal_code} № {entry.number}", f"/o/{at}/journal/{entry.id}", self._detail(at, *facts))

    def _prepared(self, each: FoundPrepared) -> Hit:
        facts, at = (day_string(each.effective_on), money(each.amount_tiyn), each.memo), each.organisation_id
        title = f"{each.journal_code} · {each.document_number}" if each.document_number else each.journal_code
        return Hit(title, f"/o/{at}/approvals/{each.id}", self._detail(at, *facts))

    def _counterparty(self, each: FoundCounterparty) -> Hit:
        at = each.organisation_id
        detail = self._detail(at, each.code, each.iban)
        return Hit(each.name(self.say.language.value), f"/o/{at}/counterparties/{each.code}", detail)

    def _named(self, each: FoundAccount | FoundTypical, url: str) -> Hit:
        return Hit(f"{each.code} {each.name(self.say.language.value)}", url)

    def _detail(self, organisation_id: int, *facts: str) -> str:
        owner = "" if self.own else self.known[organisation_id].name(self.say.language.value)
        return " · ".join(fact for fact in (*facts, owner) if fact)


def _further(
    request: Ask, visit: Visit, words: str, own: Organisation, organisations_read: int, say: Speech
) -> list[Hit]:
    hits = []
    journal = f"journal?{urlencode({'text': words})}"
    if visit.identity is not None and (address := address_of(request, visit.identity, own.id, journal)):
        hits.append(Hit(say("Texts and documents of the journal: “{words}”", words=words), address))
    if organisations_read > 1:
        hits.append(Hit(say("In all organisations: “{words}”", words=words), f"/find?{urlencode({'q': words})}"))
    return hits


routes = [find, options]
