"""Overlays, sums, rounding that ties, the six sections, and what a frozen version's hash is over."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from hashlib import sha256
from itertools import pairwise
from math import fsum
from typing import Any

import numpy as np
import numpy.typing as npt

from erp.base.commands import one_line
from erp.base.errors import Conflict, NotFound, NotPermitted, RuleViolated
from erp.economy.plans.model import (
    CellChange,
    Cells,
    EditedCell,
    Flags,
    Ints,
    LeafKey,
    LeafTable,
    Overlay,
    Section,
    SixSections,
    Tiyn,
    Totals,
    Version,
)

LARGEST_TIYN = 9_000_000_000_000_000
"""Of a cell, 90 trillion tenge."""
_SUMMABLE = 4_500_000_000_000_000_000
"""Absolute amounts of a version add up to less: no sum of its cells, nor a difference of two sums, leaves int64."""
LISTED = 100
"""Cells that a refusal names at most."""


class PlanUnknown(NotFound):
    code = "plan-unknown"
    template = "There is no such plan."


class PlanYearsWrong(RuleViolated):
    code = "plan-years-wrong"
    template = "The years of a plan follow one another, at most {limit}, and its first plan year is one of them."


class PlanUnnamed(RuleViolated):
    code = "plan-name-missing"
    template = "Give it a name of at most {limit} characters."


class VersionUnknown(NotFound):
    code = "version-unknown"
    template = "The plan has no such version."


class VersionFrozen(Conflict):
    code = "version-frozen"
    template = "The version “{name}” is frozen and changes no more. Branch from it to go on."


class VersionPutAway(Conflict):
    code = "version-put-away"
    template = "The version “{name}” was put away. Bring it back first."


class FrozenStays(Conflict):
    code = "frozen-stays"
    template = "The version “{name}” is frozen: it was decided on, and is not put away."


class VersionStoodUpon(Conflict):
    code = "version-stood-upon"
    template = "Other versions stand upon “{name}”: {others}. Put them away first."


class BaseStays(RuleViolated):
    code = "base-stays"
    template = "The base of a plan is not put away: all its versions stand upon it."


class VersionMoved(Conflict):
    code = "version-moved"
    template = "Somebody has edited “{name}” since you opened it. Edits: {found}, you saw {expected}. Look again."


class BaseIsRoot(RuleViolated):
    code = "base-is-root"
    template = "A plan has one base, made with it. Branch a version of another kind."


class OwnEdits(NotPermitted):
    code = "own-edits"
    template = "Whoever edited a version does not freeze it. Leave it to a second person."


class NothingChanges(RuleViolated):
    code = "nothing-changes"
    template = "Every cell is as it was: there is nothing to save."


class CellNotOfPlan(RuleViolated):
    code = "cell-not-of-plan"
    template = "Leaf {leaf} in {year} is no cell of this plan."


class CellTwice(RuleViolated):
    code = "cell-twice"
    template = "Leaf {leaf} in {year} is given twice. Give each cell once."


class CellTooLarge(RuleViolated):
    code = "cell-too-large"
    template = "The amount of leaf {leaf} in {year} is out of range; the largest is 90 000 000 000 000,00."


class PlanTooLarge(RuleViolated):
    code = "plan-too-large"
    template = "The amounts of the plan are too large to be added up."


class EditUnknown(NotFound):
    code = "edit-unknown"
    template = "The version has no such edit."


class EditUndone(Conflict):
    code = "edit-undone"
    template = "Edit {no} was undone already, by edit {by}."


class CellsChangedSince(Conflict):
    code = "cells-changed-since"
    template = (
        "{count} of the cells were changed again since edit {no}. Undo the later edits first, or type the amounts."
    )


class LeafMalformed(RuleViolated):
    code = "leaf-malformed"
    template = (
        "“{found}” cannot be a line of a plan: a programme is 261.082.015, a specific 111, a revenue code 101201."
    )


class CodeOfAnotherSection(RuleViolated):
    code = "code-of-another-section"
    template = "“{found}” is no code of this section: revenue has codes like 101201, expenditure specifics like 111."


class BodyUnknown(RuleViolated):
    code = "plan-body-unknown"
    template = "There is no organisation number {found} in the register."


class EditReasonMissing(RuleViolated):
    code = "edit-reason-missing"
    template = "Say in a few words why, in {limit} characters at most."


class LevelUnknown(RuleViolated):
    code = "level-unknown"
    template = "“{level}” is no level of a plan. Use one of: {known}."


# ------------------------------------------------------------------------------------------------ overlays


def no_cells(years: Sequence[int]) -> Cells:
    """What the base of a plan holds before its first edit."""
    shape = (0, len(years))
    return Cells(np.zeros(0, np.int32), tuple(years), np.zeros(shape, np.int64), np.zeros(shape, np.bool_))


def compose(below: Cells, overlay: Overlay) -> Cells:
    """The cells of a version that says ``overlay`` upon ``below``: what it says wins, also that a cell is not there."""
    if not len(overlay):
        return below
    leaves = np.union1d(below.leaves, overlay.leaves)
    amounts, present = laid_out(below, leaves)
    at = np.searchsorted(leaves, overlay.leaves), overlay.years - np.int16(below.years[0])
    amounts[at], present[at] = np.where(overlay.present, overlay.amounts, 0), overlay.present
    kept = present.any(axis=1)
    if not kept.all():
        leaves, amounts, present = leaves[kept], amounts[kept], present[kept]
    return Cells(leaves, below.years, amounts, present)


def laid_out(cells: Cells, leaves: Ints) -> tuple[Tiyn, Flags]:
    """The cells laid out over more leaves: int64[leaf, year] tiyn, bool[leaf, year]; both are the caller's own."""
    amounts = np.zeros((len(leaves), len(cells.years)), np.int64)
    present = np.zeros(amounts.shape, np.bool_)
    at = np.searchsorted(leaves, cells.leaves)
    amounts[at], present[at] = cells.amounts, cells.present
    return amounts, present


