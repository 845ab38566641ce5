"""The nouns of the language of formulas: what a text declares, the expressions it is made of, the axes it is read for.

    unit pupil                                  # a unit of one's own, beside KZT USD EUR RUB CNY people bbl month
    driver wage_growth: %                       # one value a year
    input base: KZT                             # a value a cell (leaf and year)
    input pupils: pupil
    measure wages: KZT = lag(wages) * (1 + wage_growth) from base
    measure norm: KZT/pupil = 120 thousand KZT / pupil * index(cpi, 2026)
    measure amount: KZT
        where economic in (111, 112) = wages
        where programme.group in 04 and not economic in 2 = pupils * norm
        otherwise = base

    model       = { declaration }
    declaration = "unit" NAME | ("driver" | "input") NAME ":" unit
                | "measure" NAME ":" unit ("=" formula | { "where" condition "=" formula } [ "otherwise" "=" formula ])
    unit        = [scale] word { ("/" | "*") [scale] word }         scale: thousand mln bn trn; word: a unit, "%", "1"
    formula     = expression [ "from" expression ]
    expression  = conjunct { "or" conjunct }                        and so on down: and, not, comparison, + -, * /, -
    atom        = NUMBER [ "%" | { scale } word ] | NAME | "missing" | "(" expression ")"
                | "lag" "(" expression [ "," N ] ")"
                | "sum" "(" ["known"] expression [ "over" dimension "." level ] ")" | "known" "(" expression ")"
                | "if" "(" condition "," expression "," expression ")" | ("min" | "max") "(" expression { "," … } ")"
                | "grow" "(" expression "," rate ")" | "index" "(" rate [ "," YEAR ] ")"
                | dimension [ "." level ] "in" ( code | "(" code { "," code } ")" )

What is missing stays missing: in arithmetic, in a comparison (``and`` and ``or`` know three values), in a sum that does
not say ``known``; so is what is divided by zero.  ``from`` gives the value in the base years, and in as many first
years as its formula looks back.  Behind a number stands its unit and nothing else: ``2 * price`` is a product,
``2 price`` is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Place:
    """Characters of the text from ``start`` up to ``end``."""

    start: int
    end: int

    def until(self, other: Place) -> Place:
        return Place(self.start, other.end)


@dataclass(frozen=True, slots=True)
class Node:
    place: Place = field(kw_only=True, compare=False, repr=False)


# ------------------------------------------------------------------------------------------------ expressions


@dataclass(frozen=True, slots=True)
class Number(Node):
    value: float


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A driver, an input, a measure, the number of the ``year``, or one of a unit."""

    name: str


@dataclass(frozen=True, slots=True)
class UnitWord(Node):
    """A word of a unit, with the power it stands in, 1 or -1; behind a number, one of it."""

    word: str
    power: int = 1


@dataclass(frozen=True, slots=True)
class Missing(Node):
    pass


@dataclass(frozen=True, slots=True)
class Negative(Node):
    of: Expression


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    sign: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Extreme(Node):
    """``min`` or ``max``."""

    function: str
    among: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class If(Node):
    condition: Expression
    then: Expression
    otherwise: Expression


@dataclass(frozen=True, slots=True)
class Lag(Node):
    """The value so many years ago; missing before the first year."""

    of: Expression
    years: int


@dataclass(frozen=True, slots=True)
class Sum(Node):
    """The sum over the cells of the same group and year, the same for each of them; over all cells without a level.

    Where one is missing the sum is, unless ``known`` leaves those out; the sum of none is missing.
    """

    of: Expression
    over: Level | None
    known: bool


@dataclass(frozen=True, slots=True)
class Grow(Node):
    """The value in base years, or in the first year where there is none; then the year before's, grown by the rate."""

    of: Expression
    rate: Expression


@dataclass(frozen=True, slots=True)
class Index(Node):
    """1 in a year (that before the first plan year where none is said), then grown by the rate; missing before."""

    rate: Expression
    year: int | None


