"""Bringing the story into a database, through the public services only.

Each step is one transaction under fixed keys, so that a load broken off at any moment is simply begun again.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid5

from rich.progress import Progress
from sqlalchemy import Connection, Engine, text

from erp.base import uow
from erp.base.audit import record
from erp.base.db import APPLICATION_ROLE, make_engine
from erp.base.scope import Scope, system_scope
from erp.base.uow import Receipt, UnitOfWork
from erp.base.vault import Vault
from erp.finance.journal import service as journal
from erp.reference.access import service as access
from erp.reference.access.model import Role
from erp.reference.counterparties import service as counterparties
from erp.reference.counterparties.schemas import KeepBankAccount
from erp.reference.counterparties.service import RegisterCounterparty
from erp.reference.organisations import queries as organisations
from erp.reference.organisations import service as organisation_service
from erp.reference.organisations.model import OrganisationDraft, OrganisationKind
from erp.reference.packages import service as packages
from ledger import service as ledger
from ledger.model import Actor, Correction, Dimension, JournalEntry, PeriodState, Posting, Source, SubaccountKey
from qazyna.demonstration import books, days, leave, oblast, plans, present, scenarios, staff, trips
from qazyna.demonstration.model import Draft, Institution, Side, Slip, Stage
from qazyna.demonstration.people import PASSWORD, PEOPLE, SERVES
from qazyna.demonstration.present import ORIGIN
from qazyna.demonstration.slips import slips_of

_KEYS = UUID("6a2f3c1e-7d0b-5b7e-9f55-2f6d1d7a4c11")
_LOADED = "demonstration-loaded"


def is_loaded(url: str) -> bool:
    """Whether the demonstration is there whole."""
    with _connected(url) as engine, engine.connect() as connection:
        return _is_loaded(connection)


def load(url: str, progress: Progress, vault: Vault | None = None) -> None:
    """Load the demonstration into a migrated database; what an earlier, broken-off load did is not done again.

    Identity numbers are sealed by the ``vault``; without one they open no more.
    """
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
        present.lay_out(engine)
        staff.employ(engine, vault or Vault.fresh())
        leave.give(engine)
        trips.send(engine)
        plans.plan(engine)
        scenarios.think(engine)
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
        [
            OrganisationDraft(b.code, OrganisationKind(b.kind), b.kk, b.ru, b.en, b.parent, b.office, b.since)
            for b in everybody
        ],
    )
    counterparties.register(
        u, [RegisterCounterparty(s.code, s.names["ru"], s.names["kk"], s.names["en"]) for s in oblast.suppliers()]
    )
    codes = {b.en: b.code for b in everybody}
    for person in PEOPLE:
        try:
            access.person(u, person.login, days.BEGINNING)
        except access.UserUnknown:
            user_id = access.create_user(u, person.login, person.name, PASSWORD, person.language)
            for role, organisation in (*person.grants, (Role.EMPLOYEE, SERVES[person.login][0])):
                access.grant_role(u, user_id, role, _organisation_id(u, codes[organisation]), days.BEGINNING)


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
    people = {p.login: access.person(u, p.login, days.LAST_DAY) for p in PEOPLE}
    return _Registers(
        accounts={a.code: a.id for a in journal.accounts(u, days.LAST_DAY)},
        journals={j.code: j.id for j in journal.journals(u)},
        organisations={i.code: _organisation_id(u, i.code) for i in oblast.institutions()},
        users={login: identity.user.id for login, identity in people.items()},
        chiefs={
            organisation_id: identity.user.id
            for identity in reversed(people.values())  # who is named first stands nearest
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
        own = frozenset({self.organisation_id})
        return Scope(actor, reads=own, writes=own)

    @property
    def chief(self) -> Scope:
        actor = Actor(self.registers.chiefs[self.organisation_id], ORIGIN)
        own = frozenset({self.organisation_id})
        return Scope(actor, reads=own, writes=own, adjusts=own)

    def say(self, key: str) -> str:
        return oblast.say(self.institution.language, key)

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
    """Keep the books year by year, as they were kept: entries, slips and stornos, then the close."""
    desk = _Desk(registers, institution)
    if institution.joins:
        first = institution.joins
        uow.run(engine, desk.scope, lambda u: _open(u, desk, first))
        return
    story = books.keep(institution)
    slips = slips_of(institution, story)
    closed = uow.read(engine, desk.scope, lambda u: _closed_years(u, desk))
    if not closed:
        uow.run(engine, desk.scope, lambda u: _keep_bank_accounts(u, desk, story))
    for year in (*days.CLOSED_YEARS, days.LAST_DAY.year):
        if year in closed:
            continue
        drafts = [d for d in story if d.on.year == year]
        if year == days.OPEN_FROM.year and institution.en == present.SIGNED:
            present.sign_policy(engine)
        _post_year(engine, desk, year, [d for d in drafts if d.stage is Stage.STORY])
        for slip in slips:
            _post_slip(engine, desk, year, slip)
        if year in days.CLOSED_YEARS:
            _close_year(engine, desk, year, drafts)
    uow.run(engine, desk.chief, lambda u: _close_months(u, desk, days.OPEN_FROM))


def _keep_bank_accounts(u: UnitOfWork, desk: _Desk, story: list[Draft]) -> None:
    """Accounts of those whom the institution pays."""
    paid = {line.debit.counterparty for draft in story for line in draft.lines if line.debit.account == "3210"}
    for counterparty in sorted(paid):
        bank, iban = oblast.bank_account_of(counterparty)
        command = KeepBankAccount(iban=iban, bank=desk.say(bank))
        counterparties.keep_bank_account(u, desk.organisation_id, counterparty, command)


def _closed_years(u: UnitOfWork, desk: _Desk) -> set[int]:
    return {y.year for y in journal.years(u, desk.organisation_id) if y.state == PeriodState.CLOSED}


def _open(u: UnitOfWork, desk: _Desk, first: date) -> int:
    opened = ledger.open_books(
        u.connection, desk.organisation_id, desk.institution.code, first, days.BOOKS_UNTIL, u.scope.actor
    )
    if opened:
        span = {"first": first.isoformat(), "last": days.BOOKS_UNTIL.isoformat()}
        about = f"organisation:{desk.organisation_id}"
        record(u.connection, u.scope, "books-opened", about, organisation_id=desk.organisation_id, after=span)
    return opened


def _post_year(engine: Engine, desk: _Desk, year: int, drafts: list[Draft]) -> None:
    def post(u: UnitOfWork) -> None:
        if year == days.BEGINNING.year:
            _open(u, desk, days.BEGINNING)
        _post(u, desk, f"story-{year}", drafts)

    uow.run(engine, desk.scope, post)


def _post(u: UnitOfWork, desk: _Desk, what: str, drafts: list[Draft]) -> None:
    if drafts:
        entries = desk.entries(u, drafts)
        ledger.post_many(u.connection, desk.organisation_id, desk.key(what), entries, u.scope.actor, Source("demo"))


def _post_slip(engine: Engine, desk: _Desk, year: int, slip: Slip) -> None:
    """The part of a slip that falls into a year: the mistake, or its storno."""
    if year not in (slip.wrong.on.year, slip.cancelled_on.year):
        return

    def post(u: UnitOfWork) -> Receipt:
        (entry,) = desk.entries(u, [slip.wrong])
        return u.post(entry)

    posted = uow.run(engine, desk.scope, post)()
    if year != slip.cancelled_on.year:
        return
    storno = Correction(
        organisation_id=desk.organisation_id,
        key=desk.key(f"storno/{slip.wrong.on}"),
        entry_id=posted.entry_id,
        fiscal_year=posted.fiscal_year,
        effective_on=slip.cancelled_on,
        reason=slip.reason,
    )
    uow.run(engine, desk.scope, lambda u: u.post(storno))


def _close_year(engine: Engine, desk: _Desk, year: int, drafts: list[Draft]) -> None:
    """December is left to the chief accountant, who adjusts, closes the months and then the year; what comes late
    opens its month, or the year, once more."""
    adjustments = [d for d in drafts if d.stage is Stage.ADJUSTMENT]
    late = [d for d in drafts if d.stage is Stage.REOPENED]
    december, organisation_id = date(year, 12, 1), desk.organisation_id

    def close(u: UnitOfWork) -> None:
        journal.restrict_month(u, organisation_id, december)
        _post(u, desk, f"adjustments-{year}", adjustments)
        _close_months(u, desk, december + days.MONTH)
        reopened = desk.institution.reopened
        if late and reopened and reopened != december:
            journal.reopen_month(u, organisation_id, reopened, desk.say("month_reopened"))
            _post(u, desk, f"late-{year}", late)
            journal.close_month(u, organisation_id, reopened)
        journal.close_year(u, organisation_id, year, desk.key(f"close-{year}"))
        if late and reopened == december:
            journal.reopen_year(u, organisation_id, year, desk.key(f"reopen-{year}"), desk.say("year_reopened"))
            _post(u, desk, f"late-{year}", late)
            journal.close_month(u, organisation_id, december)
            journal.close_year(u, organisation_id, year, desk.key(f"close-{year}-again"))

    uow.run(engine, desk.chief, close)


def _close_months(u: UnitOfWork, desk: _Desk, until: date) -> None:
    """Close the months before ``until`` that are not closed yet."""
    for m in sorted(journal.months(u, desk.organisation_id), key=lambda m: m.month):
        if m.month < until and m.state != PeriodState.CLOSED:
            journal.close_month(u, desk.organisation_id, m.month)
