"""Seals: blocks over what was recorded, what was known at an instant, and proofs that leave the database.

Texts and trees are those of ``docs/guide/auditor.md``; the tree is that of RFC 6962, section 2.1.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal

from sqlalchemy import Connection, Row, TextClause, text

from ledger import errors
from ledger.service import refusals

NOTHING = bytes(32)
"""What stands in the first block for the head before it."""

_SEAL = text("SELECT * FROM ledger_seal(:even_empty)")
_NEWEST = text("SELECT * FROM ledger_block ORDER BY no DESC LIMIT 1")
_BLOCK = text("SELECT * FROM ledger_block WHERE no = :no")
_KNOWN_BEFORE = text("SELECT ledger_known_before(:instant)::text")
_PROOF = text("SELECT * FROM ledger_proof(:organisation, :year, :entry)")
_EVENT_PROOF = text("SELECT * FROM ledger_event_proof(:source, :id)")
_FIND = text("""
    SELECT e.id FROM ledger_entry e JOIN ledger_journal j ON j.id = e.journal_id
     WHERE (e.organisation_id, e.fiscal_year, j.code, e.number) = (:organisation, :year, :journal, :number)
""")


def leaf_hash(text: bytes) -> bytes:
    return sha256(b"\x00" + text).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def merkle_root(nodes: Sequence[bytes]) -> bytes:
    """Root over the hashes of leaves, or over those of full subtrees of one size, the last of which may be smaller."""
    if not nodes:
        return sha256(b"").digest()
    while len(nodes) > 1:
        above = [node_hash(*pair) for pair in zip(nodes[::2], nodes[1::2], strict=False)]
        nodes = [*above, nodes[-1]] if len(nodes) % 2 else above
    return nodes[0]


def instant_text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True, slots=True)
class Block:
    """One seal.  ``watermark`` is a transaction id: what was recorded under a lower one is in this block or before.

    ``root`` is that of the entries' tree, ``trail`` that of the events'; blocks of before there were two have none.
    """

    no: int
    watermark: int
    entries: int
    sealed_at: datetime
    root: bytes
    codes: bytes
    previous: bytes
    head: bytes
    events: int | None
    trail: bytes | None

    @property
    def header(self) -> str:
        """The canonical text whose SHA-256 is the head."""
        hashes = (self.root.hex(), self.codes.hex(), self.previous.hex())
        fields = (self.no, self.watermark, self.entries, instant_text(self.sealed_at), *hashes)
        said = ("qazyna-block-1", *fields) if self.trail is None else (
            "qazyna-block-2", *fields, self.events, self.trail.hex()
        )  # fmt: skip
        return json.dumps(said, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Watermark:
    """What was known at an instant: the entries whose ``recorded_xid`` is below ``xid``."""

    xid: int
    instant: datetime


@dataclass(frozen=True, slots=True)
class Proof:
    """That an entry or an event is in a block: its text, and the hashes beside its way to the root, from below."""

    kind: Literal["entry", "event"]
    text: str
    block: Block
    leaf_no: int
    path: tuple[tuple[str, bytes], ...]
    """Side (``left`` or ``right``) and hash of each neighbour."""

    @property
    def root(self) -> bytes:
        """The root that the text and the path lead to."""
        node = leaf_hash(self.text.encode())
        for side, neighbour in self.path:
            node = node_hash(neighbour, node) if side == "left" else node_hash(node, neighbour)
        return node

    @property
    def holds(self) -> bool:
        return self.root == (self.block.root if self.kind == "entry" else self.block.trail)

    def to_json(self) -> str:
        """The file that the recipe of the auditor's guide reads."""
        said = {
            self.kind: self.text,
            "path": [[side, neighbour.hex()] for side, neighbour in self.path],
            "block": self.block.header,
            "head": self.block.head.hex(),
        }
        return json.dumps(said, ensure_ascii=False, indent=1) + "\n"


