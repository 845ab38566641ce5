"""The unit of work under many hands, deadlocks and lost connections."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import DBAPIError, InternalError, OperationalError

from erp.base import uow
from erp.base.db import make_engine
from erp.base.errors import RuleViolated
from erp.base.scope import Scope
from ledger import errors
from ledger import service as ledger
from ledger.checks import disagreements
from ledger.model import Correction, Posted, Posting
from tests.factories.books import A_DAY, ACTOR, Books, scope_of, some_books
from tests.factories.patience import PATIENCE

POOL = 8
SCOPE = scope_of(1)


class NoThanks(RuleViolated):
    code = "no-thanks"
    template = "No."


@pytest.fixture(scope="module")
def kept(shared_database: str) -> Iterator[Books]:
    """Books beside a table of two rows that commands fight for."""
    owner = make_engine(shared_database, role=None, pool=1)
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CREATE TABLE hot (id int PRIMARY KEY, n int NOT NULL)"))
        connection.execute(text("INSERT INTO hot VALUES (1, 0), (2, 0)"))
        connection.execute(text("GRANT SELECT, UPDATE ON hot TO qazyna_app"))
        database = connection.execute(text("SELECT current_database()")).scalar_one()
        connection.execute(text(f"ALTER DATABASE {database} SET deadlock_timeout = '30ms'"))
    owner.dispose()
    books = some_books(shared_database, pool=POOL)
    yield books
    books.engine.dispose()


@pytest.fixture
def books(kept: Books) -> Iterator[Books]:
    """The same books; whatever a test did, they agree with their postings after it."""
    yield kept
    assert read(kept, disagreements(1)) == []


def read(books: Books, statement: str, **parameters: Any) -> list[Any]:
    found: list[Any] = uow.read(books.engine, SCOPE, lambda u: u.execute(text(statement), parameters).all())
    return found


def entries(books: Books) -> int:
    return int(read(books, "SELECT count(*) FROM ledger_entry")[0][0])


def touch(u: uow.UnitOfWork, row: int = 1) -> None:
    u.execute(text("UPDATE hot SET n = n + 1 WHERE id = :id"), {"id": row})


def touched(books: Books, row: int = 1) -> int:
    return int(read(books, "SELECT n FROM hot WHERE id = :id", id=row)[0][0])


def together(*commands: Callable[[], Any], threads: int | None = None) -> list[Any]:
    with ThreadPoolExecutor(threads or len(commands)) as executor:
        futures = [executor.submit(command) for command in commands]
        return [future.result(timeout=PATIENCE) for future in futures]


# ------------------------------------------------------------------------------------------------ many hands


@pytest.mark.parametrize("threads", [POOL, 64], ids=["as many threads as connections", "more threads than connections"])
def test_64_requests_on_one_row_and_one_account_all_pass(books: Books, threads: int) -> None:
    sides = books.side("1010"), books.side("6010")
    posted_before, touched_before = entries(books), touched(books)

    def command(u: uow.UnitOfWork) -> uow.Receipt:
        touch(u)
        return u.post(books.entry(Posting(*sides, 1)))

    requests = [lambda: uow.run(books.engine, SCOPE, command)()] * 64
    numbers = [posted.number for posted in together(*requests, threads=threads)]
    assert sorted(numbers) == list(range(min(numbers), min(numbers) + 64))
    assert entries(books) == posted_before + 64
    assert touched(books) == touched_before + 64


def test_writers_over_shared_accounts_lose_and_double_nothing(books: Books) -> None:
    a, b, c = books.side("1010"), books.side("6010"), books.side("7060")
    before = entries(books)

    def writer(n: int) -> int:
        orders = [(a, b), (b, c), (c, a)]
        for round_ in range(6):
            first, second = orders[(n + round_) % 3], orders[(n + round_ + 1) % 3]

            def two(u: uow.UnitOfWork, first: Any = first, second: Any = second) -> None:
                u.post(books.entry(Posting(*first, 3)))
                u.post(books.entry(Posting(*second, 5)))

            batch, key = [books.entry(Posting(*second, 1)), books.entry(Posting(*first, 1))], uuid4()

            def many(u: uow.UnitOfWork, batch: Any = batch, key: UUID = key) -> None:
                ledger.post_many(u.connection, 1, key, batch, ACTOR, ledger.Source("import", n))

            uow.run(books.engine, SCOPE, two)
            uow.run(books.engine, SCOPE, many)
        return 6 * 4

    assert sum(together(*[lambda n=n: writer(n) for n in range(POOL)])) == entries(books) - before


def test_commands_of_one_entry_or_one_batch_never_deadlock(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    reruns: list[float] = []
    monkeypatch.setattr(uow.time, "sleep", reruns.append)
    a, b, c = books.side("1010"), books.side("6010"), books.side("7060")
    orders = [(a, b), (b, c), (c, a)]

    def writer(n: int) -> None:
        for round_ in range(6):
            first, second = orders[(n + round_) % 3], orders[(n + round_ + 1) % 3]
            books.post(books.entry(Posting(*first, 3), Posting(*second, 5)))
            books.post(books.entry(Posting(*first, 3)))
            batch = [books.entry(Posting(*second, 1)), books.entry(Posting(*first, 1), journal_id=2)]
            key = uuid4()

            def many(u: uow.UnitOfWork, batch: Any = batch, key: UUID = key) -> None:
                ledger.post_many(u.connection, 1, key, batch, ACTOR, ledger.Source("import", n))

            uow.run(books.engine, SCOPE, many)

    together(*[lambda n=n: writer(n) for n in range(POOL)])
    assert reruns == []


def test_one_key_sent_by_many_at_once_posts_once(books: Books) -> None:
    entry = books.entry(Posting(books.side("1010"), books.side("6010"), 1))
    before = entries(books)
    posted = together(*[lambda: books.post(entry)] * POOL)
    assert {(p.entry_id, p.number) for p in posted} == {(posted[0].entry_id, posted[0].number)}
    assert [p.is_new for p in posted].count(True) == 1
    assert entries(books) == before + 1


def test_an_entry_cancelled_by_many_at_once_is_cancelled_once(books: Books) -> None:
    entry = books.post(books.entry(Posting(books.side("1010"), books.side("6010"), 1)))

    def cancel() -> bool:
        storno = Correction(1, uuid4(), entry.entry_id, 2026, A_DAY, "typed twice")
        try:
            uow.run(books.engine, SCOPE, lambda u: u.post(storno))
        except errors.AlreadyCorrected:
            return False
        return True

    assert together(*[cancel] * POOL).count(True) == 1


def test_one_subaccount_named_by_many_at_once_is_one(books: Books) -> None:
    assert len(set(together(*[lambda: books.side("3210", counterparty="010140000007")] * POOL))) == 1


# ------------------------------------------------------------------------------------------------ reruns


def test_a_deadlock_is_rerun_and_reaches_nobody(books: Books) -> None:
    sides = books.side("1010"), books.side("6010")
    posted_before, touched_before = entries(books), touched(books, 1) + touched(books, 2)
    meet, attempts = Barrier(2, timeout=PATIENCE), []

    def command(first: int, second: int, key: UUID) -> Posted:
        def work(u: uow.UnitOfWork) -> uow.Receipt:
            attempts.append(first)
            touch(u, first)
            if attempts.count(first) == 1:
                meet.wait()
            touch(u, second)
            return u.post(books.entry(Posting(*sides, 1), key=key))

        return uow.run(books.engine, SCOPE, work)()

    posted = together(lambda: command(1, 2, uuid4()), lambda: command(2, 1, uuid4()))
    assert [p.is_new for p in posted] == [True, True]
    assert len(attempts) == 3
    assert entries(books) == posted_before + 2
    assert touched(books, 1) + touched(books, 2) == touched_before + 4


def test_opposite_orders_all_the_time_still_reach_nobody(books: Books) -> None:
    before = touched(books, 1)

    def command(first: int, second: int) -> Callable[[], None]:
        def work(u: uow.UnitOfWork) -> None:
            touch(u, first)
            touch(u, second)

        return lambda: uow.run(books.engine, SCOPE, work)

    together(*[command(1, 2), command(2, 1)] * 20, threads=4)
    assert touched(books, 1) == before + 40


def test_a_command_that_never_comes_through_is_busy(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uow, "_LONGEST_PAUSE", 0)
    attempts = []

    def work(u: uow.UnitOfWork) -> None:
        attempts.append(1)
        u.execute(text("DO $$ BEGIN RAISE EXCEPTION 'once more' USING ERRCODE = 'serialization_failure'; END $$"))

    with pytest.raises(uow.Busy):
        uow.run(books.engine, SCOPE, work)
    assert len(attempts) > 3


def test_a_row_locked_too_long_is_busy_and_nothing_is_saved(books: Books) -> None:
    before = touched(books, 2)

    def work(u: uow.UnitOfWork) -> None:
        u.execute(text("SET LOCAL lock_timeout = '30ms'"))
        touch(u, 2)
        touch(u, 1)

    with books.engine.begin() as holder:
        holder.execute(text("SELECT FROM hot WHERE id = 1 FOR UPDATE"))
        with pytest.raises(uow.Busy):
            uow.run(books.engine, SCOPE, work)
    assert touched(books, 2) == before


# ------------------------------------------------------------------------------------------------ lost connections


def cut(books: Books, connection: Connection) -> None:
    """End the connection's backend from outside, and wait until it is gone."""
    pid = connection.connection.driver_connection.info.backend_pid  # type: ignore[union-attr]
    owner = make_engine(books.engine.url.render_as_string(hide_password=False), role=None, pool=1)
    with owner.connect() as other:
        other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    owner.dispose()


