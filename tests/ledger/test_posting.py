"""Posting, storno, bulk: what the kernel promises its callers."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest
from sqlalchemy import text

from erp.base import uow
from erp.base.db import make_engine
from ledger import errors
from ledger import service as ledger
from ledger.checks import disagreements
from ledger.model import Correction, Dimension, EntryKind, JournalEntry, PeriodState, Posting, Source
from tests.factories.books import A_DAY, ACTOR, Books, scope_of, some_books


@pytest.fixture
def books(database: str) -> Iterator[Books]:
    books = some_books(database)
    yield books
    books.engine.dispose()


def totals(books: Books) -> tuple[int, int]:
    """Debit and credit turnover, at grains that agree with each other and with the postings."""
    sums = text("SELECT coalesce(sum(debit_tiyn), 0), coalesce(sum(credit_tiyn), 0) FROM ledger_balance")

    def read(u: uow.UnitOfWork) -> tuple[int, int]:
        assert u.execute(text(disagreements(books.organisation))).all() == []
        debit, credit = u.execute(sums).one()
        return int(debit), int(credit)

    return uow.read(books.engine, scope_of(books.organisation), read)


def test_an_entry_gets_the_next_number_and_moves_both_grains(books: Books) -> None:
    cash, revenue = books.side("1010"), books.side("6010")
    first = books.post(books.entry(Posting(cash, revenue, 500_00)))
    second = books.post(books.entry(Posting(cash, revenue, 1), Posting(revenue, cash, 2)))
    assert (first.number, second.number) == (1, 2)
    assert totals(books) == (500_03, 500_03)


_POST = text("""
    SELECT * FROM ledger_post_entry(1, :key, 'hash', 1::smallint, 'ordinary', :on, 7, 'test', 'a memo', '', NULL,
        'manual', NULL, NULL, ARRAY[:debit]::int[], ARRAY[:credit]::int[], ARRAY[:amount]::bigint[], ARRAY['a line'],
        CAST(:quantity AS bigint[]))
""")
_LEFT = text("""
    SELECT (SELECT jsonb_agg(to_jsonb(b) ORDER BY b) FROM ledger_account_balance b) AS coarse,
           (SELECT jsonb_agg(to_jsonb(b) ORDER BY b) FROM ledger_balance b) AS fine,
           (SELECT jsonb_agg(to_jsonb(p) - 'entry_id') FROM ledger_posting p) AS postings,
           (SELECT jsonb_agg(to_jsonb(e) - ARRAY['id', 'recorded_at', 'recorded_xid']) FROM ledger_entry e) AS entries,
           (SELECT jsonb_agg(to_jsonb(c) - ARRAY['key', 'entry_id', 'at']) FROM ledger_command c) AS commands,
           (SELECT e.id = p.entry_id AND e.id = c.entry_id
              FROM ledger_entry e, ledger_posting p, ledger_command c) AS is_one
