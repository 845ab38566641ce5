"""Own templates of entries: the list, what falls due, the form that keeps one, the page that fills one in."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID, uuid4

from litestar import Response, get, post
from litestar.params import PathParameter
from litestar.response import Redirect

from api.problems import status_of
from api.security import Visit, Visitor
from erp.base.clock import today
from erp.base.dates import DayMalformed, day_string, parse_day
from erp.base.errors import Conflict, Invalid, RuleViolated
from erp.base.i18n import N_, Language
from erp.base.uow import UnitOfWork
from erp.finance.drafts import service as drafts
from erp.finance.drafts.model import Draft
from erp.finance.drafts.rules import Empty, TooLong, document_of, require_kept
from erp.finance.drafts.schemas import LONGEST, SheetTyped
from erp.finance.journal import service as journal
from erp.finance.journal.model import Journal
from erp.finance.policy import service as policies
from erp.finance.templates import rules, service
from erp.finance.templates.model import Every, Occurrence, Recurrence, Template, TemplateRow
from erp.finance.templates.schemas import (
    ChangeTemplate,
    EndRecurrence,
    LeaveOut,
    MakeTemplate,
    Recur,
    UseTemplate,
)
from erp.reference.access.model import Permission
from erp.reference.organisations.model import Organisation
from ledger.errors import YearOutOfRange
from web.faults import Refusal, fault_sheet
from web.finance.fields import BLANK_LINE, Chart, LineFields
from web.finance.journal import edited
from web.forms import EntryForm, Place, key_typed, made, reason_typed, tidy
from web.i18n import Speech, speech
from web.pages import Ask, Id, organisation_at, query_of, render, visit_of
from web.session import Choice, Sent, choice_in, remember
from web.sheets import Field, Option, Sheet, Typed, day_field, done, send, show

_POST = {"policy": Permission.JOURNAL_POST}
_LONGEST_NAME = 200

EVERY = {Every.MONTH: N_("every month"), Every.QUARTER: N_("every quarter"), Every.YEAR: N_("every year")}

RecurrenceId = Annotated[int, PathParameter(ge=1, le=2_147_483_647)]


# ------------------------------------------------------------------------------------------------ the list


@get("/o/{organisation_id:int}/templates", opt=_POST, sync_to_thread=True)
def list_templates(request: Ask, visit: Visitor, organisation_id: Id) -> Response[str]:
    def read(uow: UnitOfWork) -> tuple[Organisation, list[TemplateRow], list[Occurrence], list[Recurrence]]:
        return (
            organisation_at(uow),
            service.templates(uow, organisation_id),
            service.waiting(uow, organisation_id),
            service.recurrences(uow, organisation_id),
        )

    organisation, templates, due, recurrences = visit.read(read)
    day = today()
    live = [each for each in recurrences if each.until is None or each.until > day]
    return render(
        request,
        "entry_templates/list.html",
        organisation=organisation,
        section="templates",
        templates=templates,
        due=due,
        recurrences=[(each, rules.next_due(each, day)) for each in live],
        every=EVERY,
        kept="kept" in request.query_params,
    )


# ------------------------------------------------------------------------------------------------ keeping one


@dataclass(frozen=True)
class Naming:
    """What a template has beside the entry, as typed."""

    name: str = ""
    shared: bool = False
    version: int = 0

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> "Naming":
        version = sent.get("version", "")
        return cls(
            tidy(sent.get("name", "")),
            sent.get("shared") == "on",
            int(version) if version.isascii() and version.isdigit() and len(version) < 10 else 0,
        )

    def command(self, form: EntryForm) -> ChangeTemplate:
        """Raises: Invalid."""
        if not self.name:
            raise Invalid({"name": Empty()})
        if len(self.name) > _LONGEST_NAME:
            raise Invalid({"name": TooLong(limit=_LONGEST_NAME)})
        return ChangeTemplate(name=self.name, shared=self.shared, sheet=_typed(form))


def _typed(form: EntryForm) -> SheetTyped:
    """Raises: Invalid, at each text that is longer than any cell."""

    def field(place: Place) -> str:
        return ".".join(map(str, place)).replace("rows.", "postings.", 1)

    return made(SheetTyped, document_of(form.sheet), at=field, fault=TooLong(limit=LONGEST))


@get("/o/{organisation_id:int}/templates/new", opt=_POST, sync_to_thread=True)
def new_template(request: Ask, visit: Visitor, organisation_id: Id) -> Response[str]:
    """Blank, or with the content of an entry or of a draft."""
    query = query_of(request)

    def begun(uow: UnitOfWork) -> tuple[EntryForm, str]:
        if (entry_id := _number(query, "entry")) is not None:
            entry = journal.entry(uow, organisation_id, entry_id)
            return EntryForm.copy_of(entry, today()), entry.memo
        if (draft_id := _number(query, "draft")) is not None:
            draft = drafts.draft(uow, organisation_id, draft_id)
            return EntryForm.of_draft(draft).with_new_key(), draft.sheet.memo
        return EntryForm.new(), ""

    form, name = visit.read(begun)
    return _form_page(request, organisation_id, form, Naming(name[:_LONGEST_NAME]))


def _number(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


@post("/o/{organisation_id:int}/templates/new", opt=_POST, sync_to_thread=True)
def make_template(request: Ask, visit: Visitor, organisation_id: Id, data: Sent) -> Response[Any]:
    def make(form: EntryForm, naming: Naming) -> Template:
        said = naming.command(form)
        command = MakeTemplate(key=key_typed(form.key), **_fields(said))
        return visit.run(lambda uow: service.make(uow, organisation_id, command))

    return _kept(request, organisation_id, data, make)


@get("/o/{organisation_id:int}/templates/{template_id:int}/edit", opt=_POST, sync_to_thread=True)
def edit_template(request: Ask, visit: Visitor, organisation_id: Id, template_id: Id) -> Response[str]:
    found = visit.read(lambda uow: service.template(uow, organisation_id, template_id))
    form = EntryForm.new(journal=found.sheet.journal, memo=found.sheet.memo, lines=found.sheet.rows)
    return _form_page(request, organisation_id, form, Naming(found.name, found.shared, found.version), found)


@post("/o/{organisation_id:int}/templates/{template_id:int}/edit", opt=_POST, sync_to_thread=True)
def change_template(request: Ask, visit: Visitor, organisation_id: Id, template_id: Id, data: Sent) -> Response[Any]:
    found = visit.read(lambda uow: service.template(uow, organisation_id, template_id))

    def change(form: EntryForm, naming: Naming) -> Template:
        command = naming.command(form)
        return visit.run(lambda uow: service.change(uow, organisation_id, template_id, naming.version, command))

    return _kept(request, organisation_id, data, change, found)


def _fields(command: ChangeTemplate) -> dict[str, Any]:
    return {"name": command.name, "shared": command.shared, "sheet": command.sheet}


def _kept(request: Ask, organisation_id: int, data: Sent, keep: Any, changed: Template | None = None) -> Response[Any]:
    """Keep what the form says; where that is refused, or another button was pressed, the form as it was typed."""
    visit, form, naming = visit_of(request), EntryForm.of(data), Naming.of(data)
    if choice := choice_in(data):
        remember(visit, choice)
        return _form_page(request, organisation_id, form, naming, changed, choice=choice)
    action, _, index = data.get("do", "").partition(":")
    if action != "keep":
        return _form_page(request, organisation_id, edited(visit, form, action, index), naming, changed)
    form = form.without_blank_lines()
    try:
        found = keep(form, naming)
    except (RuleViolated, Conflict) as refusal:
        return _form_page(request, organisation_id, form, naming, changed, refusal=refusal)
    return Redirect(f"/o/{organisation_id}/templates/{found.id}?kept=1", status_code=303)


def _form_page(
    request: Ask,
    organisation_id: int,
    form: EntryForm,
    naming: Naming,
    changed: Template | None = None,
    *,
    refusal: Refusal | None = None,
    choice: Choice | None = None,
) -> Response[str]:
    visit, chosen = visit_of(request), choice or Choice()
    language = chosen.language or visit.language

    def read(uow: UnitOfWork) -> tuple[Organisation, list[Journal], list[LineFields]]:
        sides = [side for line in form.lines for side in (line.debit, line.credit)]
        chart = Chart(uow, sides, today(), language)
        return organisation_at(uow), journal.document_journals(uow), [chart.line(line) for line in form.lines]

    organisation, journals, lines = visit.read(read)
    sheet = fault_sheet(refusal, language)
    return render(
        request,
        "entry_templates/form.html",
        organisation=organisation,
        status=status_of(refusal) if refusal else 200,
        language=chosen.language,
        theme=chosen.theme,
        cookies=chosen.cookies(request),
        section="templates",
        form_id="template",
        form_default="refresh",
        form=form,
        naming=naming,
        changed=changed,
        lines=lines,
        blank_line=BLANK_LINE,
        journals=journals,
        effective_on=day_string(today()),
        faults=sheet.by_field,
        summary=sheet.summary,
    )


@post("/o/{organisation_id:int}/templates/{template_id:int}/retire", opt=_POST, sync_to_thread=True)
def retire_template(request: Ask, visit: Visitor, organisation_id: Id, template_id: Id, data: Sent) -> Response[Any]:
    version = Naming.of(data).version
    try:
        visit.run(lambda uow: service.retire(uow, organisation_id, template_id, version))
    except Conflict as refusal:
        return _use_page(request, organisation_id, template_id, refusal=refusal)
    return Redirect(f"/o/{organisation_id}/templates", status_code=303)


# ------------------------------------------------------------------------------------------------ filling one in


@get("/o/{organisation_id:int}/templates/{template_id:int}", opt=_POST, sync_to_thread=True)
def show_template(request: Ask, visit: Visitor, organisation_id: Id, template_id: Id) -> Response[str]:
    return _use_page(request, organisation_id, template_id)


@post("/o/{organisation_id:int}/templates/{template_id:int}", opt=_POST, sync_to_thread=True)
def use_template(request: Ask, visit: Visitor, organisation_id: Id, template_id: Id, data: Sent) -> Response[Any]:
    """A draft from the template."""
    found = visit.read(lambda uow: service.template(uow, organisation_id, template_id))
    say = speech(visit.language)

    def use(visit: Visit, typed: Typed) -> Redirect:
        command = UseTemplate(key=_key(data), effective_on=_day(typed, "effective_on"), inputs=_inputs(found, data))
        with _faults_of_amounts_apart():
            begun = visit.run(lambda uow: _used(uow, organisation_id, template_id, command, say))
        return done(f"/o/{organisation_id}/drafts/{begun.id}")

    return send(
        request,
        data,
        lambda _: _use_sheet(organisation_id, found, _key(data)),
        use,
        shown=lambda: _use_context(visit, organisation_id, found),
    )


def _used(uow: UnitOfWork, organisation_id: int, template_id: int, command: UseTemplate, say: Speech) -> Draft:
    rounded = policies.rounding(uow, organisation_id, command.effective_on)
    return service.use(uow, organisation_id, template_id, command, say.month, rounded)


def _use_page(request: Ask, organisation_id: int, template_id: int, *, refusal: Refusal | None = None) -> Response[str]:
    visit = visit_of(request)
    found = visit.read(lambda uow: service.template(uow, organisation_id, template_id))
    context = _use_context(visit, organisation_id, found) | {"kept": "kept" in request.query_params}
    return show(request, _use_sheet(organisation_id, found, uuid4()), refusal=refusal, **context)


def _use_sheet(organisation_id: int, found: Template, key: UUID) -> Sheet:
    return Sheet(
        N_("Template"),
        N_("Fill in"),
        f"/o/{organisation_id}/templates",
        (
            day_field("effective_on", N_("Date"), today()),
            *_input_fields(found),
            Field("key", "", "hidden", str(key)),
        ),
        about=found.name,
        layout="base.html",
        section="templates",
    )


def _input_fields(found: Template) -> Iterator[Field]:
    for name in rules.read(found.sheet).names:
        yield Field(f"inputs.{name}", name.replace("_", " "), "text")


def _use_context(visit: Visit, organisation_id: int, found: Template) -> dict[str, Any]:
    def read(uow: UnitOfWork) -> tuple[Organisation, list[Recurrence]]:
        mine = [each for each in service.recurrences(uow, organisation_id) if each.template_id == found.id]
        return organisation_at(uow), mine

    organisation, recurrences = visit.read(read)
    return {
        "template": "entry_templates/use.html",
        "organisation": organisation,
        "found": found,
        "recurrences": [(each, rules.next_due(each, today())) for each in recurrences],
        "every": EVERY,
        "kept": False,
    }


def _inputs(found: Template, sent: Mapping[str, str]) -> dict[str, str]:
    return {name: tidy(sent.get(f"inputs.{name}", ""))[:60] for name in rules.read(found.sheet).names}


def _key(sent: Mapping[str, str]) -> UUID:
    return key_typed(sent.get("key", ""))


def _day(typed: Typed, name: str) -> date:
    """A day that must be there; told at once, for nothing can be reckoned without it.  Raises: Invalid."""
    day = typed.day(name)
    typed.check()
    _require_kept(name, day)
    return day


def _require_kept(name: str, day: date) -> None:
    """Raises: Invalid, where no books are kept for the year of a field's day."""
    try:
        require_kept(day)
    except YearOutOfRange as fault:
        raise Invalid({name: fault}) from fault


