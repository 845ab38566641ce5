"""Plans on their pages: begun, branched, read, compared, undone by who plans; frozen by another; read by an auditor."""

import re
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from erp.base import uow
from erp.base.scope import Scope
from erp.economy.plans import service
from erp.economy.plans.model import CellChange, Section
from ledger.model import Actor
from tests.api.test_plans import with_planners
from tests.conftest import TestServer
from tests.factories.plans import a_leaf
from tests.web.desk import Desk, Reader
from tests.web.outline import Outline

SignIn = Callable[[str], Reader]


@pytest.fixture(scope="module")
def own_desk(server: TestServer) -> Iterator[Desk]:
    url = server.new_database()
    desk = with_planners(url)
    yield desk
    desk.engine.dispose()
    server.drop_database(url)


@pytest.fixture
def desk(own_desk: Desk) -> Desk:
    return own_desk


def begun(reader: Reader, home: str, name: str) -> str:
    """Begin a plan by its form; returns its page."""
    key = Outline(reader.get(f"{home}plans").text).all("input", name="key")[0]["value"]
    fields = {"key": key, "name": name, "first": "2027", "years": "3", "base": "2"}
    answer = reader.send(f"{home}plans", fields)
    assert answer.status_code == 303, answer.text
    assert reader.send(f"{home}plans", fields).headers["location"] == answer.headers["location"], "sent twice"
    return str(answer.headers["location"])


def filled(desk: Desk, plan: str) -> tuple[int, list[int]]:
    """A base with wages and food of the school and a tax; returns its number and the leaves."""
    plan_id, school = int(plan.rpartition("/")[2]), desk.school
    here = frozenset({school})

    def act(u: uow.UnitOfWork) -> tuple[int, list[int]]:
        (base,) = service.versions(u, school, plan_id)
        keys = [
            a_leaf(budget=school, organisation=school),
            a_leaf(budget=school, organisation=school, economic="141"),
            a_leaf(Section.REVENUE, budget=school, organisation=school, programme="", economic="101201"),
        ]
        leaves = service.intern(u, school, plan_id, keys).tolist()
        cells = [
            CellChange(leaf, 2027, tiyn)
            for leaf, tiyn in zip(leaves, (123_456_700, 50_000_000, 90_000_000), strict=True)
        ]
        service.edit(u, school, plan_id, base.id, cells, "As reported", expected_edits=0, key=uuid4())
        return base.id, leaves

    return uow.run(desk.engine, Scope(Actor(desk.users["planner"], "test"), edits=here), act)


