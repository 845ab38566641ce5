"""Commands in: what a page or a program may ask of the staffing table."""

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from erp.base.commands import NO_NUL, Command
from erp.hr.staffing.model import StaffGroup

Day = Annotated[date, Field(ge=date(1900, 1, 1), lt=date(2200, 1, 1), examples=["2026-11-22"])]
Id = Annotated[int, Field(ge=1, le=2_147_483_647)]
Name = Annotated[str, Field(min_length=1, max_length=300, pattern=NO_NUL)]
Code = Annotated[str, Field(max_length=40, pattern=NO_NUL)]
Reason = Annotated[
    str,
    Field(min_length=3, max_length=1000, pattern=NO_NUL, description="On what ground.", examples=["Order No. 12-k"]),
]


class ActCommand(Command):
    """An act on the record: under its key it is done once, and it says on what ground."""

    key: UUID
    reason: Reason


class DatedAct(ActCommand):
    """A change from a day on, or the correction of a fact on the days that it should have held."""

    since: Day
    until: Day | None = Field(None, description="The first day after; null as long as nothing else is recorded.")
    corrects: Id | None = Field(None, description="The fact that was recorded amiss; null: the world has changed.")

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.until is not None and self.until <= self.since:
            raise ValueError(self.until)
        return self


class RescindAct(ActCommand):
    """Undo an act: what it recorded no longer holds, what it superseded holds again."""


class UnitContent(Command):
    name_kk: Name
    name_ru: Name
    name_en: Name
    parent_id: Id | None = Field(None, description="The unit it stands under.")
    head_id: Id | None = Field(None, description="The staff unit whose holder heads it.")


class RecordUnit(DatedAct):
    """What a unit is from a day on; null: it is there no more."""

    content: UnitContent | None


class PostContent(Command):
    unit_id: Id
    title_kk: Name
    title_ru: Name
    title_en: Name
    category: Code = Field("", description="Code of the category of the post.", examples=["D-O-4"])
    staff_group: StaffGroup
    percent: int = Field(100, ge=1, le=1_000_000, description="Of one full post: 250 is two and a half.")


class RecordPost(DatedAct):
    """What a post is from a day on; null: it is there no more."""

    content: PostContent | None
