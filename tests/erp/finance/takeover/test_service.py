"""A takeover from files to zero differences, and what stands in its way."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from erp.base.uow import UnitOfWork
from erp.finance.takeover import queries, rules, service
from erp.finance.takeover.model import Batch
from erp.finance.takeover.schemas import ExplainDifference
from tests.erp.finance.takeover.conftest import JANUARY, Move
from tests.factories import onec
from tests.factories.onec import Their, TheirPosting, Theirs

FEBRUARY = date(2026, 2, 1)
SUPPLIER, NUMBER = "ТОО «Бумага»", "120540000001"
PAPER = Their("1316", ("Бумага",))
OWED = Their("3210", (SUPPLIER, "№ 5"))


def a_school() -> Theirs:
    """A small institution's books: paper bought and used, a supplier paid, an object leased."""
    books = Theirs(
        names={"1010": "Касса", "3210": "Краткосрочная кредиторская задолженность поставщикам", "1316": "Материалы",
               "1310": "Запасы", "01": "Арендованные активы", "5220": "Финансовый результат предыдущих лет"},
        kinds={"3210": ("Контрагенты", "Договоры"), "1316": ("Номенклатура",)},
        parents={"1316": "1310"},
        off_balance={"01"},
        counterparties={SUPPLIER: NUMBER},
    )  # fmt: skip
    books.opening = {Their("1010"): 500_000, PAPER: 5000, OWED: -4000, Their("5220"): -501_000, Their("01"): 7700}
    books.postings = [
        TheirPosting(date(2026, 1, 15), "Поступление ТМЗ 0001 от 15.01.2026 12:00:00", PAPER, OWED, 123_456,
                     "Куплена бумага", 20_000, None),
        TheirPosting(date(2026, 1, 20), "Списание 0002 от 20.01.2026 9:00:00", OWED, Their("1010"), 23_456, "Оплата"),
        TheirPosting(date(2026, 2, 3), "Поступление ТМЗ 0003 от 03.02.2026 12:00:00", PAPER, OWED, 900, "Скрепки", 100,
                     None),
    ]  # fmt: skip
    return books


def test_an_institution_is_taken_over_down_to_zero_differences(moving: Callable[..., Move]) -> None:
    books, move = a_school(), moving()
    move.take("план счетов", onec.chart(books))
    move.take("контрагенты", onec.counterparties(books))
    move.take("осв январь", onec.balance(books, JANUARY))
    move.take("осв февраль", onec.balance(books, FEBRUARY))
    move.take("проводки", onec.journal(books, JANUARY, FEBRUARY))
    assert move.read(service.path).next_step == "accounts"
    move.accept()
    assert move.read(service.path).next_step == "opening"
    move.post_opening()
    assert [c.is_equal for c in move.comparisons()] == [False, False]
    move.post_month(JANUARY)
    assert [c.is_equal for c in move.comparisons()] == [True, False]
    move.post_month(FEBRUARY)
    assert [c.size for c in move.comparisons()] == [0, 0]
    for compared in move.comparisons():
        move.run(service.agree, compared.file.id)
    assert all(c.agreement for c in move.comparisons())
    move.run(service.finish)


# ------------------------------------------------------------------------------------------------ any books

_VALUES = ("Бумага", "Мыло", "")
_SUPPLIERS = ("ТОО «Бумага»", "ТОО «Вода»")
_SIDES = [
    Their("1010"), Their("1316", ("Бумага",)), Their("1316", ("Мыло",)), Their("3210", (_SUPPLIERS[0], "№ 5")),
    Their("3210", (_SUPPLIERS[1], "")), Their("3210", (_SUPPLIERS[0], "№ 7")), Their("5220"), Their("6360"),
]  # fmt: skip
sides = st.sampled_from(_SIDES)
amounts = st.integers(-10_000_000, 10_000_000).filter(bool)
days = st.integers(0, 58).map(lambda n: date(2026, 1, 1) + timedelta(days=n))
pairs = st.tuples(sides, sides).filter(lambda pair: pair[0] != pair[1])


