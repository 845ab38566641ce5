"""The accounting policy on its pages: written, proposed, signed; what changes; and what the program then does."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest

from erp.base import uow
from erp.base.clock import today
from erp.base.dates import day_string
from erp.base.db import make_engine
from erp.base.i18n import Language
from erp.base.scope import system_scope
from erp.finance.approvals.model import Step
from erp.reference.access import service as access
from erp.reference.access.model import Role
from ledger import service as ledger
from tests.conftest import TestServer
from tests.web.desk import LYCEUM, PASSWORD, Desk, Reader, furnish
from tests.web.outline import Outline
from web.timeline import STEPS as ROUTE_STEPS

SignIn = Callable[[str], Reader]
TOMORROW = today() + timedelta(days=1)


def with_a_director(url: str) -> Desk:
    """A desk whose institutions have a head as well, and books open next year too."""
    desk = furnish(url)

    def a_director(u: uow.UnitOfWork) -> None:
        desk.users["director"] = access.create_user(u, "director", "Жанар Бектенова", PASSWORD, Language.EN)
        for at in (desk.school, desk.organisations[LYCEUM]):
            access.grant_role(u, desk.users["director"], Role.MANAGER, at, date(2020, 1, 1))
            first, last = date(TOMORROW.year, 1, 1), date(TOMORROW.year + 1, 12, 31)
            ledger.open_books(u.connection, at, str(at), first, last, u.scope.actor)

    owner = make_engine(url, role=None, pool=1)
    uow.run(owner, system_scope(*desk.organisations.values()), a_director)
    owner.dispose()
    return desk


@pytest.fixture(scope="module")
def own_desk(server: TestServer) -> Iterator[Desk]:
    url = server.new_database()
    desk = with_a_director(url)
    yield desk
    desk.engine.dispose()
    server.drop_database(url)


@pytest.fixture
def desk(own_desk: Desk) -> Desk:
    return own_desk


def begun(reader: Reader, home: str, since: date) -> str:
    """Begin an edition by the form; returns its page."""
    page = Outline(reader.get(f"{home}policy").text)
    key = next(e["value"] for e in page.all("input", name="key"))
    answer = reader.send(f"{home}policy", {"key": key, "since": day_string(since)})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).removesuffix("/edit")


def version(page: str) -> str:
    return Outline(page).all("input", name="version")[0]["value"]


def signed_by(reader: Reader, address: str, act: str) -> None:
    fields = {"version": version(reader.get(address).text), "evidence": "consent"}
    answer = reader.send(f"{address}/{act}", fields)
    assert answer.status_code == 303, answer.text


def test_a_policy_is_written_signed_by_two_and_obeyed(desk: Desk, sign_in: SignIn) -> None:
    office, director, auditor = sign_in("office"), sign_in("director"), sign_in("auditor")
    assert "No policy is signed" in auditor.get(f"{desk.home}policy").text
    assert auditor.send(f"{desk.home}policy", {}).status_code == 403
    address = begun(office, desk.home, TOMORROW)

    form = Outline(office.get(f"{address}/edit").text).fields("policy")
    del form["journals.MO-16.kept"]
    typed = form | {
        "journals.MO-06.prefix": "6/",
        "journals.MO-06.width": "5",
        "journals.MO-06.year": "yy",
        "journals.MO-01.check": "consent",
        "journals.MO-01.second-signature": "cms",
        "depreciation.FA-20.life": "600",
        "closing.sides-right.owner": str(desk.users["accountant"]),
    }
    wrong = office.send(f"{address}/edit", typed | {"journals.MO-06.width": "x", "since": "yesterday"})
    assert wrong.status_code == 422
    assert {"since", "journals.MO-06.width"} <= {a["href"].removeprefix("#") for a in Outline(wrong.text).all("a")}
    assert Outline(wrong.text).fields("policy")["journals.MO-06.prefix"] == "6/", "what was typed stays"
    assert office.send(f"{address}/edit", typed).headers["location"] == address

    page = office.get(address).text
    assert f"6/00015/{TOMORROW.year % 100}" in page
    assert "Left out, so nothing is posted into them: MO-16" in page
    route = f"{ROUTE_STEPS[Step.CHECK]} → {ROUTE_STEPS[Step.SECOND_SIGNATURE]} (digital signature)"
    assert route in Outline(page).one("section", id="kept").text
    assert "Айгүл Серікова" in Outline(page).one("section", id="closing").text
    assert director.send(f"{address}/propose", {"version": version(page), "evidence": "consent"}).status_code == 403
    signed_by(office, address, "propose")
    assert "It waits for the signature of the head" in office.get(address).text
    assert "Signature of the head" in director.get(address).text
    signed_by(director, address, "sign")
    page = auditor.get(address).text
    assert [e.text for e in Outline(page).one("ol", class_="signatures").inside if e.tag == "strong"] == [
        "second signature",
        "first signature",
    ]
    history = Outline(page).one("section", id="history").text
    for told in ("Policy signed", "Policy proposed", "Policy written", "Policy begun"):
        assert told in history

    rules = Outline(office.get(f"{desk.home}approvals/rules").text).one("section", id="journals").text
    assert "MO-01" in rules
    form = Outline(office.get(f"{desk.home}journal/new").text).fields("entry")
    entry = form | {
        "journal": "MO-16",
        "effective_on": day_string(TOMORROW),
        "memo": "Left out",
        "postings.0.debit.account": "1010",
        "postings.0.credit.account": "6360",
        "postings.0.amount": "100",
        "do": "post",
    }
    refused = office.send(f"{desk.home}journal/new", entry)
    assert refused.status_code == 409
    assert "does not keep the journal MO-16" in Outline(refused.text).one("section", id="faults").text
    posted = office.send(f"{desk.home}journal/new", entry | {"journal": "MO-06"})
    assert posted.status_code == 303
    written = f"6/00001/{TOMORROW.year % 100}"
    assert written in office.get(posted.headers["location"]).text
    assert written in office.get(f"{desk.home}journal?from={TOMORROW:%Y-%m}").text


def test_an_edition_is_returned_with_a_reason_and_discarded(desk: Desk, sign_in: SignIn) -> None:
    office, director = sign_in("office"), sign_in("director")
    home = f"/o/{desk.organisations[LYCEUM]}/"
    address = begun(office, home, TOMORROW + timedelta(days=40))
    signed_by(office, address, "propose")
    page = director.get(address).text
    form = Outline(page).fields("return") | {"do": "return"}
    assert director.send(f"{address}/return", form | {"reason": "x"}).status_code == 422
    assert director.send(f"{address}/return", form | {"reason": "Reports in thousands"}).status_code == 303
    page = office.get(address).text
    assert "Reports in thousands" in Outline(page).one("section", id="history").text
    assert office.send(f"{address}/discard", {"version": version(page)}).status_code == 303
    assert "discarded" in office.get(address).text
    assert f"{address}/edit" not in office.get(address).text


def test_the_differences_of_two_editions_stand_line_by_line(desk: Desk, sign_in: SignIn) -> None:
    office, director = sign_in("office"), sign_in("director")
    home = f"/o/{desk.organisations[LYCEUM]}/"
    first = begun(office, home, TOMORROW)
    signed_by(office, first, "propose")
    signed_by(director, first, "sign")
    second = begun(office, home, TOMORROW + timedelta(days=30))
    form = Outline(office.get(f"{second}/edit").text).fields("policy")
    office.send(f"{second}/edit", form | {"reports": "thousand", "journals.MO-02.width": "3"})
    shown = Outline(office.get(second).text).one("section", id="differences")
    rows = [row.text for row in shown.inside if row.tag == "tr"]
    assert any("Digits" in row and "MO-02" in row and row.endswith("1 3") for row in rows)
    assert any("Unit of reports" in row and "tenge and tiyn thousands of tenge" in row for row in rows)
    assert len(rows) == 3  # with the head


def test_reports_open_in_the_unit_of_the_policy_and_say_so(desk: Desk, sign_in: SignIn) -> None:
    office, director = sign_in("office"), sign_in("director")
    day = TOMORROW + timedelta(days=400)
    address = begun(office, desk.home, day)
    form = Outline(office.get(f"{address}/edit").text).fields("policy")
    office.send(f"{address}/edit", form | {"reports": "thousand"})
    signed_by(office, address, "propose")
    signed_by(director, address, "sign")
    desk.post(on=date(2026, 3, 16))
    span = f"from=2026-01&to={day:%Y-%m}"
    page = office.get(f"{desk.home}trial-balance?{span}").text
    assert "Figures are in thousands of tenge" in page
    turnover = [a.text for a in Outline(page).all("a", class_="figure")]
    assert all("," in figure and len(figure.partition(",")[2]) == 1 for figure in turnover if figure), turnover
    exact = office.get(f"{desk.home}trial-balance?{span}&unit=tiyn").text
    assert "Figures are in" not in exact
    assert "Figures are in whole tenge" in office.get(f"{desk.home}reports/chessboard?{span}&unit=tenge").text


def test_the_head_is_told_that_a_policy_waits_for_them(desk: Desk, sign_in: SignIn) -> None:
    office, director = sign_in("office"), sign_in("director")
    home = f"/o/{desk.organisations[LYCEUM]}/"
    address = begun(office, home, TOMORROW + timedelta(days=70))
    signed_by(office, address, "propose")
    number = address.rpartition("/")[2]
    assert f"asks you to sign the accounting policy № {number}." in director.get("/notifications").text
    for page in (home, f"{home}approvals"):
        assert f"The accounting policy № {number} waits for your signature." in director.get(page).text
        assert f"№ {number} waits for your signature" not in office.get(page).text
    back = Outline(director.get(address).text).fields("return") | {"reason": "Later", "do": "return"}
    assert director.send(f"{address}/return", back).status_code == 303
    assert f"№ {number} waits for your signature" not in director.get(home).text


def test_what_another_window_wrote_is_shown_and_saved_over_knowingly(desk: Desk, sign_in: SignIn) -> None:
    office = sign_in("office")
    address = begun(office, f"/o/{desk.organisations[LYCEUM]}/", TOMORROW + timedelta(days=80))
    form = Outline(office.get(f"{address}/edit").text).fields("policy")
    assert office.send(f"{address}/edit", form | {"journals.MO-02.width": "3", "do": "save"}).status_code == 303
    mine = form | {"journals.MO-02.width": "4"}
    clash = office.send(f"{address}/edit", mine | {"do": "save"})
    assert clash.status_code == 409
    page = Outline(clash.text)
    shown = page.one("section", id="clash")
    assert any("Digits" in row.text and row.text.endswith("3 4") for row in shown.inside if row.tag == "tr")
    again = page.fields("policy")
    assert again["journals.MO-02.width"] == "4"
    assert office.send(f"{address}/edit", again | {"do": "save"}).status_code == 409
    assert office.send(f"{address}/edit", again | {"do": "over"}).status_code == 303
    assert Outline(office.get(f"{address}/edit").text).fields("policy")["journals.MO-02.width"] == "4"
