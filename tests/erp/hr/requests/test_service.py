"""Requests to be away: who asks, who decides, what is refused, who is away afterwards, and who knows why."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from itertools import count
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from erp.base import uow
from erp.base.clock import today
from erp.base.dates import DaySpan
from erp.base.db import make_engine
from erp.base.errors import Conflict
from erp.base.scope import Scope, system_scope
from erp.base.uow import UnitOfWork
from erp.hr.personnel import service as personnel
from erp.hr.personnel.schemas import RecordAppointment
from erp.hr.requests import calendar, heads, queries, rules, service
from erp.hr.requests.model import Absence, Consent, Covers, Decision, Kind, Request, RequestFilter, State, Stray
from erp.hr.requests.service import desk_subject
from erp.reference.notifications import service as notifications
from ledger.errors import KeyReused
from ledger.model import Actor
from tests.erp.hr.requests.conftest import CONSENT, Desk, days, rivalled


class NoDaysLeft(Conflict):
    code = "no-days-left-in-the-test"
    template = "No days are left."


def told(desk: Desk, who: str) -> list[tuple[str, str]]:
    """Kind and subject of what somebody was told of, the latest first."""
    scope = Scope(Actor(desk.staff.users[who], "test"))
    found = uow.read(desk.staff.engine, scope, lambda u: notifications.own(u, limit=20))
    return [(each.kind.value, each.subject) for each in found]


def leave_service(desk: Desk, who: str, since: date) -> None:
    """Somebody serves no more from a day on."""
    at, person_id = desk.staff.organisation, desk.staff.persons[who]

    def record(u: uow.UnitOfWork) -> None:
        held = personnel.person(u, at, person_id).appointments[0]
        ends = RecordAppointment(key=uuid4(), since=since, reason="Order 9-l", content=None)
        personnel.record_appointment(u, at, person_id, held.id, ends)

    desk.staff.run("officer", record)


MINE = RequestFilter((State.SUBMITTED,), at_desk=True)


def inbox(desk: Desk, who: str, narrowed: RequestFilter = MINE) -> list[int]:
    at = desk.staff.organisation
    return [row.id for row in desk.staff.read(who, lambda u: service.requests(u, at, narrowed)).rows]


def lend(desk: Desk, lender: str, delegate: str, role: str) -> None:
    owner = make_engine(desk.staff.engine.url.render_as_string(hide_password=False), role=None, pool=1)
    with owner.begin() as connection:
        connection.execute(
            text("""
                INSERT INTO reference_delegation (lender_id, delegate_id, role, organisation_id, in_force)
                VALUES (:lender, :delegate, :role, :organisation, daterange(:day, CAST(:day AS date) + 10))
            """),
            {
                "lender": desk.staff.users[lender],
                "delegate": desk.staff.users[delegate],
                "role": role,
                "organisation": desk.staff.organisation,
                "day": today(),
            },
        )
    owner.dispose()


# ------------------------------------------------------------------------------------------------ ask and decide


def test_what_one_asks_the_head_of_the_unit_approves_and_everybody_knows_who_is_away(desk: Desk) -> None:
    asked = desk.ask("teacher", days(10, 5), reason="private")
    assert (asked.state, asked.version, asked.approver_id) == (State.SUBMITTED, 1, desk.staff.persons["lead"])
    assert inbox(desk, "lead") == [asked.id]
    assert told(desk, "lead") == [("leave-asked", desk_subject(asked))]
    approved, again = desk.decide("lead", asked), desk.decide("lead", asked)
    assert (approved.state, approved.version, again) == (State.APPROVED, 2, approved)
    assert desk.leave.approvals == [asked.id]
    assert told(desk, "teacher") == [("absence-approved", asked.subject)]
    assert inbox(desk, "lead") == []
    assert desk.away("colleague", days(0, 40)) == [(desk.staff.persons["teacher"], days(10, 5))]
    acts = [(act.act, act.actor) for act in desk.view("teacher", asked).acts]
    assert acts == [(State.SUBMITTED, "Teacher"), (State.APPROVED, "Lead")]


def test_asking_twice_under_one_key_asks_once(desk: Desk) -> None:
    key = uuid4()
    first = desk.ask("teacher", days(1), key=key, note="a")
    assert desk.ask("teacher", days(1), key=key, note="a") == first
    for who, wanted, note in (("teacher", days(1), "b"), ("teacher", days(2), "a"), ("colleague", days(1), "a")):
        with pytest.raises(KeyReused):
            desk.ask(who, wanted, key=key, note=note)


def test_a_request_of_the_head_of_a_unit_goes_to_the_head_above_and_at_the_top_to_human_resources(desk: Desk) -> None:
    of_lead, of_director = desk.ask("lead", days(1)), desk.ask("director", days(1))
    assert of_lead.approver_id == desk.staff.persons["director"]
    assert of_director.approver_id is None
    assert (inbox(desk, "director"), inbox(desk, "hr_head")) == ([of_lead.id], [of_director.id])
    assert inbox(desk, "hr_head", RequestFilter()) == [of_director.id, of_lead.id]
    assert told(desk, "hr_head") == [("leave-asked", desk_subject(of_director))]
    desk.decide("hr_head", of_director)
    desk.decide("director", of_lead)


def test_nobody_decides_on_their_own_request_nor_on_one_they_submitted(desk: Desk) -> None:
    own = desk.ask("hr_head", days(1))
    with pytest.raises(rules.OwnRequest):
        desk.decide("hr_head", own)
    for_another = desk.ask("teacher", days(1), by="hr_head")
    with pytest.raises(rules.OwnRequest):
        desk.decide("hr_head", for_another)
    assert desk.decide("lead", for_another).state is State.APPROVED
    assert desk.decide("director", own).state is State.APPROVED


def test_only_who_has_the_desk_decides(desk: Desk) -> None:
    asked = desk.ask("teacher", days(1))
    with pytest.raises(rules.RequestUnknown):  # it is not even seen
        desk.decide("director", asked)
    lent = desk.ask("colleague", days(1), Kind.TRIP)
    lend(desk, "lead", "director", "manager")
    assert desk.decide("director", lent).state is State.APPROVED
    assert desk.view("director", lent).last.on_behalf_of == "Lead"
    assert desk.trip.approvals == [lent.id]


def test_who_stands_for_who_asked_does_not_approve(desk: Desk) -> None:
    lend(desk, "hr_head", "lead", "hr_head")
    asked = desk.ask("hr_head", days(1))
    with pytest.raises(rules.OwnRequest):
        desk.decide("lead", asked)
    other = desk.ask("bookkeeper", days(1))
    decided = desk.decide("lead", other)
    assert (decided.state, desk.view("lead", other).last.on_behalf_of) == (State.APPROVED, "Hr_Head")


def test_who_was_lent_the_desk_of_their_own_approver_does_not_approve_themselves(desk: Desk) -> None:
    lend(desk, "lead", "teacher", "manager")
    own, other, at = desk.ask("teacher", days(1)), desk.ask("colleague", days(1)), desk.staff.organisation
    scope = replace(desk.staff.scope("teacher", "lead"), decides=frozenset({at}))

    def approve(of: Request) -> State:
        return uow.run(
            desk.staff.engine,
            scope,
            lambda u: service.decide(u, at, of.id, 1, Decision.APPROVE, consequences=desk.consequences),
        ).state

    assert uow.read(desk.staff.engine, scope, lambda u: service.waiting(u, at)) == 1
    with pytest.raises(rules.OwnRequest):
        approve(own)
    with pytest.raises(DBAPIError):
        uow.run(
            desk.staff.engine,
            scope,
            lambda u: queries.insert_act(u.connection, scope, at, own.id, State.APPROVED, version=2),
        )
    assert approve(other) is State.APPROVED


def test_a_delegate_of_the_approver_is_told_too(desk: Desk) -> None:
    lend(desk, "lead", "bookkeeper", "manager")
    asked = desk.ask("teacher", days(1))
    assert told(desk, "bookkeeper") == told(desk, "lead") == [("leave-asked", desk_subject(asked))]


def test_what_is_returned_is_changed_and_decided_on_anew(desk: Desk) -> None:
    asked = desk.ask("teacher", days(1, 3), note="a")
    with pytest.raises(rules.ReasonMissing):
        desk.decide("lead", asked, Decision.RETURN, " ")
    returned = desk.decide("lead", asked, Decision.RETURN, "Take other days")
    assert told(desk, "teacher") == [("absence-returned", asked.subject)]
    at = desk.staff.organisation

    def change(u: uow.UnitOfWork) -> Request:
        return service.change(u, at, asked.id, returned.version, days(7, 3), facts={"note": "b"})

    changed, again = desk.staff.run("teacher", change), desk.staff.run("teacher", change)
    assert (changed.state, changed.days, changed.facts, changed.version) == (
        State.SUBMITTED,
        days(7, 3),
        {"note": "b"},
        3,
    )
    assert again == changed
    for seen in (asked, returned):
        with pytest.raises(rules.RequestChanged):
            desk.decide("lead", seen)
    assert desk.decide("lead", changed).state is State.APPROVED
    assert desk.away("teacher", days(0, 20)) == [(desk.staff.persons["teacher"], days(7, 3))]


def test_what_is_withdrawn_is_decided_on_no_more(desk: Desk) -> None:
    asked, at = desk.ask("teacher", days(1)), desk.staff.organisation
    for _ in range(2):
        withdrawn = desk.staff.run("teacher", lambda u: service.withdraw(u, at, asked.id, 1))
        assert withdrawn.state is State.WITHDRAWN
    with pytest.raises(rules.RequestChanged):
        desk.decide("lead", withdrawn)
    desk.ask("teacher", days(1))  # the days are free again


def test_a_refusal_of_the_kind_refuses_the_approval(desk: Desk) -> None:
    asked = desk.ask("teacher", days(1))
    desk.leave.refuses = NoDaysLeft()
    with pytest.raises(NoDaysLeft):
        desk.decide("lead", asked)
    assert desk.view("teacher", asked).request == asked
    assert desk.away("teacher", days(0, 20)) == []


def test_nobody_is_away_on_days_on_which_they_do_not_serve(desk: Desk) -> None:
    waits = desk.ask("teacher", days(18, 5))

    leave_service(desk, "teacher", days(20).first)
    with pytest.raises(rules.NotServing):
        desk.decide("lead", waits)
    with pytest.raises(rules.NotServing):
        desk.ask("teacher", days(25))
    assert desk.decide("lead", waits, Decision.RETURN, "You leave before").state is State.RETURNED
    desk.decide("lead", desk.ask("teacher", days(18, 2)))  # through the last day


# ------------------------------------------------------------------------------------------------ one line of days


def test_leave_and_trips_never_share_a_day(desk: Desk) -> None:
    asked = desk.ask("teacher", days(5, 5))
    with pytest.raises(rules.AskedAlready):
        desk.ask("teacher", days(9, 2), Kind.TRIP)
    desk.decide("lead", asked)
    with pytest.raises(rules.AbsencesOverlap):
        desk.ask("teacher", days(9, 2), Kind.TRIP)
    desk.decide("lead", desk.ask("teacher", days(10, 2), Kind.TRIP))
    desk.decide("lead", desk.ask("colleague", days(5, 5)))
    assert len(desk.away("lead", days(0, 20))) == 3


def test_two_approvals_at_once_of_the_same_days_approve_one(desk: Desk) -> None:
    """The service asks first; here it was asked before the other came, so the database refuses."""
    at, person = desk.staff.organisation, desk.staff.persons["teacher"]

    def past_the_check(u: uow.UnitOfWork) -> int:
        request_id = queries.insert_request(u.connection, u.scope, at, Kind.TRIP, person, uuid4())
        assert request_id is not None
        approver = desk.staff.persons["lead"]
        queries.insert_act(
            u.connection,
            u.scope,
            at,
            request_id,
            State.SUBMITTED,
            version=1,
            days=days(5, 2),
            approver_id=approver,
            facts={},
        )
        return request_id

    both = [desk.staff.run("teacher", past_the_check) for _ in range(2)]

    def approve(request_id: int) -> object:
        try:
            return desk.staff.run(
                "lead",
                lambda u: service.decide(u, at, request_id, 1, Decision.APPROVE, consequences=desk.consequences),
            ).state
        except rules.AbsencesOverlap as refusal:
            return refusal.code

    with ThreadPoolExecutor(2) as threads:
        assert sorted(map(str, threads.map(approve, both))) == ["absences-overlap", "approved"]


def test_a_request_that_is_changed_and_another_for_the_same_days_wait_for_each_other(desk: Desk) -> None:
    asked, at, person = desk.ask("teacher", days(5, 2)), desk.staff.organisation, desk.staff.persons["teacher"]

    def change(u: UnitOfWork) -> object:
        return service.change(u, at, asked.id, 1, days(15, 2), facts={})

    def ask(u: UnitOfWork) -> object:
        return service.submit(u, at, Kind.TRIP, person, days(16, 2), key=uuid4(), facts={})

    answer = rivalled(desk.staff, "teacher", change, "officer", ask)
    with pytest.raises(rules.AskedAlready):
        answer()


def test_the_database_refuses_a_decision_on_one_s_own_and_any_other_way(desk: Desk) -> None:
    asked, at = desk.ask("hr_head", days(1)), desk.staff.organisation

    def decide_oneself(u: uow.UnitOfWork) -> object:
        return queries.insert_act(u.connection, u.scope, at, asked.id, State.APPROVED, version=2)

    for who in ("hr_head", "lead", "teacher"):
        with pytest.raises(DBAPIError):
            desk.staff.run(who, decide_oneself)
    for statement in (
        "UPDATE hr_request SET state = 'approved'",
        "DELETE FROM hr_request_act",
        "INSERT INTO hr_absence SELECT organisation_id, id, person_id, kind, days FROM hr_request",
    ):
        with pytest.raises(DBAPIError):
            desk.staff.run("hr_head", lambda u, s=statement: u.execute(text(s)))  # type: ignore[misc]


def test_a_recall_gives_the_days_back_from_a_day_on(desk: Desk) -> None:
    approved = desk.decide("lead", desk.ask("teacher", days(5, 10)))
    for outside in (days(4).first, days(15).first):
        with pytest.raises(rules.RecallOutside):
            desk.recall("lead", approved, outside)
    recalled = desk.recall("lead", approved, days(9).first)
    assert desk.recall("lead", approved, days(9).first) == recalled
    assert (recalled.state, recalled.days) == (State.RECALLED, days(5, 4))
    assert desk.leave.given_back == [(approved.id, days(9, 6))]
    assert desk.away("teacher", days(0, 30)) == [(desk.staff.persons["teacher"], days(5, 4))]
    assert told(desk, "teacher")[0] == ("absence-recalled", approved.subject)
    cancelled = desk.recall("lead", recalled, days(5).first)
    assert cancelled.state is State.CANCELLED
    assert desk.leave.given_back[1:] == [(approved.id, days(5, 4))]
    assert desk.away("teacher", days(0, 30)) == []
    assert [act.has_consent for act in desk.view("lead", approved).acts] == [None, None, True, True]


def test_leave_is_recalled_by_written_consent_alone(desk: Desk) -> None:
    """Labour Code (RK), art. 95."""
    approved = desk.decide("lead", desk.ask("teacher", days(5, 10)))
    back = days(9).first
    for consent, refusal in (
        (None, rules.ConsentMissing),
        (Consent(days(1).first, "application № 14"), rules.ConsentToCome),
        (Consent(today(), "14"), rules.ConsentUnnamed),
    ):
        with pytest.raises(refusal):
            desk.recall("lead", approved, back, consent=consent)
    recalled = desk.recall("lead", approved, back)
    done = desk.view("teacher", approved).acts[-1]
    assert (done.consent, done.has_consent, done.is_correction) == (CONSENT, True, False)
    trip = desk.decide("lead", desk.ask("teacher", days(20, 3), Kind.TRIP))
    assert desk.recall("lead", trip, days(21).first, consent=None).state is State.RECALLED

    def without_consent(u: uow.UnitOfWork) -> object:
        return queries.insert_act(
            u.connection, u.scope, desk.staff.organisation, recalled.id, State.CANCELLED, version=4, reason="No need"
        )

    with pytest.raises(DBAPIError, match="without written consent"):
        desk.staff.run("lead", without_consent)


def test_days_that_are_over_are_given_back_as_a_correction_alone(desk: Desk) -> None:
    began = desk.decide("lead", desk.ask("teacher", days(-5, 10)))
    with pytest.raises(rules.DayIsOver):
        desk.recall("lead", began, days(-2).first)
    with pytest.raises(rules.ConsentMissing):  # days to come are given back as well
        desk.recall("lead", began, days(-2).first, consent=None, is_correction=True)
    desk.recall("lead", began, days(-2).first, is_correction=True)
    assert desk.view("teacher", began).acts[-1].is_correction
    over = desk.decide("lead", desk.ask("teacher", days(-40, 5)))
    assert desk.recall("lead", over, over.days.first, consent=None, is_correction=True).state is State.CANCELLED

    def not_said(u: uow.UnitOfWork) -> object:
        at = desk.staff.organisation
        return queries.insert_act(
            u.connection, u.scope, at, began.id, State.CANCELLED, version=4, reason="Not so", consent=CONSENT
        )

    with pytest.raises(DBAPIError, match="as a correction alone"):
        desk.staff.run("lead", not_said)


def test_a_leave_beyond_the_service_is_seen_and_given_back_without_consent(desk: Desk) -> None:
    at, teacher = desk.staff.organisation, desk.staff.persons["teacher"]
    approved = desk.decide("lead", desk.ask("teacher", days(5, 10)))
    desk.decide("lead", desk.ask("colleague", days(5, 10)))
    assert desk.staff.read("officer", lambda u: service.outside_service(u, at)) == []
    leave_service(desk, "teacher", days(9).first)
    (stray,) = desk.staff.read("officer", lambda u: service.outside_service(u, at))
    assert stray == Stray(Absence(approved.id, teacher, Kind.LEAVE, days(5, 10)), days(9, 6))
    assert stray.recall_from == days(9).first
    assert desk.staff.read("officer", lambda u: service.outside_service(u, at, [])) == []
    with pytest.raises(rules.ConsentMissing):  # a day too early: on it the person serves
        desk.recall("lead", approved, days(8).first, consent=None)
    desk.recall("lead", approved, days(9).first, consent=None)
    assert desk.staff.read("lead", lambda u: service.outside_service(u, at)) == []


@settings(max_examples=8)
@given(data=st.data())
def test_a_command_sent_twice_gets_its_first_answer_in_any_later_state(desk: Desk, data: st.DataObject) -> None:
    """Every command of a history, sent again after each of the commands that came later."""
    far, said = next(_FAR), list[tuple[Callable[[], object], object]]()

    def say(command: Callable[[], Request]) -> Request:
        answer = command()
        said.append((command, answer))
        before = desk.view("hr_head", answer).acts
        assert [again() for again, _ in said] == [first for _, first in said]
        assert desk.view("hr_head", answer).acts == before
        return answer

    key = uuid4()
    asked = say(lambda: desk.ask("teacher", days(far, 9), key=key))
    while True:
        seen = asked
        ways = {
            State.SUBMITTED: ["change", "approve", "return", "withdraw"],
            State.RETURNED: ["change", "withdraw"],
            State.APPROVED: ["recall", "cancel"],
            State.RECALLED: ["recall", "cancel"],
        }.get(asked.state, [])
        way = data.draw(st.sampled_from(["stop", *ways]))
        if way == "stop" or seen.version > 6:
            break
        back = seen.days.first + timedelta(
            days=0 if way == "cancel" else max((seen.days.end - seen.days.first).days - 1, 0)
        )
        asked = say(partial(_done, desk, way, seen, days(far, 8 - seen.version), back))


def _done(desk: Desk, way: str, of: Request, wanted: DaySpan, back: date) -> Request:
    if way in ("recall", "cancel"):
        return desk.recall("lead", of, back)
    if way == "change":
        return desk.change("teacher", of, wanted)
    if way == "withdraw":
        return desk.withdraw("teacher", of)
    return desk.decide("lead", of) if way == "approve" else desk.decide("lead", of, Decision.RETURN, "Other days")


_FAR = count(40, 20)


@settings(max_examples=8)
@given(
    acts=st.lists(
        st.tuples(st.sampled_from(["approve", "return", "recall"]), st.integers(0, 12), st.integers(1, 5)), max_size=6
    )
)
def test_who_is_away_is_what_was_approved_and_not_recalled(desk: Desk, acts: list[tuple[str, int, int]]) -> None:
    """Against a slow model that keeps a set of days."""
    far = next(_FAR)  # days that no example before has touched
    free, expected = set(range(20)), set[int]()
    for act, start, length in acts:
        wanted = set(range(start, start + length))
        if not wanted <= free:
            with pytest.raises((rules.AbsencesOverlap, rules.AskedAlready)):
                desk.ask("teacher", days(far + start, length))
            continue
        asked = desk.ask("teacher", days(far + start, length), Kind.TRIP if start % 2 else Kind.LEAVE)
        if act == "return":
            desk.decide("lead", asked, Decision.RETURN, "Not now")
            continue
        approved = desk.decide("lead", asked)
        back = start + length // 2
        if act == "recall":
            desk.recall("lead", approved, days(far + back).first)
            wanted = set(range(start, back))
        expected |= wanted
        free -= wanted
    found = {
        n
        for _, each in desk.away("teacher", days(far, 20))
        for n in range((each.first - days(far).first).days, (each.end - days(far).first).days)
    }
    assert found == expected


# ------------------------------------------------------------------------------------------------ who knows


def test_colleagues_know_that_one_is_away_and_nothing_else(desk: Desk) -> None:
    asked = desk.ask("teacher", days(5, 2), why="surgery")
    desk.decide("lead", asked)
    at, span = desk.staff.organisation, days(0, 30)
    serves = Scope(Actor(desk.staff.users["colleague"], "test"), serves=frozenset({at}))
    with pytest.raises(rules.RequestUnknown):
        uow.read(desk.staff.engine, serves, lambda u: service.request(u, at, asked.id))
    assert uow.read(desk.staff.engine, serves, lambda u: service.absences(u, at, span)) == []
    assert len(uow.read(desk.staff.engine, serves, lambda u: service.availability(u, at, span))) == 1
    seen = [Absence(asked.id, desk.staff.persons["teacher"], Kind.LEAVE, days(5, 2))]
    for who in ("officer", "lead", "teacher"):
        assert desk.staff.read(who, lambda u: service.absences(u, at, span)) == seen
    assert desk.staff.read("officer", lambda u: service.request(u, at, asked.id)).facts == {"why": "surgery"}
    trail = desk.staff.run(
        "lead",
        lambda u: u.execute(text("SELECT count(*) FROM base_audit_event WHERE facts::text ~ 'surgery'")).scalar(),
    )
    assert trail == 0


def test_strangers_know_nothing(desk: Desk, shared_database: str) -> None:
    desk.decide("lead", desk.ask("teacher", days(5, 2)))
    at, elsewhere = desk.staff.organisation, desk.staff.organisation + 1
    here = frozenset({elsewhere})
    scope = Scope(Actor(desk.staff.users["lead"], "test"), staff=here, decides=here, serves=here)
    assert uow.read(desk.staff.engine, scope, lambda u: service.availability(u, at, days(0, 30))) == []
    assert uow.read(desk.staff.engine, scope, lambda u: service.absences(u, at, days(0, 30))) == []
    assert uow.read(desk.staff.engine, scope, lambda u: service.requests(u, at, RequestFilter(tuple(State)))).rows == []


def test_who_decides_sees_in_the_calendar_what_waits(desk: Desk) -> None:
    asked, at = desk.ask("teacher", days(5, 2)), desk.staff.organisation

    def stretches(who: str, with_kinds: bool) -> list[calendar.Stretch]:
        found = desk.staff.read(who, lambda u: calendar.calendar(u, at, days(0, 20), with_kinds=with_kinds))
        return [each for line in found.away for each in line.stretches]

    assert stretches("lead", True) == [calendar.Stretch(days(5, 2), Kind.LEAVE, asked.id, waits=True)]
    assert stretches("colleague", False) == []
    desk.decide("lead", asked)
    assert stretches("lead", True) == [calendar.Stretch(days(5, 2), Kind.LEAVE, asked.id)]


def test_a_request_that_nobody_may_decide_on_is_refused_with_what_to_do(desk: Desk) -> None:
    at, head = desk.staff.organisation, desk.staff.persons["director"]
    desk.ask("director", days(5, 2))  # a head of human resources decides
    with pytest.raises(rules.NobodyDecides):
        desk.ask("director", days(15, 2), by="hr_head")
    with pytest.raises(rules.NobodyDecides):  # the preview says so
        desk.staff.read("hr_head", lambda u: service.require_free(u, at, head, days(15, 2)))
    desk.ask("director", days(15, 2), by="officer")


def test_what_waits_for_who_decides_no_more_waits_for_the_heads_of_human_resources(
    desk: Desk, shared_database: str
) -> None:
    asked, at = desk.ask("teacher", days(5, 2)), desk.staff.organisation
    mine = RequestFilter((State.SUBMITTED,), at_desk=True)

    def inbox(who: str) -> list[int]:
        found = desk.staff.read(who, lambda u: service.requests(u, at, mine)).rows
        assert len(found) == desk.staff.read(who, lambda u: service.waiting(u, at))
        return [row.id for row in found]

    assert (inbox("lead"), inbox("hr_head"), desk.view("teacher", asked).approver) == ([asked.id], [], "Lead Test")
    owner = make_engine(shared_database, role=None, pool=1)
    with owner.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))  # past the witness of the trail
        ends = "UPDATE reference_role_grant SET in_force = '(,2021-01-01)' WHERE user_id = :user AND role = 'manager'"
        connection.execute(text(ends), {"user": desk.staff.users["lead"]})
    owner.dispose()
    assert (inbox("lead"), inbox("hr_head"), desk.view("teacher", asked).approver) == ([], [asked.id], "")
    assert desk.staff.read("hr_head", lambda u: queries.hearers(u.connection, u.scope, at, asked.id)) == [
        desk.staff.users["hr_head"]
    ]
    assert desk.decide("hr_head", asked).state is State.APPROVED
    assert desk.staff.read("lead", notifications.unread) == 0


def test_who_reads_the_records_of_staff_reads_every_act_on_it(desk: Desk) -> None:
    at = desk.staff.organisation
    desk.decide("lead", desk.ask("teacher", days(5, 2)))
    read = text("SELECT subject, action FROM base_audit_event WHERE organisation_id = :at")
    seen = {tuple(row) for row in desk.staff.read("officer", lambda u: list(u.execute(read, {"at": at})))}
    assert {action for _, action in seen} >= {"unit-change", "post-change", "person-hired", "request-approved"}
    told = text("SELECT base_of_the_staff(:subject, :action)")
    for subject, action, of_the_staff in (
        (f"organisation:{at}", "people-hired", True),
        (f"organisation:{at}", "staffing-laid-out", True),
        (f"organisation:{at}", "leave-years-granted", True),
        (f"organisation:{at}", "approval-required", False),
        (f"organisation:{at}", "institution-left", False),
        (f"people-file:{at}/1", "people-file-begun", True),
        (f"trip:{at}/1", "file-attached", True),
        (f"user:{at}", "people-hired", False),
    ):
        asked = {"subject": subject, "action": action}
        assert desk.staff.read("officer", lambda u, a=asked: u.execute(told, a).scalar()) is of_the_staff, asked  # type: ignore[misc]


def test_what_is_withdrawn_or_changed_asks_nobody_to_look_any_more(desk: Desk) -> None:
    asked = desk.ask("teacher", days(5, 2))
    desk.withdraw("teacher", desk.change("teacher", asked, days(6, 2)))
    unread = desk.staff.read("lead", notifications.unread)
    assert unread == 0


def test_who_decides_sees_those_whose_requests_come_to_them(desk: Desk) -> None:
    at, persons = desk.staff.organisation, desk.staff.persons

    def mine(who: str) -> list[int]:
        def look(u: UnitOfWork) -> calendar.Calendar:
            return calendar.calendar(u, at, days(0, 30), whose=heads.at_own_desks(u, at), with_kinds=True)

        return [line.person.person_id for line in desk.staff.read(who, look).lines]

    for who in ("lead", "director"):
        come = {
            person
            for person in persons.values()
            if desk.staff.read("officer", lambda u, p=person: personnel.chief_of(u, at, p, today()))  # type: ignore[misc]
            == persons[who]
        }
        assert come <= set(mine(who)) <= come | {persons[who]}
    assert set(mine("hr_head")) == set(persons.values())
    desk.decide("lead", desk.ask("teacher", days(5, 2)))
    assert mine("lead")[0] == persons["teacher"], "those away first"
    team = desk.staff.read("lead", lambda u: service.team(u, at, persons["lead"], today()))
    assert persons["teacher"] in team


def test_who_served_on_any_day_of_a_month_is_in_its_calendar(desk: Desk) -> None:
    at = desk.staff.organisation
    desk.decide("lead", desk.ask("teacher", days(1, 2)))
    leave_service(desk, "teacher", days(5).first)

    def lines(first: int, length: int, limit: int = 100) -> list[str]:
        names, cursor = list[str](), None
        while True:
            shown = desk.staff.read(
                "lead",
                lambda u, at_cursor=cursor: calendar.calendar(  # type: ignore[misc]
                    u, at, days(first, length), with_kinds=True, cursor=at_cursor, limit=limit
                ),
            )
            names += [str(line.person.name) for line in shown.lines]
            cursor = shown.next_cursor
            if cursor is None:
                return names

    teacher = "Teacher Test"
    assert teacher in lines(0, 30)
    assert lines(0, 30, limit=2) == lines(0, 30), "page by page, each once"
    assert lines(0, 30).count(teacher) == 1
    assert teacher not in lines(5, 30)


@given(spans=st.lists(st.tuples(st.integers(0, 19), st.integers(1, 6)), max_size=6))
def test_a_line_of_the_calendar_is_as_long_as_the_calendar(spans: list[tuple[int, int]]) -> None:
    shown = [calendar.Stretch(days(start, min(length, 20 - start)), Kind.TRIP) for start, length in sorted(spans)]
    cells = list(calendar.Line(None, tuple(shown)).cells(days(0, 20)))  # type: ignore[arg-type]
    assert sum(each.length if isinstance(each, calendar.Stretch) else 1 for each in cells) == 20


# ------------------------------------------------------------------------------------------------ calendars


def test_a_calendar_address_opens_until_it_is_revoked_or_made_anew(desk: Desk) -> None:
    at = desk.staff.organisation
    first = desk.staff.run("teacher", lambda u: service.make_feed(u, at, Covers.OWN)).secret
    second = desk.staff.run("teacher", lambda u: service.make_feed(u, at, Covers.OWN)).secret

    def owner(secret: str) -> queries.FeedOwner:
        return uow.read(desk.staff.engine, system_scope(), lambda u: service.feed_owner(u, secret))

    with pytest.raises(rules.FeedUnknown):
        owner(first)
    assert (owner(second).organisation_id, owner(second).covers) == (at, "own")
    (made,) = desk.staff.read("teacher", lambda u: service.feeds(u, at))
    with pytest.raises(rules.FeedUnknown):  # another's
        desk.staff.run("colleague", lambda u: service.revoke_feed(u, at, made.id))
    for _ in range(2):
        desk.staff.run("teacher", lambda u: service.revoke_feed(u, at, made.id))
    with pytest.raises(rules.FeedUnknown):
        owner(second)


def test_a_recall_splits_the_days_without_a_gap() -> None:
    whole = DaySpan(today(), today() + timedelta(days=9))
    for n in range(10):
        left, back = rules.split(whole, today() + timedelta(days=n))
        assert (left is None) == (n == 0)
        assert (left.end if left else whole.first) == back.first
        assert back.last == whole.last
