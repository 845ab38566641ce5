from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, DATERANGE, JSONB

from ledger.tables import metadata

_NOW = text("clock_timestamp()")

policy = Table(
    "finance_policy",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("key", Uuid, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'draft'")),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("since", Date, nullable=False),
    Column("schema_version", SmallInteger, nullable=False),
    Column("content", JSONB, nullable=False),
    Column("adopts_organisation", Integer),
    Column("adopts_policy", Integer),
    Column("is_published", Boolean, nullable=False, server_default=text("false")),
    Column("written_by", Integer, nullable=False),
    Column("written_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("in_force", DATERANGE),
    UniqueConstraint("organisation_id", "key"),
    ForeignKeyConstraint(
        ["adopts_organisation", "adopts_policy"], ["finance_policy.organisation_id", "finance_policy.id"]
    ),
)

policy_act = Table(
    "finance_policy_act",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("policy_id", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("act", Text, nullable=False),
    Column("actor_id", Integer, nullable=False),
    Column("on_behalf_of", Integer),
    Column("lenders", ARRAY(Integer), nullable=False, server_default=text("'{}'::integer[]")),
    Column("origin", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=text("''")),
    Column("signature_id", Integer),
    Column("at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    ForeignKeyConstraint(["organisation_id", "policy_id"], ["finance_policy.organisation_id", "finance_policy.id"]),
    ForeignKeyConstraint(
        ["organisation_id", "signature_id"], ["reference_signature.organisation_id", "reference_signature.id"]
    ),
)