@st.composite
def ledgers(draw: st.DrawFn) -> Theirs:
    books = a_school()
    books.counterparties = {_SUPPLIERS[0]: NUMBER, _SUPPLIERS[1]: "940140000385"}
    books.names["6360"] = "Прочие доходы"
    balances: dict[Their, int] = {}
    for (debit, credit), tiyn in draw(st.lists(st.tuples(pairs, amounts), max_size=6)):
        balances[debit] = balances.get(debit, 0) + tiyn
        balances[credit] = balances.get(credit, 0) - tiyn
    books.opening = {side: tiyn for side, tiyn in balances.items() if tiyn}
    found = draw(st.lists(st.tuples(days, pairs, amounts, st.integers(1, 4)), min_size=1, max_size=12))
    books.postings = [
        TheirPosting(on, f"Операция {number:04d} от {on:%d.%m.%Y} 10:00:00", debit, credit, tiyn, "бойынша")
        for on, (debit, credit), tiyn, number in sorted(found, key=lambda each: (each[0], each[3]))
    ]
    return books


def take_over(move: Move, books: Theirs, *, deep: bool = True, as_list: bool = False) -> None:
    """Both months from files to posted entries."""
    journal = onec.register if as_list else onec.journal
    move.take("контрагенты", onec.counterparties(books))
    move.take("осв 1", onec.balance(books, JANUARY, deep=deep, indicator=not deep))
    move.take("осв 2", onec.balance(books, FEBRUARY, deep=deep))
    move.take("журнал", journal(books, JANUARY, FEBRUARY))
    mapped: list[dict[str, object]] = [
        {"account": "3210", "ours": "3210", "dimensions": ["counterparty", "contract"]},
        {"account": "1316", "ours": "1316", "dimensions": [""]},
    ]
    used = {line.account.code for line in move.read(service.accounts)}
    move.accept(*[each for each in mapped if each["account"] in used])
    if move.read(service.opening).balances:
        move.post_opening()
    for month in sorted({line.month for line in move.read(service.months)}):
        if move.read(service.month_plan, month).documents:
            move.post_month(month)


@given(books=ledgers(), deep=st.booleans(), as_list=st.booleans())
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_books_are_taken_over_without_a_difference(
    moving: Callable[..., Move], books: Theirs, deep: bool, as_list: bool
) -> None:
    """Every row is posted or told with its reason, and where all are posted nothing differs."""
    move = moving()
    # a trial balance without its analysis nets what stands on one account on both sides: only the whole one opens books
    take_over(move, books, deep=True if books.opening else deep, as_list=as_list)
    rows = sum(len(books.within(month, month)) for month in (JANUARY, FEBRUARY))
    refused = posted = 0
    for line in move.read(service.months):
        plan = move.read(service.month_plan, line.month)
        assert not plan.documents
        refused += len({fault.row.row_no for fault in plan.refused})
    posted = sum(batch.postings for batch in move.read(batches) if batch.kind == "month")
    assert posted + refused == rows
    if not refused:
        assert [c.size for c in move.comparisons()] == [0, 0]


def batches(u: UnitOfWork, organisation: int, takeover: int) -> list[Batch]:
    return queries.batches(u.connection, u.scope, organisation, takeover)


def test_a_planted_error_is_found_at_its_account_and_month_and_opens_to_its_entry(
    moving: Callable[..., Move],
) -> None:
    books, move = a_school(), moving()
    wrong = replace(books.postings[2], tiyn=909)  # the file of postings has another amount than the trial balance
    file = replace_posting(books, 2, wrong)
    for name, content in (
        ("осв 1", onec.balance(books, JANUARY)),
        ("осв 2", onec.balance(books, FEBRUARY)),
        ("журнал", onec.journal(file, JANUARY, FEBRUARY)),
        ("контрагенты", onec.counterparties(books)),
    ):
        move.take(name, content)
    move.accept({"account": "3210", "ours": "3210", "dimensions": ["counterparty", "contract"]})
    move.post_opening()
    move.post_month(JANUARY)
    move.post_month(FEBRUARY)
    january, february = move.comparisons()
    assert january.is_equal
    assert {(d.account, d.debit, d.credit) for d in february.differences} == {("1316", 9, 0), ("3210", 0, 9)}
    assert february.size == 18
    _, _, drill = move.read(service.behind, february.file.id, "1316", ("",) * 9)
    assert (drill.paired, drill.theirs, drill.ours) == (1, (), ()), "both journals say the same: the balance is older"
    with pytest.raises(rules.NotEqual):
        move.run(service.agree, february.file.id)
    said = ExplainDifference(account="1316", codes=[""] * 9, reason="Исправлено в 1С после выгрузки ОСВ")
    move.run(service.explain, february.file.id, said)
    explained = next(d for d in move.comparisons()[1].differences if d.account == "1316")
    assert (explained.is_explained, explained.explained_by) == (True, "Ерлан Ахметов")
    with pytest.raises(rules.NotAgreed):
        move.run(service.finish)