def _reason(typed: Typed) -> str:
    """Raises: Invalid."""
    text = typed.text("reason")
    typed.check()
    try:
        return reason_typed(text)
    except RuleViolated as fault:
        raise Invalid({"reason": fault}) from fault


@contextmanager
def _faults_of_amounts_apart() -> Iterator[None]:
    """The page has no field for an amount: what is wrong with one names its row."""
    try:
        yield
    except Invalid as invalid:
        for place, fault in invalid.faults.items():
            if place.startswith("postings."):
                raise fault from invalid
        raise


# ------------------------------------------------------------------------------------------------ falling due


@get("/o/{organisation_id:int}/templates/{template_id:int}/recur", opt=_POST, sync_to_thread=True)
def recur_page(request: Ask, visit: Visitor, organisation_id: Id, template_id: Id) -> Response[str]:
    organisation, found = visit.read(
        lambda uow: (organisation_at(uow), service.template(uow, organisation_id, template_id))
    )
    return show(request, _recur_sheet(organisation_id, found, uuid4(), visit.language), organisation=organisation)


@post("/o/{organisation_id:int}/templates/{template_id:int}/recur", opt=_POST, sync_to_thread=True)
def recur(request: Ask, visit: Visitor, organisation_id: Id, template_id: Id, data: Sent) -> Response[Any]:
    organisation, found = visit.read(
        lambda uow: (organisation_at(uow), service.template(uow, organisation_id, template_id))
    )

    def begin(visit: Visit, typed: Typed) -> Redirect:
        every = typed.choice("every", Every, Every.MONTH)
        day, since, last = typed.number("day"), typed.day("since"), typed.day_or_none("last")
        typed.check()
        if not 1 <= day <= 31:
            raise Invalid({"day": DayMalformed(text=str(day))})
        _require_kept("since", since)
        until = last + timedelta(days=1) if last else None
        _require_kept("last", until or since)
        command = Recur(key=_key(data), every=every, day=day, since=since, until=until, inputs=_inputs(found, data))
        visit.run(lambda uow: service.recur(uow, organisation_id, template_id, command))
        return done(f"/o/{organisation_id}/templates")

    def sheet(language: Language) -> Sheet:
        return _recur_sheet(organisation_id, found, _key(data), language)

    return send(request, data, sheet, begin, shown=lambda: {"organisation": organisation})


