"""Two persons on their pages: sending for approval, deciding, mending, several at once, and where it is asked for."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest

from erp.base import uow
from erp.base.clock import today
from erp.base.dates import day_string
from erp.base.db import make_engine
from erp.base.i18n import Language
from erp.base.scope import Scope, system_scope
from erp.finance.approvals import service
from erp.finance.approvals.schemas import AllowException, RequireApproval
from erp.reference.access import service as access
from erp.reference.access.model import Role
from ledger.errors import ApprovalNeeded
from ledger.model import Actor
from tests.conftest import TestServer
from tests.web.desk import PASSWORD, SUPPLIER, Desk, Reader, furnish
from tests.web.outline import Outline

SignIn = Callable[[str], Reader]
GUARDED, FREE = "MO-06", "MO-16"


@pytest.fixture(scope="module")
def own_desk(server: TestServer) -> Iterator[Desk]:
    """A desk at whose school entries of one journal need a second person."""
    url = server.new_database()
    desk = furnish(url)
    command = RequireApproval(journal=GUARDED, since=today())
    uow.run(desk.engine, system_scope(desk.school), lambda u: service.require_approval(u, desk.school, command))

    def an_administrator(u: uow.UnitOfWork) -> None:
        user_id = access.create_user(u, "administrator", "Гүлнар Ниязова", PASSWORD, Language.EN)
        access.grant_role(u, user_id, Role.ADMINISTRATOR, desk.school, date(2020, 1, 1))

    owner = make_engine(url, role=None, pool=1)
    uow.run(owner, system_scope(), an_administrator)
    owner.dispose()
    yield desk
    desk.engine.dispose()
    server.drop_database(url)


@pytest.fixture
def desk(own_desk: Desk) -> Desk:
    return own_desk


@pytest.fixture
def office(sign_in: SignIn) -> Reader:
    """The chief accountant's office, which approves."""
    return sign_in("office")


def filled(page: str, **typed: str) -> dict[str, str]:
    return (
        Outline(page).fields("entry")
        | {
            "journal": GUARDED,
            "effective_on": "16.03.2026",
            "memo": "Paper bought",
            "postings.0.debit.account": "1316",
            "postings.0.debit.quantity": "20",
            "postings.0.credit.account": "3210",
            "postings.0.credit.dimensions.counterparty": SUPPLIER,
            "postings.0.amount": "1 234,56",
        }
        | typed
    )


def sent(desk: Desk, accountant: Reader, **typed: str) -> str:
    """Send an entry for approval by the form; returns the page's address."""
    form = filled(accountant.get(f"{desk.home}journal/new").text, **typed)
    answer = accountant.send(f"{desk.home}journal/new", form | {"do": "prepare"})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].partition("?")[0]


def version(page: str) -> dict[str, str]:
    return {"version": Outline(page).all("input", name="version")[0]["value"]}


def test_the_form_sends_for_approval_and_another_person_posts(desk: Desk, accountant: Reader, office: Reader) -> None:
    page = accountant.get(f"{desk.home}journal/new").text
    button = Outline(page).one("button", name="do", class_="button primary")
    assert (button["value"], button.text) == ("post", "Post")
    option = next(o for o in Outline(page).all("option") if o["value"] == GUARDED)
    assert "data-approval" in option.attributes
    form = filled(page)
    answer = accountant.send(f"{desk.home}journal/new", form | {"do": "post"})  # as without a script
    address = answer.headers["location"]
    assert address.startswith(f"{desk.home}approvals/")
    assert "Nothing is posted until a second person approves it" in accountant.get(address).text
    address = address.partition("?")[0]
    again = accountant.send(f"{desk.home}journal/new", form | {"do": "prepare"})
    assert again.headers["location"].partition("?")[0] == address
    refreshed = Outline(accountant.send(f"{desk.home}journal/new", form | {"do": "refresh"}).text)
    assert refreshed.one("button", name="do", class_="button primary").text == "Send for approval"

    shown = accountant.get(address).text
    assert "You prepared it" not in shown  # who may not approve is not told why
    assert "Approve and post" not in shown
    assert accountant.send(f"{address}/approve", version(shown)).status_code == 403

    page = office.get(address).text
    assert "Approve and post" in page
    posted = office.send(f"{address}/approve", version(page))
    assert posted.headers["location"].endswith("?posted=1")
    assert office.send(f"{address}/approve", version(page)).headers["location"] == posted.headers["location"]
    entry = accountant.get(posted.headers["location"]).text
    assert "Prepared by: Айгүл Серікова. Approved by: Ерлан Ахметов" in entry
    shown = accountant.get(address).text
    assert "Posted:" in shown
    past = Outline(shown).one("section", id="history").text
    assert past.index("Entry approved") < past.index("Entry prepared"), "the latest first"
    assert "Ерлан Ахметов" in past


