"""What a person looks for, read from what they typed: a number, an amount, an IBAN, words; of whatever layout."""

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from erp.base.layouts import readings
from erp.base.money import AmountMalformed, AmountOutOfRange, parse_tiyn
from erp.finance.journal.model import Journal

LONGEST = 200
"""Characters of a question; the rest is not looked at."""
SHORTEST_WORD = 3
"""Letters of a name, which an index of three letters finds."""
_SHORTEST_DIGITS = 4
_LARGEST = (1 << 63) - 1
_NUMBER = re.compile(
    r"(?:(?P<journal>[^\W\d_]{1,6}-?\d{0,3})(?=[\s·№#]))?[\s·]*[№#]?\s*(?P<number>\d{1,19})(?:\s*/\s*(?P<year>\d{4}|\d{2}))?"
)
_CURRENCY = re.compile(r"\s*(?:₸|тг\.?|тенге|теңге|kzt)$", re.IGNORECASE)
_SAME_LETTERS = str.maketrans("АВЕКМНОРСТХІ", "ABEKMHOPCTXI")
"""Cyrillic capitals that look as Latin ones: codes of journals are typed in either."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """A legal number: of these journals, of a year if one was named."""

    number: int
    journal_ids: tuple[int, ...]
    year: int | None


@dataclass(frozen=True, slots=True)
class Asked:
    words: str
    """One blank between words."""
    readings: tuple[str, ...]
    """The words, then what the same keys make under another layout."""
    digits: str
    """All of it, where it is digits and blanks; else empty."""
    iban: str
    """The beginning of an account at a bank; else empty."""
    amount_tiyn: int | None

    @property
    def names(self) -> tuple[str, ...]:
        """What names and long numbers are looked for by; nothing where that is too little to tell them apart."""
        if self.digits:
            return (self.digits,) if len(self.digits) >= _SHORTEST_DIGITS else ()
        return self.readings if any(len(word) >= SHORTEST_WORD for word in self.words.split()) else ()


def asked(text: str) -> Asked:
    words = " ".join(text[:LONGEST].split())
    bare = words.replace(" ", "")
    iban = next((each.upper() for each in readings(bare) if re.fullmatch(r"KZ\w{4,18}", each.upper(), re.ASCII)), "")
    return Asked(words, readings(words), bare if bare.isascii() and bare.isdigit() else "", iban, _amount(words))


def numbered(words: str, journals: Iterable[Journal]) -> Numbered | None:
    """``MO-06 15``, ``№ 15``, ``15/2026``, also typed under another layout; ``None`` where it is no number."""
    kept = list(journals)
    for reading in readings(words):
        match = _NUMBER.fullmatch(reading.strip())
        if match is None or int(match["number"]) > _LARGEST:
            continue
        named = match["journal"]
        ids = tuple(j.id for j in kept if named is None or _bare(j.code) == _bare(named))
        if ids:
            return Numbered(int(match["number"]), ids, _year(match["year"]))
    return None


def _year(written: str | None) -> int | None:
    """``26`` is 2026."""
    return None if written is None else int(written) + (2000 if len(written) == 2 else 0)


def answers(said: Iterable[str], names: Iterable[str]) -> bool:
    """Whether every word of one of the readings ``said`` stands in the names."""
    text = _folded(" ".join(names))
    return any(all(word in text for word in _folded(each).split()) for each in said)


def _folded(text: str) -> str:
    """No case, ё as е, Latin i as Kazakh і, no quotation marks: as the database's ``base_search_fold``."""
    return text.lower().translate(_FOLD)


_FOLD = str.maketrans("ёi", "еі", '«»„“”"')


def _bare(code: str) -> str:
    """A journal's code without what people leave out: ``МО-6`` is ``MO-06``."""
    return re.sub(r"-?0*(\d+)$", r"\1", code.upper().translate(_SAME_LETTERS))


def _amount(words: str) -> int | None:
    with suppress(AmountMalformed, AmountOutOfRange):
        return parse_tiyn(_CURRENCY.sub("", words)) or None
    return None
