"""Where a cell's value comes from."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from math import isfinite

import numpy as np

from erp.economy.formulas.checking import YEAR, Checked
from erp.economy.formulas.lowering import Total, needed
from erp.economy.formulas.meaning import Meaning, Read, Value
from erp.economy.formulas.model import Cases, Expression, Floats, Lag, Leaves, Name, Shape, Sum

LARGEST = 20
"""Cells of a sum that are shown."""
DEEPEST = 8
"""Steps back from a value that are told."""
MOST = 300
"""Values of an explanation: the step that reaches them ends there, and is the last."""

Added = Callable[[Total, int], Floats]
"""A sum in a year, which is counted from the first: float64[group], and at last of leaves that are in none."""
Column = Callable[[str, int], Floats]
"""Values of a name in a year: float64[leaf]."""

_Place = tuple[str, int, int]
"""A name, a leaf (0 where there is one value a year), and a year, which is counted from the first."""


class Told(StrEnum):
    """Where an explanation says what a value was reckoned from."""

    HERE = "here"
    ELSEWHERE = "elsewhere"
    """The same value stands in another place, nearer to the root."""
    NOWHERE = "nowhere"
    """The explanation ends before it."""


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
    """Of the text, from 1; 0 where it is not of the text."""
    cells: int = 0
    """How many cells a sum is of; its children are the largest."""
    children: tuple[Precedent, ...] = ()
    told: Told = Told.HERE
    more: int = 0
    """How many values more its formula took, beyond those that are told."""


class _Adding(Meaning):
    """Takes sums as the machine adds them up: all groups at once."""

    def __init__(self, checked: Checked, leaves: Leaves, read: Read, added: Added) -> None:
        super().__init__(checked, leaves, read)
        self._added = added

    def value(self, expression: Expression, leaf: int, at: int) -> Value:
        match expression:
            case Sum(Name(name), over, known):
                group = int(self._leaves.groups[over.key][leaf]) if over else 0
                found = float(self._added(Total(name, over.key if over else None, known), at)[group])
                return found if isfinite(found) else None
        return super().value(expression, leaf, at)


class _Values:
    """Values of what a name is made of: those that a machine kept, and the rest reckoned from them, each once."""

    def __init__(
        self, checked: Checked, leaves: Leaves, kept: Collection[str], read: Read, added: Added, name: str
    ) -> None:
        self._of_kept = read
        self._rest = {each: checked.formulas[each] for each in needed(checked, [name]) if each not in kept}
        self._reckoned: dict[_Place, Value] = {}
        self._meaning = _Adding(checked, leaves, self.read, added)

    def read(self, name: str, leaf: int, at: int) -> Value:
        if name not in self._rest:
            return self._of_kept(name, leaf, at)
        if (name, leaf, at) not in self._reckoned:
            for each, formula in self._rest.items():  # in their order, so that no reading goes deeper than a formula
                value = self._meaning.value(formula, leaf, at)
                self._reckoned[each, leaf, at] = value if value is not None and isfinite(value) else None
        return self._reckoned[name, leaf, at]


class _Seeing(_Adding):
    """Remembers what was read, in its order."""

    def __init__(self, checked: Checked, leaves: Leaves, read: Read, added: Added) -> None:
        super().__init__(checked, leaves, read, added)
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


class Tracer:
    """Explains a name's values of a program that has run.

    Args:
        kept: names whose values ``read`` and ``column`` know; what is summed is among them.
    """

    def __init__(
        self,
        checked: Checked,
        leaves: Leaves,
        kept: Collection[str],
        read: Read,
        column: Column,
        added: Added,
        name: str,
    ) -> None:
        self._checked = checked
        self._name = name
        self._column = column
        added = cache(added)
        self._read = _Values(checked, leaves, frozenset(kept), read, added, name).read
        self._meaning = _Seeing(checked, leaves, self._read, added)

    def explained(self, leaf: int, at: int) -> Precedent:
        """A value with all that it was reckoned from: each value is explained once, where it is nearest to the root.

        There are no more than ``MOST`` values, and the cells of a sum that is the last.
        """
        root = (self._name, leaf, at)
        steps = {root: self._step(root, MOST - 1)}
        owners: dict[_Place, tuple[_Place, int]] = {}
        waiting, room = deque([(root, 0)]), MOST - 1 - _size(steps[root])
        while waiting:
            place, depth = waiting.popleft()
            for number, child in enumerate(steps[place].children if depth < DEEPEST else ()):
                if room > 0 and self._is_reckoned(child) and (found := self._place(child)) not in steps:
                    steps[found], owners[found] = self._step(found, room), (place, number)
                    waiting.append((found, depth + 1))
                    room -= _size(steps[found])

        def grown(place: _Place) -> Precedent:
            return replace(
                steps[place],
                children=tuple(told(each, (place, number)) for number, each in enumerate(steps[place].children)),
            )

        def told(each: Precedent, owner: tuple[_Place, int]) -> Precedent:
            if not self._is_reckoned(each):
                return each
            place = self._place(each)
            if owners.get(place) == owner:
                return grown(place)
            return replace(each, told=Told.ELSEWHERE if place in steps else Told.NOWHERE)

        return grown(root)

    def _is_reckoned(self, of: Precedent) -> bool:
        return of.name in self._checked.formulas and not of.cells

    def _place(self, of: Precedent) -> _Place:
        return of.name, of.leaf or 0, of.year - self._checked.axes.years[0]

    def _step(self, of: _Place, room: int) -> Precedent:
        """A value and those that its formula took, until these fill the room."""
        name, leaf, at = of
        self._meaning.seen = {}
        if name in self._checked.formulas:
            self._meaning.value(self._checked.formulas[name], leaf, at)
        seen = [(part, year) for part, year in self._meaning.seen if isinstance(part, (Name, Sum))]
        children: list[Precedent] = []
        for part, year in seen:
            if room <= 0:
                break
            child = self._told(part.name, leaf, year) if isinstance(part, Name) else self._summed(part, leaf, year)
            children.append(child)
            room -= 1 + len(child.children)
        return replace(self._told(name, leaf, at), children=tuple(children), more=len(seen) - len(children))

    def _told(self, name: str, leaf: int, at: int) -> Precedent:
        checked = self._checked
        declared, formula = checked.names.get(name), checked.formulas.get(name)
        followed = self._followed(formula, leaf, at) if formula else None
        value = self._read(name, leaf, at)
        place = followed.place if followed else checked.names[name].place
        return Precedent(
            name,
            None if checked.shapes[name] is Shape.YEARS else leaf,
            checked.axes.years[at],
            declared.unit.outward(value) if declared and value is not None else value,
            str(declared.unit) if declared else "",
            checked.model.said(place) if followed else "",
            checked.model.line(place),
        )

    def _summed(self, part: Sum, leaf: int, at: int) -> Precedent:
        assert isinstance(part.of, Name)
        checked, name, members = self._checked, part.of.name, np.asarray(self._meaning.members(part.over, leaf), int)
        amounts = self._column(name, at)[members]
        largest = np.argsort(-np.where(np.isfinite(amounts), np.abs(amounts), 0), kind="stable")[:LARGEST]
        cells = (self._told(name, each, at) for each in members[largest].tolist())
        declared, value = checked.names.get(name), self._meaning.value(part, leaf, at)
        return Precedent(
            f"({checked.model.said(part.place)})",
            None if part.over is None else leaf,
            checked.axes.years[at],
            declared.unit.outward(value) if declared and value is not None else value,
            str(declared.unit) if declared else "",
            checked.model.said(part.place),
            checked.model.line(part.place),
            len(members),
            tuple(replace(each, told=Told.NOWHERE) if each.formula else each for each in cells),
        )

    def _followed(self, formula: Expression, leaf: int, at: int) -> Expression:
        """The case that a cell falls under."""
        while isinstance(formula, Cases):
            for condition, case in zip(formula.conditions, formula.formulas, strict=True):
                holds = self._meaning.holds(condition, leaf, at)
                if holds is None:
                    return formula
                if holds:
                    formula = case
                    break
            else:
                formula = formula.otherwise
        return formula


def _size(step: Precedent) -> int:
    """Values that a step told beside its own."""
    return sum(1 + len(child.children) for child in step.children)
