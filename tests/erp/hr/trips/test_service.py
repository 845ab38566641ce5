"""A trip from the request to the posted entry, and everybody who may not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from erp.base import uow
from erp.base.clock import today
from erp.base.db import make_engine
from erp.base.errors import Invalid
from erp.base.scope import Scope
from erp.base.uow import Receipt, UnitOfWork
from erp.finance.closing import service as closing
from erp.finance.closing.model import Period
from erp.finance.drafts import service as drafts
from erp.finance.drafts.rules import SettlementGone
from erp.finance.journal import service as journal
from erp.finance.journal.schemas import StornoEntry
from erp.finance.policy.rules import default
from erp.finance.settlements import rules as inbox
from erp.finance.settlements import service as settlements
from erp.finance.settlements.model import SettlementState as Standing
from erp.finance.settlements.model import Ties
from erp.hr.requests import queries as requested
from erp.hr.requests import service as requests
from erp.hr.requests.model import Decision, Kind, Recall, State
from erp.hr.requests.rules import AbsencesOverlap, AskedAlready, NotAtYourDesk, OwnRequest, RequestUnknown
from erp.hr.trips import rules, service
from erp.hr.trips.model import ReportState, Waiting
from erp.hr.trips.schemas import SendAdvance
from erp.hr.trips.service import Trips, advance_key, report_key
from erp.reference.attachments import service as attachments
from erp.reference.attachments.model import Checked
from erp.reference.calendar import service as calendar
from erp.reference.notifications import service as notifications
from ledger import service as ledger
from ledger.model import Actor, PeriodState
from tests.erp.hr.requests.conftest import rivalled
from tests.erp.hr.trips.conftest import PORT, TICKET, Desk, T, a_report, a_trip, completed
from tests.factories.staff import a_hire, a_post, on_day

MARCH = date(2026, 3, 2), date(2026, 3, 4)


def told(desk: Desk, who: str) -> list[tuple[str, str]]:
    scope = Scope(Actor(desk.staff.users[who], "test"))
    found = uow.read(desk.staff.engine, scope, lambda u: notifications.own(u, limit=30))
    return [(each.kind.value, each.subject) for each in found]


def test_a_trip_goes_from_the_request_to_the_posted_entries(desk: Desk) -> None:
    first, last = MARCH
    asked = desk.ask("teacher", a_trip(first, last, advance="90000"))
    assert desk.shown("lead", asked).estimate.total == 9_835_000
    with pytest.raises(OwnRequest):
        desk.decide("lead", desk.ask("lead", a_trip(first, last)))
    approved = desk.decide("lead", asked)
    advance = desk.settlement(advance_key(asked.key))
    assert (advance.state, advance.amount_tiyn, advance.facts.advance_tiyn) == (Standing.WAITING, 9_000_000, 9_000_000)
    assert [r.debit.account for r in advance.sheet.rows] == ["1261"]

    entry = desk.post(advance.key)
    paid = desk.shown("teacher", approved)
    assert paid.advance is not None
    assert (paid.advance.state, paid.advance.entry_id, paid.advance_paid) == ("posted", entry, 9_000_000)
    of_entry = desk.keep(lambda u: settlements.settlement_of_entry(u, desk.at, entry))
    assert of_entry is not None
    assert of_entry.facts.subject == f"trip:{desk.at}/{asked.id}"

    reported = desk.report("teacher", approved, a_report(first, last))
    assert (reported.state, reported.spent_tiyn) == (ReportState.SUBMITTED, 9_835_000)
    assert ("trip-reported", f"tripreport:{desk.at}/{asked.id}") in told(desk, "lead")
    assert desk.report("teacher", approved, a_report(first, last), paper=False).version == 1, "twice is once"
    balance = desk.approve("lead", approved)
    assert (balance.owed_tiyn, balance.returns_tiyn) == (835_000, 0)
    key = report_key(asked.key, 1)
    drafted = desk.settlement(key)
    assert [(r.credit.account, r.amount) for r in drafted.sheet.rows][-1] == ("3242", "8350,00")
    papers = desk.keep(lambda u: attachments.attachments_of(u, desk.at, drafted.subject))
    assert [each.name for each in papers] == ["ticket.txt"]
    settled = desk.post(key)
    shown = desk.shown("teacher", approved)
    assert shown.settlement is not None
    assert (shown.settlement.entry_id, shown.owed, shown.report.state) == (settled, 835_000, ReportState.APPROVED)


def test_a_closed_month_stops_no_manager_and_the_accountant_dates_the_entry(desk: Desk) -> None:
    first, last = date(2026, 1, 12), date(2026, 1, 14)
    asked = desk.ask("colleague", a_trip(first, last))
    approved = desk.decide("lead", asked)
    desk.keep(lambda u: ledger.set_period(u.connection, desk.at, date(2026, 1, 1), PeriodState.CLOSED, u.scope.actor))
    desk.report("colleague", approved, a_report(first, last))
    desk.approve("lead", approved)
    key = report_key(asked.key, 1)
    assert desk.take(key).sheet.effective_on == f"{today():%d.%m.%Y}"
    assert desk.post(key, "18.11.2026")


def test_no_advance_is_given_while_another_is_not_reported(desk: Desk) -> None:
    one = desk.decide("hr_head", desk.ask("officer", a_trip(date(2026, 4, 6), date(2026, 4, 7), advance="10000")))
    other = a_trip(date(2026, 4, 13), date(2026, 4, 14), advance="10000")
    with pytest.raises(rules.AdvanceOpen):
        desk.ask("officer", other)
    without = desk.ask("officer", a_trip(date(2026, 4, 13), date(2026, 4, 14)))
    assert desk.decide("hr_head", without).state is State.APPROVED
    desk.report("officer", one, a_report(date(2026, 4, 6), date(2026, 4, 7)))
    desk.approve("hr_head", one)
    assert desk.settlement(advance_key(one.key)).state is Standing.WITHDRAWN, "never paid, so the whole is owed"
    assert desk.shown("officer", one).owed == 9_835_000
    desk.ask("officer", a_trip(date(2026, 4, 20), date(2026, 4, 21), advance="10000"))


def test_a_cancelled_trip_takes_its_advance_back_and_a_paid_one_is_reported(desk: Desk) -> None:
    day = today() + timedelta(days=20)
    asked = desk.decide("lead", desk.ask("colleague", a_trip(day, day + timedelta(days=1), advance="5000")))
    with pytest.raises(rules.NoReportYet):
        desk.report("colleague", asked, a_report(day, day), paper=False)
    cancelled = desk.recall("lead", asked, day)
    assert cancelled.state is State.CANCELLED
    assert desk.settlement(advance_key(asked.key)).state is Standing.WITHDRAWN
    again = desk.decide("lead", desk.ask("colleague", a_trip(day, day + timedelta(days=1), advance="5000")))
    desk.post(advance_key(again.key))
    desk.recall("lead", again, day)
    shown = desk.shown("colleague", again)
    assert (shown.advance_paid, shown.report.state) == (500_000, ReportState.NONE)
    desk.report("colleague", again, a_report(day, day, per_diem="0", lodging="0", fare="1200"))
    assert desk.approve("lead", again).returns_tiyn == 380_000


def test_a_recall_waits_until_the_report_is_returned_and_until_the_advance_is_in_no_hand(desk: Desk) -> None:
    first, last = date(2026, 5, 25), date(2026, 5, 27)
    asked = desk.decide("hr_head", desk.ask("director", a_trip(first, last, advance="1000")))
    desk.take(advance_key(asked.key))
    with pytest.raises(rules.AdvanceInHand):
        desk.recall("hr_head", asked, first, is_correction=True)
    desk.post(advance_key(asked.key))
    desk.report("director", asked, a_report(first, last))
    with pytest.raises(rules.ReportStands):
        desk.recall("hr_head", asked, last, is_correction=True)
    desk.send_back("hr_head", asked, 1)
    shorter = desk.recall("hr_head", asked, last, is_correction=True)
    with pytest.raises(Invalid):
        desk.report("director", shorter, a_report(first, last), version=2)
    per_diem, *_ = desk.staff.read("director", lambda u: service.suggested(u, shorter))
    assert (per_diem.kind.value, per_diem.on, per_diem.amount_tiyn) == ("per-diem", last - timedelta(days=1), 1_730_000)
    desk.report("director", shorter, a_report(first, last - timedelta(days=1)), version=2)
    desk.approve("hr_head", shorter, 3)


def test_a_cancelled_trip_is_due_as_long_as_an_advance_of_it_is_paid(desk: Desk) -> None:
    day = today() + timedelta(days=60)
    person = desk.staff.hire(a_hire(desk.staff.add_post(a_post(desk.staff.units["teaching"], "Nurse"))))
    command = a_trip(day, day + timedelta(days=1), advance="5000", person_id=person)

    def due(narrowed: Waiting = Waiting.DUE) -> dict[int, bool]:
        found = desk.staff.read("officer", lambda u: service.trips(u, desk.at, PORT, narrowed, person_id=person))
        return {row.id: row.is_due for row in found.rows}

    unpaid = desk.decide("lead", desk.ask("officer", command))
    desk.recall("lead", unpaid, day)
    paid = desk.decide("lead", desk.ask("officer", command.model_copy(update={"key": uuid4()})))
    entry = desk.post(advance_key(paid.key))
    assert due() == {}
    desk.recall("lead", paid, day)
    assert (due(), due(Waiting.ALL)) == ({paid.id: True}, {paid.id: True, unpaid.id: False})
    assert desk.shown("officer", paid).report_due_on == desk.keep(lambda u: calendar.working_day_after(u, today(), 3))
    assert desk.shown("officer", unpaid).report_due_on is None
    amiss = StornoEntry(key=uuid4(), effective_on=date(2026, 11, 20), reason="Paid amiss")
    desk.keep(lambda u: journal.storno_entry(u, desk.at, entry, amiss))
    assert due() == {}, "nothing is open"


def test_whoever_decides_knows_of_an_advance_that_another_approved(desk: Desk) -> None:
    """Two trips wait, one at a desk whose holder left it: each who decides sees their own alone."""
    person = desk.staff.hire(a_hire(desk.staff.add_post(a_post(desk.staff.units["teaching"], "Guard"))))
    days = date(2026, 12, 14), date(2026, 12, 21)
    one, other = (
        desk.ask("officer", a_trip(day, day + timedelta(days=1), advance="10", person_id=person)) for day in days
    )
    owner = make_engine(desk.staff.engine.url.render_as_string(hide_password=False), role=None, pool=1)
    with owner.begin() as connection:
        connection.execute(text("UPDATE hr_request SET approver_id = :director WHERE id = :id"),
                           {"director": desk.staff.persons["director"], "id": other.id})  # fmt: skip
    owner.dispose()
    desk.decide("lead", one)
    with pytest.raises(RequestUnknown):
        desk.shown("director", one)
    with pytest.raises(rules.AdvanceOpen):
        desk.decide("director", other)
    asked = text("SELECT count(*) FROM hr_trip_advances(:at, :person)")
    for who, seen in (("director", 1), ("officer", 1), ("teacher", 0), ("bookkeeper", 0)):
        found = desk.staff.read(who, lambda u: u.execute(asked, {"at": desk.at, "person": person}).scalar())
        assert found == seen, who


@pytest.mark.parametrize("first", ["report", "recall"])
def test_a_report_that_is_handed_in_and_a_recall_wait_for_each_other(desk: Desk, first: str) -> None:
    begins = date(2026, 3, 16) if first == "report" else date(2026, 3, 23)
    ends = begins + timedelta(days=2)
    asked = desk.decide("hr_head", desk.ask("director", a_trip(begins, ends)))
    desk.report("director", asked, a_report(begins, ends))
    desk.send_back("hr_head", asked, 1)
    command = Recall(ends, "Needed here", is_correction=True)

    def hand_in(u: UnitOfWork) -> object:
        return service.hand_in(u, desk.at, asked.id, 2, a_report(begins, ends))

    def recall(u: UnitOfWork) -> object:
        told = {Kind.TRIP: Trips(PORT)}
        return requests.recall(u, desk.at, asked.id, asked.version, command, consequences=told)

    acts = {"report": ("director", hand_in), "recall": ("hr_head", recall)}
    (who, act), (rival, late) = acts[first], acts["recall" if first == "report" else "report"]
    answer = rivalled(desk.staff, who, act, rival, late)
    with pytest.raises(rules.ReportStands if first == "report" else Invalid):
        answer()
    days = desk.shown("hr_head", asked)
    assert (days.report.state is ReportState.SUBMITTED) == (first == "report")


def test_the_database_refuses_a_recall_under_a_report(desk: Desk) -> None:
    begins = date(2026, 3, 30)
    asked = desk.decide("hr_head", desk.ask("director", a_trip(begins, begins + timedelta(days=2))))
    desk.report("director", asked, a_report(begins, begins + timedelta(days=2)))

    def past_the_check(u: UnitOfWork) -> object:
        return requested.insert_act(
            u.connection, u.scope, desk.at, asked.id, State.CANCELLED, version=3, reason="Needed", is_correction=True
        )

    with pytest.raises(DBAPIError, match="under a report that is handed in"):
        desk.staff.run("hr_head", past_the_check)


def test_a_paper_is_taken_off_by_who_attached_it_until_the_report_is_handed_in(desk: Desk) -> None:
    begins = date(2026, 4, 27)
    asked = desk.decide("lead", desk.ask("teacher", a_trip(begins, begins + timedelta(days=2))))

    def attach(who: str, content: bytes) -> int:
        file = Checked("passport.txt", "text/plain", content)
        return desk.staff.run(who, lambda u: service.attach(u, desk.at, asked.id, file)).id

    def remove(who: str, file: int) -> None:
        desk.staff.run(who, lambda u: service.remove_paper(u, desk.at, asked.id, file))

    amiss, of_officer = attach("teacher", b"of another"), attach("officer", b"ticket")
    with pytest.raises(rules.PaperOfAnother):
        remove("teacher", of_officer)
    with pytest.raises(RequestUnknown):
        remove("colleague", amiss)
    remove("teacher", amiss)
    with pytest.raises(attachments.AttachmentUnknown):
        remove("teacher", amiss)
    kept = attach("teacher", b"receipt")
    desk.report("teacher", asked, a_report(begins, begins + timedelta(days=2)), paper=False)
    with pytest.raises(rules.PapersHandedIn):
        remove("teacher", kept)
    hide = text("UPDATE base_attachment SET removed_by = 1, removed_at = now(), removed_why = '' WHERE id = :id")
    assert desk.staff.run("teacher", lambda u: u.execute(hide, {"id": kept}).rowcount) == 0, "nor past the check"
    later = attach("officer", b"asked for by who approves")
    desk.approve("lead", asked)
    assert attach("officer", b"asked for by who approves") == later, "twice is once"
    with pytest.raises(rules.PapersSettled):
        attach("teacher", b"after all")
    with pytest.raises(DBAPIError):
        desk.staff.run("teacher", lambda u: attachments.attach(u, desk.at, service.subject(desk.at, asked.id), TICKET))
    names = desk.staff.read("lead", lambda u: service.papers(u, desk.at, asked.id))
    assert {each.id for each in names} == {of_officer, kept, later}


def test_an_approved_report_may_be_returned_where_no_entry_of_it_stands(desk: Desk) -> None:
    begins = date(2026, 2, 16)
    asked = desk.decide("lead", desk.ask("teacher", a_trip(begins, begins + timedelta(days=2))))

    def may_be_returned() -> bool:
        return desk.shown("lead", asked).may_be_returned

    assert not may_be_returned()
    desk.report("teacher", asked, a_report(begins, begins + timedelta(days=2)))
    assert may_be_returned()
    desk.approve("lead", asked)
    assert not may_be_returned()
    entry = desk.post(report_key(asked.key, 1))
    assert not may_be_returned()
    amiss = StornoEntry(key=uuid4(), effective_on=date(2026, 11, 20), reason="Of another trip")
    desk.keep(lambda u: journal.storno_entry(u, desk.at, entry, amiss))
    assert may_be_returned()
    desk.send_back("lead", asked, 2)
    assert not may_be_returned()
    desk.report("teacher", asked, a_report(begins, begins, "0", "0", "0"), version=3)
    desk.approve("lead", asked, 4)
    assert may_be_returned(), "of nought there is no entry"


def test_an_advance_whose_entry_was_cancelled_was_not_paid(desk: Desk) -> None:
    first, last = date(2026, 7, 27), date(2026, 7, 29)
    asked = desk.decide("hr_head", desk.ask("director", a_trip(first, last, advance="90000")))
    entry = desk.post(advance_key(asked.key))
    amiss = StornoEntry(key=uuid4(), effective_on=date(2026, 11, 20), reason="Paid amiss")
    desk.keep(lambda u: journal.storno_entry(u, desk.at, entry, amiss))
    shown = desk.shown("director", asked)
    assert shown.advance is not None
    assert (shown.advance.state, shown.advance_paid) == ("reversed", 0)
    assert desk.settlement(advance_key(asked.key)).state is Standing.REVERSED
    desk.report("director", asked, a_report(first, last))
    assert desk.approve("hr_head", asked).owed_tiyn == 9_835_000


def test_open_advances_tie_to_their_account_entry_by_entry(desk: Desk) -> None:
    first, last = date(2026, 2, 9), date(2026, 2, 11)
    end = date(2026, 3, 1)

    def ties(end: date = end) -> Ties:
        return desk.keep(lambda u: settlements.ties(u, desk.at, end))

    before = ties()
    approved = desk.decide("hr_head", desk.ask("director", a_trip(first, last, advance="90000")))
    assert ties() == before, "what is not posted is not open"
    entry = desk.post(advance_key(approved.key), "09.02.2026")
    paid = ties()
    assert (paid.open_tiyn - before.open_tiyn, paid.balance_tiyn - before.balance_tiyn) == (9_000_000, 9_000_000)
    assert ties(date(2026, 2, 1)) == before

    desk.report("director", approved, a_report(first, last, lodging="0"))
    desk.approve("hr_head", approved)
    begun = desk.take(report_key(approved.key, 1))
    sheet = completed(begun.sheet, "12.02.2026")
    less = replace(sheet, rows=(replace(sheet.rows[0], amount="20000,00"), *sheet.rows[1:]))
    saved = desk.keep(lambda u: drafts.save(u, desk.at, begun.id, begun.version, less))
    receipt = desk.keep(lambda u: drafts.post(u, desk.at, saved.id, saved.version))
    assert isinstance(receipt, Receipt)
    changed = receipt().entry_id
    (found,) = ties().differing
    assert (found.entry_id, found.told_tiyn, found.booked_tiyn) == (changed, -3_835_000, -3_240_000)

    month = Period.month(first)
    proof = desk.keep(lambda u: closing.PROOFS["advances-tie"](u, desk.at, month, default().content))
    assert [(each.place, each.tiyn) for each in proof.findings] == [(f"journal/{changed}", 595_000)]

    for of in (changed, entry):
        storno = StornoEntry(key=uuid4(), effective_on=date(2026, 2, 20), reason="Of another trip")
        desk.keep(lambda u, of=of, by=storno: journal.storno_entry(u, desk.at, of, by))  # type: ignore[misc]
    after = ties()
    assert (after.open_tiyn, after.booked_tiyn, after.differing) == (before.open_tiyn, before.booked_tiyn, ())


def test_what_the_accountant_declines_goes_back_through_who_approved_it(desk: Desk) -> None:
    first, last = date(2026, 5, 4), date(2026, 5, 6)
    asked = desk.decide("lead", desk.ask("teacher", a_trip(first, last)))
    desk.report("teacher", asked, a_report(first, last))
    desk.approve("lead", asked)
    of = desk.settlement(report_key(asked.key, 1))
    with pytest.raises(rules.ReportChanged):
        desk.send_back("lead", asked, 2)
    with pytest.raises(inbox.SettlementReasonMissing):
        desk.keep(lambda u: settlements.decline(u, desk.at, of.id, of.version, " "))
    desk.keep(lambda u: settlements.decline(u, desk.at, of.id, of.version, "The hotel receipt is of another month"))
    assert ("settlement-declined", f"trip:{desk.at}/{asked.id}") in told(desk, "teacher")
    assert ("settlement-declined", f"tripreport:{desk.at}/{asked.id}") in told(desk, "lead")
    with pytest.raises(inbox.SettlementChanged):
        desk.keep(lambda u: settlements.take(u, desk.at, of.id, of.version))
    assert desk.send_back("lead", asked, 2).state is ReportState.RETURNED
    desk.report("teacher", asked, a_report(first, last, lodging="30000"), version=3, paper=False)
    assert desk.approve("lead", asked, 4).spent_tiyn == 6_835_000
    assert desk.settlement(report_key(asked.key, 2)).state is Standing.WAITING


def test_a_declined_advance_is_sent_anew_by_who_decides_of_what_was_asked_at_most(desk: Desk) -> None:
    first, last = date(2026, 1, 19), date(2026, 1, 21)
    asked = desk.decide("lead", desk.ask("teacher", a_trip(first, last, advance="1000")))

    def send(who: str, amount: str, sent: int = 1) -> None:
        command = SendAdvance(sent=sent, amount=amount)
        with on_day(first):
            desk.staff.run(who, lambda u: service.send_advance(u, desk.at, asked.id, command, PORT))

    with pytest.raises(rules.AdvanceStands):
        send("lead", "900")
    of = desk.settlement(advance_key(asked.key))
    desk.keep(lambda u: settlements.decline(u, desk.at, of.id, of.version, "Not so much in the till"))
    with pytest.raises(NotAtYourDesk):
        send("officer", "900")
    for amount in ("0", "1000.01"):
        with pytest.raises(Invalid):
            send("lead", amount)
    late = SendAdvance(sent=1, amount="900")
    with pytest.raises(rules.AdvanceTooLate):
        desk.staff.run("lead", lambda u: service.send_advance(u, desk.at, asked.id, late, PORT))
    send("lead", "900")
    send("lead", "900")  # twice is once
    anew = desk.settlement(advance_key(asked.key, 2))
    assert (anew.state, anew.amount_tiyn) == (Standing.WAITING, 90_000)
    with pytest.raises(rules.AdvanceOpen):
        desk.ask("teacher", a_trip(date(2026, 1, 26), date(2026, 1, 28), advance="10"))
    desk.post(advance_key(asked.key, 2))
    shown = desk.shown("lead", asked)
    assert (shown.advance_paid, shown.advance_sent) == (90_000, 2)
    desk.report("teacher", asked, a_report(first, last))
    balance = desk.approve("lead", asked)
    assert balance.advance_tiyn == 90_000


def test_two_accountants_who_take_it_post_it_once_and_one_may_leave_it(desk: Desk) -> None:
    first, last = date(2026, 5, 18), date(2026, 5, 20)
    asked = desk.decide("lead", desk.ask("teacher", a_trip(first, last, advance="1000")))
    key = advance_key(asked.key)
    begun = desk.take(key)
    assert desk.take(key).id == begun.id, "twice is once"
    of = desk.settlement(key)
    assert (of.state, of.draft_id) == (Standing.TAKEN, begun.id)
    desk.keep(lambda u: settlements.put_back(u, desk.at, of.id, of.version))
    assert desk.settlement(key).state is Standing.WAITING
    other = desk.take(key, "director")
    assert other.id != begun.id
    assert desk.post(key) == desk.settlement(key).entry_id
    assert desk.settlement(key).state is Standing.POSTED
    with pytest.raises(inbox.SettlementChanged):
        desk.keep(lambda u: settlements.decline(u, desk.at, of.id, 5, "Too late for this"))


def test_what_is_declined_is_posted_by_nobody_who_still_has_a_draft_of_it(desk: Desk) -> None:
    first, last = date(2026, 8, 3), date(2026, 8, 5)
    asked = desk.decide("lead", desk.ask("teacher", a_trip(first, last)))
    desk.report("teacher", asked, a_report(first, last))
    desk.approve("lead", asked)
    key = report_key(asked.key, 1)
    begun = desk.take(key)
    sheet = completed(begun.sheet, "20.11.2026")
    saved = desk.keep(lambda u: drafts.save(u, desk.at, begun.id, begun.version, sheet))
    of = desk.settlement(key)
    desk.keep(lambda u: settlements.decline(u, desk.at, of.id, of.version, "Of another month"), "director")
    with pytest.raises(SettlementGone):
        desk.keep(lambda u: drafts.post(u, desk.at, saved.id, saved.version))


def test_an_advance_that_is_just_being_paid_is_not_owed_a_second_time(desk: Desk) -> None:
    first, last = date(2026, 8, 17), date(2026, 8, 19)
    asked = desk.decide("lead", desk.ask("colleague", a_trip(first, last, advance="90000")))
    desk.report("colleague", asked, a_report(first, last))
    desk.take(advance_key(asked.key))
    with pytest.raises(rules.AdvanceInHand):
        desk.approve("lead", asked)
    desk.post(advance_key(asked.key))
    assert desk.approve("lead", asked).owed_tiyn == 835_000


def test_a_report_is_approved_by_another_and_only_with_papers(desk: Desk) -> None:
    first, last = date(2026, 6, 1), date(2026, 6, 2)
    asked = desk.ask("teacher", a_trip(first, last))
    with pytest.raises(rules.TripNotInForce):
        desk.report("teacher", asked, a_report(first, last), paper=False)
    approved = desk.decide("hr_head", asked)
    with pytest.raises(rules.PapersMissing):
        desk.report("teacher", approved, a_report(first, last), paper=False)
    with pytest.raises(Invalid) as refusal:
        desk.report("teacher", approved, a_report(first, last + timedelta(days=1)))
    assert set(refusal.value.faults) == {"lines.0.on"}
    desk.report("hr_head", approved, a_report(first, last))
    with pytest.raises(rules.OwnReport):
        desk.approve("hr_head", approved)
    with pytest.raises(RequestUnknown):
        desk.approve("colleague", approved)
    act = "INSERT INTO hr_trip_report_act (organisation_id, request_id, version, act, revision, origin) VALUES"
    forced = text(f"{act} (:at, :trip, 2, 'approved', 1, 'test')")
    for who in ("hr_head", "teacher"):
        with pytest.raises(DBAPIError):
            desk.staff.run(who, lambda u: u.execute(forced, {"at": desk.at, "trip": approved.id}))
    with pytest.raises(rules.ReportChanged):
        desk.approve("lead", approved, 7)
    assert desk.approve("lead", approved).owed_tiyn == 9_835_000


def test_human_resources_send_somebody_and_others_see_nothing_of_it(desk: Desk) -> None:
    first, last = date(2026, 6, 15), date(2026, 6, 17)
    sent = desk.ask("officer", a_trip(first, last, person_id=desk.staff.persons["teacher"]))
    assert desk.shown("teacher", sent).route == "Сарыдала – Алматы – Сарыдала"
    with pytest.raises(OwnRequest):
        desk.decide("officer", sent)
    with pytest.raises(AskedAlready):
        desk.ask("teacher", a_trip(last, last))
    desk.decide("lead", sent)
    with pytest.raises(AbsencesOverlap):
        desk.ask("teacher", a_trip(last, last))
    with pytest.raises(RequestUnknown):
        desk.shown("colleague", sent)
    rows = desk.staff.read("colleague", lambda u: service.trips(u, desk.at, PORT)).rows
    assert sent.id not in {row.id for row in rows}
    due = desk.staff.read("officer", lambda u: service.trips(u, desk.at, PORT, Waiting.DUE)).rows
    assert sent.id in {row.id for row in due}
    assert desk.shown("officer", sent).report_due_on == date(2026, 6, 22)
    file = "SELECT count(*) FROM base_attachment WHERE subject = :subject"
    desk.staff.run("teacher", lambda u: service.attach(u, desk.at, sent.id, TICKET))
    for who, seen in (("teacher", 1), ("lead", 1), ("officer", 1), ("colleague", 0)):
        counted = desk.staff.read(
            who, lambda u: u.execute(text(file), {"subject": f"trip:{desk.at}/{sent.id}"}).scalar()
        )
        assert counted == seen, who


def test_a_request_is_mended_after_it_was_returned(desk: Desk) -> None:
    first, last = date(2026, 7, 13), date(2026, 7, 15)
    command = a_trip(first, last)
    asked = desk.ask("teacher", command)
    assert desk.ask("teacher", command).id == asked.id
    returned = desk.decide("lead", asked, Decision.RETURN, "Two days are enough")
    shorter = a_trip(first, last - timedelta(days=1), key=uuid4())

    with pytest.raises(Invalid) as late:
        desk.ask_today("teacher", command.model_copy(update={"key": uuid4()}))
    assert type(late.value.faults["legs.0.departs_on"]) is rules.TripBegun
    mended = desk.mend("teacher", asked, returned.version, shorter)
    assert (mended.days.last, desk.shown("lead", mended).days) == (last - timedelta(days=1), 2)
    with pytest.raises(Invalid) as refusal:
        desk.ask("colleague", a_trip(first, last, advance="98350.01"))
    assert "98350.00" in str(refusal.value.faults["advance"])


def test_a_request_of_a_trip_that_has_begun_is_changed_and_withdrawn_by_who_keeps_records(desk: Desk) -> None:
    """Asked for ahead, returned or still waiting once it began; or recorded late, and returned."""
    first, last = date(2026, 9, 14), date(2026, 9, 16)
    ahead = desk.ask("teacher", a_trip(first, last))
    returned = desk.decide("lead", ahead, Decision.RETURN, "Two days are enough")
    shorter = a_trip(first, last - timedelta(days=1))
    for who, command, at, fault in (
        ("teacher", shorter, "legs.0.departs_on", rules.TripBegun),
        ("officer", shorter, "belated", rules.BelatedReasonMissing),
        ("officer", shorter.model_copy(update={"advance": "10", "belated": "Ill"}), "advance", rules.AdvanceTooLate),
    ):
        with pytest.raises(Invalid) as refusal:
            desk.mend_today(who, returned, returned.version, command)
        assert type(refusal.value.faults[at]) is fault
    why = shorter.model_copy(update={"belated": "It came back once the trip had begun"})
    mended = desk.mend_today("officer", returned, returned.version, why)
    assert (mended.state, mended.days.last) == (State.SUBMITTED, last - timedelta(days=1))
    with pytest.raises(OwnRequest):
        desk.decide_today("officer", mended)
    again = desk.decide_today("lead", mended, Decision.RETURN, "Whose order is it?")
    waits = desk.mend_today("hr_head", again, again.version, why.model_copy(update={"ground": "Order 7"}))
    with pytest.raises(RequestUnknown):
        desk.withdraw("colleague", waits)
    assert desk.withdraw("officer", waits).state is State.WITHDRAWN


def test_nobody_records_their_own_trip_that_has_begun(desk: Desk) -> None:
    own = desk.staff.persons["hr_head"]
    late = a_trip(date(2026, 9, 21), date(2026, 9, 22), belated="The order came late")
    for command in (late, late.model_copy(update={"person_id": own})):
        with pytest.raises(Invalid) as refusal:
            desk.ask_today("hr_head", command)
        assert type(refusal.value.faults["legs.0.departs_on"]) is rules.TripBegun
    for_her = late.model_copy(update={"person_id": own})
    with pytest.raises(Invalid):
        desk.staff.run("officer", lambda u: service.ask(u, desk.at, for_her, PORT), on_behalf_of="hr_head")
    recorded = desk.ask_today("officer", for_her)
    with pytest.raises(Invalid):
        desk.mend_today("hr_head", recorded, 1, late.model_copy(update={"belated": "Otherwise"}))


def test_a_trip_that_is_approved_once_it_has_begun_gets_no_advance(desk: Desk) -> None:
    first, last = date(2026, 9, 28), date(2026, 9, 30)
    person = desk.staff.hire(a_hire(desk.staff.add_post(a_post(desk.staff.units["teaching"], "Librarian"))))
    asked = desk.ask("officer", a_trip(first, last, advance="90000", person_id=person))
    approved = desk.decide_today("lead", asked)
    shown = desk.shown("lead", approved)
    assert (shown.advance, shown.advance_sent, shown.advance_asked, shown.has_begun) == (None, 0, 9_000_000, True)
    anew = SendAdvance(sent=1, amount="900")
    with pytest.raises(rules.AdvanceStands):
        desk.staff.run("lead", lambda u: service.send_advance(u, desk.at, approved.id, anew, PORT))
    other = a_trip(date(2026, 10, 1), date(2026, 10, 2), advance="10", person_id=person)
    paid = desk.shown("lead", desk.decide("lead", desk.ask("officer", other))).advance
    assert paid is not None, "no advance is open"
    desk.report("officer", approved, a_report(first, last))
    assert desk.approve("lead", approved).owed_tiyn == 9_835_000


def test_human_resources_report_for_who_cannot_and_another_approves(desk: Desk) -> None:
    first, last = date(2026, 9, 7), date(2026, 9, 9)
    approved = desk.decide("lead", desk.ask("officer", a_trip(first, last, person_id=desk.staff.persons["teacher"])))
    handed = desk.report("officer", approved, a_report(first, last, lodging="90000"))
    assert [(act.act, act.actor) for act in handed.acts] == [(ReportState.SUBMITTED, "Officer")]
    for who in ("officer", "teacher"):
        with pytest.raises((rules.OwnReport, OwnRequest)):
            desk.approve(who, approved)
    seen = desk.shown("lead", approved).report
    assert [(line.estimated, line.over, line.is_over_norm) for line in seen.lines] == [
        (2_595_000, 0, False),
        (6_000_000, 3_000_000, True),
        (1_240_000, 0, False),
    ]
    assert (seen.estimated, seen.spent, seen.over) == (9_835_000, 12_835_000, 3_000_000)
    (row,) = [
        row for row in desk.staff.read("lead", lambda u: service.trips(u, desk.at, PORT)).rows if row.id == approved.id
    ]
    assert (row.spent_tiyn, row.over_tiyn) == (12_835_000, 3_000_000)
    desk.approve("lead", approved)
    told = desk.settlement(report_key(approved.key, 1)).facts
    assert [(line.kind, line.norm_tiyn, line.estimated_tiyn, line.over_tiyn) for line in told.lines] == [
        ("per-diem", 2_595_000, 2_595_000, 0),
        ("lodging", 8_650_000, 6_000_000, 3_000_000),
        ("fare", None, 1_240_000, 0),
    ]


def test_a_command_sent_twice_gets_its_first_answer_in_any_later_state(desk: Desk) -> None:
    """Every command of a trip from the request to the posted entry, sent again after each that came later."""
    said = list[tuple[Callable[[], object], object]]()

    def say(command: Callable[[], T]) -> T:
        answer = command()
        said.append((command, answer))
        assert [again() for again, _ in said] == [first for _, first in said]
        return answer

    first, last = date(2026, 10, 5), date(2026, 10, 7)
    command = a_trip(first, last, advance="1000")
    longer = a_trip(first, last, advance="90000")
    asked = say(lambda: desk.ask("director", command))
    back = say(lambda: desk.decide("hr_head", asked, Decision.RETURN, "More is needed"))
    mended = say(lambda: desk.mend("director", asked, back.version, longer))
    approved = say(lambda: desk.decide("hr_head", mended))
    key = advance_key(asked.key)
    waits = desk.settlement(key)
    begun = say(lambda: desk.keep(lambda u: settlements.take(u, desk.at, waits.id, waits.version)).id)
    taken = desk.settlement(key)
    say(lambda: desk.keep(lambda u: settlements.put_back(u, desk.at, taken.id, taken.version)))
    assert desk.take(key).id == begun
    desk.post(key)
    say(lambda: desk.report("director", approved, a_report(first, last)))
    say(lambda: desk.send_back("hr_head", approved, 1))
    say(lambda: desk.report("director", approved, a_report(first, last, lodging="50000"), version=2))
    say(lambda: desk.approve("hr_head", approved, 3))
    of = desk.settlement(report_key(asked.key, 2))
    say(lambda: desk.keep(lambda u: settlements.decline(u, desk.at, of.id, of.version, "Of another month")))
    say(lambda: desk.send_back("hr_head", approved, 4, "See the accountant"))
    assert len(desk.shown("hr_head", approved).report.acts) == 5
    with pytest.raises(rules.ReportChanged):
        desk.send_back("hr_head", approved, 1, "For another reason")


def test_nobody_without_a_hand_in_it_lays_anything_into_the_inbox(desk: Desk) -> None:
    settle = text("SELECT finance_settle(:at, :key, 'advance', 'trip:1/1', '{}', '{\"rows\": []}', 1, 'test')")
    for scope in (
        desk.staff.scope("teacher"),
        Scope(Actor(desk.staff.users["bookkeeper"], "test"), writes=frozenset({desk.at})),
    ):
        with pytest.raises(DBAPIError) as refusal:
            uow.run(desk.staff.engine, scope, lambda u: u.execute(settle, {"at": desk.at, "key": uuid4()}))
        assert "nobody decides on staff here" in str(refusal.value)
