"""The journal's reports agree with one another, whatever was posted and however the chart has changed since."""

from collections.abc import Callable, Iterator
from datetime import date
from itertools import combinations_with_replacement, count
from typing import TypeVar
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from erp.base import uow
from erp.base.dates import MonthSpan
from erp.base.db import make_engine
from erp.base.errors import Invalid
from erp.finance.journal import rules, service
from erp.finance.journal.model import BalanceRow, CardLine, EntryFilter, EntryRow
from erp.finance.journal.schemas import PostEntry
from erp.reference.counterparties.service import RegisterCounterparty, register
from ledger import service as ledger
from ledger.model import Correction, Dimension, EntryKind, Posting
from tests.factories.books import ACTOR, DECEMBER, JANUARY, Books, a_chart, scope_of

T = TypeVar("T")

MONTHS = [date(2026, month, 1) for month in (1, 2, 3)]
YEAR = MonthSpan.of(JANUARY, DECEMBER)
SUPPLIER = "120540000001"
SIDES = [("1010", {}), ("1316", {}), ("1316", {"item": "flour"}), ("6010", {}), ("7060", {"specific": "149"})]

days = st.builds(lambda month, day: month.replace(day=day), st.sampled_from(MONTHS), st.integers(1, 28))
pairs = st.tuples(*[st.integers(0, len(SIDES) - 1)] * 2).filter(lambda pair: pair[0] != pair[1])
postings = st.lists(st.tuples(pairs, st.integers(-500, 500).filter(bool)), min_size=1, max_size=3)
entries = st.tuples(postings, days, st.sampled_from([EntryKind.ORDINARY, EntryKind.OPENING]))
books_of = st.lists(st.tuples(entries, st.none() | days), max_size=8)
"""Entries, some with the day of their storno."""

_organisations = count(1)


@pytest.fixture(scope="module")
def chart(shared_database: str) -> dict[str, int]:
    return a_chart(shared_database)


@pytest.fixture(scope="module")
def new_books(shared_database: str, chart: dict[str, int]) -> Iterator[Callable[[], Books]]:
    """Open books of one organisation after another; 2025 to 2027."""
    engine = make_engine(shared_database, pool=3)

    def make() -> Books:
        books = Books(engine, next(_organisations), dict(chart))
        run(
            books,
            lambda u: ledger.open_books(
                u.connection, books.organisation, str(books.organisation), date(2025, 1, 1), date(2027, 12, 1), ACTOR
            ),
        )
        return books

    yield make
    engine.dispose()


@pytest.fixture
def books(new_books: Callable[[], Books]) -> Books:
    return new_books()


def run(books: Books, command: Callable[[uow.UnitOfWork], T]) -> T:
    return uow.run(books.engine, scope_of(books.organisation), command)


def change_chart(database: str, statement: str, **parameters: object) -> None:
    owner = make_engine(database, role=None, pool=1)
    with owner.begin() as connection:
        connection.execute(text(statement), parameters)
    owner.dispose()


def an_account(database: str, code: str, in_force: str, parent: str | None = None, *, postable: bool = True) -> int:
    """A new row of the chart; returns its id."""
    change_chart(
        database,
        """
        INSERT INTO ledger_account (code, parent_id, name_kk, name_ru, name_en, kind, normal_side, postable, in_force,
                                    confidence)
        VALUES (:code, (SELECT max(id) FROM ledger_account WHERE code = :parent), :code, :code, :code, 'asset', 'debit',
                :postable, CAST(:in_force AS daterange), 'high')
        """,
        code=code,
        parent=parent,
        postable=postable,
        in_force=in_force,
    )
    owner = make_engine(database, role=None, pool=1)
    with owner.connect() as connection:
        found = connection.execute(text("SELECT max(id) FROM ledger_account WHERE code = :code"), {"code": code})
        account_id = int(found.scalar_one())
    owner.dispose()
    return account_id


def storno(books: Books, entry_id: int, year: int, day: date) -> None:
    command = Correction(books.organisation, uuid4(), entry_id, year, day, "typed twice")
    run(books, lambda u: u.post(command))


