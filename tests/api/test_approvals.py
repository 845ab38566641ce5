"""Two persons over HTTP: the same commands and views as the pages, versions as entity tags, and what is refused."""

import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
from litestar.testing import TestClient

from erp.base import uow
from erp.base.clock import today
from erp.base.db import make_engine
from erp.base.i18n import Language
from erp.base.scope import system_scope
from erp.finance.approvals import service
from erp.finance.approvals.schemas import RequireApproval
from erp.reference.access import service as access
from erp.reference.access.model import Role
from tests.conftest import TestServer
from tests.web.desk import LYCEUM, PASSWORD, STRANGERS, Desk, an_entry, furnish

Bearer = Callable[[str], dict[str, str]]
Client = TestClient[Any]
GUARDED, FREE = "MO-06", "MO-16"


@pytest.fixture(scope="module")
def desk(server: TestServer) -> Iterator[Desk]:
    """A desk at whose school entries of one journal need a second person."""
    url = server.new_database()
    desk = furnish(url)
    command = RequireApproval(journal=GUARDED, since=today())
    uow.run(desk.engine, system_scope(desk.school), lambda u: service.require_approval(u, desk.school, command))
    yield desk
    desk.engine.dispose()
    server.drop_database(url)


@pytest.fixture
def books(desk: Desk) -> str:
    return f"/api/v1/organisations/{desk.school}"


@pytest.fixture
def prepared(client: Client, bearer: Bearer, books: str) -> Callable[..., str]:
    """Prepare an entry; its address."""

    def prepare(**changes: Any) -> str:
        answer = client.post(f"{books}/prepared-entries", json=an_entry(**changes), headers=bearer("accountant"))
        assert answer.status_code == 201, answer.text
        return f"{books}/prepared-entries/{answer.json()['id']}"

    return prepare


def seen(version: int | str) -> dict[str, str]:
    return {"If-Match": f'"{version}"'}


def test_an_entry_is_prepared_approved_and_posted_once(client: Client, bearer: Bearer, books: str) -> None:
    accountant, chief, command = bearer("accountant"), bearer("office"), an_entry()
    refused = client.post(f"{books}/entries", json=command, headers=accountant)
    assert (refused.status_code, refused.json()["code"], refused.json()["fields"]) == (
        409,
        "approval-needed",
        {"journal": GUARDED},
    )
    key = {"Idempotency-Key": str(uuid4())}
    keyless = {name: said for name, said in command.items() if name != "key"}
    for is_new in (True, False):
        answer = client.post(f"{books}/prepared-entries", json=keyless, headers=accountant | key)
        assert (answer.status_code, answer.json()["version"], answer.json()["is_new"]) == (201, 1, is_new)
    address = f"{books}/prepared-entries/{answer.json()['id']}"
    shown = client.get(address, headers=chief)
    assert shown.headers["etag"] == '"1"'
    assert shown.json()["postings"][0]["credit"]["account"] == "3210"
    assert (shown.json()["amount"], shown.json()["state"]) == ("1234.56", "prepared")
    unchanged = client.get(address, headers=chief | {"If-None-Match": '"1"'})
    assert (unchanged.status_code, unchanged.content) == (304, b"")

    for nothing_seen in ({}, {"If-Match": "*"}, {"If-Match": ""}):
        unsaid = client.post(f"{address}/approve", headers=chief | nothing_seen)
        assert (unsaid.status_code, unsaid.json()["code"]) == (428, "tag-missing")
    assert client.post(f"{address}/approve", headers=chief | {"If-Match": '"1", "2"'}).status_code == 412
    assert client.post(f"{address}/approve", headers=accountant | seen(1)).status_code == 403
    assert client.post(f"{address}/approve", headers=chief | seen(2)).status_code == 412
    assert client.post(f"{address}/approve", headers=chief | seen("x")).status_code == 412
    posted = client.post(f"{address}/approve", headers=chief | seen(1))
    assert (posted.status_code, posted.json()["is_new"]) == (200, True)
    again = client.post(f"{address}/approve", headers=chief | seen(1))
    assert again.json() == posted.json() | {"is_new": False}
    entry = f"{books}/entries/{posted.json()['entry_id']}"
    assert client.get(entry, headers=accountant).json()["actor"] == "Ерлан Ахметов"
    approval = client.get(f"{entry}/approval", headers=accountant).json()
    assert (approval["prepared_by"], approval["approved_by"], approval["exception"]) == (
        "Айгүл Серікова",
        "Ерлан Ахметов",
        None,
    )


