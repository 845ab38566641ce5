"""Tables from elsewhere: what is understood, what is wrong with it and where, and what becomes of it."""

from uuid import uuid4

import pytest

from erp.finance.drafts import service as drafts
from erp.finance.drafts.model import Sheet, TypedRow
from erp.finance.intake import accepted, rules, service
from erp.finance.intake.model import Grouping, LineKind, Looked, Mended, Purpose
from tests.erp.base.sheets.files import an_xlsx
from tests.erp.finance.intake.conftest import Table
from tests.web.desk import SUPPLIER

HEADS = "Дата|№ документа|Счет Дт|Кол-во Дт|Счет Кт|БИН|Сумма|Содержание\n"
PAPER = f"16.03.2026|15|1316|20|3210|{SUPPLIER}|1 234,56|Бумага\n"


def faults(found: Looked) -> dict[str, str]:
    return {mark.address: type(mark.fault).__name__ for mark in found.marks}


def kinds(found: Looked) -> list[str]:
    return [line.kind.value for line in found.lines]


# ------------------------------------------------------------------------------------------------ understood


def test_a_block_from_a_spreadsheet_is_understood_and_good(table: Table) -> None:
    found = table.paste(HEADS + PAPER + "16.03.2026|16|1316|5|3210|" + SUPPLIER + "|100,5|Папки\n")
    assert found.marks == ()
    assert [entry.sheet.document_number for entry in found.entries] == ["15", "16"]
    (row,) = found.entries[0].sheet.rows
    assert (row.debit.account, row.debit.quantity, row.credit.account, row.amount) == ("1316", "20", "3210", "1234,56")
    assert dict(row.credit.dimensions) == {"counterparty": SUPPLIER}
    assert found.good == found.entries


def test_every_fault_stands_at_its_cell_and_every_row_is_kept(table: Table) -> None:
    found = table.paste(
        HEADS
        + "16.03.2026|1|9999|1|3210|" + SUPPLIER + "|5,00|счёта нет\n"
        + "16.03.2026|2|1316|1|3210|120540000002|5,00|не та контрольная цифра\n"
        + "16.03.2026|3|1316|1|3210|" + SUPPLIER + "|5,555|не сумма\n"
        + "31.02.2026|4|1316|1|3210|" + SUPPLIER + "|5,00|не день\n"
        + "16.03.2019|5|1316|1|3210|" + SUPPLIER + "|5,00|месяц не открыт\n"
        + "16.03.2026|6|1316||3210|" + SUPPLIER + "|5,00|нет количества\n"
        + "16.03.2026|7|1316|1|3210||5,00|нет контрагента\n"
        + PAPER
    )  # fmt: skip
    assert faults(found) == {
        "C2": "AccountUnknown",
        "F3": "ValueUnknown",
        "G4": "AmountMalformed",
        "A5": "DayMalformed",
        "A6": "PeriodNotOpened",
        "D7": "QuantityMissing",
        "F8": "ValueMissing",
    }
    assert len(found.lines) == 9
    assert [entry.lines[0].number for entry in found.good] == [9]


def test_rows_that_are_no_lines_are_kept_counted_and_left_out(table: Table) -> None:
    found = table.paste(
        "Школа № 7|||||||\n||||||\n" + HEADS + "1|2|3|4|5|6|7|8\n" + PAPER + "||||||\nИтого за март||||||1 234,56|\n"
        + HEADS + "Бухгалтер ________ Серікова А.|||||||\n"
    )  # fmt: skip
    assert kinds(found) == ["head", "blank", "head", "numbering", "entry", "blank", "total", "head", "note"]
    assert found.marks == ()


def test_a_sheet_with_two_rows_of_merged_heads_numbers_and_days_is_understood(table: Table) -> None:
    content = an_xlsx(
        [
            ["Журнал операций за март 2026 г.", None, None, None, None, None],
            ["Дата", "Дебет", None, "Кредит", None, "Сумма"],
            [None, "Счет", "Количество", "Счет", "Субконто 1", None],
            [46097, 1316, 20, 3210, SUPPLIER, 1234.56],
            [None, 1316, 5, 3210, int(SUPPLIER), 0.1 + 0.2],
            ["Итого", None, None, None, None, 1234.86],
        ],
        merged=["A1:F1", "B2:C2", "D2:E2", "A2:A3", "F2:F3"],
    )
    found = table.look(table.bring(content, "март.xlsx"))
    assert found.titles == ("Дата", "Дебет Счет", "Дебет Количество", "Кредит Счет", "Кредит Субконто 1", "Сумма")
    assert found.marks == ()
    assert [entry.sheet.effective_on for entry in found.entries] == ["16.03.2026", "16.03.2026"]
    assert [row.amount for entry in found.entries for row in entry.sheet.rows] == ["1234,56", "0,30"]
    assert found.entries[1].sheet.rows[0].credit.dimensions == {"counterparty": SUPPLIER}


