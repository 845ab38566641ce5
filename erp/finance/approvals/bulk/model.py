"""The nouns of acting on many documents: what is asked for, each document, and what became of it."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from erp.reference.access.model import Permission
from erp.reference.jobs.model import Told


class BulkAct(StrEnum):
    APPROVE = "approve"
    """Take the check or the second signature that is due."""
    SIGN = "sign"
    """Give the first signature that is due."""
    WITHDRAW = "withdraw"
    STORNO = "storno"
    REVERSAL = "reversal"

    @property
    def permission(self) -> Permission:
        return _PERMISSIONS.get(self, Permission.JOURNAL_CORRECT)

    @property
    def is_correction(self) -> bool:
        """Whether it is done to posted entries, and not to prepared ones."""
        return self in (BulkAct.STORNO, BulkAct.REVERSAL)


_PERMISSIONS = {
    BulkAct.APPROVE: Permission.JOURNAL_APPROVE,
    BulkAct.SIGN: Permission.DOCUMENT_SIGN,
    BulkAct.WITHDRAW: Permission.JOURNAL_POST,
}


class BulkState(StrEnum):
    """How far it is; each comes after those above it."""

    ASKED = "asked"
    TRIED = "tried"
    """What would become of each document is known."""
    BEGUN = "begun"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Bulk:
    """One act on many documents, as somebody asked for it."""

    organisation_id: int
    id: int
    key: UUID
    act: BulkAct
    asked_by_id: int
    asked_by: str
    asked_at: datetime
    narrowed: str
    """Query of the list that it was asked on."""
    reason: str
    effective_on: date | None
    state: BulkState
    job_id: int | None

    @property
    def subject(self) -> str:
        return f"bulk:{self.organisation_id}/{self.id}"


@dataclass(frozen=True, slots=True)
class Target:
    """A document that is chosen, as it stood then; ``version`` is 0 of a posted entry."""

    id: int
    version: int
    name: str
    effective_on: date
    amount_tiyn: int


@dataclass(frozen=True, slots=True)
class Item:
    """A document among the many.  A fault of the trial and one of the act itself are refusals as they were told."""

    no: int
    target: Target
    key: UUID
    is_tried: bool
    trial_fault: Told | None
    done_at: datetime | None
    fault: Told | None
    entry_id: int | None
    """Where the outcome is posted."""
    prepared_id: int | None
    """The prepared entry: the one acted on, or the correction that was sent for approval."""

    @property
    def refusal(self) -> Told | None:
        return self.fault or self.trial_fault


@dataclass(frozen=True, slots=True)
class Tally:
    """How many there are, how many the trial let through, and what became of them."""

    items: int
    tried: int
    fit: int
    fit_tiyn: int
    done: int
    done_tiyn: int
    refused: int
    """Let through by the trial, and refused after all."""

    @property
    def unfit(self) -> int:
        return self.tried - self.fit


@dataclass(frozen=True, slots=True)
class Reason:
    """Why some were refused, and how many."""

    told: Told
    items: int
