"""Whoever changes the organisation stays where they were, as far as that is there."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.web.desk import LYCEUM, Desk, Reader
from tests.web.outline import Outline
from web.places import _PAGES, page_of

SignIn = Callable[[str], Reader]


def other(reader: Reader, page: str, organisation: int) -> str:
    """Where the list of organisations leads to from a page."""
    (link,) = [e for e in Outline(reader.get(page).text).all("a") if e["class"] == "institution"]
    return next(
        e["href"]
        for e in Outline(reader.get(link["href"]).text).all("a")
        if e["href"].startswith(f"/o/{organisation}/")
    )


@pytest.mark.parametrize(
    ("place", "there"),
    [
        ("", ""),
        ("journal?from=2026-01&to=2026-03&text=paper", "journal?from=2026-01&to=2026-03&text=paper"),
        ("trial-balance?by=dimensions&from=2026-01&to=2026-02", "trial-balance?by=dimensions&from=2026-01&to=2026-02"),
        ("accounts/3210/card?from=2026-01&to=2026-12&back=%2Fo%2F1%2F",
         "accounts/3210/card?from=2026-01&to=2026-12"),
        ("months", "months"),
        ("months/2026-03/reopen", "months/2026-03/reopen"),
        ("journal/new", "journal/new"),
        ("journal/{entry}", "journal"),
        ("journal/{entry}/correct", "journal"),
        ("years/2026/close", ""),
    ],
)  # fmt: skip
def test_the_page_stays_at_another_organisation(desk: Desk, sign_in: SignIn, place: str, there: str) -> None:
    office, lyceum = sign_in("office"), desk.organisations[LYCEUM]
    address = other(office, f"{desk.home}{place}".format(entry=desk.post()), lyceum)
    assert address == f"/o/{lyceum}/{there}"
    assert office.get(address).status_code == 200


@pytest.mark.parametrize("kind", _PAGES)
def test_every_subject_leads_to_a_page_that_is_there(sign_in: SignIn, kind: str) -> None:
    address = page_of(f"{kind}:12/7/9")
    assert address is not None
    router: Any = sign_in("office").client.app
    *_, template = router.asgi_router.handle_routing(address.partition("#")[0], "GET")
    assert template


def test_a_subject_that_is_none_leads_nowhere() -> None:
    assert [page_of(each) for each in ("", "entry", "entry:12/7", "month:2026-03", "user:5")] == [None] * 5


def test_a_search_among_organisations_keeps_the_place(desk: Desk, sign_in: SignIn) -> None:
    office, lyceum = sign_in("office"), desk.organisations[LYCEUM]
    page = Outline(office.get("/?all=1&place=months&q=лицей").text)
    assert page.one("input", name="place")["value"] == "months"
    assert f"/o/{lyceum}/months" in {e["href"] for e in page.all("a")}


@pytest.mark.parametrize(
    "place", ["nothing", "../../sign-out", "//evil.example", "journal/abc", "?x", "journal\\..", "a?b?c"]
)
def test_a_place_that_is_not_there_leads_home(desk: Desk, sign_in: SignIn, place: str) -> None:
    office, lyceum = sign_in("office"), desk.organisations[LYCEUM]
    page = Outline(office.client.get("/", params={"all": "1", "place": place}).text)
    found = [e["href"] for e in page.all("a") if e["href"].startswith(f"/o/{lyceum}/")]
    assert found in ([f"/o/{lyceum}/"], [f"/o/{lyceum}/?x"])


def test_of_many_institutions_the_first_are_shown_and_the_others_looked_for(
    desk: Desk, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.home._MOST", 1)
    office = sign_in("office")
    page = Outline(office.get("/?all=1").text)
    assert len(page.all("span", class_="organisation-name")) == 1
    assert "The first 1 of 2 are shown." in page.one("main").text
    for name in ("лицей", "гимназия"):
        (found,) = Outline(office.get(f"/?q={name}").text).all("span", class_="organisation-name")
        assert found.text


def test_the_first_page_says_how_each_institution_stands(desk: Desk, sign_in: SignIn) -> None:
    page = Outline(sign_in("office").get("/?all=1").text)
    standings = [e.text for e in page.all("span", class_="organisation-standing")]
    assert len(standings) == 2, "the school and the lyceum, not the strangers"
    assert all(re.search(r"20\d\d: ", each) for each in standings), "a month of work, and its state"


def test_the_journal_opens_on_the_month_of_work(desk: Desk, accountant: Reader) -> None:
    desk.post(memo="Long before this month")
    page = Outline(accountant.get(f"{desk.home}journal").text)
    assert "Long before this month" not in page.one("main").text
    everything = next(e["href"] for e in page.all("a") if e.text == "All months")
    assert everything == f"{desk.home}journal?from=2026-01&to=2026-12"
    march = f"{desk.home}journal?from=2026-03&to=2026-03&text=Long"
    for address in (f"{everything}&text=Long", march, f"{desk.home}journal?text=Long"):
        assert "Long before this month" in accountant.get(address).text
