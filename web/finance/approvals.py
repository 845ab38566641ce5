"""Approval by a second person: what waits, a prepared entry, and where two persons are asked for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from api.problems import status_of
from api.security import Visitor
from erp.base.clock import today
from erp.base.dates import day_string, month_string
from erp.base.errors import DomainError, Invalid
from erp.base.i18n import N_
from erp.base.uow import UnitOfWork
from erp.finance.approvals import service
from erp.finance.approvals.model import (
    WAITING,
    Bookkeeper,
    Duty,
    DutyException,
    Hands,
    PreparedFilter,
    PreparedRow,
    PreparedView,
    State,
    Step,
)
from erp.finance.approvals.rules import WithdrawalUnexplained, subject
from erp.finance.approvals.schemas import (
    AllowException,
    ChangeRoute,
    PrepareCorrection,
    ReleaseJournal,
    RequireApproval,
    StepAsked,
    WithdrawPrepared,
)
from erp.finance.journal import service as journal
from erp.finance.journal.model import EntryView, Journal, Page
from erp.reference.access.model import Permission
from erp.reference.access.policy import permissions_at
from erp.reference.attachments import service as attachments
from erp.reference.comments import service as comments
from erp.reference.organisations import service as organisations
from erp.reference.organisations.model import Organisation
from erp.reference.signatures import service as signatures
from erp.reference.signatures.model import Signature
from ledger.errors import LedgerError
from web import lists
from web.faults import Refusal, fault_sheet
from web.finance.fields import all_verified
from web.finance.journal import Reworked, correction_form, edited, entry_page
from web.finance.months import year_to
from web.forms import AllowanceForm, CorrectionForm, DayForm, EntryForm, ReasonForm, made, tidy
from web.i18n import speech
from web.pages import Ask, Id, organisation_at, own_address, query_of, render, visit_of
from web.papers import Papers, Uploaded, checked
from web.session import Choice, Sent, choice_in, remember
from web.signing import evidence_in, signing
from web.tables.download import FORMATS, about, download
from web.tables.model import About, Table
from web.timeline import STEPS, History, history_of_document, note_sighting

_READ = {"policy": Permission.JOURNAL_READ}
_POST = {"policy": Permission.JOURNAL_POST}
_APPROVE = {"policy": Permission.JOURNAL_APPROVE}
_SIGN = {"policy": Permission.DOCUMENT_SIGN}
_SAY = {"policy": Permission.JOURNAL_COMMENT}

STATES = {
    State.PREPARED: N_("waits for approval"),
    State.CHECKED: N_("checked"),
    State.FIRST_SIGNED: N_("has the first signature"),
    State.RETURNED: N_("returned"),
    State.WITHDRAWN: N_("withdrawn"),
    State.APPROVED: N_("approved"),
}
DUE = {
    Step.CHECK: N_("waits for a check"),
    Step.FIRST_SIGNATURE: N_("waits for the first signature"),
    Step.SECOND_SIGNATURE: N_("waits for approval"),
}
"""How a document under way stands: by the step that is due."""
ACTS = {
    Step.CHECK: N_("Mark as checked"),
    Step.FIRST_SIGNATURE: N_("Sign"),
    Step.SECOND_SIGNATURE: N_("Approve and post"),
}
LAST_ACTS = ACTS | {Step.CHECK: N_("Check and post"), Step.FIRST_SIGNATURE: N_("Sign and post")}
"""Words of the button of a step; of the last step of a route, which posts."""
ADDRESSES = {Step.CHECK: "check", Step.FIRST_SIGNATURE: "sign", Step.SECOND_SIGNATURE: "approve"}
_REFUSED = (DomainError, LedgerError)


# ------------------------------------------------------------------------------------------------ list


@dataclass(frozen=True)
class Listing:
    organisation: Organisation
    journals: list[Journal]
    page: Page[PreparedRow]
    exceptions: list[DutyException]


MINE, OWN, ALL = "mine", "own", "all"
"""What the list may be narrowed to beside a state: what waits for oneself, what one has prepared, everything."""


@dataclass(frozen=True)
class Asked:
    """What the list is narrowed to, as the address says it."""

    state: str
    journal: str
    through: str

    @classmethod
    def of(cls, query: Mapping[str, str], hands: Hands) -> "Asked":
        """Whoever only signs begins with what waits for them."""
        usual = MINE if hands.signer is not None and hands.approver is None else ""
        return cls(query.get("state", usual), query.get("journal", ""), query.get("through", ""))

    def narrowed(self, hands: Hands, own: int) -> PreparedFilter:
        """Raises: Invalid, where the day cannot be read."""
        states = WAITING
        if self.state in set(State):
            states = (State(self.state),)
        elif self.state == ALL:
            states = tuple(State)
        return PreparedFilter(
            states,
            self.journal or None,
            DayForm(self.through).day() if self.through else None,
            hands if self.state == MINE else None,
            own if self.state == OWN else None,
        )

    @property
    def query(self) -> str:
        asked = {"state": self.state, "journal": self.journal, "through": self.through}
        return urlencode({name: value for name, value in asked.items() if value or name == "state"})


@get("/o/{organisation_id:int}/approvals", opt=_READ, sync_to_thread=True)
def prepared_entries(request: Ask, visit: Visitor, organisation_id: Id) -> Response[Any]:
    query = query_of(request)
    hands, me, fault = service.hands_of(visit.identity, organisation_id), visit.scope.actor.id, None
    asked = Asked.of(query, hands)
    try:
        narrowed = asked.narrowed(hands, me)
    except Invalid as refusal:
        fault, narrowed = refusal, replace(asked, through="").narrowed(hands, me)

    def whole(uow: UnitOfWork) -> tuple[Table, About]:
        say = speech(visit.language)

        def page(cursor: str | None) -> tuple[Sequence[PreparedRow], str | None]:
            found = service.prepared_entries(uow, organisation_id, narrowed, cursor)
            return found.rows, found.next_cursor

        def state(of: PreparedRow) -> str:
            return say(DUE[of.next_step] if of.next_step else STATES[of.state])

        return lists.prepared(lists.every(page), state, say), about(visit, organisation_at(uow), "prepared")

    if query.get("as") in FORMATS and fault is None:
        return download(visit, query["as"], whole)

    def show(uow: UnitOfWork) -> Listing:
        page = service.prepared_entries(uow, organisation_id, narrowed, query.get("cursor"))
        exceptions = service.exceptions(uow, organisation_id)
        return Listing(organisation_at(uow), service.separable_journals(uow), page, exceptions)

    listing = visit.read(show)
    cursor = listing.page.next_cursor
    sheet = fault_sheet(fault, visit.language)
    excepted = replace(hands, excepted=any(x.user_id == me and x.counts_on(today()) for x in listing.exceptions))
    takes = {row.id: row.next_step for row in listing.page.rows if excepted.may_take(row.next_step, row.behind)}
    return render(
        request,
        "approvals/list.html",
        organisation=listing.organisation,
        section="approvals",
        status=status_of(fault) if fault else 200,
        asked=asked,
        journals=listing.journals,
        rows=listing.page.rows,
        states=STATES,
        due=DUE,
        own=me,
        hands=hands,
        takes=takes,
        withdraws={row.id for row in listing.page.rows if row.state.is_waiting and row.prepared_by_id == me},
        key=str(uuid4()),
        faults=sheet.by_field,
        next_url=f"{request.url.path}?{asked.query}&{urlencode({'cursor': cursor})}" if cursor else "",
    )


# ------------------------------------------------------------------------------------------------ one of them


@get("/o/{organisation_id:int}/approvals/{prepared_id:int}", opt=_READ, sync_to_thread=True)
def prepared_entry(request: Ask, visit: Visitor, organisation_id: Id, prepared_id: Id) -> Response[str]:
    return _prepared_page(request, organisation_id, prepared_id)


@post("/o/{organisation_id:int}/approvals/{prepared_id:int}/check", opt=_APPROVE, sync_to_thread=True)
def check(request: Ask, visit: Visitor, organisation_id: Id, prepared_id: Id, data: Uploaded) -> Response[Any]:
    return _take(request, organisation_id, prepared_id, Step.CHECK, data)


@post("/o/{organisation_id:int}/approvals/{prepared_id:int}/sign", opt=_SIGN, sync_to_thread=True)
def sign(request: Ask, visit: Visitor, organisation_id: Id, prepared_id: Id, data: Uploaded) -> Response[Any]:
    return _take(request, organisation_id, prepared_id, Step.FIRST_SIGNATURE, data)


@post("/o/{organisation_id:int}/approvals/{prepared_id:int}/approve", opt=_APPROVE, sync_to_thread=True)
def approve(request: Ask, visit: Visitor, organisation_id: Id, prepared_id: Id, data: Uploaded) -> Response[Any]:
    return _take(request, organisation_id, prepared_id, Step.SECOND_SIGNATURE, data)


def _take(request: Ask, organisation_id: int, prepared_id: int, step: Step, data: Mapping[str, Any]) -> Response[Any]:
    visit, version = visit_of(request), _version(data)
    try:
        content = visit.read(lambda uow: service.content_to_sign(uow, organisation_id, prepared_id, step))
        evidence = evidence_in(data, content)
        receipt = visit.run(lambda uow: service.take_step(uow, organisation_id, prepared_id, version, step, evidence))
    except _REFUSED as refusal:
        return _prepared_page(request, organisation_id, prepared_id, refusal=refusal)
    if receipt is None:
        return Redirect(f"/o/{organisation_id}/approvals/{prepared_id}?taken=1", status_code=303)
    return Redirect(f"/o/{organisation_id}/journal/{receipt().entry_id}?posted=1", status_code=303)


@post("/o/{organisation_id:int}/approvals/{prepared_id:int}/return", opt=_APPROVE, sync_to_thread=True)
def return_prepared(request: Ask, visit: Visitor, organisation_id: Id, prepared_id: Id, data: Sent) -> Response[Any]:
    return _return(request, organisation_id, prepared_id, data)


@post("/o/{organisation_id:int}/approvals/{prepared_id:int}/sign/return", opt=_SIGN, sync_to_thread=True)
def return_unsigned(request: Ask, visit: Visitor, organisation_id: Id, prepared_id: Id, data: Sent) -> Response[Any]:
    """Who gives the first signature, and nothing else, returns what waits for it."""
    return _return(request, organisation_id, prepared_id, data, due=Step.FIRST_SIGNATURE)


def _return(
    request: Ask, organisation_id: int, prepared_id: int, data: Mapping[str, str], due: Step | None = None
) -> Response[Any]:
    form, version = ReasonForm.of(data), _version(data)
    if choice := choice_in(data):
        remember(visit_of(request), choice)
        return _prepared_page(request, organisation_id, prepared_id, form=form, choice=choice)

    def send_back(uow: UnitOfWork) -> None:
        service.return_prepared(uow, organisation_id, prepared_id, version, form.content().reason, due=due)

    return _decide(request, organisation_id, prepared_id, send_back, form)


@post("/o/{organisation_id:int}/approvals/{prepared_id:int}/withdraw", opt=_POST, sync_to_thread=True)
def withdraw(request: Ask, visit: Visitor, organisation_id: Id, prepared_id: Id, data: Sent) -> Response[Any]:
    version, why = _version(data), tidy(data.get("why", ""))
    try:
        reason = made(WithdrawPrepared, {"reason": why}, at=lambda _: "why").reason
        visit.run(lambda uow: service.withdraw(uow, organisation_id, prepared_id, version, reason))
    except WithdrawalUnexplained as unexplained:
        return _prepared_page(request, organisation_id, prepared_id, refusal=Invalid({"why": unexplained}), why=why)
    except _REFUSED as refusal:
        return _prepared_page(request, organisation_id, prepared_id, refusal=refusal, why=why)
    return Redirect(f"/o/{organisation_id}/approvals/{prepared_id}", status_code=303)


@post("/o/{organisation_id:int}/approvals/{prepared_id:int}/reinstate", opt=_POST, sync_to_thread=True)
def reinstate(request: Ask, visit: Visitor, organisation_id: Id, prepared_id: Id, data: Sent) -> Response[Any]:
    """Undo a withdrawal."""
    version = _version(data)

    def take_back(uow: UnitOfWork) -> None:
        service.reinstate(uow, organisation_id, prepared_id, version)

    return _decide(request, organisation_id, prepared_id, take_back)


def _decide(
    request: Ask,
    organisation_id: int,
    prepared_id: int,
    act: Callable[[UnitOfWork], None],
    form: ReasonForm | None = None,
) -> Response[Any]:
    """Do it and show what became of it; where it is refused, the page comes back."""
    try:
        visit_of(request).run(act)
    except _REFUSED as refusal:
        return _prepared_page(request, organisation_id, prepared_id, refusal=refusal, form=form)
    return Redirect(f"/o/{organisation_id}/approvals/{prepared_id}", status_code=303)


def _version(data: Mapping[str, Any]) -> int:
    """Number of the last act that the page showed; one that cannot be read is none that is there."""
    text = str(data.get("version", ""))
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else -1


@dataclass(frozen=True)
class Looked:
    """What the page of a prepared entry is made of."""

    organisation: Organisation
    shown: PreparedView
    cancelled: EntryView | None
    allowed: DutyException | None
    """The exception that the visitor has."""
    papers: Papers
    past: History
    signatures: tuple[Signature, ...]
    content: bytes | None
    """What the visitor would sign by the step that is due; ``None`` where it is not theirs."""


def _prepared_page(
    request: Ask,
    organisation_id: int,
    prepared_id: int,
    *,
    refusal: Refusal | None = None,
    form: ReasonForm | None = None,
    why: str = "",
    choice: Choice | None = None,
) -> Response[str]:
    visit, chosen = visit_of(request), choice or Choice()

    home = f"/o/{organisation_id}/"
    address, language = f"{home}approvals/{prepared_id}", chosen.language or visit.language

    hands, me = service.hands_of(visit.identity, organisation_id), visit.scope.actor.id

    def look(uow: UnitOfWork) -> Looked:
        about = subject(organisation_id, prepared_id)
        shown = service.prepared_entry(uow, organisation_id, prepared_id)
        exceptions = service.exceptions(uow, organisation_id)
        step = shown.next_step
        return Looked(
            organisation_at(uow),
            shown,
            journal.entry(uow, organisation_id, shown.corrects) if shown.corrects else None,
            next((x for x in exceptions if x.user_id == me and x.counts_on(today())), None),
            Papers.of(uow, about, query_of(request).get("comments", "")),
            history_of_document(request, uow, organisation_id, address, about, language=language),
            signatures.signatures_of(uow, organisation_id, about),
            service.content_to_sign(uow, organisation_id, prepared_id, step) if step and hands.of(step) else None,
        )

    looked = visit.read(look)
    shown, step = looked.shown, looked.shown.next_step
    note_sighting(visit, organisation_id, subject(organisation_id, prepared_id), looked.past)
    own = bool(step and hands.of(step) and not hands.may_take(step, shown.behind))
    sheet = fault_sheet(refusal, language)
    may = permissions_at(visit.identity, organisation_id) if visit.identity else frozenset[Permission]()
    decides = looked.content is not None
    signs = decides and (not own or looked.allowed is not None)
    returns = _way_back(shown, hands)
    sides = [side for p in shown.postings for side in (p.debit, p.credit) if side]

    def card_url(code: str, day: Any) -> str:
        span = year_to(day)
        months = {"from": month_string(span.first), "to": month_string(span.last)}
        return f"{home}accounts/{code}/card?{urlencode(months | {'back': address})}"

    return render(
        request,
        "approvals/prepared.html",
        organisation=looked.organisation,
        status=status_of(refusal) if refusal else 200,
        language=chosen.language,
        theme=chosen.theme,
        cookies=chosen.cookies(request),
        section="approvals",
        form_id="decision" if returns else "",
        form_default="return" if returns else "",
        prepared=shown,
        papers=looked.papers,
        history=looked.past,
        cancelled=looked.cancelled,
        signatures=looked.signatures,
        signing=signing(request, looked.content, needs_cms=step in shown.route.cms)
        if looked.content and signs
        else None,
        states=STATES,
        due=DUE,
        steps=STEPS,
        act=(LAST_ACTS if step is shown.route.last else ACTS)[step] if step else "",
        act_address=f"{address}/{ADDRESSES[step]}" if step else "",
        return_address=f"{address}/{returns}",
        returns=returns,
        sent="sent" in request.query_params,
        taken="taken" in request.query_params,
        back=own_address(request.query_params.get("back", ""), under=home, otherwise=f"{home}approvals"),
        card_url=card_url,
        unverified=not all(side.account.verified and all_verified(side.dimensions) for side in sides),
        decides=decides,
        own=own,
        own_work=bool(step and (hands.of(step) or frozenset()) & shown.authors),
        allowed=looked.allowed,
        mends=shown.state.is_waiting and Permission.JOURNAL_POST in may,
        reinstates=shown.state is State.WITHDRAWN and Permission.JOURNAL_POST in may,
        explains=shown.prepared.people.isdisjoint(visit.scope.stands_for),
        why=why,
        form=form or ReasonForm.new(),
        faults=sheet.by_field,
        summary=sheet.summary,
    )


def _way_back(shown: PreparedView, hands: Hands) -> str:
    """Where the form that returns a document goes; empty for who does not return it: its author mends it."""
    if shown.next_step is None:
        return ""
    if hands.approver is not None and hands.approver.isdisjoint(shown.authors):
        return "return"
    signer = hands.signer if shown.next_step is Step.FIRST_SIGNATURE else None
    return "sign/return" if signer is not None and signer.isdisjoint(shown.authors) else ""


@get("/o/{organisation_id:int}/approvals/{prepared_id:int}/correct", opt=_POST, sync_to_thread=True)
def mend_page(request: Ask, visit: Visitor, organisation_id: Id, prepared_id: Id) -> Response[str]:
    def look(uow: UnitOfWork) -> tuple[PreparedView, Any, EntryView | None]:
        shown = service.prepared_entry(uow, organisation_id, prepared_id)
        command = service.command_prepared(uow, organisation_id, prepared_id)
        return shown, command, journal.entry(uow, organisation_id, shown.corrects) if shown.corrects else None

    shown, command, cancelled = visit.read(look)
    why = shown.last.reason if shown.state is State.RETURNED else ""
    reworked = Reworked(prepared_id, str(shown.version), why)
    if cancelled is not None:
        form = CorrectionForm(str(command.key), day_string(command.effective_on), command.reason, command.kind)
        return correction_form(request, cancelled, form, prepared=reworked)
    return entry_page(request, EntryForm.of_prepared(shown, command.key), prepared=reworked)


@post("/o/{organisation_id:int}/approvals/{prepared_id:int}/correct", opt=_POST, sync_to_thread=True)
def mend(request: Ask, visit: Visitor, organisation_id: Id, prepared_id: Id, data: Sent) -> Response[Any]:
    shown = visit.read(lambda uow: service.prepared_entry(uow, organisation_id, prepared_id))
    why = shown.last.reason if shown.state is State.RETURNED else ""
    reworked, version = Reworked(prepared_id, data.get("version", ""), why), _version(data)
    choice = choice_in(data)
    if choice:
        remember(visit, choice)
    done = Redirect(f"/o/{organisation_id}/approvals/{prepared_id}?sent=1", status_code=303)
    if shown.corrects is not None:
        corrects = shown.corrects
        correction = CorrectionForm.of(data)
        cancelled = visit.read(lambda uow: journal.entry(uow, organisation_id, corrects))
        if choice:
            return correction_form(request, cancelled, correction, choice=choice, prepared=reworked)

        def again(uow: UnitOfWork) -> None:
            command = PrepareCorrection(entry_id=corrects, **correction.command().model_dump())
            service.prepare_again(uow, organisation_id, prepared_id, version, command)

        try:
            visit.run(again)
        except _REFUSED as refusal:
            return correction_form(request, cancelled, correction, refusal=refusal, prepared=reworked)
        return done
    form = EntryForm.of(data)
    if choice:
        return entry_page(request, form, choice=choice, prepared=reworked)
    action, _, index = data.get("do", "").partition(":")
    if action not in ("post", "prepare"):
        return entry_page(request, edited(visit, form, action, index), prepared=reworked)
    form = form.without_blank_lines()
    try:
        visit.run(lambda uow: service.prepare_again(uow, organisation_id, prepared_id, version, form.command()))
    except _REFUSED as refusal:
        return entry_page(request, form, refusal=refusal, prepared=reworked)
    return done


@post("/o/{organisation_id:int}/approvals/{prepared_id:int}/files", opt=_POST, sync_to_thread=True)
def attach(request: Ask, visit: Visitor, organisation_id: Id, prepared_id: Id, data: Uploaded) -> Response[Any]:
    """Attach a file to a prepared entry."""

    def keep(uow: UnitOfWork) -> None:
        service.prepared_entry(uow, organisation_id, prepared_id)
        attachments.attach(uow, organisation_id, subject(organisation_id, prepared_id), file)

    try:
        file = checked(request, data.get("file"))
        visit.run(keep)
    except _REFUSED as refusal:
        return _paper_form(request, organisation_id, prepared_id, "papers/attach.html", refusal)
    return Redirect(f"/o/{organisation_id}/approvals/{prepared_id}#files", status_code=303)


@post("/o/{organisation_id:int}/approvals/{prepared_id:int}/comments", opt=_SAY, sync_to_thread=True)
def comment(request: Ask, visit: Visitor, organisation_id: Id, prepared_id: Id, data: Sent) -> Response[Any]:
    """Add a comment to a prepared entry."""
    said, form = data.get("said", ""), ReasonForm.of(data)

    def say(uow: UnitOfWork) -> None:
        name = _name(service.prepared_entry(uow, organisation_id, prepared_id))
        comments.say(uow, organisation_id, subject(organisation_id, prepared_id), name, said, form.key_read())

    try:
        visit.run(say)
    except _REFUSED as refusal:
        return _paper_form(
            request, organisation_id, prepared_id, "papers/comment.html", refusal, said=said, key=form.key
        )
    return Redirect(f"/o/{organisation_id}/approvals/{prepared_id}#comments", status_code=303)


def _name(prepared: PreparedView) -> str:
    """As people name it in notifications."""
    return f"{prepared.journal.code} «{prepared.memo}»"


def _paper_form(
    request: Ask, organisation_id: int, prepared_id: int, template: str, refusal: Refusal, **typed: str
) -> Response[str]:
    """The form by itself, with what was refused and what was typed."""
    visit, address = visit_of(request), f"/o/{organisation_id}/approvals/{prepared_id}"
    organisation, shown = visit.read(
        lambda uow: (organisation_at(uow), service.prepared_entry(uow, organisation_id, prepared_id))
    )
    return render(
        request,
        template,
        organisation=organisation,
        status=status_of(refusal),
        section="approvals",
        here=address,
        entry_url=address,
        name=_name(shown),
        summary=fault_sheet(refusal, visit.language).summary,
        papers=Papers.blank(typed.get("key")),
        said=typed.get("said", ""),
    )


# ------------------------------------------------------------------------------------------------ where it is asked for


@dataclass(frozen=True)
class Arrangement:
    organisation: Organisation
    journals: list[Journal]
    duties: list[Duty]
    exceptions: list[DutyException]
    people: list[Bookkeeper]

    @classmethod
    def read(cls, uow: UnitOfWork, organisation_id: int) -> "Arrangement":
        return cls(
            organisations.by_ids(uow, [organisation_id], today())[organisation_id],
            service.separable_journals(uow),
            service.duties(uow, organisation_id),
            service.exceptions(uow, organisation_id),
            service.bookkeepers(uow, organisation_id),
        )


@dataclass(frozen=True)
class Door:
    """A way to the settings: the chief accountant's beside the books, or the administrator's, who reads no books."""

    path: str
    reads: Permission
    sets: Permission
    template: str

    def address(self, organisation_id: int) -> str:
        return f"/o/{organisation_id}{self.path}"

    def page(
        self,
        request: Ask,
        organisation_id: int,
        *,
        refusal: Refusal | None = None,
        required: DayForm | None = None,
        journal: str = "",
        asked: tuple[StepAsked, ...] | None = None,
        changed: "Changed | None" = None,
        allowed: AllowanceForm | None = None,
    ) -> Response[str]:
        visit, day = visit_of(request), today()
        arranged = visit.read(lambda uow: Arrangement.read(uow, organisation_id))
        sheet = fault_sheet(refusal, visit.language)
        return render(
            request,
            self.template,
            organisation=arranged.organisation,
            section="approvals",
            status=status_of(refusal) if refusal else 200,
            here=self.address(organisation_id),
            address=self.address(organisation_id),
            sets=self.sets.value,
            journals=arranged.journals,
            duties=arranged.duties,
            exceptions=arranged.exceptions,
            people=[person for person in arranged.people if person.id != visit.scope.actor.id],
            own=visit.scope.actor.id,
            today=day,
            required=required or DayForm(day_string(day)),
            journal=journal,
            steps=STEPS,
            asked={each.step: each.evidence for each in (asked or RequireApproval.second_person)},
            changed=changed,
            tomorrow=day_string(_tomorrow()),
            allowed=allowed or AllowanceForm(since=day_string(day)),
            faults_of_journals=sheet.by_field if required else {},
            faults_of_change=sheet.by_field if changed else {},
            faults=sheet.by_field if allowed else {},
            summary=sheet.summary,
        )

    def set(
        self, request: Ask, organisation_id: int, act: Callable[[UnitOfWork], object], **typed: Any
    ) -> Response[Any]:
        try:
            visit_of(request).run(act)
        except _REFUSED as refusal:
            return self.page(request, organisation_id, refusal=refusal, **typed)
        return Redirect(self.address(organisation_id), status_code=303)

    @property
    def routes(self) -> list[HTTPRouteHandler]:
        path, setting = f"/o/{{organisation_id:int}}{self.path}", {"policy": self.sets}

        @get(path, opt={"policy": self.reads}, sync_to_thread=True)
        def arrangement(request: Ask, visit: Visitor, organisation_id: Id) -> Response[str]:
            return self.page(request, organisation_id)

        @post(f"{path}/journals", opt=setting, sync_to_thread=True)
        def require_approval(request: Ask, visit: Visitor, organisation_id: Id, data: Sent) -> Response[Any]:
            form, code, steps = DayForm.of(data), data.get("journal", ""), _steps(data)

            def require(uow: UnitOfWork) -> None:
                command = RequireApproval(journal=code[:60], since=form.day(), steps=steps)
                service.require_approval(uow, organisation_id, command)

            return self.set(request, organisation_id, require, required=form, journal=code, asked=steps)

        @post(f"{path}/journals/{{duty_id:int}}/steps", opt=setting, sync_to_thread=True)
        def change_route(request: Ask, visit: Visitor, organisation_id: Id, duty_id: Id, data: Sent) -> Response[Any]:
            steps = _steps(data)

            def change(uow: UnitOfWork) -> None:
                command = ChangeRoute(since=DayForm.of(data).day(), steps=steps)
                service.change_route(uow, organisation_id, duty_id, command)

            return self.set(request, organisation_id, change, changed=Changed(duty_id, data.get("since", ""), steps))

        @post(f"{path}/journals/{{duty_id:int}}/end", opt=setting, sync_to_thread=True)
        def release_journal(request: Ask, visit: Visitor, organisation_id: Id, duty_id: Id) -> Response[Any]:
            end = ReleaseJournal(until=_tomorrow())
            return self.set(
                request, organisation_id, lambda uow: service.release_journal(uow, organisation_id, duty_id, end)
            )

        @post(f"{path}/exceptions", opt=setting, sync_to_thread=True)
        def allow_exception(request: Ask, visit: Visitor, organisation_id: Id, data: Sent) -> Response[Any]:
            form = AllowanceForm.of(data)

            def allow(uow: UnitOfWork) -> None:
                said = form.content()
                until = said.last + timedelta(days=1)
                command = AllowException(user_id=said.user_id, since=said.since, until=until, reason=said.reason)
                service.allow_exception(uow, organisation_id, command)

            return self.set(request, organisation_id, allow, allowed=form)

        @post(f"{path}/exceptions/{{exception_id:int}}/end", opt=setting, sync_to_thread=True)
        def end_exception(request: Ask, visit: Visitor, organisation_id: Id, exception_id: Id) -> Response[Any]:
            return self.set(
                request,
                organisation_id,
                lambda uow: service.end_exception(uow, organisation_id, exception_id, _tomorrow()),
            )

        return [arrangement, require_approval, change_route, release_journal, allow_exception, end_exception]


@dataclass(frozen=True)
class Changed:
    """What was typed into the form that changes the steps of a journal."""

    duty_id: int
    since: str
    asked: tuple[StepAsked, ...]


def _steps(data: Mapping[str, str]) -> tuple[StepAsked, ...]:
    """The steps that a form asks for; one that does not speak of steps asks for a second person."""
    if not any(step.value in data for step in Step):
        return RequireApproval.second_person
    return tuple(
        StepAsked(step=step, evidence="cms" if data[step.value] == "cms" else "consent")
        for step in Step
        if data.get(step.value) in ("consent", "cms")
    )


def _tomorrow() -> date:
    return today() + timedelta(days=1)


_CHIEF = Door("/approvals/rules", Permission.JOURNAL_READ, Permission.JOURNAL_APPROVE, "approvals/rules.html")
_ADMINISTRATOR = Door(
    "/admin/approvals", Permission.USERS_MANAGE, Permission.USERS_MANAGE, "approvals/administered_rules.html"
)

routes = [
    prepared_entries,
    prepared_entry,
    check,
    sign,
    approve,
    return_prepared,
    return_unsigned,
    withdraw,
    reinstate,
    mend_page,
    mend,
    attach,
    comment,
    *_CHIEF.routes,
    *_ADMINISTRATOR.routes,
]
