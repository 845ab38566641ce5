"""One's own account: password, one-time codes, sessions, tokens, delegations."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta

import pyotp
import pytest
from httpx import Response
from litestar import Litestar
from litestar.testing import TestClient

from erp.base.clock import today
from erp.base.dates import day_string
from erp.reference.access.model import Role
from erp.reference.access.service import csrf_token, issue_token
from tests.conftest import TestServer
from tests.factories.application import app_over
from tests.factories.oblast import PASSWORD, Oblast, an_oblast
from tests.web.desk import Reader
from tests.web.outline import Outline
from web.agents import in_words

SignIn = Callable[[str], Reader]
Stranger = Callable[[], TestClient[Litestar]]


@pytest.fixture(scope="module")
def oblast(server: TestServer) -> Iterator[Oblast]:
    url = server.new_database()
    oblast = an_oblast(url)
    yield oblast
    oblast.engine.dispose()
    server.drop_database(url)


@pytest.fixture
def app(oblast: Oblast) -> Litestar:
    return app_over(oblast.engine)


@pytest.fixture
def stranger(app: Litestar) -> Iterator[Stranger]:
    """A browser of its own."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(TestClient(app))


@pytest.fixture
def sign_in(stranger: Stranger) -> SignIn:
    return lambda login: Reader(stranger(), login)


def words(answer: Response) -> str:
    return Outline(answer.text).one("main").text


def code_of(secret: str, *, later: int = 0) -> str:
    return pyotp.TOTP(secret).at(int(time.time()) + 30 * later)


def a_program_of(oblast: Oblast, stranger: Stranger, login: str) -> TestClient[Litestar]:
    program = stranger()
    token = oblast.by_program(lambda u: issue_token(u, login, today()))
    program.headers["Authorization"] = f"Bearer {token}"
    return program


def half_in(client: TestClient[Litestar], login: str) -> Response:
    client.headers["accept-language"] = "en"
    return client.post(
        "/sign-in", data={"login": login, "password": PASSWORD, "next": "/account"}, follow_redirects=False
    )


def with_codes(oblast: Oblast, sign_in: SignIn, login: str) -> tuple[Reader, str, list[str]]:
    """Somebody who turned one-time codes on: their secret and recovery codes."""
    oblast.add_person(login, (Role.ACCOUNTANT, "school"))
    reader = sign_in(login)
    assert reader.send("/account/codes", {}).headers["location"] == "/account/codes/confirm"
    page = reader.get("/account/codes/confirm").text
    assert "<svg" in page
    secret = Outline(page).one("code").text
    wrong = reader.send("/account/codes/confirm", {"code": "000000"})
    assert (wrong.status_code, "<svg" in wrong.text) == (422, True)
    shown = reader.send("/account/codes/confirm", {"code": code_of(secret)})
    return reader, secret, [code.text for code in Outline(shown.text).all("code")]


# ------------------------------------------------------------------------------------------------ one-time codes


def test_sign_in_asks_for_a_code_and_takes_each_once(oblast: Oblast, stranger: Stranger, sign_in: SignIn) -> None:
    _, secret, recovery = with_codes(oblast, sign_in, "careful")
    assert len(set(recovery)) == 10
    client = stranger()
    asked = half_in(client, "careful")
    assert asked.headers["location"].startswith("/sign-in/code")
    assert "qazyna_session" not in client.cookies
    assert client.get("/account", follow_redirects=False).headers["location"].startswith("/sign-in")
    replayed = client.post("/sign-in/code", data={"code": code_of(secret)}, follow_redirects=False)
    assert replayed.status_code == 403
    assert "was used before" in replayed.text
    let_in = client.post(
        "/sign-in/code", data={"code": code_of(secret, later=1), "next": "/account"}, follow_redirects=False
    )
    assert let_in.headers["location"] == "/account"
    assert client.get("/account").status_code == 200
    client = stranger()
    half_in(client, "careful")
    assert client.post("/sign-in/code", data={"code": recovery[0].lower()}, follow_redirects=False).status_code == 303
    client = stranger()
    half_in(client, "careful")
    assert client.post("/sign-in/code", data={"code": recovery[0]}, follow_redirects=False).status_code == 403


