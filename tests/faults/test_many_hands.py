"""Eight writers over shared hot accounts, and nothing fails: no deadlock is told, nothing is lost or doubled."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Barrier

import pytest

from erp.base.db import make_engine
from tests.faults import witness
from tests.faults.commands import Json, Place, Refused, Worker, draw, draw_month, draw_storno
from tests.faults.diary import Sent

HANDS = 8
SECONDS = 20
REFUSED = {"period-closed", "already-corrected"}


class Crowd:
    """Hands that share an engine, the books and what there is to cancel."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.sent: dict[str, Sent] = {}
        self._standing: list[Sent] = []
        self._engine = make_engine(place.database, pool=HANDS)
        self._worker = Worker(place, engine=self._engine)

    def write(self, number: int) -> None:
        """Write until the time is over; any answer but a proper one ends it."""
        random, until = Random(number), time.monotonic() + SECONDS  # noqa: S311
        for n in range(1_000_000):
            if time.monotonic() > until:
                return
            sent = Sent(self._draw(random, f"{number}-{n}", closes=number == 0 and n % 20 == 0, closed=n % 40 == 0))
            self.sent[sent.command["key"]] = sent
            try:
                sent.placed, is_new = self._worker.send(sent.command)
            except Refused as refusal:
                sent.refused = str(refusal)
                continue
            assert is_new
            if sent.command["kind"] == "entry":
                self._standing.append(sent)

    def _draw(self, random: Random, name: str, *, closes: bool, closed: bool) -> Json:
        if closes:
            return draw_month(random, name, self.place.organisations[0], closed=closed)
        kind = random.choices(Worker.kinds, [5, 5, 1, 3])[0]
        if kind == "storno" and self._standing:  # one of the last, so that two cancel the same at once
            original = random.choice(self._standing[-20:])
            assert original.placed is not None
            return draw_storno(random, name, original.command, original.placed[0][0])
        return draw(random, "entries" if kind == "storno" else kind, name, self.place.organisations)

    def leave(self) -> None:
        """With every month open."""
        self._worker.send(draw_month(Random(0), "last", self.place.organisations[0], closed=True))  # noqa: S311
        self._engine.dispose()


def test_eight_writers_of_everything_at_once(place: Place) -> None:
    crowd = Crowd(place)
    with ThreadPoolExecutor(HANDS) as hands:
        for hand in [hands.submit(crowd.write, number) for number in range(HANDS)]:
            hand.result()
    books = witness.look(place.owner, place.organisations)
    crowd.leave()
    assert witness.faults(books, crowd.sent) == []
    assert {one.refused for one in crowd.sent.values()} <= {None, *REFUSED}
    saved = Counter(one.command["kind"] for one in crowd.sent.values() if one.placed is not None)
    assert min(saved[kind] for kind in (*Worker.kinds, "month")) >= 5


@pytest.mark.parametrize("kind", ["entry", "entries", "batch"])
def test_one_command_sent_by_all_at_once_is_posted_once(place: Place, kind: str) -> None:
    engine = make_engine(place.database, pool=HANDS)
    worker, start = Worker(place, engine=engine), Barrier(HANDS)
    for n in range(10):
        command = draw(Random(f"{kind} {n}"), kind, f"at once {kind} {n}", place.organisations)  # noqa: S311

        def send(_: int, command: Json = command) -> tuple[str, bool]:
            start.wait()
            placed, is_new = worker.send(command)
            return str(placed), is_new

        with ThreadPoolExecutor(HANDS) as hands:
            answers = list(hands.map(send, range(HANDS)))
        assert len({placed for placed, _ in answers}) == 1
        assert sum(is_new for _, is_new in answers) == 1
    engine.dispose()
    assert witness.look(place.owner, place.organisations).disagreements == []
