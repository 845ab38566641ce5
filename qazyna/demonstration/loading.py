"""Bringing the story into a database, through the public services only.

Each step is one transaction under fixed keys, so that a load broken off at any moment is simply begun again.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID, uuid5

from dateutil.relativedelta import relativedelta
from rich.progress import Progress
from sqlalchemy import Connection, Engine, text

from erp.base import uow
from erp.base.audit import record
from erp.base.db import APPLICATION_ROLE, make_engine
from erp.base.scope import Scope, system_scope
from erp.base.uow import Receipt, UnitOfWork
from erp.finance.journal import service as journal
from erp.reference.access import service as access
from erp.reference.access.model import Role
from erp.reference.counterparties import service as counterparties
from erp.reference.counterparties.service import RegisterCounterparty
from erp.reference.organisations import queries as organisations
from erp.reference.organisations import service as organisation_service
from erp.reference.organisations.model import OrganisationDraft, OrganisationKind
from erp.reference.packages import service as packages
from ledger import service as ledger
from ledger.model import Actor, Correction, Dimension, JournalEntry, Posting, Source, SubaccountKey
from qazyna.demonstration import books, oblast
from qazyna.demonstration.days import days_later, working_day
from qazyna.demonstration.model import Draft, Institution, Side
from qazyna.demonstration.people import PASSWORD, PEOPLE

ORIGIN = "demonstration"
_KEYS = UUID("6a2f3c1e-7d0b-5b7e-9f55-2f6d1d7a4c11")
_LOADED = "demonstration-loaded"

_CORRECTED = ("School-Gymnasium No. 4", "Zhanadala Secondary School")
"""Institutions, by English name, where an invoice was entered twice and the second entry cancelled."""


def is_loaded(url: str) -> bool:
    """Whether the demonstration is there whole."""
    with _connected(url) as engine, engine.connect() as connection:
        return _is_loaded(connection)


def load(url: str, progress: Progress) -> None:
    """Load the demonstration into a migrated database; what an earlier, broken-off load did is not done again."""
    with _connected(url) as owner, _connected(url, APPLICATION_ROLE) as engine:
        with owner.connect() as connection:
            if _is_loaded(connection):
                return
        task = progress.add_task("Sarydala", total=len(oblast.institutions()))
        with owner.begin() as connection:
            packages.load_shipped(connection, system_scope(origin=ORIGIN))
        uow.run(owner, system_scope(origin=ORIGIN), _settle)
        registers = uow.read(engine, system_scope(origin=ORIGIN), _registers)
        for institution in oblast.institutions():
            _keep_books(engine, registers, institution)
            progress.advance(task)
        with owner.begin() as connection:
            connection.execute(text("ANALYZE"))  # reports and checks are planned for what is there from the start
        uow.run(owner, system_scope(origin=ORIGIN), lambda u: record(u.connection, u.scope, _LOADED, ORIGIN))


@contextmanager
def _connected(url: str, role: str | None = None) -> Iterator[Engine]:
    """An engine for as long as the context; without a role it is the owner's."""
    engine = make_engine(url, role=role, pool=1, timeouts=False)
    try:
        yield engine
    finally:
        engine.dispose()


def _is_loaded(connection: Connection) -> bool:
    asked = text("SELECT EXISTS (SELECT FROM base_audit_event WHERE action = :action)")
    return bool(connection.execute(asked, {"action": _LOADED}).scalar_one())


# ------------------------------------------------------------------------------------------------ who is there


def _settle(u: UnitOfWork) -> None:
    """Organisations, counterparties, people and their roles."""
    everybody = [*oblast.bodies(), *oblast.institutions()]
    organisation_service.register_organisations(
        u,
        [OrganisationDraft(b.code, OrganisationKind(b.kind), b.kk, b.ru, b.en, b.parent, b.office) for b in everybody],
    )
    counterparties.register(
        u, [RegisterCounterparty(s.code, s.names["ru"], s.names["kk"], s.names["en"]) for s in oblast.suppliers()]
    )
    codes = {b.en: b.code for b in everybody}
    for person in PEOPLE:
        try:
            access.person(u, person.login, books.BEGINNING)
        except access.UserUnknown:
            user_id = access.create_user(u, person.login, person.name, PASSWORD, person.language)
            for role, organisation in person.grants:
                access.grant_role(u, user_id, role, _organisation_id(u, codes[organisation]), books.BEGINNING)


def _organisation_id(u: UnitOfWork, code: str) -> int:
    found = organisations.find_by_code(u.connection, u.scope, code)
    assert found is not None
    return found.id


@dataclass(frozen=True, slots=True)
class _Registers:
    """Ids behind the codes that the story is written in."""

    accounts: dict[str, int]
    journals: dict[str, int]
    organisations: dict[str, int]
    users: dict[str, int]
    chiefs: dict[int, int]
    """Chief accountants by the organisation whose months they close."""


def _registers(u: UnitOfWork) -> _Registers:
    people = {p.login: access.person(u, p.login, books.LAST_DAY) for p in PEOPLE}
    return _Registers(
        accounts={a.code: a.id for a in journal.accounts(u, books.LAST_DAY)},
        journals={j.code: j.id for j in journal.journals(u)},
        organisations={i.code: _organisation_id(u, i.code) for i in oblast.institutions()},
        users={login: identity.user.id for login, identity in people.items()},
        chiefs={
            organisation_id: identity.user.id
            for identity in people.values()
            for organisation_id, roles in identity.roles.items()
            if Role.CHIEF_ACCOUNTANT in roles
        },
    )


