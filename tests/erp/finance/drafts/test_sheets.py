"""Whatever is typed is kept to the letter, and the check finds what posting row by row would be refused for."""

from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from erp.base.errors import Invalid
from erp.base.uow import trial
from erp.finance.drafts import rules
from erp.finance.drafts.model import Sheet, TypedRow, TypedSide
from erp.finance.drafts.schemas import SheetTyped
from erp.finance.journal import service as journal
from ledger.errors import LedgerError
from ledger.model import Dimension
from tests.erp.finance.drafts.conftest import Desk, a_sheet

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
slugs = st.sampled_from([d.slug for d in Dimension])


def sides(of: st.SearchStrategy[str]) -> st.SearchStrategy[TypedSide]:
    filled = st.dictionaries(slugs, of.filter(bool), max_size=3)
    return st.builds(TypedSide, of, filled, of, of)


sheets = st.builds(
    Sheet,
    *[texts] * 5,
    rows=st.lists(st.builds(TypedRow, sides(texts), sides(texts), texts, texts), max_size=4).map(tuple),
)


@given(sheets)
def test_a_sheet_is_what_its_document_says(sheet: Sheet) -> None:
    assert rules.sheet_of(rules.document_of(sheet)) == sheet
    assert SheetTyped.model_validate(rules.document_of(sheet)).sheet == sheet


@settings(max_examples=60)
@given(sheets)
def test_whatever_is_typed_comes_back_to_the_letter_and_is_checked_without_a_crash(desk: Desk, sheet: Sheet) -> None:
    draft = desk.begin(sheet)
    assert draft.sheet == sheet
    assert desk.look(draft.id).sheet == sheet
    assert all(fault.fault.code for fault in desk.check(sheet))


# Cells that are right, wrong, or unreadable, as people type them.
accounts = st.sampled_from(["1010", " 1010 ", "1316", "3210", "6010", "7060", "1490", "10", "01", "9999", "", "x" * 61])
values = st.dictionaries(
    st.sampled_from(["counterparty", "contract", "item", "programme", "person"]),
    st.sampled_from(["", "12", "123456789012", "464.003", "y" * 61]),
    max_size=2,
)
numbers = st.sampled_from(["", "", "", "5", "1,5", "-3", "many", "0"])
amounts = st.sampled_from(["100", "1 234,56", "1\u00a0234.5", "-7", "0", "ten", "", "12,345", " 5 "])
cells = st.builds(TypedSide, accounts, values, numbers, numbers)
rows = st.builds(TypedRow, cells, cells, amounts, st.sampled_from(["", "paper", "z" * 1001]))


def refusals(desk: Desk, sheet: Sheet) -> set[str]:
    """Places of the faults that posting a sheet is refused for; the empty one for the entry as a whole."""
    reading = rules.read(sheet)
    if reading.faults:
        return {fault.place for fault in reading.faults}
    command = reading.command(uuid4())
    try:
        desk.run(lambda u: trial(u, lambda work: journal.post_entry(work, desk.organisation, command)))
    except Invalid as refusal:
        return set(refusal.faults)
    except LedgerError:
        return {""}
    return set()


def with_readable_cells(row: TypedRow, places: set[str]) -> TypedRow:
    """The row with something readable in the cells that could not be read."""

    def side(typed: TypedSide, name: str) -> TypedSide:
        left = {slug: code for slug, code in typed.dimensions.items() if f"{name}.dimensions.{slug}" not in places}
        return TypedSide(
            "" if f"{name}.account" in places else typed.account,
            left,
            "0" if f"{name}.quantity" in places else typed.quantity,
            "0" if f"{name}.currency_amount" in places else typed.currency_amount,
        )

    return TypedRow(
        side(row.debit, "debit"),
        side(row.credit, "credit"),
        "1" if "amount" in places else row.amount,
        "" if "memo" in places else row.memo,
    )


@settings(max_examples=120)
@given(st.lists(rows.filter(lambda row: not row.blank), min_size=1, max_size=3))
def test_the_check_finds_what_posting_row_by_row_is_refused_for(desk: Desk, typed: list[TypedRow]) -> None:
    found: dict[int, set[str]] = {place: set() for place in range(len(typed))}
    for fault in desk.check(a_sheet(*typed)):
        assert fault.row is not None
        found[fault.row].add(fault.field)
    for place, row in enumerate(typed):
        alone = {name.removeprefix("postings.0.") for name in refusals(desk, a_sheet(row))}
        if not rules.read(a_sheet(row)).faults:
            assert found[place] == alone, row
            continue
        # What cannot be read hides the rest from who posts; the check tells both.
        mended = with_readable_cells(row, alone)
        rest = {name.removeprefix("postings.0.") for name in refusals(desk, a_sheet(mended))}
        pair = {"amount", "credit.account", *(f"{s}.{n}" for s in ("debit", "credit") for n in _NUMBERS)}
        assert alone <= found[place] <= alone | rest, row
        assert rest - pair <= found[place], row


_NUMBERS = ("quantity", "currency_amount")


@settings(max_examples=40)
@given(st.lists(rows, min_size=1, max_size=3), st.sampled_from(["15.03.2026", "15.03.2031", "", "31.02.2026"]))
def test_a_sheet_without_faults_is_posted_and_one_with_faults_is_not(
    new_desk: Callable[[], Desk], desk: Desk, typed: list[TypedRow], day: str
) -> None:
    sheet = replace(a_sheet(*typed), effective_on=day)
    draft = desk.begin(sheet)
    if desk.check(sheet):
        with pytest.raises(Invalid):
            desk.post(draft.id, draft.version)
    else:
        desk.post(draft.id, draft.version)
