"""A workbook's cells as lines of JSON: a program of its own, so that a file made to do harm harms only it.

It is given as much memory, time and space as a table within the limits needs.  Arguments: the most rows, the most
columns, the most octets of the answer.  The workbook comes on the standard input; the standard output is a file, of
UTF-8 on every machine.
"""

import json
import re
import resource
import signal
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


def bound(space: int) -> None:
    """Take no more than a table can need."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (space, space))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # ends it; Python would pass it over


def lines(content: bytes, most_rows: int, most_columns: int) -> Iterator[Any]:
    """Of each sheet with cells: its head, then its rows; last ``hidden`` with the names of those left out."""
    from python_calamine import CalamineWorkbook, SheetVisibleEnum

    workbook = CalamineWorkbook.from_filelike(BytesIO(content))
    hidden = [s.name for s in workbook.sheets_metadata if s.visible != SheetVisibleEnum.Visible]
    if len(hidden) == len(workbook.sheet_names):
        hidden = []
    spans, errors = _of_ods(content), _errors(content)
    for place, name in enumerate(workbook.sheet_names):
        if name in hidden:
            continue
        sheet = workbook.get_sheet_by_name(name)
        if sheet.start is None or sheet.end is None:
            continue
        if sheet.end[0] >= most_rows or sheet.end[1] >= most_columns:
            yield {"too large": True}
            return
        ranges, failed = sheet.merged_cell_ranges, errors.get(name) or errors.get(place, {})
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


def _errors(content: bytes) -> dict[str | int, Errors]:
    """By the sheets' names, of XLS by their places."""
    if content.startswith(_COMPOUND):
        return dict(enumerate(_errors_of_xls(_workbook_stream(content))))
    if not is_zipfile(BytesIO(content)):
        return {}
    with ZipFile(BytesIO(content)) as container:
        names = set(container.namelist())
        for workbook, sheets_of, errors_of in (
            ("xl/workbook.xml", _sheets_of_xlsx, _errors_of_xlsx),
            ("xl/workbook.bin", _sheets_of_xlsb, _errors_of_xlsb),
        ):
            relations = f"xl/_rels/{workbook.removeprefix('xl/')}.rels"
            if {workbook, relations} <= names:
                targets = {each["Id"]: each["Target"] for each in _elements(container, relations, "Relationship")}
                parts = {
                    name: target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
                    for name, relation in sheets_of(container, workbook)
                    for target in [targets.get(relation, "")]
                }
                return {name: errors_of(container, part) for name, part in parts.items() if part in names}
    return {}


# ------------------------------------------------------------------------------------------------ XLSX


def _sheets_of_xlsx(container: ZipFile, part: str) -> Iterator[tuple[str, str]]:
    for sheet in _elements(container, part, "sheet"):
        yield sheet["name"], sheet.get("id", "")


def _errors_of_xlsx(container: ZipFile, part: str) -> Errors:
    if not _says_error(container, part):
        return {}
    with container.open(part) as opened:
        return _Failed().read(opened)


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


# ------------------------------------------------------------------------------------------------ XLSB and XLS

_NAMED = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}  # fmt: skip
"""Errors by their numbers in binary workbooks.  Source: Microsoft, [MS-XLS] 2.5.10, [MS-XLSB] 2.5.97.2."""


def _sheets_of_xlsb(container: ZipFile, part: str) -> Iterator[tuple[str, str]]:
    for kind, said in _records_of_xlsb(container, part):
        if kind == 156:  # BrtBundleSh: state, number, relation, name
            relation, rest = _text_of_xlsb(said[8:])
            yield _text_of_xlsb(rest)[0], relation


def _text_of_xlsb(said: bytes) -> tuple[str, bytes]:
    """A text with its length before it, and what follows it."""
    end = 4 + 2 * int.from_bytes(said[:4], "little")
    return said[4:end].decode("utf-16-le"), said[end:]


def _errors_of_xlsb(container: ZipFile, part: str) -> Errors:
    row, found = 0, {}
    for kind, said in _records_of_xlsb(container, part):
        if kind == 0:  # BrtRowHdr
            row = int.from_bytes(said[:4], "little")
        elif kind in (3, 11) and len(said) > 8:  # BrtCellError, BrtFmlaError: column, style, error
            found[row, int.from_bytes(said[:4], "little")] = _NAMED.get(said[8], "#N/A")
    return found


