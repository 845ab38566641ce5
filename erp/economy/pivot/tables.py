from sqlalchemy import (
    Boolean,
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

layout = Table(
    "economy_layout",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("owner_id", Integer, ForeignKey("reference_user.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("shared", Boolean, nullable=False),
    Column("saved_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    UniqueConstraint("organisation_id", "owner_id", "name"),
)

intake = Table(
    "economy_intake",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("owner_id", Integer, ForeignKey("reference_user.id"), nullable=False),
    Column("key", Uuid, nullable=False),
    Column("plan_id", Integer, nullable=False),
    Column("version_id", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("brought", JSONB, nullable=False),
    Column("sheet", Integer, nullable=False, server_default=text("0")),
    Column("mended", JSONB, nullable=False, server_default=text("'{}'")),
    Column("revision", Integer, nullable=False, server_default=text("1")),
    Column("begun_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("accepted_at", DateTime(timezone=True)),
    Column("cells", Integer),
    UniqueConstraint("organisation_id", "owner_id", "key"),
    ForeignKeyConstraint(
        ["organisation_id", "plan_id", "version_id"],
        ["economy_version.organisation_id", "economy_version.plan_id", "economy_version.id"],
    ),
    Index("economy_intake_by_owner", "organisation_id", "owner_id", "id"),
)