def test_without_heads_columns_are_told_by_what_they_hold(table: Table) -> None:
    found = table.paste(f"16.03.2026|1316|3210|{SUPPLIER}|5|Бумага для принтера\n" * 3)
    settings = found.intake.settings
    assert settings.heads is None
    assert settings.columns[:6] == (
        "effective_on",
        "debit.account",
        "credit.account",
        "dimensions.counterparty",
        "amount",
        "memo",
    )


def test_a_counterparty_may_be_named_by_its_name(table: Table) -> None:
    found = table.paste(HEADS + "16.03.2026|15|1316|20|3210|тоо Бумага|5,00|Бумага\n")
    assert found.marks == ()
    assert found.entries[0].sheet.rows[0].credit.dimensions == {"counterparty": SUPPLIER}


def test_a_document_of_1c_says_its_number_and_its_day(table: Table) -> None:
    heads = "Период|Регистратор|Счет Дт|Количество Дт|Счет Кт|Субконто Кт 1|Сумма\n"
    document = "Поступление запасов 000000015 от 14.03.2026 12:30:00"
    found = table.paste(heads + f"16.03.2026 12:30:00|{document}|1316|20|3210|{SUPPLIER}|1234.56\n")
    assert found.marks == ()
    sheet = found.entries[0].sheet
    assert (sheet.document_number, sheet.document_on, sheet.memo) == ("000000015", "14.03.2026", document)


def test_documents_of_1c_with_one_number_are_two_entries_where_they_are_two_documents(table: Table) -> None:
    heads = "Период|Регистратор|Счет Дт|Счет Кт|Сумма\n"
    rows = [
        f"16.03.2026|{document} 000000015 от 16.03.2026 12:30:00|1010|6010|{amount}\n"
        for document, amount in (("Приходный ордер", "5"), ("Операция", "7"), ("Приходный ордер", "6"))
    ]
    found = table.paste(heads + "".join(rows) + "||1010|6010|8\n")
    assert [[row.amount for row in entry.sheet.rows] for entry in found.entries] == [
        ["5,00", "6,00", "8,00"],
        ["7,00"],
    ]


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("Поступление 15 от 05.03.2026", ("15", "05.03.2026")),
        ("Реализация № АБ-00017 от 5.3.2026 8:00", ("АБ-00017", "5.3.2026")),
        ("Справка", ("Справка", "")),
    ],
)
def test_how_1c_names_a_document(text: str, parsed: tuple[str, str]) -> None:
    assert rules.registered_as(text) == parsed


# ------------------------------------------------------------------------------------------------ what makes an entry


ROWS = (
    HEADS
    + f"16.03.2026|15|1316|1|3210|{SUPPLIER}|5|Бумага\n"
    + f"|| 1316|1|3210|{SUPPLIER}|6|Папки\n"
    + f"17.03.2026|16|1316|1|3210|{SUPPLIER}|7|Ручки\n"
    + f"16.03.2026|15|1316|1|3210|{SUPPLIER}|8|Бумага\n"
)


@pytest.mark.parametrize(
    ("grouping", "rows"), [(Grouping.DOCUMENT, [3, 1]), (Grouping.ROW, [1, 1, 1, 1]), (Grouping.ONE, [4])]
)
def test_the_person_says_what_makes_an_entry(table: Table, grouping: Grouping, rows: list[int]) -> None:
    found = table.paste(ROWS)
    changed = table.look(table.change(found.intake, grouping=grouping))
    assert [len(entry.lines) for entry in changed.entries] == rows


def test_a_row_of_another_day_does_not_go_into_the_one_entry(table: Table) -> None:
    found = table.look(table.change(table.paste(ROWS).intake, grouping=Grouping.ONE))
    assert faults(found) == {"A4": "OfAnotherEntry", "B4": "OfAnotherEntry"}
    assert found.good == ()


def test_texts_of_rows_are_kept_where_they_differ(table: Table) -> None:
    sheet = table.paste(ROWS).entries[0].sheet
    assert (sheet.memo, [row.memo for row in sheet.rows]) == ("Бумага", ["", "Папки", ""])


# ------------------------------------------------------------------------------------------------ mended


