"""Use cases of plans.  Each runs inside the caller's unit of work."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID, uuid5

import numpy as np

from erp.base import audit
from erp.base.clock import today
from erp.base.commands import one_line
from erp.base.cursors import INTEGER, number_in
from erp.base.uow import UnitOfWork
from erp.economy.plans import queries, rules
from erp.economy.plans.axes import Axes, Code, Member
from erp.economy.plans.comparison import Comparison, compared
from erp.economy.plans.model import (
    CellChange,
    Cells,
    Edit,
    EditedCell,
    Flags,
    Ints,
    LeafKey,
    LeafTable,
    Overlay,
    Plan,
    Section,
    SixSections,
    Version,
    VersionKind,
)
from erp.economy.plans.recall import memory
from erp.economy.plans.registers import Registers
from erp.reference.organisations import service as organisations
from ledger.errors import KeyReused

LONGEST_NAME = 200


# ------------------------------------------------------------------------------------------------ plans


def create_plan(
    uow: UnitOfWork, organisation_id: int, name: str, years: Sequence[int], first_year: int, *, key: UUID
) -> Plan:
    """Begin a plan with its base, which is empty; repeating it under its key changes nothing.

    Raises: PlanUnnamed, PlanYearsWrong, KeyReused.
    """
    name = tidy_name(name)
    rules.check_years(years, first_year)
    plan_id = queries.insert_plan(uow.connection, uow.scope, organisation_id, key, name, years, first_year)
    if plan_id is None:
        found = queries.plan_of_key(uow.connection, uow.scope, organisation_id, key)
        if found is None or (found.name, found.years, found.first_year) != (name, tuple(years), first_year):
            raise KeyReused(key=str(key))
        return found
    base = uuid5(key, VersionKind.BASE)
    queries.insert_version(uow.connection, uow.scope, organisation_id, plan_id, base, VersionKind.BASE, name, "", None)
    made = plan(uow, organisation_id, plan_id)
    after = {"name": name, "first": years[0], "last": years[-1]}
    audit.record(uow.connection, uow.scope, "plan-made", made.subject, organisation_id=organisation_id, after=after)
    return made


def plans(uow: UnitOfWork, organisation_id: int) -> list[Plan]:
    """The latest first."""
    return queries.plans(uow.connection, uow.scope, organisation_id)


def plan(uow: UnitOfWork, organisation_id: int, plan_id: int) -> Plan:
    """Raises: PlanUnknown."""
    found = queries.plan(uow.connection, uow.scope, organisation_id, plan_id)
    if found is None:
        raise rules.PlanUnknown()
    return found


def tidy_name(name: str) -> str:
    """Raises: PlanUnnamed."""
    name = one_line(name)
    if not 0 < len(name) <= LONGEST_NAME:
        raise rules.PlanUnnamed(limit=LONGEST_NAME)
    return name


# ------------------------------------------------------------------------------------------------ leaves


def leaves(uow: UnitOfWork, organisation_id: int, plan_id: int) -> LeafTable:
    """Every leaf of a plan."""
    shelf, at = memory(uow.engine).leaves, (organisation_id, plan_id)
    newest = queries.newest_leaf(uow.connection, uow.scope, *at)
    if (known := shelf.get((*at, newest))) is not None:
        return known
    table = queries.leaves(uow.connection, uow.scope, *at)
    return shelf.keep((*at, table.newest), table)


def intern(uow: UnitOfWork, organisation_id: int, plan_id: int, keys: Sequence[LeafKey]) -> Ints:
    """int32[key]: ids of the leaves in the order asked, new ones made.  Other plans' planners wait for nothing.

    Raises: PlanUnknown, LeafMalformed, CodeOfAnotherSection, BodyUnknown, CodeUnknown.
    """
    plan(uow, organisation_id, plan_id)
    if not keys:
        return np.zeros(0, np.int32)
    rules.check_keys(keys)
    named = {body for key in keys for body in (key.budget_id, key.organisation_id)}
    if unknown := named - organisations.by_ids(uow, sorted(named), today()).keys():
        raise rules.BodyUnknown(found=min(unknown))
    known = registers(uow, organisation_id, plan_id, {key.region for key in keys})
    for fault in filter(None, map(known.fault_of, keys)):
        raise fault
    return np.array(queries.intern(uow.connection, uow.scope, organisation_id, plan_id, keys), np.int32)


def registers(uow: UnitOfWork, organisation_id: int, plan_id: int, bins: Collection[str]) -> Registers:
    """Codes that new lines of a plan may have today, which of the BINs there are, and the lines that it has."""
    bodies = queries.bodies(uow.connection, uow.scope, bins)
    return Registers(_classification(uow, today()), bodies, leaves(uow, organisation_id, plan_id))


def _classification(uow: UnitOfWork, day: date) -> dict[tuple[str, str], Code]:
    return {(each.kind, each.code): each for each in queries.classification(uow.connection, uow.scope, day)}


def axes(uow: UnitOfWork, organisation_id: int, plan_id: int, day: date | None = None) -> Axes:
    """Hierarchies of a plan's leaves, as the registers have them on ``day`` (today)."""
    table, on = leaves(uow, organisation_id, plan_id), day or today()
    named = {*table.columns["budget_id"].codes, *table.columns["organisation_id"].codes}
    ids = sorted(map(int, named))
    regions = list(filter(None, table.columns["region"].codes))
    places = queries.bodies(uow.connection, uow.scope, regions).values() if regions else ()
    above = organisations.above(uow, ids, on)
    known = organisations.by_ids(uow, sorted({*ids, *places}), on)
    known |= {each.id: each for bodies in above.values() for each in bodies}
    return Axes(table, _classification(uow, on), known, above)