def test_an_entry_that_needed_no_approval_has_none(client: Client, bearer: Bearer, books: str) -> None:
    head = bearer("accountant")
    posted = client.post(f"{books}/entries", json=an_entry(journal=FREE), headers=head).json()
    missing = client.get(f"{books}/entries/{posted['entry_id']}/approval", headers=head)
    assert (missing.status_code, missing.json()["code"]) == (404, "prepared-unknown")
    refused = client.post(f"{books}/prepared-entries", json=an_entry(journal=FREE), headers=head)
    assert (refused.status_code, refused.json()["code"]) == (409, "approval-not-asked")


def test_what_is_returned_is_mended_under_its_version(
    client: Client, bearer: Bearer, prepared: Callable[..., str]
) -> None:
    accountant, chief, address = bearer("accountant"), bearer("office"), prepared()
    short = client.post(f"{address}/return", json={"reason": "x"}, headers=chief | seen(1))
    assert short.status_code in (400, 422)
    reason = {"reason": "Wrong account"}
    returned = client.post(f"{address}/return", json=reason, headers=chief | seen(1)).json()
    assert (returned["state"], returned["version"], returned["acts"][-1]["reason"]) == ("returned", 2, "Wrong account")
    mended = an_entry(memo="Mended")
    assert client.put(address, json=mended, headers=accountant).status_code == 428
    assert client.put(address, json=mended, headers=accountant | seen(1)).status_code == 412
    assert client.put(address, json=mended, headers=accountant | seen(2)).json()["version"] == 3
    assert client.get(address, headers=chief).json()["memo"] == "Mended"
    withdrawn = client.post(f"{address}/withdraw", headers=accountant | seen(3)).json()
    assert [act["act"] for act in withdrawn["acts"]] == ["prepared", "returned", "prepared", "withdrawn"]
    late = client.post(f"{address}/approve", headers=chief | seen(4))
    assert (late.status_code, late.json()["code"]) == (412, "prepared-changed")


def test_a_correction_is_prepared_too(client: Client, bearer: Bearer, books: str, prepared: Callable[..., str]) -> None:
    accountant, chief = bearer("accountant"), bearer("office")
    entry = client.post(f"{prepared()}/approve", headers=chief | seen(1)).json()["entry_id"]
    storno = {"key": str(uuid4()), "effective_on": "2026-03-20", "reason": "typed twice"}
    refused = client.post(f"{books}/entries/{entry}/storno", json=storno, headers=chief)
    assert (refused.status_code, refused.json()["code"]) == (409, "approval-needed")
    command = storno | {"entry_id": entry, "kind": "reversal"}
    answer = client.post(f"{books}/prepared-entries/corrections", json=command, headers=accountant)
    address = f"{books}/prepared-entries/{answer.json()['id']}"
    other = command | {"kind": "storno"}
    assert client.put(f"{address}/correction", json=other, headers=accountant | seen(1)).json()["version"] == 2
    shown = client.get(address, headers=accountant).json()
    assert (shown["corrects"], shown["correction"], shown["amount"]) == (entry, "storno", "-1234.56")
    posted = client.post(f"{address}/approve", headers=chief | seen(2)).json()
    assert client.get(f"{books}/entries/{posted['entry_id']}", headers=chief).json()["cancels"]["entry_id"] == entry


