"""Locks of two strengths and what changes them; reversals; corrections of a closed year."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from erp.base import uow
from erp.base.scope import Scope
from ledger import errors
from ledger import service as ledger
from ledger.checks import disagreements
from ledger.model import Actor, Correction, EntryKind, JournalEntry, PeriodState, Posted, Posting, Source
from tests.factories.books import A_DAY, ACTOR, DECEMBER, JANUARY, Books, scope_of, some_books
from tests.factories.patience import until

OPEN, RESTRICTED, CLOSED = PeriodState
CHIEF = Scope(Actor(8, "test"), writes=frozenset({1}), adjusts=frozenset({1}))


@pytest.fixture(scope="module")
def year(shared_database: str) -> Iterator[Books]:
    """Books of 2026 and 2027; tests take months and years of their own."""
    books = some_books(shared_database)
    run(books, lambda u: ledger.open_books(u.connection, 1, "1", JANUARY, date(2027, 12, 1), ACTOR))
    yield books
    books.engine.dispose()


@pytest.fixture
def books(database: str) -> Iterator[Books]:
    books = some_books(database)
    run(books, lambda u: ledger.open_books(u.connection, 1, "1", JANUARY, date(2027, 12, 1), ACTOR))
    yield books
    books.engine.dispose()


def run(books: Books, command, scope: Scope | None = None):  # type: ignore[no-untyped-def]
    return uow.run(books.engine, scope or scope_of(books.organisation), command)


def set_month(books: Books, month: date, state: PeriodState, reason: str = "") -> None:
    run(books, lambda u: ledger.set_period(u.connection, 1, month, state, ACTOR, reason))


def rows(books: Books, statement: str) -> list[tuple[Any, ...]]:
    return [tuple(r) for r in run(books, lambda u: u.execute(text(statement)).all())]


def agreed(books: Books) -> None:
    assert rows(books, disagreements(books.organisation)) == []


def sale(books: Books, amount: int = 500, *, on: date = A_DAY, key: UUID | None = None) -> JournalEntry:
    return books.entry(Posting(books.side("1010"), books.side("6010"), amount), on=on, key=key)


def correct(
    books: Books, of: Posted, on: date, kind: EntryKind = EntryKind.STORNO, scope: Scope | None = None
) -> Posted:
    command = Correction(1, uuid4(), of.entry_id, of.fiscal_year, on, "typed twice", kind)
    return run(books, lambda u: u.post(command), scope)()  # type: ignore[no-any-return]


def balance(books: Books, code: str, since: date = date(2000, 1, 1)) -> int:
    """Debit less credit of an account from a month on."""
    return int(
        str(
            rows(
                books,
                f"""SELECT coalesce(sum(b.debit_tiyn - b.credit_tiyn), 0) FROM ledger_account_balance b
                      JOIN ledger_account a ON a.id = b.account_id
                     WHERE a.code = '{code}' AND b.month >= '{since}'""",
            )[0][0]
        )
    )


def close(books: Books, year: int) -> None:
    """Close every month of a year, and the year."""
    for month in range(1, 13):
        set_month(books, date(year, month, 1), CLOSED)
    run(books, lambda u: ledger.close_year(u.connection, 1, year, uuid4(), 3, ["carried", "revenue", "expense"], ACTOR))


# ------------------------------------------------------------------------------------------------ locks


@pytest.mark.parametrize("how", ["post", "batch", "correct"])
def test_a_restricted_month_is_the_chief_accountant_s(books: Books, how: str) -> None:
    wrong = books.post(sale(books))
    set_month(books, A_DAY, RESTRICTED)
    commands = {
        "post": lambda u: ledger.post_entry(u.connection, sale(books), ACTOR),
        "batch": lambda u: ledger.post_many(u.connection, 1, uuid4(), [sale(books)], ACTOR, Source("import", 1)),
        "correct": lambda u: u.post(Correction(1, uuid4(), wrong.entry_id, 2026, A_DAY, "typed twice")),
    }
    with pytest.raises(errors.PeriodRestricted) as refusal:
        run(books, commands[how])
    assert refusal.value.fields["month"] == "2026-03"
    run(books, commands[how], CHIEF)
    set_month(books, A_DAY, CLOSED)
    with pytest.raises(errors.PeriodClosed):
        run(books, commands[how], CHIEF)
    agreed(books)


def test_to_adjust_elsewhere_is_not_to_adjust_here(year: Books) -> None:
    set_month(year, date(2026, 8, 1), RESTRICTED)
    elsewhere = replace(CHIEF, adjusts=frozenset({2, 11}))
    with pytest.raises(errors.PeriodRestricted):
        run(year, lambda u: ledger.post_entry(u.connection, sale(year, on=date(2026, 8, 5)), ACTOR), elsewhere)


@pytest.mark.parametrize(
    ("was", "state"), [(CLOSED, RESTRICTED), (CLOSED, OPEN), (RESTRICTED, OPEN)], ids=lambda s: str(s)
)
def test_a_lock_is_loosened_only_for_a_reason(year: Books, was: PeriodState, state: PeriodState) -> None:
    may = date(2026, 5, 1)
    set_month(year, may, was, "to begin with")
    for reason in ("", "  x ", "a\u200b\u200b", "\u00a0\u2800\u3164\u00ad"):
        with pytest.raises(errors.ReasonMissing):
            set_month(year, may, state, reason)
    set_month(year, may, state, "a bill came late")


def test_every_change_of_a_month_is_kept_with_who_when_and_why(year: Books) -> None:
    june = date(2026, 6, 1)
    set_month(year, june, RESTRICTED)
    set_month(year, june, RESTRICTED)  # says nothing new
    set_month(year, june, CLOSED)
    set_month(year, june, OPEN, "a bill came late")
    kept = (
        "SELECT was, state, reason, actor_id, origin FROM ledger_period_change WHERE month = '2026-06-01' ORDER BY id"
    )
    assert rows(year, kept) == [
        ("open", "restricted", "", 7, "test"),
        ("restricted", "closed", "", 7, "test"),
        ("closed", "open", "a bill came late", 7, "test"),
    ]


def test_months_are_locked_in_any_order(year: Books) -> None:
    set_month(year, date(2027, 9, 1), CLOSED)
    assert year.post(sale(year, on=date(2027, 8, 31))).is_new
    assert year.post(sale(year, on=date(2027, 10, 1))).is_new


def test_a_month_that_was_never_opened_has_no_lock(year: Books) -> None:
    with pytest.raises(errors.PeriodNotOpened):
        set_month(year, date(2031, 1, 1), CLOSED)


def test_a_retry_finds_its_entry_though_the_month_has_closed(books: Books) -> None:
    entry = sale(books)
    first = books.post(entry)
    command = Correction(1, uuid4(), first.entry_id, 2026, A_DAY, "typed twice", EntryKind.REVERSAL)
    by = run(books, lambda u: u.post(command))()
    set_month(books, A_DAY, CLOSED)
    assert books.post(entry) == replace(first, is_new=False)
    assert run(books, lambda u: u.post(command))() == replace(by, is_new=False)
    with pytest.raises(errors.KeyReused):
        run(books, lambda u: u.post(replace(command, reason="another reason")))


# ------------------------------------------------------------------------------------------------ reversals


def test_a_posting_that_waits_for_a_close_is_refused_and_its_key_stays_free(books: Books) -> None:
    entry = sale(books)
    waits = """
        SELECT EXISTS (SELECT FROM pg_locks JOIN pg_database d ON d.oid = database
                        WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted)
    """
    with ThreadPoolExecutor(1) as pool:

        def closing(u: uow.UnitOfWork) -> Future[Posted]:
            ledger.set_period(u.connection, 1, A_DAY.replace(day=1), CLOSED, ACTOR, "")
            posting = pool.submit(books.post, entry)
            until(lambda: posting.done() or u.execute(text(waits)).scalar_one(), "it neither waits nor is done")
            return posting

        posting = run(books, closing)
        with pytest.raises(errors.PeriodClosed):
            posting.result()
    set_month(books, A_DAY.replace(day=1), OPEN, "a late bill")
    assert books.post(entry).is_new
    agreed(books)


def test_a_reversal_swaps_the_sides_and_leaves_turnovers_on_both(books: Books) -> None:
    cash, revenue = books.side("1010"), books.side("6010")
    posted = books.post(
        books.entry(
            Posting(
                cash, revenue, 900, "a line", debit_quantity_milli=3000, credit_quantity_milli=1, debit_currency_minor=7
            )
        )
    )
    by = correct(books, posted, date(2026, 4, 1), EntryKind.REVERSAL)
    assert rows(
        books,
        f"""SELECT debit_id, credit_id, amount_tiyn, memo, debit_quantity_milli, credit_quantity_milli,
                   debit_currency_minor, credit_currency_minor FROM ledger_posting WHERE entry_id = {by.entry_id}""",
    ) == [(revenue, cash, 900, "a line", 1, 3000, None, 7)]
    assert rows(books, "SELECT sum(debit_tiyn), sum(credit_tiyn) FROM ledger_balance") == [(1800, 1800)]
    assert (balance(books, "1010"), balance(books, "6010")) == (0, 0)
    assert rows(books, "SELECT kind, reason, through_earlier_years FROM ledger_correction") == [
        ("reversal", "typed twice", False)
    ]
    agreed(books)


@pytest.mark.parametrize("first", [EntryKind.STORNO, EntryKind.REVERSAL])
@pytest.mark.parametrize("second", [EntryKind.STORNO, EntryKind.REVERSAL])
def test_an_entry_is_cancelled_once_and_a_correction_not_at_all(
    year: Books, first: EntryKind, second: EntryKind
) -> None:
    day = date(2026, 7, 1)
    posted = year.post(sale(year, on=day))
    with pytest.raises(errors.StornoBeforeEntry):
        correct(year, posted, date(2026, 3, 14), first)
    by = correct(year, posted, day, first)
    with pytest.raises(errors.AlreadyCorrected):
        correct(year, posted, day, second)
    with pytest.raises(errors.NotCorrectable):
        correct(year, by, day, second)


def test_a_correction_is_a_storno_or_a_reversal(year: Books) -> None:
    posted = year.post(sale(year, on=date(2026, 7, 1)))
    for kind in (EntryKind.ORDINARY, EntryKind.CLOSING):
        with pytest.raises(errors.KindNotPosted):
            correct(year, posted, date(2026, 7, 1), kind)


def test_the_reversal_of_an_opening_entry_leaves_the_opening_balances(books: Books) -> None:
    entry = replace(sale(books), kind=EntryKind.OPENING)
    correct(books, books.post(entry), A_DAY, EntryKind.REVERSAL)
    assert rows(books, "SELECT DISTINCT kind FROM ledger_balance") == [(1,)]
    agreed(books)


# ------------------------------------------------------------------------------------------------ a closed year


@pytest.mark.parametrize("kind", [EntryKind.STORNO, EntryKind.REVERSAL])
def test_an_entry_of_a_closed_year_is_corrected_through_earlier_years(books: Books, kind: EntryKind) -> None:
    cash, stock = books.side("1010"), books.side("1316")
    sold = books.side("6010", programme="261.001", specific="149")
    spent = books.side("7060", programme="261.001", specific="161")
    posted = books.post(
        books.entry(
            Posting(cash, sold, 900), Posting(spent, stock, 300, debit_quantity_milli=5), Posting(cash, stock, 40)
        )
    )
    close(books, 2026)
    later = date(2027, 2, 3)
    with pytest.raises(errors.PeriodClosed):
        correct(books, posted, DECEMBER, kind)
    by = correct(books, posted, later, kind)
    earlier = books.side("5220", programme="261.001")  # keeps the one dimension that 5220 permits here
    lines = rows(
        books,
        f"""SELECT debit_id, credit_id, amount_tiyn, debit_quantity_milli FROM ledger_posting
             WHERE entry_id = {by.entry_id} ORDER BY no""",
    )
    assert lines == (
        [(cash, earlier, -900, None), (earlier, stock, -300, None), (cash, stock, -40, None)]
        if kind is EntryKind.STORNO
        else [(earlier, cash, 900, None), (stock, earlier, 300, None), (stock, cash, 40, None)]
    )
    assert (balance(books, "6010", date(2027, 1, 1)), balance(books, "7060", date(2027, 1, 1))) == (0, 0)
    assert balance(books, "5220") == 600
    assert rows(books, "SELECT through_earlier_years FROM ledger_correction") == [(True,)]
    agreed(books)


def test_what_stood_between_revenue_and_expense_of_a_closed_year_has_nothing_to_correct(books: Books) -> None:
    spent, sold = books.side("7060"), books.side("6010")
    only = books.post(books.entry(Posting(spent, sold, 100)))
    partly = books.post(books.entry(Posting(spent, sold, 100), Posting(books.side("1010"), sold, 5)))
    close(books, 2026)
    with pytest.raises(errors.NothingToCorrect) as refusal:
        correct(books, only, date(2027, 1, 5))
    assert refusal.value.fields == {"number": only.number, "year": 2026}
    by = correct(books, partly, date(2027, 1, 5))
    assert rows(books, f"SELECT no, amount_tiyn FROM ledger_posting WHERE entry_id = {by.entry_id}") == [(1, -5)]
    agreed(books)


def test_an_entry_of_a_year_still_open_is_corrected_by_its_own_accounts(books: Books) -> None:
    posted = books.post(sale(books))
    correct(books, posted, date(2027, 1, 5))
    assert balance(books, "6010", date(2027, 1, 1)) == 500
    assert rows(books, "SELECT through_earlier_years FROM ledger_correction") == [(False,)]


def test_balance_accounts_of_a_closed_year_are_corrected_as_they_are(books: Books) -> None:
    posted = books.post(books.entry(Posting(books.side("1316"), books.side("1010"), 70)))
    close(books, 2026)
    correct(books, posted, date(2027, 1, 5), EntryKind.REVERSAL)
    assert rows(books, "SELECT through_earlier_years FROM ledger_correction") == [(False,)]
    agreed(books)


SIDES = ["1010", "1316", "6010", "7060", "5220"]
lines = st.lists(
    st.tuples(st.permutations(SIDES).map(lambda p: p[:2]), st.integers(-500, 500).filter(bool)), min_size=1, max_size=4
)


@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(
    drafts=st.lists(st.tuples(lines, st.sampled_from([EntryKind.STORNO, EntryKind.REVERSAL])), min_size=1, max_size=4)
)
def test_a_closed_year_s_correction_leaves_nothing_of_it_and_touches_no_revenue(year: Books, drafts: list) -> None:  # type: ignore[type-arg]
    """Were every entry of the year cancelled, each balance account would stand as if the year had not been."""
    books = replace(year, organisation=next(ORGANISATIONS))
    scope = scope_of(books.organisation)

    def begin(u: uow.UnitOfWork) -> None:
        ledger.open_books(u.connection, books.organisation, str(books.organisation), JANUARY, date(2027, 1, 1), ACTOR)

    uow.run(books.engine, scope, begin)
    posted = [
        (books.post(books.entry(*(Posting(books.side(d), books.side(c), amount) for (d, c), amount in draft))), kind)
        for draft, kind in drafts
    ]

    def end(u: uow.UnitOfWork) -> None:
        for month in range(1, 13):
            ledger.set_period(u.connection, books.organisation, date(2026, month, 1), PeriodState.CLOSED, ACTOR)
        ledger.close_year(u.connection, books.organisation, 2026, uuid4(), 3, ["carried", "revenue", "expense"], ACTOR)

    uow.run(books.engine, scope, end)
    for of, kind in posted:
        command = Correction(books.organisation, uuid4(), of.entry_id, 2026, date(2027, 1, 9), "all of it", kind)
        try:
            run(books, lambda u, c=command: u.post(c))
        except errors.NothingToCorrect:
            continue
    sums = f"""SELECT a.code, sum(b.debit_tiyn - b.credit_tiyn) FROM ledger_account_balance b
                 JOIN ledger_account a ON a.id = b.account_id
                WHERE b.organisation_id = {books.organisation} AND {{months}}
                GROUP BY 1 HAVING sum(b.debit_tiyn - b.credit_tiyn) <> 0"""
    left: dict[str, int] = dict(rows(books, sums.format(months="true")))
    assert set(left) <= {"5210", "5220"}
    assert sum(left.values()) == 0
    later = {code for code, _ in rows(books, sums.format(months="b.month > '2026-12-01'"))}
    assert later <= {"1010", "1316", "5220"}
    agreed(books)


ORGANISATIONS = iter(range(100, 10_000))
