"""Books in which several people work: accountants who prepare, chiefs who approve, an administrator."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text

from erp.base import uow
from erp.base.clock import today
from erp.base.scope import Scope
from erp.base.uow import UnitOfWork
from erp.finance.approvals import queries, rules, service
from erp.finance.approvals.model import State, Step
from erp.finance.approvals.schemas import AllowException, PrepareCorrection, ReleaseJournal, RequireApproval
from erp.finance.journal.schemas import PostEntry
from erp.reference.signatures import service as signatures
from erp.reference.signatures.model import Consent, Evidence
from ledger.model import Actor, Posted
from tests.factories.books import institutions

T = TypeVar("T")

CONSENT = Consent()
STEPS = {step.purpose: step for step in Step}
GUARDED, FREE = "MO-01", "MO-16"
ROLES = dict.fromkeys(("aigul", "bolat", "chief"), "accountant") | {"boss": "manager", "head": "administrator"}
WHOLE = ("check", "first-signature", "second-signature")
"""The longest route."""


def an_entry(**changes: Any) -> PostEntry:
    """A command to post 100.00 of revenue in cash."""
    said = {
        "key": str(uuid4()),
        "journal": GUARDED,
        "effective_on": "2026-03-15",
        "memo": "Cash received",
        "postings": [{"debit": {"account": "1010"}, "credit": {"account": "6010"}, "amount": "100.00"}],
    }
    return PostEntry.model_validate(said | changes)


def a_correction(entry_id: int, **changes: Any) -> PrepareCorrection:
    said = {"key": str(uuid4()), "entry_id": entry_id, "effective_on": "2026-03-16", "reason": "typed twice"}
    return PrepareCorrection.model_validate(said | changes)


@dataclass
class Office:
    """One organisation with its people; each act is a command of its own, by whom it says."""

    engine: Engine
    organisation: int
    people: dict[str, int] = field(default_factory=dict)

    def scope(self, who: str, on_behalf_of: str | None = None) -> Scope:
        here = frozenset({self.organisation})
        lender = self.people[on_behalf_of] if on_behalf_of else None
        return Scope(Actor(self.people[who], "test"), writes=here, adjusts=here, on_behalf_of=lender)

    def run(self, who: str, command: Callable[[UnitOfWork], T], on_behalf_of: str | None = None) -> T:
        return uow.run(self.engine, self.scope(who, on_behalf_of), command)

    def prepare(self, who: str, command: PostEntry | PrepareCorrection | None = None, **behalf: str) -> int:
        wanted = command or an_entry()
        return self.run(who, lambda u: service.prepare(u, self.organisation, wanted), **behalf).id

    def approve(self, who: str, prepared_id: int, version: int = 1, **behalf: str) -> Posted:
        return self.run(who, lambda u: service.approve(u, self.organisation, prepared_id, version), **behalf)()

    def view(self, prepared_id: int) -> Any:
        return self.run("head", lambda u: service.prepared_entry(u, self.organisation, prepared_id))

    def take(
        self, who: str, prepared_id: int, step: Step, version: int, *, evidence: Evidence = CONSENT, **behalf: str
    ) -> Posted | None:
        receipt = self.run(
            who, lambda u: service.take_step(u, self.organisation, prepared_id, version, step, evidence), **behalf
        )
        return receipt() if receipt else None

    def sign_and_act(
        self,
        u: UnitOfWork,
        prepared_id: int,
        act: State,
        *,
        version: int,
        revision: int = 1,
        purpose: str = "second-signature",
        signed_revision: int | None = None,
        exception_id: int | None = None,
    ) -> None:
        """A step as a program with a mistake would record it: signed as the database asks, nothing else looked at."""
        kept = queries.revision(u.connection, u.scope, self.organisation, prepared_id, signed_revision or revision)
        content = rules.signed_content(self.organisation, prepared_id, kept, STEPS[purpose])
        about = rules.subject(self.organisation, prepared_id)
        signature = signatures.sign(u, self.organisation, about, purpose, content, CONSENT)
        queries.insert_act(
            u.connection,
            u.scope,
            self.organisation,
            prepared_id,
            act,
            version=version,
            revision=revision,
            exception_id=exception_id,
            signature_id=signature.id,
        )

    def require(
        self,
        journal: str = GUARDED,
        since: date | None = None,
        steps: Sequence[str] = ("second-signature",),
        cms: Sequence[str] = (),
    ) -> int:
        asked = [{"step": step, "evidence": "cms" if step in cms else "consent"} for step in steps]
        command = RequireApproval.model_validate({"journal": journal, "since": since or today(), "steps": asked})
        return self.run("head", lambda u: service.require_approval(u, self.organisation, command))

    def release(self, duty_id: int, until: date) -> None:
        self.run("head", lambda u: service.release_journal(u, self.organisation, duty_id, ReleaseJournal(until=until)))

    def allow(self, whom: str, by: str = "head", *, days: int = 30, since: date | None = None) -> int:
        start = since or today()
        command = AllowException(
            user_id=self.people[whom], since=start, until=start + timedelta(days=days), reason="the only accountant"
        )
        return self.run(by, lambda u: service.allow_exception(u, self.organisation, command))

    def lend(self, lender: str, delegate: str) -> None:
        """The lender's role of an accountant, for a week."""
        lent = {"lender": self.people[lender], "delegate": self.people[delegate], "organisation": self.organisation}
        days = {"since": today(), "until": today() + timedelta(days=7)}
        statement = text("""
            INSERT INTO reference_delegation (lender_id, delegate_id, role, organisation_id, in_force)
            VALUES (:lender, :delegate, 'accountant', :organisation, daterange(:since, :until))
        """)
        self.run(lender, lambda u: u.connection.execute(statement, lent | days) and None)

    def posted(self) -> list[tuple[str, int]]:
        """Every entry of the books: its journal, and how many approvals lead to it."""
        with self.engine.connect() as connection, connection.begin():
            connection.execute(text("SELECT set_config('qazyna.reads', :id, true)"), {"id": str(self.organisation)})
            rows = connection.execute(
                text("""
                    SELECT j.code, count(p.id) FROM ledger_entry e
                      JOIN ledger_journal j ON j.id = e.journal_id
                      LEFT JOIN ledger_command c ON c.organisation_id = e.organisation_id AND c.entry_id = e.id
                      LEFT JOIN finance_prepared p
                        ON p.organisation_id = c.organisation_id AND p.key = c.key AND p.state = 'approved'
                     WHERE e.organisation_id = :organisation GROUP BY e.id, j.code ORDER BY e.id
                """),
                {"organisation": self.organisation},
            )
            return [(code, approvals) for code, approvals in rows]


@pytest.fixture(scope="module")
def new_office(shared_database: str) -> Iterator[Callable[[], Office]]:
    """One office after another, each with books of its own."""
    with institutions(shared_database, ROLES) as make:
        yield lambda: Office(*make())


@pytest.fixture
def long_office(new_office: Callable[[], Office]) -> Office:
    """An office in which entries of one journal are checked and signed twice."""
    made = new_office()
    made.require(steps=WHOLE)
    return made


@pytest.fixture
def office(new_office: Callable[[], Office]) -> Office:
    """An office in which entries of one journal need a second person."""
    made = new_office()
    made.require()
    return made
