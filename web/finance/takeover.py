"""Moving an institution over from another program, step by step, and the parallel run."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID, uuid4

from litestar import Response, get, post
from litestar.params import FromPath, PathParameter
from litestar.response import Redirect
from pydantic import BaseModel

from api.finance.takeovers import earlier_decisions
from api.problems import status_of
from api.security import Visit, Visitor
from erp.base.clock import now
from erp.base.dates import DayMalformed, MonthMalformed, MonthSpan, parse_month
from erp.base.errors import Conflict, Invalid, NotFound, RuleViolated
from erp.base.i18n import N_
from erp.base.sheets.model import letters
from erp.base.uow import UnitOfWork
from erp.finance.journal import service as journal
from erp.finance.journal.model import DimensionValue
from erp.finance.takeover import service
from erp.finance.takeover.comparing import service as comparing
from erp.finance.takeover.comparing.model import Comparison, Difference
from erp.finance.takeover.files import service as files
from erp.finance.takeover.files.model import Unread
from erp.finance.takeover.mapping import service as mapping
from erp.finance.takeover.mapping.fonts import Evidence
from erp.finance.takeover.mapping.model import Why
from erp.finance.takeover.model import Kind, State
from erp.finance.takeover.path import Path
from erp.finance.takeover.path import path as path_of
from erp.finance.takeover.posting import months as entries
from erp.finance.takeover.posting import opening as balances
from erp.finance.takeover.posting.model import Refused
from erp.finance.takeover.posting.rules import OpeningMissing
from erp.finance.takeover.schemas import (
    AcceptSuggestions,
    BeginTakeover,
    DecideAccounts,
    DecideValues,
    DecideWords,
    ExplainDifference,
)
from erp.reference.access.model import Permission
from ledger.errors import LedgerError, YearOutOfRange
from ledger.model import Dimension
from web.faults import Refusal, fault_sheet
from web.forms import Empty, KeyDamaged, kept_day, made, tidy
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
_MOST_SHOWN = 300

TakeoverId = Annotated[int, PathParameter(ge=1, le=2_147_483_647)]
FileId = Annotated[int, PathParameter(ge=1, le=2_147_483_647)]
C = TypeVar("C", bound=BaseModel)
Told = tuple[Table, str, Sequence[tuple[str, str]]]
"""A table to download, its file's name, and facts told above it."""

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
    Why.EARLIER: N_("so in another takeover"),
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


# ------------------------------------------------------------------------------------------------ any page of one


@dataclass(frozen=True)
class At:
    """A takeover whose page is asked for."""

    request: Ask
    organisation_id: int
    takeover_id: int

    @property
    def visit(self) -> Visit:
        return visit_of(self.request)

    @property
    def say(self) -> Speech:
        return speech(self.visit.language)

    @property
    def ids(self) -> tuple[int, int]:
        return self.organisation_id, self.takeover_id

    @property
    def home(self) -> str:
        return f"/o/{self.organisation_id}/takeover/{self.takeover_id}"

    def page(
        self,
        template: str,
        read: Callable[[UnitOfWork], Mapping[str, Any]],
        refusal: Refusal | None = None,
        **more: Any,
    ) -> Response[Any]:
        """A page of what one transaction reads, with the refusal that brought it back."""

        def whole(u: UnitOfWork) -> dict[str, Any]:
            found = service.takeover(u, *self.ids)
            return {"organisation": organisation_at(u), "takeover": found, **read(u)}

        sheet = fault_sheet(refusal, self.visit.language)
        return render(
            self.request,
            f"takeover/{template}.html",
            **self.visit.read(whole),
            **more,
            address=self.home,
            section="takeover",
            status=status_of(refusal) if refusal else 200,
            faults=sheet.by_field,
            summary=sheet.summary,
        )

    def act(
        self, command: Callable[[UnitOfWork], Any], to: str, again: Callable[[Refusal], Response[Any]], field: str = ""
    ) -> Response[Any]:
        """Do it and go on; where it is refused, the page again, with the refusal told at ``field``."""
        try:
            self.visit.run(command)
        except _REFUSALS as refusal:
            return again(_placed(refusal, field))
        return Redirect(f"{self.home}{to}", status_code=303)

    def table(self, form: str, make: Callable[[UnitOfWork], Told]) -> Response[Any]:
        """A table as a file."""

        def told(u: UnitOfWork) -> tuple[Table, About]:
            table, name, facts = make(u)
            organisation = organisation_at(u)
            whose = [("", organisation.name(self.say.language.value)), (self.say("BIN"), organisation.code)]
            return table, About([*whose, *facts], now(), name)

        return download(self.visit, form, told)


