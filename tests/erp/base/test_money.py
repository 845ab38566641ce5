"""Amounts: what people and spreadsheets write, and splitting without loss."""

import contextlib
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp.base.money import (
    AmountMalformed,
    AmountOutOfRange,
    Money,
    NumberMalformed,
    NumberOutOfRange,
    allocate,
    decimal_string,
    parse_scaled,
    parse_tiyn,
    scaled_string,
    tiyn_of_number,
)

LARGEST = 9_000_000_000_000_000
amounts = st.integers(-LARGEST, LARGEST)
# Fifteen significant digits are what a spreadsheet keeps.
spreadsheet_amounts = st.integers(-(10**15), 10**15)


@given(amounts)
def test_what_is_written_is_read_back(tiyn: int) -> None:
    assert parse_tiyn(decimal_string(tiyn)) == tiyn
    assert str(Money(tiyn)) == decimal_string(tiyn)


@given(
    amounts,
    st.sampled_from([" ", "\u00a0", "\u2007", "\u2009", "\u200a", "\u202f", "'", "’", ""]),
    st.sampled_from(".,"),
    st.sampled_from("-−–‐‑"),
)
def test_people_write_groups_and_commas(tiyn: int, gap: str, mark: str, minus: str) -> None:
    whole, fraction = divmod(abs(tiyn), 100)
    written = f"{minus if tiyn < 0 else ''}{whole:,}".replace(",", gap) + f"{mark}{fraction:02d}"
    assert parse_tiyn(f"  {written}\t") == tiyn


@given(st.integers(0, LARGEST))
def test_what_stands_in_brackets_is_taken_away(tiyn: int) -> None:
    assert parse_tiyn(f"({tiyn // 100:,}.{tiyn % 100:02d})") == parse_tiyn(f"( {decimal_string(tiyn)} )") == -tiyn


@given(amounts)
def test_the_last_of_two_marks_is_the_decimal_one(tiyn: int) -> None:
    english = f"{Decimal(tiyn) / 100:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    assert parse_tiyn(english) == parse_tiyn(german) == tiyn


@pytest.mark.parametrize(("text", "tiyn"), [("0", 0), ("7", 700), ("7,5", 750), ("-0,01", -1), ("1234.5", 1234_50)])
def test_digits_after_the_mark_may_be_few(text: str, tiyn: int) -> None:
    assert parse_tiyn(text) == tiyn


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-",
        "1,234",
        "1.234",
        "1,2,3",
        "1,234,5",
        "--5",
        "5-",
        "5 тг",
        "1e5",
        "nan",
        ",50",
        "5,",
        "(5",
        "5)",
        "(-5)",
        "()",
        "((5))",
    ],
)
def test_what_is_unclear_is_refused(text: str) -> None:
    with pytest.raises(AmountMalformed) as refusal:
        parse_tiyn(text)
    assert refusal.value.fields == {"text": text}


@pytest.mark.parametrize("text", ["90000000000000,01", "-90 000 000 000 000,01", "9" * 40, "9" * 5000])
def test_what_is_too_large_is_refused(text: str) -> None:
    with pytest.raises(AmountOutOfRange):
        parse_tiyn(text)


@given(st.text(alphabet=st.sampled_from("0123456789٣७ .,-−'\u00a0eE+²")) | st.text())
def test_any_text_is_an_amount_or_refused(text: str) -> None:
    with contextlib.suppress(AmountMalformed, AmountOutOfRange):
        assert abs(parse_tiyn(text)) <= LARGEST


@given(spreadsheet_amounts)
def test_a_spreadsheet_s_number_is_the_amount_it_shows(tiyn: int) -> None:
    assert tiyn_of_number(tiyn / 100) == tiyn
    assert tiyn_of_number(Decimal(tiyn) / 100) == tiyn


@given(st.integers(-LARGEST // 100, LARGEST // 100))
def test_a_whole_number_is_of_tenge(tenge: int) -> None:
    assert tiyn_of_number(tenge) == tenge * 100


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=12))
def test_a_spreadsheet_s_sum_carries_its_noise(tiyn: list[int]) -> None:
    assert tiyn_of_number(sum(t / 100 for t in tiyn)) == sum(tiyn)


@pytest.mark.parametrize("number", [0.001, 1.005, -2.999, float("nan"), Decimal("1.001")])
def test_a_part_of_a_tiyn_is_refused(number: float | Decimal) -> None:
    with pytest.raises(AmountMalformed):
        tiyn_of_number(number)


@pytest.mark.parametrize("number", [1e14, -1e14, 10**20, float("inf"), float("-inf"), 1e300])
def test_a_number_too_large_is_refused(number: float) -> None:
    with pytest.raises(AmountOutOfRange):
        tiyn_of_number(number)


def weights(draw: st.DrawFn) -> list[int]:
    return draw(st.lists(st.integers(0, 10**6), min_size=1, max_size=20).filter(any))


@given(amounts, st.composite(weights)())
def test_parts_add_up_and_each_is_within_a_tiyn_of_its_share(tiyn: int, weights: list[int]) -> None:
    parts = allocate(tiyn, weights)
    assert sum(parts) == tiyn
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(tiyn * weight, sum(weights))) < 1
        assert part == 0 or weight > 0


@given(st.integers(0, LARGEST), st.composite(weights)())
def test_who_weighs_more_gets_no_less(tiyn: int, weights: list[int]) -> None:
    parts = allocate(tiyn, weights)
    ranked = sorted(range(len(weights)), key=lambda i: (-weights[i], i))
    assert [parts[i] for i in ranked] == sorted(parts, reverse=True)


def test_a_tie_goes_to_the_earlier_part() -> None:
    assert allocate(100, [1, 1, 1]) == [34, 33, 33]
    assert allocate(2, [1, 1, 1]) == [1, 1, 0]


# ------------------------------------------------------------------------------------------------ other numbers


@given(amounts, st.integers(0, 4))
def test_a_number_of_any_places_is_read_back(scaled: int, places: int) -> None:
    written = scaled_string(scaled, places)
    assert parse_scaled(written, places) == scaled
    assert Fraction(written) == Fraction(scaled, 10**places)


@pytest.mark.parametrize(
    ("text", "places"), [("1,5", 0), ("0,0001", 3), ("1,234.5678", 3), ("", 3), ("1 2", 3), ("x", 2)]
)
def test_a_number_finer_than_its_places_is_malformed(text: str, places: int) -> None:
    with pytest.raises(NumberMalformed):
        parse_scaled(text, places)


def test_a_number_beyond_the_books_is_out_of_range() -> None:
    for text in ("9000000000000,001", "9" * 5000):
        with pytest.raises(NumberOutOfRange):
            parse_scaled(text, 3)


def test_a_refusal_repeats_no_more_of_what_was_typed_than_shows_it() -> None:
    with pytest.raises(AmountOutOfRange) as told:
        parse_tiyn("1" + "0" * 300)
    assert len(told.value.fields["text"]) == 41
