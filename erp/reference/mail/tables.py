from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Index, Integer, Table, Text, Uuid, text

from ledger.tables import metadata

mail = Table(
    "base_mail",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("notification_id", BigInteger, ForeignKey("base_notification.id"), nullable=False, unique=True),
    Column("user_id", Integer, ForeignKey("reference_user.id"), nullable=False),
    Column("written_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("message_id", Uuid, nullable=False, server_default=text("gen_random_uuid()")),
    Column("state", Text, nullable=False, server_default=text("'waiting'")),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("error", Text, nullable=False, server_default=text("''")),
    Column("sent_at", DateTime(timezone=True)),
    Index("base_mail_unsent", "state", "id", postgresql_where=text("state <> 'sent'")),
)
