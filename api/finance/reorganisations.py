"""Institutions that join another, under ``/api/v1``."""

from datetime import date, datetime
from typing import Annotated

from litestar import get, post
from litestar.openapi.spec import Example
from litestar.params import Body, PathParameter
from pydantic import Field

from api.conventions import BOOKS, Organisation, Page, View
from api.security import Visitor
from erp.base.uow import UnitOfWork
from erp.finance.reorganisation import model, service
from erp.finance.reorganisation.schemas import Join
from erp.reference.access.model import Permission

_RECODE = {"policy": Permission.BOOKS_RECODE}
_JOININGS = BOOKS + "/reorganisations"

_JOIN = {"other": "120540000031", "effective_on": "2027-01-01", "act": "Постановление № 12", "transit": "1242"}
JoinBody = Annotated[Join, Body(examples=[Example(summary="A school joins another", value=_JOIN)])]

Number = Annotated[int, PathParameter(ge=1, le=2_147_483_647)]


class ReorganisationView(View):
    id: int
    from_id: int = Field(description="The institution that joins.")
    to_id: int = Field(description="The institution that it joins.")
    effective_on: date
    act: str
    transit: str = Field(description="Account through which balances pass; at zero in both books afterwards.")
    left_at: datetime | None
    joined_at: datetime | None

    @classmethod
    def of(cls, r: model.Reorganisation) -> "ReorganisationView":
        return cls(
            id=r.id,
            from_id=r.from_id,
            to_id=r.to_id,
            effective_on=r.effective_on,
            act=r.act,
            transit=r.transit,
            left_at=r.left_at,
            joined_at=r.joined_at,
        )


@get(_JOININGS, opt=_RECODE, sync_to_thread=True)
def list_reorganisations(visit: Visitor, organisation_id: Organisation) -> Page[ReorganisationView]:
    """What this institution joined, and what joined it."""
    found = visit.read(lambda u: service.of_organisation(u, organisation_id))
    return Page(items=[ReorganisationView.of(r) for r in found], next=None)


@post(_JOININGS, opt=_RECODE, sync_to_thread=True, status_code=201)
def leave_for_another(visit: Visitor, organisation_id: Organisation, data: JoinBody) -> ReorganisationView:
    """All balances leave these books for those of the other institution, which then takes them in."""

    def leave(uow: UnitOfWork) -> model.Reorganisation:
        made = service.leave(uow, organisation_id, data)
        return next(r for r in service.of_organisation(uow, organisation_id) if r.id == made)

    return ReorganisationView.of(visit.run(leave))


@post(_JOININGS + "/{number:int}/join", opt=_RECODE, sync_to_thread=True, status_code=200)
def take_in(visit: Visitor, organisation_id: Organisation, number: Number) -> ReorganisationView:
    """The balances that left the other's books enter these; repeating it changes nothing."""
    return ReorganisationView.of(visit.run(lambda u: service.join(u, organisation_id, number)))


routes = [list_reorganisations, leave_for_another, take_in]
