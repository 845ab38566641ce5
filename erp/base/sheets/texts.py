"""Rows of a text: CSV in the encodings and with the delimiters in use here, or a block from the clipboard."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

from erp.base.sheets.errors import FileOfAnotherKind, QuotesUnpaired

DELIMITERS = ";\t,|"
_LOOKED_AT = 200
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_BREAK = re.compile(r"\r\n|\r|\n")
# Excel puts quotation marks around a cell that has lines, and around no other.
_QUOTED = re.compile(r'"((?:[^"\t]|"")*)"(?=\t|\r|\n|\Z)')
_BARE = re.compile(r"[^\t\r\n]*")

Record = tuple[int, list[str]]
"""The line that a record starts in, from 1, and its cells."""


def decoded(name: str, content: bytes) -> str:
    """A file's text: UTF-8 or UTF-16 with its mark, else UTF-8 if all of it is, else Windows Cyrillic.

    That is read as KZ-1048, the Kazakh edition of code page 1251: Russian texts are the same in both, and where 1251
    has Serbian letters KZ-1048 has the Kazakh ones.

    Raises: FileOfAnotherKind.
    """
    try:
        if content.startswith(_UTF16):
            return content.decode("utf-16")
        if b"\x00" in content:
            raise FileOfAnotherKind(file=name)
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return content.decode("kz1048")
    except UnicodeError as error:
        raise FileOfAnotherKind(file=name) from error


def records(name: str, text: str) -> Iterator[Record]:
    """Rows of a CSV text, under the delimiter that makes the most regular table of it.  Raises: QuotesUnpaired."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter(text), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise QuotesUnpaired(file=name, line=line) from error
        if cells is None:
            return
        yield line, cells


def delimiter(text: str) -> str:
    """What most evenly cuts the first rows into cells; a semicolon where nothing does."""
    head = text[: 1 << 16]
    return max(DELIMITERS, key=lambda mark: _evenness(head, mark))


def _evenness(head: str, mark: str) -> tuple[bool, int]:
    """Whether it makes a table in which quotation marks pair, and how many cells rows of the most usual width have."""
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=mark, strict=True)
    widths: Counter[int] = Counter()
    pair = True
    try:
        for record in islice(reader, _LOOKED_AT):
            widths[_width(record)] += 1
    except csv.Error:
        pair = False
    cells = max((count * (width - 1) for width, count in widths.items() if width), default=0)
    return pair and cells > 0, cells


def _width(cells: Sequence[str]) -> int:
    return next((at for at in range(len(cells), 0, -1) if cells[at - 1].strip()), 0)


def pasted(name: str, text: str) -> Iterator[Record]:
    """Rows of a block from the clipboard: tabs between cells, as spreadsheets copy; else of a CSV text.

    Raises: QuotesUnpaired.
    """
    if "\t" not in text:
        yield from records(name, text)
        return
    at, line = 0, 1
    while at < len(text):
        start, cells = line, []
        while True:
            quoted = _QUOTED.match(text, at)
            if quoted and _BREAK.search(quoted[1]):
                cells.append(quoted[1].replace('""', '"'))
                line += len(_BREAK.findall(quoted[1]))
                at = quoted.end()
            else:
                bare = _BARE.match(text, at)
                assert bare is not None
                cells.append(bare[0])
                at = bare.end()
            if at >= len(text) or text[at] != "\t":
                break
            at += 1
        yield start, cells
        ended = _BREAK.match(text, at)
        at, line = (ended.end(), line + 1) if ended else (len(text), line)