@pytest.mark.parametrize("committed", [False, True], ids=["before the commit", "after it, the answer lost"])
def test_a_retry_after_the_connection_was_lost_at_commit_posts_once(books: Books, committed: bool) -> None:
    sides = books.side("1010"), books.side("6010")
    entry = books.entry(Posting(*sides, 1))
    posted_before, touched_before = entries(books), touched(books)

    def command() -> Posted:
        def work(u: uow.UnitOfWork) -> uow.Receipt:
            touch(u)
            return u.post(entry)

        return uow.run(books.engine, SCOPE, work)()

    def lose(connection: Connection) -> None:
        if committed:
            connection.connection.driver_connection.commit()  # type: ignore[union-attr]
        cut(books, connection)
        if committed:  # the driver would take its own commit for done
            raise OperationalError("COMMIT", None, psycopg.OperationalError("connection lost"))

    event.listen(books.engine, "commit", lose, once=True)
    with pytest.raises(OperationalError):
        command()
    assert entries(books) == posted_before + committed
    again = command()
    assert again.is_new is not committed
    assert entries(books) == posted_before + 1
    assert command() == Posted(again.entry_id, again.fiscal_year, again.number, False)
    assert touched(books) == touched_before + committed + 2  # work beside the entry asks its key itself


def test_an_entry_over_known_sides_is_one_statement_and_leaves_the_connection_as_it_was(books: Books) -> None:
    sides, engine = (
        (books.side("1010"), books.side("6010")),
        make_engine(books.engine.url.render_as_string(False), pool=1),
    )
    edition, commits = uow.read(engine, SCOPE, lambda u: ledger.edition(u.connection)), []
    event.listen(engine, "commit", lambda _: commits.append(1))

    def post(tiyn: int, edition: int) -> Posted:
        entry = books.entry(Posting(*sides, tiyn))
        return uow.run(engine, SCOPE, lambda u: u.post(entry, edition=edition))()

    before = entries(books)
    assert post(1, edition).is_new
    with pytest.raises(errors.AmountZero):
        post(0, edition)
    with pytest.raises(errors.EditionPassed):
        post(1, edition - 1)
    assert commits == []
    with engine.connect() as connection:
        assert connection.connection.driver_connection.autocommit is False  # type: ignore[union-attr]
    assert entries(books) == before + 1
    engine.dispose()


