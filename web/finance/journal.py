"""The journal: its list, an entry and its source, the entry form, the correction."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import uuid5

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from sqlalchemy.exc import SQLAlchemyError

from api.problems import OutcomeUnknown, TookTooLong, status_of
from api.security import Visit, Visitor
from erp.base.clock import today
from erp.base.dates import MonthSpan, day_string, month_string
from erp.base.errors import Conflict, Invalid, NotFound, RuleViolated
from erp.base.i18n import N_
from erp.base.uow import UnitOfWork
from erp.finance.approvals import service as approvals
from erp.finance.approvals.model import Approval
from erp.finance.approvals.schemas import PrepareCorrection
from erp.finance.drafts import service as drafts
from erp.finance.drafts.model import Draft, Sheet, TypedSide
from erp.finance.journal import service
from erp.finance.journal.model import EntryFilter, EntryRow, EntryView, Journal, Month, Page
from erp.finance.reports import service as reports
from erp.finance.settlements import service as settlements
from erp.finance.settlements.model import Settlement
from erp.reference.access.model import Permission
from erp.reference.access.policy import permissions_at
from erp.reference.organisations.model import Organisation
from erp.reference.signatures import service as signatures
from erp.reference.signatures.model import Signature
from erp.reference.typical_entries import service as typical_entries
from erp.reference.typical_entries.model import Chosen
from ledger.errors import ApprovalNeeded, KeyReused, LedgerError
from ledger.model import Dimension
from web.faults import Refusal, fault_sheet
from web.finance import layouts
from web.finance.books import Books
from web.finance.fields import BLANK_LINE, Chart, LineFields, SideFields, all_verified
from web.finance.months import asked_span, choices, month_of_work, year_to
from web.forms import CorrectionForm, EntryForm, day_typed, key_typed, tidy, typed_side
from web.i18n import speech
from web.pages import Ask, Id, organisation_at, own_address, query_of, render, visit_of
from web.papers import Papers
from web.session import Choice, Sent, choice_in, remember
from web.tables.download import FORMATS, download
from web.tables.model import About, Table
from web.timeline import STEPS, History, history_of_document, note_sighting

_READ = {"policy": Permission.JOURNAL_READ}
_POST = {"policy": Permission.JOURNAL_POST}
_CORRECT = {"policy": Permission.JOURNAL_CORRECT}

Signed = tuple[Signature, ...]

_SOURCES = {
    "manual": N_("Entered by hand"),
    "import": N_("Import from a file"),
    "takeover": N_("Moving over from another program"),
    "storno": N_("Storno of another entry"),
    "reversal": N_("Reversal of another entry"),
    "closing": N_("Close of the year"),
    "demo": N_("Demonstration"),
}


class FormPostedBefore(Conflict):
    code = "form-posted-before"
    template = (
        "This form was posted already, with other content. Look in the journal; if this one is needed too, post it."
    )


# ------------------------------------------------------------------------------------------------ list


@dataclass(frozen=True)
class ListFilter:
    """What the journal list is narrowed to, as the address says it."""

    first: date
    last: date
    journal: str
    account: str
    text: str
    narrowed: bool

    @property
    def query(self) -> EntryFilter:
        span = MonthSpan(self.first, self.last)
        return EntryFilter(span, self.journal or None, self.account or None, self.text or None)


@dataclass(frozen=True)
class Listing:
    organisation: Organisation
    months: list[Month]
    journals: list[Journal]
    narrowed: ListFilter
    fault: Refusal | None
    page: Page[EntryRow]
    one_person: frozenset[int]
    """Entries that their own preparer approved."""
    whole: MonthSpan
    """All months kept."""


@get("/o/{organisation_id:int}/journal", opt=_READ, sync_to_thread=True)
def entries(request: Ask, visit: Visitor, organisation_id: Id) -> Response[Any]:
    query = query_of(request)
    if query.get("as") in FORMATS:
        return download(visit, query["as"], lambda uow: _whole_list(uow, visit, organisation_id, query))
    listing = visit.read(lambda uow: _listing(uow, organisation_id, query))
    cursor = listing.page.next_cursor
    following = urlencode(query | {"cursor": cursor}) if cursor else ""
    shown, whole = MonthSpan(listing.narrowed.first, listing.narrowed.last), listing.whole
    everything = urlencode({"from": month_string(whole.first), "to": month_string(whole.last)})
    return render(
        request,
        "journal/list.html",
        organisation=listing.organisation,
        section="journal",
        status=status_of(listing.fault) if listing.fault else 200,
        filter=listing.narrowed,
        faults=fault_sheet(listing.fault, visit.language).summary,
        month_choices=choices(listing.months, shown),
        journals=listing.journals,
        entries=listing.page.rows,
        all_url="" if shown == whole or listing.narrowed.narrowed else f"{request.url.path}?{everything}",
        one_person=listing.one_person,
        next_url=f"{request.url.path}?{following}" if following else "",
    )


def _listing(uow: UnitOfWork, organisation_id: int, query: dict[str, str]) -> Listing:
    months = service.months(uow, organisation_id)
    whole, usual = _whole(months), _usual(uow, organisation_id, months, query)
    span, fault = asked_span(query, usual)
    asked = {name: query.get(name, "") for name in ("journal", "account", "text")}
    narrowed = ListFilter(span.first, span.last, narrowed=any(query.get(name) for name in _FILTERS), **asked)
    page = service.entries(uow, organisation_id, narrowed.query, query.get("cursor"))
    one_person = approvals.under_exception(uow, organisation_id, [row.id for row in page.rows])
    return Listing(organisation_at(uow), months, service.journals(uow), narrowed, fault, page, one_person, whole)


def _whole_list(uow: UnitOfWork, visit: Visit, organisation_id: int, query: dict[str, str]) -> tuple[Table, About]:
    """The list posting by posting, as a file has it."""
    say, span, narrowed = speech(visit.language), *asked_filter(uow, organisation_id, query)
    names = {"journal": say("Journal"), "account": say("Account"), "text": say("Text or document")}
    facts = [(said, query[name]) for name, said in names.items() if query.get(name)]
    table = layouts.postings(reports.journal_postings(uow, organisation_id, narrowed), say)
    books = Books.read(uow, organisation_id, {"from": month_string(span.first), "to": month_string(span.last)})
    return table, books.about(visit, "journal", *facts)


def asked_filter(uow: UnitOfWork, organisation_id: int, query: Mapping[str, str]) -> tuple[MonthSpan, EntryFilter]:
    """What the address narrows the list to, for a file of it.  Raises: the fault of months that cannot be read."""
    span, fault = asked_span(query, _usual(uow, organisation_id, service.months(uow, organisation_id), query))
    if fault:
        raise fault
    return span, EntryFilter(span, *(query.get(name) or None for name in ("journal", "account", "text")))


_FILTERS = ("from", "to", "journal", "account", "text")


def _usual(uow: UnitOfWork, organisation_id: int, months: list[Month], query: Mapping[str, str]) -> MonthSpan:
    """The month of work; all months where the address asks for something, whichever month it is of."""
    if any(query.get(name) for name in _FILTERS):
        return _whole(months)
    month = month_of_work(months, service.last_month_posted(uow, organisation_id), today())
    return MonthSpan.of(month.month, month.month) if month else _whole(months)


def _whole(months: list[Month]) -> MonthSpan:
    """All months kept; this one where there are none."""
    days = [m.month for m in months] or [today()]
    return MonthSpan.of(min(days), max(days))


# ------------------------------------------------------------------------------------------------ registers


@get("/o/{organisation_id:int}/accounts", opt=_READ, sync_to_thread=True)
def suggest_accounts(
    visit: Visitor, organisation_id: Id, q: FromQuery[str] = "", on: FromQuery[str] = ""
) -> list[dict[str, str | bool]]:
    """Accounts for the list under a field, best first."""
    day = day_typed(on) or today()
    found = visit.read(lambda uow: service.search_accounts(uow, tidy(q), day))
    return [{"code": a.code, "name": a.name(visit.language), "verified": a.verified} for a in found]


@get("/o/{organisation_id:int}/values/{dimension:str}", opt=_READ, sync_to_thread=True)
def suggest_values(
    visit: Visitor,
    organisation_id: Id,
    dimension: FromPath[str],
    q: FromQuery[str] = "",
    on: FromQuery[str] = "",
) -> list[dict[str, str | bool]]:
    """Values of a dimension for the list under a field, best first."""
    wanted, day, language = _dimension(dimension), day_typed(on) or today(), visit.language
    found = visit.read(lambda uow: service.search_values(uow, wanted, tidy(q), on=day, language=language))
    return [{"code": v.code, "name": v.label(language), "verified": v.verified} for v in found]


def _dimension(slug: str) -> Dimension:
    if slug.upper() not in Dimension.__members__:
        raise NotFoundException
    return Dimension.of(slug)


# ------------------------------------------------------------------------------------------------ entry form


@get("/o/{organisation_id:int}/journal/new", opt=_POST, sync_to_thread=True)
def new_entry(
    request: Ask,
    visit: Visitor,
    organisation_id: Id,
    copy: FromQuery[int | None] = None,
    typical: FromQuery[str] = "",
    draft: FromQuery[int | None] = None,
) -> Response[str]:
    if typical:
        blank = visit.read(lambda uow: _new_form(uow, organisation_id))
        return _begun_from(request, organisation_id, blank, tidy(typical))
    if draft is not None:
        form = EntryForm.of_draft(visit.read(lambda uow: drafts.draft(uow, organisation_id, draft)))
    elif copy is None:
        form = visit.read(lambda uow: _new_form(uow, organisation_id))
    else:
        copied = visit.read(lambda uow: service.entry(uow, organisation_id, copy))
        form = EntryForm.copy_of(copied, today())
    return entry_page(request, form)


@post("/o/{organisation_id:int}/journal/new", opt=_POST, sync_to_thread=True)
def send_entry(request: Ask, visit: Visitor, organisation_id: Id, data: Sent) -> Response[Any]:
    form = EntryForm.of(data)
    if choice := choice_in(data):
        remember(visit, choice)
        return entry_page(request, form, choice=choice)
    action, _, index = data.get("do", "").partition(":")
    if action == "typical":
        return _begun_from(request, organisation_id, form, tidy(data.get("typical", "")))
    if action == "table":
        return _as_table(visit, organisation_id, form)
    if action not in ("post", "prepare"):
        return entry_page(request, edited(visit, form, action, index))
    form = form.without_blank_lines()
    try:
        if action == "post":
            with suppress(ApprovalNeeded):
                receipt = visit.run(lambda uow: service.post_entry(uow, organisation_id, form.command()))
                return Redirect(f"/o/{organisation_id}/journal/{receipt().entry_id}?posted=1", status_code=303)
        prepared = visit.run(lambda uow: approvals.prepare(uow, organisation_id, form.command()))
    except KeyReused:
        return entry_page(request, form.with_new_key(), refusal=FormPostedBefore())
    except (RuleViolated, Conflict, LedgerError) as refusal:
        with _instead_of_its_form(refusal):
            return entry_page(request, form, refusal=refusal)
    return Redirect(f"/o/{organisation_id}/approvals/{prepared.id}?sent=1", status_code=303)


def _as_table(visit: Visit, organisation_id: int, form: EntryForm) -> Redirect:
    """What is typed goes on as a draft in the table; the same form begins one, what is typed in it since another."""
    sheet, key = form.without_blank_lines().sheet, key_typed(form.key)

    def begin(uow: UnitOfWork) -> Draft:
        begun = drafts.begin(uow, organisation_id, sheet, key=key)
        if begun.sheet == sheet:
            return begun
        return drafts.begin(uow, organisation_id, sheet, key=uuid5(key, repr(sheet)))

    return Redirect(f"/o/{organisation_id}/drafts/{visit.run(begin).id}", status_code=303)


def _begun_from(request: Ask, organisation_id: int, form: EntryForm, words: str) -> Response[str]:
    """The form with the accounts of a typical entry on a line, named by its number, or by words that it alone holds."""
    visit, day = visit_of(request), form.day or today()
    try:
        chosen = visit.read(lambda uow: typical_entries.find(uow, organisation_id, words, day))
    except NotFound as refusal:
        return entry_page(request, form, refusal=Invalid({"typical": refusal}), typical=words)
    filled = form.with_typical(chosen.entry.name(visit.language), chosen.debit, chosen.credit)
    return entry_page(request, filled, typical=chosen.entry.code, chosen_entry=chosen)


@get("/o/{organisation_id:int}/journal/side", opt=_POST, sync_to_thread=True)
def side(
    request: Ask, visit: Visitor, organisation_id: Id, name: FromQuery[str], on: FromQuery[str] = ""
) -> Response[str]:
    """The dimension fields that an account asks for; values that still fit stay."""
    typed, day = typed_side(query_of(request)), day_typed(on) or today()

    def show(uow: UnitOfWork) -> tuple[Organisation, SideFields]:
        shown = Chart(uow, [typed], day, visit.language).side(typed)
        asked = shown.account.permitted | shown.account.mandatory if shown.account else Dimension(0)
        fitting = tuple(f for f in shown.fields if f.dimension in asked)
        counted = shown.quantity if shown.account and shown.account.keeps_quantity else None
        return organisation_at(uow), replace(shown, fields=fitting, quantity=counted)

    organisation, fields = visit.read(show)
    return render(request, "journal/side.html", organisation=organisation, name=name, side=fields)


@contextmanager
def _instead_of_its_form(refusal: Refusal) -> Iterator[None]:
    """Where the database is gone and the form cannot be made again, an unknown outcome still has to be told."""
    try:
        yield
    except (SQLAlchemyError, TookTooLong):
        if isinstance(refusal, OutcomeUnknown):
            raise refusal from None
        raise


def _new_form(uow: UnitOfWork, organisation_id: int) -> EntryForm:
    sheet = new_sheet(uow, organisation_id)
    return EntryForm.new(effective_on=sheet.effective_on, journal=sheet.journal)


def new_sheet(uow: UnitOfWork, organisation_id: int) -> Sheet:
    """Nothing typed yet; dated today, or on the last day kept where today's month is not."""
    kept = {m.month for m in service.months(uow, organisation_id) if m.state == "open"}
    day = today()
    if kept and day.replace(day=1) not in kept:
        last = max((m for m in kept if m <= day), default=min(kept))
        day = MonthSpan(last, last).last_day
    codes = [j.code for j in service.document_journals(uow)]
    usual = _USUAL_JOURNAL if _USUAL_JOURNAL in codes else next(iter(codes), "")
    return Sheet(journal=usual, effective_on=day_string(day))


