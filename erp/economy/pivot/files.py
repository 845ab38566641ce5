"""Files of figures on their way into a version: read, checked cell by cell, and what they would change.

A row names a line of the plan by its codes.  Where the file lacks a column, a row stands for all lines that agree in
the others, and its figure goes to them by their shares.  A blank cell says nothing; a dash takes the cells away.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from erp.base.errors import DomainError, RuleViolated
from erp.base.i18n import N_
from erp.base.money import parse_tiyn
from erp.base.sheets.errors import NothingGood as NothingGood
from erp.base.sheets.errors import RowAgain
from erp.base.sheets.heads import Header, find_header, fold
from erp.base.sheets.model import Row, RowKind, address
from erp.economy.pivot.cube import Cube, extended, first_id_beyond
from erp.economy.pivot.model import Intake, Typed
from erp.economy.pivot.rules import TAKEN_AWAY, spreading
from erp.economy.plans.axes import SECTIONS
from erp.economy.plans.model import CellChange, LeafKey, Section
from erp.economy.plans.registers import CODED, CodeUnknown, Registers
from erp.economy.plans.rules import check_section, signs

CODES = ("section", "budget_id", "organisation_id", "programme", "economic", "source", "region")
"""Columns that name a line, as ``LeafKey`` does."""
HEADS: Mapping[str, str] = {
    "section": N_("Section"),
    "budget_id": N_("Budget (BIN)"),
    "organisation_id": N_("Organisation (BIN)"),
    "programme": N_("Programme"),
    "economic": N_("Specific or revenue code"),
    "source": N_("Source of funds"),
    "region": N_("Region (BIN)"),
}
HEADINGS: Mapping[str, tuple[str, ...]] = {
    "section": ("section", "раздел", "бөлім"),
    "budget_id": ("budget", "budget (bin)", "бюджет", "бин бюджета", "бюджет (бин)", "бюджет (бсн)"),
    "organisation_id": (
        "organisation", "organisation (bin)", "bin", "организация", "организация (бин)", "учреждение", "бин",
        "ұйым", "ұйым (бсн)", "мекеме", "бсн",
    ),
    "programme": ("programme", "программа", "бюджетная программа", "бағдарлама", "бюджеттік бағдарлама"),
    "economic": (
        "economic", "specific", "specific or revenue code", "специфика", "специфика или код дохода", "кбк",
        "ерекшелік", "ерекшелік немесе кіріс коды", "бск",
    ),
    "source": (
        "source", "source of funds", "источник", "источник средств", "источник финансирования", "көз", "қаражат көзі",
        "қаржыландыру көзі",
    ),
    "region": ("region", "region (bin)", "регион", "регион (бин)", "өңір", "өңір (бсн)"),
}  # fmt: skip
"""What files call each of them, in any language."""
_NEEDED = ("section", "organisation_id", "economic")
"""Without these a line that is not in the plan cannot be added."""
_BIN = 12
"""Digits of a BIN."""


class HeadsMissing(RuleViolated):
    code = "heads-missing"
    template = N_(
        "The file has no row of heads with codes and years of the plan ({years}). Take the version's own file and write"
        " into that."
    )


class PlanColumnTwice(RuleViolated):
    code = "plan-column-twice"
    template = N_("Two columns say {column}. Leave one of them out, or name it otherwise.")


class LineUnknown(RuleViolated):
    code = "line-unknown"
    template = N_("The version has no such line. To add it the row needs section, organisation and specific.")


class TotalOrLine(RuleViolated):
    code = "total-or-line"
    template = N_(
        "The row begins like a total and has codes like a line. If it is a total, leave it out; if it is a line, mend"
        " its codes."
    )


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the file as it is understood; ``kind`` is line, head, blank, total or left."""

    number: int
    kind: str
    texts: tuple[str, ...]
    faults: Mapping[int, DomainError]
    """By column; under -1 the row's own."""


class _Said(NamedTuple):
    """A good row: the places of its leaves, and by year what it says."""

    number: int
    leaves: tuple[int, ...]
    figures: tuple[tuple[int, int, int | None], ...]
    """Column, place of the year, tiyn."""


@dataclass(frozen=True)
class Checked:
    """A file with everything found in it, over the cells that it is meant for."""

    intake: Intake
    titles: tuple[str, ...]
    names: tuple[str, ...]
    """By column, a code's name or a year; empty where it is not read."""
    lines: tuple[Line, ...]
    added: tuple[LeafKey, ...]
    """Lines that the version lacks and the file brings."""
    changes: tuple[CellChange, ...]
    """Of good rows; those of lines not yet in the plan stand under ids that no plan uses."""
    fault: DomainError | None = None
    """Why nothing of it can be read."""

    @cached_property
    def faulty(self) -> frozenset[int]:
        return frozenset(line.number for line in self.lines if line.faults)

    @property
    def good(self) -> int:
        return sum(line.kind == "line" and not line.faults for line in self.lines)

    def changes_under(self, added: Sequence[int]) -> list[CellChange]:
        """The changes, of added lines under the ids that the plan has given them."""
        first = first_id_beyond(len(added))
        return [
            CellChange(added[each.leaf_id - first], each.year, each.amount_tiyn) if each.leaf_id >= first else each
            for each in self.changes
        ]

    def count(self, kind: str) -> int:
        return sum(line.kind == kind for line in self.lines)


