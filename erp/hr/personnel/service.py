"""Use cases of personal files.  Each runs inside the caller's unit of work."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from erp.base import audit, bitemporal
from erp.base.bitemporal import Act, AsOf
from erp.base.clock import today
from erp.base.cursors import INTEGER, number_in
from erp.base.uow import UnitOfWork
from erp.base.vault import Vault
from erp.hr.personnel import queries, rules
from erp.hr.personnel.model import Appointment, Name, PeoplePage, Person, PersonFile, PersonRow, Reading, ReadKind
from erp.hr.personnel.schemas import (
    Appoint,
    Hire,
    NameContent,
    RecordAppointment,
    RecordFacts,
    RecordName,
    RecordSchedule,
    ScheduleContent,
)
from erp.hr.staffing import queries as staffing_queries
from erp.hr.staffing import service as staffing
from erp.hr.staffing.model import About, ActKind
from erp.hr.staffing.rules import ActUnknown, PostUnknown, chain
from erp.hr.staffing.schemas import RescindAct

# ------------------------------------------------------------------------------------------------ to begin to serve


def hire(uow: UnitOfWork, vault: Vault, organisation_id: int, command: Hire) -> int:
    """Somebody begins to serve; repeating it under its key changes nothing.  Returns the person.

    Whose identity number is known already, from wherever, is the same person: their name and facts stay as they are.

    Raises: PostUnknown, PostTaken, IdentityInvalid, AccountTaken, KeyReused.
    """
    if (done := staffing.done_before(uow, organisation_id, command)) is not None and done[2] is not None:
        return done[2]
    known = None
    if command.identity:
        marks = vault.indexes(rules.identity_typed(command.identity), about=_IDENTITY)
        known = queries.person_known(uow.connection, uow.scope, organisation_id, marks)
    if known is not None:
        by = _appoint(uow, organisation_id, known, command, About.HIRE)
        _tell(uow, organisation_id, known, "person-hired", by, command.reason, since=command.since.isoformat())
        person_id = known
    else:
        (person_id,) = hire_many(uow, vault, organisation_id, [command])
    if command.login:
        link_account(uow, organisation_id, person_id, command.login)
    return person_id


def hire_many(uow: UnitOfWork, vault: Vault, organisation_id: int, commands: Sequence[Hire]) -> list[int]:
    """New persons begin to serve, all by a few statements; nobody of them is looked for among those known.

    Raises: PostUnknown, PostTaken, IdentityInvalid.
    """
    connection, scope = uow.connection, uow.scope
    posts = {command.appointment.staff_unit_id for command in commands}
    _require_posts(uow, organisation_id, posts)
    staffing_queries.lock_staff_units(connection, scope, posts)
    persons = queries.register_persons(connection, scope, organisation_id, len(commands))
    appointments = queries.insert_appointments(connection, scope, organisation_id, persons)
    acts = staffing_queries.insert_acts(
        connection,
        scope,
        organisation_id,
        [
            {
                "key": command.key,
                "content_hash": staffing.content_hash(command),
                "kind": ActKind.CHANGE.value,
                "about": About.HIRE.value,
                "subject_id": appointment_id,
                "person_id": person_id,
                "reason": command.reason,
            }
            for command, person_id, appointment_id in zip(commands, persons, appointments, strict=True)
        ],
    )
    each = list(zip(commands, persons, appointments, acts, strict=True))
    dated = [
        {
            "organisation_id": organisation_id,
            "person_id": person_id,
            "appointment_id": appointment_id,
            "start": command.since,
            "until": command.until,
            "act_id": act_id,
        }
        for command, person_id, appointment_id, act_id in each
    ]
    open_ended = [fact | {"until": None} for fact in dated]
    bitemporal.lay(
        connection,
        queries.APPOINTMENTS,
        [fact | c.appointment.model_dump() for fact, c in zip(dated, commands, strict=True)],
        organisation_id,
    )
    bitemporal.lay(
        connection,
        queries.SCHEDULES,
        [fact | _cycle(c.schedule) for fact, c in zip(dated, commands, strict=True)],
        organisation_id,
    )
    bitemporal.lay(
        connection,
        queries.NAMES,
        [fact | _name_values(c.name) for fact, c in zip(open_ended, commands, strict=True)],
        organisation_id,
    )
    bitemporal.lay(
        connection,
        queries.FACTS,
        [
            fact | {"birth_on": c.birth_on} | _identity_values(vault, person_id, c.identity)
            for fact, (c, person_id, _, _) in zip(open_ended, each, strict=True)
        ],
        organisation_id,
    )
    staffing.require_room(uow, organisation_id, posts)
    if len(commands) == 1:
        ((command, person_id, _, act_id),) = each
        by = Act(organisation_id, act_id)
        _tell(uow, organisation_id, person_id, "person-hired", by, command.reason, since=command.since.isoformat())
    else:
        audit.record(
            connection,
            scope,
            "people-hired",
            f"organisation:{organisation_id}",
            organisation_id=organisation_id,
            count=len(commands),
        )
    return persons


def appoint(uow: UnitOfWork, organisation_id: int, person_id: int, command: Appoint) -> None:
    """Another appointment of somebody who serves here, or served.

    Raises: PersonNotOfStaff, PostUnknown, PostTaken, KeyReused.
    """
    if staffing.done_before(uow, organisation_id, command, person_id) is not None:
        return
    person(uow, organisation_id, person_id, day=command.since)
    by = _appoint(uow, organisation_id, person_id, command, About.APPOINTMENT, person_id)
    _tell(uow, organisation_id, person_id, "person-appointed", by, command.reason, since=command.since.isoformat())


def _appoint(
    uow: UnitOfWork, organisation_id: int, person_id: int, command: Appoint, about: About, *said: object
) -> Act:
    post_id = command.appointment.staff_unit_id
    _require_posts(uow, organisation_id, {post_id})
    staffing_queries.lock_staff_units(uow.connection, uow.scope, [post_id])
    (appointment_id,) = queries.insert_appointments(uow.connection, uow.scope, organisation_id, [person_id])
    by = staffing.act(uow, organisation_id, command, ActKind.CHANGE, about, appointment_id, *said, person_id=person_id)
    subject = {"organisation_id": organisation_id, "person_id": person_id, "appointment_id": appointment_id}
    for history, values in (
        (queries.APPOINTMENTS, command.appointment.model_dump()),
        (queries.SCHEDULES, _cycle(command.schedule)),
    ):
        bitemporal.change(uow.connection, history, subject, command.since, values, by, until=command.until)
    staffing.require_room(uow, organisation_id, [post_id])
    return by


def _require_posts(uow: UnitOfWork, organisation_id: int, posts: set[int]) -> None:
    """Raises: PostUnknown."""
    if posts - staffing_queries.posts_known(uow.connection, uow.scope, organisation_id, posts):
        raise PostUnknown()


def _cycle(content: ScheduleContent) -> dict[str, Any]:
    return {"kind": content.kind.value, "begins_on": content.begins_on, "minutes": list(content.minutes)}


def _name_values(content: NameContent) -> dict[str, str]:
    return {"family_name": content.family, "given_name": content.given, "patronymic": content.patronymic}


# ------------------------------------------------------------------------------------------------ change and correct


def record_name(uow: UnitOfWork, organisation_id: int, person_id: int, command: RecordName) -> None:
    """A person is called otherwise from a day on, or was called so all along.

    Raises: PersonNotOfStaff, FactChanged, KeyReused.
    """
    if staffing.done_before(uow, organisation_id, command, person_id) is not None:
        return
    before = person(uow, organisation_id, person_id, day=command.since).name
    kind = staffing.kind_of(command)
    by = staffing.act(uow, organisation_id, command, kind, About.NAME, person_id, person_id, person_id=person_id)
    staffing.record(uow, queries.NAMES, {"person_id": person_id}, command, _name_values(command.content), by)
    _tell(
        uow,
        organisation_id,
        person_id,
        f"person-name-{kind.value}",
        by,
        command.reason,
        before={"name": str(before)},
        after={"name": str(Name(command.content.family, command.content.given, command.content.patronymic))},
    )


def record_facts(uow: UnitOfWork, vault: Vault, organisation_id: int, person_id: int, command: RecordFacts) -> None:
    """Day of birth or identity number are others; what the command leaves out stays as it was.

    Raises: PersonNotOfStaff, IdentityInvalid, IdentityTaken, FactChanged, KeyReused.
    """
    if staffing.done_before(uow, organisation_id, command, person_id) is not None:
        return
    person(uow, organisation_id, person_id, day=command.since)
    values: dict[str, Any] = {"birth_on": None, "identity_sealed": None, "identity_index": None}
    values |= queries.private_values(uow.connection, uow.scope, person_id, AsOf(command.since)) or {}
    if command.birth_on is not None:
        values["birth_on"] = command.birth_on
    if command.identity:
        marks = vault.indexes(rules.identity_typed(command.identity), about=_IDENTITY)
        if queries.person_known(uow.connection, uow.scope, organisation_id, marks) not in (None, person_id):
            raise rules.IdentityTaken()
        values |= _identity_values(vault, person_id, command.identity)
    kind = staffing.kind_of(command)
    by = staffing.act(uow, organisation_id, command, kind, About.FACTS, person_id, person_id, person_id=person_id)
    staffing.record(uow, queries.FACTS, {"person_id": person_id}, command, values, by)
    _tell(uow, organisation_id, person_id, f"person-facts-{kind.value}", by, command.reason)


def record_appointment(
    uow: UnitOfWork, organisation_id: int, person_id: int, appointment_id: int, command: RecordAppointment
) -> None:
    """An appointment holds another post, or another share of it, from a day on; or it ends, and its schedule with it.

    Raises: AppointmentUnknown, AppointmentEnds, PostUnknown, PostTaken, FactChanged, KeyReused.
    """
    if staffing.done_before(uow, organisation_id, command, appointment_id) is not None:
        return
    facts = _appointment(uow, organisation_id, person_id, appointment_id)
    first = facts[0].valid.start
    if command.content is None and command.corrects is None and first is not None and command.since <= first:
        raise rules.AppointmentEnds()
    posts = {fact.staff_unit_id for fact in facts}
    if command.content is not None:
        posts.add(command.content.staff_unit_id)
        _require_posts(uow, organisation_id, {command.content.staff_unit_id})
    staffing_queries.lock_staff_units(uow.connection, uow.scope, posts)
    kind = staffing.kind_of(command)
    by = staffing.act(
        uow, organisation_id, command, kind, About.APPOINTMENT, appointment_id, appointment_id, person_id=person_id
    )
    subject = {"organisation_id": organisation_id, "person_id": person_id, "appointment_id": appointment_id}
    values = command.content.model_dump() if command.content else None
    staffing.record(uow, queries.APPOINTMENTS, subject, command, values, by)
    if values is None and command.corrects is None:
        bitemporal.change(uow.connection, queries.SCHEDULES, subject, command.since, None, by)
    staffing.require_room(uow, organisation_id, posts)
    action = "person-left" if values is None else f"person-appointment-{kind.value}"
    _tell(uow, organisation_id, person_id, action, by, command.reason, since=command.since.isoformat())


def record_schedule(
    uow: UnitOfWork, organisation_id: int, person_id: int, appointment_id: int, command: RecordSchedule
) -> None:
    """An appointment is worked by another schedule from a day on.

    Raises: AppointmentUnknown, FactChanged, KeyReused.
    """
    if staffing.done_before(uow, organisation_id, command, appointment_id) is not None:
        return
    _appointment(uow, organisation_id, person_id, appointment_id)
    kind = staffing.kind_of(command)
    by = staffing.act(
        uow, organisation_id, command, kind, About.SCHEDULE, appointment_id, appointment_id, person_id=person_id
    )
    subject = {"organisation_id": organisation_id, "person_id": person_id, "appointment_id": appointment_id}
    staffing.record(uow, queries.SCHEDULES, subject, command, _cycle(command.content), by)
    _tell(
        uow, organisation_id, person_id, f"person-schedule-{kind.value}", by, command.reason,
        since=command.since.isoformat(),
    )  # fmt: skip


def rescind(uow: UnitOfWork, organisation_id: int, person_id: int, act_id: int, command: RescindAct) -> None:
    """Undo an act of a person's file: what it recorded no longer holds, what it superseded holds again.

    Who was hired by mistake, and serves besides, here or elsewhere, keeps the name and the facts of that hiring.

    Raises: ActUnknown, ActRescinded, ActOverlaid, PostTaken, KeyReused.
    """
    if staffing.done_before(uow, organisation_id, command, act_id) is not None:
        return
    undone = staffing.recorded_act(uow, organisation_id, act_id)
    if undone.person_id != person_id:
        raise ActUnknown()
    before = _posts_of(uow, organisation_id, person_id)
    staffing_queries.lock_staff_units(uow.connection, uow.scope, before)
    is_named_by_it = undone.about is About.HIRE and queries.serves_otherwise(
        uow.connection, uow.scope, organisation_id, person_id, act_id
    )
    histories = queries.OF_SERVICE if is_named_by_it else queries.OF_FILES
    by = staffing.begin_rescinding(uow, organisation_id, undone, command, histories)
    after = _posts_of(uow, organisation_id, person_id)
    staffing_queries.lock_staff_units(uow.connection, uow.scope, after)
    staffing.require_room(uow, organisation_id, before | after)
    _tell(uow, organisation_id, person_id, "act-rescinded", by, command.reason, rescinds=act_id)


def link_account(uow: UnitOfWork, organisation_id: int, person_id: int, login: str) -> None:
    """Say which account is a person's: by its login, or none.  Raises: AccountTaken."""
    user_id = None
    if login:
        user_id = queries.user_here(uow.connection, uow.scope, organisation_id, login, today())
        if user_id is None:
            raise rules.AccountTaken(login=login)
    if not queries.link_user(uow.connection, uow.scope, organisation_id, person_id, user_id):
        raise rules.AccountTaken(login=login)
    audit.record(
        uow.connection,
        uow.scope,
        "person-account-linked",
        f"person:{person_id}",
        organisation_id=organisation_id,
        login=login,
    )


