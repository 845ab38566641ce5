"""Chromium, for the tests of the pages and for the screenshots: found on the machine, or brought by apt."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import Final

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PACKAGES = ("chromium", "fonts-noto-core")  # the fonts have the Kazakh letters

# A browser for our own pages only: it starts no traffic of its own.
BROWSER_FLAGS: Final = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    *(["--no-sandbox"] if os.geteuid() == 0 else []),  # Chromium refuses its sandbox to root
]


def find_browser() -> str | None:
    """Path of the Chromium on this machine, if there is one."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def bring_browser() -> str | None:
    """Install Chromium where that is allowed without a question: as root, or by a sudo that asks nothing."""
    apt = shutil.which("apt-get")
    may = os.geteuid() == 0 or _runs("sudo", "-n", "true")
    if apt is None or not may:
        return None
    before = ("env", "DEBIAN_FRONTEND=noninteractive", apt)
    asked = before if os.geteuid() == 0 else ("sudo", "-n", *before)
    if _runs(*asked, "update", "-qq"):
        _runs(*asked, "install", "-y", "-qq", "--no-install-recommends", *_PACKAGES)
    return find_browser()


def _runs(*command: str) -> bool:
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False).returncode == 0


def main() -> int:
    """Make sure of a browser; without one say so, and fail where ``CI`` is set."""
    if find_browser() or bring_browser():
        return 0
    refused = bool(os.environ.get("CI"))
    outcome = "the browser tests cannot run" if refused else "the browser tests will be skipped"
    sys.stderr.write(f"There is no Chromium on this machine and it cannot be installed here: {outcome}.\n")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
