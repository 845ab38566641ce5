"""Where a table's heads stand, and which column each of the wanted names is."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from erp.base.sheets.model import Row, RowKind, Sheet

SEARCHED = 40
"""Rows in which heads are looked for."""
TALLEST = 3
"""Rows that heads may have, one above the other."""


@dataclass(frozen=True, slots=True)
class Header:
    first: int
    """Place of its first row among the rows."""
    last: int
    titles: tuple[str, ...]
    """By column; of heads above one another joined from top to bottom."""
    names: tuple[str, ...]
    """By column, the wanted name that its head means; empty where it means none."""

    @property
    def columns(self) -> dict[str, int]:
        """The first column of each wanted name that was found."""
        return {name: at for at, name in reversed(list(enumerate(self.names))) if name}


def fold(heading: str) -> str:
    """A heading as headings are compared: no case, space or punctuation; ё as е, Latin i as Kazakh і."""
    text = heading.casefold().replace("ё", "е").replace("i", "і")
    return "".join(sign for sign in text if sign.isalnum() or sign == "№")


def find_header(rows: Sequence[Row], wanted: Mapping[str, Collection[str]], *, least: int = 2) -> Header | None:
    """The heads that tell the most of the wanted names apart; among equals the lowest in rows, then the topmost.

    Args:
        wanted: by name, the headings that mean it, in any spelling that ``fold`` makes the same.
        least: how many names must be found.
    """
    meanings = _meanings(wanted)
    best, most = None, (least - 1, 0)
    for first in range(min(SEARCHED, len(rows))):
        for last in range(first, min(first + TALLEST, len(rows))):
            if rows[last].kind is not RowKind.CELLS:
                break
            found = _header(rows, first, last, meanings)
            told = len(found.columns), first - last
            if told > most and told[0] >= least:
                best, most = found, told
    return _whole(rows, best, meanings) if best else None


def telling(sheets: Sequence[Sheet], wanted: Mapping[str, Collection[str]]) -> int:
    """The place of the sheet whose heads tell the most of the wanted names apart; among equals the first."""
    found = [find_header(sheet.rows, wanted) for sheet in sheets]
    return max(range(len(sheets)), key=lambda at: len(each.columns) if (each := found[at]) else 0)


def header_at(rows: Sequence[Row], first: int, last: int, wanted: Mapping[str, Collection[str]]) -> Header:
    """The heads that stand in known rows, by their places."""
    return _header(rows, first, last, _meanings(wanted))


def _meanings(wanted: Mapping[str, Collection[str]]) -> dict[str, str]:
    return {fold(heading): name for name, headings in wanted.items() for heading in headings}


def _whole(rows: Sequence[Row], header: Header, meanings: Mapping[str, str]) -> Header:
    """With the rows below that cells of the heads reach down to."""
    last = header.last
    while last + 1 < len(rows) and last - header.first < TALLEST and _reaches(rows[last], rows[last + 1]):
        last += 1
    found = _header(rows, header.first, last, meanings)
    return found if len(found.columns) >= len(header.columns) else header


def _reaches(row: Row, below: Row) -> bool:
    """Whether a cell of both is one: what was merged says the same in each."""
    return any(text and text == under for text, under in zip(row.texts, below.texts, strict=True))


def _header(rows: Sequence[Row], first: int, last: int, meanings: Mapping[str, str]) -> Header:
    levels = [list(rows[at].texts) for at in range(first, last + 1)]
    for level, below in pairwise(levels):
        _carry(level, below)
    stacks = [list(dict.fromkeys(filter(None, column))) for column in zip(*levels, strict=True)]
    names = (next((meanings[word] for word in _readings(stack) if word in meanings), "") for stack in stacks)
    return Header(first, last, tuple(" ".join(stack) for stack in stacks), tuple(names))


def _carry(level: list[str], below: Sequence[str]) -> None:
    """A head above several stands above each of them, where the file does not say that its cells are one."""
    for column in range(1, len(level)):
        if not level[column] and below[column] and level[column - 1] and level[column - 1] != below[column - 1]:
            level[column] = level[column - 1]


def _readings(stack: Sequence[str]) -> Iterator[str]:
    """Ways to take heads above one another: together, the other way round, the lowest alone."""
    if stack:
        yield fold("".join(stack))
        yield fold("".join(reversed(stack)))
        yield fold(stack[-1])
