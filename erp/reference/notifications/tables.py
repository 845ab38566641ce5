from sqlalchemy import BigInteger, Boolean, Column, DateTime, ForeignKey, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from ledger.tables import metadata

notification = Table(
    "base_notification",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("user_id", Integer, ForeignKey("reference_user.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("facts", JSONB, nullable=False, server_default=text("'{}'")),
    Column("actor_id", Integer, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("read_at", DateTime(timezone=True)),
    Index("base_notification_by_user", "user_id", "id"),
    Index("base_notification_unread", "user_id", postgresql_where=text("read_at IS NULL")),
)

contact = Table(
    "base_contact",
    metadata,
    Column("user_id", Integer, ForeignKey("reference_user.id"), primary_key=True, autoincrement=False),
    Column("address", Text, nullable=False),
    Column("by_mail", Boolean, nullable=False),
)
