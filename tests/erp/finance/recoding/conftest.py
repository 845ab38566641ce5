from collections.abc import Iterator
from itertools import count

import pytest
from sqlalchemy import Engine, text

from erp.base.db import make_engine
from tests.factories.books import Books, a_chart, some_books

# New codes beside those of the tests' chart, from April on: an account for each of a kind, and one that asks for more.
_NEW = """
    INSERT INTO ledger_account (code, name_kk, name_ru, name_en, kind, normal_side, postable, mandatory, permitted,
                                keeps_quantity, confidence, in_force)
    SELECT code, code, code, code, kind, normal_side, postable, mandatory, permitted, false, 'high', '[2026-04-01,)'
      FROM (VALUES ('1011', 'asset', 'debit', true, 0, 0), ('1317', 'asset', 'debit', true, 0, 160),
                   ('3211', 'liability', 'credit', true, 8, 24), ('7061', 'expense', 'debit', true, 0, 3),
                   ('3212', 'liability', 'credit', true, 24, 24), ('3213', 'liability', 'credit', true, 0, 0),
                   ('3200', 'liability', 'credit', false, 0, 0), ('02', 'off_balance', 'debit', true, 0, 0))
           AS n(code, kind, normal_side, postable, mandatory, permitted);
    INSERT INTO ledger_journal (code, name_kk, name_ru, name_en, confidence) VALUES ('OPEN', 'o', 'o', 'o', 'high');
"""


@pytest.fixture(scope="module")
def accounts(shared_database: str) -> dict[str, int]:
    made = a_chart(shared_database)
    owner = make_engine(shared_database, role=None, pool=1)
    with owner.begin() as connection:
        connection.execute(text(_NEW))
        made |= {a.code: a.id for a in connection.execute(text("SELECT code, id FROM ledger_account"))}
    owner.dispose()
    return made


@pytest.fixture(scope="module")
def owner(shared_database: str) -> Iterator[Engine]:
    engine = make_engine(shared_database, role=None, pool=2)
    yield engine
    engine.dispose()


_organisations = count(1)


@pytest.fixture
def books(shared_database: str, accounts: dict[str, int]) -> Iterator[Books]:
    """Books of an organisation of the test's own."""
    books = some_books(shared_database, organisation=next(_organisations), accounts=accounts, pool=2)
    yield books
    books.engine.dispose()
