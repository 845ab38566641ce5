from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from erp.base.bitemporal import ActOverlaid, AsOf, DaysTaken
from erp.base.clock import today
from erp.base.db import make_engine
from erp.base.vault import Vault, new_key
from erp.hr.personnel import queries, rules
from erp.hr.personnel import service as personnel
from erp.hr.personnel.model import ReadKind, ScheduleKind
from erp.hr.personnel.schemas import (
    Appoint,
    AppointmentContent,
    NameContent,
    RecordAppointment,
    RecordFacts,
    RecordName,
    RecordSchedule,
    ScheduleContent,
)
from erp.hr.staffing.model import About
from erp.hr.staffing.rules import ActRescinded, PostTaken, PostUnknown
from erp.hr.staffing.schemas import RescindAct
from ledger.errors import KeyReused
from tests.factories.seals import seal_everything
from tests.factories.staff import REASON, SINCE, VAULT, Staff, a_hire, a_post, a_staff, a_unit, an_identity

BORN = date(1985, 7, 19)


def an_act(**told: Any) -> dict[str, Any]:
    return {"key": uuid4(), "reason": REASON, "since": date(2026, 3, 2)} | told


def a_rescission() -> RescindAct:
    return RescindAct(key=uuid4(), reason="Signed by mistake")


def file_of(staff: Staff, person_id: int, who: str = "officer") -> Any:
    return staff.read(who, lambda u: personnel.file_of(u, staff.organisation, person_id))


def last_act(staff: Staff, person_id: int, about: About) -> int:
    found: int = next(act.id for act in file_of(staff, person_id).acts if act.about is about)
    return found


# ------------------------------------------------------------------------------------------------ who stands where


@pytest.mark.parametrize(
    ("who", "chief"), [("teacher", "lead"), ("lead", "director"), ("director", None), ("officer", "hr_head")]
)
def test_a_chief_is_who_heads_the_unit_or_the_one_above(staff: Staff, who: str, chief: str | None) -> None:
    found = staff.read(who, lambda u: personnel.chief_of(u, staff.organisation, staff.persons[who], today()))
    assert found == (staff.persons[chief] if chief else None)


def test_where_the_head_has_left_the_head_above_is_the_chief(shared_database: str) -> None:
    staff = a_staff(shared_database)
    at, lead, teacher = staff.organisation, staff.persons["lead"], staff.persons["teacher"]
    held = file_of(staff, lead).appointments[0]
    leaves = RecordAppointment(**an_act(), content=None)
    staff.run("officer", lambda u: personnel.record_appointment(u, at, lead, held.id, leaves))
    chiefs = [
        staff.read("teacher", lambda u, on=day: personnel.chief_of(u, at, teacher, on))  # type: ignore[misc]
        for day in (date(2026, 3, 1), date(2026, 3, 2))
    ]
    assert chiefs == [lead, staff.persons["director"]]


def test_colleagues_know_names_and_posts_and_nothing_private(staff: Staff) -> None:
    at, teacher = staff.organisation, staff.persons["teacher"]
    others = staff.read("teacher", lambda u: personnel.colleagues(u, at, teacher, today()))
    assert {each.id for each in others} == {staff.persons["lead"], staff.persons["colleague"]}
    assert all(each.appointment for each in others)
    for person_id in (teacher, staff.persons["colleague"]):
        facts = staff.read("teacher", lambda u, p=person_id: file_of_facts(u, p))  # type: ignore[misc]
        assert bool(facts) == (person_id == teacher)


def file_of_facts(u: Any, person_id: int) -> list[Any]:
    return queries.private_facts(u.connection, u.scope, person_id, AsOf(today()))


def test_one_s_own_person_is_found_by_the_account(staff: Staff) -> None:
    own = staff.read("teacher", lambda u: personnel.person_of(u, staff.organisation))
    assert own is not None
    assert (own.id, own.name.short) == (staff.persons["teacher"], "Teacher T.")


# ------------------------------------------------------------------------------------------------ posts


