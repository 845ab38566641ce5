"""Where a cell's value comes from."""

from __future__ import annotations

from dataclasses import dataclass

from erp.economy.formulas.checking import YEAR, Checked
from erp.economy.formulas.meaning import Meaning, Read, Value
from erp.economy.formulas.model import Cases, Expression, Lag, Leaves, Name, Shape, Sum

LARGEST = 20
"""Cells of a sum that are shown."""


@dataclass(frozen=True, slots=True)
class Precedent:
    """A value, and what its formula took."""

    name: str
    """As the formulas know it: a part of a formula that has a name of its own is in brackets, as is a sum."""
    leaf: int | None
    """``None`` where there is one value a year."""
    year: int
    value: Value
    """In ``unit``; ``None`` is missing."""
    unit: str
    formula: str
    """The text that it follows; empty where it is given."""
    line: int
    """Of the text, from 1."""
    cells: int = 0
    """How many cells a sum is of; its children are the largest."""
    children: tuple[Precedent, ...] = ()


class _Tracing(Meaning):
    """Remembers what was read, in its order."""

    def __init__(self, checked: Checked, leaves: Leaves, read: Read) -> None:
        super().__init__(checked, leaves, read)
        self.seen: dict[tuple[Expression, int], Value] = {}

    def value(self, expression: Expression, leaf: int, at: int) -> Value:
        found = super().value(expression, leaf, at)
        match expression:
            case Name(name) if name != YEAR:
                self.seen[expression, at] = found
            case Lag(of, years) if at >= years:
                self.seen[of, at - years] = found
            case Sum():
                self.seen[expression, at] = found
        return found


def precedents(checked: Checked, leaves: Leaves, read: Read, name: str, leaf: int, at: int) -> Precedent:
    """One step back from a cell in a year, which is counted from the first."""
    meaning = _Tracing(checked, leaves, read)

    def told(name: str, leaf: int, at: int, children: tuple[Precedent, ...] = ()) -> Precedent:
        declared, formula = checked.names.get(name), checked.formulas.get(name)
        followed = _followed(meaning, formula, leaf, at) if formula else None
        value = read(name, leaf, at)
        place = followed.place if followed else checked.names[name].place
        return Precedent(
            name,
            None if checked.shapes[name] is Shape.YEARS else leaf,
            checked.axes.years[at],
            declared.unit.outward(value) if declared and value is not None else value,
            str(declared.unit) if declared else "",
            checked.model.said(place) if followed else "",
            checked.model.line(place),
            children=children,
        )

    def summed(part: Sum, at: int) -> Precedent:
        assert isinstance(part.of, Name)
        name, members = part.of.name, meaning.members(part.over, leaf)
        largest = sorted(members, key=lambda each: -abs(read(name, each, at) or 0))[:LARGEST]
        children = tuple(told(name, each, at) for each in largest)
        declared, value = checked.names.get(name), meaning.value(part, leaf, at)
        return Precedent(
            f"({checked.model.said(part.place)})",
            None if part.over is None else leaf,
            checked.axes.years[at],
            declared.unit.outward(value) if declared and value is not None else value,
            str(declared.unit) if declared else "",
            checked.model.said(part.place),
            checked.model.line(part.place),
            len(members),
            children,
        )

    if name in checked.formulas:
        meaning.value(checked.formulas[name], leaf, at)
    seen = list(meaning.seen)
    children = tuple(
        told(part.name, leaf, year) if isinstance(part, Name) else summed(part, year)
        for part, year in seen
        if isinstance(part, (Name, Sum))
    )
    return told(name, leaf, at, children)


def _followed(meaning: Meaning, formula: Expression, leaf: int, at: int) -> Expression:
    """The case that a cell falls under."""
    while isinstance(formula, Cases):
        for condition, case in zip(formula.conditions, formula.formulas, strict=True):
            holds = meaning.holds(condition, leaf, at)
            if holds is None:
                return formula
            if holds:
                formula = case
                break
        else:
            formula = formula.otherwise
    return formula
