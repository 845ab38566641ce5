"""The close of a year: what it posts, what it refuses, what it lets in meanwhile, and how it is undone."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from itertools import count
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from erp.base import uow
from erp.base.db import APPLICATION_ROLE, make_engine
from erp.base.scope import Scope
from ledger import errors
from ledger import service as ledger
from ledger.checks import disagreements
from ledger.model import Actor, Correction, EntryKind, PeriodState, Posting, YearClosed, YearReopened
from tests.factories.books import ACTOR, Books, a_chart, scope_of
from tests.ledger.conftest import connect, in_scope, refusal

CLOSE_JOURNAL = 3
MEMOS = ["carried", "revenue", "expense"]
MONTHS = [date(2026, m, 1) for m in range(1, 13)]
LAST = date(2026, 12, 31)

_organisations = count(1)


@pytest.fixture(scope="module")
def chart(shared_database: str) -> dict[str, int]:
    return a_chart(shared_database)


@pytest.fixture
def books(shared_database: str, chart: dict[str, int]) -> Iterator[Books]:
    """Books of 2026 and 2027 of an organisation of its own."""
    engine = make_engine(shared_database, pool=12)
    yield some(Books(engine, 0, chart))
    engine.dispose()


def some(books: Books) -> Books:
    books = replace(books, organisation=next(_organisations))
    at = books.organisation
    run(books, lambda u: ledger.open_books(u.connection, at, str(at), MONTHS[0], date(2027, 12, 1), ACTOR))
    return books


def run(books: Books, command, scope: Scope | None = None):  # type: ignore[no-untyped-def]
    return uow.run(books.engine, scope or scope_of(books.organisation), command)


def rows(books: Books, statement: str) -> list[tuple[Any, ...]]:
    return [tuple(r) for r in run(books, lambda u: u.execute(text(statement)).all())]


def close_months(books: Books, *months: date) -> None:
    for month in months or MONTHS:
        run(books, lambda u, m=month: ledger.set_period(u.connection, books.organisation, m, PeriodState.CLOSED, ACTOR))


def close(books: Books, year: int = 2026, key: UUID | None = None) -> YearClosed:
    command = (books.organisation, year, key or uuid4(), CLOSE_JOURNAL, MEMOS, ACTOR)
    return run(books, lambda u: ledger.close_year(u.connection, *command))  # type: ignore[no-any-return]


def reopen(books: Books, year: int = 2026, key: UUID | None = None, reason: str = "a late bill") -> YearReopened:
    command = (books.organisation, year, key or uuid4(), reason, ACTOR)
    return run(books, lambda u: ledger.reopen_year(u.connection, *command))  # type: ignore[no-any-return]


def post(books: Books, debit: int, credit: int, amount: int, on: date = date(2026, 3, 15), **said: object) -> int:
    return int(books.post(books.entry(Posting(debit, credit, amount, **said), on=on)).entry_id)  # type: ignore[arg-type]


def balances(books: Books, through: date = LAST, kinds: str = "0, 1, 2") -> dict[str, int]:
    """Debit less credit by account and programme, where it is not nothing."""
    found = rows(
        books,
        f"""SELECT concat_ws(' ', a.code, nullif(s.programme, ''), nullif(s.specific, '')),
                   sum(b.debit_tiyn - b.credit_tiyn)::bigint
              FROM ledger_balance b
              JOIN ledger_side s ON (s.organisation_id, s.id) = (b.organisation_id, b.subaccount_id)
              JOIN ledger_account a ON a.id = s.account_id
             WHERE b.month <= '{through}' AND b.kind IN ({kinds})
             GROUP BY 1 HAVING sum(b.debit_tiyn - b.credit_tiyn) <> 0""",
    )
    return dict(found)


def agreed(books: Books) -> None:
    assert rows(books, disagreements(books.organisation)) == []


# ------------------------------------------------------------------------------------------------ what it posts


def a_year(books: Books) -> None:
    """A school's year: financing of two programmes, wages and supplies, a bill it got back, last year's result."""
    cash = books.side("1010")
    opening = Posting(cash, books.side("5210", programme="261.001"), 70_00)
    books.post(books.entry(opening, on=date(2026, 1, 1), kind=EntryKind.OPENING))
    for amount, programme, month in ((900_00, "261.001", 2), (100_00, "464.003", 11)):
        sold = books.side("6010", programme=programme, specific="111")
        post(books, cash, sold, amount, date(2026, month, 20))
    post(books, books.side("7060", programme="261.001", specific="111"), cash, 650_00, date(2026, 3, 31))
    post(books, books.side("7060", programme="261.001", specific="149"), cash, 300_00, date(2026, 12, 30))
    post(books, cash, books.side("7060", programme="464.003", specific="149"), 20_00, date(2026, 12, 31))


def test_a_year_is_closed_to_its_result(books: Books) -> None:
    a_year(books)
    before = balances(books)
    close_months(books, *MONTHS[:11])  # December is closed with the year
    assert close(books) == YearClosed(entries=3, postings=6, result_tiyn=70_00, is_new=True)
    assert balances(books) == {"1010": 140_00, "5220 261.001": -70_00, "5210 261.001": 50_00, "5210 464.003": -120_00}
    assert balances(books, kinds="0, 1") == before, "what was before the close can still be reported"
    closing = rows(
        books,
        """SELECT e.memo, e.number, e.kind, e.balance_kind, e.effective_on, e.source_kind, e.source_id, p.no, da.code,
                  ca.code, p.amount_tiyn
             FROM ledger_entry e
             JOIN ledger_posting p ON p.organisation_id = e.organisation_id AND p.entry_id = e.id
             JOIN ledger_side d ON (d.organisation_id, d.id) = (p.organisation_id, p.debit_id)
             JOIN ledger_account da ON da.id = d.account_id
             JOIN ledger_side c ON (c.organisation_id, c.id) = (p.organisation_id, p.credit_id)
             JOIN ledger_account ca ON ca.id = c.account_id
            WHERE e.kind = 'closing' ORDER BY e.number, p.no""",
    )
    common = ("closing", 2, LAST, "year-close", 2026)
    assert closing == [
        ("carried", 1, *common, 1, "5210", "5220", 70_00),
        ("revenue", 2, *common, 1, "6010", "5210", 900_00),
        ("revenue", 2, *common, 2, "6010", "5210", 100_00),
        ("expense", 3, *common, 1, "5210", "7060", 650_00),
        ("expense", 3, *common, 2, "5210", "7060", 300_00),
        ("expense", 3, *common, 3, "7060", "5210", 20_00),
    ]
    assert rows(books, "SELECT DISTINCT state FROM ledger_period WHERE month < '2027-01-01'") == [("closed",)]
    assert rows(books, "SELECT fiscal_year, state, result_tiyn, changed_by FROM ledger_year") == [
        (2026, "closed", 7000, 7)
    ]
    agreed(books)


def test_a_year_reopened_and_closed_again_has_the_same_result(books: Books) -> None:
    a_year(books)
    close_months(books)
    before = balances(books)
    first = close(books)
    after = balances(books)
    assert reopen(books) == YearReopened(entries=3, postings=6, is_new=True)
    assert balances(books) == before
    assert rows(books, "SELECT sum(debit_tiyn), sum(credit_tiyn) FROM ledger_balance WHERE kind = 2") == [(0, 0)]
    states = "SELECT state, count(*) FROM ledger_period WHERE month < '2027-01-01' GROUP BY 1 ORDER BY 1"
    assert rows(books, states) == [("closed", 11), ("restricted", 1)]
    assert close(books) == first
    assert balances(books) == after
    agreed(books)


def test_a_reopened_year_is_mended_by_who_may_adjust_and_closed_anew(books: Books) -> None:
    a_year(books)
    close_months(books)
    assert close(books).result_tiyn == 70_00
    reopen(books)
    entry = books.entry(Posting(books.side("7060"), books.side("1010"), 10_00), on=LAST)
    with pytest.raises(errors.PeriodRestricted):
        books.post(entry)
    chief = Scope(Actor(8, "test"), writes=frozenset({books.organisation}), adjusts=frozenset({books.organisation}))
    run(books, lambda u: ledger.post_entry(u.connection, entry, chief.actor), chief)
    assert close(books).result_tiyn == 60_00
    assert [r[0] for r in rows(books, "SELECT state FROM ledger_year_change ORDER BY id")] == [
        "closed",
        "open",
        "closed",
    ]
    assert rows(books, "SELECT was, state, reason FROM ledger_period_change WHERE id IN "
                       "(SELECT id FROM ledger_period_change ORDER BY id DESC LIMIT 2) ORDER BY id") == [
        ("closed", "restricted", "a late bill"),
        ("restricted", "closed", ""),
    ]  # fmt: skip
    agreed(books)


def test_the_next_close_carries_the_result_to_earlier_years(books: Books) -> None:
    a_year(books)
    close_months(books)
    close(books)
    post(books, books.side("1010"), books.side("6010"), 5_00, date(2027, 5, 5))
    close_months(books, *(m.replace(year=2027) for m in MONTHS))
    assert close(books, 2027).result_tiyn == 5_00
    assert balances(books, date(2027, 12, 31)) == {
        "1010": 145_00, "5220 261.001": -20_00, "5220 464.003": -120_00, "5210": -5_00
    }  # fmt: skip
    agreed(books)


def test_a_reformation_posted_by_hand_is_left_as_it_is(books: Books) -> None:
    """As an imported year brings it: its result stays in the account of the year's result."""
    cash, sold, result = books.side("1010"), books.side("6010"), books.side("5210")
    post(books, cash, sold, 500)
    post(books, cash, result, 30, date(2026, 1, 1))  # a result that an earlier year left
    post(books, sold, result, 400, LAST)
    close_months(books)
    assert close(books) == YearClosed(entries=2, postings=2, result_tiyn=500, is_new=True)
    assert balances(books) == {"1010": 530, "5210": -500, "5220": -30}