def test_nobody_is_appointed_beyond_the_staffing_table(staff: Staff) -> None:
    post = staff.add_post(a_post(staff.units["teaching"], "half", percent=150))
    staff.hire(a_hire(post))
    staff.hire(a_hire(post, percent=50, until=date(2026, 1, 1)))
    with pytest.raises(PostTaken) as refused:
        staff.hire(a_hire(post, percent=75, since=date(2025, 12, 1)))
    assert refused.value.fields["day"] == date(2025, 12, 1)
    staff.hire(a_hire(post, percent=50, since=date(2026, 1, 1)))
    with pytest.raises(PostUnknown):
        staff.hire(a_hire(999_999))


def test_two_who_hire_into_one_post_at_once_do_not_exceed_it(staff: Staff) -> None:
    post = staff.add_post(a_post(staff.units["teaching"], "one"))

    def hire(_: int) -> bool:
        try:
            staff.hire(a_hire(post, percent=75))
        except PostTaken:
            return False
        return True

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(hire, range(3))) == [False, False, True]


def test_the_database_refuses_what_the_service_would_not_do(staff: Staff, shared_database: str) -> None:
    owner = make_engine(shared_database, role=None, pool=1)
    with owner.connect() as connection:
        connection.execute(
            text("""
                WITH made AS (INSERT INTO hr_appointment (organisation_id, person_id)
                              VALUES (:organisation, :person) RETURNING id)
                INSERT INTO hr_appointment_fact (organisation_id, appointment_id, person_id, valid, staff_unit_id,
                                                 percent, number, act_id)
                SELECT :organisation, made.id, :person, '[2030-01-01,)', :post, 50, '',
                       (SELECT max(id) FROM hr_act WHERE organisation_id = :organisation) FROM made
            """),
            {
                "organisation": staff.organisation,
                "post": staff.posts["director"],
                "person": staff.persons["colleague"],
            },
        )
        with pytest.raises(DBAPIError, match="staffing table"):
            connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    owner.dispose()


# ------------------------------------------------------------------------------------------------ acts


def test_a_name_is_changed_corrected_and_rescinded(staff: Staff) -> None:
    at = staff.organisation
    person_id = staff.hire(
        a_hire(staff.add_post(a_post(staff.units["teaching"], "t")), family="Сейітова", given="Дана")
    )

    def record(family: str, **told: Any) -> None:
        command = RecordName(**an_act(content=NameContent(family=family, given="Дана"), **told))
        staff.run("officer", lambda u: personnel.record_name(u, at, person_id, command))

    def families() -> list[str]:
        return [each.name.family for each in file_of(staff, person_id).names]

    record("Ахметова")
    assert families() == ["Сейітова", "Ахметова"]
    record("Сеитова", since=SINCE, until=date(2026, 3, 2), corrects=file_of(staff, person_id).names[0].id)
    assert families() == ["Сеитова", "Ахметова"]
    file = file_of(staff, person_id)
    changed, corrected = (act.id for act in reversed(file.acts[:2]))
    with pytest.raises(ActOverlaid):
        staff.run("officer", lambda u: personnel.rescind(u, at, person_id, changed, a_rescission()))
    for act_id in (corrected, changed):
        staff.run("officer", lambda u, a=act_id: personnel.rescind(u, at, person_id, a, a_rescission()))  # type: ignore[misc]
    assert families() == ["Сейітова"]
    with pytest.raises(ActRescinded):
        staff.run("officer", lambda u: personnel.rescind(u, at, person_id, changed, a_rescission()))