def _placed(refusal: Refusal, field: str) -> Refusal:
    """A refusal of what was typed stands beside its field.  Raises: NotFound, where a field is named."""
    if not field or isinstance(refusal, Invalid | Conflict):
        return refusal
    if isinstance(refusal, NotFound):
        raise refusal
    return Invalid({field: refusal})


def _command(kind: type[C], field: str, **said: Any) -> C:
    """A command of what was typed.  Raises: Invalid, told at ``field``."""
    return made(kind, said, at=lambda _: field)


def _key(data: Mapping[str, str]) -> UUID:
    try:
        return UUID(data.get("key", ""))
    except ValueError:
        raise KeyDamaged() from None


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
    return _command(BeginTakeover, "source_program", starts_on=day, source_program=typed["source_program"])


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
        takeovers=found,
        states=STATES,
        typed={"starts_on": "", "source_program": "", **typed},
        faults=sheet.by_field,
        summary=sheet.summary,
    )


# ------------------------------------------------------------------------------------------------ the path


@get(_ONE, opt=_IMPORT, sync_to_thread=True)
def path(request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId) -> Response[Any]:
    return _path(At(request, organisation_id, takeover_id))


@post(_ONE + "/files", opt=_IMPORT, sync_to_thread=True)
def take_in(
    request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId, data: Uploaded
) -> Response[Any]:
    """Take in a file of the other program."""
    at = At(request, organisation_id, takeover_id)
    typed = {name: tidy(str(data.get(name) or "")) for name in ("first", "last")}

    try:
        file, span = checked(request, data.get("file")), _span(typed)
    except _REFUSALS as refusal:
        return _path(at, refusal, typed)
    return at.act(lambda u: files.take_in(u, *at.ids, file, span), "#files", lambda refusal: _path(at, refusal, typed))


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


@post(_ONE + "/files/{file_id:int}/aside", opt=_IMPORT, sync_to_thread=True)
def set_aside(
    request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId, file_id: FileId, data: Sent
) -> Response[Any]:
    """Let a file count no more."""
    at = At(request, organisation_id, takeover_id)
    return at.act(lambda u: files.set_aside(u, *at.ids, file_id), "#files", lambda refusal: _path(at, refusal))


@post(_ONE + "/end", opt=_AGREE, sync_to_thread=True)
def end(request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId, data: Sent) -> Response[Any]:
    """Finish the parallel run, or give it up."""
    at = At(request, organisation_id, takeover_id)
    act = service.give_up if data.get("do") == "give-up" else comparing.finish
    return at.act(lambda u: act(u, *at.ids), "", lambda refusal: _path(at, refusal))


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
        typed=typed or {"first": "", "last": ""},
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


# ------------------------------------------------------------------------------------------------ words


@get(_ONE + "/words", opt=_IMPORT, sync_to_thread=True)
def words(request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId) -> Response[Any]:
    return _words(At(request, organisation_id, takeover_id))


@post(_ONE + "/words", opt=_IMPORT, sync_to_thread=True)
def decide_words(
    request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId, data: Sent
) -> Response[Any]:
    """Repair the words that are ticked, and leave the others as they are."""
    at = At(request, organisation_id, takeover_id)

    def decide(u: UnitOfWork) -> None:
        repairs, _ = mapping.words(u, *at.ids)
        decided = [{"before": r.before, "after": r.after if f"word:{r.before}" in data else r.before} for r in repairs]
        if decided:
            mapping.decide_words(u, *at.ids, _command(DecideWords, "", decisions=decided))

    return at.act(decide, "", lambda refusal: _words(at, refusal))


def _words(at: At, refusal: Refusal | None = None) -> Response[Any]:
    def read(u: UnitOfWork) -> dict[str, Any]:
        repairs, decided = mapping.words(u, *at.ids)
        return {"repairs": repairs, "decided": decided}

    return at.page("words", read, refusal, evidence=EVIDENCE)


# ------------------------------------------------------------------------------------------------ counterparties


