"""The audit trail of what happens outside the ledger: who, when, from where."""

from typing import Any

from sqlalchemy import BigInteger, Column, Connection, DateTime, Integer, Table, Text, insert, text
from sqlalchemy.dialects.postgresql import JSONB

from erp.base.scope import Scope
from ledger.tables import metadata

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
)


def record(
    connection: Connection,
    scope: Scope,
    action: str,
    subject: str,
    *,
    organisation_id: int | None = None,
    **facts: Any,
) -> None:
    """Append what the actor did to ``subject``; ``facts`` must hold no secrets."""
    connection.execute(
        insert(audit_event)
        .inline()
        .values(
            actor_id=scope.actor.id,
            origin=scope.actor.origin,
            organisation_id=organisation_id,
            action=action,
            subject=subject,
            facts=facts,
        )
    )
