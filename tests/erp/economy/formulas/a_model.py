"""Axes, leaves and values for tests, and random texts of formulas that make sense for them.

Made from a seed: hypothesis would spend a second on each text.
"""

from dataclasses import dataclass
from random import Random

import numpy as np

from erp.economy.formulas.model import Axes, Floats, Leaves

YEARS = (2025, 2026, 2027, 2028, 2029)
LEVELS = {
    "economic": {"specific": ("111", "112", "211"), "class": ("1.01", "2.01")},
    "programme": {"group": ("04", "05", "06")},
}
AXES = Axes(YEARS, 2027, LEVELS)
BASE_YEARS = range(4)
"""How many of the years may be base years."""
DECLARED = "driver rate: %  driver price: KZT  input base: KZT  input more: thousand KZT\n"
MEASURES = ("first", "second", "third")


def axes_with(base_years: int) -> Axes:
    return Axes(YEARS, YEARS[base_years], LEVELS)


@dataclass(frozen=True)
class Given:
    """What a program is run with."""

    leaves: Leaves
    inputs: dict[str, Floats]
    drivers: dict[str, Floats]


def given_values(seed: int, count: int | None = None) -> Given:
    """Leaves anywhere, small whole amounts, and gaps."""
    random = np.random.default_rng(seed)
    count = count or int(random.integers(1, 8))
    groups = {
        f"{dimension}.{level}": random.integers(-1, len(codes), count).astype(np.int32)
        for dimension, levels in LEVELS.items()
        for level, codes in levels.items()
    }
    return Given(
        Leaves(count, groups),
        {name: _gappy(random, random.integers(-9, 10, (count, len(YEARS)))) for name in ("base", "more")},
        {
            "rate": _gappy(random, random.choice([-5.0, 0.0, 10.0, 12.5], len(YEARS))),
            "price": _gappy(random, random.integers(-9, 10, len(YEARS))),
        },
    )


def _gappy(random: np.random.Generator, values: np.ndarray) -> Floats:
    return np.where(random.random(values.shape) < 0.08, np.nan, values.astype(np.float64))


def text(seed: int) -> str:
    """Three measures; each may use those before it, and any of them through a lag."""
    random = Random(seed)  # noqa: S311
    said = [DECLARED]
    for at, name in enumerate(MEASURES):
        writer = _Writer(random, ("base", "more", *MEASURES[:at]))
        clauses = [f"where {writer.test()} = {writer.formula()}" for _ in range(random.randrange(3))]
        if not clauses or random.random() < 0.6:
            clauses.append(f"{'otherwise' if clauses else ''} = {writer.formula()}")
        said.append(f"measure {name}: KZT\n    " + "\n    ".join(clauses) + "\n")
    return "".join(said)


@dataclass(frozen=True)
class _Writer:
    random: Random
    names: tuple[str, ...]

    def formula(self) -> str:
        initial = f" from {self.amount(1)}" if self.random.random() < 0.4 else ""
        return self.amount(self.random.randint(1, 4)) + initial

    def amount(self, depth: int) -> str:
        """Of tenge."""
        one_of = self.random.choice
        if depth == 0 or self.random.random() < 0.1:
            lagged = f"lag({one_of(('base', 'price', *MEASURES))}, {self.random.randint(1, 3)})"
            return one_of((*self.names, lagged, lagged, "price", "0", "3 KZT", "0.5 thousand KZT", "missing"))
        less = depth - 1
        match one_of(("+", "-", "*", "*", "/", "neg", "min", "max", "if", "if", "lag", "grow", "sum")):
            case "+" | "-" as sign:
                return f"({self.amount(less)} {sign} {self.amount(less)})"
            case "*":
                return f"{self.ratio()} * ({self.amount(less)})"
            case "/":
                return f"({self.amount(less)}) / ({self.amount(less)}) * {self.amount(0)}"
            case "neg":
                return f"-({self.amount(less)})"
            case "min" | "max" as extreme:
                return f"{extreme}({self.amount(less)}, {self.amount(less)}, {self.amount(0)})"
            case "if":
                return f"if({self.condition(less)}, {self.amount(less)}, {self.amount(less)})"
            case "lag":
                return f"lag({self.amount(less)}, {self.random.randint(1, 2)})"
            case "grow":
                return f"grow({self.amount(less)}, {self.ratio()})"
        known = one_of(("", "known "))
        return f"sum({known}base + {self.amount(less)}{one_of(('', ' over programme.group', ' over economic.class'))})"

    def ratio(self) -> str:
        return self.random.choice(
            ("rate", "2", "10%", "index(rate)", "index(rate, 2027)", "(year - 2026)", "(1 + rate)")
        )

    def condition(self, depth: int) -> str:
        match self.random.randrange(6):
            case 0:
                return self.test()
            case 1:
                return f"known({self.amount(depth)})"
            case 2:
                sign = self.random.choice(("and", "or"))
                return f"({self.condition(depth)} {sign} not ({self.condition(depth)}))"
        return f"{self.amount(depth)} {self.random.choice(('<', '<=', '=', '<>', '>', '>='))} {self.amount(depth)}"

    def test(self) -> str:
        return self.random.choice(
            ("economic in (111, 112)", "economic in 2.01", "programme.group in 04", "not programme in (04, 05)")
        )
