"""Refusals of the staffing table."""

from collections.abc import Mapping

from erp.base.errors import Conflict, NotFound, RuleViolated


class UnitUnknown(NotFound):
    code = "unit-unknown"
    template = "There is no such unit here."


class PostUnknown(NotFound):
    code = "post-unknown"
    template = "There is no such post here."


class ActUnknown(NotFound):
    code = "act-unknown"
    template = "There is no such act here."


class ActRescinded(Conflict):
    code = "act-rescinded"
    template = "Act № {act} was rescinded already, or undoes another itself."


class PostTaken(Conflict):
    code = "post-taken"
    template = (
        "On {day} more would be appointed to this post than the staffing table has of it. Choose another post or day."
    )


class UnitNotThere(Conflict):
    code = "unit-not-there"
    template = "On {day} the unit is not there, but posts or units stand in it. Choose other days, or move those first."


class UnitUnderItself(RuleViolated):
    code = "unit-under-itself"
    template = "A unit cannot stand under itself, or under a unit that stands under it."


def chain(unit_id: int | None, above: Mapping[int, int | None]) -> list[int]:
    """A unit and those above it, the nearest first; ``above`` tells the one above each."""
    found: list[int] = []
    while unit_id is not None and unit_id not in found:
        found.append(unit_id)
        unit_id = above.get(unit_id)
    return found
