"""The anchor: what an auditor keeps outside of the database, in a file that people can read.

A line is an object for a block, ``{"block": 7, "sealed_at": …, "entries": 2, "events": 1, "head": …}``, and after it
come its leaves in the order of the trees, a list each: ``[book, year, journal, number, first 8 bytes of the hash]`` for
an entry, ``[source, id, action, subject, first 8 bytes]`` for an event.  A file is complete when its last block has all
its leaves; blocks that were sealed before events were have no ``events``.
"""

import json
import os
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fcntl import LOCK_EX, flock
from itertools import groupby
from pathlib import Path
from typing import Any

import psycopg

from ledger import errors
from ledger.seals import instant_text

SHORT = 8
"""Bytes of a leaf's hash that the anchor keeps."""

_BLOCKS = "SELECT no, sealed_at, entries, events, head FROM ledger_block WHERE no > %s ORDER BY no"
_LEAVES = """
    SELECT l.block_no, b.text, l.fiscal_year, j.text, l.number, l.hash
      FROM ledger_leaf l
      LEFT JOIN ledger_sealed_code b ON (b.organisation_id, b.kind, b.id) = (l.organisation_id, 'book', 0)
      LEFT JOIN ledger_sealed_code j ON (j.organisation_id, j.kind, j.id) = (l.organisation_id, 'journal', l.journal_id)
     WHERE l.block_no > %s
     ORDER BY l.block_no, l.leaf_no
"""
_EVENTS = """
    SELECT block_no, to_json(source)::text, id, to_json(action)::text, to_json(subject)::text, hash
      FROM ledger_trail_leaf WHERE block_no > %s ORDER BY block_no, leaf_no
"""


@dataclass(frozen=True, slots=True)
class AnchoredBlock:
    no: int
    sealed_at: str
    entries: int
    events: int | None
    head: str

    @property
    def leaves(self) -> int:
        return self.entries + (self.events or 0)


@dataclass(frozen=True, slots=True)
class AnchoredEntry:
    """Name of an entry (codes of its book and journal, year, number) and the beginning of its leaf's hash."""

    book: str
    year: int
    journal: str
    number: int
    short: str

    @property
    def name(self) -> tuple[object, ...]:
        return self.book, self.year, self.journal, self.number


@dataclass(frozen=True, slots=True)
class AnchoredEvent:
    """An event of the trail, and the beginning of its leaf's hash."""

    source: str
    id: int
    action: str
    subject: str
    short: str

    @property
    def name(self) -> tuple[object, ...]:
        return self.source, self.id


AnchoredLeaf = AnchoredEntry | AnchoredEvent


def short(leaf: bytes) -> str:
    return b64encode(leaf[:SHORT]).decode()


def append(url: str, path: Path) -> int:
    """Add the blocks that the file does not have yet; returns how many.

    ``url`` is that of a role which may read all books.  A last block that an interruption left without all its leaves
    is written anew.  Of two that add at once one waits for the other.

    Raises: AnchorDamaged, AnchorDiffers where the file's last block is not the database's.
    """
    with path.open("ab") as file, psycopg.connect(url.replace("+psycopg", "", 1)) as connection:
        flock(file, LOCK_EX)
        last, end = _complete(path)
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        connection.execute("SET LOCAL row_security = off")  # all books or an error, never some
        if last is not None:
            row = connection.execute("SELECT head FROM ledger_block WHERE no = %s", [last.no]).fetchone()
            if row is None or row[0].hex() != last.head:
                raise errors.AnchorDiffers(block=last.no, file=path)
        file.truncate(end)
        since = [last.no if last else 0]
        added = 0
        with ExitStack() as stack:
            blocks, entries, events = (
                stack.enter_context(connection.cursor(name)) for name in ("blocks", "entries", "events")
            )
            of_entries, of_events = _Waiting(entries.execute(_LEAVES, since)), _Waiting(events.execute(_EVENTS, since))
            for no, sealed_at, entries_in, events_in, head in blocks.execute(_BLOCKS, since):
                said = {"block": no, "sealed_at": instant_text(sealed_at), "entries": entries_in}
                told = {"events": events_in} if events_in is not None else {}
                file.write(json.dumps({**said, **told, "head": head.hex()}).encode() + b"\n")
                for waiting in (of_entries, of_events):
                    for *name, leaf in waiting.of(no):
                        file.write(f'[{",".join(map(str, name))},"{short(leaf)}"]\n'.encode())
                added += 1
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY)  # or a file that is new may be gone with the power
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return added


class _Waiting:
    """Rows in the order of blocks, taken block by block."""

    def __init__(self, rows: psycopg.ServerCursor[tuple[Any, ...]]) -> None:
        rows.itersize = 5000
        self._rows = groupby(rows, key=lambda row: row[0])
        self._next = next(self._rows, None)

    def of(self, no: int) -> Iterator[tuple[Any, ...]]:
        if self._next is not None and self._next[0] == no:
            yield from (row[1:] for row in self._next[1])
            self._next = next(self._rows, None)


def read(path: Path) -> Iterator[AnchoredBlock | AnchoredLeaf]:
    """The blocks, each followed by its leaves.  Raises: AnchorDamaged, also where the end is missing."""
    wanted = number = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            found = _parse(line)
            if found is None or isinstance(found, AnchoredBlock) != (wanted == 0):
                raise errors.AnchorDamaged(file=path, line=number)
            wanted = found.leaves if isinstance(found, AnchoredBlock) else wanted - 1
            yield found
    if wanted:
        raise errors.AnchorDamaged(file=path, line=number + 1)


def _complete(path: Path) -> tuple[AnchoredBlock | None, int]:
    """The last block that has all its leaves, and where it ends."""
    last: AnchoredBlock | None = None
    complete, end, at, wanted = last, 0, 0, 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            found = _parse(line)
            if found is None and not line.endswith(b"\n"):
                break
            if found is None or isinstance(found, AnchoredBlock) != (wanted == 0):
                raise errors.AnchorDamaged(file=path, line=number)
            if isinstance(found, AnchoredBlock):
                last, wanted = found, found.leaves
            else:
                wanted -= 1
            at += len(line)
            if wanted == 0:
                complete, end = last, at
    return complete, end


def _parse(line: bytes) -> AnchoredBlock | AnchoredLeaf | None:
    try:
        match json.loads(line) if line.endswith(b"\n") else None:
            case {"block": int(no), "sealed_at": str(sealed_at), "entries": int(entries), "head": str(head), **rest}:
                events = rest.get("events")
                return AnchoredBlock(no, sealed_at, entries, events if isinstance(events, int) else None, head)
            case [str(book), int(year), str(journal), int(number), str(beginning)]:
                return AnchoredEntry(book, year, journal, number, beginning)
            case [str(source), int(number), str(action), str(subject), str(beginning)]:
                return AnchoredEvent(source, number, action, subject, beginning)
    except ValueError:
        pass
    return None
