import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp.base.cursors import BIGINT, CursorMalformed, number_in


@given(st.integers(0, BIGINT))
def test_a_number_of_a_cursor_is_read(number: int) -> None:
    assert number_in(str(number)) == number


@pytest.mark.parametrize("text", ["", "x", "-1", "+1", " 1", "1_0", "٣", "²", str(BIGINT + 1), "9" * 5000])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(CursorMalformed):
        number_in(text)
