"""The staffing table under ``/api/v1``: units and posts of a day, as they were known, and the acts on them."""

from typing import Annotated

from litestar import get, post
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath
from pydantic import Field

from api.conventions import BOOKS, Organisation, Page, View
from api.hr.personnel import Day, DaysView, KnownAt
from api.security import Visit, Visitor
from erp.hr.staffing import model, service
from erp.hr.staffing.schemas import RecordPost, RecordUnit, RescindAct
from erp.reference.access.model import Permission

_READ = {"policy": Permission.STAFF_READ}
_KEEP = {"policy": Permission.STAFF_KEEP}
_KEY, _GROUND = "6a1f0c9e-0a57-4b43-8a0e-0a4c5a6f9d12", "Order No. 3-k"
_UNIT = {
    "key": _KEY,
    "reason": _GROUND,
    "since": "2026-12-01",
    "content": {"name_kk": "Кадр бөлімі", "name_ru": "Отдел кадров", "name_en": "Personnel section", "parent_id": 1},
}
_POST = {
    "key": _KEY,
    "reason": _GROUND,
    "since": "2026-12-01",
    "content": {
        "unit_id": 2,
        "title_kk": "Бас маман",
        "title_ru": "Главный специалист",
        "title_en": "Chief specialist",
        "category": "D-O-4",
        "staff_group": "civil-servant",
        "percent": 200,
    },
}
UnitBody = Annotated[RecordUnit, Body(examples=[Example(summary="A unit from a day on", value=_UNIT)])]
PostBody = Annotated[RecordPost, Body(examples=[Example(summary="Two posts from a day on", value=_POST)])]
RescindStaffingBody = Annotated[RescindAct, Body(examples=[Example(value={"key": _KEY, "reason": "Not signed"})])]


class UnitView(View):
    id: int
    fact_id: int
    valid: DaysView
    name_kk: str
    name_ru: str
    name_en: str
    parent_id: int | None
    head_id: int | None = Field(description="The staff unit whose holder heads it.")

    @classmethod
    def of(cls, of: model.Unit) -> "UnitView":
        own = {name: getattr(of, name) for name in cls.model_fields if name != "valid"}
        return cls(valid=DaysView.of(of.valid), **own)


class StaffUnitView(View):
    id: int
    fact_id: int
    valid: DaysView
    unit_id: int
    title_kk: str
    title_ru: str
    title_en: str
    category: str
    staff_group: str
    percent: int = Field(description="Of one full post: 250 is two and a half.")
    held_percent: int = Field(description="What of it is appointed.")

    @classmethod
    def of(cls, of: model.StaffUnit) -> "StaffUnitView":
        own = {name: getattr(of, name) for name in cls.model_fields if name != "valid"}
        return cls(valid=DaysView.of(of.valid), **own)


@get(BOOKS + "/units", opt=_READ, sync_to_thread=True)
def list_units(
    visit: Visitor, organisation_id: Organisation, day: Day = None, known_at: KnownAt = None
) -> Page[UnitView]:
    """Units of a day, by name."""
    found = visit.read(lambda u: service.units(u, organisation_id, day, known_at))
    return Page(items=[UnitView.of(each) for each in found])


@post(BOOKS + "/units", opt=_KEEP, sync_to_thread=True, status_code=201)
def begin_unit(visit: Visitor, organisation_id: Organisation, data: UnitBody) -> Page[UnitView]:
    """A new unit; the answer is all that holds of it, by day."""
    unit_id = visit.run(lambda u: service.begin_unit(u, organisation_id, data))
    return _unit(visit, organisation_id, unit_id)


@post(BOOKS + "/units/{unit_id:int}", opt=_KEEP, sync_to_thread=True, status_code=200)
def record_unit(
    visit: Visitor, organisation_id: Organisation, unit_id: FromPath[int], data: UnitBody
) -> Page[UnitView]:
    """A unit is otherwise from a day on, was recorded amiss (`corrects`), or is there no more (no `content`)."""
    visit.run(lambda u: service.record_unit(u, organisation_id, unit_id, data))
    return _unit(visit, organisation_id, unit_id)


@get(BOOKS + "/staff-units", opt=_READ, sync_to_thread=True)
def list_staff_units(
    visit: Visitor, organisation_id: Organisation, day: Day = None, known_at: KnownAt = None
) -> Page[StaffUnitView]:
    """Posts of a day, with what of each is appointed."""
    found = visit.read(lambda u: service.posts(u, organisation_id, day, known_at))
    return Page(items=[StaffUnitView.of(each) for each in found])


@post(BOOKS + "/staff-units", opt=_KEEP, sync_to_thread=True, status_code=201)
def begin_staff_unit(visit: Visitor, organisation_id: Organisation, data: PostBody) -> Page[StaffUnitView]:
    """A new post; the answer is all that holds of it, by day."""
    post_id = visit.run(lambda u: service.begin_post(u, organisation_id, data))
    return _post(visit, organisation_id, post_id)


@post(BOOKS + "/staff-units/{staff_unit_id:int}", opt=_KEEP, sync_to_thread=True, status_code=200)
def record_staff_unit(
    visit: Visitor, organisation_id: Organisation, staff_unit_id: FromPath[int], data: PostBody
) -> Page[StaffUnitView]:
    """A post is otherwise from a day on, was recorded amiss (`corrects`), or is there no more (no `content`)."""
    visit.run(lambda u: service.record_post(u, organisation_id, staff_unit_id, data))
    return _post(visit, organisation_id, staff_unit_id)


@post(BOOKS + "/staffing-acts/{act_id:int}/rescind", opt=_KEEP, sync_to_thread=True, status_code=204)
def rescind_staffing_act(
    visit: Visitor, organisation_id: Organisation, act_id: FromPath[int], data: RescindStaffingBody
) -> None:
    """Undo an act on a unit or a post."""
    visit.run(lambda u: service.rescind(u, organisation_id, act_id, data))


def _unit(visit: Visit, organisation_id: int, unit_id: int) -> Page[UnitView]:
    found = visit.read(lambda u: service.unit_facts(u, organisation_id, unit_id))
    return Page(items=[UnitView.of(each) for each in found])


def _post(visit: Visit, organisation_id: int, post_id: int) -> Page[StaffUnitView]:
    found = visit.read(lambda u: service.post_facts(u, organisation_id, post_id))
    return Page(items=[StaffUnitView.of(each) for each in found])


routes = [
    list_units,
    begin_unit,
    record_unit,
    list_staff_units,
    begin_staff_unit,
    record_staff_unit,
    rescind_staffing_act,
]
