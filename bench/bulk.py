# ruff: noqa: E501, S311  (draws, and statements over our own tables)
"""Bulk posting and import, against a bare set-based insert of the same rows into equal tables with equal indexes."""

import multiprocessing
import random
import resource
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from sqlalchemy import text

from bench.measure import Figure, rate, timed
from bench.world import YEAR, World
from erp.base import uow
from erp.base.db import make_engine
from erp.base.scope import Scope
from erp.finance.journal.imports.service import import_journal
from ledger import service as ledger
from ledger.model import Actor, JournalEntry, Posting, Source

ROUNDS = 3
MANY, IMPORTED = 200_000, 1_000_000
ACTOR = Actor(7, "bench")
_JOURNAL, _LAST_DAY = 16, 364
_FLOOR = "floor: INSERT … SELECT of the same rows into equal tables with equal indexes"

_SIDES = text("SELECT id FROM ledger_subaccount WHERE organisation_id = :organisation ORDER BY id")
_EQUAL_STAGE = """
    CREATE UNLOGGED TABLE equal_stage AS
    SELECT p.*, e.journal_id, e.kind, e.balance_kind, e.actor_id, e.memo AS entry_memo, e.document_number, e.source_kind,
           e.source_id, e.source_line
      FROM (SELECT * FROM {lines} WHERE organisation_id = :o ORDER BY entry_id DESC, no DESC LIMIT :n) p
      JOIN {entries} e ON (e.organisation_id, e.fiscal_year, e.id) = (p.organisation_id, p.fiscal_year, p.entry_id)
     ORDER BY entry_id, no
"""
_EQUAL_INSERTS = [
    """
    INSERT INTO equal_entry (organisation_id, fiscal_year, id, journal_id, number, kind, balance_kind, effective_on, actor_id,
                             memo, document_number, source_kind, source_id, source_line)
    SELECT organisation_id, fiscal_year, entry_id, min(journal_id), row_number() OVER (ORDER BY entry_id), min(kind),
           min(balance_kind), min(effective_on), min(actor_id), min(entry_memo), min(document_number), min(source_kind),
           min(source_id), min(source_line)
      FROM equal_stage GROUP BY organisation_id, fiscal_year, entry_id
    """,
    """
    INSERT INTO equal_posting
    SELECT organisation_id, fiscal_year, entry_id, no, effective_on, debit_id, credit_id, amount_tiyn, memo,
           debit_quantity_milli, credit_quantity_milli, debit_currency_minor, credit_currency_minor
      FROM equal_stage ORDER BY entry_id, no
    """,
]
_CODES = text("""
    SELECT a.code, s.item, s.person FROM ledger_subaccount s JOIN ledger_account a ON a.id = s.account_id
     WHERE s.organisation_id = :organisation AND a.mandatory = 0 ORDER BY s.id
""")


def post_many(world: World) -> Iterator[Figure]:
    """Entries of two postings, in one call each round."""
    organisation = world.organisations
    engine = make_engine(world.url, pool=1, timeouts=False)
    entries = _entries(world, organisation)
    scope = Scope(ACTOR, writes=frozenset([organisation]))
    rates, floors = [], []
    for _ in range(ROUNDS):
        key = uuid4()
        rates.append(
            MANY
            / timed(
                lambda key=key: uow.run(  # type: ignore[misc]
                    engine,
                    scope,
                    lambda u: ledger.post_many(u.connection, organisation, key, entries, ACTOR, Source("bench")),
                )
            )
        )
        floors.append(MANY / _bare_insert(world, organisation, MANY))
    engine.dispose()
    note = f"{MANY:,} postings in one call, COPY and all; aim 0.5; {_FLOOR}"
    yield rate("ledger.post_many", rates, floors, note)