def test_an_entry_alone_whose_connection_breaks_is_sent_again_under_its_key(books: Books) -> None:
    sides, engine = (
        (books.side("1010"), books.side("6010")),
        make_engine(books.engine.url.render_as_string(False), pool=2),
    )
    edition, before = uow.read(engine, SCOPE, lambda u: ledger.edition(u.connection)), entries(books)
    with engine.connect() as one, engine.connect() as other:
        cut(books, one)
        cut(books, other)
    entry = books.entry(Posting(*sides, 1))
    assert uow.run(engine, SCOPE, lambda u: u.post(entry, edition=edition))().is_new
    assert entries(books) == before + 1
    engine.dispose()


def test_a_connection_cut_between_requests_is_replaced(books: Books) -> None:
    with books.engine.connect() as connection:
        cut(books, connection)
    assert books.post(books.entry(Posting(books.side("1010"), books.side("6010"), 1))).is_new


# ------------------------------------------------------------------------------------------------ refusals


def test_a_refusal_saves_nothing(books: Books) -> None:
    sides = books.side("1010"), books.side("6010")
    before = entries(books), touched(books)

    def refused_by_the_command(u: uow.UnitOfWork) -> None:
        touch(u)
        u.post(books.entry(Posting(*sides, 1)))
        ledger.post_entry(u.connection, books.entry(Posting(*sides, 2)), ACTOR)
        raise NoThanks

    def refused_by_the_ledger(u: uow.UnitOfWork) -> None:
        touch(u)
        u.post(books.entry(Posting(*sides, 1)))
        u.post(books.entry(Posting(*sides, 0)))

    with pytest.raises(NoThanks):
        uow.run(books.engine, SCOPE, refused_by_the_command)
    with pytest.raises(errors.AmountZero):
        uow.run(books.engine, SCOPE, refused_by_the_ledger)
    assert (entries(books), touched(books)) == before


