"""Formulas as straight lines of array operations.

Whatever does not depend on values is decided here: which formula a leaf follows, what is early, what is missing before
the first year, arithmetic of numbers.  So leaves that follow the same formulas form a *strip*, which has one straight
line for each stage of a year; years differ only while something looks back beyond the first, or is ``Early``.

A condition is two flags, that it holds and that it does not: where a value is missing it is neither.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from erp.economy.formulas.checking import YEAR, Checked
from erp.economy.formulas.model import (
    Arithmetic,
    Axes,
    Cases,
    Compared,
    Early,
    Expression,
    Extreme,
    Kind,
    Known,
    Lag,
    Leaves,
    Logic,
    Missing,
    Name,
    Negative,
    Not,
    Number,
    Shape,
    Sum,
    Within,
    children,
    parts,
)

Mask = NDArray[np.bool_]


class Total(NamedTuple):
    """A sum that formulas use."""

    name: str
    over: str | None
    """Key of the level."""
    known: bool


class Spot(NamedTuple):
    """Where a value is: ``of`` names it within its kind.

    ``number``; ``series`` and ``cells``, of a name so many years ago; ``total``, one of the sums; ``scalar`` and
    ``flag``, one value for all leaves; ``temp`` and ``mask``, a vector for the leaves of a block.
    """

    kind: str
    of: float | int | str | Total
    lag: int = 0


class Step(NamedTuple):
    """An operation of ``program``, where its operands are and where its result goes."""

    op: str
    operands: tuple[Spot, ...]
    out: Spot


@dataclass(frozen=True, slots=True)
class Line:
    """What one stage of a year does: ``alike`` once, then ``apart`` for each block of each strip."""

    alike: tuple[Step, ...]
    apart: tuple[tuple[Step, ...], ...]
    """By strip."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done for a whole model."""

    names: tuple[str, ...]
    """All that is needed for what is wanted: drivers, inputs, and what is kept of the rest."""
    totals: tuple[tuple[Total, ...], ...]
    """By stage: sums that are taken before it."""
    lines: tuple[tuple[Line, ...], ...]
    """By kind of year (the first, the second, … and all later ones) and stage."""
    places: Mapping[str, int]
    """How many of each kind of ``Spot`` are in use at once."""


# ------------------------------------------------------------------------------------------------ strips


def within(test: Within, axes: Axes, leaves: Leaves) -> Mask:
    """bool[leaf]."""
    found = np.zeros(leaves.count, dtype=np.bool_)
    for key, codes in test.tests:
        dimension, _, level = key.partition(".")
        indices = [axes.levels[dimension][level].index(code) for code in codes]
        found |= np.isin(leaves.groups[key], indices)
    return found


def strips(checked: Checked, names: Iterable[str], leaves: Leaves) -> NDArray[np.intp]:
    """intp[leaf]: number of the strip of each leaf; leaves of a strip follow the same formula everywhere."""
    formulas = [checked.formulas[name] for name in names if name in checked.formulas]
    return numbered((column for formula in formulas for column in _choices(checked, formula, leaves)), leaves.count)


def numbered(columns: Iterable[NDArray[np.integer[Any]]], count: int) -> NDArray[np.intp]:
    """intp[leaf]: from 0, alike where the leaves are alike in every column; columns hold numbers up to ``count``."""
    found = np.zeros(count, dtype=np.intp)
    for column in columns:
        least, most = column.min(initial=0), column.max(initial=0)
        if least < most:
            found = np.unique(found * (int(most) - int(least) + 1) + (column - least), return_inverse=True)[1]
    return found


def _choices(checked: Checked, formula: Expression, leaves: Leaves) -> Iterator[NDArray[np.intp]]:
    """What codes decide within a formula: by leaf, which case, or whether a condition holds."""
    if isinstance(formula, Cases):
        masks = [_by_codes(checked, condition, leaves) for condition in formula.conditions]
        decided = [mask for mask in masks if mask is not None]
        if len(decided) == len(masks):
            last = np.full(leaves.count, len(masks), dtype=np.intp)
            yield np.select(decided, [np.intp(at) for at in range(len(masks))], last)
            for part in (*formula.formulas, formula.otherwise):
                yield from _choices(checked, part, leaves)
            return
    mask = _by_codes(checked, formula, leaves)
    if mask is not None:
        yield mask.astype(np.intp)
        return
    for part in children(formula):
        yield from _choices(checked, part, leaves)


