from sqlalchemy import ARRAY, CheckConstraint, Column, DateTime, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import DATERANGE, JSONB

from ledger.tables import metadata

package = Table(
    "reference_package",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False),
    Column("edition", Text, nullable=False),
    Column("title_kk", Text, nullable=False),
    Column("title_ru", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("in_force", DATERANGE, nullable=False),
    Column("contents", ARRAY(Text), nullable=False),
    Column("sha256", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("not_verified", Integer, nullable=False),
    Column("loaded_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("loaded_by", Integer, nullable=False, server_default=text("0")),
    Column("origin", Text, nullable=False, server_default=text("''")),
    CheckConstraint("not_verified BETWEEN 0 AND rows"),
    Index("reference_package_by_name", "name", "id"),
)

package_offer = Table(
    "reference_package_offer",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("files", JSONB, nullable=False),
    Column("offered_by", Integer, nullable=False),
    Column("offered_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
)