@get(_ONE + "/counterparties", opt=_IMPORT, sync_to_thread=True)
def counterparties(request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId) -> Response[Any]:
    return _counterparties(At(request, organisation_id, takeover_id))


@post(_ONE + "/counterparties", opt=_IMPORT, sync_to_thread=True)
def link_counterparties(
    request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId, data: Sent
) -> Response[Any]:
    """Register those that are new."""
    at = At(request, organisation_id, takeover_id)
    return at.act(lambda u: mapping.link_counterparties(u, *at.ids), "", lambda refusal: _counterparties(at, refusal))


def _counterparties(at: At, refusal: Refusal | None = None) -> Response[Any]:
    return at.page("counterparties", lambda u: {"linking": mapping.counterparties_of(u, *at.ids)}, refusal)


# ------------------------------------------------------------------------------------------------ accounts


@get(_ONE + "/accounts", opt=_IMPORT, sync_to_thread=True)
def accounts(request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId) -> Response[Any]:
    at, query = At(request, organisation_id, takeover_id), query_of(request)
    if query.get("as") in FORMATS:
        return at.table(query["as"], lambda u: _accounts_table(at, u))
    return _accounts(at)


@post(_ONE + "/accounts", opt=_IMPORT, sync_to_thread=True)
def accept_suggestions(
    request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId, data: Sent
) -> Response[Any]:
    """Accept every suggestion that is sure enough."""
    at = At(request, organisation_id, takeover_id)
    earlier = earlier_decisions(visit, *at.ids)

    def accept(u: UnitOfWork) -> None:
        command = _command(AcceptSuggestions, "least", least=data.get("least", ""))
        mapping.accept_suggestions(u, *at.ids, command, earlier)

    return at.act(accept, "/accounts", lambda refusal: _accounts(at, refusal, data.get("least", "")))


def _accounts(at: At, refusal: Refusal | None = None, least: str = "90") -> Response[Any]:
    earlier = earlier_decisions(at.visit, *at.ids)

    def read(u: UnitOfWork) -> dict[str, Any]:
        lines, chart = mapping.accounts(u, *at.ids, earlier), mapping.chart(u, *at.ids)
        counts = [(sure, mapping.acceptable(lines, chart, sure)) for sure in (100, 90, 75, 60)]
        return {
            "lines": sorted(lines, key=lambda line: line.decision is not None),
            "chart": chart,
            "counts": [(sure, count) for sure, count in counts if count],
        }

    named = {d.slug: at.say.dimension(d) for d in Dimension}
    return at.page("accounts", read, refusal, named=named, why=WHY, least=least)


def _accounts_table(at: At, u: UnitOfWork) -> Told:
    say = at.say
    columns = [Column(say("Account there"), Cell.CODE), Column(say("Name")), Column(say("Account here"), Cell.CODE),
               Column(say("Dimensions")), Column(say("Decided by"))]  # fmt: skip
    rows = []
    for line in mapping.accounts(u, *at.ids):
        decided = line.decision
        slugs = filter(None, (*decided.dimensions, *decided.fixed)) if decided else ()
        told = ", ".join(say.dimension(Dimension.of(slug)) for slug in slugs)
        rows.append(Row([line.account.code, line.name, decided.ours if decided else "", told,
                         decided.decided_by if decided else ""]))  # fmt: skip
    return Table(say("Mapping of accounts"), columns, rows), "takeover-accounts", ()


@get(_ONE + "/account", opt=_IMPORT, sync_to_thread=True)
def account(request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId) -> Response[Any]:
    return _account(At(request, organisation_id, takeover_id), query_of(request).get("code", ""))


@post(_ONE + "/account", opt=_IMPORT, sync_to_thread=True)
def decide_account(
    request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId, data: Sent
) -> Response[Any]:
    """Say what one account becomes."""
    at = At(request, organisation_id, takeover_id)
    typed = {name: tidy(value) for name, value in data.items()}
    places = [name for name in ("place0", "place1", "place2") if name in typed]
    code = typed.get("code", "")
    said = {
        "account": code,
        "ours": typed.get("ours", ""),
        "dimensions": [typed[name] for name in places],
        "fixed": {d.slug: typed[f"fixed.{d.slug}"] for d in Dimension if typed.get(f"fixed.{d.slug}")},
    }

    def decide(u: UnitOfWork) -> None:
        mapping.decide_accounts(u, *at.ids, _command(DecideAccounts, "ours", decisions=[said]))

    return at.act(decide, "/accounts", lambda refusal: _account(at, code, said, refusal), "ours")