def _by_codes(checked: Checked, condition: Expression, leaves: Leaves) -> Mask | None:
    """Where a condition holds, if codes alone decide it."""
    match condition:
        case Within():
            return within(condition, checked.axes, leaves)
        case Not(of):
            mask = _by_codes(checked, of, leaves)
            return None if mask is None else ~mask
        case Logic(sign, left, right):
            one, other = _by_codes(checked, left, leaves), _by_codes(checked, right, leaves)
            if one is None or other is None:
                return None
            return one & other if sign == "and" else one | other
    return None


# ------------------------------------------------------------------------------------------------ needs and stages


def needed(checked: Checked, wanted: Iterable[str]) -> list[str]:
    """Names that what is wanted is made of: drivers and inputs first, then in the order of reckoning."""
    found: set[str] = set()
    waiting = list(wanted)
    while waiting:
        if (name := waiting.pop()) not in found:
            found.add(name)
            waiting += [part.name for part in _named_in(checked, name)]
    given = [name for name, each in checked.names.items() if each.kind is not Kind.MEASURE]
    return [name for name in (*given, *checked.formulas) if name in found]


def _named_in(checked: Checked, name: str) -> Iterator[Name]:
    formula = checked.formulas.get(name)
    for part in parts(formula) if formula else ():
        if isinstance(part, Name) and part.name != YEAR:
            yield part


def _stages(checked: Checked, names: Sequence[str]) -> dict[str, int]:
    """In which stage of a year each name is reckoned: after the sums that it needs."""
    stages: dict[str, int] = {}

    def stage(expression: Expression) -> int:
        match expression:
            case Lag():
                return 0
            case Name(name):
                return stages.get(name, 0)
            case Sum(Name(name)):
                return stages.get(name, 0) + 1
        return max(map(stage, children(expression)), default=0)

    for name in names:
        if name in checked.formulas:
            stages[name] = stage(checked.formulas[name])
    return stages


# ------------------------------------------------------------------------------------------------ values


class _Value(NamedTuple):
    """A value of a line: an operation on earlier values, by their numbers."""

    op: str
    operands: tuple[int, ...]
    source: Spot | None
    """Where it is already, if nothing is to be done for it."""
    wide: bool
    """Whether it differs between leaves."""


_FALSE, _TRUE = 0, 1
_NUMBERS: Mapping[str, Callable[..., float]] = {
    "neg": operator.neg,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "min": min,
    "max": max,
}
_FLAGS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
}
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "=": "<>", "<>": "="}
MASKS = frozenset(("<", "<=", ">", ">=", "=", "<>", "and", "or"))
"""Operations whose result is a mask."""