# ------------------------------------------------------------------------------------------------ books


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where an institution's accountant posts."""

    registers: _Registers
    institution: Institution

    @property
    def organisation_id(self) -> int:
        return self.registers.organisations[self.institution.code]

    @property
    def scope(self) -> Scope:
        actor = Actor(self.registers.users[self.institution.accountant], ORIGIN)
        return Scope(actor, writes=frozenset({self.organisation_id}))

    @property
    def chief(self) -> Scope:
        actor = Actor(self.registers.chiefs[self.organisation_id], ORIGIN)
        return Scope(actor, writes=frozenset({self.organisation_id}))

    def key(self, what: str) -> UUID:
        return uuid5(_KEYS, f"{self.institution.code}/{what}")

    def entries(self, u: UnitOfWork, drafts: Iterable[Draft]) -> list[JournalEntry]:
        """Drafts with ids in place of codes."""
        drafts = list(drafts)
        sides = sorted({side for d in drafts for line in d.lines for side in (line.debit, line.credit)})
        ids = dict(
            zip(
                sides,
                ledger.intern_subaccounts(u.connection, self.organisation_id, [self._subaccount(s) for s in sides]),
                strict=True,
            )
        )
        return [self._entry(draft, ids) for draft in drafts]

    def _subaccount(self, side: Side) -> SubaccountKey:
        named = {
            Dimension.PROGRAMME: side.programme,
            Dimension.SPECIFIC: side.specific,
            Dimension.COUNTERPARTY: side.counterparty,
            Dimension.PERSON: side.person,
        }
        return SubaccountKey.of(self.registers.accounts[side.account], named)

    def _entry(self, draft: Draft, ids: dict[Side, int]) -> JournalEntry:
        return JournalEntry(
            organisation_id=self.organisation_id,
            key=self.key(f"{draft.on}/{draft.memo}"),
            journal_id=self.registers.journals[draft.journal],
            effective_on=draft.on,
            memo=draft.memo,
            postings=tuple(
                Posting(
                    ids[line.debit], ids[line.credit], line.tiyn, line.memo, _milli(line.debit_litres),
                    _milli(line.credit_litres),
                )
                for line in draft.lines
            ),
            kind=draft.kind,
            document_number=draft.number,
            document_on=draft.on if draft.number else None,
            source=Source("demo"),
        )  # fmt: skip


def _milli(litres: int | None) -> int | None:
    return litres and litres * 1000


def _keep_books(engine: Engine, registers: _Registers, institution: Institution) -> None:
    """Open the books, post the whole story at once, close the months and the year past; then the two corrections."""
    desk = _Desk(registers, institution)
    if institution.joins:
        first = institution.joins
        uow.run(engine, desk.scope, lambda u: _open(u, desk, first))
        return
    uow.run(engine, desk.scope, lambda u: _post_story(u, desk))
    uow.run(engine, desk.chief, lambda u: _close(u, desk))
    if institution.en in _CORRECTED:
        _correct(engine, desk)


def _open(u: UnitOfWork, desk: _Desk, first: date) -> int:
    return ledger.open_books(
        u.connection, desk.organisation_id, desk.institution.code, first, books.BOOKS_UNTIL, u.scope.actor
    )


def _post_story(u: UnitOfWork, desk: _Desk) -> None:
    if not _open(u, desk, books.BEGINNING):
        return  # opened and posted in one transaction, so both are done
    entries = desk.entries(u, books.keep(desk.institution))
    ledger.post_many(u.connection, desk.organisation_id, desk.key("story"), entries, u.scope.actor, Source("demo"))


def _close(u: UnitOfWork, desk: _Desk) -> None:
    """The months that are past, and the year before; months closed already stay as they are."""
    month = books.BEGINNING
    while month < books.OPEN_FROM:
        journal.close_month(u, desk.organisation_id, month)
        month += relativedelta(months=1)
    journal.close_year(u, desk.organisation_id, books.CLOSED_YEAR, desk.key(f"close-{books.CLOSED_YEAR}"))


def _correct(engine: Engine, desk: _Desk) -> None:
    """An invoice entered a second time, and its storno some days after."""
    wrong = _mistake(desk.institution)

    def post(u: UnitOfWork) -> Receipt:
        (entry,) = desk.entries(u, [wrong])
        return u.post(entry)

    posted = uow.run(engine, desk.scope, post)()
    storno = Correction(
        organisation_id=desk.organisation_id,
        key=desk.key("storno"),
        entry_id=posted.entry_id,
        fiscal_year=posted.fiscal_year,
        effective_on=days_later(wrong.on, 5),
        reason=oblast.say(desk.institution.language, "mistake_reason"),
    )
    uow.run(engine, desk.scope, lambda u: u.post(storno))


def _mistake(institution: Institution) -> Draft:
    """The internet bill of the first open month, once more, early in the next one."""
    provider = oblast.supplier_of("internet", institution.place).code
    bill = next(
        draft
        for draft in books.keep(institution)
        if draft.on >= books.OPEN_FROM and draft.lines[0].credit == Side("3210", counterparty=provider)
    )
    return replace(bill, on=working_day(books.OPEN_FROM + relativedelta(months=1), 4))
