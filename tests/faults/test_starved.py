"""No connection to be had, a statement too slow, a session ended while it waits: a clear answer, nothing half done."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from random import Random
from uuid import uuid4

import psycopg
import pytest
from litestar.testing import TestClient
from sqlalchemy import Engine, event
from sqlalchemy.pool import QueuePool

from api.app import create_app
from erp.base.db import make_engine
from tests.factories.patience import until
from tests.faults import witness
from tests.faults.commands import Answer, Caller, Hands, Json, Place, Unclear, Worker, draw
from tests.faults.diary import Sent
from web.app import pages


@pytest.fixture
def engine(place: Place) -> Iterator[Engine]:
    engine = make_engine(place.database, pool=1)
    yield engine
    engine.dispose()


@pytest.fixture(params=["worker", "http"])
def hands(request: pytest.FixtureRequest, place: Place, engine: Engine) -> Iterator[Hands]:
    if request.param == "worker":
        yield Worker(place, engine=engine)
    else:
        with TestClient(create_app(engine, pages, threads=1)) as client:
            yield Caller(place, client=client)


def a_command(place: Place) -> Json:
    """One entry of the same lines each time, so that each waits for the same rows."""
    command = draw(Random(0), "entry", f"starved {uuid4()}", place.organisations[:1])  # noqa: S311
    command["entries"][0]["key"] = command["key"] = str(uuid4())
    return command


@pytest.fixture
def command(place: Place) -> Json:
    return a_command(place)


@pytest.fixture(autouse=True)
def once(place: Place, hands: Hands, command: Json) -> Iterator[None]:
    """Whatever happened in the test, the command sent once more stands in the books once."""
    hands.send(a_command(place))  # makes the rows to wait for
    yield
    placed, _ = hands.send(command)
    faults = witness.faults(witness.look(place.owner, place.organisations), {command["key"]: Sent(command, placed)})
    assert [fault for fault in faults if not fault.startswith("nobody sent")] == []


@contextmanager
def balances_held(place: Place) -> Iterator[psycopg.Connection]:
    """Somebody else holds every row that a posting adds to."""
    with psycopg.connect(place.owner) as other:
        other.execute("SELECT FROM ledger_account_balance FOR UPDATE")
        other.execute("SELECT FROM ledger_balance FOR UPDATE")
        yield other
        other.rollback()


def limit(engine: Engine, setting: str) -> None:
    """Let each connection made from now on wait less."""

    @event.listens_for(engine, "connect")
    def shorten(connection: psycopg.Connection, _: object) -> None:
        connection.execute(f"SET {setting}".encode())
        connection.commit()

    engine.dispose()


def answer(send: Callable[[Json], Answer], command: Json) -> str:
    """What the writer was told."""
    try:
        send(command)
    except Unclear as told:
        return str(told)
    return "saved"


def test_no_connection_to_be_had(engine: Engine, hands: Hands, command: Json) -> None:
    assert isinstance(engine.pool, QueuePool)
    engine.pool._timeout = 0.2
    with engine.connect():
        assert answer(hands.send, command) in ("pool", "database-unavailable")


def test_a_statement_that_takes_too_long(engine: Engine, hands: Hands, command: Json, place: Place) -> None:
    limit(engine, "statement_timeout = '200ms'")
    with balances_held(place):
        assert answer(hands.send, command) in ("QueryCanceled 57014", "took-too-long")


def test_a_lock_that_is_not_to_be_had(engine: Engine, hands: Hands, command: Json, place: Place) -> None:
    limit(engine, "lock_timeout = '200ms'")
    with balances_held(place):
        assert answer(hands.send, command) == "busy"


def test_a_session_ended_while_it_waits_for_a_lock(engine: Engine, hands: Hands, command: Json, place: Place) -> None:
    with ThreadPoolExecutor(1) as thread:
        with balances_held(place) as other:
            told = thread.submit(answer, hands.send, command)
            waiting = (
                "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND %s = ANY (pg_blocking_pids(pid))"
            )
            until(lambda: other.execute(waiting, [other.info.backend_pid]).fetchone())
            other.execute(f"SELECT pg_terminate_backend(pid) FROM ({waiting}) waits", [other.info.backend_pid])
        assert told.result() in ("AdminShutdown 57P01", "outcome-unknown", "saved")