_USUAL_JOURNAL = "MO-16"  # other operations


def edited(visit: Visit, typed: EntryForm, action: str, index: str) -> EntryForm:
    """The form after one of its own buttons, its accounts found by name."""
    form = visit.read(lambda uow: _accounts_by_name(uow, typed))
    place = int(index) if index.isdecimal() and int(index) < len(form.lines) else None
    if action == "add":
        return form.add_line()
    if action == "copy" and place is not None:
        return form.copy_line(place)
    if action == "remove" and place is not None:
        return form.remove_line(place)
    return form


def _accounts_by_name(uow: UnitOfWork, form: EntryForm) -> EntryForm:
    """The form with names of accounts turned into codes, where one account alone answers to the name."""
    chart = service.accounts(uow, form.day or today())
    codes = {a.code for a in chart}
    named_by_people = (a for a in chart if a.postable and not a.is_contra)
    names = {a.code: f"{a.name_kk}\n{a.name_ru}\n{a.name_en}".lower() for a in named_by_people}

    def named(side: TypedSide) -> TypedSide:
        if not side.account or side.account in codes:
            return side
        words = side.account.lower()
        found = [code for code, name in names.items() if code.startswith(side.account) or words in name]
        return replace(side, account=found[0]) if len(found) == 1 else side

    return replace(form, lines=tuple(replace(n, debit=named(n.debit), credit=named(n.credit)) for n in form.lines))


