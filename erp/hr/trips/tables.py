from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, DATERANGE

from ledger.tables import metadata

trip_norm = Table(
    "reference_trip_norm",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("code", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("area", Text, nullable=False),
    Column("value", Numeric, nullable=False),
    Column("unit", Text, nullable=False),
    Column("name_kk", Text, nullable=False),
    Column("name_ru", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("in_force", DATERANGE, nullable=False),
    Column("confidence", Text, nullable=False),
    Column("source", Text, nullable=False),
)


def _of_trip() -> tuple[Column[int], Column[int]]:
    return (
        Column("organisation_id", Integer, primary_key=True, autoincrement=False),
        Column("request_id", Integer, primary_key=True, autoincrement=False),
    )


_REPORT = (
    ["organisation_id", "request_id"],
    ["hr_trip_report.organisation_id", "hr_trip_report.request_id"],
)

trip_report = Table(
    "hr_trip_report",
    metadata,
    *_of_trip(),
    Column("state", Text, nullable=False, server_default=text("'none'")),
    Column("version", Integer, nullable=False, server_default="0"),
    Column("revision", Integer, nullable=False, server_default="0"),
    ForeignKeyConstraint(["organisation_id", "request_id"], ["hr_request.organisation_id", "hr_request.id"]),
    Index("hr_trip_report_waiting", "organisation_id", "request_id", postgresql_where=text("state = 'submitted'")),
)

trip_report_line = Table(
    "hr_trip_report_line",
    metadata,
    *_of_trip(),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("no", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("spent_on", Date, nullable=False),
    Column("what", Text, nullable=False),
    Column("paper", Text, nullable=False),
    Column("abroad", Boolean, nullable=False),
    Column("amount_tiyn", BigInteger, nullable=False),
    ForeignKeyConstraint(*_REPORT),
)

trip_report_act = Table(
    "hr_trip_report_act",
    metadata,
    *_of_trip(),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("act", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("result", Text, nullable=False, server_default=text("''")),
    Column("actor_id", Integer, nullable=False),
    Column("on_behalf_of", Integer),
    Column("lenders", ARRAY(Integer), nullable=False, server_default=text("'{}'")),
    Column("origin", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=text("''")),
    Column("at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    ForeignKeyConstraint(*_REPORT),
)
