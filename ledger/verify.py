"""The verifier: recomputes every seal outside of the database, from the rows of its tables.

It calls no function and reads no view of ours: the statements stand here, the hashing and the trees are Python's.  One
snapshot is shared by several connections, so that books which are being written can be verified.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import groupby, zip_longest
from pathlib import Path
from queue import SimpleQueue
from typing import Any, ClassVar

import psycopg

from ledger import anchor as anchors
from ledger.anchor import AnchoredBlock, AnchoredEntry, AnchoredEvent, AnchoredLeaf
from ledger.checks import GROUP_DISAGREEMENTS, disagreements
from ledger.seals import Block, chain_breaks_at, merkle_root

# ------------------------------------------------------------------------------------------------ what may be wrong


class Fault:
    """One thing that is not as it was sealed: a ``template`` to translate and the ``fields`` that fill it."""

    template: ClassVar[str]

    def __init__(self, block: int, leaf: int = 0, **fields: Any) -> None:
        self.block, self.leaf = block, leaf
        self.fields = {"block": block, **fields}

    def __str__(self) -> str:
        return self.template.format(**self.fields)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"


class EntryAltered(Fault):
    template = "Entry {number} of journal {journal}, {year}, of book {book} was altered after block {block} was sealed."


class EntryDeleted(Fault):
    template = "Entry {number} of journal {journal}, {year}, of book {book} was deleted after block {block} was sealed."


class EntryInserted(Fault):
    template = (
        "Entry {number} of journal {journal}, {year}, of book {book} was inserted after block {block} was sealed."
    )


class EntryMoved(Fault):
    template = "Entry {number} of journal {journal}, {year}, of book {book} was moved after block {block} was sealed."


class EventAltered(Fault):
    template = "Event {event} of the trail ({action}, {subject}) was altered after block {block} was sealed."


class EventDeleted(Fault):
    template = "Event {event} of the trail ({action}, {subject}) was deleted after block {block} was sealed."


class EventInserted(Fault):
    template = "Event {event} of the trail ({action}, {subject}) was inserted after block {block} was sealed."


class EventMoved(Fault):
    template = "Event {event} of the trail ({action}, {subject}) was moved after block {block} was sealed."


class UserRenamed(Fault):
    template = "The user {was}, sealed under this login in block {block}, is called {now} now."


class OrganisationRenamed(Fault):
    template = "The organisation {was}, sealed under this code in block {block}, is called {now} now."


class AccountRenamed(Fault):
    template = "Account {was}, sealed under this code in block {block}, is called {now} now."


class JournalRenamed(Fault):
    template = "Journal {was}, sealed under this code in block {block}, is called {now} now."


class BookRenamed(Fault):
    template = "The books of {was}, sealed under this code in block {block}, are called {now} now."


class DimensionChanged(Fault):
    template = (
        "A subaccount of account {account} of book {book} was sealed in block {block} with {dimension} {was}; it has"
        " {now} now."
    )


class CodeGone(Fault):
    template = "{was}, sealed in block {block} for the books of {book}, is no longer in the database."


class CodesChanged(Fault):
    template = "The list of codes that block {block} sealed was changed."


class LeavesChanged(Fault):
    template = "The list of leaves of block {block} was changed: it does not give the root that was sealed."


class TrailLeavesChanged(Fault):
    template = "The list of events of block {block} was changed: it does not give the root that was sealed."


class BlockChanged(Fault):
    template = "Block {block} was changed, or is missing: it does not follow from the block before it."


class BlockGone(Fault):
    template = "Block {block}, which the anchor holds, is not in the database: it was removed."


class BlockResealed(Fault):
    template = "Block {block} is not the one that the anchor holds: it, or one before it, was sealed anew."


class HeadUnknown(Fault):
    template = "No block has the head {head}: blocks were removed or sealed anew."


class TableReplaced(Fault):
    template = "The relation {table} is not a plain table: what is read from it cannot be trusted."


class BooksDisagree(Fault):
    template = "The books of {book} do not agree with their postings: {what}."


class GroupsDisagree(Fault):
    template = "The balances of groups of organisations do not agree with the organisations' own: {what}."


_NO_BLOCK = 2**62  # faults that no block dates come last


@dataclass(frozen=True, slots=True)
class Report:
    blocks: int
    entries: int
    """Entries that were compared with their leaves."""
    events: int
    """Events of the trail that were compared with theirs."""
    unsealed: int
    """Entries and events recorded since the last block."""
    head: bytes | None
    """Head of the last block."""
    anchored: int
    """Blocks that were compared with the anchor."""
    faults: tuple[Fault, ...]
    """The first of what is wrong, in the order of blocks; a few of each kind, not all."""

    @property
    def first(self) -> Fault | None:
        return self.faults[0] if self.faults else None


@dataclass(frozen=True, slots=True)
class Head:
    """A head kept outside by itself; with its block's number, a block that was sealed anew can be named."""

    hash: bytes
    block: int | None = None

    @classmethod
    def parse(cls, said: str) -> "Head":
        """``12:9f86…`` or ``9f86…``.  Raises: ValueError."""
        number, _, digits = said.rpartition(":")
        found = bytes.fromhex(digits)
        if len(found) != 32:
            raise ValueError(said)
        return cls(found, int(number) if number else None)


