from sqlalchemy import Column, Date, DateTime, ForeignKey, Index, Integer, Table, Text, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from ledger.tables import metadata

_NOW = text("clock_timestamp()")

draft = Table(
    "finance_draft",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("owner_id", Integer, ForeignKey("reference_user.id"), nullable=False),
    Column("key", Uuid, nullable=False),
    Column("origin", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("sheet", JSONB, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("begun_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("discarded_at", DateTime(timezone=True)),
    Column("dated_on", Date),
    UniqueConstraint("organisation_id", "owner_id", "key"),
    Index("finance_draft_by_owner", "organisation_id", "owner_id", "id"),
)
