"""A superuser against the seals: whatever he changes past the guards, ``verify`` names it."""

import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import Any, LiteralString
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from erp.base import uow
from ledger import anchor
from ledger.errors import AnchorDamaged, AnchorDiffers
from ledger.model import Correction, Posting
from ledger.verify import (
    AccountRenamed,
    BlockChanged,
    BlockGone,
    BlockResealed,
    BookRenamed,
    BooksDisagree,
    CodeGone,
    CodesChanged,
    DimensionChanged,
    EntryAltered,
    EntryDeleted,
    EntryInserted,
    EntryMoved,
    Fault,
    Head,
    HeadUnknown,
    JournalRenamed,
    LeavesChanged,
    Report,
    TableReplaced,
    verify,
)
from tests.factories.books import A_DAY, Books, scope_of, some_books
from tests.factories.seals import a_superuser, seal_anew, seal_everything, tamper


@dataclass(frozen=True)
class Vault:
    """Two organisations' books, sealed in at least three blocks, with an anchor kept outside.

    Book 1 has entries 1 to 4 in journal MO-01 (4 is the storno of 3); book 2 has 1 and 2, and 1 in MO-16.
    """

    url: str
    books: Books
    anchor: Path

    def verify(self, **options: Any) -> Report:
        return verify(self.url, **options)

    def first(self, **options: Any) -> Fault | None:
        return self.verify(**options).first

    def append(self) -> int:
        return anchor.append(self.url, self.anchor)


@pytest.fixture
def vault(database: str, tmp_path: Path) -> Iterator[Vault]:
    mine = some_books(database, organisation=1)
    theirs = some_books(database, organisation=2, accounts=mine.accounts)
    vault = Vault(database, mine, tmp_path / "anchor.txt")
    sale = Posting(mine.side("1010"), mine.side("6010", specific="149"), 100_00, "cash")
    for memo in ("first", "second"):
        mine.post(mine.entry(sale, Posting(mine.side("1316", item="paper"), mine.side("1010"), 7), memo=memo))
    seal_everything(database)
    wrong = mine.post(mine.entry(sale, memo="third"))
    storno = Correction(1, uuid4(), wrong.entry_id, 2026, A_DAY, "typed twice")
    uow.run(mine.engine, scope_of(1), lambda u: u.post(storno))
    debt = Posting(theirs.side("1010"), theirs.side("3210", counterparty=A_BIN), 5_00)
    theirs.post(theirs.entry(debt, memo="theirs"))
    seal_everything(database)
    theirs.post(theirs.entry(debt, memo="theirs too"))
    theirs.post(theirs.entry(debt, memo="in another journal", journal_id=2))
    seal_everything(database)
    vault.append()
    yield vault
    mine.engine.dispose()
    theirs.engine.dispose()


def named(fault: Fault | None) -> tuple[str, str, int]:
    assert fault is not None
    assert fault.fields["year"] == 2026
    return fault.fields["book"], fault.fields["journal"], fault.fields["number"]


ENTRY: LiteralString = (
    "(SELECT e.organisation_id, e.fiscal_year, e.id FROM ledger_entry e JOIN ledger_journal j ON j.id = e.journal_id"
    " WHERE (organisation_id::text, code, number) = (%s, %s, %s))"
)
A_BIN = "000440001234"
SECOND = ("1", "MO-01", 2)
THIRD = ("1", "MO-01", 3)


def test_nothing_is_wrong_with_honest_books(vault: Vault) -> None:
    report = vault.verify(anchor=vault.anchor)
    assert report.faults == ()
    assert (report.entries, report.unsealed) == (7, 0)
    assert report.anchored == report.blocks >= 3
    assert report.head is not None
    assert vault.first(head=Head.parse(report.head.hex())) is None
    assert vault.first(head=Head.parse(f"{report.blocks}:{report.head.hex()}")) is None