def _account(at: At, code: str, said: Mapping[str, Any] | None = None, refusal: Refusal | None = None) -> Response[Any]:
    earlier = earlier_decisions(at.visit, *at.ids)

    def read(u: UnitOfWork) -> dict[str, Any]:
        line, samples = mapping.account_line(u, *at.ids, code, earlier)
        decided, chosen = line.decision, line.decision or line.suggestion
        shown = said or {
            "ours": chosen.ours if chosen else "",
            "dimensions": chosen.dimensions if chosen else (),
            "fixed": decided.fixed if decided else {},
        }
        ours = mapping.chart(u, *at.ids).get(shown["ours"])
        return {
            "line": line,
            "samples": samples,
            "ours": shown["ours"],
            "ours_name": ours.name(at.visit.language.value) if ours else "",
            "chosen": [*shown["dimensions"], "", "", ""],
            "fixed": shown["fixed"],
            "permitted": [d for d in Dimension if ours is None or d in ours.permitted],
            "mandatory": [d for d in Dimension if ours is not None and d in ours.mandatory],
        }

    return at.page("account", read, refusal, why=WHY)


# ------------------------------------------------------------------------------------------------ values


@get(_ONE + "/values", opt=_IMPORT, sync_to_thread=True)
def values(request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId) -> Response[Any]:
    return _values(At(request, organisation_id, takeover_id))


@post(_ONE + "/values", opt=_IMPORT, sync_to_thread=True)
def decide_values(
    request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId, data: Sent
) -> Response[Any]:
    """Accept what is proposed, or what was typed."""
    at = At(request, organisation_id, takeover_id)

    def decide(u: UnitOfWork) -> None:
        if data.get("do") == "accept":
            mapping.accept_values(u, *at.ids)
            return
        decided = []
        for line in mapping.values(u, *at.ids):
            name = f"{line.dimension.slug}:{line.said}"
            if name in data and tidy(data[name]) != line.code:
                decided.append({"dimension": line.dimension.slug, "said": line.said, "code": tidy(data[name])})
        if decided:
            mapping.decide_values(u, *at.ids, _command(DecideValues, "", decisions=decided))

    return at.act(decide, "/values", lambda refusal: _values(at, refusal, data))


def _values(at: At, refusal: Refusal | None = None, typed: Mapping[str, str] | None = None) -> Response[Any]:
    def read(u: UnitOfWork) -> dict[str, Any]:
        lines = mapping.values(u, *at.ids)
        return {
            "lines": lines[:_MOST_SHOWN],
            "more": max(len(lines) - _MOST_SHOWN, 0),
            "acceptable": sum(line.is_acceptable for line in lines),
        }

    return at.page("values", read, refusal, typed=typed or {}, why=WHY)


# ------------------------------------------------------------------------------------------------ opening balances


@get(_ONE + "/opening", opt=_IMPORT, sync_to_thread=True)
def opening(request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId) -> Response[Any]:
    return _opening(At(request, organisation_id, takeover_id))


@post(_ONE + "/opening", opt=_IMPORT, sync_to_thread=True)
def post_opening(
    request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId, data: Sent
) -> Response[Any]:
    """Post the opening balances, or take them back."""
    at = At(request, organisation_id, takeover_id)
    act = balances.take_back_opening if data.get("do") == "take-back" else balances.post_opening
    return at.act(lambda u: act(u, *at.ids, _key(data)), "/opening", lambda refusal: _opening(at, refusal))


def _opening(at: At, refusal: Refusal | None = None) -> Response[Any]:
    def read(u: UnitOfWork) -> dict[str, Any]:
        try:
            planned = balances.opening(u, *at.ids)
        except OpeningMissing as missing:
            return {"planned": None, "missing": at.say.refusal(missing)}
        chart = mapping.chart(u, *at.ids)
        sums: dict[str, int] = {}
        for side, tiyn in planned.balances.items():
            sums[side.account] = sums.get(side.account, 0) + tiyn
        shown = [(chart[code], tiyn) for code, tiyn in sums.items()]
        return {
            "planned": planned,
            "missing": "",
            "sums": sorted(shown, key=lambda each: (each[0].is_off_balance, each[0].code)),
            "wrong": [(fault.side, fault.tiyn, at.say.refusal(fault.error)) for fault in planned.faults],
        }

    return at.page("opening", read, refusal, key=str(uuid4()))


