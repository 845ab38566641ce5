"""A small tree of bodies with people in it; calls name only what a test is about.

state → oblast → education (→ lyceum, school, village; office keeps the books of school and village) and roads.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import Engine

from erp.base import uow
from erp.base.db import make_engine
from erp.base.i18n import Language
from erp.base.scope import system_scope
from erp.base.uow import UnitOfWork
from erp.reference.access import queries, service
from erp.reference.access.model import Identity, Permission, Role
from erp.reference.access.policy import authorise
from erp.reference.counterparties.rules import check_digit
from erp.reference.organisations.model import OrganisationDraft, OrganisationKind
from erp.reference.organisations.service import find_by_code, register_organisations

T = TypeVar("T")

PASSWORD = "correct-horse"
SINCE = date(2020, 1, 1)

_PLACES = (
    # name, kind, above, office
    ("state", OrganisationKind.STATE, None, None),
    ("oblast", OrganisationKind.OBLAST, "state", None),
    ("education", OrganisationKind.ADMINISTRATOR, "oblast", None),
    ("roads", OrganisationKind.ADMINISTRATOR, "oblast", None),
    ("office", OrganisationKind.INSTITUTION, "education", None),
    ("lyceum", OrganisationKind.INSTITUTION, "education", None),
    ("school", OrganisationKind.INSTITUTION, "education", "office"),
    ("village", OrganisationKind.INSTITUTION, "education", "office"),
)
_PEOPLE = (
    ("root", Role.ADMINISTRATOR, "state"),
    ("second", Role.ADMINISTRATOR, "state"),
    ("keeper", Role.ADMINISTRATOR, "education"),
    ("chief", Role.CHIEF_ACCOUNTANT, "office"),
    ("clerk", Role.ACCOUNTANT, "school"),
    ("inspector", Role.AUDITOR, "oblast"),
    ("driver", Role.EMPLOYEE, "roads"),
)


def a_bin(number: int) -> str:
    """A BIN whose check digit holds."""
    for serial in range(number, number + 1000):
        eleven = f"1205400{serial:04d}"
        if (last := check_digit(eleven)) is not None:
            return f"{eleven}{last}"
    raise AssertionError("no such BIN")


@dataclass
class Oblast:
    """Organisations and users by their short names; ``act`` is done in somebody's name, as the policy lets them."""

    url: str
    engine: Engine
    organisations: dict[str, int] = field(default_factory=dict)
    users: dict[str, int] = field(default_factory=dict)

    def at(self, name: str) -> int:
        return self.organisations[name]

    def identity(self, login: str, day: date) -> Identity:
        found = uow.read(
            self.engine, system_scope(), lambda u: queries.user_with_grants(u.connection, u.scope, login, day)
        )
        assert found is not None
        return found

    def act(self, login: str, command: Any, day: date, permission: Permission = Permission.USERS_MANAGE) -> Any:
        scope = authorise(self.identity(login, day), permission)
        return uow.run(self.engine, scope, command)

    def by_program(self, command: Any) -> Any:
        """As the owner of the database, whom no row-level security holds."""
        owner = make_engine(self.url, role=None, pool=1)
        try:
            return uow.run(owner, system_scope(), command)
        finally:
            owner.dispose()

    def add_person(self, login: str, *grants: tuple[Role, str], since: date = SINCE) -> int:
        def add(u: UnitOfWork) -> int:
            user_id = service.create_user(u, login, login.title(), PASSWORD, Language.EN)
            for role, place in grants:
                service.grant_role(u, user_id, role, self.at(place), since)
            return user_id

        self.users[login] = self.by_program(add)
        return self.users[login]


def an_oblast(url: str, *, people: Iterable[tuple[str, Role, str]] = _PEOPLE, pool: int = 4) -> Oblast:
    """The tree and its people in a migrated, empty database."""
    made = Oblast(url, make_engine(url, pool=pool))
    codes = {name: a_bin(20 + 10 * place) for place, (name, *_) in enumerate(_PLACES)}

    def register(u: UnitOfWork) -> None:
        register_organisations(
            u,
            [
                OrganisationDraft(
                    codes[name],
                    kind,
                    f"{name} kk",
                    f"{name} ru",
                    name.title(),
                    codes[above] if above else None,
                    codes[office] if office else None,
                    SINCE,
                )
                for name, kind, above, office in _PLACES
            ],
        )
        for name, code in codes.items():
            found = find_by_code(u, code)
            assert found is not None
            made.organisations[name] = found.id

    made.by_program(register)
    for login, role, place in people:
        made.add_person(login, (role, place))
    return made
