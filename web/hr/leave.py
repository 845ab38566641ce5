"""Leave: one's own days with their why, asking with a preview day by day; for human resources everybody's."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect
from pydantic import ValidationError

from api.hr.desks import KEEP, READ, SELF
from api.problems import status_of
from api.security import Visitor
from erp.base.clock import today
from erp.base.dates import day_string, parse_day
from erp.base.errors import DomainError, Invalid
from erp.base.i18n import N_
from erp.base.money import parse_scaled
from erp.base.uow import UnitOfWork
from erp.hr.leave import rules, service
from erp.hr.leave.model import (
    ANNUAL,
    DAY_PLACES,
    Act,
    Balance,
    Batch,
    Kind,
    Movement,
    Named,
    Norm,
    Pool,
    Preview,
    Ungranted,
)
from erp.hr.leave.schemas import AskLeave, Compensate, GrantNorm, GrantYears, LeaveWanted, MoveDays
from erp.hr.personnel import service as personnel
from erp.hr.personnel.model import Person, PersonRow
from erp.hr.requests import model as asked
from erp.hr.requests import service as requests
from erp.reference.organisations.model import Organisation
from ledger.errors import LedgerError
from web import lists
from web.faults import Refusal, fault_sheet
from web.forms import Empty, NotTaken, day_typed, key_typed, number_typed, tidy
from web.hr.inbox import STATES, version_typed
from web.i18n import speech
from web.pages import Ask, Id, organisation_at, query_of, render, visit_of
from web.session import Choice, Sent, choice_in, remember
from web.tables.download import FORMATS, about, download
from web.tables.model import About, Table

_REFUSED = (DomainError, LedgerError)
_LAST_REQUESTS = 20

ACTS = {
    Act.GRANT: N_("Given for a working year"),
    Act.UNGRANT: N_("Taken back, given by mistake"),
    Act.CARRY: N_("Brought along"),
    Act.USE: N_("Leave"),
    Act.GIVE_BACK: N_("Given back"),
    Act.COMPENSATION: N_("Paid out"),
    Act.CORRECTION: N_("Corrected"),
}
WEEKDAYS = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))
_LABELS = {"kind": N_("Kind of leave"), "first": N_("First day"), "last": N_("Last day")}
_WORDS: dict[str, Any] = {
    "act_names": ACTS,
    "doubts": {doubt.value: text for doubt, text in rules.DOUBTS.items()},
    "weekdays": WEEKDAYS,
    "in_days": rules.days_string,
    "states": STATES,
}
"""What the pages name things by."""


# ------------------------------------------------------------------------------------------------ one's own


@dataclass(frozen=True)
class Own:
    """Somebody's days, with why they are what they are."""

    organisation: Organisation
    balance: Balance
    years: list[Pool]
    movements: list[Movement]
    without: int | None
    """Months without leave, where one is warned of them."""
    ungranted: list[Ungranted]
    """Working years that have begun and were not given."""
    free: int
    """Hundredths of a day that may still be asked for: later leaves that are approved have theirs already."""
    later: list[Movement]
    """What is recorded already and counts from a later day."""

    @classmethod
    def of(cls, uow: UnitOfWork, organisation_id: int, person: Person, day: date) -> "Own":
        found = service.balance(uow, organisation_id, person.id, day)
        years = service.years(uow, organisation_id, person.id, day)
        known = service.movements(uow, organisation_id, person.id, date.max)
        return cls(
            organisation_at(uow),
            found,
            years,
            [each for each in known if each.effective_on <= day],
            service.months_without(uow, found, years[0].year_start if years else None, day),
            service.ungranted(uow, organisation_id, day, person.id),
            service.free(uow, organisation_id, person.id, day),
            [each for each in known if each.effective_on > day],
        )


@get("/o/{organisation_id:int}/leave", opt=SELF, sync_to_thread=True)
def own_leave(request: Ask, visit: Visitor, organisation_id: Id) -> Response[Any]:
    query = query_of(request)
    day = day_typed(query.get("day", "")) or today()

    def whole(uow: UnitOfWork) -> tuple[Table, About]:
        person = requests.own_person(uow, organisation_id)
        say = speech(visit.language)
        found = service.movements(uow, organisation_id, person, day)
        return lists.leave_movements(found, ACTS, say), about(visit, organisation_at(uow), "leave")

    if query.get("as") in FORMATS:
        return download(visit, query["as"], whole)

    def show(uow: UnitOfWork) -> tuple[Own, asked.Page, dict[str, Kind]]:
        person = personnel.person(uow, organisation_id, requests.own_person(uow, organisation_id))
        page = _requests_of(uow, organisation_id, person.id)
        return Own.of(uow, organisation_id, person, day), page, _kinds(uow)

    own, page, kinds = visit.read(show)
    return render(
        request,
        "leave/own.html",
        organisation=own.organisation,
        section="leave",
        own=own,
        rows=page.rows,
        kinds=kinds,
        day_asked=day,
        is_today=day == today(),
        **_WORDS,
    )


