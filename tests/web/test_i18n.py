import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp.base.dates import IntervalReversed
from erp.base.errors import DomainError
from erp.base.i18n import Language
from erp.base.money import parse_tiyn
from erp.finance.recoding.rules import RecodingImpossible
from erp.finance.reorganisation.rules import LeavingImpossible
from ledger.errors import DimensionMissing, MonthsNotClosed, NotSealedYet, PeriodClosed, StornoBeforeEntry
from web.i18n import alphabetical, moment, money, number, speech, translate


def test_money_is_grouped_by_no_break_spaces_and_has_a_true_minus() -> None:
    assert money(123456789) == "1\u00a0234\u00a0567,89"
    assert money(-500) == "\u22125,00"
    assert money(5) == "0,05"


@given(st.integers(-9_000_000_000_000_000, 9_000_000_000_000_000))
def test_an_amount_shown_can_be_typed_back(tiyn: int) -> None:
    assert parse_tiyn(money(tiyn).replace("\u2212", "-")) == tiyn


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("64", "64"),
        ("-1234.50", "−1\u00a0234,5"),
        ("0.086", "0,086"),
        ("1E+2", "100"),
        ("-0.00", "0"),
        ("-0.5", "−0,5"),
    ],
)
def test_a_number_is_shown_as_people_write_it(value: str, said: str) -> None:
    assert number(Decimal(value)) == said


@pytest.mark.parametrize("language", Language)
def test_no_words_are_no_words_in_every_language(language: Language) -> None:
    """The catalogue keeps its own heading under the empty message."""
    assert speech(language)("") == ""


def test_an_instant_is_shown_in_the_country_s_time() -> None:
    assert moment(datetime(2026, 11, 22, 20, 30, tzinfo=UTC)) == "23.11.2026 01:30"


@pytest.mark.parametrize(
    ("language", "one", "several", "two_years"),
    [
        (Language.KK, "2026 ж. қараша", "2026 ж. қаңтар – қараша", "2025 ж. қараша – 2026 ж. қаңтар"),
        (Language.RU, "ноябрь 2026", "январь – ноябрь 2026", "ноябрь 2025 – январь 2026"),
        (Language.EN, "November 2026", "January – November 2026", "November 2025 – January 2026"),
    ],
)
def test_months_are_named(language: Language, one: str, several: str, two_years: str) -> None:
    say = speech(language)
    assert say.month(date(2026, 11, 1)) == one
    assert say.months(date(2026, 11, 1), date(2026, 11, 1)) == one
    assert say.months(date(2026, 1, 1), date(2026, 11, 1)) == several
    assert say.months(date(2025, 11, 1), date(2026, 1, 1)) == two_years


def test_a_refusal_tells_its_facts_in_the_reader_s_words() -> None:
    missing = DimensionMissing(account="3210", dimensions=["counterparty", "programme"])
    assert translate(missing, Language.RU) == "По счёту 3210 обязательны: Контрагент, Бюджетная программа."
    assert "2026 ж. ақпан" in translate(PeriodClosed(month="2026-02"), Language.KK)
    assert translate(StornoBeforeEntry(day="2026-02-01", entry_day="2026-03-01"), Language.EN).startswith(
        "A storno or reversal dated 01.02.2026"
    )
    not_closed = translate(MonthsNotClosed(year=2026, months=["2026-03", "2026-04"]), Language.EN)
    assert not_closed.endswith("March 2026, April 2026.")
    assert "январь 2026" in translate(IntervalReversed(first="2026-05", last="2026-01"), Language.RU)


@pytest.mark.parametrize("language", list(Language))
def test_an_instant_inside_a_refusal_is_told_in_the_country_s_time(language: Language) -> None:
    """As the database tells them: of JSON, and of its own text; before the first seal there is none."""
    refusal = NotSealedYet(instant="2026-11-23T00:00:00+00:00", sealed_at="2026-11-22 19:23:15.819494+00")
    told = translate(refusal, language)
    assert "23.11.2026 05:00" in told
    assert "23.11.2026 00:23" in told
    assert "819494" not in told
    assert "—" in translate(NotSealedYet(instant="2026-11-23T00:00:00+00:00", sealed_at="—"), language)


def test_what_is_no_refusal_of_ours_keeps_its_own_words() -> None:
    assert translate(ValueError("boom {x}"), Language.KK) == "boom {x}"


@pytest.mark.parametrize(
    ("language", "message", "said"),
    [
        (Language.EN, "{n:block|blocks} of {m:entry|entries}", ["1 block of 1 entry", "2 blocks of 21 entries"]),
        (Language.RU, "{n:блок|блока|блоков}, {m:запись|записи|записей}", ["1 блок, 1 запись", "2 блока, 21 запись"]),
        (
            Language.RU,
            "{n:блок|блока|блоков}, {m:запись|записи|записей}",
            ["11 блоков, 111 записей", "5 блоков, 104 записи"],
        ),
        (Language.KK, "{n:блок|}, {m:жазба|}", ["1 блок, 1 жазба", "2 блок, 21 жазба"]),
    ],
)
def test_a_noun_has_the_form_of_its_number(language: Language, message: str, said: list[str]) -> None:
    numbers = [tuple(map(int, re.findall(r"\d+", each))) for each in said]
    assert [speech(language)(message, n=n, m=m) for n, m in numbers] == said
    assert speech(language)("{n:03d} {n}", n=7) == "007 7"


def test_names_stand_in_the_order_of_the_kazakh_alphabet() -> None:
    names = ["Яблоко", "«Қала» КММ", "Калина", "Ұйым", "Уақыт", "Әкімдік", "Аудан", "Іле", "ЫНТЫМАҚ", "7-мектеп"]
    assert sorted(names, key=alphabetical) == [
        "7-мектеп", "Аудан", "Әкімдік", "Калина", "«Қала» КММ", "Уақыт", "Ұйым", "ЫНТЫМАҚ", "Іле", "Яблоко",
    ]  # fmt: skip


@pytest.mark.parametrize("refusal", [RecodingImpossible, LeavingImpossible])
def test_a_fault_inside_a_refusal_is_told_in_the_reader_s_words(
    refusal: Callable[[list[DomainError]], Exception],
) -> None:
    fault = IntervalReversed(first="2026-05", last="2026-01")
    error = refusal([fault])
    for language in (Language.KK, Language.RU):
        assert translate(fault, language) in translate(error, language)
        assert str(fault) not in translate(error, language)
    assert str(fault) in str(error)
