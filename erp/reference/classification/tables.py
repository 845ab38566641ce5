from sqlalchemy import Column, Computed, Index, Integer, SmallInteger, Table, Text, text
from sqlalchemy.dialects.postgresql import DATERANGE

from ledger.tables import metadata

_SEARCH_TEXT = "base_search_fold(code || ' ' || name_kk || ' ' || name_ru || ' ' || name_en)"

classification = Table(
    "reference_classification",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("parent_code", Text),
    Column("level", Text, nullable=False),
    Column("name_kk", Text, nullable=False),
    Column("name_ru", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("international", Text, nullable=False, server_default=text("''")),
    Column("in_force", DATERANGE, nullable=False),
    Column("confidence", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("search_text", Text, Computed(_SEARCH_TEXT, persisted=True), nullable=False),
    Index("reference_classification_by_code", "kind", "code"),
)

currency = Table(
    "reference_currency",
    metadata,
    Column("code", Text, primary_key=True),
    Column("number", Text, nullable=False),
    Column("minor_units", SmallInteger, nullable=False),
    Column("name_kk", Text, nullable=False),
    Column("name_ru", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("in_force", DATERANGE, nullable=False),
    Column("confidence", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("search_text", Text, Computed(_SEARCH_TEXT, persisted=True), nullable=False),
)

dimension_value = Table(
    "reference_dimension_value",
    metadata,
    Column("dimension", Integer),
    Column("code", Text),
    Column("name_kk", Text),
    Column("name_ru", Text),
    Column("name_en", Text),
    Column("in_force", DATERANGE),
    Column("confidence", Text),
    Column("search_text", Text),
    info={"is_view": True},
)
