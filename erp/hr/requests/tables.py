from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, DATERANGE, JSONB

from ledger.tables import metadata

_NOW = text("clock_timestamp()")

request = Table(
    "hr_request",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("key", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("person_id", Integer, ForeignKey("hr_person.id"), nullable=False),
    Column("state", Text, nullable=False, server_default=text("'draft'")),
    Column("version", Integer, nullable=False, server_default="0"),
    Column("approver_id", Integer, ForeignKey("hr_person.id")),
    Column("days", DATERANGE),
    Column("facts", JSONB, nullable=False, server_default=text("'{}'")),
    UniqueConstraint("organisation_id", "key"),
    Index("hr_request_by_person", "organisation_id", "person_id", "id"),
    Index(
        "hr_request_waiting",
        "organisation_id",
        "approver_id",
        "id",
        postgresql_where=text("state IN ('submitted', 'returned')"),
    ),
    Index(
        "hr_request_cancelled_trips",
        "organisation_id",
        "id",
        postgresql_where=text("kind = 'trip' AND state = 'cancelled'"),
    ),
)

_OF_REQUEST = (["organisation_id", "request_id"], ["hr_request.organisation_id", "hr_request.id"])

request_act = Table(
    "hr_request_act",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("request_id", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("act", Text, nullable=False),
    Column("days", DATERANGE),
    Column("approver_id", Integer, ForeignKey("hr_person.id")),
    Column("facts", JSONB(none_as_null=True)),
    Column("actor_id", Integer, nullable=False),
    Column("on_behalf_of", Integer),
    Column("lenders", ARRAY(Integer), nullable=False, server_default=text("'{}'")),
    Column("origin", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=text("''")),
    Column("has_consent", Boolean),
    Column("consent_on", Date),
    Column("consent_document", Text, nullable=False, server_default=text("''")),
    Column("is_correction", Boolean, nullable=False, server_default=text("false")),
    Column("at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    ForeignKeyConstraint(*_OF_REQUEST),
)

absence = Table(
    "hr_absence",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("request_id", Integer, primary_key=True, autoincrement=False),
    Column("person_id", Integer, ForeignKey("hr_person.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("days", DATERANGE, nullable=False),
    ForeignKeyConstraint(*_OF_REQUEST),
    Index("hr_absence_by_days", "organisation_id", "days", postgresql_using="gist"),
)

calendar_feed = Table(
    "hr_calendar_feed",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("user_id", Integer, ForeignKey("reference_user.id"), nullable=False),
    Column("covers", Text, nullable=False),
    Column("code_hash", LargeBinary, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("revoked_at", DateTime(timezone=True)),
    Index(
        "hr_calendar_feed_one",
        "organisation_id",
        "user_id",
        "covers",
        unique=True,
        postgresql_where=text("revoked_at IS NULL"),
    ),
    Index("hr_calendar_feed_by_code", "code_hash", postgresql_where=text("revoked_at IS NULL")),
)
