from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import DATERANGE

from ledger.tables import metadata

_ALWAYS = text("'(,)'")

organisation = Table(
    "reference_organisation",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("code", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("name_kk", Text, nullable=False),
    Column("name_ru", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("in_force", DATERANGE, nullable=False, server_default=_ALWAYS),
)

organisation_name = Table(
    "reference_organisation_name",
    metadata,
    Column("organisation_id", Integer, ForeignKey("reference_organisation.id"), primary_key=True),
    Column("in_force", DATERANGE, primary_key=True),
    Column("name_kk", Text, nullable=False),
    Column("name_ru", Text, nullable=False),
    Column("name_en", Text, nullable=False),
)

organisation_link = Table(
    "reference_organisation_link",
    metadata,
    Column("child_id", Integer, ForeignKey("reference_organisation.id"), primary_key=True),
    Column("parent_id", Integer, ForeignKey("reference_organisation.id"), nullable=False),
    Column("in_force", DATERANGE, primary_key=True, server_default=_ALWAYS),
    Index("reference_organisation_link_by_parent", "parent_id"),
)

serving = Table(
    "reference_serving",
    metadata,
    Column("office_id", Integer, ForeignKey("reference_organisation.id"), nullable=False),
    Column("institution_id", Integer, ForeignKey("reference_organisation.id"), primary_key=True),
    Column("in_force", DATERANGE, primary_key=True, server_default=_ALWAYS),
    Index("reference_serving_by_office", "office_id"),
)