def test_wrong_codes_make_the_next_wait_and_then_end_the_challenge(
    oblast: Oblast, stranger: Stranger, sign_in: SignIn
) -> None:
    with_codes(oblast, sign_in, "guessed")
    client = stranger()
    half_in(client, "guessed")
    answers = [client.post("/sign-in/code", data={"code": "111111"}).status_code for _ in range(6)]
    assert answers[:3] == [403] * 3
    assert set(answers[3:]) <= {429, 403}
    assert answers[-1] == 403, "the password is asked for again"


def test_nobody_answers_a_challenge_they_were_not_given(stranger: Stranger) -> None:
    client = stranger()
    client.headers["accept-language"] = "en"
    assert client.get("/sign-in/code", follow_redirects=False).headers["location"].startswith("/sign-in?")
    client.cookies["qazyna_challenge"] = "invented"
    answer = client.post("/sign-in/code", data={"code": "123456"})
    assert answer.status_code == 403
    assert "Sign in again" in answer.text


def test_codes_are_turned_off_with_a_code_or_by_an_administrator(
    oblast: Oblast, stranger: Stranger, sign_in: SignIn
) -> None:
    reader, _, recovery = with_codes(oblast, sign_in, "forgetful")
    assert reader.send("/account/codes/off", {"code": "123123"}).status_code == 403
    assert reader.send("/account/codes/off", {"code": recovery[3]}).headers["location"] == "/account"
    client = stranger()
    assert half_in(client, "forgetful").headers["location"] == "/account"
    with_codes(oblast, sign_in, "unlucky")
    keeper = sign_in("keeper")
    assert keeper.send(f"/admin/users/{oblast.users['unlucky']}/codes", {}).status_code == 303
    client = stranger()
    assert half_in(client, "unlucky").headers["location"] == "/account"


# ------------------------------------------------------------------------------------------------ sessions


def test_other_browsers_are_seen_and_signed_out(oblast: Oblast, sign_in: SignIn) -> None:
    oblast.add_person("roamer", (Role.ACCOUNTANT, "school"))
    here, there, third = (sign_in("roamer") for _ in range(3))
    page = Outline(here.get("/account").text)
    assert len(page.all("td", class_="acts")) == 3
    assert [each.text for each in page.all("span", title="testclient")] == ["testclient"] * 3
    ends = [f["action"] for f in page.all("form") if re.fullmatch(r"/account/sessions/\d+/end", f["action"])]
    assert len(ends) == 2
    assert here.send(ends[0], {}).status_code == 303
    assert sorted(r.get("/account").status_code for r in (there, third)) == [200, 303]
    here.send("/account/sessions/end", {})
    assert [r.get("/account").status_code for r in (here, there, third)] == [200, 303, 303]


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/129.0 Safari/537.36", "Chrome, Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/129.0 Safari/537.36 Edg/129.0", "Edge, Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/128.0 YaBrowser/24.10 Safari/537.36", "Yandex Browser, Windows"),
        ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0", "Firefox, Linux"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17.5 Safari/605.1.15", "Safari, macOS"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/604.1", "Safari, iPhone"),
        ("Mozilla/5.0 (Linux; Android 14; K) Chrome/129.0 Mobile Safari/537.36", "Chrome, Android"),
        ("python-httpx/0.27", "python-httpx"),
        ("Mozilla/5.0", ""),
        ("", ""),
    ],
)
def test_a_browser_is_named_in_words(agent: str, words: str) -> None:
    assert in_words(agent) == words


def test_nobody_ends_another_s_session(oblast: Oblast, sign_in: SignIn) -> None:
    oblast.add_person("victim", (Role.ACCOUNTANT, "school"))
    victim = sign_in("victim")
    sign_in("victim")
    page = Outline(victim.get("/account").text)
    end = next(f["action"] for f in page.all("form") if re.fullmatch(r"/account/sessions/\d+/end", f["action"]))
    assert sign_in("clerk").send(end, {}).status_code == 404
    assert victim.get("/account").status_code == 200


