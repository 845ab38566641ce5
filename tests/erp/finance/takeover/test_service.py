"""A takeover from files to zero differences, and what stands in its way."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO
from uuid import uuid4

import pytest
import xlsxwriter  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from erp.base import audit, uow
from erp.base.scope import Scope
from erp.base.uow import UnitOfWork
from erp.finance.takeover import queries, rules
from erp.finance.takeover.comparing import rules as agreement
from erp.finance.takeover.comparing import service as comparing
from erp.finance.takeover.files import balance, reading
from erp.finance.takeover.files import rules as taking
from erp.finance.takeover.files import service as files
from erp.finance.takeover.mapping import rules as deciding
from erp.finance.takeover.mapping import service as mapping
from erp.finance.takeover.mapping.model import Suggestion, Why
from erp.finance.takeover.model import Kind
from erp.finance.takeover.path import path
from erp.finance.takeover.posting import months, opening
from erp.finance.takeover.posting import queries as posted
from erp.finance.takeover.posting import rules as posting
from erp.finance.takeover.posting.model import Batch
from erp.finance.takeover.schemas import DecideAccounts, ExplainDifference
from ledger.model import Correction
from tests.erp.finance.takeover.conftest import JANUARY, Move, a_file
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
    assert move.read(path).next_step == "accounts"
    move.accept()
    assert move.read(path).next_step == "opening"
    move.post_opening()
    assert [c.is_equal for c in move.comparisons()] == [False, False]
    move.post_month(JANUARY)
    assert [c.is_equal for c in move.comparisons()] == [True, False]
    move.post_month(FEBRUARY)
    assert [c.size for c in move.comparisons()] == [0, 0]
    for compared in move.comparisons():
        move.run(comparing.agree, compared.file.id)
    assert all(c.agreement for c in move.comparisons())
    move.run(comparing.finish)


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
    used = {line.account.code for line in move.read(mapping.accounts)}
    move.accept(*[each for each in mapped if each["account"] in used])
    if move.read(opening.opening).balances:
        move.post_opening()
    for month in sorted({line.month for line in move.read(months.months)}):
        if move.read(months.month_plan, month).documents:
            move.post_month(month)


@given(books=ledgers(), deep=st.booleans(), as_list=st.booleans())
@settings(max_examples=8)
def test_any_books_are_taken_over_without_a_difference(
    moving: Callable[..., Move], books: Theirs, deep: bool, as_list: bool
) -> None:
    """Every row is posted or told with its reason, and where all are posted nothing differs."""
    move = moving()
    # a trial balance without its analysis nets what stands on one account on both sides: only the whole one opens books
    take_over(move, books, deep=True if books.opening else deep, as_list=as_list)
    rows = sum(len(books.within(month, month)) for month in (JANUARY, FEBRUARY))
    refused = posted = 0
    for line in move.read(months.months):
        plan = move.read(months.month_plan, line.month)
        assert not plan.documents
        refused += len({fault.row.row_no for fault in plan.refused})
    posted = sum(batch.postings for batch in move.read(batches) if batch.kind == "month")
    assert posted + refused == rows
    if not refused:
        assert [c.size for c in move.comparisons()] == [0, 0]


def batches(u: UnitOfWork, organisation: int, takeover: int) -> list[Batch]:
    return posted.batches(u.connection, u.scope, organisation, takeover)


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
    _, _, drill = move.read(comparing.behind, february.file.id, "1316", ("",) * 9)
    assert (drill.paired, drill.theirs, drill.ours) == (1, (), ()), "both journals say the same: the balance is older"
    with pytest.raises(agreement.NotEqual):
        move.run(comparing.agree, february.file.id)
    said = ExplainDifference(account="1316", codes=[""] * 9, reason="Исправлено в 1С после выгрузки ОСВ")
    move.run(comparing.explain, february.file.id, said)
    explained = next(d for d in move.comparisons()[1].differences if d.account == "1316")
    assert (explained.is_explained, explained.explained_by) == (True, "Ерлан Ахметов")
    with pytest.raises(agreement.NotAgreed):
        move.run(comparing.finish)


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
    _, _, drill = move.read(comparing.behind, compared.file.id, "3210", codes)
    assert [(line.place, line.entry_id) for line in drill.theirs] == [("A6", None), ("A8", None)]
    move.post_month(JANUARY)
    assert move.comparisons()[0].is_equal


def test_opening_balances_are_taken_back_and_posted_anew(moving: Callable[..., Move]) -> None:
    books, move = a_school(), moving()
    move.take("осв", onec.balance(books, JANUARY))
    move.take("контрагенты", onec.counterparties(books))
    move.accept({"account": "3210", "ours": "3210", "dimensions": ["counterparty", "contract"]})
    move.post_opening()
    with pytest.raises(posting.OpeningPosted):
        move.post_opening()
    move.run(opening.take_back_opening, uuid4())
    assert move.read(opening.opening).posted is None
    move.post_opening()
    compared = move.comparisons()[0]
    assert {d.account for d in compared.differences if d.opening} == set()


def test_a_month_is_posted_once_under_its_key_and_a_file_once(moving: Callable[..., Move]) -> None:
    books, move, key = a_school(), moving(), uuid4()
    journal = onec.journal(books, JANUARY)
    move.take("журнал", journal)
    with pytest.raises(taking.FileTakenAlready):
        move.take("журнал ещё раз", journal)
    with pytest.raises(taking.MonthsTaken):
        move.take("другой журнал", onec.register(books, JANUARY, FEBRUARY))
    move.take("контрагенты", onec.counterparties(books))
    move.accept({"account": "3210", "ours": "3210", "dimensions": ["counterparty", "contract"]})
    first = move.run(months.post_month, JANUARY, key)
    assert move.run(months.post_month, JANUARY, key) == first
    with pytest.raises(posting.NothingToPost):
        move.post_month(JANUARY)
    with pytest.raises(taking.FilePosted):
        move.run(files.set_aside, first.file_id)


def test_a_row_that_cannot_be_read_stays_with_its_reason_and_its_document_is_left_whole(
    moving: Callable[..., Move],
) -> None:
    books, move = a_school(), moving()
    nameless = Their("9999")
    books.postings.insert(1, replace(books.postings[0], debit=nameless, memo="Неизвестный счёт"))
    move.take("журнал", onec.journal(books, JANUARY))
    move.take("контрагенты", onec.counterparties(books))
    move.accept({"account": "3210", "ours": "3210", "dimensions": ["counterparty", "contract"]})
    plan = move.read(months.month_plan, JANUARY)
    told = {fault.row.row_no: type(fault.error) for fault in plan.refused}
    assert told == {6: posting.DocumentRefused, 8: deciding.NotMapped}
    assert plan.refused[0].row.cells[5] == "1316", "the row exactly as in the file"
    move.post_month(JANUARY)
    assert len(move.read(months.month_plan, JANUARY).refused) == 2


def test_a_takeover_of_another_institution_is_not_there(moving: Callable[..., Move]) -> None:
    one, other = moving(), moving()
    one.take("осв", onec.balance(a_school(), JANUARY))
    stranger = replace(other, takeover=one.takeover)
    with pytest.raises(rules.TakeoverUnknown):
        stranger.read(path)
    assert other.read(lambda u, o, t: queries.files(u.connection, u.scope, one.organisation, one.takeover)) == []


def test_what_an_account_became_elsewhere_is_suggested_to_who_may_read_it(moving: Callable[..., Move]) -> None:
    books = replace(a_school(), names={**a_school().names, "8888": "Особый счёт школы"})
    books.opening = {Their("8888"): 100, Their("5220"): -100}
    one, other = moving(), moving()
    for move in (one, other):
        move.take("осв", onec.balance(books, JANUARY))
    one.run(
        mapping.decide_accounts,
        DecideAccounts.model_validate({"decisions": [{"account": "8888", "ours": "1010"}]}),
    )

    def suggested(readable: frozenset[int]) -> Suggestion | None:
        wide = Scope(other.scope.actor, reads=readable)
        earlier = uow.read(
            other.desk.engine, wide, lambda u: mapping.earlier_decisions(u, other.takeover, ["8888", "5220"])
        )
        lines = other.read(mapping.accounts, earlier)
        return next(line.suggestion for line in lines if line.account.code == "8888")

    found = suggested(frozenset({one.organisation, other.organisation}))
    assert found is not None
    assert (found.ours, found.score, found.why) == ("1010", 95, Why.EARLIER)
    alone = suggested(frozenset({other.organisation}))
    assert alone is None or alone.why is not Why.EARLIER


def test_a_cancelled_document_is_posted_anew_as_decisions_say_now(moving: Callable[..., Move]) -> None:
    books, move = a_school(), moving()
    for name, content in (
        ("осв", onec.balance(books, JANUARY)),
        ("журнал", onec.journal(books, JANUARY)),
        ("контрагенты", onec.counterparties(books)),
    ):
        move.take(name, content)
    wrong: dict[str, object] = {"account": "1316", "ours": "1317", "dimensions": [""]}
    move.accept({"account": "3210", "ours": "3210", "dimensions": ["counterparty", "contract"]}, wrong)
    move.post_opening()
    move.post_month(JANUARY)
    assert move.comparisons()[0].is_equal, "both sides are read by one mapping"
    move.run(
        mapping.decide_accounts,
        DecideAccounts.model_validate({"decisions": [{**wrong, "ours": "1316"}]}),
    )
    assert {d.account for d in move.comparisons()[0].differences} == {"1316", "1317"}
    move.run(opening.take_back_opening, uuid4())
    move.post_opening()
    move.run(cancel_all)
    assert [(line.documents, line.posted) for line in move.read(months.months)] == [(2, 0)]
    move.post_month(JANUARY)
    assert move.comparisons()[0].is_equal
    assert [(line.documents, line.posted) for line in move.read(months.months)] == [(2, 2)]


def cancel_all(u: UnitOfWork, organisation: int, takeover: int) -> None:
    """Storno of every entry posted from the journal."""
    (file,) = (f for f in queries.files(u.connection, u.scope, organisation, takeover) if f.kind is Kind.JOURNAL)
    end = JANUARY + timedelta(days=31)
    for entry in queries.entries_of_file(u.connection, u.scope, organisation, file.id, JANUARY, end):
        u.post(Correction(organisation, uuid4(), entry.entry_id, entry.fiscal_year, JANUARY + timedelta(20), "Ошибка"))
    audit.record(u.connection, u.scope, "entries-cancelled", f"takeover:{organisation}/{takeover}")


def test_it_ends_only_when_every_trial_balance_is_agreed_or_explained(moving: Callable[..., Move]) -> None:
    books, move, key = a_school(), moving(), uuid4()
    books.postings = []
    with pytest.raises(agreement.NothingCompared):
        move.run(comparing.finish)
    move.take("осв", onec.balance(books, JANUARY))
    move.take("контрагенты", onec.counterparties(books))
    move.accept({"account": "3210", "ours": "3210", "dimensions": ["counterparty", "contract"]})
    move.post_opening()
    assert move.run(opening.take_back_opening, key) == move.run(opening.take_back_opening, key) == 1
    move.post_opening()
    assert move.comparisons()[0].is_equal
    with pytest.raises(agreement.NotAgreed):
        move.run(comparing.finish)
    move.run(comparing.agree, move.comparisons()[0].file.id)
    move.run(comparing.finish)
    with pytest.raises(rules.TakeoverEnded):
        move.take("осв ещё раз", onec.balance(books, FEBRUARY))


HEADS: list[object] = ["Счет", "Сальдо на начало", "", "Обороты", "", "Сальдо на конец", ""]
SIDES: list[object] = ["", "Дебет", "Кредит", "Дебет", "Кредит", "Дебет", "Кредит"]
TITLE: list[object] = ["ОСВ за Январь 2026 г."]


def workbook(*sheets: Sequence[Sequence[object]]) -> bytes:
    file = BytesIO()
    with xlsxwriter.Workbook(file) as book:
        for rows in sheets:
            sheet = book.add_worksheet()
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return file.getvalue()


def test_a_row_whose_closing_balance_is_not_its_own_is_refused_with_its_place() -> None:
    rows: list[list[object]] = [
        TITLE, HEADS, SIDES, ["1010, Касса", 10, "", 5, "", 16, ""], ["5220, Результат", "", 10, "", 5, "", 16],
        ["Итого", 10, 10, 5, 5, 16, 16],
    ]  # fmt: skip
    with pytest.raises(balance.RowDiffers) as refused:
        files.recognise(a_file("осв", workbook(rows)))
    assert refused.value.fields == {"row": 4, "file": "осв.xlsx", "expected": "15.00", "found": "16.00"}


def test_a_workbook_with_a_month_on_each_sheet_is_not_taken_by_half() -> None:
    rows: list[list[object]] = [
        TITLE,
        HEADS,
        SIDES,
        ["1010, Касса", 10, "", "", "", 10, ""],
        ["Итого", 10, "", "", "", 10, ""],
    ]
    assert files.recognise(a_file("осв", workbook(rows, [["Заметки"]]))).rows == 1
    with pytest.raises(reading.SeveralSheets):
        files.recognise(a_file("осв", workbook(rows, rows)))


def test_zeros_that_a_spreadsheet_dropped_are_given_back_where_the_chart_has_them() -> None:
    rows: list[list[object]] = [
        ["Период", "Документ", "Дебет", "Кредит", "Сумма"], ["15.01.2026", "Операция 1", 1, "", 5],
    ]  # fmt: skip
    (posting,) = files.recognise(a_file("журнал", workbook(rows)), ["01", "1010"]).postings
    assert posting.debit.account == "01"


def test_a_trial_balance_of_a_month_without_anything_is_taken_as_such() -> None:
    rows: list[list[object]] = [TITLE, HEADS, SIDES, ["Итого"]]
    assert files.recognise(a_file("осв", workbook(rows))).rows == 0


def test_a_currency_s_opening_balance_keeps_its_amount_in_the_currency(moving: Callable[..., Move]) -> None:
    rows: list[list[object]] = [
        TITLE, ["Счет", "Показатели", *HEADS[1:]], ["", "", *SIDES[1:]],
        ["1051, Валютный счёт", "БУ", 450_000.5, "", "", "", 450_000.5, ""], ["", "Вал.", 1000.25, "", "", "", 1000.25],
        ["1010, Касса", "БУ", 100, "", "", "", 100, ""], ["", "Вал.", 7, "", "", "", 7],
        ["5220, Результат", "БУ", "", 450_100.5, "", "", "", 450_100.5],
        ["Итого", "БУ", 450_100.5, 450_100.5, "", "", 450_100.5, 450_100.5],
    ]  # fmt: skip
    move = moving()
    move.take("осв", workbook(rows))
    move.accept({"account": "1051", "ours": "1051", "dimensions": [], "fixed": {"currency": "USD"}})
    move.post_opening()

    def kept(u: UnitOfWork, organisation_id: int, takeover_id: int) -> list[tuple[int, int | None]]:
        found = u.execute(
            text("""SELECT amount_tiyn, debit_currency_minor FROM ledger_posting
                     WHERE organisation_id = :at ORDER BY amount_tiyn"""),
            {"at": organisation_id},
        )
        return [tuple(row) for row in found]

    assert move.read(kept) == [(10_000, None), (45_000_050, 100_025)]
