"""The press: each paper is typeset by a process of its own.

Typesetting takes as much memory and time as a paper is long, and keeps what it took for as long as its process lives: a
process of its own holds up nobody's page, takes no more than it is told, knows no secret and leaves nothing behind.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import BoundedSemaphore
from typing import Any

from erp.base.errors import Conflict, RuleViolated
from web.print import child

_HERE = Path(__file__).parent
SHEETS = _HERE / "sheets"
FONTS = _HERE.parent / "static" / "vendor" / "fonts"

_AT_ONCE = 2
_PATIENCE = 20  # seconds until a place is free
_LONGEST = 60  # seconds for one paper
_MEMORY = 3 << 30  # octets of address space

_places = BoundedSemaphore(_AT_ONCE)


class PressBusy(Conflict):
    code = "press-busy"
    template = "Other papers are being printed just now. Try again in a minute."


class PaperTooLong(RuleViolated):
    code = "paper-too-long"
    template = "This is too much for one PDF. Narrow it, or take it to Excel, which has no such limit."


def typeset(sheet: str, data: Mapping[str, Any], made_at: datetime, *, tagged: bool = True) -> bytes:
    """The PDF of what ``data`` says, by one of the ``SHEETS``; the same data made at the same time has the same octets.

    Whatever the data says is text: a sheet reads it as JSON, and nothing of it is run.

    Raises: PressBusy, PaperTooLong.
    """
    command = [sys.executable, "-I", child.__file__, str(SHEETS / sheet), str(FONTS)]
    command += [made_at.replace(microsecond=0).isoformat(), "tagged" if tagged else "plain", str(_MEMORY)]
    if not _places.acquire(timeout=_PATIENCE):
        raise PressBusy()
    try:
        with TemporaryDirectory() as folder:  # of ours: what a process that is ended leaves goes too
            done = subprocess.run(  # noqa: S603
                command,
                input=json.dumps(data, ensure_ascii=False).encode(),
                capture_output=True,
                check=False,
                env={"TMPDIR": folder},
                timeout=_LONGEST,
            )
    except subprocess.TimeoutExpired:
        raise PaperTooLong() from None
    finally:
        _places.release()
    if done.returncode < 0:  # ended by a signal: it took more than it may
        raise PaperTooLong()
    if done.returncode:
        raise RuntimeError(done.stderr.decode())
    return done.stdout