def only_changes(below: Cells, overlay: Overlay) -> Overlay:
    """Of an overlay what makes a difference."""
    leaves = np.union1d(below.leaves, overlay.leaves)
    amounts, present = laid_out(below, leaves)
    at = np.searchsorted(leaves, overlay.leaves), overlay.years - np.int16(below.years[0])
    return overlay.where(
        (present[at] != overlay.present) | (amounts[at] != np.where(overlay.present, overlay.amounts, 0))
    )


_SHORTEST_REASON, _LONGEST_REASON = 3, 1000
_ECONOMIC, _PROGRAMME, _CODE = (
    re.compile(form)
    for form in (r"(?=.{1,20}$)[0-9]+(\.[0-9]+)*", r"([0-9]{3}\.[0-9]{3}(\.[0-9]{3})?)?", r"[0-9A-Za-z.-]{0,20}")
)


def reason_given(reason: str) -> str:
    """Raises: EditReasonMissing."""
    reason = reason.strip()
    if len(one_line(reason)) < _SHORTEST_REASON or len(reason) > _LONGEST_REASON:
        raise EditReasonMissing(limit=_LONGEST_REASON)
    return reason


def check_keys(keys: Iterable[LeafKey]) -> None:
    """Raises: LeafMalformed, CodeOfAnotherSection."""
    for key in keys:
        forms = ((_PROGRAMME, key.programme), (_ECONOMIC, key.economic), (_CODE, key.source), (_CODE, key.region))
        if wrong := [code for form, code in forms if not form.fullmatch(code)]:
            raise LeafMalformed(found=wrong[0])
        check_section(key.section, key.economic)


def check_section(section: Section, economic: str) -> None:
    """Codes of the two classifications mean one thing in revenue and expenditure; elsewhere they tell in from out.

    Raises: CodeOfAnotherSection.
    """
    is_theirs = {Section.REVENUE: is_revenue_code(economic), Section.EXPENDITURE: not is_revenue_code(economic)}
    if not is_theirs.get(section, True):
        raise CodeOfAnotherSection(found=economic)


def check_changes(table: LeafTable, years: Sequence[int], changes: Sequence[CellChange]) -> Overlay:
    """The changes as an overlay.  Raises: CellNotOfPlan, CellTwice, CellTooLarge."""
    for each in changes:
        if not isinstance(each.amount_tiyn, int | None) or abs(each.amount_tiyn or 0) > LARGEST_TIYN:
            raise CellTooLarge(leaf=each.leaf_id, year=each.year)
        if each.year not in years or not 0 < each.leaf_id < 1 << 31:
            raise CellNotOfPlan(leaf=each.leaf_id, year=each.year)
    overlay = Overlay.of(changes)
    order = np.lexsort((overlay.years, overlay.leaves))
    overlay = overlay.where(order)
    if not (known := table.has(overlay.leaves)).all():
        at = int(np.argmin(known))
        raise CellNotOfPlan(leaf=int(overlay.leaves[at]), year=int(overlay.years[at]))
    twice = (overlay.leaves[1:] == overlay.leaves[:-1]) & (overlay.years[1:] == overlay.years[:-1])
    if twice.any():
        at = int(np.argmax(twice))
        raise CellTwice(leaf=int(overlay.leaves[at]), year=int(overlay.years[at]))
    return overlay


