"""The reports are one family: whatever was posted, they agree with each other and with the postings.

Every figure is compared with the list behind it, at any span, with closing entries and without, now and as known.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from erp.base import uow
from erp.base.dates import DaySpan
from erp.base.db import make_engine
from erp.finance.journal.model import EntryFilter, TrialBalance
from erp.finance.journal.turnovers import Cut
from erp.finance.reports import service
from erp.finance.reports.model import Figure, Part, Step
from ledger import seals
from ledger import service as ledger
from ledger.model import Correction, Dimension, EntryKind, PeriodState, Posting
from tests.factories.books import ACTOR, Books, a_chart, scope_of
from tests.factories.seals import seal_everything

SIDES: list[tuple[str, dict[str, str]]] = [
    ("1010", {}),
    ("1316", {"item": "flour"}),
    ("1316", {"item": "rice"}),
    ("1316", {}),
    ("3210", {"counterparty": "120540000001"}),
    ("3210", {"counterparty": "120540000002"}),
    ("6010", {}),
    ("7060", {"specific": "149", "programme": "261.003"}),
    ("7060", {"specific": "151"}),
]
OFF_BALANCE = ("01", "00")

days = st.dates(date(2025, 11, 20), date(2026, 3, 10))
spans = st.tuples(days, days).map(lambda two: DaySpan.of(min(two), max(two)))
pairs = st.tuples(*[st.integers(0, len(SIDES) - 1)] * 2).filter(lambda pair: pair[0] != pair[1])
amounts = st.integers(-500, 500).filter(bool)
postings = st.lists(st.tuples(pairs, amounts), min_size=1, max_size=3)
kinds = st.sampled_from([EntryKind.ORDINARY, EntryKind.OPENING])
entries = st.tuples(postings, days, kinds, st.sampled_from([1, 2]), st.none() | days)
"""Postings, day, kind, journal, and the day of the storno of some."""
stories = st.lists(st.one_of(entries, st.tuples(st.just("single"), days, amounts)), max_size=7)

FEW = settings(
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # books are too slow to be shrunk
    report_multiple_bugs=False,
)
_organisations = count(1)


@pytest.fixture(scope="module")
def new_books(shared_database: str) -> Iterator[Callable[[], Books]]:
    engine, chart = make_engine(shared_database, pool=3), a_chart(shared_database)

    def make() -> Books:
        books = Books(engine, next(_organisations), dict(chart))
        start, end = date(2025, 1, 1), date(2026, 12, 1)
        number = books.organisation
        command = lambda u: ledger.open_books(u.connection, number, str(number), start, end, ACTOR)  # noqa: E731
        uow.run(books.engine, scope_of(number), command)
        return books

    yield make
    engine.dispose()


def tell(books: Books, story: list[Any]) -> None:
    for act in story:
        if act[0] == "single":
            _, on, amount = act
            books.post(books.entry(Posting(books.side("01"), books.side("00"), amount), on=on))
            continue
        lines, on, kind, journal, cancelled_on = act
        sides = [
            (books.side(SIDES[d][0], **SIDES[d][1]), books.side(SIDES[c][0], **SIDES[c][1])) for (d, c), _ in lines
        ]
        made = [Posting(debit, credit, amount) for (debit, credit), (_, amount) in zip(sides, lines, strict=True)]
        entry = books.entry(*made, on=on, kind=kind, journal_id=journal)
        posted = books.post(entry)
        if cancelled_on and kind is EntryKind.ORDINARY:
            correction = Correction(
                books.organisation,
                uuid4(),
                posted.entry_id,
                posted.fiscal_year,
                max(on, cancelled_on),
                "typed twice",
            )
            uow.run(books.engine, scope_of(books.organisation), lambda u, c=correction: u.post(c))


def close_the_first_year(books: Books) -> None:
    def close(u: uow.UnitOfWork) -> None:
        for month in range(1, 13):
            day = date(2025, month, 1)
            ledger.set_period(u.connection, books.organisation, day, PeriodState.CLOSED, ACTOR)
        ledger.close_year(u.connection, books.organisation, 2025, uuid4(), 3, ["result", "revenue", "expense"], ACTOR)

    uow.run(books.engine, scope_of(books.organisation), close)


@dataclass
class Reader:
    """Reads of one organisation's books in one snapshot, and lists behind figures."""

    work: uow.UnitOfWork
    organisation: int
    cut: Cut

    def behind(self, figure: Figure) -> int:
        """The figure by its list, page by page, which must be all and sum up to its own total."""
        first = service.behind(self.work, self.organisation, self.cut, figure, limit=3)
        lines, cursor = list(first.lines), first.next_cursor
        while cursor:
            page = service.behind(self.work, self.organisation, self.cut, figure, cursor, limit=3)
            assert (page.total_tiyn, page.count) == (first.total_tiyn, first.count)
            lines, cursor = [*lines, *page.lines], page.next_cursor
        assert len(lines) == first.count
        assert sum(line.amount_tiyn for line in lines) == first.total_tiyn
        streamed = list(service.every_line_behind(self.work, self.organisation, self.cut, figure))
        assert streamed == lines
        return first.total_tiyn


