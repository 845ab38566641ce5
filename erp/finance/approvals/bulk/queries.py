"""One named function a statement.  Every function takes the scope; row-level security is the second witness."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from erp.base.db import one
from erp.base.scope import Scope
from erp.finance.approvals.bulk.model import Bulk, BulkAct, BulkState, Item, Reason, Tally, Target
from erp.reference.jobs.model import Told


def insert_bulk(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    key: UUID,
    act: BulkAct,
    *,
    narrowed: str,
    reason: str,
    effective_on: date | None,
) -> int | None:
    """Id of what the scope's actor asks for; ``None`` where the key is taken."""
    return connection.execute(
        text("""
            INSERT INTO finance_bulk (organisation_id, key, act, asked_by, narrowed, reason, effective_on)
            VALUES (:organisation, :key, :act, :actor, :narrowed, :reason, :effective_on)
            ON CONFLICT (organisation_id, key) DO NOTHING RETURNING id
        """),
        {
            "organisation": organisation_id,
            "key": key,
            "act": act.value,
            "actor": scope.actor.id,
            "narrowed": narrowed,
            "reason": reason,
            "effective_on": effective_on,
        },
    ).scalar_one_or_none()


_BULK = """
    SELECT b.organisation_id, b.id, b.key, b.act, b.asked_by AS asked_by_id, coalesce(u.name, '') AS asked_by,
           b.asked_at, b.narrowed, b.reason, b.effective_on, b.state, b.job_id
      FROM finance_bulk b LEFT JOIN reference_user u ON u.id = b.asked_by
     WHERE b.organisation_id = :organisation"""


def bulk(connection: Connection, scope: Scope, organisation_id: int, bulk_id: int) -> Bulk | None:
    found = connection.execute(text(f"{_BULK} AND b.id = :id"), {"organisation": organisation_id, "id": bulk_id})
    return _bulk(found.one_or_none())


def bulk_of_key(connection: Connection, scope: Scope, organisation_id: int, key: UUID) -> Bulk | None:
    found = connection.execute(text(f"{_BULK} AND b.key = :key"), {"organisation": organisation_id, "key": key})
    return _bulk(found.one_or_none())


def _bulk(row: Row[Any] | None) -> Bulk | None:
    return Bulk(**dict(row._mapping) | {"act": BulkAct(row.act), "state": BulkState(row.state)}) if row else None


def insert_items(
    connection: Connection, scope: Scope, organisation_id: int, bulk_id: int, targets: Sequence[Target]
) -> None:
    connection.execute(
        text("""
            INSERT INTO finance_bulk_item (organisation_id, bulk_id, no, target_id, version, name, effective_on,
                                           amount_tiyn)
            SELECT :organisation, :bulk, t.no, t.id, t.version, t.name, t.effective_on, t.amount
              FROM unnest(CAST(:ids AS bigint[]), CAST(:versions AS int[]), CAST(:names AS text[]),
                          CAST(:days AS date[]), CAST(:amounts AS bigint[]))
                   WITH ORDINALITY AS t(id, version, name, effective_on, amount, no)
        """),
        {
            "organisation": organisation_id,
            "bulk": bulk_id,
            "ids": [t.id for t in targets],
            "versions": [t.version for t in targets],
            "names": [t.name for t in targets],
            "days": [t.effective_on for t in targets],
            "amounts": [t.amount_tiyn for t in targets],
        },
    )


def go_on(
    connection: Connection, scope: Scope, organisation_id: int, bulk_id: int, state: BulkState, before: BulkState
) -> bool:
    """Whether it stood at ``before``, and so stands at ``state`` now."""
    moved = connection.execute(
        text("""
            UPDATE finance_bulk SET state = :state
             WHERE organisation_id = :organisation AND id = :bulk AND state = :before RETURNING id
        """),
        {"organisation": organisation_id, "bulk": bulk_id, "state": state.value, "before": before.value},
    )
    return moved.one_or_none() is not None


def set_job(connection: Connection, scope: Scope, organisation_id: int, bulk_id: int, job_id: int) -> None:
    connection.execute(
        text("UPDATE finance_bulk SET job_id = :job WHERE organisation_id = :organisation AND id = :bulk"),
        {"organisation": organisation_id, "bulk": bulk_id, "job": job_id},
    )


_ITEM = """
    SELECT i.no, i.target_id, i.version, i.name, i.effective_on, i.amount_tiyn, i.key, i.verdict, i.done_at, i.fault,
           c.entry_id, CASE WHEN b.effective_on IS NULL THEN i.target_id ELSE p.id END AS prepared_id
      FROM finance_bulk_item i
      JOIN finance_bulk b ON (b.organisation_id, b.id) = (i.organisation_id, i.bulk_id)
      LEFT JOIN finance_prepared p
        ON p.organisation_id = i.organisation_id
       AND CASE WHEN b.effective_on IS NULL THEN p.id = i.target_id ELSE p.key = i.key END
      LEFT JOIN ledger_command c
        ON c.organisation_id = i.organisation_id AND c.key = coalesce(p.key, i.key) AND i.fault IS NULL
     WHERE i.organisation_id = :organisation AND i.bulk_id = :bulk"""


