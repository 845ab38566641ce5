from sqlalchemy import Column, Date, DateTime, Integer, Numeric, SmallInteger, Table, Text, text
from sqlalchemy.dialects.postgresql import DATERANGE

from ledger.tables import metadata

driver_value = Table(
    "reference_driver_value",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("code", Text, nullable=False),
    Column("series", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("year", SmallInteger, nullable=False),
    Column("vintage", Date, nullable=False),
    Column("value", Numeric, nullable=False),
    Column("name_kk", Text, nullable=False),
    Column("name_ru", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("in_force", DATERANGE, nullable=False),
    Column("confidence", Text, nullable=False),
    Column("source", Text, nullable=False),
)

expected = Table(
    "economy_expected",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("series", Text, primary_key=True),
    Column("vintage", Date, primary_key=True),
    Column("year", SmallInteger, primary_key=True, autoincrement=False),
    Column("value", Numeric(20, 6), nullable=False),
    Column("source", Text, nullable=False),
    Column("said_by", Integer, nullable=False, server_default=text("reference_actor()")),
    Column("on_behalf_of", Integer),
    Column("said_at", DateTime(timezone=True), primary_key=True, server_default=text("clock_timestamp()")),
)
