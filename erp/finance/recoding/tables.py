from sqlalchemy import Column, Date, DateTime, ForeignKey, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import UUID

from ledger.tables import metadata

_NOW = text("clock_timestamp()")

recoding = Table(
    "finance_recoding",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("books_of", Integer),
    Column("title", Text, nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("created_by", Integer, nullable=False),
    Column("origin", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("ended_at", DateTime(timezone=True)),
)

recoding_line = Table(
    "finance_recoding_line",
    metadata,
    Column("recoding_id", Integer, ForeignKey("finance_recoding.id"), primary_key=True),
    Column("what", Text, primary_key=True),
    Column("old_code", Text, primary_key=True),
    Column("new_code", Text, nullable=False),
)

recoding_transfer = Table(
    "finance_recoding_transfer",
    metadata,
    Column("organisation_id", Integer, primary_key=True),
    Column("recoding_id", Integer, ForeignKey("finance_recoding.id"), primary_key=True),
    Column("round", Integer, primary_key=True),
    Column("key", UUID(as_uuid=True), nullable=False),
    Column("postings", Integer, nullable=False),
    Column("actor_id", Integer, nullable=False),
    Column("origin", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=_NOW),
)