def test_a_journal_without_the_rule_is_posted_at_once(desk: Desk, accountant: Reader) -> None:
    form = filled(accountant.get(f"{desk.home}journal/new").text, journal=FREE)
    refused = accountant.send(f"{desk.home}journal/new", form | {"do": "prepare"})
    assert refused.status_code == 409
    assert "need no approval" in Outline(refused.text).one("p", id="journal-fault").text
    assert Outline(refused.text).one("button", name="do", class_="button primary")["value"] == "post"
    posted = accountant.send(f"{desk.home}journal/new", form | {"do": "post"})
    assert "/journal/" in posted.headers["location"]


def test_what_is_returned_is_mended_and_sent_again(desk: Desk, accountant: Reader, office: Reader) -> None:
    address = sent(desk, accountant, memo="Wrong text")
    page = office.get(address).text
    empty = office.send(f"{address}/return", Outline(page).fields("decision") | {"reason": ""})
    assert "Fill in this field" in Outline(empty.text).one("p", id="reason-fault").text
    reason = Outline(page).fields("decision") | {"reason": "The text says nothing"}
    assert office.send(f"{address}/return", reason).status_code == 303
    assert "Returned by Ерлан Ахметов: The text says nothing" in accountant.get(address).text
    home = Outline(accountant.get(desk.home).text)
    assert home.one("span", class_="count-mark").text == "1"

    form = accountant.get(f"{address}/correct").text
    assert "Returned: The text says nothing" in form
    typed = Outline(form).fields("entry")
    assert (typed["memo"], typed["postings.0.amount"], typed["version"]) == ("Wrong text", "1\u00a0234,56", "2")
    more = accountant.send(f"{address}/correct", typed | {"do": "add"})
    assert Outline(more.text).fields("entry")["postings.1.amount"] == ""
    wrong = accountant.send(f"{address}/correct", typed | {"do": "prepare", "postings.0.amount": "0"})
    assert wrong.status_code == 422
    assert accountant.send(f"{address}/correct", typed | {"do": "prepare", "memo": "Paper"}).status_code == 303
    stale = office.send(f"{address}/approve", {"version": "1"})
    assert stale.status_code == 412
    assert "Somebody has acted on this" in Outline(stale.text).one("section", id="faults").text
    posted = office.send(f"{address}/approve", version(office.get(address).text))
    assert "Paper" in accountant.get(posted.headers["location"]).text


def test_the_preparer_may_withdraw(desk: Desk, accountant: Reader, office: Reader) -> None:
    address = sent(desk, accountant)
    seen = version(accountant.get(address).text)
    assert accountant.send(f"{address}/withdraw", seen).status_code == 303
    page = accountant.get(address).text
    assert "withdrawn" in page
    assert f"{address}/correct" not in page
    refused = office.send(f"{address}/approve", {"version": "2"})
    assert refused.status_code == 412


def test_who_withdraws_another_s_document_says_why(desk: Desk, accountant: Reader, office: Reader) -> None:
    address = sent(desk, accountant)
    assert 'name="why"' not in accountant.get(address).text
    seen = version(office.get(address).text)
    refused = office.send(f"{address}/withdraw", seen)
    assert refused.status_code == 422
    assert "Somebody else prepared it" in Outline(refused.text).one("section", id="faults").text
    assert Outline(refused.text).one("input", id="why")["aria-invalid"] == "true"
    assert office.send(f"{address}/withdraw", seen | {"why": "x" * 1001}).status_code == 422
    assert office.send(f"{address}/withdraw", seen | {"why": "The contract was ended"}).status_code == 303
    assert "Withdrawn by Ерлан Ахметов: The contract was ended" in accountant.get(address).text


