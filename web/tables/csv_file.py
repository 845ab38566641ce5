"""A table as CSV for people: what a spreadsheet opens by a double click, as it is set up in Kazakhstan.

UTF-8 with a byte order mark, semicolons between cells, decimal commas; nothing in it that a spreadsheet would run.
"""

import csv
from datetime import date
from io import TextIOWrapper
from typing import IO

from erp.base.inert import inert
from erp.base.money import decimal_string
from web.tables.model import Column, Kind, Table, Value

MEDIA_TYPE = "text/csv; charset=utf-8"


def write(table: Table, file: IO[bytes]) -> None:
    """Heads and rows; headings and totals, which sum other rows, are left to whoever reads the file."""
    text = TextIOWrapper(file, encoding="utf-8-sig", newline="")
    writer = csv.writer(text, delimiter=";")
    writer.writerow(
        [inert(f"{column.group}, {column.title}" if column.group else column.title) for column in table.columns]
    )
    for row in table.rows:
        if not row.is_heading:
            writer.writerow([_cell(column, value) for column, value in zip(table.columns, row.values, strict=True)])
    text.flush()
    text.detach()


def _cell(column: Column, value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int):
        return str(value) if column.kind is Kind.COUNT else decimal_string(value).replace(".", ",")
    return inert(value)