def _recur_sheet(organisation_id: int, found: Template, key: UUID, language: Language) -> Sheet:
    say = speech(language)
    often = [Option(each, say(words)) for each, words in EVERY.items()]
    return Sheet(
        N_("Let it fall due again and again"),
        N_("Begin"),
        f"/o/{organisation_id}/templates/{found.id}",
        (
            Field("every", N_("How often"), "select", Every.MONTH, options=often),
            Field("day", N_("Day of the month"), value="31", hint=N_("31 is the last day, also of shorter months.")),
            day_field("since", N_("From which day"), today()),
            day_field("last", N_("Through which day"), required=False),
            *_input_fields(found),
            Field("key", "", "hidden", str(key)),
        ),
        lead=N_("On each of these days the template waits on this page: one press makes the draft."),
        about=found.name,
        layout="base.html",
        section="templates",
    )


@post("/o/{organisation_id:int}/recurring/{recurrence_id:int}/draft", opt=_POST, sync_to_thread=True)
def draft_due(visit: Visitor, organisation_id: Id, recurrence_id: RecurrenceId, data: Sent) -> Redirect:
    """The draft for a due day."""
    due_on, say = _due(data), speech(visit.language)
    begun = visit.run(
        lambda uow: service.draft_due(
            uow, organisation_id, recurrence_id, due_on, say.month, policies.rounding(uow, organisation_id, due_on)
        )
    )
    return done(f"/o/{organisation_id}/drafts/{begun.id}")


