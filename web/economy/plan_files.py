"""Figures of a version in a file: taken out line by line, brought back as a checked draft, accepted as one edit."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import uuid4

from litestar import Response, get, post
from litestar.response import Redirect

from api.problems import status_of
from api.security import Visit, Visitor
from erp.base.errors import DomainError
from erp.base.i18n import N_
from erp.base.sheets.model import address
from erp.base.uow import UnitOfWork
from erp.economy.pivot import service
from erp.economy.pivot.files import CODES, HEADS, Checked, Line
from erp.economy.pivot.model import Intake, IntakeRow, Mended
from erp.economy.plans import service as plans
from erp.economy.plans.model import Plan, Version
from erp.reference.access.model import Permission
from erp.reference.access.policy import permissions_at
from erp.reference.organisations.model import Organisation
from ledger.errors import LedgerError
from web.brought import ShownCell, source, written_over
from web.economy.plans import version_address
from web.economy.sections import section_name
from web.faults import Refusal, fault_sheet
from web.forms import key_typed, number_typed, tidy
from web.i18n import Speech, speech
from web.pages import Ask, Id, organisation_at, query_of, render, visit_of
from web.papers import Uploaded
from web.session import Choice, Sent, choice_in, remember
from web.tables.download import FORMATS, about, download
from web.tables.model import About, Column, Kind, Row, Table

_READ = {"policy": Permission.PLAN_READ}
_EDIT = {"policy": Permission.PLAN_EDIT}
_FILE = "/o/{organisation_id:int}/plans/{plan_id:int}/versions/{version_id:int}/file"
_INTAKE = "/o/{organisation_id:int}/plans/files/{intake_id:int}"
_MENDED_AT_ONCE = 60
_PREVIEWED = 12

# ------------------------------------------------------------------------------------------------ out


@get(_FILE, opt=_READ, sync_to_thread=True)
def file_page(request: Ask, visit: Visitor, organisation_id: Id, plan_id: Id, version_id: Id) -> Response[Any]:
    form = query_of(request).get("as", "")
    if form in FORMATS:
        say = speech(visit.language)

        def file(uow: UnitOfWork) -> tuple[Table, About]:
            lines = service.lines(uow, organisation_id, plan_id, version_id)
            organisation = organisation_at(uow)
            facts = about(visit, organisation, f"version-{plan_id}-{version_id}", (say("Version"), lines.version.name))
            return _table(lines, say), facts

        return download(visit, form, file)
    return _bringing(request, organisation_id, plan_id, version_id)


def _table(lines: service.Lines, say: Speech) -> Table:
    """Every line of a version with its codes, which lead it back, and its names, which nobody reads back."""
    axes, cells, language = lines.axes, lines.cells, say.language.value
    names = {level: axes.level(level) for level in ("organisation", "programme", "economic")}
    columns = [
        *(Column(say(HEADS[name]), Kind.CODE, width=16) for name in CODES),
        *(Column(say(title), width=36) for title in _NAMED.values()),
        *(Column(str(year), Kind.MONEY) for year in cells.years),
    ]

    def rows() -> Iterator[Row]:
        places = axes.table.positions(cells.leaves).tolist()
        for at, amounts, there in zip(places, cells.amounts.tolist(), cells.present.tolist(), strict=True):
            key = axes.table.key_at(at)
            yield Row([
                section_name(key.section, say),
                axes.organisations[key.budget_id].code,
                axes.organisations[key.organisation_id].code,
                *key[3:],
                *(names[level].members[names[level].index[at]].name(language) for level in _NAMED),
                *(tiyn if is_there else None for tiyn, is_there in zip(amounts, there, strict=True)),
            ])  # fmt: skip

    return Table(say("Figures"), columns, rows())


_NAMED = {
    "organisation": N_("Name of the organisation"),
    "programme": N_("Name of the programme"),
    "economic": N_("Name of the specific"),
}


# ------------------------------------------------------------------------------------------------ in


@post(_FILE, opt=_EDIT, sync_to_thread=True)
def bring(
    request: Ask, visit: Visitor, organisation_id: Id, plan_id: Id, version_id: Id, data: Uploaded
) -> Response[Any]:
    """Take a file, or cells from the clipboard, and show what is found in it."""
    at = organisation_id, plan_id, version_id
    try:
        table = service.read(*source(request, data, speech(visit.language)))
        key = key_typed(str(data.get("key")))
        found = visit.run(lambda uow: service.bring(uow, *at, table, key=key))
    except (DomainError, LedgerError) as refusal:
        return _bringing(request, *at, refusal=refusal)
    return Redirect(f"/o/{organisation_id}/plans/files/{found.id}", status_code=303)


def _bringing(
    request: Ask, organisation_id: int, plan_id: int, version_id: int, *, refusal: Refusal | None = None
) -> Response[str]:
    visit = visit_of(request)

    def show(uow: UnitOfWork) -> tuple[Organisation, Plan, Version, list[IntakeRow]]:
        return (
            organisation_at(uow),
            plans.plan(uow, organisation_id, plan_id),
            plans.version(uow, organisation_id, plan_id, version_id),
            service.intakes(uow, organisation_id, plan_id, version_id),
        )

    organisation, plan, version, intakes = visit.read(show)
    may_edit = bool(visit.identity and Permission.PLAN_EDIT in permissions_at(visit.identity, organisation_id))
    address = version_address(organisation_id, plan_id, version_id)
    return render(
        request,
        "pivot/file.html",
        organisation=organisation,
        section="plans",
        status=status_of(refusal) if refusal else 200,
        here=f"{address}/file",
        address=f"{address}/file",
        version_url=address,
        plan=plan,
        version=version,
        may_bring=may_edit and version.is_open,
        limits=service.LIMITS,
        key=str(uuid4()),
        intakes=intakes,
        summary=fault_sheet(refusal, visit.language).summary,
    )


# ------------------------------------------------------------------------------------------------ look through


class ShownRow(NamedTuple):
    number: int
    kind: str
    cells: list[ShownCell]
    fault: str


@get(_INTAKE, opt=_EDIT, sync_to_thread=True)
def intake(request: Ask, visit: Visitor, organisation_id: Id, intake_id: Id) -> Response[Any]:
    form = query_of(request).get("as", "")
    if form in FORMATS:
        return download(visit, form, lambda uow: _rest(uow, visit, organisation_id, intake_id))
    return _step(request, organisation_id, intake_id)


@post(_INTAKE, opt=_EDIT, sync_to_thread=True)
def change(request: Ask, visit: Visitor, organisation_id: Id, intake_id: Id, data: Sent) -> Response[Any]:
    """Keep what was mended, and then do what the button says: look again, throw away, accept."""
    choice = choice_in(data)
    if choice:
        remember(visit, choice)
    revision, do = number_typed(data.get("revision", "")) or 0, "check" if choice else data.get("do", "")
    try:
        if do == "discard":
            gone = visit.run(lambda uow: service.discard(uow, organisation_id, intake_id, revision))
            return Redirect(f"{_of(gone)}/file", status_code=303)
        mended = visit.run(lambda uow: _keep(uow, organisation_id, intake_id, revision, data))
        if do == "accept":
            visit.run(
                lambda uow: service.accept(
                    uow,
                    organisation_id,
                    intake_id,
                    mended.revision,
                    tidy(data.get("reason", "")),
                    expected_edits=number_typed(data.get("edits", "")) or 0,
                )
            )
    except (DomainError, LedgerError) as refusal:
        return _step(request, organisation_id, intake_id, data, refusal=refusal, choice=choice)
    if choice:
        return _step(request, organisation_id, intake_id, data, choice=choice)
    return Redirect(f"/o/{organisation_id}/plans/files/{intake_id}", status_code=303)


def _of(found: Intake) -> str:
    return version_address(found.organisation_id, found.plan_id, found.version_id)


def _keep(uow: UnitOfWork, organisation_id: int, intake_id: int, revision: int, data: Mapping[str, str]) -> Intake:
    found, sheet = service.intake(uow, organisation_id, intake_id), number_typed(data.get("sheet", ""))
    mended = _said(found, data) if sheet in (None, found.sheet) else Mended()
    return service.mend(uow, organisation_id, intake_id, revision, mended, sheet)


def _said(found: Intake, data: Mapping[str, str]) -> Mended:
    """What the person wrote over cells and left out; what is not in the form stays."""
    brought = {address(number, at): text for number, texts in found.rows for at, text in enumerate(texts)}
    return written_over(brought, found.mended, data)


def _step(
    request: Ask,
    organisation_id: int,
    intake_id: int,
    typed: Mapping[str, str] = {},
    *,
    refusal: Refusal | None = None,
    choice: Choice | None = None,
) -> Response[str]:
    visit, chosen = visit_of(request), choice or Choice()
    say = speech(chosen.language or visit.language)

    def show(uow: UnitOfWork) -> tuple[Organisation, Plan, Version, Checked]:
        found = service.intake(uow, organisation_id, intake_id)
        plan = plans.plan(uow, organisation_id, found.plan_id)
        version, said = service.check(uow, found)
        return organisation_at(uow), plan, version, said

    organisation, plan, version, found = visit.read(show)
    is_open = found.intake.accepted_at is None and version.is_open
    to_mend = [line.number for line in found.lines if line.faults or line.kind == "left"]
    read = [line.number for line in found.lines if line.kind == "line" and not line.faults]
    by_number = {line.number: line for line in found.lines}

    def rows(numbers: Sequence[int]) -> list[ShownRow]:
        return [_row(found, by_number[number], say) for number in numbers]

    sheet = fault_sheet(refusal, say.language)
    return render(
        request,
        "pivot/intake.html",
        organisation=organisation,
        section="plans",
        status=status_of(refusal) if refusal else 200,
        language=chosen.language,
        theme=chosen.theme,
        cookies=chosen.cookies(request),
        form_id="intake" if is_open else "",
        form_default="check" if is_open else "",
        here=f"/o/{organisation_id}/plans/files/{intake_id}",
        address=f"/o/{organisation_id}/plans/files/{intake_id}",
        version_url=_of(found.intake),
        plan=plan,
        version=version,
        intake=found.intake,
        found=found,
        is_open=is_open,
        table_fault=say.refusal(found.fault) if found.fault else "",
        titles=list(found.titles),
        used=[at for at, name in enumerate(found.names) if name],
        preview=rows(read[:_PREVIEWED]),
        faulty=rows(to_mend[:_MENDED_AT_ONCE]),
        faulty_count=len(to_mend),
        kinds=[(say(name), number) for kind, name in _KINDS.items() if (number := found.count(kind))],
        reason=typed.get("reason", ""),
        summary=sheet.summary,
        faults=sheet.by_field,
    )


_KINDS = {"blank": N_("Blank rows"), "total": N_("Totals"), "head": N_("Rows of heads"), "left": N_("Left out by you")}
"""Rows that are kept here and go no further."""


def _row(found: Checked, line: Line, say: Speech) -> ShownRow:
    mended = found.intake.mended.cells
    cells = [
        ShownCell(
            place := address(line.number, at),
            text,
            say.refusal(line.faults[at]) if at in line.faults else "",
            place in mended,
        )
        for at, text in enumerate(line.texts)
    ]
    return ShownRow(line.number, line.kind, cells, say.refusal(line.faults[-1]) if -1 in line.faults else "")


def _rest(uow: UnitOfWork, visit: Visit, organisation_id: int, intake_id: int) -> tuple[Table, About]:
    """Rows that would not be taken over, with the reasons: to be mended in a spreadsheet."""
    say = speech(visit.language)
    _, found = service.check(uow, service.intake(uow, organisation_id, intake_id))
    columns = [*(Column(title or "·", width=18) for title in found.titles), Column(say("Why it is left out"), width=60)]

    def rows() -> Iterator[Row]:
        for line in found.lines:
            if line.faults or line.kind == "left":
                row = _row(found, line, say)
                why = "; ".join(filter(None, [*(cell.fault for cell in row.cells), row.fault]))
                yield Row([*(cell.text for cell in row.cells), why or say("Left out by you")])

    facts = about(visit, organisation_at(uow), f"plan-file-{intake_id}-rest", (say("Table"), found.intake.name))
    return Table(say("Rows left out"), columns, rows()), facts


routes = [file_page, bring, intake, change]
