"""Use cases of an intake.  Each runs inside the caller's unit of work, and concerns the actor's own tables alone."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import chain
from typing import Any
from uuid import UUID, uuid5

from erp.base import audit
from erp.base.clock import today
from erp.base.cursors import INTEGER, number_in
from erp.base.dates import DateInterval, MonthSpan, day_string
from erp.base.sheets.model import Sheet as Brought
from erp.base.sheets.model import Table
from erp.base.sheets.reader import read_table
from erp.base.uow import UnitOfWork
from erp.finance.drafts import rules as typed
from erp.finance.drafts import service as drafts
from erp.finance.drafts.model import Draft, Origin
from erp.finance.intake import accepted, form, queries, rules
from erp.finance.intake.model import (
    LIMITS,
    MOST_DRAFTS,
    Became,
    Gathered,
    Intake,
    IntakeRow,
    Looked,
    Mark,
    Mended,
    Purpose,
    Remembered,
    Settings,
)
from erp.finance.journal import queries as journal_queries
from erp.finance.journal import service as journal
from erp.finance.journal import values
from erp.finance.journal.imports.rules import journal_code
from erp.finance.journal.model import Account, Page
from erp.finance.journal.rules import Faults
from erp.reference.attachments.model import Checked
from erp.reference.classification.queries import REGISTERED
from erp.reference.counterparties import service as counterparties
from erp.reference.counterparties.service import RegisterCounterparty
from erp.reference.jobs import service as jobs
from ledger.model import Dimension

JOB = "intake"
"""Kind of the job that books what was accepted."""
KEYS = UUID("0c6f3f4e-5d0b-5a51-9a3f-7a4a3b5f8d21")
"""Entries of a table are booked under keys made from its own and the row they begin in, in whichever way."""
_USUAL_JOURNAL = "MO-16"  # other operations
_LONGEST_NAME = 200


def read(source: bytes | str, name: str) -> Table:
    """A file's bytes, or a text from the clipboard, as a table; needs no unit of work.

    Raises: FileOfAnotherKind, FileDamaged, TableTooLarge, TableTooHeavy, TableEmpty, QuotesUnpaired.
    """
    return read_table(source, name[:_LONGEST_NAME], LIMITS)


# ------------------------------------------------------------------------------------------------ bring and look


def bring(
    uow: UnitOfWork,
    organisation_id: int,
    table: Table,
    *,
    origin: str,
    key: UUID,
    purpose: Purpose = Purpose.ENTRIES,
) -> Intake:
    """Keep a table as it was brought, read as well as it can be; the same key gives what it brought before.

    Raises: IntakeKeyReused, where that was another table.
    """
    settings = replace(
        _best(uow, organisation_id, table.sheets[0], purpose),
        journal=_usual_journal(uow),
        effective_on=_usual_day(uow, organisation_id),
        memo=table.name,
    )
    connection, scope = uow.connection, uow.scope
    intake_id = queries.insert(connection, scope, organisation_id, key, origin, table.name, table.sheets, settings)
    found = queries.intake(connection, scope, organisation_id, key=key)
    if found is None:  # thrown away just now
        raise rules.IntakeUnknown()
    if intake_id is not None:
        _record(uow, "table-brought", found, rows=sum(len(sheet.rows) for sheet in found.sheets))
    elif found.sheets != form.sheets(form.of_sheets(table.sheets)):
        raise rules.IntakeKeyReused()
    return found


def intake(uow: UnitOfWork, organisation_id: int, intake_id: int) -> Intake:
    """One that the actor brought.  Raises: IntakeUnknown."""
    found = queries.intake(uow.connection, uow.scope, organisation_id, intake_id=intake_id)
    if found is None:
        raise rules.IntakeUnknown()
    return found


def intakes(uow: UnitOfWork, organisation_id: int, cursor: str | None = None, limit: int = 20) -> Page[IntakeRow]:
    """A page of what the actor brought, the newest first.  Raises: CursorMalformed."""
    before = number_in(cursor, most=INTEGER) if cursor else None
    found = queries.rows(uow.connection, uow.scope, organisation_id, before=before, limit=limit + 1)
    shown = tuple(found[:limit])
    return Page(shown, str(shown[-1].id) if len(found) > limit else None)


def look(uow: UnitOfWork, organisation_id: int, intake_id: int) -> Looked:
    """The table with everything found in it; nothing is saved.  Raises: IntakeUnknown."""
    return looked(uow, intake(uow, organisation_id, intake_id))


def looked(uow: UnitOfWork, found: Intake) -> Looked:
    settings = found.settings
    heads = rules.titles(found.sheet, settings)
    marks = list(rules.column_faults(settings, heads))
    if settings.purpose is Purpose.COUNTERPARTIES:
        lines = rules.lines(found.sheet, settings, found.mended, rules.Lookups())
        said = rules.counterparties(found.sheet, settings, found.mended, lines)
        lines = rules.known_apart(lines, said, counterparties.known(uow, [each.code for each in said.values()]))
        marks += rules.counterparty_faults(lines, said)
        heads += ("",) * (len(settings.columns) - len(heads))
        return Looked(found, heads, tuple(lines), (), tuple(marks), said)
    lookups = _lookups(uow, found)
    lines = rules.lines(found.sheet, settings, found.mended, lookups)
    journals = {each.code: each.id for each in journal.journals(uow)}
    entries = rules.gather(lines, settings, lambda code: journal_code(code, journals) or code)
    marks += rules.grouping_faults(entries, settings)
    marks += _faults(uow, found.organisation_id, entries)
    columns = rules.with_what_is_asked(settings.columns, marks)
    places = {name: at for at, name in enumerate(columns) if at >= len(settings.columns)}
    marks = [replace(mark, column=places.get(mark.field)) if mark.column is None else mark for mark in marks]
    found = found.reading(replace(settings, columns=columns), found.mended)
    return Looked(found, heads + ("",) * (len(columns) - len(heads)), tuple(lines), tuple(entries), tuple(marks))


def _best(uow: UnitOfWork, organisation_id: int, sheet: Brought, purpose: Purpose) -> Settings:
    """As tables with the same heads were read last, else as heads and contents suggest."""
    return _as_last(uow, organisation_id, sheet, rules.guess(sheet, purpose, _accounts(uow)))


def _accounts(uow: UnitOfWork) -> set[str]:
    return {account.code for account in journal.accounts(uow, today())}


def _as_last(uow: UnitOfWork, organisation_id: int, sheet: Brought, guessed: Settings) -> Settings:
    """As tables with the same heads were read last, else as guessed."""
    purpose = guessed.purpose
    signature = rules.signature(purpose, rules.titles(sheet, guessed))
    known = queries.mappings_of(uow.connection, uow.scope, organisation_id, {purpose: signature}).get(purpose)
    if known is None:
        return guessed
    return replace(guessed, columns=rules.fitting(purpose, known.columns, sheet.width), grouping=known.grouping)


def _usual_journal(uow: UnitOfWork) -> str:
    codes = [each.code for each in journal.document_journals(uow)]
    return _USUAL_JOURNAL if _USUAL_JOURNAL in codes else next(iter(codes), "")


def _usual_day(uow: UnitOfWork, organisation_id: int) -> str:
    """Today, or the last day kept where today's month is not."""
    kept = {each.month for each in journal.months(uow, organisation_id) if each.state == "open"}
    day = today()
    if kept and day.replace(day=1) not in kept:
        last = max((month for month in kept if month <= day), default=min(kept))
        day = MonthSpan(last, last).last_day
    return day_string(day)


