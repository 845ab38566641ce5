"""The inbox, a request and the calendar of absences, as plain HTML sends their forms; and the calendar feed."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import uuid4

import pytest
from icalendar import Calendar
from litestar.testing import TestClient

from erp.base.clock import today
from erp.base.dates import day_string, month_string
from erp.base.uow import UnitOfWork
from erp.hr.personnel import service as personnel
from erp.hr.personnel.schemas import RecordAppointment
from tests.conftest import TestServer
from tests.factories.office import Office, an_office
from tests.web.desk import Reader
from tests.web.outline import Outline

SignIn = Callable[[str], Reader]


@pytest.fixture(scope="module")
def office(server: TestServer) -> Iterator[Office]:
    with an_office(server) as office:
        yield office


@pytest.fixture(scope="module")
def sign_in(office: Office) -> Iterator[SignIn]:
    """Somebody of the office; each signs in once."""
    with ExitStack() as stack:
        yield cache(lambda who: Reader(stack.enter_context(TestClient(office.app)), office.logins[who]))


@pytest.fixture(scope="module")
def anybody(office: Office) -> Iterator[TestClient[Any]]:
    """A program without a session."""
    with TestClient(office.app) as client:
        yield client


def test_a_manager_approves_what_an_employee_asked_for(office: Office, sign_in: SignIn) -> None:
    asked = office.ask_leave("teacher", 30, 3)
    lead, teacher = sign_in("lead"), sign_in("teacher")
    listed = Outline(lead.get(f"{office.home}inbox").text)
    link = next(a for a in listed.all("a", class_="row-link") if f"inbox/{asked.id}?" in a["href"])
    assert link.text.startswith("Teacher Test")
    address = f"{office.home}inbox/{asked.id}"
    page = lead.get(address).text
    assert "Unpaid leave by agreement" in page
    assert "Nobody of the unit is away on these days" in page
    refused = lead.send(f"{address}/return", {"version": "1", "reason": " "})
    assert refused.status_code == 422
    assert "Say why" in Outline(refused.text).one("p", id="reason-fault").text
    assert lead.send(f"{address}/approve", {"version": "1"}).status_code == 303
    assert "Done. Who asked was told." in lead.get(f"{address}?decided=1").text
    assert lead.send(f"{address}/approve", {"version": "1"}).status_code == 303, "twice is once"
    own = teacher.get(f"{office.home}requests/{asked.id}").text
    assert "approved" in own
    assert "Withdraw" not in own
    bell = teacher.get("/notifications").text
    assert f"approved your request: {day_string(asked.days.first)}" in bell


def test_a_returned_request_says_why_and_is_withdrawn(office: Office, sign_in: SignIn) -> None:
    asked = office.ask_leave("colleague", 40)
    lead, colleague = sign_in("lead"), sign_in("colleague")
    address = f"{office.home}inbox/{asked.id}"
    switched = lead.send(f"{address}/return", {"version": "1", "reason": "Take oth", "language": "ru"})
    assert Outline(switched.text).one("input", name="reason")["value"] == "Take oth"
    lead.send("/preferences", {"language": "en", "next": "/"})
    assert lead.send(f"{address}/return", {"version": "1", "reason": "Take other days"}).status_code == 303
    own = f"{office.home}requests/{asked.id}"
    page = colleague.get(own).text
    assert "Sent back by Lead: Take other days" in page
    assert f"leave/new?request={asked.id}" in page
    assert colleague.send(f"{own}/withdraw", {"version": "2"}).status_code == 303
    assert "withdrawn" in colleague.get(own).text
    assert lead.send(f"{address}/approve", {"version": "2"}).status_code == 409


def test_a_recall_gives_days_back(office: Office, sign_in: SignIn) -> None:
    asked = office.ask_leave("teacher", 50, 10)
    lead, address = sign_in("lead"), f"{office.home}inbox/{asked.id}"
    lead.send(f"{address}/approve", {"version": "1"})
    form = Outline(lead.get(address).text).fields("absence")
    assert form["since"] == "", "its first day would cancel it whole"
    bad = lead.send(f"{address}/recall", form | {"since": "soon", "reason": "Needed", "document": "№ 14"})
    assert "is not a day" in Outline(bad.text).one("p", id="since-fault").text
    assert Outline(bad.text).one("p", id="consent_on-fault")
    typed = form | {"since": day_string(asked.days.first + timedelta(days=4)), "reason": "Needed"}
    without = lead.send(f"{address}/recall", typed)
    assert "only with the employee’s written consent" in Outline(without.text).one("p", id="consent_on-fault").text
    said = typed | {"consent_on": day_string(today()), "document": "application № 14"}
    for _ in range(2):
        assert lead.send(f"{address}/recall", said).status_code == 303, "twice is once"
    page = lead.get(address).text
    assert "recalled early" in page
    assert f"Written consent of {day_string(today())}: application № 14" in page


def test_human_resources_see_absences_beyond_the_service(office: Office, sign_in: SignIn) -> None:
    asked, at = office.ask_leave("colleague", 200, 10), office.staff.organisation
    sign_in("lead").send(f"{office.home}inbox/{asked.id}/approve", {"version": "1"})
    assert "does not serve" not in sign_in("officer").get(f"{office.home}staff/absences").text

    def dismiss(u: UnitOfWork) -> None:
        held = personnel.person(u, at, asked.person_id).appointments[0]
        ends = RecordAppointment(key=uuid4(), since=asked.days.first + timedelta(days=3), reason="Order", content=None)
        personnel.record_appointment(u, at, asked.person_id, held.id, ends)

    office.staff.run("officer", dismiss)
    assert (
        "Absences on days on which the person does not serve"
        in sign_in("officer").get(f"{office.home}staff/absences").text
    )
    page = sign_in("lead").get(f"{office.home}inbox/{asked.id}").text
    assert "A recall gives them back; it needs no consent" in page
    form = Outline(page).fields("absence")
    assert form["since"] == day_string(asked.days.first + timedelta(days=3))
    recalled = sign_in("lead").send(f"{office.home}inbox/{asked.id}/recall", form | {"reason": "Dismissed"})
    assert recalled.status_code == 303, recalled.text


def test_nobody_else_sees_a_request(office: Office, sign_in: SignIn) -> None:
    asked = office.ask_leave("teacher", 70)
    for who, address, status in (
        ("colleague", f"requests/{asked.id}", 404),
        ("colleague", f"inbox/{asked.id}", 403),
        ("director", f"inbox/{asked.id}", 404),
        ("hr_head", f"inbox/{asked.id}", 200),
        ("bookkeeper", "inbox", 403),
        ("officer", "staff/absences", 200),
        ("teacher", "staff/absences", 403),
    ):
        assert sign_in(who).get(f"{office.home}{address}").status_code == status, (who, address)


def test_a_delegate_finds_it_in_the_inbox_and_decides_on_behalf(office: Office, sign_in: SignIn) -> None:
    asked = office.ask_leave("colleague", 80)
    office.lend("lead", "bookkeeper", "manager")
    delegate = sign_in("bookkeeper")
    assert f"inbox/{asked.id}?" in delegate.get(f"{office.home}inbox").text
    assert delegate.send(f"{office.home}inbox/{asked.id}/approve", {"version": "1"}).status_code == 303
    assert "on behalf of Lead" in sign_in("colleague").get(f"{office.home}requests/{asked.id}").text


def test_the_calendar_says_who_is_away_and_the_reason_only_to_who_may_know(office: Office, sign_in: SignIn) -> None:
    asked = office.ask_leave("teacher", 165, 2)  # in a month in which no other test asks
    sign_in("lead").send(f"{office.home}inbox/{asked.id}/approve", {"version": "1"})
    month = f"?month={month_string(asked.days.first)}"
    assert "waits for a decision" not in sign_in("lead").get(f"{office.home}inbox/absences{month}").text
    waits = office.ask_leave("colleague", 165, 2)
    assert f"inbox/{waits.id}?" in sign_in("lead").get(f"{office.home}inbox/absences{month}").text
    assert "waits for a decision" not in sign_in("teacher").get(f"{office.home}absences{month}").text
    for_all = sign_in("colleague").get(f"{office.home}absences{month}").text
    cell = Outline(for_all).all("td", class_="away ")
    assert cell, "a stretch of days"
    assert "leave" not in cell[0]["title"]
    assert "Teacher T." in for_all
    assert "Director" not in for_all, "another unit"
    assert "Director" in sign_in("colleague").get(f"{office.home}absences{month}&unit=all").text
    for who, where in (("officer", "staff/absences"), ("lead", "inbox/absences")):
        page = sign_in(who).get(f"{office.home}{where}{month}&unit=all").text
        assert "leave" in Outline(page).all("td", class_="away leave")[0]["title"]
    table = sign_in("colleague").get(f"{office.home}absences{month}&as=csv")
    assert "Teacher Test" in table.text
    assert "leave" not in table.text
    assert sign_in("colleague").get(f"{office.home}absences?month=soon").status_code == 422


def test_the_inbox_is_a_file_too(office: Office, sign_in: SignIn) -> None:
    office.ask_leave("teacher", 120)
    for form in ("csv", "xlsx"):
        answer = sign_in("lead").get(f"{office.home}inbox?as={form}")
        assert answer.status_code == 200
        assert form != "csv" or "Teacher Test" in answer.text


def test_a_calendar_address_brings_one_s_days_until_it_is_revoked(
    office: Office, sign_in: SignIn, anybody: TestClient[Any]
) -> None:
    asked = office.ask_leave("teacher", 130, 3)
    sign_in("lead").send(f"{office.home}inbox/{asked.id}/approve", {"version": "1"})
    teacher, colleague = sign_in("teacher"), sign_in("colleague")
    made = teacher.send(f"{office.home}absences/feeds", {"covers": "own"})
    path = Outline(made.text).one("code").text.partition("/ical/")[2]
    answer = anybody.get(f"/ical/{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    events = Calendar.from_ical(answer.text).walk("VEVENT")
    days = {(e["summary"], e.decoded("dtstart"), e.decoded("dtend")) for e in events}
    assert ("Leave", asked.days.first, asked.days.end) in days
    team = Outline(colleague.send(f"{office.home}absences/feeds", {"covers": "team"}).text).one("code").text
    shown = anybody.get(f"/ical/{team.partition('/ical/')[2]}").text
    assert "Teacher Test is away" in shown.replace("\r\n ", "")
    assert "Leave" not in shown
    page = Outline(teacher.get(f"{office.home}absences").text)
    revoke = next(f for f in page.all("form") if f.attributes.get("action", "").endswith("/revoke"))
    assert teacher.send(revoke["action"], {}).status_code == 303
    assert anybody.get(f"/ical/{path}").status_code == 404
    assert anybody.get("/ical/guess.ics").status_code == 404


def test_an_empty_inbox_says_what_to_do(office: Office, sign_in: SignIn) -> None:
    assert "Nothing waits for you" in sign_in("director").get(f"{office.home}inbox").text
