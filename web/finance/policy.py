"""The accounting policy on its pages: editions, what one lays down, writing it, the two signatures."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from litestar import Response, get, post
from litestar.response import Redirect

from api.problems import status_of
from api.security import Visit, Visitor
from erp.base.clock import today
from erp.base.dates import day_string
from erp.base.errors import DomainError, Invalid
from erp.base.i18n import N_
from erp.base.uow import UnitOfWork
from erp.finance.approvals import service as approvals
from erp.finance.approvals.model import Bookkeeper, Duty
from erp.finance.approvals.model import Step as RouteStep
from erp.finance.closing.rules import STEPS as CLOSE_STEPS
from erp.finance.journal import service as journal
from erp.finance.journal.model import Journal
from erp.finance.policy import rules, service
from erp.finance.policy.content import ROUTE, CloseStep
from erp.finance.policy.model import Act, Difference, Edition, Offer, State, Step
from erp.finance.policy.schemas import BeginPolicy, ReturnPolicy, WritePolicy
from erp.reference.access.model import ROLE_NAMES, Permission, Role
from erp.reference.organisations import service as organisations
from erp.reference.organisations.model import Organisation
from erp.reference.signatures import service as signatures
from erp.reference.signatures.model import Signature
from ledger.errors import LedgerError, PolicyChanged
from web.faults import Fault, Refusal, fault_sheet
from web.forms import NotTaken, Place, ReasonForm, kept_day, key_typed, made, tidy
from web.i18n import UNITS, Speech, speech
from web.pages import Ask, Id, organisation_at, render, visit_of
from web.papers import Uploaded
from web.session import Choice, Sent, choice_in, remember
from web.signing import evidence_in, signing
from web.timeline import POLICY_FIELDS, POLICY_SECTIONS, History, history
from web.timeline import STEPS as ROUTE_STEPS

_READ = {"policy": Permission.JOURNAL_READ}
_WRITE = {"policy": Permission.POLICY_MANAGE}
_SIGN = {"policy": Permission.POLICY_SIGN}
_REFUSED = (DomainError, LedgerError)

STATES = {
    State.DRAFT: N_("draft"),
    State.PROPOSED: N_("waits for the head’s signature"),
    State.SIGNED: N_("signed"),
    State.DISCARDED: N_("discarded"),
}
ACTS = {
    Step.PROPOSED: N_("Proposed"),
    Step.RETURNED: N_("Returned"),
    Step.SIGNED: N_("Signed"),
    Step.DISCARDED: N_("Discarded"),
}
METHODS = {
    "straight-line": N_("straight-line"),
    "reducing-balance": N_("reducing balance"),
    "units-of-production": N_("by units of production"),
    "none": N_("not depreciated"),
}
MODES = {
    "half-up": N_("a half upwards"),
    "half-even": N_("a half to the even number"),
    "down": N_("what is over is cut off"),
}
YEARS = {"": N_("without the year"), "yy": N_("year in two digits"), "yyyy": N_("year in four digits")}
EVIDENCE = {"": N_("no"), "consent": N_("consent"), "cms": N_("digital signature")}
OWNERS = {role: ROLE_NAMES[Role(role)] for role in ("accountant", "chief_accountant")}
_WORDS: dict[str, Mapping[str, str]] = {
    "method": METHODS,
    "unit": UNITS,
    "reports": UNITS,
    "mode": MODES,
    "year": YEARS,
    "owner": OWNERS,
}


# ------------------------------------------------------------------------------------------------ editions


@dataclass(frozen=True)
class Shelf:
    """All editions of an organisation, and what bodies above offer."""

    organisation: Organisation
    editions: list[Edition]
    offers: list[Offer]
    publishers: dict[int, Organisation]
    history: History

    @classmethod
    def read(cls, request: Ask, uow: UnitOfWork, organisation_id: int) -> "Shelf":
        editions, offers = service.editions(uow, organisation_id), service.offered(uow, organisation_id)
        publishers = organisations.by_ids(uow, [each.organisation_id for each in offers], today())
        past = history(request, uow, f"/o/{organisation_id}/policy", *(each.subject for each in editions))
        return cls(organisation_at(uow), editions, offers, publishers, past)


@get("/o/{organisation_id:int}/policy", opt=_READ, sync_to_thread=True)
def editions(request: Ask, visit: Visitor, organisation_id: Id) -> Response[str]:
    return _shelf_page(request, organisation_id)


def _shelf_page(request: Ask, organisation_id: int, refusal: Refusal | None = None, since: str = "") -> Response[str]:
    visit, day = visit_of(request), today()
    shelf = visit.read(lambda uow: Shelf.read(request, uow, organisation_id))
    sheet = fault_sheet(refusal, visit.language)
    return render(
        request,
        "policy/list.html",
        help_of="policy",
        organisation=shelf.organisation,
        status=status_of(refusal) if refusal else 200,
        section="policy",
        editions=shelf.editions,
        counting=next((each for each in shelf.editions if each.counts_on(day)), None),
        coming=next((each for each in shelf.editions if each.state is State.SIGNED and each.since > day), None),
        states=STATES,
        offers=shelf.offers,
        publishers=shelf.publishers,
        history=shelf.history,
        key=str(uuid4()),
        since=since or day_string((day.replace(day=1) + timedelta(days=32)).replace(day=1)),
        faults=sheet.by_field,
        summary=sheet.summary,
        default=rules.default(),
    )


@post("/o/{organisation_id:int}/policy", opt=_WRITE, sync_to_thread=True)
def begin(request: Ask, visit: Visitor, organisation_id: Id, data: Sent) -> Response[Any]:
    """Begin an edition from what counts now, or from one that a body above offers."""

    def act(uow: UnitOfWork) -> Edition:
        offer = next(
            (
                each
                for each in service.offered(uow, organisation_id)
                if f"{each.organisation_id}/{each.id}" == data.get("adopts")
            ),
            None,
        )
        command = BeginPolicy(
            key=key_typed(data.get("key", "")),
            since=kept_day(data.get("since", "")),
            content=offer.content if offer else service.usual(uow, organisation_id),
            adopts_organisation=offer.organisation_id if offer else None,
            adopts_policy=offer.id if offer else None,
        )
        return service.begin(uow, organisation_id, command)

    try:
        begun = visit.run(act)
    except _REFUSED as refusal:
        return _shelf_page(request, organisation_id, refusal, data.get("since", ""))
    return Redirect(f"/o/{organisation_id}/policy/{begun.id}/edit", status_code=303)


# ------------------------------------------------------------------------------------------------ one edition


@dataclass(frozen=True)
class Shown:
    """An edition with all that its page tells."""

    organisation: Organisation
    edition: Edition
    before: Edition | None
    may_begin: bool
    """Whether its day is one on which an edition may begin."""
    acts: list[Act]
    signatures: tuple[Signature, ...]
    journals: list[Journal]
    people: list[Bookkeeper]
    publisher: Organisation | None
    ends: list[Duty]
    """Routes of documents that its signature will end."""
    history: History

    @classmethod
    def read(cls, request: Ask, uow: UnitOfWork, organisation_id: int, policy_id: int) -> "Shown":
        edition = service.edition(uow, organisation_id, policy_id)
        adopted = edition.adopts
        publishers = organisations.by_ids(uow, [adopted.organisation_id], today()) if adopted else {}
        return cls(
            organisation_at(uow),
            edition,
            service.before(uow, edition),
            service.may_begin(uow, organisation_id, edition.since),
            service.acts(uow, organisation_id, policy_id),
            signatures.signatures_of(uow, organisation_id, edition.subject),
            journal.document_journals(uow),
            approvals.bookkeepers(uow, organisation_id),
            publishers.get(adopted.organisation_id) if adopted else None,
            service.ends(uow, edition) if edition.state in (State.DRAFT, State.PROPOSED) else [],
            history(request, uow, f"/o/{organisation_id}/policy/{policy_id}", edition.subject),
        )


@get("/o/{organisation_id:int}/policy/{policy_id:int}", opt=_READ, sync_to_thread=True)
def edition(request: Ask, visit: Visitor, organisation_id: Id, policy_id: Id) -> Response[str]:
    return _edition_page(request, organisation_id, policy_id)


def _edition_page(
    request: Ask,
    organisation_id: int,
    policy_id: int,
    *,
    refusal: Refusal | None = None,
    form: ReasonForm | None = None,
    choice: Choice | None = None,
) -> Response[str]:
    visit, chosen = visit_of(request), choice or Choice()
    shown = visit.read(lambda uow: Shown.read(request, uow, organisation_id, policy_id))
    language = chosen.language or visit.language
    sheet, say = fault_sheet(refusal, language), speech(language)
    asked = _asked(visit, organisation_id, shown)
    returns = shown.edition.state is State.PROPOSED and asked is not None
    return render(
        request,
        "policy/edition.html",
        help_of="policy",
        organisation=shown.organisation,
        status=status_of(refusal) if refusal else 200,
        language=chosen.language,
        theme=chosen.theme,
        cookies=chosen.cookies(request),
        section="policy",
        form_id="return" if returns else "",
        form_default="return" if returns else "",
        address=f"/o/{organisation_id}/policy/{policy_id}",
        signing=signing(request, rules.signed_bytes(shown.edition, asked)) if asked else None,
        returns=returns,
        form=form or ReasonForm.new(),
        faults=sheet.by_field,
        summary=sheet.summary,
        differences=_differences(shown, say),
        ends=shown.ends,
        **_words(shown, say),
    )


def _differences(shown: Shown, say: Speech) -> list["Told"]:
    """What the edition sets otherwise than the one before it; nothing where it is the first."""
    if shown.before is None:
        return []
    return [told(each, shown, say) for each in rules.differences(shown.before.content, shown.edition.content)]


def _words(shown: Shown, say: Speech) -> dict[str, Any]:
    """What both pages of an edition name its settings by."""
    default = rules.default()
    return {
        "edition": shown.edition,
        "before": shown.before,
        "acts": shown.acts,
        "act_names": ACTS,
        "signatures": shown.signatures,
        "journals": shown.journals,
        "by_code": {each.code: each for each in shown.journals},
        "people": {each.id: each.name for each in shown.people},
        "publisher": shown.publisher,
        "history": shown.history,
        "states": STATES,
        "default": default,
        "groups": {each.code: each for each in default.groups},
        "limits": {each.code: each for each in default.thresholds},
        "close_steps": CLOSE_STEPS,
        "route": {step.value: ROUTE_STEPS[step] for step in RouteStep},
        "methods": METHODS,
        "units": UNITS,
        "modes": MODES,
        "years": YEARS,
        "evidence": EVIDENCE,
        "owners": OWNERS,
        "counts": shown.edition.counts_on(today()),
        "may_begin": shown.may_begin,
    }


def _asked(visit: Visit, organisation_id: int, shown: Shown) -> str | None:
    """The purpose for which the visitor's signature is asked; ``None`` where it is not."""
    roles = visit.identity.roles.get(organisation_id, frozenset()) if visit.identity else frozenset()
    if not shown.may_begin:
        return None
    if shown.edition.state is State.DRAFT and Role.CHIEF_ACCOUNTANT in roles:
        return service.SECOND
    proposers = shown.acts[-1].people if shown.acts else frozenset()
    waits = shown.edition.state is State.PROPOSED and Role.MANAGER in roles
    return service.FIRST if waits and not proposers & visit.scope.stands_for else None