def _posts_of(uow: UnitOfWork, organisation_id: int, person_id: int) -> set[int]:
    facts = queries.appointment_facts(uow.connection, uow.scope, organisation_id, person_id, AsOf(today()))
    return {fact.staff_unit_id for fact in facts}


def _appointment(uow: UnitOfWork, organisation_id: int, person_id: int, appointment_id: int) -> list[Appointment]:
    facts = queries.appointment_facts(uow.connection, uow.scope, organisation_id, person_id, AsOf(today()))
    found = [fact for fact in facts if fact.id == appointment_id]
    if not found:
        raise rules.AppointmentUnknown()
    return found


def _tell(
    uow: UnitOfWork,
    organisation_id: int,
    person_id: int,
    action: str,
    by: Act,
    reason: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    **facts: Any,
) -> None:
    audit.record(
        uow.connection,
        uow.scope,
        action,
        f"person:{person_id}",
        organisation_id=organisation_id,
        before=before,
        after=after,
        act=by.id,
        reason=reason,
        **facts,
    )


# ------------------------------------------------------------------------------------------------ identity numbers

_IDENTITY = "iin"


def _identity_values(vault: Vault, person_id: int, identity: str) -> dict[str, bytes | None]:
    """An identity number as it is kept: sealed for its person, and found by its index.  Raises: IdentityInvalid."""
    if not identity:
        return {"identity_sealed": None, "identity_index": None}
    bare = rules.identity_typed(identity)
    return {
        "identity_sealed": vault.seal(bare, about=f"{_IDENTITY}:{person_id}"),
        "identity_index": vault.indexes(bare, about=_IDENTITY)[0],
    }


