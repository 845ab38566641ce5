"""A table as a spreadsheet: typed cells, a frozen head, totals as formulas that carry their values."""

import re
from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache
from typing import IO, Any, NamedTuple
from xml.sax.saxutils import escape

import xlsxwriter  # type: ignore[import-untyped]
from xlsxwriter.utility import xl_col_to_name  # type: ignore[import-untyped]
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

from erp.base.errors import RuleViolated
from erp.base.i18n import N_
from web.tables.model import About, Column, Kind, Row, Table

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_WIDTHS = {Kind.TEXT: 44, Kind.CODE: 14, Kind.DAY: 11, Kind.MONEY: 19, Kind.BALANCE: 19, Kind.COUNT: 10}
_NUMBERS = {
    Kind.MONEY: "#,##0.00;[Red]\u2212#,##0.00;",
    Kind.BALANCE: "#,##0.00;\u2212#,##0.00;",
    Kind.COUNT: "#,##0",
    Kind.DAY: "dd.mm.yyyy",
}
_EPOCH = date(1899, 12, 30)
_LONGEST_CELL = 32_767
_MOST_ROWS = 1_048_576
_UNSAFE_IN_NAME = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))
_A4 = 9
_PLAIN = re.compile(
    r"[^<>&_\x00-\x1f\ufffe\uffff\s](?:[^<>&_\x00-\x1f\ufffe\uffff]*[^<>&_\x00-\x1f\ufffe\uffff\s])?"
).fullmatch
_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)|[\x00-\x08\x0b-\x1f\ufffe\uffff]")


class SheetTooLong(RuleViolated):
    code = "sheet-too-long"
    template = N_("A spreadsheet holds {limit} rows, and this list has more. Narrow it, or take it as CSV.")


def write(table: Table, about: About, file: IO[bytes]) -> None:
    """Write the workbook; rows are taken one by one and not kept.  Raises: SheetTooLong."""
    book = xlsxwriter.Workbook(
        file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "in_memory": False}
    )
    book.set_properties({"title": table.title, "created": about.made_at.replace(tzinfo=None)})
    _Sheet(book, table, about).write()
    book.close()


class _Lines(Worksheet):  # type: ignore[misc]
    """A worksheet that takes rows whole: cell by cell the library would need three times as long."""

    def write_line(self, row: int, last_column: int, cells: str) -> None:
        """Raises: SheetTooLong."""
        if row >= _MOST_ROWS:
            raise SheetTooLong(limit=_MOST_ROWS)
        self._check_dimensions(row, 0)
        self._check_dimensions(row, last_column)
        self._write_single_row(row)
        self.row_data_fh.write(f'<row r="{row + 1}">{cells}</row>')


