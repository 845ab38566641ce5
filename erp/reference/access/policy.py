"""The one policy: every page, list, search, export and API asks here, and nothing else decides."""

from erp.base.errors import NotFound, NotPermitted
from erp.base.scope import Scope
from erp.reference.access.model import Identity, Permission, Role
from ledger.model import Actor


class OrganisationUnknown(NotFound):
    code = "organisation-unknown"
    template = "There is no such organisation among those you work with."


class RoleMissing(NotPermitted):
    code = "role-missing"
    template = "Your role at this organisation does not allow this."


class SignInNeeded(NotPermitted):
    code = "sign-in-needed"
    template = "Sign in first."


_READS = {Permission.JOURNAL_READ}
_POSTS = {Permission.JOURNAL_POST, Permission.JOURNAL_CORRECT, Permission.JOURNAL_IMPORT}
_WRITES = _POSTS | {Permission.PERIOD_CLOSE, Permission.YEAR_CLOSE}

ALLOWED: dict[Role, frozenset[Permission]] = {
    Role.ACCOUNTANT: frozenset(_READS | _POSTS),
    Role.CHIEF_ACCOUNTANT: frozenset(_READS | _WRITES | {Permission.JOURNAL_ADJUST}),
    Role.TREASURER: frozenset(_READS),
    Role.PLANNER: frozenset(),
    Role.BUDGET_HEAD: frozenset(_READS),
    Role.HR_OFFICER: frozenset(),
    Role.HR_HEAD: frozenset(),
    Role.MANAGER: frozenset(_READS),
    Role.EMPLOYEE: frozenset(),
    Role.AUDITOR: frozenset(_READS),  # reads all, changes nothing
    Role.ADMINISTRATOR: frozenset(),  # grants, reads no money
}


def permissions_at(identity: Identity, organisation_id: int) -> frozenset[Permission]:
    """Everything the person may do at one organisation."""
    return frozenset().union(*(ALLOWED[role] for role in identity.roles.get(organisation_id, ())))


def reach(identity: Identity, permission: Permission) -> frozenset[int]:
    """Organisations where the person holds the permission."""
    return frozenset(g.organisation_id for g in identity.grants if permission in ALLOWED[g.role])


def authorise(identity: Identity | None, permission: Permission, organisation_id: int | None = None) -> Scope:
    """The scope in which one command or view may work.

    An organisation the person has no role at does not exist for them: the answer is the same as for one that
    is not there.

    Raises: SignInNeeded, OrganisationUnknown, RoleMissing.
    """
    if permission is Permission.PUBLIC:
        return Scope(Actor(0, ""))
    if identity is None:
        raise SignInNeeded()
    actor = Actor(identity.user.id, identity.origin)
    if permission is Permission.SIGNED_IN:
        return Scope(actor, reads=reach(identity, Permission.JOURNAL_READ))
    if organisation_id is None or organisation_id not in identity.roles:
        raise OrganisationUnknown()
    held = permissions_at(identity, organisation_id)
    if permission not in held:
        raise RoleMissing()
    only, nowhere = frozenset({organisation_id}), frozenset[int]()
    return Scope(
        actor,
        reads=only,
        writes=only if permission in _WRITES else nowhere,
        adjusts=only if permission in _POSTS and Permission.JOURNAL_ADJUST in held else nowhere,
    )
