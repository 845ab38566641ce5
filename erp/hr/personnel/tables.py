from sqlalchemy import (
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
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, DATERANGE

from erp.hr.staffing.tables import by_act, recorded
from ledger.tables import metadata

appointment = Table(
    "hr_appointment",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("person_id", Integer, ForeignKey("hr_person.id"), nullable=False),
    UniqueConstraint("organisation_id", "id", "person_id"),
    Index("hr_appointment_by_person", "person_id", "organisation_id"),
)


def _of_appointment() -> tuple[ForeignKeyConstraint, ...]:
    return (
        ForeignKeyConstraint(
            ["organisation_id", "appointment_id", "person_id"],
            ["hr_appointment.organisation_id", "hr_appointment.id", "hr_appointment.person_id"],
        ),
        ForeignKeyConstraint(["organisation_id", "act_id"], ["hr_act.organisation_id", "hr_act.id"]),
    )


appointment_fact = Table(
    "hr_appointment_fact",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("appointment_id", Integer, nullable=False),
    Column("person_id", Integer, nullable=False),
    Column("valid", DATERANGE, nullable=False),
    Column("staff_unit_id", Integer, nullable=False),
    Column("percent", Integer, nullable=False),
    Column("number", Text, nullable=False),
    *recorded(),
    *_of_appointment(),
    ForeignKeyConstraint(["organisation_id", "staff_unit_id"], ["hr_staff_unit.organisation_id", "hr_staff_unit.id"]),
    Index(
        "hr_appointment_fact_by_staff_unit",
        "organisation_id",
        "staff_unit_id",
        postgresql_where=text("superseded_xid IS NULL"),
    ),
    Index("hr_appointment_fact_by_person", "organisation_id", "person_id"),
    *by_act("hr_appointment_fact"),
)

schedule = Table(
    "hr_schedule",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("appointment_id", Integer, nullable=False),
    Column("person_id", Integer, nullable=False),
    Column("valid", DATERANGE, nullable=False),
    Column("kind", Text, nullable=False),
    Column("begins_on", Date, nullable=False),
    Column("minutes", ARRAY(SmallInteger), nullable=False),
    *recorded(),
    *_of_appointment(),
    Index("hr_schedule_by_person", "organisation_id", "person_id"),
    *by_act("hr_schedule"),
)

person_name = Table(
    "hr_person_name",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("person_id", Integer, ForeignKey("hr_person.id"), nullable=False),
    Column("valid", DATERANGE, nullable=False),
    Column("family_name", Text, nullable=False),
    Column("given_name", Text, nullable=False),
    Column("patronymic", Text, nullable=False),
    Column("kept_by", Integer, nullable=False),
    *recorded(),
    ForeignKeyConstraint(["kept_by", "act_id"], ["hr_act.organisation_id", "hr_act.id"]),
    *by_act("hr_person_name"),
)

person_fact = Table(
    "hr_person_fact",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("person_id", Integer, ForeignKey("hr_person.id"), nullable=False),
    Column("valid", DATERANGE, nullable=False),
    Column("birth_on", Date),
    Column("identity_sealed", LargeBinary),
    Column("identity_index", LargeBinary),
    Column("kept_by", Integer, nullable=False),
    *recorded(),
    ForeignKeyConstraint(["kept_by", "act_id"], ["hr_act.organisation_id", "hr_act.id"]),
    *by_act("hr_person_fact"),
)

read_log = Table(
    "hr_read_log",
    metadata,
    Column("organisation_id", Integer, primary_key=True, autoincrement=False),
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("person_id", Integer, ForeignKey("hr_person.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("reader_id", Integer, nullable=False),
    Column("on_behalf_of", Integer),
    Column("origin", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Index("hr_read_log_by_person", "person_id", "id"),
)

service = Table(
    "hr_service",
    metadata,
    Column("organisation_id", Integer),
    Column("person_id", Integer),
    Column("appointment_id", Integer),
    Column("staff_unit_id", Integer),
    Column("unit_id", Integer),
    Column("valid", DATERANGE),
    Column("percent", Integer),
    Column("number", Text),
    Column("category", Text),
    Column("staff_group", Text),
    Column("title_kk", Text),
    Column("title_ru", Text),
    Column("title_en", Text),
    info={"is_view": True},
)
