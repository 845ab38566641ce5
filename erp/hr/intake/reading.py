"""A list of people read row by row against the record: every fault at its cell, and what the good rows would make.

Rows are placed in their order: each takes its share of a post, and whom it brings is known to those below it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from erp.base.errors import DomainError
from erp.base.sheets.errors import RowAgain
from erp.base.sheets.heads import Header, find_header, fold, header_at
from erp.base.sheets.model import Row, RowKind, address, letters
from erp.hr.intake import rules
from erp.hr.intake.cells import Cells
from erp.hr.intake.fields import HEADINGS
from erp.hr.intake.model import Checked, Intake, Line, LineKind, Note, Numbered, Placed, PostDays, Record, Said, Whom
from erp.hr.intake.people import People, Somebody
from erp.hr.intake.structure import Structure, There, Unit, Wanted
from erp.hr.personnel.model import Claim
from erp.hr.personnel.rules import IdentityOfAnother, OwnRecord, says_born

_NEEDED = ("unit", "post")


@dataclass(frozen=True, slots=True)
class Head:
    """Where a list's heads end, and what its columns are."""

    last: int
    """Place of their last row; -1 where there are none."""
    number: int
    titles: tuple[str, ...]
    columns: tuple[str, ...]

    @property
    def places(self) -> dict[str, int]:
        return {name: at for at, name in reversed(list(enumerate(self.columns))) if name}


def mended_rows(intake: Intake) -> tuple[Row, ...]:
    cells = intake.mended.cells
    return tuple(
        Row(number, tuple(cells.get(address(number, at), text) for at, text in enumerate(texts)))
        for number, texts in intake.rows
    )


def head_of(intake: Intake, rows: Sequence[Row]) -> Head:
    """As the person says, else as the heads suggest; of columns that mean the same the first counts then."""
    settings = intake.settings
    width = len(rows[0].values) if rows else 0
    last = settings.heads
    found = find_header(rows, HEADINGS)
    if last is not None and (found is None or rows[found.last].number != last):
        at = next((at for at, row in enumerate(rows) if row.number == last), None)
        found = header_at(rows, at, at, HEADINGS) if at is not None else None
    head = found or Header(-1, -1, ("",) * width, ("",) * width)
    columns = tuple(name if name not in head.names[:at] else "" for at, name in enumerate(head.names))
    if settings.columns is not None:
        columns = (settings.columns + ("",) * width)[:width]
    return Head(head.last, rows[head.last].number if head.last >= 0 else 0, head.titles, columns)


def claims(intake: Intake) -> set[Claim]:
    """Which identity numbers a list says, and of whom, as far as they are some."""
    rows = mended_rows(intake)
    head = head_of(intake, rows)
    return {claim for row in rows[head.last + 1 :] if (claim := Cells(row.texts, head.places, intake).claim())}


def checked(intake: Intake, record: Record) -> Checked:
    """What a list says, row by row, and what its good rows would make of the record."""
    rows = mended_rows(intake)
    head = head_of(intake, rows)
    fault = _of_columns(intake, head)
    if fault is not None:
        lines = tuple(Line(row.number, _kind(row, place <= head.last), row.texts) for place, row in enumerate(rows))
        return Checked(intake, head.titles, head.columns, head.number, lines, fault=fault)
    return _Reading(intake, record, head, rows).checked()


def _of_columns(intake: Intake, head: Head) -> DomainError | None:
    for name in head.columns:
        if name and head.columns.count(name) > 1:
            twice = [letters(at) for at, other in enumerate(head.columns) if other == name]
            return rules.ColumnsAlike(columns=", ".join(twice))
    is_named = "name" in head.columns or {"family", "given"} <= set(head.columns)
    if not is_named or any(name not in head.columns for name in _NEEDED):
        return rules.HeadsMissing()
    if "since" not in head.columns and intake.settings.since is None:
        return rules.SinceMissing()
    return None


def _kind(row: Row, is_head: bool) -> LineKind:
    if row.kind is RowKind.BLANK:
        return LineKind.BLANK
    if is_head:
        return LineKind.HEAD
    return LineKind.PERSON if row.kind is RowKind.CELLS else LineKind.TOTAL


# ------------------------------------------------------------------------------------------------ rows


