from contextlib import suppress
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp.base.dates import DayMalformed
from erp.base.errors import DomainError
from erp.base.money import AmountMalformed
from erp.base.sheets.model import Value as Cell
from erp.base.sheets.values import day_of, text_of, tiyn_of
from erp.finance.journal.imports.errors import FileUnreadable, HeadingsNotFound, LineBroken, LineTooWide
from erp.finance.journal.imports.reading import (
    Row,
    code_of,
    examine,
    open_table,
)
from ledger.model import Dimension
from tests.erp.finance.journal.imports.files import A_ROW, HEADINGS, Content, a_csv, an_ods, an_xlsx

KAZAKH = "Қаңтар айының жалақысы: Ә Ғ Ң Ө Ұ Ү Һ І ә ғ қ ң ө ұ ү һ і"


def rows_of(path: Path) -> list[Row]:
    with open_table(path, examine(path)) as table:
        return list(table.rows)


# ------------------------------------------------------------------------------------------------ files


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "kz1048"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_any_encoding_and_delimiter_gives_the_same_rows(tmp_path: Path, encoding: str, delimiter: str) -> None:
    row = ("15.03.2026", "1", "1010", "6010", "100.00", KAZAKH)
    path = a_csv(tmp_path, row, delimiter=delimiter, encoding=encoding)
    assert rows_of(path) == [Row(2, list(row))]


def test_russian_of_code_page_1251_is_read_as_written(tmp_path: Path) -> None:
    text = "Оплата по счёту № 5 «Школа»"
    assert rows_of(a_csv(tmp_path, (*A_ROW[:5], text), encoding="cp1251"))[0].cells[5] == text


@given(
    texts=st.lists(st.text(alphabet='абвгдеёжзийклмнопрстуфхцчшщъыьэюяқңғүұөәһі \t\n";,«»№-0', min_size=1), min_size=1)
)
def test_whatever_stands_in_quoted_cells_comes_back(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    place = tmp_path_factory.mktemp("quoted")
    quoted = [(*A_ROW[:5], '"' + text.replace('"', '""') + '"') for text in texts]
    for encoding in ("utf-8", "kz1048"):
        assert [r.cells[5] for r in rows_of(a_csv(place, *quoted, encoding=encoding))] == texts


def test_a_row_has_the_line_it_starts_in(tmp_path: Path) -> None:
    rows = rows_of(a_csv(tmp_path, (*A_ROW[:5], '"two\r\nlines"'), A_ROW))
    assert [r.line for r in rows] == [2, 4]


def test_titles_above_the_headings_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "journal.csv"
    title = 'ГУ "Школа № 5"\r\nЖурнал операций; март, 2026\r\n\r\n'
    path.write_text(title + ";".join(HEADINGS) + "\r\n" + ";".join(A_ROW), "utf-8")
    assert rows_of(path) == [Row(5, list(A_ROW))]


def test_headings_further_down_than_the_thirtieth_row_are_not_looked_for(tmp_path: Path) -> None:
    path = a_csv(tmp_path, *[("",)] * 29, HEADINGS, A_ROW, headings=("Отчёт",))
    with pytest.raises(HeadingsNotFound):
        rows_of(path)


def test_the_headings_that_lack_are_named(tmp_path: Path) -> None:
    with pytest.raises(HeadingsNotFound) as refusal:
        rows_of(a_csv(tmp_path, A_ROW, headings=("Дата", "Номер", "Дебет", "Сальдо", "Сумма", "Текст")))
    assert refusal.value.fields["missing"] == "credit"


def test_short_rows_are_filled_up_and_blank_ends_pass(tmp_path: Path) -> None:
    rows = rows_of(a_csv(tmp_path, A_ROW[:5], (*A_ROW, "", "")))
    assert [(len(r.cells) >= 6, r.fault) for r in rows] == [(True, None)] * 2


@pytest.mark.parametrize("row", ["15.03.2026,1,1010,6010,1234,56,Касса", "15.03.2026,1,1010,6010,1234,56,"])
def test_a_decimal_comma_between_commas_is_never_cut_in_two(tmp_path: Path, row: str) -> None:
    (found,) = rows_of(a_csv(tmp_path, tuple(row.split(",")), delimiter=","))
    assert isinstance(found.fault, LineTooWide)


def test_quotation_marks_that_do_not_pair_are_told_by_line(tmp_path: Path) -> None:
    rows = rows_of(a_csv(tmp_path, A_ROW, (*A_ROW[:5], '"ТОО "Заря""'), A_ROW))
    assert [(r.line, type(r.fault)) for r in rows] == [(2, type(None)), (3, LineBroken)]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"\x00\x01\x02" * 50, "picture.csv"),
        (b"PK\x03\x04" + b"\x00" * 50, "broken.xlsx"),
        (b"\x98\x98;\xff", "no-encoding.csv"),
    ],
)
def test_what_is_no_table_is_refused_in_a_sentence(tmp_path: Path, content: bytes, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FileUnreadable) as refusal:
        rows_of(path)
    assert refusal.value.fields["file"] == name


