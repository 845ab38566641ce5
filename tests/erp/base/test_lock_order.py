"""Commands that post several entries take their locks in one order: none of them is ever run again."""

import random
from concurrent.futures import ThreadPoolExecutor

from erp.base import uow
from ledger.model import Posting
from tests.factories.books import scope_of, some_books


def test_commands_of_several_entries_never_deadlock(database: str) -> None:
    books = some_books(database, pool=8)
    sides = [books.side(code) for code in ("1010", "1316", "6010", "7060")]
    attempts: list[int] = []

    def post_three(seed: int) -> None:
        draw = random.Random(seed)  # noqa: S311
        entries = [books.entry(Posting(*draw.sample(sides, 2), 100), journal_id=draw.choice([1, 2])) for _ in range(3)]

        def command(u: uow.UnitOfWork) -> None:
            attempts.append(seed)
            for entry in entries:
                u.post(entry)

        uow.run(books.engine, scope_of(books.organisation), command)

    with ThreadPoolExecutor(8) as writers:
        list(writers.map(post_three, range(64)))
    books.engine.dispose()
    assert sorted(attempts) == list(range(64))
