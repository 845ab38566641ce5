"""What cells say: any amount or day as people write it is that amount or day, or is refused; nothing is changed."""

from contextlib import suppress
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp.base.dates import DayMalformed
from erp.base.errors import DomainError
from erp.base.money import AmountMalformed
from erp.base.sheets.values import day_of, text_of, tiyn_of

EPOCH = date(1899, 12, 30)
days = st.dates(date(1991, 1, 1), date(2199, 12, 31))
SPACES = [" ", "\u00a0", "\u2009", "\u202f", "\u2007", "'", "’", ""]


@given(days)
def test_a_day_is_read_however_a_table_holds_it(day: date) -> None:
    serial = (day - EPOCH).days
    clock = datetime(day.year, day.month, day.day, 23, 59)  # noqa: DTZ001
    for value in (
        day, clock, serial, float(serial), serial + 0.75, str(serial), f"{day:%d.%m.%Y}", f" {day:%d.%m.%Y} 12:30:45",
        f"{day:%Y-%m-%d}T08:00:00", f"{day:%d.%m.%Y}\u00a00:00:00",
    ):  # fmt: skip
        assert day_of(value) == day, value


@pytest.mark.parametrize("value", ["", "март", True, 5, 1316, 1.5, -45000, 1e300, float("nan"), "6010", "940340000144"])
def test_what_is_no_day_is_refused(value: object) -> None:
    with pytest.raises(DayMalformed):
        day_of(value)


@given(st.integers(-(10**14), 10**14), st.sampled_from(SPACES), st.sampled_from(["-", "−", "–", "("]))
def test_an_amount_is_read_however_people_type_it(tiyn: int, space: str, minus: str) -> None:
    whole, tail = divmod(abs(tiyn), 100)
    sign, end = (minus, ")" if minus == "(" else "") if tiyn < 0 else ("", "")
    grouped = f"{whole:,}".replace(",", space)
    assert tiyn_of(f" {sign}{grouped},{tail:02d}{end} ") == tiyn
    assert tiyn_of(f"{sign}{grouped}.{tail:02d}{end}") == tiyn


@given(st.integers(-(10**13), 10**13))
def test_a_number_says_what_it_shows(tiyn: int) -> None:
    assert tiyn_of(tiyn / 100) == tiyn_of(text_of(tiyn / 100)) == tiyn


@given(st.lists(st.integers(0, 10**9), max_size=12))
def test_the_noise_of_a_sum_is_not_shown(tiyn: list[int]) -> None:
    assert tiyn_of(text_of(sum(t / 100 for t in tiyn) + 0.0)) == sum(tiyn)


@pytest.mark.parametrize("value", ["", "сто", "1,234", "10,555", 0.123, float("nan"), True, date(2026, 1, 1), "1" * 99])
def test_what_is_no_amount_is_refused(value: object) -> None:
    with pytest.raises(AmountMalformed):
        tiyn_of(value)


@given(st.text() | st.floats() | st.integers() | st.booleans() | st.dates() | st.datetimes() | st.times())
def test_no_value_breaks_the_reading(value: object) -> None:
    assert "\x00" not in text_of(value)
    for read in (tiyn_of, day_of):
        with suppress(DomainError):
            read(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1316.0, "1316"),
        (0.1 + 0.2, "0.3"),
        (1234.5, "1234.5"),
        (1e20, "100000000000000000000"),
        (datetime(2026, 3, 5), "05.03.2026"),  # noqa: DTZ001
        (datetime(2026, 3, 5, 8, 30), "05.03.2026 08:30:00"),  # noqa: DTZ001
        (time(8, 30), "08:30:00"),
        (timedelta(days=1), "1 day, 0:00:00"),
        (" a \n b\t", "a b"),
    ],
)
def test_a_cell_says_what_a_spreadsheet_shows(value: object, text: str) -> None:
    assert text_of(value) == text
