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
from erp.finance.templates import service as templates
from erp.reference.access.model import ROLE_NAMES, Identity, Permission, Role
from erp.reference.access.policy import permissions, reach
from erp.reference.desk import service as desk
from erp.reference.organisations import service as organisations
from erp.reference.organisations.model import Organisation
from web.finance.months import month_of_work
from web.i18n import alphabetical
from web.pages import Ask, Id, organisation_at, query_of, render
from web.places import address_at
from web.tour import stops

_LAST_ENTRIES = 8
_STANDINGS = 200
"""Of how many institutions the first page says how they stand; who reads more looks for one by name."""


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
    known = visit.read(organisations.organisations_of)
    if not known and visit.identity and Permission.SYSTEM_READ in permissions(visit.identity):
        return Redirect("/admin", status_code=303)
    if not known and (identity := visit.identity):
        return render(request, "welcome.html", posts=visit.read(lambda uow: _posts(uow, identity, today())))
    starts = visit.read(reports.starts)
    if len(known) == 1 and "all" not in request.query_params:
        return Redirect(f"/o/{known[0].id}/{starts.get(known[0].id, '')}", status_code=303)
    asked = query_of(request)
    words, place = asked.get("q", ""), asked.get("place", "")
    found = [each for each in known if _matches(each, words.casefold())]
    found.sort(key=lambda each: alphabetical(each.name(visit.language)))
    approves, signs = (
        reach(visit.identity, permission) if visit.identity else frozenset[int]()
        for permission in (Permission.JOURNAL_APPROVE, Permission.DOCUMENT_SIGN)
    )
    shown = [each.id for each in found[:_STANDINGS]]
    standings = visit.read(lambda uow: approvals.standings(uow, shown, approves, signs, today()))
    return render(
        request,
        "organisations.html",
        found=found,
        standings=standings,
        words=words,
        place=place,
        address_at=lambda at: (
            address_at(request, visit.identity, at, place or starts.get(at, "")) if visit.identity else "/"
        ),
    )


@get("/o/{organisation_id:int}", opt={"policy": Permission.JOURNAL_READ}, sync_to_thread=True)
def home(request: Ask, visit: Visitor, organisation_id: Id) -> Response[str]:
    standing, taken, own_drafts, fallen_due = visit.read(
        lambda uow: (
            _standing(uow, organisation_id, today()),
            desk.steps_taken(uow),
            drafts.open_drafts(uow, organisation_id),
            len(templates.waiting(uow, organisation_id)),
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
    )


@dataclass(frozen=True)
class Post:
    """A role of somebody who reads no books: at the topmost organisation it counts at, with the bodies above."""

    role: str
    organisation: Organisation
    above: list[Organisation]
    below: int
    """Organisations below, where it counts too."""


def _posts(uow: UnitOfWork, identity: Identity, day: date) -> list[Post]:
    ids = sorted(identity.roles)
    known, above = organisations.by_ids(uow, ids, day), organisations.above(uow, ids, day)
    found = []
    for role in Role:
        held = {id_ for id_, roles in identity.roles.items() if role in roles}
        tops = [id_ for id_ in held if not held & {each.id for each in above[id_]}]
        for id_ in sorted(tops, key=lambda id_: known[id_].code):
            below = sum(id_ in {each.id for each in above[other]} for other in held)
            found.append(Post(ROLE_NAMES[role], known[id_], above[id_], below))
    return found


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
