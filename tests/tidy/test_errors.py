"""Refusals: one code each, an English sentence, and exactly the fields that fill it."""

import ast
import importlib
import re
from collections import Counter
from pathlib import Path
from string import Formatter

import pytest

from erp.base import errors
from erp.base.errors import DomainError
from ledger.errors import LedgerError
from qazyna.settings import PROJECT
from tests.tidy.source import dotted, modules, tree_of

BY_CONSTRAINT = {"QZ018", "QZ019", "QZ021"}  # refused by constraints, which have a SQLSTATE of their own
BY_THE_PROGRAM = {"QZ026", "QZ053", "QZ054", "QZ055"}  # judged outside of the database: editions, seals, anchors
BRANCHES = {errors.NotFound, errors.Conflict, errors.RuleViolated, errors.NotPermitted}


def leaves() -> list[type[DomainError] | type[LedgerError]]:
    for path in modules("ledger", "erp", "api", "web"):
        importlib.import_module(dotted(path))
    found: list[type[DomainError] | type[LedgerError]] = []
    waiting: list[type] = [DomainError, LedgerError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        ours = kind.__module__.partition(".")[0] != "tests"
        if ours and kind not in BRANCHES and kind not in (DomainError, LedgerError):
            found.append(kind)
    return sorted(found, key=lambda kind: (kind.__module__, kind.__name__))


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


LEAVES = leaves()


def test_codes_are_unique() -> None:
    twice = [code for code, times in Counter(leaf.code for leaf in LEAVES).items() if times > 1]
    assert twice == []


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.code)
def test_a_leaf_is_a_noun_with_a_slug_and_an_english_sentence(leaf: type[DomainError]) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", leaf.code)
    assert not leaf.__name__.endswith("Error")
    assert re.fullmatch(r"[A-Z“{][^А-Яа-яЁё]*[.}]", leaf.template), leaf.template
    assert all(name.isidentifier() for name in fields(leaf.template)), leaf.template
    assert issubclass(leaf, (*BRANCHES, LedgerError))


def test_who_raises_a_leaf_fills_its_sentence() -> None:
    by_name = {leaf.__name__: leaf for leaf in LEAVES if "__init__" not in vars(leaf)}  # the others fill it themselves
    unfilled = []
    for path in modules("erp", "api", "web", "qazyna"):
        for node in ast.walk(tree_of(path)):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            leaf = by_name.get(name)
            if leaf is None or any(k.arg is None for k in node.keywords):
                continue
            missing = fields(leaf.template) - {k.arg for k in node.keywords}
            unfilled += [f"{path}:{node.lineno} {name} lacks {missing}"] if missing or node.args else []
    assert unfilled == []


def test_the_database_s_refusals_are_the_ledger_s_leaves() -> None:
    """Each refusal in the migrations names a leaf's state and slug, and has the facts of its sentence."""
    by_state = {leaf.sqlstate: leaf for leaf in LEAVES if issubclass(leaf, LedgerError)}
    states = [leaf.sqlstate for leaf in LEAVES if issubclass(leaf, LedgerError)]
    assert len(set(states)) == len(states)
    raised = re.compile(
        r"\(\s*'(QZ\d{3})',\s*'([a-z-]+)'(?:,\s*(?:jsonb_build_object\(((?:[^()]|\([^()]*\))*)\)|(\w+)))?"
    )
    seen = set()
    for path in sorted(Path(PROJECT, "migrations/versions").glob("*.sql")):
        for state, slug, facts, variable in raised.findall(path.read_text(encoding="utf-8")):
            leaf = by_state[state]
            seen.add(state)
            assert slug == leaf.code
            assert variable or fields(leaf.template) <= set(re.findall(r"'(\w+)',", facts)), (state, slug)
    assert {s for s in states if s.startswith("QZ")} - seen <= BY_CONSTRAINT | BY_THE_PROGRAM
