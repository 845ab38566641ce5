"""What formulas mean, one cell at a time: slow, and plain to read.  ``None`` is missing."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import cache, reduce

import numpy as np

from erp.economy.formulas.checking import YEAR, Checked
from erp.economy.formulas.model import (
    Arithmetic,
    Cases,
    Compared,
    Early,
    Expression,
    Extreme,
    Floats,
    Kind,
    Known,
    Lag,
    Leaves,
    Level,
    Logic,
    Missing,
    Name,
    Negative,
    Not,
    Number,
    Sum,
    Within,
)

Value = float | None
Read = Callable[[str, int, int], Value]
"""The value of a name for a leaf in a year, which is counted from the first."""

_REAL: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_COMPARED: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "<>": operator.ne,
}


class Meaning:
    """Values of expressions, from the values of names."""

    def __init__(self, checked: Checked, leaves: Leaves, read: Read) -> None:
        self._axes = checked.axes
        self._leaves = leaves
        self._read = read
        self.members = cache(self._members)

    def value(self, expression: Expression, leaf: int, at: int) -> Value:
        """The value for a leaf in a year, which is counted from the first."""
        match expression:
            case Number(number):
                return number
            case Missing():
                return None
            case Name(name):
                return float(self._axes.years[at]) if name == YEAR else self._read(name, leaf, at)
            case Lag(Name(name), years):
                return self._read(name, leaf, at - years) if at >= years else None
            case Negative(of):
                value = self.value(of, leaf, at)
                return None if value is None else -value
            case Arithmetic(sign, one, other):
                left, right = self.value(one, leaf, at), self.value(other, leaf, at)
                if left is None or right is None or (sign == "/" and right == 0):
                    return None
                return _REAL[sign](left, right)
            case Extreme(function, among):
                values = [value for each in among if (value := self.value(each, leaf, at)) is not None]
                return (min if function == "min" else max)(values) if len(values) == len(among) else None
            case Sum(Name(name), over, known):
                members = self.members(over, leaf)
                there = [value for each in members if (value := self._read(name, each, at)) is not None]
                return reduce(operator.add, there, 0.0) if there and (known or len(there) == len(members)) else None
            case Cases(conditions, formulas, otherwise):
                for condition, formula in zip(conditions, formulas, strict=True):
                    holds = self.holds(condition, leaf, at)
                    if holds is None:
                        return None
                    if holds:
                        return self.value(formula, leaf, at)
                return self.value(otherwise, leaf, at)
        raise AssertionError(expression)

    def holds(self, condition: Expression, leaf: int, at: int) -> bool | None:
        match condition:
            case Compared(sign, one, other):
                left, right = self.value(one, leaf, at), self.value(other, leaf, at)
                return None if left is None or right is None else _COMPARED[sign](left, right)
            case Known(of):
                return self.value(of, leaf, at) is not None
            case Not(of):
                holds = self.holds(of, leaf, at)
                return None if holds is None else not holds
            case Logic(sign, one, other):
                both = {self.holds(one, leaf, at), self.holds(other, leaf, at)}
                decisive = sign == "or"
                return decisive if decisive in both else None if None in both else not decisive
            case Early(years):
                return at < years
            case Within(tests):
                return any(self._code(key, leaf) in codes for key, codes in tests)
        raise AssertionError(condition)

    def _code(self, key: str, leaf: int) -> str | None:
        dimension, _, level = key.partition(".")
        index = int(self._leaves.groups[key][leaf])
        return self._axes.levels[dimension][level][index] if index >= 0 else None

    def _members(self, over: Level | None, leaf: int) -> Sequence[int]:
        """Leaves of the same group."""
        if over is None:
            return range(self._leaves.count)
        groups = self._leaves.groups[over.key]
        return list(map(int, np.flatnonzero(groups == groups[leaf]))) if groups[leaf] >= 0 else []


def reckoned(
    checked: Checked, leaves: Leaves, inputs: Mapping[str, Floats], drivers: Mapping[str, Floats]
) -> dict[str, list[list[Value]]]:
    """Every name's values, [leaf][year], as ``Program.run`` gives them, if one has the time."""
    count, years = leaves.count, len(checked.axes.years)
    values: dict[str, list[list[Value]]] = {}
    for each in checked.of(Kind.DRIVER):
        series = [_known(float(value)) for value in each.unit.inward(drivers[each.name])]
        values[each.name] = [series] * count
    for each in checked.of(Kind.INPUT):
        values[each.name] = [[_known(float(value)) for value in row] for row in each.unit.inward(inputs[each.name])]
    meaning = Meaning(checked, leaves, lambda name, leaf, at: values[name][leaf][at])
    for name in checked.formulas:
        values[name] = [[None] * years for _ in range(count)]
    for at in range(years):
        for name, formula in checked.formulas.items():
            for leaf in range(count):
                values[name][leaf][at] = meaning.value(formula, leaf, at)
    for name, declared in checked.names.items():
        values[name] = [[v if v is None else declared.unit.outward(v) for v in row] for row in values[name]]
    return values


def _known(value: float) -> Value:
    return value if abs(value) < float("inf") else None