class _Values:
    """The values of one stage in one kind of year, each of them once."""

    def __init__(self) -> None:
        self._numbers: dict[_Value, int] = {}
        self.all: list[_Value] = []
        for flag in (_FALSE, _TRUE):
            assert self.at(Spot("truth", flag), wide=False) == flag

    def _add(self, value: _Value) -> int:
        if value not in self._numbers:
            self._numbers[value] = len(self.all)
            self.all.append(value)
        return self._numbers[value]

    def at(self, spot: Spot, *, wide: bool) -> int:
        """A value that is somewhere already."""
        return self._add(_Value("at", (), spot, wide))

    def number(self, value: float) -> int:
        return self.at(Spot("number", nan if isnan(value) else value), wide=False)

    def told(self, number: int) -> float | None:
        """The number that a value is known to be."""
        source = self.all[number].source
        return float(source.of) if source and source.kind == "number" and isinstance(source.of, float) else None

    def of(self, op: str, *operands: int) -> int:
        """The result of an operation, reckoned at once where the operands are known."""
        told = [number for each in operands if (number := self.told(each)) is not None]
        if any(map(isnan, told)) or (op == "/" and self.told(operands[1]) == 0):
            return _FALSE if op in MASKS else self.number(nan)
        if len(told) == len(operands):
            return int(_FLAGS[op](*told)) if op in _FLAGS else self.number(_NUMBERS[op](*told))
        if op == "/" and self.told(operands[1]) is not None:
            op = "divide"
        return self.operation(op, *operands)

    def operation(self, op: str, *operands: int) -> int:
        return self._add(_Value(op, operands, None, any(self.all[each].wide for each in operands)))

    def spread(self, total: Total) -> int:
        """A sum over groups, for each leaf."""
        return self._add(_Value("spread", (), Spot("total", total), True))

    def both(self, one: int, other: int) -> int:
        if _FALSE in (one, other):
            return _FALSE
        return other if one == _TRUE else one if other == _TRUE else self.operation("and", one, other)

    def either(self, one: int, other: int) -> int:
        if _TRUE in (one, other):
            return _TRUE
        return other if one == _FALSE else one if other == _FALSE else self.operation("or", one, other)

    def chosen(self, holds: int, then: int, fails: int, otherwise: int) -> int:
        """One of two, or missing where the condition is neither."""
        if holds == _TRUE:
            return then
        if fails == _TRUE:
            return otherwise
        if holds == fails == _FALSE:
            return self.number(nan)
        return self.operation("choose", holds, then, fails, otherwise)


class _Strip:
    """Formulas as the leaves of one strip follow them, in one kind of year."""

    def __init__(self, checked: Checked, values: _Values, at: int, holds: Mapping[Within, bool]) -> None:
        self._checked = checked
        self._values = values
        self._at = at
        self._holds = holds
        self.named: dict[str, int] = {}
        """Values of names of this stage."""

    def number(self, expression: Expression) -> int:
        values = self._values
        match expression:
            case Number(value):
                return values.number(value)
            case Missing():
                return values.number(nan)
            case Name(name):
                return self.named[name] if name in self.named else self._stored(name, 0)
            case Lag(Name(name), years):
                return self._stored(name, years) if self._at >= years else values.number(nan)
            case Negative(of):
                return values.of("neg", self.number(of))
            case Arithmetic(sign, left, right):
                return values.of(sign, self.number(left), self.number(right))
            case Extreme(function, among):
                first, *others = map(self.number, among)
                for each in others:
                    first = values.of(function, first, each)
                return first
            case Sum(Name(name), over, known):
                total = Total(name, over.key if over else None, known)
                return values.spread(total) if over else values.at(Spot("total", total), wide=False)
            case Cases(conditions, formulas, otherwise):
                return self._chosen(conditions, formulas, otherwise)
        raise AssertionError(expression)

    def _stored(self, name: str, lag: int) -> int:
        if name == YEAR or self._checked.shapes[name] is Shape.YEARS:
            return self._values.at(Spot("series", name, lag), wide=False)
        return self._values.at(Spot("cells", name, lag), wide=True)

    def _chosen(self, conditions: Sequence[Expression], formulas: Sequence[Expression], otherwise: Expression) -> int:
        """The first case, so far as it is decided here; cases that cannot come are left out."""
        cases: list[tuple[int, int, Expression]] = []
        for condition, formula in zip(conditions, formulas, strict=True):
            holds, fails = self.condition(condition)
            if fails != _TRUE:
                cases.append((holds, fails, formula))
            if holds == _TRUE:
                break
        value = self.number(cases[-1][2] if cases and cases[-1][0] == _TRUE else otherwise)
        for holds, fails, formula in reversed(cases):
            value = self._values.chosen(holds, self.number(formula), fails, value)
        return value

    def condition(self, condition: Expression) -> tuple[int, int]:
        """Flags that it holds, and that it does not."""
        values = self._values
        match condition:
            case Compared(sign, left, right):
                one, other = self.number(left), self.number(right)
                return self._compared(sign, one, other), self._compared(_OPPOSITE[sign], one, other)
            case Known(of):
                value = self.number(of)
                told = values.told(value)
                if told is not None:
                    return (_FALSE, _TRUE) if isnan(told) else (_TRUE, _FALSE)
                return values.of("=", value, value), values.operation("<>", value, value)
            case Not(of):
                holds, fails = self.condition(of)
                return fails, holds
            case Logic(sign, left, right):
                (holds, fails), (others_holds, others_fails) = self.condition(left), self.condition(right)
                if sign == "and":
                    return values.both(holds, others_holds), values.either(fails, others_fails)
                return values.either(holds, others_holds), values.both(fails, others_fails)
            case Early(years):
                return (_TRUE, _FALSE) if self._at < years else (_FALSE, _TRUE)
            case Within():
                return (_TRUE, _FALSE) if self._holds[condition] else (_FALSE, _TRUE)
        raise AssertionError(condition)

    def _compared(self, sign: str, one: int, other: int) -> int:
        if sign == "<>":  # as arrays compare, what is missing would differ from everything
            return self._values.either(self._values.of("<", one, other), self._values.of(">", one, other))
        return self._values.of(sign, one, other)


