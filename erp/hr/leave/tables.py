from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import DATERANGE

from ledger.tables import metadata

_NOT_NULL = text("request_id IS NOT NULL")


def _register(name: str, *own: Column[object]) -> Table:
    """A table that a data package fills."""
    return Table(
        name,
        metadata,
        Column("id", Integer, primary_key=True, autoincrement=True),
        Column("code", Text, nullable=False),
        Column("name_kk", Text, nullable=False),
        Column("name_ru", Text, nullable=False),
        Column("name_en", Text, nullable=False),
        *own,
        Column("act_kk", Text, nullable=False),
        Column("act_ru", Text, nullable=False),
        Column("act_en", Text, nullable=False),
        Column("in_force", DATERANGE, nullable=False),
        Column("confidence", Text, nullable=False),
        Column("source", Text, nullable=False),
    )


leave_kind = _register(
    "reference_leave_kind",
    Column("draws", Boolean, nullable=False),
    Column("counting", Text, nullable=False),
    Column("paid", Text, nullable=False),
    Column("seniority", Boolean, nullable=False),
    Column("least_days", Integer),
    Column("most_days", Integer),
    Column("timesheet_code", Text, nullable=False),
)
leave_norm = _register(
    "reference_leave_norm",
    Column("staff_group", Text, nullable=False),
    Column("days", Integer, nullable=False),
)
leave_rule = _register("reference_leave_rule", Column("value", Integer, nullable=False))

leave_movement = Table(
    "hr_leave_movement",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("person_id", Integer, ForeignKey("hr_person.id"), nullable=False),
    Column("act", Text, nullable=False),
    Column("year_start", Date, nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("centidays", Integer, nullable=False),
    Column("norm", Text),
    Column("request_id", Integer),
    Column("key", Uuid),
    Column("batch", Uuid),
    Column("round", Integer, nullable=False, server_default=text("0")),
    Column("reason", Text, nullable=False, server_default=text("''")),
    Column("actor_id", Integer, nullable=False),
    Column("on_behalf_of", Integer),
    Column("origin", Text, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    ForeignKeyConstraint(["organisation_id", "request_id"], ["hr_request.organisation_id", "hr_request.id"]),
    Index(
        "hr_leave_movement_granted_once",
        "organisation_id",
        "person_id",
        "year_start",
        "norm",
        "round",
        unique=True,
        postgresql_where=text("act = 'grant'"),
    ),
    Index(
        "hr_leave_movement_ungranted_once",
        "organisation_id",
        "person_id",
        "year_start",
        "norm",
        "round",
        unique=True,
        postgresql_where=text("act = 'ungrant'"),
    ),
    Index("hr_leave_movement_by_batch", "organisation_id", "batch", postgresql_where=text("batch IS NOT NULL")),
    Index(
        "hr_leave_movement_used_once",
        "organisation_id",
        "request_id",
        "year_start",
        unique=True,
        postgresql_where=text("act = 'use'"),
    ),
    Index(
        "hr_leave_movement_key",
        "organisation_id",
        "key",
        "person_id",
        "year_start",
        "act",
        unique=True,
        postgresql_where=text("key IS NOT NULL"),
    ),
    Index("hr_leave_movement_by_request", "organisation_id", "request_id", postgresql_where=_NOT_NULL),
    Index(
        "hr_leave_movement_balance",
        "organisation_id",
        "person_id",
        postgresql_include=["effective_on", "year_start", "act", "centidays"],
    ),
)
