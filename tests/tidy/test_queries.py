"""SQL stays at home: a context names its own tables, and every query says who asks."""

import ast
import re
from pathlib import Path

import pytest

from erp.base.db import make_engine
from tests.tidy.source import dotted, modules, tree_of

CONTEXTS = ("finance", "economy", "hr")
COMMON = ("ledger", "reference", "base")
# Which tables a package may name, by the first word of their names; ``pub_*`` views are for all contexts.
MAY_NAME = {
    "ledger.verify": {"ledger", "base", "reference"},  # no part of the kernel: it reads whatever is sealed
    "ledger": {"ledger"},
    "erp.base": {"ledger", "base"},
    "erp.reference": {"ledger", "reference", "base"},
    **{f"erp.{context}": {context, *COMMON, "pub"} for context in CONTEXTS},
    "api": set(),
    "web": set(),
}
RELATION = re.compile(r"\b((?:ledger|base|reference|finance|economy|hr|pub)_[a-z0-9_]+)\b")


@pytest.fixture(scope="module")
def relations(shared_database: str) -> set[str]:
    """Names of every table and view."""
    engine = make_engine(shared_database, role=None, pool=1)
    with engine.connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v')"
        )
        names = set(found.scalars())
    engine.dispose()
    return names


QUERIES = {"queries.py", "turnovers.py"}


def named(path: Path) -> list[tuple[int, str]]:
    """Line and name of everything in the module's texts that has a table's form."""
    tree = tree_of(path)
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        (node.lineno, name)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation
        for name in RELATION.findall(node.value)
    ]


def test_packages_name_only_tables_they_may(relations: set[str]) -> None:
    foreign = []
    for path in modules("ledger", "erp", "api", "web"):
        rooms = [may for package, may in MAY_NAME.items() if f"{dotted(path)}.".startswith(f"{package}.")]
        may = rooms[0] if rooms else set()
        foreign += [
            f"{path}:{line} {name}"
            for line, name in named(path)
            if name in relations and name.partition("_")[0] not in may
        ]
    assert foreign == []


def test_every_table_a_query_reads_exists(relations: set[str]) -> None:
    """After FROM, JOIN, INTO or UPDATE stands a table, a view, a function, or a name given in the statement."""
    unknown = [
        f"{path}:{node.lineno} {name}"
        for path in modules("erp")
        if path.name in QUERIES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for name in re.findall(
            r"\b(?:FROM|JOIN|INTO|UPDATE)\s+((?:ledger|base|reference|finance|economy|hr|pub)_\w+)\b(?!\()", node.value
        )
        if name not in relations
    ]
    assert unknown == []


def test_only_queries_and_the_kernel_hold_statements() -> None:
    """A slice's SQL stands in its ``queries.py`` and ``turnovers.py``; rules, services and pages hold none."""
    statement = re.compile(r"^\s*(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH)\s", re.IGNORECASE)
    elsewhere = [
        f"{path}:{node.lineno}"
        for path in modules("erp", "api", "web")
        if path.name not in QUERIES and path.parts[:2] != ("erp", "base") and path.name != "health.py"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "text"
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and statement.match(str(node.args[0].value))
    ]
    assert elsewhere == []


def test_every_query_takes_the_scope() -> None:
    without = [
        f"{path}:{node.lineno} {node.name}"
        for path in modules()
        if path.name in QUERIES
        for node in tree_of(path).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
        for types in [[a.annotation and ast.unparse(a.annotation) for a in node.args.args[:2]]]
        if types[:1] == ["Connection"] and types[1:] != ["Scope"]
    ]
    assert without == []