def test_a_correction_needs_two_persons_too(desk: Desk, accountant: Reader, office: Reader) -> None:
    address = sent(desk, accountant)
    entry = office.send(f"{address}/approve", version(office.get(address).text)).headers["location"].partition("?")[0]
    page = accountant.get(f"{entry}/correct").text
    assert "Send for approval" in page
    form = Outline(page).fields("correction") | {"effective_on": "17.03.2026", "reason": "typed twice", "do": "post"}
    correction = accountant.send(f"{entry}/correct", form).headers["location"].partition("?")[0]
    shown = accountant.get(correction).text
    assert "Storno of another entry" in shown
    assert "−1\u00a0234,56" in shown
    mended = Outline(accountant.get(f"{correction}/correct").text).fields("correction")
    assert mended["reason"] == "typed twice"
    mended |= {"reason": "entered twice", "kind": "reversal", "do": "post"}
    assert accountant.send(f"{correction}/correct", mended).status_code == 303
    posted = office.send(f"{correction}/approve", version(office.get(correction).text))
    assert "This is the reversal of entry" in office.get(posted.headers["location"]).text


def test_several_are_tried_first_and_then_each_goes_its_own_way(desk: Desk, accountant: Reader, office: Reader) -> None:
    good, bad, gone = (sent(desk, accountant, memo=memo) for memo in ("good", "bad", "gone"))
    office.send(f"{desk.home}months/2026-03", {"do": "close"})
    later = Outline(accountant.get(f"{good}/correct").text).fields("entry") | {"effective_on": "16.04.2026"}
    accountant.send(f"{good}/correct", later | {"do": "prepare"})
    page = Outline(office.get(f"{desk.home}approvals").text)
    ticked = {box["name"]: box["value"] for box in page.all("input", type="checkbox")}
    chosen = {f"pick.{address.rpartition('/')[2]}": "" for address in (good, bad, gone)}
    chosen = {name: ticked[name] for name in chosen} | {"key": page.one("input", name="key")["value"], "do": "chosen"}
    accountant.send(f"{gone}/withdraw", {"version": "1"})

    outcome = office.send(f"{desk.home}bulk/approve", chosen).headers["location"]
    assert office.send(f"{desk.home}bulk/approve", chosen).headers["location"] == outcome, "a double click asks once"
    tried = Outline(office.get(outcome).text)
    assert tried.one("p", id="outcome").text == (
        "Can be done: 1, 1 234,56 ₸ in all. Cannot be: 2. Nothing has been done yet."
    )
    assert "March 2026 is closed" in tried.one("section", id="reasons").text
    assert "waits for approval" in office.get(good).text
    button = next(f["action"] for f in tried.all("form") if "/bulk/approve/" in f["action"])
    assert accountant.send(button, {}).status_code == 403
    for _ in range(2):  # twice is once
        assert office.send(button, {}).headers["location"] == outcome
        done = Outline(office.get(outcome).text)
        assert done.one("p", id="outcome").text == "Done: 1, 1 234,56 ₸ in all. Refused: 2; these stay as they were."
    assert len([a for a in done.one("table").inside if a.tag == "a" and a.text == "posted"]) == 1
    assert "approved" in office.get(good).text
    assert "waits for approval" in office.get(bad).text
    assert outcome in accountant.get(outcome).text, "whoever reads the books reads the outcome"
    reopen = Outline(office.get(f"{desk.home}months/2026-03/reopen").text).fields("period")
    office.send(f"{desk.home}months/2026-03/reopen", reopen | {"reason": "for the other tests"})


def test_the_list_is_narrowed_and_read_by_whoever_reads_the_books(
    desk: Desk, accountant: Reader, sign_in: SignIn
) -> None:
    address = sent(desk, accountant, memo="To be listed")
    auditor = sign_in("auditor")
    page = auditor.get(f"{desk.home}approvals?journal={GUARDED}&state=prepared").text
    assert "To be listed" in page
    assert Outline(page).all("input", type="checkbox") == []
    assert "To be listed" not in auditor.get(f"{desk.home}approvals?state=returned").text
    assert "To be listed" in auditor.get(f"{desk.home}approvals?state=all").text
    assert auditor.get(f"{desk.home}approvals?cursor=x").status_code == 422
    assert auditor.get(f"{desk.home}approvals?journal=NONE").status_code == 404
    shown = auditor.get(address).text
    assert "Approve and post" not in shown
    assert "Withdraw" not in shown
    assert auditor.send(f"{address}/withdraw", version(accountant.get(address).text)).status_code == 403
    assert sign_in("nobody").get(address).status_code == 403