def test_a_new_password_signs_the_others_out(oblast: Oblast, sign_in: SignIn) -> None:
    oblast.add_person("changer", (Role.ACCOUNTANT, "school"))
    here, there = sign_in("changer"), sign_in("changer")
    assert here.send("/account/password", {"old": PASSWORD, "password": PASSWORD}).status_code == 422
    assert here.send("/account/password", {"old": PASSWORD, "password": "another phrase"}).status_code == 303
    assert here.get("/account").status_code == 200
    assert there.get("/account").status_code == 303


def test_a_new_password_ends_the_tokens(oblast: Oblast, stranger: Stranger, sign_in: SignIn) -> None:
    oblast.add_person("tokened", (Role.ACCOUNTANT, "school"))
    reader, program = sign_in("tokened"), a_program_of(oblast, stranger, "tokened")
    assert program.get("/api/v1/me").status_code == 200
    assert "tokens of your programs end" in words(reader.get("/account/password"))
    assert reader.send("/account/password", {"old": PASSWORD, "password": "another phrase"}).status_code == 303
    assert program.get("/api/v1/me").status_code == 401
    assert "tokened" not in words(reader.get("/account#tokens")).partition("Tokens")[2]


def test_an_administrator_sees_and_ends_tokens_of_their_people(
    oblast: Oblast, stranger: Stranger, sign_in: SignIn
) -> None:
    person = oblast.add_person("watched", (Role.ACCOUNTANT, "school"))
    first, second = (a_program_of(oblast, stranger, "watched") for _ in range(2))
    keeper, page = sign_in("keeper"), f"/admin/users/{person}"
    revoke = [f["action"] for f in Outline(keeper.get(page).text).all("form") if f["action"].endswith("/revoke")]
    assert len(revoke) == 2
    assert sign_in("clerk").send(revoke[0], {}).status_code == 403
    assert keeper.send(revoke[0], {}).headers["location"] == f"{page}#tokens"
    assert sorted(each.get("/api/v1/me").status_code for each in (first, second)) == [200, 401]
    assert keeper.send(revoke[0], {}).status_code == 404
    form = Outline(keeper.get(f"{page}/password").text).fields("sheet")
    assert keeper.send(f"{page}/password", form | {"password": "given-by-hand"}).status_code == 303
    assert {each.get("/api/v1/me").status_code for each in (first, second)} == {401}
    a_program_of(oblast, stranger, "root")
    assert keeper.send(f"/admin/users/{oblast.users['root']}/tokens/1/revoke", {}).status_code == 404


def test_a_password_of_any_length_is_not_hashed(oblast: Oblast, stranger: Stranger, sign_in: SignIn) -> None:
    oblast.add_person("wordy", (Role.ACCOUNTANT, "school"))
    reader, longest = sign_in("wordy"), "a" * 1000
    too_long = reader.send("/account/password", {"old": PASSWORD, "password": longest + "b"})
    assert (too_long.status_code, "at most 1000 characters" in too_long.text) == (422, True)
    assert reader.send("/account/password", {"old": PASSWORD, "password": longest}).status_code == 303
    answers = [
        stranger().post("/sign-in", data={"login": "wordy", "password": each}, follow_redirects=False).status_code
        for each in (longest + "b", longest)
    ]
    assert answers == [403, 303]


def test_guessing_the_own_password_waits_as_at_sign_in(oblast: Oblast, sign_in: SignIn) -> None:
    oblast.add_person("taken", (Role.ACCOUNTANT, "school"))
    reader = sign_in("taken")
    answers = [
        reader.send("/account/password", {"old": f"guess number {n}", "password": "a long phrase"}).status_code
        for n in range(5)
    ]
    assert answers == [422] * 3 + [429] * 2


# ------------------------------------------------------------------------------------------------ tokens