def test_a_file_that_is_not_there_and_one_that_is_empty_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable):
        examine(tmp_path / "nowhere.csv")
    (tmp_path / "empty.csv").touch()
    with pytest.raises(HeadingsNotFound):
        rows_of(tmp_path / "empty.csv")


def test_a_workbook_gives_the_first_sheet_with_cells_by_its_own_row_numbers(tmp_path: Path) -> None:
    row: list[Content] = [date(2026, 3, 15), 1, 1010, 6010, 100.5, "Касса"]
    path = an_xlsx(tmp_path, [], [[], ["Журнал"], [], HEADINGS, row], [HEADINGS])
    (found,) = rows_of(path)
    assert found == Row(5, [date(2026, 3, 15), 1.0, 1010.0, 6010.0, 100.5, "Касса"])


def test_a_workbook_is_known_by_its_content_not_by_its_name(tmp_path: Path) -> None:
    assert len(rows_of(an_xlsx(tmp_path, [HEADINGS, A_ROW], name="journal.csv"))) == 1


def test_an_opendocument_sheet_is_read_too(tmp_path: Path) -> None:
    assert rows_of(an_ods(tmp_path, [HEADINGS, A_ROW])) == [Row(2, list(A_ROW))]


# ------------------------------------------------------------------------------------------------ cells


@given(tiyn=st.integers(-(10**14), 10**14), space=st.sampled_from([" ", "\u00a0", "\u202f", "\u2009", ""]))
def test_amounts_are_read_as_people_and_programs_write_them(tiyn: int, space: str) -> None:
    sign, (whole, tail) = "-" if tiyn < 0 else "", divmod(abs(tiyn), 100)
    grouped = f"{whole:,}"
    for text in (
        f"{sign}{whole},{tail:02d}",
        f"{sign}{whole}.{tail:02d}",
        f" {sign}{grouped.replace(',', space)},{tail:02d} ",
        f"{sign}{grouped}.{tail:02d}",
        f"{sign}{grouped.replace(',', '.')},{tail:02d}",
    ):
        assert tiyn_of(text) == tiyn


@given(tiyn=st.integers(-(10**13), 10**13))
def test_a_spreadsheets_number_is_the_same_amount(tiyn: int) -> None:
    assert tiyn_of(tiyn / 100) == tiyn


@pytest.mark.parametrize(
    "cell",
    ["", "сто", "1,234", "1.2.3", "10,555", 0.123, float("nan"), float("inf"), True, date(2026, 1, 1), "1" * 5000],
)
def test_what_is_no_amount_is_refused(cell: Cell) -> None:
    with pytest.raises(AmountMalformed):
        tiyn_of(cell)


@given(st.text() | st.floats() | st.integers() | st.booleans() | st.dates() | st.datetimes() | st.times())
def test_no_cell_breaks_the_reading(cell: Cell) -> None:
    assert "\x00" not in text_of(cell)
    for read in (tiyn_of, day_of):
        with suppress(DomainError):
            read(cell)
    for dimension in Dimension:
        code_of(dimension, cell)


@given(day=st.dates(date(1991, 1, 1), date(2199, 12, 31)))
def test_days_are_read_as_people_and_programs_write_them(day: date) -> None:
    clock = datetime(day.year, day.month, day.day, 23, 59)  # noqa: DTZ001
    cells: list[Cell] = [
        f"{day:%d.%m.%Y}",
        f" {day:%d.%m.%Y} 12:30:45",
        f"{day:%Y-%m-%d}",
        f"{day:%Y-%m-%d}T08:00:00",
        day,
        clock,
    ]
    assert {day_of(cell) for cell in cells} == {day}


@pytest.mark.parametrize("cell", ["", "31.02.2026", "15.03/26", "03/15/2026", 1316.0, "март", True])
def test_what_is_no_day_is_refused(cell: Cell) -> None:
    with pytest.raises(DayMalformed):
        day_of(cell)


@pytest.mark.parametrize(
    ("dimension", "cell", "code"),
    [
        (Dimension.COUNTERPARTY, 940340000144.0, "940340000144"),
        (Dimension.COUNTERPARTY, "140000003", "140000003"),  # the check digit does not fit: as found
        (Dimension.COUNTERPARTY, "ТОО  Заря", "ТОО Заря"),
        (Dimension.PROGRAMME, 464.01, "464.010"),
        (Dimension.PROGRAMME, "464.010.015", "464.010.015"),
        (Dimension.SPECIFIC, 111.0, "111"),
        (Dimension.CURRENCY, "usd", "USD"),
        (Dimension.CONTRACT, 15, "15"),
        (Dimension.ITEM, "", ""),
    ],
)
def test_codes_are_what_the_registers_call_them(dimension: Dimension, cell: Cell, code: str) -> None:
    assert code_of(dimension, cell) == code


@pytest.mark.parametrize("cell", [140000002.0, 140000002, "140000002", "000 140 000 002", "000140000002"])
def test_a_bin_gets_its_lost_zeros_back_where_the_check_digit_fits(cell: Cell) -> None:
    assert code_of(Dimension.COUNTERPARTY, cell) == "000140000002"
