"""The project's own text: tracked files, and the trees of its modules."""

import ast
import subprocess
from functools import cache
from pathlib import Path

from qazyna.settings import PROJECT

PACKAGES = ("ledger", "erp", "api", "web", "qazyna", "migrations")


@cache
def files() -> list[Path]:
    """Files of the project, tracked or about to be, by path from its root."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=PROJECT,
        capture_output=True,
        check=True,
        text=True,
    )
    return sorted(Path(name) for name in listed.stdout.split("\0") if name and (PROJECT / name).is_file())


@cache
def text_of(path: Path) -> str | None:
    """What the file says; ``None`` where it is not text."""
    data = (PROJECT / path).read_bytes()
    if b"\0" in data[:8000]:
        return None
    return data.decode("utf-8", errors="replace")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(text_of(path) or "", filename=str(path))


def modules(*packages: str) -> list[Path]:
    """Python files of the packages, all of the product's by default."""
    return [p for p in files() if p.suffix == ".py" and p.parts[0] in (packages or PACKAGES)]


def dotted(path: Path) -> str:
    """Name of the module in a file."""
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")
