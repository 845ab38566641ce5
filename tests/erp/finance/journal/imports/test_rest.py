"""Imports that post what is right and leave the rest in a file: nothing is lost, and nothing is posted twice."""

import csv
from pathlib import Path

import pytest

from erp.finance.journal.imports import model
from erp.finance.journal.imports.errors import FileAlreadyImported, FileRepeats, ImportRefused, RestNotWritten
from tests.erp.finance.journal.imports.conftest import Importer
from tests.erp.finance.journal.imports.files import HEADINGS, a_csv, an_xlsx

ROWS = (
    ("15.03.2026", "1", "1010", "1020", "100,00", "Касса"),
    ("15.03.2026", "2", "1010", "1020", "10,00", "Касса"),
    ("15.03.2026", "2", "1010", "1020", "abc", "Касса"),
    ("15.03.2026", "2", "1020", "1010", "30,00", "Касса"),
    ("16.03.2026", "", "1010", "9999", "40,00", "Касса"),
    ("16.03.2026", "3", "1020", "1010", "5,00", "Касса"),
)
MENDED = (*ROWS[:2], (*ROWS[2][:4], "20,00", "Касса"), ROWS[3], (*ROWS[4][:3], "1020", *ROWS[4][4:]), ROWS[5])


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, delimiter=";"))


def mend(path: Path, name: str, *replaced: tuple[str, str]) -> Path:
    text = path.read_text("utf-8-sig")
    for wrong, right in replaced:
        assert wrong in text
        text = text.replace(wrong, right)
    mended = path.with_name(name)
    mended.write_text(text, "utf-8-sig")
    return mended


def test_entries_with_a_refused_row_are_left_whole_and_posted_once_when_mended(
    importer: Importer, tmp_path: Path
) -> None:
    rest = tmp_path / "rest.csv"
    result = importer(a_csv(tmp_path, *ROWS), rest=rest)
    assert (result.totals.rows, result.totals.entries, result.totals.amount_tiyn) == (2, 2, 105_00)
    assert (result.rows_left, len(result.refusals)) == (4, 2)
    assert importer.turnovers() == {"1010": (100_00, 5_00), "1020": (5_00, 100_00)}

    headings, *rows = rows_of(rest)
    assert headings == [*HEADINGS, "why refused", "left out of"]
    assert [tuple(row[:6]) for row in rows] == list(ROWS[1:5])
    assert [row[6].partition(":")[0] for row in rows] == ["", "Сумма", "", "Кредит"]
    assert len({row[7] for row in rows}) == 1

    mended = mend(rest, "mended.csv", ("abc", "20,00"), ("9999", "1020"))
    result = importer(mended)
    assert (result.totals.rows, result.totals.entries, result.rows_left) == (4, 2, 0)
    assert result.columns_ignored == ()
    assert importer.turnovers() == {"1010": (170_00, 35_00), "1020": (35_00, 170_00)}
    assert importer.held() == (6, 2)
    assert importer.ask("SELECT rows_left, rest_of IS NULL FROM finance_journal_import ORDER BY id") == [
        (4, True),
        (0, False),
    ]

    with pytest.raises(FileAlreadyImported):
        importer(mended)
    with pytest.raises(FileRepeats):
        importer(mend(mended, "again.csv", ("Касса", "Касса ")))
    with pytest.raises(FileRepeats) as refusal:
        importer(a_csv(tmp_path, *MENDED, name="whole.csv"))
    assert (refusal.value.fields["other"], refusal.value.fields["found"]) == ("journal.csv", 2)
    assert importer.held() == (6, 2)


def test_a_rest_may_leave_a_rest_and_its_rows_may_equal_posted_ones(importer: Importer, tmp_path: Path) -> None:
    twin = ("16.03.2026", "", "1010", "1020", "40,00", "Касса")
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    importer(a_csv(tmp_path, twin, ROWS[4], ROWS[2]), rest=first)
    importer(mend(first, "first-mended.csv", ("9999", "1020")), rest=second)
    headings, *rows = rows_of(second)
    assert headings == [*HEADINGS, "why refused", "left out of"]
    assert [tuple(row[:6]) for row in rows] == [ROWS[2]]
    importer(mend(second, "second-mended.csv", ("abc", "20,00")))
    assert importer.turnovers() == {"1010": (100_00, 0), "1020": (0, 100_00)}


def test_other_files_are_imported_beside_one_that_left_rows(importer: Importer, tmp_path: Path) -> None:
    importer(a_csv(tmp_path, *ROWS), rest=tmp_path / "rest.csv")
    importer(a_csv(tmp_path, ("17.03.2026", "1", "1010", "1020", "100,00", "Касса"), name="other.csv"))
    assert importer.held() == (3, 2)


def test_rows_of_the_same_number_before_and_after_a_refused_row_are_left_with_it(
    importer: Importer, tmp_path: Path
) -> None:
    unread = ("31.02.2026", "2", "1010", "1020", "1,00", "Касса")
    rest = tmp_path / "rest.csv"
    result = importer(a_csv(tmp_path, ROWS[0], ROWS[1], unread, ROWS[3], ROWS[5]), rest=rest)
    assert (result.totals.entries, result.rows_left) == (2, 3)
    assert [tuple(row[:6]) for row in rows_of(rest)[1:]] == [ROWS[1], unread, ROWS[3]]


def test_a_spreadsheet_leaves_a_rest_as_well(importer: Importer, tmp_path: Path) -> None:
    rest = tmp_path / "rest.csv"
    importer(an_xlsx(tmp_path, [HEADINGS, *ROWS]), rest=rest)
    assert [tuple(row[:6]) for row in rows_of(rest)[1:]] == list(ROWS[1:5])


def test_where_nothing_is_left_there_is_no_file(importer: Importer, tmp_path: Path) -> None:
    rest = tmp_path / "rest.csv"
    assert importer(a_csv(tmp_path, *MENDED), rest=rest).rows_left == 0
    assert not rest.exists()


@pytest.mark.parametrize(
    "rows",
    [ROWS[2:3], (ROWS[0], ("Итого", "", "", "", "99,00", ""))],
    ids=["nothing is right", "the file's own total differs"],
)
def test_a_file_that_cannot_be_divided_is_refused_whole(
    importer: Importer, tmp_path: Path, rows: tuple[tuple[str, ...], ...]
) -> None:
    rest = tmp_path / "rest.csv"
    with pytest.raises(ImportRefused):
        importer(a_csv(tmp_path, *rows), rest=rest)
    assert importer.held() == (0, 0)
    assert not rest.exists()


def test_a_file_that_exists_is_not_written_over(importer: Importer, tmp_path: Path) -> None:
    path = a_csv(tmp_path, *ROWS)
    before = path.read_bytes()
    with pytest.raises(RestNotWritten):
        importer(path, rest=path)
    assert path.read_bytes() == before
    assert importer.held() == (0, 0)


def test_memory_holds_one_entry_of_what_is_left(
    importer: Importer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model.Refusals, "SHOWN", 10)
    rest = tmp_path / "rest.csv"
    long = [("15.03.2026", "7", "1010", "1020", "1,00", "Касса")] * 32_769
    result = importer(a_csv(tmp_path, ROWS[0], *long, ROWS[5]), rest=rest)
    assert (result.totals.entries, result.rows_left, len(result.refusals)) == (2, 32_769, 1)
    assert len(rows_of(rest)) == 32_770
