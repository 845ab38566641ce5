"""Who watches the program: health, figures, and a log in which no secret and no person can be found."""

import io
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from litestar.testing import TestClient
from prometheus_client.parser import text_string_to_metric_families

from api.health import Program
from api.logs import logger, write_logs
from erp.base.db import make_engine
from qazyna.migrate import heads
from tests.factories.application import app_over
from tests.web.desk import PASSWORD, SUPPLIER, Desk, an_entry

Bearer = Callable[[str], dict[str, str]]
Client = TestClient[Any]
TOKEN = "a-token-for-the-figures"


@pytest.fixture
def watched(desk: Desk) -> Iterator[Client]:
    program = Program(schema=heads(), metrics_token=TOKEN)
    with TestClient(app_over(desk.engine, program=program), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    written = io.StringIO()
    write_logs("json", written)
    yield written
    write_logs("quiet")


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def figures(client: Client) -> dict[tuple[str, ...], float]:
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200, answer.text
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_it_is_ready_while_its_database_is_there_and_of_its_schema(desk: Desk, watched: Client) -> None:
    assert watched.get("/healthz").json() == {"status": "ok"}
    assert watched.get("/readyz").json() == {"status": "ready"}
    older = Program(schema=frozenset({"0001"}))
    with TestClient(app_over(desk.engine, program=older)) as client:
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["code"]) == (503, "schema-not-current")
    nowhere = make_engine("postgresql://nobody@127.0.0.1:1/none", pool=1)
    with TestClient(app_over(nowhere), raise_server_exceptions=False) as client:
        assert client.get("/healthz").status_code == 200
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["code"]) == (503, "database-unavailable")


def test_figures_are_told_to_who_may_see_them(desk: Desk, watched: Client) -> None:
    for head in ({}, {"Authorization": "Bearer wrong"}, {"X-Forwarded-For": "127.0.0.1"}):
        answer = watched.get("/metrics", headers=head)
        assert (answer.status_code, answer.json()["code"]) == (403, "metrics-elsewhere")
    for client_of, forwarded, status in (("127.0.0.1", {}, 200), ("::1", {}, 200), ("10.1.2.3", {}, 403),
                                         ("127.0.0.1", {"X-Forwarded-For": "10.1.2.3"}, 403)):  # fmt: skip
        with TestClient(_from(app_over(desk.engine), client_of)) as client:
            assert client.get("/metrics", headers=forwarded).status_code == status, client_of


def _from(app: Any, host: str) -> Any:
    inner = app.asgi_handler

    async def placed(scope: Any, receive: Any, send: Any) -> None:
        scope["client"] = (host, 4000)
        await inner(scope, receive, send)

    app.asgi_handler = placed
    return app


def test_figures_count_requests_by_route_and_never_by_address(watched: Client, bearer: Bearer, desk: Desk) -> None:
    head, books = bearer("accountant"), f"/api/v1/organisations/{desk.school}"
    desk.post()
    for account in ("1316", "3210"):
        watched.get(f"{books}/accounts/{account}/card?first=2026-01&last=2026-02", headers=head)
    watched.get("/no/such/page/880101300123")
    found = figures(watched)
    card = "/api/v1/organisations/{organisation_id}/accounts/{code}/card"
    assert found["qazyna_requests_total", *sorted(("GET", card, "200"))] == 2
    assert found["qazyna_request_seconds_count", *sorted(("GET", card))] == 2
    assert found["qazyna_requests_total", *sorted(("GET", "(no route)", "404"))] == 1
    assert found[("qazyna_database_up",)] == 1
    assert found[("qazyna_unsealed_entries",)] >= 1
    assert found[("qazyna_seal_lag_seconds",)] > 0
    assert found[("qazyna_pool_connections", "limit")] == 4
    assert found[("qazyna_database_bytes",)] > 1_000_000
    assert ("qazyna_postings_total",) in found
    told = watched.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text
    for secret in ("880101300123", SUPPLIER, "School", "Айгүл", str(TOKEN)):
        assert secret not in told


def test_figures_come_without_a_database_too() -> None:
    nowhere = make_engine("postgresql://nobody@127.0.0.1:1/none", pool=1)
    app = app_over(nowhere, program=Program(metrics_token=TOKEN))
    with TestClient(app, raise_server_exceptions=False) as client:
        found = figures(client)
    assert found[("qazyna_database_up",)] == 0


