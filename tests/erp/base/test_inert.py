import pytest

from erp.base.inert import inert


@pytest.mark.parametrize("text", ["=1+1", "+7 701", "-5", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", " =1", "－1"])
def test_what_a_spreadsheet_would_run_is_marked_as_text(text: str) -> None:
    assert inert(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Aid", "1-2", "a=b", "'=1"])
def test_any_other_text_stays_as_it_is(text: str) -> None:
    assert inert(text) == text
