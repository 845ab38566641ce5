from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from erp.economy.plans.tables import MADE_IN
from ledger.tables import metadata

_NOW = text("clock_timestamp()")
_ACTOR = text("reference_actor()")

model = Table(
    "economy_model",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("hash", LargeBinary, nullable=False),
    Column("name", Text, nullable=False),
    Column("edition", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("confidence", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("written_by", Integer, nullable=False, server_default=_ACTOR),
    Column("written_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("source_kk", Text, nullable=False, server_default=text("''")),
    Column("source_ru", Text, nullable=False, server_default=text("''")),
    UniqueConstraint("organisation_id", "hash"),
)

scenario = Table(
    "economy_scenario",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("plan_id", Integer, primary_key=True, autoincrement=False),
    Column("version_id", Integer, primary_key=True, autoincrement=False),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("key", Uuid, nullable=False),
    Column("model_id", Integer, nullable=False),
    Column("edit_no", Integer),
    Column("uncertainty", JSONB, nullable=False),
    Column("reason", Text, nullable=False, server_default=text("''")),
    Column("saved_by", Integer, nullable=False, server_default=_ACTOR),
    Column("on_behalf_of", Integer),
    Column("saved_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("made_in", BigInteger, nullable=False, server_default=MADE_IN),
    UniqueConstraint("organisation_id", "key"),
    ForeignKeyConstraint(
        ["organisation_id", "plan_id", "version_id"],
        ["economy_version.organisation_id", "economy_version.plan_id", "economy_version.id"],
    ),
    ForeignKeyConstraint(["organisation_id", "model_id"], ["economy_model.organisation_id", "economy_model.id"]),
    ForeignKeyConstraint(
        ["organisation_id", "plan_id", "version_id", "edit_no"],
        ["economy_edit.organisation_id", "economy_edit.plan_id", "economy_edit.version_id", "economy_edit.no"],
    ),
)

assumption = Table(
    "economy_assumption",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("plan_id", Integer, primary_key=True, autoincrement=False),
    Column("version_id", Integer, primary_key=True, autoincrement=False),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("driver", Text, primary_key=True),
    Column("year", SmallInteger, primary_key=True, autoincrement=False),
    Column("value", Numeric(20, 6), nullable=False),
    Column("origin", Text, nullable=False),
    Column("series", Text),
    Column("vintage", Date),
    Column("series_year", SmallInteger),
    Column("confidence", Text),
    Column("said_by", Integer, nullable=False),
    Column("said_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    ForeignKeyConstraint(
        ["organisation_id", "plan_id", "version_id", "revision"],
        [
            "economy_scenario.organisation_id",
            "economy_scenario.plan_id",
            "economy_scenario.version_id",
            "economy_scenario.revision",
        ],
    ),
)
