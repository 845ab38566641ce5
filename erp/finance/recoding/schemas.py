"""Commands in: what a page or a program may ask of a recoding."""

from typing import Annotated, Literal

from pydantic import Field

from erp.base.commands import NO_NUL, Command
from erp.finance.journal.schemas import Day

Code = Annotated[str, Field(min_length=1, max_length=60, pattern=NO_NUL)]
What = Literal["account", "programme", "specific", "source", "counterparty", "contract", "item", "project"]


class MappingLine(Command):
    """One old code and what it becomes."""

    what: What
    old: Code
    new: Code


class MakeRecoding(Command):
    """A mapping table with the day it takes effect, the first of a month."""

    title: Annotated[str, Field(min_length=1, max_length=300, pattern=NO_NUL)]
    effective_on: Day
    lines: Annotated[list[MappingLine], Field(min_length=1, max_length=2000)]
