# ruff: noqa: E501, S603  (statements; pgbench is our own program)
"""A server of its own with full durability, and books of many institutions made straight in SQL."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, text

from erp.base.db import APPLICATION_ROLE, make_engine
from erp.base.scope import system_scope
from erp.reference.packages import service as packages
from qazyna.migrate import upgrade
from qazyna.postgres import EmbeddedPostgres, temporary_data

SCRIPTS = Path(__file__).parent
YEAR = 2026

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

_PERIODS = """
    INSERT INTO ledger_period (organisation_id, month, changed_by)
    SELECT o, m::date, 1 FROM generate_series(1, :organisations) o, generate_series('2026-01-01'::date, '2026-12-01', '1 month') m
"""

_CLASSIFICATIONS = """
    INSERT INTO ledger_classification (programme, specific, source)
    VALUES ('', '', ''), ('261.003', '111', ''), ('261.003', '151', ''), ('261.003', '149', '')
"""

# Every postable account that needs no dimension but the classification, with and without a counterparty or person.
_SUBACCOUNTS = """
    INSERT INTO ledger_subaccount (organisation_id, account_id, classification_id, counterparty, contract, item, project,
                                   person, currency, filled)
    SELECT o, a.id, c.id, CASE WHEN a.mandatory & 8 <> 0 THEN lpad(n::text, 12, '0') ELSE '' END, '',
           CASE WHEN a.permitted & 32 <> 0 THEN n::text ELSE '' END, '',
           CASE WHEN a.permitted & 128 <> 0 THEN n::text ELSE '' END, '', 0
      FROM generate_series(1, :organisations) o, ledger_account a, ledger_classification c, generate_series(1, 5) n
     WHERE a.postable AND a.kind <> 'off_balance' AND a.in_force @> '2026-01-01'::date AND a.mandatory & ~11 = 0
       AND (a.mandatory & 3 <> 0) = (c.programme <> '')
       AND (n = 1 OR a.mandatory & 8 <> 0 OR a.permitted & (32 | 128) <> 0)
"""

_STAGE = """
    INSERT INTO ledger_stage (batch, row_no, entry_no, no, journal_id, kind, effective_on, memo, document_number, debit_id,
                              credit_id, amount_tiyn)
    SELECT :batch, i, (i + 1) / 2, 1 + (i + 1) % 2, 16, 'ordinary', date '2026-01-01' + (((i + 1) / 2) * 37 % 364), 'bench', '',
           s.ids[1 + i * 7 % cardinality(s.ids)], s.ids[1 + (i * 7 + 3) % cardinality(s.ids)], 1 + i * 7919 % 1000000
      FROM generate_series(1, :postings) i,
           (SELECT array_agg(id ORDER BY id) AS ids FROM ledger_subaccount WHERE organisation_id = :organisation) s
"""

_POST_BATCH = """
    SELECT ledger_post_batch(:organisation, :batch, gen_random_uuid(), '\\x00', 1, 'bench', 'bench', NULL)
"""


class World:
    """A migrated database with institutions, charts and open months; grown by ``post``."""

    def __init__(self, postgres: EmbeddedPostgres, organisations: int) -> None:
        self.postgres = postgres
        self.organisations = organisations
        self.postings = 0
        upgrade(postgres.url())
        self.owner: Engine = make_engine(postgres.url(), role=None, pool=2, timeouts=False)
        size = {"organisations": organisations}
        with self.owner.begin() as connection:
            packages.load_shipped(connection, system_scope())
            connection.execute(text(_INSTITUTIONS), size)
            connection.execute(text("SELECT ledger_ensure_year(:year)"), {"year": YEAR})
            for statement in (_PERIODS, _CLASSIFICATIONS, _SUBACCOUNTS):
                connection.execute(text(statement), size)
            connection.execute(text(_FLOOR))
        self.subaccounts = self.count("ledger_subaccount")
        self.analyse()

    @property
    def url(self) -> str:
        return self.postgres.url()

    def count(self, table: str) -> int:
        with self.owner.connect() as connection:
            return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())  # noqa: S608

    def analyse(self) -> None:
        with self.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM (ANALYZE)"))
            connection.execute(text("CHECKPOINT"))

    def grow(self, postings: int) -> None:
        """Add postings, spread evenly over the institutions, through the batch function."""
        each = postings // self.organisations
        for organisation in range(1, self.organisations + 1):
            parameters = {
                "organisation": organisation,
                "batch": f"00000000-0000-0000-0000-{organisation:012d}",
                "postings": each,
            }
            with self.owner.begin() as connection:
                connection.execute(text("SELECT set_config('qazyna.writes', :o, true)"), {"o": str(organisation)})
                connection.execute(text(_STAGE), parameters)
                connection.execute(text(_POST_BATCH), parameters)
        self.postings += each * self.organisations
        self.analyse()

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
