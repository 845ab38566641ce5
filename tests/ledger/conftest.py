"""Two organisations' books with posted entries, and raw connections to them that roll back."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import psycopg
import pytest

from erp.base import uow
from erp.base.db import APPLICATION_ROLE
from ledger.model import Correction, Posting
from tests.factories.books import A_DAY, Books, scope_of, some_books
from tests.factories.patience import PATIENCE


@dataclass(frozen=True)
class Shelf:
    """Organisation 1 has one entry, organisation 2 has three, of which one cancels another."""

    url: str
    mine: Books
    theirs: Books
    cash: int
    revenue: int
    their_cash: int
    their_revenue: int
    entry_id: int
    their_entry_id: int


@pytest.fixture(scope="module")
def shelf(shared_database: str) -> Iterator[Shelf]:
    mine = some_books(shared_database, organisation=1)
    theirs = some_books(shared_database, organisation=2, accounts=mine.accounts)
    cash, revenue = mine.side("1010"), mine.side("6010")
    their_cash, their_revenue = theirs.side("1010"), theirs.side("6010")
    posted = mine.post(mine.entry(Posting(cash, revenue, 100_00), memo="ours"))
    kept = theirs.post(theirs.entry(Posting(their_cash, their_revenue, 200_00), memo="a secret of theirs"))
    wrong = theirs.post(theirs.entry(Posting(their_cash, their_revenue, 300_00), memo="a mistake of theirs"))
    storno = Correction(2, uuid4(), wrong.entry_id, 2026, A_DAY, "typed twice")
    uow.run(theirs.engine, scope_of(2), lambda u: u.post(storno))
    yield Shelf(shared_database, mine, theirs, cash, revenue, their_cash, their_revenue, posted.entry_id, kept.entry_id)
    mine.engine.dispose()
    theirs.engine.dispose()


def connect(url: str, *, role: str | None, autocommit: bool = False) -> psycopg.Connection:
    """A raw connection as the program makes it; ``None`` is the owner's."""
    options = f"-c statement_timeout={PATIENCE:.0f}s" + (f" -c role={role}" if role else "")
    return psycopg.connect(
        url.replace("postgresql+psycopg://", "postgresql://", 1), options=options, autocommit=autocommit
    )


@pytest.fixture
def application(shelf: Shelf) -> Iterator[psycopg.Connection]:
    """The application's own role, in scope of organisation 1; nothing it does stays."""
    with connect(shelf.url, role=APPLICATION_ROLE) as connection:
        in_scope(connection, 1)
        yield connection
        connection.rollback()


@pytest.fixture
def owner(shelf: Shelf) -> Iterator[psycopg.Connection]:
    """The owner of the tables; nothing it does stays."""
    with connect(shelf.url, role=None) as connection:
        yield connection
        connection.rollback()


def in_scope(connection: psycopg.Connection, *organisations: int) -> None:
    """Let the transaction read and write these books, as the unit of work does."""
    ids = ",".join(map(str, organisations))
    connection.execute("SELECT set_config('qazyna.reads', %s, true), set_config('qazyna.writes', %s, true)", [ids, ids])


def refusal(connection: psycopg.Connection, statement: str, parameters: object = None) -> str | None:
    """SQLSTATE of the statement's refusal; ``None`` where the database let it through."""
    try:
        with connection.transaction():
            connection.execute(statement, parameters)
    except psycopg.Error as error:
        return error.sqlstate
    return None
