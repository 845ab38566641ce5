"""Files taken in, and set aside."""

from collections.abc import Callable, Collection
from hashlib import sha256

from erp.base.dates import MonthSpan
from erp.base.sheets.model import Limits
from erp.base.sheets.reader import read_table
from erp.base.uow import UnitOfWork
from erp.finance.journal import queries as journal
from erp.finance.takeover.files import queries, reading, rules
from erp.finance.takeover.files.model import Contents
from erp.finance.takeover.model import File, Kind
from erp.finance.takeover.queries import entries_of_file
from erp.finance.takeover.service import Desk
from erp.reference.attachments import service as attachments
from erp.reference.attachments.model import Checked

_LIMITS = Limits(rows=300_000, columns=60)

Progress = Callable[[str, int, int], None]
"""Told what is being done, and of how many rows how many are; it may raise to end the work."""


def recognise(file: Checked, known: Collection[str] = (), span: MonthSpan | None = None) -> Contents:
    """What is in a file; nothing is kept.

    Raises: FileUnreadable, TableTooLarge, TableEmpty of ``erp.base.sheets``, and what ``reading.read`` does.
    """
    return reading.read(read_table(file.content, file.name, _LIMITS), frozenset(known), span)


def take_in(
    uow: UnitOfWork,
    organisation_id: int,
    takeover_id: int,
    file: Checked,
    span: MonthSpan | None = None,
    progress: Progress = lambda *_: None,
) -> File:
    """Keep a file and every row of it; what was decided before counts for it too.

    It is read before the takeover is held, so that a large one keeps nobody waiting.

    Raises: as ``recognise``; TakeoverUnknown, TakeoverEnded, FileTakenAlready, MonthsTaken.
    """
    journal.allow_long_statements(uow.connection, uow.scope)
    before = Desk.of(uow, organisation_id, takeover_id)
    before.require_under_way()
    progress("reading", 0, 0)
    contents = recognise(file, before.ask(queries.charted) if before.files_of(Kind.CHART) else (), span)
    desk = Desk.under_way(uow, organisation_id, takeover_id)
    digest = sha256(file.content).digest()
    _require_new(desk, file.name, digest, contents)
    file_id = desk.ask(queries.insert_file, file.name, digest, contents)
    attachments.attach(uow, organisation_id, desk.subject, file)
    _keep_rows(desk, file_id, contents, lambda done: progress("keeping", done, contents.rows))
    desk.record("takeover-file-taken", name=file.name, rows=contents.rows)
    return Desk.of(uow, organisation_id, takeover_id).file(file_id)


def _require_new(desk: Desk, name: str, digest: bytes, contents: Contents) -> None:
    said = contents.recognised
    for other in desk.files_of(said.kind):
        if other.sha256 == digest:
            raise rules.FileTakenAlready(file=name)
        if said.span and other.span.start < said.span.end and said.span.start < other.span.end:
            raise rules.MonthsTaken(other=other.name, file=name)


def _keep_rows(desk: Desk, file_id: int, contents: Contents, kept: Callable[[int], None]) -> None:
    kept(0)
    connection, scope, at = desk.uow.connection, desk.uow.scope, desk.organisation_id
    desk.ask(queries.keep_accounts, contents.accounts)
    sides = {row.side for row in contents.balances}
    sides |= {side for row in contents.postings for side in (row.debit, row.credit) if side.account}
    if sides:
        ids = desk.ask(queries.keep_sides, sides)
        queries.insert_balances(connection, scope, at, file_id, contents.balances, ids, kept)
        queries.insert_postings(connection, scope, at, file_id, contents.postings, ids, kept)
    queries.insert_counterparties(connection, scope, at, file_id, contents.counterparties, kept)


def set_aside(uow: UnitOfWork, organisation_id: int, takeover_id: int, file_id: int) -> None:
    """Let a file count no more; its rows stay.  Raises: TakeoverUnknown, TakeoverEnded, FileUnknown, FilePosted."""
    desk = Desk.under_way(uow, organisation_id, takeover_id)
    file = desk.file(file_id)
    if file.first_on is not None and entries_of_file(
        uow.connection, uow.scope, organisation_id, file_id, file.span.start, file.span.end
    ):
        raise rules.FilePosted(file=file.name)
    queries.set_aside(uow.connection, uow.scope, organisation_id, file_id)
    desk.record("takeover-file-set-aside", name=file.name)