def test_quantities_and_currency_amounts_go_with_the_amount(books: Books) -> None:
    cash, spent, sold = books.side("1010"), books.side("7060"), books.side("6010")
    post(books, spent, cash, 100, debit_quantity_milli=3000, debit_currency_minor=11)
    post(books, cash, sold, 40, credit_quantity_milli=-7)
    close_months(books)
    close(books)
    left = """SELECT count(*) FROM (SELECT subaccount_id FROM ledger_balance GROUP BY 1
              HAVING sum(debit_quantity_milli - credit_quantity_milli) <> 0
                  OR sum(debit_currency_minor - credit_currency_minor) <> 0) left_over"""
    assert rows(books, left) == [(0,)]
    agreed(books)


def test_a_year_without_revenue_and_expense_is_closed_without_an_entry(books: Books) -> None:
    post(books, books.side("1316"), books.side("1010"), 100)
    close_months(books)
    key = uuid4()
    assert close(books, key=key) == YearClosed(0, 0, 0, True)
    assert close(books, key=key) == YearClosed(0, 0, 0, False)
    assert reopen(books) == YearReopened(0, 0, True)


def test_books_begun_within_the_year_are_closed_too(books: Books) -> None:
    at = replace(books, organisation=next(_organisations))
    first = date(2026, 10, 1)
    run(at, lambda u: ledger.open_books(u.connection, at.organisation, str(at.organisation), first, LAST, ACTOR))
    post(at, at.side("7060"), at.side("1010"), 5, LAST)
    close_months(at, first, date(2026, 11, 1))
    assert close(at).result_tiyn == -5
    with pytest.raises(errors.YearIsClosed):
        run(at, lambda u: ledger.open_books(u.connection, at.organisation, "1", MONTHS[0], LAST, ACTOR))
    run(at, lambda u: ledger.open_books(u.connection, at.organisation, "1", first, date(2027, 1, 1), ACTOR))


