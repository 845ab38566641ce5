"""Which account a side of a typical entry takes."""

from collections.abc import Sequence, Set

from erp.reference.typical_entries.model import Chosen, TypicalEntry


def choose(entry: TypicalEntry, in_use: Set[str]) -> Chosen:
    """The accounts of both sides, where the entry or the books leave no choice.

    An account of the republican budget has a twin of the local one; an institution's books are kept on one of them.
    """
    return Chosen(entry, _only(entry.debit, in_use), _only(entry.credit, in_use))


_SPOKEN = {
    "зарплат": "заработн",
    "зп": "заработн",
    "жалақы": "еңбекақы",
    "айлық": "еңбекақы",
    "износ": "амортиз",
    "тозу": "амортиз",
    "salar": "wage",
}
"""How accountants say it, by the beginning of the word, and the stem that the names of typical entries have."""


def as_named(words: str) -> str:
    """Words as the names of typical entries have them: “зарплата” is found as “заработная плата”."""
    return " ".join(_stem(word) for word in words.split())


def _stem(word: str) -> str:
    return next((stem for spoken, stem in _SPOKEN.items() if word.casefold().startswith(spoken)), word)


def _only(codes: Sequence[str], in_use: Set[str]) -> str:
    if len(codes) == 1:
        return codes[0]
    used = [code for code in codes if code in in_use]
    return used[0] if len(used) == 1 else ""
