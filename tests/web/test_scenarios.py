"""The scenario page as its planner uses it: plain forms, the part that a script asks for, why, fan; who may what."""

import re
from collections.abc import Iterator

import pytest
from litestar.testing import TestClient

from api.app import create_app
from tests.conftest import TestServer
from tests.factories.scenarios import PAY, Scenarios, scenarios
from tests.web.desk import Reader
from web.app import pages

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
    app = create_app(planned.planning.oblast.engine, pages, threads=4)
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
    html = planner.get(f"{page}?cpi.2027=abc&cpi.2028=99&wage_growth.2027=20").text
    assert 'aria-describedby="cpi.2027-fault"' in html
    assert 'aria-describedby="cpi.2028-fault"' in html
    assert 'value="abc"' in html
    assert "wage_growth.2027" in fields(html)
    assert "cpi.2027" not in fields(html)


def test_what_is_shown_is_saved_with_a_reason(planner: Reader, planned: Scenarios, page: str) -> None:
    said = fields(planner.get(f"{page}?wage_growth.2027=25,5").text)
    without = planner.send(f"{page}/save", said | {"reason": ""})
    assert (without.status_code, "25,5" in without.text) == (422, True)
    assert planner.send(f"{page}/save", said | {"reason": "Higher pay"}).status_code == 303
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


def test_the_auditor_tries_and_saves_nothing_and_others_see_nothing(
    sign_in: dict[str, Reader], planned: Scenarios, page: str
) -> None:
    html = sign_in["inspector"].get(f"{page}?cpi.2027=20").text
    assert "tried here, not saved" in html
    assert 'id="save"' not in html
    refused = sign_in["inspector"].send(f"{page}/save", {"reason": "By the auditor"})
    assert refused.status_code == 403
    for address in (page, f"{page}/figures", f"{page}/fan", f"/o/{planned.at}/scenarios"):
        assert sign_in["driver"].get(address).status_code in (403, 404)


def test_pages_of_another_plan_and_of_no_scenario_are_not_there(planner: Reader, planned: Scenarios, page: str) -> None:
    assert planner.get(page.replace(f"/plans/{planned.plan}/", "/plans/999/")).status_code == 404
    base = f"/o/{planned.at}/plans/{planned.plan}/scenarios/{planned.planning.base_id}"
    assert planner.get(base).status_code == 404