# ------------------------------------------------------------------------------------------------ statements

_SETTINGS = {
    "search_path": "pg_catalog,public",
    "default_transaction_isolation": "repeatable\\ read",
    "default_transaction_read_only": "on",
    "row_security": "off",  # all rows or an error, never some
    "datestyle": "ISO,YMD",
    "timezone": "UTC",
    "jit": "off",
    "work_mem": "64MB",
    "cursor_tuple_fraction": "1",
    "max_parallel_workers_per_gather": "0",
}

_TABLES = (
    "ledger_account", "ledger_journal", "ledger_classification", "ledger_subaccount", "ledger_book", "ledger_entry",
    "ledger_posting", "ledger_correction", "ledger_block", "ledger_leaf", "ledger_sealed_code",
    "ledger_balance", "ledger_account_balance", "ledger_number", "ledger_year", "ledger_epoch", "ledger_group_balance",
    "ledger_group_history", "ledger_command", "ledger_period_change", "ledger_year_change", "ledger_trail_leaf",
    "base_audit_event", "reference_user", "reference_organisation",
)  # fmt: skip

_NOT_PLAIN = """
    SELECT wanted FROM unnest(%s::text[]) AS wanted LEFT JOIN pg_class c ON c.oid = to_regclass('public.' || wanted)
     WHERE c.relkind IS NULL OR c.relkind NOT IN ('r', 'p') OR c.relhasrules ORDER BY 1
"""

_BLOCKS = """
    SELECT no, watermark::text::bigint, entries, sealed_at, root, codes, previous, head, events, trail
      FROM ledger_block ORDER BY no
"""

_UNSEALED = """
    SELECT (SELECT count(*) FROM ledger_entry WHERE recorded_xid >= %(watermark)s::text::xid8)
         + (SELECT count(*) FROM base_audit_event WHERE recorded_xid >= %(told_until)s::text::xid8)
         + (SELECT count(*) FROM ledger_period_change WHERE recorded_xid >= %(told_until)s::text::xid8)
         + (SELECT count(*) FROM ledger_year_change WHERE recorded_xid >= %(told_until)s::text::xid8)
"""

_SIZES = """
    SELECT fiscal_year, organisation_id, count(*) FROM ledger_entry GROUP BY 1, 2
     UNION ALL
    SELECT fiscal_year, organisation_id, 0 FROM ledger_leaf GROUP BY 1, 2
     ORDER BY 1, 2
"""

# The texts that ledger_leaf_text makes, written once more: no stored object is asked what an entry says.
_ENTRIES = """
    SELECT coalesce(t.organisation_id, l.organisation_id), coalesce(t.id, l.entry_id), l.block_no, l.hash,
           convert_to(t.text, 'UTF8')
      FROM (SELECT e.organisation_id, e.id,
                   '["qazyna-entry-' || CASE WHEN e.told THEN '2' ELSE '1' END || '",'
                   || coalesce(b.text, 'null') || ',' || e.fiscal_year || ','
                   || coalesce(j.text, 'null') || ',' || e.number || ',"' || e.kind || '",' || e.balance_kind || ',"'
                   || e.effective_on || '","'
                   || to_char(e.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '",'
                   || e.recorded_xid || ',' || CASE WHEN e.told THEN coalesce(u.text, 'null') ELSE e.actor_id::text END
                   || ',' || to_json(e.memo) || ',' || to_json(e.document_number)
                   || ',' || coalesce('"' || e.document_on || '"', 'null') || ',[' || to_json(e.source_kind) || ','
                   || coalesce(e.source_id::text, 'null') || ',' || coalesce(e.source_line::text, 'null') || '],'
                   || coalesce(CASE WHEN e.kind IN ('storno', 'reversal') THEN (
                          SELECT '[' || o.fiscal_year || ',' || coalesce(oj.text, 'null') || ',' || o.number || ',"'
                                 || c.kind || '",' || to_json(c.reason) || ',' || to_json(c.through_earlier_years)
                                 || ']'
                            FROM ledger_correction c
                            JOIN ledger_entry o
                              ON (o.organisation_id, o.fiscal_year, o.id)
                               = (c.organisation_id, c.fiscal_year, c.entry_id)
                            LEFT JOIN ledger_sealed_code oj
                              ON (oj.organisation_id, oj.kind, oj.id) = (o.organisation_id, 'journal', o.journal_id)
                           WHERE (c.organisation_id, c.by_entry_id) = (e.organisation_id, e.id)) END, 'null')
                   || ',[' || coalesce(e.postings, '') || ']'
                   || CASE WHEN e.told THEN ',' || coalesce('["' || m.key || '",' || to_json(m.action) || ',"'
                          || to_char(m.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '",'
                          || to_json(m.origin) || ',' || coalesce(w.text, 'null') || ']', 'null') ELSE '' END
                   || ']' AS text
              FROM (SELECT e.*, e.recorded_xid >= '{told_since}'::xid8 AS told, string_agg(
                               '[' || coalesce(d.text, 'null') || ',' || coalesce(k.text, 'null')
                               || ',' || p.amount_tiyn || ',' || coalesce(to_json(p.memo)::text, 'null')
                               || ',' || coalesce(p.debit_quantity_milli::text, 'null')
                               || ',' || coalesce(p.credit_quantity_milli::text, 'null')
                               || ',' || coalesce(p.debit_currency_minor::text, 'null')
                               || ',' || coalesce(p.credit_currency_minor::text, 'null') || ']', ',' ORDER BY p.no)
                           AS postings
                      FROM ledger_entry e
                      LEFT JOIN ledger_posting p
                        ON (p.organisation_id, p.fiscal_year, p.entry_id) = (e.organisation_id, e.fiscal_year, e.id)
                       AND p.fiscal_year = {year} AND p.organisation_id BETWEEN {first} AND {last}
                      LEFT JOIN ledger_sealed_code d
                        ON (d.organisation_id, d.kind, d.id) = (p.organisation_id, 'side', p.debit_id)
                       AND d.organisation_id BETWEEN {first} AND {last}
                      LEFT JOIN ledger_sealed_code k
                        ON (k.organisation_id, k.kind, k.id) = (p.organisation_id, 'side', p.credit_id)
                       AND k.organisation_id BETWEEN {first} AND {last}
                     WHERE e.fiscal_year = {year} AND e.organisation_id BETWEEN {first} AND {last}
                       AND e.recorded_xid < '{watermark}'::xid8
                     GROUP BY e.organisation_id, e.fiscal_year, e.id) e
              LEFT JOIN ledger_sealed_code b
                ON (b.organisation_id, b.kind, b.id) = (e.organisation_id, 'book', 0)
               AND b.organisation_id BETWEEN {first} AND {last}
              LEFT JOIN ledger_sealed_code j
                ON (j.organisation_id, j.kind, j.id) = (e.organisation_id, 'journal', e.journal_id)
               AND j.organisation_id BETWEEN {first} AND {last}
              LEFT JOIN ledger_sealed_code u
                ON (u.organisation_id, u.kind, u.id) = (0, 'user', e.actor_id)
              LEFT JOIN ledger_command m
                ON (m.organisation_id, m.entry_id, m.fiscal_year) = (e.organisation_id, e.id, e.fiscal_year)
               AND m.fiscal_year = {year} AND m.organisation_id BETWEEN {first} AND {last}
              LEFT JOIN ledger_sealed_code w
                ON (w.organisation_id, w.kind, w.id) = (0, 'user', m.on_behalf_of)) t
      FULL JOIN (SELECT organisation_id, entry_id, block_no, hash FROM ledger_leaf
                  WHERE fiscal_year = {year} AND organisation_id BETWEEN {first} AND {last}) l
        ON (l.organisation_id, l.entry_id) = (t.organisation_id, t.id)
"""

