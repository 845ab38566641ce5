"""The engine of formulas beside the same formulas written by hand, and beside one cell at a time.

Forty measures over 20,000 leaves and five years, in one thread.  By hand means numpy arrays of [year, leaf] that are
made once and written to by ``out=``, as somebody would write who knows these formulas and no others.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from bench.measure import Figure, duration, timed
from erp.economy.formulas import program as engine
from erp.economy.formulas.checking import check
from erp.economy.formulas.model import Axes, Leaves
from erp.economy.formulas.reading import parse

LEAVES, YEARS, BLOCKS = 20_000, 5, 8
SLOWLY = 1000
"""Leaves that are reckoned cell by cell."""
_AXES = Axes(tuple(range(2025, 2025 + YEARS)), 2026, {"programme": {"group": tuple(f"{n:02d}" for n in range(15))}})
_DRIVERS = ("wage_growth", "cpi", "saving")

Floats = NDArray[np.float64]


def text() -> str:
    """Eight times five measures: of growth, of prices, of a share, of a ceiling, of what applies where."""
    said = ["driver wage_growth: %  driver cpi: %  driver saving: %  input base: KZT  input pupils: people\n"]
    for n in range(BLOCKS):
        before = f"amount{n - 1}" if n else "base"
        said.append(f"""
            measure wages{n}: KZT = lag(wages{n}) * (1 + wage_growth) from {before}
            measure price{n}: KZT = pupils * (120 KZT / people) * index(cpi) + {before} * saving
            measure share{n}: % = wages{n} / (wages{n} + price{n})
            measure capped{n}: KZT = if(share{n} > 50%, min(wages{n}, price{n} * 1.5), max(price{n}, {before}))
            measure amount{n}: KZT
                where programme in (04, 05, 06) = capped{n} * (1 - saving)
                otherwise = (capped{n} + {before}) / 2
        """)
    return "".join(said)


def figures() -> Iterator[Figure]:
    random = np.random.default_rng(7)
    groups = random.integers(0, 15, LEAVES).astype(np.int32)
    inputs = {
        "base": random.integers(1, 10**9, (LEAVES, YEARS)) / 100,
        "pupils": random.integers(1, 1000, (LEAVES, YEARS)).astype(np.float64),
    }
    drivers = {name: random.uniform(1, 12, YEARS) for name in _DRIVERS}
    checked = check(parse(text()), _AXES)
    machine = engine.compile(checked, Leaves(LEAVES, {"programme.group": groups})).machine()
    by_hand, results = _by_hand(inputs, drivers, np.isin(groups, (4, 5, 6)))

    def by_engine() -> object:
        machine.load(inputs)
        return machine.run(drivers)

    by_engine(), by_hand()
    found = machine.run(drivers)
    for name in (f"amount{n}" for n in range(BLOCKS)):
        np.testing.assert_allclose(found[name].T, results[name], rtol=1e-12)
    ours, hand = _rounds((by_engine, by_hand), 15)
    slow = timed(lambda: _by_cells(inputs, drivers, np.isin(groups, (4, 5, 6)), range(SLOWLY))) * LEAVES / SLOWLY
    size = f"{LEAVES:,} leaves × {YEARS} years × {BLOCKS * 5} formulas, one thread"
    yield duration("engine.run", ours, hand, f"{size}; ratio: to numpy by hand with buffers used again (0.5 or more)")
    yield duration("engine.run.cells", ours, [slow], f"{size}; ratio: to one cell at a time in Python (20 or more)")
    drawn = {name: path + random.normal(0, 1, (1000, YEARS)) for name, path in drivers.items()}
    yield from _drawn(inputs, drawn, groups)


def _drawn(inputs: dict[str, Floats], drawn: dict[str, Floats], groups: NDArray[np.int32]) -> Iterator[Figure]:
    """A thousand draws of what is linear, joined first, as scenarios ask; beside a run for each draw."""
    said = "driver wage_growth: %  driver cpi: %  driver saving: %  input base: KZT  measure amount: KZT\n"
    said += "where programme in (04, 05) = grow(base, wage_growth) otherwise = grow(base, cpi) * (1 - saving)"
    program = engine.compile(check(parse(said), _AXES), Leaves(LEAVES, {"programme.group": groups}))
    machine = program.machine()
    machine.load(inputs)
    path = {name: paths[0] for name, paths in drawn.items()}
    one = timed(lambda: [machine.run(path).totals("amount", groups, 15) for _ in range(20)]) / 20
    seconds = [timed(lambda: program.draws(inputs, drawn, "amount", groups, 15, asked="base")) for _ in range(3)]
    note = (
        f"{LEAVES:,} leaves × {YEARS} years, 1,000 draws of a linear measure; ratio: to a run and its totals for each"
    )
    yield duration("engine.draws.1000", seconds, [one * 1000], note)
    yield from _drawn_one_by_one(inputs, drawn, groups)


def _drawn_one_by_one(
    inputs: dict[str, Floats], drawn: dict[str, Floats], groups: NDArray[np.int32]
) -> Iterator[Figure]:
    """A hundred draws of what cannot be joined first: a ceiling bends it at every leaf."""
    said = "driver wage_growth: %  driver cpi: %  driver saving: %  input base: KZT  measure amount: KZT\n"
    said += "= min(grow(base, wage_growth), grow(base, cpi) * (1 - saving))"
    program = engine.compile(check(parse(said), _AXES), Leaves(LEAVES, {"programme.group": groups}))
    few = {name: paths[:100] for name, paths in drawn.items()}
    seconds = [timed(lambda: program.draws(inputs, few, "amount", groups, 15, asked="base")) for _ in range(3)]
    machine = program.machine()
    machine.load(inputs)
    path = {name: paths[0] for name, paths in few.items()}
    one = timed(lambda: [machine.run(path).totals("amount", groups, 15) for _ in range(20)]) / 20
    note = (
        f"{LEAVES:,} leaves × {YEARS} years, 100 draws of a measure with min; ratio: to a run and its totals for each"
    )
    yield duration("engine.draws.bent.100", seconds, [one * 100], note)


def _rounds(ways: tuple[Callable[[], object], ...], times: int) -> list[list[float]]:
    """Seconds of each way, measured in turn."""
    found: list[list[float]] = [[] for _ in ways]
    for _ in range(times):
        for way, seconds in zip(ways, found, strict=True):
            seconds.append(timed(way))
    return found


def _by_hand(
    inputs: dict[str, Floats], drivers: dict[str, Floats], first: NDArray[np.bool_]
) -> tuple[Callable[[], None], dict[str, Floats]]:
    """The same forty formulas without missing values, written for these arrays."""
    results = {
        f"{name}{n}": np.empty((YEARS, LEAVES))
        for n in range(BLOCKS)
        for name in ("wages", "price", "share", "capped", "amount")
    }
    base, pupils = np.empty((YEARS, LEAVES)), np.empty((YEARS, LEAVES))
    one, other, over = np.empty((YEARS, LEAVES)), np.empty((YEARS, LEAVES)), np.empty((YEARS, LEAVES), dtype=np.bool_)
    everywhere = np.broadcast_to(first, (YEARS, LEAVES))

    def run() -> None:
        np.copyto(base, inputs["base"].T)
        np.copyto(pupils, inputs["pupils"].T)
        growth, saving = 1 + drivers["wage_growth"] / 100, (drivers["saving"] / 100)[:, None]
        index = np.cumprod(np.concatenate([[1.0], 1 + drivers["cpi"][1:] / 100]))[:, None]
        before = base
        for n in range(BLOCKS):
            wages, price, share, capped, amount = (
                results[f"{name}{n}"] for name in ("wages", "price", "share", "capped", "amount")
            )
            wages[0] = before[0]
            for year in range(1, YEARS):
                np.multiply(wages[year - 1], growth[year], out=wages[year])
            np.multiply(pupils, 120.0, out=price)
            np.multiply(price, index, out=price)
            np.multiply(before, saving, out=one)
            np.add(price, one, out=price)
            np.add(wages, price, out=one)
            np.divide(wages, one, out=share)
            np.multiply(price, 1.5, out=one)
            np.minimum(wages, one, out=one)
            np.maximum(price, before, out=capped)
            np.greater(share, 0.5, out=over)
            np.copyto(capped, one, where=over)
            np.add(capped, before, out=amount)
            np.divide(amount, 2.0, out=amount)
            np.multiply(capped, 1 - saving, out=other)
            np.copyto(amount, other, where=everywhere)
            before = amount

    return run, results


def _by_cells(inputs: dict[str, Floats], drivers: dict[str, Floats], first: NDArray[np.bool_], leaves: range) -> None:
    """The same forty formulas, a cell at a time in plain Python."""
    base, pupils = inputs["base"].tolist(), inputs["pupils"].tolist()
    growth, cpi, saving = ([value / 100 for value in drivers[name]] for name in _DRIVERS)
    for leaf in leaves:
        wages = [0.0] * BLOCKS
        index = 1.0
        for year in range(YEARS):
            index *= 1 + cpi[year] if year else 1.0
            before = base[leaf][year]
            for n in range(BLOCKS):
                wages[n] = wages[n] * (1 + growth[year]) if year else before
                price = pupils[leaf][year] * 120.0 * index + before * saving[year]
                share = wages[n] / (wages[n] + price)
                capped = min(wages[n], price * 1.5) if share > 0.5 else max(price, before)
                before = capped * (1 - saving[year]) if first[leaf] else (capped + before) / 2