def test_several_are_approved_each_by_itself(
    client: Client, bearer: Bearer, books: str, prepared: Callable[..., str]
) -> None:
    chief = bearer("office")
    first, second = (int(prepared(memo=memo).rpartition("/")[2]) for memo in ("one", "two"))
    body = {"chosen": [{"id": first, "version": 1}, {"id": second, "version": 7}, {"id": 999_999, "version": 1}]}
    for dry_run in (True, False, False):
        answer = client.post(f"{books}/prepared-entries/approve", json=body | {"dry_run": dry_run}, headers=chief)
        outcomes = answer.json()
        assert (answer.status_code, outcomes["approved"]) == (200, 1)
        assert [item["code"] for item in outcomes["items"]] == [None, "prepared-changed", "prepared-unknown"]
        assert [bool(item["detail"]) for item in outcomes["items"]] == [False, True, True]
        assert (outcomes["items"][0]["entry_id"] is None) == dry_run
    in_russian = chief | {"cookie": "qazyna_language=ru"}
    russian = client.post(f"{books}/prepared-entries/approve", json=body, headers=in_russian)
    _, changed, unknown = (item["detail"] for item in russian.json()["items"])
    assert changed != outcomes["items"][1]["detail"]
    assert re.search("[а-я]", changed)
    assert re.search("[а-я]", unknown)