# ------------------------------------------------------------------------------------------------ checking


def checked(intake: Intake, cube: Cube, registers: Registers) -> Checked:
    """What a file says, cell by cell, and what its good rows would change."""
    rows = tuple(_mended(intake))
    wanted = headings(cube.years)
    header = find_header(rows, wanted)
    names = header.names if header else ()
    if header is None or not set(names) & set(CODES) or set(names) <= {*CODES, ""}:
        told = HeadsMissing(years=", ".join(map(str, cube.years)))
        return Checked(intake, (), (), tuple(_unread(rows)), (), (), told)
    if twice := next((name for name in wanted if names.count(name) > 1), None):
        said = header.titles[header.columns[twice]]
        return Checked(intake, (), (), tuple(_unread(rows)), (), (), PlanColumnTwice(column=said))
    return _Reading(intake, cube, registers, header, rows).checked()


def headings(years: Sequence[int]) -> dict[str, tuple[str, ...]]:
    """What columns of a file are called, by the code or the year of the plan that they hold."""
    return {**HEADINGS, **{str(year): _of_year(year) for year in years}}


def _of_year(year: int) -> tuple[str, ...]:
    return tuple(f"{year}{after}" for after in ("", " год", " г.", " жыл", " жылға", ", ₸", " year"))


def _mended(intake: Intake) -> Iterator[Row]:
    cells = intake.mended.cells
    for number, texts in intake.rows:
        yield Row(number, tuple(cells.get(address(number, at), text) for at, text in enumerate(texts)))


def bins_in(intake: Intake) -> set[str]:
    """Whatever in a file may be the BIN of an organisation."""
    said = {text for _, texts in intake.rows for text in texts} | set(intake.mended.cells.values())
    return {_bin(text) for text in said if text.isdecimal() and len(text) <= _BIN}


def _bin(text: str) -> str:
    """With the zeros that a spreadsheet took from its beginning."""
    return text.zfill(_BIN) if text.isdecimal() else text


def _unread(rows: Sequence[Row]) -> Iterator[Line]:
    for row in rows:
        yield Line(row.number, "blank" if row.kind is RowKind.BLANK else "head", row.texts, {})