""")


@pytest.mark.parametrize(("debit", "credit"), [("1010", "6010"), ("6010", "1010")])
@pytest.mark.parametrize("amount", [1, -700])
def test_the_straight_way_leaves_what_the_general_one_does(books: Books, debit: str, credit: str, amount: int) -> None:
    """Quantities of which there is none are a reason to go the general way."""
    said = {"on": A_DAY, "debit": books.side(debit), "credit": books.side(credit), "amount": amount}

    def left(quantity: str | None) -> object:
        with books.engine.connect() as connection:
            connection.execute(
                text("SELECT set_config('qazyna.writes', '1', true), set_config('qazyna.reads', '1', true)")
            )
            told = connection.execute(_POST, said | {"key": uuid4(), "quantity": quantity}).one()
            rows = connection.execute(_LEFT).one()._mapping
            connection.rollback()
        assert all(rows.values())
        return told[1:], dict(rows)

    assert left(None) == left("{NULL}")


def test_each_journal_and_year_counts_for_itself(books: Books) -> None:
    cash, revenue = books.side("1010"), books.side("6010")
    numbers = [
        books.post(books.entry(Posting(cash, revenue, 1), journal_id=journal)).number for journal in (1, 2, 1, 2, 2)
    ]
    assert numbers == [1, 1, 2, 2, 3]


def test_the_same_key_and_content_posts_once(books: Books) -> None:
    entry = books.entry(Posting(books.side("1010"), books.side("6010"), 7))
    first, again = books.post(entry), books.post(entry)
    assert first.is_new
    assert not again.is_new
    assert (first.entry_id, first.number) == (again.entry_id, again.number)
    assert totals(books) == (7, 7)


def test_the_same_key_with_other_content_is_refused(books: Books) -> None:
    key, cash, revenue = uuid4(), books.side("1010"), books.side("6010")
    books.post(books.entry(Posting(cash, revenue, 7), key=key))
    with pytest.raises(errors.KeyReused):
        books.post(books.entry(Posting(cash, revenue, 8), key=key))


def test_a_storno_shrinks_the_turnovers_and_happens_once(books: Books) -> None:
    posted = books.post(books.entry(Posting(books.side("1010"), books.side("6010"), 900)))

    def cancel() -> None:
        storno = Correction(books.organisation, uuid4(), posted.entry_id, 2026, A_DAY, "typed twice")
        uow.run(books.engine, scope_of(1), lambda u: u.post(storno))

    cancel()
    assert totals(books) == (0, 0)
    with pytest.raises(errors.AlreadyCorrected):
        cancel()
    assert totals(books) == (0, 0)


def test_a_storno_cannot_be_cancelled_nor_stand_before_its_entry(books: Books) -> None:
    posted = books.post(books.entry(Posting(books.side("1010"), books.side("6010"), 900)))
    early = Correction(books.organisation, uuid4(), posted.entry_id, 2026, date(2026, 3, 14), "reason")
    with pytest.raises(errors.StornoBeforeEntry):
        uow.run(books.engine, scope_of(1), lambda u: u.post(early))
    storno = uow.run(
        books.engine,
        scope_of(1),
        lambda u: u.post(Correction(books.organisation, uuid4(), posted.entry_id, 2026, A_DAY, "reason")),
    )()
    with pytest.raises(errors.NotCorrectable):
        uow.run(
            books.engine,
            scope_of(1),
            lambda u: u.post(Correction(books.organisation, uuid4(), storno.entry_id, 2026, A_DAY, "reason")),
        )


def test_a_closed_month_refuses_and_a_reopened_one_accepts(books: Books) -> None:
    entry = books.entry(Posting(books.side("1010"), books.side("6010"), 1))
    uow.run(books.engine, scope_of(1), lambda u: ledger.set_period(u.connection, 1, A_DAY, PeriodState.CLOSED, ACTOR))
    with pytest.raises(errors.PeriodClosed) as refusal:
        books.post(entry)
    assert refusal.value.fields["month"] == "2026-03"
    uow.run(
        books.engine,
        scope_of(1),
        lambda u: ledger.set_period(u.connection, 1, A_DAY, PeriodState.OPEN, ACTOR, "a late bill"),
    )
    assert books.post(entry).is_new


def test_a_month_never_opened_refuses(books: Books) -> None:
    with pytest.raises(errors.PeriodNotOpened):
        books.post(books.entry(Posting(books.side("1010"), books.side("6010"), 1), on=date(2027, 1, 1)))


def test_a_side_without_its_mandatory_dimension_cannot_exist(books: Books) -> None:
    with pytest.raises(errors.DimensionMissing) as refusal:
        books.side("3210")
    assert refusal.value.fields == {"account": "3210", "dimensions": ["counterparty"]}
    with pytest.raises(errors.DimensionNotPermitted):
        books.side("1010", person="1")
    with pytest.raises(errors.AccountNotPostable):
        books.side("10")


@pytest.mark.parametrize("dimension", list(Dimension))
def test_each_dimension_sets_its_own_bit(books: Books, dimension: Dimension) -> None:
    side = books.side("1490", **{dimension.slug: "x"})
    filled = text("SELECT filled FROM ledger_subaccount WHERE id = :id")
    found = uow.read(books.engine, scope_of(1), lambda u: u.execute(filled, {"id": side}).scalar_one())
    assert Dimension(found) == dimension


@pytest.mark.parametrize(
    ("make", "refusal"),
    [
        (lambda b: b.entry(), errors.NoPostings),
        (lambda b: b.entry(Posting(b.side("1010"), b.side("1010"), 5)), errors.SameSides),
        (lambda b: b.entry(Posting(b.side("1010"), b.side("6010"), 0)), errors.AmountZero),
        (lambda b: b.entry(Posting(b.side("1010"), 999_999, 5)), errors.UnknownSubaccount),
        (lambda b: b.entry(Posting(b.side("1010"), b.side("01"), 5)), errors.OffBalanceMixed),
        (lambda b: b.entry(Posting(b.side("1010"), b.side("6010"), 5), journal_id=99), errors.UnknownJournal),
    ],
)
def test_what_is_not_an_entry_is_refused_by_name(books: Books, make, refusal) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(refusal):
        books.post(make(books))


def test_a_balance_past_what_an_integer_holds_is_refused_whole(books: Books) -> None:
    cash, revenue = books.side("1010"), books.side("6010")
    books.post(books.entry(Posting(cash, revenue, 2**63 - 1)))
    with pytest.raises(errors.AmountTooLarge):
        books.post(books.entry(Posting(cash, revenue, 1)))
    assert totals(books)[0] == 2**63 - 1


def test_a_batch_posts_all_or_nothing_and_numbers_by_day(books: Books) -> None:
    cash, revenue = books.side("1010"), books.side("6010")
    days = [date(2026, 5, 3), date(2026, 5, 1), date(2026, 6, 1)]
    entries = [books.entry(Posting(cash, revenue, 10 + i), Posting(cash, revenue, 1), on=d) for i, d in enumerate(days)]
    key = uuid4()

    def post() -> ledger.PostedBatch:
        return uow.run(
            books.engine,
            scope_of(1),
            lambda u: ledger.post_many(u.connection, 1, key, entries, ACTOR, Source("import", 1)),
        )

    assert post() == ledger.PostedBatch(entries=3, postings=6, amount_tiyn=36, is_new=True)
    assert not post().is_new
    assert totals(books) == (36, 36)
    numbered = uow.read(
        books.engine,
        scope_of(1),
        lambda u: u.execute(text("SELECT effective_on FROM ledger_entry ORDER BY number")).scalars().all(),
    )
    assert numbered == sorted(days)
    bad = [books.entry(Posting(cash, revenue, 1)), books.entry(Posting(cash, revenue, 1), on=date(2030, 1, 1))]
    with pytest.raises(errors.PeriodNotOpened):
        uow.run(
            books.engine,
            scope_of(1),
            lambda u: ledger.post_many(u.connection, 1, uuid4(), bad, ACTOR, Source("import", 2)),
        )
    assert totals(books) == (36, 36)


def test_a_batch_holds_no_empty_and_no_foreign_entry(books: Books) -> None:
    whole = books.entry(Posting(books.side("1010"), books.side("6010"), 1))

    def post(*entries: JournalEntry) -> None:
        uow.run(
            books.engine,
            scope_of(1),
            lambda u: ledger.post_many(u.connection, 1, uuid4(), entries, ACTOR, Source("import", 1)),
        )

    with pytest.raises(errors.NoPostings):
        post(whole, books.entry(), whole)
    with pytest.raises(AssertionError):
        post(replace(whole, organisation_id=2))
    assert totals(books) == (0, 0)


def test_an_old_mistake_can_be_cancelled_after_the_chart_has_changed(books: Books, database: str) -> None:
    posted = books.post(books.entry(Posting(books.side("1010"), books.side("6010"), 900)))
    owner = make_engine(database, role=None, pool=1)
    with owner.begin() as connection:
        connection.execute(text("UPDATE ledger_account SET in_force = '(,2026-03-16)' WHERE code = '1010'"))
        connection.execute(text("UPDATE ledger_account SET mandatory = 1 WHERE code = '6010'"))
    owner.dispose()
    later = date(2026, 4, 1)
    with pytest.raises(errors.AccountNotInForce):
        books.post(books.entry(Posting(books.side("1010"), books.side("1316"), 1), on=later))
    storno = Correction(books.organisation, uuid4(), posted.entry_id, 2026, later, "typed twice")
    assert uow.run(books.engine, scope_of(1), lambda u: u.post(storno))().is_new
    assert totals(books) == (0, 0)


def test_an_entry_of_too_many_lines_is_refused_by_their_number(books: Books) -> None:
    line = Posting(books.side("1010"), books.side("6010"), 1)
    with pytest.raises(errors.TooManyPostings):
        books.post(books.entry(*[line] * 32_768))


def test_opening_entries_are_balances_of_their_own_kind(books: Books) -> None:
    cash, revenue = books.side("1010"), books.side("6010")
    for kind in (EntryKind.OPENING, EntryKind.ORDINARY):
        books.post(books.entry(Posting(cash, revenue, 5), kind=kind))
    kinds = uow.read(
        books.engine,
        scope_of(1),
        lambda u: u.execute(text("SELECT kind FROM ledger_balance ORDER BY subaccount_id, kind")).scalars().all(),
    )
    assert kinds == [0, 1, 0, 1]
    assert totals(books) == (10, 10)