def test_an_account_that_ended_within_the_year_is_closed_too(database: str) -> None:
    books = some(Books(make_engine(database, pool=2), 0, a_chart(database)))
    post(books, books.side("7060"), books.side("1010"), 5)
    owner = make_engine(database, role=None, pool=1)
    with owner.begin() as connection:
        connection.execute(text("UPDATE ledger_account SET in_force = '(,2026-07-01)' WHERE code = '7060'"))
    close_months(books)
    assert close(books).result_tiyn == -5
    with owner.begin() as connection:
        connection.execute(text("UPDATE ledger_account SET role = '' WHERE role = 'year_result'"))
    reopen(books)
    with pytest.raises(errors.RoleAccountMissing) as missing:
        close(books)
    assert missing.value.fields["role"] == "year_result"
    owner.dispose()
    books.engine.dispose()


def test_a_close_of_many_subaccounts_is_several_entries(shared_database: str, books: Books) -> None:
    cash, many = books.side("1010"), 30_500
    owner = make_engine(shared_database, role=None, pool=1, timeouts=False)
    with owner.begin() as connection:  # quicker than to intern them one by one
        connection.execute(
            text("""
                INSERT INTO ledger_classification (programme, specific, source)
                SELECT '261.001', 'many-' || n, '' FROM generate_series(1, :many) n
            """),
            {"many": many},
        )
        connection.execute(
            text("""
                INSERT INTO ledger_subaccount (organisation_id, account_id, classification_id, counterparty, contract,
                                               item, project, person, currency, filled)
                SELECT :organisation, :account, id, '', '', '', '', '', '', 0 FROM ledger_classification
                 WHERE starts_with(specific, 'many-')
            """),
            {"organisation": books.organisation, "account": books.accounts["7060"]},
        )
    ids = [int(str(i)) for (i,) in rows(books, "SELECT id FROM ledger_side WHERE starts_with(specific, 'many-')")]
    for n in (0, 20_000):
        books.post(books.entry(*(Posting(side, cash, 1) for side in ids[n : n + 20_000])))
    close_months(books)
    key = uuid4()
    assert close(books, key=key) == YearClosed(2, many, -many, True)
    assert close(books, key=key) == YearClosed(2, many, -many, False)
    assert reopen(books) == YearReopened(2, many, True)
    with owner.begin() as connection:  # as a server does by itself within a minute
        connection.execute(text("ANALYZE"))
    owner.dispose()
    agreed(books)


