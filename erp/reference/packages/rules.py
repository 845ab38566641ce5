"""What a data package must be.  Every fault is gathered, so that an editor mends a package in one go."""

import csv
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

from erp.base.dates import DateInterval
from erp.base.errors import RuleViolated
from erp.base.i18n import N_
from erp.reference.packages.model import (
    AccountRow,
    Change,
    ClassificationRow,
    Confidence,
    Content,
    CurrencyRow,
    DayRow,
    Difference,
    DriverValueRow,
    HolidayRow,
    JournalRow,
    LeaveKindRow,
    LeaveNormRow,
    LeaveRuleRow,
    Names,
    Package,
    PackageRow,
    Problem,
    TripNormRow,
    TypicalEntryRow,
)
from ledger.model import Dimension

MANIFEST = "package.toml"


class PackageInvalid(RuleViolated):
    """``problems`` holds every fault found, in the order of files and lines."""

    code = "package-invalid"
    template = N_("The data package {package} has faults ({count}): {faults}")

    def __init__(self, package: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(package=package, count=len(problems), faults="; ".join(map(str, problems)))


def parse(directory: Path) -> Package:
    """The package in ``directory``: ``package.toml`` and the CSV files it lists, all of them valid.

    Raises: PackageInvalid.
    """
    return parse_files(directory.name, files_of(directory))


def files_of(directory: Path) -> dict[str, bytes]:
    """The files that a package in ``directory`` consists of, by name."""
    found = (directory / MANIFEST, *sorted(directory.glob("*.csv")))
    return {path.name: path.read_bytes() for path in found if path.is_file()}


def parse_files(folder: str, files: Mapping[str, bytes]) -> Package:
    """The package that ``files`` are, as they stand in a folder of that name.  Raises: PackageInvalid."""
    reader = _Reader(folder, files)
    package = reader.package()
    if package is None or reader.problems:
        raise PackageInvalid(folder, reader.problems)
    return package


def named_in(files: Mapping[str, bytes]) -> str:
    """The name that the manifest among ``files`` gives; empty where it cannot be read."""
    try:
        name = tomllib.loads(files.get(MANIFEST, b"").decode()).get("name")
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        return ""
    return name if isinstance(name, str) else ""


# --------------------------------------------------------------------------------------------- cells

_WORD = re.compile(r"[^\W\d_]+")
_LATIN = re.compile(r"[A-Za-z]")
_CYRILLIC = re.compile(r"[\u0400-\u052f]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class _Unfit(Exception):
    """The argument completes the sentence "expected ..."; ``found`` overrides the cell's own text."""

    def __init__(self, expected: str, found: str | None = None) -> None:
        self.found = found
        super().__init__(expected)


def _optional(cell: str) -> str:
    if cell != " ".join(cell.split()):
        raise _Unfit("no spaces around the text, and one between words")
    if found := _CONTROL.search(cell):
        raise _Unfit("no control characters", f"the character {ord(found[0]):#04x}")
    return cell


def _text(cell: str) -> str:
    if not cell:
        raise _Unfit("a text")
    return _optional(cell)


def _name(cell: str) -> str:
    for word in _WORD.findall(cell):
        if _LATIN.search(word) and _CYRILLIC.search(word):
            raise _Unfit("one alphabet within a word", f"Latin and Cyrillic letters in “{word}”")
    return _text(cell)


def _yes_no(cell: str) -> bool:
    return _one_of("yes", "no")(cell) == "yes"


def _one_of(*values: str) -> Callable[[str], str]:
    def parse(cell: str) -> str:
        if cell not in values:
            raise _Unfit(f"one of: {', '.join(values)}")
        return cell

    return parse


def _matching(pattern: str, what: str) -> Callable[[str], str]:
    def parse(cell: str) -> str:
        if not re.fullmatch(pattern, cell):
            raise _Unfit(what)
        return cell

    return parse


def _dimensions(cell: str) -> Dimension:
    known = [d.slug for d in Dimension]
    names = cell.split()
    if unknown := [n for n in names if n not in known]:
        raise _Unfit(f"names of dimensions: {', '.join(known)}", f"“{' '.join(unknown)}”")
    found = Dimension(0)
    for name in names:
        found |= Dimension.of(name)
    return found


def _day(cell: str) -> date | None:
    if not cell:
        return None
    try:
        return date.fromisoformat(cell)
    except ValueError:
        raise _Unfit("a day like 2026-01-01, or nothing") from None


def _whole_day(cell: str) -> str:
    day = _day(cell)
    if day is None or day.isoformat() != cell:
        raise _Unfit("a day like 2026-01-01")
    return cell


def _whole_day_or_none(cell: str) -> str:
    return _whole_day(cell) if cell else cell


def _day_of_year(cell: str) -> str:
    _matching(r"\d{2}-\d{2}", "a day of the year like 12-16")(cell)
    return _whole_day(f"2024-{cell}")[5:]  # a leap year has them all


def _accounts(cell: str) -> tuple[str, ...]:
    for code in cell.split():
        _matching(r"\d{1,4}", "codes of accounts, a space between them")(code)
    return tuple(cell.split())


def _confidence(cell: str) -> Confidence:
    return Confidence(_one_of(*Confidence)(cell))


def _number(cell: str) -> int:
    return int(_matching(r"\d{1,4}", "a whole number of at most four digits")(cell))


def _number_or_none(cell: str) -> int | None:
    return _number(cell) if cell else None


def _digits(cell: str) -> int:
    return int(_matching(r"\d", "one digit")(cell))


# --------------------------------------------------------------------------------------------- forms of files

_Cells = Mapping[str, Any]
_COMMON: dict[str, Callable[[str], Any]] = {
    "code": _text,
    "name_kk": _name,
    "name_ru": _name,
    "name_en": _name,
    "confidence": _confidence,
    "source": _text,
}
_DATED: dict[str, Callable[[str], Any]] = {"valid_from": _day, "valid_to": _day}
_ACT: dict[str, Callable[[str], Any]] = {"act_kk": _name, "act_ru": _name, "act_en": _name}
_LEAVE_KIND: dict[str, Callable[[str], Any]] = {
    "draws": _yes_no,
    "counting": _one_of("calendar", "working"),
    "paid": _one_of("yes", "partly", "no"),
    "seniority": _yes_no,
    "least_days": _number_or_none,
    "most_days": _number_or_none,
    "timesheet_code": _text,
}
_LEAVE_NORM: dict[str, Callable[[str], Any]] = {
    "staff_group": _one_of("", "civil-servant", "civil-employee", "worker"),
    "days": _number,
}
_LEAVE_RULE: dict[str, Callable[[str], Any]] = {"value": _number}
_ACCOUNT_KINDS = (
    "asset",
    "liability",
    "net_assets",
    "revenue",
    "expense",
    "budgetary",
    "production",
    "off_balance",
)

_ROLES = {
    "": _ACCOUNT_KINDS,
    "year_result": ("net_assets",),
    "earlier_years": ("net_assets",),
    "contra": ("off_balance",),
}
"""Roles of accounts, each with the kinds of account that may have it."""

_CODES = {
    "group": r"\d{2}",
    "subgroup": r"\d{2}\.\d",
    "administrator": r"\d{3}",
    "programme": r"\d{3}\.\d{3}",
    "subprogramme": r"\*\.\*\.\d{3}",
    "category": r"\d",
    "class": r"\d\.\d{1,2}",
    "subclass": r"\d{3}|\d\.\d{2}\.\d",
    "specific": r"\d{3}|\d{6}",
}
_PARENTS = {
    "subgroup": "group",
    "programme": "subgroup",
    "class": "category",
    "subclass": "class",
    "specific": "subclass",
}


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    cells: _Cells


_Fault = tuple[_Line, str, str, str]
"""Line, column, found, expected."""


def _faults_of_codes(lines: Sequence[_Line]) -> Iterator[_Fault]:
    seen: dict[str, int] = {}
    for line in lines:
        code = line.cells["code"]
        if code in seen:
            yield line, "code", f"{code} a second time (first in line {seen[code]})", "each code once"
        seen.setdefault(code, line.number)


def _faults_of_accounts(lines: Sequence[_Line]) -> Iterator[_Fault]:
    yield from _faults_of_codes(lines)
    by_code = {line.cells["code"]: line.cells for line in lines}
    for line in lines:
        cells = line.cells
        parent = cells["parent_code"]
        if parent and parent not in by_code:
            yield line, "parent_code", f"unknown account {parent}", "the code of an account of this file"
        elif parent and by_code[parent]["postable"]:
            yield (
                line,
                "parent_code",
                f"{parent}, which is postable",
                "an account that groups others (postable: no)",
            )
        if _is_under_itself(cells["code"], by_code):
            yield (
                line,
                "parent_code",
                f"{parent}, which stands under {cells['code']}",
                "a chart without circles",
            )
        if beyond := cells["mandatory"] & ~cells["permitted"]:
            names = " ".join(d.slug for d in beyond)
            yield line, "mandatory", f"{names}, which permitted lacks", "only dimensions that are permitted"
        if not cells["postable"] and (cells["permitted"] or cells["keeps_quantity"]):
            yield line, "permitted", "dimensions or quantity of a group", "nothing, where postable is no"
    yield from _faults_of_roles(lines)


def _faults_of_roles(lines: Sequence[_Line]) -> Iterator[_Fault]:
    taken: dict[str, str] = {}
    for line in lines:
        cells = line.cells
        role = cells["role"]
        if not role:
            continue
        if not cells["postable"] or cells["kind"] not in _ROLES[role]:
            yield line, "role", f"{role} of {cells['code']}", f"a postable account of the kind {_ROLES[role][0]}"
        if role in taken:
            yield line, "role", f"{role} a second time (first of {taken[role]})", "each role once"
        taken.setdefault(role, cells["code"])


def _is_under_itself(code: str, by_code: Mapping[str, _Cells]) -> bool:
    passed: set[str] = set()
    above = by_code[code]["parent_code"]
    while above in by_code and above not in passed:
        if above == code:
            return True
        passed.add(above)
        above = by_code[above]["parent_code"]
    return False


def _faults_of_classification(lines: Sequence[_Line]) -> Iterator[_Fault]:
    yield from _faults_of_codes(lines)
    by_code = {line.cells["code"]: line.cells for line in lines}
    for line in lines:
        code, parent, level = (line.cells[c] for c in ("code", "parent_code", "level"))
        if not re.fullmatch(_CODES[level], code):
            yield line, "code", f"{code}", f"a code of the level {level}: {_CODES[level]}"
        above = _PARENTS.get(level)
        if above is None:
            if parent:
                yield line, "parent_code", parent, f"nothing, at the level {level}"
        elif parent not in by_code:
            yield line, "parent_code", f"unknown code {parent}", f"the code of a {above} of this file"
        elif by_code[parent]["level"] != above:
            yield line, "parent_code", f"{parent}, a {by_code[parent]['level']}", f"the code of a {above}"
        administrator = code[:3]
        if level == "programme" and by_code.get(administrator, {}).get("level") != "administrator":
            yield line, "code", f"unknown administrator {administrator}", "an administrator of this file"


def _account(common: dict[str, Any], cells: _Cells) -> AccountRow:
    own = ("parent_code", "kind", "normal_side", "postable", "mandatory", "permitted", "keeps_quantity", "role")
    return AccountRow(**common, **{name: cells[name] for name in own})


def _classification(common: dict[str, Any], cells: _Cells) -> ClassificationRow:
    return ClassificationRow(**common, **{name: cells[name] for name in ("parent_code", "level", "international")})


def _journal(common: dict[str, Any], cells: _Cells) -> JournalRow:
    return JournalRow(**common)


def _currency(common: dict[str, Any], cells: _Cells) -> CurrencyRow:
    return CurrencyRow(**common, number=cells["number"], minor_units=cells["minor_units"])


def _holiday(common: dict[str, Any], cells: _Cells) -> HolidayRow:
    return HolidayRow(**common, moves=cells["moves"])


def _day_row(common: dict[str, Any], cells: _Cells) -> DayRow:
    return DayRow(**common, kind=cells["kind"], instead_of=cells["instead_of"])


def _typical_entry(common: dict[str, Any], cells: _Cells) -> TypicalEntryRow:
    return TypicalEntryRow(**common, **{name: cells[name] for name in ("parent_code", "debit", "credit")})


def _trip_norm(common: dict[str, Any], cells: _Cells) -> TripNormRow:
    return TripNormRow(**common, **{name: cells[name] for name in ("kind", "area", "value", "unit")})


def _driver_value(common: dict[str, Any], cells: _Cells) -> DriverValueRow:
    return DriverValueRow(**common, **{name: cells[name] for name in ("series", "unit", "year", "vintage", "value")})


def _leave_kind(common: dict[str, Any], cells: _Cells) -> LeaveKindRow:
    return LeaveKindRow(**common, **{name: cells[name] for name in _LEAVE_KIND | _ACT})


def _leave_norm(common: dict[str, Any], cells: _Cells) -> LeaveNormRow:
    return LeaveNormRow(**common, **{name: cells[name] for name in _LEAVE_NORM | _ACT})


def _leave_rule(common: dict[str, Any], cells: _Cells) -> LeaveRuleRow:
    return LeaveRuleRow(**common, **{name: cells[name] for name in _LEAVE_RULE | _ACT})


def _faults_of_typical_entries(lines: Sequence[_Line]) -> Iterator[_Fault]:
    yield from _faults_of_codes(lines)
    sections = {line.cells["code"] for line in lines if not line.cells["parent_code"]}
    for line in lines:
        parent, debit, credit = (line.cells[column] for column in ("parent_code", "debit", "credit"))
        if not parent and (debit or credit):
            yield line, "debit", "accounts of a section", "nothing, where there is no parent_code"
        elif parent and parent not in sections:
            yield line, "parent_code", f"unknown section {parent}", "the code of a section of this file"
        elif parent and not (debit or credit):
            yield line, "debit", "no account on either side", "an account on one side at least"


@dataclass(frozen=True, slots=True)
class _Form:
    """Columns of a file with what each cell becomes, the faults lines may have together, and their row."""

    columns: Mapping[str, Callable[[str], Any]]
    faults: Callable[[Sequence[_Line]], Iterator[_Fault]]
    row: Callable[[dict[str, Any], _Cells], PackageRow]


def _classification_form(*levels: str) -> _Form:
    own = {"parent_code": _optional, "level": _one_of(*levels), "international": _optional}
    return _Form(_COMMON | _DATED | own, _faults_of_classification, _classification)


_FORMS = {
    Content.ACCOUNTS: _Form(
        _COMMON
        | _DATED
        | {
            "code": _matching(r"\d{1,4}", "one to four digits"),
            "parent_code": _optional,
            "kind": _one_of(*_ACCOUNT_KINDS),
            "normal_side": _one_of("debit", "credit"),
            "postable": _yes_no,
            "mandatory": _dimensions,
            "permitted": _dimensions,
            "keeps_quantity": _yes_no,
            "role": _one_of(*_ROLES),
        },
        _faults_of_accounts,
        _account,
    ),
    Content.JOURNALS: _Form(
        _COMMON | {"code": _matching(r"[A-Z]+(-\d{2})?", "capital letters, and perhaps -01")},
        _faults_of_codes,
        _journal,
    ),
    Content.FUNCTIONAL: _classification_form("group", "subgroup", "administrator", "programme", "subprogramme"),
    Content.ECONOMIC: _classification_form("category", "class", "subclass", "specific"),
    Content.REVENUE: _classification_form("category", "class", "subclass", "specific"),
    Content.CURRENCIES: _Form(
        _COMMON
        | _DATED
        | {
            "code": _matching(r"[A-Z]{3}", "three capital letters"),
            "number": _matching(r"\d{3}", "three digits"),
            "minor_units": _digits,
        },
        _faults_of_codes,
        _currency,
    ),
    Content.HOLIDAYS: _Form(
        _COMMON | _DATED | {"code": _day_of_year, "moves": _yes_no},
        _faults_of_codes,
        _holiday,
    ),
    Content.DAYS: _Form(
        _COMMON
        | {"code": _whole_day, "kind": _one_of("holiday", "day_off", "working"), "instead_of": _whole_day_or_none},
        _faults_of_codes,
        _day_row,
    ),
    Content.TRIP_NORMS: _Form(
        _COMMON
        | _DATED
        | {
            "kind": _one_of("mci", "per-diem", "lodging", "longest", "report-term"),
            "area": _matching(r"|[A-Z]{2}|KZ\.[a-z]+", "a country like KZ, inside it a class of place like KZ.major"),
            "value": _matching(r"\d+(\.\d*[1-9])?", "a number without needless zeros"),
            "unit": _matching(r"[A-Z]{3}|day|working-day", "MCI, a currency, day or working-day"),
        },
        _faults_of_codes,
        _trip_norm,
    ),
    Content.DRIVER_VALUES: _Form(
        _COMMON
        | {
            "code": _matching(r"[a-z0-9_]+\.\d{4}\.\d{4}-\d\d-\d\d", "series, year and vintage, joined by points"),
            "series": _matching(r"[a-z][a-z0-9_]{0,59}", "a name of small Latin letters"),
            "unit": _matching(r"%|[A-Za-z]+( [A-Za-z]+)?(/[A-Za-z]+)?", "a unit like %, bn KZT or USD/bbl"),
            "year": _number,
            "vintage": _whole_day,
            "value": _matching(r"-?\d+(\.\d*[1-9])?", "a number without needless zeros"),
        },
        _faults_of_codes,
        _driver_value,
    ),
    Content.LEAVE_KINDS: _Form(_COMMON | _DATED | _ACT | _LEAVE_KIND, _faults_of_codes, _leave_kind),
    Content.LEAVE_NORMS: _Form(_COMMON | _DATED | _ACT | _LEAVE_NORM, _faults_of_codes, _leave_norm),
    Content.LEAVE_RULES: _Form(_COMMON | _DATED | _ACT | _LEAVE_RULE, _faults_of_codes, _leave_rule),
    Content.TYPICAL_ENTRIES: _Form(
        _COMMON | _DATED | {"parent_code": _optional, "debit": _accounts, "credit": _accounts},
        _faults_of_typical_entries,
        _typical_entry,
    ),
}


# --------------------------------------------------------------------------------------------- reading

_MANIFEST_TEXTS = ("name", "act", "edition", "source", "licence")
_MANIFEST_KEYS = {*_MANIFEST_TEXTS, "title", "valid_from", "valid_to", "files"}


@dataclass
class _Reader:
    folder: str
    files: Mapping[str, bytes]
    problems: list[Problem] = field(default_factory=list)

    def package(self) -> Package | None:
        """The package; ``None`` where there were problems."""
        manifest = self._manifest()
        if manifest is None:
            return None
        self._check_manifest(manifest)
        edition = self._edition(manifest)
        contents: dict[Content, tuple[PackageRow, ...]] = {}
        digest = sha256(self.files[MANIFEST])
        for file, content in self._files(manifest):
            raw = self.files[file]
            digest.update(f"\0{file}\0{len(raw)}\0".encode() + raw)
            contents[content] = self._rows(file, raw, _FORMS[content], edition)
        if self.problems:
            return None
        title = manifest["title"]
        return Package(
            name=manifest["name"],
            titles=Names(title["kk"], title["ru"], title["en"]),
            act=manifest["act"],
            edition=manifest["edition"],
            in_force=edition,
            sha256=digest.hexdigest(),
            contents=contents,
        )

    def _complain(
        self, file: str, found: str, expected: str, line: int | None = None, column: str | None = None
    ) -> None:
        self.problems.append(Problem(f"{self.folder}/{file}", line, column, found, expected))

    def _manifest(self) -> dict[str, Any] | None:
        try:
            return tomllib.loads(self.files[MANIFEST].decode())
        except KeyError:
            self._complain(MANIFEST, "no such file", "the manifest of the package")
        except UnicodeDecodeError:
            self._complain(MANIFEST, "other bytes", "UTF-8")
        except tomllib.TOMLDecodeError as error:
            self._complain(MANIFEST, str(error), "TOML")
        return None

    def _check_manifest(self, manifest: dict[str, Any]) -> None:
        for key in sorted(manifest.keys() - _MANIFEST_KEYS):
            self._complain(MANIFEST, "an unknown key", f"one of: {', '.join(sorted(_MANIFEST_KEYS))}", column=key)
        for key in _MANIFEST_TEXTS:
            self._check_text(manifest, key, key)
        title = manifest.get("title")
        for language in ("kk", "ru", "en"):
            self._check_text(title if isinstance(title, dict) else {}, language, f"title.{language}")
        name = manifest.get("name")
        if isinstance(name, str) and name != self.folder:
            self._complain(MANIFEST, name, f"the name of its folder, {self.folder}", column="name")

    def _check_text(self, table: dict[str, Any], key: str, column: str) -> None:
        value = table.get(key)
        if not isinstance(value, str) or not value.strip():
            self._complain(MANIFEST, _shown(value), "a text", column=column)
        elif found := _CONTROL.search(value):
            self._complain(MANIFEST, f"the character {ord(found[0]):#04x}", "no control characters", column=column)

    def _edition(self, manifest: dict[str, Any]) -> DateInterval:
        first, last = manifest.get("valid_from"), manifest.get("valid_to")
        if type(first) is not date:
            self._complain(MANIFEST, _shown(first), "a day like 2026-01-01", column="valid_from")
            first = date.min
        if last is not None and (type(last) is not date or last <= first):
            self._complain(MANIFEST, _shown(last), "a day after valid_from, or no key", column="valid_to")
            last = None
        return DateInterval(first, last)

    def _files(self, manifest: dict[str, Any]) -> Iterator[tuple[str, Content]]:
        listed: set[str] = set()
        filled: set[Content] = set()
        files = manifest.get("files")
        entries = files if isinstance(files, list) else []
        if not entries:
            self._complain(MANIFEST, _shown(files), "a list of files", column="files")
        for entry in entries:
            file = entry.get("path") if isinstance(entry, dict) else None
            content = entry.get("content") if isinstance(entry, dict) else None
            if not isinstance(file, str) or file not in self.files:
                self._complain(MANIFEST, _shown(file), "the name of a file in this folder", column="files.path")
                continue
            listed.add(file)
            if content not in list(Content):
                self._complain(MANIFEST, _shown(content), f"one of: {', '.join(Content)}", column="files.content")
            elif (kind := Content(content)) in filled:
                self._complain(
                    MANIFEST, f"{content} a second time", "one file for each content", column="files.content"
                )
            else:
                filled.add(kind)
                yield file, kind
        for stray in sorted(name for name in self.files if name not in {*listed, MANIFEST}):
            self._complain(stray, "a file that package.toml does not list", "no such file")

    def _rows(self, file: str, raw: bytes, form: _Form, edition: DateInterval) -> tuple[PackageRow, ...]:
        lines = list(self._lines(file, raw, form))
        for line, column, found, expected in form.faults(lines):
            self._complain(file, found, expected, line.number, column)
        rows = []
        for line in lines:
            cells = line.cells
            in_force = _within(edition, cells.get("valid_from"), cells.get("valid_to"))
            if in_force is None:
                self._complain(
                    file,
                    f"{cells['valid_from'] or '…'} to {cells['valid_to'] or '…'}",
                    f"days within the edition, {edition.start} to {edition.end or '…'}",
                    line.number,
                    "valid_from",
                )
                continue
            common = {
                "code": cells["code"],
                "names": Names(cells["name_kk"], cells["name_ru"], cells["name_en"]),
                "in_force": in_force,
                "confidence": cells["confidence"],
                "source": cells["source"],
            }
            rows.append(form.row(common, cells))
        return tuple(rows)

    def _lines(self, file: str, raw: bytes, form: _Form) -> Iterator[_Line]:
        """Lines all of whose cells are fit; the others are complained of."""
        try:
            table = csv.reader(raw.decode("utf-8-sig").splitlines(keepends=True), strict=True)
            heading = next(table, [])
            if sorted(heading) != sorted(form.columns):
                self._complain(file, ", ".join(heading) or "no heading", f"the columns {', '.join(form.columns)}", 1)
                return
            before = table.line_num
            for record in table:
                number, before = before + 1, table.line_num
                if len(record) != len(heading):
                    self._complain(file, f"{len(record)} cells", f"{len(heading)} cells", number)
                    continue
                cells = {c: self._cell(file, number, c, cell, form) for c, cell in zip(heading, record, strict=True)}
                if _UNFIT not in cells.values():
                    yield _Line(number, cells)
        except UnicodeDecodeError as error:
            self._complain(file, "other bytes", "UTF-8", raw.count(b"\n", 0, error.start) + 1)
        except csv.Error as error:
            self._complain(file, str(error), "CSV with quotation marks doubled inside a cell", table.line_num)

    def _cell(self, file: str, number: int, column: str, cell: str, form: _Form) -> Any:
        try:
            return form.columns[column](cell)
        except _Unfit as unfit:
            self._complain(file, unfit.found or _shown(cell), str(unfit), number, column)
            return _UNFIT


_UNFIT = object()


def _shown(value: object) -> str:
    return "nothing" if value in (None, "", []) else f"“{value}”"


def _within(edition: DateInterval, first: date | None, last: date | None) -> DateInterval | None:
    """The part of a row's days that lies in the edition's; ``None`` where there is none."""
    start = max(d for d in (edition.start, first) if d is not None)
    ends = [d for d in (edition.end, last) if d is not None]
    end = min(ends) if ends else None
    return DateInterval(start, end) if end is None or start < end else None


# --------------------------------------------------------------------------------------------- differences

_UNNAMED = ("code", "kind", "in_force")


def differences(
    content: Content, present: Iterable[Mapping[str, Any]], offered: Iterable[Mapping[str, Any]], edition_from: date
) -> list[Difference]:
    """What making a register of ``present`` rows say what is ``offered`` changes, by code.

    Rows are as the register keeps them; ``in_force`` is a ``DateInterval``, absent where a register is not dated.
    """
    was, becomes = ({row["code"]: row for row in rows} for rows in (present, offered))
    found = [Difference(content, code, _names(becomes[code]), Change.ADDED, {}) for code in becomes.keys() - was.keys()]
    if content is not Content.JOURNALS:  # a journal that numbered entries never goes away
        gone = was.keys() - becomes.keys()
        found += [Difference(content, code, _names(was[code]), Change.ENDED, {}) for code in gone]
    for code in was.keys() & becomes.keys():
        changes = dict(_changes(was[code], becomes[code], edition_from))
        if changes:
            found.append(Difference(content, code, _names(becomes[code]), Change.CHANGED, changes))
    return sorted(found, key=lambda d: (d.code, d.change))


def _changes(was: Mapping[str, Any], becomes: Mapping[str, Any], edition_from: date) -> Iterator[tuple[str, Any]]:
    for name in becomes:
        if name not in _UNNAMED and _said(was.get(name)) != _said(becomes[name]):
            yield name, (_said(was.get(name)), _said(becomes[name]))
    if "in_force" in becomes:
        now, then = was["in_force"], becomes["in_force"]
        began_before = now.start is None or now.start < edition_from
        if not began_before and now.start != then.start:
            yield "valid_from", (_said(now.start), _said(then.start))
        if now.end != then.end:
            yield "valid_to", (_said(now.end), _said(then.end))


def _names(row: Mapping[str, Any]) -> Names:
    return Names(row["name_kk"], row["name_ru"], row["name_en"])


def _said(value: object) -> str:
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    if isinstance(value, Dimension):
        return str(int(value))
    return "" if value is None else str(value)
