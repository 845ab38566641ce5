from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
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

job = Table(
    "base_job",
    metadata,
    Column("organisation_id", Integer, ForeignKey("reference_organisation.id"), primary_key=True, autoincrement=False),
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("key", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("asked_by", Integer, ForeignKey("reference_user.id"), nullable=False),
    Column("origin", Text, nullable=False),
    Column("facts", JSONB, nullable=False, server_default=text("'{}'")),
    Column("state", Text, nullable=False, server_default=text("'queued'")),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("broken_off", Integer, nullable=False, server_default="0"),
    Column("phase", Text, nullable=False, server_default=text("''")),
    Column("done", BigInteger, nullable=False, server_default="0"),
    Column("total", BigInteger, nullable=False, server_default="0"),
    Column("cancel_asked", Boolean, nullable=False, server_default=text("false")),
    Column("asked_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("started_at", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
    Column("result", JSONB),
    Column("error", JSONB),
    UniqueConstraint("organisation_id", "key"),
    Index("base_job_by_person", "asked_by", "id"),
    Index("base_job_under_way", "id", postgresql_where=text("state IN ('queued', 'running')")),
)
