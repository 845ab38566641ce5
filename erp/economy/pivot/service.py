"""Use cases of pivots.  Each runs inside the caller's unit of work."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid5

from erp.base import audit
from erp.base.clock import today
from erp.base.errors import Invalid
from erp.base.sheets.heads import telling
from erp.base.sheets.model import Limits, Table
from erp.base.sheets.reader import read_table
from erp.base.uow import UnitOfWork
from erp.economy.pivot import queries, rules
from erp.economy.pivot.cube import Cube, Placed, placed
from erp.economy.pivot.files import Checked, NothingGood, bins_in, checked, headings
from erp.economy.pivot.model import (
    Actual,
    Behind,
    BroughtSheet,
    Entry,
    Intake,
    IntakeRow,
    Layout,
    Mended,
    Pivot,
    Question,
    Turnover,
)
from erp.economy.plans import service as plans
from erp.economy.plans.axes import Axes
from erp.economy.plans.model import Cells, Edit, LeafTable, Plan, Version
from erp.economy.plans.rules import require_in_use, require_open, require_version
from erp.reference.organisations import service as organisations
from ledger.errors import KeyReused

LIMITS = Limits(rows=20_000, columns=60)
LONGEST_FILE_NAME = 200


@dataclass(frozen=True)
class Lines:
    """A version line by line."""

    version: Version
    axes: Axes
    cells: Cells


@dataclass(frozen=True)
class Looked:
    """A version laid out, and all that its figures are made of."""

    plan: Plan
    version: Version
    cube: Cube
    pivot: Pivot
    books: Placed | None


def look(
    uow: UnitOfWork,
    organisation_id: int,
    plan_id: int,
    version_id: int,
    question: Question,
    *,
    edits: int | None = None,
) -> Looked:
    """A version as it is, or was after its first ``edits``.  Raises: PlanUnknown, VersionUnknown, VersionPutAway."""
    plan = plans.plan(uow, organisation_id, plan_id)
    version = plans.version(uow, organisation_id, plan_id, version_id)
    require_in_use(version)
    cube, books = _cube(uow, plan, version_id, question.actual, edits=edits)
    return Looked(plan, version, cube, cube.ask(question), books)


def _cube(
    uow: UnitOfWork, plan: Plan, version_id: int, actual: Actual | None = None, *, edits: int | None = None
) -> tuple[Cube, Placed | None]:
    """Of the lines that the version holds: another version's lines are no members of its levels."""
    at = plan.organisation_id, plan.id
    cells = plans.cells(uow, *at, version_id, edits)
    axes = plans.axes(uow, *at).of(cells.leaves)
    if actual is None:
        return Cube.of(axes, cells), None
    books = _books(uow, plan, axes, actual)
    return Cube.of(_over(uow, axes, books.table), cells, books), books


def _books(uow: UnitOfWork, plan: Plan, axes: Axes, actual: Actual) -> Placed:
    """What the books of the lines' institutions, and of all below the plan's owner, say where the scope reads plans."""
    named = [int(code) for code in axes.table.columns["organisation_id"].codes]
    said = queries.actuals(uow.connection, uow.scope, plan.organisation_id, named, plan.years, actual)
    return placed(axes.table, plan.years, plan.organisation_id, said)


def _over(uow: UnitOfWork, axes: Axes, table: LeafTable) -> Axes:
    """The same levels over a table with leaves of more organisations."""
    named = {int(code) for name in ("budget_id", "organisation_id") for code in table.columns[name].codes}
    missing, day = sorted(named - axes.organisations.keys()), today()
    above = organisations.above(uow, missing, day) if missing else {}
    found = organisations.by_ids(uow, missing, day) if missing else {}
    found |= {each.id: each for bodies in above.values() for each in bodies}
    return replace(
        axes, table=table, organisations={**found, **axes.organisations}, above={**above, **axes.above}, _made={}
    )


# ------------------------------------------------------------------------------------------------ typing


