"""Texts as sheets take them."""

from itertools import pairwise
from unicodedata import category, combining

THIN = "\u202f"
"""Between the thousands of a figure: narrow, and no line breaks at it."""
Said = str | list[str]
"""Whole, or in pieces between which a line may break; a character that says so would be copied from the paper."""

_LONG = 20
"""Characters of a word that fits any column."""
_PIECE = 5


def said(text: str) -> Said:
    """A text as it was typed; a word too long for a line may break, and what is no character is a space."""
    plain = "".join(" " if category(letter)[0] == "C" else letter for letter in text)
    if len(plain) <= _LONG or longest_word(plain) <= _LONG:
        return plain
    return [piece for word in plain.split(" ") for piece in (*_pieces(word), " ")][:-1]


def longest_word(text: str) -> int:
    return max(map(len, text.split()), default=0)


def _pieces(word: str) -> list[str]:
    """Accents stay with their letters."""
    if len(word) <= _LONG:
        return [word]
    at = [place for place in range(0, len(word), _PIECE) if not combining(word[place])]
    return [word[start:end] for start, end in pairwise([*at, len(word)])]
