"""Leave on its pages, as plain HTML sends their forms: one's own days, asking with a preview, everybody's days."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from uuid import uuid4

import pytest
from litestar.testing import TestClient

from erp.base.clock import today
from erp.base.dates import day_string
from erp.hr.leave import service
from erp.hr.leave.schemas import GrantYears, MoveDays
from erp.hr.personnel import service as personnel
from erp.hr.requests import service as requests
from erp.hr.requests.model import RequestFilter
from tests.conftest import TestServer
from tests.factories.office import Office, an_office
from tests.web.desk import Reader
from tests.web.outline import Outline

SignIn = Callable[[str], Reader]
NAURYZ = today().year + 1
"""Asked for are days at Nauryz of the next year: three holidays."""


@pytest.fixture(scope="module")
def office(server: TestServer) -> Iterator[Office]:
    """Everybody has their working years."""
    with an_office(server) as office:
        command = GrantYears(day=today())
        office.staff.run("officer", lambda u: service.grant_years(u, office.staff.organisation, command))
        yield office


@pytest.fixture
def sign_in(office: Office) -> Iterator[SignIn]:
    with ExitStack() as stack:
        yield lambda who: Reader(stack.enter_context(TestClient(office.app)), office.logins[who])


def _left(page: str) -> str:
    return Outline(page).one("p", class_="leave-number").text


def test_an_employee_sees_the_days_and_why_they_are_so_many(office: Office, sign_in: SignIn) -> None:
    page = sign_in("bookkeeper").get(f"{office.home}leave").text
    assert _left(page) == "30"
    assert "Annual leave of a civil employee" in page
    assert "Labour Code, art. 139" in page
    before = sign_in("bookkeeper").get(f"{office.home}leave?day=01.01.2024").text
    assert _left(before) == "0"
    assert "No working year has been given yet" in before


def test_a_leave_is_looked_at_day_by_day_then_sent_then_approved(office: Office, sign_in: SignIn) -> None:
    teacher, lead = sign_in("teacher"), sign_in("lead")
    address = f"{office.home}leave/new"
    form = Outline(teacher.get(address).text).fields("leave")
    assert form["kind"] == "ANNUAL"
    days = {"first": f"15.03.{NAURYZ}", "last": f"28.03.{NAURYZ}"}
    looked = teacher.send(address, form | days | {"do": "look"})
    assert looked.status_code == 303
    page = teacher.get(looked.headers["location"]).text
    told = Outline(page)
    rows = told.all("tr", class_="free")
    assert len(rows) == 4, "Nauryz, and from 2027 on the 15th"
    assert "Nauryz" in rows[1].text
    assert "Days left after it 20 / 30" in told.one("section", id="preview").text
    sent = teacher.send(address, told.fields("leave") | {"do": "send"})
    assert sent.status_code == 303, sent.text
    assert teacher.send(address, told.fields("leave") | {"do": "send"}).headers["location"] == sent.headers["location"]
    own = sent.headers["location"].partition("?")[0]
    assert _left(teacher.get(f"{office.home}leave").text) == "30", "nothing is drawn before it is approved"
    desk = own.replace("/requests/", "/inbox/")
    shown = lead.get(desk).text
    assert "Annual paid leave" in shown
    assert "30 → 20" in Outline(shown).one("main").text
    assert lead.send(f"{desk}/approve", {"version": "1"}).status_code == 303
    later = teacher.get(f"{office.home}leave?day=31.12.{NAURYZ}").text
    assert f"№ {own.rpartition('/')[2]}" in later
    kept = office.staff.read(
        "officer",
        lambda u: service.balance(u, office.staff.organisation, office.staff.persons["teacher"], date(NAURYZ, 12, 31)),
    )
    assert _left(later) == str(kept.centidays // 100) == "20"


def test_what_cannot_be_is_said_at_its_field_and_what_was_typed_stays(office: Office, sign_in: SignIn) -> None:
    colleague, address = sign_in("colleague"), f"{office.home}leave/new"
    form = Outline(colleague.get(address).text).fields("leave")
    bad = colleague.send(address, form | {"first": "soon", "last": "", "do": "send"})
    assert bad.status_code == 422
    told = Outline(bad.text)
    assert "is not a day" in told.one("p", id="first-fault").text
    assert told.fields("leave")["first"] == "soon"
    long = form | {"first": f"01.06.{NAURYZ}", "last": f"31.07.{NAURYZ}", "do": "send"}
    refused = colleague.send(address, long)
    assert refused.status_code == 409
    assert "Not enough leave days: balance 30, asked" in refused.text
    past = colleague.send(address, form | {"first": "01.06.2025", "last": "07.06.2025", "do": "send"})
    assert "before it begins" in past.text
    switched = colleague.send(address, long | {"language": "ru"})
    assert Outline(switched.text).fields("leave")["last"] == long["last"]
    colleague.send("/preferences", {"language": "en", "next": "/"})


def test_a_request_that_was_returned_is_changed_and_sent_anew(office: Office, sign_in: SignIn) -> None:
    asked = office.ask_leave("colleague", 200, 2)
    sign_in("lead").send(f"{office.home}inbox/{asked.id}/return", {"version": "1", "reason": "Take other days"})
    colleague = sign_in("colleague")
    form = Outline(colleague.get(f"{office.home}leave/new?request={asked.id}").text).fields("leave")
    assert (form["kind"], form["request"], form["version"]) == ("UNPAID_AGREED", str(asked.id), "2")
    sent = colleague.send(f"{office.home}leave/new", form | {"last": form["first"], "do": "send"})
    assert sent.headers["location"].startswith(f"{office.home}requests/{asked.id}")


def test_days_left_empty_are_said_to_be(office: Office, sign_in: SignIn) -> None:
    page = Outline(sign_in("teacher").get(f"{office.home}leave/new?kind=ANNUAL&first=abc&last=").text)
    assert "is not a day" in page.one("p", id="first-fault").text
    assert page.one("p", id="last-fault")
    assert page.one("section", id="faults").text.count("First day:") == 1


def test_human_resources_see_everybody_s_days_and_take_them_along(office: Office, sign_in: SignIn) -> None:
    officer = sign_in("officer")
    for act, told in (("grants", "Working years given: 0"), ("holidays", "Leaves that got days back: 0")):
        done = officer.send(f"{office.home}leave/{act}", {"day": day_string(today())})
        assert told in officer.get(done.headers["location"]).text
    page = Outline(officer.get(f"{office.home}leave/balances").text)
    rows = {a.text: a["href"] for a in page.all("a", class_="row-link")}
    assert "Director Test" in rows
    flat = officer.get(f"{office.home}leave/balances?as=csv").text
    assert "Director Test" in flat
    assert officer.get(f"{office.home}leave/balances?day=soon").status_code == 422
    person = officer.get(rows["Director Test"]).text
    assert _left(person) == "30"


def test_human_resources_ask_for_another_who_then_decides_alone(office: Office, sign_in: SignIn) -> None:
    officer, at, person = sign_in("officer"), office.staff.organisation, office.staff.persons["bookkeeper"]
    address = f"{office.home}leave/people/{person}"
    looked = officer.send(f"{address}/new", {"first": f"20.03.{NAURYZ}", "last": f"28.03.{NAURYZ}", "do": "look"})
    page = Outline(officer.get(looked.headers["location"]).text)
    assert "Bookkeeper Test" in page.one("h1").text
    sent = officer.send(f"{address}/new", page.fields("leave") | {"do": "send"})
    assert sent.headers["location"] == f"{address}?done=1#requests"
    (asked,) = office.staff.read("officer", lambda u: requests.requests(u, at, RequestFilter(person_id=person))).rows
    assert f"requests/{asked.id}" in sign_in("bookkeeper").get(f"{office.home}leave").text, "it is the person's own"
    assert officer.get(f"{office.home}inbox/{asked.id}").status_code == 403
    form = Outline(officer.get(f"{address}/new?request={asked.id}").text).fields("leave")
    assert officer.send(f"{address}/new", form | {"last": f"27.03.{NAURYZ}", "do": "send"}).status_code == 303
    other = f"{office.home}leave/people/{office.staff.persons['lead']}"
    assert officer.get(f"{other}/new?request={asked.id}").status_code == 404
    for where, status in ((other, 404), (address, 303)):
        withdrawn = officer.send(f"{where}/requests/{asked.id}/withdraw", {"version": "2"})
        assert withdrawn.status_code == status
    for who in ("teacher", "lead"):
        assert sign_in(who).get(f"{address}/new").status_code == 403


def test_who_opens_another_s_days_is_kept_and_the_person_sees_it(office: Office, sign_in: SignIn) -> None:
    person = office.staff.persons["lead"]

    def times() -> int:
        seen = office.staff.read("officer", lambda u: personnel.readings(u, person))
        return sum(each.times for each in seen if each.reader == "Officer")

    before, officer = times(), sign_in("officer")
    assert officer.get(f"{office.home}leave/people/{person}").status_code == 200
    assert officer.get(f"{office.home}leave/people/{office.staff.persons['officer']}").status_code == 200
    assert times() == before + 1


def test_a_number_that_is_nobody_s_opens_nothing(office: Office, sign_in: SignIn) -> None:
    officer, teacher = sign_in("officer"), sign_in("teacher")
    for number in ("99999999999", "0"):
        assert officer.get(f"{office.home}leave/people/{number}").status_code == 404
        assert officer.get(f"{office.home}leave/people/{number}/new").status_code == 404
    assert teacher.get(f"{office.home}leave/new?request=999999999").status_code == 404
    assert teacher.get(f"{office.home}leave/new?request={'9' * 5000}").status_code == 200, "as if it were not there"
    for days in (
        "first=31.12.9998&last=31.12.9998",
        "first=01.01.0002&last=01.01.0002",
        "first=02.03.2027&last=01.03.2027",
    ):
        assert teacher.get(f"{office.home}leave/new?{days}").status_code in (409, 422)
    assert teacher.get(f"{office.home}absences?month=9998-12&unit={'9' * 30}").status_code == 200
    assert teacher.get(f"{office.home}absences?month=0001-01").status_code == 422
    assert teacher.get(f"{office.home}absences?month=0002-01").status_code == 200


def test_days_are_carried_in_corrected_and_settled_with_a_reason(office: Office, sign_in: SignIn) -> None:
    officer, person = sign_in("officer"), office.staff.persons["director"]
    address = f"{office.home}leave/people/{person}"
    form = Outline(officer.get(address).text).fields("move")
    moved = form | {
        "act": "carry",
        "year_start": "08.01.2023",
        "effective_on": "08.01.2024",
        "days": "2,5",
        "do": "move",
    }
    unsaid = officer.send(address, moved | {"reason": ""})
    assert unsaid.status_code == 422
    assert Outline(unsaid.text).fields("move")["days"] == "2,5"
    assert officer.send(address, moved | {"reason": "From the ministry"}).status_code == 303
    assert officer.send(address, moved | {"reason": "From the ministry"}).status_code == 303, "twice is once"
    another = moved | {"key": str(uuid4()), "reason": "From the ministry"}
    none = officer.send(address, another | {"year_start": "01.01.2025"})
    assert none.status_code == 422
    assert "no working year begins on 01.01.2025" in none.text
    assert Outline(none.text).one("input", name="sure")
    assert "08.01.2025" in [option["value"] for option in Outline(none.text).all("option")], (
        "those there are, are offered"
    )
    page = officer.get(address).text
    assert _left(page) == "32,5"
    assert "From the ministry" in page
    assert sign_in("lead").get(address).status_code == 403


def test_additional_days_stand_with_their_norm(office: Office, sign_in: SignIn) -> None:
    person = office.staff.persons["hr_head"]
    year = office.staff.read("officer", lambda u: service.years(u, office.staff.organisation, person, today()))[-1]
    officer, address = sign_in("officer"), f"{office.home}leave/people/{person}"
    form = Outline(officer.get(address).text).fields("move") | {"act": "grant", "norm": "ADD_ARAL_CRISIS"}
    said = {"year_start": day_string(year.year_start), "reason": "Certificate", "do": "move"}
    assert officer.send(address, form | said).status_code == 303
    page = officer.get(address).text
    assert "Aral crisis zone" in page
    assert "Not verified against the official act" in page


def test_who_keeps_no_records_moves_nothing(office: Office, sign_in: SignIn) -> None:
    teacher = sign_in("teacher")
    for address in ("leave/grants", "leave/holidays", f"leave/people/{office.staff.persons['teacher']}"):
        assert teacher.send(f"{office.home}{address}", {"day": "01.01.2026"}).status_code == 403
    command = MoveDays(
        key=uuid4(), person_id=office.staff.persons["lead"], year_start=date(2023, 1, 8), effective_on=today(),
        centidays=100, reason="A trial",
    )  # fmt: skip
    office.staff.run("officer", lambda u: service.carry(u, office.staff.organisation, command))
    assert _left(sign_in("lead").get(f"{office.home}leave").text) == "31"


def test_what_would_be_given_is_said_beforehand_and_can_be_taken_back(office: Office, sign_in: SignIn) -> None:
    officer, address = sign_in("officer"), f"{office.home}leave/balances"
    ahead = day_string(today() + timedelta(days=364))
    page = officer.get(f"{address}?day={ahead}").text
    assert "30 days each" in page
    assert officer.send(f"{office.home}leave/grants", {"day": "31.12.2099"}).status_code == 422
    given = officer.send(f"{office.home}leave/grants", {"day": ahead})
    assert given.status_code == 303
    assert "nothing to give" in officer.get(f"{address}?day={ahead}").text
    undo = re.search(r'action="([^"]+/undo)"', officer.get(address).text)
    assert undo is not None
    assert officer.send(undo[1], {}).headers["location"].startswith(f"{address}?done=ungranted")
    assert "30 days each" in officer.get(f"{address}?day={ahead}").text
