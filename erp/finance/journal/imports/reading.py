"""Files as rows of cells, and cells as days, amounts and texts.

A CSV file is read as a stream.  A spreadsheet is unpacked whole by calamine (about 60 bytes a cell beside its texts)
and then handed over row by row.
"""

import codecs
import csv
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

from python_calamine import CalamineError, CalamineWorkbook

from erp.base.errors import DomainError
from erp.base.sheets.model import Value as Cell
from erp.base.sheets.values import text_of
from erp.finance.journal.imports import headings
from erp.finance.journal.imports.errors import FileUnreadable, HeadingsNotFound, LineBroken, LineTooWide
from erp.finance.journal.imports.headings import REQUIRED, Columns
from erp.reference.counterparties.rules import CodeInvalid, kind_of
from ledger.model import Dimension

SEARCHED = 30
"""Rows in which the headings must stand."""

_BLOCK = 1 << 20
_HEAD = 1 << 16
_DELIMITERS = ";\t,"
_WORKBOOK_SIGNATURES = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")


class Row(NamedTuple):
    """A row by its line in the file, padded to the width of the headings; ``fault`` where it is no row at all."""

    line: int
    cells: Sequence[Cell]
    fault: DomainError | None = None


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file is, before it is read."""

    sha256: bytes
    size: int
    encoding: str | None
    """``None`` for a spreadsheet."""


@dataclass(frozen=True, slots=True)
class Table:
    """The rows below the heading row."""

    columns: Columns
    rows: Iterator[Row]
    position: Callable[[], int] | None
    """How far it is read, in bytes; ``None`` where rows are counted."""
    size: int
    """Bytes of a CSV file, rows of a spreadsheet."""


def examine(path: Path) -> Contents:
    """Digest and encoding of a file, in one pass.

    Text is UTF-8 or UTF-16 with its mark, else UTF-8 if all of it is, else Windows Cyrillic.  That is read as
    KZ-1048, the Kazakh edition of code page 1251: Russian texts are the same in both, and where 1251 has Serbian
    letters KZ-1048 has the Kazakh ones.

    Raises: FileUnreadable.
    """
    digest, size, is_utf8, decoder = sha256(), 0, True, codecs.getincrementaldecoder("utf-8")()
    start, odd = b"", False
    with _readable(path.name):
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                start = start or block[:8]
                digest.update(block)
                size += len(block)
                odd = odd or b"\x00" in block
                if is_utf8:
                    is_utf8 = _decodes(decoder, block)
        is_utf8 = is_utf8 and _decodes(decoder, b"", final=True)
    encoding: str | None = "utf-8-sig" if is_utf8 else "kz1048"
    if start.startswith(_WORKBOOK_SIGNATURES):
        encoding = None
    elif start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif odd:
        raise FileUnreadable(file=path.name, reason="it is not text")
    return Contents(digest.digest(), size, encoding)


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, final: bool = False) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True


@contextmanager
def open_table(path: Path, contents: Contents) -> Iterator[Table]:
    """The table of a file; its rows are read while the context lasts.

    Raises: FileUnreadable, HeadingsNotFound, HeadingTwice; also while rows are read FileUnreadable.
    """
    with _readable(path.name):
        file = path.open("rb")
    with file:
        with _readable(path.name):
            if contents.encoding is None:
                table = _sheet(path.name, file)
            else:
                table = _csv(path.name, file, contents.encoding, contents.size)
        yield replace(table, rows=_guarded(path.name, table.rows))


@contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except (CalamineError, UnicodeError) as error:
        raise FileUnreadable(file=name, reason=str(error)) from error
    except OSError as error:
        raise FileUnreadable(file=name, reason=error.strerror or str(error)) from error


def _guarded(name: str, rows: Iterator[Row]) -> Iterator[Row]:
    with _readable(name):
        yield from rows


# ------------------------------------------------------------------------------------------------ CSV


def _csv(name: str, file: BinaryIO, encoding: str, size: int) -> Table:
    text = io.TextIOWrapper(file, encoding, newline="")
    delimiter = _delimiter(name, text.read(_HEAD))
    text.seek(0)
    records = _records(text, delimiter)
    columns = next(headings.recognise(cells) for r in records if not headings.missing(cells := _texts(r.cells)))
    return Table(columns, _fitted(records, columns.width, delimiter), lambda: text.buffer.tell(), size)


def _delimiter(name: str, head: str) -> str:
    """The delimiter under which the file has a heading row.  Raises: HeadingsNotFound."""
    fewest = list(REQUIRED)
    for delimiter in _DELIMITERS:
        records = islice(_records(io.StringIO(head, newline=""), delimiter), SEARCHED)
        for record in records:
            fewest = min(fewest, headings.missing(_texts(record.cells)), key=len)
            if not fewest:
                return delimiter
    raise HeadingsNotFound(file=name, searched=SEARCHED, missing=", ".join(fewest))


def _records(text: io.TextIOBase, delimiter: str) -> Iterator[Row]:
    """Records by the line they start in; one that is no CSV is the last."""
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            record = next(reader, None)
        except csv.Error as error:
            yield Row(line, [], LineBroken(reason=str(error)))
            return
        if record is None:
            return
        yield Row(line, record)


def _fitted(records: Iterator[Row], width: int, delimiter: str) -> Iterator[Row]:
    """Rows as wide as the headings.

    Longer ones are cells torn apart by a delimiter that nobody quoted; blank ends pass where the delimiter is not
    the decimal comma too.
    """
    for row in records:
        excess = len(row.cells) - width
        if excess < 0:
            yield Row(row.line, [*row.cells, *[""] * -excess], row.fault)
        elif excess and (delimiter == "," or any(row.cells[width:])):
            yield Row(row.line, row.cells, LineTooWide(found=len(row.cells), expected=width))
        else:
            yield row


# ------------------------------------------------------------------------------------------------ spreadsheets


def _sheet(name: str, file: BinaryIO) -> Table:
    """The first sheet that has cells.  Raises: HeadingsNotFound."""
    workbook = CalamineWorkbook.from_filelike(file)
    sheets = (workbook.get_sheet_by_name(sheet) for sheet in workbook.sheet_names)
    sheet = next((s for s in sheets if s.height), None)
    fewest = list(REQUIRED)
    if sheet is not None and sheet.end is not None:
        height = sheet.end[0] + 1
        rows = (Row(line, cells) for line, cells in enumerate(sheet.iter_rows(), start=1))
        for row in islice(rows, SEARCHED):
            fewest = min(fewest, headings.missing(_texts(row.cells)), key=len)
            if not fewest:
                return Table(headings.recognise(_texts(row.cells)), rows, None, height - row.line)
    raise HeadingsNotFound(file=name, searched=SEARCHED, missing=", ".join(fewest))


# ------------------------------------------------------------------------------------------------ cells


def _texts(cells: Sequence[Cell]) -> list[str]:
    return [text_of(cell) for cell in cells]


def code_of(dimension: Dimension, cell: Cell) -> str:
    """The dimension code of a cell, with the zeros that a spreadsheet's number loses, where they are certain.

    A programme ``464.010`` stored as the number 464.01 has its three places again.  A BIN or IIN of fewer than
    twelve digits is filled up in front only if its check digit then fits.
    """
    if dimension is Dimension.PROGRAMME and isinstance(cell, float) and 0 < cell < 1000:
        return f"{cell:07.3f}"
    text = text_of(cell)
    if dimension is Dimension.COUNTERPARTY:
        return _counterparty(text)
    return text.upper() if dimension is Dimension.CURRENCY else text


@lru_cache(maxsize=4096)
def _counterparty(text: str) -> str:
    digits = text.replace(" ", "")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 12):
        return text
    try:
        kind_of(digits.zfill(12))
    except CodeInvalid:
        return digits
    return digits.zfill(12)
