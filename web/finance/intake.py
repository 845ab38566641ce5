"""Tables from Excel, a file or the clipboard: brought, looked through, mended, accepted."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from uuid import uuid4

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from api.problems import status_of
from api.security import Visitor
from erp.base.clock import now
from erp.base.errors import Conflict, RuleViolated
from erp.base.i18n import N_
from erp.base.money import parse_tiyn
from erp.base.sheets.model import Row, Value, address, letters
from erp.base.sheets.model import Sheet as Brought
from erp.base.sheets.values import text_of
from erp.base.uow import UnitOfWork
from erp.finance.intake import rules, service
from erp.finance.intake.model import (
    ADDED,
    FIELDS,
    LIMITS,
    MOST_DRAFTS,
    REGISTRAR,
    SUBCONTO,
    Grouping,
    Intake,
    IntakeRow,
    LineKind,
    Looked,
    Mark,
    Mended,
    Purpose,
    Settings,
)
from erp.finance.journal import service as journal
from erp.finance.journal.model import Journal, Page
from erp.finance.journal.rules import ValueMissing
from erp.reference.access.model import Permission
from erp.reference.organisations.model import Organisation
from ledger.model import Dimension
from web.brought import ShownCell, file_sent, written_over
from web.faults import Refusal, fault_sheet
from web.forms import key_typed, tidy
from web.i18n import Speech, moment, speech
from web.pages import Ask, Id, organisation_at, query_of, render, visit_of
from web.papers import Uploaded
from web.session import Choice, Sent, choice_in, remember
from web.tables.download import FORMATS, download
from web.tables.model import About, Column, Table
from web.tables.model import Row as TableRow

_POST = {"policy": Permission.JOURNAL_POST}

_PREVIEWED = 20
_MENDED_AT_ONCE = 60
_A_PAGE = 20

_LABELS: dict[str, str] = {
    "effective_on": N_("Date"),
    "journal": N_("Journal"),
    "document_number": N_("Document №"),
    "document_on": N_("Document date"),
    "memo": N_("Text"),
    REGISTRAR: N_("Document with its number and date (1C)"),
    "amount": N_("Amount, ₸"),
    "account": N_("Account"),
    "quantity": N_("Quantity"),
    "currency_amount": N_("Amount in the currency"),
    SUBCONTO: N_("Subconto (1C)"),
    "code": N_("BIN or IIN"),
    "name_ru": N_("Name in Russian"),
    "name_kk": N_("Name in Kazakh"),
    "name_en": N_("Name in English"),
}
_GROUPS: dict[str, str] = {
    "debit": N_("Debit"),
    "credit": N_("Credit"),
    "both": N_("Whichever side is kept by it"),
    "": N_("Entry"),
}
_ASKED = N_("Account {account} asks for: {what}.")
GROUPINGS: dict[Grouping, str] = {
    Grouping.DOCUMENT: N_("Rows with the same date and document"),
    Grouping.ROW: N_("Each row by itself"),
    Grouping.ONE: N_("All rows together"),
}
KINDS: dict[LineKind, str] = {
    LineKind.BLANK: N_("Blank rows"),
    LineKind.TOTAL: N_("Totals"),
    LineKind.NUMBERING: N_("Rows of column numbers"),
    LineKind.NOTE: N_("Rows without account and amount"),
    LineKind.LEFT: N_("Left out by you"),
    LineKind.KNOWN: N_("Registered already"),
}
"""Rows that are kept here and go no further."""


# ------------------------------------------------------------------------------------------------ bring


@get("/o/{organisation_id:int}/intake", opt=_POST, sync_to_thread=True)
def intake_page(request: Ask, visit: Visitor, organisation_id: Id) -> Response[str]:
    return _bringing(request)


@post("/o/{organisation_id:int}/intake", opt=_POST, sync_to_thread=True)
def paste(request: Ask, visit: Visitor, organisation_id: Id, data: Sent) -> Response[Any]:
    """Take what was pasted."""
    if choice := choice_in(data):
        remember(visit, choice)
        return _bringing(request, data, choice=choice)
    say = speech(visit.language)
    return _brought(
        request, organisation_id, data, "paste", lambda: (data.get("text", ""), say("Pasted {at}", at=moment(now())))
    )


@post("/o/{organisation_id:int}/intake/file", opt=_POST, sync_to_thread=True)
def bring_file(request: Ask, visit: Visitor, organisation_id: Id, data: Uploaded) -> Response[Any]:
    """Take a file, whatever its name says it is."""
    return _brought(request, organisation_id, data, "file", lambda: file_sent(request, data.get("file")))


def _brought(request: Ask, organisation_id: int, data: Mapping[str, Any], origin: str, source: Any) -> Response[Any]:
    visit = visit_of(request)
    try:
        table, key = service.read(*source()), key_typed(str(data.get("key")))
        purpose = _one_of(Purpose, data.get("purpose"), Purpose.ENTRIES)
        found = visit.run(
            lambda uow: service.bring(uow, organisation_id, table, origin=origin, key=key, purpose=purpose)
        )
    except (RuleViolated, Conflict) as refusal:
        return _bringing(request, data, refusal=refusal)
    return Redirect(f"/o/{organisation_id}/intake/{found.id}", status_code=303)


def _one_of(kind: Any, said: object, otherwise: Any) -> Any:
    """A member of an enumeration."""
    return kind(said) if said in set(kind) else otherwise


def _bringing(
    request: Ask,
    data: Mapping[str, Any] = {},
    *,
    refusal: Refusal | None = None,
    choice: Choice | None = None,
) -> Response[str]:
    visit, chosen = visit_of(request), choice or Choice()

    def show(uow: UnitOfWork) -> tuple[Organisation, Page[IntakeRow]]:
        organisation = organisation_at(uow)
        return organisation, service.intakes(uow, organisation.id, query_of(request).get("cursor"), _A_PAGE)

    organisation, page = visit.read(show)
    return render(
        request,
        "intake/form.html",
        help_of="intake",
        organisation=organisation,
        status=status_of(refusal) if refusal else 200,
        language=chosen.language,
        theme=chosen.theme,
        cookies=chosen.cookies(request),
        section="journal",
        form_id="paste",
        form_default="bring",
        here=f"/o/{organisation.id}/intake",
        key=str(uuid4()),
        text=data.get("text", ""),
        purpose=data.get("purpose", query_of(request).get("purpose", "")),
        limits=LIMITS,
        intakes=page.rows,
        next_url=f"/o/{organisation.id}/intake?cursor={page.next_cursor}" if page.next_cursor else "",
        summary=fault_sheet(refusal, chosen.language or visit.language).summary,
    )


# ------------------------------------------------------------------------------------------------ look through


class ShownRow(NamedTuple):
    number: int
    kind: LineKind
    cells: list[ShownCell]
    fault: str
    """Of the row as a whole, or of what it lacks."""


@get("/o/{organisation_id:int}/intake/{intake_id:int}", opt=_POST, sync_to_thread=True)
def intake(request: Ask, visit: Visitor, organisation_id: Id, intake_id: Id) -> Response[Any]:
    query = query_of(request)
    if query.get("as") in FORMATS:
        return download(visit, query["as"], lambda uow: _rest(uow, visit.language, organisation_id, intake_id))
    return _step(request, organisation_id, intake_id)


@post("/o/{organisation_id:int}/intake/{intake_id:int}", opt=_POST, sync_to_thread=True)
def change(request: Ask, visit: Visitor, organisation_id: Id, intake_id: Id, data: Sent) -> Response[Any]:
    """Keep how the table is read and what was mended, and then do what the button says."""
    address, version = f"/o/{organisation_id}/intake/{intake_id}", _version(data)
    choice = choice_in(data)
    if choice:
        remember(visit, choice)
    do = "check" if choice else data.get("do", "")
    try:
        if do == "discard":
            visit.run(lambda uow: service.discard(uow, organisation_id, intake_id, version))
            return Redirect(f"/o/{organisation_id}/intake", status_code=303)
        changed = visit.run(lambda uow: _changed(uow, organisation_id, intake_id, version, data))
        if do in _ACCEPT:
            return Redirect(
                visit.run(lambda uow: _ACCEPT[do](uow, organisation_id, intake_id, changed.version)), status_code=303
            )
    except (RuleViolated, Conflict) as refusal:
        return _step(request, organisation_id, intake_id, data, refusal=refusal, choice=choice)
    if choice:
        return _step(request, organisation_id, intake_id, choice=choice)
    return Redirect(address, status_code=303)


def _changed(uow: UnitOfWork, organisation_id: int, intake_id: int, version: int, data: Mapping[str, str]) -> Intake:
    found = service.intake(uow, organisation_id, intake_id)
    settings, mended = _said(found, data)
    return service.change(uow, organisation_id, intake_id, version, settings, mended)


def _said(found: Intake, data: Mapping[str, str]) -> tuple[Settings, Mended]:
    """How the person reads the table, and what they wrote over its cells: what is not in the form stays."""
    before = found.settings
    columns = [data.get(f"column.{at}", name) for at, name in enumerate(before.columns)]
    while (beyond := data.get(f"column.{len(columns)}")) and len(columns) < LIMITS.columns + len(ADDED):
        columns.append(beyond)
    heads = before.heads
    if "heads_first" in data:
        first, last = (_number(data.get(name, "")) for name in ("heads_first", "heads_last"))
        heads = (first, max(first, last)) if first else None
    settings = replace(
        before,
        purpose=_one_of(Purpose, data.get("purpose"), before.purpose),
        sheet=_number(data.get("sheet", str(before.sheet))),
        heads=heads,
        columns=tuple(columns),
        grouping=_one_of(Grouping, data.get("grouping"), before.grouping),
        **{n: tidy(data.get(n, getattr(before, n))) for n in ("journal", "effective_on", "memo")},
    )
    if settings.sheet != before.sheet:
        return settings, Mended()
    settings = replace(settings, columns=rules.fitting(settings.purpose, settings.columns, found.sheet.width))
    return settings, written_over(_Texts(found.sheet, len(settings.columns)), found.mended, data)


class _Texts:
    """What cells said as they were brought, by address; in columns that were added, nothing."""

    def __init__(self, sheet: Brought, width: int) -> None:
        self._rows = {row.number: row for row in sheet.rows}
        self._columns = {letters(at): at for at in range(width)}

    def _cell(self, place: str) -> tuple[Row, int] | None:
        name = place.rstrip("0123456789")
        number = place[len(name) :]
        row = self._rows.get(int(number)) if number.isdecimal() and len(number) < 8 else None
        column = self._columns.get(name)
        return None if row is None or column is None else (row, column)

    def __contains__(self, place: str) -> bool:
        return self._cell(place) is not None

    def __getitem__(self, place: str) -> str:
        found = self._cell(place)
        assert found is not None
        return text_of(_value(*found))


def _value(row: Row, column: int) -> Value:
    return row.values[column] if column < len(row.values) else ""


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else 0


def _version(data: Mapping[str, str]) -> int:
    return _number(data.get("version", "")) or -1


def _as_drafts(uow: UnitOfWork, organisation_id: int, intake_id: int, version: int) -> str:
    opened = service.accept_as_drafts(uow, organisation_id, intake_id, version)
    drafts = f"/o/{organisation_id}/drafts"
    return f"{drafts}/{opened[0].id}" if len(opened) == 1 else f"{drafts}?from={intake_id}"


def _as_job(uow: UnitOfWork, organisation_id: int, intake_id: int, version: int) -> str:
    return f"/jobs/{service.accept_as_job(uow, organisation_id, intake_id, version)}"


def _as_counterparties(uow: UnitOfWork, organisation_id: int, intake_id: int, version: int) -> str:
    service.accept_counterparties(uow, organisation_id, intake_id, version)
    return f"/o/{organisation_id}/intake/{intake_id}"


_ACCEPT = {"drafts": _as_drafts, "post": _as_job, "register": _as_counterparties}


@dataclass(frozen=True)
class Step:
    organisation: Organisation
    looked: Looked
    journals: list[Journal]


def _step(
    request: Ask,
    organisation_id: int,
    intake_id: int,
    typed: Mapping[str, str] = {},
    *,
    refusal: Refusal | None = None,
    choice: Choice | None = None,
) -> Response[str]:
    """The page of a table; with what was typed and could not be kept, over what another window kept."""
    visit, chosen = visit_of(request), choice or Choice()
    say = speech(chosen.language or visit.language)

    def show(uow: UnitOfWork) -> Step:
        found = service.intake(uow, organisation_id, intake_id)
        if found.became is None:
            settings, mended = _said(found, typed)
            if (settings.sheet, settings.purpose) == (found.settings.sheet, found.settings.purpose):
                found = found.reading(settings, mended)
        return Step(organisation_at(uow), service.looked(uow, found), journal.document_journals(uow))

    step = visit.read(show)
    found, faults = step.looked, _Faults(step.looked.marks, say)
    settings = found.intake.settings
    first, width = settings.heads[0] if settings.heads else 1, found.intake.sheet.width
    preview = [line.number for line in found.lines if line.number >= first and line.kind is not LineKind.BLANK]
    faulty = [line.number for line in found.lines if line.number in found.faulty or line.kind is LineKind.LEFT]
    sheet = fault_sheet(refusal, say.language)
    return render(
        request,
        "intake/step.html",
        help_of="intake",
        organisation=step.organisation,
        status=status_of(refusal) if refusal else 200,
        language=chosen.language,
        theme=chosen.theme,
        cookies=chosen.cookies(request),
        section="journal",
        form_id="" if found.intake.became else "intake",
        form_default="" if found.intake.became else "check",
        here=f"/o/{organisation_id}/intake/{intake_id}",
        address=f"/o/{organisation_id}/intake/{intake_id}",
        looked=found,
        intake=found.intake,
        settings=settings,
        heads=[(at, letters(at), title) for at, title in enumerate(found.titles[:width])],
        head_faults=[faults.at(None, at) for at in range(width)],
        added=list(enumerate(settings.columns[width:], start=width)),
        table_faults=faults.at(None, None),
        choices=_choices(settings.purpose, say),
        preview=list(_rows(found, faults, set(preview[:_PREVIEWED]))),
        faulty=list(_rows(found, faults, set(faulty[:_MENDED_AT_ONCE]))),
        faulty_count=len(faulty),
        used=[at for at, name in enumerate(settings.columns) if name in FIELDS[settings.purpose]],
        labels={at: field_name(name, say) for at, name in enumerate(settings.columns) if name},
        groupings=GROUPINGS,
        purposes=Purpose,
        kinds=[(name, number) for kind, name in KINDS.items() if (number := found.count(kind))],
        amount_tiyn=sum(parse_tiyn(row.amount) for entry in found.good for row in entry.sheet.rows),
        most_drafts=MOST_DRAFTS,
        journals=step.journals,
        summary=sheet.summary,
    )


class _Faults:
    """Sentences by cell."""

    def __init__(self, marks: Iterable[Mark], say: Speech) -> None:
        self._said: dict[tuple[int | None, int | None], list[str]] = {}
        for mark in marks:
            name = field_name(mark.field, say)
            text = say.refusal(mark.fault)
            if isinstance(mark.fault, ValueMissing):
                what = say.dimension(Dimension.of(mark.field.rpartition(".")[2]))
                text = say(_ASKED, account=mark.fault.fields["account"], what=f"{what[:1].lower()}{what[1:]}")
            said = f"{name}: {text}" if mark.column is None and name else text
            self._said.setdefault((mark.row, mark.column), []).append(said)

    def at(self, row: int | None, column: int | None) -> str:
        return " ".join(self._said.get((row, column), ()))


def _rows(found: Looked, faults: _Faults, numbers: Collection[int]) -> Iterator[ShownRow]:
    mended = found.intake.mended.cells
    for row, line in zip(found.intake.sheet.rows, found.lines, strict=True):
        if row.number not in numbers:
            continue
        cells = [
            ShownCell(
                place := address(row.number, at),
                mended.get(place, text_of(_value(row, at))),
                faults.at(row.number, at),
                place in mended,
            )
            for at in range(len(found.titles))
        ]
        yield ShownRow(row.number, line.kind, cells, faults.at(row.number, None))


def field_name(name: str, say: Speech) -> str:
    """As people call what a column means: ``credit.dimensions.item`` is “Credit, Item”."""
    if not name:
        return ""
    side, _, inner = name.rpartition(".") if "dimensions" not in name else name.partition("dimensions.")
    label = say.dimension(Dimension.of(inner)) if "dimensions" in name else say(_LABELS[inner])
    side = side.strip(".")
    if side and inner == "account":
        return say(_GROUPS[side])
    return f"{say(_GROUPS[side])}, {label[:1].lower()}{label[1:]}" if side else label


def _choices(purpose: Purpose, say: Speech) -> list[tuple[str, list[tuple[str, str]]]]:
    """What columns may mean, in groups."""
    if purpose is Purpose.COUNTERPARTIES:
        return [("", [(name, field_name(name, say)) for name in FIELDS[purpose]])]
    grouped: dict[str, list[tuple[str, str]]] = {"": [], "debit": [], "credit": [], "both": []}
    for name in FIELDS[purpose]:
        side = name.partition(".")[0]
        is_of_both = side in ("dimensions", "quantity", "currency_amount")
        group = side if side in ("debit", "credit") else "both" if is_of_both else ""
        grouped[group].append((name, field_name(name, say)))
    return [(say(_GROUPS[group]), names) for group, names in grouped.items()]


# ------------------------------------------------------------------------------------------------ the rest


def _rest(uow: UnitOfWork, language: Any, organisation_id: int, intake_id: int) -> tuple[Table, About]:
    """Rows that are not accepted, as they stand now, with the reasons: to be mended in a spreadsheet."""
    say, found = speech(language), service.look(uow, organisation_id, intake_id)
    faults, sheet = _Faults(found.marks, say), found.intake.sheet
    names = [field_name(name, say) for name in found.intake.settings.columns]
    titles = [title or (letters(at) if at < sheet.width else names[at]) for at, title in enumerate(found.titles)]
    columns = [*(Column(title, width=18) for title in titles), Column(say("Why it is left out"), width=60)]

    left = {
        line.number
        for line in found.lines
        if line.kind is LineKind.LEFT or (line.kind is LineKind.ENTRY and line.number not in found.good_rows)
    }

    def rows() -> Iterator[TableRow]:
        for row in _rows(found, faults, left):
            why = "; ".join(filter(None, [*(cell.fault for cell in row.cells), row.fault]))
            if row.kind is LineKind.LEFT:
                why = say("Left out by you")
            yield TableRow([*(cell.text for cell in row.cells), why or say("Another row of its entry has a fault.")])

    facts = [("", organisation_at(uow).name(language)), (say("Table"), found.intake.name), (say("Sheet"), sheet.name)]
    about = About([fact for fact in facts if fact[1]], now(), f"intake-{intake_id}-rest")
    return Table(say("Rows left out"), columns, rows()), about


# ------------------------------------------------------------------------------------------------ mappings


@get("/o/{organisation_id:int}/intake/mappings", opt=_POST, sync_to_thread=True)
def mappings(request: Ask, visit: Visitor, organisation_id: Id) -> Response[str]:
    organisation, found = visit.read(lambda uow: (organisation_at(uow), service.mappings(uow, organisation_id)))
    say = speech(visit.language)
    return render(
        request,
        "intake/mappings.html",
        organisation=organisation,
        section="journal",
        mappings=[
            (each, [(head or letters(at), field_name(name, say)) for at, (head, name) in _said_of(each) if name])
            for each in found
        ],
        groupings=GROUPINGS,
    )


def _said_of(mapping: Any) -> Iterator[tuple[int, tuple[str, str]]]:
    return enumerate(zip(mapping.heads, mapping.columns, strict=True))


@post("/o/{organisation_id:int}/intake/mappings/{mapping_id:int}", opt=_POST, sync_to_thread=True)
def forget_mapping(visit: Visitor, organisation_id: Id, mapping_id: FromPath[int], data: Sent) -> Response[Any]:
    """Forget what the columns of a table mean."""
    visit.run(lambda uow: service.forget_mapping(uow, organisation_id, mapping_id))
    return Redirect(f"/o/{organisation_id}/intake/mappings", status_code=303)


routes = [intake_page, paste, bring_file, mappings, forget_mapping, intake, change]
