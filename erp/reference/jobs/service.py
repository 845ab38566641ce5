"""Asking for work, and looking how it stands.  Doing it is in ``attempt``."""

from hashlib import sha256
from typing import Any
from uuid import UUID

from erp.base import audit
from erp.base.uow import UnitOfWork
from erp.reference.attachments import service as attachments
from erp.reference.attachments.model import Attachment, Checked
from erp.reference.jobs import queries
from erp.reference.jobs.model import (
    AnyJob,
    Job,
    JobKeyReused,
    JobNotOrdered,
    JobOrder,
    JobState,
    JobUnknown,
    subject_of,
)


def ask(uow: UnitOfWork, organisation_id: int, key: UUID, kind: str, file: Checked | None, **wishes: Any) -> int:
    """Leave work to the program; returns the job's id.  The same key is the same job.

    Work that is on no file says itself ``what`` it is on.

    Raises: JobKeyReused, where the key has asked for other work.
    """
    facts = {"what": file.name, "sha256": sha256(file.content).hexdigest(), **wishes} if file else wishes
    job_id = queries.insert_job(uow.connection, uow.scope, organisation_id, key, kind, facts)
    if job_id is None:
        before = queries.own_job_by_key(uow.connection, uow.scope, organisation_id, key)
        if before is None or (before.kind, before.facts) != (kind, facts):
            raise JobKeyReused()
        return before.id
    subject = subject_of(organisation_id, job_id)
    if file:
        attachments.attach(uow, organisation_id, subject, file)
    audit.record(uow.connection, uow.scope, "job-asked", subject, organisation_id=organisation_id, kind=kind)
    return job_id


def own_job(uow: UnitOfWork, job_id: int) -> Job:
    """One that the actor asked for.  Raises: JobUnknown."""
    found = queries.own_job(uow.connection, uow.scope, job_id)
    if found is None:
        raise JobUnknown()
    return found


def own_jobs(uow: UnitOfWork, *, below: int | None = None, limit: int) -> list[Job]:
    """Those that the actor asked for, the newest first."""
    return queries.own_jobs(uow.connection, uow.scope, below, limit)


def files_of(uow: UnitOfWork, job: Job) -> list[Attachment]:
    """What it was asked with, and what it brought."""
    return attachments.attachments_of(uow, job.organisation_id, job.subject)


def order_own(uow: UnitOfWork, job_id: int, what: JobOrder) -> JobState:
    """Cancel one's own job, or have it tried again; returns its state now.  Raises: JobUnknown, JobNotOrdered."""
    return _order(uow, own_job(uow, job_id).id, what, own=True)


def order_any(uow: UnitOfWork, job_id: int, what: JobOrder) -> JobState:
    """As ``order_own``, of a job at an organisation that the actor administers.  Raises: JobNotOrdered."""
    return _order(uow, job_id, what, own=False)


def _order(uow: UnitOfWork, job_id: int, what: JobOrder, *, own: bool) -> JobState:
    ordered = queries.order(uow.connection, uow.scope, job_id, what, own)
    if ordered is None:
        raise JobNotOrdered()
    organisation_id, state = ordered
    action = {JobOrder.CANCEL: "job-cancelled", JobOrder.RETRY: "job-repeated"}[what]
    audit.record(
        uow.connection, uow.scope, action, subject_of(organisation_id, job_id), organisation_id=organisation_id
    )
    return state


def failed(uow: UnitOfWork) -> int:
    """How many jobs at the organisations that the actor administers have failed."""
    return queries.failed(uow.connection, uow.scope)


def all_jobs(uow: UnitOfWork, *, below: int | None = None, limit: int) -> list[AnyJob]:
    """Everybody's at the organisations that the actor administers, the newest first."""
    return queries.all_jobs(uow.connection, uow.scope, below, limit)
