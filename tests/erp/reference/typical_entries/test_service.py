from datetime import date

import pytest
from sqlalchemy import Engine, text

from erp.base import uow
from erp.base.db import make_engine
from erp.base.scope import Scope, system_scope
from erp.reference.packages.service import load_shipped
from erp.reference.typical_entries import service
from erp.reference.typical_entries.model import Chosen
from ledger import service as ledger
from ledger.model import Actor, Dimension, SubaccountKey

DAY = date(2026, 11, 22)
SCOPE = Scope(Actor(7, "test"), writes=frozenset({1}))


@pytest.fixture(scope="module")
def engine(shared_database: str) -> Engine:
    owner = make_engine(shared_database, role=None, pool=1)
    with owner.begin() as connection:
        load_shipped(connection, system_scope())
    owner.dispose()
    return make_engine(shared_database, pool=1)


def find(engine: Engine, words: str, day: date = DAY) -> Chosen:
    return uow.read(engine, SCOPE, lambda u: service.find(u, 1, words, day))


def test_every_shipped_entry_is_of_accounts_in_force(engine: Engine) -> None:
    entries = uow.read(engine, SCOPE, lambda u: service.entries(u, DAY))
    codes = {e.code for e in entries}
    assert len(codes) == len(entries) > 150
    assert all(e.debit or e.credit for e in entries)
    assert {e.confidence for e in entries} == {"high", "medium", "low"}


@pytest.mark.parametrize("words", ["заработная плата на банковские", "Еңбекақы банк", "wages transferred", "124"])
def test_an_entry_is_found_by_number_and_in_three_languages(engine: Engine, words: str) -> None:
    assert find(engine, words).entry.code == "124"


def test_the_wage_entry_is_debit_7010_credit_3241_and_not_verified(engine: Engine) -> None:
    chosen = find(engine, "111")
    assert (chosen.debit, chosen.credit, chosen.is_open) == ("7010", "3241", False)
    assert not chosen.entry.verified


def test_a_pair_seen_in_a_published_table_is_verified(engine: Engine) -> None:
    assert find(engine, "6").entry.verified  # 1041 to 6050


def test_books_on_the_local_budget_leave_no_choice_of_the_plan_account(engine: Engine) -> None:
    """A payment to a supplier: 3210 to 1081 or 1091, whichever the institution's books have."""
    before = find(engine, "23")
    assert (before.debit, before.credit, before.is_open) == ("3210", "", True)
    plan = {Dimension.PROGRAMME: "464.003", Dimension.SPECIFIC: "149"}

    def keep(u: uow.UnitOfWork) -> None:
        account = u.execute(text("SELECT id FROM ledger_account WHERE code = '1091'")).scalar_one()
        ledger.intern_subaccounts(u.connection, 1, [SubaccountKey.of(account, plan)])

    uow.run(engine, SCOPE, keep)
    assert find(engine, "23").credit == "1091"
    other = Scope(Actor(7, "test"), reads=frozenset({2}))
    assert uow.read(engine, other, lambda u: service.find(u, 2, "23", DAY)).credit == ""


def test_words_that_several_hold_are_unclear(engine: Engine) -> None:
    with pytest.raises(service.TypicalEntryUnclear):
        find(engine, "аванс")
    with pytest.raises(service.TypicalEntryUnknown):
        find(engine, "космодром")


@pytest.mark.parametrize("words", ["зарплата", "Зарплаты", "жалақы", "айлық", "salary", "износ"])
def test_entries_are_found_as_accountants_call_them(engine: Engine, words: str) -> None:
    assert uow.read(engine, SCOPE, lambda u: service.entries(u, DAY, words))