def test_the_office_of_another_institution_does_not_know_of_it(desk: Desk, accountant: Reader, office: Reader) -> None:
    address = sent(desk, accountant, memo="A secret of the school")
    number = address.rpartition("/")[2]
    lyceum = next(id_ for code, id_ in desk.organisations.items() if id_ != desk.school and code.endswith("031"))
    assert office.get(f"/o/{lyceum}/approvals/{number}").status_code == 404
    assert "A secret of the school" not in office.get(f"/o/{lyceum}/approvals?state=all").text
    assert office.send(f"/o/{lyceum}/approvals/{number}/approve", {"version": "1"}).status_code == 404
    key = "5f7ab3c6-0a57-4d3a-9a58-6f3a8f3c1f11"
    picked = office.send(f"/o/{lyceum}/bulk/approve", {f"pick.{number}": "1", "do": "chosen", "key": key})
    assert (picked.status_code, "A secret of the school" in picked.text) == (422, False)
    stranger = next(id_ for code, id_ in desk.organisations.items() if code.endswith("041"))
    assert office.get(f"/o/{stranger}/approvals").status_code == 404


# ------------------------------------------------------------------------------------------------ where it is asked for


def test_the_chief_accountant_says_where_two_persons_are_needed(desk: Desk, accountant: Reader, office: Reader) -> None:
    rules = f"{desk.home}approvals/rules"
    assert "Ask for a second person" not in accountant.get(rules).text
    assert accountant.send(f"{rules}/journals", {"journal": FREE, "since": "01.01.2027"}).status_code == 403
    early = office.send(f"{rules}/journals", {"journal": "MO-01", "since": "01.01.2020"})
    assert "today or later" in Outline(early.text).one("p", id="since-fault").text
    tomorrow = day_string(today() + timedelta(days=1))
    assert office.send(f"{rules}/journals", {"journal": "MO-01", "since": tomorrow}).status_code == 303
    page = Outline(office.get(rules).text)
    assert "MO-01" in page.one("section", id="journals").text
    twice = office.send(f"{rules}/journals", {"journal": "MO-01", "since": tomorrow})
    assert twice.status_code == 409
    ending = next(f["action"] for f in reversed(page.all("form")) if f["action"].endswith("/end"))
    assert office.send(ending, {}).status_code == 303


def test_who_prepared_it_is_told_why_another_approves(desk: Desk, office: Reader) -> None:
    address = sent(desk, office, memo="Prepared by the chief")
    page = office.get(address).text
    assert "You prepared it, so a second person approves it." in page
    assert "Approve and post" not in page
    refused = office.send(f"{address}/approve", version(page))
    assert refused.status_code == 403
    assert "Leave it to a second person" in Outline(refused.text).one("section", id="faults").text


def test_one_s_own_entries_are_not_ticked_in_the_list(desk: Desk, accountant: Reader, office: Reader) -> None:
    own, another_s = (sent(desk, who, memo=memo) for who, memo in ((office, "The chief's"), (accountant, "Another's")))
    boxes = {box["name"] for box in Outline(office.get(f"{desk.home}approvals").text).all("input", type="checkbox")}
    assert f"pick.{another_s.rpartition('/')[2]}" in boxes
    assert f"pick.{own.rpartition('/')[2]}" not in boxes


@pytest.mark.parametrize("day", ["31.12.9999", "01.01.0001", "31.12.9998", "31.12.2199", "01.01.1900"])
def test_a_day_beyond_the_years_of_the_books_is_told_in_its_field(desk: Desk, office: Reader, day: str) -> None:
    rules, whom = f"{desk.home}approvals/rules", str(desk.users["accountant"])
    form = {"user": whom, "since": day_string(today()), "last": day, "reason": "for a long time"}
    refused = office.send(f"{rules}/exceptions", form)
    assert (refused.status_code, bool(Outline(refused.text).one("p", id="last-fault").text)) == (422, True)
    if day != "31.12.2199":
        begins = office.send(f"{rules}/journals", {"journal": "MO-02", "since": day})
        assert (begins.status_code, bool(Outline(begins.text).one("p", id="since-fault").text)) == (422, True)


