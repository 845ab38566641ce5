from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from ledger.tables import metadata

MADE_IN = text("((pg_current_xact_id())::text)::bigint")
"""The transaction that writes a row."""
_NOW = text("clock_timestamp()")
_ACTOR = text("reference_actor()")

plan = Table(
    "economy_plan",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("key", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("base_year", SmallInteger, nullable=False),
    Column("first_year", SmallInteger, nullable=False),
    Column("last_year", SmallInteger, nullable=False),
    Column("author_id", Integer, nullable=False, server_default=_ACTOR),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    UniqueConstraint("organisation_id", "key"),
    ForeignKeyConstraint(["organisation_id"], ["reference_organisation.id"]),
)

leaf = Table(
    "economy_leaf",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("plan_id", Integer, primary_key=True, autoincrement=False),
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("section", Text, nullable=False),
    Column("budget_id", Integer, nullable=False),
    Column("institution_id", Integer, nullable=False),
    Column("programme", Text, nullable=False),
    Column("economic", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("region", Text, nullable=False),
    UniqueConstraint(
        "organisation_id",
        "plan_id",
        "section",
        "budget_id",
        "institution_id",
        "programme",
        "economic",
        "source",
        "region",
    ),
    ForeignKeyConstraint(["organisation_id", "plan_id"], ["economy_plan.organisation_id", "economy_plan.id"]),
    ForeignKeyConstraint(["budget_id"], ["reference_organisation.id"]),
    ForeignKeyConstraint(["institution_id"], ["reference_organisation.id"]),
)

version = Table(
    "economy_version",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("plan_id", Integer, primary_key=True, autoincrement=False),
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("key", Uuid, nullable=False),
    Column("parent_id", Integer),
    Column("parent_edits", Integer),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("author_id", Integer, nullable=False, server_default=_ACTOR),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("edits", Integer, nullable=False, server_default="0"),
    Column("edited_at", DateTime(timezone=True)),
    Column("frozen_at", DateTime(timezone=True)),
    Column("frozen_by", Integer),
    Column("content_hash", LargeBinary),
    Column("put_away_at", DateTime(timezone=True)),
    Column("put_away_by", Integer),
    Column("put_away_reason", Text),
    UniqueConstraint("organisation_id", "key"),
    ForeignKeyConstraint(["organisation_id", "plan_id"], ["economy_plan.organisation_id", "economy_plan.id"]),
    ForeignKeyConstraint(
        ["organisation_id", "plan_id", "parent_id"],
        ["economy_version.organisation_id", "economy_version.plan_id", "economy_version.id"],
    ),
    Index(
        "economy_version_one_root",
        "organisation_id",
        "plan_id",
        unique=True,
        postgresql_where=text("parent_id IS NULL"),
    ),
)

edit = Table(
    "economy_edit",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("plan_id", Integer, primary_key=True, autoincrement=False),
    Column("version_id", Integer, primary_key=True, autoincrement=False),
    Column("no", Integer, primary_key=True, autoincrement=False),
    Column("key", Uuid, nullable=False),
    Column("content_hash", LargeBinary, nullable=False),
    Column("author_id", Integer, nullable=False, server_default=_ACTOR),
    Column("on_behalf_of", Integer),
    Column("people", ARRAY(Integer), nullable=False, server_default=text("'{}'::integer[]")),
    Column("at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("reason", Text, nullable=False),
    Column("undoes", Integer),
    Column("cells", Integer, nullable=False),
    Column("made_in", BigInteger, nullable=False, server_default=MADE_IN),
    UniqueConstraint("organisation_id", "key"),
    UniqueConstraint("organisation_id", "plan_id", "version_id", "undoes"),
    ForeignKeyConstraint(
        ["organisation_id", "plan_id", "version_id"],
        ["economy_version.organisation_id", "economy_version.plan_id", "economy_version.id"],
    ),
    ForeignKeyConstraint(
        ["organisation_id", "plan_id", "version_id", "undoes"],
        ["economy_edit.organisation_id", "economy_edit.plan_id", "economy_edit.version_id", "economy_edit.no"],
    ),
)

cell = Table(
    "economy_cell",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("plan_id", Integer, primary_key=True, autoincrement=False),
    Column("version_id", Integer, primary_key=True, autoincrement=False),
    Column("until_no", Integer, primary_key=True, autoincrement=False, server_default="2147483647"),
    Column("leaf_id", Integer, primary_key=True, autoincrement=False),
    Column("year", SmallInteger, primary_key=True, autoincrement=False),
    Column("edit_no", Integer, nullable=False),
    Column("amount_tiyn", BigInteger),
)