def balances_open(reader: Reader, balance: TrialBalance, dimensions: tuple[Dimension, ...]) -> None:
    for row in balance.rows:
        named = {v.dimension: v.code for v in row.dimensions}
        values = {d: named.get(d, "") for d in dimensions} if row.account.postable else {}
        of_row = Figure(Part.DEBIT, account=row.account.code, dimensions=values)
        for part, tiyn in (
            (Part.OPENING, row.opening_tiyn),
            (Part.DEBIT, row.debit_tiyn),
            (Part.CREDIT, row.credit_tiyn),
            (Part.TURNOVER, row.debit_tiyn - row.credit_tiyn),
            (Part.CLOSING, row.closing_tiyn),
        ):
            assert reader.behind(replace(of_row, part=part)) == tiyn
    assert reader.behind(Figure(Part.DEBIT)) == balance.debit_tiyn
    assert reader.behind(Figure(Part.CREDIT)) == balance.credit_tiyn


def everything_agrees(reader: Reader) -> None:
    work, organisation, cut = reader.work, reader.organisation, reader.cut
    balance = service.trial_balance(work, organisation, cut)
    by_account = {row.account.code: row for row in balance.rows}
    balances_open(reader, balance, ())
    for dimensions in ((Dimension.ITEM,), (Dimension.COUNTERPARTY, Dimension.SPECIFIC)):
        by_dimensions = service.trial_balance(work, organisation, cut, dimensions)
        balances_open(reader, by_dimensions, dimensions)
        for code, row in by_account.items():
            rows = [r for r in by_dimensions.rows if r.account.code == code]
            sums = tuple(sum(getattr(r, f"{part}_tiyn") for r in rows) for part in ("opening", "debit", "credit"))
            assert sums == (row.opening_tiyn, row.debit_tiyn, row.credit_tiyn)

    def turned_over(account: str) -> tuple[int, int]:
        """What the trial balance says; it leaves out an account whose turnovers cancelled each other."""
        row = by_account.get(account)
        return (row.debit_tiyn, row.credit_tiyn) if row else (0, 0)

    board = service.chessboard(work, organisation, cut)
    assert board.total_tiyn == balance.debit_tiyn == balance.credit_tiyn
    for account in board.debits:
        assert board.debit_total(account.code) == turned_over(account.code)[0]
    for account in board.credits:
        under = [tiyn for (_, credit), tiyn in board.cells.items() if credit == account.code]
        assert sum(under) == turned_over(account.code)[1]
    for (debit, credit), tiyn in board.cells.items():
        assert reader.behind(Figure(Part.DEBIT, account=debit, against=credit)) == tiyn
        assert reader.behind(Figure(Part.CREDIT, account=credit, against=debit)) == tiyn

    for code, row in by_account.items():
        analysis = service.analysis(work, organisation, cut, code)
        assert (analysis.opening_tiyn, analysis.closing_tiyn) == (row.opening_tiyn, row.closing_tiyn)
        assert (analysis.turnover.debit_tiyn, analysis.turnover.credit_tiyn) == (row.debit_tiyn, row.credit_tiyn)
        for other, turnover in analysis.rows:
            against = "" if other.is_contra else other.code
            figure = Figure(Part.DEBIT, account=code, against=against)
            assert reader.behind(figure) == turnover.debit_tiyn
            assert reader.behind(replace(figure, part=Part.CREDIT)) == turnover.credit_tiyn
        for step in Step:
            book = service.book(work, organisation, cut, code, step)
            assert (book.opening_tiyn, book.closing_tiyn) == (row.opening_tiyn, row.closing_tiyn)
            assert book.turnover == analysis.turnover
        for month in service.book(work, organisation, cut, code, Step.MONTH).rows:
            since = max(month.on, cut.span.start)
            until = min((month.on + timedelta(days=32)).replace(day=1), cut.span.end)
            figure = Figure(Part.CLOSING, account=code, since=cut.span.start, until=until)
            assert reader.behind(figure) == month.closing_tiyn
            for other_code, turnover in month.by_account.items():
                figure = Figure(Part.DEBIT, account=code, against=other_code, since=since, until=until)
                assert reader.behind(figure) == turnover.debit_tiyn

    orders = service.memorial_orders(work, organisation, cut)
    assert sum(order.total_tiyn for order in orders) == balance.debit_tiyn
    for order in orders:
        since = max(order.month, cut.span.start)
        until = min((order.month + timedelta(days=32)).replace(day=1), cut.span.end)
        of_order = Figure(Part.DEBIT, journal=order.journal.code, since=since, until=until)
        assert reader.behind(of_order) == order.total_tiyn
        for line in order.rows:
            codes = ["" if a.is_contra else a.code for a in (line.debit, line.credit)]
            assert reader.behind(replace(of_order, account=codes[0], against=codes[1])) == line.amount_tiyn

    values = service.by_value(work, organisation, cut, Dimension.COUNTERPARTY)
    for each in values:
        if each.value is not None:
            figure = Figure(Part.CLOSING, dimensions={Dimension.COUNTERPARTY: each.value.code})
            assert reader.behind(figure) == each.closing_tiyn
    assert sum(v.closing_tiyn for v in values) == sum(
        row.closing_tiyn for row in balance.rows if Dimension.COUNTERPARTY in row.account.permitted
    )