@dataclass(frozen=True)
class Reworked:
    """The prepared entry that a form mends: the version its reader saw, and why it was returned."""

    id: int
    version: str
    why: str = ""


def entry_page(
    request: Ask,
    form: EntryForm,
    *,
    refusal: Refusal | None = None,
    choice: Choice | None = None,
    prepared: Reworked | None = None,
    typical: str = "",
    chosen_entry: Chosen | None = None,
) -> Response[str]:
    """The form of a new entry, or of a prepared one that is mended."""
    visit, chosen = visit_of(request), choice or Choice()
    language = chosen.language or visit.language

    def show(uow: UnitOfWork) -> tuple[Organisation, list[Journal], frozenset[str], list[LineFields]]:
        sides = [side for line in form.lines for side in (line.debit, line.credit)]
        chart, organisation = Chart(uow, sides, form.day or today(), language), organisation_at(uow)
        to_approve = service.journals_to_approve(uow, organisation.id)
        return organisation, service.document_journals(uow), to_approve, [chart.line(line) for line in form.lines]

    organisation, journals, to_approve, lines = visit.read(show)
    sheet = fault_sheet(refusal, language)
    return render(
        request,
        "journal/form.html",
        organisation=organisation,
        status=status_of(refusal) if refusal else 200,
        language=chosen.language,
        theme=chosen.theme,
        cookies=chosen.cookies(request),
        section="approvals" if prepared else "new",
        form_id="entry",
        form_default="refresh",
        form=form,
        lines=lines,
        blank_line=BLANK_LINE,
        journals=journals,
        to_approve=to_approve,
        prepared=prepared,
        typical=typical,
        chosen_entry=chosen_entry,
        faults=sheet.by_field,
        summary=sheet.summary,
    )


