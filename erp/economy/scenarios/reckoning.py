"""Figures of a scenario from its formulas: computed whole in the process, rounded to tiyn once, so that totals tie."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, lru_cache
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from erp.economy.formulas import model as formulas
from erp.economy.formulas import program
from erp.economy.formulas.checking import Checked, Declared, check
from erp.economy.formulas.faults import Fault, ModelFaulty
from erp.economy.formulas.model import Kind, Place, Shape
from erp.economy.formulas.program import Program, Result
from erp.economy.formulas.reading import parse
from erp.economy.formulas.tracing import Precedent
from erp.economy.formulas.units import Unit
from erp.economy.plans import rules as plans
from erp.economy.plans.axes import LEVELS, Axes
from erp.economy.plans.model import CellChange, Cells, Plan, Section
from erp.economy.scenarios.model import Driver, Paths
from erp.economy.scenarios.rules import BASE, AmountNeeded, NotGiven

Floats = NDArray[np.float64]

_FINEST = {"programme": "subprogramme", "economic": "specific"}
AMOUNT = "amount"
"""The measure whose values are the figures of the scenario, in tenge."""
TIYN = 100
"""Of a tenge."""


@dataclass(frozen=True, eq=False)
class Reckoner:
    """Formulas over ``base``, the cells that a scenario starts from; ``axes`` are of its leaves, in their order."""

    plan: Plan
    axes: Axes
    base: Cells
    body: str

    @cached_property
    def _placed(self) -> "_Placed":
        levels: dict[str, dict[str, tuple[str, ...]]] = {}
        groups: dict[str, NDArray[np.int32]] = {}
        for key in LEVELS:
            grouping = self.axes.level(key)
            dimension, _, level = key.partition(".")
            level = level or _FINEST.get(dimension, dimension)
            levels.setdefault(dimension, {})[level] = tuple(member.key for member in grouping.members)
            groups[f"{dimension}.{level}"] = grouping.index
        axes = formulas.Axes(self.plan.years, self.plan.first_year, levels)
        return _Placed(self.body, axes, formulas.Leaves(len(self.base.leaves), groups))

    @cached_property
    def program(self) -> Program:
        """Raises: ModelFaulty."""
        return _compiled(self._placed)

    def understood(self, drivers: Iterable[Driver]) -> Checked:
        """The formulas, if they name what a scenario gives and say what it asks for.  Raises: ModelFaulty."""
        checked = check(parse(self.body), self._placed.axes, self._placed.leaves)
        said = ["input base: KZT", *(f"driver {at}{each.name}: {each.unit}" for each in drivers for at in ("", BASE))]
        given = {name: _sort(each) for name, each in check(parse("\n".join(said)), checked.axes).names.items()}
        text, amount = checked.model.text, checked.names.get(AMOUNT)
        faults: list[Fault] = [
            NotGiven.at(text, each.place, name=each.name, known=", ".join(said))
            for each in checked.names.values()
            if each.kind is not Kind.MEASURE and _sort(each) != given.get(each.name)
        ]
        if amount is None or _sort(amount)[1:] != given["base"][1:]:
            faults.append(AmountNeeded.at(text, amount.place if amount else Place(0, 0)))
        if faults:
            raise ModelFaulty(faults)
        return checked

    @cached_property
    def tenge(self) -> Floats:
        """float64[leaf, year]; missing where the version above has no cell."""
        return np.where(self.base.present, self.base.amounts / TIYN, np.nan)

    @cached_property
    def is_planned(self) -> NDArray[np.bool_]:
        """bool[year]: plan years, whose figures the formulas give."""
        return np.array([year >= self.plan.first_year for year in self.plan.years])

    def drivers(self, paths: Paths, reference: Paths) -> dict[str, Floats]:
        """float64[year] of each driver that the formulas name, in its own unit; missing in base years."""
        wanted = {each.name for each in self.program.checked.of(Kind.DRIVER)}
        own = {name: self._path(paths[name]) for name in paths}
        above = {f"{BASE}{name}": self._path(reference[name]) for name in reference}
        return {name: path for name, path in (own | above).items() if name in wanted}

    def _path(self, values: Mapping[int, object]) -> Floats:
        return np.array([float(getattr(values.get(year), "value", np.nan)) for year in self.plan.years])

    def _whole(self, drawn: Mapping[str, Floats]) -> dict[str, Floats]:
        """Paths of plan years with base years before them: float64[draw, year]."""
        whole = {name: np.full((len(path), len(self.plan.years)), np.nan) for name, path in drawn.items()}
        for name, path in drawn.items():
            whole[name][:, self.is_planned] = path
        return whole

    def figures(self, paths: Paths, reference: Paths) -> "Figures":
        """What the paths give: of the version above, with its base years."""
        result = self._result(paths, reference)
        amounts, present = self.base.amounts.copy(), self.base.present.copy()
        tenge = result[AMOUNT]
        missing = ~(np.abs(tenge) <= plans.LARGEST_TIYN / TIYN)
        tenge = np.where(missing, np.nan, tenge)
        lost = present & missing & self.is_planned
        computed = present & ~missing & self.is_planned
        exact = np.where(tenge == self.tenge, amounts, tenge * TIYN)
        sections = self.axes.table.columns["section"].index
        for year in np.flatnonzero(self.is_planned):
            for section in range(len(self.axes.table.columns["section"].codes)):
                cells = computed[:, year] & (sections == section)
                amounts[cells, year] = plans.tie(exact[cells, year])
        present &= ~lost
        amounts[lost] = 0
        return Figures(Cells(self.base.leaves, self.base.years, amounts, present), int(np.count_nonzero(lost)))

    def precedents(self, paths: Paths, reference: Paths, leaf_id: int, year: int) -> Precedent:
        """The figure of a line that the version above has, down to drivers and figures of that; leaves by their ids."""
        place = int(np.searchsorted(self.base.leaves, leaf_id))

        def named(of: Precedent) -> Precedent:
            leaf = None if of.leaf is None else int(self.base.leaves[of.leaf])
            return replace(of, leaf=leaf, children=tuple(map(named, of.children)))

        return named(self._result(paths, reference).precedents(AMOUNT, place, year))

    def _result(self, paths: Paths, reference: Paths) -> Result:
        return self.program.run({"base": self.tenge}, self.drivers(paths, reference))

    def draws(self, drawn: Mapping[str, Floats], reference: Paths) -> dict[Section, Floats]:
        """Sums of sections in plan years, tenge: float64[draw, year] by section, for drawn paths of the same shape.

        Zero where a section has no cell; missing where the formulas give no value for one that it has.

        Raises: TooMuchToDraw.
        """
        table = self.axes.table
        sections = table.columns["section"]
        groups = (sections.index * 2 + (plans.signs(table) < 0)).astype(np.int32)
        wanted = {each.name for each in self.program.checked.of(Kind.DRIVER)}
        above = {f"{BASE}{name}": self._path(reference[name]) for name in reference}
        given = {name: path for name, path in {**above, **self._whole(drawn)}.items() if name in wanted}
        found = self.program.draws({"base": self.tenge}, given, AMOUNT, groups, 2 * len(sections.codes), asked="base")
        sums = found[:, :, self.is_planned]
        return {Section(code): sums[:, 2 * at] - sums[:, 2 * at + 1] for at, code in enumerate(sections.codes)}


def _sort(of: Declared) -> tuple[Kind, Shape, Unit, Fraction]:
    return of.kind, of.shape, of.unit, of.unit.scale


@dataclass(frozen=True, eq=False)
class _Placed:
    """Formulas with the places of the leaves they are for; two that say the same are the same."""

    body: str
    axes: formulas.Axes
    leaves: formulas.Leaves

    @cached_property
    def digest(self) -> bytes:
        said = sha256(repr((self.body, self.axes)).encode())
        for key, index in sorted(self.leaves.groups.items()):
            said.update(key.encode())
            said.update(index.tobytes())
        return said.digest()

    def __hash__(self) -> int:
        return hash(self.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Placed) and self.digest == other.digest


@lru_cache(maxsize=16)
def _compiled(placed: _Placed) -> Program:
    """Programs are immutable, so that many requests run one.  Raises: ModelFaulty."""
    return program.compile(check(parse(placed.body), placed.axes, placed.leaves), placed.leaves, [AMOUNT])


def forget() -> None:
    """Let every program be compiled anew."""
    _compiled.cache_clear()


@dataclass(frozen=True, eq=False)
class Figures:
    """What a scenario's paths give; ``missing`` counts cells of the version above that get none, or too large a one."""

    cells: Cells
    missing: int


def changes(before: Cells, after: Cells) -> list[CellChange]:
    """Cells of ``after`` that differ in ``before``; cells that only ``before`` has stay as they are."""
    leaves = np.union1d(before.leaves, after.leaves)
    was, was_there = plans.laid_out(before, leaves)
    amounts, present = plans.laid_out(after, leaves)
    at, year = np.nonzero(present & (~was_there | (was != amounts)))
    columns = leaves[at].tolist(), (year + after.years[0]).tolist(), amounts[at, year].tolist()
    return [CellChange(*each) for each in zip(*columns, strict=True)]


def upon(own: Cells, base: Cells, figures: Cells, columns: slice) -> Cells:
    """What the scenario's version holds, with the figures wherever the version above has a cell in ``columns``."""
    leaves = np.union1d(own.leaves, base.leaves)
    amounts, present = plans.laid_out(own, leaves)
    said, there = plans.laid_out(figures, leaves)
    computed = np.zeros_like(present)
    computed[:, columns] = plans.laid_out(base, leaves)[1][:, columns]
    amounts[computed], present[computed] = said[computed], there[computed]
    return Cells(leaves, own.years, amounts, present)
