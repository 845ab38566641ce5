"""Whose requests come to whom: the people under a head, and those of a unit with the units below it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from erp.base.clock import today
from erp.base.uow import UnitOfWork
from erp.hr.personnel import service as personnel
from erp.hr.requests import queries
from erp.hr.requests.model import Whose
from erp.hr.staffing import service as staffing
from erp.hr.staffing.model import Unit
from erp.hr.staffing.rules import chain

EVERYBODY = Whose()
_EVERY_DESK = 0


def led_by(uow: UnitOfWork, organisation_id: int, chiefs: Collection[int], day: date) -> Whose:
    """Of whom one of the ``chiefs`` is the head, as ``personnel.chief_of`` says of each."""
    units = {unit.id: unit for unit in staffing.units(uow, organisation_id, day)}
    heads = [unit.head_id for unit in units.values() if unit.head_id is not None]
    held: dict[int, int] = {}
    for each in personnel.holders(uow, organisation_id, heads, day):
        held.setdefault(each.staff_unit_id, each.person_id)
    led, people = set[int](), set[int]()
    for unit_id in units:
        way = [held[head] for each in _way(unit_id, units) if (head := units[each].head_id) in held]
        if way and way[0] in chiefs:
            led.add(unit_id)
        above = next((chief for chief in way if chief != way[0]), None)
        if above in chiefs:  # of a head, who is above
            people.add(way[0])
    return Whose(frozenset(led), frozenset(people))


def at_own_desks(uow: UnitOfWork, organisation_id: int) -> Whose:
    """Whose requests come to the actor today, or to who lent them a desk; a head of human resources has every desk."""
    desks = queries.desks(uow.connection, uow.scope, organisation_id)
    return EVERYBODY if _EVERY_DESK in desks else led_by(uow, organisation_id, desks, today())


def of_unit(unit_id: int, units: Sequence[Unit]) -> Whose:
    """Who serves in a unit, and in those below it."""
    known = {unit.id: unit for unit in units}
    return Whose(frozenset({unit_id} | {each for each in known if unit_id in _way(each, known)}))


def _way(unit_id: int, units: Mapping[int, Unit]) -> list[int]:
    way = chain(unit_id, {unit.id: unit.parent_id for unit in units.values()})
    return [each for each in way if each in units]
