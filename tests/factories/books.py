"""Books to post in: a tiny chart and an organisation with open months.  Calls name only what a test is about."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import count
from typing import NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import Engine, text

from erp.base import uow
from erp.base.db import make_engine
from erp.base.scope import Scope
from ledger import service as ledger
from ledger.model import Actor, Dimension, EntryKind, JournalEntry, Posting, SubaccountKey

JANUARY, DECEMBER = date(2026, 1, 1), date(2026, 12, 31)
A_DAY = date(2026, 3, 15)
ACTOR = Actor(7, "test")

_CHART = [
    # code, kind, normal side, postable, mandatory, permitted
    ("10", "asset", "debit", False, 0, 0),
    ("1010", "asset", "debit", True, 0, 0),
    ("1316", "asset", "debit", True, 0, Dimension.ITEM | Dimension.PERSON),
    ("3210", "liability", "credit", True, Dimension.COUNTERPARTY, Dimension.COUNTERPARTY | Dimension.CONTRACT),
    ("5210", "net_assets", "credit", True, 0, Dimension.PROGRAMME),
    ("5220", "net_assets", "credit", True, 0, Dimension.PROGRAMME),
    ("6010", "revenue", "credit", True, 0, Dimension.PROGRAMME | Dimension.SPECIFIC),
    ("7060", "expense", "debit", True, 0, Dimension.PROGRAMME | Dimension.SPECIFIC),
    ("1490", "asset", "debit", True, 0, ~Dimension(0)),
    ("01", "off_balance", "debit", True, 0, 0),
    ("00", "off_balance", "credit", True, 0, 0),
]
_ROLES = {"5210": "year_result", "5220": "earlier_years", "00": "contra"}


def scope_of(*organisations: int) -> Scope:
    return Scope(ACTOR, writes=frozenset(organisations))


@contextmanager
def institutions(url: str, roles: Mapping[str, str]) -> Iterator[Callable[[], "Institution"]]:
    """One institution after another over one chart, each with open books for 2026 and people of its own in roles."""
    a_chart(url)
    engine, owner = make_engine(url, pool=4), make_engine(url, role=None, pool=1)

    def make() -> Institution:
        code = f"{next(_codes):012d}"
        with owner.begin() as connection:
            at = connection.execute(_INSTITUTION, {"code": code}).scalar_one()
            people = {
                who: connection.execute(
                    _PERSON, {"login": f"{who}-{code}", "name": who.title(), "role": role, "at": at}
                ).scalar_one()
                for who, role in roles.items()
            }
        uow.run(engine, scope_of(at), lambda u: ledger.open_books(u.connection, at, code, JANUARY, DECEMBER, ACTOR))
        return Institution(engine, at, people)

    yield make
    engine.dispose()
    owner.dispose()


_codes = count(1)
_INSTITUTION = text("""
    INSERT INTO reference_organisation (code, kind, name_kk, name_ru, name_en)
    VALUES (:code, 'institution', :code, :code, :code) RETURNING id
""")
_PERSON = text("""
    WITH made AS (INSERT INTO reference_user (login, name, password_hash) VALUES (:login, :name, '') RETURNING id)
    INSERT INTO reference_role_grant (user_id, role, organisation_id) SELECT id, :role, :at FROM made RETURNING user_id
""")


class Institution(NamedTuple):
    engine: Engine
    organisation: int
    people: dict[str, int]
    """Ids by name."""


@dataclass
class Books:
    """One organisation's open books; ``run`` acts as the application role."""

    engine: Engine
    organisation: int
    accounts: dict[str, int]

    def side(self, code: str, **dimensions: str) -> int:
        """Id of the subaccount of an account and its dimensions."""
        key = SubaccountKey.of(self.accounts[code], {Dimension.of(d): v for d, v in dimensions.items()})
        return uow.run(
            self.engine,
            scope_of(self.organisation),
            lambda u: ledger.intern_subaccounts(u.connection, self.organisation, [key])[0],
        )

    def entry(
        self,
        *postings: Posting,
        on: date = A_DAY,
        key: UUID | None = None,
        journal_id: int = 1,
        kind: EntryKind = EntryKind.ORDINARY,
        memo: str = "an entry",
    ) -> JournalEntry:
        return JournalEntry(self.organisation, key or uuid4(), journal_id, on, memo, postings, kind)

    def post(self, entry: JournalEntry) -> "ledger.Posted":
        return uow.run(
            self.engine, scope_of(self.organisation), lambda u: ledger.post_entry(u.connection, entry, ACTOR)
        )


def a_chart(url: str) -> dict[str, int]:
    """Accounts and journals for tests that need no real chart; returns account ids by code."""
    owner = make_engine(url, role=None, pool=1)
    with owner.begin() as connection:
        for code, kind, side, postable, mandatory, permitted in _CHART:
            connection.execute(
                text("""
                    INSERT INTO ledger_account (code, name_kk, name_ru, name_en, kind, normal_side, postable, mandatory,
                                                permitted, confidence, role)
                    VALUES (:code, :code, :code, :code, :kind, :side, :postable, :mandatory, :permitted, 'high', :role)
                """),
                {
                    "code": code,
                    "kind": kind,
                    "side": side,
                    "postable": postable,
                    "mandatory": int(mandatory),
                    "permitted": int(permitted),
                    "role": _ROLES.get(code, ""),
                },
            )
        connection.execute(
            text("""
                INSERT INTO ledger_journal (code, name_kk, name_ru, name_en, confidence)
                SELECT c, c, c, c, 'high' FROM unnest(ARRAY['MO-01', 'MO-16', 'CLOSE']) c
            """)
        )
        accounts = {a.code: a.id for a in connection.execute(text("SELECT code, id FROM ledger_account"))}
    owner.dispose()
    return accounts


def some_books(url: str, *, organisation: int = 1, accounts: dict[str, int] | None = None, pool: int = 4) -> Books:
    """Open books for the year 2026."""
    books = Books(make_engine(url, pool=pool), organisation, accounts or a_chart(url))
    uow.run(
        books.engine,
        scope_of(organisation),
        lambda u: ledger.open_books(u.connection, organisation, str(organisation), JANUARY, DECEMBER, ACTOR),
    )
    return books
