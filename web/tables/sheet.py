"""A table as a spreadsheet: typed cells, a frozen head, totals as formulas that carry their values."""

from datetime import date
from typing import IO

import xlsxwriter  # type: ignore[import-untyped]
from xlsxwriter.utility import xl_col_to_name  # type: ignore[import-untyped]

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
_UNSAFE_IN_NAME = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))
_A4 = 9


def write(table: Table, about: About, file: IO[bytes]) -> None:
    """Write the workbook; rows are taken one by one and not kept, so that a list may be of any length."""
    book = xlsxwriter.Workbook(
        file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "in_memory": False}
    )
    book.set_properties({"title": table.title, "created": about.made_at.replace(tzinfo=None)})
    _Sheet(book, table, about).write()
    book.close()


class _Sheet:
    def __init__(self, book: xlsxwriter.Workbook, table: Table, about: About) -> None:
        self._book, self._table, self._about = book, table, about
        self._columns = list(table.columns)
        self._sheet = book.add_worksheet(table.title.translate(_UNSAFE_IN_NAME)[:31].strip() or "1")
        self._formats: dict[tuple[object, ...], object] = {}
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
        sheet.write_string(0, 0, self._table.title, self._format(bold=True, font_size=14))
        self._row = 1
        for name, value in self._about.facts:
            sheet.write_string(self._row, 0, f"{name}: {value}" if name else value)
            self._row += 1
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
        for at, column in enumerate(self._columns):
            sheet.write_string(self._row, at, column.title, head)
        self._row += 1

    def _line(self, row: Row) -> None:
        for at, (column, value) in enumerate(zip(self._columns, row.values, strict=True)):
            look = self._look(column, at, row)
            if value is None or value == "":
                if row.is_heading:
                    self._sheet.write_blank(self._row, at, None, look)
            elif column.kind.is_number:
                assert isinstance(value, int)
                self._sheet.write_number(self._row, at, _number(column, value), look)
                if column.is_total and row.is_counted:
                    self._totals[at] += value
            elif isinstance(value, date):
                self._sheet.write_number(self._row, at, (value - _EPOCH).days, look)
            else:
                self._sheet.write_string(self._row, at, str(value)[:_LONGEST_CELL], look)
        if not self._table.is_flat:
            self._sheet.write_number(self._row, len(self._columns), int(row.is_counted))
        self._row += 1

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
                self._sheet.write_formula(self._row, at, formula, look, _number(column, self._totals[at]))
            elif at == 0:
                self._sheet.write_string(self._row, at, self._table.total_label, self._format(**foot))
            else:
                self._sheet.write_blank(self._row, at, None, self._format(**foot))
        self._row += 1

    def _look(self, column: Column, at: int, row: Row) -> object:
        indent = row.depth if at == 0 else 0
        if not (row.is_heading or indent) and column.kind in (Kind.TEXT, Kind.CODE):
            return None
        key = (column.kind, row.is_heading, indent)
        if key not in self._formats:
            named = {"num_format": _NUMBERS[column.kind]} if column.kind in _NUMBERS else {}
            self._formats[key] = self._format(bold=row.is_heading, indent=min(indent, 15), **named)
        return self._formats[key]

    def _format(self, **properties: object) -> object:
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format(properties)
        return self._formats[key]


def _number(column: Column, value: int) -> float | int:
    """Tenge of tiyn: the closest number a spreadsheet has, exact to the tiyn below ten trillion."""
    return value if column.kind is Kind.COUNT else value / 100
