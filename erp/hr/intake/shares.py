"""Shares of posts by day."""

from bisect import bisect_left
from datetime import date

from erp.base.dates import DateInterval

_EVER, _NEVER = date.min.toordinal(), date.max.toordinal() + 1


class Shares:
    """Hundredths of a post by day."""

    def __init__(self) -> None:
        self._days, self._there = [_EVER], [0]

    def add(self, valid: DateInterval, percent: int) -> None:
        first, last = self._cut(start_of(valid)), self._cut(end_of(valid))
        for at in range(first, last):
            self._there[at] += percent

    def least(self, valid: DateInterval) -> tuple[int, date]:
        """The least of it on those days, and the first day of that."""
        first, last = self._cut(start_of(valid)), self._cut(end_of(valid))
        there, at = min((self._there[at], at) for at in range(first, last))
        return there, date.fromordinal(self._days[at])

    @property
    def most(self) -> int:
        return max(self._there)

    def _cut(self, day: int) -> int:
        at = bisect_left(self._days, day)
        if at == len(self._days) or self._days[at] != day:
            self._days.insert(at, day)
            self._there.insert(at, self._there[at - 1])
        return at


def start_of(valid: DateInterval) -> int:
    return valid.start.toordinal() if valid.start else _EVER


def end_of(valid: DateInterval) -> int:
    return valid.end.toordinal() if valid.end else _NEVER


def overlap(one: DateInterval, other: DateInterval) -> bool:
    return start_of(one) < end_of(other) and start_of(other) < end_of(one)
