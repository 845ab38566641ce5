"""Use cases of the staffing table, and the acts of the record.  Each runs inside the caller's unit of work."""

from collections.abc import Iterable
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
from erp.hr.staffing.schemas import ActCommand, DatedAct, PostContent, RecordPost, RecordUnit, RescindAct, UnitContent
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
    (number,) = queries.insert_acts(
        uow.connection,
        uow.scope,
        organisation_id,
        [
            {
                "key": command.key,
                "content_hash": content_hash(command, *said),
                "kind": kind.value,
                "about": about.value,
                "subject_id": subject_id,
                "person_id": person_id,
                "reason": command.reason,
                "rescinds": rescinds,
            }
        ],
    )
    return Act(organisation_id, number)


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
    found = queries.act(uow.connection, uow.scope, organisation_id, act_id)
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


# ------------------------------------------------------------------------------------------------ units


def begin_unit(uow: UnitOfWork, organisation_id: int, command: RecordUnit) -> int:
    """A new unit; repeating it under its key changes nothing.  Returns its number.

    Raises: UnitNotThere, PostUnknown, KeyReused.
    """
    if (done := done_before(uow, organisation_id, command)) is not None:
        return done[1]
    unit_id = queries.insert_unit(uow.connection, uow.scope, organisation_id)
    _record_unit(
        uow, organisation_id, unit_id, command, act(uow, organisation_id, command, ActKind.CHANGE, About.UNIT, unit_id)
    )
    return unit_id


def record_unit(uow: UnitOfWork, organisation_id: int, unit_id: int, command: RecordUnit) -> None:
    """A unit is otherwise from a day on, was recorded amiss, or is there no more.

    Raises: UnitUnknown, UnitNotThere, UnitUnderItself, PostUnknown, FactChanged, KeyReused.
    """
    if done_before(uow, organisation_id, command, unit_id) is not None:
        return
    unit_facts(uow, organisation_id, unit_id)
    by = act(uow, organisation_id, command, kind_of(command), About.UNIT, unit_id, unit_id)
    _record_unit(uow, organisation_id, unit_id, command, by)


def _record_unit(uow: UnitOfWork, organisation_id: int, unit_id: int, command: RecordUnit, by: Act) -> None:
    content = command.content
    parent_id, head_id = (content.parent_id, content.head_id) if content else (None, None)
    if parent_id is not None:
        unit_facts(uow, organisation_id, parent_id)
    if head_id is not None:
        post_facts(uow, organisation_id, head_id)
    queries.lock_units(uow.connection, uow.scope, organisation_id)
    subject = {"organisation_id": organisation_id, "unit_id": unit_id}
    record(uow, queries.UNITS, subject, command, content.model_dump() if content else None, by)
    _require_upright(uow, organisation_id, unit_id, parent_id)
    _tell(
        uow,
        organisation_id,
        f"unit-{kind_of(command).value}",
        f"unit:{organisation_id}/{unit_id}",
        command,
        by,
        content,
    )


def _require_upright(uow: UnitOfWork, organisation_id: int, unit_id: int, parent_id: int | None) -> None:
    asked = [unit_id] if parent_id is None else [unit_id, parent_id]
    if (day := queries.uncovered(uow.connection, uow.scope, organisation_id, asked)) is not None:
        raise rules.UnitNotThere(day=day)
    if queries.stands_under_itself(uow.connection, uow.scope, organisation_id, unit_id):
        raise rules.UnitUnderItself()


# ------------------------------------------------------------------------------------------------ posts


def begin_post(uow: UnitOfWork, organisation_id: int, command: RecordPost) -> int:
    """A new post of the staffing table; repeating it under its key changes nothing.  Returns its number.

    Raises: UnitUnknown, UnitNotThere, KeyReused.
    """
    if (done := done_before(uow, organisation_id, command)) is not None:
        return done[1]
    post_id = queries.insert_staff_unit(uow.connection, uow.scope, organisation_id)
    by = act(uow, organisation_id, command, ActKind.CHANGE, About.POST, post_id)
    _record_post(uow, organisation_id, post_id, command, by)
    return post_id


def record_post(uow: UnitOfWork, organisation_id: int, post_id: int, command: RecordPost) -> None:
    """A post is otherwise from a day on, was recorded amiss, or is there no more.

    Raises: PostUnknown, PostTaken, UnitUnknown, UnitNotThere, FactChanged, KeyReused.
    """
    if done_before(uow, organisation_id, command, post_id) is not None:
        return
    post_facts(uow, organisation_id, post_id)
    by = act(uow, organisation_id, command, kind_of(command), About.POST, post_id, post_id)
    _record_post(uow, organisation_id, post_id, command, by)


