import pytest

from erp.finance.journal.imports import headings
from erp.finance.journal.imports.errors import HeadingTwice
from erp.finance.journal.imports.headings import Field, Value
from ledger.model import Dimension

REQUIRED = ["Дата", "Дебет", "Кредит", "Сумма"]


@pytest.mark.parametrize(
    "row",
    [
        ["Date", "Debit", "Credit", "Amount"],
        ["ДАТА", "Счёт Дт", "Счет  Кт", "Сумма, тенге"],
        ["Күні", "Дебеті", "Кредиті", "Сомасы"],
        ["Күнi", "Дт", "Кт.", "Сомасы, теңге"],  # a Latin i, as half of all keyboards type it
        ["Период", "Счет\nДт", "Счет_Кт", "сумма"],
    ],
)
def test_the_needed_columns_are_known_in_three_languages_however_they_are_written(row: list[str]) -> None:
    assert headings.missing(row) == []
    assert [headings.recognise(row).places[f] for f in headings.REQUIRED] == [0, 1, 2, 3]


@pytest.mark.parametrize("dimension", Dimension)
def test_every_dimension_has_a_column_for_both_sides_and_one_for_each(dimension: Dimension) -> None:
    row = [dimension.slug, f"Debit {dimension.slug}", f"{dimension.slug.upper()} (Кт)"]
    places = headings.recognise(row).places
    assert places == {
        Value(None, dimension): 0,
        Value(Field.DEBIT, dimension): 1,
        Value(Field.CREDIT, dimension): 2,
    }


@pytest.mark.parametrize(
    ("heading", "meaning"),
    [
        ("Бағдарлама", Value(None, Dimension.PROGRAMME)),
        ("Ерекшелік", Value(None, Dimension.SPECIFIC)),
        ("ИИН/БИН", Value(None, Dimension.COUNTERPARTY)),
        ("БСН", Value(None, Dimension.COUNTERPARTY)),
        ("БИН Кт", Value(Field.CREDIT, Dimension.COUNTERPARTY)),
        ("Контрагент Дт", Value(Field.DEBIT, Dimension.COUNTERPARTY)),
        ("Шарт", Value(None, Dimension.CONTRACT)),
        ("Мемориалдық ордер", Field.JOURNAL),
        ("№ документа", Field.DOCUMENT_NUMBER),
        ("Құжат күні", Field.DOCUMENT_DATE),
        ("№", Field.NUMBER),
    ],
)
def test_headings_of_the_field_are_known(heading: str, meaning: headings.Meaning) -> None:
    assert list(headings.recognise([heading]).places) == [meaning]


def test_what_means_nothing_is_ignored_and_told() -> None:
    columns = headings.recognise([*REQUIRED, "№ п/п", "Субконто Дт", ""])
    assert columns.ignored == ("№ п/п", "Субконто Дт")


def test_two_columns_that_mean_the_same_are_refused() -> None:
    with pytest.raises(HeadingTwice) as refusal:
        headings.recognise([*REQUIRED, "Сумма KZT"])
    assert refusal.value.fields == {"first": "Сумма", "second": "Сумма KZT"}


@pytest.mark.parametrize("row", [["Контрагент", "БИН"], ["БИН", "Контрагент"]])
def test_beside_a_bin_the_counterparty_column_is_a_name(row: list[str]) -> None:
    columns = headings.recognise(row)
    assert columns.heading(Value(None, Dimension.COUNTERPARTY)) == "БИН"
    assert columns.ignored == ("Контрагент",)
