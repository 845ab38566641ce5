"""Any table that other programs write reads back the same; what would do harm is refused in a sentence."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from erp.base.errors import DomainError
from erp.base.sheets.errors import FileUnreadable, QuotesUnpaired, TableEmpty, TableTooHeavy, TableTooLarge
from erp.base.sheets.model import Limits, RowKind, address
from erp.base.sheets.reader import read_table
from tests.erp.base.sheets.files import Content, a_csv, a_zip_bomb, an_ods, an_xls, an_xlsb, an_xlsx, rewritten

LETTERS = "абвгдеёжзийклмнопрстуфхцчшщъыьэюяқңғүұөәһіABC 0123456789«»№.,;\"'"
texts = st.text(alphabet=LETTERS, max_size=12).map(str.strip)
first = st.text(alphabet=LETTERS.replace(" ", ""), min_size=1, max_size=12)


@st.composite
def grids(draw: st.DrawFn, cells: st.SearchStrategy[Any]) -> list[list[Any]]:
    """Rows of one width whose first cells are not blank, so that no column or row is lost at an edge."""
    width = draw(st.integers(2, 5))
    rows = st.lists(st.tuples(first, *[cells] * (width - 1)).map(list), min_size=2, max_size=6)
    return draw(rows)


def read_back(source: bytes | str) -> list[list[Any]]:
    (sheet,) = read_table(source, "table").sheets
    return [[*row.values] for row in sheet.rows]


def ends(rows: list[list[Any]]) -> list[list[Any]]:
    """Rows as wide as the widest of them is, without blanks at its end."""
    width = max(at + 1 for row in rows for at, cell in enumerate(row) if cell not in ("", None))
    return [row[:width] for row in rows]


# ------------------------------------------------------------------------------------------------ texts


@given(
    rows=grids(texts), delimiter=st.sampled_from(";,\t|"), encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])
)
def test_a_csv_of_any_delimiter_and_encoding_reads_back(rows: list[list[str]], delimiter: str, encoding: str) -> None:
    even = [[cell or "x" for cell in row] for row in rows]
    quiet = [[cell.translate({ord(mark): "-" for mark in ";,\t|"}) for cell in row] for row in even]
    assert read_back(a_csv(quiet, delimiter=delimiter, encoding=encoding)) == quiet


@given(rows=grids(texts))
def test_windows_text_in_kazakh_reads_back(rows: list[list[str]]) -> None:
    assert (
        read_back(a_csv([["Күні;Сомасы", "әіңғүұқөһ"], *rows], encoding="kz1048"))[1:]
        == read_back(a_csv([["Күні;Сомасы", "әіңғүұқөһ"], *rows], encoding="utf-8"))[1:]
    )


def test_decimal_commas_do_not_pass_for_delimiters() -> None:
    text = (
        "Журнал операций, март\r\n\r\nДата;Дт;Кт;Сумма\r\n05.03.2026;1010;6010;1234,56\r\n06.03.2026;1010;6010;7,5\r\n"
    )
    assert read_back(text.encode("cp1251"))[3] == ["05.03.2026", "1010", "6010", "1234,56"]


def as_copied(rows: list[list[str]]) -> str:
    """As Excel puts a block on the clipboard: quotation marks only around cells that have lines."""

    def cell(text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if "\n" in text else text

    return "".join("\t".join(map(cell, row)) + "\r\n" for row in rows)


@given(rows=grids(st.text(alphabet=LETTERS + "\n", max_size=12)))
def test_a_block_copied_from_a_spreadsheet_reads_back(rows: list[list[str]]) -> None:
    # such a block may say two things: ⏎ in quotation marks is a cell with a line, or the end of one row and the next
    assume(not any(row[-1].startswith('"') and "\n" not in row[-1] for row in rows))
    assert read_back(as_copied(rows)) == ends(rows)


def test_a_quotation_mark_that_begins_a_cell_swallows_no_rows() -> None:
    rows = [['"Заря" ТОО', "1"], ['"Луч', "2"], ["Свет", '3"']]
    assert read_back(as_copied(rows)) == rows


def test_rows_have_the_lines_they_start_in() -> None:
    (sheet,) = read_table('a\t"two\nlines"\nb\tc\n', "x").sheets
    assert [row.number for row in sheet.rows] == [1, 3]


# ------------------------------------------------------------------------------------------------ workbooks


def test_a_workbook_reads_back_with_its_own_addresses() -> None:
    rows: list[list[Content]] = [
        [],
        [None, "Дата", "Сумма"],
        [],
        [None, date(2026, 3, 5), 1234.56],
        [None, "итого", 1234.56],
    ]
    (sheet,) = read_table(an_xlsx(rows), "x.xlsx").sheets
    found = sheet.rows[3].cell(2)
    assert (found.address, found.text, found.value) == ("C4", "1234.56", 1234.56)
    assert [row.kind for row in sheet.rows] == [
        RowKind.BLANK, RowKind.CELLS, RowKind.BLANK, RowKind.CELLS, RowKind.TOTAL,
    ]  # fmt: skip
    assert sheet.rows[3].texts == ("", "05.03.2026", "1234.56")


values = (
    texts.filter(bool)
    | st.integers(-(10**12), 10**12).map(lambda n: n / 100)
    | st.dates(date(1991, 1, 1), date(2199, 1, 1))
)


@settings(max_examples=12)
@given(rows=grids(values))
def test_any_workbook_reads_back_the_same(rows: list[list[Any]]) -> None:
    for made in (an_xlsx(rows), an_ods(rows)):
        assert read_back(made) == rows


@pytest.mark.parametrize("made", ["xlsx", "ods"])
def test_a_text_stands_in_every_merged_cell_and_a_number_in_one(made: str) -> None:
    rows: list[list[Content]] = [
        ["Дата", "Дебет", None, "Сумма"],
        [None, "Счет", "Субконто", None],
        ["05.03.2026", "1316", "Бумага", 5.0],
    ]
    if made == "xlsx":
        content = an_xlsx(rows, merged=["B1:C1", "A1:A2", "D1:D2"])
    else:
        content = an_ods(rows, merged=[(0, 1, 1, 2), (0, 0, 2, 1), (0, 3, 2, 1)])
    assert read_back(content)[:2] == [["Дата", "Дебет", "Дебет", "Сумма"], ["Дата", "Счет", "Субконто", "Сумма"]]
    amounts: list[list[Content]] = [["a", "b"], [7.0, 1.0], [None, 2.0]]
    content = an_xlsx(amounts, merged=["A2:A3"]) if made == "xlsx" else an_ods(amounts, merged=[(1, 0, 2, 1)])
    assert read_back(content) == [["a", "b"], [7.0, 1.0], ["", 2.0]]


@pytest.mark.parametrize("made", [an_xlsx, an_ods])
def test_signs_that_end_lines_elsewhere_stay_in_their_cell(
    made: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Word and browsers paste them; on a machine of another encoding too."""
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    rows = [["Күні", "Сомасы"], ["a\u2028b\u2029c", "d\u0085e"]]
    assert read_back(made(rows)) == rows