def test_a_plan_is_begun_branched_compared_undone_and_frozen(desk: Desk, sign_in: SignIn) -> None:
    planner, head, auditor = sign_in("planner"), sign_in("budget-head"), sign_in("auditor")
    plan = begun(planner, desk.home, "Budget 2027–2029")
    empty = planner.get(f"{plan}/versions/{plan_base(planner, plan)}").text
    assert "holds no cells yet" in empty
    base, leaves = filled(desk, plan)

    shown = auditor.get(f"{plan}/versions/{base}")
    assert shown.status_code == 200, shown.text
    assert "II. Expenditure" in shown.text
    assert "1\u202f734,6" in shown.text.replace("\xa0", "\u202f"), "thousands of tenge, rounded"
    assert "−834,6" in shown.text, "the balance follows"
    assert "Undo" not in shown.text, "an auditor changes nothing"
    opened = auditor.get(f"{plan}/versions/{base}?by=economic&in.section=expenditure&in.programme.group=04").text
    assert "Education" in opened
    assert "Food" in opened
    assert auditor.get(f"{plan}/versions/{base}?by=mood").status_code == 422
    assert auditor.get(f"{plan}/versions/{base}?by=programme.subprogramme").status_code == 200

    refused = planner.send(f"{plan}/versions/{base}/freeze", {"edits": "1"})
    assert refused.status_code == 403
    frozen = head.send(f"{plan}/versions/{base}/freeze", {"edits": "1"})
    assert frozen.status_code == 303, frozen.text
    assert "SHA-256" in head.get(f"{plan}/versions/{base}").text

    fields = {"key": str(uuid4()), "parent": str(base), "kind": "draft", "name": "", "reason": ""}
    nameless = planner.send(f"{plan}/versions", fields)
    assert nameless.status_code == 422
    branched = planner.send(f"{plan}/versions", fields | {"name": "Working"})
    draft = str(branched.headers["location"])
    edit = [CellChange(leaves[0], 2027, 133_456_700), CellChange(leaves[1], 2028, 100)]
    here, plan_id = frozenset({desk.school}), int(plan.rpartition("/")[2])
    uow.run(
        desk.engine,
        Scope(Actor(desk.users["planner"], "test"), edits=here),
        lambda u: service.edit(
            u, desk.school, plan_id, int(draft.rpartition("/")[2]), edit, "Pay is raised", expected_edits=0, key=uuid4()
        ),
    )
    compared = auditor.get(f"{plan}/compare?a={base}&b={draft.rpartition('/')[2]}&by=economic&different=1").text
    assert "+100,0" in compared
    assert [each.text for each in Outline(compared).all("th", scope="colgroup")] == [
        "2027",
        "Difference in other years",
    ]
    assert "Remuneration of labour" in compared
    by_section = f"{plan}/compare?a={base}&b={draft.rpartition('/')[2]}&by=section"
    whole, differing = (
        [[cell.text for cell in row.inside if cell.tag == "td"][:3] for row in page.all("tr") if "V. " in row.text]
        for page in (Outline(auditor.get(f"{by_section}{only}").text) for only in ("", "&different=1"))
    )
    assert differing == whole, "revenue does not differ, and counts all the same"
    assert whole[0][2] == "−100,0"
    file = auditor.get(f"{plan}/compare?a={base}&b={draft.rpartition('/')[2]}&by=economic&as=csv")
    assert "1334567" in file.text
    cells = auditor.get(f"{draft}/edits/1").text
    assert "no cell" in cells

    page = Outline(planner.get(draft).text)
    sent = {"key": page.all("input", name="key")[0]["value"], "edits": "1", "reason": ""}
    silent = planner.send(f"{draft}/edits/1/undo", sent)
    assert silent.status_code == 422
    assert 'id="reason-1-fault"' in silent.text
    assert 'href="#reason-1"' in silent.text
    assert planner.send(f"{draft}/edits/1/undo", sent | {"reason": "A mistake"}).status_code == 303
    after = planner.get(draft).text
    assert "undoes № 1" in after
    assert "undone by № 2" in after
    stale = planner.send(f"{draft}/edits/2/undo", sent | {"key": str(uuid4()), "reason": "Back"})
    assert stale.status_code == 409
    refused = planner.send(f"{draft}/edits/1/undo", {"key": str(uuid4()), "edits": "2", "reason": "Once more"})
    assert (refused.status_code, "undone already, by edit 2" in refused.text) == (409, True)
    assert "Version of a plan frozen" in planner.get(plan).text, "who plans reads what happened to the plan"
    assert "Working" in auditor.get(plan).text
    told = auditor.get(f"{desk.home}audit").text
    assert all(words in told for words in ("Plan begun", "Version of a plan frozen", "Edit of a version undone"))


