"""``python -m bench``: measure, print, write ``bench/results.json``."""

import os
import platform
import time
from argparse import ArgumentParser

from rich.console import Console
from rich.table import Column, Table

from bench import posting, reports
from bench.measure import RESULTS, write
from bench.world import a_world


def main() -> None:
    options = ArgumentParser(prog="python -m bench", description=__doc__)
    options.add_argument("--organisations", type=int, default=2000)
    options.add_argument("--postings", type=int, default=1_000_000)
    chosen = options.parse_args()
    console = Console()
    with console.status("Making the books …"), a_world(chosen.organisations) as world:
        start = time.perf_counter()
        world.grow(chosen.postings)
        filled = time.perf_counter() - start
        console.print(f"{world.postings:,} postings in {filled:.1f} s ({world.postings / filled:,.0f}/s)")
        measured = [*reports.figures(world), *posting.figures(world)]
        write(
            measured,
            {
                "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
                "organisations": world.organisations,
                "subaccounts": world.subaccounts,
                "postings": world.postings,
                "durability": "PostgreSQL's default: fsync, synchronous_commit, full_page_writes on",
            },
        )
    table = Table(Column("figure", no_wrap=True), "value", "unit", "baseline", "ratio", "what")
    for f in measured:
        table.add_row(f.name, f"{f.value:,}", f.unit, f"{f.baseline:,}", f"{f.ratio:,}", f.note)
    console.print(table)
    console.print(f"written to {RESULTS.name}")


if __name__ == "__main__":
    main()
