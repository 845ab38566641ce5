"""Work left to the program: how one's own stands, and what became of it."""

from dataclasses import dataclass
from typing import Any

from litestar import Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from api.security import Visitor
from erp.base.cursors import number_in
from erp.base.errors import Conflict
from erp.base.i18n import N_, Language
from erp.base.uow import UnitOfWork
from erp.finance.approvals.bulk.model import BulkAct
from erp.finance.intake.service import JOB as INTAKE
from erp.finance.journal.imports import job as journal_import
from erp.finance.takeover.files import job as takeover
from erp.reference.access.model import Permission
from erp.reference.attachments.model import Attachment
from erp.reference.jobs import service
from erp.reference.jobs.model import Job, JobOrder, JobState
from erp.reference.notifications import service as notifications
from erp.reference.organisations import service as organisations
from erp.reference.organisations.model import Organisation
from ledger.model import Dimension
from web.faults import Refusal, fault_sheet
from web.i18n import Speech, speech
from web.pages import Ask, query_of, render, visit_of
from web.session import Sent

_OWN = {"policy": Permission.IN_PERSON}
_A_PAGE = 50

KINDS: dict[str, str] = {
    journal_import.NAME: N_("Import of a journal"),
    INTAKE: N_("Entries from a table"),
    takeover.NAME: N_("File of another program"),
    f"bulk-{BulkAct.APPROVE}": N_("Approval of several documents"),
    f"bulk-{BulkAct.SIGN}": N_("First signature of several documents"),
    f"bulk-{BulkAct.WITHDRAW}": N_("Withdrawal of several documents"),
    f"bulk-{BulkAct.STORNO}": N_("Storno of several entries"),
    f"bulk-{BulkAct.REVERSAL}": N_("Reversal of several entries"),
}
PHASES: dict[str, str] = {
    "reading": N_("reading the file"),
    "keeping": N_("keeping the rows"),
    "checking": N_("checking the rows"),
    "posting": N_("sending to the ledger"),
    "booking": N_("posting"),
    "tying": N_("comparing totals"),
    "trying": N_("trying each document"),
    "acting": N_("acting on each document"),
}
STATES: dict[JobState, str] = {
    JobState.QUEUED: N_("waiting"),
    JobState.RUNNING: N_("under way"),
    JobState.DONE: N_("done"),
    JobState.FAILED: N_("not done"),
    JobState.CANCELLED: N_("stopped"),
}
_PARTS = {
    journal_import.NAME: "jobs/_journal_import.html",
    INTAKE: "jobs/_intake.html",
    takeover.NAME: "jobs/_takeover.html",
    **{f"bulk-{act}": "jobs/_bulk.html" for act in BulkAct},
}


def kind_name(kind: str, language: Language) -> str:
    return speech(language)(KINDS[kind]) if kind in KINDS else kind


@dataclass(frozen=True)
class Standing:
    """A job with what its page shows beside it."""

    job: Job
    organisation: Organisation | None
    files: list[Attachment]


@get("/jobs", opt=_OWN, sync_to_thread=True)
def jobs(request: Ask, visit: Visitor) -> Response[str]:
    after = below(query_of(request).get("below", ""))
    found = visit.read(lambda u: service.own_jobs(u, below=after, limit=_A_PAGE + 1))
    shown = found[:_A_PAGE]
    return render(
        request,
        "jobs/list.html",
        jobs=shown,
        kind_name=lambda kind: kind_name(kind, visit.language),
        states=STATES,
        next_url=f"/jobs?below={shown[-1].id}" if len(found) > _A_PAGE else "",
    )


@get("/jobs/{job_id:int}", opt=_OWN, sync_to_thread=True)
def job(request: Ask, visit: Visitor, job_id: FromPath[int]) -> Response[str]:
    return _page(request, job_id)


@post("/jobs/{job_id:int}", opt=_OWN, sync_to_thread=True)
def order(request: Ask, visit: Visitor, job_id: FromPath[int], data: Sent) -> Response[Any]:
    """Cancel it or have it tried again, as the button says."""
    what = ordered(data)
    try:
        visit.run(lambda u: service.order_own(u, job_id, what))
    except Conflict as refusal:
        return _page(request, job_id, refusal)
    return Redirect(f"/jobs/{job_id}", status_code=303)


def ordered(data: dict[str, str]) -> JobOrder:
    if data.get("do") not in set(JobOrder):
        raise NotFoundException
    return JobOrder(data["do"])


def below(text: str) -> int | None:
    """The cursor of an address; ``None`` for none.  Raises: CursorMalformed."""
    return number_in(text) if text else None


def _page(request: Ask, job_id: int, refusal: Refusal | None = None) -> Response[str]:
    visit = visit_of(request)
    standing = visit.read(lambda u: _standing(u, job_id))
    found, say = standing.job, speech(visit.language)
    if found.state.is_over:
        visit.run(lambda u: notifications.read_about(u, found.subject))
    return render(
        request,
        "jobs/job.html",
        status=409 if refusal else 200,
        here=f"/jobs/{job_id}",
        job=found,
        at=standing.organisation,
        files=standing.files,
        kind=kind_name(found.kind, visit.language),
        phase=say(PHASES[found.phase]) if found.phase in PHASES else found.phase,
        states=STATES,
        error=_error(found, say),
        left_out=[
            (say.dimension(Dimension.of(d)), rows)
            for d, rows in (found.result or {}).get("values_left_out", {}).items()
        ],
        part=_PARTS.get(found.kind),
        summary=fault_sheet(refusal, visit.language).summary,
    )


def _standing(uow: UnitOfWork, job_id: int) -> Standing:
    found = service.own_job(uow, job_id)
    at = next((o for o in organisations.organisations_of(uow) if o.id == found.organisation_id), None)
    return Standing(found, at, service.files_of(uow, found))


def _error(found: Job, say: Speech) -> str:
    return say.told(found.error.template, found.error.fields) if found.error else ""


routes = [jobs, job, order]
