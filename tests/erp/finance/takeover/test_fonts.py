"""Old fonts: what is repaired is Kazakh again, and what is no old Kazakh stays as it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp.finance.takeover.mapping import fonts
from erp.finance.takeover.mapping.fonts import Evidence

KAZAKH = "аәбвгғдеёжзийкқлмнңоөпрстуұүфхһцчшщъыіьэюя"
RUSSIAN = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
UKRAINIAN = "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя"
BELARUSIAN = "абвгдеёжзійклмнопрстуўфхцчшыьэюя"
MACEDONIAN = "абвгдѓежзѕијклљмнњопрстќуфхцчџш"
_OLD = {after: before for before, after in fonts.STANDARD.items()}


def words(alphabet: str) -> st.SearchStrategy[str]:
    return st.text(alphabet + alphabet.upper(), min_size=1, max_size=12)


def texts(alphabet: str) -> st.SearchStrategy[str]:
    return st.lists(words(alphabet), min_size=1, max_size=6).map(" ".join)


def old(text: str) -> str:
    """The text as a font of ST RK 1048-2002 would have been typed."""
    return "".join(_OLD.get(sign, sign) for sign in text)


@given(text=texts(KAZAKH))
def test_repair_is_the_way_back_and_doing_it_twice_is_doing_it_once(text: str) -> None:
    mended = " ".join(fonts.repaired(word) for word in old(text).split())
    assert mended == text
    assert " ".join(fonts.repaired(word) for word in mended.split()) == text


@given(text=texts(KAZAKH) | texts(RUSSIAN))
def test_proper_kazakh_and_russian_are_never_proposed(text: str) -> None:
    assert fonts.proposals([text]) == []


@pytest.mark.parametrize("alphabet", [UKRAINIAN, BELARUSIAN, MACEDONIAN])
@given(data=st.data())
def test_words_of_neighbours_are_never_sure(alphabet: str, data: st.DataObject) -> None:
    """They may be shown, and nobody has ticked them."""
    text = data.draw(texts(alphabet))
    assert [r for r in fonts.proposals([text]) if r.is_sure] == []


@given(found=st.lists(texts(KAZAKH).map(old), max_size=5))
def test_a_repair_changes_only_the_words_decided(found: list[str]) -> None:
    sure = {r.before: r.after for r in fonts.proposals(found) if r.is_sure}
    for text in found:
        mended = fonts.repair(text, sure)
        assert fonts.repair(mended, sure) == mended
        assert [len(word) for word in mended.split()] == [len(word) for word in text.split()]


def test_letters_that_meet_in_no_other_alphabet_are_evidence() -> None:
    found = {r.before: r for r in fonts.proposals(["ќўжат", "Банктіѕ ќаржы жаєдайы їшін", "шiлде", "Ѓана"], {"ақша"})}
    assert {before: r.after for before, r in found.items()} == {
        "ќўжат": "құжат", "Банктіѕ": "Банктің", "ќаржы": "қаржы", "жаєдайы": "жағдайы", "їшін": "үшін",
        "шiлде": "шілде", "Ѓана": "Ғана",
    }  # fmt: skip
    assert found["ќўжат"].evidence is Evidence.IMPOSSIBLE
    assert found["їшін"].evidence is Evidence.COMPANY
    assert found["Ѓана"].evidence is Evidence.UNSURE, "of a font that nobody has verified"


def test_a_word_of_the_chart_is_evidence_by_itself() -> None:
    assert fonts.proposals(["аќша"])[0].evidence is Evidence.UNSURE  # Macedonian has these letters too
    assert fonts.proposals(["аќша"], {"ақша"})[0].evidence is Evidence.KNOWN


def test_words_are_counted_once_each() -> None:
    found = fonts.proposals(["ќўжат ќўжат", "ќўжат"])
    assert [(r.before, r.count) for r in found] == [("ќўжат", 3)]
