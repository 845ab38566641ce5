"""The connection breaks at every step of a command: a retry under the same key gives exactly one result."""

import time
from collections.abc import Callable, Iterator
from random import Random
from uuid import uuid4

import psycopg
import pytest
from litestar.testing import TestClient

from api.app import create_app
from erp.base.db import make_engine
from tests.faults import witness
from tests.faults.commands import Answer, Caller, Hands, Json, Place, Unclear, Worker, draw, draw_storno
from tests.faults.diary import Sent
from tests.faults.proxy import Cut, Proxy
from web.app import pages

MANY = 5000  # more messages than any command takes
NOTHING_WAS_SAVED = ("busy", "database-unavailable", "took-too-long", "disk-full")


class Road:
    """Commands sent through the proxy, each with one cut on its way; ``sent`` is all that stands in the books."""

    def __init__(
        self, proxy: Proxy, place: Place, hands: Hands, forget: Callable[[], None], sent: dict[str, Sent]
    ) -> None:
        self._proxy, self._place, self._hands, self._forget, self._sent = proxy, place, hands, forget, sent
        self.cuts = 0
        self.saved_unheard = 0
        """Commands that were saved though their connection broke."""

    def send(self, kind: str, cut: Cut) -> None:
        """Send with a cut, then again without; the answers agree where there were two."""
        command = self._draw(kind)
        first = self._once(command, cut)
        self.cuts += cut.was_made
        cut.await_settled()
        second = self._once(command, Cut())
        assert second is not None, "the way was free"
        assert first is None or second == (first[0], False)
        self.saved_unheard += not (first or second)[1]
        self._sent[command["key"]] = Sent(command, second[0])

    def messages(self, kind: str) -> int:
        """How many messages to the server a command of the kind takes."""
        seen: list[bytes] = []
        self.send(kind, Cut())  # an engine's first connection asks more than the later ones
        self.send(kind, Cut(at=lambda _, message: bool(seen.append(message))))  # type: ignore[func-returns-value]
        return len(seen) - (seen[-1][:1] == b"X")  # a farewell does not count

    def the_books_are_whole(self) -> bool:
        return witness.faults(witness.look(self._place.owner, self._place.organisations), self._sent) == []

    def _once(self, command: Json, cut: Cut) -> Answer | None:
        self._forget()
        self._proxy.cut = cut
        try:
            return self._hands.send(command)
        except Unclear as lost:
            told = str(lost)
        assert told not in NOTHING_WAS_SAVED or not self._is_saved(command)
        return None

    def _is_saved(self, command: Json) -> bool:
        key = command["key"] if command["kind"] == "storno" else command["entries"][0]["key"]
        with psycopg.connect(self._place.owner, autocommit=True) as connection:
            while connection.execute(
                "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND state <> 'idle' AND xact_start IS NOT NULL"
            ).fetchone():
                time.sleep(0.001)
            return connection.execute("SELECT FROM ledger_command WHERE key = %s", [key]).fetchone() is not None

    def _draw(self, kind: str) -> Json:
        name = f"cut-{len(self._sent)}"
        if kind != "storno":
            return self._like(kind, name)
        original = self._like("entry", f"{name}-original")
        answer = self._once(original, Cut())
        assert answer is not None
        self._sent[original["key"]] = Sent(original, answer[0])
        return draw_storno(Random(name), name, original, answer[0][0][0])  # noqa: S311

    def _like(self, kind: str, name: str) -> Json:
        """Commands of one kind differ by their keys and texts only, so that each takes the same messages."""
        command = draw(Random(kind), kind, name, self._place.organisations)  # noqa: S311
        for keyed in (command, *command["entries"]):
            keyed["key"] = str(uuid4())
        return command


@pytest.fixture(scope="module")
def sent() -> dict[str, Sent]:
    return {}


@pytest.fixture(params=["worker", "http"])
def road(request: pytest.FixtureRequest, proxy: Proxy, place: Place, sent: dict[str, Sent]) -> Iterator[Road]:
    engine = make_engine(proxy.url, pool=1)
    if request.param == "worker":
        yield Road(proxy, place, Worker(place, engine=engine), engine.dispose, sent)
    else:
        with TestClient(create_app(engine, pages, threads=1)) as client:
            yield Road(proxy, place, Caller(place, client=client), engine.dispose, sent)
    engine.dispose()


each_command = pytest.mark.parametrize(
    ("road", "kind"),
    [*(("worker", kind) for kind in Worker.kinds), *(("http", kind) for kind in Caller.kinds)],
    indirect=["road"],
)
before_and_after = pytest.mark.parametrize("before", [True, False], ids=["before", "after"])


@before_and_after
@each_command
def test_a_cut_at_each_message(road: Road, kind: str, before: bool) -> None:
    for number in range(1, MANY):
        cut = Cut(at=lambda n, _, number=number: n == number, before=before)  # type: ignore[misc]
        road.send(kind, cut)
        if not cut.was_made:
            break
    assert road.cuts >= 6
    assert road.saved_unheard == 0 or not before
    assert road.the_books_are_whole()


@each_command
def test_a_cut_in_the_middle_of_a_message_or_of_an_answer(road: Road, kind: str) -> None:
    measure, random = Cut(), Random(kind)  # noqa: S311
    road.send(kind, measure)
    for _ in range(25):
        road.send(kind, Cut(to_server=random.randrange(measure.sent)))
        road.send(kind, Cut(to_client=random.randrange(measure.answered)))
    assert road.the_books_are_whole()


@before_and_after
@each_command
def test_a_cut_at_the_commit(road: Road, kind: str, before: bool) -> None:
    """Before the last message nothing is saved; after it everything is, though nobody heard."""
    last = road.messages(kind)
    for _ in range(5):
        road.send(kind, Cut(at=lambda n, _: n == last, before=before, settle=True))
    assert road.cuts == 5
    assert road.saved_unheard == (0 if before else 5)
    assert road.the_books_are_whole()


@each_command
def test_a_server_gone_for_good_at_the_commit(road: Road, kind: str) -> None:
    """Nobody is told that nothing was saved when it was."""
    last = road.messages(kind)
    for _ in range(3):
        road.send(kind, Cut(at=lambda n, _: n == last, for_good=True, settle=True))
    assert road.saved_unheard == 3
    assert road.the_books_are_whole()
