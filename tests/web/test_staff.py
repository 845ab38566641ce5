"""Pages of the record, as an HR officer and an employee use them: plain forms."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from re import findall, search
from typing import Any
from uuid import uuid4

import pytest
from litestar.testing import TestClient

from erp.base.clock import today
from erp.base.dates import day_string
from erp.hr.personnel import service as personnel
from erp.hr.personnel.model import ReadKind
from tests.conftest import TestServer
from tests.erp.hr.requests.conftest import Desk as Requests
from tests.erp.hr.requests.conftest import days
from tests.factories.application import app_over
from tests.factories.staff import VAULT, Staff, a_hire, a_post, a_staff, an_identity
from tests.web.desk import PASSWORD, Desk, Reader, furnish

SignIn = Callable[[str], Reader]


@pytest.fixture(scope="module")
def staff_desk(server: TestServer) -> Iterator[tuple[Desk, Staff]]:
    """A desk at whose school everybody of the factory serves."""
    url = server.new_database()
    desk = furnish(url)
    yield desk, a_staff(url, desk.engine, organisation=desk.school, password=PASSWORD)
    desk.engine.dispose()
    server.drop_database(url)


@pytest.fixture
def staff(staff_desk: tuple[Desk, Staff]) -> Staff:
    return staff_desk[1]


@pytest.fixture
def enter(staff_desk: tuple[Desk, Staff]) -> Iterator[SignIn]:
    desk, staff = staff_desk
    app = app_over(desk.engine, vault=VAULT)
    with ExitStack() as stack:
        yield lambda who: Reader(stack.enter_context(TestClient(app)), staff.logins[who])


def form(html: str) -> dict[str, str]:
    """Fields of the page's sheet as they stand."""
    sheet = html[html.index('id="sheet"') :]
    fields = dict(findall(r'<input[^>]*? name="([^"]+)"[^>]*? value="([^"]*)"', sheet))
    for name, options in findall(r'<select[^>]*? name="([^"]+)"[^>]*>(.*?)</select>', sheet.replace("\n", " ")):
        picked = search(r'value="([^"]*)" selected', options) or search(r'value="([^"]*)"', options)
        fields[name] = picked[1] if picked else ""
    return {name: value for name, value in fields.items() if name != "csrf"}


def fill(reader: Reader, path: str, **typed: Any) -> Any:
    """Open a sheet, type into it and send it."""
    page = reader.get(path)
    assert page.status_code == 200, page.text[-3000:]
    return reader.send(path, form(page.text) | {name: str(value) for name, value in typed.items()})


def test_a_person_is_hired_changed_and_rescinded_by_plain_forms(enter: SignIn, staff: Staff) -> None:
    officer, home = enter("officer"), f"/o/{staff.organisation}"
    post = fill(
        officer, f"{home}/posts/new?unit={staff.units['teaching']}", title_kk="Мұғалім", title_ru="Учитель",
        title_en="Teacher", share="2,5", reason="Order 3",
    )  # fmt: skip
    assert post.status_code == 303, post.text
    post_id = post.headers["location"].rpartition("/")[2]
    identity = an_identity()
    hired = fill(
        officer, f"{home}/staff/new?post={post_id}", family="Сейітова", given="Гүлсім", patronymic="Ерланқызы",
        birth_on="19.07.1985", identity=identity, share="1", number="0417", reason="Order 4",
    )  # fmt: skip
    assert hired.status_code == 303, hired.text
    file = hired.headers["location"]
    page = officer.get(file).text
    assert "Сейітова Гүлсім Ерланқызы" in page
    assert "19.07.1985" in page
    assert identity not in page
    assert identity in officer.send(f"{file}/identity", {}).text
    assert "Сейітова" in officer.get(f"{home}/staff?q=сейит+teacher").text

    renamed = fill(officer, f"{file}/name", family="Ахметова", since="01.02.2027", reason="Marriage")
    assert renamed.headers["location"] == file
    page = officer.get(file).text
    assert "Сейітова" in page
    assert "Ахметова Гүлсім" in page
    acts = findall(r'href="([^"]+/acts/\d+/rescind)"', page)
    fill(officer, acts[0], reason="The certificate was another's")
    assert "Ахметова Гүлсім" not in officer.get(f"{file}").text.partition('id="acts"')[0]
    assert "rescinded by act" in officer.get(file).text


