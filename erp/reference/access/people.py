"""What administrators do with people: let them in, give and end roles, mend what they have lost; and delegation."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from erp.base import audit
from erp.base.cursors import INTEGER, number_in
from erp.base.errors import Conflict, NotFound, NotPermitted, RuleViolated
from erp.base.i18n import Language
from erp.base.uow import UnitOfWork
from erp.reference.access import queries, service
from erp.reference.access.model import (
    Delegation,
    Held,
    PeopleCount,
    PeopleFilter,
    PersonRow,
    Reach,
    Role,
    SessionKind,
    Token,
)
from erp.reference.organisations import service as organisations

LONGEST_DELEGATION = timedelta(days=366)
EVERYBODY = PeopleFilter()
_BROWSERS = (SessionKind.BROWSER, SessionKind.CHALLENGE)


class PersonUnknown(NotFound):
    code = "person-unknown"
    template = "There is no such person among those you administer."


class PersonBeyond(NotPermitted):
    code = "person-beyond"
    template = "{name} has roles at organisations you do not administer. Ask the administrator who stands above both."


class OwnAdministration(NotPermitted):
    code = "own-administration"
    template = "Nobody administers themself: ask another administrator."


class OrganisationBeyond(NotPermitted):
    code = "organisation-beyond"
    template = "You do not administer this organisation."


class RoleHeldAlready(Conflict):
    code = "role-held-already"
    template = "The person has this role there on some of these days already. End that first, or choose other days."


class RoleGrantUnknown(NotFound):
    code = "role-grant-unknown"
    template = "There is no such role any more."


class DayPassed(RuleViolated):
    code = "day-passed"
    template = "{day} has passed: what was true then stays true. Choose today or a later day."


class DaysReversed(RuleViolated):
    code = "days-reversed"
    template = "The last day ({last}) is before the first ({first})."


class DelegationTooLong(RuleViolated):
    code = "delegation-too-long"
    template = "A delegation lasts at most {days} days. Make a new one then."


class RoleNotHeld(RuleViolated):
    code = "role-not-held"
    template = "{name} does not hold this role there on that day. Only what one holds oneself can be lent."


class DelegateUnknown(RuleViolated):
    code = "delegate-unknown"
    template = "Nobody with the login “{login}” has a role on that day where the lender has one. Ask an administrator."


class DelegateIsSelf(RuleViolated):
    code = "delegate-is-self"
    template = "A role is lent to another person."


class DelegatedAlready(Conflict):
    code = "delegated-already"
    template = "The same is lent to this person on some of these days already."


class DelegationUnknown(NotFound):
    code = "delegation-unknown"
    template = "There is no such delegation any more."


@dataclass(frozen=True, slots=True)
class Person:
    """A person with all their roles and delegations, past ones too, and where each role of today counts.

    Their tokens, where the scope may end them.
    """

    row: PersonRow
    held: list[Held]
    reach: list[Reach]
    delegations: list[Delegation]
    tokens: list[Token]


def people(
    uow: UnitOfWork,
    day: date,
    asked: PeopleFilter = EVERYBODY,
    *,
    after: tuple[str, int] | None = None,
    limit: int = 50,
) -> tuple[list[PersonRow], dict[int, list[Held]]]:
    """A page of the people who have or had a role where the scope administers, and their roles by person."""
    rows = queries.people(uow.connection, uow.scope, day, asked, after, limit)
    held: dict[int, list[Held]] = {}
    for each in queries.held_by(uow.connection, uow.scope, [row.id for row in rows]):
        held.setdefault(each.user_id, []).append(each)
    return rows, held


def counted(uow: UnitOfWork, day: date) -> PeopleCount:
    """How many people the scope administers, and how they sign in."""
    return queries.people_counted(uow.connection, uow.scope, day)


def cursor_after(row: PersonRow) -> str:
    """Where a page of people that ends with ``row`` goes on."""
    return f"{row.id} {row.name}"


def read_cursor(text: str) -> tuple[str, int] | None:
    """What ``cursor_after`` wrote; of nothing, the beginning.  Raises: CursorMalformed."""
    number, _, name = text.partition(" ")
    return (name, number_in(number, most=INTEGER)) if text else None


def lock(uow: UnitOfWork, user_id: int) -> None:
    """Let those who change one person come one after another, until this is committed."""
    queries.lock_person(uow.connection, uow.scope, user_id)


def person(uow: UnitOfWork, user_id: int, day: date) -> Person:
    """Raises: PersonUnknown."""
    row = _known(uow, user_id, day)
    held = queries.held_by(uow.connection, uow.scope, [user_id])
    reach = queries.reach_of(uow.connection, uow.scope, [each.id for each in held], day)
    delegations = queries.delegations_of(uow.connection, uow.scope, user_id)
    tokens = queries.tokens_of(uow.connection, uow.scope, user_id) if row.is_manageable else []
    return Person(row, held, reach, delegations, tokens)


def add_person(
    uow: UnitOfWork,
    login: str,
    name: str,
    password: str,
    language: Language,
    role: Role,
    organisation_id: int,
    since: date,
    day: date,
) -> int:
    """A new person with a first role; they choose a password of their own when they first sign in.

    Raises: LoginTaken, LoginMalformed, NameNotGiven, PasswordTooShort, OrganisationBeyond, DayPassed,
    OrganisationClosed.
    """
    _require_place(uow, organisation_id, since, day)
    user_id = service.create_user(uow, login, name, password, language, must_change=True)
    service.grant_role(uow, user_id, role, organisation_id, since)
    return user_id


def rename(uow: UnitOfWork, user_id: int, name: str, day: date) -> None:
    """Raises: PersonUnknown, PersonBeyond, OwnAdministration, NameNotGiven."""
    row, name = _managed(uow, user_id, day), service.given_name(name)
    queries.update_name(uow.connection, uow.scope, user_id, name)
    _record(uow, "user-renamed", user_id, before={"name": row.name}, after={"name": name})


def block(uow: UnitOfWork, user_id: int, since: date, day: date) -> None:
    """From ``since`` on the person does not sign in, and what they are signed in at ends.

    Raises: PersonUnknown, PersonBeyond, OwnAdministration, DayPassed.
    """
    _require_to_come(since, day)
    _managed(uow, user_id, day)
    queries.update_in_force(uow.connection, uow.scope, user_id, since, is_admitted=False)
    if since == day:
        queries.delete_sessions_of(uow.connection, uow.scope, user_id, _BROWSERS)
    _record(uow, "user-blocked", user_id, since=since.isoformat())


def unblock(uow: UnitOfWork, user_id: int, since: date, day: date) -> None:
    """Raises: PersonUnknown, PersonBeyond, OwnAdministration, DayPassed."""
    _require_to_come(since, day)
    _managed(uow, user_id, day)
    queries.update_in_force(uow.connection, uow.scope, user_id, since, is_admitted=True)
    _record(uow, "user-unblocked", user_id, since=since.isoformat())


def give_password(uow: UnitOfWork, user_id: int, password: str, day: date) -> None:
    """A password for who has lost theirs; they choose another when they sign in with it.

    Their browsers and tokens end, and what was lent to them where the scope administers nothing: the database ends
    it, as the giver could act as them.

    Raises: PersonUnknown, PersonBeyond, OwnAdministration, PasswordTooShort, PasswordTooLong.
    """
    _managed(uow, user_id, day)
    lent = [
        each.id
        for each in queries.delegations_of(uow.connection, uow.scope, user_id)
        if each.delegate_id == user_id and each.until > day and each.organisation_id not in uow.scope.administers
    ]
    queries.update_password(uow.connection, uow.scope, user_id, service.hashed(password), must_change=True)
    ended = queries.delete_sessions_of(uow.connection, uow.scope, user_id, SessionKind)
    _record(uow, "password-given", user_id, sessions=ended, delegations_ended=lent)


def revoke_token(uow: UnitOfWork, user_id: int, token_id: int, day: date) -> None:
    """End a token of a person.  Raises: PersonUnknown, PersonBeyond, OwnAdministration, SessionUnknown."""
    _managed(uow, user_id, day)
    kinds = (SessionKind.TOKEN,)
    if not queries.delete_sessions_of(uow.connection, uow.scope, user_id, kinds, session_id=token_id):
        raise service.SessionUnknown()
    _record(uow, "token-revoked", user_id, session=token_id)


def reset_second_factor(uow: UnitOfWork, user_id: int, day: date) -> None:
    """One-time codes off, for who has lost the device and the recovery codes.

    Raises: PersonUnknown, PersonBeyond, OwnAdministration.
    """
    _managed(uow, user_id, day)
    if queries.delete_second_factor(uow.connection, uow.scope, user_id):
        queries.delete_sessions_of(uow.connection, uow.scope, user_id, _BROWSERS)
        _record(uow, "second-factor-reset", user_id)


def give_role(
    uow: UnitOfWork, user_id: int, role: Role, organisation_id: int, since: date, last: date | None, day: date
) -> None:
    """A role at an organisation from ``since`` through ``last``, or without end.

    Raises: PersonUnknown, PersonBeyond, OwnAdministration, OrganisationBeyond, DayPassed, DaysReversed,
    OrganisationClosed, RoleHeldAlready.
    """
    _require_order(since, last)
    _require_place(uow, organisation_id, since, day)
    _managed(uow, user_id, day)
    if not service.grant_role(uow, user_id, role, organisation_id, since, _after(last)):
        raise RoleHeldAlready()


def end_role(uow: UnitOfWork, user_id: int, grant_id: int, since: date, day: date) -> None:
    """From ``since`` on the person has the role no more.

    Raises: PersonUnknown, RoleGrantUnknown, OwnAdministration, OrganisationBeyond, DayPassed.
    """
    _require_to_come(since, day)
    lock(uow, user_id)
    _known(uow, user_id, day)
    _require_another(uow, user_id)
    held = queries.held(uow.connection, uow.scope, grant_id)
    if held is None or held.user_id != user_id:
        raise RoleGrantUnknown()
    if held.organisation_id not in uow.scope.administers:
        raise OrganisationBeyond()
    if held.until is not None and held.until <= since:
        raise RoleGrantUnknown()
    queries.end_grant(uow.connection, uow.scope, grant_id, since)
    audit.record(
        uow.connection,
        uow.scope,
        "role-ended",
        f"user:{user_id}",
        organisation_id=held.organisation_id,
        role=held.role,
        before={"until": held.until.isoformat() if held.until else None},
        after={"until": since.isoformat()},
    )


# ------------------------------------------------------------------------------------------------ delegation


def delegations(uow: UnitOfWork) -> list[Delegation]:
    """What the actor lent, and what was lent to them."""
    return queries.delegations_of(uow.connection, uow.scope, uow.scope.actor.id)


def lendable(uow: UnitOfWork, user_id: int, day: date) -> list[tuple[int, Role]]:
    """Organisations and roles that a person holds of their own on ``day``."""
    return queries.own_roles(uow.connection, uow.scope, user_id, day)


def delegate(
    uow: UnitOfWork, lender_id: int, login: str, role: Role, organisation_id: int, since: date, last: date, day: date
) -> None:
    """A role at an organisation is lent from ``since`` through ``last``: by who holds it, or by their administrator.

    It counts only where the lender's own role counts on the day: it ends with that, and cannot be lent on.  The
    delegate acts in their own name; the trail says on whose behalf.

    Raises: DayPassed, DaysReversed, DelegationTooLong, DelegateUnknown, DelegateIsSelf, OwnAdministration,
    OrganisationBeyond, RoleNotHeld, DelegatedAlready.
    """
    _require_to_come(since, day)
    _require_order(since, last)
    if last - since >= LONGEST_DELEGATION:
        raise DelegationTooLong(days=LONGEST_DELEGATION.days)
    actor_id = uow.scope.actor.id
    if lender_id != actor_id and organisation_id not in uow.scope.administers:
        raise OrganisationBeyond()
    delegate = queries.delegate_by_login(uow.connection, uow.scope, lender_id, login.strip().lower(), since)
    if delegate is None:
        raise DelegateUnknown(login=login)
    if delegate.id == lender_id:
        raise DelegateIsSelf()
    if delegate.id == actor_id:
        raise OwnAdministration()
    lock(uow, lender_id)
    if (organisation_id, role) not in lendable(uow, lender_id, since):
        lender = queries.user_by_id(uow.connection, uow.scope, lender_id)
        raise RoleNotHeld(name=lender.name if lender else "")
    if not queries.insert_delegation(
        uow.connection, uow.scope, lender_id, delegate.id, role, organisation_id, since, last + timedelta(days=1)
    ):
        raise DelegatedAlready()
    for user_id in (lender_id, delegate.id):
        audit.record(
            uow.connection,
            uow.scope,
            "role-delegated",
            f"user:{user_id}",
            organisation_id=organisation_id,
            role=role.value,
            lender=lender_id,
            delegate=delegate.id,
            since=since.isoformat(),
            last=last.isoformat(),
        )


def end_delegation(uow: UnitOfWork, delegation_id: int, day: date) -> None:
    """Today is no day of it any more: by the lender, or by who administers the organisation.

    Raises: DelegationUnknown.
    """
    found = queries.delegation(uow.connection, uow.scope, delegation_id)
    actor_id = uow.scope.actor.id
    if found is None or found.until <= day:
        raise DelegationUnknown()
    if found.lender_id != actor_id and found.organisation_id not in uow.scope.administers:
        raise DelegationUnknown()
    lock(uow, found.lender_id)
    queries.end_delegation(uow.connection, uow.scope, delegation_id, day)
    for user_id in (found.lender_id, found.delegate_id):
        audit.record(
            uow.connection,
            uow.scope,
            "delegation-ended",
            f"user:{user_id}",
            organisation_id=found.organisation_id,
            role=found.role,
            lender=found.lender_id,
            delegate=found.delegate_id,
            before={"until": found.until.isoformat()},
            after={"until": day.isoformat()},
        )


# ------------------------------------------------------------------------------------------------ what is required


def _known(uow: UnitOfWork, user_id: int, day: date) -> PersonRow:
    row = queries.person_known_here(uow.connection, uow.scope, user_id, day)
    if row is None:
        raise PersonUnknown()
    return row


def _managed(uow: UnitOfWork, user_id: int, day: date) -> PersonRow:
    lock(uow, user_id)
    row = _known(uow, user_id, day)
    _require_another(uow, user_id)
    if not row.is_manageable:
        raise PersonBeyond(name=row.name)
    return row


def _require_another(uow: UnitOfWork, user_id: int) -> None:
    """Separation of duties: who administers gives nothing to themself."""
    if user_id == uow.scope.actor.id:
        raise OwnAdministration()


def _require_place(uow: UnitOfWork, organisation_id: int, since: date, day: date) -> None:
    _require_to_come(since, day)
    if organisation_id not in uow.scope.administers:
        raise OrganisationBeyond()
    organisations.require_open(uow, organisation_id, since)


def _require_to_come(since: date, day: date) -> None:
    """Rights are not changed for days that have passed: what was done then was judged by them."""
    if since < day:
        raise DayPassed(day=since)


def _require_order(since: date, last: date | None) -> None:
    if last is not None and last < since:
        raise DaysReversed(first=since, last=last)


def _after(last: date | None) -> date | None:
    return None if last is None else last + timedelta(days=1)


def _record(
    uow: UnitOfWork,
    action: str,
    user_id: int,
    *,
    before: dict[str, str] | None = None,
    after: dict[str, str] | None = None,
    **facts: Any,
) -> None:
    """An event of a person's account, where the scope administers them."""
    where = queries.organisation_of(uow.connection, uow.scope, user_id)
    audit.record(
        uow.connection,
        uow.scope,
        action,
        f"user:{user_id}",
        organisation_id=where,
        before=before,
        after=after,
        **facts,
    )