def test_a_move_and_a_leaving_are_seen_by_day(staff: Staff) -> None:
    at = staff.organisation
    first, second = (staff.add_post(a_post(staff.units[unit], unit)) for unit in ("teaching", "personnel"))
    person_id = staff.hire(a_hire(first))
    appointment_id = file_of(staff, person_id).appointments[0].id

    def record(since: date, post: int | None) -> None:
        content = AppointmentContent(staff_unit_id=post, percent=50) if post else None
        command = RecordAppointment(**an_act(since=since), content=content)
        staff.run("officer", lambda u: personnel.record_appointment(u, at, person_id, appointment_id, command))

    def held(day: date) -> tuple[int, int] | None:
        found = staff.read("officer", lambda u: personnel.appointment_on(u, at, person_id, day))
        return (found.staff_unit_id, found.percent) if found else None

    record(date(2026, 3, 2), second)
    record(date(2026, 6, 1), None)
    days = (SINCE, date(2026, 3, 1), date(2026, 3, 2), date(2026, 5, 31), date(2026, 6, 1))
    assert [held(day) for day in days] == [(first, 100), (first, 100), (second, 50), (second, 50), None]
    assert file_of(staff, person_id).schedules[-1].valid.end == date(2026, 6, 1)
    with pytest.raises(rules.AppointmentEnds):
        record(SINCE, None)
    left = last_act(staff, person_id, About.APPOINTMENT)
    staff.run("officer", lambda u: personnel.rescind(u, at, person_id, left, a_rescission()))
    assert held(date(2027, 1, 1)) == (second, 50)
    assert file_of(staff, person_id).schedules[-1].valid.end is None


def test_a_post_that_was_given_away_is_not_taken_back_by_rescinding(staff: Staff) -> None:
    at, post = staff.organisation, staff.add_post(a_post(staff.units["teaching"], "sought"))
    person_id = staff.hire(a_hire(post))
    appointment_id = file_of(staff, person_id).appointments[0].id
    leaves = RecordAppointment(**an_act(), content=None)
    staff.run("officer", lambda u: personnel.record_appointment(u, at, person_id, appointment_id, leaves))
    staff.hire(a_hire(post, since=date(2026, 3, 2)))
    left = last_act(staff, person_id, About.APPOINTMENT)
    with pytest.raises(PostTaken):
        staff.run("officer", lambda u: personnel.rescind(u, at, person_id, left, a_rescission()))


def test_shifts_are_a_cycle_of_days(staff: Staff) -> None:
    at, person_id = staff.organisation, staff.persons["colleague"]
    appointment_id = file_of(staff, person_id).appointments[0].id
    begins = date(2026, 3, 2)
    content = ScheduleContent(kind=ScheduleKind.SHIFT, begins_on=begins, minutes=(720, 720, 0, 0))
    command = RecordSchedule(**an_act(since=begins), content=content)
    staff.run("officer", lambda u: personnel.record_schedule(u, at, person_id, appointment_id, command))
    week, shifts = file_of(staff, person_id).schedules
    assert [week.minutes_on(begins - timedelta(days=n)) for n in (1, 2, 3)] == [0, 0, 480]
    assert [shifts.minutes_on(begins + timedelta(days=n)) for n in range(5)] == [720, 720, 0, 0, 720]


def test_a_command_sent_twice_is_done_once_and_its_key_serves_no_other(staff: Staff) -> None:
    command = a_hire(staff.add_post(a_post(staff.units["teaching"], "once")))
    person_id = staff.hire(command)
    assert staff.hire(command) == person_id
    with pytest.raises(KeyReused):
        staff.hire(command.model_copy(update={"reason": "Another ground"}))


# ------------------------------------------------------------------------------------------------ identity numbers


def test_an_identity_number_is_kept_sealed_found_again_and_its_opening_is_seen(
    staff: Staff, shared_database: str
) -> None:
    at, number = staff.organisation, an_identity(BORN)
    post = staff.add_post(a_post(staff.units["teaching"], "secret", percent=300))
    person_id = staff.hire(a_hire(post, identity=number, birth_on=BORN))
    assert staff.run("officer", lambda u: personnel.open_identity(u, VAULT, at, person_id)) == number
    seen = staff.read("hr_head", lambda u: personnel.readings(u, person_id))
    assert [(each.reader, each.kind) for each in seen] == [("Officer", ReadKind.IDENTITY)]
    owner = make_engine(shared_database, role=None, pool=1)
    with owner.connect() as connection:
        for table in ("hr_person_fact", "hr_act", "base_audit_event"):
            rows = connection.execute(text(f"SELECT t::text FROM {table} t")).scalars().all()
            assert not [row for row in rows if number in row or number.encode().hex() in row], table
    owner.dispose()
    again = staff.hire(a_hire(post, family="АХМЕТОВ", identity=number, since=date(2025, 1, 6)))
    assert again == person_id, "the same number is the same person"
    with pytest.raises(rules.IdentityOfAnother) as another:
        staff.hire(a_hire(post, family="Other", identity=number, since=date(2025, 1, 6)))
    assert "Ахметов" not in str(another.value)
    other = staff.hire(a_hire(post, family="Third"))
    command = RecordFacts(**an_act(), identity=number)
    with pytest.raises(rules.IdentityTaken):
        staff.run("officer", lambda u: personnel.record_facts(u, VAULT, at, other, command))
    mistyped = number[:-1] + str((int(number[-1]) + 1) % 10)
    with pytest.raises(rules.IdentityInvalid) as refused:
        staff.hire(a_hire(post, identity=mistyped))
    assert mistyped not in str(refused.value)
    with pytest.raises(rules.IdentityMissing):
        staff.run("officer", lambda u: personnel.open_identity(u, VAULT, at, other))


