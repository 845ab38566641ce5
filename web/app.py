"""The web application as its composition root takes it: routes, and the pages of what went wrong."""

from typing import Any

from litestar import Request, Response, Router
from litestar.response import Redirect

from api.app import Pages
from api.problems import OutcomeUnknown, log_unforeseen, status_of
from api.security import Visit, preferred_language
from erp.base.errors import DomainError
from erp.base.i18n import N_
from erp.base.scope import Scope
from erp.reference.access.policy import PasswordChangeNeeded, SignInNeeded
from ledger.errors import LedgerError
from ledger.model import Actor
from web import account, admin, home, jobs, notifications, papers, session
from web.finance import approvals, imports, journal, periods, recodings, reorganisations, reports, turnovers, views
from web.i18n import speech, translate
from web.pages import STATIC, here, render, template_globals
from web.reference import counterparties, typical_entries
from web.resume import kept_of, page_before

routes = [
    Router(
        "/",
        route_handlers=[
            *session.routes,
            *account.routes,
            *home.routes,
            *journal.routes,
            *reports.routes,
            *turnovers.routes,
            *views.routes,
            *periods.routes,
            *counterparties.routes,
            *recodings.routes,
            *reorganisations.routes,
            *typical_entries.routes,
            *approvals.routes,
            *imports.routes,
            *papers.routes,
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
    413: N_("This file is too large"),
    422: N_("This cannot be done"),
    503: N_("The database does not answer"),
    504: N_("This took too long"),
}
_ADVICE = {
    400: N_("Go to the home page and open it from there."),
    403: N_("If your work needs it, ask the administrator of the system for a role."),
    404: N_("It may have been moved, or it belongs to an organisation you do not work with."),
    405: N_("Go to the home page and open it from there."),
    413: N_("Nothing was saved. Go back and choose a smaller one: split it, or save its pictures with fewer points."),
    503: N_("Nothing was saved. Try again in a minute."),
}
_UNFORESEEN = N_("Something went wrong here")
_UNFORESEEN_ADVICE = N_(
    "Nothing was saved. Try again; if it happens again, give the number to the administrator of the system."
)


def exception_response(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The page of an error; whoever must sign in, or choose a password, first is led there and back."""
    if isinstance(error, SignInNeeded):
        if kept := kept_of(request):
            return session.sign_in_form(request, here(request), kept=str(kept))
        return Redirect("/sign-in", query_params={"next": page_before(request)}, status_code=303)
    if isinstance(error, PasswordChangeNeeded):
        return Redirect("/account/password", query_params={"next": here(request)}, status_code=303)
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
        advice=say(advice) if advice and not isinstance(error, OutcomeUnknown) else "",
        incident="" if foreseen else log_unforeseen(error),
    )


pages = Pages(routes, STATIC, exception_response, translate)

__all__ = ["exception_response", "pages", "routes", "template_globals"]