# ------------------------------------------------------------------------------------------------ versions


def versions(uow: UnitOfWork, organisation_id: int, plan_id: int, *, put_away: bool = False) -> list[Version]:
    """Those in use, or those put away; the oldest first, so each stands after its parent."""
    return queries.versions(uow.connection, uow.scope, organisation_id, plan_id, put_away=put_away)


def versions_of_all(uow: UnitOfWork, organisation_id: int) -> list[Version]:
    """Those in use of every plan, the latest plan first, of each the oldest first."""
    return queries.versions_of_all(uow.connection, uow.scope, organisation_id)


def version(uow: UnitOfWork, organisation_id: int, plan_id: int, version_id: int) -> Version:
    """Raises: VersionUnknown."""
    found = queries.version(uow.connection, uow.scope, organisation_id, plan_id, version_id)
    if found is None:
        raise rules.VersionUnknown()
    return found


def branch(
    uow: UnitOfWork,
    organisation_id: int,
    plan_id: int,
    parent_id: int,
    *,
    kind: VersionKind,
    name: str,
    reason: str,
    key: UUID,
) -> Version:
    """A version upon another as that is now; repeating it under its key changes nothing.

    Raises: VersionUnknown, VersionPutAway, BaseIsRoot, PlanUnnamed, EditReasonMissing, KeyReused.
    """
    name, reason = tidy_name(name), rules.reason_given(reason) if reason.strip() else ""
    if kind is VersionKind.BASE:
        raise rules.BaseIsRoot()
    parent = lock(uow, organisation_id, plan_id, parent_id)
    if done := queries.version_of_key(uow.connection, uow.scope, organisation_id, plan_id, key):
        if (done.parent_id, done.kind, done.name, done.reason) != (parent_id, kind, name, reason):
            raise KeyReused(key=str(key))
        return done
    rules.require_in_use(parent)
    version_id = queries.insert_version(
        uow.connection, uow.scope, organisation_id, plan_id, key, kind, name, reason, parent
    )
    if version_id is None:
        raise KeyReused(key=str(key))
    made = version(uow, organisation_id, plan_id, version_id)
    after = {"name": name, "kind": kind.value, "upon": parent.name}
    _record(uow, "version-branched", made, after=after, **({"reason": reason} if reason else {}))
    return made


def freeze(uow: UnitOfWork, organisation_id: int, plan_id: int, version_id: int, *, expected_edits: int) -> Version:
    """Let a version change no more, with the SHA-256 of what it holds; doing it twice is doing it once.

    Raises: VersionUnknown, VersionPutAway, VersionMoved; OwnEdits for whoever edited it, or what it stands upon that
    is not frozen.
    """
    found = lock(uow, organisation_id, plan_id, version_id)
    if found.is_frozen and found.edits == expected_edits:
        return found
    rules.require_version(found, expected_edits)
    if queries.edited_by(uow.connection, uow.scope, organisation_id, plan_id, version_id) & uow.scope.stands_for:
        raise rules.OwnEdits()
    digest = hash_of(uow, found)
    queries.freeze(uow.connection, uow.scope, organisation_id, plan_id, version_id, digest)
    _record(uow, "version-frozen", found, sha256=digest.hex(), name=found.name)
    return version(uow, organisation_id, plan_id, version_id)


