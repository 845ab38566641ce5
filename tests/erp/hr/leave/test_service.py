"""The ledger of leave: given, asked for, approved, recalled, settled; by services and by the database itself."""

import logging
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError

from api.hr.leave import LeaveAccountView
from erp.base import uow
from erp.base.clock import today
from erp.base.dates import DaySpan
from erp.base.db import make_engine
from erp.base.scope import system_scope
from erp.base.uow import UnitOfWork
from erp.hr.leave import queries, rules, service
from erp.hr.leave.model import CENTIDAYS, Act, Doubt, Movement, Ungranted
from erp.hr.leave.queries import Granted
from erp.hr.leave.schemas import AskLeave, Compensate, GrantNorm, GrantYears, LeaveWanted, MoveDays
from erp.hr.leave.service import Leave
from erp.hr.personnel import service as personnel
from erp.hr.personnel.schemas import Appoint, AppointmentContent, RecordAppointment, RecordFacts
from erp.hr.requests import queries as asked_queries
from erp.hr.requests import service as requests
from erp.hr.requests.model import Consent, Decision, Kind, Recall, Request, State
from erp.hr.requests.rules import AbsencesOverlap, AskedAlready, RecallForbidden, RequestUnknown
from ledger.errors import KeyReused
from qazyna.worker import Worker
from tests.factories.staff import SINCE, VAULT, Staff, a_hire, a_post, a_staff
from web.hr.leave import Own

TODAY = date(2026, 6, 1)
FAR = date(2030, 1, 1)
T = TypeVar("T")
BY_KIND: Any = {Kind.LEAVE: Leave()}


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (service, requests):
        monkeypatch.setattr(module, "today", lambda: TODAY)


def give(staff: Staff, day: date = TODAY) -> int:
    return staff.run("officer", lambda u: service.grant_years(u, staff.organisation, GrantYears(day=day))).movements


def ask(staff: Staff, first: str, last: str, who: str = "teacher", kind: str = "ANNUAL", by: str = "") -> Request:
    command = AskLeave(key=uuid4(), kind=kind, first=date.fromisoformat(first), last=date.fromisoformat(last))
    at = staff.organisation
    return staff.run(by or who, lambda u: service.ask(u, at, staff.persons[who], command)).request


def approve(staff: Staff, of: Request, who: str = "lead") -> Request:
    at = staff.organisation
    return staff.run(who, lambda u: requests.decide(u, at, of.id, of.version, Decision.APPROVE, consequences=BY_KIND))


def recall(staff: Staff, of: Request, day: date, who: str = "lead") -> Request:
    at = staff.organisation
    consent = Consent(TODAY, "application № 14")
    command = Recall(day, "A need of the work", consent, is_correction=True)  # the days of the tests are over
    return staff.run(
        who,
        lambda u: requests.recall(u, at, of.id, of.version, command, consequences=BY_KIND),
    )


def left(staff: Staff, who: str = "teacher", day: date = FAR) -> int:
    at = staff.organisation
    return staff.read("officer", lambda u: service.balance(u, at, staff.persons[who], day)).centidays


def last_year(staff: Staff, who: str) -> date:
    """First day of the last working year that was given."""
    person = staff.persons[who]
    return staff.read("officer", lambda u: service.years(u, staff.organisation, person, FAR))[-1].year_start


def counted(staff: Staff, of: Request) -> int:
    return staff.read("officer", lambda u: Leave().facts(u, of)).counted


def carry(staff: Staff, days: int, year: date, who: str = "teacher", *, all_the_same: bool = False) -> None:
    command = MoveDays(
        key=uuid4(), person_id=staff.persons[who], year_start=year, effective_on=year, centidays=days * CENTIDAYS,
        reason="Taken over from another program",
    )  # fmt: skip
    staff.run("officer", lambda u: service.carry(u, staff.organisation, command, all_the_same=all_the_same))


def paid(staff: Staff, last_day: date) -> int:
    """Hundredths of a day that the teacher is paid, whose appointment ends on that day."""
    command = Compensate(key=uuid4(), person_id=staff.persons["teacher"], last_day=last_day, reason="Order 5-l")
    return staff.run("officer", lambda u: service.compensate(u, staff.organisation, command))


def hire_anew(staff: Staff, since: date) -> None:
    again = Appoint(
        key=uuid4(), since=since, reason="Order 9-k",
        appointment=AppointmentContent(staff_unit_id=staff.posts["teacher"], percent=100),
    )  # fmt: skip
    staff.run("officer", lambda u: personnel.appoint(u, staff.organisation, staff.persons["teacher"], again))


def years_through(staff: Staff, day: date, who: str = "teacher") -> list[date]:
    """First days of the working years that have begun by a day, given or not."""
    at, person = staff.organisation, staff.persons[who]
    return staff.read("officer", lambda u: queries.years_of_service(u.connection, u.scope, at, person, day))


def years_by_service(staff: Staff, day: date, who: str) -> list[date]:
    """The same, whatever days were brought along."""
    said = {"at": staff.organisation, "day": day, "person": staff.persons[who]}
    asked = text("SELECT year_start FROM hr_leave_years(:at, :day, :person, false) ORDER BY 1")
    return list(staff.read("officer", lambda u: u.execute(asked, said).scalars()))


def given_years(staff: Staff, who: str = "teacher") -> list[date]:
    at, person = staff.organisation, staff.persons[who]
    moved = staff.read("officer", lambda u: service.movements(u, at, person, FAR))
    return [m.year_start for m in moved if m.act is Act.GRANT]


def record_hired(staff: Staff, since: date, last: date | None = None, who: str = "teacher") -> None:
    """Correct the days of somebody's only appointment."""
    until = last and last + timedelta(days=1)
    at, person = staff.organisation, staff.persons[who]
    file = staff.read("officer", lambda u: personnel.file_of(u, at, person))
    fact = file.appointments[0]
    command = RecordAppointment(
        key=uuid4(), since=since, until=until, corrects=fact.fact_id, reason="The order says so",
        content=AppointmentContent(staff_unit_id=fact.staff_unit_id, percent=fact.percent),
    )  # fmt: skip
    staff.run("officer", lambda u: personnel.record_appointment(u, at, person, fact.id, command))


# ------------------------------------------------------------------------------------------------ given


