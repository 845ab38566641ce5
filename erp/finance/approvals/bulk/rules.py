"""What may be asked of many documents at once."""

from collections.abc import Mapping, Sequence
from typing import Any

from erp.base.errors import Conflict, DomainError, NotFound, NotPermitted, RuleViolated
from erp.base.i18n import N_
from erp.finance.approvals.bulk.model import Target
from erp.reference.jobs.model import Told
from ledger.errors import AlreadyCorrected, ClosingNotCorrectable, LedgerError, NotCorrectable

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


_OF_ENTRY: Mapping[str, str] = {
    AlreadyCorrected.code: N_("{entry} is cancelled already."),
    NotCorrectable.code: N_("{entry} is itself a correction. Post the right entry anew instead."),
    ClosingNotCorrectable.code: N_("{entry} closes the year {year}. Reopen the year instead."),
}
"""What the ledger says of an entry by its number alone, which among many is no name."""


def told(refusal: DomainError | LedgerError, of: Target) -> Told:
    """A refusal as it is kept, to be said in any language; it names the entry that it is of."""
    template = _OF_ENTRY.get(refusal.code)
    fields = {name: _plain(value) for name, value in refusal.fields.items()}
    if template is None or of.version:  # of a prepared entry, which is not the one that has the number
        return Told(refusal.code, refusal.template, fields)
    return Told(refusal.code, template, {**fields, "entry": of.name})


def _plain(value: Any) -> Any:
    if isinstance(value, (str, int)):
        return value
    return [str(each) for each in value] if isinstance(value, (list, tuple)) else str(value)
