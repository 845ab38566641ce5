"""The scenario page as its planner uses it: plain forms, the part that a script asks for, why, fan; who may what."""

import re
from collections.abc import Iterator
from html import unescape
from uuid import uuid4

import pytest
from litestar.testing import TestClient

from erp.economy.formulas.faults import ModelFaulty
from erp.economy.plans import rules as plan_rules
from erp.economy.scenarios import service
from tests.conftest import TestServer
from tests.factories.application import app_over
from tests.factories.scenarios import GOODS, PAY, Scenarios, scenarios
from tests.web.desk import Reader

NO_BREAK = "\u00a0"


@pytest.fixture(scope="module")
def planned(server: TestServer) -> Iterator[Scenarios]:
    url = server.new_database()
    made = scenarios(url)
    yield made
    made.planning.oblast.engine.dispose()
    server.drop_database(url)


@pytest.fixture(scope="module")
def sign_in(planned: Scenarios) -> Iterator[dict[str, Reader]]:
    app = app_over(planned.planning.oblast.engine)
    with TestClient(app) as planner, TestClient(app) as inspector, TestClient(app) as driver:
        yield {
            "planner": Reader(planner, "planner"),
            "inspector": Reader(inspector, "inspector"),
            "driver": Reader(driver, "driver"),
        }


@pytest.fixture
def planner(sign_in: dict[str, Reader]) -> Reader:
    return sign_in["planner"]


@pytest.fixture
def page(planned: Scenarios) -> str:
    """The page of a scenario just begun."""
    begun = planned.begin()
    return f"/o/{planned.at}/plans/{planned.plan}/scenarios/{begun.version_id}"


def fields(html: str) -> dict[str, str]:
    """Hidden fields of the form that saves."""
    form = html[html.index('<form id="save"') :].partition("</form>")[0]
    return dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form))


def test_a_scenario_is_begun_from_the_list(planner: Reader, planned: Scenarios) -> None:
    address = f"/o/{planned.at}/scenarios"
    listed = planner.get(address)
    assert listed.status_code == 200, listed.text
    key = re.search(r'name="key" value="([^"]+)"', listed.text)
    assert key
    said = {"key": key[1], "parent": f"{planned.plan}/{planned.planning.base_id}", "name": "Cheap oil"}
    short = planner.send(address, said | {"reason": ""})
    assert (short.status_code, "Cheap oil" in short.text) == (422, True), "what was typed stays"
    begun = planner.send(address, said | {"reason": "What if"})
    assert begun.status_code == 303, begun.text
    assert planner.get(begun.headers["location"]).status_code == 200
    assert begun.headers["location"] in planner.get(address).text


def test_values_in_the_address_are_tried_and_not_saved(planner: Reader, planned: Scenarios, page: str) -> None:
    saved, tried = planner.get(page).text, planner.get(f"{page}?cpi.2027=20").text
    assert "tried here, not saved" in tried
    assert saved.count("+") < tried.count("+")
    assert planner.get(page).text.count("tried here") == 0
    part = planner.get(f"{page}/figures?cpi.2027=20").text
    assert "<html" not in part
    assert 'name="cpi.2027" value="20"' in part


def test_what_cannot_be_taken_stands_at_its_field_and_the_rest_counts(planner: Reader, page: str) -> None:
    html = planner.get(f"{page}?cpi.2027=abc&cpi.2028=-100&wage_growth.2027=20").text
    assert 'aria-describedby="cpi.2027-fault"' in html
    assert 'aria-describedby="cpi.2028-fault"' in html
    assert 'value="abc"' in html
    assert "wage_growth.2027" in fields(html)


@pytest.mark.parametrize("wrong", ["abc", "-100"])
def test_what_cannot_be_taken_is_not_left_out_of_what_is_saved(planner: Reader, page: str, wrong: str) -> None:
    said = fields(planner.get(f"{page}?cpi.2027={wrong}&wage_growth.2027=20").text) | {"reason": "Both"}
    assert said["cpi.2027"] == wrong
    refused = planner.send(f"{page}/save", said)
    assert refused.status_code == 422
    assert 'aria-describedby="cpi.2027-fault"' in refused.text
    assert "Both" in refused.text
    assert "typed by" not in planner.get(page).text


