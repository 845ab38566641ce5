"""``python -m bench``: measure, print, write ``bench/results.json``.

``--only post`` measures one group and writes nothing, or with ``--keep`` its figures in place of the old ones;
``--postings 100000,1000000`` makes smaller books.
"""

import os
import platform
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.table import Column, Table

from bench import bulk, desk, economy, engine, hr, pages, posting, proof, reports, scenarios
from bench.measure import RESULTS, Figure, renew, size, timed, write
from bench.world import World, a_world

EACH_SIZE: dict[str, Callable[[World], Iterator[Figure]]] = {
    "reports": reports.figures,
    "desk": desk.figures,
    "post": posting.figures,
}
FULL_SIZE: dict[str, Callable[[World], Iterator[Figure]]] = {
    "many": bulk.post_many,
    "verify": proof.figures,
    "import": bulk.imported,
}
APART: dict[str, Callable[[], Iterator[Figure]]] = {
    "pages": pages.figures,
    "export": desk.exported,
    "typed": desk.typed,
    "plans": economy.figures,
    "engine": engine.figures,
    "scenarios": scenarios.figures,
    "leave": hr.figures,
}
"""Groups with books of their own."""
SIZES = [100_000, 1_000_000, 10_000_000]


class Bench:
    """A run: figures as they come; a group that fails is told, and the others go on."""

    def __init__(self, world: World, console: Console) -> None:
        self.world = world
        self.console = console
        self.figures: list[Figure] = []
        self.failed: list[str] = []

    def measure(self, name: str, group: Callable[[World], Iterator[Figure]]) -> None:
        self.take(f"{name} at {self.world.postings:,} postings", lambda: group(self.world))

    def take(self, name: str, group: Callable[[], Iterator[Figure]]) -> None:
        try:
            with self.console.status(f"Measuring {name} …"):
                for figure in group():
                    self.figures.append(figure)
                    self.console.print(f"{figure.name}: {figure.value:,} {figure.unit}, ratio {figure.ratio:,}")
        except Exception:
            self.failed.append(name)
            self.console.print_exception()

    def grow(self, postings: int) -> None:
        with self.console.status(f"Making the books, to {postings:,} postings …"):
            added, seconds = postings - self.world.postings, timed(lambda: self.world.grow(postings))
        self.console.print(f"{postings:,} postings: {added:,} more in {seconds:.1f} s ({added / seconds:,.0f}/s)")

    def circumstances(self) -> dict[str, object]:
        world = self.world
        return {
            "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
            "postgresql": world.version,
            "organisations": world.organisations,
            "accounts of each": world.accounts,
            "subaccounts": world.subaccounts,
            "postings": world.postings,
            "durability": "PostgreSQL's default: fsync, synchronous_commit, full_page_writes on",
        }

    def tables(self) -> Iterator[Table]:
        table = Table(Column("figure", no_wrap=True), "value", "unit", "baseline", "ratio", "what")
        for f in self.figures:
            table.add_row(f.name, f"{f.value:,}", f.unit, f"{f.baseline:,}", f"{f.ratio:,}", f.note)
        yield table
        sizes = [size(postings) for postings in self.world.sizes]
        cells: dict[str, dict[str, str]] = {}
        for f in self.figures:
            for s in sizes:
                if s in f.name.split("."):
                    cells.setdefault(f.name.replace(f".{s}", ""), {})[s] = f"{f.value:,} {f.unit}"
        flat = Table(Column("the same at …", no_wrap=True), *(f"{s} postings" for s in sizes))
        for name, at in cells.items():
            flat.add_row(name, *(at.get(s, "") for s in sizes))
        if flat.row_count:
            yield flat


def main() -> None:
    chosen = _options()
    wanted = chosen.only or [*EACH_SIZE, *FULL_SIZE, *APART]
    console = Console()
    if not set(wanted) - APART.keys():
        chosen.organisations, chosen.postings = 1, []  # no world is asked for
    with a_world(chosen.organisations) as world:
        bench = Bench(world, console)
        for postings in sorted(chosen.postings):
            bench.grow(postings)
            for name in (name for name in EACH_SIZE if name in wanted):
                bench.measure(name, EACH_SIZE[name])
        for name in (name for name in FULL_SIZE if name in wanted):
            bench.measure(name, FULL_SIZE[name])
            if not chosen.only:
                write(bench.figures, bench.circumstances())
        for name in APART.keys() & wanted:
            bench.take(name, APART[name])
            if not chosen.only:
                write(bench.figures, bench.circumstances())
        for table in bench.tables():
            console.print(table)
    if chosen.only and chosen.keep:
        renew(bench.figures)
    if not chosen.only or chosen.keep:
        console.print(f"written to {RESULTS.name}")
    if bench.failed:
        sys.exit(f"not measured: {', '.join(bench.failed)}")


def _options() -> Namespace:
    options = ArgumentParser(prog="python -m bench", description=__doc__)
    options.add_argument("--organisations", type=int, default=2000)
    options.add_argument("--postings", type=lambda text: [int(n) for n in text.split(",")], default=SIZES)
    options.add_argument("--only", choices=[*EACH_SIZE, *FULL_SIZE, *APART], action="append")
    options.add_argument("--keep", action="store_true")
    return options.parse_args()


if __name__ == "__main__":
    main()
