"""Commands in: what a program may ask about people and their roles."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from erp.base.commands import NO_NUL
from erp.base.i18n import Language
from erp.reference.access.model import Role

Text = Annotated[str, Field(max_length=200, pattern=NO_NUL)]
Number = Annotated[int, Field(ge=1, le=2_147_483_647)]
Day = Annotated[date, Field(ge=date(1900, 1, 1), le=date(2199, 12, 31))]


class Command(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AddPerson(Command):
    """A new person with a first role; the password is one they change when they first sign in."""

    login: Annotated[str, Field(max_length=100, pattern=NO_NUL, examples=["aigul"])]
    name: Text
    password: Annotated[str, Field(max_length=1000, pattern=NO_NUL)]
    language: Language = Language.KK
    role: Role
    organisation_id: Number
    since: Day


class RenamePerson(Command):
    name: Text


class From(Command):
    """From which day on."""

    since: Day


class GivePassword(Command):
    password: Annotated[str, Field(max_length=1000, pattern=NO_NUL)]


class GiveRole(Command):
    """A role at an organisation; without ``last``, without end."""

    role: Role
    organisation_id: Number
    since: Day
    last: Day | None = None


class Delegate(Command):
    """A role of the person is lent to another for some days."""

    login: Annotated[str, Field(max_length=100, pattern=NO_NUL, description="Whom it is lent to.")]
    role: Role
    organisation_id: Number
    since: Day
    last: Day