def test_a_trial_is_put_away_found_again_and_brought_back(desk: Desk, sign_in: SignIn) -> None:
    planner, auditor = sign_in("planner"), sign_in("auditor")
    plan = begun(planner, desk.home, "With a trial")
    base, _ = filled(desk, plan)
    fields = {"key": str(uuid4()), "parent": str(base), "kind": "sandbox", "name": "Only a trial", "reason": ""}
    trial = str(planner.send(f"{plan}/versions", fields).headers["location"])
    number = trial.rpartition("/")[2]
    assert f"{trial}/put-away" not in auditor.get(trial).text
    assert f"/versions/{base}/put-away" not in planner.get(f"{plan}/versions/{base}").text, "the base stays"
    silent = planner.send(f"{trial}/put-away", {"edits": "0", "reason": ""})
    assert silent.status_code == 422
    assert 'id="reason-away-fault"' in silent.text
    assert 'href="#reason-away"' in silent.text
    away = {"edits": "0", "reason": "It leads nowhere"}
    assert planner.send(f"{trial}/put-away", away).headers["location"] == trial
    page = auditor.get(trial).text
    assert "put this version away" in page
    assert "It leads nowhere" in page
    assert f"{trial}/pivot" not in page
    assert "Bring it back" not in page, "an auditor changes nothing"
    listed = Outline(auditor.get(plan).text)
    assert not [each for each in listed.all("option") if each["value"] == number]
    (folded,) = [each for each in listed.all("details") if each["id"] == "put-away"]
    assert "Only a trial" in folded.text
    assert "Version of a plan put away" in auditor.get(plan).text
    compared = f"{plan}/compare?a={base}&b={number}"
    for more in (compared, f"{compared}&as=csv", f"{trial}/pivot", f"{trial}/pivot?as=csv", f"{trial}/pivot/actual"):
        assert auditor.get(more).headers["location"] == trial, more
    assert auditor.get(f"{plan}/compare?a={base}&b=77").status_code == 404
    assert auditor.get(f"{plan}/versions").headers["location"] == f"{plan}#versions"
    assert auditor.get(f"{plan}/scenarios").headers["location"] == f"{desk.home}scenarios"
    for page in (planner.get(trial).text, planner.get(f"{trial}/file").text):
        assert "put this version away" in page
        assert [each["action"] for each in Outline(page).all("form")].count(f"{trial}/bring-back") == 1
    upon = planner.send(f"{plan}/versions", fields | {"key": str(uuid4()), "parent": number, "name": "Upon it"})
    assert (upon.status_code, 'id="parent-fault"' in upon.text) == (422, True)
    offered = [each for each in Outline(upon.text).one("select", id="parent").inside if each.tag == "option"]
    assert offered[0]["value"] == "", "no other parent is chosen"
    assert not [each for each in offered if "selected" in each.attributes]
    assert planner.send(f"{trial}/bring-back", {}).headers["location"] == trial
    assert f"{trial}/pivot" in auditor.get(trial).text


def test_what_a_version_stands_upon_comes_back_before_it(desk: Desk, sign_in: SignIn) -> None:
    planner = sign_in("planner")
    plan = begun(planner, desk.home, "Twice away")
    parent, upon = str(plan_base(planner, plan)), ""
    for name in ("Below", "Above"):
        fields = {"key": str(uuid4()), "parent": parent, "kind": "sandbox", "name": name, "reason": ""}
        below, upon = upon, str(planner.send(f"{plan}/versions", fields).headers["location"])
        parent = upon.rpartition("/")[2]
    for each in (upon, below):
        planner.send(f"{each}/put-away", {"edits": "0", "reason": "It leads nowhere"})
    page = planner.send(f"{upon}/bring-back", {})
    assert page.status_code == 409
    (way,) = [each["href"] for each in Outline(page.text).all("a") if "Bring it back first" in each.text]
    assert way == below
    assert f'action="{upon}/bring-back"' not in page.text
    planner.send(f"{way}/bring-back", {})
    assert planner.send(f"{upon}/bring-back", {}).headers["location"] == upon


def test_a_version_that_nobody_may_type_into_does_not_lead_to_its_pivot(desk: Desk, sign_in: SignIn) -> None:
    planner = sign_in("planner")
    plan = begun(planner, desk.home, "Without figures")
    fields = {"key": str(uuid4()), "parent": str(plan_base(planner, plan)), "kind": "sandbox", "name": "Empty"}
    trial = str(planner.send(f"{plan}/versions", fields).headers["location"])
    assert "Type figures in the pivot" in planner.get(trial).text
    planner.send(f"{trial}/put-away", {"edits": "0", "reason": "It leads nowhere"})
    assert f"{trial}/pivot" not in planner.get(trial).text


