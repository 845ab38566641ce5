"""The key file: what seals secrets stands beside the database, never in it."""

import os
from contextlib import suppress
from fcntl import LOCK_EX, flock
from pathlib import Path
from tempfile import mkstemp

from erp.base.i18n import N_
from erp.base.vault import Vault, key_of, new_key, written
from qazyna.errors import StartupError
from qazyna.settings import Settings

_FILE = "secret.key"  # of the data folder


def vault_of(settings: Settings) -> Vault:
    """The vault of the key file, which is made where there is none.

    The first line seals; further lines, keys of earlier days, only open.

    Raises: StartupError.
    """
    file = settings.secret_key or settings.data / _FILE
    try:
        if not file.exists():
            _make(file)
        lines = [line for line in file.read_text(encoding="ascii").splitlines() if line.strip()]
        return Vault([key_of(line) for line in lines] or _no_key())
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise StartupError(N_("The key file {file} cannot be used: {reason}."), file=file, reason=reason) from error
    except ValueError as error:
        raise StartupError(
            N_("The key file {file} is not one: each line is expected to be a key of 32 bytes in base64."), file=file
        ) from error


def _no_key() -> list[bytes]:
    raise ValueError


def _make(file: Path) -> None:
    """Whole or not at all, and readable by its owner alone; of two programs that start together one key stays."""
    file.parent.mkdir(parents=True, exist_ok=True)
    key = written(new_key()) + "\n"
    descriptor, part = mkstemp(prefix=file.name, dir=file.parent)
    try:
        _write(descriptor, key)
        with suppress(FileExistsError):
            _put(part, file)
    finally:
        Path(part).unlink(missing_ok=True)


def _put(part: str, file: Path) -> None:
    """Give what is written its name, whole, unless something has it.  Raises: FileExistsError."""
    try:
        os.link(part, file)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        folder = os.open(file.parent, os.O_RDONLY)
        try:
            flock(folder, LOCK_EX)
            if file.exists():
                raise FileExistsError from None
            Path(part).rename(file)
        finally:
            os.close(folder)


def _write(descriptor: int, key: str) -> None:
    with os.fdopen(descriptor, "w", encoding="ascii") as writing:
        writing.write(key)
        writing.flush()
        os.fsync(writing.fileno())
