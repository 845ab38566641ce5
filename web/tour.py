"""The tour: what an accountant does in a day, in ten minutes; each step leads to a real page.

A step that leaves a fact in the books is taken when the fact is there; of the others the person says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from api.security import Visit, Visitor
from erp.base.i18n import N_
from erp.finance.finder import service as finder
from erp.reference.access.model import Permission
from erp.reference.desk import service as desk
from erp.reference.organisations import service as organisations
from erp.reference.organisations.model import Organisation
from web.pages import Ask, own_address, query_of, render
from web.places import address_of
from web.session import Sent

_OWN = {"policy": Permission.IN_PERSON}


@dataclass(frozen=True)
class Step:
    """``place`` is where it is done, below the organisation's; ``deed`` the fact that shows it was."""

    slug: str
    title: str
    how: str
    place: str
    deed: str = ""


STEPS = (
    Step(
        "find",
        N_("Find anything"),
        N_("Press Ctrl+K and type a number, an amount, a supplier or the name of a page; Enter goes there."),
        "",
    ),
    Step(
        "post",
        N_("Post an entry"),
        N_(
            "Choose a typical entry or type both accounts; the form asks for what they need."
            " Enter goes to the next field, Ctrl+Enter posts."
        ),
        "journal/new",
        "posted",
    ),
    Step(
        "source",
        N_("Open a figure to its source"),
        N_("In the trial balance press any figure: the postings that it sums, and from each its entry. Back returns."),
        "trial-balance",
    ),
    Step(
        "correct",
        N_("Correct a mistake"),
        N_("Open your entry from the journal and choose “Storno or reversal”: a second entry cancels it."),
        "journal",
        "corrected",
    ),
    Step(
        "comment",
        N_("Attach a paper, ask a colleague"),
        N_("Under an entry add its file, or a comment: @login tells the colleague."),
        "journal",
        "commented",
    ),
    Step(
        "approve",
        N_("Approve what another prepared"),
        N_("Open what waits, look at its lines, and approve it or return it with a reason."),
        "approvals",
        "approved",
    ),
    Step(
        "keep",
        N_("Keep a filter under a name"),
        N_("Narrow the journal to what you look at every day and press “Save this view”: it stands above the list."),
        "journal",
        "kept_a_view",
    ),
    Step(
        "excel",
        N_("Take a report to Excel"),
        N_("Above every report and list: Excel with totals as formulas, CSV, and PDF for paper."),
        "reports/chessboard",
    ),
    Step(
        "months",
        N_("See how a month is locked"),
        N_("A month is restricted first and closed then; who opened it again, and why, is on record."),
        "months",
    ),
    Step(
        "keys",
        N_("Make the desk yours"),
        N_("Choose compact rows, and look at the keys of every page with “?”."),
        "/account/desk",
    ),
)
_SLUGS = {step.slug for step in STEPS}


@dataclass(frozen=True)
class Stop:
    """A step as a person has it before them."""

    step: Step
    address: str
    done: bool


def stops(request: Ask, visit: Visit, organisation_id: int, taken: frozenset[str]) -> list[Stop]:
    """The steps whose pages are open to the person at an organisation."""
    found = []
    for step in STEPS:
        if visit.identity and (address := address_of(request, visit.identity, organisation_id, step.place)) is not None:
            found.append(Stop(step, address, step.slug in taken))
    return found


@get("/tour", opt=_OWN, sync_to_thread=True)
def tour(request: Ask, visit: Visitor) -> Response[Any]:
    at = _organisation(request, visit)
    shown = _noted(visit, at.id) if at else frozenset[str]()
    return render(
        request,
        "tour.html",
        organisation=at,
        section="tour",
        stops=stops(request, visit, at.id, shown) if at else [],
    )


@post("/tour/show", opt=_OWN, sync_to_thread=True)
def show_tour(visit: Visitor, data: Sent) -> Redirect:
    """Show the way here on the first page, or do not."""
    visit.run(lambda uow: desk.show_tour(uow, shown=data.get("do") == "show"))
    return Redirect(own_address(data.get("next", "/tour"), otherwise="/tour"), status_code=303)


@post("/tour/{step:str}", opt=_OWN, sync_to_thread=True)
def take(visit: Visitor, step: FromPath[str], data: Sent) -> Redirect:
    """A step that the person says is done, or is to be done again."""
    if step not in _SLUGS:
        raise NotFoundException
    if data.get("do") == "again":
        visit.run(lambda uow: desk.untake_step(uow, step))
    else:
        visit.run(lambda uow: desk.take_steps(uow, [step]))
    return Redirect(own_address(data.get("next", "/tour"), under="/tour", otherwise="/tour"), status_code=303)


def _organisation(request: Ask, visit: Visit) -> Organisation | None:
    """The one that is asked for, if its books are read; else the first of them."""
    known = visit.read(organisations.organisations_of)
    asked = query_of(request).get("at", "")
    return next((each for each in known if str(each.id) == asked), _first(known))


def _first(known: Sequence[Organisation]) -> Organisation | None:
    return known[0] if known else None


def _noted(visit: Visit, organisation_id: int) -> frozenset[str]:
    """Steps taken; those that the books now show are noted for good."""
    taken, deeds = visit.read(lambda uow: (desk.steps_taken(uow), finder.deeds(uow, organisation_id)))
    fresh = {step.slug for step in STEPS if step.deed and attrgetter(step.deed)(deeds)} - taken
    if fresh:
        visit.run(lambda uow: desk.take_steps(uow, fresh))
    return taken | fresh


routes = [tour, show_tour, take]
