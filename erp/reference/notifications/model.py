from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from erp.base.i18n import N_


class NotificationKind(StrEnum):
    """What a person is told of; ``SENTENCES`` name the facts that each needs."""

    MENTIONED = "mentioned"
    JOB_DONE = "job-done"
    JOB_FAILED = "job-failed"
    TO_CHECK = "to-check"
    TO_SIGN = "to-sign"
    TO_APPROVE = "to-approve"
    APPROVED = "approved"
    RETURNED = "returned"
    POLICY_TO_SIGN = "policy-to-sign"
    CLOSING_DUE = "closing-due"
    CLOSING_LATE = "closing-late"
    LEAVE_ASKED = "leave-asked"
    TRIP_ASKED = "trip-asked"
    ABSENCE_APPROVED = "absence-approved"
    ABSENCE_RETURNED = "absence-returned"
    ABSENCE_RECALLED = "absence-recalled"
    TRIP_REPORTED = "trip-reported"
    TRIP_REPORT_APPROVED = "trip-report-approved"
    TRIP_REPORT_RETURNED = "trip-report-returned"
    SETTLEMENT_DECLINED = "settlement-declined"


SENTENCES: dict[NotificationKind, str] = {
    NotificationKind.MENTIONED: N_("{actor} mentions you in a comment on {what}."),
    NotificationKind.JOB_DONE: N_("Done: {what}."),
    NotificationKind.JOB_FAILED: N_("Not done: {what}."),
    NotificationKind.TO_CHECK: N_("{actor} asks you to check {what}."),
    NotificationKind.TO_SIGN: N_("{actor} asks you for the first signature of {what}."),
    NotificationKind.TO_APPROVE: N_("{actor} asks you to approve {what}."),
    NotificationKind.APPROVED: N_("{actor} approved {what}."),
    NotificationKind.RETURNED: N_("{actor} returned {what}: {reason}"),
    NotificationKind.POLICY_TO_SIGN: N_("{actor} asks you to sign the accounting policy {what}."),
    NotificationKind.CLOSING_DUE: N_("Steps of the month close are due today: {what}."),
    NotificationKind.CLOSING_LATE: N_("Steps of the month close are late: {what}."),
    NotificationKind.LEAVE_ASKED: N_("{who} asks for leave: {first} – {last}."),
    NotificationKind.TRIP_ASKED: N_("{who} asks for a business trip: {first} – {last}."),
    NotificationKind.ABSENCE_APPROVED: N_("{actor} approved your request: {first} – {last}."),
    NotificationKind.ABSENCE_RETURNED: N_("{actor} returned your request ({first} – {last}): {reason}"),
    NotificationKind.ABSENCE_RECALLED: N_("{actor} recalled you, the days {first} – {last} are given back: {reason}"),
    NotificationKind.TRIP_REPORTED: N_("{who} reports on a business trip: {what}."),
    NotificationKind.TRIP_REPORT_APPROVED: N_("{actor} approved your report on the trip {what}."),
    NotificationKind.TRIP_REPORT_RETURNED: N_("{actor} returned your report on the trip {what}: {reason}"),
    NotificationKind.SETTLEMENT_DECLINED: N_("The accountant declined the entry of the trip {what}: {reason}"),
}
"""English sentences to translate.  ``actor`` is known by itself; the others are facts: ``what`` names the subject."""


@dataclass(frozen=True, slots=True)
class Notification:
    id: int
    kind: NotificationKind
    subject: str
    facts: dict[str, Any]
    actor: str | None
    """``None`` for the program."""
    at: datetime
    read_at: datetime | None

    @property
    def sentence(self) -> str:
        return SENTENCES[self.kind]


@dataclass(frozen=True, slots=True)
class Contact:
    """How a person is reached outside of the program."""

    address: str = ""
    by_mail: bool = False
