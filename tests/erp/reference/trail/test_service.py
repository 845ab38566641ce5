"""Reading the trail: every change is there once, in order, page by page; what changed nothing is not."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from erp.base import audit, uow
from erp.base.cursors import CursorMalformed
from erp.base.db import make_engine
from erp.base.scope import WHOLE_SYSTEM, Scope
from erp.base.uow import UnitOfWork
from erp.finance.journal import service as journal
from erp.reference.trail import service
from erp.reference.trail.model import EntrySubject, TrailEvent, TrailFilter
from ledger import service as ledger
from ledger.errors import LedgerError, ReasonMissing
from ledger.model import Actor, Correction, Posting
from tests.factories.books import ACTOR, Books, some_books

AUDITOR = Scope(Actor(9, "test"), reads=frozenset({1}), audits=frozenset({1, WHOLE_SYSTEM}))
BOOKKEEPER = Scope(ACTOR, writes=frozenset({1}), adjusts=frozenset({1}))


@pytest.fixture
def books(database: str) -> Iterator[Books]:
    books = some_books(database)
    owner = make_engine(database, role=None, pool=1)
    with owner.begin() as c:
        c.execute(text("""
            INSERT INTO reference_user (id, login, name, password_hash, language) OVERRIDING SYSTEM VALUE
            VALUES (7, 'aigul', 'Айгүл', '', 'kk'), (8, 'dinara', 'Динара', '', 'kk')
        """))  # fmt: skip
    owner.dispose()
    yield books
    books.engine.dispose()


def trail(books: Books, asked: TrailFilter | None = None, *, organisation: int | None = 1) -> list[TrailEvent]:
    """All of it, three to a page."""
    events: list[TrailEvent] = []
    cursor: str | None = None
    while True:
        page = uow.read(
            books.engine,
            AUDITOR,
            lambda u: service.trail(u, organisation, asked or TrailFilter(), cursor, 3),  # noqa: B023
        )
        events += page.events
        cursor = page.next_cursor
        if cursor is None:
            return events


# ------------------------------------------------------------------------------------------------ any commands


@dataclass
class Clerk:
    """Does one act after another, and counts those that changed something."""

    books: Books
    changes: list[str]
    entries: list[int]

    def run(self, act: Callable[[UnitOfWork], object]) -> None:
        uow.run(self.books.engine, BOOKKEEPER, act)

    def post(self, _: date) -> None:
        sides = self.books.side("1010"), self.books.side("6010")
        self.entries.append(self.books.post(self.books.entry(Posting(*sides, 5), on=date(2026, 12, 31))).entry_id)
        self.changes.append("posted-ordinary")

    def storno(self, _: date) -> None:
        if self.entries:
            day = date(2026, 12, 31)
            self.run(lambda u: u.post(Correction(1, uuid4(), self.entries[-1], 2026, day, "typed twice")))
            self.entries.pop()
            self.changes.append("posted-storno")

    def lock(self, month: date, action: str, act: Callable[[UnitOfWork], None]) -> None:
        before = self.state(month)
        with suppress(ReasonMissing):  # a closed month is not loosened without one
            self.run(act)
        if self.state(month) != before:
            self.changes.append(action)

    def state(self, month: date) -> str:
        months = uow.read(self.books.engine, BOOKKEEPER, lambda u: journal.months(u, 1))
        return next(m.state for m in months if m.month == month)

    def close(self, month: date) -> None:
        self.lock(month, "month-closed", lambda u: journal.close_month(u, 1, month))

    def restrict(self, month: date) -> None:
        self.lock(month, "month-restricted", lambda u: journal.restrict_month(u, 1, month))

    def reopen(self, month: date) -> None:
        self.lock(month, "month-reopened", lambda u: journal.reopen_month(u, 1, month, "a late bill"))

    def rename(self, month: date) -> None:
        name = {"name": str(month.month % 2)}
        self.run(lambda u: audit.record(
            u.connection, u.scope, "user-renamed", "user:8", organisation_id=1, before={"name": "0"}, after=name
        ))  # fmt: skip
        if name != {"name": "0"}:
            self.changes.append("user-renamed")

    def undone(self, _: date) -> None:
        """A command that is refused after it has told: nothing of it stays."""

        def act(u: UnitOfWork) -> None:
            audit.record(u.connection, u.scope, "user-renamed", "user:8", organisation_id=1)
            journal.close_month(u, 1, date(1999, 1, 1))

        with pytest.raises(LedgerError):
            self.run(act)


ACTS = (Clerk.post, Clerk.storno, Clerk.close, Clerk.restrict, Clerk.reopen, Clerk.rename, Clerk.undone)


@settings(max_examples=12)
@given(acts=st.lists(st.tuples(st.sampled_from(ACTS), st.integers(1, 3)), max_size=12))
def test_the_trail_holds_every_change_once_and_nothing_else(
    books: Books, acts: list[tuple[Callable[[Clerk, date], None], int]]
) -> None:
    before = trail(books)
    clerk = Clerk(books, [], [])
    for act, month in acts:
        act(clerk, date(2026, month, 1))
    found = trail(books)
    assert found[len(found) - len(before) :] == before, "what is told stays as it was told"
    assert [e.action for e in reversed(found[: len(found) - len(before)])] == clerk.changes
    assert [(e.at, e.source, e.id) for e in found] == sorted(((e.at, e.source, e.id) for e in found), reverse=True)


def test_years_are_told_with_their_reason(books: Books) -> None:
    for month in range(1, 13):
        uow.run(books.engine, BOOKKEEPER, lambda u, m=month: journal.close_month(u, 1, date(2026, m, 1)))  # type: ignore[misc]
    memos = ["close", "result", "carry"]
    uow.run(books.engine, BOOKKEEPER, lambda u: ledger.close_year(u.connection, 1, 2026, uuid4(), 3, memos, ACTOR))
    uow.run(books.engine, BOOKKEEPER, lambda u: journal.reopen_year(u, 1, 2026, uuid4(), "the act of the audit"))
    year = uow.read(books.engine, AUDITOR, lambda u: service.timeline(u, "year:1/2026")).events
    assert [(e.action, e.before, e.after, e.facts["reason"]) for e in year] == [
        ("year-reopened", {"state": "closed"}, {"state": "open"}, "the act of the audit"),
        ("year-closed", {"state": "open"}, {"state": "closed"}, ""),
    ]
    december = uow.read(books.engine, AUDITOR, lambda u: service.timeline(u, "month:1/2026-12")).events
    assert [e.action for e in december] == ["month-restricted", "month-closed"]


# ------------------------------------------------------------------------------------------------ documents, filters


def test_an_entry_s_timeline_has_what_was_done_to_it_under_every_name(books: Books) -> None:
    posted = books.post(books.entry(Posting(books.side("1010"), books.side("6010"), 5)))
    other = books.post(books.entry(Posting(books.side("1010"), books.side("6010"), 6)))
    subject = str(EntrySubject(1, 2026, posted.entry_id))

    def tell(u: UnitOfWork) -> None:
        for about in (subject, "prepared:1/3", "prepared:1/4", f"entry:1/2026/{other.entry_id}"):
            audit.record(u.connection, u.scope, f"told of {about}", about, organisation_id=1)

    uow.run(books.engine, BOOKKEEPER, tell)
    storno = Correction(1, uuid4(), posted.entry_id, 2026, date(2026, 3, 20), "typed twice")
    by = uow.run(books.engine, BOOKKEEPER, lambda u: u.post(storno))()
    found = uow.read(books.engine, AUDITOR, lambda u: service.timeline(u, subject, "prepared:1/3")).events
    assert [e.action for e in found] == [
        "cancelled-storno", "told of prepared:1/3", f"told of {subject}", "posted-ordinary",
    ]  # fmt: skip
    assert found[0].facts == {"reason": "typed twice", "number": by.number}
    assert [(e.actor, e.login, e.origin) for e in found] == [("Айгүл", "aigul", "test")] * 4
    its = uow.read(books.engine, AUDITOR, lambda u: service.timeline(u, f"entry:1/2026/{by.entry_id}")).events
    assert [(e.action, e.facts) for e in its] == [("posted-storno", {"reason": "typed twice"})]
    narrowed = trail(books, TrailFilter(subject=subject))
    assert [e.action for e in narrowed] == ["cancelled-storno", f"told of {subject}", "posted-ordinary"]


def test_a_delegate_is_told_with_whose_rights_he_used(books: Books) -> None:
    delegate = Scope(ACTOR, writes=frozenset({1}), on_behalf_of=8)
    entry = books.entry(Posting(books.side("1010"), books.side("6010"), 5))
    uow.run(books.engine, delegate, lambda u: u.post(entry, edition=ledger.edition(u.connection)))
    uow.run(books.engine, delegate, lambda u: journal.close_month(u, 1, date(2026, 7, 1)))
    uow.run(books.engine, delegate, lambda u: audit.record(u.connection, u.scope, "told", "user:5", organisation_id=1))
    assert [(e.source, e.actor, e.principal) for e in trail(books)] == [
        ("event", "Айгүл", "Динара"),
        ("month", "Айгүл", "Динара"),
        ("entry", "Айгүл", "Динара"),
    ]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (TrailFilter(who="dinara"), ["c"]),
        (TrailFilter(who="айг"), ["b", "a"]),
        (TrailFilter(who="nobody"), []),
        (TrailFilter(action="b"), ["b"]),
        (TrailFilter(subject="user"), ["c", "a"]),
        (TrailFilter(subject="user:5"), ["a"]),
        (TrailFilter(subject="use"), []),
        (TrailFilter(first=date(2999, 1, 1)), []),
        (TrailFilter(last=date(1999, 1, 1)), []),
        (TrailFilter(first=date.min, last=date.max), ["c", "b", "a"]),
    ],
)
def test_the_trail_is_narrowed(books: Books, asked: TrailFilter, found: list[str]) -> None:
    for action, actor, subject in (("a", 7, "user:5"), ("b", 7, "organisation:1"), ("c", 8, "user:6")):
        scope = Scope(Actor(actor, "test"))
        uow.run(
            books.engine,
            scope,
            lambda u, a=action, s=subject: audit.record(u.connection, u.scope, a, s, organisation_id=1),  # type: ignore[misc]
        )
        uow.run(books.engine, scope, lambda u, a=action: audit.record(u.connection, u.scope, f"system-{a}", "user:5"))  # type: ignore[misc]
    assert [e.action for e in trail(books, asked)] == found
    system = trail(books, organisation=None)
    assert [e.action for e in system] == ["system-c", "system-b", "system-a"]


@pytest.mark.parametrize(
    "cursor", ["", "1", "x.event.1", "1.event.x", f"{10**30}.event.1", f"1.event.{2**63}", "1.2.3.4"]
)
def test_a_damaged_cursor_is_refused_in_a_sentence(books: Books, cursor: str) -> None:
    def ask(u: UnitOfWork) -> object:
        return service.trail(u, 1, TrailFilter(), cursor)

    if cursor:
        with pytest.raises(CursorMalformed):
            uow.read(books.engine, AUDITOR, ask)
    else:
        uow.read(books.engine, AUDITOR, ask)


def test_locks_and_closes_that_schema_0010_wrote_down_twice_are_told_once(books: Books) -> None:
    uow.run(books.engine, BOOKKEEPER, lambda u: journal.close_month(u, 1, date(2026, 1, 1)))

    def as_then(u: UnitOfWork) -> None:
        for action, subject in (("month-closed", "month:2026-01"), ("year-closed", "year:2025")):
            audit.record(u.connection, u.scope, action, subject, organisation_id=1)

    uow.run(books.engine, BOOKKEEPER, as_then)
    assert [(e.action, e.subject) for e in trail(books)] == [("month-closed", "month:1/2026-01")]
