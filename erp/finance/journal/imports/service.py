"""Import of a journal made elsewhere: all of the file or nothing, or all but the entries with a refused row."""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from itertools import zip_longest
from pathlib import Path
from uuid import UUID, uuid5

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError, OperationalError

from erp.base import uow
from erp.base.clock import LOCAL_TIME
from erp.base.dates import DateInterval
from erp.base.scope import Scope
from erp.base.uow import UnitOfWork
from erp.finance.journal import queries
from erp.finance.journal.imports import reading
from erp.finance.journal.imports.errors import (
    FileAlreadyImported,
    FileRepeats,
    ImportNotTied,
    ImportRefused,
    NothingToImport,
)
from erp.finance.journal.imports.model import (
    AccountTurnover,
    ImportProgress,
    ImportResult,
    ImportTotals,
    Phase,
    Refusals,
    Spool,
)
from erp.finance.journal.imports.reading import Contents
from erp.finance.journal.imports.rest import Rest
from erp.finance.journal.imports.rules import Books, Checker, Registers, left_out
from erp.finance.journal.model import Account
from erp.finance.journal.service import journals_to_approve
from erp.reference.classification.queries import REGISTERED
from erp.reference.counterparties import queries as counterparties
from ledger import service as ledger
from ledger.errors import ForeignOrganisation
from ledger.model import Dimension, JournalEntry, Posting, Source

Progress = Callable[[ImportProgress], None]

_KEYS = UUID("4e6d0b52-3f5b-5c0e-9d43-6b1f3a7c2d10")
_INTERNED_AT_ONCE = 5000
_FILE_ONCE = "finance_journal_import_file_once"


def import_journal(
    engine: Engine,
    scope: Scope,
    organisation_id: int,
    path: Path,
    progress: Progress,
    rest: Path | None = None,
    say: Callable[[Exception], str] = str,
    also: Callable[[UnitOfWork, ImportResult], None] | None = None,
) -> ImportResult:
    """Check every row of a file, then post them all in one transaction and tie the ledger to the file.

    The first pass writes nothing: it collects every fault, and the checked entries go to a temporary file.  The second
    posts them, unless there was a fault.  A file is imported once an organisation, known by its digest.

    With a ``rest``, faults of rows do not stop it: entries with a refused row are written there, whole, with the
    reasons as ``say`` words them, and the others are posted.  The rest is imported as a file of its own.

    ``also`` is done in the transaction of the posting, last.

    Raises: FileUnreadable, HeadingsNotFound, HeadingTwice, NothingToImport; FileAlreadyImported; ImportRefused with
    the rows; ForeignOrganisation; PeriodClosed where a month was closed in between; ImportNotTied; FileRepeats;
    RestNotWritten.
    """
    if organisation_id not in scope.writes:
        raise ForeignOrganisation(organisation=organisation_id)
    contents = reading.examine(path)
    books = uow.read(engine, scope, lambda u: _books(u, organisation_id, path.name, contents))
    registers = Registers(
        REGISTERED | Dimension.COUNTERPARTY,
        lambda dimension, codes: uow.read(engine, scope, lambda u: _in_force(u, dimension, codes)),
    )
    with ExitStack() as stack:
        stack.enter_context(_without_looking_for_cycles())
        table = stack.enter_context(reading.open_table(path, contents))
        aside = stack.enter_context(Rest(rest, table.columns, _mark(contents), say)) if rest else None
        checker = Checker(table.columns, books, registers, Refusals(), Spool(), path.name, aside)
        for rows in checker.check(table.rows):
            done = table.position() if table.position else rows
            progress(ImportProgress(Phase.CHECKING, rows, done, table.size))
        if checker.refusals and (aside is None or checker.file_refused or not checker.rows):
            raise ImportRefused(path.name, checker.refusals)
        if not checker.rows:
            raise NothingToImport(file=path.name)
        if aside:
            aside.close()

        def post(u: UnitOfWork) -> ImportResult:
            import_id = _post(u, organisation_id, path.name, contents, checker, progress)
            result = ImportResult(
                import_id,
                path.name,
                checker.totals,
                checker.first_on,
                checker.last_on,
                table.columns.ignored,
                dict(checker.values_left_out),
                checker.rows_skipped,
                aside.rows if aside else 0,
                checker.refusals,
            )
            if also:
                also(u, result)
            return result

        try:
            return uow.run(engine, scope, post)
        except OperationalError as error:
            if aside and error.connection_invalidated:
                aside.may_be_needed = True
            raise
        except IntegrityError as error:  # another import of the same file was faster
            if _FILE_ONCE in str(error.orig):
                uow.read(engine, scope, lambda u: _refuse_again(u, organisation_id, path.name, contents))
            raise


