from sqlalchemy import ARRAY, Column, Computed, Integer, Table, Text
from sqlalchemy.dialects.postgresql import DATERANGE

from ledger.tables import metadata

typical_entry = Table(
    "reference_typical_entry",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("code", Text, nullable=False),
    Column("parent_code", Text, nullable=False),
    Column("name_kk", Text, nullable=False),
    Column("name_ru", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("debit", ARRAY(Text), nullable=False),
    Column("credit", ARRAY(Text), nullable=False),
    Column("in_force", DATERANGE, nullable=False),
    Column("confidence", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column(
        "search_text",
        Text,
        Computed("base_search_fold(code || ' ' || name_kk || ' ' || name_ru || ' ' || name_en)", persisted=True),
        nullable=False,
    ),
)
