"""A desk at which tables from elsewhere are brought."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from uuid import uuid4

import pytest

from erp.base import uow
from erp.base.scope import Scope
from erp.base.uow import UnitOfWork
from erp.finance.intake import service
from erp.finance.intake.model import Intake, Looked, Mended, Purpose
from ledger.model import Actor
from tests.conftest import TestServer
from tests.web.desk import Desk, furnish

T = TypeVar("T")


@dataclass
class Table:
    """What the school's accountant does with tables; each act is a command of its own."""

    desk: Desk
    who: str = "accountant"

    @property
    def at(self) -> int:
        return self.desk.school

    def run(self, command: Callable[[UnitOfWork], T]) -> T:
        here = frozenset({self.at})
        return uow.run(self.desk.engine, Scope(Actor(self.desk.users[self.who], "test"), writes=here), command)

    def bring(self, source: bytes | str, name: str = "table", **how: Any) -> Intake:
        table = service.read(source, name)
        origin = "paste" if isinstance(source, str) else "file"
        said: dict[str, Any] = {"key": uuid4(), "origin": origin} | how
        return self.run(lambda u: service.bring(u, self.at, table, **said))

    def look(self, found: Intake) -> Looked:
        return self.run(lambda u: service.look(u, self.at, found.id))

    def change(self, found: Intake, mended: Mended | None = None, **settings: Any) -> Intake:
        wanted = replace(found.settings, **settings)
        return self.run(lambda u: service.change(u, self.at, found.id, found.version, wanted, mended or found.mended))

    def paste(self, text: str, **how: Any) -> Looked:
        """Brought with bars for tabs, and looked at."""
        return self.look(self.bring(text.replace("|", "\t"), **how))

    def counterparties(self, text: str) -> Looked:
        return self.paste(text, purpose=Purpose.COUNTERPARTIES)

    def as_(self, who: str) -> "Table":
        return replace(self, who=who)


@pytest.fixture(scope="module")
def table(server: TestServer) -> Iterator[Table]:
    url = server.new_database()
    desk = furnish(url)
    yield Table(desk)
    desk.engine.dispose()
    server.drop_database(url)