# ------------------------------------------------------------------------------------------------ properties

SIDES = [
    ("1010", {}),
    ("5210", {}),
    ("6010", {}),
    ("6010", {"programme": "261.001", "specific": "149"}),
    ("7060", {}),
    ("7060", {"programme": "261.001", "specific": "161"}),
    ("7060", {"programme": "464.003"}),
]
_lines = st.lists(
    st.tuples(
        st.permutations(range(len(SIDES))).map(lambda p: tuple(p[:2])), st.integers(-(10**12), 10**12).filter(bool)
    ),
    min_size=1, max_size=4,
)  # fmt: skip
_entries = st.lists(
    st.tuples(_lines, st.sampled_from(MONTHS), st.sampled_from([EntryKind.ORDINARY, EntryKind.OPENING])), max_size=6
)


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(entries=_entries)
def test_after_the_close_nothing_is_left_and_the_result_is_their_sum(books: Books, entries: list) -> None:  # type: ignore[type-arg]
    books = some(books)
    sides = [books.side(code, **named) for code, named in SIDES]
    by_hand = 0  # what was posted between the result and revenue or expense
    for lines, month, kind in entries:
        postings = [Posting(sides[d], sides[c], amount) for (d, c), amount in lines]
        books.post(books.entry(*postings, on=month, kind=kind))
        by_hand += sum(a for (d, c), a in lines if SIDES[d][0] == "5210" and SIDES[c][0][0] in "67")
        by_hand -= sum(a for (d, c), a in lines if SIDES[c][0] == "5210" and SIDES[d][0][0] in "67")
    close_months(books)
    before = balances(books)
    closed = close(books)
    after = balances(books)

    def total(found: dict[str, int], *classes: str) -> int:
        return sum(tiyn for place, tiyn in found.items() if place.startswith(classes))

    assert not any(place[0] in "67" for place in after)
    assert closed.result_tiyn == -total(after, "5210") == -(total(before, "6", "7") + by_hand)
    assert total(after, "52") == total(before, "52", "6", "7")
    assert balances(books, kinds="0, 1") == before, "a report without closing entries is as it was"
    agreed(books)
    reopen(books)
    assert balances(books) == before
    assert close(books) == closed
    assert balances(books) == after


# ------------------------------------------------------------------------------------------------ what it refuses


def test_months_before_december_are_closed_first(books: Books) -> None:
    close_months(books, *(m for m in MONTHS if m.month not in (3, 5)))
    with pytest.raises(errors.MonthsNotClosed) as refusal:
        close(books)
    assert refusal.value.fields == {"year": 2026, "months": ["2026-03", "2026-05"]}