@settings(FEW, max_examples=20)
@given(story=stories, span=spans, closing=st.booleans(), closed=st.booleans())
def test_every_report_is_a_sum_of_the_same_postings(
    new_books: Callable[[], Books], story: list[Any], span: DaySpan, closing: bool, closed: bool
) -> None:
    books = new_books()
    tell(books, story)
    if closed:
        close_the_first_year(books)
    organisation = books.organisation
    uow.read(
        books.engine, scope_of(organisation), lambda u: everything_agrees(Reader(u, organisation, Cut(span, closing)))
    )


@settings(FEW, max_examples=8)
@given(before=stories, after=stories, span=spans)
def test_what_was_known_agrees_too_and_stays_as_it_was(
    new_books: Callable[[], Books], before: list[Any], after: list[Any], span: DaySpan
) -> None:
    books = new_books()
    tell(books, before)
    url = books.engine.url.render_as_string(hide_password=False)
    known_at = seal_everything(url).sealed_at
    seal_everything(url)
    organisation, scope = books.organisation, scope_of(books.organisation)

    def total(u: uow.UnitOfWork, known: datetime | None) -> TrialBalance:
        return service.trial_balance(u, organisation, service.cut_of(u, span, known_at=known))

    then = uow.read(books.engine, scope, lambda u: total(u, None))
    tell(books, after)

    def now(u: uow.UnitOfWork) -> None:
        xid = seals.known_at(u.connection, known_at).xid
        assert total(u, known_at) == then
        everything_agrees(Reader(u, organisation, Cut(span, known=xid)))

    uow.read(books.engine, scope, now)


@settings(FEW, max_examples=10)
@given(story=stories, first=spans, second=spans)
def test_two_periods_side_by_side_are_the_two_reports(
    new_books: Callable[[], Books], story: list[Any], first: DaySpan, second: DaySpan
) -> None:
    books = new_books()
    tell(books, story)
    organisation = books.organisation

    def check(u: uow.UnitOfWork) -> None:
        for part in Part:
            rows = service.comparison(u, organisation, Cut(first), Cut(second), part, (Dimension.ITEM,))
            for cut, side in ((Cut(first), "first_tiyn"), (Cut(second), "second_tiyn")):
                for row in rows:
                    named = {v.dimension: v.code for v in row.dimensions}
                    values = {} if row.is_heading else {Dimension.ITEM: named.get(Dimension.ITEM, "")}
                    figure = Figure(part, account=row.account.code, dimensions=values)
                    assert service.total_behind(u, organisation, cut, figure) == getattr(row, side)

    uow.read(books.engine, scope_of(organisation), check)


def test_the_journal_whole_is_every_posting_of_its_list(new_books: Callable[[], Books]) -> None:
    books = new_books()
    tell(
        books,
        [
            ([((0, 6), 500), ((7, 0), 20)], date(2026, 1, 5), EntryKind.ORDINARY, 1, None),
            ("single", date(2026, 1, 6), 7),
        ],
    )

    def lines(u: uow.UnitOfWork, **narrowed: Any) -> list[tuple[str, str, int]]:
        found = service.journal_postings(u, books.organisation, EntryFilter(**narrowed))
        return [(line.debit_account, line.credit_account, line.amount_tiyn) for line in found]

    def check(u: uow.UnitOfWork) -> None:
        assert lines(u) == [("1010", "6010", 500), ("7060", "1010", 20), ("01", "", 7)]
        assert lines(u, account="6") == [("1010", "6010", 500), ("7060", "1010", 20)]
        assert lines(u, journal="MO-16") == []
        assert lines(u, text="an entry", account="01") == [("01", "", 7)]

    uow.read(books.engine, scope_of(books.organisation), check)


def test_another_s_books_are_not_behind_any_figure(new_books: Callable[[], Books]) -> None:
    mine, theirs = new_books(), new_books()
    tell(theirs, [([((0, 6), 500)], date(2026, 1, 5), EntryKind.ORDINARY, 1, None)])
    cut = Cut(DaySpan.of(date(2026, 1, 1), date(2026, 1, 31)))

    def check(u: uow.UnitOfWork) -> None:
        assert service.behind(u, theirs.organisation, cut, Figure(Part.DEBIT)).count == 0
        assert service.chessboard(u, theirs.organisation, cut).cells == {}
        assert u.execute(text("SELECT count(*) FROM ledger_posting")).scalar_one() == 0

    uow.read(mine.engine, scope_of(mine.organisation), check)
