"""Codes by which lines of a plan are named, as the registers have them on a day: one rule for files and for programs.

A line that the plan has, in whatever version, keeps its codes, whatever became of them since; a new one has codes of
today.
"""

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from erp.base.errors import RuleViolated
from erp.base.i18n import N_
from erp.economy.plans.axes import Code
from erp.economy.plans.model import LeafKey, LeafTable
from erp.economy.plans.rules import is_revenue_code

CODED = ("programme", "economic", "source", "region")
"""What of a line's key is looked up here; each may be empty but ``economic``."""
_OF_ANY_PROGRAMME = "*.*."
"""Before a typical subprogramme, which is also a source of money, in the functional classification."""


class CodeUnknown(RuleViolated):
    code = "code-unknown"
    template = N_("There is no “{code}” in the register today.")


class CodeMistyped(CodeUnknown):
    code = "code-mistyped"
    template = N_("There is no “{code}” in the register today. The nearest are: {nearest}.")


@dataclass(frozen=True)
class Registers:
    """The classification by kind and code, organisations by BIN, of those asked about, and what the plan has."""

    codes: Mapping[tuple[str, str], Code]
    bodies: Mapping[str, int]
    lines: LeafTable
    _sorted: dict[tuple[str, str], Sequence[str]] = field(default_factory=dict)

    def fault(self, name: str, code: str) -> CodeUnknown | None:
        """What is wrong with a code, by the name of ``LeafKey``; nothing where a line of the plan has it."""
        return None if code in self.lines.columns[name].codes else self._fault(name, code)

    def fault_of(self, key: LeafKey) -> CodeUnknown | None:
        """What is wrong with a line, first of all; nothing where the plan has it."""
        fault = next(filter(None, (self._fault(name, getattr(key, name)) for name in CODED)), None)
        return None if fault and key in self._keys else fault

    @cached_property
    def _keys(self) -> frozenset[LeafKey]:
        return frozenset(leaf.key for leaf in self.lines)

    def _fault(self, name: str, code: str) -> CodeUnknown | None:
        """What is wrong with a code of a new line; nothing where it has none."""
        if not code:
            return None
        if name == "region":
            return None if code in self.bodies else CodeUnknown(code=code, field=name)
        kind, written = _written(name, code)
        if (kind, written) in self.codes:
            return None
        if near := self._nearest(kind, written):
            told = ", ".join(each.removeprefix(_OF_ANY_PROGRAMME) for each in near)
            return CodeMistyped(code=code, field=name, nearest=told)
        return CodeUnknown(code=code, field=name)

    def _nearest(self, kind: str, code: str) -> Sequence[str]:
        """Codes of the same form that stand beside it in the order of the classification."""
        place = kind, _form(code)
        if place not in self._sorted:
            self._sorted[place] = sorted(each for of, each in self.codes if (of, _form(each)) == place)
        known = self._sorted[place]
        at = bisect_left(known, code)
        return known[max(0, at - 2) : at + 1]


def _form(code: str) -> str:
    """``000.000`` of a programme, ``*.*.000`` of a source."""
    return re.sub("[0-9]", "0", code)


def _written(name: str, code: str) -> tuple[str, str]:
    """The kind of classification that a code is of, and how that writes it; of a programme, without its parts."""
    if name == "programme":
        return "functional", code[:7]
    if name == "source":
        return "functional", f"{_OF_ANY_PROGRAMME}{code}"
    return "revenue" if is_revenue_code(code) else "economic", code
