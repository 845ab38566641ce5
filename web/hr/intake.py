"""People from a file: brought, looked through row by row, mended, accepted as staff.  Identity numbers are masked."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import uuid4

from litestar import Response, get, post
from litestar.response import Redirect

from api.problems import status_of
from api.security import Visit, Visitor
from erp.base.dates import day_string
from erp.base.errors import DomainError
from erp.base.i18n import N_
from erp.base.sheets.model import address, letters
from erp.base.uow import UnitOfWork
from erp.hr.intake import rules, service
from erp.hr.intake.model import FIELDS, LIMITS, Checked, Intake, IntakeRow, Line, LineKind, Note, Settings
from erp.hr.intake.schemas import AcceptList
from erp.hr.staffing import service as staffing
from erp.hr.staffing.model import StaffGroup, Unit
from erp.reference.access.model import Permission
from erp.reference.organisations.model import Organisation
from ledger.errors import LedgerError
from web.brought import ShownCell, source, written_over
from web.faults import Refusal, fault_sheet
from web.forms import key_typed, made, number_typed, tidy
from web.hr.acts import GROUPS, share
from web.i18n import Speech, speech
from web.pages import Ask, Id, organisation_at, query_of, render, visit_of
from web.papers import Uploaded
from web.session import Choice, Sent, choice_in, remember
from web.sheets import Typed
from web.tables.download import FORMATS, about, download
from web.tables.model import About, Column, Row, Table

_KEEP = {"policy": Permission.STAFF_KEEP}
_LISTS = "/o/{organisation_id:int}/staff/import"
_LIST = _LISTS + "/{intake_id:int}"
_SECTION = "staff"
_MENDED_AT_ONCE = 60
_NOTED_AT_ONCE = 60
_PREVIEWED = 12

LABELS = {
    "name": N_("Full name"),
    "family": N_("Family name"),
    "given": N_("Given name"),
    "patronymic": N_("Patronymic"),
    "birth_on": N_("Day of birth"),
    "identity": N_("Identity number (IIN)"),
    "unit": N_("Structural unit"),
    "above": N_("Unit above"),
    "post": N_("Position"),
    "category": N_("Category"),
    "staff_group": N_("Staff group"),
    "share": N_("Share of the post"),
    "since": N_("First day"),
    "last": N_("Last day"),
    "schedule": N_("Work schedule"),
    "hours": N_("Hours by day"),
    "number": N_("Personnel number"),
}
"""What the columns of the empty table are called; they are read back under these names."""
_EXPLAINED = {
    "name": N_(
        "family name, given name and patronymic in one cell; or three columns: Family name, Given name, Patronymic."
    ),
    "birth_on": N_("like 19.07.1985; tells people of one name apart."),
    "identity": N_("12 digits; kept encrypted. By it a person who is on record already is known."),
    "unit": N_("its name in any language, or its number in the staffing table."),
    "above": N_("the unit that it stands under; may be left empty."),
    "post": N_("its title in any language."),
    "category": N_("like D-O-4; may be left empty."),
    "staff_group": N_(
        "civil servant, civil employee or employee under the Labour Code; of posts that the list brings."
    ),
    "share": N_("1, 0,5 or 0,25; empty is 1."),
    "since": N_("from which day the person holds the post."),
    "last": N_("empty where no end is known."),
    "schedule": N_("five-day week, six-day week or shifts; empty is a five-day week."),
    "hours": N_("hours of each day from Monday on, of shifts from the first day on: 12 12 0 0."),
    "number": N_("may be left empty."),
}
_NOTES = {
    Note.ON_RECORD: N_(
        "Is already on record as {name}: this row appoints the same person; name and personal data stay as they are."
    ),
    Note.ELSEWHERE: N_(
        "Is already on record at another organisation: this row appoints the same person, under the name recorded"
        " there."
    ),
    Note.SAME_AS_ROW: N_("The same person as in row {row}: one more appointment."),
    Note.APPOINTED: N_("Is already appointed here: {name}. The row appoints nobody."),
    Note.NAMESAKE: N_(
        "{name} is on record too, and nothing tells whether it is the same person. If it is, leave the row out and"
        " appoint them in their file."
    ),
    Note.IDENTITY_OFFERED: N_(
        "{name} has no identity number on record, and this row has one that begins with their day of birth. Tick “Add"
        " the identity numbers” above to have it added."
    ),
    Note.IDENTITY_ADDED: N_("The identity number of this row is added to the personal data of {name}."),
    Note.IDENTITY_UNSURE: N_(
        "{name} has no identity number on record, and nothing tells that the number of this row is theirs: it is not"
        " added. Compare the day of birth, then record the number in their file."
    ),
    Note.BIRTH_DIFFERS: N_("The identity number begins with another day of birth."),
}
_KINDS = {
    LineKind.APPOINTED: N_("Appointed already"),
    LineKind.BLANK: N_("Blank rows"),
    LineKind.TOTAL: N_("Totals"),
    LineKind.HEAD: N_("Rows of heads"),
    LineKind.LEFT: N_("Left out by you"),
}
"""Rows that are kept here and go no further."""


# ------------------------------------------------------------------------------------------------ bring


@get(_LISTS, opt=_KEEP, sync_to_thread=True)
def lists_page(request: Ask, visit: Visitor, organisation_id: Id) -> Response[Any]:
    form = query_of(request).get("as", "")
    if form in FORMATS:
        return download(visit, form, lambda uow: _empty(visit, organisation_at(uow)))
    return _bringing(request, organisation_id)


def _empty(visit: Visit, organisation: Organisation) -> tuple[Table, About]:
    """The empty table, with what belongs into each column above its heads."""
    say = speech(visit.language)
    columns = [Column(say(LABELS[name]), width=24) for name in _EXPLAINED]
    facts = [(say(LABELS[name]), say(text)) for name, text in _EXPLAINED.items()]
    return Table(say("Staff"), columns, []), about(visit, organisation, "people", *facts)


@post(_LISTS, opt=_KEEP, sync_to_thread=True)
def bring(request: Ask, visit: Visitor, organisation_id: Id, data: Uploaded) -> Response[Any]:
    """Take a file, or cells from the clipboard, and show what is found in it."""
    vault = request.app.state.vault
    try:
        table = service.read(*source(request, data, speech(visit.language)))
        key = key_typed(str(data.get("key")))
        found = visit.run(lambda uow: service.bring(uow, vault, organisation_id, table, key=key))
    except (DomainError, LedgerError) as refusal:
        return _bringing(request, organisation_id, refusal=refusal)
    return Redirect(f"/o/{organisation_id}/staff/import/{found.id}", status_code=303)


def _bringing(request: Ask, organisation_id: int, *, refusal: Refusal | None = None) -> Response[str]:
    visit = visit_of(request)

    def show(uow: UnitOfWork) -> tuple[Organisation, list[IntakeRow]]:
        return organisation_at(uow), service.intakes(uow, organisation_id)

    organisation, intakes = visit.read(show)
    say = speech(visit.language)
    return render(
        request,
        "staff_intake/form.html",
        organisation=organisation,
        section=_SECTION,
        status=status_of(refusal) if refusal else 200,
        here=f"/o/{organisation_id}/staff/import",
        address=f"/o/{organisation_id}/staff/import",
        explained=[(say(LABELS[name]), say(text)) for name, text in _EXPLAINED.items()],
        limits=LIMITS,
        key=str(uuid4()),
        intakes=intakes,
        summary=fault_sheet(refusal, visit.language).summary,
    )


# ------------------------------------------------------------------------------------------------ look through


class ShownRow(NamedTuple):
    number: int
    kind: LineKind
    cells: list[ShownCell]
    fault: str
    notes: list[str]


@get(_LIST, opt=_KEEP, sync_to_thread=True)
def list_page(request: Ask, visit: Visitor, organisation_id: Id, intake_id: Id) -> Response[Any]:
    form = query_of(request).get("as", "")
    if form in FORMATS:
        return download(visit, form, lambda uow: _rest(request, uow, visit, organisation_id, intake_id))
    return _step(request, organisation_id, intake_id)


@post(_LIST, opt=_KEEP, sync_to_thread=True)
def change(request: Ask, visit: Visitor, organisation_id: Id, intake_id: Id, data: Sent) -> Response[Any]:
    """Keep how the list is read and what was mended, and then do what the button says."""
    vault, revision = request.app.state.vault, number_typed(data.get("revision", "")) or 0
    choice = choice_in(data)
    if choice:
        remember(visit, choice)
    do = "check" if choice else data.get("do", "")
    at = vault, organisation_id, intake_id
    try:
        if do == "discard":
            visit.run(lambda uow: service.discard(uow, *at, revision))
            return Redirect(f"/o/{organisation_id}/staff/import", status_code=303)
        command = made(AcceptList, {"reason": tidy(data.get("reason", ""))}) if do == "accept" else None
        kept = visit.run(lambda uow: _keep(uow, *at, revision, data))
        if command is not None:
            visit.run(lambda uow: service.accept(uow, *at, kept.revision, command))
    except (DomainError, LedgerError) as refusal:
        return _step(request, organisation_id, intake_id, data, refusal=refusal, choice=choice)
    if choice:
        return _step(request, organisation_id, intake_id, data, choice=choice)
    return Redirect(f"/o/{organisation_id}/staff/import/{intake_id}", status_code=303)


def _keep(
    uow: UnitOfWork, vault: Any, organisation_id: int, intake_id: int, revision: int, data: Mapping[str, str]
) -> Intake:
    found = service.intake(uow, vault, organisation_id, intake_id)
    said = service.check(uow, vault, found)
    settings = _settings(found.settings, said, data)
    brought = {address(number, at): text for number, texts in found.rows for at, text in enumerate(texts)}
    mended = written_over(brought, found.mended, _without_masks(said, data))
    return service.change(uow, vault, organisation_id, intake_id, revision, settings, mended)


def _without_masks(said: Checked, data: Mapping[str, str]) -> dict[str, str]:
    """What a form sent, but for cells that came back as they were shown: masked, or blank where a number is hidden."""
    shown = {
        f"cell.{address(line.number, at)}": (rules.shown(said.columns[at], text), said.columns[at] == "identity")
        for line in said.lines
        for at, text in enumerate(line.texts)
    }
    return {
        name: text
        for name, text in data.items()
        if name not in shown or (tidy(text) != shown[name][0] and (text or not shown[name][1]))
    }


def _settings(before: Settings, said: Checked, data: Mapping[str, str]) -> Settings:
    """How the list is read, as the form says it.  Raises: Invalid."""
    if "heads" not in data:
        return before
    typed = Typed(data)
    since, under = typed.day_or_none("since"), typed.number_or_none("under")
    group = typed.choice("staff_group", StaffGroup, before.staff_group)
    heads = typed.number_or_none("heads")
    typed.check()
    columns: tuple[str, ...] | None = tuple(
        name if (name := data.get(f"column.{at}", found)) in FIELDS else "" for at, found in enumerate(said.columns)
    )
    if heads != said.heads:
        columns = None
    elif columns == said.columns:
        columns, heads = before.columns, before.heads
    return Settings(
        columns,
        heads,
        since,
        group,
        typed.ticked("creates_units"),
        typed.ticked("creates_posts"),
        under,
        typed.ticked("adds_identities"),
        tidy(data.get("reason", "")),
    )


def _step(
    request: Ask,
    organisation_id: int,
    intake_id: int,
    typed: Mapping[str, str] = {},
    *,
    refusal: Refusal | None = None,
    choice: Choice | None = None,
) -> Response[str]:
    visit, chosen, vault = visit_of(request), choice or Choice(), request.app.state.vault
    say = speech(chosen.language or visit.language)

    def show(uow: UnitOfWork) -> tuple[Organisation, Checked, list[Unit]]:
        found = service.intake(uow, vault, organisation_id, intake_id)
        return organisation_at(uow), service.check(uow, vault, found), staffing.units(uow, organisation_id)

    organisation, found, units = visit.read(show)
    to_mend = [line for line in found.lines if line.faults or line.kind is LineKind.LEFT]
    noted = [line for line in found.lines if line.notes]
    read = [line for line in found.lines if line.kind is not LineKind.BLANK and not line.faults]
    sheet = fault_sheet(refusal, say.language)
    names = {unit.id: unit.name(say.language.value) for unit in units}
    return render(
        request,
        "staff_intake/step.html",
        organisation=organisation,
        section=_SECTION,
        status=status_of(refusal) if refusal else 200,
        language=chosen.language,
        theme=chosen.theme,
        cookies=chosen.cookies(request),
        form_id="intake" if found.intake.is_open else "",
        form_default="check" if found.intake.is_open else "",
        here=f"/o/{organisation_id}/staff/import/{intake_id}",
        address=f"/o/{organisation_id}/staff/import/{intake_id}",
        intake=found.intake,
        found=found,
        settings=found.intake.settings,
        since=typed.get("since", day_string(found.intake.settings.since) if found.intake.settings.since else ""),
        groups=GROUPS,
        units=sorted(names.items(), key=lambda each: each[1]),
        table_fault=say.refusal(found.fault) if found.fault else "",
        heads=[(at, letters(at), rules.masked(title)) for at, title in enumerate(found.titles)],
        labels=LABELS,
        used=[at for at, name in enumerate(found.columns) if name],
        preview=[_row(found, line, say) for line in read[:_PREVIEWED]],
        faulty=[_row(found, line, say) for line in to_mend[:_MENDED_AT_ONCE]],
        faulty_count=len(to_mend),
        noted=[_row(found, line, say) for line in noted[:_NOTED_AT_ONCE]],
        noted_count=len(noted),
        new_units=[
            (unit.name, names.get(unit.parent_id or 0, "") or _above(found, unit.above)) for unit in found.units
        ],
        new_posts=[
            (post.title, names.get(post.unit_id or 0, "") or _above(found, post.unit), share(post.percent))
            for post in found.posts
        ],
        kinds=[(say(name), number) for kind, name in _KINDS.items() if (number := found.count(kind))],
        reason=typed.get("reason", found.intake.settings.reason),
        summary=sheet.summary,
        faults=sheet.by_field,
    )


def _above(found: Checked, place: int | None) -> str:
    return found.units[place].name if place is not None else ""


def _row(found: Checked, line: Line, say: Speech) -> ShownRow:
    mended = found.intake.mended.cells
    cells = [
        ShownCell(
            place := address(line.number, at),
            rules.shown(found.columns[at], text),
            say.refusal(line.faults[at]) if at in line.faults else "",
            place in mended,
        )
        for at, text in enumerate(line.texts)
    ]
    notes = [say(_NOTES[note], **facts) for note, facts in line.notes]
    return ShownRow(line.number, line.kind, cells, say.refusal(line.faults[-1]) if -1 in line.faults else "", notes)


def _rest(request: Ask, uow: UnitOfWork, visit: Visit, organisation_id: int, intake_id: int) -> tuple[Table, About]:
    """Rows that would not be taken, as they were brought, with the reasons: to be mended in a spreadsheet."""
    say, vault = speech(visit.language), request.app.state.vault
    found = service.check(uow, vault, service.intake(uow, vault, organisation_id, intake_id))
    columns = [*(Column(title or "·", width=18) for title in found.titles), Column(say("Why it is left out"), width=60)]

    def rows() -> Iterator[Row]:
        for line in found.lines:
            if line.faults or line.kind is LineKind.LEFT:
                row = _row(found, line, say)
                why = "; ".join(filter(None, [*(cell.fault for cell in row.cells), row.fault]))
                yield Row([*line.texts, why or say("Left out by you")])

    facts = about(visit, organisation_at(uow), f"people-{intake_id}-rest", (say("Table"), found.intake.name))
    return Table(say("Rows left out"), columns, rows()), facts


routes: Sequence[Any] = [lists_page, bring, list_page, change]
