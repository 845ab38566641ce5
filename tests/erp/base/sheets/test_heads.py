"""Heads are found wherever they stand and however many rows they have."""

from typing import Any

import pytest

from erp.base.sheets.heads import find_header
from erp.base.sheets.model import RowKind
from erp.base.sheets.reader import read_table
from tests.erp.base.sheets.files import Content, an_xlsx

WANTED = {
    "day": ["Дата", "Күні", "Date"],
    "debit": ["Дебет", "Счет Дт", "Дебет счет", "Дт"],
    "credit": ["Кредит", "Счет Кт", "Кредит счет", "Кт"],
    "subconto": ["Дебет субконто"],
    "amount": ["Сумма", "Сомасы", "Amount"],
}


def rows_of(text: str) -> Any:
    return read_table(text.replace("|", "\t"), "x").sheets[0].rows


@pytest.mark.parametrize(
    ("text", "first", "columns"),
    [
        ("Дата|Дт|Кт|Сумма\n05.03.2026|1|2|3\n", 0, {"day": 0, "debit": 1, "credit": 2, "amount": 3}),
        ("Школа № 5\n\nЖурнал|за март\nКүні|х|Сомасы\n1|2|3\n", 3, {"day": 0, "amount": 2}),
        ("ДАТА |СЧЁТ  ДТ|Счет_Кт|сумма,\n", 0, {"day": 0, "debit": 1, "credit": 2, "amount": 3}),
    ],
)
def test_heads_are_found_below_titles_in_any_spelling(text: str, first: int, columns: dict[str, int]) -> None:
    found = find_header(rows_of(text), WANTED)
    assert found is not None
    assert (found.first, found.last, found.columns) == (first, first, columns)


def test_a_table_without_heads_has_none() -> None:
    assert find_header(rows_of("05.03.2026|1010|6010|5\nДата|1|2\n"), WANTED) is None


TWO_ROWS: list[list[Content]] = [
    ["Отчёт", None, None, None, None],
    ["Дата", "Дебет", None, "Кредит", "Сумма"],
    [None, "Счет", "Субконто", "Счет", None],
    [1, 2, 3, 4, 5],
    ["05.03.2026", "1316", "Бумага", "3210", 7.5],
]


@pytest.mark.parametrize("merged", [["B2:C2", "A2:A3", "E2:E3"], ["A1:E1", "B2:C2"], []])
def test_heads_of_two_rows_are_told_together(merged: list[str]) -> None:
    (sheet,) = read_table(an_xlsx(TWO_ROWS, merged=merged), "x.xlsx").sheets
    found = find_header(sheet.rows, WANTED)
    assert found is not None
    assert (found.first, found.last) == (1, 2)
    assert found.columns == {"day": 0, "debit": 1, "subconto": 2, "credit": 3, "amount": 4}
    assert found.titles == ("Дата", "Дебет Счет", "Дебет Субконто", "Кредит Счет", "Сумма")
    assert sheet.rows[3].kind is RowKind.NUMBERING


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Итого за март:||5\n", RowKind.TOTAL),
        ("|БАРЛЫҒЫ|5\n", RowKind.TOTAL),
        ("Grand total||5\n", RowKind.TOTAL),
        ("Всего расходов|5\n", RowKind.TOTAL),
        ("Жалпы сомасы:|5\n", RowKind.TOTAL),
        ("Жалпы|5\n", RowKind.TOTAL),
        ("Жалпы білім беру|464.003|149|100\n", RowKind.CELLS),
        ("Жалпыға бірдей міндетті орта білім қорының шығыстары|5\n", RowKind.CELLS),
        ("Totality|5\n", RowKind.CELLS),
        ("1|2|3|4|5\n", RowKind.NUMBERING),
        ("1|2|3\n", RowKind.CELLS),
        ("05.03.2026|Итого по акту|5\n", RowKind.CELLS),
    ],
)
def test_rows_that_are_no_lines_are_known(text: str, kind: RowKind) -> None:
    assert rows_of(text)[0].kind is kind
