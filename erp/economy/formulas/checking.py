"""Whether a model makes sense for the axes it is read for; what it says, in fewer words, if it does.

Faults are gathered, up to ``MOST_TOLD``.  What could not be understood fits any unit, so that one mistake is told once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Any

import numpy as np

from erp.economy.formulas import faults
from erp.economy.formulas.faults import CodeUnused, Fault, ModelFaulty
from erp.economy.formulas.model import (
    Arithmetic,
    Axes,
    Cases,
    Compared,
    Declaration,
    Early,
    Expression,
    Extreme,
    Grow,
    If,
    Index,
    Kind,
    Known,
    Lag,
    Leaves,
    Logic,
    Member,
    Missing,
    Model,
    Name,
    Negative,
    Not,
    Number,
    Place,
    Shape,
    Sum,
    UnitWord,
    Within,
    children,
    parts,
)
from erp.economy.formulas.units import NOUNS, PLAIN, SCALES, Unit

YEAR = "year"
"""A name that is always there: the number of the year."""
FURTHEST = 50
"""Years that a lag may look back."""
MOST_TOLD = 50
"""Faults that are told at once; notes as well."""
LONGEST_MENDED = 60
"""Characters of a name for which one that is like it is looked for."""
_LONGEST_PATH = 10
"""Names of a cycle that are told."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A driver, an input or a measure as it was understood."""

    kind: Kind
    name: str
    unit: Unit
    shape: Shape
    place: Place


@dataclass(frozen=True, slots=True)
class Checked:
    """A model that can be reckoned."""

    model: Model
    axes: Axes
    names: Mapping[str, Declared]
    """In the order of the text."""
    formulas: Mapping[str, Expression]
    """Of each measure, in an order in which one year can be reckoned; with those that stand for a part of another's
    formula, under that part's text in brackets.  Numbers are of bare units; see ``model.Within`` and below it."""
    shapes: Mapping[str, Shape]
    """Of all that ``names`` and ``formulas`` name."""
    notes: tuple[CodeUnused, ...]

    def of(self, kind: Kind) -> Iterator[Declared]:
        return (each for each in self.names.values() if each.kind is kind)


def check(model: Model, axes: Axes, leaves: Leaves | None = None) -> Checked:
    """What a model says, for leaves of these axes.

    A code at several levels means all who have it at one of them.  That is clear where the groups lie within one
    another; without ``leaves`` none are known to.

    Raises: ModelFaulty with every fault.
    """
    checker = _Checker(model, axes, leaves)
    units = checker.units()
    checker.refuse()
    plain = _Plain(model, axes, units)
    shapes = _shapes(model, plain.formulas)
    for wrong in _sums_of_years(plain.formulas, shapes):
        checker.fault(faults.CellsExpected, wrong)
    try:
        order = list(TopologicalSorter({name: _needs(of) for name, of in plain.formulas.items()}).static_order())
    except CycleError as cycle:
        path = cycle.args[1][::-1]
        told = path if len(path) <= _LONGEST_PATH else [*path[: _LONGEST_PATH - 1], "…", path[-1]]
        place = next(declared.place for declared in model.declarations if declared.name in path)
        checker.fault(faults.CycleFound, place, path=" → ".join(told))
    checker.refuse()
    return Checked(
        model,
        axes,
        {d.name: Declared(d.kind, d.name, units[d.name], shapes[d.name], d.place) for d in model.declarations},
        {name: plain.formulas[name] for name in order if name in plain.formulas},
        shapes,
        tuple(checker.notes),
    )


# ------------------------------------------------------------------------------------------------ names and units