@dataclass(frozen=True)
class Told:
    """A difference as people read it."""

    section: str
    item: str
    field: str
    before: str
    after: str


def told(each: Difference, shown: Shown, say: Speech) -> Told:
    names = {kept.code: f"{kept.code} · {kept.name(say.language)}" for kept in shown.journals}
    names |= {group.code: group.name(say.language) for group in rules.default().groups}
    names |= {limit.code: limit.name(say.language) for limit in rules.default().thresholds}
    names |= {code: say(kind.name) for code, kind in CLOSE_STEPS.items()}
    people = {person.id: person.name for person in shown.people}
    return Told(
        say(POLICY_SECTIONS[each.section]),
        names.get(each.item, each.item),
        say(POLICY_FIELDS[each.field]),
        _said(each.field, each.before, people, say),
        _said(each.field, each.after, people, say),
    )


def _said(field: str, value: object, people: Mapping[int, str], say: Speech) -> str:
    if field == "kept":
        return say(N_("yes")) if value else say(N_("no"))
    if field == "person" and isinstance(value, int):
        return people.get(value, str(value))
    match value:
        case None | "" if field not in _WORDS or value is None:
            return "—"
        case bool():
            return say(N_("yes")) if value else say(N_("no"))
        case str():
            return say(_WORDS[field][value]) if field in _WORDS else value
        case list() | tuple():
            return ", ".join(say(ROUTE_STEPS[RouteStep(step)]) for step in value) or "—"
    return str(value)


