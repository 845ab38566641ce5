from sqlalchemy import Column, Date, DateTime, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import UserDefinedType

from ledger.tables import metadata

_NOW = text("clock_timestamp()")


class _Snapshot(UserDefinedType[str]):
    """What was committed at an instant."""

    cache_ok = True

    def get_col_spec(self, **kw: object) -> str:
        return "pg_snapshot"


closing_tick = Table(
    "finance_closing_tick",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("period", Date, nullable=False),
    Column("step", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("proof", JSONB, nullable=False),
    Column("known", _Snapshot, nullable=False),
    Column("known_at", DateTime(timezone=True), nullable=False),
    Column("reason", Text, nullable=False, server_default=text("''")),
    Column("actor_id", Integer, nullable=False),
    Column("on_behalf_of", Integer),
    Column("origin", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Index("finance_closing_tick_by_period", "organisation_id", "kind", "period", "step", "id"),
)

closing_reminder = Table(
    "finance_closing_reminder",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("period", Date, primary_key=True),
    Column("step", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=_NOW),
)
