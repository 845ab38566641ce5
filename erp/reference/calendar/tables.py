from sqlalchemy import Boolean, Column, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import DATERANGE

from ledger.tables import metadata

holiday = Table(
    "reference_holiday",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("code", Text, nullable=False),
    Column("name_kk", Text, nullable=False),
    Column("name_ru", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("moves", Boolean, nullable=False),
    Column("in_force", DATERANGE, nullable=False),
    Column("confidence", Text, nullable=False),
    Column("source", Text, nullable=False),
)

calendar_day = Table(
    "reference_calendar_day",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("code", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("instead_of", Text, nullable=False, server_default=text("''")),
    Column("name_kk", Text, nullable=False),
    Column("name_ru", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("in_force", DATERANGE, nullable=False),
    Column("confidence", Text, nullable=False),
    Column("source", Text, nullable=False),
)
