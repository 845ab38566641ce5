"""Which account a side of a typical entry takes."""

from collections.abc import Sequence, Set

from erp.reference.typical_entries.model import Chosen, TypicalEntry


def choose(entry: TypicalEntry, in_use: Set[str]) -> Chosen:
    """The accounts of both sides, where the entry or the books leave no choice.

    An account of the republican budget has a twin of the local one; an institution's books are kept on one of them.
    """
    return Chosen(entry, _only(entry.debit, in_use), _only(entry.credit, in_use))


def _only(codes: Sequence[str], in_use: Set[str]) -> str:
    if len(codes) == 1:
        return codes[0]
    used = [code for code in codes if code in in_use]
    return used[0] if len(used) == 1 else ""
