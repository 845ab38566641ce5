"""What an accountant waits for: the reports of one institution's year, and a long list as a spreadsheet."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from tempfile import TemporaryFile

from bench.measure import Figure, duration, size, timed
from bench.reports import BUSIEST, POSTINGS, read, slower_first
from bench.world import World
from erp.base import clock
from erp.base.dates import MonthSpan
from erp.base.db import make_engine
from erp.base.i18n import Language
from erp.base.uow import UnitOfWork
from erp.finance.journal.turnovers import Cut
from erp.finance.reports import service
from erp.finance.reports.model import Figure as Sum
from erp.finance.reports.model import Part, PostingLine, Step
from ledger.model import Dimension
from web.finance import layouts
from web.i18n import speech
from web.tables import csv_file, sheet
from web.tables.model import About

YEAR = MonthSpan.of(date(2026, 1, 1), date(2026, 12, 1))
_ROWS = 100_000


def figures(world: World) -> Iterator[Figure]:
    """At the size the world has now; the baseline is the trial balance by account of the same institution."""
    engine, at, cut = make_engine(world.url, pool=2, timeouts=False), size(world.postings), Cut(YEAR)
    busiest = str(world.ask(BUSIEST))
    reports: dict[str, Callable[[UnitOfWork], object]] = {
        "by_dimensions": lambda u: service.trial_balance(u, 1, cut, (Dimension.PROGRAMME, Dimension.COUNTERPARTY)),
        "by_value": lambda u: service.by_value(u, 1, cut, Dimension.COUNTERPARTY),
        "chessboard": lambda u: service.chessboard(u, 1, cut),
        "analysis": lambda u: service.analysis(u, 1, cut, busiest),
        "ledger_book": lambda u: service.book(u, 1, cut, busiest, Step.MONTH),
        "journal_order": lambda u: service.book(u, 1, cut, busiest, Step.DAY),
        "memorial_orders": lambda u: service.memorial_orders(u, 1, cut),
        "comparison": lambda u: service.comparison(u, 1, cut, cut, Part.CLOSING),
        "behind": lambda u: service.behind(u, 1, cut, Sum(Part.CLOSING, account=busiest)),
    }
    note = (
        f"one institution's year of {world.ask(POSTINGS):,} postings; aim 1 s; baseline: its trial balance by account"
    )
    baseline = read(engine, [1], lambda u: service.trial_balance(u, 1, cut))
    yield from slower_first(
        f"desk.reports.{at}",
        *(
            duration(f"desk.reports.{at}.{name}", read(engine, [1], report), baseline, note)
            for name, report in reports.items()
        ),
    )
    engine.dispose()


def exported() -> Iterator[Figure]:
    """A journal of 100,000 postings as a spreadsheet; the baseline is the same as CSV."""
    day, nothing = date(2026, 1, 1), ("",) * len(Dimension)

    def lines() -> Iterator[PostingLine]:
        for at in range(_ROWS):
            on = day + timedelta(days=at * 365 // _ROWS)
            yield PostingLine(
                on, "MO-16", at, 1, "ordinary", str(at), on, "bench", "1316", nothing, "3210", nothing, 1 + at * 7919
            )

    say = speech(Language.RU)
    about = About([("", "bench")], clock.now(), "bench")
    with TemporaryFile() as book, TemporaryFile() as flat:
        seconds = timed(lambda: sheet.write(layouts.postings(lines(), say), about, book))
        baseline = timed(lambda: csv_file.write(layouts.postings(lines(), say), flat))
    note = "100,000 postings as xlsx, without reading them; aim 10 s; baseline: as CSV"
    yield duration("desk.xlsx.100k", [seconds], [baseline], note)
