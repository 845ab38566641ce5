"""Events are sealed beside the entries: a superuser who changes one is named.  Rows say who reads them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from erp.base import audit, uow
from erp.base.db import APPLICATION_ROLE, make_engine
from erp.base.scope import Scope, system_scope
from ledger import anchor, seals
from ledger import service as ledger
from ledger.errors import EventNotSealed, SealBroken
from ledger.model import Actor, PeriodState, Posting
from ledger.verify import (
    BlockChanged,
    CodesChanged,
    EntryAltered,
    EventAltered,
    EventDeleted,
    EventInserted,
    EventMoved,
    Fault,
    OrganisationRenamed,
    TrailLeavesChanged,
    UserRenamed,
    verify,
)
from tests.factories.books import ACTOR, Books, scope_of, some_books
from tests.factories.seals import a_superuser, libpq, seal_anew, seal_everything, tamper
from tests.ledger.conftest import connect, refusal

MARCH = date(2026, 3, 1)


@dataclass(frozen=True)
class Archive:
    """Books of organisation 1 with a trail in two blocks and an anchor: events 1 to 5, months 1 to 3."""

    url: str
    books: Books
    anchor: Path

    def first(self, **options: Any) -> Fault | None:
        return verify(self.url, **options).first

    def tell(self, action: str, *, organisation: int | None = None, **facts: Any) -> None:
        scope = Scope(ACTOR, reads=frozenset({1}), on_behalf_of=8)
        uow.run(self.books.engine, scope, lambda u: audit.record(
            u.connection, u.scope, action, "user:5", organisation_id=organisation, **facts
        ))  # fmt: skip

    def lock(self, state: PeriodState, reason: str = "") -> None:
        uow.run(
            self.books.engine,
            scope_of(1),
            lambda u: ledger.set_period(u.connection, 1, MARCH, state, u.scope.actor, reason),
        )


@pytest.fixture
def archive(database: str, tmp_path: Path) -> Iterator[Archive]:
    books = some_books(database)
    archive = Archive(database, books, tmp_path / "anchor.txt")
    with a_superuser(database) as c:
        c.execute("INSERT INTO reference_user (id, login, name, password_hash, language) OVERRIDING SYSTEM VALUE"
                  " VALUES (7, 'aigul', 'A', '', 'kk'), (8, 'dinara', 'D', '', 'kk')")  # fmt: skip
        c.execute("INSERT INTO reference_organisation (id, code, kind, name_kk, name_ru, name_en)"
                  " OVERRIDING SYSTEM VALUE VALUES (1, '070440990920', 'institution', 'A', 'A', 'A')")  # fmt: skip
    archive.tell("signed-in")
    archive.tell("user-renamed", organisation=1, before={"name": "Ә"}, after={"name": 'Б "в"'})
    archive.lock(PeriodState.RESTRICTED)
    seal_everything(database)
    archive.tell("role-granted", organisation=1, role="auditor")
    archive.lock(PeriodState.CLOSED)
    books.post(books.entry(Posting(books.side("1010"), books.side("6010"), 5), on=date(2026, 5, 5)))
    archive.tell("role-ended", organisation=1)
    archive.lock(PeriodState.OPEN, "a late bill")
    archive.tell("signed-in")
    seal_everything(database)
    anchor.append(database, archive.anchor)
    yield archive
    books.engine.dispose()


def test_an_honest_trail_verifies(archive: Archive) -> None:
    report = verify(archive.url, anchor=archive.anchor)
    assert report.faults == ()
    assert (report.events, report.entries, report.unsealed, report.anchored) == (8, 1, 0, report.blocks)
    archive.tell("signed-in")
    assert verify(archive.url).unsealed == 1


def test_a_leaf_says_the_event_in_codes(archive: Archive) -> None:
    with psycopg.connect(libpq(archive.url)) as c:
        said, at, xid = c.execute("""
            SELECT t.text, to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                   e.recorded_xid::text::bigint
              FROM ledger_trail_text t JOIN base_audit_event e USING (id) WHERE source = 'event' AND id = 2
        """).fetchone() or ("", "", 0)
    head = ["qazyna-event-1", "event", 2, "070440990920", at, xid, "aigul", "dinara", "test", "user-renamed", "user:5"]
    assert json.loads(said) == [*head, {}, {"name": "Ә"}, {"name": 'Б "в"'}]


ALTERATIONS: dict[str, tuple[str, LiteralString]] = {
    "who": ("event/2", "UPDATE base_audit_event SET actor_id = 8 WHERE id = 2"),
    "on whose behalf": ("event/2", "UPDATE base_audit_event SET on_behalf_of = NULL WHERE id = 2"),
    "from where": ("event/2", "UPDATE base_audit_event SET origin = 'elsewhere' WHERE id = 2"),
    "when": ("event/4", "UPDATE base_audit_event SET at = at - interval '1 day' WHERE id = 4"),
    "what": ("event/3", "UPDATE base_audit_event SET action = 'role-ended' WHERE id = 3"),
    "to what": ("event/3", "UPDATE base_audit_event SET subject = 'user:6' WHERE id = 3"),
    "where": ("event/3", "UPDATE base_audit_event SET organisation_id = NULL WHERE id = 3"),
    "a fact": ("event/3", 'UPDATE base_audit_event SET facts = \'{"role": "manager"}\' WHERE id = 3'),
    "before": ("event/2", 'UPDATE base_audit_event SET before = \'{"name": "Б"}\' WHERE id = 2'),
    "after": ("event/2", "UPDATE base_audit_event SET after = NULL WHERE id = 2"),
    "the transaction": ("event/5", "UPDATE base_audit_event SET recorded_xid = '3' WHERE id = 5"),
    "a lock's state": ("month/2", "UPDATE ledger_period_change SET was = 'open' WHERE id = 2"),
    "a lock's reason": ("month/3", "UPDATE ledger_period_change SET reason = 'no reason' WHERE id = 3"),
    "a lock's actor": ("month/3", "UPDATE ledger_period_change SET actor_id = 8 WHERE id = 3"),
}


@pytest.mark.parametrize("what", ALTERATIONS)
@pytest.mark.parametrize("anew", [False, True])
def test_an_altered_event_is_named(archive: Archive, what: str, anew: bool) -> None:
    """By the database alone; sealed anew over it, by the anchor."""
    event, statement = ALTERATIONS[what]
    tamper(archive.url, statement)
    if anew:
        seal_anew(archive.url)
    fault = archive.first(anchor=archive.anchor, seals_only=True)
    if anew and what == "the transaction":
        assert isinstance(fault, EventMoved | EventInserted)  # it stands in another block then
        return
    assert isinstance(fault, EventAltered)
    assert fault.fields["event"] == event


@pytest.mark.parametrize("event", ["event/1", "event/4", "month/2"])
def test_a_deleted_event_is_named(archive: Archive, event: str) -> None:
    table = {"event": "base_audit_event", "month": "ledger_period_change"}[event.partition("/")[0]]
    with a_superuser(archive.url) as c:
        c.execute(f"DELETE FROM {table} WHERE id = {event.partition('/')[2]}".encode())
    fault = archive.first()
    assert isinstance(fault, EventDeleted)
    assert fault.fields["event"] == event
    assert fault.fields["action"] in ("signed-in", "role-ended", "month-closed")
    seal_anew(archive.url)
    assert not isinstance(archive.first(), EventDeleted)
    again = archive.first(anchor=archive.anchor)
    assert isinstance(again, EventDeleted)
    assert again.fields["event"] == event


def test_an_inserted_event_is_named(archive: Archive) -> None:
    tamper(archive.url, """
        INSERT INTO base_audit_event (id, at, actor_id, origin, action, subject, recorded_xid) OVERRIDING SYSTEM VALUE
        SELECT 4711, at, 8, origin, action, subject, recorded_xid FROM base_audit_event WHERE id = 4
    """)  # fmt: skip
    fault = archive.first()
    assert isinstance(fault, EventInserted)
    assert fault.fields["event"] == "event/4711"
    seal_anew(archive.url)
    assert archive.first(seals_only=True) is None
    fault = archive.first(anchor=archive.anchor)
    assert isinstance(fault, EventInserted)
    assert fault.fields["event"] == "event/4711"


def test_events_that_changed_places_are_named(archive: Archive) -> None:
    """Two of one block: by their numbers, by their transactions, by their leaves."""
    with a_superuser(archive.url) as c:
        c.execute("ALTER TABLE base_audit_event ALTER COLUMN id DROP IDENTITY")
        c.execute("UPDATE base_audit_event SET id = -id WHERE id IN (3, 4)")
        c.execute("UPDATE base_audit_event SET id = 7 + id WHERE id < 0")
    fault = archive.first()
    assert isinstance(fault, EventAltered)
    assert fault.fields["event"] in ("event/3", "event/4")


def test_swapped_leaves_are_named(archive: Archive) -> None:
    with a_superuser(archive.url) as c:
        c.execute("UPDATE ledger_trail_leaf l SET leaf_no = 1000 - leaf_no FROM (SELECT max(block_no) AS last FROM"
                  " ledger_trail_leaf) b WHERE block_no = last")  # fmt: skip
    found = verify(archive.url).faults
    assert isinstance(found[0], EventMoved)
    assert any(isinstance(f, TrailLeavesChanged) for f in found)


def test_a_leaf_taken_away_or_made_to_fit_gives_its_block_away(archive: Archive) -> None:
    tamper(archive.url, "UPDATE base_audit_event SET actor_id = 8 WHERE id = 2")
    tamper(archive.url, "UPDATE ledger_trail_leaf l SET hash = sha256('\\x00'::bytea || convert_to(text, 'UTF8'))"
                        " FROM ledger_trail_text t WHERE (t.source, t.id) = (l.source, l.id) AND l.id = 2")  # fmt: skip
    found = verify(archive.url).faults
    assert [type(f) for f in found] == [TrailLeavesChanged]
    tamper(archive.url, "DELETE FROM ledger_trail_leaf WHERE source = 'event' AND id = 2")
    assert isinstance(archive.first(), EventInserted)


def test_blocks_cannot_be_told_to_hold_no_trail(archive: Archive) -> None:
    tamper(archive.url, "UPDATE ledger_block SET trail = NULL, events = NULL")
    assert any(isinstance(f, BlockChanged) for f in verify(archive.url).faults)


def test_renamed_people_and_organisations_are_named_and_no_event_is_blamed(archive: Archive) -> None:
    tamper(archive.url, "UPDATE reference_user SET login = 'marat' WHERE id = 8")
    tamper(archive.url, "UPDATE reference_organisation SET code = '070440990921'")
    found = verify(archive.url).faults
    assert {(type(f), f.fields["was"], f.fields["now"]) for f in found} == {
        (UserRenamed, "dinara", "marat"),
        (OrganisationRenamed, "070440990920", "070440990921"),
    }
    tamper(archive.url, "UPDATE ledger_sealed_code SET text = '\"marat\"' WHERE text = '\"dinara\"'")
    assert any(isinstance(f, CodesChanged) for f in verify(archive.url).faults)


@pytest.mark.parametrize(
    "change",
    ["origin = 'elsewhere'", "at = at - interval '1 day'", "key = gen_random_uuid()", "action = 'batch'",
     "on_behalf_of = 8", "entry_id = entry_id + 1"],
)  # fmt: skip
def test_from_where_an_entry_was_posted_is_sealed_with_it(archive: Archive, change: str) -> None:
    with a_superuser(archive.url) as c:
        c.execute(f"UPDATE ledger_command SET {change}".encode())
    fault = archive.first(seals_only=True)
    assert isinstance(fault, EntryAltered)


def test_a_second_command_for_an_entry_is_found(archive: Archive) -> None:
    tamper(archive.url, """
        INSERT INTO ledger_command (organisation_id, key, content_hash, entry_id, fiscal_year, action, actor_id, origin)
        SELECT organisation_id, gen_random_uuid(), content_hash, entry_id, fiscal_year, action, actor_id, origin
          FROM ledger_command
    """)  # fmt: skip
    assert isinstance(archive.first(seals_only=True), EntryAltered)


@settings(max_examples=15)
@given(
    event=st.integers(1, 5),
    change=st.sampled_from(["actor_id = actor_id + 1", "origin = origin || '.'", "facts = facts || '{\"x\": 1}'"]),
    anew=st.booleans(),
)
def test_exactly_the_event_that_was_changed_is_found(archive: Archive, event: int, change: str, anew: bool) -> None:
    tables = ("base_audit_event", "ledger_trail_leaf", "ledger_block", "ledger_leaf")
    with a_superuser(archive.url) as c:
        for table in tables:
            c.execute(f"CREATE TABLE IF NOT EXISTS kept_{table} AS TABLE {table}".encode())
        c.execute(f"UPDATE base_audit_event SET {change} WHERE id = {event}".encode())
    if anew:
        seal_anew(archive.url)
    found = verify(archive.url, anchor=archive.anchor).first
    with a_superuser(archive.url) as c:
        for table in tables:
            c.execute(f"DELETE FROM {table}".encode())
            override = " OVERRIDING SYSTEM VALUE" if table == "base_audit_event" else ""
            c.execute(f"INSERT INTO {table}{override} SELECT * FROM kept_{table}".encode())
    assert isinstance(found, EventAltered)
    assert found.fields["event"] == f"event/{event}"
    assert archive.first(anchor=archive.anchor) is None


# ------------------------------------------------------------------------------------------------ open transactions


def test_an_event_waits_for_every_older_transaction(archive: Archive) -> None:
    owner = make_engine(archive.url, role=None, pool=1)
    with archive.books.engine.connect() as slow, slow.begin() as transaction:
        audit.record(slow, Scope(ACTOR), "slow", "user:5")
        archive.tell("fast")
        with owner.begin() as c:
            assert seals.seal(c) is None
        transaction.commit()
    block = seal_everything(archive.url)
    assert (block.events, block.entries) == (2, 0)
    with owner.begin() as c:
        sealed = c.execute(text("SELECT action FROM ledger_trail_leaf WHERE block_no = :no ORDER BY leaf_no"),
                           {"no": block.no}).scalars().all()  # fmt: skip
    assert sealed == ["slow", "fast"]
    owner.dispose()


# ------------------------------------------------------------------------------------------------ proofs


def test_every_event_has_a_proof(archive: Archive) -> None:
    owner = make_engine(archive.url, role=None, pool=1)
    with owner.begin() as c:
        for source, event in [*(("event", n) for n in range(1, 6)), *(("month", n) for n in range(1, 4))]:
            proof = seals.event_proof(c, source, event)
            assert proof.root == proof.block.trail
            assert sha256(proof.block.header.encode()).digest() == proof.block.head
            assert json.loads(proof.to_json())["event"].startswith(f'["qazyna-event-1","{source}",{event},')
    with owner.begin() as c, pytest.raises(EventNotSealed):
        seals.event_proof(c, "event", 4711)
    tamper(archive.url, "UPDATE base_audit_event SET actor_id = 8 WHERE id = 2")
    with owner.begin() as c, pytest.raises(SealBroken):
        seals.event_proof(c, "event", 2)
    owner.dispose()


# ------------------------------------------------------------------------------------------------ blocks of before


def test_blocks_of_before_keep_their_headers_and_verify(archive: Archive, database: str) -> None:
    """As an older database has them: version 1 of texts and headers, no second tree; the next block is of version 2."""
    with a_superuser(database) as c:
        c.execute("DELETE FROM ledger_trail_leaf")
        c.execute("UPDATE ledger_block SET trail = NULL, events = NULL")
        c.execute("DELETE FROM ledger_sealed_code WHERE kind IN ('user', 'organisation')")
    seal_anew(database)
    assert verify(database).faults == ()
    with psycopg.connect(libpq(database)) as c:
        versions = c.execute("SELECT DISTINCT text::json ->> 0 FROM ledger_leaf_text").fetchall()
    assert versions == [("qazyna-entry-1",)]
    old = archive.anchor.with_name("old.txt")
    anchor.append(database, old)
    assert '"events"' not in old.read_text(encoding="utf-8")
    archive.books.post(archive.books.entry(Posting(archive.books.side("1010"), archive.books.side("6010"), 5)))
    block = seal_everything(database)
    assert (block.events, block.entries) == (8, 1), "events of all time, entries since"
    assert json.loads(block.header)[0] == "qazyna-block-2"
    report = verify(database, anchor=old)
    assert (report.faults, report.events, report.anchored) == ((), 8, report.blocks - 1)
    anchor.append(database, old)
    assert verify(database, anchor=old).anchored == report.blocks
    tamper(database, "UPDATE base_audit_event SET actor_id = 8 WHERE id = 2")
    assert isinstance(archive.first(), EventAltered)


# ------------------------------------------------------------------------------------------------ who reads what


@pytest.fixture
def application(archive: Archive) -> Iterator[psycopg.Connection]:
    with connect(archive.url, role=APPLICATION_ROLE) as connection:
        yield connection
        connection.rollback()


EVENT = "INSERT INTO base_audit_event (actor_id, origin, action, subject, organisation_id) VALUES (7, 'x', 'x', %s, %s)"
ALL = {
    ("user:5", 1), ("entry:1/2026/1", 1), ("prepared:1/2", 1), ("entry:2/2026/1", 2), ("user:6", 2), ("user:9", None),
    ("recoding:1", None),
}  # fmt: skip


@pytest.mark.parametrize(
    ("reads", "audits", "seen"),
    [
        ("", "", set()),
        ("1", "", {("entry:1/2026/1", 1), ("prepared:1/2", 1)}),
        ("", "1", {("user:5", 1)}),
        ("1", "1", {("user:5", 1), ("entry:1/2026/1", 1), ("prepared:1/2", 1)}),
        ("2", "0", {("entry:2/2026/1", 2), ("user:9", None), ("recoding:1", None)}),
        ("1,2", "0,1,2", ALL),
    ],
)
def test_events_are_read_with_the_books_or_with_the_right_to_audit(
    archive: Archive, application: psycopg.Connection, reads: str, audits: str, seen: set[tuple[str, int | None]]
) -> None:
    with a_superuser(archive.url) as c:
        c.execute("DELETE FROM base_audit_event")
        for subject, organisation in ALL:
            c.execute(EVENT, [subject, organisation])
    application.execute("SELECT set_config('qazyna.reads', %s, true), set_config('qazyna.audits', %s, true)",
                        [reads, audits])  # fmt: skip
    for relation in ("base_audit_event", "base_trail"):
        rows = application.execute(f"SELECT subject, organisation_id FROM {relation} WHERE action = 'x'".encode())
        assert set(rows.fetchall()) == seen


@pytest.mark.parametrize(
    ("setting", "seen"),
    [
        ("qazyna.plans", {"plan:1/2", "version:1/2/3", "scenario:1/2/3"}),
        ("qazyna.staff", {"person:5", "unit:1/2", "request:1/3"}),
        ("qazyna.serves", set()),
        ("qazyna.decides", set()),
    ],
)
def test_who_reads_plans_or_records_of_staff_reads_what_happened_to_them(
    archive: Archive, application: psycopg.Connection, setting: str, seen: set[str]
) -> None:
    kinds = ("plan:1/2", "version:1/2/3", "scenario:1/2/3", "person:5", "unit:1/2", "request:1/3", "entry:1/2026/1")
    with a_superuser(archive.url) as c:
        c.execute("DELETE FROM base_audit_event")
        for subject in kinds:
            c.execute(EVENT, [subject, 1])
            c.execute(EVENT, [subject, 2])
            c.execute(EVENT, [subject, None])
    application.execute("SELECT set_config(%s, '1', true)", [setting])
    rows = application.execute("SELECT subject, organisation_id FROM base_trail WHERE action = 'x'")
    assert set(rows.fetchall()) == {(subject, 1) for subject in seen}


def test_locks_and_commands_are_read_with_the_books_only(application: psycopg.Connection) -> None:
    for reads, audits, expected in (("", "1", set()), ("2", "2", set()), ("1", "", {"month", "entry"})):
        application.execute("SELECT set_config('qazyna.reads', %s, true), set_config('qazyna.audits', %s, true)",
                            [reads, audits])  # fmt: skip
        rows = application.execute("SELECT DISTINCT source FROM base_trail WHERE source <> 'event'")
        assert {source for (source,) in rows} == expected


def test_the_application_adds_events_and_no_more(application: psycopg.Connection) -> None:
    assert refusal(application, EVENT, ["user:5", 1]) is None
    for statement in (
        "UPDATE base_audit_event SET actor_id = 8",
        "DELETE FROM base_audit_event",
        "INSERT INTO base_audit_event (actor_id, origin, action, subject, at) VALUES (7, '', '', '', now())",
        "INSERT INTO base_audit_event (actor_id, origin, action, subject, recorded_xid) VALUES (7, '', '', '', '3')",
        "INSERT INTO base_audit_event (id, actor_id, origin, action, subject) OVERRIDING SYSTEM VALUE"
        " VALUES (99, 7, '', '', '')",
        "INSERT INTO ledger_trail_leaf DEFAULT VALUES",
        "SELECT FROM ledger_trail_leaf",
        "SELECT FROM ledger_trail_text",
        "UPDATE ledger_known_through SET instant = 'infinity'",
        "SELECT ledger_event_proof('event', 1)",
    ):
        assert refusal(application, statement) == "42501", statement


def test_an_act_that_changes_nothing_leaves_no_event(archive: Archive) -> None:
    def count() -> int:
        with psycopg.connect(libpq(archive.url)) as c:
            return c.execute("SELECT FROM base_audit_event").rowcount

    before = count()
    archive.tell("set", before={"a": 1, "b": None}, after={"a": 1, "b": None})
    assert count() == before
    archive.tell("set", before={"a": 1, "b": 2}, after={"a": 1, "b": 3})
    with psycopg.connect(libpq(archive.url)) as c:
        kept = c.execute("SELECT before, after FROM base_audit_event ORDER BY id DESC LIMIT 1").fetchone()
    assert kept == ({"b": 2}, {"b": 3})
    assert system_scope().actor == Actor(0, "command line")
