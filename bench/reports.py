"""What people read: trial balances and a card, against a GROUP BY over the postings."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy import Engine, text

from bench.measure import Figure, duration, size, timed
from bench.world import World
from erp.base import uow
from erp.base.dates import MonthSpan
from erp.base.db import make_engine
from erp.base.scope import Scope
from erp.finance.journal import service, turnovers
from erp.finance.journal.turnovers import Cut
from ledger import seals
from ledger.model import Actor

REPEATS, LONGEST = 9, 15
"""How often a report is asked, and the seconds after which it is not asked again."""
SPAN = MonthSpan.of(date(2026, 4, 1), date(2026, 9, 1))

_FROM_POSTINGS = """
    SELECT s.account_id, sum(x.debit - x.credit) FILTER (WHERE x.effective_on < :start) AS opening,
           sum(x.debit) FILTER (WHERE x.effective_on >= :start), sum(x.credit) FILTER (WHERE x.effective_on >= :start)
      FROM (SELECT organisation_id, debit_id AS id, effective_on, amount_tiyn AS debit, 0 AS credit FROM ledger_posting
             WHERE {whose} AND effective_on < :end
            UNION ALL
            SELECT organisation_id, credit_id, effective_on, 0, amount_tiyn FROM ledger_posting
             WHERE {whose} AND effective_on < :end) x
      JOIN ledger_subaccount s ON s.organisation_id = x.organisation_id AND s.id = x.id
     GROUP BY 1
"""

POSTINGS = "SELECT count(*) FROM ledger_posting WHERE organisation_id = 1"
"""Of the institution that is measured: the figures of one hot account add theirs to its own."""

BUSIEST = """
    SELECT a.code FROM ledger_account_balance b JOIN ledger_account a ON a.id = b.account_id
     WHERE b.organisation_id = 1 GROUP BY 1 ORDER BY sum(b.debit_tiyn + b.credit_tiyn) DESC LIMIT 1
"""


def figures(world: World) -> Iterator[Figure]:
    """At the size the world has now."""
    engine = make_engine(world.url, pool=2, timeouts=False)
    at, everyone = size(world.postings), range(1, world.organisations + 1)
    busiest = world.ask(BUSIEST)
    of_one, of_all = _grouped(world, "organisation_id = 1", repeats=3), _grouped(world, "true", repeats=1)
    by_one, by_all = f"GROUP BY over its {world.ask(POSTINGS):,} postings", "GROUP BY over all postings, once"
    owner = "as the owner, without row-level security"

    def tree(u: uow.UnitOfWork, known: int | None = None) -> object:
        return turnovers.sums_by_account(u.connection, u.scope, everyone, Cut(SPAN, known=known))

    yield from slower_first(
        f"ledger.trial_balance.{at}",
        duration(
            f"ledger.trial_balance.{at}.one",
            read(engine, [1], lambda u: service.trial_balance(u, 1, SPAN, by_dimensions=True)),
            of_one,
            f"one institution with dimensions, named; aim 50 ms; baseline: {by_one} {owner}",
        ),
        duration(
            f"ledger.trial_balance.{at}.tree",
            read(engine, everyone, tree),
            of_all,
            f"all institutions by account; aim 50 ms and 50 x; baseline: {by_all}, {owner}",
        ),
    )
    yield duration(
        f"ledger.card.{at}",
        read(engine, [1], lambda u: service.account_card(u, 1, busiest, SPAN)),
        of_one,
        f"first page of an institution's busiest account; aim 30 ms; baseline: {by_one} {owner}",
    )
    yield from slower_first(
        f"ledger.as_known_at.{at}",
        duration(
            f"ledger.as_known_at.{at}.one",
            read(engine, [1], lambda u: service.trial_balance(u, 1, SPAN, by_dimensions=True, known_at=world.midway)),
            of_one,
            f"the same of one institution as known halfway of the last growth; aim 2 s; baseline: {by_one} {owner}",
        ),
        duration(
            f"ledger.as_known_at.{at}.tree",
            read(engine, everyone, lambda u: tree(u, seals.known_at(u.connection, world.midway).xid)),
            of_all,
            f"the same of all institutions by account; aim 2 s; baseline: {by_all}, {owner}",
        ),
    )
    engine.dispose()


def slower_first(name: str, *figures: Figure) -> Iterator[Figure]:
    """The slowest under ``name``, then all."""
    slower = max(figures, key=lambda figure: figure.value)
    yield replace(slower, name=name, note=f"the slower of the two; {slower.note}")
    yield from figures


def read(engine: Engine, organisations: Sequence[int], report: Callable[[uow.UnitOfWork], object]) -> list[float]:
    """Seconds that a report of the organisations takes, each time it is asked."""
    scope = Scope(Actor(7, "bench"), reads=frozenset(organisations))
    uow.read(engine, scope, report)
    seconds: list[float] = []
    while len(seconds) < REPEATS and sum(seconds) < LONGEST:
        seconds.append(timed(lambda: uow.read(engine, scope, report)))
    return seconds


def _grouped(world: World, whose: str, *, repeats: int) -> list[float]:
    """Seconds of the GROUP BY, as the owner: without the price of row-level security."""
    statement = text(_FROM_POSTINGS.format(whose=whose))
    with world.owner.connect() as connection:
        return [
            timed(lambda: connection.execute(statement, {"start": SPAN.start, "end": SPAN.end}).all())
            for _ in range(repeats)
        ]
