"""The program as it is started: address, stop, kill, busy port, wrong setting, unreachable database."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.factories.patience import PATIENCE
from tests.factories.program import free_port


def run(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """A command that ends by itself."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("QAZYNA_")} | settings
    return subprocess.run(
        [sys.executable, "-m", "qazyna", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@contextmanager
def serving(data: Path, port: int) -> Iterator["subprocess.Popen[str]"]:
    """``qazyna serve``, from the moment it answers; killed at the end if the test has not stopped it."""
    environment = os.environ | {"QAZYNA_DATA": str(data), "QAZYNA_PORT": str(port)}
    program = subprocess.Popen(
        [sys.executable, "-m", "qazyna", "serve"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert program.stdout is not None
        first = program.stdout.readline()
        assert f"http://127.0.0.1:{port}" in first, first + program.stdout.read()
        yield program
    finally:
        program.kill()
        program.wait()


def answers(port: int) -> bool:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=PATIENCE) as answer:
        return bool(answer.status == 200)


def postmasters(data: Path) -> list[psutil.Process]:
    """PostgreSQL processes that work in the folder."""
    home = os.path.realpath(data / "postgres")
    found = []
    for process in psutil.process_iter(["name"]):
        try:
            if process.info["name"] == "postgres" and process.cwd().startswith(home):
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_and_one_signal_stops_everything(data_folder: Path, how: signal.Signals) -> None:
    port = free_port()
    with serving(data_folder, port) as program:
        assert answers(port)
        assert postmasters(data_folder)
        program.send_signal(how)
        assert program.wait(PATIENCE) in (0, 130, 143)
        assert postmasters(data_folder) == []


def test_killed_it_comes_back_whole(data_folder: Path) -> None:
    port = free_port()
    for _ in range(2):
        with serving(data_folder, port) as program:
            assert answers(port)
            program.kill()
    for process in postmasters(data_folder):
        process.kill()
    with serving(data_folder, port) as program:
        assert answers(port)
        program.send_signal(signal.SIGINT)
        program.wait(PATIENCE)


def test_when_postgresql_is_killed_it_stops_with_a_sentence_and_the_next_start_is_whole(data_folder: Path) -> None:
    port = free_port()
    with serving(data_folder, port) as program:
        for process in postmasters(data_folder):
            process.kill()
        assert program.wait(PATIENCE) == 1
        assert program.stdout is not None
        assert "stopped by itself" in program.stdout.read()
    with serving(data_folder, port):
        assert answers(port)


def test_a_busy_port_is_one_sentence(data_folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = run("serve", QAZYNA_PORT=port, QAZYNA_DATA=str(data_folder))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert port in done.stderr
    assert "QAZYNA_PORT" in done.stderr


def test_an_unreachable_database_is_one_sentence() -> None:
    done = run(
        "serve", QAZYNA_DATABASE_URL=f"postgresql://nobody@127.0.0.1:{free_port()}/none", QAZYNA_PORT=str(free_port())
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "QAZYNA_DATABASE_URL" in done.stderr


def test_a_wrong_setting_is_one_sentence_in_the_chosen_language() -> None:
    english = run("serve", QAZYNA_PORT="many")
    russian = run("serve", QAZYNA_PORT="many", QAZYNA_LANGUAGE="ru")
    assert (english.returncode, russian.returncode) == (1, 1)
    assert english.stderr.count("\n") == russian.stderr.count("\n") == 1
    assert english.stderr != russian.stderr
