"""What every request goes through, and what every answer carries."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import BoundedSemaphore
from typing import Any

import httpx
import psycopg
import pytest
from litestar import get
from litestar.testing import TestClient
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.exc import OperationalError

from api.allowance import Allowance, AskedTooOften
from api.app import create_app
from api.options import Options
from api.security import STRANGERS_FORM
from erp.base.uow import UnitOfWork
from erp.finance.journal import recall
from erp.reference.access import service
from tests.conftest import TestServer
from tests.factories.application import app_over
from tests.web.desk import PASSWORD, Desk, Reader, an_entry
from tests.web.outline import Outline
from web.app import pages

Bearer = Callable[[str], dict[str, str]]
Client = TestClient[Any]


def books(desk: Desk) -> str:
    return f"/api/v1/organisations/{desk.school}"


# ---------------------------------------------------------------- headers


def test_every_answer_carries_the_headers(desk: Desk, client: Client, bearer: Bearer) -> None:
    reader = Reader(client, "accountant")
    static = Outline(reader.get("/?all=1").text).one("link", rel="stylesheet")["href"]
    answers = {
        200: [reader.get(desk.home), reader.get(static)],
        303: [client.get(desk.home, headers={"Cookie": "qazyna_session=x"}, follow_redirects=False)],
        403: [client.post(f"{desk.home}journal/new", data={"do": "post"})],
        404: [reader.get("/no-such-page"), reader.get("/static/none.css")],
        405: [client.put("/sign-in")],
        422: [reader.get(f"{desk.home}journal?from=2026-13"), client.get("/sign-in?next=%00")],
        409: [client.post(f"{books(desk)}/entries", json=an_entry(effective_on="2031-01-05"),
                          headers=bearer("accountant"))],
    }  # fmt: skip
    for status, each in answers.items():
        for answer in each:
            assert answer.status_code == status, answer.url
            assert "default-src 'none'" in answer.headers["content-security-policy"], answer.url
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "same-origin"


# ---------------------------------------------------------------- the guard


def test_a_route_without_a_policy_is_refused_to_everybody(desk: Desk) -> None:
    @get("/api/v1/careless", sync_to_thread=True)
    def careless() -> str:
        return "secret"

    app = create_app(desk.engine, replace(pages, routes=[*pages.routes, careless]))
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/api/v1/careless")
    assert answer.status_code == 500
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert "secret" not in answer.text


def test_a_token_of_other_letters_is_no_token(desk: Desk, client: Client) -> None:
    reader = Reader(client, "accountant")
    answer = reader.send(f"{desk.home}journal/new", {"csrf": "ж\u20ac"})
    assert answer.status_code == 403


@pytest.mark.parametrize("form", [{"login": "a\0b", "password": "x"}, {"login": "a", "pass\0word": "x"}])
def test_a_form_with_a_character_that_no_text_has_is_refused(client: Client, form: dict[str, str]) -> None:
    answer = client.post("/sign-in", data=form, headers={"Accept-Language": "en"})
    assert answer.status_code == 422
    assert "holds a character that no text has" in answer.text


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b"])
def test_who_is_not_known_is_not_read_at_length(desk: Desk, client: Client, kind: str) -> None:
    """Nothing of the body is asked for, or the client would be told of its error."""

    def body(length: int) -> Iterator[bytes]:
        yield b"x" * length

    head = {"Content-Type": kind, "Accept-Language": "en"}
    long = STRANGERS_FORM + 1
    assert client.post("/sign-in", content=body(long), headers=head | {"Content-Length": str(long)}).status_code == 413
    assert client.post("/sign-in", content=body(9), headers=head).status_code == 413, "its length is not told"
    asked = client.post(f"{desk.home}journal/new", content=b"x" * long, headers=head)
    assert "form" in asked.text
    assert asked.status_code == 200, "one whose session ended is asked to sign in"
    assert "what you typed is kept" not in asked.text


def test_a_form_comes_from_the_address_people_know_whatever_the_proxy_asks_for(desk: Desk) -> None:
    app = app_over(desk.engine, options=Options(public_url="https://Qazyna.example.kz/erp"))
    with TestClient(app, base_url="http://127.0.0.1:8080") as client:

        def sent(origin: str) -> int:
            form = {"login": "accountant", "password": PASSWORD}
            return client.post("/sign-in", data=form, headers={"Origin": origin}, follow_redirects=False).status_code

        assert sent("https://qazyna.example.kz") == 303
        client.cookies.clear()
        assert sent("https://127.0.0.1:8080") == 303, "a proxy with TLS asks without"
        client.cookies.clear()
        foreign = ("http://qazyna.example.kz", "https://other.example.kz", "https://qazyna.example.kz.other.kz", "null")
        assert {sent(each) for each in foreign} == {403}


def test_a_secret_works_only_the_way_it_was_given_for(desk: Desk, client: Client, bearer: Bearer) -> None:
    token = bearer("accountant")["Authorization"].removeprefix("Bearer ")
    Reader(client, "accountant")
    secret = client.cookies["qazyna_session"]
    client.cookies.clear()
    assert client.get(f"{books(desk)}/entries", headers={"Authorization": f"Bearer {secret}"}).status_code == 401
    assert client.get(f"{books(desk)}/entries", headers={"Cookie": f"qazyna_session={token}"}).status_code == 401
    assert client.get(f"{books(desk)}/entries", headers={"Cookie": f"qazyna_session={secret}"}).status_code == 200
    assert client.get(f"{books(desk)}/entries", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_the_password_is_verified_while_no_connection_waits(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    busy: list[int] = []

    def verify(password_hash: str, password: str) -> bool:
        busy.append(desk.engine.pool.checkedout())  # type: ignore[attr-defined]
        return True

    monkeypatch.setattr("erp.reference.access.service._verify", verify)
    with TestClient(desk.app) as client:
        Reader(client, "accountant")
    assert busy == [0]


def test_who_guesses_at_many_logins_waits_and_who_knows_their_password_does_not(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[str] = []

    def verify(password_hash: str, password: str) -> bool:
        verified.append(password)
        return password == PASSWORD

    monkeypatch.setattr("erp.reference.access.service._verify", verify)
    with TestClient(app_over(desk.engine, sign_ins=Allowance(3, 60))) as client:

        def tried(login: str, password: str) -> httpx.Response:
            client.cookies.clear()
            form, head = {"login": login, "password": password}, {"Accept-Language": "en"}
            return client.post("/sign-in", data=form, headers=head, follow_redirects=False)

        assert {tried("accountant", PASSWORD).status_code for _ in range(5)} == {303}
        assert [tried(f"guess{n}", "123456").status_code for n in range(3)] == [403] * 3
        refused = tried("guess4", "12345678")
    assert (refused.status_code, "12345678" in verified) == (429, False)
    assert "Too many attempts from your address. Try again in" in refused.text


def test_what_is_not_a_wrong_password_counts_against_nobody(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("erp.reference.access.service._VERIFYING", BoundedSemaphore(1))
    monkeypatch.setattr("erp.reference.access.service._PATIENCE", 0.0)
    with TestClient(app_over(desk.engine, sign_ins=Allowance(2, 60))) as client:
        forms = [{"login": login, "password": PASSWORD} for login in ("office", "auditor", "nobody", "accountant")]
        with service._VERIFYING:
            said = [client.post("/sign-in", data=form, headers={"Accept-Language": "en"}) for form in forms[:3]]
        assert [answer.status_code for answer in said] == [429] * 3
        assert not any("from your address" in answer.text for answer in said)
        assert client.post("/sign-in", data=forms[3], follow_redirects=False).status_code == 303


def test_a_line_of_ipv6_is_one_address() -> None:
    asked = Allowance(2, 60)
    for address in ("2a00:1234::1", "2a00:1234::ffff:2"):
        asked.take(address)
    with pytest.raises(AskedTooOften):
        asked.take("2a00:1234:0:0:5::3")
    for address in ("2a00:1234:0:1::1", "10.0.0.1", "::ffff:10.0.0.1", "unknown", "unknown"):
        asked.take(address)
    with pytest.raises(AskedTooOften):
        asked.take("10.0.0.1")


def test_a_password_waits_for_its_place_no_longer_than_a_reader_would(
    desk: Desk, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("erp.reference.access.service._VERIFYING", BoundedSemaphore(1))
    monkeypatch.setattr("erp.reference.access.service._PATIENCE", 0.01)
    with service._VERIFYING:
        answer = client.post("/sign-in", data={"login": "x", "password": "y"}, headers={"Accept-Language": "en"})
    assert answer.status_code == 429
    assert "Too many attempts to sign in. Try again after" in answer.text


# ---------------------------------------------------------------- the database in trouble


def test_the_page_that_says_it_has_its_sheet(client: Client) -> None:
    sheet = Outline(client.get("/sign-in").text).one("link", rel="stylesheet")["href"]
    with TestClient(app_over(create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none"))) as away:
        answer = away.get(sheet, headers={"Cookie": "qazyna_session=x"})
    assert (answer.status_code, answer.headers["content-encoding"]) == (200, "gzip")


@pytest.fixture
def lost_at_commit(desk: Desk, server: TestServer) -> Callable[[], Any]:
    """The connection of the next change breaks when it commits."""

    @contextmanager
    def lost() -> Iterator[None]:
        def cut(connection: Connection) -> None:
            if not connection.get_execution_options().get("postgresql_readonly"):
                pid = connection.connection.dbapi_connection.info.backend_pid  # type: ignore[union-attr]
                with psycopg.connect(server.admin_url, autocommit=True) as admin:
                    admin.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

        recall._memories.clear()  # known sides are posted in one statement, which has no commit of its own
        event.listen(desk.engine, "commit", cut)
        try:
            yield
        finally:
            event.remove(desk.engine, "commit", cut)

    return lost


def filled(reader: Reader, path: str, form: str, **typed: str) -> dict[str, str]:
    return Outline(reader.get(path).text).fields(form) | {"do": "post"} | typed


_LINE = {
    "effective_on": "17.03.2026",
    "memo": "Lost at commit",
    "postings.0.debit.account": "1010",
    "postings.0.credit.account": "2310",
    "postings.0.amount": "5",
}


def test_a_connection_lost_at_commit_leaves_the_form_to_be_sent_again(
    desk: Desk, client: Client, lost_at_commit: Callable[[], Any]
) -> None:
    reader, path = Reader(client, "accountant"), f"{desk.home}journal/new"
    form = filled(reader, path, "entry", **_LINE)
    with lost_at_commit():
        answer = reader.send(path, form)
    assert answer.status_code == 503
    assert "not known whether this was saved" in answer.text
    assert "Send the same form again" in answer.text
    again = Outline(answer.text).fields("entry")
    assert {name: again[name] for name in ("key", "memo")} == {name: form[name] for name in ("key", "memo")}
    first, second = (reader.send(path, again | {"do": "post"}) for _ in range(2))
    assert first.status_code == 303
    assert first.headers["location"] == second.headers["location"]


def test_a_storno_lost_at_commit_comes_back_too(desk: Desk, client: Client, lost_at_commit: Callable[[], Any]) -> None:
    reader, path = Reader(client, "accountant"), f"{desk.home}journal/{desk.post()}/correct"
    form = filled(reader, path, "correction", effective_on="18.03.2026", reason="Typed twice")
    with lost_at_commit():
        answer = reader.send(path, form)
    assert answer.status_code == 503
    assert Outline(answer.text).fields("correction")["key"] == form["key"]


def test_where_the_form_cannot_be_made_again_nobody_says_that_nothing_was_saved(
    desk: Desk, client: Client, lost_at_commit: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, path = Reader(client, "accountant"), f"{desk.home}journal/new"
    form = filled(reader, path, "entry", **_LINE)

    def gone(_: UnitOfWork) -> None:
        raise OperationalError("SELECT", {}, psycopg.OperationalError("the server is gone"))

    monkeypatch.setattr("web.finance.journal.organisation_at", gone)
    with lost_at_commit():
        answer = reader.send(path, form)
    assert answer.status_code == 503
    assert "not known whether this was saved" in answer.text
    assert "Nothing was saved" not in answer.text


def test_a_program_is_told_that_the_outcome_is_unknown(
    desk: Desk, client: Client, bearer: Bearer, lost_at_commit: Callable[[], Any]
) -> None:
    head, command = bearer("accountant"), an_entry(memo="Lost")
    with lost_at_commit():
        answer = client.post(f"{books(desk)}/entries", json=command, headers=head)
    assert (answer.status_code, answer.json()["title"]) == (503, "outcome-unknown")
    assert client.post(f"{books(desk)}/entries", json=command, headers=head).status_code == 201


def test_what_takes_too_long_says_so(desk: Desk, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(uow: UnitOfWork, *_: object) -> None:
        uow.execute(text("SET LOCAL statement_timeout = 10"))
        uow.execute(text("SELECT pg_sleep(5)"))

    reader = Reader(client, "accountant")
    monkeypatch.setattr("web.home._standing", slow)
    answer = reader.get(desk.home)
    assert answer.status_code == 504
    assert "This took too long, so the database stopped it" in answer.text