def type_in(
    uow: UnitOfWork,
    organisation_id: int,
    plan_id: int,
    version_id: int,
    question: Question,
    entries: Sequence[Entry],
    reason: str,
    *,
    expected_edits: int,
    key: UUID,
) -> Edit:
    """Save figures typed at leaves or totals of a pivot as one edit; a total goes to its cells by their shares.

    Shares are those of the version as it was seen, so repeating it under its key changes nothing.

    Raises: Invalid, with the fault of each entry under its place (``figures.3``); what ``plans.edit`` does.
    """
    plan = plans.plan(uow, organisation_id, plan_id)
    cube, _ = _cube(uow, plan, version_id, edits=expected_edits)
    changes = cube.typed(question, entries)
    if changes.faults:
        require_version(plans.version(uow, organisation_id, plan_id, version_id), expected_edits)
        raise Invalid({f"figures.{place}": fault for place, fault in changes.faults.items()})
    return plans.edit(
        uow, organisation_id, plan_id, version_id, changes.cells, reason, expected_edits=expected_edits, key=key
    )


# ------------------------------------------------------------------------------------------------ actuals


def behind_actual(
    uow: UnitOfWork,
    organisation_id: int,
    plan_id: int,
    version_id: int,
    question: Question,
    row: Sequence[str],
    column: Sequence[str],
    readable: Collection[int],
) -> list[Behind]:
    """What an actual beside a version sums, by organisation and year; accounts of those among ``readable``.

    Raises: PlanUnknown, VersionUnknown, VersionPutAway, FigureUnknown.
    """
    assert question.actual is not None
    looked = look(uow, organisation_id, plan_id, version_id, question)
    plan, cube, books = looked.plan, looked.cube, looked.books
    assert books is not None
    leaves, years = (set(each.tolist()) for each in cube.behind(question, row, column))
    counted = {
        (each.organisation_id, each.fiscal_year, each.programme, each.specific, each.source): each.actual_tiyn
        for each, leaf in books.actuals
        if leaf in leaves and plan.years.index(each.fiscal_year) in years
    }
    institutions = {key[0] for key in counted}
    found = queries.turnovers(
        uow.connection, uow.scope, institutions & set(readable), sorted({key[1] for key in counted}), question.actual
    )
    by_place: dict[tuple[int, int], list[Turnover]] = {}
    for each in found:
        if (each.organisation_id, each.fiscal_year, each.programme, each.specific, each.source) in counted:
            by_place.setdefault((each.organisation_id, each.fiscal_year), []).append(each)
    totals: dict[tuple[int, int], int] = {}
    for (at, year, *_), tiyn in counted.items():
        totals[at, year] = totals.get((at, year), 0) + tiyn
    return [
        Behind(at, year, tiyn, tuple(by_place.get((at, year), ())), at in readable)
        for (at, year), tiyn in sorted(totals.items())
    ]


# ------------------------------------------------------------------------------------------------ files


def read(source: bytes | str, name: str) -> Table:
    """A file's bytes, or cells from the clipboard, as a table; needs no unit of work.

    Raises: FileOfAnotherKind, FileDamaged, TableTooLarge, TableTooHeavy, TableEmpty, QuotesUnpaired.
    """
    return read_table(source, name[:LONGEST_FILE_NAME], LIMITS)


def bring(uow: UnitOfWork, organisation_id: int, plan_id: int, version_id: int, table: Table, *, key: UUID) -> Intake:
    """Keep a file for a version as it was brought; the same key gives what it brought before.

    Of several sheets the one is read whose heads tell the most of codes and years.

    Raises: PlanUnknown, VersionUnknown, VersionFrozen, VersionPutAway; KeyReused, where that was another file.
    """
    plan, version = plans.plan(uow, organisation_id, plan_id), plans.version(uow, organisation_id, plan_id, version_id)
    sheets = tuple(
        BroughtSheet(each.name, tuple((row.number, row.texts) for row in each.rows)) for each in table.sheets
    )
    made, found = None, queries.intake(uow.connection, uow.scope, organisation_id, key=key)
    if found is None:
        require_open(version)
        at = organisation_id, plan_id, version_id
        sheet = telling(table.sheets, headings(plan.years))
        made = queries.insert_intake(uow.connection, uow.scope, *at, key, table.name, sheets, sheet)
        found = queries.intake(uow.connection, uow.scope, organisation_id, key=key)
    if found is None or (found.plan_id, found.version_id, found.sheets) != (plan_id, version_id, sheets):
        raise KeyReused(key=str(key))
    if made is not None:
        _tell(uow, "plan-file-brought", found, name=found.name, rows=sum(len(each.rows) for each in sheets))
    return found


