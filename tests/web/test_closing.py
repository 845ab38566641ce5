"""The close on its pages: the checklist, ticking, papers, closing; the year; the matrix of institutions."""

from collections.abc import Callable, Iterator
from datetime import date

import pytest

from erp.reference.access import service as access
from tests.conftest import TestServer
from tests.web.desk import LYCEUM, Desk, Reader
from tests.web.outline import Outline
from tests.web.test_policy import begun, signed_by, with_a_director

SignIn = Callable[[str], Reader]
MONTH = "2026-12"


@pytest.fixture(scope="module")
def own_desk(server: TestServer) -> Iterator[Desk]:
    """A desk whose school has a policy that counts in December."""
    url = server.new_database()
    desk = with_a_director(url)
    yield desk
    desk.engine.dispose()
    server.drop_database(url)


@pytest.fixture
def desk(own_desk: Desk) -> Desk:
    return own_desk


def state(page: str, step: str) -> str:
    card = Outline(page).one("li", id=f"s-{step}")
    head = next(e for e in card.inside if e["class"] == "block-head")
    return next(e.text for e in head.inside if e["class"].startswith("state"))


def test_a_month_is_ticked_step_by_step_and_closed(desk: Desk, sign_in: SignIn) -> None:
    office, accountant, director = sign_in("office"), sign_in("accountant"), sign_in("director")
    policy = begun(office, desk.home, date(2026, 12, 1))
    form = Outline(office.get(f"{policy}/edit").text).fields("policy")
    kept = {"statement-confirmed", "balance-ties", "cash-not-negative", "sides-right"}
    shorter = {
        name: value
        for name, value in form.items()
        if not (name.startswith("closing.") and name.endswith(".kept") and name.split(".")[1] not in kept)
    }
    assert office.send(f"{policy}/edit", shorter).status_code == 303
    signed_by(office, policy, "propose")
    signed_by(director, policy, "sign")

    address = f"{desk.home}closing/{MONTH}"
    desk.post(on=date(2026, 12, 10))
    cash = {"debit": {"account": "1010"}, "credit": {"account": "6360"}, "amount": "5"}
    desk.post(on=date(2026, 12, 10), postings=[cash])
    page = accountant.get(address).text
    assert "No accounting policy counts" not in page
    assert {e["id"].removeprefix("s-") for e in Outline(page).all("li") if e["id"].startswith("s-")} == kept
    assert state(page, "sides-right") in ("not ticked", "late")  # as the day of the test is
    assert "1 239,56" in Outline(page).one("li", id="s-balance-ties").text.replace("\u00a0", " ")
    assert (
        accountant.send(f"{address}/ticks", {"step": "sides-right"}).headers["location"] == f"{address}#s-sides-right"
    )
    assert state(accountant.get(address).text, "sides-right") == "done"
    refused = accountant.send(f"{address}/ticks", {"step": "balance-ties"})
    assert refused.status_code == 403
    assert accountant.send(f"{address}/close", {"do": "close"}).status_code == 403

    blocked = office.send(f"{desk.home}months/{MONTH}", {"do": "close"})
    assert (
        "The checklist of December 2026 is not done: 3 of its steps"
        in Outline(blocked.text).one("section", id="faults").text
    )
    for step in ("balance-ties", "cash-not-negative"):
        assert office.send(f"{address}/ticks", {"step": step}).status_code == 303
    unsupported = office.send(f"{address}/ticks", {"step": "statement-confirmed"})
    assert "Attach the paper" in Outline(unsupported.text).one("section", id="faults").text
    sent = accountant.client.post(
        f"{address}/files",
        data={"csrf": csrf(accountant), "step": "statement-confirmed"},
        files={"file": ("statement.txt", b"1010: 0.00", "text/plain")},
        follow_redirects=False,
    )
    assert sent.status_code == 303
    page = accountant.get(address).text
    assert "statement.txt" in page
    assert accountant.send(f"{address}/ticks", {"step": "statement-confirmed"}).status_code == 303

    desk.post(on=date(2026, 12, 11))
    page = office.get(address).text
    assert state(page, "balance-ties") == "the facts changed: tick again"
    assert "The proof as it was ticked" in page
    for step in ("balance-ties", "cash-not-negative", "statement-confirmed", "sides-right"):
        assert office.send(f"{address}/ticks", {"step": step}).status_code == 303
    assert "Every step is done" in office.get(address).text
    assert office.send(f"{address}/close", {"do": "close"}).status_code == 303
    page = office.get(address).text
    assert "Step of the close ticked" in page
    assert "Month closed" in page
    overview = Outline(office.get(f"/closing?month={MONTH}").text)
    row = next(row for row in overview.all("tr") if "School-gymnasium" in row.text)
    assert row.text.count("done") == len(kept)


def csrf(reader: Reader) -> str:
    return access.csrf_token(reader.client.cookies["qazyna_session"])


def test_without_a_policy_the_checklist_is_an_offer(desk: Desk, sign_in: SignIn) -> None:
    office = sign_in("office")
    home = f"/o/{desk.organisations[LYCEUM]}/"
    page = office.get(f"{home}closing/2026-02").text
    assert "No accounting policy counts in this period" in page
    assert office.send(f"{home}closing/2026-02/close", {"do": "close"}).status_code == 303
    assert office.get(f"{home}closing").headers["location"] == f"{home}closing/2026-01"


def test_a_year_shows_its_months_and_steps(desk: Desk, sign_in: SignIn) -> None:
    page = sign_in("office").get(f"/o/{desk.organisations[LYCEUM]}/closing/2026").text
    outline = Outline(page)
    assert outline.one("section", id="months").text.count("2026") >= 12
    assert "January to November are closed" in page
    assert "Close the year" in page


def test_strange_periods_are_no_pages(desk: Desk, sign_in: SignIn) -> None:
    auditor = sign_in("auditor")
    for period in ("2026-13", "1984-01", "0001-01", "2199", "never", "20266"):
        assert auditor.get(f"{desk.home}closing/{period}").status_code == 404, period
    page = auditor.get(f"{desk.home}closing/{MONTH}").text
    assert "/ticks" not in page, "who reads ticks nothing"


def test_the_matrix_shows_who_works_where_and_nobody_else_s(desk: Desk, sign_in: SignIn) -> None:
    def rows(login: str, query: str) -> int:
        return len(Outline(sign_in(login).get(f"/closing?month=2026-03{query}").text).all("tr")) - 1

    assert (rows("office", ""), rows("accountant", ""), rows("accountant", "&by=year")) == (2, 1, 1)
    assert "No books are kept" in sign_in("nobody").get("/closing").text
