"""Sealing: what a block holds, when an entry gets into one, what was known at an instant, and proofs."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from erp.base import uow
from erp.base.db import make_engine
from ledger import seals
from ledger import service as ledger
from ledger.errors import (
    CounterBehind,
    EntryNotSealed,
    ForeignOrganisation,
    NotSealedYet,
    SealBroken,
    SnapshotTooOld,
)
from ledger.model import Correction, Dimension, EntryKind, JournalEntry, Posting, Source
from ledger.seals import leaf_hash, merkle_root, node_hash
from tests.factories.books import A_DAY, ACTOR, Books, scope_of, some_books
from tests.factories.seals import await_older, libpq, seal_everything, tamper


@pytest.fixture
def books(database: str) -> Iterator[Books]:
    books = some_books(database)
    yield books
    books.engine.dispose()


@pytest.fixture
def owner(database: str) -> Iterator[Engine]:
    engine = make_engine(database, role=None, pool=4)
    yield engine
    engine.dispose()


def an_entry(books: Books, memo: str = "an entry") -> int:
    return books.post(books.entry(Posting(books.side("1010"), books.side("6010"), 100_00), memo=memo)).entry_id


def leaves(owner: Engine) -> list[tuple[int, int]]:
    with owner.connect() as c:
        rows = c.execute(text("SELECT block_no, entry_id FROM ledger_leaf ORDER BY block_no, leaf_no"))
        return [(row.block_no, row.entry_id) for row in rows]


# ------------------------------------------------------------------------------------------------ the tree


def by_definition(nodes: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word."""
    if len(nodes) <= 1:
        return nodes[0] if nodes else sha256(b"").digest()
    k = 1
    while k * 2 < len(nodes):
        k *= 2
    return node_hash(by_definition(nodes[:k]), by_definition(nodes[k:]))


@given(st.integers(0, 300), st.sampled_from([1, 2, 16, 64]))
def test_the_root_is_that_of_rfc_6962_also_over_portions(size: int, portion: int) -> None:
    nodes = [leaf_hash(str(i).encode()) for i in range(size)]
    assert merkle_root(nodes) == by_definition(nodes)
    portions = [merkle_root(nodes[i : i + portion]) for i in range(0, size, portion)]
    assert merkle_root(portions) == by_definition(nodes)


def test_the_database_s_tree_is_the_same(owner: Engine) -> None:
    with owner.connect() as c:
        for size in (1, 2, 3, 7, 8, 9, 100):
            nodes = [leaf_hash(str(i).encode()) for i in range(size)]
            level = b"".join(nodes)
            while len(level) > 32:
                level = bytes(c.execute(text("SELECT ledger_merkle_level(:level)"), {"level": level}).scalar_one())
            assert level == merkle_root(nodes)


# ------------------------------------------------------------------------------------------------ blocks


def test_blocks_follow_one_another_and_hold_every_entry_once(books: Books, database: str, owner: Engine) -> None:
    first = [an_entry(books) for _ in range(3)]
    one = seal_everything(database)
    second = [an_entry(books) for _ in range(2)]
    two = seal_everything(database)
    assert [entry for _, entry in leaves(owner)] == first + second
    assert seals.chain_breaks_at([one, two]) is None or two.no > 2
    assert (two.previous, two.entries) == (one.head, 2) or two.no > 2
    with owner.begin() as c:
        assert seals.seal(c) is None
        assert seals.seal(c, even_empty=True) == two, "nothing was recorded since"


def test_books_without_anything_have_one_empty_block_for_those_who_ask(database: str, owner: Engine) -> None:
    with owner.begin() as c:
        assert seals.seal(c) is None
        empty = seals.seal(c, even_empty=True)
        assert seals.seal(c, even_empty=True) == empty
    assert empty is not None
    nothing = sha256(b"").digest()
    assert (empty.no, empty.entries, empty.events, empty.root, empty.trail) == (1, 0, 0, nothing, nothing)
    assert empty.previous == seals.NOTHING