# ------------------------------------------------------------------------------------------------ acts


@post("/o/{organisation_id:int}/policy/{policy_id:int}/propose", opt=_WRITE, sync_to_thread=True)
def propose(request: Ask, visit: Visitor, organisation_id: Id, policy_id: Id, data: Uploaded) -> Response[Any]:
    return _signed(request, organisation_id, policy_id, data, service.SECOND, service.propose)


@post("/o/{organisation_id:int}/policy/{policy_id:int}/sign", opt=_SIGN, sync_to_thread=True)
def sign(request: Ask, visit: Visitor, organisation_id: Id, policy_id: Id, data: Uploaded) -> Response[Any]:
    return _signed(request, organisation_id, policy_id, data, service.FIRST, service.sign)


def _signed(
    request: Ask,
    organisation_id: int,
    policy_id: int,
    data: Mapping[str, Any],
    purpose: str,
    act: Callable[..., Edition],
) -> Response[Any]:
    visit = visit_of(request)
    try:
        shown = visit.read(lambda uow: service.edition(uow, organisation_id, policy_id))
        evidence = evidence_in(data, rules.signed_bytes(shown, purpose))
        visit.run(lambda uow: act(uow, organisation_id, policy_id, _version(data), evidence))
    except _REFUSED as refusal:
        return _edition_page(request, organisation_id, policy_id, refusal=refusal)
    return _to(organisation_id, policy_id)