def test_a_post_beyond_the_staffing_table_is_refused_beside_what_was_typed(enter: SignIn, staff: Staff) -> None:
    officer, home = enter("officer"), f"/o/{staff.organisation}"
    answer = fill(
        officer, f"{home}/staff/{staff.persons['teacher']}/appointments/new", post=staff.posts["lead"], share="0,5",
        reason="Order 5",
    )  # fmt: skip
    assert answer.status_code == 409
    assert "more would be appointed" in answer.text
    assert 'value="0,5"' in answer.text


@pytest.mark.parametrize(
    ("name", "typed"), [("share", "nan"), ("share", "1e99999"), ("hours", "nan"), ("hours", "8 8")]
)
def test_what_is_no_number_is_a_fault_of_its_field(enter: SignIn, staff: Staff, name: str, typed: str) -> None:
    address = f"/o/{staff.organisation}/staff/{staff.persons['teacher']}/appointments/new"
    answer = fill(enter("officer"), address, post=staff.posts["lead"], reason="Order 5", **{name: typed})
    assert answer.status_code == 422
    assert f'id="{name}-fault"' in answer.text


def test_a_schedule_of_odd_minutes_is_taken_again_as_it_is_shown(enter: SignIn, staff: Staff) -> None:
    officer, home = enter("officer"), f"/o/{staff.organisation}"
    post = staff.add_post(a_post(staff.units["teaching"], "six days", percent=100))
    person_id = staff.hire(a_hire(post, family="Сейткали"))
    schedule = f"{home}/staff/{person_id}/appointments/{staff_appointment(staff, person_id)}/schedule"
    week = "6,67 6,67 6,67 6,67 6,67 6,67 0"
    assert fill(officer, schedule, schedule="six-day", hours=week, reason="Order 6").status_code == 303
    assert form(officer.get(schedule).text)["hours"] == "6:40 6:40 6:40 6:40 6:40 6:40 0"
    assert fill(officer, schedule, since="01.02.2027", reason="Order 7").status_code == 303


def staff_appointment(staff: Staff, person_id: int) -> int:
    file = staff.read("officer", lambda u: personnel.file_of(u, staff.organisation, person_id))
    return file.appointments[0].id


def test_what_is_too_long_is_refused_and_never_cut(enter: SignIn, staff: Staff) -> None:
    officer, home = enter("officer"), f"/o/{staff.organisation}"
    login = "x" * 101
    answer = fill(officer, f"{home}/staff/{staff.persons['teacher']}/account", login=login)
    assert answer.status_code == 422
    assert 'id="login-fault"' in answer.text
    assert login in answer.text
    sought = officer.get(f"{home}/staff?q={'x' * 101}")
    assert sought.status_code == 422
    assert "at most 100 characters" in sought.text


def test_a_person_of_a_number_beyond_all_is_nobody(enter: SignIn, staff: Staff) -> None:
    officer, file = enter("officer"), f"/o/{staff.organisation}/staff/99999999999"
    typed = {"family": "X", "given": "Y", "since": "01.02.2026", "reason": "Order 8", "key": str(uuid4())}
    assert officer.get(f"{file}/name").status_code == 404
    assert officer.send(f"{file}/name", typed).status_code == 404