def test_a_token_is_shown_once_does_what_it_was_made_for_and_is_revoked(
    oblast: Oblast, stranger: Stranger, sign_in: SignIn
) -> None:
    clerk = sign_in("clerk")
    form = Outline(clerk.get("/account/tokens/new").text).fields("sheet")
    assert "users.manage" not in Outline(clerk.get("/account/tokens/new").text).one("form", id="sheet").text
    made = clerk.send("/account/tokens/new", form | {"name": "Exchange", "journal.read": "on", "days": "30"})
    secret = Outline(made.text).one("code").text
    books = f"/api/v1/organisations/{oblast.at('school')}"
    program = stranger()
    program.headers["Authorization"] = f"Bearer {secret}"
    assert program.get(f"{books}/months").status_code == 200
    beyond = program.post(f"{books}/entries", json={})
    assert (beyond.status_code, beyond.json()["title"]) == (403, "beyond-token")
    own = program.get("/api/v1/me").json()
    assert own["organisations"][0]["permissions"] == ["journal.read"]
    assert program.get("/account").status_code == 403
    page = Outline(clerk.get("/account").text)
    assert "Exchange" in words(clerk.get("/account"))
    revoke = next(f["action"] for f in page.all("form") if f["action"].endswith("/revoke"))
    assert sign_in("chief").send(revoke, {}).status_code == 404
    clerk.send(revoke, {})
    assert program.get(f"{books}/months").status_code == 401


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ({"name": "", "days": "30", "journal.read": "on"}, "name-fault"),
        ({"name": "a", "days": "9999", "journal.read": "on"}, "days-fault"),
        ({"name": "a", "days": "30"}, "organisation-fault"),
        ({"name": "a", "days": "30", "users.manage": "on"}, "organisation-fault"),
        ({"name": "a", "days": "30", "journal.read": "on", "organisation": "1"}, "organisation-fault"),
    ],
)
def test_a_token_of_more_than_one_has_is_not_made(sign_in: SignIn, typed: dict[str, str], fault: str) -> None:
    answer = sign_in("clerk").send("/account/tokens/new", typed)
    assert answer.status_code == 422
    assert Outline(answer.text).one("p", id=fault).text


# ------------------------------------------------------------------------------------------------ delegations


def test_a_role_is_lent_for_days_and_ends(oblast: Oblast, sign_in: SignIn) -> None:
    oblast.add_person("deputy", (Role.EMPLOYEE, "school"))
    clerk, deputy = sign_in("clerk"), sign_in("deputy")
    journal = f"/o/{oblast.at('school')}/journal"
    assert deputy.get(journal).status_code == 403
    form = Outline(clerk.get("/account/delegations/new").text).fields("sheet")
    last = day_string(today() + timedelta(days=14))
    lent = clerk.send("/account/delegations/new", form | {"login": "deputy", "last": last})
    assert lent.status_code == 303
    assert deputy.get(journal).status_code == 200
    assert "Clerk" in words(deputy.get("/account"))
    del form["csrf"]
    again = deputy.send("/account/delegations/new", form | {"login": "chief", "last": last})
    assert again.status_code == 422
    assert "Only what one holds oneself" in again.text
    page = Outline(clerk.get("/account").text)
    end = next(f["action"] for f in page.all("form") if "/delegations/" in f["action"])
    assert sign_in("chief").send(end, {}).status_code == 404
    assert clerk.send(end, {}).status_code == 303
    assert deputy.get(journal).status_code == 403


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ({"login": "nobody-at-all"}, "login-fault"),
        ({"login": "clerk"}, "login-fault"),
        ({"login": "chief", "last": "01.01.2199"}, "last-fault"),
        ({"login": "chief", "since": "01.01.2020"}, "since-fault"),
        ({"login": "chief", "what": "chief_accountant 1"}, "what-fault"),
        ({"login": "chief", "what": "nonsense"}, "what-fault"),
    ],
)
def test_a_delegation_that_cannot_be_says_why(sign_in: SignIn, typed: dict[str, str], fault: str) -> None:
    clerk = sign_in("clerk")
    form = Outline(clerk.get("/account/delegations/new").text).fields("sheet")
    answer = clerk.send("/account/delegations/new", form | {"last": day_string(today())} | typed)
    assert answer.status_code == 422
    assert Outline(answer.text).one("p", id=fault).text


def test_forms_of_the_account_need_the_session_s_token(stranger: Stranger, sign_in: SignIn) -> None:
    clerk = sign_in("clerk")
    forged = clerk.client.post("/account/sessions/end", data={"csrf": csrf_token("other")}, follow_redirects=False)
    assert forged.status_code == 403
