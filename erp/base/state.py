"""How the system stands, for who watches it: no organisation's data, no person's."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from erp.base.db import many, one

_STATE = text("""
    SELECT current_setting('server_version') AS postgresql,
           pg_database_size(current_database()) AS database_bytes,
           (SELECT min(version_num) FROM alembic_version) AS schema,
           b.no AS block, b.sealed_at, u.entries AS unsealed, u.since AS unsealed_since,
           a.last_archived_time AS archived_at,
           CASE WHEN a.last_failed_time > coalesce(a.last_archived_time, '-infinity') THEN a.last_failed_time END
               AS archive_failed_at,
           (SELECT coalesce(sum(n_tup_ins), 0)::bigint FROM pg_stat_user_tables
             WHERE relname ~ '^ledger_posting_[0-9]+$') AS postings
      FROM ledger_unsealed() u CROSS JOIN pg_stat_archiver a
      LEFT JOIN (SELECT no, sealed_at FROM ledger_block ORDER BY no DESC LIMIT 1) b ON true
""")
_QUEUES = text("""
    SELECT queue_name AS queue, status::text AS status, count(*)::int AS jobs
      FROM procrastinate_jobs WHERE status IN ('todo', 'doing', 'failed') GROUP BY 1, 2 ORDER BY 1, 2
""")
_WORKERS = text("SELECT id, last_heartbeat FROM procrastinate_workers ORDER BY id")
_SCHEMA = text("SELECT version_num FROM alembic_version")


@dataclass(frozen=True, slots=True)
class State:
    """``postings`` were recorded since the server last began to count; a crash begins anew."""

    postgresql: str
    database_bytes: int
    schema: str
    block: int | None
    sealed_at: datetime | None
    unsealed: int
    unsealed_since: datetime | None
    archived_at: datetime | None
    archive_failed_at: datetime | None
    postings: int

    def seal_lag(self, at: datetime) -> float:
        """Seconds for which the oldest entry that is not sealed has waited."""
        return max(0.0, (at - self.unsealed_since).total_seconds()) if self.unsealed_since else 0.0


@dataclass(frozen=True, slots=True)
class Queue:
    queue: str
    status: str
    jobs: int


@dataclass(frozen=True, slots=True)
class Worker:
    id: int
    last_heartbeat: datetime


def state(connection: Connection) -> State:
    return one(State, connection.execute(_STATE).one())


def queues(connection: Connection) -> list[Queue]:
    """Jobs that wait, run or have failed."""
    return many(Queue, connection.execute(_QUEUES))


def workers(connection: Connection) -> list[Worker]:
    return many(Worker, connection.execute(_WORKERS))


def schema(connection: Connection) -> frozenset[str]:
    """The newest migrations that the database has seen."""
    return frozenset(connection.execute(_SCHEMA).scalars())
