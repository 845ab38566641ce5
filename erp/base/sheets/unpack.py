"""A workbook's cells as lines of JSON: a program of its own, so that a file made to do harm harms only it.

It is given as much memory and time as a table within the limits needs.  Arguments: the most rows, the most columns.
The workbook comes on the standard input.
"""

import json
import resource
import sys
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any
from xml.parsers import expat
from zipfile import ZipFile, is_zipfile

MEMORY = 1 << 30  # bytes
SECONDS = 30

_TABLE, _SPAN = "urn:oasis:names:tc:opendocument:xmlns:table:1.0 ", "number-{}-spanned"


def bound() -> None:
    """Take no more than a table can need."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def lines(content: bytes, most_rows: int, most_columns: int) -> Iterator[Any]:
    """Of each sheet with cells: its head, then its rows; last ``hidden`` with the names of those left out."""
    from python_calamine import CalamineWorkbook, SheetVisibleEnum

    workbook = CalamineWorkbook.from_filelike(BytesIO(content))
    hidden = [s.name for s in workbook.sheets_metadata if s.visible != SheetVisibleEnum.Visible]
    if len(hidden) == len(workbook.sheet_names):
        hidden = []
    merged = _merged_of_ods(content)
    for place, name in enumerate(workbook.sheet_names):
        if name in hidden:
            continue
        sheet = workbook.get_sheet_by_name(name)
        if sheet.start is None or sheet.end is None:
            continue
        if sheet.end[0] >= most_rows or sheet.end[1] >= most_columns:
            yield {"too large": True}
            return
        ranges = sheet.merged_cell_ranges if merged is None else merged[place] if place < len(merged) else []
        yield {"sheet": name, "merged": [[*first, *last] for first, last in ranges or []]}
        before = [""] * sheet.start[1]
        for row in sheet.iter_rows():
            yield before + [_plain(value) for value in row]
    yield {"hidden": hidden}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return {"instant": value.isoformat()}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    if isinstance(value, time | timedelta):
        return str(value)
    return value


def _merged_of_ods(content: bytes) -> list[list[tuple[tuple[int, int], tuple[int, int]]]] | None:
    """By sheet, where cells are one; ``None`` for other workbooks, which say it themselves."""
    if not is_zipfile(BytesIO(content)):
        return None
    with ZipFile(BytesIO(content)) as container:
        if "content.xml" not in container.namelist():
            return None
        reader = _Spans()
        with container.open("content.xml") as part:
            reader.read(part)
    return reader.sheets


class _Spans:
    """Follows the rows and cells of an OpenDocument content only as far as spans need."""

    def __init__(self) -> None:
        self.sheets: list[list[tuple[tuple[int, int], tuple[int, int]]]] = []
        self._row, self._next_row, self._column = 0, 0, 0
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler = self._start
        self._parser.EntityDeclHandler = self._refuse

    def read(self, part: Any) -> None:
        self._parser.ParseFile(part)

    def _refuse(self, *_: object) -> None:
        raise ValueError("it declares entities")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if not name.startswith(_TABLE):
            return
        kind = name.removeprefix(_TABLE)

        def number(what: str) -> int:
            return int(attributes.get(_TABLE + what, "1"))

        if kind == "table":
            self.sheets.append([])
            self._next_row = 0
        elif kind == "table-row":
            self._row, self._column = self._next_row, 0
            self._next_row += number("number-rows-repeated")
        elif kind in ("table-cell", "covered-table-cell") and self.sheets:
            rows, columns = number(_SPAN.format("rows")), number(_SPAN.format("columns"))
            if rows > 1 or columns > 1:
                first = (self._row, self._column)
                self.sheets[-1].append((first, (first[0] + rows - 1, first[1] + columns - 1)))
            self._column += number("number-columns-repeated")


def main() -> None:
    bound()
    content = sys.stdin.buffer.read()
    try:
        for line in lines(content, int(sys.argv[1]), int(sys.argv[2])):
            sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    except MemoryError:
        sys.exit(1)
    except Exception as error:  # whatever a broken file breaks is its fault, told by whoever asked
        sys.stdout.write(json.dumps({"fault": str(error) or type(error).__name__}) + "\n")


if __name__ == "__main__":
    main()