def test_years_are_closed_in_order_and_reopened_backwards(books: Books) -> None:
    close_months(books, *MONTHS, *(m.replace(year=2027) for m in MONTHS))
    with pytest.raises(errors.EarlierYearOpen) as earlier:
        close(books, 2027)
    assert earlier.value.fields == {"year": 2027, "earlier": 2026}
    close(books)
    with pytest.raises(errors.YearAlreadyClosed):
        close(books)
    close(books, 2027)
    with pytest.raises(errors.LaterYearClosed) as later:
        reopen(books)
    assert later.value.fields == {"year": 2026, "later": 2027}
    reopen(books, 2027)
    with pytest.raises(errors.YearNotClosed):
        reopen(books, 2027)
    reopen(books)


def test_a_year_without_books_is_not_closed(books: Books) -> None:
    with pytest.raises(errors.PeriodNotOpened):
        close(books, 2031)
    with pytest.raises(errors.YearOutOfRange):
        close(books, 1917)
    with pytest.raises(errors.YearNotClosed):
        reopen(books, 2031)


def test_a_year_is_reopened_for_a_reason(books: Books) -> None:
    close_months(books)
    close(books)
    with pytest.raises(errors.ReasonMissing):
        reopen(books, reason=" - ")


def test_months_of_a_closed_year_stay_closed(books: Books) -> None:
    close_months(books)
    close(books)
    for state in PeriodState.OPEN, PeriodState.RESTRICTED:
        with pytest.raises(errors.YearIsClosed) as refusal:
            run(
                books,
                lambda u, s=state: ledger.set_period(u.connection, books.organisation, MONTHS[4], s, ACTOR, "a bill"),
            )
        assert refusal.value.fields["month"] == "2026-05"


def test_a_closing_entry_is_not_cancelled_by_itself(books: Books) -> None:
    a_year(books)
    close_months(books)
    close(books)
    (entry_id,) = rows(books, "SELECT min(id) FROM ledger_entry WHERE kind = 'closing'")[0]
    command = Correction(books.organisation, uuid4(), int(str(entry_id)), 2026, date(2027, 1, 1), "a reason")
    with pytest.raises(errors.ClosingNotCorrectable):
        run(books, lambda u: u.post(command))


def test_a_key_closes_one_year_once(books: Books) -> None:
    a_year(books)
    close_months(books)
    key = uuid4()
    first = close(books, key=key)
    assert close(books, key=key) == replace(first, is_new=False)
    with pytest.raises(errors.KeyReused):
        close(books, 2027, key)
    with pytest.raises(errors.KeyReused):
        reopen(books, key=key)
    other = uuid4()
    undone = reopen(books, key=other)
    assert reopen(books, key=other) == replace(undone, is_new=False)
    assert close(books, key=key) == replace(first, is_new=False), "a late retry does not close again"
    assert rows(books, "SELECT state FROM ledger_year") == [("open",)]


# ------------------------------------------------------------------------------------------------ at once


def test_of_two_who_close_at_once_one_does_and_one_is_told(books: Books) -> None:
    a_year(books)
    close_months(books)
    start = Barrier(2)

    def attempt(_: int) -> YearClosed | errors.LedgerError:
        start.wait()
        try:
            return close(books)
        except errors.LedgerError as refusal:
            return refusal

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(attempt, range(2)))
    assert sorted(type(f).__name__ for f in found) == ["YearAlreadyClosed", "YearClosed"]
    assert rows(books, "SELECT count(*) FROM ledger_entry WHERE kind = 'closing'") == [(3,)]
    agreed(books)


def test_the_same_close_sent_twice_at_once_is_done_once(books: Books) -> None:
    a_year(books)
    close_months(books)
    key, start = uuid4(), Barrier(2)

    def attempt(_: int) -> bool:
        start.wait()
        return close(books, key=key).is_new

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(attempt, range(2))) == [False, True]
    agreed(books)


def test_a_posting_that_races_the_close_is_in_it_or_refused(books: Books) -> None:
    a_year(books)
    close_months(books, *MONTHS[:11])
    sides = books.side("7060"), books.side("1010")
    start = Barrier(7)

    def spend(n: int) -> int:
        start.wait()
        done = 0
        for _ in range(15):
            try:
                post(books, *sides, 1, LAST)
                done += 1
            except errors.PeriodClosed:
                break
        return done

    def end(_: int) -> int:
        start.wait()
        while sum(balances(books).get(place, 0) for place in ("7060",)) < 10:
            pass
        return close(books).result_tiyn

    with ThreadPoolExecutor(7) as pool:
        spenders = [pool.submit(spend, n) for n in range(6)]
        result = pool.submit(end, 0).result()
        spent = sum(s.result() for s in spenders)
    assert result == 70_00 - spent
    assert not any(place[0] in "67" for place in balances(books))
    agreed(books)