def _lookups(uow: UnitOfWork, found: Intake) -> rules.Lookups:
    chart: dict[str, list[tuple[Account, DateInterval]]] = {}
    for account, in_force in journal_queries.every_edition(uow.connection, uow.scope):
        chart.setdefault(account.code, []).append((account, in_force))
    said = rules.values_of(found.sheet, found.settings, found.mended, rules.NAMING)
    if not said:
        return rules.Lookups(chart)
    names = {rules.name_key(text) for text in said if not text.isdecimal()}
    named = queries.counterparties_named(uow.connection, uow.scope, names) if names else {}
    wanted = {(dimension, text) for dimension in REGISTERED for text in said}
    wanted |= {(Dimension.COUNTERPARTY, code) for code in (*said, *chain.from_iterable(named.values()))}
    unknown = values.unknown(uow, wanted, day=today())
    registered: dict[Dimension, set[str]] = {}
    for dimension, code in wanted - unknown:
        registered.setdefault(dimension, set()).add(code)
    return rules.Lookups(chart, registered, named)


def _faults(uow: UnitOfWork, organisation_id: int, entries: Sequence[Gathered]) -> Iterator[Mark]:
    """What the books would refuse, cell by cell; registers are asked once a day that entries count for."""
    readings = [(entry, typed.read(entry.sheet)) for entry in entries]
    by_day: dict[date, list[tuple[Gathered, typed.Reading]]] = {}
    for entry, reading in readings:
        by_day.setdefault(reading.day or today(), []).append((entry, reading))
    heads: dict[tuple[str, date | None], Faults] = {}
    for day, of_day in by_day.items():
        registered = journal.registered(uow, [p for _, reading in of_day for p in reading.postings.values()], day)
        for entry, reading in of_day:
            key = reading.head["journal"], reading.day
            if key not in heads:
                heads[key] = journal.head_faults(uow, organisation_id, *key)
            own = {each.field: each.fault for each in reading.faults if each.row is None}
            for name, fault in (heads[key] | own).items():
                line = entry.lines[0]
                yield Mark(line.number, rules.column_of(line, name), name, fault)
            for each in typed.row_faults(reading, registered):
                line = entry.lines[each.row or 0]
                yield Mark(line.number, rules.column_of(line, each.field), each.field, each.fault)


