"""``make`` on a machine that lacks something: one sentence."""

import subprocess
from pathlib import Path

from qazyna.settings import PROJECT


def make_venv(folder: Path, pythons: str) -> str:
    command = ["make", "-f", PROJECT / "Makefile", ".venv/made", f"PYTHONS={pythons}"]
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert made.returncode != 0
    return made.stderr.splitlines()[0]


def test_an_old_python_is_refused(tmp_path: Path) -> None:
    assert make_venv(tmp_path, "false no-such-python") == (
        "Python 3.11 or newer is needed, and none of false no-such-python is that."
    )


def test_a_python_without_venv_names_the_package_to_install(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; *print*) echo 3.12;; esac\n')
    python.chmod(0o755)
    assert make_venv(tmp_path, str(python)) == ("This Python lacks its module venv: apt-get install python3.12-venv.")
