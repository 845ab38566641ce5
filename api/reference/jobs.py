"""Work left to the program, under ``/api/v1``: how one's own stands."""

from datetime import datetime
from typing import Any

from litestar import get, post
from litestar.params import FromPath
from pydantic import Field

from api.conventions import API, Cursor, Limit, Page, View
from api.security import Visit, Visitor
from erp.base.cursors import number_in
from erp.base.uow import UnitOfWork
from erp.reference.access.model import Permission
from erp.reference.access.policy import authorise
from erp.reference.jobs import service
from erp.reference.jobs.model import Job, JobOrder

_OWN = {"policy": Permission.SIGNED_IN}
_ORDER = _OWN | {"because": "of a token the right to import there is asked for when the job is known"}


class JobErrorView(View):
    code: str = Field(examples=["import-refused"])
    detail: str = Field(description="In English.", examples=["Nothing was imported from march.csv."])
    fields: dict[str, Any] = Field(examples=[{"file": "march.csv"}])


class JobFileView(View):
    id: int
    name: str = Field(examples=["refused.csv"])
    size: int = Field(description="Bytes.", examples=[2048])


class JobView(View):
    """Work left to the program; its files are those of the organisation, `…/attachments/{id}`."""

    id: int
    organisation_id: int
    kind: str = Field(examples=["journal-import"])
    state: str = Field(description="`queued`, `running`, `done`, `failed` or `cancelled`.", examples=["running"])
    what: str = Field(description="What it is done with: the name of a file.", examples=["march.csv"])
    phase: str = Field(description="What it is busy with; `done` of `total` count within it.", examples=["posting"])
    done: int
    total: int
    asked_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    result: dict[str, Any] | None = Field(description="What it brought, by kind.", examples=[{"entries": 12}])
    error: JobErrorView | None = Field(description="Why it failed.")
    files: list[JobFileView] = Field([], description="What it was asked with and what it brought.")

    @classmethod
    def of(cls, job: Job, files: list[JobFileView] | None = None) -> "JobView":
        told = job.error
        return cls(
            id=job.id,
            organisation_id=job.organisation_id,
            kind=job.kind,
            state=job.state.value,
            what=str(job.facts["what"]),
            phase=job.phase,
            done=job.done,
            total=job.total,
            asked_at=job.asked_at,
            started_at=job.started_at,
            finished_at=job.finished_at,
            result=job.result,
            error=JobErrorView(code=told.code, detail=told.template.format(**told.fields), fields=told.fields)
            if told
            else None,
            files=files or [],
        )


@get(f"{API}/jobs", opt=_OWN, sync_to_thread=True)
def list_jobs(visit: Visitor, cursor: Cursor = None, limit: Limit = 50) -> Page[JobView]:
    """Your own, the newest first, without their files."""
    found = visit.read(lambda u: service.own_jobs(u, below=below(cursor), limit=limit + 1))
    return Page(
        items=[JobView.of(job) for job in found[:limit]],
        next=str(found[limit - 1].id) if len(found) > limit else None,
    )


@get(f"{API}/jobs/{{job_id:int}}", opt=_OWN, sync_to_thread=True)
def get_job(visit: Visitor, job_id: FromPath[int]) -> JobView:
    """One of your own: ask again every few seconds until it is `done`, `failed` or `cancelled`."""
    return visit.read(lambda u: view_of(u, job_id))


@post(f"{API}/jobs/{{job_id:int}}/cancel", opt=_ORDER, sync_to_thread=True, status_code=200)
def cancel_job(visit: Visitor, job_id: FromPath[int]) -> JobView:
    """One that runs is stopped at its next step, and nothing of it is saved."""
    return _ordered(visit, job_id, JobOrder.CANCEL)


@post(f"{API}/jobs/{{job_id:int}}/retry", opt=_ORDER, sync_to_thread=True, status_code=200)
def retry_job(visit: Visitor, job_id: FromPath[int]) -> JobView:
    """One that failed or was cancelled."""
    return _ordered(visit, job_id, JobOrder.RETRY)


def _ordered(visit: Visit, job_id: int, what: JobOrder) -> JobView:
    """Raises: JobUnknown, JobNotOrdered; BeyondToken, RoleMissing."""

    def order(uow: UnitOfWork) -> None:
        if visit.identity is not None and visit.identity.limits is not None:
            authorise(visit.identity, Permission.JOURNAL_IMPORT, service.own_job(uow, job_id).organisation_id)
        service.order_own(uow, job_id, what)

    visit.run(order)
    return visit.read(lambda u: view_of(u, job_id))


def view_of(uow: UnitOfWork, job_id: int) -> JobView:
    job = service.own_job(uow, job_id)
    files = [JobFileView(id=f.id, name=f.name, size=f.size_bytes) for f in service.files_of(uow, job)]
    return JobView.of(job, files)


def below(cursor: str | None) -> int | None:
    """The id that a cursor names.  Raises: CursorMalformed."""
    return None if cursor is None else number_in(cursor)


routes = [list_jobs, get_job, cancel_job, retry_job]
