"""The audit trail of what happens outside the ledger: who, when, from where."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, DateTime, Index, Integer, Table, Text, insert, text
from sqlalchemy.dialects.postgresql import JSONB

from erp.base.scope import Scope
from ledger.tables import Xid8, metadata

audit_event = Table(
    "base_audit_event",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("actor_id", Integer, nullable=False),
    Column("origin", Text, nullable=False),
    Column("organisation_id", Integer),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("facts", JSONB, nullable=False, server_default=text("'{}'")),
    Column("on_behalf_of", Integer),
    Column("before", JSONB(none_as_null=True)),
    Column("after", JSONB(none_as_null=True)),
    Column("recorded_xid", Xid8, nullable=False, server_default=text("pg_current_xact_id()")),
    Index("base_audit_event_by_subject", "subject", "at"),
    Index("base_audit_event_by_organisation", "organisation_id", "at"),
    Index("base_audit_event_of_the_system", "at", postgresql_where=text("organisation_id IS NULL")),
    Index("base_audit_event_by_xid", "recorded_xid"),
)


def record(
    connection: Connection,
    scope: Scope,
    action: str,
    subject: str,
    *,
    organisation_id: int | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    **facts: Any,
) -> None:
    """Append what the actor did to ``subject``; ``facts``, ``before`` and ``after`` must hold no secrets.

    ``before`` and ``after`` hold, by field, what the act changed; what stayed the same in both is left out.  A change
    of which nothing remains so is no change, and is not recorded.
    """
    record_at(connection, scope, action, subject, (organisation_id,), before=before, after=after, **facts)


def record_at(
    connection: Connection,
    scope: Scope,
    action: str,
    subject: str,
    organisations: Iterable[int | None],
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    **facts: Any,
) -> None:
    """``record`` what concerns several organisations in the trail of each."""
    if before is not None and after is not None:
        same = {name for name in before.keys() & after.keys() if before[name] == after[name]}
        before = {name: value for name, value in before.items() if name not in same}
        after = {name: value for name, value in after.items() if name not in same}
        if not (before or after):
            return
    event = {
        "actor_id": scope.actor.id,
        "on_behalf_of": scope.on_behalf_of,
        "origin": scope.actor.origin,
        "action": action,
        "subject": subject,
        "facts": facts,
        "before": None if before is None else dict(before),
        "after": None if after is None else dict(after),
    }
    connection.execute(insert(audit_event).inline(), [event | {"organisation_id": each} for each in organisations])
