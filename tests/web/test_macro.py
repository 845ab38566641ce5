"""Series of drivers: read with their source and doubts, expected by a planner once a day."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from erp.base.clock import today
from tests.api.test_plans import with_planners
from tests.conftest import TestServer
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


def test_series_show_their_values_with_day_source_and_doubt(desk: Desk, sign_in: SignIn) -> None:
    auditor = sign_in("auditor")
    page = auditor.get(f"{desk.home}drivers")
    assert page.status_code == 200, page.text
    assert "Average price of Brent oil" in page.text
    one = auditor.get(f"{desk.home}drivers/nominal_wage_average").text
    assert "364\u00a0295" in one
    assert "Not verified against the official act" in one, "2024 is recalled only"
    assert not Outline(one).all("form", action=f"{desk.home}drivers/nominal_wage_average"), "an auditor changes nothing"
    assert auditor.get(f"{desk.home}drivers/no_such").status_code == 404
    files = {form: auditor.get(f"{desk.home}drivers?as={form}") for form in ("xlsx", "csv", "pdf")}
    assert all(answer.status_code == 200 for answer in files.values())
    assert "brent" in files["csv"].text


def test_what_is_expected_counts_beside_what_is_published(desk: Desk, sign_in: SignIn) -> None:
    planner, auditor = sign_in("planner"), sign_in("auditor")
    address, year = f"{desk.home}drivers/brent", today().year
    wrong = planner.send(address, {f"year-{year}": "sixty", "source": ""})
    assert wrong.status_code == 422
    assert "sixty" in wrong.text
    assert planner.send(address, {"source": "Nothing said"}).status_code == 422
    said = {f"year-{year}": "61,5", f"year-{year + 1}": "60", "source": "Forecast of the region"}
    assert planner.send(address, said).status_code == 303
    assert planner.send(address, said).status_code == 303, "sent twice"
    slip = auditor.get(address).text
    assert "<strong>61,5</strong>" in slip
    assert planner.send(address, said | {f"year-{year}": "62"}).status_code == 303
    page = auditor.get(address).text
    assert "<strong>62</strong>" in page
    assert "61,5" in page, "what was said stays"
    assert "<strong>61,5</strong>" not in page
    assert "Forecast of the region" in page
    assert auditor.send(address, said).status_code == 403


def test_what_was_said_stays(desk: Desk) -> None:
    with desk.engine.connect() as connection, pytest.raises(DBAPIError, match="permission denied"):
        connection.execute(text("UPDATE economy_expected SET value = 1"))