def balances(books: Books, span: MonthSpan) -> dict[str, BalanceRow]:
    found = run(books, lambda u: service.trial_balance(u, books.organisation, span))
    return {row.account.code: row for row in found.rows}


def card(books: Books, code: str, span: MonthSpan, limit: int = 2) -> tuple[tuple[int, int, int, int], list[CardLine]]:
    """Opening, turnovers and closing of an account, and the lines of all pages."""
    lines: list[CardLine] = []
    cursor = None
    while True:
        page = run(books, lambda u, c=cursor: service.account_card(u, books.organisation, code, span, c, limit))  # type: ignore[misc]
        lines += page.lines.rows
        cursor = page.lines.next_cursor
        if cursor is None:
            return (page.opening_tiyn, page.debit_tiyn, page.credit_tiyn, page.closing_tiyn), lines


def listed(books: Books, narrowed: EntryFilter, limit: int = 50) -> list[EntryRow]:
    rows: list[EntryRow] = []
    cursor = None
    while True:
        page = run(books, lambda u, c=cursor: service.entries(u, books.organisation, narrowed, c, limit))  # type: ignore[misc]
        rows += page.rows
        cursor = page.next_cursor
        if cursor is None:
            return rows


# ------------------------------------------------------------------------------------------------ reports


@settings(max_examples=25)
@given(drafts=books_of)
def test_the_trial_balance_and_every_card_agree(new_books: Callable[[], Books], drafts: list) -> None:  # type: ignore[type-arg]
    books = new_books()
    sides = [books.side(code, **dimensions) for code, dimensions in SIDES]
    for (lines, day, kind), storno_on in drafts:
        entry = books.entry(*(Posting(sides[d], sides[c], amount) for (d, c), amount in lines), on=day, kind=kind)
        posted = books.post(entry)
        if storno_on and storno_on >= day:
            storno(books, posted.entry_id, posted.fiscal_year, storno_on)
    for first, last in combinations_with_replacement(MONTHS, 2):
        span = MonthSpan.of(first, last)
        rows = balances(books, span)
        for code in {code for code, _ in SIDES}:
            totals, lines = card(books, code, span)
            row = rows.get(code)
            expected = (row.opening_tiyn, row.debit_tiyn, row.credit_tiyn, row.closing_tiyn) if row else (0, 0, 0, 0)
            assert totals == expected
            assert (lines[-1].balance_tiyn if lines else totals[0]) == totals[3]
            assert (sum(n.debit_tiyn for n in lines), sum(n.credit_tiyn for n in lines)) == totals[1:3]
            assert lines == card(books, code, span, limit=500)[1]


@settings(max_examples=15)
@given(drafts=st.lists(st.tuples(st.booleans(), st.integers(-9, 9).filter(bool), days), min_size=1, max_size=8))
def test_quantities_of_the_card_s_pages_and_of_the_trial_balance_agree(
    shared_database: str,
    new_books: Callable[[], Books],
    drafts: list,  # type: ignore[type-arg]
) -> None:
    change_chart(shared_database, "UPDATE ledger_account SET keeps_quantity = true WHERE code = '1316'")
    books = new_books()
    flour, cash = books.side("1316", item="flour"), books.side("1010")
    for is_bought, amount, day in drafts:
        line = (
            Posting(flour, cash, amount, debit_quantity_milli=amount * 500)
            if is_bought
            else Posting(cash, flour, amount, credit_quantity_milli=amount * 500)
        )
        books.post(books.entry(line, on=day))
    for first, last in combinations_with_replacement(MONTHS, 2):
        span = MonthSpan.of(first, last)
        found = run(books, lambda u, s=span: service.trial_balance(u, books.organisation, s, by_dimensions=True))  # type: ignore[misc]
        quantity = next((row.quantity for row in found.rows if row.account.code == "1316"), None)
        whole = run(books, lambda u, s=span: service.account_card(u, books.organisation, "1316", s))  # type: ignore[misc]
        assert whole.quantity == quantity
        balances = [line.quantity_balance for line in card(books, "1316", span)[1]]
        assert balances == [line.quantity_balance for line in whole.lines.rows]
        if quantity and balances:
            assert balances[-1] == quantity.at(quantity.scaled.closing)