class _Checker:
    """Finds faults.  A unit of ``None`` fits any: that of 0, of what is missing, and of what was not understood."""

    def __init__(self, model: Model, axes: Axes, leaves: Leaves | None) -> None:
        self.notes: list[CodeUnused] = []
        self._model = model
        self._axes = axes
        self._leaves = leaves
        self._faults: list[Fault] = []
        self._units: dict[str, Unit] = {}
        self._words: Sequence[str] = ()

    def fault(self, kind: type[Fault], place: Place, **fields: Any) -> None:
        self._faults.append(kind(self._model.text, place, **fields))
        if len(self._faults) == MOST_TOLD:
            self.refuse()

    def refuse(self) -> None:
        if self._faults:
            raise ModelFaulty(self._faults)

    def units(self) -> dict[str, Unit]:
        """Units of all names, once everything is looked at."""
        nouns = {*NOUNS, *(noun.name for noun in self._model.units)}
        words = self._words = [*NOUNS, *(noun.name for noun in self._model.units), *SCALES]
        taken = {YEAR, *NOUNS, *SCALES}
        self._units = {word: Unit.of([(word, 1)]) for word in words} | {YEAR: PLAIN}
        for noun in self._model.units:
            self._take(noun.name, noun.place, taken)
        for declared in self._model.declarations:
            self._take(declared.name, declared.place, taken)
            for each in declared.unit:
                if each.word not in nouns and each.word not in SCALES:
                    self.fault(faults.UnitUnknown, each.place, name=each.word, known=", ".join(words))
            said = self._model.said(declared.unit[0].place.until(declared.unit[-1].place))
            self._units.setdefault(declared.name, Unit.of([(each.word, each.power) for each in declared.unit], said))
        for declared in self._model.declarations:
            for clause in declared.clauses:
                if clause.condition:
                    self._condition(clause.condition)
                for formula in (clause.formula, clause.initial):
                    if formula:
                        self._expect(formula, self._units[declared.name])
        return self._units

    def _take(self, name: str, place: Place, taken: set[str]) -> None:
        if name in taken:
            self.fault(faults.NameTaken, place, name=name)
        taken.add(name)

    def _expect(self, formula: Expression, declared: Unit) -> None:
        found = self._number(formula)
        if found is not None and found != declared:
            self.fault(faults.UnitNotDeclared, formula.place, found=str(found), declared=str(declared))

    def _number(self, expression: Expression) -> Unit | None:
        match expression:
            case Number(value):
                return PLAIN if value else None
            case Name(name):
                return self._named(name, expression.place)
            case UnitWord(word):
                return self._unit(word, expression.place)
            case Negative(of):
                return self._number(of)
            case Arithmetic("+" | "-", left, right):
                return self._alike(left, right)
            case Arithmetic(sign, left, right):
                units = self._number(left), self._number(right)
                if units[0] is None or units[1] is None:
                    return None
                return units[0] * units[1] if sign == "*" else units[0] / units[1]
            case Extreme(_, among):
                return self._alike(*among)
            case If(condition, then, otherwise):
                self._condition(condition)
                return self._alike(then, otherwise)
            case Lag(of, years):
                if not 1 <= years <= FURTHEST:
                    self.fault(faults.YearsExpected, expression.place, limit=FURTHEST)
                return self._number(of)
            case Sum(of, over):
                if over:
                    self._level(over.dimension, over.level, over.place)
                return self._number(of)
            case Grow(of, rate):
                self._rate(rate)
                return self._number(of)
            case Index(rate, year):
                self._rate(rate)
                if year is not None and year not in self._axes.years:
                    first, last = self._axes.years[0], self._axes.years[-1]
                    self.fault(faults.YearOutside, expression.place, year=str(year), first=str(first), last=str(last))
                return PLAIN
            case Missing():
                return None
            case _:
                self.fault(faults.NumberNeeded, expression.place)
                return None

    def _named(self, name: str, place: Place) -> Unit | None:
        if name not in self._units:
            near = get_close_matches(name, self._units, 1) if len(name) <= LONGEST_MENDED else []
            if near:
                self.fault(faults.NameMistyped, place, name=name, near=near[0])
            else:
                self.fault(faults.NameUnknown, place, name=name)
            return None
        unit = self._units[name]
        return Unit(unit.powers) if unit.said else unit

    def _unit(self, word: str, place: Place) -> Unit | None:
        """One of what stands behind a number."""
        if word in self._words:
            return self._units[word]
        self.fault(faults.ProductUnsaid, place, name=word)
        return None

    def _alike(self, *among: Expression) -> Unit | None:
        first: Unit | None = None
        for each in among:
            unit = self._number(each)
            if unit is not None and first is not None and unit != first:
                self.fault(faults.UnitsDiffer, each.place, left=str(first), right=str(unit))
            first = first or unit
        return first

    def _rate(self, rate: Expression) -> None:
        unit = self._number(rate)
        if unit not in (None, PLAIN):
            self.fault(faults.RateExpected, rate.place, found=str(unit))

    def _condition(self, expression: Expression) -> None:
        match expression:
            case Compared(_, left, right):
                self._alike(left, right)
            case Known(of):
                self._number(of)
            case Not(of):
                self._condition(of)
            case Logic(_, left, right):
                self._condition(left)
                self._condition(right)
            case Member():
                self._member(expression)
            case _:
                self.fault(faults.ConditionExpected, expression.place)

    def _member(self, member: Member) -> None:
        if not self._level(member.dimension, member.level, member.place):
            return
        for code in member.codes:
            levels = _levels_of(self._axes, member, code)
            if not levels and len(self.notes) < MOST_TOLD:
                self.notes.append(CodeUnused.at(self._model.text, member.place, code=code, dimension=member.dimension))
            if len(levels) > 1 and not self._is_nested(member.dimension, levels, code):
                known = ", ".join(f"{member.dimension}.{level}" for level in levels)
                self.fault(faults.CodeAmbiguous, member.place, code=code, known=known)

    def _is_nested(self, dimension: str, levels: Sequence[str], code: str) -> bool:
        """Whether the groups that have the code lie within one another, so that it means the largest."""
        if self._leaves is None:
            return False
        index = self._axes.levels[dimension]
        groups = [self._leaves.groups[f"{dimension}.{level}"] == index[level].index(code) for level in levels]
        groups.sort(key=np.count_nonzero)
        return not any((inner & ~outer).any() for inner, outer in pairwise(groups))

    def _level(self, dimension: str, level: str | None, place: Place) -> bool:
        levels = self._axes.levels.get(dimension)
        if levels is None:
            self.fault(faults.DimensionUnknown, place, name=dimension, known=", ".join(self._axes.levels))
        elif level is not None and level not in levels:
            self.fault(faults.LevelUnknown, place, dimension=dimension, name=level, known=", ".join(levels))
        else:
            return True
        return False


