"""A draft from the first letter to the entry: kept as typed, seen by its owner, checked by the cell, posted once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import text

from erp.base.errors import Invalid
from erp.base.uow import Receipt, UnitOfWork
from erp.finance.approvals import service as approvals
from erp.finance.approvals.model import Prepared
from erp.finance.drafts import rules, service
from erp.finance.drafts.model import DraftState, TypedRow, TypedSide
from erp.finance.journal import service as journal
from ledger.errors import TooManyPostings
from tests.erp.finance.drafts.conftest import GUARDED, Desk, a_row, a_sheet
from tests.factories.seals import libpq


def test_a_draft_becomes_an_entry_once_however_often_it_is_sent(desk: Desk) -> None:
    draft = desk.begin(a_sheet(a_row("1 234,5"), TypedRow(), a_row("0,50"), memo="Posted once"))
    posted = desk.post(draft.id, draft.version)
    assert isinstance(posted, Receipt)
    assert posted().is_new
    for version in (draft.version, draft.version + 5):
        again = desk.post(draft.id, version)
        assert isinstance(again, Receipt)
        assert (again().entry_id, again().number, again().is_new) == (posted().entry_id, posted().number, False)
    assert desk.entries("Posted once") == 1
    found = desk.look(draft.id)
    assert (found.state, found.became.entry_id) == (DraftState.POSTED, posted().entry_id)
    with pytest.raises(rules.DraftSent):
        desk.save(draft.id, draft.version, a_sheet())
    with pytest.raises(rules.DraftSent):
        desk.discard(draft.id, draft.version)
    with pytest.raises(rules.DraftSent):
        desk.restore(draft.id, draft.version)


def test_where_two_persons_are_asked_for_a_draft_is_sent_to_the_second(desk: Desk) -> None:
    desk.require_approval()
    draft = desk.begin(a_sheet(journal=GUARDED, memo="For signature"))
    sent = desk.post(draft.id, draft.version)
    assert isinstance(sent, Prepared)
    assert desk.post(draft.id, draft.version) == Prepared(sent.id, sent.version, is_new=False)
    assert (desk.look(draft.id).state, desk.look(draft.id).became.prepared_id) == (DraftState.PREPARED, sent.id)
    assert desk.entries("For signature") == 0
    desk.run(lambda u: approvals.approve(u, desk.organisation, sent.id, sent.version), who="bolat")
    assert desk.look(draft.id).state is DraftState.POSTED
    assert isinstance(desk.post(draft.id, draft.version), Receipt)


def test_nobody_else_sees_changes_or_posts_a_draft(desk: Desk) -> None:
    draft = desk.begin()
    for trespass in (
        lambda: desk.look(draft.id, who="bolat"),
        lambda: desk.save(draft.id, draft.version, a_sheet(), who="bolat"),
        lambda: desk.post(draft.id, draft.version, who="bolat"),
    ):
        with pytest.raises(rules.DraftUnknown):
            trespass()
    hidden = text("SELECT count(*) FROM finance_draft WHERE id = :id")
    seen = {who: desk.run(lambda u: u.execute(hidden, {"id": draft.id}).scalar_one(), who) for who in desk.people}
    assert seen == {"aigul": 1, "bolat": 0}
    key = desk.look(draft.id).key
    assert desk.begin(key=key, who="bolat").id != draft.id  # a key is one's own


def test_the_key_begins_one_draft_and_gives_it_as_it_stands(desk: Desk) -> None:
    key = uuid4()
    first = desk.begin(a_sheet(memo="As begun"), key=key)
    desk.save(first.id, first.version, a_sheet(memo="Changed since"))
    again = desk.begin(a_sheet(memo="As begun"), key=key)
    assert (again.id, again.sheet.memo) == (first.id, "Changed since")


def test_the_second_of_two_windows_is_told_and_loses_nothing(desk: Desk) -> None:
    draft = desk.begin()
    one, other = a_sheet(memo="From one window"), a_sheet(memo="From the other")
    saved = desk.save(draft.id, draft.version, one)
    assert saved.version == draft.version + 1
    assert desk.save(draft.id, draft.version, one).version == saved.version  # sent again, its answer was lost
    for change in (
        lambda: desk.save(draft.id, draft.version, other),
        lambda: desk.post(draft.id, draft.version),
        lambda: desk.discard(draft.id, draft.version),
    ):
        with pytest.raises(rules.DraftChanged):
            change()
    assert desk.look(draft.id).sheet == one


def test_what_was_thrown_away_is_taken_back_within_a_month(desk: Desk) -> None:
    draft = desk.begin(a_sheet(memo="Thrown away"))
    gone = desk.discard(draft.id, draft.version)
    assert gone.state is DraftState.DISCARDED
    assert desk.discard(draft.id, draft.version) == gone
    with pytest.raises(rules.DraftDiscarded):
        desk.save(draft.id, gone.version, a_sheet())
    with pytest.raises(rules.DraftDiscarded):
        desk.post(draft.id, gone.version)

    def listed(u: UnitOfWork) -> list[list[int]]:
        return [
            [row.id for row in service.drafts(u, desk.organisation, discarded=discarded).rows]
            for discarded in (False, True)
        ]

    open_, thrown = desk.run(listed)
    assert draft.id in thrown
    assert draft.id not in open_
    back = desk.restore(draft.id, gone.version)
    assert (back.state, back.sheet.memo) == (DraftState.OPEN, "Thrown away")
    assert desk.restore(draft.id, gone.version) == back


def test_old_drafts_that_were_thrown_away_or_posted_go_with_the_next_that_is_begun(
    new_desk: Callable[[], Desk], shared_database: str
) -> None:
    desk = new_desk()
    thrown, sent, still = desk.begin(), desk.begin(), desk.begin()
    desk.discard(thrown.id, thrown.version)
    desk.post(sent.id, sent.version)
    desk.begin()
    assert desk.look(thrown.id)
    with psycopg.connect(libpq(shared_database)) as owner:
        owner.execute("UPDATE finance_draft SET updated_at = now() - interval '31 days'")
    desk.begin()
    for gone in (thrown, sent):
        with pytest.raises(rules.DraftUnknown):
            desk.look(gone.id)
    assert desk.look(still.id)


def test_each_cell_tells_its_own_fault_and_nothing_is_posted(desk: Desk) -> None:
    sheet = a_sheet(
        a_row("ten", debit="9999"),
        a_row("0"),
        TypedRow(TypedSide("1316", quantity="many"), TypedSide("3210"), "5"),
        a_row("1", debit="1010", credit="1010"),
        effective_on="31.02.2026",
        memo=" ",
    )
    found = {each.place: type(each.fault).__name__ for each in desk.check(sheet)}
    assert found == {
        "effective_on": "DayMalformed",
        "memo": "Empty",
        "postings.0.debit.account": "AccountUnknown",
        "postings.0.amount": "AmountMalformed",
        "postings.1.amount": "AmountZero",
        "postings.2.debit.quantity": "NumberMalformed",
        "postings.2.credit.dimensions.counterparty": "ValueMissing",
        "postings.3.credit.account": "SameSides",
    }
    draft = desk.begin(sheet)
    with pytest.raises(Invalid) as refusal:
        desk.post(draft.id, draft.version)
    assert set(refusal.value.faults) == set(found)
    assert desk.look(draft.id).state is DraftState.OPEN


def test_the_day_and_the_journal_are_checked_too(desk: Desk) -> None:
    def faults(**head: str) -> dict[str, str]:
        return {each.place: type(each.fault).__name__ for each in desk.check(a_sheet(**head))}

    assert faults() == {}
    assert faults(journal="MO-99") == {"journal": "JournalUnknown"}
    assert faults(journal="CLOSE") == {"journal": "JournalReserved"}
    assert faults(journal="") == {"journal": "Empty"}
    assert faults(effective_on="01.01.2031") == {"effective_on": "PeriodNotOpened"}
    assert faults(effective_on="01.01.1955") == {"effective_on": "YearOutOfRange"}
    for lock in (journal.restrict_month, journal.close_month):
        desk.run(lambda u, lock=lock: lock(u, desk.organisation, date(2026, 9, 1)))  # type: ignore[misc]
        assert faults(effective_on="10.09.2026")["effective_on"] in ("PeriodRestricted", "PeriodClosed")


def test_a_sheet_without_rows_says_so_and_one_of_blank_rows_says_where_to_begin(desk: Desk) -> None:
    bare = replace(a_sheet(), rows=())
    assert [each.place for each in desk.check(bare)] == [""]
    blank = a_sheet(TypedRow(), TypedRow())
    assert {each.place for each in desk.check(blank)} == {
        "postings.0.debit.account",
        "postings.0.credit.account",
        "postings.0.amount",
    }


def test_a_sheet_has_no_more_rows_than_an_entry(desk: Desk) -> None:
    with pytest.raises(TooManyPostings):
        desk.begin(a_sheet(*[a_row()] * 1001))
