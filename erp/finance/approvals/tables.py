from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    ForeignKey,
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
from sqlalchemy.dialects.postgresql import ARRAY, DATERANGE, JSONB

from ledger.tables import metadata

_NOW = text("clock_timestamp()")
_NONE = text("'{}'")


def _route() -> tuple[Column[list[str]], Column[list[str]]]:
    return (
        Column("steps", ARRAY(Text), nullable=False, server_default=text("'{second-signature}'")),
        Column("cms", ARRAY(Text), nullable=False, server_default=_NONE),
    )


def _own_id() -> tuple[Column[int], Column[int]]:
    return (
        Column("organisation_id", Integer, primary_key=True, autoincrement=False),
        Column("id", Integer, primary_key=True, autoincrement=True),
    )


journal_duty = Table(
    "finance_journal_duty",
    metadata,
    *_own_id(),
    Column("journal_id", SmallInteger, ForeignKey("ledger_journal.id"), nullable=False),
    Column("in_force", DATERANGE, nullable=False),
    *_route(),
)

duty_exception = Table(
    "finance_duty_exception",
    metadata,
    *_own_id(),
    Column("user_id", Integer, ForeignKey("reference_user.id"), nullable=False),
    Column("in_force", DATERANGE, nullable=False),
    Column("reason", Text, nullable=False),
    Column("allowed_by", Integer, nullable=False),
    Column("origin", Text, nullable=False),
    Column("allowed_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
)

prepared = Table(
    "finance_prepared",
    metadata,
    *_own_id(),
    Column("key", Uuid, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'draft'")),
    Column("version", Integer, nullable=False, server_default="0"),
    Column("revision", Integer, nullable=False, server_default="0"),
    Column("prepared_by", Integer, nullable=False, server_default="0"),
    Column("next_step", Text),
    Column("behind", ARRAY(Integer), nullable=False, server_default=_NONE),
    UniqueConstraint("organisation_id", "key"),
    Index(
        "finance_prepared_waiting",
        "organisation_id",
        "state",
        "prepared_by",
        postgresql_where=text("state IN ('prepared', 'checked', 'first-signed', 'returned')"),
    ),
)

prepared_revision = Table(
    "finance_prepared_revision",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("prepared_id", Integer, primary_key=True, autoincrement=False),
    Column("no", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("schema_version", SmallInteger, nullable=False),
    Column("command", JSONB, nullable=False),
    Column("content_hash", LargeBinary, nullable=False),
    Column("journal_id", SmallInteger, ForeignKey("ledger_journal.id"), nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("memo", Text, nullable=False),
    Column("document_number", Text, nullable=False),
    Column("amount_tiyn", BigInteger, nullable=False),
    *_route(),
    ForeignKeyConstraint(
        ["organisation_id", "prepared_id"], ["finance_prepared.organisation_id", "finance_prepared.id"]
    ),
)

prepared_act = Table(
    "finance_prepared_act",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("prepared_id", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("act", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("actor_id", Integer, nullable=False),
    Column("on_behalf_of", Integer),
    Column("lenders", ARRAY(Integer), nullable=False, server_default=_NONE),
    Column("origin", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=text("''")),
    Column("exception_id", Integer),
    Column("at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("signature_id", Integer),
    ForeignKeyConstraint(
        ["organisation_id", "prepared_id", "revision"],
        [
            "finance_prepared_revision.organisation_id",
            "finance_prepared_revision.prepared_id",
            "finance_prepared_revision.no",
        ],
    ),
    ForeignKeyConstraint(
        ["organisation_id", "exception_id"],
        ["finance_duty_exception.organisation_id", "finance_duty_exception.id"],
    ),
    Index(
        "finance_prepared_act_by_exception",
        "organisation_id",
        "exception_id",
        postgresql_where=text("exception_id IS NOT NULL"),
    ),
    Index(
        "finance_prepared_act_signature",
        "organisation_id",
        "signature_id",
        unique=True,
        postgresql_where=text("signature_id IS NOT NULL"),
    ),
)
