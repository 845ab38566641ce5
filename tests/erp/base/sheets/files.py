"""Tables as other programs write them."""

import csv
import io
import re
from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape
from zipfile import ZipFile

import xlsxwriter  # type: ignore[import-untyped]

Content = str | float | int | date | None
Rows = Sequence[Sequence[Content]]


def an_xlsx(*sheets: Rows, merged: Sequence[str] = (), hidden: Sequence[int] = ()) -> bytes:
    """A workbook of sheets; ``merged`` are ranges of the first (``B1:C1``), ``hidden`` the places of hidden ones."""
    file = BytesIO()
    book = xlsxwriter.Workbook(file, {"strings_to_formulas": False, "strings_to_urls": False})
    as_day = book.add_format({"num_format": "dd.mm.yyyy"})
    for place, rows in enumerate(sheets):
        sheet = book.add_worksheet()
        if place in hidden:
            sheet.hide()
        for span in merged if place == 0 else ():
            sheet.merge_range(span, "")
        for r, cells in enumerate(rows):
            for c, cell in enumerate(cells):
                _write(sheet, r, c, cell, as_day)
    book.close()
    return file.getvalue()


def _write(sheet: Any, row: int, column: int, cell: Content, as_day: Any) -> None:
    if isinstance(cell, date):
        sheet.write_datetime(row, column, datetime(cell.year, cell.month, cell.day), as_day)  # noqa: DTZ001
    elif isinstance(cell, float | int):
        sheet.write_number(row, column, cell)
    elif cell is not None:
        sheet.write_string(row, column, cell)


_SPACE = "urn:oasis:names:tc:opendocument:xmlns:{0}:1.0"


def an_ods(rows: Rows, merged: Sequence[tuple[int, int, int, int]] = ()) -> bytes:
    """The least that is an OpenDocument sheet; ``merged`` are first row, first column, rows and columns."""
    spans = {(row, column): (rows, columns) for row, column, rows, columns in merged}
    covered = {
        (row + r, column + c) for row, column, rows, columns in merged for r in range(rows) for c in range(columns)
    } - spans.keys()
    lines = []
    for r, cells in enumerate(rows):
        inside = (
            "<table:covered-table-cell/>" if (r, c) in covered else _ods_cell(cell, spans.get((r, c)))
            for c, cell in enumerate(cells)
        )
        lines.append(f"<table:table-row>{''.join(inside)}</table:table-row>")
    names = "".join(f' xmlns:{word}="{_SPACE.format(word)}"' for word in ("office", "table", "text"))
    file = BytesIO()
    with ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", f'<manifest:manifest xmlns:manifest="{_SPACE.format("manifest")}"/>')
        archive.writestr(
            "content.xml",
            f"<office:document-content{names}><office:body><office:spreadsheet>"
            f'<table:table table:name="1">{"".join(lines)}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return file.getvalue()


def _ods_cell(cell: Content, span: tuple[int, int] | None) -> str:
    spanned = f' table:number-rows-spanned="{span[0]}" table:number-columns-spanned="{span[1]}"' if span else ""
    if isinstance(cell, date):
        return f'<table:table-cell office:value-type="date" office:date-value="{cell.isoformat()}"{spanned}/>'
    if isinstance(cell, float | int):
        return f'<table:table-cell office:value-type="float" office:value="{cell!r}"{spanned}/>'
    if cell is None:
        return f"<table:table-cell{spanned}/>"
    said = re.sub("  +", lambda gap: f'<text:s text:c="{len(gap[0])}"/>', escape(cell))
    return f'<table:table-cell office:value-type="string"{spanned}><text:p>{said}</text:p></table:table-cell>'


def a_csv(rows: Sequence[Sequence[str]], *, delimiter: str = ";", encoding: str = "utf-8") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode(encoding)


@cache
def a_zip_bomb(megabytes: int = 3000) -> bytes:
    """A small workbook with a sheet that unpacks to so much; made when it is called for, as that takes a second."""
    file = BytesIO()
    row = b'<row><c t="inlineStr"><is><t>' + b"A" * 999_000 + b"</t></is></c></row>"
    with ZipFile(BytesIO(an_xlsx([["Дата"]]))) as good, ZipFile(file, "w", 8, compresslevel=1) as bad:
        for part in good.infolist():
            head, opened, tail = good.read(part).partition(b"<sheetData>")
            with bad.open(part.filename, "w", force_zip64=True) as sheet:
                sheet.write(head + opened)
                for _ in range(megabytes if opened else 0):
                    sheet.write(row)
                sheet.write(tail)
    return file.getvalue()


def rewritten(workbook: bytes, part: str, old: bytes, new: bytes) -> bytes:
    """A workbook with something else in a part."""
    file = BytesIO()
    with ZipFile(BytesIO(workbook)) as good, ZipFile(file, "w", 8) as bad:
        for each in good.infolist():
            content = good.read(each)
            bad.writestr(each.filename, content.replace(old, new) if each.filename == part else content)
    return file.getvalue()
