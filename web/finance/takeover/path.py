"""A takeover begun, its path of steps, the files taken in, and its end."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from litestar import Response, get, post
from litestar.response import Redirect

from api.problems import status_of
from api.security import Visitor
from erp.base.dates import DayMalformed, MonthMalformed, MonthSpan, parse_month
from erp.base.errors import Invalid
from erp.base.i18n import N_
from erp.base.uow import UnitOfWork
from erp.finance.takeover import service
from erp.finance.takeover.comparing import service as comparing
from erp.finance.takeover.files import job as large
from erp.finance.takeover.files import service as files
from erp.finance.takeover.model import Kind, State
from erp.finance.takeover.path import Path
from erp.finance.takeover.path import path as path_of
from erp.finance.takeover.schemas import BeginTakeover
from ledger.errors import YearOutOfRange
from web.faults import Refusal, fault_sheet
from web.finance.takeover.at import AGREE, ALL, IMPORT, ONE, REFUSALS, At, FileId, Here, command_of, form, page
from web.forms import Empty, kept_day, key_typed, tidy
from web.pages import Ask, Id, organisation_at, render, visit_of
from web.papers import Uploaded, checked
from web.session import Sent
from web.timeline import history

KINDS: dict[Kind, str] = {
    Kind.CHART: N_("Chart of accounts"),
    Kind.BALANCE: N_("Trial balance"),
    Kind.JOURNAL: N_("Journal of postings"),
    Kind.COUNTERPARTIES: N_("Counterparties"),
}
STATES: dict[State, str] = {
    State.UNDER_WAY: N_("under way"),
    State.FINISHED: N_("finished"),
    State.GIVEN_UP: N_("given up"),
}
FIELDS: dict[str, str] = {
    "account": N_("Account"), "name": N_("Name"), "indicator": N_("Indicator"),
    "opening debit": N_("Opening balance, debit"), "opening credit": N_("Opening balance, credit"),
    "turnover debit": N_("Turnover, debit"), "turnover credit": N_("Turnover, credit"),
    "closing debit": N_("Closing balance, debit"), "closing credit": N_("Closing balance, credit"),
    "day": N_("Day"), "document": N_("Document"), "number": N_("Number of the document"), "memo": N_("Text"),
    "debit": N_("Debit account"), "credit": N_("Credit account"), "amount": N_("Amount, ₸"),
    "debit value": N_("Amount, ₸"), "credit value": N_("Amount, ₸"),
    "debit analysis": N_("Analysis, debit"), "credit analysis": N_("Analysis, credit"), "quantity": N_("Quantity"),
    "debit quantity": N_("Quantity, debit"), "credit quantity": N_("Quantity, credit"),
    "debit currency": N_("Amount in the currency, debit"), "credit currency": N_("Amount in the currency, credit"),
    "code": N_("Code"), "nature": N_("Nature"), "off balance": N_("Off the balance"), "subconto": N_("Analysis"),
    "full name": N_("Name in full"), "iban": N_("Account number"), "bank": N_("Bank"), "bic": N_("Bank"),
}  # fmt: skip
STEPS = (
    ("files", N_("Files")),
    ("words", N_("Old fonts")),
    ("counterparties", N_("Counterparties")),
    ("accounts", N_("Accounts")),
    ("values", N_("Values")),
    ("opening", N_("Opening balances")),
    ("months", N_("Entries")),
    ("compare", N_("Parallel run")),
)


@dataclass(frozen=True)
class Step:
    """A step of the path as the page shows it."""

    key: str
    name: str
    url: str
    done: bool
    words: str


# ------------------------------------------------------------------------------------------------ beginning


@get(ALL, opt=IMPORT, sync_to_thread=True)
def takeovers(request: Ask, visit: Visitor, organisation_id: Id) -> Response[Any]:
    return _takeovers(request, organisation_id, {})


@post(ALL, opt=IMPORT, sync_to_thread=True)
def begin(request: Ask, visit: Visitor, organisation_id: Id, data: Sent) -> Response[Any]:
    typed = {name: tidy(data.get(name, "")) for name in ("starts_on", "source_program")}
    try:
        command = _begin(typed)
        made = visit.run(lambda u: service.begin(u, organisation_id, command))
    except REFUSALS as refusal:
        return _takeovers(request, organisation_id, typed, refusal)
    return Redirect(At(request, organisation_id, made).home, status_code=303)


def _begin(typed: Mapping[str, str]) -> BeginTakeover:
    """Raises: Invalid, with every field that cannot be read."""
    faults: dict[str, Exception] = {}
    day = None
    try:
        day = kept_day(typed["starts_on"])
    except (DayMalformed, YearOutOfRange) as malformed:
        faults["starts_on"] = malformed
    if not typed["source_program"]:
        faults["source_program"] = Empty()
    if faults:
        raise Invalid(faults)
    return command_of(BeginTakeover, "source_program", starts_on=day, source_program=typed["source_program"])


def _takeovers(
    request: Ask, organisation_id: int, typed: Mapping[str, str], refusal: Refusal | None = None
) -> Response[Any]:
    visit = visit_of(request)
    found = visit.read(lambda u: service.takeovers(u, organisation_id))
    open_one = next((t for t in found if t.is_under_way), None)
    if open_one and refusal is None:
        return Redirect(At(request, organisation_id, open_one.id).home, status_code=303)
    sheet = fault_sheet(refusal, visit.language)
    return render(
        request,
        "takeover/begin.html",
        organisation=visit.read(organisation_at),
        status=status_of(refusal) if refusal else 200,
        section="takeover",
        help_of="takeover",
        takeovers=found,
        states=STATES,
        typed={"starts_on": "", "source_program": "", **typed},
        faults=sheet.by_field,
        summary=sheet.summary,
    )


# ------------------------------------------------------------------------------------------------ the path


@page(ONE)
def path(at: Here) -> Response[Any]:
    return _path(at)


@form(ONE + "/files")
def take_in(at: Here, data: Uploaded) -> Response[Any]:
    """Take in a file of the other program: a small one at once, a large one by a job."""
    typed = {name: tidy(str(data.get(name) or "")) for name in ("first", "last")}
    try:
        file, span, key = checked(at.request, data.get("file")), _span(typed), key_typed(data.get("key", ""))
        if large.is_large(file):
            job_id = at.visit.run(lambda u: large.ask(u, *at.ids, key, file, span))
            return Redirect(f"/jobs/{job_id}", status_code=303)
    except REFUSALS as refusal:
        return _path(at, refusal, typed)
    return at.act(
        lambda u: files.take_in(u, *at.ids, file, span), "#files", lambda at, refusal: _path(at, refusal, typed)
    )


def _span(typed: Mapping[str, str]) -> MonthSpan | None:
    """Raises: Invalid, IntervalReversed."""
    faults: dict[str, Exception] = {}
    months = {}
    for name in filter(typed.get, ("first", "last")):
        try:
            months[name] = parse_month(typed[name])
        except MonthMalformed as malformed:
            faults[name] = malformed
    if faults:
        raise Invalid(faults)
    told = [months[name] for name in ("first", "last") if name in months]
    return MonthSpan.of(told[0], told[-1]) if told else None


@form(ONE + "/files/{file_id:int}/aside")
def set_aside(at: Here, file_id: FileId, data: Sent) -> Response[Any]:
    """Let a file count no more."""
    return at.act(lambda u: files.set_aside(u, *at.ids, file_id), "#files", _path)


@form(ONE + "/end", opt=AGREE)
def end(at: Here, data: Sent) -> Response[Any]:
    """Finish the parallel run, or give it up."""
    act = service.give_up if data.get("do") == "give-up" else comparing.finish
    return at.act(lambda u: act(u, *at.ids), "", _path)


def _path(at: At, refusal: Refusal | None = None, typed: Mapping[str, str] | None = None) -> Response[Any]:
    def read(u: UnitOfWork) -> dict[str, Any]:
        far = path_of(u, *at.ids)
        return {
            "far": far,
            "steps": list(_steps(far, at)),
            "next_step": far.next_step,
            "history": history(at.request, u, at.home, service.subject(*at.ids)),
        }

    return at.page(
        "path", read, refusal, kinds=KINDS, fields=FIELDS, states=STATES, months=at.say.months,
        key=str(uuid4()), typed=typed or {"first": "", "last": ""},
    )  # fmt: skip


def _steps(far: Path, at: At) -> Iterator[Step]:
    say = at.say
    posted, documents = sum(m.posted for m in far.months), sum(m.documents for m in far.months)
    agreed = sum(c.agreement is not None for c in far.comparisons)

    def so_far(done: int, total: int) -> tuple[bool, str]:
        return 0 < total == done, say("{done} of {total}", done=done, total=total)

    told = {
        "files": (far.has(Kind.BALANCE), say("{count} taken in", count=len(far.files))),
        "words": (not far.words, say("{count} to decide", count=far.words)),
        "counterparties": so_far(far.linked, far.counterparties),
        "accounts": so_far(far.mapped, far.accounts),
        "values": so_far(far.valued, far.values),
        "opening": (far.opening is not None, say("balances posted") if far.opening else say("not posted")),
        "months": so_far(posted, documents),
        "compare": (
            bool(far.comparisons) and agreed == len(far.comparisons),
            say("{done} of {total} agreed", done=agreed, total=len(far.comparisons)),
        ),
    }
    for key, name in STEPS:
        yield Step(key, say(name), f"{at.home}#files" if key == "files" else f"{at.home}/{key}", *told[key])


routes = [takeovers, begin, path, take_in, set_aside, end]
