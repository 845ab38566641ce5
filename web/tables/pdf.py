"""A table as a PDF to print and to file: A4 upright or across, its head on every page, no row in two."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from erp.base.dates import day_string
from erp.base.errors import RuleViolated
from web.i18n import NO_BREAK, money
from web.print.press import typeset
from web.print.texts import THIN, Said, longest_word, said
from web.tables.model import About, Column, Kind, Row, Table, Value

MEDIA_TYPE = "application/pdf"
MOST_CELLS = 100_000
"""Of one table: each takes some thirteen thousand octets while it is typeset."""


class TooManyRows(RuleViolated):
    code = "too-many-rows-for-pdf"
    template = "A PDF holds at most {limit} rows. Ask for fewer months, or take it to Excel, which has no such limit."


@dataclass(frozen=True)
class Copy:
    """A table as texts, whole: what the press is given once the database is no longer needed."""

    table: Table
    about: About
    lines: list[tuple[bool, int, list[str]]]
    """Whether it stands out, how deep it stands, its cells."""

    @classmethod
    def of(cls, table: Table, about: About) -> "Copy":
        """Raises: TooManyRows."""
        columns = table.columns
        lines: list[tuple[bool, int, list[str]]] = []
        most = MOST_CELLS // len(columns)
        totals = [0 if column.is_total else None for column in columns]
        for row in table.rows:
            if len(lines) == most:
                raise TooManyRows(limit=most)
            lines.append(_line(columns, row))
            if row.is_counted:
                for at, value in enumerate(row.values):
                    if totals[at] is not None and isinstance(value, int):
                        totals[at] += value  # type: ignore[operator]
        if lines and table.total_label:
            foot = [
                "" if total is None else _text(column, total, blank=False)
                for column, total in zip(columns, totals, strict=True)
            ]
            lines.append((True, 0, [table.total_label, *foot[1:]]))
        lines += [_line(columns, row) for row in table.after]
        return cls(table, about, lines)


def write(copy: Copy) -> bytes:
    """The PDF; it is dated by what it is about, so that the same table has the same octets.

    Raises: PressBusy, PaperTooLong.
    """
    table, about, lines = copy.table, copy.about, copy.lines
    columns = _measured(table.columns, lines)
    layout = _Layout.of(columns)
    facts = list(about.facts)
    organisation = facts.pop(0)[1] if facts and not facts[0][0] else ""
    data = {
        "language": about.language.value,
        "title": said(table.title),
        "organisation": said(organisation),
        "form": [said(about.form)] if about.form else [],
        "mark": "",
        "facts": [(name, said(value)) for name, value in facts],
        "foot": said(f"{table.title} · {about.made}" if about.made else table.title),
        "landscape": layout.across,
        "size": layout.size,
        "bands": [_band(layout, columns, at) for at in layout.bands],
        "rows": [(stands_out, depth, [said(cell) for cell in cells]) for stands_out, depth, cells in lines],
        "notes": [said(note) for note in about.notes],
        "signers": [(role, "") for role in about.signers],
    }
    return typeset("table.typ", data, about.made_at, tagged=len(lines) <= _TAGGED_ROWS)


_TAGGED_ROWS = 1_000
"""Beyond these a reader by ear is better served by Excel, and tags would make the file ten times as large."""


def _line(columns: Sequence[Column], row: Row) -> tuple[bool, int, list[str]]:
    cells = [_text(column, value) for column, value in zip(columns, row.values, strict=True)]
    return row.is_heading, row.depth, cells


def _text(column: Column, value: Value, *, blank: bool = True) -> str:
    """A cell as pages show it: nothing where the amount is nought, days as days."""
    if value is None or value == "" or (blank and column.kind.is_number and not value):
        return ""
    if isinstance(value, date):
        return day_string(value)
    if isinstance(value, int):
        return f"{value:,}".replace(",", THIN) if column.kind is Kind.COUNT else money(value).replace(NO_BREAK, THIN)
    return value


# ------------------------------------------------------------------------------------------------ layout

_DIGIT, _LETTER = 0.56, 0.54
"""How wide one stands, in letter heights; measured on the fonts shipped."""
_BOLD = 0.58
_PADDING = 5.6
_UPRIGHT, _ACROSS = 515.0, 762.0
"""Points between the margins of A4."""
_TRIED = ((False, 8.5), (True, 8.5), (True, 7.5), (True, 6.5))
_SMALLEST = 6.5
_LONGEST_FIXED = 22
_ROOMY, _NARROW, _WHOLE = 32, 14, 70
"""Characters of a text that stand in a line: upright and across, at least; and where there is room for all."""


@dataclass(frozen=True)
class _Measured:
    """A column with how long its texts are, in characters."""

    column: Column
    longest: int
    usual: int
    """What four of five texts are not longer than."""
    head: int
    """The longest word of its title, or its part of the longest above it."""

    @property
    def is_elastic(self) -> bool:
        """Whether its texts may stand in several lines."""
        return not self.column.kind.is_number and (self.column.kind is Kind.TEXT or self.longest > _LONGEST_FIXED)

    def needs(self, size: float, room: int) -> float:
        """Points it needs at least; ``room`` is how many characters of a text stand in a line."""
        texts = min(self.longest, room) if self.is_elastic else self.longest
        width = texts * (_DIGIT if self.column.kind.is_number else _LETTER)
        return max(width, self.head * _BOLD) * size + _PADDING

    @property
    def share(self) -> int:
        """Of what is left over, against the other texts."""
        return min(max(self.usual, 8), 60)


def _measured(columns: Sequence[Column], lines: Sequence[tuple[bool, int, list[str]]]) -> list[_Measured]:
    groups = [list(together) for _, together in groupby(columns, key=lambda column: column.group)]
    spans = [len(together) for together in groups for _ in together]
    measured = []
    for at, column in enumerate(columns):
        lengths = sorted(len(cells[at]) + (0 if at else 2 * depth) for _, depth, cells in lines) or [0]
        head = max(longest_word(column.title), -(-longest_word(column.group) // spans[at]))
        measured.append(_Measured(column, lengths[-1], lengths[len(lengths) * 4 // 5], head))
    return measured


@dataclass(frozen=True)
class _Layout:
    """How the paper lies, how large its letters are, and which columns stand together."""

    across: bool
    size: float
    bands: list[list[int]]

    @classmethod
    def of(cls, columns: Sequence[_Measured]) -> "_Layout":
        for across, size in _TRIED:
            room = _NARROW if across else _ROOMY
            if sum(column.needs(size, room) for column in columns) <= (_ACROSS if across else _UPRIGHT):
                return cls(across, size, [list(range(len(columns)))])
        return cls(True, _SMALLEST, _bands(columns, _SMALLEST))

    def widths(self, chosen: Sequence[_Measured]) -> list[tuple[str, float]]:
        """Where all has room, in proportion; else texts share what the others leave.  Bands are not drawn apart."""
        whole = [each.needs(self.size, _WHOLE) for each in chosen]
        if sum(whole) <= (_ACROSS if self.across else _UPRIGHT):
            return [("pt" if len(self.bands) > 1 else "fr", width) for width in whole]
        return [
            ("fr", each.share) if each.is_elastic else ("pt", width) for each, width in zip(chosen, whole, strict=True)
        ]


def _bands(columns: Sequence[_Measured], size: float) -> list[list[int]]:
    """As many columns together as fit; those that name a row stand at the beginning of each."""
    naming = next((at for at, each in enumerate(columns) if each.column.kind.is_number), 1)
    named = list(range(min(naming, 2) or 1))
    free = _ACROSS - sum(columns[at].needs(size, _NARROW) for at in named)
    bands: list[list[int]] = [[]]
    left = free
    for at in range(len(named), len(columns)):
        width = columns[at].needs(size, _NARROW)
        if width > left and bands[-1]:
            bands.append([])
            left = free
        bands[-1].append(at)
        left -= width
    return [[*named, *band] for band in bands]


def _band(layout: _Layout, columns: Sequence[_Measured], at: Sequence[int]) -> dict[str, Any]:
    chosen = [columns[each] for each in at]
    return {
        "at": list(at),
        "rights": [each.column.kind.is_number for each in chosen],
        "reds": [each.column.kind is Kind.MONEY for each in chosen],
        "widths": layout.widths(chosen),
        "head": _head([each.column for each in chosen]),
    }


def _head(columns: Sequence[Column]) -> list[tuple[Said, int, int]]:
    """Cells of the head in the order of reading, each with how many columns and rows it spans."""
    if not any(column.group for column in columns):
        return [(said(column.title), 1, 1) for column in columns]
    above: list[tuple[Said, int, int]] = []
    for group, together in groupby(columns, key=lambda column: column.group):
        inside = list(together)
        above += [(said(group), len(inside), 1)] if group else [(said(column.title), 1, 2) for column in inside]
    return above + [(said(column.title), 1, 1) for column in columns if column.group]