def test_a_number_kept_under_a_key_of_earlier_days_is_found(staff: Staff) -> None:
    old, number = new_key(), an_identity()
    before, after = Vault([old]), Vault([new_key(), old])
    post = staff.add_post(a_post(staff.units["teaching"], "keys", percent=200))
    hired = a_hire(post, identity=number)
    person_id = staff.run("officer", lambda u: personnel.hire(u, before, staff.organisation, hired))
    again = a_hire(post, identity=number, since=date(2025, 1, 6))
    assert staff.run("officer", lambda u: personnel.hire(u, after, staff.organisation, again)) == person_id


def test_what_a_correction_leaves_out_stays(staff: Staff) -> None:
    at, number = staff.organisation, an_identity(BORN)
    post = staff.add_post(a_post(staff.units["teaching"], "born"))
    person_id = staff.hire(a_hire(post, identity=number, birth_on=BORN))
    fact = file_of(staff, person_id).facts[0]
    command = RecordFacts(**an_act(since=SINCE), corrects=fact.id, birth_on=date(1985, 7, 29))
    staff.run("officer", lambda u: personnel.record_facts(u, VAULT, at, person_id, command))
    (fact,) = file_of(staff, person_id).facts
    assert (fact.birth_on, fact.has_identity) == (date(1985, 7, 29), True)
    assert staff.run("officer", lambda u: personnel.open_identity(u, VAULT, at, person_id)) == number


# ------------------------------------------------------------------------------------------------ other institutions


def test_a_person_is_seen_only_where_appointed(staff: Staff, shared_database: str) -> None:
    other = a_staff(shared_database, staff.engine)
    teacher = staff.persons["teacher"]
    for at in (staff.organisation, other.organisation):
        with pytest.raises(rules.PersonNotOfStaff):
            other.read("officer", lambda u, at=at: personnel.file_of(u, at, teacher))  # type: ignore[misc]
    assert other.read("officer", lambda u: personnel.names(u, [teacher], today())) == {}
    assert not other.read("officer", lambda u: file_of_facts(u, teacher))
    command = RecordName(**an_act(content=NameContent(family="X", given="Y")))
    with pytest.raises(rules.PersonNotOfStaff):
        other.run("officer", lambda u: personnel.record_name(u, other.organisation, teacher, command))
    with pytest.raises(rules.PersonNotOfStaff):
        other.run("officer", lambda u: personnel.link_account(u, other.organisation, teacher, other.logins["lead"]))
    appoint = Appoint(
        key=uuid4(), reason=REASON, since=SINCE, appointment=AppointmentContent(staff_unit_id=other.posts["lead"])
    )
    with pytest.raises(rules.PersonNotOfStaff):
        other.run("officer", lambda u: personnel.appoint(u, other.organisation, teacher, appoint))