@dataclass(frozen=True, slots=True)
class Compared(Node):
    sign: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Member(Node):
    """Whether the cell's code, at the level or at any level of the dimension, is one of these."""

    dimension: str
    level: str | None
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known(Node):
    of: Expression


@dataclass(frozen=True, slots=True)
class Not(Node):
    of: Expression


@dataclass(frozen=True, slots=True)
class Logic(Node):
    """``and`` or ``or``."""

    sign: str
    left: Expression
    right: Expression


# What checking leaves of Member, of clauses, ``from``, ``grow`` and ``index``: lags and sums are then of names only.


@dataclass(frozen=True, slots=True)
class Within(Node):
    """Whether the cell's code is one of these at one of the levels, by the level's key."""

    tests: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Early(Node):
    """Whether the year is one of the first so many."""

    years: int


@dataclass(frozen=True, slots=True)
class Cases(Node):
    """The formula of the first condition that holds; missing where a condition before it is."""

    conditions: tuple[Expression, ...]
    formulas: tuple[Expression, ...]
    otherwise: Expression


Condition = Compared | Member | Known | Not | Logic | Within | Early
Expression = (
    Number
    | Name
    | UnitWord
    | Missing
    | Negative
    | Arithmetic
    | Extreme
    | If
    | Lag
    | Sum
    | Grow
    | Index
    | Cases
    | Condition
)


@dataclass(frozen=True, slots=True)
class Level(Node):
    """``programme.group``."""

    dimension: str
    level: str

    @property
    def key(self) -> str:
        return f"{self.dimension}.{self.level}"


def children(expression: Expression) -> Iterator[Expression]:
    """The expressions it is directly made of, from left to right."""
    for each in fields(expression):
        value = getattr(expression, each.name)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, Expression):
                yield part


def parts(expression: Expression) -> Iterator[Expression]:
    """The expression and all within it."""
    waiting = [expression]
    while waiting:
        yield (part := waiting.pop())
        waiting.extend(children(part))


# ------------------------------------------------------------------------------------------------ declarations


class Kind(StrEnum):
    DRIVER = "driver"
    INPUT = "input"
    MEASURE = "measure"


class Shape(StrEnum):
    YEARS = "years"
    """One value a year."""
    CELLS = "cells"
    """A value for each leaf and year."""


@dataclass(frozen=True, slots=True)
class Clause(Node):
    condition: Expression | None
    """Of the cells that the formula is for; ``None`` is all that are left."""
    formula: Expression
    initial: Expression | None
    """What ``from`` says."""


@dataclass(frozen=True, slots=True)
class Declaration(Node):
    kind: Kind
    name: str
    unit: tuple[UnitWord, ...]
    clauses: tuple[Clause, ...] = ()
    """Of a measure: the first whose condition holds for a cell is its formula; no clause, no value."""


@dataclass(frozen=True, slots=True)
class UnitNoun(Node):
    name: str


@dataclass(frozen=True, slots=True)
class Model:
    """A text of formulas as it was read; ``checking.check`` says whether it makes sense."""

    text: str
    units: tuple[UnitNoun, ...]
    declarations: tuple[Declaration, ...]

    def said(self, place: Place) -> str:
        """The text there, on one line."""
        return " ".join(self.text[place.start : place.end].split())

    def line(self, place: Place) -> int:
        return self.text.count("\n", 0, place.start) + 1


@dataclass(frozen=True, slots=True)
class Axes:
    """What a model is read for."""

    years: tuple[int, ...]
    """Consecutive, base years first."""
    first_year: int
    """The first plan year; those before are base years."""
    levels: Mapping[str, Mapping[str, tuple[str, ...]]]
    """Dimension → level → codes of its groups, in the order of their index."""

    @property
    def base_years(self) -> int:
        return sum(year < self.first_year for year in self.years)


@dataclass(frozen=True, slots=True)
class Leaves:
    """Where each leaf stands."""

    count: int
    groups: Mapping[str, Indices]
    """``programme.group`` → int32[leaf], index into the codes of that level; -1 where the leaf has none."""
