"""Booking what was accepted of a table, as a job: each entry by itself, under a key of its own."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from erp.base import uow
from erp.base.dates import parse_day
from erp.base.errors import DomainError, Invalid
from erp.base.money import parse_tiyn
from erp.base.uow import UnitOfWork
from erp.finance.approvals import service as approvals
from erp.finance.drafts import rules as typed
from erp.finance.intake import accepted
from erp.finance.intake.accepted import Accepted
from erp.finance.intake.service import JOB, KEYS
from erp.finance.journal import service as journal
from erp.reference.access.model import Permission
from erp.reference.attachments.model import Checked
from erp.reference.jobs.attempt import Attempt, JobKind
from ledger.errors import ApprovalNeeded, LedgerError

REFUSED = "refused.csv"
"""A file that it may bring: the entries that were refused after all, and why."""
SHOWN = 200


@dataclass
class _Booked:
    """What became of the entries so far."""

    posted: int = 0
    sent: int = 0
    amount_tiyn: int = 0
    months: set[str] = field(default_factory=set)
    refused: dict[int, str] = field(default_factory=dict)
    """Why, by the row an entry begins in."""


def run(attempt: Attempt) -> None:
    """Post each entry, or send it for signature where its journal asks; one that is refused stops no other.

    Begun again it books nothing twice.
    """
    job, entries, booked = attempt.job, accepted.read(attempt.file()), _Booked()
    for done, entry in enumerate(entries):
        attempt.report("posting", done, len(entries))
        try:
            is_posted = _book(attempt, entry)
        except (DomainError, LedgerError) as refusal:
            faults = refusal.faults.values() if isinstance(refusal, Invalid) else [refusal]
            booked.refused[entry.row] = "; ".join(attempt.say(fault) for fault in faults)
            continue
        booked.posted += is_posted
        booked.sent += not is_posted
        booked.amount_tiyn += sum(parse_tiyn(row.amount) for row in entry.sheet.rows)
        booked.months.add(f"{parse_day(entry.sheet.effective_on):%Y-%m}")

    def finish(u: UnitOfWork) -> None:
        if booked.refused:
            refused = [entry for entry in entries if entry.row in booked.refused]
            content = accepted.rewritten(refused, lambda entry: booked.refused[entry.row])
            attempt.keep(u, Checked(REFUSED, accepted.MEDIA_TYPE, content))
        attempt.finish(u, _result(booked, job.facts))

    uow.run(attempt.engine, attempt.scope, finish)


def _book(attempt: Attempt, entry: Accepted) -> bool:
    """Whether it was posted; else it was sent for signature.  Raises: what the books refuse it for."""
    organisation_id = attempt.job.organisation_id
    reading = typed.read(entry.sheet)
    if reading.faults:
        raise Invalid({each.place: each.fault for each in reading.faults})
    command = reading.command(uuid5(KEYS, f"{UUID(attempt.job.facts['table'])}:{entry.row}"))
    try:
        uow.run(attempt.engine, attempt.scope, lambda u: journal.post_entry(u, organisation_id, command))
    except ApprovalNeeded:
        uow.run(attempt.engine, attempt.scope, lambda u: approvals.prepare(u, organisation_id, command))
        return False
    return True


def _result(booked: _Booked, facts: dict[str, Any]) -> dict[str, Any]:
    return {
        "posted": booked.posted,
        "sent": booked.sent,
        "amount_tiyn": booked.amount_tiyn,
        "first": min(booked.months, default=""),
        "last": max(booked.months, default=""),
        "intake": facts["intake"],
        "left": facts["left"],
        "refused": [{"row": row, "reason": why} for row, why in list(booked.refused.items())[:SHOWN]],
    }


KIND = JobKind(JOB, Permission.JOURNAL_POST, run)
