"""Whole imports: what is posted, what is refused and why, and that nothing is posted by halves."""

import csv
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from erp.base import uow
from erp.base.clock import today
from erp.base.scope import Scope
from erp.finance.approvals import service as approvals
from erp.finance.approvals.schemas import RequireApproval
from erp.finance.journal import queries
from erp.finance.journal.imports import model
from erp.finance.journal.imports.errors import FileAlreadyImported, ImportNotTied, ImportRefused, NothingToImport
from erp.finance.journal.imports.model import AccountTurnover, ImportProgress, ImportTotals, Phase, RefusedRow
from erp.finance.journal.imports.service import import_journal
from ledger.errors import ForeignOrganisation
from ledger.model import Dimension
from tests.erp.finance.journal.imports.conftest import BIN, GONE, IIN, Importer
from tests.erp.finance.journal.imports.files import A_ROW, HEADINGS, a_csv, an_xlsx
from tests.factories.books import ACTOR, scope_of

PROGRAMME, SPECIFIC = "110.001", "149"
WIDE = (*HEADINGS, "Журнал", "Программа", "Специфика", "БИН", "Контрагент Дт")


def a_row(**cells: str) -> tuple[str, ...]:
    """Cash against settlements, 100 tenge, in the columns of ``WIDE``."""
    row = dict(zip(WIDE, [*A_ROW, "", "", "", "", ""], strict=True)) | {"Кредит": "1020"} | cells
    return tuple(row.values())


# ------------------------------------------------------------------------------------------------ what is posted


def test_a_file_is_posted_with_its_texts_numbers_lines_and_ties(importer: Importer, tmp_path: Path) -> None:
    path = a_csv(
        tmp_path,
        ("15.03.2026", "7", "1010", "1020", "1 234,56", "Касса"),
        ("15.03.2026", "7", "1020", "1010", "-34,56", "Касса"),
        ("15.03.2026", "7", "1010", "1020", "0,01", "Сдача"),
        ("16.03.2026", "7", "1010", "1020", "5", ""),
    )
    result = importer(path)
    assert result.totals == ImportTotals(
        4, 2, 1205_01, (AccountTurnover("1010", 1239_57, -34_56), AccountTurnover("1020", -34_56, 1239_57))
    )
    assert (result.first_on, result.last_on) == (date(2026, 3, 15), date(2026, 3, 16))
    assert importer.turnovers() == {"1010": (1239_57, -34_56), "1020": (-34_56, 1239_57)}
    entries = importer.ask("""
        SELECT j.code, e.number, e.memo, e.document_number, e.source_kind, e.source_id, e.source_line
          FROM ledger_entry e JOIN ledger_journal j ON j.id = e.journal_id ORDER BY e.number
    """)
    assert entries == [
        ("IMPORT", 1, "Касса", "7", "import", result.import_id, 2),
        ("IMPORT", 2, "journal.csv", "7", "import", result.import_id, 5),
    ]
    assert importer.ask("SELECT memo FROM ledger_posting ORDER BY entry_id, no") == [
        (None,),
        (None,),
        ("Сдача",),
        (None,),
    ]


def test_rows_are_one_entry_only_side_by_side_and_with_a_number(importer: Importer, tmp_path: Path) -> None:
    rows = [a_row(Номер=number) for number in ("1", "1", "2", "1", "", "")]
    assert importer(a_csv(tmp_path, *rows, headings=WIDE)).totals.entries == 5


def test_the_journal_is_a_code_or_a_memorial_order_by_its_number(importer: Importer, tmp_path: Path) -> None:
    words = ["MO-06", "6", "МО № 6", "мо-6", "Мемориальный ордер №6", "№ 6 мемориалдық ордер", "", "open"]
    known = [word for word in words if not word.startswith("№ 6")]
    importer(a_csv(tmp_path, *[a_row(Журнал=word, Номер="") for word in known], headings=WIDE))
    codes = importer.ask(
        "SELECT j.code FROM ledger_entry e JOIN ledger_journal j ON j.id = journal_id ORDER BY source_line"
    )
    assert [code for (code,) in codes] == ["MO-06"] * 5 + ["IMPORT", "OPEN"]