def test_what_is_shown_is_saved_with_a_reason(planner: Reader, planned: Scenarios, page: str) -> None:
    said = fields(planner.get(f"{page}?wage_growth.2027=25,5").text)
    without = planner.send(f"{page}/save", said | {"reason": ""})
    assert (without.status_code, "25,5" in without.text) == (422, True)
    saved = planner.send(f"{page}/save", said | {"reason": "Higher pay"})
    assert (saved.status_code, saved.headers["location"]) == (303, f"{page}?with={planned.planning.base_id}")
    assert planner.send(f"{page}/save", said | {"reason": "Higher pay"}).status_code == 303, "sent twice"
    html = planner.get(page).text
    assert "typed by Planner" in html
    assert "Higher pay" in html
    stale = planner.send(f"{page}/save", said | {"key": "7a6cb1e0-7f5c-4d7c-8f0a-2f3a4b5c6d7e", "reason": "Once more"})
    assert stale.status_code == 409


def test_a_section_is_opened_down_to_its_lines_and_a_line_says_why(
    planner: Reader, planned: Scenarios, page: str
) -> None:
    address = f"{page}?wage_growth.2027=25"
    for _ in range(4):
        html = planner.get(address).text
        below = html[html.index('id="breakdown"') :]
        found = re.search(r'<a class="row-link" href="([^"#]+)', below)
        assert found
        address = found[1].replace("&amp;", "&")
        assert "wage_growth.2027=25" in address, "values travel"
    assert "/lines/" in address
    line = planned.planning.leaves[PAY]
    why = planner.get(f"{page}/lines/{line}?wage_growth.2027=25&year=2028").text
    assert "base * pay" in why
    assert "tried here, not saved" in why
    assert "held from" in why
    assert planner.get(f"{page}/lines/999999").status_code == 404


def test_a_fan_is_drawn_with_its_table(planner: Reader, page: str) -> None:
    first, again = (planner.get(f"{page}/fan?at=revenue").text for _ in range(2))
    assert "<svg" in first
    assert re.findall(r'class="figure">[^<]+', first) == re.findall(r'class="figure">[^<]+', again)
    assert "seed 2027" in first
    assert " style=" not in first


def typed(html: str, name: str) -> str:
    """A hidden field of the form with the text of the formulas."""
    return re.findall(rf'name="{name}" value="([^"]*)"', html)[0]


def test_formulas_are_tried_mended_and_saved_as_a_revision_that_is_compared(
    planner: Reader, planned: Scenarios, page: str
) -> None:
    address = f"{page}/formulas"
    assert address in planner.get(page).text
    opened = planner.get(address).text
    assert "as the scenario began with them" in opened
    text = unescape(opened.partition('name="formulas"')[2].partition(">\n")[2].partition("</textarea>")[0])
    said = {"key": typed(opened, "key"), "revision": "1", "reason": "", "formulas": text}
    lined = text.replace("(110, 120, 130) = base * pay", "(110, 120, 130) = base * pay * 110%").replace("\n", "\r\n")

    wrong = planner.send(address, said | {"formulas": lined.replace("pay * 110%", "payy"), "act": "try"})
    assert wrong.status_code == 422
    line = text[: text.index("(110, 120, 130)")].count("\n") + 1
    assert f"Line {line}, column" in wrong.text
    assert "<mark>payy</mark>" in wrong.text
    assert "payy" in wrong.text.partition("<textarea")[2], "what was typed stays"

    tried = planner.send(address, said | {"formulas": lined, "act": "try"})
    assert tried.status_code == 200, tried.text
    assert "As it is saved" in tried.text
    assert "+60,0" in tried.text, "a tenth of 600 million of pay"
    assert "as the scenario began with them" in planner.get(address).text, "nothing is saved"

    without = planner.send(address, said | {"formulas": lined, "act": "save"})
    assert (without.status_code, 'id="reason-fault"' in without.text) == (422, True)
    saved = planner.send(address, said | {"formulas": lined, "reason": "Pay is higher here", "act": "save"})
    assert saved.status_code == 303, saved.text
    again = planner.get(address).text
    assert re.search(r"<del>[^<]*base \* pay from base</del>", again)
    assert re.search(r"<ins>[^<]*base \* pay \* 110% from base</ins>", again)
    assert "Written here." in again
    stale = planner.send(
        address, said | {"key": str(uuid4()), "formulas": text, "reason": "As they were", "act": "save"}
    )
    assert (stale.status_code, text[:60] in unescape(stale.text)) == (409, True)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "Fill"),
        ("measure amount: % = 5%", "measure amount: KZT"),
        ("input base: KZT\nmeasure amount: KZT = 5 KZT", "Line 2, column 9"),
        ("input oil: KZT\nmeasure amount: KZT = oil", "A scenario gives no “oil”"),
        ("driver brent: KZT\ninput base: KZT\nmeasure amount: KZT = base + brent", "gives no “brent”"),
        ("input base: KZT\nmeasure amount: mln KZT = base", "with a value for each cell"),
        ("input base: KZT\nmeasure amount: KZT = base * " + "9" * 300, "they cannot be saved"),
        ("input base: KZT\nmeasure amount: KZT = lag(base, 50)", "they cannot be saved"),
        ("<script>alert(1)</script>", "&lt;script&gt;"),
        ("input base: KZT\n" + "x" * 200_000, "200"),
    ],
)
def test_formulas_that_give_no_plan_are_told_and_never_fail(planner: Reader, page: str, text: str, told: str) -> None:
    said = {"key": str(uuid4()), "revision": "1", "formulas": text, "act": "try"}
    answer = planner.send(f"{page}/formulas", said)
    assert answer.status_code in (200, 422)
    assert told in answer.text
    if "cannot be saved" in told:
        kept = planner.send(f"{page}/formulas", said | {"reason": "Whatever", "act": "save"})
        assert kept.status_code == 409
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize("name", ["X.2027", "oil.1000", f"{'a' * 80}.2027", ".2027", "cpi.2026", "cpi.20277"])
def test_a_field_that_no_scenario_has_is_refused_and_nothing_fails(planner: Reader, page: str, name: str) -> None:
    assert planner.get(f"{page}?{name}=5").status_code == 200
    said = fields(planner.get(page).text)
    assert planner.send(f"{page}/save", said | {name: "5", "reason": "Whatever"}).status_code == 422