def _records_of_xlsb(container: ZipFile, part: str) -> Iterator[tuple[int, bytes]]:
    with container.open(part) as opened:
        while first := opened.read(1):
            kind = first[0] if first[0] < 0x80 else first[0] & 0x7F | opened.read(1)[0] << 7
            size = shift = 0
            more = True
            while more:
                octet = opened.read(1)[0]
                size, shift, more = size | (octet & 0x7F) << shift, shift + 7, octet >= 0x80 and shift < 21
            yield kind, opened.read(size)


_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LAST_SECTOR = 0xFFFFFFFA


def _workbook_stream(content: bytes) -> bytes:
    """The stream of the workbook in a compound file; Excel writes none below 4096 bytes, kept otherwise.

    Source: Microsoft, [MS-CFB] 2.
    """
    shift = int.from_bytes(content[30:32], "little")

    def sector(number: int) -> bytes:
        return content[number + 1 << shift : number + 2 << shift]

    def numbers(octets: bytes) -> list[int]:
        return [int.from_bytes(octets[at : at + 4], "little") for at in range(0, len(octets), 4)]

    maps, following = numbers(content[76:512]), int.from_bytes(content[68:72], "little")
    while following < _LAST_SECTOR and len(maps) << shift < len(content):
        *more, following = numbers(sector(following))
        maps += more
    table = [each for number in maps if number < _LAST_SECTOR for each in numbers(sector(number))]

    def stream(number: int) -> bytes:
        found: list[bytes] = []
        while number < len(table) and len(found) <= len(table):
            found.append(sector(number))
            number = table[number]
        return b"".join(found)

    entries = stream(int.from_bytes(content[48:52], "little"))
    for at in range(0, len(entries), 128):
        entry = entries[at : at + 128]
        name = entry[: max(int.from_bytes(entry[64:66], "little") - 2, 0)].decode("utf-16-le", "replace")
        if name in ("Workbook", "Book"):
            return stream(int.from_bytes(entry[116:120], "little"))[: int.from_bytes(entry[120:124], "little")]
    return b""


def _errors_of_xls(workbook: bytes) -> list[Errors]:
    """Of each sheet, in their order."""
    places = [int.from_bytes(said[:4], "little") for kind, said in _records_of_xls(workbook, 0) if kind == 0x85]
    sheets: list[Errors] = []
    for place in places:
        sheets.append(found := {})
        for kind, said in _records_of_xls(workbook, place):
            at = int.from_bytes(said[:2], "little"), int.from_bytes(said[2:4], "little")
            if kind == 0x205 and said[7:8] == b"\x01":  # BoolErr
                found[at] = _NAMED.get(said[6], "#N/A")
            elif kind == 0x06 and said[6:7] == b"\x02" and said[12:14] == b"\xff\xff":  # Formula
                found[at] = _NAMED.get(said[8], "#N/A")
    return sheets


def _records_of_xls(workbook: bytes, place: int) -> Iterator[tuple[int, bytes]]:
    """From the beginning of a part through its end, without the parts inside."""
    depth = 0
    while place + 4 <= len(workbook):
        kind, size = (
            int.from_bytes(workbook[place : place + 2], "little"),
            int.from_bytes(workbook[place + 2 : place + 4], "little"),
        )
        depth += (kind == 0x809) - (kind == 0x0A)
        if depth <= 0:
            return
        if depth == 1:
            yield kind, workbook[place + 4 : place + 4 + size]
        place += 4 + size


# ------------------------------------------------------------------------------------------------ OpenDocument


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
    most_rows, most_columns, space = map(int, sys.argv[1:])
    bound(space)
    content = sys.stdin.buffer.read()
    try:
        for line in lines(content, most_rows, most_columns):
            sys.stdout.buffer.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
    except MemoryError:
        sys.exit(1)
    except Exception as error:  # whatever a broken file breaks is its fault, told by whoever asked
        sys.stdout.buffer.write(json.dumps({"fault": str(error) or type(error).__name__}).encode() + b"\n")


if __name__ == "__main__":
    main()
