"""Pure rules of approval: who may decide what, and how a prepared command is kept."""

from collections.abc import Iterable, Mapping, Set
from datetime import date
from typing import Any
from uuid import UUID

from erp.base.commands import QUANTITY_PLACES
from erp.base.errors import Conflict, NotFound, NotPermitted, RuleViolated
from erp.base.money import MOST_PLACES, decimal_string, parse_scaled, scaled_string
from erp.finance.approvals.model import Revision, Route, State, Step
from erp.finance.approvals.schemas import Preparable, PrepareCorrection, StepAsked
from erp.finance.journal.imports.rules import OWN_JOURNAL
from erp.finance.journal.rules import PROGRAM_JOURNALS
from erp.finance.journal.schemas import PostEntry, SideInput
from erp.reference.access.model import Permission
from erp.reference.signatures.errors import SignatureNeeded
from erp.reference.signatures.model import Cms, Document, Evidence
from erp.reference.signatures.rules import canonical
from ledger.errors import PreparedChanged


class PreparedUnknown(NotFound):
    code = "prepared-unknown"
    template = "There is no such prepared entry in these books."


class ApprovalNotAsked(Conflict):
    code = "approval-not-asked"
    template = "Entries of the journal {journal} need no approval. Post the entry."


class JournalNotSeparable(RuleViolated):
    code = "journal-not-separable"
    template = "The journal {journal} is filled by the program itself, so nobody approves its entries."


class UnapprovedFound(Conflict):
    code = "unapproved-found"
    template = "Entry {number} of journal {journal}, {year}, of book {book} lacks the approval that its journal needed."


class StepNotDue(Conflict):
    code = "step-not-due"
    template = "This step is not due now. Look how the document stands."


class StepsMissing(RuleViolated):
    code = "steps-missing"
    template = "Choose at least one step: a check, a first or a second signature."


class NotWithdrawn(Conflict):
    code = "not-withdrawn"
    template = "Only what was withdrawn can be taken back into work."


class WithdrawalUnexplained(RuleViolated):
    code = "withdrawal-unexplained"
    template = "Somebody else prepared it. Say why you withdraw it, in at least {limit} characters."


class DutyUnknown(NotFound):
    code = "duty-unknown"
    template = "There is no such setting here, or it has ended."


class SeparatedAlready(Conflict):
    code = "separated-already"
    template = "Entries of the journal {journal} are approved by a second person on these days already."


class BeginsInThePast(RuleViolated):
    code = "begins-in-the-past"
    template = "This can begin today or later: what was decided on days gone by stays as it was."


class EndsTooEarly(RuleViolated):
    code = "ends-too-early"
    template = "This can end tomorrow or later, so that it holds through today; and after it begins."


class ExceptionForOneself(NotPermitted):
    code = "exception-for-oneself"
    template = "Nobody allows this to themselves. Ask the administrator, or the chief accountant of the body above."


class ExceptionUnknown(NotFound):
    code = "exception-unknown"
    template = "There is no such exception here, or it has ended."


class ExceptionAlready(Conflict):
    code = "exception-already"
    template = "This person has an exception on these days already."


class NotABookkeeper(RuleViolated):
    code = "not-a-bookkeeper"
    template = "This person does not keep the books of the institution, and so needs no exception."


NOT_SEPARABLE = PROGRAM_JOURNALS - {OWN_JOURNAL}
"""Journals that nobody prepares entries for.  Of the imports' own it may be asked: then no file goes into it."""

SCHEMA_VERSION = 1
"""Of the form in which commands are kept: as the API takes them, without the key."""


def kind_of(command: Preparable) -> str:
    return "correction" if isinstance(command, PrepareCorrection) else "entry"