@get("/o/{organisation_id:int}/recurring/{recurrence_id:int}/leave-out", opt=_POST, sync_to_thread=True)
def leave_out_page(request: Ask, visit: Visitor, organisation_id: Id, recurrence_id: RecurrenceId) -> Response[str]:
    organisation, found = _recurring(visit, organisation_id, recurrence_id)
    sheet = _leave_out_sheet(organisation_id, found, _due(query_of(request)))
    return show(request, sheet, organisation=organisation)


@post("/o/{organisation_id:int}/recurring/{recurrence_id:int}/leave-out", opt=_POST, sync_to_thread=True)
def leave_out(
    request: Ask, visit: Visitor, organisation_id: Id, recurrence_id: RecurrenceId, data: Sent
) -> Response[Any]:
    organisation, found = _recurring(visit, organisation_id, recurrence_id)
    due_on = _due(data)

    def leave(visit: Visit, typed: Typed) -> Redirect:
        command = LeaveOut(reason=_reason(typed))
        visit.run(lambda uow: service.leave_out(uow, organisation_id, recurrence_id, due_on, command))
        return done(f"/o/{organisation_id}/templates")

    return send(
        request,
        data,
        lambda _: _leave_out_sheet(organisation_id, found, due_on),
        leave,
        shown=lambda: {"organisation": organisation},
    )


