"""What was read of plans and never changes, remembered by the process: leaves, and cells of frozen versions.

Leaves are only ever added, one transaction a plan at a time, so the newest leaf says which there are.  What a frozen
version holds is said by its hash.  Whether somebody may see it is asked of the database each time, before this.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Engine

from erp.economy.plans.model import Cells, LeafTable

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_ROOM = 48  # versions, and tables of leaves, of one database: some 2 MB each at 200,000 cells


@dataclass
class _Shelf(Generic[K, V]):
    """The last things asked for; what was not for longest leaves first."""

    _kept: "OrderedDict[K, V]" = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def get(self, key: K) -> V | None:
        with self._lock:
            if (found := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
            return found

    def keep(self, key: K, value: V) -> V:
        with self._lock:
            self._kept[key] = value
            while len(self._kept) > _ROOM:
                self._kept.popitem(last=False)
        return value


@dataclass
class Memory:
    cells: _Shelf[tuple[int, int, int, bytes], Cells] = field(default_factory=_Shelf)
    """By organisation, plan, version and hash."""
    leaves: _Shelf[tuple[int, int, int], LeafTable] = field(default_factory=_Shelf)
    """By organisation, plan and the newest leaf."""


_memories: WeakKeyDictionary[Engine, Memory] = WeakKeyDictionary()


def memory(engine: Engine) -> Memory:
    """What is remembered of one database."""
    return _memories.setdefault(engine, Memory())


def forget(engine: Engine) -> None:
    """Begin anew, as a process that has just started."""
    _memories.pop(engine, None)