def document_of(command: Preparable) -> dict[str, Any]:
    """The command as it is kept."""
    if isinstance(command, PrepareCorrection):
        return command.model_dump(mode="json", exclude={"key"})
    return {
        "journal": command.journal,
        "effective_on": command.effective_on.isoformat(),
        "memo": command.memo,
        "document_number": command.document_number,
        "document_on": command.document_on.isoformat() if command.document_on else None,
        "postings": [
            {
                "debit": _side(posting.debit),
                "credit": _side(posting.credit),
                "amount": decimal_string(posting.amount),
                "memo": posting.memo,
            }
            for posting in command.postings
        ],
    }


def command_of(kind: str, document: Mapping[str, Any], key: UUID) -> Preparable:
    """The command that was kept, under the key of what was prepared."""
    shape = PrepareCorrection if kind == "correction" else PostEntry
    return shape.model_validate({**document, "key": key})


def _side(side: SideInput) -> dict[str, Any]:
    number = side.currency_amount
    return {
        "account": side.account,
        "dimensions": {dimension.slug: code for dimension, code in side.dimensions.items()},
        "quantity": None if side.quantity is None else scaled_string(side.quantity, QUANTITY_PLACES),
        "currency_amount": None if number is None else scaled_string(parse_scaled(number, MOST_PLACES), MOST_PLACES),
    }


def require_version(found: int, expected: int) -> None:
    """Raises: PreparedChanged."""
    if found != expected:
        raise PreparedChanged()


SHORTEST_REASON = 3


def require_own_or_reason(preparers: Set[int], stands_for: Set[int], reason: str) -> None:
    """Raises: WithdrawalUnexplained."""
    if preparers.isdisjoint(stands_for) and len(reason) < SHORTEST_REASON:
        raise WithdrawalUnexplained(limit=SHORTEST_REASON)


PERMISSIONS: Mapping[Step, Permission] = {
    Step.CHECK: Permission.JOURNAL_APPROVE,
    Step.FIRST_SIGNATURE: Permission.DOCUMENT_SIGN,
    Step.SECOND_SIGNATURE: Permission.JOURNAL_APPROVE,
}
"""What the person who takes a step must hold."""

_UNDER_WAY = frozenset(state for state in State if state.is_under_way)
FROM: Mapping[State, Set[State]] = {
    State.PREPARED: _UNDER_WAY | {State.RETURNED},
    State.RETURNED: _UNDER_WAY,
    State.WITHDRAWN: _UNDER_WAY | {State.RETURNED},
}
"""Where each act that is no step finds what it moves on; what was withdrawn comes back only as it was."""


def route_of(asked: Iterable[StepAsked]) -> Route:
    """The route of the steps asked for, in the order that steps have.  Raises: StepsMissing."""
    evidence = {each.step: each.evidence for each in asked}
    steps = tuple(step for step in Step if step in evidence)
    if not steps:
        raise StepsMissing()
    return Route(steps, frozenset(step for step in steps if evidence[step] == "cms"))


def signed_content(organisation_id: int, prepared_id: int, revision: Revision, step: Step) -> bytes:
    """The bytes that are signed by a step: what is posted, which revision of it, what for.

    ``sha256`` is the digest of the command that the ledger will hold.
    """
    return canonical(
        subject(organisation_id, prepared_id),
        step.purpose,
        Document(revision.kind, revision.document_number or str(prepared_id), revision.effective_on),
        revision=revision.no,
        schema_version=revision.schema_version,
        content=revision.command,
        sha256=revision.content_hash.hex(),
    )


def subject(organisation_id: int, prepared_id: int) -> str:
    """What the trail, comments, files and signatures call a prepared entry."""
    return f"prepared:{organisation_id}/{prepared_id}"


def require_evidence(route: Route, step: Step, evidence: Evidence) -> None:
    """Raises: SignatureNeeded, where consent is not enough."""
    if step in route.cms and not isinstance(evidence, Cms):
        raise SignatureNeeded()


def require_from_today(since: date, today: date) -> None:
    """Raises: BeginsInThePast."""
    if since < today:
        raise BeginsInThePast()


def require_through_today(until: date, since: date, today: date) -> None:
    """Of the first day on which something no longer counts.  Raises: EndsTooEarly."""
    if until <= today or until <= since:
        raise EndsTooEarly()