def open_identity(uow: UnitOfWork, vault: Vault, organisation_id: int, person_id: int) -> str:
    """A person's identity number, today's; that it was opened is kept, and the person sees it.

    Raises: PersonNotOfStaff, IdentityMissing, SecretUnreadable.
    """
    person(uow, organisation_id, person_id)
    found = queries.private_values(uow.connection, uow.scope, person_id, AsOf(today()))
    if found is None or found["identity_sealed"] is None:
        raise rules.IdentityMissing()
    queries.insert_reading(uow.connection, uow.scope, organisation_id, person_id, ReadKind.IDENTITY)
    audit.record(uow.connection, uow.scope, "identity-opened", f"person:{person_id}", organisation_id=organisation_id)
    return vault.open(bytes(found["identity_sealed"]), about=f"{_IDENTITY}:{person_id}")


# ------------------------------------------------------------------------------------------------ views


def person_of(uow: UnitOfWork, organisation_id: int, day: date | None = None) -> Person | None:
    """The person in whose name the scope acts, where they serve, or served, at the organisation."""
    own = queries.own_person(uow.connection, uow.scope)
    if own is None:
        return None
    return next(iter(persons(uow, organisation_id, [own], day or today())), None)


def person(
    uow: UnitOfWork, organisation_id: int, person_id: int, *, day: date | None = None, known_at: datetime | None = None
) -> Person:
    """A person as of a day (today), as it is known now or was known at an instant.

    Raises: PersonNotOfStaff, NotSealedYet.
    """
    found = persons(uow, organisation_id, [person_id], day or today(), known_at)
    if not found:
        raise rules.PersonNotOfStaff()
    return found[0]


