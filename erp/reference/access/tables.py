from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import DATEMULTIRANGE, DATERANGE

from ledger.tables import metadata

_ALWAYS = text("'(,)'")
_NOW = text("clock_timestamp()")
_NO = text("false")
_EMPTY = text("''")
_ZERO = text("0")

user = Table(
    "reference_user",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("login", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("language", Text, nullable=False, server_default=text("'kk'")),
    Column("in_force", DATEMULTIRANGE, nullable=False, server_default=text("'{(,)}'")),
    Column("must_change_password", Boolean, nullable=False, server_default=_NO),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
)

role_grant = Table(
    "reference_role_grant",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("user_id", Integer, ForeignKey("reference_user.id"), nullable=False),
    Column("role", Text, nullable=False),
    Column("organisation_id", Integer, ForeignKey("reference_organisation.id"), nullable=False),
    Column("in_force", DATERANGE, nullable=False, server_default=_ALWAYS),
    Column("withdrawn_on", Date),
    Index("reference_role_grant_by_organisation", "organisation_id"),
)

delegation = Table(
    "reference_delegation",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("lender_id", Integer, ForeignKey("reference_user.id"), nullable=False),
    Column("delegate_id", Integer, ForeignKey("reference_user.id"), nullable=False),
    Column("role", Text, nullable=False),
    Column("organisation_id", Integer, ForeignKey("reference_organisation.id"), nullable=False),
    Column("in_force", DATERANGE, nullable=False),
    Column("withdrawn_on", Date),
    Index("reference_delegation_by_lender", "lender_id"),
    Index("reference_delegation_by_organisation", "organisation_id"),
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
    Column("id", Integer, nullable=False, unique=True, autoincrement=True),
    Column("agent", Text, nullable=False, server_default=_EMPTY),
    Column("name", Text, nullable=False, server_default=_EMPTY),
    Column("permissions", ARRAY(Text)),
    Column("only_at", Integer, ForeignKey("reference_organisation.id")),
    Column("tries", SmallInteger, nullable=False, server_default=_ZERO),
    Index("reference_session_by_user", "user_id"),
    Index("reference_session_by_expiry", "expires_at"),
)

second_factor = Table(
    "reference_second_factor",
    metadata,
    Column("user_id", Integer, ForeignKey("reference_user.id"), primary_key=True),
    Column("secret", Text),
    Column("sealed", LargeBinary),
    Column("is_confirmed", Boolean, nullable=False, server_default=_NO),
    Column("last_step", BigInteger, nullable=False, server_default=_ZERO),
)

recovery_code = Table(
    "reference_recovery_code",
    metadata,
    Column("user_id", Integer, ForeignKey("reference_user.id"), primary_key=True),
    Column("code_hash", LargeBinary, primary_key=True),
    Column("used_at", DateTime(timezone=True)),
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

user_identity = Table(
    "reference_user_identity",
    metadata,
    Column("user_id", Integer, ForeignKey("reference_user.id"), nullable=False),
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("linked_by", Integer, nullable=False, server_default=text("COALESCE(reference_actor(), 0)")),
    Column("linked_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    UniqueConstraint("user_id", "issuer"),
)
