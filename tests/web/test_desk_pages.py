"""What makes a day at the desk easier: keys, density, filters kept, a tour, help at the field, honest errors."""

import re
from collections.abc import Callable

import pytest
from litestar import Litestar
from sqlalchemy.exc import OperationalError

from erp.base.i18n import Language
from tests.web.desk import Desk, Reader
from tests.web.outline import Outline
from web.hints import HINTS, hint_of
from web.i18n import speech
from web.rooms import ROOMS

SignIn = Callable[[str], Reader]


# ---------------------------------------------------------------- rooms and keys


def test_every_room_is_there(desk: Desk) -> None:
    """A name of the list of pages that no route answers would lead nowhere."""
    routes: Litestar = desk.app
    for room in ROOMS:
        path = room.path if room.path.startswith("/") else f"/o/1/{room.path}".rstrip("/")
        _, handler, *_ = routes.asgi_router.handle_routing(path, "GET")
        assert handler.opt.get("policy"), room
    letters = [room.key for room in ROOMS if room.key]
    assert len(set(letters)) == len(letters)


def test_the_list_of_keys_names_those_of_the_page_first(desk: Desk, accountant: Reader) -> None:
    headings = [e.text for e in Outline(accountant.get(f"/keys?of={desk.home}journal/new").text).all("h2")]
    assert headings[0] == "On the form of an entry"
    assert "In a field with a list" in headings


def test_each_key_of_a_place_stands_at_its_link(desk: Desk, sign_in: SignIn) -> None:
    office = sign_in("office")
    page = Outline(office.get(f"{desk.home}journal").text)
    led = {e["data-go"]: e["href"] for e in page.elements if e["data-go"]}
    for room in ROOMS:
        if room.key:
            address = room.path if room.path.startswith("/") else f"{desk.home}{room.path}"
            assert led.get(room.key, address) == address
            assert (room.key in led) == (office.get(address).status_code == 200)


# ---------------------------------------------------------------- how each likes it


def test_density_and_single_keys_are_chosen_and_kept(desk: Desk, sign_in: SignIn) -> None:
    auditor = sign_in("auditor")
    page = Outline(auditor.get(desk.home).text)
    assert page.one("html")["data-density"] == "comfortable"
    assert any("data-single-keys" in e.attributes for e in page.elements)
    form = Outline(auditor.get("/account/desk").text).fields("sheet")
    form.pop("single_keys")
    assert auditor.send("/account/desk", form | {"density": "compact"}).status_code == 303
    page = Outline(auditor.get(desk.home).text)
    assert page.one("html")["data-density"] == "compact"
    assert not any("data-single-keys" in e.attributes for e in page.elements)
    assert Outline(sign_in("accountant").get(desk.home).text).one("html")["data-density"] == "comfortable"
    refused = auditor.get("/o/999999/")
    assert refused.status_code == 404
    assert Outline(refused.text).one("html")["data-density"] == "compact", "on the page of an error too"
    back = {"density": "comfortable", "single_keys": "on", "tour_shown": "on"}
    assert auditor.send("/account/desk", form | back).status_code == 303
    assert auditor.send("/account/desk", form | {"density": "tiny"}).status_code == 422


# ---------------------------------------------------------------- filters under a name


def test_a_filter_of_a_list_is_kept_shown_above_it_and_shared(desk: Desk, sign_in: SignIn) -> None:
    office, accountant = sign_in("office"), sign_in("accountant")
    for place in ("journal?from=2026-03&to=2026-03&journal=MO-06", "counterparties?q=paper", "approvals?state=all"):
        address = f"{desk.home}{place}"
        name = f"Kept {place.partition('?')[0]}"
        keep = next(e["href"] for e in Outline(office.get(address).text).all("a") if e.text == "Save this view")
        form = Outline(office.get(keep).text).fields("sheet") | {"name": name, "shared_with": "accountant"}
        saved = office.send(keep, form)
        assert saved.headers["location"] == address
        chip = next(e for e in Outline(office.get(address).text).all("a") if e.text == name)
        assert (chip["href"], chip["aria-current"]) == (address, "page")
        theirs = next(e for e in Outline(accountant.get(address.partition("?")[0]).text).all("a") if e.text == name)
        assert (theirs["href"], theirs["aria-current"]) == (address, "")


# ---------------------------------------------------------------- the tour


def test_steps_are_ticked_by_what_was_done_or_by_saying_so(desk: Desk, accountant: Reader) -> None:
    desk.post()
    page = Outline(accountant.get(f"/tour?at={desk.school}").text)
    done = {e["id"] for e in page.all("li") if e["class"] == "done"}
    assert "post" in done, "the books show it"
    assert {e["href"] for e in page.one("ol", class_="tour").inside if e.tag == "a"} >= {f"{desk.home}journal/new"}
    assert accountant.send("/tour/source", {"do": "done"}).status_code == 303
    assert accountant.send("/tour/source", {"do": "done"}).status_code == 303, "twice is once"
    page = Outline(accountant.get("/tour").text)
    assert "source" in {e["id"] for e in page.all("li") if e["class"] == "done"}
    assert accountant.send("/tour/source", {"do": "again"}).status_code == 303
    assert accountant.send("/tour/no-such-step", {"do": "done"}).status_code == 404