def test_who_is_rescinded_here_is_still_called_so_elsewhere(staff: Staff, shared_database: str) -> None:
    other, identity = a_staff(shared_database, staff.engine), an_identity()
    here = staff.add_post(a_post(staff.units["teaching"], "lost"))
    there = other.add_post(a_post(other.units["teaching"], "kept"))
    person_id = staff.hire(a_hire(here, family="Дәуренова", identity=identity))
    assert other.hire(a_hire(there, family="Дауренова", identity=identity)) == person_id
    act = last_act(staff, person_id, About.HIRE)
    staff.run("officer", lambda u: personnel.rescind(u, staff.organisation, person_id, act, a_rescission()))
    assert [fact.name.family for fact in file_of(other, person_id).names] == ["Дәуренова"]
    assert file_of(other, person_id).facts[0].has_identity
    with pytest.raises(rules.PersonNotOfStaff):
        file_of(staff, person_id)


def a_move(staff: Staff, other: Staff, left_on: date, came_on: date) -> tuple[int, str]:
    """Somebody who served at the one institution and serves at the other; with their identity number."""
    identity = an_identity()
    here = staff.add_post(a_post(staff.units["teaching"], "left"))
    there = other.add_post(a_post(other.units["teaching"], "came"))
    person_id = staff.hire(a_hire(here, family="Дәуренова", identity=identity, until=left_on))
    assert other.hire(a_hire(there, family="Дәуренова", identity=identity, since=came_on)) == person_id
    return person_id, identity


def renamed(staff: Staff, person_id: int, family: str, since: date = date(2026, 3, 2)) -> None:
    command = RecordName(**an_act(since=since, content=NameContent(family=family, given="Ерлан")))
    staff.run("officer", lambda u: personnel.record_name(u, staff.organisation, person_id, command))


def families_of(staff: Staff, person_id: int) -> list[str]:
    return [fact.name.family for fact in file_of(staff, person_id).names]


def test_facts_are_kept_where_one_serves_and_a_former_place_reads_those_of_its_days(
    staff: Staff, shared_database: str
) -> None:
    other = a_staff(shared_database, staff.engine)
    person_id, identity = a_move(staff, other, date(2025, 6, 1), date(2025, 6, 1))
    at = staff.organisation
    renamed(other, person_id, "Омарова")
    assert families_of(other, person_id) == ["Дәуренова", "Омарова"]
    assert families_of(staff, person_id) == ["Дәуренова"], "the later name is of days served elsewhere"
    assert [file_of(each, person_id).is_kept_here for each in (staff, other)] == [False, True]
    acts: list[Any] = [
        lambda: renamed(staff, person_id, "X"),
        lambda: staff.run(
            "officer",
            lambda u: personnel.record_facts(u, VAULT, at, person_id, RecordFacts(**an_act(), birth_on=BORN)),
        ),
        lambda: staff.run("officer", lambda u: personnel.link_account(u, at, person_id, staff.logins["lead"])),
    ]
    for act in acts:
        with pytest.raises(rules.FileKeptElsewhere):
            act()
    changed = last_act(other, person_id, About.NAME)
    other.run("officer", lambda u: personnel.rescind(u, other.organisation, person_id, changed, a_rescission()))
    assert families_of(other, person_id) == ["Дәуренова"], "what another institution recorded stands again"
    assert staff.run("officer", lambda u: personnel.open_identity(u, VAULT, at, person_id)) == identity


def test_who_serves_nowhere_is_kept_where_they_served_last(staff: Staff, shared_database: str) -> None:
    other = a_staff(shared_database, staff.engine)
    identity = an_identity()
    here = staff.add_post(a_post(staff.units["teaching"], "first"))
    there = other.add_post(a_post(other.units["teaching"], "last"))
    person_id = staff.hire(a_hire(here, identity=identity, until=date(2025, 6, 1)))
    other.hire(a_hire(there, identity=identity, since=date(2025, 6, 1), until=date(2025, 9, 1)))
    renamed(other, person_id, "Омарова", SINCE)
    assert families_of(staff, person_id) == ["Омарова"], "a correction of its days is read where one served"
    with pytest.raises(rules.FileKeptElsewhere):
        renamed(staff, person_id, "X")


