"""A checked model compiled for the leaves of a plan, and the memory in which it runs.

Years are the outermost loop: what looks back reads what is there already.  Within a year, stage by stage (a sum needs
all leaves before it), each strip goes through its straight line in blocks that stay in the cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from erp.economy.formulas.checking import YEAR, Checked, Declared
from erp.economy.formulas.collapsing import collapsed
from erp.economy.formulas.faults import TooMuchToDraw
from erp.economy.formulas.lowering import Plan, Spot, Step, Total, lowered, needed, strips
from erp.economy.formulas.model import Floats, Indices, Kind, Leaves, Shape
from erp.economy.formulas.tracing import Precedent, Tracer

BLOCK = 8192
"""Numbers of a vector: the few that are in use at once stay in the second cache."""
_DRAWN = 1 << 18
"""Numbers of a vector over all leaves and the draws of one round."""

MOST_DRAWN = 5_000_000_000
"""Operations on single numbers that one call may take: some seconds of one thread."""

Call = tuple[Callable[..., object], tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Program:
    """Immutable: any number of threads may run it."""

    checked: Checked
    leaves: Leaves
    plan: Plan
    order: NDArray[np.intp]
    """Leaves as the machine holds them: those of a strip side by side."""
    bounds: tuple[tuple[int, int], ...]
    """Where each strip begins and ends in that order."""

    @property
    def steps(self) -> int:
        """Operations on single numbers in one run of one path."""
        sizes = [end - start for start, end in self.bounds]
        per_kind = [
            sum(len(steps) * size for line in stages for steps, size in zip(line.apart, sizes, strict=True))
            for stages in self.plan.lines
        ]
        last = len(per_kind) - 1
        return sum(per_kind[min(at, last)] for at in range(len(self.checked.axes.years)))

    def machine(self, draws: int = 0) -> Machine:
        return Machine(self, draws)

    def run(self, inputs: Mapping[str, Floats], drivers: Mapping[str, Floats]) -> Result:
        """Reckon once, in memory of its own.

        Args:
            inputs: float64[leaf, year] of each input, in its unit; NaN is missing.
            drivers: float64[year] of each driver.
        """
        machine = self.machine()
        machine.load(inputs)
        return machine.run(drivers)

    def draws(
        self,
        inputs: Mapping[str, Floats],
        drivers: Mapping[str, Floats],
        measure: str,
        totals_by: Indices,
        groups: int,
        *,
        asked: str = "",
    ) -> Floats:
        """Totals of a measure for each draw: float64[draw, group, year].

        Leaves for which the formulas are linear in the inputs are added up first, where nothing tells them apart.
        With an input ``asked``, as scenarios have it, every cell that this has must get a value, or the total is NaN,
        and of other cells nothing is added.  Else the total is of what is known, and NaN where nothing is.

        Raises: TooMuchToDraw.

        Args:
            drivers: float64[draw, year], or float64[year] where all draws have the same.
            measure: one that has a value for each cell.
            totals_by: int32[leaf], the group in whose total a leaf counts; -1 is none.
        """
        assert self.checked.shapes[measure] is Shape.CELLS
        count = max((len(path) for path in drivers.values() if path.ndim == 2), default=1)
        leaves, inputs, totals_by = collapsed(self.checked, self.leaves, inputs, measure, totals_by, asked)
        together = min(count, max(16, _DRAWN // max(1, leaves.count)))
        program = compile(self.checked, leaves, [measure])
        if program.steps * count > MOST_DRAWN:
            raise TooMuchToDraw()
        machine = program.machine(together)
        machine.load(inputs)
        years = len(self.checked.axes.years)
        found = np.empty((count, groups, years))
        for start in range(0, count, together):
            drawn = np.minimum(np.arange(start, start + together), count - 1)
            result = machine.run({name: path[drawn] if path.ndim == 2 else path for name, path in drivers.items()})
            some = found[start : start + together]
            for at in range(years):
                cells = ~np.isnan(inputs[asked][:, at]) if asked else None
                some[:, :, at] = result.drawn(measure, at, totals_by, groups, cells).T[: len(some)]
        return found


def compile(checked: Checked, leaves: Leaves, wanted: Iterable[str] | None = None) -> Program:  # noqa: A001
    """A program for the measures that are wanted; all of them where none are named."""
    names = [each.name for each in checked.of(Kind.MEASURE)] if wanted is None else list(wanted)
    strip_of = strips(checked, needed(checked, names), leaves)
    order = np.argsort(strip_of, kind="stable")
    ends = np.cumsum(np.bincount(strip_of)).tolist() if leaves.count else []
    bounds = tuple(zip([0, *ends], ends, strict=False))
    return Program(checked, leaves, lowered(checked, names, leaves, strip_of), order, bounds)


# ------------------------------------------------------------------------------------------------ running


class Machine:
    """The memory of a program for one thread at a time, with every call bound to it once.

    Args:
        draws: how many draws of the drivers go side by side; 0 is one path without that axis.
    """

    def __init__(self, program: Program, draws: int) -> None:
        self.program = program
        checked, plan = program.checked, program.plan
        self._years, self._count = len(checked.axes.years), program.leaves.count
        self.tail = (draws,) if draws else ()
        self._block = max(1, BLOCK // max(1, draws))
        self.back = np.argsort(program.order)
        one = (1,) if draws else ()
        self.series: dict[str, Floats] = {YEAR: np.array(checked.axes.years, dtype=np.float64).reshape(-1, *one)}
        """float64[year], or [year, draw]."""
        self.cells: dict[str, Floats] = {}
        """float64[year, leaf], or [year, leaf, draw]; leaves in the order of the program."""
        for name in plan.names:
            if checked.shapes[name] is Shape.YEARS:
                self.series[name] = np.full((self._years, *self.tail), np.nan)
            else:
                tail = self.tail if name in checked.formulas else one
                self.cells[name] = np.full((self._years, self._count, *tail), np.nan)
        self._scalars = np.empty((plan.places["scalar"], *self.tail))
        self._flags = np.empty((plan.places["flag"], *self.tail), dtype=np.bool_)
        self._temps = np.empty((plan.places["temp"], self._block, *self.tail))
        self._masks = np.empty((plan.places["mask"], self._block, *self.tail), dtype=np.bool_)
        self.totals = {total: _Sum(self, total) for stage in plan.totals for total in stage}
        self._calls = [call for at in range(self._years) for call in self._bound(at)]

    def load(self, inputs: Mapping[str, Floats]) -> None:
        """Take the inputs; they stay until others are taken."""
        for each in self.program.checked.of(Kind.INPUT):
            if each.name in self.cells:
                kept = self.cells[each.name]
                flat = kept.reshape(self._years, self._count)
                np.take(each.unit.inward(inputs[each.name]).T, self.program.order, axis=1, out=flat, mode="clip")
                np.copyto(flat, np.nan, where=np.isinf(flat))

    def run(self, drivers: Mapping[str, Floats]) -> Result:
        """Reckon with the inputs that are loaded.  The result is of this memory: it holds until the next run."""
        for each in self.program.checked.of(Kind.DRIVER):
            if each.name in self.series:
                path = each.unit.inward(drivers[each.name])
                np.copyto(
                    self.series[each.name], path.T if path.ndim == 2 else path.reshape(-1, *(1,) * len(self.tail))
                )
        with np.errstate(all="ignore"):
            for call, operands in self._calls:
                call(*operands)
        return Result(self)

    # -------------------------------------------------------------------------------------------- binding

    def _bound(self, at: int) -> Iterator[Call]:
        """The calls of one year."""
        plan = self.program.plan
        lines = plan.lines[min(at, len(plan.lines) - 1)]
        for totals, line in zip(plan.totals, lines, strict=True):
            for total in totals:
                yield self.totals[total].reckon, (at,)
            for step in line.alike:
                yield self._call(step, at, 0, 0)
            for (start, end), steps in zip(self.program.bounds, line.apart, strict=True):
                for first in range(start, end, self._block):
                    for step in steps:
                        yield self._call(step, at, first, min(first + self._block, end))

    def _call(self, step: Step, at: int, first: int, end: int) -> Call:
        out = self._at(step.out, at, first, end)
        if step.op == "spread" and isinstance(total := step.operands[0].of, Total):
            sums = self.totals[total]
            return np.take, (sums.values, sums.index[self.program.order[first:end]], 0, out, "clip")
        return _CALLS[step.op], (*(self._at(spot, at, first, end) for spot in step.operands), out)

    def _at(self, spot: Spot, at: int, first: int, end: int) -> NDArray[Any]:
        of = spot.of
        if isinstance(of, Total):
            return self.totals[of].values[0, ...]
        if isinstance(of, str):
            year = at - spot.lag
            return self.series[of][year, ...] if spot.kind == "series" else self.cells[of][year, first:end]
        match spot.kind:
            case "number":
                return np.array(of)
            case "truth":
                return np.array(bool(of))
            case "scalar":
                return self._scalars[int(of), ...]
            case "flag":
                return self._flags[int(of), ...]
            case "temp":
                return self._temps[int(of), : end - first]
        return self._masks[int(of), : end - first]


class _Sum:
    """A sum over groups, in the order of the leaves, so that it is the same to the last bit however they are held."""

    def __init__(self, machine: Machine, total: Total) -> None:
        program, leaves = machine.program, machine.program.leaves
        self._cells = machine.cells[total.name]
        self._known = total.known
        self._back = machine.back
        if total.over is None:
            self.index, groups = np.zeros(leaves.count, dtype=np.intp), 1
        else:
            dimension, _, level = total.over.partition(".")
            groups = len(program.checked.axes.levels[dimension][level])
            self.index = np.where(leaves.groups[total.over] < 0, groups, leaves.groups[total.over]).astype(np.intp)
        self._groups = groups
        self.values: Floats = np.full((groups + 1, *machine.tail), np.nan)
        """Of each group, and at last of leaves that are in none."""

    def reckon(self, at: int) -> None:
        values = self._cells[at].take(self._back, axis=0)
        self.values[:-1] = _grouped(values, self.index, self._groups, known=self._known)

    def added(self, at: int) -> Floats:
        """The sums of a year in which the machine has run."""
        self.reckon(at)
        return self.values.copy()


def _grouped(values: Floats, index: NDArray[np.intp], groups: int, *, known: bool) -> Floats:
    """Sums over the first axis, by group: float64[group, …]; an index of ``groups`` is in none of them.

    Where a value is missing the sum is, unless only those ``known`` are to be summed; the sum of none is missing.
    """
    tail = values.shape[1:]
    width = int(np.prod(tail))
    at = index if width == 1 else (index[:, None] * width + np.arange(width)).ravel()
    flat = values.ravel()
    if known:
        there = ~np.isnan(flat)
        at, flat = at[there], flat[there]
    sums = np.bincount(at, flat, (groups + 1) * width).astype(np.float64, copy=False)
    if known or not len(values):
        sums[np.bincount(at, minlength=len(sums)) == 0] = np.nan
    return sums[: groups * width].reshape(groups, *tail)


def _divided(left: Floats, right: Floats, zero: NDArray[np.bool_], out: Floats) -> None:
    np.equal(right, 0, zero)
    np.divide(left, right, out)
    if zero.any():
        np.copyto(out, np.nan, where=zero)


def _chosen(holds: NDArray[np.bool_], then: Floats, fails: NDArray[np.bool_], otherwise: Floats, out: Floats) -> None:
    out.fill(np.nan)
    np.copyto(out, otherwise, where=fails)
    np.copyto(out, then, where=holds)


def _least(left: Floats, right: Floats, out: Floats) -> None:
    np.minimum(left, right, out=out)


def _most(left: Floats, right: Floats, out: Floats) -> None:
    np.maximum(left, right, out=out)


def _copied(value: Floats, out: Floats) -> None:
    np.copyto(out, value)


_CALLS: Mapping[str, Callable[..., object]] = {
    "neg": np.negative,
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": _divided,
    "divide": np.divide,
    "min": _least,
    "max": _most,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "=": np.equal,
    "<>": np.not_equal,
    "and": np.logical_and,
    "or": np.logical_or,
    "choose": _chosen,
    "copy": _copied,
}


# ------------------------------------------------------------------------------------------------ results


@dataclass(frozen=True, slots=True)
class Totals:
    """A measure by groups and years."""

    values: Floats
    """float64[group, year]: the sum of the cells that are known; NaN where none is."""
    missing: NDArray[np.int64]
    """int64[group, year]: how many are not known."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a machine reckoned; numbers are in the units that the names declare, leaves in the order of the plan."""

    _machine: Machine

    def __getitem__(self, name: str) -> Floats:
        """A copy: float64[leaf, year], or float64[year] of what has one value a year; NaN is missing."""
        machine = self._machine
        unit = self._declared(name).unit
        values = machine.series[name].copy() if name in machine.series else machine.cells[name].T[machine.back]
        values[~np.isfinite(values)] = np.nan
        return unit.outward(values)

    def missing(self, name: str) -> NDArray[np.bool_]:
        """Where there is no value; of the shape of the values."""
        return np.isnan(self[name])

    def totals(self, name: str, groups: Indices, count: int) -> Totals:
        """Sums over leaves by group, where -1 is in none.

        Args:
            groups: int32[leaf].
            count: number of groups.
        """
        values = self[name]
        index = np.where(groups < 0, count, groups).astype(np.intp)
        gaps = np.isnan(values)
        missing = [np.bincount(index, gaps[:, at], count + 1)[:count] for at in range(values.shape[1])]
        return Totals(_grouped(values, index, count, known=True), np.stack(missing, axis=1).astype(np.int64))

    def drawn(self, name: str, at: int, groups: Indices, count: int, asked: NDArray[np.bool_] | None = None) -> Floats:
        """Sums of what is known in one year, or of all that is ``asked``: float64[group, draw].

        Leaves are in the order of the plan.
        """
        machine = self._machine
        values = machine.cells[name][at].take(machine.back, axis=0)
        index = np.where(groups < 0, count, groups).astype(np.intp)
        if asked is not None:
            values[~asked] = 0
        return self._declared(name).unit.outward(_grouped(values, index, count, known=asked is None))

    def precedents(self, name: str, leaf: int, year: int) -> Precedent:
        """The value of a cell with all that it was reckoned from, down to what is given; see ``Tracer.explained``.

        Args:
            leaf: any, where the name has one value a year.
        """
        machine = self._machine

        def read(name: str, leaf: int, at: int) -> float | None:
            if name in machine.series:
                value = float(machine.series[name][at])
            else:
                value = float(machine.cells[name][at, machine.back[leaf]])
            return value if np.isfinite(value) else None

        def column(name: str, at: int) -> Floats:
            values: Floats = machine.cells[name][at].take(machine.back)
            return values

        def added(total: Total, at: int) -> Floats:
            return machine.totals[total].added(at)

        program = machine.program
        tracer = Tracer(program.checked, program.leaves, program.plan.names, read, column, added, name)
        return tracer.explained(leaf, program.checked.axes.years.index(year))

    def _declared(self, name: str) -> Declared:
        return self._machine.program.checked.names[name]
