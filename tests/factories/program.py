"""The program as it is run, over the database of a test, at a port that no other worker takes."""

import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import cycle

from tests.factories.patience import PATIENCE, until

_LOWEST, _BEYOND = 20_000, 32_000  # below those that the system itself gives away


def _own_ports() -> Iterator[int]:
    """Those of this worker, round and round; each process begins elsewhere, for a session beside this one."""
    worker, workers = os.environ.get("PYTEST_XDIST_WORKER", "gw0"), os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")
    ports = range(_LOWEST + int(worker.removeprefix("gw")), _BEYOND, int(workers))
    start = os.getpid() % len(ports)
    return cycle([*ports[start:], *ports[:start]])


_ports = _own_ports()


def free_port() -> int:
    """A port where nobody listens, given to no other test of this session."""
    return next(port for port in _ports if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe, suppress(OSError):
        probe.bind(("127.0.0.1", port))
        return True
    return False


@contextmanager
def served(url: str, **settings: str) -> Iterator[str]:
    """``qazyna serve`` over a database, from the moment it answers until it ended; gives its address."""
    port = str(free_port())
    said = {"QAZYNA_DATABASE_URL": url.replace("+psycopg", "", 1), "QAZYNA_PORT": port, "QAZYNA_POOL": "4"} | settings
    program = subprocess.Popen([sys.executable, "-m", "qazyna", "serve"], env=os.environ | said)
    address = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        assert program.poll() is None, "the program ended"
        with suppress(OSError), urllib.request.urlopen(f"{address}/sign-in", timeout=PATIENCE):  # noqa: S310
            return True
        return False

    try:
        until(answers, "the program does not answer")
        yield address
    finally:
        program.terminate()
        try:
            program.wait(PATIENCE)
        finally:
            program.kill()