# ------------------------------------------------------------------------------------------------ entry and correction


@get("/o/{organisation_id:int}/journal/{entry_id:int}", opt=_READ, sync_to_thread=True)
def entry(request: Ask, visit: Visitor, organisation_id: Id, entry_id: Id) -> Response[str]:
    home = f"/o/{organisation_id}/"

    def show(
        uow: UnitOfWork,
    ) -> tuple[Organisation, EntryView, Approval | None, History, Papers, Signed, Settlement | None]:
        approval = approvals.approval_of(uow, organisation_id, entry_id)
        found = service.entry(uow, organisation_id, entry_id)
        subjects, signed = [found.subject], Signed()
        if approval is not None:
            subjects.append(f"prepared:{organisation_id}/{approval.prepared_id}")
            signed = signatures.signatures_of(uow, organisation_id, subjects[-1])
        papers = Papers.of(uow, subjects[0], query_of(request).get("comments", ""))
        past = history_of_document(request, uow, organisation_id, f"{home}journal/{entry_id}", *subjects)
        settled = settlements.settlement_of_entry(uow, organisation_id, entry_id)
        return organisation_at(uow), found, approval, past, papers, signed, settled

    organisation, shown, approval, past, papers, signed, settled = visit.read(show)
    note_sighting(visit, organisation_id, str(shown.subject), past)
    say = speech(visit.language)
    sides = [side for p in shown.postings for side in (p.debit, p.credit) if side]

    def card_url(code: str, day: date) -> str:
        span = year_to(day)
        months = {"from": month_string(span.first), "to": month_string(span.last)}
        return f"{home}accounts/{code}/card?{urlencode(months | {'back': f'{home}journal/{entry_id}'})}"

    return render(
        request,
        "journal/entry.html",
        organisation=organisation,
        section="journal",
        entry=shown,
        approval=approval,
        settlement=settled,
        steps=STEPS,
        signatures=signed,
        history=past,
        papers=papers,
        posted="posted" in request.query_params,
        back=own_address(request.query_params.get("back", ""), under=home, otherwise=""),
        card_url=card_url,
        may_correct=_may_correct(visit, organisation_id, shown),
        unverified=not all(side.account.verified and all_verified(side.dimensions) for side in sides),
        source_kind=say(_SOURCES[shown.source.kind]) if shown.source.kind in _SOURCES else shown.source.kind,
    )


