from sqlalchemy import (
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from ledger.tables import metadata

_NOW = text("clock_timestamp()")

intake = Table(
    "finance_intake",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("owner_id", Integer, ForeignKey("reference_user.id"), nullable=False),
    Column("key", Uuid, nullable=False),
    Column("origin", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("brought", JSONB, nullable=False),
    Column("settings", JSONB, nullable=False),
    Column("mended", JSONB, nullable=False, server_default=text("'{}'")),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("begun_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("accepted_at", DateTime(timezone=True)),
    Column("became", JSONB),
    UniqueConstraint("organisation_id", "owner_id", "key"),
    Index("finance_intake_by_owner", "organisation_id", "owner_id", "id"),
)

mapping = Table(
    "finance_intake_mapping",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("purpose", Text, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("name", Text, nullable=False),
    Column("heads", JSONB, nullable=False),
    Column("columns", JSONB, nullable=False),
    Column("grouping", Text, nullable=False),
    Column("remembered_by", Integer, ForeignKey("reference_user.id"), nullable=False),
    Column("remembered_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    UniqueConstraint("organisation_id", "purpose", "signature"),
)
