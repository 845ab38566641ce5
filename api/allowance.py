"""How often strangers may ask for what costs something to answer."""

from collections import OrderedDict
from threading import Lock
from time import monotonic

from erp.base.errors import NotPermitted

_MOST_ADDRESSES = 10_000


class AskedTooOften(NotPermitted):
    code = "asked-too-often"
    template = "Too many questions from your address. Try again in {seconds} seconds."


class Allowance:
    """So many questions from an address in so many seconds; each process counts for itself."""

    def __init__(self, most: int, seconds: int) -> None:
        self._most, self._seconds = most, seconds
        self._asked: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._lock = Lock()

    def take(self, origin: str) -> None:
        """Raises: AskedTooOften."""
        now = monotonic()
        with self._lock:
            since, times = self._asked.pop(origin, (now, 0))
            if now - since >= self._seconds:
                since, times = now, 0
            self._asked[origin] = since, times + 1
            if len(self._asked) > _MOST_ADDRESSES:
                self._asked.popitem(last=False)
        if times >= self._most:
            raise AskedTooOften(seconds=max(1, round(since + self._seconds - now)))
