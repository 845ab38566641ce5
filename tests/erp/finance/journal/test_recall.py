"""What is remembered of the registers makes posting quick, and never lets in what they would refuse today."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, text

from erp.base import uow
from erp.base.db import make_engine
from erp.base.errors import Invalid
from erp.finance.journal import rules, service
from erp.finance.journal.schemas import PostEntry
from erp.reference.counterparties.service import RegisterCounterparty, register
from ledger import errors
from ledger.model import Posted
from tests.factories.books import A_DAY, Books, scope_of, some_books

SUPPLIER = "120540000001"
CHANGES = {
    "an account ends": (
        "UPDATE ledger_account SET in_force = daterange(NULL, '2026-03-01') WHERE code = '{}'",
        "account",
    ),
    "an account becomes a heading": ("UPDATE ledger_account SET postable = false WHERE code = '{}'", "account"),
    "an account asks for more": (
        "UPDATE ledger_account SET mandatory = 32, permitted = 32 WHERE code = '{}'",
        "dimensions.item",
    ),
}


@pytest.fixture
def books(database: str) -> Iterator[Books]:
    books = some_books(database, pool=2)
    yield books
    books.engine.dispose()


def an_entry(key: UUID | None = None, *, debit: str = "1010", credit: str = "6010", **said: Any) -> PostEntry:
    line = {"debit": {"account": debit}, "credit": {"account": credit} | said.pop("with", {}), "amount": "5.00"}
    usual = {"key": str(key or uuid4()), "journal": "MO-16", "effective_on": A_DAY, "memo": "an entry"}
    return PostEntry.model_validate(usual | {"postings": [line]} | said)


def post(books: Books, command: PostEntry) -> Posted:
    return uow.run(books.engine, scope_of(1), lambda u: service.post_entry(u, 1, command))()


def statements(books: Books, work: Callable[[], Any]) -> int:
    """How many SQLAlchemy sends; the one statement of an entry alone goes past it."""
    sent: list[str] = []

    def note(*said: Any) -> None:
        sent.append(said[2])

    event.listen(books.engine, "before_cursor_execute", note)
    work()
    event.remove(books.engine, "before_cursor_execute", note)
    return len(sent)


def change(database: str, statement: str) -> None:
    owner = make_engine(database, role=None, pool=1)
    with owner.begin() as connection:
        connection.execute(text(statement))
    owner.dispose()


def test_the_second_entry_over_the_same_sides_asks_nothing(books: Books) -> None:
    assert statements(books, lambda: post(books, an_entry())) > 3
    assert statements(books, lambda: post(books, an_entry())) == 0
    assert post(books, an_entry()).number == 3


@pytest.mark.parametrize("what", CHANGES)
def test_what_was_right_before_a_register_changed_is_asked_again(database: str, books: Books, what: str) -> None:
    post(books, an_entry())
    statement, place = CHANGES[what]
    change(database, statement.format("6010"))
    with pytest.raises(Invalid) as refused:
        post(books, an_entry())
    assert list(refused.value.faults) == [f"postings.0.credit.{place}"]


def test_what_was_wrong_before_a_register_changed_is_asked_again(database: str, books: Books) -> None:
    change(database, CHANGES["an account asks for more"][0].format("6010"))
    post(books, an_entry(**{"with": {"dimensions": {"item": "flour"}}}))
    change(database, "UPDATE ledger_account SET mandatory = 0 WHERE code = '6010'")
    assert post(books, an_entry()).is_new


def test_a_counterparty_liquidated_since_is_refused(database: str, books: Books) -> None:
    uow.run(books.engine, scope_of(1), lambda u: register(u, [RegisterCounterparty(SUPPLIER, "ТОО «Мука»")]))
    named = an_entry(credit="3210", **{"with": {"dimensions": {"counterparty": SUPPLIER}}})
    assert post(books, named).is_new
    change(database, "UPDATE reference_counterparty SET in_force = daterange(NULL, '2026-03-01')")
    with pytest.raises(Invalid) as refused:
        post(books, named.model_copy(update={"key": uuid4()}))
    (fault,) = refused.value.faults.values()
    assert isinstance(fault, rules.ValueUnknown)


def test_a_new_counterparty_does_not_make_anybody_forget(books: Books) -> None:
    post(books, an_entry())
    uow.run(books.engine, scope_of(1), lambda u: register(u, [RegisterCounterparty(SUPPLIER, "ТОО «Мука»")]))
    assert statements(books, lambda: post(books, an_entry())) == 0


def test_a_side_made_by_work_that_was_undone_is_not_remembered(books: Books) -> None:
    class Changed(Exception):
        pass

    def undone(u: uow.UnitOfWork) -> None:
        service.post_entry(u, 1, an_entry(debit="1316"))
        raise Changed

    with pytest.raises(Changed):
        uow.run(books.engine, scope_of(1), undone)
    assert post(books, an_entry(debit="1316")).is_new


@pytest.mark.parametrize("what", CHANGES)
def test_a_retry_gets_its_first_answer_whatever_changed_since(database: str, books: Books, what: str) -> None:
    command = an_entry()
    first = post(books, command)
    change(database, CHANGES[what][0].format("6010"))
    uow.run(books.engine, scope_of(1), lambda u: service.close_month(u, 1, A_DAY.replace(day=1)))
    again = post(books, command)
    assert (again.entry_id, again.number, again.is_new) == (first.entry_id, first.number, False)
    with pytest.raises(errors.KeyReused):
        post(books, command.model_copy(update={"memo": "something else"}))


def test_the_order_of_dimensions_is_not_content(books: Books) -> None:
    key = uuid4()
    one = {"programme": "261.001", "specific": "149"}
    two = dict(reversed(one.items()))
    commands = [an_entry(key, debit="1490", **{"with": {"account": "1490", "dimensions": d}}) for d in (one, two)]
    assert service.content_of(commands[0]) == service.content_of(commands[1])


def test_a_retry_in_a_closed_month_gets_its_first_answer_from_memory_too(books: Books) -> None:
    command = an_entry()
    first = post(books, command)
    uow.run(books.engine, scope_of(1), lambda u: service.close_month(u, 1, A_DAY.replace(day=1)))
    assert post(books, command).number == first.number
    with pytest.raises(errors.PeriodClosed):
        post(books, an_entry())
