"""Acting on many documents: tried first, done once whatever is repeated, each refused by itself and with its reason."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from erp.base import uow
from erp.finance.approvals import service as approvals
from erp.finance.approvals.bulk import rules, service
from erp.finance.approvals.bulk.model import BulkAct, BulkState
from erp.finance.approvals.model import Hands, PreparedFilter, State
from erp.finance.journal import service as journal
from erp.finance.journal.model import EntryFilter
from erp.reference.access.model import Permission
from tests.erp.finance.approvals.conftest import FREE, GUARDED, Office, an_entry
from tests.erp.finance.approvals.test_service import trail_of

NewOffice = Callable[[], Office]


def runner(office: Office, who: str) -> service.Run:
    return lambda command: uow.run(office.engine, office.scope(who), command)


def ask(office: Office, who: str, act: BulkAct, wanted: Any, key: UUID | None = None) -> int:
    named = key or uuid4()
    return office.run(who, lambda u: service.ask_of_prepared(u, office.organisation, act, named, wanted))


def hands(office: Office, who: str, *, signing: bool = False) -> Hands:
    me = frozenset({office.people[who]})
    return Hands(signer=me) if signing else Hands(approver=me)


def outcome(office: Office, bulk_id: int) -> tuple[str, int, int, int, int]:
    found, tally, _ = office.run("head", lambda u: service.bulk(u, office.organisation, bulk_id))
    return found.state.value, tally.items, tally.fit, tally.done, tally.refused


def try_and_do(office: Office, who: str, act: BulkAct, bulk_id: int) -> None:
    service.try_out(runner(office, who), office.organisation, bulk_id, act.permission)
    service.carry_out(runner(office, who), office.organisation, bulk_id, act.permission)


def test_all_that_waits_for_me_under_a_filter_is_tried_and_then_done(office: Office) -> None:
    march = [office.prepare("aigul") for _ in range(3)]
    office.prepare("aigul", an_entry(effective_on="2026-05-01"))
    office.prepare("chief")  # one's own
    wanted = PreparedFilter(journal=GUARDED, through=an_entry(effective_on="2026-03-31").effective_on)
    wanted = PreparedFilter(wanted.states, wanted.journal, wanted.through, hands(office, "chief"))
    bulk_id = ask(office, "chief", BulkAct.APPROVE, wanted)
    service.try_out(runner(office, "chief"), office.organisation, bulk_id, Permission.JOURNAL_APPROVE)
    assert (outcome(office, bulk_id), office.posted()) == (("tried", 3, 3, 0, 0), [])
    for _ in range(2):
        service.carry_out(runner(office, "chief"), office.organisation, bulk_id, Permission.JOURNAL_APPROVE)
        assert outcome(office, bulk_id) == ("done", 3, 3, 3, 0)
    assert office.posted() == [(GUARDED, 1)] * 3
    page = office.run("head", lambda u: service.items(u, office.organisation, bulk_id))
    assert {item.prepared_id for item in page.rows} == set(march)
    assert all(item.entry_id for item in page.rows)


def test_each_goes_its_own_way_and_a_change_meanwhile_is_noticed(office: Office) -> None:
    good, changed, withdrawn = (office.prepare("aigul") for _ in range(3))
    bulk_id = ask(office, "chief", BulkAct.APPROVE, {good: 1, changed: 1, withdrawn: 1})
    office.run("aigul", lambda u: approvals.withdraw(u, office.organisation, withdrawn, 1))
    service.try_out(runner(office, "chief"), office.organisation, bulk_id, Permission.JOURNAL_APPROVE)
    assert outcome(office, bulk_id) == ("tried", 3, 2, 0, 0)
    office.run("aigul", lambda u: approvals.prepare_again(u, office.organisation, changed, 1, an_entry(memo="Mended")))
    service.carry_out(runner(office, "chief"), office.organisation, bulk_id, Permission.JOURNAL_APPROVE)
    assert outcome(office, bulk_id) == ("done", 3, 2, 1, 1)
    refused = office.run("head", lambda u: service.items(u, office.organisation, bulk_id, refused_only=True)).rows
    assert {(item.target.id, item.refusal and item.refusal.code) for item in refused} == {
        (changed, "prepared-changed"),
        (withdrawn, "prepared-changed"),
    }


def test_first_signatures_are_given_by_who_signs_and_checks_by_who_checks(long_office: Office) -> None:
    office = long_office
    prepared = [office.prepare("aigul") for _ in range(2)]
    checks = ask(office, "bolat", BulkAct.APPROVE, PreparedFilter(hands=hands(office, "bolat")))
    try_and_do(office, "bolat", BulkAct.APPROVE, checks)
    early = ask(office, "chief", BulkAct.APPROVE, {prepared[0]: 2})
    service.try_out(runner(office, "chief"), office.organisation, early, Permission.JOURNAL_APPROVE)
    assert outcome(office, early)[2] == 0, "the head signs first"
    signed = ask(office, "boss", BulkAct.SIGN, PreparedFilter(hands=hands(office, "boss", signing=True)))
    try_and_do(office, "boss", BulkAct.SIGN, signed)
    last = ask(office, "chief", BulkAct.APPROVE, PreparedFilter(hands=hands(office, "chief")))
    try_and_do(office, "chief", BulkAct.APPROVE, last)
    assert office.posted() == [(GUARDED, 1)] * 2


def test_what_needs_a_digital_signature_is_told_so(new_office: NewOffice) -> None:
    office = new_office()
    office.require(cms=("second-signature",))
    bulk_id = ask(office, "chief", BulkAct.APPROVE, {office.prepare("aigul"): 1})
    service.try_out(runner(office, "chief"), office.organisation, bulk_id, Permission.JOURNAL_APPROVE)
    _, tally, reasons = office.run("head", lambda u: service.bulk(u, office.organisation, bulk_id))
    assert (tally.fit, reasons[0].told.code, reasons[0].items) == (0, "signature-needed", 1)


def test_own_documents_are_withdrawn(office: Office) -> None:
    own = [office.prepare("aigul") for _ in range(3)]
    other = office.prepare("bolat")
    wanted = PreparedFilter(preparer=office.people["aigul"])
    try_and_do(office, "aigul", BulkAct.WITHDRAW, ask(office, "aigul", BulkAct.WITHDRAW, wanted))
    assert {office.view(each).state for each in own} == {State.WITHDRAWN}
    assert office.view(other).state is State.PREPARED


# ------------------------------------------------------------------------------------------------ corrections


def correct(
    office: Office, wanted: EntryFilter, kind: BulkAct = BulkAct.STORNO, on: str = "2026-03-20", key: UUID | None = None
) -> int:
    named, day = key or uuid4(), an_entry(effective_on=on).effective_on
    return office.run(
        "chief",
        lambda u: service.ask_for_corrections(
            u, office.organisation, kind, named, wanted, effective_on=day, reason="loaded twice"
        ),
    )


def post(office: Office, **changes: Any) -> int:
    command = an_entry(**({"journal": FREE} | changes))
    return office.run("aigul", lambda u: journal.post_entry(u, office.organisation, command))().entry_id


def test_what_the_journal_finds_is_cancelled_and_why_others_are_not_is_told(new_office: NewOffice) -> None:
    office = new_office()
    posted = [post(office, memo=f"Register {n}") for n in range(3)]
    post(office, memo="Another")
    late = post(office, memo="Register late", effective_on="2026-04-01")
    first = correct(office, EntryFilter(text="Register 0"))
    try_and_do(office, "chief", BulkAct.STORNO, first)
    bulk_id = correct(office, EntryFilter(text="Register"))
    service.try_out(runner(office, "chief"), office.organisation, bulk_id, Permission.JOURNAL_CORRECT)
    found, tally, reasons = office.run("head", lambda u: service.bulk(u, office.organisation, bulk_id))
    assert (found.state, tally.items, tally.fit, tally.fit_tiyn) == (BulkState.TRIED, 5, 2, 20_000)
    assert {each.told.code for each in reasons} == {"already-corrected", "not-correctable", "storno-before-entry"}
    before = len(office.posted())
    service.carry_out(runner(office, "chief"), office.organisation, bulk_id, Permission.JOURNAL_CORRECT)
    assert len(office.posted()) == before + 2
    items = office.run("head", lambda u: service.items(u, office.organisation, bulk_id)).rows
    for item in (each for each in items if each.target.id in posted[1:]):
        view = office.run("head", lambda u, id_=item.entry_id: journal.entry(u, office.organisation, id_))  # type: ignore[misc]
        assert view.cancels is not None
        assert (view.cancels.entry_id, view.cancels.reason, view.kind) == (item.target.id, "loaded twice", "storno")
    assert office.run("head", lambda u: journal.entry(u, office.organisation, late)).cancelled_by is None


def test_corrections_go_for_approval_where_their_journal_asks(office: Office) -> None:
    entries = [office.approve("chief", office.prepare("aigul")).entry_id for _ in range(2)]
    free = post(office)
    bulk_id = correct(office, EntryFilter(), BulkAct.REVERSAL)
    try_and_do(office, "chief", BulkAct.REVERSAL, bulk_id)
    assert outcome(office, bulk_id) == ("done", 3, 3, 3, 0)
    items = office.run("head", lambda u: service.items(u, office.organisation, bulk_id)).rows
    assert {item.target.id for item in items if item.entry_id} == {free}
    sent = {item.target.id: item.prepared_id for item in items if item.prepared_id}
    assert set(sent) == set(entries)
    assert office.view(sent[entries[0]]).corrects == entries[0]  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------ once, and by whom


def test_the_same_key_asks_once_and_for_one_thing(office: Office) -> None:
    key, prepared = uuid4(), office.prepare("aigul")
    first = ask(office, "chief", BulkAct.APPROVE, {prepared: 1}, key)
    assert ask(office, "chief", BulkAct.APPROVE, {prepared: 1}, key) == first
    for who, act in (("chief", BulkAct.WITHDRAW), ("bolat", BulkAct.APPROVE)):
        with pytest.raises(rules.BulkKeyReused):
            ask(office, who, act, {prepared: 1}, key)
    with pytest.raises(rules.BulkEmpty):
        ask(office, "chief", BulkAct.APPROVE, {})


def test_who_asked_carries_it_out_by_the_right_it_needs_and_only_once_it_was_tried(office: Office) -> None:
    bulk_id = ask(office, "chief", BulkAct.APPROVE, {office.prepare("aigul"): 1})
    with pytest.raises(rules.BulkNotTried):
        service.carry_out(runner(office, "chief"), office.organisation, bulk_id, Permission.JOURNAL_APPROVE)
    service.try_out(runner(office, "chief"), office.organisation, bulk_id, Permission.JOURNAL_APPROVE)
    with pytest.raises(rules.BulkOfAnother):
        service.carry_out(runner(office, "bolat"), office.organisation, bulk_id, Permission.JOURNAL_APPROVE)
    with pytest.raises(rules.BulkUnknown):  # a right to do something else
        service.carry_out(runner(office, "chief"), office.organisation, bulk_id, Permission.JOURNAL_POST)
    assert office.posted() == []


def test_two_clicks_at_once_do_each_once(new_office: NewOffice) -> None:
    office = new_office()
    for n in range(12):
        post(office, memo=f"Register {n}")
    bulk_id = correct(office, EntryFilter())
    service.try_out(runner(office, "chief"), office.organisation, bulk_id, Permission.JOURNAL_CORRECT)

    def click(_: int) -> None:
        service.carry_out(runner(office, "chief"), office.organisation, bulk_id, Permission.JOURNAL_CORRECT)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(click, range(3)))
    assert outcome(office, bulk_id) == ("done", 12, 12, 12, 0)
    assert len(office.posted()) == 24


def test_many_are_left_to_a_job_and_few_are_not(new_office: NewOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    office = new_office()
    post(office)
    post(office)
    bulk_id = correct(office, EntryFilter())

    def leave() -> int | None:
        return office.run(
            "chief",
            lambda u: service.leave_to_a_job(u, office.organisation, bulk_id, Permission.JOURNAL_CORRECT),
        )

    assert leave() is None
    monkeypatch.setattr(rules, "AT_ONCE", 1)
    job = leave()
    assert job is not None
    assert leave() == job, "twice is once"


def test_more_than_can_be_held_is_refused(new_office: NewOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    office = new_office()
    post(office)
    post(office)
    monkeypatch.setattr(rules, "MOST", 1)
    with pytest.raises(rules.BulkTooLarge):
        correct(office, EntryFilter())


def test_the_database_tells_the_outcome_of_a_document_once(office: Office) -> None:
    bulk_id = ask(office, "chief", BulkAct.APPROVE, {office.prepare("aigul"): 1})
    try_and_do(office, "chief", BulkAct.APPROVE, bulk_id)
    for statement in (
        "UPDATE finance_bulk_item SET done_at = NULL",
        "UPDATE finance_bulk_item SET fault = '{}'",
        "UPDATE finance_bulk SET state = 'asked'",
        "UPDATE finance_bulk SET asked_by = 1",
        "DELETE FROM finance_bulk_item",
        "INSERT INTO finance_bulk (organisation_id, key, act, asked_by) VALUES (:at, gen_random_uuid(), 'storno', 1)",
    ):
        with pytest.raises(DBAPIError):
            office.run("chief", lambda u, s=statement: u.execute(text(s), {"at": office.organisation}))  # type: ignore[misc]


def test_the_database_lets_nobody_put_something_into_what_another_asked_for(office: Office) -> None:
    wanted, slipped_in = office.prepare("aigul"), office.prepare("aigul", an_entry(memo="Slipped in"))
    bulk_id = ask(office, "chief", BulkAct.APPROVE, {wanted: 1})
    facts = {"at": office.organisation, "bulk": bulk_id, "id": slipped_in, "chief": office.people["chief"]}
    add = """
        INSERT INTO finance_bulk_item
               (organisation_id, bulk_id, no, target_id, version, name, effective_on, amount_tiyn)
        VALUES (:at, :bulk, 99, :id, 1, 'x', '2026-03-15', 1)"""
    forge = """
        INSERT INTO finance_bulk (organisation_id, key, act, asked_by)
        VALUES (:at, gen_random_uuid(), 'approve', :chief)"""
    for who, statement in (("bolat", add), ("bolat", forge)):
        with pytest.raises(DBAPIError, match="row-level security"):
            office.run(who, lambda u, s=statement: u.execute(text(s), facts))  # type: ignore[misc]
    for statement in ("UPDATE finance_bulk SET state = 'tried'", "UPDATE finance_bulk_item SET verdict = '{}'"):
        changed = office.run("bolat", lambda u, s=statement: u.execute(text(s)).rowcount)  # type: ignore[misc]
        assert changed == 0
    service.try_out(runner(office, "chief"), office.organisation, bulk_id, Permission.JOURNAL_APPROVE)
    with pytest.raises(DBAPIError, match="row-level security"):
        office.run("chief", lambda u: u.execute(text(add), facts))  # type: ignore[misc]


def test_another_organisation_sees_and_does_nothing(office: Office, new_office: NewOffice) -> None:
    prepared = office.prepare("aigul")
    bulk_id, other = ask(office, "chief", BulkAct.APPROVE, {prepared: 1}), new_office()
    for look in (
        lambda u: service.bulk(u, office.organisation, bulk_id),
        lambda u: service.bulk(u, other.organisation, bulk_id),
        lambda u: service.leave_to_a_job(u, office.organisation, bulk_id, Permission.JOURNAL_APPROVE),
    ):
        with pytest.raises(rules.BulkUnknown):
            other.run("chief", look)
    with pytest.raises(rules.BulkEmpty):
        ask(other, "chief", BulkAct.APPROVE, {prepared: 1})


def test_a_long_route_takes_one_step_of_many_at_a_time(long_office: Office) -> None:
    office = long_office
    bulk_id = ask(office, "bolat", BulkAct.APPROVE, {office.prepare("aigul"): 1})
    try_and_do(office, "bolat", BulkAct.APPROVE, bulk_id)
    (item,) = office.run("head", lambda u: service.items(u, office.organisation, bulk_id)).rows
    assert (item.entry_id, item.done_at is not None, item.fault) == (None, True, None)


def test_the_trail_tells_that_many_were_acted_on_and_each_act(office: Office) -> None:
    bulk_id = ask(office, "chief", BulkAct.APPROVE, {office.prepare("aigul"): 1})
    try_and_do(office, "chief", BulkAct.APPROVE, bulk_id)
    try_and_do(office, "chief", BulkAct.APPROVE, bulk_id)
    begun = [(subject, facts) for action, subject, facts in trail_of(office) if action == "bulk-begun"]
    assert begun == [(f"bulk:{office.organisation}/{bulk_id}", {"act": "approve", "documents": 1})]
