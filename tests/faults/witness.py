"""What the books say against what the diaries say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row

from ledger.checks import disagreements
from tests.faults.commands import Json
from tests.faults.diary import Sent

_ENTRIES = """
    WITH side AS (
        SELECT s.organisation_id, s.id, concat_ws(' ', a.code, nullif(s.counterparty, ''), nullif(s.item, '')) AS name
          FROM ledger_subaccount s JOIN ledger_account a ON a.id = s.account_id
    ), lines AS (
        SELECT p.organisation_id, p.entry_id AS id,
               array_agg(concat_ws(' | ', d.name || coalesce(' × ' || p.debit_quantity_milli, ''),
                                   c.name || coalesce(' × ' || p.credit_quantity_milli, ''), p.amount_tiyn)
                         ORDER BY p.no) AS lines
          FROM ledger_posting p
          JOIN side d ON (d.organisation_id, d.id) = (p.organisation_id, p.debit_id)
          JOIN side c ON (c.organisation_id, c.id) = (p.organisation_id, p.credit_id)
         GROUP BY 1, 2
    )
    SELECT e.organisation_id AS organisation, e.id, e.number, j.code AS journal, e.kind, e.effective_on::text AS day,
           e.memo, e.document_number AS document, l.lines
      FROM ledger_entry e JOIN ledger_journal j ON j.id = e.journal_id
      LEFT JOIN lines l ON (l.organisation_id, l.id) = (e.organisation_id, e.id)
"""
_COMMANDS = "SELECT organisation_id, key::text, entry_id FROM ledger_command"
_CANCELLED = "SELECT organisation_id, entry_id, by_entry_id FROM ledger_correction"
_MONTHS = "SELECT organisation_id, to_char(month, 'YYYY-MM'), state FROM ledger_period"


@dataclass(frozen=True)
class Books:
    """One snapshot of everything that was posted."""

    by_id: dict[tuple[int, int], Any]
    by_memo: dict[str, list[Any]]
    commands: dict[tuple[int, str], int]
    cancelled: dict[tuple[int, int], int]
    months: dict[tuple[int, str], str]
    disagreements: list[str]


def look(owner: str, organisations: Iterable[int]) -> Books:
    """Read the books as the owner of the tables, in one snapshot.  Raises: psycopg.OperationalError."""
    with psycopg.connect(owner) as connection, connection.cursor(row_factory=namedtuple_row) as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        entries: list[Any] = list(cursor.execute(_ENTRIES))
        by_memo: dict[str, list[Any]] = defaultdict(list)
        for entry in entries:
            if entry.kind != "storno":
                by_memo[entry.memo].append(entry)
        return Books(
            {(e.organisation, e.id): e for e in entries},
            by_memo,
            {(o, key): entry for o, key, entry in cursor.execute(_COMMANDS)},
            {(o, entry): by for o, entry, by in cursor.execute(_CANCELLED)},
            {(o, month): state for o, month, state in cursor.execute(_MONTHS)},
            [row[0] for o in organisations for row in cursor.execute(disagreements(o).encode())],
        )


def faults(books: Books, sent: Mapping[str, Sent]) -> list[str]:
    """A sentence for everything lost, doubled, half done, changed or unasked for, once every command is settled."""
    found = [f"books disagree: {d}" for d in books.disagreements]
    unasked, unused = set(books.by_id), set(books.commands)
    for one in sent.values():
        assert one.is_settled, "the books are compared when nothing is under way"
        if one.command["kind"] == "month":
            continue
        keys = {(one.command["organisation"], key) for key in _keys(one.command)}
        entries = _entries(books, one)
        unused -= keys
        unasked -= {(entry.organisation, entry.id) for entry in entries}
        found += [f"{one.command['kind']} {one.command['name']}: {fault}" for fault in _of_one(books, one, sent)]
    found += [f"nobody sent entry {entry}" for entry in sorted(unasked)]
    found += [f"nobody sent key {key}" for key in sorted(unused)]
    months = {(s.command["organisation"], s.command["month"]): s for s in sent.values() if s.command["kind"] == "month"}
    for month, last in months.items():
        if (books.months[month] == "closed") != (last.command["act"] == "close"):
            found.append(f"month {month} is {books.months[month]} after {last.command['act']}")
    return found


def _of_one(books: Books, one: Sent, sent: Mapping[str, Sent]) -> Iterator[str]:
    """What is wrong with the traces of one command."""
    command, saved = one.command, one.placed is not None
    entries, expected = _entries(books, one), _expected(command, sent)
    for key in _keys(command):
        if ((command["organisation"], key) in books.commands) != saved:
            yield f"key {key} is {'gone' if saved else f'used, yet it was refused as {one.refused}'}"
    if not saved:
        if entries:
            yield f"refused as {one.refused}, yet {len(entries)} entries stand"
        return
    if sorted(map(_content, entries)) != sorted(expected):
        yield f"expected {expected}, found {[_content(e) for e in entries]}"
    if one.placed and one.placed != [[e.id, e.number] for e in entries]:
        yield f"acknowledged as {one.placed}, found {[[e.id, e.number] for e in entries]}"
    if command["kind"] == "storno" and not any(
        books.cancelled.get((e.organisation, command["entry_id"])) == e.id for e in entries
    ):
        yield "what it cancels does not say so"


def _keys(command: Json) -> list[str]:
    """Idempotency keys under which the command is kept."""
    return [command["key"]] if command["kind"] in ("storno", "batch") else [e["key"] for e in command["entries"]]


def _entries(books: Books, one: Sent) -> list[Any]:
    """Entries that carry the command's traces, in its order: found by text, a storno by its key."""
    command = one.command
    if command["kind"] != "storno":
        return [entry for e in command["entries"] for entry in books.by_memo.get(e["memo"], [])]
    made = books.commands.get((command["organisation"], command["key"]))
    return [] if made is None else [books.by_id[command["organisation"], made]]


def _expected(command: Json, sent: Mapping[str, Sent]) -> list[tuple[Any, ...]]:
    if command["kind"] == "storno":
        (entry,) = sent[command["cancels"]].command["entries"]
        return [_wanted(command["organisation"], "storno", entry | {"effective_on": command["effective_on"]}, -1)]
    return [_wanted(command["organisation"], "ordinary", entry, 1) for entry in command["entries"]]


def _wanted(organisation: int, kind: str, entry: Json, sign: int) -> tuple[Any, ...]:
    lines = [
        f"{_side(p['debit'], sign)} | {_side(p['credit'], sign)} | {sign * int(Decimal(p['amount']) * 100)}"
        for p in entry["postings"]
    ]
    return (
        organisation, kind, entry["journal"], entry["effective_on"], entry["memo"], entry["document_number"], lines,
    )  # fmt: skip


def _content(entry: Any) -> tuple[Any, ...]:
    return entry.organisation, entry.kind, entry.journal, entry.day, entry.memo, entry.document, entry.lines


def _side(side: Json, sign: int) -> str:
    named = side["dimensions"]
    name = " ".join(filter(None, (side["account"], named.get("counterparty"), named.get("item"))))
    return f"{name} × {sign * int(Decimal(side['quantity']) * 1000)}" if "quantity" in side else name
