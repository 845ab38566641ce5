from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property

from erp.base.i18n import N_


class Role(StrEnum):
    ACCOUNTANT = "accountant"
    CHIEF_ACCOUNTANT = "chief_accountant"
    TREASURER = "treasurer"
    PLANNER = "planner"
    BUDGET_HEAD = "budget_head"
    HR_OFFICER = "hr_officer"
    HR_HEAD = "hr_head"
    MANAGER = "manager"
    EMPLOYEE = "employee"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


ROLE_NAMES: dict[Role, str] = {
    Role.ACCOUNTANT: N_("accountant"),
    Role.CHIEF_ACCOUNTANT: N_("chief accountant"),
    Role.TREASURER: N_("treasurer"),
    Role.PLANNER: N_("planner"),
    Role.BUDGET_HEAD: N_("head of the budget department"),
    Role.HR_OFFICER: N_("human resources officer"),
    Role.HR_HEAD: N_("head of human resources"),
    Role.MANAGER: N_("manager"),
    Role.EMPLOYEE: N_("employee"),
    Role.AUDITOR: N_("auditor"),
    Role.ADMINISTRATOR: N_("administrator"),
}

SERVING_ROLES = frozenset({Role.ACCOUNTANT, Role.CHIEF_ACCOUNTANT, Role.TREASURER, Role.AUDITOR})
"""Roles that reach the institutions an office serves: it is trusted with their books, not with their people."""


class SessionKind(StrEnum):
    """Which way a secret may come: a browser's by cookie, a program's in the Authorization header.

    ``CHALLENGE`` is a browser's between the password and the code of the second factor: nobody is signed in by it.
    """

    BROWSER = "browser"
    TOKEN = "token"  # noqa: S105
    CHALLENGE = "challenge"


class Permission(StrEnum):
    """What a route asks for.  The first four need no role; those of the whole system are held anywhere."""

    PUBLIC = "public"
    SIGNED_IN = "signed-in"
    IN_PERSON = "in-person"
    OWN_ACCOUNT = "own-account"
    JOURNAL_READ = "journal.read"
    JOURNAL_POST = "journal.post"
    JOURNAL_CORRECT = "journal.correct"
    JOURNAL_IMPORT = "journal.import"
    JOURNAL_ADJUST = "journal.adjust"
    JOURNAL_APPROVE = "journal.approve"
    JOURNAL_COMMENT = "journal.comment"
    DOCUMENT_SIGN = "document.sign"
    POLICY_MANAGE = "policy.manage"
    POLICY_SIGN = "policy.sign"
    PERIOD_CLOSE = "period.close"
    YEAR_CLOSE = "year.close"
    BOOKS_RECODE = "books.recode"
    PLAN_READ = "plan.read"
    PLAN_EDIT = "plan.edit"
    PLAN_FREEZE = "plan.freeze"
    STAFF_READ = "staff.read"
    STAFF_KEEP = "staff.keep"
    STAFF_IDENTITY = "staff.identity"
    SELF_SERVICE = "self.service"
    ABSENCE_DECIDE = "absence.decide"
    AUDIT_READ = "audit.read"
    USERS_MANAGE = "users.manage"
    ORGANISATIONS_MANAGE = "organisations.manage"
    SYSTEM_READ = "system.read"
    SYSTEM_AUDIT = "system.audit"
    PACKAGES_MANAGE = "packages.manage"


PERMISSION_NAMES: dict[Permission, str] = {
    Permission.JOURNAL_READ: N_("read the journal and the reports"),
    Permission.JOURNAL_COMMENT: N_("comment on entries"),
    Permission.JOURNAL_POST: N_("post entries"),
    Permission.JOURNAL_CORRECT: N_("correct entries"),
    Permission.JOURNAL_IMPORT: N_("import journals"),
    Permission.JOURNAL_ADJUST: N_("post into restricted months"),
    Permission.JOURNAL_APPROVE: N_("approve entries of others"),
    Permission.DOCUMENT_SIGN: N_("give entries the first signature"),
    Permission.POLICY_MANAGE: N_("write the accounting policy"),
    Permission.POLICY_SIGN: N_("sign the accounting policy"),
    Permission.PERIOD_CLOSE: N_("close and open months"),
    Permission.YEAR_CLOSE: N_("close and open years"),
    Permission.BOOKS_RECODE: N_("move books to a new chart or classification"),
    Permission.PLAN_READ: N_("read budget plans and scenarios"),
    Permission.PLAN_EDIT: N_("edit budget plans and scenarios"),
    Permission.PLAN_FREEZE: N_("freeze versions of budget plans"),
    Permission.STAFF_READ: N_("read the staffing table and personal files"),
    Permission.STAFF_KEEP: N_("keep the staffing table and personal files"),
    Permission.STAFF_IDENTITY: N_("open identity numbers"),
    Permission.SELF_SERVICE: N_("see one's own personal file and send requests"),
    Permission.ABSENCE_DECIDE: N_("decide on requests of employees"),
    Permission.AUDIT_READ: N_("read the trail of changes"),
    Permission.USERS_MANAGE: N_("administer people and roles"),
    Permission.ORGANISATIONS_MANAGE: N_("administer organisations"),
    Permission.SYSTEM_READ: N_("see how the system stands"),
    Permission.SYSTEM_AUDIT: N_("read the trail of the whole system"),
    Permission.PACKAGES_MANAGE: N_("load data packages"),
}
"""What needs a role, in words: all but ``ANYBODY``."""