def put_away(
    uow: UnitOfWork, organisation_id: int, plan_id: int, version_id: int, reason: str, *, expected_edits: int
) -> Version:
    """Let a version be offered no more, and change no more, until it is brought back; doing it twice is doing it once.

    It stays as it is, and so does every figure of every other version.

    Raises: VersionUnknown, FrozenStays, VersionMoved, BaseStays, VersionStoodUpon, EditReasonMissing.
    """
    reason = rules.reason_given(reason)
    found = lock(uow, organisation_id, plan_id, version_id)
    if found.is_put_away:
        return found
    if found.is_frozen:
        raise rules.FrozenStays(name=found.name)
    rules.require_version(found, expected_edits)
    if found.parent_id is None:
        raise rules.BaseStays()
    if above := [each.name for each in versions(uow, organisation_id, plan_id) if each.parent_id == version_id]:
        raise rules.VersionStoodUpon(name=found.name, others=", ".join(above))
    queries.put_away(uow.connection, uow.scope, organisation_id, plan_id, version_id, reason)
    _record(uow, "version-put-away", found, name=found.name, reason=reason)
    return version(uow, organisation_id, plan_id, version_id)


def bring_back(uow: UnitOfWork, organisation_id: int, plan_id: int, version_id: int) -> Version:
    """Let a version that was put away be used again; doing it twice is doing it once.

    Raises: VersionUnknown; VersionPutAway, where what it stands upon is put away.
    """
    found = lock(uow, organisation_id, plan_id, version_id)
    if not found.is_put_away:
        return found
    assert found.parent_id is not None, "a base stays"
    rules.require_in_use(lock(uow, organisation_id, plan_id, found.parent_id))
    queries.put_away(uow.connection, uow.scope, organisation_id, plan_id, version_id, None)
    _record(uow, "version-brought-back", found, name=found.name)
    return version(uow, organisation_id, plan_id, version_id)


def hash_of(uow: UnitOfWork, of: Version) -> bytes:
    """SHA-256 of what a version holds, computed anew from its edits: of a frozen one it is ``content_hash``."""
    at = of.organisation_id, of.plan_id
    table = leaves(uow, *at)
    ids = sorted({int(code) for name in ("budget_id", "organisation_id") for code in table.columns[name].codes})
    bins = {each.id: each.code for each in organisations.by_ids(uow, ids, today()).values()}
    return rules.content_hash(_composed(uow, *at, of.id), table, bins)


def verify_all(uow: UnitOfWork) -> Iterator[tuple[Version, bool]]:
    """Each frozen version of the scope, and whether it holds what its hash is over."""
    for each in queries.frozen(uow.connection, uow.scope):
        yield each, hash_of(uow, each) == each.content_hash


def lock(uow: UnitOfWork, organisation_id: int, plan_id: int, version_id: int) -> Version:
    """A version that nobody else changes until this ends.  Raises: VersionUnknown."""
    found = queries.version(uow.connection, uow.scope, organisation_id, plan_id, version_id, lock=True)
    if found is None:
        raise rules.VersionUnknown()
    return found


def _record(uow: UnitOfWork, action: str, about: Version, **facts: Any) -> None:
    audit.record(uow.connection, uow.scope, action, about.subject, organisation_id=about.organisation_id, **facts)


# ------------------------------------------------------------------------------------------------ edits