def _kinds(uow: UnitOfWork) -> dict[str, Kind]:
    """Kinds of leave as they are called today, by code."""
    return {kind.code: kind for kind in service.kinds(uow, today())}


def _requests_of(uow: UnitOfWork, organisation_id: int, person_id: int) -> asked.Page:
    """The last requests of a person for leave."""
    theirs = asked.RequestFilter(tuple(asked.State), asked.Kind.LEAVE, person_id)
    return requests.requests(uow, organisation_id, theirs, limit=_LAST_REQUESTS)


# ------------------------------------------------------------------------------------------------ ask


@dataclass(frozen=True)
class LeaveForm:
    """The form as typed; ``request`` and ``version`` of what it changes, where it does."""

    key: str
    kind: str = ANNUAL
    first: str = ""
    last: str = ""
    request: str = ""
    version: str = ""
    is_asked: bool = False
    """Whether days were typed, or left empty on purpose: then what they mean is shown, or what is wrong with them."""

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> "LeaveForm":
        said = {name: tidy(sent.get(name, "")) for name in ("first", "last", "request", "version")}
        kind = tidy(sent.get("kind", "")) or ANNUAL
        return cls(sent.get("key") or str(uuid4()), kind, **said, is_asked="first" in sent)

    @classmethod
    def to_change(cls, of: asked.Request) -> "LeaveForm":
        first, last = day_string(of.days.first), day_string(of.days.last)
        return cls(str(uuid4()), str(of.facts["kind"]), first, last, str(of.id), str(of.version), is_asked=True)

    @property
    def request_id(self) -> int | None:
        return number_typed(self.request)

    @property
    def query(self) -> str:
        """The form as an address that shows the preview."""
        said = {"kind": self.kind, "first": self.first, "last": self.last}
        return urlencode(said | ({"request": self.request, "version": self.version} if self.request else {}))

    def wanted(self) -> LeaveWanted:
        """Raises: Invalid."""
        days = _days_typed({"first": self.first, "last": self.last})
        wanted: LeaveWanted = _made(LeaveWanted, {"kind": self.kind} | days, {"": "last"})
        return wanted

    def command(self) -> AskLeave:
        """Raises: Invalid, KeyDamaged."""
        return AskLeave(key=key_typed(self.key), **self.wanted().model_dump())


def _days_typed(typed: Mapping[str, str]) -> dict[str, date]:
    """Raises: Invalid."""
    faults: dict[str, Exception] = {}
    read: dict[str, date] = {}
    for name, text in typed.items():
        try:
            if not text:
                raise Empty()
            read[name] = parse_day(text)
        except DomainError as fault:
            faults[name] = fault
    if faults:
        raise Invalid(faults)
    return read


def _made(kind: type[Any], content: Mapping[str, Any], at: Mapping[str, str]) -> Any:
    """The command.  Raises: Invalid, at the field that it does not take."""
    try:
        return kind.model_validate(content)
    except ValidationError as refusal:
        places = [".".join(map(str, each["loc"])) for each in refusal.errors()]
        raise Invalid({at.get(place, place): NotTaken() for place in places}) from None


@get("/o/{organisation_id:int}/leave/new", opt=SELF, sync_to_thread=True)
def leave_form(request: Ask, visit: Visitor, organisation_id: Id) -> Response[str]:
    return _form(request, organisation_id, None)


@post("/o/{organisation_id:int}/leave/new", opt=SELF, sync_to_thread=True)
def ask_leave(request: Ask, visit: Visitor, organisation_id: Id, data: Sent) -> Response[Any]:
    return _asked(request, organisation_id, data, None)


@get("/o/{organisation_id:int}/leave/people/{person_id:int}/new", opt=KEEP, sync_to_thread=True)
def leave_form_for(request: Ask, visit: Visitor, organisation_id: Id, person_id: Id) -> Response[str]:
    """Human resources ask in a person's name."""
    return _form(request, organisation_id, person_id)


