"""Use cases of the staffing table, and the acts of the record.  Each runs inside the caller's unit of work."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from pydantic import BaseModel

from erp.base import audit, bitemporal
from erp.base.bitemporal import Act, AsOf, History
from erp.base.clock import today
from erp.base.dates import DateInterval
from erp.base.uow import UnitOfWork
from erp.hr.staffing import queries, rules
from erp.hr.staffing.model import About, ActKind, RecordedAct, StaffUnit, Unit
from erp.hr.staffing.schemas import ActCommand, DatedAct, PostContent, RecordPost, RecordUnit, RescindAct
from ledger.errors import KeyReused

# ------------------------------------------------------------------------------------------------ acts


def content_hash(command: BaseModel, *about: object) -> bytes:
    """SHA-256 of what is asked and of what, whatever its key.

    Without an identity number: there are so few that a hash would tell it.
    """
    said = command.model_dump_json(exclude={"key", "identity"})
    return sha256("\n".join([said, *map(str, about)]).encode()).digest()


def done_before(
    uow: UnitOfWork, organisation_id: int, command: ActCommand, *about: object
) -> tuple[int, int, int | None] | None:
    """Number, subject and person of the act that was done under the command's key.  Raises: KeyReused."""
    found = queries.acts_of_keys(uow.connection, uow.scope, organisation_id, [command.key]).get(command.key)
    if found is None:
        return None
    number, known, subject_id, person_id = found
    if known != content_hash(command, *about):
        raise KeyReused(key=str(command.key))
    return number, subject_id, person_id


def act(
    uow: UnitOfWork,
    organisation_id: int,
    command: ActCommand,
    kind: ActKind,
    about: About,
    subject_id: int,
    *said: object,
    person_id: int | None = None,
    rescinds: int | None = None,
) -> Act:
    """Begin an act under the command's key; ``said`` is what else the command was hashed with."""
    told = acted(command, kind, about, subject_id, *said, person_id=person_id) | {"rescinds": rescinds}
    (number,) = queries.insert_acts(uow.connection, uow.scope, organisation_id, [told])
    return Act(organisation_id, number)


def acted(
    command: ActCommand, kind: ActKind, about: About, subject_id: int, *said: object, person_id: int | None = None
) -> dict[str, Any]:
    """An act as it is written down."""
    return {
        "key": command.key,
        "content_hash": content_hash(command, *said),
        "kind": kind.value,
        "about": about.value,
        "subject_id": subject_id,
        "person_id": person_id,
        "reason": command.reason,
    }


def record(
    uow: UnitOfWork,
    history: History,
    subject: dict[str, int],
    command: DatedAct,
    values: dict[str, Any] | None,
    by: Act,
) -> None:
    """Change or correct one subject, as the command says.  Raises: FactChanged."""
    if command.corrects is None:
        bitemporal.change(uow.connection, history, subject, command.since, values, by, until=command.until)
    else:
        days = DateInterval(command.since, command.until)
        bitemporal.correct(uow.connection, history, subject, command.corrects, days, values, by)


def kind_of(command: DatedAct) -> ActKind:
    return ActKind.CHANGE if command.corrects is None else ActKind.CORRECT


def recorded_act(uow: UnitOfWork, organisation_id: int, act_id: int) -> RecordedAct:
    """Raises: ActUnknown."""
    found = queries.act(uow.connection, uow.scope, organisation_id, AsOf(today()), act_id)
    if found is None:
        raise rules.ActUnknown()
    return found


def begin_rescinding(
    uow: UnitOfWork, organisation_id: int, undone: RecordedAct, command: RescindAct, histories: Iterable[History]
) -> Act:
    """Undo an act in the histories it may have recorded in.  Raises: ActRescinded, ActOverlaid."""
    if not undone.may_be_rescinded:
        raise rules.ActRescinded(act=undone.id)
    by = act(
        uow,
        organisation_id,
        command,
        ActKind.RESCIND,
        undone.about,
        undone.subject_id,
        undone.id,
        person_id=undone.person_id,
        rescinds=undone.id,
    )
    bitemporal.rescind(uow.connection, histories, queries.ACTS, undone.id, by)
    return by


