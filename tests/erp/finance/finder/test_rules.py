from hypothesis import given
from hypothesis import strategies as st

from erp.base.layouts import Layout, retyped
from erp.finance.finder.rules import Numbered, answers, asked, numbered
from erp.finance.journal.model import Journal
from web.i18n import money

JOURNALS = [Journal(n, f"MO-{n:02}", "", "", "", "high") for n in range(1, 17)]
ALL = tuple(each.id for each in JOURNALS)


def test_a_legal_number_is_read_as_people_write_it() -> None:
    assert numbered("15", JOURNALS) == Numbered(15, ALL, None)
    assert numbered("№ 15", JOURNALS) == Numbered(15, ALL, None)
    assert numbered("15/2026", JOURNALS) == numbered("00015/26", JOURNALS) == Numbered(15, ALL, 2026)
    for written in ("MO-06 № 15", "MO-06 15", "mo-6 15", "МО-06 15", "МО-6 №15", "ЬЩ-06 15", "MO-06 · 15"):
        assert numbered(written, JOURNALS) == Numbered(15, (6,), None), written
    assert numbered("MO-06 № 15/2025", JOURNALS) == Numbered(15, (6,), 2025)


def test_what_is_no_number_is_none() -> None:
    for written in ("", "касса", "касса 15", "MO-99 15", "15,5", "1 2 3", "9" * 30):
        assert numbered(written, JOURNALS) is None, written


@given(st.integers(1, 9_000_000_000_000_000))
def test_an_amount_is_read_as_pages_show_it(tiyn: int) -> None:
    for written in (money(tiyn), f"{money(tiyn)} ₸", money(tiyn).replace("\u00a0", " "), money(tiyn).replace(",", ".")):
        assert asked(written).amount_tiyn == tiyn, written


def test_an_amount_needs_no_blanks_nor_tiyn() -> None:
    assert asked("128450").amount_tiyn == 12_845_000
    assert asked("128 450,5").amount_tiyn == 12_845_050
    assert asked("128450 тенге").amount_tiyn == 12_845_000
    assert asked("0").amount_tiyn is None
    assert asked("бумага").amount_tiyn is None


def test_digits_are_one_number_however_they_are_spaced() -> None:
    assert asked(" 1205 4000 0001 ").names == ("120540000001",)
    assert asked("15").names == (), "too short to tell a BIN by"
    assert asked("то").names == ()


def test_an_iban_is_known_by_its_beginning_under_any_layout() -> None:
    assert asked("kz86 125k zt50").iban == "KZ86125KZT50"
    assert asked(retyped("KZ86125KZT50", Layout.LATIN, Layout.RUSSIAN)).iban == "KZ86125KZT50"
    assert asked("KZ").iban == ""


@given(st.text(max_size=300))
def test_nothing_that_is_typed_breaks_the_reading(text: str) -> None:
    asked(text)
    numbered(text, JOURNALS)


def test_a_name_answers_to_its_words_in_any_order_language_and_layout() -> None:
    names = ("Айналым-сальдо ведомосі", "Оборотно-сальдовая ведомость", "Trial balance")
    for said in ("ведомость сальдо", "balance", "АЙНАЛЫМ", "ведомосi"):
        assert answers(asked(said).readings, names), said
    assert answers(asked("j,jhjnyj").readings, names)
    assert not answers(asked("шахмат").readings, names)