# ------------------------------------------------------------------------------------------------ entries


@get(_ONE + "/months", opt=_IMPORT, sync_to_thread=True)
def months(request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId) -> Response[Any]:
    at = At(request, organisation_id, takeover_id)
    return at.page("months", lambda u: {"lines": entries.months(u, *at.ids)})


@get(_ONE + "/months/{month:str}", opt=_IMPORT, sync_to_thread=True)
def month(
    request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId, month: FromPath[str]
) -> Response[Any]:
    at, query, on = At(request, organisation_id, takeover_id), query_of(request), parse_month(month)
    if query.get("as") in FORMATS:
        return at.table(query["as"], lambda u: _rest(at, u, on))
    return _month(at, on)


@post(_ONE + "/months/{month:str}", opt=_IMPORT, sync_to_thread=True)
def post_month(
    request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId, month: FromPath[str], data: Sent
) -> Response[Any]:
    """Post what can be posted of a month."""
    at, on = At(request, organisation_id, takeover_id), parse_month(month)
    return at.act(
        lambda u: entries.post_month(u, *at.ids, on, _key(data)), f"/months/{on:%Y-%m}",
        lambda refusal: _month(at, on, refusal),
    )  # fmt: skip


def _month(at: At, on: date, refusal: Refusal | None = None) -> Response[Any]:
    def read(u: UnitOfWork) -> dict[str, Any]:
        plan = entries.month_plan(u, *at.ids, on)
        reasons: dict[str, int] = {}
        for fault in plan.refused:
            reason = _why(fault, at.say)
            reasons[reason] = reasons.get(reason, 0) + 1
        return {
            "plan": plan,
            "line": next((m for m in entries.months(u, *at.ids) if m.month == on), None),
            "refused": [(fault, _why(fault, at.say)) for fault in plan.refused[:_MOST_SHOWN]],
            "reasons": sorted(reasons.items(), key=lambda each: -each[1]),
        }

    return at.page("month", read, refusal, key=str(uuid4()))


def _why(fault: Refused, say: Speech) -> str:
    error = fault.error
    return say.told(error.template, error.fields) if isinstance(error, Unread) else say.refusal(error)


def _rest(at: At, u: UnitOfWork, on: date) -> Told:
    """Refused rows exactly as in the file, with their places and the reasons."""
    say, plan = at.say, entries.month_plan(u, *at.ids, on)
    width = max((len(fault.row.cells) for fault in plan.refused), default=0)
    columns = [Column(say("Place"), Cell.CODE), *(Column(letters(column)) for column in range(width)),
               Column(say("Why refused"))]  # fmt: skip
    rows = [
        Row([f"A{fault.row.row_no}", *fault.row.cells, *[""] * (width - len(fault.row.cells)), _why(fault, say)])
        for fault in plan.refused
    ]
    facts = ((say("File"), plan.file.name), (say("Month"), say.month(on)))
    return Table(say("Rows not posted"), columns, rows), f"takeover-rest-{on:%Y-%m}", facts


# ------------------------------------------------------------------------------------------------ parallel run


@get(_ONE + "/compare", opt=_IMPORT, sync_to_thread=True)
def compare(request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId) -> Response[Any]:
    at = At(request, organisation_id, takeover_id)

    def read(u: UnitOfWork) -> dict[str, Any]:
        made = comparing.comparisons(u, *at.ids)
        return {"comparisons": made, "largest": max((c.size for c in made), default=0)}

    return at.page("compare", read, months=at.say.months)


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
    at, query = At(request, organisation_id, takeover_id), query_of(request)
    if query.get("as") in FORMATS:
        return at.table(query["as"], lambda u: _differences_table(at, u, file_id))
    return _differences(at, file_id)


@post(_ONE + "/compare/{file_id:int}", opt=_AGREE, sync_to_thread=True)
def agree(
    request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId, file_id: FileId, data: Sent
) -> Response[Any]:
    """Record that both trial balances are equal."""
    at = At(request, organisation_id, takeover_id)
    return at.act(
        lambda u: comparing.agree(u, *at.ids, file_id), "/compare", lambda refusal: _differences(at, file_id, refusal)
    )


