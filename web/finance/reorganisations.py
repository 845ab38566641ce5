"""Institutions that join another: what would leave, leaving, and taking in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect

from api.problems import status_of
from api.security import Visit, Visitor
from erp.base.clock import today
from erp.base.dates import DayMalformed
from erp.base.errors import Conflict, DomainError, Invalid, NotFound, RuleViolated
from erp.base.uow import UnitOfWork
from erp.finance.recoding.rules import NotFirstOfMonth
from erp.finance.reorganisation import rules, service
from erp.finance.reorganisation.model import Leaving, Reorganisation
from erp.finance.reorganisation.schemas import Join
from erp.reference.access.model import Permission
from erp.reference.access.policy import reach
from erp.reference.organisations import service as organisations
from erp.reference.organisations.model import Organisation
from ledger.errors import LedgerError, YearOutOfRange
from web.faults import Refusal, fault_sheet
from web.finance.recodings import RecodingId
from web.forms import Empty, TooLong, kept_day, tidy
from web.i18n import speech
from web.pages import Ask, Id, organisation_at, render, visit_of
from web.session import Choice, Sent, choice_in, remember

_RECODE = {"policy": Permission.BOOKS_RECODE}
_LONGEST = {"other": 20, "act": 300, "transit": 10}
_FIELD_OF: dict[type[Exception], str] = {
    rules.InstitutionUnknown: "other",
    rules.JoinsItself: "other",
    rules.TransitUnfit: "transit",
    NotFirstOfMonth: "effective_on",
}


@dataclass(frozen=True)
class JoinForm:
    other: str = ""
    effective_on: str = ""
    act: str = ""
    transit: str = ""

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> "JoinForm":
        return cls(*(tidy(sent.get(name, "")) for name in ("other", "effective_on", "act", "transit")))

    def command(self) -> Join:
        """Raises: Invalid, with every field that cannot be read."""
        typed = {"other": self.other, "act": self.act, "transit": self.transit}
        faults: dict[str, Exception] = {name: Empty() for name, text in typed.items() if not text}
        faults |= {n: TooLong(limit=limit) for n, limit in _LONGEST.items() if len(typed[n]) > limit}
        day = date.min
        try:
            day = kept_day(self.effective_on)
        except (DayMalformed, YearOutOfRange) as malformed:
            faults["effective_on"] = malformed
        if faults:
            raise Invalid(faults)
        return Join(other=self.other, effective_on=day, act=self.act, transit=self.transit)


@dataclass(frozen=True)
class Joining:
    """A joining with the other institution, as one of the two sees it."""

    reorganisation: Reorganisation
    other: Organisation | None
    leaves: bool
    """Whether it is this institution that joins the other."""


@dataclass(frozen=True)
class Predecessor:
    """An institution whose balances entered the books, and the way to its own for who reads them."""

    organisation: Organisation
    since: date
    url: str


def predecessors(visit: Visit, uow: UnitOfWork, organisation_id: int, through: date) -> list[Predecessor]:
    """Those that joined up to a day, the latest first."""
    found = [each for each in service.predecessors(uow, organisation_id) if each.effective_on <= through]
    named = organisations.by_ids(uow, [each.from_id for each in found], today()) if found else {}
    readable = reach(visit.identity, Permission.JOURNAL_READ) if visit.identity else frozenset[int]()
    return [
        Predecessor(named[r.from_id], r.effective_on, f"/o/{r.from_id}/trial-balance" if r.from_id in readable else "")
        for r in found
    ]


@get("/o/{organisation_id:int}/reorganisations", opt=_RECODE, sync_to_thread=True)
def reorganisations(request: Ask, visit: Visitor, organisation_id: Id) -> Response[str]:
    return _page(request, organisation_id, JoinForm())


@post("/o/{organisation_id:int}/reorganisations", opt=_RECODE, sync_to_thread=True)
def leave(request: Ask, visit: Visitor, organisation_id: Id, data: Sent) -> Response[Any]:
    """Look at what would leave, or let it leave, as the button says."""
    form = JoinForm.of(data)
    if choice := choice_in(data):
        remember(visit, choice)
        return _page(request, organisation_id, form, choice=choice)
    try:
        command = form.command()
        if data.get("do") != "leave":
            leaving = visit.read(lambda uow: service.preview(uow, organisation_id, command))
            return _page(request, organisation_id, form, leaving=leaving)
        visit.run(lambda uow: service.leave(uow, organisation_id, command))
    except (RuleViolated, Conflict, NotFound, LedgerError) as refusal:
        return _page(request, organisation_id, form, refusal=_placed(refusal))
    return Redirect(f"/o/{organisation_id}/reorganisations", status_code=303)


@post("/o/{organisation_id:int}/reorganisations/{number:int}/join", opt=_RECODE, sync_to_thread=True)
def join(request: Ask, visit: Visitor, organisation_id: Id, number: RecodingId, data: Sent) -> Response[Any]:
    """Take in what left the other's books."""
    try:
        visit.run(lambda uow: service.join(uow, organisation_id, number))
    except (RuleViolated, Conflict, LedgerError) as refusal:
        return _page(request, organisation_id, JoinForm(), refusal=refusal)
    return Redirect(f"/o/{organisation_id}/reorganisations", status_code=303)


def _placed(refusal: Refusal) -> Refusal:
    field = _FIELD_OF.get(type(refusal))
    return Invalid({field: refusal}) if field and isinstance(refusal, DomainError) else refusal


def _page(
    request: Ask,
    organisation_id: int,
    form: JoinForm,
    *,
    leaving: Leaving | None = None,
    refusal: Refusal | None = None,
    choice: Choice | None = None,
) -> Response[str]:
    visit, chosen = visit_of(request), choice or Choice()
    language = chosen.language or visit.language
    say = speech(language)

    def read(uow: UnitOfWork) -> tuple[Organisation, list[Joining]]:
        found = service.of_organisation(uow, organisation_id)
        ids = [r.to_id if r.from_id == organisation_id else r.from_id for r in found]
        named = organisations.by_ids(uow, ids, today())
        joinings = [
            Joining(r, named.get(other), r.from_id == organisation_id) for r, other in zip(found, ids, strict=True)
        ]
        return organisation_at(uow), joinings

    organisation, joinings = visit.read(read)
    sheet = fault_sheet(refusal, language)
    return render(
        request,
        "recoding/reorganisations.html",
        organisation=organisation,
        status=status_of(refusal) if refusal else 200,
        language=chosen.language,
        theme=chosen.theme,
        cookies=chosen.cookies(request),
        section="recodings",
        form_id="joining",
        form_default="look",
        joinings=joinings,
        gone=any(each.leaves for each in joinings),
        form=form,
        leaving=leaving,
        leaving_faults=[say.refusal(fault) for fault in leaving.faults] if leaving else [],
        faults=sheet.by_field,
        summary=sheet.summary,
        address=f"/o/{organisation_id}/reorganisations",
    )


routes = [reorganisations, leave, join]
