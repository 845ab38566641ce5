"""The one policy: every page, list, search, export and API asks here, and nothing else decides."""

from collections.abc import Iterator
from functools import cache
from itertools import chain

from erp.base.errors import NotFound, NotPermitted
from erp.base.scope import WHOLE_SYSTEM, Scope
from erp.reference.access.model import SYSTEM_WIDE, WHEREVER_HELD, Grant, Identity, Permission, Role
from ledger.model import Actor


class OrganisationUnknown(NotFound):
    code = "organisation-unknown"
    template = "There is no such organisation among those you work with."


class RoleMissing(NotPermitted):
    code = "role-missing"
    template = "Your role at this organisation does not allow this."


class RoleMissingEverywhere(NotPermitted):
    code = "role-missing-everywhere"
    template = "None of your roles allows this."


class SignInNeeded(NotPermitted):
    code = "sign-in-needed"
    template = "Sign in first."


class BrowserNeeded(NotPermitted):
    code = "browser-needed"
    template = "This is done by the person at a browser, not by a program with a token."


class PasswordChangeNeeded(NotPermitted):
    code = "password-change-needed"
    template = "Choose a password of your own first."


class BeyondToken(NotPermitted):
    code = "beyond-token"
    template = "This token was not made for that."


_READS = {Permission.JOURNAL_READ, Permission.JOURNAL_COMMENT}
_POSTS = {Permission.JOURNAL_POST, Permission.JOURNAL_CORRECT, Permission.JOURNAL_IMPORT}
_DECIDES = {Permission.JOURNAL_APPROVE, Permission.BOOKS_RECODE}
_CLOSES = {Permission.PERIOD_CLOSE, Permission.YEAR_CLOSE}
_SIGNS = {Permission.DOCUMENT_SIGN, Permission.POLICY_SIGN}
_RULES = {Permission.POLICY_MANAGE, Permission.POLICY_SIGN}
_WRITES = _POSTS | _DECIDES | _CLOSES | _SIGNS | _RULES
_OF_BOOKS = _READS | _POSTS | _DECIDES | _CLOSES | _RULES | {Permission.JOURNAL_ADJUST}
_PLANS = {Permission.PLAN_READ, Permission.PLAN_EDIT}
_EDITS = {Permission.PLAN_EDIT, Permission.PLAN_FREEZE}
_OF_PLANS = {Permission.PLAN_READ} | _EDITS
_KEEPS = {Permission.STAFF_KEEP, Permission.STAFF_IDENTITY}
_OF_STAFF = {Permission.STAFF_READ} | _KEEPS
_ADMINISTERS = {Permission.USERS_MANAGE, Permission.ORGANISATIONS_MANAGE}

ALLOWED: dict[Role, frozenset[Permission]] = {
    Role.ACCOUNTANT: frozenset(_READS | _POSTS),
    Role.CHIEF_ACCOUNTANT: frozenset(_OF_BOOKS | {Permission.AUDIT_READ}),
    Role.TREASURER: frozenset(_READS),
    Role.PLANNER: frozenset(_PLANS),
    Role.BUDGET_HEAD: frozenset(_READS | _OF_PLANS),
    Role.HR_OFFICER: frozenset(_OF_STAFF),
    Role.HR_HEAD: frozenset(_OF_STAFF | {Permission.ABSENCE_DECIDE}),
    # The head of the institution: the first signature.
    Role.MANAGER: frozenset(_READS | _SIGNS | {Permission.PLAN_READ, Permission.ABSENCE_DECIDE}),
    Role.EMPLOYEE: frozenset({Permission.SELF_SERVICE}),
    # Reads all, changes nothing.
    Role.AUDITOR: frozenset(_READS | {Permission.PLAN_READ, Permission.STAFF_READ, Permission.AUDIT_READ}),
    # Grants, reads no money: of the trail, what is not of the books.
    Role.ADMINISTRATOR: frozenset(_ADMINISTERS | SYSTEM_WIDE | {Permission.AUDIT_READ}),
}


def permissions_at(identity: Identity, organisation_id: int) -> frozenset[Permission]:
    """Everything the person may do at one organisation."""
    nothing = frozenset[Permission]()
    return _cut(identity, _granted_at(identity, organisation_id)) if _within(identity, organisation_id) else nothing


def permissions(identity: Identity) -> frozenset[Permission]:
    """Everything the person may do somewhere, those of the whole system among it."""
    held = {role for role, where in identity.reached.items() if any(_within(identity, each) for each in where)}
    somewhere = _cut(identity, frozenset[Permission]().union(*(ALLOWED[role] for role in held)))
    return (somewhere - SYSTEM_WIDE) | {each for each in SYSTEM_WIDE if _holds_for_all(identity, each)}


def reach(identity: Identity, permission: Permission) -> frozenset[int]:
    """Organisations where the person holds the permission."""
    if not _cut(identity, frozenset({permission})):
        return frozenset()
    granted = (where for role, where in identity.reached.items() if permission in ALLOWED[role])
    found = frozenset[int]().union(*granted)
    return found if identity.limits is None else frozenset(each for each in found if _within(identity, each))