_LEAVES = """
    SELECT block_no, string_agg(hash, '' ORDER BY leaf_no), bool_and(leaf_no = place),
           min(recorded_xid)::text::bigint, max(recorded_xid)::text::bigint
      FROM (SELECT l.block_no, l.leaf_no, l.hash, e.recorded_xid, row_number() OVER (
                       PARTITION BY l.block_no
                       ORDER BY e.recorded_xid, l.organisation_id, l.fiscal_year, l.entry_id) AS place
              FROM ledger_leaf l
              LEFT JOIN ledger_entry e
                ON (e.organisation_id, e.fiscal_year, e.id) = (l.organisation_id, l.fiscal_year, l.entry_id)) placed
     GROUP BY block_no, (place - 1) / 4096
     ORDER BY block_no, (place - 1) / 4096
"""

# Of the leaves whose entries are there; one whose transaction belongs to another block is misplaced too.
_MISPLACED = """
    SELECT organisation_id, fiscal_year, entry_id
      FROM (SELECT l.*, e.recorded_xid, row_number() OVER (ORDER BY l.leaf_no, l.entry_id) AS found, row_number() OVER (
                       ORDER BY e.recorded_xid, l.organisation_id, l.fiscal_year, l.entry_id) AS place
              FROM ledger_leaf l
              JOIN ledger_entry e
                ON (e.organisation_id, e.fiscal_year, e.id) = (l.organisation_id, l.fiscal_year, l.entry_id)
             WHERE l.block_no = %s) placed
     WHERE found <> place OR recorded_xid < %s::text::xid8 OR recorded_xid >= %s::text::xid8 ORDER BY place LIMIT 1
"""