def replace_posting(books: Theirs, at: int, posting: TheirPosting) -> Theirs:
    return replace(books, postings=[*books.postings[:at], posting, *books.postings[at + 1 :]])


def test_what_only_one_side_has_is_shown_and_what_is_alike_set_aside(moving: Callable[..., Move]) -> None:
    books, move = a_school(), moving()
    for name, content in (
        ("осв", onec.balance(books, JANUARY)),
        ("журнал", onec.journal(books, JANUARY)),
        ("контрагенты", onec.counterparties(books)),
    ):
        move.take(name, content)
    move.accept({"account": "3210", "ours": "3210", "dimensions": ["counterparty", "contract"]})
    move.post_opening()
    compared = move.comparisons()[0]
    codes = next(d.codes for d in compared.differences if d.account == "3210")
    _, _, drill = move.read(service.behind, compared.file.id, "3210", codes)
    assert [(line.place, line.entry_id) for line in drill.theirs] == [("A6", None), ("A8", None)]
    move.post_month(JANUARY)
    assert move.comparisons()[0].is_equal


def test_opening_balances_are_taken_back_and_posted_anew(moving: Callable[..., Move]) -> None:
    books, move = a_school(), moving()
    move.take("осв", onec.balance(books, JANUARY))
    move.take("контрагенты", onec.counterparties(books))
    move.accept({"account": "3210", "ours": "3210", "dimensions": ["counterparty", "contract"]})
    move.post_opening()
    with pytest.raises(rules.OpeningPosted):
        move.post_opening()
    move.run(service.take_back_opening, uuid4())
    assert move.read(service.opening).posted is None
    move.post_opening()
    compared = move.comparisons()[0]
    assert {d.account for d in compared.differences if d.opening} == set()


def test_a_month_is_posted_once_under_its_key_and_a_file_once(moving: Callable[..., Move]) -> None:
    books, move, key = a_school(), moving(), uuid4()
    journal = onec.journal(books, JANUARY)
    move.take("журнал", journal)
    with pytest.raises(rules.FileTakenAlready):
        move.take("журнал ещё раз", journal)
    with pytest.raises(rules.MonthsTaken):
        move.take("другой журнал", onec.register(books, JANUARY, FEBRUARY))
    move.take("контрагенты", onec.counterparties(books))
    move.accept({"account": "3210", "ours": "3210", "dimensions": ["counterparty", "contract"]})
    first = move.run(service.post_month, JANUARY, key)
    assert move.run(service.post_month, JANUARY, key) == first
    with pytest.raises(rules.NothingToPost):
        move.post_month(JANUARY)
    with pytest.raises(rules.FilePosted):
        move.run(service.set_aside, first.file_id)


def test_a_row_that_cannot_be_read_stays_with_its_reason_and_its_document_is_left_whole(
    moving: Callable[..., Move],
) -> None:
    books, move = a_school(), moving()
    nameless = Their("9999")
    books.postings.insert(1, replace(books.postings[0], debit=nameless, memo="Неизвестный счёт"))
    move.take("журнал", onec.journal(books, JANUARY))
    move.take("контрагенты", onec.counterparties(books))
    move.accept({"account": "3210", "ours": "3210", "dimensions": ["counterparty", "contract"]})
    plan = move.read(service.month_plan, JANUARY)
    told = {fault.row.row_no: type(fault.error) for fault in plan.refused}
    assert told == {6: rules.DocumentRefused, 8: rules.NotMapped}
    assert plan.refused[0].row.cells[5] == "1316", "the row exactly as in the file"
    move.post_month(JANUARY)
    assert len(move.read(service.month_plan, JANUARY).refused) == 2


def test_a_takeover_of_another_institution_is_not_there(moving: Callable[..., Move]) -> None:
    one, other = moving(), moving()
    one.take("осв", onec.balance(a_school(), JANUARY))
    stranger = replace(other, takeover=one.takeover)
    with pytest.raises(rules.TakeoverUnknown):
        stranger.read(service.path)
    assert other.read(lambda u, o, t: queries.files(u.connection, u.scope, one.organisation, one.takeover)) == []