def test_a_close_and_a_reopening_at_once_leave_years_in_order(books: Books) -> None:
    close_months(books, *MONTHS, *(m.replace(year=2027) for m in MONTHS))
    close(books)
    start = Barrier(2)

    def attempt(what: int) -> bool:
        start.wait()
        try:
            _ = close(books, 2027) if what else reopen(books)
        except errors.LedgerError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(attempt, range(2))) == [False, True]
    states: dict[int, str] = dict(rows(books, "SELECT fiscal_year, state FROM ledger_year"))
    assert states in ({2026: "open"}, {2026: "closed", 2027: "closed"})


# ------------------------------------------------------------------------------------------------ raw SQL


@pytest.fixture
def application(shared_database: str, books: Books) -> Iterator[psycopg.Connection]:
    a_year(books)
    close_months(books)
    close(books)
    with connect(shared_database, role=APPLICATION_ROLE) as connection:
        in_scope(connection, books.organisation)
        yield connection
        connection.rollback()


def test_the_application_closes_years_by_the_function_only(application: psycopg.Connection, books: Books) -> None:
    denied = "42501"
    for table in ("ledger_year", "ledger_year_change", "ledger_period_change"):
        assert refusal(application, f"UPDATE {table} SET organisation_id = organisation_id") == denied
        assert refusal(application, f"DELETE FROM {table}") == denied
        assert refusal(application, f"INSERT INTO {table} DEFAULT VALUES") == denied
        assert application.execute(f"SELECT count(*) > 0 FROM {table}").fetchone() == (True,)
    for call in (
        "ledger_lock_year(1, 2026)",
        "ledger_account_of_role('contra', '2026-01-01')",
        "ledger_moved_subaccounts(1, '{}', 1)",
        "ledger_adjustable()",
        "ledger_year_change_of(1, gen_random_uuid(), '')",
        "ledger_require_reason('')",
    ):
        assert refusal(application, f"SELECT {call}") == denied, call


def test_no_setting_lets_a_closing_entry_in(application: psycopg.Connection, books: Books) -> None:
    cash, sold, at = books.side("1010"), books.side("6010"), books.organisation
    application.execute(f"SELECT set_config('qazyna.adjusts', '{at}', true), set_config('qazyna.posting', 'on', true)")
    posting = f"""
        SELECT ledger_post_entry({at}, gen_random_uuid(), 'x', 3::smallint, 'closing', '2027-01-05', 7, 'test', 'm', '',
                                 NULL, 'manual', NULL, NULL, ARRAY[{cash}], ARRAY[{sold}], ARRAY[5]::bigint[])"""
    assert refusal(application, posting) == errors.KindNotPosted.sqlstate
    assert refusal(application, posting.replace("'closing', '2027-01-05'", "'ordinary', '2026-12-31'")) == "QZ001"


def test_another_organisation_s_year_is_not_closed(application: psycopg.Connection, books: Books) -> None:
    other = books.organisation + 1000
    close_other = (
        f"SELECT ledger_close_year({other}, 2026, gen_random_uuid(), 'x', 7, 'test', 3::smallint, '{{a,b,c}}')"
    )
    assert refusal(application, close_other) == "QZ004"
    assert refusal(application, close_other.replace("close_year", "reopen_year").replace("3::smallint, '{a,b,c}'", "'why'")) == "QZ004"  # fmt: skip  # noqa: E501
    in_scope(application, other)
    assert application.execute("SELECT count(*) FROM ledger_year").fetchone() == (0,)


def test_changes_of_months_and_years_are_final_for_the_owner_too(
    shared_database: str, application: psycopg.Connection
) -> None:
    with connect(shared_database, role=None) as owner:
        for table in ("ledger_period_change", "ledger_year_change"):
            assert refusal(owner, f"UPDATE {table} SET reason = 'another'") == "QZ002"
            assert refusal(owner, f"DELETE FROM {table}") == "QZ002"
            assert refusal(owner, f"TRUNCATE {table} CASCADE") == "QZ002"
        owner.rollback()