def intake(uow: UnitOfWork, organisation_id: int, intake_id: int) -> Intake:
    """One that the actor brought.  Raises: IntakeUnknown."""
    found = queries.intake(uow.connection, uow.scope, organisation_id, intake_id=intake_id)
    if found is None:
        raise rules.IntakeUnknown()
    return found


def intakes(uow: UnitOfWork, organisation_id: int, plan_id: int, version_id: int) -> list[IntakeRow]:
    """The last files that the actor brought for a version."""
    return queries.intakes(uow.connection, uow.scope, organisation_id, plan_id, version_id)


def check(uow: UnitOfWork, found: Intake) -> tuple[Version, Checked]:
    """A file with everything found in it, over its version as that is now; nothing is saved."""
    at = found.organisation_id, found.plan_id
    plan, version = plans.plan(uow, *at), plans.version(uow, *at, found.version_id)
    cube, _ = _cube(uow, plan, version.id)
    return version, checked(found, cube, plans.registers(uow, *at, bins_in(found)))


def mend(
    uow: UnitOfWork, organisation_id: int, intake_id: int, revision: int, mended: Mended, sheet: int | None = None
) -> Intake:
    """Keep what was written over cells and which rows are left out, and which sheet is read, as before if not said.

    Raises: IntakeUnknown, IntakeChanged, IntakeAccepted, SheetUnknown.
    """
    found = _lock(uow, organisation_id, intake_id, revision)
    sheet = found.sheet if sheet is None else sheet
    if not 0 <= sheet < len(found.sheets):
        raise rules.SheetUnknown(known=", ".join(each.name for each in found.sheets))
    if (mended, sheet) != (found.mended, found.sheet):
        queries.mend_intake(uow.connection, uow.scope, organisation_id, intake_id, mended, sheet)
    return intake(uow, organisation_id, intake_id)


def discard(uow: UnitOfWork, organisation_id: int, intake_id: int, revision: int) -> Intake:
    """Throw a file away that was not accepted.  Raises: IntakeUnknown, IntakeChanged, IntakeAccepted."""
    found = _lock(uow, organisation_id, intake_id, revision)
    queries.delete_intake(uow.connection, uow.scope, organisation_id, intake_id)
    _tell(uow, "plan-file-thrown-away", found, name=found.name)
    return found


def accept(
    uow: UnitOfWork,
    organisation_id: int,
    intake_id: int,
    revision: int,
    reason: str,
    *,
    expected_edits: int,
) -> Edit:
    """Save what the good rows of a file say as one edit of its version; the others stay in the file.

    Raises: IntakeUnknown, IntakeChanged, IntakeAccepted, NothingGood; what ``plans.edit`` does.
    """
    found = _lock(uow, organisation_id, intake_id, revision)
    at = organisation_id, found.plan_id
    _, said = check(uow, found)
    if not said.good:
        raise NothingGood()
    made = plans.intern(uow, *at, said.added).tolist()
    edit = plans.edit(
        uow,
        *at,
        found.version_id,
        said.changes_under(made),
        reason,
        expected_edits=expected_edits,
        key=uuid5(found.key, "accepted"),
    )
    queries.accept_intake(uow.connection, uow.scope, organisation_id, intake_id, edit.cells)
    _tell(uow, "plan-file-accepted", found, name=found.name, edit=edit.no, cells=edit.cells)
    return edit


