"""What a figure is, how it is timed, and where figures are written."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

RESULTS = Path(__file__).with_name("results.json")


@dataclass(frozen=True)
class Figure:
    """A measured value beside its baseline; ``ratio`` says how the two compare (``note`` says which way is good)."""

    name: str
    value: float
    unit: str
    baseline: float
    ratio: float
    note: str


def rate(name: str, rates: Sequence[float], baselines: Sequence[float], note: str) -> Figure:
    """A rate against a floor, from rounds measured in turn: the median of the rounds' own ratios."""
    ratios = [r / b for r, b in zip(rates, baselines, strict=True)]
    return Figure(name, round(median(rates), 1), "1/s", round(median(baselines), 1), round(median(ratios), 3), note)


def duration(name: str, seconds: Sequence[float], baselines: Sequence[float], note: str) -> Figure:
    """A duration against a slower way; the ratio says how many times faster."""
    ratio = round(median(baselines) / median(seconds), 1)
    return Figure(name, round(median(seconds) * 1000, 2), "ms", round(median(baselines) * 1000, 2), ratio, note)


def timed(work: Callable[[], object]) -> float:
    """Seconds that ``work`` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def size(postings: int) -> str:
    """A number of postings as figures are named by it: ``100k``, ``10m``."""
    return f"{postings // 1_000_000}m" if postings >= 1_000_000 else f"{postings // 1000}k"


def write(figures: Sequence[Figure], circumstances: dict[str, object]) -> None:
    RESULTS.write_text(
        json.dumps({"circumstances": circumstances, "figures": [asdict(f) for f in figures]}, indent=2) + "\n"
    )


def renew(figures: Sequence[Figure]) -> None:
    """Put figures measured apart in the place of those of the same names; each was taken beside its own baseline."""
    kept = json.loads(RESULTS.read_text())
    newer = {f.name: f for f in figures}
    old = [Figure(**f) for f in kept["figures"]]
    merged = [newer.pop(f.name, f) for f in old]
    write([*merged, *newer.values()], kept["circumstances"])