@post("/o/{organisation_id:int}/leave/people/{person_id:int}/new", opt=KEEP, sync_to_thread=True)
def ask_leave_for(request: Ask, visit: Visitor, organisation_id: Id, person_id: Id, data: Sent) -> Response[Any]:
    return _asked(request, organisation_id, data, person_id)


def _form(request: Ask, organisation_id: int, person_id: int | None) -> Response[str]:
    """The form, filled as the address says, or as the request that it changes; ``None``: of oneself."""
    form = LeaveForm.of(query_of(request))
    if (number := form.request_id) is not None and not form.is_asked:

        def there(uow: UnitOfWork) -> asked.Request:
            return service.request(uow, organisation_id, _whose(uow, organisation_id, person_id), number)

        form = LeaveForm.to_change(visit_of(request).read(there))
    return _form_page(request, organisation_id, person_id, form)


def _asked(request: Ask, organisation_id: int, data: Mapping[str, str], person_id: int | None) -> Response[Any]:
    """What was typed is shown with what it means, or sent."""
    visit, form = visit_of(request), LeaveForm.of(data)
    if choice := choice_in(data):
        remember(visit, choice)
        return _form_page(request, organisation_id, person_id, form, choice=choice)
    if data.get("do") != "send":
        return Redirect(f"{request.url.path}?{form.query}", status_code=303)

    def act(uow: UnitOfWork) -> int:
        whose, number = _whose(uow, organisation_id, person_id), form.request_id
        if number is None:
            return service.ask(uow, organisation_id, whose, form.command()).request.id
        return service.change(uow, organisation_id, whose, number, version_typed(data), form.wanted()).id

    try:
        number = visit.run(act)
    except _REFUSED as refusal:
        return _form_page(request, organisation_id, person_id, form, refusal=refusal)
    if person_id is not None:
        return Redirect(f"/o/{organisation_id}/leave/people/{person_id}?done=1#requests", status_code=303)
    return Redirect(f"/o/{organisation_id}/requests/{number}?sent=1", status_code=303)


def _whose(uow: UnitOfWork, organisation_id: int, person_id: int | None) -> int:
    """Raises: PersonUnknownHere, PersonNotOfStaff."""
    if person_id is None:
        return requests.own_person(uow, organisation_id)
    return personnel.person(uow, organisation_id, person_id).id


@dataclass(frozen=True)
class Asking:
    """What the page of the form knows."""

    organisation: Organisation
    person: Person
    kinds: list[Kind]
    free: int
    """Hundredths of a day that a leave from the first day on may draw."""
    preview: Preview | None
    ground: Named | None
    """The act by which the person has what is shown."""
    names: Mapping[int, str]
    """Of colleagues who are away."""
    refusal: Refusal | None

    @classmethod
    def of(cls, uow: UnitOfWork, organisation_id: int, whose: int | None, form: LeaveForm) -> "Asking":
        person_id = _whose(uow, organisation_id, whose)
        person = personnel.person(uow, organisation_id, person_id)
        seen, ground, refusal, names = None, None, None, dict[int, str]()
        if form.is_asked:
            try:
                seen = service.preview(uow, organisation_id, person_id, form.wanted(), form.request_id)
                names = requests.names(uow, organisation_id, {each.person_id for each in seen.away})
                ground = service.ground_of(uow, organisation_id, person_id, seen.kind, seen.days.first)
            except DomainError as fault:
                refusal = fault
        on = day_typed(form.first) or today()
        free = service.free(uow, organisation_id, person_id, on)
        return cls(organisation_at(uow), person, service.kinds(uow, on), free, seen, ground, names, refusal)


def _form_page(
    request: Ask,
    organisation_id: int,
    person_id: int | None,
    form: LeaveForm,
    *,
    refusal: Refusal | None = None,
    choice: Choice | None = None,
) -> Response[str]:
    visit, chosen = visit_of(request), choice or Choice()
    asking = visit.read(lambda uow: Asking.of(uow, organisation_id, person_id, form))
    own = f"/o/{organisation_id}/leave"
    listed = own if person_id is None else f"{own}/people/{person_id}"
    refusal = refusal or asking.refusal
    sheet = fault_sheet(refusal, chosen.language or visit.language, _LABELS)
    return render(
        request,
        "leave/new.html",
        organisation=asking.organisation,
        status=status_of(refusal) if refusal else 200,
        language=chosen.language,
        theme=chosen.theme,
        cookies=chosen.cookies(request),
        section="leave" if person_id is None else "leave-balances",
        form_id="leave",
        form_default="look",
        address=f"{listed}/new",
        back=listed,
        person=None if person_id is None else asking.person,
        form=form,
        kinds=asking.kinds,
        free=asking.free,
        preview=asking.preview,
        ground=asking.ground,
        names=asking.names,
        faults=sheet.by_field,
        summary=sheet.summary,
        **_WORDS,
    )


