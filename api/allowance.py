"""How often strangers may ask for what costs something to answer."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_address, ip_network
from threading import Lock
from time import monotonic

from erp.base.errors import NotPermitted

_MOST_ADDRESSES = 10_000


class AskedTooOften(NotPermitted):
    code = "asked-too-often"
    template = "Too many attempts from your address. Try again in {seconds} seconds."


class Allowance:
    """So many questions from an address in so many seconds; each process counts for itself.

    Of IPv6 an address is a network of 64 bits: that is what one line has, whoever is behind it.
    """

    def __init__(self, most: int, seconds: int) -> None:
        self._most, self._seconds = most, seconds
        self._asked: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._lock = Lock()

    def take(self, origin: str) -> None:
        """Raises: AskedTooOften."""
        now, origin = monotonic(), _line(origin)
        with self._lock:
            since, times = self._asked.pop(origin, (now, 0))
            if now - since >= self._seconds:
                since, times = now, 0
            self._asked[origin] = since, times + 1
            if len(self._asked) > _MOST_ADDRESSES:
                self._asked.popitem(last=False)
        if times >= self._most:
            raise AskedTooOften(seconds=max(1, round(since + self._seconds - now)))

    @contextmanager
    def counting(self, origin: str, *refusals: type[Exception]) -> Iterator[None]:
        """What is done within counts while it is done, and for good where it ends in one of the refusals.

        Raises: AskedTooOften.
        """
        self.take(origin)
        try:
            yield
        except refusals:
            raise
        except BaseException:
            self._give_back(origin)
            raise
        self._give_back(origin)

    def _give_back(self, origin: str) -> None:
        line = _line(origin)
        with self._lock:
            since, times = self._asked.get(line, (0, 0))
            if times:
                self._asked[line] = since, times - 1


def _line(origin: str) -> str:
    """Where an address is counted; what is none, as a proxy may say it, is counted as it stands."""
    try:
        address = ip_address(origin)
    except ValueError:
        return origin
    if not isinstance(address, IPv6Address):
        return origin
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ip_network((int(address), 64), strict=False))
