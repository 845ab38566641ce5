"""A workbook's cells as lines of JSON: a program of its own, so that a file made to do harm harms only it.

It is given as much memory and time as a table within the limits needs.  Arguments: the most rows, the most columns.
The workbook comes on the standard input.
"""

import json
import re
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
_ODS_TYPE = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0 value-type"
_SAYS_ERROR = re.compile(rb"""\st\s*=\s*["']e["']""")
_CHUNK = 1 << 20  # bytes
_MOST_REPEATED = 1000  # cells in a row that one element of OpenDocument stands for, as far as errors are told
_PLACE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")

Errors = dict[tuple[int, int], str]
"""What Excel shows in a cell whose formula failed (#DIV/0!), by row and column from 0; the reader gives it as blank."""


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
    spans, errors = _of_ods(content), _errors_of_xlsx(content)
    for place, name in enumerate(workbook.sheet_names):
        if name in hidden:
            continue
        sheet = workbook.get_sheet_by_name(name)
        if sheet.start is None or sheet.end is None:
            continue
        if sheet.end[0] >= most_rows or sheet.end[1] >= most_columns:
            yield {"too large": True}
            return
        ranges, failed = sheet.merged_cell_ranges, errors.get(name, {})
        if spans is not None:
            ranges, failed = (spans.sheets[place], spans.errors[place]) if place < len(spans.sheets) else ([], {})
        yield {"sheet": name, "merged": [[*first, *last] for first, last in ranges or []]}
        before = [""] * sheet.start[1]
        for number, row in enumerate(sheet.iter_rows()):
            cells = before + [_plain(value) for value in row]
            yield [failed.get((number, at), cell) for at, cell in enumerate(cells)] if failed else cells
    yield {"hidden": hidden}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return {"instant": value.isoformat()}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    if isinstance(value, time | timedelta):
        return str(value)
    return value


def _errors_of_xlsx(content: bytes) -> dict[str, Errors]:
    """By the sheets' names."""
    if not is_zipfile(BytesIO(content)):
        return {}
    with ZipFile(BytesIO(content)) as container:
        names = set(container.namelist())
        if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= names:
            return {}
        targets = {each["Id"]: each["Target"] for each in _elements(container, _RELATIONS, "Relationship")}
        found = {}
        for sheet in _elements(container, "xl/workbook.xml", "sheet"):
            target = targets.get(sheet.get("id", ""), "")
            part = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
            if part in names and _says_error(container, part):
                with container.open(part) as opened:
                    found[sheet["name"]] = _Failed().read(opened)
        return found


_RELATIONS = "xl/_rels/workbook.xml.rels"


def _elements(container: ZipFile, part: str, name: str) -> list[dict[str, str]]:
    """Attributes of each such element of a part, both without their namespaces."""
    found: list[dict[str, str]] = []

    def start(element: str, attributes: dict[str, str]) -> None:
        if element.rpartition(" ")[2] == name:
            found.append({key.rpartition(" ")[2]: value for key, value in attributes.items()})

    parser = _parser(start)
    with container.open(part) as opened:
        parser.ParseFile(opened)
    return found


def _says_error(container: ZipFile, part: str) -> bool:
    """Whether it is worth reading cell by cell."""
    with container.open(part) as opened:
        before = b""
        while chunk := opened.read(_CHUNK):
            if _SAYS_ERROR.search(before + chunk):
                return True
            before = chunk[-16:]
    return False


def _parser(start: Any) -> expat.XMLParserType:
    """Follows elements; a document that declares entities is refused."""

    def refuse(*_: object) -> None:
        raise ValueError("it declares entities")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.EntityDeclHandler = start, refuse
    return parser


class _Failed:
    """Follows the cells of a worksheet of Excel as far as their errors need; those without an address are passed."""

    def __init__(self) -> None:
        self._errors: Errors = {}
        self._at: tuple[int, int] | None = None
        self._in_value = False
        self._parser = _parser(self._start)
        self._parser.EndElementHandler, self._parser.CharacterDataHandler = self._end, self._said

    def read(self, part: Any) -> Errors:
        self._parser.ParseFile(part)
        return self._errors

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        kind = name.rpartition(" ")[2]
        if kind == "c":
            place = _PLACE.fullmatch(attributes.get("r", "")) if attributes.get("t") == "e" else None
            self._at = (int(place[2]) - 1, _column(place[1])) if place else None
        self._in_value = kind == "v"

    def _end(self, _: str) -> None:
        self._in_value = False

    def _said(self, text: str) -> None:
        if self._at and self._in_value:
            self._errors[self._at] = self._errors.get(self._at, "") + text


def _column(letters: str) -> int:
    at = 0
    for letter in letters:
        at = at * 26 + ord(letter) - 64
    return at - 1


def _of_ods(content: bytes) -> "_Spans | None":
    """Where cells are one, and errors, by sheet; ``None`` for other workbooks."""
    if not is_zipfile(BytesIO(content)):
        return None
    with ZipFile(BytesIO(content)) as container:
        if "content.xml" not in container.namelist():
            return None
        reader = _Spans()
        with container.open("content.xml") as part:
            reader.read(part)
    return reader


class _Spans:
    """Follows the rows and cells of an OpenDocument content only as far as spans and errors need."""

    def __init__(self) -> None:
        self.sheets: list[list[tuple[tuple[int, int], tuple[int, int]]]] = []
        self.errors: list[Errors] = []
        self._row, self._next_row, self._column = 0, 0, 0
        self._failed: list[tuple[int, int]] = []
        self._parser = _parser(self._start)
        self._parser.EndElementHandler, self._parser.CharacterDataHandler = self._end, self._said

    def read(self, part: Any) -> None:
        self._parser.ParseFile(part)

    def _end(self, name: str) -> None:
        if name == _TABLE + "table-cell":
            self._failed = []

    def _said(self, text: str) -> None:
        for at in self._failed:
            self.errors[-1][at] = self.errors[-1].get(at, "") + text

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if not name.startswith(_TABLE):
            return
        kind = name.removeprefix(_TABLE)

        def number(what: str) -> int:
            return int(attributes.get(_TABLE + what, "1"))

        if kind == "table":
            self.sheets.append([])
            self.errors.append({})
            self._next_row = 0
        elif kind == "table-row":
            self._row, self._column = self._next_row, 0
            self._next_row += number("number-rows-repeated")
        elif kind in ("table-cell", "covered-table-cell") and self.sheets:
            rows, columns = number(_SPAN.format("rows")), number(_SPAN.format("columns"))
            if rows > 1 or columns > 1:
                first = (self._row, self._column)
                self.sheets[-1].append((first, (first[0] + rows - 1, first[1] + columns - 1)))
            repeated = number("number-columns-repeated")
            if attributes.get(_ODS_TYPE) == "error":
                self._failed = [(self._row, self._column + at) for at in range(min(repeated, _MOST_REPEATED))]
            self._column += repeated


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
