"""Reports of one organisation's books.  Whatever they show is a sum over the postings of one ``Cut``."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from erp.base import audit
from erp.base.cursors import SMALLINT, CursorMalformed, number_in
from erp.base.uow import UnitOfWork
from erp.finance.journal import queries as journal_queries
from erp.finance.journal import service as journal
from erp.finance.journal.model import Account, EntryFilter, Journal, TrialBalance
from erp.finance.journal.rules import AccountUnknown, JournalUnknown
from erp.finance.journal.turnovers import Cut
from erp.finance.reports import queries, rules
from erp.finance.reports.model import (
    Analysis,
    Behind,
    Book,
    Chessboard,
    Compared,
    Figure,
    MemorialOrder,
    PairSum,
    Part,
    PostingLine,
    SavedView,
    SideLine,
    Step,
    ValueRow,
)
from erp.finance.reports.queries import Sought
from ledger.model import Dimension

cut_of = journal.cut_of


# ------------------------------------------------------------------------------------------------ balances


def trial_balance(
    uow: UnitOfWork, organisation_id: int, cut: Cut, dimensions: Sequence[Dimension] = ()
) -> TrialBalance:
    """By account, or by account and the values of some dimensions."""
    sums = queries.sums_by_dimensions(uow.connection, uow.scope, organisation_id, cut, dimensions)
    return journal.balanced(uow, sums, cut.span)


def by_value(uow: UnitOfWork, organisation_id: int, cut: Cut, dimension: Dimension) -> list[ValueRow]:
    """Turnovers and balances by the values of a dimension, each with the accounts kept by it."""
    return rules.by_value(trial_balance(uow, organisation_id, cut, (dimension,)), dimension)


def comparison(
    uow: UnitOfWork, organisation_id: int, first: Cut, second: Cut, part: Part, dimensions: Sequence[Dimension] = ()
) -> list[Compared]:
    """One measure of two periods, account by account, headings above their accounts."""
    one, other = (trial_balance(uow, organisation_id, cut, dimensions) for cut in (first, second))
    met = {row.account.id for balance in (one, other) for row in balance.rows}
    order = [a.id for a in journal_queries.accounts_with_headings(uow.connection, uow.scope, met)]
    return rules.compared(one, other, part, order)


# ------------------------------------------------------------------------------------------------ correspondence


def pairs(
    uow: UnitOfWork, organisation_id: int, cut: Cut, *, step: Step | None = None, journal_code: str | None = None
) -> list[tuple[Account, Account, PairSum]]:
    """Turnovers by correspondence with both accounts, debit first, in the order of codes.  Raises: JournalUnknown."""
    journal_id = _journal(uow, journal_code).id if journal_code else None
    found = queries.pairs(uow.connection, uow.scope, organisation_id, cut, step=step, journal_id=journal_id)
    chart = _chart(uow, found)
    named = ((chart[pair.debit_id], chart[pair.credit_id], pair) for pair in found)
    return sorted(named, key=lambda row: (row[2].on or date.min, row[0].code, row[1].code))


def chessboard(uow: UnitOfWork, organisation_id: int, cut: Cut) -> Chessboard:
    found = queries.pairs(uow.connection, uow.scope, organisation_id, cut)
    return rules.chessboard(found, _chart(uow, found))


def analysis(uow: UnitOfWork, organisation_id: int, cut: Cut, code: str) -> Analysis:
    """Turnovers of an account, or of all below a heading, with each corresponding account.  Raises: AccountUnknown."""
    account, own = _account(uow, cut, code)
    found = queries.pairs(uow.connection, uow.scope, organisation_id, cut, accounts=own)
    return rules.analysis(account, _opening(uow, organisation_id, cut, code), found, frozenset(own), _chart(uow, found))


def book(uow: UnitOfWork, organisation_id: int, cut: Cut, code: str, step: Step) -> Book:
    """An account month by month or day by day with its corresponding accounts.  Raises: AccountUnknown."""
    account, own = _account(uow, cut, code)
    found = queries.pairs(uow.connection, uow.scope, organisation_id, cut, accounts=own, step=step)
    opening = _opening(uow, organisation_id, cut, code)
    return rules.book(account, step, opening, found, frozenset(own), _chart(uow, found))


def memorial_orders(uow: UnitOfWork, organisation_id: int, cut: Cut) -> list[MemorialOrder]:
    """Every journal's order of each month of the span that has postings."""
    found = queries.pairs(uow.connection, uow.scope, organisation_id, cut, step=Step.MONTH, by_journal=True)
    chart, journals = _chart(uow, found), {j.id: j for j in journal.journals(uow)}
    orders: dict[tuple[date, int], list[PairSum]] = {}
    for pair in found:
        assert pair.on is not None
        assert pair.journal_id is not None
        orders.setdefault((pair.on, pair.journal_id), []).append(pair)
    return [
        rules.memorial_order(journals[journal_id], month, inside, chart)
        for (month, journal_id), inside in sorted(orders.items())
    ]


