"""Approval by a second person: what waits, a prepared entry, and where two persons are asked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from api.problems import status_of
from api.security import Visit, Visitor
from erp.base.clock import today
from erp.base.dates import day_string, month_string
from erp.base.errors import DomainError, NotPermitted
from erp.base.i18n import N_
from erp.base.scope import Scope
from erp.base.uow import UnitOfWork
from erp.finance.approvals import service
from erp.finance.approvals.model import (
    Bookkeeper,
    Duty,
    DutyException,
    PreparedFilter,
    PreparedRow,
    PreparedView,
    State,
)
from erp.finance.approvals.schemas import AllowException, PrepareCorrection, ReleaseJournal, RequireApproval
from erp.finance.journal import service as journal
from erp.finance.journal.model import EntryView, Journal, Page
from erp.reference.access.model import Permission
from erp.reference.access.policy import authorise, permissions_at
from erp.reference.attachments import service as attachments
from erp.reference.comments import service as comments
from erp.reference.organisations import service as organisations
from erp.reference.organisations.model import Organisation
from ledger.errors import LedgerError
from web.faults import Refusal, fault_sheet
from web.finance.fields import all_verified
from web.finance.journal import Reworked, correction_form, edited, entry_page
from web.finance.months import year_to
from web.forms import AllowanceForm, CorrectionForm, DayForm, EntryForm, ReasonForm
from web.i18n import translate
from web.pages import Ask, Id, organisation_at, own_address, query_of, render, visit_of
from web.papers import Papers, Uploaded, checked
from web.session import Choice, Sent, choice_in, remember
from web.timeline import History, history

_READ = {"policy": Permission.JOURNAL_READ}
_POST = {"policy": Permission.JOURNAL_POST}
_APPROVE = {"policy": Permission.JOURNAL_APPROVE}
_SAY = {"policy": Permission.JOURNAL_COMMENT}

STATES = {
    State.PREPARED: N_("waits for approval"),
    State.RETURNED: N_("returned"),
    State.WITHDRAWN: N_("withdrawn"),
    State.APPROVED: N_("approved"),
}
_REFUSED = (DomainError, LedgerError)


# ------------------------------------------------------------------------------------------------ list


@dataclass(frozen=True)
class Listing:
    organisation: Organisation
    journals: list[Journal]
    page: Page[PreparedRow]
    exceptions: list[DutyException]


@get("/o/{organisation_id:int}/approvals", opt=_READ, sync_to_thread=True)
def prepared_entries(request: Ask, visit: Visitor, organisation_id: Id) -> Response[str]:
    query = query_of(request)
    asked, code = query.get("state", ""), query.get("journal", "")
    states = (State(asked),) if asked in set(State) else tuple(s for s in State if asked == "all" or s.is_waiting)
    narrowed = PreparedFilter(states, code or None)

    def show(uow: UnitOfWork) -> Listing:
        page = service.prepared_entries(uow, organisation_id, narrowed, query.get("cursor"))
        exceptions = service.exceptions(uow, organisation_id)
        return Listing(organisation_at(uow), service.separable_journals(uow), page, exceptions)

    listing = visit.read(show)
    cursor = listing.page.next_cursor
    return render(
        request,
        "approvals/list.html",
        organisation=listing.organisation,
        section="approvals",
        state=asked,
        journal=code,
        journals=listing.journals,
        rows=listing.page.rows,
        states=STATES,
        own=visit.scope.actor.id,
        choosable=_choosable(visit, organisation_id, listing),
        next_url=f"{request.url.path}?{urlencode(query | {'cursor': cursor})}" if cursor else "",
    )


def _choosable(visit: Visit, organisation_id: int, listing: Listing) -> set[int]:
    """Ids of those shown that the visitor may approve: not their own, but under an exception."""
    if visit.identity is None or Permission.JOURNAL_APPROVE not in permissions_at(visit.identity, organisation_id):
        return set()
    approver, day = _approver(visit, organisation_id), today()
    excepted = any(x.user_id == approver.actor.id and x.counts_on(day) for x in listing.exceptions)
    waiting = (row for row in listing.page.rows if row.state is State.PREPARED)
    return {row.id for row in waiting if excepted or not row.authors & approver.stands_for}


@dataclass(frozen=True)
class Outcome:
    """What became, or would become, of one entry among several."""

    row: PreparedRow
    entry_id: int | None = None
    fault: str = ""


@post("/o/{organisation_id:int}/approvals/chosen", opt=_APPROVE, sync_to_thread=True)
def approve_chosen(request: Ask, visit: Visitor, organisation_id: Id, data: Sent) -> Response[Any]:
    """Approve several: first what would become of each, then, confirmed, each by itself."""
    chosen = _chosen(data)
    if not chosen:
        return Redirect(f"/o/{organisation_id}/approvals", status_code=303)
    confirmed = data.get("do") == "approve"
    organisation, rows = visit.read(
        lambda uow: (organisation_at(uow), service.some_prepared(uow, organisation_id, list(chosen)))
    )
    decide = _approve_one if confirmed else _try_one
    outcomes = [decide(visit, organisation_id, row, chosen[row.id]) for row in rows]
    return render(
        request,
        "approvals/chosen.html",
        organisation=organisation,
        section="approvals",
        confirmed=confirmed,
        outcomes=outcomes,
        chosen={o.row.id: chosen[o.row.id] for o in outcomes if not o.fault},
        amount_tiyn=sum(o.row.amount_tiyn for o in outcomes if not o.fault),
    )


_MOST_CHOSEN = 500


def _chosen(data: Mapping[str, str]) -> dict[int, int]:
    """Versions of the prepared entries that were ticked, by id; fields named ``pick.17``."""
    picked = ((name.partition(".")[2], version) for name, version in data.items() if name.startswith("pick."))
    readable = {int(id_): int(v) for id_, v in picked if id_.isdecimal() and v.isdecimal() and len(id_ + v) < 18}
    return dict(list(readable.items())[:_MOST_CHOSEN])


def _approve_one(visit: Visit, organisation_id: int, row: PreparedRow, version: int) -> Outcome:
    try:
        receipt = visit.run(lambda uow: service.approve(uow, organisation_id, row.id, version))
    except _REFUSED as refusal:
        return Outcome(row, fault=translate(refusal, visit.language))
    return Outcome(row, receipt().entry_id)


def _try_one(visit: Visit, organisation_id: int, row: PreparedRow, version: int) -> Outcome:
    try:
        visit.run(lambda uow: service.try_to_approve(uow, organisation_id, row.id, version))
    except _REFUSED as refusal:
        return Outcome(row, fault=translate(refusal, visit.language))
    return Outcome(row)


# ------------------------------------------------------------------------------------------------ one of them


@get("/o/{organisation_id:int}/approvals/{prepared_id:int}", opt=_READ, sync_to_thread=True)
def prepared_entry(request: Ask, visit: Visitor, organisation_id: Id, prepared_id: Id) -> Response[str]:
    return _prepared_page(request, organisation_id, prepared_id)


@post("/o/{organisation_id:int}/approvals/{prepared_id:int}/approve", opt=_APPROVE, sync_to_thread=True)
def approve(request: Ask, visit: Visitor, organisation_id: Id, prepared_id: Id, data: Sent) -> Response[Any]:
    version = _version(data)
    try:
        receipt = visit.run(lambda uow: service.approve(uow, organisation_id, prepared_id, version))
    except _REFUSED as refusal:
        return _prepared_page(request, organisation_id, prepared_id, refusal=refusal)
    return Redirect(f"/o/{organisation_id}/journal/{receipt().entry_id}?posted=1", status_code=303)


@post("/o/{organisation_id:int}/approvals/{prepared_id:int}/return", opt=_APPROVE, sync_to_thread=True)
def return_prepared(request: Ask, visit: Visitor, organisation_id: Id, prepared_id: Id, data: Sent) -> Response[Any]:
    form, version = ReasonForm.of(data), _version(data)
    if choice := choice_in(data):
        remember(visit, choice)
        return _prepared_page(request, organisation_id, prepared_id, form=form, choice=choice)

    def send_back(uow: UnitOfWork) -> None:
        service.return_prepared(uow, organisation_id, prepared_id, version, form.content().reason)

    return _decide(request, organisation_id, prepared_id, send_back, form)


@post("/o/{organisation_id:int}/approvals/{prepared_id:int}/withdraw", opt=_POST, sync_to_thread=True)
def withdraw(request: Ask, visit: Visitor, organisation_id: Id, prepared_id: Id, data: Sent) -> Response[Any]:
    version = _version(data)
    return _decide(
        request, organisation_id, prepared_id, lambda uow: service.withdraw(uow, organisation_id, prepared_id, version)
    )


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


def _approver(visit: Visit, organisation_id: int) -> Scope:
    """As whom the visitor would approve; as themself where they may not."""
    try:
        return authorise(visit.identity, Permission.JOURNAL_APPROVE, organisation_id)
    except NotPermitted:
        return visit.scope


def _version(data: Mapping[str, str]) -> int:
    """Number of the last act that the page showed; one that cannot be read is none that is there."""
    text = data.get("version", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else -1


def _prepared_page(
    request: Ask,
    organisation_id: int,
    prepared_id: int,
    *,
    refusal: Refusal | None = None,
    form: ReasonForm | None = None,
    choice: Choice | None = None,
) -> Response[str]:
    visit, chosen = visit_of(request), choice or Choice()

    home = f"/o/{organisation_id}/"
    address, language = f"{home}approvals/{prepared_id}", chosen.language or visit.language

    def look(
        uow: UnitOfWork,
    ) -> tuple[Organisation, PreparedView, EntryView | None, list[DutyException], Papers, History]:
        about = service.subject(organisation_id, prepared_id)
        shown = service.prepared_entry(uow, organisation_id, prepared_id)
        cancelled = journal.entry(uow, organisation_id, shown.corrects) if shown.corrects else None
        papers = Papers.of(uow, about, query_of(request).get("comments", ""))
        past = history(request, uow, address, about, language=language)
        return organisation_at(uow), shown, cancelled, service.exceptions(uow, organisation_id), papers, past

    organisation, shown, cancelled, exceptions, papers, past = visit.read(look)
    me = visit.scope.actor.id
    own = bool(shown.authors & _approver(visit, organisation_id).stands_for)
    allowed = next((x for x in exceptions if x.user_id == me and x.counts_on(today())), None)
    sheet = fault_sheet(refusal, language)
    may = permissions_at(visit.identity, organisation_id) if visit.identity else frozenset[Permission]()
    decides = shown.state is State.PREPARED and Permission.JOURNAL_APPROVE in may
    sides = [side for p in shown.postings for side in (p.debit, p.credit) if side]

    def card_url(code: str, day: Any) -> str:
        span = year_to(day)
        months = {"from": month_string(span.first), "to": month_string(span.last)}
        return f"{home}accounts/{code}/card?{urlencode(months | {'back': address})}"

    return render(
        request,
        "approvals/prepared.html",
        organisation=organisation,
        status=status_of(refusal) if refusal else 200,
        language=chosen.language,
        theme=chosen.theme,
        cookies=chosen.cookies(request),
        section="approvals",
        form_id="decision" if decides and not own else "",
        form_default="return" if decides and not own else "",
        prepared=shown,
        papers=papers,
        history=past,
        cancelled=cancelled,
        states=STATES,
        sent="sent" in request.query_params,
        back=own_address(request.query_params.get("back", ""), under=home, otherwise=f"{home}approvals"),
        card_url=card_url,
        unverified=not all(side.account.verified and all_verified(side.dimensions) for side in sides),
        decides=decides,
        own=own,
        allowed=allowed,
        mends=shown.state.is_waiting and Permission.JOURNAL_POST in may,
        form=form or ReasonForm.new(),
        faults=sheet.by_field,
        summary=sheet.summary,
    )


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
        attachments.attach(uow, organisation_id, service.subject(organisation_id, prepared_id), file)

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
        comments.say(uow, organisation_id, service.subject(organisation_id, prepared_id), name, said, form.key_read())

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
            allowed=allowed or AllowanceForm(since=day_string(day)),
            faults_of_journals=sheet.by_field if required else {},
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
            form, code = DayForm.of(data), data.get("journal", "")

            def require(uow: UnitOfWork) -> None:
                service.require_approval(uow, organisation_id, RequireApproval(journal=code[:60], since=form.day()))

            return self.set(request, organisation_id, require, required=form, journal=code)

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

        return [arrangement, require_approval, release_journal, allow_exception, end_exception]


def _tomorrow() -> date:
    return today() + timedelta(days=1)


_CHIEF = Door("/approvals/rules", Permission.JOURNAL_READ, Permission.JOURNAL_APPROVE, "approvals/rules.html")
_ADMINISTRATOR = Door(
    "/admin/approvals", Permission.USERS_MANAGE, Permission.USERS_MANAGE, "approvals/administered_rules.html"
)

routes = [
    prepared_entries,
    approve_chosen,
    prepared_entry,
    approve,
    return_prepared,
    withdraw,
    mend_page,
    mend,
    attach,
    comment,
    *_CHIEF.routes,
    *_ADMINISTRATOR.routes,
]