def check_summable(cells: Cells) -> None:
    """Raises: PlanTooLarge."""
    if np.abs(cells.amounts).sum(dtype=np.float64) > _SUMMABLE:
        raise PlanTooLarge()


def put_back(touched: Iterable[EditedCell], no: int) -> tuple[Overlay, Flags]:
    """What undoing an edit says, and where the version says it itself; elsewhere the parent's cell shows again.

    Raises: CellsChangedSince, with the cells.
    """
    cells = list(touched)
    if later := [each for each in cells if each.changed_since]:
        named = [f"{each.leaf_id}/{each.year}" for each in later[:LISTED]]
        raise CellsChangedSince(no=no, count=len(later), cells=named)
    overlay = Overlay.of(
        CellChange(each.leaf_id, each.year, None if each.before_inherited else each.before_tiyn) for each in cells
    )
    return overlay, np.array([not each.before_inherited for each in cells], np.bool_)


def require_in_use(version: Version) -> None:
    """Raises: VersionPutAway."""
    if version.is_put_away:
        raise VersionPutAway(name=version.name, plan=version.plan_id, version=version.id)


def require_open(version: Version) -> None:
    """Raises: VersionFrozen, VersionPutAway."""
    if version.is_frozen:
        raise VersionFrozen(name=version.name)
    require_in_use(version)


def require_version(version: Version, expected_edits: int) -> None:
    """Raises: VersionFrozen, VersionPutAway, VersionMoved."""
    require_open(version)
    if version.edits != expected_edits:
        raise VersionMoved(name=version.name, found=version.edits, expected=expected_edits)


# ------------------------------------------------------------------------------------------------ sums


def sums(amounts: Tiyn, present: Flags, groups: npt.NDArray[np.integer[Any]], size: int) -> Totals:
    """Amounts added up by group of leaves, exactly.

    Args:
        amounts: int64[leaf, year] tiyn, 0 where absent.
        groups: int[leaf], each from 0 to ``size`` - 1.
    """
    added = np.zeros((size, amounts.shape[1]), np.int64)
    there = np.zeros(added.shape, np.bool_)
    if len(groups):
        order = np.argsort(groups, kind="stable")
        inside = groups[order]
        starts = np.flatnonzero(np.diff(inside, prepend=inside[0] - 1))
        added[inside[starts]] = np.add.reduceat(amounts[order], starts, axis=0)
        there[inside[starts]] = np.logical_or.reduceat(present[order], starts, axis=0)
    return Totals(added, there)


def combined(groupings: Sequence[tuple[npt.NDArray[np.integer[Any]], int]], leaves: int) -> npt.NDArray[np.int64]:
    """One number a leaf for its place in several groupings at once, in the order of the first, then the second …

    Args:
        groupings: int[leaf] with the number of groups of each.
    """
    numbers = np.zeros(leaves, np.int64)
    for index, size in groupings:
        numbers = numbers * size + index
    return numbers


def is_revenue_code(economic: str) -> bool:
    """Whether a code is of the revenue classification: 101201, 1.08.1; a specific of expenditure has three digits."""
    return len(economic) != 3 or "." in economic


_INFLOWS = {Section.REVENUE, Section.FINANCING}


def signs(table: LeafTable) -> npt.NDArray[np.int8]:
    """int8[leaf]: 1 where the leaf adds to its section, -1 where it lessens it.

    Loans repaid to the budget lessen net lending, assets sold the balance of assets, loans repaid by it financing.
    Source: Budget Code (RK), structure of a budget.
    """
    section, economic = table.columns["section"], table.columns["economic"]
    inflow = np.array([Section(code) in _INFLOWS for code in section.codes], np.bool_)
    revenue = np.array([is_revenue_code(code) for code in economic.codes], np.bool_)
    if not len(table):
        return np.zeros(0, np.int8)
    return np.where(inflow[section.index] == revenue[economic.index], 1, -1).astype(np.int8)


SIDES: Mapping[Section, int] = {
    Section.REVENUE: 1,
    Section.EXPENDITURE: -1,
    Section.LENDING: -1,
    Section.ASSETS: -1,
    Section.FINANCING: 0,
}
"""How each section enters the balance: V = I − II − III − IV, and VI = −V.  Nothing else says it.

Source: Budget Code (RK), structure of a budget.
"""


