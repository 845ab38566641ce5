"""Chance that always falls the same way: a seeded generator that speaks whole numbers."""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Luck:
    """Seeded by words and numbers; only ``Random.random`` is used, whose sequence Python promises to keep."""

    def __init__(self, *seed: object) -> None:
        self._random = Random("/".join(map(str, seed)))  # noqa: S311  (a story, not a secret)

    def between(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both included."""
        return low + int(self._random.random() * (high - low + 1))

    def vary(self, amount: int, percent: int) -> int:
        """The amount, at most so many per cent more or less."""
        return amount * (100_000 + self.between(-1000 * percent, 1000 * percent)) // 100_000

    def happens(self, percent: int) -> bool:
        return self.between(1, 100) <= percent

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.between(0, len(choices) - 1)]
