"""Acting on very many documents as a job: each is its own transaction, so an attempt that breaks off is taken up."""

from functools import partial

from erp.base import uow
from erp.finance.approvals.bulk import service
from erp.finance.approvals.bulk.model import BulkAct
from erp.reference.jobs.attempt import Attempt, JobKind


def run(attempt: Attempt) -> None:
    """Try all that were asked for, or carry out what was tried."""
    at, bulk_id = attempt.job.organisation_id, int(attempt.job.facts["bulk"])
    work: service.Run = partial(uow.run, attempt.engine, attempt.scope)
    step = service.try_out if attempt.job.facts["phase"] == "try" else service.carry_out
    step(work, at, bulk_id, _ACTS[attempt.job.kind].permission, attempt.report)

    def finish(u: uow.UnitOfWork) -> None:
        _, tally, _ = service.bulk(u, at, bulk_id)
        attempt.finish(u, {"bulk": bulk_id, "items": tally.items, "fit": tally.fit, "done": tally.done})

    work(finish)


_ACTS = {f"bulk-{act}": act for act in BulkAct}
KINDS = {name: JobKind(name, act.permission, run) for name, act in _ACTS.items()}