def test_a_file_does_not_go_past_the_second_person(importer: Importer, tmp_path: Path) -> None:
    at = importer.books.organisation
    command = RequireApproval(journal="MO-06", since=today())
    uow.run(importer.books.engine, scope_of(at), lambda u: approvals.require_approval(u, at, command))
    path = a_csv(tmp_path, a_row(Журнал="МО № 6"), a_row(Журнал="MO-16", Номер="2"), headings=WIDE)
    assert importer.refused(path) == [(2, "Журнал", "МО № 6", "approval-needed")]
    assert importer(path, rest=tmp_path / "rest.csv").totals.entries == 1


def test_a_dimension_goes_to_each_side_that_is_kept_by_it(importer: Importer, tmp_path: Path) -> None:
    named = {"Программа": PROGRAMME, "Специфика": SPECIFIC, "БИН": BIN}
    path = a_csv(
        tmp_path,
        a_row(Дебет="7060", Кредит="3210", **named),
        a_row(Дебет="3210", Кредит="1010", **named | {"Контрагент Дт": IIN}),
        a_row(**named),
        headings=WIDE,
    )
    result = importer(path)
    assert result.values_left_out == {Dimension.COUNTERPARTY: 1}
    sides = importer.ask("""
        SELECT a.code, s.programme, s.specific, s.counterparty FROM ledger_side s
          JOIN ledger_account a ON a.id = s.account_id ORDER BY 1, 4
    """)
    assert sides == [
        ("1010", PROGRAMME, SPECIFIC, ""),
        ("1020", PROGRAMME, SPECIFIC, ""),
        ("3210", PROGRAMME, SPECIFIC, BIN),
        ("3210", PROGRAMME, SPECIFIC, IIN),
        ("7060", PROGRAMME, SPECIFIC, BIN),
    ]


def test_a_workbook_with_numbers_for_codes_is_posted(importer: Importer, tmp_path: Path) -> None:
    headings = ["Күні", "№", "Дт", "Кт", "Сомасы", "Мазмұны", "Бағдарлама", "Ерекшелік", "БСН", "Құжат күні"]
    day = date(2026, 3, 15)
    path = an_xlsx(
        tmp_path,
        [
            ["Журнал", None],
            headings,
            [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0],
            [day, 1.0, 7060.0, 3210.0, 1234.56, "Жалақы", 110.001, 149.0, float(BIN), day],
            [],
            [day, 2.0, 1010.0, 1020.0, "1 000,10", "Касса", None, None, None, None],
            ["Барлығы", None, None, None, 2234.66],
            ["Бас бухгалтер", None, None, None, None, "________"],
        ],
    )
    result = importer(path)
    assert (result.totals.rows, result.totals.amount_tiyn, result.rows_skipped) == (2, 2234_66, 3)
    assert importer.ask("SELECT counterparty FROM ledger_subaccount WHERE counterparty <> ''") == [(BIN,), (BIN,)]
    assert importer.ask("SELECT source_line, document_on FROM ledger_entry ORDER BY 1") == [(4, day), (6, None)]


def test_an_export_in_code_page_1251_is_posted(importer: Importer, tmp_path: Path) -> None:
    path = tmp_path / "Журнал проводок.csv"
    path.write_bytes(
        "КГУ «Школа № 5»;;;;;;;\r\n"
        "Журнал проводок (Регл);;;;;;;\r\n"
        "Период: Март 2026 г.;;;;;;;\r\n"
        ";;;;;;;\r\n"
        "№ п/п;Период;Документ;Счет Дт;Счет Кт;Сумма;Содержание;Контрагент Кт\r\n"
        '1;05.03.2026 12:00:00;Поступление 15;7060;3210;"1\u00a0250\u00a0000,00";'
        f'"Услуги связи; март, ТОО ""Заря""";{BIN}\r\n'
        "2;06.03.2026 9:15:00;Ордер 3;1010;1020;-500,5;Возврат;\r\n"
        ";;;;;1 249 499,50;;\r\n"
        .encode("cp1251")
    )  # fmt: skip
    with pytest.raises(ImportRefused) as refusal:  # the expense account is kept by programme and specific
        importer(path)
    assert {r.line for r in refusal.value.refused} == {6}
    path.write_bytes(path.read_bytes().replace(b";7060;", b";1010;"))
    result = importer(path)
    assert result.columns_ignored == ("№ п/п", "Документ")
    assert importer.turnovers() == {"1010": (1_249_499_50, 0), "1020": (0, -500_50), "3210": (0, 1_250_000_00)}
    assert importer.ask("SELECT memo FROM ledger_entry ORDER BY number")[0] == ('Услуги связи; март, ТОО "Заря"',)


