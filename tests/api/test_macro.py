"""Series of drivers over HTTP: every vintage, and what is expected, said once a day."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.api.test_plans import with_planners
from tests.conftest import TestServer
from tests.web.desk import Desk

Bearer = Callable[[str], dict[str, str]]


@pytest.fixture(scope="module")
def desk(server: TestServer) -> Iterator[Desk]:
    url = server.new_database()
    desk = with_planners(url)
    yield desk
    desk.engine.dispose()
    server.drop_database(url)


def test_series_over_http(desk: Desk, client: Any, bearer: Bearer) -> None:
    at = f"/api/v1/organisations/{desk.school}/drivers"
    planner, auditor = bearer("planner"), bearer("auditor")
    listed = client.get(at, headers=auditor).json()["series"]
    codes = [each["code"] for each in listed]
    assert codes == sorted(codes)
    assert {"brent", "usdkzt_average", "cpi_dec_dec"} <= set(codes)
    body = {"values": {"2027": "6.5"}, "source": "Forecast of 20.11.2026"}
    assert client.post(f"{at}/cpi_dec_dec/expected", json=body, headers=auditor).status_code == 403
    done = client.post(f"{at}/cpi_dec_dec/expected", json=body, headers=planner)
    assert done.status_code == 200, done.text
    (own,) = [each for each in done.json()["values"] if each["confidence"] == "own"]
    assert (own["year"], own["value"], own["counts"]) == (2027, "6.500000", True)
    again = client.post(f"{at}/cpi_dec_dec/expected", json=body, headers=planner)
    assert again.json() == done.json()
    other = client.post(f"{at}/cpi_dec_dec/expected", json=body | {"source": "Another"}, headers=planner)
    told = [(each["source"], each["counts"]) for each in other.json()["values"] if each["confidence"] == "own"]
    assert told == [(body["source"], False), ("Another", True)], "of a day the last counts, and all stay"
    assert client.get(f"{at}/no_such", headers=planner).status_code == 404