def _record_post(uow: UnitOfWork, organisation_id: int, post_id: int, command: RecordPost, by: Act) -> None:
    content = command.content
    if content is not None:
        unit_facts(uow, organisation_id, content.unit_id)
    queries.lock_units(uow.connection, uow.scope, organisation_id)
    queries.lock_staff_units(uow.connection, uow.scope, [post_id])
    subject = {"organisation_id": organisation_id, "staff_unit_id": post_id}
    record(uow, queries.POSTS, subject, command, content.model_dump() if content else None, by)
    require_room(uow, organisation_id, [post_id])
    if content is not None and (
        day := queries.uncovered(uow.connection, uow.scope, organisation_id, [content.unit_id])
    ):
        raise rules.UnitNotThere(day=day)
    _tell(
        uow,
        organisation_id,
        f"post-{kind_of(command).value}",
        f"post:{organisation_id}/{post_id}",
        command,
        by,
        content,
    )


def require_room(uow: UnitOfWork, organisation_id: int, posts: Iterable[int]) -> None:
    """Nobody is appointed beyond the staffing table; the posts have to be locked.  Raises: PostTaken."""
    if (day := queries.overfilled(uow.connection, uow.scope, organisation_id, posts)) is not None:
        raise rules.PostTaken(day=day)


def rescind(uow: UnitOfWork, organisation_id: int, act_id: int, command: RescindAct) -> None:
    """Undo an act on a unit or a post.

    Raises: ActUnknown, ActRescinded, ActOverlaid, PostTaken, UnitNotThere, UnitUnderItself, KeyReused.
    """
    if done_before(uow, organisation_id, command, act_id) is not None:
        return
    undone = recorded_act(uow, organisation_id, act_id)
    if undone.about not in (About.UNIT, About.POST):
        raise rules.ActUnknown()
    queries.lock_units(uow.connection, uow.scope, organisation_id)
    is_post = undone.about is About.POST
    if is_post:
        queries.lock_staff_units(uow.connection, uow.scope, [undone.subject_id])
    histories = (queries.POSTS,) if is_post else (queries.UNITS,)
    by = begin_rescinding(uow, organisation_id, undone, command, histories)
    if is_post:
        require_room(uow, organisation_id, [undone.subject_id])
        units = {
            each.unit_id for each in queries.post_facts(uow.connection, uow.scope, organisation_id, undone.subject_id)
        }
        if (day := queries.uncovered(uow.connection, uow.scope, organisation_id, units)) is not None:
            raise rules.UnitNotThere(day=day)
    else:
        above = {
            each.parent_id for each in queries.unit_facts(uow.connection, uow.scope, organisation_id, undone.subject_id)
        }
        for parent_id in above | {None}:
            _require_upright(uow, organisation_id, undone.subject_id, parent_id)
    audit.record(
        uow.connection,
        uow.scope,
        "act-rescinded",
        f"{undone.about.value}:{organisation_id}/{undone.subject_id}",
        organisation_id=organisation_id,
        act=by.id,
        rescinds=undone.id,
        reason=command.reason,
    )


def _tell(
    uow: UnitOfWork,
    organisation_id: int,
    action: str,
    subject: str,
    command: DatedAct,
    by: Act,
    content: UnitContent | PostContent | None,
) -> None:
    said = content.model_dump(mode="json", exclude_none=True) if content else {}
    told = action if content else action.replace("change", "end")
    audit.record(
        uow.connection,
        uow.scope,
        told,
        subject,
        organisation_id=organisation_id,
        act=by.id,
        since=command.since.isoformat(),
        reason=command.reason,
        **said,
    )


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


def unit_facts(uow: UnitOfWork, organisation_id: int, unit_id: int) -> list[Unit]:
    """All that is held true of a unit, in the order of days.  Raises: UnitUnknown."""
    found = queries.unit_facts(uow.connection, uow.scope, organisation_id, unit_id)
    if not found:
        raise rules.UnitUnknown()
    return found


def post_facts(uow: UnitOfWork, organisation_id: int, post_id: int) -> list[StaffUnit]:
    """All that is held true of a post, in the order of days.  Raises: PostUnknown."""
    found = queries.post_facts(uow.connection, uow.scope, organisation_id, post_id)
    if not found:
        raise rules.PostUnknown()
    return found


def acts_on(uow: UnitOfWork, organisation_id: int, about: About, subject_id: int) -> list[RecordedAct]:
    """The acts on a unit or a post, the last first."""
    return queries.acts_of_subject(uow.connection, uow.scope, organisation_id, about, subject_id)