def test_a_request_is_one_line_with_its_id(watched: Client, bearer: Bearer, desk: Desk, log: io.StringIO) -> None:
    answer = watched.get(f"/api/v1/organisations/{desk.school}/entries?text=secret", headers=bearer("accountant"))
    (line,) = [each for each in lines(log) if each["event"] == "request"]
    assert line["request"] == answer.headers["x-request-id"]
    assert set(line) == {"event", "request", "level", "at", "method", "route", "status", "ms", "user"}
    assert line["route"] == "/api/v1/organisations/{organisation_id}/entries"
    assert (line["method"], line["status"], line["user"]) == ("GET", 200, desk.users["accountant"])


IIN, NAME, WORDS = "880101300123", "Құпия Есімов", "тайна-в-адресе"
SECRETS = (PASSWORD, "correct", "hunter2", IIN, NAME, "Есімов", WORDS, "Bearer", SUPPLIER, "Айгүл")


def test_a_hostile_session_leaves_no_secret_in_the_log(
    watched: Client, bearer: Bearer, desk: Desk, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = bearer("accountant")
    secrets = [*SECRETS, head["Authorization"].split()[1]]
    books, page = f"/api/v1/organisations/{desk.school}", f"/o/{desk.school}"
    for address in (
        f"{books}/entries?text={WORDS}&account={IIN}&cursor={IIN}", f"{books}/entries/{IIN}", f"/{IIN}/{NAME}",
        f"{books}/accounts/{IIN}/card?first=2026-01&last={IIN}", f"{page}/journal?text={NAME}&from={IIN}",
        f"/sign-in?next=/{NAME}", f"{books}/entries?limit={IIN}", f"/static/{IIN}.js", f"{page}/values/{NAME}?q={IIN}",
    ):  # fmt: skip
        watched.get(address, headers=head | {"X-Request-Id": IIN, "User-Agent": IIN, "Referer": f"http://x/{IIN}"})
    watched.post("/sign-in", data={"login": IIN, "password": "hunter2"})
    watched.post("/sign-in", data={"login": "accountant", "password": PASSWORD, "next": f"/{IIN}"})
    watched.post(f"{books}/entries", json=an_entry(memo=NAME, document_number=IIN), headers=head)
    watched.post(f"{books}/entries", json=an_entry(memo=NAME) | {NAME: IIN}, headers=head)
    watched.post(f"{books}/entries", content=f'{{"{IIN}":'.encode(), headers=head)
    watched.request(NAME.encode("ascii", "replace").decode().replace("?", "X"), f"{books}/entries", headers=head)

    def fail(*_: object, **__: object) -> object:
        try:
            with desk.engine.connect() as connection:
                connection.exec_driver_sql("SELECT %(iin)s::int, %(name)s", {"iin": IIN + "x", "name": NAME})
        except Exception as error:
            raise RuntimeError(f"{NAME} {IIN}") from error

    monkeypatch.setattr("api.finance.journal.service.entry", fail)
    answer = watched.get(f"{books}/entries/1", headers=head)
    assert answer.status_code == 500
    written = log.getvalue()
    assert len(lines(log)) > 15
    assert [secret for secret in secrets if secret in written] == []
    (failed,) = [line for line in lines(log) if line["event"] == "unforeseen error"]
    assert failed["reference"] == answer.json()["reference"]
    assert failed["request"] == answer.headers["x-request-id"]
    kinds = [each["kind"] for each in failed["error"]]
    assert kinds[0] == "builtins.RuntimeError"
    assert failed["error"][1]["sqlstate"].startswith("22")
    assert any(re.match(r"tests/api/test_watching.py:\d+ fail", place) for place in failed["error"][0]["at"])


def test_other_libraries_are_told_without_what_their_words_were_filled_with(log: io.StringIO) -> None:
    import logging

    logging.getLogger("another.library").warning("Sending to %s", "somebody@example.kz")
    logger().info("told", number=1)
    assert [(line["event"], line.get("logger")) for line in lines(log)] == [
        ("Sending to %s", "another.library"),
        ("told", None),
    ]
    assert "example.kz" not in log.getvalue()


def test_quiet_logs_leave_the_requests_out(watched: Client) -> None:
    written = io.StringIO()
    write_logs("quiet", written)
    watched.get("/healthz")
    assert written.getvalue() == ""