def test_a_cell_is_mended_and_a_row_left_out_and_what_was_brought_stays(table: Table) -> None:
    found = table.paste(HEADS + PAPER.replace("1316", "9999") + PAPER.replace("1 234,56", "x"))
    mended = table.change(found.intake, Mended({"C2": "1316"}, frozenset({3})))
    again = table.look(mended)
    assert again.marks == ()
    assert kinds(again) == ["head", "entry", "left"]
    assert mended.sheet == found.intake.sheet
    with pytest.raises(rules.IntakeChanged):
        table.change(found.intake, Mended())


def test_columns_that_mean_the_same_or_lack_are_told(table: Table) -> None:
    found = table.paste("x|y|z\n16.03.2026|5|6\n").intake
    two = table.look(table.change(found, columns=("effective_on", "amount", "amount")))
    assert faults(two) == {"C": "ColumnTwice", "": "ColumnMissing", "2": "AccountMissing"}
    assert two.good == ()
    none = table.look(table.change(two.intake, columns=("", "", "", "much", "more")))
    assert none.intake.settings.columns == ("", "", "")


# ------------------------------------------------------------------------------------------------ remembered


def test_heads_that_stand_elsewhere_are_read_anew(table: Table) -> None:
    found = table.paste("Кредит|Дебет|Сумма\nДебет|Кредит|Сумма\n1010|6010|5\n").intake
    for heads, first in (((1, 1), "credit.account"), ((2, 2), "debit.account"), ((1, 1), "credit.account")):
        found = table.change(found, heads=heads)
        assert (found.settings.heads, found.settings.columns[0]) == (heads, first)
    said = ("debit.account", "credit.account", "amount")
    found = table.change(found, heads=(2, 2), columns=said)
    assert found.settings.columns == said
    assert table.change(found, heads=None).settings.columns == ("", "", ""), "words above the figures are rows then"


def test_what_columns_mean_is_remembered_by_their_heads_until_forgotten(table: Table) -> None:
    heads = "Күн белгісі|Мынадан|Мынаған|Қанша\n"
    row = "16.03.2026|1010|6010|5\n"
    found = table.paste(heads + row)
    columns = ("effective_on", "credit.account", "debit.account", "amount")
    assert found.intake.settings.columns != columns
    table.change(found.intake, columns=columns, grouping=Grouping.ROW)
    again = table.paste(heads.upper() + row * 2)
    assert (again.intake.settings.columns[:4], again.intake.settings.grouping) == (columns, Grouping.ROW)
    (kept,) = [m for m in table.run(lambda u: service.mappings(u, table.at)) if m.columns == columns]
    assert kept.heads == ("Күн белгісі", "Мынадан", "Мынаған", "Қанша")
    table.run(lambda u: service.forget_mapping(u, table.at, kept.id))
    table.run(lambda u: service.forget_mapping(u, table.at, kept.id))
    assert table.paste(heads + row).intake.settings.columns == found.intake.settings.columns


# ------------------------------------------------------------------------------------------------ accepted


def test_entries_are_opened_as_drafts_faults_and_all_and_the_table_is_done(table: Table) -> None:
    found = table.paste(HEADS + PAPER + PAPER.replace("|15|", "|16|").replace("1316", "9999")).intake
    opened = table.run(lambda u: service.accept_as_drafts(u, table.at, found.id, found.version))
    assert [draft.sheet.rows[0].debit.account for draft in opened] == ["1316", "9999"]
    assert {draft.origin.value for draft in opened} == {"paste"}
    assert table.run(lambda u: drafts.check(u, table.at, opened[0].sheet)) == ()
    done = table.run(lambda u: service.intake(u, table.at, found.id))
    assert done.became is not None
    assert done.became.drafts == tuple(draft.id for draft in opened)
    with pytest.raises(rules.IntakeAccepted):
        table.change(done, Mended())
    with pytest.raises(rules.IntakeAccepted):
        table.run(lambda u: service.accept_as_job(u, table.at, found.id, done.version))


def test_too_many_entries_are_no_drafts(table: Table) -> None:
    found = table.paste(HEADS + "".join(PAPER.replace("|15|", f"|{n}|") for n in range(51))).intake
    with pytest.raises(rules.DraftsTooMany):
        table.run(lambda u: service.accept_as_drafts(u, table.at, found.id, found.version))


def test_a_table_is_accepted_as_what_it_holds(table: Table) -> None:
    entries, names = (
        table.paste(HEADS + PAPER).intake,
        table.counterparties(f"БИН|Наименование\n{SUPPLIER}|ТОО\n").intake,
    )
    for found, accept in (
        (entries, service.accept_counterparties),
        (names, service.accept_as_drafts),
        (names, service.accept_as_job),
    ):
        with pytest.raises(rules.NothingGood):
            table.run(lambda u, of=found, act=accept: act(u, table.at, of.id, of.version))  # type: ignore[misc]


