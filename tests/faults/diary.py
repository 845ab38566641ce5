"""What a writer sent and what it was told, in a file of its own that outlives the writer."""

from __future__ import annotations

import json
import os
import time
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.commands import Json, Placed


@dataclass
class Sent:
    """A command and all that came of it."""

    command: Json
    placed: Placed | None = None
    refused: str | None = None
    lost: int = 0
    """Attempts whose answer never came."""
    was_saved_unheard: bool = False
    """Whether one of those attempts had saved it."""

    @property
    def is_settled(self) -> bool:
        return self.placed is not None or self.refused is not None


@dataclass
class History:
    """A diary read so far; ``follow`` reads what was added since."""

    path: Path
    sent: dict[str, Sent] = field(default_factory=dict)
    unclear: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    answered_at: list[float] = field(default_factory=list)
    pending: Sent | None = None
    standing: list[str] = field(default_factory=list)
    """Acknowledged commands of one entry each that nothing has cancelled."""
    closed: bool = False
    """Whether the last thing done to the month that is closed at times was to close it."""
    _read: int = 0

    def follow(self) -> History:
        for line in self._whole_lines():
            self._note(**json.loads(line))
        return self

    def answered_since(self, instant: float) -> list[float]:
        """When answers came after an instant of the monotonic clock."""
        return self.answered_at[bisect(self.answered_at, instant) :]

    def _whole_lines(self) -> Iterator[bytes]:
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            file.seek(self._read)
            for line in file:
                if not line.endswith(b"\n"):  # the writer was killed, or is at it just now
                    return
                self._read += len(line)
                yield line

    def _note(self, what: str, key: str, said: Any, at: float) -> None:
        if what == "sent":
            self.pending = self.sent[key] = Sent(said)
            if said["kind"] == "storno":
                self.standing.remove(said["cancels"])
            elif said["kind"] == "month":
                self.closed = said["act"] == "close"
        elif what == "placed":
            (self.sent[key].placed, is_new), self.pending = said, None
            self.sent[key].was_saved_unheard = not is_new
            self.answered_at.append(at)
            if self.sent[key].command["kind"] == "entry":
                self.standing.append(key)
        elif what == "refused":
            self.sent[key].refused, self.pending = said, None
            self.answered_at.append(at)
        elif what == "unclear":
            self.sent[key].lost += 1
            self.unclear.append(said)
        else:
            self.faults.append(f"{self.path.stem}: {said}")


class Diary:
    """Appends lines.  Each is with the kernel before the next step: a killed writer loses none."""

    def __init__(self, path: Path) -> None:
        self.history = History(path).follow()
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        os.ftruncate(self._file, self.history._read)  # a line broken off in the middle was never acted upon
        os.lseek(self._file, 0, os.SEEK_END)

    def write(self, what: str, key: str, said: Any) -> None:
        line = json.dumps({"what": what, "key": key, "said": said, "at": time.monotonic()})
        os.write(self._file, f"{line}\n".encode())
        self.history.follow()
