"""Use cases of personal files.  Each runs inside the caller's unit of work."""

from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from erp.base import audit, bitemporal
from erp.base.bitemporal import Act, AsOf, History
from erp.base.clock import today
from erp.base.commands import Command
from erp.base.cursors import INTEGER, number_in
from erp.base.uow import UnitOfWork
from erp.base.vault import Vault
from erp.hr.personnel import queries, rules
from erp.hr.personnel.model import (
    Appointment,
    Claim,
    Claimed,
    FoundPerson,
    Name,
    PeoplePage,
    Person,
    PersonFile,
    PersonRow,
    Reading,
    ReadKind,
)
from erp.hr.personnel.schemas import (
    AddIdentity,
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
from erp.hr.staffing.rules import ActUnknown, PostUnknown, chain, share
from erp.hr.staffing.schemas import DatedAct, RescindAct

T = TypeVar("T")

# ------------------------------------------------------------------------------------------------ to begin to serve


def hire(uow: UnitOfWork, vault: Vault, organisation_id: int, command: Hire) -> int:
    """Somebody begins to serve; repeating it under its key changes nothing.  Returns the person.

    Whose identity number is known already, from wherever, is the same person: their name and facts stay as they are,
    and they see that they were found.

    Raises: PostUnknown, PostTaken, IdentityInvalid, IdentityOfAnother, IdentityTaken (this moment), BornTooLate,
        OwnRecord, AccountTaken, KeyReused.
    """
    if (done := staffing.done_before(uow, organisation_id, command)) is not None and done[2] is not None:
        return done[2]
    claim = rules.identity_typed(command.identity) if command.identity else "", str(Name(**command.name.model_dump()))
    known = claimed(uow, vault, organisation_id, [claim]).get(claim) if command.identity else None
    if known is not None:
        person_id = rules.named(known)
        by = _appoint(uow, organisation_id, person_id, command, About.HIRE)
        queries.insert_readings(uow.connection, uow.scope, organisation_id, [person_id], ReadKind.FILE)
        _tell(uow, organisation_id, person_id, "person-hired", by, since=command.since.isoformat())
    else:
        (person_id,) = hire_many(uow, vault, organisation_id, [command])
    if command.login:
        link_account(uow, organisation_id, person_id, command.login)
    return person_id


def claimed(uow: UnitOfWork, vault: Vault, organisation_id: int, claims: Collection[Claim]) -> dict[Claim, Claimed]:
    """Those of the claims whose identity number somebody has, wherever they serve."""
    marks = [(mark, claim) for claim in claims for mark in vault.indexes(claim[0], about=_IDENTITY)]
    found = queries.persons_claimed(
        uow.connection, uow.scope, organisation_id, [mark for mark, _ in marks], [name for _, (_, name) in marks]
    )
    return {marks[place][1]: known for place, known in found.items()}


def hire_many(uow: UnitOfWork, vault: Vault, organisation_id: int, commands: Sequence[Hire]) -> list[int]:
    """New persons begin to serve, all by a few statements; nobody of them is looked for among those known.

    Raises: PostUnknown, PostTaken, IdentityInvalid, IdentityTaken, BornTooLate.
    """
    connection, scope = uow.connection, uow.scope
    late = next((each.birth_on for each in commands if each.birth_on and each.birth_on >= each.since), None)
    if late is not None:
        raise rules.BornTooLate(born=late)
    posts = {command.appointment.staff_unit_id for command in commands}
    _require_posts(uow, organisation_id, posts)
    staffing_queries.lock_staff_units(connection, scope, posts)
    persons = queries.register_persons(connection, scope, organisation_id, len(commands))
    acts = _appoint_all(uow, organisation_id, About.HIRE, list(zip(persons, commands, strict=True)))

    def lay(history: History, values: Callable[[Hire, int], dict[str, Any]]) -> None:
        facts = [
            {"person_id": person_id, "start": command.since, "until": None, "act": act_id} | values(command, person_id)
            for command, person_id, act_id in zip(commands, persons, acts, strict=True)
        ]
        bitemporal.lay(connection, history, facts, organisation_id)

    lay(queries.NAMES, lambda command, _: _name_values(command.name))
    lay(queries.FACTS, lambda command, person_id: _private_values(vault, command, person_id))
    staffing.require_room(uow, organisation_id, posts)
    if len(commands) == 1:
        ((command, person_id, act_id),) = zip(commands, persons, acts, strict=True)
        by = Act(organisation_id, act_id)
        _tell(uow, organisation_id, person_id, "person-hired", by, since=command.since.isoformat())
    else:
        about = f"organisation:{organisation_id}"
        audit.record(connection, scope, "people-hired", about, organisation_id=organisation_id, count=len(commands))
    return persons


def appoint_many(uow: UnitOfWork, organisation_id: int, about: About, appointed: Sequence[tuple[int, Appoint]]) -> None:
    """Further appointments of persons, or the hiring of those who are known already, all by a few statements.

    Who is hired sees that they were found.

    Raises: PostUnknown, PostTaken.
    """
    posts = {command.appointment.staff_unit_id for _, command in appointed}
    _require_posts(uow, organisation_id, posts)
    staffing_queries.lock_staff_units(uow.connection, uow.scope, posts)
    _appoint_all(uow, organisation_id, about, appointed)
    staffing.require_room(uow, organisation_id, posts)
    if about is About.HIRE:
        found = sorted({person_id for person_id, _ in appointed})
        queries.insert_readings(uow.connection, uow.scope, organisation_id, found, ReadKind.FILE)
    audit.record(
        uow.connection,
        uow.scope,
        "people-appointed",
        f"organisation:{organisation_id}",
        organisation_id=organisation_id,
        count=len(appointed),
    )


def _appoint_all(
    uow: UnitOfWork, organisation_id: int, about: About, appointed: Sequence[tuple[int, Appoint]]
) -> list[int]:
    """New appointments with their schedules, each by an act of its own.  Returns the acts."""
    persons = [person_id for person_id, _ in appointed]
    appointments = queries.insert_appointments(uow.connection, uow.scope, organisation_id, persons)
    acts = staffing_queries.insert_acts(
        uow.connection,
        uow.scope,
        organisation_id,
        [
            staffing.acted(
                command,
                ActKind.CHANGE,
                about,
                held,
                *(() if about is About.HIRE else (person_id,)),
                person_id=person_id,
            )
            for (person_id, command), held in zip(appointed, appointments, strict=True)
        ],
    )

    def lay(history: History, values: Callable[[Appoint], dict[str, Any]]) -> None:
        facts = [
            _subject(organisation_id, person_id, held)
            | {"start": command.since, "until": command.until, "act": act_id}
            | values(command)
            for (person_id, command), held, act_id in zip(appointed, appointments, acts, strict=True)
        ]
        bitemporal.lay(uow.connection, history, facts, organisation_id)

    lay(queries.APPOINTMENTS, lambda command: command.appointment.model_dump())
    lay(queries.SCHEDULES, lambda command: _cycle(command.schedule))
    return acts


def appoint(uow: UnitOfWork, organisation_id: int, person_id: int, command: Appoint) -> None:
    """Another appointment of somebody who serves here, or served.

    Raises: PersonNotOfStaff, PostUnknown, PostTaken, KeyReused.
    """
    if staffing.done_before(uow, organisation_id, command, person_id) is not None:
        return
    _not_own(uow, person_id)
    person(uow, organisation_id, person_id, day=command.since)
    by = _appoint(uow, organisation_id, person_id, command, About.APPOINTMENT, person_id)
    _tell(uow, organisation_id, person_id, "person-appointed", by, since=command.since.isoformat())


def _appoint(
    uow: UnitOfWork, organisation_id: int, person_id: int, command: Appoint, about: About, *said: object
) -> Act:
    post_id = command.appointment.staff_unit_id
    _require_posts(uow, organisation_id, {post_id})
    staffing_queries.lock_staff_units(uow.connection, uow.scope, [post_id])
    (appointment_id,) = queries.insert_appointments(uow.connection, uow.scope, organisation_id, [person_id])
    by = staffing.act(uow, organisation_id, command, ActKind.CHANGE, about, appointment_id, *said, person_id=person_id)
    subject = _subject(organisation_id, person_id, appointment_id)
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


def _subject(organisation_id: int, person_id: int, appointment_id: int) -> dict[str, int]:
    return {"organisation_id": organisation_id, "person_id": person_id, "appointment_id": appointment_id}


def _cycle(content: ScheduleContent) -> dict[str, Any]:
    return {"kind": content.kind.value, "begins_on": content.begins_on, "minutes": list(content.minutes)}


def _name_values(content: NameContent) -> dict[str, str]:
    return {"family_name": content.family, "given_name": content.given, "patronymic": content.patronymic}


# ------------------------------------------------------------------------------------------------ change and correct


def record_name(uow: UnitOfWork, organisation_id: int, person_id: int, command: RecordName) -> None:
    """A person is called otherwise from a day on, or was called so all along.

    Raises: PersonNotOfStaff, FileKeptElsewhere, OwnRecord, FactChanged, DaysTaken, KeyReused.
    """
    if staffing.done_before(uow, organisation_id, command, person_id) is not None:
        return
    _keeping(uow, organisation_id, person_id, command.since)
    by = _act(uow, organisation_id, person_id, command, About.NAME, person_id)
    staffing.record(uow, queries.NAMES, {"person_id": person_id}, command, _name_values(command.content), by)
    _tell(uow, organisation_id, person_id, f"person-name-{staffing.kind_of(command).value}", by)


def record_facts(uow: UnitOfWork, vault: Vault, organisation_id: int, person_id: int, command: RecordFacts) -> None:
    """Day of birth or identity number are others; what the command leaves out stays as it was.

    Raises: PersonNotOfStaff, FileKeptElsewhere, IdentityInvalid, IdentityTaken, BornTooLate, FactChanged, DaysTaken,
        KeyReused.
    """
    if staffing.done_before(uow, organisation_id, command, person_id) is not None:
        return
    _keeping(uow, organisation_id, person_id, command.since)
    _require_born_before(uow, organisation_id, person_id, command)
    before = queries.private_values(uow.connection, uow.scope, person_id, AsOf(command.since))
    if command.identity:
        marks = vault.indexes(rules.identity_typed(command.identity), about=_IDENTITY)
        if queries.person_known(uow.connection, uow.scope, organisation_id, marks) not in (None, person_id):
            raise rules.IdentityTaken()
    told = _private_values(vault, command, person_id)
    values = told | dict(before or {}) | {name: value for name, value in told.items() if value is not None}
    by = _act(uow, organisation_id, person_id, command, About.FACTS, person_id)
    staffing.record(uow, queries.FACTS, {"person_id": person_id}, command, values, by)
    _tell(uow, organisation_id, person_id, f"person-facts-{staffing.kind_of(command).value}", by)


def number_many(
    uow: UnitOfWork, vault: Vault, organisation_id: int, numbered: Sequence[tuple[int, AddIdentity]]
) -> None:
    """Identity numbers of people on record who have none, on all days of their facts, by a few statements.

    Raises: IdentityInvalid, IdentityTaken.
    """
    if not numbered:
        return
    connection, scope = uow.connection, uow.scope
    bare = {person_id: rules.identity_typed(command.identity) for person_id, command in numbered}
    marks = {person_id: vault.indexes(identity, about=_IDENTITY) for person_id, identity in bare.items()}
    every = [mark for each in marks.values() for mark in each]
    if queries.person_known(connection, scope, organisation_id, every) is not None:
        raise rules.IdentityTaken()
    acts = staffing_queries.insert_acts(
        connection,
        scope,
        organisation_id,
        [
            staffing.acted(command, ActKind.CORRECT, About.FACTS, person_id, person_id=person_id)
            for person_id, command in numbered
        ],
    )
    facts = [
        {
            "person_id": person_id,
            "act": act_id,
            "identity_sealed": vault.seal(bare[person_id], about=f"{_IDENTITY}:{person_id}"),
            "identity_index": marks[person_id][0],
        }
        for (person_id, _), act_id in zip(numbered, acts, strict=True)
    ]
    bitemporal.amend(connection, queries.FACTS, ("identity_sealed", "identity_index"), facts, organisation_id)
    about = f"organisation:{organisation_id}"
    audit.record(connection, scope, "people-numbered", about, organisation_id=organisation_id, count=len(numbered))


def _require_born_before(uow: UnitOfWork, organisation_id: int, person_id: int, command: RecordFacts) -> None:
    """Raises: BornTooLate."""
    facts = queries.appointment_facts(uow.connection, uow.scope, organisation_id, person_id, AsOf(command.since))
    if command.birth_on and any(each.valid.start and command.birth_on >= each.valid.start for each in facts):
        raise rules.BornTooLate(born=command.birth_on)


def record_appointment(
    uow: UnitOfWork, organisation_id: int, person_id: int, appointment_id: int, command: RecordAppointment
) -> None:
    """An appointment holds another post, or another share of it, from a day on; or it ends.

    Its schedule follows it: each day that is served by it is worked by a schedule, and no other.

    Raises: AppointmentUnknown, AppointmentEnds, PostUnknown, PostTaken, FactChanged, KeyReused.
    """
    if staffing.done_before(uow, organisation_id, command, appointment_id) is not None:
        return
    facts, content = _appointment(uow, organisation_id, person_id, appointment_id), command.content
    first = facts[0].valid.start
    if content is None and command.corrects is None and first is not None and command.since <= first:
        raise rules.AppointmentEnds()
    posts = {fact.staff_unit_id for fact in facts}
    if content is not None:
        posts.add(content.staff_unit_id)
        _require_posts(uow, organisation_id, {content.staff_unit_id})
    staffing_queries.lock_staff_units(uow.connection, uow.scope, posts)
    by = _act(uow, organisation_id, person_id, command, About.APPOINTMENT, appointment_id)
    subject = _subject(organisation_id, person_id, appointment_id)
    staffing.record(uow, queries.APPOINTMENTS, subject, command, content.model_dump() if content else None, by)
    bitemporal.follow(uow.connection, queries.SCHEDULES, subject, queries.APPOINTMENTS, by)
    staffing.require_room(uow, organisation_id, posts)
    action = f"person-appointment-{staffing.kind_of(command).value}" if content else "person-left"
    _tell(uow, organisation_id, person_id, action, by, since=command.since.isoformat())


def record_schedule(
    uow: UnitOfWork, organisation_id: int, person_id: int, appointment_id: int, command: RecordSchedule
) -> None:
    """An appointment is worked by another schedule from a day on; a day left without one keeps the one before it.

    Raises: AppointmentUnknown, AppointmentNotHeld, FactChanged, KeyReused.
    """
    if staffing.done_before(uow, organisation_id, command, appointment_id) is not None:
        return
    facts = _appointment(uow, organisation_id, person_id, appointment_id)
    if not any(command.since in fact.valid for fact in facts):
        raise rules.AppointmentNotHeld(day=command.since)
    by = _act(uow, organisation_id, person_id, command, About.SCHEDULE, appointment_id)
    subject = _subject(organisation_id, person_id, appointment_id)
    staffing.record(uow, queries.SCHEDULES, subject, command, _cycle(command.content), by)
    bitemporal.follow(uow.connection, queries.SCHEDULES, subject, queries.APPOINTMENTS, by)
    action = f"person-schedule-{staffing.kind_of(command).value}"
    _tell(uow, organisation_id, person_id, action, by, since=command.since.isoformat())


def rescind(uow: UnitOfWork, organisation_id: int, person_id: int, act_id: int, command: RescindAct) -> None:
    """Undo an act of a person's file: what it recorded no longer holds, what it superseded holds again.

    Who was hired by mistake, and serves besides, here or elsewhere, keeps the name and the facts of that hiring.

    Raises: ActUnknown, ActRescinded, ActOverlaid, FileKeptElsewhere, IdentityTaken, PostTaken, KeyReused.
    """
    if staffing.done_before(uow, organisation_id, command, act_id) is not None:
        return
    undone = staffing.recorded_act(uow, organisation_id, act_id)
    if undone.person_id != person_id:
        raise ActUnknown()
    _not_own(uow, person_id)
    if undone.about in (About.NAME, About.FACTS):
        _keeping(uow, organisation_id, person_id, today())
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
    _tell(uow, organisation_id, person_id, "act-rescinded", by)


def link_account(uow: UnitOfWork, organisation_id: int, person_id: int, login: str) -> None:
    """Say which account is a person's: by its login, or none.

    The account of somebody whose record nobody keeps any more, as it was a mistake, passes to the person.

    Raises: PersonNotOfStaff, FileKeptElsewhere, AccountTaken.
    """
    _keeping(uow, organisation_id, person_id, today())
    user_id = queries.user_here(uow.connection, uow.scope, organisation_id, login, today()) if login else None
    if (login and user_id is None) or not queries.link_user(
        uow.connection, uow.scope, organisation_id, person_id, user_id
    ):
        raise rules.AccountTaken(login=login)
    about = f"person:{person_id}"
    audit.record(
        uow.connection, uow.scope, "person-account-linked", about, organisation_id=organisation_id, login=login
    )


def _posts_of(uow: UnitOfWork, organisation_id: int, person_id: int) -> set[int]:
    facts = queries.appointment_facts(uow.connection, uow.scope, organisation_id, person_id, AsOf(today()))
    return {fact.staff_unit_id for fact in facts}


def _appointment(uow: UnitOfWork, organisation_id: int, person_id: int, appointment_id: int) -> list[Appointment]:
    """The facts of an appointment, in the order of days.  Raises: AppointmentUnknown, OwnRecord."""
    _not_own(uow, person_id)
    facts = queries.appointment_facts(uow.connection, uow.scope, organisation_id, person_id, AsOf(today()))
    found = [fact for fact in facts if fact.id == appointment_id]
    if not found:
        raise rules.AppointmentUnknown()
    return found


def _keeping(uow: UnitOfWork, organisation_id: int, person_id: int, day: date) -> Person:
    """Whose name and facts are kept here.  Raises: PersonNotOfStaff, FileKeptElsewhere, OwnRecord."""
    _not_own(uow, person_id)
    found = person(uow, organisation_id, person_id, day=day)
    if not queries.keeps(uow.connection, uow.scope, organisation_id, person_id):
        raise rules.FileKeptElsewhere()
    return found


def _act(
    uow: UnitOfWork, organisation_id: int, person_id: int, command: DatedAct, about: About, subject_id: int
) -> Act:
    kind = staffing.kind_of(command)
    return staffing.act(uow, organisation_id, command, kind, about, subject_id, subject_id, person_id=person_id)


def _not_own(uow: UnitOfWork, person_id: int) -> None:
    """Raises: OwnRecord."""
    if is_own(uow, person_id):
        raise rules.OwnRecord()


def _tell(uow: UnitOfWork, organisation_id: int, person_id: int, action: str, by: Act, **facts: Any) -> None:
    """In the trail stands which act it was; what it says, and on what ground, is read where the file is."""
    about = f"person:{person_id}"
    audit.record(uow.connection, uow.scope, action, about, organisation_id=organisation_id, act_no=by.id, **facts)


# ------------------------------------------------------------------------------------------------ meant or not


def meant(
    uow: UnitOfWork,
    vault: Vault,
    organisation_id: int,
    person_id: int | None,
    command: Command,
    act: Callable[[], T],
    *,
    all_the_same: bool,
) -> T:
    """Do an act on the file of a person, none of a new one, unless it is one that is rarely meant so.

    Raises: what ``rules.DOUBTS`` has, and nothing is done; none where it is to be done ``all_the_same``.
    """
    if all_the_same:
        return act()
    match command:
        case Appoint(schedule=cycle) | RecordSchedule(content=cycle) if not rules.leaves_rest(cycle.minutes):
            raise rules.NoRest()
    since = command.since if isinstance(command, (Appoint, RecordAppointment)) else None
    before = _most_held(uow, organisation_id, person_id, since)
    result = act()
    whose = person_id if person_id is not None else result if isinstance(result, int) else None
    together, day = _most_held(uow, organisation_id, whose, since)
    if together > max(_WHOLE, before[0]):
        raise rules.MoreThanOnePost(share=share(together), day=day)
    if whose is not None and isinstance(command, (Hire, RecordFacts)):
        _require_born_so(uow, vault, whose, command)
    return result


_WHOLE = 100  # hundredths of a post


def _most_held(uow: UnitOfWork, organisation_id: int, person_id: int | None, since: date | None) -> tuple[int, date]:
    if person_id is None or since is None:
        return 0, today()
    facts = queries.appointment_facts(uow.connection, uow.scope, organisation_id, person_id, AsOf(today()))
    return rules.most_held(facts, since)


def _require_born_so(uow: UnitOfWork, vault: Vault, person_id: int, command: Hire | RecordFacts) -> None:
    """Raises: BirthDiffers."""
    kept = queries.private_values(uow.connection, uow.scope, person_id, AsOf(command.since)) or {}
    born, sealed = kept.get("birth_on"), kept.get("identity_sealed")
    if born and sealed and not rules.says_born(vault.open(bytes(sealed), about=f"{_IDENTITY}:{person_id}"), born):
        raise rules.BirthDiffers(born=born)


# ------------------------------------------------------------------------------------------------ identity numbers

_IDENTITY = "iin"


def _private_values(vault: Vault, command: Hire | RecordFacts, person_id: int) -> dict[str, Any]:
    """Day of birth; an identity number as it is kept: sealed for its person, and found by its index.

    Raises: IdentityInvalid.
    """
    bare = rules.identity_typed(command.identity) if command.identity else ""
    return {
        "birth_on": command.birth_on,
        "identity_sealed": vault.seal(bare, about=f"{_IDENTITY}:{person_id}") if bare else None,
        "identity_index": vault.indexes(bare, about=_IDENTITY)[0] if bare else None,
    }


def open_identity(uow: UnitOfWork, vault: Vault, organisation_id: int, person_id: int) -> str:
    """A person's identity number, today's; that it was opened is kept, and the person sees it.

    Raises: PersonNotOfStaff, IdentityMissing, SecretUnreadable.
    """
    person(uow, organisation_id, person_id)
    found = queries.private_values(uow.connection, uow.scope, person_id, AsOf(today()))
    if found is None or found["identity_sealed"] is None:
        raise rules.IdentityMissing()
    queries.insert_readings(uow.connection, uow.scope, organisation_id, [person_id], ReadKind.IDENTITY)
    audit.record(uow.connection, uow.scope, "identity-opened", f"person:{person_id}", organisation_id=organisation_id)
    return vault.open(bytes(found["identity_sealed"]), about=f"{_IDENTITY}:{person_id}")


# ------------------------------------------------------------------------------------------------ views


def person_of(uow: UnitOfWork, organisation_id: int, day: date | None = None) -> Person | None:
    """The person in whose name the scope acts, where they serve, or served, at the organisation."""
    own = queries.own_person(uow.connection, uow.scope)
    if own is None:
        return None
    return next(iter(persons(uow, organisation_id, [own], day or today())), None)


def is_own(uow: UnitOfWork, person_id: int) -> bool:
    """Whether a person is the one who acts, or in whose name."""
    return queries.is_own(uow.connection, uow.scope, person_id)


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


def find(
    uow: UnitOfWork, at: Collection[int], said: Sequence[str], day: date, *, limit: int
) -> tuple[FoundPerson, ...]:
    """Who serves on a day ``at`` organisations whose records are read, and answers to words in any of their readings.

    The words are parts of the name, the personnel number, the post or its unit; never of an identity number.
    """
    within = uow.scope.staff & set(at)
    if not within or not said:
        return ()
    return tuple(queries.people_found(uow.connection, uow.scope, within, AsOf(day), said, (), limit))


def find_by_identity(uow: UnitOfWork, vault: Vault, organisation_id: int, identity: str) -> tuple[FoundPerson, ...]:
    """Who serves here today and has a whole identity number; that it was asked for is kept, and the person sees it.

    Nobody, where it is no such number.
    """
    try:
        indexes = vault.indexes(rules.identity_typed(identity), about=_IDENTITY)
    except rules.IdentityInvalid:
        return ()
    found = queries.people_found(uow.connection, uow.scope, {organisation_id}, AsOf(today()), (), indexes, 1)
    persons = [each.row.person_id for each in found]
    queries.insert_readings(uow.connection, uow.scope, organisation_id, persons, ReadKind.IDENTITY)
    return tuple(found)


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
    return PersonFile(
        person_id,
        queries.login_of(connection, scope, person_id),
        queries.keeps(connection, scope, organisation_id, person_id),
        tuple(names),
        tuple(queries.private_facts(connection, scope, person_id, as_of)),
        tuple(appointments),
        tuple(queries.schedule_facts(connection, scope, organisation_id, person_id, as_of)),
        tuple(staffing_queries.acts_of_person(connection, scope, organisation_id, as_of, person_id)),
    )


def note_reading(uow: UnitOfWork, organisation_id: int, person_id: int) -> None:
    """Keep that the actor has opened a file, which the person sees; nobody's looking into their own is kept."""
    if queries.own_person(uow.connection, uow.scope) != person_id:
        queries.insert_readings(uow.connection, uow.scope, organisation_id, [person_id], ReadKind.FILE)


def readings(uow: UnitOfWork, person_id: int) -> list[Reading]:
    """Who opened a person's file, or identity number, on which days, the last first."""
    return queries.readings(uow.connection, uow.scope, person_id)
