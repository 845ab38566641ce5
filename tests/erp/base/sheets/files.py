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


ERRORS = {"#REF!": 0x17, "#N/A": 0x2A, "#DIV/0!": 0x07}
"""Written into binary workbooks as cells of errors, those of the second sheet as formulas that failed."""


def an_xls(*sheets: Sequence[Sequence[str]]) -> bytes:
    """The least that is a workbook of Excel 97: texts, and errors."""

    def record(kind: int, *parts: bytes) -> bytes:
        said = b"".join(parts)
        return kind.to_bytes(2, "little") + len(said).to_bytes(2, "little") + said

    def numbers(*values: int, size: int = 2) -> bytes:
        return b"".join(value.to_bytes(size, "little") for value in values)

    def begin(kind: int) -> bytes:
        return record(0x809, numbers(0x600, kind, 0x0DBB, 0x07CC), bytes(8))

    def cell(at: tuple[int, int], said: str, is_formula: bool) -> bytes:
        place = numbers(*at, 0)
        if said not in ERRORS:
            return record(0x204, place, numbers(len(said)), b"\x01", said.encode("utf-16-le"))
        if is_formula:
            result = bytes([2, 0, ERRORS[said], 0, 0, 0, 0xFF, 0xFF])
            return record(0x06, place, result, bytes(6), numbers(3), b"\x1c\x17\x00")
        return record(0x205, place, bytes([ERRORS[said], 1]))

    bodies = [
        begin(0x10)
        + b"".join(cell((r, c), said, n == 1) for r, row in enumerate(rows) for c, said in enumerate(row))
        + record(0x0A)
        for n, rows in enumerate(sheets)
    ]
    names = [f"Sheet{n}".encode() for n in range(1, len(sheets) + 1)]
    place = len(begin(5)) + sum(12 + len(name) for name in names) + 4
    heads = b""
    for name, body in zip(names, bodies, strict=True):
        heads += record(0x85, place.to_bytes(4, "little"), b"\x00\x00", bytes([len(name), 0]), name)
        place += len(body)
    stream = (begin(5) + heads + record(0x0A) + b"".join(bodies)).ljust(4096, b"\x00")
    stream += bytes(-len(stream) % 512)
    return _compound(stream)


def _compound(stream: bytes) -> bytes:
    """A compound file of one stream: its map of sectors, its directory, the stream."""
    size, free, end = len(stream) // 512, 0xFFFFFFFF, 0xFFFFFFFE
    following = [0xFFFFFFFD, end, *range(3, 2 + size), end]
    assert len(following) <= 128

    def words(*values: int) -> bytes:
        return b"".join(value.to_bytes(4, "little") for value in values)

    def entry(name: str, kind: int, child: int, start: int, length: int) -> bytes:
        said = name.encode("utf-16-le") + b"\x00\x00"
        head = said.ljust(64, b"\x00") + len(said).to_bytes(2, "little") + bytes([kind, 1])
        return head + words(free, free, child) + bytes(36) + words(start, length, 0)

    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + bytes([0x3E, 0, 3, 0, 0xFE, 0xFF, 9, 0, 6, 0]) + bytes(6)
    head += words(0, 1, 1, 0, 4096, end, 0, end, 0, 0) + words(*[free] * 108)
    directory = entry("Root Entry", 5, 1, end, 0) + entry("Workbook", 2, free, 2, len(stream)) + bytes(256)
    return head + words(*following, *[free] * (128 - len(following))) + directory + stream


def an_xlsb(*sheets: Sequence[Sequence[str]]) -> bytes:
    """The least that is a binary workbook: texts, and errors."""

    def record(kind: int, *parts: bytes) -> bytes:
        said = b"".join(parts)
        number = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
        return number + bytes([len(said) & 0x7F | 0x80, len(said) >> 7]) + said

    def word(value: int) -> bytes:
        return value.to_bytes(4, "little")

    def said(text: str) -> bytes:
        return word(len(text)) + text.encode("utf-16-le")

    def cell(column: int, text: str, is_formula: bool) -> bytes:
        place = word(column) + word(0)
        if text not in ERRORS:
            return record(6, place, said(text))
        if is_formula:
            return record(11, place, bytes([ERRORS[text]]), bytes(2), word(2), b"\x1c\x17", word(0))
        return record(3, place, bytes([ERRORS[text]]))

    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    parts = [
        f'<Relationship Id="rId{n}" Type="{relations}/worksheet" Target="worksheets/sheet{n}.bin"/>'
        for n in range(1, len(sheets) + 1)
    ]
    bundle = [record(156, word(0), word(n), said(f"rId{n}"), said(f"Sheet{n}")) for n in range(1, len(sheets) + 1)]
    file = BytesIO()
    with ZipFile(file, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.bin", record(131) + record(143) + b"".join(bundle) + record(144) + record(132))
        archive.writestr("xl/_rels/workbook.bin.rels", f"<Relationships>{''.join(parts)}</Relationships>")
        for n, rows in enumerate(sheets, start=1):
            last = word(max(len(rows) - 1, 0)), word(max(max(map(len, rows)) - 1, 0))
            body = [record(129), record(148, word(0), last[0], word(0), last[1]), record(145)]
            for r, row in enumerate(rows):
                body += [record(0, word(r), bytes(13)), *(cell(c, text, n == 2) for c, text in enumerate(row))]
            archive.writestr(f"xl/worksheets/sheet{n}.bin", b"".join([*body, record(146), record(130)]))
    return file.getvalue()


@cache
@cache
def a_zip_bomb(megabytes: int = 1200) -> bytes:
    """A small workbook with a sheet of more than unpacking may take; made when it is called for: it takes a second."""
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