# ------------------------------------------------------------------------------------------------ human resources


@get("/o/{organisation_id:int}/leave/balances", opt=READ, sync_to_thread=True)
def leave_balances(request: Ask, visit: Visitor, organisation_id: Id) -> Response[Any]:
    query = query_of(request)
    if query.get("as") in FORMATS:
        day, words = day_typed(query.get("day", "")) or today(), query.get("q", "")

        def whole(uow: UnitOfWork) -> tuple[Table, About]:
            say = speech(visit.language)
            stands = service.balances(uow, organisation_id, day)

            def page(cursor: str | None) -> tuple[Sequence[tuple[PersonRow, Balance]], str | None]:
                found = personnel.people_on(uow, organisation_id, day, words=words, cursor=cursor, limit=500)
                return [(row, _stands(stands, row)) for row in found.rows], found.next_cursor

            table = lists.leave_balances(lists.every(page), say)
            return table, about(visit, organisation_at(uow), "leave-balances", (say("On the day"), day_string(day)))

        return download(visit, query["as"], whole)
    return _balances_page(request, organisation_id)


def _stands(stands: Mapping[int, Balance], row: PersonRow) -> Balance:
    return stands.get(row.person_id) or Balance(row.person_id, 0, 0, 0, None)


@dataclass(frozen=True)
class GivenLate:
    """How much has begun and was not given."""

    years: int
    people: int
    without_norm: int
    """People whose post has a group that no norm is loaded for."""
    most: int
    """Working years that one person would get."""
    by_days: list[tuple[int, int]]
    """Days of a working year, and how many working years would give so many; the most first."""

    @classmethod
    def of(cls, found: Sequence[Ungranted]) -> "GivenLate":
        people = Counter(each.person_id for each in found if each.days is not None)
        by_days = Counter(each.days for each in found if each.days is not None)
        without = len({each.person_id for each in found if each.days is None})
        return cls(
            people.total(), len(people), without, max(people.values(), default=0), sorted(by_days.items(), reverse=True)
        )


@dataclass(frozen=True)
class Everybody:
    organisation: Organisation
    rows: list[tuple[PersonRow, Balance]]
    next_cursor: str | None
    has_rules: bool
    has_begun: bool
    given_late: GivenLate
    batches: list[Batch]

    @classmethod
    def of(cls, uow: UnitOfWork, organisation_id: int, day: date, words: str, cursor: str | None) -> "Everybody":
        page = personnel.people_on(uow, organisation_id, day, words=words, cursor=cursor)
        stands = service.balances(uow, organisation_id, day, {row.person_id for row in page.rows})
        rows = [(row, _stands(stands, row)) for row in page.rows]
        has_rules = bool(service.norms(uow, day))
        late = GivenLate.of(service.ungranted(uow, organisation_id, day) if has_rules else [])
        has_begun = service.has_begun(uow, organisation_id)
        return cls(
            organisation_at(uow),
            rows,
            page.next_cursor,
            has_rules,
            has_begun,
            late,
            service.batches(uow, organisation_id),
        )


def _balances_page(request: Ask, organisation_id: int, refusal: Refusal | None = None, done: str = "") -> Response[str]:
    visit, query = visit_of(request), query_of(request)
    typed, words = query.get("day", ""), query.get("q", "")
    day, fault = today(), refusal
    if typed:
        try:
            day = parse_day(typed)
        except DomainError as malformed:
            fault = malformed
    found = visit.read(lambda uow: Everybody.of(uow, organisation_id, day, words, query.get("cursor")))
    sheet = fault_sheet(fault, visit.language)
    following = urlencode({"day": day_string(day), "q": words, "cursor": found.next_cursor or ""})
    return render(
        request,
        "leave/balances.html",
        organisation=found.organisation,
        status=status_of(fault) if fault else 200,
        section="leave-balances",
        rows=found.rows,
        has_rules=found.has_rules,
        has_begun=found.has_begun,
        given_late=found.given_late,
        batches=found.batches,
        typed=typed or day_string(day),
        day_asked=day,
        words=words,
        done=done or query.get("done", ""),
        number=query.get("number", ""),
        faults=sheet.by_field,
        summary=sheet.summary,
        next_url=f"{request.url.path}?{following}" if found.next_cursor else "",
        **_WORDS,
    )


