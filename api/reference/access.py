"""People, their roles and delegations under ``/api/v1``, and what the caller may do."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.openapi.spec import Example
from litestar.params import Body, PathParameter, QueryParameter
from pydantic import Field

from api.conventions import API, Cursor, IfMatch, Limit, Page, View, require_match, tagged
from api.security import Visit, Visitor
from erp.base.clock import today
from erp.base.uow import UnitOfWork
from erp.reference.access import model, people
from erp.reference.access.model import PeopleFilter, Permission
from erp.reference.access.policy import permissions_at
from erp.reference.access.schemas import AddPerson, Delegate, From, GivePassword, GiveRole, RenamePerson

_READ = {"policy": Permission.SIGNED_IN}
_MANAGE = {"policy": Permission.USERS_MANAGE}
_PEOPLE = API + "/people"
_PERSON = _PEOPLE + "/{person_id:int}"

_NUMBER = PathParameter(ge=1, le=2_147_483_647)
Person = Annotated[int, _NUMBER]
Row = Annotated[int, _NUMBER]
Words = Annotated[str, QueryParameter(description="Part of a name or a login.", max_length=100)]

_DAY = {"since": "2027-01-01"}
_ROLE = {"role": "accountant", "organisation_id": 12} | _DAY
AddBody = Annotated[
    AddPerson,
    Body(
        examples=[
            Example(
                summary="An accountant",
                value={"login": "aigul", "name": "Айгүл Серікова", "password": "given-by-hand"} | _ROLE,
            )
        ]
    ),
]
NameBody = Annotated[RenamePerson, Body(examples=[Example(summary="A new name", value={"name": "Айгүл Ахметова"})])]
FromBody = Annotated[From, Body(examples=[Example(summary="From the new year", value=_DAY)])]
PasswordBody = Annotated[GivePassword, Body(examples=[Example(summary="A password", value={"password": "for-a-day"})])]
RoleBody = Annotated[GiveRole, Body(examples=[Example(summary="For a year", value=_ROLE | {"last": "2027-12-31"})])]
LendBody = Annotated[
    Delegate,
    Body(examples=[Example(summary="For a leave", value=_ROLE | {"login": "erlan", "last": "2027-01-24"})]),
]


class HeldView(View):
    """A role granted at an organisation; ``until`` is the first day without it."""

    id: int
    role: str = Field(examples=["accountant"])
    organisation_id: int
    since: date | None
    until: date | None

    @classmethod
    def of(cls, h: model.Held) -> "HeldView":
        return cls(id=h.id, role=h.role, organisation_id=h.organisation_id, since=h.since, until=h.until)


class ReachView(View):
    role_id: int
    organisation_id: int
    way: str = Field(description="Why it counts there: `itself`, `above`, or `serving`.", examples=["above"])


class DelegationView(View):
    id: int
    role: str = Field(examples=["accountant"])
    organisation_id: int
    lender_id: int
    delegate_id: int
    since: date
    until: date

    @classmethod
    def of(cls, d: model.Delegation) -> "DelegationView":
        return cls(
            id=d.id,
            role=d.role,
            organisation_id=d.organisation_id,
            lender_id=d.lender_id,
            delegate_id=d.delegate_id,
            since=d.since,
            until=d.until,
        )


class TokenView(View):
    id: int
    name: str = Field(examples=["Exchange"])
    permissions: list[str] | None = Field(
        description="What it was made for; null: all that its user may.", examples=[["journal.read"]]
    )
    organisation_id: int | None = Field(description="The one organisation it was made for; null: all of its user's.")
    expires_at: datetime

    @classmethod
    def of(cls, t: model.Token) -> "TokenView":
        return cls(
            id=t.id,
            name=t.name,
            permissions=sorted(t.limits.permissions) if t.limits else None,
            organisation_id=t.limits.organisation_id if t.limits else None,
            expires_at=t.expires_at,
        )


class PersonRowView(View):
    id: int
    login: str = Field(examples=["aigul"])
    name: str
    language: str = Field(examples=["kk"])
    is_admitted: bool = Field(description="Whether they may sign in today.")
    has_second_factor: bool
    seen_at: datetime | None
    is_manageable: bool = Field(description="Whether all their roles are where the caller administers.")
    roles: list[HeldView]

    @classmethod
    def of(cls, row: model.PersonRow, held: list[model.Held]) -> "PersonRowView":
        return cls(
            id=row.id,
            login=row.login,
            name=row.name,
            language=row.language,
            is_admitted=row.is_admitted,
            has_second_factor=row.has_second_factor,
            seen_at=row.seen_at,
            is_manageable=row.is_manageable,
            roles=[HeldView.of(h) for h in held],
        )


class PersonView(View):
    person: PersonRowView
    reach: list[ReachView] = Field(description="Where each role of today counts, and why.")
    delegations: list[DelegationView]
    tokens: list[TokenView] = Field(description="Of a person whom the caller manages; of others none.")

    @classmethod
    def of(cls, p: people.Person) -> "PersonView":
        return cls(
            person=PersonRowView.of(p.row, p.held),
            reach=[ReachView(role_id=r.grant_id, organisation_id=r.organisation_id, way=r.way) for r in p.reach],
            delegations=[DelegationView.of(d) for d in p.delegations],
            tokens=[TokenView.of(t) for t in p.tokens],
        )


class OwnRightsView(View):
    organisation_id: int
    roles: list[str] = Field(examples=[["accountant"]])
    permissions: list[str] = Field(examples=[["journal.read"]])


class OwnView(View):
    login: str
    name: str
    language: str = Field(examples=["kk"])
    organisations: list[OwnRightsView]


@get(API + "/me", opt=_READ, sync_to_thread=True)
def show_own_rights(visit: Visitor) -> OwnView:
    """Who the caller is, and what they, or their token, may do at which organisation."""
    identity = visit.identity
    assert identity is not None, "the policy lets nobody else here"
    return OwnView(
        login=identity.user.login,
        name=identity.user.name,
        language=identity.user.language,
        organisations=[
            OwnRightsView(organisation_id=at, roles=sorted(roles), permissions=sorted(permissions_at(identity, at)))
            for at, roles in sorted(identity.roles.items())
            if identity.limits is None or permissions_at(identity, at)
        ],
    )


@get(_PEOPLE, opt=_MANAGE, sync_to_thread=True)
def list_people(visit: Visitor, q: Words = "", cursor: Cursor = None, limit: Limit = 50) -> Page[PersonRowView]:
    """Who has or had a role where the caller administers, by name."""
    rows, held = visit.read(
        lambda uow: people.people(
            uow, today(), PeopleFilter(q), after=people.read_cursor(cursor or ""), limit=limit + 1
        )
    )
    shown = rows[:limit]
    return Page(
        items=[PersonRowView.of(row, held.get(row.id, [])) for row in shown],
        next=people.cursor_after(shown[-1]) if len(rows) > limit else None,
    )


@post(_PEOPLE, opt=_MANAGE, sync_to_thread=True, status_code=201)
def add_person(visit: Visitor, data: AddBody) -> PersonView:
    """A new person with a first role; they change the password when they first sign in."""

    def add(uow: UnitOfWork) -> PersonView:
        added = people.add_person(
            uow,
            data.login,
            data.name,
            data.password,
            data.language,
            data.role,
            data.organisation_id,
            data.since,
            today(),
        )
        return _person(uow, added)

    return visit.run(add)


@get(_PERSON, opt=_MANAGE, sync_to_thread=True)
def show_person(request: Request[Any, Any, Any], visit: Visitor, person_id: Person) -> Response[PersonView]:
    """A person with all their roles and delegations, and where each counts today."""
    return tagged(request, visit.read(lambda uow: _person(uow, person_id)))


@post(_PERSON + "/name", opt=_MANAGE, sync_to_thread=True, status_code=200)
def rename_person(visit: Visitor, person_id: Person, data: NameBody, if_match: IfMatch = None) -> PersonView:
    """Another name."""
    return _changed(visit, person_id, if_match, lambda uow: people.rename(uow, person_id, data.name, today()))


@post(_PERSON + "/block", opt=_MANAGE, sync_to_thread=True, status_code=200)
def block_person(visit: Visitor, person_id: Person, data: FromBody, if_match: IfMatch = None) -> PersonView:
    """No signing in from a day on; roles stay."""
    return _changed(visit, person_id, if_match, lambda uow: people.block(uow, person_id, data.since, today()))


@post(_PERSON + "/unblock", opt=_MANAGE, sync_to_thread=True, status_code=200)
def unblock_person(visit: Visitor, person_id: Person, data: FromBody, if_match: IfMatch = None) -> PersonView:
    """Signing in again from a day on."""
    return _changed(visit, person_id, if_match, lambda uow: people.unblock(uow, person_id, data.since, today()))


@post(_PERSON + "/password", opt=_MANAGE, sync_to_thread=True, status_code=200)
def give_password(visit: Visitor, person_id: Person, data: PasswordBody) -> PersonView:
    """A password for who has lost theirs; they change it when they sign in with it."""
    return _changed(visit, person_id, None, lambda uow: people.give_password(uow, person_id, data.password, today()))


@post(_PERSON + "/reset-second-factor", opt=_MANAGE, sync_to_thread=True, status_code=200)
def reset_second_factor(visit: Visitor, person_id: Person) -> PersonView:
    """One-time codes off, for who has lost the device."""
    return _changed(visit, person_id, None, lambda uow: people.reset_second_factor(uow, person_id, today()))


@post(_PERSON + "/roles", opt=_MANAGE, sync_to_thread=True, status_code=201)
def give_role(visit: Visitor, person_id: Person, data: RoleBody, if_match: IfMatch = None) -> PersonView:
    """A role at an organisation from a day through another, or without end."""
    return _changed(
        visit,
        person_id,
        if_match,
        lambda uow: people.give_role(uow, person_id, data.role, data.organisation_id, data.since, data.last, today()),
    )


@post(_PERSON + "/roles/{role_id:int}/end", opt=_MANAGE, sync_to_thread=True, status_code=200)
def end_role(visit: Visitor, person_id: Person, role_id: Row, data: FromBody, if_match: IfMatch = None) -> PersonView:
    """No longer from a day on."""
    return _changed(
        visit, person_id, if_match, lambda uow: people.end_role(uow, person_id, role_id, data.since, today())
    )


@post(_PERSON + "/delegations", opt=_MANAGE, sync_to_thread=True, status_code=201)
def delegate(visit: Visitor, person_id: Person, data: LendBody, if_match: IfMatch = None) -> PersonView:
    """Lend a role of the person to another for some days; it ends by itself."""
    return _changed(
        visit,
        person_id,
        if_match,
        lambda uow: people.delegate(
            uow, person_id, data.login, data.role, data.organisation_id, data.since, data.last, today()
        ),
    )


@post(_PERSON + "/delegations/{delegation_id:int}/end", opt=_MANAGE, sync_to_thread=True, status_code=200)
def end_delegation(visit: Visitor, person_id: Person, delegation_id: Row) -> PersonView:
    """End a delegation today."""
    return _changed(visit, person_id, None, lambda uow: people.end_delegation(uow, delegation_id, today()))


@post(_PERSON + "/tokens/{token_id:int}/revoke", opt=_MANAGE, sync_to_thread=True, status_code=200)
def revoke_token(visit: Visitor, person_id: Person, token_id: Row) -> PersonView:
    """End a token of the person at once."""
    return _changed(visit, person_id, None, lambda uow: people.revoke_token(uow, person_id, token_id, today()))


def _changed(visit: Visit, person_id: int, if_match: str | None, act: Callable[[UnitOfWork], None]) -> PersonView:
    def change(uow: UnitOfWork) -> PersonView:
        if if_match is not None:
            people.lock(uow, person_id)
            require_match(if_match, _person(uow, person_id))
        act(uow)
        return _person(uow, person_id)

    return visit.run(change)


def _person(uow: UnitOfWork, person_id: int) -> PersonView:
    return PersonView.of(people.person(uow, person_id, today()))


routes = [
    show_own_rights,
    list_people,
    add_person,
    show_person,
    rename_person,
    block_person,
    unblock_person,
    give_password,
    reset_second_factor,
    give_role,
    end_role,
    delegate,
    end_delegation,
    revoke_token,
]
