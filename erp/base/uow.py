"""The unit of work: one command, one transaction, one thread."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from erp.base.errors import Conflict
from erp.base.scope import Scope
from ledger import service as ledger
from ledger.model import JournalEntry, Posted, Storno

T = TypeVar("T")

_ATTEMPTS = 12
_LONGEST_PAUSE = 0.3  # seconds before a rerun
_RETRIED = {"40001", "40P01"}  # serialization failure, deadlock: the whole command runs again under its key
_BUSY = "55P03"  # lock timeout

_SET_SCOPE = text(
    "SELECT set_config('qazyna.reads', :reads, true), set_config('qazyna.writes', :writes, true),"
    " set_config('qazyna.actor', :actor, true)"
)


class Busy(Conflict):
    code = "busy"
    template = "Others are working on the same records just now. Nothing was saved; send it again."


@dataclass
class Receipt:
    """What became of an entry; filled when the unit of work posts, just before it commits."""

    posted: Posted | None = None

    def __call__(self) -> Posted:
        assert self.posted is not None, "the unit of work has not posted yet"
        return self.posted


@dataclass
class UnitOfWork:
    """What a command works with: a connection, its scope, and the entries to post last."""

    connection: Connection
    scope: Scope
    _pending: list[tuple[JournalEntry | Storno, Receipt]] = field(default_factory=list)

    def post(self, entry: JournalEntry | Storno) -> Receipt:
        """Leave an entry to be posted, with the command's others, as the last step before commit."""
        receipt = Receipt()
        self._pending.append((entry, receipt))
        return receipt

    def execute(self, statement: Any, parameters: Any = None) -> Any:
        return self.connection.execute(statement, parameters)

    def _post_pending(self) -> None:
        """Sorted by number series, the shared balance rows taken first: two commands lock in one order."""
        pending = sorted(self._pending, key=lambda p: _series(p[0]))
        if len(pending) > 1:
            for organisation_id, group in groupby((entry for entry, _ in pending), key=lambda e: e.organisation_id):
                ledger.lock_balances(self.connection, organisation_id, list(group))
        for entry, receipt in pending:
            if isinstance(entry, Storno):
                receipt.posted = ledger.storno(self.connection, entry, self.scope.actor)
            else:
                receipt.posted = ledger.post_entry(self.connection, entry, self.scope.actor)
        self._pending.clear()


def _series(entry: JournalEntry | Storno) -> tuple[int, int, date, UUID]:
    """Where an entry's number is drawn, and its place there; a storno draws from the series of what it cancels."""
    journal_id = entry.journal_id if isinstance(entry, JournalEntry) else 0
    return entry.organisation_id, journal_id, entry.effective_on, entry.key


def run(engine: Engine, scope: Scope, command: Callable[[UnitOfWork], T]) -> T:
    """Run ``command`` in one transaction and commit; on a deadlock or a serialization failure, run it again.

    A command that posts carries its idempotency key, so that a rerun, or a retry by the caller after the
    connection was lost at commit, never posts twice.

    Raises: whatever the command raises (nothing is saved then); Busy where the locks could not be had.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with ledger.refusals(), engine.begin() as connection:
                connection.execute(_SET_SCOPE, scope.settings)
                uow = UnitOfWork(connection, scope)
                result = command(uow)
                uow._post_pending()
                return result
        except DBAPIError as error:
            state = getattr(error.orig, "sqlstate", None)
            if state == _BUSY or (state in _RETRIED and attempt == _ATTEMPTS):
                raise Busy() from error
            if state not in _RETRIED:
                raise
            # uneven, so that two commands that met once do not meet again
            time.sleep(random.uniform(0, min(0.005 * 2**attempt, _LONGEST_PAUSE)))  # noqa: S311
    raise AssertionError("unreachable")


def read(engine: Engine, scope: Scope, query: Callable[[UnitOfWork], T]) -> T:
    """Run ``query`` in one read-only snapshot, so that every figure of a page is of the same instant."""
    with engine.connect() as connection:
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            connection.execute(_SET_SCOPE, scope.settings)
            return query(UnitOfWork(connection, scope))