@contextmanager
def _without_looking_for_cycles() -> Iterator[None]:
    """A million rows make no cycles, and looking for some would take a quarter of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _books(uow: UnitOfWork, organisation_id: int, name: str, contents: Contents) -> Books:
    _refuse_again(uow, organisation_id, name, contents)
    chart: dict[str, list[tuple[Account, DateInterval]]] = {}
    for account, in_force in queries.every_edition(uow.connection, uow.scope):
        chart.setdefault(account.code, []).append((account, in_force))
    journals = {j.code: j.id for j in queries.journals(uow.connection, uow.scope)}
    return Books(
        chart,
        journals,
        {m.month: m.state for m in queries.months(uow.connection, uow.scope, organisation_id)},
        organisation_id in uow.scope.adjusts,
        journals_to_approve(uow, organisation_id),
        left_out(journals, queries.kept_journals(uow.connection, uow.scope, organisation_id)),
    )


def _mark(contents: Contents) -> str:
    """What a rest names the file by that it is left out of."""
    return contents.sha256.hex()[:16]


def _refuse_again(uow: UnitOfWork, organisation_id: int, name: str, contents: Contents) -> None:
    at = queries.import_of_file(uow.connection, uow.scope, organisation_id, contents.sha256)
    if at:
        raise FileAlreadyImported(file=name, on=_moment(at))


def _moment(at: datetime) -> str:
    return f"{at.astimezone(LOCAL_TIME):%d.%m.%Y %H:%M}"


def _in_force(uow: UnitOfWork, dimension: Dimension, codes: Sequence[str]) -> dict[str, list[DateInterval]]:
    if dimension is Dimension.COUNTERPARTY:
        known = counterparties.labels(uow.connection, uow.scope, codes)
        return {code: [counterparty.in_force] for code, counterparty in known.items()}
    return queries.values_in_force(uow.connection, uow.scope, dimension, codes)


def _post(
    uow: UnitOfWork, organisation_id: int, name: str, contents: Contents, checker: Checker, progress: Progress
) -> int:
    """Post what was checked; returns the id of the import.  Raises: FileAlreadyImported, FileRepeats, ImportNotTied."""
    connection, scope, totals = uow.connection, uow.scope, checker.totals
    queries.allow_long_statements(connection, scope)
    _refuse_again(uow, organisation_id, name, contents)
    rest_of = None
    if checker.left_out_of:
        rest_of = queries.import_by_digest(connection, scope, organisation_id, checker.left_out_of)
    import_id = queries.record_import(
        connection,
        scope,
        organisation_id=organisation_id,
        file_name=name,
        sha256=contents.sha256,
        entries=totals.entries,
        postings=totals.rows,
        amount_tiyn=totals.amount_tiyn,
        rows_left=checker.rest.rows if checker.rest else 0,
        rest_of=rest_of,
    )
    key = uuid5(_KEYS, f"{organisation_id}:{contents.sha256.hex()}")
    ledger.post_many(
        connection,
        organisation_id,
        key,
        _entries(organisation_id, key, import_id, checker, _intern(uow, organisation_id, checker), progress),
        scope.actor,
        Source("import", import_id),
    )
    progress(ImportProgress(Phase.TYING, totals.rows, totals.rows, totals.rows))
    days = (checker.first_on, checker.last_on)
    repeated = queries.import_repeated(connection, scope, organisation_id, import_id, rest_of or 0, *days)
    if repeated:
        raise FileRepeats(file=name, found=repeated.found, other=repeated.file_name, on=_moment(repeated.imported_at))
    _tie(totals, queries.imported_by_account(connection, scope, organisation_id, import_id, *days))
    return import_id


def _intern(uow: UnitOfWork, organisation_id: int, checker: Checker) -> list[int]:
    """Subaccount ids by place; asked in one order by all, so that two imports seldom wait for one another."""
    keys = checker.side_keys
    order = sorted(range(len(keys)), key=lambda place: (keys[place].account_id, keys[place].codes))
    ids = [0] * len(keys)
    for start in range(0, len(order), _INTERNED_AT_ONCE):
        places = order[start : start + _INTERNED_AT_ONCE]
        found = ledger.intern_subaccounts(uow.connection, organisation_id, [keys[place] for place in places])
        for place, subaccount_id in zip(places, found, strict=True):
            ids[place] = subaccount_id
    return ids


def _entries(
    organisation_id: int, key: UUID, import_id: int, checker: Checker, ids: Sequence[int], progress: Progress
) -> Iterator[JournalEntry]:
    total, done, told = checker.rows, 0, 0
    for e in checker.entries:
        yield JournalEntry(
            organisation_id=organisation_id,
            key=key,
            journal_id=e.journal_id,
            effective_on=e.effective_on,
            memo=e.memo,
            postings=tuple([Posting(ids[d], ids[c], amount, memo) for d, c, amount, memo in e.postings]),
            document_number=e.document_number,
            document_on=e.document_on,
            source=Source("import", import_id, e.line),
        )
        done += len(e.postings)
        if done - told >= _INTERNED_AT_ONCE:
            told = done
            progress(ImportProgress(Phase.POSTING, done, done, total))
    progress(ImportProgress(Phase.BOOKING, total, total, total))


def _tie(file: ImportTotals, held: Sequence[queries.ImportedAccount]) -> None:
    """Hold the ledger against the file.  Raises: ImportNotTied."""
    ledger_totals = ImportTotals(
        rows=sum(h.debit_postings for h in held),
        entries=held[0].entries if held else 0,
        amount_tiyn=sum(h.debit_tiyn for h in held),
        turnovers=tuple(AccountTurnover(h.account, h.debit_tiyn, h.credit_tiyn) for h in held),
    )
    if file == ledger_totals:
        return
    for what in ("rows", "entries", "amount_tiyn"):
        expected, found = getattr(file, what), getattr(ledger_totals, what)
        if expected != found:
            raise ImportNotTied(what=what, expected=expected, found=found)
    pairs = zip_longest(file.turnovers, ledger_totals.turnovers)
    turnover, other = next((e, f) for e, f in pairs if e != f)
    raise ImportNotTied(what="turnovers", expected=turnover, found=other)