def test_everybody_gets_the_working_year_that_has_begun_once(staff: Staff) -> None:
    assert give(staff) == len(staff.persons)
    assert give(staff) == 0
    assert left(staff) == 30 * CENTIDAYS
    (moved,) = staff.read("officer", lambda u: service.movements(u, staff.organisation, staff.persons["teacher"], FAR))
    assert (moved.act, moved.year_start) == (Act.GRANT, date(2026, 1, 8))
    assert moved.norm
    assert moved.norm.code == "ANNUAL_CIVIL_EMPLOYEE"


def test_years_follow_one_another_from_what_was_carried_in(staff: Staff) -> None:
    carry(staff, 5, date(2024, 1, 8))
    give(staff)
    years = staff.read("officer", lambda u: service.years(u, staff.organisation, staff.persons["teacher"], FAR))
    assert [(p.year_start.year, p.centidays // CENTIDAYS) for p in years] == [(2024, 5), (2025, 30), (2026, 30)]


def test_the_worker_gives_what_has_begun_where_human_resources_gave_the_first(
    staff: Staff, url: str, engine: Engine
) -> None:
    untouched = a_staff(url, engine)
    give(staff, SINCE)
    worker = Worker(url, None)
    worker.give_leave()
    worker.give_leave()
    begun = sum(SINCE.replace(year=year) <= today() for year in range(SINCE.year, today().year + 1))
    assert left(staff) == begun * 30 * CENTIDAYS
    assert left(untouched) == 0


def test_what_one_organisation_refuses_the_others_do_not_wait_for(
    staff: Staff, url: str, engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Leave and reminders alike: told once, and tried again at the next look."""
    other, asked = a_staff(url, engine), Counter[int]()
    give(staff, SINCE)
    give(other, SINCE)
    grant_years, reminded, is_ill = service.grant_years, set[int](), True

    def refuse(uow: UnitOfWork, organisation_id: int, command: GrantYears) -> Granted:
        asked[organisation_id] += 1
        if is_ill and organisation_id == staff.organisation:
            raise rules.LeaveRulesUnknown()
        return grant_years(uow, organisation_id, command)

    def remind(uow: UnitOfWork, day: date) -> int:
        (here,) = uow.scope.writes
        if is_ill and here == staff.organisation:
            raise rules.LeaveRulesUnknown()
        reminded.add(here)
        return 0

    monkeypatch.setattr("qazyna.worker.leave.grant_years", refuse)
    monkeypatch.setattr("qazyna.worker.closing.remind", remind)
    worker = Worker(url, None)
    with caplog.at_level(logging.WARNING, "qazyna"):
        for _ in range(2):
            worker.give_leave()
            worker.remind()
    assert (left(staff), left(other) > 3000) == (3000, True)
    assert (asked[staff.organisation], asked[other.organisation]) == (2, 1)
    assert other.organisation in reminded
    assert staff.organisation not in reminded
    assert len([r for r in caplog.records if "not-done" in r.getMessage()]) == 2, "each kind of work once"
    is_ill = False
    worker.give_leave()
    worker.remind()
    assert left(staff) == left(other)
    assert staff.organisation in reminded


def test_unpaid_leave_moves_the_next_working_year(staff: Staff) -> None:
    give(staff)
    approve(staff, ask(staff, "2026-07-01", "2026-07-10", kind="UNPAID_AGREED"))
    assert left(staff) == 30 * CENTIDAYS  # nothing is drawn
    give(staff, date(2027, 3, 1))
    assert last_year(staff, "colleague") == date(2027, 1, 8)
    assert last_year(staff, "teacher") == date(2027, 1, 18)


gaps = st.lists(st.tuples(st.integers(0, 700), st.integers(1, 60)), max_size=4)


@settings(max_examples=6)
@given(gaps)
def test_a_working_year_holds_a_year_of_service(url: str, engine: Engine, found: list[tuple[int, int]]) -> None:
    """Day by day, as somebody would count with a calendar.  Source: Labour Code (RK), art. 91."""
    staff, start, taken = a_staff(url, engine), SINCE, set[date]()
    for offset, length in found:
        days = [start + timedelta(days=offset + n) for n in range(length)]
        if not taken & set(days):
            unpaid = ask(staff, str(days[0]), str(days[-1]), kind="UNPAID_AGREED", by="officer")
            approve(staff, unpaid)
            taken |= set(days)
    _, end = years_through(staff, start + timedelta(days=700))[:2]
    day, served = start, 0
    while served < (start.replace(year=start.year + 1) - start).days:
        served += day not in taken
        day += timedelta(days=1)
    assert day <= end
    assert all(day + timedelta(days=n) in taken for n in range((end - day).days))


def test_years_of_the_29th_of_february_do_not_slide(staff: Staff) -> None:
    record_hired(staff, date(2024, 2, 29))
    begun = [date(2024, 2, 29), date(2025, 2, 28), date(2026, 2, 28), date(2027, 2, 28), date(2028, 2, 29)]
    assert years_through(staff, date(2029, 2, 27)) == begun
    give(staff)
    give(staff, date(2027, 2, 28))
    assert given_years(staff) == begun[2:4]


@pytest.mark.parametrize("since", [date(2024, 6, 24), date(2024, 5, 20), date(2025, 2, 10)])
def test_a_corrected_hire_day_gives_no_working_year_once_more(staff: Staff, since: date) -> None:
    """A little later, a little earlier, and so much later that the first year given was none."""
    hired, third = date(2024, 6, 10), since.replace(year=since.year + 2)
    record_hired(staff, hired)
    give(staff, hired)
    give(staff, date(2025, 8, 1))
    assert given_years(staff) == [hired, hired.replace(year=2025)]
    record_hired(staff, since)
    give(staff, third - timedelta(days=1))
    assert len(given_years(staff)) == 2
    give(staff, third)
    assert given_years(staff)[2:] == [third]


def test_who_is_hired_anew_gets_the_year_begun_whatever_was_given_before(staff: Staff) -> None:
    give(staff, SINCE)
    record_hired(staff, SINCE, date(2024, 9, 2))
    hire_anew(staff, date(2024, 10, 1))
    give(staff, date(2024, 10, 1))
    assert given_years(staff) == [SINCE, date(2024, 10, 1)]


def test_unpaid_leave_recorded_late_gives_no_working_year_once_more(staff: Staff) -> None:
    """Entered after the next year was given, it makes that one begin later: it was given already."""
    give(staff, SINCE)
    give(staff, date(2025, 3, 1))
    approve(staff, ask(staff, "2024-06-03", "2025-03-30", kind="UNPAID_AGREED", by="officer"))
    moved = years_through(staff, TODAY)
    assert moved[1] == SINCE.replace(year=2025) + timedelta(days=301)
    give(staff)
    assert len(given_years(staff)) == 2


def test_days_are_brought_along_for_a_working_year_that_has_begun(staff: Staff) -> None:
    """A year of the calendar, or one mistyped, would move the years that follow."""
    for day in (date(2026, 1, 1), date(2025, 1, 9)):
        with pytest.raises(rules.YearIsNone):
            carry(staff, 14, day)
    for is_sure in (False, True):
        with pytest.raises(rules.YearToCome):
            carry(staff, 14, date(2062, 1, 8), all_the_same=is_sure)
    for day in (date(2023, 5, 1), date(2025, 1, 8)):
        carry(staff, 14, day)
    give(staff)
    assert given_years(staff) == [date(2026, 1, 8)]


def test_a_year_that_is_brought_along_says_when_the_next_ones_begin(staff: Staff) -> None:
    """Leave without pay that lies before the ledger, and before the calendars, has moved it."""
    carry(staff, 10, date(2025, 3, 9), all_the_same=True)
    give(staff)
    assert given_years(staff) == [date(2026, 3, 9)]
    carry(staff, 2, date(2025, 3, 9))
    give(staff, date(2027, 3, 10))
    assert given_years(staff) == [date(2026, 3, 9), date(2027, 3, 9)]


def test_a_year_brought_along_by_mistake_is_none_once_it_is_corrected_to_nought(staff: Staff) -> None:
    carry(staff, 5, date(2025, 9, 1), all_the_same=True)
    assert years_through(staff, date(2026, 6, 1)) == [date(2025, 9, 1)]
    said = {"person_id": staff.persons["teacher"], "year_start": date(2025, 9, 1), "effective_on": TODAY}
    back = MoveDays(key=uuid4(), centidays=-500, reason="Not theirs", **said)
    staff.run("officer", lambda u: service.correct(u, staff.organisation, back))
    give(staff, date(2026, 6, 1))
    assert given_years(staff) == [date(2026, 1, 8)]


def test_a_year_to_come_that_was_brought_along_before_it_was_refused_stops_no_other(staff: Staff, url: str) -> None:
    owner = make_engine(url, role=None, pool=1)
    with owner.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(
            text("""
                INSERT INTO hr_leave_movement (organisation_id, person_id, act, year_start, effective_on, centidays,
                                               reason, actor_id, origin)
                VALUES (:at, :person, 'carry', '2062-01-01', '2026-01-01', 500, 'Mistyped', 0, 'test')
            """),
            {"at": staff.organisation, "person": staff.persons["teacher"]},
        )
    owner.dispose()
    give(staff)
    assert given_years(staff) == [date(2026, 1, 8)]


def test_days_brought_along_twice_for_one_year_stop_no_other(staff: Staff) -> None:
    """Once by the hire day as it was, and once more after it was corrected."""
    carry(staff, 10, date(2025, 1, 8))
    record_hired(staff, date(2024, 1, 13))
    carry(staff, 2, date(2025, 1, 13))
    give(staff)
    assert given_years(staff) == [date(2026, 1, 13)]


def test_what_was_given_for_a_service_that_ended_is_none_of_the_next(staff: Staff) -> None:
    """Though the first day of the one that ended was corrected, so that it was given for a day of no service."""
    record_hired(staff, date(2025, 3, 1))
    give(staff, date(2025, 3, 1))
    record_hired(staff, date(2025, 3, 16), date(2025, 12, 31))
    assert paid(staff, date(2025, 12, 31)) == rules.accrued(3000, date(2025, 3, 16), date(2026, 1, 1))
    hire_anew(staff, date(2026, 2, 2))
    give(staff, date(2026, 2, 2))
    assert given_years(staff) == [date(2025, 3, 1), date(2026, 2, 2)]


def test_who_is_appointed_anew_on_the_next_day_is_settled_with_too(staff: Staff) -> None:
    """Labour Code (RK), art. 96: at any termination."""
    give(staff)
    record_hired(staff, SINCE, date(2026, 5, 31))
    hire_anew(staff, date(2026, 6, 1))
    with pytest.raises(rules.ServiceGoesOn):
        paid(staff, date(2026, 5, 30))
    assert paid(staff, date(2026, 5, 31)) == rules.accrued(3000, date(2026, 1, 8), date(2026, 6, 1))


def test_a_settlement_counts_years_as_they_are_given(staff: Staff) -> None:
    """Unpaid leave entered late moves the second year by 301 days, so but a month of it is earned."""
    give(staff, SINCE)
    give(staff, date(2025, 3, 1))
    approve(staff, ask(staff, "2024-06-03", "2025-03-30", kind="UNPAID_AGREED", by="officer"))
    second = date(2025, 11, 5)
    assert years_through(staff, date(2025, 12, 4)) == [SINCE, second]
    record_hired(staff, SINCE, date(2025, 12, 3))
    assert paid(staff, date(2025, 12, 3)) == 3000 + rules.accrued(3000, second, date(2025, 12, 4))


def test_a_settlement_pays_nothing_for_a_year_that_did_not_begin(staff: Staff) -> None:
    give(staff, SINCE)
    give(staff, date(2025, 3, 1))
    approve(staff, ask(staff, "2024-06-03", "2025-03-30", kind="UNPAID_AGREED", by="officer"))
    record_hired(staff, SINCE, date(2025, 10, 7))
    served = date(2025, 10, 8) - timedelta(days=301)
    assert paid(staff, date(2025, 10, 7)) == rules.accrued(3000, SINCE, served)


def test_what_has_begun_and_was_not_given_is_told_until_it_is(staff: Staff) -> None:
    at, teacher = staff.organisation, staff.persons["teacher"]
    assert not staff.read("officer", lambda u: service.has_begun(u, at))
    late = staff.read("officer", lambda u: service.ungranted(u, at, TODAY))
    assert {each.person_id for each in late} == set(staff.persons.values())
    own = staff.read("teacher", lambda u: service.ungranted(u, at, TODAY, teacher))
    assert own == [Ungranted(teacher, date(2026, 1, 8), 30)]
    give(staff)
    assert staff.read("officer", lambda u: service.ungranted(u, at, TODAY)) == []
    (following,) = staff.read("teacher", lambda u: service.ungranted(u, at, date(2027, 3, 1), teacher))
    assert following.year_start == date(2027, 1, 8)


def test_a_post_of_a_group_without_a_norm_is_told(staff: Staff, url: str) -> None:
    owner = make_engine(url, role=None, pool=1)
    with owner.begin() as connection:
        connection.execute(text("DELETE FROM reference_leave_norm WHERE staff_group = 'civil-employee'"))
        own = queries.ungranted(connection, staff.scope("officer"), staff.organisation, TODAY)
        assert {each.days for each in own} == {None}
        connection.rollback()
    owner.dispose()


def test_additional_days_are_given_once_by_their_norm(staff: Staff) -> None:
    give(staff)
    said = {"person_id": staff.persons["teacher"], "norm": "ADD_DISABILITY", "reason": "Certificate 17"}
    command = GrantNorm(key=uuid4(), year_start=date(2026, 1, 8), **said)
    staff.run("officer", lambda u: service.grant_norm(u, staff.organisation, command))
    staff.run("officer", lambda u: service.grant_norm(u, staff.organisation, command))  # the same key
    assert left(staff) == 36 * CENTIDAYS
    again = GrantNorm(key=uuid4(), year_start=date(2026, 1, 8), **said)
    with pytest.raises(rules.GrantedAlready):
        staff.run("officer", lambda u: service.grant_norm(u, staff.organisation, again))
    unknown = GrantNorm(key=uuid4(), year_start=date(2025, 1, 8), **said)
    with pytest.raises(rules.YearUnknown):
        staff.run("officer", lambda u: service.grant_norm(u, staff.organisation, unknown))
    other = command.model_copy(update={"norm": "ADD_HAZARD"})
    with pytest.raises(KeyReused):
        staff.run("officer", lambda u: service.grant_norm(u, staff.organisation, other))


# ------------------------------------------------------------------------------------------------ used, given back


def test_an_approved_leave_draws_the_days_that_count_and_says_why(staff: Staff) -> None:
    carry(staff, 4, date(2025, 1, 8))
    give(staff)
    asked = ask(staff, "2026-07-01", "2026-07-14")  # the 6th is a holiday
    assert left(staff) == 34 * CENTIDAYS
    approve(staff, asked)
    assert left(staff) == 21 * CENTIDAYS
    assert left(staff, day=date(2026, 6, 30)) == 34 * CENTIDAYS  # it counts from its first day
    moved = staff.read("teacher", lambda u: service.movements(u, staff.organisation, staff.persons["teacher"], FAR))
    uses = [(m.year_start.year, m.centidays) for m in moved if m.request_id == asked.id]
    assert uses == [(2025, -400), (2026, -900)]


def test_more_days_than_there_are_are_refused_when_asked_and_when_approved(staff: Staff) -> None:
    give(staff)
    with pytest.raises(rules.LeaveNotEnough):
        ask(staff, "2026-07-01", "2026-08-15")
    first, second = ask(staff, "2026-07-07", "2026-07-26"), ask(staff, "2026-09-01", "2026-09-20")
    approve(staff, first)
    with pytest.raises(rules.LeaveNotEnough, match="balance 10, asked 20"):
        approve(staff, second)
    assert left(staff) == 10 * CENTIDAYS
    with pytest.raises(AbsencesOverlap):
        ask(staff, "2026-07-20", "2026-07-27")
    with pytest.raises(AskedAlready):
        ask(staff, "2026-09-20", "2026-09-21")


def test_a_request_sent_again_after_it_was_approved_is_the_same(staff: Staff) -> None:
    """Though the days that it drew are not there to be asked for again."""
    give(staff)
    at, teacher = staff.organisation, staff.persons["teacher"]
    command = AskLeave(key=uuid4(), kind="ANNUAL", first=date(2026, 7, 7), last=date(2026, 7, 26))
    sent = staff.run("teacher", lambda u: service.ask(u, at, teacher, command))
    approve(staff, sent.request)
    again = staff.run("teacher", lambda u: service.ask(u, at, teacher, command))
    assert (again.request.id, again.is_new) == (sent.request.id, False)
    for changes in ({"last": date(2026, 7, 27)}, {"kind": "UNPAID_AGREED"}):
        with pytest.raises(KeyReused):
            staff.run("teacher", lambda u, c=changes: service.ask(u, at, teacher, command.model_copy(update=c)))  # type: ignore[misc]


def test_a_trip_is_not_changed_into_a_leave_nor_another_s_request(staff: Staff) -> None:
    give(staff)
    at, days = staff.organisation, DaySpan(date(2026, 7, 7), date(2026, 7, 9))
    trip = staff.run(
        "teacher",
        lambda u: requests.submit(u, at, Kind.TRIP, staff.persons["teacher"], days, key=uuid4(), facts={}),
    ).request
    of_another = ask(staff, "2026-08-03", "2026-08-09", "colleague")
    wanted = LeaveWanted(kind="ANNUAL", first=days.first, last=days.last)
    for who, of in (("teacher", trip), ("teacher", of_another), ("officer", of_another)):
        person = staff.persons["teacher"]
        with pytest.raises(RequestUnknown):
            staff.run(who, lambda u, r=of, p=person: service.change(u, at, p, r.id, 1, wanted))  # type: ignore[misc]


def test_a_leave_over_new_year_leaves_its_holidays_out_and_draws_the_year_it_begins_in(staff: Staff) -> None:
    give(staff)
    asked = approve(staff, ask(staff, "2026-12-28", "2027-01-10"))  # the next working year begins on the 8th
    assert left(staff) == 18 * CENTIDAYS, "the 1st and 2nd of January do not count, the 7th does"
    give(staff, date(2027, 1, 8))
    assert left(staff, day=date(2027, 1, 7)) == 18 * CENTIDAYS
    assert left(staff, day=date(2027, 1, 8)) == 48 * CENTIDAYS
    recall(staff, asked, date(2027, 1, 2))
    assert left(staff, day=date(2027, 1, 7)) == 26 * CENTIDAYS, "28 to 31 December stay"


def test_a_recall_gives_back_what_was_not_taken_to_the_years_drawn_last(staff: Staff) -> None:
    carry(staff, 4, date(2025, 1, 8))
    give(staff)
    asked = approve(staff, ask(staff, "2026-07-01", "2026-07-14"))
    recalled = recall(staff, asked, date(2026, 7, 8))
    assert left(staff) == 28 * CENTIDAYS  # six days of the 1st to the 7th counted
    gone = recall(staff, recalled, date(2026, 7, 1))
    assert gone.state == "cancelled"
    assert left(staff) == 34 * CENTIDAYS


def test_minors_are_not_recalled_from_leave(staff: Staff) -> None:
    """Labour Code (RK), art. 95: the age is a rule of the data package."""
    at, teacher, soon = staff.organisation, staff.persons["teacher"], today() + timedelta(days=10)
    give(staff)
    leave = approve(staff, ask(staff, str(soon), str(soon + timedelta(days=4))))
    born = RecordFacts(key=uuid4(), since=SINCE, reason="Passport", birth_on=soon - relativedelta(years=17))
    staff.run("officer", lambda u: personnel.record_facts(u, VAULT, at, teacher, born))
    with pytest.raises(RecallForbidden):
        recall(staff, leave, soon)


def test_a_command_sent_twice_gets_its_first_answer_in_any_later_state(staff: Staff) -> None:
    """Every command of leave, sent again after each that came later."""
    at, teacher = staff.organisation, staff.persons["teacher"]
    said = list[tuple[Callable[[], object], object]]()

    def say(command: Callable[[], T]) -> T:
        answer = command()
        said.append((command, answer))
        before = left(staff)
        assert [again() for again, _ in said] == [first for _, first in said]
        assert left(staff) == before
        return answer

    def keep(command: Callable[[UnitOfWork], object]) -> None:
        say(lambda: staff.run("officer", command))

    person = {"person_id": teacher, "year_start": date(2026, 1, 8), "reason": "Order 7-l"}
    moved = MoveDays(key=uuid4(), effective_on=TODAY, centidays=500, **person)
    give(staff)
    keep(lambda u: service.carry(u, at, moved))
    grant = GrantNorm(key=uuid4(), norm="ADD_DISABILITY", **person)
    keep(lambda u: service.grant_norm(u, at, grant))
    wanted = AskLeave(key=uuid4(), kind="ANNUAL", first=date(2026, 7, 13), last=date(2026, 8, 5))
    asked = say(lambda: staff.run("teacher", lambda u: service.ask(u, at, teacher, wanted)).request)
    longer = LeaveWanted(kind="ANNUAL", first=wanted.first, last=wanted.last + timedelta(days=9))
    changed = say(
        lambda: staff.run("teacher", lambda u: service.change(u, at, teacher, asked.id, asked.version, longer))
    )
    approved = say(lambda: approve(staff, changed))
    taken = MoveDays(key=uuid4(), effective_on=TODAY, centidays=-300, **person)
    keep(lambda u: service.correct(u, at, taken))
    say(lambda: recall(staff, approved, date(2026, 7, 27)))
    record_hired(staff, SINCE, date(2026, 8, 31))
    settled = Compensate(key=uuid4(), person_id=teacher, last_day=date(2026, 8, 31), reason="Order 8-l")
    keep(lambda u: service.compensate(u, at, settled))
    with pytest.raises(KeyReused):
        staff.run("teacher", lambda u: service.ask(u, at, teacher, wanted.model_copy(update={"kind": "STUDY"})))


def test_a_holiday_declared_later_gives_its_day_back_once(staff: Staff, url: str) -> None:
    give(staff)
    approve(staff, ask(staff, "2029-05-14", "2029-05-20"))
    waits = ask(staff, "2029-05-16", "2029-05-16", "colleague")
    span = DaySpan(date(2029, 1, 1), date(2029, 12, 31))
    assert staff.run("officer", lambda u: service.give_back_holidays(u, staff.organisation, span)) == 0
    owner = make_engine(url, role=None, pool=1)
    with owner.begin() as connection:
        connection.execute(
            text("""
            INSERT INTO reference_holiday (code, name_kk, name_ru, name_en, moves, in_force, confidence, source)
            VALUES ('05-16', 'x', 'x', 'x', true, daterange('2029-01-01', '2030-01-01'), 'high', 'x')""")
        )
    try:
        assert staff.run("officer", lambda u: service.give_back_holidays(u, staff.organisation, span)) == 1
        assert staff.run("officer", lambda u: service.give_back_holidays(u, staff.organisation, span)) == 0
        shown = staff.read("lead", lambda u: Leave().facts(u, waits))
        assert (shown.counted, shown.refusal) == (0, "leave-empty")  # it can be looked at, and returned
    finally:
        with owner.begin() as connection:
            connection.execute(text("DELETE FROM reference_holiday WHERE code = '05-16'"))
        owner.dispose()
    assert left(staff) == 24 * CENTIDAYS


def test_who_leaves_is_paid_what_is_earned_and_not_taken(staff: Staff) -> None:
    carry(staff, 3, date(2025, 1, 8))
    give(staff)
    record_hired(staff, SINCE, date(2026, 7, 7))
    command = Compensate(key=uuid4(), person_id=staff.persons["teacher"], last_day=date(2026, 7, 7), reason="Order 5-l")
    paid = staff.run("officer", lambda u: service.compensate(u, staff.organisation, command))
    assert paid == 300 + 1500  # half a year of thirty days, and what was left before
    assert staff.run("officer", lambda u: service.compensate(u, staff.organisation, command)) == paid
    assert left(staff) == 0


def settle(staff: Staff, last_day: date) -> int:
    """Of the teacher, whose service ends that day."""
    record_hired(staff, SINCE, last_day)
    return paid(staff, last_day)


def test_a_second_settlement_cuts_nothing_once_more_and_a_later_last_day_adds_what_is_earned(staff: Staff) -> None:
    give(staff)
    assert settle(staff, date(2026, 7, 7)) == 1500
    assert settle(staff, date(2026, 7, 7)) == 0
    assert settle(staff, date(2026, 8, 7)) == 250
    assert left(staff) == 0


def test_unpaid_leave_earns_nothing(staff: Staff) -> None:
    give(staff)
    approve(staff, ask(staff, "2026-02-01", "2026-03-31", kind="UNPAID_AGREED", by="officer"))
    assert settle(staff, date(2026, 5, 6)) == rules.accrued(3000, date(2026, 1, 8), date(2026, 3, 9))


def test_the_years_that_have_begun_are_given_before_they_are_settled(staff: Staff) -> None:
    give(staff)
    assert settle(staff, date(2027, 3, 7)) == 3000 + 500


def test_leave_after_the_last_day_is_recalled_before_it_is_settled(staff: Staff) -> None:
    give(staff)
    leave = approve(staff, ask(staff, "2026-08-03", "2026-08-09"))
    with pytest.raises(rules.LeaveAfterTheEnd):
        settle(staff, date(2026, 7, 7))
    recall(staff, leave, date(2026, 8, 3))
    assert settle(staff, date(2026, 7, 7)) == 1500


def test_nobody_is_settled_on_a_day_on_which_their_service_does_not_end(staff: Staff) -> None:
    """A year mistyped gives no working years and pays nothing."""
    at, teacher = staff.organisation, staff.persons["teacher"]
    give(staff)

    def pay(last_day: date) -> object:
        command = Compensate(key=uuid4(), person_id=teacher, last_day=last_day, reason="Order 5-l")
        return staff.run("officer", lambda u: service.compensate(u, at, command))

    with pytest.raises(rules.ServiceGoesOn):
        pay(date(2026, 7, 7))
    record_hired(staff, SINCE, date(2126, 12, 31))
    with pytest.raises(rules.TooFarAhead):
        pay(date(2126, 12, 31))
    assert left(staff) == 3000
    assert settle(staff, date(2027, 3, 7)) == 3500
    (batch,) = staff.read("officer", lambda u: service.batches(u, at))
    assert batch.people == len(staff.persons), "the year that is given there is given to nobody else"
    told = text("SELECT action FROM base_audit_event WHERE subject = :who AND action LIKE 'leave-%' ORDER BY id")
    owner = make_engine(staff.engine.url.render_as_string(hide_password=False), role=None, pool=1)
    with owner.connect() as connection:
        kept = connection.execute(told, {"who": f"person:{teacher}"}).scalars().all()
    owner.dispose()
    assert kept == ["leave-years-granted", "leave-correction", "leave-compensation"]


def test_the_ground_is_the_act_of_the_group_and_what_was_taken_before_is_not_guessed(staff: Staff) -> None:
    at, teacher = staff.organisation, staff.persons["teacher"]
    carry(staff, 12, date(2025, 1, 8))
    asked = ask(staff, "2026-07-13", "2026-07-17")
    facts = staff.read("lead", lambda u: Leave().facts(u, asked))
    assert facts.act.en == "Labour Code, art. 139"
    assert facts.doubts == (), "of a year that was carried in its earlier parts are unknown"
    unpaid = LeaveWanted(kind="UNPAID_AGREED", first=date(2026, 8, 3), last=date(2026, 8, 4))
    seen = staff.read("teacher", lambda u: service.preview(u, at, teacher, unpaid))
    assert Doubt.MOVES_YEAR in seen.doubts
    before = LeaveWanted(kind="ANNUAL", first=date(2003, 8, 3), last=date(2003, 8, 4))
    with pytest.raises(rules.LeaveKindUnknown):
        staff.read("officer", lambda u: service._kind(u, before.kind, before.first))


def test_nobody_moves_their_own_days(staff: Staff) -> None:
    at, officer = staff.organisation, staff.persons["officer"]
    said = {"person_id": officer, "year_start": date(2026, 1, 8), "effective_on": TODAY, "reason": "For myself"}
    give(staff)
    for act, days in ((service.carry, 100), (service.correct, 100)):
        command = MoveDays(key=uuid4(), centidays=days * CENTIDAYS, **said)
        with pytest.raises(rules.OwnDays):
            staff.run("officer", lambda u: act(u, at, command))  # noqa: B023


def test_a_correction_for_a_later_day_is_seen_by_who_asks_for_leave(staff: Staff) -> None:
    give(staff)
    said = {"person_id": staff.persons["teacher"], "year_start": date(2026, 1, 8), "effective_on": date(2026, 12, 1)}
    owed = MoveDays(key=uuid4(), centidays=-2900, reason="Given amiss", **said)
    staff.run("officer", lambda u: service.correct(u, staff.organisation, owed))
    assert left(staff, day=TODAY) == 3000
    assert staff.read("teacher", lambda u: service.free(u, staff.organisation, staff.persons["teacher"], TODAY)) == 100
    with pytest.raises(rules.LeaveNotEnough):
        ask(staff, "2026-07-13", "2026-07-19")


def test_what_is_shown_can_be_sent(staff: Staff) -> None:
    """The preview refuses what sending would refuse."""
    give(staff)
    ask(staff, "2026-08-03", "2026-08-09")

    def look(first: str, last: str) -> object:
        wanted = LeaveWanted(kind="ANNUAL", first=date.fromisoformat(first), last=date.fromisoformat(last))
        at, teacher = staff.organisation, staff.persons["teacher"]
        return staff.read("teacher", lambda u: service.preview(u, at, teacher, wanted))

    for first, last, refusal in (
        ("2026-08-09", "2026-08-12", AskedAlready),
        ("2026-05-04", "2026-05-10", rules.LeaveInThePast),
        ("2023-08-09", "2023-08-12", rules.LeaveInThePast),
    ):
        with pytest.raises(refusal):
            look(first, last)
    look("2026-08-10", "2026-08-12")


def test_human_resources_ask_for_leave_that_has_begun_and_never_for_themselves(staff: Staff) -> None:
    give(staff)
    past = LeaveWanted(kind="ANNUAL", first=date(2026, 5, 4), last=date(2026, 5, 10))
    at = staff.organisation
    staff.read("officer", lambda u: service.preview(u, at, staff.persons["teacher"], past))
    with pytest.raises(rules.LeaveInThePast):
        staff.read("officer", lambda u: service.preview(u, at, staff.persons["officer"], past))


def test_a_correction_says_why_and_may_leave_days_owed(staff: Staff) -> None:
    give(staff)
    approve(staff, ask(staff, "2026-07-07", "2026-08-05"))
    said = {"person_id": staff.persons["teacher"], "year_start": date(2026, 1, 8), "effective_on": TODAY}
    command = MoveDays(key=uuid4(), centidays=-600, reason="Given amiss", **said)
    staff.run("officer", lambda u: service.correct(u, staff.organisation, command))
    assert left(staff) == -600


# ------------------------------------------------------------------------------------------------ the database


def test_the_database_refuses_what_the_services_never_do(staff: Staff) -> None:
    give(staff)
    at, teacher = staff.organisation, staff.persons["teacher"]
    waiting = ask(staff, "2026-07-07", "2026-07-13")
    insert = """
        INSERT INTO hr_leave_movement (organisation_id, person_id, act, year_start, effective_on, centidays, request_id,
                                       reason, actor_id, origin)
        VALUES (:at, :person, :act, '2026-01-08', '2026-07-07', :days, :request, 'A test', :actor, 'test')"""

    def move(who: str, act: str, days: int, request: int | None, **changed: int) -> None:
        said = {"at": at, "person": teacher, "act": act, "days": days, "request": request, "actor": staff.users[who]}
        said |= changed
        staff.run(who, lambda u: u.execute(text(insert), said))

    with pytest.raises(DatabaseError, match="not approved"):
        move("lead", "use", -700, waiting.id)
    for forged in ({"actor": staff.users["lead"]}, {"person": staff.persons["officer"]}):
        with pytest.raises(DatabaseError, match="row-level security"):  # in another's name; one's own days
            move("officer", "correction", -100, None, **forged)

    def approve_without_use(u: UnitOfWork) -> object:
        return asked_queries.insert_act(u.connection, u.scope, at, waiting.id, State.APPROVED, version=2)

    with pytest.raises(DatabaseError, match="uses no days"):
        staff.run("lead", approve_without_use)
    approve(staff, waiting)
    with pytest.raises(DatabaseError, match="more days of leave are taken"):
        move("officer", "compensation", -2400, None)
    with pytest.raises(DatabaseError, match="given back than were used"):
        move("lead", "give-back", 800, waiting.id)
    with pytest.raises(DatabaseError, match="row-level security"):
        move("teacher", "carry", 800, None)
    with pytest.raises(DatabaseError, match="row-level security"):
        move("lead", "grant", 800, None)
    with pytest.raises(DatabaseError, match=r"append-only|permission denied"):
        staff.run("officer", lambda u: u.execute(text("UPDATE hr_leave_movement SET centidays = 1")))
    assert left(staff) == 23 * CENTIDAYS


def test_days_are_seen_by_the_person_by_who_keeps_the_records_and_by_who_decides(staff: Staff) -> None:
    give(staff)
    ask(staff, "2026-07-07", "2026-07-13")
    at, teacher = staff.organisation, staff.persons["teacher"]

    def seen(who: str) -> int:
        scope = staff.scope(who)
        assert scope.serves
        return staff.read(who, lambda u: service.balance(u, at, teacher, FAR)).centidays

    assert [seen(who) for who in ("teacher", "officer", "lead")] == [3000] * 3
    assert [seen(who) for who in ("colleague", "director", "bookkeeper")] == [0] * 3


def test_who_else_of_the_unit_is_away_is_told_without_why(staff: Staff) -> None:
    give(staff)
    approve(staff, ask(staff, "2026-07-07", "2026-07-13", who="colleague"))
    wanted = LeaveWanted(kind="ANNUAL", first=date(2026, 7, 10), last=date(2026, 7, 16))
    at, teacher = staff.organisation, staff.persons["teacher"]
    seen = staff.read("teacher", lambda u: service.preview(u, at, teacher, wanted))
    assert [(a.person_id, a.days.first, a.days.last) for a in seen.away] == [
        (staff.persons["colleague"], date(2026, 7, 10), date(2026, 7, 13))
    ]
    assert seen.back_on == date(2026, 7, 17)


# ------------------------------------------------------------------------------------------------ one source


steps = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.integers(0, 500), st.integers(1, 20)),
        st.tuples(st.just("recall"), st.integers(0, 9), st.integers(0, 19)),
        st.tuples(st.just("carry"), st.integers(1, 6), st.integers(2020, 2026)),
        st.tuples(st.just("hire"), st.integers(0, 150), st.just(0)),
        st.tuples(st.just("give"), st.integers(0, 360), st.just(0)),
        st.tuples(st.just("undo"), st.just(0), st.just(0)),
        st.tuples(st.just("holiday"), st.integers(0, 500), st.just(0)),
        st.tuples(st.just("no holiday"), st.integers(0, 9), st.just(0)),
        st.tuples(st.just("correct"), st.integers(-300, 300).filter(bool), st.integers(0, 9)),
        st.tuples(st.just("add"), st.integers(0, 9), st.just(0)),
        st.tuples(st.just("settle"), st.just(0), st.just(0)),
    ),
    min_size=4,
    max_size=10,
)


@pytest.fixture(scope="module")
def crowd(url: str, engine: Engine) -> Staff:
    """A post with room for many."""
    staff = a_staff(url, engine)
    staff.posts["many"] = staff.add_post(a_post(staff.units["teaching"], "many", percent=10_000))
    return staff


def is_more(movement: Movement) -> bool:
    """Whether it gives additional days."""
    return movement.norm is not None and not movement.norm.staff_group


class Holidays:
    """Holidays of single years, declared and struck out by who keeps the calendar."""

    def __init__(self, url: str) -> None:
        self._owner = make_engine(url, role=None, pool=1)
        self.declared: list[date] = []
        self.struck = False

    def declare(self, day: date) -> None:
        if f"{day:%m-%d}" in {f"{each:%m-%d}" for each in self.declared}:
            return
        with self._owner.begin() as connection:
            connection.execute(
                text("""
                INSERT INTO reference_holiday (code, name_kk, name_ru, name_en, moves, in_force, confidence, source)
                VALUES (:code, 'x', 'x', 'x', false, daterange(:day, :day, '[]'), 'high', 'x') ON CONFLICT DO NOTHING
                """),
                {"code": f"{day:%m-%d}", "day": day},
            )
        self.declared.append(day)

    def strike(self, *days: date) -> None:
        with self._owner.begin() as connection:
            connection.execute(
                text("DELETE FROM reference_holiday WHERE source = 'x' AND code = ANY(:codes)"),
                {"codes": [f"{day:%m-%d}" for day in days]},
            )
        self.declared = [day for day in self.declared if day not in days]
        self.struck = True

    def close(self) -> None:
        self.strike(*self.declared)
        self._owner.dispose()


@given(found=steps)
@settings(max_examples=25)
def test_a_balance_is_the_sum_of_the_ledger_and_of_what_is_away(
    url: str, crowd: Staff, found: list[tuple[str, int, int]]
) -> None:
    """Whatever is given, taken back, asked for, recalled, declared, corrected and settled: one ledger, everywhere."""
    staff, login, holidays = crowd, "someone", Holidays(url)
    hired = SINCE + timedelta(days=75)
    staff.persons[login] = staff.hire(a_hire(staff.posts["many"], family="Ким", since=hired))
    at, person = staff.organisation, staff.persons[login]
    away: list[Request] = []
    owed: set[date] = set()
    last_day = TODAY + timedelta(days=360)

    def known() -> list[date]:
        return [p.year_start for p in staff.read("officer", lambda u: service.years(u, at, person, FAR))]

    def keep(act: Callable[[UnitOfWork], object]) -> None:
        staff.run("officer", act)

    try:
        for step, one, two in found:
            first = TODAY + timedelta(days=one)
            if step == "ask":
                try:
                    asked = ask(staff, str(first), str(first + timedelta(days=two - 1)), login, by="officer")
                    away.append(approve(staff, asked, who="hr_head"))
                except (rules.LeaveNotEnough, rules.LeaveEmpty, AbsencesOverlap, AskedAlready):
                    continue
            elif step == "recall" and away:
                of = away.pop(one % len(away))
                day = of.days.first + timedelta(days=two % (of.days.end - of.days.first).days)
                cut = recall(staff, of, day, who="hr_head")
                if cut.state == "recalled":
                    away.append(cut)
            elif step == "carry":
                begun = years_through(staff, TODAY, login)
                carry(staff, one, date(two, 1, 8) if two < SINCE.year else begun[two % len(begun)], login)
            elif step == "hire":
                hired = SINCE + timedelta(days=one)
                record_hired(staff, hired, who=login)
            elif step == "give":
                give(staff, first)
            elif step == "undo":
                for batch in staff.read("officer", lambda u: service.batches(u, at))[:1]:
                    keep(lambda u, batch=batch: service.ungrant(u, at, batch.id))  # type: ignore[misc]
            elif step == "holiday":
                holidays.declare(first)
            elif step == "no holiday" and holidays.declared:
                holidays.strike(holidays.declared[one % len(holidays.declared)])
            elif step == "correct" and (years := known()):
                year = years[two % len(years)]
                command = MoveDays(key=uuid4(), person_id=person, year_start=year, effective_on=TODAY, centidays=one,
                                   reason="Given amiss")  # fmt: skip
                keep(lambda u, command=command: service.correct(u, at, command))  # type: ignore[misc]
                owed |= {year} if one < 0 else set()
            elif step == "add" and (years := known()):
                more = GrantNorm(key=uuid4(), person_id=person, norm="ADD_HAZARD", year_start=years[one % len(years)],
                                 reason="List of posts")  # fmt: skip
                try:
                    keep(lambda u, more=more: service.grant_norm(u, at, more))  # type: ignore[misc]
                except (rules.GrantedAlready, rules.YearUnknown):
                    continue
            elif step == "settle":
                paid = Compensate(key=uuid4(), person_id=person, last_day=last_day, reason="Order 5-l")
                record_hired(staff, hired, last_day, login)
                try:
                    keep(lambda u, paid=paid: service.compensate(u, at, paid))  # type: ignore[misc]
                except rules.LeaveAfterTheEnd:
                    continue
                finally:
                    record_hired(staff, hired, who=login)  # they stay after all
                owed |= set(known())
                assert all(p.centidays <= 0 for p in staff.read("officer", lambda u: service.years(u, at, person, FAR)))
        keep(lambda u: service.give_back_holidays(u, at, DaySpan(TODAY, FAR)))
        shown = staff.read("officer", lambda u: LeaveAccountView.read(u, at, person, FAR))
        page = staff.read("officer", lambda u: Own.of(u, at, personnel.person(u, at, person), FAR))
        everybody = staff.read("officer", lambda u: service.balances(u, at, FAR))
        total = sum(m.centidays for m in page.movements)
        assert total == left(staff, login) == page.balance.centidays == sum(p.centidays for p in page.years)
        assert total == (everybody[person].centidays if person in everybody else 0)
        assert total == Decimal(shown.left) * CENTIDAYS == sum(Decimal(m.days) for m in shown.movements) * CENTIDAYS
        assert total == page.balance.given - page.balance.taken
        standing = Counter(m.year_start for m in page.movements if m.act is Act.GRANT and not is_more(m))
        standing.subtract(m.year_start for m in page.movements if m.act is Act.UNGRANT and not is_more(m))
        grid = years_by_service(staff, last_day + timedelta(days=150), login)
        assert standing.total() <= len(grid), "none is given twice"
        if not {"hire", "carry", "undo"} & {step for step, _, _ in found}:
            due = [day for day in grid if min(standing, default=FAR) <= day <= max(standing, default=SINCE)]
            assert sorted(standing.elements()) == due, "none is left out"
        assert all(p.centidays >= 0 for p in page.years if p.year_start not in owed)
        used = -sum(m.centidays for m in page.movements if m.request_id)
        counts = sum(counted(staff, of) for of in away) * CENTIDAYS
        assert used <= counts if holidays.struck else used == counts
    finally:
        holidays.close()


def test_a_mistaken_giving_is_refused_when_far_and_taken_back_where_nothing_was_drawn(staff: Staff) -> None:
    at = staff.organisation
    with pytest.raises(rules.TooFarAhead):
        give(staff, date(2031, 12, 31))
    give(staff)
    assert give(staff, date(2027, 2, 1)) == len(staff.persons)
    approve(staff, ask(staff, "2027-03-01", "2027-04-09"))  # draws on the year that was given ahead
    ahead, first = staff.read("officer", lambda u: service.batches(u, at))
    assert (ahead.years, ahead.open_years, first.open_years) == (len(staff.persons), len(staff.persons) - 1,
                                                                 len(staff.persons) - 1)  # fmt: skip
    assert staff.run("officer", lambda u: service.ungrant(u, at, ahead.id)).people == len(staff.persons) - 1
    assert left(staff, "officer") == 3000
    with pytest.raises(rules.AllDrawn):
        staff.run("officer", lambda u: service.ungrant(u, at, ahead.id))
    with pytest.raises(rules.BatchUnknown):
        staff.run("officer", lambda u: service.ungrant(u, at, uuid4()))
    program = system_scope(at, origin="worker")
    again = GrantYears(day=date(2027, 2, 1))
    assert uow.run(staff.engine, program, lambda u: service.grant_years(u, at, again)).people == len(staff.persons) - 1
    assert staff.read("officer", lambda u: [b.id for b in service.batches(u, at)]) == [first.id], "of people alone"
    assert left(staff, "officer") == 6000