# ------------------------------------------------------------------------------------------------ lines


def lowered(checked: Checked, wanted: Iterable[str], leaves: Leaves, strip_of: NDArray[np.intp]) -> Plan:
    """What is to be done for the names that are wanted, and the names that are needed for it."""
    names = needed(checked, wanted)
    stages = _stages(checked, names)
    formulas = {name: checked.formulas[name] for name in names if name in stages}
    inner = [part for formula in formulas.values() for part in parts(formula)]
    kept = _kept(checked, set(wanted), formulas, stages)
    totals: list[list[Total]] = [[] for _ in range(max(stages.values(), default=0) + 1)]
    for part in inner:
        match part:
            case Sum(Name(name), over, known):
                total = Total(name, over.key if over else None, known)
                if total not in (at := totals[stages.get(name, 0) + 1]):
                    at.append(total)
    first = np.unique(strip_of, return_index=True)[1]
    examples = Leaves(len(first), {key: indices[first] for key, indices in leaves.groups.items()})
    tests = {part: within(part, checked.axes, examples) for part in inner if isinstance(part, Within)}
    holds = [{test: bool(mask[strip]) for test, mask in tests.items()} for strip in range(len(first))]
    years = [part.years for part in inner if isinstance(part, (Early, Lag))]
    kinds = min(max(years, default=0) + 1, len(checked.axes.years))
    places = _Places()
    lines = tuple(
        tuple(
            _line(checked, at, [name for name in formulas if stages[name] == stage], kept, holds, places)
            for stage in range(len(totals))
        )
        for at in range(kinds)
    )
    given = [name for name in names if name not in formulas]
    return Plan((*given, *(name for name in formulas if name in kept)), tuple(map(tuple, totals)), lines, places.counts)


def _kept(
    checked: Checked, wanted: set[str], formulas: Mapping[str, Expression], stages: Mapping[str, int]
) -> set[str]:
    """Names whose values outlive their stage of the year."""
    kept = set(wanted)
    for user, formula in formulas.items():
        for part in parts(formula):
            match part:
                case Lag(Name(name)) | Sum(Name(name)):
                    kept.add(name)
                case Name(name) if stages.get(name, stages[user]) < stages[user]:
                    kept.add(name)
    return kept | {name for name in formulas if checked.shapes[name] is Shape.YEARS}


