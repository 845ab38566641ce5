"""Organisations under ``/api/v1``: those one works with, and the dated tree for who administers it."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.openapi.spec import Example
from litestar.params import Body, PathParameter, QueryParameter
from pydantic import Field

from api.conventions import API, IfMatch, Page, View, require_match, tagged
from api.security import Visit, Visitor
from erp.base.clock import today
from erp.base.uow import UnitOfWork
from erp.reference.access.model import Permission
from erp.reference.access.policy import permissions_at
from erp.reference.organisations import model, service
from erp.reference.organisations.model import Names
from erp.reference.organisations.schemas import (
    AddOrganisation,
    CloseOrganisation,
    MoveOrganisation,
    RenameOrganisation,
    SetOffice,
)

_READ = {"policy": Permission.SIGNED_IN}
_MANAGE = {"policy": Permission.ORGANISATIONS_MANAGE}
_TREE = API + "/tree"
_NODE = _TREE + "/{node:int}"

Node = Annotated[int, PathParameter(description="The organisation's number.", ge=1, le=2_147_483_647)]
AsOf = Annotated[date | None, QueryParameter(description="The tree of which day; today's by default.")]

_NAMES = {"name_kk": "№ 9 мектеп", "name_ru": "Школа № 9", "name_en": "School No. 9"}
_DAY = {"since": "2027-01-01"}
AddBody = Annotated[
    AddOrganisation,
    Body(
        examples=[
            Example(
                summary="A school",
                value={"code": "120540000021", "kind": "institution", "parent_id": 3} | _NAMES | _DAY,
            )
        ]
    ),
]
RenameBody = Annotated[RenameOrganisation, Body(examples=[Example(summary="A new name", value=_NAMES | _DAY)])]
MoveBody = Annotated[MoveOrganisation, Body(examples=[Example(summary="To a district", value={"parent_id": 5} | _DAY)])]
OfficeBody = Annotated[SetOffice, Body(examples=[Example(summary="An office", value={"office_id": 7} | _DAY)])]
CloseBody = Annotated[CloseOrganisation, Body(examples=[Example(summary="From the new year", value=_DAY)])]


class OrganisationView(View):
    id: int
    code: str = Field(description="BIN.", examples=["120540000021"])
    kind: str = Field(examples=["institution"])
    name_kk: str
    name_ru: str
    name_en: str

    @classmethod
    def of(cls, o: model.Organisation) -> "OrganisationView":
        return cls(id=o.id, code=o.code, kind=o.kind, name_kk=o.name_kk, name_ru=o.name_ru, name_en=o.name_en)


class OwnOrganisationView(OrganisationView):
    open: list[str] = Field(description="What the caller may do there.", examples=[["journal.read", "plan.read"]])


class PlaceView(View):
    """Where an organisation stands on the day; ``until`` is the first day on which it is not there."""

    organisation: OrganisationView
    parent_id: int | None
    office_id: int | None = Field(description="The office that keeps its books; null: itself.")
    since: date | None
    until: date | None

    @classmethod
    def of(cls, p: model.Place) -> "PlaceView":
        return cls(
            organisation=OrganisationView.of(p.organisation),
            parent_id=p.parent_id,
            office_id=p.office_id,
            since=p.since,
            until=p.until,
        )


class NamedView(View):
    since: date | None
    until: date | None
    name_kk: str
    name_ru: str
    name_en: str


class RelatedView(View):
    since: date | None
    until: date | None
    organisation_id: int


class HistoryView(View):
    """All that was, is and will be of an organisation; ``until`` is the first day on which a fact counts no more."""

    organisation: OrganisationView
    since: date | None
    until: date | None
    names: list[NamedView]
    parents: list[RelatedView]
    offices: list[RelatedView] = Field(description="Offices that keep its books.")
    served: list[RelatedView] = Field(description="Whose books it keeps.")

    @classmethod
    def of(cls, h: model.History) -> "HistoryView":
        def related(rows: list[model.Related]) -> list[RelatedView]:
            return [RelatedView(since=r.since, until=r.until, organisation_id=r.other_id) for r in rows]

        return cls(
            organisation=OrganisationView.of(h.organisation),
            since=h.life.since,
            until=h.life.until,
            names=[
                NamedView(since=n.since, until=n.until, name_kk=n.name_kk, name_ru=n.name_ru, name_en=n.name_en)
                for n in h.names
            ],
            parents=related(h.parents),
            offices=related(h.offices),
            served=related(h.served),
        )


@get(API + "/organisations", opt=_READ, sync_to_thread=True)
def list_organisations(visit: Visitor) -> Page[OwnOrganisationView]:
    """Organisations in which the caller has any right, in the order of their BIN, each with what is open there."""
    assert visit.identity is not None
    held = {each: permissions_at(visit.identity, each) for each in sorted(visit.identity.roles)}
    found = visit.read(lambda uow: service.by_ids(uow, [each for each, open_ in held.items() if open_], today()))
    return Page(
        items=[
            OwnOrganisationView(**OrganisationView.of(o).model_dump(), open=sorted(held[o.id]))
            for o in sorted(found.values(), key=lambda o: o.code)
        ]
    )


@get(_TREE, opt=_MANAGE, sync_to_thread=True)
def show_tree(visit: Visitor, day: AsOf = None) -> Page[PlaceView]:
    """The part of the tree that the caller administers, as it stood on a day."""
    places = visit.read(lambda uow: service.tree(uow, day or today()))
    return Page(items=[PlaceView.of(p) for p in sorted(places, key=lambda p: p.organisation.code)])


@post(_TREE, opt=_MANAGE, sync_to_thread=True, status_code=201)
def add_organisation(visit: Visitor, data: AddBody) -> OrganisationView:
    """Register an organisation below another, from a day on."""

    def add(uow: UnitOfWork) -> model.Organisation:
        added = service.add_organisation(uow, data.code, data.kind, _names(data), data.parent_id, data.since)
        return service.by_ids(uow, [added], data.since)[added]

    return OrganisationView.of(visit.run(add))


@get(_NODE, opt=_MANAGE, sync_to_thread=True)
def show_organisation(request: Request[Any, Any, Any], visit: Visitor, node: Node) -> Response[HistoryView]:
    """An organisation with all its names, places and offices."""
    return tagged(request, HistoryView.of(visit.read(lambda uow: service.history(uow, node, today()))))


@post(_NODE + "/name", opt=_MANAGE, sync_to_thread=True, status_code=200)
def rename_organisation(visit: Visitor, node: Node, data: RenameBody, if_match: IfMatch = None) -> HistoryView:
    """Another name from a day on; the name of before stays for the days before."""
    return _changed(visit, node, if_match, lambda uow: service.rename(uow, node, _names(data), data.since))


@post(_NODE + "/parent", opt=_MANAGE, sync_to_thread=True, status_code=200)
def move_organisation(visit: Visitor, node: Node, data: MoveBody, if_match: IfMatch = None) -> HistoryView:
    """Another body above, from a day on."""
    return _changed(visit, node, if_match, lambda uow: service.move(uow, node, data.parent_id, data.since))


@post(_NODE + "/office", opt=_MANAGE, sync_to_thread=True, status_code=200)
def set_office(visit: Visitor, node: Node, data: OfficeBody, if_match: IfMatch = None) -> HistoryView:
    """Which office keeps the books from a day on, or none."""
    return _changed(visit, node, if_match, lambda uow: service.set_office(uow, node, data.office_id, data.since))


@post(_NODE + "/close", opt=_MANAGE, sync_to_thread=True, status_code=200)
def close_organisation(visit: Visitor, node: Node, data: CloseBody, if_match: IfMatch = None) -> HistoryView:
    """Close an organisation from a day on; its books stay readable from above."""
    return _changed(visit, node, if_match, lambda uow: service.close(uow, node, data.since))


@post(_NODE + "/reopen", opt=_MANAGE, sync_to_thread=True, status_code=200)
def reopen_organisation(visit: Visitor, node: Node, if_match: IfMatch = None) -> HistoryView:
    """Undo a closing."""
    return _changed(visit, node, if_match, lambda uow: service.reopen(uow, node, today()))


def _changed(visit: Visit, node: int, if_match: str | None, act: Callable[[UnitOfWork], None]) -> HistoryView:
    def change(uow: UnitOfWork) -> HistoryView:
        if if_match is not None:
            service.lock(uow)
            require_match(if_match, HistoryView.of(service.history(uow, node, today())))
        act(uow)
        return HistoryView.of(service.history(uow, node, today()))

    return visit.run(change)


def _names(data: AddOrganisation | RenameOrganisation) -> Names:
    return Names(data.name_kk, data.name_ru, data.name_en)


routes = [
    list_organisations,
    show_tree,
    add_organisation,
    show_organisation,
    rename_organisation,
    move_organisation,
    set_office,
    close_organisation,
    reopen_organisation,
]
