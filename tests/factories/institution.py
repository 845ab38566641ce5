"""An institution with the people who answer for its books; each act is a command of its own, by whom it says."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from typing import Any, TypeVar
from uuid import uuid4

from sqlalchemy import Engine, text

from erp.base import uow
from erp.base.clock import today
from erp.base.db import make_engine
from erp.base.scope import Scope
from erp.base.uow import UnitOfWork
from erp.finance.journal import service as journal
from erp.finance.journal.schemas import PostEntry
from erp.finance.policy import service as policies
from erp.finance.policy.content import Content, JournalRule
from erp.finance.policy.model import Edition
from erp.finance.policy.schemas import BeginPolicy
from erp.reference.signatures.model import Consent
from ledger import service as ledger
from ledger.model import Actor
from tests.factories.books import ACTOR, scope_of

T = TypeVar("T")

TOMORROW = today() + timedelta(days=1)
KEPT, LEFT_OUT = "MO-01", "MO-16"
PEOPLE = {
    "aigul": "accountant",
    "bolat": "accountant",
    "chief": "chief_accountant",
    "head": "manager",
    "second": "manager",
}
_codes = count(700_000_000_001)


def an_entry(**changes: Any) -> PostEntry:
    """A command to post 100.00 of revenue in cash, tomorrow."""
    said = {
        "key": str(uuid4()),
        "journal": KEPT,
        "effective_on": TOMORROW.isoformat(),
        "memo": "Cash received",
        "postings": [{"debit": {"account": "1010"}, "credit": {"account": "6010"}, "amount": "100.00"}],
    }
    return PostEntry.model_validate(said | changes)


def a_content(**changes: Any) -> Content:
    """A policy that keeps one journal of the tiny chart and leaves the other out."""
    return Content.model_validate({"journals": (JournalRule(code=KEPT),)} | changes)


@dataclass
class Institution:
    engine: Engine
    organisation: int
    people: dict[str, int] = field(default_factory=dict)

    def scope(self, who: str, on_behalf_of: str | None = None) -> Scope:
        here = frozenset({self.organisation})
        lender = self.people[on_behalf_of] if on_behalf_of else None
        return Scope(Actor(self.people[who], "test"), writes=here, adjusts=here, on_behalf_of=lender)

    def run(self, who: str, command: Callable[[UnitOfWork], T], on_behalf_of: str | None = None) -> T:
        return uow.run(self.engine, self.scope(who, on_behalf_of), command)

    def post(self, command: PostEntry | None = None, who: str = "aigul") -> int:
        wanted = command or an_entry()
        return self.run(who, lambda u: journal.post_entry(u, self.organisation, wanted))().entry_id

    def begin(self, content: Content | None = None, since: date = TOMORROW) -> Edition:
        command = BeginPolicy(key=uuid4(), since=since, content=content or a_content())
        return self.run("chief", lambda u: policies.begin(u, self.organisation, command))

    def propose(self, edition: Edition, who: str = "chief") -> Edition:
        return self.run(who, lambda u: policies.propose(u, self.organisation, edition.id, edition.version, Consent()))

    def sign(self, edition: Edition, who: str = "head", **behalf: str) -> Edition:
        return self.run(
            who, lambda u: policies.sign(u, self.organisation, edition.id, edition.version, Consent()), **behalf
        )

    def enact(self, content: Content | None = None, since: date = TOMORROW) -> Edition:
        """A policy that is signed by both."""
        return self.sign(self.propose(self.begin(content, since)))


def new_institution(url: str, engine: Engine, *, first: date, last: date) -> Institution:
    """Open books over the chart there is, with people in their roles."""
    owner = make_engine(url, role=None, pool=1)
    code = str(next(_codes))
    with owner.begin() as connection:
        organisation = connection.execute(
            text("""
                INSERT INTO reference_organisation (code, kind, name_kk, name_ru, name_en)
                VALUES (:code, 'institution', :code, :code, :code) RETURNING id
            """),
            {"code": code},
        ).scalar_one()
        people = {
            who: connection.execute(
                text("""
                    WITH made AS (INSERT INTO reference_user (login, name, password_hash)
                                  VALUES (:login, :name, '') RETURNING id)
                    INSERT INTO reference_role_grant (user_id, role, organisation_id)
                    SELECT id, :role, :organisation FROM made RETURNING user_id
                """),
                {"login": f"{who}-{code}", "name": who.title(), "role": role, "organisation": organisation},
            ).scalar_one()
            for who, role in PEOPLE.items()
        }
    owner.dispose()
    uow.run(
        engine,
        scope_of(organisation),
        lambda u: ledger.open_books(u.connection, organisation, code, first, last, ACTOR),
    )
    return Institution(engine, organisation, people)
