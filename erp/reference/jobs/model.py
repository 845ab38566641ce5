from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from erp.base.errors import Conflict, NotFound
from erp.base.i18n import N_


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class JobOrder(StrEnum):
    """What may be asked of a job that is there: to stop, or to be tried again once it failed or was cancelled."""

    CANCEL = "cancel"
    RETRY = "retry"


class JobUnknown(NotFound):
    code = "job-unknown"
    template = "There is no such job among yours."


class JobNotOrdered(Conflict):
    code = "job-not-ordered"
    template = "The state of the job has changed meanwhile, so this cannot be done. Look at it again."


class JobKeyReused(Conflict):
    code = "job-key-reused"
    template = "This key has asked for another job already. Open the form anew."


class JobGivenUp(Conflict):
    code = "job-given-up"
    template = N_("This was begun {attempts} times and broken off each time, so it is not tried again by itself.")


class JobBroken(Conflict):
    code = "job-broken"
    template = N_("Something went wrong here. Nothing was saved. Give your administrator the number {reference}.")


class JobKindUnknown(Conflict):
    code = "job-kind-unknown"
    template = N_("This program does not know jobs of the kind “{kind}”. A newer one asked for it.")


@dataclass(frozen=True, slots=True)
class Told:
    """A refusal as it is kept: enough to say it in any language."""

    code: str
    template: str
    fields: dict[str, Any]


class Retold(Exception):
    """A refusal that was kept, to be said once more."""

    def __init__(self, told: Told) -> None:
        self.template, self.fields = told.template, told.fields
        super().__init__(told.template.format(**told.fields))


@dataclass(frozen=True, slots=True)
class Job:
    """Work that a person left to the program."""

    id: int
    organisation_id: int
    kind: str
    asked_by: int
    origin: str
    facts: dict[str, Any]
    state: JobState
    attempt: int
    broken_off: int
    phase: str
    done: int
    total: int
    cancel_asked: bool
    asked_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    result: dict[str, Any] | None
    error: Told | None

    @property
    def subject(self) -> str:
        return subject_of(self.organisation_id, self.id)


@dataclass(frozen=True, slots=True)
class AnyJob:
    """A job as an administrator sees it: how it stands, not what it is about."""

    id: int
    organisation_id: int
    organisation_code: str
    organisation_name_kk: str
    organisation_name_ru: str
    organisation_name_en: str
    kind: str
    asked_by: str
    state: JobState
    attempt: int
    phase: str
    done: int
    total: int
    cancel_asked: bool
    asked_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error_code: str | None

    def organisation_name(self, language: str) -> str:
        name: str = getattr(self, f"organisation_name_{language}")
        return name


def subject_of(organisation_id: int, job_id: int) -> str:
    """A job as attachments, notifications and the audit trail name it."""
    return f"job:{organisation_id}/{job_id}"