def authorise(identity: Identity | None, permission: Permission, organisation_id: int | None = None) -> Scope:
    """The scope in which one command or view may work.

    An organisation the person has no role at does not exist for them: the answer is the same as for one that
    is not there.  Reading books comes only of the permissions that concern them: who administers, or reads the
    trail without being let into the books, gets no ``reads``.

    Raises: SignInNeeded, PasswordChangeNeeded, BrowserNeeded, BeyondToken, OrganisationUnknown, RoleMissing,
    RoleMissingEverywhere.
    """
    if permission is Permission.PUBLIC:
        return Scope(Actor(0, ""))
    if identity is None:
        raise SignInNeeded()
    actor = Actor(identity.user.id, identity.origin)
    if permission in (Permission.OWN_ACCOUNT, Permission.IN_PERSON) and not identity.is_by_browser:
        raise BrowserNeeded()
    if permission is Permission.OWN_ACCOUNT:
        return Scope(actor)
    if identity.must_change_password:
        raise PasswordChangeNeeded()
    if permission in (Permission.SIGNED_IN, Permission.IN_PERSON):
        return Scope(actor, reads=reach(identity, Permission.JOURNAL_READ))
    if permission in SYSTEM_WIDE:
        if not _holds_for_all(identity, permission):
            raise RoleMissingEverywhere()
        return Scope(actor, audits=_trail_of_system(identity))
    if organisation_id is None and permission in WHEREVER_HELD:
        return _scope(identity, permission, reach(identity, permission))
    if organisation_id is None or organisation_id not in identity.roles:
        raise OrganisationUnknown()
    if permission not in _granted_at(identity, organisation_id):
        raise RoleMissing()
    if permission not in permissions_at(identity, organisation_id):
        raise BeyondToken()
    return _scope(identity, permission, frozenset({organisation_id}))


def _scope(identity: Identity, permission: Permission, where: frozenset[int]) -> Scope:
    if not where:
        raise RoleMissingEverywhere()
    nowhere = frozenset[int]()
    into_books = permission in _OF_BOOKS or permission is Permission.AUDIT_READ
    adjusts = permission in _POSTS | _DECIDES
    behalf = _on_behalf_of(identity, permission, where)
    return Scope(
        Actor(identity.user.id, identity.origin),
        reads=_of(where, identity, Permission.JOURNAL_READ) if into_books else nowhere,
        writes=where if permission in _WRITES else nowhere,
        adjusts=_of(where, identity, Permission.JOURNAL_ADJUST) if adjusts else nowhere,
        audits=_trail(identity, permission, where),
        administers=where if permission in _ADMINISTERS else nowhere,
        plans=where if permission in _OF_PLANS else nowhere,
        edits=where if permission in _EDITS else nowhere,
        staff=where if permission in _OF_STAFF else nowhere,
        keeps=where if permission in _KEEPS else nowhere,
        decides=where if permission is Permission.ABSENCE_DECIDE else nowhere,
        serves=where if permission is Permission.SELF_SERVICE else nowhere,
        on_behalf_of=behalf,
        lenders=_lenders(identity, where) if behalf is not None else nowhere,
    )


def _trail(identity: Identity, permission: Permission, where: frozenset[int]) -> frozenset[int]:
    """Whose trail is read: for itself, and on the pages of what one administers."""
    if permission in _ADMINISTERS:
        return _of(where, identity, Permission.AUDIT_READ) | _trail_of_system(identity)
    return where if permission is Permission.AUDIT_READ else frozenset()


def _trail_of_system(identity: Identity) -> frozenset[int]:
    return frozenset({WHOLE_SYSTEM}) if _holds_for_all(identity, Permission.SYSTEM_AUDIT) else frozenset()


def _of(where: frozenset[int], identity: Identity, permission: Permission) -> frozenset[int]:
    """Those organisations where the person holds the permission."""
    return frozenset(each for each in where if permission in permissions_at(identity, each))


def _grants_in(identity: Identity, where: frozenset[int]) -> Iterator[Grant]:
    return chain.from_iterable(identity.grants_at.get(each, ()) for each in where)


def _granted_at(identity: Identity, organisation_id: int) -> frozenset[Permission]:
    return _of_roles(identity.roles.get(organisation_id, frozenset()))


@cache
def _of_roles(roles: frozenset[Role]) -> frozenset[Permission]:
    return frozenset[Permission]().union(*(ALLOWED[role] for role in roles))


def _within(identity: Identity, organisation_id: int) -> bool:
    """Whether the token, if it is one, was made for the organisation."""
    return identity.limits is None or identity.limits.organisation_id in (None, organisation_id)


def _cut(identity: Identity, granted: frozenset[Permission]) -> frozenset[Permission]:
    """Of what was granted, what the token, if it is one, was made for."""
    return granted if identity.limits is None else granted & identity.limits.permissions


def _holds_for_all(identity: Identity, permission: Permission) -> bool:
    """A permission of the whole system.

    The law's data and the trail of what concerns no organisation are everybody's: only the bodies on top reach them.
    """
    if identity.limits is not None and identity.limits.organisation_id is not None:
        return False
    where = reach(identity, permission)
    return bool(where if permission is Permission.SYSTEM_READ else where & identity.summits)


def _on_behalf_of(identity: Identity, permission: Permission, where: frozenset[int]) -> int | None:
    """Who delegated the permission, where the person has it nowhere in ``where`` of their own."""

    lenders = {g.on_behalf_of for g in _grants_in(identity, where) if permission in ALLOWED[g.role]}
    return None if None in lenders else min((each for each in lenders if each is not None), default=None)


def _lenders(identity: Identity, where: frozenset[int]) -> frozenset[int]:
    """Everybody who lends the person a role there."""
    return frozenset(g.on_behalf_of for g in _grants_in(identity, where) if g.on_behalf_of is not None)
