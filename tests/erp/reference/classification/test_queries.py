from datetime import date

import pytest
from sqlalchemy import Connection, text

from erp.base.scope import system_scope
from erp.reference.classification import queries
from erp.reference.packages import service
from ledger.model import Dimension

SCOPE = system_scope()
DAY = date(2026, 5, 1)


@pytest.fixture
def registers(owner: Connection) -> Connection:
    service.load_shipped(owner, SCOPE)
    return owner


def codes(registers: Connection, dimension: Dimension, typed: str, language: str = "ru", day: date = DAY) -> list[str]:
    found = queries.search(registers, SCOPE, dimension, typed, day=day, language=language, limit=50)
    return [value.code for value in found]


@pytest.mark.parametrize(
    ("language", "typed"),
    [
        ("kk", "еңбекке ақы"),
        ("kk", "ЕҢБЕККЕ АҚЫ"),
        ("ru", "оплата труда"),
        ("ru", "труда опл"),
        ("en", "remuneration"),
        ("en", "111"),
    ],
)
def test_a_specific_is_found_by_code_and_in_three_languages(registers: Connection, language: str, typed: str) -> None:
    assert codes(registers, Dimension.SPECIFIC, typed, language)[0] == "111"


def test_words_are_found_in_any_language_whatever_the_page_speaks(registers: Connection) -> None:
    assert "111" in codes(registers, Dimension.SPECIFIC, "еңбекке remuneration", "ru")


def test_yo_and_the_latin_i_are_found_as_they_are_typed(registers: Connection) -> None:
    assert "464.003" in codes(registers, Dimension.PROGRAMME, "жалпы бiлiм", "kk")
    assert codes(registers, Dimension.PROGRAMME, "учёт") == codes(registers, Dimension.PROGRAMME, "учет")


def test_signs_of_patterns_mean_themselves(registers: Connection) -> None:
    assert codes(registers, Dimension.SPECIFIC, "%") == []
    assert codes(registers, Dimension.SPECIFIC, "_") == []


def test_a_programme_is_offered_alone_and_with_its_typical_subprogrammes(registers: Connection) -> None:
    found = codes(registers, Dimension.PROGRAMME, "464.003")
    assert found[0] == "464.003"
    assert "464.003.015" in found


def test_groups_and_administrators_are_not_codes_of_postings(registers: Connection) -> None:
    assert "110" not in codes(registers, Dimension.SPECIFIC, "110")
    assert codes(registers, Dimension.PROGRAMME, "04.2") == []


def test_a_code_is_offered_only_on_days_it_is_in_force(registers: Connection) -> None:
    assert "116" in codes(registers, Dimension.SPECIFIC, "116", day=date(2024, 1, 1))
    assert "116" not in codes(registers, Dimension.SPECIFIC, "116", day=date(2023, 12, 31))


def test_currencies_are_found_by_name(registers: Connection) -> None:
    assert codes(registers, Dimension.CURRENCY, "теңге", "kk") == ["KZT"]


def test_nothing_typed_offers_the_first_codes(registers: Connection) -> None:
    assert codes(registers, Dimension.SPECIFIC, "")[:3] == ["111", "112", "113"]


def test_labels_name_codes_in_three_languages_and_say_how_sure_they_are(registers: Connection) -> None:
    labels = queries.labels(registers, SCOPE, Dimension.SPECIFIC, [(code, DAY) for code in ("111", "137", "999")])
    assert sorted(labels) == [("111", DAY), ("137", DAY)]
    assert [labels["111", DAY].name(language) for language in ("kk", "ru", "en")] == [
        "Еңбекке ақы төлеу",
        "Оплата труда",
        "Remuneration of labour",
    ]
    assert [labels[code, DAY].is_not_verified for code in ("111", "137")] == [False, True]


def test_a_subprogramme_is_named_with_its_programme(registers: Connection) -> None:
    labels = queries.labels(
        registers, SCOPE, Dimension.PROGRAMME, [(code, DAY) for code in ("464.003.015", "464.003.777")]
    )
    assert labels["464.003.015", DAY].name("ru") == "Общеобразовательное обучение · За счет средств местного бюджета"
    assert labels["464.003.777", DAY].name("ru") == "Общеобразовательное обучение"


def test_a_code_that_ended_keeps_its_name(registers: Connection) -> None:
    registers.execute(
        text("""UPDATE reference_classification SET in_force = daterange('2015-01-01', '2020-01-01')
                 WHERE kind = 'economic' AND code = '111'""")
    )
    labels = queries.labels(registers, SCOPE, Dimension.SPECIFIC, [(code, DAY) for code in ("111",)])
    assert labels["111", DAY].name("ru") == "Оплата труда"


def test_unknown_codes_are_told(registers: Connection) -> None:
    asked = ["464.003", "464.003.015", "464.003.777", "464", "999.001", "464.003.7"]
    assert queries.unknown_codes(registers, SCOPE, Dimension.PROGRAMME, asked, day=DAY) == [
        "464",
        "464.003.7",
        "999.001",
    ]
    assert queries.unknown_codes(registers, SCOPE, Dimension.SPECIFIC, ["111", "110"], day=DAY) == ["110"]


def test_the_application_role_reads_the_registers_and_changes_none(registers: Connection) -> None:
    registers.execute(text("SET LOCAL ROLE qazyna_app"))
    assert codes(registers, Dimension.SPECIFIC, "111")
    granted = registers.execute(
        text("""SELECT t, p FROM unnest(ARRAY['reference_package', 'reference_classification', 'reference_currency']) t,
                       unnest(ARRAY['INSERT', 'UPDATE', 'DELETE']) p WHERE has_table_privilege(t, p)""")
    ).all()
    assert granted == []
