from sqlalchemy import Boolean, Column, DateTime, ForeignKey, Integer, Table, Text, text

from ledger.tables import metadata

desk = Table(
    "base_desk",
    metadata,
    Column("user_id", Integer, ForeignKey("reference_user.id"), primary_key=True, autoincrement=False),
    Column("density", Text, nullable=False),
    Column("single_keys", Boolean, nullable=False),
    Column("tour_shown", Boolean, nullable=False),
)

tour_step = Table(
    "base_tour_step",
    metadata,
    Column("user_id", Integer, ForeignKey("reference_user.id"), primary_key=True, autoincrement=False),
    Column("step", Text, primary_key=True),
    Column("done_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
)
