"""Pure rules of approval: who may decide what, and how a prepared command is kept."""

from collections.abc import Mapping, Set
from datetime import date
from typing import Any
from uuid import UUID

from erp.base.errors import Conflict, NotFound, NotPermitted, RuleViolated
from erp.base.money import MOST_PLACES, decimal_string, parse_scaled, scaled_string
from erp.finance.approvals.model import State
from erp.finance.approvals.schemas import Preparable, PrepareCorrection
from erp.finance.journal.imports.rules import OWN_JOURNAL
from erp.finance.journal.rules import PROGRAM_JOURNALS
from erp.finance.journal.schemas import QUANTITY_PLACES, PostEntry, SideInput
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


FROM: Mapping[State, Set[State]] = {
    State.PREPARED: {State.PREPARED, State.RETURNED},
    State.RETURNED: {State.PREPARED},
    State.WITHDRAWN: {State.PREPARED, State.RETURNED},
    State.APPROVED: {State.PREPARED},
}
"""Where each act finds what it moves on."""


def require_from_today(since: date, today: date) -> None:
    """Raises: BeginsInThePast."""
    if since < today:
        raise BeginsInThePast()


def require_through_today(until: date, since: date, today: date) -> None:
    """Of the first day on which something no longer counts.  Raises: EndsTooEarly."""
    if until <= today or until <= since:
        raise EndsTooEarly()