def test_an_exception_is_allowed_seen_and_ended(desk: Desk, accountant: Reader, office: Reader) -> None:
    rules = f"{desk.home}approvals/rules"
    page = Outline(office.get(rules).text)
    assert [o.text for o in page.one("select", id="user").inside] == ["Айгүл Серікова"]  # nobody allows it to himself
    form = {"user": str(desk.users["office"]), "since": day_string(today()), "last": "31.12.2030", "reason": "mine"}
    own = office.send(f"{rules}/exceptions", form)
    assert own.status_code == 403
    chief = form | {"user": str(desk.users["accountant"]), "reason": "x"}
    refused = office.send(f"{rules}/exceptions", chief)
    assert "at least 3 characters" in Outline(refused.text).one("p", id="reason-fault").text

    # the accountant allows it to the chief accountant's office: in practice the body above does
    scope = Scope(Actor(desk.users["accountant"], "test"), writes=frozenset({desk.school}))
    command = AllowException(
        user_id=desk.users["office"], since=today(), until=today() + timedelta(days=30), reason="Only one works here"
    )
    uow.run(desk.engine, scope, lambda u: service.allow_exception(u, desk.school, command))
    address = sent(desk, office, memo="By one person")
    page_text = office.get(address).text
    assert "You may approve it under the exception" in page_text
    posted = office.send(f"{address}/approve", version(page_text)).headers["location"]
    assert "Prepared and approved by one person: Ерлан Ахметов" in accountant.get(posted).text
    assert "one person" in accountant.get(f"{desk.home}approvals?state=approved").text
    found = Outline(accountant.get(f"{desk.home}journal?text=By one person").text)
    row = next(r for r in found.all("tr") if "By one person" in r.text)
    assert "one person" in row.text
    listed = Outline(accountant.get(rules).text).one("section", id="exceptions").text
    assert "Only one works here" in listed


def test_the_administrator_sets_it_without_reading_the_books(desk: Desk, office: Reader, sign_in: SignIn) -> None:
    administrator, rules = sign_in("administrator"), f"{desk.home}admin/approvals"
    assert administrator.get(f"{desk.home}approvals").status_code == 403
    page = administrator.get(rules).text
    assert "Ask for a second person" in page
    assert "Entries" not in Outline(page).one("section", id="exceptions").text
    tomorrow = day_string(today() + timedelta(days=1))
    assert administrator.send(f"{rules}/journals", {"journal": "MO-02", "since": tomorrow}).status_code == 303
    form = {"user": str(desk.users["accountant"]), "since": tomorrow, "last": "31.12.2030", "reason": "The only one"}
    assert administrator.send(f"{rules}/exceptions", form).status_code == 303
    listed = office.get(f"{desk.home}approvals/rules").text
    assert "The only one" in listed
    assert "MO-02" in Outline(listed).one("section", id="journals").text
    for form in Outline(administrator.get(rules).text).all("form"):
        if form["action"].endswith("/end") and "/exceptions/" in form["action"]:
            administrator.send(form["action"], {})
    assert office.get(rules).status_code == 403


def test_people_are_told(desk: Desk, accountant: Reader, office: Reader) -> None:
    address = sent(desk, accountant, memo="Please look")
    assert "Айгүл Серікова asks you to approve MO-06 «Please look»" in office.get("/notifications").text
    office.send(f"{address}/return", Outline(office.get(address).text).fields("decision") | {"reason": "Too dear"})
    assert "Ерлан Ахметов returned MO-06 «Please look»: Too dear" in accountant.get("/notifications").text


def test_files_and_comments_hang_on_a_prepared_entry(desk: Desk, accountant: Reader, office: Reader) -> None:
    address = sent(desk, accountant)
    key = Outline(accountant.get(address).text).all("input", name="key")[-1]["value"]
    said = accountant.send(f"{address}/comments", {"key": key, "said": "The invoice comes tomorrow"})
    assert said.headers["location"] == f"{address}#comments"
    assert "The invoice comes tomorrow" in office.get(address).text
    empty = accountant.send(f"{address}/comments", {"key": key, "said": " "})
    assert empty.status_code == 422


def test_another_language_keeps_the_reason_typed(desk: Desk, accountant: Reader, office: Reader) -> None:
    address = sent(desk, accountant)
    form = Outline(office.get(address).text).fields("decision")
    page = Outline(office.send(f"{address}/return", form | {"reason": "Typed already", "language": "ru"}).text)
    assert page.one("html")["lang"] == "ru"
    assert page.fields("decision")["reason"] == "Typed already"


def test_an_entry_as_the_desk_posts_it_is_refused_there(desk: Desk) -> None:
    """The desk itself is one of the other doors."""
    with pytest.raises(ApprovalNeeded):
        desk.post(journal=GUARDED)