class _Sheet:
    def __init__(self, book: xlsxwriter.Workbook, table: Table, about: About) -> None:
        self._book, self._table, self._about = book, table, about
        self._columns = list(table.columns)
        self._sheet = book.add_worksheet(table.title.translate(_UNSAFE_IN_NAME)[:31].strip() or "1", _Lines)
        self._formats: dict[tuple[object, ...], Any] = {}
        self._fillings: dict[tuple[bool, int], list[_Filling]] = {}
        self._totals = [0] * len(self._columns)
        self._row = 0

    def write(self) -> None:
        sheet = self._sheet
        self._head()
        head_last = self._row - 1
        sheet.freeze_panes(self._row, 0)
        first = self._row
        for row in self._table.rows:
            self._line(row)
        last = self._row - 1
        if last >= first and self._table.total_label:
            sheet.autofilter(head_last, 0, last, len(self._columns) - 1)
            self._foot(first, last)
        for row in self._table.after:
            self._line(row)
        sheet.set_landscape()
        sheet.set_paper(_A4)
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(self._head_first, head_last)
        sheet.set_footer("&L&A&R&P / &N")
        for at, column in enumerate(self._columns):
            sheet.set_column(at, at, column.width or _WIDTHS[column.kind])
        if not self._table.is_flat:
            mark = len(self._columns)
            sheet.set_column(mark, mark, None, None, {"hidden": True})

    def _head(self) -> None:
        sheet = self._sheet
        self._row = 0
        self._said([self._table.title], self._format(bold=True, font_size=14))
        told = [f"{name}: {value}" if name else value for name, value in self._about.facts]
        for line in (*told, self._about.made):
            self._said([line])
        self._row += 1
        self._head_first = self._row
        head = self._format(bold=True, bg_color="#EAEFF2", border=1, text_wrap=True, valign="top")
        if groups := self._table.groups:
            at = 0
            for title, width in groups:
                if width > 1:
                    sheet.merge_range(self._row, at, self._row, at + width - 1, title, head)
                else:
                    sheet.write_string(self._row, at, title, head)
                at += width
            self._row += 1
        self._said([column.title for column in self._columns], head)

    def _said(self, texts: Sequence[str], look: Any = None) -> None:
        """A row of texts."""
        cells = (_text(f'<c r="{xl_col_to_name(at)}', look)(text, self._row + 1) for at, text in enumerate(texts))
        self._sheet.write_line(self._row, len(texts) - 1, "".join(cells))
        self._row += 1

    def _line(self, row: Row) -> None:
        key = row.is_heading, row.depth
        fillings = self._fillings.get(key) or self._filled(*key)
        number, totals, is_counted = self._row + 1, self._totals, row.is_counted
        cells = []
        for at, (filling, value) in enumerate(zip(fillings, row.values, strict=True)):
            if value is None or value == "":
                cells.append(filling.blank(value, number))
            elif filling.is_number:
                cells.append(filling.number(value, number))
                if is_counted and filling.is_total:
                    assert isinstance(value, int)
                    totals[at] += value
            elif isinstance(value, date):
                cells.append(filling.day(value, number))
            else:
                cells.append(filling.text(value, number))
        if not self._table.is_flat:
            cells.append(f'<c r="{xl_col_to_name(len(self._columns))}{number}"><v>{int(is_counted)}</v></c>')
        self._sheet.write_line(self._row, len(self._columns) - self._table.is_flat, "".join(cells))
        self._row += 1

    def _filled(self, is_heading: bool, depth: int) -> list["_Filling"]:
        """How cells of such a row are written, by column."""
        made = []
        for at, column in enumerate(self._columns):
            look = self._look(column, at, is_heading, depth)
            begin = f'<c r="{xl_col_to_name(at)}'
            made.append(
                _Filling(
                    column.kind.is_number,
                    column.is_total,
                    _blank(begin, look if is_heading else None),
                    _number(begin, look, 1 if column.kind is Kind.COUNT else 100),
                    _day(begin, look),
                    _text(begin, look),
                )
            )
        self._fillings[is_heading, depth] = made
        return made

    def _foot(self, first: int, last: int) -> None:
        """Sums of the rows above; where some are not counted, of those that the hidden column marks."""
        foot = {"bold": True, "top": 1, "bg_color": "#EAEFF2"}
        mark = xl_col_to_name(len(self._columns), True)
        marks = f"{mark}${first + 1}:{mark}${last + 1}"
        for at, column in enumerate(self._columns):
            if column.is_total:
                name = xl_col_to_name(at)
                above = f"{name}{first + 1}:{name}{last + 1}"
                formula = f"=SUM({above})" if self._table.is_flat else f"=SUMIF({marks},1,{above})"
                look = self._format(num_format=_NUMBERS[column.kind], **foot)
                total = self._totals[at] / (1 if column.kind is Kind.COUNT else 100)
                self._sheet.write_formula(self._row, at, formula, look, total)
            elif at == 0:
                self._sheet.write_string(self._row, at, self._table.total_label, self._format(**foot))
            else:
                self._sheet.write_blank(self._row, at, None, self._format(**foot))
        self._row += 1

    def _look(self, column: Column, at: int, is_heading: bool, depth: int) -> Any:
        indent = depth if at == 0 else 0
        if not (is_heading or indent) and column.kind in (Kind.TEXT, Kind.CODE):
            return None
        named = {"num_format": _NUMBERS[column.kind]} if column.kind in _NUMBERS else {}
        return self._format(bold=is_heading, indent=min(indent, 15), **named)

    def _format(self, **properties: object) -> Any:
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format(properties)
        return self._formats[key]


# ------------------------------------------------------------------------------------------------ cells

Cell = Callable[[Any, int], str]
"""A value and the number of its row as the cell's XML."""


class _Filling(NamedTuple):
    """How the cells of a column are written in rows of one look."""

    is_number: bool
    is_total: bool
    blank: Cell
    number: Cell
    day: Cell
    text: Cell


def _style(look: Any) -> str:
    return "" if look is None else f' s="{look._get_xf_index()}"'


def _blank(begin: str, look: Any) -> Cell:
    style = _style(look)
    return lambda value, row: f'{begin}{row}"{style}/>' if style else ""


def _number(begin: str, look: Any, divisor: int) -> Cell:
    """The closest number a spreadsheet has: of tenge, exact to the tiyn below ten trillion."""
    style = _style(look)
    if divisor == 1:
        return lambda value, row: f'{begin}{row}"{style}><v>{value}</v></c>'
    return lambda value, row: f'{begin}{row}"{style}><v>{value / divisor!r}</v></c>'


def _day(begin: str, look: Any) -> Cell:
    style = _style(look)
    return lambda value, row: f'{begin}{row}"{style}><v>{(value - _EPOCH).days}</v></c>'


def _text(begin: str, look: Any) -> Cell:
    style = _style(look)
    return lambda value, row: f'{begin}{row}"{style} t="inlineStr"><is>{_of_text(str(value))}</is></c>'


def _of_text(text: str) -> str:
    """Codes and names come again and again; whole sentences seldom do."""
    return _known(text) if len(text) <= _SHORT else _inside(text)


_SHORT = 40


@lru_cache(maxsize=1024)
def _known(text: str) -> str:
    return _inside(text)


def _inside(text: str) -> str:
    """A text as an element; what XML cannot hold as the format writes it: ``_x0007_``."""
    text = text[:_LONGEST_CELL]
    if _PLAIN(text):
        return f"<t>{text}</t>"
    held = _ESCAPED.sub(lambda found: f"_x{ord(found[0]):04X}_", text)
    return f'<t xml:space="preserve">{escape(held)}</t>'
