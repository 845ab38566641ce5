"""Moving an institution over from another program, step by step, and the parallel run."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from litestar import Response, get, post
from litestar.params import FromPath, PathParameter
from litestar.response import Redirect
from pydantic import ValidationError

from api.problems import status_of
from api.security import Visit, Visitor
from erp.base import uow
from erp.base.clock import now
from erp.base.dates import DayMalformed, MonthSpan, parse_month
from erp.base.errors import Conflict, Invalid, NotFound, RuleViolated
from erp.base.i18n import N_
from erp.base.scope import Scope
from erp.base.uow import UnitOfWork
from erp.finance.journal import service as journal
from erp.finance.journal.model import DimensionValue
from erp.finance.takeover import service
from erp.finance.takeover.fonts import Evidence
from erp.finance.takeover.model import (
    AccountLine,
    Comparison,
    Difference,
    Drill,
    Kind,
    Path,
    Refused,
    State,
    Takeover,
    Unread,
    Why,
)
from erp.finance.takeover.queries import Earlier
from erp.finance.takeover.schemas import (
    AcceptSuggestions,
    BeginTakeover,
    DecideAccounts,
    DecideValues,
    DecideWords,
    ExplainDifference,
)
from erp.reference.access.model import Permission
from erp.reference.access.policy import reach
from erp.reference.organisations.model import Organisation
from ledger.errors import LedgerError, YearOutOfRange
from ledger.model import Dimension
from web.faults import Refusal, fault_sheet
from web.forms import Empty, KeyDamaged, NotTaken, kept_day, tidy
from web.i18n import Speech, speech
from web.pages import Ask, Id, organisation_at, query_of, render, visit_of
from web.papers import Uploaded, checked
from web.session import Sent
from web.tables.download import FORMATS, download
from web.tables.model import About, Column, Row, Table
from web.tables.model import Kind as Cell
from web.timeline import history

_IMPORT = {"policy": Permission.JOURNAL_IMPORT}
_AGREE = {"policy": Permission.JOURNAL_APPROVE}
_AT = "/o/{organisation_id:int}/takeover"
_ONE = _AT + "/{takeover_id:int}"
_REFUSALS = (RuleViolated, Conflict, NotFound, LedgerError)

TakeoverId = Annotated[int, PathParameter(ge=1, le=2_147_483_647)]
FileId = Annotated[int, PathParameter(ge=1, le=2_147_483_647)]

KINDS: dict[Kind, str] = {
    Kind.CHART: N_("Chart of accounts"),
    Kind.BALANCE: N_("Trial balance"),
    Kind.JOURNAL: N_("Journal of postings"),
    Kind.COUNTERPARTIES: N_("Counterparties"),
}
WHY: dict[str, str] = {
    Why.SAME_CODE: N_("the same code"),
    Why.SAME_DIGITS: N_("the same digits"),
    Why.ABOVE: N_("the code begins with it"),
    Why.CORRESPONDENCE: N_("a recoding for everybody"),
    Why.NAME: N_("a similar name"),
    Why.EARLIER: N_("so in other institutions"),
    Why.CHOSEN: N_("chosen by hand"),
    "as-it-is": N_("as it is written"),
    "code-in-name": N_("the code in the name"),
    "number-in-name": N_("the number in the name"),
    "same-name": N_("the same name in their list"),
}
EVIDENCE: dict[Evidence, str] = {
    Evidence.IMPOSSIBLE: N_("no other alphabet has these letters together"),
    Evidence.KNOWN: N_("repaired, it is a word of the chart of accounts"),
    Evidence.COMPANY: N_("stands among such words"),
    Evidence.UNSURE: N_("may be a word of another language, or the font is not verified"),
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
    "full name": N_("Full name"), "iban": N_("Account number"), "bank": N_("Bank"), "bic": N_("Bank"),
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


@get(_AT, opt=_IMPORT, sync_to_thread=True)
def takeovers(request: Ask, visit: Visitor, organisation_id: Id) -> Response[Any]:
    return _takeovers(request, organisation_id, {})


@post(_AT, opt=_IMPORT, sync_to_thread=True)
def begin(request: Ask, visit: Visitor, organisation_id: Id, data: Sent) -> Response[Any]:
    typed = {name: tidy(data.get(name, "")) for name in ("starts_on", "source_program")}
    try:
        command = _begin(typed)
        made = visit.run(lambda u: service.begin(u, organisation_id, command))
    except _REFUSALS as refusal:
        return _takeovers(request, organisation_id, typed, refusal)
    return Redirect(_home(organisation_id, made), status_code=303)


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
    made: BeginTakeover = _command(
        BeginTakeover, "source_program", starts_on=day, source_program=typed["source_program"]
    )
    return made


def _command(kind: type[Any], field: str, **said: Any) -> Any:
    """A command of what was typed.  Raises: Invalid, told at ``field``."""
    try:
        return kind.model_validate(said)
    except ValidationError as error:
        raise Invalid({field: NotTaken()}) from error


def _takeovers(
    request: Ask, organisation_id: int, typed: Mapping[str, str], refusal: Refusal | None = None
) -> Response[Any]:
    visit = visit_of(request)
    found = visit.read(lambda u: service.takeovers(u, organisation_id))
    open_one = next((t for t in found if t.is_under_way), None)
    if open_one and refusal is None:
        return Redirect(_home(organisation_id, open_one.id), status_code=303)
    sheet = fault_sheet(refusal, visit.language)
    return render(
        request,
        "takeover/begin.html",
        organisation=visit.read(organisation_at),
        status=status_of(refusal) if refusal else 200,
        section="takeover",
        takeovers=found,
        states=STATES,
        typed={"starts_on": "", "source_program": "", **typed},
        faults=sheet.by_field,
        summary=sheet.summary,
    )


def _home(organisation_id: int, takeover_id: int) -> str:
    return f"/o/{organisation_id}/takeover/{takeover_id}"


# ------------------------------------------------------------------------------------------------ the path


@get(_ONE, opt=_IMPORT, sync_to_thread=True)
def path(request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId) -> Response[Any]:
    return _path(request, organisation_id, takeover_id)


@post(_ONE + "/files", opt=_IMPORT, sync_to_thread=True)
def take_in(
    request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId, data: Uploaded
) -> Response[Any]:
    """Take in a file of the other program."""
    typed = {name: tidy(str(data.get(name) or "")) for name in ("first", "last")}
    try:
        file = checked(request, data.get("file"))
        span = _span(typed)
        visit.run(lambda u: service.take_in(u, organisation_id, takeover_id, file, span))
    except _REFUSALS as refusal:
        return _path(request, organisation_id, takeover_id, refusal, typed)
    return Redirect(f"{_home(organisation_id, takeover_id)}#files", status_code=303)


def _span(typed: Mapping[str, str]) -> MonthSpan | None:
    """Raises: MonthMalformed, IntervalReversed."""
    if not typed["first"] and not typed["last"]:
        return None
    first = parse_month(typed["first"] or typed["last"])
    return MonthSpan.of(first, parse_month(typed["last"]) if typed["last"] else first)


@post(_ONE + "/files/{file_id:int}/aside", opt=_IMPORT, sync_to_thread=True)
def set_aside(
    request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId, file_id: FileId, data: Sent
) -> Response[Any]:
    """Let a file count no more."""
    try:
        visit.run(lambda u: service.set_aside(u, organisation_id, takeover_id, file_id))
    except _REFUSALS as refusal:
        return _path(request, organisation_id, takeover_id, refusal)
    return Redirect(f"{_home(organisation_id, takeover_id)}#files", status_code=303)


@post(_ONE + "/end", opt=_AGREE, sync_to_thread=True)
def end(request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId, data: Sent) -> Response[Any]:
    """Finish the parallel run, or give it up."""
    act = service.give_up if data.get("do") == "give-up" else service.finish
    try:
        visit.run(lambda u: act(u, organisation_id, takeover_id))
    except _REFUSALS as refusal:
        return _path(request, organisation_id, takeover_id, refusal)
    return Redirect(_home(organisation_id, takeover_id), status_code=303)


def _path(
    request: Ask,
    organisation_id: int,
    takeover_id: int,
    refusal: Refusal | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response[Any]:
    visit = visit_of(request)
    address = _home(organisation_id, takeover_id)

    def read(u: UnitOfWork) -> tuple[Organisation, Takeover, Path, Any]:
        found = service.takeover(u, organisation_id, takeover_id)
        past = history(request, u, address, service.subject(organisation_id, takeover_id))
        return organisation_at(u), found, service.path(u, organisation_id, takeover_id), past

    organisation, found, far, past = visit.read(read)
    say = speech(visit.language)
    return render(
        request,
        "takeover/path.html",
        **_shown(organisation, found, address, refusal, visit),
        far=far,
        steps=list(_steps(far, address, say)),
        next_step=far.next_step,
        kinds=KINDS,
        fields=FIELDS,
        states=STATES,
        months=say.months,
        typed=typed or {"first": "", "last": ""},
        history=past,
    )


def _shown(
    organisation: Organisation, found: Takeover, address: str, refusal: Refusal | None, visit: Visit
) -> dict[str, Any]:
    """What every page of a takeover knows."""
    sheet = fault_sheet(refusal, visit.language)
    return {
        "organisation": organisation,
        "takeover": found,
        "address": address,
        "section": "takeover",
        "status": status_of(refusal) if refusal else 200,
        "faults": sheet.by_field,
        "summary": sheet.summary,
    }


def _steps(far: Path, address: str, say: Speech) -> Iterator[Step]:
    posted = sum(m.posted for m in far.months)
    documents = sum(m.documents for m in far.months)
    agreed = sum(c.agreement is not None for c in far.comparisons)
    told = {
        "files": (far.has(Kind.BALANCE), say("{count} taken in", count=len(far.files))),
        "words": (not far.words, say("{count} to decide", count=far.words)),
        "counterparties": (
            far.linked == far.counterparties,
            say("{done} of {total}", done=far.linked, total=far.counterparties),
        ),
        "accounts": (far.mapped == far.accounts, say("{done} of {total}", done=far.mapped, total=far.accounts)),
        "values": (far.valued == far.values, say("{done} of {total}", done=far.valued, total=far.values)),
        "opening": (far.opening is not None, say("posted") if far.opening else say("not posted")),
        "months": (posted == documents, say("{done} of {total}", done=posted, total=documents)),
        "compare": (
            bool(far.comparisons) and agreed == len(far.comparisons),
            say("{done} of {total} agreed", done=agreed, total=len(far.comparisons)),
        ),
    }
    for key, name in STEPS:
        done, words = told[key]
        yield Step(key, say(name), f"{address}#files" if key == "files" else f"{address}/{key}", done, words)


# ------------------------------------------------------------------------------------------------ words


@get(_ONE + "/words", opt=_IMPORT, sync_to_thread=True)
def words(request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId) -> Response[Any]:
    return _words(request, organisation_id, takeover_id)


@post(_ONE + "/words", opt=_IMPORT, sync_to_thread=True)
def decide_words(
    request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId, data: Sent
) -> Response[Any]:
    """Repair the words that are ticked, and leave the others as they are."""

    def decide(u: UnitOfWork) -> None:
        repairs, _ = service.words(u, organisation_id, takeover_id)
        ticked = set(data) & {f"word:{r.before}" for r in repairs}
        decided = [
            {"before": r.before, "after": r.after if f"word:{r.before}" in ticked else r.before} for r in repairs
        ]
        if decided:
            command = _command(DecideWords, "", decisions=decided)
            service.decide_words(u, organisation_id, takeover_id, command)

    try:
        visit.run(decide)
    except _REFUSALS as refusal:
        return _words(request, organisation_id, takeover_id, refusal)
    return Redirect(_home(organisation_id, takeover_id), status_code=303)


def _words(request: Ask, organisation_id: int, takeover_id: int, refusal: Refusal | None = None) -> Response[Any]:
    visit = visit_of(request)

    def read(u: UnitOfWork) -> Any:
        return (
            organisation_at(u),
            service.takeover(u, organisation_id, takeover_id),
            service.words(u, organisation_id, takeover_id),
        )

    organisation, found, (repairs, decided) = visit.read(read)
    return render(
        request,
        "takeover/words.html",
        **_shown(organisation, found, _home(organisation_id, takeover_id), refusal, visit),
        repairs=repairs,
        decided=decided,
        evidence=EVIDENCE,
    )


# ------------------------------------------------------------------------------------------------ counterparties


@get(_ONE + "/counterparties", opt=_IMPORT, sync_to_thread=True)
def counterparties(request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId) -> Response[Any]:
    return _counterparties(request, organisation_id, takeover_id)


@post(_ONE + "/counterparties", opt=_IMPORT, sync_to_thread=True)
def link_counterparties(
    request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId, data: Sent
) -> Response[Any]:
    """Register those that are new."""
    try:
        visit.run(lambda u: service.link_counterparties(u, organisation_id, takeover_id))
    except _REFUSALS as refusal:
        return _counterparties(request, organisation_id, takeover_id, refusal)
    return Redirect(_home(organisation_id, takeover_id), status_code=303)


def _counterparties(
    request: Ask, organisation_id: int, takeover_id: int, refusal: Refusal | None = None
) -> Response[Any]:
    visit = visit_of(request)

    def read(u: UnitOfWork) -> Any:
        found = service.takeover(u, organisation_id, takeover_id)
        return organisation_at(u), found, service.counterparties_of(u, organisation_id, takeover_id)

    organisation, found, linking = visit.read(read)
    return render(
        request,
        "takeover/counterparties.html",
        **_shown(organisation, found, _home(organisation_id, takeover_id), refusal, visit),
        linking=linking,
    )


# ------------------------------------------------------------------------------------------------ accounts


@get(_ONE + "/accounts", opt=_IMPORT, sync_to_thread=True)
def accounts(request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId) -> Response[Any]:
    query = query_of(request)
    if query.get("as") in FORMATS:
        return download(visit, query["as"], lambda u: _accounts_table(visit, u, organisation_id, takeover_id))
    return _accounts(request, organisation_id, takeover_id)


@post(_ONE + "/accounts", opt=_IMPORT, sync_to_thread=True)
def accept_suggestions(
    request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId, data: Sent
) -> Response[Any]:
    """Accept every suggestion that is sure enough."""
    try:
        command = _command(AcceptSuggestions, "least", least=data.get("least", ""))
        earlier = _earlier(visit, organisation_id, takeover_id)
        count = visit.run(lambda u: service.accept_suggestions(u, organisation_id, takeover_id, command, earlier))
    except _REFUSALS as refusal:
        return _accounts(request, organisation_id, takeover_id, refusal, data.get("least", ""))
    return Redirect(f"{_home(organisation_id, takeover_id)}/accounts?accepted={count}", status_code=303)


def _earlier(visit: Visit, organisation_id: int, takeover_id: int) -> list[Earlier]:
    """Decisions of takeovers in all books that the visitor may read."""
    readable = reach(visit.identity, Permission.JOURNAL_READ) if visit.identity else frozenset[int]()
    lines = visit.read(lambda u: service.accounts(u, organisation_id, takeover_id))
    wide = Scope(visit.scope.actor, reads=readable - {organisation_id})
    return uow.read(visit.engine, wide, lambda u: service.earlier_decisions(u, [e.account.code for e in lines]))


def _accounts(
    request: Ask, organisation_id: int, takeover_id: int, refusal: Refusal | None = None, least: str = "90"
) -> Response[Any]:
    visit = visit_of(request)
    earlier = _earlier(visit, organisation_id, takeover_id)

    def read(u: UnitOfWork) -> Any:
        return (
            organisation_at(u),
            service.takeover(u, organisation_id, takeover_id),
            service.accounts(u, organisation_id, takeover_id, earlier),
            service.chart(u, organisation_id, takeover_id),
        )

    organisation, found, lines, chart = visit.read(read)
    counts = [(at_least, service.acceptable(lines, chart, at_least)) for at_least in (100, 90, 75, 60)]
    return render(
        request,
        "takeover/accounts.html",
        **_shown(organisation, found, _home(organisation_id, takeover_id), refusal, visit),
        lines=sorted(lines, key=lambda line: line.decision is not None),
        chart=chart,
        named={d.slug: speech(visit.language).dimension(d) for d in Dimension},
        why=WHY,
        counts=[(at_least, count) for at_least, count in counts if count],
        least=least,
        accepted=query_of(request).get("accepted", ""),
    )


def _accounts_table(visit: Visit, u: UnitOfWork, organisation_id: int, takeover_id: int) -> tuple[Table, About]:
    say = speech(visit.language)
    lines: list[AccountLine] = service.accounts(u, organisation_id, takeover_id)
    columns = [Column(say("Account there"), Cell.CODE), Column(say("Name")), Column(say("Account here"), Cell.CODE),
               Column(say("Dimensions")), Column(say("Decided by"))]  # fmt: skip
    rows = [
        Row([line.account.code, line.name, line.decision.ours if line.decision else "",
             " ".join(filter(None, line.decision.dimensions)) if line.decision else "",
             line.decision.decided_by if line.decision else ""])
        for line in lines
    ]  # fmt: skip
    return Table(say("Mapping of accounts"), columns, rows), _about(u, say, "takeover-accounts")


def _about(u: UnitOfWork, say: Speech, name: str, *facts: tuple[str, str]) -> About:
    organisation = organisation_at(u)
    said = [("", organisation.name(say.language.value)), (say("BIN"), organisation.code), *facts]
    return About(said, now(), name)


@get(_ONE + "/account", opt=_IMPORT, sync_to_thread=True)
def account(request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId) -> Response[Any]:
    return _account(request, organisation_id, takeover_id, query_of(request).get("code", ""), None)


@post(_ONE + "/account", opt=_IMPORT, sync_to_thread=True)
def decide_account(
    request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId, data: Sent
) -> Response[Any]:
    """Say what one account becomes."""
    typed = {name: tidy(value) for name, value in data.items()}
    code = typed.get("code", "")
    said = {
        "account": code,
        "ours": typed.get("ours", ""),
        "dimensions": [typed.get(f"place{at}", "") for at in range(int(typed.get("places") or 0) % 4)],
        "fixed": {d.slug: typed[f"fixed.{d.slug}"] for d in Dimension if typed.get(f"fixed.{d.slug}")},
    }
    try:
        command = _command(DecideAccounts, "ours", decisions=[said])
        visit.run(lambda u: service.decide_accounts(u, organisation_id, takeover_id, command))
    except NotFound:
        raise
    except (RuleViolated, Conflict) as refusal:
        return _account(request, organisation_id, takeover_id, code, said, _placed(refusal))
    return Redirect(f"{_home(organisation_id, takeover_id)}/accounts", status_code=303)


def _placed(refusal: Refusal) -> Refusal:
    return refusal if isinstance(refusal, Invalid | Conflict) else Invalid({"ours": refusal})


def _account(
    request: Ask,
    organisation_id: int,
    takeover_id: int,
    code: str,
    said: Mapping[str, Any] | None,
    refusal: Refusal | None = None,
) -> Response[Any]:
    visit = visit_of(request)
    earlier = _earlier(visit, organisation_id, takeover_id)

    def read(u: UnitOfWork) -> Any:
        return (
            organisation_at(u),
            service.takeover(u, organisation_id, takeover_id),
            service.account_line(u, organisation_id, takeover_id, code, earlier),
            service.chart(u, organisation_id, takeover_id),
        )

    organisation, found, (line, samples), chart = visit.read(read)
    chosen = line.decision or line.suggestion
    ours = said["ours"] if said else chosen.ours if chosen else ""
    permitted = chart[ours].permitted if ours in chart else ~Dimension(0)
    mandatory = chart[ours].mandatory if ours in chart else Dimension(0)
    dimensions = list(said["dimensions"]) if said else list(chosen.dimensions) if chosen else []
    fixed = dict(said["fixed"]) if said else dict(line.decision.fixed) if line.decision else {}
    return render(
        request,
        "takeover/account.html",
        **_shown(organisation, found, _home(organisation_id, takeover_id), refusal, visit),
        line=line,
        samples=samples,
        ours=ours,
        ours_name=chart[ours].name(visit.language.value) if ours in chart else "",
        chosen=dimensions + [""] * 3,
        fixed=fixed,
        permitted=[d for d in Dimension if d in permitted],
        mandatory=[d for d in Dimension if d in mandatory],
        why=WHY,
    )


# ------------------------------------------------------------------------------------------------ values


@get(_ONE + "/values", opt=_IMPORT, sync_to_thread=True)
def values(request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId) -> Response[Any]:
    return _values(request, organisation_id, takeover_id)


@post(_ONE + "/values", opt=_IMPORT, sync_to_thread=True)
def decide_values(
    request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId, data: Sent
) -> Response[Any]:
    """Accept what is proposed, or what was typed."""

    def decide(u: UnitOfWork) -> int:
        if data.get("do") == "accept":
            return service.accept_values(u, organisation_id, takeover_id)
        decided = []
        for line in service.values(u, organisation_id, takeover_id):
            name = f"{line.dimension.slug}:{line.said}"
            if name in data and tidy(data[name]) != line.code:
                decided.append({"dimension": line.dimension.slug, "said": line.said, "code": tidy(data[name])})
        if not decided:
            return 0
        command = _command(DecideValues, "", decisions=decided)
        return service.decide_values(u, organisation_id, takeover_id, command)

    try:
        visit.run(decide)
    except _REFUSALS as refusal:
        return _values(request, organisation_id, takeover_id, refusal, data)
    return Redirect(f"{_home(organisation_id, takeover_id)}/values", status_code=303)


def _values(
    request: Ask,
    organisation_id: int,
    takeover_id: int,
    refusal: Refusal | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response[Any]:
    visit = visit_of(request)

    def read(u: UnitOfWork) -> Any:
        found = service.takeover(u, organisation_id, takeover_id)
        return organisation_at(u), found, service.values(u, organisation_id, takeover_id)

    organisation, found, lines = visit.read(read)
    return render(
        request,
        "takeover/values.html",
        **_shown(organisation, found, _home(organisation_id, takeover_id), refusal, visit),
        lines=lines[:_MOST_SHOWN],
        more=max(len(lines) - _MOST_SHOWN, 0),
        acceptable=sum(1 for v in lines if not v.code and v.proposed and v.known),
        typed=typed or {},
        why=WHY,
    )


_MOST_SHOWN = 300

# ------------------------------------------------------------------------------------------------ opening balances


@get(_ONE + "/opening", opt=_IMPORT, sync_to_thread=True)
def opening(request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId) -> Response[Any]:
    return _opening(request, organisation_id, takeover_id)


@post(_ONE + "/opening", opt=_IMPORT, sync_to_thread=True)
def post_opening(
    request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId, data: Sent
) -> Response[Any]:
    """Post the opening balances, or take them back."""
    try:
        key = _key(data)
        act = service.take_back_opening if data.get("do") == "take-back" else service.post_opening
        visit.run(lambda u: act(u, organisation_id, takeover_id, key))
    except _REFUSALS as refusal:
        return _opening(request, organisation_id, takeover_id, refusal)
    return Redirect(f"{_home(organisation_id, takeover_id)}/opening", status_code=303)


def _key(data: Mapping[str, str]) -> UUID:
    try:
        return UUID(data.get("key", ""))
    except ValueError:
        raise KeyDamaged() from None


def _opening(request: Ask, organisation_id: int, takeover_id: int, refusal: Refusal | None = None) -> Response[Any]:
    visit = visit_of(request)
    say = speech(visit.language)

    def read(u: UnitOfWork) -> Any:
        found = service.takeover(u, organisation_id, takeover_id)
        try:
            planned = service.opening(u, organisation_id, takeover_id)
        except RuleViolated as missing:
            return organisation_at(u), found, None, missing, {}
        return organisation_at(u), found, planned, None, service.chart(u, organisation_id, takeover_id)

    organisation, found, planned, missing, chart = visit.read(read)
    sums: dict[str, int] = {}
    for side, tiyn in planned.balances.items() if planned else ():
        sums[side.account] = sums.get(side.account, 0) + tiyn
    shown = [(chart[code], tiyn) for code, tiyn in sums.items()]
    return render(
        request,
        "takeover/opening.html",
        **_shown(organisation, found, _home(organisation_id, takeover_id), refusal, visit),
        planned=planned,
        missing=say.refusal(missing) if missing else "",
        sums=sorted(shown, key=lambda each: (each[0].is_off_balance, each[0].code)),
        wrong=[(fault.side, fault.tiyn, say.refusal(fault.error)) for fault in (planned.faults if planned else ())],
        key=str(uuid4()),
    )


# ------------------------------------------------------------------------------------------------ entries


@get(_ONE + "/months", opt=_IMPORT, sync_to_thread=True)
def months(request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId) -> Response[Any]:
    def read(u: UnitOfWork) -> Any:
        found = service.takeover(u, organisation_id, takeover_id)
        return organisation_at(u), found, service.months(u, organisation_id, takeover_id)

    organisation, found, lines = visit.read(read)
    return render(
        request,
        "takeover/months.html",
        **_shown(organisation, found, _home(organisation_id, takeover_id), None, visit),
        lines=lines,
    )


@get(_ONE + "/months/{month:str}", opt=_IMPORT, sync_to_thread=True)
def month(
    request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId, month: FromPath[str]
) -> Response[Any]:
    query, on = query_of(request), parse_month(month)
    if query.get("as") in FORMATS:
        return download(visit, query["as"], lambda u: _rest(visit, u, organisation_id, takeover_id, on))
    return _month(request, organisation_id, takeover_id, on)


@post(_ONE + "/months/{month:str}", opt=_IMPORT, sync_to_thread=True)
def post_month(
    request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId, month: FromPath[str], data: Sent
) -> Response[Any]:
    """Post what can be posted of a month."""
    on = parse_month(month)
    try:
        key = _key(data)
        visit.run(lambda u: service.post_month(u, organisation_id, takeover_id, on, key))
    except _REFUSALS as refusal:
        return _month(request, organisation_id, takeover_id, on, refusal)
    return Redirect(f"{_home(organisation_id, takeover_id)}/months/{month}", status_code=303)


def _month(
    request: Ask, organisation_id: int, takeover_id: int, on: date, refusal: Refusal | None = None
) -> Response[Any]:
    visit = visit_of(request)
    say = speech(visit.language)

    def read(u: UnitOfWork) -> Any:
        found = service.takeover(u, organisation_id, takeover_id)
        lines = [m for m in service.months(u, organisation_id, takeover_id) if m.month == on]
        return organisation_at(u), found, service.month_plan(u, organisation_id, takeover_id, on), lines

    organisation, found, plan, lines = visit.read(read)
    reasons: dict[str, int] = {}
    for fault in plan.refused:
        reason = _why(fault, say)
        reasons[reason] = reasons.get(reason, 0) + 1
    return render(
        request,
        "takeover/month.html",
        **_shown(organisation, found, _home(organisation_id, takeover_id), refusal, visit),
        plan=plan,
        line=lines[0] if lines else None,
        refused=[(fault, _why(fault, say)) for fault in plan.refused[:_MOST_SHOWN]],
        reasons=sorted(reasons.items(), key=lambda each: -each[1]),
        key=str(uuid4()),
    )


def _why(fault: Refused, say: Speech) -> str:
    error = fault.error
    return say.told(error.template, error.fields) if isinstance(error, Unread) else say.refusal(error)


def _rest(visit: Visit, u: UnitOfWork, organisation_id: int, takeover_id: int, on: date) -> tuple[Table, About]:
    """Refused rows exactly as in the file, with their places and the reasons."""
    say = speech(visit.language)
    plan = service.month_plan(u, organisation_id, takeover_id, on)
    width = max((len(fault.row.cells) for fault in plan.refused), default=0)
    columns = [Column(say("Place"), Cell.CODE), *(Column(_letter(at)) for at in range(width)),
               Column(say("Why refused"))]  # fmt: skip
    rows = [
        Row([f"A{fault.row.row_no}", *fault.row.cells, *[""] * (width - len(fault.row.cells)), _why(fault, say)])
        for fault in plan.refused
    ]
    facts = ((say("File"), plan.file.name), (say("Month"), say.month(on)))
    return Table(say("Rows not posted"), columns, rows), _about(u, say, f"takeover-rest-{on:%Y-%m}", *facts)


def _letter(at: int) -> str:
    return chr(ord("A") + at) if at < 26 else f"A{chr(ord('A') + at - 26)}"


# ------------------------------------------------------------------------------------------------ parallel run


@get(_ONE + "/compare", opt=_IMPORT, sync_to_thread=True)
def compare(request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId) -> Response[Any]:
    def read(u: UnitOfWork) -> Any:
        found = service.takeover(u, organisation_id, takeover_id)
        return organisation_at(u), found, service.comparisons(u, organisation_id, takeover_id)

    organisation, found, made = visit.read(read)
    return render(
        request,
        "takeover/compare.html",
        **_shown(organisation, found, _home(organisation_id, takeover_id), None, visit),
        comparisons=made,
        largest=max((c.size for c in made), default=0),
        months=speech(visit.language).months,
    )


@dataclass(frozen=True)
class ShownDifference:
    difference: Difference
    name: str
    dimensions: tuple[DimensionValue, ...]
    url: str


@get(_ONE + "/compare/{file_id:int}", opt=_IMPORT, sync_to_thread=True)
def differences(
    request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId, file_id: FileId
) -> Response[Any]:
    query = query_of(request)
    if query.get("as") in FORMATS:
        return download(
            visit, query["as"], lambda u: _differences_table(visit, u, organisation_id, takeover_id, file_id)
        )
    return _differences(request, organisation_id, takeover_id, file_id)


@post(_ONE + "/compare/{file_id:int}", opt=_AGREE, sync_to_thread=True)
def agree(
    request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId, file_id: FileId, data: Sent
) -> Response[Any]:
    """Record that both trial balances are equal."""
    try:
        visit.run(lambda u: service.agree(u, organisation_id, takeover_id, file_id))
    except _REFUSALS as refusal:
        return _differences(request, organisation_id, takeover_id, file_id, refusal)
    return Redirect(f"{_home(organisation_id, takeover_id)}/compare", status_code=303)


def _read_differences(
    u: UnitOfWork, visit: Visit, organisation_id: int, takeover_id: int, file_id: int
) -> tuple[Takeover, Comparison, list[ShownDifference]]:
    found = service.takeover(u, organisation_id, takeover_id)
    made = service.comparison(u, organisation_id, takeover_id, file_id)
    address = f"{_home(organisation_id, takeover_id)}/compare/{file_id}/behind"
    return (
        found,
        made,
        _named(u, visit, organisation_id, takeover_id, made.differences, made.file.span.last_day, address),
    )


def _named(
    u: UnitOfWork,
    visit: Visit,
    organisation_id: int,
    takeover_id: int,
    found: Sequence[Difference],
    on: date,
    address: str,
) -> list[ShownDifference]:
    chart = service.chart(u, organisation_id, takeover_id)
    pairs = {(d, code) for each in found for d, code in zip(Dimension, each.codes, strict=True) if code}
    labels = journal.labels(u, pairs, on=on)
    shown = []
    for each in found:
        codes = [(d, code) for d, code in zip(Dimension, each.codes, strict=True) if code]
        query = {"account": each.account} | {d.slug: code for d, code in codes}
        name = chart[each.account].name(visit.language.value) if each.account in chart else ""
        shown.append(
            ShownDifference(each, name, tuple(labels[pair] for pair in codes), f"{address}?{urlencode(query)}")
        )
    return shown


def _differences(
    request: Ask, organisation_id: int, takeover_id: int, file_id: int, refusal: Refusal | None = None
) -> Response[Any]:
    visit = visit_of(request)

    def read(u: UnitOfWork) -> Any:
        return organisation_at(u), *_read_differences(u, visit, organisation_id, takeover_id, file_id)

    organisation, found, made, shown = visit.read(read)
    return render(
        request,
        "takeover/differences.html",
        **_shown(organisation, found, _home(organisation_id, takeover_id), refusal, visit),
        made=made,
        shown=shown,
        months=speech(visit.language).months,
    )


def _differences_table(
    visit: Visit, u: UnitOfWork, organisation_id: int, takeover_id: int, file_id: int
) -> tuple[Table, About]:
    say = speech(visit.language)
    _, made, shown = _read_differences(u, visit, organisation_id, takeover_id, file_id)
    groups = (say("There"), say("Here"), say("Difference"))
    parts = (say("Opening balance"), say("Debit turnover"), say("Credit turnover"), say("Closing balance"))
    columns = [Column(say("Account"), Cell.CODE), Column(say("Name")), Column(say("Dimensions")),
               *(Column(part, Cell.BALANCE, group) for group in groups for part in parts),
               Column(say("Explained"))]  # fmt: skip
    rows = []
    for each in shown:
        d = each.difference
        figures = (d.theirs_opening, d.theirs_debit, d.theirs_credit, d.theirs_closing,
                   d.ours_opening, d.ours_debit, d.ours_credit, d.ours_closing,
                   d.opening, d.debit, d.credit, d.closing)  # fmt: skip
        rows.append(Row([d.account, each.name, " ".join(v.code for v in each.dimensions), *figures, d.reason]))
    facts = ((say("File"), made.file.name), (say("Period"), say.months(made.file.span.first, made.file.span.last)))
    return Table(say("Differences"), columns, rows), _about(u, say, f"takeover-differences-{file_id}", *facts)


@get(_ONE + "/compare/{file_id:int}/behind", opt=_IMPORT, sync_to_thread=True)
def behind(
    request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId, file_id: FileId
) -> Response[Any]:
    return _behind(request, organisation_id, takeover_id, file_id, query_of(request))


@post(_ONE + "/compare/{file_id:int}/behind", opt=_IMPORT, sync_to_thread=True)
def explain(
    request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId, file_id: FileId, data: Sent
) -> Response[Any]:
    """Say why a difference is there."""
    asked = {name: tidy(value) for name, value in data.items()}
    try:
        command = _command(
            ExplainDifference, "reason", account=asked.get("account", ""), codes=_codes(asked),
            reason=asked.get("reason", ""),
        )  # fmt: skip
        visit.run(lambda u: service.explain(u, organisation_id, takeover_id, file_id, command))
    except NotFound:
        raise
    except (RuleViolated, Conflict) as refusal:
        told = refusal if isinstance(refusal, Invalid | Conflict) else Invalid({"reason": refusal})
        return _behind(request, organisation_id, takeover_id, file_id, asked, told)
    return Redirect(f"{_home(organisation_id, takeover_id)}/compare/{file_id}", status_code=303)


def _codes(asked: Mapping[str, str]) -> list[str]:
    return [asked.get(dimension.slug, "") for dimension in Dimension]


def _behind(
    request: Ask,
    organisation_id: int,
    takeover_id: int,
    file_id: int,
    asked: Mapping[str, str],
    refusal: Refusal | None = None,
) -> Response[Any]:
    visit = visit_of(request)
    account_code, codes = asked.get("account", ""), _codes(asked)

    def read(u: UnitOfWork) -> tuple[Organisation, Takeover, Comparison, ShownDifference, Drill]:
        found = service.takeover(u, organisation_id, takeover_id)
        made, difference, drill = service.behind(u, organisation_id, takeover_id, file_id, account_code, codes)
        day = made.file.span.last_day
        shown = _named(u, visit, organisation_id, takeover_id, [difference], day, "")
        return organisation_at(u), found, made, shown[0], drill

    organisation, found, made, shown, drill = visit.read(read)
    return render(
        request,
        "takeover/behind.html",
        **_shown(organisation, found, _home(organisation_id, takeover_id), refusal, visit),
        made=made,
        shown=shown,
        difference=shown.difference,
        drill=drill,
        asked={name: asked[name] for name in ("account", *(d.slug for d in Dimension)) if asked.get(name)},
        reason=asked.get("reason", ""),
        months=speech(visit.language).months,
    )


routes = [
    takeovers,
    begin,
    path,
    take_in,
    set_aside,
    end,
    words,
    decide_words,
    counterparties,
    link_counterparties,
    accounts,
    accept_suggestions,
    account,
    decide_account,
    values,
    decide_values,
    opening,
    post_opening,
    months,
    month,
    post_month,
    compare,
    differences,
    agree,
    behind,
    explain,
]