# The texts that ledger_trail_text makes, written once more, as above; in the order of the blocks and of their leaves.
_EVENTS = """
    SELECT coalesce(l.block_no, (
               SELECT no FROM ledger_block WHERE watermark > t.recorded_xid ORDER BY no LIMIT 1)) AS no,
           l.hash, convert_to(t.text, 'UTF8'), source, id, coalesce(t.action, l.action),
           coalesce(t.subject, l.subject), l.leaf_no, t.recorded_xid::text::bigint
      FROM (SELECT t.source, t.id, t.recorded_xid, t.action, t.subject,
                   '["qazyna-event-1","' || t.source || '",' || t.id || ',' || coalesce(o.text, 'null') || ',"'
                   || to_char(t.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '",' || t.recorded_xid || ','
                   || coalesce(u.text, 'null') || ',' || coalesce(w.text, 'null') || ',' || to_json(t.origin) || ','
                   || to_json(t.action) || ',' || to_json(t.subject) || ',' || t.facts || ','
                   || coalesce(t.before::text, 'null') || ',' || coalesce(t.after::text, 'null') || ']' AS text
              FROM (SELECT 'event' AS source, id, organisation_id, at, actor_id, on_behalf_of, origin, action, subject,
                           facts, before, after, recorded_xid
                      FROM base_audit_event
                     UNION ALL
                    SELECT 'month', id, organisation_id, at, actor_id, on_behalf_of, origin,
                           CASE state WHEN 'open' THEN 'month-reopened' WHEN 'restricted' THEN 'month-restricted'
                                      ELSE 'month-closed' END,
                           'month:' || organisation_id || '/' || to_char(month, 'YYYY-MM'),
                           jsonb_build_object('reason', reason), jsonb_build_object('state', was),
                           jsonb_build_object('state', state), recorded_xid
                      FROM ledger_period_change
                     UNION ALL
                    SELECT 'year', id, organisation_id, at, actor_id, on_behalf_of, origin,
                           CASE state WHEN 'closed' THEN 'year-closed' ELSE 'year-reopened' END,
                           'year:' || organisation_id || '/' || fiscal_year,
                           jsonb_build_object('key', key, 'entries', entries, 'postings', postings,
                                              'result_tiyn', result_tiyn, 'reason', reason),
                           jsonb_build_object('state', CASE state WHEN 'closed' THEN 'open' ELSE 'closed' END),
                           jsonb_build_object('state', state), recorded_xid
                      FROM ledger_year_change) t
              LEFT JOIN ledger_sealed_code o
                ON (o.organisation_id, o.kind, o.id) = (t.organisation_id, 'organisation', 0)
              LEFT JOIN ledger_sealed_code u ON (u.organisation_id, u.kind, u.id) = (0, 'user', t.actor_id)
              LEFT JOIN ledger_sealed_code w ON (w.organisation_id, w.kind, w.id) = (0, 'user', t.on_behalf_of)
             WHERE t.recorded_xid < '{watermark}'::xid8) t
      FULL JOIN ledger_trail_leaf l USING (source, id)
     ORDER BY no, t.recorded_xid, source COLLATE "C", id
"""

_EVENTS_BY_NAME = """
    SELECT source, id, action, subject, hash FROM ledger_trail_leaf WHERE block_no = %s ORDER BY leaf_no
"""

_EVENT_BY_NAME = """
    SELECT CASE %s WHEN 'event' THEN EXISTS (SELECT FROM base_audit_event WHERE id = %s)
                   WHEN 'month' THEN EXISTS (SELECT FROM ledger_period_change WHERE id = %s)
                   ELSE EXISTS (SELECT FROM ledger_year_change WHERE id = %s) END
"""

_CODES = """
    SELECT block_no, '[' || organisation_id || ',"' || kind || '",' || id || ',' || text || ']'
      FROM ledger_sealed_code ORDER BY block_no, organisation_id, kind, id
"""

_RENAMED = """
    SELECT * FROM (
        SELECT k.block_no, k.organisation_id, k.kind, k.text AS was, CASE k.kind
                   WHEN 'book' THEN to_json(coalesce(b.code, k.organisation_id::text))::text
                   WHEN 'journal' THEN to_json(j.code)::text
                   WHEN 'organisation' THEN to_json(coalesce(o.code, k.organisation_id::text))::text
                   WHEN 'user' THEN to_json(coalesce(u.login, k.id::text))::text
                   ELSE '{"account":' || to_json(a.code)
                       || CASE WHEN c.programme <> '' THEN ',"programme":' || to_json(c.programme) ELSE '' END
                       || CASE WHEN c.specific <> '' THEN ',"specific":' || to_json(c.specific) ELSE '' END
                       || CASE WHEN c.source <> '' THEN ',"source":' || to_json(c.source) ELSE '' END
                       || CASE WHEN s.counterparty <> '' THEN ',"counterparty":' || to_json(s.counterparty) ELSE '' END
                       || CASE WHEN s.contract <> '' THEN ',"contract":' || to_json(s.contract) ELSE '' END
                       || CASE WHEN s.item <> '' THEN ',"item":' || to_json(s.item) ELSE '' END
                       || CASE WHEN s.project <> '' THEN ',"project":' || to_json(s.project) ELSE '' END
                       || CASE WHEN s.person <> '' THEN ',"person":' || to_json(s.person) ELSE '' END
                       || CASE WHEN s.currency <> '' THEN ',"currency":' || to_json(s.currency) ELSE '' END || '}'
               END AS now
          FROM ledger_sealed_code k
          LEFT JOIN ledger_book b ON k.kind = 'book' AND b.organisation_id = k.organisation_id
          LEFT JOIN ledger_journal j ON k.kind = 'journal' AND j.id = k.id
          LEFT JOIN reference_organisation o ON k.kind = 'organisation' AND o.id = k.organisation_id
          LEFT JOIN reference_user u ON k.kind = 'user' AND u.id = k.id
          LEFT JOIN ledger_subaccount s ON k.kind = 'side' AND (s.organisation_id, s.id) = (k.organisation_id, k.id)
          LEFT JOIN ledger_account a ON a.id = s.account_id
          LEFT JOIN ledger_classification c ON c.id = s.classification_id) compared
     WHERE was IS DISTINCT FROM now
     ORDER BY block_no, organisation_id, kind, was
"""