def _levels_of(axes: Axes, member: Member, code: str) -> list[str]:
    """Levels at which the code stands, of those that the member means."""
    return [
        level
        for level, codes in axes.levels[member.dimension].items()
        if member.level in (None, level) and code in codes
    ]


# ------------------------------------------------------------------------------------------------ in fewer words


class _Plain:
    """Formulas without what can be said by something else."""

    def __init__(self, model: Model, axes: Axes, units: Mapping[str, Unit]) -> None:
        self._model = model
        self._axes = axes
        self._units = units
        self._declared = {each.name for each in model.declarations}
        self._named: dict[Expression, str] = {}
        self.formulas: dict[str, Expression] = {}
        for declared in model.declarations:
            if declared.kind is Kind.MEASURE:
                self.formulas[declared.name] = self._measure(declared)

    def _measure(self, measure: Declaration) -> Expression:
        formulas = [self._clause(clause.formula, clause.initial) for clause in measure.clauses]
        conditions = [self._of(clause.condition) for clause in measure.clauses if clause.condition]
        otherwise = formulas.pop() if len(formulas) > len(conditions) else Missing(place=measure.place)
        return Cases(tuple(conditions), tuple(formulas), otherwise, place=measure.place) if conditions else otherwise

    def _clause(self, formula: Expression, initial: Expression | None) -> Expression:
        if initial is None:
            return self._of(formula)
        return self._starting(self._of(initial), self._of(formula), max(self._axes.base_years, _looks_back(formula)))

    def _starting(self, initial: Expression, later: Expression, years: int) -> Expression:
        place = later.place
        return Cases((Early(years, place=place),), (initial,), later, place=place)

    def _of(self, said: Expression) -> Expression:
        place = said.place
        match said:
            case Name(name) if name not in self._declared and name != YEAR:
                return Number(float(self._units[name].scale), place=place)
            case UnitWord(word):
                return Number(float(self._units[word].scale), place=place)
            case Number() | Name() | Missing():
                return said
            case Negative(of):
                return Negative(self._of(of), place=place)
            case Arithmetic(sign, left, right):
                return Arithmetic(sign, self._of(left), self._of(right), place=place)
            case Extreme(function, among):
                return Extreme(function, tuple(map(self._of, among)), place=place)
            case If(condition, then, otherwise):
                return Cases((self._of(condition),), (self._of(then),), self._of(otherwise), place=place)
            case Lag(of, years):
                return Lag(self._name(of), years, place=place)
            case Sum(of, over, known):
                return Sum(self._name(of), over, known, place=place)
            case Grow(of, rate):
                return self._growing(said, self._of(of), self._of(rate), max(1, self._axes.base_years))
            case Index(rate, year):
                one, growth = Number(1.0, place=place), self._of(rate)
                at = self._axes.base_years - 1 if year is None else self._axes.years.index(year)
                if at < 0:  # 1 in the year before the first
                    return self._growing(said, Arithmetic("+", one, growth, place=place), growth, 1)
                return self._growing(said, self._starting(Missing(place=place), one, at), growth, at + 1)
            case Compared(sign, left, right):
                return Compared(sign, self._of(left), self._of(right), place=place)
            case Known(of):
                return Known(self._of(of), place=place)
            case Not(of):
                return Not(self._of(of), place=place)
            case Logic(sign, left, right):
                return Logic(sign, self._of(left), self._of(right), place=place)
            case Member(dimension):
                found = [(level, code) for code in said.codes for level in _levels_of(self._axes, said, code)]
                levels = dict.fromkeys(level for level, _ in found)
                tests = ((f"{dimension}.{at}", tuple(code for level, code in found if level == at)) for at in levels)
                return Within(tuple(tests), place=place)
        raise AssertionError(said)

    def _growing(self, said: Expression, initial: Expression, rate: Expression, years: int) -> Expression:
        """A name of its own for what is grown, year after year, from the value of the first years."""
        place = said.place
        if said not in self._named:
            self._named[said] = f"({self._model.said(place)})"
            before = Lag(Name(self._named[said], place=place), 1, place=place)
            factor = Arithmetic("+", Number(1.0, place=place), rate, place=place)
            later = Arithmetic("*", before, factor, place=place)
            self.formulas[self._named[said]] = self._starting(initial, later, years)
        return Name(self._named[said], place=place)

    def _name(self, said: Expression) -> Name:
        """A name for an expression."""
        of = self._of(said)
        if isinstance(of, Name) and of.name != YEAR:
            return of
        if said not in self._named:
            self._named[said] = f"({self._model.said(said.place)})"
            self.formulas[self._named[said]] = of
        return Name(self._named[said], place=said.place)


