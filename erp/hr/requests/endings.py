"""What an end of service leaves hanging: approved absences on days that are served no more."""

from collections.abc import Callable
from typing import TypeVar

from erp.base.dates import day_string
from erp.base.errors import Conflict
from erp.base.uow import UnitOfWork
from erp.hr.requests import service

T = TypeVar("T")


class AwayBeyond(Conflict):
    code = "away-beyond"
    template = (
        "Leave or a trip is approved for days that would be served no more: {days}. Recall it first; otherwise it stays"
        " as it is, and is shown among the absences outside service."
    )


def looked_after(
    uow: UnitOfWork, organisation_id: int, person_id: int, act: Callable[[], T], *, all_the_same: bool
) -> T:
    """Do an act on a person's service, where it leaves no day of an approved absence unserved that was not before.

    Raises: AwayBeyond, and nothing is done; not where it is to be done ``all_the_same``.
    """
    before = {
        (each.absence.request_id, each.outside) for each in service.outside_service(uow, organisation_id, [person_id])
    }
    result = act()
    left = [
        each.outside
        for each in service.outside_service(uow, organisation_id, [person_id])
        if (each.absence.request_id, each.outside) not in before
    ]
    if left and not all_the_same:
        raise AwayBeyond(days=", ".join(f"{day_string(days.first)} – {day_string(days.last)}" for days in left))
    return result
