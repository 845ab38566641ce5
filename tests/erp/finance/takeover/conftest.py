"""An empty institution that moves over, and its accountant at work."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import count
from typing import TypeVar
from uuid import uuid4

import pytest

from erp.base import audit, uow
from erp.base.db import make_engine
from erp.base.scope import Scope, system_scope
from erp.base.uow import UnitOfWork
from erp.finance.takeover import service
from erp.finance.takeover.comparing import service as comparing
from erp.finance.takeover.comparing.model import Comparison
from erp.finance.takeover.files import service as files
from erp.finance.takeover.mapping import service as mapping
from erp.finance.takeover.model import File
from erp.finance.takeover.posting import months, opening
from erp.finance.takeover.schemas import AcceptSuggestions, BeginTakeover, DecideAccounts, DecideWords
from erp.reference.attachments.model import Checked
from erp.reference.attachments.rules import TYPES
from erp.reference.counterparties.rules import check_digit
from erp.reference.organisations.model import OrganisationDraft, OrganisationKind
from erp.reference.organisations.queries import find_by_code
from erp.reference.organisations.service import register_organisations
from ledger import service as ledger
from ledger.model import Actor
from tests.conftest import TestServer
from tests.web.desk import Desk, furnish

T = TypeVar("T")
JANUARY = date(2026, 1, 1)


@pytest.fixture(scope="module")
def desk(server: TestServer) -> Iterator[Desk]:
    url = server.new_database()
    desk = furnish(url)
    yield desk
    desk.engine.dispose()
    server.drop_database(url)


def a_file(name: str, content: bytes) -> Checked:
    return Checked(f"{name}.xlsx", TYPES["xlsx"], content)


@dataclass
class Move:
    """A takeover of one set of books, whose organisation is a number of its own."""

    desk: Desk
    organisation: int
    takeover: int = 0

    @property
    def scope(self) -> Scope:
        own = frozenset({self.organisation})
        return Scope(Actor(self.desk.users["office"], "127.0.0.1"), writes=own, adjusts=own)

    def run(self, command: Callable[..., T], *arguments: object) -> T:
        def act(u: UnitOfWork) -> T:
            return command(u, self.organisation, self.takeover, *arguments)

        return uow.run(self.desk.engine, self.scope, act)

    def read(self, query: Callable[..., T], *arguments: object) -> T:
        return uow.read(self.desk.engine, self.scope, lambda u: query(u, self.organisation, self.takeover, *arguments))

    def take(self, name: str, content: bytes) -> File:
        return self.run(files.take_in, a_file(name, content))

    def accept(self, *decisions: dict[str, object], least: int = 60) -> None:
        """What an accountant does between taking files in and posting: words, counterparties, accounts, values."""
        repairs, _ = self.read(mapping.words)
        if sure := [{"before": r.before, "after": r.after} for r in repairs if r.is_sure]:
            self.run(mapping.decide_words, DecideWords.model_validate({"decisions": sure}))
        self.run(mapping.link_counterparties)
        if decisions:
            self.run(mapping.decide_accounts, DecideAccounts.model_validate({"decisions": decisions}))
        self.run(mapping.accept_suggestions, AcceptSuggestions(least=least))
        self.run(mapping.accept_values)

    def post_opening(self) -> None:
        self.run(opening.post_opening, uuid4())

    def post_month(self, month: date) -> None:
        self.run(months.post_month, month, uuid4())

    def comparisons(self) -> list[Comparison]:
        return self.read(comparing.comparisons)


_NUMBERS = (f"1205410{n:04d}" for n in count(1))


def _institution(desk: Desk) -> int:
    """Register one more institution; returns its id."""
    code = next(f"{eleven}{digit}" for eleven in _NUMBERS if (digit := check_digit(eleven)) is not None)
    draft = OrganisationDraft(code, OrganisationKind.INSTITUTION, code, code, code, since=date(2020, 1, 1))
    owner = make_engine(desk.engine.url.render_as_string(hide_password=False), role=None, pool=1)

    def register(u: UnitOfWork) -> None:
        register_organisations(u, [draft])
        audit.record(u.connection, u.scope, "organisation-added", code)

    uow.run(owner, system_scope(), register)
    found = uow.read(owner, system_scope(), lambda u: find_by_code(u.connection, u.scope, code))
    owner.dispose()
    assert found is not None
    return found.id


@pytest.fixture
def moving(desk: Desk) -> Callable[..., Move]:
    """An institution of its own with open books, and a takeover begun on the first of a month."""

    def begin(on: date = JANUARY, *, program: str = "1С:Бухгалтерия 8") -> Move:
        move = Move(desk, _institution(desk))
        command = BeginTakeover(starts_on=on, source_program=program)

        def act(u: UnitOfWork) -> int:
            until = date(2026, 12, 31)
            ledger.open_books(
                u.connection, move.organisation, str(move.organisation), date(2025, 1, 1), until, u.scope.actor
            )
            return service.begin(u, move.organisation, command)

        move.takeover = uow.run(desk.engine, move.scope, act)
        return move

    return begin
