"""Signing in at a provider: only who is linked, only with an answer that verifies, and only who began it."""

import asyncio
import json
import re
import socket
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import httpx
import pyotp
import pytest
from joserfc.jwk import ECKey
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import text

from api.allowance import Allowance
from api.options import Options, Provider
from erp.base import uow
from erp.base.clock import now, today
from erp.base.scope import Scope
from erp.reference.access import identities, people, second_factor
from erp.reference.access import service as access
from ledger.model import Actor
from tests.conftest import TestServer
from tests.factories.application import app_over
from tests.factories.patience import PATIENCE
from tests.factories.provider import CLIENT_ID, CLIENT_SECRET, StandIn, provider
from tests.web.desk import Desk, Reader, furnish
from web.provider import Client as AtProvider
from web.provider import Errand, ProviderAway

Client = TestClient[Any]
T = TypeVar("T")


@pytest.fixture(scope="module")
def desk(server: TestServer) -> Iterator[Desk]:
    url = server.new_database()
    desk = furnish(url)
    yield desk
    desk.engine.dispose()
    server.drop_database(url)


@pytest.fixture(scope="module")
def standing_in() -> Iterator[StandIn]:
    with provider() as standing_in:
        yield standing_in


@pytest.fixture(scope="module")
def app(desk: Desk, standing_in: StandIn) -> Litestar:
    known = Provider(standing_in.issuer, CLIENT_ID, "Egov", CLIENT_SECRET)
    return app_over(desk.engine, options=Options(provider=known))


