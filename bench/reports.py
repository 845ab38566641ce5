"""Trial balances from the period balances, against a GROUP BY over the postings."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date

from sqlalchemy import Engine, text

from bench.measure import Figure, duration
from bench.world import World
from erp.base import uow
from erp.base.dates import MonthSpan
from erp.base.db import make_engine
from erp.base.scope import Scope
from erp.finance.journal import queries
from ledger.model import Actor

REPEATS = 7
SPAN = MonthSpan.of(date(2026, 4, 1), date(2026, 9, 1))

_FROM_POSTINGS = text("""
    SELECT s.account_id, sum(x.debit - x.credit) FILTER (WHERE x.effective_on < :start) AS opening,
           sum(x.debit) FILTER (WHERE x.effective_on >= :start), sum(x.credit) FILTER (WHERE x.effective_on >= :start)
      FROM (SELECT organisation_id, debit_id AS id, effective_on, amount_tiyn AS debit, 0 AS credit FROM ledger_posting
             WHERE organisation_id = ANY(:organisations) AND effective_on < :end
            UNION ALL
            SELECT organisation_id, credit_id, effective_on, 0, amount_tiyn FROM ledger_posting
             WHERE organisation_id = ANY(:organisations) AND effective_on < :end) x
      JOIN ledger_subaccount s ON s.organisation_id = x.organisation_id AND s.id = x.id
     GROUP BY 1
""")


def figures(world: World) -> list[Figure]:
    engine = make_engine(world.url, pool=2, timeouts=False)
    everyone = list(range(1, world.organisations + 1))
    one = _compare(engine, [1], lambda u: queries.sums_by_subaccount(u.connection, u.scope, 1, SPAN), repeats=REPEATS)
    tree = _compare(
        engine, everyone, lambda u: queries.sums_by_account(u.connection, u.scope, everyone, SPAN), repeats=3
    )
    engine.dispose()
    name = f"ledger.trial_balance.{_size(world.postings)}"
    by_dimensions = duration(
        f"{name}.one", *one, "one institution with dimensions; baseline: GROUP BY over its postings"
    )
    by_account = duration(f"{name}.tree", *tree, "all institutions by account; baseline: GROUP BY over all postings")
    slower = max(by_dimensions, by_account, key=lambda figure: figure.value)
    return [replace(slower, name=name, note="the slower of the two"), by_dimensions, by_account]


def _compare(
    engine: Engine, organisations: list[int], report: Callable[[uow.UnitOfWork], object], *, repeats: int
) -> tuple[list[float], list[float]]:
    scope = Scope(Actor(7, "bench"), reads=frozenset(organisations))
    parameters = {"organisations": organisations, "start": SPAN.start, "end": SPAN.end}
    fast, slow = [], []
    for _ in range(repeats):
        fast.append(_timed(lambda: uow.read(engine, scope, report)))
        slow.append(_timed(lambda: uow.read(engine, scope, lambda u: u.execute(_FROM_POSTINGS, parameters).all())))
    return fast, slow


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _size(postings: int) -> str:
    return f"{postings // 1_000_000}m" if postings >= 1_000_000 else f"{postings // 1000}k"