def test_turnovers_of_five_thousand_rows_are_what_the_file_adds_up_to(importer: Importer, tmp_path: Path) -> None:
    chance = random.Random(20260315)  # noqa: S311
    expected: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    pairs = [("7060", "3210"), ("3210", "1081"), ("1010", "1020"), ("1020", "1010"), ("01", "00")]
    rows = []
    for i in range(5000):
        debit, credit = chance.choice(pairs)
        tiyn = chance.choice([1, -1]) * chance.randint(1, 10**12)
        expected[debit][0] += tiyn
        expected[credit][1] += tiyn
        day = date(2026, 1, 1) + timedelta(days=chance.randrange(300))
        amount = f"{'-' if tiyn < 0 else ''}{abs(tiyn) // 100:,}".replace(",", " ") + f",{abs(tiyn) % 100:02d}"
        named = {"Программа": PROGRAMME, "Специфика": SPECIFIC, "БИН": chance.choice([BIN, IIN])}
        cells = {"Дата": f"{day:%d.%m.%Y}", "Номер": str(i // 3), "Дебет": debit, "Кредит": credit, "Сумма": amount}
        rows.append(a_row(**cells, **named))
    result = importer(a_csv(tmp_path, *rows, headings=WIDE))
    assert importer.turnovers() == {code: tuple(sums) for code, sums in expected.items()}
    assert {t.account: [t.debit_tiyn, t.credit_tiyn] for t in result.totals.turnovers} == expected
    assert (result.totals.rows, importer.held()) == (5000, (5000, 1))


def test_progress_goes_through_its_phases_and_only_forward(importer: Importer, tmp_path: Path) -> None:
    for path in (
        a_csv(tmp_path, *[a_row(Номер=str(i)) for i in range(12_000)], headings=WIDE),
        an_xlsx(tmp_path, [WIDE, *[a_row(Номер=str(i)) for i in range(6_000)]]),
    ):
        told: list[ImportProgress] = []
        importer(path, told.append)
        phases = [p.phase for p in told]
        assert list(dict.fromkeys(phases)) == list(Phase)
        for phase in Phase:
            done = [p.done for p in told if p.phase is phase]
            assert done == sorted(done)
            assert all(0 < p.done <= p.total for p in told)


# ------------------------------------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"Дата": ""}, ("Дата", "", "cell-empty")),
        ({"Дата": "31.02.2026"}, ("Дата", "31.02.2026", "day-malformed")),
        ({"Дата": "15.11.2026"}, ("Дата", "15.11.2026", "period-closed")),
        ({"Дата": "15.03.2027"}, ("Дата", "15.03.2027", "period-not-opened")),
        ({"Сумма": ""}, ("Сумма", "", "cell-empty")),
        ({"Сумма": "сто"}, ("Сумма", "сто", "amount-malformed")),
        ({"Сумма": "1,234"}, ("Сумма", "1,234", "amount-malformed")),
        ({"Сумма": "1" * 20}, ("Сумма", "1" * 20, "amount-out-of-range")),
        ({"Сумма": "0,00"}, ("Сумма", "0,00", "amount-zero")),
        ({"Дебет": ""}, ("Дебет", "", "cell-empty")),
        ({"Дебет": "9876"}, ("Дебет", "9876", "account-unknown")),
        ({"Дебет": "1999", "Дата": "01.07.2026"}, ("Дебет", "1999", "account-unknown")),
        ({"Дебет": "1998"}, ("Дебет", "1998", "account-unknown")),
        ({"Кредит": "10 10"}, ("Кредит", "10 10", "account-unknown")),
        ({"Кредит": "1000"}, ("Кредит", "1000", "account-not-postable")),
        ({"Кредит": "1010"}, ("Кредит", "1010", "same-sides")),
        ({"Кредит": "00"}, ("Кредит", "00", "off-balance-mixed")),
        ({"Кредит": "3210"}, ("БИН", "", "dimension-not-given")),
        ({"Кредит": "3210", "БИН": "000240000016"}, ("БИН", "000240000016", "value-not-registered")),
        ({"Кредит": "3210", "БИН": "ТОО Заря"}, ("БИН", "ТОО Заря", "value-not-registered")),
        ({"Кредит": "3210", "БИН": GONE, "Дата": "01.07.2026"}, ("БИН", GONE, "value-not-registered")),
        ({"Контрагент Дт": BIN}, ("Контрагент Дт", BIN, "value-not-permitted")),
        ({"Специфика": "999"}, ("Специфика", "999", "value-not-registered")),
        ({"Программа": "999.999.015"}, ("Программа", "999.999.015", "value-not-registered")),
        ({"Журнал": "МО 17"}, ("Журнал", "МО 17", "journal-unknown")),
        ({"Содержание": "x" * 1001}, ("Содержание", "x" * 200, "text-too-long")),
        ({"Номер": "x" * 61}, ("Номер", "x" * 61, "text-too-long")),
        ({"Программа": "x" * 61}, ("Программа", "x" * 61, "text-too-long")),
    ],
)
def test_each_fault_is_told_by_line_column_and_reason(
    importer: Importer, tmp_path: Path, cells: dict[str, str], expected: tuple[str, str, str]
) -> None:
    refused = importer.refused(a_csv(tmp_path, a_row(), a_row(**cells), a_row(), headings=WIDE))
    assert {(3, *expected)} == set(refused)


