"""The disk fills under eight writers: a clear answer to each, nothing half done, and it goes on once there is space."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from tests.conftest import kill_servers
from tests.factories.patience import until
from tests.faults.harness import Harness

SIZE_MIB = 250
SPARE_SEGMENTS = 4  # of the write-ahead log; the server keeps 80 MB of them for later use


@pytest.fixture
def small_disk(data_folder: Path) -> Iterator[Path]:
    disk = data_folder / "disk"
    disk.mkdir()
    mount: list[str | Path] = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m,mode=0711", "tmpfs", disk]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small disk can be mounted only by a root that may")
    yield disk
    kill_servers(disk)
    subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.fixture
def harness(small_disk: Path, tmp_path: Path) -> Iterator[Harness]:
    harness = Harness(small_disk, tmp_path, seed=5)
    with harness.running():
        yield harness


def fill(disk: Path) -> Path:
    """Take all the space that is left while others still write; gives the file to remove."""
    ballast = disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return ballast


def use_up_log(owner: str, segments: int) -> None:
    """Begin new segments of the write-ahead log, however little was written into the last."""
    with psycopg.connect(owner, autocommit=True) as connection:
        for _ in range(segments):
            connection.execute("SELECT pg_logical_emit_message(false, 'faults', 'x'), pg_switch_wal()")


def test_where_tables_cannot_grow_each_writer_is_told_and_goes_on_when_there_is_space(
    harness: Harness, small_disk: Path
) -> None:
    use_up_log(harness.place.owner, SPARE_SEGMENTS)
    with psycopg.connect(harness.place.owner, autocommit=True) as connection:
        connection.execute("CHECKPOINT")  # the segments used up become spare ones, so that the log has room
    server = harness.server()
    ballast = fill(small_disk)
    until(lambda: all("DiskFull 53100" in told or "disk-full" in told for told in harness.told()), harness.told)
    ballast.unlink()
    harness.await_answers(time.monotonic())
    assert harness.server() == server, "it went on without a restart"
    assert harness.finish() == []


def test_where_the_log_cannot_grow_the_program_says_so_and_comes_back_when_there_is_space(
    harness: Harness, small_disk: Path
) -> None:
    ballast = fill(small_disk)
    with suppress(psycopg.OperationalError):
        use_up_log(harness.place.owner, 100)
    until(lambda: "is full: free some space and start again" in harness.said(), harness.said)
    assert all(told for told in harness.told())
    ballast.unlink()
    harness.await_answers(time.monotonic())
    assert harness.finish() == []
