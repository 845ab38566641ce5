from datetime import date

from erp.base.errors import NotFound
from erp.base.i18n import N_
from erp.base.uow import UnitOfWork
from erp.reference.typical_entries import queries, rules
from erp.reference.typical_entries.model import Chosen, TypicalEntry


class TypicalEntryUnknown(NotFound):
    code = "typical-entry-unknown"
    template = N_("No typical entry on that day answers to this. Choose one from the list.")


class TypicalEntryUnclear(NotFound):
    code = "typical-entry-unclear"
    template = N_("{found} typical entries answer to this. Choose one from the list.")


def entries(uow: UnitOfWork, day: date, words: str = "") -> list[TypicalEntry]:
    """Typical entries on a day, all or those that hold every word, by section."""
    return queries.entries(uow.connection, uow.scope, day, rules.as_named(words))


def find(uow: UnitOfWork, organisation_id: int, words: str, day: date) -> Chosen:
    """A typical entry by its number, or by words that it alone holds, with the accounts that the books leave no
    choice of.

    Raises: TypicalEntryUnknown, TypicalEntryUnclear.
    """
    found = queries.entries(uow.connection, uow.scope, day, code=words.zfill(3))
    if not found and words:
        found = entries(uow, day, words)
    if not found:
        raise TypicalEntryUnknown()
    if len(found) > 1:
        raise TypicalEntryUnclear(found=len(found))
    entry = found[0]
    several = {c for side in (entry.debit, entry.credit) if len(side) > 1 for c in side}
    in_use = queries.accounts_in_use(uow.connection, uow.scope, organisation_id, several) if several else frozenset()
    return rules.choose(entry, in_use)