@post("/o/{organisation_id:int}/policy/{policy_id:int}/return", opt=_SIGN, sync_to_thread=True)
def return_(request: Ask, visit: Visitor, organisation_id: Id, policy_id: Id, data: Sent) -> Response[Any]:
    form = ReasonForm.of(data)
    if choice := choice_in(data):
        remember(visit, choice)
        return _edition_page(request, organisation_id, policy_id, form=form, choice=choice)

    def act(uow: UnitOfWork) -> None:
        said = ReturnPolicy(reason=form.content().reason)
        service.return_(uow, organisation_id, policy_id, _version(data), said.reason)

    return _decide(request, organisation_id, policy_id, act, form)


@post("/o/{organisation_id:int}/policy/{policy_id:int}/discard", opt=_WRITE, sync_to_thread=True)
def discard(request: Ask, visit: Visitor, organisation_id: Id, policy_id: Id, data: Sent) -> Response[Any]:
    version = _version(data)
    return _decide(
        request, organisation_id, policy_id, lambda uow: service.discard(uow, organisation_id, policy_id, version)
    )


@post("/o/{organisation_id:int}/policy/{policy_id:int}/publish", opt=_WRITE, sync_to_thread=True)
def publish(request: Ask, visit: Visitor, organisation_id: Id, policy_id: Id, data: Sent) -> Response[Any]:
    """Offer it to the institutions below, or offer it no longer."""
    published = data.get("do") == "publish"
    return _decide(
        request,
        organisation_id,
        policy_id,
        lambda uow: service.publish(uow, organisation_id, policy_id, published=published),
    )


def _decide(
    request: Ask,
    organisation_id: int,
    policy_id: int,
    act: Callable[[UnitOfWork], object],
    form: ReasonForm | None = None,
) -> Response[Any]:
    try:
        visit_of(request).run(act)
    except _REFUSED as refusal:
        return _edition_page(request, organisation_id, policy_id, refusal=refusal, form=form)
    return _to(organisation_id, policy_id)