class _Reading:
    def __init__(self, intake: Intake, cube: Cube, registers: Registers, header: Header, rows: Sequence[Row]) -> None:
        self._intake, self._cube, self._registers, self._header, self._rows = intake, cube, registers, header, rows
        self._columns = {name: at for name, at in header.columns.items() if name in CODES}
        self._years = {at: cube.years.index(int(name)) for name, at in header.columns.items() if name not in CODES}
        self._keys = [cube.axes.table.key_at(at) for at in range(cube.leaves)]
        self._named = [name for name in CODES if name in self._columns]
        self._lines: dict[tuple[object, ...], list[int]] = {}
        for at, key in enumerate(self._keys):
            self._lines.setdefault(self._place(key), []).append(at)
        self._sections = {
            fold(text): section
            for section, named in SECTIONS.items()
            for text in (named.code, named.kk, named.ru, named.en)
        }
        self._added: dict[LeafKey, int] = {}

    def _place(self, key: LeafKey) -> tuple[object, ...]:
        return tuple(getattr(key, name) for name in self._named)

    def checked(self) -> Checked:
        lines: list[Line] = []
        good: list[_Said] = []
        seen: dict[tuple[tuple[int, ...], int], int] = {}
        for place, row in enumerate(self._rows):
            line, said = self._read(place, row)
            if said is not None:
                faults: dict[int, DomainError] = dict(line.faults)
                for column, year, _ in said.figures:
                    if (first := seen.setdefault((said.leaves, year), row.number)) != row.number:
                        faults[column] = RowAgain(row=first)
                if faults:
                    line = Line(line.number, line.kind, line.texts, faults)
                else:
                    good.append(said)
            lines.append(line)
        changes, refused = self._changes(good)
        while again := refused.keys() & {said.number for said in good}:
            good = [said for said in good if said.number not in again]  # a row that is refused changes nothing
            changes, more = self._changes(good)
            refused |= more
        for number, (column, fault) in refused.items():
            at = next(at for at, line in enumerate(lines) if line.number == number)
            lines[at] = Line(number, lines[at].kind, lines[at].texts, {**lines[at].faults, column: fault})
        return Checked(self._intake, self._header.titles, self._header.names, tuple(lines), tuple(self._added), changes)

    def _read(self, place: int, row: Row) -> tuple[Line, _Said | None]:
        def kept(kind: str) -> tuple[Line, None]:
            return Line(row.number, kind, row.texts, {}), None

        if row.number in self._intake.mended.left:
            return kept("left")
        if place <= self._header.last:
            return kept("blank" if row.kind is RowKind.BLANK else "head")
        if row.kind is RowKind.BLANK:
            return kept("blank")
        if row.kind is RowKind.NUMBERING or (row.kind is RowKind.TOTAL and not self._has_codes(row)):
            return kept("total")
        texts, faults = row.texts, dict[int, DomainError]()
        codes: dict[str, object] = {}
        for name, at in self._columns.items():
            try:
                codes[name] = self._code(name, texts[at])
            except RuleViolated as fault:
                faults[at] = fault
        if isinstance(codes.get("section"), Section) and codes.get("economic"):
            try:
                check_section(Section(str(codes["section"])), str(codes["economic"]))
            except RuleViolated as fault:
                faults[self._columns["economic"]] = fault
        figures: list[tuple[int, int, int | None]] = []
        for at, year in self._years.items():
            text = texts[at]
            try:
                if text in TAKEN_AWAY:
                    figures.append((at, year, None))
                elif text:
                    figures.append((at, year, parse_tiyn(text)))
            except RuleViolated as fault:
                faults[at] = fault
        leaves: tuple[int, ...] = ()
        try:
            leaves = () if faults else self._leaves(codes, bool(figures))
        except LineUnknown as fault:
            faults[-1] = fault
        except CodeUnknown as fault:
            faults[self._columns[fault.fields["field"]]] = fault
        if faults and row.kind is RowKind.TOTAL:
            faults[-1] = TotalOrLine()
        line = Line(row.number, "line", texts, faults)
        return line, _Said(row.number, leaves, tuple(figures)) if leaves and figures and not faults else None

    def _has_codes(self, row: Row) -> bool:
        """Whether a code stands in it, beside the word that a row of totals begins with."""
        begins = next(at for at, text in enumerate(row.texts) if text)
        return any(row.texts[at] for at in self._columns.values() if at != begins)

    def _leaves(self, codes: Mapping[str, object], says: bool) -> tuple[int, ...]:
        """Places of the lines that a row means; a line that the version lacks is added.

        Raises: LineUnknown, CodeUnknown.
        """
        found = self._lines.get(tuple(codes[name] for name in self._named))
        if found or not says:
            return tuple(found or ())
        if not all(codes.get(name) for name in _NEEDED):
            raise LineUnknown()
        organisation = codes["organisation_id"]
        assert isinstance(organisation, int)
        budgets = {key.budget_id for key in self._keys if key.organisation_id == organisation}
        budget = codes.get("budget_id") or (min(budgets) if len(budgets) == 1 else None)
        if budget is None:
            raise LineUnknown()
        rest = {name: str(codes.get(name, "")) for name in CODED}
        key = LeafKey(Section(str(codes["section"])), int(str(budget)), organisation, **rest)
        if fault := self._registers.fault_of(key):
            raise fault
        return (self._added.setdefault(key, len(self._keys) + len(self._added)),)

    def _code(self, name: str, text: str) -> object:
        """A code as the plan writes it.  Raises: CodeUnknown."""
        if name in _WRITTEN:
            code = _WRITTEN[name](text) if text else text
            if fault := self._registers.fault(name, code):
                raise fault
            return code
        found: object = self._sections.get(fold(text)) if name == "section" else self._registers.bodies.get(_bin(text))
        if found is None:
            raise CodeUnknown(code=text)
        return found

    def _changes(self, good: Sequence[_Said]) -> tuple[tuple[CellChange, ...], dict[int, tuple[int, DomainError]]]:
        """What good rows make of the cells, and by row what cannot be spread."""
        cube = self._cube
        table = extended(cube.axes.table, list(self._added))
        sign = signs(table)
        more = (len(table) - len(cube.plan), len(cube.years))
        plan = np.concatenate([cube.plan, np.zeros(more, np.int64)])
        present = np.concatenate([cube.present, np.zeros(more, np.bool_)])
        typed, places = [], []
        for said in good:
            for column, year, tiyn in said.figures:
                # A row's own line is written as it stands; a total counts as the section does.
                factor = int(sign[said.leaves[0]]) if len(said.leaves) == 1 else 1
                typed.append(Typed(said.leaves, (year,), None if tiyn is None else tiyn * factor))
                places.append((said.number, column))
        amounts, there, refused = spreading(plan, present, typed)
        changed = np.argwhere((there != present) | (amounts != plan))
        changes = tuple(
            CellChange(
                int(table.ids[leaf]),
                cube.years[year],
                int(amounts[leaf, year]) * int(sign[leaf]) if there[leaf, year] else None,
            )
            for leaf, year in changed.tolist()
        )
        return changes, {places[at][0]: (places[at][1], fault) for at, fault in refused.items()}


def _padded(programme: str) -> str:
    """A programme whose last zeros a spreadsheet took for those of a number: 261.01 is 261.010."""
    first, point, rest = programme.partition(".")
    return f"{first.zfill(3)}.{rest.ljust(3, '0')}" if point and len(rest) < 3 and rest.isdecimal() else programme


_WRITTEN: Mapping[str, Callable[[str], str]] = {
    "programme": _padded,
    "economic": str,
    "source": lambda text: text.zfill(3) if text.isdecimal() else text,
    "region": _bin,
}
"""How the plan writes a code that a spreadsheet may have taken for a number."""