def test_days_that_another_institution_alone_knows_are_refused_in_words(staff: Staff, shared_database: str) -> None:
    other = a_staff(shared_database, staff.engine)
    identity = an_identity()
    here = staff.add_post(a_post(staff.units["teaching"], "first"))
    person_id = staff.hire(a_hire(here, identity=identity))
    renamed(staff, person_id, "Омарова", date(2025, 1, 1))
    (held,) = file_of(staff, person_id).appointments
    left = RecordAppointment(**an_act(since=date(2025, 3, 1)), content=None)
    staff.run("officer", lambda u: personnel.record_appointment(u, staff.organisation, person_id, held.id, left))
    there = other.add_post(a_post(other.units["teaching"], "last"))
    other.hire(a_hire(there, family="Омарова", identity=identity, since=date(2025, 6, 1), until=date(2025, 9, 1)))
    assert families_of(other, person_id) == ["Омарова"]
    with pytest.raises(DaysTaken):
        renamed(other, person_id, "Сейітова", date(2024, 12, 1))
    assert families_of(staff, person_id) == ["Ахметов", "Омарова"]


def test_rescinding_an_act_whose_days_another_institution_names_is_refused_in_words(
    staff: Staff, shared_database: str
) -> None:
    other, identity = a_staff(shared_database, staff.engine), an_identity()
    here, there = (each.add_post(a_post(each.units["teaching"], "between")) for each in (staff, other))
    left, back = date(2025, 2, 1), date(2025, 9, 1)

    def named(keeper: Staff, family: str) -> None:
        content = NameContent(family=family, given="Ерлан")
        command = RecordName(**an_act(since=left, until=back, content=content))
        keeper.run("officer", lambda u: personnel.record_name(u, keeper.organisation, person_id, command))

    person_id = staff.hire(a_hire(here, identity=identity, until=left))
    named(staff, "Сейітова")
    renaming = file_of(staff, person_id).acts[0].id
    other.hire(a_hire(there, identity=identity, family="Сейітова", since=left, until=back))
    named(other, "Омарова")
    staff.hire(a_hire(here, identity=identity, since=back, until=date(2025, 12, 1)))
    with pytest.raises(DaysTaken):
        staff.run("officer", lambda u: personnel.rescind(u, staff.organisation, person_id, renaming, a_rescission()))


def test_two_institutions_where_one_serves_both_read_and_keep(staff: Staff, shared_database: str) -> None:
    other = a_staff(shared_database, staff.engine)
    identity = an_identity()
    person_id = staff.hire(a_hire(staff.add_post(a_post(staff.units["teaching"], "half")), identity=identity))
    other.hire(a_hire(other.add_post(a_post(other.units["teaching"], "half")), identity=identity))
    renamed(staff, person_id, "Омарова")
    renamed(other, person_id, "Сейітова", date(2026, 6, 1))
    for each in (staff, other):
        assert families_of(each, person_id) == ["Ахметов", "Омарова", "Сейітова"]


@pytest.mark.parametrize("statement", [
    "UPDATE {} SET superseded_xid = pg_current_xact_id(), superseded_by = 1 WHERE person_id = :person RETURNING id",
    "INSERT INTO {} (person_id, valid, kept_by, act_id{columns}) SELECT :person, '[2030-01-01,2030-02-01)', :at,"
    " max(id){values} FROM hr_act WHERE organisation_id = :at RETURNING id",
])  # fmt: skip
@pytest.mark.parametrize("table", ["hr_person_name", "hr_person_fact"])
def test_the_database_keeps_a_former_place_out(staff: Staff, shared_database: str, statement: str, table: str) -> None:
    other = a_staff(shared_database, staff.engine)
    person_id, _ = a_move(staff, other, date(2025, 6, 1), date(2025, 6, 1))
    is_name = table == "hr_person_name"
    columns = ", family_name, given_name, patronymic" if is_name else ""
    told = statement.format(table, columns=columns, values=", 'X', 'Y', ''" if is_name else "")

    def write(u: Any) -> list[Any]:
        return list(u.connection.execute(text(told), {"person": person_id, "at": staff.organisation}))

    if told.startswith("UPDATE"):
        assert staff.run("officer", write) == []
    else:
        with pytest.raises(DBAPIError, match="row-level security"):
            staff.run("officer", write)


