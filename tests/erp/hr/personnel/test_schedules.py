"""Appointments and their schedules under any acts: no day is served without a schedule, and none is besides."""

from contextlib import suppress
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from erp.base.bitemporal import ActOverlaid
from erp.base.db import make_engine
from erp.base.errors import DomainError
from erp.hr.personnel import rules
from erp.hr.personnel import service as personnel
from erp.hr.personnel.model import PersonFile, ScheduleKind
from erp.hr.personnel.schemas import AppointmentContent, RecordAppointment, RecordSchedule, ScheduleContent
from erp.hr.staffing.schemas import RescindAct
from tests.factories.staff import REASON, Staff, a_hire, a_post

FIRST, DAYS = date(2026, 1, 5), 10
"""Acts fall on a few days; the last stands for all that follow."""
starts = st.integers(0, DAYS - 1)
lengths = st.none() | st.integers(1, 5)
hours = st.sampled_from([480, 240, 720])


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


class ServiceMachine(RuleBasedStateMachine):
    staff: Staff

    @initialize(start=starts, length=lengths)
    def hire(self, start: int, length: int | None) -> None:
        self.post = self.staff.add_post(a_post(self.staff.units["teaching"], "machine", percent=100_000))
        until = None if length is None else day(start + length)
        self.person = self.staff.hire(a_hire(self.post, since=day(start), until=until))
        self.appointment = self.file.appointments[0].id

    @property
    def file(self) -> PersonFile:
        return self.staff.read("officer", lambda u: personnel.file_of(u, self.staff.organisation, self.person))

    def act(self, start: int, length: int | None, **told: Any) -> dict[str, Any]:
        until = None if length is None else day(start + length)
        return {"key": uuid4(), "reason": REASON, "since": day(start), "until": until} | told

    def run(self, record: Any, *command: Any, refused: tuple[type[DomainError], ...]) -> None:
        with suppress(*refused):
            self.staff.run("officer", lambda u: record(u, self.staff.organisation, self.person, *command))

    @rule(start=starts, length=lengths, percent=st.sampled_from([50, 100]), data=st.data(), corrects=st.booleans())
    def appoint(self, start: int, length: int | None, percent: int, data: st.DataObject, corrects: bool) -> None:
        content = AppointmentContent(staff_unit_id=self.post, percent=percent)
        fact = data.draw(st.sampled_from(self.file.appointments)).fact_id if corrects else None
        command = RecordAppointment(**self.act(start, length, content=content, corrects=fact))
        self.run(personnel.record_appointment, self.appointment, command, refused=())

    @rule(start=starts)
    def end(self, start: int) -> None:
        command = RecordAppointment(**self.act(start, None, content=None))
        self.run(personnel.record_appointment, self.appointment, command, refused=(rules.AppointmentEnds,))

    @rule(start=starts, length=lengths, minutes=hours, data=st.data(), corrects=st.booleans())
    def schedule(self, start: int, length: int | None, minutes: int, data: st.DataObject, corrects: bool) -> None:
        content = ScheduleContent(kind=ScheduleKind.SHIFT, begins_on=FIRST, minutes=(minutes, 0))
        fact = data.draw(st.sampled_from(self.file.schedules)).id if corrects else None
        command = RecordSchedule(**self.act(start, length, content=content, corrects=fact))
        self.run(personnel.record_schedule, self.appointment, command, refused=(rules.AppointmentNotHeld,))

    @rule(data=st.data())
    def rescind(self, data: st.DataObject) -> None:
        acts = [act for act in self.file.acts[:-1] if act.may_be_rescinded]
        if acts:
            undone, command = data.draw(st.sampled_from(acts)), RescindAct(key=uuid4(), reason=REASON)
            self.run(personnel.rescind, undone.id, command, refused=(ActOverlaid,) if undone != acts[0] else ())

    @invariant()
    def each_day_served_is_worked_by_a_schedule_and_no_other(self) -> None:
        if hasattr(self, "appointment"):
            file, days = self.file, [day(n) for n in range(-1, 2 * DAYS)]
            served, worked = (
                [each for each in days if any(each in fact.valid for fact in facts)]
                for facts in (file.appointments, file.schedules)
            )
            assert served == worked


def test_no_day_is_served_without_a_schedule_whatever_is_recorded(staff: Staff) -> None:
    machine = type("Machine", (ServiceMachine,), {"staff": staff})
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine, settings=settings(max_examples=10, stateful_step_count=10)
    )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE hr_schedule SET superseded_xid = pg_current_xact_id(), superseded_by = 1 WHERE person_id = :person",
        "INSERT INTO hr_appointment_fact (organisation_id, appointment_id, person_id, valid, staff_unit_id, percent,"
        " number, act_id) SELECT organisation_id, appointment_id, person_id, '[2026-01-01,2026-02-01)', staff_unit_id,"
        " 1, '', act_id FROM hr_appointment_fact WHERE person_id = :person",
    ],
)
def test_the_database_refuses_a_day_without_a_schedule(staff: Staff, shared_database: str, statement: str) -> None:
    person_id = staff.hire(a_hire(staff.add_post(a_post(staff.units["teaching"], "p")), until=date(2025, 1, 1)))
    owner = make_engine(shared_database, role=None, pool=1)
    with owner.connect() as connection:
        connection.execute(text(statement), {"person": person_id})
        with pytest.raises(DBAPIError, match="without a schedule"):
            connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    owner.dispose()