def balance(sections: Mapping[Section, Any]) -> Any:
    """Deficit (below zero) or surplus of amounts by section: integers or arrays of one shape."""
    return sum(SIDES[section] * amount for section, amount in sections.items())


def six_sections(by_section: Mapping[Section, Sequence[int]], years: int) -> SixSections:
    """A budget by sections with the balance that follows, tiyn a year; a section without cells is zero."""
    told = {section: tuple(map(int, by_section.get(section, (0,) * years))) for section in Section}
    balances = tuple(balance({section: told[section][year] for section in Section}) for year in range(years))
    gap = tuple(b + f for b, f in zip(balances, told[Section.FINANCING], strict=True))
    return SixSections(**{section.value: amounts for section, amounts in told.items()}, balance=balances, gap=gap)


# ------------------------------------------------------------------------------------------------ rounding that ties


def tie(exact: npt.NDArray[np.float64], total: int | None = None) -> Tiyn:
    """Whole tiyn that add up to ``total`` by largest remainder; each differs from its exact amount by less than one.

    Args:
        exact: float64[n], each below 2**63 in absolute value; one that is whole stays as it is.
        total: within n of the exact sum; its nearest whole number where left out.
    """
    floors = np.floor(exact)
    whole, rests = floors.astype(np.int64), exact - floors
    # No float holds the sum of large amounts: whole parts are added up as integers.
    wanted = round(sum(whole.tolist()) + Fraction(fsum(rests.tolist()))) if total is None else total
    return _settled(whole, rests, wanted)


def spread(total: int, weights: Iterable[int]) -> Tiyn:
    """``total`` in proportion to ``weights``, exactly and tied; in equal parts where the weights add up to nothing."""
    shares = [int(w) for w in weights]
    if not shares:
        assert total == 0, "there is nothing to spread it over"
        return np.zeros(0, np.int64)
    if (base := sum(shares)) == 0:
        shares, base = [1] * len(shares), len(shares)
    if base < 0:
        shares, base = [-w for w in shares], -base
    parts = [divmod(total * w, base) for w in shares]
    whole = np.array([part for part, _ in parts], np.int64)
    return _settled(whole, np.array([rest for _, rest in parts], object), total)


def _settled(whole: Tiyn, rests: npt.NDArray[Any], total: int) -> Tiyn:
    """One more where the rest is largest, the earlier first, until the whole is ``total``."""
    missing = total - sum(whole.tolist())
    assert 0 <= missing <= len(whole), "the total is not that of the exact amounts"
    order = np.argsort(-rests, kind="stable")
    whole[order[:missing]] += 1
    return whole


# ------------------------------------------------------------------------------------------------ the hash


def canonical(cells: Cells, table: LeafTable, bins: Mapping[int, str]) -> Iterator[bytes]:
    """The text that a frozen version's hash is over: lines of values parted by commas, ending in LF, sorted.

    Each line: section, BIN of the budget, BIN of the institution, programme, economic, source, region, year, amount in
    tiyn.  ``bins`` leads from organisation ids to BINs.
    """
    keys = []
    for position in table.positions(cells.leaves).tolist():
        section, budget, institution, *codes = table.key_at(position)
        keys.append(",".join((section, bins[budget], bins[institution], *codes)))
    amounts, present = cells.amounts.tolist(), cells.present.tolist()
    lines = (
        f"{key},{year},{tiyn}\n".encode()
        for key, row, there in zip(keys, amounts, present, strict=True)
        for year, tiyn, is_there in zip(cells.years, row, there, strict=True)
        if is_there
    )
    yield from sorted(lines)


def content_hash(cells: Cells, table: LeafTable, bins: Mapping[int, str]) -> bytes:
    digest = sha256()
    for line in canonical(cells, table, bins):
        digest.update(line)
    return digest.digest()


def edit_hash(asked: Overlay | None, reason: str, undoes: int | None) -> bytes:
    """By which the same key with another content is known: the cells asked for, or the edit to be undone."""
    digest = sha256(f"{undoes}\n{reason}\n".encode())
    if asked is not None:
        for column in (asked.leaves, asked.years, asked.amounts, asked.present):
            digest.update(column.tobytes())
    return digest.digest()


def years_of(base_year: int, last_year: int) -> tuple[int, ...]:
    return tuple(range(base_year, last_year + 1))


def check_years(years: Sequence[int], first_year: int) -> None:
    """Raises: PlanYearsWrong."""
    runs_on = all(after == before + 1 for before, after in pairwise(years))
    if not years or not runs_on or first_year not in years or len(years) > 40 or years[0] < 2000:
        raise PlanYearsWrong(limit=40)
