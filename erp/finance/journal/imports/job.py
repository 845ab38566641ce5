"""The import of an uploaded file, as a job: what is posted, and that it is done, are one transaction."""

import zlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import BadZipFile, ZipFile, is_zipfile

from erp.base import uow
from erp.base.uow import UnitOfWork
from erp.finance.journal.imports.errors import FileUnreadable, ImportRefused
from erp.finance.journal.imports.model import ImportProgress, ImportResult, Refusals
from erp.finance.journal.imports.service import import_journal
from erp.reference.access.model import Permission
from erp.reference.attachments.model import Checked
from erp.reference.attachments.rules import TYPES
from erp.reference.jobs.attempt import Attempt, JobKind

NAME = "journal-import"
REST, REFUSED = "rest.csv", "refused.csv"
"""Files that it may bring: the rows that were left out, and why each fault of them is one."""
_MOST_UNPACKED = 500 << 20  # of a spreadsheet, which is unpacked whole to be read
_BLOCK = 1 << 20
SHOWN = 200
"""Refused rows that are shown; the file has all."""


def run(attempt: Attempt) -> None:
    """Raises: what ``import_journal`` does, but where rows are refused: then all of them are kept as a file."""
    job = attempt.job
    with TemporaryDirectory(prefix="qazyna-import-") as folder:
        brought = Path(folder, "brought")
        brought.mkdir()
        file = Path(folder, "asked", job.facts["what"])
        file.parent.mkdir()
        file.write_bytes(attempt.file())
        _require_measure(file)
        rest = brought / REST if job.facts["rest"] else None

        def progress(at: ImportProgress) -> None:
            attempt.report(at.phase.value, at.done, at.total)

        def done(u: UnitOfWork, result: ImportResult) -> None:
            if rest is not None and result.rows_left:
                attempt.keep(u, _csv(REST, rest))
            _keep_refused(attempt, u, result.refusals, brought)
            attempt.finish(u, _result(attempt, result))

        try:
            import_journal(
                attempt.engine, attempt.scope, job.organisation_id, file, progress, rest, attempt.say, also=done
            )
        except ImportRefused as refusal:
            refused = refusal

            def refuse(u: UnitOfWork) -> None:
                _keep_refused(attempt, u, refused.refusals, brought)
                attempt.fail(u, refused, {"refused": _shown(attempt, refused.refusals)})

            uow.run(attempt.engine, attempt.scope, refuse)


def _require_measure(file: Path) -> None:
    """Unpack a spreadsheet to nowhere, up to a measure: its own list of sizes may lie.  Raises: FileUnreadable."""
    if not is_zipfile(file):
        return
    unpacked = 0
    try:
        with ZipFile(file) as container:
            for part in container.infolist():
                with container.open(part) as content:
                    while block := content.read(_BLOCK):
                        unpacked += len(block)
                        if unpacked > _MOST_UNPACKED:
                            reason = f"unpacked it has more than {_MOST_UNPACKED >> 20} MB"
                            raise FileUnreadable(file=file.name, reason=reason)
    except (BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise FileUnreadable(file=file.name, reason=str(error)) from error


def _keep_refused(attempt: Attempt, u: UnitOfWork, refusals: Refusals, folder: Path) -> None:
    if refusals:
        path = folder / REFUSED
        refusals.write_csv(path, attempt.say)
        attempt.keep(u, _csv(REFUSED, path))


def _csv(name: str, path: Path) -> Checked:
    return Checked(name, TYPES["csv"], path.read_bytes())


def _result(attempt: Attempt, result: ImportResult) -> dict[str, Any]:
    return {
        "entries": result.totals.entries,
        "postings": result.totals.rows,
        "amount_tiyn": result.totals.amount_tiyn,
        "first": result.first_on.isoformat(),
        "last": result.last_on.isoformat(),
        "columns_ignored": list(result.columns_ignored),
        "values_left_out": {dimension.slug: rows for dimension, rows in result.values_left_out.items()},
        "rows_skipped": result.rows_skipped,
        "rows_left": result.rows_left,
        "refused": _shown(attempt, result.refusals),
    }


def _shown(attempt: Attempt, refusals: Refusals) -> list[dict[str, Any]]:
    """The first faults, worded in the language of who asked."""
    return [
        {"line": r.line, "column": r.column, "found": r.found, "reason": attempt.say(r.error)}
        for r in refusals.first[:SHOWN]
    ]


KIND = JobKind(NAME, Permission.JOURNAL_IMPORT, run)
