"""The first pages: which organisation, and how its books stand."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from litestar import Response, get
from litestar.response import Redirect

from api.security import Visitor
from erp.base.clock import today
from erp.base.dates import MonthSpan
from erp.base.uow import UnitOfWork
from erp.finance.approvals import service as approvals
from erp.finance.drafts import service as drafts
from erp.finance.journal import service as journal
from erp.finance.journal.model import EntryFilter, EntryRow, Month
from erp.finance.reports import service as reports
from erp.finance.settlements import service as settlements
from erp.finance.templates import service as templates
from erp.reference.access.model import Permission
from erp.reference.access.policy import permissions, reach
from erp.reference.desk import service as desk
from erp.reference.organisations import service as organisations
from erp.reference.organisations.model import Organisation
from web.finance.months import month_of_work
from web.i18n import alphabetical
from web.pages import Ask, Id, organisation_at, query_of, render
from web.places import address_of
from web.sections import start, workplaces
from web.tour import stops

_LAST_ENTRIES = 8
_MOST = 200
"""How many institutions the first page shows; who reads more looks for one by name."""


@dataclass(frozen=True)
class Standing:
    """How an organisation's books stand in the month of work."""

    organisation: Organisation
    months: list[Month]
    month: Month | None
    turnover_tiyn: int
    entries: tuple[EntryRow, ...]


@get("/", opt={"policy": Permission.SIGNED_IN}, sync_to_thread=True)
def choose(request: Ask, visit: Visitor) -> Response[Any]:
    identity = visit.identity
    assert identity is not None, "the policy asks for a person"
    at_work = sorted(workplaces(identity))
    if not at_work and Permission.SYSTEM_READ in permissions(identity):
        return Redirect("/admin", status_code=303)
    if not at_work:
        return render(request, "welcome.html")
    starts = visit.read(reports.starts)

    def address(at: int, place: str) -> str:
        kept = place or starts.get(at, "")
        return (kept and address_of(request, identity, at, kept)) or start(request, identity, at)

    def read(uow: UnitOfWork) -> tuple[list[Organisation], set[int]]:
        above = organisations.above(uow, at_work, today())
        inside = set(at_work)
        tops = {each for each in at_work if inside.isdisjoint(body.id for body in above[each])}
        return list(organisations.by_ids(uow, at_work, today()).values()), tops

    known, tops = visit.read(read)
    ones = tops if not reach(identity, Permission.JOURNAL_READ) else set(at_work)  # plans and people are kept on top
    if len(ones) == 1 and "all" not in request.query_params:
        return Redirect(address(min(ones), ""), status_code=303)
    asked = query_of(request)
    words, place = asked.get("q", ""), asked.get("place", "")
    found = [each for each in known if _matches(each, words.casefold())]
    found.sort(key=lambda each: (each.id not in tops, alphabetical(each.name(visit.language))))
    approves, signs = (
        reach(identity, permission) for permission in (Permission.JOURNAL_APPROVE, Permission.DOCUMENT_SIGN)
    )
    shown = found[:_MOST]
    ids = [each.id for each in shown]
    standings = visit.read(lambda uow: approvals.standings(uow, ids, approves, signs, today()))
    return render(
        request,
        "organisations.html",
        shown=shown,
        found=len(found),
        standings=standings,
        words=words,
        place=place,
        address_at=lambda at: address(at, place),
    )


@get("/o/{organisation_id:int}", opt={"policy": Permission.JOURNAL_READ}, sync_to_thread=True)
def home(request: Ask, visit: Visitor, organisation_id: Id) -> Response[str]:
    standing, taken, own_drafts, fallen_due, settling = visit.read(
        lambda uow: (
            _standing(uow, organisation_id, today()),
            desk.steps_taken(uow),
            drafts.open_drafts(uow, organisation_id),
            len(templates.waiting(uow, organisation_id)),
            settlements.waiting(uow, organisation_id),
        )
    )
    return render(
        request,
        "home.html",
        organisation=standing.organisation,
        section="home",
        months=standing.months,
        month=standing.month,
        open_count=sum(m.state == "open" for m in standing.months),
        turnover_tiyn=standing.turnover_tiyn,
        entries=standing.entries,
        tour=stops(request, visit, organisation_id, taken),
        own_drafts=own_drafts,
        fallen_due=fallen_due,
        settling=settling,
    )


def _matches(organisation: Organisation, words: str) -> bool:
    names = (organisation.code, organisation.name_kk, organisation.name_ru, organisation.name_en)
    return any(words in name.casefold() for name in names)


def _standing(uow: UnitOfWork, organisation_id: int, day: date) -> Standing:
    organisation = organisation_at(uow)
    months = journal.months(uow, organisation_id)
    month = month_of_work(months, journal.last_month_posted(uow, organisation_id), day)
    if month is None:
        return Standing(organisation, months, None, 0, ())
    balance = journal.trial_balance(uow, organisation_id, MonthSpan.of(month.month, month.month))
    page = journal.entries(uow, organisation_id, EntryFilter(), limit=_LAST_ENTRIES)
    return Standing(organisation, months, month, balance.debit_tiyn, page.rows)


routes = [choose, home]
