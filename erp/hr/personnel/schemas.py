"""Commands in: what a page or a program may ask of personal files."""

from datetime import date
from typing import Annotated, Self

from pydantic import Field, model_validator

from erp.base.commands import NO_NUL, Command
from erp.hr.personnel.model import ScheduleKind
from erp.hr.staffing.schemas import ActCommand, Code, DatedAct, Day, Id

_NAME = r"^[^\x00-\x1f\x7f]*$"
NamePart = Annotated[str, Field(min_length=1, max_length=100, pattern=_NAME)]
Login = Annotated[str, Field(max_length=100, pattern=NO_NUL, description="The account they sign in with.")]
Identity = Annotated[str, Field(max_length=20, description="IIN, 12 digits; the last one checks the others.")]
Percent = Annotated[int, Field(ge=1, le=1000, description="Of one full post: 100 is a whole one, 25 a quarter.")]
_FULL_DAY = 480  # minutes


class NameContent(Command):
    family: NamePart
    given: NamePart
    patronymic: Annotated[str, Field(max_length=100, pattern=_NAME)] = ""


class AppointmentContent(Command):
    staff_unit_id: Id
    percent: Percent = 100
    number: Code = Field("", description="Personnel number.")


class ScheduleContent(Command):
    kind: ScheduleKind = ScheduleKind.FIVE_DAY
    begins_on: Day = Field(date(2024, 1, 1), description="A day on which the cycle begins; of a week, a Monday.")
    minutes: tuple[Annotated[int, Field(ge=0, le=1440)], ...] = Field(
        (*([_FULL_DAY] * 5), 0, 0), min_length=1, max_length=56, description="Minutes of each day of the cycle."
    )

    @model_validator(mode="after")
    def _week(self) -> Self:
        if self.kind is not ScheduleKind.SHIFT and (len(self.minutes) != 7 or self.begins_on.weekday() != 0):
            raise ValueError(self.minutes)
        return self


class RecordName(DatedAct):
    content: NameContent


class RecordFacts(DatedAct):
    """Day of birth and identity number; what is left out stays as the fact before has it."""

    birth_on: Day | None = None
    identity: Identity = ""


class AddIdentity(ActCommand):
    """The identity number of somebody on record who has none."""

    identity: Identity


class RecordAppointment(DatedAct):
    """Which post an appointment holds from a day on; null: it has ended."""

    content: AppointmentContent | None


class RecordSchedule(DatedAct):
    content: ScheduleContent


class Appoint(ActCommand):
    """Another appointment of somebody who serves here, or served."""

    since: Day
    until: Day | None = None
    appointment: AppointmentContent
    schedule: ScheduleContent = ScheduleContent()


class Hire(Appoint):
    """Somebody begins to serve; a person whose identity number is known already, from wherever, is the same person."""

    name: NameContent
    birth_on: Day | None = None
    identity: Identity = ""
    login: Login = ""


class LinkAccount(Command):
    """The account that a person signs in with; empty: none."""

    login: Login = ""