def edit(
    uow: UnitOfWork,
    organisation_id: int,
    plan_id: int,
    version_id: int,
    changes: Sequence[CellChange],
    reason: str,
    *,
    expected_edits: int,
    key: UUID,
    may_be_empty: bool = False,
) -> Edit:
    """Change cells of a version; what is already as asked is left out.  Repeating it under its key changes nothing.

    What is saved with it beside the cells is reason enough for an edit: it ``may_be_empty`` then.

    Raises: VersionUnknown, VersionFrozen, VersionPutAway, VersionMoved, CellNotOfPlan, CellTwice, CellTooLarge,
    PlanTooLarge, NothingChanges, EditReasonMissing, KeyReused.
    """
    reason = rules.reason_given(reason)
    years = plan(uow, organisation_id, plan_id).years
    asked = rules.check_changes(leaves(uow, organisation_id, plan_id), years, changes)
    digest = rules.edit_hash(asked, reason, None)
    found = lock(uow, organisation_id, plan_id, version_id)
    if done := _done(uow, organisation_id, plan_id, version_id, key, digest):
        return done
    rules.require_version(found, expected_edits)
    before = cells(uow, organisation_id, plan_id, version_id)
    overlay = rules.only_changes(before, asked)
    if not len(overlay) and not may_be_empty:
        raise rules.NothingChanges()
    rules.check_summable(rules.compose(before, overlay))
    return _save(uow, found, overlay, np.ones(len(overlay), np.bool_), reason, key, digest)


def undo(
    uow: UnitOfWork,
    organisation_id: int,
    plan_id: int,
    version_id: int,
    no: int,
    reason: str,
    *,
    expected_edits: int,
    key: UUID,
) -> Edit:
    """A new edit that puts back what the cells of edit ``no`` were before it.  Undoing that in turn redoes it.

    Of several edits of a cell the last goes first, whoever made them.

    Raises: VersionUnknown, EditUnknown, EditUndone, VersionFrozen, VersionPutAway, VersionMoved, CellsChangedSince with
    the cells, EditReasonMissing, KeyReused.
    """
    reason = rules.reason_given(reason)
    digest = rules.edit_hash(None, reason, no)
    found = lock(uow, organisation_id, plan_id, version_id)
    if done := _done(uow, organisation_id, plan_id, version_id, key, digest):
        return done
    rules.require_version(found, expected_edits)
    if by := one_edit(uow, organisation_id, plan_id, version_id, no).undone_by:
        raise rules.EditUndone(no=no, by=by)
    overlay, own = rules.put_back(
        queries.touched(uow.connection, uow.scope, organisation_id, plan_id, version_id, no), no
    )
    return _save(uow, found, overlay, own, reason, key, digest, undoes=no)


def _done(
    uow: UnitOfWork, organisation_id: int, plan_id: int, version_id: int, key: UUID, digest: bytes
) -> Edit | None:
    """The edit made under the key before.  Raises: KeyReused, where it was another."""
    made = queries.edit_of_key(uow.connection, uow.scope, organisation_id, key)
    if made is None:
        return None
    if (made[0], made[1], made[3]) != (plan_id, version_id, digest):
        raise KeyReused(key=str(key))
    return one_edit(uow, organisation_id, plan_id, version_id, made[2])


def _save(
    uow: UnitOfWork,
    found: Version,
    overlay: Overlay,
    own: Flags,
    reason: str,
    key: UUID,
    digest: bytes,
    undoes: int | None = None,
) -> Edit:
    at, no = (found.organisation_id, found.plan_id, found.id), found.edits + 1
    queries.record_edit(
        uow.connection,
        uow.scope,
        *at,
        no,
        key=key,
        content_hash=digest,
        reason=reason,
        undoes=undoes,
        overlay=overlay,
        own=own,
    )
    facts = {"edit": no, "reason": reason, "cells": len(overlay)} | ({"undoes": undoes} if undoes else {})
    _record(uow, "version-undone" if undoes else "version-edited", found, **facts)
    return one_edit(uow, *at, no)


def one_edit(uow: UnitOfWork, organisation_id: int, plan_id: int, version_id: int, no: int) -> Edit:
    """Raises: EditUnknown."""
    found = queries.edit(uow.connection, uow.scope, organisation_id, plan_id, version_id, no)
    if found is None:
        raise rules.EditUnknown()
    return found


def history(
    uow: UnitOfWork, organisation_id: int, plan_id: int, version_id: int, cursor: str | None = None, limit: int = 50
) -> tuple[tuple[Edit, ...], str | None]:
    """A page of a version's edits, the latest first, and where the next begins.  Raises: CursorMalformed."""
    before = number_in(cursor, most=INTEGER) if cursor else None
    found = queries.edits(
        uow.connection, uow.scope, organisation_id, plan_id, version_id, before=before, limit=limit + 1
    )
    shown = tuple(found[:limit])
    return shown, str(shown[-1].no) if len(found) > limit else None


