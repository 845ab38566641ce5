"""``python -m tests.faults``: kill at random instants and say what came of it."""

import argparse
import sys
import time

from qazyna.postgres import temporary_data
from tests.conftest import kill_servers
from tests.faults.harness import Harness


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--instants", type=int, default=200)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000, help="a run's own, to repeat it")
    asked = parser.parse_args()
    print(f"seed {asked.seed}")  # noqa: T201
    with temporary_data("qazyna-faults-") as folder:
        try:
            report = Harness(folder, folder, asked.seed).run(asked.instants)
        finally:
            kill_servers(folder)
    print(report)  # noqa: T201
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
