from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from erp.base import uow
from erp.base.db import make_engine
from erp.base.scope import system_scope
from erp.finance.journal.imports.errors import ImportRefused
from erp.finance.journal.imports.model import ImportProgress, ImportResult
from erp.finance.journal.imports.service import import_journal
from erp.reference.counterparties import service as counterparties
from erp.reference.packages.service import load_shipped
from ledger import service as ledger
from ledger.model import PeriodState
from tests.factories.books import ACTOR, DECEMBER, JANUARY, Books, scope_of

BIN, IIN = "000140000002", "010340000120"
"""Two registered counterparties."""
GONE = "000340000014"
"""One that was liquidated at the end of June 2026."""


@dataclass
class Importer:
    """One organisation's open books of 2026 on the shipped chart, and the act of importing into them."""

    books: Books

    def __call__(
        self, path: Path, progress: Callable[[ImportProgress], None] = lambda _: None, rest: Path | None = None
    ) -> ImportResult:
        books = self.books
        return import_journal(books.engine, scope_of(books.organisation), books.organisation, path, progress, rest)

    def refused(self, path: Path) -> list[tuple[int, str, str, str]]:
        """Line, column, what was found and the reason's code of each refused cell."""
        with pytest.raises(ImportRefused) as refusal:
            self(path)
        assert self.held() == (0, 0)
        return [(r.line, r.column, r.found, r.error.code) for r in refusal.value.refused]

    def held(self) -> tuple[int, int]:
        """Postings and imports that these books hold."""
        statement = "SELECT (SELECT count(*) FROM ledger_posting), (SELECT count(*) FROM finance_journal_import)"
        ((postings, imports),) = self.ask(statement)
        return postings, imports

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        rows = uow.read(
            self.books.engine, scope_of(self.books.organisation), lambda u: u.execute(text(statement)).all()
        )
        return [tuple(row) for row in rows]

    def turnovers(self) -> dict[str, tuple[int, int]]:
        """Debit and credit turnover by account, from the period balances."""
        rows = self.ask("""
            SELECT a.code, sum(b.debit_tiyn)::bigint, sum(b.credit_tiyn)::bigint
              FROM ledger_account_balance b JOIN ledger_account a ON a.id = b.account_id GROUP BY 1
        """)
        return {str(code): (debit, credit) for code, debit, credit in rows}


@pytest.fixture(scope="module")
def registers(shared_database: str) -> str:
    """A database with the shipped packages, the counterparties, an account that ends in June 2026, one withdrawn."""
    owner = make_engine(shared_database, role=None, pool=1)
    with owner.begin() as connection:
        load_shipped(connection, system_scope())
        connection.execute(
            text("""
                INSERT INTO ledger_account (code, name_kk, name_ru, name_en, kind, normal_side, postable, in_force,
                                            confidence)
                VALUES ('1999', 'x', 'x', 'x', 'asset', 'debit', true, '[2026-01-01,2026-07-01)', 'high'),
                       ('1998', 'x', 'x', 'x', 'asset', 'debit', true, 'empty', 'high')
            """)
        )
    commands = [counterparties.RegisterCounterparty(code, code) for code in (BIN, GONE)]
    uow.run(owner, system_scope(), lambda u: counterparties.register(u, commands))
    with owner.begin() as connection:
        ended = "UPDATE reference_counterparty SET in_force = '(,2026-07-01)' WHERE code = :code"
        connection.execute(text(ended), {"code": GONE})
    owner.dispose()
    return shared_database


_organisations = count(1)


@pytest.fixture
def importer(registers: str) -> Iterator[Importer]:
    """Books of an organisation of the test's own; November 2026 is closed, 2027 was never opened."""
    organisation = next(_organisations)
    engine = make_engine(registers, pool=3)

    def open_books(u: uow.UnitOfWork) -> None:
        ledger.open_books(u.connection, organisation, str(organisation), JANUARY, DECEMBER, ACTOR)
        ledger.set_period(u.connection, organisation, date(2026, 11, 1), PeriodState.CLOSED, ACTOR)
        counterparties.register(u, [counterparties.RegisterCounterparty(IIN, IIN)], organisation)

    uow.run(engine, scope_of(organisation), open_books)
    yield Importer(Books(engine, organisation, {}))
    engine.dispose()