@post("/o/{organisation_id:int}/leave/grants", opt=KEEP, sync_to_thread=True)
def grant_years(request: Ask, visit: Visitor, organisation_id: Id, data: Sent) -> Response[Any]:
    """Give everybody the working years that have begun."""

    def act(uow: UnitOfWork) -> int:
        days = _days_typed({"day": tidy(data.get("day", ""))})
        return service.grant_years(uow, organisation_id, _made(GrantYears, days, {})).movements

    return _for_all(request, organisation_id, act, "granted")


@post("/o/{organisation_id:int}/leave/grants/{batch:uuid}/undo", opt=KEEP, sync_to_thread=True)
def ungrant(request: Ask, visit: Visitor, organisation_id: Id, batch: FromPath[UUID], data: Sent) -> Response[Any]:
    """Take back what one act gave to everybody, as far as nobody drew from it."""
    return _for_all(
        request, organisation_id, lambda uow: service.ungrant(uow, organisation_id, batch).movements, "ungranted"
    )


@post("/o/{organisation_id:int}/leave/holidays", opt=KEEP, sync_to_thread=True)
def give_back_holidays(request: Ask, visit: Visitor, organisation_id: Id, data: Sent) -> Response[Any]:
    """Give back the days of leaves that became holidays after they were approved."""
    span = rules.years_around(today())
    return _for_all(
        request, organisation_id, lambda uow: service.give_back_holidays(uow, organisation_id, span), "returned"
    )


def _for_all(request: Ask, organisation_id: int, act: Callable[[UnitOfWork], int], done: str) -> Response[Any]:
    try:
        number = visit_of(request).run(act)
    except _REFUSED as refusal:
        return _balances_page(request, organisation_id, refusal)
    return Redirect(f"/o/{organisation_id}/leave/balances?done={done}&number={number}", status_code=303)


@dataclass(frozen=True)
class File:
    """A person's days as human resources see them."""

    person: Person
    own: Own
    norms: list[Norm]
    begun: list[date]
    """First days of the working years of the service, whether given or not."""
    requests: Sequence[asked.RequestRow]
    kinds: Mapping[str, Kind]

    @classmethod
    def of(cls, uow: UnitOfWork, organisation_id: int, person_id: int, day: date) -> "File":
        person = personnel.person(uow, organisation_id, person_id, day=day)
        grounds = [norm for norm in service.norms(uow, day) if not norm.staff_group]
        sent = _requests_of(uow, organisation_id, person_id)
        begun = service.years_of_service(uow, organisation_id, person_id)
        return cls(person, Own.of(uow, organisation_id, person, day), grounds, begun, sent.rows, _kinds(uow))


@get("/o/{organisation_id:int}/leave/people/{person_id:int}", opt=READ, sync_to_thread=True)
def person_leave(request: Ask, visit: Visitor, organisation_id: Id, person_id: Id) -> Response[Any]:
    """That it was opened is noted, as of a personal file."""
    query = query_of(request)

    def whole(uow: UnitOfWork) -> tuple[Table, About]:
        day, say = day_typed(query.get("day", "")) or today(), speech(visit.language)
        person = personnel.person(uow, organisation_id, person_id, day=day)
        found = service.movements(uow, organisation_id, person_id, day)
        told = about(visit, organisation_at(uow), "leave", (say("Who"), str(person.name)))
        return lists.leave_movements(found, ACTS, say), told

    shown: Response[Any] = (
        download(visit, query["as"], whole)
        if query.get("as") in FORMATS
        else _person_page(request, organisation_id, person_id)
    )
    visit.run(lambda uow: personnel.note_reading(uow, organisation_id, person_id))
    return shown