def _leave_out_sheet(organisation_id: int, found: Recurrence, due_on: date) -> Sheet:
    return Sheet(
        N_("Leave out one due day"),
        N_("Leave out"),
        f"/o/{organisation_id}/templates",
        (Field("reason", N_("Reason")), Field("due", "", "hidden", due_on.isoformat())),
        about=f"{found.template}, {day_string(due_on)}",
        layout="base.html",
        section="templates",
    )


@get("/o/{organisation_id:int}/recurring/{recurrence_id:int}/end", opt=_POST, sync_to_thread=True)
def end_page(request: Ask, visit: Visitor, organisation_id: Id, recurrence_id: RecurrenceId) -> Response[str]:
    organisation, found = _recurring(visit, organisation_id, recurrence_id)
    return show(request, _end_sheet(organisation_id, found), organisation=organisation)


@post("/o/{organisation_id:int}/recurring/{recurrence_id:int}/end", opt=_POST, sync_to_thread=True)
def end_recurrence(
    request: Ask, visit: Visitor, organisation_id: Id, recurrence_id: RecurrenceId, data: Sent
) -> Response[Any]:
    organisation, found = _recurring(visit, organisation_id, recurrence_id)

    def end(visit: Visit, typed: Typed) -> Redirect:
        command = EndRecurrence(until=_day(typed, "until"))
        visit.run(lambda uow: service.end_recurrence(uow, organisation_id, recurrence_id, command))
        return done(f"/o/{organisation_id}/templates")

    return send(
        request,
        data,
        lambda _: _end_sheet(organisation_id, found),
        end,
        shown=lambda: {"organisation": organisation},
    )


def _end_sheet(organisation_id: int, found: Recurrence) -> Sheet:
    return Sheet(
        N_("Let it fall due no more"),
        N_("End"),
        f"/o/{organisation_id}/templates",
        (day_field("until", N_("The first day on which it no longer falls due"), today()),),
        about=found.template,
        layout="base.html",
        section="templates",
    )


def _recurring(visit: Visit, organisation_id: int, recurrence_id: int) -> tuple[Organisation, Recurrence]:
    return visit.read(lambda uow: (organisation_at(uow), service.recurrence(uow, organisation_id, recurrence_id)))


def _due(sent: Mapping[str, str]) -> date:
    """The due day that an address or a form names.  Raises: RecurrenceUnknown."""
    try:
        return parse_day(sent.get("due", ""))
    except DayMalformed as malformed:
        raise rules.RecurrenceUnknown() from malformed


routes = [
    list_templates,
    new_template,
    make_template,
    edit_template,
    change_template,
    retire_template,
    show_template,
    use_template,
    recur_page,
    recur,
    draft_due,
    leave_out_page,
    leave_out,
    end_page,
    end_recurrence,
]