# What an entry is called, from the entry itself or, where it is gone, from its leaf.
_NAME = """
    SELECT coalesce(b.text, to_json(%(organisation)s::text)::text), coalesce(s.text, to_json(j.code)::text, '"?"'),
           n.number, n.recorded_xid::text::bigint, n.leaf_no
      FROM (SELECT coalesce(e.journal_id, l.journal_id) AS journal_id, coalesce(e.number, l.number) AS number,
                   e.recorded_xid, l.leaf_no
              FROM (SELECT * FROM ledger_entry
                     WHERE (organisation_id, fiscal_year, id) = (%(organisation)s, %(year)s, %(entry)s)) e
              FULL JOIN (SELECT * FROM ledger_leaf
                     WHERE (organisation_id, fiscal_year, entry_id) = (%(organisation)s, %(year)s, %(entry)s)) l
                ON l.entry_id = e.id) n
      LEFT JOIN ledger_sealed_code b ON (b.organisation_id, b.kind, b.id) = (%(organisation)s, 'book', 0)
      LEFT JOIN ledger_sealed_code s ON (s.organisation_id, s.kind, s.id) = (%(organisation)s, 'journal', n.journal_id)
      LEFT JOIN ledger_journal j ON j.id = n.journal_id
"""

_LEAVES_BY_NAME = """
    SELECT b.text, l.fiscal_year, j.text, l.number, l.hash
      FROM ledger_leaf l
      LEFT JOIN ledger_sealed_code b ON (b.organisation_id, b.kind, b.id) = (l.organisation_id, 'book', 0)
      LEFT JOIN ledger_sealed_code j ON (j.organisation_id, j.kind, j.id) = (l.organisation_id, 'journal', l.journal_id)
     WHERE l.block_no = %s ORDER BY l.leaf_no
"""

_ENTRY_BY_NAME = """
    SELECT count(*)
      FROM ledger_entry e
      JOIN ledger_sealed_code b ON (b.organisation_id, b.kind, b.id) = (e.organisation_id, 'book', 0)
      JOIN ledger_sealed_code j ON (j.organisation_id, j.kind, j.id) = (e.organisation_id, 'journal', e.journal_id)
     WHERE (b.text, e.fiscal_year, j.text, e.number) = (%s, %s, %s, %s)
"""

# ------------------------------------------------------------------------------------------------ the work

_FETCHED = 4000  # rows held at a time
_PORTION = 50_000  # entries a worker takes at a time
_FEW = 20  # faults named of each portion


@dataclass(frozen=True, slots=True)
class _Portion:
    """Entries of one year in the books of a range of organisations."""

    year: int
    first: int
    last: int


@dataclass
class _Run:
    """Connections on one snapshot, and what they have found so far."""

    connections: SimpleQueue[psycopg.Connection] = field(default_factory=SimpleQueue)
    faults: list[Fault] = field(default_factory=list)
    entries: int = 0
    events: int = 0
    watermark: int = 0
    told_since: int = 0
    """Watermark of the last block without a second tree: what was recorded since is sealed by texts of version 2."""

    @property
    def told_until(self) -> int:
        return self.watermark if self.watermark > self.told_since else 0

    progress: Callable[[int], None] = lambda done: None