def test_people_and_chart_are_asked_for_a_day_and_brought_as_files(enter: SignIn, staff: Staff) -> None:
    officer, home = enter("officer"), f"/o/{staff.organisation}"
    assert "Teacher Test" in officer.get(f"{home}/units").text
    assert "Teacher Test" in officer.get(f"{home}/staff").text
    before = officer.get(f"{home}/staff?day=01.01.2020")
    assert "Teacher Test" not in before.text
    assert "As of 01.01.2020" in before.text
    for path in ("staff", "units"):
        for form_ in ("csv", "xlsx", "pdf"):
            assert "attachment" in officer.get(f"{home}/{path}?as={form_}").headers["content-disposition"]
    assert officer.get(f"{home}/staff?day=tomorrow").status_code == 422


def test_a_file_goes_to_paper_without_the_number_and_that_it_was_opened_is_noted(enter: SignIn, staff: Staff) -> None:
    officer, home = enter("officer"), f"/o/{staff.organisation}"
    file = f"{home}/staff/{staff.persons['colleague']}"
    told = officer.get(f"{file}?as=csv").text
    assert "post of colleague" in told
    assert "Colleague Test" in told
    assert officer.get(f"{file}?as=pdf").content.startswith(b"%PDF")
    assert "opened the file" in enter("colleague").get(f"{home}/me").text


def test_nobody_keeps_their_own_record(enter: SignIn, staff: Staff) -> None:
    officer, file = enter("officer"), f"/o/{staff.organisation}/staff/{staff.persons['officer']}"
    assert fill(officer, f"{file}/name", family="Minister", reason="I wish it").status_code == 403
    assert fill(officer, f"{file}/account", login="").status_code == 403
    assert (
        fill(enter("hr_head"), f"{file}/name", family="Officer", given="Tested", reason="Order 10").status_code == 303
    )


def test_an_end_of_service_says_which_approved_absences_reach_beyond_it(enter: SignIn, staff: Staff) -> None:
    desk, home = Requests(staff), f"/o/{staff.organisation}/staff/{staff.persons['colleague']}"
    away = days(60, 14)
    desk.decide("lead", desk.ask("colleague", away))
    officer, ends_on = enter("officer"), day_string(days(65).first)
    (end,) = findall(r'href="([^"]+/end)"', officer.get(home).text)
    told = fill(officer, end, since=ends_on, reason="Order 11")
    assert told.status_code == 409
    assert f"{ends_on} – {day_string(away.last)}" in told.text
    assert officer.get(home).text.count("/end") == 1, "nothing was done"
    assert officer.send(end, form(told.text) | {"sure": "on"}).headers["location"] == home
    assert ends_on not in officer.get(f"{home}?day={day_string(days(64).first)}").text.partition('id="schedules"')[0]
    act = findall(r'href="([^"]+/acts/\d+/rescind)"', officer.get(home).text)[0]
    assert fill(officer, act, reason="Order 12").status_code == 303


def test_a_unit_of_another_day_offers_no_acts(enter: SignIn, staff: Staff) -> None:
    officer, unit = enter("officer"), f"/o/{staff.organisation}/units/{staff.units['teaching']}"
    assert "Make a change" in officer.get(unit).text
    then = officer.get(f"{unit}?day={day_string(today() - timedelta(days=1))}").text
    assert "Make a change" not in then
    assert "As of " in then


def test_who_read_a_file_is_seen_by_its_subject_and_nobody_else_opens_it(enter: SignIn, staff: Staff) -> None:
    teacher, officer, lead = enter("teacher"), enter("officer"), enter("lead")
    home, file = f"/o/{staff.organisation}", f"/o/{staff.organisation}/staff/{staff.persons['teacher']}"
    assert officer.get(f"{file}/facts").status_code == 200, "the form of an act tells the day of birth as the file does"
    own = teacher.get(f"{home}/me").text
    assert "Officer" in own.partition('id="seen"')[2]
    assert "opened the file" in own
    for path in (file, f"{home}/staff", f"{home}/units", f"{file}/name"):
        assert teacher.get(path).status_code == 403
        assert lead.get(path).status_code == 403
    assert teacher.send(f"{file}/identity", {}).status_code == 403