def memorial_order(uow: UnitOfWork, organisation_id: int, cut: Cut, code: str) -> MemorialOrder:
    """A journal's postings of the span, which is a month, by correspondence.  Raises: JournalUnknown."""
    kept = _journal(uow, code)
    found = queries.pairs(uow.connection, uow.scope, organisation_id, cut, journal_id=kept.id)
    return rules.memorial_order(kept, cut.span.start, found, _chart(uow, found))


def _journal(uow: UnitOfWork, code: str) -> Journal:
    kept = next((j for j in journal.journals(uow) if j.code == code), None)
    if kept is None:
        raise JournalUnknown(journal=code)
    return kept


def _chart(uow: UnitOfWork, found: Sequence[PairSum]) -> dict[int, Account]:
    ids = {id_ for pair in found for id_ in (pair.debit_id, pair.credit_id)}
    return {a.id: a for a in journal_queries.accounts_by_id(uow.connection, uow.scope, ids)}


def _account(uow: UnitOfWork, cut: Cut, code: str) -> tuple[Account, list[int]]:
    """The latest edition of an account, and the ids of all editions and of all accounts below."""
    editions = journal_queries.editions_of_account(uow.connection, uow.scope, code, cut.span)
    if not editions:
        raise AccountUnknown(account=code)
    return editions[0], queries.accounts_under(uow.connection, uow.scope, code)


def _opening(uow: UnitOfWork, organisation_id: int, cut: Cut, code: str) -> int:
    sums = queries.sums_by_dimensions(uow.connection, uow.scope, organisation_id, cut, ())
    own = frozenset(queries.accounts_under(uow.connection, uow.scope, code))
    return sum(s.opening_tiyn for s in sums if s.account_id in own)


# ------------------------------------------------------------------------------------------------ behind a figure


def total_behind(uow: UnitOfWork, organisation_id: int, cut: Cut, figure: Figure) -> int:
    """A figure by itself.  Raises: AccountUnknown, JournalUnknown."""
    return queries.total_behind(uow.connection, uow.scope, organisation_id, cut, _sought(uow, figure))[0]


def behind(
    uow: UnitOfWork, organisation_id: int, cut: Cut, figure: Figure, cursor: str | None = None, limit: int = 100
) -> Behind:
    """What a figure sums, by day.  Raises: AccountUnknown, JournalUnknown, CursorMalformed."""
    sought = _sought(uow, figure)
    total, count = queries.total_behind(uow.connection, uow.scope, organisation_id, cut, sought)
    after = _read_cursor(cursor) if cursor else None
    rows = queries.lines_behind(uow.connection, uow.scope, organisation_id, cut, sought, after, limit + 1)
    lines = tuple(rows[:limit])
    wanted = {(d, c) for line in lines for d, c in zip(Dimension, line.codes, strict=False) if c}
    named = journal.labels(uow, wanted, on=cut.span.last_day)
    last = lines[-1] if len(rows) > limit else None
    return Behind(total, count, lines, named, _cursor(last) if last else None)


def every_line_behind(uow: UnitOfWork, organisation_id: int, cut: Cut, figure: Figure) -> Iterator[SideLine]:
    """The whole list, fetched as it is asked for.  Raises: AccountUnknown, JournalUnknown."""
    return queries.every_line_behind(uow.connection, uow.scope, organisation_id, cut, _sought(uow, figure))


