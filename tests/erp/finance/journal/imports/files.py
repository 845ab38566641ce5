"""Files as other programs write them.  Calls name only what a test is about."""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from xml.sax.saxutils import escape
from zipfile import ZipFile

import xlsxwriter  # type: ignore[import-untyped]

HEADINGS = ("Дата", "Номер", "Дебет", "Кредит", "Сумма", "Содержание")
A_ROW = ("15.03.2026", "1", "1010", "6010", "100,00", "Касса")

Content = str | float | date | None


def a_csv(
    place: Path,
    *rows: Sequence[str],
    headings: Sequence[str] = HEADINGS,
    delimiter: str = ";",
    encoding: str = "utf-8",
    name: str = "journal.csv",
) -> Path:
    """A CSV file whose cells are written as they are given, unquoted."""
    path = place / name
    lines = [delimiter.join(row) + "\r\n" for row in (headings, *rows)]
    path.write_bytes("".join(lines).encode(encoding))
    return path


def an_xlsx(place: Path, *sheets: Sequence[Sequence[Content]], name: str = "journal.xlsx") -> Path:
    """A workbook of sheets, each a list of rows; ``None`` leaves a cell out."""
    path = place / name
    workbook = xlsxwriter.Workbook(path)
    as_day = workbook.add_format({"num_format": "dd.mm.yyyy"})
    for rows in sheets:
        sheet = workbook.add_worksheet()
        for r, cells in enumerate(rows):
            for c, cell in enumerate(cells):
                if isinstance(cell, date):
                    sheet.write_datetime(r, c, datetime(cell.year, cell.month, cell.day), as_day)  # noqa: DTZ001
                elif isinstance(cell, float | int):
                    sheet.write_number(r, c, cell)
                elif cell is not None:
                    sheet.write_string(r, c, cell)
    workbook.close()
    return path


def an_ods(place: Path, rows: Sequence[Sequence[str]], name: str = "journal.ods") -> Path:
    """The least that is an OpenDocument sheet of texts."""
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    lines = ["<table:table-row>" + "".join(cell.format(escape(c)) for c in row) + "</table:table-row>" for row in rows]
    space = "urn:oasis:names:tc:opendocument:xmlns:{0}:1.0"
    names = "".join(f' xmlns:{word}="{space.format(word)}"' for word in ("office", "table", "text"))
    path = place / name
    with ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", f'<manifest:manifest xmlns:manifest="{space.format("manifest")}"/>')
        archive.writestr(
            "content.xml",
            f"<office:document-content{names}><office:body><office:spreadsheet>"
            f'<table:table table:name="1">{"".join(lines)}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return path
