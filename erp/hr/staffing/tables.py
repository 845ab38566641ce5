from sqlalchemy import (
    Column,
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
from sqlalchemy.dialects.postgresql import DATERANGE

from ledger.tables import Xid8, metadata

_XID = text("pg_current_xact_id()")


def recorded() -> tuple[Column[int], ...]:
    """What every fact says of itself: the act it stands on, who recorded it and who superseded it."""
    return (
        Column("act_id", Integer, nullable=False),
        Column("recorded_xid", Xid8, nullable=False, server_default=_XID),
        Column("superseded_xid", Xid8),
        Column("superseded_by", Integer),
    )


def by_act(table: str) -> tuple[Index, ...]:
    ended = text("superseded_by IS NOT NULL")
    return (
        Index(f"{table}_by_act", "act_id"),
        Index(f"{table}_by_end", "superseded_by", postgresql_where=ended),
    )


person = Table(
    "hr_person",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("user_id", Integer, ForeignKey("reference_user.id"), unique=True),
)

act = Table(
    "hr_act",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("key", Uuid, nullable=False),
    Column("content_hash", LargeBinary, nullable=False),
    Column("kind", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("subject_id", Integer, nullable=False),
    Column("person_id", Integer, ForeignKey("hr_person.id")),
    Column("reason", Text, nullable=False),
    Column("rescinds", Integer),
    Column("actor_id", Integer, nullable=False),
    Column("on_behalf_of", Integer),
    Column("origin", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("recorded_xid", Xid8, nullable=False, server_default=_XID),
    UniqueConstraint("organisation_id", "key"),
    UniqueConstraint("organisation_id", "rescinds"),
    ForeignKeyConstraint(["organisation_id", "rescinds"], ["hr_act.organisation_id", "hr_act.id"]),
    Index("hr_act_by_person", "organisation_id", "person_id", "id"),
    Index("hr_act_by_subject", "organisation_id", "about", "subject_id", "id"),
)

unit = Table(
    "hr_unit",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("id", Integer, primary_key=True, autoincrement=True),
)

staff_unit = Table(
    "hr_staff_unit",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("id", Integer, primary_key=True, autoincrement=True),
)

unit_fact = Table(
    "hr_unit_fact",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("unit_id", Integer, nullable=False),
    Column("valid", DATERANGE, nullable=False),
    Column("name_kk", Text, nullable=False),
    Column("name_ru", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("parent_id", Integer),
    Column("head_id", Integer),
    *recorded(),
    ForeignKeyConstraint(["organisation_id", "unit_id"], ["hr_unit.organisation_id", "hr_unit.id"]),
    ForeignKeyConstraint(["organisation_id", "parent_id"], ["hr_unit.organisation_id", "hr_unit.id"]),
    ForeignKeyConstraint(["organisation_id", "head_id"], ["hr_staff_unit.organisation_id", "hr_staff_unit.id"]),
    ForeignKeyConstraint(["organisation_id", "act_id"], ["hr_act.organisation_id", "hr_act.id"]),
    *by_act("hr_unit_fact"),
)

staff_unit_fact = Table(
    "hr_staff_unit_fact",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("staff_unit_id", Integer, nullable=False),
    Column("valid", DATERANGE, nullable=False),
    Column("unit_id", Integer, nullable=False),
    Column("title_kk", Text, nullable=False),
    Column("title_ru", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("staff_group", Text, nullable=False),
    Column("percent", Integer, nullable=False),
    *recorded(),
    ForeignKeyConstraint(["organisation_id", "staff_unit_id"], ["hr_staff_unit.organisation_id", "hr_staff_unit.id"]),
    ForeignKeyConstraint(["organisation_id", "unit_id"], ["hr_unit.organisation_id", "hr_unit.id"]),
    ForeignKeyConstraint(["organisation_id", "act_id"], ["hr_act.organisation_id", "hr_act.id"]),
    Index("hr_staff_unit_fact_by_unit", "organisation_id", "unit_id", postgresql_where=text("superseded_xid IS NULL")),
    *by_act("hr_staff_unit_fact"),
)