def _entries(world: World, organisation: int) -> list[JournalEntry]:
    draw = random.Random(organisation)
    with world.owner.connect() as connection:
        sides = connection.execute(_SIDES, {"organisation": organisation}).scalars().all()
    pairs = [_pair(draw, len(sides)) for _ in range(MANY)]
    postings = [Posting(sides[d], sides[c], draw.randint(1, 10**8)) for d, c in pairs]
    return [
        JournalEntry(
            organisation,
            uuid4(),
            _JOURNAL,
            date(YEAR, 1, 1) + timedelta(_LAST_DAY * n // MANY),
            "bench",
            tuple(postings[n : n + 2]),
            document_number=str(n),
            source=Source("bench", line=n),
        )
        for n in range(0, MANY, 2)
    ]


def _pair(draw: random.Random, sides: int) -> tuple[int, int]:
    """Two places; a few of them are drawn most of the time."""
    debit = int(sides * draw.random() ** 3)
    return debit, (debit + 1 + int((sides - 1) * draw.random() ** 3)) % sides


def _bare_insert(world: World, organisation: int, postings: int) -> float:
    """Seconds for the organisation's last ``postings`` postings and their entries, out of a stage that holds them."""
    entries, lines = f"ledger_entry_{YEAR}", f"ledger_posting_{YEAR}"
    with world.owner.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS equal_entry, equal_posting, equal_stage"))
        connection.execute(text(f"CREATE TABLE equal_entry (LIKE {entries} INCLUDING ALL)"))
        connection.execute(text(f"CREATE TABLE equal_posting (LIKE {lines} INCLUDING ALL)"))
        connection.execute(text(_EQUAL_STAGE.format(entries=entries, lines=lines)), {"o": organisation, "n": postings})
        connection.execute(text("ANALYZE equal_stage"))

    def insert() -> None:
        with world.owner.begin() as connection:
            for statement in _EQUAL_INSERTS:
                connection.execute(text(statement))

    return timed(insert)


def imported(world: World) -> Iterator[Figure]:
    """One file of a million rows, from the reading of its first byte to the tied totals."""
    organisation = world.organisations - 1
    with TemporaryDirectory() as folder:
        path = Path(folder, "journal.csv")
        _write(world, organisation, path)
        alone = multiprocessing.get_context("spawn")  # a process of its own, so that its memory is the import's
        with ProcessPoolExecutor(1, mp_context=alone) as process:
            seconds, peak = process.submit(_import, world.url, organisation, path).result()
    floor = _bare_insert(world, organisation, IMPORTED)
    note = f"a CSV file of {IMPORTED:,} rows; peak memory of the process {peak} MiB (aim under 300); aim 0.3; {_FLOOR}"
    yield rate("ledger.import", [IMPORTED / seconds], [IMPORTED / floor], note)


def _write(world: World, organisation: int, path: Path) -> None:
    draw = random.Random(organisation)
    with world.owner.connect() as connection:
        sides = connection.execute(_CODES, {"organisation": organisation}).all()
    with path.open("w", encoding="utf-8") as file:
        file.write("Дата;Номер;Дебет;ТМЦ Дт;Физлицо Дт;Кредит;ТМЦ Кт;Физлицо Кт;Сумма;Содержание\n")
        for n in range(IMPORTED):
            day = date(YEAR, 1, 1) + timedelta(_LAST_DAY * (n // 2) // (IMPORTED // 2))
            d, c = (";".join(sides[place]) for place in _pair(draw, len(sides)))
            file.write(f"{day:%d.%m.%Y};{n // 2};{d};{c};{draw.randint(1, 10**8) / 100:.2f};операция {n // 2}\n")


def _import(url: str, organisation: int, path: Path) -> tuple[float, int]:
    """Seconds of an import, and the most memory this process ever had, MiB."""
    engine = make_engine(url, pool=2)
    scope = Scope(ACTOR, writes=frozenset([organisation]))
    seconds = timed(lambda: import_journal(engine, scope, organisation, path, lambda _: None))
    engine.dispose()
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
