from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from ledger.tables import metadata

_NOW = text("clock_timestamp()")

settlement = Table(
    "finance_settlement",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("key", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("facts", JSONB, nullable=False),
    Column("sheet", JSONB, nullable=False),
    Column("amount_tiyn", BigInteger, nullable=False),
    Column("drafted_by", Integer, nullable=False),
    Column("drafted_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("state", Text, nullable=False, server_default=text("'waiting'")),
    Column("version", Integer, nullable=False, server_default="0"),
    Column("taken_by", Integer, ForeignKey("reference_user.id")),
    Column("reason", Text, nullable=False, server_default=text("''")),
    UniqueConstraint("organisation_id", "key"),
    Index("finance_settlement_by_state", "organisation_id", "state", "id"),
)

settlement_act = Table(
    "finance_settlement_act",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("settlement_id", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("act", Text, nullable=False),
    Column("actor_id", Integer, nullable=False),
    Column("on_behalf_of", Integer),
    Column("origin", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=text("''")),
    Column("at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    ForeignKeyConstraint(
        ["organisation_id", "settlement_id"], ["finance_settlement.organisation_id", "finance_settlement.id"]
    ),
)