def test_values_too_large_together_stay_at_their_fields_and_what_is_saved_is_shown(
    planner: Reader, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = re.findall(r'<span class="figure[^>]*>[^<]*', planner.get(f"{page}/figures").text)
    monkeypatch.setattr(plan_rules, "_SUMMABLE", 10**13)
    part = planner.get(f"{page}/figures?wage_growth.2027=100000")
    assert (part.status_code, "<html" in part.text) == (200, False)
    assert "too large to be added up" in part.text
    assert saved
    assert re.findall(r'<span class="figure[^>]*>[^<]*', part.text) == saved
    said = fields(planner.get(f"{page}?wage_growth.2027=100000").text) | {"reason": "Far too much"}
    refused = planner.send(f"{page}/save", said)
    assert refused.status_code == 422
    assert all(each in refused.text for each in ("100000", "Far too much", "too large to be added up"))


def test_figures_of_formulas_that_a_register_made_faulty_lead_to_the_formulas(
    planner: Reader, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(*_: object) -> None:
        raise ModelFaulty([])

    monkeypatch.setattr(service.Scenario, "figures", faulty)
    answer = planner.get(f"{page}/figures")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{page}/formulas")


def test_an_undone_save_is_told_on_the_page_and_one_undone_in_part_can_be_saved_anew(
    planner: Reader, planned: Scenarios, page: str
) -> None:
    version = int(page.rpartition("/")[2])
    planned.save(version, {"usdkzt": {2029: "600"}})
    planned.planning.undo(1, version)
    html = planner.get(page).text
    assert "shown is revision № 1" in html
    assert 'value="600"' not in html
    planned.planning.undo(2, version)
    planned.save(version, {"usdkzt": {2028: "590"}})
    planned.planning.undo(3, version)
    html = planner.get(page).text
    assert "undone in part" in html
    assert planner.send(f"{page}/save", fields(html) | {"reason": "Anew"}).status_code == 303
    assert "undone in part" not in planner.get(page).text


def test_what_is_unusual_is_computed_and_told(planner: Reader, page: str) -> None:
    html = planner.get(f"{page}/figures?brent.2027=18&cpi.2028=-1").text.replace(NO_BREAK, " ")
    assert "Beyond what is usual: Brent oil price, 2027: 18 (20 – 140); Inflation (December to December), 2028" in html
    slider = re.search(r'<input type="range" min="(\S+)" max="(\S+)"', planner.get(f"{page}?brent.2027=18").text)
    assert slider is not None
    assert slider.groups() == ("18", "140")


def test_a_line_is_explained_from_its_first_year_on_and_says_where_it_has_no_figure(
    planner: Reader, planned: Scenarios
) -> None:
    draft = planned.planning.branch(name="Goods begin later")
    planned.planning.edit([(GOODS, 2027, None)], draft.id)
    begun = planned.begin("Goods begin later", parent=draft.id)
    planned.planning.edit([(GOODS, 2026, 500)], begun.version_id)
    line = f"/o/{planned.at}/plans/{planned.plan}/scenarios/{begun.version_id}/lines"
    leaf = planned.planning.leaves[GOODS]
    first = planner.get(f"{line}/{leaf}").text
    assert 'aria-current="page">2028</a>' in first
    assert "base * prices" in first
    nothing = planner.get(f"{line}/{leaf}?year=2027")
    assert nothing.status_code == 200
    assert "The line has no figure in this year." in nothing.text
    assert planner.get(f"{line}/999999").status_code == 404
    planned.planning.edit([(GOODS, 2027, 777)], begun.version_id)
    typed = planner.get(f"{line}/{leaf}").text
    assert 'aria-current="page">2027</a>' in typed
    assert "no formula gives it" in typed


def test_the_auditor_tries_and_saves_nothing_and_others_see_nothing(
    sign_in: dict[str, Reader], planned: Scenarios, page: str
) -> None:
    html = sign_in["inspector"].get(f"{page}?cpi.2027=20").text
    assert "tried here, not saved" in html
    assert 'id="save"' not in html
    assert "readonly" in sign_in["inspector"].get(f"{page}/formulas").text
    for address in ("save", "formulas"):
        refused = sign_in["inspector"].send(f"{page}/{address}", {"reason": "By the auditor", "act": "try"})
        assert refused.status_code == 403
    for address in (page, f"{page}/figures", f"{page}/fan", f"{page}/formulas", f"/o/{planned.at}/scenarios"):
        assert sign_in["driver"].get(address).status_code in (403, 404)


def test_pages_of_another_plan_and_of_no_scenario_are_not_there(planner: Reader, planned: Scenarios, page: str) -> None:
    assert planner.get(page.replace(f"/plans/{planned.plan}/", "/plans/999/")).status_code == 404
    base = f"/o/{planned.at}/plans/{planned.plan}/scenarios/{planned.planning.base_id}"
    assert planner.get(base).status_code == 404


def test_the_identities_stand_with_their_terms_and_the_dashes_of_the_chart_are_explained(
    planner: Reader, page: str
) -> None:
    html = planner.get(page).text
    shown = html.replace(NO_BREAK, " ")
    assert "2027: 1 200 000 000,00 − 1 260 000 004,80 − 60 000 000,00 − 0,00 = −120 000 004,80" in shown
    assert "2027: VI = 120 000 004,80; −V = 120 000 004,80" in shown
    assert re.search(r'role-legend-symbol[^>]*><path[^>]*stroke="var\(--ink\)"[^>]*stroke-dasharray', html)


def test_the_head_marks_scenarios_and_not_plans(planner: Reader, planned: Scenarios, page: str) -> None:
    marked = r'<a class="section"[^>]*href="([^"]+)" aria-current="page"'
    for address, section in (
        (page, "scenarios"),
        (f"{page}/formulas", "scenarios"),
        (page.partition("/scenarios")[0], "plans"),
    ):
        assert re.findall(marked, planner.get(address).text) == [f"/o/{planned.at}/{section}"]


def test_a_scenario_that_is_put_away_is_still_read_and_says_so(planner: Reader, planned: Scenarios) -> None:
    below = planned.begin("Below")
    above = planned.begin("Above", parent=below.version_id)
    for each in (above, below):
        planned.planning.put_away(each.version_id)
    address = f"/o/{planned.at}/plans/{planned.plan}/scenarios/{above.version_id}"
    for part in ("", "/formulas"):
        page = planner.get(f"{address}{part}")
        assert page.status_code == 200, page.text
        assert "put this version away" in page.text
        assert f'action="{address.replace("scenarios", "versions")}/bring-back"' in page.text
        assert 'id="save"' not in page.text
    beside = planned.begin("Beside").version_id
    told = planner.get(address.replace(str(above.version_id), str(beside)) + f"?with={above.version_id}").text
    assert "The version “Above” was put away." in told
    listed = planner.get(f"/o/{planned.at}/scenarios").text
    assert address not in listed
    assert f'value="{planned.plan}/{below.version_id}"' not in listed, "none starts from it"