def _line(
    checked: Checked,
    at: int,
    names: Sequence[str],
    kept: set[str],
    holds: Sequence[Mapping[Within, bool]],
    places: _Places,
) -> Line:
    values = _Values()
    alike = _Strip(checked, values, at, {})
    strips = [_Strip(checked, values, at, each) for each in holds]
    kept_alike: list[tuple[int, Spot]] = []
    kept_apart: list[list[tuple[int, Spot]]] = [[] for _ in strips]
    for name in names:
        if checked.shapes[name] is Shape.YEARS:
            alike.named[name] = alike.number(checked.formulas[name])
            kept_alike.append((alike.named[name], Spot("series", name)))
    for strip, kept_here in zip(strips, kept_apart, strict=True):
        strip.named |= alike.named
        for name in names:
            if checked.shapes[name] is Shape.CELLS:
                strip.named[name] = strip.number(checked.formulas[name])
                if name in kept:
                    kept_here.append((strip.named[name], Spot("cells", name)))
    roots = [value for value, _ in (*kept_alike, *(each for kept_here in kept_apart for each in kept_here))]
    used = _reached(values.all, roots)
    spots = {value: of.source for value in used if (of := values.all[value]).op == "at" and of.source}
    scalar_steps = list(places.scalars(values.all, [value for value in used if not values.all[value].wide], spots))
    scalar_steps += [Step("copy", (spots[value],), spot) for value, spot in kept_alike]
    return Line(
        tuple(scalar_steps), tuple(tuple(places.vectors(values.all, kept_here, spots)) for kept_here in kept_apart)
    )


def _reached(values: Sequence[_Value], roots: Iterable[int]) -> list[int]:
    """Values that the roots are made of, in an order in which they can be reckoned."""
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        if (value := waiting.pop()) not in found:
            found.add(value)
            waiting += values[value].operands
    return sorted(found)


class _Places:
    """Gives values their places; a vector's place is used again once nobody reads it."""

    def __init__(self) -> None:
        self._counts = {"scalar": 0, "flag": 1, "temp": 0, "mask": 1}  # the first flag and mask are for divisions

    @property
    def counts(self) -> Mapping[str, int]:
        return dict(self._counts)

    def _more(self, kind: str, of: int) -> Spot:
        self._counts[kind] = max(self._counts[kind], of + 1)
        return Spot(kind, of)

    def scalars(self, values: Sequence[_Value], used: Sequence[int], spots: dict[int, Spot]) -> Iterator[Step]:
        """Steps of values that are alike for all leaves; each has a place for itself."""
        free = {"scalar": 0, "flag": 1}
        for value in used:
            if value not in spots:
                kind = "flag" if values[value].op in MASKS else "scalar"
                spots[value] = self._more(kind, free[kind])
                free[kind] += 1
                yield _step(values, value, spots, spots[value])

    def vectors(
        self, values: Sequence[_Value], kept: Sequence[tuple[int, Spot]], alike: Mapping[int, Spot]
    ) -> Iterator[Step]:
        """Steps of one strip; what is kept is reckoned where it is to be."""
        spots = dict(alike)
        targets: dict[int, Spot] = {}
        for value, spot in kept:
            if value not in spots:
                targets.setdefault(value, spot)
        order = [value for value in _reached(values, (value for value, _ in kept)) if value not in spots]
        last = {operand: at for at, value in enumerate(order) for operand in values[value].operands}
        free: dict[str, list[int]] = {"temp": [], "mask": []}
        used = {"temp": 0, "mask": 1}
        for at, value in enumerate(order):
            kind = "mask" if values[value].op in MASKS else "temp"
            ending = [each for each in set(values[value].operands) if last[each] == at]
            if values[value].op != "choose":  # which writes before it has read everything
                _release(ending, spots, free)
            if value in targets:
                spots[value] = targets[value]
            elif free[kind]:
                spots[value] = Spot(kind, free[kind].pop())
            else:
                spots[value] = self._more(kind, used[kind])
                used[kind] += 1
            yield _step(values, value, spots, spots[value])
            if values[value].op == "choose":
                _release(ending, spots, free)
        for value, spot in kept:
            if spots[value] != spot:
                yield Step("copy", (spots[value],), spot)


def _release(ending: Iterable[int], spots: Mapping[int, Spot], free: Mapping[str, list[int]]) -> None:
    for value in ending:
        spot = spots[value]
        if spot.kind in free and isinstance(spot.of, int):
            free[spot.kind].append(spot.of)


def _step(values: Sequence[_Value], value: int, spots: Mapping[int, Spot], out: Spot) -> Step:
    op, operands, source, _ = values[value]
    if op == "spread" and source:
        return Step(op, (source,), out)
    places = tuple(spots[each] for each in operands)
    if op == "/":
        places += (Spot("mask" if values[operands[1]].wide else "flag", 0),)
    return Step(op, places, out)
