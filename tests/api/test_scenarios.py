"""Scenarios over HTTP: begun once, tried without saving, saved by their tag, drawn; refusals as problems."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from litestar.testing import TestClient

from erp.base import uow
from erp.base.clock import today
from erp.base.scope import system_scope
from erp.reference.access import service as access
from tests.conftest import TestServer
from tests.factories.application import app_over
from tests.factories.scenarios import PAY, Scenarios, scenarios


@pytest.fixture(scope="module")
def planned(server: TestServer) -> Iterator[Scenarios]:
    url = server.new_database()
    made = scenarios(url)
    yield made
    made.planning.oblast.engine.dispose()
    server.drop_database(url)


@pytest.fixture(scope="module")
def client(planned: Scenarios) -> Iterator[Any]:
    with TestClient(app_over(planned.planning.oblast.engine)) as client:
        yield client


@pytest.fixture(scope="module")
def headers(planned: Scenarios) -> dict[str, dict[str, str]]:
    engine = planned.planning.oblast.engine
    return {
        login: {
            "Authorization": "Bearer "
            + uow.run(engine, system_scope(), lambda u, login=login: access.issue_token(u, login, today()))  # type: ignore[misc]
        }
        for login in ("planner", "inspector", "driver")
    }


def test_a_scenario_is_begun_tried_and_saved(client: Any, headers: Any, planned: Scenarios) -> None:
    books, planner = f"/api/v1/organisations/{planned.at}", headers["planner"]
    body = {
        "key": str(uuid4()),
        "plan": planned.plan,
        "parent": planned.planning.base_id,
        "name": "Cheap oil",
        "reason": "What if",
    }
    begun = client.post(f"{books}/scenarios", json=body, headers=planner)
    assert begun.status_code == 201, begun.text
    assert client.post(f"{books}/scenarios", json=body, headers=planner).json() == begun.json()
    other = client.post(f"{books}/scenarios", json=body | {"reason": "Another"}, headers=planner)
    assert (other.status_code, other.json()["code"]) == (409, "key-reused")
    one = f"{books}/plans/{planned.plan}/scenarios/{begun.json()['version_id']}"

    found = client.get(one, headers=headers["inspector"])
    assert (found.status_code, found.headers["etag"]) == (200, '"1"')
    (oil,) = [each for each in found.json()["drivers"] if each["name"] == "brent"]
    assert oil["path"][0] == {
        "year": 2027,
        "value": "60",
        "reference": "60",
        "origin": "carried",
        "series": "budget_oil_assumption",
        "vintage": oil["path"][0]["vintage"],
        "series_year": 2026,
        "verified": True,
        "said_by": "Planner",
    }
    assert client.get(one, headers=planner | {"If-None-Match": '"1"'}).status_code == 304

    said = {"wage_growth": {"2027": "25"}}
    tried = client.get(f"{one}/totals?assume=wage_growth.2027=25", headers=headers["inspector"]).json()
    assert Decimal(tried["scenario"][2]["expenditure"]) > Decimal(tried["reference"][2]["expenditure"])
    for year in tried["scenario"]:
        balance = Decimal(year["revenue"]) - sum(Decimal(year[n]) for n in ("expenditure", "lending", "assets"))
        assert Decimal(year["balance"]) == balance
        assert Decimal(year["gap"]) == balance + Decimal(year["financing"])
    assert client.get(one, headers=planner).headers["etag"] == '"1"', "nothing was saved"

    command = {"key": str(uuid4()), "assumptions": said, "reason": "Higher pay"}
    assert client.post(f"{one}/save", json=command, headers=planner).status_code == 428
    saved = client.post(f"{one}/save", json=command, headers=planner | {"If-Match": '"1"'})
    assert (saved.status_code, saved.json()["revision"]) == (200, 2), saved.text
    late = client.post(f"{one}/save", json=command | {"key": str(uuid4())}, headers=planner | {"If-Match": '"1"'})
    assert (late.status_code, late.json()["code"]) == (409, "scenario-changed")
    again = client.get(f"{one}/totals", headers=planner).json()
    assert again["scenario"] == tried["scenario"], "what was shown is what was saved"
    listed = client.get(f"{books}/scenarios", headers=planner).json()["items"]
    assert (listed[0]["name"], listed[0]["revision"]) == ("Cheap oil", 2)

    fans = [client.get(f"{one}/fan", headers=planner).json() for _ in range(2)]
    assert fans[0] == fans[1]
    amounts = [[Decimal(amount) for amount in band["amounts"]] for band in fans[0]["balance"]]
    assert amounts == sorted(amounts)


def test_what_cannot_be_taken_is_refused(client: Any, headers: Any, planned: Scenarios) -> None:
    begun = planned.begin()
    one = f"/api/v1/organisations/{planned.at}/plans/{planned.plan}/scenarios/{begun.version_id}"
    for said, code in (
        ("rain.2027=1", "driver-unknown"),
        ("cpi.2035=1", "driver-unknown"),
        ("brent.2027=0", "driver-out-of-range"),
        ("cpi.2027=NaN", "number-malformed"),
        ("cpi=1", "assumption-malformed"),
    ):
        refused = client.get(f"{one}/totals", params={"assume": said}, headers=headers["planner"])
        assert (refused.status_code, refused.json()["code"]) == (422, code)
    command = {"key": str(uuid4()), "assumptions": {}, "reason": "By the auditor"}
    for login, status in (("inspector", 403), ("driver", 404)):
        refused = client.post(f"{one}/save", json=command, headers=headers[login] | {"If-Match": '"1"'})
        assert refused.status_code == status
    assert client.get(one, headers=headers["driver"]).status_code == 404


def test_a_figure_tells_what_it_comes_from(client: Any, headers: Any, planned: Scenarios) -> None:
    begun, leaf = planned.begin("Why"), planned.planning.leaves[PAY]
    one = f"/api/v1/organisations/{planned.at}/plans/{planned.plan}/scenarios/{begun.version_id}"
    asked = {"year": 2027, "assume": "wage_growth.2027=25"}
    found = client.get(f"{one}/lines/{leaf}/precedents", params=asked, headers=headers["inspector"])
    assert found.status_code == 200, found.text
    told = found.json()
    assert (told["name"], told["leaf"], told["year"], told["unit"]) == ("amount", leaf, 2027, "KZT")
    assert "base * pay" in told["formula"]
    children = {each["name"]: each for each in told["children"]}
    assert Decimal(children["base"]["value"]) == Decimal("600000001.20")
    drivers = {each["name"]: each["assumption"] for each in _all(told) if each["assumption"]}
    assert drivers["wage_growth"]["value"] == "25"
    assert drivers["wage_growth"]["origin"] == "typed"
    assert drivers["base_wage_growth"]["value"] == drivers["wage_growth"]["reference"]
    for params, path, status in (
        (asked, "lines/999999", 404),
        ({"year": 2050}, f"lines/{leaf}", 404),
        ({"year": 2027, "assume": "rain.2027=1"}, f"lines/{leaf}", 422),
        ({}, f"lines/{leaf}", 400),
    ):
        refused = client.get(f"{one}/{path}/precedents", params=params, headers=headers["planner"])
        assert refused.status_code == status, refused.text
    assert client.get(f"{one}/lines/{leaf}/precedents", params=asked, headers=headers["driver"]).status_code == 404


def _all(node: Any) -> list[Any]:
    return [node, *(each for child in node["children"] for each in _all(child))]


def test_formulas_are_read_tried_and_compared_over_http(client: Any, headers: Any, planned: Scenarios) -> None:
    begun, planner, inspector = planned.begin("Compared"), headers["planner"], headers["inspector"]
    one = f"/api/v1/organisations/{planned.at}/plans/{planned.plan}/scenarios/{begun.version_id}"
    shipped = client.get(f"{one}/formulas", headers=inspector).json()
    assert (shipped["revision"], shipped["verified"]) == (1, False)
    assert len({shipped["kk"], shipped["ru"], shipped["en"]}) == 3
    text = shipped["text"].replace("= base * pay from base", "= base * pay * 105% from base")
    tried = client.post(f"{one}/formulas/try", json={"formulas": text}, headers=planner)
    assert tried.status_code == 200, tried.text
    assert Decimal(tried.json()["scenario"][2]["revenue"]) > Decimal(tried.json()["reference"][2]["revenue"])
    wrong = client.post(f"{one}/formulas/try", json={"formulas": "measure amount: KZT = bse"}, headers=planner)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "model-faulty")
    assert client.post(f"{one}/formulas/try", json={"formulas": text}, headers=inspector).status_code == 403
    planned.save(begun.version_id, {}, formulas=text)
    listed = client.get(f"{one}/revisions", headers=inspector).json()["items"]
    assert [(each["revision"], each["rewritten"]) for each in listed] == [(2, True), (1, False)]
    (place, *_) = client.get(f"{one}/formulas/comparison", params={"a": 1}, headers=inspector).json()["places"]
    assert next(line["text"] for line in place if line["before"] is None).endswith("105% from base")
    assert client.get(f"{one}/formulas", params={"revision": 1}, headers=inspector).json() == shipped
    unknown = client.get(f"{one}/formulas", params={"revision": 9}, headers=inspector)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "scenario-revision-unknown")
    assert client.get(f"{one}/formulas", headers=headers["driver"]).status_code == 404


def test_formulas_are_changed_over_http_and_their_faults_are_told_by_place(
    client: Any, headers: Any, planned: Scenarios
) -> None:
    begun, planner = planned.begin("Own formulas"), headers["planner"] | {"If-Match": '"1"'}
    one = f"/api/v1/organisations/{planned.at}/plans/{planned.plan}/scenarios/{begun.version_id}"
    command = {"key": str(uuid4()), "assumptions": {}, "reason": "Own formulas"}
    wrong = client.post(
        f"{one}/save", json=command | {"formulas": "input base: KZT\nmeasure amount: KZT = bse"}, headers=planner
    )
    assert (wrong.status_code, wrong.json()["code"]) == (422, "model-faulty")
    assert [(each["pointer"], each["code"]) for each in wrong.json()["errors"]] == [("/2:23", "name-mistyped")]
    text = "input base: KZT\nmeasure amount: KZT = base * 105%"
    for said in ("", "x" * 200_001, "a\0b"):
        assert client.post(f"{one}/save", json=command | {"formulas": said}, headers=planner).status_code in (400, 422)
    saved = client.post(f"{one}/save", json=command | {"formulas": text}, headers=planner)
    assert (saved.status_code, saved.json()["formulas"], saved.json()["revision"]) == (200, text, 2), saved.text
    years = client.get(f"{one}/totals", headers=planner).json()
    for ours, theirs in zip(years["scenario"][2:], years["reference"][2:], strict=True):
        assert Decimal(ours["expenditure"]) == pytest.approx(Decimal(theirs["expenditure"]) * Decimal("1.05"), abs=1)
