"""Single entries: the database function alone, and the whole Python service, against a bare insert."""

import random
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import date
from uuid import uuid4

from bench.measure import Figure, rate
from bench.world import World
from erp.base import uow
from erp.base.db import make_engine
from erp.base.i18n import Language
from erp.finance.journal import service
from erp.finance.journal.schemas import PostEntry
from erp.reference.access.model import Grant, Identity, Permission, Role, User
from erp.reference.access.policy import authorise

ROUNDS, SECONDS = 5, 3
PROCESSES, THREADS = 2, 4
DAY = date(2026, 3, 15)
_DEBITS = ["2310", "2320", "2330", "2340", "2411"]
_CREDITS = ["2391", "2392", "5110", "5210", "5220"]


def figures(world: World) -> Iterator[Figure]:
    each = world.subaccounts // world.organisations
    numbers = {"organisations": world.organisations, "each": each, "debits": each // 2}
    floors, spread, hot, through, through_hot = [], [], [], [], []
    for _ in range(ROUNDS):
        floors.append(world.pgbench("bare.pgbench", seconds=SECONDS, as_owner=True))
        spread.append(world.pgbench("function.pgbench", seconds=SECONDS, **numbers))
        hot.append(world.pgbench("function.pgbench", seconds=SECONDS, **numbers | {"organisations": 1, "debits": 1}))
        through.append(_through_service(world, hot=False))
        through_hot.append(_through_service(world, hot=True))
    floor = "floor, a bare insert of an entry and two lines"
    yield rate(
        "ledger.function.spread",
        spread,
        floors,
        f"the posting function by pgbench, 8 clients; aim 0.25 of the {floor}",
    )
    yield rate("ledger.function.hot", hot, spread, "one institution, one debit account; aim 0.5 of the spread")
    yield rate(
        "ledger.post.spread",
        through,
        floors,
        f"through the Python service, {PROCESSES} x {THREADS}; aim 0.10 of the {floor}",
    )
    yield rate("ledger.post.hot", through_hot, through, "one institution, one debit account; aim 0.5 of the spread")


def _through_service(world: World, *, hot: bool) -> float:
    stop = time.time() + SECONDS + 1.5
    with ProcessPoolExecutor(PROCESSES) as processes:
        jobs = [processes.submit(_process, world.url, world.organisations, hot, stop) for _ in range(PROCESSES)]
        return sum(job.result() for job in jobs)


def _process(url: str, organisations: int, hot: bool, stop: float) -> float:
    """Entries a second of one process, after its engine is warm."""
    engine = make_engine(url, pool=THREADS)
    accountant = User(7, "bench", "bench", Language.EN)
    everywhere = frozenset(Grant(o, Role.ACCOUNTANT) for o in range(1, organisations + 1))
    identity = Identity(accountant, everywhere, "bench", "token")
    draw = random.Random(stop)  # noqa: S311

    def post() -> None:
        organisation = 1 if hot else draw.randint(1, organisations)
        command = PostEntry.model_validate(
            {
                "key": str(uuid4()),
                "journal": "MO-16",
                "effective_on": DAY,
                "memo": "bench",
                "postings": [
                    {
                        "debit": {"account": _DEBITS[0] if hot else draw.choice(_DEBITS)},
                        "credit": {"account": draw.choice(_CREDITS)},
                        "amount": "5.00",
                    }
                ],
            }
        )
        scope = authorise(identity, Permission.JOURNAL_POST, organisation)
        uow.run(engine, scope, lambda u: service.post_entry(u, organisation, command))

    def worker() -> int:
        posted = 0
        while time.time() < stop:
            post()
            posted += 1
        return posted

    post()
    start = time.time()
    with ThreadPoolExecutor(THREADS) as threads:
        posted = sum(job.result() for job in [threads.submit(worker) for _ in range(THREADS)])
    engine.dispose()
    return posted / (time.time() - start)
