"""A staff whose people sign in: the pages and the API over one institution without books."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import uuid4

from litestar import Litestar
from sqlalchemy import text

from erp.base import uow
from erp.base.clock import today
from erp.base.dates import DaySpan
from erp.base.db import make_engine
from erp.base.scope import system_scope
from erp.hr.leave import service as leave
from erp.hr.leave.schemas import AskLeave
from erp.hr.requests.model import Request
from erp.reference.access import service as access
from tests.conftest import TestServer
from tests.factories.application import app_over
from tests.factories.staff import Staff, a_staff, shipped
from tests.factories.witness import watch
from tests.web.desk import PASSWORD

UNPAID = "UNPAID_AGREED"


def span(start: int, length: int = 1) -> DaySpan:
    """``length`` days from so many days after today on."""
    first = today() + timedelta(days=start)
    return DaySpan(first, first + timedelta(days=length - 1))


@dataclass
class Office:
    """``logins`` by the names of ``tests.factories.staff.PEOPLE``; everybody has the one password."""

    staff: Staff
    logins: dict[str, str]
    url: str

    @property
    def app(self) -> Litestar:
        return app_over(self.staff.engine)

    @property
    def home(self) -> str:
        return f"/o/{self.staff.organisation}/"

    @property
    def books(self) -> str:
        return f"/api/v1/organisations/{self.staff.organisation}"

    def bearer(self, who: str) -> dict[str, str]:
        """The header that a program sends in somebody's name."""
        login = self.logins[who]
        token = uow.run(self.staff.engine, system_scope(), lambda u: access.issue_token(u, login, today()))
        return {"Authorization": f"Bearer {token}"}

    def ask_leave(self, who: str, start: int, length: int = 5) -> Request:
        """Unpaid leave, which draws on no balance, from so many days after today on; longer than holidays in a row."""
        days, at, person = span(start, length), self.staff.organisation, self.staff.persons[who]
        command = AskLeave(key=uuid4(), kind=UNPAID, first=days.first, last=days.last)
        return self.staff.run(who, lambda u: leave.ask(u, at, person, command)).request

    def lend(self, lender: str, delegate: str, role: str, since: date | None = None) -> None:
        """A role handed to another for ten days."""
        owner = make_engine(self.url, role=None, pool=1)
        with owner.begin() as connection:
            connection.execute(
                text("""
                    WITH told AS (INSERT INTO base_audit_event (actor_id, origin, action, subject)
                                  VALUES (0, 'test', 'role-delegated', 'user:0'))
                    INSERT INTO reference_delegation (lender_id, delegate_id, role, organisation_id, in_force)
                    VALUES (:lender, :delegate, :role, :organisation, daterange(:day, CAST(:day AS date) + 10))
                """),
                {
                    "lender": self.staff.users[lender],
                    "delegate": self.staff.users[delegate],
                    "role": role,
                    "organisation": self.staff.organisation,
                    "day": since or today(),
                },
            )
        owner.dispose()


@contextmanager
def an_office(server: TestServer) -> Iterator[Office]:
    """An office in a database of its own, with the shipped packages; whatever changes in it must leave a trail."""
    url = server.new_database()
    shipped(url)
    staff = a_staff(url)
    owner = make_engine(url, role=None, pool=1)
    with owner.begin() as connection:
        connection.execute(
            text("UPDATE reference_user SET password_hash = :hash, language = 'en' WHERE id = ANY(:ids)"),
            {"hash": access.hashed(PASSWORD), "ids": list(staff.users.values())},
        )
        by_id = dict(connection.execute(text("SELECT id, login FROM reference_user")).all())  # type: ignore[arg-type]
    owner.dispose()
    watch(url)
    yield Office(staff, {who: by_id[id_] for who, id_ in staff.users.items()}, url)
    staff.engine.dispose()
    server.drop_database(url)
