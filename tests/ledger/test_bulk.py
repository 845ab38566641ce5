"""Bulk posting: what a batch may hold, what a retry returns, and that batches and single entries never deadlock."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from erp.base import uow
from ledger import errors
from ledger import service as ledger
from ledger.checks import disagreements
from ledger.model import Actor, EntryKind, JournalEntry, PeriodState, PostedBatch, Posting, Source
from ledger.staging import MOST_POSTINGS, Staging
from tests.factories.books import ACTOR, Books, scope_of, some_books

SCOPE = scope_of(1)


@pytest.fixture
def books(database: str) -> Iterator[Books]:
    books = some_books(database, pool=8)
    yield books
    books.engine.dispose()


def post(books: Books, *entries: JournalEntry, key: UUID | None = None, actor: Actor = ACTOR) -> PostedBatch:
    key = key or uuid4()
    return uow.run(
        books.engine,
        SCOPE,
        lambda u: ledger.post_many(u.connection, 1, key, entries, actor, Source("import", 1)),
    )


def ask(books: Books, question: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in uow.read(books.engine, SCOPE, lambda u: u.execute(text(question)).all())]


def test_every_field_of_an_entry_arrives(books: Books) -> None:
    stock, people, cash = books.side("1316", item="nail"), books.side("1490", person="p"), books.side("1010")
    entry = replace(
        books.entry(
            Posting(stock, people, 5_00, "a\tline\\N\nof two", 1000, -2000, None, 7),
            Posting(cash, people, 6_00, None, None, None, 8, None),
            memo="tab\tand \\ back",
        ),
        document_number="№ 7",
        document_on=date(2026, 3, 1),
        source=Source("file", 9, 44),
    )
    post(books, entry)
    assert ask(
        books, "SELECT memo, document_number, document_on, source_kind, source_id, source_line FROM ledger_entry"
    ) == [("tab\tand \\ back", "№ 7", date(2026, 3, 1), "import", 1, 44)]
    assert ask(
        books,
        "SELECT no, memo, debit_quantity_milli, credit_quantity_milli, debit_currency_minor, credit_currency_minor"
        "  FROM ledger_posting ORDER BY no",
    ) == [(1, "a\tline\\N\nof two", 1000, -2000, None, 7), (2, None, None, None, 8, None)]
    assert ask(books, disagreements(1)) == []


def test_a_batch_is_numbered_by_journal_and_day_after_what_is_there(books: Books) -> None:
    cash, revenue = books.side("1010"), books.side("6010")
    books.post(books.entry(Posting(cash, revenue, 1)))
    days = [date(2026, 5, 2), date(2026, 5, 1), date(2026, 5, 2)]
    post(
        books, *[books.entry(Posting(cash, revenue, n), on=day, journal_id=1 + n % 2) for n, day in enumerate(days, 2)]
    )
    assert ask(
        books, "SELECT journal_id, number, effective_on FROM ledger_entry WHERE source_kind = 'import' ORDER BY 1, 2"
    ) == [(1, 2, days[0]), (1, 3, days[2]), (2, 1, days[1])]


@pytest.mark.parametrize(
    ("debit", "credit", "refusal"),
    [
        ({"code": "3210", "counterparty": "x"}, {"code": "01"}, errors.OffBalanceMixed),
        ({"code": "1010"}, {"code": "1010"}, errors.SameSides),
    ],
)
def test_one_odd_pair_among_many_is_refused(
    books: Books, debit: dict[str, str], credit: dict[str, str], refusal: type[errors.LedgerError]
) -> None:
    fair = [books.entry(Posting(books.side("1010"), books.side("6010"), n)) for n in range(1, 20)]
    odd = books.entry(Posting(books.side(**debit), books.side(**credit), 1))
    with pytest.raises(refusal):
        post(books, *fair, odd, *fair)
    assert ask(books, "SELECT FROM ledger_posting") == []


def test_balance_and_off_balance_pairs_may_share_a_batch(books: Books) -> None:
    post(
        books,
        books.entry(Posting(books.side("1010"), books.side("6010"), 1)),
        books.entry(Posting(books.side("01"), books.side("00"), 1)),
    )
    assert ask(books, disagreements(1)) == []


def test_another_organisations_subaccount_is_refused(books: Books) -> None:
    theirs = some_books(str(books.engine.url.render_as_string(hide_password=False)), organisation=2,
                        accounts=books.accounts)  # fmt: skip
    side = theirs.side("6010")
    theirs.engine.dispose()
    with pytest.raises(errors.UnknownSubaccount):
        post(books, books.entry(Posting(books.side("1010"), side, 1)))


def test_an_entry_of_too_many_lines_is_refused_by_name(books: Books) -> None:
    posting = Posting(books.side("1010"), books.side("6010"), 1)
    with pytest.raises(errors.TooManyPostings):
        post(books, books.entry(*[posting] * (MOST_POSTINGS + 1)))
    assert post(books, books.entry(*[posting] * MOST_POSTINGS)).postings == MOST_POSTINGS


def test_an_empty_batch_is_refused(books: Books) -> None:
    with pytest.raises(errors.NoPostings):
        post(books)


def test_a_retry_returns_the_first_result_though_the_month_was_closed_and_stages_nothing(books: Books) -> None:
    cash, revenue = books.side("1010"), books.side("6010")
    entries = [books.entry(Posting(cash, revenue, n), Posting(cash, revenue, 1)) for n in range(1, 4)]
    key = uuid4()
    first = post(books, *entries, key=key)
    month = entries[0].effective_on
    uow.run(books.engine, SCOPE, lambda u: ledger.set_period(u.connection, 1, month, PeriodState.CLOSED, ACTOR))
    assert post(books, *entries, key=key) == replace(first, is_new=False)
    with pytest.raises(errors.KeyReused):
        post(books, *entries[:2], key=key)
    with pytest.raises(errors.KeyReused):
        post(books, *entries[:2], replace(entries[2], memo="another"), key=key)
    with pytest.raises(errors.PeriodClosed):
        post(books, *entries)
    assert ask(books, "SELECT count(*) FROM ledger_entry") == [(3,)]


def test_one_batch_sent_by_many_at_once_is_posted_once(books: Books) -> None:
    cash, revenue = books.side("1010"), books.side("6010")
    entries = [books.entry(Posting(cash, revenue, n)) for n in range(1, 30)]
    key = uuid4()
    results = together(*[lambda: post(books, *entries, key=key)] * 6)
    assert sum(result.is_new for result in results) == 1
    assert {result.entries for result in results} == {29}
    assert ask(books, "SELECT count(*) FROM ledger_entry") == [(29,)]


def test_batches_and_single_entries_over_the_same_accounts_never_deadlock(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    reruns: list[float] = []
    monkeypatch.setattr("erp.base.uow.time.sleep", reruns.append)
    sides = [*(books.side(code) for code in ("1010", "6010", "7060", "1316")), books.side("1316", item="1")]
    pairs = [(a, b) for a in sides for b in sides if a != b]

    def writer(n: int) -> None:
        for round_ in range(5):
            turned = pairs[(n * 7 + round_ * 3) % 20 :] + pairs
            batch = [
                books.entry(Posting(*pair, 1), on=date(2026, 1 + (place + n) % 12, 5), journal_id=1 + place % 2)
                for place, pair in enumerate(turned[:20])
            ]
            post(books, *batch)
            books.post(books.entry(*[Posting(*pair, 3) for pair in turned[:6]]))
            for pair in turned[:3]:
                books.post(books.entry(Posting(*pair, 3)))

    together(*[lambda n=n: writer(n) for n in range(8)])
    assert reruns == []
    assert ask(books, disagreements(1)) == []
    assert ask(books, "SELECT count(*) FROM ledger_entry") == [(8 * 5 * 24,)]


def test_kinds_keep_balances_of_their_own(books: Books) -> None:
    cash, revenue = books.side("1010"), books.side("6010")
    post(
        books,
        books.entry(Posting(cash, revenue, 7), kind=EntryKind.OPENING),
        books.entry(Posting(cash, revenue, 5)),
    )
    assert ask(books, "SELECT kind, debit_tiyn FROM ledger_balance WHERE debit_tiyn > 0 ORDER BY 1") == [(0, 5), (1, 7)]
    with pytest.raises(errors.KindNotPosted):
        post(books, books.entry(Posting(cash, revenue, 7), kind=EntryKind.STORNO))


def test_the_digest_tells_where_one_field_ends_and_the_next_begins(books: Books) -> None:
    entry = books.entry(Posting(1, 2, 3, "m"), memo="a\tb")
    others = [
        replace(entry, memo="a", document_number="b"),
        replace(entry, memo="a\\tb"),
        replace(entry, postings=(Posting(1, 2, 3, "\\N"),)),
        replace(entry, postings=(Posting(1, 2, 3, None),)),
        replace(entry, postings=(Posting(1, 2, 3, ""),)),
        replace(entry, postings=(Posting(1, 2, 3, "m"), Posting(1, 2, 3, "m"))),
    ]
    assert len({digest(e) for e in [entry, *others]}) == 7
    assert digest(entry) == digest(replace(entry, key=uuid4()))


def digest(entry: JournalEntry) -> bytes:
    staging = Staging(1, [entry])
    assert all(staging.blocks(uuid4()))
    return staging.digest


def together(*tasks: Callable[[], Any]) -> list[Any]:
    with ThreadPoolExecutor(len(tasks)) as threads:
        return [job.result() for job in [threads.submit(task) for task in tasks]]