ANYBODY = frozenset({Permission.PUBLIC, Permission.SIGNED_IN, Permission.IN_PERSON, Permission.OWN_ACCOUNT})
"""Permissions that need no role.  ``IN_PERSON`` and ``OWN_ACCOUNT`` only a person at a browser has, never a program
with a token; the last also before choosing a password of their own.
"""

SYSTEM_WIDE = frozenset({Permission.SYSTEM_READ, Permission.SYSTEM_AUDIT, Permission.PACKAGES_MANAGE})
"""Permissions that concern no organisation: held by who has them anywhere."""

WHEREVER_HELD = frozenset({Permission.USERS_MANAGE, Permission.ORGANISATIONS_MANAGE, Permission.AUDIT_READ})
"""Permissions that may be asked for without an organisation: the scope is then all those where they are held."""


@dataclass(frozen=True, slots=True)
class User:
    id: int
    login: str
    name: str
    language: str


@dataclass(frozen=True, slots=True)
class Grant:
    """A role and one organisation it reaches; ``on_behalf_of`` is who delegated it, where it is not one's own."""

    organisation_id: int
    role: Role
    on_behalf_of: int | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What a token is cut down to: never more than its user holds."""

    permissions: frozenset[Permission]
    organisation_id: int | None = None


@dataclass(frozen=True)
class Identity:
    """A signed-in person with every role they hold today.

    ``summits`` are the organisations in ``grants`` with no body above them; ``limits`` those of a token, ``None`` for
    a browser.  Whoever ``must_change_password`` may do nothing else.
    """

    user: User
    grants: frozenset[Grant]
    origin: str
    session_kind: str
    summits: frozenset[int] = frozenset()
    limits: Limits | None = None
    must_change_password: bool = False
    is_stale: bool = False
    """Whether it is some minutes since the session was last noted as used."""

    @cached_property
    def grants_at(self) -> dict[int, frozenset[Grant]]:
        """Grants by the organisation they reach."""
        held: dict[int, set[Grant]] = {}
        for grant in self.grants:
            held.setdefault(grant.organisation_id, set()).add(grant)
        return {organisation_id: frozenset(grants) for organisation_id, grants in held.items()}

    @cached_property
    def roles(self) -> dict[int, frozenset[Role]]:
        """Roles by the organisation they reach."""
        return {each: frozenset(grant.role for grant in grants) for each, grants in self.grants_at.items()}

    @cached_property
    def reached(self) -> dict[Role, frozenset[int]]:
        """Organisations by the role that reaches them."""
        held: dict[Role, set[int]] = {}
        for grant in self.grants:
            held.setdefault(grant.role, set()).add(grant.organisation_id)
        return {role: frozenset(where) for role, where in held.items()}

    @property
    def is_by_browser(self) -> bool:
        return self.session_kind == SessionKind.BROWSER


@dataclass(frozen=True, slots=True)
class Challenge:
    """Somebody whose password was right, and who has yet to say the code."""

    user: User
    tries: int


@dataclass(frozen=True, slots=True)
class SecondFactor:
    sealed: bytes
    """The secret, as the vault sealed it."""
    is_confirmed: bool
    recovery_codes: int


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A signed-in browser."""

    id: int
    origin: str
    agent: str
    created_at: datetime
    seen_at: datetime
    is_this: bool


@dataclass(frozen=True, slots=True)
class Token:
    """What a program acts with; no ``limits``: all that its user may."""

    id: int
    name: str
    limits: Limits | None
    created_at: datetime
    used_at: datetime | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person as administrators see them; ``is_manageable``: all their roles are where the asker administers."""

    id: int
    login: str
    name: str
    language: str
    is_admitted: bool
    admitted_from: date | None
    blocked_from: date | None
    has_second_factor: bool
    seen_at: datetime | None
    is_manageable: bool


@dataclass(frozen=True, slots=True)
class PeopleFilter:
    """Whom a list of people is narrowed to; ``words`` are part of the name or the login.

    A role is one that counts on the day of the list, at ``organisation_id`` itself where both are asked for.
    """

    words: str = ""
    organisation_id: int | None = None
    role: Role | None = None
    is_blocked: bool | None = None


@dataclass(frozen=True, slots=True)
class PeopleCount:
    """``without_second_factor`` are of those who are let in."""

    people: int
    blocked: int
    without_second_factor: int


@dataclass(frozen=True, slots=True)
class Held:
    """A role granted to somebody at an organisation, from ``since`` up to ``until``."""

    id: int
    user_id: int
    role: str
    organisation_id: int
    since: date | None
    until: date | None
    is_changeable: bool

    def counts_on(self, day: date) -> bool:
        return (self.since is None or self.since <= day) and (self.until is None or day < self.until)


@dataclass(frozen=True, slots=True)
class Reach:
    """An organisation a granted role counts at; ``way`` is itself, above or serving."""

    grant_id: int
    organisation_id: int
    way: str


@dataclass(frozen=True, slots=True)
class Delegation:
    """A role at an organisation that one person lends another, from ``since`` up to ``until``."""

    id: int
    role: str
    organisation_id: int
    since: date
    until: date
    lender_id: int
    lender: str
    delegate_id: int
    delegate: str

    def counts_on(self, day: date) -> bool:
        return self.since <= day < self.until