def _may_correct(visit: Visit, organisation_id: int, entry: EntryView) -> bool:
    may = visit.identity is not None and Permission.JOURNAL_CORRECT in permissions_at(visit.identity, organisation_id)
    return may and entry.kind != "closing" and entry.cancels is None and entry.cancelled_by is None


@get("/o/{organisation_id:int}/journal/{entry_id:int}/correct", opt=_CORRECT, sync_to_thread=True)
def correction_page(request: Ask, visit: Visitor, organisation_id: Id, entry_id: Id) -> Response[str]:
    shown = visit.read(lambda uow: service.entry(uow, organisation_id, entry_id))
    return correction_form(request, shown, CorrectionForm.new(max(today(), shown.effective_on)))


@post("/o/{organisation_id:int}/journal/{entry_id:int}/correct", opt=_CORRECT, sync_to_thread=True)
def send_correction(request: Ask, visit: Visitor, organisation_id: Id, entry_id: Id, data: Sent) -> Response[Any]:
    form = CorrectionForm.of(data)
    if choice := choice_in(data):
        remember(visit, choice)
        return correction_form(request, _entry_of(visit, organisation_id, entry_id), form, choice=choice)
    try:
        with suppress(ApprovalNeeded):
            receipt = visit.run(lambda uow: service.correct_entry(uow, organisation_id, entry_id, form.command()))
            return Redirect(f"/o/{organisation_id}/journal/{receipt().entry_id}?posted=1", status_code=303)
        command = PrepareCorrection(entry_id=entry_id, **form.command().model_dump())
        prepared = visit.run(lambda uow: approvals.prepare(uow, organisation_id, command))
    except (RuleViolated, Conflict, LedgerError) as refusal:
        with _instead_of_its_form(refusal):
            return correction_form(request, _entry_of(visit, organisation_id, entry_id), form, refusal=refusal)
    return Redirect(f"/o/{organisation_id}/approvals/{prepared.id}?sent=1", status_code=303)