def _lock(uow: UnitOfWork, organisation_id: int, intake_id: int, revision: int) -> Intake:
    queries.lock_intake(uow.connection, uow.scope, organisation_id, intake_id)
    found = intake(uow, organisation_id, intake_id)
    if found.accepted_at is not None:
        raise rules.IntakeAccepted()
    if found.revision != revision:
        raise rules.IntakeChanged()
    return found


def _tell(uow: UnitOfWork, action: str, found: Intake, **facts: Any) -> None:
    audit.record(uow.connection, uow.scope, action, found.subject, organisation_id=found.organisation_id, **facts)


def lines(uow: UnitOfWork, organisation_id: int, plan_id: int, version_id: int) -> Lines:
    """Every line of a version with its figures, as files have them.  Raises: PlanUnknown, VersionUnknown."""
    axes, cells = plans.axes(uow, organisation_id, plan_id), plans.cells(uow, organisation_id, plan_id, version_id)
    version = plans.version(uow, organisation_id, plan_id, version_id)
    return Lines(version, axes, cells)


# ------------------------------------------------------------------------------------------------ layouts


def layouts(uow: UnitOfWork, organisation_id: int) -> list[Layout]:
    """Views that the asker keeps, and those shared by others."""
    return queries.layouts(uow.connection, uow.scope, organisation_id)


def keep_layout(uow: UnitOfWork, organisation_id: int, *, name: str, query: str, shared: bool, may_share: bool) -> int:
    """Keep what is asked under a name; one's own of the same name asks this from now on.

    Raises: LayoutUnnamed, LayoutTooLong, SharingNotPermitted.
    """
    name = rules.tidy_name(name)
    if shared and not may_share:
        raise rules.SharingNotPermitted()
    if len(query) > rules.LONGEST_QUERY:
        raise rules.LayoutTooLong()
    layout_id, is_new = queries.keep_layout(
        uow.connection,
        uow.scope,
        organisation_id,
        name=name,
        query=query,
        shared=shared,
    )
    action = "layout-saved" if is_new else "layout-changed"
    _record(uow, organisation_id, action, layout_id, name=name, query=query, shared=shared)
    return layout_id


def layout(uow: UnitOfWork, organisation_id: int, layout_id: int) -> Layout:
    """A view that the asker keeps or sees.  Raises: LayoutUnknown."""
    found = next((each for each in layouts(uow, organisation_id) if each.id == layout_id), None)
    if found is None:
        raise rules.LayoutUnknown()
    return found


def rename_layout(uow: UnitOfWork, organisation_id: int, layout_id: int, name: str) -> Layout:
    """Call a view of one's own otherwise.  Raises: LayoutUnknown, LayoutUnnamed, LayoutTwice."""
    name = rules.tidy_name(name)
    own = {each.id: each for each in layouts(uow, organisation_id) if each.owner_id == uow.scope.actor.id}
    if layout_id not in own:
        raise rules.LayoutUnknown()
    before = own.pop(layout_id)
    if any(each.name == name for each in own.values()):
        raise rules.LayoutTwice(name=name)
    if name != before.name:
        queries.rename_layout(uow.connection, uow.scope, organisation_id, layout_id, name)
        changed = {"before": {"name": before.name}, "after": {"name": name}}
        _record(uow, organisation_id, "layout-changed", layout_id, **changed)
    return replace(before, name=name)


def delete_layout(uow: UnitOfWork, organisation_id: int, layout_id: int) -> None:
    """Forget a view of one's own.  Raises: LayoutUnknown."""
    name = queries.delete_layout(uow.connection, uow.scope, organisation_id, layout_id)
    if name is None:
        raise rules.LayoutUnknown()
    _record(uow, organisation_id, "layout-deleted", layout_id, name=name)


def _record(uow: UnitOfWork, organisation_id: int, action: str, layout_id: int, **facts: Any) -> None:
    subject = f"plan-view:{organisation_id}/{layout_id}"
    audit.record(uow.connection, uow.scope, action, subject, organisation_id=organisation_id, **facts)
