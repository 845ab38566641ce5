"""Taking in a large file, as a job: its rows, and that it is done, are one transaction."""

from uuid import UUID

from erp.base import uow
from erp.base.dates import MonthSpan, month_string, parse_month
from erp.base.uow import UnitOfWork
from erp.finance.takeover.files import service
from erp.finance.takeover.service import Desk
from erp.reference.access.model import Permission
from erp.reference.attachments.model import Checked
from erp.reference.attachments.rules import check
from erp.reference.jobs import service as jobs
from erp.reference.jobs.attempt import Attempt, JobKind

NAME = "takeover-file"
_LARGE = 512 << 10  # bytes; a workbook of so much has some ten thousand rows and takes about a second to read


def is_large(file: Checked) -> bool:
    """Whether nobody is to wait before a page until it is read."""
    return len(file.content) > _LARGE


def ask(
    uow: UnitOfWork, organisation_id: int, takeover_id: int, key: UUID, file: Checked, span: MonthSpan | None = None
) -> int:
    """Leave a file to be taken in; returns the job's id.  Raises: TakeoverUnknown, TakeoverEnded, JobKeyReused."""
    Desk.of(uow, organisation_id, takeover_id).require_under_way()
    months = [month_string(span.first), month_string(span.last)] if span else []
    return jobs.ask(uow, organisation_id, key, NAME, file, takeover=takeover_id, months=months)


def run(attempt: Attempt) -> None:
    """Raises: what ``service.take_in`` does."""
    facts, content = attempt.job.facts, attempt.file()
    file = check(facts["what"], content, limit=len(content))
    span = MonthSpan.of(*map(parse_month, facts["months"])) if facts["months"] else None

    def take_in(u: UnitOfWork) -> None:
        taken = service.take_in(u, attempt.job.organisation_id, facts["takeover"], file, span, attempt.report)
        attempt.finish(u, {"takeover": facts["takeover"], "rows": taken.row_count})

    uow.run(attempt.engine, attempt.scope, take_in)


KIND = JobKind(NAME, Permission.JOURNAL_IMPORT, run)
