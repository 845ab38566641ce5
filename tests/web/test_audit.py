"""The trail of changes on pages: of an entry, of an organisation, of the whole system; and as a file."""

import csv
import re
from collections.abc import Callable
from datetime import date
from io import BytesIO, StringIO

from pypdf import PdfReader

from erp.base import audit, uow
from erp.base.db import make_engine
from erp.base.i18n import Language
from erp.base.scope import Scope, system_scope
from erp.reference.access import service as access
from erp.reference.access.model import Role
from ledger.model import Actor
from tests.web.desk import PASSWORD, SUPPLIER, Desk, Reader
from tests.web.outline import Outline

SignIn = Callable[[str], Reader]


def close_and_reopen(reader: Reader, desk: Desk, month: str) -> None:
    assert reader.send(f"{desk.home}months/{month}", {"do": "close"}).status_code == 303
    page = Outline(reader.get(f"{desk.home}months/{month}/reopen").text)
    key = page.one("input", name="key")["value"]
    sent = reader.send(f"{desk.home}months/{month}/reopen", {"key": key, "reason": "A late bill", "do": "post"})
    assert sent.status_code == 303


def test_an_entry_shows_its_history(desk: Desk, accountant: Reader) -> None:
    entry = desk.post(memo="Shown with its history")
    shown = Outline(accountant.get(f"{desk.home}journal/{entry}").text)
    (event,) = shown.all("ol", class_="timeline")
    assert "Entry posted" in event.text
    assert "Айгүл Серікова · 127.0.0.1" in event.text


def test_a_cancelled_entry_tells_by_whom_and_why(desk: Desk, accountant: Reader) -> None:
    entry = desk.post(memo="Cancelled soon")
    form = Outline(accountant.get(f"{desk.home}journal/{entry}/correct").text)
    key = form.one("input", name="key")["value"]
    fields = {"key": key, "effective_on": "16.03.2026", "reason": "Typed twice", "kind": "storno", "do": "post"}
    answer = accountant.send(f"{desk.home}journal/{entry}/correct", fields)
    assert answer.status_code == 303
    history = Outline(accountant.get(f"{desk.home}journal/{entry}").text).one("ol", class_="timeline").text
    assert history.index("Cancelled by storno") < history.index("Entry posted"), "the latest first"
    assert "Typed twice" in history
    storno = Outline(accountant.get(answer.headers["location"]).text).one("ol", class_="timeline").text
    assert "Storno posted" in storno
    assert "Typed twice" in storno


def test_the_trail_of_an_organisation_says_before_and_after(desk: Desk, sign_in: SignIn) -> None:
    office, auditor = sign_in("office"), sign_in("auditor")
    close_and_reopen(office, desk, "2026-07")
    text = Outline(auditor.get(f"{desk.home}audit?subject=month").text).one("ol", class_="timeline").text
    assert re.search(r"Month opened again\s+July 2026.*State\s+closed\s+→\s+open.*A late bill", text, re.DOTALL)
    assert re.search(r"Month closed\s+July 2026.*State\s+open\s+→\s+closed", text, re.DOTALL)


def test_closing_a_month_that_is_closed_leaves_no_trail(desk: Desk, sign_in: SignIn) -> None:
    office = sign_in("office")

    def told() -> int:
        page = office.get(f"{desk.home}audit?subject=month:{desk.school}/2026-08")
        return page.text.count("Month closed</strong>")

    for _ in range(2):
        assert office.send(f"{desk.home}months/2026-08", {"do": "close"}).status_code == 303
        assert told() == 1


def test_the_trail_is_narrowed_and_paged(desk: Desk, sign_in: SignIn) -> None:
    auditor = sign_in("auditor")
    for n in range(60):
        desk.post(memo=f"One of many {n}")
    address: str | None = f"{desk.home}audit?who=Айгүл&action=posted-ordinary"
    seen: list[str] = []
    while address:
        page = Outline(auditor.get(address).text)
        seen += re.findall(r"entry/\d+", page.one("ol", class_="timeline").text)
        more = page.all("a", rel="next")
        address = more[0]["href"] if more else None
    assert len(seen) == len(set(seen)) >= 60
    assert "Nothing found" in auditor.get(f"{desk.home}audit?who=nobody-of-this-name").text
    assert "Nothing found" in auditor.get(f"{desk.home}audit?to=01.01.2020").text
    assert auditor.get(f"{desk.home}audit?from=yesterday").status_code == 422
    assert auditor.get(f"{desk.home}audit?cursor=nonsense").status_code == 422
    assert auditor.get(f"{desk.home}audit?to=31.12.9999").status_code == 422


