from datetime import date
from pathlib import Path
from typing import Any

import pytest

from erp.base.dates import DateInterval
from erp.reference.packages import rules, service
from erp.reference.packages.model import AccountRow, Content, Problem
from ledger.model import Dimension
from tests.erp.reference.packages.packages import (
    ACCOUNT_COLUMNS,
    a_group,
    a_manifest,
    a_package,
    a_specific,
    an_account,
    economic,
)


def problems_of(directory: Path) -> tuple[Problem, ...]:
    with pytest.raises(rules.PackageInvalid) as caught:
        rules.parse(directory)
    return caught.value.problems


def the_problem_of(directory: Path) -> Problem:
    (problem,) = problems_of(directory)
    return problem


def accounts_of(directory: Path) -> dict[str, AccountRow]:
    rows = rules.parse(directory).contents[Content.ACCOUNTS]
    return {row.code: row for row in rows if isinstance(row, AccountRow)}


# --------------------------------------------------------------------------------------------- what is right


@pytest.mark.parametrize("directory", service.shipped(), ids=lambda d: d.name)
def test_every_shipped_package_is_valid(directory: Path) -> None:
    package = rules.parse(directory)
    assert package.name == directory.name
    assert package.rows > 0


def test_the_shipped_packages_fill_every_register_once() -> None:
    contents = [c for d in service.shipped() for c in rules.parse(d).contents]
    assert sorted(contents) == sorted(Content)


def test_what_is_recalled_is_counted_as_not_verified(tmp_path: Path) -> None:
    sure = [an_account("1010", confidence="verified"), an_account("1020", confidence="high")]
    unsure = [an_account("1030", confidence="medium"), an_account("1040", confidence="low")]
    package = rules.parse(a_package(tmp_path, sure + unsure))
    assert (package.rows, package.not_verified) == (4, 2)


def test_dimensions_are_read_as_bits(tmp_path: Path) -> None:
    row = an_account(mandatory="programme specific", permitted="programme specific source")
    account = accounts_of(a_package(tmp_path, [row]))["1010"]
    assert account.mandatory == Dimension.PROGRAMME | Dimension.SPECIFIC
    assert account.permitted == Dimension.PROGRAMME | Dimension.SPECIFIC | Dimension.SOURCE


def test_a_row_counts_for_the_days_it_shares_with_the_edition(tmp_path: Path) -> None:
    rows = [an_account("1010"), an_account("1020", valid_from="2020-01-01", valid_to="2027-01-01")]
    accounts = accounts_of(a_package(tmp_path, rows, valid_from="2026-01-01"))
    assert accounts["1010"].in_force == DateInterval(date(2026, 1, 1), None)
    assert accounts["1020"].in_force == DateInterval(date(2026, 1, 1), date(2027, 1, 1))


def test_the_digest_follows_every_file(tmp_path: Path) -> None:
    first = rules.parse(a_package(tmp_path)).sha256
    assert rules.parse(a_package(tmp_path)).sha256 == first
    assert rules.parse(a_package(tmp_path, [an_account(name_en="Cash")])).sha256 != first
    assert rules.parse(a_package(tmp_path, edition='"second"')).sha256 != first


def test_a_name_may_hold_commas_quotation_marks_and_words_of_two_alphabets(tmp_path: Path) -> None:
    name = 'Депозиты, "овернайт" и SWIFT'
    assert accounts_of(a_package(tmp_path, [an_account(name_ru=name)]))["1010"].names.ru == name


# --------------------------------------------------------------------------------------------- what is wrong


def test_all_faults_are_told_at_once_with_their_places(tmp_path: Path) -> None:
    rows = [an_account("1010", confidence="sure"), an_account("1020", kind="assets", parent_code="")]
    first, second, third = problems_of(a_package(tmp_path, rows, act='""'))
    assert str(first) == "chart/package.toml: act: found nothing, expected a text"
    assert str(second) == ("chart/rows.csv:2: confidence: found “sure”, expected one of: verified, high, medium, low")
    assert (third.line, third.column, third.found) == (3, "kind", "“assets”")


