"""Commands in: what a page or a program may ask of approval."""

from typing import ClassVar, Literal

from pydantic import Base64Bytes, Field

from erp.base.commands import Code, Command, Text
from erp.finance.approvals.model import Step
from erp.finance.journal.schemas import CorrectEntry, Day, PostEntry
from erp.reference.signatures.model import Cms, Consent, Evidence


class PrepareCorrection(CorrectEntry):
    """Prepare the correction of a posted entry."""

    entry_id: int = Field(ge=1, le=9_223_372_036_854_775_807)


Preparable = PostEntry | PrepareCorrection


class ReturnPrepared(Command):
    """Send a prepared entry back to who prepared it."""

    reason: Text = Field(min_length=3)


class WithdrawPrepared(Command):
    """Take a prepared entry back for good."""

    reason: Text = Field("", description="Needed where somebody else prepared it.")


class TakeStep(Command):
    """Check or sign: by consent, or with what the signer's key made."""

    container: Base64Bytes | None = Field(
        None, description="A detached CMS signature of the content, in Base64; none: consent."
    )

    @property
    def signed(self) -> Evidence:
        return Consent() if self.container is None else Cms(self.container)


class Chosen(Command):
    """A prepared entry, as it stood when it was chosen."""

    id: int = Field(ge=1, le=2_147_483_647)
    version: int = Field(ge=1, le=2_147_483_647)


class ApproveChosen(Command):
    """Approve several prepared entries, each by itself."""

    chosen: list[Chosen] = Field(min_length=1, max_length=500)
    dry_run: bool = Field(False, description="Only tell what would become of each.")


class StepAsked(Command):
    """A step that documents of a journal take, and what it is done with."""

    step: Step
    evidence: Literal["consent", "cms"] = Field(
        "consent", description="Whether consent is enough, or a digital signature (CMS) is needed."
    )


class RequireApproval(Command):
    """From a day on, entries of a journal need other persons, each for a step."""

    second_person: ClassVar[tuple[StepAsked, ...]] = (StepAsked(step=Step.SECOND_SIGNATURE),)

    journal: Code
    since: Day
    steps: tuple[StepAsked, ...] = Field(second_person, max_length=3, description="The last of them posts.")


class ChangeRoute(Command):
    """From a day on, entries of a journal go by other steps."""

    since: Day
    steps: tuple[StepAsked, ...] = Field(max_length=3, description="The last of them posts; none: no other person.")


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
