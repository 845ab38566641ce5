"""What may be asked of many documents at once."""

from collections.abc import Sequence
from typing import Any

from erp.base.errors import Conflict, DomainError, NotFound, NotPermitted, RuleViolated
from erp.finance.approvals.bulk.model import Target
from erp.reference.jobs.model import Told
from ledger.errors import LedgerError

MOST = 10_000
"""Documents of one act on many."""
AT_ONCE = 100
"""So many are tried and acted on while the person waits; more are a job."""


class BulkUnknown(NotFound):
    code = "bulk-unknown"
    template = "There is no such act on many documents here."


class BulkEmpty(RuleViolated):
    code = "bulk-empty"
    template = "Nothing is found that this could be done with. Choose documents, or change the search terms."


class BulkTooLarge(RuleViolated):
    code = "bulk-too-large"
    template = "More than {limit} documents are found. Narrow the search."


class BulkKeyReused(Conflict):
    code = "bulk-key-reused"
    template = "This form was sent already, for something else. Open the list anew."


class BulkNotTried(Conflict):
    code = "bulk-not-tried"
    template = "It is not known yet what would become of each. Wait until all are tried."


class BulkOfAnother(NotPermitted):
    code = "bulk-of-another"
    template = "Somebody else asked for this. Whoever asked carries it out."


def require_some(targets: Sequence[Target]) -> None:
    """Raises: BulkEmpty, BulkTooLarge."""
    if not targets:
        raise BulkEmpty()
    if len(targets) > MOST:
        raise BulkTooLarge(limit=MOST)


def told(refusal: DomainError | LedgerError) -> Told:
    """A refusal as it is kept, to be said in any language."""
    return Told(refusal.code, refusal.template, {name: _plain(value) for name, value in refusal.fields.items()})


def _plain(value: Any) -> Any:
    if isinstance(value, (str, int)):
        return value
    return [str(each) for each in value] if isinstance(value, (list, tuple)) else str(value)