@pytest.mark.parametrize(
    ("said", "column", "found"),
    [
        ({"code": "10a"}, "code", "“10a”"),
        ({"name_kk": ""}, "name_kk", "nothing"),
        ({"name_ru": "Деньги  в кассе"}, "name_ru", "“Деньги  в кассе”"),
        ({"name_kk": "Бiлiм"}, "name_kk", "Latin and Cyrillic letters in “Бiлiм”"),
        ({"kind": "money"}, "kind", "“money”"),
        ({"normal_side": "left"}, "normal_side", "“left”"),
        ({"postable": "true"}, "postable", "“true”"),
        ({"permitted": "source colour"}, "permitted", "“colour”"),
        ({"mandatory": "programme"}, "mandatory", "programme, which permitted lacks"),
        ({"parent_code": "1999"}, "parent_code", "unknown account 1999"),
        ({"confidence": "sure"}, "confidence", "“sure”"),
        ({"source": ""}, "source", "nothing"),
        ({"valid_from": "01.01.2026"}, "valid_from", "“01.01.2026”"),
        ({"valid_to": "2025-01-01"}, "valid_from", "… to 2025-01-01"),
        ({"postable": "no"}, "permitted", "dimensions or quantity of a group"),
        ({"role": "result"}, "role", "“result”"),
        ({"role": "year_result"}, "role", "year_result of 1010"),
    ],
)
def test_a_wrong_cell_of_an_account_is_named(tmp_path: Path, said: dict[str, str], column: str, found: str) -> None:
    problem = the_problem_of(a_package(tmp_path, [a_group(), an_account(**said)]))
    assert (problem.file, problem.line, problem.column) == ("chart/rows.csv", 3, column)
    assert problem.found == found
    assert problem.expected


def test_a_code_stands_once(tmp_path: Path) -> None:
    problem = the_problem_of(a_package(tmp_path, [an_account(), an_account()]))
    assert (problem.line, problem.found) == (3, "1010 a second time (first in line 2)")


def test_a_role_is_one_account_s(tmp_path: Path) -> None:
    rows = [an_account(code, kind="net_assets", role="year_result") for code in ("5210", "5220")]
    problem = the_problem_of(a_package(tmp_path, rows))
    assert (problem.line, problem.column, problem.found) == (3, "role", "year_result a second time (first of 5210)")
    assert accounts_of(a_package(tmp_path, rows[:1]))["5210"].role == "year_result"


def test_a_parent_takes_no_entries(tmp_path: Path) -> None:
    problem = the_problem_of(a_package(tmp_path, [an_account("1000"), an_account("1010", parent_code="1000")]))
    assert (problem.line, problem.found) == (3, "1000, which is postable")


def test_accounts_do_not_stand_in_a_circle(tmp_path: Path) -> None:
    rows = [a_group("1000", parent_code="1100"), a_group("1100", parent_code="1000")]
    assert [p.line for p in problems_of(a_package(tmp_path, rows))] == [2, 3]


def test_a_missing_column_is_named_once(tmp_path: Path) -> None:
    columns = [c for c in ACCOUNT_COLUMNS if c != "kind"]
    row = {c: an_account()[c] for c in columns}
    problem = the_problem_of(a_package(tmp_path, [row], columns=columns))
    assert problem.line == 1
    assert "kind" in problem.expected
    assert "kind" not in problem.found


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('1010,,"Касса "наличные",x', "CSV with quotation marks doubled inside a cell"),
        ("1010,,Касса", "16 cells"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str, expected: str) -> None:
    directory = a_package(tmp_path)
    (directory / "rows.csv").write_text(",".join(ACCOUNT_COLUMNS) + f"\n{line}\n", encoding="utf-8")
    problem = the_problem_of(directory)
    assert (problem.line, problem.expected) == (2, expected)


def test_other_bytes_than_utf_8_are_named_by_line(tmp_path: Path) -> None:
    directory = a_package(tmp_path)
    (directory / "rows.csv").write_bytes(",".join(ACCOUNT_COLUMNS).encode() + b"\n1010,\xea\xe0\n")
    problem = the_problem_of(directory)
    assert (problem.line, problem.expected) == (2, "UTF-8")


