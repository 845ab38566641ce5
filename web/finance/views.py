"""The list of all reports, and views of them that people keep: share with a role, begin with."""

from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from litestar import Response, get, post
from litestar.response import Redirect

from api.security import Visit, Visitor
from erp.base.errors import Invalid
from erp.base.i18n import N_
from erp.base.uow import UnitOfWork
from erp.finance.reports import service
from erp.finance.reports.model import SavedView
from erp.finance.reports.rules import ViewNamedBefore, ViewNotKept, ViewUnnamed
from erp.reference.access.model import ROLE_NAMES, Permission, Role
from erp.reference.access.policy import ALLOWED
from erp.reference.organisations.model import Organisation
from web.finance.turnovers import REPORTS
from web.i18n import speech
from web.pages import Ask, Id, organisation_at, own_address, query_of, render
from web.session import Sent
from web.sheets import Field, Option, Sheet, Typed, done, send, show

_READ = {"policy": Permission.JOURNAL_READ}
_LISTS = ("journal", "counterparties", "approvals")
_KEPT = ("trial-balance", "accounts/", *_LISTS, *(report.path for report in REPORTS))
"""Pages that may be kept as a view; a list shows its views above it."""
_OF_A_MOMENT = {"cursor", "page", "back", "as"}
_READERS = [role for role in Role if Permission.JOURNAL_READ in ALLOWED[role]]


@get("/o/{organisation_id:int}/reports", opt=_READ, sync_to_thread=True)
def index(request: Ask, visit: Visitor, organisation_id: Id) -> Response[str]:
    """Every report with a sentence, and the views one keeps or sees."""
    roles = _roles(visit, organisation_id)

    def read(uow: UnitOfWork) -> tuple[Organisation, list[SavedView]]:
        return organisation_at(uow), service.views(uow, organisation_id, roles)

    organisation, views = visit.read(read)
    return render(
        request,
        "reports/index.html",
        organisation=organisation,
        section="reports",
        reports=REPORTS,
        views=views,
        role_names=ROLE_NAMES,
        own=visit.scope.actor.id,
    )


@get("/o/{organisation_id:int}/reports/views/new", opt=_READ, sync_to_thread=True)
def new_view(request: Ask, visit: Visitor, organisation_id: Id) -> Response[str]:
    organisation = visit.read(organisation_at)
    return show(request, _sheet(request, visit, organisation_id), organisation=organisation)


@post("/o/{organisation_id:int}/reports/views/new", opt=_READ, sync_to_thread=True)
def save_view(request: Ask, visit: Visitor, organisation_id: Id, data: Sent) -> Response[Any]:
    """Keep a page under a name."""

    def command(visit: Visit, typed: Typed) -> Redirect:
        name = typed.text("name")
        role = data.get("shared_with", "")
        shared_with = role if role in _READERS else None
        typed.check()
        report, query = _kept(request, organisation_id)
        start = typed.ticked("start")
        try:
            visit.run(
                lambda uow: service.save_view(
                    uow, organisation_id, name=name, report=report, query=query, shared_with=shared_with, start=start
                )
            )
        except (ViewNamedBefore, ViewUnnamed) as refusal:
            raise Invalid({"name": refusal}) from None
        if report in _LISTS:
            return done(f"/o/{organisation_id}/{report}" + (f"?{query}" if query else ""))
        return done(f"/o/{organisation_id}/reports#views")

    def shown() -> dict[str, Any]:
        return {"organisation": visit.read(organisation_at)}

    return send(request, data, lambda _: _sheet(request, visit, organisation_id), command, shown=shown)


@post("/o/{organisation_id:int}/reports/views/{view_id:int}/delete", opt=_READ, sync_to_thread=True)
def delete_view(visit: Visitor, organisation_id: Id, view_id: Id) -> Redirect:
    """Forget a view of one's own."""
    visit.run(lambda uow: service.delete_view(uow, organisation_id, view_id))
    return done(f"/o/{organisation_id}/reports#views")


@post("/o/{organisation_id:int}/reports/views/{view_id:int}/start", opt=_READ, sync_to_thread=True)
def begin_with(visit: Visitor, organisation_id: Id, view_id: Id) -> Redirect:
    """Make a view one's start page."""
    roles = _roles(visit, organisation_id)
    visit.run(lambda uow: service.begin_with(uow, organisation_id, view_id, roles))
    return done(f"/o/{organisation_id}/reports#views")


@post("/o/{organisation_id:int}/reports/views/home", opt=_READ, sync_to_thread=True)
def begin_at_home(visit: Visitor, organisation_id: Id) -> Redirect:
    """Begin at the organisation's own page again."""
    visit.run(lambda uow: service.begin_at_home(uow, organisation_id))
    return done(f"/o/{organisation_id}/reports#views")


def _roles(visit: Visit, organisation_id: int) -> list[str]:
    return sorted(visit.identity.roles.get(organisation_id, ())) if visit.identity else []


def _kept(request: Ask, organisation_id: int) -> tuple[str, str]:
    """Path and query, below the organisation's, of the page to keep.  Raises: ViewNotKept."""
    home = f"/o/{organisation_id}/"
    path, _, query = own_address(query_of(request).get("of", ""), under=home, otherwise="").partition("?")
    report = path.removeprefix(home)
    if not report.startswith(_KEPT) or len(report) > 100 or ".." in report:
        raise ViewNotKept()
    return report, urlencode([(name, value) for name, value in parse_qsl(query) if name not in _OF_A_MOMENT])


def _sheet(request: Ask, visit: Visit, organisation_id: int) -> Sheet:
    say = speech(visit.language)
    report, query = _kept(request, organisation_id)
    roles = [Option("", say("nobody")), *(Option(role.value, say(ROLE_NAMES[role])) for role in _READERS)]
    titles = {each.path: each.title for each in REPORTS}
    return Sheet(
        N_("Save this view"),
        N_("Save"),
        f"/o/{organisation_id}/{quote(report)}" + (f"?{query}" if query else ""),
        (
            Field("name", N_("Name of the view"), value=say(titles[report]) if report in titles else ""),
            Field("shared_with", N_("Share with"), "select", required=False, hint=_SHARED, options=roles),
            Field("start", N_("Begin with this view"), "check", required=False, hint=_START),
        ),
        lead=N_("The months and all that narrows the report are kept; the figures are those of the day it is opened."),
        layout="base.html",
        section="reports",
    )


_SHARED = N_("All who hold this role here see the view. Figures are read anew, by the rights of whoever opens it.")
_START = N_("After signing in this page opens first.")


routes = [index, new_view, save_view, begin_at_home, delete_view, begin_with]
