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

_NOW, _NONE = text("clock_timestamp()"), text("0")

intake = Table(
    "hr_intake",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("owner_id", Integer, ForeignKey("reference_user.id"), nullable=False),
    Column("key", Uuid, nullable=False),
    Column("mark", LargeBinary, nullable=False),
    Column("name", Text, nullable=False),
    Column("brought", LargeBinary),
    Column("mended", LargeBinary),
    Column("settings", JSONB, nullable=False),
    Column("revision", Integer, nullable=False, server_default=text("1")),
    Column("begun_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("accepted_at", DateTime(timezone=True)),
    Column("people", Integer, nullable=False, server_default=_NONE),
    Column("appointments", Integer, nullable=False, server_default=_NONE),
    Column("identities", Integer, nullable=False, server_default=_NONE),
    UniqueConstraint("organisation_id", "owner_id", "key"),
    Index("hr_intake_by_owner", "organisation_id", "owner_id", "id"),
)