def test_a_long_past_begins_with_its_latest_and_names_versions(desk: Desk, sign_in: SignIn) -> None:
    planner = sign_in("planner")
    plan = begun(planner, desk.home, "A long past")
    base, leaves = filled(desk, plan)
    scope = Scope(Actor(desk.users["planner"], "test"), edits=frozenset({desk.school}))

    def edits(u: uow.UnitOfWork) -> None:
        at = desk.school, int(plan.rpartition("/")[2]), base
        for no in range(1, 12):
            change = [CellChange(leaves[0], 2027, no)]
            service.edit(u, *at, change, f"Edit {no}", expected_edits=no, key=uuid4())

    uow.run(desk.engine, scope, edits)
    for address, section in ((plan, "history"), (f"{plan}/versions/{base}", "history")):
        page = planner.get(address).text
        assert page.count('<p class="timeline-head">') == 8
        (more,) = [each["href"] for each in Outline(page).all("a", rel="next") if "history=" in each["href"]]
        assert more.endswith(f"#{section}")
        rest = planner.get(more.replace("&amp;", "&")).text
        assert rest.count('<p class="timeline-head">') == 13 - 8 if address == plan else 12 - 8
    named = Outline(planner.get(plan).text)
    assert "A long past" in [each.text for each in named.all("a") if each["href"] == f"{plan}/versions/{base}"]
    version = planner.get(f"{plan}/versions/{base}").text
    assert "Edit 11" in version
    early = {"key": str(uuid4()), "edits": "12", "reason": "Too early"}
    refused = planner.send(f"{plan}/versions/{base}/edits/2/undo", early)
    assert refused.status_code == 409
    (way,) = [each for each in Outline(refused.text).all("div") if each["id"] == "in-the-way"]
    assert ("2027" in way.text, "111" in way.text) == (True, True)
    (older,) = [each["href"] for each in Outline(version).all("a", rel="next") if "cursor=" in each["href"]]
    assert "Edit 2" in planner.get(older.replace("&amp;", "&")).text


def test_where_a_budget_does_not_hold_it_is_told_with_the_terms(desk: Desk, sign_in: SignIn) -> None:
    planner = sign_in("planner")
    plan = begun(planner, desk.home, "Uncovered")
    base, _ = filled(desk, plan)
    version = planner.get(f"{plan}/versions/{base}").text
    assert "does not hold" in version
    assert "2027: −0,8" in version, "million tenge, of the whole and of the one budget in it"
    assert "2027: 900\xa0000,00 − 1\xa0734\xa0567,00 − 0,00 − 0,00 = −834\xa0567,00" in version.replace(
        "\u202f", "\xa0"
    )
    compared = planner.get(f"{plan}/compare?a={base}&b={base}").text
    rows = [row.text for row in Outline(compared).all("tr")]
    assert any(row.startswith("V. Deficit (−) or surplus") and "−834,6" in row for row in rows)
    assert any(row.startswith("Not covered by financing") for row in rows)
    narrowed = planner.get(f"{plan}/compare?a={base}&b={base}&by=section&in.section=revenue").text
    assert "V. Deficit" not in narrowed


def plan_base(reader: Reader, plan: str) -> int:
    (base,) = re.findall(rf'href="{plan}/versions/(\d+)"', reader.get(plan).text)
    return int(base)


def test_a_form_with_faults_comes_back_as_it_was_typed(desk: Desk, sign_in: SignIn) -> None:
    planner = sign_in("planner")
    fields = {"key": str(uuid4()), "name": "Budget", "first": "next", "years": "3", "base": "2"}
    refused = planner.send(f"{desk.home}plans", fields)
    assert refused.status_code == 422
    assert 'value="next"' in refused.text
    assert 'id="first-fault"' in refused.text
    assert planner.send(f"{desk.home}plans", fields | {"first": "1990"}).status_code == 422
    assert sign_in("auditor").send(f"{desk.home}plans", fields).status_code == 403
    assert sign_in("accountant").get(f"{desk.home}plans").status_code == 403