def seal(connection: Connection, *, even_empty: bool = False) -> Block | None:
    """Close a block over what was recorded since the last one; ``None`` where there is nothing, or another seals.

    With ``even_empty`` it waits for the other, and where there is nothing the last block is returned: what was known
    until now can be asked from then on.  An entry, or an event, waits for the next block while any transaction older
    than its own, or its own, is still running.

    Raises: CounterBehind, SnapshotTooOld.
    """
    with refusals():
        row = connection.execute(_SEAL, {"even_empty": even_empty}).one_or_none()
    return _block(row) if row else None


def seal_due(within: Callable[[], AbstractContextManager[Connection]]) -> Iterator[Block]:
    """Close block after block, each in a transaction of its own, until nothing is due.  Raises: as ``seal``."""
    while True:
        with within() as connection:
            block = seal(connection)
        if block is None:
            return
        yield block


def newest(connection: Connection) -> Block | None:
    row = connection.execute(_NEWEST).one_or_none()
    return _block(row) if row else None


def known_at(connection: Connection, instant: datetime) -> Watermark:
    """What was known at an instant; the same for ever, whoever commits what later.

    It is as fine as the seals are close: what was recorded after the last seal before ``instant`` is not counted.

    Raises: NotSealedYet, where nothing was sealed after ``instant``: seal first, even if there is nothing.
    """
    with refusals():
        return Watermark(int(connection.execute(_KNOWN_BEFORE, {"instant": instant}).scalar_one()), instant)


def proof(connection: Connection, organisation_id: int, fiscal_year: int, entry_id: int) -> Proof:
    """Proof of inclusion of an entry that the transaction may read.

    Raises: EntryNotSealed, ForeignOrganisation; SealBroken where the entry is not what was sealed.
    """
    parameters = {"organisation": organisation_id, "year": fiscal_year, "entry": entry_id}
    return _prove(connection, "entry", _PROOF, parameters)


def event_proof(connection: Connection, source: str, event_id: int) -> Proof:
    """Proof of inclusion of an event of the trail; ``source`` is ``event``, ``month`` or ``year``.  For the owner.

    Raises: EventNotSealed; SealBroken where the event is not what was sealed.
    """
    return _prove(connection, "event", _EVENT_PROOF, {"source": source, "id": event_id})


def _prove(
    connection: Connection, kind: Literal["entry", "event"], asked: TextClause, parameters: dict[str, Any]
) -> Proof:
    with refusals():
        found = connection.execute(asked, parameters).one()
    row = connection.execute(_BLOCK, {"no": found.block_no}).one_or_none()
    if row is None or found.text is None:
        raise errors.SealBroken(block=found.block_no)
    path = tuple(zip(found.sides, map(bytes, found.siblings), strict=True))
    proved = Proof(kind, found.text, _block(row), found.leaf_no, path)
    if not proved.holds:
        raise errors.SealBroken(block=found.block_no)
    return proved


def find_entry(connection: Connection, organisation_id: int, fiscal_year: int, journal: str, number: int) -> int:
    """Id of the entry that a journal's code and a legal number name.  Raises: UnknownEntry."""
    parameters = {"organisation": organisation_id, "year": fiscal_year, "journal": journal, "number": number}
    found = connection.execute(_FIND, parameters).scalar_one_or_none()
    if found is None:
        raise errors.UnknownEntry()
    return int(found)


def chain_breaks_at(blocks: Iterable[Block]) -> int | None:
    """Number of the first block that does not follow from the one before it; ``None`` where all do."""
    before: Block | None = None
    for block in blocks:
        expected = (before.no + 1, before.head, before.watermark) if before else (1, NOTHING, 0)
        in_order = block.watermark >= expected[2] and (before is None or block.sealed_at > before.sealed_at)
        if (block.no, block.previous) != expected[:2] or not in_order or head_of(block) != block.head:
            return block.no if block.no == expected[0] else expected[0]
        before = block
    return None


def head_of(block: Block) -> bytes:
    return sha256(block.header.encode()).digest()


def _block(row: Row[Any]) -> Block:
    fields = dict(row._mapping)
    hashes = {
        name: bytes(fields[name]) for name in ("root", "codes", "previous", "head", "trail") if fields[name] is not None
    }
    return Block(**{**fields, **hashes, "watermark": int(fields["watermark"])})