def test_the_storno_of_an_opening_entry_is_no_line_of_the_card(books: Books) -> None:
    cash, revenue = books.side("1010"), books.side("6010")
    posted = books.post(books.entry(Posting(cash, revenue, 1000), kind=EntryKind.OPENING))
    storno(books, posted.entry_id, 2026, date(2026, 5, 5))
    assert card(books, "1010", YEAR) == ((0, 0, 0, 0), [])


def test_an_account_and_its_heading_that_have_ended_still_have_their_rows(shared_database: str, books: Books) -> None:
    an_account(shared_database, "19", "[2020-01-01,2026-07-01)", postable=False)
    books.accounts["1910"] = an_account(shared_database, "1910", "[2020-01-01,2026-07-01)", "19")
    books.post(books.entry(Posting(books.side("1910"), books.side("6010"), 700)))
    for span in (MonthSpan.of(date(2026, 3, 1), date(2026, 12, 1)), MonthSpan.of(date(2027, 1, 1), date(2027, 2, 1))):
        rows = balances(books, span)
        assert list(rows)[:2] == ["19", "1910"]
        assert rows["19"].closing_tiyn == rows["1910"].closing_tiyn == 700
        assert card(books, "1910", span)[0][3] == 700


def test_an_account_in_force_under_a_heading_that_has_ended_has_its_row(shared_database: str, books: Books) -> None:
    an_account(shared_database, "18", "[2020-01-01,2026-01-01)", postable=False)
    books.accounts["1810"] = an_account(shared_database, "1810", "[2020-01-01,)", "18")
    books.post(books.entry(Posting(books.side("1810"), books.side("6010"), 300)))
    assert balances(books, YEAR)["18"].debit_tiyn == 300


def test_the_card_of_an_account_covers_all_its_editions(shared_database: str, books: Books) -> None:
    older = an_account(shared_database, "1710", "[2020-01-01,2026-04-01)")
    newer = an_account(shared_database, "1710", "[2026-04-01,)")
    for account_id, day, amount in ((older, date(2026, 3, 31), 10), (newer, date(2026, 4, 1), 20)):
        books.accounts["1710"] = account_id
        books.post(books.entry(Posting(books.side("1710"), books.side("6010"), amount), on=day))
    totals, lines = card(books, "1710", YEAR)
    assert (totals, [n.balance_tiyn for n in lines]) == ((0, 30, 0, 30), [10, 30])
    found = run(books, lambda u: service.account_card(u, books.organisation, "1710", YEAR))
    assert found.account.id == newer
    early = run(books, lambda u: service.account_card(u, books.organisation, "1710", MonthSpan.of(JANUARY, JANUARY)))
    assert early.account.id == older
    with pytest.raises(rules.AccountUnknown):
        card(books, "1711", YEAR)


# ------------------------------------------------------------------------------------------------ lists and entries


