"""The web application as its composition root takes it: routes, and the pages of what went wrong."""

from typing import Any

from litestar import Request, Response, Router
from litestar.exceptions import MethodNotAllowedException
from litestar.response import Redirect
from litestar.status_codes import HTTP_500_INTERNAL_SERVER_ERROR

from api.app import Pages
from api.logs import request_number
from api.problems import DiskFull, OutcomeUnknown, TookTooLong, log_unforeseen, status_of
from api.security import Visit, preferred_language
from erp.base.clock import now
from erp.base.errors import DomainError
from erp.base.i18n import N_
from erp.base.scope import Scope
from erp.base.uow import Busy
from erp.economy.plans.rules import VersionPutAway
from erp.reference.access.policy import PasswordChangeNeeded, SignInNeeded
from ledger.errors import LedgerError
from ledger.model import Actor
from web import (
    account,
    admin,
    certificates,
    home,
    jobs,
    keys,
    notifications,
    oidc,
    palette,
    papers,
    session,
    signatures,
    tour,
)
from web.economy import formulas, macro, pivot, plan_files, plans, scenarios
from web.finance import (
    approvals,
    bulk,
    closing,
    drafts,
    entry_templates,
    imports,
    intake,
    journal,
    periods,
    policy,
    printing,
    recodings,
    reorganisations,
    reports,
    settlements,
    takeover,
    turnovers,
    views,
)
from web.hr import absences, ical, inbox, leave, personnel, staffing, trips
from web.hr import intake as people_files
from web.i18n import speech, translate
from web.pages import STATIC, here, render, template_globals
from web.reference import counterparties, typical_entries
from web.resume import kept_of, page_before

routes = [
    Router(
        "/",
        route_handlers=[
            *session.routes,
            *signatures.routes,
            *certificates.routes,
            *oidc.routes,
            *account.routes,
            *home.routes,
            *palette.routes,
            *keys.routes,
            *tour.routes,
            *journal.routes,
            *reports.routes,
            *turnovers.routes,
            *views.routes,
            *periods.routes,
            *policy.routes,
            *closing.routes,
            *counterparties.routes,
            *recodings.routes,
            *reorganisations.routes,
            *typical_entries.routes,
            *approvals.routes,
            *bulk.routes,
            *drafts.routes,
            *entry_templates.routes,
            *intake.routes,
            *imports.routes,
            *takeover.routes,
            *papers.routes,
            *printing.routes,
            *plans.routes,
            *pivot.routes,
            *plan_files.routes,
            *scenarios.routes,
            *formulas.routes,
            *macro.routes,
            *settlements.routes,
            *staffing.routes,
            *people_files.routes,
            *personnel.routes,
            *inbox.routes,
            *leave.routes,
            *trips.routes,
            *absences.routes,
            *ical.routes,
            *jobs.routes,
            *notifications.routes,
            *admin.routes,
        ],
        include_in_schema=False,
    )
]

_HEADINGS = {
    400: N_("The address is damaged"),
    403: N_("No right to this page"),
    404: N_("There is no such page"),
    405: N_("There is no such page"),
    409: N_("This cannot be done now"),
    412: N_("Somebody was quicker"),
    413: N_("This file is too large"),
    415: N_("This is not a form of ours"),
    422: N_("This cannot be done"),
    429: N_("Too many attempts"),
    503: N_("The database does not answer"),
    504: N_("This took too long"),
    507: N_("The disk of the server is full"),
}
_ADVICE = {
    400: N_("Go to the home page and open it from there."),
    403: N_("If your work needs it, ask the administrator of the system for a role."),
    404: N_("It may have been moved, or it belongs to an organisation you do not work with."),
    405: N_("Go to the home page and open it from there."),
    409: N_("Open the page again: it shows how things stand now."),
    412: N_("Open the page again: it shows how things stand now."),
    413: N_("Go back and choose a smaller one: split it, or save its pictures with fewer points."),
    415: N_("Go to the home page and open it from there."),
    503: N_("Try again in a minute. If it lasts, tell the administrator of the system."),
}
_UNFORESEEN = N_("Something went wrong here")
_UNFORESEEN_ADVICE = N_("Try again; if it happens again, give the number to the administrator of the system.")
_LEFT_ALONE = N_("Nothing in the books was changed.")
_NOT_SAVED = N_("Nothing was saved.")
_SAY_THEMSELVES = (OutcomeUnknown, TookTooLong, DiskFull, Busy)
"""Refusals whose sentence tells what was saved."""
_PASSING = {409, 429, 500, 503, 504, 507}
"""What may be over when the same form is sent once more."""


def exception_response(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The page of an error: what happened, what became of the work, what to do, and by what number it is known.

    Whoever must sign in, or choose a password, first is led there and back; who asks for a version that is put away,
    to its own page; who opens the address that a form was sent to, to the page above it.  A form that may be sent again
    stands on the page as it was filled.
    """
    if isinstance(error, SignInNeeded):
        if kept := kept_of(request):
            return session.sign_in_form(request, here(request), kept=str(kept))
        return Redirect("/sign-in", query_params={"next": page_before(request)}, status_code=303)
    if isinstance(error, PasswordChangeNeeded):
        return Redirect("/account/password", query_params={"next": here(request)}, status_code=303)
    if isinstance(error, VersionPutAway) and request.method == "GET":
        return plans.put_away_page(request, error)
    above = request.url.path.rpartition("/")[0]
    if isinstance(error, MethodNotAllowedException) and request.method == "GET" and above:
        return Redirect(above, status_code=303)
    visit: Visit | None = getattr(request.state, "visit", None)
    if visit is None:
        language = preferred_language(request, None)
        visit = request.state.visit = Visit(None, Scope(Actor(0, "")), request.app.state.engine, language, "")
    status = status_of(error)
    say = speech(visit.language)
    told = isinstance(error, DomainError | LedgerError)
    foreseen = told or (status in _HEADINGS and status != 503)
    advice = _ADVICE.get(status, "" if foreseen else _UNFORESEEN_ADVICE)
    return render(
        request,
        "error.html",
        status=status,
        heading=say(_HEADINGS.get(status, _UNFORESEEN)),
        sentence=translate(error, visit.language) if told else "",
        fate=say(fate) if (fate := _fate(request, error, status)) else "",
        advice=say(advice) if advice and not isinstance(error, _SAY_THEMSELVES) else "",
        incident="" if foreseen else log_unforeseen(error),
        request_number=request_number(),
        at=now(),
        kept=kept_of(request) if status in _PASSING else None,
        was_sent=request.method == "POST",
    )


def _fate(request: Request[Any, Any, Any], error: Exception, status: int) -> str:
    """What became of the person's work."""
    if isinstance(error, _SAY_THEMSELVES):
        return ""
    if request.method == "POST":
        return _NOT_SAVED
    return _LEFT_ALONE if status >= HTTP_500_INTERNAL_SERVER_ERROR else ""


pages = Pages(routes, STATIC, exception_response, translate)

__all__ = ["exception_response", "pages", "routes", "template_globals"]