def as_of(uow: UnitOfWork, day: date, known_at: datetime | None = None) -> AsOf:
    """A day as it is known now, or as it was known at an instant.  Raises: NotSealedYet of ``ledger.errors``."""
    return bitemporal.as_of(uow.connection, day, known_at)


# ------------------------------------------------------------------------------------------------ units and posts


def begin_unit(uow: UnitOfWork, organisation_id: int, command: RecordUnit) -> int:
    """A new unit; repeating it under its key changes nothing.  Returns its number.

    Raises: UnitNotThere, PostUnknown, KeyReused.
    """
    return _begin(uow, organisation_id, command, About.UNIT)


def begin_post(uow: UnitOfWork, organisation_id: int, command: RecordPost) -> int:
    """A new post of the staffing table; repeating it under its key changes nothing.  Returns its number.

    Raises: UnitUnknown, UnitNotThere, KeyReused.
    """
    return _begin(uow, organisation_id, command, About.POST)


def record_unit(uow: UnitOfWork, organisation_id: int, unit_id: int, command: RecordUnit) -> None:
    """A unit is otherwise from a day on, was recorded amiss, or is there no more.

    Raises: UnitUnknown, UnitNotThere, UnitUnderItself, PostUnknown, FactChanged, KeyReused.
    """
    _record(uow, organisation_id, command, About.UNIT, unit_id)


def record_post(uow: UnitOfWork, organisation_id: int, post_id: int, command: RecordPost) -> None:
    """A post is otherwise from a day on, was recorded amiss, or is there no more.

    Raises: PostUnknown, PostTaken, UnitUnknown, UnitNotThere, FactChanged, KeyReused.
    """
    _record(uow, organisation_id, command, About.POST, post_id)


def rescind(uow: UnitOfWork, organisation_id: int, act_id: int, command: RescindAct) -> None:
    """Undo an act on a unit or a post.

    Raises: ActUnknown, ActRescinded, ActOverlaid, PostTaken, UnitNotThere, UnitUnderItself, KeyReused.
    """
    if done_before(uow, organisation_id, command, act_id) is not None:
        return
    undone = recorded_act(uow, organisation_id, act_id)
    if undone.about not in _HISTORIES:
        raise rules.ActUnknown()
    _lock(uow, organisation_id, undone.about, undone.subject_id)
    by = begin_rescinding(uow, organisation_id, undone, command, [_HISTORIES[undone.about]])
    _require_upright(uow, organisation_id, undone.about, undone.subject_id)
    _tell(uow, organisation_id, "act-rescinded", undone.about, undone.subject_id, command, by, rescinds=undone.id)


_HISTORIES = {About.UNIT: queries.UNITS, About.POST: queries.POSTS}


def _begin(uow: UnitOfWork, organisation_id: int, command: RecordUnit | RecordPost, about: About) -> int:
    if (done := done_before(uow, organisation_id, command)) is not None:
        return done[1]
    insert = queries.insert_units if about is About.UNIT else queries.insert_staff_units
    (number,) = insert(uow.connection, uow.scope, organisation_id)
    by = act(uow, organisation_id, command, ActKind.CHANGE, about, number)
    _lay_down(uow, organisation_id, command, about, number, by)
    return number


def _record(uow: UnitOfWork, organisation_id: int, command: RecordUnit | RecordPost, about: About, number: int) -> None:
    if done_before(uow, organisation_id, command, number) is not None:
        return
    facts(uow, organisation_id, about, number)
    by = act(uow, organisation_id, command, kind_of(command), about, number, number)
    _lay_down(uow, organisation_id, command, about, number, by)