def test_a_long_history_is_read_page_by_page(desk: Desk, accountant: Reader) -> None:
    scope = Scope(Actor(desk.users["accountant"], "test"), writes=frozenset({desk.school}))

    def tell(u: uow.UnitOfWork) -> None:
        for n in range(60):
            subject, facts = f"counterparty:{SUPPLIER}", {"bank": f"bank {n:02d}"}
            audit.record(u.connection, u.scope, "bank-account-kept", subject, organisation_id=desk.school, **facts)

    uow.run(desk.engine, scope, tell)
    address, seen = f"{desk.home}counterparties/{SUPPLIER}", []
    while address:
        page = Outline(accountant.get(address).text)
        seen += re.findall(r"bank \d\d", page.one("section", id="history").text)
        address = next((a["href"] for a in page.all("a", rel="next")), "")
    assert seen == [f"bank {n:02d}" for n in reversed(range(60))]
    damaged = accountant.get(f"{desk.home}counterparties/{SUPPLIER}?history=x")
    assert damaged.status_code == 422


def test_the_trail_is_saved_as_a_file_for_a_spreadsheet(desk: Desk, sign_in: SignIn) -> None:
    def tell(u: uow.UnitOfWork) -> None:
        audit.record(u.connection, u.scope, "user-renamed", "user:0", organisation_id=desk.school,
                     before={"name": "A"}, after={"name": "=1+1"})  # fmt: skip
        audit.record(u.connection, u.scope, "=cmd()", "user:0", organisation_id=desk.school)

    uow.run(desk.engine, system_scope(desk.school), tell)
    answer = sign_in("auditor").get(f"{desk.home}audit.csv?subject=user")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    heading, *rows = csv.reader(StringIO(answer.text.removeprefix("\ufeff")))
    assert heading[:3] == ["When", "Who", "Login"]
    assert [row[5] for row in rows][:2] == ["'=cmd()", "Person renamed"]
    assert rows[1][7] == "Name: A → =1+1"
    assert rows[1][4] == "command line"


def test_the_trail_is_a_spreadsheet_and_a_pdf_too(desk: Desk, sign_in: SignIn) -> None:
    desk.post(memo="In the trail")
    auditor, accountant = sign_in("auditor"), sign_in("accountant")
    page = Outline(auditor.get(f"{desk.home}audit?subject=entry").text)
    for form in ("xlsx", "pdf"):
        link = next(e["href"] for e in page.all("a") if f"as={form}" in e["href"])
        answer = auditor.get(link)
        assert answer.headers["content-disposition"] == f'attachment; filename="audit.{form}"'
        assert accountant.get(link).status_code == 403
    told = " ".join(each.extract_text() for each in PdfReader(BytesIO(answer.content)).pages)
    assert "Entry posted" in told
    assert "Айгүл Серікова" in told


def test_the_trail_of_the_books_is_for_those_who_audit(desk: Desk, sign_in: SignIn) -> None:
    accountant = sign_in("accountant")
    assert accountant.get(f"{desk.home}audit").status_code == 403
    assert accountant.get(f"{desk.home}audit.csv").status_code == 403
    assert accountant.get("/admin/audit").status_code == 403
    assert "/audit" not in accountant.get(desk.home).text
    lyceum = next(id_ for code, id_ in desk.organisations.items() if id_ != desk.school)
    assert sign_in("auditor").get(f"/o/{lyceum}/audit").status_code == 404


def test_an_administrator_sees_people_and_no_money(desk: Desk, sign_in: SignIn) -> None:
    def make(u: uow.UnitOfWork) -> None:
        user = access.create_user(u, "keeper", "Сақшы", PASSWORD, Language.EN)
        access.grant_role(u, user, Role.ADMINISTRATOR, desk.school, date(2020, 1, 1))

    as_owner(desk, make)
    desk.post(memo="Money of the school")
    secret = Scope(Actor(desk.users["accountant"], "x"), reads=frozenset({desk.school}))
    uow.run(desk.engine, secret, lambda u: audit.record(
        u.connection, u.scope, "entry-prepared", f"prepared:{desk.school}/1", organisation_id=desk.school,
        after={"amount": "777.00"},
    ))  # fmt: skip
    keeper = sign_in("keeper")
    page = keeper.get(f"{desk.home}audit").text
    assert "Role granted" in page
    assert "777,00" not in page
    assert "Entry posted</strong>" not in page
    system = keeper.get("/admin/audit").text
    assert "Signed in</strong>" not in system
    assert "Signed in</strong>" in keeper.get("/admin/audit?sign_ins=on").text
    assert "Signed in</strong>" in keeper.get("/admin/audit?action=signed-in").text
    by_name = Outline(keeper.get("/admin/audit?subject=Сақшы").text).one("ol", class_="timeline").text
    assert "Person registered" in by_name
    assert "Person registered" in keeper.get("/admin/audit?subject=keeper").text
    assert "Person registered" in system
    assert "777,00" in sign_in("auditor").get(f"{desk.home}audit").text


def as_owner(desk: Desk, act: Callable[[uow.UnitOfWork], None]) -> None:
    owner = make_engine(desk.engine.url.render_as_string(hide_password=False), role=None, pool=1)
    uow.run(owner, system_scope(desk.school), act)
    owner.dispose()