def _differences(at: At, file_id: int, refusal: Refusal | None = None) -> Response[Any]:
    def read(u: UnitOfWork) -> dict[str, Any]:
        made = comparing.comparison(u, *at.ids, file_id)
        return {"made": made, "shown": _named(at, u, made, made.differences)}

    return at.page("differences", read, refusal, months=at.say.months)


def _named(at: At, u: UnitOfWork, made: Comparison, found: Sequence[Difference]) -> list[ShownDifference]:
    """Differences with the names of accounts and values, each with the address of what is behind it."""
    chart = mapping.chart(u, *at.ids)
    codes = {each: [(d, code) for d, code in zip(Dimension, each.codes, strict=True) if code] for each in found}
    labels = journal.labels(u, {pair for pairs in codes.values() for pair in pairs}, on=made.file.span.last_day)
    shown = []
    for each, pairs in codes.items():
        query = urlencode({"account": each.account} | {d.slug: code for d, code in pairs})
        name = chart[each.account].name(at.visit.language.value) if each.account in chart else ""
        url = f"{at.home}/compare/{made.file.id}/behind?{query}"
        shown.append(ShownDifference(each, name, tuple(labels[pair] for pair in pairs), url))
    return shown


def _differences_table(at: At, u: UnitOfWork, file_id: int) -> Told:
    say, made = at.say, comparing.comparison(u, *at.ids, file_id)
    groups = (say("There"), say("Here"), say("Difference"))
    parts = (say("Opening balance"), say("Debit turnover"), say("Credit turnover"), say("Closing balance"))
    columns = [Column(say("Account"), Cell.CODE), Column(say("Name")), Column(say("Dimensions")),
               *(Column(part, Cell.BALANCE, group) for group in groups for part in parts),
               Column(say("Explained"))]  # fmt: skip
    rows = []
    for each in _named(at, u, made, made.differences):
        d = each.difference
        figures = (d.theirs_opening, d.theirs_debit, d.theirs_credit, d.theirs_closing,
                   d.ours_opening, d.ours_debit, d.ours_credit, d.ours_closing,
                   d.opening, d.debit, d.credit, d.closing)  # fmt: skip
        rows.append(Row([d.account, each.name, " ".join(v.code for v in each.dimensions), *figures, d.reason]))
    facts = ((say("File"), made.file.name), (say("Period"), say.months(made.file.span.first, made.file.span.last)))
    return Table(say("Differences"), columns, rows), f"takeover-differences-{file_id}", facts


@get(_ONE + "/compare/{file_id:int}/behind", opt=_IMPORT, sync_to_thread=True)
def behind(
    request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId, file_id: FileId
) -> Response[Any]:
    return _behind(At(request, organisation_id, takeover_id), file_id, query_of(request))


@post(_ONE + "/compare/{file_id:int}/behind", opt=_IMPORT, sync_to_thread=True)
def explain(
    request: Ask, visit: Visitor, organisation_id: Id, takeover_id: TakeoverId, file_id: FileId, data: Sent
) -> Response[Any]:
    """Say why a difference is there."""
    at = At(request, organisation_id, takeover_id)
    asked = {name: tidy(value) for name, value in data.items()}

    def say_why(u: UnitOfWork) -> None:
        said = {"account": asked.get("account", ""), "codes": _codes(asked), "reason": asked.get("reason", "")}
        comparing.explain(u, *at.ids, file_id, _command(ExplainDifference, "reason", **said))

    return at.act(say_why, f"/compare/{file_id}", lambda refusal: _behind(at, file_id, asked, refusal), "reason")


def _codes(asked: Mapping[str, str]) -> list[str]:
    return [asked.get(dimension.slug, "") for dimension in Dimension]


def _behind(at: At, file_id: int, asked: Mapping[str, str], refusal: Refusal | None = None) -> Response[Any]:
    def read(u: UnitOfWork) -> dict[str, Any]:
        made, difference, drill = comparing.behind(u, *at.ids, file_id, asked.get("account", ""), _codes(asked))
        return {"made": made, "difference": difference, "drill": drill, "shown": _named(at, u, made, [difference])[0]}

    kept = {name: asked[name] for name in ("account", *(d.slug for d in Dimension)) if asked.get(name)}
    return at.page("behind", read, refusal, asked=kept, reason=asked.get("reason", ""), months=at.say.months)


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