def changes(uow: UnitOfWork, organisation_id: int, plan_id: int, version_id: int, no: int) -> list[EditedCell]:
    """What an edit did, cell by cell.  Raises: EditUnknown."""
    one_edit(uow, organisation_id, plan_id, version_id, no)
    return queries.touched(uow.connection, uow.scope, organisation_id, plan_id, version_id, no)


# ------------------------------------------------------------------------------------------------ what a version holds


def cells(uow: UnitOfWork, organisation_id: int, plan_id: int, version_id: int, edits: int | None = None) -> Cells:
    """What a version holds, or held after its first ``edits``: the nearest overlay on the way to the base wins.

    Raises: PlanUnknown, VersionUnknown.
    """
    return _composed(uow, organisation_id, plan_id, version_id, edits, recalls=True)


def _composed(
    uow: UnitOfWork,
    organisation_id: int,
    plan_id: int,
    version_id: int,
    edits: int | None = None,
    *,
    recalls: bool = False,
) -> Cells:
    """Overlays one upon another, from the nearest version that is remembered; from the base where none is asked for."""
    years = plan(uow, organisation_id, plan_id).years
    steps = queries.way(uow.connection, uow.scope, organisation_id, plan_id, version_id, edits)
    if not steps:
        raise rules.VersionUnknown()
    shelf, composed = memory(uow.engine).cells, rules.no_cells(years)
    for at, step in enumerate(steps):
        place = (organisation_id, plan_id, step.version_id, step.content_hash or b"")
        if recalls and step.content_hash and (known := shelf.get(place)) is not None:
            steps, composed = steps[:at], known
            break
    overlays = queries.overlays(uow.connection, uow.scope, organisation_id, plan_id, steps) if steps else []
    for step, overlay in zip(reversed(steps), reversed(overlays), strict=True):
        composed = rules.compose(composed, overlay)
        if recalls and step.content_hash:
            shelf.keep((organisation_id, plan_id, step.version_id, step.content_hash), composed)
    return composed


def totals(uow: UnitOfWork, organisation_id: int, plan_id: int, version_id: int) -> SixSections:
    """The six sections of a version, year by year."""
    return sections_of(cells(uow, organisation_id, plan_id, version_id), leaves(uow, organisation_id, plan_id))


def sections_of(held: Cells, table: LeafTable) -> SixSections:
    """The six sections of cells."""
    at, column = table.positions(held.leaves), table.columns["section"]
    signed = held.amounts * rules.signs(table)[at, np.newaxis]
    found = rules.sums(signed, held.present, column.index[at], len(column.codes)).amounts.tolist()
    return rules.six_sections(
        {Section(code): amounts for code, amounts in zip(column.codes, found, strict=True)}, len(held.years)
    )


def sections_by(held: Cells, axes: Axes, level: str) -> dict[Member, SixSections]:
    """The six sections of each group of a level: what holds of a whole plan need not hold of each budget in it.

    Raises: LevelUnknown.
    """
    found = compared(axes, held, held, [level], {})
    by_group: dict[Member, dict[Section, list[int]]] = {}
    for members, amounts in zip(found.members, found.a.amounts.tolist(), strict=True):
        by_group.setdefault(members[-1], {})[Section(members[0].key)] = amounts
    return {member: rules.six_sections(each, len(held.years)) for member, each in by_group.items()}


def compare(
    uow: UnitOfWork,
    organisation_id: int,
    plan_id: int,
    a: int,
    b: int,
    by: Sequence[str] = (),
    *,
    a_edits: int | None = None,
    within: Mapping[str, str] | None = None,
    only_different: bool = False,
) -> Comparison:
    """Two versions side by side, by section and the levels ``by`` (``programme.group``), with the cells behind counted.

    ``within`` narrows to members: their keys by level.  Every leaf is a row of its own ``by`` ``leaf``.  The first may
    be as it was after its first ``a_edits``.

    Raises: PlanUnknown, VersionUnknown, VersionPutAway, LevelUnknown.
    """
    for each in (a, b):
        rules.require_in_use(version(uow, organisation_id, plan_id, each))
    held_a = cells(uow, organisation_id, plan_id, a, a_edits)
    held_b = cells(uow, organisation_id, plan_id, b)
    around = axes(uow, organisation_id, plan_id)
    return compared(around, held_a, held_b, by, within or {}, only_different=only_different)
