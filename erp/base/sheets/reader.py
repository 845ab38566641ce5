"""The one reader of tables: workbooks, CSV files, blocks from the clipboard."""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile

from erp.base.sheets.errors import FileDamaged, TableEmpty, TableTooHeavy, TableTooLarge
from erp.base.sheets.model import Limits, Merged, Row, RowKind, Sheet, Table, Value
from erp.base.sheets.texts import Record, decoded, pasted, records

WORKBOOK_SIGNATURES = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
_UNPACK = Path(__file__).with_name("unpack.py")
_PATIENCE = 60  # seconds
_KNOWN = 1 << 16  # texts


def read_table(source: bytes | str, name: str, limits: Limits = Limits()) -> Table:  # noqa: B008  (frozen)
    """The table of a file's bytes, whatever its name says, or of a text from the clipboard.

    Formulas come as the values that the file keeps of them; nothing is computed, nothing is run.

    Raises: FileOfAnotherKind, FileDamaged, TableTooLarge, TableTooHeavy, TableEmpty, QuotesUnpaired.
    """
    if isinstance(source, str):
        table = Table(name, (_sheet(name, pasted(name, source), limits),))
    elif source.startswith(WORKBOOK_SIGNATURES):
        table = _workbook(name, source, limits)
    else:
        table = Table(name, (_sheet(name, records(name, decoded(name, source)), limits),))
    sheets = tuple(sheet for sheet in table.sheets if any(row.kind is not RowKind.BLANK for row in sheet.rows))
    if not sheets:
        raise TableEmpty(file=name)
    return Table(name, sheets, table.hidden)


# ------------------------------------------------------------------------------------------------ texts


def _sheet(name: str, found: Iterator[Record], limits: Limits) -> Sheet:
    rows = [Row(line, tuple(cells)) for line, cells in islice(found, limits.rows + 1)]
    return _squared(name, "", rows, (), limits)


def _squared(name: str, sheet: str, rows: Sequence[Row], merged: tuple[Merged, ...], limits: Limits) -> Sheet:
    """Rows of one width, without the blank columns at their ends.  Raises: TableTooLarge, TableTooHeavy."""
    width = max((_width(row.values) for row in rows), default=0)
    longest = max((len(v) for row in rows for v in row.values if isinstance(v, str)), default=0)
    if len(rows) > limits.rows or width > limits.columns:
        raise TableTooLarge(file=name, rows=limits.rows, columns=limits.columns)
    if longest > limits.text:
        raise TableTooHeavy(file=name)
    blank = ("",) * width
    return Sheet(
        sheet,
        tuple(row if len(row.values) == width else Row(row.number, (row.values + blank)[:width]) for row in rows),
        merged,
    )


def _width(values: Sequence[Value]) -> int:
    return next((at for at in range(len(values), 0, -1) if values[at - 1] != ""), 0)


# ------------------------------------------------------------------------------------------------ workbooks


@dataclass
class _Unpacked:
    name: str
    merged: tuple[Merged, ...]
    rows: list[Row] = field(default_factory=list)


def _workbook(name: str, content: bytes, limits: Limits) -> Table:
    with TemporaryFile() as said:
        try:
            done = subprocess.run(  # noqa: S603  (a program of ours, with numbers for arguments)
                [sys.executable, "-P", str(_UNPACK), *map(str, (limits.rows, limits.columns, limits.octets))],
                input=content,
                stdout=said,
                stderr=subprocess.DEVNULL,
                timeout=_PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise TableTooHeavy(file=name) from None
        if done.returncode:  # it asked for more memory, time or space than it was given
            raise TableTooHeavy(file=name)
        said.seek(0)
        found, hidden = _gathered(name, said, limits)
    return Table(
        name,
        tuple(_squared(name, sheet.name, _spread(sheet), sheet.merged, limits) for sheet in found),
        hidden,
    )


def _gathered(name: str, lines: Iterable[bytes], limits: Limits) -> tuple[list[_Unpacked], tuple[str, ...]]:
    sheets: list[_Unpacked] = []
    known: dict[str, str] = {}
    for line in lines:
        said = json.loads(line)
        if isinstance(said, list):
            rows = sheets[-1].rows
            rows.append(Row(len(rows) + 1, tuple(_value(cell, known) for cell in said)))
        elif "sheet" in said:
            sheets.append(_Unpacked(said["sheet"], tuple((*each,) for each in said["merged"])))
        elif "hidden" in said:
            return sheets, tuple(said["hidden"])
        elif "too large" in said:
            raise TableTooLarge(file=name, rows=limits.rows, columns=limits.columns)
        else:
            raise FileDamaged(file=name)
    raise FileDamaged(file=name)


def _value(said: object, known: dict[str, str]) -> Value:
    """``known`` holds the texts said before, as far as so many are kept: what a column repeats is there once."""
    if isinstance(said, str):
        return known.setdefault(said, said) if len(known) < _KNOWN else known.get(said, said)
    if isinstance(said, dict):
        return datetime.fromisoformat(said["instant"]) if "instant" in said else date.fromisoformat(said["day"])
    assert isinstance(said, int | float | bool)
    return said


def _spread(sheet: _Unpacked) -> list[Row]:
    """Rows in which a text or a day stands in every cell that is one with its own; a number would count twice."""
    rows = sheet.rows
    for first_row, first_column, last_row, last_column in sheet.merged:
        if first_row >= len(rows) or first_column >= len(rows[first_row].values):
            continue
        value = rows[first_row].values[first_column]
        if isinstance(value, str | date):
            for at in range(first_row, min(last_row + 1, len(rows))):
                values = rows[at].values
                filled = tuple(value if each == "" else each for each in values[first_column : last_column + 1])
                rows[at] = Row(at + 1, values[:first_column] + filled + values[last_column + 1 :])
    return rows
