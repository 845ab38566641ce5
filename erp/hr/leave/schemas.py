"""Commands in, and what who asks and who decides are shown of a leave."""

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from erp.base.commands import Command
from erp.base.dates import DaySpan
from erp.hr.leave.model import CENTIDAYS, Doubt
from erp.hr.leave.rules import DOUBTS, days_string
from erp.hr.staffing.schemas import Day, Id, Reason

KindCode = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[A-Z0-9_]+$", examples=["ANNUAL"])]


class LeaveWanted(Command):
    """A kind of leave and its days, the last one included."""

    kind: KindCode
    first: Day = Field(examples=["2027-03-01"])
    last: Day = Field(examples=["2027-03-14"])

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.last < self.first:
            raise ValueError(self.last)
        return self

    @property
    def days(self) -> DaySpan:
        return DaySpan(self.first, self.last)


class AskLeave(LeaveWanted):
    key: UUID


class GrantYears(Command):
    """Give everybody who serves the working years that have begun through a day."""

    day: Day = Field(description="Working years that have begun on this day or earlier are given.")


class GrantNorm(Command):
    """Give a person additional days of one working year, by a norm that names a ground."""

    key: UUID
    person_id: Id
    norm: KindCode
    year_start: Day = Field(description="First day of the working year.")
    reason: Reason = Field(description="On what ground: a certificate, an act.")


class MoveDays(Command):
    """Carry days in (above nought), or correct what stands (either way)."""

    key: UUID
    person_id: Id
    year_start: Day = Field(description="First day of the working year; of what is carried in: one that has begun.")
    effective_on: Day
    centidays: int = Field(
        ge=-1000 * CENTIDAYS, le=1000 * CENTIDAYS, description="Hundredths of a day.", examples=[1400]
    )
    reason: Reason


class Compensate(Command):
    """Pay what is left to who leaves the service, once its end is recorded: the year begun is cut to what is earned."""

    key: UUID
    person_id: Id
    last_day: Day = Field(description="The last day of service.")
    reason: Reason


class NamedRow(BaseModel):
    """What a row of the data package is called, in three languages."""

    model_config = ConfigDict(frozen=True)

    kk: str
    ru: str
    en: str

    def name(self, language: str) -> str:
        return str(getattr(self, language))


class LeaveFacts(BaseModel):
    """A leave as who asks and who decides see it; days in hundredths where they are balances."""

    model_config = ConfigDict(frozen=True)

    kind: str
    named: NamedRow
    act: NamedRow
    verified: bool
    first: date
    last: date
    counted: int
    """Days that count."""
    excluded: tuple[date, ...]
    """Days inside it that do not."""
    draws: bool
    balance: int | None
    """What is left on its first day: before it while it waits, after it once it was approved; ``None``: no balance."""
    balance_after: int | None
    """What would be left after it; ``None`` where there is no balance or not enough days."""
    years: tuple[tuple[date, int], ...]
    """By working year, what it draws."""
    doubts: tuple[str, ...]
    refusal: str
    """Slug of why it cannot be approved as things stand; mostly empty."""

    @staticmethod
    def in_days(centidays: int) -> str:
        return days_string(centidays)

    @property
    def sentences(self) -> tuple[str, ...]:
        """What should be known of it, in sentences to translate."""
        return tuple(DOUBTS[Doubt(doubt)] for doubt in self.doubts)