def _lay_down(
    uow: UnitOfWork, organisation_id: int, command: RecordUnit | RecordPost, about: About, number: int, by: Act
) -> None:
    """Record what the command says of a unit or a post, and refuse a staffing table that does not hold together."""
    content = command.content
    if isinstance(content, PostContent):
        unit_facts(uow, organisation_id, content.unit_id)
    elif content is not None:
        if content.parent_id is not None:
            unit_facts(uow, organisation_id, content.parent_id)
        if content.head_id is not None:
            post_facts(uow, organisation_id, content.head_id)
    _lock(uow, organisation_id, about, number)
    history = _HISTORIES[about]
    subject = dict(zip(history.subject, (organisation_id, number), strict=True))
    record(uow, history, subject, command, content.model_dump() if content else None, by)
    _require_upright(uow, organisation_id, about, number)
    kind = kind_of(command).value if content or command.corrects else "end"
    said = content.model_dump(mode="json", exclude_none=True) if content else {}
    since = command.since.isoformat()
    _tell(uow, organisation_id, f"{about.value}-{kind}", about, number, command, by, since=since, **said)


def _lock(uow: UnitOfWork, organisation_id: int, about: About, number: int) -> None:
    queries.lock_units(uow.connection, uow.scope, organisation_id)
    if about is About.POST:
        queries.lock_staff_units(uow.connection, uow.scope, [number])


def _require_upright(uow: UnitOfWork, organisation_id: int, about: About, number: int) -> None:
    """Units and posts stand in units that are there, and nobody is appointed beyond the staffing table.

    Raises: PostTaken, UnitNotThere, UnitUnderItself.
    """
    now = AsOf(today())
    if about is About.POST:
        require_room(uow, organisation_id, [number])
        units = {post.unit_id for post in queries.staff_units(uow.connection, uow.scope, organisation_id, now, number)}
    else:
        own = queries.units(uow.connection, uow.scope, organisation_id, now, number)
        units = {number} | {unit.parent_id for unit in own if unit.parent_id is not None}
    if (day := queries.uncovered(uow.connection, uow.scope, organisation_id, units)) is not None:
        raise rules.UnitNotThere(day=day)
    if about is About.UNIT and queries.stands_under_itself(uow.connection, uow.scope, organisation_id, number):
        raise rules.UnitUnderItself()


def require_room(uow: UnitOfWork, organisation_id: int, posts: Iterable[int]) -> None:
    """Nobody is appointed beyond the staffing table; the posts have to be locked.  Raises: PostTaken."""
    if (day := queries.overfilled(uow.connection, uow.scope, organisation_id, posts)) is not None:
        raise rules.PostTaken(day=day)


def _tell(
    uow: UnitOfWork,
    organisation_id: int,
    action: str,
    about: About,
    number: int,
    command: ActCommand,
    by: Act,
    **facts: Any,
) -> None:
    audit.record(
        uow.connection,
        uow.scope,
        action,
        f"{about.value}:{organisation_id}/{number}",
        organisation_id=organisation_id,
        act_no=by.id,
        reason=command.reason,
        **facts,
    )


# ------------------------------------------------------------------------------------------------ many at once


def new_units(uow: UnitOfWork, organisation_id: int, count: int) -> list[int]:
    """Numbers of new units, so that one may stand under another; ``lay_out`` says what they are."""
    return queries.insert_units(uow.connection, uow.scope, organisation_id, count)


