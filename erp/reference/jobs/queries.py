from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from erp.base.scope import Scope
from erp.reference.jobs.model import AnyJob, Job, JobOrder, JobState, Told

_COLUMNS = """
    id, organisation_id, kind, asked_by, origin, facts, state, attempt, broken_off, phase, done, total,
    cancel_asked, asked_at, started_at, finished_at, result, error
"""


def insert_job(
    connection: Connection, scope: Scope, organisation_id: int, key: UUID, kind: str, facts: Mapping[str, Any]
) -> int | None:
    """A job of the actor's, which the database puts into the queue; ``None`` where the key has one."""
    return connection.execute(
        text("""
            INSERT INTO base_job (organisation_id, key, kind, asked_by, origin, facts)
            VALUES (:organisation, :key, :kind, :actor, :origin, :facts)
            ON CONFLICT (organisation_id, key) DO NOTHING RETURNING id
        """).bindparams(bindparam("facts", type_=JSONB)),
        {
            "organisation": organisation_id,
            "key": key,
            "kind": kind,
            "actor": scope.actor.id,
            "origin": scope.actor.origin,
            "facts": dict(facts),
        },
    ).scalar_one_or_none()


def own_job_by_key(connection: Connection, scope: Scope, organisation_id: int, key: UUID) -> Job | None:
    row = connection.execute(
        text(f"""
            SELECT {_COLUMNS} FROM base_job
             WHERE organisation_id = :organisation AND key = :key AND asked_by = :actor
        """),
        {"organisation": organisation_id, "key": key, "actor": scope.actor.id},
    ).one_or_none()
    return _job(row._asdict()) if row else None


def own_job(connection: Connection, scope: Scope, job_id: int) -> Job | None:
    row = connection.execute(
        text(f"SELECT {_COLUMNS} FROM base_job WHERE id = :id AND asked_by = :actor"),
        {"id": job_id, "actor": scope.actor.id},
    ).one_or_none()
    return _job(row._asdict()) if row else None


def own_jobs(connection: Connection, scope: Scope, below: int | None, limit: int) -> list[Job]:
    """The actor's, the newest first; those with an id under ``below``."""
    rows = connection.execute(
        text(f"""
            SELECT {_COLUMNS} FROM base_job
             WHERE asked_by = :actor AND (CAST(:below AS bigint) IS NULL OR id < :below)
             ORDER BY id DESC LIMIT :limit
        """),
        {"actor": scope.actor.id, "below": below, "limit": limit},
    )
    return [_job(row._asdict()) for row in rows]


def take_up(connection: Connection, scope: Scope, organisation_id: int, job_id: int) -> Job | None:
    """Begin an attempt at a job that is not over; whoever was at it before may not report any more.

    ``None`` where it is over.
    """
    row = connection.execute(
        text(f"""
            UPDATE base_job
               SET state = 'running', attempt = attempt + 1, broken_off = broken_off + (state = 'running')::int,
                   started_at = coalesce(started_at, clock_timestamp()),
                   phase = '', done = 0, total = 0
             WHERE organisation_id = :organisation AND id = :id AND state IN ('queued', 'running')
            RETURNING {_COLUMNS}
        """),
        {"organisation": organisation_id, "id": job_id},
    ).one_or_none()
    return _job(row._asdict()) if row else None


def login_of(connection: Connection, scope: Scope, job: Job) -> str:
    found: str = connection.execute(
        text("SELECT login FROM reference_user WHERE id = :id"), {"id": job.asked_by}
    ).scalar_one()
    return found


def report(connection: Connection, scope: Scope, job: Job, phase: str, done: int, total: int) -> bool | None:
    """Note how far an attempt is; whether the job is to be cancelled, ``None`` where the attempt is not the last."""
    return connection.execute(
        text("""
            UPDATE base_job SET phase = :phase, done = :done, total = :total
             WHERE organisation_id = :organisation AND id = :id AND attempt = :attempt AND state = 'running'
            RETURNING cancel_asked
        """),
        {**_attempt(job), "phase": phase, "done": done, "total": total},
    ).scalar_one_or_none()


def finish(
    connection: Connection,
    scope: Scope,
    job: Job,
    state: JobState,
    *,
    result: Mapping[str, Any] | None = None,
    error: Told | None = None,
) -> bool:
    """End an attempt in a state; whether it was the last one and under way."""
    kept = None if error is None else {"code": error.code, "template": error.template, "fields": error.fields}
    ended = connection.execute(
        text("""
            UPDATE base_job SET state = :state, result = :result, error = :error,
                   finished_at = CASE WHEN :state <> 'queued' THEN clock_timestamp() END
             WHERE organisation_id = :organisation AND id = :id AND attempt = :attempt AND state = 'running'
            RETURNING id
        """).bindparams(bindparam("result", type_=JSONB(none_as_null=True)),
                        bindparam("error", type_=JSONB(none_as_null=True))),
        {**_attempt(job), "state": state.value, "result": dict(result) if result is not None else None, "error": kept},
    )  # fmt: skip
    return ended.one_or_none() is not None


def _attempt(job: Job) -> dict[str, int]:
    return {"organisation": job.organisation_id, "id": job.id, "attempt": job.attempt}


def order(connection: Connection, scope: Scope, job_id: int, what: JobOrder, own: bool) -> tuple[int, JobState] | None:
    """The job's organisation and its state now; ``None`` where its state, or whose it is, does not allow it."""
    row = connection.execute(
        text("SELECT organisation_id, state FROM base_order_job(:id, :order, :own)"),
        {"id": job_id, "order": what.value, "own": own},
    ).one_or_none()
    return (row.organisation_id, JobState(row.state)) if row else None


def failed(connection: Connection, scope: Scope) -> int:
    """How many have failed at the organisations that the scope administers."""
    counted = connection.execute(text("SELECT count(*) FROM base_all_jobs(NULL, NULL) WHERE state = 'failed'"))
    return int(counted.scalar_one())


def all_jobs(connection: Connection, scope: Scope, below: int | None, limit: int) -> list[AnyJob]:
    """Those at the organisations that the scope administers, the newest first, without what they are about."""
    rows = connection.execute(text("SELECT * FROM base_all_jobs(:below, :limit)"), {"below": below, "limit": limit})
    return [AnyJob(**{**row._asdict(), "state": JobState(row.state)}) for row in rows]


def _job(row: dict[str, Any]) -> Job:
    error = Told(**row["error"]) if row["error"] else None
    return Job(**{**row, "state": JobState(row["state"]), "error": error})
