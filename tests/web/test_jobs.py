"""The import by a page, the page of its job, one's list, the administrator's."""

from collections.abc import Callable
from datetime import date
from uuid import uuid4

import pytest
from sqlalchemy import text

from erp.base import uow
from erp.base.db import make_engine
from erp.base.i18n import Language
from erp.base.scope import system_scope
from erp.reference.access import service as access
from erp.reference.access.model import Role
from qazyna.worker import Worker
from tests.factories import loops
from tests.web.desk import PASSWORD, SCHOOL, SUPPLIER, Desk, Reader
from tests.web.outline import Outline
from tests.web.test_papers import send_file

SignIn = Callable[[str], Reader]
HEADINGS = "journal;date;document;memo;debit;credit;credit counterparty;amount"


@pytest.fixture
def drain(desk: Desk) -> Callable[[], None]:
    url = desk.engine.url.render_as_string(hide_password=False)
    return lambda: loops.run(Worker(url, None).drain())


@pytest.fixture(autouse=True)
def nothing_else_waits(desk: Desk) -> None:
    with desk.engine.begin() as connection:
        connection.execute(text("DELETE FROM procrastinate_jobs"))


def a_file(memo: str, *, debit: str = "1316", rows: int = 2) -> bytes:
    lines = [f"MO-06;16.03.2026;{n};{memo} {n};{debit};3210;{SUPPLIER};{len(memo)}{n},55" for n in range(rows)]
    return "\n".join([HEADINGS, *lines]).encode()


def start(reader: Reader, desk: Desk, content: bytes, name: str = "march.csv", **fields: str) -> str:
    """The address of the job's page."""
    answer = send_file(reader, f"{desk.home}import", name, content, **({"key": str(uuid4())} | fields))
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def state(page: Outline) -> str:
    return next(e.text for e in page.all("span") if e["class"].startswith("state "))


def test_a_journal_is_imported_by_a_page(desk: Desk, accountant: Reader, drain: Callable[[], None]) -> None:
    assert f"{desk.home}import" in accountant.get(f"{desk.home}intake").text
    form = Outline(accountant.get(f"{desk.home}import").text)
    address = start(accountant, desk, a_file("page"), key=form.one("input", name="key")["value"])
    waiting = accountant.get(address).text
    assert state(Outline(waiting)) == "waiting"
    assert '<meta http-equiv="refresh" content="3">' in waiting
    drain()
    page = accountant.get(address)
    assert state(Outline(page.text)) == "done"
    assert "http-equiv" not in page.text
    assert any(each.text.startswith("Entries 2") for each in Outline(page.text).all("dl"))
    link = next(e["href"] for e in Outline(page.text).all("a") if e.text == "Show in the journal")
    assert "page 1" in accountant.get(link).text
    assert "march.csv" in accountant.get("/jobs").text


def test_refused_rows_stand_on_the_page_and_in_a_file(
    desk: Desk, accountant: Reader, drain: Callable[[], None]
) -> None:
    address = start(accountant, desk, a_file("refused", debit="9999"))
    drain()
    page = Outline(accountant.get(address).text)
    assert state(page) == "not done"
    assert any("Rows refused: 2" in each.text for each in page.all("p", class_="notice bad"))
    table = page.one("table", class_="grid refused")
    assert "9999" in table.text
    file = next(e["href"] for e in page.all("a") if e.text == "refused.csv")
    assert "9999" in accountant.get(file).text
    assert accountant.send(address, {"do": "retry"}).headers["location"] == address
    assert state(Outline(accountant.get(address).text)) == "waiting"
    assert accountant.send(address, {"do": "cancel"}).status_code == 303
    assert state(Outline(accountant.get(address).text)) == "stopped"
    again = accountant.send(address, {"do": "cancel"})
    assert again.status_code == 409
    assert accountant.send(address, {"do": "burn"}).status_code == 404


def test_what_cannot_be_an_import_comes_back_with_the_form(desk: Desk, accountant: Reader) -> None:
    for name, content, told in (
        ("march.exe", b"MZ", "are not taken"),
        ("march.xlsx", b"MZ", "is not what its name says"),
    ):
        answer = send_file(accountant, f"{desk.home}import", name, content, key=str(uuid4()), rest="yes")
        assert answer.status_code == 422
        page = Outline(answer.text)
        assert told in page.one("section", id="faults").text
        assert "checked" in page.one("input", id="rest").attributes


def test_a_job_is_its_person_s_and_an_import_an_accountant_s(desk: Desk, accountant: Reader, sign_in: SignIn) -> None:
    address = start(accountant, desk, a_file("own"))
    office, auditor = sign_in("office"), sign_in("auditor")
    assert office.get(address).status_code == 404
    assert office.send(address, {"do": "cancel"}).status_code == 404
    assert auditor.get(f"{desk.home}import").status_code == 403
    assert "march.csv" not in office.get("/jobs").text


def test_an_administrator_sees_how_jobs_stand_and_not_what_they_are_about(
    desk: Desk, accountant: Reader, sign_in: SignIn, drain: Callable[[], None]
) -> None:
    address = start(accountant, desk, a_file("secret"), name="secret.csv")
    number = address.rpartition("/")[2]
    administrator = an_administrator(desk, sign_in)
    page = administrator.get("/admin/jobs").text
    assert "Import of a journal" in page
    assert "Айгүл Серікова" in page
    assert "secret" not in page
    assert administrator.get(address).status_code == 404
    assert administrator.send(f"/admin/jobs/{number}", {"do": "cancel"}).status_code == 303
    assert state(Outline(accountant.get(address).text)) == "stopped"
    assert administrator.send(f"/admin/jobs/{number}", {"do": "cancel"}).status_code == 409
    assert administrator.send(f"/admin/jobs/{number}", {"do": "retry"}).status_code == 303
    drain()
    assert state(Outline(accountant.get(address).text)) == "done"
    assert accountant.get("/admin/jobs").status_code == 403
    assert accountant.send(f"/admin/jobs/{number}", {"do": "cancel"}).status_code == 403
    assert administrator.send("/admin/letters/999999", {}).status_code == 404


def an_administrator(desk: Desk, sign_in: SignIn) -> Reader:
    def make(u: uow.UnitOfWork) -> None:
        user = access.create_user(u, "jobs.keeper", "Әкімші", PASSWORD, Language.EN)
        access.grant_role(u, user, Role.ADMINISTRATOR, desk.organisations[SCHOOL], date(2020, 1, 1))

    owner = make_engine(desk.engine.url.render_as_string(hide_password=False), role=None, pool=1)
    uow.run(owner, system_scope(), make)
    owner.dispose()
    return sign_in("jobs.keeper")