def test_a_small_workbook_of_endless_text_is_refused_before_it_is_taken_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("erp.base.sheets.reader._gathered", lambda *_: pytest.fail("it is taken in"))
    with pytest.raises(TableTooHeavy):
        read_table(an_xlsx([["x" * 32_767] for _ in range(2500)]), "table.xlsx")


def test_a_larger_table_may_say_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("erp.base.sheets.model._LEAST_OCTETS", 1000)
    content = an_xlsx([[str(n) * 3000] for n in range(4)])
    with pytest.raises(TableTooHeavy):
        read_table(content, "table.xlsx", Limits(rows=100, columns=10))
    (sheet,) = read_table(content, "table.xlsx", Limits(rows=1000, columns=10)).sheets
    assert len(sheet.rows) == 4
    assert Limits(rows=300_000, columns=60).octets > 90_000_000, "what 290,000 rows of ten usual columns say"


def test_what_a_column_repeats_is_there_once() -> None:
    (sheet,) = read_table(an_xlsx([["Отдел учёта", n] for n in range(3)]), "table.xlsx").sheets
    assert len({id(row.values[0]) for row in sheet.rows}) == 1


def test_hidden_sheets_are_left_out_and_named_and_empty_ones_are_none() -> None:
    table = read_table(an_xlsx([["a"]], [["b"]], [], hidden=[1]), "x.xlsx")
    assert [sheet.name for sheet in table.sheets] == ["Sheet1"]
    assert table.hidden == ("Sheet2",)


def test_a_formula_is_its_value_and_a_text_like_one_is_a_text() -> None:
    assert read_back(an_xlsx([["=1+1", "-5"]])) == [["=1+1", "-5"]]
    assert read_back("=HYPERLINK(1)\t=cmd|' /C calc'!A0\n") == [["=HYPERLINK(1)", "=cmd|' /C calc'!A0"]]


