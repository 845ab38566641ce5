"""People: who signs in, with which roles, from which day to which, and where each role counts."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import PathParameter
from litestar.response import Redirect

from api.security import Visit, Visitor
from erp.base.clock import today
from erp.base.i18n import N_, Language
from erp.base.uow import UnitOfWork
from erp.reference.access import people
from erp.reference.access.model import PERMISSION_NAMES, ROLE_NAMES, PeopleFilter, Permission, PersonRow, Role
from erp.reference.organisations import service as organisations
from web import lists
from web.account import Lent, delegation_fields, organisation_options
from web.i18n import alphabetical, speech
from web.pages import Ask, query_of, render
from web.session import Sent
from web.sheets import Field, Option, Sheet, Typed, day_field, done, said, send, show
from web.tables.download import FORMATS, about, download
from web.tables.model import About, Table
from web.timeline import history

_MANAGE = {"policy": Permission.USERS_MANAGE}
_ROWS = 50
_MOST = 100_000
_SECTION = "users"
_LANGUAGES = (Option("kk", "Қазақша"), Option("ru", "Русский"), Option("en", "English"))

Person = Annotated[int, PathParameter(ge=1, le=2_147_483_647)]


@get("/admin/users", opt=_MANAGE, sync_to_thread=True)
def users(request: Ask, visit: Visitor) -> Response[Any]:
    asked = query_of(request)
    after, narrowed = asked.get("after", ""), _narrowed(asked)
    if asked.get("as") in FORMATS:
        return download(visit, asked["as"], lambda uow: _whole(uow, visit, narrowed))

    def read(uow: UnitOfWork) -> tuple[Any, ...]:
        rows, held = people.people(uow, today(), narrowed, after=people.read_cursor(after), limit=_ROWS + 1)
        ids = {each.organisation_id for roles in held.values() for each in roles} | uow.scope.administers
        return rows, held, organisations.by_ids(uow, sorted(ids), today())

    rows, held, known = visit.read(read)
    last = rows[_ROWS - 1] if len(rows) > _ROWS else None
    return render(
        request,
        "admin/users.html",
        section=_SECTION,
        asked=narrowed,
        is_narrowed=narrowed != people.EVERYBODY,
        places=organisation_options(
            (each for each in known.values() if each.id in visit.scope.administers), visit.language
        ),
        rows=rows[:_ROWS],
        held=held,
        organisations=known,
        role_names=ROLE_NAMES,
        today=today(),
        more="/admin/users?" + urlencode(asked | {"after": people.cursor_after(last)}) if last else None,
    )


def _whole(uow: UnitOfWork, visit: Visit, narrowed: PeopleFilter) -> tuple[Table, About]:
    """The list without its pages; as many people as the office of a state has."""
    rows, held = people.people(uow, today(), narrowed, limit=_MOST)
    ids = {each.organisation_id for roles in held.values() for each in roles}
    known = organisations.by_ids(uow, sorted(ids), today())
    return lists.people(rows, held, known, today(), speech(visit.language)), about(visit, None, "people")


def _narrowed(asked: Mapping[str, str]) -> PeopleFilter:
    """What the address says; what it says amiss narrows nothing."""
    at, role, state = asked.get("organisation", ""), asked.get("role", ""), asked.get("state", "")
    return PeopleFilter(
        asked.get("q", "")[:100],
        int(at) if at.isascii() and at.isdigit() and len(at) < 10 else None,
        Role(role) if role in set(Role) else None,
        {"blocked": True, "admitted": False}.get(state),
    )


@get("/admin/users/{person_id:int}", opt=_MANAGE, sync_to_thread=True)
def user(request: Ask, visit: Visitor, person_id: Person) -> Response[str]:
    def read(uow: UnitOfWork) -> tuple[Any, ...]:
        person = people.person(uow, person_id, today())
        parts = (person.held, person.reach, person.delegations)
        ids = {each.organisation_id for part in parts for each in part}
        ids |= {t.limits.organisation_id for t in person.tokens if t.limits and t.limits.organisation_id}
        past = history(request, uow, f"/admin/users/{person_id}", f"user:{person_id}")
        return person, organisations.by_ids(uow, sorted(ids), today()), past

    person, known, past = visit.read(read)
    reach: dict[int, dict[str, list[Any]]] = {}
    for each in person.reach:
        reach.setdefault(each.grant_id, {}).setdefault(each.way, []).append(known[each.organisation_id])
    for ways in reach.values():
        for reached in ways.values():
            reached.sort(key=lambda each: alphabetical(each.name(visit.language)))
    return render(
        request,
        "admin/user.html",
        section=_SECTION,
        person=person,
        reach=reach,
        organisations=known,
        role_names=ROLE_NAMES,
        permission_names=PERMISSION_NAMES,
        today=today(),
        is_oneself=visit.scope.actor.id == person_id,
        history=past,
    )


# ------------------------------------------------------------------------------------------------ a new person


@get("/admin/users/new", opt=_MANAGE, sync_to_thread=True)
def new_user_page(request: Ask, visit: Visitor) -> Response[str]:
    return show(request, _new_sheet(visit, visit.language))


@post("/admin/users/new", opt=_MANAGE, sync_to_thread=True)
def add_user(request: Ask, visit: Visitor, data: Sent) -> Response[Any]:
    def add(visit: Visit, typed: Typed) -> Redirect:
        name, login, password = typed.text("name"), typed.text("login"), typed.secret("password")
        language = typed.choice("speaks", Language, Language.KK)
        role = typed.choice("role", Role, Role.EMPLOYEE)
        organisation_id, since = typed.number("organisation"), typed.day("since")
        typed.check()
        added = visit.run(
            lambda uow: people.add_person(uow, login, name, password, language, role, organisation_id, since, today())
        )
        return done(f"/admin/users/{added}")

    return send(request, data, lambda language: _new_sheet(visit, language), add)


def _new_sheet(visit: Visit, language: Language) -> Sheet:
    return Sheet(
        N_("New person"),
        N_("Add the person"),
        "/admin/users",
        (
            Field("name", N_("Full name")),
            Field("login", N_("Login"), hint=N_("Small Latin letters, digits and . _ - @. It is never changed.")),
            Field(
                "password",
                N_("First password"),
                "password",
                hint=N_("Tell it to the person: they choose another when they first sign in."),
                autocomplete="new-password",
            ),
            Field("speaks", N_("Language"), "select", value=language.value, options=_LANGUAGES),
            *_role_fields(visit, language),
            day_field("since", N_("First day"), today()),
        ),
        section=_SECTION,
    )


def _role_fields(visit: Visit, language: Language) -> tuple[Field, Field]:
    known = visit.read(lambda uow: organisations.by_ids(uow, sorted(uow.scope.administers), today())).values()
    return (
        Field("role", N_("Role"), "select", options=[Option(r.value, said(ROLE_NAMES[r], language)) for r in Role]),
        Field(
            "organisation",
            N_("Organisation"),
            "select",
            options=organisation_options(known, language),
            hint=N_("The role counts there and below it; roles of books also where it keeps the books."),
        ),
    )


# ------------------------------------------------------------------------------------------------ the account


@get("/admin/users/{person_id:int}/name", opt=_MANAGE, sync_to_thread=True)
def name_page(request: Ask, visit: Visitor, person_id: Person) -> Response[str]:
    return show(request, _name_sheet(_row(visit, person_id)))


@post("/admin/users/{person_id:int}/name", opt=_MANAGE, sync_to_thread=True)
def rename_user(request: Ask, visit: Visitor, person_id: Person, data: Sent) -> Response[Any]:
    def rename(visit: Visit, typed: Typed) -> Redirect:
        name = typed.text("name")
        typed.check()
        visit.run(lambda uow: people.rename(uow, person_id, name, today()))
        return _to(person_id)

    return send(request, data, lambda _: _name_sheet(_row(visit, person_id)), rename)


def _name_sheet(row: PersonRow) -> Sheet:
    return _sheet(row, N_("Change the name"), N_("Save"), (Field("name", N_("Full name"), value=row.name),))


@get("/admin/users/{person_id:int}/block", opt=_MANAGE, sync_to_thread=True)
def block_page(request: Ask, visit: Visitor, person_id: Person) -> Response[str]:
    return show(request, _block_sheet(_row(visit, person_id)))


@post("/admin/users/{person_id:int}/block", opt=_MANAGE, sync_to_thread=True)
def block_user(request: Ask, visit: Visitor, person_id: Person, data: Sent) -> Response[Any]:
    def block(visit: Visit, typed: Typed) -> Redirect:
        since = typed.day("since")
        typed.check()
        visit.run(lambda uow: people.block(uow, person_id, since, today()))
        return _to(person_id)

    return send(request, data, lambda _: _block_sheet(_row(visit, person_id)), block)


def _block_sheet(row: PersonRow) -> Sheet:
    return _sheet(
        row,
        N_("Block the person"),
        N_("Block"),
        (day_field("since", N_("First day"), today()),),
        lead=N_("From that day on neither the person nor their programs get in. Their roles stay."),
        danger=True,
    )


@get("/admin/users/{person_id:int}/unblock", opt=_MANAGE, sync_to_thread=True)
def unblock_page(request: Ask, visit: Visitor, person_id: Person) -> Response[str]:
    return show(request, _unblock_sheet(_row(visit, person_id)))


@post("/admin/users/{person_id:int}/unblock", opt=_MANAGE, sync_to_thread=True)
def unblock_user(request: Ask, visit: Visitor, person_id: Person, data: Sent) -> Response[Any]:
    def unblock(visit: Visit, typed: Typed) -> Redirect:
        since = typed.day("since")
        typed.check()
        visit.run(lambda uow: people.unblock(uow, person_id, since, today()))
        return _to(person_id)

    return send(request, data, lambda _: _unblock_sheet(_row(visit, person_id)), unblock)


def _unblock_sheet(row: PersonRow) -> Sheet:
    fields = (day_field("since", N_("First day"), today()),)
    return _sheet(row, N_("Let the person in again"), N_("Let in"), fields)


@get("/admin/users/{person_id:int}/password", opt=_MANAGE, sync_to_thread=True)
def password_page(request: Ask, visit: Visitor, person_id: Person) -> Response[str]:
    return show(request, _password_sheet(_row(visit, person_id)))


@post("/admin/users/{person_id:int}/password", opt=_MANAGE, sync_to_thread=True)
def give_password(request: Ask, visit: Visitor, person_id: Person, data: Sent) -> Response[Any]:
    def give(visit: Visit, typed: Typed) -> Redirect:
        password = typed.secret("password")
        typed.check()
        visit.run(lambda uow: people.give_password(uow, person_id, password, today()))
        return _to(person_id)

    return send(request, data, lambda _: _password_sheet(_row(visit, person_id)), give)


def _password_sheet(row: PersonRow) -> Sheet:
    return _sheet(
        row,
        N_("New password"),
        N_("Give the password"),
        (
            Field(
                "password",
                N_("New password"),
                "password",
                hint=N_("Tell it to the person: they choose another when they first sign in."),
                autocomplete="new-password",
            ),
        ),
        lead=N_(
            "For who has lost theirs. Their browsers are signed out, the tokens of their programs end, and so does what"
            " was lent to them at organisations you do not administer."
        ),
    )


@get("/admin/users/{person_id:int}/codes", opt=_MANAGE, sync_to_thread=True)
def codes_page(request: Ask, visit: Visitor, person_id: Person) -> Response[str]:
    return show(request, _codes_sheet(_row(visit, person_id)))


@post("/admin/users/{person_id:int}/codes", opt=_MANAGE, sync_to_thread=True)
def reset_codes(request: Ask, visit: Visitor, person_id: Person, data: Sent) -> Response[Any]:
    def reset(visit: Visit, _: Typed) -> Redirect:
        visit.run(lambda uow: people.reset_second_factor(uow, person_id, today()))
        return _to(person_id)

    return send(request, data, lambda _: _codes_sheet(_row(visit, person_id)), reset)


def _codes_sheet(row: PersonRow) -> Sheet:
    return _sheet(
        row,
        N_("Turn one-time codes off"),
        N_("Turn off"),
        lead=N_(
            "For who has lost the telephone and the recovery codes. Make sure that it is they who ask: the password"
            " alone lets them in then."
        ),
        danger=True,
    )


# ------------------------------------------------------------------------------------------------ roles


@get("/admin/users/{person_id:int}/roles/new", opt=_MANAGE, sync_to_thread=True)
def role_page(request: Ask, visit: Visitor, person_id: Person) -> Response[str]:
    return show(request, _role_sheet(visit, _row(visit, person_id), visit.language))


@post("/admin/users/{person_id:int}/roles/new", opt=_MANAGE, sync_to_thread=True)
def give_role(request: Ask, visit: Visitor, person_id: Person, data: Sent) -> Response[Any]:
    def give(visit: Visit, typed: Typed) -> Redirect:
        role, organisation_id = typed.choice("role", Role, Role.EMPLOYEE), typed.number("organisation")
        since, last = typed.day("since"), typed.day_or_none("last")
        typed.check()
        visit.run(lambda uow: people.give_role(uow, person_id, role, organisation_id, since, last, today()))
        return _to(person_id)

    return send(request, data, lambda language: _role_sheet(visit, _row(visit, person_id), language), give)


def _role_sheet(visit: Visit, row: PersonRow, language: Language) -> Sheet:
    return _sheet(
        row,
        N_("New role"),
        N_("Give the role"),
        (
            *_role_fields(visit, language),
            day_field("since", N_("First day"), today()),
            day_field("last", N_("Last day"), required=False, hint=N_("Leave empty where no end is known.")),
        ),
    )


@get("/admin/users/{person_id:int}/roles/{grant_id:int}/end", opt=_MANAGE, sync_to_thread=True)
def end_role_page(request: Ask, visit: Visitor, person_id: Person, grant_id: Person) -> Response[str]:
    return show(request, _end_sheet(_row(visit, person_id)))


@post("/admin/users/{person_id:int}/roles/{grant_id:int}/end", opt=_MANAGE, sync_to_thread=True)
def end_role(request: Ask, visit: Visitor, person_id: Person, grant_id: Person, data: Sent) -> Response[Any]:
    def end(visit: Visit, typed: Typed) -> Redirect:
        since = typed.day("since")
        typed.check()
        visit.run(lambda uow: people.end_role(uow, person_id, grant_id, since, today()))
        return _to(person_id)

    return send(request, data, lambda _: _end_sheet(_row(visit, person_id)), end)


def _end_sheet(row: PersonRow) -> Sheet:
    fields = (day_field("since", N_("First day without the role"), today()),)
    return _sheet(row, N_("End the role"), N_("End"), fields, danger=True)


# ------------------------------------------------------------------------------------------------ delegation


@get("/admin/users/{person_id:int}/delegations/new", opt=_MANAGE, sync_to_thread=True)
def delegation_page(request: Ask, visit: Visitor, person_id: Person) -> Response[str]:
    return show(request, _delegation_sheet(visit, _row(visit, person_id), visit.language))


@post("/admin/users/{person_id:int}/delegations/new", opt=_MANAGE, sync_to_thread=True)
def delegate(request: Ask, visit: Visitor, person_id: Person, data: Sent) -> Response[Any]:
    def lend(visit: Visit, typed: Typed) -> Redirect:
        lent = Lent.typed(typed)
        visit.run(lambda uow: lent.lend(uow, person_id))
        return _to(person_id)

    return send(request, data, lambda language: _delegation_sheet(visit, _row(visit, person_id), language), lend)


@post("/admin/users/{person_id:int}/delegations/{delegation_id:int}/end", opt=_MANAGE, sync_to_thread=True)
def end_delegation(request: Ask, visit: Visitor, person_id: Person, delegation_id: Person, data: Sent) -> Redirect:
    visit.run(lambda uow: people.end_delegation(uow, delegation_id, today()))
    return _to(person_id)


def _delegation_sheet(visit: Visit, row: PersonRow, language: Language) -> Sheet:
    return _sheet(
        row,
        N_("Lend a role"),
        N_("Lend"),
        delegation_fields(visit, row.id, language),
        lead=N_(
            "For a leave or an illness: another person gets a role of this one for some days. They act in their own"
            " name, and the trail says on whose behalf."
        ),
    )


@post("/admin/users/{person_id:int}/tokens/{token_id:int}/revoke", opt=_MANAGE, sync_to_thread=True)
def revoke_token(request: Ask, visit: Visitor, person_id: Person, token_id: Person, data: Sent) -> Redirect:
    visit.run(lambda uow: people.revoke_token(uow, person_id, token_id, today()))
    return done(f"/admin/users/{person_id}#tokens")


# ------------------------------------------------------------------------------------------------ what sheets share


def _sheet(
    row: PersonRow, title: str, button: str, fields: tuple[Field, ...] = (), *, lead: str = "", danger: bool = False
) -> Sheet:
    return Sheet(
        title,
        button,
        f"/admin/users/{row.id}",
        fields,
        lead=lead,
        about=row.name,
        danger=danger,
        section=_SECTION,
    )


def _row(visit: Visit, person_id: int) -> PersonRow:
    return visit.read(lambda uow: people.person(uow, person_id, today())).row


def _to(person_id: int) -> Redirect:
    return done(f"/admin/users/{person_id}")


routes = [
    users,
    user,
    new_user_page,
    add_user,
    name_page,
    rename_user,
    block_page,
    block_user,
    unblock_page,
    unblock_user,
    password_page,
    give_password,
    codes_page,
    reset_codes,
    role_page,
    give_role,
    end_role_page,
    end_role,
    delegation_page,
    delegate,
    end_delegation,
    revoke_token,
]
