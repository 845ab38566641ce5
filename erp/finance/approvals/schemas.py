"""Commands in: what a page or a program may ask of approval."""

from pydantic import Field

from erp.finance.journal.schemas import Code, Command, CorrectEntry, Day, PostEntry, Text


class PrepareCorrection(CorrectEntry):
    """Prepare the correction of a posted entry."""

    entry_id: int = Field(ge=1, le=9_223_372_036_854_775_807)


Preparable = PostEntry | PrepareCorrection


class ReturnPrepared(Command):
    """Send a prepared entry back to who prepared it."""

    reason: Text = Field(min_length=3)


class Chosen(Command):
    """A prepared entry, as it stood when it was chosen."""

    id: int = Field(ge=1, le=2_147_483_647)
    version: int = Field(ge=1, le=2_147_483_647)


class ApproveChosen(Command):
    """Approve several prepared entries, each by itself."""

    chosen: list[Chosen] = Field(min_length=1, max_length=500)
    dry_run: bool = Field(False, description="Only tell what would become of each.")


class RequireApproval(Command):
    """From a day on, entries of a journal need a second person."""

    journal: Code
    since: Day


class ReleaseJournal(Command):
    """From a day on, entries of a journal need no second person."""

    until: Day = Field(description="The first day on which it is so, tomorrow or later.")


class EndException(Command):
    """End an exception early."""

    until: Day = Field(description="The first day on which it no longer counts, tomorrow or later.")


class AllowException(Command):
    """Let a person approve for a time what they prepared themselves."""

    user_id: int = Field(ge=1, le=2_147_483_647)
    since: Day
    until: Day = Field(description="The first day on which it no longer counts.")
    reason: Text = Field(min_length=3)
