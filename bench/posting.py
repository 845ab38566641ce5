"""Single entries: the database function alone, and the whole Python service, against a bare insert."""

import os
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from uuid import uuid4

from bench.measure import Figure, rate, size
from bench.world import World
from erp.base import uow
from erp.base.db import make_engine
from erp.base.i18n import Language
from erp.finance.journal import service
from erp.finance.journal.schemas import PostEntry
from erp.reference.access.model import Grant, Identity, Permission, Role, User
from erp.reference.access.policy import authorise

STATED = 1_000_000
"""Postings of the books that the figures without a size in their name are taken in."""
ROUNDS, SECONDS = 5, 3
PROCESSES, THREADS = 2, 4
DAY = date(2026, 3, 15)
_HOT_NOTE = "one institution, one debit account; aim 0.5 of the spread"
_DEBITS = ["2310", "2320", "2330", "2340", "2411"]
_CREDITS = ["2391", "2392", "5110", "5210", "5220"]


def figures(world: World) -> Iterator[Figure]:
    each = world.subaccounts // world.organisations
    numbers = {"organisations": world.organisations, "each": each, "debits": each // 2}
    floors, spread, hot, through, through_hot = [], [], [], [], []
    of_size = "" if world.postings == STATED else f".{size(world.postings)}"
    with _serving(world) as serve:
        world.pgbench("function.pgbench", seconds=SECONDS, **numbers)  # no server stands right after a checkpoint
        for _ in range(ROUNDS):
            floors.append(world.pgbench("bare.pgbench", seconds=SECONDS, as_owner=True))
            spread.append(world.pgbench("function.pgbench", seconds=SECONDS, **numbers))
            hot.append(
                world.pgbench("function.pgbench", seconds=SECONDS, **numbers | {"organisations": 1, "debits": 1})
            )
            through.append(serve(False))
            through_hot.append(serve(True))
    floor = "floor, a bare insert of an entry and two lines"
    yield rate(
        f"ledger.function.spread{of_size}",
        spread,
        floors,
        f"the posting function by pgbench, 8 clients; aim 0.25 of the {floor}",
    )
    yield rate(f"ledger.function.hot{of_size}", hot, spread, _HOT_NOTE)
    yield rate(
        f"ledger.post.spread{of_size}",
        through,
        floors,
        f"through the Python service, {PROCESSES} x {THREADS}; aim 0.10 of the {floor}",
    )
    yield rate(f"ledger.post.hot{of_size}", through_hot, through, _HOT_NOTE)


@contextmanager
def _serving(world: World) -> Iterator[Callable[[bool], float]]:
    """Processes that have been serving for a while: every side was met once."""
    with ProcessPoolExecutor(PROCESSES, initializer=_Desk.open, initargs=(world.url, world.organisations)) as processes:

        def rate(hot: bool) -> float:
            jobs = [processes.submit(_Desk.work, hot) for _ in range(PROCESSES)]
            return sum(job.result() for job in jobs)

        rate(True)  # the processes start, and meet every side
        yield rate


class _Desk:
    """One process: an engine, and an accountant of every institution."""

    here: "_Desk"

    def __init__(self, url: str, organisations: int) -> None:
        self.engine = make_engine(url, pool=THREADS)
        self.organisations = organisations
        everywhere = frozenset(Grant(o, Role.ACCOUNTANT) for o in range(1, organisations + 1))
        self.identity = Identity(User(7, "bench", "bench", Language.EN), everywhere, "bench", "token")
        self.draw = random.Random(os.getpid())  # noqa: S311

    @classmethod
    def open(cls, url: str, organisations: int) -> None:
        cls.here = cls(url, organisations)
        for organisation in range(1, organisations + 1):
            cls.here.post(organisation, list(zip(_DEBITS, _CREDITS, strict=True)))

    @classmethod
    def work(cls, hot: bool) -> float:
        """Entries a second."""
        desk, start = cls.here, time.time()

        def posted() -> int:
            count = 0
            while time.time() < start + SECONDS:
                organisation = 1 if hot else desk.draw.randint(1, desk.organisations)
                debit = _DEBITS[0] if hot else desk.draw.choice(_DEBITS)
                desk.post(organisation, [(debit, desk.draw.choice(_CREDITS))])
                count += 1
            return count

        with ThreadPoolExecutor(THREADS) as threads:
            total = sum(job.result() for job in [threads.submit(posted) for _ in range(THREADS)])
        return total / (time.time() - start)

    def post(self, organisation: int, pairs: list[tuple[str, str]]) -> None:
        lines = [{"debit": {"account": d}, "credit": {"account": c}, "amount": "5.00"} for d, c in pairs]
        said = {"key": str(uuid4()), "journal": "MO-16", "effective_on": DAY, "memo": "bench", "postings": lines}
        command = PostEntry.model_validate(said)
        scope = authorise(self.identity, Permission.JOURNAL_POST, organisation)
        uow.run(self.engine, scope, lambda u: service.post_entry(u, organisation, command))
