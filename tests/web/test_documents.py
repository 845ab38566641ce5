"""Documents on their pages: the whole route by plain forms, who saw it, many at once, undo, the steps of a journal."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from erp.base import uow
from erp.base.clock import today
from erp.base.dates import day_string
from erp.base.db import make_engine
from erp.base.i18n import Language
from erp.base.scope import system_scope
from erp.finance.approvals import service
from erp.finance.approvals.bulk import rules as bulk_rules
from erp.finance.approvals.schemas import RequireApproval
from erp.reference.access import service as access
from erp.reference.access.model import Role
from qazyna.worker import Worker
from tests.conftest import TestServer
from tests.factories import loops
from tests.factories.authority import Authority, trust
from tests.web.desk import PASSWORD, Desk, Reader, furnish
from tests.web.outline import Outline
from tests.web.test_approvals import filled, version

SignIn = Callable[[str], Reader]
LONG, FREE, CMS = "MO-06", "MO-16", "MO-08"
WHOLE = ("check", "first-signature", "second-signature")


@pytest.fixture(scope="module")
def own_desk(server: TestServer) -> Iterator[Desk]:
    """A desk at whose school one journal asks for a check and two signatures, and where a manager and a second chief
    accountant work.
    """
    url = server.new_database()
    desk = furnish(url)

    def arrange(u: uow.UnitOfWork) -> None:
        for journal, evidence in ((LONG, {}), (CMS, {"first-signature": "cms"})):
            steps = [{"step": step, "evidence": evidence.get(step, "consent")} for step in WHOLE]
            command = RequireApproval.model_validate({"journal": journal, "since": today(), "steps": steps})
            service.require_approval(u, desk.school, command)

    uow.run(desk.engine, system_scope(desk.school), arrange)

    def people(u: uow.UnitOfWork) -> None:
        for login, name, role in (
            ("manager", "Серік Жұмабаев", Role.MANAGER),
            ("deputy", "Ботагөз Исаева", Role.CHIEF_ACCOUNTANT),
        ):
            desk.users[login] = access.create_user(u, login, name, PASSWORD, Language.EN)
            access.grant_role(u, desk.users[login], role, desk.school, date(2020, 1, 1))

    owner = make_engine(url, role=None, pool=1)
    uow.run(owner, system_scope(), people)
    owner.dispose()
    yield desk
    desk.engine.dispose()
    server.drop_database(url)


@pytest.fixture
def desk(own_desk: Desk) -> Desk:
    return own_desk


def sent(desk: Desk, who: Reader, **typed: str) -> str:
    """Send an entry for approval by the form; the address of its page."""
    form = filled(who.get(f"{desk.home}journal/new").text, **({"journal": LONG} | typed))
    answer = who.send(f"{desk.home}journal/new", form | {"do": "prepare"})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).partition("?")[0]


def act(page: str, end: str) -> dict[str, str]:
    """What the form of a step sends, its first button pressed."""
    form = next(f for f in Outline(page).all("form") if f["action"].endswith(end))
    fields = {e["name"]: e["value"] for e in form.inside if e.tag == "input" and e["name"] and e["type"] != "file"}
    return fields | {"evidence": "consent"}


def stepper(page: str) -> list[str]:
    (steps,) = (e for e in Outline(page).all("ol") if e["class"] == "stepper")
    return [e.text for e in steps.inside if e.tag == "li"]


def take(who: Reader, address: str, end: str) -> Any:
    return who.send(f"{address}/{end}", act(who.get(address).text, f"/{end}"))


def test_a_document_goes_its_whole_route_by_plain_forms(desk: Desk, sign_in: SignIn, accountant: Reader) -> None:
    deputy, manager, office = sign_in("deputy"), sign_in("manager"), sign_in("office")
    address = sent(desk, accountant, memo="Goes the whole way")
    page = accountant.get(f"{address}?sent=1").text
    assert "Nothing is posted until the last step is taken" in page
    assert [line.split()[0] for line in stepper(page)] == ["Prepared", "Checking", "First", "Second", "In"]
    assert "waits" in stepper(page)[1]
    assert "asks you to check MO-06 «Goes the whole way»" in deputy.get("/notifications").text

    assert manager.send(f"{address}/check", version(page)).status_code == 403
    checked = take(deputy, address, "check")
    assert checked.headers["location"] == f"{address}?taken=1"
    assert "Who takes the next step was told" in deputy.get(f"{address}?taken=1").text
    assert "waits for the first signature" in deputy.get(address).text

    assert "asks you for the first signature of MO-06 «Goes the whole way»" in manager.get("/notifications").text
    listed = manager.get(f"{desk.home}approvals").text
    assert "Goes the whole way" in listed, "a manager finds what waits for his signature first"
    assert office.send(f"{address}/sign", version(listed) if False else {"version": "2"}).status_code == 403
    assert take(manager, address, "sign").status_code == 303
    assert "Goes the whole way" not in manager.get(f"{desk.home}approvals").text

    refused = deputy.send(f"{address}/approve", {"version": "3"})
    assert refused.status_code == 403, "nobody takes two steps"
    assert "You have taken a step of it" in deputy.get(address).text
    posted = take(office, address, "approve")
    entry = str(posted.headers["location"])
    assert entry.endswith("?posted=1")
    again = office.send(f"{address}/approve", {"version": "3"})
    assert again.headers["location"] == entry
    shown = accountant.get(entry).text
    assert "Prepared by: Айгүл Серікова. Approved by: Ерлан Ахметов" in shown
    assert [
        name in line for name, line in zip(("Айгүл", "Ботагөз", "Серік", "Ерлан"), stepper(shown), strict=False)
    ] == [True] * 4
    for page in (shown, accountant.get(address).text):
        signatures = Outline(page).one("section", id="signatures").text
        assert [signatures.index(n) for n in ("Ботагөз", "Серік", "Ерлан")] == sorted(
            signatures.index(n) for n in ("Ботагөз", "Серік", "Ерлан")
        )
    past = Outline(accountant.get(address).text).one("section", id="history").text
    assert past.index("Entry approved") < past.index("First signature given") < past.index("Entry checked")


def test_whoever_signs_first_may_return_it_and_the_route_begins_again(
    desk: Desk, sign_in: SignIn, accountant: Reader
) -> None:
    deputy, manager = sign_in("deputy"), sign_in("manager")
    address = sent(desk, accountant, memo="To be returned")
    assert "sign/return" not in manager.get(address).text, "it waits for a check yet"
    take(deputy, address, "check")
    page = manager.get(address).text
    reason = Outline(page).fields("decision") | {"reason": "Whose order is this?"}
    assert manager.send(f"{address}/sign/return", reason).status_code == 303
    assert "Returned by Серік Жұмабаев: Whose order is this?" in accountant.get(address).text
    form = Outline(accountant.get(f"{address}/correct").text).fields("entry") | {"memo": "With the order"}
    assert accountant.send(f"{address}/correct", form | {"do": "prepare"}).status_code == 303
    assert "waits" in stepper(accountant.get(address).text)[1]


def test_a_withdrawal_is_undone(desk: Desk, accountant: Reader, sign_in: SignIn) -> None:
    address = sent(desk, accountant, memo="Withdrawn by mistake")
    accountant.send(f"{address}/withdraw", version(accountant.get(address).text))
    page = accountant.get(address).text
    assert "Undo the withdrawal" in page
    assert "Undo the withdrawal" not in sign_in("auditor").get(address).text
    fields = act(page, "/reinstate")
    for _ in range(2):
        assert accountant.send(f"{address}/reinstate", fields).status_code == 303
    page = accountant.get(address).text
    assert "Withdrawn entry taken back into work" in Outline(page).one("section", id="history").text
    assert "waits for a check" in page


def test_a_step_that_needs_a_key_offers_no_consent(desk: Desk, accountant: Reader, sign_in: SignIn) -> None:
    deputy, manager = sign_in("deputy"), sign_in("manager")
    address = sent(desk, accountant, journal=CMS, memo="By digital signature")
    take(deputy, address, "check")
    page = manager.get(address).text
    assert "e-signature" in page
    consent = [b for b in Outline(page).all("button", name="evidence") if b["value"] == "consent"]
    assert consent == []
    refused = manager.send(f"{address}/sign", act(page, "/sign"))
    assert refused.status_code == 422
    assert "electronic digital signature" in Outline(refused.text).one("section", id="faults").text


def test_a_document_is_signed_by_a_file_from_elsewhere_and_shows_whose_it_is(
    desk: Desk, accountant: Reader, sign_in: SignIn
) -> None:
    deputy, manager, office = sign_in("deputy"), sign_in("manager"), sign_in("office")
    authority = Authority.new("ТЕСТ ҚҰЖАТ", number=61)
    trust(desk.engine.url.render_as_string(hide_password=False), authority)
    holder = authority.person("ЖҰМАБАЕВ СЕРІК", "800101300015", number=62)

    def signed(address: str, path: str) -> Any:
        """Save the file to be signed, sign it, send the signature: by the form as it stands."""
        form = act(manager.get(address).text, path)
        csrf = access.csrf_token(manager.client.cookies["qazyna_session"])
        fields = {"csrf": csrf} | form | {"evidence": "file"}
        saved = manager.client.post("/signing/content", data=fields, files={"none": b""}, follow_redirects=False)
        return manager.client.post(
            path if path.startswith("/account") else f"{address}{path}",
            data=fields,
            files={"container-file": ("signed.cms", holder.sign(saved.content))},
            follow_redirects=False,
        )

    address = sent(desk, accountant, journal=CMS, memo="By a key")
    take(deputy, address, "check")
    unknown = signed(address, "/sign")
    assert "You have registered no certificate yet" in unknown.text
    assert signed("/account/certificates/new", "/account/certificates/new").status_code == 303
    assert signed(address, "/sign").headers["location"] == f"{address}?taken=1"
    shown = Outline(manager.get(address).text).one("section", id="signatures").text
    assert "first signature : Серік Жұмабаев (manager)" in shown
    assert "electronic digital signature, ЖҰМАБАЕВ СЕРІК" in shown
    posted = take(office, address, "approve")
    assert "?posted=1" in posted.headers["location"]


# ------------------------------------------------------------------------------------------------ who saw it


def test_who_opened_a_document_is_told_to_those_who_read_it(desk: Desk, accountant: Reader, sign_in: SignIn) -> None:
    address, entry = sent(desk, accountant, memo="Seen"), desk.post(journal=FREE, memo="Seen too")
    auditor, manager = sign_in("auditor"), sign_in("manager")
    for page in (address, f"{desk.home}journal/{entry}"):
        auditor.get(f"{desk.home}approvals?state=all")  # a list is no document
        assert "Дина Оспанова" not in manager.get(page).text
        auditor.get(page)
        seen = Outline(manager.get(page).text).one("section", id="seen").text
        assert "Дина Оспанова" in seen
        assert "Серік Жұмабаев" in seen
    assert sign_in("nobody").get(address).status_code == 403
    with desk.engine.connect() as connection, connection.begin():
        connection.execute(text("SELECT set_config('qazyna.reads', :id, true)"), {"id": str(desk.school)})
        counted = connection.execute(
            text("SELECT count(*) FROM base_sighting WHERE subject = :subject AND user_id = :user"),
            {"subject": f"entry:{desk.school}/2026/{entry}", "user": desk.users["auditor"]},
        )
        assert counted.scalar_one() == 1, "once a day"


def test_a_document_seen_today_is_looked_at_without_writing(desk: Desk, accountant: Reader) -> None:
    address, asked = sent(desk, accountant, memo="Twice"), []
    accountant.get(address)
    note = lambda _c, _cursor, statement, *_: asked.append(statement)  # noqa: E731
    event.listen(desk.engine, "before_cursor_execute", note)
    try:
        accountant.get(address)
    finally:
        event.remove(desk.engine, "before_cursor_execute", note)
    assert not [each for each in asked if "base_note_sighting" in each]


# ------------------------------------------------------------------------------------------------ many at once


def test_all_that_waits_for_me_under_a_filter_is_signed(desk: Desk, accountant: Reader, sign_in: SignIn) -> None:
    deputy, manager = sign_in("deputy"), sign_in("manager")
    sent_in_may = [sent(desk, accountant, memo=f"May {n}", effective_on="16.05.2026") for n in range(2)]
    later = sent(desk, accountant, memo="June", effective_on="16.06.2026")
    listed = Outline(deputy.get(f"{desk.home}approvals?state=mine&journal={LONG}&through=31.05.2026").text)
    form = next(f for f in listed.all("form") if f["action"].endswith("/bulk/approve"))
    fields = {e["name"]: e["value"] for e in form.inside if e.tag == "input" and e["type"] == "hidden"}
    outcome = str(deputy.send(form["action"], fields | {"do": "all"}).headers["location"])
    assert deputy.send(form["action"], fields | {"do": "all"}).headers["location"] == outcome
    page = deputy.get(outcome).text
    assert "June" not in page
    assert all(memo in page for memo in ("May 0", "May 1"))
    button = next(f["action"] for f in Outline(page).all("form") if "/bulk/approve/" in f["action"])
    assert deputy.send(button, {}).status_code == 303
    assert "done; the next step is to come" in deputy.get(outcome).text
    assert "waits for a check" in deputy.get(later).text
    for address in sent_in_may:
        assert "waits for the first signature" in deputy.get(address).text

    listed = Outline(manager.get(f"{desk.home}approvals").text)
    form = next(f for f in listed.all("form") if f["action"].endswith("/bulk/sign"))
    fields = {e["name"]: e["value"] for e in form.inside if e.tag == "input" and e["type"] == "hidden"}
    outcome = str(manager.send(form["action"], fields | {"do": "all", "through": "31.05.2026"}).headers["location"])
    button = next(f["action"] for f in Outline(manager.get(outcome).text).all("form") if "/bulk/sign/" in f["action"])
    assert manager.send(button, {}).status_code == 303
    for address in sent_in_may:
        assert "Серік" in stepper(manager.get(address).text)[2]


def test_a_day_that_cannot_be_read_is_told_in_its_field(desk: Desk, accountant: Reader) -> None:
    page = accountant.get(f"{desk.home}approvals?through=31.31.2026")
    assert page.status_code == 422
    assert Outline(page.text).one("p", id="through-fault").text


def test_what_one_prepared_is_withdrawn_together(desk: Desk, accountant: Reader) -> None:
    mine = [sent(desk, accountant, memo=f"Mistake {n}", journal=CMS) for n in range(2)]
    listed = Outline(accountant.get(f"{desk.home}approvals?state=own&journal={CMS}").text)
    form = next(f for f in listed.all("form") if f["action"].endswith("/bulk/withdraw"))
    fields = {e["name"]: e["value"] for e in form.inside if e.tag == "input" and e["type"] == "hidden"}
    picked = {f"pick.{address.rpartition('/')[2]}": "1" for address in mine}
    outcome = str(accountant.send(form["action"], fields | picked | {"do": "chosen"}).headers["location"])
    button = next(f["action"] for f in Outline(accountant.get(outcome).text).all("form") if "/withdraw/" in f["action"])
    assert accountant.send(button, {}).status_code == 303
    assert all("withdrawn" in accountant.get(address).text for address in mine)


def test_what_the_journal_finds_is_cancelled_each_by_itself(desk: Desk, accountant: Reader, sign_in: SignIn) -> None:
    entries = [desk.post(journal=FREE, memo=f"Loaded twice {n}") for n in range(3)]
    late = desk.post(journal=FREE, memo="Loaded twice late", on=date(2026, 4, 20))
    listed = accountant.get(f"{desk.home}journal?text=Loaded twice").text
    link = next(a["href"] for a in Outline(listed).all("a") if a.text == "Cancel all that is found")
    page = accountant.get(link).text
    assert "Entries found: 4." in page
    form = Outline(page).fields("correction")
    empty = accountant.send(f"{desk.home}bulk/correct", form | {"effective_on": "31.03.2026", "do": "try"})
    assert "Fill in this field" in Outline(empty.text).one("p", id="reason-fault").text
    form |= {"effective_on": "31.03.2026", "reason": "The register was loaded twice", "do": "try"}
    outcome = str(accountant.send(f"{desk.home}bulk/correct", form).headers["location"])
    tried = Outline(accountant.get(outcome).text)
    assert tried.one("p", id="outcome").text == (
        "Can be done: 3, 3 703,68 ₸ in all. Cannot be: 1. Nothing has been done yet."
    )
    assert "dated 31.03.2026 stands before its entry (20.04.2026)" in tried.one("section", id="reasons").text
    assert accountant.get(f"{desk.home}journal/{entries[0]}").text.count("cancelled") == 0
    button = next(f["action"] for f in tried.all("form") if "/bulk/correct/" in f["action"])
    for _ in range(2):
        assert accountant.send(button, {}).headers["location"] == outcome
    done = Outline(accountant.get(outcome).text)
    assert done.one("p", id="outcome").text.startswith("Done: 3, 3 703,68 ₸ in all. Refused: 1;")
    links = [a["href"] for a in done.one("table").inside if a.tag == "a" and a.text == "posted"]
    assert len(set(links)) == 3
    assert "This is the storno of entry" in accountant.get(links[0]).text
    assert "This entry is cancelled by storno" in accountant.get(f"{desk.home}journal/{entries[0]}").text
    assert "cancelled by storno" not in accountant.get(f"{desk.home}journal/{late}").text
    only = Outline(accountant.get(f"{outcome}?refused=1").text).one("table").text
    assert ("20.04.2026" in only, "16.03.2026" in only) == (True, False)
    assert "Cancel all that is found" not in sign_in("auditor").get(f"{desk.home}journal?text=Loaded twice").text
    assert sign_in("auditor").get(link).status_code == 403
    assert "stands before its entry" in sign_in("auditor").get(outcome).text


def test_very_many_are_a_job_whose_page_leads_to_the_outcome(
    desk: Desk, accountant: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        desk.post(journal=FREE, memo=f"A long register {n}")
    monkeypatch.setattr(bulk_rules, "AT_ONCE", 2)
    url = desk.engine.url.render_as_string(hide_password=False)
    form = Outline(accountant.get(f"{desk.home}bulk/correct?text=A long register").text).fields("correction")
    form |= {"effective_on": "31.03.2026", "reason": "The register was loaded twice"}
    job = str(accountant.send(f"{desk.home}bulk/correct", form).headers["location"])
    assert job.startswith("/jobs/")
    loops.run(Worker(url, None).drain())
    page = Outline(accountant.get(job).text)
    outcome = next(a["href"] for a in page.all("a") if a.text == "Show the outcome")
    tried = Outline(accountant.get(outcome).text)
    assert tried.one("p", id="outcome").text.startswith("Can be done: 3,")
    button = next(f["action"] for f in tried.all("form") if "/bulk/correct/" in f["action"])
    carried = str(accountant.send(button, {}).headers["location"])
    assert carried.startswith("/jobs/")
    assert accountant.send(button, {}).headers["location"] == carried, "twice is once"
    assert "Show the progress" in accountant.get(outcome).text
    loops.run(Worker(url, None).drain())
    assert Outline(accountant.get(outcome).text).one("p", id="outcome").text.startswith("Done: 3,")


# ------------------------------------------------------------------------------------------------ steps of a journal


def test_the_steps_of_a_journal_are_set_and_changed_from_tomorrow(desk: Desk, sign_in: SignIn) -> None:
    office, rules = sign_in("office"), f"{desk.home}approvals/rules"
    page = Outline(office.get(rules).text).one("section", id="journals")
    assert "Checking → First signature → Second signature" in page.text
    none = {"check": "", "first-signature": "", "second-signature": ""}
    tomorrow = day_string(today() + timedelta(days=1))
    refused = office.send(f"{rules}/journals", {"journal": "MO-01", "since": tomorrow} | none)
    assert "Choose at least one step" in Outline(refused.text).one("p", id="steps-fault").text
    steps = none | {"check": "consent", "first-signature": "cms"}
    assert office.send(f"{rules}/journals", {"journal": "MO-01", "since": tomorrow} | steps).status_code == 303
    forms = [f["action"] for f in Outline(office.get(rules).text).all("form") if f["action"].endswith("/steps")]
    change, in_force = forms[:2]
    early = office.send(in_force, steps | {"since": day_string(today())})
    assert (early.status_code, "tomorrow or later" in early.text) == (422, True)
    later = day_string(today() + timedelta(days=40))

    def rows() -> list[str]:
        table = Outline(office.get(rules).text).one("section", id="journals")
        return [row.text for row in table.inside if row.tag == "tr" and row.text.startswith("MO-01")]

    assert office.send(change, none | {"check": "consent", "since": later}).status_code == 303
    assert ["First signature e-signature" in row.partition("End")[0] for row in rows()] == [True, False]
    assert office.send(change, none | {"since": later}).status_code == 303
    assert len(rows()) == 1, "no steps: nothing is asked from then on"