def _person_page(
    request: Ask,
    organisation_id: int,
    person_id: int,
    *,
    refusal: Refusal | None = None,
    typed: Mapping[str, str] | None = None,
    choice: Choice | None = None,
) -> Response[str]:
    visit, query, chosen = visit_of(request), query_of(request), choice or Choice()
    day = day_typed(query.get("day", "")) or today()
    file = visit.read(lambda uow: File.of(uow, organisation_id, person_id, day))
    sheet = fault_sheet(refusal, chosen.language or visit.language)
    return render(
        request,
        "leave/person.html",
        organisation=file.own.organisation,
        status=status_of(refusal) if refusal else 200,
        language=chosen.language,
        theme=chosen.theme,
        cookies=chosen.cookies(request),
        section="leave-balances",
        form_id="move",
        form_default="stay",
        person=file.person,
        own=file.own,
        norms=file.norms,
        begun=file.begun,
        rows=file.requests,
        kinds=file.kinds,
        day_asked=day,
        is_today=day == today(),
        typed=typed or {},
        key=(typed or {}).get("key") or str(uuid4()),
        address=f"/o/{organisation_id}/leave/people/{person_id}",
        done=query.get("done", ""),
        year_is_none=isinstance(refusal, rules.YearIsNone),
        faults=sheet.by_field,
        summary=sheet.summary,
        **_WORDS,
    )


@post("/o/{organisation_id:int}/leave/people/{person_id:int}", opt=KEEP, sync_to_thread=True)
def move_days(request: Ask, visit: Visitor, organisation_id: Id, person_id: Id, data: Sent) -> Response[Any]:
    """Give additional days, bring days along, correct, or settle the days of who leaves."""
    typed = {name: tidy(value) for name, value in data.items()}
    if choice := choice_in(data):
        remember(visit, choice)
        return _person_page(request, organisation_id, person_id, typed=typed, choice=choice)

    def act(uow: UnitOfWork) -> None:
        command = _command(person_id, typed)
        personnel.person(uow, organisation_id, person_id)
        if isinstance(command, GrantNorm):
            service.grant_norm(uow, organisation_id, command)
        elif isinstance(command, Compensate):
            service.compensate(uow, organisation_id, command)
        elif typed.get("act") == Act.CARRY:
            service.carry(uow, organisation_id, command, all_the_same="sure" in typed)
        else:
            service.correct(uow, organisation_id, command)

    try:
        visit.run(act)
    except _REFUSED as refusal:
        return _person_page(request, organisation_id, person_id, refusal=refusal, typed=typed)
    return Redirect(f"/o/{organisation_id}/leave/people/{person_id}?done=1", status_code=303)


@post(
    "/o/{organisation_id:int}/leave/people/{person_id:int}/requests/{request_id:int}/withdraw",
    opt=KEEP,
    sync_to_thread=True,
)
def withdraw_for(
    request: Ask, visit: Visitor, organisation_id: Id, person_id: Id, request_id: Id, data: Sent
) -> Response[Any]:
    """Take back what was asked in a person's name and is not approved yet."""

    def act(uow: UnitOfWork) -> None:
        service.request(uow, organisation_id, person_id, request_id)
        requests.withdraw(uow, organisation_id, request_id, version_typed(data))

    try:
        visit.run(act)
    except _REFUSED as refusal:
        return _person_page(request, organisation_id, person_id, refusal=refusal)
    return Redirect(f"/o/{organisation_id}/leave/people/{person_id}?done=1#requests", status_code=303)


def _command(person_id: int, typed: Mapping[str, str]) -> GrantNorm | Compensate | MoveDays:
    """Raises: Invalid, KeyDamaged."""
    said: dict[str, Any] = {
        "key": key_typed(typed.get("key", "")),
        "person_id": person_id,
        "reason": typed.get("reason", ""),
    }
    if typed.get("act") == Act.COMPENSATION:
        days = _days_typed({"effective_on": typed.get("effective_on", "")})
        found: Compensate = _made(Compensate, said | {"last_day": days["effective_on"]}, {"last_day": "effective_on"})
        return found
    if typed.get("act") == Act.GRANT:
        days = _days_typed({"year_start": typed.get("year_start", "")})
        granted: GrantNorm = _made(GrantNorm, said | days | {"norm": typed.get("norm", "")}, {})
        return granted
    days = _days_typed({name: typed.get(name, "") for name in ("year_start", "effective_on")})
    try:
        moved = parse_scaled(typed.get("days", ""), DAY_PLACES)
    except DomainError as fault:
        raise Invalid({"days": fault}) from None
    command: MoveDays = _made(MoveDays, said | days | {"centidays": moved}, {"centidays": "days"})
    return command


routes = [
    own_leave,
    leave_form,
    ask_leave,
    leave_form_for,
    ask_leave_for,
    leave_balances,
    grant_years,
    ungrant,
    give_back_holidays,
    withdraw_for,
    person_leave,
    move_days,
]