def test_a_needed_dimension_without_a_column_is_told_at_its_account(importer: Importer, tmp_path: Path) -> None:
    refused = importer.refused(a_csv(tmp_path, ("15.03.2026", "1", "1010", "3210", "1", "x")))
    assert refused == [(2, "Кредит", "3210", "dimension-not-given")]


def test_an_account_counts_only_while_it_is_in_force(importer: Importer, tmp_path: Path) -> None:
    assert importer(a_csv(tmp_path, a_row(Дебет="1999", Дата="30.06.2026"), headings=WIDE)).totals.rows == 1


def test_a_counterparty_counts_until_it_is_liquidated(importer: Importer, tmp_path: Path) -> None:
    path = a_csv(tmp_path, a_row(Кредит="3210", БИН=GONE, Дата="30.06.2026"), headings=WIDE)
    assert importer(path).totals.rows == 1


def test_all_the_faults_of_all_the_rows_come_at_once_in_order(importer: Importer, tmp_path: Path) -> None:
    path = a_csv(
        tmp_path,
        a_row(Дата="x", Дебет="9876", Сумма="0"),
        a_row(),
        a_row(Кредит="3210"),
        ("15.03.2026", "1", "1010", "1020", "1", *["x"] * 10),
        a_row(Сумма="1,234"),
        headings=WIDE,
    )
    assert [(line, code) for line, _, _, code in importer.refused(path)] == [
        (2, "day-malformed"),
        (2, "account-unknown"),
        (2, "amount-zero"),
        (4, "dimension-not-given"),
        (5, "line-too-wide"),
        (6, "amount-malformed"),
    ]


def test_what_stands_after_unpaired_quotation_marks_is_told_as_unread(importer: Importer, tmp_path: Path) -> None:
    path = a_csv(tmp_path, a_row(Дебет="x"), a_row(Содержание='"ТОО "Заря""'), a_row(Дебет="x"), headings=WIDE)
    assert [(line, code) for line, _, _, code in importer.refused(path)] == [(2, "account-unknown"), (3, "line-broken")]


@pytest.mark.parametrize("label", ["", "Итого", "Барлығы:"])
def test_a_totals_row_must_agree_with_the_rows_above(importer: Importer, tmp_path: Path, label: str) -> None:
    total = a_row(Дата=label, Номер="", Дебет="", Кредит="", Сумма="200,01", Содержание="")
    assert importer.refused(a_csv(tmp_path, a_row(), a_row(), total, headings=WIDE)) == [
        (4, "Сумма", "200,01", "total-differs")
    ]
    right = a_row(Дата=label, Номер="", Дебет="", Кредит="", Сумма="200,00", Содержание="")
    assert importer(a_csv(tmp_path, a_row(), a_row(), right, headings=WIDE)).rows_skipped == 1


def test_an_entry_longer_than_the_books_can_number_is_refused(importer: Importer, tmp_path: Path) -> None:
    path = a_csv(tmp_path, *[(*A_ROW[:3], "1020", "1", "x")] * 32_769)
    assert importer.refused(path) == [(32_769, "Номер", "1", "entry-too-long")]


def test_a_file_without_rows_is_refused(importer: Importer, tmp_path: Path) -> None:
    with pytest.raises(NothingToImport):
        importer(a_csv(tmp_path, ("", "", ""), headings=WIDE))