def persons(
    uow: UnitOfWork, organisation_id: int, ids: Sequence[int], day: date, known_at: datetime | None = None
) -> list[Person]:
    """Those of the persons who serve, or served, at the organisation; with what they hold on the day."""
    as_of = staffing.as_of(uow, day, known_at)
    return queries.persons(uow.connection, uow.scope, organisation_id, as_of, ids)


def names(uow: UnitOfWork, ids: Sequence[int], day: date, known_at: datetime | None = None) -> dict[int, Name]:
    """Names of persons on a day, of those whom the scope may see.  Raises: NotSealedYet."""
    return queries.names(uow.connection, uow.scope, staffing.as_of(uow, day, known_at), ids)


def people_on(
    uow: UnitOfWork,
    organisation_id: int,
    day: date,
    *,
    words: str = "",
    unit_id: int | None = None,
    known_at: datetime | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> PeoplePage:
    """A page of those who serve on a day, a line a post, by name.  Raises: CursorMalformed, NotSealedYet."""
    as_of = staffing.as_of(uow, day, known_at)
    rows = queries.people_on(
        uow.connection, uow.scope, organisation_id, as_of, words, unit_id, _read_cursor(cursor), limit + 1
    )
    shown = tuple(rows[:limit])
    return PeoplePage(shown, _cursor_after(shown[-1]) if len(rows) > limit else None)


def _cursor_after(row: PersonRow) -> str:
    return f"{row.appointment_id} {row.name}"


def _read_cursor(cursor: str | None) -> tuple[str, int] | None:
    number, _, name = (cursor or "").partition(" ")
    return (name, number_in(number, most=INTEGER)) if cursor else None


def count_on(uow: UnitOfWork, organisation_id: int, day: date, known_at: datetime | None = None) -> int:
    """How many persons serve on a day.  Raises: NotSealedYet."""
    return queries.count_on(uow.connection, uow.scope, organisation_id, staffing.as_of(uow, day, known_at))


def appointment_on(
    uow: UnitOfWork, organisation_id: int, person_id: int, day: date, known_at: datetime | None = None
) -> Appointment | None:
    """What a person holds on a day: the appointment of the greatest share, where there are several."""
    as_of = staffing.as_of(uow, day, known_at)
    return next(iter(queries.appointments(uow.connection, uow.scope, organisation_id, as_of, [person_id])), None)


def holders(
    uow: UnitOfWork, organisation_id: int, posts: Sequence[int], day: date, known_at: datetime | None = None
) -> list[Appointment]:
    """Who holds the posts on a day, the greatest share of each post first."""
    as_of = staffing.as_of(uow, day, known_at)
    return queries.holders(uow.connection, uow.scope, organisation_id, as_of, posts)


def chief_of(uow: UnitOfWork, organisation_id: int, person_id: int, day: date) -> int | None:
    """Who heads the unit of a person on a day; where it is the person, or the post is vacant, who heads the unit above.

    ``None`` at the top, and for who holds no post that day.
    """
    own = appointment_on(uow, organisation_id, person_id, day)
    if own is None:
        return None
    units = {unit.id: unit for unit in staffing.units(uow, organisation_id, day)}
    way = chain(own.unit_id, {unit.id: unit.parent_id for unit in units.values()})
    heads = [head for unit_id in way if unit_id in units and (head := units[unit_id].head_id) is not None]
    held: dict[int, int] = {}
    for each in holders(uow, organisation_id, heads, day):
        held.setdefault(each.staff_unit_id, each.person_id)
    return next((held[head] for head in heads if head in held and held[head] != person_id), None)


def colleagues(uow: UnitOfWork, organisation_id: int, person_id: int, day: date) -> list[Person]:
    """Who else serves in the person's unit on a day, by number."""
    own = appointment_on(uow, organisation_id, person_id, day)
    if own is None:
        return []
    posts = [post.id for post in staffing.posts(uow, organisation_id, day) if post.unit_id == own.unit_id]
    others = {each.person_id for each in holders(uow, organisation_id, posts, day)} - {person_id}
    return persons(uow, organisation_id, sorted(others), day)


def file_of(
    uow: UnitOfWork, organisation_id: int, person_id: int, *, day: date | None = None, known_at: datetime | None = None
) -> PersonFile:
    """All that is held true of a person at an organisation, or was at an instant; with the acts it stands on.

    Raises: PersonNotOfStaff, NotSealedYet.
    """
    as_of = staffing.as_of(uow, day or today(), known_at)
    connection, scope = uow.connection, uow.scope
    appointments = queries.appointment_facts(connection, scope, organisation_id, person_id, as_of)
    names = queries.name_facts(connection, scope, person_id, as_of)
    if not appointments or not names:
        raise rules.PersonNotOfStaff()
    account = queries.user_of(connection, scope, person_id)
    return PersonFile(
        person_id,
        account[0] if account else None,
        account[1] if account else "",
        tuple(names),
        tuple(queries.private_facts(connection, scope, person_id, as_of)),
        tuple(appointments),
        tuple(queries.schedule_facts(connection, scope, organisation_id, person_id, as_of)),
        tuple(staffing_queries.acts_of_person(connection, scope, organisation_id, person_id)),
    )


def note_reading(uow: UnitOfWork, organisation_id: int, person_id: int) -> None:
    """Keep that the actor has opened a file, which the person sees; nobody's looking into their own is kept."""
    if queries.own_person(uow.connection, uow.scope) != person_id:
        queries.insert_reading(uow.connection, uow.scope, organisation_id, person_id, ReadKind.FILE)


def readings(uow: UnitOfWork, person_id: int) -> list[Reading]:
    """Who opened a person's file, or identity number, on which days, the last first."""
    return queries.readings(uow.connection, uow.scope, person_id)