def test_without_a_good_entry_nothing_is_accepted(table: Table) -> None:
    found = table.paste(HEADS + PAPER.replace("1316", "9999")).intake
    with pytest.raises(rules.NothingGood):
        table.run(lambda u: service.accept_as_job(u, table.at, found.id, found.version))
    table.run(lambda u: service.discard(u, table.at, found.id, found.version))
    with pytest.raises(rules.IntakeUnknown):
        table.run(lambda u: service.look(u, table.at, found.id))


def test_the_same_key_brings_a_table_once_and_nobody_else_sees_it(table: Table) -> None:
    key = uuid4()
    first, second = (table.bring(HEADS.replace("|", "\t"), key=key) for _ in range(2))
    assert first == second
    with pytest.raises(rules.IntakeKeyReused):
        table.bring(PAPER.replace("|", "\t"), key=key)
    with pytest.raises(rules.IntakeUnknown):
        table.as_("office").look(first)
    assert first.id in {row.id for row in table.run(lambda u: service.intakes(u, table.at)).rows}


# ------------------------------------------------------------------------------------------------ counterparties


def test_a_list_of_counterparties_is_checked_row_by_row_and_registered(table: Table) -> None:
    found = table.counterparties(
        "Контрагент|ИИН/БИН|Қазақша атауы\n"
        "ТОО «Заря»|940340000144|«Таң» ЖШС\n"
        "ТОО «Бумага»|" + SUPPLIER + "|\n"
        "ТОО «Ошибка»|940340000145|\n"
        "|140000002|\n"
        "ТОО «Снова»|940340000144|\n"
    )
    assert found.intake.settings.columns == ("name_ru", "code", "name_kk")
    assert kinds(found) == ["head", "entry", "known", "entry", "entry", "entry"]
    assert faults(found) == {"B4": "CodeInvalid", "A5": "Empty", "B6": "CodeRepeated"}
    registered = table.run(lambda u: service.accept_counterparties(u, table.at, found.intake.id, found.intake.version))
    assert registered == 1
    again = table.counterparties("БИН|Наименование\n940340000144|Иначе\n")
    assert [line.kind for line in again.lines] == [LineKind.HEAD, LineKind.KNOWN]
    assert again.intake.settings.purpose is Purpose.COUNTERPARTIES


# ------------------------------------------------------------------------------------------------ what is kept of it


@pytest.mark.parametrize(
    ("brought", "name"),
    [("март.xlsx", "март.csv"), ("Pasted 22.11.2026 18:45", "Pasted 22.11.2026 18_45.csv"), ("a/b\\c.ODS", "c.csv")],
)
def test_the_file_of_what_was_accepted_is_named_after_the_table(brought: str, name: str) -> None:
    assert accepted.file_name(brought) == name


def test_what_was_accepted_reads_back_from_its_file(table: Table) -> None:
    found = table.paste(ROWS)
    kept = accepted.read(accepted.written(found.entries))
    assert [entry.sheet for entry in kept] == [entry.sheet for entry in found.entries]
    assert [entry.row for entry in kept] == [entry.lines[0].number for entry in found.entries]


def test_what_a_spreadsheet_would_run_is_harmless_in_the_file_and_reads_back_as_it_was() -> None:
    texts = ("=1+1", "@SUM(A1)", "'quoted", "-5,00", "+7 700", "-x")
    rows = (TypedRow(amount="-5,00"),)
    entries = [accepted.Accepted(row, Sheet(memo=text, rows=rows)) for row, text in enumerate(texts)]
    content = accepted.rewritten(entries, lambda entry: "=refused")
    lines = content.decode("utf-8-sig").splitlines()[1:]
    assert [line.split(";")[5] for line in lines] == ["'=1+1", "'@SUM(A1)", "''quoted", "-5,00", "+7 700", "'-x"]
    assert all(line.endswith(";'=refused") for line in lines)
    assert accepted.read(content) == entries


def test_what_is_asked_gets_a_column_until_the_table_has_one(table: Table) -> None:
    heads = "Дата|Счет Дт|Счет Кт|Субконто Кт|Сумма|Содержание\n"
    found = table.paste(heads + f"16.03.2026|1316|3210|{SUPPLIER}|5,00|Бумага\n")
    assert faults(found) == {"G2": "QuantityMissing"}
    assert found.intake.settings.columns[6:] == ("debit.quantity",)
    mended = table.change(found.intake, Mended(cells={"G2": "3"}))
    assert table.look(mended).marks == ()
    moved = table.change(mended, columns=(*mended.settings.columns[:5], "debit.quantity", "debit.quantity"))
    assert moved.settings.columns[5:] == ("debit.quantity",)