def test_a_hire_day_corrected_forward_or_back_carries_name_and_schedule(staff: Staff) -> None:
    at, post = staff.organisation, staff.add_post(a_post(staff.units["teaching"], "early"))
    person_id = staff.hire(a_hire(post, since=date(2026, 3, 10), family="Жаңабаев"))

    def hired_on(day: date) -> None:
        (held,) = file_of(staff, person_id).appointments
        content = AppointmentContent(staff_unit_id=post)
        command = RecordAppointment(**an_act(since=day, corrects=held.fact_id, content=content))
        staff.run("officer", lambda u: personnel.record_appointment(u, at, person_id, held.id, command))

    for day in (date(2026, 3, 2), date(2026, 3, 16)):
        hired_on(day)
        (worked,) = file_of(staff, person_id).schedules
        assert (worked.valid.start, worked.valid.end) == (day, None)
    hired_on(date(2026, 2, 2))
    (row,) = staff.read("officer", lambda u: personnel.people_on(u, at, date(2026, 2, 3), words="жанабаев")).rows
    assert row.person_id == person_id


def test_a_schedule_is_of_a_day_that_is_served(staff: Staff) -> None:
    at, post = staff.organisation, staff.add_post(a_post(staff.units["teaching"], "over"))
    person_id = staff.hire(a_hire(post, until=date(2026, 3, 2)))
    held = file_of(staff, person_id).appointments[0]
    command = RecordSchedule(**an_act(), content=ScheduleContent())
    with pytest.raises(rules.AppointmentNotHeld):
        staff.run("officer", lambda u: personnel.record_schedule(u, at, person_id, held.id, command))


@pytest.mark.parametrize("words", ["мугалим сеит", "СЕЙІТ TEACHER", "учитель гулсим", "отдел 0417", "бөлім сейит"])
def test_people_are_found_by_parts_of_name_post_unit_and_number_as_they_are_typed(staff: Staff, words: str) -> None:
    at, named = staff.organisation, {"name_kk": "Іздеу бөлімі", "name_ru": "Отдел поиска", "name_en": "Search"}
    if not staff.read("officer", lambda u: personnel.people_on(u, at, today(), words="Іздеу бөлімі")).rows:
        unit = staff.add_unit(a_unit("search", parent_id=staff.units["office"], **named))
        titles = {"title_kk": "Мұғалім", "title_ru": "Учитель", "title_en": "Teacher"}
        post = staff.add_post(a_post(unit, "sought", **titles))
        appointment = {"staff_unit_id": post, "number": "0417"}
        staff.hire(a_hire(post, family="Сейітова", given="Гүлсім", appointment=appointment))
    words = words.replace("сеит", "сейит")
    (row,) = staff.read("officer", lambda u: personnel.people_on(u, at, today(), words=words)).rows
    assert row.name.family == "Сейітова"


def test_acts_are_those_that_were_known(staff: Staff, shared_database: str) -> None:
    at = staff.organisation
    person_id = staff.hire(a_hire(staff.add_post(a_post(staff.units["teaching"], "acts"))))
    renamed(staff, person_id, "Омарова")
    known = seal_everything(shared_database).sealed_at
    changed = last_act(staff, person_id, About.NAME)
    staff.run("officer", lambda u: personnel.rescind(u, at, person_id, changed, a_rescission()))
    seal_everything(shared_database)
    then = staff.read("officer", lambda u: personnel.file_of(u, at, person_id, known_at=known))
    assert [(act.about, act.rescinded_by) for act in then.acts] == [(About.NAME, None), (About.HIRE, None)]
    assert len(file_of(staff, person_id).acts) == 3


def test_an_account_is_one_person_s(staff: Staff) -> None:
    at, person_id = staff.organisation, staff.persons["teacher"]
    with pytest.raises(rules.AccountTaken):
        staff.run("officer", lambda u: personnel.link_account(u, at, person_id, staff.logins["colleague"]))
    staff.run("officer", lambda u: personnel.link_account(u, at, person_id, ""))
    assert staff.read("teacher", lambda u: personnel.person_of(u, at)) is None
    staff.run("officer", lambda u: personnel.link_account(u, at, person_id, staff.logins["teacher"]))
    assert file_of(staff, person_id).login == staff.logins["teacher"]