def test_a_unit_is_made_changed_corrected_and_closed(enter: SignIn, staff: Staff) -> None:
    officer, home = enter("officer"), f"/o/{staff.organisation}"
    names = {"name_kk": "Қойма", "name_ru": "Склад", "name_en": "Store"}
    made = fill(
        officer, f"{home}/units/new", **names, parent=staff.units["office"], since="01.03.2026", reason="Order 6"
    )
    unit = made.headers["location"]
    assert fill(officer, f"{unit}/change", name_en="Depot", since="01.05.2026", reason="Order 7").status_code == 303
    page = officer.get(unit).text
    assert "Depot" in page
    assert "Store" in page
    fact = findall(r"change\?fact=(\d+)", page)[0]
    fixed = fill(officer, f"{unit}/change?fact={fact}", name_en="Warehouse", reason="A slip")
    assert fixed.status_code == 303, fixed.text
    assert "Warehouse" in officer.get(unit).text
    under_itself = fill(
        officer, f"{home}/units/{staff.units['office']}/change", parent=unit.rpartition("/")[2], reason="No"
    )
    assert under_itself.status_code == 422
    assert fill(officer, f"{unit}/close", reason="Order 8").status_code == 303
    assert fill(officer, f"{home}/units/{staff.units['teaching']}/close", reason="Order 9").status_code == 409


def test_people_are_found_by_name_and_post_by_who_reads_their_records_alone(enter: SignIn, staff: Staff) -> None:
    identity, here = an_identity(), f"/o/{staff.organisation}/staff"
    post = staff.add_post(a_post(staff.units["teaching"], "Дефектолог"))
    person = staff.hire(a_hire(post, "Қасқырбаев", "Дәулет", identity=identity))
    officer, file = enter("officer"), f"{here}/{person}"
    assert file in officer.get(f"/find?at={staff.organisation}&q=каскырб+даул").text
    assert file in officer.get("/find?q=rfcrsh,").text, "typed under the Latin layout, at the only workplace"
    assert file in officer.get(f"/find?at={staff.organisation}&q=дефектолог").text
    assert f'href="{here}"' in officer.get("/find?q=кадры").text, "and the pages of the record"
    assert file not in officer.get(f"/find?q={identity[:11]}").text
    assert file in officer.get(f"/find?at={staff.organisation}&q={identity}").text
    opened = staff.read("officer", lambda u: personnel.readings(u, person))
    assert ReadKind.IDENTITY in {each.kind for each in opened}, "and the person sees that it was asked for"
    for who in ("teacher", "lead"):
        for words in ("каскырбаев", "дефектолог", identity):
            assert file not in enter(who).get(f"/find?at={staff.organisation}&q={words}").text


def test_what_is_rarely_meant_is_asked_about_and_then_done(enter: SignIn, staff: Staff) -> None:
    officer, here = enter("officer"), f"/o/{staff.organisation}"
    post = staff.add_post(a_post(staff.units["teaching"], "Медсестра", percent=400))
    who = {"family": "Жумабаева", "given": "Айгүл", "identity": an_identity(), "share": "1", "reason": "Order 20"}

    def asked(path: str, says: str, **typed: str) -> str:
        told = fill(officer, path, **typed)
        assert told.status_code == 409, told.text[-2000:]
        assert says in told.text
        return str(officer.send(path.partition("?")[0], form(told.text) | {"sure": "on"}).headers["location"])

    new = f"{here}/staff/new?post={post}"
    file = asked(new, "another day of birth", **who, birth_on="01.01.2012", since="01.02.2026")
    assert "01.01.2012" in officer.get(file).text
    too_late = fill(officer, f"{file}/facts", birth_on="01.01.2031", reason="Order 21")
    assert (too_late.status_code, "not before the first day" in too_late.text) == (422, True)
    asked(f"{file}/appointments/new", "more than one whole post", post=str(post), share="0,25", reason="Order 22")
    held = search(r'href="([^"]+/schedule)', officer.get(file).text)
    assert held is not None
    asked(held[1], "no day of rest", hours="24 24 24 24 24 24 24", reason="Order 23")