# ------------------------------------------------------------------------------------------------ change


def change(
    uow: UnitOfWork, organisation_id: int, intake_id: int, version: int, settings: Settings, mended: Mended
) -> Intake:
    """Read the table otherwise, or mend its cells; another meaning of its columns is remembered.

    Another sheet, purpose or place of the heads is read as well as it can be, anew, but for columns changed at once.

    Raises: IntakeUnknown, IntakeChanged, IntakeAccepted.
    """
    found = _lock(uow, organisation_id, intake_id, version)
    settings = replace(settings, sheet=settings.sheet if settings.sheet < len(found.sheets) else 0)
    sheet, before = found.sheets[settings.sheet], found.settings
    columns = rules.fitting(settings.purpose, settings.columns, sheet.width)
    own, added = columns[: sheet.width], columns[sheet.width :]
    if (settings.sheet, settings.purpose) != (before.sheet, before.purpose):
        best = _best(uow, organisation_id, sheet, settings.purpose)
        settings, own = replace(settings, heads=best.heads), best.columns
        added, mended = (added, mended) if settings.sheet == before.sheet else ((), Mended())
    elif settings.heads != before.heads and own == before.columns[: sheet.width]:
        guessed = rules.guess_under(settings.heads, sheet, settings.purpose, _accounts(uow))
        own = _as_last(uow, organisation_id, sheet, guessed).columns
    elif own != before.columns[: sheet.width]:
        _remember(uow, found.reading(replace(settings, columns=own), mended))
    settings = replace(settings, columns=rules.fitting(settings.purpose, own + added, sheet.width))
    if (settings, mended) != (before, found.mended):
        queries.update(uow.connection, uow.scope, organisation_id, intake_id, settings, mended)
    return intake(uow, organisation_id, intake_id)


def discard(uow: UnitOfWork, organisation_id: int, intake_id: int, version: int) -> None:
    """Throw away what was brought and not accepted.  Raises: IntakeUnknown, IntakeChanged, IntakeAccepted."""
    found = _lock(uow, organisation_id, intake_id, version)
    queries.delete(uow.connection, uow.scope, organisation_id, intake_id)
    _record(uow, "table-thrown-away", found)


def _lock(uow: UnitOfWork, organisation_id: int, intake_id: int, version: int) -> Intake:
    queries.lock(uow.connection, uow.scope, organisation_id, intake_id)
    found = intake(uow, organisation_id, intake_id)
    if found.became is not None:
        raise rules.IntakeAccepted()
    if found.version != version:
        raise rules.IntakeChanged()
    return found


# ------------------------------------------------------------------------------------------------ mappings


def mappings(uow: UnitOfWork, organisation_id: int) -> list[Remembered]:
    """What columns under certain heads are known to mean, by name."""
    return queries.mappings(uow.connection, uow.scope, organisation_id)


def forget_mapping(uow: UnitOfWork, organisation_id: int, mapping_id: int) -> None:
    """Forget what columns mean; doing it twice is doing it once."""
    found = next((each for each in mappings(uow, organisation_id) if each.id == mapping_id), None)
    if found is not None:
        queries.delete_mapping(uow.connection, uow.scope, organisation_id, mapping_id)
        _record_mapping(uow, organisation_id, mapping_id, _told(found), None, found.name)


