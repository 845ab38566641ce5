"""The nouns of a table: its sheets, their rows, a row's cells."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property

from erp.base.sheets.values import text_of

Value = str | int | float | bool | date | datetime | time | timedelta
"""Of a cell as the file holds it; a blank one is the empty text."""

_LEAST_OCTETS = 64 << 20

Merged = tuple[int, int, int, int]
"""First row, first column, last row and last column of cells that are one; from 0."""


class RowKind(StrEnum):
    CELLS = "cells"
    BLANK = "blank"
    TOTAL = "total"
    """Says that it sums others: Итого, Барлығы, Total."""
    NUMBERING = "numbering"
    """1, 2, 3 … as official forms have them below the heads."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Beyond these a table is refused."""

    rows: int = 20_000
    columns: int = 200
    text: int = 32_767
    """Characters in one cell: what a workbook keeps at most."""

    @property
    def octets(self) -> int:
        """Of all that a workbook says: eight for each cell that it may have, or what a smaller table may need."""
        return max(_LEAST_OCTETS, 8 * self.rows * self.columns)


@dataclass(frozen=True, slots=True)
class Cell:
    address: str
    """As spreadsheets name it: B7."""
    text: str
    """What it says, in one line."""
    value: Value


@dataclass(frozen=True, slots=True)
class Row:
    number: int
    """As the sheet, or the text, counts it: from 1."""
    values: tuple[Value, ...]
    """As many as the sheet has columns."""

    def cell(self, column: int) -> Cell:
        value = self.values[column]
        return Cell(address(self.number, column), text_of(value), value)

    @property
    def cells(self) -> tuple[Cell, ...]:
        return tuple(self.cell(column) for column in range(len(self.values)))

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(text_of(value) for value in self.values)

    @property
    def kind(self) -> RowKind:
        return kind_of(self.texts)


@dataclass(frozen=True)
class Sheet:
    name: str
    """Empty for a text."""
    rows: tuple[Row, ...]
    merged: tuple[Merged, ...] = ()
    """Where cells are one; texts and days stand in every cell of such a block, numbers only in its first."""

    @cached_property
    def width(self) -> int:
        return max((len(row.values) for row in self.rows), default=0)


@dataclass(frozen=True, slots=True)
class Table:
    """A file, or what was pasted."""

    name: str
    sheets: tuple[Sheet, ...]
    """Those with cells, in their order; hidden ones are left out unless there is no other."""
    hidden: tuple[str, ...] = ()
    """Names of the sheets that were left out."""


@dataclass(frozen=True, slots=True)
class Mended:
    """What a person changed in what was brought: cells by address, and rows left out by number."""

    cells: Mapping[str, str] = field(default_factory=dict)
    left: frozenset[int] = frozenset()


_TOTAL = re.compile(
    r"(?:(?:итого|всего|барлығы|жиыны|(?:grand |sub)?total)\b|жалпы(?: (?:сома|сомасы|жиыны|барлығы))?\s*:?$)",
    re.IGNORECASE,
)
"""How a row begins that sums others; “жалпы” alone, as names begin with it: Жалпы білім беру (general education)."""


def kind_of(texts: tuple[str, ...]) -> RowKind:
    """What a row is by what stands in it."""
    said = [text for text in texts if text]
    if not said:
        return RowKind.BLANK
    if _TOTAL.match(said[0]) and len(said[0]) < 80:
        return RowKind.TOTAL
    if len(said) >= 4 and said == [str(n) for n in range(1, len(said) + 1)]:
        return RowKind.NUMBERING
    return RowKind.CELLS


def address(row: int, column: int) -> str:
    """``B7`` of row 7 and column 1: rows count from 1, columns from 0."""
    return f"{letters(column)}{row}"


def letters(column: int) -> str:
    """``A`` of column 0, ``AA`` of column 26."""
    name = ""
    while column >= 0:
        column, letter = divmod(column, 26)
        name, column = chr(65 + letter) + name, column - 1
    return name
