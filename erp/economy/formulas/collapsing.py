"""Leaves added up before many draws: where formulas are linear in the inputs, the sum of results is that of sums."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum

import numpy as np

from erp.economy.formulas.checking import YEAR, Checked
from erp.economy.formulas.lowering import needed, numbered, strips, within
from erp.economy.formulas.model import (
    Arithmetic,
    Cases,
    Compared,
    Early,
    Expression,
    Floats,
    Indices,
    Kind,
    Known,
    Lag,
    Leaves,
    Logic,
    Name,
    Negative,
    Not,
    Number,
    Sum,
    Within,
    children,
    parts,
)

_BITS = 1 << np.arange(8)


class _Form(IntEnum):
    """How a value depends on the inputs of its leaf, from the least to the most."""

    NOTHING = 0
    """Zero or missing, which is alike and linear at once."""
    ALIKE = 1
    """The same for all leaves of a group."""
    LINEAR = 2
    """Proportional to the inputs, by factors that are alike."""
    OTHER = 3


def collapsed(
    checked: Checked, leaves: Leaves, inputs: Mapping[str, Floats], measure: str, totals_by: Indices, asked: str = ""
) -> tuple[Leaves, dict[str, Floats], Indices]:
    """Fewer leaves, their inputs (those needed, and ``asked``) and groups, with the same totals of the measure.

    Leaves are joined where they follow the same formulas, count in the same totals and sums, have values in the same
    places, and their formulas are linear.
    """
    names = needed(checked, [measure])
    given = [name for name in inputs if name in names or name == asked]
    strip_of = strips(checked, names, leaves)
    sums = {
        part
        for name in names
        if name in checked.formulas
        for part in parts(checked.formulas[name])
        if isinstance(part, Sum)
    }
    firsts = np.unique(strip_of, return_index=True)[1]
    linear = np.array(
        [_is_linear(checked, names, measure, sums, leaves, int(first)) for first in firsts], dtype=np.bool_
    )
    known = np.concatenate([np.isfinite(inputs[name]) for name in given] or [np.ones((leaves.count, 1), bool)], axis=1)
    alike = numbered(
        (
            strip_of,
            totals_by,
            *(known[:, at : at + 8] @ _BITS[: known.shape[1] - at] for at in range(0, known.shape[1], 8)),
            *(leaves.groups[key] for key in sorted({part.over.key for part in sums if part.over})),
            np.where(linear[strip_of], 0, np.arange(leaves.count)),
        ),
        leaves.count,
    )
    _, first, joined = np.unique(alike, return_index=True, return_inverse=True)

    def added(values: Floats) -> Floats:
        return np.stack([np.bincount(joined, of_year, len(first)) for of_year in values.T], axis=1)

    fewer = Leaves(len(first), {key: indices[first] for key, indices in leaves.groups.items()})
    return fewer, {name: added(inputs[name]) for name in given}, totals_by[first]


def _is_linear(
    checked: Checked, names: Iterable[str], measure: str, sums: Iterable[Sum], leaves: Leaves, leaf: int
) -> bool:
    """Whether the measure, and all that is summed on the way, is linear for the leaves that are like this one."""
    one = Leaves(1, {key: indices[[leaf]] for key, indices in leaves.groups.items()})
    forms = dict.fromkeys(names, _Form.NOTHING)
    for each in checked.names.values():
        if each.kind is not Kind.MEASURE:
            forms[each.name] = _Form.LINEAR if each.kind is Kind.INPUT else _Form.ALIKE
    forms[YEAR] = _Form.ALIKE

    def form(expression: Expression) -> _Form:
        match expression:
            case Number(value):
                return _Form.ALIKE if value else _Form.NOTHING
            case Name(name) | Lag(Name(name)):
                return forms[name]
            case Sum():
                return _Form.ALIKE
            case Negative(of):
                return form(of)
            case Arithmetic("+" | "-", left, right):
                return _joined((form(left), form(right)))
            case Arithmetic("*", left, right):
                one, other = sorted((form(left), form(right)))
                return _Form.OTHER if one is _Form.LINEAR or other is _Form.OTHER else other if one else one
            case Arithmetic(_, left, right):
                return _Form.OTHER if form(right) > _Form.ALIKE else form(left)
            case Cases(conditions, formulas, otherwise):
                return chosen(list(zip(conditions, formulas, strict=True)), otherwise)
        return _Form.ALIKE if all(form(each) <= _Form.ALIKE for each in children(expression)) else _Form.OTHER

    def chosen(cases: list[tuple[Expression, Expression]], otherwise: Expression) -> _Form:
        found = []
        for condition, formula in cases:
            told = by_codes(condition)
            if told is False:
                continue
            found.append(form(formula))
            if told:
                return _joined(found)
            if not decided_alike(condition):
                return _Form.OTHER
        return _joined((*found, form(otherwise)))

    def by_codes(condition: Expression) -> bool | None:
        match condition:
            case Within():
                return bool(within(condition, checked.axes, one)[0])
            case Not(of):
                told = by_codes(of)
                return None if told is None else not told
            case Logic(sign, left, right):
                both = {by_codes(left), by_codes(right)}
                decisive = sign == "or"
                return decisive if decisive in both else None if None in both else not decisive
        return None

    def decided_alike(condition: Expression) -> bool:
        match condition:
            case Compared(_, left, right):
                return form(left) <= _Form.ALIKE and form(right) <= _Form.ALIKE
            case Known(of):
                return form(of) <= _Form.LINEAR
            case Early() | Within():
                return True
        return all(map(decided_alike, children(condition)))

    settled = False
    while not settled:
        settled = True
        for name in names:
            if name in checked.formulas and (found := form(checked.formulas[name])) != forms[name]:
                forms[name] = found
                settled = False
    roots = {measure, *(part.of.name for part in sums if isinstance(part.of, Name))}
    return all(forms[name] in (_Form.NOTHING, _Form.LINEAR) for name in roots)


def _joined(forms: Iterable[_Form]) -> _Form:
    """The form of a value that is, or is a sum of, values of these forms."""
    found = {each for each in forms if each}
    return _Form.OTHER if len(found) > 1 else found.pop() if found else _Form.NOTHING
