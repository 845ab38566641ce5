from sqlalchemy import (
    BigInteger,
    Column,
    Date,
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

_NOTHING = text("''")

bulk = Table(
    "finance_bulk",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("key", Uuid, nullable=False),
    Column("act", Text, nullable=False),
    Column("asked_by", Integer, ForeignKey("reference_user.id"), nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("narrowed", Text, nullable=False, server_default=_NOTHING),
    Column("reason", Text, nullable=False, server_default=_NOTHING),
    Column("effective_on", Date),
    Column("state", Text, nullable=False, server_default=text("'asked'")),
    Column("job_id", BigInteger),
    UniqueConstraint("organisation_id", "key"),
    Index("finance_bulk_by_person", "organisation_id", "asked_by", "id"),
)

bulk_item = Table(
    "finance_bulk_item",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("bulk_id", Integer, primary_key=True, autoincrement=False),
    Column("no", Integer, primary_key=True, autoincrement=False),
    Column("target_id", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("key", Uuid, nullable=False, server_default=text("gen_random_uuid()")),
    Column("name", Text, nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("amount_tiyn", BigInteger, nullable=False),
    Column("verdict", JSONB),
    Column("done_at", DateTime(timezone=True)),
    Column("fault", JSONB),
    UniqueConstraint("organisation_id", "bulk_id", "target_id"),
    UniqueConstraint("organisation_id", "key"),
    ForeignKeyConstraint(["organisation_id", "bulk_id"], ["finance_bulk.organisation_id", "finance_bulk.id"]),
)