def test_who_was_hired_by_mistake_gives_their_account_back(staff: Staff) -> None:
    """Whether the hiring was rescinded, or its appointment corrected away."""
    at, post = staff.organisation, staff.add_post(a_post(staff.units["teaching"], "slips", percent=300))
    login = staff.logins["bookkeeper"]
    staff.run("officer", lambda u: personnel.link_account(u, at, staff.persons["bookkeeper"], ""))
    first = staff.hire(a_hire(post, login=login))
    hiring = last_act(staff, first, About.HIRE)
    with pytest.raises(rules.AccountTaken):
        staff.hire(a_hire(post, login=login))
    staff.run("officer", lambda u: personnel.rescind(u, at, first, hiring, a_rescission()))
    second = staff.hire(a_hire(post, login=login))
    own = staff.read("bookkeeper", lambda u: personnel.person_of(u, at))
    assert own is not None
    assert own.id == second != first
    (held,) = file_of(staff, second).appointments
    never = RecordAppointment(**an_act(since=SINCE, corrects=held.fact_id), content=None)
    staff.run("officer", lambda u: personnel.record_appointment(u, at, second, held.id, never))
    bookkeeper = staff.persons["bookkeeper"]
    staff.run("officer", lambda u: personnel.link_account(u, at, bookkeeper, login))
    assert file_of(staff, bookkeeper).login == login


def test_two_who_hire_under_one_identity_number_at_once_are_one_hiring_and_one_refusal(staff: Staff) -> None:
    post, identity = staff.add_post(a_post(staff.units["teaching"], "raced", percent=300)), an_identity()
    both_looked = Barrier(2)
    register = queries.register_persons

    def registered(*asked: Any) -> list[int]:
        both_looked.wait(timeout=60)
        return register(*asked)

    def hire(family: str) -> int | str:
        try:
            return staff.hire(a_hire(posts[family], family, identity=identity))
        except rules.IdentityTaken as refusal:
            return refusal.code

    posts = {"Ахметов": post, "Сейтов": staff.add_post(a_post(staff.units["teaching"], "raced too"))}
    with patch.object(queries, "register_persons", registered), ThreadPoolExecutor(2) as pool:
        done = list(pool.map(hire, posts))
    assert [each for each in done if isinstance(each, str)] == ["identity-taken"]
    assert sum(isinstance(each, int) for each in done) == 1


def test_an_act_is_not_rescinded_into_a_number_that_somebody_else_has_since(staff: Staff) -> None:
    at, identity = staff.organisation, an_identity()
    post = staff.add_post(a_post(staff.units["teaching"], "mixed", percent=300))
    first = staff.hire(a_hire(post, "Ахметов", identity=identity))
    (fact,) = file_of(staff, first).facts
    told = RecordFacts(**an_act(since=SINCE, corrects=fact.id), identity=an_identity())
    staff.run("officer", lambda u: personnel.record_facts(u, VAULT, at, first, told))
    staff.hire(a_hire(post, "Сейтов", identity=identity))
    corrected = last_act(staff, first, About.FACTS)
    with pytest.raises(rules.IdentityTaken):
        staff.run("officer", lambda u: personnel.rescind(u, at, first, corrected, a_rescission()))


def test_people_of_a_day_come_page_by_page_in_the_order_of_names(staff: Staff) -> None:
    at, found, cursor = staff.organisation, list[str](), None
    while True:
        page = staff.read(
            "officer", lambda u, c=cursor: personnel.people_on(u, at, date(2024, 2, 1), cursor=c, limit=3)  # type: ignore[misc]
        )  # fmt: skip
        found += [str(row.name) for row in page.rows]
        if (cursor := page.next_cursor) is None:
            break
    assert found == sorted(found, key=str.casefold) or {"Director Test", "Teacher Test"} <= set(found)
    assert len(found) == len(set(found)) or "Ахметов Ерлан" in found
    (row,) = staff.read("officer", lambda u: personnel.people_on(u, at, today(), words="BOOKKEEPER t")).rows
    assert row.person_id == staff.persons["bookkeeper"]