def test_a_leaf_says_the_entry_in_codes(books: Books, database: str, owner: Engine) -> None:
    """The text, put together here from what was posted."""
    cash = books.side("1490", counterparty='ТОО «Қ"азына»', item="бумага", currency="USD", specific="149")
    revenue = books.side("6010", specific="149")
    entry = JournalEntry(
        1, uuid4(), 1, A_DAY, 'ақша: "қолма-қол"\n\\ \t', (
            Posting(cash, revenue, 5, "line\x1f\x7f/é", 2500, None, 700, None), Posting(revenue, cash, 7),
        ), EntryKind.ORDINARY, "№ 5/А", date(2026, 3, 1), Source("import", 12, 34),
    )  # fmt: skip
    posted = books.post(entry)
    storno = Correction(1, uuid4(), posted.entry_id, 2026, A_DAY, 'typed "twice"')
    by = uow.run(books.engine, scope_of(1), lambda u: u.post(storno))()
    seal_everything(database)
    side = {"account": "1490", "specific": "149", "counterparty": 'ТОО «Қ"азына»', "item": "бумага", "currency": "USD"}
    other = {"account": "6010", "specific": "149"}
    with owner.connect() as c:
        recorded = c.execute(text("SELECT recorded_at, recorded_xid::text AS xid FROM ledger_entry ORDER BY id")).all()
        texts = list(c.execute(text("SELECT text FROM ledger_leaf_text ORDER BY entry_id")).scalars())
        hashes = [bytes(h) for h in c.execute(text("SELECT hash FROM ledger_leaf ORDER BY entry_id")).scalars()]

    def head(row: int, number: int, kind: str) -> list[object]:
        instant = recorded[row].recorded_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        said = ["qazyna-entry-2", "1", 2026, "MO-01", number, kind, 0, "2026-03-15", instant, int(recorded[row].xid)]
        return [*said, str(ACTOR.id), entry.memo, "№ 5/А", "2026-03-01"]

    def command(key: UUID, action: str) -> list[object]:
        with owner.connect() as c:
            at = c.execute(text("SELECT at FROM ledger_command WHERE key = :key"), {"key": key}).scalar_one()
        return [str(key), action, at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"), ACTOR.origin, None]

    expected = [
        *head(0, 1, "ordinary"), ["import", 12, 34], None,
        [[side, other, 5, "line\x1f\x7f/é", 2500, None, 700, None], [other, side, 7, None, None, None, None, None]],
        command(entry.key, "ordinary"),
    ]  # fmt: skip
    cancelling = [
        *head(1, 2, "storno"), ["storno", posted.entry_id, None],
        [2026, "MO-01", 1, "storno", 'typed "twice"', False],
        [[side, other, -5, "line\x1f\x7f/é", -2500, None, -700, None], [other, side, -7, None, None, None, None, None]],
        command(storno.key, "storno"),
    ]  # fmt: skip
    assert by.number == 2
    for said, found, leaf in zip([expected, cancelling], texts, hashes, strict=True):
        assert json.dumps(said, ensure_ascii=False, separators=(",", ":")) == found
        assert leaf_hash(found.encode()) == leaf


def test_a_side_names_its_dimensions_in_their_order(books: Books, database: str, owner: Engine) -> None:
    all_of_them = {d.slug: f"code of {d.slug}" for d in Dimension}
    books.post(books.entry(Posting(books.side("1490", **all_of_them), books.side("1010"), 1)))
    seal_everything(database)
    with owner.connect() as c:
        sides = c.execute(text("SELECT text FROM ledger_sealed_code WHERE kind = 'side' AND text LIKE '%code of%'"))
        assert list(json.loads(sides.scalar_one()).items()) == [("account", "1490"), *all_of_them.items()]


def test_nobody_changes_a_seal(books: Books, database: str, owner: Engine) -> None:
    an_entry(books)
    seal_everything(database)
    for role in (owner, books.engine):
        for statement in (
            "UPDATE ledger_block SET entries = 5",
            "DELETE FROM ledger_block",
            "TRUNCATE ledger_leaf",
            "UPDATE ledger_leaf SET leaf_no = 5",
            "DELETE FROM ledger_sealed_code",
        ):
            with pytest.raises(Exception, match=r"posted-is-final|permission denied"), role.begin() as c:
                c.execute(text(statement))
    for statement in ("INSERT INTO ledger_block DEFAULT VALUES", "SELECT ledger_merkle_level('')"):
        with pytest.raises(Exception, match="permission denied"), books.engine.begin() as c:
            c.execute(text(statement))


def test_blocks_are_read_by_all_and_leaves_by_those_who_read_the_books(books: Books, database: str) -> None:
    an_entry(books)
    seal_everything(database)

    def seen(u: uow.UnitOfWork) -> list[int]:
        return [
            u.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
            for table in ("ledger_block", "ledger_leaf", "ledger_sealed_code")
        ]

    mine, others = uow.run(books.engine, scope_of(1), seen), uow.run(books.engine, scope_of(2), seen)
    assert mine[1:] == [1, 4]
    assert others[0] == mine[0] > 0
    assert others[1:] == [0, 0]


# ------------------------------------------------------------------------------------------------ open transactions


def test_an_entry_waits_for_every_older_transaction(books: Books, database: str, owner: Engine) -> None:
    """Slow begins first and commits last: what fast recorded meanwhile is not sealed over its head."""
    cash, revenue = books.side("1010"), books.side("6010")
    with books.engine.connect() as slow, slow.begin() as transaction:
        in_scope(slow)
        late = seals_post(slow, books, Posting(cash, revenue, 1))
        fast = an_entry_beside(books, cash, revenue)
        with owner.begin() as c:
            assert seals.seal(c) is None  # neither of the two may be sealed
        transaction.commit()
    seal_everything(database)
    assert {entry for _, entry in leaves(owner)} == {late, fast}


def in_scope(connection: Connection) -> None:
    connection.execute(
        text("SELECT set_config('qazyna.reads', '1', true), set_config('qazyna.writes', '1', true)"),
    )


def seals_post(connection: Connection, books: Books, posting: Posting, journal: int = 1) -> int:
    return ledger.post_entry(connection, books.entry(posting, journal_id=journal), ACTOR).entry_id


def an_entry_beside(books: Books, cash: int, revenue: int) -> int:
    """In another journal, month and pair of accounts: nothing that an open transaction has locked."""
    other = books.side("7060"), books.side("1316")
    assert other != (cash, revenue)
    entry = books.entry(Posting(*other, 2), on=date(2026, 7, 1), journal_id=2)
    return books.post(entry).entry_id


def test_two_do_not_seal_at_once(books: Books, database: str, owner: Engine) -> None:
    an_entry(books)
    await_older(database)
    with owner.begin() as c:
        made = seals.seal(c)
        assert made is not None
        with owner.begin() as other:
            assert seals.seal(other) is None
        with owner.begin() as other:
            other.execute(text("SET LOCAL lock_timeout = '50ms'"))
            with pytest.raises(OperationalError):  # who asks for a block waits
                seals.seal(other, even_empty=True)
    with owner.begin() as c:
        after = seals.seal(c, even_empty=True)
    assert after == made


def test_a_snapshot_of_before_seals_nothing(owner: Engine) -> None:
    with owner.connect().execution_options(isolation_level="REPEATABLE READ") as c, pytest.raises(SnapshotTooOld):
        seals.seal(c)


def test_a_server_that_counts_anew_is_told_so(books: Books, database: str, owner: Engine) -> None:
    an_entry(books)
    seal_everything(database)
    tamper(database, "UPDATE ledger_block SET watermark = (watermark::text::bigint + 1000000)::text::xid8")
    with owner.begin() as c, pytest.raises(CounterBehind, match="moved here without their counter"):
        seals.seal(c)


def test_sealing_beside_writers_leaves_nothing_out(books: Books, database: str, owner: Engine) -> None:
    """Four writers, of whom some abort, and a sealer that never rests."""
    done = threading.Event()
    entries: list[int] = []
    pairs = [(books.side("1010"), books.side("6010")), (books.side("7060"), books.side("1316"))]

    def write(writer: int) -> None:
        for round_ in range(15):
            pair = pairs[(writer + round_) % 2]
            with books.engine.connect() as c, c.begin() as transaction:
                in_scope(c)
                made = [seals_post(c, books, Posting(*pair, 1 + n), 1 + writer % 2) for n in range(1 + round_ % 2)]
                if round_ % 5 == 4:
                    transaction.rollback()
                    continue
            entries.extend(made)

    def seal() -> None:
        while not done.is_set():
            with owner.begin() as c:
                seals.seal(c)

    sealer = threading.Thread(target=seal)
    writers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in (sealer, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    sealer.join()
    seal_everything(database)
    assert sorted(entry for _, entry in leaves(owner)) == sorted(entries)


# ------------------------------------------------------------------------------------------------ known at


def test_what_was_known_is_answered_alike_for_ever(books: Books, database: str, owner: Engine) -> None:
    """A transaction open across the instant commits after it, under an older id: it was not known then."""
    known = an_entry(books)
    seal_everything(database)
    cash, revenue = books.side("1010"), books.side("6010")

    def answer(instant: datetime) -> set[int]:
        with owner.begin() as c:
            watermark = seals.known_at(c, instant)
            rows = c.execute(
                text("SELECT id FROM ledger_entry WHERE recorded_xid < CAST(CAST(:xid AS text) AS xid8)"),
                {"xid": watermark.xid},
            )
            return set(rows.scalars())

    with books.engine.connect() as slow, slow.begin() as transaction:
        in_scope(slow)
        late = seals_post(slow, books, Posting(cash, revenue, 1))
        fast = an_entry_beside(books, cash, revenue)
        instant = datetime.now(UTC)
        with owner.begin() as c, pytest.raises(NotSealedYet):
            seals.known_at(c, instant)
        with owner.begin() as c:
            assert seals.seal(c, even_empty=True) is not None
        first = answer(instant)
        assert first == {known}
        transaction.commit()
    last = seal_everything(database)
    assert answer(instant) == first
    after = datetime.now(UTC)
    for _ in range(3):  # asking again and again adds no block
        with owner.begin() as c:
            assert seals.seal(c, even_empty=True) == last
    assert answer(instant) == first
    assert answer(instant - timedelta(days=30)) == set()
    assert answer(last.sealed_at) == answer(after) == {known, late, fast}
    an_entry(books)
    assert seal_everything(database).sealed_at > after
    assert answer(after) == {known, late, fast}


def test_the_future_is_not_answered(books: Books, owner: Engine) -> None:
    with owner.begin() as c, pytest.raises(NotSealedYet):
        seals.known_at(c, datetime.now(UTC))
    with owner.begin() as c:
        seals.seal(c, even_empty=True)
    with books.engine.begin() as c, pytest.raises(NotSealedYet) as refused:
        seals.known_at(c, datetime(2200, 1, 1, tzinfo=UTC))
    assert refused.value.fields["sealed_at"]


# ------------------------------------------------------------------------------------------------ proofs


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8])
def test_every_entry_of_a_block_has_a_proof(books: Books, database: str, count: int) -> None:
    ids = [an_entry(books, f"entry {i}") for i in range(count)]
    seal_everything(database)
    for entry_id in ids:
        with books.engine.begin() as c:
            in_scope(c)
            proof = seals.proof(c, 1, 2026, entry_id)
        assert proof.root == proof.block.root
        assert sha256(proof.block.header.encode()).digest() == proof.block.head
        assert f'"entry {ids.index(entry_id)}"' in proof.text


def test_a_proof_is_given_to_who_may_read_the_entry_once_it_is_sealed(books: Books, database: str) -> None:
    entry_id = an_entry(books)
    with pytest.raises(EntryNotSealed):
        uow.run(books.engine, scope_of(1), lambda u: seals.proof(u.connection, 1, 2026, entry_id))
    seal_everything(database)
    with pytest.raises(ForeignOrganisation):
        uow.run(books.engine, scope_of(2), lambda u: seals.proof(u.connection, 1, 2026, entry_id))
    tamper(database, "UPDATE ledger_entry SET memo = 'another'")
    with pytest.raises(SealBroken):
        uow.run(books.engine, scope_of(1), lambda u: seals.proof(u.connection, 1, 2026, entry_id))


def test_the_application_s_role_seals(books: Books, database: str) -> None:
    an_entry(books)
    with books.engine.begin() as c:
        assert seals.seal(c, even_empty=True) is not None
    with psycopg.connect(libpq(database)) as c:
        assert c.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'ledger_block'").fetchone() == (
            c.info.user,
        )
