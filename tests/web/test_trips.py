"""A business trip by plain forms: asked for, approved, its advance posted, reported on, settled."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from functools import cache
from uuid import uuid4

import pytest
from httpx import Response
from litestar.testing import TestClient

from erp.base import uow
from erp.base.clock import today
from erp.base.dates import day_string, parse_day
from erp.base.scope import Scope, system_scope
from erp.finance.journal import service as journal
from erp.finance.journal.schemas import StornoEntry
from erp.reference.access import service as access
from ledger import service as ledger
from ledger.model import Actor
from tests.conftest import TestServer
from tests.factories.office import Office, an_office
from tests.factories.staff import on_day
from tests.web.desk import Reader
from tests.web.outline import Outline

SignIn = Callable[[str], Reader]
Sent = dict[str, str]


@pytest.fixture(scope="module")
def office(server: TestServer) -> Iterator[Office]:
    """An office whose books are open for the year."""
    with an_office(server) as office:
        at, first, last = office.staff.organisation, date(today().year, 1, 1), date(today().year, 12, 31)

        def open_books(u: uow.UnitOfWork) -> None:
            ledger.open_books(u.connection, at, str(at), first, last, u.scope.actor)

        uow.run(office.staff.engine, system_scope(at), open_books)
        yield office


@pytest.fixture(scope="module")
def sign_in(office: Office) -> Iterator[SignIn]:
    """Somebody of the office; each signs in once."""
    with ExitStack() as stack:
        yield cache(lambda who: Reader(stack.enter_context(TestClient(office.app)), office.logins[who]))


def a_trip(start: int, days: int = 3, **typed: str) -> Sent:
    """What is typed of a trip to Almaty that begins so many days after today."""
    first = today() + timedelta(days=start)
    there, back = day_string(first), day_string(first + timedelta(days=days - 1))
    return {
        "purpose": "Course of teachers",
        "legs.0.from_place": "Sarydala",
        "legs.0.to_place": "Almaty",
        "legs.0.departs_on": there,
        "legs.0.arrives_on": there,
        "legs.0.place_class": "major",
        "legs.0.fare": "6 200",
        "legs.0.night": "30 000",
        "legs.1.departs_on": back,
        "legs.1.arrives_on": back,
        "legs.1.fare": "6 200",
    } | typed


def asked(office: Office, reader: Reader, typed: Sent, place: str = "trips/new") -> str:
    """Ask for a trip by the form, on the day it begins; its number."""
    form = Outline(reader.get(f"{office.home}{place}").text).fields("trip")
    with on_day(parse_day(typed["legs.0.departs_on"])):
        answer = reader.send(f"{office.home}{place.partition('?')[0]}", form | typed | {"do": "send"})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].rpartition("/")[2].partition("?")[0]


def uploaded(
    reader: Reader, path: str, fields: Sent, content: bytes | None = b"ticket 71", name: str = "ticket.txt"
) -> Response:
    """As a browser sends a form with a file, or with none chosen."""
    csrf = access.csrf_token(reader.client.cookies["qazyna_session"])
    files = {"file": (name, content, "text/plain") if content else ("", b"", "application/octet-stream")}
    typed = {name: value for name, value in fields.items() if name not in ("csrf", "file")}
    return reader.client.post(path, data={"csrf": csrf} | typed, files=files, follow_redirects=False)


def test_a_trip_is_asked_for_approved_paid_reported_on_and_settled(office: Office, sign_in: SignIn) -> None:
    teacher, lead, keeper = sign_in("teacher"), sign_in("lead"), sign_in("bookkeeper")
    page = teacher.get(f"{office.home}trips").text
    assert "You have not been on a business trip here" in page
    form = Outline(teacher.get(f"{office.home}trips/new").text).fields("trip")
    typed = form | a_trip(-10, advance="90 000")
    shown = teacher.send(f"{office.home}trips/new", typed | {"do": "estimate"})
    assert "98 350,00" in Outline(shown.text).one("section", id="estimate").text
    back = Outline(shown.text).fields("trip")
    assert (back["legs.1.from_place"], back["legs.1.to_place"]) == ("Almaty", "Sarydala"), "the way back follows"
    with on_day(today() - timedelta(days=10)):
        sent = teacher.send(f"{office.home}trips/new", back | {"do": "send"})
    assert sent.status_code == 303, sent.text
    again = teacher.send(f"{office.home}trips/new", back | {"do": "send"})
    assert again.headers["location"] == sent.headers["location"], "twice is once"
    number = sent.headers["location"].rpartition("/")[2].partition("?")[0]

    desk = lead.get(f"{office.home}inbox/{number}").text
    assert "98\u00a0350,00" in desk
    assert "2 × 4325" in desk
    with on_day(today() - timedelta(days=10)):
        assert lead.send(f"{office.home}inbox/{number}/approve", {"version": "1"}).status_code == 303
    assert "waits for the accountant" in teacher.get(f"{office.home}requests/{number}").text

    listed = Outline(keeper.get(f"{office.home}settlements").text)
    link = next(a for a in listed.all("a", class_="row-link") if a.text.startswith("Teacher"))
    assert keeper.get(link["href"]).status_code == 200
    posted = post(keeper, link["href"], "Sarydala")
    entry = keeper.get(posted).text
    assert link["href"] in entry, "the entry leads to the trip"
    assert "posted" in keeper.get(link["href"]).text
    assert "MO-08 № " in teacher.get(f"{office.home}requests/{number}").text

    address = f"{office.home}trips/{number}/report"
    page = teacher.get(address).text
    form = Outline(page).fields("report")
    assert form["lines.0.amount"] == "25\u00a0950,00"
    more = uploaded(teacher, address, form | {"do": "add"})
    assert "lines.4.kind" in Outline(more.text).fields("report")
    refused = uploaded(teacher, address, form | {"do": "send"}, content=None)
    assert "Attach the tickets and receipts first" in refused.text
    strange = uploaded(teacher, address, form | {"do": "attach"}, name="virus.exe")
    assert strange.status_code == 422
    attached = uploaded(teacher, address, form | {"do": "attach", "result": "The course was attended"})
    kept = Outline(attached.text).fields("report")
    assert "ticket.txt" in attached.text
    handed = uploaded(teacher, address, kept | {"do": "send"})
    assert handed.status_code == 303, handed.text
    assert "The report is handed in." in teacher.get(address).text

    reports = Outline(lead.get(f"{office.home}trips/reports").text)
    place = next(a["href"] for a in reports.all("a", class_="row-link") if a["href"].endswith(f"/{number}"))
    seen = lead.get(place).text
    paper = next(a["href"] for a in Outline(seen).all("a", class_="row-link") if "/files/" in a["href"])
    assert lead.get(paper).content == b"ticket 71"
    assert teacher.get(paper.replace("reports/", "")).content == b"ticket 71"
    assert sign_in("colleague").get(paper.replace("reports/", "")).status_code == 404
    assert lead.send(f"{place}/approve", {"version": "1"}).status_code == 303
    assert "8\u00a0350,00" in lead.get(place).text

    listed = Outline(keeper.get(f"{office.home}settlements").text)
    link = next(a for a in listed.all("a", class_="row-link") if a.text.startswith("Teacher"))
    page = keeper.get(link["href"]).text
    assert "8\u00a0350,00" in page
    file = next(a["href"] for a in Outline(page).all("a", class_="row-link") if "/files/" in a["href"])
    assert keeper.get(file).content == b"ticket 71"
    assert post(keeper, link["href"], "Almaty")
    assert "To be paid to the person" in teacher.get(f"{office.home}requests/{number}").text


def post(keeper: Reader, address: str, what: str) -> str:
    """Take the settlement as one's draft, fill in what is missing and post it; the entry's address."""
    page = Outline(keeper.get(address).text)
    version = page.all("input", name="version")[0]["value"]
    taken = keeper.send(f"{address}/take", {"version": version})
    assert taken.status_code == 303, taken.text
    draft = f"/api/v1/organisations{taken.headers['location'].removeprefix('/o')}"
    held = keeper.client.get(draft).json()
    assert what in held["sheet"]["memo"]
    sheet = held["sheet"] | {"effective_on": day_string(today())}
    for row in sheet["rows"]:
        for side in ("debit", "credit"):
            row[side]["account"] = row[side]["account"] or "1081"
            row[side]["dimensions"]["programme"] = "464.003"
    csrf = {"x-csrf-token": access.csrf_token(keeper.client.cookies["qazyna_session"])}
    saved = keeper.client.put(draft, json=sheet, headers=csrf | {"If-Match": f'"{held["version"]}"'})
    assert saved.status_code == 200, saved.text
    sent = keeper.client.post(f"{draft}/post", headers=csrf | {"If-Match": f'"{saved.json()["version"]}"'})
    assert sent.status_code == 200, sent.text
    organisation = address.split("/")[2]
    return f"/o/{organisation}/journal/{sent.json()['entry_id']}"


def test_faults_of_the_form_stand_at_their_fields_and_ways_come_and_go(office: Office, sign_in: SignIn) -> None:
    teacher, address = sign_in("teacher"), f"{office.home}trips/new"
    form = Outline(teacher.get(address).text).fields("trip")
    bad = teacher.send(
        address, form | a_trip(5, purpose="", **{"legs.0.departs_on": "soon", "legs.1.fare": "much"}) | {"do": "send"}
    )
    assert bad.status_code == 422
    page = Outline(bad.text)
    assert "is not a day" in page.one("p", id="legs.0.departs_on-fault").text
    assert "Fill in this field" in page.one("p", id="purpose-fault").text
    more = teacher.send(address, form | a_trip(5) | {"do": "add"})
    assert Outline(more.text).fields("trip")["legs.2.from_place"] == "Sarydala"
    fewer = teacher.send(address, Outline(more.text).fields("trip") | {"do": "remove.1"})
    assert "legs.2.from_place" not in Outline(fewer.text).fields("trip")
    switched = teacher.send(address, form | a_trip(5) | {"language": "kk"})
    assert Outline(switched.text).fields("trip")["purpose"] == "Course of teachers"
    teacher.send("/preferences", {"language": "en", "next": "/"})


@pytest.mark.parametrize("last", ["31.12.2199", "31.12.9999"])
def test_a_mistyped_year_is_a_fault_of_its_field(office: Office, sign_in: SignIn, last: str) -> None:
    teacher, address = sign_in("teacher"), f"{office.home}trips/new"
    form = Outline(teacher.get(address).text).fields("trip")
    way_back = {"legs.1.departs_on": last, "legs.1.arrives_on": last}
    refused = teacher.send(address, form | a_trip(5, **way_back) | {"do": "estimate"})
    assert refused.status_code == 422
    assert Outline(refused.text).one("p", id="legs.1.arrives_on-fault")


def test_more_ways_or_costs_than_one_command_takes_are_refused_and_none_is_lost(
    office: Office, sign_in: SignIn
) -> None:
    teacher, address = sign_in("teacher"), f"{office.home}trips/new"
    form = Outline(teacher.get(address).text).fields("trip")
    ways = {
        f"legs.{n}.{name}": value
        for n in range(21)
        for name, value in {"from_place": f"P{n}", "to_place": f"P{n + 1}", "departs_on": "01.03.2027"}.items()
    }
    for do in ("send", "estimate", "add"):
        refused = teacher.send(address, form | {"purpose": "Course"} | ways | {"do": do})
        assert refused.status_code == 422
        assert "One trip has 20 ways at most" in refused.text
        assert Outline(refused.text).fields("trip")["legs.20.to_place"] == "P21"
    number = asked(office, teacher, a_trip(-60))
    sign_in("lead").send(f"{office.home}inbox/{number}/approve", {"version": "1"})
    costs = {f"lines.{n}.{name}": f"{n}" for n in range(101) for name in ("what", "amount")}
    report = Outline(teacher.get(f"{office.home}trips/{number}/report").text).fields("report")
    many = uploaded(teacher, f"{office.home}trips/{number}/report", report | costs | {"do": "send"})
    assert many.status_code == 422
    assert "One report has 100 costs at most, and 101 were sent" in many.text
    assert Outline(many.text).fields("report")["lines.100.what"] == "100"


def test_human_resources_report_for_who_has_no_computer(office: Office, sign_in: SignIn) -> None:
    officer, lead = sign_in("officer"), sign_in("lead")
    person = office.staff.persons["colleague"]
    number = asked(office, officer, a_trip(-80), f"trips/staff/new?person={person}")
    lead.send(f"{office.home}inbox/{number}/approve", {"version": "1"})
    place = f"{office.home}trips/staff/{number}"
    page = officer.get(f"{place}/report").text
    assert "You hand it in for Colleague Test" in page
    form = Outline(page).fields("report") | {"lines.1.amount": "70 000"}
    handed = uploaded(officer, f"{place}/report", form | {"do": "send"})
    assert handed.status_code == 303, handed.text
    seen = lead.get(f"{office.home}trips/reports/{number}").text
    assert "Handed in" in seen
    assert "Officer" in seen
    assert "Above the estimate: 10\u00a0000,00 ₸" in seen
    assert "above the estimate" in lead.get(f"{office.home}trips/reports").text
    assert lead.send(f"{office.home}trips/reports/{number}/approve", {"version": "1"}).status_code == 303
    keeper = sign_in("bookkeeper")
    link = next(
        a["href"]
        for a in Outline(keeper.get(f"{office.home}settlements").text).all("a", class_="row-link")
        if a.text.startswith("Colleague")
    )
    assert "10\u00a0000,00" in keeper.get(link).text


def test_a_trip_that_has_begun_is_recorded_by_human_resources_who_say_why(office: Office, sign_in: SignIn) -> None:
    teacher, officer, lead = sign_in("teacher"), sign_in("officer"), sign_in("lead")
    address, typed = f"{office.home}trips/new", a_trip(-120)
    form = Outline(teacher.get(address).text).fields("trip")
    assert "belated" not in form
    for do in ("estimate", "send"):
        late = teacher.send(address, form | typed | {"do": do})
        assert late.status_code == 422
        assert "an officer of human resources records it or changes its request" in late.text
    assert (
        "98 350,00"
        in Outline(teacher.send(address, form | typed | {"do": "estimate"}).text).one("section", id="estimate").text
    )

    place = f"{office.home}trips/staff/new"
    chosen = f"{place}?person={office.staff.persons['teacher']}"
    form = Outline(officer.get(chosen).text).fields("trip") | typed
    why = officer.send(place, form | {"do": "send", "advance": "1 000"})
    assert why.status_code == 422
    assert "say why it is recorded only now" in why.text
    assert "An advance is paid before a trip" in why.text
    sent = officer.send(place, form | {"do": "send", "belated": "The order came late"})
    number = sent.headers["location"].rpartition("/")[2]
    assert "Recorded once the trip had begun: The order came late" in lead.get(f"{office.home}inbox/{number}").text
    assert "The order came late" in teacher.get(f"{office.home}requests/{number}").text

    assert "Change the request" not in lead.get(f"{office.home}trips/reports/{number}").text
    returned = {"version": "1", "reason": "Whose order is it?"}
    assert lead.send(f"{office.home}inbox/{number}/return", returned).status_code == 303
    page = teacher.get(f"{office.home}requests/{number}").text
    assert "an officer of human resources changes the request" in page
    assert "Change the request" not in page
    page = officer.get(f"{office.home}trips/staff/{number}").text
    assert "Sent back by Lead: Whose order is it?" in page
    link = next(a["href"] for a in Outline(page).all("a") if a.text == "Change the request")
    change = Outline(officer.get(link).text).fields("trip")
    assert (change["of"], change["version"], change["belated"]) == (number, "2", "The order came late")
    mended = officer.send(place, change | {"do": "send", "belated": "Order 7 came late"})
    assert mended.headers["location"] == f"{office.home}trips/staff/{number}", mended.text
    page = officer.get(mended.headers["location"]).text
    assert "Order 7 came late" in page
    assert officer.send(f"{office.home}trips/staff/{number}/withdraw", {"version": "2"}).status_code == 409
    assert officer.send(f"{office.home}trips/staff/{number}/withdraw", {"version": "3"}).status_code == 303
    assert "is withdrawn" in officer.get(f"{office.home}trips/staff/{number}").text
    assert teacher.send(f"{office.home}trips/staff/{number}/withdraw", {"version": "4"}).status_code == 403


def test_who_decides_late_and_who_asked_are_told_that_no_advance_is_paid(office: Office, sign_in: SignIn) -> None:
    teacher, lead = sign_in("teacher"), sign_in("lead")
    number = asked(office, teacher, a_trip(-140, advance="1 000"))
    late = "The trip has begun: once it is approved, the advance that was asked for is not paid."
    assert late in lead.get(f"{office.home}inbox/{number}").text
    assert lead.send(f"{office.home}inbox/{number}/approve", {"version": "1"}).status_code == 303
    for page in (teacher.get(f"{office.home}requests/{number}"), lead.get(f"{office.home}inbox/{number}")):
        assert "The trip was approved once it had begun: no advance is paid." in page.text
        assert late not in page.text


def test_a_norm_that_is_not_loaded_is_said(office: Office, sign_in: SignIn) -> None:
    teacher, address = sign_in("teacher"), f"{office.home}trips/new"
    form = Outline(teacher.get(address).text).fields("trip")
    shown = teacher.send(address, form | a_trip(5, **{"legs.0.country": "UZ"}) | {"do": "estimate"})
    assert "Norm not loaded: norm of per diem: Uzbekistan" in shown.text


def test_human_resources_send_somebody_and_what_was_returned_is_changed(office: Office, sign_in: SignIn) -> None:
    officer, lead, colleague = sign_in("officer"), sign_in("lead"), sign_in("colleague")
    found = Outline(officer.get(f"{office.home}trips/staff/new?q=colleague").text)
    link = found.all("a", class_="row-link")[0]
    typed = a_trip(14)
    form = Outline(officer.get(link["href"]).text).fields("trip")
    answer = officer.send(f"{office.home}trips/staff/new", form | typed | {"do": "send"})
    assert answer.status_code == 303, answer.text
    number = answer.headers["location"].rpartition("/")[2]
    assert "Colleague" in officer.get(answer.headers["location"]).text
    assert (
        lead.send(f"{office.home}inbox/{number}/return", {"version": "1", "reason": "Two days do"}).status_code == 303
    )
    change = Outline(colleague.get(f"{office.home}trips/new?request={number}").text).fields("trip")
    assert (change["of"], change["version"]) == (number, "2")
    shorter = a_trip(14, 2)
    mended = colleague.send(f"{office.home}trips/new", change | shorter | {"do": "send"})
    assert mended.status_code == 303, mended.text
    assert "waits for a decision" in colleague.get(f"{office.home}requests/{number}").text
    assert f"/trips/staff/{number}" in officer.get(f"{office.home}trips/staff").text
    for form_of_file in ("xlsx", "csv", "pdf"):
        assert officer.get(f"{office.home}trips/staff?as={form_of_file}").status_code == 200


def test_the_accountant_declines_and_it_goes_back(office: Office, sign_in: SignIn) -> None:
    colleague, lead, keeper = sign_in("colleague"), sign_in("lead"), sign_in("bookkeeper")
    number = asked(office, colleague, a_trip(-40))
    lead.send(f"{office.home}inbox/{number}/approve", {"version": "1"})
    address = f"{office.home}trips/{number}/report"
    form = Outline(colleague.get(address).text).fields("report")
    for do in ("attach", "send"):
        refused = uploaded(lead, address, form | {"do": do})
        assert refused.status_code == 404, "a manager writes nobody's report"
    handed = uploaded(colleague, address, form | {"do": "send"})
    assert handed.status_code == 303, Outline(handed.text).one("section", id="faults").text
    assert "ticket.txt" in lead.get(f"{office.home}trips/reports/{number}").text, "what was chosen is kept"
    assert "Advance reports that wait for approval: 1" in lead.get(f"{office.home}inbox").text
    place = f"{office.home}trips/reports/{number}"
    empty = lead.send(f"{place}/return", {"version": "1", "reason": ""})
    assert empty.status_code == 422
    assert lead.send(f"{place}/approve", {"version": "1"}).status_code == 303
    assert lead.send(f"{place}/return", {"version": "2", "reason": "Too late"}).status_code == 409
    listed = Outline(keeper.get(f"{office.home}settlements").text)
    link = next(a for a in listed.all("a", class_="row-link") if a.text.startswith("Colleague"))["href"]
    short = keeper.send(f"{link}/decline", {"version": "1", "reason": " "})
    assert "Say why it is declined" in Outline(short.text).one("p", id="reason-fault").text
    assert keeper.send(f"{link}/decline", {"version": "1", "reason": "Of another month"}).status_code == 303
    assert "The accountant declined the report: Of another month" in lead.get(place).text
    assert lead.send(f"{place}/return", {"version": "2", "reason": "See the accountant"}).status_code == 303
    assert "See the accountant" in colleague.get(address).text
    assert keeper.get(f"{office.home}settlements?state=all&as=xlsx").status_code == 200


def test_a_fault_of_a_report_stands_at_its_cost_and_the_paper_that_was_chosen_is_kept(
    office: Office, sign_in: SignIn
) -> None:
    colleague, officer = sign_in("colleague"), sign_in("officer")
    number = asked(office, colleague, a_trip(-160))
    sign_in("lead").send(f"{office.home}inbox/{number}/approve", {"version": "1"})
    address = f"{office.home}trips/{number}/report"
    form = Outline(colleague.get(address).text).fields("report")
    blank = {"lines.0.what": "", "lines.0.paper": "", "lines.0.amount": "", "lines.1.amount": "abc"}
    refused = uploaded(colleague, address, form | blank | {"do": "send"}, content=b"receipt 8", name="receipt.txt")
    page = Outline(refused.text)
    fields = page.fields("report")
    assert refused.status_code == 422
    assert (fields["lines.0.what"], fields["lines.0.amount"]) == (form["lines.1.what"], "abc")
    assert page.one("p", id="lines.0.amount-fault").text
    assert "receipt.txt" in page.one("section", id="files").text

    taken_off = next(button["value"] for button in page.all("button") if button["value"].startswith("file."))
    theirs = officer.get(f"{office.home}trips/staff/{number}/report")
    assert taken_off not in theirs.text, "of whoever attached it alone"
    empty = uploaded(colleague, address, fields | {"do": taken_off}, content=None)
    assert "No files are attached." in empty.text
    assert Outline(empty.text).fields("report")["lines.0.amount"] == "abc", "what is typed comes back"
    assert uploaded(colleague, address, fields | {"do": taken_off}, content=None).status_code == 404
    nothing = {name: "" for name in form if name.startswith("lines.")}
    none = uploaded(colleague, address, form | nothing | {"do": "send"}, content=None)
    assert "The report has no line" in none.text
    assert "lines.0.kind" in Outline(none.text).fields("report")


def test_a_report_whose_entry_was_cancelled_is_returned_on_its_page(office: Office, sign_in: SignIn) -> None:
    colleague, lead, keeper = sign_in("colleague"), sign_in("lead"), sign_in("bookkeeper")
    number = asked(office, colleague, a_trip(-180))
    lead.send(f"{office.home}inbox/{number}/approve", {"version": "1"})
    address, place = f"{office.home}trips/{number}/report", f"{office.home}trips/reports/{number}"
    uploaded(colleague, address, Outline(colleague.get(address).text).fields("report") | {"do": "send"})
    lead.send(f"{place}/approve", {"version": "1"})
    listed = Outline(keeper.get(f"{office.home}settlements").text)
    link = next(a for a in listed.all("a", class_="row-link") if a.text.startswith("Colleague"))["href"]
    entry = post(keeper, link, "Almaty").rpartition("/")[2]
    assert "Return" not in {button.text for button in Outline(lead.get(place).text).all("button")}

    def cancel(u: uow.UnitOfWork) -> None:
        amiss = StornoEntry(key=uuid4(), effective_on=today(), reason="Of another trip")
        journal.storno_entry(u, office.staff.organisation, int(entry), amiss)

    at = frozenset({office.staff.organisation})
    uow.run(office.staff.engine, Scope(Actor(office.staff.users["bookkeeper"], "test"), writes=at), cancel)
    for page in (colleague.get(f"{office.home}requests/{number}"), lead.get(place)):
        assert "The entry of the report was cancelled" in page.text
    assert lead.send(f"{place}/return", {"version": "2", "reason": "Anew, please"}).status_code == 303
    assert "Anew, please" in colleague.get(address).text


def test_a_cancelled_trip_whose_advance_is_paid_is_in_the_lists_of_what_is_due(office: Office, sign_in: SignIn) -> None:
    colleague, lead, keeper = sign_in("colleague"), sign_in("lead"), sign_in("bookkeeper")
    number = asked(office, colleague, a_trip(30, advance="500"))
    lead.send(f"{office.home}inbox/{number}/approve", {"version": "1"})
    amount = "9" * 41
    listed = Outline(keeper.get(f"{office.home}settlements").text)
    post(keeper, next(a for a in listed.all("a", class_="row-link") if a.text.startswith("Colleague"))["href"], "")
    back = {"version": "2", "since": day_string(today() + timedelta(days=30)), "reason": "Not needed any more"}
    assert lead.send(f"{office.home}inbox/{number}/recall", back).status_code == 303
    link = f"{office.home}trips/{number}/report"
    assert link in {a["href"] for a in Outline(colleague.get(f"{office.home}trips").text).all("a")}
    assert f"/trips/staff/{number}" in sign_in("officer").get(f"{office.home}trips/staff?state=due").text
    page = colleague.get(f"{office.home}requests/{number}").text
    assert "The trip was cancelled, and its advance is paid" in page
    assert "due on" in Outline(page).one("section", id="money").text
    far = lead.send(f"{office.home}trips/reports/{number}/advance", {"sent": "1", "amount": amount})
    assert far.status_code == 422, "never cut to another sum"


def test_each_desk_is_for_those_whose_it_is(office: Office, sign_in: SignIn) -> None:
    closed = {
        "teacher": ("trips/staff", "trips/staff/new", "trips/reports", "settlements"),
        "officer": ("trips/reports", "settlements"),
        "lead": ("trips/staff",),
        "bookkeeper": ("trips/staff", "trips/reports"),
    }
    for who, places in closed.items():
        for place in places:
            assert sign_in(who).get(f"{office.home}{place}").status_code == 403, (who, place)
