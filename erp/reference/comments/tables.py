from sqlalchemy import (
    BigInteger,
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

from ledger.tables import metadata

comment = Table(
    "base_comment",
    metadata,
    Column("organisation_id", Integer, ForeignKey("reference_organisation.id"), primary_key=True, autoincrement=False),
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("subject", Text, nullable=False),
    Column("key", Uuid, nullable=False),
    Column("said", Text, nullable=False),
    Column("author_id", Integer, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    UniqueConstraint("organisation_id", "key"),
    Index("base_comment_by_subject", "organisation_id", "subject", "id"),
)
