"""Doing the work: what a worker makes of a job, once or, after it was killed, again.

A job is finished in the transaction that holds its effects.  So they are there once, however often it is begun: an
attempt whose worker is thought dead may still be at work while another does the same, and then only the last of them
can commit.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from erp.base import uow
from erp.base.clock import today
from erp.base.errors import DomainError
from erp.base.i18n import Language
from erp.base.scope import Scope, system_scope
from erp.base.uow import UnitOfWork
from erp.reference.access import service as access
from erp.reference.access.model import Permission
from erp.reference.access.policy import authorise
from erp.reference.attachments import service as attachments
from erp.reference.attachments.model import Checked
from erp.reference.jobs import queries
from erp.reference.jobs.model import Job, JobBroken, JobGivenUp, JobKindUnknown, JobState, Told
from erp.reference.notifications.model import NotificationKind
from erp.reference.notifications.service import notify
from ledger.errors import LedgerError

MOST_BROKEN_OFF = 5
_BETWEEN_REPORTS = 0.5  # seconds


class WorkerStops(Exception):
    """The program is asked to end: the job goes back into the queue."""


class _Cancelled(Exception):
    """The person does not want it any more."""


class _Superseded(Exception):
    """Another attempt at the job was begun, or it is over."""


@dataclass(frozen=True, slots=True)
class JobKind:
    """Work of a kind: who may have it done, and how.

    ``run`` ends with ``Attempt.finish`` or ``Attempt.fail``, in the transaction of what it changes, or raises a
    refusal, which is told to the person.
    """

    name: str
    permission: Permission
    run: Callable[["Attempt"], None]


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a worker lends to an attempt: how refusals are worded and the unforeseen is logged, and whether to stop."""

    say: Callable[[Exception, Language], str]
    log: Callable[[Exception], str]
    """Returns the reference that the person may tell."""
    is_stopping: Callable[[], bool] = lambda: False


@dataclass
class Attempt:
    """One attempt at a job, acting as the person who asked, with the rights they have now."""

    engine: Engine
    job: Job
    scope: Scope
    language: Language
    around: Circumstances
    _reported: float = field(default=0.0, init=False)
    _phase: str = field(default="", init=False)

    def say(self, error: Exception) -> str:
        """A refusal in the person's language."""
        return self.around.say(error, self.language)

    def report(self, phase: str, done: int, total: int) -> None:
        """Note how far it is, at most twice a second.

        Raises: WorkerStops, and what ends an attempt that is cancelled or superseded; nothing is to be saved then.
        """
        if self.around.is_stopping():
            raise WorkerStops()
        now = time.monotonic()
        if phase == self._phase and now - self._reported < _BETWEEN_REPORTS:
            return
        self._phase, self._reported = phase, now
        wanted = uow.run(
            self.engine, _own(self.job), lambda u: queries.report(u.connection, u.scope, self.job, phase, done, total)
        )
        if wanted is None:
            raise _Superseded()
        if wanted:
            raise _Cancelled()

    def finish(self, uow: UnitOfWork, result: Mapping[str, Any]) -> None:
        """Done, as far as this transaction is committed."""
        self._end(uow, JobState.DONE, result=result)
        self._notify(uow, NotificationKind.JOB_DONE)

    def fail(self, uow: UnitOfWork, error: DomainError | LedgerError, result: Mapping[str, Any] | None = None) -> None:
        """Refused; ``result`` is what else is to be known of it."""
        told = Told(error.code, error.template, _plain(error.fields))
        self._end(uow, JobState.FAILED, result=result, error=told)
        self._notify(uow, NotificationKind.JOB_FAILED)

    def keep(self, uow: UnitOfWork, file: Checked) -> None:
        """A file that it brings."""
        attachments.attach(uow, self.job.organisation_id, self.job.subject, file)

    def file(self) -> bytes:
        """What it was asked with."""
        wanted = bytes.fromhex(self.job.facts["sha256"])

        def read(u: UnitOfWork) -> bytes:
            found = attachments.attachment_with(u, self.job.organisation_id, self.job.subject, wanted)
            return attachments.content_of(u, found)

        return uow.read(self.engine, _own(self.job), read)

    def _end(
        self, uow: UnitOfWork, state: JobState, *, result: Mapping[str, Any] | None = None, error: Told | None = None
    ) -> None:
        if not queries.finish(uow.connection, uow.scope, self.job, state, result=result, error=error):
            raise _Superseded()

    def _notify(self, uow: UnitOfWork, kind: NotificationKind) -> None:
        notify(uow, self.job.asked_by, kind, self.job.subject, what=self.job.facts["what"])


def work(
    engine: Engine, kinds: Mapping[str, JobKind], around: Circumstances, organisation_id: int, job_id: int
) -> None:
    """Take up a job and bring it to an end; one that is over is left alone.

    Raises: the database's error, where it cannot be reached or breaks off: the job is then to be taken up again.
    """
    own = system_scope(organisation_id, origin="worker")
    job = uow.run(engine, own, lambda u: queries.take_up(u.connection, u.scope, organisation_id, job_id))
    if job is None:
        return
    attempt = Attempt(engine, job, own, Language.KK, around)
    try:
        if job.broken_off >= MOST_BROKEN_OFF:
            raise JobGivenUp(attempts=job.broken_off)
        if job.kind not in kinds:
            raise JobKindUnknown(kind=job.kind)
        _act_as_person(attempt, kinds[job.kind].permission)
        attempt.report("", 0, 0)
        kinds[job.kind].run(attempt)
    except _Superseded:
        return
    except _Cancelled:
        _close(attempt, lambda u: attempt._end(u, JobState.CANCELLED))
    except WorkerStops:
        _close(attempt, lambda u: attempt._end(u, JobState.QUEUED))
    except (DomainError, LedgerError) as refusal:
        told = refusal
        _close(attempt, lambda u: attempt.fail(u, told))
    except (OperationalError, PoolTimeout):
        if not around.is_stopping():
            raise
        _close(attempt, lambda u: attempt._end(u, JobState.QUEUED))
    except Exception as unforeseen:
        broken = JobBroken(reference=around.log(unforeseen))
        _close(attempt, lambda u: attempt.fail(u, broken))


def _close(attempt: Attempt, end: Callable[[UnitOfWork], None]) -> None:
    try:
        uow.run(attempt.engine, _own(attempt.job), end)
    except _Superseded:
        return


def _act_as_person(attempt: Attempt, permission: Permission) -> None:
    """Raises: NotPermitted, where the person has lost the right since they asked."""
    job = attempt.job

    def find(u: UnitOfWork) -> tuple[Scope, Language]:
        identity = access.person(u, queries.login_of(u.connection, u.scope, job), today())
        return authorise(identity, permission, job.organisation_id), Language(identity.user.language)

    asked_from = system_scope(job.organisation_id, origin=job.origin)
    attempt.scope, attempt.language = uow.read(attempt.engine, asked_from, find)


def _own(job: Job) -> Scope:
    """The program reporting on the job."""
    return system_scope(job.organisation_id, origin="worker")


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Facts as JSON keeps them."""
    return {
        name: value
        if isinstance(value, (str, int))
        else [str(v) for v in value]
        if isinstance(value, (list, tuple))
        else str(value)
        for name, value in fields.items()
    }