def test_other_peoples_books_are_refused_before_the_file_is_read(importer: Importer, tmp_path: Path) -> None:
    with pytest.raises(ForeignOrganisation):
        import_journal(importer.books.engine, Scope(ACTOR), importer.books.organisation, tmp_path, lambda _: None)


def test_the_report_has_every_refused_row_though_memory_has_the_first(
    importer: Importer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model.Refusals, "SHOWN", 10)
    path = a_csv(tmp_path, *[a_row(Дебет="=x", Сумма="0")] * 2500, headings=WIDE)
    with pytest.raises(ImportRefused) as refusal:
        importer(path)
    assert refusal.value.fields == {"file": "journal.csv", "rows": 2500, "faults": 5000}
    assert len(refusal.value.refused) == 10
    assert isinstance(refusal.value.refused[0], RefusedRow)
    report = tmp_path / "refused.csv"
    refusal.value.refusals.write_csv(report, say=lambda e: f"because: {e}")
    with report.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file, delimiter=";"))
    assert len(rows) == 5001
    assert rows[0] == ["line", "column", "found", "reason"]
    assert rows[1] == ["2", "Дебет", "'=x", "because: There is no account “=x” in force on that day."]
    assert rows[5000] == ["2501", "Сумма", "0", "because: The amount is zero."]


# ------------------------------------------------------------------------------------------------ all or nothing


def test_a_file_is_imported_once_whatever_it_is_called(importer: Importer, tmp_path: Path) -> None:
    importer(a_csv(tmp_path, a_row(), headings=WIDE))
    with pytest.raises(FileAlreadyImported) as refusal:
        importer(a_csv(tmp_path, a_row(), headings=WIDE, name="copy.csv"))
    ((at,),) = importer.ask("SELECT imported_at FROM finance_journal_import")
    assert refusal.value.fields["on"] == f"{at.astimezone(timezone(timedelta(hours=5))):%d.%m.%Y %H:%M}"
    assert importer.held() == (1, 1)


def test_two_imports_of_one_file_at_once_post_it_once(
    importer: Importer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = a_csv(tmp_path, a_row(), headings=WIDE)
    seen = queries.import_of_file
    unseen: list[bool] = []

    def too_early(*arguments: Any) -> Any:
        """The other import commits between this one's question and its own row."""
        if len(unseen) < 2:
            unseen.append(True)
            return None
        return seen(*arguments)

    importer(path)
    monkeypatch.setattr(queries, "import_of_file", too_early)
    with pytest.raises(FileAlreadyImported):
        importer(path)
    assert importer.held() == (1, 1)


def test_another_organisation_imports_the_same_file_for_itself(
    importer: Importer, registers: str, tmp_path: Path
) -> None:
    path = a_csv(tmp_path, a_row(), headings=WIDE)
    importer(path)
    other = Importer(replace(importer.books, organisation=importer.books.organisation + 1000))
    assert [code for *_, code in other.refused(path)] == ["period-not-opened"]


def test_what_the_ledger_holds_otherwise_is_rolled_back(
    importer: Importer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = queries.imported_by_account
    twisted: list[Sequence[Any]] = []

    def one_tiyn_off(*arguments: Any) -> Sequence[queries.ImportedAccount]:
        rows = held(*arguments)
        twisted.append(rows)
        return [replace(rows[0], credit_tiyn=rows[0].credit_tiyn + 1), *rows[1:]]

    path = a_csv(tmp_path, a_row(), headings=WIDE)
    monkeypatch.setattr(queries, "imported_by_account", one_tiyn_off)
    with pytest.raises(ImportNotTied):
        importer(path)
    assert len(twisted[0]) == 2
    assert importer.held() == (0, 0)
    assert importer.turnovers() == {}
    monkeypatch.undo()
    assert importer(path).totals.rows == 1


def test_an_interrupted_import_leaves_nothing_and_can_be_repeated(importer: Importer, tmp_path: Path) -> None:
    path = a_csv(tmp_path, *[a_row(Номер=str(i)) for i in range(6000)], headings=WIDE)
    for phase in Phase:

        def interrupt(told: ImportProgress, phase: Phase = phase) -> None:
            if told.phase is phase:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            importer(path, interrupt)
        assert importer.held() == (0, 0)
    assert importer(path).totals.rows == 6000