def journal_postings(uow: UnitOfWork, organisation_id: int, narrowed: EntryFilter) -> Iterator[PostingLine]:
    """Every posting of a journal list, fetched as it is asked for.  Raises: JournalUnknown."""
    journal_id = _journal(uow, narrowed.journal).id if narrowed.journal else None
    return queries.journal_postings(uow.connection, uow.scope, organisation_id, narrowed, journal_id)


def _sought(uow: UnitOfWork, figure: Figure) -> Sought:
    def under(code: str, edition: int | None = None) -> list[int]:
        found = queries.accounts_under(uow.connection, uow.scope, code, edition)
        if not found:
            raise AccountUnknown(account=code)
        return found

    return Sought(
        figure,
        under(figure.account, figure.edition) if figure.account is not None else None,
        under(figure.against) if figure.against is not None else None,
        _journal(uow, figure.journal).id if figure.journal else None,
    )


def _cursor(line: SideLine) -> str:
    return f"{line.effective_on:%Y%m%d}.{line.entry_id}.{line.no}.{line.side}"


def _read_cursor(cursor: str) -> queries.Place:
    try:
        day, entry_id, no, side = cursor.split(".")
        begins = date.fromisoformat(day)
    except ValueError:
        raise CursorMalformed() from None
    return begins, number_in(entry_id), number_in(no, most=SMALLINT), number_in(side, most=1)


# ------------------------------------------------------------------------------------------------ saved views


def views(uow: UnitOfWork, organisation_id: int, roles: Sequence[str]) -> list[SavedView]:
    """Views that the asker keeps, and those shared with a role of theirs."""
    return queries.views(uow.connection, uow.scope, organisation_id, roles)


def save_view(
    uow: UnitOfWork,
    organisation_id: int,
    *,
    name: str,
    report: str,
    query: str,
    shared_with: str | None = None,
    start: bool = False,
) -> int:
    """Keep what a report was asked under a name.  Raises: ViewUnnamed, ViewNotKept, ViewNamedBefore."""
    name = rules.tidy_name(name)
    if len(query) > rules.LONGEST_QUERY:
        raise rules.ViewNotKept()
    view_id = queries.insert_view(
        uow.connection, uow.scope, organisation_id, name=name, report=report, query=query, shared_with=shared_with
    )
    if view_id is None:
        raise rules.ViewNamedBefore(name=name)
    _record(uow, organisation_id, "view-saved", view_id, name=name, report=report, shared_with=shared_with)
    if start:
        begin_with(uow, organisation_id, view_id, ())
    return view_id


def delete_view(uow: UnitOfWork, organisation_id: int, view_id: int) -> None:
    """Forget a view of one's own.  Raises: ViewUnknown."""
    name = queries.delete_view(uow.connection, uow.scope, organisation_id, view_id)
    if name is None:
        raise rules.ViewUnknown()
    _record(uow, organisation_id, "view-deleted", view_id, name=name)


def begin_with(uow: UnitOfWork, organisation_id: int, view_id: int, roles: Sequence[str]) -> None:
    """Make a view one's start page here.  Raises: ViewUnknown."""
    view = next((v for v in views(uow, organisation_id, roles) if v.id == view_id), None)
    if view is None:
        raise rules.ViewUnknown()
    queries.set_start(uow.connection, uow.scope, organisation_id, view_id)
    _record(uow, organisation_id, "start-page-set", view_id, name=view.name)


def begin_at_home(uow: UnitOfWork, organisation_id: int) -> None:
    """Begin at the organisation's own page again."""
    if queries.clear_start(uow.connection, uow.scope, organisation_id):
        subject = f"user:{uow.scope.actor.id}"
        audit.record(uow.connection, uow.scope, "start-page-unset", subject, organisation_id=organisation_id)


def starts(uow: UnitOfWork) -> dict[int, str]:
    """Address below the organisation's that the asker begins with, by organisation."""
    return queries.starts(uow.connection, uow.scope)


def _record(uow: UnitOfWork, organisation_id: int, action: str, view_id: int, **facts: Any) -> None:
    subject = f"view:{organisation_id}/{view_id}"
    audit.record(uow.connection, uow.scope, action, subject, organisation_id=organisation_id, **facts)
