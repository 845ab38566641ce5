"""A list on its way onto the staff: whatever is in it, the rows shown as good are on the staff, once, and no others."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from erp.base.db import make_engine
from erp.base.sheets.errors import NothingGood
from erp.base.sheets.model import Mended
from erp.hr.intake import rules, service
from erp.hr.intake.model import Checked, Intake, LineKind
from erp.hr.intake.schemas import AcceptList
from erp.hr.personnel import service as personnel
from erp.hr.personnel.model import PersonRow, ReadKind
from erp.hr.personnel.schemas import NameContent, RecordFacts, RecordName
from erp.hr.staffing import service as staffing
from ledger.errors import KeyReused
from qazyna.worker import Worker
from tests.factories.staff import PEOPLE, VAULT, Staff, a_hire, a_post, a_staff, an_identity

ACCEPT = AcceptList(reason="Order No. 7-k")
HEADS = "ФИО;Дата рождения;ИИН;Подразделение;Должность;Ставка;Дата приема"


def bring(staff: Staff, rows: Sequence[str], who: str = "officer", *, key: UUID | None = None, **said: Any) -> Intake:
    table, at = service.read("\n".join([HEADS, *rows]), "list.csv"), staff.organisation
    found = staff.run(who, lambda u: service.bring(u, VAULT, at, table, key=key or uuid4()))
    changed = replace(found.settings, **({"creates_units": True, "creates_posts": True} | said))
    return staff.run(who, lambda u: service.change(u, VAULT, at, found.id, found.revision, changed, found.mended))


def check(staff: Staff, found: Intake, who: str = "officer") -> Checked:
    return staff.read(who, lambda u: service.check(u, VAULT, found))


def accept(staff: Staff, found: Intake, who: str = "officer") -> Checked:
    at = staff.organisation, found.id, found.revision
    return staff.run(who, lambda u: service.accept(u, VAULT, *at, ACCEPT))


def again(staff: Staff, found: Intake, who: str = "officer") -> Intake:
    return staff.read(who, lambda u: service.intake(u, VAULT, staff.organisation, found.id))


def people(staff: Staff, day: date = date(2026, 6, 1)) -> tuple[PersonRow, ...]:
    return staff.read("officer", lambda u: personnel.people_on(u, staff.organisation, day, limit=500)).rows


def told(rows: Sequence[PersonRow]) -> Counter[tuple[str, str, str, int, date]]:
    return Counter((str(row.name), row.unit_ru, row.title_ru, row.percent, row.since) for row in rows)


def good(found: Checked) -> Counter[tuple[str, str, str, int, date]]:
    """Good rows as the list of staff tells them; the names that people have on record are theirs."""
    return Counter(
        (str(each.said.name), each.said.unit, each.said.post, each.said.percent, each.said.valid.start or date.min)
        for each in found.placed
    )


def test_units_posts_people_and_schedules_come_in_one_act_and_the_rest_stays(staff: Staff) -> None:
    identity = an_identity()
    found = bring(
        staff,
        [
            f"Сейтов Арман Болатұлы;19.07.1985;{identity};Отдел кадров;Инспектор;0,5;01.02.2024",
            f"Сейтов Арман Болатұлы;19.07.1985;{identity};Отдел кадров;Архивариус;0,5;01.02.2024",
            "Ким Олег;;;Отдел кадров;Инспектор;many;01.02.2024",
            "Пак Анна;;;Отдел кадров;Инспектор;1;01.02.2024",
        ],
    )
    before = people(staff)
    assert check(staff, found).new_people == 2
    assert people(staff) == before, "nobody is on the staff before it is accepted"
    done = accept(staff, found)
    assert told(people(staff)) - told(before) == good(done)
    arman = [row for row in people(staff) if str(row.name) == "Сейтов Арман Болатұлы"]
    assert len({row.person_id for row in arman}) == 1
    opened = staff.run("officer", lambda u: personnel.open_identity(u, VAULT, staff.organisation, arman[0].person_id))
    assert opened == identity
    file = staff.read("officer", lambda u: personnel.file_of(u, staff.organisation, arman[0].person_id))
    assert [len(file.schedules), file.facts[0].birth_on, {act.reason for act in file.acts}] == [
        2, date(1985, 7, 19), {ACCEPT.reason},
    ]  # fmt: skip
    posts = staff.read("officer", lambda u: staffing.posts(u, staff.organisation, date(2024, 2, 1)))
    assert {post.title_ru: post.percent for post in posts}["Инспектор"] == 150

    rest = again(staff, found)
    assert [texts[0] for _, texts in rest.rows] == ["ФИО", "Ким Олег"], "those that were accepted are kept no more"
    assert (rest.people, rest.appointments) == (2, 3)
    with pytest.raises(NothingGood):
        accept(staff, rest)
    mended = staff.run(
        "officer",
        lambda u: service.change(
            u, VAULT, staff.organisation, rest.id, rest.revision, rest.settings, Mended({"E4": "Секретарь", "F4": "1"})
        ),
    )
    accept(staff, mended)
    assert "Ким Олег" in {str(row.name) for row in people(staff)}
    assert not again(staff, found).is_open
    with pytest.raises(rules.IntakeAccepted):
        accept(staff, again(staff, found))


def test_identity_numbers_are_added_to_people_on_record_and_told_without_them(
    staff: Staff, shared_database: str
) -> None:
    """Also those of a list that appoints nobody; what else is recorded of them stays."""
    born = date(1990, 1, 2)
    known = ["Серікова Айгүл;02.01.1990;;Отдел;Инспектор;1;01.02.2024", "Ким Олег;;;Отдел;Инспектор;1;01.02.2024"]
    accept(staff, bring(staff, known))
    aigul = next(row for row in people(staff) if str(row.name) == "Серікова Айгүл").person_id
    identity = an_identity(born)
    rows = [f"Серікова Айгүл;;{identity};Отдел;Инспектор;1;01.02.2024"]
    with pytest.raises(NothingGood):
        accept(staff, bring(staff, rows))
    brought = bring(staff, rows, adds_identities=True)
    done = accept(staff, brought)
    assert (done.placed, [each.person_id for each in done.numbered]) == ((), [aigul])
    taken = again(staff, brought)
    assert (taken.people, taken.appointments, taken.identities) == (0, 0, 1)
    at = staff.organisation
    assert staff.run("officer", lambda u: personnel.open_identity(u, VAULT, at, aigul)) == identity
    file = staff.read("officer", lambda u: personnel.file_of(u, at, aigul))
    assert [(fact.birth_on, fact.has_identity, fact.valid.start) for fact in file.facts] == [
        (born, True, date(2024, 2, 1))
    ]
    assert {act.reason for act in file.acts} == {ACCEPT.reason}
    engine = make_engine(shared_database, role=None, pool=1)
    with engine.begin() as connection:
        told = connection.execute(
            text("SELECT action, event::text FROM base_audit_event event WHERE organisation_id = :at ORDER BY id DESC"),
            {"at": at},
        ).all()
    engine.dispose()
    assert "people-numbered" in {row.action for row in told}
    assert not any(identity in row.event for row in told)
    again_brought = check(staff, bring(staff, rows, adds_identities=True))
    assert again_brought.numbered == (), "who has one gets no other"


def test_a_list_is_accepted_once_and_brought_again_brings_nothing(staff: Staff) -> None:
    rows = ["Сейтов Арман;;;Отдел;Инспектор;1;01.02.2024", f"Ким Олег;;{an_identity()};Отдел;Инспектор;1;01.02.2024"]
    key = uuid4()
    found = bring(staff, rows, key=key)
    accept(staff, found)
    with pytest.raises(rules.IntakeAccepted):
        accept(staff, found)
    table = service.read("\n".join([HEADS, *rows]), "list.csv")
    same = staff.run("officer", lambda u: service.bring(u, VAULT, staff.organisation, table, key=key))
    assert (same.id, same.is_open) == (found.id, False)
    with pytest.raises(KeyReused):
        bring(staff, rows[:1], key=key)
    after = people(staff)
    second = check(staff, bring(staff, rows))
    assert (second.placed, second.count(LineKind.APPOINTED)) == ((), 2)
    with pytest.raises(NothingGood):
        accept(staff, bring(staff, rows))
    assert people(staff) == after


def test_two_officers_who_accept_the_same_list_at_once_hire_everybody_once(staff: Staff) -> None:
    rows = [f"Сейтов Арман{'абвгд'[n]};;{an_identity()};Отдел;Инспектор;1;01.02.2024" for n in range(5)]
    lists = [(who, bring(staff, rows, who)) for who in ("officer", "hr_head")]

    def try_it(who: str, found: Intake) -> int:
        try:
            return len(accept(staff, found, who).placed)
        except NothingGood:
            return 0

    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda each: try_it(*each), lists))
    assert sorted(made) == [0, 5]
    assert sum("Сейтов" in str(row.name) for row in people(staff)) == 5


def test_a_list_is_its_owner_s_and_is_kept_sealed(staff: Staff, shared_database: str) -> None:
    identity = an_identity()
    found = bring(staff, [f"Сейтов Арман;;{identity};Отдел;Инспектор;1;01.02.2024"])
    for who in ("hr_head", "teacher", "director"):
        with pytest.raises(rules.IntakeUnknown):
            again(staff, found, who)
    other = a_staff(shared_database)
    with pytest.raises(rules.IntakeUnknown):
        again(other, found)
    other.engine.dispose()
    owner = make_engine(shared_database, role=None, pool=1)
    with owner.connect() as connection:
        kept = connection.execute(text("SELECT brought FROM hr_intake WHERE id = :id"), {"id": found.id}).scalar_one()
        trail = connection.execute(
            text("SELECT string_agg(to_jsonb(e)::text, ' ') FROM base_audit_event e")
        ).scalar_one()
    owner.dispose()
    assert identity.encode() not in bytes(kept)
    assert "Арман".encode() not in bytes(kept)
    assert identity not in trail
    staff.run("officer", lambda u: service.discard(u, VAULT, staff.organisation, found.id, found.revision))
    with pytest.raises(rules.IntakeUnknown):
        again(staff, found)


def test_who_serves_elsewhere_is_appointed_under_a_name_of_theirs_alone_and_sees_by_whom(
    staff: Staff, shared_database: str
) -> None:
    identity = an_identity()
    other = a_staff(shared_database, staff.engine)
    hired = a_hire(other.add_post(a_post(other.units["office"], "Driver")), "Жұманов", "Ерлан", identity=identity)
    person_id = other.hire(hired)

    def row(name: str) -> list[str]:
        return [f"{name};;{identity};Отдел;Инспектор;1;01.02.2024"]

    shifted = bring(staff, row("Сейтов Арман"))
    (line,) = (line for line in check(staff, shifted).lines if line.faults)
    assert [fault.code for fault in line.faults.values()] == ["identity-number-of-another"]
    with pytest.raises(NothingGood):
        accept(staff, shifted)
    accept(staff, bring(staff, row("Жуманов Ерлан Серікұлы")))
    assert person_id in {row.person_id for row in people(staff)}
    seen = other.read("officer", lambda u: personnel.readings(u, person_id))
    own = staff.read("officer", lambda u: personnel.readings(u, person_id))
    assert (seen, [(each.reader, each.kind) for each in own]) == ([], [("Officer", ReadKind.FILE)])


def test_who_is_on_record_here_is_known_by_number_under_each_of_their_names_and_no_other(staff: Staff) -> None:
    identity = an_identity()
    post = staff.add_post(a_post(staff.units["office"], "Clerk", percent=300))
    person_id = staff.hire(a_hire(post, "Сейітова", "Дана", identity=identity))
    married = NameContent(family="Омарова", given="Дана")
    told = RecordName(key=uuid4(), reason="Marriage", since=date(2025, 3, 3), content=married)
    staff.run("officer", lambda u: personnel.record_name(u, staff.organisation, person_id, told))
    names = ["Омарова Дана", "Сейитова Дана Ерланқызы", "Омарова Айгүл", "Ким Олег"]
    rows = [f"{name};;{identity};office;Clerk;0,5;0{at}.02.2025" for at, name in enumerate(names, 1)]
    found = check(staff, bring(staff, rows[:1] + rows[2:]))
    assert {each.whom.person_id for each in found.placed} <= {person_id}
    assert found.faulty == {3, 4}
    assert check(staff, bring(staff, rows[1:2])).faulty == set()


@pytest.mark.parametrize("on_behalf_of", [None, "director"])
def test_nobody_puts_themselves_or_whom_they_stand_for_on_the_staff_by_a_list(
    staff: Staff, on_behalf_of: str | None
) -> None:
    """The row is a fault, where it would record something; the others are accepted."""
    who = on_behalf_of or "officer"
    at, identity = staff.organisation, an_identity()
    told = RecordFacts(key=uuid4(), reason="Passport", since=date(2024, 1, 8), identity=identity)
    staff.run("hr_head", lambda u: personnel.record_facts(u, VAULT, at, staff.persons[who], told))
    rows = [
        f"{who.title()} Test;;{identity};Отдел;Инспектор;1;01.02.2024",
        f"{who.title()} Test;;{identity};{PEOPLE[who][1]};post of {who};1;08.01.2024",
        "Ким Олег;;;Отдел;Инспектор;1;01.02.2024",
    ]
    found = bring(staff, rows)
    at_it = at, found.id, found.revision
    done = staff.run("officer", lambda u: service.accept(u, VAULT, *at_it, ACCEPT), on_behalf_of)
    faults = {line.number: [fault.code for fault in line.faults.values()] for line in done.lines if line.faults}
    assert faults == {2: ["own-record"]}
    assert done.count(LineKind.APPOINTED) == 1
    assert "Ким Олег" in {str(row.name) for row in people(staff)}


_NAMES = ("Сейтов Арман", "Сейтов Арман Болатұлы", "Ким Олег", "Пак", "Ахметов Ерлан")
_IDENTITIES = ("", "", "", an_identity(), an_identity(), "123456789012")
_ROW = st.tuples(
    st.sampled_from(_NAMES),
    st.sampled_from(("", "19.07.1985", "20.07.1985", "32.01.1990")),
    st.sampled_from(_IDENTITIES),
    st.sampled_from(("teaching", "personnel", "Новый отдел", "")),
    st.sampled_from(("Teacher", "Officer", "Новая", "Иная")),
    st.sampled_from(("", "1", "0,5", "0,25", "x")),
    st.sampled_from(("08.01.2024", "01.02.2025", "07.01.2024", "01.09.2025")),
)


@given(
    rows=st.lists(_ROW, min_size=1, max_size=8),
    creates_units=st.booleans(),
    creates_posts=st.booleans(),
    free=st.sampled_from((100, 150, 300)),
)
@settings(max_examples=12)
def test_whatever_is_in_a_list_its_good_rows_are_on_the_staff_once_and_no_others(
    shared_database: str, rows: list[tuple[str, ...]], creates_units: bool, creates_posts: bool, free: int
) -> None:
    staff = a_staff(shared_database)
    staff.add_post(a_post(staff.units["teaching"], "Teacher", percent=free))
    before = people(staff)
    found = bring(staff, [";".join(row) for row in rows], creates_units=creates_units, creates_posts=creates_posts)
    shown = check(staff, found)
    assert {line.number for line in shown.lines if line.kind is LineKind.PERSON} == shown.good | shown.faulty
    if shown.placed:
        accept(staff, found)
        with pytest.raises((rules.IntakeAccepted, rules.IntakeChanged)):
            accept(staff, found)
    else:
        with pytest.raises(NothingGood):
            accept(staff, found)
    once = people(staff)
    assert unnamed(told(once) - told(before)) == unnamed(good(shown))
    known = {row.person_id for row in before}
    assert {row.person_id for row in once} >= known
    whom = {each.whom for each in shown.placed if each.whom.person_id not in known}
    assert len({row.person_id for row in once} - known) == len(whom)
    second = check(staff, bring(staff, [";".join(row) for row in rows]))
    assert not second.good & shown.good, "what was accepted is known when it comes again"
    staff.engine.dispose()


def unnamed(rows: Counter[tuple[str, str, str, int, date]]) -> Counter[tuple[str, str, int, date]]:
    """Without names: who is on record keeps theirs."""
    return Counter(row[1:] for row in rows.elements())


def test_a_list_that_nobody_touches_is_thrown_away_by_the_worker(staff: Staff, shared_database: str) -> None:
    old, fresh = (bring(staff, [f"Ким {name};;;Отдел;Инспектор;1;01.02.2024"]) for name in ("Олег", "Пётр"))
    owner = make_engine(shared_database, role=None, pool=1)
    with owner.begin() as connection:
        late = {"id": old.id, "days": rules.KEPT_DAYS}
        connection.execute(
            text("UPDATE hr_intake SET updated_at = now() - make_interval(days => :days) WHERE id = :id"), late
        )
    owner.dispose()
    with pytest.raises(DBAPIError, match="by the program"):
        staff.run("officer", service.put_away)
    worker = Worker(shared_database, None)
    worker.put_away()
    worker.put_away()
    with pytest.raises(rules.IntakeUnknown):
        again(staff, old)
    assert again(staff, fresh).is_open
