# ruff: noqa: E501, S603  (statements; pgbench is our own program)
"""A server of its own with full durability, and books of many institutions made straight in SQL."""

import os
import re
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine, text

from erp.base.db import APPLICATION_ROLE, make_engine
from erp.base.scope import system_scope
from erp.reference.packages import service as packages
from ledger import seals
from qazyna.migrate import upgrade
from qazyna.postgres import EmbeddedPostgres, temporary_data

SCRIPTS = Path(__file__).parent
YEAR = 2026
_GROWERS = 2

_FLOOR = """
    CREATE TABLE bare_entry (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, book int NOT NULL, posted_on date NOT NULL,
                             memo text NOT NULL);
    CREATE TABLE bare_line (entry_id bigint NOT NULL REFERENCES bare_entry, no smallint NOT NULL, account int NOT NULL,
        amount numeric(18,2) NOT NULL CHECK (amount <> 0), d1 int, d2 int, d3 int, d4 int, d5 int, d6 int,
        PRIMARY KEY (entry_id, no));
    CREATE INDEX ON bare_line (account)
"""

_INSTITUTIONS = """
    INSERT INTO reference_organisation (code, kind, name_kk, name_ru, name_en)
    SELECT lpad(i::text, 12, '0'), 'institution', i::text, i::text, i::text FROM generate_series(1, :organisations) i
"""

_BOOKS = """
    INSERT INTO ledger_book (organisation_id, code) SELECT o, lpad(o::text, 12, '0') FROM generate_series(1, :organisations) o
"""

_PERIODS = """
    INSERT INTO ledger_period (organisation_id, month, changed_by)
    SELECT o, m::date, 1 FROM generate_series(1, :organisations) o, generate_series('2026-01-01'::date, '2026-12-01', '1 month') m
"""

_CLASSIFICATIONS = """
    INSERT INTO ledger_classification (programme, specific, source)
    VALUES ('', '', ''), ('261.003', '111', ''), ('261.003', '151', ''), ('261.003', '149', '')
"""

# Some eighty accounts, every third that needs no dimension but the classification and a counterparty, each with
# a dozen counterparties, items or persons where it is kept by them: about nine hundred subaccounts an institution.
_SUBACCOUNTS = """
    INSERT INTO ledger_subaccount (organisation_id, account_id, classification_id, counterparty, contract, item, project,
                                   person, currency, filled)
    SELECT o, a.id, c.id, CASE WHEN a.mandatory & 8 <> 0 THEN lpad(n::text, 12, '0') ELSE '' END, '',
           CASE WHEN a.permitted & 32 <> 0 THEN n::text ELSE '' END, '',
           CASE WHEN a.permitted & 128 <> 0 THEN n::text ELSE '' END, '', 0
      FROM (SELECT *, row_number() OVER (ORDER BY code) AS place FROM ledger_account
             WHERE postable AND kind <> 'off_balance' AND in_force @> '2026-01-01'::date AND mandatory & ~11 = 0) a
      JOIN ledger_classification c ON (a.mandatory & 3 <> 0) = (c.programme <> '')
     CROSS JOIN generate_series(1, :organisations) o CROSS JOIN generate_series(1, 14) n
     WHERE a.place % 3 = 0 AND (n = 1 OR a.mandatory & 8 <> 0 OR a.permitted & (32 | 128) <> 0)
     ORDER BY o, a.id, c.id, n
"""

# Entries of two postings, in order of days; a few subaccounts have most of the turnover.
_STAGE = """
    INSERT INTO ledger_stage (batch, row_no, entry_no, no, journal_id, kind, effective_on, memo, document_number, debit_id,
                              credit_id, amount_tiyn)
    SELECT :batch, i, (i + 1) / 2, 2 - i % 2, 16, 'ordinary', date '2026-01-01' + (i - 1) / 2 * 728 / :postings, 'bench',
           ((i + 1) / 2)::text, s.ids[1 + d], s.ids[1 + (d + 1 + c) % n], 1 + i * 7919 % 1000000
      FROM (SELECT array_agg(id ORDER BY id) AS ids, count(*)::int AS n FROM ledger_subaccount
             WHERE organisation_id = :organisation) s,
           LATERAL (SELECT i, floor(s.n * random() ^ 3)::int AS d, floor((s.n - 1) * random() ^ 3)::int AS c
                      FROM generate_series(1, :postings) i) drawn
"""

_POST_BATCH = """
    SELECT ledger_post_batch(:organisation, :batch, gen_random_uuid(), '\\x00', 1, 'bench', 'bench', NULL)
"""