def test_any_other_database_error_passes_unchanged(books: Books) -> None:
    with pytest.raises(DBAPIError) as unforeseen:
        uow.run(books.engine, SCOPE, lambda u: u.execute(text("SELECT 1 / 0")))
    assert unforeseen.value.orig.sqlstate == "22012"  # type: ignore[union-attr]


def test_an_amount_no_integer_holds_is_refused_however_it_is_posted(books: Books) -> None:
    entry = books.entry(Posting(books.side("1010"), books.side("6010"), 2**63))
    with pytest.raises(errors.AmountTooLarge):
        books.post(entry)
    with pytest.raises(errors.AmountTooLarge):
        uow.run(
            books.engine,
            SCOPE,
            lambda u: ledger.post_many(u.connection, 1, uuid4(), [entry], ACTOR, ledger.Source("import", 1)),
        )


def test_entries_are_posted_last_and_in_one_order(books: Books) -> None:
    sides = books.side("1010"), books.side("6010")
    late, early = A_DAY.replace(day=20), A_DAY.replace(day=2)

    def work(u: uow.UnitOfWork) -> list[uow.Receipt]:
        receipts = [u.post(books.entry(Posting(*sides, 1), on=day)) for day in (late, early)]
        with pytest.raises(AssertionError):
            receipts[0]()
        return receipts

    receipts = uow.run(books.engine, SCOPE, work)
    assert receipts[0]().number == receipts[1]().number + 1


# ------------------------------------------------------------------------------------------------ scope and snapshot


def test_a_scope_ends_with_its_transaction(books: Books) -> None:
    books.post(books.entry(Posting(books.side("1010"), books.side("6010"), 1)))
    nobody = Scope(ACTOR)
    count = text("SELECT count(*) FROM ledger_entry")

    def seen(engine: Engine, scope: Scope) -> int:
        return int(uow.read(engine, scope, lambda u: u.execute(count).scalar_one()))

    one_connection = make_engine(books.engine.url.render_as_string(hide_password=False), pool=1)
    assert seen(one_connection, SCOPE) > 0
    assert seen(one_connection, nobody) == 0
    uow.run(one_connection, SCOPE, lambda u: u.execute(count))
    assert seen(one_connection, nobody) == 0
    one_connection.dispose()


def test_who_only_reads_cannot_post(books: Books) -> None:
    entry = books.entry(Posting(books.side("1010"), books.side("6010"), 1))
    reader = Scope(ACTOR, reads=frozenset({1}))
    with pytest.raises(errors.ForeignOrganisation):
        uow.run(books.engine, reader, lambda u: u.post(entry))


def test_a_reading_is_of_one_instant(books: Books) -> None:
    entry = books.entry(Posting(books.side("1010"), books.side("6010"), 1))
    count = text("SELECT count(*) FROM ledger_entry")

    def twice(u: uow.UnitOfWork) -> tuple[int, int]:
        before = u.execute(count).scalar_one()
        books.post(entry)
        return before, u.execute(count).scalar_one()

    before, after = uow.read(books.engine, SCOPE, twice)
    assert before == after == entries(books) - 1


def test_a_reading_writes_nothing(books: Books) -> None:
    entry = books.entry(Posting(books.side("1010"), books.side("6010"), 1))
    with pytest.raises(InternalError) as refusal:
        uow.read(books.engine, SCOPE, touch)
    assert refusal.value.orig.sqlstate == "25006"  # type: ignore[union-attr]
    with pytest.raises(errors.SnapshotTooOld):
        uow.read(books.engine, SCOPE, lambda u: ledger.post_entry(u.connection, entry, ACTOR))
    uow.run(books.engine, SCOPE, touch)  # the connection is not left read-only
