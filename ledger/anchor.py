"""The anchor: what an auditor keeps outside of the database, in a file that people can read.

A line is an object for a block, ``{"block": 7, "sealed_at": …, "entries": 2, "head": …}``, and after it come its leaves
in the order of the tree, a list each: ``[book, year, journal, number, first 8 bytes of the hash]``.  A file is complete
when its last block has all its leaves.
"""

import json
import os
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from ledger import errors
from ledger.seals import instant_text

SHORT = 8
"""Bytes of a leaf's hash that the anchor keeps."""

_BLOCKS = "SELECT no, sealed_at, entries, head FROM ledger_block WHERE no > %s ORDER BY no"
_LEAVES = """
    SELECT l.block_no, b.text, l.fiscal_year, j.text, l.number, l.hash
      FROM ledger_leaf l
      LEFT JOIN ledger_sealed_code b ON (b.organisation_id, b.kind, b.id) = (l.organisation_id, 'book', 0)
      LEFT JOIN ledger_sealed_code j ON (j.organisation_id, j.kind, j.id) = (l.organisation_id, 'journal', l.journal_id)
     WHERE l.block_no > %s
     ORDER BY l.block_no, l.leaf_no
"""


@dataclass(frozen=True, slots=True)
class AnchoredBlock:
    no: int
    sealed_at: str
    entries: int
    head: str


@dataclass(frozen=True, slots=True)
class AnchoredLeaf:
    """Name of an entry (codes of its book and journal, year, number) and the beginning of its leaf's hash."""

    book: str
    year: int
    journal: str
    number: int
    short: str


def short(leaf: bytes) -> str:
    return b64encode(leaf[:SHORT]).decode()


def append(url: str, path: Path) -> int:
    """Add the blocks that the file does not have yet; returns how many.

    ``url`` is that of a role which may read all books.  A last block that an interruption left without all its leaves
    is written anew.

    Raises: AnchorDamaged, AnchorDiffers where the file's last block is not the database's.
    """
    last, end = _complete(path)
    with psycopg.connect(url.replace("+psycopg", "", 1)) as connection, path.open("ab") as file:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        connection.execute("SET LOCAL row_security = off")  # all books or an error, never some
        if last is not None:
            row = connection.execute("SELECT head FROM ledger_block WHERE no = %s", [last.no]).fetchone()
            if row is None or row[0].hex() != last.head:
                raise errors.AnchorDiffers(block=last.no, file=path)
        file.truncate(end)
        since = [last.no if last else 0]
        added = 0
        with connection.cursor("blocks") as blocks, connection.cursor("leaves") as leaves:
            blocks.itersize = leaves.itersize = 5000
            waiting = next(leaves.execute(_LEAVES, since), None)
            for no, sealed_at, entries, head in blocks.execute(_BLOCKS, since):
                said = {"block": no, "sealed_at": instant_text(sealed_at), "entries": entries, "head": head.hex()}
                file.write(json.dumps(said).encode() + b"\n")
                while waiting is not None and waiting[0] == no:
                    _, book, year, journal, number, leaf = waiting
                    file.write(f'[{book},{year},{journal},{number},"{short(leaf)}"]\n'.encode())
                    waiting = next(leaves, None)
                added += 1
        file.flush()
        os.fsync(file.fileno())
    return added


def read(path: Path) -> Iterator[AnchoredBlock | AnchoredLeaf]:
    """The blocks, each followed by its leaves.  Raises: AnchorDamaged, also where the end is missing."""
    wanted = number = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            found = _parse(line)
            if found is None or isinstance(found, AnchoredBlock) != (wanted == 0):
                raise errors.AnchorDamaged(file=path, line=number)
            wanted = found.entries if isinstance(found, AnchoredBlock) else wanted - 1
            yield found
    if wanted:
        raise errors.AnchorDamaged(file=path, line=number + 1)


def _complete(path: Path) -> tuple[AnchoredBlock | None, int]:
    """The last block that has all its leaves, and where it ends."""
    last: AnchoredBlock | None = None
    complete, end, at, wanted = last, 0, 0, 0
    if not path.exists():
        return None, 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            found = _parse(line)
            if found is None and not line.endswith(b"\n"):
                break
            if found is None or isinstance(found, AnchoredBlock) != (wanted == 0):
                raise errors.AnchorDamaged(file=path, line=number)
            if isinstance(found, AnchoredBlock):
                last, wanted = found, found.entries
            else:
                wanted -= 1
            at += len(line)
            if wanted == 0:
                complete, end = last, at
    return complete, end


def _parse(line: bytes) -> AnchoredBlock | AnchoredLeaf | None:
    try:
        match json.loads(line) if line.endswith(b"\n") else None:
            case {"block": int(no), "sealed_at": str(sealed_at), "entries": int(entries), "head": str(head)}:
                return AnchoredBlock(no, sealed_at, entries, head)
            case [str(book), int(year), str(journal), int(number), str(beginning)]:
                return AnchoredLeaf(book, year, journal, number, beginning)
    except ValueError:
        pass
    return None
