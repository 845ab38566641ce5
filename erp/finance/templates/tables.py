from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import DATERANGE, JSONB

from ledger.tables import metadata

_NOW = text("clock_timestamp()")

template = Table(
    "finance_template",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("owner_id", Integer, ForeignKey("reference_user.id"), nullable=False),
    Column("key", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("shared", Boolean, nullable=False),
    Column("sheet", JSONB, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("retired_at", DateTime(timezone=True)),
    UniqueConstraint("organisation_id", "owner_id", "key"),
    Index(
        "finance_template_one_of_a_name",
        "organisation_id",
        "owner_id",
        text("lower(btrim(name))"),
        unique=True,
        postgresql_where=text("retired_at IS NULL"),
    ),
)

recurrence = Table(
    "finance_recurrence",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("template_id", Integer, nullable=False),
    Column("owner_id", Integer, ForeignKey("reference_user.id"), nullable=False),
    Column("key", Uuid, nullable=False),
    Column("inputs", JSONB, nullable=False),
    Column("every", Text, nullable=False),
    Column("day", SmallInteger, nullable=False),
    Column("in_force", DATERANGE, nullable=False),
    UniqueConstraint("organisation_id", "owner_id", "key"),
    ForeignKeyConstraint(
        ["organisation_id", "template_id"], ["finance_template.organisation_id", "finance_template.id"]
    ),
    Index("finance_recurrence_by_template", "organisation_id", "template_id"),
)

occurrence = Table(
    "finance_occurrence",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("recurrence_id", Integer, primary_key=True, autoincrement=False),
    Column("due_on", Date, primary_key=True),
    Column("key", Uuid),
    Column("reason", Text, nullable=False, server_default=text("''")),
    Column("done_by", Integer, ForeignKey("reference_user.id"), nullable=False),
    Column("done_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    ForeignKeyConstraint(
        ["organisation_id", "recurrence_id"], ["finance_recurrence.organisation_id", "finance_recurrence.id"]
    ),
)