def verify(
    url: str,
    *,
    anchor: Path | None = None,
    head: Head | None = None,
    seals_only: bool = False,
    workers: int = 2,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Recompute all seals from the rows, and (unless ``seals_only``) check that balances and numbers agree with the
    postings.

    ``url`` is the owner's, or that of a role which may read all rows.  Memory does not grow with the books.
    ``progress`` is told entries done and all entries.

    Raises: AnchorDamaged.
    """
    with ExitStack() as stack:
        connections = [stack.enter_context(_connect(url)) for _ in range(workers + 1)]
        snapshot = _one(connections[0].execute("SELECT pg_export_snapshot()"))
        for other in connections[1:]:
            other.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
        run = _Run()
        lead = connections[0]
        run.faults += [TableReplaced(0, table=table) for (table,) in lead.execute(_NOT_PLAIN, [list(_TABLES)])]
        if run.faults:
            return Report(0, 0, 0, 0, None, 0, tuple(run.faults))
        newest = next(_blocks(lead, "DESC LIMIT 1"), None)
        run.watermark = newest.watermark if newest else 0
        run.told_since = max((b.watermark for b in _blocks(lead) if b.trail is None), default=0)
        run.faults += _chain_faults(lead, head)
        sizes = lead.execute(_SIZES).fetchall()
        total = sum(size for _, _, size in sizes)
        run.progress = lambda done: progress(done, total)
        for connection in connections:
            run.connections.put(connection)
        jobs: list[Callable[[psycopg.Connection], object]] = [
            lambda c: _check_leaves(c, run),
            lambda c: _check_codes(c, run),
            lambda c: _check_events(c, run),
            *(_job(_check_entries, run, portion) for portion in _portions(sizes)),
            *(_job(_check_books, run, span) for span in _spans(sizes) if not seals_only),
        ]
        _work(jobs, run, workers, connections)
        if not (run.faults or seals_only):  # they rest on all the others
            _check_groups(lead, run)
        anchored = _anchored(anchor, run)
        unsealed = _one(lead.execute(_UNSEALED.encode(), {"watermark": run.watermark, "told_until": run.told_until}))
        blocks = _one(lead.execute("SELECT count(*) FROM ledger_block"))
        faults = sorted(run.faults, key=lambda f: (f.block, f.leaf))
        return Report(
            blocks, run.entries, run.events, unsealed, newest.head if newest else None, anchored, tuple(faults)
        )


def _job(act: Callable[..., None], run: _Run, what: object) -> Callable[[psycopg.Connection], object]:
    return lambda connection: act(connection, run, what)


def _work(
    jobs: Iterable[Callable[[psycopg.Connection], object]],
    run: _Run,
    workers: int,
    connections: Sequence[psycopg.Connection],
) -> None:
    """Do the jobs, ``workers`` at a time; what interrupts one, or us, stops all."""

    def do(job: Callable[[psycopg.Connection], object]) -> None:
        connection = run.connections.get()
        try:
            job(connection)
        finally:
            run.connections.put(connection)

    pool = ThreadPoolExecutor(workers)
    try:
        futures: list[Future[None]] = [pool.submit(do, job) for job in jobs]
        done, _ = wait(futures, return_when=FIRST_EXCEPTION)
        for future in done:
            future.result()
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for connection in connections:
            connection.cancel_safe(timeout=5)
        raise
    finally:
        pool.shutdown()


def _connect(url: str) -> psycopg.Connection:
    options = " ".join(f"-c {name}={value}" for name, value in _SETTINGS.items())
    return psycopg.connect(
        url.replace("+psycopg", "", 1), options=options, application_name="qazyna verify", prepare_threshold=None
    )


def _blocks(connection: psycopg.Connection, which: str = "") -> Iterator[Block]:
    return (Block(*row) for rows in _stream(connection, f"{_BLOCKS} {which}", "blocks") for row in rows)


def _stream(connection: psycopg.Connection, statement: str, name: str = "verify") -> Iterator[list[tuple[Any, ...]]]:
    """Rows of a statement, some thousands at a time."""
    with connection.cursor(name, binary=True) as cursor:
        cursor.execute(statement.encode())
        while rows := cursor.fetchmany(_FETCHED):
            yield rows


def _one(cursor: psycopg.Cursor[tuple[Any, ...]]) -> Any:
    row = cursor.fetchone()
    assert row is not None
    return row[0]


def _portions(sizes: Sequence[tuple[int, int, int]]) -> Iterator[_Portion]:
    """Every organisation there may be, year by year, in portions of about one size."""
    for year, rows in groupby(sizes, key=lambda row: row[0]):
        first, held = -(2**31), 0
        for _, organisation, size in rows:
            held += size
            if held >= _PORTION:
                yield _Portion(year, first, organisation)
                first, held = organisation + 1, 0
        yield _Portion(year, first, 2**31 - 1)


def _spans(sizes: Sequence[tuple[int, int, int]]) -> Iterator[_Portion]:
    """Every organisation, all years together."""
    by_organisation: dict[int, int] = {}
    for _, organisation, size in sizes:
        by_organisation[organisation] = by_organisation.get(organisation, 0) + size
    return _portions([(0, organisation, size) for organisation, size in sorted(by_organisation.items())])


# ------------------------------------------------------------------------------------------------ entries


def _check_entries(connection: psycopg.Connection, run: _Run, portion: _Portion) -> None:
    """Each sealed entry against its leaf."""
    statement = _ENTRIES.format(
        year=portion.year, first=portion.first, last=portion.last, watermark=run.watermark, told_since=run.told_since
    )
    wrong: list[tuple[Any, ...]] = []
    for rows in _stream(connection, statement):
        wrong += [row for row in rows if row[4] is None or sha256(b"\x00" + row[4]).digest() != row[3]]
        run.entries += len(rows)
        run.progress(run.entries)
    wrong.sort(key=lambda row: row[2] or 0)
    for organisation, entry, block, leaf, text in wrong[:_FEW]:
        name, xid, leaf_no = _name(connection, organisation, portion.year, entry)
        if text is None:
            run.faults.append(EntryDeleted(block, leaf_no, **name))
        elif leaf is None:
            run.faults.append(EntryInserted(_block_of(connection, xid), **name))
        else:
            run.faults.append(EntryAltered(block, leaf_no, **name))


def _name(connection: psycopg.Connection, organisation: int, year: int, entry: int) -> tuple[dict[str, Any], int, int]:
    """What people call an entry, its transaction and the number of its leaf."""
    row = connection.execute(_NAME, {"organisation": organisation, "year": year, "entry": entry}).fetchone()
    assert row is not None
    book, journal, number, xid, leaf_no = row
    return {"book": json.loads(book), "year": year, "journal": json.loads(journal), "number": number}, xid, leaf_no


def _block_of(connection: psycopg.Connection, xid: int) -> int:
    found = "SELECT no FROM ledger_block WHERE watermark > %s::text::xid8 ORDER BY no LIMIT 1"
    return int(_one(connection.execute(found, [xid])))


# ------------------------------------------------------------------------------------------------ leaves, blocks


_Added = tuple[int, Iterator[tuple[Any, ...]]]


def _beside(
    blocks: Iterator[Block], rows: Iterator[tuple[Any, ...]]
) -> Iterator[tuple[int, Block | None, Iterable[tuple[Any, ...]]]]:
    """Blocks and the rows that name them first, both in the order of numbers: each number once, with what there is."""
    added: Iterator[_Added] = iter(groupby(rows, key=lambda row: row[0]))
    block, group = next(blocks, None), next(added, None)
    while block is not None or group is not None:
        no = min([*([block.no] if block else []), *([group[0]] if group else [])])
        mine = block if block is not None and block.no == no else None
        theirs = group[1] if group is not None and group[0] == no else ()
        yield no, mine, theirs
        block = next(blocks, None) if mine is not None else block
        group = next(added, None) if group is not None and group[0] == no else group


def _check_leaves(connection: psycopg.Connection, run: _Run) -> None:
    """Each block's leaves against its root, and their order against the entries."""
    since = 0
    rows = (row for rows in _stream(connection, _LEAVES) for row in rows)
    for no, block, portions in _beside(_blocks(connection), rows):
        nodes, count, in_order = [], 0, True
        for _, hashes, placed, first, last in portions:
            found = [hashes[i : i + 32] for i in range(0, len(hashes), 32)]
            nodes.append(merkle_root(found))
            count += len(found)
            inside = first is None or block is None or since <= first <= last < block.watermark
            in_order = in_order and placed and inside
        if block is None or count != block.entries or merkle_root(nodes) != block.root:
            run.faults.append(LeavesChanged(no, 2**31))
        if block is not None and not in_order:
            run.faults += _misplaced(connection, block, since)
        since = block.watermark if block is not None else since


def _misplaced(connection: psycopg.Connection, block: Block, since: int) -> Iterator[Fault]:
    row = connection.execute(_MISPLACED, [block.no, since, block.watermark]).fetchone()
    if row is not None:
        name, _, leaf_no = _name(connection, *row)
        yield EntryMoved(block.no, leaf_no, **name)


def _check_events(connection: psycopg.Connection, run: _Run) -> None:
    """Each sealed event against its leaf; each block's leaves against its second root, and in their order."""
    rows = (row for rows in _stream(connection, _EVENTS.format(watermark=run.told_until)) for row in rows)
    since = 0
    for no, block, events in _beside(_blocks(connection), rows):
        leaves: list[tuple[int, bytes]] = []
        faults: list[Fault] = []
        last = 0
        for _, leaf, text, source, event, action, subject, leaf_no, xid in events:
            name = {"event": f"{source}/{event}", "action": action, "subject": subject}
            run.events += 1
            if leaf is None:
                faults.append(EventInserted(no, **name))
                continue
            leaves.append((leaf_no, leaf))
            if text is None:
                faults.append(EventDeleted(no, leaf_no, **name))
                continue
            if sha256(b"\x00" + text).digest() != leaf:
                faults.append(EventAltered(no, leaf_no, **name))
                continue
            if leaf_no <= last or not (block is None or since <= xid < block.watermark):
                faults.append(EventMoved(no, leaf_no, **name))
            last = leaf_no
        run.faults += faults[:_FEW]
        found = merkle_root([leaf for _, leaf in sorted(leaves)]) if leaves or (block and block.trail) else None
        if block is None or (found, len(leaves)) != (block.trail, block.events or 0):
            run.faults.append(TrailLeavesChanged(no, 2**31))
        since = block.watermark if block is not None and block.trail is not None else since


def _chain_faults(connection: psycopg.Connection, head: Head | None) -> Iterator[Fault]:
    broken = chain_breaks_at(_blocks(connection))
    if broken is not None:
        yield BlockChanged(broken, 2**31)
    if head is None:
        return
    found = {no for (no,) in connection.execute("SELECT no FROM ledger_block WHERE head = %s", [head.hash])}
    if head.block in found or (head.block is None and found):
        return
    if head.block is None:
        yield HeadUnknown(_NO_BLOCK, head=head.hash.hex())
    elif _one(connection.execute("SELECT count(*) FROM ledger_block WHERE no = %s", [head.block])):
        yield BlockResealed(head.block, 2**31)
    else:
        yield BlockGone(head.block, 2**31)


def _check_codes(connection: psycopg.Connection, run: _Run) -> None:
    """The codes that blocks sealed, against their hash and against what they are now."""
    rows = (row for rows in _stream(connection, _CODES) for row in rows)
    for no, block, lines in _beside(_blocks(connection), rows):
        found = sha256()
        for place, (_, line) in enumerate(lines):
            found.update(b"\n" * (place > 0) + line.encode())
        if block is None or block.codes != found.digest():
            run.faults.append(CodesChanged(no, 2**31))

    told: set[tuple[type[Fault], str, str]] = set()
    for row in (row for rows in _stream(connection, _RENAMED) for row in rows):
        fault = _rename(connection, *row)
        what = (type(fault), str(fault.fields["was"]), str(fault.fields.get("now")))
        if what not in told:
            run.faults.append(fault)
        told.add(what)
        if len(told) == _FEW:
            break


_RENAMES: dict[str, type[Fault]] = {
    "journal": JournalRenamed, "book": BookRenamed, "organisation": OrganisationRenamed, "user": UserRenamed,
}  # fmt: skip


def _rename(
    connection: psycopg.Connection, block: int, organisation: int, kind: str, was: str, now: str | None
) -> Fault:
    row = connection.execute("SELECT code FROM ledger_book WHERE organisation_id = %s", [organisation]).fetchone()
    book = row[0] if row else str(organisation)
    sealed, found = json.loads(was), json.loads(now) if now else None
    if found is None:
        return CodeGone(block, book=book, was=was)
    if kind in _RENAMES:
        return _RENAMES[kind](block, was=sealed, now=found)
    if sealed["account"] != found["account"]:
        return AccountRenamed(block, was=sealed["account"], now=found["account"])
    dimension = next(d for d in (*sealed, *found) if sealed.get(d) != found.get(d))
    change = {"was": sealed.get(dimension, "—"), "now": found.get(dimension, "—")}
    return DimensionChanged(block, account=sealed["account"], book=book, dimension=dimension, **change)


# ------------------------------------------------------------------------------------------------ anchor, books


def _anchored(path: Path | None, run: _Run) -> int:
    """Compare the blocks with the anchor up to the first that differs; returns how many are the same."""
    if path is None:
        return 0
    connection = run.connections.get()
    blocks = _blocks(connection)
    same = 0
    differs: AnchoredBlock | None = None
    leaves: list[AnchoredLeaf] = []
    for line in anchors.read(path):
        if not isinstance(line, AnchoredBlock):
            if differs is not None:
                leaves.append(line)
            continue
        if differs is not None:
            break
        here = next((block for block in blocks if block.no >= line.no), None)
        if here is None or (here.no, here.head.hex()) != (line.no, line.head):
            differs = line
        else:
            same += 1
    if differs is not None:
        run.faults.append(_resealed(connection, differs, leaves))
    return same


def _resealed(connection: psycopg.Connection, differs: AnchoredBlock, anchored: Sequence[AnchoredLeaf]) -> Fault:
    """The first entry or event of a block in which the anchor and the database do not agree."""
    no = differs.no
    if not _one(connection.execute("SELECT count(*) FROM ledger_block WHERE no = %s", [no])):
        return BlockGone(no, 2**31)
    found: list[AnchoredLeaf] = [
        AnchoredEntry(json.loads(book), year, json.loads(journal), number, anchors.short(leaf))
        for book, year, journal, number, leaf in connection.execute(_LEAVES_BY_NAME, [no])
    ]
    found += [
        AnchoredEvent(source, event, action, subject, anchors.short(leaf))
        for source, event, action, subject, leaf in connection.execute(_EVENTS_BY_NAME, [no])
    ]
    there_too = {leaf.name for leaf in anchored}
    for leaf_no, (there, here) in enumerate(zip_longest(anchored, found), start=1):
        if there == here:
            continue
        if there is not None and not _exists(connection, there):
            return _named(_DELETED, no, leaf_no, there)
        if here is not None and here.name not in there_too:
            return _named(_INSERTED, no, leaf_no, here)
        if there is not None and here is not None and there.name == here.name:
            return _named(_ALTERED, no, leaf_no, there)
        return _named(_MOVED, no, leaf_no, there or here)
    return BlockResealed(no, 2**31)


_DELETED, _INSERTED = (EntryDeleted, EventDeleted), (EntryInserted, EventInserted)
_ALTERED, _MOVED = (EntryAltered, EventAltered), (EntryMoved, EventMoved)


def _named(kinds: tuple[type[Fault], type[Fault]], no: int, leaf_no: int, leaf: AnchoredLeaf | None) -> Fault:
    if isinstance(leaf, AnchoredEvent):
        event = f"{leaf.source}/{leaf.id}"
        return kinds[1](no, leaf_no, event=event, action=leaf.action, subject=leaf.subject)
    assert leaf is not None
    return kinds[0](no, leaf_no, book=leaf.book, year=leaf.year, journal=leaf.journal, number=leaf.number)


def _exists(connection: psycopg.Connection, leaf: AnchoredLeaf) -> bool:
    if isinstance(leaf, AnchoredEvent):
        return bool(_one(connection.execute(_EVENT_BY_NAME, [leaf.source, *[leaf.id] * 3])))
    named = (json.dumps(leaf.book, ensure_ascii=False), leaf.year, json.dumps(leaf.journal, ensure_ascii=False))
    return bool(_one(connection.execute(_ENTRY_BY_NAME, [*named, leaf.number])))


def _check_books(connection: psycopg.Connection, run: _Run, span: _Portion) -> None:
    """Balances, numbers and corrections against the postings."""
    statement = f"SELECT * FROM ({disagreements(span.first, span.last)}) found LIMIT {_FEW}"  # noqa: S608
    for what, organisation in connection.execute(statement.encode()):
        row = connection.execute("SELECT code FROM ledger_book WHERE organisation_id = %s", [organisation]).fetchone()
        run.faults.append(BooksDisagree(_NO_BLOCK, book=row[0] if row else organisation, what=what))


def _check_groups(connection: psycopg.Connection, run: _Run) -> None:
    """Balances of groups of organisations, and their history, against the organisations' own."""
    statement = f"SELECT * FROM ({GROUP_DISAGREEMENTS}) found LIMIT {_FEW}"  # noqa: S608
    for (what,) in connection.execute(statement.encode()):
        run.faults.append(GroupsDisagree(_NO_BLOCK, what=what))