def test_the_list_is_paged_and_narrowed(
    client: Client, bearer: Bearer, books: str, prepared: Callable[..., str]
) -> None:
    made = [int(prepared(memo=f"entry {n}").rpartition("/")[2]) for n in range(3)]
    auditor, found, address = (
        bearer("auditor"),
        [],
        f"{books}/prepared-entries?state=prepared&limit=2&journal={GUARDED}",
    )
    cursor = ""
    while True:
        page = client.get(address + cursor, headers=auditor).json()
        found += [row["id"] for row in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert found == sorted(found, reverse=True)
    assert set(made) <= set(found)
    assert client.get(f"{books}/prepared-entries?state=approved&cursor=1", headers=auditor).json()["items"] == []
    assert client.get(f"{books}/prepared-entries?cursor=x", headers=auditor).status_code == 422
    assert client.get(f"{books}/prepared-entries?state=draft", headers=auditor).status_code in (400, 422)


def test_the_chief_accountant_sets_where_and_allows_exceptions(
    desk: Desk, client: Client, bearer: Bearer, books: str
) -> None:
    chief, accountant = bearer("office"), bearer("accountant")
    tomorrow, later = (str(today() + timedelta(days=days)) for days in (1, 30))
    duty = {"journal": "MO-01", "since": tomorrow}
    assert client.post(f"{books}/approval-journals", json=duty, headers=accountant).status_code == 403
    made = client.post(f"{books}/approval-journals", json=duty, headers=chief)
    assert (made.status_code, made.json()["until"]) == (201, None)
    twice = client.post(f"{books}/approval-journals", json=duty, headers=chief)
    assert (twice.status_code, twice.json()["code"]) == (409, "separated-already")
    ended = client.post(
        f"{books}/approval-journals/{made.json()['id']}/end", json={"until": tomorrow}, headers=chief
    ).json()
    assert [item["journal"] for item in ended["items"]] == [GUARDED]

    allowed = {"user_id": desk.users["accountant"], "since": tomorrow, "until": later, "reason": "The only accountant"}
    own = client.post(f"{books}/approval-exceptions", json=allowed | {"user_id": desk.users["office"]}, headers=chief)
    assert (own.status_code, own.json()["code"]) == (403, "exception-for-oneself")
    nobody = client.post(
        f"{books}/approval-exceptions", json=allowed | {"user_id": desk.users["nobody"]}, headers=chief
    )
    assert (nobody.status_code, nobody.json()["code"]) == (422, "not-a-bookkeeper")
    exception = client.post(f"{books}/approval-exceptions", json=allowed, headers=chief).json()
    assert (exception["user"], exception["allowed_by"], exception["used"]) == ("Айгүл Серікова", "Ерлан Ахметов", 0)
    listed = client.get(f"{books}/approval-exceptions", headers=bearer("auditor")).json()["items"]
    assert [item["id"] for item in listed] == [exception["id"]]
    ending = f"{books}/approval-exceptions/{exception['id']}/end"
    assert client.post(ending, json={"until": tomorrow}, headers=chief).json()["items"] == []


def test_another_organisation_s_are_not_there(
    desk: Desk, client: Client, bearer: Bearer, prepared: Callable[..., str]
) -> None:
    number, chief = prepared(memo="a secret of the school").rpartition("/")[2], bearer("office")
    lyceum = f"/api/v1/organisations/{desk.organisations[LYCEUM]}"
    assert client.get(f"{lyceum}/prepared-entries/{number}", headers=chief).status_code == 404
    assert client.post(f"{lyceum}/prepared-entries/{number}/approve", headers=chief | seen(1)).status_code == 404
    assert client.get(f"{lyceum}/prepared-entries", headers=chief).json()["items"] == []
    for what in ("approval-journals", "approval-exceptions"):
        assert client.get(f"{lyceum}/{what}", headers=chief).json()["items"] == []
    strangers = f"/api/v1/organisations/{desk.organisations[STRANGERS]}"
    assert client.get(f"{strangers}/prepared-entries", headers=chief).status_code == 404
    assert (
        client.get(f"/api/v1/organisations/{desk.school}/prepared-entries", headers=bearer("nobody")).status_code == 403
    )


def test_the_routes_are_described_with_examples(client: Client) -> None:
    paths = client.get("/api/schema/openapi.json").json()["paths"]
    for path, method in (
        ("prepared-entries", "post"),
        ("prepared-entries/corrections", "post"),
        ("prepared-entries/{prepared_id}", "put"),
        ("prepared-entries/{prepared_id}/return", "post"),
        ("prepared-entries/approve", "post"),
        ("approval-journals", "post"),
        ("approval-exceptions", "post"),
        ("approval-journals/{duty_id}/steps", "post"),
        ("prepared-entries/{prepared_id}/check", "post"),
        ("prepared-entries/{prepared_id}/sign", "post"),
        ("bulk/approve", "post"),
        ("bulk/correct", "post"),
    ):
        body = paths[f"/api/v1/organisations/{{organisation_id}}/{path}"][method]["requestBody"]
        assert body["content"]["application/json"]["examples"], path


# ------------------------------------------------------------------------------------------------ longer routes


@pytest.fixture(scope="module")
def routed(desk: Desk) -> str:
    """A journal whose entries are checked and signed twice, and who signs first."""
    steps = [{"step": step} for step in ("check", "first-signature", "second-signature")]
    command = RequireApproval.model_validate({"journal": "MO-08", "since": today(), "steps": steps})
    uow.run(desk.engine, system_scope(desk.school), lambda u: service.require_approval(u, desk.school, command))
    owner = make_engine(desk.engine.url.render_as_string(hide_password=False), role=None, pool=1)

    def people(u: uow.UnitOfWork) -> None:
        for login, role in (("manager", Role.MANAGER), ("deputy", Role.CHIEF_ACCOUNTANT)):
            user = access.create_user(u, login, login.title(), PASSWORD, Language.EN)
            access.grant_role(u, user, role, desk.school, date(2020, 1, 1))

    uow.run(owner, system_scope(), people)
    owner.dispose()
    return "MO-08"


def test_a_program_takes_each_step_by_its_own_right(
    client: Client, bearer: Bearer, books: str, prepared: Callable[..., str], routed: str
) -> None:
    address, deputy, manager, chief = prepared(journal=routed), bearer("deputy"), bearer("manager"), bearer("office")
    shown = client.get(address, headers=chief).json()
    assert [(step["step"], step["actor"], step["is_due"]) for step in shown["steps"]] == [
        ("check", None, True),
        ("first-signature", None, False),
        ("second-signature", None, False),
    ]
    assert client.post(f"{address}/check", headers=deputy).status_code == 428
    assert client.post(f"{address}/check", headers=manager | seen(1)).status_code == 403
    early = client.post(f"{address}/approve", headers=chief | seen(1))
    assert (early.status_code, early.json()["code"]) == (409, "step-not-due")
    checked = client.post(f"{address}/check", headers=deputy | seen(1)).json()
    assert (checked["state"], checked["next_step"], checked["version"]) == ("checked", "first-signature", 2)

    waits = client.get(f"{books}/prepared-entries?waits_for=me&journal={routed}", headers=manager).json()["items"]
    assert [f"{books}/prepared-entries/{row['id']}" for row in waits] == [address]
    signing = client.get(f"{address}/signing", headers=manager).json()
    content = b64decode(signing["content"])
    assert (signing["purpose"], sha256(content).hexdigest()) == ("first-signature", signing["sha256"])
    assert json.loads(content)["revision"] == 1
    garbled = client.post(f"{address}/sign", json={"container": "AAAA"}, headers=manager | seen(2))
    assert (garbled.status_code, garbled.json()["code"]) == (422, "container-malformed")
    signed = client.post(f"{address}/sign", json={}, headers=manager | seen(2)).json()
    assert (signed["state"], signed["acts"][-1]["act"]) == ("first-signed", "first-signed")
    refused = client.post(f"{address}/approve", headers=deputy | seen(3))
    assert (refused.status_code, refused.json()["code"]) == (403, "own-entry")
    posted = client.post(f"{address}/approve", headers=chief | seen(3)).json()
    approval = client.get(f"{books}/entries/{posted['entry_id']}/approval", headers=chief).json()
    assert [step["actor"] for step in approval["steps"]] == ["Deputy", "Manager", "Ерлан Ахметов"]
    signatures = client.get(f"{address}/signatures", headers=chief).json()["items"]
    assert [(each["purpose"], each["method"]) for each in signatures] == [
        ("checked", "consent"),
        ("first-signature", "consent"),
        ("second-signature", "consent"),
    ]
    over = client.get(f"{address}/signing", headers=manager)
    assert over.status_code == 404


def test_a_program_withdraws_another_s_document_with_a_reason(
    client: Client, bearer: Bearer, prepared: Callable[..., str]
) -> None:
    address, chief = prepared(), bearer("office") | seen(1)
    refused = client.post(f"{address}/withdraw", headers=chief)
    assert (refused.status_code, refused.json()["code"]) == (422, "withdrawal-unexplained")
    done = client.post(f"{address}/withdraw", json={"reason": "Not needed"}, headers=chief).json()
    assert (done["state"], done["acts"][-1]["reason"]) == ("withdrawn", "Not needed")


def test_a_withdrawal_is_undone_by_a_program(client: Client, bearer: Bearer, prepared: Callable[..., str]) -> None:
    accountant, address = bearer("accountant"), prepared()
    client.post(f"{address}/withdraw", headers=accountant | seen(1))
    again = client.post(f"{address}/reinstate", headers=accountant | seen(2)).json()
    assert (again["state"], again["version"], again["next_step"]) == ("prepared", 3, "second-signature")
    twice = client.post(f"{address}/reinstate", headers=accountant | seen(3))
    assert (twice.status_code, twice.json()["code"]) == (409, "not-withdrawn")


def test_the_steps_of_a_journal_are_set_and_changed_by_a_program(client: Client, bearer: Bearer, books: str) -> None:
    chief, tomorrow = bearer("office"), str(today() + timedelta(days=1))
    steps = [{"step": "second-signature"}, {"step": "check", "evidence": "cms"}]
    made = client.post(
        f"{books}/approval-journals", json={"journal": "MO-02", "since": tomorrow, "steps": steps}, headers=chief
    ).json()
    assert [(each["step"], each["evidence"]) for each in made["steps"]] == [
        ("check", "cms"),
        ("second-signature", "consent"),
    ]
    change = f"{books}/approval-journals/{made['id']}/steps"
    changed = client.post(change, json={"since": tomorrow, "steps": steps[:1]}, headers=chief).json()["items"]
    assert [item["steps"] for item in changed if item["journal"] == "MO-02"] == [
        [{"step": "second-signature", "evidence": "consent"}]
    ]
    gone = client.post(change, json={"since": tomorrow, "steps": []}, headers=chief)
    assert (gone.status_code, gone.json()["code"]) == (404, "duty-unknown")


# ------------------------------------------------------------------------------------------------ many at once


def test_many_are_approved_by_a_filter_once(
    client: Client, bearer: Bearer, books: str, prepared: Callable[..., str]
) -> None:
    chief = bearer("office")
    addresses = [prepared(effective_on="2026-07-01", memo=f"July {n}") for n in range(3)]
    command = {"key": str(uuid4()), "journal": GUARDED, "through": "2026-07-31"}
    client.post(f"{books}/bulk/approve", json=command | {"key": str(uuid4())}, headers=bearer("accountant"))
    asked = client.post(f"{books}/bulk/approve", json=command, headers=chief)
    assert asked.status_code == 201
    shown = asked.json()
    assert (shown["state"], shown["documents"] >= 3, shown["done"]) == ("tried", True, 0)
    assert client.post(f"{books}/bulk/approve", json=command, headers=chief).json() == shown
    wrong = client.post(f"{books}/bulk/withdraw/{shown['id']}", headers=chief)
    assert (wrong.status_code, wrong.json()["code"]) == (404, "bulk-unknown")
    for _ in range(2):
        done = client.post(f"{books}/bulk/approve/{shown['id']}", headers=chief).json()
        assert (done["state"], done["done"]) == ("done", shown["can_be_done"])
    assert {client.get(each, headers=chief).json()["state"] for each in addresses} == {"approved"}
    page = client.get(f"{books}/bulk/{shown['id']}?limit=1", headers=bearer("auditor")).json()
    assert (len(page["items"]), page["next"] is not None, page["items"][0]["entry_id"] is not None) == (1, True, True)


def test_many_are_cancelled_by_a_filter(client: Client, bearer: Bearer, books: str) -> None:
    accountant = bearer("accountant")
    for n in range(2):
        command = an_entry(journal=FREE, memo=f"Loaded twice {n}", effective_on="2026-08-03")
        client.post(f"{books}/entries", json=command, headers=accountant)
    wanted = {
        "key": str(uuid4()),
        "first": "2026-08-01",
        "last": "2026-08-01",
        "text": "Loaded twice",
        "effective_on": "2026-08-31",
        "reason": "Loaded twice",
    }
    shown = client.post(f"{books}/bulk/correct", json=wanted, headers=accountant).json()
    assert (shown["act"], shown["documents"], shown["can_be_done"], shown["amount"]) == ("storno", 2, 2, "2469.12")
    done = client.post(f"{books}/bulk/correct/{shown['id']}", headers=accountant).json()
    assert (done["state"], done["done"], done["refused"]) == ("done", 2, 0)
    again = client.post(
        f"{books}/bulk/correct", json=wanted | {"key": str(uuid4()), "text": None}, headers=accountant
    ).json()
    assert {reason["refusal"]["code"] for reason in again["reasons"]} == {"already-corrected", "not-correctable"}
    items = client.get(f"{books}/bulk/{again['id']}", headers=accountant).json()["items"]
    assert {item["refusal"]["detail"].partition(" is ")[0] for item in items} == {item["name"] for item in items}
    nothing = client.post(
        f"{books}/bulk/correct", json=wanted | {"key": str(uuid4()), "text": "no such text"}, headers=accountant
    )
    assert (nothing.status_code, nothing.json()["code"]) == (422, "bulk-empty")
