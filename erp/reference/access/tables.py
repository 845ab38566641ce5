from sqlalchemy import Column, DateTime, ForeignKey, Index, Integer, LargeBinary, Table, Text, text
from sqlalchemy.dialects.postgresql import DATERANGE

from ledger.tables import metadata

_ALWAYS = text("'(,)'")
_NOW = text("clock_timestamp()")

user = Table(
    "reference_user",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("login", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("language", Text, nullable=False, server_default=text("'kk'")),
    Column("in_force", DATERANGE, nullable=False, server_default=_ALWAYS),
)

role_grant = Table(
    "reference_role_grant",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("user_id", Integer, ForeignKey("reference_user.id"), nullable=False),
    Column("role", Text, nullable=False),
    Column("organisation_id", Integer, ForeignKey("reference_organisation.id"), nullable=False),
    Column("in_force", DATERANGE, nullable=False, server_default=_ALWAYS),
)

session = Table(
    "reference_session",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("user_id", Integer, ForeignKey("reference_user.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("seen_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Index("reference_session_by_user", "user_id"),
    Index("reference_session_by_expiry", "expires_at"),
)

sign_in_failure = Table(
    "reference_sign_in_failure",
    metadata,
    Column("login", Text, primary_key=True),
    Column("origin", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("retry_at", DateTime(timezone=True), nullable=False),
    Index("reference_sign_in_failure_by_retry", "retry_at"),
)
