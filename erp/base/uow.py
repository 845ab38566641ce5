"""The unit of work: one command, one transaction, one thread."""

import json
import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import groupby
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from erp.base.db import driver_connection
from erp.base.errors import Conflict
from erp.base.scope import Scope
from ledger import service as ledger
from ledger.errors import EditionPassed
from ledger.model import Correction, JournalEntry, Posted

T = TypeVar("T")

_ATTEMPTS = 12
_REACHES = 3  # a connection that a restarted server left broken is found out by its first statement
_LONGEST_PAUSE = 0.3  # seconds before a rerun
_RETRIED = {"40001", "40P01"}  # serialization failure, deadlock: the whole command runs again under its key
_BUSY = "55P03"  # lock timeout

_SET_SCOPE = text(
    "SELECT set_config('qazyna.reads', :reads, true), set_config('qazyna.writes', :writes, true),"
    " set_config('qazyna.adjusts', :adjusts, true), set_config('qazyna.audits', :audits, true),"
    " set_config('qazyna.administers', :administers, true), set_config('qazyna.actor', :acts, true),"
    " set_config('qazyna.on_behalf_of', :on_behalf_of, true)"
)
_SET_ROOMS = text(
    "SELECT set_config('qazyna.' || name, value, true)"
    " FROM jsonb_each_text(CAST(:rooms AS jsonb)) AS room (name, value)"
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


@dataclass(frozen=True, slots=True)
class _Pending:
    entry: JournalEntry | Correction
    edition: int | None
    receipt: Receipt


@dataclass
class UnitOfWork:
    """What a command works with: a connection, its scope, and the entries to post last.

    The transaction begins when ``connection`` is first asked for.  A command that never asks, and posts one entry, is
    one statement: the round trips of a transaction cost more than the posting itself.
    """

    engine: Engine
    scope: Scope
    begin: Callable[[], Connection]
    is_rerun: bool = False
    """Whether this command was tried before, and what it remembers may be what stopped it."""
    _pending: list[_Pending] = field(default_factory=list)
    _after_commit: list[Callable[[], None]] = field(default_factory=list)

    @cached_property
    def connection(self) -> Connection:
        return self.begin()

    def post(self, entry: JournalEntry | Correction, *, edition: int | None = None) -> Receipt:
        """Leave an entry to be posted, with the command's others, as the last step before commit.

        ``edition`` is that of the registers the entry was checked against, where it was not in this transaction.
        """
        receipt = Receipt()
        self._pending.append(_Pending(entry, edition, receipt))
        return receipt

    def after_commit(self, act: Callable[[], None]) -> None:
        """Do something in memory once the work is saved."""
        self._after_commit.append(act)

    def execute(self, statement: Any, parameters: Any = None) -> Any:
        return self.connection.execute(statement, parameters)

    def _post_pending(self) -> None:
        """Sorted by number series, the shared balance rows taken first: two commands lock in one order."""
        if "connection" not in vars(self) and len(self._pending) == 1 and self._post_alone(self._pending[0]):
            return
        pending = sorted(self._pending, key=lambda p: _series(p.entry))
        editions = {p.edition for p in pending} - {None}
        if editions and editions != {ledger.edition(self.connection)}:
            raise EditionPassed()
        if len(pending) > 1:
            for organisation_id, group in groupby((p.entry for p in pending), key=lambda e: e.organisation_id):
                ledger.lock_balances(self.connection, organisation_id, list(group))
        for p in pending:
            if isinstance(p.entry, Correction):
                p.receipt.posted = ledger.correct(self.connection, p.entry, self.scope.actor)
            else:
                p.receipt.posted = ledger.post_entry(self.connection, p.entry, self.scope.actor)
        self._pending.clear()

    def _post_alone(self, pending: _Pending) -> bool:
        if isinstance(pending.entry, Correction) or pending.edition is None or self.scope.on_behalf_of is not None:
            return False
        with driver_connection(self.engine) as connection:
            pending.receipt.posted = ledger.post_alone(
                connection, pending.entry, self.scope.actor, self.scope.settings, pending.edition
            )
        return True


def _series(entry: JournalEntry | Correction) -> tuple[int, int, date, UUID]:
    """Where an entry's number is drawn, and its place there; a storno draws from the series of what it cancels."""
    journal_id = entry.journal_id if isinstance(entry, JournalEntry) else 0
    return entry.organisation_id, journal_id, entry.effective_on, entry.key


def run(engine: Engine, scope: Scope, command: Callable[[UnitOfWork], T]) -> T:
    """Run ``command`` in one transaction and commit; what another's work or a lost connection undid, run it again.

    A command that posts carries its idempotency key, so that a rerun, or a retry by the caller after the
    connection was lost at commit, never posts twice.

    Raises: whatever the command raises (nothing is saved then); Busy where the locks could not be had; the error of a
    connection that broke, where nobody knows what was saved.
    """
    doubt: DBAPIError | None = None
    for attempt in range(1, _ATTEMPTS + 1):
        work = _Attempt(engine, scope, is_rerun=attempt > 1)
        try:
            return work(command)
        except EditionPassed:
            if attempt == _ATTEMPTS:
                raise
        except (DBAPIError, PoolTimeout) as error:
            state = getattr(getattr(error, "orig", None), "sqlstate", None)
            if isinstance(error, DBAPIError) and error.connection_invalidated and work.may_rerun and attempt < _REACHES:
                doubt = doubt or error
            elif state not in _RETRIED or attempt == _ATTEMPTS:
                if doubt is not None:
                    raise doubt from error  # what broke may have been saved: no later answer is sure
                if state == _BUSY or state in _RETRIED:
                    raise Busy() from error
                raise
            # uneven, so that two commands that met once do not meet again
            time.sleep(random.uniform(0, min(0.005 * 2**attempt, _LONGEST_PAUSE)))  # noqa: S311
    raise AssertionError("unreachable")


def trial(work: UnitOfWork, command: Callable[[UnitOfWork], object]) -> None:
    """Run ``command`` with its postings inside ``work`` and undo it all.  Raises: what ``run`` would refuse it for."""
    connection = work.connection
    tried = UnitOfWork(work.engine, work.scope, lambda: connection, work.is_rerun)
    savepoint = tried.connection.begin_nested()
    try:
        with ledger.refusals():
            command(tried)
            tried._post_pending()
    finally:
        savepoint.rollback()


class _Attempt:
    """One go at a command: its transaction, if it asks for one, and what is to be done when that is saved."""

    def __init__(self, engine: Engine, scope: Scope, *, is_rerun: bool) -> None:
        self._engine, self._scope, self._is_rerun = engine, scope, is_rerun
        self._transaction = ExitStack()
        self.may_rerun = True
        """False once the commit of a transaction is on its way: it may arrive though the connection breaks."""

    def __call__(self, command: Callable[[UnitOfWork], T]) -> T:
        work = UnitOfWork(self._engine, self._scope, self._begin, self._is_rerun)
        with ledger.refusals(), self._transaction:
            result = command(work)
            work._post_pending()
            self.may_rerun = "connection" not in vars(work)  # one statement carries its key
        for act in work._after_commit:
            act()
        return result

    def _begin(self) -> Connection:
        connection = self._transaction.enter_context(self._engine.begin())
        _enter(connection, self._scope)
        return connection


def read(engine: Engine, scope: Scope, query: Callable[[UnitOfWork], T]) -> T:
    """Run ``query`` in one read-only snapshot, so that every figure of a page is of the same instant."""
    for attempt in range(1, _REACHES + 1):
        try:
            with engine.connect() as connection:
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                with connection.begin():
                    _enter(connection, scope)
                    return query(UnitOfWork(engine, scope, lambda: connection))
        except DBAPIError as error:
            if not error.connection_invalidated or attempt == _REACHES:
                raise
    raise AssertionError("unreachable")


def _enter(connection: Connection, scope: Scope) -> None:
    """Tell the database's row-level security what the policy granted."""
    connection.execute(_SET_SCOPE, scope.settings)
    if rooms := scope.rooms:
        connection.execute(_SET_ROOMS, {"rooms": json.dumps(rooms)})
