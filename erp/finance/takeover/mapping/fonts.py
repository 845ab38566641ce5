"""Kazakh written with an old font: letters of other alphabets that only looked Kazakh on paper.

Before Unicode was usual, fonts drew the Kazakh letters in places where Windows code page 1251 has Serbian, Macedonian,
Ukrainian and Belarusian ones; a text so written reads «ќўжат» in any other font.  The places are those of the standard
ST RK 1048-2002 (KZ-1048), so the substitution is the difference of two published code pages and needs no list of ours.

Whether a word is old Kazakh, or proper Ukrainian, Belarusian, Serbian or Macedonian, is decided by evidence, and a
person confirms it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from enum import StrEnum

_WINDOWS, _KAZAKH = "cp1251", "kz1048"


def _standard() -> dict[str, str]:
    """What code page 1251 shows for each byte that is a letter of another sort in KZ-1048."""
    both = {}
    for byte in range(0x80, 0x100):
        if byte == 0x98:  # neither code page has a character there
            continue
        shown, meant = bytes([byte]).decode(_WINDOWS), bytes([byte]).decode(_KAZAKH)
        if shown != meant and meant.isalpha():
            both[shown] = meant
    return both


STANDARD = _standard()
"""``ќ`` → ``қ`` …: fonts that follow ST RK 1048-2002."""

OTHER = {"ѓ": "ғ", "Ѓ": "Ғ"}
"""Of other fonts, known by hearsay and not verified: proposed, never chosen beforehand."""

LATIN = {"i": "і", "I": "І"}
"""A Latin letter typed for the Kazakh one that looks the same; only between Cyrillic letters."""

_CYRILLIC = "А-Яа-яЁёІіЇїЄєҐґЎўЈјЉљЊњЋћЏџЂђЃѓЅѕЌќӘәҒғҚқҢңӨөҰұҮүҺһ"
_WORD = re.compile(rf"[{_CYRILLIC}iI]+(?:[-’'][{_CYRILLIC}iI]+)*")
_SUSPICIOUS = frozenset(STANDARD) | frozenset(OTHER)
_KAZAKH_LETTERS = frozenset("әғқңөұүһі")

_RUSSIAN = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
_ALPHABETS = tuple(
    frozenset(letters)
    for letters in (
        "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",  # Ukrainian
        "абвгдеёжзійклмнопрстуўфхцчшыьэюя",  # Belarusian
        "абвгдѓежзѕијклљмнњопрстќуфхцчџш",  # Macedonian
        "абвгдђежзијклљмнњопрстћуфхцчџш",  # Serbian
        _RUSSIAN,
    )
)


class Evidence(StrEnum):
    """Why a word is taken for old Kazakh."""

    IMPOSSIBLE = "impossible"
    """No other alphabet has these letters together."""
    KNOWN = "known"
    """Repaired, it is a word of the registers' own Kazakh names."""
    COMPANY = "company"
    """It stands in one text with such words."""
    UNSURE = "unsure"
    """It could be a word of another language, or the font is not verified."""


@dataclass(frozen=True, slots=True)
class Repair:
    """A distinct word as it stands and as it would be, how often, and why."""

    before: str
    after: str
    count: int
    evidence: Evidence

    @property
    def is_sure(self) -> bool:
        return self.evidence is not Evidence.UNSURE


def words_of(text: str) -> list[str]:
    """Words of Cyrillic letters, with Latin ``i`` among them."""
    return _WORD.findall(text)


def repaired(word: str) -> str:
    """The word with Kazakh letters in the places of the old font's; the same where there are none.

    Applying it again changes nothing: no letter that it puts is one that it takes.
    """
    mended = "".join(STANDARD.get(sign) or OTHER.get(sign, sign) for sign in word)
    if any(sign in LATIN for sign in mended) and any(sign.casefold() in _cyrillic_only for sign in mended):
        mended = "".join(LATIN.get(sign, sign) for sign in mended)
    return mended


_cyrillic_only = frozenset(_RUSSIAN) | _KAZAKH_LETTERS


def proposals(texts: Iterable[str], known: Set[str] = frozenset()) -> list[Repair]:
    """Distinct words that look like old Kazakh, the most frequent first; nothing is changed.

    ``known`` are Kazakh words in small letters.  Texts without a suspicious letter cost nothing but the look.
    """
    counts: Counter[str] = Counter()
    found: dict[str, Evidence] = {}
    for text in texts:
        suspicious = [word for word in words_of(text) if repaired(word) != word]
        if not suspicious:
            continue
        own = {word: _evidence(word, known) for word in suspicious}
        in_company = any(e in (Evidence.IMPOSSIBLE, Evidence.KNOWN) for e in own.values())
        for word, evidence in own.items():
            if evidence is Evidence.UNSURE and in_company and not (set(word) & OTHER.keys()):
                evidence = Evidence.COMPANY
            found[word] = min(found.get(word, evidence), evidence, key=_ORDER.index)
        counts.update(suspicious)
    repairs = [Repair(word, repaired(word), counts[word], evidence) for word, evidence in found.items()]
    return sorted(repairs, key=lambda r: (_ORDER.index(r.evidence), -r.count, r.before))


_ORDER = [Evidence.IMPOSSIBLE, Evidence.KNOWN, Evidence.COMPANY, Evidence.UNSURE]


def _evidence(word: str, known: Set[str]) -> Evidence:
    letters = {sign for sign in word.casefold() if sign.isalpha()}
    if letters & {sign.casefold() for sign in OTHER}:
        return Evidence.UNSURE
    if repaired(word).casefold() in known:
        return Evidence.KNOWN
    if not any(letters <= alphabet for alphabet in _ALPHABETS):
        return Evidence.IMPOSSIBLE
    return Evidence.UNSURE


def repair(text: str, words: Mapping[str, str]) -> str:
    """The text with those words replaced that a person has confirmed; whole words only."""
    if not words:
        return text
    return _WORD.sub(lambda match: words.get(match[0], match[0]), text)
