"""A school's year worked through to its close, over the shipped chart, and what its reports say then."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from erp.base import uow
from erp.base.dates import MonthSpan
from erp.base.scope import Scope
from erp.finance.journal import service as journal
from erp.finance.journal.model import TrialBalance
from erp.finance.journal.schemas import CorrectEntry, PostEntry
from erp.reference.trail import service as trail
from ledger import errors
from ledger import service as ledger
from ledger.checks import disagreements
from ledger.model import Actor, Posted, YearClosed
from tests.web.desk import SUPPLIER, Desk, furnish

T = TypeVar("T")

YEAR = MonthSpan.of(date(2026, 1, 1), date(2026, 12, 1))
SECONDARY = {"programme": "464.003", "specific": "111"}
SUPPLIES = {"programme": "464.003", "specific": "149"}


@pytest.fixture
def desk(database: str) -> Iterator[Desk]:
    desk = furnish(database)
    at = desk.school
    run(
        desk, lambda u: ledger.open_books(u.connection, at, str(at), date(2026, 1, 1), date(2027, 12, 1), u.scope.actor)
    )
    yield desk
    desk.engine.dispose()


def run(desk: Desk, command: Callable[[uow.UnitOfWork], T]) -> T:
    """As the chief accountant of the school."""
    at = frozenset({desk.school})
    return uow.run(desk.engine, Scope(Actor(desk.users["office"], "127.0.0.1"), writes=at, adjusts=at), command)


def post(desk: Desk, on: date, debit: dict[str, Any], credit: dict[str, Any], amount: str) -> Posted:
    command = PostEntry.model_validate(
        {
            "key": uuid4(),
            "journal": "MO-16",
            "effective_on": on,
            "memo": "A year's work",
            "postings": [{"debit": debit, "credit": credit, "amount": amount}],
        }
    )
    return run(desk, lambda u: journal.post_entry(u, desk.school, command))()


def side(account: str, **dimensions: str) -> dict[str, Any]:
    return {"account": account, "dimensions": dimensions}


def close(desk: Desk, year: int = 2026, key: UUID | None = None) -> YearClosed:
    for month in range(1, 12):
        first = date(year, month, 1)
        run(desk, lambda u, m=first: journal.close_month(u, desk.school, m))  # type: ignore[misc]
    return run(desk, lambda u: journal.close_year(u, desk.school, year, key or uuid4()))


def balance(desk: Desk, span: MonthSpan = YEAR, **said: Any) -> TrialBalance:
    return run(desk, lambda u: journal.trial_balance(u, desk.school, span, **said))


def closing(desk: Desk, *classes: str, span: MonthSpan = YEAR, **said: Any) -> dict[str, int]:
    """Closing balances of accounts, debit positive, that are not nothing."""
    rows = balance(desk, span, **said).rows
    return {
        r.account.code: r.closing_tiyn
        for r in rows
        if r.account.postable and r.closing_tiyn and r.account.code.startswith(classes or ("",))
    }


def a_year(desk: Desk) -> Posted:
    """Financing 5 000 000 and a gift of 200 000; wages, supplies for cash, depreciation; the entry of the supplies."""
    money = side("1081", **SECONDARY)
    post(desk, date(2026, 1, 5), money, side("6010", **SECONDARY), "5000000.00")
    post(desk, date(2026, 3, 1), side("1010"), side("6050"), "200000.00")
    post(desk, date(2026, 6, 30), side("7010", **SECONDARY), side("3241"), "3100000.00")
    supplies = post(desk, date(2026, 9, 30), side("7060", **SUPPLIES), side("1010"), "180000.50")
    post(desk, date(2026, 12, 31), side("7110", programme="464.003"), side("2391"), "412345.67")
    return supplies


def test_a_year_worked_through_closed_mended_and_closed_again(desk: Desk) -> None:
    a_year(desk)
    before, open_year = balance(desk), closing(desk)
    result = 5_000_000_00 + 200_000_00 - 3_100_000_00 - 180_000_50 - 412_345_67
    done = close(desk)
    assert (done.entries, done.postings, done.result_tiyn) == (2, 5, result)
    assert closing(desk, "6", "7") == {}
    assert closing(desk, "52") == {"5210": -result}
    assert {k: v for k, v in closing(desk).items() if k < "5"} == {k: v for k, v in open_year.items() if k < "5"}
    assert balance(desk, closing=False) == before, "the year's revenue and expense can still be read"
    assert closing(desk, "6", "7", by_dimensions=True) == {}
    assert balance(desk, by_dimensions=True, closing=False).debit_tiyn == before.debit_tiyn
    table = balance(desk)
    assert table.debit_tiyn == table.credit_tiyn
    assert table.closing_debit_tiyn == table.closing_credit_tiyn

    run(desk, lambda u: journal.reopen_year(u, desk.school, 2026, uuid4(), "The act of the audit"))
    assert closing(desk) == open_year
    post(desk, date(2026, 12, 31), side("7060", **SUPPLIES), side("1010"), "0.01")
    again = run(desk, lambda u: journal.close_year(u, desk.school, 2026, uuid4()))
    assert again.result_tiyn == result - 1
    assert closing(desk, "52") == {"5210": 1 - result}
    assert run(desk, lambda u: u.execute(text(disagreements(desk.school))).all()) == []


def test_a_mistake_of_the_closed_year_goes_through_earlier_years(desk: Desk) -> None:
    supplies = a_year(desk)
    result = close(desk).result_tiyn
    command = CorrectEntry(key=uuid4(), effective_on=date(2027, 2, 1), reason="Another school’s paper")
    by = run(desk, lambda u: journal.correct_entry(u, desk.school, supplies.entry_id, command))()
    next_year = MonthSpan.of(date(2027, 1, 1), date(2027, 12, 1))
    assert closing(desk, "52", "6", "7", span=next_year) == {"5210": -result, "5220": -180_000_50}
    assert balance(desk, next_year).debit_tiyn == -180_000_50
    view = run(desk, lambda u: journal.entry(u, desk.school, by.entry_id))
    assert view.cancels is not None
    assert (view.kind, view.cancels.through_earlier_years) == ("storno", True)
    line = view.postings[0]
    assert line.debit is not None
    assert line.debit.account.code == "5220"
    assert [v.code for v in line.debit.dimensions] == ["464.003", "149"]
    close(desk, 2027)
    assert closing(desk, "52", span=next_year) == {"5220": -180_000_50 - result}
    assert run(desk, lambda u: u.execute(text(disagreements(desk.school))).all()) == []


def test_years_tell_who_closed_them_and_what_came_out(desk: Desk) -> None:
    post(desk, date(2026, 1, 5), side("1081", **SECONDARY), side("6010", **SECONDARY), "10.00")
    key = uuid4()
    close(desk, key=key)
    assert not run(desk, lambda u: journal.close_year(u, desk.school, 2026, key)).is_new
    newer, year = run(desk, lambda u: journal.years(u, desk.school))
    assert (newer.year, newer.state, newer.closed_at, newer.closed_by, newer.result_tiyn) == (
        2027,
        "open",
        None,
        None,
        None,
    )
    assert (year.year, year.state, year.closed_by, year.result_tiyn) == (2026, "closed", "Ерлан Ахметов", 10_00)
    run(desk, lambda u: journal.reopen_year(u, desk.school, 2026, uuid4(), "The act of the audit"))
    past = run(desk, lambda u: trail.timeline(u, f"year:{desk.school}/2026")).events
    assert [(e.action, e.facts["entries"], e.facts["reason"]) for e in past] == [
        ("year-reopened", 1, "The act of the audit"),
        ("year-closed", 1, ""),
    ]
    last, *_ = run(desk, lambda u: journal.period_changes(u, desk.school, limit=1))
    assert (last.month, last.was, last.state, last.actor) == (
        date(2026, 12, 1),
        "closed",
        "restricted",
        "Ерлан Ахметов",
    )


def test_closing_entries_say_so_in_both_languages(desk: Desk) -> None:
    a_year(desk)
    close(desk)
    rows = run(
        desk, lambda u: u.execute(text("SELECT memo FROM ledger_entry WHERE kind = 'closing' ORDER BY id"))
    ).all()
    assert [r.memo for r in rows] == [
        "2026 жылғы кіріс шоттарын жабу / Закрытие счетов доходов 2026 года",
        "2026 жылғы шығыс шоттарын жабу / Закрытие счетов расходов 2026 года",
    ]


def test_a_debt_needs_its_counterparty_also_when_its_year_is_corrected(desk: Desk) -> None:
    """What is not revenue or expense keeps all its dimensions."""
    bill = post(desk, date(2026, 5, 5), side("7080", **SUPPLIES), side("3210", counterparty=SUPPLIER), "77.00")
    close(desk)
    command = CorrectEntry(key=uuid4(), effective_on=date(2027, 2, 1), reason="Not ours", kind="reversal")
    by = run(desk, lambda u: journal.correct_entry(u, desk.school, bill.entry_id, command))()
    view = run(desk, lambda u: journal.entry(u, desk.school, by.entry_id))
    (line,) = view.postings
    assert line.debit is not None
    assert line.credit is not None
    assert (line.debit.account.code, [v.code for v in line.debit.dimensions]) == ("3210", [SUPPLIER])
    assert line.credit.account.code == "5220"
    again = command.model_copy(update={"key": uuid4()})
    with pytest.raises(errors.AlreadyCorrected):
        run(desk, lambda u: journal.correct_entry(u, desk.school, bill.entry_id, again))