@pytest.fixture
def elsewhere(standing_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """The provider as each test finds it."""
    for name in ("subject", "spoil", "signs_with", "key"):
        monkeypatch.setattr(standing_in, name, getattr(standing_in, name))
    return standing_in


@pytest.fixture
def browser_of(app: Litestar, elsewhere: StandIn) -> Callable[[], Client]:
    if "provider" in app.state:
        del app.state["provider"]  # what it remembers of another test's keys

    def make() -> Client:
        client: Client = TestClient(app)
        client.headers["accept-language"] = "en"
        return client

    return make


@pytest.fixture
def linked(desk: Desk, elsewhere: StandIn) -> str:
    """The subject that the accountant is linked to."""
    user = desk.users["accountant"]
    scope = Scope(Actor(user, "test"))
    uow.run(desk.engine, scope, lambda u: identities.link(u, user, elsewhere.issuer, "subject-1"))
    return "subject-1"


def there_and_back(client: Client, begin: str = "/sign-in/oidc?next=/account", **changes: str) -> httpx.Response:
    """Follow the browser to the provider and back; ``changes`` are of what it brings back."""
    sent = client.get(begin, follow_redirects=False)
    assert sent.status_code == 303, sent.text
    return come_back(client, sent, **changes)


def come_back(client: Client, sent: httpx.Response, **changes: str) -> httpx.Response:
    there = httpx.get(sent.headers["location"], follow_redirects=False)
    address = urlsplit(there.headers["location"])
    brought = {name: values[0] for name, values in parse_qs(address.query).items()} | changes
    return client.get(address.path, params=brought, follow_redirects=False)


def is_signed_in(client: Client) -> bool:
    return bool(client.get("/account", follow_redirects=False).status_code == 200)


def test_the_button_is_there_only_where_a_provider_is(desk: Desk, browser_of: Callable[[], Client]) -> None:
    assert "Sign in with Egov" in browser_of().get("/sign-in").text
    without: Client = TestClient(app_over(desk.engine))
    assert "/sign-in/oidc" not in without.get("/sign-in").text
    assert without.get("/sign-in/oidc").status_code == 404


def test_who_is_linked_is_signed_in_and_led_where_they_wanted(
    browser_of: Callable[[], Client], linked: str, elsewhere: StandIn
) -> None:
    client = browser_of()
    answer = there_and_back(client)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    assert is_signed_in(client)
    page = client.get("/account").text
    assert "Айгүл Серікова" in page
    assert "End the link" in page
    elsewhere.fetched.clear()
    there_and_back(browser_of())
    assert elsewhere.fetched == ["/authorize"], "keys and addresses are remembered"


def test_who_is_linked_to_nobody_is_told_so_and_nobody_is_made(
    desk: Desk, browser_of: Callable[[], Client], elsewhere: StandIn
) -> None:
    elsewhere.subject = "stranger"
    client = browser_of()
    answer = there_and_back(client)
    assert answer.status_code == 403
    assert "That account is not linked to anybody here" in answer.text
    assert not is_signed_in(client)
    with desk.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM reference_user")).scalar_one() == len(desk.users)


def test_who_is_blocked_is_refused_though_linked(
    desk: Desk, browser_of: Callable[[], Client], elsewhere: StandIn
) -> None:
    user = desk.users["nobody"]
    scope = Scope(Actor(user, "test"))
    uow.run(desk.engine, scope, lambda u: identities.link(u, user, elsewhere.issuer, "blocked"))
    elsewhere.subject = "blocked"
    assert there_and_back(browser_of()).status_code == 303
    administers = frozenset(desk.organisations.values())
    boss = Scope(Actor(desk.users["office"], "test"), administers=administers)
    uow.run(desk.engine, boss, lambda u: people.block(u, user, today(), today()))
    assert "That account is not linked" in there_and_back(browser_of()).text


@pytest.mark.parametrize(
    "spoilt",
    [
        {"iss": "https://other.example"},
        {"aud": "another-client"},
        {"nonce": "another"},
        {"exp": 1},
        {"aud": [CLIENT_ID, "another"], "azp": "another"},
        {"aud": [CLIENT_ID, "another"]},
        {"sub": ""},
        {"sub": "x\ny"},
    ],
)
def test_a_token_that_says_anything_else_signs_nobody_in(
    browser_of: Callable[[], Client], linked: str, elsewhere: StandIn, spoilt: dict[str, Any]
) -> None:
    elsewhere.spoil = lambda claims: claims | spoilt
    client = browser_of()
    answer = there_and_back(client)
    assert answer.status_code == 403
    assert "What Egov answered could not be verified" in answer.text
    assert not is_signed_in(client)


def test_a_token_by_another_key_signs_nobody_in(
    browser_of: Callable[[], Client], linked: str, elsewhere: StandIn
) -> None:
    elsewhere.signs_with = ECKey.generate_key("P-256", {"kid": "one"})
    assert "could not be verified" in there_and_back(browser_of()).text


def test_a_new_key_of_the_provider_is_asked_for(
    browser_of: Callable[[], Client], linked: str, elsewhere: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.provider._LEAST", -1)
    there_and_back(browser_of())
    elsewhere.key = ECKey.generate_key("P-256", {"kid": "two"})
    assert there_and_back(browser_of()).status_code == 303


def test_an_answer_to_another_browser_s_question_is_refused(
    browser_of: Callable[[], Client], linked: str, elsewhere: StandIn
) -> None:
    """Nobody is signed in, or linked, by a link that somebody sends them."""
    mallory, victim = browser_of(), browser_of()
    sent = mallory.get("/sign-in/oidc", follow_redirects=False)
    for client in (victim, browser_of()):
        answer = come_back(client, sent)
        assert answer.status_code == 403
        assert "Begin again" in answer.text
        assert not is_signed_in(client)
    assert there_and_back(mallory, state="x").status_code == 403


def test_a_code_is_good_for_who_asked_for_it_alone(browser_of: Callable[[], Client], linked: str) -> None:
    client = browser_of()
    answer = there_and_back(client, code="stolen")
    assert "did not let you in" in answer.text
    assert not is_signed_in(client)


def test_who_says_no_at_the_provider_is_not_signed_in(browser_of: Callable[[], Client], elsewhere: StandIn) -> None:
    elsewhere.subject = None
    answer = there_and_back(browser_of())
    assert answer.status_code == 403
    assert "did not let you in" in answer.text


def test_a_provider_that_does_not_answer_is_told_so(desk: Desk) -> None:
    known = Provider("http://127.0.0.1:9", CLIENT_ID, "Egov", None)
    client: Client = TestClient(app_over(desk.engine, options=Options(provider=known)))
    client.headers["accept-language"] = "en"
    answer = client.get("/sign-in/oidc", follow_redirects=False)
    assert answer.status_code == 403
    assert "Egov does not answer just now" in answer.text


def test_a_person_links_their_account_and_ends_the_link(
    desk: Desk, browser_of: Callable[[], Client], elsewhere: StandIn
) -> None:
    elsewhere.subject = "auditor-there"
    client = browser_of()
    auditor = Reader(client, "auditor")
    assert "Link my account" in auditor.get("/account").text
    csrf = access.csrf_token(client.cookies["qazyna_session"])
    sent = client.post("/account/provider/link", data={"csrf": csrf}, follow_redirects=False)
    assert come_back(client, sent).headers["location"] == "/account#provider"
    assert "End the link" in auditor.get("/account").text
    assert there_and_back(browser_of()).headers["location"] == "/account"

    other = browser_of()
    Reader(other, "office")
    csrf = access.csrf_token(other.cookies["qazyna_session"])
    sent = other.post("/account/provider/link", data={"csrf": csrf}, follow_redirects=False)
    assert come_back(other, sent).status_code == 409

    assert auditor.send("/account/provider/unlink", {}).status_code == 303
    assert "That account is not linked" in there_and_back(browser_of()).text


def test_who_signs_in_meanwhile_is_not_linked_by_what_another_began(
    desk: Desk, browser_of: Callable[[], Client], elsewhere: StandIn
) -> None:
    elsewhere.subject = "of-who-began"
    client = browser_of()
    auditor = Reader(client, "auditor")
    csrf = access.csrf_token(client.cookies["qazyna_session"])
    sent = client.post("/account/provider/link", data={"csrf": csrf}, follow_redirects=False)
    auditor.send("/sign-out", {})
    Reader(client, "office")
    assert "Begin again" in come_back(client, sent).text
    assert "That account is not linked" in there_and_back(browser_of()).text


def test_one_time_codes_are_asked_for_after_the_provider_too(
    desk: Desk, browser_of: Callable[[], Client], elsewhere: StandIn
) -> None:
    elsewhere.subject = "with-codes"
    client, user = browser_of(), desk.users["office"]
    vault, at = client.app.state.vault, now().timestamp()

    def turn_on(u: uow.UnitOfWork) -> list[str]:
        identities.link(u, user, elsewhere.issuer, "with-codes")
        secret = second_factor.begin(u, vault)
        return second_factor.confirm(u, vault, pyotp.TOTP(secret).at(int(at)), at)

    recovery, spare, *_ = uow.run(desk.engine, Scope(Actor(user, "test")), turn_on)
    answer = there_and_back(client)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in/code?next=%2Faccount")
    assert not is_signed_in(client)
    client.post("/sign-in/code", data={"code": recovery}, follow_redirects=False)
    assert is_signed_in(client)
    access.turn_off_codes(desk.engine, Scope(Actor(user, "test")), vault, spare, now())


def test_the_way_there_says_no_more_than_it_must(browser_of: Callable[[], Client], elsewhere: StandIn) -> None:
    sent = browser_of().get("/sign-in/oidc?next=//evil.example", follow_redirects=False)
    asked = parse_qs(urlsplit(sent.headers["location"]).query)
    assert asked["scope"] == ["openid"]
    assert asked["code_challenge_method"] == ["S256"]
    assert CLIENT_SECRET not in sent.headers["location"]
    cookie = sent.headers["set-cookie"]
    assert re.search(r"HttpOnly", cookie, re.IGNORECASE)
    assert re.search(r"SameSite=lax", cookie, re.IGNORECASE)


def awaited(answer: Coroutine[Any, Any, T]) -> T:
    """In a thread of its own: where pages are opened in a browser, the test's thread has a loop that runs."""
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(asyncio.run, answer).result()


def refused_by(client: AtProvider) -> bool:
    with pytest.raises(ProviderAway):
        awaited(client.address(Errand.begin("/"), "https://qazyna.example.kz/back"))
    return True


@pytest.fixture
def known() -> AtProvider:
    return AtProvider(Provider("https://egov.example.kz", CLIENT_ID, "Egov"))


def test_a_provider_that_is_away_is_not_asked_again_at_once(known: AtProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def away(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        raise httpx.ConnectError("no route")

    answering = partial(httpx.AsyncClient, transport=httpx.MockTransport(away))
    monkeypatch.setattr("web.provider.AsyncClient", answering)
    assert all(refused_by(known) for _ in range(5))
    assert len(asked) == 1
    monkeypatch.setattr(known, "_away_until", 0.0)
    assert refused_by(known)
    assert len(asked) == 2


def test_an_answer_that_never_ends_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """However it drips: its line and its place are free again."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        client = AtProvider(Provider(f"http://127.0.0.1:{listening.getsockname()[1]}", CLIENT_ID, "Egov"))
        monkeypatch.setattr("web.provider._PATIENCE", 0.2)
        ended = Event()

        def drip() -> None:
            line, _ = listening.accept()
            with line, suppress(OSError):
                line.sendall(b"HTTP/1.1 200 OK\r\n")
                while True:
                    line.sendall(b"x")
                    sleep(0.01)
            ended.set()

        Thread(target=drip, daemon=True).start()
        assert refused_by(client)
        assert ended.wait(PATIENCE)
        assert client._away_until > monotonic(), "it is left alone for a while"


def test_people_who_come_at_once_are_all_asked_for(known: AtProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than are asked for at once, of whom none is told that the provider is away."""
    under_way: list[int] = []
    most = []

    async def slowly(self: AtProvider, *_: object) -> str:
        under_way.append(1)
        most.append(len(under_way))
        await asyncio.sleep(0.01)
        under_way.pop()
        return "subject"

    monkeypatch.setattr(AtProvider, "_subject", slowly)

    async def all_at_once() -> list[str]:
        errand = Errand.begin("/")
        return await asyncio.gather(*(known.subject(errand, "code", "/back") for _ in range(12)))

    assert awaited(all_at_once()) == ["subject"] * 12
    assert max(most) == 4


def test_who_waits_too_long_for_a_turn_is_told_so(known: AtProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(self: AtProvider, *_: object) -> str:
        await asyncio.Event().wait()
        return ""

    monkeypatch.setattr("web.provider._LONGEST_WAIT", 0.05)
    monkeypatch.setattr(AtProvider, "_address", never)
    assert all(refused_by(known) for _ in range(6))


def test_strangers_come_back_so_often_and_who_signs_in_does_not_count(
    desk: Desk, standing_in: StandIn, elsewhere: StandIn, linked: str
) -> None:
    known = Provider(standing_in.issuer, CLIENT_ID, "Egov", CLIENT_SECRET)
    client: Client = TestClient(app_over(desk.engine, options=Options(provider=known), sign_ins=Allowance(2, 60)))
    client.headers["accept-language"] = "en"
    assert {there_and_back(client).status_code for _ in range(4)} == {303}
    assert ["did not let you in" in there_and_back(client, code="made up").text for _ in range(2)] == [True] * 2
    refused = there_and_back(client, code="made up")
    assert (refused.status_code, "Too many attempts from your address" in refused.text) == (429, True)


@pytest.mark.parametrize("keys", [{}, {"keys": 5}, {"keys": [5]}, {"keys": [{"kty": "EC"}]}, {"keys": [{}]}])
def test_keys_that_are_none_are_not_believed(
    browser_of: Callable[[], Client], elsewhere: StandIn, keys: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elsewhere, "keys", lambda: keys)
    assert "could not be verified" in there_and_back(browser_of()).text


@pytest.mark.parametrize("changed", [{"wanted": 5}, {"wanted": None}, {"links": "x"}])
def test_a_cookie_that_this_program_did_not_write_is_passed_over(
    browser_of: Callable[[], Client], linked: str, changed: dict[str, Any]
) -> None:
    client = browser_of()
    sent = client.get("/sign-in/oidc", follow_redirects=False)
    said = json.loads(urlsafe_b64decode(client.cookies["qazyna_oidc"])) | changed
    client.cookies.clear()
    client.cookies["qazyna_oidc"] = urlsafe_b64encode(json.dumps(said).encode()).decode()
    answer = come_back(client, sent)
    assert answer.status_code == 403
    assert "Begin again" in answer.text
