"""The import of a journal by a page: a file is sent, and a job takes it up."""

from typing import Any
from uuid import uuid4

from litestar import Response, get, post
from litestar.response import Redirect

from api.problems import status_of
from api.security import Visitor
from erp.base.errors import Conflict, RuleViolated
from erp.finance.journal.imports import job as journal_import
from erp.reference.access.model import Permission
from erp.reference.jobs import service as jobs
from web.faults import Refusal, fault_sheet
from web.forms import key_typed
from web.pages import Ask, Id, organisation_at, render, visit_of
from web.papers import Uploaded, checked

_IMPORT = {"policy": Permission.JOURNAL_IMPORT}


@get("/o/{organisation_id:int}/import", opt=_IMPORT, sync_to_thread=True)
def import_page(request: Ask, visit: Visitor, organisation_id: Id) -> Response[str]:
    return _page(request)


@post("/o/{organisation_id:int}/import", opt=_IMPORT, sync_to_thread=True)
def start_import(request: Ask, visit: Visitor, organisation_id: Id, data: Uploaded) -> Response[Any]:
    rest = data.get("rest") == "yes"
    try:
        key = key_typed(str(data.get("key")))
        file = checked(request, data.get("file"))
        job_id = visit.run(lambda u: jobs.ask(u, organisation_id, key, journal_import.NAME, file, rest=rest))
    except (RuleViolated, Conflict) as refusal:
        return _page(request, refusal, rest=rest)
    return Redirect(f"/jobs/{job_id}", status_code=303)


def _page(request: Ask, refusal: Refusal | None = None, *, rest: bool = False) -> Response[str]:
    visit = visit_of(request)
    return render(
        request,
        "imports/form.html",
        organisation=visit.read(organisation_at),
        status=status_of(refusal) if refusal else 200,
        section="journal",
        key=str(uuid4()),
        rest=rest,
        summary=fault_sheet(refusal, visit.language).summary,
    )


routes = [import_page, start_import]
