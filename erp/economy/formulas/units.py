"""Units and their algebra: KZT/USD × USD is KZT; tenge are not added to people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

NOUNS = ("KZT", "USD", "EUR", "RUB", "CNY", "people", "bbl", "month")
SCALES = {
    "1": Fraction(1),
    "%": Fraction(1, 100),
    "thousand": Fraction(10**3),
    "mln": Fraction(10**6),
    "bn": Fraction(10**9),
    "trn": Fraction(10**12),
}

Values = TypeVar("Values", float, NDArray[np.float64])


@dataclass(frozen=True, slots=True)
class Unit:
    """What a number counts: powers of nouns, in the order of the alphabet, and how much one of it is."""

    powers: tuple[tuple[str, int], ...] = ()
    scale: Fraction = field(default=Fraction(1), compare=False)
    said: str = field(default="", compare=False)
    """As a text writes it."""

    @classmethod
    def of(cls, words: Iterable[tuple[str, int]], said: str = "") -> Unit:
        """The unit of nouns and scales with their powers."""
        powers: Counter[str] = Counter()
        scale = Fraction(1)
        for word, power in words:
            if word in SCALES:
                scale *= SCALES[word] ** power
            else:
                powers[word] += power
        return cls(_ordered(powers), scale, said)

    def __mul__(self, other: Unit) -> Unit:
        return self._joined(other, 1)

    def __truediv__(self, other: Unit) -> Unit:
        return self._joined(other, -1)

    def _joined(self, other: Unit, sign: int) -> Unit:
        powers = Counter(dict(self.powers))
        for noun, power in other.powers:
            powers[noun] += sign * power
        return Unit(_ordered(powers))

    def __str__(self) -> str:
        if self.said:
            return self.said
        above = "*".join("*".join([noun] * power) for noun, power in self.powers if power > 0)
        below = "".join(f"/{noun}" * -power for noun, power in self.powers if power < 0)
        return (above or "1") + below

    def inward(self, values: Values) -> Values:
        """Numbers of this unit as formulas reckon with them: 8.6 % is 0.086."""
        return _scaled(values, self.scale)

    def outward(self, values: Values) -> Values:
        """What formulas reckoned as numbers of this unit."""
        return _scaled(values, 1 / self.scale)


PLAIN = Unit()


def _scaled(values: Values, by: Fraction) -> Values:
    """Times a scale, which is a whole number or one part of a whole number, so that it is rounded once."""
    if by.denominator > 1:
        values = values / by.denominator
    return values * by.numerator if by.numerator > 1 else values


def _ordered(powers: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted((noun, power) for noun, power in powers.items() if power))