class World:
    """A migrated database with institutions, charts and open months; it only grows."""

    def __init__(self, postgres: EmbeddedPostgres, organisations: int) -> None:
        self.postgres = postgres
        self.organisations = organisations
        self.postings = 0
        self.sizes: list[int] = []
        self.midway: datetime
        """An instant of the past: half of the last growth was not known then."""
        self.sealed = 0
        """Entries of the last block, sealed in ``sealed_in`` seconds."""
        self.sealed_in = 0.0
        upgrade(postgres.url())
        self.owner: Engine = make_engine(postgres.url(), role=None, pool=_GROWERS, timeouts=False)
        size = {"organisations": organisations}
        with self.owner.begin() as connection:
            packages.load_shipped(connection, system_scope())
            connection.execute(text(_INSTITUTIONS), size)
            connection.execute(text("SELECT ledger_ensure_year(:year)"), {"year": YEAR})
            for statement in (_BOOKS, _PERIODS, _CLASSIFICATIONS, _SUBACCOUNTS):
                connection.execute(text(statement), size)
            connection.execute(text(_FLOOR))
        self.subaccounts = self.ask("SELECT count(*) FROM ledger_subaccount")
        self.accounts = self.ask("SELECT count(DISTINCT account_id) FROM ledger_subaccount WHERE organisation_id = 1")
        self.version = self.ask("SHOW server_version")
        self.settle()

    @property
    def url(self) -> str:
        return self.postgres.url()

    def ask(self, question: str) -> Any:
        """One value, as the owner."""
        with self.owner.connect() as connection:
            return connection.execute(text(question)).scalar_one()

    def settle(self) -> None:
        """Statistics and visibility as a server has them that had time, and no checkpoint due."""
        with self.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM (ANALYZE)"))
            connection.execute(text("CHECKPOINT"))

    def grow(self, postings: int) -> None:
        """Add postings until there are so many, spread evenly over the institutions, through the batch function."""
        each = (postings - self.postings) // self.organisations
        with ThreadPoolExecutor(_GROWERS) as growers:
            sealed = []
            for part in (each // 2, each - each // 2):
                for job in [growers.submit(self._post, o, part) for o in range(1, self.organisations + 1)]:
                    job.result()
                sealed.append(self._seal())
        self.midway = sealed[0]
        self.postings = postings
        self.sizes.append(postings)
        self.settle()

    def _seal(self) -> datetime:
        """Seal what was recorded, and roll it into the balances of groups; returns when it was sealed."""
        with self.owner.begin() as connection:
            start = time.perf_counter()
            block = seals.seal(connection)
            self.sealed_in = time.perf_counter() - start
        assert block is not None, "half of the growth is there to be sealed"
        self.sealed = block.entries
        more = True
        while more:
            with self.owner.begin() as connection:
                more = connection.execute(text("SELECT ledger_roll()")).scalar_one()
        return block.sealed_at

    def _post(self, organisation: int, postings: int) -> None:
        parameters = {"organisation": organisation, "batch": uuid4(), "postings": postings}
        with self.owner.begin() as connection:
            connection.execute(text("SELECT set_config('qazyna.writes', :o, true)"), {"o": str(organisation)})
            connection.execute(text(_STAGE), parameters)
            connection.execute(text(_POST_BATCH), parameters)

    def pgbench(self, script: str, *, seconds: int, clients: int = 8, as_owner: bool = False, **numbers: int) -> float:
        """Transactions a second of a script in this folder."""
        options = "" if as_owner else f"-c role={APPLICATION_ROLE}"
        defines = [f"-D{name}={value}" for name, value in numbers.items()]
        done = subprocess.run(
            [self.postgres.bin_dir / "pgbench", "-n", "-M", "prepared", "-c", str(clients), "-j", "1", "-T", str(seconds),
             *defines, "-f", SCRIPTS / script, self.url],
            env={**os.environ, "PGOPTIONS": options},
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
        rate = re.search(r"tps = ([\d.]+)", done.stdout)
        if done.returncode != 0 or rate is None or "ERROR" in done.stderr:
            raise RuntimeError(done.stderr or done.stdout)
        return float(rate[1])


@contextmanager
def a_world(organisations: int) -> Iterator[World]:
    with temporary_data("qazyna-bench-") as folder, EmbeddedPostgres(folder) as postgres:
        world = World(postgres, organisations)
        try:
            yield world
        finally:
            world.owner.dispose()
