"""Commands in: what a page or a program may ask of templates."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from erp.base.commands import NO_NUL, Command, Text
from erp.finance.drafts.schemas import SheetTyped
from erp.finance.journal.schemas import Day
from erp.finance.templates.model import Every

Inputs = dict[
    Annotated[str, Field(max_length=100, pattern=NO_NUL)], Annotated[str, Field(max_length=60, pattern=NO_NUL)]
]


class ChangeTemplate(Command):
    """Give a template another content."""

    name: str = Field(min_length=1, max_length=200, pattern=NO_NUL)
    shared: bool = False
    sheet: SheetTyped = Field(description="Amounts may be formulas: `=salary * 10%`, `=№1 - №2`, `=balance(3211)`.")


class MakeTemplate(ChangeTemplate):
    """Keep an entry to be typed again."""

    key: UUID


class UseTemplate(Command):
    """Fill a template in for a day."""

    key: UUID
    effective_on: Day
    inputs: Inputs = Field(default_factory=dict, description="What the names in its formulas stand for.")


class Recur(Command):
    """Let a template fall due again and again."""

    key: UUID
    every: Every
    day: int = Field(ge=1, le=31, description="Of the month; the last one of months that are shorter.")
    since: Day
    until: Day | None = Field(None, description="The first day on which it no longer falls due.")
    inputs: Inputs = Field(default_factory=dict)


class EndRecurrence(Command):
    """Let it fall due no more."""

    until: Day = Field(description="The first day on which it no longer falls due.")


class LeaveOut(Command):
    """Pass over one due day."""

    reason: Text = Field(min_length=3)
