"""Organisations: the tree as of any day, names, places and offices with the days they count."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.params import PathParameter
from litestar.response import Redirect

from api.security import Visit, Visitor
from erp.base.clock import today
from erp.base.dates import day_string
from erp.base.i18n import N_, Language
from erp.base.uow import UnitOfWork
from erp.reference.access.model import Permission
from erp.reference.organisations import service
from erp.reference.organisations.model import History, Names, Organisation, OrganisationKind, Place
from web.account import organisation_options
from web.forms import day_typed
from web.i18n import alphabetical
from web.pages import Ask, query_of, render
from web.session import Sent
from web.sheets import Field, Option, Sheet, Typed, day_field, done, said, send, show
from web.timeline import History as Past
from web.timeline import history

_MANAGE = {"policy": Permission.ORGANISATIONS_MANAGE}
_HOME = "/admin/organisations"
_SECTION = "organisations"

KIND_NAMES: dict[OrganisationKind, str] = {
    OrganisationKind.STATE: N_("state"),
    OrganisationKind.OBLAST: N_("oblast"),
    OrganisationKind.DISTRICT: N_("district"),
    OrganisationKind.ADMINISTRATOR: N_("administrator of budget programmes"),
    OrganisationKind.INSTITUTION: N_("institution"),
}

Node = Annotated[int, PathParameter(ge=1, le=2_147_483_647)]


@get(_HOME, opt=_MANAGE, sync_to_thread=True)
def tree(request: Ask, visit: Visitor) -> Response[str]:
    asked = query_of(request)
    day = day_typed(asked.get("day", "")) or today()
    places = visit.read(lambda uow: service.tree(uow, day))
    return render(
        request,
        "admin/organisations.html",
        section=_SECTION,
        day_asked=day_string(day),
        rows=_in_order(places, visit.language),
        organisations={each.organisation.id: each.organisation for each in places},
        kind_names=KIND_NAMES,
    )


def _in_order(places: Iterable[Place], language: Language) -> list[tuple[int, Place]]:
    """Places with their depth, each below the body it belongs to, by name among its like."""
    by_parent: dict[int | None, list[Place]] = {}
    known = {each.organisation.id for each in places}
    for each in sorted(places, key=lambda place: alphabetical(place.organisation.name(language))):
        above = each.parent_id if each.parent_id in known else None
        by_parent.setdefault(above, []).append(each)
    ordered: list[tuple[int, Place]] = []
    waiting = [(0, each) for each in reversed(by_parent.get(None, []))]
    while waiting:
        depth, place = waiting.pop()
        ordered.append((depth, place))
        waiting += [(depth + 1, each) for each in reversed(by_parent.get(place.organisation.id, []))]
    return ordered


@get("/admin/organisations/{node:int}", opt=_MANAGE, sync_to_thread=True)
def organisation(request: Ask, visit: Visitor, node: Node) -> Response[str]:
    return _page(request, visit, node)


def _page(request: Ask, visit: Visit, node: int) -> Response[str]:
    def read(uow: UnitOfWork) -> tuple[History, dict[int, Organisation], Past]:
        lived = service.history(uow, node, today())
        related = (*lived.parents, *lived.offices, *lived.served)
        known = service.by_ids(uow, sorted({each.other_id for each in related}), today())
        return lived, known, history(request, uow, f"{_HOME}/{node}", f"organisation:{node}")

    lived, known, past = visit.read(read)
    return render(
        request,
        "admin/organisation.html",
        section=_SECTION,
        lived=lived,
        history=past,
        organisations=known,
        kind_names=KIND_NAMES,
        may_move=bool(lived.parents) and lived.parents[-1].other_id in visit.scope.administers,
        today=today(),
    )


# ------------------------------------------------------------------------------------------------ acts


@get("/admin/organisations/new", opt=_MANAGE, sync_to_thread=True)
def new_page(request: Ask, visit: Visitor) -> Response[str]:
    return show(request, _new_sheet(visit, visit.language, query_of(request).get("below", "")))


@post("/admin/organisations/new", opt=_MANAGE, sync_to_thread=True)
def add(request: Ask, visit: Visitor, data: Sent) -> Response[Any]:
    def act(visit: Visit, typed: Typed) -> Redirect:
        code, names = typed.text("code"), _names(typed)
        kind = typed.choice("kind", OrganisationKind, OrganisationKind.INSTITUTION)
        parent_id, since = typed.number("parent"), typed.day("since")
        typed.check()
        visit.run(lambda uow: service.add_organisation(uow, code, kind, names, parent_id, since))
        return done(f"{_HOME}?day={day_string(since)}" if since > today() else _HOME)

    return send(request, data, lambda language: _new_sheet(visit, language, ""), act)


def _new_sheet(visit: Visit, language: Language, below: str) -> Sheet:
    return Sheet(
        N_("New organisation"),
        N_("Add the organisation"),
        _HOME,
        (
            Field("code", N_("BIN"), hint=N_("12 digits; the last one checks the others.")),
            *_name_fields(),
            Field(
                "kind",
                N_("Kind"),
                "select",
                value=OrganisationKind.INSTITUTION.value,
                options=[Option(kind.value, said(name, language)) for kind, name in KIND_NAMES.items()],
            ),
            Field("parent", N_("Body above"), "select", value=below, options=_options(visit, language)),
            day_field("since", N_("First day"), today()),
        ),
        section=_SECTION,
    )


@get("/admin/organisations/{node:int}/name", opt=_MANAGE, sync_to_thread=True)
def name_page(request: Ask, visit: Visitor, node: Node) -> Response[str]:
    return show(request, _name_sheet(visit, node, visit.language))


@post("/admin/organisations/{node:int}/name", opt=_MANAGE, sync_to_thread=True)
def rename(request: Ask, visit: Visitor, node: Node, data: Sent) -> Response[Any]:
    def act(visit: Visit, typed: Typed) -> Redirect:
        names, since = _names(typed), typed.day("since")
        typed.check()
        visit.run(lambda uow: service.rename(uow, node, names, since))
        return _to(node)

    return send(request, data, lambda language: _name_sheet(visit, node, language), act)


def _name_sheet(visit: Visit, node: int, language: Language) -> Sheet:
    its = _organisation(visit, node)
    return _sheet(
        its,
        language,
        N_("New name"),
        N_("Rename"),
        (*_name_fields(its), day_field("since", N_("First day of the name"), today())),
        lead=N_("Up to that day the name of now stays: reports of those days show it."),
    )


@get("/admin/organisations/{node:int}/parent", opt=_MANAGE, sync_to_thread=True)
def parent_page(request: Ask, visit: Visitor, node: Node) -> Response[str]:
    return show(request, _parent_sheet(visit, node, visit.language))


@post("/admin/organisations/{node:int}/parent", opt=_MANAGE, sync_to_thread=True)
def move(request: Ask, visit: Visitor, node: Node, data: Sent) -> Response[Any]:
    def act(visit: Visit, typed: Typed) -> Redirect:
        parent_id, since = typed.number("parent"), typed.day("since")
        typed.check()
        visit.run(lambda uow: service.move(uow, node, parent_id, since))
        return _to(node)

    return send(request, data, lambda language: _parent_sheet(visit, node, language), act)


def _parent_sheet(visit: Visit, node: int, language: Language) -> Sheet:
    return _sheet(
        _organisation(visit, node),
        language,
        N_("Move in the tree"),
        N_("Move"),
        (
            Field("parent", N_("New body above"), "select", options=_options(visit, language, but=node)),
            day_field("since", N_("First day there"), today()),
        ),
        lead=N_("Roles of the new body reach it from that day on, those of the old one no more."),
    )


@get("/admin/organisations/{node:int}/office", opt=_MANAGE, sync_to_thread=True)
def office_page(request: Ask, visit: Visitor, node: Node) -> Response[str]:
    return show(request, _office_sheet(visit, node, visit.language))


@post("/admin/organisations/{node:int}/office", opt=_MANAGE, sync_to_thread=True)
def set_office(request: Ask, visit: Visitor, node: Node, data: Sent) -> Response[Any]:
    def act(visit: Visit, typed: Typed) -> Redirect:
        office_id, since = typed.number_or_none("office"), typed.day("since")
        typed.check()
        visit.run(lambda uow: service.set_office(uow, node, office_id, since))
        return _to(node)

    return send(request, data, lambda language: _office_sheet(visit, node, language), act)


def _office_sheet(visit: Visit, node: int, language: Language) -> Sheet:
    none = Option("", said(N_("none: it keeps its books itself"), language))
    return _sheet(
        _organisation(visit, node),
        language,
        N_("Accounting office"),
        N_("Set"),
        (
            Field(
                "office",
                N_("Which office keeps its books"),
                "select",
                required=False,
                options=[none, *_options(visit, language, but=node)],
            ),
            day_field("since", N_("First day"), today()),
        ),
        lead=N_("Accountants, treasurers and auditors of the office work with its books from that day on."),
    )


@get("/admin/organisations/{node:int}/close", opt=_MANAGE, sync_to_thread=True)
def close_page(request: Ask, visit: Visitor, node: Node) -> Response[str]:
    return show(request, _close_sheet(visit, node, visit.language))


@post("/admin/organisations/{node:int}/close", opt=_MANAGE, sync_to_thread=True)
def close(request: Ask, visit: Visitor, node: Node, data: Sent) -> Response[Any]:
    def act(visit: Visit, typed: Typed) -> Redirect:
        since = typed.day("since")
        typed.check()
        visit.run(lambda uow: service.close(uow, node, since))
        return _to(node)

    return send(request, data, lambda language: _close_sheet(visit, node, language), act)


def _close_sheet(visit: Visit, node: int, language: Language) -> Sheet:
    return _sheet(
        _organisation(visit, node),
        language,
        N_("Close the organisation"),
        N_("Close"),
        (day_field("since", N_("First day without it"), today()),),
        lead=N_("Its books stay, and those who stand above still read them. No new role is given there."),
        danger=True,
    )


@get("/admin/organisations/{node:int}/reopen", opt=_MANAGE, sync_to_thread=True)
def reopen_page(request: Ask, visit: Visitor, node: Node) -> Response[str]:
    return show(request, _reopen_sheet(visit, node, visit.language))


@post("/admin/organisations/{node:int}/reopen", opt=_MANAGE, sync_to_thread=True)
def reopen(request: Ask, visit: Visitor, node: Node, data: Sent) -> Response[Any]:
    def act(visit: Visit, _: Typed) -> Redirect:
        visit.run(lambda uow: service.reopen(uow, node, today()))
        return _to(node)

    return send(request, data, lambda language: _reopen_sheet(visit, node, language), act)


def _reopen_sheet(visit: Visit, node: int, language: Language) -> Sheet:
    return _sheet(
        _organisation(visit, node),
        language,
        N_("Undo the closing"),
        N_("Undo"),
        lead=N_("It is there again, as if it had never been closed."),
    )


# ------------------------------------------------------------------------------------------------ what sheets share


def _sheet(
    its: Organisation,
    language: Language,
    title: str,
    button: str,
    fields: tuple[Field, ...] = (),
    *,
    lead: str = "",
    danger: bool = False,
) -> Sheet:
    return Sheet(
        title,
        button,
        f"{_HOME}/{its.id}",
        fields,
        lead=lead,
        about=its.name(language),
        danger=danger,
        section=_SECTION,
    )


def _name_fields(its: Organisation | None = None) -> tuple[Field, ...]:
    return (
        Field("name_kk", N_("Name in Kazakh"), value=its.name_kk if its else ""),
        Field("name_ru", N_("Name in Russian"), value=its.name_ru if its else ""),
        Field("name_en", N_("Name in English"), value=its.name_en if its else ""),
    )


def _names(typed: Typed) -> Names:
    return Names(typed.text("name_kk"), typed.text("name_ru"), typed.text("name_en"))


def _options(visit: Visit, language: Language, *, but: int = 0) -> list[Option]:
    """What the administrator may choose among: all they administer, as of today."""
    places: list[Place] = visit.read(lambda uow: service.tree(uow, today()))
    return organisation_options((p.organisation for p in places if p.organisation.id != but), language)


def _organisation(visit: Visit, node: int) -> Organisation:
    day: date = today()
    return visit.read(lambda uow: service.history(uow, node, day)).organisation


def _to(node: int) -> Redirect:
    return done(f"{_HOME}/{node}")


routes = [
    tree,
    organisation,
    new_page,
    add,
    name_page,
    rename,
    parent_page,
    move,
    office_page,
    set_office,
    close_page,
    close,
    reopen_page,
    reopen,
]