def _looks_back(formula: Expression) -> int:
    """Years between a year and the first of those that the formula takes for it, through all lags within lags."""
    within = max(map(_looks_back, children(formula)), default=0)
    return within + formula.years if isinstance(formula, Lag) else within


# ------------------------------------------------------------------------------------------------ shapes and order


def _shapes(model: Model, formulas: Mapping[str, Expression]) -> dict[str, Shape]:
    """What has a value for each cell: inputs, what tests or sums by codes, and what is made of any of these."""
    shapes = {each.name: Shape.CELLS if each.kind is Kind.INPUT else Shape.YEARS for each in model.declarations}
    shapes |= dict.fromkeys(formulas, Shape.YEARS)

    def of_cells(expression: Expression) -> bool:
        match expression:
            case Name(name):
                return shapes.get(name) is Shape.CELLS
            case Sum(_, over):
                return over is not None
            case Within():
                return True
        return any(map(of_cells, children(expression)))

    settled = False
    while not settled:
        settled = True
        for name, formula in formulas.items():
            if shapes[name] is Shape.YEARS and of_cells(formula):
                shapes[name] = Shape.CELLS
                settled = False
    return shapes


def _sums_of_years(formulas: Mapping[str, Expression], shapes: Mapping[str, Shape]) -> Iterator[Place]:
    for formula in formulas.values():
        for part in parts(formula):
            match part:
                case Sum(Name(name)) if shapes[name] is Shape.YEARS:
                    yield part.of.place


def _needs(formula: Expression) -> set[str]:
    """Names that it needs of the same year."""
    match formula:
        case Lag():
            return set()
        case Name(name):
            return {name}
    return set().union(*map(_needs, children(formula)))