def test_a_formula_that_failed_says_so_in_its_cell() -> None:
    book = an_xlsx([[], [], ["Дата", "Сумма", "Ещё"], ["x", 1, 2]], [["y", 5]])
    failed = rewritten(
        book, "xl/worksheets/sheet1.xml", b'<c r="B4"><v>1</v></c>', b'<c r="B4" t="e"><v>#DIV/0!</v></c>'
    )
    first, second = read_table(failed, "table").sheets
    assert [row.values for row in first.rows][3] == ("x", "#DIV/0!", 2)
    assert second.rows[0].values == ("y", 5)
    cell = (
        '<table:table-cell office:value-type="string" office:string-value="" calcext:value-type="error" xmlns:calcext='
        '"urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"><text:p>Err:502</text:p>'
    )
    made = rewritten(
        an_ods([["Дата", "#"], ["x", "y"]]),
        "content.xml",
        b'<table:table-cell office:value-type="string"><text:p>#</text:p>',
        cell.encode(),
    )
    assert [row.values for row in read_table(made, "table").sheets[0].rows] == [("Дата", "Err:502"), ("x", "y")]


@pytest.mark.parametrize("made", [an_xls, an_xlsb])
def test_a_formula_that_failed_says_so_in_binary_workbooks_too(made: Callable[..., bytes]) -> None:
    first = [["Дата", "Сумма"], ["x", "#REF!"], ["#N/A", "y"]]
    second = [["a", "#DIV/0!"], ["#N/A", "b"]]
    table = read_table(made(first, second), "table")
    assert [[[*row.values] for row in sheet.rows] for sheet in table.sheets] == [first, second]


def test_what_a_file_is_is_told_by_its_content_not_by_its_name() -> None:
    (sheet,) = read_table(an_xlsx([["a", "b"]]), "table.csv").sheets
    assert sheet.rows[0].values == ("a", "b")


# ------------------------------------------------------------------------------------------------ what would do harm


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04" + b"\x00" * 60,
        an_xlsx([["a"]])[:-40],
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600,
        b"\x00\x01\x02" * 50,
        b"%PDF-1.7\x00\xff\xff",
    ],
    ids=["no zip", "cut off", "no xls", "bytes", "pdf"],
)
def test_what_is_no_table_is_refused_in_a_sentence(content: bytes) -> None:
    with pytest.raises(FileUnreadable) as refusal:
        read_table(content, "broken.xlsx")
    assert refusal.value.fields["file"] == "broken.xlsx"


@pytest.mark.parametrize("content", [b"", b"\n\n;;\n", "", " \t \n", an_xlsx([[]]), b"\xef\xbb\xbf"])
def test_where_there_is_nothing_it_is_said(content: bytes | str) -> None:
    with pytest.raises(TableEmpty):
        read_table(content, "empty")


def test_a_table_beyond_the_limits_is_refused() -> None:
    limits = Limits(rows=10, columns=5, text=100)
    for content in (
        b"a;b\n" * 11,
        b"a;b;c;d;e;f\n1;2;3;4;5;6\n",
        an_xlsx([["a", "b"]] * 11),
        an_xlsx([["a", None, None, None, None, "b"]]),
    ):
        with pytest.raises(TableTooLarge):
            read_table(content, "x", limits)
    with pytest.raises(TableTooHeavy):
        read_table(("a;" + "b" * 101).encode(), "x", limits)


def far_apart() -> bytes:
    """Two cells at the opposite corners of the largest sheet there is: as a square it has 17 thousand million."""
    cell = b'<sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    return rewritten(an_xlsx([[]]), "xl/worksheets/sheet1.xml", b"<sheetData/>", cell + b"</sheetData>")


def repeated() -> bytes:
    return rewritten(
        an_ods([["a"]]), "content.xml", b"<table:table-row>", b'<table:table-row table:number-rows-repeated="99999999">'
    )


@pytest.mark.parametrize("content", [a_zip_bomb, far_apart, repeated], ids=["bomb", "corners", "repeated"])
def test_a_file_made_to_fill_the_memory_is_refused(content: Callable[[], bytes]) -> None:
    with pytest.raises((TableTooLarge, TableTooHeavy)):
        read_table(content(), "bomb.xlsx")


def test_quotation_marks_that_do_not_pair_are_told_by_their_line() -> None:
    with pytest.raises(QuotesUnpaired) as refusal:
        read_table('a;b\nc;"ТОО "Заря""\n'.encode(), "x.csv")
    assert refusal.value.fields["line"] == 2


@given(st.binary(max_size=300) | st.text(max_size=300))
def test_any_bytes_are_a_table_or_refused(source: bytes | str) -> None:
    try:
        table = read_table(source, "x")
    except DomainError:
        return
    for sheet in table.sheets:
        assert {len(row.values) for row in sheet.rows} == {sheet.width}


@pytest.mark.parametrize(("column", "name"), [(0, "A1"), (25, "Z1"), (26, "AA1"), (701, "ZZ1"), (702, "AAA1")])
def test_columns_are_named_as_spreadsheets_do(column: int, name: str) -> None:
    assert address(1, column) == name
