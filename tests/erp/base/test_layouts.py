from hypothesis import given
from hypothesis import strategies as st

from erp.base.layouts import Layout, readings, retyped

layouts = st.sampled_from(Layout)


@given(typed=layouts, meant=layouts, data=st.data())
def test_the_way_there_and_back_is_the_text(typed: Layout, meant: Layout, data: st.DataObject) -> None:
    text = data.draw(st.text(st.sampled_from(typed.value)))
    assert retyped(retyped(text, typed, meant), meant, typed) == text


@given(layout=layouts)
def test_each_key_has_one_character_and_each_character_one_key(layout: Layout) -> None:
    assert len(layout.value) == 2 * 47
    assert len(set(layout.value)) == len(layout.value)


@given(st.text())
def test_the_text_itself_is_the_first_reading_and_none_comes_twice(text: str) -> None:
    found = readings(text)
    assert found[0] == text
    assert len(set(found)) == len(found)
    assert all(len(each) == len(text) for each in found)


@given(st.text(st.sampled_from("0123456789 ,.-")))
def test_a_number_has_one_reading(number: str) -> None:
    assert readings(number) == (number,)


@given(st.text(st.sampled_from("йцукенгшщзфывапролдячсмить"), min_size=1))
def test_what_was_meant_in_russian_is_found_from_its_latin_keys(word: str) -> None:
    assert word in readings(retyped(word, Layout.RUSSIAN, Layout.LATIN))


def test_words_as_people_mistype_them() -> None:
    assert "касса" in readings("rfccf")
    assert "supplier" in readings("ыгзздшук")
    assert "қазына" in readings("0азына")
    assert "қазына" in readings("0fpsyf")
    assert "2345" in readings("әіңғ")
    assert "MO-06" in readings("ЬЩ-06")
