"""How far drivers stray together: spread and correlation of the published series, and seeded draws of their paths.

A driver that is a level (a price, a rate of exchange) strays by the logarithm of its yearly change, so that it stays
above zero and what happened one year remains in the next; one that is a percentage strays from its mean, each year
anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from erp.base.errors import RuleViolated

Floats = NDArray[np.float64]

FEWEST_YEARS = 5


class SeriesTooShort(RuleViolated):
    code = "series-too-short"
    template = "Only {years} years are published for all drivers: at least {needed} are needed to measure their spread."


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """What draws are made from; kept with each revision, so that the same fan is drawn again."""

    seed: int
    drivers: tuple[str, ...]
    levels: tuple[bool, ...]
    """Whether each driver strays by its logarithm."""
    spread: tuple[float, ...]
    """Standard deviation of a year."""
    correlation: tuple[tuple[float, ...], ...]
    years: tuple[int, ...]
    """Years of the series over which both are measured."""

    @property
    def document(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Uncertainty":
        return cls(
            int(document["seed"]),
            tuple(document["drivers"]),
            tuple(document["levels"]),
            tuple(document["spread"]),
            tuple(map(tuple, document["correlation"])),
            tuple(document["years"]),
        )


def measured(seed: int, series: Mapping[str, Mapping[int, float]], levels: Mapping[str, bool]) -> Uncertainty:
    """Spread and correlation over the years in which all drivers strayed.  Raises: SeriesTooShort.

    Args:
        series: published values by driver and year.
        levels: whether a driver is a level, by driver.
    """
    drivers = tuple(sorted(series))
    strayed = {name: _strayed(series[name], levels[name]) for name in drivers}
    years = tuple(sorted(set.intersection(*(set(each) for each in strayed.values())))) if drivers else ()
    if len(years) < FEWEST_YEARS:
        raise SeriesTooShort(years=len(years), needed=FEWEST_YEARS)
    table = np.array([[strayed[name][year] for name in drivers] for year in years])
    spread = table.std(axis=0, ddof=1)
    scaled = (table - table.mean(axis=0)) / np.where(spread > 0, spread, 1)
    correlation = scaled.T @ scaled / (len(years) - 1)
    np.fill_diagonal(correlation, 1)
    return Uncertainty(
        seed,
        drivers,
        tuple(levels[name] for name in drivers),
        tuple(round(float(each), 6) for each in spread),
        tuple(tuple(round(float(each), 6) for each in row) for row in correlation),
        years,
    )


def _strayed(values: Mapping[int, float], is_level: bool) -> dict[int, float]:
    if not is_level:
        return dict(values)
    return {year: float(np.log(v / values[year - 1])) for year, v in values.items() if year - 1 in values}


def draws(of: Uncertainty, paths: Mapping[str, Sequence[float]], count: int) -> dict[str, Floats]:
    """Drawn paths of every driver: float64[draw, year]; half of the draws mirror the other half.

    Args:
        paths: central path of each driver, in the driver's own unit.
        count: number of draws, even.
    """
    assert count % 2 == 0
    years = len(next(iter(paths.values()), ()))
    shocks = np.random.default_rng(of.seed).standard_normal((count // 2, years, len(of.drivers)))
    shocks = np.concatenate([shocks, -shocks]) @ _root(of).T
    drawn = {name: np.tile(np.asarray(path, dtype=np.float64), (count, 1)) for name, path in paths.items()}
    for at, (name, is_level) in enumerate(zip(of.drivers, of.levels, strict=True)):
        if name in drawn:
            strayed = shocks[:, :, at]
            drawn[name] = drawn[name] * np.exp(strayed.cumsum(axis=1)) if is_level else drawn[name] + strayed
    return drawn


def _root(of: Uncertainty) -> Floats:
    """A matrix whose product with its transpose is the covariance; a correlation that rounding bent is straightened.

    The symmetric root: there is one, whatever signs and order a machine gives the eigenvectors.
    """
    values, vectors = np.linalg.eigh(np.array(of.correlation))
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    scaled: Floats = np.array(of.spread)[:, None] * root
    return scaled
