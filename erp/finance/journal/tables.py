from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Integer,
    LargeBinary,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from ledger.tables import metadata

journal_import = Table(
    "finance_journal_import",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("file_name", Text, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("postings", Integer, nullable=False),
    Column("amount_tiyn", Numeric(24), nullable=False),
    Column("actor_id", Integer, nullable=False),
    Column("origin", Text, nullable=False),
    Column("imported_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("rows_left", Integer, nullable=False, server_default="0"),
    Column("rest_of", BigInteger),
    UniqueConstraint("organisation_id", "sha256"),
)