def lay_out(
    uow: UnitOfWork, organisation_id: int, units: Mapping[int, RecordUnit], posts: Sequence[RecordPost]
) -> list[int]:
    """What new units and new posts are, all by a few statements.  Returns the numbers of the posts.

    Raises: UnitNotThere.
    """
    connection, scope = uow.connection, uow.scope
    queries.lock_units(connection, scope, organisation_id)
    numbers = queries.insert_staff_units(connection, scope, organisation_id, len(posts))
    _lay_many(uow, organisation_id, About.UNIT, list(units.items()))
    _lay_many(uow, organisation_id, About.POST, list(zip(numbers, posts, strict=True)))
    above = {each.content.parent_id for each in units.values() if each.content and each.content.parent_id}
    within = {each.content.unit_id for each in posts if each.content}
    if (day := queries.uncovered(connection, scope, organisation_id, above | within | set(units))) is not None:
        raise rules.UnitNotThere(day=day)
    audit.record(
        connection,
        scope,
        "staffing-laid-out",
        f"organisation:{organisation_id}",
        organisation_id=organisation_id,
        units=len(units),
        posts=len(posts),
    )
    return numbers


def _lay_many(
    uow: UnitOfWork, organisation_id: int, about: About, commands: Sequence[tuple[int, RecordUnit | RecordPost]]
) -> None:
    """The first facts of units or posts, each by an act of its own."""
    history = _HISTORIES[about]
    acts = queries.insert_acts(
        uow.connection,
        uow.scope,
        organisation_id,
        [acted(command, ActKind.CHANGE, about, number) for number, command in commands],
    )
    facts = [
        {
            **dict(zip(history.subject, (organisation_id, number), strict=True)),
            "start": command.since,
            "until": command.until,
            "act": act_id,
            **(command.content.model_dump() if command.content else {}),
        }
        for (number, command), act_id in zip(commands, acts, strict=True)
    ]
    bitemporal.lay(uow.connection, history, facts, organisation_id)


# ------------------------------------------------------------------------------------------------ views


def units(
    uow: UnitOfWork, organisation_id: int, day: date | None = None, known_at: datetime | None = None
) -> list[Unit]:
    """Units of a day (today), in the order of their names.  Raises: NotSealedYet."""
    return queries.units(uow.connection, uow.scope, organisation_id, as_of(uow, day or today(), known_at))


def posts(
    uow: UnitOfWork, organisation_id: int, day: date | None = None, known_at: datetime | None = None
) -> list[StaffUnit]:
    """Posts of a day (today) with what of each is appointed.  Raises: NotSealedYet."""
    return queries.staff_units(uow.connection, uow.scope, organisation_id, as_of(uow, day or today(), known_at))


def unit_facts(
    uow: UnitOfWork, organisation_id: int, unit_id: int, day: date | None = None, known_at: datetime | None = None
) -> list[Unit]:
    """All that is held true of a unit, or was at an instant; by day.  Raises: UnitUnknown, NotSealedYet."""
    found = queries.units(uow.connection, uow.scope, organisation_id, as_of(uow, day or today(), known_at), unit_id)
    if not found:
        raise rules.UnitUnknown()
    return found


def post_facts(
    uow: UnitOfWork, organisation_id: int, post_id: int, day: date | None = None, known_at: datetime | None = None
) -> list[StaffUnit]:
    """All that is held true of a post, or was at an instant; by day.  Raises: PostUnknown, NotSealedYet."""
    asked = as_of(uow, day or today(), known_at)
    found = queries.staff_units(uow.connection, uow.scope, organisation_id, asked, post_id)
    if not found:
        raise rules.PostUnknown()
    return found


def facts(
    uow: UnitOfWork,
    organisation_id: int,
    about: About,
    number: int,
    day: date | None = None,
    known_at: datetime | None = None,
) -> Sequence[Unit | StaffUnit]:
    """Of a unit or a post, as ``about`` says.  Raises: UnitUnknown, PostUnknown, NotSealedYet."""
    read = unit_facts if about is About.UNIT else post_facts
    return read(uow, organisation_id, number, day, known_at)


def acts_on(
    uow: UnitOfWork, organisation_id: int, about: About, subject_id: int, known_at: datetime | None = None
) -> list[RecordedAct]:
    """The acts on a unit or a post, the last first.  Raises: NotSealedYet."""
    asked = as_of(uow, today(), known_at)
    return queries.acts_of_subject(uow.connection, uow.scope, organisation_id, asked, about, subject_id)
