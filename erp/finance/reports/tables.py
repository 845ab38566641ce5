from sqlalchemy import (
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from ledger.tables import metadata

report_view = Table(
    "finance_report_view",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("owner_id", Integer, ForeignKey("reference_user.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("report", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("shared_with", Text),
    Column("saved_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    UniqueConstraint("organisation_id", "owner_id", "name"),
)

report_start = Table(
    "finance_report_start",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("user_id", Integer, ForeignKey("reference_user.id"), primary_key=True),
    Column("view_id", Integer, nullable=False),
    ForeignKeyConstraint(
        ["organisation_id", "view_id"],
        ["finance_report_view.organisation_id", "finance_report_view.id"],
        ondelete="CASCADE",
    ),
    Index("finance_report_start_by_view", "organisation_id", "view_id"),
)