def _entry_of(visit: Visit, organisation_id: int, entry_id: int) -> EntryView:
    return visit.read(lambda uow: service.entry(uow, organisation_id, entry_id))


def correction_form(
    request: Ask,
    shown: EntryView,
    form: CorrectionForm,
    *,
    refusal: Refusal | None = None,
    choice: Choice | None = None,
    prepared: Reworked | None = None,
) -> Response[str]:
    """The form that corrects an entry, or mends a prepared correction of it."""
    visit, chosen = visit_of(request), choice or Choice()
    sheet = fault_sheet(refusal, chosen.language or visit.language)
    organisation, years, to_approve = visit.read(
        lambda uow: (
            organisation_at(uow),
            service.years(uow, shown.organisation_id),
            service.journals_to_approve(uow, shown.organisation_id),
        )
    )
    return render(
        request,
        "journal/correct.html",
        organisation=organisation,
        status=status_of(refusal) if refusal else 200,
        language=chosen.language,
        theme=chosen.theme,
        cookies=chosen.cookies(request),
        section="journal",
        form_id="correction",
        form_default="post",
        prepared=prepared,
        asks_approval=shown.journal.code in to_approve,
        entry=shown,
        year_closed=any(y.year == shown.fiscal_year and y.state == "closed" for y in years),
        form=form,
        faults=sheet.by_field,
        summary=sheet.summary,
    )


routes = [
    entries,
    suggest_accounts,
    suggest_values,
    new_entry,
    send_entry,
    side,
    entry,
    correction_page,
    send_correction,
]
