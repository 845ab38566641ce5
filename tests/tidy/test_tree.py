"""Every file has its room, and none says what only one machine knows."""

import ast
import re
from pathlib import Path

from qazyna.settings import PROJECT
from tests.tidy.source import PACKAGES, files, modules, text_of, tree_of

ROOMS = {*PACKAGES, "tests", "docs", "bench"}
HOMELESS = {"utils", "util", "helpers", "helper", "common", "misc", "tools", "lib", "shared"}

# A word that begins with a folder of somebody's machine.
MACHINE = re.compile(
    r"(?<![\w.~$}/-])/(?:home|root|tmp|work|mnt|Users|private|var/folders|opt/\w+/workspace)(?:/[\w.]|\b(?=[\s\"'`)]))"
)
MACHINE_WINDOWS = re.compile(r"\b[A-Z]:\\\\?Users\b")
LOCKS = [Path("requirements.lock"), Path("requirements-dev.lock"), Path("package-lock.json")]


def test_every_package_has_its_room() -> None:
    assert set(PACKAGES) <= {p.parts[0] for p in files() if p.suffix == ".py"} <= ROOMS


def test_every_folder_of_modules_is_a_package() -> None:
    folders = {p.parent for p in modules(*PACKAGES, "tests") if "versions" not in p.parts}
    assert [str(f) for f in sorted(folders) if f / "__init__.py" not in files()] == []


def test_no_function_is_homeless() -> None:
    assert [str(p) for p in modules() if p.stem in HOMELESS or p.parent.name in HOMELESS] == []


def test_no_text_names_a_machine_s_folders() -> None:
    named = [
        f"{path}:{number}: {line.strip()[:80]}"
        for path in files()
        for number, line in enumerate((text_of(path) or "").splitlines(), start=1)
        if ((MACHINE.search(line) or MACHINE_WINDOWS.search(line)) and path.parts[0] != "tests") or this_machine(line)
    ]
    assert named == []


def this_machine(line: str) -> bool:
    """Whether the line names the folder of this very checkout, or of whoever runs the tests."""
    return any(
        f"{folder}/" in line or f'{folder}"' in line for folder in (PROJECT, Path.home()) if len(folder.parts) > 1
    )


def test_the_pattern_knows_a_machine_s_folder_when_it_sees_one() -> None:
    root = "/"  # apart, so that this file is clean itself
    for path in ("home/a/x", "root/.cache", "tmp/x", "work/main", "Users/a", "mnt/c"):
        assert MACHINE.search(f'open("{root}{path}")'), path
    for other in ("https://host/home/page", "/workbench", "journal/work/x", "/rooted", "$HOME/tmp/x", "/templates"):
        assert not MACHINE.search(other), other


def test_lock_files_name_no_host() -> None:
    for path in LOCKS:
        found = text_of(path)
        assert found
        assert re.findall(r"\w+://[^\s\"]+|--(?:extra-)?index-url|--find-links|\"resolved\"", found) == [], path
    configuration = "".join(text_of(p) or "" for p in files() if p.name in {".npmrc", "pyproject.toml", "pip.conf"})
    assert re.findall(r"registry *=.*|index-url.*|find-links.*", configuration) == []


def test_locked_python_packages_carry_their_hashes() -> None:
    for path in LOCKS[:2]:
        packages = re.split(r"\n(?=\w)", (text_of(path) or "").strip())
        assert [p.splitlines()[0] for p in packages if "==" in p and "--hash=sha256:" not in p] == []


def test_no_test_has_a_deadline_of_its_own() -> None:
    """How long an example takes says how busy the machine is: tests/conftest.py lets all of them take their time."""
    own = [
        str(path)
        for path in modules("tests")
        if path != Path("tests/conftest.py")
        and any(isinstance(node, ast.keyword) and node.arg == "deadline" for node in ast.walk(tree_of(path)))
    ]
    assert own == []


# ------------------------------------------------------------------------------------------------ nothing half-done

LATER = re.compile(r"\b(?:T[O]DO|F[I]XME|X[X]X|H[A]CK|Not[I]mplemented(?:Error)?)\b")


def test_nothing_is_left_for_later() -> None:
    left = [
        f"{path}:{number}: {line.strip()[:80]}"
        for path in files()
        if path.suffix in {".py", ".sql", ".html", ".css", ".js", ".md", ".toml", ".sh"} or path.name == "Makefile"
        for number, line in enumerate((text_of(path) or "").splitlines(), start=1)
        if LATER.search(line)
    ]
    assert left == []


def test_no_error_is_swallowed_unnamed() -> None:
    def broad(kind: ast.expr | None) -> bool:
        kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
        return any(k is None or (isinstance(k, ast.Name) and k.id in {"Exception", "BaseException"}) for k in kinds)

    swallowed = [
        f"{path}:{node.lineno}"
        for path in modules()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ExceptHandler)
        and broad(node.type)
        and all(isinstance(s, (ast.Pass, ast.Continue)) or _is_ellipsis(s) for s in node.body)
    ]
    assert swallowed == []


def test_no_function_is_empty() -> None:
    empty = []
    for path in modules():
        protocols = {
            id(method)
            for node in ast.walk(tree_of(path))
            if isinstance(node, ast.ClassDef) and any("Protocol" in ast.unparse(b) for b in node.bases)
            for method in node.body
        }
        empty += [
            f"{path}:{node.lineno} {node.name}"
            for node in ast.walk(tree_of(path))
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            and id(node) not in protocols
            and not any("overload" in ast.unparse(d) for d in node.decorator_list)
            and all(isinstance(s, ast.Pass) or _is_ellipsis(s) or _is_docstring(s) for s in node.body)
        ]
    assert empty == []


def _is_ellipsis(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) and statement.value.value is ...
    )


def _is_docstring(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
