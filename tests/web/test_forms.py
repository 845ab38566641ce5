from datetime import date
from uuid import UUID

import pytest

from erp.base.dates import DayMalformed
from erp.base.errors import Invalid
from erp.base.money import AmountMalformed
from erp.base.sheets.model import Mended
from ledger.errors import TooManyPostings
from ledger.model import Dimension
from web.brought import written_over
from web.forms import CorrectionForm, Empty, EntryForm, KeyDamaged, ReasonTooShort, TooLong

KEY = "6f0b7c1e-2f0e-4b57-9f57-1d2b8c0e4a11"
TYPED = {
    "key": KEY,
    "journal": "MO-06",
    "effective_on": " 16.03.2026 ",
    "memo": "Paper",
    "document_number": "15",
    "document_on": "",
    "postings.0.debit.account": "1316",
    "postings.0.credit.account": "3210",
    "postings.0.credit.dimensions.counterparty": "120540000001",
    "postings.0.amount": "1 234,56",
    "postings.0.memo": "",
}


def faults_of(typed: dict[str, str]) -> dict[str, Exception]:
    with pytest.raises(Invalid) as refusal:
        EntryForm.of(TYPED | typed).command()
    return refusal.value.faults


def test_a_filled_form_makes_a_command() -> None:
    command = EntryForm.of(TYPED).command()
    assert command.key == UUID(KEY)
    assert command.effective_on == date(2026, 3, 16)
    assert command.document_on is None
    (posting,) = command.postings
    assert posting.amount == 123456
    assert posting.credit.dimensions == {Dimension.COUNTERPARTY: "120540000001"}
    assert posting.memo is None


def test_all_faults_are_found_at_once_each_at_its_field() -> None:
    faults = faults_of({"effective_on": "31.02.2026", "memo": "", "postings.0.amount": "12,345", "document_on": "x"})
    assert {name: type(fault) for name, fault in faults.items()} == {
        "effective_on": DayMalformed,
        "document_on": DayMalformed,
        "memo": Empty,
        "postings.0.amount": AmountMalformed,
    }


def test_a_text_too_long_and_a_damaged_key_are_faults_and_no_crash() -> None:
    assert isinstance(faults_of({"memo": "x" * 1001})["memo"], TooLong)
    assert isinstance(faults_of({"key": "nonsense"})[""], KeyDamaged)
    assert isinstance(faults_of({"journal": "x" * 61})["journal"], TooLong)
    place = "postings.0.credit.dimensions.contract"
    assert isinstance(faults_of({place: "x" * 61})[place], TooLong)


def test_the_form_takes_what_the_command_takes_and_no_more() -> None:
    longest = {"memo": "x" * 1000, "document_number": "x" * 60, "postings.0.debit.account": "1" * 60}
    assert EntryForm.of(TYPED | longest).command().postings[0].debit.account == "1" * 60
    place = "postings.0.debit.account"
    assert isinstance(faults_of({place: "1" * 61})[place], TooLong)
    assert isinstance(faults_of({f"postings.{n}.amount": "1" for n in range(1001)})[""], TooManyPostings)


def test_what_no_database_keeps_is_left_out() -> None:
    assert EntryForm.of(TYPED | {"memo": " Pa\0per "}).memo == "Paper"


def test_lines_with_gaps_in_their_numbers_keep_their_order() -> None:
    form = EntryForm.of({"postings.12.amount": "3", "postings.4.amount": "2", "postings.0.amount": "1"})
    assert [line.amount for line in form.lines] == ["1", "2", "3"]


def test_strange_field_names_are_passed_over() -> None:
    form = EntryForm.of({"postings.x.amount": "1", "postings.99999999.amount": "1", "postings": "1", "nonsense": "1"})
    assert len(form.lines) == 1
    assert form.lines[0].blank


def test_lines_are_added_copied_and_removed_and_one_always_stays() -> None:
    form = EntryForm.of(TYPED)
    assert [line.amount for line in form.add_line().lines] == ["1 234,56", ""]
    assert [line.amount for line in form.copy_line(0).lines] == ["1 234,56"] * 2
    assert form.remove_line(0).lines[0].blank
    assert len(form.add_line().without_blank_lines().lines) == 1


def test_the_total_counts_what_can_be_read() -> None:
    form = EntryForm.of(TYPED | {"postings.1.amount": "oops", "postings.2.amount": "-0.56"})
    assert form.total_tiyn == 123400


def test_a_storno_needs_a_reason() -> None:
    with pytest.raises(Invalid) as refusal:
        CorrectionForm.of({"key": KEY, "effective_on": "16.03.2026", "reason": "ab"}).command()
    assert isinstance(refusal.value.faults["reason"], ReasonTooShort)


def test_a_row_left_out_is_a_number_that_a_table_may_have() -> None:
    sent = {f"{what}.{row}": "1" for row in ("7", "9" * 5000, "2147483648", "-1", "x") for what in ("shown", "leave")}
    assert written_over({}, Mended(), sent).left == {7}
