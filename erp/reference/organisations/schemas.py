"""Commands in: what a program may ask of the tree of organisations."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from erp.base.commands import NO_NUL
from erp.reference.organisations.model import OrganisationKind

Name = Annotated[str, Field(max_length=500, pattern=NO_NUL)]
Number = Annotated[int, Field(ge=1, le=2_147_483_647)]
Day = Annotated[date, Field(ge=date(1900, 1, 1), le=date(2199, 12, 31))]


class Command(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AddOrganisation(Command):
    """An organisation below another."""

    code: Annotated[str, Field(max_length=20, pattern=NO_NUL, description="BIN.", examples=["120540000021"])]
    kind: OrganisationKind
    name_kk: Name
    name_ru: Name
    name_en: Name
    parent_id: Number
    since: Day


class RenameOrganisation(Command):
    name_kk: Name
    name_ru: Name
    name_en: Name
    since: Day


class MoveOrganisation(Command):
    parent_id: Number
    since: Day


class SetOffice(Command):
    """Which office keeps its books; none: it keeps them itself."""

    office_id: Number | None
    since: Day


class CloseOrganisation(Command):
    """The first day on which it is not there."""

    since: Day
