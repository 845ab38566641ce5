"""Hours of a schedule, as people write them; no database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp.hr.personnel.model import ScheduleKind
from erp.hr.personnel.rules import HoursMalformed, hours_of, minutes_of

cycles = st.lists(st.integers(0, 24 * 60), min_size=1, max_size=56)


@given(minutes=cycles)
def test_hours_as_they_are_shown_are_the_minutes_that_were_typed(minutes: list[int]) -> None:
    shown = " ".join(map(hours_of, minutes))
    assert minutes_of(shown, ScheduleKind.SHIFT) == tuple(minutes)


@pytest.mark.parametrize(
    ("typed", "minutes", "shown"),
    [
        ("8 8 8 8 8 0 0", (480, 480, 480, 480, 480, 0, 0), "8 8 8 8 8 0 0"),
        ("7,2 7.2 7:12 7:12 7:12 0 0", (432, 432, 432, 432, 432, 0, 0), "7:12 7:12 7:12 7:12 7:12 0 0"),
        ("6,67 6,67 6,67 6,67 6,67 6,67 0", (400,) * 6 + (0,), "6:40 6:40 6:40 6:40 6:40 6:40 0"),
        ("8,33 8,33 8,33 8,33 8,33 0 0", (500,) * 5 + (0, 0), "8:20 8:20 8:20 8:20 8:20 0 0"),
    ],
)
def test_part_of_an_hour_is_taken_to_the_nearest_minute_and_shown_in_minutes(
    typed: str, minutes: tuple[int, ...], shown: str
) -> None:
    assert minutes_of(typed, ScheduleKind.SIX_DAY) == minutes
    assert " ".join(map(hours_of, minutes)) == shown


@pytest.mark.parametrize("typed", ["8:60 0 0 0 0 0 0", "24:01 0 0 0 0 0 0", "8:5 0 0 0 0 0 0", ":40 0 0 0 0 0 0", "8"])
def test_what_are_no_hours_is_refused(typed: str) -> None:
    with pytest.raises(HoursMalformed):
        minutes_of(typed, ScheduleKind.FIVE_DAY)