def _version(data: Mapping[str, Any], name: str = "version") -> int:
    """The version that the page showed; one that cannot be read is none that is there."""
    text = str(data.get(name, ""))
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else -1


def _to(organisation_id: int, policy_id: int) -> Redirect:
    return Redirect(f"/o/{organisation_id}/policy/{policy_id}", status_code=303)


# ------------------------------------------------------------------------------------------------ writing


@get("/o/{organisation_id:int}/policy/{policy_id:int}/edit", opt=_WRITE, sync_to_thread=True)
def edit_page(request: Ask, visit: Visitor, organisation_id: Id, policy_id: Id) -> Response[Any]:
    found = visit.read(lambda uow: service.edition(uow, organisation_id, policy_id))
    if found.state is not State.DRAFT:
        return _to(organisation_id, policy_id)
    return _edit_page(request, organisation_id, policy_id, typed_of(found))


@post("/o/{organisation_id:int}/policy/{policy_id:int}/edit", opt=_WRITE, sync_to_thread=True)
def edit(request: Ask, visit: Visitor, organisation_id: Id, policy_id: Id, data: Sent) -> Response[Any]:
    typed = {name: tidy(value) for name, value in data.items()}
    if choice := choice_in(data):
        remember(visit, choice)
        return _edit_page(request, organisation_id, policy_id, typed, choice=choice)
    codes = [each.code for each in visit.read(journal.document_journals)]
    seen = _version(data, "over" if data.get("do") == "over" else "version")
    try:
        command = written(typed, codes)
        visit.run(lambda uow: service.rewrite(uow, organisation_id, policy_id, seen, command))
    except PolicyChanged as refusal:
        return _edit_page(request, organisation_id, policy_id, typed, refusal=refusal, mine=command)
    except _REFUSED as refusal:
        return _edit_page(request, organisation_id, policy_id, typed, refusal=refusal)
    return _to(organisation_id, policy_id)


def typed_of(found: Edition) -> dict[str, str]:
    """The fields of the form as an edition fills them; a box that is not ticked is absent."""
    content = found.content
    typed = {
        "version": str(found.version),
        "since": day_string(found.since),
        "amounts.unit": content.amounts.unit,
        "amounts.mode": content.amounts.mode,
        "reports": content.reports,
    }
    for rule in content.journals:
        at = f"journals.{rule.code}."
        typed |= {f"{at}kept": "on", f"{at}prefix": rule.prefix, f"{at}width": str(rule.width), f"{at}year": rule.year}
        typed |= {f"{at}{step}": "cms" if step in rule.cms else "consent" for step in rule.steps}
    for group in content.depreciation:
        typed |= {
            f"depreciation.{group.group}.method": group.method,
            f"depreciation.{group.group}.life": str(group.life_months or ""),
        }
    for step in content.closing:
        typed |= {f"closing.{step.step}.{name}": value for name, value in _step_typed(step).items()}
    return typed | {f"thresholds.{each.code}": str(each.value) for each in content.thresholds}


def _step_typed(step: CloseStep) -> dict[str, str]:
    owner = str(step.person) if step.person else step.owner
    return {"kept": "on", "owner": owner, "due": str(step.due), **({"blocking": "on"} if step.blocking else {})}


