"""A table says the same on a page, in a spreadsheet and in a CSV file; nothing in it is run."""

import csv
import re
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime
from io import BytesIO, StringIO
from tempfile import TemporaryFile
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from web.tables import csv_file, sheet
from web.tables.model import About, Column, Kind, Row, Table

ABOUT = About([("", "School"), ("BIN", "120540000021")], datetime(2026, 11, 22, tzinfo=UTC), "a-table")
COLUMNS = [
    Column("Day", Kind.DAY),
    Column("Text"),
    Column("Dt", Kind.MONEY, "Turnover", is_total=True),
    Column("Ct", Kind.MONEY, "Turnover", is_total=True),
]
DAY = date(2026, 3, 16)
amounts = st.integers(-(10**13), 10**13)
rows_of = st.lists(
    st.builds(
        lambda text, debit, credit, counted: Row(
            [DAY, text, debit, credit], is_heading=not counted, is_counted=counted
        ),
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
        amounts,
        amounts,
        st.booleans(),
    ),
    min_size=1,
    max_size=12,
)


def as_sheet(table: Table) -> bytes:
    file = BytesIO()
    sheet.write(table, ABOUT, file)
    return file.getvalue()


def cells(content: bytes) -> list[list[object]]:
    return [list(row) for row in CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_index(0).to_python()]


def as_csv(table: Table) -> list[list[str]]:
    file = BytesIO()
    csv_file.write(table, file)
    return list(csv.reader(StringIO(file.getvalue().decode("utf-8-sig"), newline=""), delimiter=";"))


@given(rows=rows_of)
def test_a_spreadsheet_holds_the_rows_and_the_totals_of_the_table(rows: list[Row]) -> None:
    table = Table("Trial balance", COLUMNS, rows, total_label="Total", is_flat=all(row.is_counted for row in rows))
    found = cells(as_sheet(table))
    body = found[-len(rows) - 1 : -1]
    assert [round(float(str(line[2] or 0)) * 100) for line in body] == [row.values[2] for row in rows]
    assert [line[0] for line in body] == [DAY] * len(rows)
    assert [round(float(str(cell or 0)) * 100) for cell in found[-1][2:4]] == table.totals()[2:]
    assert found[0][0] == "Trial balance"
    assert [line[0] for line in found[1:3]] == ["School", "BIN: 120540000021"]


@given(rows=rows_of)
def test_a_csv_file_holds_the_rows_without_headings_and_runs_nothing(rows: list[Row]) -> None:
    found = as_csv(Table("x", COLUMNS, rows, total_label="Total", is_flat=False))
    shown = [row for row in rows if not row.is_heading]
    assert found[0] == ["Day", "Text", "Turnover, Dt", "Turnover, Ct"]
    for line, row in zip(found[1:], shown, strict=True):
        assert line[0] == "2026-03-16"
        assert line[1].removeprefix("'") == str(row.values[1]).removeprefix("'")
        assert not line[1].lstrip().startswith(("=", "+", "-", "@"))
        assert int(line[2].replace(",", "")) == row.values[2]


def test_what_people_typed_is_text_in_a_spreadsheet() -> None:
    content = as_sheet(Table("x", [Column("Text")], [Row(["=1+1"]), Row(["http://evil.example"]), Row(["@cmd"])]))
    assert [line[0] for line in cells(content)[-3:]] == ["=1+1", "http://evil.example", "@cmd"]
    with ZipFile(BytesIO(content)) as book:
        inside = book.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in inside
        assert "hyperlink" not in inside


@pytest.mark.parametrize(
    "text", ["<r>x</r>", "<r><t>x</t></r>", "a & b < c", "_x0041_", " a ", "a\nb", "_", "«Заря» №5", "x" * 40, "ж" * 41]
)
def test_a_text_is_read_back_as_it_is_wherever_it_stands(text: str) -> None:
    about = About([("", text)], ABOUT.made_at, "x")
    file = BytesIO()
    sheet.write(Table("x", [Column(text), Column("n", Kind.COUNT)], [Row([text, 1]), Row([text, 2])]), about, file)
    found = [line[0] for line in cells(file.getvalue())]
    assert (found[1], found[-3:]) == (text, [text] * 3)


def test_what_xml_cannot_hold_is_written_as_the_format_does() -> None:
    content = as_sheet(Table("x", [Column("Text")], [Row(["a\x07b_x0007_\ufffe"])]))
    with ZipFile(BytesIO(content)) as book:
        assert "a_x0007_b_x005F_x0007__xFFFE_" in book.read("xl/worksheets/sheet1.xml").decode()


def test_a_list_longer_than_a_sheet_is_refused_and_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet, "_MOST_ROWS", 8)
    with pytest.raises(sheet.SheetTooLong):
        as_sheet(Table("x", [Column("Text")], [Row(["a"])] * 9))


def test_a_spreadsheet_is_ready_to_read_and_to_print() -> None:
    rows = [
        Row([DAY, "heading", 300, 0], is_heading=True, is_counted=False),
        Row([DAY, "a", 100, 0]),
        Row([DAY, "b", 200, 0]),
    ]
    content = as_sheet(Table("A/B: [x]", COLUMNS, rows, total_label="Total", is_flat=False))
    with ZipFile(BytesIO(content)) as book:
        inside = book.read("xl/worksheets/sheet1.xml").decode()
        workbook = book.read("xl/workbook.xml").decode()
        styles = book.read("xl/styles.xml").decode()
    assert 'state="frozen"' in inside
    assert 'paperSize="9"' in inside
    assert re.search(r"<f>SUMIF\(\$E\$(\d+):\$E\$(\d+),1,C\1:C\2\)</f><v>3(\.0)?</v>", inside)
    assert "_xlnm.Print_Titles" in workbook
    assert "#,##0.00" in styles
    assert "dd.mm.yyyy" in styles


def test_a_long_list_is_written_without_being_kept() -> None:
    def rows(number: int) -> Iterator[Row]:
        for at in range(number):
            yield Row([DAY, f"row {at}", at, 0])

    def peak(number: int) -> int:
        tracemalloc.start()
        with TemporaryFile() as file:
            sheet.write(Table("x", COLUMNS, rows(number), total_label="Total"), ABOUT, file)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    short, long = peak(1_000), peak(6_000)
    assert long < short + 500_000, (short, long)
