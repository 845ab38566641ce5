"""Days, months and half-open intervals."""

import contextlib
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp.base.dates import (
    DateInterval,
    DayMalformed,
    IntervalReversed,
    MonthMalformed,
    MonthSpan,
    day_string,
    month_string,
    parse_day,
    parse_month,
)

days = st.dates(date(1900, 1, 1), date(2199, 12, 31))


@given(days)
def test_a_day_written_is_read_back(day: date) -> None:
    assert parse_day(day_string(day)) == day
    assert parse_day(day.isoformat()) == day
    assert parse_day(f" {day.isoformat()}T00:00:00 ") == day
    assert parse_day(f"{day.day}/{day.month}/{day.year}") == day


RUSSIAN, KAZAKH = (
    names.split()
    for names in (
        "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
        "қаңтар ақпан наурыз сәуір мамыр маусым шілде тамыз қыркүйек қазан қараша желтоқсан",
    )
)


@given(days)
def test_a_day_written_in_words_is_read_back(day: date) -> None:
    russian, kazakh = RUSSIAN[day.month - 1], KAZAKH[day.month - 1]
    for text in (
        f"{day.day} {russian} {day.year} г.",
        f"«{day.day:02d}» {russian} {day.year} года",
        f"{day.day} {russian.capitalize()} {day.year}",
        f"{day.year} ж. {day.day} {kazakh}",
        f"{day.year} жылғы «{day.day}» {kazakh}",
        f"{day.day} {kazakh} {day.year} ж.",
    ):
        assert parse_day(text) == day, text


@given(st.dates(date(1991, 1, 1), date(2090, 12, 31)))
def test_a_year_of_two_digits_is_of_the_years_that_books_are_kept(day: date) -> None:
    assert parse_day(f"{day.day}.{day.month}.{day.year % 100:02d}") == day


@given(days)
def test_a_month_written_is_read_back(day: date) -> None:
    assert parse_month(month_string(day)) == day.replace(day=1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "31.02.2026",
        "00.01.2026",
        "2026-13-01",
        "1/1/26",
        "5 мартобря 2026 г.",
        "31 ақпан 2026 ж.",
        "20265 наурыз",
        "2026.01.01",
        "2026-01-01T08:00",
        "today",
    ],
)
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(DayMalformed) as refusal:
        parse_day(text)
    assert refusal.value.fields == {"text": text}


@pytest.mark.parametrize("text", ["", "2026-00", "2026-13", "2026-1", "01.2026", "0000-01", "9999-12"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(MonthMalformed):
        parse_month(text)


@given(st.text(alphabet=st.sampled_from("0123456789./-T: ")) | st.text())
def test_any_text_is_a_date_or_refused(text: str) -> None:
    for parse, refusal in ((parse_day, DayMalformed), (parse_month, MonthMalformed)):
        with contextlib.suppress(refusal):
            assert isinstance(parse(text), date)


@given(days, days)
def test_an_interval_holds_its_start_and_not_its_end(one: date, other: date) -> None:
    start, end = sorted((one, other))
    interval = DateInterval(start, end)
    assert (start in interval) == (start < end)
    assert end not in interval
    assert end in DateInterval(start, None)
    assert start - timedelta(days=1) not in DateInterval(start, None)
    assert start in DateInterval(None, start + timedelta(days=1))
    assert start in DateInterval(None, None)


@given(days, days)
def test_a_span_is_of_whole_months(one: date, other: date) -> None:
    first, last = sorted((one, other))
    span = MonthSpan.of(first, last)
    assert span.start <= first <= last <= span.last_day < span.end
    assert {span.start.day, span.last.day, span.end.day} == {1}
    assert span.end - span.last_day == timedelta(days=1)
    assert span.last_day in DateInterval(span.start, span.end)
    assert (span.last_day.year, span.last_day.month) == (last.year, last.month)


def test_a_span_written_backwards_is_refused() -> None:
    with pytest.raises(IntervalReversed) as refusal:
        MonthSpan.of(date(2026, 5, 1), date(2026, 4, 30))
    assert refusal.value.fields == {"first": "2026-05", "last": "2026-04"}


def test_the_last_month_that_can_be_written_still_ends() -> None:
    month = parse_month("9998-12")
    assert MonthSpan.of(month, month).end == date(9999, 1, 1)
