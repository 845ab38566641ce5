"""Sums in words: examples of the notes on writing for officials, and that every sum can be told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp.base.i18n import Language
from web.print.words import sum_in_words

EXAMPLES = [
    (5, "Нөл теңге 05 тиын", "Ноль тенге 05 тиын"),
    (2100, "Жиырма бір теңге 00 тиын", "Двадцать один тенге 00 тиын"),
    (110000, "Бір мың жүз теңге 00 тиын", "Одна тысяча сто тенге 00 тиын"),
    (200210, "Екі мың екі теңге 10 тиын", "Две тысячи два тенге 10 тиын"),
    (10100000, "Жүз бір мың теңге 00 тиын", "Сто одна тысяча тенге 00 тиын"),
    (500004000, "Бес миллион қырық теңге 00 тиын", "Пять миллионов сорок тенге 00 тиын"),
]


@pytest.mark.parametrize(("tiyn", "kk", "ru"), EXAMPLES)
def test_sums_are_told_as_officials_write_them(tiyn: int, kk: str, ru: str) -> None:
    assert sum_in_words(tiyn, Language.KK) == kk
    assert sum_in_words(tiyn, Language.RU) == ru


@pytest.mark.parametrize(
    ("tiyn", "told"),
    [
        (1_234_567_89, "Один миллион двести тридцать четыре тысячи пятьсот шестьдесят семь тенге 89 тиын"),
        (12_011_000_00, "Двенадцать миллионов одиннадцать тысяч тенге 00 тиын"),
        (-22_000_00, "Минус двадцать две тысячи тенге 00 тиын"),
        (1_000_000_000_000_00, "Один триллион тенге 00 тиын"),
    ],
)
def test_russian_nouns_follow_their_numbers(tiyn: int, told: str) -> None:
    assert sum_in_words(tiyn, Language.RU) == told


def test_english_joins_tens_and_units() -> None:
    assert sum_in_words(23_121_05, Language.EN) == "Twenty-three thousand one hundred twenty-one tenge 05 tiyn"


@given(st.integers(0, 10**17), st.integers(0, 10**17), st.sampled_from(Language))
def test_different_sums_are_told_differently(one: int, other: int, language: Language) -> None:
    assert (sum_in_words(one, language) == sum_in_words(other, language)) == (one == other)
