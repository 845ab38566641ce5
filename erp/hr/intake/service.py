"""Use cases of lists of people.  Each runs inside the caller's unit of work, and concerns the actor's own lists."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid5

from erp.base import audit
from erp.base.sheets.errors import NothingGood
from erp.base.sheets.heads import telling
from erp.base.sheets.model import Mended, Table
from erp.base.sheets.reader import read_table
from erp.base.uow import UnitOfWork
from erp.base.vault import Vault
from erp.hr.intake import queries, reading, rules
from erp.hr.intake.fields import HEADINGS
from erp.hr.intake.model import LIMITS, Checked, Intake, IntakeRow, LineKind, Placed, Record, Row, Settings, Whom
from erp.hr.intake.schemas import AcceptList
from erp.hr.personnel import service as personnel
from erp.hr.personnel.model import ScheduleKind
from erp.hr.personnel.schemas import AddIdentity, Appoint, AppointmentContent, Hire, NameContent, ScheduleContent
from erp.hr.staffing import service as staffing
from erp.hr.staffing.model import About, StaffGroup
from erp.hr.staffing.schemas import PostContent, RecordPost, RecordUnit, UnitContent
from ledger.errors import KeyReused

_LONGEST_NAME = 200
_LIST = "people-file"


def read(source: bytes | str, name: str) -> Table:
    """A file's bytes, or cells from the clipboard, as a table; needs no unit of work.

    Raises: FileOfAnotherKind, FileDamaged, TableTooLarge, TableTooHeavy, TableEmpty, QuotesUnpaired.
    """
    return read_table(source, name[:_LONGEST_NAME], LIMITS)


# ------------------------------------------------------------------------------------------------ bring and look


def bring(uow: UnitOfWork, vault: Vault, organisation_id: int, table: Table, *, key: UUID) -> Intake:
    """Keep a list as it was brought, sealed; the same key gives what it brought before.

    Where the organisation has no staffing table yet, the list is taken to bring it.

    Raises: KeyReused, where that was another list.
    """
    sheet = table.sheets[telling(table.sheets, HEADINGS)]
    rows = tuple((row.number, row.texts) for row in sheet.rows)
    plain = _rows_written(rows)
    units = staffing.units(uow, organisation_id)
    tops = [unit.id for unit in units if unit.parent_id is None]
    settings = Settings(creates_units=not units, creates_posts=not units, under=tops[0] if len(tops) == 1 else None)
    marks = vault.indexes(plain, about=_LIST)
    sealed = vault.seal(plain, about=_about(organisation_id, key))
    connection, scope = uow.connection, uow.scope
    made = queries.insert(
        connection, scope, organisation_id, key, marks[0], table.name, sealed, _settings_kept(settings)
    )
    found = queries.intake(connection, scope, organisation_id, key=key)
    if found is None or bytes(found.mark) not in marks:
        raise KeyReused(key=str(key))
    opened = _opened(vault, organisation_id, found)
    if made is not None:
        _tell(uow, "people-file-brought", opened, name=opened.name, rows=len(rows))
    return opened


def intake(uow: UnitOfWork, vault: Vault, organisation_id: int, intake_id: int) -> Intake:
    """One that the actor brought.  Raises: IntakeUnknown, SecretUnreadable."""
    found = queries.intake(uow.connection, uow.scope, organisation_id, intake_id=intake_id)
    if found is None:
        raise rules.IntakeUnknown()
    return _opened(vault, organisation_id, found)


def intakes(uow: UnitOfWork, organisation_id: int) -> list[IntakeRow]:
    """The last lists that the actor brought."""
    return queries.intakes(uow.connection, uow.scope, organisation_id)


def check(uow: UnitOfWork, vault: Vault, found: Intake) -> Checked:
    """A list with everything found in it, against the record as that is now; nothing is saved."""
    return reading.checked(found, _record(uow, vault, found))


def _record(uow: UnitOfWork, vault: Vault, found: Intake) -> Record:
    at = uow.connection, uow.scope, found.organisation_id
    return Record(
        tuple(queries.units(*at)),
        tuple(queries.posts(*at)),
        tuple(queries.held(*at)),
        tuple(queries.people(*at)),
        personnel.claimed(uow, vault, found.organisation_id, reading.claims(found)),
    )


# ------------------------------------------------------------------------------------------------ mend and withdraw


def change(
    uow: UnitOfWork,
    vault: Vault,
    organisation_id: int,
    intake_id: int,
    revision: int,
    settings: Settings,
    mended: Mended,
) -> Intake:
    """Keep how the list is read, what was written over cells and which rows are left out.

    Raises: IntakeUnknown, IntakeChanged, IntakeAccepted.
    """
    found = _lock(uow, vault, organisation_id, intake_id, revision)
    if (settings, mended) != (found.settings, found.mended):
        sealed = _mended_sealed(vault, found, mended)
        queries.change(uow.connection, uow.scope, organisation_id, intake_id, sealed, _settings_kept(settings))
    return intake(uow, vault, organisation_id, intake_id)


def discard(uow: UnitOfWork, vault: Vault, organisation_id: int, intake_id: int, revision: int) -> None:
    """Throw a list away, or what is left of one.  Raises: IntakeUnknown, IntakeChanged, IntakeAccepted."""
    found = _lock(uow, vault, organisation_id, intake_id, revision)
    throw = queries.delete if found.accepted_at is None else queries.clear
    throw(uow.connection, uow.scope, organisation_id, intake_id)
    _tell(uow, "people-file-thrown-away", found, name=found.name)


# ------------------------------------------------------------------------------------------------ accept


def accept(
    uow: UnitOfWork, vault: Vault, organisation_id: int, intake_id: int, revision: int, command: AcceptList
) -> Checked:
    """Put the good rows on the staff, with the units and posts they bring, in one act; the others stay in the list.

    The rows that were taken are in the list no more, so nothing is taken twice; with the last one the list is gone.
    Returns what was found in the list as it was accepted.

    Raises: IntakeUnknown, IntakeChanged, IntakeAccepted, NothingGood.
    """
    queries.lock_acceptance(uow.connection, uow.scope)
    found = _lock(uow, vault, organisation_id, intake_id, revision)
    record = _record(uow, vault, found)
    said = reading.checked(found, record)
    if not said.good:
        raise NothingGood()
    posts = _laid_out(uow, said, command.reason)
    here = {known.id for known in record.people}
    _appointed(uow, vault, said, posts, here, command.reason)
    personnel.number_many(
        uow,
        vault,
        organisation_id,
        [
            (
                each.person_id,
                AddIdentity(
                    key=uuid5(found.key, f"number/{each.number}"), reason=command.reason, identity=each.identity
                ),
            )
            for each in said.numbered
        ],
    )
    rest = _rest(said)
    kept = {number for number, _ in rest}
    mended = Mended(
        {at: text for at, text in found.mended.cells.items() if _row_of(at) in kept}, found.mended.left & kept
    )
    settings = replace(found.settings, columns=said.columns, heads=said.heads)
    about = _about(organisation_id, found.key)
    made = {"people": said.new_people, "appointments": len(said.placed), "identities": len(said.numbered)}
    queries.accept(
        uow.connection,
        uow.scope,
        organisation_id,
        intake_id,
        vault.seal(_rows_written(rest), about=about) if rest else None,
        _mended_sealed(vault, found, mended) if rest else None,
        _settings_kept(settings),
        **made,
    )
    left = len(rest) - sum(line.kind is LineKind.HEAD for line in said.lines) if rest else 0
    _tell(uow, "people-file-accepted", found, name=found.name, **made, left=left)
    return said


def _rest(said: Checked) -> tuple[Row, ...]:
    """Rows of the list that stay, under their heads: those with faults and those left out."""
    stays = said.faulty | {line.number for line in said.lines if line.kind is LineKind.LEFT}
    heads = {line.number for line in said.lines if line.kind is LineKind.HEAD}
    return tuple(row for row in said.intake.rows if row[0] in stays | heads) if stays else ()


def _row_of(address: str) -> int:
    return int(address.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))


def _laid_out(uow: UnitOfWork, said: Checked, reason: str) -> list[int]:
    """Create the units and posts that the good rows bring.  Returns the numbers of the posts."""
    if not said.posts:
        return []
    at, intake_ = said.intake.organisation_id, said.intake
    ids = staffing.new_units(uow, at, len(said.units)) if said.units else []

    def key(what: str, place: int) -> UUID:
        return uuid5(intake_.key, f"{intake_.revision}/{what}/{place}")

    units = {
        ids[place]: RecordUnit(
            key=key("unit", place),
            reason=reason,
            since=unit.since,
            content=UnitContent(
                name_kk=unit.name,
                name_ru=unit.name,
                name_en=unit.name,
                parent_id=unit.parent_id if unit.above is None else ids[unit.above],
            ),
        )
        for place, unit in enumerate(said.units)
    }
    posts = [
        RecordPost(
            key=key("post", place),
            reason=reason,
            since=post.since,
            content=PostContent(
                unit_id=_which(post.unit_id, post.unit, ids),
                title_kk=post.title,
                title_ru=post.title,
                title_en=post.title,
                category=post.category,
                staff_group=post.staff_group,
                percent=post.percent,
            ),
        )
        for place, post in enumerate(said.posts)
    ]
    return staffing.lay_out(uow, at, units, posts)


def _which(number: int | None, place: int | None, made: Sequence[int]) -> int:
    """What there is, or what was made."""
    if number is not None:
        return number
    assert place is not None
    return made[place]


def _appointed(uow: UnitOfWork, vault: Vault, said: Checked, posts: Sequence[int], here: set[int], reason: str) -> None:
    """Hire and appoint those whom the good rows are about."""
    at = said.intake.organisation_id

    def told(placed: Placed) -> dict[str, Any]:
        row = placed.said
        cycle: dict[str, Any] = {"kind": row.schedule}
        if row.minutes:
            cycle["minutes"] = row.minutes
        if row.schedule is ScheduleKind.SHIFT:
            cycle["begins_on"] = row.valid.start
        return {
            "key": uuid5(said.intake.key, f"row/{placed.number}"),
            "reason": reason,
            "since": row.valid.start,
            "until": row.valid.end,
            "appointment": AppointmentContent(
                staff_unit_id=_which(placed.post_id, placed.post, posts), percent=row.percent, number=row.number
            ),
            "schedule": ScheduleContent.model_validate(cycle),
        }

    new = [each for each in said.placed if each.whom == Whom(None, each.number)]
    hires = [
        Hire(
            **told(each),
            name=NameContent(
                family=each.said.name.family, given=each.said.name.given, patronymic=each.said.name.patronymic
            ),
            birth_on=each.said.birth_on,
            identity=each.said.identity,
        )
        for each in new
    ]
    persons = dict(
        zip(
            (each.number for each in new),
            personnel.hire_many(uow, vault, at, hires) if hires else [],
            strict=True,
        )
    )
    further: dict[About, list[tuple[int, Appoint]]] = {}
    for each in said.placed:
        if each.whom == Whom(None, each.number):
            continue
        person_id = each.whom.person_id if each.whom.person_id is not None else persons[each.whom.row]
        is_here = each.whom.person_id is None or person_id in here
        about = About.APPOINTMENT if is_here else About.HIRE
        here.add(person_id)
        further.setdefault(about, []).append((person_id, Appoint(**told(each))))
    for about, appointed in sorted(further.items(), reverse=True):
        personnel.appoint_many(uow, at, about, appointed)


def put_away(uow: UnitOfWork) -> None:
    """Throw away lists that nobody has touched for long, whoever brought them; for the program itself."""
    at = queries.put_away(uow.connection, uow.scope, rules.KEPT_DAYS)
    if at:
        audit.record_at(uow.connection, uow.scope, "people-files-put-away", "people-file:old", at, days=rules.KEPT_DAYS)


# ------------------------------------------------------------------------------------------------ as it is kept


def _lock(uow: UnitOfWork, vault: Vault, organisation_id: int, intake_id: int, revision: int) -> Intake:
    queries.lock(uow.connection, uow.scope, organisation_id, intake_id)
    found = intake(uow, vault, organisation_id, intake_id)
    if not found.is_open:
        raise rules.IntakeAccepted()
    if found.revision != revision:
        raise rules.IntakeChanged()
    return found


def _about(organisation_id: int, key: UUID) -> str:
    return f"{_LIST}:{organisation_id}/{key}"


def _rows_written(rows: Sequence[Row]) -> str:
    return json.dumps([[number, *texts] for number, texts in rows], ensure_ascii=False)


def _mended_sealed(vault: Vault, found: Intake, mended: Mended) -> bytes | None:
    if not mended.cells and not mended.left:
        return None
    plain = json.dumps({"cells": dict(mended.cells), "left": sorted(mended.left)}, ensure_ascii=False)
    return vault.seal(plain, about=_about(found.organisation_id, found.key))


def _opened(vault: Vault, organisation_id: int, kept: queries.Sealed) -> Intake:
    about = _about(organisation_id, kept.key)
    rows = json.loads(vault.open(bytes(kept.brought), about=about)) if kept.brought is not None else []
    mended = json.loads(vault.open(bytes(kept.mended), about=about)) if kept.mended is not None else {}
    return Intake(
        organisation_id,
        kept.id,
        kept.key,
        kept.name,
        tuple((number, tuple(texts)) for number, *texts in rows),
        Mended(mended.get("cells", {}), frozenset(mended.get("left", ()))),
        _settings_read(kept.settings),
        kept.revision,
        kept.begun_at,
        kept.accepted_at,
        kept.people,
        kept.appointments,
        kept.identities,
    )


def _settings_kept(settings: Settings) -> dict[str, Any]:
    return {
        "columns": list(settings.columns) if settings.columns is not None else None,
        "heads": settings.heads,
        "since": settings.since.isoformat() if settings.since else None,
        "staff_group": settings.staff_group.value,
        "creates_units": settings.creates_units,
        "creates_posts": settings.creates_posts,
        "adds_identities": settings.adds_identities,
        "under": settings.under,
        "reason": settings.reason,
    }


def _settings_read(kept: Mapping[str, Any]) -> Settings:
    return Settings(
        tuple(kept["columns"]) if kept["columns"] is not None else None,
        kept["heads"],
        date.fromisoformat(kept["since"]) if kept["since"] else None,
        StaffGroup(kept["staff_group"]),
        kept["creates_units"],
        kept["creates_posts"],
        kept["under"],
        kept.get("adds_identities", False),
        kept.get("reason", ""),
    )


def _tell(uow: UnitOfWork, action: str, found: Intake, **facts: Any) -> None:
    audit.record(uow.connection, uow.scope, action, found.subject, organisation_id=found.organisation_id, **facts)