def items(
    connection: Connection,
    scope: Scope,
    organisation_id: int,
    bulk_id: int,
    after: int,
    limit: int,
    *,
    refused_only: bool = False,
) -> list[Item]:
    """Documents in order, after number ``after``."""
    refused = "AND (i.fault IS NOT NULL OR i.verdict <> '{}')" if refused_only else ""
    found = connection.execute(
        text(f"{_ITEM} AND i.no > :after {refused} ORDER BY i.no LIMIT :limit"),
        {"organisation": organisation_id, "bulk": bulk_id, "after": after, "limit": limit},
    )
    return [_item(row) for row in found]


def untried(connection: Connection, scope: Scope, organisation_id: int, bulk_id: int, limit: int) -> list[Item]:
    """The first documents that were not tried yet; whoever else tries them waits."""
    found = connection.execute(
        text(f"{_ITEM} AND i.verdict IS NULL ORDER BY i.no LIMIT :limit FOR UPDATE OF i"),
        {"organisation": organisation_id, "bulk": bulk_id, "limit": limit},
    )
    return [_item(row) for row in found]


def set_verdicts(
    connection: Connection, scope: Scope, organisation_id: int, bulk_id: int, verdicts: Mapping[int, Told | None]
) -> None:
    """What the trial said of each, by number; ``None`` where nothing is against it."""
    connection.execute(
        text("""
            UPDATE finance_bulk_item i SET verdict = CAST(v.verdict AS jsonb)
              FROM unnest(CAST(:nos AS int[]), CAST(:verdicts AS text[])) v(no, verdict)
             WHERE i.organisation_id = :organisation AND i.bulk_id = :bulk AND i.no = v.no
        """),
        {
            "organisation": organisation_id,
            "bulk": bulk_id,
            "nos": list(verdicts),
            "verdicts": [_kept(told) if told else "{}" for told in verdicts.values()],
        },
    )


def left(connection: Connection, scope: Scope, organisation_id: int, bulk_id: int, limit: int) -> list[int]:
    """Numbers of the first documents that the trial let through and that wait for their turn."""
    found = connection.execute(
        text("""
            SELECT no FROM finance_bulk_item
             WHERE organisation_id = :organisation AND bulk_id = :bulk AND verdict = '{}' AND done_at IS NULL
             ORDER BY no LIMIT :limit
        """),
        {"organisation": organisation_id, "bulk": bulk_id, "limit": limit},
    )
    return list(found.scalars())


def take_item(connection: Connection, scope: Scope, organisation_id: int, bulk_id: int, no: int) -> Item | None:
    """A document whose turn it is; ``None`` where it was acted on meanwhile."""
    row = connection.execute(
        text(f"{_ITEM} AND i.no = :no AND i.done_at IS NULL FOR UPDATE OF i"),
        {"organisation": organisation_id, "bulk": bulk_id, "no": no},
    ).one_or_none()
    return _item(row) if row else None


def finish_item(
    connection: Connection, scope: Scope, organisation_id: int, bulk_id: int, no: int, fault: Told | None
) -> None:
    """What became of it, unless that is told already."""
    connection.execute(
        text("""
            UPDATE finance_bulk_item SET done_at = clock_timestamp(), fault = CAST(:fault AS jsonb)
             WHERE organisation_id = :organisation AND bulk_id = :bulk AND no = :no AND done_at IS NULL
        """),
        {"organisation": organisation_id, "bulk": bulk_id, "no": no, "fault": _kept(fault) if fault else None},
    )


def tally(connection: Connection, scope: Scope, organisation_id: int, bulk_id: int) -> Tally:
    row = connection.execute(
        text("""
            SELECT count(*) AS items, count(verdict) AS tried, count(*) FILTER (WHERE verdict = '{}') AS fit,
                   coalesce(sum(amount_tiyn) FILTER (WHERE verdict = '{}'), 0)::bigint AS fit_tiyn,
                   count(*) FILTER (WHERE done_at IS NOT NULL AND fault IS NULL) AS done,
                   coalesce(sum(amount_tiyn) FILTER (WHERE done_at IS NOT NULL AND fault IS NULL), 0)::bigint
                       AS done_tiyn,
                   count(fault) AS refused
              FROM finance_bulk_item WHERE organisation_id = :organisation AND bulk_id = :bulk
        """),
        {"organisation": organisation_id, "bulk": bulk_id},
    ).one()
    return one(Tally, row)


def reasons(connection: Connection, scope: Scope, organisation_id: int, bulk_id: int, limit: int) -> list[Reason]:
    """Why documents were refused, the most frequent first."""
    found = connection.execute(
        text("""
            SELECT coalesce(fault, verdict) AS told, count(*) AS items FROM finance_bulk_item
             WHERE organisation_id = :organisation AND bulk_id = :bulk AND coalesce(fault, verdict) <> '{}'
             GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT :limit
        """),
        {"organisation": organisation_id, "bulk": bulk_id, "limit": limit},
    )
    return [Reason(Told(**row.told), row.items) for row in found]


def _item(row: Row[Any]) -> Item:
    return Item(
        row.no,
        Target(row.target_id, row.version, row.name, row.effective_on, row.amount_tiyn),
        row.key,
        row.verdict is not None,
        Told(**row.verdict) if row.verdict else None,
        row.done_at,
        Told(**row.fault) if row.fault else None,
        row.entry_id,
        row.prepared_id,
    )


def _kept(told: Told) -> str:
    return json.dumps(asdict(told), ensure_ascii=False)
