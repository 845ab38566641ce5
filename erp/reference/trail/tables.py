from sqlalchemy import Column, Date, DateTime, ForeignKey, Integer, Table, Text, text

from ledger.tables import metadata

sighting = Table(
    "base_sighting",
    metadata,
    Column("organisation_id", Integer, ForeignKey("reference_organisation.id"), primary_key=True, autoincrement=False),
    Column("subject", Text, primary_key=True),
    Column("user_id", Integer, ForeignKey("reference_user.id"), primary_key=True, autoincrement=False),
    Column("seen_on", Date, primary_key=True, server_default=text("reference_today()")),
    Column("at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
)