@pytest.mark.parametrize(
    ("said", "column"),
    [
        ({"name": '"other"'}, "name"),
        ({"act": ""}, "act"),
        ({"edition": "7"}, "edition"),
        ({"licence": ""}, "licence"),
        ({"title": '{ kk = "Тест", ru = "Тест" }'}, "title.en"),
        ({"valid_from": '"2026-01-01"'}, "valid_from"),
        ({"valid_to": "2025-12-31"}, "valid_to"),
        ({"colour": '"red"'}, "colour"),
        ({"files": '[{ path = "rows.csv", content = "norms" }]'}, "files.content"),
        (
            {"files": '[{ path = "rows.csv", content = "accounts" }, { path = "none.csv", content = "revenue" }]'},
            "files.path",
        ),
        (
            {"files": '[{ path = "rows.csv", content = "accounts" }, { path = "rows.csv", content = "accounts" }]'},
            "files.content",
        ),
    ],
)
def test_a_wrong_key_of_the_manifest_is_named(tmp_path: Path, said: dict[str, Any], column: str) -> None:
    problem = the_problem_of(a_package(tmp_path, **said))
    assert (problem.file, problem.column) == ("chart/package.toml", column)


def test_a_manifest_that_is_not_toml_is_told_with_its_line(tmp_path: Path) -> None:
    directory = a_package(tmp_path)
    (directory / "package.toml").write_text('name = "chart"\nact = order 281\n', encoding="utf-8")
    assert "line 2" in the_problem_of(directory).found


def test_a_folder_without_a_manifest_is_told(tmp_path: Path) -> None:
    assert the_problem_of(tmp_path).found == "no such file"


def test_a_file_that_the_manifest_does_not_list_is_told(tmp_path: Path) -> None:
    directory = a_package(tmp_path)
    (directory / "more.csv").write_text("code\n", encoding="utf-8")
    assert the_problem_of(directory).file == "chart/more.csv"


def test_a_manifest_without_files_is_told(tmp_path: Path) -> None:
    directory = a_package(tmp_path)
    (directory / "package.toml").write_text(a_manifest("chart", files=""), encoding="utf-8")
    assert {p.column for p in problems_of(directory)} == {"files", None}


@pytest.mark.parametrize(
    ("said", "column", "found"),
    [
        ({"level": "line"}, "level", "“line”"),
        ({"code": "11"}, "code", "11"),
        ({"parent_code": "120"}, "parent_code", "unknown code 120"),
        ({"parent_code": "1.1"}, "parent_code", "1.1, a class"),
    ],
)
def test_a_wrong_cell_of_a_classification_is_named(
    tmp_path: Path, said: dict[str, str], column: str, found: str
) -> None:
    directory = a_package(tmp_path, economic(a_specific(**said)), content="economic")
    problem = the_problem_of(directory)
    assert (problem.line, problem.column, problem.found) == (5, column, found)


def test_a_programme_needs_its_administrator(tmp_path: Path) -> None:
    rows = [
        a_specific("04", parent_code="", level="group"),
        a_specific("04.2", parent_code="04", level="subgroup"),
        a_specific("464.003", parent_code="04.2", level="programme"),
    ]
    problem = the_problem_of(a_package(tmp_path, rows, content="functional"))
    assert (problem.line, problem.found) == (4, "unknown administrator 464")
    administrator = a_specific("464", parent_code="", level="administrator")
    assert rules.parse(a_package(tmp_path, [administrator, *rows], content="functional")).rows == 4


@pytest.mark.parametrize("sign", ["\x00", "\x08", "\x7f", "\x9b"])
def test_control_characters_are_faults_of_the_package(tmp_path: Path, sign: str) -> None:
    problem = the_problem_of(a_package(tmp_path, [an_account(name_en=f"Ca{sign}sh")]))
    assert (problem.line, problem.column, problem.expected) == (2, "name_en", "no control characters")
    problem = the_problem_of(a_package(tmp_path, edition=f'"fir\\u00{ord(sign):02x}st"'))
    assert (problem.column, problem.expected) == ("edition", "no control characters")