def test_a_folder_that_cannot_be_kept_is_told_and_let_go(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, opened, closed = os.fsync, os.open, []

    def keep(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(5, "Input/output error")
        kept(descriptor)

    folders: list[int] = []

    def open_folder(path: Path, flags: int, *others: int) -> int:
        descriptor = opened(path, flags, *others)
        folders.extend([descriptor] if path == vault.anchor.parent else [])
        return descriptor

    close = os.close
    monkeypatch.setattr("os.fsync", keep)
    monkeypatch.setattr("os.open", open_folder)
    monkeypatch.setattr("os.close", lambda descriptor: (closed.append(descriptor), close(descriptor)))
    with pytest.raises(OSError, match="Input/output"):
        vault.append()
    assert [each in closed for each in folders] == [True]


def test_what_is_not_sealed_yet_is_no_fault(vault: Vault) -> None:
    books = vault.books
    books.post(books.entry(Posting(books.side("1010"), books.side("6010"), 1)))
    report = vault.verify(anchor=vault.anchor)
    assert (report.faults, report.entries, report.unsealed) == ((), 7, 1)


def test_books_without_a_seal_are_verified_too(database: str) -> None:
    books = some_books(database)
    books.post(books.entry(Posting(books.side("1010"), books.side("6010"), 1)))
    report = verify(database)
    assert (report.blocks, report.entries, report.unsealed, report.head, report.faults) == (0, 0, 1, None, ())
    books.engine.dispose()


def test_progress_ends_at_the_whole(vault: Vault) -> None:
    told: list[tuple[int, int]] = []
    vault.verify(progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (7, 7)


# ------------------------------------------------------------------------------------------------ entries

ALTERATIONS: dict[str, LiteralString] = {
    "an amount": "UPDATE ledger_posting SET amount_tiyn = amount_tiyn + 1 WHERE no = 1 AND",
    "a side": "UPDATE ledger_posting SET debit_id = debit_id + 2 WHERE no = 1 AND",
    "a side that there is not": "UPDATE ledger_posting SET credit_id = 4711 WHERE no = 1 AND",
    "the sides": "UPDATE ledger_posting SET debit_id = credit_id, credit_id = debit_id WHERE no = 1 AND",
    "a line's text": "UPDATE ledger_posting SET memo = 'bank' WHERE no = 1 AND",
    "a quantity": "UPDATE ledger_posting SET debit_quantity_milli = 1000 WHERE no = 1 AND",
    "the order of lines": "UPDATE ledger_posting SET no = -no WHERE",
    "a line": "DELETE FROM ledger_posting WHERE no = 2 AND",
    "the text": "UPDATE ledger_entry SET memo = 'seconds' WHERE",
    "the day": "UPDATE ledger_entry SET effective_on = '2026-03-16' WHERE",
    "the instant": "UPDATE ledger_entry SET recorded_at = recorded_at + '1 microsecond' WHERE",
    "who": "UPDATE ledger_entry SET actor_id = 8 WHERE",
    "the document": "UPDATE ledger_entry SET document_number = '1' WHERE",
    "the document's day": "UPDATE ledger_entry SET document_on = '2026-03-15' WHERE",
    "the source": "UPDATE ledger_entry SET source_line = 1 WHERE",
    "the kind": "UPDATE ledger_entry SET kind = 'opening', balance_kind = 1 WHERE",
    "the transaction": "UPDATE ledger_entry SET recorded_xid = (recorded_xid::text::bigint - 1)::text::xid8 WHERE",
}


@pytest.mark.parametrize("what", ALTERATIONS)
def test_an_altered_entry_is_named(vault: Vault, what: str) -> None:
    statement = ALTERATIONS[what]
    key = "(organisation_id, fiscal_year, entry_id)" if "ledger_posting" in statement else (
        "(organisation_id, fiscal_year, id)"
    )  # fmt: skip
    tamper(vault.url, f"{statement} {key} = {ENTRY}", *SECOND)
    for options in ({}, {"anchor": vault.anchor}):
        fault = vault.first(**options)
        assert isinstance(fault, EntryAltered)
        assert named(fault) == SECOND
    seal_anew(vault.url)
    assert not isinstance(vault.first(), EntryAltered)  # by itself the database is of one piece again
    fault = vault.first(anchor=vault.anchor)
    assert isinstance(fault, EntryAltered)
    assert named(fault) == SECOND


def test_a_line_added_to_an_entry_is_named(vault: Vault) -> None:
    tamper(
        vault.url,
        f"""
        INSERT INTO ledger_posting
               (organisation_id, fiscal_year, entry_id, no, effective_on, debit_id, credit_id, amount_tiyn)
        SELECT organisation_id, fiscal_year, entry_id, 3, effective_on, 4711, 4712, 5 FROM ledger_posting
         WHERE no = 1 AND (organisation_id, fiscal_year, entry_id) = {ENTRY}
        """,
        *SECOND,
    )
    fault = vault.first()
    assert isinstance(fault, EntryAltered)
    assert named(fault) == SECOND


def test_the_reason_of_a_storno_is_sealed(vault: Vault) -> None:
    tamper(vault.url, "UPDATE ledger_correction SET reason = 'another reason'")
    fault = vault.first()
    assert isinstance(fault, EntryAltered)
    assert named(fault) == ("1", "MO-01", 4)


def test_a_storno_that_is_no_longer_one_is_named(vault: Vault) -> None:
    tamper(vault.url, "DELETE FROM ledger_correction")
    fault = vault.first()
    assert isinstance(fault, EntryAltered)
    assert named(fault) == ("1", "MO-01", 4)


def delete(url: str, *name: object) -> None:
    tamper(url, f"DELETE FROM ledger_posting WHERE (organisation_id, fiscal_year, entry_id) = {ENTRY}", *name)
    tamper(url, f"DELETE FROM ledger_entry WHERE (organisation_id, fiscal_year, id) = {ENTRY}", *name)


@pytest.mark.parametrize("name", [SECOND, ("2", "MO-16", 1)])
def test_a_deleted_entry_is_named(vault: Vault, name: tuple[str, str, int]) -> None:
    delete(vault.url, *name)
    fault = vault.first()
    assert isinstance(fault, EntryDeleted)
    assert named(fault) == name
    tamper(vault.url, "UPDATE ledger_number SET last_number = last_number - 1")
    seal_anew(vault.url)
    assert not isinstance(vault.first(), EntryDeleted)
    fault = vault.first(anchor=vault.anchor)
    assert isinstance(fault, EntryDeleted)
    assert named(fault) == name


def insert(url: str) -> None:
    """A copy of book 1's second entry, as its fifth."""
    tamper(
        url,
        f"""
        INSERT INTO ledger_entry
        SELECT (jsonb_populate_record(e, '{{"id": 4711, "number": 5}}')).*
          FROM ledger_entry e WHERE (organisation_id, fiscal_year, id) = {ENTRY}
        """,
        *SECOND,
    )
    tamper(
        url,
        f"""
        INSERT INTO ledger_posting
        SELECT (jsonb_populate_record(p, '{{"entry_id": 4711}}')).*
          FROM ledger_posting p WHERE (organisation_id, fiscal_year, entry_id) = {ENTRY}
        """,
        *SECOND,
    )


def test_an_inserted_entry_is_named(vault: Vault) -> None:
    insert(vault.url)
    fault = vault.first()
    assert isinstance(fault, EntryInserted)
    assert named(fault) == ("1", "MO-01", 5)
    seal_anew(vault.url)
    fault = vault.first(anchor=vault.anchor)
    assert isinstance(fault, EntryInserted)
    assert named(fault) == ("1", "MO-01", 5)


def test_swapped_numbers_are_named(vault: Vault) -> None:
    with a_superuser(vault.url) as c:
        c.execute("UPDATE ledger_entry SET number = -number WHERE organisation_id = 1 AND number IN (2, 3)")
        c.execute("UPDATE ledger_entry SET number = 5 + number WHERE organisation_id = 1 AND number < 0")
    fault = vault.first()
    assert isinstance(fault, EntryAltered)
    assert named(fault) == ("1", "MO-01", 3)  # called so now


def test_swapped_transactions_are_named(vault: Vault) -> None:
    tamper(
        vault.url,
        """
        UPDATE ledger_entry e SET recorded_xid = o.recorded_xid FROM ledger_entry o
         WHERE e.organisation_id = 1 AND o.organisation_id = 1 AND e.number IN (1, 3) AND o.number = 4 - e.number
        """,
    )
    fault = vault.first()
    assert isinstance(fault, EntryAltered)
    assert named(fault) == ("1", "MO-01", 1)


def test_leaves_in_another_order_are_named(vault: Vault) -> None:
    """Two entries of one block change places in the tree, and everything above is made to fit."""
    tamper(
        vault.url,
        "UPDATE ledger_leaf l SET leaf_no = n"
        " FROM (SELECT block_no, max(leaf_no) + 1 AS n FROM ledger_leaf GROUP BY 1) b"
        " WHERE l.block_no = b.block_no AND leaf_no = 1 AND n > 2",
    )
    tamper(vault.url, "UPDATE ledger_leaf SET leaf_no = leaf_no - 1 WHERE leaf_no > 1 AND block_no = 1")
    found = vault.verify()
    assert {type(f) for f in found.faults if f.block == 1} == {EntryMoved, LeavesChanged}
    assert isinstance(found.first, EntryMoved)
    assert named(found.first)[:2] == ("1", "MO-01")


# ------------------------------------------------------------------------------------------------ leaves, codes, blocks


def test_a_leaf_made_to_fit_gives_its_block_away(vault: Vault) -> None:
    tamper(vault.url, "UPDATE ledger_leaf SET hash = sha256('another') WHERE organisation_id = 2 AND number = 2")
    tamper(vault.url, f"UPDATE ledger_entry SET memo = 'x' WHERE (organisation_id, fiscal_year, id) = {ENTRY}", *SECOND)
    tamper(
        vault.url,
        "UPDATE ledger_leaf l SET hash = sha256('\\x00'::bytea || convert_to(text, 'UTF8')) FROM ledger_leaf_text t"
        " WHERE t.organisation_id = 1 AND t.number = 2 AND t.entry_id = l.entry_id",
    )
    found = vault.verify()
    assert isinstance(found.first, LeavesChanged)
    assert any(isinstance(f, EntryAltered) and named(f) == ("2", "MO-01", 2) for f in found.faults)


def test_a_renamed_account_is_named_and_no_entry_is_blamed(vault: Vault) -> None:
    tamper(vault.url, "UPDATE ledger_account SET code = '1099' WHERE code = '1010'")
    found = vault.verify(anchor=vault.anchor).faults
    assert [type(f) for f in found] == [AccountRenamed]
    assert (found[0].fields["was"], found[0].fields["now"]) == ("1010", "1099")


@pytest.mark.parametrize(
    ("statement", "account", "dimension", "was", "now"),
    [
        ("UPDATE ledger_subaccount SET counterparty = '1' WHERE counterparty > ''", "3210", "counterparty", A_BIN, "1"),
        ("UPDATE ledger_subaccount SET item = '' WHERE item <> ''", "1316", "item", "paper", "—"),
        ("UPDATE ledger_subaccount SET person = 'x' WHERE item <> ''", "1316", "person", "—", "x"),
        ("UPDATE ledger_classification SET specific = '151' WHERE specific = '149'", "6010", "specific", "149", "151"),
    ],
)  # fmt: skip
def test_a_changed_dimension_is_named(
    vault: Vault, statement: LiteralString, account: str, dimension: str, was: str, now: str
) -> None:
    tamper(vault.url, statement)
    (fault,) = vault.verify().faults
    assert isinstance(fault, DimensionChanged)
    said = {"account": account, "dimension": dimension, "was": was, "now": now}
    assert fault.fields.items() >= said.items()


def test_a_renamed_journal_or_book_is_named(vault: Vault) -> None:
    tamper(vault.url, "UPDATE ledger_journal SET code = 'MO-99' WHERE code = 'MO-16'")
    tamper(vault.url, "UPDATE ledger_book SET code = '3' WHERE code = '2'")
    assert {(type(f), f.fields["was"], f.fields["now"]) for f in vault.verify().faults} == {
        (BookRenamed, "2", "3"),
        (JournalRenamed, "MO-16", "MO-99"),
    }


def test_a_subaccount_that_is_gone_is_named(vault: Vault) -> None:
    tamper(vault.url, "DELETE FROM ledger_subaccount WHERE counterparty <> ''")
    gone = [f for f in vault.verify().faults if isinstance(f, CodeGone)]
    assert [json.loads(f.fields["was"])["counterparty"] for f in gone] == [A_BIN]


def test_a_code_changed_where_it_is_sealed_is_found(vault: Vault) -> None:
    tamper(vault.url, "UPDATE ledger_account SET code = '1099' WHERE code = '1010'")
    tamper(vault.url, "UPDATE ledger_sealed_code SET text = replace(text, '1010', '1099')")
    found = vault.verify().faults
    assert isinstance(found[0], EntryAltered)
    assert any(isinstance(f, CodesChanged) and f.block == 1 for f in found)


BLOCK_CHANGES: dict[str, tuple[LiteralString, int]] = {
    "an instant": ("UPDATE ledger_block SET sealed_at = sealed_at + '1 microsecond' WHERE no = 2", 2),
    "a count": ("UPDATE ledger_block SET entries = entries + 1 WHERE no = 1", 1),
    "a root": ("UPDATE ledger_block SET root = sha256('x') WHERE no = 2", 2),
    "a head": ("UPDATE ledger_block SET head = sha256('x') WHERE no = 1", 1),
    "a link": ("UPDATE ledger_block SET previous = sha256('x') WHERE no = 2", 2),
    "a watermark": ("UPDATE ledger_block SET watermark = (watermark::text::bigint + 1)::text::xid8 WHERE no = 1", 1),
    "the first": ("DELETE FROM ledger_block WHERE no = 1", 1),
    "one between": ("DELETE FROM ledger_block WHERE no = 2", 2),
}


@pytest.mark.parametrize("what", BLOCK_CHANGES)
def test_a_changed_block_is_named(vault: Vault, what: str) -> None:
    statement, no = BLOCK_CHANGES[what]
    tamper(vault.url, statement)
    assert any(isinstance(f, BlockChanged) and f.block == no for f in vault.verify().faults)
    first = vault.first(anchor=vault.anchor)
    assert first is not None
    assert first.block == no


def test_the_last_block_taken_away_is_missed_by_the_anchor(vault: Vault) -> None:
    """With its leaves and codes, the database alone shows nothing: its entries only look not sealed yet."""
    report = vault.verify()
    assert report.head is not None
    for table, column in (("ledger_leaf", "block_no"), ("ledger_sealed_code", "block_no"), ("ledger_block", "no")):
        with a_superuser(vault.url) as c:
            c.execute(f"DELETE FROM {table} WHERE {column} = {report.blocks}".encode())
    assert vault.first() is None
    assert isinstance(vault.first(anchor=vault.anchor), BlockGone)
    assert isinstance(vault.first(head=Head.parse(report.head.hex())), HeadUnknown)
    gone = vault.first(head=Head.parse(f"{report.blocks}:{report.head.hex()}"))
    assert isinstance(gone, BlockGone)
    assert gone.block == report.blocks


def test_everything_sealed_anew_is_proven_by_a_head(vault: Vault) -> None:
    report = vault.verify()
    assert report.head is not None
    tamper(vault.url, f"UPDATE ledger_entry SET memo = 'x' WHERE (organisation_id, fiscal_year, id) = {ENTRY}", *THIRD)
    seal_anew(vault.url)
    assert vault.first() is None
    fault = vault.first(head=Head.parse(f"{report.blocks}:{report.head.hex()}"))
    assert isinstance(fault, BlockResealed)
    assert fault.block == report.blocks


def test_a_view_in_place_of_a_table_is_not_read(vault: Vault) -> None:
    with a_superuser(vault.url) as c:
        c.execute("ALTER TABLE ledger_book RENAME TO ledger_book_hidden")
        c.execute("CREATE VIEW ledger_book AS SELECT * FROM ledger_book_hidden")
    fault = vault.first()
    assert isinstance(fault, TableReplaced)
    assert fault.fields["table"] == "ledger_book"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_balance SET debit_tiyn = debit_tiyn + 1 WHERE organisation_id = 2",
        "UPDATE ledger_account_balance SET credit_tiyn = 0 WHERE organisation_id = 2",
        "UPDATE ledger_number SET last_number = 7 WHERE organisation_id = 2",
    ],
)
def test_balances_and_numbers_are_checked_too(vault: Vault, statement: LiteralString) -> None:
    tamper(vault.url, statement)
    fault = vault.first()
    assert isinstance(fault, BooksDisagree)
    assert fault.fields["book"] == "2"
    assert verify(vault.url, seals_only=True).faults == ()


# ------------------------------------------------------------------------------------------------ the anchor's file


def test_the_anchor_grows_by_what_is_new(vault: Vault) -> None:
    before = vault.anchor.read_bytes()
    assert vault.append() == 0
    books = vault.books
    books.post(books.entry(Posting(books.side("1010"), books.side("6010"), 1)))
    seal_everything(vault.url)
    assert vault.append() >= 1
    assert vault.anchor.read_bytes().startswith(before)
    assert vault.first(anchor=vault.anchor) is None


def test_two_that_add_to_an_anchor_take_turns(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[Path] = []

    def look(path: Path) -> tuple[None, int]:
        with path.open("ab") as file, pytest.raises(BlockingIOError):
            flock(file, LOCK_EX | LOCK_NB)
        looked.append(path)
        return None, 0

    whole = vault.anchor.read_bytes()
    monkeypatch.setattr(anchor, "_complete", look)
    assert vault.append() > 0
    assert (vault.anchor.read_bytes(), looked) == (whole, [vault.anchor])


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_an_anchor_cut_off_is_refused_and_can_be_written_on(vault: Vault, cut: int) -> None:
    whole = vault.anchor.read_bytes()
    vault.anchor.write_bytes(whole[:-cut])
    with pytest.raises(AnchorDamaged):
        vault.first(anchor=vault.anchor)
    assert vault.append() == 1
    assert vault.anchor.read_bytes() == whole


@pytest.mark.parametrize("line", ["{}", "[1]", "not json", '["1",2026,"MO-01",1,"AAAAAAAAAAA="]'])
def test_an_anchor_that_is_something_else_is_refused(vault: Vault, line: str) -> None:
    vault.anchor.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(AnchorDamaged, match="line 1"):
        vault.first(anchor=vault.anchor)
    with pytest.raises(AnchorDamaged, match="line 1"):
        vault.append()


def test_the_anchor_of_other_books_is_not_written_on(vault: Vault) -> None:
    said = vault.anchor.read_text(encoding="utf-8").splitlines()
    blocks = [i for i, line in enumerate(said) if line.startswith("{")]
    said[blocks[-1]] = json.dumps(json.loads(said[blocks[-1]]) | {"head": "00" * 32})
    vault.anchor.write_text("\n".join(said) + "\n", encoding="utf-8")
    with pytest.raises(AnchorDiffers):
        vault.append()
    fault = vault.first(anchor=vault.anchor)
    assert isinstance(fault, BlockResealed)


# ------------------------------------------------------------------------------------------------ at random


@settings(max_examples=12)
@given(
    book=st.sampled_from([1, 2]),
    place=st.integers(0, 2),
    change=st.sampled_from(["amount", "memo", "side", "delete"]),
    anew=st.booleans(),
)
def test_exactly_what_was_changed_is_found(vault: Vault, book: int, place: int, change: str, anew: bool) -> None:
    """Any entry, any change, hidden or not; put right again afterwards, nothing is found."""
    name, cited = change_something(vault.url, book, place, change)
    if anew:
        seal_anew(vault.url)
    found = vault.verify(anchor=vault.anchor)
    put_right(vault.url)
    assert type(found.first) is (EntryDeleted if change == "delete" else EntryAltered)
    assert named(found.first) == name
    others = {named(f) for f in found.faults if not isinstance(f, BooksDisagree)} - {name}
    assert others <= cited
    assert vault.first(anchor=vault.anchor) is None


KEPT = ("ledger_entry", "ledger_posting", "ledger_leaf", "ledger_block")
CHANGES: dict[str, list[LiteralString]] = {
    "amount": ["UPDATE ledger_posting SET amount_tiyn = -amount_tiyn WHERE no = 1 AND entry_id = %s"],
    "memo": ["UPDATE ledger_entry SET memo = memo || '.' WHERE id = %s"],
    "side": ["UPDATE ledger_posting SET debit_id = credit_id + 1 WHERE no = 1 AND entry_id = %s"],
    "delete": ["DELETE FROM ledger_posting WHERE entry_id = %s", "DELETE FROM ledger_entry WHERE id = %s"],
}


def change_something(url: str, book: int, place: int, change: str) -> tuple[tuple[str, str, int], set[object]]:
    """Change one entry; returns its name, and those of entries that cite it."""
    with a_superuser(url) as c:
        for table in KEPT:
            c.execute(f"CREATE TABLE IF NOT EXISTS kept_{table} AS TABLE {table}".encode())
        rows = c.execute(
            """
            SELECT e.organisation_id::text, j.code, e.number, e.id FROM ledger_entry e
              JOIN ledger_journal j ON j.id = e.journal_id WHERE e.organisation_id = %s ORDER BY e.id
            """,
            [book],
        ).fetchall()
        *name, entry = rows[place]
        for statement in CHANGES[change]:
            assert c.execute(statement, [entry]).rowcount > 0
    cited = {("1", "MO-01", 4)} if tuple(name) == THIRD else set()
    return (name[0], name[1], name[2]), cited


def put_right(url: str) -> None:
    with a_superuser(url) as c:
        for table in KEPT:
            c.execute(f"DELETE FROM {table}".encode())
            c.execute(f"INSERT INTO {table} TABLE kept_{table}".encode())
