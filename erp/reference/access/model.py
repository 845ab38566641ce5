from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property


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


class SessionKind(StrEnum):
    """Which way a secret may come: a browser's by cookie, a program's in the Authorization header."""

    BROWSER = "browser"
    TOKEN = "token"  # noqa: S105


class Permission(StrEnum):
    """What a route asks for.  The first two need no role at an organisation."""

    PUBLIC = "public"
    SIGNED_IN = "signed-in"
    JOURNAL_READ = "journal.read"
    JOURNAL_POST = "journal.post"
    JOURNAL_CORRECT = "journal.correct"
    JOURNAL_IMPORT = "journal.import"
    JOURNAL_ADJUST = "journal.adjust"
    PERIOD_CLOSE = "period.close"
    YEAR_CLOSE = "year.close"


@dataclass(frozen=True, slots=True)
class User:
    id: int
    login: str
    name: str
    language: str


@dataclass(frozen=True, slots=True)
class Grant:
    """A role and one organisation it reaches."""

    organisation_id: int
    role: Role


@dataclass(frozen=True)
class Identity:
    """A signed-in person with every role they hold today."""

    user: User
    grants: frozenset[Grant]
    origin: str
    session_kind: str

    @cached_property
    def roles(self) -> dict[int, frozenset[Role]]:
        """Roles by the organisation they reach."""
        held: dict[int, set[Role]] = {}
        for grant in self.grants:
            held.setdefault(grant.organisation_id, set()).add(grant.role)
        return {organisation_id: frozenset(roles) for organisation_id, roles in held.items()}