def test_the_journal_is_narrowed_by_everything_and_pages_join(books: Books) -> None:
    cash, flour, revenue = books.side("1010"), books.side("1316", item="flour"), books.side("6010")
    for n in range(6):
        day = date(2025 + n % 3, 1 + n, 10)
        books.post(books.entry(Posting(cash, revenue, 5), Posting(revenue, cash, 1), on=day, memo=f"entry {n}"))
        books.post(books.entry(Posting(flour, revenue, 5), on=day, memo=f"Ұн, сёмга {n}", journal_id=2))
    every = listed(books, EntryFilter())
    assert [r.id for r in every] == [r.id for r in sorted(every, key=lambda r: (r.effective_on, r.id), reverse=True)]
    assert len(every) == 12
    span = MonthSpan.of(date(2025, 4, 1), date(2026, 4, 1))

    def is_in(row: EntryRow) -> bool:
        return span.start <= row.effective_on < span.end

    for narrowed, belongs in (
        (EntryFilter(span=span), is_in),
        (EntryFilter(account="1316"), lambda r: r.debit_account == "1316"),
        (EntryFilter(account="1"), lambda r: True),
        (EntryFilter(account="98"), lambda r: False),
        (EntryFilter(span=span, account="1010"), lambda r: is_in(r) and r.debit_account == "1010"),
        (EntryFilter(journal="MO-16", account="6010"), lambda r: r.journal_code == "MO-16"),
        (EntryFilter(text="ҰН, СЁМГА"), lambda r: r.journal_code == "MO-16"),
        (EntryFilter(text="entry 3", account="1010"), lambda r: r.memo == "entry 3"),
    ):
        expected = [r for r in every if belongs(r)]
        assert listed(books, narrowed) == listed(books, narrowed, limit=1) == expected, narrowed


def test_an_entry_is_found_in_whichever_year_it_stands(books: Books) -> None:
    for year in (2025, 2026, 2027):
        posting = Posting(books.side("1010"), books.side("6010"), year)
        posted = books.post(books.entry(posting, on=date(year, 12, 31)))
        shown = run(books, lambda u, i=posted.entry_id: service.entry(u, books.organisation, i))  # type: ignore[misc]
        assert (shown.fiscal_year, shown.amount_tiyn) == (year, year)
    with pytest.raises(rules.EntryUnknown):
        run(books, lambda u: service.entry(u, books.organisation, 10**9))


# ------------------------------------------------------------------------------------------------ registers


def test_a_counterparty_that_is_gone_is_not_known_on_the_day(shared_database: str, books: Books) -> None:
    owner = make_engine(shared_database, role=None, pool=1)
    uow.run(owner, scope_of(books.organisation), lambda u: register(u, [RegisterCounterparty(SUPPLIER, "Бумага")]))
    owner.dispose()
    change_chart(
        shared_database,
        "UPDATE reference_counterparty SET in_force = '[2020-01-01,2026-06-01)' WHERE code = :code",
        code=SUPPLIER,
    )

    def post(day: date) -> None:
        command = PostEntry.model_validate(
            {
                "key": str(uuid4()),
                "journal": "MO-01",
                "effective_on": day.isoformat(),
                "memo": "paper",
                "postings": [
                    {
                        "debit": {"account": "1010"},
                        "credit": {"account": "3210", "dimensions": {"counterparty": SUPPLIER}},
                        "amount": "5",
                    }
                ],
            }
        )
        run(books, lambda u: service.post_entry(u, books.organisation, command))

    post(date(2026, 5, 31))
    with pytest.raises(Invalid) as refusal:
        post(date(2026, 6, 1))
    assert isinstance(refusal.value.faults["postings.0.credit.dimensions.counterparty"], rules.ValueUnknown)

    def offered(day: date) -> list[str]:
        values = run(books, lambda u: service.search_values(u, Dimension.COUNTERPARTY, "бумага", on=day, language="ru"))
        return [v.code for v in values]

    assert (offered(date(2026, 5, 31)), offered(date(2026, 6, 1))) == ([SUPPLIER], [])


def test_a_value_says_whether_its_register_is_sure_of_it(shared_database: str, books: Books) -> None:
    change_chart(
        shared_database,
        """
        INSERT INTO reference_classification (kind, code, level, name_kk, name_ru, name_en, in_force, confidence,
                                              source)
        VALUES ('economic', '149', 'specific', 'x', 'x', 'x', '(,)', 'high', ''),
               ('economic', '161', 'specific', 'x', 'x', 'x', '(,)', 'medium', '')
        """,
    )
    wanted = {(Dimension.SPECIFIC, "149"), (Dimension.SPECIFIC, "161"), (Dimension.ITEM, "flour")}
    found = run(books, lambda u: service.labels(u, wanted, on=JANUARY))
    assert {code: value.verified for (_, code), value in found.items()} == {"149": True, "161": False, "flour": True}