def written(typed: Mapping[str, str], codes: list[str]) -> WritePolicy:
    """The command that a form makes.  Raises: Invalid, with faults under the names of its fields."""
    default, faults = rules.default(), dict[str, Exception]()

    def number(name: str, *, least: int = 0, otherwise: int | None = None) -> int | None:
        text = typed.get(name, "")
        if not text:
            return otherwise
        if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text) >= least):
            faults[name] = NotTaken()
            return otherwise
        return int(text)

    journals = []
    for code in (code for code in codes if typed.get(f"journals.{code}.kept")):
        at = f"journals.{code}."
        asked = {step: typed.get(f"{at}{step}", "") for step in ROUTE}
        journals.append(
            {
                "code": code,
                "prefix": typed.get(f"{at}prefix", ""),
                "width": number(f"{at}width", least=1, otherwise=1),
                "year": typed.get(f"{at}year", ""),
                "steps": [step for step in ROUTE if asked[step]],
                "cms": [step for step in ROUTE if asked[step] == "cms"],
            }
        )
    closing = []
    for step in (each.step for each in default.content.closing if typed.get(f"closing.{each.step}.kept")):
        owner = typed.get(f"closing.{step}.owner", "")
        person = int(owner) if re.fullmatch(r"[0-9]{1,9}", owner) else None
        closing.append(
            {
                "step": step,
                "owner": "accountant" if person else owner,
                "person": person,
                "due": number(f"closing.{step}.due", least=1, otherwise=1),
                "blocking": typed.get(f"closing.{step}.blocking") == "on",
            }
        )
    document = {
        "journals": journals,
        "amounts": {"unit": typed.get("amounts.unit", ""), "mode": typed.get("amounts.mode", "")},
        "reports": typed.get("reports", ""),
        "depreciation": [
            {
                "group": each.code,
                "method": typed.get(f"depreciation.{each.code}.method", ""),
                "life_months": number(f"depreciation.{each.code}.life", least=1),
            }
            for each in default.groups
        ],
        "closing": closing,
        "thresholds": [
            {"code": each.code, "value": number(f"thresholds.{each.code}", otherwise=0)} for each in default.thresholds
        ],
    }
    since = None
    try:
        since = kept_day(typed.get("since", ""))
    except _REFUSED as fault:
        faults["since"] = fault
    if not journals:
        faults["journals"] = rules.NoJournalKept()
    if faults:
        raise Invalid(faults)
    said = {"since": since, "content": document}
    return made(WritePolicy, said, at=lambda place: _field(place, document))


def _field(location: Place, document: Mapping[str, Any]) -> str:
    """The field of the form behind a place in the document."""
    parts = [str(part) for part in location[1:]]
    if len(parts) > 1 and parts[1].isdecimal():
        item = document[parts[0]][int(parts[1])]
        parts[1] = str(item.get("code") or item.get("group") or item.get("step"))
    return ".".join(parts[:3])


def _edit_page(
    request: Ask,
    organisation_id: int,
    policy_id: int,
    typed: Mapping[str, str],
    *,
    refusal: Refusal | None = None,
    mine: WritePolicy | None = None,
    choice: Choice | None = None,
) -> Response[str]:
    """The form; with what it would change of a draft that another window has written since it was opened."""
    visit, chosen = visit_of(request), choice or Choice()
    shown = visit.read(lambda uow: Shown.read(request, uow, organisation_id, policy_id))
    language = chosen.language or visit.language
    sheet, say = fault_sheet(refusal, language), speech(language)
    return render(
        request,
        "policy/edit.html",
        help_of="policy",
        clash=list(_clash(shown, mine, say)) if mine and shown.edition.state is State.DRAFT else None,
        organisation=shown.organisation,
        status=status_of(refusal) if refusal else 200,
        language=chosen.language,
        theme=chosen.theme,
        cookies=chosen.cookies(request),
        section="policy",
        form_id="policy",
        form_default="save",
        address=f"/o/{organisation_id}/policy/{policy_id}",
        typed=typed,
        faults=sheet.by_field,
        summary=[Fault(each.field, _label(each.field, say), each.text) for each in sheet.summary],
        **_words(shown, say),
    )


def _clash(shown: Shown, mine: WritePolicy, say: Speech) -> Iterator[Told]:
    """What an edition sets otherwise than the form that was sent."""
    if mine.since != shown.edition.since:
        days = day_string(shown.edition.since), day_string(mine.since)
        yield Told("", "", say(N_("From which day")), *days)
    for each in rules.differences(shown.edition.content, mine.content):
        yield told(each, shown, say)


def _label(field: str, say: Speech) -> str:
    """Where a fault stands, in the words of the form."""
    section, _, rest = field.partition(".")
    item = rest.partition(".")[0]
    return " ".join(filter(None, [say(POLICY_SECTIONS[section]) if section in POLICY_SECTIONS else "", item]))


routes = [
    editions,
    begin,
    edition,
    propose,
    sign,
    return_,
    discard,
    publish,
    edit_page,
    edit,
]