class _Reading:
    def __init__(self, intake: Intake, record: Record, head: Head, rows: Sequence[Row]) -> None:
        self._intake, self._head, self._rows = intake, head, rows
        self._places = head.places
        self._structure, self._people = Structure(intake, record), People(record)
        self._placed: list[tuple[int, Said, Whom, PostDays | Wanted]] = []
        self._numbered: list[Numbered] = []

    def checked(self) -> Checked:
        left = self._intake.mended.left
        kinds = [
            LineKind.LEFT if row.number in left else _kind(row, place <= self._head.last)
            for place, row in enumerate(self._rows)
        ]
        for row, kind in zip(self._rows, kinds, strict=True):
            if kind is LineKind.PERSON:
                self._structure.declare(self._text(row, "unit"), self._text(row, "above"))
        lines = tuple(
            self._line(row) if kind is LineKind.PERSON else Line(row.number, kind, row.texts)
            for row, kind in zip(self._rows, kinds, strict=True)
        )
        units, posts, places = self._structure.made()
        placed = tuple(
            Placed(number, said, whom, post.id, None)
            if isinstance(post, PostDays)
            else Placed(number, said, whom, None, places[post])
            for number, said, whom, post in self._placed
        )
        h = self._head
        return Checked(self._intake, h.titles, h.columns, h.number, lines, units, posts, placed, tuple(self._numbered))

    def _text(self, row: Row, name: str) -> str:
        at = self._places.get(name)
        return row.texts[at] if at is not None else ""

    def _line(self, row: Row) -> Line:
        cells = Cells(row.texts, self._places, self._intake)
        said = cells.said()
        unit = cells.read(lambda: self._structure.unit(cells.needed("unit"), cells.text("above")), "unit")
        if unit is not None:
            cells.read(lambda: self._structure.require_post(unit, cells.needed("post")), "post")
        if said is None or unit is None or cells.faults:
            return Line(row.number, LineKind.PERSON, row.texts, cells.faults)
        try:
            kind, notes = self._place(row.number, unit, said)
        except (IdentityOfAnother, rules.IdentityOfAnotherRow) as fault:
            cells.refuse(fault, "identity")
        except rules.UnitLater as fault:
            cells.refuse(fault, "since")
        except rules.PostFull as fault:
            cells.refuse(fault, "share", "post")
        except rules.PostMissing as fault:
            cells.refuse(fault, "category", "post")
        except (OwnRecord, RowAgain) as fault:
            cells.refuse(fault)
        else:
            return Line(row.number, kind, row.texts, {}, notes)
        return Line(row.number, LineKind.PERSON, row.texts, cells.faults)

    def _place(
        self, number: int, unit: Unit, said: Said
    ) -> tuple[LineKind, tuple[tuple[Note, Mapping[str, Any]], ...]]:
        """Raises: IdentityOfAnother, IdentityOfAnotherRow, OwnRecord, RowAgain, PostFull, PostMissing, UnitLater."""
        notes: list[tuple[Note, Mapping[str, Any]]] = []
        somebody = self._people.find(said)
        namesakes = self._people.namesakes(said) if somebody is None else []
        title = fold(said.post)
        for each in namesakes if somebody is None else [somebody]:
            row = each.in_post(unit, title, said.valid)
            if row:
                raise RowAgain(row=row)
            if row == 0:
                notes += self._number(number, somebody, said)
                if not notes and said.identity and each.takes_identity:
                    notes.append((Note.IDENTITY_UNSURE, _of(each)))
                return LineKind.APPOINTED, ((Note.APPOINTED, _of(each)), *notes)
        if somebody is not None and somebody.is_own:
            raise OwnRecord()
        post = self._structure.take(unit, said)
        if somebody is None:
            notes += [(Note.NAMESAKE, _of(each)) for each in namesakes if each.whom.person_id is not None]
            somebody = self._people.bring(number, said)
        elif somebody.whom.person_id is None:
            notes.append((Note.SAME_AS_ROW, {"row": somebody.whom.row}))
        else:
            notes.append((Note.ON_RECORD, _of(somebody)) if somebody.name else (Note.ELSEWHERE, {}))
        notes += self._number(number, somebody, said)
        if said.identity and said.birth_on and not says_born(said.identity, said.birth_on):
            notes.append((Note.BIRTH_DIFFERS, {}))
        titles = {fold(each) for each in post.titles} if isinstance(post, PostDays) else set()
        key = unit.id if isinstance(unit, There) else unit
        somebody.served.append((key, frozenset(titles | {title}), said.valid, number))
        self._placed.append((number, said, somebody.whom, post))
        return LineKind.PERSON, tuple(notes)

    def _number(self, number: int, somebody: Somebody | None, said: Said) -> Iterator[tuple[Note, Mapping[str, Any]]]:
        """The row's number is that of somebody on record who has none, and begins with their day of birth."""
        if somebody is None or not said.identity or not somebody.takes_identity or somebody.birth_on is None:
            return
        person_id = somebody.whom.person_id
        if person_id is None or not says_born(said.identity, somebody.birth_on):
            return
        if not self._intake.settings.adds_identities:
            yield Note.IDENTITY_OFFERED, _of(somebody)
            return
        yield Note.IDENTITY_ADDED, _of(somebody)
        self._numbered.append(Numbered(number, person_id, said.identity))
        self._people.number(number, somebody, said.identity)


def _of(somebody: Somebody) -> dict[str, Any]:
    return {"name": str(somebody.name or ""), "person": somebody.whom.person_id}