def test_the_way_to_the_tour_stands_on_the_first_page_until_it_is_put_away(desk: Desk, accountant: Reader) -> None:
    way = f"/tour?at={desk.school}"
    assert way in accountant.get(desk.home).text
    hidden = accountant.send("/tour/show", {"do": "hide", "next": desk.home})
    assert hidden.headers["location"] == desk.home
    assert way not in accountant.get(desk.home).text
    accountant.send("/tour/show", {"do": "show"})
    assert way in accountant.get(desk.home).text


def test_the_tour_shows_each_only_what_is_open_to_them(desk: Desk, sign_in: SignIn) -> None:
    steps = {e["id"] for e in Outline(sign_in("auditor").get("/tour").text).all("li") if e["id"]}
    assert "source" in steps
    assert "post" not in steps
    assert "none of your roles reads books" in sign_in("nobody").get("/tour").text


# ---------------------------------------------------------------- help at the field


def test_fields_of_the_entry_form_say_what_they_are_and_why(desk: Desk, accountant: Reader) -> None:
    page = Outline(accountant.get(f"{desk.home}journal/new").text)
    ids = {e["id"] for e in page.elements if e["id"]}
    buttons = page.all("button", class_="help")
    assert {b["popovertarget"] for b in buttons} >= {"help-effective_on", "help-journal", "help-postings.0.amount"}
    for button in buttons:
        assert button["popovertarget"] in ids
        assert button["aria-label"].startswith("What is this: ")
    assert "393" in page.one("div", id="help-effective_on").text, "the act is named"


def test_forms_of_policy_intake_and_takeover_help_at_their_fields(desk: Desk, sign_in: Callable[[str], Reader]) -> None:
    office = sign_in("office")
    for path, fields in (("policy", {"since"}), ("intake", {"text"}), ("takeover", {"source_program", "starts_on"})):
        page = Outline(office.get(f"{desk.home}{path}").text)
        shown = {button["popovertarget"] for button in page.all("button", class_="help")}
        assert shown == {f"help-{field}" for field in fields}


def test_help_is_in_all_languages_and_names_its_source() -> None:
    for key, hint in HINTS.items():
        assert hint.what.endswith("."), key
        for message in filter(None, (hint.what, hint.why)):
            assert len({speech(language)(message) for language in Language}) == len(Language), message
    assert hint_of("entry", "postings.0.amount") is HINTS["entry.postings.amount"]
    assert hint_of("entry", "postings.1.amount") is None, "the first line says it"


# ---------------------------------------------------------------- errors


def test_an_error_says_what_became_of_the_work_and_by_which_number_it_is_known(desk: Desk, accountant: Reader) -> None:
    for path, status in (("/no-such-page", 404), (f"{desk.home}audit", 403), ("/sign-out", 405)):
        answer = accountant.get(path)
        assert answer.status_code == status
        assert re.search(r"Number of the request: [0-9a-f]{16}", answer.text)
        assert answer.headers["x-request-id"] in answer.text
        assert "Nothing was saved" not in answer.text, "nothing was sent"


def test_the_address_a_form_was_sent_to_leads_to_the_page_above_it(desk: Desk, accountant: Reader) -> None:
    answer = accountant.get(f"{desk.home}approvals/1/sign/return")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{desk.home}approvals/1/sign")
    answer = accountant.get(answer.headers["location"])
    assert (answer.status_code, answer.headers["location"]) == (303, f"{desk.home}approvals/1")


def test_a_form_that_met_a_failure_comes_back_as_it_was_filled(
    desk: Desk, accountant: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = Outline(accountant.get(f"{desk.home}journal/new").text).fields("entry") | {
        "memo": "Typed for an hour",
        "effective_on": "17.03.2026",
        "postings.0.debit.account": "1010",
        "postings.0.credit.account": "6360",
        "postings.0.amount": "1,00",
    }
    with monkeypatch.context() as failing:
        failing.setattr("web.finance.journal.service.post_entry", _fail)
        answer = accountant.send(f"{desk.home}journal/new", form | {"do": "post"})
    assert answer.status_code == 500
    assert "Nothing was saved." in answer.text
    page = Outline(answer.text)
    (back,) = [e for e in page.all("form") if e["action"] == f"{desk.home}journal/new"]
    kept = {e["name"]: e["value"] for e in back.inside if e.tag == "input"}
    (button,) = [e for e in back.inside if e.tag == "button"]
    again = accountant.client.post(back["action"], data=kept | {button["name"]: button["value"]})
    assert again.status_code == 200
    assert Outline(again.text).fields("entry")["memo"] == "Typed for an hour"


def test_without_its_database_a_page_says_so_and_asks_it_nothing(
    desk: Desk, accountant: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.home._standing", _gone)
    answer = accountant.get(desk.home)
    assert answer.status_code == 503
    assert "The database does not answer" in answer.text
    assert "Nothing in the books was changed." in answer.text
    assert re.search(r"Number of the incident: [0-9a-f]{12}", answer.text)


def _fail(*_: object, **__: object) -> None:
    raise RuntimeError("secret detail")


def _gone(*_: object) -> None:
    raise OperationalError("SELECT", {}, Exception("the server closed the connection"))
