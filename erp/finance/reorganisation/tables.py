from sqlalchemy import Column, Date, DateTime, ForeignKey, Index, Integer, Table, Text, UniqueConstraint, text

from ledger.tables import metadata

reorganisation = Table(
    "finance_reorganisation",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("from_id", Integer, ForeignKey("reference_organisation.id"), nullable=False),
    Column("to_id", Integer, ForeignKey("reference_organisation.id"), nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("act", Text, nullable=False),
    Column("transit", Text, nullable=False),
    Column("created_by", Integer, nullable=False),
    Column("origin", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("left_at", DateTime(timezone=True)),
    Column("joined_at", DateTime(timezone=True)),
    Column("left_rounds", Integer, nullable=False, server_default=text("0")),
    Column("joined_rounds", Integer, nullable=False, server_default=text("0")),
    UniqueConstraint("from_id", name="finance_reorganisation_once"),
    Index("finance_reorganisation_by_successor", "to_id"),
)
