"""The nouns of an import.  Amounts are integer tiyn."""

import csv
import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Generic, NamedTuple, TypeVar

from erp.base.inert import inert
from erp.finance.journal.rules import Fault
from ledger.model import Dimension

T = TypeVar("T")


class Phase(StrEnum):
    """What an import is busy with, in this order."""

    CHECKING = "checking"
    POSTING = "posting"
    BOOKING = "booking"
    """The ledger writes what it was sent: one statement group, without a count."""
    TYING = "tying"


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far an import is: ``done`` of ``total``, bytes while a CSV file is checked and rows in all other cases."""

    phase: Phase
    rows: int
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class AccountTurnover:
    account: str
    debit_tiyn: int
    credit_tiyn: int


@dataclass(frozen=True, slots=True)
class ImportTotals:
    """Control totals, of a file or of what the ledger holds from it; equal when it ties."""

    rows: int
    """Rows that are postings."""
    entries: int
    amount_tiyn: int
    turnovers: tuple[AccountTurnover, ...]
    """In the order of account codes."""


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What was imported, and what of the file was not used."""

    import_id: int
    file_name: str
    totals: ImportTotals
    first_on: date
    last_on: date
    columns_ignored: tuple[str, ...]
    """Headings that mean nothing to an import."""
    values_left_out: dict[Dimension, int]
    """Rows whose value of a common dimension column neither account is kept by."""
    rows_skipped: int
    """Totals, repeated headings, signatures: rows without a posting, the blank ones apart."""
    rows_left: int
    """Rows put into the rest: those of entries with a refused row."""
    refusals: "Refusals"
    """Why; empty unless rows were left."""


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """One fault of one row: its line in the file, the column's heading, what stood there, and why it cannot be."""

    line: int
    column: str
    found: str
    error: Fault


class CheckedEntry(NamedTuple):
    """An entry that may be posted; its postings name their sides by place in the list of sides."""

    journal_id: int
    effective_on: date
    memo: str
    document_number: str
    document_on: date | None
    line: int
    postings: list[tuple[int, int, int, str | None]]
    """Debit side, credit side, amount, memo where it differs from the entry's."""


class Spool(Generic[T]):
    """A list in a nameless temporary file, so that memory does not grow with it."""

    _BLOCK = 1000

    def __init__(self) -> None:
        self._file = TemporaryFile()  # noqa: SIM115  (lives as long as the spool)
        self._fresh: list[T] = []
        self._count = 0

    def append(self, item: T) -> None:
        self._fresh.append(item)
        self._count += 1
        if len(self._fresh) == self._BLOCK:
            self._flush()

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[T]:
        self._flush()
        self._file.seek(0)
        while True:
            try:
                block = pickle.load(self._file)  # noqa: S301  (written by this process, and nobody else can open it)
            except EOFError:
                return
            yield from block

    def _flush(self) -> None:
        if self._fresh:
            self._file.seek(0, 2)
            pickle.dump(self._fresh, self._file, protocol=pickle.HIGHEST_PROTOCOL)
            self._fresh = []


_Kept = tuple[int, str, str, type[Fault], dict[str, Any]]


class Refusals:
    """Every refused row: the first ones at hand, all of them on disk."""

    SHOWN = 1000
    _LONGEST_FOUND = 200

    def __init__(self) -> None:
        self.first: list[RefusedRow] = []
        self.rows = 0
        self._last_line = 0
        self._all: Spool[_Kept] = Spool()

    def add(self, line: int, column: str, found: str, error: Fault) -> RefusedRow:
        refused = RefusedRow(line, column, found[: self._LONGEST_FOUND], error)
        if len(self.first) < self.SHOWN:
            self.first.append(refused)
        self._all.append((line, column, refused.found, type(error), error.fields))
        self.rows += line != self._last_line
        self._last_line = line
        return refused

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[RefusedRow]:
        for line, column, found, error, fields in self._all:
            yield RefusedRow(line, column, found, error(**fields))

    def write_csv(self, path: Path, say: Callable[[Exception], str] = str) -> None:
        """Write them all to a CSV file that spreadsheets open as it is; ``say`` words the reasons.

        Raises: OSError.
        """
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            rows = csv.writer(file, delimiter=";")
            rows.writerow(["line", "column", "found", "reason"])
            for r in self:
                rows.writerow([r.line, inert(r.column), inert(r.found), say(r.error)])