def _remember(uow: UnitOfWork, found: Intake) -> None:
    settings, connection, scope = found.settings, uow.connection, uow.scope
    heads, columns = rules.titles(found.sheet, settings), settings.columns[: found.sheet.width]
    signature = rules.signature(settings.purpose, heads)
    known = queries.mappings_of(connection, scope, found.organisation_id, {settings.purpose: signature})
    before = known.get(settings.purpose)
    if before and (before.columns, before.grouping) == (columns, settings.grouping):
        return
    mapping_id = queries.keep_mapping(
        connection,
        scope,
        found.organisation_id,
        settings.purpose,
        signature,
        before.name if before else found.name,
        heads,
        columns,
        settings.grouping,
    )
    after = {"columns": list(columns), "grouping": settings.grouping.value}
    name = before.name if before else found.name
    _record_mapping(uow, found.organisation_id, mapping_id, _told(before) if before else None, after, name)


def _told(mapping: Remembered) -> dict[str, Any]:
    return {"columns": list(mapping.columns), "grouping": mapping.grouping.value}


def _record_mapping(
    uow: UnitOfWork,
    organisation_id: int,
    mapping_id: int,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    name: str,
) -> None:
    audit.record(
        uow.connection,
        uow.scope,
        "mapping-forgotten" if after is None else "mapping-remembered",
        f"intake-mapping:{organisation_id}/{mapping_id}",
        organisation_id=organisation_id,
        before=before,
        after=after,
        name=name,
    )


# ------------------------------------------------------------------------------------------------ accept


def accept_as_drafts(uow: UnitOfWork, organisation_id: int, intake_id: int, version: int) -> list[Draft]:
    """Open every entry of the table as a draft, faults and all: they are mended and posted there.

    Raises: IntakeUnknown, IntakeChanged, IntakeAccepted, NothingGood, DraftsTooMany; RowsTooMany.
    """
    found = looked(uow, _lock(uow, organisation_id, intake_id, version))
    if not found.entries:
        raise rules.NothingGood()
    if len(found.entries) > MOST_DRAFTS:
        raise rules.DraftsTooMany(found=len(found.entries), limit=MOST_DRAFTS)
    for mark in found.marks:
        if isinstance(mark.fault, rules.RowsTooMany):
            raise mark.fault
    opened = [
        drafts.begin(
            uow,
            organisation_id,
            entry.sheet,
            origin=Origin(found.intake.origin),
            note=found.intake.name,
            key=uuid5(KEYS, f"{found.intake.key}:{entry.lines[0].number}"),
        )
        for entry in found.entries
    ]
    _accept(uow, found.intake, Became(drafts=tuple(draft.id for draft in opened)))
    return opened


def accept_as_job(uow: UnitOfWork, organisation_id: int, intake_id: int, version: int) -> int:
    """Leave every entry without faults to be posted, or sent for signature; returns the job's id.

    What is accepted, row by row, is the file that the job is asked with.

    Raises: IntakeUnknown, IntakeChanged, IntakeAccepted, NothingGood.
    """
    found = looked(uow, _lock(uow, organisation_id, intake_id, version))
    if not found.good:
        raise rules.NothingGood()
    file = Checked(accepted.file_name(found.intake.name), accepted.MEDIA_TYPE, accepted.written(found.good))
    key = uuid5(KEYS, f"{found.intake.key}:job")
    job_id = jobs.ask(
        uow, organisation_id, key, JOB, file, intake=intake_id, table=str(found.intake.key),
        left=found.rows_left,
    )  # fmt: skip
    _accept(uow, found.intake, Became(job=job_id))
    return job_id


def accept_counterparties(uow: UnitOfWork, organisation_id: int, intake_id: int, version: int) -> int:
    """Register the counterparties of every row without faults that are not known yet; returns how many they were.

    Raises: IntakeUnknown, IntakeChanged, IntakeAccepted, NothingGood.
    """
    found = looked(uow, _lock(uow, organisation_id, intake_id, version))
    if found.intake.settings.purpose is not Purpose.COUNTERPARTIES or not found.good_rows:
        raise rules.NothingGood()
    added = counterparties.register(
        uow, [RegisterCounterparty(*found.counterparties[row]) for row in sorted(found.good_rows)], organisation_id
    )
    _accept(uow, found.intake, Became(counterparties=len(added)))
    return len(added)


def _accept(uow: UnitOfWork, found: Intake, became: Became) -> None:
    _remember(uow, found)
    queries.accept(uow.connection, uow.scope, found.organisation_id, found.id, became)
    _record(uow, "table-accepted", found, name=found.name, **form.of_became(became))


def _record(uow: UnitOfWork, action: str, found: Intake, **facts: Any) -> None:
    audit.record(uow.connection, uow.scope, action, found.subject, organisation_id=found.organisation_id, **facts)
