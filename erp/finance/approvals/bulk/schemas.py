"""Commands in: what a page or a program may ask of many documents."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from erp.base.commands import Code, Command, Text
from erp.base.dates import MonthSpan
from erp.finance.approvals.schemas import Chosen
from erp.finance.journal.schemas import Day


class AskOfPrepared(Command):
    """Choose prepared entries: those named, or all that a filter finds and that are the caller's to act on."""

    key: UUID = Field(description="Idempotency key: the same key asks once.")
    journal: Code | None = None
    through: Day | None = Field(None, description="The last day that the entries count for.")
    chosen: list[Chosen] | None = Field(None, min_length=1, max_length=500)


class AskForCorrections(Command):
    """Choose the posted entries that a filter of the journal finds, to be cancelled one by one."""

    key: UUID = Field(description="Idempotency key: the same key asks once.")
    first: Day = Field(description="First month: any day of it.")
    last: Day = Field(description="Last month: any day of it.")
    journal: Code | None = None
    account: Code | None = Field(None, description="An account's code, or its beginning.")
    text: Text | None = Field(None, description="Words of the text or the document.")
    kind: Literal["storno", "reversal"] = "storno"
    effective_on: Day
    reason: Text = Field(min_length=3)

    @property
    def span(self) -> MonthSpan:
        return MonthSpan.of(self.first, self.last)
