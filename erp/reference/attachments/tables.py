from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Index, Integer, LargeBinary, Table, Text, text

from ledger.tables import metadata

_NOW = text("clock_timestamp()")

blob = Table(
    "base_blob",
    metadata,
    Column("sha256", LargeBinary, primary_key=True),
    Column("size_bytes", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("kept_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
)

attachment = Table(
    "base_attachment",
    metadata,
    Column("organisation_id", Integer, ForeignKey("reference_organisation.id"), primary_key=True, autoincrement=False),
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("subject", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("sha256", LargeBinary, ForeignKey("base_blob.sha256"), nullable=False),
    Column("added_by", Integer, nullable=False),
    Column("added_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("removed_by", Integer),
    Column("removed_at", DateTime(timezone=True)),
    Column("removed_why", Text),
    Index(
        "base_attachment_once",
        "organisation_id",
        "subject",
        "sha256",
        unique=True,
        postgresql_where=text("removed_at IS NULL"),
    ),
    Index("base_attachment_by_content", "sha256"),
)
