"""Seals: everything verified, against reading the same rows by a bare COPY."""

from collections.abc import Iterator

from bench.measure import Figure, rate, timed
from bench.world import World
from ledger.verify import Report, verify

_ROWS = ("ledger_entry", "ledger_posting", "ledger_leaf")


def figures(world: World) -> Iterator[Figure]:
    """Entries a second, of all that are sealed."""
    reports: list[Report] = []
    seals = timed(lambda: reports.append(verify(world.url, seals_only=True)))
    seconds = timed(lambda: reports.append(verify(world.url)))
    for report in reports:
        if report.faults:
            raise RuntimeError(f"the books of the bench do not verify: {report.faults[0]}")
    read = timed(lambda: _copy(world))
    note = (
        f"qazyna verify --seals-only over {report.entries:,} entries: leaves, roots, chain, codes; two workers;"
        f" aim 100,000/s; baseline: a bare COPY of the same {', '.join(_ROWS)}, one after another"
    )
    yield rate("ledger.verify", [report.entries / seals], [report.entries / read], note)
    note = "qazyna verify: the same, and every balance and number against the postings; baseline: that COPY"
    yield rate("ledger.verify.books", [report.entries / seconds], [report.entries / read], note)
    note = f"one seal over {world.sealed:,} entries; baseline: that COPY"
    yield rate("ledger.seal", [world.sealed / world.sealed_in], [report.entries / read], note)


def _copy(world: World) -> None:
    with world.owner.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        for table in _ROWS:
            with driver.cursor() as cursor, cursor.copy(f"COPY (TABLE {table}) TO STDOUT") as rows:
                for _ in rows:
                    pass
